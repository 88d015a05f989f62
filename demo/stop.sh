#!/bin/sh
# "make demo-stop": stops the demo's cluster and removes all that the demo made.
set -eu
cd "$(dirname "$0")/.."
. test/house.sh
work=$(work_dir demo)
if [ ! -d "$work/demo" ]; then
	say "there is no demo in $work"
	exit 0
fi
private_dir "$work"
if [ -e "$work/demo.lock" ]; then
	exec 9< "$work/demo.lock"
	flock -n 9 || die "make demo is at work in $work: wait for it, or interrupt it first"
fi
find_pg_config
. test/cluster.sh
cluster_stop "$work/demo/cluster"
remove_work "$work" demo
say "removed $work/demo"
