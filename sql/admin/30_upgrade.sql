-- upgrade() brings a ledger to the version of the extension.
-- The first version has no older tables to migrate: it renews the partitions and
-- the views, of which DROP EXTENSION ... CASCADE takes parts away.
CREATE PROCEDURE crmcost.upgrade(ledger name)
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  installed integer;
BEGIN
  IF crmcost._run_as_owner(ledger, NULL, 'crmcost.upgrade(name)', ledger) THEN
    RETURN;
  END IF;
  PERFORM crmcost._check_owner(ledger);
  installed := crmcost._setting(ledger, 'schema_version');
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  IF installed > crmcost._schema_version() THEN
    RAISE EXCEPTION 'ledger "%" has schema version %, and this crmcost knows only %',
                    ledger, installed, crmcost._schema_version()
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'ALTER EXTENSION crmcost UPDATE to the version that made the ledger, or a newer one.';
  END IF;

  PERFORM crmcost._renew_partitions(ledger);
  PERFORM crmcost._renew_views(ledger);
  IF installed < crmcost._schema_version() THEN
    UPDATE setting SET value = crmcost._schema_version()
      WHERE key = 'schema_version';
  END IF;
  RAISE NOTICE 'ledger "%" is at schema version %', ledger,
    crmcost._schema_version();
END
$$;

COMMENT ON PROCEDURE crmcost.upgrade(name) IS
  'Brings a ledger to the version of the extension: tables where they changed, partitions, and its views, whose grants stay.';

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
  afterwards text;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  BEGIN
    -- the columns of customer_attribute are the user's
    EXECUTE regexp_replace(
      CASE WHEN to_regclass('customer_attribute') IS NULL THEN views
        ELSE regexp_replace(views, own_view, '') END,
      '^CREATE VIEW ', 'CREATE OR REPLACE VIEW ', 'gn');
  EXCEPTION WHEN invalid_table_definition THEN      -- a column changed
    SELECT string_agg(format('GRANT %s ON %s TO %s%s;', g.privilege_type,
                             v.relation,
                             CASE g.grantee WHEN 0 THEN 'PUBLIC'
                               ELSE g.grantee::regrole::text END,
                             CASE WHEN g.is_grantable
                               THEN ' WITH GRANT OPTION' ELSE '' END), ' ')
      INTO afterwards
      FROM crmcost._ledger_views(ledger) v, aclexplode(v.acl) g
      WHERE g.grantee <> v.owner;
    EXECUTE (SELECT 'DROP VIEW ' || string_agg(relation::text, ', ')
             FROM crmcost._ledger_views(ledger));
    EXECUTE views;
    EXECUTE coalesce(afterwards, '');
  END;
  -- a superuser may do this for the owner
  SELECT string_agg(format('ALTER VIEW %s OWNER TO %s;', v.relation,
                           c.relowner::regrole), ' ')
    INTO afterwards
    FROM crmcost._ledger_views(ledger) v
    JOIN pg_class c ON c.oid = 'setting'::regclass AND c.relowner <> v.owner;
  EXECUTE coalesce(afterwards, '');
  PERFORM crmcost._renew_attributes(ledger);
EXCEPTION WHEN dependent_objects_still_exist THEN
  GET STACKED DIAGNOSTICS afterwards = PG_EXCEPTION_DETAIL;
  RAISE EXCEPTION 'views of ledger "%" cannot be renewed: others depend on them',
                  ledger
    USING ERRCODE = 'dependent_objects_still_exist', DETAIL = afterwards,
          HINT = 'Drop what depends on them, upgrade, and make it again.';
END
$$;

COMMENT ON FUNCTION crmcost._renew_views(name) IS
  'Makes the views of a ledger anew, keeping their grants.';

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
