-- crmcost.refresh() computes what dashboards read, step by step.  A step looks at
-- the customers and months with news and writes only rows that differ.
--
-- Everybody's rows are read and written, whatever policies there are: a role
-- that a policy holds back gets an error, not figures of what it may see.
CREATE FUNCTION crmcost._refresh_steps() RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{redemption, news, lineage, line, order, day, activity, case,
         journey, cost, flow, value, clv, calibration, score, stage,
         tier, class, cycle, stay, signal, group, detail, funnel,
         exposure, acquisition, campaign, lead, loyalty, member,
         tier_month, service, voice, coverage, alert, policy, year,
         statistics, total, response, need, worklist, quality,
         snapshot, attribute, plans}'::text[];

COMMENT ON FUNCTION crmcost._refresh_steps() IS
  'The steps of a refresh, in their order; each is a function crmcost._refresh_ and its name.';

-- The steps, in the transaction of the caller, which has the ledger.  The work
-- tables are left, for who wants to know what was written.
CREATE FUNCTION crmcost._compute(ledger name, as_of timestamptz,
                                 whole boolean)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
  SET datestyle = iso           -- of what is kept as text
  SET standard_conforming_strings = on
  SET extra_float_digits = 1    -- of numbers that go on as text
  SET jit = off                 -- compiles each partition, and gains nothing
  SET enable_memoize = off      -- keeps what is asked for once: orders, customers
  SET hash_mem_multiplier = 1   -- work_mem is much here: that of building an index
  SET default_statistics_target = 20    -- for joins by keys
  SET application_name = crmcost        -- until here ends: _tell_step sets it
  SET crmcost.gather = off              -- and this: the first line below
AS $$
#variable_conflict use_variable
DECLARE
  run crmcost._run;
  run_number bigint;
  steps text[];
  step text;
  started timestamptz;
  changed bigint;
BEGIN
  PERFORM crmcost._gather(ledger);
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  run := crmcost._begin_run(ledger, as_of, whole);
  PERFORM crmcost._tell_day(run);
  SELECT coalesce(max(r.run_id), 0) + 1 INTO run_number FROM refresh_run r;
  steps := '{none}';
  IF crmcost._has_news(run) THEN
    steps := crmcost._refresh_steps();
    PERFORM crmcost._analyze_facts(ledger);
  END IF;
  FOREACH step IN ARRAY steps LOOP
    started := clock_timestamp();
    PERFORM crmcost._tell_step(ledger, steps, step, started);
    changed := crmcost._run_step(run, step);
    PERFORM crmcost._trim_memory();   -- what each leaves in pieces would add up
    INSERT INTO refresh_run (run_id, step, as_of, as_of_at, started_at,
                             finished_at, rows_changed)
      VALUES (run_number, step, run.day, run.upto, started,
              clock_timestamp(), changed);
    RAISE NOTICE 'refresh of "%" as of %: %, % rows changed, % s', ledger,
      run.day, step, changed,
      round(extract(epoch FROM clock_timestamp() - started), 2);
  END LOOP;
  PERFORM crmcost._end_run(run);
  PERFORM crmcost._end_parts(ledger);
  PERFORM crmcost._leave_gather(ledger);
END
$$;

COMMENT ON FUNCTION crmcost._compute(name, timestamptz, boolean) IS
  'Runs the steps of a refresh, for all of a ledger or for what changed.';

