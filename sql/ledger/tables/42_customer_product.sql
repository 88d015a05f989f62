-- Computed by refresh; nothing else writes it.
CREATE TABLE customer_product (
  customer_id bigint NOT NULL,
  product_code text COLLATE "C" NOT NULL,
  orders bigint NOT NULL,
  quantity numeric(38,6) NOT NULL,
  revenue numeric(38,4) NOT NULL,
  last_ordered_on date,
  PRIMARY KEY (customer_id, product_code)
);

COMMENT ON TABLE customer_product IS
'What a customer bought of a product, one row each, as of the last refresh.';
COMMENT ON COLUMN customer_product.customer_id IS 'Customer.';
COMMENT ON COLUMN customer_product.product_code IS 'Product.';
COMMENT ON COLUMN customer_product.orders IS 'Orders that hold the product, after corrections and refunds.';
COMMENT ON COLUMN customer_product.quantity IS 'Quantity, what came back taken off.';
COMMENT ON COLUMN customer_product.revenue IS 'Net revenue in base currency.';
COMMENT ON COLUMN customer_product.last_ordered_on IS 'Day of the last order that holds it; NULL when none does any more.';
