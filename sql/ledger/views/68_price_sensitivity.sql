-- How much less is bought at a higher price: the slope of log quantity over
-- log price.  -2 says that 1 % on the price takes 2 % off the quantity.  A
-- price that stood for longer sold more for that reason alone: compare prices
-- that stood for about as long, or read it with care.  Sums of floating point
-- depend on their order, hence the one by price.
CREATE VIEW price_sensitivity WITH (security_invoker = true) AS
WITH line AS (
  SELECT s.product_code, s.customer_id,
         round(s.base_amount / s.quantity, 4) AS price, s.quantity
  FROM sale_base s
  WHERE s.kind = 'sale' AND s.quantity > 0 AND s.base_amount > 0
        AND s.product_code IS NOT NULL
        AND s.sold_at <= coalesce((SELECT as_of_at FROM last_refresh),
                                  'infinity')
),
point AS (
  SELECT l.product_code, NULL AS scheme, NULL AS tier, l.price,
         sum(l.quantity) AS quantity
  FROM line l
  GROUP BY l.product_code, l.price
  UNION ALL
  SELECT l.product_code, k.dimension, k.code, l.price, sum(l.quantity)
  FROM (SELECT product_code, customer_id, price, sum(quantity) AS quantity
        FROM line GROUP BY product_code, customer_id, price) l
  JOIN customer_classification k
    ON k.customer_id = l.customer_id AND k.code <> 'none'
       AND EXISTS (SELECT FROM tier t WHERE t.scheme = k.dimension)
  GROUP BY l.product_code, k.dimension, k.code, l.price
)
SELECT
  product_code, scheme, tier, count(*) AS prices, sum(quantity) AS quantity,
  sum(price * quantity) / sum(quantity) AS mean_price,
  min(price) AS lowest_price, max(price) AS highest_price,
  regr_slope(ln(quantity::float8), ln(price::float8) ORDER BY price)
    AS elasticity,
  regr_r2(ln(quantity::float8), ln(price::float8) ORDER BY price) AS fit
FROM point
-- a price that rounds to nothing has no logarithm
WHERE price > 0
GROUP BY product_code, scheme, tier;

COMMENT ON VIEW price_sensitivity IS
'Price elasticity of quantity, one row a product and tier with sales, and one a product for all customers.';
COMMENT ON COLUMN price_sensitivity.product_code IS
'Product.';
COMMENT ON COLUMN price_sensitivity.scheme IS
'Tier scheme; NULL for all customers.';
COMMENT ON COLUMN price_sensitivity.tier IS
'Tier; NULL for all customers.';
COMMENT ON COLUMN price_sensitivity.prices IS
'Number of different prices a unit, to four decimals.';
COMMENT ON COLUMN price_sensitivity.quantity IS
'Quantity sold.';
COMMENT ON COLUMN price_sensitivity.mean_price IS
'Mean price a unit, in base currency.';
COMMENT ON COLUMN price_sensitivity.lowest_price IS
'Lowest price a unit, in base currency.';
COMMENT ON COLUMN price_sensitivity.highest_price IS
'Highest price a unit, in base currency.';
COMMENT ON COLUMN price_sensitivity.elasticity IS
'Change of the quantity in percent for one percent of price; NULL with a single price.';
COMMENT ON COLUMN price_sensitivity.fit IS
'Share of the variation that this explains, 0..1 (R squared); NULL with a single price.';
