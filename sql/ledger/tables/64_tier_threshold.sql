-- Computed by refresh for its as_of; nothing else writes it.
CREATE TABLE tier_threshold (
  scheme text NOT NULL,
  code text NOT NULL,
  value numeric(38,4) NOT NULL,
  PRIMARY KEY (scheme, code)
);

COMMENT ON TABLE tier_threshold IS
'What it takes to be in a tier, as of the last refresh, one row a tier of a scheme by value or by share.';
COMMENT ON COLUMN tier_threshold.scheme IS
'Tier scheme.';
COMMENT ON COLUMN tier_threshold.code IS
'Tier.';
COMMENT ON COLUMN tier_threshold.value IS
'For schemes by value the bound; for schemes by share what the least customer in the tier has, in base currency.';
