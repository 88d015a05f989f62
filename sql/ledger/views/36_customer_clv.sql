-- Lifetime value, the three ways side by side.  All are margin: what a customer
-- costs is not in them, because nobody knows what it will be.
CREATE VIEW customer_clv WITH (security_invoker = true) AS
SELECT
  s.customer_id, s.as_of, s.margin AS clv_historic, s.clv_formula,
  s.clv_predictive, s.p_alive, s.expected_purchases, s.expected_value,
  s.clv_predictive - s.margin AS potential,
  coalesce(m.model, CASE WHEN f.used THEN f.model END) AS purchase_model,
  f.retention_rate, f.horizon_months, f.discount_rate
FROM customer_snapshot s
LEFT JOIN clv_model f ON f.as_of = s.as_of AND f.model = 'closed_form'
LEFT JOIN clv_model m
  ON m.as_of = s.as_of AND m.model IN ('bgnbd', 'mbgnbd', 'pareto_nbd')
     AND m.used
WHERE s.as_of = (SELECT as_of FROM last_refresh);

COMMENT ON VIEW customer_clv IS
'What each customer has been and will be worth, as of the last refresh, one row a customer who bought, cost something or was acquired.';
COMMENT ON COLUMN customer_clv.customer_id IS
'Customer.';
COMMENT ON COLUMN customer_clv.as_of IS
'Day that the row is for.';
COMMENT ON COLUMN customer_clv.clv_historic IS
'Value so far: margin to date, in base currency.';
COMMENT ON COLUMN customer_clv.clv_formula IS
'Value to come by the closed form: the margin of the last year goes on, month by month, for the horizon, less those who leave, discounted, in base currency; NULL without an order or a retention rate.';
COMMENT ON COLUMN customer_clv.clv_predictive IS
'Value to come by the fitted models: margin of the purchases expected within the horizon, discounted month by month, in base currency; where a model could not be fitted, the value by the closed form; NULL without an order, or where setting clv_model is none.';
COMMENT ON COLUMN customer_clv.p_alive IS
'Probability that the customer is still a customer, 0..1; NULL without an order or a fitted model.';
COMMENT ON COLUMN customer_clv.expected_purchases IS
'Days with an order expected within the horizon; NULL without an order or a fitted model.';
COMMENT ON COLUMN customer_clv.expected_value IS
'Revenue expected of such a day, in base currency; NULL without an order or a fitted model.';
COMMENT ON COLUMN customer_clv.potential IS
'What is still to come beyond the value so far: clv_predictive less clv_historic, in base currency, negative for customers past their best; NULL where clv_predictive is.';
COMMENT ON COLUMN customer_clv.purchase_model IS
'Model of purchases that was used, closed_form where none could be fitted; NULL where setting clv_model is none.';
COMMENT ON COLUMN customer_clv.retention_rate IS
'Yearly retention rate of the closed form, 0..1; NULL when it is not known.';
COMMENT ON COLUMN customer_clv.horizon_months IS
'Months looked ahead.';
COMMENT ON COLUMN customer_clv.discount_rate IS
'Yearly rate at which money to come is discounted.';
