-- crmcost.refresh() computes what dashboards read, in five steps: months, cost,
-- lifetime value, snapshot, classification.  A step writes only the rows that
-- differ from what is there, so that a refresh without news writes nothing.
-- The steps are functions of their own: the first is here, the others are in
-- 92_refresh_cost.sql, 96_ledger_clv.sql, 97_refresh_snapshot.sql and
-- 98_refresh_classification.sql.
--
-- Everybody's rows are read and written, whatever policies there are: a role
-- that a policy holds back gets an error, not figures of what it may see.
--
-- One refresh is of one state of the facts: everything in it is read through one
-- snapshot, taken after the ledger is its own (_take_ledger).  What is committed
-- after that is in no figure of it, and in those of the next one.
--
-- A procedure that commits can have no SET clause: the caller's search_path holds
-- in this one, so each name in it is qualified.
CREATE PROCEDURE crmcost.refresh(ledger name, as_of timestamptz DEFAULT now())
  LANGUAGE plpgsql
AS $$
BEGIN
  CALL crmcost._take_ledger(ledger);
  IF crmcost._run_as_owner(
       ledger, 'crmcost._make_work_tables()',
       'crmcost._refresh(pg_catalog.name,pg_catalog.timestamptz)', ledger,
       as_of) THEN
    RETURN;
  END IF;
  PERFORM crmcost._make_work_tables();
  PERFORM crmcost._refresh(ledger, as_of);
END
$$;

COMMENT ON PROCEDURE crmcost.refresh(name, timestamptz) IS
  'Computes customer months, cost, lifetime values, snapshots and classification of a ledger from the facts up to as_of, all of one snapshot; without news it changes nothing.';

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
-- of that level already.
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
    SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
    EXIT WHEN crmcost._try_ledger(ledger);
  END LOOP;
END
$$;

COMMENT ON PROCEDURE crmcost._take_ledger(name) IS
  'Begins a transaction with one snapshot in which nobody else writes the computed tables of a ledger.';

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
-- schema_version, so that to write it over a version which the snapshot does not
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
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  IF NOT pg_try_advisory_xact_lock(
           hashtextextended('crmcost.refresh ' || ledger, 0)) THEN
    RAISE EXCEPTION 'ledger "%" is being refreshed by another session', ledger
      USING ERRCODE = 'lock_not_available',
            HINT = 'Wait until it has finished, then try again.';
  END IF;
  BEGIN
    UPDATE setting SET value = value WHERE key = 'schema_version';
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

CREATE FUNCTION crmcost._refresh(ledger name, as_of timestamptz) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
  SET jit = off                 -- compiles each partition, and gains nothing
AS $$
#variable_conflict use_variable
DECLARE
  upto CONSTANT timestamptz := _refresh.as_of;
  day date;
  run bigint;
  old_work_mem CONSTANT text := current_setting('work_mem');
  step text;
  started timestamptz;
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  IF upto IS NULL OR NOT isfinite(upto) THEN
    RAISE EXCEPTION 'as_of must be a finite instant, not %',
                    coalesce(upto::text, 'null')
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  day := upto AT TIME ZONE crmcost._setting(ledger, 'timezone');
  IF day < crmcost._open_month(ledger) - 1 THEN
    RAISE EXCEPTION 'as_of must not be before %, the last day of the closed months, not %',
                    crmcost._open_month(ledger) - 1, day
      USING ERRCODE = 'invalid_parameter_value',
            HINT = 'crmcost.reopen_period opens a month again, and all after it.';
  END IF;
  SELECT coalesce(max(run_id), 0) + 1 INTO run FROM refresh_run;

  -- This is maintenance, as building an index is: it may use as much memory.
  IF pg_size_bytes(current_setting('maintenance_work_mem'))
     > pg_size_bytes(old_work_mem) THEN
    PERFORM set_config('work_mem', current_setting('maintenance_work_mem'),
                       true);
  END IF;
  FOREACH step IN ARRAY '{month,cost,clv,snapshot,classification}'::text[] LOOP
    started := clock_timestamp();
    changed := CASE step
      WHEN 'month' THEN crmcost._refresh_month(ledger, upto)
      WHEN 'cost' THEN crmcost._refresh_cost(ledger, upto, day)
      WHEN 'clv' THEN crmcost._refresh_clv(ledger, upto, day)
      WHEN 'snapshot' THEN crmcost._refresh_snapshot(ledger, upto, day)
      ELSE crmcost._refresh_classification(ledger, upto, day)
    END;
    INSERT INTO refresh_run (run_id, step, as_of, as_of_at, started_at,
                             finished_at, rows_changed)
      VALUES (run, step, day, upto, started, clock_timestamp(), changed);
    RAISE NOTICE 'refresh of "%" as of %: %, % rows changed, % s', ledger, day,
      step, changed,
      round(extract(epoch FROM clock_timestamp() - started), 2);
  END LOOP;
  PERFORM crmcost._drop_refresh_tables();
  PERFORM set_config('work_mem', old_work_mem, true);
  PERFORM crmcost._extend_partitions(ledger);
