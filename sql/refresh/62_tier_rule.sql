-- What the tier schemes say, month end after month end.
--
-- One walk has the sums of each customer and what the rule last said of him, adds
-- month after month, and writes what is new.  refresh_cumulated has them between
-- two walks: where the step cost asks for some months first, and on workers, which
-- are told the bounds of each month.

-- What the rule said before an instant.  Mostly that is what the store says of the
-- last refresh; where a later row stands there, or one by hand, history tells.  A
-- first answer that was dated back counts from when it was given.
CREATE FUNCTION crmcost._told_query(schemes text[], at timestamptz)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT c.customer_id, c.dimension, c.code
  FROM customer_class c
  WHERE c.dimension = ANY (%2$L::text[]) AND c.by_rule AND c.entered_at <= %1$L
  UNION ALL
  SELECT c.customer_id, c.dimension, coalesce(last.ruled, ruled.code)
  FROM customer_class c
  CROSS JOIN LATERAL (
    SELECT CASE WHEN h.by_rule THEN h.code END AS ruled
    FROM classification h
    WHERE h.customer_id = c.customer_id AND h.dimension = c.dimension COLLATE "default"
          AND h.entered_at <= %1$L
    ORDER BY h.entered_at DESC LIMIT 1
  ) last
  LEFT JOIN LATERAL (
    SELECT h.code
    FROM classification h
    WHERE last.ruled IS NULL AND h.customer_id = c.customer_id
          AND h.dimension = c.dimension COLLATE "default" AND h.by_rule
          AND crmcost._answered_at(h.entered_at, h.evidence) <= %1$L
    ORDER BY h.entered_at DESC LIMIT 1
  ) ruled ON true
  WHERE c.dimension = ANY (%2$L::text[])
        AND NOT (c.by_rule AND c.entered_at <= %1$L)
        AND coalesce(last.ruled, ruled.code) IS NOT NULL
$query$, at, schemes);

COMMENT ON FUNCTION crmcost._told_query(text[], timestamptz) IS
  'Query of the last answers of the rule up to an instant in these schemes.';

CREATE FUNCTION crmcost._answered_at(entered_at timestamptz, evidence jsonb)
  RETURNS timestamptz
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce((evidence ->> 'answered_at')::timestamp AT TIME ZONE 'UTC',
                entered_at);

COMMENT ON FUNCTION crmcost._answered_at(timestamptz, jsonb) IS
  'When a rule gave the answer of a row of classification: an answer that is dated back has it in its evidence.';

-- An order that counted in a month when that was closed may have got a line since:
-- at the end of the month it was no later.
--
-- A technical customer is many people: its tier would say nothing.  There are few,
-- so they are named.
CREATE FUNCTION crmcost._tier_parts_query(condition text, measure text)
  RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
DECLARE
  technical bigint[];
BEGIN
  EXECUTE format('SELECT array_agg(t.customer_id) FROM %s t WHERE t.source = ''anon''',
                 crmcost._own_rows('customer')) INTO technical;
  RETURN format($query$
  SELECT m.customer_id, m.orders, m.revenue, %5$s AS value,
         NULL::date AS last_ordered_on
  FROM %4$s m
  WHERE (%1$s) AND m.customer_id <> ALL (%2$L::bigint[])
  UNION ALL
  SELECT m.customer_id, 0, NULL, NULL, least(m.ordered_on, %3$s - 1)
  FROM customer_order m
  WHERE m.is_order AND (%1$s) AND m.customer_id <> ALL (%2$L::bigint[])
$query$, condition, coalesce(technical, '{}'),
  '(m.month_start + interval ''1 month'')::date',
  crmcost._own_rows('customer_month'),
  CASE measure WHEN 'profit' THEN 'm.margin - m.direct_cost - m.allocated_cost'
    ELSE format('m.%I', measure) END);
END
$$;

COMMENT ON FUNCTION crmcost._tier_parts_query(text, text) IS
  'Query of what months m that a condition names add to the sums of customers: orders, revenue, the measure of shares, and the last order.';

CREATE FUNCTION crmcost._cumulated_query(condition text, measure text)
  RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN format($query$
  SELECT customer_id, sum(orders)::bigint AS orders,
         coalesce(crmcost._sum_few(revenue), 0) AS revenue,
         coalesce(crmcost._sum_few(value), 0) AS value,
         max(last_ordered_on) AS last_ordered_on
  -- sorted: of many groups the sums take more memory than the rows
  FROM (%s ORDER BY customer_id) month
  GROUP BY customer_id
  $query$, crmcost._tier_parts_query(condition, measure));
