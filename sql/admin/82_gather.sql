-- Schema LEDGER_gather of a distributed ledger.  A refresh copies what the cluster
-- holds into tables of the same names there, which are empty otherwise, computes
-- in these, and writes what differs to both: so its statements are plain ones on
-- one node, whatever Citus refuses.  The views of the ledger are there once more,
-- over these copies.

CREATE FUNCTION crmcost._make_gather(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  gather CONSTANT name := ledger || '_gather';
BEGIN
  -- of this node alone
  PERFORM crmcost._keep_local();
  EXECUTE format('CREATE SCHEMA %I', gather);
  EXECUTE format('COMMENT ON SCHEMA %I IS %L', gather,
                 'Where a distributed ledger is computed, made by crmcost.distribute.');
  EXECUTE format('CREATE SCHEMA %I', ledger || '_pulled');
  EXECUTE format('COMMENT ON SCHEMA %I IS %L', ledger || '_pulled',
                 'What views of a distributed ledger read in one place, made by crmcost.distribute.');
  PERFORM crmcost._make_copies(ledger);
END
$$;

COMMENT ON FUNCTION crmcost._make_gather(name) IS
  'Makes the schema in which a distributed ledger is computed.';

CREATE FUNCTION crmcost._make_copies(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM crmcost._keep_local();
  PERFORM crmcost._make_copy(ledger, c.relname)
    FROM crmcost._placement(ledger) p
    JOIN pg_class c ON c.oid = p.relation
    WHERE to_regclass(format('%I.%I', ledger || '_gather', c.relname)) IS NULL;
END
$$;

COMMENT ON FUNCTION crmcost._make_copies(name) IS
  'Makes the empty copies of distributed tables that schema LEDGER_gather lacks.';

CREATE FUNCTION crmcost._make_copy(ledger name, relation name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  origin CONSTANT text := format('%I.%I', ledger, relation);
  copy CONSTANT text := format('%I.%I', ledger || '_gather', relation);
  key text;
  numbered name;
BEGIN
  EXECUTE format('CREATE UNLOGGED TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING GENERATED)',
                 copy, origin);
  -- whole tables are read: to keep other indexes costs more than to read
  FOR key IN
    SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k
    WHERE k.conrelid = origin::regclass AND k.contype IN ('p', 'u')
  LOOP
    EXECUTE format('ALTER TABLE %s ADD %s', copy, key);
  END LOOP;
  EXECUTE format('COMMENT ON TABLE %s IS %L', copy,
                 format('Copy of %s for the time of a refresh; empty otherwise.',
                        relation));
  FOR numbered IN
    SELECT a.attname FROM pg_attribute a
    WHERE a.attrelid = origin::regclass AND a.attidentity <> ''
  LOOP
    EXECUTE format('ALTER TABLE %s ALTER %I SET DEFAULT nextval(%L::regclass)',
                   copy, numbered, pg_get_serial_sequence(origin, numbered));
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._make_copy(name, name) IS
  'Makes the empty copy of a distributed table in schema LEDGER_gather.';

CREATE FUNCTION crmcost._copies(ledger name)
  RETURNS TABLE (origin regclass, copy regclass, relation name, placement text,
                 names text)
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
    SELECT p.relation, g.oid::regclass, c.relname, p.placement,
           string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
    FROM crmcost._placement(ledger) p
    JOIN pg_class c ON c.oid = p.relation
    JOIN pg_class g
      ON g.relnamespace = format('%I', ledger || '_gather')::regnamespace
         AND g.relname = c.relname AND g.relkind = 'r'
    JOIN pg_attribute a
      ON a.attrelid = g.oid AND a.attnum > 0 AND NOT a.attisdropped
         AND a.attgenerated = ''
    GROUP BY p.relation, g.oid, c.relname, p.placement
    ORDER BY p.placement DESC, p.relation::oid;
END
$$;

COMMENT ON FUNCTION crmcost._copies(name) IS
  'Tables of a distributed ledger that the cluster holds, with the copy in LEDGER_gather and the columns that are written.';

-- The nodes of a cluster have no snapshot in common: nobody else writes the facts
-- while they are copied, and until the transaction ends.  Each computes with functions
-- of its own: they must be the same.
CREATE FUNCTION crmcost._begin_gather(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM crmcost._check_cluster();
  PERFORM crmcost._one_connection();
  EXECUTE (SELECT format('LOCK TABLE %s IN SHARE MODE',
                         string_agg(p.relation::text, ', '))
           FROM crmcost._placement(ledger) p
           JOIN crmcost._captured() k
             ON p.relation = format('%I.%I', ledger, k.relation)::regclass);
  PERFORM crmcost._leave_gather(ledger);
END
$$;

COMMENT ON FUNCTION crmcost._begin_gather(name) IS
  'Locks the facts of a distributed ledger and empties the copies of its tables.';

-- The search path of the ledger begins with the copies until the caller ends, which
-- has a SET clause for the setting.
CREATE FUNCTION crmcost._gather(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  part record;
BEGIN
  IF NOT crmcost._is_distributed(ledger) THEN
    RETURN;
  END IF;
  PERFORM crmcost._begin_gather(ledger);
  -- sales are read where they are, and what the workers write is copied afterwards
  FOR part IN
    SELECT c.*, coalesce(r.condition, 'true') AS condition
    FROM crmcost._copies(ledger) c
    LEFT JOIN crmcost._copied_rows() r
      ON r.relation = c.relation
         AND c.relation = ANY (crmcost._left_tables(ledger))
    WHERE c.relation <> ALL (crmcost._left_tables(ledger) || crmcost._later_tables(ledger))
          OR r.condition IS NOT NULL
  LOOP
    PERFORM crmcost._gather_table(ledger, part.relation, part.condition);
  END LOOP;
  PERFORM set_config('crmcost.gather', 'on', true);
  PERFORM crmcost._check_keys(ledger);
  PERFORM crmcost._find_late_facts(ledger);
END
$$;

COMMENT ON FUNCTION crmcost._gather(name) IS
  'Copies the distributed tables of a ledger to the coordinator, where the statements of the caller then work; nothing for any other ledger.';

CREATE FUNCTION crmcost._gather_table(ledger name, relation name,
                                      condition text DEFAULT 'true')
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  copy CONSTANT text := format('%I.%I', ledger || '_gather', relation);
BEGIN
  EXECUTE (
    SELECT format('INSERT INTO %1$s (%2$s) SELECT %2$s FROM %3$I.%4$I old WHERE %5$s',
                  copy, string_agg(quote_ident(a.attname), ', '
                                   ORDER BY a.attnum),
                  ledger, relation, condition)
    FROM pg_attribute a
    WHERE a.attrelid = copy::regclass AND a.attnum > 0
          AND NOT a.attisdropped AND a.attgenerated = '');
  PERFORM crmcost._analyze_table(copy::regclass);
END
$$;

COMMENT ON FUNCTION crmcost._gather_table(name, name, text) IS
  'Copies the rows old of a distributed table that a condition names to the coordinator.';

-- The search path may be that of the copies: so names are qualified.
CREATE FUNCTION crmcost._empty_tables(ledger name, of_schema text,
                                      but text DEFAULT '-')
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET citus.enable_ddl_propagation = on     -- a session may have it off
AS $$
BEGIN
  IF crmcost._is_distributed(ledger) THEN
    EXECUTE (SELECT coalesce('TRUNCATE ' || string_agg(c.oid::regclass::text, ', '),
                             '')
             FROM pg_class c
             WHERE c.relnamespace = format('%I', ledger || of_schema)::regnamespace
                   AND c.relkind = 'r' AND c.relname NOT LIKE but
                   -- of a table of the cluster the rows are elsewhere
                   AND (c.relpersistence = 'p' OR pg_relation_size(c.oid) > 0));
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._empty_tables(name, text, text) IS
  'Empties the tables that a distributed ledger has in another schema, given the end of its name, but those whose names are like a pattern; nothing for any other ledger.';

CREATE FUNCTION crmcost._leave_gather(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF crmcost._is_distributed(ledger) THEN
    EXECUTE (SELECT coalesce('DROP TABLE ' || string_agg(c.oid::regclass::text, ', '),
                             '')
             FROM pg_class c
             WHERE c.relnamespace = format('%I', ledger || '_gather')::regnamespace
                   AND c.relkind = 'r' AND c.relname LIKE 'refresh\_part\_%');
    PERFORM crmcost._empty_tables(ledger, '_gather');
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._leave_gather(name) IS
  'Empties the copies of the distributed tables of a ledger, and drops what was brought; nothing for any other ledger.';

-- What the writer has changed in the copy of a distributed table, from its work
-- table: who is there or gone.  Whole rows, with the columns of the user's own.
CREATE FUNCTION crmcost._send_difference(ledger name, target name,
                                         work_table text, keys text,
                                         same_key text)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  origin CONSTANT text := format('%I.%I', ledger, target);
  names text;
  copied text;
BEGIN
  SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
         string_agg('old.' || quote_ident(a.attname), ', ' ORDER BY a.attnum)
    INTO names, copied
    FROM pg_attribute a
    WHERE a.attrelid = origin::regclass AND a.attnum > 0
          AND NOT a.attisdropped AND a.attgenerated = '';
  EXECUTE format('DELETE FROM %s old USING (SELECT %s FROM pg_temp.%I WHERE refresh_row IS NOT NULL OFFSET 0) new WHERE %s',
                 origin, keys, work_table, same_key);
  EXECUTE format('INSERT INTO %s (%s) SELECT %s FROM %I.%I old JOIN pg_temp.%I new ON %s WHERE NOT new.refresh_gone',
                 origin, names, copied, ledger || '_gather', target, work_table,
                 same_key);
END
$$;

COMMENT ON FUNCTION crmcost._send_difference(name, name, text, text, text) IS
  'Writes to a distributed table what the writer has changed in its copy.';

-- Numbers are of one sequence, so that a row is new by its number alone.
CREATE FUNCTION crmcost._send_new(ledger name, target name, number name)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  origin CONSTANT text := format('%I.%I', ledger, target);
  names text;
  copied text;
BEGIN
  IF to_regclass(format('%I.%I', ledger || '_gather', target)) IS NULL THEN
    RETURN;
  END IF;
  SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
         string_agg('new.' || quote_ident(a.attname), ', ' ORDER BY a.attnum)
    INTO names, copied
    FROM pg_attribute a
    WHERE a.attrelid = origin::regclass AND a.attnum > 0
          AND NOT a.attisdropped AND a.attgenerated = '';
  EXECUTE format('INSERT INTO %1$s (%2$s) SELECT %3$s FROM %4$I.%5$I new
      LEFT JOIN (SELECT %6$I FROM %1$s) old ON old.%6$I = new.%6$I WHERE old.%6$I IS NULL',
                 origin, names, copied, ledger || '_gather', target, number);
END
$$;

COMMENT ON FUNCTION crmcost._send_new(name, name, name) IS
  'Writes rows that were added to the copy of a table of a distributed ledger to the table itself; nothing where there is no copy.';
