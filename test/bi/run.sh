#!/bin/sh
# "make check-bi": BI tools at work on a live ledger.
#
#   sh test/bi/run.sh [CASE ...]
#
# drivers    psycopg, pgjdbc, node-postgres and psqlODBC read every view of three
#            ledgers, and a schema browser shows them
# dbt        the package in bi/dbt, by dbt-core
# superset   the bundle in bi/superset, in a Superset of its own, whose charts are
#            opened through its API and, with Chromium, in a browser
#
# What comes from PyPI, Maven and npm is put into the private directory, once.  A
# tool that is not there is skipped, and a line says why.
set -eu
cd "$(dirname "$0")/../.."
. test/house.sh

if [ "${1:-}" != --inside ]; then
	for case in "$@"; do
		case $case in
			drivers | dbt | superset) ;;
			*) die "there is no case $case: say drivers, dbt or superset" ;;
		esac
	done
	sh test/packages.sh bi
	# psqlODBC is Debian's alone: without the right to install it, it is skipped
	case " ${*:-drivers} " in *" drivers "*) sh test/packages.sh odbc || true ;; esac
	find_pg_config
	in_copy bi sh test/bi/run.sh --inside "$@"
fi
shift

. test/cluster.sh
base=$(cd .. && pwd)
bin=$("$PG_CONFIG" --bindir)
passed=0 failed=0 skipped=0

# Lines "ok", "not ok" and "skipped" of a program are shown and counted; one that
# ends before its time has failed.
check()				# check NAME COMMAND ...
{
	_name=$1
	shift
	_status=0
	"$@" > "$base/check.out" 2> "$base/check.err" || _status=$?
	if [ "$_status" != 0 ]; then
		echo "not ok $_name runs to its end # $(grep . "$base/check.err" | tail -n 1)" >> "$base/check.out"
	fi
	grep -E '^(ok|not ok|skipped) ' "$base/check.out" || true
	passed=$((passed + $(grep -c '^ok ' "$base/check.out" || true)))
	failed=$((failed + $(grep -c '^not ok ' "$base/check.out" || true)))
	skipped=$((skipped + $(grep -c '^skipped ' "$base/check.out" || true)))
}

skip()				# skip NAME WHY
{
	echo "skipped $1: $2"
	skipped=$((skipped + 1))
}

# A folder of PyPI's packages; what cannot be had is skipped.
has_venv()			# has_venv NAME WHAT PACKAGE ...
{
	_venv=$base/$1 _what=$2
	shift 2
	[ "$(cat "$_venv/.packages" 2> /dev/null)" != "$*" ] || return 0
	say "installing from PyPI: $*"
	rm -rf "$_venv"
	if python3 -m venv "$_venv" > "$_venv.log" 2>&1 &&
		"$_venv/bin/pip" install -q --disable-pip-version-check --retries 1 --timeout 30 "$@" > "$_venv.log" 2>&1; then
		echo "$*" > "$_venv/.packages"
	else
		rm -rf "$_venv"
		skip "$_what" "pip could not install $* from PyPI ($(tail -n 1 "$_venv.log")): check the network"
		return 1
	fi
}

run_sql()			# run_sql ARGUMENT ...
{
	"$bin/psql" -X -q -v ON_ERROR_STOP=1 "$@"
}

