-- Customers by the month and channel of their acquisition, and what came of them
-- month by month.  Contribution is margin less the cost to serve, which is every
-- kind but acquisition and programme.  What was before the acquisition stands at
-- age 0.  A month after that of the report day is not observed: its figures are
-- NULL, where an observed one without anything has 0.
--
-- Paid back is the cost of a cohort's customers, all acquisition cost of their
-- month and channel as in channel_cac, when their contribution covers it: asked
-- are months that are complete.
--
-- The month is one of customers, as in acquisition_balance, whose value and payback
-- are those of who is in the group on the report day: closing it does not fix it.
CREATE VIEW acquisition_cohort WITH (security_invoker = true) AS
WITH cohort AS (
  SELECT coalesce(code, '(all)') AS channel_code, cohort_month,
         sum(customers)::bigint AS customers
  FROM group_size
  WHERE dimension = '(acquisition)' AND cohort_month > '-infinity'
  GROUP BY GROUPING SETS ((code, cohort_month), (cohort_month))
),
life AS (
  SELECT coalesce(code, '(all)') AS channel_code, cohort_month,
         greatest(month_start, cohort_month) AS month_start,
         -- whoever bought before, too, would be there twice
         sum(active_customers) FILTER (WHERE month_start >= cohort_month)::bigint
           AS active_customers,
         sum(margin) AS margin, sum(direct_cost + allocated_cost) AS cost,
         sum(direct_cost + allocated_cost - acquisition_cost - program_cost)
           AS serving_cost
  FROM group_month
  WHERE dimension = '(acquisition)' AND cohort_month > '-infinity'
  GROUP BY GROUPING SETS
    ((code, cohort_month, greatest(month_start, cohort_month)),
     (cohort_month, greatest(month_start, cohort_month)))
),
price AS (
  SELECT month_start, coalesce(channel_code, '(all)') AS channel_code,
         CASE WHEN NOT bool_or(crmcost._is_cac_unknown(unrated_entries,
                                                       customers, cac))
           THEN round(sum(acquisition_cost) / nullif(sum(customers), 0), 4)
         END AS cac
  FROM channel_cac
  GROUP BY GROUPING SETS ((month_start, channel_code), (month_start))
),
grown AS (
  SELECT g.channel_code, g.cohort_month, g.age, g.customers, g.complete,
         g.observed, p.cac,
         CASE WHEN g.observed THEN coalesce(l.active_customers, 0) END
           AS active_customers,
         CASE WHEN g.observed THEN coalesce(l.margin, 0) END AS margin,
         CASE WHEN g.observed THEN coalesce(l.cost, 0) END AS cost,
         CASE WHEN g.observed THEN coalesce(l.margin - l.serving_cost, 0)
         END AS contribution
  FROM (
    SELECT c.channel_code, c.cohort_month, c.customers, a.age, f.month_start,
           f.month_start IS NOT NULL AS observed,
           coalesce(f.complete, false) AS complete
    FROM cohort c
    CROSS JOIN (
      SELECT (row_number() OVER (ORDER BY month_start) - 1)::integer AS age
      FROM fiscal_month
      WHERE month_start >= (SELECT min(cohort_month) FROM cohort)
    ) a
    LEFT JOIN fiscal_month f
      ON f.month_start = c.cohort_month + make_interval(months => a.age)
  ) g
  LEFT JOIN life l USING (channel_code, cohort_month, month_start)
  LEFT JOIN price p
    ON p.channel_code = g.channel_code AND p.month_start = g.cohort_month
),
summed AS (
  SELECT g.*,
         CASE WHEN g.observed THEN sum(g.margin) OVER along END
           AS cumulative_margin,
         CASE WHEN g.observed THEN sum(g.cost) OVER along END
           AS cumulative_cost,
         CASE WHEN g.observed THEN sum(g.contribution) OVER along END
           AS cumulative_contribution
  FROM grown g
  WINDOW along AS (PARTITION BY g.channel_code, g.cohort_month ORDER BY g.age)
)
SELECT
  s.cohort_month, s.channel_code COLLATE "default" AS channel_code, s.age,
  s.customers, s.active_customers,
  round(s.active_customers::numeric / s.customers, 6) AS retention,
  s.margin, s.cost, s.contribution, s.cumulative_margin, s.cumulative_cost,
  s.cumulative_contribution, s.cac,
  min(s.age) FILTER (WHERE s.complete AND s.cumulative_contribution
                                          >= s.cac * s.customers)
    OVER (PARTITION BY s.channel_code, s.cohort_month) AS payback_months,
  s.complete,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh,
                 s.channel_code COLLATE "default") AS channel_name,
  (SELECT as_of FROM last_refresh) AS as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM summed s
LEFT JOIN channel h ON h.code = s.channel_code;

COMMENT ON VIEW acquisition_cohort IS
'Customers by the month and channel of their acquisition, as they are known now, and their age, as of the last refresh, one row a cohort, channel (and one with (all) for all of them) and month of age.';
COMMENT ON COLUMN acquisition_cohort.cohort_month IS 'First day of the month of the acquisition.';
COMMENT ON COLUMN acquisition_cohort.channel_code IS 'Channel that won them; (unknown) where it is not known, (all) for all of them.';
COMMENT ON COLUMN acquisition_cohort.age IS 'Months since then, 0 for the month itself and all that was before it.';
COMMENT ON COLUMN acquisition_cohort.customers IS 'Customers of the cohort.';
COMMENT ON COLUMN acquisition_cohort.active_customers IS 'Those of them who bought in the month; NULL where it is not observed yet.';
COMMENT ON COLUMN acquisition_cohort.retention IS 'That as a part of the cohort, 0..1, 6 decimals; NULL likewise. (retention_rate of kpi is about who is still there.)';
COMMENT ON COLUMN acquisition_cohort.margin IS 'Their margin; NULL likewise.';
COMMENT ON COLUMN acquisition_cohort.cost IS 'All their cost, direct and allocated, that of their acquisition included; NULL likewise.';
COMMENT ON COLUMN acquisition_cohort.contribution IS 'Margin less cost to serve: every kind of cost but acquisition and programme; NULL likewise.';
COMMENT ON COLUMN acquisition_cohort.cumulative_margin IS 'Margin up to the month; NULL likewise.';
COMMENT ON COLUMN acquisition_cohort.cumulative_cost IS 'Cost up to the month; NULL likewise.';
COMMENT ON COLUMN acquisition_cohort.cumulative_contribution IS 'Contribution up to the month; NULL likewise.';
COMMENT ON COLUMN acquisition_cohort.cac IS 'All acquisition cost of the month and channel for one customer, as in channel_cac; NULL without customers there, or with cost that has no rate.';
COMMENT ON COLUMN acquisition_cohort.payback_months IS 'First complete month of age by which the contribution of the cohort covers that; NULL when not yet.';
COMMENT ON COLUMN acquisition_cohort.complete IS 'Whether all days of the month are observed.';
COMMENT ON COLUMN acquisition_cohort.channel_name IS 'Name of the channel.';
COMMENT ON COLUMN acquisition_cohort.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN acquisition_cohort.currency IS 'Base currency, which all money here is in.';
