-- Step response: how the customers of a channel saturate with what is spent on it.
-- Least squares over the complete months with any spend, and the campaigns that were
-- measured against a control group: of the half saturation along a line of
-- logarithms, the capacity follows.
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
             coalesce(cardinality(e.spend), 0) AS experiments,
             CASE WHEN m.months < 6 THEN 'fewer than 6 months'
               ELSE f.not_fitted_because END AS not_fitted_because
      FROM (
        SELECT s.channel_code, count(*)::integer AS months,
               min(s.cost) AS spend_from, max(s.cost) AS spend_to,
               array_agg(s.cost::float8 ORDER BY s.month_start) AS spend,
               array_agg(coalesce(c.conversions, 0)::float8
                         ORDER BY s.month_start) AS customers,
               greatest(avg(coalesce(c.conversions, 0)), 1)::float8
                 AS variance
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
      LEFT JOIN (%3$s) e USING (channel_code)
      LEFT JOIN LATERAL crmcost._fit_saturation(
          m.spend || e.spend, m.customers || e.customers,
          array_fill(1::float8, ARRAY[m.months])
          || ARRAY(SELECT m.variance / u.variance
                   FROM unnest(e.variance) WITH ORDINALITY
                     AS u (variance, place)
                   ORDER BY u.place)) f
        ON m.months >= 6
    $query$, crmcost._last_complete_month(run.day),
    crmcost._setting(run.ledger, 'attribution_model'),
    crmcost._experiment_query(run)), 'true');
END
$$;

COMMENT ON FUNCTION crmcost._refresh_response(crmcost._run) IS
  'Step of refresh: response_curve; returns the rows changed.';

-- What campaigns with a control group, all of whose windows are over, brought in a
-- month of their spend, and how sure that is: the variance is from the interval of
-- the uplift, 2 * 1.96 standard errors wide.
CREATE FUNCTION crmcost._experiment_query(run crmcost._run) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT x.channel_code,
         array_agg((x.cost / x.months)::float8 ORDER BY x.code) AS spend,
         array_agg((x.won - x.won_anyway * x.targeted::float8 / x.control)
                   / x.months ORDER BY x.code) AS customers,
         array_agg(((i.upper - i.lower) / (2 * 1.959963984540054)
                    * x.targeted / x.months) ^ 2 ORDER BY x.code) AS variance
  FROM (
    SELECT k.code, k.channel_code, c.cost, c.months,
           sum(r.members) FILTER (WHERE r.role = 'target')::bigint AS targeted,
           sum(r.members) FILTER (WHERE r.role = 'control')::bigint AS control,
           sum(r.acquired) FILTER (WHERE r.role = 'target')::bigint AS won,
           sum(r.acquired) FILTER (WHERE r.role = 'control')::bigint
             AS won_anyway
    FROM campaign_result r
    JOIN campaign k ON k.code = r.campaign_code
    JOIN (SELECT campaign_code, sum(cost) AS cost,
                 count(DISTINCT month_start) AS months
          FROM cost_month
          WHERE bucket = 'acquisition'
          GROUP BY campaign_code
          HAVING sum(cost) > 0
                 AND coalesce(sum(unrated_parts)
                                FILTER (WHERE month_start >= %L), 0) = 0) c
      ON c.campaign_code = k.code
    GROUP BY k.code, k.channel_code, c.cost, c.months
    HAVING max(r.assigned_on) + %L::integer <= %L
           AND sum(r.members) FILTER (WHERE r.role = 'target') > 0
           AND sum(r.members) FILTER (WHERE r.role = 'control') > 0
  ) x
  CROSS JOIN LATERAL crmcost._uplift_interval(x.won, x.targeted, x.won_anyway,
                                              x.control) i
  GROUP BY x.channel_code
$query$, run.open_month, crmcost._setting(run.ledger, 'response_window_days'), run.day);

COMMENT ON FUNCTION crmcost._experiment_query(crmcost._run) IS
  'Query of the campaigns that are points of the curves of their channels, one row a channel.';

