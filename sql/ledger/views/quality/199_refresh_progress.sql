-- Where a refresh is, while it runs: what it writes cannot be seen yet, but its
-- lock and its application_name can (see crmcost._tell_step).  Whoever holds the
-- lock is a row, also where it does something else than the steps of a refresh.
CREATE VIEW refresh_progress WITH (security_invoker = true) AS
WITH ledger_lock (key) AS (
  SELECT hashtextextended('crmcost.refresh ' || (n.nspname COLLATE "default"),
                          0)
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = 'refresh_run'::regclass
),
holder AS (
  SELECT l.pid
  FROM ledger_lock k
  JOIN pg_locks l
    ON l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
       AND l.classid::bigint = (k.key >> 32) & 4294967295
       AND l.objid::bigint = k.key & 4294967295
       AND l.database = (SELECT d.oid FROM pg_database d
                         WHERE d.datname = current_database())
),
session AS (
  SELECT a.pid, a.usename AS role_name, a.xact_start AS began_at,
         regexp_match(a.application_name,
                      '^crmcost .*: ([1-9]\d?\d?)/([1-9]\d?\d?) (\w+) since (\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)Z$') AS part
  FROM holder h
  JOIN pg_stat_activity a ON a.pid = h.pid
),
progress AS (
  SELECT s.pid, s.role_name, s.began_at, s.part[3] AS step,
         s.part[1]::integer AS step_number, s.part[2]::integer AS steps,
         -- for any digits, because anybody may write them
         (timestamp '2000-01-01'
          + make_interval(s.part[4]::integer - 2000, s.part[5]::integer - 1, 0,
                          s.part[6]::integer - 1, s.part[7]::integer,
                          s.part[8]::integer, s.part[9]::double precision))
           AT TIME ZONE 'UTC' AS step_began_at
  FROM session s
),
-- the last run that had all its steps
last_run AS (
  SELECT r.step, r.started_at,
         extract(epoch FROM r.finished_at - r.started_at) AS seconds
  FROM refresh_run r
  WHERE r.run_id = (SELECT max(run_id) FROM refresh_run WHERE step <> 'none')
),
expected AS (
  SELECT p.pid, sum(r.seconds) AS seconds,
         sum(r.seconds) FILTER (WHERE r.started_at < this.started_at) AS before,
         min(this.seconds) AS step_seconds
  FROM progress p
  JOIN last_run this ON this.step = p.step
  CROSS JOIN last_run r
  GROUP BY p.pid
)
SELECT p.pid, p.role_name::text AS role_name, p.began_at, p.step, p.step_number, p.steps,
       p.step_began_at,
       round(CASE WHEN e.seconds > 0
               THEN (coalesce(e.before, 0)
                     + least(greatest(
                         extract(epoch FROM clock_timestamp()
                                            - p.step_began_at), 0),
                             e.step_seconds)) / e.seconds
               ELSE (p.step_number - 1)::numeric / p.steps
             END, 6) AS share_done,
       round(e.step_seconds, 1) AS step_seconds_before,
       round(e.seconds, 1) AS seconds_before
FROM progress p
LEFT JOIN expected e ON e.pid = p.pid;

COMMENT ON VIEW refresh_progress IS
'The session that computes the ledger now, one row while one does, seen from any other session.';
COMMENT ON COLUMN refresh_progress.pid IS
'Server process; pg_cancel_backend(pid) ends the work, and all stays as it was.';
COMMENT ON COLUMN refresh_progress.role_name IS
'Role it is connected as.';
COMMENT ON COLUMN refresh_progress.began_at IS
'When its transaction began; NULL for readers who may not see that of the role (see pg_read_all_stats).';
COMMENT ON COLUMN refresh_progress.step IS
'Step that is computed; NULL before the first, after the last and in other work than that of a refresh.';
COMMENT ON COLUMN refresh_progress.step_number IS
'Number of the step, from 1.';
COMMENT ON COLUMN refresh_progress.steps IS
'Number of steps.';
COMMENT ON COLUMN refresh_progress.step_began_at IS
'When the step began, to the second.';
COMMENT ON COLUMN refresh_progress.share_done IS
'Part of the work that is done, 0 to 1, if steps take the parts of the time that they took in the last run, or in none equal ones.';
COMMENT ON COLUMN refresh_progress.step_seconds_before IS
'What the step took in the last run, in seconds; NULL where that is not known.';
COMMENT ON COLUMN refresh_progress.seconds_before IS
'What all steps took in the last run, in seconds; NULL where that is not known.';
