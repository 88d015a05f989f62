-- Computed by refresh; nothing else writes it.  Rows of a closed month stay as they were.
CREATE TABLE customer_month (
  customer_id bigint NOT NULL,
  month_start date NOT NULL,
  acquired boolean NOT NULL,
  orders bigint NOT NULL,
  sale_lines bigint NOT NULL,
  revenue numeric(38,4) NOT NULL,
  margin numeric(38,4) NOT NULL,
  discount numeric(38,4) NOT NULL,
  refund numeric(38,4) NOT NULL,
  interactions bigint NOT NULL,
  handle_seconds bigint NOT NULL,
  standard_minutes numeric(38,4) NOT NULL,
  acquisition_direct_cost numeric(38,4) NOT NULL,
  retention_direct_cost numeric(38,4) NOT NULL,
  service_direct_cost numeric(38,4) NOT NULL,
  churn_direct_cost numeric(38,4) NOT NULL,
  data_direct_cost numeric(38,4) NOT NULL,
  training_direct_cost numeric(38,4) NOT NULL,
  program_direct_cost numeric(38,4) NOT NULL,
  acquisition_allocated_cost numeric(38,4) NOT NULL,
  retention_allocated_cost numeric(38,4) NOT NULL,
  service_allocated_cost numeric(38,4) NOT NULL,
  churn_allocated_cost numeric(38,4) NOT NULL,
  data_allocated_cost numeric(38,4) NOT NULL,
  training_allocated_cost numeric(38,4) NOT NULL,
  program_allocated_cost numeric(38,4) NOT NULL,
  direct_cost numeric(38,4) NOT NULL
    GENERATED ALWAYS AS (
      acquisition_direct_cost
      + retention_direct_cost
      + service_direct_cost
      + churn_direct_cost
      + data_direct_cost
      + training_direct_cost
      + program_direct_cost) STORED,
  allocated_cost numeric(38,4) NOT NULL
    GENERATED ALWAYS AS (
      acquisition_allocated_cost
      + retention_allocated_cost
      + service_allocated_cost
      + churn_allocated_cost
      + data_allocated_cost
      + training_allocated_cost
      + program_allocated_cost) STORED,
  PRIMARY KEY (customer_id, month_start)
);

CREATE INDEX customer_month_month_start ON customer_month (month_start);

COMMENT ON TABLE customer_month IS
'What happened with a customer in a month, and what the customer cost in it, one row each, as of the last refresh; months without anything have no row.';
COMMENT ON COLUMN customer_month.customer_id IS 'Customer; of merged customers the one that stays.';
COMMENT ON COLUMN customer_month.month_start IS 'First day of the month, in the time zone of the ledger.';
COMMENT ON COLUMN customer_month.acquired IS 'Whether the customer was acquired in this month.';
COMMENT ON COLUMN customer_month.orders IS 'Orders placed; an order counts in the month of its last sale line, and what became of those of closed months in the first open one.';
COMMENT ON COLUMN customer_month.sale_lines IS 'Lines of kind sale that are no corrections; a customer with one is active.';
COMMENT ON COLUMN customer_month.revenue IS 'Net revenue, refunds and corrections taken off, in base currency; lines without a rate are left out.';
COMMENT ON COLUMN customer_month.margin IS 'Revenue less cost of goods, unknown cost counted as 0, in base currency.';
COMMENT ON COLUMN customer_month.discount IS 'Discounts given, already taken off the revenue, in base currency.';
COMMENT ON COLUMN customer_month.refund IS 'Refunds, zero or negative, already in the revenue, in base currency.';
COMMENT ON COLUMN customer_month.interactions IS 'Interactions, those behind a count included.';
COMMENT ON COLUMN customer_month.handle_seconds IS 'Working time of the interactions as measured, in seconds.';
COMMENT ON COLUMN customer_month.standard_minutes IS 'Standard time of the interactions that were not measured, in minutes.';
COMMENT ON COLUMN customer_month.acquisition_direct_cost IS 'Cost of bucket acquisition booked on the customer, in base currency.';
COMMENT ON COLUMN customer_month.retention_direct_cost IS 'Cost of bucket retention booked on the customer, in base currency.';
COMMENT ON COLUMN customer_month.service_direct_cost IS 'Cost of bucket service booked on the customer, in base currency.';
COMMENT ON COLUMN customer_month.churn_direct_cost IS 'Cost of bucket churn booked on the customer, in base currency.';
COMMENT ON COLUMN customer_month.data_direct_cost IS 'Cost of bucket data booked on the customer, in base currency.';
COMMENT ON COLUMN customer_month.training_direct_cost IS 'Cost of bucket training booked on the customer, in base currency.';
COMMENT ON COLUMN customer_month.program_direct_cost IS 'Cost of bucket program booked on the customer, in base currency.';
COMMENT ON COLUMN customer_month.acquisition_allocated_cost IS 'Share of cost of bucket acquisition that the allocation rules gave the customer, in base currency.';
COMMENT ON COLUMN customer_month.retention_allocated_cost IS 'Share of cost of bucket retention that the allocation rules gave the customer, in base currency.';
COMMENT ON COLUMN customer_month.service_allocated_cost IS 'Share of cost of bucket service that the allocation rules gave the customer, in base currency.';
COMMENT ON COLUMN customer_month.churn_allocated_cost IS 'Share of cost of bucket churn that the allocation rules gave the customer, in base currency.';
COMMENT ON COLUMN customer_month.data_allocated_cost IS 'Share of cost of bucket data that the allocation rules gave the customer, in base currency.';
COMMENT ON COLUMN customer_month.training_allocated_cost IS 'Share of cost of bucket training that the allocation rules gave the customer, in base currency.';
COMMENT ON COLUMN customer_month.program_allocated_cost IS 'Share of cost of bucket program that the allocation rules gave the customer, in base currency.';
COMMENT ON COLUMN customer_month.direct_cost IS 'Cost booked on the customer, in base currency.';
COMMENT ON COLUMN customer_month.allocated_cost IS 'Cost that the allocation rules gave the customer, in base currency.';
