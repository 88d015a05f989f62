-- Is the customer base improving?  Customers by the tier that they had at the
-- end of a month (for the last one on the day of the reports), and the profit
-- that they brought in it.
CREATE VIEW customer_mix WITH (security_invoker = true) AS
WITH zone AS (
  SELECT value AS name FROM setting WHERE key = 'timezone'
),
span AS (
  SELECT k.customer_id, k.dimension AS scheme, k.code AS tier,
         date_trunc('month', k.entered_at AT TIME ZONE z.name) AS from_month,
         date_trunc('month', lead(k.entered_at) OVER history
                             AT TIME ZONE z.name) AS before_month,
         lead(k.entered_at) OVER history - k.entered_at AS held_for
  FROM classification k
  CROSS JOIN zone z
  WHERE EXISTS (SELECT FROM tier t WHERE t.scheme = k.dimension)
        AND k.entered_at <= (SELECT as_of_at FROM last_refresh)
  WINDOW history AS (PARTITION BY k.customer_id, k.dimension
                     ORDER BY k.entered_at)
),
held AS (
  SELECT s.customer_id, s.scheme, s.tier, m.month_start::date AS month_start
  FROM span s
  CROSS JOIN LATERAL generate_series(
    s.from_month,
    coalesce(s.before_month - interval '1 month',
             date_trunc('month', (SELECT as_of FROM last_refresh)::timestamp)),
    '1 month') AS m (month_start)
  -- none is who has left the scheme; and the rule's first answer about who was
  -- there by hand stands a microsecond before that row
  WHERE s.tier <> 'none'
        AND coalesce(s.held_for > interval '1 microsecond', true)
),
brought AS (
  SELECT customer_id, month_start, sum(profit) AS profit
  FROM (SELECT customer_id, month_start, margin AS profit
        FROM customer_month
        UNION ALL
        SELECT customer_id, month_start, -direct_cost - allocated_cost
        FROM customer_month_cost) line
  GROUP BY customer_id, month_start
),
mix AS (
  SELECT h.month_start, h.scheme, h.tier, count(*) AS customers,
         coalesce(sum(b.profit), 0) AS profit
  FROM held h
  LEFT JOIN brought b USING (customer_id, month_start)
  GROUP BY h.month_start, h.scheme, h.tier
),
shared AS (
  SELECT month_start, scheme, tier, customers,
         customers / sum(customers) OVER month AS customer_share, profit,
         profit / nullif(sum(profit) OVER month, 0) AS profit_share
  FROM mix
  WINDOW month AS (PARTITION BY month_start, scheme)
)
SELECT
  s.month_start, s.scheme, s.tier, s.customers, s.customer_share, s.profit,
  s.profit_share,
  s.customer_share - sum(s.customer_share) OVER month_before
    AS customer_share_change,
  s.profit_share - sum(s.profit_share) OVER month_before
    AS profit_share_change
FROM shared s
WINDOW month_before AS (
  PARTITION BY s.scheme, s.tier ORDER BY s.month_start
  RANGE BETWEEN '1 month' PRECEDING AND '1 month' PRECEDING);

COMMENT ON VIEW customer_mix IS
'Customers and profit by tier at the end of each month, one row a month, scheme and tier with customers.';
COMMENT ON COLUMN customer_mix.month_start IS
'First day of the month.';
COMMENT ON COLUMN customer_mix.scheme IS
'Tier scheme.';
COMMENT ON COLUMN customer_mix.tier IS
'Tier.';
COMMENT ON COLUMN customer_mix.customers IS
'Customers in the tier at the end of the month.';
COMMENT ON COLUMN customer_mix.customer_share IS
'Share of all customers with a tier of the scheme, 0..1.';
COMMENT ON COLUMN customer_mix.profit IS
'Margin less cost of these customers in the month, in base currency.';
COMMENT ON COLUMN customer_mix.profit_share IS
'Share of the profit of all of them; NULL when that is 0.';
COMMENT ON COLUMN customer_mix.customer_share_change IS
'Change against the month before, 0.03 for 3 percentage points; NULL when the tier had no customer then.';
COMMENT ON COLUMN customer_mix.profit_share_change IS
'Change against the month before; NULL when the tier had no customer or there was no profit then.';
