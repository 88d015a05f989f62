-- What a product brings and what was spent on it: cost entries that name it.
-- All other cost is with the product (unknown), so that the rows sum to margin
-- less all cost.  A refund belongs to the product that came back.
CREATE VIEW profit_by_product WITH (security_invoker = true) AS
SELECT
  p.product_code COLLATE "default" AS product_code, p.customers, p.quantity,
  p.revenue, p.discount, p.refund, p.revenue - p.margin AS cogs, p.margin,
  p.acquisition_cost, p.retention_cost, p.service_cost, p.churn_cost,
  p.data_cost, p.training_cost, p.program_cost, p.total_cost,
  p.margin - p.total_cost AS profit,
  CASE WHEN sum(p.margin - p.total_cost) OVER () > 0
    THEN round((p.margin - p.total_cost)
               / sum(p.margin - p.total_cost)
                   OVER (), 6)
  END AS contribution_share,
  greatest(p.total_cost - p.margin, 0) AS loss,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 d.name, d.name_zh,
                 p.product_code COLLATE "default") AS product_name,
  (SELECT as_of FROM last_refresh) AS as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM (
  SELECT product_code, nullif(s.buyers, 0) AS customers,
         coalesce(s.quantity, 0) AS quantity,
         coalesce(s.revenue, 0) AS revenue,
         coalesce(s.discount, 0) AS discount, coalesce(s.refund, 0) AS refund,
         coalesce(s.margin, 0) AS margin,
         coalesce(c.acquisition_cost, 0) AS acquisition_cost,
         coalesce(c.retention_cost, 0) AS retention_cost,
         coalesce(c.service_cost, 0) AS service_cost,
         coalesce(c.churn_cost, 0) AS churn_cost,
         coalesce(c.data_cost, 0) AS data_cost,
         coalesce(c.training_cost, 0) AS training_cost,
         coalesce(c.program_cost, 0) AS program_cost,
         coalesce(c.cost, 0) AS total_cost
  FROM product_total s
  FULL JOIN (
    SELECT product_code,
           sum(cost) FILTER (WHERE bucket = 'acquisition')
             AS acquisition_cost,
           sum(cost) FILTER (WHERE bucket = 'retention') AS retention_cost,
           sum(cost) FILTER (WHERE bucket = 'service') AS service_cost,
           sum(cost) FILTER (WHERE bucket = 'churn') AS churn_cost,
           sum(cost) FILTER (WHERE bucket = 'data') AS data_cost,
           sum(cost) FILTER (WHERE bucket = 'training') AS training_cost,
           sum(cost) FILTER (WHERE bucket = 'program') AS program_cost,
           sum(cost) AS cost
    FROM cost_month
    GROUP BY product_code
  ) c USING (product_code)
) p
LEFT JOIN product d ON d.code = p.product_code;

COMMENT ON VIEW profit_by_product IS
'Profit and loss by product, as of the last refresh, one row a product, and one with product (unknown) for what names none.';
COMMENT ON COLUMN profit_by_product.product_code IS 'Product; (unknown) for sales and cost of no product.';
COMMENT ON COLUMN profit_by_product.customers IS 'Customers who bought it, after corrections and refunds; NULL when there is none, and for (unknown).';
COMMENT ON COLUMN profit_by_product.quantity IS 'Quantity sold, less what came back, in the unit of the product.';
COMMENT ON COLUMN profit_by_product.revenue IS 'Net revenue, after discounts and refunds.';
COMMENT ON COLUMN profit_by_product.discount IS 'Discounts given, already taken off the revenue.';
COMMENT ON COLUMN profit_by_product.refund IS 'Refunds, already taken off the revenue, 0 or negative.';
COMMENT ON COLUMN profit_by_product.cogs IS 'Cost of goods; unknown cost counts as 0.';
COMMENT ON COLUMN profit_by_product.margin IS 'Revenue less cost of goods.';
COMMENT ON COLUMN profit_by_product.acquisition_cost IS 'Cost of winning customers that names the product.';
COMMENT ON COLUMN profit_by_product.retention_cost IS 'Cost of keeping customers that names the product.';
COMMENT ON COLUMN profit_by_product.service_cost IS 'Cost of serving customers that names the product.';
COMMENT ON COLUMN profit_by_product.churn_cost IS 'Cost of customers who leave that names the product.';
COMMENT ON COLUMN profit_by_product.data_cost IS 'Cost of customer data that names the product.';
COMMENT ON COLUMN profit_by_product.training_cost IS 'Cost of training that names the product.';
COMMENT ON COLUMN profit_by_product.program_cost IS 'Cost of the customer management programme that names the product.';
COMMENT ON COLUMN profit_by_product.total_cost IS 'Cost entries that name the product.';
COMMENT ON COLUMN profit_by_product.profit IS 'Margin less that cost.';
COMMENT ON COLUMN profit_by_product.contribution_share IS 'Profit as a part of the profit of all, which may be negative or exceed 1, 6 decimals; NULL where all together make none.';
COMMENT ON COLUMN profit_by_product.loss IS 'What is lost: the profit without its sign where it is negative, else 0.';
COMMENT ON COLUMN profit_by_product.product_name IS 'Its name; the code where table product has none.';
COMMENT ON COLUMN profit_by_product.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN profit_by_product.currency IS 'Base currency, which all money here is in.';
