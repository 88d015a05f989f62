-- What is missing to the next better tier, and what closing it would bring:
-- the gap itself where tiers go by margin or profit; where they go by revenue
-- the margin on it, at the rate of the customer, or of all where he has none.
CREATE VIEW tier_gap WITH (security_invoker = true) AS
SELECT
  g.customer_id, g.scheme COLLATE "default" AS scheme, g.tier COLLATE "default" AS tier,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 g.name, g.name_zh,
                 g.tier COLLATE "default") AS tier_name,
  g.next_tier,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 n.name, n.name_zh,
                 g.next_tier) AS next_tier_name,
  g.measure, g.value, g.needed, g.gap,
  round(g.gap / nullif(g.needed, 0), 6) AS gap_share,
  CASE WHEN g.measure = 'revenue'
    THEN round(g.gap * coalesce(g.margin_rate, (
                 SELECT sum(a.margin) / nullif(sum(a.revenue), 0)
                 FROM group_month a WHERE a.dimension = '(cohort)')), 4)
    ELSE g.gap END AS worth,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 n.action, n.action_zh, NULL) AS next_action,
  r.as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh, g.measure)
    AS measure_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 sn.name, sn.name_zh, g.scheme COLLATE "default")
    AS scheme_name
FROM (
  SELECT c.customer_id, t.scheme, t.code AS tier, t.name, t.name_zh,
         t.next_tier, t.needed, m.measure, m.value,
         greatest(t.needed - m.value, 0) AS gap,
         CASE WHEN v.revenue > 0 THEN v.margin / v.revenue END AS margin_rate
  FROM customer_class c
  JOIN (
    SELECT t.scheme COLLATE "C" AS scheme, t.code COLLATE "C" AS code,
           t.basis, t.name, t.name_zh,
           lag(t.code) OVER by_rank AS next_tier,
           lag(h.value) OVER by_rank AS needed
    FROM tier t
    LEFT JOIN tier_threshold h ON h.scheme = t.scheme AND h.code = t.code
    WINDOW by_rank AS (PARTITION BY t.scheme ORDER BY t.rank)
  ) t ON t.scheme = c.dimension AND t.code = c.code
  JOIN customer_value v ON v.customer_id = c.customer_id
  JOIN setting s ON s.key = 'abc_measure'
  CROSS JOIN LATERAL (
    VALUES (CASE WHEN t.basis = 'min_value' THEN 'revenue' ELSE s.value END)
  ) AS k (measure)
  CROSS JOIN LATERAL (
    VALUES (k.measure, CASE k.measure WHEN 'revenue' THEN v.revenue
                         WHEN 'margin' THEN v.margin ELSE v.profit END)
  ) AS m (measure, value)
  WHERE t.needed IS NOT NULL
) g
CROSS JOIN last_refresh r
JOIN tier n ON n.scheme = g.scheme AND n.code = g.next_tier
LEFT JOIN term w ON w.kind = 'measure' AND w.code = g.measure
LEFT JOIN term sn ON sn.kind = 'dimension' AND sn.code = g.scheme;

COMMENT ON VIEW tier_gap IS
'What is missing to the next better tier, one row a customer and scheme by bounds or shares; customers in the best tier are left out.';
COMMENT ON COLUMN tier_gap.customer_id IS
'Customer.';
COMMENT ON COLUMN tier_gap.scheme IS
'Tier scheme.';
COMMENT ON COLUMN tier_gap.tier IS
'Tier on the report day.';
COMMENT ON COLUMN tier_gap.tier_name IS
'Its name in the language of the ledger.';
COMMENT ON COLUMN tier_gap.next_tier IS
'Next better tier.';
COMMENT ON COLUMN tier_gap.next_tier_name IS
'Its name in the language of the ledger.';
COMMENT ON COLUMN tier_gap.measure IS
'What the tiers go by: revenue, margin or profit.';
COMMENT ON COLUMN tier_gap.value IS
'That of the customer so far.';
COMMENT ON COLUMN tier_gap.needed IS
'What it takes to be in the next tier, as in tier_threshold.';
COMMENT ON COLUMN tier_gap.gap IS
'What is missing; 0 where a person keeps the customer lower.';
COMMENT ON COLUMN tier_gap.gap_share IS
'Gap as a part of what is needed; NULL where that is 0.';
COMMENT ON COLUMN tier_gap.worth IS
'What closing the gap brings, in margin, or in profit where tiers go by that; at the rate of the customer, of all where he has no revenue; before what the better tier costs; NULL where nobody has any.';
COMMENT ON COLUMN tier_gap.next_action IS
'What is done for customers of the next tier; NULL for nothing special.';
COMMENT ON COLUMN tier_gap.as_of IS
'Report day.';
COMMENT ON COLUMN tier_gap.currency IS
'Base currency, in which all amounts are.';
COMMENT ON COLUMN tier_gap.measure_name IS 'Name of the measure.';
COMMENT ON COLUMN tier_gap.scheme_name IS 'Name of the scheme.';
