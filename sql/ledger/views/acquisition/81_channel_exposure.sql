-- What was shown to people, what they did with it, and what that cost.  Cost
-- without any exposure is there, too: content that nobody clicks on, or whose
-- clicks nobody counts.
CREATE VIEW channel_exposure WITH (security_invoker = true) AS
SELECT
  e.month_start, e.channel_code COLLATE "default" AS channel_code,
  e.campaign_code COLLATE "default" AS campaign_code, e.impressions, e.clicks,
  e.follows, e.media_cost, e.booked_cost,
  round(e.clicks::numeric / nullif(e.impressions, 0), 6)
    AS click_through_rate,
  CASE WHEN e.unrated_entries = 0
    THEN round(1000 * e.media_cost / nullif(e.impressions, 0), 4) END
    AS cost_per_mille,
  CASE WHEN e.unrated_entries = 0
    THEN round(e.media_cost / nullif(e.clicks, 0), 4) END AS cost_per_click,
  CASE WHEN e.unrated_entries = 0
    THEN round(e.booked_cost / nullif(e.clicks, 0), 4) END
    AS loaded_cost_per_click,
  e.unrated_entries,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh,
                 e.channel_code COLLATE "default") AS channel_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 k.name, NULL,
                 e.campaign_code COLLATE "default") AS campaign_name,
  (SELECT as_of FROM last_refresh) AS as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM (
  SELECT month_start, coalesce(channel_code, '(all)') AS channel_code,
         coalesce(campaign_code, '(all)') AS campaign_code,
         sum(impressions)::bigint AS impressions, sum(clicks)::bigint AS clicks,
         sum(follows)::bigint AS follows, sum(media_cost) AS media_cost,
         sum(booked_cost) AS booked_cost,
         sum(unrated_entries)::bigint AS unrated_entries
  FROM (
    SELECT month_start, channel_code, campaign_code, impressions, clicks,
           follows, 0 AS media_cost, 0 AS booked_cost,
           0 AS unrated_entries
    FROM exposure_month
    WHERE impressions > 0 OR clicks > 0 OR follows > 0
    UNION ALL
    SELECT month_start, channel_code, campaign_code, 0, 0, 0,
           CASE resource WHEN 'financial' THEN cost ELSE 0 END, cost,
           unrated_parts
    FROM cost_month
    WHERE bucket = 'acquisition'
  ) part
  GROUP BY GROUPING SETS ((month_start, channel_code, campaign_code),
                          (month_start, channel_code), (month_start))
) e
LEFT JOIN channel h ON h.code = e.channel_code
LEFT JOIN campaign k ON k.code = e.campaign_code;

COMMENT ON VIEW channel_exposure IS
'Impressions, clicks and follows and what they cost, as of the last refresh, one row a month, channel and campaign with any of it or with acquisition cost, one a month and channel with campaign (all), and one a month with both (all).';
COMMENT ON COLUMN channel_exposure.month_start IS 'First day of the month.';
COMMENT ON COLUMN channel_exposure.channel_code IS 'Channel, else that of the campaign; (unknown) where neither tells, (all) for all of them.';
COMMENT ON COLUMN channel_exposure.campaign_code IS 'Campaign; (unknown) for none, (all) for all of them.';
COMMENT ON COLUMN channel_exposure.impressions IS 'Times that something was shown (subtype impression), those behind a count included.';
COMMENT ON COLUMN channel_exposure.clicks IS 'Clicks (subtype click), likewise.';
COMMENT ON COLUMN channel_exposure.follows IS 'People who began to follow (subtype follow), likewise.';
COMMENT ON COLUMN channel_exposure.media_cost IS 'Acquisition cost of resource financial booked there.';
COMMENT ON COLUMN channel_exposure.booked_cost IS 'All acquisition cost booked there.';
COMMENT ON COLUMN channel_exposure.click_through_rate IS 'Clicks for one impression, 6 decimals; NULL without impressions.';
COMMENT ON COLUMN channel_exposure.cost_per_mille IS 'Media cost for a thousand impressions, 4 decimals; NULL without impressions, or with cost that has no rate.';
COMMENT ON COLUMN channel_exposure.cost_per_click IS 'Media cost for one click, 4 decimals; NULL without clicks, or with cost that has no rate.';
COMMENT ON COLUMN channel_exposure.loaded_cost_per_click IS 'All acquisition cost for one click, 4 decimals; NULL likewise.';
COMMENT ON COLUMN channel_exposure.unrated_entries IS 'Acquisition cost entries that are left out for want of a rate, those of several months once a month.';
COMMENT ON COLUMN channel_exposure.channel_name IS 'Name of the channel.';
COMMENT ON COLUMN channel_exposure.campaign_name IS 'Name of the campaign.';
COMMENT ON COLUMN channel_exposure.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN channel_exposure.currency IS 'Base currency, which all money here is in.';
