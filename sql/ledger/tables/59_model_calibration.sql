-- Computed by refresh; nothing else writes it.  It holds for a whole month, since
-- the hold-out ends with the last complete one.
CREATE TABLE model_calibration (
  frequency_class text COLLATE "C" NOT NULL PRIMARY KEY,
  model text COLLATE "C" NOT NULL,
  calibration_end date NOT NULL,
  holdout_end date NOT NULL,
  customers bigint NOT NULL,
  actual_purchases bigint NOT NULL,
  predicted_purchases numeric(38,6) NOT NULL,
  absolute_error numeric(38,6) NOT NULL,
  fitted text NOT NULL
);

COMMENT ON TABLE model_calibration IS
'Predictions of the model of purchases held against what came, one row a class of customers, as of the last refresh; empty where it cannot be done.';
COMMENT ON COLUMN model_calibration.frequency_class IS 'Days with an order after the first, until calibration_end: 0 to 6, or 7+.';
COMMENT ON COLUMN model_calibration.model IS 'Model of purchases.';
COMMENT ON COLUMN model_calibration.calibration_end IS 'Last day of the orders that the model was fitted to.';
COMMENT ON COLUMN model_calibration.holdout_end IS 'Last day of the orders that it was held against.';
COMMENT ON COLUMN model_calibration.customers IS 'Customers with an order by calibration_end.';
COMMENT ON COLUMN model_calibration.actual_purchases IS 'Days with an order after it, by holdout_end, of all of them.';
COMMENT ON COLUMN model_calibration.predicted_purchases IS 'The same as predicted.';
COMMENT ON COLUMN model_calibration.absolute_error IS 'Sum of the distances between the two, customer by customer, each to 6 decimals.';
COMMENT ON COLUMN model_calibration.fitted IS 'The model as it was fitted, in the form of its type.';
