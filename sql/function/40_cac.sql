-- Customer acquisition cost: a ratio of sums.

CREATE TYPE crmcost.cac_sums;

CREATE FUNCTION crmcost.cac_sums_in(text cstring) RETURNS crmcost.cac_sums
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'cac_sums_in';
COMMENT ON FUNCTION crmcost.cac_sums_in(cstring) IS
  'Input function of type cac_sums: (version,cost,customers).';

CREATE FUNCTION crmcost.cac_sums_out(sums crmcost.cac_sums) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'cac_sums_out';
COMMENT ON FUNCTION crmcost.cac_sums_out(crmcost.cac_sums) IS
  'Output function of type cac_sums.';

CREATE FUNCTION crmcost.cac_sums_recv(buffer internal)
  RETURNS crmcost.cac_sums
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'cac_sums_recv';
COMMENT ON FUNCTION crmcost.cac_sums_recv(internal) IS
  'Binary input function of type cac_sums.';

CREATE FUNCTION crmcost.cac_sums_send(sums crmcost.cac_sums) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'cac_sums_send';
COMMENT ON FUNCTION crmcost.cac_sums_send(crmcost.cac_sums) IS
  'Binary output function of type cac_sums.';

CREATE TYPE crmcost.cac_sums (
  INPUT = crmcost.cac_sums_in,
  OUTPUT = crmcost.cac_sums_out,
  RECEIVE = crmcost.cac_sums_recv,
  SEND = crmcost.cac_sums_send,
  INTERNALLENGTH = VARIABLE,
  ALIGNMENT = double,
  STORAGE = plain
);
COMMENT ON TYPE crmcost.cac_sums IS
  'State of the aggregate cac: exact cost and number of customers, 48 bytes.';

CREATE FUNCTION crmcost.cac_trans(
  state crmcost.cac_sums, cost numeric, customers bigint
) RETURNS crmcost.cac_sums
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'cac_trans';
COMMENT ON FUNCTION crmcost.cac_trans(crmcost.cac_sums, numeric, bigint) IS
  'Transition function of cac(cost, customers).';

CREATE FUNCTION crmcost.cac_trans(
  state crmcost.cac_sums, cost numeric, acquired boolean
) RETURNS crmcost.cac_sums
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'acquired_cac_trans';
COMMENT ON FUNCTION crmcost.cac_trans(crmcost.cac_sums, numeric, boolean) IS
  'Transition function of cac(cost, acquired).';

CREATE FUNCTION crmcost.cac_combine(
  state crmcost.cac_sums, other crmcost.cac_sums
) RETURNS crmcost.cac_sums
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'cac_combine';
COMMENT ON FUNCTION crmcost.cac_combine(crmcost.cac_sums, crmcost.cac_sums) IS
  'Combine function of cac.';

CREATE FUNCTION crmcost.cac_final(state crmcost.cac_sums) RETURNS numeric
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'cac_final';
COMMENT ON FUNCTION crmcost.cac_final(crmcost.cac_sums) IS
  'Final function of cac.';

CREATE AGGREGATE crmcost.cac(cost numeric, customers bigint) (
  SFUNC = crmcost.cac_trans,
  STYPE = crmcost.cac_sums,
  SSPACE = 48,
  FINALFUNC = crmcost.cac_final,
  COMBINEFUNC = crmcost.cac_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.cac(numeric, bigint) IS
  'Customer acquisition cost: sum of cost over sum of customers; a NULL adds nothing to its sum; NULL when no customer was acquired.';

CREATE AGGREGATE crmcost.cac(cost numeric, acquired boolean) (
  SFUNC = crmcost.cac_trans,
  STYPE = crmcost.cac_sums,
  SSPACE = 48,
  FINALFUNC = crmcost.cac_final,
  COMBINEFUNC = crmcost.cac_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.cac(numeric, boolean) IS
  'Customer acquisition cost: sum of cost over the number of rows with acquired true; NULL when none is.';

-- Of no customer there is no cac to be known.
CREATE FUNCTION crmcost._is_cac_unknown(unrated_entries bigint,
                                        customers bigint, cac numeric)
  RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN unrated_entries > 0 OR customers > 0 AND cac IS NULL;

COMMENT ON FUNCTION crmcost._is_cac_unknown(bigint, bigint, numeric) IS
  'Whether a month of channel_cac has cost without a rate, its own or shared, so that sums over it give no cac.';
