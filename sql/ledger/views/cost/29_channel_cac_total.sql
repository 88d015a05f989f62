-- The sums of channel_cac, and the ratios of these sums.
CREATE VIEW channel_cac_total WITH (security_invoker = true) AS
SELECT
  (SELECT as_of FROM last_refresh) AS as_of,
  c.channel_code COLLATE "default" AS channel_code, c.media_cost,
  c.acquisition_cost, c.leads, c.customers,
  CASE WHEN c.unrated_entries = 0
    THEN round(c.media_cost / nullif(c.leads, 0), 4) END AS cost_per_lead,
  CASE WHEN c.unrated_entries = 0
    THEN round(c.media_cost / nullif(c.customers, 0), 4) END AS media_cac,
  CASE WHEN NOT c.cost_unknown
    THEN round(c.acquisition_cost / nullif(c.customers, 0), 4) END AS cac,
  round(c.converted_leads::numeric / nullif(c.leads, 0), 6)
    AS conversion_rate,
  c.converted_leads, c.unrated_entries,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh,
                 c.channel_code COLLATE "default") AS channel_name,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM (
  SELECT 
         coalesce(c.channel_code, '(all)') AS channel_code,
         sum(c.media_cost) AS media_cost,
         sum(c.acquisition_cost) AS acquisition_cost,
         sum(c.leads)::bigint AS leads, sum(c.customers)::bigint AS customers,
         sum(c.converted_leads)::bigint AS converted_leads,
         coalesce(sum(c.unrated_entries) FILTER (WHERE k.counts), 0)::bigint
           AS unrated_entries,
         coalesce(bool_or(crmcost._is_cac_unknown(
                            c.unrated_entries, c.customers, c.cac))
                    FILTER (WHERE k.counts), false) AS cost_unknown
  FROM channel_cac c
  CROSS JOIN last_refresh r
  CROSS JOIN LATERAL (VALUES (c.month_start >= r.open_from)) AS k (counts)
  GROUP BY GROUPING SETS (( c.channel_code), ())
  HAVING count(*) > 0
) c
LEFT JOIN channel h ON h.code = c.channel_code;

COMMENT ON VIEW channel_cac_total IS
'Acquisition cost, leads and customers by channel up to the last refresh, one row each, and one with channel (all) for all of them; ratios are ratios of the sums.';
COMMENT ON COLUMN channel_cac_total.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN channel_cac_total.channel_code IS 'Channel; (unknown) where it is not known, (all) for all of them.';
COMMENT ON COLUMN channel_cac_total.media_cost IS 'Acquisition cost of resource financial booked on the channel.';
COMMENT ON COLUMN channel_cac_total.acquisition_cost IS 'All acquisition cost booked on the channel, with its share, by customers acquired, of what is booked on no channel.';
COMMENT ON COLUMN channel_cac_total.leads IS 'Parties first seen.';
COMMENT ON COLUMN channel_cac_total.customers IS 'Customers acquired.';
COMMENT ON COLUMN channel_cac_total.cost_per_lead IS 'Media cost for one lead, 4 decimals; NULL without leads, or with cost that has no rate.';
COMMENT ON COLUMN channel_cac_total.media_cac IS 'Media cost for one customer acquired, 4 decimals; NULL without customers, or with cost that has no rate.';
COMMENT ON COLUMN channel_cac_total.cac IS 'All acquisition cost for one customer acquired, 4 decimals; NULL without customers, or with cost that has no rate, the shared one included.';
COMMENT ON COLUMN channel_cac_total.conversion_rate IS 'Share of the leads that have been acquired since, 0..1, 6 decimals; NULL without leads.';
COMMENT ON COLUMN channel_cac_total.converted_leads IS 'Leads that have been acquired since.';
COMMENT ON COLUMN channel_cac_total.unrated_entries IS 'Acquisition cost entries of the channel that are left out for want of a rate, those of several months once a month.';
COMMENT ON COLUMN channel_cac_total.channel_name IS 'Its name.';
COMMENT ON COLUMN channel_cac_total.currency IS 'Base currency, which all money here is in.';
