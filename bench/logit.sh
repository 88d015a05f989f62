#!/bin/sh
# Before logit.sql: makes a million rows of ten features, loads them, and lets
# scikit-learn of PyPI fit them, for logit.sql to compare.  Called by run.sh;
# exits with 77, after one line, where PyPI is out of reach.
#
# scikit-learn is given arrays of numpy.  What counts is the user CPU of its fit
# alone, on one thread: as it comes (lbfgs), and by newton-cholesky, the quickest
# of its solvers for such data.
set -eu
cd "$(dirname "$0")"

. ./peer.sh
peer logit scikit_learn sklearn scikit-learn

"$python" logit_sklearn.py make "$data/row.npy" > "$data/row.csv"
psql -Xq -v ON_ERROR_STOP=1 <<-END
	CREATE UNLOGGED TABLE bench.lead (label boolean, feature float8[]);
	\\copy bench.lead FROM '$data/row.csv' (FORMAT text)
	VACUUM ANALYZE bench.lead;
	CREATE TABLE bench.sklearn (solver text, work_ms numeric, coefficient float8[]);
END
for solver in lbfgs newton-cholesky; do
	for run in 1 2 3; do
		psql -Xq -v ON_ERROR_STOP=1 -c "INSERT INTO bench.sklearn VALUES ('$solver', $(
			"$python" logit_sklearn.py "$solver" "$data/row.npy"))"
	done
done
