-- Are the loyal customers the profitable ones?
CREATE VIEW loyalty_profit WITH (security_invoker = true) AS
SELECT
  d.measure COLLATE "default" AS measure, d.decile, d.customers,
  round(d.loyalty / d.customers, 4) AS mean_loyalty, d.orders, d.revenue,
  d.total_cost, d.profit, round(d.profit / d.customers, 4) AS mean_profit,
  CASE WHEN sum(d.profit) OVER measure > 0
    THEN round(d.profit / sum(d.profit) OVER measure, 6) END AS profit_share,
  round(d.profit / nullif(d.total_cost, 0), 6) AS return_on_cost, d.spearman,
  (SELECT as_of FROM last_refresh) AS as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh,
                 d.measure COLLATE "default") AS measure_name
FROM loyalty_decile d
LEFT JOIN term w ON w.kind = 'measure' AND w.code = d.measure
WINDOW measure AS (PARTITION BY d.measure);

COMMENT ON VIEW loyalty_profit IS
'Profit by tenths of the customers in order of their loyalty, as of the last refresh, one row a measure of loyalty and tenth.';
COMMENT ON COLUMN loyalty_profit.measure IS 'orders, tenure_days (from the first order to the last) or points (earned in all programmes; members alone); of customers with an order.';
COMMENT ON COLUMN loyalty_profit.decile IS 'Tenth, 1 the most loyal.';
COMMENT ON COLUMN loyalty_profit.customers IS 'Customers in it.';
COMMENT ON COLUMN loyalty_profit.mean_loyalty IS 'Mean of the measure, 4 decimals.';
COMMENT ON COLUMN loyalty_profit.orders IS 'Orders.';
COMMENT ON COLUMN loyalty_profit.revenue IS 'Net revenue.';
COMMENT ON COLUMN loyalty_profit.total_cost IS 'Direct and allocated cost.';
COMMENT ON COLUMN loyalty_profit.profit IS 'Margin less total cost.';
COMMENT ON COLUMN loyalty_profit.mean_profit IS 'Profit of a customer in the mean, 4 decimals.';
COMMENT ON COLUMN loyalty_profit.profit_share IS 'Profit as a part of that of all tenths, which may be negative or exceed 1, 6 decimals; NULL where all together make none.';
COMMENT ON COLUMN loyalty_profit.return_on_cost IS 'Profit for one unit of cost, 6 decimals; NULL without cost.';
COMMENT ON COLUMN loyalty_profit.spearman IS 'Rank correlation of the measure with profit over all customers, -1 to 1, 6 decimals; NULL where all are equal.';
COMMENT ON COLUMN loyalty_profit.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN loyalty_profit.currency IS 'Base currency, which money is in.';
COMMENT ON COLUMN loyalty_profit.measure_name IS 'Name of the measure.';
