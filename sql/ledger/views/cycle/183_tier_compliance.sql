-- Where the rules by tier are broken, row by row: a discount above that of the
-- tier, a contact that is overdue, no owner where the tier promises one, or
-- one who is not among the best agents (agent_rank).
CREATE VIEW tier_compliance WITH (security_invoker = true) AS
-- not computed once for all: who asks for one customer gets there by the keys
WITH member AS NOT MATERIALIZED (
  SELECT c.customer_id, t.scheme, t.code AS tier, t.contact_every,
         t.account_manager, c.since, o.code AS owner
  FROM customer_class c
  JOIN tier t ON t.scheme = c.dimension AND t.code = c.code
  LEFT JOIN customer_class o
    ON o.customer_id = c.customer_id AND o.dimension = 'owner'
       AND o.code <> 'none'
),
breach AS (
  SELECT c.customer_id, 'discount' AS rule, c.dimension COLLATE "default" AS scheme,
         c.code COLLATE "default" AS tier, d.sold_on AS happened_on, d.sale_id,
         d.product_code COLLATE "default" AS product_code,
         NULL::text AS agent_code, d.discount_rate AS actual,
         x.discount_limit AS allowed, 'rate' AS unit,
         round(d.discount - d.price * x.discount_limit, 4) AS amount
  FROM customer_class c
  JOIN tier_breach x ON x.scheme = c.dimension AND x.tier = c.code
  JOIN discount_line d
    ON d.customer_id = c.customer_id AND d.discount_rate > x.discount_limit
  UNION ALL
  SELECT m.customer_id, 'contact', m.scheme, m.tier,
         (e.contacted_on + m.contact_every)::date, NULL, NULL,
         m.owner COLLATE "default", r.as_of - e.contacted_on,
         (e.contacted_on + m.contact_every)::date - e.contacted_on, 'days',
         NULL
  FROM member m
  JOIN customer_value v ON v.customer_id = m.customer_id
  CROSS JOIN last_refresh r
  JOIN setting z ON z.key = 'timezone'
  CROSS JOIN LATERAL (
    VALUES ((coalesce(v.last_contact_at, m.since) AT TIME ZONE z.value)::date)
  ) AS e (contacted_on)
  WHERE (e.contacted_on + m.contact_every)::date < r.as_of
  UNION ALL
  SELECT m.customer_id, 'owner', m.scheme, m.tier,
         (m.since AT TIME ZONE z.value)::date, NULL, NULL, NULL, 0, 1,
         'owners', NULL
  FROM member m
  JOIN setting z ON z.key = 'timezone'
  WHERE m.account_manager AND m.owner IS NULL
  UNION ALL
  SELECT m.customer_id, 'best_agent', m.scheme, m.tier,
         (m.since AT TIME ZONE z.value)::date, NULL, NULL,
         m.owner COLLATE "default", NULL, NULL, NULL, NULL
  FROM member m
  JOIN setting z ON z.key = 'timezone'
  LEFT JOIN agent_rank a ON a.agent_code = m.owner
  WHERE m.account_manager AND m.owner IS NOT NULL AND a.is_best IS NOT TRUE
        AND EXISTS (SELECT 1 FROM agent_rank)
)
SELECT
  b.rule, b.customer_id, b.scheme, b.tier,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 t.name, t.name_zh,
                 b.tier) AS tier_name,
  b.happened_on, b.sale_id, b.product_code, b.agent_code, b.actual,
  b.allowed, b.unit, b.amount,
  CASE WHEN b.amount IS NOT NULL
    THEN (SELECT value FROM setting WHERE key = 'base_currency')
  END AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh, b.rule)
    AS rule_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 p.name, p.name_zh, b.product_code)
    AS product_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 u.name, u.name_zh, b.unit)
    AS unit_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 sn.name, sn.name_zh, b.scheme)
    AS scheme_name
FROM breach b
JOIN tier t ON t.scheme = b.scheme AND t.code = b.tier
LEFT JOIN term w ON w.kind = 'rule' AND w.code = b.rule
LEFT JOIN product p ON p.code = b.product_code
LEFT JOIN term u ON u.kind = 'unit' AND u.code = b.unit
LEFT JOIN term sn ON sn.kind = 'dimension' AND sn.code = b.scheme;

COMMENT ON VIEW tier_compliance IS
'Where what a tier promises or allows is not kept, one row a rule, customer and scheme, for discounts an order, product and rate.';
COMMENT ON COLUMN tier_compliance.rule IS
'discount (above the rate of the tier), contact (overdue), owner (none, though the tier has an account manager), best_agent (owner is not one of the best).';
COMMENT ON COLUMN tier_compliance.customer_id IS
'Customer.';
COMMENT ON COLUMN tier_compliance.scheme IS
'Tier scheme.';
COMMENT ON COLUMN tier_compliance.tier IS
'Tier on the report day.';
COMMENT ON COLUMN tier_compliance.tier_name IS
'Its name in the language of the ledger.';
COMMENT ON COLUMN tier_compliance.happened_on IS
'Day of the sale; day on which the contact was due; day since when the tier holds.';
COMMENT ON COLUMN tier_compliance.sale_id IS
'First of the sale lines; NULL for other rules.';
COMMENT ON COLUMN tier_compliance.product_code IS
'Product of the lines; NULL for other rules.';
COMMENT ON COLUMN tier_compliance.agent_code IS
'Owner; NULL for none and for discounts.';
COMMENT ON COLUMN tier_compliance.actual IS
'Rate of discount given, days since the last contact (since the tier holds, without one), or owners; NULL for best_agent.';
COMMENT ON COLUMN tier_compliance.allowed IS
'Rate (as of the last refresh), days or owners that the tier says; NULL for best_agent.';
COMMENT ON COLUMN tier_compliance.unit IS
'rate, days or owners; NULL for best_agent.';
COMMENT ON COLUMN tier_compliance.amount IS
'Discount above what the tier allows; NULL for other rules.';
COMMENT ON COLUMN tier_compliance.currency IS
'Base currency, in which amount is; NULL without one.';
COMMENT ON COLUMN tier_compliance.rule_name IS 'Name of the rule.';
COMMENT ON COLUMN tier_compliance.product_name IS 'Name of the product.';
COMMENT ON COLUMN tier_compliance.unit_name IS 'Name of the unit.';
COMMENT ON COLUMN tier_compliance.scheme_name IS 'Name of the scheme.';
