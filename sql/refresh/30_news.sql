-- Step news: whom and which months a refresh is about.
--
-- What is in table touched, and what the move of as_of brings in or takes out.
-- Rows of touched may outlive their refresh (_forget_news says why): then their
-- news is looked at once more.
CREATE FUNCTION crmcost._refresh_news(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  PERFORM crmcost._find_parties();
  IF run.whole THEN
    INSERT INTO pg_temp.refresh_customer
      SELECT c.customer_id, true FROM customer c;
  ELSE
    PERFORM crmcost._find_customers(run);
    PERFORM crmcost._find_account_members(run);
    PERFORM crmcost._find_since(run);
    PERFORM crmcost._find_lines_from(run);
    PERFORM crmcost._find_months(run);
  END IF;
  ANALYZE pg_temp.refresh_customer, pg_temp.refresh_party;
  RETURN 0;
END
$$;

COMMENT ON FUNCTION crmcost._refresh_news(crmcost._run) IS
  'First step of refresh: finds the customers and months whose facts changed.';

-- Merged customers, with the one who stays at the end of the chain.
CREATE FUNCTION crmcost._find_parties() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_party
    SELECT customer_id, merged_into FROM customer
    WHERE merged_into IS NOT NULL;
  LOOP
    UPDATE pg_temp.refresh_party p SET party_id = q.party_id
      FROM pg_temp.refresh_party q
      WHERE q.customer_id = p.party_id AND q.party_id <> p.customer_id;
    EXIT WHEN NOT FOUND;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._find_parties() IS
  'Fills refresh_party: for whom the facts of merged customers count.';

-- News as rows of customers (NULL for all with facts there) and days.
CREATE FUNCTION crmcost._news(run crmcost._run)
  RETURNS TABLE (relation text, customer_id bigint, from_on date,
                 before_on date)
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN QUERY
    SELECT n.relation, n.customer_id, n.from_on, n.before_on
    FROM (
      SELECT t.customer_id, t.relation, t.from_on, t.before_on FROM touched t
      UNION ALL
      SELECT NULL, k.relation,
             (least(run.upto, run.upto_before) AT TIME ZONE run.zone)::date,
             (greatest(run.upto, run.upto_before) AT TIME ZONE run.zone)::date
               + 1
      FROM (VALUES ('sale'), ('interaction'), ('customer'),
                   ('campaign_member')) AS k (relation)
      WHERE run.upto <> run.upto_before
    ) n;
END
$$;

COMMENT ON FUNCTION crmcost._news(crmcost._run) IS
  'Rows of touched, and the days that the move of as_of brought in or took out.';

-- of_contacts says whether contacts may be others than before, by an interaction or
-- by who the customer is: most news is of orders.
CREATE FUNCTION crmcost._find_customers(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  news record;
BEGIN
  INSERT INTO pg_temp.refresh_customer
    SELECT n.customer_id, bool_or(n.relation IN ('interaction', 'customer'))
    FROM crmcost._news(run) n
    WHERE n.customer_id IS NOT NULL
          AND n.relation <> 'loyalty_entry'     -- of step loyalty alone
    GROUP BY n.customer_id;
  FOR news IN
    SELECT n.relation, min(n.from_on) AS from_on, max(n.before_on) AS before_on
    FROM crmcost._news(run) n
    WHERE n.customer_id IS NULL
          AND n.relation IN ('sale', 'interaction', 'customer', 'fx_rate',
                             'campaign_member')
    GROUP BY n.relation
  LOOP
    EXECUTE format($query$
      INSERT INTO pg_temp.refresh_customer
        SELECT DISTINCT customer_id, %L::boolean FROM %I
        WHERE (%s)
        ON CONFLICT (customer_id) DO UPDATE SET of_contacts = true
          WHERE excluded.of_contacts
      $query$, news.relation IN ('interaction', 'customer'),
      CASE news.relation WHEN 'fx_rate' THEN 'sale' ELSE news.relation END,
      CASE news.relation
        WHEN 'customer' THEN
          'first_seen_at >= $1 AND first_seen_at < $2 OR acquired_at >= $1 AND acquired_at < $2'
        WHEN 'interaction' THEN 'occurred_at >= $1 AND occurred_at < $2'
        WHEN 'sale' THEN 'sold_at >= $1 AND sold_at < $2'
        WHEN 'campaign_member' THEN 'assigned_at >= $1 AND assigned_at < $2'
        ELSE 'sold_at >= $1 AND sold_at < $2 AND fx IS NULL AND currency <> $3'
      END)
      USING crmcost._midnight(news.from_on, run.zone),
            crmcost._midnight(news.before_on, run.zone),
            crmcost._setting(run.ledger, 'base_currency');
  END LOOP;
  PERFORM crmcost._find_due_customers(run);
  -- the store may hold rows of either party of a merger
  INSERT INTO pg_temp.refresh_customer
    SELECT p.party_id, bool_or(r.of_contacts)
    FROM pg_temp.refresh_party p
    JOIN pg_temp.refresh_customer r USING (customer_id)
    GROUP BY p.party_id
    ON CONFLICT (customer_id) DO UPDATE SET of_contacts = true
      WHERE excluded.of_contacts;
END
$$;

COMMENT ON FUNCTION crmcost._find_customers(crmcost._run) IS
  'Fills refresh_customer: the customers whose facts changed, and whether contacts are among these.';

-- A case is open until it is resolved, and what was promised is due one day.
CREATE FUNCTION crmcost._find_due_customers(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  first_at CONSTANT timestamptz := least(run.upto, run.upto_before);
  last_at CONSTANT timestamptz := greatest(run.upto, run.upto_before);
BEGIN
  INSERT INTO pg_temp.refresh_customer
    SELECT DISTINCT i.customer_id, true FROM interaction i
    WHERE i.resolved_at >= first_at AND i.resolved_at < last_at
          OR i.first_response_at >= first_at AND i.first_response_at < last_at
          OR i.due_at >= first_at AND i.due_at < last_at
    ON CONFLICT (customer_id) DO UPDATE SET of_contacts = true;
END
$$;

COMMENT ON FUNCTION crmcost._find_due_customers(crmcost._run) IS
  'Adds to refresh_customer those with a contact that is resolved, answered or due in the days that the move of as_of brought in or took out.';

-- A merger, or one that is taken back, moves facts of all months.
CREATE FUNCTION crmcost._parties_changed() RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN EXISTS (SELECT FROM touched t
                 WHERE t.relation = 'customer' AND t.customer_id IS NOT NULL
                       AND t.from_on = '-infinity');
END
$$;

COMMENT ON FUNCTION crmcost._parties_changed() IS
  'Whether some customer is news of all months: merged, or another party.';

-- Who the customer is concerns all months, and so does an account that converts as
-- one.  Of merged customers the news of each is that of the party.
CREATE FUNCTION crmcost._find_since(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  IF crmcost._converts_accounts(run.ledger) THEN
    RETURN;
  END IF;
  UPDATE pg_temp.refresh_customer c
    SET since = crmcost._month_of(coalesce(least(n.since, a.since), 'infinity'))
    FROM pg_temp.refresh_customer r
    LEFT JOIN (
      SELECT k.customer_id, min(CASE t.relation WHEN 'customer' THEN '-infinity'
                                  ELSE t.from_on END) AS since
      FROM touched t
      LEFT JOIN pg_temp.refresh_party p USING (customer_id)
      CROSS JOIN LATERAL (VALUES (t.customer_id), (p.party_id))
        AS k (customer_id)
      WHERE t.relation IN ('sale', 'interaction', 'customer')
      GROUP BY k.customer_id
    ) n USING (customer_id)
    CROSS JOIN (SELECT min(n.from_on) AS since
                FROM crmcost._news(run) n
                WHERE n.customer_id IS NULL
                      AND n.relation IN ('sale', 'interaction', 'customer',
                                         'fx_rate')) a
    WHERE r.customer_id = c.customer_id;
END
$$;

COMMENT ON FUNCTION crmcost._find_since(crmcost._run) IS
  'Finds the first month in which the facts of each customer of refresh_customer may be others than before; infinity for none.';

-- Orders without a line since the news are as the store has them, and need not be
-- read; but all are of merged customers, and of who lost a line, because the store
-- does not say which order had it.  In an open month may count what is of an earlier
-- one: a line that came late, and an order that no closed month has.
CREATE FUNCTION crmcost._find_lines_from(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  IF run.upto < run.upto_before THEN
    RETURN;
  END IF;
  UPDATE pg_temp.refresh_customer c SET lines_from = c.since
    WHERE c.customer_id NOT IN (
      SELECT t.customer_id FROM touched t
      WHERE t.relation = 'order'
      UNION ALL
      SELECT k.customer_id
      FROM pg_temp.refresh_party p
      CROSS JOIN LATERAL (VALUES (p.customer_id), (p.party_id))
        AS k (customer_id)
      UNION ALL
      SELECT s.customer_id FROM sale s
      WHERE s.sale_id = ANY (ARRAY(SELECT f.fact_id FROM late_fact f
                                   WHERE f.relation = 'sale'
                                         AND f.month_start IS NULL))
      UNION ALL
      SELECT o.customer_id FROM customer_order o
      WHERE o.month_start = run.open_month AND o.ordered_on < run.open_month);
END
$$;

COMMENT ON FUNCTION crmcost._find_lines_from(crmcost._run) IS
  'Finds from which day on the lines of each customer of refresh_customer are read: since his news, or all.';

-- Months of facts that are read anew, and months of cost that are: those with
-- news, those whose days as_of brought in, and for late facts the first open one,
-- also before it begins.
CREATE FUNCTION crmcost._find_months(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  last_month CONSTANT date := crmcost._month_of(greatest(run.day,
    run.open_month, crmcost._report_day(run.upto_before, run.zone)));
  first_month CONSTANT date := coalesce(crmcost._first_month(), 'infinity');
BEGIN
  INSERT INTO pg_temp.refresh_month
    SELECT DISTINCT greatest(m.month_start::date, run.open_month)
    FROM crmcost._news(run) n
    CROSS JOIN LATERAL generate_series(
      crmcost._month_of(greatest(n.from_on, first_month))::timestamp,
      crmcost._month_of(least(n.before_on - 1, last_month))::timestamp,
      '1 month') AS m (month_start)
    WHERE n.relation IN ('sale', 'interaction', 'customer', 'fx_rate')
          AND n.before_on > first_month;
  -- a lead that was acquired changes the month in which it was first seen
  INSERT INTO pg_temp.refresh_month
    SELECT DISTINCT greatest(crmcost._month_of(
             (c.first_seen_at AT TIME ZONE run.zone)::date), run.open_month)
    FROM customer c
    WHERE c.acquired_at >= least(run.upto, run.upto_before)
          AND c.acquired_at < greatest(run.upto, run.upto_before)
    ON CONFLICT (month_start) DO NOTHING;
  PERFORM crmcost._find_cost_months(run, first_month, last_month);
END
$$;

COMMENT ON FUNCTION crmcost._find_months(crmcost._run) IS
  'Fills refresh_month and refresh_cost_month: the open months with news.';

CREATE FUNCTION crmcost._find_cost_months(run crmcost._run, first_month date,
                                          last_month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  day_before CONSTANT date := crmcost._report_day(run.upto_before, run.zone);
BEGIN
  INSERT INTO pg_temp.refresh_cost_month
    SELECT DISTINCT greatest(m.month_start::date, run.open_month)
    FROM (
      SELECT n.from_on, n.before_on
      FROM crmcost._news(run) n
      WHERE n.relation IN ('cost_entry', 'fx_rate', 'driver_entry', 'driver',
                           'driver_blend', 'allocation_rule', 'tier',
                           'allocation_share', 'capacity')
            OR n.relation = 'classification'
               AND crmcost._weighs_tiers()
            -- new customers of a channel or campaign
            OR n.relation = 'customer' AND n.customer_id IS NOT NULL
               AND isfinite(n.from_on) AND crmcost._follows_channels()
      UNION ALL
      SELECT least(run.day, day_before), greatest(run.day, day_before) + 1
      WHERE run.upto <> run.upto_before
      UNION ALL
      -- what is booked on these days may be for others
      SELECT lower(e.covers), upper(e.covers)
      FROM cost_entry e
      WHERE e.covers IS NOT NULL
            AND e.incurred_on > least(run.day, day_before)
            AND e.incurred_on <= greatest(run.day, day_before)
      UNION ALL
      -- as may be what these rates turn into base currency
      SELECT lower(e.covers), upper(e.covers)
      FROM crmcost._news(run) r
      JOIN cost_entry e
        ON e.incurred_on >= r.from_on AND e.incurred_on < r.before_on
      WHERE r.relation = 'fx_rate' AND e.covers IS NOT NULL AND e.fx IS NULL
    ) n
    CROSS JOIN LATERAL generate_series(
      crmcost._month_of(greatest(n.from_on, first_month))::timestamp,
      crmcost._month_of(least(n.before_on - 1, last_month))::timestamp,
      '1 month') AS m (month_start)
    WHERE n.before_on > first_month;
END
$$;

COMMENT ON FUNCTION crmcost._find_cost_months(crmcost._run, date, date) IS
  'Fills refresh_cost_month, given the first and last month that there may be news of.';

CREATE FUNCTION crmcost._follows_channels() RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN EXISTS (SELECT FROM allocation_rule r
                 WHERE r.scope <> '' OR r.driver = 'attributed');
END
$$;

COMMENT ON FUNCTION crmcost._follows_channels() IS
  'Whether the cost of any allocation rule follows the channels or campaigns of customers.';

-- What changed before it is in touched, and has its day there.
CREATE FUNCTION crmcost._first_month() RETURNS date
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._month_of(least(
    (SELECT min(m.month_start) FROM customer_month m),
    (SELECT min(m.month_start) FROM cost_month m),
    -- leads alone have no month of a customer
    (SELECT min(d.day) FROM day_total d),
    (SELECT min(t.from_on) FROM touched t WHERE isfinite(t.from_on))));
END
$$;

COMMENT ON FUNCTION crmcost._first_month() IS
  'First month with a row of the store or with news.';

-- Rows of a table by customer that a step writes anew.
CREATE FUNCTION crmcost._rows_of_news(run crmcost._run) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN run.whole THEN 'true'
         ELSE 'old.customer_id = ANY (ARRAY(SELECT c.customer_id FROM pg_temp.refresh_customer c))'
       END;

COMMENT ON FUNCTION crmcost._rows_of_news(crmcost._run) IS
  'Condition on old that a row is of a customer with news.';

CREATE FUNCTION crmcost._rows_of_contacts(run crmcost._run) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN run.whole THEN 'true'
         ELSE 'old.customer_id = ANY (ARRAY(SELECT c.customer_id FROM pg_temp.refresh_customer c WHERE c.of_contacts))'
       END;

COMMENT ON FUNCTION crmcost._rows_of_contacts(crmcost._run) IS
  'Condition on old that a row is of a customer whose contacts may be others than before.';

CREATE FUNCTION crmcost._months_that_differ(target name, work_table name,
                                            scope text,
                                            apart_from name DEFAULT NULL)
  RETURNS date[]
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  months date[];
BEGIN
  EXECUTE (
    SELECT format($query$
      SELECT coalesce(array_agg(DISTINCT m.month_start), '{}')
      FROM pg_temp.%1$I new
      FULL JOIN (SELECT * FROM %2$I old WHERE %3$s) old ON %4$s
      CROSS JOIN LATERAL (VALUES (old.month_start), (new.month_start))
        AS m (month_start)
      WHERE (%5$s) AND m.month_start IS NOT NULL
      $query$, work_table, target, scope,
      string_agg(format('new.%1$I = old.%1$I', a.attname), ' AND ')
        FILTER (WHERE a.is_key),
      string_agg(format('new.%1$I IS DISTINCT FROM old.%1$I', a.attname),
                 ' OR ' ORDER BY a.is_key DESC))
    FROM crmcost._columns_of(target::regclass) a
    WHERE a.attname IS DISTINCT FROM apart_from) INTO months;
  RETURN months;
END
$$;

COMMENT ON FUNCTION crmcost._months_that_differ(name, name, text, name) IS
  'Months in which the rows of a table that a condition on old names are not those of a work table with the same columns, but for a column that may be named.';

-- For what is summed up after the table was written, which may be elsewhere.
CREATE FUNCTION crmcost._note_months(run crmcost._run, target name,
                                     work_table name, scope text,
                                     apart_from name DEFAULT NULL)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  IF NOT run.whole THEN
    INSERT INTO pg_temp.refresh_differing
      SELECT target, unnest(crmcost._months_that_differ(target, work_table,
                                                        scope, apart_from));
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._note_months(crmcost._run, name, name, text, name) IS
  'Notes in refresh_differing the months in which the rows of a table that a condition on old names are not those of a work table; not where everything is computed.';

CREATE FUNCTION crmcost._noted_months(run crmcost._run, target name)
  RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
#variable_conflict use_variable
BEGIN
  RETURN format('old.month_start >= %L', run.open_month)
         || CASE WHEN run.whole THEN ''
              ELSE format(' AND old.month_start = ANY (%L::date[])',
                          ARRAY(SELECT d.month_start
                                FROM pg_temp.refresh_differing d
                                WHERE d.target = target)) END;
END
$$;

COMMENT ON FUNCTION crmcost._noted_months(crmcost._run, name) IS
  'Condition on old that a row is of an open month in which a table differs, as it was noted.';