END
$$;

COMMENT ON FUNCTION crmcost._cumulated_query(text, text) IS
  'Query of the sums of each customer over the months m that a condition names.';

-- What customer_value says less what came since is what the months before add up
-- to.  Of who was merged it has all in one row, where months have it in two; and
-- while months are computed it is that of the refresh before: these sums are made
-- from the months.
--
-- The last order is asked for anew of who has one since, and of who has one that
-- got a line after its month was closed.
CREATE FUNCTION crmcost._cumulated_before_query(run crmcost._run,
                                                month date)
  RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
DECLARE
  measure CONSTANT text := crmcost._setting(run.ledger, 'abc_measure');
  merged CONSTANT bigint[] := ARRAY(
    SELECT p.customer_id FROM pg_temp.refresh_party p
    UNION SELECT p.party_id FROM pg_temp.refresh_party p);
BEGIN
  IF NOT EXISTS (SELECT FROM pg_temp.refresh_written w
                 WHERE w.target = 'customer_value') THEN
    RETURN crmcost._cumulated_query(format('m.month_start < %L', month),
                                    measure);
  END IF;
  RETURN format($query$
    SELECT customer_id, v.orders - coalesce(l.orders, 0) AS orders,
           v.revenue - coalesce(l.revenue, 0) AS revenue,
           v.%6$I - coalesce(l.value, 0) AS value,
           CASE WHEN moved.customer_id IS NULL THEN v.last_ordered_on
             ELSE moved.last_ordered_on END AS last_ordered_on
    FROM customer_value v
    LEFT JOIN (%1$s) l USING (customer_id)
    LEFT JOIN (
      SELECT o.customer_id,
             max(least(o.ordered_on,
                       (o.month_start + interval '1 month')::date - 1))
               FILTER (WHERE o.month_start < %5$L) AS last_ordered_on
      FROM customer_order o
      WHERE o.is_order AND o.customer_id = ANY (ARRAY(
        SELECT m.customer_id FROM customer_order m
        WHERE m.is_order AND (m.month_start >= %5$L OR %2$s)))
      GROUP BY o.customer_id
    ) moved USING (customer_id)
    WHERE v.is_customer AND NOT v.is_technical
          AND v.customer_id <> ALL (%3$L::bigint[])
    UNION ALL
    %4$s
  $query$, crmcost._cumulated_query(format('m.month_start >= %L', month), measure),
  CASE WHEN isfinite(run.open_month)
    THEN format('m.month_start < %L AND m.ordered_on >= m.month_start + interval ''1 month''',
                run.open_month)
    ELSE 'false' END,
  merged, crmcost._cumulated_query(format(
    'm.month_start < %L AND m.customer_id = ANY (%L::bigint[])', month, merged),
    measure), month, measure);
END
$$;

COMMENT ON FUNCTION crmcost._cumulated_before_query(crmcost._run, date) IS
  'Query of the sums of each customer over the months before a month.';

-- After news the sums up to the end of the month before the last need no months
-- before it: what came since is little.
CREATE FUNCTION crmcost._is_told_by_value(run crmcost._run, month date)
  RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN month >= crmcost._month_of(run.day)
         OR NOT run.whole
            AND month >= crmcost._month_of(run.day) - interval '1 month'
            AND EXISTS (SELECT FROM pg_temp.refresh_written w
                        WHERE w.target = 'customer_value');
END
$$;

COMMENT ON FUNCTION crmcost._is_told_by_value(crmcost._run, date) IS
  'Whether the sums up to the end of a month are found from customer_value alone.';

CREATE FUNCTION crmcost._tier_day(run crmcost._run, month date) RETURNS date
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN least((month + interval '1 month')::date - 1, run.day);

COMMENT ON FUNCTION crmcost._tier_day(crmcost._run, date) IS
  'Day of a month whose evening tiers are of: its last one, or the report day.';

-- Whether the sums of a month are all there is, or what it adds, and their query.
CREATE FUNCTION crmcost._tier_sums_query(run crmcost._run, month date,
                                         OUT replaces boolean, OUT query text)
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
DECLARE
  measure CONSTANT text := crmcost._setting(run.ledger, 'abc_measure');
