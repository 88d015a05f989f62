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
  PERFORM crmcost._sum_service(run);
  PERFORM crmcost._sum_service_cost(run);
  RETURN crmcost._write_difference(run.ledger, 'service_month',
           'SELECT * FROM pg_temp.refresh_service_sum',
           format(case_months, 'old.month_start'))
         + crmcost._write_difference(run.ledger, 'service_cost_month',
           'SELECT * FROM pg_temp.refresh_service_cost',
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

CREATE FUNCTION crmcost._few_rows() RETURNS integer
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 100000;

COMMENT ON FUNCTION crmcost._few_rows() IS
  'Rows up to which all dimensions of service are summed up in one statement.';

-- Few rows are taken by all dimensions at once, many by one after the other.
CREATE FUNCTION crmcost._dimension_groups(run crmcost._run, source text)
  RETURNS TABLE (dimensions text[], codes text[], schemes text[])
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
#variable_conflict use_column
DECLARE
  many boolean;
BEGIN
  EXECUTE format('SELECT count(*) > crmcost._few_rows() FROM (SELECT FROM %s e LIMIT crmcost._few_rows() + 1) r',
                 source) INTO many;
  RETURN QUERY
    SELECT array_agg(d.dimension) FILTER (WHERE d.code IS NOT NULL),
           array_agg(d.code) FILTER (WHERE d.code IS NOT NULL),
           array_agg(d.dimension) FILTER (WHERE d.code IS NULL)
    FROM (SELECT d.dimension, d.code, row_number() OVER () AS n
          FROM (SELECT d.dimension, d.code
                FROM crmcost._service_dimensions() d
                UNION ALL
                SELECT u.scheme, NULL
                FROM unnest(crmcost._tier_schemes(run.ledger)) AS u (scheme)
               ) d) d
    GROUP BY CASE WHEN many THEN d.n END;
END
$$;

COMMENT ON FUNCTION crmcost._dimension_groups(crmcost._run, text) IS
  'Dimensions with the expressions of their codes, and tier schemes, in groups that one statement takes of the events of a relation.';

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

-- The tiers of each scheme are joined once a row, not once a row and scheme.
CREATE FUNCTION crmcost._by_dimension(relation text, dimensions text[],
                                      codes text[], schemes text[])
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  SELECT pg_catalog.format(
    'SELECT c.*, d.dimension, d.code FROM %s c%s CROSS JOIN LATERAL (VALUES %s) AS d (dimension, code)',
    relation, crmcost._held_joins(schemes, 'c'),
    pg_catalog.string_agg(
      pg_catalog.format('(%L::text COLLATE "C", (%s)::text COLLATE "C")',
                        u.dimension, u.code), ', '::text))
  FROM (SELECT u.dimension, u.code
        FROM ROWS FROM (pg_catalog.unnest(dimensions), pg_catalog.unnest(codes))
               AS u (dimension, code)
        UNION ALL
        SELECT s.name, pg_catalog.format('coalesce(h%s.tier, ''(unknown)'')', s.i)
        FROM pg_catalog.unnest(schemes) WITH ORDINALITY AS s (name, i)) u);

COMMENT ON FUNCTION crmcost._by_dimension(text, text[], text[], text[]) IS
  'Query of the rows of a relation by customer and month, once for each dimension with its code, and for each tier scheme with the tier that held.';

