-- Step activity: what happened with the customers with news in each open month since
-- their news.
-- Where it differs from what the store has, the month's cost is spread anew,
-- because it follows drivers.  Who was booked cost, and did nothing, is no
-- difference.
CREATE FUNCTION crmcost._customers_activity(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  INSERT INTO pg_temp.refresh_activity
    SELECT a.customer_id, a.month_start, a.acquired IS NOT NULL,
           coalesce(a.orders, 0), coalesce(a.sale_lines, 0),
           coalesce(a.revenue, 0), coalesce(a.margin, 0),
           coalesce(a.discount, 0), coalesce(a.refund, 0),
           coalesce(a.interactions, 0), coalesce(a.handle_seconds, 0),
           coalesce(a.minutes, 0)
    FROM crmcost._sum_sets(crmcost._activity_query(run), 2, '{1,2}', true)
      AS a (set integer, month_start date, customer_id bigint,
            acquired bigint, orders bigint, sale_lines bigint,
            revenue numeric, margin numeric, discount numeric,
            refund numeric, interactions bigint, handle_seconds bigint,
            minutes numeric);
  PERFORM crmcost._index_activity();
  PERFORM crmcost._analyze_table('pg_temp.refresh_activity'::regclass);
  RETURN 0;
END
$$;

COMMENT ON FUNCTION crmcost._customers_activity(crmcost._run) IS
  'Fills refresh_activity.';

-- Month by month, as they are read; a month has few customers of all.
CREATE FUNCTION crmcost._activity_query(run crmcost._run) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT a.month_start, customer_id, a.acquired, a.orders, a.sale_lines,
         a.revenue, a.margin, a.discount, a.refund, a.interactions,
         a.handle_seconds, a.minutes
  FROM (
    SELECT s.customer_id, s.month_start, NULL::bigint AS acquired, s.orders,
           s.sale_lines, s.revenue, s.margin, s.discount, s.refund,
           NULL::bigint AS interactions, NULL::bigint AS handle_seconds,
           NULL::numeric AS minutes
    FROM pg_temp.refresh_sold s
    UNION ALL
    SELECT i.customer_id, i.month_start, NULL, NULL, NULL, NULL, NULL, NULL,
           NULL, i.n, i.handle_seconds, i.minutes
    FROM pg_temp.refresh_contact i
    UNION ALL
    SELECT e.customer_id, e.month_start, 1, NULL, NULL, NULL, NULL, NULL,
           NULL, NULL, NULL, NULL
    FROM crmcost._party_events(%2$L, %3$L, %4$L, %1$L, %5$L) e
    WHERE e.is_acquisition
    UNION ALL
    SELECT x.customer_id, %1$L, NULL, x.orders, NULL, NULL, NULL, NULL, NULL,
           NULL, NULL, NULL
    FROM crmcost._order_changes(%6$L) x
  ) a
  JOIN pg_temp.refresh_customer c USING (customer_id)
  WHERE a.month_start >= greatest(c.since, %1$L)
  ORDER BY a.month_start
$query$, run.open_month, run.ledger, run.upto, run.zone, NOT run.whole, run);

COMMENT ON FUNCTION crmcost._activity_query(crmcost._run) IS
  'Query of what happened with the customers of refresh_customer, each in a row with its month.';

-- Months are computed one after the other.  A worker keeps the index.
CREATE FUNCTION crmcost._index_activity() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_index i
                 WHERE i.indrelid = 'pg_temp.refresh_activity'::regclass) THEN
    CREATE INDEX ON pg_temp.refresh_activity (month_start);
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._index_activity() IS
  'Indexes refresh_activity, once it is filled.';

