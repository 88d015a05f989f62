-- Computed by refresh; nothing else writes it.  Which discounts a tier allows
-- is a setting of today; here is what was given.
CREATE TABLE customer_discount (
  customer_id bigint NOT NULL,
  discount_rate numeric(38,6) NOT NULL,
  sale_lines bigint NOT NULL,
  PRIMARY KEY (customer_id, discount_rate)
);

COMMENT ON TABLE customer_discount IS
'Discounts that a customer was given, one row a customer and rate, as of the last refresh.';
COMMENT ON COLUMN customer_discount.customer_id IS 'Customer.';
COMMENT ON COLUMN customer_discount.discount_rate IS 'Discount as a part of the price before it, 6 decimals, above 0.';
COMMENT ON COLUMN customer_discount.sale_lines IS 'Sale lines with it, those taken back by corrections left out.';
