CREATE VIEW customer_rfm WITH (security_invoker = true) AS
SELECT customer_id, as_of, recency_days, frequency, monetary, rfm_score,
       segment
FROM customer_snapshot
WHERE as_of = (SELECT as_of FROM last_refresh) AND frequency > 0;

COMMENT ON VIEW customer_rfm IS
'Recency, frequency and monetary value, as of the last refresh, one row a customer with an order.';
COMMENT ON COLUMN customer_rfm.customer_id IS
'Customer.';
COMMENT ON COLUMN customer_rfm.as_of IS
'Day that the row is for.';
COMMENT ON COLUMN customer_rfm.recency_days IS
'Calendar days since the last order.';
COMMENT ON COLUMN customer_rfm.frequency IS
'Number of orders.';
COMMENT ON COLUMN customer_rfm.monetary IS
'Net revenue in base currency.';
COMMENT ON COLUMN customer_rfm.rfm_score IS
'Digits R, F and M among all customers with an order, larger is better; 555 is the best with 5 bins.';
COMMENT ON COLUMN customer_rfm.segment IS
'Name of the segment; NULL when rfm_bins is not 5.';
