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
