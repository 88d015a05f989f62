-- Purchases: the summaries of all customers at once.

CREATE TYPE crmcost.rfm_group;

CREATE FUNCTION crmcost.rfm_group_in(text cstring) RETURNS crmcost.rfm_group
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_group_in';
COMMENT ON FUNCTION crmcost.rfm_group_in(cstring) IS
  'Input function of type rfm_group: (version,{customer_id,first_at,last_at,frequency,monetary},...), by customer_id.';

CREATE FUNCTION crmcost.rfm_group_out(summaries crmcost.rfm_group)
  RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_group_out';
COMMENT ON FUNCTION crmcost.rfm_group_out(crmcost.rfm_group) IS
  'Output function of type rfm_group; the same text under every session setting.';

CREATE FUNCTION crmcost.rfm_group_recv(buffer internal)
  RETURNS crmcost.rfm_group
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_group_recv';
COMMENT ON FUNCTION crmcost.rfm_group_recv(internal) IS
  'Binary input function of type rfm_group.';

CREATE FUNCTION crmcost.rfm_group_send(summaries crmcost.rfm_group)
  RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_group_send';
COMMENT ON FUNCTION crmcost.rfm_group_send(crmcost.rfm_group) IS
  'Binary output function of type rfm_group.';

CREATE TYPE crmcost.rfm_group (
  INPUT = crmcost.rfm_group_in,
  OUTPUT = crmcost.rfm_group_out,
  RECEIVE = crmcost.rfm_group_recv,
  SEND = crmcost.rfm_group_send,
  INTERNALLENGTH = VARIABLE,
  ALIGNMENT = double,
  STORAGE = extended
);
COMMENT ON TYPE crmcost.rfm_group IS
  'Purchase summaries of many customers, 64 bytes each; mergeable, made by rfm_group(customer_id, purchased_at, amount), read by unnest.';

CREATE FUNCTION crmcost.rfm_group_trans(
  state crmcost.rfm_group, customer_id bigint, purchased_at timestamptz,
  amount numeric
) RETURNS crmcost.rfm_group
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_group_trans';
COMMENT ON FUNCTION crmcost.rfm_group_trans(crmcost.rfm_group, bigint, timestamptz, numeric) IS
  'Transition function of rfm_group(customer_id, purchased_at, amount).';

CREATE FUNCTION crmcost.rfm_group_combine(
  state crmcost.rfm_group, other crmcost.rfm_group
) RETURNS crmcost.rfm_group
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_group_combine';
COMMENT ON FUNCTION crmcost.rfm_group_combine(crmcost.rfm_group, crmcost.rfm_group) IS
  'Combine function of rfm_group, transition function of rfm_group_merge.';

CREATE FUNCTION crmcost.rfm_group_final(state crmcost.rfm_group)
  RETURNS crmcost.rfm_group
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_group_final';
COMMENT ON FUNCTION crmcost.rfm_group_final(crmcost.rfm_group) IS
  'Final function of rfm_group: the customers by customer_id.';

CREATE AGGREGATE crmcost.rfm_group(
  customer_id bigint, purchased_at timestamptz, amount numeric
) (
  SFUNC = crmcost.rfm_group_trans,
  STYPE = crmcost.rfm_group,
  SSPACE = 65536,
  FINALFUNC = crmcost.rfm_group_final,
  COMBINEFUNC = crmcost.rfm_group_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.rfm_group(bigint, timestamptz, numeric) IS
  'The purchase summary of every customer at once, faster than GROUP BY customer_id; rows with a NULL are skipped; read it with unnest.';

CREATE AGGREGATE crmcost.rfm_group_merge(summaries crmcost.rfm_group) (
  SFUNC = crmcost.rfm_group_combine,
  STYPE = crmcost.rfm_group,
  SSPACE = 65536,
  FINALFUNC = crmcost.rfm_group_final,
  COMBINEFUNC = crmcost.rfm_group_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.rfm_group_merge(crmcost.rfm_group) IS
  'Merges stored groups of purchase summaries; NULLs are skipped.';

CREATE FUNCTION crmcost.rfm_group_unnest_support(request internal)
  RETURNS internal
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_group_unnest_support';
COMMENT ON FUNCTION crmcost.rfm_group_unnest_support(internal) IS
  'Planner support of unnest(rfm_group): the number of rows.';

CREATE FUNCTION crmcost.unnest(
  summaries crmcost.rfm_group,
  OUT customer_id bigint, OUT first_at timestamptz, OUT last_at timestamptz,
  OUT frequency bigint, OUT monetary numeric, OUT summary crmcost.rfm
) RETURNS SETOF record
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  ROWS 100000 SUPPORT crmcost.rfm_group_unnest_support
  AS 'MODULE_PATHNAME', 'rfm_group_unnest';
COMMENT ON FUNCTION crmcost.unnest(crmcost.rfm_group) IS
  'One row a customer, by customer_id: first and last purchase, number, exact sum, and the rfm of that customer.';
