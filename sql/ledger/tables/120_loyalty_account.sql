-- Computed by refresh; nothing else writes it.  What was gained and what could not be
-- taken is what became of it:
--
--   earned + adjusted + owed + overdrawn + unmatched
--     = balance + pending + redeemed + reversed + expired
CREATE TABLE loyalty_account (
  customer_id bigint NOT NULL,
  program_code text COLLATE "C" NOT NULL,
  entries bigint NOT NULL,
  first_entry_on date NOT NULL,
  last_active_on date,
  earned numeric(38,4) NOT NULL,
  adjusted numeric(38,4) NOT NULL,
  redeemed numeric(38,4) NOT NULL,
  reversed numeric(38,4) NOT NULL,
  expired numeric(38,4) NOT NULL,
  balance numeric(38,4) NOT NULL,
  pending numeric(38,4) NOT NULL,
  owed numeric(38,4) NOT NULL,
  overdrawn numeric(38,4) NOT NULL,
  unmatched numeric(38,4) NOT NULL,
  nameless bigint NOT NULL,
  next_expiry_at timestamptz,
  next_expiry_points numeric(38,4),
  next_available_at timestamptz,
  PRIMARY KEY (customer_id, program_code)
);

-- which accounts the move of as_of changes
CREATE INDEX loyalty_account_next_change
  ON loyalty_account (least(next_expiry_at, next_available_at));

COMMENT ON TABLE loyalty_account IS
'What became of a customer''s points in a programme, one row a customer and programme with entries, as of the last refresh.';
COMMENT ON COLUMN loyalty_account.customer_id IS 'Customer; of merged customers the one that stays.';
COMMENT ON COLUMN loyalty_account.program_code IS 'Loyalty programme.';
COMMENT ON COLUMN loyalty_account.entries IS 'Entries.';
COMMENT ON COLUMN loyalty_account.first_entry_on IS 'Day of the first entry.';
COMMENT ON COLUMN loyalty_account.last_active_on IS 'Day of the last earning or redemption; NULL without one.';
COMMENT ON COLUMN loyalty_account.earned IS 'Points earned (kind earn).';
COMMENT ON COLUMN loyalty_account.adjusted IS 'Points of kind adjust, both ways, but not those that give a redemption back.';
COMMENT ON COLUMN loyalty_account.redeemed IS 'Points redeemed less those given back; what of them there was not is in overdrawn.';
COMMENT ON COLUMN loyalty_account.reversed IS 'Points taken back (kind reverse); what of them there was not is in overdrawn or unmatched.';
COMMENT ON COLUMN loyalty_account.expired IS 'Points that expired unspent.';
COMMENT ON COLUMN loyalty_account.balance IS 'Points that can be spent.';
COMMENT ON COLUMN loyalty_account.pending IS 'Points that are gained and not yet available.';
COMMENT ON COLUMN loyalty_account.owed IS 'Points that were spent before they were taken back.';
COMMENT ON COLUMN loyalty_account.overdrawn IS 'Points taken, at their instant, beyond what could be spent.';
COMMENT ON COLUMN loyalty_account.unmatched IS 'Points taken back of a lot or order that brought none, or fewer.';
COMMENT ON COLUMN loyalty_account.nameless IS 'Reversals that name neither lot nor order; they take points as a redemption does.';
COMMENT ON COLUMN loyalty_account.next_expiry_at IS 'When points expire next, pending ones included; NULL where none does.';
COMMENT ON COLUMN loyalty_account.next_expiry_points IS 'Points that expire then; NULL where none does.';
COMMENT ON COLUMN loyalty_account.next_available_at IS 'When pending points become available next; NULL where none are pending.';
