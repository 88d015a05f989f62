-- How well the rules by tier are kept.
CREATE VIEW tier_compliance_rate WITH (security_invoker = true) AS
WITH breach AS (
  SELECT x.scheme, x.tier, 'discount' AS rule, x.customers,
         x.discounts AS breaches
  FROM tier_breach x
  UNION ALL
  SELECT c.scheme, c.tier, 'contact', c.customers, c.customers
  FROM tier_contact c
  JOIN tier t ON t.scheme = c.scheme AND t.code = c.tier
  CROSS JOIN last_refresh r
  WHERE (c.contacted_on + t.contact_every)::date < r.as_of
  UNION ALL
  SELECT a.scheme, a.tier, 'owner', a.customers, a.customers
  FROM tier_agent a
  WHERE a.agent_code = '(unknown)'
  UNION ALL
  SELECT a.scheme, a.tier, 'best_agent', a.customers, a.customers
  FROM tier_agent a
  LEFT JOIN agent_rank k ON k.agent_code = a.agent_code
  WHERE a.agent_code <> '(unknown)' AND k.is_best IS NOT TRUE
        AND EXISTS (SELECT 1 FROM agent_rank)
)
SELECT
  k.rule, t.scheme, t.code AS tier,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 t.name, t.name_zh, t.code) AS tier_name,
  t.rank AS tier_rank, n.customers,
  coalesce(b.customers, 0) AS breached_customers,
  coalesce(b.breaches, 0) AS breaches,
  round((n.customers - coalesce(b.customers, 0))::numeric / n.customers, 6)
    AS compliance_rate,
  (SELECT as_of FROM last_refresh) AS as_of,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh, k.rule)
    AS rule_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 sn.name, sn.name_zh, t.scheme)
    AS scheme_name
FROM tier t
CROSS JOIN LATERAL (
  VALUES ('discount', t.discount_rate IS NOT NULL),
         ('contact', t.contact_every IS NOT NULL),
         ('owner', t.account_manager), ('best_agent', t.account_manager)
) AS k (rule, applies)
JOIN (SELECT scheme, tier, sum(customers)::bigint AS customers
      FROM tier_agent GROUP BY scheme, tier) n
  ON n.scheme = t.scheme AND n.tier = t.code AND n.customers > 0
LEFT JOIN (SELECT rule, scheme, tier, sum(customers)::bigint AS customers,
                  sum(breaches)::bigint AS breaches
           FROM breach GROUP BY rule, scheme, tier) b
  ON b.rule = k.rule AND b.scheme = t.scheme AND b.tier = t.code
LEFT JOIN term w ON w.kind = 'rule' AND w.code = k.rule
LEFT JOIN term sn ON sn.kind = 'dimension' AND sn.code = t.scheme
WHERE k.applies;

COMMENT ON VIEW tier_compliance_rate IS
'How well what tiers promise and allow is kept, one row a rule and tier with a customer.';
COMMENT ON COLUMN tier_compliance_rate.rule IS
'Rule as in tier_compliance.';
COMMENT ON COLUMN tier_compliance_rate.scheme IS
'Tier scheme.';
COMMENT ON COLUMN tier_compliance_rate.tier IS
'Tier.';
COMMENT ON COLUMN tier_compliance_rate.tier_name IS
'Its name in the language of the ledger.';
COMMENT ON COLUMN tier_compliance_rate.tier_rank IS
'Place within the scheme, 1 the best.';
COMMENT ON COLUMN tier_compliance_rate.customers IS
'Customers in the tier.';
COMMENT ON COLUMN tier_compliance_rate.breached_customers IS
'Those for whom the rule is broken.';
COMMENT ON COLUMN tier_compliance_rate.breaches IS
'Rows of tier_compliance.';
COMMENT ON COLUMN tier_compliance_rate.compliance_rate IS
'Part of the customers for whom it is kept.';
COMMENT ON COLUMN tier_compliance_rate.as_of IS
'Report day.';
COMMENT ON COLUMN tier_compliance_rate.rule_name IS 'Name of the rule.';
COMMENT ON COLUMN tier_compliance_rate.scheme_name IS 'Name of the scheme.';
