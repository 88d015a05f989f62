-- One page of outcome: satisfaction, loyalty, share, profit.  Every value is
-- for the twelve calendar months up to the day before as_of, so that a report
-- as of the first day of a year is for the year before it.
--
-- A baseline or target is a row of plan for the business as a whole (no
-- category, channel, campaign, tier) with the metric as aspect, or, without an
-- aspect, of measure revenue, cost, customers or score (for csat).  Its months
-- within the twelve count; where there are none, all its months; money and
-- numbers are brought to twelve months.  Without a baseline in plan it is the
-- value of the twelve months before.
CREATE VIEW kpi WITH (security_invoker = true) AS
WITH metric (family, metric, measure, flow, lower_is_better, place,
             definition) AS (
  VALUES
  ('satisfaction', 'csat', 'score', false, false, 1,
   'Mean score of survey answers other than subtype nps'),
  ('satisfaction', 'nps', NULL, false, false, 2,
   'Answers of subtype nps from 9 less those up to 6, in percent of all'),
  ('loyalty', 'repeat_rate', NULL, false, false, 3,
   'Customers with two orders or more, as share of those with an order'),
  ('loyalty', 'retention_rate', NULL, false, false, 4,
   'Share of the customers of the twelve months before who ordered again'),
  ('share', 'market_share', NULL, false, false, 5,
   'Own revenue as share of the market in plan (kind market)'),
  ('share', 'customers', 'customers', true, false, 6,
   'Customers acquired'),
  ('profit', 'revenue', 'revenue', true, false, 7,
   'Revenue less refunds, in base currency'),
  ('profit', 'margin', NULL, true, false, 8,
   'Revenue less cost of goods, in base currency'),
  ('profit', 'cost', 'cost', true, true, 9,
   'All customer cost, in base currency'),
  ('profit', 'profit', NULL, true, false, 10,
   'Margin less customer cost, in base currency'),
  ('profit', 'cac', NULL, false, true, 11,
   'Acquisition cost for one customer acquired, in base currency'),
  ('profit', 'ltv_cac', NULL, false, false, 12,
   'Value of a new customer in relation to what he costs to win, of all channels and years; alert below 1')
),
param AS (
  SELECT r.as_of, r.as_of_at, z.value AS zone
  FROM last_refresh r, setting z
  WHERE z.key = 'timezone'
),
-- 0 the twelve months, 1 those before, 2 those before them
span AS (
  SELECT n,
         (date_trunc('month', (as_of - 1)::timestamp)
          - interval '11 months' - n * interval '1 year')::date AS from_month,
         (date_trunc('month', (as_of - 1)::timestamp)
          - n * interval '1 year')::date AS to_month
  FROM param CROSS JOIN generate_series(0, 2) AS n
),
buyer AS (
  SELECT s.n, m.customer_id, sum(m.orders) AS orders,
         sum(m.revenue) AS revenue, sum(m.margin) AS margin
  FROM customer_month m
  JOIN span s ON m.month_start BETWEEN s.from_month AND s.to_month
  GROUP BY s.n, m.customer_id
),
bought AS (
  SELECT b.n, sum(b.revenue) AS revenue, sum(b.margin) AS margin,
         count(*) FILTER (WHERE b.orders > 0) AS buyers,
         count(*) FILTER (WHERE b.orders > 1) AS repeaters,
         count(*) FILTER (WHERE b.orders > 0 AND o.orders > 0) AS stayed
  FROM buyer b
  LEFT JOIN buyer o ON o.customer_id = b.customer_id AND o.n = b.n + 1
  GROUP BY b.n
),
booked AS (
  SELECT s.n, sum(c.base_amount) AS cost,
         sum(c.base_amount) FILTER (WHERE c.bucket = 'acquisition')
           AS acquisition_cost
  FROM accrued_cost c
  JOIN span s ON c.month_start BETWEEN s.from_month AND s.to_month
  WHERE c.cost_on <= (SELECT as_of FROM param)
  GROUP BY s.n
),
won AS (
  SELECT s.n, count(*) AS customers
  FROM customer c
  CROSS JOIN param p
  JOIN span s
    ON date_trunc('month', c.acquired_at AT TIME ZONE p.zone)
       BETWEEN s.from_month AND s.to_month
  WHERE c.source <> 'anon' AND c.acquired_at <= p.as_of_at
  GROUP BY s.n
),
asked AS (
  SELECT s.n,
         sum(i.score * i.n) FILTER (WHERE i.subtype IS DISTINCT FROM 'nps')
         / sum(i.n) FILTER (WHERE i.subtype IS DISTINCT FROM 'nps') AS csat,
         100.0 * sum(i.n * CASE WHEN i.score >= 9 THEN 1
                             WHEN i.score <= 6 THEN -1 ELSE 0 END)
                   FILTER (WHERE i.subtype = 'nps')
         / sum(i.n) FILTER (WHERE i.subtype = 'nps') AS nps
  FROM interaction i
  CROSS JOIN param p
  JOIN span s
    ON date_trunc('month', i.occurred_at AT TIME ZONE p.zone)
       BETWEEN s.from_month AND s.to_month
  WHERE i.kind = 'survey' AND i.score IS NOT NULL
        AND i.occurred_at <= p.as_of_at
  GROUP BY s.n
),
-- figures of plan by month, each row split evenly over its months
planned AS (
  SELECT p.plan_id, p.kind, m.metric, m.flow, g.month_start::date
           AS month_start, p.base_amount,
         count(*) OVER (PARTITION BY p.plan_id, m.metric) AS months
  FROM plan_base p
  JOIN metric m
    ON p.aspect = m.metric OR p.aspect IS NULL AND p.measure = m.measure
       OR p.kind = 'market' AND m.metric = 'market_share'
          AND p.measure = 'revenue' AND p.aspect IS NULL
  CROSS JOIN LATERAL generate_series(
    date_trunc('month', p.period_from::timestamp), p.period_to::timestamp,
    '1 month') AS g (month_start)
  WHERE p.kind IN ('baseline', 'target')
        AND num_nonnulls(p.category_code, p.channel_code, p.campaign_code,
                         p.tier_code) = 0
        OR p.kind = 'market' AND m.metric = 'market_share'
           AND p.measure = 'revenue'
),
market AS (
  SELECT s.n, round(sum(p.base_amount / p.months) * 12
                    / count(DISTINCT p.month_start), 4) AS revenue
  FROM planned p
  JOIN span s ON p.month_start BETWEEN s.from_month AND s.to_month
  WHERE p.kind = 'market'
  GROUP BY s.n
),
used AS (
  SELECT p.*, p.month_start BETWEEN s.from_month AND s.to_month AS within,
         bool_or(p.month_start BETWEEN s.from_month AND s.to_month)
           OVER (PARTITION BY p.kind, p.metric) AS any_within
  FROM planned p JOIN span s ON s.n = 0
  WHERE p.kind <> 'market'
),
row_part AS (
  SELECT kind, metric, flow, plan_id, base_amount,
         count(*) AS months_used, min(months) AS months
  FROM used WHERE within OR NOT any_within
  GROUP BY kind, metric, flow, plan_id, base_amount
),
month_count AS (
  SELECT kind, metric, count(DISTINCT month_start) AS months
  FROM used WHERE within OR NOT any_within
  GROUP BY kind, metric
),
figure AS (
  SELECT r.kind, r.metric,
         CASE WHEN r.flow
           THEN sum(r.base_amount * r.months_used / r.months) * 12 / c.months
           ELSE sum(r.base_amount * r.months_used) / sum(r.months_used)
         END AS amount
  FROM row_part r JOIN month_count c USING (kind, metric)
  GROUP BY r.kind, r.metric, r.flow, c.months
),
fact AS (
  SELECT s.n, b.revenue, b.margin, k.cost, k.acquisition_cost,
         b.repeaters::numeric / nullif(b.buyers, 0) AS repeat_rate,
         b.stayed::numeric / nullif(o.buyers, 0) AS retention_rate,
         k.acquisition_cost / nullif(w.customers, 0) AS cac,
         w.customers, a.csat, a.nps, b.revenue / nullif(m.revenue, 0)
           AS market_share
  FROM span s
  LEFT JOIN bought b ON b.n = s.n
  LEFT JOIN bought o ON o.n = s.n + 1
  LEFT JOIN booked k ON k.n = s.n
  LEFT JOIN won w ON w.n = s.n
  LEFT JOIN asked a ON a.n = s.n
  LEFT JOIN market m ON m.n = s.n
  WHERE s.n < 2
),
valued AS (
  SELECT f.n, v.metric, v.value
  FROM fact f
  CROSS JOIN LATERAL (
    VALUES ('csat', f.csat), ('nps', f.nps), ('repeat_rate', f.repeat_rate),
           ('retention_rate', f.retention_rate),
           ('market_share', f.market_share),
           ('customers', f.customers), ('revenue', f.revenue),
           ('margin', f.margin), ('cost', f.cost),
           ('profit', CASE WHEN num_nonnulls(f.margin, f.cost) > 0
                        THEN coalesce(f.margin, 0) - coalesce(f.cost, 0)
                      END),
           ('cac', f.cac),
           ('ltv_cac', CASE f.n WHEN 0 THEN
                         (SELECT ltv_cac FROM acquisition_balance
                          WHERE channel_code IS NULL) END)
  ) AS v (metric, value)
),
compared AS (
  SELECT m.family, m.metric, m.place, m.lower_is_better, m.definition,
         now.value, coalesce(b.amount, old.value) AS baseline,
         t.amount AS target
  FROM metric m
  JOIN valued now ON now.metric = m.metric AND now.n = 0
  JOIN valued old ON old.metric = m.metric AND old.n = 1
  LEFT JOIN figure b ON b.metric = m.metric AND b.kind = 'baseline'
  LEFT JOIN figure t ON t.metric = m.metric AND t.kind = 'target'
)
SELECT
  family, metric, value, baseline, target, value - baseline AS delta,
  (value - baseline) / nullif(abs(baseline), 0) AS delta_rate,
  CASE
    WHEN metric = 'ltv_cac' AND value < 1 THEN 'alert'
    WHEN value IS NULL THEN NULL
    WHEN target IS NOT NULL
      THEN CASE WHEN value = target OR (value < target) = lower_is_better
             THEN 'reached' ELSE 'not reached' END
    WHEN value = baseline THEN 'unchanged'
    WHEN (value < baseline) = lower_is_better THEN 'better'
    WHEN baseline IS NOT NULL THEN 'worse'
  END AS status,
  definition, (SELECT as_of FROM param) AS as_of
