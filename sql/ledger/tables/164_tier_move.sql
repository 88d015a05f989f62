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
COMMENT ON COLUMN potential_cell.threshold IS 'Median of the value still to come of all customers, of an even number the smaller one in the middle, unknown counted as 0, in base currency.';
COMMENT ON COLUMN potential_cell.customers IS 'Customers, technical ones left out.';
COMMENT ON COLUMN potential_cell.margin IS 'Their margin so far, in base currency.';
COMMENT ON COLUMN potential_cell.profit IS 'Their profit so far, in base currency.';
COMMENT ON COLUMN potential_cell.potential IS 'Their value still to come, in base currency.';
