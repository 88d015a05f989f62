-- Who moves from tier to tier, by month; crmcost.tier_migration compares any
-- two days.
CREATE VIEW tier_migration WITH (security_invoker = true) AS
SELECT
  m.month_start, m.scheme COLLATE "default" AS scheme, m.tier_from COLLATE "default" AS tier_from,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 f.name, f.name_zh,
                 m.tier_from COLLATE "default") AS tier_from_name,
  m.tier_to COLLATE "default" AS tier_to,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 t.name, t.name_zh,
                 m.tier_to COLLATE "default") AS tier_to_name,
  k.direction, m.customers,
  CASE WHEN m.tier_from <> '(none)'
    THEN round(m.customers / sum(m.customers) OVER origin, 6)
  END AS customer_share,
  m.month_start <= crmcost._last_complete_month(r.as_of) AS is_complete,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 d.name, d.name_zh, k.direction)
    AS direction_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 sn.name, sn.name_zh, m.scheme COLLATE "default")
    AS scheme_name
FROM tier_move m
CROSS JOIN last_refresh r
LEFT JOIN tier f ON f.scheme = m.scheme AND f.code = m.tier_from
LEFT JOIN tier t ON t.scheme = m.scheme AND t.code = m.tier_to
CROSS JOIN LATERAL (
  VALUES (crmcost._tier_direction(f.rank, t.rank))) AS k (direction)
LEFT JOIN term d ON d.kind = 'direction' AND d.code = k.direction
LEFT JOIN term sn ON sn.kind = 'dimension' AND sn.code = m.scheme
WINDOW origin AS (PARTITION BY m.month_start, m.scheme, m.tier_from);

COMMENT ON VIEW tier_migration IS
'Customers by the tier before a month and at its end, one row a month, scheme and pair of tiers.';
COMMENT ON COLUMN tier_migration.month_start IS
'First day of the month.';
COMMENT ON COLUMN tier_migration.scheme IS
'Tier scheme.';
COMMENT ON COLUMN tier_migration.tier_from IS
'Tier when the month began; (none) for none.';
COMMENT ON COLUMN tier_migration.tier_from_name IS
'Its name in the language of the ledger.';
COMMENT ON COLUMN tier_migration.tier_to IS
'Tier at its end, for the running month on the report day; (none) for none.';
COMMENT ON COLUMN tier_migration.tier_to_name IS
'Its name in the language of the ledger.';
COMMENT ON COLUMN tier_migration.direction IS
'up, down, stay, new (from none) or left (to none).';
COMMENT ON COLUMN tier_migration.customers IS
'Customers.';
COMMENT ON COLUMN tier_migration.customer_share IS
'Part of those who had the tier when the month began; NULL for (none).';
COMMENT ON COLUMN tier_migration.is_complete IS
'Whether the month is over.';
COMMENT ON COLUMN tier_migration.direction_name IS 'Name of the direction.';
COMMENT ON COLUMN tier_migration.scheme_name IS 'Name of the scheme.';
