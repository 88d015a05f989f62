-- What the tier schemes say, month end after month end.
--
-- refresh_cumulated and refresh_class have the sums of each customer up to a month
-- and beside them the answers of the rule, in the order of the schemes, and those
-- before.  Each month one of the two is made from the other, in one pass: rows
-- that are written over would stay in the way until the end.  refresh_tier_state
-- holds for whom a person has set something.

CREATE FUNCTION crmcost._tier_table(ahead integer) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN CASE (SELECT (count(*) + ahead) % 2 FROM pg_temp.refresh_tier_month)
    WHEN 1 THEN 'refresh_cumulated' ELSE 'refresh_class' END;
END
$$;

COMMENT ON FUNCTION crmcost._tier_table(integer) IS
  'Which table has the sums and answers of the last month that is done, or of the one after it.';

-- What holds before the first month that is looked at.  Mostly that is what the
-- store says of the last refresh; where a later row stands there, or one by hand,
-- history tells.  A first answer that was dated back counts from when it was given.
CREATE FUNCTION crmcost._tier_state_query(condition text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT c.customer_id, c.dimension, c.code, c.entered_at, true AS by_rule,
         c.code AS ruled
  FROM customer_class c
  WHERE c.dimension = ANY ($2) AND c.by_rule AND c.entered_at <= $1 AND (%1$s)
  UNION ALL
  SELECT c.customer_id, c.dimension, last.code, last.entered_at,
         last.by_rule,
         CASE WHEN last.by_rule THEN last.code ELSE ruled.code END
  FROM customer_class c
  CROSS JOIN LATERAL (
    SELECT h.code, h.entered_at, h.by_rule
    FROM classification h
    WHERE h.customer_id = c.customer_id AND h.dimension = c.dimension COLLATE "default"
          AND h.entered_at <= $1
    ORDER BY h.entered_at DESC LIMIT 1
  ) last
  LEFT JOIN LATERAL (
    SELECT h.code
    FROM classification h
    WHERE NOT last.by_rule AND h.customer_id = c.customer_id
          AND h.dimension = c.dimension COLLATE "default" AND h.by_rule
          AND crmcost._answered_at(h.entered_at, h.evidence) <= $1
    ORDER BY h.entered_at DESC LIMIT 1
  ) ruled ON true
  WHERE c.dimension = ANY ($2) AND NOT (c.by_rule AND c.entered_at <= $1)
        AND (%1$s)
$query$, condition);

COMMENT ON FUNCTION crmcost._tier_state_query(text) IS
  'Query of the tiers that held at an instant $1 in schemes $2, with the last answer of the rule, for the rows c of customer_class that a condition names.';

CREATE FUNCTION crmcost._answered_at(entered_at timestamptz, evidence jsonb)
  RETURNS timestamptz
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce((evidence ->> 'answered_at')::timestamp AT TIME ZONE 'UTC',
                entered_at);

COMMENT ON FUNCTION crmcost._answered_at(timestamptz, jsonb) IS
  'When a rule gave the answer of a row of classification: an answer that is dated back has it in its evidence.';

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
    PERFORM crmcost._add_set_tiers(schemes, '-infinity', from_at);
    RETURN;
  END IF;
  -- who set it by hand: the others' rows are by rule, and old enough
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_tier_state
      SELECT s.customer_id, s.dimension, s.code, s.entered_at, false
      FROM (%s) s WHERE NOT s.by_rule
    $query$,
    crmcost._tier_state_query('(c.customer_id, c.dimension) IN (SELECT h.customer_id, h.dimension
        FROM classification h WHERE NOT h.by_rule AND h.entered_at <= $1)'))
    USING from_at, schemes;
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_cumulated
      SELECT customer_id, coalesce(m.orders, 0), m.last_ordered_on,
             coalesce(m.revenue, 0), coalesce(m.margin, 0),
             coalesce(m.profit, 0), s.answers, NULL, NULL
      FROM (SELECT s.customer_id, ARRAY[%s]::text[] AS answers
            FROM (%s) s GROUP BY s.customer_id) s
      FULL JOIN (%s) m USING (customer_id)
    $query$,
    coalesce((SELECT string_agg(format(
                       'max(s.ruled) FILTER (WHERE s.dimension = %L)', k.name),
                       ', ' ORDER BY k.i)
              FROM unnest(schemes) WITH ORDINALITY AS k (name, i)), ''),
    crmcost._tier_state_query('true'),
    CASE WHEN crmcost._is_told_by_value(run, first_month)
      THEN crmcost._cumulated_query('false')
    ELSE crmcost._cumulated_before_query(run) END)
    USING from_at, schemes, first_month;
  ANALYZE pg_temp.refresh_cumulated;
