-- The one way in which refresh writes: what differs, and nothing else, so that a
-- refresh without news writes nothing and readers find no churn.
--
--   target   table of the ledger, on whose unique key rows are compared
--   source   query of the rows that are to be there; its columns have the names
--            of the target's
--   scope    condition on the target, named old: which rows they replace
--
-- Columns that the source does not have, the user's own, are left alone.
--
-- What differs is found in one pass over both; refresh_row says where the row of
-- the target is, NULL where there is none, and refresh_gone that it has to go.
-- ON CONFLICT would lock each row it meets, and take half as long again.  Where the
-- target has a work table, it goes through that; where it is noted, it stays there.
-- Rows that come in order of the key already, or nearly so, are not sorted for a table
-- that has none.
CREATE FUNCTION crmcost._write_difference(ledger name, target name,
                                          source text, scope text,
                                          noted boolean DEFAULT false,
                                          ordered boolean DEFAULT false)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  part record;
  difference text;
  changed bigint;
  found boolean;
  sent CONSTANT boolean :=
    crmcost._is_sharded(format('%I.%I', ledger, target)::regclass);
  appended CONSTANT boolean := crmcost._may_append(ledger, target);
  -- or triggers keep what is inserted, which is to take no memory
  by_table CONSTANT boolean :=
    noted OR sent OR NOT appended AND crmcost._keeps_inserted(ledger, target);
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  SELECT * INTO part FROM crmcost._difference_parts(ledger, target, source);
  -- without rows to replace there is nothing to compare
  IF NOT by_table THEN
    EXECUTE format('SELECT EXISTS (SELECT FROM %I old WHERE %s)', target, scope)
      INTO found;
  END IF;
  difference := format('SELECT old.refresh_row, new.%I IS NULL AS refresh_gone, %s FROM (SELECT %s FROM (%s) AS new) AS new FULL JOIN (SELECT old.ctid AS refresh_row, %s FROM %I old WHERE %s) AS old ON %s WHERE %s ORDER BY %s',
                       part.first_key, part.either_names, part.cast_names,
                       source, part.names, target, scope, part.same_key, part.differs, part.places);
  IF appended AND NOT (found OR by_table) THEN
    changed := crmcost._append_rows(target::regclass, part.given, format(
      'SELECT %s FROM (%s) AS new', part.cast_names, source)
      || CASE WHEN ordered THEN '' ELSE ' ORDER BY ' || part.keys END);
  ELSIF NOT (found OR by_table) THEN
    EXECUTE format('INSERT INTO %I (%s) SELECT %s FROM (%s) AS new ORDER BY %s',
                   target, part.names, part.new_names, source, part.keys);
    GET DIAGNOSTICS changed = ROW_COUNT;
  ELSIF to_regclass('pg_temp.' || quote_ident(part.work_table)) IS NULL THEN
    EXECUTE format('MERGE INTO %I old USING crmcost._rows_of(%L) AS new (refresh_row tid, refresh_gone boolean, %s) ON old.ctid = new.refresh_row WHEN MATCHED AND new.refresh_gone THEN DELETE WHEN MATCHED THEN %s WHEN NOT MATCHED THEN INSERT (%s) VALUES (%s)',
                   target, difference, part.columns,
                   coalesce('UPDATE SET ' || part.assignments, 'DO NOTHING'),
                   part.names, part.new_names);
    GET DIAGNOSTICS changed = ROW_COUNT;
  ELSE
    changed := crmcost._write_by_table(target, difference, part.work_table,
                                       part.names, part.assignments);
    IF sent THEN
      PERFORM crmcost._send_difference(ledger, target, part.work_table,
                                       part.keys, part.same_key);
    END IF;
    IF NOT noted THEN
      EXECUTE format('TRUNCATE pg_temp.%I', part.work_table);
    END IF;
  END IF;
  INSERT INTO pg_temp.refresh_written VALUES (target, changed);
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._write_difference(name, name, text, text, boolean, boolean) IS
  'Brings the rows of a computed table that a condition names to those of a query; returns the rows changed.';

-- For rows that are there, and of which each differs: there is nothing to compare.
CREATE FUNCTION crmcost._write_changes(ledger name, target name, source regclass,
                                       assignments text)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  changed bigint;
BEGIN
  EXECUTE format('UPDATE %I.%I old SET %s FROM %s new WHERE old.customer_id = new.customer_id',
                 ledger, target, assignments, source);
  GET DIAGNOSTICS changed = ROW_COUNT;
  INSERT INTO pg_temp.refresh_written VALUES (target, changed);
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._write_changes(name, name, regclass, text) IS
  'Changes the rows of a computed table whose customers are in a work table by assignments of old and new columns; returns their number.';

