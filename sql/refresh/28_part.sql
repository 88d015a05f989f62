-- Which steps of a refresh run on the workers of a distributed ledger, each with what
-- lies there (86_part.sql), and what becomes of what they say.
--
-- A step that looks at customers one by one is called there as it is.  What it writes of a table by
-- customer it writes there; rows of a table of the coordinator are sums over the
-- customers of a worker, and are summed up here.  Where a step has one part for customers
-- and one for what only all of them together say, the first is _customers_STEP and the
-- second _groups_STEP.
CREATE FUNCTION crmcost._worker_steps() RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{line,order,day,activity}'::text[];

COMMENT ON FUNCTION crmcost._worker_steps() IS
  'Steps of a refresh that run on the workers of a distributed ledger.';

-- Their columns beside the key are numbers.  A row in which all are 0 may be nothing
-- but what is left of such sums: where is_sparse says so, there is none.
CREATE FUNCTION crmcost._summed_tables(OUT target text, OUT is_sparse boolean)
  RETURNS SETOF record
  LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 20
BEGIN ATOMIC
  SELECT s.target, s.is_sparse
  FROM (VALUES ('sale_month'::text, false), ('day_total', true),
               ('contact_month', false)) AS s (target, is_sparse);
END;

COMMENT ON FUNCTION crmcost._summed_tables() IS
  'Tables of the coordinator whose rows are sums of what each worker says.';

-- Views of the ledger that such steps read, each after those that it reads.
CREATE FUNCTION crmcost._part_views() RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{open_month,sale_base}'::text[];

COMMENT ON FUNCTION crmcost._part_views() IS
  'Views that steps on workers read.';

-- Work tables that steps of the coordinator read: they are brought here.
CREATE FUNCTION crmcost._brought_tables(step text) RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE step WHEN 'line' THEN '{refresh_line,refresh_contact}'
         WHEN 'order' THEN '{refresh_order}'
         WHEN 'activity' THEN '{refresh_activity}' ELSE '{}' END::text[];

COMMENT ON FUNCTION crmcost._brought_tables(text) IS
  'Work tables of a step on workers that steps of the coordinator read afterwards.';

-- Tables by customer that the coordinator has no copy of in a refresh: only workers
-- read them.
CREATE FUNCTION crmcost._left_tables() RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{sale}'::text[];

COMMENT ON FUNCTION crmcost._left_tables() IS
  'Tables by customer that no step on the coordinator reads.';

-- Others are copied when a step on workers has written them, and read here only then.
CREATE FUNCTION crmcost._later_tables() RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{customer_order,customer_product}'::text[];

COMMENT ON FUNCTION crmcost._later_tables() IS
  'Tables by customer that are copied to the coordinator after a step on workers has written them.';

CREATE FUNCTION crmcost._run_step(run crmcost._run, step text) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  spread CONSTANT boolean := crmcost._is_distributed(run.ledger);
  changed bigint := 0;
  more bigint;
  routine text := '_refresh_' || step;
BEGIN
  IF spread AND step = ANY (crmcost._worker_steps()) THEN
    changed := crmcost._run_on_workers(run, step);
    routine := '_groups_' || step;
    IF to_regproc('crmcost.' || routine) IS NULL THEN
      RETURN changed;
    END IF;
  END IF;
  EXECUTE format('SELECT crmcost.%I($1)', routine) INTO more USING run;
  IF spread AND step = 'news' THEN
    PERFORM crmcost._begin_parts(run);
  END IF;
  RETURN changed + more;
END
$$;

COMMENT ON FUNCTION crmcost._run_step(crmcost._run, text) IS
  'Runs a step of a refresh, where it belongs; returns the rows changed.';

