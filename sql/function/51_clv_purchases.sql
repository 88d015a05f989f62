-- Models of purchases: BG/NBD, MBG/NBD, Pareto/NBD.

CREATE FUNCTION crmcost.purchases_fit_trans(
  state crmcost.clv_sample, frequency float8, recency float8, age float8
) RETURNS crmcost.clv_sample
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'purchases_fit_trans';
COMMENT ON FUNCTION crmcost.purchases_fit_trans(crmcost.clv_sample, float8, float8, float8) IS
  'Transition function of bgnbd_fit, mbgnbd_fit and pareto_nbd_fit.';

CREATE FUNCTION crmcost.purchases_fit_trans(
  state crmcost.clv_sample, frequency float8, recency float8, age float8,
  weight float8
) RETURNS crmcost.clv_sample
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'purchases_fit_trans';
COMMENT ON FUNCTION crmcost.purchases_fit_trans(crmcost.clv_sample, float8, float8, float8, float8) IS
  'Transition function of bgnbd_fit, mbgnbd_fit and pareto_nbd_fit with weights.';

-- BG/NBD: dropout only after a purchase (Fader, Hardie and Lee 2005)

CREATE TYPE crmcost.bgnbd AS (
  r float8,
  alpha float8,
  a float8,
  b float8,
  log_likelihood float8,
  customers float8,
  std_error float8[]
);
COMMENT ON TYPE crmcost.bgnbd IS
  'BG/NBD model of purchases, dropout only after a purchase (Fader, Hardie and Lee 2005); made by bgnbd_fit or bgnbd(r, alpha, a, b).';
COMMENT ON COLUMN crmcost.bgnbd.r IS
  'Shape of the purchase rate over customers.';
COMMENT ON COLUMN crmcost.bgnbd.alpha IS
  'Rate parameter of the purchase rate over customers, in time units.';
COMMENT ON COLUMN crmcost.bgnbd.a IS
  'First parameter of the dropout probability over customers.';
COMMENT ON COLUMN crmcost.bgnbd.b IS
  'Second parameter of the dropout probability over customers.';
COMMENT ON COLUMN crmcost.bgnbd.log_likelihood IS
  'Natural logarithm of the likelihood of the sample; NULL for a model of given parameters.';
COMMENT ON COLUMN crmcost.bgnbd.customers IS
  'Customers in the sample, or the sum of their weights; NULL for a model of given parameters.';
COMMENT ON COLUMN crmcost.bgnbd.std_error IS
  'Standard errors of the parameters, in their order; NULL for a model of given parameters.';

CREATE FUNCTION crmcost.bgnbd(
  r float8, alpha float8, a float8, b float8
) RETURNS crmcost.bgnbd
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'bgnbd';
COMMENT ON FUNCTION crmcost.bgnbd(float8, float8, float8, float8) IS
  'BG/NBD model of given parameters, all positive.';

CREATE FUNCTION crmcost.bgnbd_fit_final(
  state crmcost.clv_sample
) RETURNS crmcost.bgnbd
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'bgnbd_fit_final';
COMMENT ON FUNCTION crmcost.bgnbd_fit_final(crmcost.clv_sample) IS
  'Final function of bgnbd_fit.';

