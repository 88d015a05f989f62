-- distribute() turns a ledger on the coordinator of a Citus cluster into a
-- distributed one, undistribute() turns it back: see doc/citus.md.

CREATE FUNCTION crmcost._check_can_distribute(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  taken name;
BEGIN
  PERFORM crmcost._check_owner(ledger);
  PERFORM crmcost._check_version(ledger);
  PERFORM crmcost._check_cluster();
  IF crmcost._is_distributed(ledger) THEN
    RAISE EXCEPTION 'ledger "%" is distributed already', ledger
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF octet_length(ledger) > 56 THEN
    RAISE EXCEPTION 'ledger must have a name of at most 56 bytes to be distributed, not %: "%"',
                    octet_length(ledger), ledger
      USING ERRCODE = 'name_too_long';
  END IF;
  -- it comes to stand in the text of functions
  IF ledger ~ '[%''"$\\]' THEN
    RAISE EXCEPTION 'ledger must have a name without any of %%, '', ", $ and \ to be distributed, not "%"',
                    ledger
      USING ERRCODE = 'invalid_name';
  END IF;
  SELECT n.nspname INTO taken FROM pg_namespace n
    WHERE n.nspname IN (ledger || '_gather', ledger || '_pulled',
                        ledger || '_spread', ledger || '_part',
                        ledger || '_step')
    ORDER BY 1 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'schema "%" exists already', taken
      USING ERRCODE = 'duplicate_schema',
            HINT = 'distribute makes it: drop or rename the one that is there.';
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._check_can_distribute(name) IS
  'Raises an error unless the caller may distribute a ledger, and can.';

-- What the transaction takes from readers, at once or not at all.  LOCK would lock what views
-- read, too, and refresh_progress reads catalogs; so they are dropped.
CREATE FUNCTION crmcost._withdraw(ledger name) RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET lock_timeout = '200ms'
AS $$
BEGIN
  PERFORM crmcost._drop_views(ledger, crmcost._ledger_relations('VIEW'),
                              ARRAY[ledger || '_gather', ledger || '_pulled']);
  PERFORM crmcost._lock_all_tables(ledger);
  RETURN true;
END
$$;

COMMENT ON FUNCTION crmcost._withdraw(name) IS
  'Drops the views of a ledger and locks its tables against everybody else; an error where a lock is not to be had at once.';

-- Views do not go to the workers: they are dropped first, and made again.
CREATE FUNCTION crmcost._distribute(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = error
AS $$
DECLARE
  names CONSTANT text[] := crmcost._ledger_relations('VIEW');
  granted text[];
BEGIN
  PERFORM crmcost._check_can_distribute(ledger);
  PERFORM crmcost._hold_ledger(ledger);
  PERFORM crmcost._ledger_path(ledger);
  PERFORM crmcost._one_connection();
  granted := crmcost._granted(ledger, names);
  PERFORM crmcost._do_together(ledger, 'crmcost._withdraw(name)',
                               'distributed');
  PERFORM crmcost._make_distribution_change(ledger);
  PERFORM crmcost._note_loading(ledger);
  PERFORM crmcost._take_keys(ledger);
  PERFORM crmcost._take_triggers(ledger);
  PERFORM crmcost._place_tables(ledger);
  PERFORM crmcost._give_keys_back(ledger);
  PERFORM crmcost._make_spread(ledger);
  PERFORM crmcost._make_gather(ledger);
  PERFORM crmcost._make_cluster_views(ledger, granted);
  EXECUTE format('UPDATE %I.refresh_state SET storage = NULL', ledger);
  PERFORM crmcost._tell_distribution(ledger);
END
$$;

COMMENT ON FUNCTION crmcost._distribute(name) IS
  'Distributes a ledger over a Citus cluster, as who owns it.';

CREATE PROCEDURE crmcost.distribute(ledger name)
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF crmcost._run_as_owner(ledger, NULL, 'crmcost._distribute(name)', ledger)
     IS NULL THEN
    PERFORM crmcost._distribute(ledger);
  END IF;
END
$$;

COMMENT ON PROCEDURE crmcost.distribute(name) IS
  'Turns a ledger on the coordinator of a Citus cluster into a distributed one, all or nothing; a notice says what it changed.';

CREATE FUNCTION crmcost._tell_distribution(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  rule record;
BEGIN
  RAISE NOTICE 'ledger "%" is distributed: % tables by customer_id, % copied to every node, the others on the coordinator',
    ledger,
    (SELECT count(*) FROM crmcost._placement(ledger) p
     WHERE p.placement = 'distributed'),
    (SELECT count(*) FROM crmcost._placement(ledger) p
     WHERE p.placement = 'reference')
    USING HINT = 'Every refresh computes everything from now on: no trigger notes what changed.';
  FOR rule IN EXECUTE format(
    $query$
      SELECT d.what, string_agg(d.relation || '.' || d.name, ', '
                                ORDER BY d.place) AS names
      FROM %I.distribution_change d WHERE d.probe IS NOT NULL
      GROUP BY d.what ORDER BY d.what
    $query$, ledger)
  LOOP
    RAISE NOTICE 'not held any more by a %, but checked by each refresh: %',
      rule.what, rule.names;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._tell_distribution(name) IS
  'Says what a ledger that was distributed holds where, and which keys refresh checks.';

CREATE FUNCTION crmcost._undistribute(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = error
AS $$
DECLARE
  names CONSTANT text[] := crmcost._ledger_relations('VIEW');
  granted text[];
BEGIN
  PERFORM crmcost._check_owner(ledger);
  PERFORM crmcost._check_version(ledger);
  IF NOT crmcost._is_distributed(ledger) THEN
    RAISE EXCEPTION 'ledger "%" is not distributed', ledger
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  PERFORM crmcost._hold_ledger(ledger);
  PERFORM crmcost._one_connection();
  granted := crmcost._granted(ledger, names);
  PERFORM crmcost._do_together(ledger, 'crmcost._withdraw(name)',
                               'taken back');
  EXECUTE format('DROP SCHEMA %I, %I, %I, %I, %I CASCADE', ledger || '_gather',
                 ledger || '_pulled', ledger || '_spread', ledger || '_part',
                 ledger || '_step');
  PERFORM crmcost._take_tables_back(ledger);
  PERFORM crmcost._give_rules_back(ledger);
  -- the tables are new: nothing is known of what is in them
  PERFORM crmcost._analyze_table(c.oid)
    FROM pg_class c
    WHERE c.relnamespace = format('%I', ledger)::regnamespace
          AND c.relkind IN ('r', 'p') AND NOT c.relispartition;
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  PERFORM crmcost._make_views(ledger);
  PERFORM crmcost._renew_attributes(ledger);
  PERFORM crmcost._grant_again(ledger, granted);
  PERFORM crmcost._add_capture(ledger);
  EXECUTE format('UPDATE %I.refresh_state SET storage = NULL', ledger);
END
$$;

COMMENT ON FUNCTION crmcost._undistribute(name) IS
  'Takes a distributed ledger back to the coordinator, as who owns it.';

CREATE PROCEDURE crmcost.undistribute(ledger name)
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF crmcost._run_as_owner(ledger, NULL, 'crmcost._undistribute(name)', ledger)
     IS NULL THEN
    PERFORM crmcost._undistribute(ledger);
  END IF;
  RAISE NOTICE 'ledger "%" is on this node alone', ledger
    USING HINT = format('CALL crmcost.refresh(%L) computes it anew.', ledger);
END
$$;

COMMENT ON PROCEDURE crmcost.undistribute(name) IS
  'Takes a distributed ledger back to the coordinator, with all keys and triggers, all or nothing.';
