-- A ledger on a Citus cluster: which tables lie where.  Tables that have a customer_id in
-- every row are distributed by it; the configuration, reason and cost_entry are
-- copied to every worker; the rest stays on the coordinator.
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

-- Several statements of a transaction on tables with keys to copied ones: Citus
-- takes them over one connection to each node.
CREATE FUNCTION crmcost._one_connection() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('citus.multi_shard_modify_mode', 'sequential', true)
    WHERE current_setting('citus.multi_shard_modify_mode', true) IS NOT NULL;
END
$$;

COMMENT ON FUNCTION crmcost._one_connection() IS
  'Lets Citus use one connection to each node until the transaction ends; nothing elsewhere.';

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

-- Where accounts convert as one, an entity is one: its number is that of a customer, too.
CREATE FUNCTION crmcost._customer_column(relation regclass) RETURNS name
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT min(a.attname)::name
  FROM pg_catalog.pg_attribute a
  WHERE a.attrelid = relation AND a.attnotnull AND NOT a.attisdropped
        AND (a.attname = 'customer_id'
             OR a.attname = 'entity_id'
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute b
                                WHERE b.attrelid = relation
                                      AND b.attname = 'customer_id'));
END;

COMMENT ON FUNCTION crmcost._customer_column(regclass) IS
  'Column of a table of a ledger with the customer of each row, by which a cluster distributes it; NULL for none.';

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
             crmcost._customer_column(c.oid) IS NOT NULL AS by_customer
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

-- The customers first: the others lie beside them.  Of a ledger that was distributed
-- by an earlier version, those that have stayed.
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
    CONTINUE WHEN crmcost._is_placed(part.relation);
    IF part.placement = 'reference' THEN
      EXECUTE 'SELECT create_reference_table($1)' USING part.relation;
    ELSIF part.relation = customer THEN
      EXECUTE 'SELECT create_distributed_table($1, ''customer_id'', colocate_with => ''none'')'
        USING part.relation;
    ELSE
      EXECUTE 'SELECT create_distributed_table($1, $2, colocate_with => $3)'
        USING part.relation, crmcost._customer_column(part.relation),
              customer::text;
    END IF;
    EXECUTE 'SELECT truncate_local_data_after_distributing_table($1)'
      USING part.relation;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._place_tables(name) IS
  'Moves the tables of a ledger to the nodes of a Citus cluster.';

CREATE FUNCTION crmcost._take_tables_back(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  comments CONSTANT text[] := crmcost._comments(ledger);
  numbering text[];
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
  numbering := crmcost._take_numbering(ledger);
  FOR part IN SELECT p.relation FROM crmcost._placement(ledger) p LOOP
    EXECUTE 'SELECT undistribute_table($1)' USING part.relation;
  END LOOP;
  FOREACH statement IN ARRAY comments || numbering LOOP
    EXECUTE statement;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._take_tables_back(name) IS
  'Moves the tables of a ledger from the nodes of a cluster to the coordinator.';

-- Comments of relations and columns as statements: undistribute_table makes a table
-- and its partitions anew, and leaves them behind.
CREATE FUNCTION crmcost._comments(ledger name) RETURNS text[]
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN ARRAY(
  SELECT CASE WHEN a.attname IS NULL
           THEN pg_catalog.format('COMMENT ON TABLE %I.%I IS %L', n.nspname,
                                  c.relname, d.description)
           ELSE pg_catalog.format('COMMENT ON COLUMN %I.%I.%I IS %L', n.nspname,
                                  c.relname, a.attname, d.description) END
  FROM crmcost._placement(ledger) p
  LEFT JOIN pg_catalog.pg_inherits i ON i.inhparent = p.relation
  JOIN pg_catalog.pg_class c ON c.oid IN (p.relation, i.inhrelid)
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_description d
    ON d.objoid = c.oid AND d.classoid = 'pg_catalog.pg_class'::regclass
  LEFT JOIN pg_catalog.pg_attribute a
    ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
  GROUP BY n.nspname, c.relname, a.attname, d.description, d.objsubid
  ORDER BY n.nspname, c.relname, d.objsubid);

COMMENT ON FUNCTION crmcost._comments(name) IS
  'Statements that give the tables of a cluster the comments that they have.';

-- undistribute_table refuses identity columns, and Citus to drop one; so that is done
-- on this node alone, whose sequence gave the numbers.  On the workers the columns go with
-- the tables.
CREATE FUNCTION crmcost._take_numbering(ledger name) RETURNS text[]
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  propagated CONSTANT boolean := crmcost._keep_local();
  result text[] := '{}';
  part record;
BEGIN
  FOR part IN
    SELECT p.relation, a.attname AS number,
           pg_get_serial_sequence(p.relation::text, a.attname) AS numbers
    FROM crmcost._placement(ledger) p
    JOIN pg_attribute a ON a.attrelid = p.relation AND a.attidentity <> ''
    ORDER BY p.relation::oid, a.attnum
  LOOP
    -- whoever takes a number has it before it is noted where they go on
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', part.relation);
    result := result || crmcost._numbering(part.relation, part.number,
                                           part.numbers);
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP IDENTITY',
                   part.relation, part.number);
  END LOOP;
  PERFORM crmcost._keep_local(NOT propagated);
  RETURN result;
END
$$;

COMMENT ON FUNCTION crmcost._take_numbering(name) IS
  'Drops the identity of the columns of tables of a cluster; returns the statements that bring it back, in order.';

CREATE FUNCTION crmcost._numbering(relation regclass, number name,
                                   numbers regclass)
  RETURNS text[]
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  result text[];
  last bigint;
  taken boolean;
BEGIN
  EXECUTE format('SELECT last_value, is_called FROM %s', numbers)
    INTO last, taken;
  SELECT ARRAY[
           format('ALTER TABLE %s ALTER COLUMN %I ADD GENERATED %s AS IDENTITY (SEQUENCE NAME %s START %s INCREMENT %s MINVALUE %s MAXVALUE %s CACHE %s %s)',
                  relation, number,
                  CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END,
                  numbers, q.seqstart, q.seqincrement, q.seqmin, q.seqmax,
                  q.seqcache, CASE WHEN q.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END),
           format('SELECT setval(%L, %s, %L)', numbers, last, taken)]
           || CASE WHEN d.description IS NULL THEN '{}'
                ELSE ARRAY[format('COMMENT ON SEQUENCE %s IS %L', numbers,
                                  d.description)] END
           || ARRAY(
                SELECT format('GRANT %s ON SEQUENCE %s TO %s%s', g.privilege_type,
                              numbers, CASE g.grantee WHEN 0 THEN 'PUBLIC'
                                ELSE g.grantee::regrole::text END,
                              CASE WHEN g.is_grantable
                                THEN ' WITH GRANT OPTION' ELSE '' END)
                FROM aclexplode(c.relacl) g
                WHERE g.grantee <> c.relowner
                ORDER BY g.grantee, g.privilege_type)
    INTO result
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = numbers
    JOIN pg_sequence q ON q.seqrelid = c.oid
    LEFT JOIN pg_description d
      ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0
    WHERE a.attrelid = relation AND a.attname = number;
  RETURN result;
END
$$;

COMMENT ON FUNCTION crmcost._numbering(regclass, name, regclass) IS
  'Statements that make an identity column one again: its sequence with the next number, comment and rights that it has.';
