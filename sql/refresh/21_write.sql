-- The one way in which refresh writes: what differs, and nothing else, so that a
-- refresh without news writes nothing and readers find no churn.
--
--   target  table of the ledger, on whose unique key rows are compared
--   source  query of the rows that are to be there; its columns have the names
--           of the target's
--   scope   condition on the target, named old: which rows they replace
--
-- Plain UPDATE, DELETE and INSERT of the difference: ON CONFLICT locks each row
-- it meets, and takes half as long again.
CREATE FUNCTION crmcost._write_difference(ledger name, target name,
                                          source text, scope text)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  keys text;
  old_keys text;
  same_key text;
  columns text;
  new_columns text;
  assignments text;
  differs text;
  changed bigint;
  rows_now bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  EXECUTE 'CREATE TEMPORARY TABLE refresh_new ON COMMIT DROP AS ' || source;
  SELECT string_agg(format('%I', a.attname), ', ' ORDER BY a.attnum)
           FILTER (WHERE a.is_key),
         string_agg(format('new.%1$I %2$s old.%1$I', a.attname,
                           CASE WHEN a.attnotnull THEN '='
                             ELSE 'IS NOT DISTINCT FROM' END), ' AND ')
           FILTER (WHERE a.is_key),
         string_agg(format('%I', a.attname), ', ' ORDER BY a.attnum),
         string_agg(format('new.%I', a.attname), ', ' ORDER BY a.attnum),
         string_agg(format('%1$I = new.%1$I', a.attname), ', ')
           FILTER (WHERE NOT a.is_key),
         string_agg(format('old.%1$I IS DISTINCT FROM new.%1$I', a.attname),
                    ' OR ') FILTER (WHERE NOT a.is_key)
    INTO keys, same_key, columns, new_columns, assignments, differs
    FROM crmcost._columns_of(format('%I.%I', ledger, target)::regclass) a
    WHERE EXISTS (SELECT FROM pg_attribute n
                  WHERE n.attrelid = 'pg_temp.refresh_new'::regclass
                        AND n.attname = a.attname);
  -- without rows to replace there is nothing to compare
  EXECUTE format('SELECT count(*) FROM (SELECT FROM %I old WHERE %s LIMIT 1) s',
                 target, scope) INTO rows_now;
  changed := 0;
  IF rows_now > 0 THEN
    EXECUTE format('CREATE INDEX ON pg_temp.refresh_new (%s)', keys);
    EXECUTE 'ANALYZE pg_temp.refresh_new';
    IF assignments IS NOT NULL THEN
      EXECUTE format(
        'UPDATE %I old SET %s FROM pg_temp.refresh_new new WHERE %s AND (%s) AND (%s)',
        target, assignments, same_key, differs, scope);
      GET DIAGNOSTICS rows_now = ROW_COUNT;
      changed := changed + rows_now;
    END IF;
    EXECUTE format(
      'DELETE FROM %I old WHERE (%s) AND NOT EXISTS (SELECT FROM pg_temp.refresh_new new WHERE %s)',
      target, scope, same_key);
    GET DIAGNOSTICS rows_now = ROW_COUNT;
    changed := changed + rows_now;
    EXECUTE format(
      'INSERT INTO %1$I (%2$s) SELECT %3$s FROM pg_temp.refresh_new new WHERE NOT EXISTS (SELECT FROM %1$I old WHERE %4$s AND (%5$s)) ORDER BY %6$s',
      target, columns, new_columns, same_key, scope, keys);
  ELSE
    EXECUTE format('INSERT INTO %I (%s) SELECT %s FROM pg_temp.refresh_new new ORDER BY %s',
                   target, columns, new_columns, keys);
  END IF;
  GET DIAGNOSTICS rows_now = ROW_COUNT;
  DROP TABLE pg_temp.refresh_new;
  INSERT INTO pg_temp.refresh_written VALUES (target, changed + rows_now);
  RETURN changed + rows_now;
END
$$;

COMMENT ON FUNCTION crmcost._write_difference(name, name, text, text) IS
  'Brings the rows of a computed table that a condition names to those of a query; returns the rows changed.';

-- The key is the primary one, else the unique one.  Generated columns are left out.
CREATE FUNCTION crmcost._columns_of(relation regclass)
  RETURNS TABLE (attname name, attnum smallint, attnotnull boolean,
                 is_key boolean)
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT a.attname, a.attnum, a.attnotnull,
         a.attnum = ANY (k.indkey::smallint[])
  FROM pg_catalog.pg_attribute a
  JOIN (SELECT i.indrelid, i.indkey
        FROM pg_catalog.pg_index i
        WHERE i.indrelid = relation AND i.indisunique
        ORDER BY i.indisprimary DESC, i.indexrelid LIMIT 1) k
    ON k.indrelid = a.attrelid
  WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attgenerated = '';
END;

COMMENT ON FUNCTION crmcost._columns_of(regclass) IS
  'Columns of a computed table, and which of them are its key.';
