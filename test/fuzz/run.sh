#!/bin/sh
# "make check-fuzz": random calls of the library (fuzz.sql), on a throw-away
# cluster.  Fails when the server process ends, when a sanitizer or an assertion
# reports, when a call ends in an internal error, or takes more than 30 s.
#
#   sh test/fuzz/run.sh [CALLS [SEED]]      COPT is handed to the build
#
# Calls come in sessions of 2,000, each of a seed of its own, so that the one
# that failed can be made again: its last call is printed.
set -eu
cd "$(dirname "$0")/../.."
. test/house.sh

calls=${1:-100000}
seed=${2:-1}
copt=${COPT:-}
if [ "${3:-}" != --inside ]; then
	sh test/packages.sh test
	find_pg_config
	in_copy fuzz env COPT="$copt" sh test/fuzz/run.sh "$calls" "$seed" --inside
fi

. test/cluster.sh
base=$(cd .. && pwd)
cluster=$base/cluster
server_log=$cluster/server.log
session=2000

query()
{
	"$("$PG_CONFIG" --bindir)/psql" -X -q -A -t -v ON_ERROR_STOP=1 -d postgres "$@"
}

cluster_stop "$cluster"
trap 'cluster_stop "$cluster"' EXIT
trap 'exit 130' INT TERM HUP
say "building ($("$PG_CONFIG" --version)${copt:+, $copt})"
build_into "$base/inst" "$base/build.log" COPT="$copt" || die 'the build failed'
mkdir -p "$cluster" "$base/bytes"
ln -s "$base/inst" "$cluster/inst"
cluster_start "$cluster" "log_min_messages = warning" "statement_timeout = 0" || die 'the throw-away cluster did not start'
query -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION crmcost' -f test/fuzz/fuzz.sql > "$base/fuzz.out" 2>&1 ||
	{ cat "$base/fuzz.out"; exit 1; }

run_session()			# run_session SEED CALLS SHOW
{
	query -c 'SET search_path = fuzz, crmcost, public' \
		-c "SELECT run($1, $2, $3, '$base/bytes')" > "$base/fuzz.out" 2>&1
}

failed=0
done=0
while [ "$done" -lt "$calls" ]; do
	more=$((calls - done))
	[ "$more" -le "$session" ] || more=$session
	if ! run_session "$seed" "$more" false; then
		echo "not ok - session of seed $seed ended:"
		sed 's/^/    /' "$base/fuzz.out" | tail -n 3
		sleep 5		# the server starts again
		run_session "$seed" "$more" true || true
		grep 'NOTICE' "$base/fuzz.out" | tail -n 1
		failed=$((failed + 1))
		sleep 5
	fi
	done=$((done + more))
	seed=$((seed + 1))
	[ $((done % 20000)) != 0 ] || say "$done calls"
done

query -c "SELECT format('%6s  %s', count(*), CASE sqlstate WHEN '00000' THEN 'results' ELSE 'errors ' || sqlstate END) FROM fuzz.outcome WHERE sqlstate <> 'slow' GROUP BY sqlstate ORDER BY count(*) DESC"
# XX is internal; 42 is a mistake of fuzz.sql; some errors are of PostgreSQL's own
query -c "SELECT format('not ok - seed %s: %s %s%s: %s', min(seed), sqlstate, message, max(took), min(call)) FROM fuzz.outcome WHERE message IS NOT NULL OR sqlstate = 'slow' GROUP BY sqlstate, message" > "$base/bad"
cat "$base/bad"
grep -E 'terminated by signal|TRAP:|PANIC|runtime error' "$server_log" | sort | uniq -c | head -n 20 > "$base/reports" || true
sed 's/^/not ok - /' "$base/reports"
failed=$((failed + $(cat "$base/bad" "$base/reports" | wc -l)))
echo "$done calls, $failed failed"
[ "$failed" = 0 ]
