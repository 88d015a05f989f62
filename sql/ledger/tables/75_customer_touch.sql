-- Computed by refresh; nothing else writes it.  Where a touch is here, spend on its
-- channel or campaign had somebody to win.
CREATE TABLE customer_touch (
  entity_id bigint PRIMARY KEY,
  last_month date NOT NULL,
  touch_months date[] NOT NULL,
  channel_codes text[] COLLATE "C" NOT NULL,
  campaign_codes text[] COLLATE "C" NOT NULL,
  touched_customer_ids bigint[] NOT NULL
);

CREATE INDEX customer_touch_last_month ON customer_touch (last_month);

COMMENT ON TABLE customer_touch IS
'Touches of parties before they were acquired, one row a customer (or account), an element a touch in order of time; as of the last refresh.';
COMMENT ON COLUMN customer_touch.entity_id IS 'Customer, or by setting converting_entity account, acquired or not.';
COMMENT ON COLUMN customer_touch.last_month IS 'Last of the months in which the touches count.';
COMMENT ON COLUMN customer_touch.touch_months IS 'First days of the months in which the touches count.';
COMMENT ON COLUMN customer_touch.channel_codes IS 'Channels of the touches, else of their campaigns; (unknown) for none.';
COMMENT ON COLUMN customer_touch.campaign_codes IS 'Campaigns of the touches; (unknown) for none.';
COMMENT ON COLUMN customer_touch.touched_customer_ids IS 'Who was touched: the customer, or one of the account.';
