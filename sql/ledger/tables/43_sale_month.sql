-- Computed by refresh; nothing else writes it.  Rows of a closed month stay as they were.
CREATE TABLE sale_month (
  month_start date NOT NULL,
  product_code text COLLATE "C" NOT NULL,
  channel_code text COLLATE "C" NOT NULL,
  campaign_code text COLLATE "C" NOT NULL,
  sale_lines bigint NOT NULL,
  quantity numeric(38,6) NOT NULL,
  revenue numeric(38,4) NOT NULL,
  margin numeric(38,4) NOT NULL,
  discount numeric(38,4) NOT NULL,
  refund numeric(38,4) NOT NULL,
  costed_quantity numeric(38,6) NOT NULL,
  costed_cogs numeric(38,4) NOT NULL,
  PRIMARY KEY (month_start, product_code, channel_code, campaign_code)
);

COMMENT ON TABLE sale_month IS
'What was sold, one row a month, product, channel and campaign of the sale line, as of the last refresh.';
COMMENT ON COLUMN sale_month.month_start IS 'First day of the month in which the lines count.';
COMMENT ON COLUMN sale_month.product_code IS 'Product; (unknown) where the line names none.';
COMMENT ON COLUMN sale_month.channel_code IS 'Channel that sold: of the line, else of its campaign; (unknown) where neither tells.';
COMMENT ON COLUMN sale_month.campaign_code IS 'Campaign of the line; (unknown) for none.';
COMMENT ON COLUMN sale_month.sale_lines IS 'Sale lines that are no corrections.';
COMMENT ON COLUMN sale_month.quantity IS 'Quantity, what came back taken off.';
COMMENT ON COLUMN sale_month.revenue IS 'Net revenue in base currency.';
COMMENT ON COLUMN sale_month.margin IS 'Revenue less cost of goods, unknown cost counted as 0, in base currency.';
COMMENT ON COLUMN sale_month.discount IS 'Discounts given, in base currency.';
COMMENT ON COLUMN sale_month.refund IS 'Refunds, zero or negative, in base currency.';
COMMENT ON COLUMN sale_month.costed_quantity IS 'Quantity of the lines whose cost of goods is known.';
COMMENT ON COLUMN sale_month.costed_cogs IS 'Cost of goods of these lines.';
