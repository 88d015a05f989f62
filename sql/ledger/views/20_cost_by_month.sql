-- Cost by month at the finest grain that dashboards cut by.  The comparisons
-- are with the same category, channel and resource: one month and twelve months
-- before.  A month is unusual by the spread of the year before it; the 10 % keep
-- months that were all alike from making every cent a signal.
--
-- A baseline of plan is compared as a whole: with all cost of its category and
-- below, on its channel and below, which may be in several rows.  Each of them
-- shows the nearest baseline: first by category, then by channel.  Baselines of
-- campaigns and tiers, or of an aspect alone, are about other things, and those
-- of other scenarios than default are not compared.
CREATE VIEW cost_by_month WITH (security_invoker = true) AS
WITH RECURSIVE
-- every code is below itself and below all, which is ''; '' is no channel, too
category_below (code, ancestor) AS (
  SELECT code, code FROM cost_category
  UNION
  SELECT b.code, coalesce(c.parent_code, '')
  FROM category_below b JOIN cost_category c ON c.code = b.ancestor
),
channel_below (code, ancestor) AS (
  SELECT '', ''
  UNION
  SELECT code, code FROM channel
  UNION
  SELECT b.code, coalesce(c.parent_code, '')
  FROM channel_below b JOIN channel c ON c.code = b.ancestor
),
monthly AS (
  SELECT c.month_start, c.bucket, c.category_code, c.channel_code, c.resource,
         sum(c.base_amount) AS cost
  FROM accrued_cost c
  GROUP BY 1, 2, 3, 4, 5
),
-- a baseline counts evenly in every month that its period touches
baseline AS (
  SELECT m.month_start::date AS month_start, p.category_code, p.channel_code,
         sum(p.amount * p.to_base / p.months) AS cost
  FROM (
    SELECT p.category_code, p.channel_code, p.amount,
           date_trunc('month', lower(p.period)::timestamp) AS first_month,
           date_trunc('month', (upper(p.period) - 1)::timestamp) AS last_month,
           (SELECT count(*) FROM generate_series(
              date_trunc('month', lower(p.period)::timestamp),
              (upper(p.period) - 1)::timestamp, '1 month')) AS months,
           CASE
             WHEN coalesce(p.currency = (SELECT value FROM setting
                                         WHERE key = 'base_currency'), true)
               THEN 1
             ELSE (SELECT r.to_base FROM fx_rate r
                   WHERE r.currency = p.currency
                     AND r.valid_from <= lower(p.period)
                   ORDER BY r.valid_from DESC LIMIT 1)
           END AS to_base
    FROM plan p
    WHERE p.kind = 'baseline' AND p.measure = 'cost'
          AND p.scenario = 'default'
          AND num_nonnulls(p.campaign_code, p.tier_code) = 0
          AND (p.aspect IS NULL
               OR num_nonnulls(p.category_code, p.channel_code) > 0)
  ) p
  CROSS JOIN generate_series(p.first_month, p.last_month, '1 month')
    AS m (month_start)
  GROUP BY 1, 2, 3
),
-- of a code and those above it, the nearest has the fewest below it
compared AS (
  SELECT DISTINCT ON (month_start, category_code, channel_code, resource)
    month_start, bucket, category_code, channel_code, resource, baseline_cost,
    covered_cost
  FROM (
    SELECT m.month_start, m.bucket, m.category_code, m.channel_code,
           m.resource, b.cost AS baseline_cost, k.codes AS categories,
           h.codes AS channels,
           sum(m.cost) OVER (PARTITION BY b.month_start, b.category_code,
                             b.channel_code) AS covered_cost
    FROM baseline b
    JOIN (SELECT code, ancestor, count(*) OVER (PARTITION BY ancestor) AS codes
          FROM category_below) k
      ON k.ancestor = coalesce(b.category_code, '')
    JOIN (SELECT code, ancestor, count(*) OVER (PARTITION BY ancestor) AS codes
          FROM channel_below) h
      ON h.ancestor = coalesce(b.channel_code, '')
    JOIN monthly m
      ON m.month_start = b.month_start AND m.category_code = k.code
         AND coalesce(m.channel_code, '') = h.code
  ) met
  ORDER BY month_start, category_code, channel_code, resource, categories,
           channels
)
SELECT
  m.month_start, m.bucket, m.category_code, m.channel_code, m.resource, m.cost,
  m.cost / nullif(sum(m.cost) OVER month_before, 0) - 1 AS mom_rate,
  m.cost / nullif(sum(m.cost) OVER year_before, 0) - 1 AS yoy_rate,
  b.baseline_cost,
  b.covered_cost / nullif(b.baseline_cost, 0) - 1 AS vs_baseline_rate,
  CASE WHEN count(m.cost) OVER months_before >= 3
    THEN (m.cost - avg(m.cost) OVER months_before)
         / nullif(stddev_samp(m.cost) OVER months_before, 0)
  END AS z_score,
  CASE WHEN count(m.cost) OVER months_before >= 3
    THEN abs(m.cost - avg(m.cost) OVER months_before)
         > greatest(2 * stddev_samp(m.cost) OVER months_before,
                    abs(avg(m.cost) OVER months_before) / 10)
  END AS unusual
