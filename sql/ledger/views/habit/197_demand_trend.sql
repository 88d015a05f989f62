-- Where demand goes: a straight line through the complete months of the window,
-- from the first one with anything in it, a month without anything being 0.  With
-- k the number of a month and y its figure,
--
--   slope (sum(k y) - mean(k) sum(y)) / sum((k - mean(k))^2), and for n months
--   k in a row the divisor is n (n^2 - 1) / 12
--
-- and the interval of the slope is that of least squares, by Student's
-- distribution with n - 2 degrees of freedom.
CREATE VIEW demand_trend WITH (security_invoker = true) AS
WITH bound AS (
  SELECT 12 * date_part('year', m.last_month)::integer
           + date_part('month', m.last_month)::integer AS last,
         s.value::integer AS months, m.last_month, r.as_of
  FROM last_refresh r
  CROSS JOIN LATERAL (VALUES (crmcost._last_complete_month(r.as_of)))
    AS m (last_month)
  JOIN setting s ON s.key = 'trend_months'
),
month AS (
  SELECT d.dimension, d.code, d.measure, d.y,
         12 * date_part('year', d.month_start)::integer
           + date_part('month', d.month_start)::integer AS k
  FROM (
    SELECT 'product'::text AS dimension, p.product_code AS code, k.measure,
           k.y, p.month_start
    FROM (SELECT product_code, month_start, sum(quantity) AS quantity,
                 sum(revenue) AS revenue
          FROM sale_month
          WHERE month_start > (SELECT last_month - make_interval(months => months)
                               FROM bound)
          GROUP BY product_code, month_start) p
    CROSS JOIN LATERAL (VALUES ('quantity', p.quantity),
                               ('revenue', p.revenue)) AS k (measure, y)
    UNION ALL
    SELECT CASE g.dimension WHEN '(segment)' THEN 'segment'
             ELSE g.dimension COLLATE "default" END, g.code, k.measure, k.y,
           g.month_start
    FROM group_month g
    CROSS JOIN LATERAL (VALUES ('orders', g.orders::numeric),
                               ('revenue', g.revenue)) AS k (measure, y)
    WHERE g.dimension NOT IN ('(acquisition)', '(cohort)')
  ) d
),
sums AS (
  SELECT m.dimension, m.code, m.measure, b.last, b.last_month, b.as_of,
         b.last - min(m.k) + 1 AS n, (min(m.k) + b.last) / 2.0 AS mean_k,
         sum(m.y) AS y, sum(m.y * m.y) AS yy, sum(m.k * m.y) AS ky,
         coalesce(sum(m.y) FILTER (WHERE m.k = b.last), 0) AS last_y
  FROM month m
  JOIN bound b ON m.k <= b.last AND m.k > b.last - b.months
  GROUP BY m.dimension, m.code, m.measure, b.last, b.last_month, b.as_of
),
line AS (
  SELECT s.*, s.y / s.n AS mean_y,
         (s.ky - s.mean_k * s.y) * 12 / nullif(s.n * (s.n * s.n - 1.0), 0)
           AS slope
  FROM sums s
),
fit AS (
  SELECT l.*,
         sqrt(greatest(l.yy - l.y * l.y / l.n
                       - l.slope * (l.ky - l.mean_k * l.y), 0)
              / nullif(l.n - 2, 0) * 12
              / nullif(l.n * (l.n * l.n - 1.0), 0))::float8
           * crmcost._student_quantile(greatest(l.n - 2, 1)) AS half
  FROM line l
)
SELECT
  f.dimension, f.code COLLATE "default" AS code, f.measure,
  (f.last_month - (f.n - 1) * interval '1 month')::date AS from_month,
  f.last_month AS to_month, f.n AS months, round(f.mean_y, 6) AS mean_value,
  round(f.last_y, 6) AS last_value, round(f.slope, 6) AS slope,
  round((f.slope::float8 - f.half)::numeric, 6) AS slope_low,
  round((f.slope::float8 + f.half)::numeric, 6) AS slope_high,
  CASE WHEN f.half IS NULL THEN '(unknown)'
       WHEN f.slope::float8 - f.half > 0 THEN 'rising'
       WHEN f.slope::float8 + f.half < 0 THEN 'falling'
       ELSE 'steady' END AS trend,
  round(f.mean_y + f.slope * (f.last + 1 - f.mean_k), 6) AS next_value,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 coalesce(p.name, t.name, e.name),
                 coalesce(p.name_zh, t.name_zh, e.name_zh),
                 f.code COLLATE "default") AS code_name,
  f.as_of,
  CASE f.measure WHEN 'revenue'
    THEN (SELECT value FROM setting WHERE key = 'base_currency') END
    AS currency
FROM fit f
LEFT JOIN product p ON f.dimension = 'product' AND p.code = f.code
LEFT JOIN term t
  ON f.dimension = 'segment' AND t.kind = 'segment' AND t.code = f.code
LEFT JOIN tier e ON e.scheme = f.dimension AND e.code = f.code;

COMMENT ON VIEW demand_trend IS
'Trend of what is sold in the last complete months (setting trend_months), as of the last refresh, one row a product, segment or tier and measure.';
COMMENT ON COLUMN demand_trend.dimension IS 'product, segment (of RFM), or a tier scheme; segments and tiers are those that the customers are in now.';
COMMENT ON COLUMN demand_trend.code IS 'Product, segment or tier; (unknown) for none.';
COMMENT ON COLUMN demand_trend.measure IS 'quantity or revenue of a product, orders or revenue of a segment or tier.';
COMMENT ON COLUMN demand_trend.from_month IS 'First month of the line: of the window, or the first with anything in it.';
COMMENT ON COLUMN demand_trend.to_month IS 'Last complete month.';
COMMENT ON COLUMN demand_trend.months IS 'Months from the one to the other; one without anything counts as 0.';
COMMENT ON COLUMN demand_trend.mean_value IS 'Mean of a month, 6 decimals.';
COMMENT ON COLUMN demand_trend.last_value IS 'That of the last month.';
COMMENT ON COLUMN demand_trend.slope IS 'Change a month, by least squares, 6 decimals; NULL for a single month.';
COMMENT ON COLUMN demand_trend.slope_low IS 'Lower end of its 95 % confidence interval; NULL with less than three months.';
COMMENT ON COLUMN demand_trend.slope_high IS 'Upper end likewise.';
COMMENT ON COLUMN demand_trend.trend IS 'rising or falling where the interval is above or below 0, steady where it holds 0, (unknown) without one.';
COMMENT ON COLUMN demand_trend.next_value IS 'What the line says of the next month, 6 decimals; NULL for a single month.';
COMMENT ON COLUMN demand_trend.code_name IS 'Name of the product, segment or tier; its code where it has none.';
COMMENT ON COLUMN demand_trend.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN demand_trend.currency IS 'Base currency where the measure is revenue; NULL otherwise.';
