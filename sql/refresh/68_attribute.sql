-- Step attribute: the columns of view customer_attribute are the attributes that
-- setting attribute_columns names.
CREATE FUNCTION crmcost._refresh_attribute(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM crmcost._renew_attributes(run.ledger);
  RETURN 0;
END
$$;

COMMENT ON FUNCTION crmcost._refresh_attribute(crmcost._run) IS
  'Step of refresh: renews view customer_attribute where setting attribute_columns changed.';

-- Names in the order of the setting, each once.
CREATE FUNCTION crmcost._listed_names(list text) RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(
  SELECT a.name
  FROM (SELECT pg_catalog.btrim(s.name) AS name, min(s.i) AS place
        FROM pg_catalog.string_to_table(list, ','::text)
               WITH ORDINALITY AS s (name, i)
        GROUP BY 1) a
  WHERE a.name <> ''
  ORDER BY a.place);

COMMENT ON FUNCTION crmcost._listed_names(text) IS
  'Names that a setting lists, separated by commas.';

-- A name that is too long for a column would be cut, and might then be another's.
CREATE FUNCTION crmcost._attribute_columns(ledger name) RETURNS text[]
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN ARRAY(
  SELECT a.name
  FROM unnest(crmcost._listed_names(
                crmcost._setting(ledger, 'attribute_columns')))
         WITH ORDINALITY AS a (name, place)
  WHERE a.name <> 'customer_id' AND pg_catalog.octet_length(a.name) < 64
  ORDER BY a.place);

COMMENT ON FUNCTION crmcost._attribute_columns(name) IS
  'Attributes of customers that a ledger shows as columns.';

-- Reports are not to wait for whoever stands on the view: it stays as it is then,
-- with a warning.
CREATE FUNCTION crmcost._renew_attributes(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  wanted CONSTANT text[] := crmcost._attribute_columns(ledger);
  present text[];
  view record;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  SELECT c.oid, c.relowner, c.relacl INTO view
    FROM pg_class c
    WHERE c.oid = to_regclass('customer_attribute') AND c.relkind = 'v';
  present := ARRAY(SELECT a.attname::text FROM pg_attribute a
                   WHERE a.attrelid = view.oid AND a.attnum > 1
                   ORDER BY a.attnum);
  IF view.oid IS NULL OR present = wanted THEN
    RETURN;
  END IF;
  IF NOT pg_has_role(view.relowner, 'USAGE') THEN
    RAISE WARNING 'view customer_attribute of ledger "%" stays as it is: only its owner may change it',
                  ledger
      USING HINT = 'A refresh by the owner of the ledger changes it.';
    RETURN;
  END IF;
  BEGIN
    -- more columns at the end leave grants, and what stands on the view, alone
    IF present <> wanted[1:cardinality(present)] THEN
      DROP VIEW customer_attribute;
    END IF;
    EXECUTE crmcost._attribute_view(wanted, view.relowner, view.relacl,
                                    to_regclass('customer_attribute') IS NULL);
    PERFORM crmcost._translate_comments(ledger, 'customer_attribute');
  EXCEPTION WHEN dependent_objects_still_exist THEN
    RAISE WARNING 'view customer_attribute of ledger "%" stays as it is: others depend on it',
                  ledger
      USING HINT = 'Drop what depends on it, refresh, and make it again.';
  END;
END
$$;

COMMENT ON FUNCTION crmcost._renew_attributes(name) IS
  'Gives view customer_attribute the columns that setting attribute_columns names.';

CREATE FUNCTION crmcost._attribute_view(names text[], owner oid,
                                        acl aclitem[], is_new boolean)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT pg_catalog.concat(
    'CREATE OR REPLACE VIEW customer_attribute WITH (security_invoker = true) AS SELECT customer_id',
    (SELECT pg_catalog.string_agg(pg_catalog.format(
              ', attributes ->> %L AS %I', a.name, a.name), ''::text
              ORDER BY a.i)
     FROM pg_catalog.unnest(names) WITH ORDINALITY AS a (name, i)),
    ' FROM customer WHERE merged_into IS NULL; COMMENT
     ON VIEW customer_attribute IS ''Attributes of customers that setting attribute_columns names, one row a customer or lead, one column an attribute.''; COMMENT
     ON COLUMN customer_attribute.customer_id IS ''Customer.'';',
    CASE WHEN is_new THEN pg_catalog.format(
      ' ALTER VIEW customer_attribute OWNER TO %s;', owner::regrole) END,
    (SELECT pg_catalog.string_agg(pg_catalog.format(
              ' GRANT %s ON customer_attribute TO %s%s;', g.privilege_type,
              CASE g.grantee WHEN 0 THEN 'PUBLIC'
                ELSE g.grantee::regrole::text END,
              CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION'
                ELSE '' END), ''::text)
     FROM pg_catalog.aclexplode(acl) g
     WHERE is_new AND g.grantee <> owner));
END;

COMMENT ON FUNCTION crmcost._attribute_view(text[], oid, aclitem[], boolean) IS
  'Statements that make view customer_attribute with these columns.';
