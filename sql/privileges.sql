-- Who may call what, in one rule: functions that only compute are open to PUBLIC;
-- procedures and volatile functions write and are not, nor are parts of others that
-- rely on the search path of these (a body of text without one of its own).
-- Triggers are called by nobody, and their rights are asked when a ledger is
-- installed.  What they call is called by who loads, and what marks rows of the
-- worklist by who works with it: that is open, and writes only where its caller may.
--
-- @extowner@ is who created the extension: under "trusted" that need not be the
-- superuser who owns the functions.
CREATE FUNCTION crmcost._set_privileges() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  routine regprocedure;
BEGIN
  FOR routine IN
    SELECT p.oid
    FROM pg_proc p
    WHERE p.pronamespace = 'crmcost'::regnamespace
          AND (p.prokind = 'p' OR p.prokind = 'f' AND p.provolatile = 'v'
               OR p.prokind = 'f' AND p.proname ~ '^_' AND p.proconfig IS NULL
                  AND p.prosqlbody IS NULL AND p.probin IS NULL)
          AND p.proname NOT IN ('_enter_ledger', '_touch', '_touch_limit', '_late_before', '_seen_late_before',
                              'worklist_done', 'worklist_snooze',
                              'worklist_reopen')
  LOOP
    EXECUTE 'REVOKE EXECUTE ON ROUTINE ' || routine || ' FROM PUBLIC';
    EXECUTE 'GRANT EXECUTE ON ROUTINE ' || routine
            || ' TO @extowner@ WITH GRANT OPTION';
  END LOOP;
END
$$;

SELECT crmcost._set_privileges();

DROP FUNCTION crmcost._set_privileges();
