#!/bin/sh
# Measures crmcost against the plain SQL it replaces, in one run on one server.
#
#   make bench              all of it
#   sh bench/run.sh NAME    one file, on the server that PGHOST names, which
#                           must have the extension
#
# Every comparison runs ours and theirs in turn and takes the medians.  Exits
# with 1 if a ratio is over its limit, or a file met an error.
set -eu
cd "$(dirname "$0")"

failed=$(mktemp)
trap 'rm -f "$failed"' EXIT

# One backend a file, so that its peak memory is the file's own.
measure()			# measure FILE
{
	{ statements "$1" | psql -Xq -v ON_ERROR_STOP=1 2>&1 ||
	    echo "$1: an error stopped it" | tee -a "$failed"; } |
	    sed 's/^psql:.*WARNING:  //'
}

statements()			# statements FILE
{
	cat <<-END
		SET client_min_messages = warning;
		SET max_parallel_workers_per_gather = 0;
		SET jit = off;
		SET work_mem = '3GB';
		\\i $1.sql
		\\t on
		\\a
		SELECT 'peak memory of the backend, buffers not counted: '
		       || (high - shared) / 1024 || ' MB'
		FROM (SELECT substring(status FROM 'VmHWM:\\s*(\\d+)')::int AS high,
		             substring(status FROM 'RssShmem:\\s*(\\d+)')::int AS shared
		      FROM pg_read_file('/proc/self/status') AS status) AS memory;
	END
}

psql -Xq -f lib.sql
case ${1:-} in
clv | cash_flow | attribution | logit | survival | points | service | ledger | steps | journey | citus) ;;	# make their own
*)
	echo "making data: purchases, customers and pool members, up to 10 million of each"
	psql -Xq -f data.sql > /dev/null
	;;
esac
for name in ${1:-rfm_score tier allocation rfm clv cash_flow attribution logit survival points service ledger steps journey citus}; do
	echo
	echo "$name"
	if [ -e "$name.sh" ]; then	# what comes before; 77 is "that was all", or skipped
		status=0
		sh "$name.sh" || status=$?
		[ "$status" != 77 ] || continue
		[ "$status" = 0 ] || exit "$status"
	fi
	measure "$name"
done

echo
psql -Xq -P footer=off <<-END
	SELECT work, against, round(ours_ms) AS ours_ms, round(theirs_ms) AS theirs_ms,
	       round(ours_ms / theirs_ms, 3) AS ratio, at_most,
	       CASE WHEN ours_ms / theirs_ms <= at_most THEN 'ok' ELSE 'MISSED' END AS verdict
	FROM bench.result ORDER BY id;
END
missed=$(psql -XAtq -c 'SELECT count(*) FROM bench.result WHERE ours_ms > theirs_ms * at_most')
psql -Xq -c 'SET client_min_messages = warning; DROP SCHEMA bench CASCADE'
[ "$missed" = 0 ] && [ ! -s "$failed" ]
