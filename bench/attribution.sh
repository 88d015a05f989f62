#!/bin/sh
# Before attribution.sql: loads the 10,000 paths that come with
# ChannelAttribution, repeated a hundred times, and lets that package of PyPI
# attribute them, for attribution.sql to compare.  Called by run.sh; exits with
# 77, after one line, where the paths (CRMCOST_DATA) or PyPI are out of reach.
#
# The package is given a data frame.  What counts is the user CPU of its work
# alone, without the start of Python and reading.
set -eu
cd "$(dirname "$0")"

paths=${CRMCOST_DATA:-../../shared/data}/channelattribution_pathdata.csv.xz
if [ ! -r "$paths" ]; then
	echo 'attribution: skipped, the path data are not there: set CRMCOST_DATA'
	exit 77
fi
. ./peer.sh
peer attribution channelattribution 'matplotlib, pandas' \
	'channelattribution==2.2.5' matplotlib pandas

xz -dc "$paths" > "$data/path.csv"
psql -Xq -v ON_ERROR_STOP=1 <<-END
	CREATE UNLOGGED TABLE bench.raw (
	  path text, conversions numeric, value numeric, lost numeric
	);
	\\copy bench.raw FROM '$data/path.csv' (FORMAT csv, HEADER)
	CREATE UNLOGGED TABLE bench.path AS
	SELECT string_to_array(path, ' > ') AS path, conversions, value, lost
	FROM bench.raw, generate_series(1, 100);
	VACUUM ANALYZE bench.path;
	CREATE TABLE bench.peer (markov_order int, work_ms numeric);
END
for order in 1 2; do
	for run in 1 2 3; do
		psql -Xq -v ON_ERROR_STOP=1 -c "INSERT INTO bench.peer VALUES ($order, $(
			"$python" attribution_peer.py "$order" "$data/path.csv" 2> /dev/null))"
	done
done
