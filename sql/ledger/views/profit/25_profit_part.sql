-- What was sold and what it cost, the parts from which every profit and loss
-- by month and product is summed up.  That of customers is summed up from
-- customer_month (customer_profit_by_month); both are written from the same
-- lines and entries, so that their sums agree.
CREATE VIEW profit_part WITH (security_invoker = true) AS
SELECT
  month_start, product_code COLLATE "default" AS product_code,
  '' COLLATE "default" AS bucket, sale_lines, quantity, revenue, discount,
  refund, margin, 0 AS cost, 0 AS direct_cost, 0 AS allocated_cost,
  0 AS unused_cost, 0 AS unallocated_cost
FROM sale_month
UNION ALL
SELECT
  month_start, product_code COLLATE "default" AS product_code,
  bucket COLLATE "default" AS bucket, 0, 0, 0, 0, 0, 0, cost, direct_cost,
  allocated_cost, unused_cost, unallocated_cost
FROM cost_month;

COMMENT ON VIEW profit_part IS
'Parts of profit and loss by month and product: sales (bucket empty) and cost, as of the last refresh; several rows a month, product and bucket.';
COMMENT ON COLUMN profit_part.month_start IS 'First day of the month.';
COMMENT ON COLUMN profit_part.product_code IS 'Product; (unknown) where the sale or the cost names none.';
COMMENT ON COLUMN profit_part.bucket IS 'Kind of customer cost; empty for sales.';
COMMENT ON COLUMN profit_part.sale_lines IS 'Sale lines that are no corrections; 0 for cost.';
COMMENT ON COLUMN profit_part.quantity IS 'Quantity sold, what came back taken off; 0 for cost.';
COMMENT ON COLUMN profit_part.revenue IS 'Net revenue, after discounts and refunds.';
COMMENT ON COLUMN profit_part.discount IS 'Discounts given, already taken off the revenue.';
COMMENT ON COLUMN profit_part.refund IS 'Refunds, already taken off the revenue, 0 or negative.';
COMMENT ON COLUMN profit_part.margin IS 'Revenue less cost of goods.';
COMMENT ON COLUMN profit_part.cost IS 'Cost entries; 0 for sales.';
COMMENT ON COLUMN profit_part.direct_cost IS 'Part that was booked on customers.';
COMMENT ON COLUMN profit_part.allocated_cost IS 'Part that allocation rules gave to customers.';
COMMENT ON COLUMN profit_part.unused_cost IS 'Part for capacity that nobody used.';
COMMENT ON COLUMN profit_part.unallocated_cost IS 'Part that nobody bears for want of a rule or a driver.';
