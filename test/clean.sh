#!/bin/sh
# Removes what the test, lint and bench targets keep for a quick second run.
set -eu
cd "$(dirname "$0")/.."
. test/house.sh
find_pg_config
. test/cluster.sh
if [ "$(id -u)" = 0 ] && [ -e "$(setup_dir)" ]; then
	private_root_dir "$(setup_dir)"
	for dir in "$(setup_dir)"/*; do
		flock -n "$dir" true || die "make check-setup or check-package is at work in $dir: wait for it, or interrupt it first"
	done
	rm -rf "$(setup_dir)"
fi
work=$(work_dir test)
[ -d "$work" ] || exit 0
private_dir "$work"
for name in normal assert ubsan one lint bench fuzz; do
	if [ -d "$work/$name/cluster" ]; then
		cluster_stop "$work/$name/cluster"
	fi
done
remove_work "$work" normal assert ubsan one lint bench fuzz
say "removed the copies for tests in $work"
