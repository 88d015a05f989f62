-- What is asked of a branch or of all, as one join: every category and channel
-- is below itself, below all above it, and below (all).
CREATE VIEW code_below WITH (security_invoker = true) AS
SELECT 'category' AS kind, code COLLATE "default" AS code,
       ancestor COLLATE "default" AS ancestor
FROM category_lineage
WHERE distance > 0
UNION ALL
SELECT 'category', c.code, v.ancestor
FROM cost_category c
CROSS JOIN LATERAL (VALUES (c.code), ('(all)')) AS v (ancestor)
UNION ALL
SELECT 'channel', code COLLATE "default", ancestor COLLATE "default"
FROM channel_lineage
WHERE distance > 0
UNION ALL
SELECT 'channel', c.code, v.ancestor
FROM channel c
CROSS JOIN LATERAL (VALUES (c.code), ('(all)')) AS v (ancestor)
UNION ALL
SELECT k.kind, v.code, v.ancestor
FROM (VALUES ('category'), ('channel')) AS k (kind)
CROSS JOIN (VALUES ('(all)', '(all)'), ('(unknown)', '(all)'),
                   ('(unknown)', '(unknown)')) AS v (code, ancestor);

COMMENT ON VIEW code_below IS
'Cost categories and channels with themselves, all above them and (all), one row a kind and pair; what is above them as of the last refresh.';
COMMENT ON COLUMN code_below.kind IS
'category or channel.';
COMMENT ON COLUMN code_below.code IS
'Code; (unknown) and (all) too.';
COMMENT ON COLUMN code_below.ancestor IS
'The code itself, one above it, or (all).';
