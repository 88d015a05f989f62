-- Are we inside the budget?  One budget row of plan beside what was booked.
CREATE VIEW budget_variance WITH (security_invoker = true) AS
SELECT
  plan_id, scenario, measure, aspect, category_code, channel_code,
  campaign_code, tier_scheme, tier_code, period_from, period_to,
  planned AS budget, actual, variance, variance_rate,
  actual <= planned AS within_budget,
  round(planned * least(greatest(
          (SELECT as_of FROM last_refresh) - period_from + 1, 0),
          period_to - period_from + 1)
        / (period_to - period_from + 1), 4) AS budget_to_date
FROM plan_actual
WHERE kind = 'budget';

COMMENT ON VIEW budget_variance IS
'Budget and actual, one row a budget row of plan.';
COMMENT ON COLUMN budget_variance.plan_id IS
'Number of the plan row.';
COMMENT ON COLUMN budget_variance.scenario IS
'Version of the budget.';
COMMENT ON COLUMN budget_variance.measure IS
'What was budgeted, mostly cost or hours.';
COMMENT ON COLUMN budget_variance.aspect IS
'Aspect of the business; NULL for all.';
COMMENT ON COLUMN budget_variance.category_code IS
'Cost category, with all below it; NULL for all.';
COMMENT ON COLUMN budget_variance.channel_code IS
'Channel, with all below it; NULL for all.';
COMMENT ON COLUMN budget_variance.campaign_code IS
'Campaign; NULL for all.';
COMMENT ON COLUMN budget_variance.tier_scheme IS
'Tier scheme; NULL for all customers.';
COMMENT ON COLUMN budget_variance.tier_code IS
'Tier; NULL for all customers.';
COMMENT ON COLUMN budget_variance.period_from IS
'First day of the budget.';
COMMENT ON COLUMN budget_variance.period_to IS
'Last day of the budget.';
COMMENT ON COLUMN budget_variance.budget IS
'Budget for the whole period, in base currency where it is money.';
COMMENT ON COLUMN budget_variance.actual IS
'What was booked in the period; NULL before it begins and where the facts cannot tell.';
COMMENT ON COLUMN budget_variance.variance IS
'Actual less budget: above 0 is overspent; NULL without an actual.';
COMMENT ON COLUMN budget_variance.variance_rate IS
'Variance in relation to the budget; NULL without an actual or with a budget of 0.';
COMMENT ON COLUMN budget_variance.within_budget IS
'Whether the actual is at most the budget; NULL without an actual.';
COMMENT ON COLUMN budget_variance.budget_to_date IS
'Part of the budget for the days up to the last refresh; NULL before the first.';
