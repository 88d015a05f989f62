-- The best split of the same money: over the channels with a curve their budgets are
-- divided so that one more coin would bring as much in each (crmcost.optimal_budget);
-- the other channels keep theirs.
CREATE VIEW optimal_split WITH (security_invoker = true) AS
WITH proposal AS (
  SELECT w.scenario, w.period_from, w.period_to, w.months, w.channel_code,
         w.channel_name, w.budget, w.customers_on_curve, r.capacity,
         r.half_saturation, r.spend_to
  FROM budget_whatif w
  JOIN response_curve r
    ON r.channel_code = w.channel_code AND r.capacity IS NOT NULL
  WHERE w.budget >= 0
),
split AS (
  SELECT scenario, period_from, period_to, max(months) AS months,
         array_agg(channel_code ORDER BY channel_code) AS channels,
         crmcost.optimal_budget(
           sum(budget),
           array_agg((months * capacity)::float8 ORDER BY channel_code),
           array_agg((months * half_saturation)::float8
                     ORDER BY channel_code)) AS budgets
  FROM proposal
  GROUP BY scenario, period_from, period_to
),
line AS (
  SELECT p.*, u.budget AS optimal_budget,
         p.months * p.capacity * u.budget
         / (p.months * p.half_saturation + u.budget) AS optimal_customers,
         p.capacity * p.half_saturation * p.months ^ 2
         / (p.months * p.half_saturation + u.budget) ^ 2 AS marginal
  FROM split s
  CROSS JOIN LATERAL unnest(s.channels, s.budgets) AS u (channel_code, budget)
  JOIN proposal p USING (scenario, period_from, period_to, channel_code)
)
SELECT
  scenario, period_from, period_to,
  coalesce(channel_code, '(all)') AS channel_code,
  coalesce(max(channel_name) FILTER (WHERE channel_code IS NOT NULL), '(all)')
    AS channel_name,
  sum(budget) AS budget, sum(optimal_budget) AS optimal_budget,
  sum(customers_on_curve) AS customers,
  round(sum(optimal_customers), 6) AS optimal_customers,
  round(sum(budget) / nullif(sum(customers_on_curve), 0), 4) AS cac,
  round(sum(optimal_budget) / nullif(sum(optimal_customers), 0), 4)
    AS optimal_cac,
  round(1 / nullif(max(marginal), 0), 4) AS marginal_cac,
  bool_or(optimal_budget = 0) AS at_lower_bound,
  bool_or(optimal_budget / months > spend_to) AS beyond_seen,
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
COMMENT ON COLUMN optimal_split.optimal_budget IS 'Budget in the best split; they sum to the same.';
COMMENT ON COLUMN optimal_split.customers IS 'Customers along the curve as proposed, 6 decimals.';
COMMENT ON COLUMN optimal_split.optimal_customers IS 'Customers along the curve in the best split, 6 decimals.';
COMMENT ON COLUMN optimal_split.cac IS 'Budget for one customer as proposed, 4 decimals.';
COMMENT ON COLUMN optimal_split.optimal_cac IS 'Budget for one customer in the best split, 4 decimals.';
COMMENT ON COLUMN optimal_split.marginal_cac IS 'What one more customer would cost in the best split, 1 / lambda, 4 decimals: the same in all channels that are not at a bound.';
COMMENT ON COLUMN optimal_split.at_lower_bound IS 'Whether the channel, for (all) any, gets nothing.';
COMMENT ON COLUMN optimal_split.beyond_seen IS 'Whether a month would cost more than any of the channel has: the curve is not known there.';
COMMENT ON COLUMN optimal_split.currency IS 'Base currency, which all money here is in.';
