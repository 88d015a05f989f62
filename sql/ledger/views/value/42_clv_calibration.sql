-- How good the model of purchases would have been: fitted to the orders until
-- calibration_end, and asked what the same customers did until holdout_end,
-- the end of the last complete month.
CREATE VIEW clv_calibration WITH (security_invoker = true) AS
SELECT
  c.frequency_class COLLATE "default" AS frequency_class,
  c.model COLLATE "default" AS model, c.calibration_end, c.holdout_end,
  c.customers,
  round(c.actual_purchases::numeric / c.customers, 6)
    AS actual_purchases,
  round(c.predicted_purchases / c.customers, 6)
    AS predicted_purchases,
  round(c.absolute_error / c.customers, 6)
    AS mean_absolute_error,
  round(c.predicted_purchases / nullif(c.actual_purchases, 0) - 1, 6)
    AS bias_rate,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 m.name, m.name_zh, c.model COLLATE "default")
    AS model_name
FROM model_calibration c
LEFT JOIN term m ON m.kind = 'model' AND m.code = c.model;

COMMENT ON VIEW clv_calibration IS
'Predictions held against what came, as of the last refresh, one row a class of customers; none without a year of orders or a model. clv_calibration_total has the sum.';
COMMENT ON COLUMN clv_calibration.frequency_class IS 'Days with an order after the first, until calibration_end: 0 to 6, or 7+.';
COMMENT ON COLUMN clv_calibration.model IS 'Model of purchases, as setting clv_model names it.';
COMMENT ON COLUMN clv_calibration.calibration_end IS 'Last day of the orders that the model was fitted to.';
COMMENT ON COLUMN clv_calibration.holdout_end IS 'Last day of the orders that it was held against.';
COMMENT ON COLUMN clv_calibration.customers IS 'Customers with an order by calibration_end.';
COMMENT ON COLUMN clv_calibration.actual_purchases IS 'Days with an order a customer after it, 6 decimals.';
COMMENT ON COLUMN clv_calibration.predicted_purchases IS 'The same as predicted.';
COMMENT ON COLUMN clv_calibration.mean_absolute_error IS 'Mean of the distance between the two, customer by customer.';
COMMENT ON COLUMN clv_calibration.bias_rate IS 'Predicted against actual days, 0.1 for 10 % too many; NULL where there was none.';
COMMENT ON COLUMN clv_calibration.model_name IS 'Name of the model.';
