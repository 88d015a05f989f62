-- What a customer has in each programme, and what it will cost.
CREATE VIEW loyalty_balance WITH (security_invoker = true) AS
SELECT
  a.customer_id, a.program_code COLLATE "default" AS program_code,
  p.program_name, a.balance, a.pending, a.redeemed, a.expired, a.earned,
  a.adjusted, a.reversed, a.owed, a.overdrawn, a.unmatched, a.next_expiry_at,
  a.next_expiry_points, a.next_available_at, a.first_entry_on,
  a.last_active_on,
  coalesce(a.last_active_on > (p.as_of - interval '1 year')::date, false)
    AS is_active,
  round(a.balance * p.point_cost, 4) AS redemption_cost,
  round(a.balance * p.point_cost * (1 - p.breakage), 4) AS liability,
  p.as_of, p.currency
FROM loyalty_account a
JOIN loyalty_point p ON p.program_code = a.program_code;

COMMENT ON VIEW loyalty_balance IS
'What became of a customer''s points, as of the last refresh, one row a customer and loyalty programme.';
COMMENT ON COLUMN loyalty_balance.customer_id IS 'Customer.';
COMMENT ON COLUMN loyalty_balance.program_code IS 'Loyalty programme.';
COMMENT ON COLUMN loyalty_balance.program_name IS 'Its name.';
COMMENT ON COLUMN loyalty_balance.balance IS 'Points that can be spent.';
COMMENT ON COLUMN loyalty_balance.pending IS 'Points that are gained and not yet available.';
COMMENT ON COLUMN loyalty_balance.redeemed IS 'Points redeemed less those given back.';
COMMENT ON COLUMN loyalty_balance.expired IS 'Points that expired unspent.';
COMMENT ON COLUMN loyalty_balance.earned IS 'Points earned.';
COMMENT ON COLUMN loyalty_balance.adjusted IS 'Points adjusted, both ways; transfers are among them.';
COMMENT ON COLUMN loyalty_balance.reversed IS 'Points taken back.';
COMMENT ON COLUMN loyalty_balance.owed IS 'Points that were spent before they were taken back.';
COMMENT ON COLUMN loyalty_balance.overdrawn IS 'Points taken beyond what could be spent; a finding where it is not 0.';
COMMENT ON COLUMN loyalty_balance.unmatched IS 'Points taken back of a lot or order that brought none, or fewer; a finding where it is not 0.';
COMMENT ON COLUMN loyalty_balance.next_expiry_at IS 'When points expire next, pending ones included; NULL where none does.';
COMMENT ON COLUMN loyalty_balance.next_expiry_points IS 'Points that expire then; NULL where none does.';
COMMENT ON COLUMN loyalty_balance.next_available_at IS 'When pending points become available next; NULL where none are pending.';
COMMENT ON COLUMN loyalty_balance.first_entry_on IS 'Day of the first entry.';
COMMENT ON COLUMN loyalty_balance.last_active_on IS 'Day of the last earning or redemption; NULL without one.';
COMMENT ON COLUMN loyalty_balance.is_active IS 'Whether that is within the last twelve months.';
COMMENT ON COLUMN loyalty_balance.redemption_cost IS 'What the balance costs if all of it is redeemed; NULL without a rate.';
COMMENT ON COLUMN loyalty_balance.liability IS 'What it is expected to cost: that less breakage; NULL without a rate.';
COMMENT ON COLUMN loyalty_balance.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN loyalty_balance.currency IS 'Base currency, which money is in.';
