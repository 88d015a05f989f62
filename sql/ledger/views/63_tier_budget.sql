-- Budgets that name no tier, split over the tiers of each scheme by their
-- resource weights, to the coin: once with each tier counting as it is, and
-- once with the weight of each of its customers.
CREATE VIEW tier_budget WITH (security_invoker = true) AS
WITH budget AS (
  SELECT p.plan_id, p.scenario, p.measure, p.category_code, p.channel_code,
         p.campaign_code, p.period_from, p.period_to, p.base_amount,
         greatest(s.value::int, min_scale(p.base_amount)) AS scale
  FROM plan_base p, setting s
  WHERE p.kind = 'budget' AND p.tier_code IS NULL AND s.key = 'money_scale'
        AND p.base_amount IS NOT NULL
),
weighted AS (
  SELECT t.scheme, t.code, t.rank, t.resource_weight,
         count(k.customer_id) AS customers
  FROM tier t
  LEFT JOIN customer_classification k
    ON k.dimension = t.scheme AND k.code = t.code
  WHERE t.resource_weight IS NOT NULL
  GROUP BY t.scheme, t.code, t.rank, t.resource_weight
)
SELECT
  b.plan_id, b.scenario, b.measure, b.category_code, b.channel_code,
  b.campaign_code, b.period_from, b.period_to, w.scheme, w.code AS tier,
  w.resource_weight, w.customers,
  crmcost.allocate(b.base_amount, w.resource_weight, b.scale) OVER pool
    AS budget,
  crmcost.allocate(b.base_amount, w.resource_weight * w.customers, b.scale)
    OVER pool AS budget_by_customers
FROM budget b CROSS JOIN weighted w
WINDOW pool AS (PARTITION BY b.plan_id, w.scheme ORDER BY w.rank);

COMMENT ON VIEW tier_budget IS
'Budgets without a tier, split over the tiers by resource weight, one row a budget row of plan, scheme and tier; the parts sum to the budget.';
COMMENT ON COLUMN tier_budget.plan_id IS
'Number of the plan row.';
COMMENT ON COLUMN tier_budget.scenario IS
'Version of the budget.';
COMMENT ON COLUMN tier_budget.measure IS
'What was budgeted, mostly cost or hours.';
COMMENT ON COLUMN tier_budget.category_code IS
'Cost category; NULL for all.';
COMMENT ON COLUMN tier_budget.channel_code IS
'Channel; NULL for all.';
COMMENT ON COLUMN tier_budget.campaign_code IS
'Campaign; NULL for all.';
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
'Customers in the tier now.';
COMMENT ON COLUMN tier_budget.budget IS
'Part by the weights of the tiers alone, in base currency where it is money; NULL when all weights are 0.';
COMMENT ON COLUMN tier_budget.budget_by_customers IS
'Part by the weights times customers; NULL when that is 0 for every tier.';
