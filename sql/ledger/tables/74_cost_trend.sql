-- Computed by refresh; nothing else writes it.  Rows of a closed month stay as
-- they were.
CREATE TABLE cost_trend (
  month_start date NOT NULL,
  category_code text COLLATE "C" NOT NULL,
  channel_code text COLLATE "C" NOT NULL,
  cost_month_before numeric(38,4),
  cost_year_before numeric(38,4),
  months_before bigint NOT NULL,
  mean_before numeric,
  spread_before numeric,
  PRIMARY KEY (month_start, category_code, channel_code)
);

COMMENT ON TABLE cost_trend IS
'What a category cost on a channel in the year before a month, one row a month, category and channel in cost_month; as of the last refresh.';
COMMENT ON COLUMN cost_trend.month_start IS 'First day of the month.';
COMMENT ON COLUMN cost_trend.category_code IS 'Cost category.';
COMMENT ON COLUMN cost_trend.channel_code IS 'Channel; (unknown) where it is not known.';
COMMENT ON COLUMN cost_trend.cost_month_before IS 'Cost of the month before, in base currency; NULL without any.';
COMMENT ON COLUMN cost_trend.cost_year_before IS 'Cost of the same month a year before, in base currency; NULL without any.';
COMMENT ON COLUMN cost_trend.months_before IS 'Months with cost in the twelve before.';
COMMENT ON COLUMN cost_trend.mean_before IS 'Mean cost of these months, in base currency; NULL without any.';
COMMENT ON COLUMN cost_trend.spread_before IS 'Standard deviation of it, in base currency; NULL with fewer than two.';
