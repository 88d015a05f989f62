-- Budgets that name no tier, split over the tiers of each scheme by their
-- resource weights, to the coin: once with each tier counting as it is, and
-- once with the weight of each of its customers.
CREATE VIEW tier_budget WITH (security_invoker = true) AS
WITH budget AS (
  SELECT p.plan_id, p.scenario, p.measure, p.aspect, p.category_code,
         p.channel_code, p.campaign_code, p.period_from, p.period_to,
         p.base_amount, p.currency,
         greatest(s.value::integer, min_scale(p.base_amount)) AS scale
  FROM plan_base p CROSS JOIN setting s
  WHERE p.kind = 'budget' AND p.tier_code = '(all)' AND s.key = 'money_scale'
        AND p.base_amount IS NOT NULL
),
weighted AS (
  SELECT t.scheme, t.code, t.rank, t.resource_weight,
         coalesce(m.customers, 0) AS customers
  FROM tier t
  LEFT JOIN last_refresh r ON true
  LEFT JOIN tier_month m
    ON m.month_start = date_trunc('month', r.as_of::timestamp)::date
       AND m.scheme = t.scheme AND m.tier = t.code
  WHERE t.resource_weight IS NOT NULL
)
SELECT
  b.plan_id, b.scenario, b.measure, b.aspect, b.category_code,
  b.channel_code, b.campaign_code, b.period_from, b.period_to, w.scheme,
  w.code AS tier, w.resource_weight, w.customers,
  crmcost.allocate(b.base_amount, w.resource_weight, b.scale) OVER pool
    AS budget,
  crmcost.allocate(b.base_amount, w.resource_weight * w.customers, b.scale)
    OVER pool AS budget_by_customers,
  CASE WHEN b.currency IS NOT NULL
    THEN (SELECT value FROM setting WHERE key = 'base_currency') END
    AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 n.name, n.name_zh, w.code) AS tier_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 m.name, m.name_zh, b.measure)
    AS measure_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 c.name, c.name_zh, b.category_code)
    AS category_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh, b.channel_code)
    AS channel_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 k.name, NULL, b.campaign_code)
    AS campaign_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 sn.name, sn.name_zh, w.scheme)
    AS scheme_name
FROM budget b
CROSS JOIN weighted w
LEFT JOIN tier n
  ON n.scheme = w.scheme AND n.code = w.code
LEFT JOIN term m ON m.kind = 'measure' AND m.code = b.measure
LEFT JOIN cost_category c ON c.code = b.category_code
LEFT JOIN channel h ON h.code = b.channel_code
LEFT JOIN campaign k ON k.code = b.campaign_code
LEFT JOIN term sn ON sn.kind = 'dimension' AND sn.code = w.scheme
WINDOW pool AS (PARTITION BY b.plan_id, w.scheme ORDER BY w.rank);

COMMENT ON VIEW tier_budget IS
'Budgets without a tier, split over the tiers by resource weight, one row a budget row of plan, scheme and tier; the parts sum to the budget.';
COMMENT ON COLUMN tier_budget.plan_id IS
'Number of the plan row.';
COMMENT ON COLUMN tier_budget.scenario IS
'Version of the budget.';
COMMENT ON COLUMN tier_budget.measure IS
'What was budgeted, mostly cost or hours.';
COMMENT ON COLUMN tier_budget.aspect IS
'Aspect of the business; (all) for all.';
COMMENT ON COLUMN tier_budget.category_code IS
'Cost category; (all) for all.';
COMMENT ON COLUMN tier_budget.channel_code IS
'Channel; (all) for all.';
COMMENT ON COLUMN tier_budget.campaign_code IS
'Campaign; (all) for all.';
COMMENT ON COLUMN tier_budget.period_from IS
'First day of the budget.';
COMMENT ON COLUMN tier_budget.period_to IS
'Last day of the budget.';
COMMENT ON COLUMN tier_budget.scheme IS
'Tier scheme.';
COMMENT ON COLUMN tier_budget.tier IS
'Tier.';
COMMENT ON COLUMN tier_budget.resource_weight IS
'Weight of the tier.';
COMMENT ON COLUMN tier_budget.customers IS
'Customers in the tier on the report day.';
COMMENT ON COLUMN tier_budget.budget IS
'Part by the weights of the tiers alone, in base currency where it is money; NULL when all weights are 0.';
COMMENT ON COLUMN tier_budget.budget_by_customers IS
'Part by the weights times customers; NULL when that is 0 for every tier.';
COMMENT ON COLUMN tier_budget.currency IS
'Base currency; NULL where the budget is no money.';
COMMENT ON COLUMN tier_budget.tier_name IS
'Name of the tier.';
COMMENT ON COLUMN tier_budget.measure_name IS 'Name of the measure.';
COMMENT ON COLUMN tier_budget.category_name IS 'Name of the category.';
COMMENT ON COLUMN tier_budget.channel_name IS 'Name of the channel.';
COMMENT ON COLUMN tier_budget.campaign_name IS 'Name of the campaign.';
COMMENT ON COLUMN tier_budget.scheme_name IS 'Name of the scheme.';
