-- What test/citus/run.sh asks of ledger crm and of its twin, in schema same.
SET citus.enable_ddl_propagation = off;
CREATE SCHEMA same;
GRANT USAGE ON SCHEMA same TO PUBLIC;

-- What is of no account: who ran when; what the worklist was told today; the column that distributing adds.
CREATE FUNCTION same.columns(relation regclass) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT string_agg(CASE t.typname
           -- Citus gives 0 for 0.0000
           WHEN 'numeric' THEN format('trim_scale(%1$I)::text AS %1$I', a.attname)
           WHEN '_numeric' THEN format('(SELECT array_agg(trim_scale(u) ORDER BY i) FROM unnest(%1$I) WITH ORDINALITY x (u, i))::text AS %1$I', a.attname)
           ELSE format('%1$I::text', a.attname) END, ', ' ORDER BY a.attnum)
  FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
  WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attname NOT IN ('closed_at', 'run_id', 'started_at', 'finished_at', 'refreshed_at', 'loaded_at')
$$;

-- Tables (r) and views (v) that differ, with the number of rows.
CREATE FUNCTION same.differences(kinds text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  r record;
  n bigint;
BEGIN
  FOR r IN
    SELECT c.relname, same.columns(c.oid) AS names, CASE c.relkind WHEN 'v' THEN 'v' ELSE 'r' END AS kind
    FROM pg_class c
    WHERE c.relnamespace = 'twin'::regnamespace AND c.relkind IN ('r', 'p', 'v')
          AND c.relname NOT IN ('refresh_run', 'refresh_state', 'touched', 'refresh_progress', 'erasure_secret', 'erased_key', 'last_refresh')
    ORDER BY 1
  LOOP
    CONTINUE WHEN strpos(kinds, r.kind) = 0;
    BEGIN
      EXECUTE format('CREATE TEMPORARY TABLE have AS SELECT %s FROM crm.%I', r.names, r.relname);
      EXECUTE format('CREATE TEMPORARY TABLE want AS SELECT %s FROM twin.%I', r.names, r.relname);
      SELECT count(*) INTO n FROM ((TABLE have EXCEPT ALL TABLE want) UNION ALL (TABLE want EXCEPT ALL TABLE have)) x;
      DROP TABLE have, want;
      IF n > 0 THEN
        RETURN NEXT format('%s: %s rows', r.relname, n);
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

CREATE FUNCTION same.tables_of_cluster() RETURNS text LANGUAGE sql AS $$
  SELECT CASE WHEN count(*) = 0 AND (SELECT count(*) > 40 FROM pg_dist_partition WHERE partmethod = 'h')
    THEN 'distributed: every table with a customer_id in each row, beside customer' ELSE string_agg(c.relname, ' ') END
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'customer_id' AND a.attnotnull
  LEFT JOIN pg_dist_partition d ON d.logicalrelid = c.oid
  WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'p')
        AND d.colocationid IS DISTINCT FROM (SELECT colocationid FROM pg_dist_partition WHERE logicalrelid = 'crm.customer'::regclass)
$$;

-- What the tables of a ledger are, but for its name.
CREATE FUNCTION same.schema_of(ledger text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
  SELECT replace(x, ledger, 'L') FROM (
    SELECT format('%s %s %s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
                  coalesce(pg_get_expr(d.adbin, d.adrelid), '-')) || coalesce(col_description(c.oid, a.attnum), 'none')
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = ledger::regnamespace AND c.relkind IN ('r', 'p', 'v')
    UNION ALL SELECT format('%s %s %s', c.relname, k.conname, pg_get_constraintdef(k.oid)) FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
      WHERE c.relnamespace = ledger::regnamespace
    UNION ALL SELECT format('%s %s %s', c.relname, g.tgname, g.tgenabled) FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
      WHERE c.relnamespace IN (ledger::regnamespace, (ledger || '_partition')::regnamespace) AND NOT g.tgisinternal
    UNION ALL SELECT format('%s %s', c.relname, i.indexrelid::regclass) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = ledger::regnamespace
    UNION ALL SELECT format('%s %s %s', c.relname, obj_description(c.oid, 'pg_class'), (SELECT array_agg(g::text ORDER BY g::text) FROM unnest(c.relacl) g))
      FROM pg_class c WHERE c.relnamespace = ledger::regnamespace AND c.relkind IN ('r', 'p', 'v')) s (x)
$$;
CREATE FUNCTION same.schema_differences() RETURNS SETOF text LANGUAGE sql STABLE AS $$
  (SELECT 'only crm: ' || x FROM (SELECT same.schema_of('crm') AS x EXCEPT SELECT same.schema_of('twin')) a ORDER BY 1)
  UNION ALL
  (SELECT 'only twin: ' || x FROM (SELECT same.schema_of('twin') AS x EXCEPT SELECT same.schema_of('crm')) b ORDER BY 1)
$$;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA same TO PUBLIC;
