-- Computed by refresh; nothing else writes it.
CREATE TABLE price_point (
  product_code text COLLATE "C" NOT NULL,
  scheme text COLLATE "C" NOT NULL,
  tier text COLLATE "C" NOT NULL,
  price numeric(38,4) NOT NULL,
  orders bigint NOT NULL,
  quantity numeric(38,6) NOT NULL,
  amount numeric(38,4) NOT NULL,
  PRIMARY KEY (product_code, scheme, tier, price)
);

COMMENT ON TABLE price_point IS
'What was bought at which price, one row a product, tier and price, as of the last refresh.';
COMMENT ON COLUMN price_point.product_code IS 'Product.';
COMMENT ON COLUMN price_point.scheme IS 'Tier scheme; (all) for all customers.';
COMMENT ON COLUMN price_point.tier IS 'Tier that the customers have now; (all) for all customers.';
COMMENT ON COLUMN price_point.price IS 'Amount for one unit in an order, corrections taken off, in base currency.';
COMMENT ON COLUMN price_point.orders IS 'Orders that hold the product at it.';
COMMENT ON COLUMN price_point.quantity IS 'Quantity bought at it.';
COMMENT ON COLUMN price_point.amount IS 'What was paid for it, in base currency.';
