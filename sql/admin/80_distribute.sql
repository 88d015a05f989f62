-- distribute() turns a ledger on the coordinator of a Citus cluster into a
-- distributed one, undistribute() turns it back.  Tables that have a customer_id in
-- every row are distributed by it; what these refer to, the configuration and
-- cost_entry are copied to every worker; the rest stays on the coordinator.
--
-- What Citus cannot keep is noted in table distribution_change of the ledger, as
-- statements that bring it back: undistribute() runs them, and refresh() checks the
-- rules that are in force no longer (47 and doc/citus.md).
--
-- Nothing here names a function of Citus but in text: a server without it never
-- parses them.
CREATE FUNCTION crmcost._is_sharded(relation regclass) RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  result boolean := false;
BEGIN
  IF to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL THEN
    EXECUTE 'SELECT EXISTS (SELECT FROM pg_dist_partition d WHERE d.logicalrelid = $1 AND d.partmethod = ''h'')'
      INTO result USING relation;
  END IF;
  RETURN result;
END
$$;

COMMENT ON FUNCTION crmcost._is_sharded(regclass) IS
  'Whether a table is distributed over a Citus cluster, by a column.';

CREATE FUNCTION crmcost._is_distributed(ledger name) RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM crmcost._ledger_path(ledger);
  RETURN crmcost._is_sharded(format('%I.customer', ledger)::regclass);
END
$$;

COMMENT ON FUNCTION crmcost._is_distributed(name) IS
  'Whether a ledger is distributed over a Citus cluster.';

-- A table with an exclusion constraint over code_range stays, Citus takes neither,
-- and so does a partitioned one without a customer in every row.
CREATE FUNCTION crmcost._placement(ledger name)
  RETURNS TABLE (relation regclass, placement text)
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
    SELECT c.oid::regclass,
           CASE WHEN c.by_customer THEN 'distributed' ELSE 'reference' END
    FROM (
      SELECT c.oid, c.relname, c.relkind,
             EXISTS (SELECT FROM pg_attribute a
                     WHERE a.attrelid = c.oid AND a.attname = 'customer_id'
                           AND a.attnotnull AND NOT a.attisdropped) AS by_customer
      FROM pg_class c
      WHERE c.relnamespace = format('%I', ledger)::regnamespace
            AND c.relkind IN ('r', 'p')
            AND c.relname = ANY (crmcost._ledger_relations('TABLE'))
            AND NOT EXISTS (SELECT FROM pg_constraint x
                            WHERE x.conrelid = c.oid AND x.contype = 'x')
    ) c
    WHERE c.by_customer
          OR c.relkind = 'r'
             AND (c.relname = 'reason'
                  OR c.relname IN (SELECT k.relation FROM crmcost._captured() k))
    ORDER BY 2 DESC, c.oid;
END
$$;

COMMENT ON FUNCTION crmcost._placement(name) IS
  'Tables of a ledger that a Citus cluster holds: distributed by customer_id, or as a reference table; the others stay on the coordinator.';

CREATE FUNCTION crmcost._check_cluster() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  here CONSTANT text := (SELECT e.extversion FROM pg_extension e
                         WHERE e.extname = 'crmcost');
  node record;
  workers integer := 0;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_extension e WHERE e.extname = 'citus') THEN
    RAISE EXCEPTION 'database "%" has no extension citus', current_database()
      USING ERRCODE = 'undefined_object',
            HINT = 'A ledger is distributed from the coordinator of a Citus cluster: see doc/citus.md.';
  END IF;
  -- a worker that is away ends this with the error of Citus
  FOR node IN EXECUTE
    $query$
      SELECT n.nodename || ':' || n.nodeport AS name, r.success, r.result
      FROM run_command_on_workers(
             'SELECT coalesce(max(extversion), '''') FROM pg_extension WHERE extname = ''crmcost''') r
      JOIN pg_dist_node n ON n.nodename = r.nodename AND n.nodeport = r.nodeport
    $query$
  LOOP
    workers := workers + 1;
    IF NOT node.success THEN
      RAISE EXCEPTION 'worker % cannot be asked for its version of crmcost: %',
                      node.name, node.result
        USING ERRCODE = 'connection_exception';
    END IF;
    IF node.result <> here THEN
      RAISE EXCEPTION 'worker % has %, and the coordinator has crmcost %',
                      node.name, coalesce('crmcost ' || nullif(node.result, ''),
                                          'no extension crmcost'), here
        USING ERRCODE = 'object_not_in_prerequisite_state',
              HINT = 'Install the same version on every node; CREATE EXTENSION and ALTER EXTENSION UPDATE on the coordinator reach the workers.';
    END IF;
  END LOOP;
  IF workers = 0 THEN
    RAISE EXCEPTION 'the Citus cluster has no worker that this node knows of'
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'SELECT citus_add_node(NAME, PORT) on the coordinator adds one.';
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._check_cluster() IS
  'Raises an error unless this is a Citus cluster with workers that all have the same version of crmcost.';

