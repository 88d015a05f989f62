#!/bin/sh
# "make lint": every static check of the house.  Each prints "ok NAME" or
# "not ok NAME" with what it found; the last line is "N passed, N failed".
#
# Set up and run like the tests: missing tools are installed, everything happens
# in a copy of the tree, catalogs are read on a throw-away cluster.
set -eu
cd "$(dirname "$0")/../.."
. test/house.sh

if [ "${1:-}" != --inside ]; then
	sh test/packages.sh lint
	find_pg_config
	in_copy lint sh test/lint/run.sh --inside
fi

. test/cluster.sh
base=$(cd .. && pwd)
include=$("$PG_CONFIG" --includedir-server)
sources=$(ls src/*.c src/*/*.c test/unit/*.c 2> /dev/null || true)
version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" crmcost.control)
script=sql/crmcost--$version.sql
strict='-Wall -Wextra -Wno-unused-parameter -Werror -Wvla -Wshadow'
dialect="-std=gnu99 -D_GNU_SOURCE -Isrc -isystem $include"
passed=0 failed=0

# A check passes when it prints nothing and its exit code is 0.
check()				# check NAME COMMAND ...
{
	_name=$1
	shift
	_status=0
	"$@" > "$base/check.out" 2>&1 || _status=$?
	if [ "$_status" = 0 ] && [ ! -s "$base/check.out" ]; then
		echo "ok $_name"
		passed=$((passed + 1))
	else
		echo "not ok $_name"
		sed 's/^/    /' "$base/check.out" | head -n 60
		failed=$((failed + 1))
	fi
}

# PostgreSQL's headers are system headers here: their warnings are not ours.
compiles()			# compiles COMPILER
{
	for _file in $sources; do
		"$1" $dialect $strict -O2 -c -o "$base/check.o" "$_file"
	done
}

# The flags that PostgreSQL itself is built with, and ours, as errors.
builds()
{
	build_into "$base/inst" "$base/build.log" COPT=-Werror
}

tidy()
{
	clang-tidy --quiet $sources -- $dialect 2> "$base/tidy.err" || { cat "$base/tidy.err"; return 1; }
}

cppcheck_clean()
{
	[ -n "$sources" ] || return 0
	cppcheck --quiet --std=c99 --error-exitcode=1 --inline-suppr \
		--enable=warning,performance,portability \
		--suppressions-list=test/lint/cppcheck.suppressions \
		-Isrc --include=test/lint/cppcheck.h $sources
}

formatted()
{
	for _file in src/*.[ch] src/*/*.[ch] test/unit/*.[ch]; do
		[ -e "$_file" ] || continue
		sh test/lint/indent.sh "$_file" > "$base/formatted.c"
		diff -u --label "$_file" --label "make format" "$_file" "$base/formatted.c" || _bad=1
	done
	[ -z "${_bad:-}" ]
}

# What it may report, with reasons, is in test/lint/pgspot.allowed.
pgspot_clean()
{
	if [ ! -x "$base/venv/bin/pgspot" ]; then
		rm -rf "$base/venv"
		python3 -m venv "$base/venv"
		"$base/venv/bin/pip" install -q --disable-pip-version-check \
			--retries 1 --timeout 30 'pgspot==0.9.4' > "$base/pip.log" 2>&1 || {
			rm -rf "$base/venv"
			echo 'pip could not install pgspot 0.9.4 from PyPI: check the network'
			tail -n 1 "$base/pip.log"
			return 1
		}
	fi
	"$base/venv/bin/python" test/lint/run_pgspot.py "$script" > "$base/pgspot.out" 2>&1 || true
	grep -v '^#' test/lint/pgspot.allowed | grep . > "$base/pgspot.allowed"
	grep -Ev -f "$base/pgspot.allowed" "$base/pgspot.out" | grep -v '^ *$' |
		grep -Ev '^ *Errors: [0-9]* Warnings: [0-9]* Unknown: [0-9]* *$' || true
	# it ends with this line unless it broke off
	grep -q 'Errors: ' "$base/pgspot.out"
}

catalog()
{
	"$("$PG_CONFIG" --bindir)/psql" -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

shell_syntax()
{
	for _file in .ci/run $(find . -name '*.sh' ! -path './build/*'); do
		sh -n "$_file"
	done
}

cluster_stop "$base/cluster"
trap 'cluster_stop "$base/cluster"' EXIT
trap 'exit 130' INT TERM HUP

check 'include layers' sh test/lint/layers.sh "$include"
check 'text: columns, messages, no notes to self' sh test/lint/text.sh
check 'settings: each is read' sh test/lint/settings.sh
check 'functions of SQL of at most 60 lines' sh test/lint/length.sh
check 'statements for a distributed engine' python3 test/lint/engine.py
check '... and each of its rules fires' python3 test/lint/engine.py --samples
check 'Chinese comments' python3 test/lint/translations.py
check '... and each of their faults is noticed' python3 test/lint/translations.py --samples
check 'versions equal' sh test/lint/versions.sh
check 'shell scripts parse' shell_syntax
check 'builds with gcc and the flags of PostgreSQL' builds
check "gcc $strict" compiles gcc
check "clang $strict" compiles clang
check 'clang-tidy' tidy
check 'cppcheck' cppcheck_clean
check 'formatted (make format)' formatted
check 'exported symbols' sh test/lint/symbols.sh crmcost.so "$script"
check 'pgspot' pgspot_clean

mkdir -p "$base/cluster"
ln -s "$base/inst" "$base/cluster/inst"
if cluster_start "$base/cluster" 2> "$base/check.out" &&
	catalog -c 'CREATE EXTENSION crmcost' 2>> "$base/check.out"; then
	check 'catalog' catalog -v extension=crmcost -f test/lint/catalog.sql
	if grep -qs 'PROCEDURE crmcost.install\|PROCEDURE install' "$script"; then
		check 'ledger installs' catalog -c "SET client_min_messages = warning" -c "CALL crmcost.install('crm')" \
			-c "CALL crmcost.install('months', true)"
		check 'bodies (plpgsql_check)' catalog -v ledger=crm -f test/lint/bodies.sql
		check 'ledger' catalog -v ledger=crm -f test/lint/ledger.sql
		check 'ledger with partitions' catalog -v ledger=months -f test/lint/ledger.sql
	fi
else
	check 'the extension installs' cat "$base/check.out"
fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
