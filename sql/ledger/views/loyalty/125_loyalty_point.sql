-- What a point of a programme is worth on the report day, in base currency.
CREATE VIEW loyalty_point WITH (security_invoker = true) AS
SELECT
  p.code AS program_code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 p.name, p.name_zh, p.code) AS program_name,
  p.earn_per_unit, p.breakage,
  p.point_cost * rate.to_base AS point_cost,
  coalesce(p.point_value, p.point_cost) * rate.to_base AS point_value,
  rate.to_base AS rate, p.currency AS program_currency, r.as_of,
  base.value AS currency
FROM loyalty_program p
JOIN setting base ON base.key = 'base_currency'
LEFT JOIN last_refresh r ON true
CROSS JOIN LATERAL (
  SELECT CASE WHEN p.currency = base.value THEN 1
           ELSE (SELECT f.to_base FROM fx_rate f
                 WHERE f.currency = p.currency AND f.valid_from <= r.as_of
                 ORDER BY f.valid_from DESC LIMIT 1) END AS to_base
  OFFSET 0
) rate;

COMMENT ON VIEW loyalty_point IS
'What a point costs and is worth on the report day, one row a loyalty programme.';
COMMENT ON COLUMN loyalty_point.program_code IS 'Loyalty programme.';
COMMENT ON COLUMN loyalty_point.program_name IS 'Its name.';
COMMENT ON COLUMN loyalty_point.earn_per_unit IS 'Points earned for one unit of the programme''s currency.';
COMMENT ON COLUMN loyalty_point.breakage IS 'Share 0..1 of points that are assumed never to be redeemed.';
COMMENT ON COLUMN loyalty_point.point_cost IS 'What a redeemed point costs, in base currency; NULL without a rate.';
COMMENT ON COLUMN loyalty_point.point_value IS 'What a point is worth to a customer, in base currency; NULL without a rate.';
COMMENT ON COLUMN loyalty_point.rate IS 'Rate of the programme''s currency on the report day; NULL when there is none.';
COMMENT ON COLUMN loyalty_point.program_currency IS 'Currency of the programme.';
COMMENT ON COLUMN loyalty_point.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN loyalty_point.currency IS 'Base currency, which money is in.';
