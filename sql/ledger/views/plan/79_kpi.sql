-- One page of outcome: satisfaction, loyalty, share, profit.  Like is compared
-- with like: every value is for the last twelve complete months, beside that
-- of the twelve before.  A month whose last day is the report day is complete.
--
-- What plan has of a metric is told by kpi_goal; without a baseline there it is
-- the value of the twelve months before.
CREATE VIEW kpi WITH (security_invoker = true) AS
WITH goal AS (
  SELECT * FROM kpi_goal
),
-- 0 the twelve months, 1 those before
span AS (
  SELECT years_before AS n, period_from AS from_on, period_to AS to_on, market
  FROM goal WHERE metric = 'market_share'
),
sold AS (
  SELECT s.n, sum(d.revenue) AS revenue, sum(d.margin) AS margin,
         sum(d.acquired) AS customers
  FROM day_total d JOIN span s ON d.day BETWEEN s.from_on AND s.to_on
  GROUP BY s.n
),
-- also what became of the orders of closed months
placed AS (
  SELECT s.n, sum(t.orders) AS orders
  FROM tier_month t JOIN span s ON t.month_start BETWEEN s.from_on AND s.to_on
  WHERE t.scheme = '(all)'
  GROUP BY s.n
),
booked AS (
  SELECT s.n, sum(c.cost) AS cost,
         sum(c.cost) FILTER (WHERE c.bucket = 'acquisition')
           AS acquisition_cost,
         -- cost without a rate is not known, and not nothing
         coalesce(sum(c.unrated_parts)
                    FILTER (WHERE c.bucket = 'acquisition'
                                  AND (c.month_start >= r.open_from
                                       OR s.to_on < r.open_from)), 0) > 0
           AS unrated
  FROM cost_month c
  JOIN span s ON c.month_start BETWEEN s.from_on AND s.to_on
  CROSS JOIN last_refresh r
  GROUP BY s.n
),
asked AS (
  SELECT s.n,
         sum(a.score) FILTER (WHERE a.survey = 'csat')
         / nullif(sum(a.answers) FILTER (WHERE a.survey = 'csat'), 0)
           AS csat_mean,
         sum(a.satisfied) FILTER (WHERE a.survey = 'csat')
         / nullif(sum(a.answers) FILTER (WHERE a.survey = 'csat'), 0)
           AS csat_rate,
         100.0 * sum(a.promoters - a.detractors)
         / nullif(sum(a.answers) FILTER (WHERE a.survey = 'nps'), 0) AS nps
  FROM survey_day a
  JOIN span s ON a.day BETWEEN s.from_on AND s.to_on
  JOIN survey q ON q.code = a.survey AND q.metric = q.code
  WHERE a.survey IN ('csat', 'nps')
  GROUP BY s.n
),
heard AS (
  SELECT s.n, sum(a.answers) / nullif(sum(a.asked), 0) AS response_rate
  FROM survey_day a
  JOIN span s ON a.day BETWEEN s.from_on AND s.to_on
  GROUP BY s.n
),
complained AS (
  SELECT s.n, coalesce(sum(c.interactions)
                         FILTER (WHERE c.kind = 'complaint'), 0) AS complaints
  FROM contact_month c
  JOIN span s ON c.month_start BETWEEN s.from_on AND s.to_on
  GROUP BY s.n
),
fact AS (
  SELECT s.n, b.revenue, b.margin, b.customers, k.cost,
         CASE WHEN NOT k.unrated
           THEN round(k.acquisition_cost / nullif(b.customers, 0), 4) END
           AS cac,
         round(y.repeat_buyers::numeric / nullif(y.buyers, 0), 6)
           AS repeat_rate,
         round(y.customers_kept::numeric / nullif(y.customers_at_start, 0), 6)
           AS retention_rate,
         round(a.csat_rate, 6) AS csat_rate,
         round(a.csat_mean, 6) AS csat_mean,
         round(a.nps, 6) AS nps, round(e.response_rate, 6) AS response_rate,
         round(i.complaints / nullif(greatest(o.orders, 0), 0), 6)
           AS complaint_rate,
         round(y.orders::numeric / nullif(y.buyers, 0), 6)
           AS orders_per_customer,
         round(b.revenue / nullif(s.market, 0), 6) AS market_share
  FROM span s
  LEFT JOIN sold b ON b.n = s.n
  LEFT JOIN placed o ON o.n = s.n
  LEFT JOIN booked k ON k.n = s.n
  LEFT JOIN asked a ON a.n = s.n
  LEFT JOIN heard e ON e.n = s.n
  LEFT JOIN complained i ON i.n = s.n
  LEFT JOIN customer_year y
    ON y.month_start = crmcost._month_of(s.to_on)
),
valued AS (
  SELECT f.n, v.metric, v.value
  FROM fact f
  CROSS JOIN LATERAL (
    VALUES ('csat_rate', f.csat_rate), ('csat_mean', f.csat_mean),
           ('nps', f.nps), ('response_rate', f.response_rate),
           ('complaint_rate', f.complaint_rate),
           ('repeat_rate', f.repeat_rate),
           ('orders_per_customer', f.orders_per_customer),
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
                          WHERE channel_code = '(all)') END)
  ) AS v (metric, value)
),
pair AS (
  SELECT g.family, g.metric, g.is_money, g.lower_is_better, g.place, now.value,
         coalesce(g.baseline, old.value) AS baseline, g.target
  FROM goal g
  JOIN valued now ON now.metric = g.metric AND now.n = 0
  JOIN valued old ON old.metric = g.metric AND old.n = 1
  WHERE g.years_before = 0
),
compared AS (
  SELECT p.*,
         CASE
           WHEN p.metric = 'ltv_cac' AND p.value < 1 THEN 'alert'
           WHEN p.value IS NULL THEN NULL
           WHEN p.target IS NOT NULL
             THEN CASE WHEN p.value = p.target
                            OR (p.value < p.target) = p.lower_is_better
                    THEN 'reached' ELSE 'not reached' END
           WHEN p.value = p.baseline THEN 'unchanged'
           WHEN (p.value < p.baseline) = p.lower_is_better THEN 'better'
           WHEN p.baseline IS NOT NULL THEN 'worse'
         END AS status
  FROM pair p
)
SELECT
  c.family, c.metric, c.value, c.baseline, c.target,
  c.value - c.baseline AS delta,
  CASE WHEN c.baseline > 0
    THEN round((c.value - c.baseline) / c.baseline, 6) END AS delta_rate,
  c.status,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 t.definition, t.definition_zh, c.metric) AS definition,
  s.from_on AS period_from, s.to_on AS period_to,
  o.from_on AS baseline_from, o.to_on AS baseline_to,
  (SELECT value FROM setting WHERE key = 'plan_scenario') AS scenario,
  CASE WHEN c.is_money
    THEN (SELECT value FROM setting WHERE key = 'base_currency') END
    AS currency,
  r.as_of,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 f.name, f.name_zh, c.family) AS family_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 t.name, t.name_zh, c.metric) AS metric_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh, c.status) AS status_name
