-- Computed by refresh from customers, orders and contacts; nothing else writes it.
-- Its touches are arrays, an element each in order of time: a row a conversion and
-- touch, which view touch_credit shows, takes ten times as long to write.
CREATE TABLE conversion (
  customer_id bigint NOT NULL,
  conversion_kind text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  order_ref text COLLATE "C" NOT NULL,
  sale_id bigint NOT NULL,
  entity_id bigint NOT NULL,
  converted_at timestamptz NOT NULL,
  converted_on date NOT NULL,
  month_start date NOT NULL,
  channel_code text COLLATE "C" NOT NULL,
  campaign_code text COLLATE "C" NOT NULL,
  value numeric(38,4) NOT NULL,
  margin numeric(38,4) NOT NULL,
  touches integer NOT NULL,
  path text[] COLLATE "C" NOT NULL,
  campaign_codes text[] COLLATE "C" NOT NULL,
  interaction_ids bigint[] NOT NULL,
  touched_customer_ids bigint[] NOT NULL,
  touched_ats timestamptz[] NOT NULL,
  touched_ons date[] NOT NULL,
  touch_months date[] NOT NULL,
  half_life_days integer NOT NULL,
  PRIMARY KEY (customer_id, conversion_kind, source, order_ref, sale_id)
);

CREATE INDEX conversion_month_start ON conversion (month_start);
CREATE INDEX conversion_entity_id ON conversion (entity_id);
-- what a month's spend led to: whom its touches won
CREATE INDEX conversion_touch_months ON conversion USING gin (touch_months)
  WHERE conversion_kind = 'acquisition';

COMMENT ON TABLE conversion IS
'What touches led to: one row a customer acquired, and one an order; as of the last refresh.';
COMMENT ON COLUMN conversion.customer_id IS 'Customer.';
COMMENT ON COLUMN conversion.conversion_kind IS 'acquisition or order.';
COMMENT ON COLUMN conversion.source IS 'Source of the order; empty for an acquisition.';
COMMENT ON COLUMN conversion.order_ref IS 'Order in that source; empty for an acquisition and for a line that is an order of its own.';
COMMENT ON COLUMN conversion.sale_id IS 'Number of the line that is an order of its own; 0 otherwise.';
COMMENT ON COLUMN conversion.entity_id IS 'Whose touches count: the customer, or by setting converting_entity the account, with all its customers.';
COMMENT ON COLUMN conversion.converted_at IS 'When.';
COMMENT ON COLUMN conversion.converted_on IS 'Local day of it.';
COMMENT ON COLUMN conversion.month_start IS 'First day of the month in which it counts.';
COMMENT ON COLUMN conversion.channel_code IS 'Channel of the acquisition or the order, which takes the credit where there is no touch; (unknown) for none.';
COMMENT ON COLUMN conversion.campaign_code IS 'Campaign of it; (unknown) for none.';
COMMENT ON COLUMN conversion.value IS 'Revenue of the order, of an acquisition that of the first order, 0 without one; in base currency.';
COMMENT ON COLUMN conversion.margin IS 'Margin of the same order, in base currency.';
COMMENT ON COLUMN conversion.touches IS 'Touches up to it, of the days of setting touch_window_days.';
COMMENT ON COLUMN conversion.path IS 'Channels of these touches, in order of time.';
COMMENT ON COLUMN conversion.campaign_codes IS 'Campaigns of them; (unknown) for none.';
COMMENT ON COLUMN conversion.interaction_ids IS 'The same touches, as rows of interaction.';
COMMENT ON COLUMN conversion.touched_customer_ids IS 'Who was touched: the customer, or another of the account.';
COMMENT ON COLUMN conversion.touched_ats IS 'When each of them was.';
COMMENT ON COLUMN conversion.touched_ons IS 'Local days of it.';
COMMENT ON COLUMN conversion.touch_months IS 'First days of the months in which the touches count.';
COMMENT ON COLUMN conversion.half_life_days IS 'Setting decay_half_life of the refresh, by which model time_decay credits them.';