free_port()
{
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Two of the drivers know no sockets of files: the server listens on this machine,
# where only the two reading roles get in, with a password of this run.
start_ledgers()
{
	cluster_stop "$base/cluster"
	mkdir -p "$base/cluster"
	ln -s "$base/inst" "$base/cluster/inst"
	port=$(free_port)
	password=$(python3 -c 'import secrets; print(secrets.token_hex(16))')
	cluster_start "$base/cluster" "listen_addresses = '127.0.0.1'" "port = $port" 'jit = off' ||
		die 'the throw-away cluster did not start: see the lines above'
	PGPORT=$port
	printf '%s\n' 'local all all trust' 'host all bi,half 127.0.0.1/32 scram-sha-256' > "$base/cluster/data/pg_hba.conf"
	run_sql -c 'SELECT pg_reload_conf()' -c 'CREATE DATABASE bi' > "$base/load.log"
	export PGDATABASE=bi
	run_sql -c 'CREATE EXTENSION crmcost' -f test/report/shop.sql \
		-v password="$password" -f test/bi/ledger.sql > "$base/load.log" 2>&1 ||
		die "the ledgers could not be made: see $base/load.log"
	run_sql -f test/bi/expected.sql > "$base/expected"
}

as_reader()			# as_reader COMMAND ...: connected as the role bi
{
	env PGHOST=127.0.0.1 PGUSER=bi PGPASSWORD="$password" "$@"
}

pgjdbc=42.7.8
has_pgjdbc()
{
	command -v java > /dev/null || { skip pgjdbc 'no java (Debian: default-jdk-headless)'; return 1; }
	for _jar in "$base/jar/postgresql-$pgjdbc.jar" /usr/share/java/postgresql.jar; do
		[ ! -e "$_jar" ] || return 0
	done
	command -v mvn > /dev/null || { skip pgjdbc 'neither mvn nor /usr/share/java/postgresql.jar (Debian: libpostgresql-jdbc-java)'; return 1; }
	say "fetching pgjdbc $pgjdbc from Maven Central"
	_jar=$base/jar/postgresql-$pgjdbc.jar
	mvn -q -B -Dmaven.repo.local="$base/maven" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
		-Dartifact="org.postgresql:postgresql:$pgjdbc" -DoutputDirectory="$base/jar" > "$base/maven.log" 2>&1 ||
		{ skip pgjdbc "mvn could not fetch it ($(grep -m 1 ERROR "$base/maven.log")): check the network"; return 1; }
}

has_node_postgres()
{
	command -v node > /dev/null && command -v npm > /dev/null ||
		{ skip node-postgres 'no node or npm (Debian: nodejs npm)'; return 1; }
	[ ! -e "$base/npm/node_modules/pg/package.json" ] || return 0
	say 'installing node-postgres from npm'
	npm install --silent --no-audit --no-fund --prefix "$base/npm" pg@8.23.1 > "$base/npm.log" 2>&1 ||
		{ skip node-postgres "npm could not install it ($(tail -n 1 "$base/npm.log")): check the network"; return 1; }
}

has_psqlodbc()
{
	_odbc=$(ls /usr/lib/*/odbc/psqlodbcw.so /usr/lib64/psqlodbcw.so 2> /dev/null | head -n 1)
	[ -n "$_odbc" ] && command -v isql > /dev/null ||
		{ skip psqlODBC 'no isql or psqlodbcw.so (Debian: unixodbc odbc-postgresql)'; return 1; }
}

case_drivers()
{
	if has_venv driver psycopg 'psycopg[binary]==3.2.10'; then
		check psycopg as_reader "$base/driver/bin/python" -B test/bi/driver/read.py "$base/expected"
	fi
	if has_pgjdbc; then
		check pgjdbc as_reader java -cp "$_jar" test/bi/driver/Read.java "$base/expected"
	fi
	if has_node_postgres; then
		check node-postgres as_reader env NODE_PATH="$base/npm/node_modules" node test/bi/driver/read.js "$base/expected"
	fi
	if has_psqlodbc; then
		rm -rf "$base/odbc"
		check psqlODBC as_reader sh test/bi/driver/read_odbc.sh "$base/expected" "$_odbc" "$base/odbc"
	fi
}

# What is generated is what the catalog says.
check_generated()
{
	if python3 -B bi/generate.py crm --check --psql "$bin/psql" > "$base/generate.out" 2>&1; then
		echo 'ok what is generated is what the catalog says'
	else
		echo "not ok what is generated is what the catalog says # $(tr '\n' ';' < "$base/generate.out")"
	fi
}

case_dbt()
{
	check generate.py check_generated
	if has_venv dbt dbt dbt-core==1.10.23 dbt-postgres==1.11.0; then
		mkdir -p "$base/dbt-work"
		check dbt as_reader "$base/dbt/bin/python" -B test/bi/dbt.py "$base/dbt-work"
	fi
}

# Superset listens on this machine while it is looked at; stop_superset ends it.
serve_superset()
{
	superset_port=$(free_port)
	setsid "$base/superset/serve" "$superset_port" > "$base/superset/serve.log" 2>&1 9>&- &
	superset=$!
	for _second in $(seq 180); do
		sleep 1
		! python3 -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:$superset_port/health')" 2> /dev/null || return 0
	done
	return 1
}

superset=
stop_superset()
{
	[ -z "$superset" ] || kill -- "-$superset" 2> /dev/null || true
	superset=
}

# Import the bundle for a ledger and role, and open each chart.
open_charts()		# open_charts CASE ROLE LEDGER
{
	sh bi/superset/install.sh "$base/superset" \
		"postgresql+psycopg2://$2:$password@127.0.0.1:$PGPORT/bi" "$3" > "$base/install.log" 2>&1 || {
		if [ ! -e "$base/superset/venv/.packages" ]; then
			echo "skipped superset: $(tail -n 1 "$base/install.log")"
			return 0
		fi
		echo "not ok superset: the bundle is imported for $1 # $(tail -n 1 "$base/install.log")"
		return 0
	}
	echo "ok superset: the bundle is imported for $1"
	if [ -z "$superset" ] && ! serve_superset; then
		echo "not ok superset is served # $(tail -n 1 "$base/superset/serve.log")"
		return 0
	fi
	python3 -B test/bi/superset.py "$base/superset" "http://127.0.0.1:$superset_port" "$bin/psql" "$1"
}

case_superset()
{
	[ -e "$base/superset/venv/.packages" ] || say 'installing Superset, which takes minutes the first time'
	check superset open_charts empty bi empty
	[ -n "$superset" ] || return 0
	check superset open_charts half half crm
	check superset open_charts crm bi crm
	_chromium=$(command -v chromium || command -v chromium-browser || true)
	if [ -z "$_chromium" ]; then
		skip browser 'no chromium (Debian: chromium)'
	elif has_venv browser browser playwright==1.65.2; then
		check browser "$base/browser/bin/python" -B test/bi/superset_browser.py "$_chromium" "$base/superset" "http://127.0.0.1:$superset_port"
	fi
	stop_superset
}

say "building ($(server_version))"
build_into "$base/inst" "$base/build.log" || die 'the build failed: see the lines above'
trap 'stop_superset; cluster_stop "$base/cluster"' EXIT
trap 'exit 130' INT TERM HUP
say 'making the ledgers'
start_ledgers
[ $# != 0 ] || set -- drivers dbt superset
for case in "$@"; do
	say "$case"
	"case_$case"
done
total="$passed passed, $failed failed"
[ "$skipped" = 0 ] || total="$total, $skipped skipped"
echo "$total"
[ "$failed" = 0 ]
