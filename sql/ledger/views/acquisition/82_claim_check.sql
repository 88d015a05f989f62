-- What platforms claim to have won against what the ledger acquired.  Each
-- platform counts what it had any part in, so that together they claim more
-- customers than there are: the row for all channels has all of these.
CREATE VIEW claim_check WITH (security_invoker = true) AS
SELECT
  c.month_start, c.channel_code COLLATE "default" AS channel_code, c.claims,
  c.customers, c.claims - c.customers AS over_claimed,
  round(c.claims::numeric / nullif(c.customers, 0), 6) AS over_claim_factor,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh,
                 c.channel_code COLLATE "default") AS channel_name,
  (SELECT as_of FROM last_refresh) AS as_of
FROM (
  SELECT month_start, coalesce(channel_code, '(all)') AS channel_code,
         sum(claims)::bigint AS claims, sum(customers)::bigint AS customers
  FROM (
    SELECT month_start, channel_code, claims, 0 AS customers
    FROM exposure_month
    WHERE claims > 0
    UNION ALL
    SELECT date_trunc('month', day::timestamp)::date, channel_code, 0,
           acquired
    FROM day_total
    WHERE acquired > 0
  ) part
  GROUP BY GROUPING SETS ((month_start, channel_code), (month_start))
  HAVING sum(claims) > 0
) c
LEFT JOIN channel h ON h.code = c.channel_code;

COMMENT ON VIEW claim_check IS
'Customers that platforms claim to have won against those that the ledger acquired, as of the last refresh, one row a month and channel with claims, and one a month with channel (all).';
COMMENT ON COLUMN claim_check.month_start IS 'First day of the month.';
COMMENT ON COLUMN claim_check.channel_code IS 'Channel; (unknown) where it is not known, (all) for all of them, those without claims included.';
COMMENT ON COLUMN claim_check.claims IS 'Customers that the platform claims (interactions of subtype claim), those behind a count included.';
COMMENT ON COLUMN claim_check.customers IS 'Customers acquired through the channel, as in channel_cac.';
COMMENT ON COLUMN claim_check.over_claimed IS 'Claims less customers; negative where less is claimed.';
COMMENT ON COLUMN claim_check.over_claim_factor IS 'Claims for one customer acquired, 6 decimals; NULL without customers.';
COMMENT ON COLUMN claim_check.channel_name IS 'Name of the channel.';
COMMENT ON COLUMN claim_check.as_of IS 'Report day of the last refresh.';
