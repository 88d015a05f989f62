-- Months whose figures are fixed, written by crmcost.close_period().  What is
-- loaded into them later counts in the first open month.
--
-- A month follows the one before it, which must be closed as well, and only the
-- first follows none: so there is no gap, whoever writes.
CREATE TABLE closed_period (
  month_start date NOT NULL PRIMARY KEY
    CONSTRAINT month_start_is_the_first_of_a_month
      CHECK (extract(day FROM month_start) = 1),
  follows date
    CONSTRAINT closed_months_have_no_gap
      REFERENCES closed_period (month_start)
    CONSTRAINT follows_the_month_before
      CHECK (follows = month_start - interval '1 month'),
  closed_at timestamptz NOT NULL,
  as_of date NOT NULL,
  money_scale integer,
  CONSTRAINT closed_months_begin_once UNIQUE NULLS NOT DISTINCT (follows)
);

COMMENT ON TABLE closed_period IS
'Months whose figures are fixed, one row each, without a gap.';
COMMENT ON COLUMN closed_period.month_start IS
'First day of the month.';
COMMENT ON COLUMN closed_period.follows IS
'The month before, closed as well; NULL for the first closed month.';
COMMENT ON COLUMN closed_period.closed_at IS
'When it was closed.';
COMMENT ON COLUMN closed_period.as_of IS
'Day of the refresh whose figures were fixed.';
COMMENT ON COLUMN closed_period.money_scale IS
'Setting money_scale at the closing, by which views split the cost of the month; NULL for what it is now.';
