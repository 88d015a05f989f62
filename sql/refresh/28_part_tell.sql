-- What workers say and are told in a refresh of a distributed ledger.

-- A query of all workers, whose rows stand one below the other.
CREATE FUNCTION crmcost._parts_query(ledger name, query text, columns text)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format(
  'SELECT r.* FROM %I.site s CROSS JOIN LATERAL crmcost._part_rows(%L, %L, s.customer_id) AS r (%s)',
  ledger || '_spread', ledger, query, columns);

COMMENT ON FUNCTION crmcost._parts_query(name, text, text) IS
  'Query of the rows that a query returns on each worker, given its columns with their types.';

CREATE FUNCTION crmcost._bring_table(ledger name, work_table name,
                                     condition text)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE (
    SELECT format('INSERT INTO pg_temp.%I (%s) %s', work_table,
                  string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
                  crmcost._parts_query(ledger,
                    format('SELECT %s FROM %I WHERE %s',
                           string_agg(quote_ident(a.attname), ', '
                                      ORDER BY a.attnum), work_table,
                           condition),
                    string_agg(format('%I %s', a.attname,
                                      format_type(a.atttypid, a.atttypmod)),
                               ', ' ORDER BY a.attnum)))
    FROM pg_attribute a
    WHERE a.attrelid = format('pg_temp.%I', work_table)::regclass
          AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '');
  PERFORM crmcost._analyze_table(format('pg_temp.%I', work_table)::regclass);
END
$$;

COMMENT ON FUNCTION crmcost._bring_table(name, name, text) IS
  'Fills a work table with what the workers have in theirs, as far as a condition says.';

CREATE FUNCTION crmcost._tell_table(ledger name, work_table name,
                                    condition text DEFAULT 'true',
                                    of_schema name DEFAULT 'pg_temp')
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  rows_of json;
BEGIN
  EXECUTE format('SELECT coalesce(json_agg(t), ''[]'') FROM %I.%I t WHERE %s',
                 of_schema, work_table, condition) INTO rows_of;
  EXECUTE format('SELECT crmcost._hear_table(%L, %L, %L, s.customer_id) FROM %I.site s',
                 ledger, work_table, rows_of, ledger || '_spread');
END
$$;

COMMENT ON FUNCTION crmcost._tell_table(name, name, text, name) IS
  'Gives each worker the rows t of a work table, or of a table in a schema, that a condition names, which are few.';

CREATE FUNCTION crmcost._hear_table(ledger name, work_table name,
                                    rows_of json, site bigint)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format('TRUNCATE %1$I.%2$I', ledger || '_part', work_table);
  EXECUTE format('INSERT INTO %1$I.%2$I SELECT * FROM json_populate_recordset(NULL::%1$I.%2$I, $1)',
                 ledger || '_part', work_table) USING rows_of;
  EXECUTE format('ANALYZE %1$I.%2$I', ledger || '_part', work_table);
END
$$;

COMMENT ON FUNCTION crmcost._hear_table(name, name, json, bigint) IS
  'Fills a work table on a worker.';

-- Direct cost, which the coordinator reads, to the workers of the customers.
CREATE FUNCTION crmcost._scatter_direct_parts(run crmcost._run)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  spread CONSTANT name := run.ledger || '_spread';
BEGIN
  IF NOT crmcost._is_distributed(run.ledger) THEN
    RETURN;
  END IF;
  EXECUTE format('INSERT INTO %I.direct_part (customer_id, month_start, bucket, resource, amount)
      SELECT p.customer_id, p.month_start, p.bucket, p.resource, sum(p.amount)
      FROM pg_temp.refresh_part p WHERE p.customer_id IS NOT NULL
      AND p.amount IS NOT NULL GROUP BY 1, 2, 3, 4',
                 spread);
  EXECUTE format('SELECT crmcost._hear_direct_parts(%L, s.customer_id) FROM %I.site s',
                 run.ledger, spread);
END
$$;

COMMENT ON FUNCTION crmcost._scatter_direct_parts(crmcost._run) IS
  'Gives each worker of a distributed ledger the direct cost of its customers.';

