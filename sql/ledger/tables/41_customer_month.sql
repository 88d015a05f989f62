-- Computed by refresh for its as_of; nothing else writes it.  Rows of a closed
-- month stay as they were; what came later counts in the first open month.
CREATE TABLE customer_month (
  customer_id bigint NOT NULL,
  month_start date NOT NULL,
  orders bigint NOT NULL,
  sale_lines bigint NOT NULL,
  revenue numeric(38,4) NOT NULL,
  margin numeric(38,4) NOT NULL,
  discount numeric(38,4) NOT NULL,
  refund numeric(38,4) NOT NULL,
  interactions bigint NOT NULL,
  handle_seconds bigint NOT NULL,
  acquired boolean NOT NULL,
  standard_minutes numeric(38,4) NOT NULL,
  PRIMARY KEY (customer_id, month_start)
);

CREATE INDEX customer_month_month_start ON customer_month (month_start);

COMMENT ON TABLE customer_month IS
'What happened with a customer in a month, as of the last refresh; months without anything have no row.';
COMMENT ON COLUMN customer_month.customer_id IS
'Customer.';
COMMENT ON COLUMN customer_month.month_start IS
'First day of the month, in the ledger''s time zone.';
COMMENT ON COLUMN customer_month.orders IS
'Orders placed; an order counts in the month of its last sale line.';
COMMENT ON COLUMN customer_month.sale_lines IS
'Lines of kind sale that are no corrections; a customer with one is active.';
COMMENT ON COLUMN customer_month.revenue IS
'Net revenue, refunds and corrections taken off, in base currency; lines without a rate are left out.';
COMMENT ON COLUMN customer_month.margin IS
'Revenue less cost of goods, in base currency.';
COMMENT ON COLUMN customer_month.discount IS
'Discounts given, already taken off the revenue, in base currency.';
COMMENT ON COLUMN customer_month.refund IS
'Refunds, zero or negative, already in the revenue, in base currency.';
COMMENT ON COLUMN customer_month.interactions IS
'Interactions, those behind a count included.';
COMMENT ON COLUMN customer_month.handle_seconds IS
'Working time of the interactions as measured, in seconds.';
COMMENT ON COLUMN customer_month.acquired IS
'Whether the customer was acquired in this month.';
COMMENT ON COLUMN customer_month.standard_minutes IS
'Standard time of the interactions that were not measured, in minutes.';
