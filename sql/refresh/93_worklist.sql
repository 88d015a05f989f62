-- Step worklist: what to do for whom.
--
-- The list is carried on from refresh to refresh.  Rows whose reason still holds
-- are brought up to date, those whose reason is gone leave, and the best of the
-- rest come onto it: as many as setting worklist_per_day says for one day, and
-- worklist_per_customer for one customer.  A row keeps the day on which it was
-- told, so that nothing is told twice; what is done stays, and brings the customer
-- again only after again_after_days of its reason.  A second refresh of the same
-- day finds the day's rows told, and changes nothing.
--
-- The list only goes on: a refresh of an earlier day than the list was made for
-- leaves it as it is, and tells nothing.  But a day that is still to come was told
-- to nobody, so what a refresh of such a day put onto the list goes again.
--
-- Of a distributed ledger each worker carries the list of its customers on, and finds
-- the best of them for the day; of these the best of all are told.
CREATE FUNCTION crmcost._refresh_worklist(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  is_later boolean;
  room bigint;
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  is_later := crmcost._list_is_later(run);
  PERFORM crmcost._tell_reasons(run);
  PERFORM crmcost._do_parts(run, format('SELECT crmcost._carry_worklist($1, %L)',
                                        NOT is_later));
  IF NOT is_later THEN
    room := greatest(
      crmcost._setting(run.ledger, 'worklist_per_day')::bigint
      - crmcost._do_parts(run, 'SELECT crmcost._rows_told($1)'), 0);
    PERFORM crmcost._do_parts(run, format('SELECT crmcost._find_candidates($1, %s)',
                                          room));
    PERFORM crmcost._tell_candidates(run, room);
    PERFORM crmcost._do_parts(run, 'SELECT crmcost._add_told($1)');
  END IF;
  BEGIN
    changed := crmcost._write_on_workers(run, 'worklist',
                                         'SELECT crmcost._write_worklist($1)');
  EXCEPTION WHEN serialization_failure THEN
    -- somebody has marked a row since the snapshot was taken, and has noted that
    -- in touched
    RAISE WARNING 'worklist of ledger "%" stays as it was: rows were marked during the refresh',
                  run.ledger
      USING HINT = 'The next refresh renews it.';
    RETURN 0;
  END;
  PERFORM crmcost._notify_worklist(run);
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._refresh_worklist(crmcost._run) IS
  'Step of refresh: worklist; notifies crmcost_worklist, and returns the rows changed.';

-- Of what lies on the coordinator of a distributed ledger.
CREATE FUNCTION crmcost._tell_reasons(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  IF crmcost._is_distributed(run.ledger) THEN
    PERFORM crmcost._tell_table(run.ledger, t.name, t.condition, run.ledger)
      FROM (VALUES ('group_forecast', 't.dimension = ''(segment)'''),
                   ('group_month', 't.dimension IN (''(segment)'', ''(cohort)'')'),
                   ('product_next', 'true'), ('product_total', 'true'),
                   ('tier_threshold', 'true')) AS t (name, condition);
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._tell_reasons(crmcost._run) IS
  'Gives the workers of a distributed ledger what the reasons of the worklist ask of the coordinator; nothing elsewhere.';

CREATE FUNCTION crmcost._carry_worklist(run crmcost._run, is_due boolean)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  PERFORM crmcost._load_worklist(run);
  IF is_due THEN
    UPDATE pg_temp.refresh_worklist w
      SET status = 'open', status_at = NULL, snoozed_until = NULL,
          told_on = run.day
      WHERE w.status = 'snoozed' AND w.snoozed_until <= run.day;
    PERFORM crmcost._load_worklist_base();
    PERFORM crmcost._renew_worklist(run, false);
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._carry_worklist(crmcost._run, boolean) IS
  'Fills refresh_worklist with the rows that are there, and brings them up to date where it is due.';

CREATE FUNCTION crmcost._add_told(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  -- a worker is told those of the others, too
  INSERT INTO pg_temp.refresh_worklist
    SELECT t.* FROM pg_temp.refresh_told t
    WHERE EXISTS (SELECT FROM customer c WHERE c.customer_id = t.customer_id);
  PERFORM crmcost._renew_worklist(run, true);
END
$$;

COMMENT ON FUNCTION crmcost._add_told(crmcost._run) IS
  'Puts the rows of refresh_told into refresh_worklist, and brings them up to date.';

CREATE FUNCTION crmcost._write_worklist(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'worklist',
    'SELECT * FROM pg_temp.refresh_worklist', 'true');
END
$$;

COMMENT ON FUNCTION crmcost._write_worklist(crmcost._run) IS
  'Writes worklist from refresh_worklist; returns the rows changed.';

-- Read once, and narrow: to join it for each reason would take twice the time.
CREATE FUNCTION crmcost._load_worklist_base() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_worklist_base
    SELECT v.customer_id, v.first_ordered_on, v.last_ordered_on, v.order_days,
           v.orders, v.margin, v.profit, v.last_contact_at,
           v.last_contact_channel, k.code, k.since,
           coalesce(s.clv_predictive, s.clv_formula), s.p_alive
    FROM customer_value v
    LEFT JOIN customer_class k
      ON k.customer_id = v.customer_id AND k.dimension = 'stage'
    LEFT JOIN customer_score s ON s.customer_id = v.customer_id
    WHERE v.orders > 0;
  CREATE INDEX IF NOT EXISTS refresh_worklist_base_customer_id
    ON pg_temp.refresh_worklist_base (customer_id);
  ANALYZE pg_temp.refresh_worklist_base (customer_id, order_days, stage);
END
$$;

COMMENT ON FUNCTION crmcost._load_worklist_base() IS
  'Fills refresh_worklist_base: what the reasons of the worklist ask of customers who bought.';

CREATE FUNCTION crmcost._list_is_later(run crmcost._run) RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN EXISTS (SELECT FROM refresh_run r
                 WHERE r.step = 'worklist' AND r.as_of > run.day
                       AND r.as_of <= (now() AT TIME ZONE run.zone)::date);
END
$$;

COMMENT ON FUNCTION crmcost._list_is_later(crmcost._run) IS
  'Whether the worklist is for a later day, which is not still to come.';

-- Rows follow a merger; where both parties have one, that of who stays is left.
-- Of erased and technical customers, and of those who are gone, no row is open.
CREATE FUNCTION crmcost._load_worklist(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  today CONSTANT date := (now() AT TIME ZONE run.zone)::date;
BEGIN
  INSERT INTO pg_temp.refresh_worklist
    SELECT w.party_id, w.worklist_id, w.reason, w.due_on, w.told_on, w.action,
           w.channel_code, w.product_code, w.priority, w.value,
           w.expected_value, w.evidence, w.status, w.status_at,
           w.snoozed_until
    FROM (
      SELECT w.*, c.customer_id AS party_id, k.is_live,
             c.source = 'anon' OR c.erased_at IS NOT NULL AS is_nobody,
             row_number() OVER (
               PARTITION BY c.customer_id, w.reason, w.due_on
               ORDER BY p.party_id IS NOT NULL, w.worklist_id) AS of_day,
             row_number() OVER (
               PARTITION BY c.customer_id, w.reason, k.is_live
               ORDER BY p.party_id IS NOT NULL, w.worklist_id) AS of_live
      FROM worklist w
      LEFT JOIN pg_temp.refresh_party p USING (customer_id)
      JOIN customer c ON c.customer_id = coalesce(p.party_id, w.customer_id)
      CROSS JOIN LATERAL (VALUES (w.status IN ('open', 'snoozed')))
        AS k (is_live)
    ) w
    WHERE w.of_day = 1
          AND CASE WHEN w.is_live THEN w.of_live = 1 AND NOT w.is_nobody
                ELSE true END
          AND (w.status = 'done' OR w.told_on <= greatest(run.day, today));
END
$$;

COMMENT ON FUNCTION crmcost._load_worklist(crmcost._run) IS
  'Fills refresh_worklist with the rows that are there.';

-- The rows of one reason, of those whom a condition on q names.  A reason that was
-- dealt with for its day, and still holds, is due again when it may come again.
CREATE FUNCTION crmcost._worklist_query(run crmcost._run, code text,
                                        wanted text)
  RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
DECLARE
  reason record;
  query text;
BEGIN
  SELECT * INTO reason FROM worklist_reason r
    WHERE r.code = _worklist_query.code;
  EXECUTE format('SELECT %s($1, $2)',
                 crmcost._step_routine(run.ledger, '_worklist_' || code))
    INTO query USING run, run.day + reason.days_ahead;
  RETURN format($query$
    SELECT q.customer_id,
           CASE WHEN p.last_due_on >= q.due_on
             THEN greatest(p.last_due_on + 1, p.ended_on + %1$s)
             ELSE q.due_on END AS due_on,
           round(greatest(coalesce(q.value, 0), 0), 4) AS value,
           round(greatest(coalesce(q.value, 0), 0) * %2$L::numeric
                 - %3$L::numeric, 4) AS expected_value,
           q.channel_code, q.product_code, q.evidence, p.ended_on
    FROM (%4$s) q
    LEFT JOIN pg_temp.refresh_worklist_past p
      ON p.customer_id = q.customer_id AND p.reason = %5$L
    WHERE q.due_on <= %6$L AND q.due_on >= %7$L AND %8$s
    $query$, reason.again_after_days, reason.effect, reason.action_cost,
    query, code, run.day + reason.days_ahead,
    coalesce(run.day - reason.days_after, '-infinity'), wanted);
END
$$;

COMMENT ON FUNCTION crmcost._worklist_query(crmcost._run, text, text) IS
  'Query of the customers for whom a reason of the worklist holds, as far as a condition on q allows.';

CREATE FUNCTION crmcost._worklist_reasons() RETURNS SETOF text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN QUERY
    SELECT r.code::text FROM worklist_reason r
    WHERE r.is_active
          AND to_regprocedure(format('crmcost.%I(crmcost._run, date)',
                                     '_worklist_' || r.code)) IS NOT NULL
    ORDER BY r.code;
END
$$;

COMMENT ON FUNCTION crmcost._worklist_reasons() IS
  'Codes of the reasons of the worklist that are used.';

-- When the reasons of customers were dealt with last.
CREATE FUNCTION crmcost._find_past(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  TRUNCATE pg_temp.refresh_worklist_past;
  INSERT INTO pg_temp.refresh_worklist_past
    SELECT w.customer_id, w.reason, max(w.due_on),
           max(CASE w.status
                 WHEN 'done' THEN (w.status_at AT TIME ZONE run.zone)::date
                 ELSE w.told_on END)
    FROM pg_temp.refresh_worklist w
    WHERE w.status IN ('done', 'held') AND w.evidence IS NOT NULL
    GROUP BY w.customer_id, w.reason;
  ANALYZE pg_temp.refresh_worklist_past, pg_temp.refresh_worklist;
END
$$;

COMMENT ON FUNCTION crmcost._find_past(crmcost._run) IS
  'Fills refresh_worklist_past from the rows of refresh_worklist that are done or held.';

-- Brings the rows up to date that are open or snoozed, or those that are new and
-- have no evidence yet; what no reason holds for any more leaves.
CREATE FUNCTION crmcost._renew_worklist(run crmcost._run, is_new boolean)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  code text;
BEGIN
  PERFORM crmcost._find_past(run);
  TRUNCATE pg_temp.refresh_worklist_live, pg_temp.refresh_worklist_found;
  INSERT INTO pg_temp.refresh_worklist_live
    SELECT w.worklist_id, w.customer_id, w.reason
    FROM pg_temp.refresh_worklist w
    WHERE (w.evidence IS NULL) = is_new
          AND (is_new OR w.status IN ('open', 'snoozed')
                         AND w.told_on <= run.day);
  FOR code IN
    SELECT w.code FROM crmcost._worklist_reasons() AS w (code)
    WHERE EXISTS (SELECT FROM pg_temp.refresh_worklist_live l
                  WHERE l.reason = w.code COLLATE "C")
  LOOP
    EXECUTE format($query$
      INSERT INTO pg_temp.refresh_worklist_found
        SELECT l.worklist_id, q.due_on,
               crmcost._named(%3$L, r.action, r.action_zh, NULL),
               coalesce(r.channel_code, q.channel_code, '(unknown)'),
               q.product_code, r.priority, q.value, q.expected_value,
               q.evidence
        FROM pg_temp.refresh_worklist_live l
        JOIN worklist_reason r ON r.code = l.reason
        JOIN (%1$s) q ON q.customer_id = l.customer_id
        WHERE l.reason = %2$L AND q.expected_value >= 0
      $query$,
      crmcost._worklist_query(run, code, format(
        'q.customer_id = ANY (ARRAY(SELECT l.customer_id FROM pg_temp.refresh_worklist_live l WHERE l.reason = %L))',
        code)), code, crmcost._setting(run.ledger, 'language'));
  END LOOP;
  DELETE FROM pg_temp.refresh_worklist w
    USING pg_temp.refresh_worklist_live l
    WHERE w.worklist_id = l.worklist_id
          AND NOT EXISTS (SELECT FROM pg_temp.refresh_worklist_found f
                          WHERE f.worklist_id = w.worklist_id);
  UPDATE pg_temp.refresh_worklist w
    SET due_on = f.due_on, action = f.action, channel_code = f.channel_code,
        product_code = f.product_code, priority = f.priority, value = f.value,
        expected_value = f.expected_value, evidence = f.evidence
    FROM pg_temp.refresh_worklist_found f
    WHERE f.worklist_id = w.worklist_id;
END
$$;

COMMENT ON FUNCTION crmcost._renew_worklist(crmcost._run, boolean) IS
  'Brings rows of refresh_worklist up to date, those that are there or the new ones, and takes out what no reason holds for.';

-- Of whom the list must know something: which of its rows a customer has, those
-- dealt with lately too; who is held back; and who is nobody to talk to.
CREATE FUNCTION crmcost._find_listed(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  pause CONSTANT integer :=
    crmcost._setting(run.ledger, 'worklist_pause_days');
  stretch CONSTANT interval :=
    crmcost._setting(run.ledger, 'response_window_days')::integer
    * interval '24 hours';
BEGIN
  INSERT INTO pg_temp.refresh_worklist_customer
    SELECT p.customer_id, array_agg(p.priority)
             FILTER (WHERE p.priority IS NOT NULL),
           bool_or(p.is_held), bool_or(p.is_nobody)
    FROM (
      SELECT w.customer_id, w.priority, false AS is_held, false AS is_nobody
      FROM pg_temp.refresh_worklist w
      WHERE CASE w.status
              WHEN 'done' THEN (w.status_at AT TIME ZONE run.zone)::date
                               + pause > run.day
              WHEN 'held' THEN w.told_on + pause > run.day
              ELSE true END
      UNION ALL
      SELECT coalesce(p.party_id, m.customer_id), NULL, true, false
      FROM campaign_member m
      JOIN campaign k ON k.code = m.campaign_code
      LEFT JOIN pg_temp.refresh_party p USING (customer_id)
      WHERE m.role = 'control' AND m.assigned_at < run.upto
            AND (k.period @> run.day OR m.assigned_at + stretch > run.upto)
      UNION ALL
      SELECT c.customer_id, NULL, false, true
      FROM customer c
      WHERE c.source = 'anon' OR c.erased_at IS NOT NULL
    ) p
    GROUP BY p.customer_id;
  ANALYZE pg_temp.refresh_worklist_customer;
END
$$;

COMMENT ON FUNCTION crmcost._find_listed(crmcost._run) IS
  'Fills refresh_worklist_customer: who has rows on the worklist, is held back, or is not to be on it.';

-- A row does not keep a more urgent one away.
CREATE FUNCTION crmcost._rows_before(priorities smallint[], priority integer)
  RETURNS integer
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
  SELECT pg_catalog.count(*)::integer
  FROM pg_catalog.unnest(priorities) AS p (priority)
  WHERE p.priority::integer <= _rows_before.priority);

COMMENT ON FUNCTION crmcost._rows_before(smallint[], integer) IS
  'How many rows that a customer has on the worklist count against one of a priority: those that are as urgent, or more.';

CREATE FUNCTION crmcost._rows_told(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN (SELECT count(*) FROM pg_temp.refresh_worklist w
          WHERE w.told_on = run.day AND w.status <> 'held');
END
$$;

COMMENT ON FUNCTION crmcost._rows_told(crmcost._run) IS
  'How many rows the worklist has told for the report day.';

-- Of each reason no more than the day can take: of those for whom it may be told,
-- the best, and whoever is held back among these.  A more urgent reason may take a
-- customer away from a less urgent one, of which there are as many more.  Once the
-- day is full, none is looked at that is expected to bring less than all of it; so
-- most reasons are asked of a few customers.
CREATE FUNCTION crmcost._find_candidates(run crmcost._run, room bigint)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
#variable_conflict use_variable
DECLARE
  old_loop CONSTANT text := current_setting('enable_nestloop');
  reason record;
  at_least numeric;
  customers bigint[];
BEGIN
  PERFORM crmcost._find_listed(run);
  FOR reason IN
    SELECT r.*
    FROM crmcost._worklist_reasons() AS w (code)
    JOIN worklist_reason r ON r.code = w.code COLLATE "C"
    WHERE room > 0
    ORDER BY r.priority, r.code
  LOOP
    at_least := greatest(crmcost._least_to_tell(run, room),
                         -- what costs nothing brings no less than 0
                         CASE WHEN reason.action_cost > 0 THEN 0 END);
    customers := crmcost._customers_worth(reason.code, reason.effect,
                                          reason.action_cost, at_least);
    CONTINUE WHEN customers = '{}';
    IF customers IS NULL THEN
      -- to ask of each one would take twice the time
      PERFORM set_config('enable_nestloop', 'off', true);
    END IF;
    EXECUTE crmcost._candidate_query(run, reason.code, concat_ws(' AND ',
        'true', 'q.expected_value >= ' || at_least,
        CASE WHEN customers IS NOT NULL THEN 'q.customer_id = ANY ($1)' END),
      room + (SELECT count(*) FROM pg_temp.refresh_candidate c
              WHERE c.priority < reason.priority))
      USING customers;
    PERFORM set_config('enable_nestloop', old_loop, true);
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._find_candidates(crmcost._run, bigint) IS
  'Fills refresh_candidate: who may come onto the worklist, where there is room for so many, and for which reason.';

CREATE FUNCTION crmcost._candidate_query(run crmcost._run, code text,
                                         wanted text, most bigint)
  RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
DECLARE
  share CONSTANT numeric := crmcost._setting(run.ledger, 'worklist_holdout');
  is_held CONSTANT text := 'coalesce(s.is_held, false)'
    || CASE WHEN share > 0 THEN format(
         ' OR (''x'' || left(md5(''worklist '' || q.customer_id), 6))::bit(24)::integer < %s',
         floor(share * 16777216)) ELSE '' END;
  reason record;
BEGIN
  SELECT * INTO reason FROM worklist_reason r
    WHERE r.code = _candidate_query.code;
  RETURN format($query$
    INSERT INTO pg_temp.refresh_candidate
      SELECT c.customer_id, %1$L, c.due_on, %2$s, c.expected_value, c.is_held
      FROM (
        SELECT q.customer_id, q.due_on, q.expected_value, k.is_held,
               count(*) FILTER (WHERE NOT k.is_held) OVER (
                 ORDER BY q.expected_value DESC, q.due_on, q.customer_id
                 ROWS UNBOUNDED PRECEDING) AS place
        FROM (%3$s) q
        LEFT JOIN pg_temp.refresh_worklist_customer s USING (customer_id)
        CROSS JOIN LATERAL (VALUES (%4$s)) AS k (is_held)
        WHERE %9$s AND s.is_nobody IS NOT TRUE
              AND (s.priorities IS NULL
                   OR crmcost._rows_before(s.priorities, %2$s) < %5$s)
              AND (q.ended_on IS NULL OR q.ended_on + %6$s <= %7$L)
              AND NOT EXISTS (SELECT FROM pg_temp.refresh_worklist w
                              WHERE w.customer_id = q.customer_id
                                    AND w.reason = %1$L
                                    AND w.status IN ('open', 'snoozed'))
      ) c
      WHERE c.place <= %8$s
    $query$, code, reason.priority,
    crmcost._worklist_query(run, code, 'true'), is_held,
    crmcost._setting(run.ledger, 'worklist_per_customer'),
    reason.again_after_days, run.day, most, wanted);
END
$$;

COMMENT ON FUNCTION crmcost._candidate_query(crmcost._run, text, text, bigint) IS
  'Statement that adds to refresh_candidate the best for whom a reason of the worklist holds, at most so many, as far as a condition on q allows.';

-- The candidates of reasons that are as urgent, or less, do not take places from these.
CREATE FUNCTION crmcost._least_to_tell(run crmcost._run, room bigint)
  RETURNS numeric
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN (SELECT CASE WHEN count(*) FILTER (WHERE NOT b.is_held)
                           >= room
                   THEN min(b.expected_value) END
          FROM crmcost._best_candidates(run, room) b);
END
$$;

COMMENT ON FUNCTION crmcost._least_to_tell(crmcost._run, bigint) IS
  'What a candidate must be expected to bring at least to get a place on the worklist of the day; NULL while there is room.';

-- Nobody but customers who bought is worth more than nothing, where there is a bound.
CREATE FUNCTION crmcost._customers_worth(reason text, effect numeric,
                                         action_cost numeric,
                                         at_least numeric)
  RETURNS bigint[]
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
DECLARE
  bounds CONSTANT text[] := crmcost._worklist_bounds(reason);
  customers bigint[];
BEGIN
  IF bounds IS NOT NULL AND at_least > -action_cost THEN
    -- what is expected is rounded to four decimals
    EXECUTE format(
      'SELECT coalesce(array_agg(b.customer_id), ''{}'') FROM pg_temp.refresh_worklist_base b WHERE %s >= $1',
      array_to_string(bounds, ' >= $1 AND '))
      INTO customers
      USING (at_least + action_cost - 0.0001) / nullif(effect, 0);
  END IF;
  RETURN customers;
END
$$;

COMMENT ON FUNCTION crmcost._customers_worth(text, numeric, numeric, numeric) IS
  'Customers for whom a reason, of such an effect and cost, may be expected to bring so much; NULL where that cannot be told.';

-- Of a customer the more urgent row goes first, of the day the one that is expected
-- to bring more.  Who is held back is chosen as if it were told, so that the two can
-- be compared.
CREATE FUNCTION crmcost._best_candidates(run crmcost._run, room bigint)
  RETURNS TABLE (customer_id bigint, reason text, due_on date,
                 expected_value numeric, is_held boolean)
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
DECLARE
  most CONSTANT integer :=
    crmcost._setting(run.ledger, 'worklist_per_customer');
BEGIN
  RETURN QUERY
    SELECT t.customer_id, t.reason, t.due_on, t.expected_value, t.is_held
    FROM (
      SELECT c.*,
             count(*) FILTER (WHERE NOT c.is_held) OVER (
               ORDER BY c.expected_value DESC, c.due_on, c.customer_id,
                        c.reason
               ROWS UNBOUNDED PRECEDING)
               - (NOT c.is_held)::integer AS told_before
      FROM (
        SELECT d.*, CASE WHEN s.priorities IS NULL THEN 0
                      ELSE crmcost._rows_before(s.priorities, d.priority) END
                    AS rows,
               row_number() OVER (PARTITION BY d.customer_id
                                  ORDER BY d.priority, d.expected_value DESC,
                                           d.due_on, d.reason) AS n
        FROM pg_temp.refresh_candidate d
        LEFT JOIN pg_temp.refresh_worklist_customer s USING (customer_id)
      ) c
      WHERE c.n <= most - c.rows
    ) t
    WHERE t.told_before < room
    ORDER BY t.expected_value DESC, t.due_on, t.customer_id, t.reason;
END
$$;

COMMENT ON FUNCTION crmcost._best_candidates(crmcost._run, bigint) IS
  'The best of refresh_candidate, as many as there is room for and a customer may have.';

-- Of those of a worker the others would not be told either.
CREATE FUNCTION crmcost._keep_best(run crmcost._run, room bigint) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  DELETE FROM pg_temp.refresh_candidate c
    WHERE (c.customer_id, c.reason) NOT IN (
      SELECT b.customer_id, b.reason COLLATE "C"
      FROM crmcost._best_candidates(run, room) b);
END
$$;

COMMENT ON FUNCTION crmcost._keep_best(crmcost._run, bigint) IS
  'Takes out of refresh_candidate who is not among the best.';

CREATE FUNCTION crmcost._tell_candidates(run crmcost._run, room bigint)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  numbers CONSTANT regclass := pg_get_serial_sequence(
    format('%I.worklist', run.ledger), 'worklist_id');
  on_workers CONSTANT boolean := crmcost._is_distributed(run.ledger);
BEGIN
  IF on_workers THEN
    PERFORM crmcost._call_parts(run, format('SELECT crmcost._keep_best($1, %s)',
                                            room));
    PERFORM crmcost._bring_table(run.ledger, 'refresh_candidate', 'true');
  END IF;
  INSERT INTO pg_temp.refresh_told
      (worklist_id, customer_id, reason, due_on, told_on, status)
    SELECT nextval(numbers), b.customer_id, b.reason, b.due_on, run.day,
           CASE WHEN b.is_held THEN 'held' ELSE 'open' END
    FROM crmcost._best_candidates(run, room) b;
  IF on_workers THEN
    PERFORM crmcost._tell_table(run.ledger, 'refresh_told');
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._tell_candidates(crmcost._run, bigint) IS
  'Puts the best of refresh_candidate, as far as there is room, into refresh_told.';

CREATE FUNCTION crmcost._notify_worklist(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  told jsonb;
  open jsonb;
BEGIN
  EXECUTE $query$
    SELECT jsonb_object_agg(c.reason, c.told) FILTER (WHERE c.told > 0),
           jsonb_object_agg(c.reason, c.open)
    FROM (SELECT p.reason, sum(p.told) AS told, sum(p.open) AS open
          FROM $query$ || crmcost._of_parts(run, 'refresh_part_listed', format($query$
            SELECT w.reason, count(*) AS open,
                   count(*) FILTER (WHERE w.told_on = %1$L) AS told
            FROM pg_temp.refresh_worklist w
            WHERE w.status = 'open' AND w.told_on <= %1$L
            GROUP BY w.reason
            $query$, run.day)) || ' p GROUP BY p.reason) c' INTO told, open;
  PERFORM pg_notify('crmcost_worklist', jsonb_build_object(
    'ledger', run.ledger, 'as_of', run.day, 'told', coalesce(told, '{}'),
    'open', coalesce(open, '{}'))::text);
END
$$;

COMMENT ON FUNCTION crmcost._notify_worklist(crmcost._run) IS
  'Notifies channel crmcost_worklist of the open rows by reason: all of them, and those told on the report day.';
