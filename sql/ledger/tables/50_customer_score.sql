-- Computed by refresh; nothing else writes it.  Here is what depends on all other customers
-- or on the day, and so changes for nearly everybody with every refresh: the
-- fill factor lets a row change within its page.
CREATE TABLE customer_score (
  customer_id bigint NOT NULL PRIMARY KEY,
  profit_rank bigint NOT NULL,
  cumulative_profit numeric(38,4) NOT NULL,
  contribution_share numeric(38,6),
  cumulative_share numeric(38,6),
  r integer,
  f integer,
  m integer,
  segment text COLLATE "C",
  p_alive double precision,
  expected_purchases double precision,
  expected_value numeric(38,4),
  clv_formula numeric(38,4),
  clv_predictive numeric(38,4),
  year_margin numeric(38,4)
) WITH (fillfactor = 50);

COMMENT ON TABLE customer_score IS
'Ranks, scores and predictions, one row a customer (is_customer in customer_value), as of the last refresh.';
COMMENT ON COLUMN customer_score.customer_id IS 'Customer.';
COMMENT ON COLUMN customer_score.profit_rank IS 'Place by profit, 1 the most, equal ones by number.';
COMMENT ON COLUMN customer_score.cumulative_profit IS 'Profit of all down to this one, equal ones together.';
COMMENT ON COLUMN customer_score.contribution_share IS 'Profit as a part of the profit of all, 6 decimals; NULL where all together make none.';
COMMENT ON COLUMN customer_score.cumulative_share IS 'Cumulative profit as a part of the profit of all, which may exceed 1, 6 decimals; NULL where all together make none.';
COMMENT ON COLUMN customer_score.r IS 'Score of recency, larger is more recent; NULL without an order and for technical customers.';
COMMENT ON COLUMN customer_score.f IS 'Score of frequency; NULL likewise.';
COMMENT ON COLUMN customer_score.m IS 'Score of net revenue; NULL likewise.';
COMMENT ON COLUMN customer_score.segment IS 'Name of the RFM segment; NULL without scores, or when rfm_bins is not 5.';
COMMENT ON COLUMN customer_score.p_alive IS 'Probability that the customer is still a customer, 0..1; NULL without an order or a fitted model of purchases.';
COMMENT ON COLUMN customer_score.expected_purchases IS 'Days with an order expected in the months of clv_horizon after the report day; NULL without an order or a fitted model of purchases.';
COMMENT ON COLUMN customer_score.expected_value IS 'Revenue expected of such a day, in base currency; NULL without an order or a fitted model of spend.';
COMMENT ON COLUMN customer_score.clv_formula IS 'Value still to come by the closed form, in base currency; NULL without an order or a retention rate.';
COMMENT ON COLUMN customer_score.clv_predictive IS 'Value still to come by the models, in base currency; the same as clv_formula where a model could not be fitted; NULL without an order, or where clv_model is none.';
COMMENT ON COLUMN customer_score.year_margin IS 'Margin of the last twelve complete months, in base currency; NULL without an order.';
