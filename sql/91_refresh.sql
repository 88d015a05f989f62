-- crmcost.refresh() computes what dashboards read, in five steps: months, cost,
-- lifetime value, snapshot, classification.  A step writes only the rows that
-- differ from what is there, so that a refresh without news writes nothing.
-- The steps are functions of their own; what they share are temporary tables:
--
--   refresh_order  orders, one row each
--   refresh_rfm    customers with an order
--   refresh_class  what the rules say about a customer
--   refresh_purchase, refresh_model, refresh_clv   see 96_ledger_clv.sql
--
-- and those of the cost step, which 92_refresh_cost.sql lists.
--
-- Everybody's rows are read and written, whatever policies there are: a role
-- that a policy holds back gets an error, not figures of what it may see.
CREATE PROCEDURE crmcost.refresh(ledger name, as_of timestamptz DEFAULT now())
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
  SET jit = off                 -- compiles each partition, and gains nothing
AS $$
#variable_conflict use_variable
DECLARE
  upto CONSTANT timestamptz := refresh.as_of;
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
  IF NOT pg_try_advisory_xact_lock(
           hashtextextended('crmcost.refresh ' || ledger, 0)) THEN
    RAISE EXCEPTION 'ledger "%" is being refreshed by another session', ledger
      USING ERRCODE = 'lock_not_available',
            HINT = 'Wait until it has finished; refresh again unless that was as of the same time.';
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
  PERFORM crmcost._drop_refresh_tables();
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
END
$$;

COMMENT ON PROCEDURE crmcost.refresh(name, timestamptz) IS
  'Computes customer months, cost, lifetime values, snapshots and classification of a ledger from the facts up to as_of; without news it changes nothing.';

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
  CREATE TEMPORARY TABLE refresh_order ON COMMIT DROP AS
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
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  -- where clocks go back, the first instant may not have the first local day
  SELECT min(happened_at) - interval '2 hours',
         max(happened_at) + interval '2 hours'
    INTO first_at, last_at
    FROM (SELECT unnest(ARRAY[min(sold_at), max(sold_at)]) AS happened_at
          FROM sale WHERE sold_at <= upto
          UNION ALL
          SELECT unnest(ARRAY[min(occurred_at), max(occurred_at)])
          FROM interaction WHERE occurred_at <= upto) fact;
  RETURN ARRAY(
    SELECT found.month
    FROM (SELECT generate_series(
                   date_trunc('month', first_at AT TIME ZONE zone),
                   last_at AT TIME ZONE zone, '1 month')::date
          UNION
          SELECT date_trunc('month', acquired_at AT TIME ZONE zone)::date
          FROM customer
          WHERE acquired_at <= upto
                AND (acquired_at BETWEEN first_at AND last_at) IS NOT TRUE
          UNION
          SELECT open_month) found (month)
    WHERE found.month >= coalesce(open_month, '-infinity')
    ORDER BY 1);
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

-- Step 2, cost, is in 92_refresh_cost.sql.

-- rfm_group holds every customer in memory, some 100 bytes each.
CREATE FUNCTION crmcost._rfm_group_limit() RETURNS bigint
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 5000000;

COMMENT ON FUNCTION crmcost._rfm_group_limit() IS
  'Customers up to which refresh summarises all of them at once.';

