-- When points expire, all of them.
CREATE VIEW loyalty_expiry WITH (security_invoker = true) AS
SELECT
  s.customer_id, s.program_code COLLATE "default" AS program_code,
  p.program_name, s.expires_at,
  (s.expires_at AT TIME ZONE zone.value)::date AS expires_on,
  (s.expires_at AT TIME ZONE zone.value)::date - p.as_of AS days_left,
  s.points, round(s.points * p.point_cost, 4) AS redemption_cost, p.as_of,
  p.currency
FROM loyalty_schedule s
JOIN loyalty_point p ON p.program_code = s.program_code
JOIN setting zone ON zone.key = 'timezone';

COMMENT ON VIEW loyalty_expiry IS
'When a customer''s points expire if none is spent, as of the last refresh, one row a customer, loyalty programme and instant.';
COMMENT ON COLUMN loyalty_expiry.customer_id IS 'Customer.';
COMMENT ON COLUMN loyalty_expiry.program_code IS 'Loyalty programme.';
COMMENT ON COLUMN loyalty_expiry.program_name IS 'Its name.';
COMMENT ON COLUMN loyalty_expiry.expires_at IS 'When they expire.';
COMMENT ON COLUMN loyalty_expiry.expires_on IS 'The same as a day in the time zone of the ledger.';
COMMENT ON COLUMN loyalty_expiry.days_left IS 'Days from the report day to it.';
COMMENT ON COLUMN loyalty_expiry.points IS 'Points that expire then, pending ones included.';
COMMENT ON COLUMN loyalty_expiry.redemption_cost IS 'What they cost if they are redeemed before; NULL without a rate.';
COMMENT ON COLUMN loyalty_expiry.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN loyalty_expiry.currency IS 'Base currency, which money is in.';
