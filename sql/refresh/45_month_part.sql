-- Months of customers in a distributed ledger: shares of all, without a row of any on
-- the coordinator.
--
-- Each worker finds what its customers had of each driver, and keeps it, in arrays by
-- month; the coordinator adds up the sums of these.  Told a total, a worker knows how many
-- whole units its customers get of a cost, and what that leaves of each.  The units that
-- are left over go to the largest of these remainders, of equal ones to the lowest
-- number: so the coordinator looks for the last customer who gets one.  A worker tells
-- its customers in that order in blocks; the coordinator finds two marks between which
-- he is, and asks for this stretch in finer blocks, until each is one customer.
-- What comes then does not grow with the customers.  Last, each worker splits by that mark, by the
-- same statement as one node does (_bear).
--
-- Months go together, which takes few calls.  They go one by one where the tier that
-- held when a month began weighs in it, and where blends are made of shares of all.
CREATE FUNCTION crmcost._write_months_on_workers(run crmcost._run,
                                                 months date[],
                                                 schemes text[])
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
#variable_conflict use_variable
DECLARE
  blended CONSTANT boolean := EXISTS (
    SELECT FROM pg_temp.refresh_pool p
    JOIN driver d ON d.code = p.driver AND d.kind = 'blend');
  month date;
  changed bigint := 0;
BEGIN
  PERFORM crmcost._scatter_direct_parts(run);
  PERFORM crmcost._tell_table(run.ledger, 'refresh_pool',
    't.driver_key NOT IN (SELECT d.name FROM crmcost._flow_drivers() d)');
  PERFORM crmcost._call_parts(run, 'SELECT crmcost._load_limited_months($1)');
  IF schemes IS NULL AND NOT blended THEN
    RETURN crmcost._write_batch(run, months, NULL, false);
  END IF;
  FOREACH month IN ARRAY months LOOP
    PERFORM crmcost._find_weighed_tiers(run, month, schemes);
    changed := changed + crmcost._write_batch(run, ARRAY[month], schemes,
                                              blended);
  END LOOP;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._write_months_on_workers(crmcost._run, date[], text[]) IS
  'Has the workers of a distributed ledger write months of customer_month and customer_driver; returns the rows changed.';

CREATE FUNCTION crmcost._write_batch(run crmcost._run, months date[],
                                     schemes text[], blended boolean)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
#variable_conflict use_variable
DECLARE
  condition CONSTANT text := format('t.month_start = ANY (%L)', months);
  month date;
  changed bigint := 0;
BEGIN
  PERFORM crmcost._tell_table(run.ledger, 'refresh_group', condition);
  PERFORM crmcost._call_parts(run, format('SELECT crmcost._find_quantities($1, %L, %L, %L)',
                                          months, schemes, NOT blended));
  IF blended THEN
    changed := crmcost._blend_parts(run, months[1]);
  END IF;
  PERFORM crmcost._bring_totals(run, months);
  PERFORM crmcost._find_marks(run, months);
  PERFORM crmcost._tell_table(run.ledger, 'refresh_group', condition);
  TRUNCATE pg_temp.refresh_borne;
  FOR month IN
    SELECT DISTINCT g.month_start FROM pg_temp.refresh_group g
    WHERE g.month_start = ANY (months) AND g.capacity IS NOT NULL
  LOOP
    -- of nobody's customers: what of a capacity is left
    PERFORM crmcost._bear(month, crmcost._month_keys(month), '{}', '{}');
    PERFORM crmcost._note_unused(month);
    TRUNCATE pg_temp.refresh_borne;
  END LOOP;
  RETURN changed
    + crmcost._write_on_workers(run, 'customer_driver', format(
        'SELECT crmcost._write_part_drivers($1, %L)', months))
    + crmcost._write_on_workers(run, 'customer_month', format(
        'SELECT crmcost._write_part_months($1, %L)', months));
END
$$;

COMMENT ON FUNCTION crmcost._write_batch(crmcost._run, date[], text[], boolean) IS
  'Has the workers of a distributed ledger write some months; returns the rows changed.';

-- A part of a blend is a share of what all have of it.
CREATE FUNCTION crmcost._blend_parts(run crmcost._run, month date)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  PERFORM crmcost._find_wanted(month);
  TRUNCATE pg_temp.refresh_blend_part;
  PERFORM crmcost._bring_table(run.ledger, 'refresh_blend_part', 'true');
  PERFORM crmcost._tell_table(run.ledger, 'refresh_blend_part');
  PERFORM crmcost._call_parts(run, format(
    'SELECT crmcost._keep_quantities($1, %L)', month));
  RETURN crmcost._write_blend_findings(run, month);
END
$$;

