-- What the tier schemes say, month end after month end, of the customers in
-- refresh_cumulated.  There the sums of each customer stand beside the last answers
-- of the rule, in the order of the schemes; so one pass over it a month finds the
-- answers that are new, and only these are written.  refresh_tier_state holds for
-- whom a person has set something.

-- What holds before the first month that is looked at.  Mostly that is what the
-- store says of the last refresh; where a later row stands there, history tells.
CREATE FUNCTION crmcost._tier_state_query(condition text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT c.customer_id, c.dimension, last.code, last.entered_at,
         last.by_rule,
         CASE WHEN last.by_rule THEN last.code ELSE ruled.code END AS ruled
  FROM customer_class c
  CROSS JOIN LATERAL (
    SELECT k.code, k.entered_at, k.by_rule
    FROM (SELECT c.code, c.entered_at, c.by_rule
          WHERE c.entered_at <= $1
          UNION ALL
          (SELECT h.code, h.entered_at, h.by_rule
           FROM classification h
           WHERE c.entered_at > $1 AND h.customer_id = c.customer_id
                 AND h.dimension = c.dimension AND h.entered_at <= $1
           ORDER BY h.entered_at DESC LIMIT 1)) k
  ) last
  LEFT JOIN LATERAL (
    SELECT h.code
    FROM classification h
    WHERE NOT last.by_rule AND h.customer_id = c.customer_id
          AND h.dimension = c.dimension AND h.by_rule
          AND h.entered_at <= $1
    ORDER BY h.entered_at DESC LIMIT 1
  ) ruled ON true
  WHERE c.dimension = ANY ($2) AND (%s)
$query$, condition);

COMMENT ON FUNCTION crmcost._tier_state_query(text) IS
  'Query of the tiers that held at an instant $1 in schemes $2, with the last answer of the rule, for the rows c of customer_class that a condition names.';

-- Answers of the rule and sums up to the month before the first.
CREATE FUNCTION crmcost._start_tiers(run crmcost._run, schemes text[],
                                     first_month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  from_at CONSTANT timestamptz := crmcost._midnight(first_month, run.zone);
BEGIN
  IF run.whole THEN
    RETURN;
  END IF;
  -- who set it by hand: the others' rows are by rule, and old enough
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_tier_state
      SELECT s.customer_id, s.dimension, s.code, s.entered_at, false
      FROM (%s) s WHERE NOT s.by_rule
    $query$,
    crmcost._tier_state_query('NOT c.by_rule OR c.entered_at > $1'))
    USING from_at, schemes;
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_cumulated
      SELECT customer_id, coalesce(m.orders, 0), m.last_ordered_on,
             coalesce(m.revenue, 0), coalesce(m.margin, 0),
             coalesce(m.profit, 0), s.answers
      FROM (SELECT s.customer_id, ARRAY[%s]::text[] AS answers
            FROM (%s) s GROUP BY s.customer_id) s
      FULL JOIN (%s) m USING (customer_id)
    $query$,
    coalesce((SELECT string_agg(format(
                       'max(s.ruled) FILTER (WHERE s.dimension = %L)', k.name),
                       ', ' ORDER BY k.i)
              FROM unnest(schemes) WITH ORDINALITY AS k (name, i)), ''),
    crmcost._tier_state_query('true'),
    crmcost._cumulated_query(
      CASE WHEN first_month < crmcost._month_of(run.day)
        THEN 'm.month_start < $3' ELSE 'false' END))
    USING from_at, schemes, first_month;
  ANALYZE pg_temp.refresh_cumulated;
END
$$;

COMMENT ON FUNCTION crmcost._start_tiers(crmcost._run, text[], date) IS
  'Fills refresh_tier_state and refresh_cumulated with what held before a month.';

-- A technical customer is many people: its tier would say nothing.  There are few,
-- so they are named.
CREATE FUNCTION crmcost._cumulated_query(condition text) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN format($query$
  SELECT m.customer_id, sum(m.orders)::bigint AS orders,
         max(o.last_ordered_on) AS last_ordered_on, sum(m.revenue) AS revenue,
         sum(m.margin) AS margin,
         sum(m.margin - m.direct_cost - m.allocated_cost) AS profit
  FROM customer_month m
  LEFT JOIN (SELECT m.customer_id, m.month_start,
                    max(m.ordered_on) AS last_ordered_on
             FROM customer_order m
             WHERE m.is_order AND (%1$s)
             GROUP BY m.customer_id, m.month_start) o
    USING (customer_id, month_start)
  WHERE (%1$s) AND m.customer_id <> ALL (%2$L::bigint[])
  GROUP BY m.customer_id
$query$, condition, ARRAY(SELECT t.customer_id FROM customer t
                          WHERE t.source = 'anon'));
