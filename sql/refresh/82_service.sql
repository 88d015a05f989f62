-- Step service: what became of cases, and what they cost, month by month, over all
-- and by channel, product, team, service level, kind, agent and phase; by tier
-- too, for which the tier at the end of the month counts.
--
-- Made anew are the months in which cases or work differ, for cost also those whose
-- cost was; by tier besides those from which on tiers were (70_tier_month.sql).
--
-- The workers of a distributed ledger sum up what happened with their cases; answers and
-- resolutions of a month go to one of them, for the times up to which most of them lie.
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
  PERFORM crmcost._do_parts(run, format('SELECT crmcost._find_service_events(%L)',
                                        case_months));
  PERFORM crmcost._find_service_rates(run, cost_months);
  PERFORM crmcost._do_parts(run, 'SELECT crmcost._find_service_held($1)');
  RETURN crmcost._write_difference(run.ledger, 'service_month',
           crmcost._service_month_query(run),
           format(case_months, 'old.month_start'))
         + crmcost._write_difference(run.ledger, 'service_cost_month',
           crmcost._service_cost_query(run),
           format(cost_months, 'old.month_start'))
         + crmcost._write_difference(run.ledger, 'product_case_month',
           crmcost._product_case_query(run, cost_months),
           format(cost_months, 'old.month_start'))
         + crmcost._write_products_sold(run)
         + crmcost._write_care_month(run)
         + crmcost._write_difference(run.ledger, 'case_backlog',
             crmcost._backlog_query(run), 'true');
END
$$;

COMMENT ON FUNCTION crmcost._refresh_service(crmcost._run) IS
  'Step of refresh: service_month, service_cost_month, product_case_month, product_sold_month, care_month and case_backlog; returns the rows changed.';

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
      ('opened', 'c.cases', 'service_case c', 'c.opened_month', NULL),
      ('responded, response_told, response_met, response_seconds, seconds, open_seconds',
       'c.cases, CASE WHEN c.response_met IS NOT NULL THEN c.cases END, CASE WHEN c.response_met THEN c.cases END, c.response_seconds * c.cases, c.response_seconds, c.response_open_seconds',
       'service_case c', 'c.responded_month', NULL),
      ('closed, resolution_told, resolution_met, first_contact, resolutions, seconds, open_seconds',
       'c.cases, CASE WHEN c.resolution_met IS NOT NULL THEN c.cases END, CASE WHEN c.resolution_met THEN c.cases END, CASE WHEN c.contacts = 1 THEN c.cases END, c.cases, c.resolution_seconds, c.resolution_open_seconds',
       'service_case c', 'c.closed_month', NULL),
      ('due, due_met', 'c.cases, CASE WHEN c.due_met THEN c.cases END',
       'service_case c', 'c.due_month', NULL),
      -- those after which it was opened again
      ('resolutions', 'c.cases',
       'service_case c CROSS JOIN LATERAL unnest(c.closing_months[:c.reopenings]) AS u (at)',
       'u.at', 'c.reopenings > 0'),
      ('reopened', 'c.cases',
       'service_case c CROSS JOIN LATERAL unnest(c.reopening_months) AS u (at)',
       'u.at', 'c.reopenings > 0')
    ) AS e (names, measures, source, month, condition)
  LOOP
    EXECUTE format($query$
      INSERT INTO pg_temp.refresh_service_event
          (customer_id, month_start, channel_code, product_code, team,
           service_level, kind, agent_code, phase, %2$s)
        SELECT c.customer_id, %1$s, c.channel_code, c.product_code, c.team,
               c.service_level, c.kind, c.agent_code, c.phase, %3$s
        FROM %4$s
        WHERE %5$s AND %6$s
      $query$, event.month, event.names, event.measures, event.source,
      format(months, event.month), coalesce(event.condition, 'true'));
  END LOOP;
  ANALYZE pg_temp.refresh_service_event;
END
$$;

COMMENT ON FUNCTION crmcost._find_service_events(text) IS
  'Fills refresh_service_event: what happened with cases in the months that a condition names.';