END
$$;

COMMENT ON FUNCTION crmcost._refresh(name, timestamptz) IS
  'The steps of a refresh, as who writes the ledger, with work tables that are there.';

-- What the steps share.  It is made before the first of them and touches nothing
-- of a ledger, so that all of them can run where temporary tables cannot be made
-- (see doc/security.md).
--
--   refresh_order   orders, one row each
--   refresh_rfm     customers with an order
--   refresh_class   what the rules say about a customer
--   refresh_purchase, refresh_model, refresh_clv    see 96_ledger_clv.sql
--   refresh_part, _late, _direct, _lineage, _line, _pool, _group
--                                                   see 92_refresh_cost.sql
--   refresh_wanted, refresh_driver                  see 93_refresh_driver.sql
--   refresh_home, _share, _service, _served         see 94_refresh_service.sql
CREATE FUNCTION crmcost._make_work_tables() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM crmcost._drop_refresh_tables();
  PERFORM crmcost._drop_cost_tables();
  CREATE TEMPORARY TABLE refresh_order
    (customer_id bigint, ordered_at timestamptz, ordered_on date,
     revenue numeric) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_rfm
    (customer_id bigint, first_at timestamptz, last_at timestamptz,
     frequency bigint) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_class
    (customer_id bigint, dimension text, code text, evidence jsonb)
    ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_purchase
    (customer_id bigint, frequency float8, recency float8, age float8,
     monetary_value numeric) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_model
    (model text, status text, used boolean, message text, customers bigint,
     log_likelihood float8, r float8, r_std_error float8, alpha float8,
     alpha_std_error float8, a float8, a_std_error float8, b float8,
     b_std_error float8, s float8, s_std_error float8, beta float8,
     beta_std_error float8, p float8, p_std_error float8, q float8,
     q_std_error float8, v float8, v_std_error float8, retention_rate numeric,
     first_order_on date, last_order_on date, horizon_months integer,
     discount_rate numeric) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_clv
    (customer_id bigint, p_alive float8, expected_purchases float8,
     expected_value numeric, clv_formula numeric, clv_predictive numeric)
    ON COMMIT DROP;
  PERFORM crmcost._make_cost_tables();
END
$$;

COMMENT ON FUNCTION crmcost._make_work_tables() IS
  'Makes the temporary tables of a refresh, empty.';

CREATE FUNCTION crmcost._make_cost_tables() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  CREATE TEMPORARY TABLE refresh_part
    (month_start date, cost_id bigint, incurred_on date, booked_month date,
     cost_on date, category_code text, bucket text, channel_code text,
     campaign_code text, product_code text, amount numeric) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_late
    (cost_id bigint, incurred_on date, booked_month date, category_code text,
     bucket text, channel_code text, campaign_code text, product_code text,
     customer_id bigint, amount numeric) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_direct
    (month_start date, cost_id bigint, incurred_on date, booked_month date,
     category_code text, bucket text, customer_id bigint, amount numeric)
    ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_lineage
    (code text, ancestor text, distance integer) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_line
    (month_start date, cost_id bigint, incurred_on date, booked_month date,
     category_code text, bucket text, rule_id bigint, service_category text,
     amount numeric) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_pool
    (month_start date, bucket text, rule_id bigint, service_category text,
     cost numeric, driver text, driver_key text, capacity numeric,
     group_id integer) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_group
    (group_id integer, month_start date, bucket text, driver_key text,
     capacity numeric, cost numeric, scale integer, driver_quantity numeric,
     customers integer, unused_cost numeric) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_wanted
    (month_start date, driver_key text, driver text, scope text)
    ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_driver
    (month_start date, driver_key text, customer_id bigint, quantity numeric)
    ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_home
    (month_start date, category_code text, service_category text)
    ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_share
    (from_category text, to_category text, to_service boolean, share numeric)
    ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_service
    (month_start date, service_category text, to_category text,
     proportion numeric) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_served
    (month_start date, cost_id bigint, incurred_on date, booked_month date,
     category_code text, bucket text, rule_id bigint, service_category text,
     amount numeric) ON COMMIT DROP;
