-- Bounds of tiers in a distributed ledger: each worker sums up its customers, and counts
-- them by ranges of their values; the coordinator adds the counts up, finds the range
-- that holds a bound, and asks for that one in finer ranges until it is one value.
-- So no customer is brought there, and what is brought does not grow with them; then each
-- worker gives the codes.

CREATE FUNCTION crmcost._has_tier() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '(t.orders > 0 AND t.last_ordered_on IS NOT NULL) IS TRUE';

COMMENT ON FUNCTION crmcost._has_tier() IS
  'Condition on the sums t of a customer that tiers are found for him.';

-- What is wanted: of the measures of RFM the value at a rank from below, of that of
-- shares the smallest one of whose larger ones together stay below the share.
CREATE FUNCTION crmcost._wanted_bounds(run crmcost._run, schemes text[])
  RETURNS TABLE (name text, measure text, part float8, share numeric)
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
#variable_conflict use_variable
DECLARE
  bins CONSTANT integer := crmcost._setting(run.ledger, 'rfm_bins');
BEGIN
  RETURN QUERY
    SELECT format('%s %s', m, k), m, k::float8 / bins, NULL::numeric
    FROM unnest('{recency,orders,revenue}'::text[]) AS m
    CROSS JOIN generate_series(1, bins - 1) AS k
    UNION ALL
    SELECT format('%s %s', s.i, t.place),
           crmcost._setting(run.ledger, 'abc_measure'), NULL, t.bound
    FROM unnest(schemes) WITH ORDINALITY AS s (name, i)
    JOIN (SELECT t.scheme, t.bound,
                 row_number() OVER (PARTITION BY t.scheme ORDER BY t.rank)
                   AS place,
                 count(*) OVER (PARTITION BY t.scheme) AS tiers
          FROM tier t WHERE t.basis = 'cum_share') t
      ON t.scheme = s.name AND t.place <= greatest(t.tiers - 1, 1);
END
$$;

COMMENT ON FUNCTION crmcost._wanted_bounds(crmcost._run, text[]) IS
  'Bounds that tiers follow: their name, measure, and the part of the customers below or of the sum above.';

CREATE FUNCTION crmcost._tier_measure(measure text, day date) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE measure
         WHEN 'recency' THEN pg_catalog.format('(t.last_ordered_on - %L::date)', day)
         WHEN 'orders' THEN 't.orders'
         ELSE pg_catalog.format('t.%I', measure) END;

COMMENT ON FUNCTION crmcost._tier_measure(text, date) IS
  'Expression of a measure of the sums t of a customer, larger where it is better.';

-- Of all that fall into one place.  Sums are for shares, which are of money.
CREATE FUNCTION crmcost._range_query(source text, measure text, day date,
                                     place text,
                                     condition text DEFAULT 'true',
                                     number integer DEFAULT 0)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format(
  'SELECT %1$L::text AS measure, %2$s AS number, (%3$s)::numeric AS place, min(%4$s)::numeric AS lower, max(%4$s)::numeric AS upper,
          count(*) AS customers, %7$s AS amount
   FROM (%5$s) t WHERE %6$s GROUP BY %3$s',
  measure, number, place, crmcost._tier_measure(measure, day), source,
  condition,
  CASE WHEN measure IN ('recency', 'orders') THEN '0::numeric'
    ELSE pg_catalog.format('sum(greatest(%s, 0))',
                           crmcost._tier_measure(measure, day)) END);

COMMENT ON FUNCTION crmcost._range_query(text, text, date, text, text, integer) IS
  'Query of the ranges of a measure of the rows t of a query on a day: customers by place, with the smallest and the largest value and, of money, the sum of those above zero.';

-- The bounds of the ranges are the same on every node: money goes by 32 an octave, days by
-- some together, and numbers of orders, which are few, one by one.
CREATE FUNCTION crmcost._first_range_query(source text, measure text,
                                           day date)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN crmcost._range_query(source, measure, day,
  CASE measure WHEN 'recency' THEN '(t.last_ordered_on - date ''epoch'') / 8'
    WHEN 'orders' THEN 't.orders'
    ELSE pg_catalog.format('crmcost._amount_range(t.%I)', measure) END);

