-- Is the customer base improving?  Customers by the tier that they had at the
-- end of a month (for the running one on the report day), and the profit that
-- they brought in it.  A running month brought less because it is not over, so
-- that only complete months are compared.
CREATE VIEW customer_mix WITH (security_invoker = true) AS
WITH shared AS (
  SELECT m.month_start, m.scheme, m.tier, m.customers,
         m.customers / sum(m.customers) OVER month AS customer_share,
         m.profit,
         CASE WHEN sum(m.profit) OVER month > 0
           THEN m.profit / sum(m.profit) OVER month END AS profit_share,
         sum(m.profit) OVER month > 0 AS has_profit,
         m.month_start <= crmcost._last_complete_month(r.as_of)
           AS is_complete
  FROM tier_month m
  CROSS JOIN last_refresh r
  WHERE m.scheme <> '(all)' AND m.customers > 0
  WINDOW month AS (PARTITION BY m.month_start, m.scheme)
)
SELECT
  s.month_start, s.scheme COLLATE "default" AS scheme,
  s.tier COLLATE "default" AS tier, s.customers,
  round(s.customer_share, 6) AS customer_share, s.profit,
  round(s.profit_share, 6) AS profit_share,
  CASE WHEN count(*) OVER all_before > 0
    THEN round(s.customer_share
               - coalesce(sum(s.customer_share) OVER month_before, 0), 6)
  END AS customer_share_change,
  CASE WHEN s.is_complete AND bool_or(s.has_profit) OVER all_before
    THEN round(s.profit_share
               - coalesce(sum(s.profit_share) OVER month_before, 0), 6)
  END AS profit_share_change,
  s.is_complete,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 n.name, n.name_zh, s.tier COLLATE "default") AS tier_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 sn.name, sn.name_zh, s.scheme COLLATE "default")
    AS scheme_name
FROM shared s
LEFT JOIN tier n
  ON n.scheme = s.scheme AND n.code = s.tier
LEFT JOIN term sn ON sn.kind = 'dimension' AND sn.code = s.scheme
WINDOW month_before AS (
  PARTITION BY s.scheme, s.tier ORDER BY s.month_start
  RANGE BETWEEN '1 month' PRECEDING AND '1 month' PRECEDING),
all_before AS (
  PARTITION BY s.scheme ORDER BY s.month_start
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
'Customers in the tier at the end of the month, or on the report day.';
COMMENT ON COLUMN customer_mix.customer_share IS
'Share of all customers with a tier of the scheme, 0..1.';
COMMENT ON COLUMN customer_mix.profit IS
'Margin less cost of these customers in the month, in base currency.';
COMMENT ON COLUMN customer_mix.profit_share IS
'Share of the profit of all of them; NULL when that is not above 0.';
COMMENT ON COLUMN customer_mix.customer_share_change IS
'Change against the month before, 0.03 for 3 percentage points; against 0 when the tier had no customer then, NULL when no tier of the scheme had.';
COMMENT ON COLUMN customer_mix.profit_share_change IS
'Change against the month before, against 0 when the tier had no customer then; NULL when there was no profit, and in a month that is not over.';
COMMENT ON COLUMN customer_mix.is_complete IS
'Whether the month is over.';
COMMENT ON COLUMN customer_mix.currency IS
'Base currency.';
COMMENT ON COLUMN customer_mix.tier_name IS
'Name of the tier.';
COMMENT ON COLUMN customer_mix.scheme_name IS 'Name of the scheme.';
