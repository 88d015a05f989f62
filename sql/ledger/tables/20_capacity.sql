-- Practical capacity: the minutes that a cost category's people could work.
CREATE TABLE capacity (
  category_code text NOT NULL
    CONSTRAINT category_is_known REFERENCES cost_category (code),
  period daterange NOT NULL
    CONSTRAINT period_not_empty CHECK (NOT isempty(period)),
  minutes numeric(16,4) NOT NULL CONSTRAINT minutes_not_negative
    CHECK (minutes >= 0 AND minutes <> 'NaN'),
  PRIMARY KEY (category_code, period)
);

COMMENT ON TABLE capacity IS
'Practical capacity behind a cost category, one row a category and period.';
COMMENT ON COLUMN capacity.category_code IS
'Category whose cost pays for the capacity.';
COMMENT ON COLUMN capacity.period IS
'Days that the minutes are for.';
COMMENT ON COLUMN capacity.minutes IS
'Practical minutes available in the period.';
