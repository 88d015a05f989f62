-- Computed by refresh; nothing else writes it.
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

-- Computed by refresh; nothing else writes it.  Rows of a closed month stay as they were.
CREATE TABLE tier_move (
  month_start date NOT NULL,
  scheme text COLLATE "C" NOT NULL,
  tier_from text COLLATE "C" NOT NULL,
  tier_to text COLLATE "C" NOT NULL,
  customers bigint NOT NULL,
  PRIMARY KEY (month_start, scheme, tier_from, tier_to)
);

COMMENT ON TABLE tier_move IS
'Customers by the tier at the end of the month before and at the end of a month, one row a month, scheme and pair of tiers; as of the last refresh.';
COMMENT ON COLUMN tier_move.month_start IS 'First day of the month.';
COMMENT ON COLUMN tier_move.scheme IS 'Tier scheme.';
COMMENT ON COLUMN tier_move.tier_from IS 'Tier when it began; (none) for none.';
COMMENT ON COLUMN tier_move.tier_to IS 'Tier at its end, for the running month on the report day; (none) for none.';
COMMENT ON COLUMN tier_move.customers IS 'Customers.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE potential_cell (
  scheme text COLLATE "C" NOT NULL,
  tier text COLLATE "C" NOT NULL,
  high_potential boolean NOT NULL,
  threshold numeric(38,4),
  customers bigint NOT NULL,
  margin numeric(38,4) NOT NULL,
  profit numeric(38,4) NOT NULL,
  potential numeric(38,4) NOT NULL,
  PRIMARY KEY (scheme, tier, high_potential)
);

COMMENT ON TABLE potential_cell IS
'Customers by tier and by the value still to come, one row a scheme, tier and half; as of the last refresh.';
COMMENT ON COLUMN potential_cell.scheme IS 'Tier scheme.';
COMMENT ON COLUMN potential_cell.tier IS 'Tier on the report day; (unknown) for none.';
COMMENT ON COLUMN potential_cell.high_potential IS 'Whether the value still to come is above the threshold.';
COMMENT ON COLUMN potential_cell.threshold IS 'Median of the value still to come of all customers, unknown counted as 0, in base currency.';
COMMENT ON COLUMN potential_cell.customers IS 'Customers, technical ones left out.';
COMMENT ON COLUMN potential_cell.margin IS 'Their margin so far, in base currency.';
COMMENT ON COLUMN potential_cell.profit IS 'Their profit so far, in base currency.';
COMMENT ON COLUMN potential_cell.potential IS 'Their value still to come, in base currency.';
