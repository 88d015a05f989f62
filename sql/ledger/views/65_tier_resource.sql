-- Do resources follow value?  All that was spent on the customers who are in a
-- tier now, up to the last refresh, beside the profit they brought.
CREATE VIEW tier_resource WITH (security_invoker = true) AS
WITH member AS (
  SELECT k.customer_id, t.scheme, t.code AS tier,
         o.code AS owner
  FROM tier t
  JOIN customer_classification k
    ON k.dimension = t.scheme AND k.code = t.code
  LEFT JOIN customer_classification o
    ON o.customer_id = k.customer_id AND o.dimension = 'owner'
),
-- the better quarter of the agents by the mean score of their surveys
agent AS (
  SELECT agent_code, score,
         ntile(4) OVER (ORDER BY score DESC, agent_code) = 1 AS best
  FROM (SELECT agent_code, sum(score * n) / sum(n) AS score
        FROM interaction
        WHERE kind = 'survey' AND subtype IS DISTINCT FROM 'nps'
              AND agent_code IS NOT NULL AND score IS NOT NULL
        GROUP BY agent_code) scored
),
people AS (
  SELECT m.scheme, m.tier, count(*) AS customers,
         count(*) FILTER (WHERE m.owner IS NULL) AS without_owner,
         count(*) FILTER (WHERE a.best) AS best_agent_customers,
         sum(s.profit) AS profit
  FROM member m
  LEFT JOIN agent a ON a.agent_code = m.owner
  LEFT JOIN customer_snapshot s
    ON s.customer_id = m.customer_id
       AND s.as_of = (SELECT as_of FROM last_refresh)
  GROUP BY m.scheme, m.tier
),
contact AS (
  SELECT m.scheme, m.tier, sum(i.seconds) / 3600.0 AS hours,
         sum(i.n) AS interactions, sum(i.automated) AS automated,
         sum(i.score) / nullif(sum(i.answers), 0) AS agent_score
  FROM member m
  JOIN (SELECT i.customer_id, sum(i.handle_seconds) AS seconds, sum(i.n) AS n,
               sum(i.n) FILTER (WHERE i.automated) AS automated,
               sum(a.score * i.n) AS score,
               sum(i.n) FILTER (WHERE a.score IS NOT NULL) AS answers
        FROM interaction i LEFT JOIN agent a USING (agent_code)
        WHERE i.occurred_at <= (SELECT as_of_at FROM last_refresh)
        GROUP BY i.customer_id) i USING (customer_id)
  GROUP BY m.scheme, m.tier
),
spent AS (
  SELECT m.scheme, m.tier, sum(c.cost) AS cost
  FROM member m
  JOIN (SELECT customer_id, sum(direct_cost + allocated_cost) AS cost
        FROM customer_month_cost GROUP BY customer_id) c USING (customer_id)
  GROUP BY m.scheme, m.tier
),
given AS (
  SELECT m.scheme, m.tier, sum(c.discount) AS discount,
         sum(c.revenue + c.discount) AS price
  FROM member m
  JOIN (SELECT customer_id, sum(discount) AS discount, sum(revenue) AS revenue
        FROM customer_month GROUP BY customer_id) c USING (customer_id)
  GROUP BY m.scheme, m.tier
),
-- read once, not customer by customer
discounted AS MATERIALIZED (
  SELECT customer_id, discount, amount + discount AS price
  FROM sale
  WHERE kind = 'sale' AND discount > 0
        AND sold_at <= (SELECT as_of_at FROM last_refresh)
),
breach AS (
  SELECT m.scheme, m.tier, count(*) AS lines
  FROM discounted s
  JOIN member m USING (customer_id)
  JOIN tier t ON t.scheme = m.scheme AND t.code = m.tier
  WHERE s.discount > t.discount_rate * s.price
  GROUP BY m.scheme, m.tier
),
planned AS (
  SELECT tier_scheme AS scheme, tier_code AS tier, sum(base_amount) AS budget
  FROM plan_base
  WHERE kind = 'budget' AND measure = 'cost' AND tier_code IS NOT NULL
        AND period_from <= coalesce((SELECT as_of FROM last_refresh),
                                    'infinity')
  GROUP BY 1, 2
)
SELECT
  t.scheme, t.code AS tier, t.rank AS tier_rank, t.service_level,
  coalesce(p.customers, 0) AS customers,
  coalesce(c.hours, 0) AS hours,
  c.hours / nullif(p.customers, 0) AS hours_per_customer,
  c.agent_score,
  CASE WHEN t.account_manager THEN coalesce(p.without_owner, 0) END
    AS without_owner,
  p.best_agent_customers::numeric / nullif(p.customers, 0)
    AS best_agent_share,
  coalesce(c.automated, 0)::numeric / nullif(c.interactions, 0)
    AS automated_share,
  b.budget,
  coalesce(s.cost, 0) AS spend,
  s.cost / nullif(sum(s.cost) OVER scheme, 0) AS spend_share,
  coalesce(g.discount, 0) AS discount,
  g.discount / nullif(g.price, 0) AS discount_rate,
  t.discount_rate AS discount_limit,
  coalesce(x.lines, 0) AS breaches,
  coalesce(p.profit, 0) AS profit,
  p.profit / nullif(sum(p.profit) OVER scheme, 0) AS profit_share,
  p.profit / nullif(c.hours, 0) AS profit_per_hour,
  p.profit / nullif(s.cost, 0) AS profit_per_cost
