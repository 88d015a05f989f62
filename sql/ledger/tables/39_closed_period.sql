-- Months whose figures are fixed, written by crmcost.close_period().  What is
-- loaded into them later counts in the first open month.
CREATE TABLE closed_period (
  month_start date NOT NULL PRIMARY KEY
    CONSTRAINT month_start_is_the_first_of_a_month
      CHECK (extract(day FROM month_start) = 1),
  closed_at timestamptz NOT NULL,
  as_of date NOT NULL
);

COMMENT ON TABLE closed_period IS
'Months whose figures are fixed, one row each, without a gap.';
COMMENT ON COLUMN closed_period.month_start IS
'First day of the month.';
COMMENT ON COLUMN closed_period.closed_at IS
'When it was closed.';
COMMENT ON COLUMN closed_period.as_of IS
'Day of the refresh whose figures were fixed.';
