-- Who answers badly, does he leave?  Customers by their last answer.
CREATE VIEW voice_outcome WITH (security_invoker = true) AS
WITH counted AS (
  SELECT t.survey, coalesce(t.verdict, '(all)') AS verdict,
         sum(t.customers)::bigint AS customers,
         sum(t.churned)::bigint AS churned, sum(t.at_risk)::bigint AS at_risk,
         sum(t.orders) AS orders, sum(t.revenue) AS revenue,
         sum(t.cost) AS cost, sum(t.profit) AS profit
  FROM verdict_total t
  GROUP BY t.survey, ROLLUP (t.verdict)
)
SELECT
  c.survey COLLATE "default" AS survey,
  c.verdict COLLATE "default" AS verdict, c.customers, c.churned,
  round(c.churned::numeric / c.customers, 6) AS churned_share, c.at_risk,
  round(c.at_risk::numeric / c.customers, 6) AS at_risk_share,
  round(c.orders / c.customers, 4) AS orders_per_customer,
  c.revenue, c.cost, c.profit,
  round(c.cost / c.customers, 4) AS cost_per_customer,
  round(c.profit / c.customers, 4) AS profit_per_customer,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 s.name, s.name_zh,
                 c.survey COLLATE "default") AS survey_name,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency, r.as_of,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh, c.verdict COLLATE "default")
    AS verdict_name
FROM counted c
CROSS JOIN last_refresh r
LEFT JOIN survey s ON s.code = c.survey
LEFT JOIN term w ON w.kind = 'verdict' AND w.code = c.verdict;

COMMENT ON VIEW voice_outcome IS
'What became of customers by what they answered last, as of the last refresh, one row a survey and verdict, (all) for all who answered.';
COMMENT ON COLUMN voice_outcome.survey IS 'Survey.';
COMMENT ON COLUMN voice_outcome.verdict IS 'good, neutral or bad: the last answer of the customer; (all) for all.';
COMMENT ON COLUMN voice_outcome.customers IS 'Customers.';
COMMENT ON COLUMN voice_outcome.churned IS 'Those who have churned.';
COMMENT ON COLUMN voice_outcome.churned_share IS 'Share of these, 0..1, 6 decimals.';
COMMENT ON COLUMN voice_outcome.at_risk IS 'Those who are at risk.';
COMMENT ON COLUMN voice_outcome.at_risk_share IS 'Share of these, 0..1, 6 decimals.';
COMMENT ON COLUMN voice_outcome.orders_per_customer IS 'Orders of a customer, 4 decimals.';
COMMENT ON COLUMN voice_outcome.revenue IS 'Revenue of these customers, so far.';
COMMENT ON COLUMN voice_outcome.cost IS 'What they cost so far, all of it.';
COMMENT ON COLUMN voice_outcome.profit IS 'Margin less cost so far.';
COMMENT ON COLUMN voice_outcome.cost_per_customer IS 'Cost of a customer, 4 decimals.';
COMMENT ON COLUMN voice_outcome.profit_per_customer IS 'Profit of a customer, 4 decimals.';
COMMENT ON COLUMN voice_outcome.survey_name IS 'Name of the survey.';
COMMENT ON COLUMN voice_outcome.currency IS 'Base currency, which all money here is in.';
COMMENT ON COLUMN voice_outcome.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN voice_outcome.verdict_name IS 'Name of the verdict.';
