-- As cost_tree, month by month.
CREATE VIEW cost_tree_month WITH (security_invoker = true) AS
SELECT
  m.month_start, m.ancestor AS category_code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 k.name, k.name_zh,
                 m.ancestor) AS category_name,
  d.parent_code, d.level, m.bucket,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh,
                 m.bucket) AS bucket_name,
  m.own_cost, m.cost,
  CASE WHEN a.cost > 0 THEN round(m.cost / a.cost, 6) END
    AS cost_share,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 a0.name, a0.name_zh, d.parent_code)
    AS parent_name
FROM (
  SELECT c.month_start, l.ancestor, l.bucket, sum(c.cost) AS cost,
         coalesce(sum(c.cost) FILTER (WHERE l.distance = 0), 0) AS own_cost
  FROM (SELECT month_start, category_code, sum(cost) AS cost
        FROM cost_month
        GROUP BY month_start, category_code) c
  JOIN counted_category l
    ON l.month_start = c.month_start AND l.code = c.category_code
  GROUP BY c.month_start, l.ancestor, l.bucket
) m
JOIN (
  SELECT month_start, code, count(*)::integer AS level,
         min(ancestor) FILTER (WHERE distance = 1) AS parent_code
  FROM counted_category
  GROUP BY month_start, code
) d ON d.month_start = m.month_start AND d.code = m.ancestor
JOIN (
  SELECT month_start, sum(cost) AS cost FROM cost_month
  GROUP BY month_start
) a ON a.month_start = m.month_start
LEFT JOIN cost_category k ON k.code = m.ancestor
LEFT JOIN term w ON w.kind = 'bucket' AND w.code = m.bucket
LEFT JOIN cost_category a0 ON a0.code = d.parent_code;

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
COMMENT ON COLUMN cost_tree_month.parent_name IS 'Name of the category above it; NULL for a root.';
