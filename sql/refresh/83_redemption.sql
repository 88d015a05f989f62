-- Step redemption: what points cost is booked when they are redeemed, once, as cost
-- of the customer on the category that the programme names, with what a point
-- costs then: what a point costs later changes no booking.
--
-- The booking is an entry of source loyalty whose source_ref is the number of the
-- redemption; where there is one already, whoever made it, none is made.  Points
-- given back take back what was booked of a point of the redemption.  It comes
-- before the other steps, for which it is a cost like others.
CREATE FUNCTION crmcost._refresh_redemption(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  RETURN crmcost._book_redemptions(
    run.ledger, crmcost._points_of_news(run), run.upto);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_redemption(crmcost._run) IS
  'First step of refresh: books redemptions in cost_entry; returns the rows written.';

-- The search path is the caller's, with the ledger first.
CREATE FUNCTION crmcost._all_points_are_news(run crmcost._run) RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN run.whole OR run.upto < run.upto_before
         OR EXISTS (SELECT FROM touched t
                    WHERE t.relation = 'loyalty_program'
                          OR t.relation = 'loyalty_entry'
                             AND t.customer_id IS NULL
                             AND NOT isfinite(t.from_on));
END
$$;

COMMENT ON FUNCTION crmcost._all_points_are_news(crmcost._run) IS
  'Whether all points are gone through: in a full refresh, one that goes back, and after a change of programmes.';

CREATE FUNCTION crmcost._points_of_days(run crmcost._run) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
DECLARE
  many record;
BEGIN
  SELECT min(t.from_on) AS from_on, max(t.before_on) AS before_on INTO many
    FROM touched t
    WHERE t.relation = 'loyalty_entry' AND t.customer_id IS NULL;
  RETURN format('e.occurred_at >= %L AND e.occurred_at < %L',
    least(run.upto_before, crmcost._midnight(many.from_on, run.zone)),
    greatest(run.upto, crmcost._midnight(many.before_on, run.zone)));
END
$$;

COMMENT ON FUNCTION crmcost._points_of_days(crmcost._run) IS
  'Condition on e that a loyalty entry is of the days that as_of brought in or took out, or that many came for.';

CREATE FUNCTION crmcost._points_of_news(run crmcost._run) RETURNS text
  LANGUAGE sql STABLE PARALLEL UNSAFE
RETURN CASE WHEN crmcost._all_points_are_news(run) THEN 'true'
  ELSE '(e.customer_id, e.occurred_at, e.entry_id) IN (SELECT e.customer_id, e.occurred_at, e.entry_id
       FROM loyalty_entry e WHERE e.customer_id = ANY (ARRAY(SELECT t.customer_id FROM touched t
       WHERE t.relation = ''loyalty_entry'' AND t.customer_id IS NOT NULL))
       UNION SELECT e.customer_id, e.occurred_at, e.entry_id FROM loyalty_entry e WHERE '
       || crmcost._points_of_days(run) || ')'
  END;

COMMENT ON FUNCTION crmcost._points_of_news(crmcost._run) IS
  'Condition on e that a loyalty entry may be new, or of a customer whose points changed.';

-- While a month is being closed, what was redeemed in it is not late only because
-- it is booked now: so the triggers of cost_entry are not told of the closing, in
-- this transaction.
CREATE FUNCTION crmcost._book_redemptions(ledger name, condition text,
                                          upto timestamptz)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  closing date;
  booked bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  UPDATE refresh_state s SET closing_before = NULL
    FROM refresh_state was
    WHERE s.closing_before IS NOT NULL
    RETURNING was.closing_before INTO closing;
  booked := crmcost._book_points(ledger, upto, condition, 'p.cost_category',
    '-e.points * p.point_cost', 'p.currency', $query$
      JOIN loyalty_program p
        ON p.code = e.program_code AND p.cost_category IS NOT NULL
           AND e.kind = 'redeem'
    $query$);
  booked := booked + crmcost._book_points(ledger, upto, condition,
    'r.category_code', '-e.points * r.amount / -r.points', 'r.currency', $query$
      JOIN LATERAL (
        SELECT k.category_code, k.amount, k.currency, r.points
        FROM loyalty_entry r
        JOIN cost_entry k
          ON k.source = 'loyalty' AND k.source_ref = r.entry_id::text
        WHERE r.customer_id = e.customer_id AND r.kind = 'redeem'
              AND r.program_code = e.program_code
              AND r.order_ref = e.order_ref
        ORDER BY r.occurred_at, r.entry_id LIMIT 1
      ) r ON e.kind = 'adjust' AND e.points > 0
    $query$);
  UPDATE refresh_state SET closing_before = closing WHERE closing IS NOT NULL;
  RETURN booked;
END
$$;

COMMENT ON FUNCTION crmcost._book_redemptions(name, text, timestamptz) IS
  'Books what points redeemed before an instant cost, of the entries that a condition on e names; returns the rows written.';

-- The search path is the caller's, with the ledger first.
CREATE FUNCTION crmcost._book_points(ledger name, upto timestamptz,
                                     condition text, category text,
                                     amount text, currency text, joined text)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  booked bigint;
BEGIN
  EXECUTE format($query$
    INSERT INTO cost_entry (category_code, incurred_on, amount, currency,
                            customer_id, quantity, unit, source, source_ref)
      SELECT %1$s, (e.occurred_at AT TIME ZONE $2)::date, round(%2$s, 4), %3$s,
             e.customer_id, -e.points, 'point', 'loyalty', e.entry_id::text
      FROM loyalty_entry e
      %4$s
      WHERE NOT EXISTS (SELECT FROM customer c
                        WHERE c.customer_id = e.customer_id
                              AND c.erased_at IS NOT NULL)
            AND e.occurred_at < $1 AND e.occurred_at >= '1900-01-02' AND %5$s
            AND NOT EXISTS (SELECT FROM cost_entry old
                            WHERE old.source = 'loyalty'
                                  AND old.source_ref = e.entry_id::text %6$s)
      ORDER BY e.entry_id
    $query$, category, amount, currency, joined, condition,
    -- of few entries each is asked for by its key: OFFSET 0 keeps it from being a join
    CASE WHEN condition <> 'true' THEN 'OFFSET 0' END)
    USING upto, crmcost._setting(ledger, 'timezone');
  GET DIAGNOSTICS booked = ROW_COUNT;
  IF booked > 0 THEN
    PERFORM crmcost._send_new(ledger, 'cost_entry', 'cost_id');
  END IF;
  RETURN booked;
END
$$;

COMMENT ON FUNCTION crmcost._book_points(name, timestamptz, text, text, text, text, text) IS
  'Books loyalty entries that were not booked, with category, amount and currency as expressions on e and what is joined to it.';
