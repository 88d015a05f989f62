-- Step response: how the customers of a channel saturate with what is spent on it.
-- Least squares over the complete months with any spend: of the half saturation
-- along a line of logarithms, the capacity follows.
CREATE FUNCTION crmcost._refresh_response(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  RETURN crmcost._write_difference(run.ledger, 'response_curve',
    format($query$
      SELECT m.channel_code, m.months, m.spend_from, m.spend_to,
             round(f.capacity::numeric, 6) AS capacity,
             round(f.half_saturation::numeric, 6) AS half_saturation,
             round(f.r_squared::numeric, 6) AS r_squared,
             f.not_fitted_because
      FROM (
        SELECT s.channel_code, count(*)::integer AS months,
               min(s.cost) AS spend_from, max(s.cost) AS spend_to,
               array_agg(s.cost::float8 ORDER BY s.month_start) AS spend,
               array_agg(coalesce(c.conversions, 0)::float8
                         ORDER BY s.month_start) AS customers
        FROM (SELECT month_start, channel_code, sum(cost) AS cost
              FROM cost_month
              WHERE bucket = 'acquisition' AND channel_code <> '(unknown)'
                    AND month_start <= %1$L
              GROUP BY month_start, channel_code
              HAVING sum(cost) > 0) s
        LEFT JOIN (SELECT month_start, channel_code,
                          sum(conversions) AS conversions
                   FROM credit_month
                   WHERE conversion_kind = 'acquisition' AND model = %2$L
                   GROUP BY month_start, channel_code) c
          USING (month_start, channel_code)
        GROUP BY s.channel_code
      ) m
      CROSS JOIN LATERAL crmcost._fit_saturation(m.spend, m.customers) f
    $query$, crmcost._last_complete_month(run.day),
    crmcost._setting(run.ledger, 'attribution_model')), 'true');
END
$$;

COMMENT ON FUNCTION crmcost._refresh_response(crmcost._run) IS
  'Step of refresh: response_curve; returns the rows changed.';

CREATE FUNCTION crmcost._saturation_at(
  spend float8[], response float8[], half_saturation float8,
  OUT capacity float8, OUT residual float8)
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT c.capacity,
         pg_catalog.sum((u.y - c.capacity * u.x / (half_saturation + u.x)) ^ 2)
  FROM (SELECT pg_catalog.sum(v.y * v.x / (half_saturation + v.x))
               / pg_catalog.sum((v.x / (half_saturation + v.x)) ^ 2)
                 AS capacity
        FROM unnest(spend, response) AS v (x, y)) c,
       unnest(spend, response) AS u (x, y)
  GROUP BY c.capacity;
END;

COMMENT ON FUNCTION crmcost._saturation_at(float8[], float8[], float8) IS
  'The best capacity for a half saturation, and the sum of squares that it leaves.';

-- The residuals have one minimum but for noise, so a grid comes before the golden
-- section.  At the far end of the grid the curve is a line, or bent the other way.
CREATE FUNCTION crmcost._fit_saturation(
  spend float8[], response float8[], OUT capacity float8,
  OUT half_saturation float8, OUT r_squared float8,
  OUT not_fitted_because text)
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  golden CONSTANT float8 := (sqrt(5::float8) - 1) / 2;
  most CONSTANT float8 := (SELECT max(s) FROM unnest(spend) s);
  low float8 := ln(most) - 7;
  high float8 := ln(most) + 7;
  best integer;
  left_at float8;
  right_at float8;
BEGIN
  not_fitted_because := CASE
    WHEN cardinality(spend) < 6 THEN 'fewer than 6 months'
    WHEN most = (SELECT min(s) FROM unnest(spend) s)
      THEN 'the same spend in all months'
    WHEN NOT EXISTS (SELECT FROM unnest(response) r WHERE r > 0)
      THEN 'no customers' END;
  IF not_fitted_because IS NOT NULL THEN
    RETURN;
  END IF;
  SELECT i INTO best FROM generate_series(0, 70) i
    ORDER BY (crmcost._saturation_at(spend, response,
                                     exp(low + i * 0.2))).residual, i
    LIMIT 1;
  IF best >= 60 THEN              -- over e^5 times the largest spend
    not_fitted_because := 'no saturation';
    RETURN;
  END IF;
  high := low + (best + 1) * 0.2;
  low := low + (best - 1) * 0.2;
  FOR i IN 1 .. 60 LOOP
    left_at := high - golden * (high - low);
    right_at := low + golden * (high - low);
    IF (crmcost._saturation_at(spend, response, exp(left_at))).residual
       <= (crmcost._saturation_at(spend, response, exp(right_at))).residual
    THEN
      high := right_at;
    ELSE
      low := left_at;
    END IF;
  END LOOP;
  half_saturation := exp((low + high) / 2);
  SELECT s.capacity, 1 - s.residual / nullif(
           (SELECT sum((r - m.mean) ^ 2)
            FROM unnest(response) r
            CROSS JOIN (SELECT avg(r) AS mean FROM unnest(response) r) m), 0)
    INTO capacity, r_squared
    FROM crmcost._saturation_at(spend, response, half_saturation) s;
END
$$;

COMMENT ON FUNCTION crmcost._fit_saturation(float8[], float8[]) IS
  'Least squares of response = capacity * spend / (half_saturation + spend), or why there are none.';
