-- What test/citus/run.sh asks of ledger crm and of its twin, in schema same, or of two others.
SET citus.enable_ddl_propagation = off;
CREATE SCHEMA same;
GRANT USAGE ON SCHEMA same TO PUBLIC;

-- What is of no account: who ran when; what the worklist was told today; the column that distributing adds.
CREATE FUNCTION same.columns(relation regclass) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT string_agg(CASE t.typname
           -- Citus gives 0 for 0.0000
           WHEN 'numeric' THEN format('trim_scale(%1$I)::text AS %1$I', a.attname)
           WHEN '_numeric' THEN format('(SELECT array_agg(trim_scale(u) ORDER BY i) FROM unnest(%1$I) WITH ORDINALITY x (u, i))::text AS %1$I', a.attname)
           -- what stands for an erased reference, or names a transfer of points
           WHEN 'text' THEN format('regexp_replace(%1$I, ''[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'', ''(random)'') AS %1$I', a.attname)
           ELSE format('%1$I::text', a.attname) END, ', ' ORDER BY a.attnum)
  FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
  WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attname NOT IN ('closed_at', 'run_id', 'started_at', 'finished_at', 'refreshed_at', 'loaded_at', 'erased_at', 'status_at')
$$;

-- Tables (r) and views (v) that differ, with the number of rows and some of them.
CREATE FUNCTION same.differences(kinds text, this_ledger text DEFAULT 'crm', other_ledger text DEFAULT 'twin') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  r record;
  n bigint;
  examples text[];
BEGIN
  FOR r IN
    SELECT c.relname, same.columns(c.oid) AS names, CASE c.relkind WHEN 'v' THEN 'v' ELSE 'r' END AS kind
    FROM pg_class c
    WHERE c.relnamespace = other_ledger::regnamespace AND c.relkind IN ('r', 'p', 'v')
          AND c.relname NOT IN ('refresh_run', 'refresh_state', 'touched', 'refresh_progress', 'erasure_secret', 'erased_key', 'last_refresh')
    ORDER BY 1
  LOOP
    CONTINUE WHEN strpos(kinds, r.kind) = 0;
    BEGIN
      EXECUTE format('CREATE TEMPORARY TABLE have AS SELECT %s FROM %I.%I', r.names, this_ledger, r.relname);
      EXECUTE format('CREATE TEMPORARY TABLE want AS SELECT %s FROM %I.%I', r.names, other_ledger, r.relname);
      SELECT count(*), (array_agg(x.line ORDER BY x.line))[1:4] INTO n, examples
        FROM (SELECT this_ledger || ' ' || h::text FROM (TABLE have EXCEPT ALL TABLE want) h
              UNION ALL SELECT other_ledger || ' ' || w::text FROM (TABLE want EXCEPT ALL TABLE have) w) x (line);
      DROP TABLE have, want;
      IF n > 0 THEN
        RETURN NEXT format('%s: %s rows: %s', r.relname, n, array_to_string(examples, ' | '));
      END IF;
    EXCEPTION WHEN OTHERS THEN
      RETURN NEXT format('%s: %s', r.relname, sqlerrm);
    END;
  END LOOP;
END
$$;