FROM monthly m
LEFT JOIN compared b
  ON b.month_start = m.month_start AND b.category_code = m.category_code
     AND b.channel_code IS NOT DISTINCT FROM m.channel_code
     AND b.resource = m.resource
WINDOW
  month_before AS (
    PARTITION BY m.bucket, m.category_code, m.channel_code, m.resource
    ORDER BY m.month_start
    RANGE BETWEEN '1 month' PRECEDING AND '1 month' PRECEDING),
  year_before AS (
    PARTITION BY m.bucket, m.category_code, m.channel_code, m.resource
    ORDER BY m.month_start
    RANGE BETWEEN '1 year' PRECEDING AND '1 year' PRECEDING),
  months_before AS (
    PARTITION BY m.bucket, m.category_code, m.channel_code, m.resource
    ORDER BY m.month_start
    RANGE BETWEEN '1 year' PRECEDING AND '1 month' PRECEDING);

COMMENT ON VIEW cost_by_month IS
'Cost by month, category, channel and resource, one row each where something was booked.';
COMMENT ON COLUMN cost_by_month.month_start IS
'First day of the month.';
COMMENT ON COLUMN cost_by_month.bucket IS
'Kind of customer cost.';
COMMENT ON COLUMN cost_by_month.category_code IS
'Cost category.';
COMMENT ON COLUMN cost_by_month.channel_code IS
'Channel; NULL for cost of no channel.';
COMMENT ON COLUMN cost_by_month.resource IS
'What was used up.';
COMMENT ON COLUMN cost_by_month.cost IS
'Cost in base currency; NULL when no entry could be converted.';
COMMENT ON COLUMN cost_by_month.mom_rate IS
'Change against the month before, 0.6 for 60 % more; NULL when nothing was booked then.';
COMMENT ON COLUMN cost_by_month.yoy_rate IS
'Change against the same month a year before; NULL when nothing was booked then.';
COMMENT ON COLUMN cost_by_month.baseline_cost IS
'Nearest baseline that the category and channel fall under, for the month, in base currency; NULL without one.';
COMMENT ON COLUMN cost_by_month.vs_baseline_rate IS
'Change of all cost that falls under the baseline against it, the same in each of these rows; NULL without one.';
COMMENT ON COLUMN cost_by_month.z_score IS
'Distance from the mean of the twelve months before in standard deviations; NULL with fewer than three of them, or when they are all equal.';
COMMENT ON COLUMN cost_by_month.unusual IS
'Whether the cost is off that mean by more than two standard deviations and more than 10 %; NULL with fewer than three months before.';
