-- What a budget by channel would bring: plan rows of kind budget and measure cost
-- with a channel are the proposal, a scenario each.  At constant cost a customer it
-- brings as many as its money buys so far; along the curve of the channel, which
-- saturates, fewer where it is more.
CREATE VIEW budget_whatif WITH (security_invoker = true) AS
WITH proposal AS (
  SELECT scenario, period_from, period_to, channel_code,
         sum(base_amount) AS budget,
         sum(coalesce(base_at_least, 0)) AS at_least,
         CASE WHEN bool_and(base_at_most IS NOT NULL)
           THEN sum(base_at_most) END AS at_most,
         crmcost._month_number(period_to + 1)
         - crmcost._month_number(period_from) AS months
  FROM plan_base
  WHERE kind = 'budget' AND measure = 'cost' AND channel_code <> '(all)'
        AND base_amount IS NOT NULL
  GROUP BY scenario, period_from, period_to, channel_code
),
answer AS (
  SELECT p.*, t.cac, p.budget / nullif(t.cac, 0) AS customers_at_cac,
         p.months * r.capacity * greatest(p.budget / p.months, 0)
         / nullif(r.half_saturation + greatest(p.budget / p.months, 0), 0)
           AS customers_on_curve,
         p.budget / p.months > r.spend_to AS beyond_seen,
         CASE WHEN r.channel_code IS NULL THEN 'no spend so far'
           ELSE r.not_fitted_because END AS not_fitted_because,
         r.experiments, t.acquisition_cost, t.customers
  FROM proposal p
  LEFT JOIN channel_cac_total t USING (channel_code)
  LEFT JOIN response_curve r USING (channel_code)
),
line AS (
  SELECT scenario, period_from, period_to, channel_code, budget, months, cac,
         customers_at_cac, customers_on_curve, beyond_seen,
         not_fitted_because, experiments, at_least, at_most
  FROM answer
  UNION ALL
  SELECT a.scenario, a.period_from, a.period_to, '(all)', sum(a.budget),
         max(a.months), max(t.cac),
         CASE WHEN bool_and(a.customers_at_cac IS NOT NULL)
           THEN sum(a.customers_at_cac) END,
         CASE WHEN bool_and(a.customers_on_curve IS NOT NULL)
           THEN sum(a.customers_on_curve) END,
         bool_or(a.beyond_seen), NULL, sum(a.experiments),
         sum(a.at_least),
         CASE WHEN bool_and(a.at_most IS NOT NULL) THEN sum(a.at_most) END
  FROM answer a
  CROSS JOIN (SELECT cac FROM channel_cac_total
              WHERE channel_code = '(all)') t
  GROUP BY a.scenario, a.period_from, a.period_to
)
SELECT
  l.scenario, l.period_from, l.period_to, round(l.months, 6) AS months,
  l.channel_code COLLATE "default" AS channel_code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh,
                 l.channel_code COLLATE "default") AS channel_name,
  l.budget, l.cac AS cac_so_far,
  round(l.customers_at_cac, 6) AS customers_at_cac,
  round(l.budget / nullif(l.customers_at_cac, 0), 4) AS cac_at_cac,
  round(l.customers_on_curve, 6) AS customers_on_curve,
  round(l.budget / nullif(l.customers_on_curve, 0), 4) AS cac_on_curve,
  round(l.budget / nullif(l.customers_at_cac * l.cac, 0) - 1, 6)
    AS cac_change,
  l.beyond_seen, l.not_fitted_because, coalesce(l.experiments, 0)
    AS experiments,
  l.at_least, l.at_most,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 t.name, t.name_zh, l.not_fitted_because) AS because_name
FROM line l
LEFT JOIN channel h ON h.code = l.channel_code
LEFT JOIN term t ON t.kind = 'because' AND t.code = l.not_fitted_because;

COMMENT ON VIEW budget_whatif IS
'Customers that a budget would win, as of the last refresh, one row a scenario, period and channel with a budget in plan, and one with channel (all) for all of them.';
COMMENT ON COLUMN budget_whatif.scenario IS 'Scenario of the plan rows.';
COMMENT ON COLUMN budget_whatif.period_from IS 'First day of the budget.';
COMMENT ON COLUMN budget_whatif.period_to IS 'Last day of it.';
COMMENT ON COLUMN budget_whatif.months IS 'Months of the period, days as parts of their month, 6 decimals.';
COMMENT ON COLUMN budget_whatif.channel_code IS 'Channel; (all) for all with a budget.';
COMMENT ON COLUMN budget_whatif.channel_name IS 'Its name.';
COMMENT ON COLUMN budget_whatif.budget IS 'Proposed acquisition cost of the period.';
COMMENT ON COLUMN budget_whatif.cac_so_far IS 'What a customer of the channel has cost so far (channel_cac_total); NULL without customers.';
COMMENT ON COLUMN budget_whatif.customers_at_cac IS 'Customers that the budget buys at that cost, 6 decimals; NULL where it is not known, for (all) of any channel.';
COMMENT ON COLUMN budget_whatif.cac_at_cac IS 'Budget for one of them, 4 decimals.';
COMMENT ON COLUMN budget_whatif.customers_on_curve IS 'Customers along the curves of response_curve, the budget spread evenly over the months, 6 decimals; NULL without a curve, for (all) of any channel.';
COMMENT ON COLUMN budget_whatif.cac_on_curve IS 'Budget for one of them, 4 decimals.';
COMMENT ON COLUMN budget_whatif.cac_change IS 'By what part a customer would cost more than so far, at constant cost in each channel, 6 decimals: the effect of the mix.';
COMMENT ON COLUMN budget_whatif.beyond_seen IS 'Whether a month would cost more than any has: the curve is not known there.';
COMMENT ON COLUMN budget_whatif.not_fitted_because IS 'Why the channel has no curve; NULL with one, and for (all).';
COMMENT ON COLUMN budget_whatif.experiments IS 'Campaigns with a control group whose measured uplift is a point of the curve, beside the months.';
COMMENT ON COLUMN budget_whatif.at_least IS 'What optimal_split leaves the channel at least.';
COMMENT ON COLUMN budget_whatif.at_most IS 'What optimal_split gives it at most; NULL for no limit, for (all) where any channel has none.';
COMMENT ON COLUMN budget_whatif.currency IS 'Base currency, which all money here is in.';
COMMENT ON COLUMN budget_whatif.because_name IS 'Why the channel has no curve, in the language of the ledger; NULL where it has one, and for (all).';
