-- upgrade() brings a ledger to the version of the extension: tables where they
-- changed (31_upgrade_2.sql), partitions, triggers and views, of which DROP
-- EXTENSION ... CASCADE takes parts away.  All of it is one transaction: when it
-- is interrupted, or refused, the ledger is what it was.
CREATE PROCEDURE crmcost.upgrade(ledger name)
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET standard_conforming_strings = on
AS $$
DECLARE
  renewed boolean := crmcost._run_as_owner(
                       ledger, NULL, 'crmcost._upgrade(name)', ledger);
BEGIN
  IF coalesce(renewed, crmcost._upgrade(ledger)) THEN
    -- work tables are made of the ledger's tables, as they are now
    IF crmcost._run_as_owner(ledger, 'crmcost._make_work_tables(name)',
                             'crmcost._compute_upgraded(name)', ledger)
       IS NULL THEN
      PERFORM crmcost._make_work_tables(ledger);
      PERFORM crmcost._compute_upgraded(ledger);
    END IF;
  END IF;
  RAISE NOTICE 'ledger "%" is at schema version %', ledger,
    crmcost._schema_version();
END
$$;

COMMENT ON PROCEDURE crmcost.upgrade(name) IS
  'Brings a ledger to the version of the extension: tables where they changed, with every row, partitions, and its views, whose grants stay.';

-- Who waits for one view while holding another may meet a report that reads both the
-- other way round.
CREATE FUNCTION crmcost._upgrade(ledger name) RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
AS $$
BEGIN
  PERFORM crmcost._check_owner(ledger);
  PERFORM crmcost._hold_ledger(ledger);
  RETURN crmcost._do_together(ledger, 'crmcost._upgrade_held(name)',
                              'upgraded');
END
$$;

COMMENT ON FUNCTION crmcost._upgrade(name) IS
  'Upgrades tables, partitions and views of a ledger, as who writes it; whether its store is to be computed.';

CREATE FUNCTION crmcost._upgrade_held(ledger name) RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET lock_timeout = '200ms'
AS $$
DECLARE
  installed CONSTANT integer := crmcost._setting(ledger, 'schema_version');
BEGIN
  -- before anything is read of a distributed ledger: tables may be added
  PERFORM crmcost._one_connection();
  IF installed < 2 THEN
    PERFORM crmcost._upgrade_to_2(ledger);
    RETURN true;
  END IF;
  PERFORM crmcost._check_version(ledger);
  PERFORM crmcost._add_translations(ledger);
  PERFORM crmcost._renew_partitions(ledger);
  -- what came without the triggers, nobody noted
  IF crmcost._add_capture(ledger) THEN
    EXECUTE format('UPDATE %I.refresh_state SET storage = NULL', ledger);
  END IF;
  PERFORM crmcost._renew_views(ledger);
  PERFORM crmcost._drop_replaced(ledger);
  RETURN false;
END
$$;

COMMENT ON FUNCTION crmcost._upgrade_held(name) IS
  'Upgrades a ledger that no other session has; an error where a lock is not to be had at once.';