FROM compared c
CROSS JOIN last_refresh r
LEFT JOIN term f ON f.kind = 'family' AND f.code = c.family
LEFT JOIN term t ON t.kind = 'metric' AND t.code = c.metric
LEFT JOIN term w ON w.kind = 'status' AND w.code = c.status
JOIN span s ON s.n = 0
JOIN span o ON o.n = 1
ORDER BY c.place;

COMMENT ON VIEW kpi IS
'Outcome over the last twelve complete months against the twelve before, one row a metric; none before the first refresh.';
COMMENT ON COLUMN kpi.family IS
'satisfaction, loyalty, share or profit.';
COMMENT ON COLUMN kpi.metric IS
'Name of the metric; an aspect of plan that is so named sets its baseline or target.';
COMMENT ON COLUMN kpi.value IS
'Value over the twelve months; NULL without data.';
COMMENT ON COLUMN kpi.baseline IS
'Value to compare with, from plan, else of the twelve months before; NULL without either. Money and numbers that plan has for part of the twelve months are brought to twelve.';
COMMENT ON COLUMN kpi.target IS
'Target from plan, for twelve months likewise; NULL without one.';
COMMENT ON COLUMN kpi.delta IS
'Value less baseline, in the unit of the metric; NULL when one is not known.';
COMMENT ON COLUMN kpi.delta_rate IS
'Delta in relation to the baseline, 0.2 for 20 % more; NULL when that is not above 0.';
COMMENT ON COLUMN kpi.status IS
'reached or not reached with a target, else better, worse or unchanged; alert where a customer is worth less than he costs to win; NULL when nothing can be said.';
COMMENT ON COLUMN kpi.definition IS
'What the metric is, in the language of the ledger.';
COMMENT ON COLUMN kpi.period_from IS
'First day of the twelve months.';
COMMENT ON COLUMN kpi.period_to IS
'Last day of the twelve months.';
COMMENT ON COLUMN kpi.baseline_from IS
'First day of the twelve months before.';
COMMENT ON COLUMN kpi.baseline_to IS
'Last day of the twelve months before.';
COMMENT ON COLUMN kpi.scenario IS
'Scenario of plan that baselines, targets and the market are taken from.';
COMMENT ON COLUMN kpi.currency IS
'Base currency; NULL where the metric is no money.';
COMMENT ON COLUMN kpi.as_of IS
'Report day.';
COMMENT ON COLUMN kpi.family_name IS
'Name of the family.';
COMMENT ON COLUMN kpi.metric_name IS
'Name of the metric.';
COMMENT ON COLUMN kpi.status_name IS
'Name of the status; NULL when nothing can be said.';