-- Step 4: who is worth what on that day.
CREATE FUNCTION crmcost._refresh_snapshot(ledger name, upto timestamptz,
                                          day date)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  zone CONSTANT text := crmcost._setting(ledger, 'timezone');
  bins CONSTANT integer := crmcost._setting(ledger, 'rfm_bins');
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);

  -- What they spent is in customer_month, with refunds of no order.
  CREATE TEMPORARY TABLE refresh_rfm
    (customer_id bigint, first_at timestamptz, last_at timestamptz,
     frequency bigint) ON COMMIT DROP;
  IF (SELECT count(*) FROM customer) <= crmcost._rfm_group_limit() THEN
    INSERT INTO pg_temp.refresh_rfm
      SELECT r.customer_id, r.first_at, r.last_at, r.frequency
      FROM crmcost.unnest((
             SELECT crmcost.rfm_group(customer_id, ordered_at, 0)
             FROM pg_temp.refresh_order)) AS r;
  ELSE
    INSERT INTO pg_temp.refresh_rfm
      SELECT customer_id, crmcost.first_at(summary), crmcost.last_at(summary),
             crmcost.frequency(summary)
      FROM (SELECT customer_id,
                   crmcost.rfm(ordered_at, 0) AS summary
            FROM pg_temp.refresh_order
            GROUP BY customer_id) grouped;
  END IF;
  ANALYZE pg_temp.refresh_rfm;

  WITH month AS (
    SELECT customer_id, sum(revenue) AS revenue, sum(margin) AS margin,
           -- interactions alone make nobody a customer
           bool_or(acquired OR sale_lines > 0 OR revenue <> 0 OR margin <> 0)
             AS counts
    FROM customer_month
    GROUP BY customer_id
  ),
  cost AS (
    SELECT customer_id, sum(direct_cost + allocated_cost) AS total_cost
    FROM customer_month_cost
    GROUP BY customer_id
  ),
  product AS (
    SELECT customer_id, count(*) AS products
    FROM (SELECT DISTINCT customer_id, product_code
          FROM (SELECT customer_id, product_code
                FROM sale
                WHERE kind = 'sale' AND product_code IS NOT NULL
                      AND sold_at <= upto
                GROUP BY customer_id, product_code, currency
                HAVING bool_and(amount >= 0) OR sum(amount) > 0) kept) bought
    GROUP BY customer_id
  ),
  -- a technical customer is many people: its rank would say nothing
  score AS (
    SELECT r.customer_id, r.frequency AS orders,
           CASE WHEN a.customer_id IS NULL THEN r.frequency END AS frequency,
           (r.first_at AT TIME ZONE zone)::date AS first_order_on,
           (r.last_at AT TIME ZONE zone)::date AS last_order_on,
           day - (r.last_at AT TIME ZONE zone)::date AS recency_days,
           crmcost.rfm_score(
             (day - (r.last_at AT TIME ZONE zone)::date)::float8,
             CASE WHEN a.customer_id IS NULL THEN r.frequency END::float8,
             m.revenue::float8, bins) OVER () AS rfm_score
    FROM pg_temp.refresh_rfm r
    JOIN month m USING (customer_id)
    LEFT JOIN (SELECT customer_id FROM customer WHERE source = 'anon') a
      USING (customer_id)
  ),
  computed AS (
    SELECT customer_id, s.first_order_on, s.last_order_on,
           s.recency_days, coalesce(s.frequency, 0) AS frequency,
           coalesce(m.revenue, 0) AS monetary, s.rfm_score,
           CASE WHEN bins = 5 THEN crmcost.rfm_segment(s.rfm_score) END
             AS segment,
           coalesce(s.orders, 0) AS orders,
           coalesce(p.products, 0) AS products,
           coalesce(m.revenue, 0) AS revenue,
           coalesce(m.margin, 0) AS margin,
           coalesce(c.total_cost, 0) AS total_cost,
           coalesce(m.margin, 0) - coalesce(c.total_cost, 0) AS profit,
           v.p_alive, v.expected_purchases, v.expected_value, v.clv_formula,
           v.clv_predictive
    FROM month m
    FULL JOIN cost c USING (customer_id)
    LEFT JOIN score s USING (customer_id)
    LEFT JOIN product p USING (customer_id)
    LEFT JOIN pg_temp.refresh_clv v USING (customer_id)
    WHERE m.counts OR c.total_cost IS NOT NULL
  ),
  difference AS (
    SELECT customer_id, new.first_order_on, new.last_order_on,
           new.recency_days, new.frequency, new.monetary, new.rfm_score,
           new.segment, new.orders, new.products, new.revenue, new.margin,
           new.total_cost, new.profit, new.p_alive, new.expected_purchases,
           new.expected_value, new.clv_formula, new.clv_predictive,
           new.orders IS NULL AS gone
    FROM computed new
    FULL JOIN (SELECT * FROM customer_snapshot WHERE as_of = day) old
      USING (customer_id)
    WHERE (old.first_order_on, old.last_order_on, old.recency_days,
           old.frequency, old.monetary, old.rfm_score, old.segment, old.orders,
           old.products, old.revenue, old.margin, old.total_cost, old.profit,
           old.p_alive, old.expected_purchases, old.expected_value,
           old.clv_formula, old.clv_predictive)
          IS DISTINCT FROM
          (new.first_order_on, new.last_order_on, new.recency_days,
           new.frequency, new.monetary, new.rfm_score, new.segment, new.orders,
           new.products, new.revenue, new.margin, new.total_cost, new.profit,
           new.p_alive, new.expected_purchases, new.expected_value,
           new.clv_formula, new.clv_predictive)
  ),
  written AS (
    INSERT INTO customer_snapshot
      (customer_id, as_of, first_order_on, last_order_on, recency_days,
       frequency, monetary, rfm_score, segment, orders, products, revenue,
       margin, total_cost, profit, p_alive, expected_purchases,
       expected_value, clv_formula, clv_predictive)
    SELECT customer_id, day, first_order_on, last_order_on, recency_days,
           frequency, monetary, rfm_score, segment, orders, products, revenue,
           margin, total_cost, profit, p_alive, expected_purchases,
           expected_value, clv_formula, clv_predictive
    FROM difference
    WHERE NOT gone
    ORDER BY customer_id
    ON CONFLICT (customer_id, as_of) DO UPDATE SET
      first_order_on = excluded.first_order_on,
      last_order_on = excluded.last_order_on,
      recency_days = excluded.recency_days,
      frequency = excluded.frequency,
      monetary = excluded.monetary,
      rfm_score = excluded.rfm_score,
      segment = excluded.segment,
      orders = excluded.orders,
      products = excluded.products,
      revenue = excluded.revenue,
      margin = excluded.margin,
      total_cost = excluded.total_cost,
      profit = excluded.profit,
      p_alive = excluded.p_alive,
      expected_purchases = excluded.expected_purchases,
      expected_value = excluded.expected_value,
      clv_formula = excluded.clv_formula,
      clv_predictive = excluded.clv_predictive
    RETURNING 1
  ),
  vanished AS (
    DELETE FROM customer_snapshot old
    USING difference d
    WHERE d.gone AND old.customer_id = d.customer_id AND old.as_of = day
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM written) + (SELECT count(*) FROM vanished)
    INTO changed;
  IF changed > 1000 THEN
    ANALYZE customer_snapshot;
  END IF;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._refresh_snapshot(name, timestamptz, date) IS
  'Fourth step of refresh: customer_snapshot of the day; returns the rows changed.';

