#!/bin/sh
# "make bench": builds as released, starts a throw-away cluster for measuring
# (no parallel workers, no JIT, everything in memory), creates the extension and
# hands over to bench/run.sh with PGHOST and so on set.  Arguments go through.
set -eu
cd "$(dirname "$0")/.."
. test/house.sh

if [ "${1:-}" != --inside ]; then
	[ -e bench/run.sh ] || die "there is no bench/run.sh in this tree"
	sh test/packages.sh build
	find_pg_config
	in_copy bench sh test/bench.sh --inside "$@"
fi
shift

. test/cluster.sh
base=$(cd .. && pwd)
cluster_stop "$base/cluster"
trap 'cluster_stop "$base/cluster"' EXIT
trap 'exit 130' INT TERM HUP
say "building ($(server_version))"
build_into "$base/inst" "$base/build.log" || die "the build failed: see the lines above"
mkdir "$base/cluster"
ln -s "$base/inst" "$base/cluster/inst"
cluster_start "$base/cluster" "shared_buffers = '1GB'" "work_mem = '1GB'" \
	"maintenance_work_mem = '1GB'" 'max_parallel_workers_per_gather = 0' \
	'jit = off' 'autovacuum = off' ||
	die "the throw-away cluster did not start: see the lines above"
"$("$PG_CONFIG" --bindir)/psql" -X -q -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION crmcost'
PATH=$("$PG_CONFIG" --bindir):$PATH
export PATH
say 'measuring'
sh bench/run.sh "$@"
