-- The whale curve for a chart: of many customers every one that crosses a
-- 200th of them, and the peak, which is the first at which the cumulative
-- profit is as high as it gets.
CREATE VIEW whale_curve_point WITH (security_invoker = true) AS
SELECT
  s.profit_rank,
  round(s.profit_rank::numeric / a.customers, 6)
    AS customer_share,
  s.cumulative_profit, s.cumulative_share,
  s.profit_rank = p.profit_rank AS is_peak,
  (SELECT as_of FROM last_refresh) AS as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM customer_score s
CROSS JOIN (SELECT count(*) AS customers FROM customer_score) a
CROSS JOIN (
  SELECT profit_rank FROM customer_score
  ORDER BY cumulative_profit DESC, profit_rank
  LIMIT 1
) p
WHERE s.profit_rank * 200 / a.customers
        > (s.profit_rank - 1) * 200 / a.customers
      OR s.profit_rank = p.profit_rank;

COMMENT ON VIEW whale_curve_point IS
'The whale curve in at most 200 points and its peak, as of the last refresh, one row a point.';
COMMENT ON COLUMN whale_curve_point.profit_rank IS 'Place by profit, 1 the most profitable.';
COMMENT ON COLUMN whale_curve_point.customer_share IS 'Part of the customers down to this one, 6 decimals.';
COMMENT ON COLUMN whale_curve_point.cumulative_profit IS 'Profit of all down to this one; equal ones stand together.';
COMMENT ON COLUMN whale_curve_point.cumulative_share IS 'That as a part of the profit of all, 6 decimals; NULL where all together make none.';
COMMENT ON COLUMN whale_curve_point.is_peak IS 'Whether the curve is highest here.';
COMMENT ON COLUMN whale_curve_point.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN whale_curve_point.currency IS 'Base currency, which all money here is in.';
