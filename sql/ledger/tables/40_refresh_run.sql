-- The log of refresh, one row a step.  The rows of the last run say which day
-- the computed tables and the views over them are for.
CREATE TABLE refresh_run (
  run_id bigint NOT NULL,
  step text NOT NULL,
  as_of date NOT NULL,
  as_of_at timestamptz NOT NULL,
  started_at timestamptz NOT NULL,
  finished_at timestamptz NOT NULL,
  rows_changed bigint NOT NULL,
  PRIMARY KEY (run_id, step)
);

COMMENT ON TABLE refresh_run IS
'Log of refresh, one row a run and step; old runs may be deleted, the last one says what day the reports are for.';
COMMENT ON COLUMN refresh_run.run_id IS
'Number of the run, from 1.';
COMMENT ON COLUMN refresh_run.step IS
'What was computed.';
COMMENT ON COLUMN refresh_run.as_of IS
'Day of as_of_at in the ledger''s time zone.';
COMMENT ON COLUMN refresh_run.as_of_at IS
'Instant up to which facts were read.';
COMMENT ON COLUMN refresh_run.started_at IS
'When the step began.';
COMMENT ON COLUMN refresh_run.finished_at IS
'When the step ended.';
COMMENT ON COLUMN refresh_run.rows_changed IS
'Rows inserted, updated and deleted; 0 when nothing was new.';
