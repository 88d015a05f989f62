-- What a point is: how it is earned, what it costs, when it expires.
CREATE TABLE loyalty_program (
  code text PRIMARY KEY CONSTRAINT code_not_empty CHECK (code <> '')
    -- what reports call no programme, and all of them
    CONSTRAINT code_not_reserved CHECK (code NOT IN ('(unknown)', '(all)')),
  currency text NOT NULL CONSTRAINT currency_is_three_capital_letters
    CHECK (currency ~ '^[A-Z]{3}$'),
  earn_per_unit numeric(20,6) NOT NULL CONSTRAINT earn_per_unit_not_negative
    CHECK (earn_per_unit >= 0 AND earn_per_unit <> 'NaN'),
  point_cost numeric(20,8) NOT NULL CONSTRAINT point_cost_not_negative
    CHECK (point_cost >= 0 AND point_cost <> 'NaN'),
  expires_after interval CONSTRAINT expires_after_is_positive
    CHECK (expires_after > interval '0'),
  breakage numeric(5,4) NOT NULL DEFAULT 0 CONSTRAINT breakage_from_0_to_1
    CHECK (breakage >= 0 AND breakage <= 1),
  name text,
  name_zh text,
  burn text NOT NULL DEFAULT 'first_expiring' CONSTRAINT burn_is_known
    CHECK (burn IN ('first_expiring', 'first_earned')),
  point_value numeric(20,8) CONSTRAINT point_value_not_negative
    CHECK (point_value >= 0 AND point_value <> 'NaN'),
  cost_category text DEFAULT 'ret.loyalty.redemption'
    CONSTRAINT cost_category_is_known REFERENCES cost_category (code)
);

COMMENT ON TABLE loyalty_program IS
'Loyalty programmes, one row each.';
COMMENT ON COLUMN loyalty_program.code IS
'Code that loyalty entries refer to.';
COMMENT ON COLUMN loyalty_program.currency IS
'Currency of earn_per_unit and point_cost, three capital letters.';
COMMENT ON COLUMN loyalty_program.earn_per_unit IS
'Points earned for one unit of currency spent.';
COMMENT ON COLUMN loyalty_program.point_cost IS
'What a redeemed point costs, in units of currency.';
COMMENT ON COLUMN loyalty_program.expires_after IS
'Age at which points expire; NULL for never.';
COMMENT ON COLUMN loyalty_program.breakage IS
'Share 0..1 of outstanding points that will never be redeemed.';
COMMENT ON COLUMN loyalty_program.name IS
'English name; NULL where the code stands for it.';
COMMENT ON COLUMN loyalty_program.name_zh IS
'Chinese name; NULL where there is none.';
COMMENT ON COLUMN loyalty_program.burn IS
'Which points are spent first: first_expiring or first_earned.';
COMMENT ON COLUMN loyalty_program.point_value IS
'What a point is worth to a customer, in units of currency (its stand-alone selling price); NULL for point_cost.';
COMMENT ON COLUMN loyalty_program.cost_category IS
'Category that refresh books redemptions on; NULL where they are booked by others.';