-- Step 5: what the rules say about each customer, appended where it is new.
--
-- A person's row is respected.  In a tier scheme it stands until the answer of
-- the rule changes; a stage set by hand counts like an activity of that day
-- (see _classify_stage).  To tell a change, the rule's first answer about a
-- customer who is there by hand is dated just before that row.
--
-- Who has left a scheme gets the code none: the last order was taken back, or
-- the tier went.  Schemes by hand and unsound ones stay as they are.
CREATE FUNCTION crmcost._refresh_classification(ledger name,
                                                upto timestamptz, day date)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  left_alone text[];
  scheme text;
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  left_alone := crmcost._unsound_schemes(ledger);
  FOREACH scheme IN ARRAY left_alone LOOP
    RAISE WARNING 'tier scheme "%" cannot be applied: its tiers stay as they were',
                  scheme
      USING HINT = 'View data_quality names what is wrong: tier_bounds_out_of_order or tiers_of_mixed_basis.';
  END LOOP;
  left_alone := left_alone || '{stage,owner,invalid}'::text[]
                || ARRAY(SELECT t.scheme FROM tier t WHERE t.basis = 'manual');
  CREATE TEMPORARY TABLE refresh_class
    (customer_id bigint, dimension text, code text, evidence jsonb)
    ON COMMIT DROP;
  PERFORM crmcost._classify_share(ledger, day);
  PERFORM crmcost._classify_value(ledger, day);
  PERFORM crmcost._classify_rfm(ledger, day);
  PERFORM crmcost._classify_stage(ledger, upto, day);
  ANALYZE pg_temp.refresh_class;

  INSERT INTO classification AS old
    (customer_id, dimension, entered_at, code, evidence, by_rule)
  SELECT customer_id, dimension,
         CASE WHEN ruled.code IS NULL AND valid.code <> new.code
                   AND new.dimension <> 'stage'
           THEN valid.entered_at - interval '1 microsecond' ELSE upto END,
         coalesce(new.code, 'none'), new.evidence, true
  FROM pg_temp.refresh_class new
  FULL JOIN (
    SELECT DISTINCT ON (customer_id, dimension) customer_id, dimension, code
    FROM classification
    WHERE entered_at <= upto AND by_rule
    ORDER BY customer_id, dimension, entered_at DESC
  ) ruled USING (customer_id, dimension)
  LEFT JOIN (
    SELECT DISTINCT ON (customer_id, dimension)
           customer_id, dimension, code, entered_at, by_rule
    FROM classification
    WHERE entered_at <= upto
    ORDER BY customer_id, dimension, entered_at DESC
  ) valid USING (customer_id, dimension)
  WHERE (new.code IS NOT NULL OR dimension <> ALL (left_alone))
        AND CASE WHEN valid.by_rule IS NOT FALSE OR dimension = 'stage'
              THEN valid.code IS DISTINCT FROM coalesce(new.code, 'none')
              ELSE ruled.code IS DISTINCT FROM coalesce(new.code, 'none') END
  ORDER BY customer_id, dimension
  -- facts that came late may change what the same instant was told before
  ON CONFLICT (customer_id, dimension, entered_at) DO UPDATE SET
    code = excluded.code,
    evidence = excluded.evidence
    WHERE old.by_rule;
  GET DIAGNOSTICS changed = ROW_COUNT;
  IF changed > 1000 THEN
    ANALYZE classification;
  END IF;
  RETURN changed + crmcost._write_tier_threshold(ledger);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_classification(name, timestamptz, date) IS
  'Last step of refresh: appends changed stages and tiers to classification; returns the rows changed.';

