-- What several steps sum up of everybody with a score: predictions change each day, so
-- all are read, but once.

CREATE FUNCTION crmcost._make_figure_tables() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- group, too: the codes of customers in the tier schemes; policy, total, need: sums
  -- of everybody with a score, by group (of a distributed ledger, a row a worker)
  CREATE TEMPORARY TABLE refresh_tiered (
    customer_id bigint, codes text[] COLLATE "C", is_elsewhere boolean
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_figure (
    dimension text COLLATE "C", code text COLLATE "C", cohort_month date,
    r integer, f integer, high_potential boolean, customers bigint,
    expected_margin numeric, persons bigint, margin numeric, profit numeric,
    potential numeric, buyers bigint, predicted bigint, alive numeric,
    purchases numeric, spend numeric, predicted_margin numeric, orders bigint,
    revenue numeric, earned numeric, m bigint, threshold numeric
  ) ON COMMIT DROP;
END
$$;

COMMENT ON FUNCTION crmcost._make_figure_tables() IS
  'Makes the work tables of sums of everybody with a score.';

-- Codes of the tier schemes, in their order; is_elsewhere says that there are other
-- dimensions, too.
CREATE FUNCTION crmcost._find_tiered(schemes text[]) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  IF EXISTS (SELECT FROM pg_temp.refresh_tiered) THEN
    RETURN;
  END IF;
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_tiered
      SELECT k.customer_id, k.codes,
             k.dimensions > cardinality(array_remove(k.codes, NULL))
      FROM (SELECT c.customer_id, ARRAY[%s]::text[] COLLATE "C" AS codes,
                   count(*) AS dimensions
            FROM customer_class c
            WHERE c.dimension NOT IN ('stage', 'owner', 'invalid')
            GROUP BY c.customer_id) k
    $query$,
    (SELECT string_agg(format('max(c.code) FILTER (WHERE c.dimension = %L)',
                              s.name), ', ' ORDER BY s.i)
     FROM unnest(schemes) WITH ORDINALITY AS s (name, i)));
  ANALYZE pg_temp.refresh_tiered (customer_id);
END
$$;

COMMENT ON FUNCTION crmcost._find_tiered(text[]) IS
  'Fills refresh_tiered, once: the codes of customers in these schemes.';

-- The columns of refresh_figure that are sums, with their types and terms: of all, of
-- those who are one person each (potential_cell), and of those who bought
-- (group_forecast, rfm_cell).  Sums of floats depend on the order of the rows in the
-- last digits: so they are of 6 decimals.
CREATE FUNCTION crmcost._figure_sums(OUT name text, OUT type text,
                                     OUT term text)
  RETURNS SETOF record
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 16
BEGIN ATOMIC
  SELECT f.name, f.type,
         CASE f.wanted WHEN '' THEN f.term
           ELSE pg_catalog.format('CASE WHEN %s THEN %s END'::text, f.wanted, f.term)
         END
  FROM (VALUES
    ('customers'::text, 'bigint'::text, ''::text, '1::bigint'::text),
    ('expected_margin', 'numeric', '', 'k.potential'),
    ('persons', 'bigint', 'NOT k.is_technical', '1::bigint'),
    ('margin', 'numeric', 'NOT k.is_technical', 'k.margin'),
    ('profit', 'numeric', 'NOT k.is_technical', 'k.profit'),
    ('potential', 'numeric', 'NOT k.is_technical', 'k.potential'),
    ('buyers', 'bigint', 'k.r IS NOT NULL', '1::bigint'),
    ('predicted', 'bigint', 'k.r IS NOT NULL',
     '(k.p_alive IS NOT NULL)::integer::bigint'),
    ('alive', 'numeric', 'k.r IS NOT NULL', 'round(k.p_alive::numeric, 6)'),
    ('purchases', 'numeric', 'k.r IS NOT NULL',
     'round(k.expected_purchases::numeric, 6)'),
    ('spend', 'numeric', 'k.r IS NOT NULL',
     'round(k.expected_purchases::numeric * k.expected_value, 6)'),
    ('predicted_margin', 'numeric', 'k.r IS NOT NULL', 'k.clv'),
    ('orders', 'bigint', 'k.r IS NOT NULL', 'k.orders::bigint'),
    ('revenue', 'numeric', 'k.r IS NOT NULL', 'k.revenue'),
    ('earned', 'numeric', 'k.r IS NOT NULL', 'k.profit'),
    ('m', 'bigint', 'k.r IS NOT NULL', 'k.m::bigint'))
    AS f (name, type, wanted, term);
END;

COMMENT ON FUNCTION crmcost._figure_sums() IS
  'Columns that refresh_figure sums up, with the term of a customer k for each.';

CREATE FUNCTION crmcost._figure_row_query(schemes text[], threshold numeric)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  SELECT pg_catalog.format($query$
    SELECT k.segment, k.channel_code,
           coalesce(crmcost._month_of(k.acquired_on), '-infinity'),
           coalesce(crmcost._month_of(k.first_ordered_on), '-infinity'),
           k.r, k.f, k.potential > %1$L::numeric %2$s, %3$s
    FROM (SELECT s.segment, s.r, s.f, s.m, s.p_alive, s.expected_purchases,
                 s.expected_value,
                 coalesce(s.clv_predictive, s.clv_formula) AS clv,
                 coalesce(s.clv_predictive, s.clv_formula, 0) AS potential,
                 v.channel_code, v.acquired_on, v.first_ordered_on,
                 v.is_technical, v.orders, v.revenue, v.margin, v.profit,
                 c.codes
          FROM customer_score s
          JOIN customer_value v ON v.customer_id = s.customer_id
          LEFT JOIN pg_temp.refresh_tiered c
            ON c.customer_id = s.customer_id) k
    $query$,
    threshold,
    (SELECT pg_catalog.string_agg(pg_catalog.format(', k.codes[%s]', i),
                                  ''::text ORDER BY i)
     FROM pg_catalog.generate_subscripts(schemes, 1) AS i),
    pg_catalog.string_agg(f.term, ', '::text))
  FROM crmcost._figure_sums() f);

