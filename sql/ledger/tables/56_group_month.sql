-- Computed by refresh; nothing else writes it.  customer_month summed up by the
-- groups that the customers are in on the report day, so that a report by group
-- and month need not read the months of all customers.
CREATE TABLE group_month (
  dimension text COLLATE "C" NOT NULL,
  code text COLLATE "C" NOT NULL,
  cohort_month date NOT NULL,
  month_start date NOT NULL,
  members bigint NOT NULL,
  active_customers bigint NOT NULL,
  orders bigint NOT NULL,
  interactions bigint NOT NULL,
  handle_seconds bigint NOT NULL,
  revenue numeric(38,4) NOT NULL,
  margin numeric(38,4) NOT NULL,
  discount numeric(38,4) NOT NULL,
  refund numeric(38,4) NOT NULL,
  acquisition_cost numeric(38,4) NOT NULL,
  retention_cost numeric(38,4) NOT NULL,
  service_cost numeric(38,4) NOT NULL,
  churn_cost numeric(38,4) NOT NULL,
  data_cost numeric(38,4) NOT NULL,
  training_cost numeric(38,4) NOT NULL,
  program_cost numeric(38,4) NOT NULL,
  direct_cost numeric(38,4) NOT NULL,
  allocated_cost numeric(38,4) NOT NULL,
  PRIMARY KEY (dimension, code, cohort_month, month_start)
);

COMMENT ON TABLE group_month IS
'What happened with the customers of a group in a month, and what they cost in it, one row a dimension, group and month, as of the last refresh; the groups of a dimension sum to customer_month.';
COMMENT ON COLUMN group_month.dimension IS '(segment) of RFM, (acquisition) by channel and month of acquisition, (cohort) by month of the first order, or a tier scheme.';
COMMENT ON COLUMN group_month.code IS 'Segment, channel or tier; (unknown) for none; (all) in dimension (cohort).';
COMMENT ON COLUMN group_month.cohort_month IS 'First day of the month of the acquisition or the first order; -infinity for who has none, and in other dimensions.';
COMMENT ON COLUMN group_month.month_start IS 'First day of the month.';
COMMENT ON COLUMN group_month.members IS 'Customers with anything in the month.';
COMMENT ON COLUMN group_month.active_customers IS 'Customers who bought in the month.';
COMMENT ON COLUMN group_month.orders IS 'Orders.';
COMMENT ON COLUMN group_month.interactions IS 'Interactions, those behind a count included.';
COMMENT ON COLUMN group_month.handle_seconds IS 'Working time of the interactions as measured, in seconds.';
COMMENT ON COLUMN group_month.revenue IS 'Net revenue in base currency.';
COMMENT ON COLUMN group_month.margin IS 'Revenue less cost of goods, in base currency.';
COMMENT ON COLUMN group_month.discount IS 'Discounts given, in base currency.';
COMMENT ON COLUMN group_month.refund IS 'Refunds, zero or negative, in base currency.';
COMMENT ON COLUMN group_month.acquisition_cost IS 'Direct and allocated cost of bucket acquisition, in base currency.';
COMMENT ON COLUMN group_month.retention_cost IS 'Direct and allocated cost of bucket retention, in base currency.';
COMMENT ON COLUMN group_month.service_cost IS 'Direct and allocated cost of bucket service, in base currency.';
COMMENT ON COLUMN group_month.churn_cost IS 'Direct and allocated cost of bucket churn, in base currency.';
COMMENT ON COLUMN group_month.data_cost IS 'Direct and allocated cost of bucket data, in base currency.';
COMMENT ON COLUMN group_month.training_cost IS 'Direct and allocated cost of bucket training, in base currency.';
COMMENT ON COLUMN group_month.program_cost IS 'Direct and allocated cost of bucket program, in base currency.';
COMMENT ON COLUMN group_month.direct_cost IS 'Cost booked on the customers, in base currency.';
COMMENT ON COLUMN group_month.allocated_cost IS 'Cost that the allocation rules gave them, in base currency.';