END
$$;

COMMENT ON FUNCTION crmcost._cumulated_query(text) IS
  'Query of the sums of each customer over the months m that a condition names.';

-- On the report day the sums are those of customer_value.
CREATE FUNCTION crmcost._cumulate_month(run crmcost._run, month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  IF month < crmcost._month_of(run.day) THEN
    EXECUTE format($query$
      INSERT INTO pg_temp.refresh_cumulated AS c
        SELECT n.* FROM (%s) n
        ON CONFLICT (customer_id) DO UPDATE SET
          orders = c.orders + excluded.orders,
          last_ordered_on = greatest(c.last_ordered_on,
                                     excluded.last_ordered_on),
          revenue = c.revenue + excluded.revenue,
          margin = c.margin + excluded.margin,
          profit = c.profit + excluded.profit
      $query$, crmcost._cumulated_query('m.month_start = $1')) USING month;
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._cumulate_month(crmcost._run, date) IS
  'Adds a month to refresh_cumulated.';

-- Query of what the schemes say, on day $1, of each customer with an order, beside
-- what they said before; who has no order any more is left without.  $2 is
-- whether those with the same answers are wanted too.
CREATE FUNCTION crmcost._class_query(run crmcost._run, schemes text[],
                                     source text)
  RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
DECLARE
  part CONSTANT record := crmcost._scheme_terms(
    schemes, crmcost._setting(run.ledger, 'rfm_bins')::integer);
BEGIN
  RETURN format($query$
    SELECT a.* FROM (
      SELECT m.customer_id, m.value, m.revenue, m.score,
             ARRAY[%1$s]::text[] AS codes, m.answers
      FROM (
        SELECT c.customer_id, c.value, c.revenue, c.answers,
               crmcost.rfm_score(($1 - c.last_ordered_on)::float8,
                                 c.orders::float8, c.revenue::float8,
                                 %3$s) OVER () AS score %4$s
        FROM (SELECT s.*, s.%2$I AS value FROM %5$s s) c
        WHERE c.orders > 0 AND c.last_ordered_on IS NOT NULL
      ) m %6$s
      UNION ALL
      SELECT c.customer_id, NULL, NULL, NULL, ARRAY[%7$s]::text[], c.answers
      FROM %5$s c
      WHERE (c.orders > 0 AND c.last_ordered_on IS NOT NULL) IS NOT TRUE
            AND c.answers IS NOT NULL
    ) a
    WHERE $2 OR a.codes IS DISTINCT FROM a.answers
  $query$, part.codes, crmcost._setting(run.ledger, 'abc_measure'),
    crmcost._setting(run.ledger, 'rfm_bins'), part.windows, source,
    part.joins,
    (SELECT string_agg(format('CASE WHEN c.answers[%s] IS NOT NULL THEN ''none'' END', i),
                       ', ' ORDER BY i)
     FROM generate_subscripts(schemes, 1) AS i));
END
$$;

COMMENT ON FUNCTION crmcost._class_query(crmcost._run, text[], text) IS
  'Query of what the tier schemes say of the customers in a relation like refresh_cumulated.';

-- The terms of _class_query.  Who has an answer already, and gets none now, has
-- left the scheme.
CREATE FUNCTION crmcost._scheme_terms(schemes text[], bins integer,
                                      OUT codes text, OUT windows text,
                                      OUT joins text)
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
DECLARE
  scheme record;
  term text;
BEGIN
  windows := '';
  joins := '';
  FOR scheme IN
    SELECT s.i, s.name, min(t.basis) AS basis,
           array_agg(t.code ORDER BY t.rank) AS code,
           array_agg(t.bound ORDER BY t.rank) AS bound,
           array_agg(t.bound ORDER BY t.rank DESC) AS ascending
    FROM unnest(schemes) WITH ORDINALITY AS s (name, i)
    LEFT JOIN tier t ON t.scheme = s.name
    GROUP BY s.i, s.name
    ORDER BY s.i
  LOOP
    term := 'NULL';
    IF scheme.basis = 'cum_share' THEN
      windows := windows || crmcost._share_windows(scheme.i, scheme.bound);
      term := crmcost._share_term(scheme.i, scheme.code);
    ELSIF scheme.basis = 'min_value' THEN
      -- the best one whose bound is reached, else the last
      term := format('coalesce((%L::text[])[%s - width_bucket(m.revenue, %L::numeric[])], %L)',
                     scheme.code, cardinality(scheme.bound) + 1,
                     scheme.ascending,
                     scheme.code[cardinality(scheme.code)]);
    ELSIF scheme.basis = 'rfm' THEN
      joins := joins || crmcost._rfm_join(scheme.i, scheme.name, bins);
      term := format('rfm%s.code', scheme.i);
    END IF;
    codes := concat_ws(', ', codes, format(
      'coalesce(%s, CASE WHEN m.answers[%s] IS NOT NULL THEN ''none'' END)',
      term, scheme.i));
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._scheme_terms(text[], integer) IS
  'Of the query of tiers: codes by scheme, window functions and joins.';

-- Tiers by share.  abc_tier settles two bounds in one pass: A is the first tier
-- of the pair, B the second, and C goes on to the next pair; the last tier takes
-- what is left.  An ABC scheme is one pass.
CREATE FUNCTION crmcost._share_windows(i bigint, bound numeric[])
  RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
  SELECT pg_catalog.string_agg(
           pg_catalog.format(
             ', crmcost.abc_tier(c.value, %s, %s) OVER () AS abc%s_%s',
             bound[k], bound[least(k + 1, last)], i, k), ''::text ORDER BY k)
  FROM (SELECT greatest(pg_catalog.cardinality(bound) - 1, 1) AS last) n
  CROSS JOIN LATERAL pg_catalog.generate_series(1, n.last, 2) AS k);

