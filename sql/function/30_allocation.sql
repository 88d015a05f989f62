-- Splits an amount by weights, to the last digit.

CREATE FUNCTION crmcost.allocate(
  amount numeric, weight numeric, scale int DEFAULT 2
) RETURNS numeric
  LANGUAGE c IMMUTABLE WINDOW PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'window_allocate';
COMMENT ON FUNCTION crmcost.allocate(numeric, numeric, int) IS
  'Window function: this row''s part of the partition''s amount by largest remainder, in multiples of 10^-scale that sum to it exactly; ties go to the first rows; a NULL or zero weight gets 0, all zero gives NULL.';

CREATE FUNCTION crmcost.allocate(
  amount numeric, weights numeric[], scale int DEFAULT 2
) RETURNS numeric[]
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'allocate';
COMMENT ON FUNCTION crmcost.allocate(numeric, numeric[], int) IS
  'The amount split by weights by largest remainder, in multiples of 10^-scale that sum to it exactly; all weights zero gives NULLs.';
