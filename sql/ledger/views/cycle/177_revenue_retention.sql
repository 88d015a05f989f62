-- How much of the revenue stays with the customers, by the month compared with
-- the one retention_months before it.
CREATE VIEW revenue_retention WITH (security_invoker = true) AS
WITH month AS (
  SELECT month_start, cohort_month, grouping(cohort_month) = 1 AS is_all,
         min(compared_month) AS compared_month,
         sum(customers_before)::bigint AS customers_before,
         sum(customers_kept)::bigint AS customers_kept,
         sum(customers_now)::bigint AS customers_now,
         sum(start_revenue) AS start_revenue, sum(expansion) AS expansion,
         sum(contraction) AS contraction, sum(lost) AS lost,
         sum(new_revenue) AS new_revenue,
         sum(returned_revenue) AS returned_revenue,
         sum(other_revenue) AS other_revenue, sum(end_revenue) AS end_revenue
  FROM retention_month
  GROUP BY GROUPING SETS ((month_start, cohort_month), (month_start))
)
SELECT
  m.month_start, m.compared_month,
  CASE WHEN m.is_all THEN '(all)'
    WHEN isfinite(m.cohort_month) THEN to_char(m.cohort_month, 'YYYY-MM')
    ELSE '(unknown)' END AS cohort,
  m.customers_before, m.customers_kept, m.customers_now, m.start_revenue,
  m.expansion, m.contraction, m.lost, m.new_revenue, m.returned_revenue,
  m.other_revenue, m.end_revenue,
  round((m.start_revenue + m.expansion - m.contraction - m.lost)
        / nullif(m.start_revenue, 0), 6) AS net_retention_rate,
  round((m.start_revenue - m.contraction - m.lost)
        / nullif(m.start_revenue, 0), 6) AS gross_retention_rate,
  m.month_start <= crmcost._last_complete_month(r.as_of) AS is_complete,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM month m
CROSS JOIN last_refresh r;

COMMENT ON VIEW revenue_retention IS
'Revenue of a month against that of the same customers retention_months before, one row a month and cohort, (all) for all together.';
COMMENT ON COLUMN revenue_retention.month_start IS
'First day of the month.';
COMMENT ON COLUMN revenue_retention.compared_month IS
'First day of the month that it is compared with.';
COMMENT ON COLUMN revenue_retention.cohort IS
'Month of the day of the first order, in a closed month as it was known at its closing; (unknown) for customers without an order, (all) for all.';
COMMENT ON COLUMN revenue_retention.customers_before IS
'Customers with revenue above 0 in the compared month.';
COMMENT ON COLUMN revenue_retention.customers_kept IS
'Those of them with revenue above 0 in the month.';
COMMENT ON COLUMN revenue_retention.customers_now IS
'Customers with revenue above 0 in the month.';
COMMENT ON COLUMN revenue_retention.start_revenue IS
'Revenue of customers_before in the compared month.';
COMMENT ON COLUMN revenue_retention.expansion IS
'What those kept brought more.';
COMMENT ON COLUMN revenue_retention.contraction IS
'What those kept brought less.';
COMMENT ON COLUMN revenue_retention.lost IS
'What went with those who were not kept.';
COMMENT ON COLUMN revenue_retention.new_revenue IS
'Revenue of those whose first order is after the compared month, or of whom corrections have left none.';
COMMENT ON COLUMN revenue_retention.returned_revenue IS
'Revenue of those who had ordered before it and not in it.';
COMMENT ON COLUMN revenue_retention.other_revenue IS
'Refunds in the month to those without revenue in either; zero or negative.';
COMMENT ON COLUMN revenue_retention.end_revenue IS
'Revenue of the month: start + expansion - contraction - lost + new + returned + other.';
COMMENT ON COLUMN revenue_retention.net_retention_rate IS
'Start + expansion - contraction - lost, by start; NULL without a start.';
COMMENT ON COLUMN revenue_retention.gross_retention_rate IS
'Start - contraction - lost, by start; NULL without a start.';
COMMENT ON COLUMN revenue_retention.is_complete IS
'Whether the month is over.';
COMMENT ON COLUMN revenue_retention.currency IS
'Base currency, in which all amounts are.';
