-- Closed months.  A month that is closed keeps its figures: what each customer
-- brought and cost in it, the drivers, the pools, and which entry went where.
-- What is loaded into it later counts in the first open month.

CREATE FUNCTION crmcost._open_month(ledger name) RETURNS date
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  result date;
BEGIN
  PERFORM crmcost._ledger_path(ledger);
  EXECUTE format($query$
    SELECT max(month_start) + interval '1 month' FROM %I.closed_period
  $query$, ledger) INTO result;
  RETURN result;
END
$$;

COMMENT ON FUNCTION crmcost._open_month(name) IS
  'First month after the closed ones; NULL when none is closed.';

-- Its figures are of one snapshot, as those of a refresh are: what is committed
-- later came later, and must be known as late (late_fact).  The triggers of the
-- facts write that, once they see that a month is to be closed; so that is told
-- them first, and who began before it ends first.  No SET clause, so each name is
-- qualified.
CREATE PROCEDURE crmcost.close_period(ledger name, month date)
  LANGUAGE plpgsql
AS $$
DECLARE
  announced CONSTANT boolean DEFAULT crmcost._may_commit();
BEGIN
  IF announced THEN
    CALL crmcost._announce_closing(ledger, month);
  END IF;
  CALL crmcost._take_ledger(ledger);
  IF crmcost._run_as_owner(
       ledger, 'crmcost._make_work_tables(pg_catalog.name)',
       'crmcost._close_period(pg_catalog.name,pg_catalog.date,pg_catalog.bool)',
       ledger, month, announced) THEN
    RETURN;
  END IF;
  PERFORM crmcost._make_work_tables(ledger);
  PERFORM crmcost._close_period(ledger, month, announced);
END
$$;

COMMENT ON PROCEDURE crmcost.close_period(name, date) IS
  'Fixes the figures of a month, and of all earlier months that are open; what is loaded into them later counts in the first open month.';

-- A writer that did not see the announcement when it looked, which is after it
-- wrote, had its number before the announcement was there to be seen.
CREATE PROCEDURE crmcost._announce_closing(ledger name, month date)
  LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM crmcost._set_closing(ledger, month);
  COMMIT;
  DECLARE
    announced pg_catalog.xid8 DEFAULT pg_catalog.pg_current_xact_id();
  BEGIN
    LOOP
      COMMIT;
      EXIT WHEN crmcost._is_over(announced);
      PERFORM crmcost._await_writers(ledger);
    END LOOP;
  END;
END
$$;

COMMENT ON PROCEDURE crmcost._announce_closing(name, date) IS
  'Tells the writers of facts that a month is to be closed, and waits for those who cannot know.';

CREATE FUNCTION crmcost._await_writers(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF clock_timestamp() > statement_timestamp() + interval '10 seconds' THEN
    RAISE EXCEPTION 'ledger "%" cannot be closed: transactions that began before are still writing',
                    ledger
      USING ERRCODE = 'lock_not_available',
            HINT = 'Close the month again when they have ended; pg_stat_activity shows them by backend_xid, and pg_prepared_xacts those that were prepared.';
  END IF;
  PERFORM pg_sleep(0.1);
END
$$;

COMMENT ON FUNCTION crmcost._await_writers(name) IS
  'Waits a moment for older transactions; an error when the statement has waited for ten seconds.';

CREATE FUNCTION crmcost._set_closing(ledger name, month date) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
AS $$
BEGIN
  IF crmcost._run_as_owner(ledger, NULL, 'crmcost._set_closing(name,date)',
                           ledger, month) THEN
    RETURN;
  END IF;
  PERFORM crmcost._check_version(ledger);
  PERFORM crmcost._check_owner(ledger);
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  PERFORM crmcost._hold_ledger(ledger);
  UPDATE refresh_state
    SET closing_before = crmcost._month_of(month) + interval '1 month'
    WHERE isfinite(month);
END
$$;

COMMENT ON FUNCTION crmcost._set_closing(name, date) IS
  'Notes that a month is to be closed.';

-- Those of other databases write nothing here.  Whose database cannot be told has
-- just begun, and will be known a moment later.
CREATE FUNCTION crmcost._is_over(transaction xid8) RETURNS boolean
  LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
  SELECT NOT EXISTS (
    SELECT FROM pg_catalog.pg_snapshot_xip(pg_catalog.pg_current_snapshot())
                  AS x (number)
    WHERE x.number < transaction
          AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_locks l
            JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
            WHERE l.locktype = 'transactionid'
                  AND l.transactionid = x.number::pg_catalog.xid
                  AND l.mode = 'ExclusiveLock' AND l.granted
                  AND a.datname <> pg_catalog.current_database())
          AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_prepared_xacts p
            WHERE p.transaction = x.number::pg_catalog.xid
                  AND p.database <> pg_catalog.current_database()));
