-- Plan rows of one subject on a line of time, so that each day has one figure:
-- of rows that overlap the later one holds.  For what is compared with, where
-- two figures for a day cannot both be right: baselines, targets, the market.
CREATE VIEW plan_segment WITH (security_invoker = true) AS
WITH figure AS (
  SELECT * FROM plan_base
  WHERE kind IN ('baseline', 'target', 'market') AND base_amount IS NOT NULL
),
edge AS (
  SELECT DISTINCT f.scenario, f.kind, f.measure, f.aspect, f.category_code,
         f.channel_code, f.campaign_code, f.tier_scheme, f.tier_code, e.day
  FROM figure f
  CROSS JOIN LATERAL (VALUES (f.period_from), (f.period_to + 1)) AS e (day)
),
span AS (
  SELECT e.*, lead(e.day) OVER (PARTITION BY e.scenario, e.kind, e.measure,
                                  e.aspect, e.category_code, e.channel_code,
                                  e.campaign_code, e.tier_scheme, e.tier_code
                                ORDER BY e.day) - 1 AS to_day
  FROM edge e
)
SELECT DISTINCT ON (scenario, kind, measure, aspect, category_code,
                    channel_code, campaign_code, tier_scheme, tier_code,
                    s.day)
  f.plan_id, scenario, kind, measure, aspect, category_code, channel_code,
  campaign_code, tier_scheme, tier_code, s.day AS from_on, s.to_day AS to_on,
  s.to_day - s.day + 1 AS days, f.base_amount AS whole_amount,
  f.base_amount * (s.to_day - s.day + 1) / (f.period_to - f.period_from + 1)
    AS amount
FROM span s
JOIN figure f USING (scenario, kind, measure, aspect, category_code,
                     channel_code, campaign_code, tier_scheme, tier_code)
WHERE f.period_from <= s.day AND f.period_to >= s.to_day
ORDER BY scenario, kind, measure, aspect, category_code, channel_code,
         campaign_code, tier_scheme, tier_code, s.day, f.plan_id DESC;

COMMENT ON VIEW plan_segment IS
'Baselines, targets and markets as stretches of days with one figure each, one row a scenario, kind, measure, subject and stretch; the later of two plan rows holds.';
COMMENT ON COLUMN plan_segment.plan_id IS
'Number of the plan row that holds.';
COMMENT ON COLUMN plan_segment.scenario IS
'Version or vendor.';
COMMENT ON COLUMN plan_segment.kind IS
'baseline, target or market.';
COMMENT ON COLUMN plan_segment.measure IS
'cost, cost_saving, revenue_gain, revenue, hours, customers or score.';
COMMENT ON COLUMN plan_segment.aspect IS
'Aspect of the business; (all) for all.';
COMMENT ON COLUMN plan_segment.category_code IS
'Cost category, with all below it; (all) for all.';
COMMENT ON COLUMN plan_segment.channel_code IS
'Channel, with all below it; (all) for all.';
COMMENT ON COLUMN plan_segment.campaign_code IS
'Campaign; (all) for all.';
COMMENT ON COLUMN plan_segment.tier_scheme IS
'Tier scheme; (all) for all customers.';
COMMENT ON COLUMN plan_segment.tier_code IS
'Tier; (all) for all customers.';
COMMENT ON COLUMN plan_segment.from_on IS
'First day of the stretch.';
COMMENT ON COLUMN plan_segment.to_on IS
'Last day of the stretch.';
COMMENT ON COLUMN plan_segment.days IS
'Days of the stretch.';
COMMENT ON COLUMN plan_segment.whole_amount IS
'Figure of the whole plan row, in base currency where it is money.';
COMMENT ON COLUMN plan_segment.amount IS
'Part of it for the days of the stretch; for a score of no meaning.';
