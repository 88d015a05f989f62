-- Computed by refresh; nothing else writes it.
CREATE TABLE product_pair (
  product_code text COLLATE "C" NOT NULL,
  other_product_code text COLLATE "C" NOT NULL,
  orders bigint NOT NULL,
  PRIMARY KEY (product_code, other_product_code)
);

-- as view product_affinity has it, and the orders of each product by itself
CREATE INDEX product_pair_product_code
  ON product_pair ((product_code COLLATE "default"));
CREATE INDEX product_pair_itself ON product_pair (product_code)
  WHERE product_code = other_product_code;

COMMENT ON TABLE product_pair IS
'Products that orders hold together, one row a pair of the most ordered ones, each pair in both directions, one a product with itself for its orders, and one with (all) for the orders with any product; as of the last refresh.';
COMMENT ON COLUMN product_pair.product_code IS 'Product; (all) for any.';
COMMENT ON COLUMN product_pair.other_product_code IS 'Another product, or the same for the orders that hold the product at all; (all) for any.';
COMMENT ON COLUMN product_pair.orders IS 'Orders that hold both.';
