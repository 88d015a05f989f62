-- Which products go together: of n orders with a product, a have this one, b
-- have the other and c have both.
--
--   support c/n    confidence c/a    lift (c/a) / (b/n)
--
-- A lift of 2 says that who buys this one buys the other twice as often as
-- everybody does.
CREATE VIEW product_affinity WITH (security_invoker = true) AS
WITH basket AS MATERIALIZED (
  SELECT s.customer_id, s.source,
         coalesce('order ' || s.order_ref, s.sale_id::text) AS order_key,
         s.product_code
  FROM sale_base s
  WHERE s.kind = 'sale' AND s.product_code IS NOT NULL
        AND s.sold_at <= coalesce((SELECT as_of_at FROM last_refresh),
                                  'infinity')
  GROUP BY 1, 2, 3, 4
  HAVING bool_and(s.amount >= 0) OR sum(s.amount) > 0
),
total AS (
  SELECT count(*)::numeric AS orders
  FROM (SELECT DISTINCT customer_id, source, order_key FROM basket) o
),
single AS (
  SELECT product_code, count(*) AS orders FROM basket GROUP BY product_code
),
pair AS (
  SELECT b.product_code, o.product_code AS other_product_code,
         count(*) AS orders
  FROM basket b JOIN basket o USING (customer_id, source, order_key)
  WHERE o.product_code <> b.product_code
  GROUP BY b.product_code, o.product_code
)
SELECT
  p.product_code, p.other_product_code, t.orders::bigint AS all_orders,
  a.orders, b.orders AS other_orders, p.orders AS orders_together,
  p.orders / t.orders AS support,
  p.orders::numeric / a.orders AS confidence,
  p.orders * t.orders / (a.orders * b.orders) AS lift
FROM pair p
JOIN single a ON a.product_code = p.product_code
JOIN single b ON b.product_code = p.other_product_code
CROSS JOIN total t;

COMMENT ON VIEW product_affinity IS
'Products that are bought together, up to the last refresh, one row a product and another one in the same order.';
COMMENT ON COLUMN product_affinity.product_code IS
'Product.';
COMMENT ON COLUMN product_affinity.other_product_code IS
'Product bought with it.';
COMMENT ON COLUMN product_affinity.all_orders IS
'All orders with any product.';
COMMENT ON COLUMN product_affinity.orders IS
'Orders with the product.';
COMMENT ON COLUMN product_affinity.other_orders IS
'Orders with the other product.';
COMMENT ON COLUMN product_affinity.orders_together IS
'Orders with both.';
COMMENT ON COLUMN product_affinity.support IS
'Share of all orders that have both, 0..1.';
COMMENT ON COLUMN product_affinity.confidence IS
'Share of the orders with the product that have the other one too, 0..1.';
COMMENT ON COLUMN product_affinity.lift IS
'That share in relation to the share among all orders; above 1 they attract each other.';
