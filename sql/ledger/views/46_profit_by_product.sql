-- What a product brings and what was spent on it: cost entries that name it.  All
-- other cost is in the row without a product, so that the rows sum to margin less
-- all cost.  A refund belongs to the product that came back.
CREATE VIEW profit_by_product WITH (security_invoker = true) AS
SELECT
  product_code, count(DISTINCT customer_id) AS customers,
  sum(quantity) AS quantity, sum(revenue) AS revenue,
  sum(discount) AS discount, sum(refund) AS refund,
  sum(revenue) - sum(margin) AS cogs, sum(margin) AS margin,
  coalesce(sum(cost) FILTER (WHERE bucket = 'acquisition'), 0)
    AS acquisition_cost,
  coalesce(sum(cost) FILTER (WHERE bucket = 'retention'), 0)
    AS retention_cost,
  coalesce(sum(cost) FILTER (WHERE bucket = 'service'), 0)
    AS service_cost,
  coalesce(sum(cost) FILTER (WHERE bucket = 'churn'), 0)
    AS churn_cost,
  coalesce(sum(cost) FILTER (WHERE bucket = 'data'), 0)
    AS data_cost,
  coalesce(sum(cost) FILTER (WHERE bucket = 'training'), 0)
    AS training_cost,
  coalesce(sum(cost) FILTER (WHERE bucket = 'program'), 0)
    AS program_cost,
  sum(cost) AS total_cost, sum(margin) - sum(cost) AS profit,
  (sum(margin) - sum(cost))
    / nullif(sum(sum(margin) - sum(cost)) OVER (), 0) AS contribution_share
FROM (
  SELECT s.product_code, s.customer_id, s.quantity,
         coalesce(s.base_amount, 0) AS revenue,
         coalesce(s.base_discount, 0) AS discount,
         CASE WHEN s.kind = 'refund' THEN coalesce(s.base_amount, 0)
           ELSE 0 END AS refund,
         coalesce(s.base_margin, 0) AS margin, NULL AS bucket, 0 AS cost
  FROM sale_base s
  JOIN last_refresh r ON s.sold_at <= r.as_of_at
  UNION ALL
  SELECT e.product_code, NULL, 0, 0, 0, 0, 0, e.bucket,
         coalesce(e.base_amount, 0)
  FROM accrued_cost e
  JOIN last_refresh r ON e.incurred_on <= r.as_of AND e.month_start <= r.as_of
) line
GROUP BY product_code;

COMMENT ON VIEW profit_by_product IS
'Profit and loss by product up to the last refresh, one row a product, and one for what names none.';
COMMENT ON COLUMN profit_by_product.product_code IS
'Product; NULL for sales and cost of no product.';
COMMENT ON COLUMN profit_by_product.customers IS
'Customers who bought it or gave it back.';
COMMENT ON COLUMN profit_by_product.quantity IS
'Quantity sold, less what came back, in the unit of the product.';
COMMENT ON COLUMN profit_by_product.revenue IS
'Net revenue, after discounts and refunds, in base currency.';
COMMENT ON COLUMN profit_by_product.discount IS
'Discounts given, already taken off revenue, in base currency.';
COMMENT ON COLUMN profit_by_product.refund IS
'Refunds, already taken off revenue, 0 or negative, in base currency.';
COMMENT ON COLUMN profit_by_product.cogs IS
'Cost of goods, in base currency; unknown cost counts as 0.';
COMMENT ON COLUMN profit_by_product.margin IS
'Revenue less cost of goods, in base currency.';
COMMENT ON COLUMN profit_by_product.acquisition_cost IS
'Cost of winning customers, in base currency.';
COMMENT ON COLUMN profit_by_product.retention_cost IS
'Cost of keeping customers, in base currency.';
COMMENT ON COLUMN profit_by_product.service_cost IS
'Cost of serving customers, in base currency.';
COMMENT ON COLUMN profit_by_product.churn_cost IS
'Cost of customers who leave, in base currency.';
COMMENT ON COLUMN profit_by_product.data_cost IS
'Cost of customer data, in base currency.';
COMMENT ON COLUMN profit_by_product.training_cost IS
'Cost of training, in base currency.';
COMMENT ON COLUMN profit_by_product.program_cost IS
'Cost of the CRM programme, in base currency.';
COMMENT ON COLUMN profit_by_product.total_cost IS
'Cost entries that name the product, in base currency.';
COMMENT ON COLUMN profit_by_product.profit IS
'Margin less that cost, in base currency.';
COMMENT ON COLUMN profit_by_product.contribution_share IS
'Profit as a share of the profit of all; NULL when that is 0.';