END
$$;

COMMENT ON FUNCTION crmcost._make_cost_tables() IS
  'Makes the temporary tables of the cost step of a refresh, empty.';

CREATE FUNCTION crmcost._drop_refresh_tables() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM crmcost._drop_temporary('{refresh_order,refresh_rfm,refresh_class,
                                    refresh_purchase,refresh_model,
                                    refresh_clv}');
END
$$;

COMMENT ON FUNCTION crmcost._drop_refresh_tables() IS
  'Drops the temporary tables of a refresh, where there are any.';

-- The names are those of refresh, but a session may have used one for a view.
CREATE FUNCTION crmcost._drop_temporary(names text[]) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  found record;
BEGIN
  FOR found IN
    SELECT c.oid::regclass AS relation,
           CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE'
             WHEN 'i' THEN 'INDEX' WHEN 'c' THEN 'TYPE' ELSE 'TABLE'
           END AS kind
    FROM pg_class c
    WHERE c.relnamespace = pg_my_temp_schema() AND c.relname = ANY (names)
  LOOP
    EXECUTE format('DROP %s %s', found.kind, found.relation);
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._drop_temporary(text[]) IS
  'Drops the temporary relations of these names, where there are any.';

-- Step 1: orders, then what happened with each customer in each month.  Months
-- are computed one after the other, here and in step 2: a month of a partitioned
-- ledger is one partition or two, and memory is needed for one month only.
CREATE FUNCTION crmcost._refresh_month(ledger name, upto timestamptz)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  zone CONSTANT text := crmcost._setting(ledger, 'timezone');
  open_month CONSTANT date := crmcost._open_month(ledger);
  months date[];
  month date;
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  INSERT INTO pg_temp.refresh_order
    SELECT customer_id, ordered_at, ordered_on, revenue
    FROM crmcost._orders(ledger, upto);
  CREATE INDEX ON pg_temp.refresh_order (ordered_on);
  ANALYZE pg_temp.refresh_order;
  months := crmcost._fact_months(ledger, upto, zone, open_month);

  -- months without any fact are in no row any more
  DELETE FROM customer_month old
    USING (SELECT coalesce(lag(m) OVER (ORDER BY m) + interval '1 month',
                           open_month, '-infinity') AS from_month, m AS before
           FROM unnest(months || 'infinity'::date) m) gap
    WHERE gap.from_month < gap.before
          AND old.month_start >= gap.from_month
          AND old.month_start < gap.before;
  GET DIAGNOSTICS changed = ROW_COUNT;
  FOREACH month IN ARRAY months LOOP
    changed := changed
               + crmcost._write_customer_month(ledger, upto, month, zone,
                                               coalesce(month = open_month,
                                                        false));
  END LOOP;
  IF changed > 1000 THEN
    ANALYZE customer_month;
  END IF;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._refresh_month(name, timestamptz) IS
  'First step of refresh: orders and customer_month; returns the rows changed.';