-- Everything that is stored, in one number.
CREATE FUNCTION same.fingerprint(ledger text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  r record;
  one text;
  result text := '';
BEGIN
  FOR r IN SELECT c.oid::regclass AS relation FROM pg_class c
    WHERE c.relnamespace = ledger::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'refresh_state' ORDER BY c.relname
  LOOP
    EXECUTE format('SELECT md5(string_agg(row, '','' ORDER BY row)) FROM (SELECT t::text AS row FROM %s t OFFSET 0) x', r.relation) INTO one;
    result := md5(result || coalesce(one, ''));
  END LOOP;
  RETURN result;
END
$$;

-- Views that cannot be read.
CREATE FUNCTION same.readable() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  r record;
BEGIN
  FOR r IN SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind = 'v' ORDER BY 1 LOOP
    BEGIN
      EXECUTE format('SELECT FROM crm.%I', r.relname);
    EXCEPTION WHEN OTHERS THEN
      RETURN NEXT format('%s: %s', r.relname, sqlerrm);
    END;
  END LOOP;
END
$$;

-- Whether another session waits for a lock within a minute.
CREATE FUNCTION same.somebody_waits() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. 1200 LOOP
    IF EXISTS (SELECT FROM pg_locks l WHERE l.pid <> pg_backend_pid() AND NOT l.granted) THEN
      RETURN true;
    END IF;
    PERFORM pg_sleep(0.05);
  END LOOP;
  RETURN false;
END
$$;

CREATE FUNCTION same.tables_of_cluster() RETURNS text LANGUAGE sql AS $$
  SELECT CASE WHEN count(*) = 0 AND (SELECT count(*) > 40 FROM pg_dist_partition WHERE partmethod = 'h')
    THEN 'distributed: every table with a customer_id in each row, beside customer' ELSE string_agg(c.relname, ' ') END
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'customer_id' AND a.attnotnull
  LEFT JOIN pg_dist_partition d ON d.logicalrelid = c.oid
  WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'p')
        AND d.colocationid IS DISTINCT FROM (SELECT colocationid FROM pg_dist_partition WHERE logicalrelid = 'crm.customer'::regclass)
$$;

