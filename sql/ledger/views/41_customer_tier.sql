-- The tier of each customer in each scheme, and what is missing to the next
-- better one: for a bound on revenue up to the bound, for ABC up to the least
-- customer in it.
CREATE VIEW customer_tier WITH (security_invoker = true) AS
WITH member AS (
  SELECT c.customer_id, t.scheme, t.code AS tier, t.rank, c.since,
         CASE t.basis
           WHEN 'min_value' THEN s.revenue
           WHEN 'cum_share' THEN
             CASE (SELECT value FROM setting WHERE key = 'abc_measure')
               WHEN 'revenue' THEN s.revenue
               WHEN 'margin' THEN s.margin
               ELSE s.profit
             END
         END AS value
  FROM customer_classification c
  JOIN tier t ON t.scheme = c.dimension AND t.code = c.code
  LEFT JOIN customer_snapshot s
    ON s.customer_id = c.customer_id
       AND s.as_of = (SELECT as_of FROM last_refresh)
),
-- what it takes to be in the tier above
step AS (
  SELECT t.scheme, t.code,
         lag(CASE t.basis WHEN 'min_value' THEN t.bound ELSE m.least END)
           OVER (PARTITION BY t.scheme ORDER BY t.rank) AS needed
  FROM tier t
  LEFT JOIN (SELECT scheme, tier, min(value) AS least
             FROM member GROUP BY scheme, tier) m
    ON m.scheme = t.scheme AND m.tier = t.code
)
SELECT m.customer_id, m.scheme, m.tier, m.since,
       CASE WHEN s.needed > m.value THEN s.needed - m.value
            WHEN s.needed <= m.value THEN 0
       END AS gap_to_next
FROM member m
JOIN step s ON s.scheme = m.scheme AND s.code = m.tier;

COMMENT ON VIEW customer_tier IS
'The tier that holds for each customer, one row a customer and scheme.';
COMMENT ON COLUMN customer_tier.customer_id IS
'Customer.';
COMMENT ON COLUMN customer_tier.scheme IS
'Tier scheme.';
COMMENT ON COLUMN customer_tier.tier IS
'Code of the tier.';
COMMENT ON COLUMN customer_tier.since IS
'Since when the customer is in it.';
COMMENT ON COLUMN customer_tier.gap_to_next IS
'Revenue (or what abc_measure says) in base currency that is missing to the next better tier; NULL in the best tier and for schemes by RFM or by hand.';
