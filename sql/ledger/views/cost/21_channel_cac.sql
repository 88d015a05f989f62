-- What a channel costs and brings, by month.  What belongs to no channel is
-- shared by the customers acquired that month; a month without any leaves it
-- with the unknown channel, so that the sum over channels is always all there
-- is.  Where some of it has no rate, nobody knows what a customer costs of any
-- channel that bears a part.
CREATE VIEW channel_cac WITH (security_invoker = true) AS
WITH line AS (
  SELECT c.month_start, c.channel_code,
         CASE c.resource WHEN 'financial' THEN c.cost ELSE 0 END AS media_cost,
         c.cost AS own_cost, c.unrated_parts AS unrated_entries, 0 AS leads,
         0 AS converted_leads, 0 AS customers
  FROM cost_month c
  WHERE c.bucket = 'acquisition'
  UNION ALL
  SELECT date_trunc('month', d.day::timestamp)::date, d.channel_code, 0, 0, 0,
         d.leads, d.converted_leads, d.acquired
  FROM day_total d
  WHERE d.leads > 0 OR d.acquired > 0
),
monthly AS (
  SELECT month_start, channel_code, sum(media_cost) AS media_cost,
         sum(own_cost) AS own_cost, sum(unrated_entries) AS unrated_entries,
         sum(leads) AS leads, sum(converted_leads) AS converted_leads,
         sum(customers) AS customers
  FROM line
  GROUP BY month_start, channel_code
),
-- in whole coins where it is in whole coins
shared AS (
  SELECT m.*,
         sum(m.customers) OVER of_month AS all_customers,
         coalesce(sum(m.own_cost) FILTER (WHERE m.channel_code = '(unknown)')
                    OVER of_month, 0) AS shared_cost,
         coalesce(sum(m.unrated_entries)
                    FILTER (WHERE m.channel_code = '(unknown)')
                    OVER of_month, 0) AS unrated_shared,
         coalesce(p.money_scale, s.value::integer) AS coin_scale
  FROM monthly m
  CROSS JOIN setting s
  LEFT JOIN closed_period p ON p.month_start = m.month_start
  WHERE s.key = 'money_scale'
  WINDOW of_month AS (PARTITION BY m.month_start)
),
loaded AS (
  SELECT s.*,
         CASE WHEN s.channel_code = '(unknown)' AND s.all_customers > 0
           THEN 0 ELSE s.own_cost END
         + CASE WHEN s.all_customers > 0
             THEN crmcost.allocate(s.shared_cost, s.customers,
                                   greatest(s.coin_scale,
                                            min_scale(s.shared_cost)))
                    OVER (PARTITION BY s.month_start ORDER BY s.channel_code)
             ELSE 0 END AS acquisition_cost
  FROM shared s
)
SELECT
  c.month_start, c.channel_code COLLATE "default" AS channel_code,
  round(c.media_cost, 4) AS media_cost,
  round(c.acquisition_cost, 4) AS acquisition_cost, c.leads::bigint AS leads,
  c.customers::bigint AS customers,
  CASE WHEN c.unrated_entries = 0
    THEN round(c.media_cost / nullif(c.leads, 0), 4) END AS cost_per_lead,
  CASE WHEN c.unrated_entries = 0
    THEN round(c.media_cost / nullif(c.customers, 0), 4) END AS media_cac,
  CASE WHEN c.unrated_entries = 0 AND c.unrated_shared = 0
    THEN round(c.acquisition_cost / nullif(c.customers, 0), 4) END AS cac,
  round(c.converted_leads::numeric / nullif(c.leads, 0), 6)
    AS conversion_rate,
  c.converted_leads::bigint AS converted_leads,
  c.unrated_entries::bigint AS unrated_entries,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh,
                 c.channel_code COLLATE "default") AS channel_name,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM loaded c
LEFT JOIN channel h ON h.code = c.channel_code
-- what has no channel and was shared out leaves an empty row
WHERE c.channel_code <> '(unknown)' OR c.media_cost <> 0
      OR c.acquisition_cost <> 0 OR c.leads > 0 OR c.customers > 0
      OR c.unrated_entries > 0;

COMMENT ON VIEW channel_cac IS
'Acquisition cost, leads and customers by month and channel, one row each where there was any of them; totals are in channel_cac_quarter, channel_cac_year and channel_cac_total.';
COMMENT ON COLUMN channel_cac.month_start IS 'First day of the month.';
COMMENT ON COLUMN channel_cac.channel_code IS 'Channel; (unknown) where it is not known.';
COMMENT ON COLUMN channel_cac.media_cost IS 'Acquisition cost of resource financial booked on the channel.';
COMMENT ON COLUMN channel_cac.acquisition_cost IS 'All acquisition cost booked on the channel, with its share, by customers acquired, of what is booked on no channel.';
COMMENT ON COLUMN channel_cac.leads IS 'Parties first seen.';
COMMENT ON COLUMN channel_cac.customers IS 'Customers acquired.';
COMMENT ON COLUMN channel_cac.cost_per_lead IS 'Media cost for one lead, 4 decimals; NULL without leads, or with cost that has no rate.';
COMMENT ON COLUMN channel_cac.media_cac IS 'Media cost for one customer acquired, 4 decimals; NULL without customers, or with cost that has no rate.';
COMMENT ON COLUMN channel_cac.cac IS 'All acquisition cost for one customer acquired, 4 decimals; NULL without customers, or with cost that has no rate, the shared one included.';
COMMENT ON COLUMN channel_cac.conversion_rate IS 'Share of the leads that have been acquired since, 0..1, 6 decimals; NULL without leads.';
COMMENT ON COLUMN channel_cac.converted_leads IS 'Leads that have been acquired since.';
COMMENT ON COLUMN channel_cac.unrated_entries IS 'Acquisition cost entries of the channel that are left out for want of a rate, those of several months once a month.';
COMMENT ON COLUMN channel_cac.channel_name IS 'Its name.';
COMMENT ON COLUMN channel_cac.currency IS 'Base currency, which all money here is in.';
