#!/bin/sh
# "make check-sequences": random sequences of changes, closings and refreshes
# (test/pgtap/ledger_sequence.sql), many of them, on a throw-away cluster.  Each
# is told by its seed; what the store differs in from a full computation is
# printed, and the exit code is not 0.
#
#   sh test/sequences.sh [SEQUENCES [SEED]]
#
# A transaction that makes and drops as much as this one grows slower: so they
# come in sessions of eight.
set -eu
cd "$(dirname "$0")/.."
. test/house.sh

sequences=${1:-200}
seed=${2:-1}
if [ "${3:-}" != --inside ]; then
	sh test/packages.sh test
	find_pg_config
	in_copy sequences sh test/sequences.sh "$sequences" "$seed" --inside
fi

. test/cluster.sh
base=$(cd .. && pwd)
session=8
build_into "$base/inst" "$base/build.log"
mkdir -p "$base/cluster"
[ -e "$base/cluster/inst" ] || ln -s "$base/inst" "$base/cluster/inst"
cluster_start "$base/cluster" "max_locks_per_transaction = 512"
trap 'cluster_stop "$base/cluster"' EXIT

failed=0
last=$((seed + sequences))
while [ "$seed" -lt "$last" ]; do
	n=$((last - seed < session ? last - seed : session))
	"$("$PG_CONFIG" --bindir)/psql" -X -q -d postgres -v first="$seed" \
		-v sequences="$n" -f test/pgtap/ledger_sequence.sql \
		> "$base/sequences.out" 2>&1 || true
	grep -E '^(ok|not ok)|^# |ERROR|FATAL' "$base/sequences.out" || true
	[ "$(grep -c '^ok' "$base/sequences.out")" = "$n" ] || failed=$((failed + 1))
	seed=$((seed + n))
done
say "$sequences sequences, $failed sessions with a failure"
[ "$failed" = 0 ]
