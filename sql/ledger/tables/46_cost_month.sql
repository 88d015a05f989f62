-- Computed by refresh; nothing else writes it.  Rows of a closed month stay as they were.
-- cost = direct_cost + allocated_cost + unused_cost + unallocated_cost.
CREATE TABLE cost_month (
  month_start date NOT NULL,
  category_code text COLLATE "C" NOT NULL,
  channel_code text COLLATE "C" NOT NULL,
  campaign_code text COLLATE "C" NOT NULL,
  product_code text COLLATE "C" NOT NULL,
  unit text COLLATE "C" NOT NULL,
  bucket text COLLATE "C" NOT NULL,
  resource text COLLATE "C" NOT NULL,
  entries bigint NOT NULL,
  entries_without_rate bigint NOT NULL,
  unrated_parts bigint NOT NULL,
  quantity numeric(38,6) NOT NULL,
  cost numeric(38,4) NOT NULL,
  direct_cost numeric(38,4) NOT NULL,
  allocated_cost numeric(38,4) NOT NULL,
  unused_cost numeric(38,4) NOT NULL,
  unallocated_cost numeric(38,4) NOT NULL,
  unconverted_cost numeric(38,4) NOT NULL,
  PRIMARY KEY (month_start, category_code, channel_code, campaign_code, product_code, unit)
);

COMMENT ON TABLE cost_month IS
'What became of cost, one row a month, category, channel, campaign, product and unit of the entries, as of the last refresh.';
COMMENT ON COLUMN cost_month.month_start IS 'First day of the month in which the cost counts.';
COMMENT ON COLUMN cost_month.category_code IS 'Cost category of the entries.';
COMMENT ON COLUMN cost_month.channel_code IS 'Channel of the entries, else of their campaign; (unknown) where neither tells.';
COMMENT ON COLUMN cost_month.campaign_code IS 'Campaign of the entries; (unknown) for none.';
COMMENT ON COLUMN cost_month.product_code IS 'Product of the entries; (unknown) for none.';
COMMENT ON COLUMN cost_month.unit IS 'Unit of what was bought; empty where nothing was counted.';
COMMENT ON COLUMN cost_month.bucket IS 'Kind of customer cost.';
COMMENT ON COLUMN cost_month.resource IS 'What was used up.';
COMMENT ON COLUMN cost_month.entries IS 'Entries, an accrual counted in the first month of it only.';
COMMENT ON COLUMN cost_month.entries_without_rate IS 'Entries left out for want of a rate, counted likewise.';
COMMENT ON COLUMN cost_month.unrated_parts IS 'The same, an accrual counted in each month that it is for.';
COMMENT ON COLUMN cost_month.quantity IS 'What was bought, in unit.';
COMMENT ON COLUMN cost_month.cost IS 'Cost in base currency; entries without a rate are left out.';
COMMENT ON COLUMN cost_month.direct_cost IS 'Booked on customers.';
COMMENT ON COLUMN cost_month.allocated_cost IS 'Borne by customers by the allocation rules.';
COMMENT ON COLUMN cost_month.unconverted_cost IS 'Of unallocated_cost, spend whose touches have led to no customer yet; below 0 where a closed month''s is claimed.';
COMMENT ON COLUMN cost_month.unused_cost IS 'Of capacity that nobody used.';
COMMENT ON COLUMN cost_month.unallocated_cost IS 'Borne by nobody for want of a rule or a driver.';
