-- What does the customer management programme cost in all: each scenario as
-- forecast, and what was booked, as the scenario actual.  A forecast of cost
-- is the programme's when it names a category of the bucket program, or an
-- aspect, or no category at all.  What another row of the scenario contains is
-- in that row, so that the costs of a scenario sum to its total.
CREATE VIEW programme_tco WITH (security_invoker = true) AS
SELECT
  l.scenario, l.aspect, k.resource,
  l.category_code COLLATE "default" AS category_code, k.parent_code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 k.name, k.name_zh,
                 l.category_code COLLATE "default") AS category_name,
  l.cost,
  round(l.cost / nullif(sum(l.cost) OVER (PARTITION BY l.scenario), 0), 6)
    AS cost_share,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 r.name, r.name_zh, k.resource)
    AS resource_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 a.name, a.name_zh, k.parent_code)
    AS parent_name
FROM (
  SELECT p.scenario, p.aspect, p.category_code, sum(p.base_amount) AS cost
  FROM plan_base p
  LEFT JOIN cost_category c ON c.code = p.category_code
  WHERE p.kind = 'forecast' AND p.measure = 'cost'
        AND NOT EXISTS (SELECT 1 FROM plan_nesting s
                        WHERE s.plan_id = p.plan_id)
        AND (p.aspect <> '(all)' OR coalesce(c.bucket, 'program') = 'program')
  GROUP BY p.scenario, p.aspect, p.category_code
  UNION ALL
  SELECT 'actual', '(all)', category_code, sum(cost)
  FROM cost_month
  WHERE bucket = 'program'
  GROUP BY category_code
) l
LEFT JOIN cost_category k ON k.code = l.category_code
LEFT JOIN term r ON r.kind = 'resource' AND r.code = k.resource
LEFT JOIN cost_category a ON a.code = k.parent_code;

COMMENT ON VIEW programme_tco IS
'Total cost of the programme by scenario, and as booked up to the last refresh (scenario actual), one row a scenario, aspect and category.';
COMMENT ON COLUMN programme_tco.scenario IS
'Version or vendor; actual for what was booked.';
COMMENT ON COLUMN programme_tco.aspect IS
'Aspect of the business; (all) for all, and for what was booked.';
COMMENT ON COLUMN programme_tco.resource IS
'What is used up: technical, human, process or financial; NULL without a category.';
COMMENT ON COLUMN programme_tco.category_code IS
'Cost category; (all) for all.';
COMMENT ON COLUMN programme_tco.parent_code IS
'Category above: prg.tech, prg.people or prg.process for the seeded ones; NULL for a root and without a category.';
COMMENT ON COLUMN programme_tco.category_name IS
'Name of the category.';
COMMENT ON COLUMN programme_tco.cost IS
'Cost, in base currency; NULL when no row has a rate.';
COMMENT ON COLUMN programme_tco.cost_share IS
'Share of the scenario, 0..1; NULL when that is 0.';
COMMENT ON COLUMN programme_tco.currency IS
'Base currency.';
COMMENT ON COLUMN programme_tco.resource_name IS 'Name of the resource.';
COMMENT ON COLUMN programme_tco.parent_name IS 'Name of the category above; NULL for a root and without a category.';
