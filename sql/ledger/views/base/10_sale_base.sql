-- Every sale line in base currency.  The rate is the booked one, else 1 in base
-- currency, else the last dated one on or before the day; else it is NULL, and
-- so are the amounts: better no figure than a wrong one.
--
-- A line is booked for the month of its day, and counts in it; what came after
-- that month was closed counts in the first one that was open.
--
-- OFFSET 0 keeps the planner from copying the rate into each amount, and a rate
-- of 1 needs no arithmetic: together that is half the time of a report.  Of daily
-- rates a page of the index has hundreds, all of which are looked at where their days
-- have no lower bound: so those of the last week are asked first.
CREATE VIEW sale_base WITH (security_invoker = true) AS
SELECT
  s.sale_id, s.sold_at, s.customer_id, s.source, s.order_ref, s.line_no,
  s.kind, s.product_code, s.quantity, s.channel_code, s.campaign_code,
  s.amount, s.discount, s.cogs, s.currency,
  local.sold_on,
  rate.to_base AS rate,
  CASE rate.to_base WHEN 1 THEN s.amount
    ELSE round(s.amount * rate.to_base, 4)
  END AS base_amount,
  CASE rate.to_base WHEN 1 THEN s.amount - coalesce(s.cogs, 0)
    ELSE round(s.amount * rate.to_base, 4)
         - round(coalesce(s.cogs, 0) * rate.to_base, 4)
  END AS base_margin,
  CASE rate.to_base WHEN 1 THEN s.discount
    ELSE round(s.discount * rate.to_base, 4)
  END AS base_discount,
  CASE rate.to_base WHEN 1 THEN s.cogs
    ELSE round(s.cogs * rate.to_base, 4)
  END AS base_cogs,
  local.booked_month,
  CASE
    WHEN local.booked_month >= open.month_start THEN local.booked_month
    WHEN late.fact_id IS NULL THEN local.booked_month
    ELSE coalesce(late.month_start, open.month_start)
  END AS month_start
FROM sale s
CROSS JOIN open_month open
CROSS JOIN LATERAL (
  SELECT (s.sold_at AT TIME ZONE
          (SELECT value FROM setting WHERE key = 'timezone'))::date AS sold_on
) day
CROSS JOIN LATERAL (
  SELECT day.sold_on,
         date_trunc('month', day.sold_on::timestamp)::date AS booked_month
) local
LEFT JOIN late_fact late
  ON late.relation = 'sale' AND late.fact_id = s.sale_id
     AND late.booked_on = local.sold_on
CROSS JOIN LATERAL (
  SELECT CASE
    WHEN s.fx IS NOT NULL THEN s.fx
    WHEN s.currency = (SELECT value FROM setting WHERE key = 'base_currency')
      THEN 1
    ELSE coalesce(
      (SELECT r.to_base FROM fx_rate r
       WHERE r.currency = s.currency AND r.valid_from <= local.sold_on
             AND r.valid_from > local.sold_on - 8
       ORDER BY r.valid_from DESC LIMIT 1),
      (SELECT r.to_base FROM fx_rate r
       WHERE r.currency = s.currency AND r.valid_from <= local.sold_on
       ORDER BY r.valid_from DESC LIMIT 1))
  END AS to_base
  OFFSET 0
) rate;

COMMENT ON VIEW sale_base IS
'Every sale line with its amounts in base currency, one row a line.';
COMMENT ON COLUMN sale_base.sale_id IS
'Number of the line.';
COMMENT ON COLUMN sale_base.sold_at IS
'When it was sold or refunded.';
COMMENT ON COLUMN sale_base.customer_id IS
'Customer who bought.';
COMMENT ON COLUMN sale_base.source IS
'System that the line came from.';
COMMENT ON COLUMN sale_base.order_ref IS
'Order that the line belongs to; NULL for an order of its own.';
COMMENT ON COLUMN sale_base.line_no IS
'Number of the line within the order.';
COMMENT ON COLUMN sale_base.kind IS
'sale or refund.';
COMMENT ON COLUMN sale_base.product_code IS
'Product; NULL when not known.';
COMMENT ON COLUMN sale_base.quantity IS
'Quantity in the unit of the product.';
COMMENT ON COLUMN sale_base.channel_code IS
'Channel that sold; NULL when not known.';
COMMENT ON COLUMN sale_base.campaign_code IS
'Campaign that the sale belongs to; NULL for none.';
COMMENT ON COLUMN sale_base.amount IS
'What the customer pays, net of the discount, in currency.';
COMMENT ON COLUMN sale_base.discount IS
'Discount given, in currency.';
COMMENT ON COLUMN sale_base.cogs IS
'Cost of the goods in currency; NULL when not known.';
COMMENT ON COLUMN sale_base.currency IS
'Currency of the line.';
COMMENT ON COLUMN sale_base.sold_on IS
'Day of the sale in the ledger''s time zone.';
COMMENT ON COLUMN sale_base.rate IS
'Rate to the base currency; NULL when there is none.';
COMMENT ON COLUMN sale_base.base_amount IS
'Amount in base currency, 4 decimals; NULL without a rate.';
COMMENT ON COLUMN sale_base.base_margin IS
'Amount less cost of goods in base currency, unknown cost counted as 0; NULL without a rate.';
COMMENT ON COLUMN sale_base.base_discount IS
'Discount in base currency; NULL without a rate.';
COMMENT ON COLUMN sale_base.base_cogs IS
'Cost of the goods in base currency; NULL when not known, and without a rate.';
COMMENT ON COLUMN sale_base.booked_month IS
'First day of the month of the sale.';
COMMENT ON COLUMN sale_base.month_start IS
'First day of the month in which the line counts; after booked_month when it came after that month was closed.';
