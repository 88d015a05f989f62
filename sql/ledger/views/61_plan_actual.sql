-- What came of every planned figure.  The facts know categories, channels,
-- campaigns and tiers, but no aspects: a row that names an aspect and nothing
-- else cannot be compared and has no actual, nor has one whose period has not
-- begun on the day of the reports.
--
--   cost          booked in the category and below, on the channel and below,
--                 on the campaign; for a tier what its customers bear
--   revenue       sold, by channel, campaign or tier
--   hours         with a category what was bought by the hour, else handling
--   customers     acquired
--   score         mean of survey answers; aspect is the subtype of the survey
--   cost_saving   baseline less cost, over the days that both cover
--   revenue_gain  revenue less baseline, over the days that both cover
CREATE VIEW plan_actual WITH (security_invoker = true) AS
WITH RECURSIVE
-- every code is below itself and below all, which is ''; '' is no channel, too
category_below (code, ancestor) AS (
  SELECT code, code FROM cost_category
  UNION
  SELECT b.code, coalesce(c.parent_code, '')
  FROM category_below b JOIN cost_category c ON c.code = b.ancestor
),
channel_below (code, ancestor) AS (
  SELECT '', ''
  UNION
  SELECT code, code FROM channel
  UNION
  SELECT b.code, coalesce(c.parent_code, '')
  FROM channel_below b JOIN channel c ON c.code = b.ancestor
),
-- a saving or a gain is asked once for every baseline that it meets
asked AS (
  SELECT p.plan_id, 0 AS baseline_id, p.measure, p.aspect, p.category_code,
         p.channel_code,
         p.campaign_code, p.tier_scheme, p.tier_code, p.period_from,
         p.period_to, 0 AS baseline
  FROM plan_base p
  WHERE p.measure NOT IN ('cost_saving', 'revenue_gain')
  UNION ALL
  SELECT p.plan_id, b.plan_id, b.measure, p.aspect, p.category_code,
         p.channel_code,
         p.campaign_code, p.tier_scheme, p.tier_code,
         greatest(p.period_from, b.period_from),
         least(p.period_to, b.period_to),
         round(b.base_amount * (least(p.period_to, b.period_to)
                                - greatest(p.period_from, b.period_from) + 1)
               / (b.period_to - b.period_from + 1), 4)
  FROM plan_base p
  JOIN plan_base b
    ON b.kind = 'baseline'
       AND b.measure = CASE p.measure WHEN 'cost_saving' THEN 'cost'
                         ELSE 'revenue' END
       AND (b.category_code, b.channel_code, b.campaign_code, b.tier_scheme,
            b.tier_code)
           IS NOT DISTINCT FROM
           (p.category_code, p.channel_code, p.campaign_code, p.tier_scheme,
            p.tier_code)
       AND b.period_from <= p.period_to AND b.period_to >= p.period_from
  WHERE p.measure IN ('cost_saving', 'revenue_gain')
),
cost_day AS (
  SELECT c.cost_on, c.category_code,
         coalesce(c.channel_code, k.channel_code, '') AS channel_code,
         c.campaign_code, sum(c.base_amount) AS cost,
         sum(c.quantity) FILTER (WHERE c.unit = 'hour') AS hours
  FROM accrued_cost c LEFT JOIN campaign k ON k.code = c.campaign_code
  GROUP BY 1, 2, 3, 4
),
-- who is in a tier that is asked for; what is materialized here the planner
-- would work out for every row of plan
member AS MATERIALIZED (
  SELECT k.customer_id, k.dimension AS scheme, k.code AS tier
  FROM customer_classification k
  JOIN (SELECT DISTINCT tier_scheme, tier_code FROM plan) t
    ON t.tier_scheme = k.dimension AND t.tier_code = k.code
),
month_total AS MATERIALIZED (
  SELECT '' AS scheme, '' AS tier, month_start, sum(revenue) AS revenue,
         sum(handle_seconds) AS handle_seconds
  FROM customer_month
  GROUP BY month_start
  UNION ALL
  SELECT m.scheme, m.tier, c.month_start, sum(c.revenue),
         sum(c.handle_seconds)
  FROM member m JOIN customer_month c USING (customer_id)
  GROUP BY m.scheme, m.tier, c.month_start
),
tier_cost_month AS MATERIALIZED (
  SELECT m.scheme, m.tier, c.month_start, c.bucket,
         sum(c.direct_cost + c.allocated_cost) AS cost
  FROM member m JOIN customer_month_cost c USING (customer_id)
  GROUP BY m.scheme, m.tier, c.month_start, c.bucket
),
answered AS (
  -- booked by category, channel and campaign
  SELECT a.plan_id, a.baseline,
         coalesce(sum(CASE a.measure WHEN 'cost' THEN c.cost
                        ELSE c.hours END), 0) AS actual
  FROM asked a
  JOIN category_below b ON b.ancestor = coalesce(a.category_code, '')
  JOIN channel_below h ON h.ancestor = coalesce(a.channel_code, '')
  LEFT JOIN cost_day c
    ON c.category_code = b.code AND c.channel_code = h.code
       AND c.cost_on BETWEEN a.period_from AND a.period_to
       AND (c.campaign_code = a.campaign_code OR a.campaign_code IS NULL)
  WHERE (a.measure = 'cost'
         OR a.measure = 'hours' AND a.category_code IS NOT NULL)
        AND a.tier_code IS NULL
  GROUP BY a.plan_id, a.baseline_id, a.baseline
  UNION ALL
  -- from what refresh computes, where no channel or campaign is asked for
  SELECT a.plan_id, a.baseline,
         coalesce(sum(CASE a.measure WHEN 'revenue' THEN m.revenue
                        ELSE m.handle_seconds / 3600.0 END), 0)
  FROM asked a
  LEFT JOIN month_total m
    ON m.scheme = coalesce(a.tier_scheme, '')
       AND m.tier = coalesce(a.tier_code, '')
       AND m.month_start BETWEEN a.period_from AND a.period_to
  WHERE EXISTS (SELECT FROM last_refresh)
        AND a.channel_code IS NULL AND a.campaign_code IS NULL
        AND (a.measure = 'revenue'
             OR a.measure = 'hours' AND a.category_code IS NULL)
  GROUP BY a.plan_id, a.baseline_id, a.baseline
  UNION ALL
  -- what a customer bears is known by bucket only
  SELECT a.plan_id, a.baseline, coalesce(sum(m.cost), 0)
  FROM asked a
  LEFT JOIN cost_category b ON b.code = a.category_code
  LEFT JOIN tier_cost_month m
    ON m.scheme = a.tier_scheme AND m.tier = a.tier_code
       AND m.month_start BETWEEN a.period_from AND a.period_to
       AND m.bucket = coalesce(b.bucket, m.bucket)
  WHERE EXISTS (SELECT FROM last_refresh)
        AND a.measure = 'cost' AND a.tier_code IS NOT NULL
        AND a.channel_code IS NULL AND a.campaign_code IS NULL
        AND b.parent_code IS NULL
  GROUP BY a.plan_id, a.baseline_id, a.baseline
  UNION ALL
  SELECT a.plan_id, a.baseline, coalesce(s.revenue, 0)
  FROM asked a
  CROSS JOIN LATERAL (
    SELECT sum(s.base_amount) AS revenue
    FROM sale_base s LEFT JOIN campaign k ON k.code = s.campaign_code
    WHERE s.sold_on BETWEEN a.period_from AND a.period_to
          -- a day more on both sides, whatever the zone: only for the planner
          AND s.sold_at BETWEEN a.period_from - 1 AND a.period_to + 2
          AND (a.campaign_code IS NULL OR s.campaign_code = a.campaign_code)
          AND (a.channel_code IS NULL
               OR coalesce(s.channel_code, k.channel_code) IN
                  (SELECT code FROM channel_below
                   WHERE ancestor = a.channel_code))
          AND (a.tier_code IS NULL
               OR EXISTS (SELECT FROM member t
                          WHERE t.customer_id = s.customer_id
                                AND t.scheme = a.tier_scheme
                                AND t.tier = a.tier_code))
  ) s
  WHERE a.measure = 'revenue'
        AND num_nonnulls(a.channel_code, a.campaign_code) > 0
  UNION ALL
  -- contacts: hours of handling and scores
  SELECT a.plan_id, a.baseline,
         CASE a.measure WHEN 'hours' THEN coalesce(i.hours, 0)
           ELSE i.score END
  FROM asked a
  CROSS JOIN LATERAL (
    SELECT sum(i.handle_seconds) / 3600.0 AS hours,
           sum(i.score * i.n) FILTER (WHERE i.kind = 'survey')
           / sum(i.n) FILTER (WHERE i.kind = 'survey' AND i.score IS NOT NULL)
             AS score
    FROM interaction i
    LEFT JOIN campaign k ON k.code = i.campaign_code
    WHERE (i.occurred_at AT TIME ZONE
           (SELECT value FROM setting WHERE key = 'timezone'))::date
          BETWEEN a.period_from AND a.period_to
          AND i.occurred_at BETWEEN a.period_from - 1 AND a.period_to + 2
          AND (a.measure = 'hours'
               OR i.kind = 'survey'
                  AND CASE WHEN a.aspect IS NULL
                        THEN i.subtype IS DISTINCT FROM 'nps'
                        ELSE i.subtype = a.aspect END)
          AND (a.campaign_code IS NULL OR i.campaign_code = a.campaign_code)
          AND (a.channel_code IS NULL
               OR coalesce(i.channel_code, k.channel_code) IN
                  (SELECT code FROM channel_below
                   WHERE ancestor = a.channel_code))
          AND (a.tier_code IS NULL
               OR EXISTS (SELECT FROM member t
                          WHERE t.customer_id = i.customer_id
                                AND t.scheme = a.tier_scheme
                                AND t.tier = a.tier_code))
  ) i
  WHERE a.measure = 'score'
        OR a.measure = 'hours' AND a.category_code IS NULL
           AND num_nonnulls(a.channel_code, a.campaign_code) > 0
  UNION ALL
  SELECT a.plan_id, a.baseline, c.customers
  FROM asked a
  CROSS JOIN LATERAL (
    SELECT count(*) AS customers
    FROM customer c
    LEFT JOIN campaign k ON k.code = c.acquisition_campaign
    WHERE (c.acquired_at AT TIME ZONE
           (SELECT value FROM setting WHERE key = 'timezone'))::date
          BETWEEN a.period_from AND a.period_to
          AND c.source <> 'anon'
          AND (a.campaign_code IS NULL
               OR c.acquisition_campaign = a.campaign_code)
          AND (a.channel_code IS NULL
               OR coalesce(c.acquisition_channel, k.channel_code) IN
                  (SELECT code FROM channel_below
                   WHERE ancestor = a.channel_code))
          AND (a.tier_code IS NULL
               OR EXISTS (SELECT FROM member t
                          WHERE t.customer_id = c.customer_id
                                AND t.scheme = a.tier_scheme
                                AND t.tier = a.tier_code))
  ) c
  WHERE a.measure = 'customers'
),
total AS (
  SELECT plan_id, sum(baseline) AS baseline, sum(actual) AS actual
  FROM answered GROUP BY plan_id
)
SELECT
  p.plan_id, p.scenario, p.kind, p.measure, p.aspect, p.category_code,
  p.channel_code, p.campaign_code, p.tier_scheme, p.tier_code, p.period_from,
  p.period_to, p.base_amount AS planned, r.actual,
  r.actual - p.base_amount AS variance,
  r.actual / nullif(p.base_amount, 0) - 1 AS variance_rate
