#!/bin/sh
# A ledger on a Citus cluster of a coordinator and two workers on this machine, against
# itself before it was distributed: what each node works in a refresh, and what travels to
# the coordinator.  Called by run.sh; all is measured here, so it exits with 77, as it
# does, after one line, where the server has no Citus.
#
# Only ratios say something: three servers share this machine.
set -eu
cd "$(dirname "$0")/.."

if [ ! -e "$(pg_config --sharedir)/extension/citus.control" ]; then
	echo 'skipped: the server has no extension citus'
	exit 77
fi
PG_CONFIG=$(command -v pg_config)
results="$PGHOST $PGPORT $PGUSER $PGDATABASE"
. test/cluster.sh
bin=$(pg_config --bindir)
base=$(cd .. && pwd)
. test/citus/nodes.sh
trap 'for n in coordinator worker_1 worker_2; do cluster_stop "$base/$n"; done' EXIT
trap 'exit 130' INT TERM HUP

begin_cluster "shared_buffers = '512MB'" 'max_parallel_workers_per_gather = 0' \
	'autovacuum = off'
join_cluster
cd bench
PGOPTIONS='-c citus.enable_ddl_propagation=off'
export PGOPTIONS
psql -Xq -f lib.sql
psql -Xq -v ON_ERROR_STOP=1 -v base="$base" -f citus.sql
line=$(psql -XAtq -c 'SELECT work, against, ours_ms, theirs_ms, at_most FROM bench.result ORDER BY id')
set -- $results
PGHOST=$1 PGPORT=$2 PGUSER=$3 PGDATABASE=$4
export PGHOST PGPORT PGUSER PGDATABASE
printf '%s\n' "$line" | psql -Xq -c "\\copy bench.result (work, against, ours_ms, theirs_ms, at_most) FROM STDIN (DELIMITER '|')"
exit 77