-- The same that data_quality calls tier_bounds_out_of_order and
-- tiers_of_mixed_basis.
CREATE FUNCTION crmcost._unsound_schemes(ledger name) RETURNS text[]
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  RETURN ARRAY(
    SELECT t.scheme
    FROM (SELECT scheme, basis, bound,
                 lag(bound) OVER (PARTITION BY scheme, basis ORDER BY rank)
                   AS bound_before
          FROM tier) t
    GROUP BY t.scheme
    HAVING count(DISTINCT t.basis) > 1
           OR bool_or(t.basis = 'cum_share' AND t.bound <= t.bound_before
                      OR t.basis = 'min_value' AND t.bound >= t.bound_before)
    ORDER BY t.scheme);
END
$$;

COMMENT ON FUNCTION crmcost._unsound_schemes(name) IS
  'Tier schemes whose tiers contradict each other, so that refresh leaves them alone.';

CREATE FUNCTION crmcost._write_tier_threshold(ledger name) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  measure CONSTANT text := crmcost._setting(ledger, 'abc_measure');
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  WITH computed AS (
    SELECT t.scheme, t.code, t.bound AS value
    FROM tier t
    WHERE t.basis = 'min_value'
    UNION ALL
    SELECT t.scheme, t.code, min((c.evidence ->> measure)::numeric)
    FROM tier t
    JOIN pg_temp.refresh_class c
      ON c.dimension = t.scheme AND c.code = t.code
    WHERE t.basis = 'cum_share'
    GROUP BY t.scheme, t.code
  ),
  difference AS (
    SELECT scheme, code, new.value, new.value IS NULL AS gone
    FROM computed new
    FULL JOIN tier_threshold old USING (scheme, code)
    WHERE old.value IS DISTINCT FROM new.value
  ),
  written AS (
    INSERT INTO tier_threshold (scheme, code, value)
    SELECT scheme, code, value FROM difference WHERE NOT gone
    ON CONFLICT (scheme, code) DO UPDATE SET value = excluded.value
    RETURNING 1
  ),
  vanished AS (
    DELETE FROM tier_threshold old
    USING difference d
    WHERE d.gone AND old.scheme = d.scheme AND old.code = d.code
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM written) + (SELECT count(*) FROM vanished)
    INTO changed;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._write_tier_threshold(name) IS
  'Writes tier_threshold from the tiers of a refresh; returns the rows changed.';