CREATE FUNCTION crmcost._groups_activity(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  merged boolean;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  merged := crmcost._parties_changed();
  IF run.whole THEN
    EXECUTE format($query$
      INSERT INTO pg_temp.refresh_cost_month
        SELECT m.month_start FROM %s m WHERE m.month_start >= $1
        UNION SELECT p.month_start FROM posted_cost p
              WHERE p.month_start >= $1
        UNION SELECT p.month_start FROM cost_month p
              WHERE p.month_start >= $1
      $query$, crmcost._of_parts(run, 'refresh_part_month',
        'SELECT a.month_start FROM pg_temp.refresh_activity a UNION SELECT m.month_start FROM customer_month m'))
      USING run.open_month;
  ELSE
    INSERT INTO pg_temp.refresh_cost_month
      SELECT DISTINCT month_start
      FROM pg_temp.refresh_activity new
      FULL JOIN (SELECT m.* FROM customer_month m
                 JOIN pg_temp.refresh_customer c USING (customer_id)
                 WHERE m.month_start >= greatest(run.open_month, c.since)) old
        USING (customer_id, month_start)
      WHERE (coalesce(old.acquired, false), coalesce(old.orders, 0),
             coalesce(old.sale_lines, 0), coalesce(old.revenue, 0),
             coalesce(old.margin, 0), coalesce(old.discount, 0),
             coalesce(old.refund, 0), coalesce(old.interactions, 0),
             coalesce(old.handle_seconds, 0), coalesce(old.standard_minutes, 0))
            IS DISTINCT FROM
            (coalesce(new.acquired, false), coalesce(new.orders, 0),
             coalesce(new.sale_lines, 0), coalesce(new.revenue, 0),
             coalesce(new.margin, 0), coalesce(new.discount, 0),
             coalesce(new.refund, 0), coalesce(new.interactions, 0),
             coalesce(new.handle_seconds, 0), coalesce(new.standard_minutes, 0))
            -- a merger takes booked cost from one row to another
            OR merged AND (new.customer_id IS NULL OR old.customer_id IS NULL)
      ON CONFLICT (month_start) DO NOTHING;
  END IF;
  RETURN 0;
END
$$;

COMMENT ON FUNCTION crmcost._groups_activity(crmcost._run) IS
  'Adds the months in which what customers did differs to refresh_cost_month.';

CREATE FUNCTION crmcost._refresh_activity(run crmcost._run) RETURNS bigint
  LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
  SELECT crmcost._customers_activity(run) + crmcost._groups_activity(run);
END;

COMMENT ON FUNCTION crmcost._refresh_activity(crmcost._run) IS
  'Step of refresh: fills refresh_activity, and adds the months that differ to refresh_cost_month.';

-- An order counts where its last line does, which may be before the line that changed.
CREATE FUNCTION crmcost._find_order_since() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  UPDATE pg_temp.refresh_customer c SET since = least(c.since, n.since)
    FROM (SELECT o.customer_id,
                 crmcost._month_of(min(least(o.was_on, o.ordered_on, o.was_month,
                                             o.month_start))) AS since
          FROM pg_temp.refresh_order_news o
          GROUP BY o.customer_id) n
    WHERE n.customer_id = c.customer_id AND n.since < c.since;
END
$$;

COMMENT ON FUNCTION crmcost._find_order_since() IS
  'Has the news of a customer in refresh_customer begin with the first month of an order that changed.';

-- What became of the orders of closed months counts in the first open one, as
-- their money does: an order that was taken back since is one less there.
CREATE FUNCTION crmcost._order_changes(run crmcost._run)
  RETURNS TABLE (customer_id bigint, orders bigint)
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT customer_id, sum(n)::bigint
    FROM (
      SELECT o.customer_id, 1 AS n
      FROM customer_order o
      WHERE o.is_order AND o.month_start < run.open_month
            AND o.customer_id IN (SELECT c.customer_id
                                  FROM pg_temp.refresh_customer c)
      UNION ALL
      SELECT coalesce(p.party_id, m.customer_id), -m.orders
      FROM customer_month m
      LEFT JOIN pg_temp.refresh_party p ON p.customer_id = m.customer_id
      WHERE m.month_start < run.open_month AND m.orders <> 0
            AND m.customer_id IN (
              SELECT c.customer_id FROM pg_temp.refresh_customer c
              UNION
              SELECT p.customer_id FROM pg_temp.refresh_party p
              JOIN pg_temp.refresh_customer c ON c.customer_id = p.party_id)
    ) change
    JOIN pg_temp.refresh_customer USING (customer_id)
    GROUP BY customer_id
    HAVING sum(n) <> 0;
END
$$;

COMMENT ON FUNCTION crmcost._order_changes(crmcost._run) IS
  'By how many the orders of closed months are more now than those months say, of the customers of refresh_customer.';
