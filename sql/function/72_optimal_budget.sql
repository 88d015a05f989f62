-- The best split of a budget over channels whose response saturates.

CREATE FUNCTION crmcost.optimal_budget(
  total numeric, capacity float8[], half_saturation float8[],
  minimum numeric[] DEFAULT NULL, maximum numeric[] DEFAULT NULL,
  scale int DEFAULT 2
) RETURNS numeric[]
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'optimal_budget';
COMMENT ON FUNCTION crmcost.optimal_budget(numeric, float8[], float8[], numeric[], numeric[], int) IS
  'Splits the total over channels with response capacity * x / (half_saturation + x) so that the sum of responses is largest: equal marginal response within the bounds; parts have scale decimals and sum to the total; a NULL bound is none, NULL elsewhere gives NULL.';
