-- Computed by refresh; nothing else writes it.  Rows of a closed month stay as
-- they were.  A month counts for the tier that the customer had at its end,
-- the running month for that of the report day.
CREATE TABLE tier_month (
  month_start date NOT NULL,
  scheme text COLLATE "C" NOT NULL,
  tier text COLLATE "C" NOT NULL,
  customers bigint NOT NULL,
  active_customers bigint NOT NULL,
  acquired bigint NOT NULL,
  orders bigint NOT NULL,
  revenue numeric(38,4) NOT NULL,
  margin numeric(38,4) NOT NULL,
  discount numeric(38,4) NOT NULL,
  interactions bigint NOT NULL,
  handle_seconds bigint NOT NULL,
  acquisition_cost numeric(38,4) NOT NULL,
  retention_cost numeric(38,4) NOT NULL,
  service_cost numeric(38,4) NOT NULL,
  churn_cost numeric(38,4) NOT NULL,
  data_cost numeric(38,4) NOT NULL,
  training_cost numeric(38,4) NOT NULL,
  program_cost numeric(38,4) NOT NULL,
  total_cost numeric(38,4) NOT NULL,
  profit numeric(38,4) NOT NULL,
  PRIMARY KEY (month_start, scheme, tier)
);

COMMENT ON TABLE tier_month IS
'What the customers of a tier brought and cost in a month, one row a month, scheme and tier with customers, and one a month for all customers; as of the last refresh.';
COMMENT ON COLUMN tier_month.month_start IS 'First day of the month.';
COMMENT ON COLUMN tier_month.scheme IS 'Tier scheme; (all) for all customers.';
COMMENT ON COLUMN tier_month.tier IS 'Tier at the end of the month, or on the report day; (all) for all customers.';
COMMENT ON COLUMN tier_month.customers IS 'Customers in the tier; for all those acquired or with an order by then.';
COMMENT ON COLUMN tier_month.active_customers IS 'Those with a sale line in the month.';
COMMENT ON COLUMN tier_month.acquired IS 'Those acquired in the month.';
COMMENT ON COLUMN tier_month.orders IS 'Orders placed.';
COMMENT ON COLUMN tier_month.revenue IS 'Net revenue in base currency.';
COMMENT ON COLUMN tier_month.margin IS 'Revenue less cost of goods, in base currency.';
COMMENT ON COLUMN tier_month.discount IS 'Discounts given, in base currency.';
COMMENT ON COLUMN tier_month.interactions IS 'Interactions, those behind a count included.';
COMMENT ON COLUMN tier_month.handle_seconds IS 'Working time of the interactions as measured, in seconds.';
COMMENT ON COLUMN tier_month.acquisition_cost IS 'Direct and allocated cost of bucket acquisition, in base currency.';
COMMENT ON COLUMN tier_month.retention_cost IS 'Direct and allocated cost of bucket retention, in base currency.';
COMMENT ON COLUMN tier_month.service_cost IS 'Direct and allocated cost of bucket service, in base currency.';
COMMENT ON COLUMN tier_month.churn_cost IS 'Direct and allocated cost of bucket churn, in base currency.';
COMMENT ON COLUMN tier_month.data_cost IS 'Direct and allocated cost of bucket data, in base currency.';
COMMENT ON COLUMN tier_month.training_cost IS 'Direct and allocated cost of bucket training, in base currency.';
COMMENT ON COLUMN tier_month.program_cost IS 'Direct and allocated cost of bucket program, in base currency.';
COMMENT ON COLUMN tier_month.total_cost IS 'Direct and allocated cost, in base currency.';
COMMENT ON COLUMN tier_month.profit IS 'Margin less total cost, in base currency.';

-- Computed by refresh; nothing else writes it.  Rows of a closed month stay as
-- they were.
CREATE TABLE tier_cost_month (
  month_start date NOT NULL,
  scheme text COLLATE "C" NOT NULL,
  tier text COLLATE "C" NOT NULL,
  resource text COLLATE "C" NOT NULL,
  cost numeric(38,4) NOT NULL,
  PRIMARY KEY (month_start, scheme, tier, resource)
);

COMMENT ON TABLE tier_cost_month IS
'What the customers of a tier cost in a month by what it used up, one row a month, scheme, tier and resource; as of the last refresh.';
COMMENT ON COLUMN tier_cost_month.month_start IS 'First day of the month.';
COMMENT ON COLUMN tier_cost_month.scheme IS 'Tier scheme.';
COMMENT ON COLUMN tier_cost_month.tier IS 'Tier at the end of the month, or on the report day.';
COMMENT ON COLUMN tier_cost_month.resource IS 'What was used up: human, financial, technical or process.';
COMMENT ON COLUMN tier_cost_month.cost IS 'Cost booked on its customers and their part of the pools by the drivers, in base currency, not rounded to coins.';
