-- The worklist in the hands of who works with it.  These functions write with the
-- rights of their caller: SELECT on worklist and UPDATE of its columns status,
-- status_at and snoozed_until, which grant_worklist gives.  A mark is news for the
-- next refresh, so that it takes INSERT on touched too.
CREATE FUNCTION crmcost.worklist_done(ledger name, worklist_id bigint,
                                      done_at timestamptz DEFAULT now())
  RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  known record;
BEGIN
  IF crmcost._acts_for_owner(ledger) THEN
    RETURN crmcost._run_as_owner(ledger, NULL,
      'crmcost.worklist_done(name,bigint,timestamptz)', ledger, worklist_id, done_at);
  END IF;
  PERFORM crmcost._check_triggers(ledger);
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  known := crmcost._worklist_row(ledger, worklist_id);
  IF done_at IS NULL OR NOT isfinite(done_at) OR done_at > now() THEN
    RAISE EXCEPTION 'done_at must be a time that is over, not %',
                    coalesce(done_at::text, 'null')
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF known.status = 'done' THEN
    RETURN false;
  END IF;
  UPDATE worklist w
    SET status = 'done', status_at = done_at, snoozed_until = NULL
    WHERE w.worklist_id = worklist_done.worklist_id
          AND w.status IN ('open', 'snoozed');
  RETURN FOUND;
END
$$;

COMMENT ON FUNCTION crmcost.worklist_done(name, bigint, timestamptz) IS
  'Marks a row of the worklist as done, at a time that is over; false when it was done before.';

CREATE FUNCTION crmcost.worklist_snooze(ledger name, worklist_id bigint,
                                        until date)
  RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  known record;
BEGIN
  IF crmcost._acts_for_owner(ledger) THEN
    RETURN crmcost._run_as_owner(ledger, NULL,
      'crmcost.worklist_snooze(name,bigint,date)', ledger, worklist_id, until);
  END IF;
  PERFORM crmcost._check_triggers(ledger);
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  known := crmcost._worklist_row(ledger, worklist_id);
  IF until IS NULL OR NOT isfinite(until) OR until <= known.as_of THEN
    RAISE EXCEPTION 'until must be after %, the day of the last refresh, not %',
                    known.as_of, coalesce(until::text, 'null')
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF known.status = 'done' THEN
    RAISE EXCEPTION 'row % of the worklist is done', worklist_id
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = format('SELECT crmcost.worklist_reopen(%L, %s);', ledger,
                          worklist_id);
  END IF;
  UPDATE worklist w
    SET status = 'snoozed', status_at = now(), snoozed_until = until
    WHERE w.worklist_id = worklist_snooze.worklist_id
          AND w.status IN ('open', 'snoozed')
          AND w.snoozed_until IS DISTINCT FROM until;
  RETURN FOUND;
END
$$;

COMMENT ON FUNCTION crmcost.worklist_snooze(name, bigint, date) IS
  'Takes a row off the worklist until a day after that of the last refresh, when it is told again; false when it is snoozed until then already.';

CREATE FUNCTION crmcost.worklist_reopen(ledger name, worklist_id bigint)
  RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  IF crmcost._acts_for_owner(ledger) THEN
    RETURN crmcost._run_as_owner(ledger, NULL,
      'crmcost.worklist_reopen(name,bigint)', ledger, worklist_id);
  END IF;
  PERFORM crmcost._check_triggers(ledger);
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  PERFORM crmcost._worklist_row(ledger, worklist_id);
  UPDATE worklist w
    SET status = 'open', status_at = NULL, snoozed_until = NULL
    WHERE w.worklist_id = worklist_reopen.worklist_id
          AND w.status IN ('done', 'snoozed');
  RETURN FOUND;
END
$$;

COMMENT ON FUNCTION crmcost.worklist_reopen(name, bigint) IS
  'Opens a row of the worklist again that was done or snoozed; false when it is open.';

-- _run_as_owner is for those who maintain a ledger: who only marks rows need not be
-- allowed to call it.
CREATE FUNCTION crmcost._acts_for_owner(ledger name) RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM crmcost._ledger_path(ledger);
  RETURN (SELECT pg_has_role(c.relowner, 'USAGE')
                 AND pg_get_userbyid(c.relowner) <> current_user
          FROM pg_class c
          WHERE c.oid = format('%I.setting', ledger)::regclass);
END
$$;

COMMENT ON FUNCTION crmcost._acts_for_owner(name) IS
  'Whether the caller has the rights of the owner of a ledger, and is somebody else.';

CREATE FUNCTION crmcost._worklist_row(ledger name, worklist_id bigint,
                                      OUT status text, OUT as_of date)
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  SELECT w.status INTO status FROM worklist w
    WHERE w.worklist_id = worklist_id;
  IF status IS NULL THEN
    RAISE EXCEPTION 'worklist_id must be a row of the worklist of ledger "%", not %',
                    ledger, coalesce(worklist_id::text, 'null')
      USING ERRCODE = 'no_data_found';
  END IF;
  IF status = 'held' THEN
    RAISE EXCEPTION 'row % of the worklist is held back for comparison',
                    worklist_id
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Whoever is held back is to be treated as if there were no list.';
  END IF;
  SELECT r.as_of INTO as_of FROM last_refresh r;
END
$$;

COMMENT ON FUNCTION crmcost._worklist_row(name, bigint) IS
  'Status of a row of the worklist that may be marked, and the day of the last refresh; an error for any other row.';

CREATE FUNCTION crmcost.grant_worklist(ledger name, role name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF crmcost._run_as_owner(ledger, NULL, 'crmcost.grant_worklist(name,name)',
                           ledger, role) THEN
    RETURN;
  END IF;
  PERFORM crmcost.grant_read(ledger, role);
  EXECUTE format('GRANT UPDATE (status, status_at, snoozed_until) ON %I.worklist TO %I',
                 ledger, grant_worklist.role);
  EXECUTE format('GRANT INSERT ON %I.touched TO %I', ledger,
                 grant_worklist.role);
END
$$;

COMMENT ON FUNCTION crmcost.grant_worklist(name, name) IS
  'Lets a role read a ledger and mark rows of its worklist, and nothing more.';
