-- The touches of a conversion in their order, with what each has of it.
CREATE VIEW journey WITH (security_invoker = true) AS
SELECT
  v.customer_id, v.conversion_kind COLLATE "default" AS conversion_kind,
  v.converted_at, v.converted_on,
  nullif(v.source, '') COLLATE "default" AS source,
  nullif(v.order_ref, '') COLLATE "default" AS order_ref,
  nullif(v.sale_id, 0) AS sale_id, v.touches,
  CASE WHEN t.interaction_id IS NOT NULL THEN
    row_number() OVER (PARTITION BY v.customer_id, v.conversion_kind, v.source,
                                    v.order_ref, v.sale_id
                       ORDER BY t.touched_at, t.interaction_id)
  END AS touch_number,
  t.interaction_id, t.touched_customer_id, t.touched_at,
  round((extract(epoch FROM v.converted_at - t.touched_at) / 86400)::numeric,
        6) AS days_before,
  coalesce(t.channel_code, v.channel_code) COLLATE "default" AS channel_code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh,
                 coalesce(t.channel_code, v.channel_code) COLLATE "default")
    AS channel_name,
  coalesce(t.campaign_code, v.campaign_code) COLLATE "default"
    AS campaign_code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 k.name, NULL,
                 coalesce(t.campaign_code, v.campaign_code) COLLATE "default")
    AS campaign_name,
  coalesce(t.first_credit, 1) AS first_credit,
  coalesce(t.last_credit, 1) AS last_credit,
  coalesce(t.last_non_direct_credit, 1) AS last_non_direct_credit,
  coalesce(t.linear_credit, 1) AS linear_credit,
  coalesce(t.position_credit, 1) AS position_credit,
  coalesce(t.time_decay_credit, 1) AS time_decay_credit,
  v.value AS conversion_value,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh, v.conversion_kind COLLATE "default")
    AS conversion_kind_name
FROM conversion v
LEFT JOIN touch_credit t
  ON t.customer_id = v.customer_id AND t.conversion_kind = v.conversion_kind
     AND t.source = v.source AND t.order_ref = v.order_ref
     AND t.sale_id = v.sale_id
LEFT JOIN channel h ON h.code = coalesce(t.channel_code, v.channel_code)
LEFT JOIN campaign k ON k.code = coalesce(t.campaign_code, v.campaign_code)
LEFT JOIN term w ON w.kind = 'conversion' AND w.code = v.conversion_kind;

COMMENT ON VIEW journey IS
'The way to each conversion, as of the last refresh, one row a conversion and touch, and one for a conversion without a touch, which is its own channel''s.';
COMMENT ON COLUMN journey.customer_id IS 'Customer who was acquired or ordered.';
COMMENT ON COLUMN journey.conversion_kind IS 'acquisition or order.';
COMMENT ON COLUMN journey.converted_at IS 'When.';
COMMENT ON COLUMN journey.converted_on IS 'Local day of it.';
COMMENT ON COLUMN journey.source IS 'Source of the order; NULL for an acquisition.';
COMMENT ON COLUMN journey.order_ref IS 'Order in that source; NULL for an acquisition, and for a line that is an order of its own.';
COMMENT ON COLUMN journey.sale_id IS 'Line that is an order of its own; NULL otherwise.';
COMMENT ON COLUMN journey.touches IS 'Touches up to the conversion within setting touch_window_days.';
COMMENT ON COLUMN journey.touch_number IS 'Place of the touch among them, 1 the first; NULL without a touch.';
COMMENT ON COLUMN journey.interaction_id IS 'Touch, a row of interaction; NULL without one.';
COMMENT ON COLUMN journey.touched_customer_id IS 'Who was touched: the customer, or another of the account; NULL without a touch.';
COMMENT ON COLUMN journey.touched_at IS 'When; NULL without a touch.';
COMMENT ON COLUMN journey.days_before IS 'Days from the touch to the conversion, 6 decimals; NULL without a touch.';
COMMENT ON COLUMN journey.channel_code IS 'Channel of the touch, else of the conversion; (unknown) for none.';
COMMENT ON COLUMN journey.channel_name IS 'Its name.';
COMMENT ON COLUMN journey.campaign_code IS 'Campaign of the touch, else of the conversion; (unknown) for none.';
COMMENT ON COLUMN journey.campaign_name IS 'Its name.';
COMMENT ON COLUMN journey.first_credit IS 'Credit by model first, 0..1.';
COMMENT ON COLUMN journey.last_credit IS 'Credit by model last, 0..1.';
COMMENT ON COLUMN journey.last_non_direct_credit IS 'Credit by model last_non_direct, 0..1.';
COMMENT ON COLUMN journey.linear_credit IS 'Credit by model linear, 0..1.';
COMMENT ON COLUMN journey.position_credit IS 'Credit by model position, 0..1.';
COMMENT ON COLUMN journey.time_decay_credit IS 'Credit by model time_decay, 0..1.';
COMMENT ON COLUMN journey.conversion_value IS 'Revenue of the order, of an acquisition that of the first order.';
COMMENT ON COLUMN journey.currency IS 'Base currency, which all money here is in.';
COMMENT ON COLUMN journey.conversion_kind_name IS 'Name of the kind of conversion.';
