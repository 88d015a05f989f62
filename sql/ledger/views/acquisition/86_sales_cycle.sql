-- How long it takes to win a customer.
CREATE VIEW sales_cycle WITH (security_invoker = true) AS
SELECT
  a.month_start, a.code COLLATE "default" AS channel_code, a.customers,
  a.median_cycle_days,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh,
                 a.code COLLATE "default") AS channel_name,
  (SELECT as_of FROM last_refresh) AS as_of
FROM acquisition_month a
LEFT JOIN channel h ON h.code = a.code
WHERE a.dimension IN ('(channel)', '(all)');

COMMENT ON VIEW sales_cycle IS
'How long it took from the first sight of a customer to the acquisition, as of the last refresh, one row a month and channel with new customers, and one a month with channel (all).';
COMMENT ON COLUMN sales_cycle.month_start IS 'First day of the month in which the acquisitions count.';
COMMENT ON COLUMN sales_cycle.channel_code IS 'Channel that won them; (unknown) where it is not known, (all) for all of them.';
COMMENT ON COLUMN sales_cycle.customers IS 'Customers acquired, as in channel_cac.';
COMMENT ON COLUMN sales_cycle.median_cycle_days IS 'Median of the days from the first sight to the acquisition.';
COMMENT ON COLUMN sales_cycle.channel_name IS 'Name of the channel.';
COMMENT ON COLUMN sales_cycle.as_of IS 'Report day of the last refresh.';
