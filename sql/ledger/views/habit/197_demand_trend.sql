-- Where demand goes: the lines of demand_line, with names.
CREATE VIEW demand_trend WITH (security_invoker = true) AS
SELECT
  CASE d.dimension WHEN '(product)' THEN 'product'
    WHEN '(segment)' THEN 'segment'
    ELSE d.dimension COLLATE "default" END AS dimension,
  d.code COLLATE "default" AS code, d.measure COLLATE "default" AS measure,
  (d.last_month - (d.months - 1) * interval '1 month')::date AS from_month,
  d.last_month AS to_month, d.months, d.mean_value, d.last_value, d.slope,
  d.slope_low, d.slope_high, d.trend COLLATE "default" AS trend, d.next_value,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 coalesce(p.name, t.name, e.name),
                 coalesce(p.name_zh, t.name_zh, e.name_zh),
                 d.code COLLATE "default") AS code_name,
  (SELECT as_of FROM last_refresh) AS as_of,
  CASE d.measure WHEN 'revenue'
    THEN (SELECT value FROM setting WHERE key = 'base_currency') END
    AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 m.name, m.name_zh, d.dimension COLLATE "default")
    AS dimension_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh, d.measure COLLATE "default")
    AS measure_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 r.name, r.name_zh, d.trend COLLATE "default")
    AS trend_name
FROM demand_line d
LEFT JOIN product p ON d.dimension = '(product)' AND p.code = d.code
LEFT JOIN term t
  ON d.dimension = '(segment)' AND t.kind = 'segment' AND t.code = d.code
LEFT JOIN tier e ON e.scheme = d.dimension AND e.code = d.code
LEFT JOIN term m ON m.kind = 'dimension' AND m.code = d.dimension
LEFT JOIN term w ON w.kind = 'measure' AND w.code = d.measure
LEFT JOIN term r ON r.kind = 'trend' AND r.code = d.trend;

COMMENT ON VIEW demand_trend IS
'Trend of what is sold in the last complete months (setting trend_months), as of the last refresh, one row a product, segment or tier and measure.';
COMMENT ON COLUMN demand_trend.dimension IS 'product, segment (of RFM), or a tier scheme; segments and tiers are those that the customers are in now.';
COMMENT ON COLUMN demand_trend.code IS 'Product, segment or tier; (unknown) for none.';
COMMENT ON COLUMN demand_trend.measure IS 'quantity or revenue of a product, orders or revenue of a segment or tier.';
COMMENT ON COLUMN demand_trend.from_month IS 'First month of the line: that of the window, or where that is later the first in which anything was ever sold.';
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
COMMENT ON COLUMN demand_trend.dimension_name IS 'Name of the dimension.';
COMMENT ON COLUMN demand_trend.measure_name IS 'Name of the measure.';
COMMENT ON COLUMN demand_trend.trend_name IS 'Name of the trend.';
