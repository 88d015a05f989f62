-- Step tier: what the tier schemes say at the end of each month, and on the report
-- day.  A row is written where the answer changes.  So the history depends on the
-- facts alone, not on when refresh ran: from the first month that changed it is
-- found anew, and the rows of a report day in the middle of a month go with the
-- next refresh.
--
-- A person's row is respected: it stands until the answer of the rule changes.
-- To tell a change, the rule's first answer about a customer who is there by
-- hand is dated just before that row; its evidence has when it was given.
--
-- Who has left a scheme gets the code none: the last order was taken back, or
-- the tier went.  Schemes by hand and unsound ones stay as they are.
CREATE FUNCTION crmcost._refresh_tier(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  schemes CONSTANT text[] := crmcost._ruled_schemes(run.ledger);
  scheme text;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  FOREACH scheme IN ARRAY crmcost._unsound_schemes(run.ledger) LOOP
    RAISE WARNING 'tier scheme "%" cannot be applied: its tiers stay as they were',
                  scheme
      USING HINT = 'View data_quality names what is wrong: tier_bounds_out_of_order or tiers_of_mixed_basis.';
  END LOOP;
  PERFORM crmcost._find_tiers(run, schemes, crmcost._month_of(run.day));
  RETURN crmcost._write_on_workers(run, 'classification', format(
      'SELECT crmcost._write_tiers($1, %L)', schemes))
    + crmcost._write_tier_threshold(run);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_tier(crmcost._run) IS
  'Step of refresh: tiers in classification, and tier_threshold; returns the rows changed.';

CREATE FUNCTION crmcost._write_tiers(run crmcost._run, schemes text[])
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'classification', $query$
      SELECT customer_id, dimension, entered_at, code, evidence,
             true AS by_rule
      FROM pg_temp.refresh_tier_row
    $query$, crmcost._tier_scope(run, schemes,
      crmcost._midnight((SELECT (min(m.month_start)
                                 + interval '1 month')::date
                         FROM pg_temp.refresh_tier_month m), run.zone)),
    NOT run.whole);
END
$$;

COMMENT ON FUNCTION crmcost._write_tiers(crmcost._run, text[]) IS
  'Writes the rows of refresh_tier_row to classification; returns the rows changed.';

-- Rows of the rule since the first month, those that were dated back, and those that
-- new ones take the place of.  Whose last row is older has none of them, but for who
-- was merged or set by hand, or is no more: they are asked for first.
CREATE FUNCTION crmcost._tier_scope(run crmcost._run, schemes text[],
                                    since timestamptz)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format(
  'old.by_rule AND old.dimension = ANY (%1$L::text[])%3$s AND (old.entered_at > %2$L
   OR old.evidence ? ''answered_at''
   AND crmcost._answered_at(old.entered_at, old.evidence) > %2$L
   OR (old.customer_id, old.dimension, old.entered_at) IN (SELECT r.customer_id, r.dimension, r.entered_at
   FROM pg_temp.refresh_tier_row r WHERE r.entered_at <= %2$L))',
  schemes, since,
  CASE WHEN run.whole THEN ''
    ELSE pg_catalog.format('
        AND old.customer_id = ANY (ARRAY(SELECT c.customer_id
        FROM customer_class c WHERE c.entered_at > %1$L
        AND c.dimension = ANY (%2$L::text[]) UNION SELECT r.customer_id
        FROM pg_temp.refresh_tier_row r WHERE r.entered_at <= %1$L UNION
        SELECT h.customer_id FROM classification h WHERE NOT h.by_rule UNION
        SELECT p.customer_id FROM pg_temp.refresh_party p
        UNION SELECT t.customer_id FROM touched t
        WHERE t.relation IN (''customer'', ''classification'')))',
                         since, schemes)
  END);

COMMENT ON FUNCTION crmcost._tier_scope(crmcost._run, text[], timestamptz) IS
  'Condition on old that a row of classification is one of the rule that is found anew.';

