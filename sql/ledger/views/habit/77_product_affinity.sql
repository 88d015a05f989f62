-- Which products go together: of n orders with a product, a have this one, b
-- have the other and c have both.
--
--   support c/n    confidence c/a    lift (c/a) / (b/n)
--
-- A lift of 2 says that who buys this one buys the other twice as often as
-- everybody does.
CREATE VIEW product_affinity WITH (security_invoker = true) AS
SELECT
  p.product_code COLLATE "default" AS product_code,
  p.other_product_code COLLATE "default" AS other_product_code,
  t.orders AS all_orders, a.orders,
  b.orders AS other_orders, p.orders AS orders_together,
  round(p.orders::numeric / t.orders, 6) AS support,
  round(p.orders::numeric / a.orders, 6) AS confidence,
  round(p.orders::numeric * t.orders / (a.orders * b.orders), 6) AS lift,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 n.name, n.name_zh,
                 p.product_code COLLATE "default") AS product_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 o.name, o.name_zh,
                 p.other_product_code COLLATE "default") AS other_product_name
FROM product_pair p
JOIN product_pair a
  ON a.product_code = p.product_code
     AND a.other_product_code = p.product_code
JOIN product_pair b
  ON b.product_code = p.other_product_code
     AND b.other_product_code = p.other_product_code
JOIN product_pair t
  ON t.product_code = '(all)' AND t.other_product_code = '(all)'
LEFT JOIN product n ON n.code = p.product_code
LEFT JOIN product o ON o.code = p.other_product_code
WHERE p.product_code <> p.other_product_code;

COMMENT ON VIEW product_affinity IS
'The most ordered products that are bought together, up to the last refresh, one row a product and another one in the same order.';
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
COMMENT ON COLUMN product_affinity.product_name IS
'Name of the product; its code where it has none.';
COMMENT ON COLUMN product_affinity.other_product_name IS
'Name of the other product; its code where it has none.';
