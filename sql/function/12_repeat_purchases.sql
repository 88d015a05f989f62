-- Purchases by day: what buy-till-you-die models need of a customer.

CREATE TYPE crmcost.repeat_purchases;

CREATE FUNCTION crmcost.repeat_purchases_in(text cstring)
  RETURNS crmcost.repeat_purchases
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'repeat_purchases_in';
COMMENT ON FUNCTION crmcost.repeat_purchases_in(cstring) IS
  'Input function of type repeat_purchases: (version,total of the first day,total,day,...), days ascending in ISO 8601.';

CREATE FUNCTION crmcost.repeat_purchases_out(
  purchases crmcost.repeat_purchases
) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'repeat_purchases_out';
COMMENT ON FUNCTION crmcost.repeat_purchases_out(crmcost.repeat_purchases) IS
  'Output function of type repeat_purchases; the same text under every session setting.';

CREATE FUNCTION crmcost.repeat_purchases_recv(buffer internal)
  RETURNS crmcost.repeat_purchases
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'repeat_purchases_recv';
COMMENT ON FUNCTION crmcost.repeat_purchases_recv(internal) IS
  'Binary input function of type repeat_purchases.';

CREATE FUNCTION crmcost.repeat_purchases_send(
  purchases crmcost.repeat_purchases
) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'repeat_purchases_send';
COMMENT ON FUNCTION crmcost.repeat_purchases_send(crmcost.repeat_purchases) IS
  'Binary output function of type repeat_purchases.';

CREATE TYPE crmcost.repeat_purchases (
  INPUT = crmcost.repeat_purchases_in,
  OUTPUT = crmcost.repeat_purchases_out,
  RECEIVE = crmcost.repeat_purchases_recv,
  SEND = crmcost.repeat_purchases_send,
  INTERNALLENGTH = VARIABLE,
  ALIGNMENT = double,
  STORAGE = extended
);
COMMENT ON TYPE crmcost.repeat_purchases IS
  'Purchases of one customer with those of a day merged into one; mergeable, made by repeat_purchases(purchased_on, amount).';

CREATE FUNCTION crmcost.repeat_purchases_trans(
  state crmcost.repeat_purchases, purchased_on date, amount numeric
) RETURNS crmcost.repeat_purchases
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'repeat_purchases_trans';
COMMENT ON FUNCTION crmcost.repeat_purchases_trans(crmcost.repeat_purchases, date, numeric) IS
  'Transition function of repeat_purchases(purchased_on, amount).';

CREATE FUNCTION crmcost.repeat_purchases_combine(
  state crmcost.repeat_purchases, other crmcost.repeat_purchases
) RETURNS crmcost.repeat_purchases
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'repeat_purchases_combine';
COMMENT ON FUNCTION crmcost.repeat_purchases_combine(crmcost.repeat_purchases, crmcost.repeat_purchases) IS
  'Combine function of repeat_purchases, transition function of repeat_purchases_merge.';

CREATE FUNCTION crmcost.repeat_purchases_final(state crmcost.repeat_purchases)
  RETURNS crmcost.repeat_purchases
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'repeat_purchases_final';
COMMENT ON FUNCTION crmcost.repeat_purchases_final(crmcost.repeat_purchases) IS
  'Final function of repeat_purchases: the days in order.';

CREATE AGGREGATE crmcost.repeat_purchases(purchased_on date, amount numeric) (
  SFUNC = crmcost.repeat_purchases_trans,
  STYPE = crmcost.repeat_purchases,
  SSPACE = 160,
  FINALFUNC = crmcost.repeat_purchases_final,
  COMBINEFUNC = crmcost.repeat_purchases_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.repeat_purchases(date, numeric) IS
  'A customer''s days with purchases and their totals, for lifetime value models; rows with a NULL are skipped, no rows give NULL.';

CREATE AGGREGATE crmcost.repeat_purchases_merge(
  purchases crmcost.repeat_purchases
) (
  SFUNC = crmcost.repeat_purchases_combine,
  STYPE = crmcost.repeat_purchases,
  SSPACE = 160,
  FINALFUNC = crmcost.repeat_purchases_final,
  COMBINEFUNC = crmcost.repeat_purchases_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.repeat_purchases_merge(crmcost.repeat_purchases) IS
  'Merges stored purchases of one customer; NULLs are skipped.';

CREATE FUNCTION crmcost.frequency(purchases crmcost.repeat_purchases)
  RETURNS bigint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'repeat_purchases_frequency';
COMMENT ON FUNCTION crmcost.frequency(crmcost.repeat_purchases) IS
  'x: number of days with a purchase after the first such day.';

CREATE FUNCTION crmcost.recency(purchases crmcost.repeat_purchases)
  RETURNS int
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'repeat_purchases_recency';
COMMENT ON FUNCTION crmcost.recency(crmcost.repeat_purchases) IS
  't_x: days from the first purchase to the last; 0 when there was one day only.';

CREATE FUNCTION crmcost.age(purchases crmcost.repeat_purchases, as_of date)
  RETURNS int
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'repeat_purchases_age';
COMMENT ON FUNCTION crmcost.age(crmcost.repeat_purchases, date) IS
  'T: days from the first purchase to as_of; an as_of before the last purchase is refused.';

CREATE FUNCTION crmcost.monetary_value(purchases crmcost.repeat_purchases)
  RETURNS numeric
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'repeat_purchases_monetary_value';
COMMENT ON FUNCTION crmcost.monetary_value(crmcost.repeat_purchases) IS
  'Mean of the daily totals after the first day; NULL when frequency is 0.';
