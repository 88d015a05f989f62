-- Dated exchange rates.  A rate holds from its day until the next one, so that
-- a rate loaded today never rewrites yesterday.
CREATE TABLE fx_rate (
  currency text NOT NULL CONSTRAINT currency_is_three_capital_letters
    CHECK (currency ~ '^[A-Z]{3}$'),
  valid_from date NOT NULL,
  to_base numeric(24,12) NOT NULL CONSTRAINT to_base_is_a_positive_number
    CHECK (to_base > 0 AND to_base <> 'NaN'),
  PRIMARY KEY (currency, valid_from)
);

COMMENT ON TABLE fx_rate IS
'Exchange rates to the base currency, one row a currency and first day.';
COMMENT ON COLUMN fx_rate.currency IS
'Foreign currency, three capital letters.';
COMMENT ON COLUMN fx_rate.valid_from IS
'First day of the rate; it holds until the next row of the currency.';
COMMENT ON COLUMN fx_rate.to_base IS
'Units of base currency for one unit of the foreign one.';
