-- Customers by the month of their first order, and what came of them month by
-- month.  Contribution is margin less the cost to serve, which is every kind
-- but acquisition and programme.  What was before the first order, such as the
-- cost of a lead, stands at age 0.  A month after that of the report day is
-- not observed: its figures are NULL, where an observed one without anything
-- has 0.
--
-- The month is one of customers: who is another since, or was merged, is in his cohort
-- of now with all his months, and closing them does not fix that.
CREATE VIEW cohort WITH (security_invoker = true) AS
SELECT
  g.cohort_month, g.age, g.customers,
  CASE WHEN g.observed THEN coalesce(l.active_customers, 0) END
    AS active_customers,
  CASE WHEN g.observed
    THEN round(coalesce(l.active_customers, 0)::numeric / g.customers, 6)
  END AS active_share,
  CASE WHEN g.observed THEN coalesce(l.orders, 0) END AS orders,
  CASE WHEN g.observed THEN coalesce(l.revenue, 0) END AS revenue,
  CASE WHEN g.observed THEN coalesce(l.margin, 0) END AS margin,
  CASE WHEN g.observed THEN coalesce(l.cost, 0) END AS cost,
  CASE WHEN g.observed THEN coalesce(l.acquisition_cost, 0) END
    AS acquisition_cost,
  CASE WHEN g.observed THEN coalesce(l.serving_cost, 0) END AS serving_cost,
  CASE WHEN g.observed THEN coalesce(l.margin - l.serving_cost, 0) END
    AS contribution,
  CASE WHEN g.observed
    THEN sum(coalesce(l.margin - l.serving_cost, 0))
           OVER (PARTITION BY g.cohort_month ORDER BY g.age)
  END AS cumulative_contribution,
  g.complete,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM (
  SELECT c.cohort_month, c.customers, a.age, f.month_start,
         f.month_start IS NOT NULL AS observed,
         coalesce(f.complete, false) AS complete
  FROM (
    SELECT cohort_month, customers
    FROM group_size
    WHERE dimension = '(cohort)' AND cohort_month > '-infinity'
  ) c
  CROSS JOIN (
    SELECT (row_number() OVER (ORDER BY month_start) - 1)::integer AS age
    FROM fiscal_month
    WHERE month_start >= (SELECT min(cohort_month)
                          FROM group_size
                          WHERE dimension = '(cohort)'
                                AND cohort_month > '-infinity')
  ) a
  LEFT JOIN fiscal_month f
    ON f.month_start = c.cohort_month + make_interval(months => a.age)
) g
LEFT JOIN (
  SELECT cohort_month, greatest(month_start, cohort_month) AS month_start,
         -- whoever bought before, too, would be there twice
         sum(active_customers) FILTER (WHERE month_start >= cohort_month)::bigint
           AS active_customers,
         sum(orders)::bigint AS orders, sum(revenue) AS revenue,
         sum(margin) AS margin, sum(direct_cost + allocated_cost) AS cost,
         sum(acquisition_cost) AS acquisition_cost,
         sum(direct_cost + allocated_cost - acquisition_cost - program_cost)
           AS serving_cost
  FROM group_month
  WHERE dimension = '(cohort)'
  GROUP BY 1, 2
) l ON l.cohort_month = g.cohort_month AND l.month_start = g.month_start;

COMMENT ON VIEW cohort IS
'Customers by the month of their first order, as it is known now, and age, as of the last refresh, one row a cohort and month of age.';
COMMENT ON COLUMN cohort.cohort_month IS 'First day of the month of the day of the first order, also where that came late and counts in a later month.';
COMMENT ON COLUMN cohort.age IS 'Months since then, 0 for the month itself and all that was before it.';
COMMENT ON COLUMN cohort.customers IS 'Customers of the cohort.';
COMMENT ON COLUMN cohort.active_customers IS 'Those of them who bought in the month; NULL where it is not observed yet.';
COMMENT ON COLUMN cohort.active_share IS 'That as a part of the cohort, 0..1, 6 decimals; NULL likewise.';
COMMENT ON COLUMN cohort.orders IS 'Their orders; NULL likewise.';
COMMENT ON COLUMN cohort.revenue IS 'Their net revenue; NULL likewise.';
COMMENT ON COLUMN cohort.margin IS 'Their margin; NULL likewise.';
COMMENT ON COLUMN cohort.cost IS 'All their cost, direct and allocated; NULL likewise.';
COMMENT ON COLUMN cohort.acquisition_cost IS 'Acquisition cost among it; NULL likewise.';
COMMENT ON COLUMN cohort.serving_cost IS 'Cost to serve among it: every kind but acquisition and programme; NULL likewise.';
COMMENT ON COLUMN cohort.contribution IS 'Margin less cost to serve; NULL likewise.';
COMMENT ON COLUMN cohort.cumulative_contribution IS 'Contribution up to the month; NULL likewise.';
COMMENT ON COLUMN cohort.complete IS 'Whether all days of the month are observed.';
COMMENT ON COLUMN cohort.currency IS 'Base currency, which all money here is in.';
