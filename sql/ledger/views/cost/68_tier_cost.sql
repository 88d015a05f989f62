-- Which resource goes to which tier: what was booked on its customers, and its
-- part of the pools by their drivers, before they are rounded to coins.
CREATE VIEW tier_cost WITH (security_invoker = true) AS
SELECT
  c.month_start, c.scheme COLLATE "default" AS scheme,
  c.tier COLLATE "default" AS tier,
  c.resource COLLATE "default" AS resource, c.cost,
  round(c.cost / nullif(sum(c.cost) OVER (PARTITION BY c.month_start,
                                          c.scheme, c.resource), 0), 6)
    AS cost_share,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 n.name, n.name_zh, c.tier COLLATE "default") AS tier_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 r.name, r.name_zh, c.resource COLLATE "default")
    AS resource_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 sn.name, sn.name_zh, c.scheme COLLATE "default")
    AS scheme_name
FROM tier_cost_month c
LEFT JOIN tier n
  ON n.scheme = c.scheme AND n.code = c.tier
LEFT JOIN term r ON r.kind = 'resource' AND r.code = c.resource
LEFT JOIN term sn ON sn.kind = 'dimension' AND sn.code = c.scheme;

COMMENT ON VIEW tier_cost IS
'Cost that the customers of a tier bear by what it uses up, one row a month, tier of a scheme and resource with cost.';
COMMENT ON COLUMN tier_cost.month_start IS
'First day of the month.';
COMMENT ON COLUMN tier_cost.scheme IS
'Tier scheme.';
COMMENT ON COLUMN tier_cost.tier IS
'Tier, of who was in it at the end of the month, or on the report day.';
COMMENT ON COLUMN tier_cost.resource IS
'What is used up: human, financial, technical or process.';
COMMENT ON COLUMN tier_cost.cost IS
'Cost booked on its customers and allocated to them, in base currency, not rounded to coins.';
COMMENT ON COLUMN tier_cost.cost_share IS
'Share of that resource over all tiers of the scheme in the month, 0..1; NULL when that is 0.';
COMMENT ON COLUMN tier_cost.currency IS
'Base currency.';
COMMENT ON COLUMN tier_cost.tier_name IS
'Name of the tier.';
COMMENT ON COLUMN tier_cost.resource_name IS 'Name of the resource.';
COMMENT ON COLUMN tier_cost.scheme_name IS 'Name of the scheme.';