-- What other sessions can see of a transaction at work, at once and whoever they
-- are, is its application_name in pg_stat_activity: 63 bytes, of which all beyond
-- ASCII is replaced.  View refresh_progress reads the end of it, and finds the
-- ledger by its lock; so the name of a ledger may be cut.
CREATE FUNCTION crmcost._tell_step(ledger name, steps text[], step text,
                                   started timestamptz)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  progress CONSTANT text := format(': %s/%s %s since %sZ',
    array_position(steps, step), cardinality(steps), step,
    to_char(started AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'));
BEGIN
  PERFORM set_config('application_name',
    left('crmcost ' || regexp_replace(ledger, '[^ -~]', '?', 'g'),
         63 - length(progress)) || progress, true);
END
$$;

COMMENT ON FUNCTION crmcost._tell_step(name, text[], text, timestamptz) IS
  'Says in application_name which step of a refresh begins, for view refresh_progress.';

CREATE FUNCTION crmcost._has_news(run crmcost._run) RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  RETURN run.whole OR run.upto <> run.upto_before
         OR EXISTS (SELECT FROM touched);
END
$$;

COMMENT ON FUNCTION crmcost._has_news(crmcost._run) IS
  'Whether a refresh has anything to do.';

-- Facts that were just loaded are read with plans for a few rows, which take a
-- time that grows with the square of them; and no autovacuum looks at the whole of
-- a partitioned table.  So it is done here where a table has twice the pages, or
-- rows, that the planner knows of.
CREATE FUNCTION crmcost._analyze_facts(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF crmcost._is_distributed(ledger) THEN
    RETURN;
  END IF;
  PERFORM crmcost._analyze_table(p.oid)
    FROM crmcost._captured() k
    JOIN pg_class p ON p.relname = k.relation
    JOIN pg_namespace n ON n.oid = p.relnamespace AND n.nspname = ledger
    CROSS JOIN LATERAL (
      SELECT sum(pg_relation_size(c.oid))
               / current_setting('block_size')::integer AS pages,
             sum(greatest(c.relpages, 0)) AS known_pages,
             sum(greatest(c.reltuples, 0)) AS rows
      FROM pg_class c
      WHERE c.oid = CASE WHEN p.relkind <> 'p' THEN p.oid END
            OR c.oid IN (SELECT i.inhrelid FROM pg_inherits i
                         WHERE i.inhparent = p.oid)
    ) part
    WHERE part.pages > 2 * part.known_pages + 8
          OR p.relkind = 'p' AND part.rows > 2 * greatest(p.reltuples, 0);
END
$$;

COMMENT ON FUNCTION crmcost._analyze_facts(name) IS
  'Renews the statistics of the tables that refresh reads and that became twice as large.';

-- Measures, documents and lists are not what rows are found by, unless by an index,
-- and cost more than all else.
CREATE FUNCTION crmcost._analyze_table(relation oid) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE (
    SELECT coalesce(format('ANALYZE %s (', relation::regclass)
                    || string_agg(format('%I', a.attname), ', ') || ')', '')
    FROM pg_attribute a
    JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
          AND (t.typcategory <> 'A'
                 AND t.oid NOT IN ('numeric'::regtype, 'jsonb'::regtype)
               OR a.attnum = ANY (ARRAY(SELECT unnest(i.indkey)
                                        FROM pg_index i
                                        WHERE i.indrelid = relation))));
END
$$;

COMMENT ON FUNCTION crmcost._analyze_table(oid) IS
  'Renews what the planner knows of the keys, codes and days of a table.';

CREATE FUNCTION crmcost._refresh_none(run crmcost._run) RETURNS bigint
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 0;

COMMENT ON FUNCTION crmcost._refresh_none(crmcost._run) IS
  'The only step of a refresh without news, which needs no work tables.';

-- A literal is midnight of the session's zone, which need not be the ledger's.
CREATE FUNCTION crmcost._tell_day(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE NOTICE 'refresh of "%" reports % in %: facts before %', run.ledger,
    run.day, run.zone, run.upto;
  IF run.upto::time = '00:00' AND (run.upto AT TIME ZONE run.zone)::time
                                  <> '00:00' THEN
    RAISE WARNING 'as_of is midnight in time zone % of the session, and % in % of ledger "%"',
      current_setting('timezone'),
      to_char(run.upto AT TIME ZONE run.zone, 'YYYY-MM-DD HH24:MI'), run.zone,
      run.ledger
      USING HINT = format('SET timezone = %L, or give an instant such as %L.',
                          run.zone, to_char(run.upto, 'YYYY-MM-DD')
                                    || ' 00:00 ' || run.zone);
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._tell_day(crmcost._run) IS
  'Says which local day a refresh reports, and warns where as_of looks like another.';

CREATE FUNCTION crmcost._trim_memory() RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'memory__trim_memory';

COMMENT ON FUNCTION crmcost._trim_memory() IS
  'Gives memory that this process has freed back to the system.';

CREATE FUNCTION crmcost._leave_refresh(ledger name, work_mem text)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM crmcost._drop_temporary(crmcost._work_tables());
  PERFORM set_config('work_mem', work_mem, true);
  PERFORM crmcost._extend_partitions(ledger);
  PERFORM crmcost._trim_memory();
END
$$;

COMMENT ON FUNCTION crmcost._leave_refresh(name, text) IS
  'Drops the work tables of a refresh, makes the partitions that come next and gives memory back.';

CREATE FUNCTION crmcost._refresh(ledger name, as_of timestamptz,
                                 whole boolean)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  old_work_mem CONSTANT text := crmcost._raise_work_mem();
BEGIN
  PERFORM crmcost._compute(ledger, as_of, whole);
  PERFORM crmcost._leave_refresh(ledger, old_work_mem);
END
$$;

COMMENT ON FUNCTION crmcost._refresh(name, timestamptz, boolean) IS
  'A refresh, in the transaction of the caller, which has the ledger.';

-- Everything is computed anew when it never was, when it was on another server or
-- in another database, when tables were exchanged or lost their triggers, when
-- what every figure depends on changed, in a distributed ledger, and where facts come
-- by logical replication, which fires no statement triggers.
CREATE FUNCTION crmcost._begin_run(ledger name, as_of timestamptz,
                                   whole boolean)
  RETURNS crmcost._run
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  run crmcost._run;
  state record;
  storage CONSTANT text := crmcost._storage(ledger);
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  PERFORM crmcost._check_views(ledger);
  IF as_of IS NULL OR NOT isfinite(as_of) THEN
    RAISE EXCEPTION 'as_of must be a finite instant, not %',
                    coalesce(as_of::text, 'null')
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF as_of > now() + interval '10 years' OR as_of < '1900-01-01' THEN
    RAISE EXCEPTION 'as_of must be from 1900 on and at most ten years from now, not %',
                    as_of
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  run.ledger := ledger;
  run.upto := as_of;
  run.zone := crmcost._setting(ledger, 'timezone');
  run.day := crmcost._report_day(as_of, run.zone);
  run.open_month := coalesce(crmcost._open_month(ledger), '-infinity');
  IF run.day < run.open_month - 1 THEN
    RAISE EXCEPTION 'as_of must not be before %, the last day of the closed months, not %',
                    run.open_month - 1, run.day
      USING ERRCODE = 'invalid_parameter_value',
            HINT = 'crmcost.reopen_period opens a month again, and all after it.';
  END IF;
  SELECT * INTO state FROM refresh_state;
  run.upto_before := state.as_of_at;
  run.whole := coalesce(whole, false) OR state.as_of_at IS NULL
    OR state.system_identifier IS DISTINCT FROM
       (SELECT c.system_identifier FROM pg_control_system() c)
    OR state.database_oid IS DISTINCT FROM
       (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
    OR state.storage IS DISTINCT FROM storage
    OR crmcost._is_distributed(ledger) OR crmcost._is_subscriber(ledger)
    OR EXISTS (SELECT FROM touched t
               WHERE t.relation IN ('setting', 'cost_category', 'campaign',
                                    'activity_time', 'funnel_step',
                                    'channel_rule', 'calendar', 'survey')
                     OR t.relation IN ('sale', 'interaction', 'cost_entry',
                                       'customer', 'classification',
                                       'driver_entry', 'fx_rate',
                                       'campaign_member')
                        AND t.customer_id IS NULL
                        AND t.from_on = '-infinity'
                        AND t.before_on = 'infinity');
  RETURN run;
END
$$;

COMMENT ON FUNCTION crmcost._begin_run(name, timestamptz, boolean) IS
  'What a refresh is about, and whether it computes everything or what changed.';

CREATE FUNCTION crmcost._is_subscriber(ledger name) RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN EXISTS (SELECT FROM pg_subscription_rel r
                 JOIN crmcost._captured_tables(ledger) t
                   ON t.relation = r.srrelid);
END
$$;

COMMENT ON FUNCTION crmcost._is_subscriber(name) IS
  'Whether logical replication writes what a ledger is computed from.';

-- What came after the snapshot, to a table that had lost a trigger, was not noted:
-- then the next refresh computes everything once more.
CREATE FUNCTION crmcost._end_run(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  captured CONSTANT boolean := NOT crmcost._add_capture(run.ledger);
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  PERFORM crmcost._forget_news();
  UPDATE refresh_state SET
    over_epoch = epoch - 1,
    over_by = pg_current_xact_id(),
    seen = pg_current_snapshot(),
    as_of_at = run.upto,
    closing_before = NULL,
    system_identifier = (SELECT c.system_identifier FROM pg_control_system() c),
    database_oid = (SELECT d.oid FROM pg_database d
                    WHERE d.datname = current_database()),
    storage = CASE WHEN captured THEN crmcost._storage(run.ledger) END;
END
$$;

COMMENT ON FUNCTION crmcost._end_run(crmcost._run) IS
  'Takes the news away, and notes what the computed tables were made from.';

-- What the snapshot sees of touched was dealt with.  But a writer that found its
-- customer there, and wrote no row, may not have been seen: then the row must stay
-- for the next refresh.  Such a writer has seen the epoch of the row, so it took
-- its number before the epoch was over.  Rows go if all those writers had ended
-- before the snapshot: when no writer was at work at all, or when the epoch was
-- over in a refresh that all writers still at work began after.  Rows of this
-- transaction nobody else has seen.  The search path is the caller's, with the
-- ledger first.
CREATE FUNCTION crmcost._forget_news() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  DELETE FROM touched t
    USING refresh_state s, pg_current_snapshot() now
    WHERE t.written_by = pg_current_xact_id()
          OR t.epoch < s.epoch
             AND pg_snapshot_xmin(now) = pg_snapshot_xmax(now)
          OR t.epoch <= s.over_epoch AND pg_snapshot_xmin(now) >= s.over_by;
END
$$;

COMMENT ON FUNCTION crmcost._forget_news() IS
  'Deletes the rows of touched that no refresh needs any more.';

-- A procedure that commits can have no SET clause: the caller's search_path holds
-- in this one, so each name in it is qualified.
CREATE PROCEDURE crmcost.refresh(ledger name, as_of timestamptz DEFAULT now(),
                                 "full" boolean DEFAULT false)
  LANGUAGE plpgsql
AS $$
BEGIN
  CALL crmcost._take_ledger(ledger);
  IF crmcost._run_as_owner(
       ledger, 'crmcost._make_work_tables(pg_catalog.name)',
       'crmcost._refresh(pg_catalog.name,pg_catalog.timestamptz,pg_catalog.bool)',
       ledger, as_of, "full") THEN
    RETURN;
  END IF;
  IF crmcost._has_news(crmcost._begin_run(ledger, as_of, "full")) THEN
    PERFORM crmcost._make_work_tables(ledger);
  END IF;
  PERFORM crmcost._refresh(ledger, as_of, "full");
END
$$;

COMMENT ON PROCEDURE crmcost.refresh(name, timestamptz, boolean) IS
  'Computes the store of a ledger from the facts before as_of, all of one snapshot: what changed since the last refresh, or everything; without news it changes nothing.';
