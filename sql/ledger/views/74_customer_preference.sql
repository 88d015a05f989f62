-- What a customer likes: products by the number of orders, then by what they
-- brought, less what came back.
CREATE VIEW customer_preference WITH (security_invoker = true) AS
WITH line AS (
  SELECT s.customer_id, s.product_code,
         bool_and(s.amount >= 0) FILTER (WHERE s.kind = 'sale')
         OR sum(s.amount) FILTER (WHERE s.kind = 'sale') > 0 AS is_order,
         sum(s.quantity) AS quantity, sum(s.base_amount) AS revenue,
         max(s.sold_on) FILTER (WHERE s.kind = 'sale' AND s.amount >= 0)
           AS sold_on
  FROM sale_base s
  WHERE s.product_code IS NOT NULL
        AND s.sold_at <= coalesce((SELECT as_of_at FROM last_refresh),
                                  'infinity')
  GROUP BY s.customer_id, s.product_code, s.source, s.order_ref,
           CASE WHEN s.order_ref IS NULL THEN s.sale_id END
),
bought AS (
  SELECT customer_id, product_code, count(*) FILTER (WHERE is_order) AS orders,
         sum(quantity) AS quantity, coalesce(sum(revenue), 0) AS revenue,
         max(sold_on) FILTER (WHERE is_order) AS last_sold_on
  FROM line
  GROUP BY customer_id, product_code
)
SELECT
  customer_id, product_code, orders, quantity, revenue,
  revenue / nullif(sum(revenue) OVER (PARTITION BY customer_id), 0)
    AS revenue_share,
  row_number() OVER (PARTITION BY customer_id
                     ORDER BY orders DESC, revenue DESC, product_code)
    AS preference_rank,
  last_sold_on
FROM bought
WHERE orders > 0;

COMMENT ON VIEW customer_preference IS
'What each customer buys, up to the last refresh, one row a customer and product bought.';
COMMENT ON COLUMN customer_preference.customer_id IS
'Customer.';
COMMENT ON COLUMN customer_preference.product_code IS
'Product.';
COMMENT ON COLUMN customer_preference.orders IS
'Orders with the product.';
COMMENT ON COLUMN customer_preference.quantity IS
'Quantity bought, less what came back, in the unit of the product.';
COMMENT ON COLUMN customer_preference.revenue IS
'Net revenue, after refunds, in base currency; what has no rate counts as 0.';
COMMENT ON COLUMN customer_preference.revenue_share IS
'Share of the customer''s revenue from products; NULL when that is 0.';
COMMENT ON COLUMN customer_preference.preference_rank IS
'Place of the product with the customer, 1 the one in most orders.';
COMMENT ON COLUMN customer_preference.last_sold_on IS
'Day on which it was last sold to the customer.';
