-- Does a channel bring customers who are worth what they cost to win?  Worth
-- is what they have contributed, margin less the cost to serve, and what they
-- still will: the margin that the models predict (the closed form where none
-- was fitted), times what the cost to serve left of the margin in the last
-- twelve complete months, but not less than nothing.
--
-- Paid back is the cost of a customer when what the customers of the channel
-- have contributed, month by month after the acquisition, covers it: at each
-- age those are asked who have completed it.
CREATE VIEW acquisition_balance WITH (security_invoker = true) AS
WITH calendar AS (
  SELECT month_start, complete FROM fiscal_month
),
total AS (
  SELECT channel_code, customers, acquisition_cost, cac, unrated_entries
  FROM channel_cac_total
),
-- customers who were acquired, by the month of it, and what came of them
cohort AS (
  SELECT coalesce(code, '(all)') AS channel_code, cohort_month,
         sum(customers) AS customers, sum(expected_margin) AS expected_margin
  FROM group_size
  WHERE dimension = '(acquisition)' AND cohort_month > '-infinity'
  GROUP BY GROUPING SETS ((code, cohort_month), (cohort_month))
),
month AS (
  SELECT coalesce(g.code, '(all)') AS channel_code, g.cohort_month,
         f.month_start, f.complete, sum(g.margin) AS margin,
         sum(g.contribution) AS contribution
  FROM (
    SELECT code, cohort_month, greatest(month_start, cohort_month)
             AS month_start, margin,
           margin - direct_cost - allocated_cost + acquisition_cost
             + program_cost AS contribution
    FROM group_month
    WHERE dimension = '(acquisition)' AND cohort_month > '-infinity'
  ) g
  JOIN calendar f USING (month_start)
  GROUP BY GROUPING SETS
    ((g.code, g.cohort_month, f.month_start, f.complete),
     (g.cohort_month, f.month_start, f.complete))
),
so_far AS (
  SELECT channel_code, sum(margin) AS margin, sum(contribution) AS contribution
  FROM month
  GROUP BY channel_code
),
-- each month is its own here, that of the acquisition too
year AS (
  SELECT coalesce(g.code, '(all)') AS channel_code, sum(g.margin) AS margin,
         sum(g.margin - g.direct_cost - g.allocated_cost + g.acquisition_cost
             + g.program_cost) AS contribution
  FROM group_month g
  JOIN (SELECT max(month_start) AS to_month FROM calendar WHERE complete) y
    ON g.month_start BETWEEN y.to_month - interval '11 months' AND y.to_month
  WHERE g.dimension = '(acquisition)' AND g.cohort_month > '-infinity'
  GROUP BY GROUPING SETS ((g.code), ())
  HAVING count(*) > 0
),
worth AS (
  SELECT e.*, (e.contribution + e.expected) / e.customers AS ltv
  FROM (
    SELECT w.channel_code, w.customers, coalesce(y.margin, 0) AS margin,
           coalesce(y.contribution, 0) AS contribution,
           coalesce(greatest(w.expected_margin * l.contribution
                             / nullif(l.margin, 0), 0), 0) AS expected
    FROM (
      SELECT channel_code, sum(customers) AS customers,
             sum(expected_margin) AS expected_margin
      FROM cohort
      GROUP BY channel_code
    ) w
    LEFT JOIN so_far y USING (channel_code)
    LEFT JOIN year l USING (channel_code)
  ) e
),
-- contribution a customer of those who have completed the age, added up
age AS (
  SELECT channel_code, age,
         sum(contribution / customers)
           OVER (PARTITION BY channel_code ORDER BY age) AS contribution
  FROM (
    SELECT c.channel_code,
           (12 * (extract(year FROM f.month_start)
                  - extract(year FROM c.cohort_month))
            + extract(month FROM f.month_start)
            - extract(month FROM c.cohort_month))::integer AS age,
           sum(c.customers) AS customers,
           sum(coalesce(m.contribution, 0)) AS contribution
    FROM cohort c
    JOIN calendar f ON f.month_start >= c.cohort_month AND f.complete
    LEFT JOIN month m
      ON m.channel_code = c.channel_code AND m.cohort_month = c.cohort_month
         AND m.month_start = f.month_start
    GROUP BY 1, 2
  ) a
)
SELECT
  channel_code COLLATE "default" AS channel_code,
  coalesce(t.customers, w.customers::bigint, 0) AS customers,
  coalesce(t.acquisition_cost, 0) AS acquisition_cost, t.cac, w.margin,
  round(w.contribution / w.customers, 4) AS contribution,
  round(w.expected / w.customers, 4) AS expected_contribution,
  round(w.ltv, 4) AS ltv, round(w.ltv / nullif(t.cac, 0), 6) AS ltv_cac,
  b.payback_months, w.ltv < 0 OR w.ltv < t.cac AS loses_money,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh,
                 channel_code COLLATE "default") AS channel_name,
  (SELECT as_of FROM last_refresh) AS as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM worth w
FULL JOIN (SELECT * FROM total
           WHERE customers > 0 OR acquisition_cost <> 0
                 OR unrated_entries > 0) t USING (channel_code)
LEFT JOIN (
  SELECT a.channel_code, min(a.age) AS payback_months
  FROM age a
  JOIN total c USING (channel_code)
  WHERE a.contribution >= c.cac
  GROUP BY a.channel_code
) b USING (channel_code)
LEFT JOIN channel h ON h.code = channel_code;

COMMENT ON VIEW acquisition_balance IS
'What customers cost to win against what they are worth, as of the last refresh, one row a channel, and one with channel (all) for all of them.';
COMMENT ON COLUMN acquisition_balance.channel_code IS 'Channel that won the customers; (unknown) where it is not known, (all) for all of them.';
COMMENT ON COLUMN acquisition_balance.customers IS 'Customers acquired.';
COMMENT ON COLUMN acquisition_balance.acquisition_cost IS 'All acquisition cost, as in channel_cac.';
COMMENT ON COLUMN acquisition_balance.cac IS 'That for one customer, 4 decimals; NULL without customers, or with cost that has no rate.';
COMMENT ON COLUMN acquisition_balance.margin IS 'Margin that these customers have brought; NULL without customers.';
COMMENT ON COLUMN acquisition_balance.contribution IS 'Margin less cost to serve so far, a customer, 4 decimals; NULL without customers.';
COMMENT ON COLUMN acquisition_balance.expected_contribution IS 'Contribution still expected, a customer, 4 decimals, 0 where nothing can be predicted; NULL without customers.';
COMMENT ON COLUMN acquisition_balance.ltv IS 'Contribution so far and still expected, a customer, 4 decimals; NULL without customers.';
COMMENT ON COLUMN acquisition_balance.ltv_cac IS 'That in relation to the cost of winning, 6 decimals; NULL without one of them.';
COMMENT ON COLUMN acquisition_balance.payback_months IS 'First full month of age by which the contribution covers the cost of winning, 0 for the month of the acquisition; NULL when not yet.';
COMMENT ON COLUMN acquisition_balance.loses_money IS 'Whether a customer is worth less than he costs to win, or costs more than he brings; NULL when that is not known.';
COMMENT ON COLUMN acquisition_balance.channel_name IS 'Its name.';
COMMENT ON COLUMN acquisition_balance.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN acquisition_balance.currency IS 'Base currency, which all money here is in.';