END
$$;

COMMENT ON FUNCTION crmcost._start_tiers(crmcost._run, text[], date) IS
  'Fills refresh_tier_state and refresh_cumulated with what held before a month.';

-- An order that counted in a month when that was closed may have got a line since:
-- at the end of the month it was no later.
--
-- A technical customer is many people: its tier would say nothing.  There are few,
-- so they are named.
CREATE FUNCTION crmcost._cumulated_query(condition text) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
DECLARE
  technical bigint[];
BEGIN
  EXECUTE format('SELECT array_agg(t.customer_id) FROM %s t WHERE t.source = ''anon''',
                 crmcost._own_rows('customer')) INTO technical;
  RETURN format($query$
  SELECT customer_id, sum(orders)::bigint AS orders,
         max(last_ordered_on) AS last_ordered_on,
         crmcost._sum_few(revenue) AS revenue,
         crmcost._sum_few(margin) AS margin,
         crmcost._sum_few(profit) AS profit
  -- sorted: of many groups the sums take more memory than the rows
  FROM (SELECT m.customer_id, m.orders, NULL::date AS last_ordered_on,
               m.revenue, m.margin,
               m.margin - m.direct_cost - m.allocated_cost AS profit
        FROM %4$s m
        WHERE (%1$s) AND m.customer_id <> ALL (%2$L::bigint[])
        UNION ALL
        SELECT m.customer_id, 0, least(m.ordered_on, %3$s - 1), 0, 0, 0
        FROM customer_order m
        WHERE m.is_order AND (%1$s) AND m.customer_id <> ALL (%2$L::bigint[])
        ORDER BY customer_id) month
  GROUP BY customer_id
$query$, condition, coalesce(technical, '{}'),
  '(m.month_start + interval ''1 month'')::date',
  crmcost._own_rows('customer_month'));
END
$$;

COMMENT ON FUNCTION crmcost._cumulated_query(text) IS
  'Query of the sums of each customer over the months m that a condition names.';

-- What customer_value says less what came since is what the months before add up
-- to.  Of who was merged it has all in one row, where months have it in two; and
-- while months are computed it is that of the refresh before: these sums are made
-- from the months.
--
-- The last order is asked for anew of who has one since, and of who has one that
-- got a line after its month was closed.
CREATE FUNCTION crmcost._cumulated_before_query(run crmcost._run)
  RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
DECLARE
  merged CONSTANT bigint[] := ARRAY(
    SELECT p.customer_id FROM pg_temp.refresh_party p
    UNION SELECT p.party_id FROM pg_temp.refresh_party p);
BEGIN
  IF NOT EXISTS (SELECT FROM pg_temp.refresh_written w
                 WHERE w.target = 'customer_value') THEN
    RETURN crmcost._cumulated_query('m.month_start < $3');
  END IF;
  RETURN format($query$
    SELECT customer_id, v.orders - coalesce(l.orders, 0) AS orders,
           CASE WHEN moved.customer_id IS NULL THEN v.last_ordered_on
             ELSE moved.last_ordered_on END AS last_ordered_on,
           v.revenue - coalesce(l.revenue, 0) AS revenue,
           v.margin - coalesce(l.margin, 0) AS margin,
           v.profit - coalesce(l.profit, 0) AS profit
    FROM customer_value v
    LEFT JOIN (%1$s) l USING (customer_id)
    LEFT JOIN (
      SELECT o.customer_id,
             max(least(o.ordered_on,
                       (o.month_start + interval '1 month')::date - 1))
               FILTER (WHERE o.month_start < $3) AS last_ordered_on
      FROM customer_order o
      WHERE o.is_order AND o.customer_id = ANY (ARRAY(
        SELECT m.customer_id FROM customer_order m
        WHERE m.is_order AND (m.month_start >= $3 OR %2$s)))
      GROUP BY o.customer_id
    ) moved USING (customer_id)
    WHERE v.is_customer AND NOT v.is_technical
          AND v.customer_id <> ALL (%3$L::bigint[])
    UNION ALL
    %4$s
  $query$, crmcost._cumulated_query('m.month_start >= $3'),
  CASE WHEN isfinite(run.open_month)
    THEN format('m.month_start < %L AND m.ordered_on >= m.month_start + interval ''1 month''',
                run.open_month)
    ELSE 'false' END,
  merged, crmcost._cumulated_query(format(
    'm.month_start < $3 AND m.customer_id = ANY (%L::bigint[])', merged)));
