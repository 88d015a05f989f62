-- Computed by refresh; nothing else writes it.
CREATE TABLE customer_life (
  customer_id bigint NOT NULL PRIMARY KEY,
  began_on date NOT NULL,
  churned_on date,
  channel_code text COLLATE "C" NOT NULL
);

COMMENT ON TABLE customer_life IS
'From when and how long somebody has been a customer, up to the first churn, one row a customer; as of the last refresh.';
COMMENT ON COLUMN customer_life.customer_id IS 'Customer.';
COMMENT ON COLUMN customer_life.began_on IS 'First day in a stage of customers (active, at_risk, won_back).';
COMMENT ON COLUMN customer_life.churned_on IS 'First day in stage churned after it; NULL while it has not come.';
COMMENT ON COLUMN customer_life.channel_code IS 'Channel that won the customer; (unknown) where it is not known.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE survival_curve (
  dimension text COLLATE "C" NOT NULL,
  code text COLLATE "C" NOT NULL,
  days integer NOT NULL,
  at_risk bigint NOT NULL,
  churned bigint NOT NULL,
  survival numeric(20,9) NOT NULL,
  std_error numeric(20,9),
  lower numeric(20,9),
  upper numeric(20,9),
  PRIMARY KEY (dimension, code, days)
);

COMMENT ON TABLE survival_curve IS
'Part of the customers who stay longer than a number of days, by Kaplan and Meier, one row a group and number of days after which somebody churned; as of the last refresh.';
COMMENT ON COLUMN survival_curve.dimension IS '(all), (channel), (cohort) by the quarter in which they began, or a tier scheme.';
COMMENT ON COLUMN survival_curve.code IS 'Group of the dimension.';
COMMENT ON COLUMN survival_curve.days IS 'Days since the customer began.';
COMMENT ON COLUMN survival_curve.at_risk IS 'Customers who were observed for at least so long.';
COMMENT ON COLUMN survival_curve.churned IS 'Those of them who churned on this day.';
COMMENT ON COLUMN survival_curve.survival IS 'Part that stays longer.';
COMMENT ON COLUMN survival_curve.std_error IS 'Standard error of it (Greenwood); NULL where survival is 0.';
COMMENT ON COLUMN survival_curve.lower IS 'Lower end of its interval at 95 %; NULL likewise.';
COMMENT ON COLUMN survival_curve.upper IS 'Upper end of its interval at 95 %; NULL likewise.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE survival_group (
  dimension text COLLATE "C" NOT NULL,
  code text COLLATE "C" NOT NULL,
  customers bigint NOT NULL,
  churned bigint NOT NULL,
  expected numeric(38,6),
  median_days integer,
  median_low integer,
  median_high integer,
  PRIMARY KEY (dimension, code)
);

COMMENT ON TABLE survival_group IS
'How long the customers of a group stay, one row a group as in survival_curve; as of the last refresh.';
COMMENT ON COLUMN survival_group.dimension IS 'As in survival_curve.';
COMMENT ON COLUMN survival_group.code IS 'As in survival_curve.';
COMMENT ON COLUMN survival_group.customers IS 'Customers.';
COMMENT ON COLUMN survival_group.churned IS 'Those who churned.';
COMMENT ON COLUMN survival_group.expected IS 'Those who would have if all groups of the dimension were alike; NULL for (all), and for more than 200 channels.';
COMMENT ON COLUMN survival_group.median_days IS 'Days after which at most half are left; NULL while more are.';
COMMENT ON COLUMN survival_group.median_low IS 'Lower end of its interval at 95 %; NULL where it is not reached.';
COMMENT ON COLUMN survival_group.median_high IS 'Upper end of its interval at 95 %; NULL where it is not reached.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE survival_comparison (
  dimension text COLLATE "C" NOT NULL PRIMARY KEY,
  groups bigint NOT NULL,
  customers bigint NOT NULL,
  churned bigint NOT NULL,
  chi_square numeric(38,9),
  df integer,
  p double precision
);

COMMENT ON TABLE survival_comparison IS
'Whether the groups of a dimension stay equally long, by the log-rank test, one row a dimension as in survival_curve; as of the last refresh.';
COMMENT ON COLUMN survival_comparison.dimension IS 'As in survival_curve, but (all).';
COMMENT ON COLUMN survival_comparison.groups IS 'Groups.';
COMMENT ON COLUMN survival_comparison.customers IS 'Customers.';
COMMENT ON COLUMN survival_comparison.churned IS 'Those who churned.';
COMMENT ON COLUMN survival_comparison.chi_square IS 'Statistic of the test; NULL for one group, for more than 200 channels, or without a churn.';
COMMENT ON COLUMN survival_comparison.df IS 'Degrees of freedom; NULL likewise.';
COMMENT ON COLUMN survival_comparison.p IS 'Chance of so large a statistic if the groups are alike; NULL likewise.';

-- Computed by refresh; nothing else writes it.  Rows of a closed month stay as
-- they were.
CREATE TABLE retention_month (
  month_start date NOT NULL,
  cohort_month date NOT NULL,
  compared_month date NOT NULL,
  customers_before bigint NOT NULL,
  customers_kept bigint NOT NULL,
  customers_now bigint NOT NULL,
  start_revenue numeric(38,4) NOT NULL,
  expansion numeric(38,4) NOT NULL,
  contraction numeric(38,4) NOT NULL,
  lost numeric(38,4) NOT NULL,
  new_revenue numeric(38,4) NOT NULL,
  returned_revenue numeric(38,4) NOT NULL,
  other_revenue numeric(38,4) NOT NULL,
  end_revenue numeric(38,4) NOT NULL,
  PRIMARY KEY (month_start, cohort_month)
);

COMMENT ON TABLE retention_month IS
'Revenue of a month against that of the same customers retention_months before, one row a month and cohort; as of the last refresh.';
COMMENT ON COLUMN retention_month.month_start IS 'First day of the month.';
COMMENT ON COLUMN retention_month.cohort_month IS 'First day of the month of the first order; -infinity for none.';
COMMENT ON COLUMN retention_month.compared_month IS 'First day of the month before that it is compared with.';
COMMENT ON COLUMN retention_month.customers_before IS 'Customers with revenue above 0 in the month before.';
COMMENT ON COLUMN retention_month.customers_kept IS 'Those of them with revenue above 0 in the month.';
COMMENT ON COLUMN retention_month.customers_now IS 'Customers with revenue above 0 in the month.';
COMMENT ON COLUMN retention_month.start_revenue IS 'Revenue of customers_before in the month before, in base currency.';
COMMENT ON COLUMN retention_month.expansion IS 'What those kept brought more, in base currency.';
COMMENT ON COLUMN retention_month.contraction IS 'What those kept brought less, in base currency.';
COMMENT ON COLUMN retention_month.lost IS 'What went with those who were not kept, refunds to them in the month included, in base currency.';
COMMENT ON COLUMN retention_month.new_revenue IS 'Revenue of those whose first order is after the month before, or of whom corrections have left none, in base currency.';
COMMENT ON COLUMN retention_month.returned_revenue IS 'Revenue of those who had ordered earlier, and not in the month before, in base currency.';
COMMENT ON COLUMN retention_month.other_revenue IS 'Refunds in the month to those without revenue in either, zero or negative, in base currency.';
COMMENT ON COLUMN retention_month.end_revenue IS 'Revenue of the month, in base currency.';
