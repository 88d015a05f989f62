#!/bin/sh
# Removes what the test, lint and bench targets keep for a quick second run.
set -eu
cd "$(dirname "$0")/.."
. test/house.sh
find_pg_config
. test/cluster.sh
work=$(work_dir "$PWD")
[ -d "$work" ] || exit 0
private_dir "$work" CRMCOST_WORK
for name in normal assert lint bench; do
	if [ -d "$work/$name/cluster" ]; then
		cluster_stop "$work/$name/cluster"
	fi
	rm -rf "$work/$name" "$work/$name.lock"
done
rm -f "$work/.crmcost"
rmdir "$work"
say "removed $work"
