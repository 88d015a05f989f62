-- Step lineage: the trees of cost categories and channels with all their branches.
CREATE FUNCTION crmcost._refresh_lineage(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  RETURN crmcost._write_lineage(run, 'category_lineage', 'cost_category')
         + crmcost._write_lineage(run, 'channel_lineage', 'channel');
END
$$;

COMMENT ON FUNCTION crmcost._refresh_lineage(crmcost._run) IS
  'Step of refresh: category_lineage and channel_lineage; returns the rows changed.';

-- A code and all above it.  A circle is a finding of data_quality; here each code
-- in it comes once.
CREATE FUNCTION crmcost._write_lineage(run crmcost._run, target name,
                                       tree name)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  step integer := 0;
  found_rows bigint;
BEGIN
  TRUNCATE pg_temp.refresh_lineage;
  EXECUTE format(
    'INSERT INTO pg_temp.refresh_lineage SELECT code, code, 0 FROM %I', tree);
  LOOP
    EXECUTE format($query$
      INSERT INTO pg_temp.refresh_lineage
        SELECT l.code, c.parent_code, $1 + 1
        FROM pg_temp.refresh_lineage l
        JOIN %I c ON c.code = l.ancestor
        WHERE l.distance = $1 AND c.parent_code IS NOT NULL
              AND NOT EXISTS (SELECT FROM pg_temp.refresh_lineage known
                              WHERE known.code = l.code
                                    AND known.ancestor = c.parent_code)
      $query$, tree) USING step;
    GET DIAGNOSTICS found_rows = ROW_COUNT;
    EXIT WHEN found_rows = 0;
    step := step + 1;
  END LOOP;
  RETURN crmcost._write_difference(run.ledger, target,
           'SELECT code, ancestor, distance FROM pg_temp.refresh_lineage',
           'true');
END
$$;

COMMENT ON FUNCTION crmcost._write_lineage(crmcost._run, name, name) IS
  'Writes the lineage of a tree; returns the rows changed.';
