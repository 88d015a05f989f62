-- What a customer likes: products by the number of orders, then by what they
-- brought, less what came back.
CREATE VIEW customer_preference WITH (security_invoker = true) AS
SELECT
  p.customer_id, p.product_code COLLATE "default" AS product_code, p.orders,
  p.quantity, p.revenue,
  round(p.revenue / nullif(sum(p.revenue) OVER customer, 0), 6)
    AS revenue_share,
  row_number() OVER (PARTITION BY p.customer_id
                     ORDER BY p.orders DESC, p.revenue DESC, p.product_code)
    AS preference_rank,
  p.last_ordered_on AS last_sold_on,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 n.name, n.name_zh,
                 p.product_code COLLATE "default") AS product_name
FROM customer_product p
LEFT JOIN product n ON n.code = p.product_code
WHERE p.orders > 0
WINDOW customer AS (PARTITION BY p.customer_id);

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
'Net revenue of these orders, after refunds of them, in base currency.';
COMMENT ON COLUMN customer_preference.revenue_share IS
'Share of the customer''s revenue from products; NULL when that is 0.';
COMMENT ON COLUMN customer_preference.preference_rank IS
'Place of the product with the customer, 1 the one in most orders.';
COMMENT ON COLUMN customer_preference.last_sold_on IS
'Day on which it was last sold to the customer.';
COMMENT ON COLUMN customer_preference.currency IS
'Base currency.';
COMMENT ON COLUMN customer_preference.product_name IS
'Name of the product; its code where it has none.';