-- An order is what a customer bought of one source under one order_ref; a line
-- without order_ref is an order of its own.  It needs a sale line that is no
-- correction (is not negative), its day is that of the last such line, and it
-- does not count once corrections have brought it to nothing: in its currency, or
-- with several in base currency, or without a rate in each of them.
--
-- What an order brought are its own lines: with corrections and refunds that
-- carry its order_ref, without lines that have no rate.
CREATE FUNCTION crmcost._orders(ledger name, upto timestamptz)
  RETURNS TABLE (customer_id bigint, ordered_at timestamptz, ordered_on date,
                 revenue numeric)
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM crmcost._ledger_path(ledger);
  RETURN QUERY EXECUTE format($query$
    SELECT customer_id, ordered_at,
           (ordered_at AT TIME ZONE (SELECT value FROM %1$I.setting
                                     WHERE key = 'timezone'))::date,
           coalesce(revenue, 0)
    FROM (
      SELECT customer_id, source, order_ref,
             max(sold_at) FILTER (WHERE kind = 'sale' AND amount >= 0)
               AS ordered_at,
             sum(base_amount) AS revenue,
             bool_and(amount >= 0) FILTER (WHERE kind = 'sale')
             OR CASE
                  WHEN min(currency) FILTER (WHERE kind = 'sale')
                       = max(currency) FILTER (WHERE kind = 'sale')
                    THEN sum(amount) FILTER (WHERE kind = 'sale') > 0
                  WHEN bool_and(rate IS NOT NULL) FILTER (WHERE kind = 'sale')
                    THEN sum(base_amount) FILTER (WHERE kind = 'sale') > 0
                END AS anything_left
      FROM %1$I.sale_base
      WHERE sold_at <= $1
      GROUP BY customer_id, source, order_ref,
               CASE WHEN order_ref IS NULL THEN sale_id END
    ) placed
    WHERE ordered_at IS NOT NULL
          AND coalesce(anything_left, EXISTS (
                SELECT FROM %1$I.sale s
                WHERE s.customer_id = placed.customer_id
                      AND s.source = placed.source
                      AND s.order_ref = placed.order_ref
                      AND s.kind = 'sale' AND s.sold_at <= $1
                GROUP BY s.currency
                HAVING sum(s.amount) > 0))
  $query$, ledger) USING upto;
END
$$;

COMMENT ON FUNCTION crmcost._orders(name, timestamptz) IS
  'Orders of a ledger up to an instant, with their day and net revenue in base currency.';

-- Between the first and the last sale or contact each month is taken to have
-- facts; of customers acquired before or after, only their own months.
CREATE FUNCTION crmcost._fact_months(ledger name, upto timestamptz, zone text,
                                     open_month date)
  RETURNS date[]
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  first_at timestamptz;
  last_at timestamptz;
  months date[];
BEGIN
  PERFORM crmcost._ledger_path(ledger);
  -- where clocks go back, the first instant may not have the first local day
  EXECUTE format($query$
    SELECT min(happened_at) - interval '2 hours',
           max(happened_at) + interval '2 hours'
    FROM (SELECT unnest(ARRAY[min(sold_at), max(sold_at)]) AS happened_at
          FROM %1$I.sale WHERE sold_at <= $1
          UNION ALL
          SELECT unnest(ARRAY[min(occurred_at), max(occurred_at)])
          FROM %1$I.interaction WHERE occurred_at <= $1) fact
  $query$, ledger) INTO first_at, last_at USING upto;
  EXECUTE format($query$
    SELECT ARRAY(
      SELECT found.month
      FROM (SELECT generate_series(
                     date_trunc('month', $1 AT TIME ZONE $3),
                     $2 AT TIME ZONE $3, '1 month')::date
            UNION
            SELECT date_trunc('month', acquired_at AT TIME ZONE $3)::date
            FROM %I.customer
            WHERE acquired_at <= $4
                  AND (acquired_at BETWEEN $1 AND $2) IS NOT TRUE
            UNION
            SELECT $5) found (month)
      WHERE found.month >= coalesce($5, '-infinity')
      ORDER BY 1)
  $query$, ledger)
  INTO months USING first_at, last_at, zone, upto, open_month;
  RETURN months;
END
$$;

COMMENT ON FUNCTION crmcost._fact_months(name, timestamptz, text, date) IS
  'Open months in which something may have happened, in order.';