-- CREATE OR REPLACE keeps grants and lets views of the user stand on ours, as
-- long as no column of ours was renamed, retyped or taken away.  Where one was,
-- all our views are dropped and made anew with the grants they had; a user's
-- view on top makes that fail with its name, and nothing is changed.
CREATE FUNCTION crmcost._renew_views(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  views CONSTANT text := crmcost._ledger_source('views');
  own_view CONSTANT text := 'CREATE VIEW customer_attribute [^;]*;';
  names CONSTANT text[] := crmcost._ledger_relations('VIEW');
  granted text[];
  afterwards text;
  propagates CONSTANT boolean := crmcost._keep_local();
BEGIN
  IF crmcost._is_distributed(ledger) THEN
    PERFORM crmcost._renew_cluster_views(ledger);
    RETURN;
  END IF;
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  BEGIN
    -- the columns of customer_attribute are the user's
    EXECUTE regexp_replace(
      CASE WHEN to_regclass('customer_attribute') IS NULL THEN views
        ELSE regexp_replace(views, own_view, '') END,
      '^CREATE VIEW ', 'CREATE OR REPLACE VIEW ', 'gn');
  EXCEPTION WHEN invalid_table_definition THEN      -- a column changed
    granted := crmcost._granted(ledger, names);
    PERFORM crmcost._drop_views(ledger, names);
    EXECUTE views;
    PERFORM crmcost._grant_again(ledger, granted);
  END;
  -- a superuser may do this for the owner
  SELECT string_agg(format('ALTER VIEW %s OWNER TO %s;', v.relation,
                           c.relowner::regrole), ' ')
    INTO afterwards
    FROM crmcost._ledger_views(ledger) v
    JOIN pg_class c ON c.oid = 'setting'::regclass AND c.relowner <> v.owner;
  EXECUTE coalesce(afterwards, '');
  PERFORM crmcost._renew_attributes(ledger);
  PERFORM crmcost._translate_comments(ledger);
  PERFORM crmcost._keep_local(NOT propagates);
END
$$;

COMMENT ON FUNCTION crmcost._renew_views(name) IS
  'Makes the views of a ledger anew, keeping their grants.';

CREATE FUNCTION crmcost._drop_views(ledger name, names text[],
                                    others name[] DEFAULT '{}')
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  dropped text;
  dependent text;
BEGIN
  SELECT string_agg(c.oid::regclass::text, ', ') INTO dropped
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'v'
          AND (n.nspname = ledger AND c.relname = ANY (names)
               OR n.nspname = ANY (others));
  IF dropped IS NOT NULL THEN
    EXECUTE 'DROP VIEW ' || dropped;
  END IF;
EXCEPTION WHEN dependent_objects_still_exist THEN
  GET STACKED DIAGNOSTICS dependent = PG_EXCEPTION_DETAIL;
  RAISE EXCEPTION 'views of ledger "%" cannot be renewed: others depend on them',
                  ledger
    USING ERRCODE = 'dependent_objects_still_exist', DETAIL = dependent,
          HINT = 'Drop what depends on them, try again, and make it again.';
END
$$;

COMMENT ON FUNCTION crmcost._drop_views(name, text[], name[]) IS
  'Drops views of a ledger, and all of other schemas; an error that names them where others depend on them.';

-- Rights on relations, and on single columns, as statements from GRANT on, each
-- after the name of its relation and a space.
CREATE FUNCTION crmcost._granted(ledger name, names text[]) RETURNS text[]
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN ARRAY(
    SELECT format('%1$s GRANT %2$s%3$s ON %4$I.%1$I TO %5$s%6$s',
                  held.relname, g.privilege_type, held.columns, ledger,
                  CASE g.grantee WHEN 0 THEN 'PUBLIC'
                    ELSE g.grantee::regrole::text END,
                  CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION'
                    ELSE '' END)
    FROM (SELECT c.relname, '' AS columns, c.relowner, c.relacl AS acl
          FROM pg_class c
          WHERE c.relnamespace = format('%I', ledger)::regnamespace
                AND c.relname = ANY (names)
          UNION ALL
          SELECT c.relname, format(' (%I)', a.attname), c.relowner, a.attacl
          FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
          WHERE c.relnamespace = format('%I', ledger)::regnamespace
                AND c.relname = ANY (names) AND NOT a.attisdropped) held,
         aclexplode(held.acl) g
    WHERE g.grantee <> held.relowner
    ORDER BY 1);
END
$$;

COMMENT ON FUNCTION crmcost._granted(name, text[]) IS
  'Statements that give the rights on relations of a ledger to those who have them, each after the name of the relation.';

CREATE FUNCTION crmcost._grant_again(ledger name, granted text[])
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  entry text;
BEGIN
  FOREACH entry IN ARRAY granted LOOP
    BEGIN
      IF to_regclass(format('%I.%I', ledger, split_part(entry, ' ', 1)))
         IS NOT NULL THEN
        EXECUTE substr(entry, strpos(entry, ' ') + 1);
      END IF;
    EXCEPTION WHEN undefined_column THEN    -- the view has it no longer
      NULL;
    END;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._grant_again(name, text[]) IS
  'Gives rights again that _granted() found, as far as the relations are there.';

CREATE FUNCTION crmcost._ledger_views(ledger name)
  RETURNS TABLE (relation regclass, owner oid, acl aclitem[])
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
    SELECT c.oid::regclass, c.relowner, c.relacl
    FROM pg_class c
    WHERE c.relnamespace = format('%I', ledger)::regnamespace
          AND c.relkind = 'v'
          AND c.relname = ANY (crmcost._ledger_relations('VIEW'));
END
$$;

COMMENT ON FUNCTION crmcost._ledger_views(name) IS
  'The views of a ledger that are there, with owner and grants.';

-- The sources say CREATE TABLE or CREATE VIEW at the beginning of a line.
CREATE FUNCTION crmcost._ledger_relations(kind text) RETURNS text[]
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN (
    SELECT array_agg(found.name[1])
    FROM regexp_matches(
           crmcost._ledger_source(CASE kind WHEN 'VIEW' THEN 'views'
                                    ELSE 'tables' END),
           '^CREATE ' || kind || ' ([a-z_0-9]+)', 'gn') AS found (name));
END
$$;

COMMENT ON FUNCTION crmcost._ledger_relations(text) IS
  'Names of the tables (TABLE) or views (VIEW) of a ledger.';
