-- install() builds a ledger: tables, seed rows, views and triggers.
CREATE PROCEDURE crmcost.install(ledger name DEFAULT 'crm',
                                 partitioned boolean DEFAULT false,
                                 language text DEFAULT 'en')
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET standard_conforming_strings = on
AS $$
#variable_conflict use_column
DECLARE
  tables text := crmcost._ledger_source('tables');
BEGIN
  PERFORM crmcost._check_new_ledger(ledger, partitioned, install.language);

  EXECUTE format('CREATE SCHEMA %I', ledger);
  PERFORM set_config('search_path', quote_ident(ledger) || ', pg_temp', true);

  IF NOT partitioned THEN
    -- the clause stands between the closing parenthesis and the semicolon
    tables := regexp_replace(tables, '[)] PARTITION BY RANGE [(][a-z_]+[)];',
                             ');', 'g');
  END IF;
  EXECUTE tables;

  EXECUTE crmcost._ledger_source('seed');
  UPDATE setting SET value = install.language WHERE key = 'language';
  PERFORM crmcost._comment_schema(ledger, true);
  IF EXISTS (SELECT FROM cost_category WHERE name_zh IS NULL) THEN
    RAISE NOTICE 'database encoding % cannot hold Chinese names: name_zh stays empty',
      getdatabaseencoding();
  END IF;
  PERFORM crmcost._make_views(ledger);
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

COMMENT ON PROCEDURE crmcost.install(name, boolean, text) IS
  'Builds a ledger in a new schema owned by the caller: tables (with monthly partitions on request), seed rows, views; with names and comments in English (en) or Chinese (zh).';

-- A coordinator of Citus would warn of each view that its tables are of this node
-- alone.
CREATE FUNCTION crmcost._keep_local(wanted boolean DEFAULT true) RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  propagates CONSTANT text :=
    current_setting('citus.enable_ddl_propagation', true);
BEGIN
  PERFORM set_config('citus.enable_ddl_propagation',
                     CASE WHEN wanted THEN 'off' ELSE 'on' END, true)
    WHERE propagates IS NOT NULL;
  RETURN coalesce(propagates = 'on', false);
END
$$;

COMMENT ON FUNCTION crmcost._keep_local(boolean) IS
  'Whether what was made until now went to the workers of a Citus cluster, and keeps what is made from now on here, or not; false and nothing elsewhere.';

CREATE FUNCTION crmcost._make_views(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  propagated CONSTANT boolean := crmcost._keep_local();
BEGIN
  EXECUTE crmcost._ledger_source('views');
  IF crmcost._setting(ledger, 'language') <> 'en' THEN
    PERFORM crmcost._translate_comments(ledger);
  END IF;
  PERFORM crmcost._keep_local(NOT propagated);
END
$$;

COMMENT ON FUNCTION crmcost._make_views(name) IS
  'Makes the views of a new ledger, which is first in the search path, and gives its comments in its language.';

CREATE FUNCTION crmcost._check_new_ledger(ledger name, partitioned boolean,
                                          language text)
  RETURNS void
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
  IF partitioned IS NULL THEN
    RAISE EXCEPTION 'partitioned must not be null'
      USING ERRCODE = 'null_value_not_allowed';
  END IF;
  IF language NOT IN ('en', 'zh') OR language IS NULL THEN
    RAISE EXCEPTION 'language must be en or zh, not %',
                    coalesce(language, 'null')
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._check_new_ledger(name, boolean, text) IS
  'Raises an error unless the caller can make such a ledger of that name.';