CREATE FUNCTION crmcost._append_rows(target regclass, names name[], query text)
  RETURNS bigint
  LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'append__append_rows';

COMMENT ON FUNCTION crmcost._append_rows(regclass, name[], text) IS
  'Inserts the rows of a query, whose columns are named, as COPY does: foreign keys are checked, no other trigger is fired; returns the rows.';

CREATE FUNCTION crmcost._keeps_inserted(ledger name, target name)
  RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN EXISTS (SELECT FROM pg_trigger g
                 WHERE g.tgrelid = format('%I.%I', ledger, target)::regclass
                       AND g.tgnewtable IS NOT NULL);
END
$$;

COMMENT ON FUNCTION crmcost._keeps_inserted(name, name) IS
  'Whether a table has a trigger that is handed all rows of a statement.';

-- What refresh writes to classification is by rule, and no news.  Whatever else a
-- user has made of a table is respected by an INSERT.
CREATE FUNCTION crmcost._may_append(ledger name, target name) RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN NOT crmcost._is_distributed(ledger)
    AND (SELECT c.relkind = 'r' AND NOT c.relispartition AND NOT c.relhasrules
                AND NOT c.relrowsecurity
                AND pg_has_role(c.relowner, 'USAGE')
                AND NOT EXISTS (
                  SELECT FROM pg_trigger g
                  WHERE g.tgrelid = c.oid AND g.tgtype & 4 <> 0    -- of INSERT
                        AND g.tgenabled <> 'D'
                        AND g.tgfoid <> '"RI_FKey_check_ins"'::regproc
                        AND g.tgfoid
                            <> 'crmcost._capture_classification'::regproc)
         FROM pg_class c
         WHERE c.oid = format('%I.%I', ledger, target)::regclass);
END
$$;

COMMENT ON FUNCTION crmcost._may_append(name, name) IS
  'Whether rows of refresh may be appended to a table without its triggers, rules and policies.';

-- That there are few makes a join look the other side up by where its rows are, which
-- costs little more than reading all of it even where there are many.
CREATE FUNCTION crmcost._rows_of(query text) RETURNS SETOF record
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 10
AS $$
BEGIN
  RETURN QUERY EXECUTE query;
END
$$;

COMMENT ON FUNCTION crmcost._rows_of(text) IS
  'Rows of a query, computed whole before the first is returned.';

-- For what reads the difference afterwards, and for a distributed ledger: Citus
-- takes no MERGE into a table that each node has.  A trigger keeps what is inserted
-- in work_mem, and what that took stays with the transaction; nothing else needs any
-- there.
CREATE FUNCTION crmcost._write_by_table(target name, difference text,
                                        work_table name, names text,
                                        assignments text)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  old_work_mem CONSTANT text := current_setting('work_mem');
  statement text;
  changed bigint := 0;
  rows_now bigint;
BEGIN
  EXECUTE format('TRUNCATE pg_temp.%I', work_table);
  EXECUTE format('INSERT INTO pg_temp.%I (refresh_row, refresh_gone, %s) %s',
                 work_table, names, difference);
  FOREACH statement IN ARRAY ARRAY[
    'UPDATE %1$I old SET %4$s FROM pg_temp.%2$I new WHERE old.ctid = new.refresh_row AND NOT new.refresh_gone',
    'DELETE FROM %1$I old USING pg_temp.%2$I new WHERE old.ctid = new.refresh_row AND new.refresh_gone',
    'INSERT INTO %1$I (%3$s) SELECT %3$s FROM pg_temp.%2$I WHERE refresh_row IS NULL']
  LOOP
    CONTINUE WHEN statement ~ '^UPDATE' AND assignments IS NULL;
    IF statement ~ '^INSERT' THEN
      PERFORM set_config('work_mem', '1MB', true);
    END IF;
    EXECUTE format(statement, target, work_table, names, assignments);
    GET DIAGNOSTICS rows_now = ROW_COUNT;
    changed := changed + rows_now;
  END LOOP;
  PERFORM set_config('work_mem', old_work_mem, true);
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._write_by_table(name, text, name, text, text) IS
  'Writes what a query says differs to a computed table by way of its work table; returns the rows changed.';

