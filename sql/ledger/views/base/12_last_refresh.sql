-- What the computed tables, and the views over them, are for.
--
-- What has no rate when its month is closed comes late: the first open month has all
-- of that.  A closed month keeps saying so, also once there is a rate; so what sums
-- up months that hold the first open one asks the months from open_from on.
CREATE VIEW last_refresh WITH (security_invoker = true) AS
SELECT r.run_id, r.as_of, r.as_of_at,
       (SELECT max(s.finished_at) FROM refresh_run s
        WHERE s.run_id = r.run_id) AS finished_at,
       (SELECT sum(s.rows_changed)::bigint FROM refresh_run s
        WHERE s.run_id = r.run_id) AS rows_changed,
       (SELECT o.month_start FROM open_month o) AS open_from
-- one row, as the planner sees too
FROM (SELECT run_id, as_of, as_of_at FROM refresh_run
      ORDER BY run_id DESC LIMIT 1) r;

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
COMMENT ON COLUMN last_refresh.open_from IS
'First day of the month after the closed ones, also where one was closed since; 1800-01-01 where none is.';