-- What the relations of a ledger and its partitions are, but for its name.
CREATE FUNCTION same.relations(ledger text) RETURNS TABLE (oid oid, name text, kind "char") LANGUAGE sql STABLE AS $$
  SELECT c.oid, replace(n.nspname, ledger, 'L') || '.' || c.relname, c.relkind
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname IN (ledger, ledger || '_partition') AND c.relkind IN ('r', 'p', 'v', 'S')
$$;
CREATE FUNCTION same.schema_of(ledger text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
  SELECT regexp_replace(x, '\m' || ledger || '(_partition)?\.', 'L\1.', 'g') FROM (
    SELECT format('%s %s %s %s %s %s %s %s ', c.name, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
                  coalesce(pg_get_expr(d.adbin, d.adrelid), '-'), a.attstorage, a.attacl) || coalesce(col_description(c.oid, a.attnum), 'none')
    FROM same.relations(ledger) c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    UNION ALL SELECT format('%s %s %s %s', c.name, k.conname, k.convalidated, pg_get_constraintdef(k.oid))
      FROM pg_constraint k JOIN same.relations(ledger) c ON c.oid = k.conrelid
    UNION ALL SELECT format('%s %s %s %s', c.name, g.tgname, g.tgenabled, pg_get_triggerdef(g.oid))
      FROM pg_trigger g JOIN same.relations(ledger) c ON c.oid = g.tgrelid WHERE NOT g.tgisinternal
    UNION ALL SELECT format('%s %s', c.name, pg_get_indexdef(i.indexrelid)) FROM pg_index i JOIN same.relations(ledger) c ON c.oid = i.indrelid
    UNION ALL SELECT format('%s %s %s', c.name, p.polname, pg_get_expr(p.polqual, p.polrelid)) FROM pg_policy p JOIN same.relations(ledger) c ON c.oid = p.polrelid
    UNION ALL SELECT format('%s %s %s %s %s %s', c.name, pg_get_userbyid(r.relowner), r.reloptions, r.relpersistence, r.relrowsecurity, pg_get_expr(r.relpartbound, r.oid))
      FROM pg_class r JOIN same.relations(ledger) c ON c.oid = r.oid
    UNION ALL SELECT format('%s %s %s', c.name, obj_description(c.oid, 'pg_class'), (SELECT array_agg(g::text ORDER BY g::text) FROM unnest(r.relacl) g))
      FROM pg_class r JOIN same.relations(ledger) c ON c.oid = r.oid
    UNION ALL SELECT format('%s of %s %s %s %s %s %s %s', c.name, t.relname, q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache, q.seqcycle)
      FROM pg_sequence q JOIN same.relations(ledger) c ON c.oid = q.seqrelid
      JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('i', 'a') AND d.refclassid = 'pg_class'::regclass
      JOIN pg_class t ON t.oid = d.refobjid) s (x)
$$;
-- Where the numbers of a ledger go on.
CREATE FUNCTION same.numbers(ledger text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  r record;
  next text;
BEGIN
  FOR r IN SELECT c.oid::regclass AS sequence FROM same.relations(ledger) c WHERE c.kind = 'S' AND c.name <> 'L.distribution_change_place_seq' ORDER BY c.name LOOP
    EXECUTE format('SELECT format(''%%s %%s'', last_value, is_called) FROM %s', r.sequence) INTO next;
    RETURN NEXT r.sequence || ' ' || next;
  END LOOP;
END
$$;
CREATE FUNCTION same.schema_differences(one text DEFAULT 'crm', other text DEFAULT 'twin') RETURNS SETOF text LANGUAGE sql STABLE AS $$
  (SELECT 'only ' || one || ': ' || x FROM (SELECT same.schema_of(one) AS x EXCEPT SELECT same.schema_of(other)) a ORDER BY 1)
  UNION ALL
  (SELECT 'only ' || other || ': ' || x FROM (SELECT same.schema_of(other) AS x EXCEPT SELECT same.schema_of(one)) b ORDER BY 1)
$$;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA same TO PUBLIC;

-- From now on a refresh ends with an error where it copies a table to the coordinator that
-- only workers read.
CREATE FUNCTION same.refuse_copy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% was copied', tg_relid::regclass;
END
$$;
CREATE FUNCTION same.refuse_copies() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  name text;
  tables CONSTANT text[] := crmcost._left_tables('crm');
BEGIN
  SET LOCAL citus.enable_ddl_propagation = off;
  FOREACH name IN ARRAY tables LOOP
    -- of some a few rows
    EXECUTE format('CREATE TRIGGER refuse_copy BEFORE INSERT ON crm_gather.%I %s EXECUTE FUNCTION same.refuse_copy()', name,
      (SELECT format('FOR EACH ROW WHEN (NOT (%s))', replace(r.condition, 'old.', 'NEW.')) FROM crmcost._copied_rows() r WHERE r.relation = name));
  END LOOP;
  RETURN cardinality(tables);
END
$$;
CREATE FUNCTION same.allow_copies() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  name text;
BEGIN
  SET LOCAL citus.enable_ddl_propagation = off;
  FOREACH name IN ARRAY crmcost._left_tables('crm') LOOP
    EXECUTE format('DROP TRIGGER refuse_copy ON crm_gather.%I', name);
  END LOOP;
END
$$;
-- From the second step on there is no such copy at all in this transaction, so that
-- a step which asks for one ends with an error.
CREATE FUNCTION same.drop_copies() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  name text;
BEGIN
  IF NEW.step = 'news' THEN
    FOREACH name IN ARRAY crmcost._left_tables('crm') LOOP
      EXECUTE format('DROP TABLE crm_gather.%I CASCADE', name);
    END LOOP;
  END IF;
  RETURN NULL;
END
$$;
-- Rows that the workers have in their work tables, and the coordinator in those that it tells
-- them by.
CREATE FUNCTION same.rows_left() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  found bigint := 0;
  n bigint;
  name regclass;
BEGIN
  SELECT sum(r.result::bigint) INTO found FROM run_command_on_workers(
    $q$SELECT coalesce(sum(pg_relation_size(oid)), 0) FROM pg_class WHERE relnamespace = 'crm_part'::regnamespace AND relkind = 'r' AND relpersistence = 'u'$q$) r;
  FOR name IN SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace IN ('crm_spread'::regnamespace, 'crm_gather'::regnamespace) AND c.relkind = 'r' LOOP
    EXECUTE format('SELECT count(*) FROM %s', name) INTO n;
    found := found + n;
  END LOOP;
  RETURN found;
END
$$;