-- The local midnights around a month are its ends, unless clocks are changed
-- near one of them: there a day may have its last hour twice, the first hour of
-- the next day between them, so that the local day of each fact must be asked.
CREATE FUNCTION crmcost._month_instants(
  month date, zone text, OUT from_at timestamptz, OUT before_at timestamptz,
  OUT exact boolean)
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT pg_catalog.min(steady.at - steady.slack),
         pg_catalog.max(steady.at + steady.slack),
         pg_catalog.bool_and(steady.slack = interval '0')
  FROM (SELECT midnight.at,
               CASE WHEN (midnight.at + interval '24 hours') AT TIME ZONE zone
                         - (midnight.at - interval '24 hours') AT TIME ZONE zone
                         = interval '48 hours'
                 THEN interval '0' ELSE interval '24 hours' END AS slack
        FROM (VALUES (month::timestamp AT TIME ZONE zone),
                     ((month + interval '1 month') AT TIME ZONE zone))
               AS midnight (at)) AS steady;
END;

COMMENT ON FUNCTION crmcost._month_instants(date, text) IS
  'Instants from which and before which all facts of a month in a time zone lie; exact where all between them are of that month.';

-- In the first open month after closed ones everything up to its end is counted,
-- and what the closed months already have is taken off: what remains is the month
-- itself and whatever came too late for its own.
CREATE FUNCTION crmcost._write_customer_month(ledger name, upto timestamptz,
                                              month date, zone text,
                                              takes_late boolean)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  next_month CONSTANT date := month + interval '1 month';
  from_at timestamptz;
  before_at timestamptz;
  exact boolean;
  has_times boolean;
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  SELECT CASE WHEN takes_late THEN '-infinity' ELSE i.from_at END, i.before_at,
         i.exact AND NOT takes_late
    INTO from_at, before_at, exact
    FROM crmcost._month_instants(month, zone) i;
  has_times := EXISTS (SELECT FROM activity_time);
  WITH computed AS (
    SELECT customer_id, sum(orders) AS orders, sum(sale_lines) AS sale_lines,
           sum(revenue) AS revenue, sum(margin) AS margin,
           sum(discount) AS discount, sum(refund) AS refund,
           sum(interactions) AS interactions,
           sum(handle_seconds) AS handle_seconds, sum(acquired) > 0 AS acquired,
           sum(standard_minutes) AS standard_minutes
    FROM (
      SELECT customer_id, bool_or(exact OR sold_on >= month) AS news, 0 AS orders,
             count(*) FILTER (WHERE kind = 'sale' AND amount >= 0)
               AS sale_lines,
             coalesce(sum(base_amount), 0) AS revenue,
             coalesce(sum(base_margin), 0) AS margin,
             coalesce(sum(base_discount), 0) AS discount,
             coalesce(sum(base_amount) FILTER (WHERE kind = 'refund'), 0)
               AS refund,
             0 AS interactions, 0 AS handle_seconds, 0 AS acquired,
             0 AS standard_minutes
      FROM sale_base
      WHERE sold_at >= from_at AND sold_at < before_at AND sold_at <= upto
            AND (exact OR sold_on < next_month
                          AND (takes_late OR sold_on >= month))
      GROUP BY customer_id
      UNION ALL
      SELECT customer_id, bool_or(ordered_on >= month), count(*), 0, 0, 0, 0,
             0, 0, 0, 0, 0
      FROM pg_temp.refresh_order
      WHERE (takes_late OR ordered_on >= month) AND ordered_on < next_month
      GROUP BY customer_id
      UNION ALL
      SELECT customer_id, bool_or(exact OR local.occurred_on >= month), 0, 0,
             0, 0, 0, 0, sum(n), coalesce(sum(handle_seconds), 0), 0,
             coalesce(sum(n * CASE
               WHEN has_times AND handle_seconds IS NULL AND NOT automated THEN
                 (SELECT t.minutes FROM activity_time t
                  WHERE t.kind = i.kind AND t.subtype IN (i.subtype, '')
                        AND t.valid @> local.occurred_on
                  ORDER BY t.subtype DESC LIMIT 1)
             END), 0)
      FROM interaction i
      CROSS JOIN LATERAL (
        SELECT (i.occurred_at AT TIME ZONE zone)::date AS occurred_on
      ) local
      WHERE occurred_at >= from_at AND occurred_at < before_at
            AND occurred_at <= upto
            AND (exact OR local.occurred_on < next_month
                          AND (takes_late OR local.occurred_on >= month))
      GROUP BY customer_id
      UNION ALL
      SELECT customer_id, exact OR local.acquired_on >= month, 0, 0, 0, 0, 0,
             0, 0, 0, 1, 0
      FROM customer c
      CROSS JOIN LATERAL (
        SELECT (c.acquired_at AT TIME ZONE zone)::date AS acquired_on
      ) local
      WHERE acquired_at >= from_at AND acquired_at < before_at
            AND acquired_at <= upto AND source <> 'anon'
            AND (exact OR local.acquired_on < next_month
                          AND (takes_late OR local.acquired_on >= month))
      UNION ALL
      SELECT customer_id, false, -orders, -sale_lines, -revenue, -margin,
             -discount, -refund, -interactions, -handle_seconds,
             -acquired::int, -standard_minutes
      FROM customer_month
      WHERE takes_late AND month_start < month
    ) happened
    GROUP BY customer_id
    HAVING bool_or(news) OR sum(orders) <> 0 OR sum(sale_lines) <> 0
           OR sum(revenue) <> 0 OR sum(margin) <> 0 OR sum(discount) <> 0
           OR sum(refund) <> 0 OR sum(interactions) <> 0
           OR sum(handle_seconds) <> 0 OR sum(acquired) > 0
           OR sum(standard_minutes) <> 0
  ),
  -- Only what differs goes on: ON CONFLICT would lock each row it meets.
  difference AS (
    SELECT customer_id, new.orders, new.sale_lines, new.revenue, new.margin,
           new.discount, new.refund, new.interactions, new.handle_seconds,
           new.acquired, new.standard_minutes, new.orders IS NULL AS gone
    FROM computed new
    FULL JOIN (SELECT * FROM customer_month WHERE month_start = month) old
      USING (customer_id)
    WHERE (old.orders, old.sale_lines, old.revenue, old.margin, old.discount,
           old.refund, old.interactions, old.handle_seconds, old.acquired,
           old.standard_minutes)
          IS DISTINCT FROM
          (new.orders, new.sale_lines, new.revenue, new.margin, new.discount,
           new.refund, new.interactions, new.handle_seconds, new.acquired,
           new.standard_minutes)
  ),
  written AS (
    INSERT INTO customer_month
      (customer_id, month_start, orders, sale_lines, revenue, margin,
       discount, refund, interactions, handle_seconds, acquired,
       standard_minutes)
    SELECT customer_id, month, orders, sale_lines, revenue, margin, discount,
           refund, interactions, handle_seconds, acquired, standard_minutes
    FROM difference
    WHERE NOT gone
    ORDER BY customer_id          -- as the index is, which halves the time
    ON CONFLICT (customer_id, month_start) DO UPDATE SET
      orders = excluded.orders,
      sale_lines = excluded.sale_lines,
      revenue = excluded.revenue,
      margin = excluded.margin,
      discount = excluded.discount,
      refund = excluded.refund,
      interactions = excluded.interactions,
      handle_seconds = excluded.handle_seconds,
      acquired = excluded.acquired,
      standard_minutes = excluded.standard_minutes
    RETURNING 1
  ),
  vanished AS (
    DELETE FROM customer_month old
    USING difference d
    WHERE d.gone AND old.customer_id = d.customer_id
          AND old.month_start = month
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM written) + (SELECT count(*) FROM vanished)
    INTO changed;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._write_customer_month(name, timestamptz, date, text, boolean) IS
  'Writes a month of customer_month; returns the rows changed.';

REVOKE EXECUTE ON ROUTINE
  crmcost._take_ledger(name),
  crmcost._try_ledger(name),
  crmcost._lock_ledger(name),
  crmcost._refresh(name, timestamptz)
FROM PUBLIC;

GRANT EXECUTE ON ROUTINE
  crmcost._take_ledger(name),
  crmcost._try_ledger(name),
  crmcost._lock_ledger(name),
  crmcost._refresh(name, timestamptz)
TO @extowner@ WITH GRANT OPTION;
