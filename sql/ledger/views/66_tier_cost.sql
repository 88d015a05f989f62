-- Which resource goes to which tier: what was booked on its customers, and its
-- part of the pools by their drivers, before they are rounded to coins.
CREATE VIEW tier_cost WITH (security_invoker = true) AS
WITH member AS (
  SELECT k.customer_id, k.dimension AS scheme, k.code AS tier
  FROM customer_classification k
  WHERE EXISTS (SELECT FROM tier t
                WHERE t.scheme = k.dimension AND t.code = k.code)
),
pooled AS (
  SELECT p.month_start, g.driver_key, c.resource,
         sum(p.amount / greatest(g.capacity, g.driver_quantity)) AS rate
  FROM posted_cost p
  JOIN cost_pool g USING (month_start, bucket, rule_id, service_category)
  JOIN cost_category c ON c.code = p.category_code
  WHERE p.customer_id IS NULL AND g.unallocated_because IS NULL
        AND g.driver_quantity > 0
  GROUP BY p.month_start, g.driver_key, c.resource
),
-- materialized, so that the drivers are read once and not for every pool
driven AS MATERIALIZED (
  SELECT d.month_start, d.driver_key, m.scheme, m.tier,
         sum(d.quantity) AS quantity
  FROM driver_quantity d JOIN member m USING (customer_id)
  WHERE d.driver_key IN (SELECT driver_key FROM cost_pool)
  GROUP BY 1, 2, 3, 4
),
direct AS MATERIALIZED (
  SELECT customer_id, resource, sum(base_amount) AS cost
  FROM accrued_cost
  WHERE customer_id IS NOT NULL
        AND greatest(incurred_on, month_start)
            <= (SELECT as_of FROM last_refresh)
  GROUP BY customer_id, resource
),
summed AS (
  SELECT scheme, tier, resource, round(sum(cost), 4) AS cost
  FROM (SELECT d.scheme, d.tier, p.resource, p.rate * d.quantity AS cost
        FROM pooled p JOIN driven d USING (month_start, driver_key)
        UNION ALL
        SELECT m.scheme, m.tier, c.resource, c.cost
        FROM direct c JOIN member m USING (customer_id)) part
  GROUP BY scheme, tier, resource
)
SELECT
  scheme, tier, resource, cost,
  cost / nullif(sum(cost) OVER (PARTITION BY scheme, resource), 0)
    AS cost_share
FROM summed;

COMMENT ON VIEW tier_cost IS
'Cost that the customers of a tier bear by what it uses up, up to the last refresh, one row a tier of a scheme and resource with cost.';
COMMENT ON COLUMN tier_cost.scheme IS
'Tier scheme.';
COMMENT ON COLUMN tier_cost.tier IS
'Tier, of who is in it now.';
COMMENT ON COLUMN tier_cost.resource IS
'What is used up: human, financial, technical or process.';
COMMENT ON COLUMN tier_cost.cost IS
'Cost booked on its customers and allocated to them, in base currency, not rounded to coins.';
COMMENT ON COLUMN tier_cost.cost_share IS
'Share of that resource over all tiers of the scheme, 0..1; NULL when that is 0.';
