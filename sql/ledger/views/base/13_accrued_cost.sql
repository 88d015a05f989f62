-- Every cost entry in the months that it is for: one row, or with covers one row
-- a month.  Whole calendar months get equal parts, other periods go by days; the
-- parts sum to the entry, to the last digit.
--
-- A part counts in the month that it is for.  What came after that month was
-- closed counts in the first one that was open.
CREATE VIEW accrued_cost WITH (security_invoker = true) AS
SELECT
  part.cost_id, part.incurred_on,
  CASE
    WHEN part.booked_month >= open.month_start OR late.fact_id IS NULL
      THEN part.booked_month
    ELSE coalesce((SELECT max(p.month_start) FROM posted_cost p
                   WHERE p.cost_id = part.cost_id
                         AND p.incurred_on = part.incurred_on
                         AND p.booked_month = part.booked_month
                         AND p.spend_month IS NULL
                         AND p.month_start < open.month_start),
                  open.month_start)
  END AS month_start,
  part.cost_on, part.category_code, part.bucket, part.resource,
  part.channel_code, part.campaign_code, part.product_code, part.customer_id,
  part.currency, part.base_amount, part.quantity, part.unit, part.accrued,
  part.rate, part.is_first, part.booked_month, part.until_on,
  part.agent_code
FROM (
  SELECT
    c.customer_id, c.cost_id, c.incurred_on,
    date_trunc('month', c.incurred_on::timestamp)::date AS booked_month,
    c.incurred_on AS cost_on, c.incurred_on AS until_on,
    c.category_code, c.bucket, c.resource, c.channel_code, c.campaign_code,
    c.product_code, c.currency, c.base_amount, c.quantity,
    c.unit, false AS accrued, c.rate, true AS is_first, c.agent_code
  FROM cost c
  WHERE c.covers_from IS NULL
  UNION ALL
  SELECT
    c.customer_id, c.cost_id, c.incurred_on, m.month_start,
    greatest(m.month_start, c.covers_from),
    least((m.month_start + interval '1 month')::date - 1, c.covers_to),
    c.category_code, c.bucket, c.resource, c.channel_code, c.campaign_code,
    c.product_code, c.currency, a.part,
    CASE WHEN c.quantity IS NOT NULL THEN m.part END, c.unit, true, c.rate,
    m.month_start <= c.covers_from, c.agent_code
  FROM cost c
  -- the months even without an amount or a quantity
  CROSS JOIN LATERAL crmcost.spread(
    coalesce(c.quantity, 0), daterange(c.covers_from, c.covers_to, '[]'), 6) m
  LEFT JOIN LATERAL crmcost.spread(
    c.base_amount, daterange(c.covers_from, c.covers_to, '[]'),
    greatest((SELECT value::int FROM setting WHERE key = 'money_scale'),
             min_scale(c.base_amount))) a
    ON a.month_start = m.month_start
  WHERE c.covers_from IS NOT NULL
) part
CROSS JOIN open_month open
LEFT JOIN late_fact late
  ON late.relation = 'cost_entry' AND late.fact_id = part.cost_id
     AND late.booked_on = part.incurred_on;

COMMENT ON VIEW accrued_cost IS
'Every cost entry in the months that it is for, with its amount in base currency, one row an entry and month.';
COMMENT ON COLUMN accrued_cost.cost_id IS
'Number of the entry.';
COMMENT ON COLUMN accrued_cost.incurred_on IS
'Day of the entry.';
COMMENT ON COLUMN accrued_cost.month_start IS
'First day of the month in which the part counts.';
COMMENT ON COLUMN accrued_cost.cost_on IS
'Day of the cost: that of the entry, or the first day covered in the month.';
COMMENT ON COLUMN accrued_cost.category_code IS
'Cost category.';
COMMENT ON COLUMN accrued_cost.bucket IS
'Kind of customer cost.';
COMMENT ON COLUMN accrued_cost.resource IS
'What was used up: human, financial, technical or process.';
COMMENT ON COLUMN accrued_cost.channel_code IS
'Channel that it was spent on; NULL for none.';
COMMENT ON COLUMN accrued_cost.campaign_code IS
'Campaign that it was spent on; NULL for none.';
COMMENT ON COLUMN accrued_cost.product_code IS
'Product that it was spent on; NULL for none.';
COMMENT ON COLUMN accrued_cost.customer_id IS
'Customer who caused it alone; NULL for cost to be allocated.';
COMMENT ON COLUMN accrued_cost.currency IS
'Currency of the entry.';
COMMENT ON COLUMN accrued_cost.base_amount IS
'Part of the entry for the month, in base currency at the rate of its day; NULL without a rate.';
COMMENT ON COLUMN accrued_cost.quantity IS
'Part of the quantity for the month; NULL when not counted.';
COMMENT ON COLUMN accrued_cost.unit IS
'Unit of the quantity; NULL when not counted.';
COMMENT ON COLUMN accrued_cost.accrued IS
'Whether the entry covers days of its own, so that it may have several rows.';
COMMENT ON COLUMN accrued_cost.rate IS
'Rate to the base currency; NULL when there is none.';
COMMENT ON COLUMN accrued_cost.is_first IS
'Whether it is the first row of the entry, so that entries can be counted.';
COMMENT ON COLUMN accrued_cost.booked_month IS
'First day of the month that the part is for; before month_start when it came after that month was closed.';
COMMENT ON COLUMN accrued_cost.until_on IS
'Last day of the cost: that of the entry, or the last day covered in the month.';
COMMENT ON COLUMN accrued_cost.agent_code IS
'Agent that it was spent on; NULL for none.';
