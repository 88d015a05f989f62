-- What the models expect of a group: its customers' expectations, added up.
CREATE VIEW purchase_forecast WITH (security_invoker = true) AS
SELECT
  CASE f.dimension WHEN '(segment)' THEN 'segment'
    ELSE f.dimension COLLATE "default" END AS dimension,
  f.code COLLATE "default" AS code, f.customers, f.predicted_customers,
  f.expected_alive, h.months AS horizon_months, f.expected_purchases,
  round(f.expected_purchases / h.months, 4) AS purchases_a_month,
  f.expected_revenue, f.expected_margin,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 coalesce(t.name, e.name), coalesce(t.name_zh, e.name_zh),
                 f.code COLLATE "default") AS code_name,
  (SELECT as_of FROM last_refresh) AS as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 d.name, d.name_zh, f.dimension COLLATE "default")
    AS dimension_name
FROM group_forecast f
CROSS JOIN (SELECT value::integer AS months FROM setting
            WHERE key = 'clv_horizon') h
LEFT JOIN term t
  ON f.dimension = '(segment)' AND t.kind = 'segment' AND t.code = f.code
LEFT JOIN tier e ON e.scheme = f.dimension AND e.code = f.code
LEFT JOIN term d ON d.kind = 'dimension' AND d.code = f.dimension;

COMMENT ON VIEW purchase_forecast IS
'What the models expect of the customers of a segment or tier within clv_horizon months, as of the last refresh, one row a segment or tier with customers who bought.';
COMMENT ON COLUMN purchase_forecast.dimension IS 'segment (of RFM), or a tier scheme.';
COMMENT ON COLUMN purchase_forecast.code IS 'Segment or tier; (unknown) for none.';
COMMENT ON COLUMN purchase_forecast.customers IS 'Customers who bought.';
COMMENT ON COLUMN purchase_forecast.predicted_customers IS 'Those of them for whom a model of purchases was fitted.';
COMMENT ON COLUMN purchase_forecast.expected_alive IS 'How many of these are still customers: the sum of p_alive, 4 decimals; NULL without a model.';
COMMENT ON COLUMN purchase_forecast.horizon_months IS 'Setting clv_horizon: months looked ahead.';
COMMENT ON COLUMN purchase_forecast.expected_purchases IS 'Days with an order expected in these months, 4 decimals; NULL likewise.';
COMMENT ON COLUMN purchase_forecast.purchases_a_month IS 'The same a month, 4 decimals; NULL likewise.';
COMMENT ON COLUMN purchase_forecast.expected_revenue IS 'Revenue expected of them, not discounted, 4 decimals; NULL without models of purchases and spend.';
COMMENT ON COLUMN purchase_forecast.expected_margin IS 'Value still to come: predicted margin, discounted, by the models, else by the closed form; NULL without either.';
COMMENT ON COLUMN purchase_forecast.code_name IS 'Name of the segment or tier; its code where it has none.';
COMMENT ON COLUMN purchase_forecast.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN purchase_forecast.currency IS 'Base currency, which all money here is in.';
COMMENT ON COLUMN purchase_forecast.dimension_name IS 'Name of the dimension.';
