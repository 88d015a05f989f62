-- Are we inside the budget?  One budget row of plan beside what was booked.
-- Both are up to the report day; the whole budget stands beside them.
CREATE VIEW budget_variance WITH (security_invoker = true) AS
SELECT
  plan_id, scenario, measure, aspect, category_code, channel_code,
  campaign_code, tier_scheme, tier_code, period_from, period_to,
  planned AS budget, planned_to_date AS budget_to_date, actual, variance,
  variance_rate, actual <= planned_to_date AS within_budget,
  planned - coalesce(actual, 0) AS budget_left, container_id, currency,
  category_name, channel_name, campaign_name, tier_name, as_of,
  measure_name, tier_scheme_name
FROM plan_actual
WHERE kind = 'budget';

COMMENT ON VIEW budget_variance IS
'Budget and actual up to the last refresh, one row a budget row of plan.';
COMMENT ON COLUMN budget_variance.plan_id IS
'Number of the plan row.';
COMMENT ON COLUMN budget_variance.scenario IS
'Version of the budget; figures of two are never added.';
COMMENT ON COLUMN budget_variance.measure IS
'What was budgeted, mostly cost or hours.';
COMMENT ON COLUMN budget_variance.aspect IS
'Aspect of the business; (all) for all.';
COMMENT ON COLUMN budget_variance.category_code IS
'Cost category, with all below it; (all) for all.';
COMMENT ON COLUMN budget_variance.channel_code IS
'Channel, with all below it; (all) for all.';
COMMENT ON COLUMN budget_variance.campaign_code IS
'Campaign; (all) for all.';
COMMENT ON COLUMN budget_variance.tier_scheme IS
'Tier scheme; (all) for all customers.';
COMMENT ON COLUMN budget_variance.tier_code IS
'Tier; (all) for all customers.';
COMMENT ON COLUMN budget_variance.period_from IS
'First day of the budget.';
COMMENT ON COLUMN budget_variance.period_to IS
'Last day of the budget.';
COMMENT ON COLUMN budget_variance.budget IS
'Budget for the whole period, in base currency where it is money; NULL without a rate.';
COMMENT ON COLUMN budget_variance.budget_to_date IS
'Part of it for the days up to the report day; NULL without a rate and before the first refresh.';
COMMENT ON COLUMN budget_variance.actual IS
'What was booked for the days up to the report day; NULL before the period begins and where the facts cannot tell.';
COMMENT ON COLUMN budget_variance.variance IS
'Actual less budget to date: above 0 is overspent; NULL without an actual.';
COMMENT ON COLUMN budget_variance.variance_rate IS
'Variance in relation to the budget to date; NULL without an actual or where that is not above 0.';
COMMENT ON COLUMN budget_variance.within_budget IS
'Whether the actual is at most the budget to date; NULL without an actual.';
COMMENT ON COLUMN budget_variance.budget_left IS
'What is left of the budget for the whole period, below 0 when it is used up; NULL without a rate.';
COMMENT ON COLUMN budget_variance.container_id IS
'Budget of the same scenario that contains this one, so that totals leave it out; NULL where it counts.';
COMMENT ON COLUMN budget_variance.currency IS
'Base currency; NULL where the budget is no money.';
COMMENT ON COLUMN budget_variance.category_name IS
'Name of the category.';
COMMENT ON COLUMN budget_variance.channel_name IS
'Name of the channel.';
COMMENT ON COLUMN budget_variance.campaign_name IS
'Name of the campaign.';
COMMENT ON COLUMN budget_variance.tier_name IS
'Name of the tier.';
COMMENT ON COLUMN budget_variance.as_of IS
'Report day; NULL before the first refresh.';
COMMENT ON COLUMN budget_variance.measure_name IS 'Name of the measure.';
COMMENT ON COLUMN budget_variance.tier_scheme_name IS 'Name of the scheme.';
