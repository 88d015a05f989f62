-- Step service: what became of cases, and what they cost, month by month, over all
-- and by channel, product, team, service level, kind, agent and phase; by tier
-- too, for which the tier at the end of the month counts.
--
-- Made anew are the months in which cases or work differ, for cost also those whose
-- cost was; by tier besides those from which on tiers were (70_tier_month.sql).
CREATE FUNCTION crmcost._refresh_service(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  case_months text;
  cost_months text;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  case_months := crmcost._service_months(run, false);
  cost_months := crmcost._service_months(run, true);
  PERFORM crmcost._find_service_events(case_months);
  PERFORM crmcost._find_service_pools(cost_months);
  PERFORM crmcost._find_service_rates(cost_months);
  PERFORM crmcost._find_held_months(run);
  PERFORM crmcost._sum_service(run);
  PERFORM crmcost._sum_service_cost(run, cost_months);
  RETURN crmcost._write_difference(run.ledger, 'service_month',
           'SELECT * FROM pg_temp.refresh_service_sum',
           format(case_months, 'old.month_start'))
         + crmcost._write_difference(run.ledger, 'service_cost_month',
           'SELECT * FROM pg_temp.refresh_service_cost',
           format(cost_months, 'old.month_start'))
         + crmcost._write_difference(run.ledger, 'product_case_month',
           crmcost._product_case_query(cost_months),
           format(cost_months, 'old.month_start'))
         + crmcost._write_products_sold(run)
         + crmcost._write_care_month(run);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_service(crmcost._run) IS
  'Step of refresh: service_month, service_cost_month, product_case_month, product_sold_month and care_month; returns the rows changed.';

-- Condition on %1$s that a month is to be summed up.  Tiers of a month may change
-- without any news of service: then all from there on.
CREATE FUNCTION crmcost._service_months(run crmcost._run, of_cost boolean)
  RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  IF run.whole THEN
    RETURN format('%%1$s >= %L', run.open_month);
  END IF;
  RETURN format('(%%1$s >= %L AND (%%1$s >= %L OR %%1$s = ANY (%L::date[])))',
    run.open_month,
    coalesce((SELECT (min(m.month_start) + interval '1 month')::date
              FROM pg_temp.refresh_tier_month m), 'infinity'),
    ARRAY(SELECT m.month_start FROM pg_temp.refresh_case_month m
          UNION SELECT m.month_start FROM pg_temp.refresh_cost_month m
                WHERE of_cost));
END
$$;

COMMENT ON FUNCTION crmcost._service_months(crmcost._run, boolean) IS
  'Condition on %1$s, to be formatted, that a month is one whose sums of service, or their cost, are made anew.';

-- Dimensions, and where a row has its code.
CREATE FUNCTION crmcost._service_dimensions(OUT dimension text, OUT code text,
                                            OUT of_cost boolean)
  RETURNS SETOF record
  LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 8
BEGIN ATOMIC
  SELECT d.dimension, d.code, d.of_cost
  FROM (VALUES ('(all)'::text, '''(all)'''::text, true),
               ('(channel)', 'c.channel_code', true),
               ('(product)', 'c.product_code', true),
               ('(team)', 'c.team', true),
               ('(service_level)', 'c.service_level', true),
               ('(kind)', 'c.kind', true),
               ('(agent)', 'c.agent_code', true),
               ('(phase)', 'c.phase', false)) AS d (dimension, code, of_cost);
END;

COMMENT ON FUNCTION crmcost._service_dimensions() IS
  'What cases are summed up by besides tiers: dimension, expression of its code in a row c, and whether cost is as well.';

CREATE FUNCTION crmcost._find_service_events(months text) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  event record;
BEGIN
  FOR event IN
    SELECT e.*
    FROM (VALUES
      ('opened', 'service_case c', 'c.opened_month', 'NULL, NULL, NULL, NULL',
       NULL),
      ('responded', 'service_case c', 'c.responded_month',
       'c.response_seconds, c.response_open_seconds, c.response_met, NULL',
       NULL),
      ('closed', 'service_case c', 'c.closed_month',
       'c.resolution_seconds, c.resolution_open_seconds, c.resolution_met, c.contacts = 1',
       NULL),
      ('due', 'service_case c', 'c.due_month', 'NULL, NULL, c.due_met, NULL',
       NULL),
      -- resolutions after which it was opened again
      ('reclosed',
       'service_case c CROSS JOIN LATERAL unnest(c.closing_months[:c.reopenings]) AS u (at)',
       'u.at', 'NULL, NULL, NULL, NULL', 'c.reopenings > 0'),
      ('reopened',
       'service_case c CROSS JOIN LATERAL unnest(c.reopening_months) AS u (at)',
       'u.at', 'NULL, NULL, NULL, NULL', 'c.reopenings > 0')
    ) AS e (what, source, month, measures, condition)
  LOOP
    EXECUTE format($query$
      INSERT INTO pg_temp.refresh_service_event
        SELECT c.customer_id, %1$s, %2$L, c.cases, %3$s, c.channel_code,
               c.product_code, c.team, c.service_level, c.kind, c.agent_code,
               c.phase
        FROM %4$s
        WHERE %5$s AND %6$s
      $query$, event.month, event.what, event.measures, event.source,
      format(months, event.month), coalesce(event.condition, 'true'));
  END LOOP;
  ANALYZE pg_temp.refresh_service_event;
END
$$;

COMMENT ON FUNCTION crmcost._find_service_events(text) IS
  'Fills refresh_service_event: what happened with cases in the months that a condition names.';

-- refresh_held has the months that the step tier_month looked at.
CREATE FUNCTION crmcost._find_held_months(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  has_from CONSTANT date := greatest(
    (SELECT (min(m.month_start) + interval '1 month')::date
     FROM pg_temp.refresh_tier_month m), run.open_month);
  first_month CONSTANT date := least(
    (SELECT min(e.month_start) FROM pg_temp.refresh_service_event e),
    (SELECT min(r.month_start) FROM pg_temp.refresh_service_rate r));
BEGIN
  IF first_month < has_from OR NOT EXISTS (SELECT
                                           FROM pg_temp.refresh_tier_month)
  THEN
    TRUNCATE pg_temp.refresh_held;
    PERFORM crmcost._find_held(run, first_month)
      WHERE first_month IS NOT NULL;
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._find_held_months(crmcost._run) IS
  'Sees to it that refresh_held has the months of refresh_service_event and refresh_service_rate.';

CREATE FUNCTION crmcost._sum_service(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  part record;
BEGIN
  FOR part IN
    SELECT d.dimension, d.code,
           'SELECT * FROM pg_temp.refresh_service_event' AS source
    FROM crmcost._service_dimensions() d
    UNION ALL
    SELECT s.scheme, 'c.tier',
           crmcost._with_tier('pg_temp.refresh_service_event', s.scheme)
    FROM unnest(crmcost._tier_schemes(run.ledger)) AS s (scheme)
  LOOP
    EXECUTE 'INSERT INTO pg_temp.refresh_service_sum '
            || crmcost._service_month_query(part.dimension, part.code,
                                            part.source);
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._sum_service(crmcost._run) IS
  'Fills refresh_service_sum from refresh_service_event.';

-- Rows of customers and months with the tier that held at the end of the month.
CREATE FUNCTION crmcost._with_tier(relation text, scheme text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT r.*, coalesce(h.tier, '(unknown)') COLLATE "C" AS tier
  FROM %1$s r
  LEFT JOIN pg_temp.refresh_held h
    ON h.customer_id = r.customer_id AND h.scheme = %2$L
       AND r.month_start >= h.from_month AND r.month_start < h.before_month
$query$, relation, scheme);

COMMENT ON FUNCTION crmcost._with_tier(text, text) IS
  'Query of a relation by customer and month, with the tier of a scheme that held.';

-- A case that stands for n counts n times.  The value at a share of all is the
-- first one up to which that share lies: percentile_disc, of counted values.
CREATE FUNCTION crmcost._service_month_query(dimension text, code text,
                                             source text)
  RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  WITH event AS (
    SELECT c.month_start, %2$s AS code, c.what, c.cases, c.seconds,
           c.open_seconds, c.met, c.first_contact
    FROM (%3$s) c
  ), placed AS (
    SELECT e.month_start, e.code, e.what, m.clock, m.seconds,
           sum(e.cases) OVER (PARTITION BY e.month_start, e.code, e.what,
                                           m.clock ORDER BY m.seconds) AS upto,
           sum(e.cases) OVER (PARTITION BY e.month_start, e.code, e.what,
                                           m.clock) AS cases
    FROM event e
    CROSS JOIN LATERAL (VALUES ('all', e.seconds), ('open', e.open_seconds))
      AS m (clock, seconds)
    WHERE m.seconds IS NOT NULL
  ), percentile AS (
    SELECT month_start, code, what, clock,
           min(seconds) FILTER (WHERE upto * 2 >= cases) AS p50,
           min(seconds) FILTER (WHERE upto * 10 >= cases * 9) AS p90,
           min(seconds) FILTER (WHERE upto * 20 >= cases * 19) AS p95
    FROM placed GROUP BY month_start, code, what, clock
  )
  SELECT e.month_start, %1$L, e.code,
         coalesce(sum(e.cases) FILTER (WHERE e.what = 'opened'), 0)::bigint,
         coalesce(sum(e.cases) FILTER (WHERE e.what = 'responded'), 0)::bigint,
         coalesce(sum(e.cases) FILTER (WHERE e.what = 'responded'
                                             AND e.met IS NOT NULL), 0)
           ::bigint,
         coalesce(sum(e.cases) FILTER (WHERE e.what = 'responded' AND e.met),
                  0)::bigint,
         coalesce(sum(e.seconds * e.cases) FILTER (WHERE e.what = 'responded'),
                  0),
         min(r.p50), min(r.p90), min(r.p95), min(ro.p50), min(ro.p90),
         min(ro.p95),
         coalesce(sum(e.cases) FILTER (WHERE e.what = 'closed'), 0)::bigint,
         coalesce(sum(e.cases) FILTER (WHERE e.what = 'closed'
                                             AND e.met IS NOT NULL), 0)
           ::bigint,
         coalesce(sum(e.cases) FILTER (WHERE e.what = 'closed' AND e.met), 0)
           ::bigint,
         min(s.p50), min(s.p90), min(s.p95), min(so.p50), min(so.p90),
         min(so.p95),
         coalesce(sum(e.cases) FILTER (WHERE e.first_contact), 0)::bigint,
         coalesce(sum(e.cases) FILTER (WHERE e.what IN ('closed', 'reclosed')),
                  0)::bigint,
         coalesce(sum(e.cases) FILTER (WHERE e.what = 'reopened'), 0)::bigint,
         coalesce(sum(e.cases) FILTER (WHERE e.what = 'due'), 0)::bigint,
         coalesce(sum(e.cases) FILTER (WHERE e.what = 'due' AND e.met), 0)
           ::bigint
  FROM event e
  LEFT JOIN percentile r
    ON (r.month_start, r.code) = (e.month_start, e.code)
       AND r.what = 'responded' AND r.clock = 'all'
  LEFT JOIN percentile ro
    ON (ro.month_start, ro.code) = (e.month_start, e.code)
       AND ro.what = 'responded' AND ro.clock = 'open'
  LEFT JOIN percentile s
    ON (s.month_start, s.code) = (e.month_start, e.code)
       AND s.what = 'closed' AND s.clock = 'all'
  LEFT JOIN percentile so
    ON (so.month_start, so.code) = (e.month_start, e.code)
       AND so.what = 'closed' AND so.clock = 'open'
  GROUP BY e.month_start, e.code
$query$, dimension, code, source);

COMMENT ON FUNCTION crmcost._service_month_query(text, text, text) IS
  'Query of service_month by one dimension: its name, the expression of its code, and the query of the events.';
