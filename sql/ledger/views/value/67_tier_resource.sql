-- Do resources follow value?  All that was spent on the customers who are in a
-- tier on the report day, up to it, beside the profit they brought.  The price
-- before the discount is that of what was sold: a refund gives back what was
-- paid, and is no discount.
CREATE VIEW tier_resource WITH (security_invoker = true) AS
WITH agent AS (
  SELECT s.agent_code, s.score / s.answers AS score, r.is_best AS best
  FROM agent_score s
  JOIN agent_rank r ON r.agent_code = s.agent_code
),
people AS (
  SELECT t.scheme, t.tier, sum(t.customers)::bigint AS customers,
         coalesce(sum(t.customers) FILTER (WHERE t.agent_code = '(unknown)'),
                  0)::bigint AS without_owner,
         coalesce(sum(t.customers) FILTER (WHERE a.best), 0)
           AS best_agent_customers,
         sum(t.handle_seconds) / 3600.0 AS hours,
         sum(t.interactions) AS interactions, sum(t.automated) AS automated,
         sum(a.score * t.interactions)
         / nullif(sum(t.interactions) FILTER (WHERE a.score IS NOT NULL), 0)
           AS agent_score
  FROM tier_agent t
  LEFT JOIN agent a USING (agent_code)
  GROUP BY t.scheme, t.tier
),
money AS (
  SELECT dimension AS scheme, code AS tier,
         sum(margin - direct_cost - allocated_cost) AS profit,
         sum(direct_cost + allocated_cost) AS cost, sum(discount) AS discount,
         sum(revenue - refund + discount) AS price
  FROM group_month
  WHERE dimension NOT IN ('(segment)', '(acquisition)', '(cohort)')
  GROUP BY dimension, code
),
planned AS (
  SELECT p.tier_scheme AS scheme, p.tier_code AS tier,
         sum(p.planned) AS budget, sum(p.planned_to_date) AS budget_to_date,
         sum(p.actual) AS budget_actual
  FROM plan_actual p
  WHERE p.kind = 'budget' AND p.measure = 'cost' AND p.tier_code <> '(all)'
        AND p.scenario = (SELECT value FROM setting
                          WHERE key = 'plan_scenario')
        AND p.period_from <= p.as_of AND p.container_id IS NULL
  GROUP BY p.tier_scheme, p.tier_code
)
SELECT
  t.scheme, t.code AS tier, t.rank AS tier_rank, t.service_level,
  coalesce(p.customers, 0) AS customers,
  round(coalesce(p.hours, 0), 6) AS hours,
  round(p.hours / nullif(p.customers, 0), 6) AS hours_per_customer,
  round(p.agent_score, 6) AS agent_score,
  CASE WHEN t.account_manager THEN coalesce(p.without_owner, 0) END
    AS without_owner,
  round(p.best_agent_customers / nullif(p.customers, 0), 6)
    AS best_agent_share,
  round(p.automated / nullif(p.interactions, 0), 6)
    AS automated_share,
  b.budget, b.budget_to_date, b.budget_actual,
  coalesce(m.cost, 0) AS spend,
  round(coalesce(m.cost, 0) / nullif(sum(m.cost) OVER scheme, 0), 6)
    AS spend_share,
  coalesce(m.discount, 0) AS discount,
  round(m.discount / nullif(m.price, 0), 6) AS discount_rate,
  t.discount_rate AS discount_limit,
  coalesce(x.sale_lines, 0) AS breaches,
  coalesce(m.profit, 0) AS profit,
  CASE WHEN sum(m.profit) OVER scheme > 0
    THEN round(coalesce(m.profit, 0) / sum(m.profit) OVER scheme, 6) END
    AS profit_share,
  round(m.profit / nullif(p.hours, 0), 4) AS profit_per_hour,
  round(m.profit / nullif(m.cost, 0), 6) AS profit_per_cost,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 t.name, t.name_zh, t.code) AS tier_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 sn.name, sn.name_zh, t.scheme)
    AS scheme_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 vn.name, vn.name_zh, t.service_level)
    AS service_level_name
