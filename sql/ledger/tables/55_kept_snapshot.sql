-- Computed by refresh for its as_of; nothing else writes it.  Earlier days stay,
-- and may be thinned out with DELETE.
CREATE TABLE kept_snapshot (
  customer_id bigint NOT NULL,
  as_of date NOT NULL,
  first_order_on date,
  last_order_on date,
  recency_days integer,
  frequency bigint NOT NULL,
  monetary numeric(38,4) NOT NULL,
  rfm_score integer,
  segment text,
  orders bigint NOT NULL,
  products bigint NOT NULL,
  revenue numeric(38,4) NOT NULL,
  margin numeric(38,4) NOT NULL,
  total_cost numeric(38,4) NOT NULL,
  profit numeric(38,4) NOT NULL,
  p_alive double precision,
  expected_purchases double precision,
  expected_value numeric(38,4),
  clv_formula numeric(38,4),
  clv_predictive numeric(38,4),
  PRIMARY KEY (customer_id, as_of)
);

CREATE INDEX kept_snapshot_as_of ON kept_snapshot (as_of);

COMMENT ON TABLE kept_snapshot IS
'What was known about a customer on a day that is kept, one row a customer and day: all who bought, cost something or were acquired by then.';
COMMENT ON COLUMN kept_snapshot.customer_id IS
'Customer.';
COMMENT ON COLUMN kept_snapshot.as_of IS
'Day of the refresh, in the ledger''s time zone; later facts are not in the row.';
COMMENT ON COLUMN kept_snapshot.first_order_on IS
'Day of the first order; NULL without one.';
COMMENT ON COLUMN kept_snapshot.last_order_on IS
'Day of the last order; NULL without one.';
COMMENT ON COLUMN kept_snapshot.recency_days IS
'Calendar days from the last order to as_of; NULL without an order.';
COMMENT ON COLUMN kept_snapshot.frequency IS
'Number of orders, for RFM; 0 without one, and for a technical customer (source anon).';
COMMENT ON COLUMN kept_snapshot.monetary IS
'Net revenue, for RFM, in base currency.';
COMMENT ON COLUMN kept_snapshot.rfm_score IS
'Digits R, F and M, larger is better, among all customers with an order; NULL without one, and for a technical customer (source anon).';
COMMENT ON COLUMN kept_snapshot.segment IS
'Name of the RFM segment; NULL without an order, or when rfm_bins is not 5.';
COMMENT ON COLUMN kept_snapshot.orders IS
'Number of orders.';
COMMENT ON COLUMN kept_snapshot.products IS
'Number of different products bought.';
COMMENT ON COLUMN kept_snapshot.revenue IS
'Net revenue in base currency, refunds and corrections taken off.';
COMMENT ON COLUMN kept_snapshot.margin IS
'Revenue less cost of goods, in base currency.';
COMMENT ON COLUMN kept_snapshot.total_cost IS
'Direct and allocated cost, in base currency.';
COMMENT ON COLUMN kept_snapshot.profit IS
'Margin less total cost, in base currency.';
COMMENT ON COLUMN kept_snapshot.p_alive IS
'Probability that the customer is still a customer, 0..1; NULL without an order or a fitted model of purchases.';
COMMENT ON COLUMN kept_snapshot.expected_purchases IS
'Days with an order expected in the months of clv_horizon after as_of; NULL without an order or a fitted model of purchases.';
COMMENT ON COLUMN kept_snapshot.expected_value IS
'Revenue expected of such a day, in base currency; NULL without an order or a fitted model of spend.';
COMMENT ON COLUMN kept_snapshot.clv_formula IS
'Value by the closed form: margin of the last year, continued over the months of clv_horizon at the retention rate and discounted, in base currency; NULL without an order or a retention rate.';
COMMENT ON COLUMN kept_snapshot.clv_predictive IS
'Value by the models: margin of the purchases expected in the months of clv_horizon, discounted, in base currency; the same as clv_formula where a model could not be fitted; NULL without an order, or where clv_model is none.';
