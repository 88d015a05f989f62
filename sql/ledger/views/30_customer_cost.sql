CREATE VIEW customer_cost WITH (security_invoker = true) AS
SELECT customer_id, month_start, bucket, direct_cost, allocated_cost,
       direct_cost + allocated_cost AS total_cost
FROM customer_month_cost;

COMMENT ON VIEW customer_cost IS
'What each customer cost, as of the last refresh, one row a customer, month and bucket with any cost.';
COMMENT ON COLUMN customer_cost.customer_id IS
'Customer.';
COMMENT ON COLUMN customer_cost.month_start IS
'First day of the month.';
COMMENT ON COLUMN customer_cost.bucket IS
'Kind of customer cost.';
COMMENT ON COLUMN customer_cost.direct_cost IS
'Cost booked on the customer, in base currency.';
COMMENT ON COLUMN customer_cost.allocated_cost IS
'Share of other cost that the allocation rules gave the customer, in base currency.';
COMMENT ON COLUMN customer_cost.total_cost IS
'Direct and allocated cost, in base currency.';
