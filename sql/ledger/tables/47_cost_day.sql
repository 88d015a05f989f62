-- Computed by refresh; nothing else writes it.  Days of a closed month stay as they were; what
-- came late counts on the first day of the first open month.  An accrual is on
-- each of its days that are over.
CREATE TABLE cost_day (
  day date NOT NULL,
  category_code text COLLATE "C" NOT NULL,
  channel_code text COLLATE "C" NOT NULL,
  campaign_code text COLLATE "C" NOT NULL,
  cost numeric(38,4) NOT NULL,
  hours numeric(38,6) NOT NULL,
  PRIMARY KEY (day, category_code, channel_code, campaign_code)
);

COMMENT ON TABLE cost_day IS
'Cost by day, one row a day, category, channel and campaign of the entries, as of the last refresh.';
COMMENT ON COLUMN cost_day.day IS 'Day of the cost.';
COMMENT ON COLUMN cost_day.category_code IS 'Cost category of the entries.';
COMMENT ON COLUMN cost_day.channel_code IS 'Channel of the entries, else of their campaign; (unknown) where neither tells.';
COMMENT ON COLUMN cost_day.campaign_code IS 'Campaign of the entries; (unknown) for none.';
COMMENT ON COLUMN cost_day.cost IS 'Cost in base currency; entries without a rate are left out.';
COMMENT ON COLUMN cost_day.hours IS 'What was bought in unit hour.';
