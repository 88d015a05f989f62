-- Models of contractual retention: sBG and BdW.

CREATE FUNCTION crmcost.contractual_fit_trans(
  state crmcost.clv_sample, periods int, churned boolean
) RETURNS crmcost.clv_sample
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'contractual_fit_trans';
COMMENT ON FUNCTION crmcost.contractual_fit_trans(crmcost.clv_sample, int, boolean) IS
  'Transition function of sbg_fit and bdw_fit.';

CREATE FUNCTION crmcost.contractual_fit_trans(
  state crmcost.clv_sample, periods int, churned boolean, weight float8
) RETURNS crmcost.clv_sample
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'contractual_fit_trans';
COMMENT ON FUNCTION crmcost.contractual_fit_trans(crmcost.clv_sample, int, boolean, float8) IS
  'Transition function of sbg_fit and bdw_fit with weights.';

-- Shifted beta-geometric: a probability of leaving that does not change with time (Fader and Hardie 2007)

CREATE TYPE crmcost.sbg AS (
  alpha float8,
  beta float8,
  log_likelihood float8,
  customers float8,
  std_error float8[]
);
COMMENT ON TYPE crmcost.sbg IS
  'Shifted beta-geometric model of contractual retention, a probability of leaving that does not change with time (Fader and Hardie 2007); made by sbg_fit or sbg(alpha, beta).';
COMMENT ON COLUMN crmcost.sbg.alpha IS
  'First parameter of the probability of leaving over customers.';
COMMENT ON COLUMN crmcost.sbg.beta IS
  'Second parameter of the probability of leaving over customers.';
COMMENT ON COLUMN crmcost.sbg.log_likelihood IS
  'Natural logarithm of the likelihood of the sample; NULL for a model of given parameters.';
COMMENT ON COLUMN crmcost.sbg.customers IS
  'Customers in the sample, or the sum of their weights; NULL for a model of given parameters.';
COMMENT ON COLUMN crmcost.sbg.std_error IS
  'Standard errors of the parameters, in their order; NULL for a model of given parameters.';

CREATE FUNCTION crmcost.sbg(alpha float8, beta float8) RETURNS crmcost.sbg
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sbg';
COMMENT ON FUNCTION crmcost.sbg(float8, float8) IS
  'Shifted beta-geometric model of given parameters, all positive.';

CREATE FUNCTION crmcost.sbg_fit_final(
  state crmcost.clv_sample
) RETURNS crmcost.sbg
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sbg_fit_final';
COMMENT ON FUNCTION crmcost.sbg_fit_final(crmcost.clv_sample) IS
  'Final function of sbg_fit.';