BEGIN
  replaces := crmcost._is_told_by_value(run, month);
  query := CASE
    WHEN NOT replaces THEN crmcost._tier_parts_query(
      format('m.month_start = %L', month), measure)
    WHEN month >= crmcost._month_of(run.day) THEN format(
      'SELECT customer_id, orders, revenue, %I, last_ordered_on FROM customer_value WHERE NOT is_technical AND orders > 0',
      measure)
    ELSE crmcost._cumulated_before_query(run,
           (month + interval '1 month')::date) END;
END
$$;

COMMENT ON FUNCTION crmcost._tier_sums_query(crmcost._run, date) IS
  'Query of the sums of customers in a month, or up to its end.';

-- A month of the walk: what is told at which instant, NULL for nothing, after which
-- sums.
CREATE FUNCTION crmcost._walked_month(at timestamptz, day date,
                                      replaces boolean, query text)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format('(%L::timestamptz, %L::date, %L::boolean, %L::text)',
                         at, day, replaces, query);

COMMENT ON FUNCTION crmcost._walked_month(timestamptz, date, boolean, text) IS
  'A row of the months that _walk_tiers is given.';

CREATE FUNCTION crmcost._tier_instant(run crmcost._run, month date)
  RETURNS timestamptz
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN least(crmcost._midnight((month + interval '1 month')::date, run.zone),
             run.upto);

COMMENT ON FUNCTION crmcost._tier_instant(crmcost._run, date) IS
  'The end of a month, of whose instant its tiers are, or that of the report.';

