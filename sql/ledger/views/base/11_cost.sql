-- Every cost entry in base currency, with what its category says about it.  The
-- rate is found as in sale_base.
CREATE VIEW cost WITH (security_invoker = true) AS
SELECT
  e.cost_id, e.incurred_on, e.category_code, k.bucket, k.resource,
  e.channel_code, e.campaign_code, e.customer_id, e.amount, e.currency,
  CASE rate.to_base WHEN 1 THEN e.amount
    ELSE round(e.amount * rate.to_base, 4)
  END AS base_amount,
  rate.to_base AS rate,
  lower(e.covers) AS covers_from, upper(e.covers) - 1 AS covers_to,
  e.product_code, e.quantity, e.unit, e.agent_code
FROM cost_entry e
JOIN cost_category k ON k.code = e.category_code
CROSS JOIN LATERAL (
  SELECT CASE
    WHEN e.fx IS NOT NULL THEN e.fx
    WHEN e.currency = (SELECT value FROM setting WHERE key = 'base_currency')
      THEN 1
    ELSE (SELECT r.to_base FROM fx_rate r
          WHERE r.currency = e.currency AND r.valid_from <= e.incurred_on
          ORDER BY r.valid_from DESC LIMIT 1)
  END AS to_base
  OFFSET 0
) rate;

COMMENT ON VIEW cost IS
'Every cost entry with its amount in base currency and its bucket, one row an entry.';
COMMENT ON COLUMN cost.cost_id IS
'Number of the entry.';
COMMENT ON COLUMN cost.incurred_on IS
'Day of the cost.';
COMMENT ON COLUMN cost.category_code IS
'Cost category.';
COMMENT ON COLUMN cost.bucket IS
'Kind of customer cost: acquisition, retention, service, churn, data, training or program.';
COMMENT ON COLUMN cost.resource IS
'What was used up: human, financial, technical or process.';
COMMENT ON COLUMN cost.channel_code IS
'Channel that it was spent on; NULL for none.';
COMMENT ON COLUMN cost.campaign_code IS
'Campaign that it was spent on; NULL for none.';
COMMENT ON COLUMN cost.customer_id IS
'Customer who caused it alone; NULL for cost to be allocated.';
COMMENT ON COLUMN cost.amount IS
'Cost in currency.';
COMMENT ON COLUMN cost.currency IS
'Currency of the amount.';
COMMENT ON COLUMN cost.base_amount IS
'Cost in base currency, 4 decimals; NULL without a rate.';
COMMENT ON COLUMN cost.rate IS
'Rate to the base currency; NULL when there is none.';
COMMENT ON COLUMN cost.covers_from IS
'First day that the cost is for; NULL for its own day.';
COMMENT ON COLUMN cost.covers_to IS
'Last day that the cost is for; NULL for its own day.';
COMMENT ON COLUMN cost.product_code IS
'Product that it was spent on; NULL for none.';
COMMENT ON COLUMN cost.quantity IS
'What was bought, in unit; NULL when not counted.';
COMMENT ON COLUMN cost.unit IS
'Unit of the quantity; NULL when not counted.';
COMMENT ON COLUMN cost.agent_code IS
'Agent that it was spent on; NULL for none.';
