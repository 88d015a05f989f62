-- Computed by refresh for its as_of; nothing else writes it.  This is the trail
-- from a cost that no customer caused alone to the customers who bear it, and
-- the place where cost that could not be allocated stays in sight.
CREATE TABLE cost_pool (
  month_start date NOT NULL,
  bucket text NOT NULL,
  rule_id bigint NOT NULL,
  service_category text NOT NULL,
  pool_key text NOT NULL DEFAULT '',
  spend_month date,
  driver text,
  driver_key text,
  cost numeric(38,4) NOT NULL,
  driver_quantity numeric(38,12),
  capacity numeric(38,4),
  customers bigint NOT NULL,
  allocated_cost numeric(38,4) NOT NULL,
  unused_cost numeric(38,4) NOT NULL,
  unallocated_cost numeric(38,4)
    GENERATED ALWAYS AS (cost - allocated_cost - unused_cost) STORED,
  unallocated_because text,
  PRIMARY KEY (month_start, bucket, rule_id, service_category, pool_key)
);

COMMENT ON TABLE cost_pool IS
'Cost without a customer, as of the last refresh, one row a month, bucket, allocation rule and service pool it came through, and where touches share it channel or campaign, with what became of it.';
COMMENT ON COLUMN cost_pool.month_start IS
'First day of the month.';
COMMENT ON COLUMN cost_pool.bucket IS
'Kind of customer cost.';
COMMENT ON COLUMN cost_pool.rule_id IS
'Allocation rule that holds for the cost; 0 where there is none.';
COMMENT ON COLUMN cost_pool.service_category IS
'Service pool that passed the cost on; empty for cost that was booked here.';
COMMENT ON COLUMN cost_pool.pool_key IS
'For rules of driver attributed, whose touches or customers share it, such as attributed of channel search; empty for other rules.';
COMMENT ON COLUMN cost_pool.spend_month IS
'First day of the closed month whose spend is claimed here; NULL for cost of the month.';
COMMENT ON COLUMN cost_pool.driver IS
'What the shares follow; NULL without a rule.';
COMMENT ON COLUMN cost_pool.driver_key IS
'The driver with the limit of the rule, as in driver_quantity; NULL without a rule.';
COMMENT ON COLUMN cost_pool.cost IS
'Cost in the pool, in base currency; entries without a rate are left out.';
COMMENT ON COLUMN cost_pool.driver_quantity IS
'Sum of the driver over all customers in the month; cost divided by it is the rate. NULL when there was none.';
COMMENT ON COLUMN cost_pool.capacity IS
'For time-driven costing the practical capacity, in seconds; cost divided by it is the rate. NULL otherwise.';
COMMENT ON COLUMN cost_pool.customers IS
'Customers with any of the driver in the month.';
COMMENT ON COLUMN cost_pool.allocated_cost IS
'What customers bear, in base currency.';
COMMENT ON COLUMN cost_pool.unused_cost IS
'Cost of the capacity that nobody used, in base currency; 0 unless time-driven.';
COMMENT ON COLUMN cost_pool.unallocated_cost IS
'What no customer bears for want of a rule or driver, in base currency; the whole cost or 0.';
COMMENT ON COLUMN cost_pool.unallocated_because IS
'Why not: no rule, no driver in the month, or not yet converted (touches that led to no customer so far); NULL when allocated.';
