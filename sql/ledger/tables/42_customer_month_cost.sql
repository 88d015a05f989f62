-- Computed by refresh for its as_of; nothing else writes it.  Rows of a closed
-- month stay as they were.
CREATE TABLE customer_month_cost (
  customer_id bigint NOT NULL,
  month_start date NOT NULL,
  bucket text NOT NULL,
  direct_cost numeric(38,4) NOT NULL,
  allocated_cost numeric(38,4) NOT NULL,
  PRIMARY KEY (customer_id, month_start, bucket)
);

CREATE INDEX customer_month_cost_month_start
  ON customer_month_cost (month_start);

COMMENT ON TABLE customer_month_cost IS
'What a customer cost in a month, by bucket, as of the last refresh; rows where both are zero are left out.';
COMMENT ON COLUMN customer_month_cost.customer_id IS
'Customer.';
COMMENT ON COLUMN customer_month_cost.month_start IS
'First day of the month.';
COMMENT ON COLUMN customer_month_cost.bucket IS
'Kind of customer cost.';
COMMENT ON COLUMN customer_month_cost.direct_cost IS
'Cost booked on the customer, in base currency.';
COMMENT ON COLUMN customer_month_cost.allocated_cost IS
'Share of cost that the allocation rules gave the customer, in base currency.';