END;

COMMENT ON FUNCTION crmcost._is_over(xid8) IS
  'Whether all transactions of this database with a smaller number have ended.';

-- In a transaction of the caller nothing can be announced: nobody writes until it ends,
-- and who has written since it began is not passed over.
CREATE FUNCTION crmcost._shut_out_writers(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
AS $$
DECLARE
  query CONSTANT text := replace($query$
    SELECT concat_ws(' ',
      (SELECT sum(hashint8extended(sale_id, 0)) FROM LEDGER.sale),
      (SELECT sum(hashint8extended(interaction_id, 0)) FROM LEDGER.interaction),
      (SELECT sum(hashint8extended(cost_id, 0)) FROM LEDGER.cost_entry),
      (SELECT sum(hashtextextended(concat_ws(' ', customer_id, first_seen_at,
                                             acquired_at), 0))
       FROM LEDGER.customer))
  $query$, 'LEDGER', quote_ident(ledger));
  seen text;
BEGIN
  IF NOT crmcost._lock_together(
           '{}', 10,
           ARRAY(SELECT format('%I.%I', ledger, t.name)::regclass
                 FROM unnest('{sale,interaction,cost_entry,customer}'::text[])
                        AS t (name))) THEN
    RAISE EXCEPTION 'ledger "%" cannot be closed: others are writing', ledger
      USING ERRCODE = 'lock_not_available',
            HINT = 'Close the month again when they have ended; pg_locks shows them.';
  END IF;
  EXECUTE query INTO seen;
  IF crmcost._newest(query) IS DISTINCT FROM seen THEN
    RAISE EXCEPTION 'ledger "%" was loaded after this transaction had begun',
                    ledger
      USING ERRCODE = 'serialization_failure',
            HINT = 'Roll back, and close the month in a statement of its own, which waits for loads.';
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._shut_out_writers(name) IS
  'Keeps others from writing facts until the transaction ends; an error where they have written what its snapshot does not see.';

CREATE FUNCTION crmcost._close_period(ledger name, month date,
                                      announced boolean)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
  SET jit = off                 -- no cancel interrupts a compilation
AS $$
#variable_conflict use_variable
DECLARE
  closing CONSTANT date := date_trunc('month', month::timestamp);
  next_month CONSTANT date := closing + interval '1 month';
  open_month date := crmcost._open_month(ledger);
  last_closed CONSTANT date := open_month - interval '1 month';
  old_work_mem CONSTANT text := crmcost._raise_work_mem();
  last record;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  IF closing IS NULL OR NOT isfinite(closing) THEN
    RAISE EXCEPTION 'month must be a finite date, not %',
                    coalesce(month::text, 'null')
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF closing < open_month THEN
    RAISE EXCEPTION 'month % of ledger "%" is already closed',
                    to_char(closing, 'YYYY-MM'), ledger
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'What is loaded into it counts in the first open month.';
  END IF;
  SELECT as_of, as_of_at INTO last FROM last_refresh;
  IF last.as_of IS NULL OR last.as_of < next_month - 1 THEN
    RAISE EXCEPTION 'month must have ended by the last refresh, as of %, not %',
                    coalesce(last.as_of::text, 'never'),
                    to_char(closing, 'YYYY-MM')
      USING ERRCODE = 'invalid_parameter_value',
            HINT = format('CALL crmcost.refresh(%L) first.', ledger);
  END IF;
  PERFORM crmcost._shut_out_writers(ledger)
    WHERE NOT (announced OR crmcost._is_distributed(ledger));
  PERFORM crmcost._compute(ledger, last.as_of_at, false);
  PERFORM crmcost._post_direct_cost(open_month, next_month, last.as_of);
  PERFORM crmcost._note_unrated_lines(open_month, next_month);
  PERFORM crmcost._settle_late_facts(ledger, open_month, next_month);
  PERFORM crmcost._place_lines(open_month, next_month);
  open_month := coalesce(open_month, crmcost._first_booked_month(closing));
  PERFORM crmcost._keep_touches(open_month, next_month);
  INSERT INTO closed_period (month_start, follows, closed_at, as_of)
    SELECT m::date, CASE WHEN m = open_month THEN last_closed
                      ELSE (m - interval '1 month')::date END,
           clock_timestamp(), last.as_of
    FROM generate_series(open_month::timestamp, closing::timestamp,
                         '1 month') m;
  PERFORM crmcost._compute_after_closing(ledger, last.as_of_at);
  PERFORM crmcost._keep_closed_months(open_month, next_month);
  PERFORM crmcost._leave_refresh(ledger, old_work_mem);
  RAISE NOTICE 'ledger "%": closed % to %, as of %', ledger,
    to_char(open_month, 'YYYY-MM'), to_char(closing, 'YYYY-MM'), last.as_of;
END
$$;

COMMENT ON FUNCTION crmcost._close_period(name, date, boolean) IS
  'Refreshes and closes a month, as who writes the ledger, with work tables that are there.';

-- The search path is the caller's, with the ledger first.
CREATE FUNCTION crmcost._first_booked_month(closing date) RETURNS date
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN (SELECT least(min(found.month), closing)
          FROM (SELECT min(month_start) FROM customer_month
                UNION ALL SELECT min(month_start) FROM cost_month
                UNION ALL SELECT min(month_start) FROM posted_cost)
               AS found (month));
END
$$;

COMMENT ON FUNCTION crmcost._first_booked_month(date) IS
  'First month of a ledger with anything in it, or the one that is to be closed.';

-- What the closing itself has made news of is computed at once.
CREATE FUNCTION crmcost._compute_after_closing(ledger name, at timestamptz)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  IF EXISTS (SELECT FROM touched t
             WHERE t.written_by = pg_current_xact_id()) THEN
    PERFORM crmcost._clear_work_tables();
    PERFORM crmcost._compute(ledger, at, false);
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._compute_after_closing(name, timestamptz) IS
  'Computes what a closing has noted in touched, with the work tables that are there.';

-- The store follows where customers and categories are on the report day; of months
-- that are closed is kept where they were.  The search path is the caller's, with the
-- ledger first.
CREATE FUNCTION crmcost._keep_closed_months(open_month date, next_month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  sums CONSTANT text[] := ARRAY(
    SELECT g.name FROM crmcost._group_sums() g
    WHERE g.name NOT IN ('members', 'orders', 'interactions',
                         'handle_seconds'));
BEGIN
  EXECUTE format($query$
    INSERT INTO closed_group (month_start, dimension, code, %1$s)
      SELECT g.month_start, g.dimension, g.code, %2$s
      FROM group_month g
      WHERE g.dimension <> '(cohort)' AND g.month_start >= $1
            AND g.month_start < $2
      GROUP BY g.month_start, g.dimension, g.code
      ORDER BY 1, 2, 3
  $query$,
    (SELECT string_agg(format('%I', n), ', ') FROM unnest(sums) n),
    (SELECT string_agg(format('sum(g.%I)', n), ', ') FROM unnest(sums) n))
    USING open_month, next_month;
  UPDATE closed_period p SET money_scale = s.value::integer
    FROM setting s
    WHERE s.key = 'money_scale' AND p.month_start >= open_month
          AND p.month_start < next_month;
  INSERT INTO closed_category (month_start, code, ancestor, distance, bucket)
    SELECT p.month_start, l.code, l.ancestor, l.distance, c.bucket
    FROM closed_period p
    CROSS JOIN category_lineage l
    JOIN cost_category c ON c.code = l.ancestor
    WHERE p.month_start >= open_month AND p.month_start < next_month
    ORDER BY 1, 2, 3;
  INSERT INTO closed_funnel (month_start, funnel, position, kind, subtype,
                             is_missing)
    SELECT p.month_start, s.funnel, s.position, s.kind, s.subtype,
           e.position IS NULL
    FROM closed_period p
    CROSS JOIN funnel_step s
    LEFT JOIN (SELECT DISTINCT funnel, position FROM funnel_month) e
      ON e.funnel = s.funnel AND e.position = s.position
    WHERE p.month_start >= open_month AND p.month_start < next_month
    ORDER BY 1, 2, 3;
END
$$;

COMMENT ON FUNCTION crmcost._keep_closed_months(date, date) IS
  'Keeps of closed months what the store does not: the groups that customers were in, the tree of cost categories, the steps of funnels, and the coin.';

-- While the months are open: of closed ones the view shows what is kept.  The search
-- path is the caller's, with the ledger first.
CREATE FUNCTION crmcost._keep_touches(open_month date, next_month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO closed_touch
      (customer_id, month_start, touch_month, bucket, driver, interaction_id,
       touched_customer_id, touched_at, channel_code, campaign_code, credit,
       spend)
    SELECT t.customer_id, t.month_start, t.touch_month, t.bucket, t.driver,
           t.interaction_id, t.touched_customer_id, t.touched_at,
           t.channel_code, t.campaign_code, t.credit, t.spend
    FROM touch_spend t
    WHERE t.month_start >= open_month AND t.month_start < next_month
    ORDER BY t.month_start, t.customer_id, t.bucket, t.driver, t.interaction_id;
END
$$;

COMMENT ON FUNCTION crmcost._keep_touches(date, date) IS
  'Keeps what each touch has of the spend of months that are closed.';

-- What customers caused alone is in the books of a closed month as well.  The
-- search path is the caller's, with the ledger first.
CREATE FUNCTION crmcost._post_direct_cost(open_month date, next_month date,
                                          day date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO posted_cost
      (customer_id, month_start, cost_id, incurred_on, booked_month,
       category_code, bucket, rule_id, service_category, amount, cost_before)
    SELECT c.customer_id, c.month_start, c.cost_id, c.incurred_on,
           c.booked_month, c.category_code, c.bucket, 0, '', c.base_amount, 0
    FROM accrued_cost c
    WHERE c.customer_id IS NOT NULL AND c.base_amount <> 0
          AND c.incurred_on <= day
          AND c.month_start >= coalesce(open_month, '-infinity')
          AND c.month_start < next_month
    ON CONFLICT (month_start, cost_id, incurred_on, booked_month, rule_id,
                 service_category, pool_key) DO NOTHING;
END
$$;

COMMENT ON FUNCTION crmcost._post_direct_cost(date, date, date) IS
  'Adds the cost booked on customers in months that are closed to posted_cost.';

-- An order that counted in a month that was closed before does not follow a later
-- line when the month of that is closed too: for the order the line is one of the
-- month where that is, for all else of its own.  Nor does an order that counts in a
-- month that stays open follow an earlier line into one that is closed: the report
-- of that has it not.  The search path is the caller's, with the ledger first.
CREATE FUNCTION crmcost._place_lines(open_month date, next_month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  TRUNCATE pg_temp.refresh_party;
  PERFORM crmcost._find_parties();
  INSERT INTO late_fact AS l (relation, fact_id, booked_on, month_start,
                              placed_in)
    SELECT 'order', s.sale_id, s.sold_on, s.month_start, o.month_start
    FROM sale_base s
    LEFT JOIN pg_temp.refresh_party p ON p.customer_id = s.customer_id
    JOIN customer_order o
      ON o.customer_id = coalesce(p.party_id, s.customer_id)
         AND o.source = s.source AND o.order_ref = s.order_ref
    WHERE s.month_start >= open_month AND s.month_start < next_month
          AND s.kind = 'sale' AND s.amount >= 0 AND o.is_order
          AND o.month_start < open_month
    UNION ALL
    SELECT 'order', s.sale_id, s.sold_on, least(s.month_start, f.placed_in),
           'infinity'
    FROM sale_base s
    LEFT JOIN late_fact f ON f.relation = 'sale' AND f.fact_id = s.sale_id
                             AND f.booked_on = s.sold_on
    LEFT JOIN pg_temp.refresh_party p ON p.customer_id = s.customer_id
    JOIN customer_order o
      ON o.customer_id = coalesce(p.party_id, s.customer_id)
         AND o.source = s.source AND o.order_ref = s.order_ref
    WHERE least(s.month_start, f.placed_in) < next_month
          AND s.kind = 'sale' AND s.amount >= 0 AND o.is_order
          AND o.month_start >= next_month
    ON CONFLICT (relation, fact_id, booked_on) DO UPDATE SET
      month_start = excluded.month_start, placed_in = excluded.placed_in;
END
$$;

COMMENT ON FUNCTION crmcost._place_lines(date, date) IS
  'Notes in late_fact which lines of months that are closed belong to orders of months that were closed before, and of months that stay open.';

-- A line without a rate comes late, when it gets one: whoever has one in a month
-- that is closed is news, also without anything in the open months.  The search path
-- is the caller's, with the ledger first.
CREATE FUNCTION crmcost._note_unrated_lines(open_month date, next_month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO touched (relation, customer_id, from_on, before_on, epoch)
    SELECT DISTINCT 'sale', s.customer_id, next_month,
           (next_month + interval '1 month')::date, r.epoch
    FROM sale_base s
    CROSS JOIN refresh_state r
    WHERE s.rate IS NULL AND s.month_start < next_month
          AND s.month_start >= coalesce(open_month, '-infinity');
END
$$;

COMMENT ON FUNCTION crmcost._note_unrated_lines(date, date) IS
  'Notes in touched who has a line without a rate in months that are closed.';

-- Late facts have counted in the first of the months; facts of these months that
-- were noted count in their own.  What has no rate counts nowhere, and comes late
-- when it gets one; so does a cost of these months that is booked on a day after
-- the report day.
CREATE FUNCTION crmcost._settle_late_facts(ledger name, open_month date,
                                           next_month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  UPDATE late_fact l SET month_start = open_month
    WHERE l.month_start IS NULL AND l.booked_on < open_month
          AND l.relation <> 'cost_entry';
  DELETE FROM late_fact l
    WHERE l.month_start IS NULL AND l.booked_on < next_month
          AND l.booked_on >= coalesce(open_month, '-infinity')
          AND l.relation <> 'cost_entry';
  INSERT INTO late_fact AS l (relation, fact_id, booked_on, placed_in)
    SELECT 'sale', s.sale_id, s.sold_on, s.month_start FROM sale_base s
    WHERE s.rate IS NULL AND s.month_start < next_month
          AND s.month_start >= coalesce(open_month, '-infinity')
    UNION ALL
    SELECT DISTINCT 'cost_entry', c.cost_id, c.incurred_on, NULL::date
    FROM accrued_cost c
    WHERE c.month_start < next_month
          AND c.month_start >= coalesce(open_month, '-infinity')
          AND (c.rate IS NULL
               OR c.incurred_on > (SELECT r.as_of FROM last_refresh r))
    ON CONFLICT (relation, fact_id, booked_on) DO UPDATE SET
      month_start = NULL,
      placed_in = coalesce(l.placed_in, excluded.placed_in);
  -- these are facts of the first open month from now on
  IF FOUND THEN
    INSERT INTO touched (relation, customer_id, from_on, before_on, epoch)
      SELECT k.relation, NULL, next_month,
             (next_month + interval '1 month')::date, s.epoch
      FROM refresh_state s
      CROSS JOIN (VALUES ('sale'), ('cost_entry')) AS k (relation);
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._settle_late_facts(name, date, date) IS
  'Settles late_fact for months that are closed.';

CREATE PROCEDURE crmcost.reopen_period(ledger name, month date)
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
AS $$
#variable_conflict use_variable
DECLARE
  reopened CONSTANT date := date_trunc('month', month::timestamp);
BEGIN
  IF crmcost._run_as_owner(
       ledger, NULL, 'crmcost.reopen_period(name,date)', ledger, month) THEN
    RETURN;
  END IF;
  PERFORM crmcost._lock_ledger(ledger);
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  IF reopened IS NULL OR NOT EXISTS (SELECT FROM closed_period
                                     WHERE month_start = reopened) THEN
    RAISE EXCEPTION 'month must be a closed month of ledger "%", not %',
                    ledger, coalesce(to_char(reopened, 'YYYY-MM'), 'null')
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  DELETE FROM posted_cost
    WHERE month_start >= reopened AND customer_id IS NOT NULL;
  DELETE FROM closed_group WHERE month_start >= reopened;
  DELETE FROM closed_category WHERE month_start >= reopened;
  DELETE FROM closed_funnel WHERE month_start >= reopened;
  DELETE FROM closed_touch WHERE month_start >= reopened;
  DELETE FROM closed_period WHERE month_start >= reopened;
  -- of an open month nothing is late
  DELETE FROM late_fact
    WHERE booked_on >= reopened AND relation <> 'cost_entry'
          OR relation = 'order' AND month_start >= reopened;
  UPDATE late_fact SET month_start = NULL WHERE month_start >= reopened;
  UPDATE late_fact SET placed_in = NULL
    WHERE placed_in >= reopened AND relation <> 'order';
  UPDATE refresh_state SET as_of_at = NULL;       -- all is computed anew
  RAISE NOTICE 'ledger "%": % and all after it are open; the next refresh computes them anew',
    ledger, to_char(reopened, 'YYYY-MM');
END
$$;

COMMENT ON PROCEDURE crmcost.reopen_period(name, date) IS
  'Opens a closed month again, and all after it; the next refresh computes them from the facts.';