-- Only times of answers and resolutions have to be gone through once a dimension; what is
-- counted is counted before that, where all dimensions have it in one place.  Times of a
-- month go to one worker.  Where no team has hours, the times by both clocks are one.
CREATE FUNCTION crmcost._sum_service(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  source CONSTANT text := 'pg_temp.refresh_service_event';
  schemes CONSTANT text[] := crmcost._tier_schemes(run.ledger);
  counted boolean;
  clocked boolean;
  part record;
BEGIN
  PERFORM crmcost._count_service(run, schemes);
  EXECUTE 'SELECT bool_or(c.counted), bool_or(c.clocked) FROM '
          || crmcost._of_parts(run, 'refresh_part_counted', format(
               'SELECT coalesce(bool_or(e.cases > 1), false) AS counted, coalesce(bool_or(e.seconds IS DISTINCT FROM e.open_seconds), false) AS clocked FROM %s e',
               source)) || ' c' INTO counted, clocked;
  IF crmcost._is_distributed(run.ledger) THEN
    PERFORM crmcost._deal_service(run, schemes, counted, clocked);
    RETURN;
  END IF;
  FOR part IN
    SELECT * FROM crmcost._dimension_groups(run, source)
  LOOP
    EXECUTE 'INSERT INTO pg_temp.refresh_service_sum '
            || crmcost._service_month_query(crmcost._service_percentiles(
                 crmcost._by_dimension(source, part.dimensions, part.codes,
                                       part.schemes), counted, clocked))
      USING part.dimensions || part.schemes;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._sum_service(crmcost._run) IS
  'Fills refresh_service_sum from refresh_service_event.';

CREATE FUNCTION crmcost._deal_service(run crmcost._run, schemes text[],
                                      counted boolean, clocked boolean)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  dimensions text[];
  codes text[];
BEGIN
  SELECT array_agg(d.dimension) || schemes,
         array_agg(d.code) || crmcost._told_tiers(schemes, 'tiers[%s]')
    INTO dimensions, codes
    FROM crmcost._service_dimensions() d;
  EXECUTE 'INSERT INTO pg_temp.refresh_service_sum '
          || crmcost._service_month_query('SELECT * FROM '
               || crmcost._of_groups(run, 'dealt_event',
                    'q.month_start - date ''epoch''',
                    crmcost._timed_query(schemes),
                    crmcost._timed_groups(dimensions, codes, counted,
                                          clocked))
               || ' dealt')
    USING dimensions;
END
$$;

COMMENT ON FUNCTION crmcost._deal_service(crmcost._run, text[], boolean, boolean) IS
  'Fills refresh_service_sum in a distributed ledger.';

CREATE FUNCTION crmcost._told_tiers(schemes text[], named text)
  RETURNS text[]
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN ARRAY(
  SELECT pg_catalog.format('coalesce(c.%s, ''(unknown)'')',
                           pg_catalog.format(named, i))
  FROM pg_catalog.generate_subscripts(schemes, 1) AS i ORDER BY i);

COMMENT ON FUNCTION crmcost._told_tiers(text[], text) IS
  'Expressions of the tiers of schemes in a row c that has them by a format of a name and a number.';

-- Of each worker's cases.
CREATE FUNCTION crmcost._timed_query(schemes text[]) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  SELECT pg_catalog.format($query$
    SELECT e.month_start, e.what, e.cases, e.seconds, e.open_seconds,
           e.channel_code, e.product_code, e.team, e.service_level, e.kind,
           e.agent_code, e.phase, ARRAY[%s]::text[] AS tiers
    FROM pg_temp.refresh_service_event e%s
    WHERE e.what IN ('responded', 'closed')
  $query$,
    pg_catalog.string_agg(pg_catalog.format('h%s.tier', i), ', '::text
                          ORDER BY i),
    crmcost._held_joins(schemes, 'e'))
  FROM pg_catalog.generate_subscripts(schemes, 1) AS i);

COMMENT ON FUNCTION crmcost._timed_query(text[]) IS
  'Query of answers and resolutions with the tiers of these schemes that held, and the times they took.';

CREATE FUNCTION crmcost._count_service(run crmcost._run, schemes text[])
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  EXECUTE (
    SELECT format($query$
      INSERT INTO pg_temp.refresh_service_happened
        SELECT c.month_start, c.dimension, c.code, c.what, sum(c.n),
               sum(c.told), sum(c.met), sum(c.first), sum(c.seconds)
        FROM (%s) c
        GROUP BY 1, 2, 3, 4
      $query$, crmcost._by_dimension(crmcost._of_parts(run, 'refresh_part_cell',
                                       crmcost._service_cell_query(schemes)),
                 array_agg(d.dimension) || schemes,
                 array_agg(d.code) || crmcost._told_tiers(schemes, 'tier%s'), '{}'))
    FROM crmcost._service_dimensions() d);
