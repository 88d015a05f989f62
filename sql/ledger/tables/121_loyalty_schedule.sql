-- Computed by refresh; nothing else writes it.
CREATE TABLE loyalty_schedule (
  customer_id bigint NOT NULL,
  program_code text COLLATE "C" NOT NULL,
  expires_at timestamptz NOT NULL,
  points numeric(38,4) NOT NULL,
  PRIMARY KEY (customer_id, program_code, expires_at)
);

COMMENT ON TABLE loyalty_schedule IS
'When a customer''s points expire if none is spent, one row a customer, programme and instant, as of the last refresh; what never expires is in none.';
COMMENT ON COLUMN loyalty_schedule.customer_id IS 'Customer; of merged customers the one that stays.';
COMMENT ON COLUMN loyalty_schedule.program_code IS 'Loyalty programme.';
COMMENT ON COLUMN loyalty_schedule.expires_at IS 'When they expire.';
COMMENT ON COLUMN loyalty_schedule.points IS 'Points that expire then, pending ones included.';
