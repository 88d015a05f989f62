-- Value so far against value still to come: who is worth more than the tier
-- says. The four quadrants hold each customer once in each scheme.
CREATE VIEW tier_potential WITH (security_invoker = true) AS
SELECT
  p.scheme COLLATE "default" AS scheme, p.tier COLLATE "default" AS tier,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 t.name, t.name_zh,
                 p.tier COLLATE "default") AS tier_name,
  t.rank AS tier_rank,
  q.potential_half, q.quadrant,
  p.customers,
  round(p.customers / sum(p.customers) OVER scheme, 6) AS customer_share,
  p.margin, p.profit, p.potential,
  round(p.potential / p.customers, 4) AS potential_per_customer,
  p.threshold AS potential_threshold,
  (SELECT as_of FROM last_refresh) AS as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh, q.quadrant)
    AS quadrant_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 sn.name, sn.name_zh, p.scheme COLLATE "default")
    AS scheme_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh, q.potential_half)
    AS potential_half_name
FROM potential_cell p
LEFT JOIN tier t ON t.scheme = p.scheme AND t.code = p.tier
LEFT JOIN (SELECT scheme, min(rank) AS rank FROM tier GROUP BY scheme) b
  ON b.scheme = p.scheme
CROSS JOIN LATERAL (
  VALUES (CASE WHEN p.high_potential THEN 'high' ELSE 'low' END,
          CASE
            WHEN t.rank = b.rank
              THEN CASE WHEN p.high_potential THEN 'keep' ELSE 'harvest' END
            WHEN p.high_potential THEN 'develop'
            ELSE 'automate'
          END)) AS q (potential_half, quadrant)
LEFT JOIN term w ON w.kind = 'quadrant' AND w.code = q.quadrant
LEFT JOIN term sn ON sn.kind = 'dimension' AND sn.code = p.scheme
LEFT JOIN term h ON h.kind = 'half' AND h.code = q.potential_half
WINDOW scheme AS (PARTITION BY p.scheme);

COMMENT ON VIEW tier_potential IS
'Customers by tier and by the value still to come, one row a scheme, tier and half.';
COMMENT ON COLUMN tier_potential.scheme IS
'Tier scheme.';
COMMENT ON COLUMN tier_potential.tier IS
'Tier on the report day; (unknown) for none.';
COMMENT ON COLUMN tier_potential.tier_name IS
'Its name in the language of the ledger.';
COMMENT ON COLUMN tier_potential.tier_rank IS
'Place within the scheme, 1 the best; NULL for (unknown).';
COMMENT ON COLUMN tier_potential.potential_half IS
'high for a value still to come above the median of all customers, else low.';
COMMENT ON COLUMN tier_potential.quadrant IS
'keep (best tier, high), harvest (best tier, low), develop (other tier, high) or automate (other tier, low).';
COMMENT ON COLUMN tier_potential.customers IS
'Customers.';
COMMENT ON COLUMN tier_potential.customer_share IS
'Part of all customers.';
COMMENT ON COLUMN tier_potential.margin IS
'Their margin so far.';
COMMENT ON COLUMN tier_potential.profit IS
'Their profit so far.';
COMMENT ON COLUMN tier_potential.potential IS
'Their value still to come.';
COMMENT ON COLUMN tier_potential.potential_per_customer IS
'That for one customer.';
COMMENT ON COLUMN tier_potential.potential_threshold IS
'Median of the value still to come of all customers, of an even number the smaller one in the middle, unknown counted as 0.';
COMMENT ON COLUMN tier_potential.as_of IS
'Report day.';
COMMENT ON COLUMN tier_potential.currency IS
'Base currency, in which all amounts are.';
COMMENT ON COLUMN tier_potential.quadrant_name IS 'Name of the quadrant.';
COMMENT ON COLUMN tier_potential.scheme_name IS 'Name of the scheme.';
COMMENT ON COLUMN tier_potential.potential_half_name IS 'Name of the half.';
