#!/bin/sh
# Before clv.sql: makes a million customers, loads them, and lets the package
# lifetimes of PyPI fit and predict them, for clv.sql to compare.  Called by
# run.sh; exits with 77, after one line, where PyPI is out of reach.
#
# lifetimes is given its data as arrays of numpy.  What counts is the user CPU of
# its work alone: less than that of the whole process, which also starts Python,
# imports and reads.
set -eu
cd "$(dirname "$0")"

. ./peer.sh
peer clv lifetimes lifetimes 'lifetimes==0.11.3'

echo 'clv: making a million customers'
"$python" clv_data.py > "$data/customers.csv"
"$python" clv_lifetimes.py group "$data/customers.csv" "$data"
psql -Xq -v ON_ERROR_STOP=1 <<-END
	CREATE UNLOGGED TABLE bench.customer (
	  frequency float8, recency float8, age float8, spend float8
	);
	\\copy bench.customer FROM '$data/customers.csv' (FORMAT csv)
	VACUUM ANALYZE bench.customer;
	CREATE TABLE bench.lifetimes (
	  work text, result float8, work_ms numeric, process_ms numeric
	);
END

# The quick ones three times; the last takes minutes.
for work in bgnbd_fit_grouped gamma_gamma_fit expected_purchases bgnbd_fit \
	pareto_nbd_fit_grouped pareto_nbd_fit; do
	runs='1 2 3'
	[ "$work" != pareto_nbd_fit ] || runs=1
	for run in $runs; do
		line=$("$python" clv_lifetimes.py "$work" "$data")
		set -- $line
		psql -Xq -v ON_ERROR_STOP=1 -c \
			"INSERT INTO bench.lifetimes VALUES ('$work', $1, $2, $3)"
	done
	echo "lifetimes: $work, $2 ms, $3 ms with the start of Python and reading"
done