-- Tiers by share.  abc_tier settles two bounds in one pass: A is the first tier
-- of the pair, B the second, and C goes on to the next pair; the last tier takes
-- what is left.  An ABC scheme is one pass.
CREATE FUNCTION crmcost._classify_share(ledger name, day date) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  measure CONSTANT text := crmcost._setting(ledger, 'abc_measure');
  scheme record;
  n integer;
  first_bound numeric;
  second_bound numeric;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  FOR scheme IN
    SELECT t.scheme AS name, array_agg(t.code ORDER BY t.rank) AS code,
           array_agg(t.bound ORDER BY t.rank) AS bound
    FROM tier t
    WHERE t.basis = 'cum_share'
          AND t.scheme <> ALL (crmcost._unsound_schemes(ledger))
    GROUP BY t.scheme
    ORDER BY t.scheme
  LOOP
    n := cardinality(scheme.code);
    FOR k IN 1 .. greatest(n - 1, 1) BY 2 LOOP
      first_bound := scheme.bound[k];
      second_bound := scheme.bound[least(k + 1, greatest(n - 1, 1))];
      INSERT INTO pg_temp.refresh_class
      SELECT v.customer_id, scheme.name,
             CASE v.abc
               WHEN 'A' THEN scheme.code[k]
               WHEN 'B' THEN scheme.code[k + 1]
               ELSE scheme.code[n]
             END,
             jsonb_build_object(measure, v.value)
      FROM (
        SELECT customer_id, value,
               crmcost.abc_tier(value, first_bound, second_bound) OVER ()
                 AS abc
        FROM (SELECT customer_id,
                     CASE measure WHEN 'revenue' THEN revenue
                       WHEN 'margin' THEN margin ELSE profit END AS value
              FROM customer_snapshot
              WHERE as_of = day AND frequency > 0) measured
      ) v
      WHERE (v.abc < 'C' OR k + 1 >= n - 1)
            AND (k = 1 OR NOT EXISTS (
                   SELECT FROM pg_temp.refresh_class c
                   WHERE c.customer_id = v.customer_id
                         AND c.dimension = scheme.name));
    END LOOP;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._classify_share(name, date) IS
  'What schemes of basis cum_share say about each customer with an order.';

-- Tiers by net revenue: the best one whose bound is reached, else the last.
CREATE FUNCTION crmcost._classify_value(ledger name, day date) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  INSERT INTO pg_temp.refresh_class
  SELECT s.customer_id, scheme.name, best.code,
         jsonb_build_object('revenue', s.revenue)
  FROM customer_snapshot s
  CROSS JOIN (SELECT DISTINCT t.scheme AS name FROM tier t
              WHERE t.basis = 'min_value'
                    AND t.scheme <> ALL (crmcost._unsound_schemes(ledger))
             ) scheme
  CROSS JOIN LATERAL (
    SELECT t.code
    FROM tier t
    WHERE t.scheme = scheme.name
    ORDER BY s.revenue >= t.bound DESC,
             CASE WHEN s.revenue >= t.bound THEN t.rank ELSE -t.rank END
    LIMIT 1
  ) best
  WHERE s.as_of = day AND s.frequency > 0;
END
$$;

COMMENT ON FUNCTION crmcost._classify_value(name, date) IS
  'What schemes of basis min_value say about each customer with an order.';

-- Tiers by RFM: the first one by rank that matches.  A score that none matches
-- is left without, and data_quality says so.
CREATE FUNCTION crmcost._classify_rfm(ledger name, day date) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  INSERT INTO pg_temp.refresh_class
  SELECT s.customer_id, first_match.scheme, first_match.code,
         jsonb_build_object('r', s.rfm_score / 100, 'f', s.rfm_score / 10 % 10,
                            'm', s.rfm_score % 10)
  FROM customer_snapshot s
  JOIN (
    SELECT DISTINCT ON (t.scheme, score.rfm)
           t.scheme, t.code, score.rfm
    FROM (SELECT DISTINCT rfm_score AS rfm FROM customer_snapshot
          WHERE as_of = day) score
    JOIN tier t
      ON t.basis = 'rfm' AND t.r @> score.rfm / 100
         AND t.f @> score.rfm / 10 % 10 AND t.m @> score.rfm % 10
         AND t.scheme <> ALL (crmcost._unsound_schemes(ledger))
    ORDER BY t.scheme, score.rfm, t.rank
  ) first_match ON first_match.rfm = s.rfm_score
  WHERE s.as_of = day;
END
$$;

COMMENT ON FUNCTION crmcost._classify_rfm(name, date) IS
  'What schemes of basis rfm say about each customer with an order.';

