-- Who holds how much of the total: ABC tiers and the whale curve.

CREATE FUNCTION crmcost.abc_tier(
  value numeric, a numeric DEFAULT 0.80, b numeric DEFAULT 0.95
) RETURNS text
  LANGUAGE c IMMUTABLE WINDOW PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'abc_tier';
COMMENT ON FUNCTION crmcost.abc_tier(numeric, numeric, numeric) IS
  'Window function: A while strictly larger values hold less than share a of the positive total, B below b, else C; equal values share a tier, values <= 0 are C, NULL gives NULL.';

CREATE FUNCTION crmcost.cumulative_share(value numeric) RETURNS numeric
  LANGUAGE c IMMUTABLE WINDOW PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'cumulative_share';
COMMENT ON FUNCTION crmcost.cumulative_share(numeric) IS
  'Window function: running share of the signed total, largest value first, ties together; the whale curve, which may exceed 1; NULL gives NULL, a zero total too.';
