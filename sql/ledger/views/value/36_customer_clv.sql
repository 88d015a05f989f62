-- Lifetime value, the three ways side by side.  All are margin: what a
-- customer costs is not in them, because nobody knows what it will be.  The
-- two predictions are of what is still to come; what was is historic.
CREATE VIEW customer_clv WITH (security_invoker = true) AS
SELECT
  v.customer_id, r.as_of, v.margin AS historic, s.clv_formula,
  s.clv_predictive, s.p_alive, s.expected_purchases, s.expected_value,
  coalesce(s.clv_predictive, s.clv_formula) AS potential,
  v.margin + coalesce(s.clv_predictive, s.clv_formula) AS total_value,
  k.model AS purchase_model,
  round(f.retention_rate, 6) AS retention_rate, f.horizon_months,
  f.discount_rate,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh, k.model)
    AS purchase_model_name
FROM customer_value v
JOIN customer_score s ON s.customer_id = v.customer_id
CROSS JOIN last_refresh r
LEFT JOIN clv_model f ON f.as_of = r.as_of AND f.model = 'closed_form'
LEFT JOIN clv_model m
  ON m.as_of = r.as_of AND m.model IN ('bgnbd', 'mbgnbd', 'pareto_nbd')
     AND m.used
CROSS JOIN LATERAL (
  VALUES (coalesce(m.model, CASE WHEN f.used THEN f.model END))) AS k (model)
LEFT JOIN term w ON w.kind = 'model' AND w.code = k.model;

COMMENT ON VIEW customer_clv IS
'Lifetime value, as of the last refresh, one row a customer of customer_profit.';
COMMENT ON COLUMN customer_clv.customer_id IS 'Customer.';
COMMENT ON COLUMN customer_clv.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN customer_clv.historic IS 'Margin so far.';
COMMENT ON COLUMN customer_clv.clv_formula IS 'Value still to come by the closed form: margin of the last twelve complete months, continued over the months of clv_horizon at the retention rate and discounted; NULL without an order or a retention rate.';
COMMENT ON COLUMN customer_clv.clv_predictive IS 'Value still to come by the models: margin of the purchases expected in the months of clv_horizon, discounted; the same as clv_formula where a model could not be fitted; NULL without an order, or where clv_model is none.';
COMMENT ON COLUMN customer_clv.p_alive IS 'Probability that the customer is still a customer, 0..1; NULL without an order or a fitted model of purchases.';
COMMENT ON COLUMN customer_clv.expected_purchases IS 'Days with an order expected in the months of clv_horizon; NULL likewise.';
COMMENT ON COLUMN customer_clv.expected_value IS 'Revenue expected of such a day; NULL without an order or a fitted model of spend.';
COMMENT ON COLUMN customer_clv.potential IS 'Value still to come: clv_predictive, else clv_formula; NULL where neither is known.';
COMMENT ON COLUMN customer_clv.total_value IS 'Margin so far and value still to come; NULL where that is not known.';
COMMENT ON COLUMN customer_clv.purchase_model IS 'Model of purchases that was used, closed_form where none could be fitted; NULL where setting clv_model is none.';
COMMENT ON COLUMN customer_clv.retention_rate IS 'Yearly retention rate of the closed form, 0..1, 6 decimals; NULL when it is not known.';
COMMENT ON COLUMN customer_clv.horizon_months IS 'Months looked ahead.';
COMMENT ON COLUMN customer_clv.discount_rate IS 'Yearly rate at which future money is discounted.';
COMMENT ON COLUMN customer_clv.currency IS 'Base currency, which all money here is in.';
COMMENT ON COLUMN customer_clv.purchase_model_name IS 'Name of the model of purchases.';
