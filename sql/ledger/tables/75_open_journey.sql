-- Computed by refresh; nothing else writes it.  Paths that ended in no conversion,
-- which Markov chains and the rate game need.
CREATE TABLE open_journey (
  entity_id bigint NOT NULL,
  conversion_kind text COLLATE "C" NOT NULL,
  last_touched_at timestamptz NOT NULL,
  month_start date NOT NULL,
  path text[] COLLATE "C" NOT NULL,
  touched_customer_ids bigint[] NOT NULL,
  PRIMARY KEY (entity_id, conversion_kind)
);

CREATE INDEX open_journey_month_start ON open_journey (month_start);

COMMENT ON TABLE open_journey IS
'Touches that led to no acquisition or no order so far, one row a customer (or account) and kind of conversion; as of the last refresh.';
COMMENT ON COLUMN open_journey.entity_id IS 'Customer, or by setting converting_entity account.';
COMMENT ON COLUMN open_journey.conversion_kind IS 'acquisition or order.';
COMMENT ON COLUMN open_journey.last_touched_at IS 'Last touch.';
COMMENT ON COLUMN open_journey.month_start IS 'First day of the month in which the last touch counts.';
COMMENT ON COLUMN open_journey.path IS 'Channels of the touches since the last conversion, within setting touch_window_days of the last one, in order of time.';
COMMENT ON COLUMN open_journey.touched_customer_ids IS 'Who was touched by each: the customer, or one of the account.';
