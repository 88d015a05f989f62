-- All classes of clv_calibration together, ratios being ratios of the sums.
CREATE VIEW clv_calibration_total WITH (security_invoker = true) AS
SELECT
  c.model COLLATE "default" AS model, c.calibration_end, c.holdout_end,
  sum(c.customers)::bigint
    AS customers,
  round(sum(c.actual_purchases) / nullif(sum(c.customers), 0), 6)
    AS actual_purchases,
  round(sum(c.predicted_purchases) / nullif(sum(c.customers), 0), 6)
    AS predicted_purchases,
  round(sum(c.absolute_error) / nullif(sum(c.customers), 0), 6)
    AS mean_absolute_error,
  round(sum(c.predicted_purchases) / nullif(sum(c.actual_purchases), 0) - 1, 6)
    AS bias_rate,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 m.name, m.name_zh, c.model COLLATE "default")
    AS model_name
FROM model_calibration c
LEFT JOIN term m ON m.kind = 'model' AND m.code = c.model
GROUP BY c.model, c.calibration_end, c.holdout_end, m.name, m.name_zh;

COMMENT ON VIEW clv_calibration_total IS
'Predictions held against what came, of all customers, as of the last refresh, one row or none.';
COMMENT ON COLUMN clv_calibration_total.model IS 'Model of purchases, as setting clv_model names it.';
COMMENT ON COLUMN clv_calibration_total.calibration_end IS 'Last day of the orders that the model was fitted to.';
COMMENT ON COLUMN clv_calibration_total.holdout_end IS 'Last day of the orders that it was held against.';
COMMENT ON COLUMN clv_calibration_total.customers IS 'Customers with an order by calibration_end.';
COMMENT ON COLUMN clv_calibration_total.actual_purchases IS 'Days with an order a customer after it, 6 decimals.';
COMMENT ON COLUMN clv_calibration_total.predicted_purchases IS 'The same as predicted.';
COMMENT ON COLUMN clv_calibration_total.mean_absolute_error IS 'Mean of the distance between the two, customer by customer.';
COMMENT ON COLUMN clv_calibration_total.bias_rate IS 'Predicted against actual days, 0.1 for 10 % too many; NULL where there was none.';
COMMENT ON COLUMN clv_calibration_total.model_name IS 'Name of the model.';