END
$$;

COMMENT ON FUNCTION crmcost._cumulated_before_query(crmcost._run) IS
  'Query of the sums of each customer over the months before the month $3.';

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

-- Query of the sums up to the end of a month, $2, given those before it; on the
-- report day they are those of customer_value.
CREATE FUNCTION crmcost._tier_total_query(run crmcost._run, month date)
  RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  IF crmcost._is_told_by_value(run, month) THEN
    RETURN format($query$
      SELECT customer_id, coalesce(v.orders, 0) AS orders, v.last_ordered_on,
             v.revenue, v.margin, v.profit, o.answers
      FROM (%s) v
      FULL JOIN pg_temp.%I o USING (customer_id)
      WHERE v.orders > 0 OR o.answers IS NOT NULL
    $query$,
    CASE WHEN month >= crmcost._month_of(run.day)
      THEN 'SELECT * FROM customer_value WHERE NOT is_technical'
    ELSE crmcost._cumulated_before_query(run) END, crmcost._tier_table(0));
  END IF;
  RETURN format($query$
    -- most customers have nothing in the month
    SELECT customer_id, coalesce(o.orders, 0) + coalesce(n.orders, 0)
             AS orders,
           greatest(o.last_ordered_on, n.last_ordered_on) AS last_ordered_on,
           CASE WHEN n.revenue IS NULL THEN o.revenue
             ELSE coalesce(o.revenue, 0) + n.revenue END AS revenue,
           CASE WHEN n.margin IS NULL THEN o.margin
             ELSE coalesce(o.margin, 0) + n.margin END AS margin,
           CASE WHEN n.profit IS NULL THEN o.profit
             ELSE coalesce(o.profit, 0) + n.profit END AS profit, o.answers
    FROM pg_temp.%I o
    FULL JOIN (%s) n USING (customer_id)
  $query$, crmcost._tier_table(0),
  crmcost._cumulated_query('m.month_start = $2'));
END
$$;

COMMENT ON FUNCTION crmcost._tier_total_query(crmcost._run, date) IS
  'Query of the sums of customers up to the end of a month, $2, before that of $3.';

-- Query of what the schemes say, on day $1, of each customer with an order, beside
-- what they said before; who has no order any more is left without, and has no part
-- in the shares and scores of the others.
CREATE FUNCTION crmcost._class_query(run crmcost._run, schemes text[],
                                     sums text, bounds jsonb)
  RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
DECLARE
  bins CONSTANT integer := crmcost._setting(run.ledger, 'rfm_bins');
  part CONSTANT record := crmcost._scheme_terms(schemes, bins, bounds);
BEGIN
  RETURN format($query$
    SELECT m.customer_id, m.orders, m.last_ordered_on, m.revenue, m.margin,
           m.profit, CASE WHEN m.score IS NULL THEN %6$s
                       ELSE ARRAY[%2$s]::text[] END, m.answers, m.score
    FROM (
      SELECT t.*,
             crmcost.rfm_score(CASE WHEN %7$s
                                 THEN ($1 - t.last_ordered_on)::float8 END,
                               CASE WHEN %7$s THEN t.orders::float8 END,
                               t.revenue::float8, %3$s) %8$s AS score %4$s
      FROM (SELECT t.*, CASE WHEN %7$s THEN t.%5$I END AS value
            FROM (%1$s) t) t
    ) m
  $query$, sums, part.codes,
    CASE WHEN bounds IS NULL THEN bins::text
      ELSE format('%L::crmcost.rfm_cuts', bounds ->> 'cuts') END,
    part.windows, crmcost._setting(run.ledger, 'abc_measure'),
    crmcost._left_term(schemes), crmcost._has_tier(),
    CASE WHEN bounds IS NULL THEN 'OVER ()' END);
END
$$;

COMMENT ON FUNCTION crmcost._class_query(crmcost._run, text[], text, jsonb) IS
  'Query of what the tier schemes say of the customers with the sums of a query, of all there are or by bounds that are given.';

