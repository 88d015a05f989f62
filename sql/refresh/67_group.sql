-- Step group: customer_month summed up by the groups that customers are in.
--
-- Months that were written are summed up anew.  In the others nothing happened but
-- that customers went from one group to another: what they brought and cost there
-- goes with them.  When tiers or schemes change, or customers are merged, all is
-- summed up anew.
CREATE FUNCTION crmcost._refresh_group(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  schemes CONSTANT text[] := crmcost._tier_schemes(run.ledger);
  months CONSTANT text := '%s.month_start = ANY (ARRAY(SELECT t.month_start FROM pg_temp.refresh_cost_month t))';
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF run.whole OR EXISTS (SELECT FROM touched WHERE relation = 'tier')
     OR crmcost._parties_changed()
     OR ARRAY(SELECT DISTINCT g.dimension FROM group_month g
              WHERE g.dimension NOT LIKE '(%)' ORDER BY 1) <> schemes THEN
    PERFORM crmcost._find_tiered(schemes);
    RETURN crmcost._write_difference(run.ledger, 'group_month',
      crmcost._group_query(schemes, 'true'), 'true');
  END IF;
  PERFORM crmcost._find_moved(schemes);
  IF NOT EXISTS (SELECT FROM pg_temp.refresh_moved)
     AND NOT EXISTS (SELECT FROM pg_temp.refresh_cost_month) THEN
    RETURN 0;
  END IF;
  IF EXISTS (SELECT FROM pg_temp.refresh_moved) THEN
    EXECUTE crmcost._delta_query(format(months, 'm'));
  END IF;
  PERFORM crmcost._find_tiered(schemes);
  RETURN crmcost._write_difference(run.ledger, 'group_month',
    -- named, so that the planner knows how many rows they have
    crmcost._group_query(schemes, format('m.month_start = ANY (%L::date[])',
      ARRAY(SELECT t.month_start FROM pg_temp.refresh_cost_month t)))
    || $query$
      UNION ALL
      SELECT dimension, code, cohort_month, month_start, $query$
      || (SELECT string_agg(format('%I', g.name), ', ')
          FROM crmcost._group_sums() g)
      || $query$
      FROM pg_temp.refresh_delta WHERE members > 0
    $query$,
    format(months, 'old') || $condition$
      OR (old.dimension, old.code, old.cohort_month, old.month_start)
         IN (SELECT d.dimension, d.code, d.cohort_month, d.month_start
             FROM pg_temp.refresh_delta d)
    $condition$);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_group(crmcost._run) IS
  'Step of refresh: group_month; returns the rows changed.';

CREATE FUNCTION crmcost._tier_schemes(ledger name) RETURNS text[]
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  RETURN ARRAY(SELECT DISTINCT t.scheme COLLATE "C" FROM tier t ORDER BY 1);
END
$$;

COMMENT ON FUNCTION crmcost._tier_schemes(name) IS
  'Tier schemes of a ledger.';

-- The sums of group_month: each column, its type, and what it is of a row m of
-- customer_month.
CREATE FUNCTION crmcost._group_sums(OUT name text, OUT type text,
                                    OUT term text)
  RETURNS SETOF record
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 18
BEGIN ATOMIC
  SELECT s.name, s.type, s.term
  FROM (
    SELECT v.place, v.name, v.type, v.term
    FROM (VALUES
      (1, 'members'::text, 'bigint'::text, '1'::text),
      (2, 'active_customers', 'bigint', '(m.sale_lines > 0)::integer'),
      (3, 'orders', 'bigint', 'm.orders'),
      (4, 'interactions', 'bigint', 'm.interactions'),
      (5, 'handle_seconds', 'bigint', 'm.handle_seconds'),
      (6, 'revenue', 'numeric', 'm.revenue'),
      (7, 'margin', 'numeric', 'm.margin'),
      (8, 'discount', 'numeric', 'm.discount'),
      (9, 'refund', 'numeric', 'm.refund'),
      (98, 'direct_cost', 'numeric', 'm.direct_cost'),
      (99, 'allocated_cost', 'numeric', 'm.allocated_cost'))
      AS v (place, name, type, term)
    UNION ALL
    SELECT 9 + b.i, pg_catalog.format('%s_cost'::text, b.name), 'numeric'::text,
           pg_catalog.format(
             'm.%1$s_direct_cost + m.%1$s_allocated_cost'::text, b.name)
    FROM pg_catalog.unnest(crmcost._buckets()) WITH ORDINALITY AS b (name, i)
  ) s
  ORDER BY s.place;    -- or parallel plans would mix them
END;

COMMENT ON FUNCTION crmcost._group_sums() IS
  'Columns that group_month sums up, in its order, with the term of customer_month for each.';

-- The dimensions of group_month: what says code and month of a customer, and
-- which columns of _group_row_query that is, by number.
CREATE FUNCTION crmcost._group_dimensions(schemes text[], OUT name text,
                                          OUT code text, OUT cohort text,
                                          OUT keys text)
  RETURNS SETOF record
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 6
BEGIN ATOMIC
  SELECT d.name, d.code, d.cohort, d.keys
  FROM (
    SELECT v.place, v.name, v.code, v.cohort, v.keys
    FROM (VALUES
      (-2, '(segment)'::text, 'segment'::text, '''-infinity''::date'::text,
       '1,5'::text),
      (-1, '(acquisition)', 'channel_code', 'acquired_month', '1,2,3'),
      (0, '(cohort)', '''(all)''', 'first_month', '1,4'))
      AS v (place, name, code, cohort, keys)
    UNION ALL
    SELECT s.i, s.scheme, pg_catalog.format('tier%s'::text, s.i),
           '''-infinity''::date'::text,
           pg_catalog.format('1,%s'::text, 5 + s.i)
    FROM pg_catalog.unnest(schemes) WITH ORDINALITY AS s (scheme, i)
  ) d
  ORDER BY d.place;
END;

COMMENT ON FUNCTION crmcost._group_dimensions(text[]) IS
  'Dimensions of group_month, given the tier schemes.';

-- A code that is no tier is none, like that of who has left the scheme.
CREATE FUNCTION crmcost._group_row_query(schemes text[], condition text)
  RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN format($query$
    SELECT m.month_start, v.channel_code,
           coalesce(crmcost._month_of(v.acquired_on), '-infinity'),
           coalesce(crmcost._month_of(v.first_ordered_on), '-infinity'),
           coalesce(s.segment, '(unknown)') %1$s, %2$s
    FROM customer_month m
    LEFT JOIN pg_temp.refresh_party p ON p.customer_id = m.customer_id
    JOIN customer_value v
      ON v.customer_id = coalesce(p.party_id, m.customer_id)
    LEFT JOIN customer_score s ON s.customer_id = v.customer_id
    LEFT JOIN pg_temp.refresh_tiered c ON c.customer_id = v.customer_id
    WHERE %3$s
  $query$,
    (SELECT string_agg(format(
              ', CASE WHEN c.codes[%1$s] = ANY (%2$L::text[]) THEN c.codes[%1$s] ELSE ''(unknown)'' END',
              s.i, ARRAY(SELECT t.code FROM tier t WHERE t.scheme = s.scheme)),
              '' ORDER BY s.i)
     FROM unnest(schemes) WITH ORDINALITY AS s (scheme, i)),
    (SELECT string_agg(format('(%s)::%s', g.term, g.type), ', ')
     FROM crmcost._group_sums() g),
    condition);
END
$$;

COMMENT ON FUNCTION crmcost._group_row_query(text[], text) IS
  'Query of the rows m of customer_month that a condition names, with the groups that their customers are in: the keys of _group_query.';

-- One pass over the months, for all dimensions at once.
CREATE FUNCTION crmcost._group_query(schemes text[], condition text)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
  SELECT pg_catalog.format($query$
    SELECT (%1$L::text[])[s.set] AS dimension,
           CASE s.set %2$s END AS code, CASE s.set %3$s END AS cohort_month,
           s.month_start, %4$s
    FROM crmcost._sum_sets(%5$L, %6$s, %7$L) AS s (set integer, %8$s, %9$s)
  $query$,
    d.names, d.codes, d.cohorts, g.names,
    crmcost._group_row_query(schemes, condition),
    5 + pg_catalog.cardinality(schemes), d.sets,
    pg_catalog.concat_ws(', '::text,
      'month_start date, channel_code text COLLATE "C"'::text,
      'acquired_month date, first_month date, segment text COLLATE "C"'::text,
      (SELECT pg_catalog.string_agg(
                pg_catalog.format('tier%s text COLLATE "C"', i),
                ', '::text ORDER BY i)
       FROM pg_catalog.generate_subscripts(schemes, 1) AS i)),
    g.columns)
  FROM (SELECT pg_catalog.array_agg(d.name ORDER BY d.n) AS names,
               ('{' || pg_catalog.string_agg(d.keys, ',0,'::text ORDER BY d.n)
                || '}')::integer[] AS sets,
               pg_catalog.string_agg(pg_catalog.format('WHEN %s THEN %s', d.n,
                                                       d.code), ' '::text)
                 AS codes,
               pg_catalog.string_agg(pg_catalog.format('WHEN %s THEN %s', d.n,
                                                       d.cohort), ' '::text)
                 AS cohorts
        FROM (SELECT d.*, pg_catalog.row_number() OVER () AS n
              FROM crmcost._group_dimensions(schemes) d) d) d
  CROSS JOIN (SELECT pg_catalog.string_agg(g.name, ', '::text) AS names,
                     pg_catalog.string_agg(
                       pg_catalog.format('%s %s', g.name, g.type), ', '::text)
                       AS columns
              FROM crmcost._group_sums() g) g;
END;

COMMENT ON FUNCTION crmcost._group_query(text[], text) IS
  'Query of group_month for the rows m of customer_month that a condition names.';

-- Who was in another group than now.
CREATE FUNCTION crmcost._find_moved(schemes text[]) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_moved
    SELECT b.customer_id, '(acquisition)', b.channel_code,
           coalesce(crmcost._month_of(b.acquired_on), '-infinity'),
           v.channel_code,
           coalesce(crmcost._month_of(v.acquired_on), '-infinity')
    FROM pg_temp.refresh_value_before b
    JOIN customer_value v USING (customer_id)
    WHERE (b.channel_code, crmcost._month_of(b.acquired_on))
          IS DISTINCT FROM (v.channel_code, crmcost._month_of(v.acquired_on))
    UNION ALL
    SELECT b.customer_id, '(cohort)', '(all)',
           coalesce(crmcost._month_of(b.first_ordered_on), '-infinity'),
           '(all)',
           coalesce(crmcost._month_of(v.first_ordered_on), '-infinity')
    FROM pg_temp.refresh_value_before b
    JOIN customer_value v USING (customer_id)
    WHERE crmcost._month_of(b.first_ordered_on)
          IS DISTINCT FROM crmcost._month_of(v.first_ordered_on)
    UNION ALL
    SELECT customer_id, '(segment)', coalesce(b.segment, '(unknown)'),
           '-infinity', coalesce(s.segment, '(unknown)'), '-infinity'
    FROM pg_temp.refresh_segment_before b
    FULL JOIN customer_score s USING (customer_id)
    WHERE b.segment IS DISTINCT FROM s.segment;
  -- a code that is no tier is none, like that of who has left the scheme
  INSERT INTO pg_temp.refresh_moved
    SELECT m.customer_id, m.dimension, m.code_before, '-infinity', m.code,
           '-infinity'
    FROM (
      SELECT customer_id, dimension, coalesce(tb.code, '(unknown)')
               AS code_before, coalesce(tn.code, '(unknown)') AS code
      FROM pg_temp.refresh_class_before b
      FULL JOIN (SELECT c.customer_id, c.dimension, c.code
                 FROM customer_class c
                 JOIN pg_temp.refresh_class_customer
                   USING (customer_id, dimension)) n
        USING (customer_id, dimension)
      LEFT JOIN tier tb ON tb.scheme = dimension AND tb.code = b.code
      LEFT JOIN tier tn ON tn.scheme = dimension AND tn.code = n.code
      WHERE dimension = ANY (schemes)
    ) m
    WHERE m.code_before <> m.code;
  ANALYZE pg_temp.refresh_moved;
END
$$;

COMMENT ON FUNCTION crmcost._find_moved(text[]) IS
  'Fills refresh_moved: customers who went from one group to another.';

-- Statement that fills refresh_delta: rows of group_month in months that were not
-- written, as they are to be.
CREATE FUNCTION crmcost._delta_query(written text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT pg_catalog.format($query$
    INSERT INTO pg_temp.refresh_delta
      (dimension, code, cohort_month, month_start, %4$s)
      WITH moved AS (
        SELECT g.dimension, g.code, g.cohort_month, g.code_before,
               g.cohort_before, m.month_start, %1$s
        FROM pg_temp.refresh_moved g
        JOIN (SELECT customer_id, customer_id AS party_id
              FROM pg_temp.refresh_moved
              UNION
              SELECT customer_id, party_id FROM pg_temp.refresh_party) k
          ON k.party_id = g.customer_id
        -- few, each by its key: OFFSET 0 keeps it from being a join
        CROSS JOIN LATERAL (SELECT h.* FROM customer_month h
                            WHERE h.customer_id = k.customer_id OFFSET 0) m
        WHERE NOT (%2$s)
        GROUP BY 1, 2, 3, 4, 5, 6
      ),
      change AS (
        SELECT m.dimension, g.code, g.cohort_month, m.month_start, %5$s
        FROM moved m
        CROSS JOIN LATERAL (VALUES (1, m.code, m.cohort_month),
                                   (-1, m.code_before, m.cohort_before))
          AS g (sign, code, cohort_month)
        GROUP BY 1, 2, 3, 4
      )
      SELECT dimension, code, cohort_month, month_start, %3$s
      FROM change c
      LEFT JOIN group_month o USING (dimension, code, cohort_month,
                                     month_start)
  $query$,
    pg_catalog.string_agg(pg_catalog.format('sum(%s) AS %I', g.term, g.name),
                          ', '::text),
    written,
    pg_catalog.string_agg(pg_catalog.format(
      '(coalesce(o.%1$I, 0) + c.%1$I)::%2$s AS %1$I', g.name, g.type),
      ', '::text),
    pg_catalog.string_agg(pg_catalog.quote_ident(g.name), ', '::text),
    pg_catalog.string_agg(pg_catalog.format('sum(g.sign * m.%1$I) AS %1$I', g.name),
                          ', '::text))
  FROM crmcost._group_sums() g;
END;

COMMENT ON FUNCTION crmcost._delta_query(text) IS
  'Statement that fills refresh_delta with the rows of group_month that change because customers changed groups.';
