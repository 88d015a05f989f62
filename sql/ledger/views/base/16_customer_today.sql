-- What is known about each customer on the report day, in the columns that are
-- kept of it.
CREATE VIEW customer_today WITH (security_invoker = true) AS
SELECT
  v.customer_id, r.as_of, v.first_ordered_on AS first_order_on,
  v.last_ordered_on AS last_order_on,
  r.as_of - v.last_ordered_on AS recency_days,
  CASE WHEN v.is_technical THEN 0 ELSE v.orders END AS frequency,
  v.revenue AS monetary, 100 * s.r + 10 * s.f + s.m AS rfm_score,
  s.segment COLLATE "default" AS segment,
  v.orders, v.products, v.revenue, v.margin, v.total_cost, v.profit,
  s.p_alive, s.expected_purchases, s.expected_value, s.clv_formula,
  s.clv_predictive,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh, s.segment COLLATE "default")
    AS segment_name
FROM customer_value v
JOIN customer_score s USING (customer_id)
CROSS JOIN last_refresh r
LEFT JOIN term w ON w.kind = 'segment' AND w.code = s.segment;

COMMENT ON VIEW customer_today IS
'What is known about a customer on the report day, one row a customer: all who bought, cost something or were acquired by then.';
COMMENT ON COLUMN customer_today.customer_id IS
'Customer.';
COMMENT ON COLUMN customer_today.as_of IS
'Day of the refresh, in the ledger''s time zone; later facts are not in the row.';
COMMENT ON COLUMN customer_today.first_order_on IS
'Day of the first order; NULL without one.';
COMMENT ON COLUMN customer_today.last_order_on IS
'Day of the last order; NULL without one.';
COMMENT ON COLUMN customer_today.recency_days IS
'Calendar days from the last order to as_of; NULL without an order.';
COMMENT ON COLUMN customer_today.frequency IS
'Number of orders, for RFM; 0 without one, and for a technical customer (source anon).';
COMMENT ON COLUMN customer_today.monetary IS
'Net revenue, for RFM, in base currency.';
COMMENT ON COLUMN customer_today.rfm_score IS
'Digits R, F and M, larger is better, among all customers with an order; NULL without one, and for a technical customer (source anon).';
COMMENT ON COLUMN customer_today.segment IS
'Name of the RFM segment; NULL without an order, or when rfm_bins is not 5.';
COMMENT ON COLUMN customer_today.orders IS
'Number of orders.';
COMMENT ON COLUMN customer_today.products IS
'Number of different products bought.';
COMMENT ON COLUMN customer_today.revenue IS
'Net revenue in base currency, refunds and corrections taken off.';
COMMENT ON COLUMN customer_today.margin IS
'Revenue less cost of goods, in base currency.';
COMMENT ON COLUMN customer_today.total_cost IS
'Direct and allocated cost, in base currency.';
COMMENT ON COLUMN customer_today.profit IS
'Margin less total cost, in base currency.';
COMMENT ON COLUMN customer_today.p_alive IS
'Probability that the customer is still a customer, 0..1; NULL without an order or a fitted model of purchases.';
COMMENT ON COLUMN customer_today.expected_purchases IS
'Days with an order expected in the months of clv_horizon after as_of; NULL without an order or a fitted model of purchases.';
COMMENT ON COLUMN customer_today.expected_value IS
'Revenue expected of such a day, in base currency; NULL without an order or a fitted model of spend.';
COMMENT ON COLUMN customer_today.clv_formula IS
'Value by the closed form: margin of the last year, continued over the months of clv_horizon at the retention rate and discounted, in base currency; NULL without an order or a retention rate.';
COMMENT ON COLUMN customer_today.clv_predictive IS
'Value by the models: margin of the purchases expected in the months of clv_horizon, discounted, in base currency; the same as clv_formula where a model could not be fitted; NULL without an order, or where clv_model is none.';
COMMENT ON COLUMN customer_today.currency IS 'Base currency, which all money here is in.';
COMMENT ON COLUMN customer_today.segment_name IS 'Name of the segment.';
