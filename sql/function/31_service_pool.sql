-- Cost of pools that serve other pools, passed on to those that do not.

CREATE FUNCTION crmcost.step_down(
  own numeric[], share numeric[][], scale int DEFAULT 2
) RETURNS numeric[]
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'step_down';
COMMENT ON FUNCTION crmcost.step_down(numeric[], numeric[][], int) IS
  'Cost each row ends with when service rows pass theirs on to later rows, in order and to the last digit; share[i][j] is the part of row i that row j uses, each row summing to 1, or to 0 for a final receiver.';

CREATE FUNCTION crmcost.reciprocal(
  own numeric[], share numeric[][], scale int DEFAULT 2
) RETURNS numeric[]
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'reciprocal';
COMMENT ON FUNCTION crmcost.reciprocal(numeric[], numeric[][], int) IS
  'The same with service rows that charge each other at the same time, by simultaneous equations; the result sums to the cost there was; a closed loop is refused.';
