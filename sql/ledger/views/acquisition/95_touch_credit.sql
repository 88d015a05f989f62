-- The credits of a conversion sum to 1, by each of the models: they are those of
-- crmcost.attribution_weight, and follow from what the conversion keeps of its
-- touches.
CREATE VIEW touch_credit WITH (security_invoker = true) AS
SELECT
  v.customer_id, v.conversion_kind COLLATE "default" AS conversion_kind,
  v.source COLLATE "default" AS source,
  v.order_ref COLLATE "default" AS order_ref, v.sale_id, t.interaction_id,
  t.touched_customer_id, t.touched_at, t.touched_on, t.month_start,
  t.channel_code, t.campaign_code, t.first_credit, t.last_credit,
  t.last_non_direct_credit, t.linear_credit, t.position_credit,
  t.time_decay_credit
FROM conversion v
CROSS JOIN LATERAL crmcost._touch_credits(
  v.interaction_ids, v.touched_customer_ids, v.touched_ats, v.touched_ons,
  v.touch_months, v.path, v.campaign_codes, v.half_life_days) t;

COMMENT ON VIEW touch_credit IS
'What each touch has of each conversion that it led to, one row a conversion and touch; as of the last refresh.';
COMMENT ON COLUMN touch_credit.customer_id IS 'Customer of the conversion.';
COMMENT ON COLUMN touch_credit.conversion_kind IS 'acquisition or order.';
COMMENT ON COLUMN touch_credit.source IS 'Source of the order; empty for an acquisition.';
COMMENT ON COLUMN touch_credit.order_ref IS 'Order in that source; empty as in conversion.';
COMMENT ON COLUMN touch_credit.sale_id IS 'Line that is an order of its own; 0 otherwise.';
COMMENT ON COLUMN touch_credit.interaction_id IS 'Touch, a row of interaction.';
COMMENT ON COLUMN touch_credit.touched_customer_id IS 'Who was touched: the customer, or another of the account.';
COMMENT ON COLUMN touch_credit.touched_at IS 'When.';
COMMENT ON COLUMN touch_credit.touched_on IS 'Local day of it.';
COMMENT ON COLUMN touch_credit.month_start IS 'First day of the month in which the touch counts.';
COMMENT ON COLUMN touch_credit.channel_code IS 'Channel of the touch, else of its campaign; (unknown) for none.';
COMMENT ON COLUMN touch_credit.campaign_code IS 'Campaign of the touch; (unknown) for none.';
COMMENT ON COLUMN touch_credit.first_credit IS 'Credit by model first, 0..1.';
COMMENT ON COLUMN touch_credit.last_credit IS 'Credit by model last, 0..1.';
COMMENT ON COLUMN touch_credit.last_non_direct_credit IS 'Credit by model last_non_direct, 0..1; channel direct is passed over.';
COMMENT ON COLUMN touch_credit.linear_credit IS 'Credit by model linear, 0..1.';
COMMENT ON COLUMN touch_credit.position_credit IS 'Credit by model position, 0..1.';
COMMENT ON COLUMN touch_credit.time_decay_credit IS 'Credit by model time_decay with the half life of setting decay_half_life, 0..1.';
