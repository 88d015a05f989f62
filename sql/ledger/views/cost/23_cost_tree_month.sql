-- As cost_tree, month by month.
CREATE VIEW cost_tree_month WITH (security_invoker = true) AS
SELECT
  m.month_start, k.code COLLATE "default" AS category_code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 k.name, k.name_zh,
                 k.code COLLATE "default") AS category_name,
  k.parent_code, d.level, k.bucket COLLATE "default" AS bucket,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh,
                 k.bucket COLLATE "default") AS bucket_name,
  m.own_cost, m.cost,
  CASE WHEN a.cost > 0 THEN round(m.cost / a.cost, 6) END
    AS cost_share,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM cost_category k
JOIN (
  SELECT code, count(*)::integer AS level FROM category_lineage GROUP BY code
) d ON d.code = k.code
JOIN (
  SELECT c.month_start, l.ancestor, sum(c.cost) AS cost,
         coalesce(sum(c.cost) FILTER (WHERE l.distance = 0), 0) AS own_cost
  FROM (SELECT month_start, category_code, sum(cost) AS cost
        FROM cost_month
        GROUP BY month_start, category_code) c
  JOIN category_lineage l ON l.code = c.category_code
  GROUP BY c.month_start, l.ancestor
) m ON m.ancestor = k.code
JOIN (
  SELECT month_start, sum(cost) AS cost FROM cost_month
  GROUP BY month_start
) a ON a.month_start = m.month_start
LEFT JOIN term w ON w.kind = 'bucket' AND w.code = k.bucket;

COMMENT ON VIEW cost_tree_month IS
'Cost by month and cost category, one row each where something counts on the category or below it.';
COMMENT ON COLUMN cost_tree_month.month_start IS 'First day of the month.';
COMMENT ON COLUMN cost_tree_month.category_code IS 'Cost category.';
COMMENT ON COLUMN cost_tree_month.category_name IS 'Its name.';
COMMENT ON COLUMN cost_tree_month.parent_code IS 'Category above it; NULL for a root.';
COMMENT ON COLUMN cost_tree_month.level IS 'Place in the tree, 1 for a root.';
COMMENT ON COLUMN cost_tree_month.bucket IS 'Kind of customer cost.';
COMMENT ON COLUMN cost_tree_month.bucket_name IS 'Its name.';
COMMENT ON COLUMN cost_tree_month.own_cost IS 'Cost booked on the category itself.';
COMMENT ON COLUMN cost_tree_month.cost IS 'Cost booked on it and on all below it.';
COMMENT ON COLUMN cost_tree_month.cost_share IS 'That as a part of all cost, 6 decimals; NULL where all cost is not positive.';
COMMENT ON COLUMN cost_tree_month.currency IS 'Base currency, which all money here is in.';
