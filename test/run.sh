#!/bin/sh
# Runs every test suite on a throw-away cluster; "make test" calls this.
#
#   sh test/run.sh [normal | assert | ubsan]
#   sh test/run.sh one NAME ...
#
# assert builds with -DUSE_ASSERT_CHECKING first ("make check-assert"), ubsan with
# the sanitizer of undefined behaviour, which ends a backend ("make check-ubsan").
# one runs the tests of these names, in whichever suite, on a cluster that stays
# ("make test ONE=tier").
# Suites: unit (plain C, with sanitizers), regress (pg_regress), pgtap and
# pgtap_parallel (pg_prove), tap (prove).  The last line is "N passed, N failed";
# the exit code is not 0 when one failed.  Logs stay in the private directory
# named at the end.
set -eu
cd "$(dirname "$0")/.."
. test/house.sh

flavour=${1:-normal}
[ $# = 0 ] || shift
case $flavour in
	normal | one) copt= ;;
	assert) copt='-DUSE_ASSERT_CHECKING -O1 -g' ;;
	# PostgreSQL's -fwrapv, which makes overflow defined, would hide it
	ubsan) copt='-fsanitize=undefined,float-cast-overflow -fno-sanitize-recover=all -fno-wrapv -O1 -g' ;;
	*) die "unknown flavour $flavour: say normal, assert, ubsan or one" ;;
esac

# The files of a suite: all, or those of the names that were asked for.
names=
files()				# files FOLDER SUFFIX
{
	for _name in ${names:-'*'}; do
		ls "test/$1"/$_name."$2" 2> /dev/null || true
	done
}
all_files()
{
	files unit c
	files sql sql
	files pgtap sql
	files t pl
}

case ${1:-} in
	--inside | --beside) mode=$1 && shift ;;
	*) mode= ;;
esac
for name in $*; do
	names=$name
	[ -n "$(all_files)" ] || {
		names=
		die "there is no test $name: say one of" $(all_files | sed 's,.*/,,; s,\..*,,' | sort -u)
	}
done
names=$*

if [ -z "$mode" ]; then
	[ "$flavour" != one ] || [ -n "$names" ] || die 'say which: make test ONE="tier spread"'
	sh test/packages.sh test
	find_pg_config
	in_copy "$flavour" sh test/run.sh "$flavour" --inside $names
fi

# From here on we stand in the copy, as an account that may run a server.
. test/cluster.sh
. test/queue.sh
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
		grep -Ev '^ok ' "$log/$1" | grep -E -A 8 '^not ok|^#  |FAILED|ERROR|rror:|Dubious|runtime error' | head -n 60 || true
		case $1 in
			regress) head -n 100 regression.diffs 2> /dev/null || true ;;
			# what a program died of is in its own log
			tap) grep -hE 'ERROR:|FATAL:|PANIC:|^error running|died' \
				tmp_check/log/regress_log_* 2> /dev/null | head -n 20 || true ;;
		esac
		echo "          see $log/$1"
	fi
}

# A suite without files is not an error.
suite()				# suite NAME FOLDER SUFFIX: runs run_NAME FILE ...
{
	_suite=$1
	set -- $(files "$2" "$3")
	[ $# != 0 ] || return 0
	rc=0
	"run_$_suite" "$@" > "$log/$_suite" 2>&1 || rc=$?
	echo $rc > "$log/$_suite.exit"
}

run_unit()
{
	sh test/unit.sh "$@"
}

run_regress()
{
	make -s installcheck PG_CONFIG="$PG_CONFIG" TAP_TESTS= \
		REGRESS="$(basename -s .sql "$@" | tr '\n' ' ')"
}

run_tap()
{
	server_settings "$inst" > "$base/tap.conf"	# each node appends it
	rm -rf "$base/initdb"
	# in the locale that the tests see
	env -u LC_ALL -u LANGUAGE LC_MESSAGES=C \
		"$("$PG_CONFIG" --bindir)/initdb" -D "$base/initdb" -A trust -N
	INITDB_TEMPLATE="$base/initdb" TEMP_CONFIG="$base/tap.conf" make -s installcheck PG_CONFIG="$PG_CONFIG" \
		REGRESS= TAP_TESTS=1 PROVE_TESTS="$*" PROVE_FLAGS="-v --timer"
}

report_suites()			# report_suites NAME ...
{
	for _suite in "$@"; do
		[ ! -e "$log/$_suite" ] || report "$_suite" "$(cat "$log/$_suite.exit" || echo 1)"
	done
}

# What needs no server, or makes its own, runs beside what needs ours.
if [ "$mode" = --beside ]; then
	for name in $(seq 3 "$(queue_workers)"); do
		queue_work "$name" &
	done
	suite unit unit c
	(
		unset PGHOST PGPORT PGUSER PGDATABASE	# they have servers of their own
		suite tap t pl
	)
	queue_work 2
	wait
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

# The cluster of named tests stays; that of a whole run ends with it.
drop_cluster()
{
	[ "$flavour" = one ] || cluster_stop "$cluster"
}

mkdir -p "$log"
rm -f "$log"/*
drop_cluster
cluster_of_major "$cluster"
trap drop_cluster EXIT
trap 'exit 130' INT TERM HUP

say "building ($flavour, $(server_version))"
if ! build_into "$inst" "$log/build" COPT="$copt"; then
	say 'the build failed'
	echo '0 passed, 1 failed'
	exit 1
fi

mkdir -p "$cluster"
ln -sfn "$inst" "$cluster/inst"
# Tests of the ledger roll everything back, so all refreshes of a test are in one
# transaction, and keep their locks; those of test/t do with the default.
cluster_start "$cluster" "max_locks_per_transaction = 512" || die "the throw-away cluster did not start: see the lines above"
queue_files $(files pgtap sql)
if [ "$flavour" != one ]; then
	cluster_scratch "$cluster"
	queue_templates
fi

setsid sh test/run.sh "$flavour" --beside $names &
beside=$!
trap 'stop_beside; drop_cluster' EXIT
suite regress sql sql
report_suites regress
queue_work 1
wait $beside || true
queue_end
report_suites pgtap pgtap_parallel unit tap
trap drop_cluster EXIT

total="$passed passed, $failed failed"
[ "$skipped" = 0 ] || total="$total, $skipped skipped"
say "done; logs are in $log"
echo "$total"
[ "$failed" = 0 ]
