-- How much cost is locked in customers not worth the effort.
CREATE VIEW invalid_customer_total WITH (security_invoker = true) AS
SELECT
  coalesce(s.strategy, '(all)') COLLATE "default" AS strategy,
  sum(s.customers)::bigint AS customers,
  round(sum(s.customers) / nullif(t.customers, 0), 6) AS customer_share,
  sum(s.revenue) AS revenue, sum(s.total_cost) AS total_cost,
  round(sum(s.total_cost) / nullif(t.total_cost, 0), 6) AS cost_share,
  sum(s.profit) AS profit, r.as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 n.name, n.name_zh, coalesce(s.strategy, '(all)') COLLATE "default")
    AS strategy_name
FROM strategy_total s
CROSS JOIN last_refresh r
CROSS JOIN (SELECT sum(customers) AS customers, sum(total_cost) AS total_cost
            FROM strategy_total) t
LEFT JOIN term n ON n.kind = 'strategy' AND n.code = s.strategy
WHERE s.strategy <> 'none'
GROUP BY GROUPING SETS ((s.strategy, n.name, n.name_zh,
                         t.customers, t.total_cost, r.as_of),
                        (t.customers, t.total_cost, r.as_of));

COMMENT ON VIEW invalid_customer_total IS
'Customers of invalid_customer and their cost, one row a strategy, (all) for all; no row without any.';
COMMENT ON COLUMN invalid_customer_total.strategy IS
'optimise, win_back or let_go; (all) for all.';
COMMENT ON COLUMN invalid_customer_total.customers IS
'Customers.';
COMMENT ON COLUMN invalid_customer_total.customer_share IS
'Part of all customers.';
COMMENT ON COLUMN invalid_customer_total.revenue IS
'Net revenue so far.';
COMMENT ON COLUMN invalid_customer_total.total_cost IS
'Cost so far, direct and allocated.';
COMMENT ON COLUMN invalid_customer_total.cost_share IS
'Part of the cost of all customers: what could be used elsewhere; NULL without cost.';
COMMENT ON COLUMN invalid_customer_total.profit IS
'Profit so far.';
COMMENT ON COLUMN invalid_customer_total.as_of IS
'Report day.';
COMMENT ON COLUMN invalid_customer_total.currency IS
'Base currency, in which all amounts are.';
COMMENT ON COLUMN invalid_customer_total.strategy_name IS 'Name of the strategy.';
