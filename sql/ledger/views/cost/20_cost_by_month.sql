-- Cost by month at the finest grain that dashboards cut by.  The comparisons
-- are with the same category and channel: one month and twelve months before.
-- A month is unusual by the spread of the year before it; the 10 % keep months
-- that were all alike from making every cent a signal.  A month that is not
-- over is compared with nothing but its baseline, which is then one to date.
--
-- A baseline of plan (of the scenario that setting plan_scenario names) is
-- compared as a whole: with all cost of its category and below, on its channel
-- and below, which may be in several rows.  Each of them shows the nearest
-- baseline: first by category, then by channel.  Baselines of campaigns and
-- tiers, or of an aspect alone, are about other things.
CREATE VIEW cost_by_month WITH (security_invoker = true) AS
WITH monthly AS NOT MATERIALIZED (
  SELECT c.month_start, c.category_code, c.channel_code, c.bucket, c.resource,
         (c.month_start + interval '1 month')::date - 1 <= r.as_of AS complete,
         sum(c.cost) AS cost, sum(c.direct_cost) AS direct_cost,
         sum(c.allocated_cost) AS allocated_cost,
         sum(c.unused_cost) AS unused_cost,
         sum(c.unallocated_cost) AS unallocated_cost
  FROM cost_month c
  CROSS JOIN last_refresh r
  GROUP BY c.month_start, c.category_code, c.channel_code, c.bucket,
           c.resource, r.as_of
),
baseline AS (
  SELECT m.month_start, p.category_code, p.channel_code,
         sum(crmcost._to_date(
               m.part, greatest(m.month_start, lower(p.period)),
               least((m.month_start + interval '1 month')::date,
                     upper(p.period)) - 1, p.as_of, 4)) AS cost
  FROM (
    SELECT p.category_code, p.channel_code, p.period, r.as_of,
           CASE
             WHEN p.currency IS NULL
                  OR p.currency = (SELECT value FROM setting
                                   WHERE key = 'base_currency')
               THEN p.amount
             ELSE round(p.amount * (SELECT x.to_base FROM fx_rate x
                                    WHERE x.currency = p.currency
                                          AND x.valid_from <= lower(p.period)
                                    ORDER BY x.valid_from DESC LIMIT 1), 4)
           END AS amount
    FROM plan p
    CROSS JOIN last_refresh r
    WHERE p.kind = 'baseline' AND p.measure = 'cost'
          AND p.scenario = (SELECT value FROM setting
                            WHERE key = 'plan_scenario')
          AND num_nonnulls(p.campaign_code, p.tier_code) = 0
          AND (p.aspect IS NULL
               OR num_nonnulls(p.category_code, p.channel_code) > 0)
  ) p
  CROSS JOIN LATERAL crmcost.spread(p.amount, p.period, 4) m
  WHERE m.month_start <= p.as_of
  GROUP BY m.month_start, p.category_code, p.channel_code
),
-- of a code and those above it the nearest; no code at all is the farthest
compared AS (
  SELECT DISTINCT ON (month_start, category_code, channel_code)
         month_start, category_code, channel_code, baseline_cost, covered_cost
  FROM (
    SELECT m.month_start, m.category_code, m.channel_code,
           b.cost AS baseline_cost, k.distance AS category_distance,
           h.distance AS channel_distance,
           sum(m.cost) OVER (PARTITION BY b.month_start, b.category_code,
                             b.channel_code) AS covered_cost
    FROM baseline b
    JOIN monthly m USING (month_start)
    LEFT JOIN category_lineage k
      ON k.code = m.category_code AND k.ancestor = b.category_code
    LEFT JOIN channel_lineage h
      ON h.code = m.channel_code AND h.ancestor = b.channel_code
    WHERE (b.category_code IS NULL OR k.code IS NOT NULL)
          AND (b.channel_code IS NULL OR h.code IS NOT NULL)
  ) met
  ORDER BY month_start, category_code, channel_code, category_distance,
           channel_distance
)
SELECT
  m.month_start, m.bucket COLLATE "default" AS bucket,
  m.category_code COLLATE "default" AS category_code,
  m.channel_code COLLATE "default" AS channel_code,
  m.resource COLLATE "default" AS resource, m.cost,
  CASE WHEN m.complete AND t.cost_month_before > 0
    THEN round(m.cost / t.cost_month_before - 1, 6) END AS mom_rate,
  CASE WHEN m.complete AND t.cost_year_before > 0
    THEN round(m.cost / t.cost_year_before - 1, 6) END AS yoy_rate,
  b.baseline_cost,
  CASE WHEN b.baseline_cost > 0
    THEN round(b.covered_cost / b.baseline_cost - 1, 6)
  END AS vs_baseline_rate,
  CASE WHEN m.complete AND t.months_before >= 3
    THEN round((m.cost - t.mean_before) / nullif(t.spread_before, 0), 6)
  END AS z_score,
  CASE WHEN m.complete AND t.months_before >= 3
    THEN abs(m.cost - t.mean_before)
         > greatest(2 * t.spread_before, abs(t.mean_before) / 10)
  END AS unusual,
  m.direct_cost, m.allocated_cost, m.unused_cost, m.unallocated_cost,
  m.complete,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh,
                 m.bucket COLLATE "default") AS bucket_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 k.name, k.name_zh,
                 m.category_code COLLATE "default") AS category_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh,
                 m.channel_code COLLATE "default") AS channel_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 v.name, v.name_zh,
                 m.resource COLLATE "default") AS resource_name,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM monthly m
