-- The ledger: tables, seed rows and views that install() builds in a schema of
-- the user's choice.  They belong to the caller, not to the extension, so that
-- pg_dump carries them, DROP EXTENSION spares their rows, and the owner may add
-- columns, indexes, grants and policies.
--
-- Every function pins search_path and then puts the ledger before it, so that
-- the SQL below and in sql/ledger names tables without a schema.  pg_catalog is
-- not in that path and is therefore searched first, pg_temp is searched last.

-- The version of the tables, raised by a release that changes them.
CREATE FUNCTION crmcost._schema_version() RETURNS integer
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 2;

COMMENT ON FUNCTION crmcost._schema_version() IS
  'Version of the ledger''s tables that this version of the extension works with.';

-- All that is done with a ledger begins here.  The schema is searched before ours
-- for better matches of functions and operators, so it must hold none, and nobody
-- but its owner may create in it: see doc/security.md.
CREATE FUNCTION crmcost._ledger_path(ledger name) RETURNS text
  LANGUAGE c STABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'ledger__ledger_path';

COMMENT ON FUNCTION crmcost._ledger_path(name) IS
  'Search path for work in a ledger; an error when there is no such ledger, or when somebody but its owner has a hand in its schema.';

-- All that writes in a ledger begins here, with itself as the routine:
--
--   IF crmcost._run_as_owner(ledger, NULL, 'crmcost.this(name,date)', ledger, day)
--   THEN
--     RETURN;
--   END IF;
CREATE FUNCTION crmcost._run_as_owner(ledger name, prepare regprocedure,
                                      routine regprocedure,
                                      VARIADIC arguments "any")
  RETURNS boolean
  LANGUAGE c VOLATILE PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'ledger__run_as_owner';

COMMENT ON FUNCTION crmcost._run_as_owner(name, regprocedure, regprocedure, "any") IS
  'Calls a routine as the owner of a ledger, where the caller has the owner''s rights and is somebody else, and one before it that makes temporary tables; returns what it returns, true for nothing, NULL when the caller is to do the work itself. An error when a trigger of the ledger is not its owner''s.';

-- Without it a role that may do less would be told so in the middle of the work,
-- or, where it grants, would see a warning a table and no error.
CREATE FUNCTION crmcost._check_owner(ledger name) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM crmcost._ledger_path(ledger);
  IF NOT (SELECT pg_has_role(c.relowner, 'USAGE') FROM pg_class c
          WHERE c.oid = format('%I.setting', ledger)::regclass) THEN
    RAISE EXCEPTION 'must be owner of ledger "%"', ledger
      USING ERRCODE = 'insufficient_privilege';
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._check_owner(name) IS
  'Raises an error unless the caller has the rights of the ledger''s owner.';

-- A function that parallel workers call can set no search_path: it names the
-- ledger in its statements.
CREATE FUNCTION crmcost._setting(ledger name, key text) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  result text;
BEGIN
  PERFORM crmcost._ledger_path(ledger);
  EXECUTE format('SELECT s.value FROM %I.setting s WHERE s.key = $1', ledger)
    INTO result USING key;
  IF result IS NULL THEN
    RAISE EXCEPTION 'ledger "%" has no setting "%"', ledger, key
      USING ERRCODE = 'no_data_found',
            HINT = 'Insert the row into table setting again; the documentation has the defaults.';
  END IF;
  RETURN result;
END
$$;

COMMENT ON FUNCTION crmcost._setting(name, text) IS
  'Value of a setting of a ledger; an error when there is none.';

CREATE PROCEDURE crmcost.install(ledger name DEFAULT 'crm',
                                 partitioned boolean DEFAULT false)
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  tables text := crmcost._ledger_source('tables');
BEGIN
  PERFORM crmcost._check_new_ledger(ledger);
  IF partitioned IS NULL THEN
    RAISE EXCEPTION 'partitioned must not be null'
      USING ERRCODE = 'null_value_not_allowed';
  END IF;

  EXECUTE format('CREATE SCHEMA %I', ledger);
  EXECUTE format('COMMENT ON SCHEMA %I IS %L', ledger,
                 'Customer cost ledger, made by crmcost.install.');
  PERFORM set_config('search_path', quote_ident(ledger) || ', pg_temp', true);

  IF NOT partitioned THEN
    -- the clause stands between the closing parenthesis and the semicolon
    tables := regexp_replace(tables, '[)] PARTITION BY RANGE [(][a-z_]+[)];',
                             ');', 'g');
  END IF;
  EXECUTE tables;

  EXECUTE crmcost._ledger_source('seed');
  INSERT INTO setting (key, value, note)
    VALUES ('schema_version', crmcost._schema_version(),
            'Version of the tables, kept by crmcost.upgrade.');
  IF EXISTS (SELECT FROM cost_category WHERE name_zh IS NULL) THEN
    RAISE NOTICE 'database encoding % cannot hold Chinese names: name_zh stays empty',
      getdatabaseencoding();
  END IF;
  EXECUTE crmcost._ledger_source('views');
  PERFORM crmcost._add_capture(ledger);

  IF partitioned THEN
    RAISE NOTICE 'ledger "%" has % monthly partitions, in schema "%"', ledger,
      crmcost._add_partitions_ahead(ledger), crmcost._partition_schema(ledger)
      USING HINT = format('CALL crmcost.ensure_partitions(%L, FROM_MONTH, TO_MONTH) makes those of other months.',
                          ledger);
    IF current_setting('jit')::boolean THEN
      RAISE NOTICE 'jit is on: with many partitions it compiles each anew for every report'
        USING HINT = format('ALTER DATABASE %I SET jit = off; makes reports many times faster.',
                            current_database());
    END IF;
  END IF;
  RAISE NOTICE 'ledger "%" is ready: base currency %, time zone %', ledger,
    crmcost._setting(ledger, 'base_currency'),
    crmcost._setting(ledger, 'timezone')
    USING HINT = format('Load facts, then CALL crmcost.refresh(%L): until then most reports are empty.',
                        ledger);