-- refresh_held has everybody in the months that the step tier_month looked at; of
-- those before, whoever is asked for here, one row a month.
CREATE FUNCTION crmcost._find_held_of(run crmcost._run, members text)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  has_from CONSTANT date := crmcost._first_held_month(run);
BEGIN
  -- nobody is asked for in a closed month
  IF has_from <= run.open_month THEN
    RETURN;
  END IF;
  EXECUTE format($query$
    WITH member AS (
      SELECT m.customer_id, m.month_start,
             least(crmcost._midnight((m.month_start + interval '1 month')::date,
                                     $1), $2) AS at
      FROM (SELECT customer_id, month_start FROM (%s) m
            WHERE month_start < $3
            -- by a hash: a join, of few rows as the planner takes it, would loop
            EXCEPT SELECT h.customer_id, h.from_month
                   FROM pg_temp.refresh_held h WHERE h.from_month < $3) m
    ),
    row_of AS (
      SELECT m.customer_id, m.month_start, m.at, m.customer_id AS held_by
      FROM member m
      UNION ALL
      SELECT m.customer_id, m.month_start, m.at, p.customer_id
      FROM member m
      JOIN pg_temp.refresh_party p ON p.party_id = m.customer_id
    )
    INSERT INTO pg_temp.refresh_held
      SELECT h.customer_id, h.scheme, h.tier, h.month_start,
             (h.month_start + interval '1 month')::date
      FROM (
        SELECT DISTINCT ON (r.customer_id, r.month_start, s.scheme)
               r.customer_id, r.month_start, s.scheme, k.code AS tier
        FROM row_of r
        CROSS JOIN unnest($4) AS s (scheme)
        CROSS JOIN LATERAL (
          SELECT c.code, c.entered_at FROM %s c
          WHERE c.customer_id = r.held_by AND c.dimension = s.scheme
                AND c.entered_at <= r.at
          ORDER BY c.entered_at DESC LIMIT 1) k
        ORDER BY r.customer_id, r.month_start, s.scheme, k.entered_at DESC,
                 k.code
      ) h
      WHERE h.tier <> 'none'
    $query$, members, crmcost._of_parts(run, 'refresh_part_earlier', format(
      'SELECT customer_id, dimension, entered_at, code FROM classification WHERE entered_at <= %L',
      crmcost._midnight(has_from, run.zone))))
    USING run.zone, run.upto, has_from, crmcost._tier_schemes(run.ledger);
END
$$;

COMMENT ON FUNCTION crmcost._find_held_of(crmcost._run, text) IS
  'Adds to refresh_held the tiers of the customers and months that a query names, as far as these are not there.';

