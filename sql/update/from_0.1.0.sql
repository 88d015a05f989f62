-- What version 0.1.0 has and this one has not goes first; then the install script
-- of this version follows, in which update.sh makes every CREATE one that
-- replaces.  So each function has one source, and an updated extension is the
-- same as one newly created: test/t/upgrade.pl compares them.
--
-- Who could call everything can call what is new, too: who may refresh is noted
-- here, and given the rights at the end.
SELECT pg_catalog.set_config('crmcost.granted', coalesce((
  SELECT pg_catalog.string_agg(
           CASE a.grantee WHEN 0 THEN 'PUBLIC'
             ELSE a.grantee::pg_catalog.regrole::text END
           || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END,
           E'\n')
  FROM pg_catalog.pg_proc p, pg_catalog.aclexplode(p.proacl) a
  WHERE p.oid = 'crmcost.refresh(pg_catalog.name,pg_catalog.timestamptz)'
                ::pg_catalog.regprocedure
        AND a.grantee <> p.proowner), ''), true);

-- They have an argument more now.
DROP PROCEDURE crmcost.refresh(name, timestamptz), crmcost.install(name, boolean);

-- Internal functions, but those that something stands on: views of ledgers of
-- version 1 do, and the triggers of partitions.  They are replaced in place.
DO $$
DECLARE
  routine pg_catalog.regprocedure;
BEGIN
  FOR routine IN
    SELECT p.oid
    FROM pg_catalog.pg_proc p
    WHERE p.pronamespace = 'crmcost'::pg_catalog.regnamespace
          AND p.proname LIKE '\_%'
          AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_depend d
                WHERE d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                      AND d.refobjid = p.oid)
  LOOP
    EXECUTE 'DROP ROUTINE ' || routine;
  END LOOP;
END
$$;

