CREATE VIEW whale_curve WITH (security_invoker = true) AS
SELECT
  profit_rank, customer_id, profit,
  sum(profit) OVER (ORDER BY profit DESC) AS cumulative_profit,
  crmcost.cumulative_share(profit) OVER () AS cumulative_share
FROM customer_profit;

COMMENT ON VIEW whale_curve IS
'Running profit from the most to the least profitable customer, as of the last refresh, one row a customer.';
COMMENT ON COLUMN whale_curve.profit_rank IS
'Place by profit, 1 the most profitable.';
COMMENT ON COLUMN whale_curve.customer_id IS
'Customer.';
COMMENT ON COLUMN whale_curve.profit IS
'Margin less total cost, in base currency.';
COMMENT ON COLUMN whale_curve.cumulative_profit IS
'Profit of this customer, all better ones and its equals, in base currency.';
COMMENT ON COLUMN whale_curve.cumulative_share IS
'The same as a share of the profit of all; it exceeds 1 before the loss makers, and is NULL when that profit is 0. When all together lose, signs turn.';
