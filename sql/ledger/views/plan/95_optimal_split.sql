-- The best split of the same money: over the channels with a curve their budgets are
-- divided, within the bounds of the plan, so that one more coin would bring as much
-- in each (crmcost.optimal_budget); the other channels keep theirs.  Beside it the
-- budgets at which one more customer costs what setting target_marginal_cac allows.
CREATE VIEW optimal_split WITH (security_invoker = true) AS
WITH proposal AS (
  SELECT w.scenario, w.period_from, w.period_to, w.months, w.channel_code,
         w.channel_name, w.budget, w.at_least, w.at_most,
         w.customers_on_curve, w.experiments, r.spend_to,
         w.months * r.capacity AS capacity,
         w.months * r.half_saturation AS half
  FROM budget_whatif w
  JOIN response_curve r
    ON r.channel_code = w.channel_code AND r.capacity IS NOT NULL
  WHERE w.budget >= 0
),
split AS (
  SELECT scenario, period_from, period_to,
         array_agg(channel_code ORDER BY channel_code) AS channels,
         crmcost.optimal_budget(
           sum(budget), array_agg(capacity::float8 ORDER BY channel_code),
           array_agg(half::float8 ORDER BY channel_code),
           array_agg(at_least ORDER BY channel_code),
           array_agg(at_most ORDER BY channel_code), 4) AS budgets
  FROM proposal
  GROUP BY scenario, period_from, period_to
),
target (marginal_cac) AS (
  SELECT nullif(value, '')::numeric FROM setting
  WHERE key = 'target_marginal_cac'
),
line AS (
  SELECT p.*, u.budget AS optimal_budget,
         p.capacity * u.budget / (p.half + u.budget) AS optimal_customers,
         p.capacity * p.half / (p.half + u.budget) ^ 2 AS marginal,
         u.budget = p.at_least AS at_lower, u.budget = p.at_most AS at_upper,
         t.marginal_cac AS target_marginal_cac,
         CASE WHEN t.marginal_cac IS NOT NULL
           THEN least(greatest(
                  round(sqrt(p.capacity * p.half * t.marginal_cac) - p.half,
                        4), p.at_least), p.at_most) END AS target_budget
  FROM split s
  CROSS JOIN LATERAL unnest(s.channels, s.budgets) AS u (channel_code, budget)
  JOIN proposal p USING (scenario, period_from, period_to, channel_code)
  CROSS JOIN target t
)
SELECT
  scenario, period_from, period_to,
  coalesce(channel_code, '(all)') AS channel_code,
  CASE WHEN grouping(channel_code) = 0 THEN max(channel_name)
    ELSE crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                        NULL, NULL, '(all)') END AS channel_name,
  sum(budget) AS budget, sum(at_least) AS at_least,
  CASE WHEN bool_and(at_most IS NOT NULL) THEN sum(at_most) END AS at_most,
  sum(optimal_budget) AS optimal_budget,
  sum(customers_on_curve) AS customers,
  round(sum(optimal_customers), 6) AS optimal_customers,
  round(sum(budget) / nullif(sum(customers_on_curve), 0), 4) AS cac,
  round(sum(optimal_budget) / nullif(sum(optimal_customers), 0), 4)
    AS optimal_cac,
  -- what is at its upper bound would bring more for the next coin, and gets none
  round(1 / nullif(coalesce(max(marginal) FILTER (WHERE at_upper IS NOT TRUE),
                            min(marginal)), 0), 4) AS marginal_cac,
  bool_or(at_lower) AS at_lower_bound,
  coalesce(bool_or(at_upper), false) AS at_upper_bound,
  bool_or(optimal_budget / months > spend_to) AS beyond_seen,
  sum(experiments) AS experiments,
  max(target_marginal_cac) AS target_marginal_cac,
  sum(target_budget) AS target_budget,
  round(sum(capacity * target_budget / (half + target_budget)), 6)
    AS target_customers,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM line
GROUP BY GROUPING SETS ((scenario, period_from, period_to, channel_code),
                        (scenario, period_from, period_to));

COMMENT ON VIEW optimal_split IS
'The best split of the budgets of a scenario over the channels with a curve, as of the last refresh, one row a scenario, period and channel, and one with channel (all); never fewer customers than as proposed, but for the rounding of coins.';
COMMENT ON COLUMN optimal_split.scenario IS 'Scenario of the plan rows.';
COMMENT ON COLUMN optimal_split.period_from IS 'First day of the budgets.';
COMMENT ON COLUMN optimal_split.period_to IS 'Last day of them.';
COMMENT ON COLUMN optimal_split.channel_code IS 'Channel with a budget and a curve (response_curve); (all) for all of them.';
COMMENT ON COLUMN optimal_split.channel_name IS 'Its name.';
COMMENT ON COLUMN optimal_split.budget IS 'Budget as proposed.';
COMMENT ON COLUMN optimal_split.at_least IS 'What the plan leaves the channel at least (plan.at_least).';
COMMENT ON COLUMN optimal_split.at_most IS 'What the plan gives it at most (plan.at_most); NULL for no limit, for (all) where any channel has none.';
COMMENT ON COLUMN optimal_split.optimal_budget IS 'Budget in the best split within these bounds; they sum to the same.';
COMMENT ON COLUMN optimal_split.customers IS 'Customers along the curve as proposed, 6 decimals.';
COMMENT ON COLUMN optimal_split.optimal_customers IS 'Customers along the curve in the best split, 6 decimals.';
COMMENT ON COLUMN optimal_split.cac IS 'Budget for one customer as proposed, 4 decimals.';
COMMENT ON COLUMN optimal_split.optimal_cac IS 'Budget for one customer in the best split, 4 decimals.';
COMMENT ON COLUMN optimal_split.marginal_cac IS 'What one more customer would cost in the best split, 4 decimals; for (all) 1 / lambda, which is the same in all channels that are not at a bound.';
COMMENT ON COLUMN optimal_split.at_lower_bound IS 'Whether the channel, for (all) any, gets what the plan leaves it at least, or nothing.';
COMMENT ON COLUMN optimal_split.at_upper_bound IS 'Whether the channel, for (all) any, gets what the plan gives it at most.';
COMMENT ON COLUMN optimal_split.beyond_seen IS 'Whether a month would cost more than any of the channel has: the curve is not known there.';
COMMENT ON COLUMN optimal_split.experiments IS 'Campaigns with a control group whose measured uplift is a point of the curve, beside the months.';
COMMENT ON COLUMN optimal_split.target_marginal_cac IS 'Setting target_marginal_cac: what one more customer may cost; NULL for no target.';
COMMENT ON COLUMN optimal_split.target_budget IS 'Budget at which one more customer costs that, within the bounds, whatever the total; NULL without a target.';
COMMENT ON COLUMN optimal_split.target_customers IS 'Customers along the curve with that budget, 6 decimals; NULL without a target.';
COMMENT ON COLUMN optimal_split.currency IS 'Base currency, which all money here is in.';
