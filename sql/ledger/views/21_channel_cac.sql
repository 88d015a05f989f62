-- What a channel costs and brings, by month.  Cost that was booked on a campaign
-- only counts on the campaign's channel.  What belongs to no channel is shared
-- by the customers acquired that month; a month without any leaves it in a row
-- without a channel, so that the sum over channels is always all there is.
CREATE VIEW channel_cac WITH (security_invoker = true) AS
WITH zone AS (
  SELECT value AS name FROM setting WHERE key = 'timezone'
),
-- technical customers stand for anonymous traffic: they are no leads
party AS (
  SELECT c.acquisition_channel AS channel_code, c.acquired_at IS NOT NULL AS won,
         date_trunc('month', c.first_seen_at AT TIME ZONE z.name)::date
           AS lead_month,
         date_trunc('month', c.acquired_at AT TIME ZONE z.name)::date
           AS customer_month
  FROM customer c CROSS JOIN zone z
  WHERE c.source <> 'anon'
),
line (month_start, channel_code, media_cost, own_cost, leads, converted_leads,
      customers) AS (
  SELECT c.month_start, coalesce(c.channel_code, k.channel_code),
         CASE WHEN c.resource = 'financial' THEN c.base_amount END,
         c.base_amount, 0, 0, 0
  FROM accrued_cost c LEFT JOIN campaign k ON k.code = c.campaign_code
  WHERE c.bucket = 'acquisition'
  UNION ALL
  SELECT lead_month, channel_code, NULL, NULL, 1, won::int, 0 FROM party
  UNION ALL
  SELECT customer_month, channel_code, NULL, NULL, 0, 0, 1 FROM party WHERE won
),
monthly AS (
  SELECT month_start, channel_code,
         coalesce(sum(media_cost), 0.0000) AS media_cost,
         coalesce(sum(own_cost), 0.0000) AS own_cost,
         sum(leads) AS leads, sum(converted_leads) AS converted_leads,
         sum(customers) AS customers
  FROM line
  GROUP BY month_start, channel_code
),
-- in whole coins where it is in whole coins
shared AS (
  SELECT m.month_start, m.own_cost AS cost,
         greatest(s.value::int, min_scale(m.own_cost)) AS scale
  FROM monthly m, setting s
  WHERE m.channel_code IS NULL AND s.key = 'money_scale'
),
loaded AS (
  SELECT m.*,
         CASE WHEN m.channel_code IS NULL THEN 0.0000 ELSE m.own_cost END
         + coalesce(
             crmcost.allocate(coalesce(s.cost, 0), m.customers,
                              coalesce(s.scale, 0))
               OVER (PARTITION BY m.month_start ORDER BY m.channel_code),
             CASE WHEN m.channel_code IS NULL THEN m.own_cost ELSE 0 END)
           AS loaded_cost
  FROM monthly m LEFT JOIN shared s USING (month_start)
)
SELECT
  month_start, channel_code, media_cost, loaded_cost, leads, customers,
  media_cost / nullif(leads, 0) AS cost_per_lead,
  media_cost / nullif(customers, 0) AS cac,
  loaded_cost / nullif(customers, 0) AS loaded_cac,
  converted_leads::numeric / nullif(leads, 0) AS conversion_rate,
  converted_leads
FROM loaded
-- what has no channel and was shared out leaves an empty row
WHERE channel_code IS NOT NULL OR media_cost <> 0 OR loaded_cost <> 0
      OR leads > 0 OR customers > 0;

COMMENT ON VIEW channel_cac IS
'Acquisition cost, leads and customers by month and channel, one row each where there was any of them; blended figures are ratios of the sums.';
COMMENT ON COLUMN channel_cac.month_start IS
'First day of the month.';
COMMENT ON COLUMN channel_cac.channel_code IS
'Channel that was paid, or that brought the lead; NULL where it is not known.';
COMMENT ON COLUMN channel_cac.media_cost IS
'Acquisition cost of resource financial booked on the channel, in base currency.';
COMMENT ON COLUMN channel_cac.loaded_cost IS
'All acquisition cost booked on the channel, with its share, by customers acquired, of what has no channel, in base currency.';
COMMENT ON COLUMN channel_cac.leads IS
'Parties first seen in the month.';
COMMENT ON COLUMN channel_cac.customers IS
'Customers acquired in the month.';
COMMENT ON COLUMN channel_cac.cost_per_lead IS
'Media cost for one lead; NULL without leads.';
COMMENT ON COLUMN channel_cac.cac IS
'Media cost for one customer acquired; NULL without customers.';
COMMENT ON COLUMN channel_cac.loaded_cac IS
'Loaded cost for one customer acquired; NULL without customers.';
COMMENT ON COLUMN channel_cac.conversion_rate IS
'Share of the month''s leads that have been acquired since, 0..1; NULL without leads.';
COMMENT ON COLUMN channel_cac.converted_leads IS
'Leads of the month that have been acquired since.';
