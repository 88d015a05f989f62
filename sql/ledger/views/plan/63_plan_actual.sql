-- What came of every planned figure so far.  The facts know categories,
-- channels, campaigns and tiers, but no aspects: a row that names an aspect
-- and nothing else cannot be compared and has no actual, nor has one whose
-- period has not begun on the report day.
--
--   cost          counted in the category and below, on the channel and below,
--                 on the campaign; for a tier what its customers bear, by
--                 bucket
--   revenue       sold, by channel and campaign, or by tier
--   hours         with a category what was bought by the hour, else handling
--   customers     acquired
--   score         mean of survey csat, or of the survey that aspect names; for
--                 nps promoters less detractors in percent, for csat_rate the
--                 share of satisfied answers
--   cost_saving   baseline to date less cost to date
--   revenue_gain  revenue to date less baseline to date
--
-- Like is compared with like: the plan to date, by days, with the actual to
-- date.  A baseline is that of the same scenario, else that of setting
-- plan_scenario.  Whole months come from the sums by month, the days before
-- and after them from those by day.  Of tiers there are months only: a part of
-- one counts by its days.
CREATE VIEW plan_actual WITH (security_invoker = true) AS
WITH report AS (
  SELECT r.as_of, s.value AS plan_scenario
  FROM last_refresh r CROSS JOIN setting s
  WHERE s.key = 'plan_scenario'
),
compared AS (
  SELECT p.plan_id, b.plan_id AS baseline_id, b.measure AS fact,
         greatest(p.period_from, b.from_on) AS from_on,
         least(p.period_to, b.to_on, r.as_of) AS to_on, b.amount, b.days,
         b.scenario = p.scenario AS own,
         bool_or(b.scenario = p.scenario) OVER (PARTITION BY p.plan_id)
           AS any_own
  FROM plan_base p
  CROSS JOIN report r
  JOIN plan_segment b
    ON b.kind = 'baseline' AND b.scenario IN (p.scenario, r.plan_scenario)
       AND b.measure = CASE p.measure WHEN 'cost_saving' THEN 'cost'
                         ELSE 'revenue' END
       AND b.category_code = p.category_code
       AND b.channel_code = p.channel_code
       AND b.campaign_code = p.campaign_code
       AND b.tier_scheme = p.tier_scheme AND b.tier_code = p.tier_code
       AND b.from_on <= least(p.period_to, r.as_of)
       AND b.to_on >= p.period_from
  WHERE p.measure IN ('cost_saving', 'revenue_gain')
),
-- what each row asks of the facts, and for which days; a saving asks once for
-- every stretch of its baseline
asked AS (
  SELECT a.plan_id, a.fact, a.from_on, a.to_on, a.baseline, p.aspect,
         p.category_code, p.channel_code, p.campaign_code, p.tier_scheme,
         p.tier_code
  FROM (SELECT p.plan_id, p.measure AS fact, p.period_from AS from_on,
               least(p.period_to, r.as_of) AS to_on, 0::numeric AS baseline
        FROM plan_base p CROSS JOIN report r
        WHERE p.measure NOT IN ('cost_saving', 'revenue_gain')
        UNION ALL
        SELECT plan_id, fact, from_on, to_on,
               amount * (to_on - from_on + 1) / days
        FROM compared
        WHERE own OR NOT any_own) a
  JOIN plan_base p USING (plan_id)
  WHERE a.from_on <= a.to_on AND p.kind <> 'market'
        AND (p.aspect = '(all)' OR p.measure = 'score'
             OR (p.category_code, p.channel_code, p.campaign_code,
                 p.tier_code) <> ('(all)', '(all)', '(all)', '(all)'))
),
piece AS (
  SELECT a.plan_id, a.fact, a.category_code, a.channel_code, a.campaign_code,
         a.tier_code, v.by_month, v.from_on, v.to_on
  FROM asked a
  CROSS JOIN report r
  CROSS JOIN LATERAL (
    SELECT least((date_trunc('month', (a.from_on - 1)::timestamp)
                  + interval '1 month')::date, a.to_on + 1) AS month_from,
           CASE WHEN a.to_on = r.as_of THEN a.to_on
             ELSE date_trunc('month', (a.to_on + 1)::timestamp)::date - 1
           END AS month_to
  ) m
  CROSS JOIN LATERAL (
    VALUES (true, m.month_from, m.month_to),
           (false, a.from_on, m.month_from - 1),
           (false, greatest(m.month_to + 1, m.month_from), a.to_on)
  ) AS v (by_month, from_on, to_on)
  WHERE v.from_on <= v.to_on
),
sold_month AS MATERIALIZED (
  SELECT date_trunc('month', d.day::timestamp)::date AS month_start,
         d.channel_code, d.campaign_code, sum(d.revenue) AS revenue,
         sum(d.handle_seconds) AS handle_seconds, sum(d.acquired) AS acquired
  FROM day_total d
  GROUP BY 1, 2, 3
),
-- cost, and hours that were bought
spent AS (
  SELECT a.plan_id, a.fact, c.cost, c.hours
  FROM piece a
  JOIN (SELECT month_start, category_code, channel_code, campaign_code,
               sum(cost) AS cost,
               coalesce(sum(quantity) FILTER (WHERE unit = 'hour'), 0)
                 AS hours
        FROM cost_month
        GROUP BY month_start, category_code, channel_code, campaign_code) c
    ON c.month_start BETWEEN a.from_on AND a.to_on
       AND a.campaign_code IN ('(all)', c.campaign_code)
  JOIN code_below k
    ON k.kind = 'category' AND k.code = c.category_code
       AND k.ancestor = a.category_code
  JOIN code_below h
    ON h.kind = 'channel' AND h.code = c.channel_code
       AND h.ancestor = a.channel_code
  WHERE a.by_month AND a.tier_code = '(all)'
        AND (a.fact = 'cost'
             OR a.fact = 'hours' AND a.category_code <> '(all)')
  UNION ALL
  SELECT a.plan_id, a.fact, c.cost, c.hours
  FROM piece a
  JOIN cost_day c
    ON c.day BETWEEN a.from_on AND a.to_on
       AND a.campaign_code IN ('(all)', c.campaign_code)
  JOIN code_below k
    ON k.kind = 'category' AND k.code = c.category_code
       AND k.ancestor = a.category_code
  JOIN code_below h
    ON h.kind = 'channel' AND h.code = c.channel_code
       AND h.ancestor = a.channel_code
  WHERE NOT a.by_month AND a.tier_code = '(all)'
        AND (a.fact = 'cost'
             OR a.fact = 'hours' AND a.category_code <> '(all)')
),
-- sales, acquisitions, handling
happened AS (
  SELECT a.plan_id, a.fact, d.revenue, d.handle_seconds, d.acquired
  FROM piece a
  JOIN sold_month d
    ON d.month_start BETWEEN a.from_on AND a.to_on
       AND a.campaign_code IN ('(all)', d.campaign_code)
  JOIN code_below h
    ON h.kind = 'channel' AND h.code = d.channel_code
       AND h.ancestor = a.channel_code
  WHERE a.by_month
  UNION ALL
  SELECT a.plan_id, a.fact, d.revenue, d.handle_seconds, d.acquired
  FROM piece a
  JOIN day_total d
    ON d.day BETWEEN a.from_on AND a.to_on
       AND a.campaign_code IN ('(all)', d.campaign_code)
  JOIN code_below h
    ON h.kind = 'channel' AND h.code = d.channel_code
       AND h.ancestor = a.channel_code
  WHERE NOT a.by_month
),
answered AS (
  SELECT plan_id, sum(CASE fact WHEN 'cost' THEN cost ELSE hours END) AS actual
  FROM spent
  GROUP BY plan_id
  UNION ALL
  SELECT a.plan_id,
         sum(CASE a.fact WHEN 'revenue' THEN d.revenue
               WHEN 'customers' THEN d.acquired
               ELSE d.handle_seconds / 3600.0 END)
  FROM happened d
  JOIN (SELECT DISTINCT plan_id, fact FROM asked
        WHERE tier_code = '(all)'
              AND (fact = 'hours' AND category_code = '(all)'
                   OR fact IN ('revenue', 'customers')
                      AND category_code = '(all)')) a USING (plan_id)
  GROUP BY a.plan_id
  UNION ALL
  SELECT a.plan_id,
         sum(t.part * CASE a.fact
               WHEN 'revenue' THEN t.revenue
               WHEN 'customers' THEN t.acquired
               WHEN 'hours' THEN t.handle_seconds / 3600.0
               ELSE CASE b.bucket
                      WHEN 'acquisition' THEN t.acquisition_cost
                      WHEN 'retention' THEN t.retention_cost
                      WHEN 'service' THEN t.service_cost
                      WHEN 'churn' THEN t.churn_cost
                      WHEN 'data' THEN t.data_cost
                      WHEN 'training' THEN t.training_cost
                      WHEN 'program' THEN t.program_cost
                      ELSE t.total_cost END
             END)
  FROM asked a
  LEFT JOIN cost_category b ON b.code = a.category_code
  JOIN LATERAL (
    SELECT t.*, (least(a.to_on, u.until_on) - greatest(a.from_on,
                                                       t.month_start) + 1)
                / (u.until_on - t.month_start + 1)::numeric AS part
    FROM tier_month t
    CROSS JOIN report r
    CROSS JOIN LATERAL (
      SELECT least((t.month_start + interval '1 month')::date - 1, r.as_of)
               AS until_on
    ) u
    WHERE t.scheme = a.tier_scheme AND t.tier = a.tier_code
          AND t.month_start <= a.to_on AND u.until_on >= a.from_on
  ) t ON true
  WHERE a.tier_code <> '(all)' AND a.channel_code = '(all)'
        AND a.campaign_code = '(all)' AND b.parent_code IS NULL
        AND (a.fact = 'cost' OR a.category_code = '(all)')
        AND a.fact <> 'score'
  GROUP BY a.plan_id
),
scored AS (
  SELECT a.plan_id,
         CASE a.aspect
           WHEN 'nps' THEN 100.0 * sum(d.promoters - d.detractors)
           WHEN 'csat_rate' THEN sum(d.satisfied)
           ELSE sum(d.score)
         END / nullif(sum(d.answers), 0) AS actual
  FROM asked a
  JOIN survey_day d
    ON d.day BETWEEN a.from_on AND a.to_on
       AND d.survey = CASE WHEN a.aspect IN ('(all)', 'csat_mean',
                                             'csat_rate')
                        THEN 'csat' ELSE a.aspect END
       AND a.campaign_code IN ('(all)', d.campaign_code)
  JOIN code_below h
    ON h.kind = 'channel' AND h.code = d.channel_code
       AND h.ancestor = a.channel_code
  WHERE a.fact = 'score' AND a.tier_code = '(all)'
        AND a.category_code = '(all)'
  GROUP BY a.plan_id, a.aspect
),
-- what the facts can tell, though there may be nothing
total AS (
  SELECT plan_id, round(sum(baseline), 4) AS baseline
  FROM asked a
  LEFT JOIN cost_category b ON b.code = a.category_code
  WHERE fact <> 'score'
        AND (fact IN ('cost', 'hours') OR category_code = '(all)')
        AND (tier_code = '(all)'
             OR channel_code = '(all)' AND campaign_code = '(all)'
                AND b.parent_code IS NULL
                AND (fact = 'cost' OR category_code = '(all)'))
  GROUP BY plan_id
)
SELECT
  p.plan_id, p.scenario, p.kind, p.measure, p.aspect, p.category_code,
  p.channel_code, p.campaign_code, p.tier_scheme, p.tier_code, p.period_from,
  p.period_to, p.base_amount AS planned, f.planned_to_date, f.actual,
  f.actual - f.planned_to_date AS variance,
  round(CASE WHEN f.planned_to_date > 0
          THEN f.actual / f.planned_to_date - 1 END, 6) AS variance_rate,
  n.container_id,
  CASE WHEN p.measure IN ('cost', 'cost_saving', 'revenue', 'revenue_gain')
    THEN (SELECT value FROM setting WHERE key = 'base_currency')
  END AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 category.name, category.name_zh,
                 p.category_code) AS category_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 channel.name, channel.name_zh,
                 p.channel_code) AS channel_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 campaign.name, NULL, p.campaign_code) AS campaign_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 tier.name, tier.name_zh, p.tier_code) AS tier_name, r.as_of,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 kind.name, kind.name_zh, p.kind)
    AS kind_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 measure.name, measure.name_zh, p.measure)
    AS measure_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 sn.name, sn.name_zh, p.tier_scheme)
    AS tier_scheme_name