-- A row is compared as it would be stored: as of the types of the columns.
CREATE FUNCTION crmcost._difference_parts(
  ledger name, target name, source text, OUT work_table text,
  OUT names text, OUT new_names text, OUT either_names text,
  OUT cast_names text, OUT keys text, OUT places text, OUT first_key name,
  OUT same_key text, OUT assignments text, OUT differs text, OUT columns text,
  OUT given name[])
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
DECLARE
  wanted CONSTANT name[] := crmcost._query_columns(source);
BEGIN
  work_table := 'refresh_new_' || target;
  SELECT string_agg(format('%I', a.attname), ', ' ORDER BY a.attnum),
         string_agg(format('new.%I', a.attname), ', ' ORDER BY a.attnum),
         string_agg(format(CASE WHEN a.is_key
                               THEN 'coalesce(new.%1$I, old.%1$I)'
                             ELSE 'new.%1$I' END, a.attname),
                    ', ' ORDER BY a.attnum),
         string_agg(format('new.%1$I::%2$s AS %1$I', a.attname, a.type),
                    ', ' ORDER BY a.attnum),
         string_agg(format('%I', a.attname), ', ' ORDER BY a.attnum)
           FILTER (WHERE a.is_key),
         string_agg(a.place::text, ', ' ORDER BY a.attnum)
           FILTER (WHERE a.is_key),
         min(a.attname::text) FILTER (WHERE a.is_key),
         string_agg(format('new.%1$I = old.%1$I', a.attname), ' AND ')
           FILTER (WHERE a.is_key),
         string_agg(format('%1$I = new.%1$I', a.attname), ', ')
           FILTER (WHERE NOT a.is_key),
         string_agg(format(CASE WHEN a.is_key
                               THEN 'new.%1$I IS NULL OR old.%1$I IS NULL'
                             ELSE 'old.%1$I IS DISTINCT FROM new.%1$I' END,
                           a.attname), ' OR ' ORDER BY a.is_key),
         string_agg(format('%I %s', a.attname, a.type), ', ' ORDER BY a.attnum),
         array_agg(a.attname ORDER BY a.attnum)
    INTO names, new_names, either_names, cast_names, keys, places, first_key,
         same_key, assignments, differs, columns, given
    FROM (
      -- the first two columns of a difference are its own
      SELECT c.*, 2 + row_number() OVER (ORDER BY c.attnum) AS place
      FROM crmcost._columns_of(format('%I.%I', ledger, target)::regclass) c
      WHERE c.attname = ANY (wanted)
    ) a;
END
$$;

COMMENT ON FUNCTION crmcost._difference_parts(name, name, text) IS
  'Parts of the statements that bring a computed table to the rows of another.';

CREATE FUNCTION crmcost._query_columns(query text) RETURNS name[]
  LANGUAGE c STABLE STRICT PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'query_columns__query_columns';

COMMENT ON FUNCTION crmcost._query_columns(text) IS
  'Names of the columns that a query would return; it is not run.';

-- The key is the primary one, else the unique one; it holds no NULL.  Generated
-- columns are left out, and those that a user has added.
CREATE FUNCTION crmcost._columns_of(relation regclass)
  RETURNS TABLE (attname name, attnum smallint, type text, is_key boolean)
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT a.attname, a.attnum,
         pg_catalog.format_type(a.atttypid, a.atttypmod),
         a.attnum = ANY (k.indkey::smallint[])
  FROM pg_catalog.pg_attribute a
  JOIN (SELECT i.indrelid, i.indkey
        FROM pg_catalog.pg_index i
        WHERE i.indrelid = relation AND i.indisunique
        ORDER BY i.indisprimary DESC, i.indexrelid LIMIT 1) k
    ON k.indrelid = a.attrelid
  JOIN pg_catalog.unnest(crmcost._shipped_columns(
         (SELECT c.relname::text FROM pg_catalog.pg_class c
          WHERE c.oid = relation))) AS s (name)
    ON s.name = a.attname
  WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attgenerated = '';
END;

COMMENT ON FUNCTION crmcost._columns_of(regclass) IS
  'Columns of a computed table, their types, and which of them are its key.';

CREATE FUNCTION crmcost._column_list(target name, alias text DEFAULT NULL)
  RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT pg_catalog.string_agg(coalesce(alias || '.'::text, ''::text) || c.name,
                               ', '::text ORDER BY c.place)
  FROM pg_catalog.unnest(crmcost._shipped_columns(target::text))
    WITH ORDINALITY AS c (name, place);
END;

COMMENT ON FUNCTION crmcost._column_list(name, text) IS
  'Columns of a computed table, of a relation of that alias, without those that a user has added.';
