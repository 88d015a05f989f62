-- Step loyalty: what became of the points of each customer and programme, and when
-- they expire (77_points.sql goes through the lots).  Books that do not add up stop
-- nothing: what could not be taken is a finding.
--
-- Accounts with news are those with entries that changed or that as_of brought in,
-- those of merged customers, and those of which points expired or became available
-- since the refresh before.
CREATE FUNCTION crmcost._customers_loyalty(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  scope text := 'true';
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF crmcost._all_points_are_news(run) THEN
    PERFORM crmcost._gather_points(run, 'true');
  ELSE
    scope := 'old.customer_id = ANY (ARRAY(SELECT c.customer_id FROM pg_temp.refresh_loyalty_customer c))';
    PERFORM crmcost._find_loyalty_customers(run);
    PERFORM crmcost._gather_points(run,
      'e.customer_id = ANY (ARRAY(SELECT customer_id FROM pg_temp.refresh_loyalty_customer
       UNION SELECT m.customer_id FROM pg_temp.refresh_party m
       JOIN pg_temp.refresh_loyalty_customer c ON c.customer_id = m.party_id))');
  END IF;
  PERFORM crmcost._name_lots();
  PERFORM crmcost._settle_points(run);
  RETURN crmcost._write_difference(run.ledger, 'loyalty_account',
    $query$
      SELECT a.customer_id, a.program_code, a.entries, a.first_entry_on,
             a.last_active_on, a.earned, a.adjusted, a.redeemed, a.reversed,
             (a.account).expired, (a.account).balance, (a.account).pending,
             (a.account).owed, (a.account).overdrawn, (a.account).unmatched,
             a.nameless, (a.account).next_expiry_at,
             (a.account).next_expiry_points, (a.account).next_available_at
      FROM pg_temp.refresh_account a
    $query$, scope)
    + crmcost._write_difference(run.ledger, 'loyalty_schedule', $query$
      SELECT a.customer_id, a.program_code, x.expires_at, x.points
      FROM pg_temp.refresh_account a
      CROSS JOIN LATERAL unnest(a.schedule) x
    $query$, scope);
END
$$;

COMMENT ON FUNCTION crmcost._customers_loyalty(crmcost._run) IS
  'Writes loyalty_account and loyalty_schedule; returns the rows changed.';

CREATE FUNCTION crmcost._groups_loyalty(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  RETURN crmcost._write_findings(run,
    '{points_overdrawn,points_reversed_without_lot,points_reversed_unearned,points_owed}',
    crmcost._sum_of_parts(run, 'quality_finding',
                          crmcost._loyalty_findings()), 'true');
END
$$;

COMMENT ON FUNCTION crmcost._groups_loyalty(crmcost._run) IS
  'Writes the findings about points; returns the rows changed.';

CREATE FUNCTION crmcost._refresh_loyalty(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._customers_loyalty(run) + crmcost._groups_loyalty(run);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_loyalty(crmcost._run) IS
  'Step of refresh: loyalty_account and loyalty_schedule, and findings about them; returns the rows changed.';

CREATE FUNCTION crmcost._find_loyalty_customers(run crmcost._run)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_loyalty_customer
      SELECT DISTINCT coalesce(p.party_id, n.customer_id)
      FROM (
        SELECT e.customer_id FROM loyalty_entry e WHERE %s
        UNION ALL
        -- whose entries changed, and who was merged or is no more
        SELECT t.customer_id FROM touched t
        WHERE t.relation IN ('loyalty_entry', 'customer')
              AND t.customer_id IS NOT NULL
        UNION ALL
        SELECT a.customer_id FROM loyalty_account a
        WHERE least(a.next_expiry_at, a.next_available_at) <= $1
      ) n
      LEFT JOIN pg_temp.refresh_party p USING (customer_id)
    $query$, crmcost._points_of_days(run)) USING run.upto;
  -- who was merged has no account any more
  INSERT INTO pg_temp.refresh_loyalty_customer
    SELECT DISTINCT t.customer_id FROM touched t
    WHERE t.relation = 'customer' AND t.customer_id IS NOT NULL
    ON CONFLICT (customer_id) DO NOTHING;
  ANALYZE pg_temp.refresh_loyalty_customer;
END
$$;

COMMENT ON FUNCTION crmcost._find_loyalty_customers(crmcost._run) IS
  'Fills refresh_loyalty_customer: whose points are gone through.';

CREATE FUNCTION crmcost._gather_points(run crmcost._run, condition text)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_points
      SELECT coalesce(p.party_id, e.customer_id), e.program_code,
             e.occurred_at, e.kind, e.points, nullif(e.expires_at, 'infinity'),
             e.available_at, e.lot, e.order_ref, false
      FROM loyalty_entry e
      LEFT JOIN pg_temp.refresh_party p ON p.customer_id = e.customer_id
      WHERE e.occurred_at < $1 AND %s
    $query$, condition) USING run.upto;
  -- points of an order on which points were redeemed
  UPDATE pg_temp.refresh_points g SET gives_back = true
    FROM pg_temp.refresh_points r
    WHERE g.kind = 'adjust' AND g.points > 0 AND g.order_ref IS NOT NULL
          AND r.kind = 'redeem' AND r.order_ref = g.order_ref
          AND r.customer_id = g.customer_id
          AND r.program_code = g.program_code;
