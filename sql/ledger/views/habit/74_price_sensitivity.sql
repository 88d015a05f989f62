-- How much less is bought at a higher price: the slope of log quantity over
-- log price.  -2 says that 1 % on the price takes 2 % off the quantity.  A
-- price that stood for longer sold more for that reason alone: compare prices
-- that stood for about as long, or read it with care.
CREATE VIEW price_sensitivity WITH (security_invoker = true) AS
SELECT
  s.product_code COLLATE "default" AS product_code,
  s.scheme COLLATE "default" AS scheme, s.tier COLLATE "default" AS tier,
  s.prices, s.quantity, round(s.amount / s.quantity, 4) AS mean_price,
  s.lowest_price, s.highest_price, s.elasticity, s.fit,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 product.name, product.name_zh,
                 s.product_code COLLATE "default") AS product_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 tier.name, tier.name_zh,
                 s.tier COLLATE "default") AS tier_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 sn.name, sn.name_zh, s.scheme COLLATE "default")
    AS scheme_name
FROM product_price s
LEFT JOIN product product ON product.code = s.product_code
LEFT JOIN tier tier
  ON tier.scheme = s.scheme AND tier.code = s.tier
LEFT JOIN term sn ON sn.kind = 'dimension' AND sn.code = s.scheme;

COMMENT ON VIEW price_sensitivity IS
'Price elasticity of quantity, up to the last refresh, one row a product and tier with sales, and one a product for all customers.';
COMMENT ON COLUMN price_sensitivity.product_code IS
'Product.';
COMMENT ON COLUMN price_sensitivity.scheme IS
'Tier scheme; (all) for all customers.';
COMMENT ON COLUMN price_sensitivity.tier IS
'Tier; (all) for all customers.';
COMMENT ON COLUMN price_sensitivity.prices IS
'Number of different prices a unit, to four decimals.';
COMMENT ON COLUMN price_sensitivity.quantity IS
'Quantity that corrections and refunds left of the orders.';
COMMENT ON COLUMN price_sensitivity.mean_price IS
'Mean price a unit, in base currency: of an order what is left of the amount, by what is left of the quantity.';
COMMENT ON COLUMN price_sensitivity.lowest_price IS
'Lowest price a unit, in base currency.';
COMMENT ON COLUMN price_sensitivity.highest_price IS
'Highest price a unit, in base currency.';
COMMENT ON COLUMN price_sensitivity.elasticity IS
'Change of the quantity in percent for one percent of price; NULL with a single price.';
COMMENT ON COLUMN price_sensitivity.fit IS
'Share of the variation that this explains, 0..1 (R squared); NULL with a single price.';
COMMENT ON COLUMN price_sensitivity.currency IS
'Base currency.';
COMMENT ON COLUMN price_sensitivity.product_name IS
'Name of the product; its code where it has none.';
COMMENT ON COLUMN price_sensitivity.tier_name IS
'Name of the tier.';
COMMENT ON COLUMN price_sensitivity.scheme_name IS 'Name of the scheme.';
