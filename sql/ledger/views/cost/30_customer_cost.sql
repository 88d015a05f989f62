-- The seven kinds of cost that stand side by side in customer_month, one below
-- the other.
CREATE VIEW customer_cost WITH (security_invoker = true) AS
SELECT
  c.customer_id, c.month_start, c.bucket COLLATE "default" AS bucket,
  c.direct_cost, c.allocated_cost,
  c.direct_cost + c.allocated_cost AS total_cost,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh,
                 c.bucket COLLATE "default") AS bucket_name,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM (
  SELECT customer_id, month_start, 'acquisition' AS bucket,
         acquisition_direct_cost AS direct_cost,
         acquisition_allocated_cost AS allocated_cost
  FROM customer_month
  WHERE acquisition_direct_cost <> 0 OR acquisition_allocated_cost <> 0
  UNION ALL
  SELECT customer_id, month_start, 'retention' AS bucket,
         retention_direct_cost AS direct_cost,
         retention_allocated_cost AS allocated_cost
  FROM customer_month
  WHERE retention_direct_cost <> 0 OR retention_allocated_cost <> 0
  UNION ALL
  SELECT customer_id, month_start, 'service' AS bucket,
         service_direct_cost AS direct_cost,
         service_allocated_cost AS allocated_cost
  FROM customer_month
  WHERE service_direct_cost <> 0 OR service_allocated_cost <> 0
  UNION ALL
  SELECT customer_id, month_start, 'churn' AS bucket,
         churn_direct_cost AS direct_cost,
         churn_allocated_cost AS allocated_cost
  FROM customer_month
  WHERE churn_direct_cost <> 0 OR churn_allocated_cost <> 0
  UNION ALL
  SELECT customer_id, month_start, 'data' AS bucket,
         data_direct_cost AS direct_cost,
         data_allocated_cost AS allocated_cost
  FROM customer_month
  WHERE data_direct_cost <> 0 OR data_allocated_cost <> 0
  UNION ALL
  SELECT customer_id, month_start, 'training' AS bucket,
         training_direct_cost AS direct_cost,
         training_allocated_cost AS allocated_cost
  FROM customer_month
  WHERE training_direct_cost <> 0 OR training_allocated_cost <> 0
  UNION ALL
  SELECT customer_id, month_start, 'program' AS bucket,
         program_direct_cost AS direct_cost,
         program_allocated_cost AS allocated_cost
  FROM customer_month
  WHERE program_direct_cost <> 0 OR program_allocated_cost <> 0
) c
LEFT JOIN term w ON w.kind = 'bucket' AND w.code = c.bucket;

COMMENT ON VIEW customer_cost IS
'What each customer cost, as of the last refresh, one row a customer, month and bucket with any cost.';
COMMENT ON COLUMN customer_cost.customer_id IS 'Customer.';
COMMENT ON COLUMN customer_cost.month_start IS 'First day of the month.';
COMMENT ON COLUMN customer_cost.bucket IS 'Kind of customer cost.';
COMMENT ON COLUMN customer_cost.direct_cost IS 'Cost booked on the customer.';
COMMENT ON COLUMN customer_cost.allocated_cost IS 'Share of other cost that the allocation rules gave the customer.';
COMMENT ON COLUMN customer_cost.total_cost IS 'Direct and allocated cost.';
COMMENT ON COLUMN customer_cost.bucket_name IS 'Its name.';
COMMENT ON COLUMN customer_cost.currency IS 'Base currency, which all money here is in.';