-- What Citus cannot keep of a ledger: the table is there while it is distributed.
CREATE FUNCTION crmcost._make_distribution_change(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format($query$
    CREATE TABLE %1$I.distribution_change (
      place integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      what text NOT NULL,
      relation text NOT NULL,
      name text NOT NULL,
      restore text NOT NULL,
      probe text
    );
    COMMENT ON TABLE %1$I.distribution_change IS
      'What crmcost.distribute took from the tables of this ledger, one row a rule; crmcost.undistribute brings it back.';
    COMMENT ON COLUMN %1$I.distribution_change.place IS
      'Order in which undistribute brings it back.';
    COMMENT ON COLUMN %1$I.distribution_change.what IS
      'foreign key, key or trigger.';
    COMMENT ON COLUMN %1$I.distribution_change.relation IS
      'Table it was taken from.';
    COMMENT ON COLUMN %1$I.distribution_change.name IS
      'Name of the constraint or trigger.';
    COMMENT ON COLUMN %1$I.distribution_change.restore IS
      'Statement that makes it again.';
    COMMENT ON COLUMN %1$I.distribution_change.probe IS
      'Query for a row that breaks the rule, which refresh asks; NULL where Citus keeps it, and for triggers.'
    $query$, ledger);
END
$$;

COMMENT ON FUNCTION crmcost._make_distribution_change(name) IS
  'Makes the table in which a distributed ledger notes what was taken from it.';

-- Queries for a row that breaks a foreign key, or a unique one, whose columns are
-- all there: the values, as text.
CREATE FUNCTION crmcost._key_probe(key oid) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE k.contype
    WHEN 'f' THEN pg_catalog.format(
      'SELECT ROW(%1$s)::text FROM (SELECT DISTINCT %1$s FROM %2$I r WHERE (%1$s) IS NOT NULL) r LEFT JOIN (SELECT DISTINCT %3$s, true AS is_known FROM %4$I f) f ON %5$s WHERE f.is_known IS NULL ORDER BY 1 LIMIT 1',
      n.own, c.relname, n.other, f.relname, n.pairs)
    ELSE pg_catalog.format(
      'SELECT ROW(%1$s)::text FROM %2$I r WHERE (%1$s) IS NOT NULL GROUP BY %1$s HAVING count(*) > 1 ORDER BY 1 LIMIT 1',
      n.own, c.relname)
    END
  FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
  LEFT JOIN pg_catalog.pg_class f ON f.oid = k.confrelid
  CROSS JOIN LATERAL (
    SELECT pg_catalog.string_agg(pg_catalog.format('r.%I', a.attname), ', '
                                 ORDER BY u.i) AS own,
           pg_catalog.string_agg('f.' || pg_catalog.quote_ident(b.attname), ', '
                                 ORDER BY u.i) AS other,
           pg_catalog.string_agg('f.' || pg_catalog.quote_ident(b.attname)
                                 || ' = r.' || pg_catalog.quote_ident(a.attname),
                                 ' AND ' ORDER BY u.i) AS pairs
    FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u (attnum, i)
    JOIN pg_catalog.pg_attribute a
      ON a.attrelid = k.conrelid AND a.attnum = u.attnum
    LEFT JOIN pg_catalog.pg_attribute b
      ON b.attrelid = k.confrelid AND b.attnum = k.confkey[u.i]
  ) n
  WHERE k.oid = _key_probe.key;
END;

COMMENT ON FUNCTION crmcost._key_probe(oid) IS
  'Query for a row that breaks a key of a ledger, with the ledger in the search path.';

-- Foreign keys first: they stand on the keys below.
CREATE FUNCTION crmcost._take_rules(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  rule record;
BEGIN
  FOR rule IN
    SELECT k.conname AS name, c.relname AS relation, k.contype AS kind,
           k.conrelid::regclass AS place, pg_get_constraintdef(k.oid) AS definition,
           crmcost._key_probe(k.oid) AS probe
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid
    LEFT JOIN crmcost._placement(ledger) p ON p.relation = k.conrelid
    LEFT JOIN crmcost._placement(ledger) q ON q.relation = k.confrelid
    WHERE c.relnamespace = format('%I', ledger)::regnamespace
          AND k.conparentid = 0
          AND (k.contype = 'f' AND (p.relation IS NOT NULL OR q.relation IS NOT NULL)
               OR k.contype IN ('p', 'u') AND p.placement = 'distributed'
                  AND NOT (SELECT a.attnum FROM pg_attribute a
                           WHERE a.attrelid = k.conrelid
                                 AND a.attname = 'customer_id') = ANY (k.conkey))
    ORDER BY k.contype = 'f' DESC, k.oid
  LOOP
    EXECUTE format('INSERT INTO %I.distribution_change (what, relation, name, restore, probe) VALUES ($1, $2, $3, $4, $5)',
                   ledger)
      USING CASE rule.kind WHEN 'f' THEN 'foreign key' ELSE 'key' END,
            rule.relation, rule.name,
            format('ALTER TABLE %s ADD CONSTRAINT %I %s', rule.place, rule.name,
                   rule.definition), rule.probe;
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', rule.place, rule.name);
    -- the same with the customer is one that Citus keeps, and finds rows by
    IF rule.kind <> 'f' THEN
      EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', rule.place, rule.name,
                     regexp_replace(rule.definition, '[)]$', ', customer_id)'));
    END IF;
  END LOOP;
  FOR rule IN
    SELECT g.tgname AS name, g.tgrelid::regclass AS place,
           pg_get_triggerdef(g.oid) AS definition,
           g.tgenabled = 'A' AS always
    FROM pg_class c
    LEFT JOIN crmcost._placement(ledger) p ON p.relation = c.oid
    JOIN pg_trigger g
      ON g.tgrelid = c.oid
         OR g.tgrelid IN (SELECT i.inhrelid FROM pg_inherits i
                          WHERE i.inhparent = c.oid)
    WHERE c.relnamespace = format('%I', ledger)::regnamespace
          AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND NOT g.tgisinternal
          AND g.tgparentid = 0
          -- this one joins what was loaded with a table of the cluster
          AND (p.relation IS NOT NULL
               OR g.tgname = 'erased_customer_takes_no_facts')
    ORDER BY g.oid
  LOOP
    EXECUTE format('INSERT INTO %I.distribution_change (what, relation, name, restore) VALUES ($1, $2, $3, $4)',
                   ledger)
      USING 'trigger', split_part(rule.place::text, '.', 2), rule.name,
            rule.definition || CASE WHEN rule.always THEN
              format('; ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', rule.place,
                     rule.name) ELSE '' END;
    EXECUTE format('DROP TRIGGER %I ON %s', rule.name, rule.place);
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._take_rules(name) IS
  'Takes the foreign keys, keys and triggers that Citus refuses from the tables of a ledger, and notes them.';

-- The customers first: the others lie beside them.
CREATE FUNCTION crmcost._place_tables(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  customer CONSTANT regclass := format('%I.customer', ledger)::regclass;
  part record;
BEGIN
  FOR part IN
    SELECT p.relation, p.placement FROM crmcost._placement(ledger) p
    ORDER BY p.placement DESC, p.relation <> customer, p.relation::oid
  LOOP
    IF part.placement = 'reference' THEN
      EXECUTE 'SELECT create_reference_table($1)' USING part.relation;
    ELSIF part.relation = customer THEN
      EXECUTE 'SELECT create_distributed_table($1, ''customer_id'', colocate_with => ''none'')'
        USING part.relation;
    ELSE
      EXECUTE 'SELECT create_distributed_table($1, ''customer_id'', colocate_with => $2)'
        USING part.relation, customer::text;
    END IF;
    EXECUTE 'SELECT truncate_local_data_after_distributing_table($1)'
      USING part.relation;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._place_tables(name) IS
  'Moves the tables of a ledger to the nodes of a Citus cluster.';

-- A key from a table that stays would draw that table in.
CREATE FUNCTION crmcost._give_keys_back(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  rule record;
BEGIN
  FOR rule IN EXECUTE format(
    $query$
      SELECT d.place, d.restore, p.relation IS NOT NULL AS is_placed
      FROM %1$I.distribution_change d
      LEFT JOIN crmcost._placement(%1$L) p
        ON p.relation = format('%%I.%%I', %1$L, d.relation)::regclass
      WHERE d.what = 'foreign key' ORDER BY d.place
    $query$, ledger)
  LOOP
    CONTINUE WHEN NOT rule.is_placed;
    BEGIN
      EXECUTE rule.restore;
      EXECUTE format('UPDATE %I.distribution_change SET probe = NULL WHERE place = $1',
                     ledger) USING rule.place;
    EXCEPTION WHEN feature_not_supported OR invalid_foreign_key
                   OR invalid_table_definition THEN
      NULL;
    END;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._give_keys_back(name) IS
  'Makes the foreign keys of a distributed ledger again that Citus takes.';

-- Schema LEDGER_gather of a distributed ledger.  A refresh copies what the cluster
-- holds into tables of the same names there, which are empty otherwise, computes
-- in these, and writes what differs to both: so its statements are plain ones on
-- one node, whatever Citus refuses.  The views of the ledger are there once more,
-- over these copies.
--
-- Schema LEDGER_pulled has each table of the cluster and each view once more, read to
-- its end on its own before anything else is done with it: what those views stand on
-- that Citus refuses otherwise.
CREATE FUNCTION crmcost._make_gather(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  gather CONSTANT name := ledger || '_gather';
  part name;
BEGIN
  -- of this node alone
  PERFORM set_config('citus.enable_ddl_propagation', 'off', true);
  EXECUTE format('CREATE SCHEMA %I', gather);
  EXECUTE format('COMMENT ON SCHEMA %I IS %L', gather,
                 'Where a distributed ledger is computed, made by crmcost.distribute.');
  EXECUTE format('CREATE SCHEMA %I', ledger || '_pulled');
  EXECUTE format('COMMENT ON SCHEMA %I IS %L', ledger || '_pulled',
                 'What views of a distributed ledger read in one place, made by crmcost.distribute.');
  FOR part IN
    SELECT c.relname FROM crmcost._placement(ledger) p
    JOIN pg_class c ON c.oid = p.relation
  LOOP
    PERFORM crmcost._make_copy(ledger, part);
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._make_gather(name) IS
  'Makes the schema in which a distributed ledger is computed.';

-- In the order of the sources: what a view stands on comes before it.  They are of
-- the coordinator alone: on workers nothing reads them.
CREATE FUNCTION crmcost._make_cluster_views(ledger name, granted text[])
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  part text;
BEGIN
  PERFORM set_config('citus.enable_ddl_propagation', 'off', true);
  PERFORM set_config('citus.explain_distributed_queries', 'off', true);
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  EXECUTE crmcost._ledger_source('views');
  PERFORM crmcost._renew_attributes(ledger);
  PERFORM crmcost._grant_again(ledger, granted);
  PERFORM crmcost._make_pulled(ledger, c.relname)
    FROM crmcost._placement(ledger) p
    JOIN pg_class c ON c.oid = p.relation;
  FOREACH part IN ARRAY crmcost._ledger_relations('VIEW') LOOP
    CONTINUE WHEN to_regclass(format('%I.%I', ledger, part)) IS NULL;
    EXECUTE format('CREATE VIEW %I.%I WITH (security_invoker = true) AS %s',
                   ledger || '_gather', part,
                   crmcost._view_over(ledger, part, ledger || '_gather'));
    PERFORM crmcost._suit_view(ledger, part);
    PERFORM crmcost._make_pulled(ledger, part);
  END LOOP;
  PERFORM crmcost._grant_pulled(ledger);
  PERFORM set_config('citus.enable_ddl_propagation', 'on', true);
END
$$;

COMMENT ON FUNCTION crmcost._make_cluster_views(name, text[]) IS
  'Makes the views of a distributed ledger, in the form that Citus takes, and those that it is read by.';

-- The views run with the reader's rights.
CREATE FUNCTION crmcost._grant_pulled(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  pulled CONSTANT name := ledger || '_pulled';
  grantee text;
  names text;
BEGIN
  IF NOT crmcost._is_distributed(ledger) THEN
    RETURN;
  END IF;
  FOR grantee, names IN
    SELECT CASE g.grantee WHEN 0 THEN 'PUBLIC'
             ELSE g.grantee::regrole::text END,
           string_agg(format('%I.%I', pulled, c.relname), ', ')
    FROM pg_class c
    JOIN pg_class v ON v.relnamespace = format('%I', pulled)::regnamespace
                       AND v.relname = c.relname
    CROSS JOIN LATERAL aclexplode(c.relacl) g
    WHERE c.relnamespace = format('%I', ledger)::regnamespace
          AND g.privilege_type = 'SELECT' AND g.grantee <> c.relowner
    GROUP BY g.grantee
  LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %s', pulled, grantee);
    EXECUTE format('GRANT SELECT ON %s TO %s', names, grantee);
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._grant_pulled(name) IS
  'Lets those who read tables and views of a distributed ledger read what its views stand on; nothing for any other ledger.';

-- For upgrade.
CREATE FUNCTION crmcost._renew_cluster_views(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = error
AS $$
DECLARE
  names CONSTANT text[] := crmcost._ledger_relations('VIEW');
  granted CONSTANT text[] := crmcost._granted(ledger, names);
BEGIN
  PERFORM crmcost._drop_all_views(ledger, names);
  PERFORM crmcost._make_cluster_views(ledger, granted);
END
$$;

COMMENT ON FUNCTION crmcost._renew_cluster_views(name) IS
  'Makes the views of a distributed ledger anew, keeping their grants.';

-- Names of relations are written with their schema, as it is not in the path.
CREATE FUNCTION crmcost._view_over(ledger name, relation name, within name)
  RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN regexp_replace(
    pg_get_viewdef(format('%I.%I', ledger, relation)::regclass),
    format('\m%s\.(%s)\M', quote_ident(ledger),
           (SELECT string_agg(c.relname, '|')
            FROM pg_class c
            WHERE c.relnamespace = format('%I', within)::regnamespace
                  AND c.relkind IN ('r', 'v'))),
    format('%I.\1', within), 'g');
END
$$;

COMMENT ON FUNCTION crmcost._view_over(name, name, name) IS
  'Query of a view of a ledger over what another schema has under the same names.';

CREATE FUNCTION crmcost._make_copy(ledger name, relation name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  origin CONSTANT text := format('%I.%I', ledger, relation);
  copy CONSTANT text := format('%I.%I', ledger || '_gather', relation);
  numbered name;
BEGIN
  EXECUTE format('CREATE UNLOGGED TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING INDEXES)',
                 copy, origin);
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

CREATE FUNCTION crmcost._make_pulled(ledger name, relation name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format('CREATE VIEW %I.%I WITH (security_invoker = true) AS SELECT * FROM %I.%I OFFSET 0',
                 ledger || '_pulled', relation, ledger, relation);
  EXECUTE format('COMMENT ON VIEW %I.%I IS %L', ledger || '_pulled', relation,
                 format('All rows of %s, read to its end on its own.', relation));
END
$$;

COMMENT ON FUNCTION crmcost._make_pulled(name, name) IS
  'Makes the view of a table or view of a ledger in schema LEDGER_pulled.';

-- EXPLAIN plans, and it is then that Citus refuses.
CREATE FUNCTION crmcost._suit_view(ledger name, relation name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format('EXPLAIN SELECT * FROM %I.%I', ledger, relation);
EXCEPTION WHEN feature_not_supported OR syntax_error THEN
  EXECUTE format('CREATE OR REPLACE VIEW %I.%I WITH (security_invoker = true) AS %s',
                 ledger, relation, crmcost._view_over(ledger, relation,
                                             ledger || '_pulled'));
END
$$;

COMMENT ON FUNCTION crmcost._suit_view(name, name) IS
  'Lets a view that Citus refuses read what it stands on in one place.';

-- The nodes of a cluster have no snapshot in common: nobody else writes the facts
-- while they are copied, and until the transaction ends.  The search path of the
-- ledger begins with the copies until the caller ends, which has a SET clause for
-- the setting.
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
  -- several statements on a table with a key to a copied one: over one connection
  PERFORM set_config('citus.multi_shard_modify_mode', 'sequential', true);
  EXECUTE (SELECT format('LOCK TABLE %s IN SHARE MODE',
                         string_agg(p.relation::text, ', '))
           FROM crmcost._placement(ledger) p
           JOIN crmcost._captured() k
             ON p.relation = format('%I.%I', ledger, k.relation)::regclass);
  PERFORM crmcost._leave_gather(ledger);
  FOR part IN
    SELECT p.relation AS origin, g.oid::regclass AS copy, n.names
    FROM crmcost._placement(ledger) p
    JOIN pg_class c ON c.oid = p.relation
    JOIN pg_class g
      ON g.relnamespace = format('%I', ledger || '_gather')::regnamespace
         AND g.relname = c.relname AND g.relkind = 'r'
    CROSS JOIN LATERAL (
      SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS names
      FROM pg_attribute a
      WHERE a.attrelid = g.oid AND a.attnum > 0 AND NOT a.attisdropped
            AND a.attgenerated = ''
    ) n
  LOOP
    EXECUTE format('INSERT INTO %s (%s) SELECT %s FROM %s', part.copy,
                   part.names, part.names, part.origin);
    EXECUTE format('ANALYZE %s', part.copy);
  END LOOP;
  PERFORM set_config('crmcost.gather', 'on', true);
  PERFORM crmcost._check_keys(ledger);
  PERFORM crmcost._find_late_facts(ledger);
END
$$;

COMMENT ON FUNCTION crmcost._gather(name) IS
  'Copies the distributed tables of a ledger to the coordinator, where the statements of the caller then work; nothing for any other ledger.';

CREATE FUNCTION crmcost._leave_gather(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF crmcost._is_distributed(ledger) THEN
    EXECUTE (SELECT 'TRUNCATE ' || string_agg(c.oid::regclass::text, ', ')
             FROM pg_class c
             WHERE c.relnamespace = format('%I', ledger || '_gather')::regnamespace
                   AND c.relkind = 'r');
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._leave_gather(name) IS
  'Empties the copies of the distributed tables of a ledger.';

-- What a key of PostgreSQL would have refused.
CREATE FUNCTION crmcost._check_keys(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  rule record;
  broken text;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  FOR rule IN
    EXECUTE 'SELECT d.* FROM distribution_change d WHERE d.probe IS NOT NULL ORDER BY d.place'
  LOOP
    EXECUTE rule.probe INTO broken;
    IF broken IS NOT NULL THEN
      RAISE EXCEPTION '% of ledger "%" has a row that breaks % "%": %',
                      rule.relation, ledger, rule.what, rule.name, broken
        USING ERRCODE = CASE rule.what WHEN 'key' THEN 'unique_violation'
                          ELSE 'foreign_key_violation' END,
              SCHEMA = ledger, TABLE = rule.relation, CONSTRAINT = rule.name,
              DETAIL = rule.restore,
              HINT = 'A distributed ledger cannot refuse it at once: correct the row, and refresh again.';
    END IF;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._check_keys(name) IS
  'Raises an error where a row breaks a key that a distributed ledger cannot hold.';

-- What the triggers of the facts note elsewhere: loaded after its month was closed.
-- A customer is late, too, who was acquired in a closed month by a later change.
CREATE FUNCTION crmcost._find_late_facts(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  zone CONSTANT text := crmcost._setting(ledger, 'timezone');
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  EXECUTE $query$
    INSERT INTO late_fact (relation, fact_id, booked_on)
      SELECT f.relation, f.fact_id, f.booked_on
      FROM (
        SELECT 'sale', s.sale_id, (s.sold_at AT TIME ZONE $1)::date,
               (s.sold_at AT TIME ZONE $1)::date, s.loaded_at
        FROM sale s
        UNION ALL
        SELECT 'interaction', i.interaction_id,
               (i.occurred_at AT TIME ZONE $1)::date,
               (i.occurred_at AT TIME ZONE $1)::date, i.loaded_at
        FROM interaction i
        UNION ALL
        SELECT 'cost_entry', c.cost_id, c.incurred_on,
               least(lower(c.covers), c.incurred_on), c.loaded_at
        FROM cost_entry c
        UNION ALL
        SELECT k.relation, c.customer_id, k.booked_on, k.booked_on, c.loaded_at
        FROM customer c
        CROSS JOIN LATERAL (
          VALUES ('lead', (c.first_seen_at AT TIME ZONE $1)::date),
                 ('customer', (c.acquired_at AT TIME ZONE $1)::date)
        ) AS k (relation, booked_on)
        UNION ALL
        SELECT 'customer', c.customer_id, (c.acquired_at AT TIME ZONE $1)::date,
               (c.acquired_at AT TIME ZONE $1)::date, 'infinity'
        FROM customer c
        WHERE c.merged_into IS NULL AND c.source <> 'anon'
              AND NOT EXISTS (
                SELECT FROM customer_month m
                WHERE m.customer_id = c.customer_id AND m.acquired
                      AND m.month_start = crmcost._month_of(
                            (c.acquired_at AT TIME ZONE $1)::date))
      ) AS f (relation, fact_id, booked_on, counts_from, loaded_at)
      JOIN closed_period p ON p.month_start = crmcost._month_of(f.counts_from)
      WHERE f.loaded_at > p.closed_at
      ON CONFLICT (relation, fact_id, booked_on) DO NOTHING
    $query$ USING zone;
END
$$;

COMMENT ON FUNCTION crmcost._find_late_facts(name) IS
  'Notes the facts of a distributed ledger that were loaded after their month was closed.';

-- From then on a row says when it came; those that are there came before.
CREATE FUNCTION crmcost._note_loading(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  fact name;
BEGIN
  FOREACH fact IN ARRAY '{customer,sale,interaction,cost_entry}'::name[] LOOP
    EXECUTE format('ALTER TABLE %I.%I ADD COLUMN loaded_at timestamptz NOT NULL DEFAULT %L',
                   ledger, fact, '-infinity');
    EXECUTE format('ALTER TABLE %I.%I ALTER COLUMN loaded_at SET DEFAULT clock_timestamp()',
                   ledger, fact);
    EXECUTE format('COMMENT ON COLUMN %I.%I.loaded_at IS %L', ledger, fact,
                   'When the row was loaded into the distributed ledger, by the clock of the node; -infinity before it was distributed.');
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._note_loading(name) IS
  'Gives the facts of a ledger that is being distributed the column by which late ones are told.';

CREATE FUNCTION crmcost._check_can_distribute(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  taken name;
BEGIN
  PERFORM crmcost._check_owner(ledger);
  PERFORM crmcost._check_version(ledger);
  PERFORM crmcost._check_cluster();
  IF crmcost._is_distributed(ledger) THEN
    RAISE EXCEPTION 'ledger "%" is distributed already', ledger
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF octet_length(ledger) > 56 THEN
    RAISE EXCEPTION 'ledger must have a name of at most 56 bytes to be distributed, not %: "%"',
                    octet_length(ledger), ledger
      USING ERRCODE = 'name_too_long';
  END IF;
  SELECT n.nspname INTO taken FROM pg_namespace n
    WHERE n.nspname IN (ledger || '_gather', ledger || '_pulled')
    ORDER BY 1 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'schema "%" exists already', taken
      USING ERRCODE = 'duplicate_schema',
            HINT = 'distribute makes it: drop or rename the one that is there.';
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._check_can_distribute(name) IS
  'Raises an error unless the caller may distribute a ledger, and can.';

-- Views do not go to the workers: they are dropped first, and made again.
CREATE FUNCTION crmcost._distribute(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = error
AS $$
DECLARE
  names CONSTANT text[] := crmcost._ledger_relations('VIEW');
  granted text[];
BEGIN
  PERFORM crmcost._hold_ledger(ledger);
  PERFORM crmcost._ledger_path(ledger);
  PERFORM set_config('citus.multi_shard_modify_mode', 'sequential', true);
  granted := crmcost._granted(ledger, names);
  PERFORM crmcost._drop_views(ledger, names);
  PERFORM crmcost._make_distribution_change(ledger);
  PERFORM crmcost._note_loading(ledger);
  PERFORM crmcost._take_rules(ledger);
  PERFORM crmcost._place_tables(ledger);
  PERFORM crmcost._give_keys_back(ledger);
  PERFORM crmcost._make_gather(ledger);
  PERFORM crmcost._make_cluster_views(ledger, granted);
  EXECUTE format('UPDATE %I.refresh_state SET storage = NULL', ledger);
END
$$;

COMMENT ON FUNCTION crmcost._distribute(name) IS
  'Distributes a ledger over a Citus cluster, as who owns it.';

CREATE PROCEDURE crmcost.distribute(ledger name)
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM crmcost._check_can_distribute(ledger);
  IF crmcost._run_as_owner(ledger, NULL, 'crmcost._distribute(name)', ledger)
     IS NULL THEN
    PERFORM crmcost._distribute(ledger);
  END IF;
  PERFORM crmcost._tell_distribution(ledger);
END
$$;

COMMENT ON PROCEDURE crmcost.distribute(name) IS
  'Turns a ledger on the coordinator of a Citus cluster into a distributed one, all or nothing; a notice says what it changed.';

CREATE FUNCTION crmcost._tell_distribution(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  rule record;
BEGIN
  RAISE NOTICE 'ledger "%" is distributed: % tables by customer_id, % copied to every node, the others on the coordinator',
    ledger,
    (SELECT count(*) FROM crmcost._placement(ledger) p
     WHERE p.placement = 'distributed'),
    (SELECT count(*) FROM crmcost._placement(ledger) p
     WHERE p.placement = 'reference')
    USING HINT = 'Every refresh computes everything from now on: no trigger notes what changed.';
  FOR rule IN EXECUTE format(
    $query$
      SELECT d.what, string_agg(d.relation || '.' || d.name, ', '
                                ORDER BY d.place) AS names
      FROM %I.distribution_change d WHERE d.probe IS NOT NULL
      GROUP BY d.what ORDER BY d.what
    $query$, ledger)
  LOOP
    RAISE NOTICE 'not held any more by a %, but checked by each refresh: %',
      rule.what, rule.names;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._tell_distribution(name) IS
  'Says what a ledger that was distributed holds where, and which keys refresh checks.';

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
  EXECUTE format('INSERT INTO %1$s (%2$s) SELECT %3$s FROM %4$I.%5$I new LEFT JOIN (SELECT %6$I FROM %1$s) old ON old.%6$I = new.%6$I WHERE old.%6$I IS NULL',
                 origin, names, copied, ledger || '_gather', target, number);
END
$$;

COMMENT ON FUNCTION crmcost._send_new(name, name, name) IS
  'Writes rows that were added to the copy of a table of a distributed ledger to the table itself; nothing where there is no copy.';

-- Comments of relations and columns as statements: undistribute_table makes a table
-- anew, and leaves them behind.
CREATE FUNCTION crmcost._comments(ledger name) RETURNS text[]
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN ARRAY(
  SELECT CASE WHEN a.attname IS NULL
           THEN pg_catalog.format('COMMENT ON TABLE %I.%I IS %L', ledger,
                                  c.relname, d.description)
           ELSE pg_catalog.format('COMMENT ON COLUMN %I.%I.%I IS %L', ledger,
                                  c.relname, a.attname, d.description) END
  FROM crmcost._placement(ledger) p
  JOIN pg_catalog.pg_class c ON c.oid = p.relation
  JOIN pg_catalog.pg_description d
    ON d.objoid = c.oid AND d.classoid = 'pg_catalog.pg_class'::regclass
  LEFT JOIN pg_catalog.pg_attribute a
    ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0);

COMMENT ON FUNCTION crmcost._comments(name) IS
  'Statements that give the tables of a cluster the comments that they have.';

CREATE FUNCTION crmcost._take_tables_back(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  comments CONSTANT text[] := crmcost._comments(ledger);
  part record;
  statement text;
BEGIN
  FOR part IN
    SELECT k.conrelid::regclass AS relation, k.conname
    FROM pg_constraint k
    JOIN crmcost._placement(ledger) p ON p.relation = k.conrelid
    WHERE k.contype = 'f' AND k.conparentid = 0
  LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', part.relation,
                   part.conname);
  END LOOP;
  FOR part IN SELECT p.relation FROM crmcost._placement(ledger) p LOOP
    EXECUTE 'SELECT undistribute_table($1)' USING part.relation;
  END LOOP;
  FOREACH statement IN ARRAY comments LOOP
    EXECUTE statement;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._take_tables_back(name) IS
  'Moves the tables of a ledger from the nodes of a cluster to the coordinator.';

CREATE FUNCTION crmcost._give_rules_back(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  rule record;
BEGIN
  FOR rule IN EXECUTE format(
    'SELECT d.* FROM %I.distribution_change d ORDER BY d.what = ''key'' DESC, d.place',
    ledger)
  LOOP
    IF rule.what = 'key' THEN
      EXECUTE format('ALTER TABLE %I.%I DROP CONSTRAINT %I', ledger,
                     rule.relation, rule.name);
    END IF;
    EXECUTE rule.restore;
  END LOOP;
  EXECUTE format('DROP TABLE %I.distribution_change', ledger);
  EXECUTE (SELECT string_agg(format('ALTER TABLE %I.%I DROP COLUMN loaded_at',
                                    ledger, fact), '; ')
           FROM unnest('{customer,sale,interaction,cost_entry}'::name[]) fact);
END
$$;

COMMENT ON FUNCTION crmcost._give_rules_back(name) IS
  'Gives the tables of a ledger the keys and triggers again that distributing took.';

-- The views of the ledger and those that it is read by stand on each other.
CREATE FUNCTION crmcost._drop_all_views(ledger name, names text[])
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  dependent text;
BEGIN
  EXECUTE (
    SELECT 'DROP VIEW ' || string_agg(c.oid::regclass::text, ', ')
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'v'
          AND (n.nspname IN (ledger || '_gather', ledger || '_pulled')
               OR n.nspname = ledger AND c.relname = ANY (names)));
EXCEPTION WHEN dependent_objects_still_exist THEN
  GET STACKED DIAGNOSTICS dependent = PG_EXCEPTION_DETAIL;
  RAISE EXCEPTION 'views of ledger "%" cannot be renewed: others depend on them',
                  ledger
    USING ERRCODE = 'dependent_objects_still_exist', DETAIL = dependent,
          HINT = 'Drop what depends on them, and make it again afterwards.';
END
$$;

COMMENT ON FUNCTION crmcost._drop_all_views(name, text[]) IS
  'Drops the views of a distributed ledger; an error that names them where others depend on them.';

CREATE FUNCTION crmcost._undistribute(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = error
AS $$
DECLARE
  names CONSTANT text[] := crmcost._ledger_relations('VIEW');
  granted text[];
BEGIN
  PERFORM crmcost._hold_ledger(ledger);
  PERFORM set_config('citus.multi_shard_modify_mode', 'sequential', true);
  granted := crmcost._granted(ledger, names);
  PERFORM crmcost._drop_all_views(ledger, names);
  EXECUTE format('DROP SCHEMA %I, %I CASCADE', ledger || '_gather',
                 ledger || '_pulled');
  PERFORM crmcost._take_tables_back(ledger);
  PERFORM crmcost._give_rules_back(ledger);
  PERFORM set_config('citus.enable_ddl_propagation', 'off', true);
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  EXECUTE crmcost._ledger_source('views');
  PERFORM crmcost._renew_attributes(ledger);
  PERFORM crmcost._grant_again(ledger, granted);
  PERFORM crmcost._add_capture(ledger);
  UPDATE refresh_state SET storage = NULL;
  PERFORM set_config('citus.enable_ddl_propagation', 'on', true);
END
$$;

COMMENT ON FUNCTION crmcost._undistribute(name) IS
  'Takes a distributed ledger back to the coordinator, as who owns it.';

CREATE PROCEDURE crmcost.undistribute(ledger name)
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM crmcost._check_owner(ledger);
  PERFORM crmcost._check_version(ledger);
  IF NOT crmcost._is_distributed(ledger) THEN
    RAISE EXCEPTION 'ledger "%" is not distributed', ledger
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF crmcost._run_as_owner(ledger, NULL, 'crmcost._undistribute(name)', ledger)
     IS NULL THEN
    PERFORM crmcost._undistribute(ledger);
  END IF;
  RAISE NOTICE 'ledger "%" is on this node alone', ledger
    USING HINT = format('CALL crmcost.refresh(%L) computes it anew.', ledger);
END
$$;

COMMENT ON PROCEDURE crmcost.undistribute(name) IS
  'Takes a distributed ledger back to the coordinator, with all keys and triggers, all or nothing.';
