-- Carts that nobody paid: what was put into them since the last order, where the
-- last of it was cart_after_hours ago.
CREATE VIEW abandoned_cart WITH (security_invoker = true) AS
SELECT
  i.customer_id, min(i.first_at) AS opened_at, max(i.last_at) AS last_at,
  max(i.last_at) + s.hours AS abandoned_at,
  sum(i.quantity)::bigint AS items, count(*) AS products,
  string_agg(crmcost._named((SELECT value FROM setting
                             WHERE key = 'language'), p.name, p.name_zh,
                            i.product_code COLLATE "default"), ', '
             ORDER BY i.product_code) AS product_names,
  round(sum(i.quantity * t.revenue / t.quantity), 4) AS value,
  count(*) FILTER (WHERE t.product_code IS NULL) AS products_without_price,
  r.as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM cart_item i
CROSS JOIN last_refresh r
CROSS JOIN (SELECT value::integer * interval '1 hour' AS hours
            FROM setting WHERE key = 'cart_after_hours') s
LEFT JOIN product p ON p.code = i.product_code
LEFT JOIN product_total t
  ON t.product_code = i.product_code AND t.quantity > 0
     AND i.product_code <> '(unknown)'
GROUP BY i.customer_id, r.as_of, r.as_of_at, s.hours
HAVING max(i.last_at) + s.hours <= r.as_of_at;

COMMENT ON VIEW abandoned_cart IS
'Carts (interactions of kind behavior and subtype cart) without an order since, as of the last refresh, one row a customer or lead; an order clears them.';
COMMENT ON COLUMN abandoned_cart.customer_id IS 'Customer or lead.';
COMMENT ON COLUMN abandoned_cart.opened_at IS 'When the first product was put into the cart.';
COMMENT ON COLUMN abandoned_cart.last_at IS 'When the last one was.';
COMMENT ON COLUMN abandoned_cart.abandoned_at IS 'cart_after_hours after that.';
COMMENT ON COLUMN abandoned_cart.items IS 'How many are in it.';
COMMENT ON COLUMN abandoned_cart.products IS 'Different products in it.';
COMMENT ON COLUMN abandoned_cart.product_names IS 'Their names, or codes, separated by commas.';
COMMENT ON COLUMN abandoned_cart.value IS 'What they cost on average so far, 4 decimals, without those that have no price; NULL where none has.';
COMMENT ON COLUMN abandoned_cart.products_without_price IS 'Products in it that were never sold, or are not known.';
COMMENT ON COLUMN abandoned_cart.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN abandoned_cart.currency IS 'Base currency, which the value is in.';
