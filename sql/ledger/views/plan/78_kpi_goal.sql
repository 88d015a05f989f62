-- What plan has of the metrics of kpi, for the last twelve complete months and for
-- the twelve before.  A month whose last day is the report day is complete.
--
-- A baseline or target is a row of plan, in the scenario of setting
-- plan_scenario, for the business as a whole (no category, channel, campaign,
-- tier) with the metric as aspect, or, without an aspect, of measure revenue,
-- cost, customers or score (for csat_mean).  Its part within the twelve months
-- counts; where there is none, all of it; money and numbers are brought to
-- twelve months.  Months count as equal, and days by the days of their month.
CREATE VIEW kpi_goal WITH (security_invoker = true) AS
WITH metric (family, metric, measure, flow, money, lower_is_better,
             place) AS (
  VALUES
  ('satisfaction', 'csat_rate', NULL, false, false, false, 1),
  ('satisfaction', 'csat_mean', 'score', false, false, false, 2),
  ('satisfaction', 'nps', NULL, false, false, false, 3),
  ('satisfaction', 'response_rate', NULL, false, false, false, 4),
  ('satisfaction', 'complaint_rate', NULL, false, false, true, 5),
  ('loyalty', 'repeat_rate', NULL, false, false, false, 6),
  ('loyalty', 'retention_rate', NULL, false, false, false, 7),
  ('loyalty', 'orders_per_customer', NULL, false, false, false, 8),
  ('share', 'market_share', NULL, false, false, false, 9),
  ('share', 'customers', 'customers', true, false, false, 10),
  ('profit', 'revenue', 'revenue', true, true, false, 11),
  ('profit', 'margin', NULL, true, true, false, 12),
  ('profit', 'cost', 'cost', true, true, true, 13),
  ('profit', 'profit', NULL, true, true, false, 14),
  ('profit', 'cac', NULL, false, true, true, 15),
  ('profit', 'ltv_cac', NULL, false, false, false, 16)
),
span AS (
  SELECT n AS years_before, (l.last_month - interval '11 months'
             - n * interval '1 year')::date AS from_on,
         (l.last_month + interval '1 month'
          - n * interval '1 year')::date - 1 AS to_on
  FROM (SELECT crmcost._last_complete_month(r.as_of) AS last_month
        FROM last_refresh r) l
  CROSS JOIN generate_series(0, 1) AS n
),
-- lengths in months, of a stretch of a plan row and of what a window has of it
planned AS (
  SELECT p.kind, m.metric, m.flow, s.years_before, p.amount, p.whole_amount,
         crmcost._month_number(p.to_on + 1) - crmcost._month_number(p.from_on)
           AS months,
         greatest(crmcost._month_number(least(p.to_on, s.to_on) + 1)
                  - crmcost._month_number(greatest(p.from_on, s.from_on)), 0)
           AS months_within
  FROM plan_segment p
  JOIN metric m
    ON CASE WHEN p.kind = 'market'
         THEN m.metric = 'market_share' AND p.measure = 'revenue'
         ELSE p.aspect = m.metric
              OR p.aspect = '(all)' AND p.measure = m.measure
              OR p.aspect = 'csat' AND m.metric = 'csat_mean' END
  CROSS JOIN span s
  WHERE p.scenario = (SELECT value FROM setting WHERE key = 'plan_scenario')
        AND (p.category_code, p.channel_code, p.campaign_code, p.tier_code)
            = ('(all)', '(all)', '(all)', '(all)')
),
figure AS (
  SELECT kind, metric, years_before,
         CASE
           WHEN flow OR kind = 'market'
             THEN sum(amount * months_used / months) * 12
                  / nullif(sum(months_used), 0)
           ELSE sum(whole_amount * months_used) / nullif(sum(months_used), 0)
         END AS amount
  FROM (SELECT p.*,
               CASE WHEN sum(months_within) OVER (PARTITION BY kind, metric,
                                                               years_before) > 0
                         OR kind = 'market'
                 THEN months_within ELSE months END AS months_used
        FROM planned p) used
  GROUP BY kind, metric, flow, years_before
)
SELECT
  m.family, m.metric, s.years_before, s.from_on AS period_from,
  s.to_on AS period_to, round(b.amount, 6) AS baseline,
  round(t.amount, 6) AS target, round(k.amount, 6) AS market,
  m.money AS is_money, m.lower_is_better, m.place,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 f.name, f.name_zh, m.family) AS family_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 n.name, n.name_zh, m.metric) AS metric_name
FROM metric m
CROSS JOIN span s
LEFT JOIN term f ON f.kind = 'family' AND f.code = m.family
LEFT JOIN term n ON n.kind = 'metric' AND n.code = m.metric
LEFT JOIN figure b
  ON (b.kind, b.metric, b.years_before)
     = ('baseline', m.metric, s.years_before)
LEFT JOIN figure t
  ON (t.kind, t.metric, t.years_before) = ('target', m.metric, s.years_before)
LEFT JOIN figure k
  ON (k.kind, k.metric, k.years_before) = ('market', m.metric, s.years_before);

COMMENT ON VIEW kpi_goal IS
'What plan has of each metric of kpi, one row a metric and twelve months: the last complete ones, and those before; none before the first refresh.';
COMMENT ON COLUMN kpi_goal.family IS
'satisfaction, loyalty, share or profit.';
COMMENT ON COLUMN kpi_goal.metric IS
'Name of the metric; an aspect of plan that is so named sets its baseline or target.';
COMMENT ON COLUMN kpi_goal.years_before IS
'0 for the last twelve complete months, 1 for the twelve before.';
COMMENT ON COLUMN kpi_goal.period_from IS
'First day of the twelve months.';
COMMENT ON COLUMN kpi_goal.period_to IS
'Last day of the twelve months.';
COMMENT ON COLUMN kpi_goal.baseline IS
'Baseline from plan; NULL without one. Money and numbers that plan has for part of the twelve months are brought to twelve.';
COMMENT ON COLUMN kpi_goal.target IS
'Target from plan, for twelve months likewise; NULL without one.';
COMMENT ON COLUMN kpi_goal.market IS
'Revenue of the whole market in the twelve months, for market_share; NULL for other metrics, and without a row of plan.';
COMMENT ON COLUMN kpi_goal.is_money IS
'Whether the metric is in the base currency.';
COMMENT ON COLUMN kpi_goal.lower_is_better IS
'Whether a lower value is the better one.';
COMMENT ON COLUMN kpi_goal.place IS
'Place of the metric on the page.';
COMMENT ON COLUMN kpi_goal.family_name IS
'Name of the family.';
COMMENT ON COLUMN kpi_goal.metric_name IS
'Name of the metric.';
