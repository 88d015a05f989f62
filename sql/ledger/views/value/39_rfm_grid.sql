-- How many customers are where, for a chart of R against F; empty cells are
-- there, too.
CREATE VIEW rfm_grid WITH (security_invoker = true) AS
SELECT
  1 + i / b.value::integer AS r, 1 + i % b.value::integer AS f,
  coalesce(c.customers, 0) AS customers,
  round(coalesce(c.customers, 0) / a.customers, 6) AS customer_share,
  coalesce(c.orders, 0) AS orders, coalesce(c.revenue, 0) AS revenue,
  round(coalesce(c.revenue, 0) / nullif(a.revenue, 0), 6) AS revenue_share,
  coalesce(c.profit, 0) AS profit,
  round(c.m::numeric / c.customers, 4) AS mean_m,
  (SELECT as_of FROM last_refresh) AS as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM setting b
-- one series: the planner takes each for a thousand rows
CROSS JOIN LATERAL generate_series(0, b.value::integer * b.value::integer - 1)
  AS i
LEFT JOIN rfm_cell c
  ON c.r = 1 + i / b.value::integer AND c.f = 1 + i % b.value::integer
CROSS JOIN (
  SELECT nullif(sum(customers), 0) AS customers, sum(revenue) AS revenue
  FROM rfm_cell
) a
WHERE b.key = 'rfm_bins';

COMMENT ON VIEW rfm_grid IS
'Customers by their scores of recency and frequency, as of the last refresh, one row a pair of scores.';
COMMENT ON COLUMN rfm_grid.r IS 'Score of recency, larger is more recent.';
COMMENT ON COLUMN rfm_grid.f IS 'Score of frequency.';
COMMENT ON COLUMN rfm_grid.customers IS 'Customers with these scores.';
COMMENT ON COLUMN rfm_grid.customer_share IS 'Part of all customers with scores, 6 decimals; NULL without any.';
COMMENT ON COLUMN rfm_grid.orders IS 'Their orders.';
COMMENT ON COLUMN rfm_grid.revenue IS 'Their net revenue.';
COMMENT ON COLUMN rfm_grid.revenue_share IS 'Part of the net revenue of all with scores, 6 decimals; NULL where that is 0.';
COMMENT ON COLUMN rfm_grid.profit IS 'Their profit.';
COMMENT ON COLUMN rfm_grid.mean_m IS 'Mean score of net revenue, 4 decimals; NULL without customers.';
COMMENT ON COLUMN rfm_grid.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN rfm_grid.currency IS 'Base currency, which all money here is in.';
