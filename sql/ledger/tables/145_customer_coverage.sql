-- Computed by refresh; nothing else writes it.
CREATE TABLE customer_coverage (
  customer_id bigint NOT NULL PRIMARY KEY,
  customer_month date NOT NULL,
  purchase_month date,
  behavior_month date,
  feedback_month date
);

COMMENT ON TABLE customer_coverage IS
'Since when which data of a customer are there, one row a customer acquired or with an order, as of the last refresh; technical customers have none.';
COMMENT ON COLUMN customer_coverage.customer_id IS 'Customer; of merged ones the one that stays.';
COMMENT ON COLUMN customer_coverage.customer_month IS 'First day of the month of the acquisition or first order.';
COMMENT ON COLUMN customer_coverage.purchase_month IS 'First day of the month of the first order; NULL for none.';
COMMENT ON COLUMN customer_coverage.behavior_month IS 'Likewise of the first interaction of kind behavior.';
COMMENT ON COLUMN customer_coverage.feedback_month IS 'Likewise of the first answer to a survey or complaint.';

-- Computed by refresh; nothing else writes it.  Rows of a closed month stay as they were.
CREATE TABLE coverage_month (
  month_start date NOT NULL PRIMARY KEY,
  customers bigint NOT NULL,
  with_purchases bigint NOT NULL,
  with_behavior bigint NOT NULL,
  with_feedback bigint NOT NULL,
  with_all bigint NOT NULL
);

COMMENT ON TABLE coverage_month IS
'By how many the customers, and those with data, became more or less in a month, one row a month in which any did; what became known of closed months counts in the first open one; as of the last refresh.';
COMMENT ON COLUMN coverage_month.month_start IS 'First day of the month.';
COMMENT ON COLUMN coverage_month.customers IS 'Customers acquired, or with a first order.';
COMMENT ON COLUMN coverage_month.with_purchases IS 'Customers of whom the first order is known from then on.';
COMMENT ON COLUMN coverage_month.with_behavior IS 'Likewise the first behavior.';
COMMENT ON COLUMN coverage_month.with_feedback IS 'Likewise the first answer or complaint.';
COMMENT ON COLUMN coverage_month.with_all IS 'Customers of whom the last of the three became known.';
