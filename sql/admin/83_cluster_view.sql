-- A ledger on a Citus cluster: its views, which are of the coordinator alone.  Schema
-- LEDGER_pulled has each table of the cluster and each view once more, read to its
-- end on its own before anything else is done with it: what those views stand on
-- that Citus refuses otherwise.

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
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  PERFORM crmcost._make_views(ledger);
  PERFORM crmcost._keep_local();
  PERFORM set_config('citus.explain_distributed_queries', 'off', true);
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
  PERFORM crmcost._keep_local(false);
END
$$;

COMMENT ON FUNCTION crmcost._make_cluster_views(name, text[]) IS
  'Makes the views of a distributed ledger, in the form that Citus takes, and those that it is read by.';

-- Names of relations are written with their schema, as it is not in the path.
CREATE FUNCTION crmcost._view_over(ledger name, relation name, within name)
  RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
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

-- For upgrade: a ledger may have been distributed by an earlier version.
CREATE FUNCTION crmcost._renew_cluster_views(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = error
AS $$
DECLARE
  names CONSTANT text[] := crmcost._ledger_relations('VIEW');
  granted CONSTANT text[] := crmcost._granted(ledger, names);
BEGIN
  -- they stand on each other
  PERFORM crmcost._drop_views(ledger, names,
                              ARRAY[ledger || '_gather', ledger || '_pulled']);
  PERFORM crmcost._make_distribution_change(ledger);
  PERFORM crmcost._one_connection();
  PERFORM crmcost._place_tables(ledger);
  PERFORM crmcost._make_spread(ledger);
  PERFORM crmcost._make_copies(ledger);
  PERFORM crmcost._make_cluster_views(ledger, granted);
END
$$;

COMMENT ON FUNCTION crmcost._renew_cluster_views(name) IS
  'Makes the views of a distributed ledger anew, keeping their grants, and what else it lacks.';
