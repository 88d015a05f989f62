-- Loads of a fact table.  What was loaded before, by its key, is left out, so that a
-- load that broke off elsewhere can be called again.
--
-- A first load goes into an empty table.  Foreign keys, unique keys and indexes are most
-- of what a row costs; made after the rows, each is one sort or one join.  So they
-- go for as long as it takes, and come back as they were, in one transaction:
-- after an error the table is what it was.  That wants the table, and those that its
-- keys refer to, for itself: where a refresh or a report stands on them, the
-- keys stay, and nobody waits.
CREATE PROCEDURE crmcost.load_facts(ledger name, fact name, source regclass)
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF crmcost._run_as_owner(
       ledger, NULL,
       'crmcost._load_facts(pg_catalog.name,pg_catalog.name,pg_catalog.regclass)',
       ledger, fact, source) THEN
    RETURN;
  END IF;
  PERFORM crmcost._load_facts(ledger, fact, source);
END
$$;

COMMENT ON PROCEDURE crmcost.load_facts(name, name, regclass) IS
  'Copies the rows of a table or view into a fact table of a ledger (sale, cost_entry, interaction, loyalty_entry or driver_entry), by the names of its columns, and leaves out those whose key is there; into an empty one without its keys and indexes, which are made after.';

CREATE FUNCTION crmcost._load_facts(ledger name, fact name, source regclass)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
  -- each index goes where it was
  SET default_tablespace = ''
AS $$
DECLARE
  old_work_mem CONSTANT text := crmcost._raise_work_mem();
  target regclass;
  columns text;
  keys record;
  alone boolean;
  given bigint;
  loaded bigint;
BEGIN
  PERFORM crmcost._check_owner(ledger);
  IF fact IS NULL OR source IS NULL THEN
    RAISE EXCEPTION '% must not be null',
                    CASE WHEN fact IS NULL THEN 'fact' ELSE 'source' END
      USING ERRCODE = 'null_value_not_allowed';
  END IF;
  IF fact <> ALL ('{sale,cost_entry,interaction,loyalty_entry,driver_entry}') THEN
    RAISE EXCEPTION 'fact must be sale, cost_entry, interaction, loyalty_entry or driver_entry, not %',
                    fact
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  target := format('%I.%I', ledger, fact)::regclass;
  columns := crmcost._common_columns(target, source);
  -- of two loads of the same rows the second finds what the first has loaded
  PERFORM pg_advisory_xact_lock(
    hashtextextended(format('crmcost.load %s %s', ledger, fact), 0));
  alone := crmcost._take_empty(target);
  IF alone THEN
    keys := crmcost._keys_of(target);
    PERFORM crmcost._run_all(keys.drops);
  ELSE
    EXECUTE format('SELECT count(*) FROM %s', source) INTO given;
  END IF;
  EXECUTE format('INSERT INTO %s (%2$s) SELECT %2$s FROM %3$s%4$s', target,
                 columns, source,
                 CASE WHEN NOT alone
                   THEN crmcost._conflict_clause(target, fact) END);
  GET DIAGNOSTICS loaded = ROW_COUNT;
  IF alone THEN
    PERFORM crmcost._run_all(keys.adds);
    PERFORM crmcost._analyze_table(target);
  END IF;
  PERFORM set_config('work_mem', old_work_mem, true);
  IF loaded < given THEN
    RAISE NOTICE '% rows loaded into %, and % left out, whose key is there',
                 loaded, target, given - loaded;
  ELSE
    RAISE NOTICE '% rows loaded into %', loaded, target;
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._load_facts(name, name, regclass) IS
  'What load_facts does, as the owner of the ledger.';

-- A table may be filled between the look and the lock.
CREATE FUNCTION crmcost._take_empty(target regclass) RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
AS $$
DECLARE
  filled boolean;
BEGIN
  EXECUTE format('SELECT EXISTS (SELECT 1 FROM %s)', target) INTO filled;
  IF filled OR crmcost._has_scattered_indexes(target) THEN
    RETURN false;
  END IF;
  IF NOT crmcost._lock_together(
           target || crmcost._referred_by(ARRAY[target]), 5) THEN
    RAISE NOTICE '% is in use, so that its keys and indexes stay while it is loaded',
                 target
      USING HINT = 'A first load is faster when nobody reads the ledger.';
    RETURN false;
  END IF;
  EXECUTE format('SELECT EXISTS (SELECT 1 FROM %s)', target) INTO filled;
  RETURN NOT filled;
END
$$;

COMMENT ON FUNCTION crmcost._take_empty(regclass) IS
  'Locks a table without rows, and what it refers to, against everybody else; false where it has rows, indexes of partitions that stand apart, or is in use for more than five seconds.';

-- Made again, an index of a partition goes where that of the table is.
CREATE FUNCTION crmcost._has_scattered_indexes(target regclass) RETURNS boolean
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT EXISTS (
    SELECT 1
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class whole ON whole.oid = i.indexrelid
    JOIN pg_catalog.pg_inherits h ON h.inhparent = whole.oid
    JOIN pg_catalog.pg_class part ON part.oid = h.inhrelid
    WHERE i.indrelid = target AND part.reltablespace <> whole.reltablespace);
END;

COMMENT ON FUNCTION crmcost._has_scattered_indexes(regclass) IS
  'Whether an index of a partition of a table is in another tablespace than that of the table.';