COMMENT ON FUNCTION crmcost._figure_row_query(text[], numeric) IS
  'Query of everybody with a score: the keys of _figure_query, and what is summed up.';

-- One pass for all dimensions.  A dimension that is no tier scheme is forecast, too,
-- and mostly there is none.
CREATE FUNCTION crmcost._figure_query(schemes text[], threshold numeric)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  SELECT pg_catalog.format($query$
    SELECT CASE s.set WHEN 1 THEN '(segment)' WHEN 2 THEN '(acquisition)'
             WHEN 3 THEN '(cohort)' WHEN 4 THEN '(rfm)'
             ELSE (%1$L::text[])[s.set - 4] END COLLATE "C" AS dimension,
           CASE s.set WHEN 1 THEN s.segment WHEN 2 THEN s.channel_code %2$s
           END COLLATE "C" AS code,
           CASE s.set WHEN 2 THEN s.acquired_month WHEN 3 THEN s.first_month
             ELSE '-infinity' END AS cohort_month,
           s.r, s.f, s.high_potential, %3$s
    FROM crmcost._sum_sets(%4$L, %5$s, %6$L) AS s (
      set integer, segment text COLLATE "C", channel_code text COLLATE "C",
      acquired_month date, first_month date, r integer, f integer,
      high_potential boolean %7$s, %8$s)
    UNION ALL
    SELECT k.dimension, k.code, '-infinity', NULL, NULL, NULL, %9$s
    FROM (SELECT c.dimension, c.code, s.r, s.p_alive, s.expected_purchases,
                 s.expected_value,
                 coalesce(s.clv_predictive, s.clv_formula) AS clv
          FROM pg_temp.refresh_tiered t
          JOIN customer_score s ON s.customer_id = t.customer_id
          CROSS JOIN LATERAL (SELECT h.* FROM customer_class h
                              WHERE h.customer_id = t.customer_id OFFSET 0) c
          WHERE t.is_elsewhere
                AND c.dimension <> ALL ('{stage,owner,invalid}'::text[]
                                        || %1$L::text[])) k
    GROUP BY k.dimension, k.code
  $query$, schemes, t.codes, f.names,
    crmcost._figure_row_query(schemes, threshold),
    7 + pg_catalog.cardinality(schemes),
    pg_catalog.concat('{1,0,2,3,0,4,0,5,6', t.sets, '}'), t.columns, f.columns,
    f.elsewhere)
  FROM (SELECT pg_catalog.string_agg(pg_catalog.format(
                 ' WHEN %s THEN s.tier%s', 4 + i, i), ''::text ORDER BY i)
                 AS codes,
               pg_catalog.string_agg(pg_catalog.format(',0,7,%s', 7 + i),
                                     ''::text ORDER BY i) AS sets,
               pg_catalog.string_agg(pg_catalog.format(
                 ', tier%s text COLLATE "C"', i), ''::text ORDER BY i)
                 AS columns
        FROM pg_catalog.generate_subscripts(schemes, 1) AS i) t
  CROSS JOIN (
    SELECT pg_catalog.string_agg('s.' || f.name, ', '::text) AS names,
           pg_catalog.string_agg(pg_catalog.format('%s %s', f.name, f.type),
                                 ', '::text) AS columns,
           pg_catalog.string_agg(pg_catalog.format(
             CASE WHEN f.name = ANY ('{buyers,predicted,alive,purchases,spend,predicted_margin}'::text[])
               THEN 'sum(%1$s)::%2$s' ELSE 'NULL::%2$s' END, f.term, f.type),
             ', '::text) AS elsewhere
    FROM crmcost._figure_sums() f) f);

COMMENT ON FUNCTION crmcost._figure_query(text[], numeric) IS
  'Query of the rows of refresh_figure, given the tier schemes and from where on potential is high.';

-- Half of the customers have no more than the threshold still to come.  Group has
-- found the codes of customers of workers.
CREATE FUNCTION crmcost._find_figures(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  schemes CONSTANT text[] := crmcost._tier_schemes(run.ledger);
  threshold numeric;
BEGIN
  IF EXISTS (SELECT FROM pg_temp.refresh_figure) THEN
    RETURN;
  END IF;
  IF NOT crmcost._is_distributed(run.ledger) THEN
    PERFORM crmcost._find_tiered(schemes);
  END IF;
  threshold := crmcost._value_at(run, 'potential', 0.5, $query$
    SELECT coalesce(s.clv_predictive, s.clv_formula, 0) AS potential
    FROM customer_score s
    JOIN customer_value v ON v.customer_id = s.customer_id
    WHERE NOT v.is_technical
  $query$);
  EXECUTE format('INSERT INTO pg_temp.refresh_figure SELECT f.*, $1 FROM %s f',
                 crmcost._of_parts(run, 'refresh_part_figure',
                   crmcost._figure_query(schemes, threshold)))
    USING threshold;
END
$$;

COMMENT ON FUNCTION crmcost._find_figures(crmcost._run) IS
  'Fills refresh_figure, once: sums of everybody with a score, by group.';
