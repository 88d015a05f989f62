-- Technical customers, which stand for anonymous traffic, are in no RFM.
CREATE VIEW customer_rfm WITH (security_invoker = true) AS
SELECT
  v.customer_id, r.as_of, r.as_of - v.last_ordered_on AS recency_days,
  v.orders AS frequency, v.revenue AS monetary,
  100 * s.r + 10 * s.f + s.m AS rfm_score,
  s.segment COLLATE "default" AS segment, s.r, s.f, s.m,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh,
                 s.segment COLLATE "default") AS segment_name,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM customer_value v
JOIN customer_score s ON s.customer_id = v.customer_id
CROSS JOIN last_refresh r
LEFT JOIN term w ON w.kind = 'segment' AND w.code = s.segment
WHERE v.orders > 0 AND NOT v.is_technical;

COMMENT ON VIEW customer_rfm IS
'Recency, frequency and monetary value with their scores, as of the last refresh, one row a customer with an order.';
COMMENT ON COLUMN customer_rfm.customer_id IS 'Customer.';
COMMENT ON COLUMN customer_rfm.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN customer_rfm.recency_days IS 'Calendar days from the last order to the report day.';
COMMENT ON COLUMN customer_rfm.frequency IS 'Number of orders.';
COMMENT ON COLUMN customer_rfm.monetary IS 'Net revenue.';
COMMENT ON COLUMN customer_rfm.rfm_score IS 'Digits R, F and M, larger is better.';
COMMENT ON COLUMN customer_rfm.segment IS 'Name of the segment; NULL when rfm_bins is not 5.';
COMMENT ON COLUMN customer_rfm.r IS 'Score of recency, larger is more recent.';
COMMENT ON COLUMN customer_rfm.f IS 'Score of frequency.';
COMMENT ON COLUMN customer_rfm.m IS 'Score of net revenue.';
COMMENT ON COLUMN customer_rfm.segment_name IS 'Name of the segment in the language of the reports.';
COMMENT ON COLUMN customer_rfm.currency IS 'Base currency, which all money here is in.';
