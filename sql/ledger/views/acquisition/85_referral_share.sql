-- How many new customers were brought by other customers.
CREATE VIEW referral_share WITH (security_invoker = true) AS
SELECT
  a.month_start, a.code COLLATE "default" AS channel_code, a.customers,
  a.referred, round(a.referred::numeric / a.customers, 6) AS referral_share,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh,
                 a.code COLLATE "default") AS channel_name,
  (SELECT as_of FROM last_refresh) AS as_of
FROM acquisition_month a
LEFT JOIN channel h ON h.code = a.code
WHERE a.dimension IN ('(channel)', '(all)');

COMMENT ON VIEW referral_share IS
'New customers and those of them whom another customer brought, as of the last refresh, one row a month and channel with new customers, and one a month with channel (all).';
COMMENT ON COLUMN referral_share.month_start IS 'First day of the month in which the acquisitions count.';
COMMENT ON COLUMN referral_share.channel_code IS 'Channel that won them; (unknown) where it is not known, (all) for all of them.';
COMMENT ON COLUMN referral_share.customers IS 'Customers acquired, as in channel_cac.';
COMMENT ON COLUMN referral_share.referred IS 'Those of them whom another customer recommended us to (referred_by).';
COMMENT ON COLUMN referral_share.referral_share IS 'That as a part of the customers acquired, 0..1, 6 decimals.';
COMMENT ON COLUMN referral_share.channel_name IS 'Name of the channel.';
COMMENT ON COLUMN referral_share.as_of IS 'Report day of the last refresh.';
