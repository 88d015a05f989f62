-- Step lineage: every category and channel with all above it.  A circle is a
-- finding of data_quality; here each code in it comes once.
CREATE FUNCTION crmcost._refresh_lineage(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  RETURN crmcost._write_lineage(run, 'cost_category', 'category_lineage')
         + crmcost._write_lineage(run, 'channel', 'channel_lineage');
END
$$;

COMMENT ON FUNCTION crmcost._refresh_lineage(crmcost._run) IS
  'Step of refresh: category_lineage and channel_lineage; returns the rows changed.';

CREATE FUNCTION crmcost._write_lineage(run crmcost._run, relation name,
                                       target name)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  step integer := 0;
  found_rows bigint;
BEGIN
  DELETE FROM pg_temp.refresh_ancestor;
  EXECUTE format(
    'INSERT INTO pg_temp.refresh_ancestor SELECT code, code, 0 FROM %I',
    relation);
  LOOP
    EXECUTE format($query$
      INSERT INTO pg_temp.refresh_ancestor
        SELECT a.code, c.parent_code, a.distance + 1
        FROM pg_temp.refresh_ancestor a
        JOIN %I c ON c.code = a.ancestor
        WHERE a.distance = $1 AND c.parent_code IS NOT NULL
              AND NOT EXISTS (SELECT FROM pg_temp.refresh_ancestor known
                              WHERE known.code = a.code
                                    AND known.ancestor = c.parent_code)
      $query$, relation) USING step;
    GET DIAGNOSTICS found_rows = ROW_COUNT;
    EXIT WHEN found_rows = 0;
    step := step + 1;
  END LOOP;
  RETURN crmcost._write_difference(run.ledger, target,
    'SELECT code, ancestor, distance FROM pg_temp.refresh_ancestor', 'true');
END
$$;

COMMENT ON FUNCTION crmcost._write_lineage(crmcost._run, name, name) IS
  'Writes the lineage of a table of codes with parents; returns the rows changed.';
