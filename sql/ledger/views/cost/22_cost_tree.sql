-- The tree of cost categories, each with what was booked on it and below it.
CREATE VIEW cost_tree WITH (security_invoker = true) AS
SELECT
  k.code COLLATE "default" AS category_code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 k.name, k.name_zh,
                 k.code COLLATE "default") AS category_name,
  k.parent_code, d.level, k.bucket COLLATE "default" AS bucket,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh,
                 k.bucket COLLATE "default") AS bucket_name,
  coalesce(m.own_cost, 0) AS own_cost, coalesce(m.cost, 0) AS cost,
  CASE WHEN a.cost > 0 THEN round(coalesce(m.cost, 0) / a.cost, 6) END
    AS cost_share,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 a0.name, a0.name_zh, k.parent_code)
    AS parent_name
FROM cost_category k
JOIN (
  SELECT code, count(*)::integer AS level FROM category_lineage GROUP BY code
) d ON d.code = k.code
LEFT JOIN (
  SELECT l.ancestor, sum(c.cost) AS cost,
         coalesce(sum(c.cost) FILTER (WHERE l.distance = 0), 0) AS own_cost
  FROM (SELECT category_code, sum(cost) AS cost
        FROM cost_month
        GROUP BY category_code) c
  JOIN category_lineage l ON l.code = c.category_code
  GROUP BY l.ancestor
) m ON m.ancestor = k.code
CROSS JOIN (
  SELECT sum(cost) AS cost FROM cost_month
) a
LEFT JOIN term w ON w.kind = 'bucket' AND w.code = k.bucket
LEFT JOIN cost_category a0 ON a0.code = k.parent_code;

COMMENT ON VIEW cost_tree IS
'Cost up to the last refresh by cost category, one row each, with what is booked on it and below it.';
COMMENT ON COLUMN cost_tree.category_code IS 'Cost category.';
COMMENT ON COLUMN cost_tree.category_name IS 'Its name.';
COMMENT ON COLUMN cost_tree.parent_code IS 'Category above it; NULL for a root.';
COMMENT ON COLUMN cost_tree.level IS 'Place in the tree, 1 for a root.';
COMMENT ON COLUMN cost_tree.bucket IS 'Kind of customer cost.';
COMMENT ON COLUMN cost_tree.bucket_name IS 'Its name.';
COMMENT ON COLUMN cost_tree.own_cost IS 'Cost booked on the category itself.';
COMMENT ON COLUMN cost_tree.cost IS 'Cost booked on it and on all below it.';
COMMENT ON COLUMN cost_tree.cost_share IS 'That as a part of all cost, 6 decimals; NULL where all cost is not positive.';
COMMENT ON COLUMN cost_tree.currency IS 'Base currency, which all money here is in.';
COMMENT ON COLUMN cost_tree.parent_name IS 'Name of the category above it; NULL for a root.';
