-- Logistic regression: how likely a label is, by features.

CREATE TYPE crmcost.logit AS (
  coefficient float8[],
  std_error float8[],
  log_likelihood float8,
  auc float8,
  customers bigint
);
COMMENT ON TYPE crmcost.logit IS
  'Logistic regression; made by logit_fit.';
COMMENT ON COLUMN crmcost.logit.coefficient IS
  'Intercept, then one coefficient a feature, of the features as they are.';
COMMENT ON COLUMN crmcost.logit.std_error IS
  'Standard errors of the coefficients, from the inverse of the (penalised) information.';
COMMENT ON COLUMN crmcost.logit.log_likelihood IS
  'Natural logarithm of the likelihood of the sample, without the penalty of a ridge.';
COMMENT ON COLUMN crmcost.logit.auc IS
  'Chance that a row whose label is true scores above one whose label is false, equal ones counting half, in the sample.';
COMMENT ON COLUMN crmcost.logit.customers IS
  'Rows in the sample.';

CREATE TYPE crmcost.logit_sample;

CREATE FUNCTION crmcost.logit_sample_in(
  text cstring
) RETURNS crmcost.logit_sample
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'logit_sample_in';
COMMENT ON FUNCTION crmcost.logit_sample_in(cstring) IS
  'Input function of type logit_sample: (version,ridge,features,{feature,...,label},...).';

CREATE FUNCTION crmcost.logit_sample_out(
  sample crmcost.logit_sample
) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'logit_sample_out';
COMMENT ON FUNCTION crmcost.logit_sample_out(crmcost.logit_sample) IS
  'Output function of type logit_sample, rows in order of their values.';

CREATE FUNCTION crmcost.logit_sample_recv(
  buffer internal
) RETURNS crmcost.logit_sample
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'logit_sample_recv';
COMMENT ON FUNCTION crmcost.logit_sample_recv(internal) IS
  'Binary input function of type logit_sample.';

CREATE FUNCTION crmcost.logit_sample_send(
  sample crmcost.logit_sample
) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'logit_sample_send';
COMMENT ON FUNCTION crmcost.logit_sample_send(crmcost.logit_sample) IS
  'Binary output function of type logit_sample.';

CREATE TYPE crmcost.logit_sample (
  INPUT = crmcost.logit_sample_in,
  OUTPUT = crmcost.logit_sample_out,
  RECEIVE = crmcost.logit_sample_recv,
  SEND = crmcost.logit_sample_send,
  INTERNALLENGTH = VARIABLE,
  ALIGNMENT = double,
  STORAGE = extended
);
COMMENT ON TYPE crmcost.logit_sample IS
  'State of logit_fit: the rows, 8 bytes for each feature and for the label.';

CREATE FUNCTION crmcost.logit_fit_combine(
  state crmcost.logit_sample, other crmcost.logit_sample
) RETURNS crmcost.logit_sample
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'logit_fit_combine';
COMMENT ON FUNCTION crmcost.logit_fit_combine(crmcost.logit_sample, crmcost.logit_sample) IS
  'Combine function of logit_fit.';

CREATE FUNCTION crmcost.logit_fit_trans(
  state crmcost.logit_sample, label boolean, features float8[]
) RETURNS crmcost.logit_sample
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'logit_fit_trans';
COMMENT ON FUNCTION crmcost.logit_fit_trans(crmcost.logit_sample, boolean, float8[]) IS
  'Transition function of logit_fit.';

CREATE FUNCTION crmcost.logit_fit_trans(
  state crmcost.logit_sample, label boolean, features float8[], ridge float8
) RETURNS crmcost.logit_sample
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'logit_fit_trans';
COMMENT ON FUNCTION crmcost.logit_fit_trans(crmcost.logit_sample, boolean, float8[], float8) IS
  'Transition function of logit_fit with a ridge.';

CREATE FUNCTION crmcost.logit_fit_final(
  state crmcost.logit_sample
) RETURNS crmcost.logit
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'logit_fit_final';
COMMENT ON FUNCTION crmcost.logit_fit_final(crmcost.logit_sample) IS
  'Final function of logit_fit.';

CREATE AGGREGATE crmcost.logit_fit(label boolean, features float8[]) (
  SFUNC = crmcost.logit_fit_trans,
  STYPE = crmcost.logit_sample,
  SSPACE = 65536,
  FINALFUNC = crmcost.logit_fit_final,
  COMBINEFUNC = crmcost.logit_fit_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.logit_fit(boolean, float8[]) IS
  'Logistic regression of maximum likelihood, intercept first; rows with a NULL are skipped; one label only, labels that the features separate and features that follow from others are refused.';

CREATE AGGREGATE crmcost.logit_fit(label boolean, features float8[], ridge float8) (
  SFUNC = crmcost.logit_fit_trans,
  STYPE = crmcost.logit_sample,
  SSPACE = 65536,
  FINALFUNC = crmcost.logit_fit_final,
  COMBINEFUNC = crmcost.logit_fit_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.logit_fit(boolean, float8[], float8) IS
  'Logistic regression that maximises the log-likelihood less ridge / 2 times the sum of the squared coefficients, that of the intercept aside; rows with a NULL are skipped, one label only is refused.';

CREATE FUNCTION crmcost.logit_score(
  model crmcost.logit, features float8[]
) RETURNS float8
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'logit_score';
COMMENT ON FUNCTION crmcost.logit_score(crmcost.logit, float8[]) IS
  'How likely the label is true with these features, from 0 to 1; NULL in an argument gives NULL.';

-- Rows in several places, for refresh on a cluster.
CREATE FUNCTION crmcost._logit_answer(
  sample crmcost.logit_sample, question float8[]
) RETURNS float8[]
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'logit__logit_answer';
COMMENT ON FUNCTION crmcost._logit_answer(crmcost.logit_sample, float8[]) IS
  'Sums over the rows of one place that _logit_fit_of asks for.';

CREATE FUNCTION crmcost._logit_fit_of(
  query text, customers bigint, features integer, ridge float8
) RETURNS crmcost.logit
  LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'logit__logit_fit_of';
COMMENT ON FUNCTION crmcost._logit_fit_of(text, bigint, integer, float8) IS
  'What logit_fit gives, but for auc, of so many rows in several places: the query returns, for a question $1, the _logit_answer of each.';