FROM plan_base p
LEFT JOIN report r ON true
LEFT JOIN total t USING (plan_id)
LEFT JOIN (SELECT plan_id, sum(actual) AS actual FROM answered
           GROUP BY plan_id) a USING (plan_id)
LEFT JOIN scored s USING (plan_id)
LEFT JOIN (SELECT plan_id, min(container_id) AS container_id
           FROM plan_nesting GROUP BY plan_id) n USING (plan_id)
LEFT JOIN cost_category category ON category.code = p.category_code
LEFT JOIN channel channel ON channel.code = p.channel_code
LEFT JOIN campaign campaign ON campaign.code = p.campaign_code
LEFT JOIN tier tier
  ON tier.scheme = p.tier_scheme AND tier.code = p.tier_code
LEFT JOIN term kind ON kind.kind = 'plan' AND kind.code = p.kind
LEFT JOIN term measure ON measure.kind = 'measure' AND measure.code = p.measure
CROSS JOIN LATERAL (
  SELECT CASE
           WHEN r.as_of IS NULL THEN NULL
           WHEN r.as_of >= p.period_to OR p.measure = 'score'
                                          AND r.as_of >= p.period_from
             THEN p.base_amount
           ELSE round(p.base_amount * greatest(r.as_of - p.period_from + 1, 0)
                      / (p.period_to - p.period_from + 1), 4)
         END AS planned_to_date,
         round(CASE p.measure
                 WHEN 'cost_saving' THEN t.baseline - coalesce(a.actual, 0)
                 WHEN 'revenue_gain' THEN coalesce(a.actual, 0) - t.baseline
                 WHEN 'score' THEN s.actual
                 ELSE CASE WHEN t.plan_id IS NOT NULL
                        THEN coalesce(a.actual, 0) END
               END, 6) AS actual
) f
LEFT JOIN term sn ON sn.kind = 'dimension' AND sn.code = p.tier_scheme;

