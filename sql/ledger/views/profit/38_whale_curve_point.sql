-- The whale curve for a chart.
CREATE VIEW whale_curve_point WITH (security_invoker = true) AS
SELECT
  s.profit_rank,
  round(s.profit_rank::numeric / s.customers, 6) AS customer_share,
  s.cumulative_profit, s.cumulative_share, s.is_peak,
  (SELECT as_of FROM last_refresh) AS as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM whale_point s;

COMMENT ON VIEW whale_curve_point IS
'The whale curve in at most 200 points and its peak, as of the last refresh, one row a point.';
COMMENT ON COLUMN whale_curve_point.profit_rank IS 'Place by profit, 1 the most profitable.';
COMMENT ON COLUMN whale_curve_point.customer_share IS 'Part of the customers down to this one, 6 decimals.';
COMMENT ON COLUMN whale_curve_point.cumulative_profit IS 'Profit of all down to this one; equal ones stand together.';
COMMENT ON COLUMN whale_curve_point.cumulative_share IS 'That as a part of the profit of all, 6 decimals; NULL where all together make none.';
COMMENT ON COLUMN whale_curve_point.is_peak IS 'Whether the curve is highest here.';
COMMENT ON COLUMN whale_curve_point.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN whale_curve_point.currency IS 'Base currency, which all money here is in.';
