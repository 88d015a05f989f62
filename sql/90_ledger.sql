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

-- All that is done with a ledger begins here.
CREATE FUNCTION crmcost._ledger_path(ledger name) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF ledger IS NULL THEN
    RAISE EXCEPTION 'ledger must not be null'
      USING ERRCODE = 'null_value_not_allowed';
  END IF;
  -- setting and refresh_run together are ours beyond reasonable doubt
  IF to_regclass(format('%I.setting', ledger)) IS NULL
     OR to_regclass(format('%I.refresh_run', ledger)) IS NULL THEN
    RAISE EXCEPTION 'ledger must name a schema made by crmcost.install, not "%"',
                    ledger
      USING ERRCODE = 'invalid_schema_name',
            HINT = format('CALL crmcost.install(%L) makes one.', ledger);
  END IF;
  RETURN quote_ident(ledger) || ', pg_temp';
END
$$;

COMMENT ON FUNCTION crmcost._ledger_path(name) IS
  'Search path for work in a ledger; an error when there is no such ledger.';

-- Without it a role that may do less would be told so in the middle of the work,
-- or, where it grants, would see a warning a table and no error.
CREATE FUNCTION crmcost._check_owner(ledger name) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  IF NOT (SELECT pg_has_role(c.relowner, 'USAGE') FROM pg_class c
          WHERE c.oid = 'setting'::regclass) THEN
    RAISE EXCEPTION 'must be owner of ledger "%"', ledger
      USING ERRCODE = 'insufficient_privilege';
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._check_owner(name) IS
  'Raises an error unless the caller has the rights of the ledger''s owner.';

CREATE FUNCTION crmcost._setting(ledger name, key text) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  result text;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  SELECT s.value INTO result FROM setting s WHERE s.key = _setting.key;
  IF result IS NULL THEN
    RAISE EXCEPTION 'ledger "%" has no setting "%"', ledger, _setting.key
      USING ERRCODE = 'no_data_found',
            HINT = 'Insert the row into table setting again; the documentation has the defaults.';
  END IF;
  RETURN result;
END
$$;

COMMENT ON FUNCTION crmcost._setting(name, text) IS
  'Value of a setting of a ledger; an error when there is none.';

-- Monthly partitions, in UTC whatever the ledger's time zone is: where a
-- partition ends is a matter of storage, and must not move with a setting.
CREATE FUNCTION crmcost._add_partitions(ledger name, from_month date,
                                        to_month date)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  parent record;
  month_start timestamp;
  partition_name text;
  made bigint := 0;
BEGIN
  FOR parent IN
    SELECT c.relname, c.relowner::regrole AS owner,
           CASE WHEN a.atttypid = 'timestamptz'::regtype
             THEN ' 00:00:00+00' ELSE '' END AS midnight
    FROM pg_partitioned_table p
    JOIN pg_class c ON c.oid = p.partrelid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
    WHERE c.relnamespace = format('%I', ledger)::regnamespace
      AND c.relname IN ('sale', 'cost_entry', 'interaction', 'loyalty_entry')
    ORDER BY c.relname
  LOOP
    FOR month_start IN
      SELECT generate_series(date_trunc('month', from_month::timestamp),
                             to_month::timestamp, '1 month')
    LOOP
      partition_name := format('%s_%s', parent.relname,
                               to_char(month_start, 'YYYY_MM'));
      CONTINUE WHEN
        to_regclass(format('%I.%I', ledger, partition_name)) IS NOT NULL;
      EXECUTE format(
        'CREATE TABLE %1$I.%2$I PARTITION OF %1$I.%3$I FOR VALUES FROM (%4$L) TO (%5$L)',
        ledger, partition_name, parent.relname,
        to_char(month_start, 'YYYY-MM-DD') || parent.midnight,
        to_char(month_start + interval '1 month', 'YYYY-MM-DD')
          || parent.midnight);
      -- a superuser may do this for the owner
      IF parent.owner <> current_user::regrole THEN
        EXECUTE format('ALTER TABLE %I.%I OWNER TO %s', ledger,
                       partition_name, parent.owner);
      END IF;
      made := made + 1;
    END LOOP;
  END LOOP;
  RETURN made;
END
$$;

COMMENT ON FUNCTION crmcost._add_partitions(name, date, date) IS
  'Makes the monthly partitions that are missing and returns their number.';

-- The catalog prints bounds as the session prints instants, and not every such
-- text can be read again.
CREATE FUNCTION crmcost._partition_end(partition oid) RETURNS timestamptz
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET datestyle = iso
  SET timezone = 'UTC'
AS $$
DECLARE
  bound CONSTANT text := (SELECT pg_get_expr(c.relpartbound, c.oid)
                          FROM pg_class c WHERE c.oid = partition);
BEGIN
  RETURN CASE WHEN bound LIKE '% TO (MAXVALUE)' OR bound = 'DEFAULT'
           THEN 'infinity'
           ELSE substring(bound FROM ' TO [(]''([^'']+)''[)]') END;
END
$$;

COMMENT ON FUNCTION crmcost._partition_end(oid) IS
  'Instant before which the rows of a partition by time lie, taking days in UTC.';

