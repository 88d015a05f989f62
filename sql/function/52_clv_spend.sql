-- The model of spend: gamma-gamma.

CREATE TYPE crmcost.gamma_gamma AS (
  p float8,
  q float8,
  v float8,
  log_likelihood float8,
  customers float8,
  std_error float8[]
);
COMMENT ON TYPE crmcost.gamma_gamma IS
  'Gamma-gamma model of spend (Fader and Hardie 2013); made by gamma_gamma_fit or gamma_gamma(p, q, v).';
COMMENT ON COLUMN crmcost.gamma_gamma.p IS
  'Shape of the spend of a purchase.';
COMMENT ON COLUMN crmcost.gamma_gamma.q IS
  'Shape of the scale of spend over customers; a mean exists above 1.';
COMMENT ON COLUMN crmcost.gamma_gamma.v IS
  'Rate parameter of the scale of spend over customers, in units of money.';
COMMENT ON COLUMN crmcost.gamma_gamma.log_likelihood IS
  'Natural logarithm of the likelihood of the sample; NULL for a model of given parameters.';
COMMENT ON COLUMN crmcost.gamma_gamma.customers IS
  'Customers in the sample, or the sum of their weights; NULL for a model of given parameters.';
COMMENT ON COLUMN crmcost.gamma_gamma.std_error IS
  'Standard errors of the parameters, in their order; NULL for a model of given parameters.';

CREATE FUNCTION crmcost.gamma_gamma(
  p float8, q float8, v float8
) RETURNS crmcost.gamma_gamma
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'gamma_gamma';
COMMENT ON FUNCTION crmcost.gamma_gamma(float8, float8, float8) IS
  'Gamma-gamma model of given parameters, all positive.';

CREATE FUNCTION crmcost.gamma_gamma_fit_trans(
  state crmcost.clv_sample, frequency float8, monetary_value float8
) RETURNS crmcost.clv_sample
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'gamma_gamma_fit_trans';
COMMENT ON FUNCTION crmcost.gamma_gamma_fit_trans(crmcost.clv_sample, float8, float8) IS
  'Transition function of gamma_gamma_fit.';

CREATE FUNCTION crmcost.gamma_gamma_fit_trans(
  state crmcost.clv_sample, frequency float8, monetary_value float8,
  weight float8
) RETURNS crmcost.clv_sample
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'gamma_gamma_fit_trans';
COMMENT ON FUNCTION crmcost.gamma_gamma_fit_trans(crmcost.clv_sample, float8, float8, float8) IS
  'Transition function of gamma_gamma_fit with weights.';

CREATE FUNCTION crmcost.gamma_gamma_fit_final(
  state crmcost.clv_sample
) RETURNS crmcost.gamma_gamma
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'gamma_gamma_fit_final';
COMMENT ON FUNCTION crmcost.gamma_gamma_fit_final(crmcost.clv_sample) IS
  'Final function of gamma_gamma_fit.';

CREATE AGGREGATE crmcost.gamma_gamma_fit(
  frequency float8, monetary_value float8
) (
  SFUNC = crmcost.gamma_gamma_fit_trans,
  STYPE = crmcost.clv_sample,
  SSPACE = 65536,
  FINALFUNC = crmcost.gamma_gamma_fit_final,
  COMBINEFUNC = crmcost.clv_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.gamma_gamma_fit(float8, float8) IS
  'Gamma-gamma model of maximum likelihood from customers'' frequency and mean spend; customers with frequency 0 and rows with a NULL are skipped, a spend of 0 or less is refused.';

CREATE AGGREGATE crmcost.gamma_gamma_fit(
  frequency float8, monetary_value float8, weight float8
) (
  SFUNC = crmcost.gamma_gamma_fit_trans,
  STYPE = crmcost.clv_sample,
  SSPACE = 65536,
  FINALFUNC = crmcost.gamma_gamma_fit_final,
  COMBINEFUNC = crmcost.clv_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.gamma_gamma_fit(float8, float8, float8) IS
  'Gamma-gamma model of maximum likelihood from customers'' frequency and mean spend; customers with frequency 0 and rows with a NULL are skipped, a spend of 0 or less is refused; each counts weight times.';

CREATE FUNCTION crmcost.expected_value(
  model crmcost.gamma_gamma, frequency float8, monetary_value float8
) RETURNS float8
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'expected_value';
COMMENT ON FUNCTION crmcost.expected_value(crmcost.gamma_gamma, float8, float8) IS
  'Expected mean spend of the customer, which with frequency 0 is that of the population and needs no monetary_value; q of 1 or less is refused.';