CREATE AGGREGATE crmcost.bgnbd_fit(
  frequency float8, recency float8, age float8
) (
  SFUNC = crmcost.purchases_fit_trans,
  STYPE = crmcost.clv_sample,
  SSPACE = 65536,
  FINALFUNC = crmcost.bgnbd_fit_final,
  COMBINEFUNC = crmcost.clv_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.bgnbd_fit(float8, float8, float8) IS
  'BG/NBD model of maximum likelihood from customers'' frequency (days or weeks with a purchase after the first), recency and age; rows with a NULL are skipped.';

CREATE AGGREGATE crmcost.bgnbd_fit(
  frequency float8, recency float8, age float8, weight float8
) (
  SFUNC = crmcost.purchases_fit_trans,
  STYPE = crmcost.clv_sample,
  SSPACE = 65536,
  FINALFUNC = crmcost.bgnbd_fit_final,
  COMBINEFUNC = crmcost.clv_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.bgnbd_fit(float8, float8, float8, float8) IS
  'BG/NBD model of maximum likelihood from customers'' frequency (days or weeks with a purchase after the first), recency and age, each counting weight times; rows with a NULL are skipped.';

CREATE FUNCTION crmcost.p_alive(
  model crmcost.bgnbd, frequency float8, recency float8, age float8
) RETURNS float8
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'bgnbd_p_alive';
COMMENT ON FUNCTION crmcost.p_alive(crmcost.bgnbd, float8, float8, float8) IS
  'Probability that the customer is still alive at the end of the age.';

CREATE FUNCTION crmcost.expected_purchases(
  model crmcost.bgnbd, horizon float8, frequency float8, recency float8,
  age float8
) RETURNS float8
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'bgnbd_expected_purchases';
COMMENT ON FUNCTION crmcost.expected_purchases(crmcost.bgnbd, float8, float8, float8, float8) IS
  'Purchases expected of the customer within the horizon after the age, in the unit of the age.';

CREATE FUNCTION crmcost.expected_purchases(
  model crmcost.bgnbd, horizon float8
) RETURNS float8
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'bgnbd_expected_purchases';
COMMENT ON FUNCTION crmcost.expected_purchases(crmcost.bgnbd, float8) IS
  'Purchases after the first expected of a new customer within the horizon.';

CREATE FUNCTION crmcost.purchase_probability(
  model crmcost.bgnbd, n int, horizon float8
) RETURNS float8
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'bgnbd_purchase_probability';
COMMENT ON FUNCTION crmcost.purchase_probability(crmcost.bgnbd, int, float8) IS
  'Probability that a new customer makes n purchases after the first within the horizon.';

CREATE FUNCTION crmcost.residual_purchases(
  model crmcost.bgnbd, discount float8, frequency float8, recency float8,
  age float8
) RETURNS float8
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'bgnbd_residual_purchases';
COMMENT ON FUNCTION crmcost.residual_purchases(crmcost.bgnbd, float8, float8, float8, float8) IS
  'Discounted expected residual transactions (DERT): all purchases expected after the age, at a continuous discount per time unit.';

-- MBG/NBD: dropout also before the first repeat purchase (Batislam, Denizel and Filiztekin 2007)

CREATE TYPE crmcost.mbgnbd AS (
  r float8,
  alpha float8,
  a float8,
  b float8,
  log_likelihood float8,
  customers float8,
  std_error float8[]
);
COMMENT ON TYPE crmcost.mbgnbd IS
  'MBG/NBD model of purchases, dropout also before the first repeat purchase (Batislam, Denizel and Filiztekin 2007); made by mbgnbd_fit or mbgnbd(r, alpha, a, b).';
COMMENT ON COLUMN crmcost.mbgnbd.r IS
  'Shape of the purchase rate over customers.';
COMMENT ON COLUMN crmcost.mbgnbd.alpha IS
  'Rate parameter of the purchase rate over customers, in time units.';
COMMENT ON COLUMN crmcost.mbgnbd.a IS
  'First parameter of the dropout probability over customers.';
COMMENT ON COLUMN crmcost.mbgnbd.b IS
  'Second parameter of the dropout probability over customers.';
COMMENT ON COLUMN crmcost.mbgnbd.log_likelihood IS
  'Natural logarithm of the likelihood of the sample; NULL for a model of given parameters.';
COMMENT ON COLUMN crmcost.mbgnbd.customers IS
  'Customers in the sample, or the sum of their weights; NULL for a model of given parameters.';
COMMENT ON COLUMN crmcost.mbgnbd.std_error IS
  'Standard errors of the parameters, in their order; NULL for a model of given parameters.';

CREATE FUNCTION crmcost.mbgnbd(
  r float8, alpha float8, a float8, b float8
) RETURNS crmcost.mbgnbd
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'mbgnbd';
COMMENT ON FUNCTION crmcost.mbgnbd(float8, float8, float8, float8) IS
  'MBG/NBD model of given parameters, all positive.';

CREATE FUNCTION crmcost.mbgnbd_fit_final(
  state crmcost.clv_sample
) RETURNS crmcost.mbgnbd
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'mbgnbd_fit_final';
COMMENT ON FUNCTION crmcost.mbgnbd_fit_final(crmcost.clv_sample) IS
  'Final function of mbgnbd_fit.';

CREATE AGGREGATE crmcost.mbgnbd_fit(
  frequency float8, recency float8, age float8
) (
  SFUNC = crmcost.purchases_fit_trans,
  STYPE = crmcost.clv_sample,
  SSPACE = 65536,
  FINALFUNC = crmcost.mbgnbd_fit_final,
  COMBINEFUNC = crmcost.clv_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.mbgnbd_fit(float8, float8, float8) IS
  'MBG/NBD model of maximum likelihood from customers'' frequency (days or weeks with a purchase after the first), recency and age; rows with a NULL are skipped.';

CREATE AGGREGATE crmcost.mbgnbd_fit(
  frequency float8, recency float8, age float8, weight float8
) (
  SFUNC = crmcost.purchases_fit_trans,
  STYPE = crmcost.clv_sample,
  SSPACE = 65536,
  FINALFUNC = crmcost.mbgnbd_fit_final,
  COMBINEFUNC = crmcost.clv_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.mbgnbd_fit(float8, float8, float8, float8) IS
  'MBG/NBD model of maximum likelihood from customers'' frequency (days or weeks with a purchase after the first), recency and age, each counting weight times; rows with a NULL are skipped.';

CREATE FUNCTION crmcost.p_alive(
  model crmcost.mbgnbd, frequency float8, recency float8, age float8
) RETURNS float8
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'mbgnbd_p_alive';
COMMENT ON FUNCTION crmcost.p_alive(crmcost.mbgnbd, float8, float8, float8) IS
  'Probability that the customer is still alive at the end of the age.';

CREATE FUNCTION crmcost.expected_purchases(
  model crmcost.mbgnbd, horizon float8, frequency float8, recency float8,
  age float8
) RETURNS float8
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'mbgnbd_expected_purchases';
COMMENT ON FUNCTION crmcost.expected_purchases(crmcost.mbgnbd, float8, float8, float8, float8) IS
  'Purchases expected of the customer within the horizon after the age, in the unit of the age.';

CREATE FUNCTION crmcost.expected_purchases(
  model crmcost.mbgnbd, horizon float8
) RETURNS float8
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'mbgnbd_expected_purchases';
COMMENT ON FUNCTION crmcost.expected_purchases(crmcost.mbgnbd, float8) IS
  'Purchases after the first expected of a new customer within the horizon.';

CREATE FUNCTION crmcost.purchase_probability(
  model crmcost.mbgnbd, n int, horizon float8
) RETURNS float8
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'mbgnbd_purchase_probability';
COMMENT ON FUNCTION crmcost.purchase_probability(crmcost.mbgnbd, int, float8) IS
  'Probability that a new customer makes n purchases after the first within the horizon.';

CREATE FUNCTION crmcost.residual_purchases(
  model crmcost.mbgnbd, discount float8, frequency float8, recency float8,
  age float8
) RETURNS float8
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'mbgnbd_residual_purchases';
COMMENT ON FUNCTION crmcost.residual_purchases(crmcost.mbgnbd, float8, float8, float8, float8) IS
  'Discounted expected residual transactions (DERT): all purchases expected after the age, at a continuous discount per time unit.';

-- Pareto/NBD: dropout at any time (Schmittlein, Morrison and Colombo 1987)

CREATE TYPE crmcost.pareto_nbd AS (
  r float8,
  alpha float8,
  s float8,
  beta float8,
  log_likelihood float8,
  customers float8,
  std_error float8[]
);
COMMENT ON TYPE crmcost.pareto_nbd IS
  'Pareto/NBD model of purchases, dropout at any time (Schmittlein, Morrison and Colombo 1987); made by pareto_nbd_fit or pareto_nbd(r, alpha, s, beta).';
COMMENT ON COLUMN crmcost.pareto_nbd.r IS
  'Shape of the purchase rate over customers.';
COMMENT ON COLUMN crmcost.pareto_nbd.alpha IS
  'Rate parameter of the purchase rate over customers, in time units.';
COMMENT ON COLUMN crmcost.pareto_nbd.s IS
  'Shape of the dropout rate over customers.';
COMMENT ON COLUMN crmcost.pareto_nbd.beta IS
  'Rate parameter of the dropout rate over customers, in time units.';
COMMENT ON COLUMN crmcost.pareto_nbd.log_likelihood IS
  'Natural logarithm of the likelihood of the sample; NULL for a model of given parameters.';
COMMENT ON COLUMN crmcost.pareto_nbd.customers IS
  'Customers in the sample, or the sum of their weights; NULL for a model of given parameters.';
COMMENT ON COLUMN crmcost.pareto_nbd.std_error IS
  'Standard errors of the parameters, in their order; NULL for a model of given parameters.';

CREATE FUNCTION crmcost.pareto_nbd(
  r float8, alpha float8, s float8, beta float8
) RETURNS crmcost.pareto_nbd
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'pareto_nbd';
COMMENT ON FUNCTION crmcost.pareto_nbd(float8, float8, float8, float8) IS
  'Pareto/NBD model of given parameters, all positive.';

CREATE FUNCTION crmcost.pareto_nbd_fit_final(
  state crmcost.clv_sample
) RETURNS crmcost.pareto_nbd
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'pareto_nbd_fit_final';
COMMENT ON FUNCTION crmcost.pareto_nbd_fit_final(crmcost.clv_sample) IS
  'Final function of pareto_nbd_fit.';

CREATE AGGREGATE crmcost.pareto_nbd_fit(
  frequency float8, recency float8, age float8
) (
  SFUNC = crmcost.purchases_fit_trans,
  STYPE = crmcost.clv_sample,
  SSPACE = 65536,
  FINALFUNC = crmcost.pareto_nbd_fit_final,
  COMBINEFUNC = crmcost.clv_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.pareto_nbd_fit(float8, float8, float8) IS
  'Pareto/NBD model of maximum likelihood from customers'' frequency (days or weeks with a purchase after the first), recency and age; rows with a NULL are skipped.';

CREATE AGGREGATE crmcost.pareto_nbd_fit(
  frequency float8, recency float8, age float8, weight float8
) (
  SFUNC = crmcost.purchases_fit_trans,
  STYPE = crmcost.clv_sample,
  SSPACE = 65536,
  FINALFUNC = crmcost.pareto_nbd_fit_final,
  COMBINEFUNC = crmcost.clv_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.pareto_nbd_fit(float8, float8, float8, float8) IS
  'Pareto/NBD model of maximum likelihood from customers'' frequency (days or weeks with a purchase after the first), recency and age, each counting weight times; rows with a NULL are skipped.';

CREATE FUNCTION crmcost.p_alive(
  model crmcost.pareto_nbd, frequency float8, recency float8, age float8
) RETURNS float8
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'pareto_nbd_p_alive';
COMMENT ON FUNCTION crmcost.p_alive(crmcost.pareto_nbd, float8, float8, float8) IS
  'Probability that the customer is still alive at the end of the age.';

CREATE FUNCTION crmcost.expected_purchases(
  model crmcost.pareto_nbd, horizon float8, frequency float8, recency float8,
  age float8
) RETURNS float8
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'pareto_nbd_expected_purchases';
COMMENT ON FUNCTION crmcost.expected_purchases(crmcost.pareto_nbd, float8, float8, float8, float8) IS
  'Purchases expected of the customer within the horizon after the age, in the unit of the age.';

CREATE FUNCTION crmcost.expected_purchases(
  model crmcost.pareto_nbd, horizon float8
) RETURNS float8
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'pareto_nbd_expected_purchases';
COMMENT ON FUNCTION crmcost.expected_purchases(crmcost.pareto_nbd, float8) IS
  'Purchases after the first expected of a new customer within the horizon.';

CREATE FUNCTION crmcost.purchase_probability(
  model crmcost.pareto_nbd, n int, horizon float8
) RETURNS float8
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'pareto_nbd_purchase_probability';
COMMENT ON FUNCTION crmcost.purchase_probability(crmcost.pareto_nbd, int, float8) IS
  'Probability that a new customer makes n purchases after the first within the horizon.';

CREATE FUNCTION crmcost.residual_purchases(
  model crmcost.pareto_nbd, discount float8, frequency float8, recency float8,
  age float8
) RETURNS float8
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'pareto_nbd_residual_purchases';
COMMENT ON FUNCTION crmcost.residual_purchases(crmcost.pareto_nbd, float8, float8, float8, float8) IS
  'Discounted expected residual transactions (DERT): all purchases expected after the age, at a continuous discount per time unit.';
