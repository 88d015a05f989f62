#!/bin/sh
# "make report": writes the report page of a live ledger.
#
#   LEDGER=crm OUT=FILE sh report/run.sh
#
# The connection is that of psql (PGHOST, PGPORT, PGDATABASE, PGUSER ...).  Where
# psql or Python 3 are missing they are installed; nothing else is needed, and
# nothing is fetched.
set -eu
cd "$(dirname "$0")/.."
. test/house.sh

find_pg_config
psql=$(command -v psql || echo "${PG_CONFIG%/*}/psql")
if ! command -v python3 > /dev/null || ! command -v "$psql" > /dev/null; then
	sh test/packages.sh report
	find_pg_config
	psql=$(command -v psql || echo "${PG_CONFIG%/*}/psql")
fi

ledger=${LEDGER:-crm}
out=${OUT:-}
if [ -z "$out" ]; then
	mkdir -p build || die "cannot write in $PWD: name a file with OUT=FILE"
	out=build/report-$(printf %s "$ledger" | tr -c 'A-Za-z0-9_.-' _).html
fi
python3 -B report/build.py "$ledger" "$out" --psql "$psql"
case $out in /*) ;; *) out=$PWD/$out ;; esac
say "the report of ledger $ledger is in $out"
