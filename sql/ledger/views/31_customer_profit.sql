CREATE VIEW customer_profit WITH (security_invoker = true) AS
SELECT
  customer_id, revenue, margin, total_cost, profit,
  profit / nullif(sum(profit) OVER (), 0) AS contribution_share,
  row_number() OVER (ORDER BY profit DESC, customer_id) AS profit_rank,
  orders, products, as_of
FROM customer_snapshot
WHERE as_of = (SELECT as_of FROM last_refresh);

COMMENT ON VIEW customer_profit IS
'Who makes and who loses money, as of the last refresh, one row a customer who bought, cost something or was acquired.';
COMMENT ON COLUMN customer_profit.customer_id IS
'Customer.';
COMMENT ON COLUMN customer_profit.revenue IS
'Net revenue in base currency.';
COMMENT ON COLUMN customer_profit.margin IS
'Revenue less cost of goods, in base currency.';
COMMENT ON COLUMN customer_profit.total_cost IS
'Direct and allocated cost, in base currency.';
COMMENT ON COLUMN customer_profit.profit IS
'Margin less total cost, in base currency.';
COMMENT ON COLUMN customer_profit.contribution_share IS
'Profit as a share of the profit of all, which may be negative or exceed 1; NULL when that is 0.';
COMMENT ON COLUMN customer_profit.profit_rank IS
'Place by profit, 1 the most profitable; equal profits in order of customer_id.';
COMMENT ON COLUMN customer_profit.orders IS
'Number of orders.';
COMMENT ON COLUMN customer_profit.products IS
'Number of different products bought.';
COMMENT ON COLUMN customer_profit.as_of IS
'Day that the row is for.';