COMMENT ON FUNCTION crmcost._blend_parts(crmcost._run, date) IS
  'Has the workers blend drivers of a month and keep the quantities of its customers; returns the rows of findings changed.';

-- On a worker.
CREATE FUNCTION crmcost._find_quantities(run crmcost._run, months date[],
                                         schemes text[], kept boolean)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  month date;
BEGIN
  TRUNCATE pg_temp.refresh_quantity, pg_temp.refresh_driver_sum;
  FOREACH month IN ARRAY months LOOP
    PERFORM crmcost._find_drivers(run, month, schemes);
    IF kept THEN
      PERFORM crmcost._keep_quantities(run, month);
    END IF;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._find_quantities(crmcost._run, date[], text[], boolean) IS
  'Finds what the customers of a worker had of drivers in some months, and keeps it in refresh_quantity.';

CREATE FUNCTION crmcost._keep_quantities(run crmcost._run, month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  keys CONSTANT text[] := crmcost._month_keys(month);
BEGIN
  IF keys = '{}' THEN
    RETURN;
  END IF;
  PERFORM crmcost._find_blends();
  EXECUTE format('INSERT INTO pg_temp.refresh_quantity SELECT $2, $1, q.* FROM (%s) q',
                 crmcost._quantity_query(
                   keys, crmcost._happened_query(run, month)))
    USING keys, month;
  IF EXISTS (SELECT FROM pg_temp.refresh_wanted) THEN
    EXECUTE format('INSERT INTO pg_temp.refresh_driver_sum
        SELECT $1, old.driver_key, %s, sum(old.quantity) FROM crmcost._month_drivers() old GROUP BY 2, 3',
                   crmcost._shard_term()) USING month;
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._keep_quantities(crmcost._run, date) IS
  'Keeps in refresh_quantity what the customers of a worker had of the drivers of a month, and sums by shard in refresh_driver_sum.';

CREATE FUNCTION crmcost._bring_totals(run crmcost._run, months date[])
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  source CONSTANT text := crmcost._of_parts(run, 'refresh_part_total',
    'SELECT q.month_start, q.keys, q.totals, q.counts FROM pg_temp.refresh_quantity q');
BEGIN
  EXECUTE format($query$
    SELECT crmcost._note_totals(t.month_start, array_agg(t.key),
                                array_agg(t.total), array_agg(t.n))
    FROM (SELECT q.month_start, u.key, sum(u.total) AS total,
                 sum(u.n)::bigint AS n
          FROM %s q
          CROSS JOIN LATERAL unnest(q.keys, q.totals, q.counts)
            AS u (key, total, n)
          GROUP BY q.month_start, u.key) t
    GROUP BY t.month_start
    $query$, source);
  UPDATE pg_temp.refresh_group g
    SET total = coalesce(g.driver_quantity, 0)
                + crmcost._capacity_left(g.capacity, g.driver_quantity)
    WHERE g.month_start = ANY (months);
  TRUNCATE pg_temp.refresh_driver_sum;
  PERFORM crmcost._bring_table(run.ledger, 'refresh_driver_sum', 'true');
  IF EXISTS (SELECT FROM pg_temp.refresh_driver_sum) THEN
    PERFORM crmcost._tell_table(run.ledger, 'refresh_driver_sum');
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._bring_totals(crmcost._run, date[]) IS
  'Notes in refresh_group what all customers have of the drivers of some months, and gives each worker the sums of all shards.';

-- What is left of a capacity comes after all customers.
CREATE FUNCTION crmcost._last_customer() RETURNS bigint
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 9223372036854775807;

COMMENT ON FUNCTION crmcost._last_customer() IS
  'Number above those of all customers.';

CREATE FUNCTION crmcost._first_customers(customers bigint[], upto bigint)
  RETURNS integer
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN upto IS NOT NULL THEN
    pg_catalog.width_bucket(upto, customers)
    + (upto = crmcost._last_customer())::integer
  END;

COMMENT ON FUNCTION crmcost._first_customers(bigint[], bigint) IS
  'How many of customers in order are up to a number, and one more for what comes after all; NULL for NULL.';

CREATE FUNCTION crmcost._block_count() RETURNS integer
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 12;

COMMENT ON FUNCTION crmcost._block_count() IS
  'Blocks in which a worker tells a stretch of customers.';

CREATE FUNCTION crmcost._find_marks(run crmcost._run, months date[])
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  UPDATE pg_temp.refresh_group g SET is_found = g.total = 0
    WHERE g.month_start = ANY (months);
  WHILE EXISTS (SELECT FROM pg_temp.refresh_group g WHERE NOT g.is_found) LOOP
    PERFORM crmcost._tell_table(run.ledger, 'refresh_group', 'NOT t.is_found');
    TRUNCATE pg_temp.refresh_block;
    EXECUTE 'INSERT INTO pg_temp.refresh_block '
            || crmcost._parts_query(run.ledger,
                 'SELECT b.* FROM crmcost._tell_blocks() b',
                 'month_start date, group_id integer, given numeric, ahead bigint, slack integer, remainder numeric, customer_id bigint, participants integer');
    PERFORM crmcost._narrow_marks();
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._find_marks(crmcost._run, date[]) IS
  'Finds the last customer who gets a unit that is left over in each group of some months.';

-- On a worker.
CREATE FUNCTION crmcost._tell_blocks()
  RETURNS TABLE (month_start date, group_id integer, given numeric,
                 ahead bigint, slack integer, remainder numeric,
                 customer_id bigint, participants integer)
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
#variable_conflict use_column
DECLARE
  month date;
  keys text[];
  numbers bigint[];
  quantities numeric[];
BEGIN
  FOR month, keys, numbers, quantities IN
    SELECT q.month_start, q.keys, q.customers, q.quantities
    FROM pg_temp.refresh_quantity q
    WHERE q.month_start IN (SELECT g.month_start FROM pg_temp.refresh_group g
                            WHERE NOT g.is_found)
  LOOP
    RETURN QUERY
      SELECT month, g.ids[b.group_number], b.given, b.ahead, b.slack,
             b.remainder, numbers[b.position], b.participants
      FROM (
        SELECT array_agg(g.group_id ORDER BY g.group_id) AS ids,
               array_agg(array_position(keys, g.driver_key)
                         ORDER BY g.group_id) AS driver,
               array_agg(g.cost ORDER BY g.group_id) AS cost,
               array_agg(g.scale ORDER BY g.group_id) AS scale,
               array_agg(g.total ORDER BY g.group_id) AS total,
               array_agg(g.after_remainder ORDER BY g.group_id) AS after,
               array_agg(crmcost._first_customers(numbers, g.after_customer)
                         ORDER BY g.group_id) AS after_first,
               array_agg(g.upto_remainder ORDER BY g.group_id) AS upto,
               array_agg(crmcost._first_customers(numbers, g.upto_customer)
                         ORDER BY g.group_id) AS upto_first
        FROM pg_temp.refresh_group g
        WHERE g.month_start = month AND NOT g.is_found
      ) g
      CROSS JOIN LATERAL crmcost._remainder_blocks(
        quantities, g.driver, g.cost, g.scale, g.total, g.after,
        g.after_first, g.upto, g.upto_first, crmcost._block_count()) b;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._tell_blocks() IS
  'What the customers of a worker say of the groups of refresh_group between their marks, in the columns of refresh_block.';

-- Of the units those that are given to all, and to what is left of a capacity, which
-- takes part after all customers, are not left over; each of the others goes to one.
CREATE FUNCTION crmcost._sought_marks()
  RETURNS TABLE (month_start date, group_id integer, sought bigint,
                 slack bigint, left_remainder numeric)
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT g.month_start, g.group_id,
           (g.units - g.given - coalesce(b.given, 0))::bigint
           - coalesce(b.ahead, 0) - (g.key <= g.after)::integer,
           coalesce(b.slack, 0),
           CASE WHEN g.key[1] < 0 AND g.key > g.after AND g.key <= g.upto
             THEN -g.key[1] END
    FROM (
      SELECT g.month_start, g.group_id, g.units, div(g.share, g.total) AS given,
             ARRAY[-mod(g.share, g.total), crmcost._last_customer()] AS key,
             CASE WHEN g.after_customer IS NULL THEN '{}'
               ELSE ARRAY[-g.after_remainder, g.after_customer] END AS after,
             CASE WHEN g.upto_customer IS NULL THEN '{infinity}'
               ELSE ARRAY[-g.upto_remainder, g.upto_customer] END AS upto
      FROM (SELECT g.*, abs(g.cost) * 10::numeric ^ g.scale AS units,
                   abs(g.cost) * 10::numeric ^ g.scale
                   * crmcost._capacity_left(g.capacity, g.driver_quantity)
                     AS share
            FROM pg_temp.refresh_group g WHERE NOT g.is_found) g
    ) g
    LEFT JOIN (SELECT b.month_start, b.group_id, sum(b.given) AS given,
                      sum(b.ahead)::bigint AS ahead, sum(b.slack) AS slack
               FROM pg_temp.refresh_block b
               WHERE b.given IS NOT NULL
               GROUP BY b.month_start, b.group_id) b
      USING (month_start, group_id);
END
$$;

COMMENT ON FUNCTION crmcost._sought_marks() IS
  'Groups of refresh_group whose last customer with a unit that is left over is sought: which one he is of those after the first mark, 0 for nobody; how many may come before the first blocks end; and what whole units leave of a capacity, if that is among them.';

-- Up to the end of a block there are at least those of the blocks that end there or before, and at
-- most those of the blocks that have begun.
CREATE FUNCTION crmcost._narrow_marks() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  WITH sought AS (SELECT * FROM crmcost._sought_marks() OFFSET 0),
  block AS (
    SELECT s.month_start, s.group_id, s.sought, b.remainder, b.customer_id,
           b.participants, sum(b.participants) OVER along AS least,
           s.slack + sum(b.participants + b.slack) OVER along AS most
    FROM sought s
    JOIN (SELECT b.customer_id, b.month_start, b.group_id, b.remainder,
                 b.participants, b.slack
          FROM pg_temp.refresh_block b WHERE b.given IS NULL
          UNION ALL
          SELECT crmcost._last_customer(), s.month_start, s.group_id,
                 s.left_remainder, 1, 0
          FROM sought s WHERE s.left_remainder IS NOT NULL) b
      USING (month_start, group_id)
    WHERE s.sought > 0
    WINDOW along AS (PARTITION BY s.month_start, s.group_id
                     ORDER BY b.remainder DESC, b.customer_id)
  ),
  upto AS (
    SELECT b.month_start, b.group_id, b.remainder, b.customer_id,
           b.least = b.sought AND b.most = b.sought AS is_found
    FROM block b
    WHERE b.least >= b.sought AND b.least - b.participants < b.sought
  ),
  after AS (
    SELECT DISTINCT ON (b.month_start, b.group_id)
           b.month_start, b.group_id, b.remainder, b.customer_id
    FROM block b WHERE b.most < b.sought
    ORDER BY b.month_start, b.group_id, b.least DESC
  )
  UPDATE pg_temp.refresh_group g
    SET after_remainder = coalesce(a.remainder, g.after_remainder),
        after_customer = coalesce(a.customer_id, g.after_customer),
        upto_remainder = u.remainder, upto_customer = u.customer_id,
        is_found = s.sought = 0 OR u.is_found
    FROM sought s
    LEFT JOIN upto u USING (month_start, group_id)
    LEFT JOIN after a USING (month_start, group_id)
    WHERE (g.month_start, g.group_id) = (s.month_start, s.group_id);
END
$$;

COMMENT ON FUNCTION crmcost._narrow_marks() IS
  'Brings the marks of refresh_group together, by what refresh_block says.';

-- On a worker.
CREATE FUNCTION crmcost._write_part_drivers(run crmcost._run, months date[])
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
#variable_conflict use_variable
DECLARE
  month date;
  changed bigint := 0;
BEGIN
  FOREACH month IN ARRAY months LOOP
    PERFORM crmcost._find_wanted(month);
    DELETE FROM pg_temp.refresh_driver;
    INSERT INTO pg_temp.refresh_driver
      SELECT w.driver_key, u.customer_id, u.quantity
      FROM pg_temp.refresh_quantity q
      CROSS JOIN (SELECT DISTINCT w.driver_key FROM pg_temp.refresh_wanted w
                  WHERE w.kind <> 'part') w
      CROSS JOIN LATERAL array_position(q.keys, w.driver_key) AS k
      CROSS JOIN LATERAL unnest(q.customers, q.quantities[k:k])
        AS u (customer_id, quantity)
      WHERE q.month_start = month AND u.quantity > 0;
    changed := changed + crmcost._write_month_drivers(run, month);
  END LOOP;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._write_part_drivers(crmcost._run, date[]) IS
  'Writes some months of customer_driver of a worker, from refresh_quantity; returns the rows changed.';

-- On a worker.
CREATE FUNCTION crmcost._write_part_months(run crmcost._run, months date[])
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
#variable_conflict use_variable
DECLARE
  month date;
  keys text[];
  numbers bigint[];
  quantities numeric[];
  changed bigint := 0;
BEGIN
  FOREACH month IN ARRAY months LOOP
    TRUNCATE pg_temp.refresh_borne;
    SELECT q.keys, q.customers, q.quantities INTO keys, numbers, quantities
      FROM pg_temp.refresh_quantity q WHERE q.month_start = month;
    IF FOUND THEN
      PERFORM crmcost._bear(month, keys, numbers, quantities);
    END IF;
    changed := changed + crmcost._write_month(run, month);
  END LOOP;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._write_part_months(crmcost._run, date[]) IS
  'Writes some months of customer_month of a worker, from refresh_quantity and refresh_group; returns the rows changed.';
