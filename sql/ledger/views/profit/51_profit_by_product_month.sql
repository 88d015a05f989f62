-- What a product brings and what was spent on it: cost entries that name it.
-- All other cost is with the product (unknown), so that the rows sum to margin
-- less all cost.  A refund belongs to the product that came back.
CREATE VIEW profit_by_product_month WITH (security_invoker = true) AS
SELECT
  p.month_start, p.product_code COLLATE "default" AS product_code, p.quantity,
  p.revenue, p.discount, p.refund, p.revenue - p.margin AS cogs, p.margin,
  p.acquisition_cost, p.retention_cost, p.service_cost, p.churn_cost,
  p.data_cost, p.training_cost, p.program_cost, p.total_cost,
  p.margin - p.total_cost AS profit,
  CASE WHEN sum(p.margin - p.total_cost) OVER (PARTITION BY p.month_start) > 0
    THEN round((p.margin - p.total_cost)
               / sum(p.margin - p.total_cost)
                   OVER (PARTITION BY p.month_start), 6)
  END AS contribution_share,
  greatest(p.total_cost - p.margin, 0) AS loss,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 d.name, d.name_zh,
                 p.product_code COLLATE "default") AS product_name,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM (
  SELECT p.month_start, p.product_code, sum(p.quantity) AS quantity,
         sum(p.revenue) AS revenue, sum(p.discount) AS discount,
         sum(p.refund) AS refund, sum(p.margin) AS margin,
         coalesce(sum(p.cost) FILTER (WHERE p.bucket = 'acquisition'), 0)
           AS acquisition_cost,
         coalesce(sum(p.cost) FILTER (WHERE p.bucket = 'retention'), 0)
           AS retention_cost,
         coalesce(sum(p.cost) FILTER (WHERE p.bucket = 'service'), 0)
           AS service_cost,
         coalesce(sum(p.cost) FILTER (WHERE p.bucket = 'churn'), 0)
           AS churn_cost,
         coalesce(sum(p.cost) FILTER (WHERE p.bucket = 'data'), 0)
           AS data_cost,
         coalesce(sum(p.cost) FILTER (WHERE p.bucket = 'training'), 0)
           AS training_cost,
         coalesce(sum(p.cost) FILTER (WHERE p.bucket = 'program'), 0)
           AS program_cost,
         sum(p.cost) AS total_cost
  FROM profit_part p
  GROUP BY p.month_start, p.product_code
) p
LEFT JOIN product d ON d.code = p.product_code;

COMMENT ON VIEW profit_by_product_month IS
'Profit and loss by product and month, as of the last refresh, one row a product and month, and one with product (unknown) for what names none.';
COMMENT ON COLUMN profit_by_product_month.month_start IS 'First day of the month.';
COMMENT ON COLUMN profit_by_product_month.product_code IS 'Product; (unknown) for sales and cost of no product.';
COMMENT ON COLUMN profit_by_product_month.quantity IS 'Quantity sold, less what came back, in the unit of the product.';
COMMENT ON COLUMN profit_by_product_month.revenue IS 'Net revenue, after discounts and refunds.';
COMMENT ON COLUMN profit_by_product_month.discount IS 'Discounts given, already taken off the revenue.';
COMMENT ON COLUMN profit_by_product_month.refund IS 'Refunds, already taken off the revenue, 0 or negative.';
COMMENT ON COLUMN profit_by_product_month.cogs IS 'Cost of goods; unknown cost counts as 0.';
COMMENT ON COLUMN profit_by_product_month.margin IS 'Revenue less cost of goods.';
COMMENT ON COLUMN profit_by_product_month.acquisition_cost IS 'Cost of winning customers that names the product.';
COMMENT ON COLUMN profit_by_product_month.retention_cost IS 'Cost of keeping customers that names the product.';
COMMENT ON COLUMN profit_by_product_month.service_cost IS 'Cost of serving customers that names the product.';
COMMENT ON COLUMN profit_by_product_month.churn_cost IS 'Cost of customers who leave that names the product.';
COMMENT ON COLUMN profit_by_product_month.data_cost IS 'Cost of customer data that names the product.';
COMMENT ON COLUMN profit_by_product_month.training_cost IS 'Cost of training that names the product.';
COMMENT ON COLUMN profit_by_product_month.program_cost IS 'Cost of the customer management programme that names the product.';
COMMENT ON COLUMN profit_by_product_month.total_cost IS 'Cost entries that name the product.';
COMMENT ON COLUMN profit_by_product_month.profit IS 'Margin less that cost.';
COMMENT ON COLUMN profit_by_product_month.contribution_share IS 'Profit as a part of the profit of all, which may be negative or exceed 1, 6 decimals; NULL where all together make none.';
COMMENT ON COLUMN profit_by_product_month.loss IS 'What is lost: the profit without its sign where it is negative, else 0.';
COMMENT ON COLUMN profit_by_product_month.product_name IS 'Its name; the code where table product has none.';
COMMENT ON COLUMN profit_by_product_month.currency IS 'Base currency, which all money here is in.';
