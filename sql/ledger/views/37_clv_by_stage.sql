-- In which stage of their life customers bring their margin.  The stage is the
-- one that the rule of refresh gives for the moment before the first trade of
-- the day (see crmcost._classify_stage), with the settings of today: it does not
-- depend on how often refresh ran.
CREATE VIEW clv_by_stage WITH (security_invoker = true) AS
WITH traded AS (
  SELECT customer_id, sold_on, sum(base_amount) AS revenue,
         sum(base_margin) AS margin, min(sold_at) AS traded_at,
         max(sold_at) FILTER (WHERE kind = 'sale' AND amount >= 0)
           AS bought_at
  FROM sale_base
  WHERE sold_at <= (SELECT as_of_at FROM last_refresh)
  GROUP BY customer_id, sold_on
),
-- each day, with the number of days with a sale before it
numbered AS (
  SELECT traded.*,
         count(bought_at)
           OVER (PARTITION BY customer_id ORDER BY sold_on
                 ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
  FROM traded
),
-- the n-th day with a sale, and the one before it
bought AS (
  SELECT customer_id, before + 1 AS n, sold_on, bought_at,
         lag(sold_on) OVER in_order AS sold_on_before,
         lag(bought_at) OVER in_order AS bought_at_before
  FROM numbered
  WHERE bought_at IS NOT NULL
  WINDOW in_order AS (PARTITION BY customer_id ORDER BY sold_on)
),
by_hand AS (
  SELECT customer_id, code, entered_at,
         lead(entered_at, 1, 'infinity')
           OVER (PARTITION BY customer_id ORDER BY entered_at) AS left_at
  FROM classification
  WHERE dimension = 'stage' AND NOT by_rule
),
known AS (
  SELECT d.customer_id, d.revenue, d.margin, c.source, h.code AS by_hand,
         b.bought_at > h.entered_at AS bought_since,
         b.sold_on - b.sold_on_before >= churn.days
           OR h.code = 'churned' AND b.bought_at > h.entered_at
              AND coalesce(b.bought_at_before <= h.entered_at, true)
           AS came_back,
         -- what made somebody a customer on the day is the day's first sale
         d.sold_on - greatest(b.sold_on,
                              CASE WHEN acquired.day < d.sold_on
                                THEN acquired.day END,
                              CASE WHEN h.code NOT IN ('lead', 'churned')
                                THEN (h.entered_at AT TIME ZONE zone.name)::date
                              END)
           AS idle_days,
         at_risk.days AS at_risk_after, churn.days AS churn_after
  FROM numbered d
  JOIN customer c USING (customer_id)
  LEFT JOIN bought b ON b.customer_id = d.customer_id AND b.n = d.before
  LEFT JOIN by_hand h
    ON h.customer_id = d.customer_id AND h.entered_at <= d.traded_at
       AND h.left_at > d.traded_at
  CROSS JOIN (SELECT value AS name FROM setting
              WHERE key = 'timezone') zone
  CROSS JOIN (SELECT value::int AS days FROM setting
              WHERE key = 'at_risk_after_days') at_risk
  CROSS JOIN (SELECT value::int AS days FROM setting
              WHERE key = 'churn_after_days') churn
  CROSS JOIN LATERAL (
    SELECT (c.acquired_at AT TIME ZONE zone.name)::date AS day
  ) acquired
),
staged AS (
  SELECT customer_id, revenue, margin,
         CASE
           WHEN source = 'anon' THEN 'anon'
           WHEN by_hand IN ('lead', 'churned') AND bought_since IS NOT TRUE
             THEN by_hand
           WHEN idle_days IS NULL THEN 'lead'
           WHEN idle_days >= churn_after THEN 'churned'
           WHEN by_hand IS NOT NULL AND bought_since IS NOT TRUE
                AND (idle_days < at_risk_after OR by_hand = 'at_risk')
             THEN by_hand
           WHEN idle_days >= at_risk_after THEN 'at_risk'
           WHEN came_back THEN 'won_back'
           ELSE 'active'
         END AS stage
  FROM known
)
SELECT
  stage, count(DISTINCT customer_id) AS customers,
  coalesce(sum(revenue), 0) AS revenue, coalesce(sum(margin), 0) AS margin,
  sum(margin) / nullif(sum(sum(margin)) OVER (), 0) AS margin_share,
  (SELECT as_of FROM last_refresh) AS as_of
FROM staged
GROUP BY stage;

COMMENT ON VIEW clv_by_stage IS
'Margin to date by the stage that the customer was in at the time of the sale, one row a stage with any; the stages add up to the margin of all customers.';
COMMENT ON COLUMN clv_by_stage.stage IS
'lead (the first sale), active, at_risk, churned or won_back, as it was just before the first sale or refund of the day; anon for technical customers.';
COMMENT ON COLUMN clv_by_stage.customers IS
'Customers with a sale or refund in that stage.';
COMMENT ON COLUMN clv_by_stage.revenue IS
'Net revenue in base currency; a refund counts on its own day.';
COMMENT ON COLUMN clv_by_stage.margin IS
'Revenue less cost of goods, in base currency.';
COMMENT ON COLUMN clv_by_stage.margin_share IS
'Margin as a share of the margin of all stages; NULL when that is 0.';
COMMENT ON COLUMN clv_by_stage.as_of IS
'Day that the row is for.';
