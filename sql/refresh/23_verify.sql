-- The user's own proof: everything is computed anew beside the store, and what
-- differs is told.  Nothing is kept of it.
CREATE FUNCTION crmcost._verify(ledger name)
  RETURNS TABLE (target text, rows_differ bigint)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = error
AS $$
DECLARE
  at timestamptz;
  found jsonb;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  SELECT r.as_of_at INTO at FROM last_refresh r;
  IF at IS NULL THEN
    RAISE EXCEPTION 'ledger "%" was not refreshed yet', ledger
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = format('CALL crmcost.refresh(%L);', ledger);
  END IF;
  -- what the exception takes back is what was written
  BEGIN
    PERFORM crmcost._compute(ledger, at, true);
    SELECT jsonb_object_agg(w.target, w.rows) INTO found
      FROM (SELECT r.target, sum(r.rows_changed) AS rows
            FROM pg_temp.refresh_written r
            GROUP BY r.target HAVING sum(r.rows_changed) > 0) w;
    RAISE EXCEPTION 'verified' USING ERRCODE = 'P9999';
  EXCEPTION WHEN SQLSTATE 'P9999' THEN
    NULL;
  END;
  RETURN QUERY SELECT d.key, d.value::bigint
    FROM jsonb_each_text(coalesce(found, '{}')) d ORDER BY 1;
END
$$;

COMMENT ON FUNCTION crmcost._verify(name) IS
  'Computed tables of a ledger that a full computation as of the last refresh would change, with the number of rows.';

CREATE FUNCTION crmcost._tell_verified(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  rows_differ bigint;
  detail text;
BEGIN
  SELECT sum(v.rows_differ),
         string_agg(format('%s: %s rows', v.target, v.rows_differ), ', '
                    ORDER BY v.target)
    INTO rows_differ, detail
    FROM crmcost._verify(ledger) v;
  IF rows_differ > 0 THEN
    RAISE EXCEPTION 'the store of ledger "%" differs from its facts in % rows',
                    ledger, rows_differ
      USING ERRCODE = 'data_corrupted', DETAIL = detail,
            HINT = format('CALL crmcost.refresh(%L, "full" => true) computes it anew.',
                          ledger);
  END IF;
  RAISE NOTICE 'the store of ledger "%" is what its facts say', ledger;
END
$$;

COMMENT ON FUNCTION crmcost._tell_verified(name) IS
  'Says that a full computation would change nothing, or raises an error with what it would.';

CREATE PROCEDURE crmcost.verify(ledger name)
  LANGUAGE plpgsql
AS $$
BEGIN
  CALL crmcost._take_ledger(ledger);
  IF crmcost._run_as_owner(
       ledger, 'crmcost._make_work_tables(pg_catalog.name)',
       'crmcost._tell_verified(pg_catalog.name)', ledger) THEN
    RETURN;
  END IF;
  PERFORM crmcost._make_work_tables(ledger);
  PERFORM crmcost._tell_verified(ledger);
END
$$;

COMMENT ON PROCEDURE crmcost.verify(name) IS
  'Computes the store of a ledger anew beside it, as of the last refresh and with the facts of now, and compares: an error names the tables in which rows differ. Nothing is written.';
