-- What the shares of a cost follow.  The seeded drivers are what the ledger counts
-- itself; others are measured outside and loaded into driver_entry, or blended of
-- others by driver_blend.
CREATE TABLE driver (
  code text PRIMARY KEY CONSTRAINT code_not_empty CHECK (code <> ''),
  kind text NOT NULL DEFAULT 'own'
    CONSTRAINT kind_is_known CHECK (kind IN ('ledger', 'own', 'blend')),
  unit text NOT NULL DEFAULT '',
  name text NOT NULL,
  name_zh text,
  unit_zh text
);

COMMENT ON TABLE driver IS
'Allocation drivers, one row each.';
COMMENT ON COLUMN driver.code IS
'Code that allocation rules refer to.';
COMMENT ON COLUMN driver.kind IS
'ledger (seeded, counted by the ledger itself), own (loaded into driver_entry) or blend (made of others by driver_blend).';
COMMENT ON COLUMN driver.unit IS
'Unit of the quantity, such as shipment or gigabyte; empty for a plain number.';
COMMENT ON COLUMN driver.name IS
'English name.';
COMMENT ON COLUMN driver.name_zh IS
'Chinese name; NULL where there is none.';
COMMENT ON COLUMN driver.unit_zh IS
'Unit in Chinese; NULL where that is not written.';

-- A blended driver: each part's share of a customer, added up by weight.  A part
-- that nobody has any of in a month gives its weight to the others.
CREATE TABLE driver_blend (
  driver text NOT NULL
    CONSTRAINT driver_is_known REFERENCES driver (code),
  part text NOT NULL
    CONSTRAINT part_is_known REFERENCES driver (code)
    CONSTRAINT part_is_another_driver CHECK (part <> driver),
  weight numeric(12,6) NOT NULL CONSTRAINT weight_is_positive
    CHECK (weight > 0 AND weight <> 'NaN'),
  PRIMARY KEY (driver, part)
);

COMMENT ON TABLE driver_blend IS
'Parts of blended drivers, one row each.';
COMMENT ON COLUMN driver_blend.driver IS
'Driver of kind blend.';
COMMENT ON COLUMN driver_blend.part IS
'Driver that it is made of, no blend itself.';
COMMENT ON COLUMN driver_blend.weight IS
'Weight of the part, above 0; only the ratio of the weights matters.';
