-- The tier of each customer in each scheme, and what is missing to the next
-- better one: for a bound on revenue up to the bound, for ABC up to the least
-- customer whom the rule put into it.
CREATE VIEW customer_tier WITH (security_invoker = true) AS
SELECT
  c.customer_id, c.dimension COLLATE "default" AS scheme,
  c.code COLLATE "default" AS tier, c.since,
  CASE WHEN t.needed IS NOT NULL AND v.customer_id IS NOT NULL
    THEN greatest(t.needed - CASE
           WHEN t.basis = 'min_value' OR m.measure = 'revenue' THEN v.revenue
           WHEN m.measure = 'margin' THEN v.margin
           ELSE v.profit
         END, 0)
  END AS gap_to_next,
  t.rank AS tier_rank,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 t.name, t.name_zh,
                 c.code COLLATE "default") AS tier_name,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 sn.name, sn.name_zh, c.dimension COLLATE "default")
    AS scheme_name
FROM customer_class c
JOIN (
  SELECT t.scheme COLLATE "C" AS scheme, t.code COLLATE "C" AS code, t.rank,
         t.basis, t.name, t.name_zh,
         lag(h.value) OVER (PARTITION BY t.scheme ORDER BY t.rank) AS needed
  FROM tier t
  LEFT JOIN tier_threshold h ON h.scheme = t.scheme AND h.code = t.code
) t ON t.scheme = c.dimension AND t.code = c.code
LEFT JOIN customer_value v ON v.customer_id = c.customer_id
CROSS JOIN (SELECT value AS measure FROM setting WHERE key = 'abc_measure') m
LEFT JOIN term sn ON sn.kind = 'dimension' AND sn.code = c.dimension;

COMMENT ON VIEW customer_tier IS
'Tier of each customer on the report day, one row a customer and scheme.';
COMMENT ON COLUMN customer_tier.customer_id IS 'Customer.';
COMMENT ON COLUMN customer_tier.scheme IS 'Tier scheme.';
COMMENT ON COLUMN customer_tier.tier IS 'Tier.';
COMMENT ON COLUMN customer_tier.since IS 'From when the customer is in it.';
COMMENT ON COLUMN customer_tier.gap_to_next IS 'What is missing to the next better tier, in base currency; NULL in the best one and in schemes that go by no sum.';
COMMENT ON COLUMN customer_tier.tier_rank IS 'Place of the tier, 1 the best.';
COMMENT ON COLUMN customer_tier.tier_name IS 'Name of the tier.';
COMMENT ON COLUMN customer_tier.currency IS 'Base currency, which all money here is in.';
COMMENT ON COLUMN customer_tier.scheme_name IS 'Name of the scheme.';
