-- Monthly partitions of the fact tables, for a ledger that was installed with
-- them.  They are cut in UTC whatever the ledger's time zone is: where one ends
-- is a matter of storage, and must not move with a setting.
--
-- They live in a schema of their own, so that who looks into the ledger sees
-- tables and views.  Nothing says which schema that is but the partitions in it:
-- so it and the ledger may be renamed, dumped and restored.
--
-- There are partitions for months that hold or await rows.  Each is analysed when
-- it is made, because PostgreSQL takes an empty table that never was for one of
-- ten pages, and a plan over dozens of those for one worth compiling.  A row of
-- any other month goes to the partition for all the rest, which refuses it and
-- says what to call.
CREATE FUNCTION crmcost._partitioned_tables(ledger name)
  RETURNS TABLE (parent oid, owner oid, rest oid)
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
    SELECT c.oid, c.relowner, p.partdefid
    FROM pg_partitioned_table p
    JOIN pg_class c ON c.oid = p.partrelid
    WHERE c.relnamespace = format('%I', ledger)::regnamespace
          AND c.relname IN ('sale', 'cost_entry', 'interaction',
                            'loyalty_entry')
    ORDER BY c.relname;
END
$$;

COMMENT ON FUNCTION crmcost._partitioned_tables(name) IS
  'The fact tables of a ledger that have partitions, each with its owner and the partition for all the rest (0 for none).';

-- The catalog prints bounds as the session prints instants, and not every such
-- text can be read again.
CREATE FUNCTION crmcost._partition_range(partition oid) RETURNS tstzrange
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET datestyle = iso
  SET timezone = 'UTC'
AS $$
DECLARE
  bound CONSTANT text[] := (
    SELECT regexp_match(pg_get_expr(c.relpartbound, c.oid),
             '^FOR VALUES FROM [(](.+)[)] TO [(](.+)[)]$')
    FROM pg_class c WHERE c.oid = partition);
