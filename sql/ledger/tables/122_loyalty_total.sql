-- Computed by refresh; nothing else writes it.
CREATE TABLE loyalty_total (
  program_code text COLLATE "C" NOT NULL PRIMARY KEY,
  members bigint NOT NULL,
  active_members bigint NOT NULL,
  earned numeric(38,4) NOT NULL,
  adjusted numeric(38,4) NOT NULL,
  redeemed numeric(38,4) NOT NULL,
  reversed numeric(38,4) NOT NULL,
  expired numeric(38,4) NOT NULL,
  balance numeric(38,4) NOT NULL,
  pending numeric(38,4) NOT NULL,
  owed numeric(38,4) NOT NULL,
  overdrawn numeric(38,4) NOT NULL,
  unmatched numeric(38,4) NOT NULL
);

COMMENT ON TABLE loyalty_total IS
'loyalty_account summed up, one row a programme with entries, as of the last refresh.';
COMMENT ON COLUMN loyalty_total.program_code IS 'Loyalty programme.';
COMMENT ON COLUMN loyalty_total.members IS 'Customers with entries.';
COMMENT ON COLUMN loyalty_total.active_members IS 'Those who earned or redeemed within the last twelve months.';
COMMENT ON COLUMN loyalty_total.earned IS 'Points earned.';
COMMENT ON COLUMN loyalty_total.adjusted IS 'Points adjusted, both ways.';
COMMENT ON COLUMN loyalty_total.redeemed IS 'Points redeemed less those given back.';
COMMENT ON COLUMN loyalty_total.reversed IS 'Points taken back.';
COMMENT ON COLUMN loyalty_total.expired IS 'Points that expired unspent.';
COMMENT ON COLUMN loyalty_total.balance IS 'Points that can be spent.';
COMMENT ON COLUMN loyalty_total.pending IS 'Points that are gained and not yet available.';
COMMENT ON COLUMN loyalty_total.owed IS 'Points that were spent before they were taken back.';
COMMENT ON COLUMN loyalty_total.overdrawn IS 'Points taken beyond what could be spent.';
COMMENT ON COLUMN loyalty_total.unmatched IS 'Points taken back of what brought none, or fewer.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE loyalty_member (
  program_code text COLLATE "C" NOT NULL PRIMARY KEY,
  customers bigint NOT NULL,
  active_customers bigint NOT NULL,
  acquired bigint NOT NULL,
  referred bigint NOT NULL,
  buyers bigint NOT NULL,
  repeat_buyers bigint NOT NULL,
  orders bigint NOT NULL,
  order_days bigint NOT NULL,
  days bigint NOT NULL,
  revenue numeric(38,4) NOT NULL,
  total_cost numeric(38,4) NOT NULL,
  profit numeric(38,4) NOT NULL
);

COMMENT ON TABLE loyalty_member IS
'How members of loyalty programmes buy, one row a programme with members, and one of all customers with programme (all), as of the last refresh.';
COMMENT ON COLUMN loyalty_member.program_code IS 'Loyalty programme; (all) for all customers, members or not.';
COMMENT ON COLUMN loyalty_member.customers IS 'Customers, without leads and technical ones.';
COMMENT ON COLUMN loyalty_member.active_customers IS 'Those whose last order is at most churn_after_days ago.';
COMMENT ON COLUMN loyalty_member.acquired IS 'Those who were acquired.';
COMMENT ON COLUMN loyalty_member.referred IS 'Those of the acquired whom another customer brought.';
COMMENT ON COLUMN loyalty_member.buyers IS 'Those with an order.';
COMMENT ON COLUMN loyalty_member.repeat_buyers IS 'Those with two orders or more.';
COMMENT ON COLUMN loyalty_member.orders IS 'Their orders.';
COMMENT ON COLUMN loyalty_member.order_days IS 'Different days with an order, customer by customer.';
COMMENT ON COLUMN loyalty_member.days IS 'Days from the first order to the report day, customer by customer.';
COMMENT ON COLUMN loyalty_member.revenue IS 'Net revenue, in base currency.';
COMMENT ON COLUMN loyalty_member.total_cost IS 'Direct and allocated cost, in base currency.';
COMMENT ON COLUMN loyalty_member.profit IS 'Margin less total cost, in base currency.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE loyalty_decile (
  measure text COLLATE "C" NOT NULL,
  decile integer NOT NULL,
  customers bigint NOT NULL,
  loyalty numeric(38,4) NOT NULL,
  orders bigint NOT NULL,
  revenue numeric(38,4) NOT NULL,
  total_cost numeric(38,4) NOT NULL,
  profit numeric(38,4) NOT NULL,
  spearman numeric(38,6),
  PRIMARY KEY (measure, decile)
);

COMMENT ON TABLE loyalty_decile IS
'Customers with an order by tenths of how loyal they are, one row a measure of that and tenth, as of the last refresh.';
COMMENT ON COLUMN loyalty_decile.measure IS 'orders, tenure_days (from the first order to the last) or points (earned in all programmes; members alone).';
COMMENT ON COLUMN loyalty_decile.decile IS 'Tenth, 1 the most loyal; equal ones are in the same, that of the first of them.';
COMMENT ON COLUMN loyalty_decile.customers IS 'Customers in it.';
COMMENT ON COLUMN loyalty_decile.loyalty IS 'Sum of the measure.';
COMMENT ON COLUMN loyalty_decile.orders IS 'Their orders.';
COMMENT ON COLUMN loyalty_decile.revenue IS 'Net revenue, in base currency.';
COMMENT ON COLUMN loyalty_decile.total_cost IS 'Direct and allocated cost, in base currency.';
COMMENT ON COLUMN loyalty_decile.profit IS 'Margin less total cost, in base currency.';
COMMENT ON COLUMN loyalty_decile.spearman IS 'Rank correlation of the measure with profit, of all customers of the measure, equal values sharing their mean rank; NULL where all are equal.';
