-- Written by crmcost.close_period(); nothing else writes it.  The groups of a closed
-- month as they were at its closing: where the customers are now is in group_month.
CREATE TABLE closed_group (
  month_start date NOT NULL,
  dimension text COLLATE "C" NOT NULL,
  code text COLLATE "C" NOT NULL,
  active_customers bigint NOT NULL,
  revenue numeric(38,4) NOT NULL,
  discount numeric(38,4) NOT NULL,
  refund numeric(38,4) NOT NULL,
  margin numeric(38,4) NOT NULL,
  acquisition_cost numeric(38,4) NOT NULL,
  retention_cost numeric(38,4) NOT NULL,
  service_cost numeric(38,4) NOT NULL,
  churn_cost numeric(38,4) NOT NULL,
  data_cost numeric(38,4) NOT NULL,
  training_cost numeric(38,4) NOT NULL,
  program_cost numeric(38,4) NOT NULL,
  direct_cost numeric(38,4) NOT NULL,
  allocated_cost numeric(38,4) NOT NULL,
  PRIMARY KEY (month_start, dimension, code)
);

COMMENT ON TABLE closed_group IS
'What happened with the customers of a group in a closed month, and what they cost in it, by the groups that they were in when it was closed, one row a month, dimension and group.';
COMMENT ON COLUMN closed_group.month_start IS 'First day of the closed month.';
COMMENT ON COLUMN closed_group.dimension IS '(segment) of RFM, (acquisition) by channel, or a tier scheme.';
COMMENT ON COLUMN closed_group.code IS 'Segment, channel or tier; (unknown) for none.';
COMMENT ON COLUMN closed_group.active_customers IS 'Customers who bought in the month.';
COMMENT ON COLUMN closed_group.revenue IS 'Net revenue in base currency.';
COMMENT ON COLUMN closed_group.discount IS 'Discounts given, in base currency.';
COMMENT ON COLUMN closed_group.refund IS 'Refunds, zero or negative, in base currency.';
COMMENT ON COLUMN closed_group.margin IS 'Revenue less cost of goods, in base currency.';
COMMENT ON COLUMN closed_group.acquisition_cost IS 'Direct and allocated cost of bucket acquisition, in base currency.';
COMMENT ON COLUMN closed_group.retention_cost IS 'Direct and allocated cost of bucket retention, in base currency.';
COMMENT ON COLUMN closed_group.service_cost IS 'Direct and allocated cost of bucket service, in base currency.';
COMMENT ON COLUMN closed_group.churn_cost IS 'Direct and allocated cost of bucket churn, in base currency.';
COMMENT ON COLUMN closed_group.data_cost IS 'Direct and allocated cost of bucket data, in base currency.';
COMMENT ON COLUMN closed_group.training_cost IS 'Direct and allocated cost of bucket training, in base currency.';
COMMENT ON COLUMN closed_group.program_cost IS 'Direct and allocated cost of bucket program, in base currency.';
COMMENT ON COLUMN closed_group.direct_cost IS 'Cost booked on the customers, in base currency.';
COMMENT ON COLUMN closed_group.allocated_cost IS 'Cost that the allocation rules gave them, in base currency.';