BEGIN
  RETURN CASE WHEN bound IS NOT NULL THEN
    tstzrange(coalesce(nullif(trim(bound[1], ''''), 'MINVALUE'),
                       '-infinity')::timestamptz,
              coalesce(nullif(trim(bound[2], ''''), 'MAXVALUE'),
                       'infinity')::timestamptz)
  END;
END
$$;

COMMENT ON FUNCTION crmcost._partition_range(oid) IS
  'Instants between which the rows of a partition by time lie, taking days in UTC; NULL for the partition for all the rest.';

-- A name longer than 63 bytes is cut, and one that is taken gets a number.  What
-- DROP SCHEMA ... CASCADE of a ledger has left behind is empty, and used again.
CREATE FUNCTION crmcost._partition_schema(ledger name) RETURNS name
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  note CONSTANT text := 'Monthly partitions of a customer cost ledger, made by crmcost.';
  owner CONSTANT oid := (SELECT relowner FROM pg_class
                         WHERE oid = format('%I.setting', ledger)::regclass);
  prefix text := ledger;
  suffix text := '_partition';
  number integer := 1;
  result name;
BEGIN
  SELECT n.nspname INTO result
    FROM crmcost._partitioned_tables(ledger) t
    JOIN pg_inherits i ON i.inhparent = t.parent
    JOIN pg_class c ON c.oid = i.inhrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname <> ledger
    GROUP BY n.nspname
    ORDER BY bool_or(c.oid = t.rest) DESC, count(*) DESC, n.nspname LIMIT 1;
  IF FOUND THEN
    RETURN result;
  END IF;
  LOOP
    WHILE octet_length(prefix || suffix) > 63 LOOP
      prefix := left(prefix, -1);
    END LOOP;
    result := prefix || suffix;
    EXIT WHEN NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = result);
    IF EXISTS (SELECT FROM pg_namespace n
               WHERE n.nspname = result AND n.nspowner = owner
                     AND n.nspacl IS NULL
                     AND obj_description(n.oid, 'pg_namespace') = note
                     AND NOT EXISTS (SELECT FROM pg_depend d
                                     WHERE d.refobjid = n.oid AND d.refclassid
                                           = 'pg_namespace'::regclass)) THEN
      RETURN result;
    END IF;
    number := number + 1;
    suffix := '_partition_' || number;
  END LOOP;
  EXECUTE format('CREATE SCHEMA %I AUTHORIZATION %s', result, owner::regrole);
  EXECUTE format('COMMENT ON SCHEMA %I IS %L', result, note);
  RETURN result;
END
$$;

COMMENT ON FUNCTION crmcost._partition_schema(name) IS
  'Name of the schema with the partitions of a ledger, which is made where there is none.';

-- Every partition is made here, so whatever one is to have goes here too.
CREATE FUNCTION crmcost._make_partition(parent oid, within name, month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  next_month CONSTANT date := month + interval '1 month';
  midnight text;
  owner regrole;
  partition text;
  note text;
BEGIN
  SELECT CASE WHEN a.atttypid = 'timestamptz'::regtype
           THEN ' 00:00:00+00' ELSE '' END, c.relowner,
         format('%I.%I', within, c.relname
                || coalesce(to_char(month, '_YYYY_MM'), '_refused')),
         CASE WHEN month IS NULL
           THEN 'No row ever: refuses those of months without a partition.'
           ELSE format('Rows of %s of %s, in UTC.', c.relname,
                       to_char(month, 'YYYY-MM')) END
    INTO midnight, owner, partition, note
    FROM pg_partitioned_table p
    JOIN pg_class c ON c.oid = p.partrelid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
    WHERE c.oid = _make_partition.parent;
  EXECUTE format('CREATE TABLE %s PARTITION OF %s ', partition, parent::regclass)
    || CASE WHEN month IS NOT NULL THEN
         format('FOR VALUES FROM (%L) TO (%L)',
                to_char(month, 'YYYY-MM-DD') || midnight,
                to_char(next_month, 'YYYY-MM-DD') || midnight)
       ELSE
         -- which holds where triggers do not fire
         '(CONSTRAINT wants_a_partition_of_its_month CHECK (false)) DEFAULT'
       END;
  EXECUTE format('COMMENT ON TABLE %s IS %L', partition, note);
  -- a distributed one bears no triggers, and the constraint of the rest holds
  IF month IS NULL AND NOT crmcost._is_sharded(parent::regclass) THEN
    PERFORM crmcost._guard_rest(partition::regclass::oid);
  END IF;
  PERFORM crmcost._add_triggers(partition::regclass, k.capture)
    FROM crmcost._captured() k
    JOIN pg_class c ON c.oid = _make_partition.parent
                       AND c.relname = k.relation
    WHERE NOT crmcost._is_sharded(parent::regclass);
  -- a superuser may do this for the owner
  IF owner <> current_user::regrole THEN
    EXECUTE format('ALTER TABLE %s OWNER TO %s', partition, owner);
  END IF;
  EXECUTE format('ANALYZE %s', partition);
END
$$;

COMMENT ON FUNCTION crmcost._make_partition(oid, name, date) IS
  'Makes the partition of a fact table for a month, or for NULL the one for all the rest, which refuses every row.';

CREATE FUNCTION crmcost._guard_rest(rest oid) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER says_what_to_call BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION crmcost._refuse_month()',
                 rest::regclass);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER says_what_to_call',
                 rest::regclass);
  EXECUTE format('COMMENT ON TRIGGER says_what_to_call ON %s IS %L',
                 rest::regclass,
                 'Refuses a row of a month without a partition and says what to call.');
END
$$;

COMMENT ON FUNCTION crmcost._guard_rest(oid) IS
  'Gives the partition for all the rest the trigger that refuses rows.';

-- What no partition could take is left to the constraints of the column.
CREATE FUNCTION crmcost._refuse_month() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET datestyle = iso
  SET timezone = 'UTC'
AS $$
DECLARE
  ledger name;
  relation name;
  key name;
  instant timestamp;
BEGIN
  SELECT n.nspname, c.relname, a.attname INTO ledger, relation, key
    FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhparent
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_partitioned_table p ON p.partrelid = c.oid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
    WHERE i.inhrelid = TG_RELID;
  instant := (to_jsonb(NEW) ->> key::text)::timestamptz;
  IF instant >= '1900-01-01' AND instant < '10000-01-01' THEN
    RAISE EXCEPTION '% must be in a month that % has a partition for, not in %',
                    key, relation, to_char(instant, 'YYYY-MM')
      USING ERRCODE = 'check_violation', SCHEMA = ledger, TABLE = relation,
            COLUMN = key,
            HINT = format('CALL crmcost.ensure_partitions(%L, %L, %3$L) makes it; give the first and the last month of the load.',
                          ledger, to_char(instant, 'YYYY-MM-01'),
                          to_char(instant, 'YYYY-MM-01'));
  END IF;
  RETURN NEW;
