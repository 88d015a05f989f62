-- The bill of a programme: what the points that are out there will cost.  Breakage
-- is assumed (loyalty_program); beside it stands what was observed: of the points
-- that came to an end, those that expired.
CREATE VIEW loyalty_liability WITH (security_invoker = true) AS
SELECT
  t.program_code COLLATE "default" AS program_code, p.program_name, t.members,
  t.active_members,
  round(t.active_members::numeric / t.members, 6) AS active_rate,
  round(t.members::numeric / nullif(c.customers, 0), 6) AS member_share,
  t.balance, t.pending, t.earned, t.redeemed, t.expired, t.reversed, t.owed,
  round(t.redeemed / nullif(t.earned, 0), 6) AS redemption_rate,
  p.point_cost, p.breakage,
  round(t.expired / nullif(t.expired + t.redeemed, 0), 6)
    AS observed_breakage,
  round(t.balance * p.point_cost * (1 - p.breakage), 4) AS liability,
  round(t.pending * p.point_cost * (1 - p.breakage), 4) AS pending_liability,
  round(t.balance * p.point_cost
        * (1 - t.expired / nullif(t.expired + t.redeemed, 0)), 4)
    AS observed_liability,
  p.as_of, p.currency
FROM loyalty_total t
JOIN loyalty_point p ON p.program_code = t.program_code
LEFT JOIN loyalty_member c ON c.program_code = '(all)';

COMMENT ON VIEW loyalty_liability IS
'What the points of a loyalty programme will cost, and who takes part, as of the last refresh, one row a programme with entries.';
COMMENT ON COLUMN loyalty_liability.program_code IS 'Loyalty programme.';
COMMENT ON COLUMN loyalty_liability.program_name IS 'Its name.';
COMMENT ON COLUMN loyalty_liability.members IS 'Customers with entries.';
COMMENT ON COLUMN loyalty_liability.active_members IS 'Those who earned or redeemed within the last twelve months.';
COMMENT ON COLUMN loyalty_liability.active_rate IS 'These as a part of the members, 0..1, 6 decimals.';
COMMENT ON COLUMN loyalty_liability.member_share IS 'Members for each customer, 6 decimals; above 1 where leads are members; NULL without customers.';
COMMENT ON COLUMN loyalty_liability.balance IS 'Points that can be spent.';
COMMENT ON COLUMN loyalty_liability.pending IS 'Points that are gained and not yet available.';
COMMENT ON COLUMN loyalty_liability.earned IS 'Points earned.';
COMMENT ON COLUMN loyalty_liability.redeemed IS 'Points redeemed less those given back.';
COMMENT ON COLUMN loyalty_liability.expired IS 'Points that expired unspent.';
COMMENT ON COLUMN loyalty_liability.reversed IS 'Points taken back.';
COMMENT ON COLUMN loyalty_liability.owed IS 'Points that were spent before they were taken back.';
COMMENT ON COLUMN loyalty_liability.redemption_rate IS 'Points redeemed as a part of those earned, 6 decimals; NULL where none were earned.';
COMMENT ON COLUMN loyalty_liability.point_cost IS 'What a redeemed point costs, in base currency; NULL without a rate.';
COMMENT ON COLUMN loyalty_liability.breakage IS 'Share 0..1 of the points that is assumed never to be redeemed.';
COMMENT ON COLUMN loyalty_liability.observed_breakage IS 'Of the points that were redeemed or expired, the part that expired, 6 decimals; NULL where none did either.';
COMMENT ON COLUMN loyalty_liability.liability IS 'Balance * point_cost * (1 - breakage); NULL without a rate.';
COMMENT ON COLUMN loyalty_liability.pending_liability IS 'The same of the pending points.';
COMMENT ON COLUMN loyalty_liability.observed_liability IS 'The same of the balance with the observed breakage; NULL without that or a rate.';
COMMENT ON COLUMN loyalty_liability.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN loyalty_liability.currency IS 'Base currency, which money is in.';
