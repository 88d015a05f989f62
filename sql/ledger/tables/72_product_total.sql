-- Computed by refresh; nothing else writes it.
CREATE TABLE product_total (
  product_code text COLLATE "C" NOT NULL PRIMARY KEY,
  buyers bigint NOT NULL,
  quantity numeric(38,6) NOT NULL,
  revenue numeric(38,4) NOT NULL,
  margin numeric(38,4) NOT NULL,
  discount numeric(38,4) NOT NULL,
  refund numeric(38,4) NOT NULL,
  costed_quantity numeric(38,6) NOT NULL,
  costed_cogs numeric(38,4) NOT NULL
);

COMMENT ON TABLE product_total IS
'What was sold of a product so far: sale_month summed up, one row a product; as of the last refresh.';
COMMENT ON COLUMN product_total.product_code IS 'Product; (unknown) where the line names none.';
COMMENT ON COLUMN product_total.buyers IS 'Customers who bought it, after corrections and refunds; 0 for (unknown).';
COMMENT ON COLUMN product_total.quantity IS 'Quantity, what came back taken off.';
COMMENT ON COLUMN product_total.revenue IS 'Net revenue in base currency.';
COMMENT ON COLUMN product_total.margin IS 'Revenue less cost of goods, unknown cost counted as 0, in base currency.';
COMMENT ON COLUMN product_total.discount IS 'Discounts given, in base currency.';
COMMENT ON COLUMN product_total.refund IS 'Refunds, zero or negative, in base currency.';
COMMENT ON COLUMN product_total.costed_quantity IS 'Quantity of the lines whose cost of goods is known.';
COMMENT ON COLUMN product_total.costed_cogs IS 'Cost of goods of these lines.';