END
$$;

COMMENT ON PROCEDURE crmcost.install(name, boolean) IS
  'Builds a ledger in a new schema owned by the caller: tables (with monthly partitions on request), seed rows, views.';

CREATE FUNCTION crmcost._check_new_ledger(ledger name) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF ledger IS NULL THEN
    RAISE EXCEPTION 'ledger must not be null'
      USING ERRCODE = 'null_value_not_allowed';
  END IF;
  IF ledger = '' OR ledger ~ '^pg_'
     OR ledger IN ('crmcost', 'information_schema') THEN
    RAISE EXCEPTION 'ledger must be the name of a new schema, not the reserved "%"',
                    ledger
      USING ERRCODE = 'reserved_name', HINT = 'A usual name is crm.';
  END IF;
  IF to_regclass(format('%I.refresh_run', ledger)) IS NOT NULL THEN
    RAISE EXCEPTION 'ledger "%" is already installed', ledger
      USING ERRCODE = 'duplicate_schema',
            HINT = format('CALL crmcost.upgrade(%L) renews its views; install under another name for a second ledger.',
                          ledger);
  END IF;
  IF to_regnamespace(format('%I', ledger)) IS NOT NULL THEN
    RAISE EXCEPTION 'schema "%" already exists', ledger
      USING ERRCODE = 'duplicate_schema',
            DETAIL = 'A ledger has a schema of its own.',
            HINT = 'Choose another name, such as crm.';
  END IF;
  IF NOT has_database_privilege(current_database(), 'CREATE') THEN
    RAISE EXCEPTION 'permission denied to create a schema in database "%"',
                    current_database()
      USING ERRCODE = 'insufficient_privilege',
            HINT = format('The owner of the database can GRANT CREATE ON DATABASE %I TO %I.',
                          current_database(), current_user);
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._check_new_ledger(name) IS
  'Raises an error unless the caller can make a ledger of that name.';

