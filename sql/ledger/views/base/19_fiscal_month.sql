-- The months of the reports with the quarters and years that they belong to.
-- All that is said by quarter or year asks here, so that another calendar is a
-- change of this view alone.  A fiscal year has the number of the year in
-- which it ends.
CREATE VIEW fiscal_month WITH (security_invoker = true) AS
SELECT
  m.month_start::date AS month_start,
  extract(quarter FROM m.month_start - shift.back)::integer AS fiscal_quarter,
  extract(year FROM m.month_start + shift.ahead)::integer AS fiscal_year,
  (date_trunc('quarter', m.month_start - shift.back) + shift.back)::date
    AS quarter_start,
  (date_trunc('year', m.month_start - shift.back) + shift.back)::date
    AS year_start,
  (m.month_start + interval '1 month')::date - 1
    <= (SELECT as_of FROM last_refresh) AS complete
FROM (
  SELECT make_interval(months => value::integer - 1) AS back,
         make_interval(months => (13 - value::integer) % 12) AS ahead
  FROM setting
  WHERE key = 'fiscal_year_start'
) shift
CROSS JOIN generate_series(
  least((SELECT min(month_start) FROM cost_month),
        (SELECT min(month_start) FROM customer_month),
        (SELECT date_trunc('month', min(day)::timestamp)::date
         FROM day_total))::timestamp,
  -- where all months up to the report day are closed, what came late is in the next
  greatest((SELECT as_of FROM last_refresh),
           (SELECT max(month_start) FROM cost_month),
           (SELECT max(month_start) FROM customer_month),
           (SELECT max(day) FROM day_total))::timestamp, '1 month')
  AS m (month_start);

COMMENT ON VIEW fiscal_month IS
'Months from the first one with anything in it to that of the last refresh, or where that is closed to the next one with what came late, one row each, with their fiscal quarter and year.';
COMMENT ON COLUMN fiscal_month.month_start IS 'First day of the month.';
COMMENT ON COLUMN fiscal_month.fiscal_quarter IS 'Quarter of the fiscal year, 1 to 4.';
COMMENT ON COLUMN fiscal_month.fiscal_year IS 'Fiscal year, by the number of the year in which it ends.';
COMMENT ON COLUMN fiscal_month.quarter_start IS 'First day of the fiscal quarter.';
COMMENT ON COLUMN fiscal_month.year_start IS 'First day of the fiscal year.';
COMMENT ON COLUMN fiscal_month.complete IS 'Whether all days of the month are in the reports.';
