-- What hurts: reasons of complaints, of returns, and of bad answers.
CREATE VIEW voice_reason WITH (security_invoker = true) AS
WITH counted AS (
  SELECT m.month_start, coalesce(m.kind, '(all)') AS kind,
         coalesce(m.product_code, '(all)') AS product_code, m.reason_code,
         sum(m.interactions)::bigint AS interactions
  FROM reason_month m
  GROUP BY m.month_start, m.reason_code, CUBE (m.kind, m.product_code)
)
SELECT
  c.month_start, c.kind COLLATE "default" AS kind,
  c.product_code COLLATE "default" AS product_code,
  c.reason_code COLLATE "default" AS reason_code, c.interactions,
  round(c.interactions / sum(c.interactions) OVER one, 6) AS share,
  rank() OVER (one ORDER BY c.interactions DESC) AS reason_rank,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 p.name, p.name_zh,
                 c.product_code COLLATE "default") AS product_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 n.name, n.name_zh,
                 c.reason_code COLLATE "default") AS reason_name,
  r.as_of,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh, c.kind COLLATE "default")
    AS kind_name
FROM counted c
CROSS JOIN last_refresh r
LEFT JOIN product p ON p.code = c.product_code
LEFT JOIN reason n ON n.code = c.reason_code
LEFT JOIN term w ON w.kind = 'contact' AND w.code = c.kind
WINDOW one AS (PARTITION BY c.month_start, c.kind, c.product_code);

COMMENT ON VIEW voice_reason IS
'Why customers complain, return and answer badly, as of the last refresh, one row a month, kind, product and reason, kinds and products also as (all).';
COMMENT ON COLUMN voice_reason.month_start IS 'First day of the month.';
COMMENT ON COLUMN voice_reason.kind IS 'complaint, return, survey (bad answers), or (all).';
COMMENT ON COLUMN voice_reason.product_code IS 'Product; (unknown) for none, (all) for all.';
COMMENT ON COLUMN voice_reason.reason_code IS 'Reason; (unknown) where none was given.';
COMMENT ON COLUMN voice_reason.interactions IS 'How often.';
COMMENT ON COLUMN voice_reason.share IS 'Share among all of the month, kind and product, 0..1, 6 decimals.';
COMMENT ON COLUMN voice_reason.reason_rank IS 'Place of the reason among these, 1 the most frequent; equal ones share it.';
COMMENT ON COLUMN voice_reason.product_name IS 'Name of the product.';
COMMENT ON COLUMN voice_reason.reason_name IS 'Name of the reason.';
COMMENT ON COLUMN voice_reason.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN voice_reason.kind_name IS 'Name of the kind.';
