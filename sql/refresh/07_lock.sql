-- One refresh is of one state of the facts: everything in it is read through one
-- snapshot, taken after the ledger is its own.  What is committed after that is in
-- no figure of it, and in those of the next one.

CREATE FUNCTION crmcost._may_commit() RETURNS boolean
  LANGUAGE c STABLE PARALLEL RESTRICTED
  AS 'MODULE_PATHNAME', 'transaction__may_commit';

COMMENT ON FUNCTION crmcost._may_commit() IS
  'Whether the procedure that calls it may commit: not in a transaction block, a function or an exception handler.';

-- Makes the ledger this transaction's own until it ends, with a snapshot that no
-- other one's work is missing from.  Everything that writes computed tables
-- begins with it, or with _lock_ledger.
--
-- In READ COMMITTED every statement has its own snapshot, so a transaction of
-- REPEATABLE READ is begun.  Where the caller holds the transaction, it must be
-- of that level already.  A new epoch begins before: see _forget_news.
CREATE PROCEDURE crmcost._take_ledger(ledger name)
  LANGUAGE plpgsql
AS $$
BEGIN
  IF NOT crmcost._may_commit() THEN
    PERFORM crmcost._check_isolation(ledger);
    PERFORM crmcost._lock_ledger(ledger);
    RETURN;
  END IF;
  LOOP
    COMMIT;
    PERFORM crmcost._begin_epoch(ledger);
    COMMIT;
    SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
    EXIT WHEN crmcost._try_ledger(ledger);
  END LOOP;
END
$$;

COMMENT ON PROCEDURE crmcost._take_ledger(name) IS
  'Begins a transaction with one snapshot in which nobody else writes the computed tables of a ledger.';

-- Tables of another version are not touched.
CREATE FUNCTION crmcost._check_version(ledger name) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  installed CONSTANT integer := crmcost._setting(ledger, 'schema_version');
BEGIN
  IF installed < crmcost._schema_version() THEN
    RAISE EXCEPTION 'ledger "%" has schema version %, and this crmcost works with %',
                    ledger, installed, crmcost._schema_version()
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = format('CALL crmcost.upgrade(%L);', ledger);
  ELSIF installed > crmcost._schema_version() THEN
    RAISE EXCEPTION 'ledger "%" has schema version %, and this crmcost knows only %',
                    ledger, installed, crmcost._schema_version()
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'ALTER EXTENSION crmcost UPDATE to the version that made the ledger, or a newer one.';
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._check_version(name) IS
  'Raises an error unless the tables of a ledger are of the version that the extension works with.';

-- DROP EXTENSION ... CASCADE takes views along, among them one that refresh reads.
CREATE FUNCTION crmcost._check_views(ledger name) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF to_regclass(format('%I.accrued_cost', ledger)) IS NULL THEN
    RAISE EXCEPTION 'ledger "%" must have its views: they went with the extension',
                    ledger
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = format('CALL crmcost.upgrade(%L) makes them again; then give grant_read again.',
                          ledger);
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._check_views(name) IS
  'Raises an error where the views of a ledger are gone.';

-- Leaves at once where another session has the ledger.
CREATE FUNCTION crmcost._hold_ledger(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT pg_try_advisory_xact_lock(
           hashtextextended('crmcost.refresh ' || ledger, 0)) THEN
    RAISE EXCEPTION 'ledger "%" is being refreshed by another session', ledger
      USING ERRCODE = 'lock_not_available',
            HINT = 'Wait until it has finished, then try again.';
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._hold_ledger(name) IS
  'Takes the lock on a ledger until the transaction ends; an error where another session has it.';

CREATE FUNCTION crmcost._begin_epoch(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
AS $$
BEGIN
  IF crmcost._run_as_owner(ledger, NULL, 'crmcost._begin_epoch(name)',
                           ledger) THEN
    RETURN;
  END IF;
  PERFORM crmcost._check_version(ledger);
  PERFORM crmcost._check_owner(ledger);
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  PERFORM crmcost._hold_ledger(ledger);
  UPDATE refresh_state SET epoch = epoch + 1;
END
$$;

COMMENT ON FUNCTION crmcost._begin_epoch(name) IS
  'Begins an epoch of table touched, so that what is written from then on is news for the refresh after this one.';

CREATE FUNCTION crmcost._check_isolation(ledger name) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM crmcost._ledger_path(ledger);
  IF current_setting('transaction_isolation')
     NOT IN ('repeatable read', 'serializable') THEN
    RAISE EXCEPTION 'ledger "%" cannot be computed in a transaction of isolation level %, which sees more with each statement',
                    ledger, current_setting('transaction_isolation')
      USING ERRCODE = 'active_sql_transaction',
            HINT = 'CALL it as a statement of its own, or start the block with BEGIN ISOLATION LEVEL REPEATABLE READ.';
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._check_isolation(name) IS
  'Raises an error unless the transaction sees one snapshot.';

-- The snapshot may be older than the lock: then somebody else's work may have
-- been committed between the two.  Each holder of the lock writes the row of
-- refresh_state, so that to write it over a version which the snapshot does not
-- see fails to serialize.
CREATE FUNCTION crmcost._try_ledger(ledger name) RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
AS $$
DECLARE
  taken boolean;
BEGIN
  taken := crmcost._run_as_owner(ledger, NULL, 'crmcost._try_ledger(name)',
                                 ledger);
  IF taken IS NOT NULL THEN
    RETURN taken;
  END IF;
  PERFORM crmcost._check_version(ledger);
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  PERFORM crmcost._hold_ledger(ledger);
  BEGIN
    UPDATE refresh_state SET epoch = epoch;
  EXCEPTION WHEN serialization_failure THEN
    RETURN false;
  END;
  RETURN true;
END
$$;

COMMENT ON FUNCTION crmcost._try_ledger(name) IS
  'Locks a ledger until the transaction ends, or raises an error where another session holds it; false when the snapshot of the transaction is older than what another one has written.';

CREATE FUNCTION crmcost._lock_ledger(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT crmcost._try_ledger(ledger) THEN
    RAISE EXCEPTION 'ledger "%" was refreshed after this transaction had begun',
                    ledger
      USING ERRCODE = 'serialization_failure',
            HINT = 'Roll back, and begin the transaction again.';
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._lock_ledger(name) IS
  'Locks a ledger until the transaction ends; an error where another session holds it, or has written what the snapshot of the transaction does not see.';
