-- Whether groups of customers stay equally long: the log-rank test.

CREATE TYPE crmcost.logrank_test AS (
  chi_square float8,
  df int,
  p float8
);
COMMENT ON TYPE crmcost.logrank_test IS
  'Log-rank test; made by logrank.';
COMMENT ON COLUMN crmcost.logrank_test.chi_square IS
  'Statistic of the test, larger the more the groups differ.';
COMMENT ON COLUMN crmcost.logrank_test.df IS
  'Degrees of freedom: one less than the groups that were at risk at an event.';
COMMENT ON COLUMN crmcost.logrank_test.p IS
  'Chance of so large a statistic if the groups are alike.';

CREATE TYPE crmcost.logrank_group AS (
  grp text,
  customers bigint,
  observed bigint,
  expected float8
);
COMMENT ON TYPE crmcost.logrank_group IS
  'What a group had of the events; made by logrank_groups.';
COMMENT ON COLUMN crmcost.logrank_group.grp IS
  'Group.';
COMMENT ON COLUMN crmcost.logrank_group.customers IS
  'Customers in the group.';
COMMENT ON COLUMN crmcost.logrank_group.observed IS
  'Events that they had.';
COMMENT ON COLUMN crmcost.logrank_group.expected IS
  'Events that they would have had if all groups were alike.';

CREATE TYPE crmcost.logrank_sample;

CREATE FUNCTION crmcost.logrank_sample_in(
  text cstring
) RETURNS crmcost.logrank_sample
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'logrank_sample_in';
COMMENT ON FUNCTION crmcost.logrank_sample_in(cstring) IS
  'Input function of type logrank_sample: (version,"group",...,{duration,number of the group,event},...).';

CREATE FUNCTION crmcost.logrank_sample_out(
  sample crmcost.logrank_sample
) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'logrank_sample_out';
COMMENT ON FUNCTION crmcost.logrank_sample_out(crmcost.logrank_sample) IS
  'Output function of type logrank_sample, groups and rows in order.';

CREATE FUNCTION crmcost.logrank_sample_recv(
  buffer internal
) RETURNS crmcost.logrank_sample
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'logrank_sample_recv';
COMMENT ON FUNCTION crmcost.logrank_sample_recv(internal) IS
  'Binary input function of type logrank_sample.';

CREATE FUNCTION crmcost.logrank_sample_send(
  sample crmcost.logrank_sample
) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'logrank_sample_send';
COMMENT ON FUNCTION crmcost.logrank_sample_send(crmcost.logrank_sample) IS
  'Binary output function of type logrank_sample.';

CREATE TYPE crmcost.logrank_sample (
  INPUT = crmcost.logrank_sample_in,
  OUTPUT = crmcost.logrank_sample_out,
  RECEIVE = crmcost.logrank_sample_recv,
  SEND = crmcost.logrank_sample_send,
  INTERNALLENGTH = VARIABLE,
  ALIGNMENT = double,
  STORAGE = extended
);
COMMENT ON TYPE crmcost.logrank_sample IS
  'State of logrank and logrank_groups: the rows, 16 bytes each, and the names of the groups.';

CREATE FUNCTION crmcost.logrank_trans(
  state crmcost.logrank_sample, duration float8, event boolean, grp text
) RETURNS crmcost.logrank_sample
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'logrank_trans';
COMMENT ON FUNCTION crmcost.logrank_trans(crmcost.logrank_sample, float8, boolean, text) IS
  'Transition function of logrank and logrank_groups.';

CREATE FUNCTION crmcost.logrank_combine(
  state crmcost.logrank_sample, other crmcost.logrank_sample
) RETURNS crmcost.logrank_sample
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'logrank_combine';
COMMENT ON FUNCTION crmcost.logrank_combine(crmcost.logrank_sample, crmcost.logrank_sample) IS
  'Combine function of logrank and logrank_groups.';

CREATE FUNCTION crmcost.logrank_final(
  state crmcost.logrank_sample
) RETURNS crmcost.logrank_test
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'logrank_final';
COMMENT ON FUNCTION crmcost.logrank_final(crmcost.logrank_sample) IS
  'Final function of logrank.';

CREATE FUNCTION crmcost.logrank_groups_final(
  state crmcost.logrank_sample
) RETURNS crmcost.logrank_group[]
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'logrank_groups_final';
COMMENT ON FUNCTION crmcost.logrank_groups_final(crmcost.logrank_sample) IS
  'Final function of logrank_groups.';

CREATE AGGREGATE crmcost.logrank(duration float8, event boolean, grp text) (
  SFUNC = crmcost.logrank_trans,
  STYPE = crmcost.logrank_sample,
  SSPACE = 65536,
  FINALFUNC = crmcost.logrank_final,
  COMBINEFUNC = crmcost.logrank_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.logrank(float8, boolean, text) IS
  'Log-rank test of any number of groups, by their full covariance; rows with a NULL are skipped; NULL for one group, without an event, and where all at risk had it at once.';

CREATE AGGREGATE crmcost.logrank_groups(
  duration float8, event boolean, grp text
) (
  SFUNC = crmcost.logrank_trans,
  STYPE = crmcost.logrank_sample,
  SSPACE = 65536,
  FINALFUNC = crmcost.logrank_groups_final,
  COMBINEFUNC = crmcost.logrank_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.logrank_groups(float8, boolean, text) IS
  'Events that each group had, and would have had if all were alike, in order of the bytes of their names; rows with a NULL are skipped.';