CREATE FUNCTION crmcost._hear_direct_parts(ledger name, site bigint)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format('INSERT INTO %1$I.refresh_part (customer_id, month_start, bucket, resource, amount)
      SELECT d.customer_id, d.month_start, d.bucket, d.resource, d.amount FROM %1$I.direct_part d',
                 ledger || '_part');
  EXECUTE format('ANALYZE %I.refresh_part', ledger || '_part');
END
$$;

COMMENT ON FUNCTION crmcost._hear_direct_parts(name, bigint) IS
  'Fills refresh_part on a worker.';

-- What a query of the store or of work tables says, as FROM takes it: where workers
-- have these, of each of them what it says of its customers, in a table of that
-- name beside the copies, until the refresh ends: who works as the owner of a ledger cannot
-- make temporary ones.  So the query is one that may be asked of parts, as what it says of all is made of
-- what it says of each.
CREATE FUNCTION crmcost._of_parts(run crmcost._run, name name, query text,
                                  shape text DEFAULT NULL)
  RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  relation CONSTANT text := format('%I.%I', run.ledger || '_gather', name);
BEGIN
  IF NOT crmcost._is_distributed(run.ledger) THEN
    RETURN format('(%s)', query);
  END IF;
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF to_regclass(relation) IS NOT NULL THEN
    EXECUTE format('DROP TABLE %s', relation);
  END IF;
  EXECUTE format('CREATE UNLOGGED TABLE %s AS %s WITH NO DATA', relation,
                 coalesce(shape, query));
  EXECUTE (
    SELECT format('INSERT INTO %s %s', relation,
                  crmcost._parts_query(run.ledger, query,
                    string_agg(format('%I %s', a.attname,
                                      format_type(a.atttypid, a.atttypmod)),
                               ', ' ORDER BY a.attnum)))
    FROM pg_attribute a
    WHERE a.attrelid = relation::regclass AND a.attnum > 0);
  PERFORM crmcost._analyze_table(relation::regclass);
  RETURN relation;
END
$$;

COMMENT ON FUNCTION crmcost._of_parts(crmcost._run, name, text, text) IS
  'Relation of what a query says, of each worker of a distributed ledger; shape is one with the same columns, where the query can be asked on a worker alone.';

-- None of the rows comes here: Citus plans this with repartition.
CREATE FUNCTION crmcost._deal_parts(run crmcost._run, name name, number text,
                                    query text)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  spread CONSTANT name := run.ledger || '_spread';
BEGIN
  EXECUTE (
    SELECT format('INSERT INTO %1$I.%2$I (part, %3$s) %4$s', spread, name,
                  c.names, crmcost._parts_query(run.ledger,
                    format('SELECT (%s)::bigint AS part, %s FROM (%s) q',
                           number, c.names, query),
                    'part bigint, ' || c.types))
    FROM (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
                   AS names,
                 string_agg(format('%I %s', a.attname, format_type(
                              a.atttypid, a.atttypmod)), ', '
                            ORDER BY a.attnum) AS types
          FROM pg_attribute a
          WHERE a.attrelid = format('%I.%I', spread, name)::regclass
                AND a.attnum > 0 AND NOT a.attisdropped
                AND a.attname <> 'part') c);
END
$$;

COMMENT ON FUNCTION crmcost._deal_parts(crmcost._run, name, text, text) IS
  'Sends the rows q of a query on each worker to the worker that the number of their group names, in one of _dealt_tables.';

