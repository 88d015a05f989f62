-- Computed by refresh; nothing else writes it.  The credits of a conversion sum to 1,
-- by each of the models (crmcost.attribution_weight).
CREATE TABLE touch_credit (
  customer_id bigint NOT NULL,
  conversion_kind text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  order_ref text COLLATE "C" NOT NULL,
  sale_id bigint NOT NULL,
  interaction_id bigint NOT NULL,
  touched_customer_id bigint NOT NULL,
  touched_at timestamptz NOT NULL,
  touched_on date NOT NULL,
  month_start date NOT NULL,
  channel_code text COLLATE "C" NOT NULL,
  campaign_code text COLLATE "C" NOT NULL,
  first_credit numeric(9,8) NOT NULL,
  last_credit numeric(9,8) NOT NULL,
  last_non_direct_credit numeric(9,8) NOT NULL,
  linear_credit numeric(9,8) NOT NULL,
  position_credit numeric(9,8) NOT NULL,
  time_decay_credit numeric(9,8) NOT NULL,
  PRIMARY KEY (customer_id, conversion_kind, source, order_ref, sale_id,
               interaction_id, touched_at)
);

CREATE INDEX touch_credit_acquisition ON touch_credit (month_start)
  WHERE conversion_kind = 'acquisition';

COMMENT ON TABLE touch_credit IS
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
