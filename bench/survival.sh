#!/bin/sh
# Before survival.sql: makes five million customers, loads them, and lets
# lifelines of PyPI estimate their survival, for survival.sql to compare.  Called
# by run.sh; exits with 77, after one line, where PyPI is out of reach.
#
# lifelines is given arrays of numpy.  What counts is the user CPU of its fit
# alone, on one thread.
set -eu
cd "$(dirname "$0")"

. ./peer.sh
peer survival lifelines lifelines lifelines

"$python" survival_lifelines.py make "$data/row.npy" > "$data/row.csv"
psql -Xq -v ON_ERROR_STOP=1 <<-END
	CREATE UNLOGGED TABLE bench.stay (days float8, gone boolean);
	\\copy bench.stay FROM '$data/row.csv' (FORMAT text)
	VACUUM ANALYZE bench.stay;
	CREATE TABLE bench.lifelines (unit text, work_ms numeric, survival float8[]);
END
for unit in days seconds; do
	for run in 1 2 3; do
		echo "INSERT INTO bench.lifelines VALUES ('$unit', $(
			"$python" survival_lifelines.py "$unit" "$data/row.npy"));"
	done
done | psql -Xq -v ON_ERROR_STOP=1
