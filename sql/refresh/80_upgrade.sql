-- The store of a ledger that comes from schema version 1, as of its last refresh.
--
-- Version 1 kept the figures of closed months by customer and by pool; they stand.
-- What version 2 has of these months besides (by product, channel, category, day
-- and tier) is computed from the facts here, once, and is closed from then on.
CREATE FUNCTION crmcost._compute_upgraded(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
  SET jit = off
AS $$
DECLARE
  open_month CONSTANT date := crmcost._open_month(ledger);
  zone CONSTANT text := crmcost._setting(ledger, 'timezone');
  at timestamptz;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  SELECT r.as_of_at INTO at FROM last_refresh r;
  IF at IS NULL THEN
    RETURN;
  END IF;
  IF open_month IS NOT NULL THEN
    PERFORM crmcost._find_late_facts(ledger, open_month);
    -- in version 1 the last day of a closed month need not have been over
    at := greatest(at, crmcost._midnight(open_month, zone));
  END IF;
  PERFORM crmcost._compute(ledger, at, true);
  IF open_month IS NOT NULL THEN
    PERFORM crmcost._fill_closed_months(ledger, at, open_month);
    PERFORM crmcost._keep_closed_months('-infinity', open_month);
  END IF;
  PERFORM crmcost._drop_temporary(crmcost._work_tables());
  UPDATE refresh_state SET as_of_at = NULL;     -- the next refresh is full
END
$$;

COMMENT ON FUNCTION crmcost._compute_upgraded(name) IS
  'Computes the store of a ledger that comes from version 1, as of its last refresh.';

-- With the work tables that the computation has left, and open_month before all
-- months, the steps write the closed ones as well.  What customers bore and what
-- became of pools is not computed: lines and pools are those that are posted.
CREATE FUNCTION crmcost._fill_closed_months(ledger name, at timestamptz,
                                            open_month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  run crmcost._run := crmcost._begin_run(ledger, at, true);
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  run.open_month := '-infinity';
  PERFORM crmcost._refresh_day(run);
  PERFORM crmcost._refresh_exposure(run);
  TRUNCATE pg_temp.refresh_acquisition;
  PERFORM crmcost._refresh_acquisition(run);
  TRUNCATE pg_temp.refresh_case, pg_temp.refresh_hours,
           pg_temp.refresh_service_work, pg_temp.refresh_care;
  PERFORM crmcost._refresh_case(run);
  TRUNCATE pg_temp.refresh_buyer;
  PERFORM crmcost._note_buyers(run, 1);
  PERFORM crmcost._write_product_total(run);

  PERFORM crmcost._load_posted_cost(run, open_month);
  PERFORM crmcost._find_outcomes();
  PERFORM crmcost._add_running_sums(ledger, open_month);
  run.whole := false;                   -- the months of refresh_cost_month
  PERFORM crmcost._refresh_flow(run);
  PERFORM crmcost._write_cost(run);
  run.whole := true;
  PERFORM crmcost._write_cost_trend(run);

  TRUNCATE pg_temp.refresh_held, pg_temp.refresh_tier_sum;
  PERFORM crmcost._add_parts(run, format('e.month_start >= %L', open_month),
                             NULL, NULL);
  PERFORM crmcost._refresh_tier_month(run);
  TRUNCATE pg_temp.refresh_service_event, pg_temp.refresh_service_pool,
           pg_temp.refresh_service_rate;
  PERFORM crmcost._refresh_service(run);
  TRUNCATE pg_temp.refresh_answer, pg_temp.refresh_due,
           pg_temp.refresh_survey_day, pg_temp.refresh_voice_month;
  PERFORM crmcost._refresh_voice(run);
  TRUNCATE pg_temp.refresh_coverage;
  PERFORM crmcost._refresh_coverage(run);
  PERFORM crmcost._write_tier_move(run);
  PERFORM crmcost._refresh_cycle(run);
  PERFORM crmcost._write_retention_month(run);
  PERFORM crmcost._refresh_quality(run);
END
$$;

COMMENT ON FUNCTION crmcost._fill_closed_months(name, timestamptz, date) IS
  'Writes what version 1 did not have of closed months.';

-- Running sums along what closed months have posted and driven.
CREATE FUNCTION crmcost._add_running_sums(ledger name, open_month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  scope CONSTANT text := format('old.month_start < %L', open_month);
BEGIN
  PERFORM crmcost._write_difference(ledger, 'posted_cost', $query$
      SELECT month_start, cost_id, incurred_on, booked_month, category_code,
             bucket, rule_id, service_category, pool_key,
             NULL::bigint AS customer_id, amount, cost_before
      FROM pg_temp.refresh_outcome
    $query$, scope || ' AND old.customer_id IS NULL');
  PERFORM crmcost._write_difference(ledger, 'customer_driver', format($query$
      SELECT old.customer_id, old.month_start, old.driver_key, old.quantity,
             sum(old.quantity) OVER along - old.quantity AS quantity_before
      FROM customer_driver old
      WHERE %s
      WINDOW along AS (PARTITION BY old.month_start, old.driver_key
                       ORDER BY hashint8(old.customer_id), old.customer_id)
    $query$, scope), scope);
END
$$;

COMMENT ON FUNCTION crmcost._add_running_sums(name, date) IS
  'Fills the running sums of posted_cost and customer_driver in closed months of a ledger that comes from version 1.';

-- Parts of entries have the amount that was posted.  An entry that is there no
-- longer is known by its category alone.
CREATE FUNCTION crmcost._load_posted_cost(run crmcost._run, open_month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
#variable_conflict use_variable
BEGIN
  TRUNCATE pg_temp.refresh_part, pg_temp.refresh_post, pg_temp.refresh_pool,
           pg_temp.refresh_group, pg_temp.refresh_outcome,
           pg_temp.refresh_cost_month;
  INSERT INTO pg_temp.refresh_cost_month
    SELECT month_start FROM closed_period;
  PERFORM crmcost._add_parts(run, format('e.month_start < %L', open_month),
                             NULL, NULL);
  UPDATE pg_temp.refresh_part part SET amount = p.amount
    FROM (SELECT month_start, cost_id, incurred_on, booked_month,
                 sum(amount) AS amount
          FROM posted_cost
          WHERE month_start < open_month
          GROUP BY month_start, cost_id, incurred_on, booked_month) p
    WHERE (p.month_start, p.cost_id, p.incurred_on, p.booked_month)
          = (part.month_start, part.cost_id, part.incurred_on,
             part.booked_month);
  INSERT INTO pg_temp.refresh_part
    SELECT p.month_start, p.cost_id, p.incurred_on, p.booked_month,
           p.booked_month, p.booked_month, p.category_code, p.bucket,
           c.resource, '(unknown)', '(unknown)', '(unknown)', '',
           p.customer_id, 0, sum(p.amount), true
    FROM posted_cost p
    JOIN cost_category c ON c.code = p.category_code
    WHERE p.month_start < open_month
          AND NOT EXISTS (SELECT FROM cost_entry e
                          WHERE e.cost_id = p.cost_id
                                AND e.incurred_on = p.incurred_on)
    GROUP BY p.month_start, p.cost_id, p.incurred_on, p.booked_month,
             p.category_code, p.bucket, c.resource, p.customer_id;
  INSERT INTO pg_temp.refresh_post
    SELECT month_start, cost_id, incurred_on, booked_month, category_code,
           bucket, rule_id, service_category, amount
    FROM posted_cost
    WHERE month_start < open_month AND customer_id IS NULL;
  INSERT INTO pg_temp.refresh_pool
    SELECT month_start, bucket, rule_id, service_category, driver, driver_key,
           cost, capacity,
           CASE WHEN driver_key IS NULL THEN 0
             ELSE dense_rank() OVER (PARTITION BY month_start
                                     ORDER BY bucket, driver_key, capacity)
           END, NULL, pool_key
    FROM cost_pool
    WHERE month_start < open_month;
  INSERT INTO pg_temp.refresh_group
    SELECT w.group_id, w.month_start, w.bucket, w.driver_key, w.capacity,
           sum(w.cost), 4, max(p.driver_quantity), max(p.customers),
           sum(p.unused_cost)
    FROM pg_temp.refresh_pool w
    JOIN cost_pool p USING (month_start, bucket, rule_id, service_category)
    WHERE w.group_id > 0
    GROUP BY w.group_id, w.month_start, w.bucket, w.driver_key, w.capacity;
END
$$;

COMMENT ON FUNCTION crmcost._load_posted_cost(crmcost._run, date) IS
  'Fills the work tables of cost with what closed months have posted.';

-- Version 1 did not say which facts came late, only what a closed month has of
-- them.  What it has not came after it was closed, and counted in the first
-- month that was open.
CREATE FUNCTION crmcost._find_late_facts(ledger name, open_month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  zone CONSTANT text := crmcost._setting(ledger, 'timezone');
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  PERFORM crmcost._find_late(ledger, open_month, 'sale', $query$
      SELECT customer_id, sale_id, sold_on, sold_at,
             (kind = 'sale' AND amount >= 0)::integer,
             coalesce(base_amount, 0), coalesce(base_margin, 0),
             coalesce(base_discount, 0)
      FROM sale_base WHERE sold_on < $1
    $query$, 'sum(sale_lines), sum(revenue), sum(margin), sum(discount)');
  PERFORM crmcost._find_late(ledger, open_month, 'interaction', $query$
      SELECT customer_id, interaction_id, day.occurred_on, occurred_at, n,
             coalesce(handle_seconds, 0), 0, 0
      FROM (SELECT i.customer_id, i.interaction_id, i.occurred_at,
                   (i.occurred_at AT TIME ZONE $2)::date AS occurred_on, i.n,
                   i.handle_seconds
            FROM interaction i) day
      WHERE day.occurred_on < $1
    $query$, 'sum(interactions), sum(handle_seconds), 0, 0');
  INSERT INTO late_fact (relation, fact_id, booked_on, month_start)
    SELECT 'customer', c.customer_id, c.acquired_on, m.month_start
    FROM (SELECT p.customer_id, p.source,
                 (p.acquired_at AT TIME ZONE zone)::date AS acquired_on
          FROM customer p) c
    LEFT JOIN customer_month m
      ON m.customer_id = c.customer_id AND m.acquired
         AND m.month_start < open_month
    WHERE c.acquired_on < open_month AND c.source <> 'anon'
          AND m.month_start IS DISTINCT FROM crmcost._month_of(c.acquired_on);
  INSERT INTO late_fact (relation, fact_id, booked_on)
    SELECT DISTINCT 'cost_entry', a.cost_id, a.incurred_on
    FROM accrued_cost a
    WHERE a.booked_month < open_month AND a.base_amount IS DISTINCT FROM 0
          AND NOT EXISTS (SELECT FROM posted_cost p
                          WHERE p.cost_id = a.cost_id
                                AND p.incurred_on = a.incurred_on
                                AND p.booked_month = a.booked_month
                                AND p.month_start = a.booked_month);
  -- without a rate money counts nowhere, and comes late when it gets one
  INSERT INTO late_fact AS l (relation, fact_id, booked_on, placed_in)
    SELECT 'sale', s.sale_id, s.sold_on, s.booked_month FROM sale_base s
    WHERE s.rate IS NULL AND s.sold_on < open_month
    ON CONFLICT (relation, fact_id, booked_on) DO UPDATE SET
      month_start = NULL, placed_in = coalesce(l.placed_in, l.month_start);
END
$$;

COMMENT ON FUNCTION crmcost._find_late_facts(name, date) IS
  'Fills late_fact of a ledger that comes from version 1.';

-- For each closing, in their order, what its months and those before have of a
-- customer is held against the facts for them.
--
--   facts    query of customer, number, day, instant and four measures; $1 the
--            day before which they are, $2 the time zone
--   counted  the four measures of a closed month of customer_month
CREATE FUNCTION crmcost._find_late(ledger name, open_month date,
                                   relation text, facts text, counted text)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  zone CONSTANT text := crmcost._setting(ledger, 'timezone');
  rest CONSTANT text := format('SELECT count(*) FROM (%s) rest',
    crmcost._rest_query(facts, counted, relation));
  closing record;
  guess text;
  unexplained bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  FOR closing IN
    SELECT min(p.month_start) AS first_month,
           (max(p.month_start) + interval '1 month')::date AS before
    FROM closed_period p
    GROUP BY p.closed_at
    ORDER BY 1
  LOOP
    -- what was late before has come into the first of these months
    UPDATE late_fact l SET month_start = closing.first_month
      WHERE l.relation = relation AND l.month_start IS NULL
            AND l.booked_on < closing.first_month;
    FOREACH guess IN ARRAY
      '{"fact_id DESC","at DESC, fact_id DESC","a = rest_a DESC, b = rest_b DESC, c = rest_c DESC, n"}'
      ::text[]
    LOOP
      EXECUTE rest INTO unexplained USING closing.before, zone;
      EXIT WHEN unexplained = 0;
      EXECUTE crmcost._late_query(facts, counted, relation, guess)
        USING closing.before, zone;
    END LOOP;
  END LOOP;
  EXECUTE rest INTO unexplained USING open_month, zone;
  IF unexplained > 0 THEN
    RAISE WARNING 'ledger "%": of % customers closed months hold other figures than table % explains',
                  ledger, unexplained, relation
      USING HINT = 'What closed months hold stands; what came for them since is not known one by one, and counts in no month.';
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._find_late(name, date, text, text, text) IS
  'Notes in late_fact which sales or interactions closed months do not have.';

-- A line that got its rate later was counted, but brought nothing: its count is
-- not missing.
CREATE FUNCTION crmcost._rest_query(facts text, counted text, relation text)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT customer_id, sum(n) AS rest_n, sum(a) AS rest_a, sum(b) AS rest_b,
         sum(c) AS rest_c
  FROM (
    SELECT f.customer_id, f.n, f.a, f.b, f.c
    FROM (%s) AS f (customer_id, fact_id, booked_on, at, n, a, b, c)
    WHERE NOT EXISTS (SELECT FROM late_fact l
                      WHERE l.relation = %L AND l.fact_id = f.fact_id
                            AND l.booked_on = f.booked_on
                            AND l.month_start IS NULL)
    UNION ALL
    SELECT k.customer_id, -k.n, -k.a, -k.b, -k.c
    FROM (SELECT customer_id, %s FROM customer_month WHERE month_start < $1
          GROUP BY customer_id) AS k (customer_id, n, a, b, c)
  ) part
  GROUP BY customer_id
  HAVING sum(n) > 0 OR sum(a) <> 0 OR sum(b) <> 0 OR sum(c) <> 0
$query$, facts, relation, counted);

COMMENT ON FUNCTION crmcost._rest_query(text, text, text) IS
  'Query of the customers of whom facts and closed months differ, and by how much.';

-- The shortest run of facts, in an order, that sums to what is missing; what a
-- rate that came later brought is one without its count.
CREATE FUNCTION crmcost._late_query(facts text, counted text, relation text,
                                    guess text)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  INSERT INTO late_fact AS l (relation, fact_id, booked_on, placed_in)
    WITH fact AS (
      SELECT f.*, rest_n, rest_a, rest_b, rest_c,
             row_number() OVER along AS place, sum(f.n) OVER along AS sum_n,
             sum(f.a) OVER along AS sum_a, sum(f.b) OVER along AS sum_b,
             sum(f.c) OVER along AS sum_c
      FROM (%1$s) AS f (customer_id, fact_id, booked_on, at, n, a, b, c)
      JOIN (%2$s) r USING (customer_id)
      WHERE NOT EXISTS (SELECT FROM late_fact l
                        WHERE l.relation = %3$L AND l.fact_id = f.fact_id
                              AND l.booked_on = f.booked_on
                              AND l.month_start IS NULL)
      WINDOW along AS (PARTITION BY customer_id ORDER BY %4$s
                       ROWS UNBOUNDED PRECEDING)
    )
    SELECT %3$L, f.fact_id, f.booked_on,
           CASE WHEN f.rest_n = 0 AND f.n > 0
             THEN date_trunc('month', f.booked_on::timestamp)::date END
    FROM fact f
    JOIN (SELECT customer_id, min(place) AS place
          FROM fact
          WHERE (sum_a, sum_b, sum_c) = (rest_a, rest_b, rest_c)
                AND (sum_n = rest_n
                     OR %3$L = 'sale' AND place = 1 AND rest_n = 0)
          GROUP BY customer_id) upto
      ON upto.customer_id = f.customer_id AND f.place <= upto.place
  ON CONFLICT (relation, fact_id, booked_on) DO UPDATE SET
    month_start = NULL, placed_in = coalesce(l.placed_in, excluded.placed_in)
$query$, facts, crmcost._rest_query(facts, counted, relation), relation,
  guess);

COMMENT ON FUNCTION crmcost._late_query(text, text, text, text) IS
  'Statement that notes in late_fact the facts that closed months do not have.';
