#!/bin/sh
# Runs every test suite on a throw-away cluster; "make test" calls this.
#
#   sh test/run.sh [normal | assert]
#
# assert builds with -DUSE_ASSERT_CHECKING first ("make check-assert").
# Suites: unit (plain C, with sanitizers), regress (pg_regress), pgtap and
# pgtap_parallel (pg_prove), tap (prove).  The last line is "N passed, N failed";
# the exit code is not 0 when one failed.  Logs stay in the private directory
# named at the end.
set -eu
cd "$(dirname "$0")/.."
. test/house.sh

flavour=${1:-normal}
case $flavour in
	normal) copt= ;;
	assert) copt='-DUSE_ASSERT_CHECKING -O1 -g' ;;
	*) die "unknown flavour $flavour: say normal or assert" ;;
esac

if [ $# -lt 2 ]; then
	sh test/packages.sh test
	find_pg_config
	in_copy "$flavour" sh test/run.sh "$flavour" --inside
fi

# From here on we stand in the copy, as an account that may run a server.
. test/cluster.sh
base=$(cd .. && pwd)
log=$base/log
inst=$base/inst
cluster=$base/cluster
passed=0 failed=0 skipped=0

# Add up what a suite has printed; show what failed.
report()			# report SUITE EXITCODE
{
	_out=$(awk -v suite="$1" -v status="$2" -f test/count.awk "$log/$1")
	echo "$_out" | sed '$d' | sed "1s/^/$(say '')/"
	set -- "$1" $(echo "$_out" | tail -n 1)
	passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
	if [ "$3" != 0 ]; then
		grep -E -A 8 '^not ok|^#  |FAILED|ERROR|rror:|Dubious|runtime error' "$log/$1" | head -n 60 || true
		case $1 in
			regress) head -n 100 regression.diffs 2> /dev/null || true ;;
			# what a program died of is in its own log
			tap) grep -hE 'ERROR:|FATAL:|PANIC:|^error running|died' \
				tmp_check/log/regress_log_* 2> /dev/null | head -n 20 || true ;;
		esac
		echo "          see $log/$1"
	fi
}

# A suite without programs is not an error.
have()				# have FILE ...
{
	[ -e "$1" ]
}

# force_parallel_mode was renamed in 16.
setting_of_workers()
{
	"$("$PG_CONFIG" --bindir)/psql" -XAt -c \
		"SELECT name FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query')"
}

# What needs no server, or makes its own, runs beside what needs ours.
beside()
{
	if have test/unit/*.c; then
		rc=0
		sh test/unit.sh > "$log/unit" 2>&1 || rc=$?
		echo $rc > "$log/unit.exit"
	fi
	if have test/t/*.pl; then
		rc=0
		extension_settings "$inst" > "$base/tap.conf"	# each node appends it
		TEMP_CONFIG="$base/tap.conf" make -s installcheck PG_CONFIG="$PG_CONFIG" \
			REGRESS= PROVE_FLAGS="-v --timer" > "$log/tap" 2>&1 || rc=$?
		echo $rc > "$log/tap.exit"
	fi
}

if [ "$2" = --beside ]; then
	beside
	exit 0
fi

# It is a session of its own, which no interrupt reaches: we end it, and the
# servers that its programs can no longer stop.
stop_beside()
{
	kill -- "-$beside" 2> /dev/null || return 0
	for _data in tmp_check/*/pgdata; do
		[ ! -e "$_data/postmaster.pid" ] ||
			"$("$PG_CONFIG" --bindir)/pg_ctl" -D "$_data" -m immediate -s stop 2> /dev/null || true
	done
}

mkdir -p "$log"
rm -f "$log"/*
cluster_stop "$cluster"
trap 'cluster_stop "$cluster"' EXIT
trap 'exit 130' INT TERM HUP

say "building ($flavour, $("$PG_CONFIG" --version))"
if ! build_into "$inst" "$log/build" COPT="$copt"; then
	say 'the build failed'
	echo '0 passed, 1 failed'
	exit 1
fi

setsid sh test/run.sh "$flavour" --beside &
beside=$!
trap 'stop_beside; cluster_stop "$cluster"' EXIT

mkdir "$cluster"
ln -s "$inst" "$cluster/inst"
cluster_start "$cluster" || die "the throw-away cluster did not start: see the lines above"

if have test/sql/*.sql; then
	rc=0
	make -s installcheck PG_CONFIG="$PG_CONFIG" TAP_TESTS= > "$log/regress" 2>&1 || rc=$?
	report regress $rc
fi

if have test/pgtap/*.sql; then
	rc=0
	"$("$PG_CONFIG" --bindir)/createdb" tapdb
	pg_prove -v --timer -d tapdb test/pgtap/*.sql > "$log/pgtap" 2>&1 || rc=$?
	report pgtap $rc

	# Again with every query that may go to a worker sent to one; not those tests
	# whose queries would start one for each row (ledger_parallel sees to ledgers).
	rc=0
	again=$(ls test/pgtap/*.sql | grep -Ev '/(ledger_.*|spread|states)[.]sql$')
	PGOPTIONS="-c $(setting_of_workers)=on" pg_prove -v --timer -d tapdb $again > "$log/pgtap_parallel" 2>&1 || rc=$?
	report pgtap_parallel $rc
fi

wait $beside || true
for suite in unit tap; do
	[ ! -e "$log/$suite" ] || report $suite "$(cat "$log/$suite.exit" || echo 1)"
done
trap 'cluster_stop "$cluster"' EXIT

total="$passed passed, $failed failed"
[ "$skipped" = 0 ] || total="$total, $skipped skipped"
say "done; logs are in $log"
echo "$total"
[ "$failed" = 0 ]
