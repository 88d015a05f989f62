-- What the computed tables, and the views over them, are for.
CREATE VIEW last_refresh WITH (security_invoker = true) AS
SELECT r.run_id, r.as_of, r.as_of_at, max(r.finished_at) AS finished_at,
       sum(r.rows_changed)::bigint AS rows_changed
FROM refresh_run r
WHERE r.run_id = (SELECT max(run_id) FROM refresh_run)
GROUP BY r.run_id, r.as_of, r.as_of_at;

COMMENT ON VIEW last_refresh IS
'The last refresh, one row; none before the first.';
COMMENT ON COLUMN last_refresh.run_id IS
'Number of the run.';
COMMENT ON COLUMN last_refresh.as_of IS
'Day that the reports are for, in the ledger''s time zone.';
COMMENT ON COLUMN last_refresh.as_of_at IS
'Instant up to which facts were read.';
COMMENT ON COLUMN last_refresh.finished_at IS
'When it ended.';
COMMENT ON COLUMN last_refresh.rows_changed IS
'Rows inserted, updated and deleted.';