-- After news the store tells what was before the first walk, which may be all that is
-- wanted.
CREATE FUNCTION crmcost._find_months_tiers(run crmcost._run, schemes text[],
                                           first_month date, last_month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  from_store CONSTANT boolean := NOT run.whole AND 1 = (
    SELECT count(*) FROM pg_temp.refresh_tier_month);
  since CONSTANT timestamptz := crmcost._midnight(first_month, run.zone);
  sums text := crmcost._kept_sums_query();
BEGIN
  IF first_month > last_month AND NOT from_store THEN
    RETURN;
  END IF;
  IF from_store AND first_month <= last_month
     AND NOT crmcost._is_told_by_value(run, first_month) THEN
    sums := crmcost._cumulated_before_query(run, first_month);
  END IF;
  PERFORM crmcost._walk_schemes(run, schemes, NULL,
    CASE WHEN from_store THEN crmcost._told_query(schemes, since)
      ELSE crmcost._kept_answers_query(schemes) END,
    (SELECT concat_ws(', ',
              crmcost._walked_month(NULL, first_month, true, sums),
              string_agg(crmcost._walked_month(
                crmcost._tier_instant(run, m.month),
                crmcost._tier_day(run, m.month), s.replaces, s.query),
                ', ' ORDER BY m.month))
     FROM (SELECT m::date AS month
           FROM generate_series(first_month::timestamp,
                                last_month::timestamp, '1 month') AS m) m
     CROSS JOIN LATERAL crmcost._tier_sums_query(run, m.month) s),
    since, last_month < crmcost._month_of(run.day));
  INSERT INTO pg_temp.refresh_tier_month
    SELECT m::date FROM generate_series(first_month::timestamp,
                                        last_month::timestamp, '1 month') AS m;
END
$$;

COMMENT ON FUNCTION crmcost._find_months_tiers(crmcost._run, text[], date, date) IS
  'Adds the answers that are new at the ends of months to refresh_tier_row.';

CREATE FUNCTION crmcost._kept_sums_query() RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN 'SELECT k.customer_id, k.orders, k.revenue, k.value, k.last_ordered_on FROM pg_temp.refresh_cumulated k';
END
$$;

COMMENT ON FUNCTION crmcost._kept_sums_query() IS
  'Query of the sums that a walk has left.';

CREATE FUNCTION crmcost._kept_answers_query(schemes text[]) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN format('SELECT k.customer_id, s.name, s.code FROM pg_temp.refresh_cumulated k CROSS JOIN LATERAL unnest(%L::text[], k.answers) AS s (name, code) WHERE s.code IS NOT NULL',
                schemes);
END
$$;

COMMENT ON FUNCTION crmcost._kept_answers_query(text[]) IS
  'Query of the answers that a walk has left, in these schemes.';

-- On a worker.
CREATE FUNCTION crmcost._sum_tiers(run crmcost._run, schemes text[],
                                   month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  sums CONSTANT record := crmcost._tier_sums_query(run, month);
BEGIN
  PERFORM crmcost._walk_schemes(run, schemes, NULL,
    crmcost._kept_answers_query(schemes),
    concat_ws(', ',
      crmcost._walked_month(NULL, month, true, crmcost._kept_sums_query()),
      crmcost._walked_month(NULL, month, sums.replaces, sums.query)),
    'infinity', true);
END
$$;

COMMENT ON FUNCTION crmcost._sum_tiers(crmcost._run, text[], date) IS
  'Adds a month to the sums of refresh_cumulated.';

-- Likewise: its sums are there.
CREATE FUNCTION crmcost._find_month_tiers(run crmcost._run, schemes text[],
                                          month date, bounds jsonb,
                                          next_month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  sums CONSTANT record := crmcost._tier_sums_query(run, next_month);
BEGIN
  PERFORM crmcost._walk_schemes(run, schemes, bounds,
    crmcost._kept_answers_query(schemes),
    concat_ws(', ',
      crmcost._walked_month(crmcost._tier_instant(run, month),
        crmcost._tier_day(run, month), true, crmcost._kept_sums_query()),
      CASE WHEN next_month IS NOT NULL THEN crmcost._walked_month(
        NULL, next_month, sums.replaces, sums.query) END),
    crmcost._midnight(month, run.zone), true);
  INSERT INTO pg_temp.refresh_tier_month VALUES (month);
END
$$;

COMMENT ON FUNCTION crmcost._find_month_tiers(crmcost._run, text[], date, jsonb, date) IS
  'Adds the answers that are new at the end of a month to refresh_tier_row, given the bounds of tiers, and then the month whose sums are wanted next.';

CREATE FUNCTION crmcost._walk_schemes(run crmcost._run, schemes text[],
                                      bounds jsonb, answers text, months text,
                                      since timestamptz, keep boolean)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  bins CONSTANT integer := crmcost._setting(run.ledger, 'rfm_bins');
  cuts CONSTANT crmcost.rfm_cuts :=
    (bounds ->> 'cuts')::crmcost.rfm_cuts;
BEGIN
  IF schemes = '{}' THEN
    RETURN;
  END IF;
  TRUNCATE pg_temp.refresh_tier_least;
  PERFORM crmcost._walk_tiers(crmcost._scheme_query(schemes, bins, bounds),
    answers, 'VALUES ' || months, crmcost._setting(run.ledger, 'abc_measure'),
    bins, CASE WHEN bounds IS NULL THEN '{}'
            -- without a customer there are none
            ELSE coalesce((cuts).recency || (cuts).frequency || (cuts).monetary,
                          array_fill(0::float8, ARRAY[3 * (bins - 1)])) END,
    'pg_temp.refresh_tier_row', 'pg_temp.refresh_tier_least',
    'pg_temp.refresh_tier_total', keep);
  IF keep THEN
    TRUNCATE pg_temp.refresh_cumulated;
    INSERT INTO pg_temp.refresh_cumulated
      SELECT t.customer_id, t.orders, t.revenue, t.value, t.last_ordered_on,
             t.answers
      FROM pg_temp.refresh_tier_total t;
    TRUNCATE pg_temp.refresh_tier_total;
  END IF;
  PERFORM crmcost._date_tiers(run, schemes, since);
END
$$;

COMMENT ON FUNCTION crmcost._walk_schemes(crmcost._run, text[], jsonb, text, text, timestamptz, boolean) IS
  'Walks through months from the answers of a query: adds to refresh_tier_row what is told after an instant, and fills refresh_tier_least and, to be kept, refresh_cumulated.';

CREATE FUNCTION crmcost._walk_tiers(schemes text, answers text, months text,
                                    measure text, bins integer, cuts float8[],
                                    told regclass, lowest regclass,
                                    totals regclass, keep boolean)
  RETURNS void
  LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'walk__walk_tiers';

COMMENT ON FUNCTION crmcost._walk_tiers(text, text, text, text, integer, float8[], regclass, regclass, regclass, boolean) IS
  'What the schemes of a query say in months of another, where they differ from the answers before: writes rows, the least value of each tier by share, and, to be kept, sums and answers at the end, to three work tables.';

-- Scores are from 111 on; one that no tier matches is left without, and data_quality
-- says so.  Of tiers by share the last one takes what is left.
CREATE FUNCTION crmcost._scheme_query(schemes text[], bins integer,
                                      bounds jsonb)
  RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN (
    WITH tiers AS (
      SELECT t.*, row_number() OVER (PARTITION BY t.scheme ORDER BY t.rank)
                    AS n,
             count(*) OVER (PARTITION BY t.scheme) AS tiers
      FROM tier t
    )
    SELECT 'VALUES ' || string_agg(format(
             '(%L::text, %L::text, %L::text[], %L::numeric[], %L::smallint[])',
             s.name,
             CASE WHEN s.basis = 'cum_share' AND bounds IS NOT NULL THEN 'value'
               ELSE coalesce(s.basis, 'none') END,
             coalesce(s.codes, '{}'),
             CASE WHEN s.basis = 'cum_share' AND bounds IS NOT NULL
                    THEN ARRAY(
                      SELECT (bounds ->> format('%s %s', s.i, k))::numeric
                      FROM generate_subscripts(s.bounds_by_rank, 1) AS k ORDER BY k)
               WHEN s.basis IN ('cum_share', 'min_value') THEN s.bounds_by_rank
               ELSE '{}' END,
             CASE WHEN s.basis = 'rfm' THEN ARRAY(
               SELECT min(t.n)
               FROM generate_series(111, 111 * bins) AS score
               LEFT JOIN tiers t
                 ON t.scheme = s.name AND t.r @> score / 100
                    AND t.f @> score / 10 % 10 AND t.m @> score % 10
               GROUP BY score ORDER BY score) ELSE '{}' END), ', ' ORDER BY s.i)
    FROM (SELECT s.i, s.name, min(t.basis) AS basis,
                 array_agg(t.code ORDER BY t.n) FILTER (WHERE t.n > 0) AS codes,
                 array_agg(t.bound ORDER BY t.n)
                   FILTER (WHERE t.basis <> 'cum_share'
                                 OR t.n <= greatest(t.tiers - 1, 1))
                   AS bounds_by_rank
          FROM unnest(schemes) WITH ORDINALITY AS s (name, i)
          LEFT JOIN tiers t ON t.scheme = s.name
          GROUP BY s.i, s.name) s);
END
$$;

COMMENT ON FUNCTION crmcost._scheme_query(text[], integer, jsonb) IS
  'Query of schemes as _walk_tiers wants them, by bounds that are to be found or that are given.';

-- At the same instant a person has the last word; and the rule's first answer about
-- who is there by hand is dated before that, if it is another.
CREATE FUNCTION crmcost._date_tiers(run crmcost._run, schemes text[],
                                    since timestamptz)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  EXECUTE format($query$
    UPDATE pg_temp.refresh_tier_row r
      SET entered_at = s.entered_at - interval '1 microsecond',
          evidence = r.evidence || CASE
            WHEN r.before IS NULL AND s.code <> r.code
              THEN jsonb_build_object('answered_at',
                                      r.entered_at AT TIME ZONE 'UTC')
            ELSE '{}' END
      FROM (
        SELECT k.customer_id, k.dimension, k.code, k.entered_at,
               lead(k.entered_at, 1, 'infinity') OVER (
                 PARTITION BY k.customer_id, k.dimension
                 ORDER BY k.entered_at) AS set_anew_at
        FROM %s k
        WHERE NOT k.by_rule AND k.dimension = ANY ($1) AND k.entered_at <= $3
      ) s
      WHERE s.customer_id = r.customer_id AND s.dimension = r.dimension
            AND r.entered_at > $2 AND r.entered_at >= s.entered_at
            AND r.entered_at < s.set_anew_at
            AND (r.before IS NULL AND s.code <> r.code
                 OR r.entered_at = s.entered_at)
    $query$, crmcost._own_rows('classification'))
    USING schemes, since, run.upto;
END
$$;

COMMENT ON FUNCTION crmcost._date_tiers(crmcost._run, text[], timestamptz) IS
  'Dates the rows of refresh_tier_row since an instant by what persons have set.';

-- Of the report day, whose answers are the last.
CREATE FUNCTION crmcost._write_tier_threshold(run crmcost._run)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'tier_threshold', format($query$
    SELECT t.scheme, t.code, t.bound AS value
    FROM tier t
    WHERE t.basis = 'min_value'
    UNION ALL
    SELECT t.scheme, t.code, min(c.value) AS value
    FROM %s c
    JOIN tier t ON t.scheme = c.scheme AND t.code = c.code
    GROUP BY t.scheme, t.code
  $query$, crmcost._of_parts(run, 'refresh_part_threshold',
                             'SELECT * FROM pg_temp.refresh_tier_least')),
    'true');
END
$$;

COMMENT ON FUNCTION crmcost._write_tier_threshold(crmcost._run) IS
  'Writes tier_threshold from the tiers of the report day; returns the rows changed.';
