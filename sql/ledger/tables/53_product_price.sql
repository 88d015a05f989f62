-- Computed by refresh; nothing else writes it.
CREATE TABLE product_price (
  product_code text COLLATE "C" NOT NULL,
  scheme text COLLATE "C" NOT NULL,
  tier text COLLATE "C" NOT NULL,
  prices bigint NOT NULL,
  quantity numeric(38,6) NOT NULL,
  amount numeric(38,4) NOT NULL,
  lowest_price numeric(38,4) NOT NULL,
  highest_price numeric(38,4) NOT NULL,
  elasticity numeric(38,6),
  fit numeric(38,6),
  PRIMARY KEY (product_code, scheme, tier)
);

COMMENT ON TABLE product_price IS
'At which prices products were bought, and how the quantity followed the price, one row a product and tier, as of the last refresh.';
COMMENT ON COLUMN product_price.product_code IS 'Product.';
COMMENT ON COLUMN product_price.scheme IS 'Tier scheme; (all) for all customers.';
COMMENT ON COLUMN product_price.tier IS 'Tier that the customers have now; (all) for all customers.';
COMMENT ON COLUMN product_price.prices IS 'Number of different prices: amount for one unit in an order, corrections taken off, in base currency, to four decimals.';
COMMENT ON COLUMN product_price.quantity IS 'Quantity bought.';
COMMENT ON COLUMN product_price.amount IS 'What was paid for it, in base currency.';
COMMENT ON COLUMN product_price.lowest_price IS 'Lowest price, in base currency.';
COMMENT ON COLUMN product_price.highest_price IS 'Highest price, in base currency.';
COMMENT ON COLUMN product_price.elasticity IS 'Slope of the logarithm of the quantity at a price over that of the price; NULL with a single price.';
COMMENT ON COLUMN product_price.fit IS 'Share of the variation that this explains, 0..1 (R squared); NULL with a single price.';
