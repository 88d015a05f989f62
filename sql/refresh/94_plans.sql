-- Step plans: what the planner is to know of the rows that were written.  Where a
-- table did not grow, rows were written in place of others like them.
CREATE FUNCTION crmcost._refresh_plans(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  target oid;
BEGIN
  FOR target IN
    SELECT c.oid
    FROM pg_temp.refresh_written w
    JOIN pg_class c ON c.oid = format('%I.%I', run.ledger, w.target)::regclass
    GROUP BY w.target, c.oid, c.reltuples, c.relpages, c.relkind
    HAVING sum(w.rows_changed) > greatest(c.reltuples, 0) / 10
           AND (run.whole OR c.relkind = 'p'
                OR pg_relation_size(c.oid)
                   > c.relpages * 1.1 * current_setting('block_size')::integer)
  LOOP
    PERFORM crmcost._analyze_table(target);
  END LOOP;
  RETURN 0;
END
$$;

COMMENT ON FUNCTION crmcost._refresh_plans(crmcost._run) IS
  'Step of refresh: renews the statistics of the tables that grew by a tenth or more, or of which as much was written by a full one.';
