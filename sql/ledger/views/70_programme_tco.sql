-- What does the customer management programme cost in all: each scenario as
-- forecast, and what was booked, as the scenario actual.  A forecast of cost
-- is the programme's when it names a category of the bucket program, or an
-- aspect, or no category at all.
CREATE VIEW programme_tco WITH (security_invoker = true) AS
SELECT
  l.scenario, l.aspect, k.resource, l.category_code, k.parent_code,
  k.name, sum(l.cost) AS cost,
  sum(l.cost) / nullif(sum(sum(l.cost)) OVER (PARTITION BY l.scenario), 0)
    AS cost_share
FROM (
  SELECT p.scenario, p.aspect, p.category_code, p.base_amount AS cost
  FROM plan_base p
  LEFT JOIN cost_category c ON c.code = p.category_code
  WHERE p.kind = 'forecast' AND p.measure = 'cost'
        AND (p.aspect IS NOT NULL OR coalesce(c.bucket, 'program') = 'program')
  UNION ALL
  SELECT 'actual', NULL, c.category_code, c.base_amount
  FROM cost c
  WHERE c.bucket = 'program'
) l
LEFT JOIN cost_category k ON k.code = l.category_code
-- not by the key of k alone: a view that needs a key is dumped in two parts
GROUP BY l.scenario, l.aspect, l.category_code, k.resource, k.parent_code,
         k.name;

COMMENT ON VIEW programme_tco IS
'Total cost of the programme by scenario, and as booked (scenario actual), one row a scenario, aspect and category.';
COMMENT ON COLUMN programme_tco.scenario IS
'Version or vendor; actual for what was booked.';
COMMENT ON COLUMN programme_tco.aspect IS
'Aspect of the business; NULL for all, and for what was booked.';
COMMENT ON COLUMN programme_tco.resource IS
'What is used up: technical, human, process or financial; NULL without a category.';
COMMENT ON COLUMN programme_tco.category_code IS
'Cost category; NULL for all.';
COMMENT ON COLUMN programme_tco.parent_code IS
'Category above: prg.tech, prg.people or prg.process for the seeded ones; NULL without one.';
COMMENT ON COLUMN programme_tco.name IS
'English name of the category; NULL without one.';
COMMENT ON COLUMN programme_tco.cost IS
'Cost, in base currency; NULL when no row has a rate.';
COMMENT ON COLUMN programme_tco.cost_share IS
'Share of the scenario, 0..1; NULL when that is 0.';