COMMENT ON FUNCTION crmcost._share_windows(bigint, numeric[]) IS
  'Window functions that find tiers by share.';

CREATE FUNCTION crmcost._share_term(i bigint, code text[]) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
  SELECT pg_catalog.concat(
           'CASE',
           pg_catalog.string_agg(
             pg_catalog.format(
               ' WHEN m.abc%1$s_%2$s = ''A'' THEN %3$L WHEN m.abc%1$s_%2$s = ''B'' THEN %4$L',
               i, k, code[k], code[k + 1]), ''::text ORDER BY k),
           pg_catalog.format(' ELSE %L END',
                             code[pg_catalog.cardinality(code)]))
  FROM (SELECT greatest(pg_catalog.cardinality(code) - 1, 1) AS last) n
  CROSS JOIN LATERAL pg_catalog.generate_series(1, n.last, 2) AS k);

COMMENT ON FUNCTION crmcost._share_term(bigint, text[]) IS
  'What the window functions of a scheme by share say.';

-- Tiers by RFM: the first one by rank that matches.  A score that none matches
-- is left without, and data_quality says so.
CREATE FUNCTION crmcost._rfm_join(i bigint, wanted text, bins integer)
  RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN (
    SELECT format(' LEFT JOIN unnest(%2$L::integer[], %3$L::text[]) AS rfm%1$s (score, code) ON rfm%1$s.score = m.score',
                  i, array_agg(s.score), array_agg(s.code))
    FROM (
      SELECT DISTINCT ON (s.score) s.score, t.code
      FROM (SELECT r, f, m, 100 * r + 10 * f + m AS score
            FROM generate_series(1, bins) AS r
            CROSS JOIN generate_series(1, bins) AS f
            CROSS JOIN generate_series(1, bins) AS m) s
      JOIN tier t
        ON t.scheme = wanted AND t.r @> s.r AND t.f @> s.f AND t.m @> s.m
      ORDER BY s.score, t.rank
    ) s);
END
$$;

COMMENT ON FUNCTION crmcost._rfm_join(bigint, text, integer) IS
  'Join that finds the tier of a score in an RFM scheme.';

