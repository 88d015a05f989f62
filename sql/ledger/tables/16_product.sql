-- What is sold, where the ledger is to know more than the codes: names for
-- reports and a tree of groups.  It is optional: facts may carry any code.
CREATE TABLE product (
  code text COLLATE "C" PRIMARY KEY
    CONSTRAINT code_not_empty CHECK (code <> '')
    -- what reports call the product of a line without one, and all of them
    CONSTRAINT code_not_reserved CHECK (code NOT IN ('(unknown)', '(all)')),
  parent_code text COLLATE "C"
    CONSTRAINT parent_is_known REFERENCES product (code)
    CONSTRAINT parent_is_another_product CHECK (parent_code <> code),
  owned_once boolean NOT NULL DEFAULT false,
  name text NOT NULL,
  name_zh text
);

CREATE INDEX product_parent_code ON product (parent_code);

COMMENT ON TABLE product IS
'Products and groups of them, one row a code; optional, facts may carry codes that are not here.';
COMMENT ON COLUMN product.code IS
'Code that facts carry.';
COMMENT ON COLUMN product.parent_code IS
'Group that it belongs to; NULL for a root.';
COMMENT ON COLUMN product.owned_once IS
'Whether who has one needs no second: it is never offered to who has bought it.';
COMMENT ON COLUMN product.name IS
'English name.';
COMMENT ON COLUMN product.name_zh IS
'Chinese name; NULL where there is none.';