CREATE FUNCTION crmcost._left_term(schemes text[]) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  SELECT pg_catalog.format(
           'CASE WHEN m.answers IS NOT NULL THEN ARRAY[%s]::text[] END',
           pg_catalog.string_agg(pg_catalog.format(
             'CASE WHEN m.answers[%s] IS NOT NULL THEN ''none'' END', i),
             ', '::text ORDER BY i))
  FROM pg_catalog.generate_subscripts(schemes, 1) AS i);

COMMENT ON FUNCTION crmcost._left_term(text[]) IS
  'What the schemes say of a customer without an order.';

-- The terms of _class_query.  Who has an answer already, and gets none now, has
-- left the scheme.
CREATE FUNCTION crmcost._scheme_terms(schemes text[], bins integer,
                                      bounds jsonb, OUT codes text,
                                      OUT windows text)
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
DECLARE
  scheme record;
  term text;
BEGIN
  windows := '';
  FOR scheme IN
    SELECT s.i, s.name, min(t.basis) AS basis,
           array_agg(t.code ORDER BY t.rank) AS code,
           array_agg(t.bound ORDER BY t.rank) AS bound
    FROM unnest(schemes) WITH ORDINALITY AS s (name, i)
    LEFT JOIN tier t ON t.scheme = s.name
    GROUP BY s.i, s.name
    ORDER BY s.i
  LOOP
    term := 'NULL';
    IF scheme.basis = 'cum_share' AND bounds IS NOT NULL THEN
      term := crmcost._bound_term('m.value', ARRAY(
        SELECT (bounds ->> format('%s %s', scheme.i, k))::numeric
        FROM generate_series(1, greatest(cardinality(scheme.code) - 1, 1))
          AS k ORDER BY k), scheme.code);
    ELSIF scheme.basis = 'cum_share' THEN
      windows := windows || crmcost._share_windows(scheme.i, scheme.bound);
      term := crmcost._share_term(scheme.i, scheme.code);
    ELSIF scheme.basis = 'min_value' THEN
      term := crmcost._bound_term('m.revenue', scheme.bound, scheme.code);
    ELSIF scheme.basis = 'rfm' THEN
      term := crmcost._rfm_term(scheme.name, bins);
    END IF;
    codes := concat_ws(', ', codes, format(
      'coalesce(%s, CASE WHEN m.answers[%s] IS NOT NULL THEN ''none'' END)',
      term, scheme.i));
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._scheme_terms(text[], integer, jsonb) IS
  'Of the query of tiers: codes by scheme, and window functions.';

-- Tiers by share.  abc_tier settles two bounds in one pass: A is the first tier
-- of the pair, B the second, and C goes on to the next pair; the last tier takes
-- what is left.  An ABC scheme is one pass.
CREATE FUNCTION crmcost._share_windows(i bigint, bound numeric[])
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  SELECT pg_catalog.string_agg(
           pg_catalog.format(
             ', crmcost.abc_tier(t.value, %s, %s) OVER () AS abc%s_%s',
             bound[k], bound[least(k + 1, last)], i, k), ''::text ORDER BY k)
  FROM (SELECT greatest(pg_catalog.cardinality(bound) - 1, 1) AS last) n
  CROSS JOIN LATERAL pg_catalog.generate_series(1, n.last, 2) AS k);

COMMENT ON FUNCTION crmcost._share_windows(bigint, numeric[]) IS
  'Window functions that find tiers by share.';

CREATE FUNCTION crmcost._share_term(i bigint, code text[]) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
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

-- The best tier whose bound is reached; the last one takes what is left.
CREATE FUNCTION crmcost._bound_term(value text, bound numeric[], code text[])
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  SELECT pg_catalog.concat(
           'CASE',
           pg_catalog.string_agg(
             pg_catalog.format(' WHEN %s >= %L::numeric THEN %L', value, b.bound,
                               code[b.k]), ''::text ORDER BY b.k),
           pg_catalog.format(' ELSE %L END',
                             code[pg_catalog.cardinality(code)]))
  FROM pg_catalog.unnest(bound) WITH ORDINALITY AS b (bound, k));

COMMENT ON FUNCTION crmcost._bound_term(text, numeric[], text[]) IS
  'The code of a value, given the smallest one of each.';

