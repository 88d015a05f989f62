-- What kind of products a customer likes: groups by what they brought, less
-- what came back.  A product of no group is one by itself.
CREATE VIEW product_group_preference WITH (security_invoker = true) AS
WITH bought AS (
  SELECT
    p.customer_id,
    coalesce(n.parent_code, p.product_code) COLLATE "default" AS group_code,
    count(*) AS products, sum(p.revenue) AS revenue,
    max(p.last_ordered_on) AS last_sold_on
  FROM customer_product p
  LEFT JOIN product n ON n.code = p.product_code
  WHERE p.orders > 0
  GROUP BY p.customer_id, coalesce(n.parent_code, p.product_code)
)
SELECT
  b.customer_id, b.group_code, b.products, b.revenue,
  round(b.revenue / nullif(sum(b.revenue) OVER customer, 0), 6)
    AS revenue_share,
  row_number() OVER (PARTITION BY b.customer_id
                     ORDER BY b.revenue DESC, b.products DESC, b.group_code)
    AS preference_rank,
  b.last_sold_on,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 g.name, g.name_zh, b.group_code) AS group_name
FROM bought b
LEFT JOIN product g ON g.code = b.group_code COLLATE "C"
WINDOW customer AS (PARTITION BY b.customer_id);

COMMENT ON VIEW product_group_preference IS
'What kind of products each customer buys, up to the last refresh, one row a customer and group of products bought.';
COMMENT ON COLUMN product_group_preference.customer_id IS
'Customer.';
COMMENT ON COLUMN product_group_preference.group_code IS
'Group that table product puts the product in; the product itself where it is in none.';
COMMENT ON COLUMN product_group_preference.products IS
'Different products of the group that the customer bought.';
COMMENT ON COLUMN product_group_preference.revenue IS
'Net revenue of the orders with them, after refunds of these, in base currency.';
COMMENT ON COLUMN product_group_preference.revenue_share IS
'Share of the customer''s revenue from products, 6 decimals; NULL when that is 0.';
COMMENT ON COLUMN product_group_preference.preference_rank IS
'Place of the group with the customer, 1 the one that brought most.';
COMMENT ON COLUMN product_group_preference.last_sold_on IS
'Day on which something of it was last sold to the customer.';
COMMENT ON COLUMN product_group_preference.currency IS
'Base currency.';
COMMENT ON COLUMN product_group_preference.group_name IS
'Name of the group; its code where it has none.';