CREATE FUNCTION crmcost._end_deal(run crmcost._run, name name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET citus.enable_ddl_propagation = on     -- a session may have it off
AS $$
BEGIN
  EXECUTE format('TRUNCATE %I.%I', run.ledger || '_spread', name);
END
$$;

COMMENT ON FUNCTION crmcost._end_deal(crmcost._run, name) IS
  'Empties one of _dealt_tables.';

-- In a format with the relation of the rows: all of a group are in one place, where
-- the same is asked of them as on one node.
CREATE FUNCTION crmcost._of_groups(run crmcost._run, name name, number text,
                                   query text, groups text)
  RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  here CONSTANT text := format(groups, format('(%s)', query));
  result text;
BEGIN
  IF NOT crmcost._is_distributed(run.ledger) THEN
    RETURN format('(%s)', here);
  END IF;
  PERFORM crmcost._deal_parts(run, name, number, query);
  result := crmcost._of_parts(run, 'refresh_part_of_' || name,
                              format(groups, quote_ident(name)), here);
  PERFORM crmcost._end_deal(run, name);
  RETURN result;
END
$$;

COMMENT ON FUNCTION crmcost._of_groups(crmcost._run, name, text, text, text) IS
  'Relation of what a format of a query says of groups of the rows of a query, whose number is an expression of a row q: in a distributed ledger each worker says it of those that are dealt to it.';

CREATE FUNCTION crmcost._columns_text(relation regclass) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT pg_catalog.string_agg(pg_catalog.format('%I %s', c.attname, c.type),
                               ', '::text ORDER BY c.attnum)
  FROM crmcost._columns_of(relation) c;
END;

COMMENT ON FUNCTION crmcost._columns_text(regclass) IS
  'Columns of a computed table with their types, as CREATE TABLE has them.';

CREATE FUNCTION crmcost._merged(name name, type text, is_key boolean)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format(
  CASE
    WHEN is_key THEN '%1$I'
    WHEN type = 'text[]' THEN 'crmcost._first_words(%1$I) AS %1$I'
    WHEN type = 'text' THEN 'min(%1$I) AS %1$I'
    WHEN type = 'date' OR type LIKE 'timestamp%' THEN 'max(%1$I) AS %1$I'
    ELSE 'sum(%1$I)::%2$s AS %1$I' END, name, type);

COMMENT ON FUNCTION crmcost._merged(name, text, boolean) IS
  'Term of a column of what all workers say, given its name, its type and whether rows are told apart by it: the sum, the last day, the first words.';

-- For a query that is written to a table of the coordinator, of which no row but those
-- of sums tells of several customers.
CREATE FUNCTION crmcost._sum_of_parts(run crmcost._run, target name,
                                      query text)
  RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  given name[];
  source text;
BEGIN
  IF NOT crmcost._is_distributed(run.ledger) THEN
    RETURN (query);
  END IF;
  source := crmcost._of_parts(run, 'refresh_part_' || target, query);
  given := ARRAY(SELECT a.attname FROM pg_attribute a
                 WHERE a.attrelid = source::regclass AND a.attnum > 0);
  RETURN (
    SELECT format('SELECT %s FROM %s GROUP BY %s',
                  string_agg(crmcost._merged(c.attname, c.type, c.is_key),
                             ', ' ORDER BY c.attnum),
                  source, string_agg(quote_ident(c.attname), ', ')
                            FILTER (WHERE c.is_key))
    FROM crmcost._columns_of(format('%I.%I', run.ledger, target)::regclass) c
    WHERE c.attname = ANY (given));
END
$$;

COMMENT ON FUNCTION crmcost._sum_of_parts(crmcost._run, name, text) IS
  'Query that says of all what a query for a computed table says, of the customers of each worker where the ledger is distributed.';

CREATE FUNCTION crmcost._write_sums(ledger name, target name, scope text)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  columns CONSTANT text :=
    crmcost._columns_text(format('%I.%I', ledger, target)::regclass);
  relation CONSTANT text := format('%I.refresh_sum', ledger || '_gather');
  source text;
  changed bigint;
BEGIN
  EXECUTE format('CREATE UNLOGGED TABLE %s AS ', relation)
          || crmcost._parts_query(ledger, format('SELECT * FROM refresh_sum_%s',
                                                 target), columns);
  SELECT format('SELECT %s FROM %s GROUP BY %s%s',
                string_agg(crmcost._merged(c.attname, c.type, c.is_key), ', '
                           ORDER BY c.attnum), relation,
                string_agg(quote_ident(c.attname), ', ')
                  FILTER (WHERE c.is_key),
                ' HAVING ' || string_agg(format('sum(%I) <> 0', c.attname),
                                         ' OR ')
                  FILTER (WHERE NOT c.is_key AND s.kind = 'sparse'))
    INTO source
    FROM crmcost._columns_of(format('%I.%I', ledger, target)::regclass) c
    JOIN crmcost._summed_tables() s ON s.target = _write_sums.target
    GROUP BY s.target, s.kind;
  changed := crmcost._write_difference(ledger, target, source, scope);
  EXECUTE format('DROP TABLE %s', relation);
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._write_sums(name, name, text) IS
  'Brings the rows of a table that a condition on old names to the sums of what the workers say; returns the rows changed.';