END
$$;

COMMENT ON FUNCTION crmcost._refuse_month() IS
  'Trigger of the partition for all the rest: an error that names the month and what makes a partition for it.';

CREATE FUNCTION crmcost._missing_partitions(ledger name, from_month date,
                                            to_month date)
  RETURNS TABLE (parent oid, month date)
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
    SELECT t.parent, NULL::date FROM crmcost._partitioned_tables(ledger) t
    WHERE t.rest = 0
    UNION ALL
    SELECT t.parent, m::date
    FROM crmcost._partitioned_tables(ledger) t
    CROSS JOIN LATERAL (
      SELECT range_agg(crmcost._partition_range(i.inhrelid)) AS covered
      FROM pg_inherits i WHERE i.inhparent = t.parent) p
    CROSS JOIN generate_series(date_trunc('month', from_month::timestamp),
                               to_month::timestamp, interval '1 month') m
    WHERE (p.covered @> (m AT TIME ZONE 'UTC')) IS NOT TRUE;
END
$$;

COMMENT ON FUNCTION crmcost._missing_partitions(name, date, date) IS
  'The partitions by month that fact tables lack, with NULL for the one for all the rest.';

-- Of two sessions the second finds what the first has made.  An empty partition is
-- no news: a ledger that was as refresh left it is so still.
CREATE FUNCTION crmcost._add_partitions(ledger name, from_month date,
                                        to_month date,
                                        patience double precision)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  part record;
  parents regclass[];
  made bigint := 0;
  state CONSTANT regclass := format('%I.refresh_state', ledger);
  storage text;
BEGIN
  IF NOT EXISTS (SELECT FROM crmcost._missing_partitions(ledger, from_month,
                                                         to_month)) THEN
    RETURN 0;
  END IF;
  PERFORM crmcost._one_connection();
  PERFORM pg_advisory_xact_lock(
            hashtextextended('crmcost.partition ' || ledger::text, 0::bigint));
  parents := ARRAY(SELECT DISTINCT m.parent::regclass
                   FROM crmcost._missing_partitions(ledger, from_month,
                                                    to_month) m);
  IF parents = '{}' THEN
    RETURN 0;
  END IF;
  IF NOT crmcost._lock_together(parents, patience,
                                crmcost._referred_by(parents), state) THEN
    RAISE EXCEPTION 'the facts of ledger "%" are in use', ledger
      USING ERRCODE = 'lock_not_available';
  END IF;
  storage := crmcost._storage(ledger);
  FOR part IN
    SELECT * FROM crmcost._missing_partitions(ledger, from_month, to_month) m
    ORDER BY m.parent, m.month NULLS FIRST
  LOOP
    PERFORM crmcost._make_partition(part.parent,
                                    crmcost._partition_schema(ledger),
                                    part.month);
    made := made + (part.month IS NOT NULL)::integer;
  END LOOP;
  IF made > 0 THEN
    EXECUTE format('UPDATE %s SET storage = $2 WHERE storage = $1', state)
      USING storage, crmcost._storage(ledger);
  END IF;
  RETURN made;
END
$$;

COMMENT ON FUNCTION crmcost._add_partitions(name, date, date, double precision) IS
  'Makes the monthly partitions that are missing and returns their number; an error when the facts are in use for more than so many seconds.';

CREATE FUNCTION crmcost._add_partitions_ahead(
  ledger name, patience double precision DEFAULT 'infinity')
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  today CONSTANT date := now() AT TIME ZONE 'UTC';
BEGIN
  RETURN crmcost._add_partitions(ledger, today,
                                 (today + interval '2 months')::date, patience);
END
$$;

COMMENT ON FUNCTION crmcost._add_partitions_ahead(name, double precision) IS
  'Makes the partitions of this month and the next two that are missing and returns their number.';

