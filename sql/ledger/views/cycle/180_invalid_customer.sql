-- Customers not worth the effort: by the rule of the settings (few orders, and
-- little revenue, and few products in the last invalid_window_days), unless a
-- person says otherwise (dimension invalid of classification: code valid or
-- none takes one out, any other puts one in).
CREATE VIEW invalid_customer WITH (security_invoker = true) AS
WITH wanted AS (
  SELECT max(value) FILTER (WHERE key = 'invalid_max_orders')::numeric
           AS max_orders,
         max(value) FILTER (WHERE key = 'invalid_max_amount')::numeric
           AS max_amount,
         max(value) FILTER (WHERE key = 'invalid_max_products')::numeric
           AS max_products,
         max(value) FILTER (WHERE key = 'invalid_window_days')::integer
           AS window_days
  FROM setting
  WHERE key IN ('invalid_max_orders', 'invalid_max_amount',
                'invalid_max_products', 'invalid_window_days')
),
judged AS (
  SELECT v.customer_id, coalesce(g.window_orders, 0) AS orders,
         coalesce(g.window_revenue, 0) AS revenue,
         coalesce(g.window_products, 0) AS products,
         v.orders AS orders_so_far, v.revenue AS revenue_so_far, v.profit,
         v.total_cost, k.code AS stage, h.code AS by_hand,
         coalesce(g.window_orders, 0) <= w.max_orders
           AND coalesce(g.window_revenue, 0) < w.max_amount
           AND coalesce(g.window_products, 0) <= w.max_products AS by_rule,
         w.window_days
  FROM customer_value v
  CROSS JOIN wanted w
  LEFT JOIN customer_signal g ON g.customer_id = v.customer_id
  LEFT JOIN customer_class k
    ON k.customer_id = v.customer_id AND k.dimension = 'stage'
  LEFT JOIN customer_class h
    ON h.customer_id = v.customer_id AND h.dimension = 'invalid'
       AND NOT h.by_rule
  WHERE v.is_customer AND NOT v.is_technical
)
SELECT
  j.customer_id, r.as_of, j.window_days, j.orders, j.revenue, j.products,
  j.orders_so_far, j.revenue_so_far, j.profit, j.total_cost,
  round(j.total_cost / nullif(t.total_cost, 0), 6) AS cost_share,
  j.stage COLLATE "default" AS stage, j.by_rule,
  j.by_hand IS NOT NULL AS by_hand,
  y.strategy,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 f.name, f.name_zh, j.stage COLLATE "default")
    AS stage_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh, y.strategy)
    AS strategy_name
FROM judged j
CROSS JOIN last_refresh r
CROSS JOIN (SELECT sum(total_cost) AS total_cost FROM strategy_total) t
CROSS JOIN LATERAL (
  VALUES (CASE
            WHEN j.stage = 'churned' AND j.profit > 0 THEN 'win_back'
            WHEN j.stage = 'churned' THEN 'let_go'
            ELSE 'optimise'
          END)) AS y (strategy)
LEFT JOIN stage f ON f.code = j.stage
LEFT JOIN term w ON w.kind = 'strategy' AND w.code = y.strategy
WHERE CASE WHEN j.by_hand IS NULL THEN j.by_rule
        ELSE j.by_hand NOT IN ('valid', 'none') END;

COMMENT ON VIEW invalid_customer IS
'Customers not worth the effort, one row each, with exactly one strategy.';
COMMENT ON COLUMN invalid_customer.customer_id IS
'Customer.';
COMMENT ON COLUMN invalid_customer.as_of IS
'Report day.';
COMMENT ON COLUMN invalid_customer.window_days IS
'Setting invalid_window_days: days looked back.';
COMMENT ON COLUMN invalid_customer.orders IS
'Orders in these days.';
COMMENT ON COLUMN invalid_customer.revenue IS
'Their net revenue.';
COMMENT ON COLUMN invalid_customer.products IS
'Different products in them.';
COMMENT ON COLUMN invalid_customer.orders_so_far IS
'Orders so far.';
COMMENT ON COLUMN invalid_customer.revenue_so_far IS
'Net revenue so far.';
COMMENT ON COLUMN invalid_customer.profit IS
'Profit so far.';
COMMENT ON COLUMN invalid_customer.total_cost IS
'Cost so far, direct and allocated.';
COMMENT ON COLUMN invalid_customer.cost_share IS
'That as a part of the cost of all customers; NULL without any.';
COMMENT ON COLUMN invalid_customer.stage IS
'Stage of life; NULL for none.';
COMMENT ON COLUMN invalid_customer.by_rule IS
'Whether the rule of the settings names the customer.';
COMMENT ON COLUMN invalid_customer.by_hand IS
'Whether a person does.';
COMMENT ON COLUMN invalid_customer.strategy IS
'optimise (serve for less, offer a second product) who is still there; win_back who has churned and brought a profit; let_go who has churned and brought none.';
COMMENT ON COLUMN invalid_customer.currency IS
'Base currency, in which all amounts are.';
COMMENT ON COLUMN invalid_customer.stage_name IS 'Name of the stage.';
COMMENT ON COLUMN invalid_customer.strategy_name IS 'Name of the strategy.';
