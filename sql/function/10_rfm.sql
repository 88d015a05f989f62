-- Purchases: the summary of one customer.

CREATE TYPE crmcost.rfm;

CREATE FUNCTION crmcost.rfm_in(text cstring) RETURNS crmcost.rfm
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_in';
COMMENT ON FUNCTION crmcost.rfm_in(cstring) IS
  'Input function of type rfm: (version,first_at,last_at,frequency,monetary), instants in ISO 8601 at +00.';

CREATE FUNCTION crmcost.rfm_out(summary crmcost.rfm) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_out';
COMMENT ON FUNCTION crmcost.rfm_out(crmcost.rfm) IS
  'Output function of type rfm; the same text under every session setting.';

CREATE FUNCTION crmcost.rfm_recv(buffer internal) RETURNS crmcost.rfm
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_recv';
COMMENT ON FUNCTION crmcost.rfm_recv(internal) IS
  'Binary input function of type rfm.';

CREATE FUNCTION crmcost.rfm_send(summary crmcost.rfm) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_send';
COMMENT ON FUNCTION crmcost.rfm_send(crmcost.rfm) IS
  'Binary output function of type rfm.';

CREATE TYPE crmcost.rfm (
  INPUT = crmcost.rfm_in,
  OUTPUT = crmcost.rfm_out,
  RECEIVE = crmcost.rfm_recv,
  SEND = crmcost.rfm_send,
  INTERNALLENGTH = VARIABLE,
  ALIGNMENT = double,
  STORAGE = plain
);
COMMENT ON TYPE crmcost.rfm IS
  'Purchases of one customer in 64 bytes: first, last, number and exact sum; mergeable, made by rfm(purchased_at, amount).';

CREATE FUNCTION crmcost.rfm_trans(
  state crmcost.rfm, purchased_at timestamptz, amount numeric
) RETURNS crmcost.rfm
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_trans';
COMMENT ON FUNCTION crmcost.rfm_trans(crmcost.rfm, timestamptz, numeric) IS
  'Transition function of rfm(purchased_at, amount).';

CREATE FUNCTION crmcost.rfm_combine(state crmcost.rfm, other crmcost.rfm)
  RETURNS crmcost.rfm
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_combine';
COMMENT ON FUNCTION crmcost.rfm_combine(crmcost.rfm, crmcost.rfm) IS
  'Combine function of rfm, transition function of rfm_merge.';

CREATE AGGREGATE crmcost.rfm(purchased_at timestamptz, amount numeric) (
  SFUNC = crmcost.rfm_trans,
  STYPE = crmcost.rfm,
  SSPACE = 64,
  COMBINEFUNC = crmcost.rfm_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.rfm(timestamptz, numeric) IS
  'First and last purchase, number of purchases and their exact sum; rows with a NULL are skipped, no rows give NULL.';

CREATE AGGREGATE crmcost.rfm_merge(summary crmcost.rfm) (
  SFUNC = crmcost.rfm_combine,
  STYPE = crmcost.rfm,
  SSPACE = 64,
  COMBINEFUNC = crmcost.rfm_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.rfm_merge(crmcost.rfm) IS
  'Merges stored purchase summaries (day to month to customer); NULLs are skipped.';

CREATE FUNCTION crmcost.first_at(summary crmcost.rfm) RETURNS timestamptz
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_first_at';
COMMENT ON FUNCTION crmcost.first_at(crmcost.rfm) IS
  'Instant of the first purchase.';

CREATE FUNCTION crmcost.last_at(summary crmcost.rfm) RETURNS timestamptz
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_last_at';
COMMENT ON FUNCTION crmcost.last_at(crmcost.rfm) IS
  'Instant of the last purchase.';

CREATE FUNCTION crmcost.frequency(summary crmcost.rfm) RETURNS bigint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_frequency';
COMMENT ON FUNCTION crmcost.frequency(crmcost.rfm) IS
  'Number of purchases.';

CREATE FUNCTION crmcost.monetary(summary crmcost.rfm) RETURNS numeric
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_monetary';
COMMENT ON FUNCTION crmcost.monetary(crmcost.rfm) IS
  'Exact sum of the amounts, in their unit.';

CREATE FUNCTION crmcost.average_order(summary crmcost.rfm) RETURNS numeric
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_average_order';
COMMENT ON FUNCTION crmcost.average_order(crmcost.rfm) IS
  'Mean amount of a purchase: monetary / frequency.';

CREATE FUNCTION crmcost.recency_days(summary crmcost.rfm, as_of timestamptz)
  RETURNS float8
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_recency_days';
COMMENT ON FUNCTION crmcost.recency_days(crmcost.rfm, timestamptz) IS
  'Days, with fractions, from the last purchase to as_of; an as_of before the last purchase is refused.';