END
$$;

COMMENT ON FUNCTION crmcost._count_service(crmcost._run, text[]) IS
  'Fills refresh_service_happened from refresh_service_event.';

CREATE FUNCTION crmcost._service_cell_query(schemes text[]) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  SELECT pg_catalog.format($query$
    SELECT e.month_start, e.what, e.channel_code, e.product_code, e.team,
            e.service_level, e.kind, e.agent_code, e.phase%1$s,
            sum(e.cases) AS n,
            coalesce(sum(e.cases) FILTER (WHERE e.met IS NOT NULL), 0) AS told,
            coalesce(sum(e.cases) FILTER (WHERE e.met), 0) AS met,
            coalesce(sum(e.cases) FILTER (WHERE e.first_contact), 0) AS first,
            sum(e.seconds * e.cases) AS seconds
     FROM pg_temp.refresh_service_event e%2$s
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9%3$s
  $query$,
    pg_catalog.string_agg(pg_catalog.format(', h%1$s.tier AS tier%1$s', i),
                          ''::text ORDER BY i),
    crmcost._held_joins(schemes, 'e'),
    pg_catalog.string_agg(pg_catalog.format(', h%s.tier', i), ''::text ORDER BY i))
  FROM pg_catalog.generate_subscripts(schemes, 1) AS i);

COMMENT ON FUNCTION crmcost._service_cell_query(text[]) IS
  'Query of how often what happened with cases that all dimensions, and the tiers of these schemes, have in one place.';

-- A case that stands for n counts n times.  The value at a share of all is the
-- first one up to which that share lies: percentile_disc, of counted values.
CREATE FUNCTION crmcost._value_at_share(ordered numeric[], counts bigint[],
                                        share numeric)
  RETURNS numeric
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
  SELECT u.value
  FROM (
    SELECT u.value, u.place,
           pg_catalog.sum(u.times) OVER (ORDER BY u.place) AS upto,
           pg_catalog.sum(u.times) OVER () AS times
    FROM ROWS FROM (pg_catalog.unnest(ordered), pg_catalog.unnest(counts))
           WITH ORDINALITY AS u (value, times, place)
  ) u
  WHERE u.upto >= u.times * share
  ORDER BY u.place
  LIMIT 1);

COMMENT ON FUNCTION crmcost._value_at_share(numeric[], bigint[], numeric) IS
  'First of values in order up to which a share of them lies, each counted as often as counts says.';

-- counted says whether any case counts more than once: else percentile_disc does;
-- clocked whether any time by the clock of business is another than by that of all.
CREATE FUNCTION crmcost._service_percentiles(source text, counted boolean,
                                             clocked boolean)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT month_start, dimension, code, %s
  FROM (SELECT e.month_start, e.dimension, e.code, %s
        FROM (%s) e
        WHERE e.what IN ('responded', 'closed')
        GROUP BY e.month_start, e.dimension, e.code) sorted
