-- Customer lifetime value: in closed form, and by a fitted model.

CREATE FUNCTION crmcost.clv(
  margin numeric, retention numeric, discount numeric, periods int DEFAULT NULL
) RETURNS numeric
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'clv';
COMMENT ON FUNCTION crmcost.clv(numeric, numeric, numeric, int) IS
  'Sum over t = 1 to periods of margin * retention^t / (1 + discount)^t, rates per period; NULL periods is the limit; the margin of period 0 is not in it.';

CREATE FUNCTION crmcost.clv(
  model crmcost.bgnbd, spend crmcost.gamma_gamma, frequency float8,
  recency float8, age float8, monetary_value float8, periods int,
  discount float8, period_length float8 DEFAULT 1, margin float8 DEFAULT 1
) RETURNS float8
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'bgnbd_clv';
COMMENT ON FUNCTION crmcost.clv(crmcost.bgnbd, crmcost.gamma_gamma, float8, float8, float8, float8, int, float8, float8, float8) IS
  'Value of the purchases expected in the next periods, each of period_length time units, times margin, discounted per period from its end; monetary_value may be NULL where frequency is 0.';

CREATE FUNCTION crmcost.clv(
  model crmcost.mbgnbd, spend crmcost.gamma_gamma, frequency float8,
  recency float8, age float8, monetary_value float8, periods int,
  discount float8, period_length float8 DEFAULT 1, margin float8 DEFAULT 1
) RETURNS float8
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'mbgnbd_clv';
COMMENT ON FUNCTION crmcost.clv(crmcost.mbgnbd, crmcost.gamma_gamma, float8, float8, float8, float8, int, float8, float8, float8) IS
  'Value of the purchases expected in the next periods, each of period_length time units, times margin, discounted per period from its end; monetary_value may be NULL where frequency is 0.';

CREATE FUNCTION crmcost.clv(
  model crmcost.pareto_nbd, spend crmcost.gamma_gamma, frequency float8,
  recency float8, age float8, monetary_value float8, periods int,
  discount float8, period_length float8 DEFAULT 1, margin float8 DEFAULT 1
) RETURNS float8
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'pareto_nbd_clv';
COMMENT ON FUNCTION crmcost.clv(crmcost.pareto_nbd, crmcost.gamma_gamma, float8, float8, float8, float8, int, float8, float8, float8) IS
  'Value of the purchases expected in the next periods, each of period_length time units, times margin, discounted per period from its end; monetary_value may be NULL where frequency is 0.';
