# Where the demo lives: source test/house.sh first, then this file.
#
# One private directory of the account, $CRMCOST_DEMO to choose another.  All
# that the demo makes is in it, so that removing it removes the demo.
CRMCOST_WORK=${CRMCOST_DEMO:-/var/tmp/crmcost-demo-$(id -un)}
CRMCOST_PLACE=CRMCOST_DEMO	# the variable that messages name
export CRMCOST_WORK CRMCOST_PLACE
