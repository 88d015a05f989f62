-- Computed by refresh; nothing else writes it.
CREATE TABLE group_size (
  dimension text COLLATE "C" NOT NULL,
  code text COLLATE "C" NOT NULL,
  cohort_month date NOT NULL,
  customers bigint NOT NULL,
  expected_margin numeric(38,4),
  PRIMARY KEY (dimension, code, cohort_month)
);

COMMENT ON TABLE group_size IS
'Customers of a group on the report day, one row a dimension and group as in group_month, of those with any customer; as of the last refresh.';
COMMENT ON COLUMN group_size.dimension IS '(segment) of RFM, (acquisition) by channel and month of acquisition, (cohort) by month of the first order, or a tier scheme.';
COMMENT ON COLUMN group_size.code IS 'Segment, channel or tier; (unknown) for none; (all) in dimension (cohort).';
COMMENT ON COLUMN group_size.cohort_month IS 'First day of the month of the acquisition or the first order; -infinity for who has none, and in other dimensions.';
COMMENT ON COLUMN group_size.customers IS 'Customers: parties in customer_score.';
COMMENT ON COLUMN group_size.expected_margin IS 'Margin that the models still expect of them, that of the closed form where none was fitted, in base currency; NULL for tiers.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE rfm_cell (
  r integer NOT NULL,
  f integer NOT NULL,
  customers bigint NOT NULL,
  orders bigint NOT NULL,
  revenue numeric(38,4) NOT NULL,
  profit numeric(38,4) NOT NULL,
  m bigint NOT NULL,
  PRIMARY KEY (r, f)
);

COMMENT ON TABLE rfm_cell IS
'Customers by their scores of recency and frequency, one row a pair of scores with any customer; as of the last refresh.';
COMMENT ON COLUMN rfm_cell.r IS 'Score of recency, larger is more recent.';
COMMENT ON COLUMN rfm_cell.f IS 'Score of frequency.';
COMMENT ON COLUMN rfm_cell.customers IS 'Customers with these scores.';
COMMENT ON COLUMN rfm_cell.orders IS 'Their orders.';
COMMENT ON COLUMN rfm_cell.revenue IS 'Their net revenue, in base currency.';
COMMENT ON COLUMN rfm_cell.profit IS 'Their profit, in base currency.';
COMMENT ON COLUMN rfm_cell.m IS 'Sum of their scores of monetary value.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE stage_total (
  stage_before text COLLATE "C" NOT NULL,
  stage_after text COLLATE "C" NOT NULL,
  customers bigint NOT NULL,
  orders bigint NOT NULL,
  revenue numeric(38,4) NOT NULL,
  margin numeric(38,4) NOT NULL,
  PRIMARY KEY (stage_before, stage_after)
);

COMMENT ON TABLE stage_total IS
'customer_stage summed up, one row a pair of stages; as of the last refresh.';
COMMENT ON COLUMN stage_total.stage_before IS 'Stage before the orders, as there.';
COMMENT ON COLUMN stage_total.stage_after IS 'Stage that the orders left the customer in, as there.';
COMMENT ON COLUMN stage_total.customers IS 'Customers with such an order.';
COMMENT ON COLUMN stage_total.orders IS 'Orders.';
COMMENT ON COLUMN stage_total.revenue IS 'Their net revenue, in base currency.';
COMMENT ON COLUMN stage_total.margin IS 'Their margin, in base currency.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE whale_point (
  profit_rank bigint NOT NULL PRIMARY KEY,
  customers bigint NOT NULL,
  cumulative_profit numeric(38,4) NOT NULL,
  cumulative_share numeric(38,6),
  is_peak boolean NOT NULL
);

COMMENT ON TABLE whale_point IS
'Customers by profit, one row each that crosses a 200th of them, and the peak; as of the last refresh.';
COMMENT ON COLUMN whale_point.profit_rank IS 'Place by profit, 1 the most profitable.';
COMMENT ON COLUMN whale_point.customers IS 'All customers.';
COMMENT ON COLUMN whale_point.cumulative_profit IS 'Profit of all down to this one, in base currency.';
COMMENT ON COLUMN whale_point.cumulative_share IS 'That as a part of the profit of all, as in customer_score.';
COMMENT ON COLUMN whale_point.is_peak IS 'Whether it is the first at which the cumulative profit is as high as it gets.';