CREATE FUNCTION crmcost._saturation_at(
  spend float8[], response float8[], weight float8[], half_saturation float8,
  OUT capacity float8, OUT residual float8)
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT c.capacity,
         pg_catalog.sum(u.w * (u.y - c.capacity * u.x
                                     / (half_saturation + u.x)) ^ 2)
  FROM (SELECT pg_catalog.sum(v.w * v.y * v.x / (half_saturation + v.x))
               / pg_catalog.sum(v.w * (v.x / (half_saturation + v.x)) ^ 2)
                 AS capacity
        FROM unnest(spend, response, weight) AS v (x, y, w)) c,
       unnest(spend, response, weight) AS u (x, y, w)
  GROUP BY c.capacity;
END;

COMMENT ON FUNCTION crmcost._saturation_at(float8[], float8[], float8[], float8) IS
  'The best capacity for a half saturation, and the sum of squares that it leaves.';

-- The residuals have one minimum but for noise, so a grid comes before the golden
-- section.  At the far end of the grid the curve is a line, or bent the other way.
CREATE FUNCTION crmcost._best_half_saturation(
  spend float8[], response float8[], weight float8[]) RETURNS float8
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  golden CONSTANT float8 := (sqrt(5::float8) - 1) / 2;
  low float8 := (SELECT ln(max(s)) FROM unnest(spend) s) - 7;
  high float8;
  best integer;
  left_at float8;
  right_at float8;
  goes_left boolean;
BEGIN
  SELECT i INTO best FROM generate_series(0, 70) i
    ORDER BY (crmcost._saturation_at(spend, response, weight,
                                     exp(low + i * 0.2))).residual, i
    LIMIT 1;
  IF best >= 60 THEN              -- over e^5 times the largest spend
    RETURN NULL;
  END IF;
  high := low + (best + 1) * 0.2;
  low := low + (best - 1) * 0.2;
  FOR i IN 1 .. 60 LOOP
    left_at := high - golden * (high - low);
    right_at := low + golden * (high - low);
    SELECT l.residual <= r.residual INTO goes_left
      FROM crmcost._saturation_at(spend, response, weight, exp(left_at)) l
      CROSS JOIN crmcost._saturation_at(spend, response, weight,
                                        exp(right_at)) r;
    IF goes_left THEN
      high := right_at;
    ELSE
      low := left_at;
    END IF;
  END LOOP;
  RETURN exp((low + high) / 2);
END
$$;

COMMENT ON FUNCTION crmcost._best_half_saturation(float8[], float8[], float8[]) IS
  'Half saturation of the curve with the least sum of squares; NULL where a line is as good.';

CREATE FUNCTION crmcost._fit_saturation(
  spend float8[], response float8[], weight float8[], OUT capacity float8,
  OUT half_saturation float8, OUT r_squared float8,
  OUT not_fitted_because text)
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM unnest(response) r WHERE r > 0) THEN
    not_fitted_because := 'no customers';
  ELSIF (SELECT min(s) = max(s) FROM unnest(spend) s) THEN
    not_fitted_because := 'the same spend in all months';
  ELSE
    half_saturation := crmcost._best_half_saturation(spend, response, weight);
    IF half_saturation IS NULL THEN
      not_fitted_because := 'no saturation';
    END IF;
  END IF;
  IF not_fitted_because IS NOT NULL THEN
    RETURN;
  END IF;
  SELECT s.capacity, 1 - s.residual / nullif(
           (SELECT sum(p.w * (p.y - m.mean) ^ 2)
            FROM unnest(response, weight) AS p (y, w)
            CROSS JOIN (SELECT sum(q.w * q.y) / sum(q.w) AS mean
                        FROM unnest(response, weight) AS q (y, w)) m), 0)
    INTO capacity, r_squared
    FROM crmcost._saturation_at(spend, response, weight, half_saturation) s;
  IF capacity <= 0 THEN
    not_fitted_because := 'no customers';
    capacity := NULL;
    half_saturation := NULL;
    r_squared := NULL;
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._fit_saturation(float8[], float8[], float8[]) IS
  'Least squares, by weight, of response = capacity * spend / (half_saturation + spend), or why there are none.';