$query$, (
  SELECT pg_catalog.string_agg(pg_catalog.format(
    CASE WHEN counted
      THEN 'crmcost._value_at_share(%1$s_%6$s, %1$s_%6$s_n, %4$s) AS %1$s_%2$s_%3$s'
      ELSE '%1$s_%6$s[%5$s] AS %1$s_%2$s_%3$s' END,
    e.what, c.clock, s.percent, s.percent / 100::numeric, s.place,
    CASE WHEN clocked THEN c.clock ELSE 'all' END), ', '::text)
  FROM (VALUES ('responded'::text), ('closed')) AS e (what)
  CROSS JOIN (VALUES ('all'::text), ('open')) AS c (clock)
  CROSS JOIN (VALUES (50, 1), (90, 2), (95, 3)) AS s (percent, place)), (
  SELECT pg_catalog.string_agg(pg_catalog.format(
    CASE WHEN counted THEN $sorted$
      array_agg(e.%1$s ORDER BY e.%1$s)
        FILTER (WHERE e.what = %2$L AND e.%1$s IS NOT NULL) AS %2$s_%3$s,
      array_agg(e.cases ORDER BY e.%1$s)
        FILTER (WHERE e.what = %2$L AND e.%1$s IS NOT NULL) AS %2$s_%3$s_n
      $sorted$ ELSE $sorted$
      percentile_disc('{0.5,0.9,0.95}'::float8[])
        WITHIN GROUP (ORDER BY e.%1$s) FILTER (WHERE e.what = %2$L)
        AS %2$s_%3$s
      $sorted$ END, c.measure, e.what, c.clock), ', '::text)
  FROM (VALUES ('responded'::text), ('closed')) AS e (what)
  CROSS JOIN (VALUES ('all'::text, 'seconds'::text), ('open', 'open_seconds'))
    AS c (clock, measure)
  WHERE clocked OR c.clock = 'all'), source);

COMMENT ON FUNCTION crmcost._service_percentiles(text, boolean, boolean) IS
  'Query of the times up to which half, nine in ten and 19 in 20 of the answers and resolutions in a query of events with dimension and code lie.';

-- One dimension after the other.
CREATE FUNCTION crmcost._timed_groups(dimensions text[], codes text[],
                                      counted boolean, clocked boolean)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  SELECT pg_catalog.string_agg(crmcost._service_percentiles(
           crmcost._by_dimension('%1$s', ARRAY[d.dimension], ARRAY[d.code],
                                 '{}'), counted, clocked), ' UNION ALL '::text)
  FROM ROWS FROM (pg_catalog.unnest(dimensions), pg_catalog.unnest(codes))
         AS d (dimension, code));

COMMENT ON FUNCTION crmcost._timed_groups(text[], text[], boolean, boolean) IS
  'Format of a query of the times up to which answers and resolutions of the relation of _timed_query lie, by dimension and code.';

CREATE FUNCTION crmcost._service_month_query(percentiles text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  WITH counted AS (
    SELECT month_start, dimension, code, %2$s
    FROM pg_temp.refresh_service_happened
    WHERE dimension = ANY ($1)
    GROUP BY month_start, dimension, code
  )
  SELECT c.month_start, c.dimension, c.code, c.opened_n, c.responded_n,
         c.responded_told, c.responded_met, c.responded_seconds,
         p.responded_all_50, p.responded_all_90, p.responded_all_95,
         p.responded_open_50, p.responded_open_90, p.responded_open_95,
         c.closed_n, c.closed_told, c.closed_met, p.closed_all_50,
         p.closed_all_90, p.closed_all_95, p.closed_open_50, p.closed_open_90,
         p.closed_open_95, c.closed_first, c.closed_n + c.reclosed_n,
         c.reopened_n, c.due_n, c.due_met
  FROM counted c
  LEFT JOIN (%1$s) p USING (month_start, dimension, code)
$query$, percentiles, (
  SELECT pg_catalog.string_agg(pg_catalog.format(
           'coalesce(sum(%1$I) FILTER (WHERE what = %2$L), 0) AS %2$s_%1$s',
           m.measure, e.what), ', '::text)
  FROM (VALUES ('opened'::text, '{n}'::text[]),
               ('responded', '{n,told,met,seconds}'),
               ('closed', '{n,told,met,first}'), ('reclosed', '{n}'),
               ('reopened', '{n}'), ('due', '{n,met}')) AS e (what, measures)
  CROSS JOIN LATERAL pg_catalog.unnest(e.measures) AS m (measure)));

COMMENT ON FUNCTION crmcost._service_month_query(text) IS
  'Query of service_month for the dimensions $1, given that of the times up to which most answers and resolutions lie.';

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
  (SELECT crmcost._by_dimension(
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
            array_agg(d.dimension), array_agg(d.code), '{}')
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