COMMENT ON VIEW plan_actual IS
'Every planned figure with what came of it up to the last refresh, one row a plan row.';
COMMENT ON COLUMN plan_actual.plan_id IS
'Number of the plan row.';
COMMENT ON COLUMN plan_actual.scenario IS
'Version or vendor; figures of two are never added.';
COMMENT ON COLUMN plan_actual.kind IS
'budget, baseline, forecast, target or market.';
COMMENT ON COLUMN plan_actual.measure IS
'cost, cost_saving, revenue_gain, revenue, hours, customers or score.';
COMMENT ON COLUMN plan_actual.aspect IS
'Aspect of the business; (all) for all.';
COMMENT ON COLUMN plan_actual.category_code IS
'Cost category, with all below it; (all) for all.';
COMMENT ON COLUMN plan_actual.channel_code IS
'Channel, with all below it; (all) for all.';
COMMENT ON COLUMN plan_actual.campaign_code IS
'Campaign; (all) for all.';
COMMENT ON COLUMN plan_actual.tier_scheme IS
'Tier scheme; (all) for all customers.';
COMMENT ON COLUMN plan_actual.tier_code IS
'Tier, of who was in it at the end of each month; (all) for all customers.';
COMMENT ON COLUMN plan_actual.period_from IS
'First day of the period.';
COMMENT ON COLUMN plan_actual.period_to IS
'Last day of the period.';
COMMENT ON COLUMN plan_actual.planned IS
'Planned figure for the whole period, in base currency where it is money; NULL without a rate.';
COMMENT ON COLUMN plan_actual.planned_to_date IS
'Part of it for the days up to the report day; of a score the whole; NULL without a rate and before the first refresh.';
COMMENT ON COLUMN plan_actual.actual IS
'What the facts say for the same subject and the days up to the report day; NULL before the period begins, for market figures, and where the facts cannot tell.';
COMMENT ON COLUMN plan_actual.variance IS
'Actual less plan to date; NULL when one is not known.';
COMMENT ON COLUMN plan_actual.variance_rate IS
'Variance in relation to the plan to date, 0.1 for 10 % more; NULL when one is not known or the plan is not above 0.';
COMMENT ON COLUMN plan_actual.container_id IS
'Plan row of the same scenario that contains this one, of several the lowest; totals leave it out. NULL where it counts.';
COMMENT ON COLUMN plan_actual.currency IS
'Base currency; NULL where the figure is no money.';
COMMENT ON COLUMN plan_actual.category_name IS
'Name of the category.';
COMMENT ON COLUMN plan_actual.channel_name IS
'Name of the channel.';
COMMENT ON COLUMN plan_actual.campaign_name IS
'Name of the campaign.';
COMMENT ON COLUMN plan_actual.tier_name IS
'Name of the tier.';
COMMENT ON COLUMN plan_actual.as_of IS
'Report day; NULL before the first refresh.';
COMMENT ON COLUMN plan_actual.kind_name IS 'Name of the kind.';
COMMENT ON COLUMN plan_actual.measure_name IS 'Name of the measure.';
COMMENT ON COLUMN plan_actual.tier_scheme_name IS 'Name of the scheme.';