-- Tiers by RFM: the first one by rank that matches.  A score that none matches
-- is left without, and data_quality says so.  Numbers of tiers by score are an array
-- that is looked up at once: one of texts would be gone through.
CREATE FUNCTION crmcost._rfm_term(wanted text, bins integer) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN (
    WITH tiers AS (
      SELECT row_number() OVER (ORDER BY t.rank) AS n, t.code, t.r, t.f, t.m
      FROM tier t WHERE t.scheme = wanted
    )
    SELECT format('CASE (%L::smallint[])[m.score - 110]%s END',
                  (SELECT array_agg(
                            (SELECT t.n FROM tiers t
                             WHERE t.r @> s / 100 AND t.f @> s / 10 % 10
                                   AND t.m @> s % 10
                             ORDER BY t.n LIMIT 1) ORDER BY s)
                   FROM generate_series(111, 111 * bins) AS s),
                  string_agg(format(' WHEN %s THEN %L', t.n, t.code), ''
                             ORDER BY t.n))
    FROM tiers t);
END
$$;

COMMENT ON FUNCTION crmcost._rfm_term(text, integer) IS
  'The code of a score in an RFM scheme.';

CREATE FUNCTION crmcost._tier_day(run crmcost._run, month date) RETURNS date
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN least((month + interval '1 month')::date - 1, run.day);

COMMENT ON FUNCTION crmcost._tier_day(crmcost._run, date) IS
  'Day of a month whose evening tiers are of: its last one, or the report day.';

-- Bounds that are given are of sums that are there already.
CREATE FUNCTION crmcost._classify(run crmcost._run, schemes text[],
                                  month date, bounds jsonb)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  target CONSTANT text := crmcost._tier_table(1);
BEGIN
  EXECUTE format('TRUNCATE pg_temp.%I', target);
  EXECUTE format('INSERT INTO pg_temp.%I %s', target, crmcost._class_query(
                   run, schemes, CASE WHEN bounds IS NULL
                     THEN crmcost._tier_total_query(run, month)
                     ELSE 'SELECT * FROM pg_temp.refresh_tier_total' END,
                   bounds))
    USING crmcost._tier_day(run, month), month,
          (month + interval '1 month')::date;
END
$$;

COMMENT ON FUNCTION crmcost._classify(crmcost._run, text[], date, jsonb) IS
  'Makes the sums of customers up to the end of a month, and what the tier schemes say of them.';

CREATE FUNCTION crmcost._add_set_tiers(schemes text[], since timestamptz,
                                       at timestamptz)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_tier_state AS s
      SELECT DISTINCT ON (k.customer_id, k.dimension)
             k.customer_id, k.dimension, k.code, k.entered_at, false
      FROM %s k
      WHERE NOT k.by_rule AND k.dimension = ANY ($1)
            AND k.entered_at > $2 AND k.entered_at <= $3
      ORDER BY k.customer_id, k.dimension, k.entered_at DESC
      ON CONFLICT (customer_id, dimension) DO UPDATE SET
        code = excluded.code,
        entered_at = excluded.entered_at,
        by_rule = false
        WHERE excluded.entered_at > s.entered_at
    $query$, crmcost._own_rows('classification')) USING schemes, since, at;
END
$$;

COMMENT ON FUNCTION crmcost._add_set_tiers(text[], timestamptz, timestamptz) IS
  'Brings what persons have set between two instants into refresh_tier_state.';

-- The rule's answers of one instant become rows where they are new.  since is the
-- instant of the answers before.  Where persons have set something, the rows are
-- kept aside first.
CREATE FUNCTION crmcost._append_tiers(run crmcost._run, schemes text[],
                                      since timestamptz, at timestamptz)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  by_hand boolean;
BEGIN
  PERFORM crmcost._add_set_tiers(schemes, since, at);
  by_hand := EXISTS (SELECT FROM pg_temp.refresh_tier_state);
  EXECUTE crmcost._tier_row_query(run,
    CASE WHEN by_hand THEN 'refresh_tier_new' ELSE 'refresh_tier_row' END)
    USING at, schemes, crmcost._bases(schemes);
  IF by_hand THEN
    INSERT INTO pg_temp.refresh_tier_row
      SELECT n.customer_id, n.dimension, n.entered_at, n.code, n.evidence,
             n.before
      FROM pg_temp.refresh_tier_new n;
    UPDATE pg_temp.refresh_tier_state s
      SET code = CASE WHEN n.entered_at > s.entered_at THEN n.code
                   ELSE s.code END,
          by_rule = n.entered_at > s.entered_at,
          entered_at = greatest(n.entered_at, s.entered_at)
      FROM pg_temp.refresh_tier_new n
      WHERE n.customer_id = s.customer_id AND n.dimension = s.dimension;
    TRUNCATE pg_temp.refresh_tier_new;
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._append_tiers(crmcost._run, text[], timestamptz, timestamptz) IS
  'Adds the answers that are new at an instant to refresh_tier_row.';