-- Names the key by which loads know their rows, for of all others a conflict is an
-- error; nothing where the owner dropped it.
CREATE FUNCTION crmcost._conflict_clause(target regclass, fact name)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT pg_catalog.format(' ON CONFLICT (%s) DO NOTHING',
           pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', '))
  FROM pg_catalog.pg_constraint c
  JOIN pg_catalog.pg_attribute a
    ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
  WHERE c.conrelid = target AND c.contype = 'u'
        AND c.conname = fact::text || '_loaded_once'
  GROUP BY c.oid;
END;

COMMENT ON FUNCTION crmcost._conflict_clause(regclass, name) IS
  'What lets an INSERT into a fact table leave out rows that were loaded before; NULL where the table has no such key.';

-- What the source does not have gets its default; what it has beside may be a
-- misspelt name, and is not passed over.
CREATE FUNCTION crmcost._common_columns(target regclass, source regclass)
  RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  unknown name;
BEGIN
  SELECT s.attname INTO unknown
    FROM pg_attribute s
    WHERE s.attrelid = source AND s.attnum > 0 AND NOT s.attisdropped
          AND NOT EXISTS (SELECT FROM pg_attribute t
                          WHERE t.attrelid = target AND t.attnum > 0
                                AND t.attname = s.attname
                                AND NOT t.attisdropped)
    ORDER BY s.attnum LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'source must have columns of % alone, not "%"', target,
                    unknown
      USING ERRCODE = 'undefined_column',
            HINT = 'Give a view with the columns named as those of the fact table.';
  END IF;
  RETURN (SELECT string_agg(format('%I', s.attname), ', ' ORDER BY s.attnum)
          FROM pg_attribute s
          WHERE s.attrelid = source AND s.attnum > 0
                AND NOT s.attisdropped);
END
$$;

COMMENT ON FUNCTION crmcost._common_columns(regclass, regclass) IS
  'Columns of a source, all of which must be columns of a target.';

-- Statements that take the keys and indexes of a table away, and that make them
-- again with their comments: unique ones first, because foreign keys are checked
-- by reading the table.  What others refer to, or identifies rows for replication,
-- stays.  The definition of an index does not say its tablespace.
CREATE FUNCTION crmcost._keys_of(target regclass, OUT drops text[],
                                 OUT adds text[])
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH key AS (
    SELECT 1 + (c.contype = 'f')::integer AS place, c.conname AS name,
           pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', target,
                             c.conname) AS drop_it,
           pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s', target,
                             c.conname,
                             pg_catalog.pg_get_constraintdef(c.oid)) AS add_it,
           c.conindid AS index_id,
           pg_catalog.format('COMMENT ON CONSTRAINT %I ON %s IS %L', c.conname,
                             target, pg_catalog.obj_description(
                               c.oid, 'pg_constraint')) AS comment_it,
           pg_catalog.obj_description(c.oid, 'pg_constraint') AS comment
    FROM pg_catalog.pg_constraint c
    WHERE c.conrelid = target AND c.contype IN ('p', 'u', 'x', 'f')
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint f
                          WHERE f.confrelid = target AND f.conindid = c.conindid)
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_index i
                          WHERE i.indexrelid = c.conindid
                                AND c.contype <> 'f' AND i.indisreplident)
    UNION ALL
    SELECT 1, r.relname,
           pg_catalog.format('DROP INDEX %s', i.indexrelid::regclass),
           pg_catalog.replace(pg_catalog.pg_get_indexdef(i.indexrelid),
             pg_catalog.format(' ON ONLY %s ', target),
             pg_catalog.format(' ON %s ', target)),
           i.indexrelid,
           pg_catalog.format('COMMENT ON INDEX %s IS %L',
                             i.indexrelid::regclass,
                             pg_catalog.obj_description(i.indexrelid,
                                                        'pg_class')),
           pg_catalog.obj_description(i.indexrelid, 'pg_class')
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class r ON r.oid = i.indexrelid
    WHERE i.indrelid = target AND NOT i.indisreplident
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint c
                          WHERE c.conindid = i.indexrelid)
  )
  SELECT pg_catalog.array_agg(k.drop_it ORDER BY k.place DESC, k.name),
         pg_catalog.array_agg(
           pg_catalog.format('SET LOCAL default_tablespace = %L; %s',
                             coalesce(s.spcname, ''::name), k.add_it)
           ORDER BY k.place, k.name)
         || coalesce(pg_catalog.array_agg(k.comment_it ORDER BY k.name)
                       FILTER (WHERE k.comment IS NOT NULL), '{}'::text[])
  FROM key k
  LEFT JOIN pg_catalog.pg_class r
    ON r.oid = k.index_id AND k.place = 1
  LEFT JOIN pg_catalog.pg_tablespace s ON s.oid = r.reltablespace;
END;

COMMENT ON FUNCTION crmcost._keys_of(regclass) IS
  'Statements that drop the keys and indexes of a table, and that make them again.';

CREATE FUNCTION crmcost._run_all(statements text[]) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  statement text;
BEGIN
  FOREACH statement IN ARRAY coalesce(statements, '{}') LOOP
    EXECUTE statement;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._run_all(text[]) IS
  'Runs statements one after the other.';
