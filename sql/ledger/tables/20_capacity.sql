-- Practical capacity: the minutes that the people behind a pool could work.  It
-- makes the rule of the same category and channel, with driver handle_time,
-- time-driven: the pool costs so much a minute, customers bear the minutes they
-- used, and what nobody used is reported.
CREATE TABLE capacity (
  category_code text NOT NULL
    CONSTRAINT category_is_known REFERENCES cost_category (code),
  period daterange NOT NULL
    CONSTRAINT period_not_empty CHECK (NOT isempty(period))
    CONSTRAINT period_has_both_ends
      CHECK (NOT lower_inf(period) AND NOT upper_inf(period)
             AND isfinite(lower(period)) AND isfinite(upper(period)))
    CONSTRAINT period_is_100_years_at_most
      CHECK (lower(period) + 36600 >= upper(period)),
  minutes numeric(16,4) NOT NULL CONSTRAINT minutes_is_positive
    CHECK (minutes > 0 AND minutes <> 'NaN'),
  channel_code text NOT NULL DEFAULT '',
  PRIMARY KEY (category_code, channel_code, period),
  CONSTRAINT one_capacity_a_pool_and_day
    EXCLUDE USING gist (code_range(category_code, category_code, '[]') WITH &&,
                        code_range(channel_code, channel_code, '[]') WITH &&,
                        period WITH &&)
);

COMMENT ON TABLE capacity IS
'Practical capacity behind a pool, one row a category, channel and period.';
COMMENT ON COLUMN capacity.category_code IS
'Category whose cost pays for the capacity, as in the allocation rule.';
COMMENT ON COLUMN capacity.period IS
'Days that the minutes are for, with both ends; they spread over its months as an accrual does.';
COMMENT ON COLUMN capacity.minutes IS
'Practical minutes available in the period, above 0.';
COMMENT ON COLUMN capacity.channel_code IS
'Channel that the allocation rule is limited to; empty for a rule without.';
