-- Computed by refresh; nothing else writes it.  It is the last row of each dimension of
-- classification up to the report day.
CREATE TABLE customer_class (
  customer_id bigint NOT NULL,
  dimension text COLLATE "C" NOT NULL,
  code text COLLATE "C" NOT NULL,
  since timestamptz NOT NULL,
  entered_at timestamptz NOT NULL,
  by_rule boolean NOT NULL,
  PRIMARY KEY (customer_id, dimension)
);

COMMENT ON TABLE customer_class IS
'What holds for a customer on the report day, one row a customer and dimension (stage, owner, invalid, tier schemes).';
COMMENT ON COLUMN customer_class.customer_id IS 'Customer.';
COMMENT ON COLUMN customer_class.dimension IS 'stage, owner, invalid, or the name of a tier scheme.';
COMMENT ON COLUMN customer_class.code IS 'What holds: a stage, a tier, an owner; none for a customer who has left the scheme.';
COMMENT ON COLUMN customer_class.since IS 'From when it holds without a change of the code.';
COMMENT ON COLUMN customer_class.entered_at IS 'When the row of classification was entered.';
COMMENT ON COLUMN customer_class.by_rule IS 'true when refresh decided, false when a person did.';
