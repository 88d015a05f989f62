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

-- What the owner had a hand in, be it a table or a temporary one, is read as the
-- owner too, and told like this.
CREATE FUNCTION crmcost._ask_as_owner(ledger name, prepare regprocedure,
                                      routine regprocedure,
                                      VARIADIC arguments "any")
  RETURNS jsonb
  LANGUAGE c VOLATILE PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'ledger__ask_as_owner';

COMMENT ON FUNCTION crmcost._ask_as_owner(name, regprocedure, regprocedure, "any") IS
  'Calls a routine that returns jsonb as _run_as_owner() does one that returns a boolean.';

-- For who writes with rights that were granted and must not be allowed to call those.
CREATE FUNCTION crmcost._check_triggers(ledger name) RETURNS void
  LANGUAGE c STABLE PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'ledger__check_triggers';

COMMENT ON FUNCTION crmcost._check_triggers(name) IS
  'Raises an error when a trigger of a ledger is not its owner''s.';

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

-- Refreshing and loading are maintenance, as building an index is, and may use as much
-- memory; a quarter less, as a statement has several parts that use as much each.
CREATE FUNCTION crmcost._raise_work_mem() RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  old_work_mem CONSTANT text := current_setting('work_mem');
  wanted CONSTANT bigint :=
    pg_size_bytes(current_setting('maintenance_work_mem')) / 4 * 3 / 1024;
BEGIN
  IF wanted > pg_size_bytes(old_work_mem) / 1024 THEN
    PERFORM set_config('work_mem', wanted || 'kB', true);
  END IF;
  RETURN old_work_mem;
END
$$;

COMMENT ON FUNCTION crmcost._raise_work_mem() IS
  'Lets work_mem be three quarters of maintenance_work_mem until the end of the transaction, where that is more; returns what it was.';
