-- Step funnel: which steps of the funnels customers entered, and when they were in
-- a later one.
--
-- A customer enters a step with the first event of its kind: the first of the first
-- month that has one, so that what comes late for a closed month makes nobody enter
-- twice.  Nor does he whose order of a closed month is taken back since: that month
-- has him for ever.  A step may be entered without those before it.
--
-- customer_funnel follows the customers with news; funnel_month is summed up from
-- it for the months in which one of its rows is another.
CREATE FUNCTION crmcost._customers_funnel(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF NOT EXISTS (SELECT FROM funnel_step)
     AND NOT EXISTS (SELECT FROM customer_funnel) THEN
    RETURN 0;
  END IF;
  PERFORM crmcost._find_funnel_events(run);
  PERFORM crmcost._find_funnel_entries();
  PERFORM crmcost._note_months(run, 'customer_funnel', 'refresh_funnel',
                               crmcost._rows_of_news(run));
  RETURN crmcost._write_difference(run.ledger, 'customer_funnel',
    'SELECT * FROM pg_temp.refresh_funnel', crmcost._rows_of_news(run));
END
$$;

COMMENT ON FUNCTION crmcost._customers_funnel(crmcost._run) IS
  'Writes customer_funnel; returns the rows changed.';

CREATE FUNCTION crmcost._groups_funnel(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  months CONSTANT text := crmcost._noted_months(run, 'customer_funnel');
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF NOT EXISTS (SELECT FROM funnel_step)
     AND NOT EXISTS (SELECT FROM funnel_month) THEN
    RETURN 0;
  END IF;
  RETURN crmcost._write_difference(run.ledger, 'funnel_month',
    'SELECT * FROM ' || crmcost._of_groups(run, 'dealt_entry',
    'q.month_start - date ''epoch''', format(
      'SELECT old.month_start, old.funnel, old.channel_code, old.position, old.passed_days FROM customer_funnel old WHERE %s',
      months), $query$
      SELECT month_start, funnel,
             coalesce(channel_code, '(all)') AS channel_code,
             position, count(*) AS entered,
             count(passed_days) AS passed,
             round((percentile_cont(0.5) WITHIN GROUP
                      (ORDER BY passed_days::float8))::numeric, 6)
               AS median_days
      FROM %s old
      GROUP BY GROUPING SETS
        ((month_start, funnel, channel_code, position),
         (month_start, funnel, position))
    $query$) || ' entered', months);
END
$$;

COMMENT ON FUNCTION crmcost._groups_funnel(crmcost._run) IS
  'Writes funnel_month of the months in which customer_funnel differed; returns the rows changed.';

CREATE FUNCTION crmcost._refresh_funnel(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._customers_funnel(run) + crmcost._groups_funnel(run);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_funnel(crmcost._run) IS
  'Step of refresh: customer_funnel and funnel_month; returns the rows changed.';

-- What takes the customers with news into steps.
CREATE FUNCTION crmcost._find_funnel_events(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_funnel_event
    SELECT c.customer_id, s.funnel, s.position, c.month_start, c.occurred_at,
           c.channel_code
    FROM pg_temp.refresh_contact c
    JOIN pg_temp.refresh_customer USING (customer_id)
    JOIN funnel_step s
      ON s.kind = c.kind AND (s.subtype IS NULL OR s.subtype = c.subtype)
    WHERE NOT c.is_technical;
  IF EXISTS (SELECT FROM funnel_step WHERE kind = 'order') THEN
    INSERT INTO pg_temp.refresh_funnel_event
      SELECT o.customer_id, s.funnel, s.position, o.month_start,
             o.ordered_at, o.channel_code
      FROM customer_order o
      JOIN pg_temp.refresh_customer USING (customer_id)
      JOIN customer c USING (customer_id)
      JOIN funnel_step s ON s.kind = 'order'
      WHERE o.is_order AND c.source <> 'anon';
    INSERT INTO pg_temp.refresh_funnel_event
      SELECT f.party_id, f.funnel, f.position, f.month_start, f.entered_at,
             f.channel_code
      -- the store may hold the entry of who was merged since
      FROM (SELECT coalesce(p.party_id, f.customer_id) AS party_id, f.funnel,
                   f.position, f.month_start, f.entered_at, f.channel_code
            FROM customer_funnel f
            JOIN pg_temp.refresh_customer USING (customer_id)
            LEFT JOIN pg_temp.refresh_party p USING (customer_id)) f
      JOIN funnel_step s
        ON s.funnel = f.funnel AND s.position = f.position AND s.kind = 'order'
      WHERE f.month_start < run.open_month
            -- else the step is another one since
            AND EXISTS (SELECT FROM customer_order o
                        WHERE o.customer_id = f.party_id AND NOT o.is_order)
            AND NOT EXISTS (SELECT FROM customer_order o
                            WHERE o.customer_id = f.party_id AND o.is_order
                                  AND o.month_start <= f.month_start);
  END IF;
  IF EXISTS (SELECT FROM funnel_step
             WHERE kind IN ('lead', 'acquisition')) THEN
    INSERT INTO pg_temp.refresh_funnel_event
      SELECT e.customer_id, s.funnel, s.position, e.month_start,
             CASE WHEN e.is_acquisition THEN c.acquired_at
               ELSE c.first_seen_at END,
             e.channel_code
      FROM crmcost._party_events(run.ledger, run.upto, run.zone,
                                 run.open_month, NOT run.whole) e
      JOIN customer c USING (customer_id)
      JOIN funnel_step s
        ON s.kind = CASE WHEN e.is_acquisition THEN 'acquisition'
                      ELSE 'lead' END;
  END IF;
  ANALYZE pg_temp.refresh_funnel_event;
END
$$;

COMMENT ON FUNCTION crmcost._find_funnel_events(crmcost._run) IS
  'Fills refresh_funnel_event: what takes the customers with news into steps of funnels.';

CREATE FUNCTION crmcost._find_funnel_entries() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_funnel
    WITH entry AS (
      SELECT DISTINCT ON (customer_id, funnel, position)
             customer_id, funnel, position, month_start, at
      FROM pg_temp.refresh_funnel_event
      ORDER BY customer_id, funnel, position, month_start, at
    ),
    way AS (
      SELECT DISTINCT ON (customer_id, funnel)
             customer_id, funnel, channel_code
      FROM pg_temp.refresh_funnel_event
      ORDER BY customer_id, funnel, month_start, at, position, channel_code
    )
    SELECT n.customer_id, n.funnel, n.position, n.month_start, w.channel_code,
           n.at,
           round(extract(epoch FROM min(later.at) - n.at) / 86400, 6)
    FROM entry n
    JOIN way w USING (customer_id, funnel)
    LEFT JOIN pg_temp.refresh_funnel_event later
      ON later.customer_id = n.customer_id AND later.funnel = n.funnel
         AND later.position > n.position AND later.at >= n.at
    GROUP BY n.customer_id, n.funnel, n.position, n.month_start,
             w.channel_code, n.at;
END
$$;

COMMENT ON FUNCTION crmcost._find_funnel_entries() IS
  'Fills refresh_funnel from refresh_funnel_event: the steps that customers entered, and when they went on.';
