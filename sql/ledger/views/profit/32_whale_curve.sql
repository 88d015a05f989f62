-- How profit adds up from the best customer to the worst: the curve rises
-- above 100 % as far as there are customers who lose money.
CREATE VIEW whale_curve WITH (security_invoker = true) AS
SELECT
  s.profit_rank, s.customer_id, v.profit, s.cumulative_profit,
  s.cumulative_share, (SELECT as_of FROM last_refresh) AS as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM customer_score s
JOIN customer_value v ON v.customer_id = s.customer_id;

COMMENT ON VIEW whale_curve IS
'Cumulative profit, as of the last refresh, one row a customer of customer_profit.';
COMMENT ON COLUMN whale_curve.profit_rank IS 'Place by profit, 1 the most profitable.';
COMMENT ON COLUMN whale_curve.customer_id IS 'Customer.';
COMMENT ON COLUMN whale_curve.profit IS 'Profit of the customer.';
COMMENT ON COLUMN whale_curve.cumulative_profit IS 'Profit of all down to this one; equal ones stand together.';
COMMENT ON COLUMN whale_curve.cumulative_share IS 'That as a part of the profit of all, which may exceed 1, 6 decimals; NULL where all together make none.';
COMMENT ON COLUMN whale_curve.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN whale_curve.currency IS 'Base currency, which all money here is in.';
