-- Written by crmcost.close_period(); nothing else writes it.  What each touch has of the
-- spend of a closed month, by the model and the touches of its closing.  It lies
-- whole on the coordinator of a cluster, as posted_cost does: so it may lack a
-- customer, though no row does.
CREATE TABLE closed_touch (
  customer_id bigint,
  month_start date NOT NULL,
  touch_month date NOT NULL,
  bucket text NOT NULL,
  driver text NOT NULL,
  interaction_id bigint,
  touched_customer_id bigint,
  touched_at timestamptz,
  channel_code text COLLATE "C",
  campaign_code text COLLATE "C",
  credit numeric(9,8),
  spend numeric(38,4) NOT NULL,
  UNIQUE NULLS NOT DISTINCT (month_start, customer_id, bucket, driver,
                             interaction_id)
);

CREATE INDEX closed_touch_customer_id ON closed_touch (customer_id);

COMMENT ON TABLE closed_touch IS
'What each touch had of the cost of a closed month when that was closed, one row a month, customer, driver and touch, as in view touch_spend.';
COMMENT ON COLUMN closed_touch.customer_id IS 'Customer who bears the cost.';
COMMENT ON COLUMN closed_touch.month_start IS 'First day of the closed month.';
COMMENT ON COLUMN closed_touch.touch_month IS 'First day of the month of the touch.';
COMMENT ON COLUMN closed_touch.bucket IS 'Kind of customer cost.';
COMMENT ON COLUMN closed_touch.driver IS 'Whose touches share the cost.';
COMMENT ON COLUMN closed_touch.interaction_id IS 'Touch, a row of interaction, which need not be there any more; NULL without a touch.';
COMMENT ON COLUMN closed_touch.touched_customer_id IS 'Who was touched; NULL without a touch.';
COMMENT ON COLUMN closed_touch.touched_at IS 'When; NULL without a touch.';
COMMENT ON COLUMN closed_touch.channel_code IS 'Channel of the touch; (unknown) for none; NULL without a touch.';
COMMENT ON COLUMN closed_touch.campaign_code IS 'Campaign of the touch; (unknown) for none; NULL without a touch.';
COMMENT ON COLUMN closed_touch.credit IS 'Credit by the model of setting attribution_model at the closing, 0..1; NULL without a touch.';
COMMENT ON COLUMN closed_touch.spend IS 'What it has of the cost, 4 decimals, in base currency.';