-- The stage, from facts: days since the last activity, which is an order or the
-- acquisition.  A customer is won back when the last day with an order came
-- after a pause of churn_after_days, or was the first one after somebody set
-- churned by hand; the next one makes the customer active again.
--
-- A stage that was set by hand stands until an order comes after it.  Without
-- one, lead and churned stay; the others age as if the day they were set had
-- been an activity.
CREATE FUNCTION crmcost._classify_stage(ledger name, upto timestamptz,
                                        day date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  zone CONSTANT text := crmcost._setting(ledger, 'timezone');
  at_risk_after CONSTANT integer :=
    crmcost._setting(ledger, 'at_risk_after_days');
  churn_after CONSTANT integer :=
    crmcost._setting(ledger, 'churn_after_days');
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);

  INSERT INTO pg_temp.refresh_class
  WITH by_hand AS (
    SELECT DISTINCT ON (customer_id) customer_id, code, entered_at
    FROM classification
    WHERE dimension = 'stage' AND NOT by_rule AND entered_at <= upto
    ORDER BY customer_id, entered_at DESC
  ),
  bought AS (
    SELECT r.customer_id, r.last_at,
           (r.last_at AT TIME ZONE zone)::date AS last_on,
           before.last_on AS last_on_before, before.last_at AS last_at_before
    FROM pg_temp.refresh_rfm r
    LEFT JOIN (
      SELECT o.customer_id, max(o.ordered_on) AS last_on,
             max(o.ordered_at) AS last_at
      FROM pg_temp.refresh_order o
      JOIN pg_temp.refresh_rfm r USING (customer_id)
      WHERE o.ordered_on < (r.last_at AT TIME ZONE zone)::date
      GROUP BY o.customer_id
    ) before USING (customer_id)
  ),
  party AS (
    SELECT c.customer_id, b.last_on, h.code AS by_hand,
           b.last_at > h.entered_at AS bought_since,
           -- the last day with an order is the first one after the churn
           b.last_on - b.last_on_before >= churn_after
             OR h.code = 'churned' AND b.last_at > h.entered_at
                AND coalesce(b.last_at_before <= h.entered_at, true)
             AS came_back,
           day - greatest(b.last_on,
                          CASE WHEN c.acquired_at <= upto
                            THEN (c.acquired_at AT TIME ZONE zone)::date END,
                          CASE WHEN h.code NOT IN ('lead', 'churned')
                            THEN (h.entered_at AT TIME ZONE zone)::date END)
             AS idle_days
    FROM customer c
    LEFT JOIN bought b USING (customer_id)
    LEFT JOIN by_hand h USING (customer_id)
    WHERE c.source <> 'anon'
          AND (c.first_seen_at <= upto OR b.customer_id IS NOT NULL
               OR h.customer_id IS NOT NULL)
  )
  SELECT customer_id, 'stage',
         CASE
           WHEN by_hand IN ('lead', 'churned') AND bought_since IS NOT TRUE
             THEN by_hand
           WHEN idle_days IS NULL THEN 'lead'
           WHEN idle_days >= churn_after THEN 'churned'
           WHEN by_hand IS NOT NULL AND bought_since IS NOT TRUE
                AND (idle_days < at_risk_after OR by_hand = 'at_risk')
             THEN by_hand
           WHEN idle_days >= at_risk_after THEN 'at_risk'
           WHEN came_back THEN 'won_back'
           ELSE 'active'
         END,
         jsonb_strip_nulls(jsonb_build_object('last_order_on', last_on,
                                              'idle_days', idle_days))
  FROM party;
END
$$;

COMMENT ON FUNCTION crmcost._classify_stage(name, timestamptz, date) IS
  'What stage each customer and lead is in.';

REVOKE EXECUTE ON ROUTINE
  crmcost.refresh(name, timestamptz),
  crmcost._drop_refresh_tables(),
  crmcost._drop_temporary(text[]),
  crmcost._refresh_month(name, timestamptz),
  crmcost._write_customer_month(name, timestamptz, date, text, boolean),
  crmcost._refresh_snapshot(name, timestamptz, date),
  crmcost._refresh_classification(name, timestamptz, date),
  crmcost._write_tier_threshold(name),
  crmcost._classify_share(name, date),
  crmcost._classify_value(name, date),
  crmcost._classify_rfm(name, date),
  crmcost._classify_stage(name, timestamptz, date)
FROM PUBLIC;

GRANT EXECUTE ON ROUTINE
  crmcost.refresh(name, timestamptz),
  crmcost._drop_refresh_tables(),
  crmcost._drop_temporary(text[]),
  crmcost._refresh_month(name, timestamptz),
  crmcost._write_customer_month(name, timestamptz, date, text, boolean),
  crmcost._refresh_snapshot(name, timestamptz, date),
  crmcost._refresh_classification(name, timestamptz, date),
  crmcost._write_tier_threshold(name),
  crmcost._classify_share(name, date),
  crmcost._classify_value(name, date),
  crmcost._classify_rfm(name, date),
  crmcost._classify_stage(name, timestamptz, date)
TO @extowner@ WITH GRANT OPTION;
