-- Grading by several factors at once.
CREATE FUNCTION crmcost.composite_score(scores numeric[], weights numeric[])
  RETURNS numeric
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  factors CONSTANT integer := cardinality(scores);
  score numeric;
  total numeric;
  unknown boolean;
  odd numeric;
BEGIN
  IF factors = 0 OR array_ndims(scores) <> 1 OR array_ndims(weights) <> 1
     OR cardinality(weights) <> factors THEN
    RAISE EXCEPTION 'weights must have one element for each of scores, not % for %',
                    cardinality(weights), factors
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT sum(f.v * f.w), sum(f.w), bool_or(f.v IS NULL OR f.w IS NULL),
         min(f.v) FILTER (WHERE f.v IN ('NaN', 'Infinity', '-Infinity'))
    INTO score, total, unknown, odd
    FROM unnest(scores, weights) AS f (v, w);
  IF odd IS NOT NULL THEN
    RAISE EXCEPTION 'scores must be finite, not %', odd
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  odd := (SELECT min(w) FROM unnest(weights) AS w
          WHERE NOT (w >= 0 AND w < 'Infinity'));
  IF odd IS NOT NULL THEN
    RAISE EXCEPTION 'weights must be finite and not negative, not %', odd
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF unknown THEN
    RETURN NULL;
  ELSIF total = 0 THEN
    RAISE EXCEPTION 'weights must not all be 0'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  RETURN CASE WHEN total = 1 THEN score ELSE score / total END;
END
$$;

COMMENT ON FUNCTION crmcost.composite_score(numeric[], numeric[]) IS
  'Mean of scores by weights: the sum of each score times its weight, by the sum of the weights, exact where that is 1; NULL where any element is NULL; weights finite, not negative and not all 0.';