FROM plan_base p
LEFT JOIN (
  SELECT p.plan_id,
         CASE p.measure WHEN 'cost_saving' THEN t.baseline - t.actual
           WHEN 'revenue_gain' THEN t.actual - t.baseline
           ELSE t.actual END AS actual
  FROM plan_base p
  JOIN total t USING (plan_id)
  WHERE (p.aspect IS NULL OR p.measure = 'score'
         OR num_nonnulls(p.category_code, p.channel_code, p.campaign_code,
                         p.tier_code) > 0)
        AND p.period_from <= coalesce((SELECT as_of FROM last_refresh),
                                      'infinity')
        AND p.kind <> 'market'
) r USING (plan_id);

COMMENT ON VIEW plan_actual IS
'Every planned figure with what came of it, one row a plan row.';
COMMENT ON COLUMN plan_actual.plan_id IS
'Number of the plan row.';
COMMENT ON COLUMN plan_actual.scenario IS
'Version or vendor.';
COMMENT ON COLUMN plan_actual.kind IS
'budget, baseline, forecast, target or market.';
COMMENT ON COLUMN plan_actual.measure IS
'cost, cost_saving, revenue_gain, revenue, hours, customers or score.';
COMMENT ON COLUMN plan_actual.aspect IS
'Aspect of the business; NULL for all.';
COMMENT ON COLUMN plan_actual.category_code IS
'Cost category, with all below it; NULL for all.';
COMMENT ON COLUMN plan_actual.channel_code IS
'Channel, with all below it; NULL for all.';
COMMENT ON COLUMN plan_actual.campaign_code IS
'Campaign; NULL for all.';
COMMENT ON COLUMN plan_actual.tier_scheme IS
'Tier scheme; NULL for all customers.';
COMMENT ON COLUMN plan_actual.tier_code IS
'Tier, of who is in it now; NULL for all customers.';
COMMENT ON COLUMN plan_actual.period_from IS
'First day of the period.';
COMMENT ON COLUMN plan_actual.period_to IS
'Last day of the period.';
COMMENT ON COLUMN plan_actual.planned IS
'Planned figure, in base currency where it is money; NULL without a rate.';
COMMENT ON COLUMN plan_actual.actual IS
'What the facts say for the same subject and days; NULL before the period begins, for market figures, and where the facts cannot tell or wait for a refresh.';
COMMENT ON COLUMN plan_actual.variance IS
'Actual less planned; NULL when one is not known.';
COMMENT ON COLUMN plan_actual.variance_rate IS
'Variance in relation to the plan, 0.1 for 10 % more; NULL when one is not known or the plan is 0.';
