-- Of how many customers do we know what they buy, do and say?
CREATE VIEW coverage WITH (security_invoker = true) AS
WITH month AS (
  SELECT g::date AS month_start, r.as_of
  FROM last_refresh r
  CROSS JOIN LATERAL generate_series(
    (SELECT min(m.month_start) FROM coverage_month m)::timestamp,
    crmcost._month_of(r.as_of)::timestamp, '1 month') AS g
),
summed AS (
  SELECT m.month_start, m.as_of, sum(c.customers) OVER up_to AS customers,
         sum(c.with_purchases) OVER up_to AS with_purchases,
         sum(c.with_behavior) OVER up_to AS with_behavior,
         sum(c.with_feedback) OVER up_to AS with_feedback,
         sum(c.with_all) OVER up_to AS with_all
  FROM month m
  LEFT JOIN coverage_month c USING (month_start)
  WINDOW up_to AS (ORDER BY m.month_start)
)
SELECT
  s.month_start, s.customers::bigint AS customers,
  s.with_purchases::bigint AS with_purchases,
  s.with_behavior::bigint AS with_behavior,
  s.with_feedback::bigint AS with_feedback, s.with_all::bigint AS with_all,
  round(s.with_purchases / nullif(s.customers, 0), 6) AS purchase_share,
  round(s.with_behavior / nullif(s.customers, 0), 6) AS behavior_share,
  round(s.with_feedback / nullif(s.customers, 0), 6) AS feedback_share,
  round(s.with_all / nullif(s.customers, 0), 6) AS coverage_share, s.as_of
FROM summed s;

COMMENT ON VIEW coverage IS
'Of how many customers there are purchases, behaviour and feedback, as of the last refresh, one row a month: what is known of the customers there were by its end, of a closed month as it was known then; the last row is that of the report day.';
COMMENT ON COLUMN coverage.month_start IS 'First day of the month.';
COMMENT ON COLUMN coverage.customers IS 'Customers acquired, or with an order, by the end of the month.';
COMMENT ON COLUMN coverage.with_purchases IS 'Those with an order.';
COMMENT ON COLUMN coverage.with_behavior IS 'Those with an interaction of kind behavior.';
COMMENT ON COLUMN coverage.with_feedback IS 'Those with an answer to a survey, or a complaint.';
COMMENT ON COLUMN coverage.with_all IS 'Those with all three.';
COMMENT ON COLUMN coverage.purchase_share IS 'Share of the customers with an order, 0..1, 6 decimals; NULL without customers.';
COMMENT ON COLUMN coverage.behavior_share IS 'Share of those with behaviour, likewise.';
COMMENT ON COLUMN coverage.feedback_share IS 'Share of those with feedback, likewise.';
COMMENT ON COLUMN coverage.coverage_share IS 'Share of those with all three, likewise.';
COMMENT ON COLUMN coverage.as_of IS 'Report day of the last refresh.';
