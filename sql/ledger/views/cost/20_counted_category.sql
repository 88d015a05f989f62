-- Where the cost of a month belongs in the tree of categories: in an open month where
-- a category hangs now, in a closed one where it hung at its closing, so that it
-- stands.
CREATE VIEW counted_category WITH (security_invoker = true) AS
SELECT m.month_start, l.code COLLATE "default" AS code,
       l.ancestor COLLATE "default" AS ancestor, l.distance, c.bucket
FROM (SELECT DISTINCT month_start FROM cost_month) m
JOIN last_refresh r ON m.month_start >= r.open_from
CROSS JOIN category_lineage l
JOIN cost_category c ON c.code = l.ancestor
UNION ALL
SELECT month_start, code COLLATE "default", ancestor COLLATE "default",
       distance, bucket
FROM closed_category;

COMMENT ON VIEW counted_category IS
'Cost categories and what they are part of in the cost of a month, one row a month with cost, category and category above it, itself included: of a closed month as it was when it was closed.';
COMMENT ON COLUMN counted_category.month_start IS 'First day of the month.';
COMMENT ON COLUMN counted_category.code IS 'Cost category.';
COMMENT ON COLUMN counted_category.ancestor IS 'The same, or a category above it.';
COMMENT ON COLUMN counted_category.distance IS 'Steps up to it.';
COMMENT ON COLUMN counted_category.bucket IS 'Kind of customer cost of the category above.';
