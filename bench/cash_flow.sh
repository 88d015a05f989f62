#!/bin/sh
# Before cash_flow.sql: makes 20,000 series of 25 flows, loads them, and lets
# numpy-financial of PyPI find their rates of return, for cash_flow.sql to
# compare.  Called by run.sh; exits with 77, after one line, where PyPI is out of
# reach.
#
# numpy-financial is given its flows as an array of numpy.  What counts is the
# user CPU of its work alone, without the start of Python and reading.
set -eu
cd "$(dirname "$0")"

. ./peer.sh
peer cash_flow numpy_financial numpy_financial 'numpy-financial==1.0.0'

"$python" cash_flow_numpy.py make > "$data/flow.csv"
psql -Xq -v ON_ERROR_STOP=1 <<-END
	CREATE UNLOGGED TABLE bench.flow (series int, period int, amount numeric);
	\\copy bench.flow FROM '$data/flow.csv' (FORMAT csv)
	VACUUM ANALYZE bench.flow;
	CREATE TABLE bench.numpy_irr (run int, series int, rate float8);
	CREATE TABLE bench.numpy_time (work_ms numeric);
END
for run in 1 2 3; do
	"$python" cash_flow_numpy.py irr "$data/flow.csv" > "$data/irr.csv" \
		2> "$data/time"
	psql -Xq -v ON_ERROR_STOP=1 <<-END
		TRUNCATE bench.numpy_irr;
		\\copy bench.numpy_irr (series, rate) FROM '$data/irr.csv' (FORMAT csv)
		INSERT INTO bench.numpy_time VALUES ($(cat "$data/time"));
	END
done
