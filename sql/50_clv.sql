-- Customer lifetime value in closed form.

CREATE FUNCTION crmcost.clv(
  margin numeric, retention numeric, discount numeric, periods int DEFAULT NULL
) RETURNS numeric
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'clv';
COMMENT ON FUNCTION crmcost.clv(numeric, numeric, numeric, int) IS
  'Sum over t = 1 to periods of margin * retention^t / (1 + discount)^t, rates per period; NULL periods is the limit; the margin of period 0 is not in it.';
