#!/bin/sh
# Removes what the test, lint and bench targets keep for a quick second run.
set -eu
cd "$(dirname "$0")/.."
. test/house.sh
find_pg_config
. test/cluster.sh
work=$(work_dir test)
[ -d "$work" ] || exit 0
private_dir "$work"
for name in normal assert one lint bench; do
	if [ -d "$work/$name/cluster" ]; then
		cluster_stop "$work/$name/cluster"
	fi
done
remove_work "$work" normal assert one lint bench
say "removed the copies for tests in $work"
