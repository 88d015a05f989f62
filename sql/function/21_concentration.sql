-- How concentrated a total is: share of the largest, Gini coefficient.

CREATE TYPE crmcost.value_bag;

CREATE FUNCTION crmcost.value_bag_in(text cstring) RETURNS crmcost.value_bag
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'value_bag_in';
COMMENT ON FUNCTION crmcost.value_bag_in(cstring) IS
  'Input function of type value_bag: (version,fraction or -,value,...).';

CREATE FUNCTION crmcost.value_bag_out(bag crmcost.value_bag) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'value_bag_out';
COMMENT ON FUNCTION crmcost.value_bag_out(crmcost.value_bag) IS
  'Output function of type value_bag.';

CREATE FUNCTION crmcost.value_bag_recv(buffer internal)
  RETURNS crmcost.value_bag
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'value_bag_recv';
COMMENT ON FUNCTION crmcost.value_bag_recv(internal) IS
  'Binary input function of type value_bag.';

CREATE FUNCTION crmcost.value_bag_send(bag crmcost.value_bag) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'value_bag_send';
COMMENT ON FUNCTION crmcost.value_bag_send(crmcost.value_bag) IS
  'Binary output function of type value_bag.';

CREATE TYPE crmcost.value_bag (
  INPUT = crmcost.value_bag_in,
  OUTPUT = crmcost.value_bag_out,
  RECEIVE = crmcost.value_bag_recv,
  SEND = crmcost.value_bag_send,
  INTERNALLENGTH = VARIABLE,
  ALIGNMENT = double,
  STORAGE = extended
);
COMMENT ON TYPE crmcost.value_bag IS
  'State of top_share, gini and gini_signed: all values, 16 bytes each.';

CREATE FUNCTION crmcost.value_bag_trans(
  state crmcost.value_bag, value numeric
) RETURNS crmcost.value_bag
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'value_bag_trans';
COMMENT ON FUNCTION crmcost.value_bag_trans(crmcost.value_bag, numeric) IS
  'Transition function of gini and gini_signed.';

CREATE FUNCTION crmcost.value_bag_trans(
  state crmcost.value_bag, value numeric, fraction numeric
) RETURNS crmcost.value_bag
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'value_bag_trans';
COMMENT ON FUNCTION crmcost.value_bag_trans(crmcost.value_bag, numeric, numeric) IS
  'Transition function of top_share.';

CREATE FUNCTION crmcost.value_bag_combine(
  state crmcost.value_bag, other crmcost.value_bag
) RETURNS crmcost.value_bag
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'value_bag_combine';
COMMENT ON FUNCTION crmcost.value_bag_combine(crmcost.value_bag, crmcost.value_bag) IS
  'Combine function of top_share, gini and gini_signed.';

CREATE FUNCTION crmcost.top_share_final(state crmcost.value_bag)
  RETURNS numeric
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'top_share_final';
COMMENT ON FUNCTION crmcost.top_share_final(crmcost.value_bag) IS
  'Final function of top_share.';

CREATE FUNCTION crmcost.gini_final(state crmcost.value_bag) RETURNS float8
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'gini_final';
COMMENT ON FUNCTION crmcost.gini_final(crmcost.value_bag) IS
  'Final function of gini.';

CREATE FUNCTION crmcost.gini_signed_final(state crmcost.value_bag)
  RETURNS float8
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'gini_signed_final';
COMMENT ON FUNCTION crmcost.gini_signed_final(crmcost.value_bag) IS
  'Final function of gini_signed.';

CREATE AGGREGATE crmcost.top_share(value numeric, fraction numeric) (
  SFUNC = crmcost.value_bag_trans,
  STYPE = crmcost.value_bag,
  SSPACE = 65536,
  FINALFUNC = crmcost.top_share_final,
  COMBINEFUNC = crmcost.value_bag_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.top_share(numeric, numeric) IS
  'Share of the signed total held by the ceil(fraction * n) largest values, 0 <= fraction <= 1; NULLs are skipped, a zero total gives NULL.';

CREATE AGGREGATE crmcost.gini(value numeric) (
  SFUNC = crmcost.value_bag_trans,
  STYPE = crmcost.value_bag,
  SSPACE = 65536,
  FINALFUNC = crmcost.gini_final,
  COMBINEFUNC = crmcost.value_bag_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.gini(numeric) IS
  'Gini coefficient, 0 when all are equal, 1 - 1/n when one holds all; NULLs are skipped, a negative value or a zero total is refused.';

CREATE AGGREGATE crmcost.gini_signed(value numeric) (
  SFUNC = crmcost.value_bag_trans,
  STYPE = crmcost.value_bag,
  SSPACE = 65536,
  FINALFUNC = crmcost.gini_signed_final,
  COMBINEFUNC = crmcost.value_bag_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.gini_signed(numeric) IS
  'Gini coefficient that allows losses: over the sum of absolute values (Raffinetti, Siletti and Vernizzi 2015), within 0 and 1; NULLs are skipped.';
