-- How a step on a worker writes: what is by customer there, what are sums for the
-- coordinator.
--
-- The search path is that of the part.
CREATE FUNCTION crmcost._keep_sums(ledger name, target name, source text,
                                   scope text)
  RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  sums CONSTANT text := format('%I.%I', ledger, 'refresh_sum_' || target);
BEGIN
  IF to_regclass(sums) IS NULL THEN
    RETURN false;
  END IF;
  EXECUTE (
    SELECT format('INSERT INTO %1$s (%2$s) SELECT %2$s FROM (%3$s) new', sums,
                  string_agg(quote_ident(c), ', '), source)
    FROM unnest(crmcost._query_columns(source)) AS c);
  INSERT INTO refresh_scope (target, scope) VALUES (target, scope);
  RETURN true;
END
$$;

COMMENT ON FUNCTION crmcost._keep_sums(name, name, text, text) IS
  'Keeps on a worker the rows of a query for a table of the coordinator; false where the table is none.';

-- On a worker, where it stands for _write_difference: ledger is that of the part.  A row
-- is at the worker that has the shard of its customer: what is computed of others, it
-- leaves to theirs.
CREATE FUNCTION crmcost._write_part(ledger name, target name, source text,
                                    scope text, noted boolean DEFAULT false,
                                    ordered boolean DEFAULT false)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  part record;
  olds text;
  shard text;
  differing bigint;
  changed bigint := 0;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  IF crmcost._keep_sums(ledger, target, source, scope) THEN
    RETURN 0;
  END IF;
  SELECT * INTO part
    FROM crmcost._difference_parts(regexp_replace(ledger, '_part$', ''),
                                   target, source);
  SELECT string_agg(format('SELECT old.ctid AS refresh_row, %s::bigint AS refresh_number, %s FROM %s old WHERE %s',
                           s.number, part.names, s.shard, scope),
                    ' UNION ALL '),
         min(s.shard)
    INTO olds, shard
    FROM refresh_shard s WHERE s.relation = target;
  IF olds IS NULL THEN
    RAISE EXCEPTION 'a worker cannot write table "%"', target;
  END IF;
  EXECUTE format('INSERT INTO %I (refresh_row, refresh_number, refresh_gone, %s)
      SELECT old.refresh_row, coalesce(old.refresh_number, s.number), new.%I IS NULL, %s
      FROM (SELECT %s FROM (%s) AS new) AS new FULL JOIN (%s) AS old ON %s
      LEFT JOIN refresh_shard s ON s.relation = %L AND old.refresh_number IS NULL
      AND hashint8(new.%I) BETWEEN s.from_hash AND s.upto_hash WHERE %s',
                 part.work_table, part.names, part.first_key,
                 part.either_names, part.cast_names, source, olds,
                 part.same_key, target,
                 crmcost._customer_column(shard::regclass), part.differs);
  GET DIAGNOSTICS differing = ROW_COUNT;
  IF differing > 0 THEN
    changed := crmcost._write_shards(target, part.work_table, part.names,
                                     part.assignments, part.keys);
    EXECUTE format('TRUNCATE %I', part.work_table);
  END IF;
  INSERT INTO refresh_written (target, rows_changed)
    VALUES (target, changed);
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._write_part(name, name, text, text, boolean, boolean) IS
  'Brings the rows of a computed table on a worker that a condition names to those of a query, or keeps them as parts of sums; returns the rows changed.';

CREATE FUNCTION crmcost._write_shards(target name, work_table name,
                                      names text, assignments text,
                                      keys text)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
#variable_conflict use_variable
DECLARE
  shard record;
  statement text;
  changed bigint := 0;
  rows_now bigint;
BEGIN
  FOR shard IN
    SELECT s.shard, s.number FROM refresh_shard s WHERE s.relation = target
  LOOP
    FOREACH statement IN ARRAY ARRAY[
      'UPDATE %1$s old SET %4$s FROM %2$I new WHERE new.refresh_number = %6$s AND old.ctid = new.refresh_row AND NOT new.refresh_gone',
      'DELETE FROM %1$s old USING %2$I new WHERE new.refresh_number = %6$s AND old.ctid = new.refresh_row AND new.refresh_gone',
      'INSERT INTO %1$s (%3$s) SELECT %3$s FROM %2$I new WHERE new.refresh_number = %6$s AND new.refresh_row IS NULL ORDER BY %5$s']
    LOOP
      CONTINUE WHEN statement ~ '^UPDATE' AND assignments IS NULL;
      EXECUTE format(statement, shard.shard, work_table, names, assignments,
                     keys, shard.number);
      GET DIAGNOSTICS rows_now = ROW_COUNT;
      changed := changed + rows_now;
    END LOOP;
  END LOOP;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._write_shards(name, name, text, text, text) IS
  'Writes on a worker what a work table says differs to the shards of a computed table; returns the rows changed.';
