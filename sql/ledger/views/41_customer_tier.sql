-- The tier of each customer in each scheme, and what is missing to the next
-- better one: for a bound on revenue up to the bound, for ABC up to the least
-- customer whom the rule put into it.
CREATE VIEW customer_tier WITH (security_invoker = true) AS
WITH step AS (
  SELECT t.scheme, t.code, t.basis,
         lag(h.value) OVER (PARTITION BY t.scheme ORDER BY t.rank) AS needed
  FROM tier t LEFT JOIN tier_threshold h USING (scheme, code)
)
SELECT customer_id, scheme, tier, since,
       CASE WHEN needed > value THEN needed - value
            WHEN needed <= value THEN 0
       END AS gap_to_next
FROM (
  SELECT c.customer_id, t.scheme, t.code AS tier, c.since, t.needed,
         CASE
           WHEN t.basis = 'min_value' THEN s.revenue
           WHEN m.value = 'revenue' THEN s.revenue
           WHEN m.value = 'margin' THEN s.margin
           ELSE s.profit
         END AS value
  FROM customer_classification c
  JOIN step t ON t.scheme = c.dimension AND t.code = c.code
  LEFT JOIN setting m ON m.key = 'abc_measure'
  LEFT JOIN customer_snapshot s
    ON s.customer_id = c.customer_id
       AND s.as_of = (SELECT as_of FROM last_refresh)
) member;

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
