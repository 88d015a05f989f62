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
            DETAIL = 'So it is while a month is closed, the ledger verified or upgraded, or a customer erased.',
            HINT = 'Wait until it has finished, then try again.';
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._hold_ledger(name) IS
  'Takes the lock on a ledger until the transaction ends; an error where another session has it.';

-- Who waits for a second table while holding a first one may meet somebody who holds
-- the second and waits for the first, and what comes later waits behind both.  So
-- all are taken, or none, and it is tried again: less long than PostgreSQL waits
-- before it looks for a deadlock.
CREATE FUNCTION crmcost._lock_together(alone regclass[],
                                       patience double precision,
                                       unchanged regclass[] DEFAULT '{}',
                                       state regclass DEFAULT NULL)
  RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET lock_timeout = '200ms'
AS $$
DECLARE
  begun CONSTANT timestamptz := clock_timestamp();
BEGIN
  LOOP
    BEGIN
      PERFORM crmcost._lock_tables(alone, 'ACCESS EXCLUSIVE');
      PERFORM crmcost._lock_tables(unchanged, 'SHARE ROW EXCLUSIVE');
      IF state IS NOT NULL THEN
        EXECUTE format('SELECT FROM %s FOR UPDATE', state);
      END IF;
      RETURN true;
    EXCEPTION WHEN lock_not_available THEN
      IF extract(epoch FROM clock_timestamp() - begun) >= patience THEN
        RETURN false;
      END IF;
    END;
    PERFORM pg_sleep(0.1);
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._lock_together(regclass[], double precision, regclass[], regclass) IS
  'Locks tables against everybody else, others against changes, and the row of a table, all until the transaction ends; false when that took more than so many seconds, and nothing is locked.';

-- The same for what takes its locks by what it does, as a view is dropped: it is all done,
-- or nothing, and tried again, for lock_timeout or a minute.  The routine has a
-- lock_timeout of its own.
CREATE FUNCTION crmcost._do_together(ledger name, routine regprocedure,
                                     done text)
  RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  patience CONSTANT interval := coalesce(
    nullif(current_setting('lock_timeout')::interval, interval '0'),
    interval '1 minute');
  begun CONSTANT timestamptz := clock_timestamp();
  result boolean;
BEGIN
  LOOP
    BEGIN
      EXECUTE format('SELECT %s($1)', routine::regproc) INTO result
        USING ledger;
      RETURN result;
    EXCEPTION WHEN lock_not_available THEN
      IF clock_timestamp() - begun >= patience THEN
        RAISE EXCEPTION 'ledger "%" is being read or loaded, so that it cannot be %',
                        ledger, done
          USING ERRCODE = 'lock_not_available', DETAIL = SQLERRM,
                HINT = 'Try again when no report and no load runs, or SET lock_timeout to wait for longer than a minute.';
      END IF;
    END;
    PERFORM pg_sleep(0.1);
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._do_together(name, regprocedure, text) IS
  'What a function of a ledger returns, which is called until it gets all its locks at once; an error that says what is not done when that took too long.';

CREATE FUNCTION crmcost._lock_tables(relations regclass[], mode text)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF cardinality(relations) > 0 THEN
    EXECUTE format('LOCK TABLE %s IN %s MODE',
                   array_to_string(relations, ', '), mode);
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._lock_tables(regclass[], text) IS
  'Locks tables and their partitions until the transaction ends; an error where that takes longer than lock_timeout.';

CREATE FUNCTION crmcost._lock_all_tables(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM crmcost._lock_tables(
    ARRAY(SELECT c.oid FROM pg_class c
          WHERE c.relnamespace = format('%I', ledger)::regnamespace
                AND c.relkind IN ('r', 'p')
          ORDER BY c.oid)::regclass[], 'ACCESS EXCLUSIVE');
END
$$;

COMMENT ON FUNCTION crmcost._lock_all_tables(name) IS
  'Locks the tables of a ledger against everybody else until the transaction ends.';

-- What foreign keys of tables refer to: to make such a key, or a partition, locks it.
CREATE FUNCTION crmcost._referred_by(relations regclass[])
  RETURNS regclass[]
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
RETURN ARRAY(
  SELECT DISTINCT c.confrelid::oid
  FROM pg_catalog.pg_constraint c
  WHERE c.conrelid = ANY (relations::oid[]) AND c.contype = 'f'
        AND c.confrelid <> ALL (relations::oid[])
  ORDER BY 1)::regclass[];

COMMENT ON FUNCTION crmcost._referred_by(regclass[]) IS
  'Other tables that foreign keys of tables refer to.';

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
