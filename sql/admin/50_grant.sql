-- Roles that read a ledger.
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
  PERFORM crmcost._grant_pulled(ledger);
END
$$;

COMMENT ON FUNCTION crmcost.grant_read(name, name) IS
  'Lets a role read the tables and views of a ledger, and nothing more.';