-- There are few scores, so what is said of one is made once.
CREATE FUNCTION crmcost._tier_row_query(run crmcost._run, target text)
  RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN format($query$
    INSERT INTO pg_temp.%3$I (customer_id, dimension, code, before, evidence,
                              entered_at)
      SELECT c.customer_id, k.dimension, k.code, k.before,
             CASE
               WHEN k.code = 'none' THEN NULL
               WHEN k.basis = 'cum_share'
                 THEN jsonb_build_object(%2$L, c.%2$I)
               WHEN k.basis = 'min_value'
                 THEN jsonb_build_object('revenue', c.revenue)
               ELSE e.evidence
             END || CASE WHEN k.before IS NULL AND s.code <> k.code
                      THEN jsonb_build_object('answered_at',
                                              $1 AT TIME ZONE 'UTC')
                      ELSE '{}' END,
             -- at the same instant a person has the last word
             CASE WHEN k.before IS NULL AND s.code <> k.code
                       OR NOT s.by_rule AND s.entered_at = $1
               THEN s.entered_at - interval '1 microsecond' ELSE $1 END
      FROM pg_temp.%1$I c
      CROSS JOIN LATERAL unnest($2, $3, c.answers, c.before)
        AS k (dimension, basis, code, before)
      LEFT JOIN (
        SELECT 100 * r + 10 * f + m AS score,
               jsonb_build_object('r', r, 'f', f, 'm', m) AS evidence
        FROM generate_series(1, %4$s) AS r
        CROSS JOIN generate_series(1, %4$s) AS f
        CROSS JOIN generate_series(1, %4$s) AS m
        OFFSET 0
      ) e ON e.score = c.score
      LEFT JOIN pg_temp.refresh_tier_state s
        ON s.customer_id = c.customer_id AND s.dimension = k.dimension
      WHERE c.answers IS DISTINCT FROM c.before
            AND k.code IS DISTINCT FROM k.before
  $query$, crmcost._tier_table(1), crmcost._setting(run.ledger, 'abc_measure'),
    target, crmcost._setting(run.ledger, 'rfm_bins'));
END
$$;

COMMENT ON FUNCTION crmcost._tier_row_query(crmcost._run, text) IS
  'Statement that adds the answers that are new at an instant $1 to a work table, given the schemes $2 and what they go by, $3.';

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

-- Of the report day, whose answers are the last.
CREATE FUNCTION crmcost._write_tier_threshold(run crmcost._run,
                                              schemes text[])
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  reached CONSTANT text := (
    SELECT string_agg(format(
             'SELECT %L::text AS scheme, answers[%s] AS code, min(%I) AS value FROM pg_temp.%I WHERE score IS NOT NULL GROUP BY 2',
             s.name, s.i, crmcost._setting(run.ledger, 'abc_measure'),
             crmcost._tier_table(0)), ' UNION ALL ')
    FROM unnest(schemes) WITH ORDINALITY AS s (name, i)
    WHERE EXISTS (SELECT FROM tier t
                  WHERE t.scheme = s.name AND t.basis = 'cum_share'));
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'tier_threshold', concat($query$
    SELECT t.scheme, t.code, t.bound AS value
    FROM tier t
    WHERE t.basis = 'min_value'
  $query$,
    CASE WHEN reached IS NOT NULL THEN format(
      'UNION ALL SELECT t.scheme, t.code, min(c.value) AS value FROM %s c
       JOIN tier t ON t.scheme = c.scheme AND t.code = c.code GROUP BY t.scheme, t.code',
      crmcost._of_parts(run, 'refresh_part_threshold', reached)) END),
    'true');
END
$$;

COMMENT ON FUNCTION crmcost._write_tier_threshold(crmcost._run, text[]) IS
  'Writes tier_threshold from the tiers of the report day; returns the rows changed.';
