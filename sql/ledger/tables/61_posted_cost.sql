-- Computed by refresh for its as_of; nothing else writes it, but close_period
-- adds the direct cost of the months it closes.  Which part of which cost entry
-- counts in which month and goes to which pool.
CREATE TABLE posted_cost (
  customer_id bigint,
  month_start date NOT NULL,
  cost_id bigint NOT NULL,
  incurred_on date NOT NULL,
  booked_month date NOT NULL,
  category_code text NOT NULL,
  bucket text NOT NULL,
  rule_id bigint NOT NULL,
  service_category text NOT NULL,
  pool_key text NOT NULL DEFAULT '',
  spend_month date,
  amount numeric(38,4) NOT NULL,
  cost_before numeric(38,4) NOT NULL,
  PRIMARY KEY (month_start, cost_id, incurred_on, booked_month, rule_id,
               service_category, pool_key)
);

CREATE INDEX posted_cost_cost_id ON posted_cost (cost_id, incurred_on);

COMMENT ON TABLE posted_cost IS
'Cost entries by the month in which they count and the pool they go to, as of the last refresh; direct cost only in closed months and where it came late.';
COMMENT ON COLUMN posted_cost.customer_id IS
'Customer of direct cost; NULL for cost of a pool.';
COMMENT ON COLUMN posted_cost.month_start IS
'First day of the month in which the cost counts.';
COMMENT ON COLUMN posted_cost.cost_id IS
'Number of the entry.';
COMMENT ON COLUMN posted_cost.incurred_on IS
'Day of the entry.';
COMMENT ON COLUMN posted_cost.booked_month IS
'First day of the month that the cost is for; before month_start when it came after that month was closed.';
COMMENT ON COLUMN posted_cost.category_code IS
'Cost category of the entry.';
COMMENT ON COLUMN posted_cost.bucket IS
'Kind of customer cost.';
COMMENT ON COLUMN posted_cost.rule_id IS
'Allocation rule; 0 for direct cost, and where there is none.';
COMMENT ON COLUMN posted_cost.service_category IS
'Service pool that passed the cost on; empty for none.';
COMMENT ON COLUMN posted_cost.pool_key IS
'Which pool of the rule, as in cost_pool; empty but for rules of driver attributed.';
COMMENT ON COLUMN posted_cost.spend_month IS
'First day of the closed month whose spend is claimed here; NULL for cost of the month.';
COMMENT ON COLUMN posted_cost.amount IS
'Part of the entry, in base currency.';
COMMENT ON COLUMN posted_cost.cost_before IS
'Amounts of the entries before it among those that one driver allocates at once (month, bucket, driver and capacity; in order of rule, service pool, day, entry and month booked), in base currency; 0 for cost that no driver allocates.';