CREATE FUNCTION crmcost._find_service_held(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  PERFORM crmcost._find_held_of(run, $query$
    SELECT e.customer_id, e.month_start FROM pg_temp.refresh_service_event e
    UNION ALL
    SELECT k.customer_id, k.month_start
    FROM service_contact k
    WHERE k.month_start IN (SELECT r.month_start
                            FROM pg_temp.refresh_service_rate r)
    $query$);
END
$$;

COMMENT ON FUNCTION crmcost._find_service_held(crmcost._run) IS
  'Adds to refresh_held the tiers of those whose cases and work are summed up.';

CREATE FUNCTION crmcost._held_joins(schemes text[], alias text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  SELECT pg_catalog.string_agg(pg_catalog.format(
    ' LEFT JOIN pg_temp.refresh_held h%1$s ON h%1$s.scheme = %2$L
      AND h%1$s.customer_id = %3$s.customer_id AND %3$s.month_start >= h%1$s.from_month
      AND %3$s.month_start < h%1$s.before_month', s.i, s.name, alias),
    ''::text ORDER BY s.i)
  FROM pg_catalog.unnest(schemes) WITH ORDINALITY AS s (name, i));

COMMENT ON FUNCTION crmcost._held_joins(text[], text) IS
  'Joins of a relation by customer and month with the tier h1, h2 and so on that held in each of these schemes.';

-- One pass sums up by all dimensions and tier schemes: keys are the expressions of their
-- codes in a row c, after the keys that all sets have.  tier is that of the tier in a
-- scheme, a format of its number.
CREATE FUNCTION crmcost._service_sets(
  run crmcost._run, of_cost boolean, first integer, tier text,
  OUT dimensions text[], OUT count integer, OUT keys text, OUT columns text,
  OUT sets integer[], OUT code text)
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
DECLARE
  in_all CONSTANT text :=
    array_to_string(ARRAY(SELECT generate_series(1, first)), ',');
BEGIN
  SELECT '{(all)}'::text[] || array_agg(k.dimension ORDER BY k.n),
         first + count(*), string_agg(k.code, ', ' ORDER BY k.n),
         string_agg(format('key%s text COLLATE "C"', k.n), ', ' ORDER BY k.n),
         ('{' || in_all || string_agg(format(',0,%s,%s', in_all, first + k.n),
                                      '' ORDER BY k.n) || '}')::integer[],
         format('coalesce(%s, ''(all)'')',
                string_agg(format('s.key%s', k.n), ', ' ORDER BY k.n))
    INTO dimensions, count, keys, columns, sets, code
    FROM (SELECT d.dimension, d.code,
                 row_number() OVER (ORDER BY d.of_tier, d.place) AS n
          FROM (SELECT d.dimension, d.code, false AS of_tier, d.place
                FROM crmcost._service_dimensions() WITH ORDINALITY
                       AS d (dimension, code, of_cost, place)
                WHERE d.dimension <> '(all)'
                      AND (d.of_cost OR NOT _service_sets.of_cost)
                UNION ALL
                SELECT u.scheme, format('coalesce(%s, ''(unknown)'')',
                                        format(tier, u.place)), true, u.place
                FROM unnest(crmcost._tier_schemes(run.ledger))
                       WITH ORDINALITY AS u (scheme, place)) d) k;
END
$$;

COMMENT ON FUNCTION crmcost._service_sets(crmcost._run, boolean, integer, text) IS
  'What _sum_sets and _percentile_sets take to sum up by all dimensions of service, and tier schemes: names of the sets, how many keys there are, those after the first ones, columns of the result, the sets, and the expression of a code in a row s.';

-- Measures are those of the result, with their types; terms are theirs in a row c of the
-- source, which is by customer and month.
CREATE FUNCTION crmcost._by_dimension(run crmcost._run, of_cost boolean,
                                      measures text, terms text, source text)
  RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
DECLARE
  part record;
BEGIN
  part := crmcost._service_sets(run, of_cost, 1, 'h%s.tier');
  RETURN format($query$
    SELECT s.month_start, (%L::text[])[s.set] AS dimension, %s AS code, %s
    FROM crmcost._sum_sets(%L, %s, %L)
      AS s (set integer, month_start date, %s, %s)
  $query$, part.dimensions, part.code,
  regexp_replace(measures, '(\w+) \w+', 'coalesce(s.\1, 0) AS \1', 'g'),
  format('SELECT c.month_start, %s, %s FROM %s%s', part.keys, terms, source,
         crmcost._held_joins(crmcost._tier_schemes(run.ledger), 'c')),
  part.count, part.sets, part.columns, measures);
END
$$;

COMMENT ON FUNCTION crmcost._by_dimension(crmcost._run, boolean, text, text, text) IS
  'Query of the sums of measures by month, dimension and code, and tier scheme and the tier that held.';

CREATE FUNCTION crmcost._service_month_query(run crmcost._run) RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  counts CONSTANT text := 'opened bigint, responded bigint, response_told bigint, response_met bigint, response_seconds numeric, closed bigint, resolution_told bigint, resolution_met bigint, first_contact bigint, resolutions bigint, reopened bigint, due bigint, due_met bigint';
  happened CONSTANT text := crmcost._sum_of_parts(run, 'service_month',
    crmcost._by_dimension(run, false, counts,
      regexp_replace(counts, '(\w+) \w+', 'c.\1', 'g'),
      'pg_temp.refresh_service_event c'));
  took CONSTANT text := crmcost._times_taken(run);
BEGIN
  RETURN (
    SELECT format($query$
      WITH took AS (SELECT t.* FROM %s t)
      SELECT c.*, %s
      FROM (%s) c %s
    $query$, took, string_agg(format(
      '%1$s.took[1] AS %1$s_p50, %1$s.took[2] AS %1$s_p90, %1$s.took[3] AS %1$s_p95',
      w.what), ', '), happened, string_agg(format(
      'LEFT JOIN took %1$s ON %1$s.what = %1$L AND %1$s.month_start = c.month_start AND %1$s.dimension = c.dimension AND %1$s.code = c.code',
      w.what), ' '))
    FROM unnest('{response,resolution,response_open,resolution_open}'::text[])
           AS w (what));
END
$$;

COMMENT ON FUNCTION crmcost._service_month_query(crmcost._run) IS
  'Query of service_month for the months of refresh_service_event.';

-- Times of a month go to one worker.  Where no team has hours, the times by both clocks
-- are one.
CREATE FUNCTION crmcost._times_taken(run crmcost._run) RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  part record;
  clocked boolean;
BEGIN
  part := crmcost._service_sets(run, false, 2, 'c.tiers[%s]');
  EXECUTE 'SELECT bool_or(c.clocked) FROM '
          || crmcost._of_parts(run, 'refresh_part_clocked',
               'SELECT coalesce(bool_or(c.seconds IS DISTINCT FROM c.open_seconds), false) AS clocked FROM pg_temp.refresh_service_event c')
          || ' c' INTO clocked;
  RETURN crmcost._of_groups(run, 'dealt_event',
    'q.month_start - date ''epoch''',
    crmcost._timed_query(crmcost._tier_schemes(run.ledger)), (
    -- a format itself, in which schemes are named
    SELECT string_agg(format($query$
      SELECT s.month_start, s.what || u.clock AS what,
             (%L::text[])[s.set] AS dimension, %s AS code, s.took
      FROM crmcost._percentile_sets(%L || %%1$L || %L, %s, %L,
                                    '{50,90,95}')
        AS s (set integer, month_start date, what text, %s, took numeric[])
      CROSS JOIN unnest(%L::text[]) AS u (clock)
    $query$, replace(part.dimensions::text, '%', '%%'), part.code,
    format('SELECT c.month_start, c.what, %s, c.cases, c.%s FROM ',
           part.keys, k.measure),
    format(' c ORDER BY c.month_start, c.%s', k.measure), part.count,
    part.sets, part.columns, k.clocks), ' UNION ALL ')
    FROM (VALUES ('seconds', CASE WHEN clocked THEN '{""}'
                               ELSE '{"",_open}' END),
                 ('open_seconds', CASE WHEN clocked THEN '{_open}' END))
           AS k (measure, clocks)
    WHERE k.clocks IS NOT NULL));
END
$$;

COMMENT ON FUNCTION crmcost._times_taken(crmcost._run) IS
  'Relation of the times up to which half, nine in ten and 19 in 20 of the answers and resolutions lie, by month, dimension and code: response, resolution, and both in business hours.';

-- Of each worker's cases.
CREATE FUNCTION crmcost._timed_query(schemes text[]) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  SELECT pg_catalog.format($query$
    SELECT c.month_start, CASE WHEN c.responded IS NOT NULL THEN 'response'
                            ELSE 'resolution' END AS what,
           coalesce(c.responded, c.closed) AS cases, c.seconds,
           c.open_seconds, c.channel_code, c.product_code, c.team,
           c.service_level, c.kind, c.agent_code, c.phase,
           ARRAY[%s]::text[] AS tiers
    FROM pg_temp.refresh_service_event c%s
    WHERE c.seconds IS NOT NULL
  $query$,
    pg_catalog.string_agg(pg_catalog.format('h%s.tier', i), ', '::text
                          ORDER BY i),
    crmcost._held_joins(schemes, 'c'))
  FROM pg_catalog.generate_subscripts(schemes, 1) AS i);

COMMENT ON FUNCTION crmcost._timed_query(text[]) IS
  'Query of answers and resolutions with the tiers of these schemes that held, and the times they took.';

-- Open cases get older without any news.  Those that all dimensions have in one place
-- are summed up first.
CREATE FUNCTION crmcost._backlog_query(run crmcost._run) RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN (
SELECT format($query$
  SELECT c.dimension, c.code, sum(c.open_cases)::bigint AS open_cases, %s,
         min(c.oldest_opened_at) AS oldest_opened_at
  FROM (%s) c
  GROUP BY c.dimension, c.code
$query$,
  string_agg(format('sum(c.%1$s)::bigint AS %1$s', k.measure), ', '),
  (SELECT format(
            'SELECT c.*, d.dimension, d.code FROM %s c CROSS JOIN LATERAL (VALUES %s) AS d (dimension, code)',
            crmcost._of_parts(run, 'refresh_part_backlog', format($cell$
               SELECT c.channel_code, c.product_code, c.team, c.service_level,
                      c.kind, c.agent_code, sum(c.cases) AS open_cases, %s,
                      min(c.opened_at) AS oldest_opened_at
               FROM service_case c
               WHERE c.closed_at IS NULL
               GROUP BY 1, 2, 3, 4, 5, 6
              $cell$, string_agg(format(
                'coalesce(sum(c.cases) FILTER (WHERE %s), 0) AS %s',
                k.condition, k.measure), ', '))),
            string_agg(format('(%L::text COLLATE "C", (%s)::text COLLATE "C")',
                              d.dimension, d.code), ', '))
   FROM crmcost._service_dimensions() d WHERE d.of_cost))
   FROM (SELECT 'unanswered' AS measure,
                'c.first_response_at IS NULL' AS condition
         UNION ALL
         SELECT 'overdue', format('c.due_at < %L', run.upto)
         UNION ALL
         SELECT a.measure, format(
                  'c.opened_at < %L AND c.opened_at >= %L',
                  run.upto - a.over_days * interval '24 hours',
                  coalesce(run.upto - a.to_days * interval '24 hours',
                           '-infinity'))
         FROM (VALUES ('to_1_day'::text, 0::float8, 1::float8),
                      ('to_7_days', 1, 7), ('to_30_days', 7, 30),
                      ('over_30_days', 30, NULL),
                      ('old_cases', crmcost._setting(
                         run.ledger, 'sla_open_days')::float8, NULL))
                AS a (measure, over_days, to_days)) k);
END
$$;

COMMENT ON FUNCTION crmcost._backlog_query(crmcost._run) IS
  'Query of case_backlog.';