-- The site of a worker is a row whose shard it has, so that a query of that table
-- asks each worker once.  The function is given the row: it is not called without.
CREATE FUNCTION crmcost._begin_parts(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  spread CONSTANT name := run.ledger || '_spread';
  moved record;
BEGIN
  PERFORM crmcost._empty_tables(run.ledger, '_spread');
  EXECUTE format($query$
    INSERT INTO %1$I.site
      SELECT min(k.i)
      FROM generate_series(1, 40 * (SELECT count(*) FROM pg_dist_shard s
                                    WHERE s.logicalrelid = %2$L::regclass)) AS k (i)
      JOIN pg_dist_placement p
        ON p.shardid = get_shard_id_for_distribution_column(%2$L::regclass, k.i)
      GROUP BY p.groupid
    $query$, spread, format('%I.site', spread));
  EXECUTE format('INSERT INTO %I.party SELECT p.customer_id, p.party_id FROM pg_temp.refresh_party p',
                 spread);
  PERFORM crmcost._share_table(run.ledger, t.name)
    FROM unnest(crmcost._shared_tables()) AS t (name)
    WHERE t.name <> 'touched';
  IF EXISTS (SELECT FROM pg_temp.refresh_party) THEN
    FOR moved IN
      SELECT t.name, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
               AS names,
             string_agg('r.' || quote_ident(a.attname), ', '
                        ORDER BY a.attnum) AS read_names
      FROM unnest(crmcost._moved_tables()) AS t (name)
      JOIN pg_attribute a
        ON a.attrelid = format('%I.%I', run.ledger, t.name)::regclass
           AND a.attnum > 0 AND NOT a.attisdropped
      GROUP BY t.name
    LOOP
      EXECUTE format('INSERT INTO %1$I.%2$I (party_id, %3$s) SELECT p.party_id, %4$s FROM %5$I.%6$I r JOIN %1$I.party p ON p.customer_id = r.customer_id',
                     spread, 'moved_' || moved.name, moved.names,
                     moved.read_names, run.ledger, moved.name);
    END LOOP;
  END IF;
  EXECUTE format('SELECT crmcost._begin_part(%L, %L, %L, s.customer_id) FROM %I.site s',
                 run.ledger, crmcost._part_plan(run.ledger),
                 current_setting('work_mem'), spread);
END
$$;

COMMENT ON FUNCTION crmcost._begin_parts(crmcost._run) IS
  'Tells the workers of a distributed ledger what they need for a refresh, after step news.';

CREATE FUNCTION crmcost._share_table(ledger name, relation name)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format('INSERT INTO %I.%I SELECT r.* FROM %I.%I r',
                 ledger || '_spread', relation, ledger, relation);
END
$$;

COMMENT ON FUNCTION crmcost._share_table(name, name) IS
  'Copies a table of the coordinator to every node.';

-- On a worker.  Everybody is news, as a distributed ledger computes everything.
CREATE FUNCTION crmcost._begin_part(ledger name, plan jsonb, memory text,
                                    site bigint)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  part CONSTANT name := ledger || '_part';
BEGIN
  PERFORM set_config('work_mem', memory, true);
  PERFORM crmcost._make_part(ledger, plan);
  PERFORM crmcost._clear_part(ledger);
  EXECUTE format('INSERT INTO %1$I.refresh_party SELECT p.customer_id, p.party_id FROM %1$I.party p',
                 part);
  EXECUTE format('INSERT INTO %1$I.refresh_customer SELECT c.customer_id, true FROM %1$I.customer c',
                 part);
  EXECUTE format('ANALYZE %1$I.refresh_party, %1$I.refresh_customer', part);
END
$$;

COMMENT ON FUNCTION crmcost._begin_part(name, jsonb, text, bigint) IS
  'Begins a refresh on a worker.';

CREATE FUNCTION crmcost._clear_part(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  filled text;
BEGIN
  SELECT string_agg(c.oid::regclass::text, ', ') INTO filled
    FROM pg_class c
    WHERE c.relnamespace = format('%I', ledger || '_part')::regnamespace
          AND c.relkind = 'r' AND c.relpersistence = 'u'
          AND pg_relation_size(c.oid) > 0;
  IF filled IS NOT NULL THEN
    EXECUTE 'TRUNCATE ' || filled;
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._clear_part(name) IS
  'Empties the work tables of a refresh on a worker.';

CREATE FUNCTION crmcost._end_part(ledger name, site bigint) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM crmcost._clear_part(ledger);
END
$$;

COMMENT ON FUNCTION crmcost._end_part(name, bigint) IS
  'Ends a refresh on a worker.';

CREATE FUNCTION crmcost._end_parts(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF crmcost._is_distributed(ledger) THEN
    EXECUTE format('SELECT crmcost._end_part(%L, s.customer_id) FROM %I.site s',
                   ledger, ledger || '_spread');
    PERFORM crmcost._empty_tables(ledger, '_spread');
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._end_parts(name) IS
  'Empties what the workers of a distributed ledger computed with.';

-- On a worker: what was written of tables by customer, and of which rows of a table of
-- the coordinator the sums have taken the place.
CREATE FUNCTION crmcost._part_step(ledger name, run text, step text, zone text,
                                   site bigint)
  RETURNS TABLE (target text, rows_changed bigint, scope text)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
  SET jit = off
  SET enable_memoize = off
  SET default_statistics_target = 20
AS $$
DECLARE
  part CONSTANT name := ledger || '_part';
  routine text := '_customers_' || step;
BEGIN
  PERFORM set_config('timezone', zone, true);
  EXECUTE format('TRUNCATE %1$I.refresh_written, %1$I.refresh_scope', part);
  IF to_regproc(format('%I.%I', ledger || '_step', routine)) IS NULL THEN
    routine := '_refresh_' || step;
  END IF;
  EXECUTE format('SELECT %I.%I($1)', ledger || '_step', routine)
    USING run::crmcost._run;
  RETURN QUERY EXECUTE format($query$
    SELECT w.target, sum(w.rows_changed)::bigint, NULL
    FROM %1$I.refresh_written w GROUP BY w.target
    UNION ALL
    SELECT s.target, NULL, s.scope FROM %1$I.refresh_scope s
  $query$, part);
END
$$;

COMMENT ON FUNCTION crmcost._part_step(name, text, text, text, bigint) IS
  'Runs a step of a refresh on a worker; returns the rows changed by table, and for tables of sums the condition on old that says which rows they replace.';

CREATE FUNCTION crmcost._part_rows(ledger name, query text, site bigint)
  RETURNS SETOF record
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
  SET jit = off
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger || '_part'),
                     true);
  RETURN QUERY EXECUTE query;
END
$$;

COMMENT ON FUNCTION crmcost._part_rows(name, text, bigint) IS
  'Rows that a query returns on a worker.';

CREATE FUNCTION crmcost._run_on_workers(run crmcost._run, step text)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  there crmcost._run := run;
  told jsonb;
  written record;
  changed bigint := 0;
BEGIN
  there.ledger := run.ledger || '_part';
  EXECUTE format($query$
    SELECT jsonb_agg(w)
    FROM (SELECT r.target, r.rows_changed, r.scope
          FROM %I.site s
          CROSS JOIN LATERAL crmcost._part_step(%L, %L, %L, %L, s.customer_id) r
          OFFSET 0) w
    $query$, run.ledger || '_spread', run.ledger, there::text, step,
    current_setting('timezone')) INTO told;
  FOR written IN
    SELECT w.target, sum(w.rows_changed)::bigint AS rows_changed,
           string_agg(DISTINCT '(' || w.scope || ')', ' OR ') AS scope
    FROM jsonb_to_recordset(told)
      AS w (target text, rows_changed bigint, scope text)
    GROUP BY w.target ORDER BY w.target
  LOOP
    IF written.scope IS NULL THEN
      changed := changed + written.rows_changed;
      INSERT INTO pg_temp.refresh_written
        VALUES (written.target, written.rows_changed);
      PERFORM crmcost._gather_table(c.origin, c.copy, c.names)
        FROM crmcost._copies(run.ledger) c
        WHERE c.relation = written.target
              AND c.relation <> ALL (crmcost._left_tables());
    ELSE
      changed := changed + crmcost._write_sums(run.ledger, written.target,
                                               written.scope);
    END IF;
  END LOOP;
  PERFORM crmcost._bring_table(run.ledger, t.name)
    FROM unnest(crmcost._brought_tables(step)) AS t (name);
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._run_on_workers(crmcost._run, text) IS
  'Runs a step of a refresh on the workers, and brings here what the coordinator needs of it; returns the rows changed.';

-- A query of all workers, whose rows stand one below the other.
CREATE FUNCTION crmcost._parts_query(ledger name, query text, columns text)
  RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN pg_catalog.format(
  'SELECT r.* FROM %I.site s CROSS JOIN LATERAL crmcost._part_rows(%L, %L, s.customer_id) AS r (%s)',
  ledger || '_spread', ledger, query, columns);

COMMENT ON FUNCTION crmcost._parts_query(name, text, text) IS
  'Query of the rows that a query returns on each worker, given its columns with their types.';

CREATE FUNCTION crmcost._bring_table(ledger name, work_table name)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE (
    SELECT format('INSERT INTO pg_temp.%I (%s) %s', work_table,
                  string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
                  crmcost._parts_query(ledger,
                    format('SELECT %s FROM %I',
                           string_agg(quote_ident(a.attname), ', '
                                      ORDER BY a.attnum), work_table),
                    string_agg(format('%I %s', a.attname,
                                      format_type(a.atttypid, a.atttypmod)),
                               ', ' ORDER BY a.attnum)))
    FROM pg_attribute a
    WHERE a.attrelid = format('pg_temp.%I', work_table)::regclass
          AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '');
  EXECUTE format('ANALYZE pg_temp.%I', work_table);
END
$$;

COMMENT ON FUNCTION crmcost._bring_table(name, name) IS
  'Fills a work table with what the workers have in theirs.';

CREATE FUNCTION crmcost._columns_text(relation regclass) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT pg_catalog.string_agg(pg_catalog.format('%I %s', c.attname, c.type),
                               ', '::text ORDER BY c.attnum)
  FROM crmcost._columns_of(relation) c;
END;

COMMENT ON FUNCTION crmcost._columns_text(regclass) IS
  'Columns of a computed table with their types, as CREATE TABLE has them.';

CREATE FUNCTION crmcost._write_sums(ledger name, target name, scope text)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  columns CONSTANT text :=
    crmcost._columns_text(format('%I.%I', ledger, target)::regclass);
  source text;
  changed bigint;
BEGIN
  EXECUTE 'CREATE TEMPORARY TABLE refresh_sum ON COMMIT DROP AS '
          || crmcost._parts_query(ledger, format('SELECT * FROM refresh_sum_%s',
                                                 target), columns);
  SELECT format('SELECT %s FROM pg_temp.refresh_sum GROUP BY %s%s',
                string_agg(format(CASE WHEN c.is_key THEN '%1$I'
                                    ELSE 'sum(%1$I)::%2$s AS %1$I' END,
                                  c.attname, c.type), ', ' ORDER BY c.attnum),
                string_agg(quote_ident(c.attname), ', ')
                  FILTER (WHERE c.is_key),
                ' HAVING ' || string_agg(format('sum(%I) <> 0', c.attname),
                                         ' OR ')
                  FILTER (WHERE NOT c.is_key AND s.is_sparse))
    INTO source
    FROM crmcost._columns_of(format('%I.%I', ledger, target)::regclass) c
    JOIN crmcost._summed_tables() s ON s.target = _write_sums.target
    GROUP BY s.target;
  changed := crmcost._write_difference(ledger, target, source, scope);
  DROP TABLE pg_temp.refresh_sum;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._write_sums(name, name, text) IS
  'Brings the rows of a table that a condition on old names to the sums of what the workers say; returns the rows changed.';

-- On a worker, where it stands for _write_difference: ledger is that of the part.  A row
-- is at the worker that has the shard of its customer: what is computed of others, it
-- leaves to theirs.
CREATE FUNCTION crmcost._write_part(ledger name, target name, source text,
                                    scope text, noted boolean DEFAULT false)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  part record;
  shard record;
  statement text;
  olds text;
  changed bigint := 0;
  rows_now bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  IF to_regclass(format('%I.%I', ledger, 'refresh_sum_' || target))
     IS NOT NULL THEN
    EXECUTE (
      SELECT format('INSERT INTO %1$I (%2$s) SELECT %2$s FROM (%3$s) new',
                    'refresh_sum_' || target,
                    string_agg(quote_ident(c), ', '), source)
      FROM unnest(crmcost._query_columns(source)) AS c);
    INSERT INTO refresh_scope VALUES (target, scope);
    RETURN 0;
  END IF;
  SELECT string_agg(format('SELECT old.ctid AS refresh_row, %s::bigint AS refresh_number, old.* FROM %s old WHERE %s',
                           s.number, s.shard, scope), ' UNION ALL ')
    INTO STRICT olds
    FROM refresh_shard s WHERE s.relation = target HAVING count(*) > 0;
  SELECT * INTO part
    FROM crmcost._difference_parts(regexp_replace(ledger, '_part$', ''),
                                   target, source);
  EXECUTE format('INSERT INTO %I (refresh_row, refresh_number, refresh_gone, %s) SELECT old.refresh_row, coalesce(old.refresh_number, s.number), new.%I IS NULL, %s FROM (SELECT %s FROM (%s) AS new) AS new FULL JOIN (%s) AS old ON %s LEFT JOIN refresh_shard s ON s.relation = %L AND old.refresh_number IS NULL AND hashint8(new.customer_id) BETWEEN s.from_hash AND s.upto_hash WHERE %s',
                 part.work_table, part.names, part.first_key,
                 part.either_names, part.cast_names, source, olds,
                 part.same_key, target, part.differs);
  FOR shard IN
    SELECT s.shard, s.number FROM refresh_shard s WHERE s.relation = target
  LOOP
    FOREACH statement IN ARRAY ARRAY[
      'UPDATE %1$s old SET %4$s FROM %2$I new WHERE new.refresh_number = %6$s AND old.ctid = new.refresh_row AND NOT new.refresh_gone',
      'DELETE FROM %1$s old USING %2$I new WHERE new.refresh_number = %6$s AND old.ctid = new.refresh_row AND new.refresh_gone',
      'INSERT INTO %1$s (%3$s) SELECT %3$s FROM %2$I new WHERE new.refresh_number = %6$s AND new.refresh_row IS NULL ORDER BY %5$s']
    LOOP
      CONTINUE WHEN statement ~ '^UPDATE' AND part.assignments IS NULL;
      EXECUTE format(statement, shard.shard, part.work_table, part.names,
                     part.assignments, part.keys, shard.number);
      GET DIAGNOSTICS rows_now = ROW_COUNT;
      changed := changed + rows_now;
    END LOOP;
  END LOOP;
  EXECUTE format('TRUNCATE %I', part.work_table);
  INSERT INTO refresh_written VALUES (target, changed);
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._write_part(name, name, text, text, boolean) IS
  'Brings the rows of a computed table on a worker that a condition names to those of a query, or keeps them as parts of sums; returns the rows changed.';
