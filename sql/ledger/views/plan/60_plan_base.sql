-- Every plan row in base currency, at the rate of its first day.  A row
-- without a currency is in base currency, or is no money at all.
CREATE VIEW plan_base WITH (security_invoker = true) AS
SELECT
  p.plan_id, p.scenario, p.kind, p.measure,
  coalesce(p.aspect, '(all)') AS aspect,
  coalesce(p.category_code, '(all)') AS category_code,
  coalesce(p.channel_code, '(all)') AS channel_code,
  coalesce(p.campaign_code, '(all)') AS campaign_code,
  coalesce(p.tier_scheme, '(all)') AS tier_scheme,
  coalesce(p.tier_code, '(all)') AS tier_code,
  lower(p.period) AS period_from, upper(p.period) - 1 AS period_to,
  p.amount, rate.currency, rate.to_base AS rate,
  CASE rate.to_base WHEN 1 THEN p.amount
    ELSE round(p.amount * rate.to_base, 4)
  END AS base_amount,
  CASE rate.to_base WHEN 1 THEN p.at_least
    ELSE round(p.at_least * rate.to_base, 4)
  END AS base_at_least,
  CASE rate.to_base WHEN 1 THEN p.at_most
    ELSE round(p.at_most * rate.to_base, 4)
  END AS base_at_most
FROM plan p
CROSS JOIN LATERAL (
  SELECT CASE WHEN p.measure IN ('cost', 'cost_saving', 'revenue',
                                 'revenue_gain')
           THEN coalesce(p.currency, (SELECT value FROM setting
                                      WHERE key = 'base_currency'))
           ELSE p.currency END AS currency,
         CASE
    WHEN p.currency IS NULL
         OR p.currency = (SELECT value FROM setting
                          WHERE key = 'base_currency')
      THEN 1
    ELSE (SELECT r.to_base FROM fx_rate r
          WHERE r.currency = p.currency AND r.valid_from <= lower(p.period)
          ORDER BY r.valid_from DESC LIMIT 1)
  END AS to_base
  OFFSET 0
) rate;

COMMENT ON VIEW plan_base IS
'Every planned figure with its amount in base currency, one row a plan row.';
COMMENT ON COLUMN plan_base.plan_id IS
'Number of the plan row.';
COMMENT ON COLUMN plan_base.scenario IS
'Version or vendor.';
COMMENT ON COLUMN plan_base.kind IS
'budget, baseline, forecast, target or market.';
COMMENT ON COLUMN plan_base.measure IS
'cost, cost_saving, revenue_gain, revenue, hours, customers or score.';
COMMENT ON COLUMN plan_base.aspect IS
'Aspect of the business; (all) for all.';
COMMENT ON COLUMN plan_base.category_code IS
'Cost category, with all below it; (all) for all.';
COMMENT ON COLUMN plan_base.channel_code IS
'Channel, with all below it; (all) for all.';
COMMENT ON COLUMN plan_base.campaign_code IS
'Campaign; (all) for all.';
COMMENT ON COLUMN plan_base.tier_scheme IS
'Tier scheme; (all) for all customers.';
COMMENT ON COLUMN plan_base.tier_code IS
'Tier; (all) for all customers.';
COMMENT ON COLUMN plan_base.period_from IS
'First day of the period.';
COMMENT ON COLUMN plan_base.period_to IS
'Last day of the period.';
COMMENT ON COLUMN plan_base.amount IS
'Planned figure, in currency where it is money.';
COMMENT ON COLUMN plan_base.currency IS
'Currency of the amount; NULL where it is no money.';
COMMENT ON COLUMN plan_base.rate IS
'Rate to the base currency on the first day; NULL when there is none.';
COMMENT ON COLUMN plan_base.base_amount IS
'Planned figure, in base currency where it is money, 4 decimals; NULL without a rate.';
COMMENT ON COLUMN plan_base.base_at_least IS
'What optimal_split leaves a budget at least, in base currency, 4 decimals; NULL for nothing, and without a rate.';
COMMENT ON COLUMN plan_base.base_at_most IS
'What optimal_split gives a budget at most, likewise; NULL for no limit, and without a rate.';
