-- What to offer next, one product a customer: what goes best with the favourite
-- and was not bought yet; where there is nothing of the kind the favourite again,
-- unless one is enough.
CREATE VIEW next_product WITH (security_invoker = true) AS
SELECT
  f.customer_id,
  coalesce(n.other_product_code, f.product_code) COLLATE "default"
    AS product_code,
  k.basis,
  f.product_code COLLATE "default" AS favourite_product_code,
  f.orders AS favourite_orders,
  f.group_code COLLATE "default" AS favourite_group_code,
  coalesce(m.parent_code, n.other_product_code, f.group_code) = f.group_code
    AS in_favourite_group,
  n.orders_together, n.confidence, n.lift,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 m.name, m.name_zh,
                 coalesce(n.other_product_code, f.product_code)
                   COLLATE "default") AS product_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 p.name, p.name_zh, f.product_code COLLATE "default")
    AS favourite_product_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 g.name, g.name_zh, f.group_code COLLATE "default")
    AS favourite_group_name,
  (SELECT as_of FROM last_refresh) AS as_of,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 b.name, b.name_zh, k.basis)
    AS basis_name
FROM customer_favourite f
LEFT JOIN LATERAL (
  SELECT n.other_product_code, n.orders_together, n.confidence, n.lift
  FROM product_next n
  WHERE n.product_code = f.product_code
        AND NOT EXISTS (SELECT 1 FROM customer_product b
                        WHERE b.customer_id = f.customer_id
                              AND b.product_code = n.other_product_code
                              AND b.orders > 0
                        OFFSET 0)
  ORDER BY n.product_code, n.place
  LIMIT 1
) n ON true
LEFT JOIN product p ON p.code = f.product_code
LEFT JOIN product m
  ON m.code = coalesce(n.other_product_code, f.product_code)
LEFT JOIN product g ON g.code = f.group_code
CROSS JOIN LATERAL (
  VALUES (CASE WHEN n.other_product_code IS NULL THEN 'repeat'
            ELSE 'affinity' END)) AS k (basis)
LEFT JOIN term b ON b.kind = 'basis' AND b.code = k.basis
WHERE n.other_product_code IS NOT NULL OR p.owned_once IS NOT TRUE;

COMMENT ON VIEW next_product IS
'The product to offer next, as of the last refresh, one row a customer who bought a product; none who has all that goes with the favourite, of which one is enough.';
COMMENT ON COLUMN next_product.customer_id IS 'Customer.';
COMMENT ON COLUMN next_product.product_code IS 'Product to offer.';
COMMENT ON COLUMN next_product.basis IS 'affinity for what goes with the favourite and was not bought yet, repeat for the favourite again.';
COMMENT ON COLUMN next_product.favourite_product_code IS 'Product of the favourite group in most orders of the customer.';
COMMENT ON COLUMN next_product.favourite_orders IS 'Orders that hold it.';
COMMENT ON COLUMN next_product.favourite_group_code IS 'Group of products (product.parent_code) in most orders of the customer; a product without a group is one by itself.';
COMMENT ON COLUMN next_product.in_favourite_group IS 'Whether the offer is of that group, too.';
COMMENT ON COLUMN next_product.orders_together IS 'Orders of all customers with the favourite and the offer; NULL for basis repeat.';
COMMENT ON COLUMN next_product.confidence IS 'Share of the orders with the favourite that have the offer too, 6 decimals; NULL likewise.';
COMMENT ON COLUMN next_product.lift IS 'That share in relation to the share among all orders, 6 decimals; NULL likewise.';
COMMENT ON COLUMN next_product.product_name IS 'Name of the product; its code where it has none.';
COMMENT ON COLUMN next_product.favourite_product_name IS 'Name of the favourite; its code where it has none.';
COMMENT ON COLUMN next_product.favourite_group_name IS 'Name of its group; its code where it has none.';
COMMENT ON COLUMN next_product.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN next_product.basis_name IS 'Name of the basis.';