END
$$;

COMMENT ON FUNCTION crmcost._gather_points(crmcost._run, text) IS
  'Fills refresh_points with the entries that a condition on e names.';

-- A lot goes by its own name, else by that of its order.  Where that order is taken
-- back by its number (lot_order), its lots go by that, whatever their own names are.
CREATE FUNCTION crmcost._lot_name(kind text, lot text, order_ref text,
                                  lot_order text)
  RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce('order ' || lot_order, 'lot ' || lot,
                CASE WHEN kind IN ('earn', 'reverse')
                  THEN 'order ' || order_ref END);

COMMENT ON FUNCTION crmcost._lot_name(text, text, text, text) IS
  'By what points_balance knows the lot that an entry is, or is of; NULL for none.';

CREATE FUNCTION crmcost._lots_of_orders(source text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN format($query$
  SELECT l.customer_id, l.program_code, l.lot, l.order_ref AS lot_order,
         l.is_alone
  FROM (SELECT e.customer_id, e.program_code, e.lot, e.order_ref,
               count(*) OVER (PARTITION BY e.customer_id, e.program_code,
                                           e.lot) = 1 AS is_alone
        FROM %1$s e
        WHERE e.kind = 'earn' AND e.lot IS NOT NULL
        GROUP BY e.customer_id, e.program_code, e.lot, e.order_ref) l
  JOIN (SELECT DISTINCT customer_id, program_code, order_ref FROM %1$s
        WHERE kind = 'reverse' AND lot IS NULL) r
    USING (customer_id, program_code, order_ref)
$query$, source);

COMMENT ON FUNCTION crmcost._lots_of_orders(text) IS
  'Query of the named lots of orders that are taken back by their number, with it, and whether the name is of no other order.';

-- Of a name that several orders share, what each of them earned goes by that order.
CREATE FUNCTION crmcost._goes_by_order(kind text, order_ref text,
                                       lot_order text, is_alone boolean)
  RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN is_alone OR kind = 'earn' AND order_ref = lot_order;

COMMENT ON FUNCTION crmcost._goes_by_order(text, text, text, boolean) IS
  'Whether an entry with the name of a lot of _lots_of_orders goes by the order.';

CREATE FUNCTION crmcost._name_lots() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  ANALYZE pg_temp.refresh_points;
  EXECUTE format($query$
    UPDATE pg_temp.refresh_points e SET lot_order = l.lot_order
      FROM (%s) l
      WHERE l.customer_id = e.customer_id AND l.program_code = e.program_code
            AND l.lot = e.lot
            AND crmcost._goes_by_order(e.kind, e.order_ref, l.lot_order,
                                       l.is_alone)
    $query$, crmcost._lots_of_orders('pg_temp.refresh_points'));
END
$$;

COMMENT ON FUNCTION crmcost._name_lots() IS
  'Lets the lots of orders that are taken back go by the order, in refresh_points.';

-- What is redeemed, and taken away without a name, takes the points that are spent
-- first.
CREATE FUNCTION crmcost._settle_points(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_account
    SELECT e.customer_id, e.program_code, count(*),
           (min(e.occurred_at) AT TIME ZONE run.zone)::date,
           (max(e.occurred_at) FILTER (WHERE e.kind IN ('earn', 'redeem'))
              AT TIME ZONE run.zone)::date,
           coalesce(sum(e.points) FILTER (WHERE e.kind = 'earn'), 0),
           coalesce(sum(e.points) FILTER (WHERE e.kind = 'adjust'
                                                AND NOT e.gives_back), 0),
           coalesce(-sum(e.points) FILTER (WHERE e.kind = 'redeem'
                                                 OR e.gives_back), 0),
           coalesce(-sum(e.points) FILTER (WHERE e.kind = 'reverse'), 0),
           count(*) FILTER (WHERE e.kind = 'reverse' AND e.lot IS NULL
                                  AND e.order_ref IS NULL),
           crmcost._points_account(e.points, e.occurred_at, e.expires_at,
                                   e.available_at, e.name, run.upto, p.burn),
           crmcost._points_schedule(e.points, e.occurred_at, e.expires_at,
                                    e.available_at, e.name, run.upto, p.burn)
    FROM pg_temp.refresh_points e
    JOIN loyalty_program p ON p.code = e.program_code
    GROUP BY e.customer_id, e.program_code;
END
$$;

COMMENT ON FUNCTION crmcost._settle_points(crmcost._run) IS
  'Fills refresh_account: what became of the points in refresh_points.';

CREATE FUNCTION crmcost._loyalty_findings() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $query$
  SELECT f.check_name, '-infinity'::date AS month_start, f.severity, f.rows,
         NULL::numeric AS amount, f.words
  FROM (
    SELECT count(*) FILTER (WHERE overdrawn > 0) AS overdrawn,
           crmcost._first_words(ARRAY['points_overdrawn', customer_id::text, program_code,
                     trim_scale(overdrawn)::text])
             FILTER (WHERE overdrawn > 0) AS overdrawn_words,
           sum(nameless)::bigint AS nameless,
           crmcost._first_words(ARRAY['points_without_lot', customer_id::text, program_code])
             FILTER (WHERE nameless > 0) AS nameless_words,
           count(*) FILTER (WHERE unmatched > 0) AS unmatched,
           crmcost._first_words(ARRAY['points_unearned', customer_id::text, program_code,
                     trim_scale(unmatched)::text])
             FILTER (WHERE unmatched > 0) AS unmatched_words,
           count(*) FILTER (WHERE owed > 0) AS owed,
           crmcost._first_words(ARRAY['points_owed', customer_id::text, program_code,
                     trim_scale(owed)::text])
             FILTER (WHERE owed > 0) AS owed_words
    FROM loyalty_account
  ) a
  CROSS JOIN LATERAL (VALUES
    ('points_overdrawn', 'error', a.overdrawn, a.overdrawn_words),
    ('points_reversed_without_lot', 'warning', a.nameless, a.nameless_words),
    ('points_reversed_unearned', 'error', a.unmatched, a.unmatched_words),
    ('points_owed', 'info', a.owed, a.owed_words)
  ) AS f (check_name, severity, rows, words)
  WHERE f.rows > 0
$query$;

COMMENT ON FUNCTION crmcost._loyalty_findings() IS
  'Query of the findings about points in loyalty_account.';
