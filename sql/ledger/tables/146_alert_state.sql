-- Written by refresh; nothing else writes it.  What the last refresh has found is
-- the only thing here that remembers earlier ones: since when it is so.
CREATE TABLE alert_state (
  alert text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  value numeric(38,6) NOT NULL,
  threshold numeric(38,6) NOT NULL,
  crossed boolean NOT NULL,
  since_on date NOT NULL,
  since_run bigint NOT NULL,
  PRIMARY KEY (alert, subject)
);

COMMENT ON TABLE alert_state IS
'Thresholds that are crossed, or were until the report day, one row an alert and subject; as of the last refresh.';
COMMENT ON COLUMN alert_state.alert IS 'What is watched: the setting alert_ and this name has the threshold.';
COMMENT ON COLUMN alert_state.subject IS 'Of what: a product, a survey, a bucket, or (all).';
COMMENT ON COLUMN alert_state.value IS 'Value on the report day.';
COMMENT ON COLUMN alert_state.threshold IS 'Threshold.';
COMMENT ON COLUMN alert_state.crossed IS 'Whether it is crossed.';
COMMENT ON COLUMN alert_state.since_on IS 'Report day of the refresh since which it is so.';
COMMENT ON COLUMN alert_state.since_run IS 'Number of that refresh.';
