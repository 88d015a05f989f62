-- What each touch has of the spend that its customer bears: the way of cost_flow one
-- step further, from the customer to his touches.  They stand in a row behind the
-- customers before, by their credits, so that their parts sum to what the customer
-- bears, and those of all to the pool, exactly.
--
-- Of a closed month it is what it was at the closing, by the model of then.
--
-- It is no column of touch_credit: with the spend of a month all its touches would be
-- written anew, and with each of them the conversions of other months.
CREATE VIEW touch_spend WITH (security_invoker = true) AS
WITH chosen AS (
  SELECT value AS model FROM setting WHERE key = 'attribution_model'
),
-- the spend of a closed month that is claimed later has that month behind its name
pool AS NOT MATERIALIZED (
  SELECT month_start, bucket, driver_key,
         coalesce(spend_month, month_start) AS touch_month,
         CASE WHEN spend_month IS NULL THEN driver_key
           ELSE left(driver_key, - length(' in YYYY-MM')) END AS touches,
         greatest(capacity, driver_quantity) AS driver_total,
         sum(cost) AS cost
  FROM cost_pool
  JOIN last_refresh r ON month_start >= r.open_from
  WHERE driver = 'attributed' AND unallocated_because IS NULL
  GROUP BY month_start, bucket, driver_key, spend_month, capacity,
           driver_quantity
),
touch AS NOT MATERIALIZED (
  SELECT t.customer_id, t.month_start, t.interaction_id, t.touched_customer_id,
         t.touched_at, t.channel_code, t.campaign_code,
         CASE m.model WHEN 'first' THEN t.first_credit
           WHEN 'last' THEN t.last_credit
           WHEN 'last_non_direct' THEN t.last_non_direct_credit
           WHEN 'linear' THEN t.linear_credit
           WHEN 'position' THEN t.position_credit
           ELSE t.time_decay_credit END AS credit
  FROM touch_credit t
  CROSS JOIN chosen m
  WHERE t.conversion_kind = 'acquisition'
),
placed AS NOT MATERIALIZED (
  SELECT d.customer_id, p.month_start, p.touch_month, p.bucket, p.driver_key,
         p.cost, p.driver_total, d.quantity, d.quantity_before,
         t.interaction_id, t.touched_customer_id, t.touched_at, t.channel_code,
         t.campaign_code, t.credit,
         sum(t.credit) OVER (alike ORDER BY t.touched_at, t.interaction_id
                             ROWS UNBOUNDED PRECEDING) AS upto,
         sum(t.credit) OVER alike AS credits
  FROM pool p
  JOIN customer_driver d
    ON d.month_start = p.month_start AND d.driver_key = p.driver_key
  LEFT JOIN touch t
    ON t.customer_id = d.customer_id AND t.month_start = p.touch_month
       AND t.credit > 0
       AND p.touches IN ('attributed', 'attributed of channel ' || t.channel_code,
                         'attributed of campaign ' || t.campaign_code)
  WINDOW alike AS (PARTITION BY d.customer_id, p.month_start, p.bucket,
                                p.driver_key, p.driver_total)
)
SELECT
  customer_id, month_start, touch_month, bucket, driver_key AS driver,
  interaction_id, touched_customer_id, touched_at,
  channel_code COLLATE "default" AS channel_code,
  campaign_code COLLATE "default" AS campaign_code, credit,
  crmcost._flow_part(
    0, cost,
    quantity_before
      + CASE WHEN credits > 0 THEN quantity * (upto - credit) / credits
          ELSE 0 END,
    quantity_before
      + CASE WHEN credits > 0 THEN quantity * upto / credits
          ELSE quantity END,
    driver_total, NULL, NULL) AS spend,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM placed
UNION ALL
SELECT
  customer_id, month_start, touch_month, bucket, driver, interaction_id,
  touched_customer_id, touched_at, channel_code COLLATE "default",
  campaign_code COLLATE "default", credit, spend,
  (SELECT value FROM setting WHERE key = 'base_currency')
FROM closed_touch;

COMMENT ON VIEW touch_spend IS
'What each touch has of the cost that rules of driver attributed gave to its customer, as of the last refresh, one row a customer, month, driver and touch; the rows of a driver sum to its cost in cost_pool, those of a customer to his in cost_flow.';
COMMENT ON COLUMN touch_spend.customer_id IS 'Customer who bears the cost: who was acquired.';
COMMENT ON COLUMN touch_spend.month_start IS 'First day of the month in which the cost counts.';
COMMENT ON COLUMN touch_spend.touch_month IS 'First day of the month of the touch: that of the cost, or of the closed month whose spend is claimed.';
COMMENT ON COLUMN touch_spend.bucket IS 'Kind of customer cost.';
COMMENT ON COLUMN touch_spend.driver IS 'Whose touches share the cost, such as attributed of channel search.';
COMMENT ON COLUMN touch_spend.interaction_id IS 'Touch, a row of interaction, of a closed month one of its closing; NULL where there is none.';
COMMENT ON COLUMN touch_spend.touched_customer_id IS 'Who was touched: the customer, or another of the account; NULL without a touch.';
COMMENT ON COLUMN touch_spend.touched_at IS 'When; NULL without a touch.';
COMMENT ON COLUMN touch_spend.channel_code IS 'Channel of the touch, else of its campaign; (unknown) for none; NULL without a touch.';
COMMENT ON COLUMN touch_spend.campaign_code IS 'Campaign of the touch; (unknown) for none; NULL without a touch.';
COMMENT ON COLUMN touch_spend.credit IS 'Credit by the model of setting attribution_model, of a closed month that of its closing, 0..1; NULL without a touch.';
COMMENT ON COLUMN touch_spend.spend IS 'What it has of the cost, 4 decimals, in base currency.';
COMMENT ON COLUMN touch_spend.currency IS 'Base currency, which all money here is in.';