COMMENT ON FUNCTION crmcost._first_range_query(text, text, date) IS
  'Query of the ranges of a measure of all rows of a query.';

CREATE FUNCTION crmcost._amount_range(amount numeric) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'tier__amount_range';

COMMENT ON FUNCTION crmcost._amount_range(numeric) IS
  'Number of the range an amount is in, of 32 an octave in the order of amounts; -1 for all below zero.';

CREATE FUNCTION crmcost._few_values() RETURNS integer
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 1024;

COMMENT ON FUNCTION crmcost._few_values() IS
  'Customers of a range up to which it is told value by value, and ranges that a larger one is told in.';

-- A range of few customers goes value by value.
CREATE FUNCTION crmcost._finer_range_query(source text, measure text,
                                           day date, lower numeric,
                                           upper numeric, customers bigint,
                                           number integer)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN crmcost._range_query(source, measure, day,
  CASE WHEN customers <= crmcost._few_values() THEN crmcost._tier_measure(measure, day)
    ELSE pg_catalog.format('width_bucket((%s)::numeric, %L::numeric, %L::numeric, %s)',
                           crmcost._tier_measure(measure, day), lower, upper,
                           crmcost._few_values())
  END,
  pg_catalog.format('%s BETWEEN %L::numeric AND %L::numeric',
                    crmcost._tier_measure(measure, day), lower, upper),
  number);

COMMENT ON FUNCTION crmcost._finer_range_query(text, text, date, numeric, numeric, bigint, integer) IS
  'Query of the finer ranges of one of a measure.';

CREATE FUNCTION crmcost._tier_bounds(run crmcost._run, schemes text[],
                                     month date)
  RETURNS jsonb
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  measure CONSTANT text := crmcost._setting(run.ledger, 'abc_measure');
BEGIN
  TRUNCATE pg_temp.refresh_tier_bound;
  INSERT INTO pg_temp.refresh_tier_bound
    SELECT b.name, b.measure, b.part, b.share
    FROM crmcost._wanted_bounds(run, schemes) b;
  RETURN crmcost._bounds_found(crmcost._find_bounds(run,
    format('SELECT t.orders, t.last_ordered_on, t.revenue %s FROM pg_temp.refresh_cumulated t WHERE %s',
           CASE WHEN measure <> 'revenue'
             THEN format(', t.value AS %I', measure) END, crmcost._has_tier()),
    crmcost._tier_day(run, month)));
END
$$;

COMMENT ON FUNCTION crmcost._tier_bounds(crmcost._run, text[], date) IS
  'Bounds of tiers at the end of a month, from what the workers say of their refresh_cumulated: cuts of RFM, and by scheme and tier the smallest value.';

-- Those of refresh_tier_bound, of what a query says of customers.
CREATE FUNCTION crmcost._find_bounds(run crmcost._run, source text, day date)
  RETURNS jsonb
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  query text;
  places jsonb;
BEGIN
  TRUNCATE pg_temp.refresh_tier_range;
  SELECT string_agg(crmcost._first_range_query(source, w.measure, day),
                    ' UNION ALL ')
    INTO query
    FROM (SELECT DISTINCT b.measure FROM pg_temp.refresh_tier_bound b) w;
  WHILE query IS NOT NULL LOOP
    EXECUTE format($query$
      INSERT INTO pg_temp.refresh_tier_range
        SELECT r.measure, min(r.lower), max(r.upper), sum(r.customers),
               sum(r.amount)
        FROM (%s) r GROUP BY r.measure, r.number, r.place
      $query$, crmcost._parts_query(run.ledger, query,
        'measure text, number integer, place numeric, lower numeric, upper numeric, customers bigint, amount numeric'));
    places := crmcost._bound_ranges();
    -- those that a bound is in, and that are more than one value
    WITH gone AS (
      DELETE FROM pg_temp.refresh_tier_range r
        WHERE r.lower < r.upper
              AND (r.measure, r.lower) IN (
                    SELECT b.value ->> 0, (b.value ->> 1)::numeric
                    FROM jsonb_each(places) b)
        RETURNING r.*
    )
    SELECT string_agg(crmcost._finer_range_query(
             source, g.measure, day, g.lower, g.upper, g.customers, g.number),
             ' UNION ALL ')
      INTO query
      FROM (SELECT g.*, (row_number() OVER ())::integer AS number
            FROM gone g) g;
  END LOOP;
  RETURN places;