-- Fills refresh_class with the answers of a day that are new; on the report day,
-- whose sums are those of customer_value, with all of them.
CREATE FUNCTION crmcost._classify(run crmcost._run, schemes text[],
                                  month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  is_last CONSTANT boolean := month = crmcost._month_of(run.day);
BEGIN
  TRUNCATE pg_temp.refresh_class;
  EXECUTE 'INSERT INTO pg_temp.refresh_class ' || crmcost._class_query(
    run, schemes, CASE WHEN is_last THEN $source$(
      SELECT customer_id, v.orders, v.last_ordered_on, v.revenue, v.margin,
             v.profit, c.answers
      FROM (SELECT * FROM customer_value WHERE NOT is_technical) v
      FULL JOIN pg_temp.refresh_cumulated c USING (customer_id))$source$
    ELSE 'pg_temp.refresh_cumulated' END)
    USING CASE WHEN is_last THEN run.day
            ELSE (month + interval '1 month')::date - 1 END, is_last;
END
$$;

COMMENT ON FUNCTION crmcost._classify(crmcost._run, text[], date) IS
  'Fills refresh_class: what the tier schemes say at the end of a month.';

-- The rule's answers of one instant, in refresh_class, become rows where they are
-- new.  since is the instant of the answers before.
CREATE FUNCTION crmcost._append_tiers(schemes text[], measure text,
                                      since timestamptz, at timestamptz)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  -- what persons have set up to here
  INSERT INTO pg_temp.refresh_tier_state AS s
    SELECT DISTINCT ON (k.customer_id, k.dimension)
           k.customer_id, k.dimension, k.code, k.entered_at, false
    FROM classification k
    WHERE NOT k.by_rule AND k.dimension = ANY (schemes)
          AND k.entered_at > since AND k.entered_at <= at
    ORDER BY k.customer_id, k.dimension, k.entered_at DESC
    ON CONFLICT (customer_id, dimension) DO UPDATE SET
      code = excluded.code,
      entered_at = excluded.entered_at,
      by_rule = false
      WHERE excluded.entered_at > s.entered_at;
  TRUNCATE pg_temp.refresh_tier_new;
  INSERT INTO pg_temp.refresh_tier_new
    SELECT c.customer_id, k.dimension, k.code,
           CASE
             WHEN k.code = 'none' THEN NULL
             WHEN k.basis = 'cum_share'
               THEN jsonb_build_object(measure, c.value)
             WHEN k.basis = 'min_value'
               THEN jsonb_build_object('revenue', c.revenue)
             ELSE jsonb_build_object('r', c.score / 100,
                    'f', c.score / 10 % 10, 'm', c.score % 10)
           END,
           -- at the same instant a person has the last word
           CASE WHEN k.answer IS NULL AND s.code <> k.code
                     OR NOT s.by_rule AND s.entered_at = at
             THEN s.entered_at - interval '1 microsecond' ELSE at END
    FROM pg_temp.refresh_class c
    CROSS JOIN LATERAL unnest(schemes, crmcost._bases(schemes), c.codes,
                              c.answers)
      AS k (dimension, basis, code, answer)
    LEFT JOIN pg_temp.refresh_tier_state s
      ON s.customer_id = c.customer_id AND s.dimension = k.dimension
    WHERE k.code IS DISTINCT FROM k.answer;
  INSERT INTO pg_temp.refresh_tier_row
    SELECT n.customer_id, n.dimension, n.entered_at, n.code, n.evidence
    FROM pg_temp.refresh_tier_new n;
  UPDATE pg_temp.refresh_tier_state s
    SET code = CASE WHEN n.entered_at > s.entered_at THEN n.code
                 ELSE s.code END,
        by_rule = n.entered_at > s.entered_at,
        entered_at = greatest(n.entered_at, s.entered_at)
    FROM pg_temp.refresh_tier_new n
    WHERE n.customer_id = s.customer_id AND n.dimension = s.dimension;
  UPDATE pg_temp.refresh_cumulated c
    SET answers = n.codes
    FROM pg_temp.refresh_class n
    WHERE n.customer_id = c.customer_id
          AND n.codes IS DISTINCT FROM n.answers;
END
$$;

COMMENT ON FUNCTION crmcost._append_tiers(text[], text, timestamptz, timestamptz) IS
  'Adds the answers in refresh_class that are new at an instant to refresh_tier_row.';

CREATE FUNCTION crmcost._bases(schemes text[]) RETURNS text[]
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN ARRAY(SELECT (SELECT min(t.basis) FROM tier t
                       WHERE t.scheme = s.name)
               FROM unnest(schemes) WITH ORDINALITY AS s (name, i)
               ORDER BY s.i);
END
$$;

COMMENT ON FUNCTION crmcost._bases(text[]) IS
  'What the tiers of each scheme go by.';

-- Of the report day, whose answers are the last in refresh_class.
CREATE FUNCTION crmcost._write_tier_threshold(run crmcost._run,
                                              schemes text[])
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'tier_threshold', format($query$
    SELECT t.scheme, t.code, t.bound AS value
    FROM tier t
    WHERE t.basis = 'min_value'
    UNION ALL
    SELECT t.scheme, t.code, min(c.value)
    FROM pg_temp.refresh_class c
    CROSS JOIN LATERAL unnest(%L::text[], c.codes) AS k (scheme, code)
    JOIN tier t ON t.scheme = k.scheme AND t.code = k.code
    WHERE t.basis = 'cum_share' AND c.value IS NOT NULL
    GROUP BY t.scheme, t.code
  $query$, schemes), 'true');
END
$$;

COMMENT ON FUNCTION crmcost._write_tier_threshold(crmcost._run, text[]) IS
  'Writes tier_threshold from the tiers of the report day; returns the rows changed.';