LEFT JOIN cost_trend t
  ON t.month_start = m.month_start AND t.category_code = m.category_code
     AND t.channel_code = m.channel_code
LEFT JOIN compared b
  ON b.month_start = m.month_start AND b.category_code = m.category_code
     AND b.channel_code = m.channel_code
LEFT JOIN term w ON w.kind = 'bucket' AND w.code = m.bucket
LEFT JOIN term v ON v.kind = 'resource' AND v.code = m.resource
LEFT JOIN cost_category k ON k.code = m.category_code
LEFT JOIN channel h ON h.code = m.channel_code;

COMMENT ON VIEW cost_by_month IS
'Cost by month, category and channel, one row each where something counts.';
COMMENT ON COLUMN cost_by_month.month_start IS 'First day of the month.';
COMMENT ON COLUMN cost_by_month.bucket IS 'Kind of customer cost.';
COMMENT ON COLUMN cost_by_month.category_code IS 'Cost category.';
COMMENT ON COLUMN cost_by_month.channel_code IS 'Channel; (unknown) where it is not known.';
COMMENT ON COLUMN cost_by_month.resource IS 'What was used up: human, financial, technical or process.';
COMMENT ON COLUMN cost_by_month.cost IS 'Cost that counts in the month; entries without a rate are left out.';
COMMENT ON COLUMN cost_by_month.mom_rate IS 'Change against the month before, 0.6 for 60 % more; NULL when nothing was booked then, and in a month that is not over.';
COMMENT ON COLUMN cost_by_month.yoy_rate IS 'Change against the same month a year before; NULL likewise.';
COMMENT ON COLUMN cost_by_month.baseline_cost IS 'Nearest baseline that the category and channel fall under, for the month, and in one that is not over for its days so far; NULL without one.';
COMMENT ON COLUMN cost_by_month.vs_baseline_rate IS 'Change of all cost that falls under the baseline against it, the same in each of these rows; NULL without one.';
COMMENT ON COLUMN cost_by_month.z_score IS 'Distance from the mean of the twelve months before in standard deviations; NULL with fewer than three of them, when they are all equal, and in a month that is not over.';
COMMENT ON COLUMN cost_by_month.unusual IS 'Whether the cost is off that mean by more than two standard deviations and more than 10 %; NULL with fewer than three months before, and in a month that is not over.';
COMMENT ON COLUMN cost_by_month.direct_cost IS 'Part that was booked on customers.';
COMMENT ON COLUMN cost_by_month.allocated_cost IS 'Part that allocation rules gave to customers.';
COMMENT ON COLUMN cost_by_month.unused_cost IS 'Part for capacity that nobody used.';
COMMENT ON COLUMN cost_by_month.unallocated_cost IS 'Part that nobody bears for want of a rule or a driver.';
COMMENT ON COLUMN cost_by_month.complete IS 'Whether the month is over on the report day.';
COMMENT ON COLUMN cost_by_month.bucket_name IS 'Its name.';
COMMENT ON COLUMN cost_by_month.category_name IS 'Its name.';
COMMENT ON COLUMN cost_by_month.channel_name IS 'Its name.';
COMMENT ON COLUMN cost_by_month.resource_name IS 'Its name.';
COMMENT ON COLUMN cost_by_month.currency IS 'Base currency, which all money here is in.';