-- The last thing that refresh does.  It may be run by who is not the owner, and
-- beside a load or a report, which must not wait: the next refresh will do, for
-- there are two months time, and data_quality tells.
CREATE FUNCTION crmcost._extend_partitions(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET lock_timeout = '200ms'
AS $$
DECLARE
  reason text;
BEGIN
  IF EXISTS (SELECT FROM crmcost._partitioned_tables(ledger) t
             WHERE NOT pg_has_role(t.owner, 'USAGE')) THEN
    RETURN;
  END IF;
  PERFORM crmcost._add_partitions_ahead(ledger, 0);
EXCEPTION
  WHEN lock_not_available OR object_in_use OR insufficient_privilege
       OR duplicate_table OR invalid_object_definition THEN
    GET STACKED DIAGNOSTICS reason = MESSAGE_TEXT;
    RAISE NOTICE 'ledger "%": the partitions of the months to come are left to the next refresh: %',
                 ledger, reason;
END
$$;

COMMENT ON FUNCTION crmcost._extend_partitions(name) IS
  'Makes the partitions of the months to come, where the caller may and nobody has to wait for it.';

CREATE PROCEDURE crmcost.ensure_partitions(ledger name, from_month date,
                                           to_month date)
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  months integer;
BEGIN
  IF crmcost._run_as_owner(
       ledger, NULL, 'crmcost.ensure_partitions(name,date,date)', ledger,
       from_month, to_month) THEN
    RETURN;
  END IF;
  PERFORM crmcost._check_owner(ledger);
  PERFORM crmcost._check_version(ledger);
  IF from_month IS NULL OR to_month IS NULL THEN
    RAISE EXCEPTION '% must not be null',
                    CASE WHEN from_month IS NULL THEN 'from_month'
                         ELSE 'to_month' END
      USING ERRCODE = 'null_value_not_allowed';
  END IF;
  IF least(from_month, to_month) < '1900-01-01'
     OR greatest(from_month, to_month) > '9999-12-31' THEN
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

  IF NOT EXISTS (SELECT FROM crmcost._partitioned_tables(ledger)) THEN
    RAISE NOTICE 'ledger "%" is not partitioned: nothing to do', ledger;
    RETURN;
  END IF;
  RAISE NOTICE 'ledger "%": % partitions made', ledger,
    crmcost._add_partitions(ledger, from_month, to_month, 'infinity')
    + crmcost._add_partitions_ahead(ledger);
END
$$;

COMMENT ON PROCEDURE crmcost.ensure_partitions(name, date, date) IS
  'Makes the monthly partitions from one month to another, of this month and of the next two that are missing; nothing on a ledger without partitions.';

-- Version 0.1.0 made years of partitions, in the schema of the ledger, and none
-- for the rest.  DROP EXTENSION ... CASCADE takes the trigger of that one away.
CREATE FUNCTION crmcost._renew_partitions(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  part record;
BEGIN
  PERFORM crmcost._add_partitions_ahead(ledger);
  FOR part IN
    SELECT c.oid, c.oid::regclass AS relation,
           c.relnamespace = format('%I', ledger)::regnamespace AS moves,
           tree.isleaf AND c.reltuples < 0 AS never_analysed,
           c.oid = t.rest
           AND EXISTS (SELECT FROM pg_constraint k
                       WHERE k.conrelid = c.oid
                             AND k.conname = 'wants_a_partition_of_its_month')
           AND NOT EXISTS (SELECT FROM pg_trigger g
                           WHERE g.tgrelid = c.oid
                                 AND g.tgname = 'says_what_to_call')
             AS unguarded
    FROM crmcost._partitioned_tables(ledger) t,
         pg_partition_tree(t.parent) tree
    JOIN pg_class c ON c.oid = tree.relid
    WHERE tree.level > 0
  LOOP
    IF part.never_analysed THEN
      EXECUTE format('ANALYZE %s', part.relation);
    END IF;
    IF part.unguarded AND NOT crmcost._is_distributed(ledger) THEN
      PERFORM crmcost._guard_rest(part.oid);
    END IF;
    IF part.moves THEN
      EXECUTE format('ALTER TABLE %s SET SCHEMA %I', part.relation,
                     crmcost._partition_schema(ledger));
    END IF;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._renew_partitions(name) IS
  'Brings the partitions of a ledger to their schema and completes what they have.';
