-- Step tier_month: what each tier brought and cost, month by month.  A month
-- of a customer counts for the tier that held at its end; the running month
-- for that of the report day.  Found anew are the months whose tiers were
-- (61_tier.sql): those with other figures, and all after them.
CREATE FUNCTION crmcost._customers_tier_month(run crmcost._run)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  first_month CONSTANT date := crmcost._first_held_month(run);
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  PERFORM crmcost._find_held(run, first_month);
  PERFORM crmcost._find_tier_sums(crmcost._tier_schemes(run.ledger),
                                  first_month);
  RETURN crmcost._write_difference(run.ledger, 'tier_month',
    crmcost._tier_month_query(run, first_month),
    format('old.month_start >= %L', first_month));
END
$$;

COMMENT ON FUNCTION crmcost._customers_tier_month(crmcost._run) IS
  'Writes tier_month, and notes which tiers held; returns the rows changed.';

CREATE FUNCTION crmcost._groups_tier_month(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  first_month CONSTANT date := crmcost._first_held_month(run);
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  PERFORM crmcost._add_direct_parts(run, first_month);
  RETURN crmcost._write_difference(run.ledger, 'tier_cost_month',
    crmcost._tier_cost_query(run, first_month),
    format('old.month_start >= %L', first_month));
END
$$;

COMMENT ON FUNCTION crmcost._groups_tier_month(crmcost._run) IS
  'Writes tier_cost_month; returns the rows changed.';

CREATE FUNCTION crmcost._refresh_tier_month(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._customers_tier_month(run) + crmcost._groups_tier_month(run);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_tier_month(crmcost._run) IS
  'Step of refresh: tier_month and tier_cost_month; returns the rows changed.';

-- The first row of refresh_tier_month is of the month before.
CREATE FUNCTION crmcost._first_held_month(run crmcost._run) RETURNS date
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN greatest((SELECT (min(m.month_start) + interval '1 month')::date
                   FROM pg_temp.refresh_tier_month m), run.open_month);
END
$$;

COMMENT ON FUNCTION crmcost._first_held_month(crmcost._run) IS
  'First open month whose tiers were found anew.';

-- A row of classification dated midnight is of the evening before: so the tier
-- step dates what held at a month's end.  Where the last row is older than the first
-- month, it tells all; else history does, of each month by its last row.
CREATE FUNCTION crmcost._find_held(run crmcost._run, first_month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  at CONSTANT timestamptz := crmcost._midnight(first_month, run.zone);
  schemes CONSTANT text[] := crmcost._tier_schemes(run.ledger);
BEGIN
  IF NOT run.whole THEN
    INSERT INTO pg_temp.refresh_held
      SELECT c.customer_id, c.dimension, c.code, first_month, 'infinity'
      FROM customer_class c
      WHERE c.code <> 'none' AND c.entered_at <= at
            AND c.dimension = ANY (schemes);
  END IF;
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_held
      SELECT h.customer_id, h.scheme, h.tier, greatest(h.month, $1),
             CASE h.tier WHEN 'none' THEN h.month ELSE h.before_month END,
             CASE WHEN h.month >= $1 THEN coalesce(h.tier_before, 'none') END
      FROM (%s) h
      WHERE CASE h.tier WHEN 'none'
              THEN h.month >= $1 AND h.tier_before <> 'none'
            ELSE h.before_month > $1 END
    $query$, crmcost._held_history_query(run.whole)
             || CASE WHEN run.whole THEN ''
                  ELSE ' UNION ALL ' || crmcost._held_told_query() END)
    USING first_month, at, schemes, run.upto, run.zone;
  ANALYZE pg_temp.refresh_held;
END
$$;

COMMENT ON FUNCTION crmcost._find_held(crmcost._run, date) IS
  'Fills refresh_held: which tiers held at the end of which months, from a month on.';

-- What the step tier has told of a customer since the first month, with the answer
-- before each, is all that happened, unless there are rows by hand, or those of
-- merged customers.
CREATE FUNCTION crmcost._is_told_by_rule(alias text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($condition$
  (%1$s.customer_id, %1$s.dimension) NOT IN (SELECT k.customer_id, k.dimension
   FROM classification k WHERE NOT k.by_rule)
  AND %1$s.customer_id NOT IN (SELECT p.party_id FROM pg_temp.refresh_party p)
$condition$, alias);

COMMENT ON FUNCTION crmcost._is_told_by_rule(text) IS
  'Condition on an alias that nothing but the rule has said something of a customer in a dimension.';

CREATE FUNCTION crmcost._held_told_query() RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT r.customer_id, r.dimension, k.tier, k.month, k.before_month,
         k.tier_before
  FROM (
    SELECT r.*, lead(r.month, 1, 'infinity') OVER told AS after,
           lag(r.month) OVER told IS NULL AS is_first,
           last_value(r.entered_at) OVER (
             told ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
             AS last_at
    FROM (SELECT r.customer_id, r.dimension, r.entered_at, r.code, r.before,
                 crmcost._month_of(crmcost._report_day(r.entered_at, $5))
                   AS month
          FROM pg_temp.refresh_tier_row r
          WHERE r.dimension = ANY ($3) AND %s) r
    WINDOW told AS (PARTITION BY r.customer_id, r.dimension
                    ORDER BY r.entered_at)
  ) r
  CROSS JOIN LATERAL (
    VALUES (r.code, r.month, r.after, r.before),
           (CASE WHEN r.is_first THEN r.before END, $1 - 1, r.month, NULL)
  ) AS k (tier, month, before_month, tier_before)
  -- the last row tells all where it is older
  WHERE r.last_at > $2 AND k.tier IS NOT NULL
$query$, crmcost._is_told_by_rule('r'));

COMMENT ON FUNCTION crmcost._held_told_query() IS
  'Query of the months in which tiers held that the step tier has told since the month $1, which begins at $2.';

CREATE FUNCTION crmcost._held_history_query(whole boolean) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT k.customer_id, k.scheme, k.tier, k.month,
         coalesce(lead(k.month) OVER history, 'infinity') AS before_month,
         lag(k.tier) OVER history AS tier_before
  FROM (
    SELECT DISTINCT ON (k.customer_id, k.scheme, k.month)
           k.customer_id, k.scheme, k.tier, k.month
    FROM (SELECT k.customer_id, k.scheme, k.tier, k.entered_at,
                 crmcost._month_of(crmcost._report_day(k.entered_at, $5))
                   AS month
          FROM (%s) k
          WHERE k.scheme = ANY ($3) AND k.entered_at <= $4) k
    ORDER BY k.customer_id, k.scheme, k.month, k.entered_at DESC, k.tier
  ) k
  WINDOW history AS (PARTITION BY k.customer_id, k.scheme ORDER BY k.month)
$query$,
  CASE WHEN whole THEN $whole$
    SELECT coalesce(p.party_id, k.customer_id) AS customer_id,
           k.dimension AS scheme, k.code AS tier, k.entered_at
    FROM classification k
    LEFT JOIN pg_temp.refresh_party p ON p.customer_id = k.customer_id
  $whole$ ELSE pg_catalog.format($later$
    SELECT c.customer_id, c.dimension AS scheme, k.code AS tier, k.entered_at
    FROM (
      WITH pair AS (
        SELECT c.customer_id, c.dimension COLLATE "default" AS dimension
        FROM customer_class c
        WHERE c.entered_at > $2 AND c.dimension = ANY ($3)
        EXCEPT
        SELECT r.customer_id, r.dimension FROM pg_temp.refresh_tier_row r
        WHERE %s
      )
      SELECT customer_id, dimension, customer_id AS held_by FROM pair
      UNION ALL
      SELECT p.party_id, k.dimension, p.customer_id
      FROM pair k
      JOIN pg_temp.refresh_party p ON p.party_id = k.customer_id
    ) c
    -- few, each by its key: OFFSET 0 keeps it from being a join
    CROSS JOIN LATERAL (
      SELECT h.code, h.entered_at FROM classification h
      WHERE h.customer_id = c.held_by AND h.dimension = c.dimension
      OFFSET 0
    ) k
  $later$, crmcost._is_told_by_rule('r')) END);

COMMENT ON FUNCTION crmcost._held_history_query(boolean) IS
  'Query of the months in which tiers held, each of its last row, of all customers, or of those whose last row is later than an instant $2 and who have more than the step tier has told, in the schemes $3 up to an instant $4 in the time zone $5.';

CREATE FUNCTION crmcost._tier_sums(OUT name text, OUT type text,
                                   OUT term text)
  RETURNS SETOF record
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
BEGIN ATOMIC
  SELECT g.name, g.type, g.term
  FROM crmcost._group_sums() g
  WHERE g.name <> ALL ('{members,refund,direct_cost,allocated_cost}'::text[])
  UNION ALL
  SELECT s.name, s.type, s.term
  FROM (VALUES
    ('acquired'::text, 'bigint'::text, 'm.acquired::integer'::text),
    ('driver_revenue', 'numeric', 'greatest(m.revenue, 0)'),
    ('driver_margin', 'numeric', 'greatest(m.margin, 0)'),
    ('driver_orders', 'bigint', 'greatest(m.orders, 0)'),
    ('driver_interactions', 'bigint', 'greatest(m.interactions, 0)'),
    ('driver_handle_time', 'numeric',
     'greatest(m.handle_seconds + 60 * m.standard_minutes, 0)'))
    AS s (name, type, term);
END;

COMMENT ON FUNCTION crmcost._tier_sums() IS
  'Columns that refresh_tier_sum sums up, with the term of customer_month for each.';

-- Sums of the months of customers, by tier and over all, and what they had of
-- the drivers that are in customer_month.  Each row is added once, to those with its
-- tiers in all schemes, of which there are few; the sums by scheme are sums of these.
CREATE FUNCTION crmcost._find_tier_sums(schemes text[], first_month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  EXECUTE (
    SELECT format($query$
      INSERT INTO pg_temp.refresh_tier_sum (month_start, scheme, tier, %1$s)
        SELECT month_start, scheme, tier, %1$s
        FROM (
          SELECT s.*, (%2$L::text[])[s.set] AS scheme,
                 CASE s.set WHEN 1 THEN '(all)' %3$s END AS tier
          FROM crmcost._sum_sets(%4$L, %5$s, %6$L)
            AS s (set integer, month_start date %7$s, %8$s)
        ) s
        WHERE tier IS NOT NULL
      $query$,
      g.names, '{(all)}'::text[] || schemes, h.codes,
      format('SELECT t.month_start %s, %s FROM crmcost._sum_sets(%L, %s, %L) AS t (set integer, month_start date %s, %s)',
             h.tiers, g.names, format(
               'SELECT m.month_start %s, %s FROM customer_month m %s WHERE m.month_start >= %L',
               h.keys, g.terms, crmcost._held_joins(schemes, 'm'), first_month),
             1 + cardinality(schemes), 1 || h.all_keys, h.columns, g.columns),
      1 + cardinality(schemes), '{1}'::integer[] || h.sets, h.columns,
      g.columns)
    FROM (SELECT string_agg(format(' WHEN %s THEN tier%s', 1 + s.i, s.i), ''
                            ORDER BY s.i) AS codes,
                 string_agg(format(', h%s.tier', s.i), '' ORDER BY s.i)
                   AS keys,
                 string_agg(format(', tier%s', s.i), '' ORDER BY s.i) AS tiers,
                 coalesce(array_agg(1 + s.i ORDER BY s.i), '{}') AS all_keys,
                 string_agg(format(', tier%s text', s.i), '' ORDER BY s.i)
                   AS columns,
                 ('{' || string_agg(format('0,1,%s', 1 + s.i), ',' ORDER BY s.i)
                  || '}')::integer[] AS sets
          FROM generate_subscripts(schemes, 1) AS s (i)) h
    CROSS JOIN (
      SELECT string_agg(t.name, ', ') AS names,
             string_agg(format('(%s)::%s', t.term, t.type), ', ') AS terms,
             string_agg(format('%s %s', t.name, t.type), ', ') AS columns
      FROM crmcost._tier_sums() t) g);
END
$$;

COMMENT ON FUNCTION crmcost._find_tier_sums(text[], date) IS
  'Fills refresh_tier_sum from the months of customers, in these schemes, from a month on.';

-- Customers are counted by who came and who went.
CREATE FUNCTION crmcost._tier_member_query(first_month date, last_month date)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  WITH event AS (
    SELECT scheme, tier, from_month AS month_start, count(*) AS change
    FROM pg_temp.refresh_held GROUP BY scheme, tier, from_month
    UNION ALL
    SELECT scheme, tier, before_month, -count(*)
    FROM pg_temp.refresh_held
    WHERE before_month <= %2$L
    GROUP BY scheme, tier, before_month
    UNION ALL
    SELECT '(all)', '(all)', won.month_start, count(*)
    FROM (SELECT greatest(crmcost._month_of(least(v.acquired_on,
                                                  v.first_ordered_on)),
                          %1$L) AS month_start
          FROM customer_value v
          WHERE NOT v.is_technical
                AND num_nonnulls(v.acquired_on, v.first_ordered_on) > 0) won
    GROUP BY won.month_start
  ),
  grid AS (
    SELECT t.scheme, t.tier, m.month_start::date AS month_start
    FROM (SELECT DISTINCT scheme, tier FROM event) t
    CROSS JOIN generate_series(%1$L::timestamp, %2$L::timestamp, '1 month')
      AS m (month_start)
  )
  SELECT g.month_start, g.scheme, g.tier,
         sum(sum(e.change)) OVER (PARTITION BY g.scheme, g.tier
                                  ORDER BY g.month_start) AS customers
  FROM grid g
  LEFT JOIN event e USING (scheme, tier, month_start)
  GROUP BY g.month_start, g.scheme, g.tier
$query$, first_month, last_month);

COMMENT ON FUNCTION crmcost._tier_member_query(date, date) IS
  'Query of how many customers each tier had at the end of each of these months.';

CREATE FUNCTION crmcost._tier_month_query(run crmcost._run, first_month date)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  WITH member AS (%1$s)
  SELECT month_start, scheme, tier,
         coalesce(p.customers, 0)::bigint AS customers,
         %2$s
  FROM member p
  FULL JOIN (SELECT s.*, s.acquisition_cost + s.retention_cost
                         + s.service_cost + s.churn_cost + s.data_cost
                         + s.training_cost + s.program_cost AS total_cost
             FROM pg_temp.refresh_tier_sum s) s
    USING (month_start, scheme, tier)
  WHERE coalesce(p.customers, 0) > 0 OR s.scheme IS NOT NULL
$query$, crmcost._tier_member_query(first_month, crmcost._month_of(run.day)),
$list$
         coalesce(s.active_customers, 0) AS active_customers,
         coalesce(s.acquired, 0) AS acquired, coalesce(s.orders, 0) AS orders,
         coalesce(s.revenue, 0) AS revenue, coalesce(s.margin, 0) AS margin,
         coalesce(s.discount, 0) AS discount,
         coalesce(s.interactions, 0) AS interactions,
         coalesce(s.handle_seconds, 0) AS handle_seconds,
         coalesce(s.acquisition_cost, 0) AS acquisition_cost,
         coalesce(s.retention_cost, 0) AS retention_cost,
         coalesce(s.service_cost, 0) AS service_cost,
         coalesce(s.churn_cost, 0) AS churn_cost,
         coalesce(s.data_cost, 0) AS data_cost,
         coalesce(s.training_cost, 0) AS training_cost,
         coalesce(s.program_cost, 0) AS program_cost,
         coalesce(s.total_cost, 0) AS total_cost,
         coalesce(s.margin, 0) - coalesce(s.total_cost, 0) AS profit
$list$);

COMMENT ON FUNCTION crmcost._tier_month_query(crmcost._run, date) IS
  'Query of tier_month from a month on.';

-- Direct cost of the months that the cost step had no need to read.
CREATE FUNCTION crmcost._add_direct_parts(run crmcost._run, first_month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  unread CONSTANT date[] := ARRAY(
    SELECT m::date
    FROM generate_series(first_month::timestamp,
                         crmcost._month_of(run.day)::timestamp,
                         '1 month') AS m
    EXCEPT SELECT r.month_start FROM pg_temp.refresh_cost_month r);
BEGIN
  IF NOT run.whole AND unread <> '{}' THEN
    PERFORM crmcost._add_parts(run, format(
      'e.customer_id IS NOT NULL AND e.month_start = ANY (%L::date[])',
      unread), NULL, NULL);
    ANALYZE pg_temp.refresh_part;
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._add_direct_parts(crmcost._run, date) IS
  'Adds direct cost of the months that were not read to refresh_part, from a month on.';

CREATE FUNCTION crmcost._tier_sums_of(relation text, key name, measure name,
                                      first_month date)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT r.month_start, h.scheme, h.tier, r.%2$I, sum(r.%3$I) AS %3$I
  FROM %1$s r
  JOIN pg_temp.refresh_held h
    ON h.customer_id = r.customer_id AND r.month_start >= h.from_month
       AND r.month_start < h.before_month
  WHERE r.month_start >= %4$L AND r.%3$I IS NOT NULL
  GROUP BY r.month_start, h.scheme, h.tier, r.%2$I
$query$, relation, key, measure, first_month);

COMMENT ON FUNCTION crmcost._tier_sums_of(text, name, name, date) IS
  'Query of the sums of a measure of customers and months by the tier that held, and a key, from a month on.';

-- A pool costs its customers the same for a unit of its driver, whatever
-- resource it is of.
CREATE FUNCTION crmcost._tier_cost_query(run crmcost._run, first_month date)
  RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN format($query$
  WITH pooled AS (
    SELECT p.month_start, g.driver_key, c.resource,
           sum(p.amount / greatest(g.capacity, g.driver_quantity)) AS rate
    FROM posted_cost p
    JOIN cost_pool g USING (month_start, bucket, rule_id, service_category,
                           pool_key)
    JOIN cost_category c ON c.code = p.category_code
    WHERE p.customer_id IS NULL AND g.unallocated_because IS NULL
          AND g.driver_quantity > 0 AND p.month_start >= %1$L
    GROUP BY p.month_start, g.driver_key, c.resource
  ),
  driven AS (
    SELECT s.month_start, s.scheme, s.tier, d.driver_key, d.quantity
    FROM pg_temp.refresh_tier_sum s
    CROSS JOIN LATERAL (
      VALUES ('new_customers', s.acquired::numeric),
             ('active_customers', s.active_customers),
             ('revenue', s.driver_revenue), ('margin', s.driver_margin),
             ('orders', s.driver_orders),
             ('interactions', s.driver_interactions),
             ('handle_time', s.driver_handle_time)
    ) AS d (driver_key, quantity)
    WHERE s.scheme <> '(all)'
    UNION ALL
    SELECT d.month_start, d.scheme, d.tier, d.driver_key, d.quantity
    FROM %2$s d
  )
  SELECT month_start, scheme, tier, resource, round(sum(cost), 4) AS cost
  FROM (
    SELECT month_start, d.scheme, d.tier, p.resource, p.rate * d.quantity
             AS cost
    FROM pooled p JOIN driven d USING (month_start, driver_key)
    UNION ALL
    SELECT p.month_start, p.scheme, p.tier, p.resource, p.amount
    FROM %3$s p
  ) part
  GROUP BY month_start, scheme, tier, resource
  HAVING round(sum(cost), 4) <> 0
  $query$, first_month,
  crmcost._of_parts(run, 'refresh_part_driven', crmcost._tier_sums_of(
    'customer_driver', 'driver_key', 'quantity', first_month)),
  crmcost._of_parts(run, 'refresh_part_direct', crmcost._tier_sums_of(
    'pg_temp.refresh_part', 'resource', 'amount', first_month)));
END
$$;

COMMENT ON FUNCTION crmcost._tier_cost_query(crmcost._run, date) IS
  'Query of tier_cost_month from a month on.';