END
$$;

COMMENT ON FUNCTION crmcost._find_bounds(crmcost._run, text, date) IS
  'Ranges of one value each that hold the bounds of refresh_tier_bound, by name, given the query of the values and a day: their measure and the value.';

-- Elsewhere it is found at once.
CREATE FUNCTION crmcost._value_at(run crmcost._run, measure name, part float8,
                                  source text)
  RETURNS numeric
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  result numeric;
BEGIN
  IF crmcost._is_distributed(run.ledger) THEN
    TRUNCATE pg_temp.refresh_tier_bound;
    INSERT INTO pg_temp.refresh_tier_bound VALUES (measure, measure, part, NULL);
    RETURN crmcost._find_bounds(run, source, run.day) -> measure ->> 1;
  END IF;
  EXECUTE format('SELECT percentile_disc(%L::float8) WITHIN GROUP (ORDER BY t.%I) FROM (%s) t',
                 part, measure, source) INTO result;
  RETURN result;
END
$$;

COMMENT ON FUNCTION crmcost._value_at(crmcost._run, name, float8, text) IS
  'The value of a column of a query up to which such a part of its rows lies, as percentile_disc says it, wherever the rows are.';

-- Both kinds are in the lowest range that fulfils a condition: as many customers up to
-- it, as small a sum of what is larger.
CREATE FUNCTION crmcost._bound_ranges() RETURNS jsonb
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN (
    SELECT jsonb_object_agg(b.name, jsonb_build_array(b.measure, b.lower))
    FROM (
      SELECT w.name, w.measure, min(r.lower) AS lower
      FROM pg_temp.refresh_tier_bound w
      JOIN (
        SELECT r.measure, r.lower, sum(r.customers) OVER up AS customers,
               sum(r.customers) OVER whole AS all_customers,
               sum(r.amount) OVER whole - sum(r.amount) OVER up AS larger,
               sum(r.amount) OVER whole AS total
        FROM pg_temp.refresh_tier_range r
        WINDOW up AS (PARTITION BY r.measure ORDER BY r.lower),
               whole AS (PARTITION BY r.measure)
      ) r USING (measure)
      WHERE CASE WHEN w.share IS NULL
              -- in floating point, as rfm_cuts reckons
              THEN r.customers >= greatest(ceil(w.part
                                                * r.all_customers::float8), 1)
              ELSE r.larger < w.share * r.total END
      GROUP BY w.name, w.measure
    ) b);
END
$$;

COMMENT ON FUNCTION crmcost._bound_ranges() IS
  'Ranges of refresh_tier_range that hold the bounds, by name: their measure and smallest value.';

CREATE FUNCTION crmcost._bounds_found(places jsonb) RETURNS jsonb
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
DECLARE
  cuts crmcost.rfm_cuts;
BEGIN
  SELECT count(*) / 3 + 1,
         array_agg(b.value::float8 ORDER BY b.part)
           FILTER (WHERE b.measure = 'recency'),
         array_agg(b.value::float8 ORDER BY b.part)
           FILTER (WHERE b.measure = 'orders'),
         array_agg(b.value::float8 ORDER BY b.part)
           FILTER (WHERE b.measure = 'revenue')
    INTO cuts.bins, cuts.recency, cuts.frequency, cuts.monetary
    FROM (SELECT w.measure, w.part, (places #>> ARRAY[w.name, '1'])::numeric AS value
          FROM pg_temp.refresh_tier_bound w
          WHERE w.part IS NOT NULL) b;
  -- without a customer there is none, nor anybody to be told
  RETURN jsonb_build_object('cuts', CASE WHEN places IS NOT NULL THEN cuts::text END)
    || coalesce((SELECT jsonb_object_agg(w.name, places -> w.name -> 1)
                 FROM pg_temp.refresh_tier_bound w
                 WHERE w.part IS NULL), '{}');
END
$$;

COMMENT ON FUNCTION crmcost._bounds_found(jsonb) IS
  'What workers are told of the bounds that were found.';
