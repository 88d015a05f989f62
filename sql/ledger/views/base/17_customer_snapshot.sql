-- What was known about each customer on the days that are kept, and is on the
-- report day.
CREATE VIEW customer_snapshot WITH (security_invoker = true) AS
SELECT
  s.*, (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh, s.segment COLLATE "default")
    AS segment_name
FROM (
  SELECT
    customer_id, as_of, first_order_on, last_order_on, recency_days, frequency,
    monetary, rfm_score, segment, orders, products, revenue, margin,
    total_cost, profit, p_alive, expected_purchases, expected_value,
    clv_formula, clv_predictive
  FROM customer_today
  UNION ALL
  SELECT
    customer_id, as_of, first_order_on, last_order_on, recency_days, frequency,
    monetary, rfm_score, segment, orders, products, revenue, margin,
    total_cost, profit, p_alive, expected_purchases, expected_value,
    clv_formula, clv_predictive
  FROM kept_snapshot
  WHERE as_of <> (SELECT as_of FROM last_refresh)
) s
LEFT JOIN term w ON w.kind = 'segment' AND w.code = s.segment;

COMMENT ON VIEW customer_snapshot IS
'What was known about a customer on a day, one row a customer and day that is kept, and the report day.';
COMMENT ON COLUMN customer_snapshot.customer_id IS
'Customer.';
COMMENT ON COLUMN customer_snapshot.as_of IS
'Day of the refresh, in the ledger''s time zone; later facts are not in the row.';
COMMENT ON COLUMN customer_snapshot.first_order_on IS
'Day of the first order; NULL without one.';
COMMENT ON COLUMN customer_snapshot.last_order_on IS
'Day of the last order; NULL without one.';
COMMENT ON COLUMN customer_snapshot.recency_days IS
'Calendar days from the last order to as_of; NULL without an order.';
COMMENT ON COLUMN customer_snapshot.frequency IS
'Number of orders, for RFM; 0 without one, and for a technical customer (source anon).';
COMMENT ON COLUMN customer_snapshot.monetary IS
'Net revenue, for RFM, in base currency.';
COMMENT ON COLUMN customer_snapshot.rfm_score IS
'Digits R, F and M, larger is better, among all customers with an order; NULL without one, and for a technical customer (source anon).';
COMMENT ON COLUMN customer_snapshot.segment IS
'RFM segment; NULL without an order, or when rfm_bins is not 5.';
COMMENT ON COLUMN customer_snapshot.orders IS
'Number of orders.';
COMMENT ON COLUMN customer_snapshot.products IS
'Number of different products bought.';
COMMENT ON COLUMN customer_snapshot.revenue IS
'Net revenue in base currency, refunds and corrections taken off.';
COMMENT ON COLUMN customer_snapshot.margin IS
'Revenue less cost of goods, in base currency.';
COMMENT ON COLUMN customer_snapshot.total_cost IS
'Direct and allocated cost, in base currency.';
COMMENT ON COLUMN customer_snapshot.profit IS
'Margin less total cost, in base currency.';
COMMENT ON COLUMN customer_snapshot.p_alive IS
'Probability that the customer is still a customer, 0..1; NULL without an order or a fitted model of purchases.';
COMMENT ON COLUMN customer_snapshot.expected_purchases IS
'Days with an order expected in the months of clv_horizon after as_of; NULL without an order or a fitted model of purchases.';
COMMENT ON COLUMN customer_snapshot.expected_value IS
'Revenue expected of such a day, in base currency; NULL without an order or a fitted model of spend.';
COMMENT ON COLUMN customer_snapshot.clv_formula IS
'Value by the closed form: margin of the last year, continued over the months of clv_horizon at the retention rate and discounted, in base currency; NULL without an order or a retention rate.';
COMMENT ON COLUMN customer_snapshot.clv_predictive IS
'Value by the models: margin of the purchases expected in the months of clv_horizon, discounted, in base currency; the same as clv_formula where a model could not be fitted; NULL without an order, or where clv_model is none.';
COMMENT ON COLUMN customer_snapshot.currency IS
'Base currency, which all money here is in.';
COMMENT ON COLUMN customer_snapshot.segment_name IS
'Name of the segment in the language of the reports.';
