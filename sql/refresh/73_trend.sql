-- Step total, too: the year before each month, by category and channel.  A month
-- that was written is in the year before the twelve after it.
CREATE FUNCTION crmcost._write_cost_trend(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  first_month CONSTANT date := CASE WHEN run.whole THEN run.open_month
    ELSE greatest((SELECT min(c.month_start) FROM pg_temp.refresh_cost_month c),
                  run.open_month) END;
  before_month CONSTANT date := CASE WHEN run.whole THEN 'infinity'
    ELSE (SELECT max(c.month_start) + interval '13 months'
          FROM pg_temp.refresh_cost_month c) END;
  year_before CONSTANT date := CASE WHEN isfinite(first_month)
    THEN first_month - interval '1 year' ELSE first_month END;
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'cost_trend', format($query$
    SELECT month_start, category_code, channel_code, cost_month_before,
           cost_year_before, months_before, mean_before, spread_before
    FROM (
      SELECT month_start, category_code, channel_code,
             sum(cost) OVER (along RANGE BETWEEN 1 PRECEDING AND 1 PRECEDING)
               AS cost_month_before,
             sum(cost) OVER (along RANGE BETWEEN 12 PRECEDING
                                             AND 12 PRECEDING)
               AS cost_year_before,
             count(known_cost) OVER year_before AS months_before,
             avg(known_cost) OVER year_before AS mean_before,
             stddev_samp(known_cost) OVER year_before AS spread_before
      FROM (
        SELECT month_start, category_code, channel_code,
               (12 * extract(year FROM month_start)
                + extract(month FROM month_start))::integer AS n,
               sum(cost) AS cost,
               -- a month of which no cost has a rate is not one without cost
               CASE WHEN sum(cost) <> 0 OR sum(unrated_parts) = 0
                 THEN sum(cost) END AS known_cost
        FROM cost_month
        WHERE month_start >= %3$L AND month_start < %2$L
        GROUP BY month_start, category_code, channel_code
      ) monthly
      WINDOW along AS (PARTITION BY category_code, channel_code ORDER BY n),
             year_before AS (along RANGE BETWEEN 12 PRECEDING
                                             AND 1 PRECEDING)
    ) timed
    WHERE month_start >= %1$L
  $query$, first_month, before_month, year_before),
    format('old.month_start >= %L AND old.month_start < %L', first_month,
           before_month));
END
$$;

COMMENT ON FUNCTION crmcost._write_cost_trend(crmcost._run) IS
  'Writes cost_trend of the months that cost_month of refresh_cost_month has a part in; returns the rows changed.';