-- The seed rows write Chinese names by it: the bytes of UTF8 would be something
-- else, or refused, where the script is read in the encoding of another database.
CREATE FUNCTION crmcost._from_utf8(hex text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN getdatabaseencoding() IN ('UTF8', 'EUC_CN', 'SQL_ASCII')
         THEN convert_from(decode(hex, 'hex'), 'UTF8') END;

COMMENT ON FUNCTION crmcost._from_utf8(text) IS
  'Chinese text whose bytes in UTF8 are given in hexadecimal; NULL where the database encoding cannot hold it.';

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

-- Clears what says who a customer was, and keeps the facts.  The row is locked
-- first: a load about the customer has ended then, or will find it erased.  What
-- a second call finds left is cleared too.
CREATE FUNCTION crmcost.key_hash(ledger name, source text, source_key text)
  RETURNS bytea
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  result bytea;
BEGIN
  PERFORM crmcost._ledger_path(ledger);
  EXECUTE format('SELECT e.secret FROM %I.erasure_secret e', ledger)
    INTO result;
  RETURN sha256(result || convert_to(
    jsonb_build_array(source, source_key)::text,
    CASE WHEN getdatabaseencoding() IN ('SQL_ASCII', 'MULE_INTERNAL')
      THEN getdatabaseencoding() ELSE 'UTF8' END));
END
$$;

COMMENT ON FUNCTION crmcost.key_hash(name, text, text) IS
  'Hash of a customer''s key as table erased_key of a ledger has it; NULL for a role that may not see erasure_secret.';

CREATE FUNCTION crmcost.erase_customer(ledger name, customer_id bigint)
  RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
AS $$
#variable_conflict use_column
DECLARE
  known record;
  erased boolean;
BEGIN
  erased := crmcost._run_as_owner(
              ledger, NULL, 'crmcost.erase_customer(name,bigint)', ledger,
              erase_customer.customer_id);
  IF erased IS NOT NULL THEN
    RETURN erased;
  END IF;
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  SELECT source, source_key, erased_at INTO known
    FROM customer
    WHERE customer_id = erase_customer.customer_id
    FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'customer_id must be a customer of ledger "%", not %',
                    ledger, coalesce(erase_customer.customer_id::text, 'null')
      USING ERRCODE = 'no_data_found';
  END IF;
  PERFORM crmcost._erase_references(ledger, erase_customer.customer_id);
  IF known.erased_at IS NOT NULL THEN
    RETURN false;
  END IF;
  -- before the key goes, so that a load of it finds the one or the other
  INSERT INTO erased_key (key_hash)
    VALUES (crmcost.key_hash(ledger, known.source, known.source_key))
    ON CONFLICT (key_hash) DO NOTHING;
  UPDATE customer
    SET source_key = NULL, attributes = '{}', erased_at = now()
    WHERE customer_id = erase_customer.customer_id;
  RETURN true;
END
$$;

COMMENT ON FUNCTION crmcost.erase_customer(name, bigint) IS
  'Clears what says who a customer was (source_key, attributes, references to the source, owners, evidence) and keeps the facts, so that no total moves; a repeated load is refused. false when it was done before.';

-- References become random ones: unique as they must be, the lines of an order
-- still of one order, and nothing that could be looked up.
CREATE FUNCTION crmcost._erase_references(ledger name, customer_id bigint)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
AS $$
#variable_conflict use_column
DECLARE
  erased CONSTANT text := '^erased [0-9a-f-]{36}$';
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  WITH placed AS MATERIALIZED (
    SELECT source, order_ref, 'erased ' || gen_random_uuid()::text AS random_ref
    FROM (SELECT DISTINCT source, order_ref
          FROM sale
          WHERE customer_id = _erase_references.customer_id
                AND order_ref !~ erased) o
  )
  UPDATE sale s
    SET order_ref = p.random_ref
    FROM placed p
    WHERE s.customer_id = _erase_references.customer_id
          AND s.source = p.source AND s.order_ref = p.order_ref;
  UPDATE cost_entry
    SET source_ref = 'erased ' || gen_random_uuid()::text
    WHERE customer_id = _erase_references.customer_id
          AND source_ref !~ erased;
  UPDATE interaction
    SET source_ref = 'erased ' || gen_random_uuid()::text
    WHERE customer_id = _erase_references.customer_id
          AND source_ref !~ erased;
  UPDATE loyalty_entry
    SET source_ref = 'erased ' || gen_random_uuid()::text
    WHERE customer_id = _erase_references.customer_id
          AND source_ref !~ erased;
  -- stages and tiers are the ledger's own words, anything else a person's
  UPDATE classification c
    SET evidence = NULL,
        code = CASE
                 WHEN dimension = 'stage' OR code = 'none'
                      OR by_rule AND dimension NOT IN ('owner', 'invalid')
                      OR EXISTS (SELECT FROM tier t
                                 WHERE t.scheme = c.dimension
                                       AND t.code = c.code)
                   THEN code
                 ELSE 'erased'
               END
    WHERE customer_id = _erase_references.customer_id;
END
$$;

COMMENT ON FUNCTION crmcost._erase_references(name, bigint) IS
  'Replaces what refers to a customer''s rows in their source, and clears owners and evidence.';

CREATE FUNCTION crmcost.grant_read(ledger name, role name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  relation text;
BEGIN
  IF crmcost._run_as_owner(ledger, NULL, 'crmcost.grant_read(name,name)',
                           ledger, role) THEN
    RETURN;
  END IF;
  PERFORM crmcost._check_owner(ledger);
  IF grant_read.role IS NULL
     OR NOT EXISTS (SELECT FROM pg_roles WHERE rolname = grant_read.role) THEN
    RAISE EXCEPTION 'role must be an existing role, not %',
                    coalesce(quote_ident(grant_read.role), 'null')
      USING ERRCODE = 'undefined_object';
  END IF;
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', ledger, grant_read.role);
  -- The views run with the reader's rights, so the tables are needed as well.
  -- Partitions are not: they are read through their parents.
  FOREACH relation IN ARRAY crmcost._ledger_relations('TABLE')
                            || crmcost._ledger_relations('VIEW')
  LOOP
    EXECUTE format('GRANT SELECT ON %I.%I TO %I', ledger, relation,
                   grant_read.role);
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost.grant_read(name, name) IS
  'Lets a role read the tables and views of a ledger, and nothing more.';

-- Functions that only compute are open to PUBLIC; these write.  @extowner@ is
-- who created the extension: under "trusted" that need not be the superuser who
-- owns the functions.
REVOKE EXECUTE ON ROUTINE
  crmcost.install(name, boolean),
  crmcost.upgrade(name),
  crmcost.erase_customer(name, bigint),
  crmcost._erase_references(name, bigint),
  crmcost.grant_read(name, name),
  crmcost._renew_views(name),
  crmcost._run_as_owner(name, regprocedure, regprocedure, "any")
FROM PUBLIC;

GRANT EXECUTE ON ROUTINE
  crmcost.install(name, boolean),
  crmcost.upgrade(name),
  crmcost.erase_customer(name, bigint),
  crmcost._erase_references(name, bigint),
  crmcost.grant_read(name, name),
  crmcost._renew_views(name),
  crmcost._run_as_owner(name, regprocedure, regprocedure, "any")
TO @extowner@ WITH GRANT OPTION;