FROM tier t
LEFT JOIN people p ON p.scheme = t.scheme AND p.tier = t.code
LEFT JOIN (
  SELECT k.scheme, k.tier, coalesce(m.profit, 0) AS profit,
         coalesce(m.cost, 0) AS cost, coalesce(m.discount, 0) AS discount,
         coalesce(m.price, 0) AS price
  FROM people k
  LEFT JOIN money m USING (scheme, tier)
) m ON m.scheme = t.scheme AND m.tier = t.code
LEFT JOIN tier_breach x ON x.scheme = t.scheme AND x.tier = t.code
LEFT JOIN planned b ON b.scheme = t.scheme AND b.tier = t.code
LEFT JOIN term sn ON sn.kind = 'dimension' AND sn.code = t.scheme
LEFT JOIN term vn ON vn.kind = 'service_level' AND vn.code = t.service_level
WINDOW scheme AS (PARTITION BY t.scheme);

COMMENT ON VIEW tier_resource IS
'What the customers of a tier get and bring, up to the last refresh, one row a tier of a scheme.';
COMMENT ON COLUMN tier_resource.scheme IS
'Tier scheme.';
COMMENT ON COLUMN tier_resource.tier IS
'Tier.';
COMMENT ON COLUMN tier_resource.tier_rank IS
'Place within the scheme, 1 the best.';
COMMENT ON COLUMN tier_resource.service_level IS
'Service promised: vip, standard or basic; NULL where nothing is.';
COMMENT ON COLUMN tier_resource.customers IS
'Customers in the tier on the report day.';
COMMENT ON COLUMN tier_resource.hours IS
'Working hours spent on them, as measured.';
COMMENT ON COLUMN tier_resource.hours_per_customer IS
'Hours for one customer; NULL without customers.';
COMMENT ON COLUMN tier_resource.agent_score IS
'Mean score in survey csat of the agents who handled their contacts, weighted by contacts; NULL when none has a score.';
COMMENT ON COLUMN tier_resource.without_owner IS
'Customers without an owner, where the tier is to have one; else NULL.';
COMMENT ON COLUMN tier_resource.best_agent_share IS
'Share of the customers whose owner is in the best quarter of the agents by survey score, equal scores alike, 0..1; NULL without customers.';
COMMENT ON COLUMN tier_resource.automated_share IS
'Share of their contacts (sales, care, tickets, complaints and returns, and touches that name an agent) that a machine handled, 0..1; NULL without contacts.';
COMMENT ON COLUMN tier_resource.budget IS
'Cost budgets for the tier in scenario plan_scenario that have begun, for their whole periods, in base currency; NULL without one.';
COMMENT ON COLUMN tier_resource.budget_to_date IS
'Part of these for the days up to the report day; NULL without one.';
COMMENT ON COLUMN tier_resource.budget_actual IS
'What its customers cost in these days, by the tier at the end of each month; NULL without a budget.';
COMMENT ON COLUMN tier_resource.spend IS
'Cost that they have borne so far, direct and allocated, in base currency.';
COMMENT ON COLUMN tier_resource.spend_share IS
'Share of the cost of all tiers of the scheme, 0..1; NULL when that is 0.';
COMMENT ON COLUMN tier_resource.discount IS
'Discount given to them, in base currency.';
COMMENT ON COLUMN tier_resource.discount_rate IS
'Discount in relation to the price before it, 0..1; NULL without sales.';
COMMENT ON COLUMN tier_resource.discount_limit IS
'Greatest discount that the tier allows, 0..1; NULL for no rule.';
COMMENT ON COLUMN tier_resource.breaches IS
'Sale lines with a greater discount than that, those that corrections took back left out.';
COMMENT ON COLUMN tier_resource.profit IS
'Profit that they brought, in base currency.';
COMMENT ON COLUMN tier_resource.profit_share IS
'Share of the profit of all tiers of the scheme; NULL when that is not above 0.';
COMMENT ON COLUMN tier_resource.profit_per_hour IS
'Profit for an hour of work, in base currency; NULL without hours.';
COMMENT ON COLUMN tier_resource.profit_per_cost IS
'Profit for a unit of cost; NULL without cost.';
COMMENT ON COLUMN tier_resource.currency IS
'Base currency.';
COMMENT ON COLUMN tier_resource.tier_name IS
'Name of the tier.';
COMMENT ON COLUMN tier_resource.scheme_name IS 'Name of the scheme.';
COMMENT ON COLUMN tier_resource.service_level_name IS 'Name of the level of service.';
