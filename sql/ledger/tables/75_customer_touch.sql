-- Computed by refresh; nothing else writes it.  Where there is a row, spend on the
-- channel or campaign had somebody to win.
CREATE TABLE customer_touch (
  customer_id bigint NOT NULL,
  month_start date NOT NULL,
  channel_code text COLLATE "C" NOT NULL,
  campaign_code text COLLATE "C" NOT NULL,
  touches bigint NOT NULL,
  PRIMARY KEY (customer_id, month_start, channel_code, campaign_code)
);

CREATE INDEX customer_touch_month_start ON customer_touch (month_start);

COMMENT ON TABLE customer_touch IS
'Touches of parties before they were acquired, one row a party, month, channel and campaign; as of the last refresh.';
COMMENT ON COLUMN customer_touch.customer_id IS 'Party, acquired or not.';
COMMENT ON COLUMN customer_touch.month_start IS 'First day of the month in which the touches count.';
COMMENT ON COLUMN customer_touch.channel_code IS 'Channel of the touches, else of their campaign; (unknown) for none.';
COMMENT ON COLUMN customer_touch.campaign_code IS 'Campaign of the touches; (unknown) for none.';
COMMENT ON COLUMN customer_touch.touches IS 'Touches.';
