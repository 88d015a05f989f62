-- The sample that a lifetime value model is fitted to.

CREATE TYPE crmcost.clv_sample;

CREATE FUNCTION crmcost.clv_sample_in(text cstring) RETURNS crmcost.clv_sample
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'clv_sample_in';
COMMENT ON FUNCTION crmcost.clv_sample_in(cstring) IS
  'Input function of type clv_sample: (version,{value,value,value,weight},...).';

CREATE FUNCTION crmcost.clv_sample_out(
  sample crmcost.clv_sample
) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'clv_sample_out';
COMMENT ON FUNCTION crmcost.clv_sample_out(crmcost.clv_sample) IS
  'Output function of type clv_sample, rows in order of their values.';

CREATE FUNCTION crmcost.clv_sample_recv(
  buffer internal
) RETURNS crmcost.clv_sample
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'clv_sample_recv';
COMMENT ON FUNCTION crmcost.clv_sample_recv(internal) IS
  'Binary input function of type clv_sample.';

CREATE FUNCTION crmcost.clv_sample_send(
  sample crmcost.clv_sample
) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'clv_sample_send';
COMMENT ON FUNCTION crmcost.clv_sample_send(crmcost.clv_sample) IS
  'Binary output function of type clv_sample.';

CREATE TYPE crmcost.clv_sample (
  INPUT = crmcost.clv_sample_in,
  OUTPUT = crmcost.clv_sample_out,
  RECEIVE = crmcost.clv_sample_recv,
  SEND = crmcost.clv_sample_send,
  INTERNALLENGTH = VARIABLE,
  ALIGNMENT = double,
  STORAGE = extended
);
COMMENT ON TYPE crmcost.clv_sample IS
  'State of the aggregates that fit a lifetime value model: different customers with their weights, 32 bytes each.';

CREATE FUNCTION crmcost.clv_sample_combine(
  state crmcost.clv_sample, other crmcost.clv_sample
) RETURNS crmcost.clv_sample
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'clv_sample_combine';
COMMENT ON FUNCTION crmcost.clv_sample_combine(crmcost.clv_sample, crmcost.clv_sample) IS
  'Combine function of the aggregates that fit a lifetime value model.';