CREATE AGGREGATE crmcost.sbg_fit(periods int, churned boolean) (
  SFUNC = crmcost.contractual_fit_trans,
  STYPE = crmcost.clv_sample,
  SSPACE = 65536,
  FINALFUNC = crmcost.sbg_fit_final,
  COMBINEFUNC = crmcost.clv_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.sbg_fit(int, boolean) IS
  'Shifted beta-geometric model of maximum likelihood: a customer left at the end of so many periods (churned), or has renewed that often; rows with a NULL are skipped.';

CREATE AGGREGATE crmcost.sbg_fit(periods int, churned boolean, weight float8) (
  SFUNC = crmcost.contractual_fit_trans,
  STYPE = crmcost.clv_sample,
  SSPACE = 65536,
  FINALFUNC = crmcost.sbg_fit_final,
  COMBINEFUNC = crmcost.clv_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.sbg_fit(int, boolean, float8) IS
  'Shifted beta-geometric model of maximum likelihood: a customer left at the end of so many periods (churned), or has renewed that often, each row counting weight times; rows with a NULL are skipped.';

CREATE FUNCTION crmcost.survival(model crmcost.sbg, t float8) RETURNS float8
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sbg_survival';
COMMENT ON FUNCTION crmcost.survival(crmcost.sbg, float8) IS
  'Share of customers who are still there after t renewals.';

CREATE FUNCTION crmcost.retention_rate(model crmcost.sbg, t int) RETURNS float8
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sbg_retention_rate';
COMMENT ON FUNCTION crmcost.retention_rate(crmcost.sbg, int) IS
  'Share of those facing renewal t who renew.';

CREATE FUNCTION crmcost.residual_lifetime(
  model crmcost.sbg, t int, discount float8
) RETURNS float8
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sbg_residual_lifetime';
COMMENT ON FUNCTION crmcost.residual_lifetime(crmcost.sbg, int, float8) IS
  'Discounted expected residual lifetime, in periods, of a customer about to face renewal t, which is not discounted (Fader and Hardie 2010).';

-- Beta-discrete-Weibull: a probability of leaving that changes with time (Fader, Hardie, Liu, Davin and Steenburgh 2018)

CREATE TYPE crmcost.bdw AS (
  alpha float8,
  beta float8,
  c float8,
  log_likelihood float8,
  customers float8,
  std_error float8[]
);
COMMENT ON TYPE crmcost.bdw IS
  'Beta-discrete-Weibull model of contractual retention, a probability of leaving that changes with time (Fader, Hardie, Liu, Davin and Steenburgh 2018); made by bdw_fit or bdw(alpha, beta, c).';
COMMENT ON COLUMN crmcost.bdw.alpha IS
  'First parameter of the probability of leaving over customers.';
COMMENT ON COLUMN crmcost.bdw.beta IS
  'Second parameter of the probability of leaving over customers.';
COMMENT ON COLUMN crmcost.bdw.c IS
  'Exponent of time: above 1 customers leave ever more readily, below 1 ever less.';
COMMENT ON COLUMN crmcost.bdw.log_likelihood IS
  'Natural logarithm of the likelihood of the sample; NULL for a model of given parameters.';
COMMENT ON COLUMN crmcost.bdw.customers IS
  'Customers in the sample, or the sum of their weights; NULL for a model of given parameters.';
COMMENT ON COLUMN crmcost.bdw.std_error IS
  'Standard errors of the parameters, in their order; NULL for a model of given parameters.';

CREATE FUNCTION crmcost.bdw(
  alpha float8, beta float8, c float8
) RETURNS crmcost.bdw
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'bdw';
COMMENT ON FUNCTION crmcost.bdw(float8, float8, float8) IS
  'Beta-discrete-Weibull model of given parameters, all positive.';

CREATE FUNCTION crmcost.bdw_fit_final(
  state crmcost.clv_sample
) RETURNS crmcost.bdw
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'bdw_fit_final';
COMMENT ON FUNCTION crmcost.bdw_fit_final(crmcost.clv_sample) IS
  'Final function of bdw_fit.';

CREATE AGGREGATE crmcost.bdw_fit(periods int, churned boolean) (
  SFUNC = crmcost.contractual_fit_trans,
  STYPE = crmcost.clv_sample,
  SSPACE = 65536,
  FINALFUNC = crmcost.bdw_fit_final,
  COMBINEFUNC = crmcost.clv_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.bdw_fit(int, boolean) IS
  'Beta-discrete-Weibull model of maximum likelihood: a customer left at the end of so many periods (churned), or has renewed that often; rows with a NULL are skipped.';

CREATE AGGREGATE crmcost.bdw_fit(periods int, churned boolean, weight float8) (
  SFUNC = crmcost.contractual_fit_trans,
  STYPE = crmcost.clv_sample,
  SSPACE = 65536,
  FINALFUNC = crmcost.bdw_fit_final,
  COMBINEFUNC = crmcost.clv_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.bdw_fit(int, boolean, float8) IS
  'Beta-discrete-Weibull model of maximum likelihood: a customer left at the end of so many periods (churned), or has renewed that often, each row counting weight times; rows with a NULL are skipped.';

CREATE FUNCTION crmcost.survival(model crmcost.bdw, t float8) RETURNS float8
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'bdw_survival';
COMMENT ON FUNCTION crmcost.survival(crmcost.bdw, float8) IS
  'Share of customers who are still there after t renewals.';

CREATE FUNCTION crmcost.retention_rate(model crmcost.bdw, t int) RETURNS float8
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'bdw_retention_rate';
COMMENT ON FUNCTION crmcost.retention_rate(crmcost.bdw, int) IS
  'Share of those facing renewal t who renew.';

CREATE FUNCTION crmcost.residual_lifetime(
  model crmcost.bdw, t int, discount float8
) RETURNS float8
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'bdw_residual_lifetime';
COMMENT ON FUNCTION crmcost.residual_lifetime(crmcost.bdw, int, float8) IS
  'Discounted expected residual lifetime, in periods, of a customer about to face renewal t, which is not discounted (Fader and Hardie 2010).';