FROM compared
ORDER BY place;

COMMENT ON VIEW kpi IS
'Outcome over the twelve months up to the last refresh, one row a metric; none before the first refresh.';
COMMENT ON COLUMN kpi.family IS
'satisfaction, loyalty, share or profit.';
COMMENT ON COLUMN kpi.metric IS
'Name of the metric; an aspect of plan that is so named sets its baseline or target.';
COMMENT ON COLUMN kpi.value IS
'Value over the twelve months; NULL without data.';
COMMENT ON COLUMN kpi.baseline IS
'Value to compare with, from plan, else of the twelve months before; NULL without either.';
COMMENT ON COLUMN kpi.target IS
'Target from plan; NULL without one.';
COMMENT ON COLUMN kpi.delta IS
'Value less baseline, in the unit of the metric.';
COMMENT ON COLUMN kpi.delta_rate IS
'Delta in relation to the baseline, 0.2 for 20 % more; NULL when that is 0.';
COMMENT ON COLUMN kpi.status IS
'reached or not reached with a target, else better, worse or unchanged; alert where a customer is worth less than he costs to win; NULL when nothing can be said.';
COMMENT ON COLUMN kpi.definition IS
'What the metric is.';
COMMENT ON COLUMN kpi.as_of IS
'Day that the value is for.';
