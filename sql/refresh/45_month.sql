-- Months of customers: what happened and what it cost, one month after the other.
-- Where the tier that held when a month began weighs in it, tiers are found on
-- the way (61_tier.sql), and a month that changed changes all after it.
CREATE FUNCTION crmcost._write_months(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
#variable_conflict use_variable
DECLARE
  months CONSTANT date[] := ARRAY(
    SELECT m.month_start FROM pg_temp.refresh_cost_month m
    WHERE m.month_start >= run.open_month ORDER BY 1);
  schemes text[];
  month date;
  changed bigint := 0;
BEGIN
  IF crmcost._weighs_tiers() THEN
    schemes := crmcost._ruled_schemes(run.ledger);
  END IF;
  IF crmcost._is_distributed(run.ledger) THEN
    RETURN crmcost._write_months_on_workers(run, months, schemes);
  END IF;
  PERFORM crmcost._load_limited_months(run);
  PERFORM crmcost._note_cost(run, months);
  FOREACH month IN ARRAY months LOOP
    PERFORM crmcost._find_weighed_tiers(run, month, schemes);
    TRUNCATE pg_temp.refresh_borne;
    PERFORM crmcost._find_drivers(run, month, schemes);
    PERFORM crmcost._find_blends();
    PERFORM crmcost._allocate_month(run, month);
    changed := changed + crmcost._write_blend_findings(run, month)
               + crmcost._write_month_drivers(run, month)
               + crmcost._write_month(run, month);
  END LOOP;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._write_months(crmcost._run) IS
  'Writes the months of refresh_cost_month of customer_month and customer_driver; returns the rows changed.';

CREATE FUNCTION crmcost._find_weighed_tiers(run crmcost._run, month date,
                                            schemes text[])
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  IF schemes IS NOT NULL THEN
    PERFORM crmcost._find_tiers(run, schemes,
      (least(month, crmcost._month_of(run.day)) - interval '1 month')::date);
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._find_weighed_tiers(crmcost._run, date, text[]) IS
  'Finds the tiers that held when a month began, given the schemes; NULL where they do not weigh.';

CREATE FUNCTION crmcost._weighs_tiers() RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN EXISTS (SELECT FROM allocation_rule r WHERE r.driver = 'tier_weight')
         OR EXISTS (SELECT FROM driver_blend b WHERE b.part = 'tier_weight');
END
$$;

COMMENT ON FUNCTION crmcost._weighs_tiers() IS
  'Whether any allocation rule follows the weights of tiers.';

-- Limited rules count lines and contacts of all customers.
CREATE FUNCTION crmcost._load_limited_months(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_temp.refresh_pool p
                 WHERE p.scope <> '' AND p.driver <> 'attributed'
                       AND (p.driver <> 'new_customers'
                            OR p.scope LIKE 'product %')) THEN
    RETURN;
  END IF;
  IF NOT run.whole THEN
    PERFORM crmcost._complete_months(run, ARRAY(
      SELECT m.month_start FROM pg_temp.refresh_cost_month m
      EXCEPT SELECT m.month_start FROM pg_temp.refresh_month m));
  END IF;
  -- a worker keeps them
  IF to_regclass('pg_temp.refresh_line_month') IS NULL THEN
    CREATE INDEX refresh_line_month ON pg_temp.refresh_line (month_start);
    CREATE INDEX refresh_contact_month ON pg_temp.refresh_contact (month_start);
  END IF;
  ANALYZE pg_temp.refresh_line, pg_temp.refresh_contact;
END
$$;

COMMENT ON FUNCTION crmcost._load_limited_months(crmcost._run) IS
  'Completes refresh_line and refresh_contact for the months of limited rules.';

-- Everybody with anything in the month.  Customers with news are in
-- refresh_activity since then, the others as they were.
CREATE FUNCTION crmcost._happened_query(run crmcost._run, month date)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT n.customer_id, n.month_start, n.acquired, n.orders, n.sale_lines,
         n.revenue, n.margin, n.discount, n.refund, n.interactions,
         n.handle_seconds, n.standard_minutes
  FROM pg_temp.refresh_activity n
  WHERE n.month_start = %1$L
$query$ || CASE WHEN run.whole THEN '' ELSE $query$
  UNION ALL
  SELECT o.customer_id, o.month_start, o.acquired, o.orders, o.sale_lines,
         o.revenue, o.margin, o.discount, o.refund, o.interactions,
         o.handle_seconds, o.standard_minutes
  FROM customer_month o
  WHERE o.month_start = %1$L
        AND NOT EXISTS (SELECT FROM pg_temp.refresh_customer c
                        WHERE c.customer_id = o.customer_id
                              AND c.since <= %1$L)
$query$ END, month);

COMMENT ON FUNCTION crmcost._happened_query(crmcost._run, date) IS
  'Query of what happened with each customer in a month.';

