-- Up to which month the books are closed: what comes later for a closed month
-- counts in this one.  Where none is, it is a day before all facts: drivers of other
-- languages have no infinite dates.
CREATE VIEW open_month WITH (security_invoker = true) AS
SELECT coalesce(max(month_start) + interval '1 month', '1800-01-01')::date
         AS month_start
FROM closed_period;

COMMENT ON VIEW open_month IS
'The first month that is not closed, one row.';
COMMENT ON COLUMN open_month.month_start IS
'First day of the month after the closed ones; 1800-01-01, before all facts, where none is.';