CREATE PROCEDURE crmcost.install(ledger name DEFAULT 'crm',
                                 partitioned boolean DEFAULT true)
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  tables text := crmcost._ledger_source('tables');
  this_year date := date_trunc('year', now() AT TIME ZONE 'UTC');
  made bigint;
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

  made := crmcost._add_partitions(
            ledger, (this_year - interval '3 years')::date,
            (this_year + interval '23 months')::date);
  RAISE NOTICE 'ledger "%" is ready: % monthly partitions, base currency %, time zone %',
    ledger, made,
    crmcost._setting(ledger, 'base_currency'),
    crmcost._setting(ledger, 'timezone');
  IF partitioned AND current_setting('jit')::boolean THEN
    RAISE NOTICE 'jit is on: it compiles every partition anew for every report'
      USING HINT = format('ALTER DATABASE %I SET jit = off; makes reports many times faster.',
                          current_database());
  END IF;
END
$$;

COMMENT ON PROCEDURE crmcost.install(name, boolean) IS
  'Builds a ledger in a new schema owned by the caller: tables with monthly partitions (or without), seed rows, views.';

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

CREATE PROCEDURE crmcost.ensure_partitions(ledger name, from_month date,
                                           to_month date)
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  months integer;
BEGIN
  PERFORM crmcost._check_owner(ledger);
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  IF from_month IS NULL OR to_month IS NULL THEN
    RAISE EXCEPTION '% must not be null',
                    CASE WHEN from_month IS NULL THEN 'from_month'
                         ELSE 'to_month' END
      USING ERRCODE = 'null_value_not_allowed';
  END IF;
  IF from_month < '1900-01-01' OR to_month > '9999-12-31' THEN
    RAISE EXCEPTION 'from_month and to_month must lie between 1900 and 9999, not % and %',
                    from_month, to_month
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  months := 12 * (extract(year FROM to_month) - extract(year FROM from_month))
            + extract(month FROM to_month) - extract(month FROM from_month) + 1;
  IF months < 1 THEN
    RAISE EXCEPTION 'from_month must not be after to_month, not % and %',
                    from_month, to_month
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF months > 1200 THEN
    RAISE EXCEPTION 'from_month to to_month must be at most 1200 months, not %',
                    months
      USING ERRCODE = 'program_limit_exceeded';
  END IF;

  IF NOT EXISTS (SELECT FROM pg_partitioned_table
                 WHERE partrelid = 'sale'::regclass) THEN
    RAISE NOTICE 'ledger "%" is not partitioned: nothing to do', ledger;
    RETURN;
  END IF;
  RAISE NOTICE 'ledger "%": % partitions made',
    ledger, crmcost._add_partitions(ledger, from_month, to_month);
END
$$;

COMMENT ON PROCEDURE crmcost.ensure_partitions(name, date, date) IS
  'Makes the monthly partitions from one month to another that are missing; nothing on a ledger without partitions.';

-- The first version has no older tables to migrate: it renews the views, which
-- DROP EXTENSION ... CASCADE takes away.
CREATE PROCEDURE crmcost.upgrade(ledger name)
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  installed CONSTANT integer := crmcost._setting(ledger, 'schema_version');
BEGIN
  PERFORM crmcost._check_owner(ledger);
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  IF installed > crmcost._schema_version() THEN
    RAISE EXCEPTION 'ledger "%" has schema version %, and this crmcost knows only %',
                    ledger, installed, crmcost._schema_version()
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'ALTER EXTENSION crmcost UPDATE to the version that made the ledger, or a newer one.';
  END IF;

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
  'Brings a ledger to the version of the extension: tables where they changed, and its views, whose grants stay.';

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

CREATE FUNCTION crmcost.erase_customer(ledger name, customer_id bigint)
  RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
AS $$
#variable_conflict use_column
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  UPDATE customer
    SET source_key = NULL, attributes = '{}', erased_at = now()
    WHERE customer_id = erase_customer.customer_id AND erased_at IS NULL;
  IF FOUND THEN
    RETURN true;
  END IF;
  IF NOT EXISTS (SELECT FROM customer
                 WHERE customer_id = erase_customer.customer_id) THEN
    RAISE EXCEPTION 'customer_id must be a customer of ledger "%", not %',
                    ledger, coalesce(erase_customer.customer_id::text, 'null')
      USING ERRCODE = 'no_data_found';
  END IF;
  RETURN false;
END
$$;

COMMENT ON FUNCTION crmcost.erase_customer(name, bigint) IS
  'Clears source_key and attributes of a customer and keeps the facts, so that no total moves; false when it was done before.';

CREATE FUNCTION crmcost.grant_read(ledger name, role name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  relation text;
BEGIN
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
  crmcost.ensure_partitions(name, date, date),
  crmcost.upgrade(name),
  crmcost.erase_customer(name, bigint),
  crmcost.grant_read(name, name),
  crmcost._add_partitions(name, date, date),
  crmcost._renew_views(name)
FROM PUBLIC;

GRANT EXECUTE ON ROUTINE
  crmcost.install(name, boolean),
  crmcost.ensure_partitions(name, date, date),
  crmcost.upgrade(name),
  crmcost.erase_customer(name, bigint),
  crmcost.grant_read(name, name),
  crmcost._add_partitions(name, date, date),
  crmcost._renew_views(name)
TO @extowner@ WITH GRANT OPTION;