-- All groups of a month at once.  Customers and their quantities of each driver
-- are arrays, in order of the number, which settles ties.
CREATE FUNCTION crmcost._allocate_month(run crmcost._run, month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  keys CONSTANT text[] := crmcost._month_keys(month);
  customers bigint[];
  quantities numeric[];
  totals numeric[];
  counts bigint[];
BEGIN
  IF keys = '{}' THEN
    RETURN;
  END IF;
  EXECUTE crmcost._quantity_query(keys, crmcost._happened_query(run, month))
    INTO customers, quantities, totals, counts USING keys;
  PERFORM crmcost._note_totals(month, keys, totals, counts);
  PERFORM crmcost._bear(month, keys, customers, quantities);
  PERFORM crmcost._note_unused(month);
END
$$;

COMMENT ON FUNCTION crmcost._allocate_month(crmcost._run, date) IS
  'Fills refresh_borne: what each customer bears of the groups of a month.';

CREATE FUNCTION crmcost._month_keys(month date) RETURNS text[]
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN ARRAY(SELECT DISTINCT g.driver_key
               FROM pg_temp.refresh_group g
               WHERE g.month_start = month ORDER BY 1);
END
$$;

COMMENT ON FUNCTION crmcost._month_keys(date) IS
  'Drivers of the groups of a month.';

CREATE FUNCTION crmcost._note_totals(month date, keys text[],
                                     totals numeric[], counts bigint[])
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  UPDATE pg_temp.refresh_group g
    SET driver_quantity = nullif(totals[array_position(keys, g.driver_key)], 0),
        customers = coalesce(counts[array_position(keys, g.driver_key)], 0)
    WHERE g.month_start = month;
END
$$;

COMMENT ON FUNCTION crmcost._note_totals(date, text[], numeric[], bigint[]) IS
  'Notes in refresh_group what all customers have of the drivers of a month, and how many have any.';

-- In a time-driven group the capacity that is left takes its share too.
CREATE FUNCTION crmcost._capacity_left(capacity numeric, used numeric)
  RETURNS numeric
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN greatest(capacity - coalesce(used, 0), 0);

COMMENT ON FUNCTION crmcost._capacity_left(numeric, numeric) IS
  'What is left of a capacity, 0 where there is none.';

-- Where refresh_group has a total, customers are in several places, and these are those
-- of one: who gets the units that are left over has been found (45_month_part.sql).
CREATE FUNCTION crmcost._bear(month date, keys text[], numbers bigint[],
                              quantities numeric[])
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_borne
    SELECT c.customer_id, -nullif(least(b.position, 0), 0), b.parts, b.unused
    FROM (
      SELECT array_agg(array_position(keys, g.driver_key)
                       ORDER BY g.group_id) AS driver,
             array_agg(array_position(crmcost._buckets(), g.bucket)
                       ORDER BY g.group_id) AS bucket,
             array_agg(g.cost ORDER BY g.group_id) AS cost,
             array_agg(g.scale ORDER BY g.group_id) AS scale,
             array_agg(crmcost._capacity_left(g.capacity, g.driver_quantity)
                       ORDER BY g.group_id) AS left_over,
             array_agg(g.total ORDER BY g.group_id) AS total,
             array_agg(g.upto_remainder ORDER BY g.group_id) AS remainder,
             array_agg(crmcost._first_customers(numbers, g.upto_customer)
                       ORDER BY g.group_id) AS first
      FROM pg_temp.refresh_group g
      WHERE g.month_start = month
      HAVING count(*) > 0
    ) g
    CROSS JOIN LATERAL crmcost._allocate_groups(
      coalesce(quantities, '{}'), g.driver, g.bucket, g.cost, g.scale,
      g.left_over, g.total, g.remainder, g.first) b
    LEFT JOIN unnest(numbers) WITH ORDINALITY AS c (customer_id, place)
      ON c.place = b.position;
END
$$;

COMMENT ON FUNCTION crmcost._bear(date, text[], bigint[], numeric[]) IS
  'Fills refresh_borne with what customers of these numbers bear of the groups of a month, given their quantities of the drivers.';

CREATE FUNCTION crmcost._note_unused(month date) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  UPDATE pg_temp.refresh_group g
    SET unused_cost = coalesce(b.unused, 0)
    FROM pg_temp.refresh_borne b
    WHERE g.month_start = month AND b.group_id = g.group_id;
END
$$;

COMMENT ON FUNCTION crmcost._note_unused(date) IS
  'Notes in refresh_group what of refresh_borne nobody has used.';

CREATE FUNCTION crmcost._buckets() RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{acquisition,retention,service,churn,data,training,program}'::text[];

COMMENT ON FUNCTION crmcost._buckets() IS
  'Kinds of customer cost, in the order of the columns of customer_month.';

-- A query of customers, quantities (a row a driver), totals, and numbers of
-- customers with any; $1 the drivers.
CREATE FUNCTION crmcost._quantity_query(keys text[], happened text)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT pg_catalog.format(
    'SELECT coalesce(array_agg(customer_id), ''{}''), ARRAY[%s], ARRAY[%s], ARRAY[%s]
     FROM (SELECT m.customer_id, %s
     FROM (SELECT coalesce(n.customer_id, e.customer_id) AS customer_id, n.acquired, n.sale_lines, n.revenue, n.margin, n.orders, n.interactions, n.handle_seconds, n.standard_minutes
     FROM (%s) n FULL JOIN (SELECT DISTINCT customer_id
     FROM pg_temp.refresh_driver WHERE driver_key = ANY ($1) AND quantity > 0) e
     ON e.customer_id = n.customer_id) m %s ORDER BY m.customer_id) q',
    pg_catalog.string_agg(pg_catalog.format('array_agg(q%s)', k.i), ', '::text ORDER BY k.i),
    pg_catalog.string_agg(pg_catalog.format('coalesce(sum(q%s), 0)', k.i), ', '::text ORDER BY k.i),
    pg_catalog.string_agg(pg_catalog.format('count(*) FILTER (WHERE q%s > 0)', k.i), ', '::text ORDER BY k.i),
    pg_catalog.string_agg(pg_catalog.format(
      CASE k.key
        WHEN 'new_customers' THEN 'm.acquired::integer::numeric AS q%1$s'
        WHEN 'active_customers' THEN '(m.sale_lines > 0)::integer::numeric AS q%1$s'
        WHEN 'revenue' THEN 'greatest(m.revenue, 0) AS q%1$s'
        WHEN 'margin' THEN 'greatest(m.margin, 0) AS q%1$s'
        WHEN 'orders' THEN 'greatest(m.orders, 0)::numeric AS q%1$s'
        WHEN 'interactions' THEN 'greatest(m.interactions, 0)::numeric AS q%1$s'
        WHEN 'handle_time' THEN 'greatest(m.handle_seconds + 60 * m.standard_minutes, 0) AS q%1$s'
        ELSE 'd%1$s.quantity::numeric(38,12) AS q%1$s'
      END, k.i), ', '::text ORDER BY k.i),
    happened,
    coalesce(pg_catalog.string_agg(pg_catalog.format(
      ' LEFT JOIN pg_temp.refresh_driver d%1$s ON d%1$s.driver_key = ($1)[%1$s] AND d%1$s.customer_id = m.customer_id AND d%1$s.quantity > 0',
      k.i), ''::text ORDER BY k.i) FILTER (WHERE k.key NOT IN
      ('new_customers', 'active_customers', 'revenue', 'margin', 'orders',
       'interactions', 'handle_time')), ''))
  FROM pg_catalog.unnest(keys) WITH ORDINALITY AS k (key, i);
END;

COMMENT ON FUNCTION crmcost._quantity_query(text[], text) IS
  'Query of the customers of a month and their quantities of drivers, as arrays, given the query of what happened with them.';

CREATE FUNCTION crmcost._write_month(run crmcost._run, month date)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'customer_month',
    (SELECT format($query$
       WITH direct AS (
         SELECT customer_id, %s
         FROM pg_temp.refresh_part
         WHERE month_start = %L AND customer_id IS NOT NULL
         GROUP BY customer_id
       )
       SELECT * FROM (
         SELECT customer_id, %L::date AS month_start,
                coalesce(n.acquired, false) AS acquired,
                coalesce(n.orders, 0) AS orders,
                coalesce(n.sale_lines, 0) AS sale_lines,
                coalesce(n.revenue, 0) AS revenue,
                coalesce(n.margin, 0) AS margin,
                coalesce(n.discount, 0) AS discount,
                coalesce(n.refund, 0) AS refund,
                coalesce(n.interactions, 0) AS interactions,
                coalesce(n.handle_seconds, 0) AS handle_seconds,
                coalesce(n.standard_minutes, 0) AS standard_minutes,
                %s, %s
         FROM (%s) n
         FULL JOIN direct d USING (customer_id)
         FULL JOIN (SELECT b.customer_id, b.parts FROM pg_temp.refresh_borne b
                    WHERE b.customer_id IS NOT NULL) b USING (customer_id)
       ) m
       WHERE acquired OR orders <> 0 OR sale_lines <> 0 OR revenue <> 0
             OR margin <> 0 OR discount <> 0 OR refund <> 0
             OR interactions <> 0 OR handle_seconds <> 0
             OR standard_minutes <> 0 OR %s
     $query$,
     string_agg(format(
       'coalesce(sum(amount) FILTER (WHERE bucket = %L), 0) AS c%s', k.bucket,
       k.i), ', ' ORDER BY k.i),
     month, month,
     string_agg(format('coalesce(d.c%s, 0) AS %I', k.i,
                       k.bucket || '_direct_cost'), ', ' ORDER BY k.i),
     string_agg(format('coalesce(b.parts[%s], 0) AS %I', k.i,
                       k.bucket || '_allocated_cost'), ', ' ORDER BY k.i),
     crmcost._happened_query(run, month),
     string_agg(format('%I <> 0 OR %I <> 0', k.bucket || '_direct_cost',
                       k.bucket || '_allocated_cost'), ' OR ' ORDER BY k.i))
     FROM unnest(crmcost._buckets()) WITH ORDINALITY AS k (bucket, i)),
    format('old.month_start = %L', month));
END
$$;

COMMENT ON FUNCTION crmcost._write_month(crmcost._run, date) IS
  'Writes a month of customer_month; returns the rows changed.';
