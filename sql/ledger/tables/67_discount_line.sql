-- Computed by refresh; nothing else writes it.  Which discounts a tier allows
-- is a setting of today; here is what was given.
CREATE TABLE discount_line (
  customer_id bigint NOT NULL,
  sale_id bigint NOT NULL,
  sold_on date NOT NULL,
  product_code text COLLATE "C" NOT NULL,
  discount_rate numeric(38,6) NOT NULL,
  sale_lines bigint NOT NULL,
  price numeric(38,4) NOT NULL,
  discount numeric(38,4) NOT NULL,
  PRIMARY KEY (customer_id, sale_id)
);

COMMENT ON TABLE discount_line IS
'Lines of an order with one product and rate of discount, what was taken back taken off, one row each; as of the last refresh.';
COMMENT ON COLUMN discount_line.customer_id IS 'Customer.';
COMMENT ON COLUMN discount_line.sale_id IS 'Number of the first of the lines.';
COMMENT ON COLUMN discount_line.sold_on IS 'Day of the last of the lines.';
COMMENT ON COLUMN discount_line.product_code IS 'Product; (unknown) where the lines name none.';
COMMENT ON COLUMN discount_line.discount_rate IS 'Discount as a part of the price before it.';
COMMENT ON COLUMN discount_line.sale_lines IS 'Lines that are left.';
COMMENT ON COLUMN discount_line.price IS 'Price before the discount, in base currency.';
COMMENT ON COLUMN discount_line.discount IS 'Discount, in base currency.';
