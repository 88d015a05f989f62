-- Revenue that is paid for points: a sale is one of goods and one of points, and its
-- price is split by what each is worth alone (IFRS 15, paragraphs 74 and B39-B43,
-- example 52).  What falls to the points is revenue as they are redeemed, in the
-- proportion of the points redeemed to those expected to be: of these no more than
-- can be, for what has expired is not, whatever the breakage says.
--
--   for_goods : for_points = goods_value : points_value
--   points_value = points * point_value * (1 - breakage)
--
-- Goods are worth what was paid for them alone, which the points tell:
-- points / earn_per_unit.
CREATE VIEW deferred_revenue WITH (security_invoker = true) AS
SELECT
  s.program_code COLLATE "default" AS program_code, s.program_name, s.points,
  s.revenue, s.points_value, s.revenue - s.for_points AS revenue_for_goods,
  s.for_points AS revenue_for_points, s.points_expected, s.redeemed,
  round(s.done, 6) AS recognised_share,
  round(s.for_points * s.done, 4) AS recognised,
  s.for_points - round(s.for_points * s.done, 4) AS deferred,
  s.as_of, s.currency
FROM (
  SELECT v.*,
         round(v.revenue * v.points_value
               / nullif(v.revenue + v.points_value, 0), 4) AS for_points,
         CASE WHEN v.points_expected <= 0 THEN 1
           ELSE least(greatest(v.redeemed, 0) / v.points_expected, 1)
         END AS done
  FROM (
    SELECT t.program_code, p.program_name, p.as_of, p.currency, t.redeemed,
           t.earned - t.reversed AS points,
           round((t.earned - t.reversed) / nullif(p.earn_per_unit, 0)
                 * p.rate, 4) AS revenue,
           round((t.earned - t.reversed) * p.point_value * (1 - p.breakage), 4)
             AS points_value,
           least(round((t.earned - t.reversed) * (1 - p.breakage), 4),
                 greatest(t.redeemed, 0) + greatest(t.balance + t.pending, 0))
             AS points_expected
    FROM loyalty_total t
    JOIN loyalty_point p ON p.program_code = t.program_code
  ) v
) s;

COMMENT ON VIEW deferred_revenue IS
'The revenue on which points were earned, split into goods and points by what each is worth alone, and what of it is still deferred (IFRS 15), as of the last refresh, one row a loyalty programme with entries.';
COMMENT ON COLUMN deferred_revenue.program_code IS 'Loyalty programme.';
COMMENT ON COLUMN deferred_revenue.program_name IS 'Its name.';
COMMENT ON COLUMN deferred_revenue.points IS 'Points earned less those taken back.';
COMMENT ON COLUMN deferred_revenue.revenue IS 'Revenue on which they were earned: points / earn_per_unit; NULL where nothing is earned by spending, and without a rate.';
COMMENT ON COLUMN deferred_revenue.points_value IS 'What the points are worth alone: points * point_value * (1 - breakage).';
COMMENT ON COLUMN deferred_revenue.revenue_for_goods IS 'Part of the revenue that is for the goods.';
COMMENT ON COLUMN deferred_revenue.revenue_for_points IS 'Part of the revenue that is for the points.';
COMMENT ON COLUMN deferred_revenue.points_expected IS 'Points that are expected to be redeemed in all: points * (1 - breakage), at most those that are redeemed or still can be.';
COMMENT ON COLUMN deferred_revenue.redeemed IS 'Points redeemed less those given back.';
COMMENT ON COLUMN deferred_revenue.recognised_share IS 'These as a part of the points expected, at most 1; 1 where no point is left.';
COMMENT ON COLUMN deferred_revenue.recognised IS 'That part of the revenue for points: what counts as revenue by now.';
COMMENT ON COLUMN deferred_revenue.deferred IS 'The rest: what is still owed to customers in goods.';
COMMENT ON COLUMN deferred_revenue.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN deferred_revenue.currency IS 'Base currency, which money is in.';
