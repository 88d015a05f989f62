-- What each customer cost to win: all acquisition cost that he bears.  Over the
-- customers, with what acquisition_spend has of others, that is all there is.
CREATE VIEW customer_cac WITH (security_invoker = true) AS
SELECT
  v.customer_id, v.acquired_on, v.channel_code COLLATE "default" AS channel_code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh,
                 v.channel_code COLLATE "default") AS channel_name,
  nullif(a.campaign_code, '(unknown)') COLLATE "default" AS campaign_code,
  coalesce(a.touches, 0) AS touches,
  a.path[1] COLLATE "default" AS first_touch_channel,
  a.path[a.touches] COLLATE "default" AS last_touch_channel,
  v.acquisition_direct_cost AS direct_cost,
  v.acquisition_cost - v.acquisition_direct_cost AS allocated_cost,
  v.acquisition_cost AS cac,
  (SELECT as_of FROM last_refresh) AS as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 k.name, NULL, nullif(a.campaign_code, '(unknown)') COLLATE "default")
    AS campaign_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 b.name, b.name_zh, a.path[1] COLLATE "default")
    AS first_touch_channel_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 l.name, l.name_zh, a.path[a.touches] COLLATE "default")
    AS last_touch_channel_name
FROM customer_value v
LEFT JOIN conversion a
  ON a.customer_id = v.customer_id AND a.conversion_kind = 'acquisition'
     AND a.source = '' AND a.order_ref = '' AND a.sale_id = 0
LEFT JOIN channel h ON h.code = v.channel_code
LEFT JOIN campaign k ON k.code = a.campaign_code
LEFT JOIN channel b ON b.code = a.path[1]
LEFT JOIN channel l ON l.code = a.path[a.touches]
WHERE v.acquired_on IS NOT NULL OR v.acquisition_cost <> 0;

COMMENT ON VIEW customer_cac IS
'What a customer cost to win, as of the last refresh, one row a customer who was acquired or bears acquisition cost.';
COMMENT ON COLUMN customer_cac.customer_id IS 'Customer.';
COMMENT ON COLUMN customer_cac.acquired_on IS 'Day of the acquisition; NULL for who is none yet.';
COMMENT ON COLUMN customer_cac.channel_code IS 'Channel of the acquisition; (unknown) for none.';
COMMENT ON COLUMN customer_cac.channel_name IS 'Its name.';
COMMENT ON COLUMN customer_cac.campaign_code IS 'Campaign of the acquisition; NULL for none.';
COMMENT ON COLUMN customer_cac.touches IS 'Touches up to the acquisition, within setting touch_window_days.';
COMMENT ON COLUMN customer_cac.first_touch_channel IS 'Channel of the first of them; NULL without a touch.';
COMMENT ON COLUMN customer_cac.last_touch_channel IS 'Channel of the last of them; NULL without a touch.';
COMMENT ON COLUMN customer_cac.direct_cost IS 'Acquisition cost booked on the customer.';
COMMENT ON COLUMN customer_cac.allocated_cost IS 'Acquisition cost that the allocation rules gave to the customer, with driver attributed by the touches.';
COMMENT ON COLUMN customer_cac.cac IS 'Both: what the customer cost to win, of all months.';
COMMENT ON COLUMN customer_cac.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN customer_cac.currency IS 'Base currency, which all money here is in.';
COMMENT ON COLUMN customer_cac.campaign_name IS 'Name of the campaign.';
COMMENT ON COLUMN customer_cac.first_touch_channel_name IS 'Name of the channel of the first touch.';
COMMENT ON COLUMN customer_cac.last_touch_channel_name IS 'Name of the channel of the last touch.';