-- Month ends up to that of a month, or the report day, as far as they are not done
-- yet.  The step cost asks for them too, where the tier that held when a month
-- began weighs in it.
CREATE FUNCTION crmcost._find_tiers(run crmcost._run, schemes text[],
                                    upto_month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  done CONSTANT date := (SELECT max(m.month_start)
                         FROM pg_temp.refresh_tier_month m);
  first_month CONSTANT date := coalesce(done + interval '1 month',
                                        crmcost._first_tier_month(run));
  month date;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF done IS NULL THEN
    -- what was told up to here stays; later rows are found anew
    INSERT INTO pg_temp.refresh_tier_month
      VALUES ((first_month - interval '1 month')::date);
  END IF;
  IF NOT crmcost._is_distributed(run.ledger) THEN
    PERFORM crmcost._find_months_tiers(run, schemes, first_month, upto_month);
    RETURN;
  END IF;
  IF done IS NULL THEN
    PERFORM crmcost._tell_table(run.ledger, 'refresh_tier_month');
  END IF;
  IF first_month <= upto_month THEN
    PERFORM crmcost._call_parts(run, format(
      'SELECT crmcost._sum_tiers($1, %L, %L)', schemes, first_month));
  END IF;
  FOR month IN
    SELECT m::date FROM generate_series(first_month::timestamp,
                                        upto_month::timestamp, '1 month') AS m
  LOOP
    PERFORM crmcost._call_parts(run, format(
      'SELECT crmcost._find_month_tiers($1, %L, %L, %L, %L)', schemes,
      month, crmcost._tier_bounds(run, schemes, month),
      CASE WHEN month < upto_month THEN (month + interval '1 month')::date
      END));
    INSERT INTO pg_temp.refresh_tier_month VALUES (month);
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._find_tiers(crmcost._run, text[], date) IS
  'Fills refresh_tier_row up to the end of a month.';

-- The dimensions that rules decide.  A scheme that has no tier any more is one of
-- them as long as its rows say something else than none.
CREATE FUNCTION crmcost._ruled_schemes(ledger name) RETURNS text[]
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  unsound CONSTANT text[] := crmcost._unsound_schemes(ledger);
  told text[];
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  -- of a distributed ledger there is no copy yet
  EXECUTE format('SELECT array_agg(d.dimension)
                  FROM (SELECT DISTINCT c.dimension FROM %I.customer_class c
                        WHERE c.by_rule) d', ledger) INTO told;
  RETURN ARRAY(
    SELECT k.scheme
    FROM (SELECT t.scheme FROM tier t
          UNION SELECT u FROM unnest(told) AS u) k
    WHERE k.scheme NOT IN ('stage', 'owner', 'invalid')
          AND k.scheme <> ALL (unsound)
          AND NOT EXISTS (SELECT FROM tier t
                          WHERE t.scheme = k.scheme AND t.basis = 'manual')
    ORDER BY 1);
END
$$;

COMMENT ON FUNCTION crmcost._ruled_schemes(name) IS
  'Tier schemes that refresh decides.';

-- The same that data_quality calls tier_bounds_out_of_order and
-- tiers_of_mixed_basis.
CREATE FUNCTION crmcost._unsound_schemes(ledger name) RETURNS text[]
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
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

-- Of a distributed ledger there is no copy of the months.
CREATE FUNCTION crmcost._first_customer_month(ledger name) RETURNS date
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  first_month date;
BEGIN
  EXECUTE format('SELECT min(m.month_start) FROM %I.customer_month m', ledger)
    INTO first_month;
  RETURN first_month;
END
$$;

COMMENT ON FUNCTION crmcost._first_customer_month(name) IS
  'First month of customer_month.';

-- The first month whose end is to be looked at: the first one that changed, else
-- that of the report day, and no month that a former refresh has not reached.
CREATE FUNCTION crmcost._first_tier_month(run crmcost._run) RETURNS date
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  RETURN least(
    crmcost._month_of(run.day),
    crmcost._month_of(crmcost._report_day(run.upto_before, run.zone)),
    (SELECT min(m.month_start) FROM pg_temp.refresh_cost_month m),
    -- an order of a closed month counts there, but its day may have moved
    crmcost._month_of(crmcost._first_order_change()),
    CASE WHEN run.whole THEN crmcost._first_customer_month(run.ledger) END,
    (SELECT CASE WHEN isfinite(f.month_start) THEN f.month_start END
     -- without such news there is no row, and so no month
     FROM (SELECT min(greatest(crmcost._month_of(n.from_on),
                               crmcost._first_customer_month(run.ledger)))
           FROM crmcost._news(run) n
           -- a merger joins two histories
           WHERE n.relation IN ('tier', 'classification')
                 OR n.relation = 'customer' AND n.from_on = '-infinity')
       AS f (month_start)));
END
$$;

COMMENT ON FUNCTION crmcost._first_tier_month(crmcost._run) IS
  'First month at whose end tiers are found anew.';