FROM tier t
LEFT JOIN people p ON p.scheme = t.scheme AND p.tier = t.code
LEFT JOIN contact c ON c.scheme = t.scheme AND c.tier = t.code
LEFT JOIN spent s ON s.scheme = t.scheme AND s.tier = t.code
LEFT JOIN given g ON g.scheme = t.scheme AND g.tier = t.code
LEFT JOIN breach x ON x.scheme = t.scheme AND x.tier = t.code
LEFT JOIN planned b ON b.scheme = t.scheme AND b.tier = t.code
WINDOW scheme AS (PARTITION BY t.scheme);

COMMENT ON VIEW tier_resource IS
'What the customers of a tier get and bring, up to the last refresh, one row a tier of a scheme.';
COMMENT ON COLUMN tier_resource.scheme IS
'Tier scheme.';
COMMENT ON COLUMN tier_resource.tier IS
'Tier.';
COMMENT ON COLUMN tier_resource.tier_rank IS
'Place within the scheme, 1 the best.';
COMMENT ON COLUMN tier_resource.service_level IS
'Service promised: vip, standard or basic; NULL where nothing is.';
COMMENT ON COLUMN tier_resource.customers IS
'Customers in the tier now.';
COMMENT ON COLUMN tier_resource.hours IS
'Working hours spent on their contacts.';
COMMENT ON COLUMN tier_resource.hours_per_customer IS
'Hours for one customer; NULL without hours or customers.';
COMMENT ON COLUMN tier_resource.agent_score IS
'Mean survey score of the agents who handled their contacts, weighted by contacts; NULL when none has a score.';
COMMENT ON COLUMN tier_resource.without_owner IS
'Customers without an owner, where the tier is to have one; else NULL.';
COMMENT ON COLUMN tier_resource.best_agent_share IS
'Share of the customers whose owner is in the best quarter of the agents by survey score, 0..1; NULL without customers.';
COMMENT ON COLUMN tier_resource.automated_share IS
'Share of their contacts that a machine handled, 0..1; NULL without contacts.';
COMMENT ON COLUMN tier_resource.budget IS
'Cost budgets for the tier that have begun, in base currency; NULL without one.';
COMMENT ON COLUMN tier_resource.spend IS
'Cost that they bear, direct and allocated, in base currency.';
COMMENT ON COLUMN tier_resource.spend_share IS
'Share of the cost of all tiers of the scheme, 0..1; NULL when that is 0.';
COMMENT ON COLUMN tier_resource.discount IS
'Discount given to them, in base currency.';
COMMENT ON COLUMN tier_resource.discount_rate IS
'Discount in relation to the price before it, 0..1; NULL without sales.';
COMMENT ON COLUMN tier_resource.discount_limit IS
'Greatest discount that the tier allows, 0..1; NULL for no rule.';
COMMENT ON COLUMN tier_resource.breaches IS
'Sale lines with a greater discount than that.';
COMMENT ON COLUMN tier_resource.profit IS
'Profit that they brought, in base currency.';
COMMENT ON COLUMN tier_resource.profit_share IS
'Share of the profit of all tiers of the scheme; NULL when that is 0.';
COMMENT ON COLUMN tier_resource.profit_per_hour IS
'Profit for an hour of work, in base currency; NULL without hours.';
COMMENT ON COLUMN tier_resource.profit_per_cost IS
'Profit for a unit of cost; NULL without cost.';
