-- Step 2 of refresh: each cost to a customer, by booking or by rule, or to
-- nobody.  Nothing is lost on the way: at every stage the parts of a cost sum to
-- it, to the last digit.
--
-- 1. Parts.  A cost entry is cut into the months that it is for (accrued_cost);
--    what belongs to a closed month and is not posted there counts in the first
--    open one.
-- 2. Rules.  A part without a customer takes the rule of its category, or of the
--    nearest one above that has a rule for the day.
-- 3. Service pools pass their cost on (94_refresh_service.sql).
-- 4. Pools.  All cost of a month, bucket, rule and service pool is a pool.  Pools
--    of a month and bucket that follow the same driver are a group, which is
--    allocated at once: so there is one rounding to coins, however many rules
--    there are, and one pass over the customers.
-- 5. Customers, by their quantities of the driver (93_refresh_driver.sql).
--    Months are written one after the other.
--
-- Tables of the run (91_refresh.sql makes them):
--
--   refresh_part    parts of entries, before they are given to pools
--   refresh_line    parts of entries in pools, as posted_cost has them
--   refresh_direct  direct cost that is accrued or came late
--   refresh_pool    pools
--   refresh_group   groups of pools
CREATE FUNCTION crmcost._refresh_cost(ledger name, upto timestamptz, day date)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  open_month CONSTANT date := crmcost._open_month(ledger);
  first_month date;
  last_month date;
  month date;
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  PERFORM crmcost._find_cost_parts(ledger, day, open_month);
  PERFORM crmcost._find_rules(ledger);
  PERFORM crmcost._pass_service_cost(ledger);
  PERFORM crmcost._form_cost_pools(ledger);
  changed := crmcost._write_customer_driver(ledger, upto, open_month);

  SELECT min(found.month), max(found.month) INTO first_month, last_month
    FROM (SELECT month_start AS month FROM pg_temp.refresh_line
          UNION ALL
          SELECT month_start FROM pg_temp.refresh_direct
          UNION ALL
          SELECT greatest(date_trunc('month', incurred_on::timestamp)::date,
                          open_month)
          FROM (SELECT unnest(ARRAY[min(incurred_on), max(incurred_on)])
                FROM cost_entry
                WHERE incurred_on <= day AND covers IS NULL)
            AS booked (incurred_on)) found;
  changed := changed + crmcost._forget_cost_months(ledger, open_month,
                                                   first_month, last_month);
  FOR month IN
    SELECT generate_series(first_month::timestamp, last_month::timestamp,
                           '1 month')
  LOOP
    changed := changed + crmcost._write_customer_cost(ledger, day, month)
               + crmcost._write_posted_cost(ledger, month);
  END LOOP;
  IF changed > 1000 THEN
    ANALYZE customer_month_cost, posted_cost, customer_driver;
  END IF;
  changed := changed + crmcost._write_cost_pool(ledger, open_month);
  PERFORM crmcost._drop_cost_tables();
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._refresh_cost(name, timestamptz, date) IS
  'Second step of refresh: customer_month_cost, cost_pool, posted_cost and customer_driver; returns the rows changed.';

CREATE FUNCTION crmcost._drop_cost_tables() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM crmcost._drop_temporary(ARRAY(
    SELECT 'refresh_' || t.name
    FROM unnest('{part,late,line,direct,lineage,share,home,service,served,pool,group,wanted,driver}'::text[])
      AS t (name)));
END
$$;

COMMENT ON FUNCTION crmcost._drop_cost_tables() IS
  'Drops the temporary tables of the cost step, where there are any.';

-- The parts of entries that count in the open months up to that of the day.
-- Channel, campaign and product matter only where a rule is limited to them;
-- cost booked on a campaign alone is cost of the campaign's channel.
CREATE FUNCTION crmcost._find_cost_parts(ledger name, day date,
                                         open_month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  from_month CONSTANT date := coalesce(open_month, '-infinity');
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  INSERT INTO pg_temp.refresh_part
    SELECT month_start, cost_id, incurred_on, month_start AS booked_month,
           cost_on, category_code, bucket,
           CASE WHEN channel_code IN (SELECT channel_code FROM allocation_rule)
             THEN channel_code ELSE '' END AS channel_code,
           CASE WHEN campaign_code IN (SELECT campaign_code
                                       FROM allocation_rule)
             THEN campaign_code ELSE '' END AS campaign_code,
           CASE WHEN product_code IN (SELECT product_code FROM allocation_rule)
             THEN product_code ELSE '' END AS product_code,
           base_amount AS amount
    FROM (
      SELECT e.month_start, e.cost_id, e.incurred_on, e.cost_on,
             e.category_code, e.bucket, e.campaign_code, e.product_code,
             CASE
               WHEN e.channel_code IS NULL AND e.campaign_code IS NOT NULL THEN
                 (SELECT k.channel_code FROM campaign k
                  WHERE k.code = e.campaign_code)
               ELSE e.channel_code
             END AS channel_code, e.base_amount
      FROM accrued_cost e
      WHERE e.customer_id IS NULL AND e.base_amount <> 0
            AND e.incurred_on <= day
            AND e.month_start >= from_month AND e.month_start <= day
    ) shared;
  INSERT INTO pg_temp.refresh_direct
    SELECT month_start, cost_id, incurred_on, month_start AS booked_month,
           category_code, bucket, customer_id, base_amount AS amount
    FROM accrued_cost
    WHERE customer_id IS NOT NULL AND base_amount <> 0 AND accrued
          AND incurred_on <= day
          AND month_start >= from_month AND month_start <= day;
  IF open_month IS NOT NULL THEN
    PERFORM crmcost._find_late_parts(ledger, day, open_month);
  END IF;
  ANALYZE pg_temp.refresh_part;
END
$$;

COMMENT ON FUNCTION crmcost._find_cost_parts(name, date, date) IS
  'Fills refresh_part and refresh_direct: what each entry costs in each open month.';

-- A late part is what an entry says of a closed month less what is posted for
-- it: the whole of an entry that came later, the difference where its rate
-- changed, the opposite of one that has gone.  It counts as if it were booked on
-- the first day of the first open month.
CREATE FUNCTION crmcost._find_late_parts(ledger name, day date,
                                         open_month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  INSERT INTO pg_temp.refresh_late
    SELECT cost_id, incurred_on, booked_month,
           coalesce(e.category_code, p.category_code) AS category_code,
           coalesce(p.bucket, e.bucket) AS bucket,
           e.channel_code, e.campaign_code, e.product_code,
           coalesce(p.customer_id, e.customer_id) AS customer_id,
           coalesce(e.amount, 0) - coalesce(p.amount, 0) AS amount
    FROM (
      SELECT cost_id, incurred_on, month_start AS booked_month, category_code,
             bucket, channel_code, campaign_code, product_code, customer_id,
             base_amount AS amount
      FROM accrued_cost
      WHERE base_amount <> 0 AND incurred_on <= day
            AND month_start < open_month
    ) e
    FULL JOIN (
      SELECT cost_id, incurred_on, booked_month,
             min(category_code) AS category_code, min(bucket) AS bucket,
             min(customer_id) AS customer_id, sum(amount) AS amount
      FROM posted_cost
      WHERE month_start < open_month
      GROUP BY cost_id, incurred_on, booked_month
    ) p USING (cost_id, incurred_on, booked_month)
    WHERE coalesce(e.amount, 0) <> coalesce(p.amount, 0);

  INSERT INTO pg_temp.refresh_part
    SELECT open_month, cost_id, incurred_on, booked_month, open_month,
           category_code, bucket,
           coalesce(channel_code,
                    (SELECT k.channel_code FROM campaign k
                     WHERE k.code = late.campaign_code), ''),
           coalesce(campaign_code, ''), coalesce(product_code, ''), amount
    FROM pg_temp.refresh_late late
    WHERE customer_id IS NULL;
  INSERT INTO pg_temp.refresh_direct
    SELECT open_month, cost_id, incurred_on, booked_month, category_code,
           bucket, customer_id, amount
    FROM pg_temp.refresh_late
    WHERE customer_id IS NOT NULL;
  DROP TABLE pg_temp.refresh_late;
END
$$;

COMMENT ON FUNCTION crmcost._find_late_parts(name, date, date) IS
  'Adds to refresh_part and refresh_direct what is not posted in the closed month that it is for.';

-- Parts get their rule.  Few combinations of category, day and limits stand for
-- many parts, so the rules are looked up for those.
CREATE FUNCTION crmcost._find_rules(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  INSERT INTO pg_temp.refresh_lineage
    WITH RECURSIVE lineage (code, ancestor, distance) AS (
      SELECT code, code, 0 FROM cost_category
      UNION ALL
      SELECT l.code, c.parent_code, l.distance + 1
      FROM lineage l JOIN cost_category c ON c.code = l.ancestor
      WHERE c.parent_code IS NOT NULL
    ) CYCLE code, ancestor SET is_cycle USING path
    SELECT code, ancestor, distance FROM lineage WHERE NOT is_cycle;

  INSERT INTO pg_temp.refresh_line
    WITH wanted AS (
      SELECT DISTINCT category_code, cost_on, channel_code, campaign_code,
             product_code
      FROM pg_temp.refresh_part
    ),
    found AS MATERIALIZED (
      SELECT DISTINCT ON (w.category_code, w.cost_on, w.channel_code,
                          w.campaign_code, w.product_code)
             w.category_code, w.cost_on, w.channel_code, w.campaign_code,
             w.product_code, r.rule_id
      FROM wanted w
      JOIN pg_temp.refresh_lineage l ON l.code = w.category_code
      JOIN allocation_rule r
        ON r.category_code = l.ancestor AND r.valid @> w.cost_on
           AND (r.scope = '' OR r.channel_code = w.channel_code
                OR r.campaign_code = w.campaign_code
                OR r.product_code = w.product_code)
      ORDER BY w.category_code, w.cost_on, w.channel_code, w.campaign_code,
               w.product_code, l.distance, r.campaign_code, r.product_code,
               r.channel_code
    )
    SELECT p.month_start, p.cost_id, p.incurred_on, p.booked_month,
           p.category_code, p.bucket, coalesce(f.rule_id, 0) AS rule_id,
           ''::text AS service_category, p.amount
    FROM pg_temp.refresh_part p
    LEFT JOIN found f USING (category_code, cost_on, channel_code,
                             campaign_code, product_code);
  DROP TABLE pg_temp.refresh_part;
END
$$;

COMMENT ON FUNCTION crmcost._find_rules(name) IS
  'Fills refresh_line from refresh_part, with the allocation rule of each part.';

-- Pools, and groups of pools that one driver allocates.  A rule with driver
-- handle_time whose category and channel have capacity in the month is
-- time-driven.
CREATE FUNCTION crmcost._form_cost_pools(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  coin_scale CONSTANT integer := crmcost._setting(ledger, 'money_scale');
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  INSERT INTO pg_temp.refresh_pool
    WITH pool AS (
      SELECT month_start, bucket, rule_id, service_category,
             sum(amount) AS cost
      FROM pg_temp.refresh_line
      GROUP BY month_start, bucket, rule_id, service_category
    ),
    available AS (
      SELECT c.category_code, c.channel_code, m.month_start,
             60 * sum(m.part) AS capacity
      FROM capacity c
      CROSS JOIN LATERAL crmcost.spread(c.minutes, c.period, 4) m
      GROUP BY c.category_code, c.channel_code, m.month_start
      HAVING sum(m.part) > 0
    )
    SELECT p.month_start, p.bucket, p.rule_id, p.service_category, p.cost,
           r.driver,
           CASE r.scope WHEN '' THEN r.driver
             ELSE r.driver || ' of ' || r.scope
           END AS driver_key,
           a.capacity, 0 AS group_id
    FROM pool p
    LEFT JOIN allocation_rule r USING (rule_id)
    LEFT JOIN available a
      ON r.driver = 'handle_time' AND a.month_start = p.month_start
         AND a.category_code = r.category_code
         AND r.scope = coalesce('channel ' || nullif(a.channel_code, ''), '');

  INSERT INTO pg_temp.refresh_group
    SELECT row_number() OVER (ORDER BY month_start, bucket, driver_key,
                                       capacity)::integer AS group_id,
           month_start, bucket, driver_key, capacity, sum(cost) AS cost,
           greatest(coin_scale, min_scale(sum(cost))) AS scale,
           NULL::numeric AS driver_quantity, 0 AS customers,
           0::numeric AS unused_cost
    FROM pg_temp.refresh_pool
    WHERE driver_key IS NOT NULL
    GROUP BY month_start, bucket, driver_key, capacity;
  UPDATE pg_temp.refresh_pool p
    SET group_id = g.group_id
    FROM pg_temp.refresh_group g
    WHERE (g.month_start, g.bucket, g.driver_key)
            = (p.month_start, p.bucket, p.driver_key)
          AND g.capacity IS NOT DISTINCT FROM p.capacity;
  ANALYZE pg_temp.refresh_pool, pg_temp.refresh_group, pg_temp.refresh_line;
END
$$;

COMMENT ON FUNCTION crmcost._form_cost_pools(name) IS
  'Fills refresh_pool and refresh_group from refresh_line.';

CREATE FUNCTION crmcost._forget_cost_months(ledger name, open_month date,
                                            first_month date, last_month date)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  WITH cost AS (
    DELETE FROM customer_month_cost
    WHERE (open_month IS NULL OR month_start >= open_month)
          AND (first_month IS NULL
               OR month_start < first_month OR month_start > last_month)
    RETURNING 1
  ),
  posted AS (
    DELETE FROM posted_cost
    WHERE (open_month IS NULL OR month_start >= open_month)
          AND (first_month IS NULL
               OR month_start < first_month OR month_start > last_month)
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM cost) + (SELECT count(*) FROM posted)
    INTO changed;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._forget_cost_months(name, date, date, date) IS
  'Deletes computed cost of open months that have none any more; returns the rows deleted.';

-- A month of direct and allocated cost.  Customers and their quantities of a
-- driver are arrays: a group is allocated in one call.  In a time-driven group
-- the capacity that is left takes its share too, as a customer without a number.
CREATE FUNCTION crmcost._write_customer_cost(ledger name, day date, month date)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  next_month CONSTANT date := month + interval '1 month';
  driver_keys CONSTANT text[] := (SELECT array_agg(DISTINCT g.driver_key)
                                  FROM pg_temp.refresh_group g
                                  WHERE g.month_start = month);
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  WITH driver AS MATERIALIZED (
    SELECT driver_key, array_agg(customer_id ORDER BY customer_id) AS customers,
           array_agg(quantity ORDER BY customer_id) AS quantities,
           sum(quantity) AS quantity
    FROM driver_quantity
    WHERE month_start = month AND driver_key = ANY (driver_keys)
    GROUP BY driver_key
  ),
  share AS (
    SELECT g.group_id, g.bucket, u.customer_id, u.cost
    FROM pg_temp.refresh_group g
    LEFT JOIN driver d USING (driver_key)
    CROSS JOIN LATERAL (
      SELECT CASE WHEN g.capacity IS NULL THEN d.customers
               ELSE d.customers || NULL::bigint END AS customers,
             CASE WHEN g.capacity IS NULL THEN d.quantities
               ELSE d.quantities
                    || greatest(g.capacity - coalesce(d.quantity, 0), 0)
             END AS quantities
    ) member
    CROSS JOIN LATERAL unnest(
      member.customers,
      crmcost.allocate(g.cost, member.quantities, g.scale))
      AS u (customer_id, cost)
    WHERE g.month_start = month
  ),
  used AS (
    UPDATE pg_temp.refresh_group g
    SET driver_quantity = d.quantity,
        customers = coalesce(cardinality(d.customers), 0),
        unused_cost = coalesce(left_over.cost, 0)
    FROM pg_temp.refresh_group one
    LEFT JOIN driver d USING (driver_key)
    LEFT JOIN (SELECT group_id, cost FROM share
               WHERE customer_id IS NULL) left_over USING (group_id)
    WHERE one.group_id = g.group_id AND g.month_start = month
  ),
  computed AS (
    SELECT customer_id, bucket, sum(direct_cost) AS direct_cost,
           sum(allocated_cost) AS allocated_cost
    FROM (
      SELECT customer_id, bucket, base_amount AS direct_cost,
             0 AS allocated_cost
      FROM cost
      WHERE customer_id IS NOT NULL AND base_amount IS NOT NULL
            AND covers_from IS NULL
            AND incurred_on >= month AND incurred_on < next_month
            AND incurred_on <= day
      UNION ALL
      SELECT customer_id, bucket, amount, 0
      FROM pg_temp.refresh_direct
      WHERE month_start = month
      UNION ALL
      SELECT customer_id, bucket, 0, cost
      FROM share
      WHERE customer_id IS NOT NULL
    ) line
    GROUP BY customer_id, bucket
    HAVING sum(direct_cost) <> 0 OR sum(allocated_cost) <> 0
  ),
  difference AS (
    SELECT customer_id, bucket, new.direct_cost, new.allocated_cost,
           new.direct_cost IS NULL AS gone
    FROM computed new
    FULL JOIN (SELECT * FROM customer_month_cost
               WHERE month_start = month) old
      USING (customer_id, bucket)
    WHERE (old.direct_cost, old.allocated_cost)
          IS DISTINCT FROM (new.direct_cost, new.allocated_cost)
  ),
  written AS (
    INSERT INTO customer_month_cost
      (customer_id, month_start, bucket, direct_cost, allocated_cost)
    SELECT customer_id, month, bucket, direct_cost, allocated_cost
    FROM difference
    WHERE NOT gone
    ORDER BY customer_id
    ON CONFLICT (customer_id, month_start, bucket) DO UPDATE SET
      direct_cost = excluded.direct_cost,
      allocated_cost = excluded.allocated_cost
    RETURNING 1
  ),
  vanished AS (
    DELETE FROM customer_month_cost old
    USING difference d
    WHERE d.gone AND old.customer_id = d.customer_id
          AND old.month_start = month AND old.bucket = d.bucket
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM written) + (SELECT count(*) FROM vanished)
    INTO changed;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._write_customer_cost(name, date, date) IS
  'Writes a month of customer_month_cost and notes in refresh_group what was allocated; returns the rows changed.';

CREATE FUNCTION crmcost._write_posted_cost(ledger name, month date)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  WITH computed AS (
    SELECT cost_id, incurred_on, booked_month, category_code, bucket, rule_id,
           service_category, NULL::bigint AS customer_id, amount
    FROM pg_temp.refresh_line
    WHERE month_start = month
    UNION ALL
    SELECT cost_id, incurred_on, booked_month, category_code, bucket, 0, '',
           customer_id, amount
    FROM pg_temp.refresh_direct
    WHERE month_start = month AND booked_month < month
  ),
  difference AS (
    SELECT cost_id, incurred_on, booked_month, rule_id, service_category,
           new.category_code, new.bucket, new.customer_id, new.amount,
           new.amount IS NULL AS gone
    FROM computed new
    FULL JOIN (SELECT * FROM posted_cost WHERE month_start = month) old
      USING (cost_id, incurred_on, booked_month, rule_id, service_category)
    WHERE (old.category_code, old.bucket, old.customer_id, old.amount)
          IS DISTINCT FROM
          (new.category_code, new.bucket, new.customer_id, new.amount)
  ),
  written AS (
    INSERT INTO posted_cost
      (month_start, cost_id, incurred_on, booked_month, category_code, bucket,
       rule_id, service_category, customer_id, amount)
    SELECT month, cost_id, incurred_on, booked_month, category_code, bucket,
           rule_id, service_category, customer_id, amount
    FROM difference
    WHERE NOT gone
    ORDER BY cost_id
    ON CONFLICT (month_start, cost_id, incurred_on, booked_month, rule_id,
                 service_category) DO UPDATE SET
      category_code = excluded.category_code,
      bucket = excluded.bucket,
      customer_id = excluded.customer_id,
      amount = excluded.amount
    RETURNING 1
  ),
  vanished AS (
    DELETE FROM posted_cost old
    USING difference d
    WHERE d.gone AND old.month_start = month AND old.cost_id = d.cost_id
          AND old.incurred_on = d.incurred_on
          AND old.booked_month = d.booked_month AND old.rule_id = d.rule_id
          AND old.service_category = d.service_category
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM written) + (SELECT count(*) FROM vanished)
    INTO changed;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._write_posted_cost(name, date) IS
  'Writes an open month of posted_cost; returns the rows changed.';

-- One cell of a table whose rows (entries of a pool) and columns (customers)
-- both have given sums.  Entries and customers stand in a fixed order; with r0,
-- r1 the running sum of cost before and after the entry, q0, q1 that of the
-- driver before and after the customer, and q all of the driver, the cell is
--
--   F(r1, q1) - F(r0, q1) - F(r1, q0) + F(r0, q0),  F(r, q') = round(r q'/q, 4)
--
-- Added up over the customers it telescopes to r1 - r0, the cost of the entry,
-- exactly.  Added up over the entries it gives the customer's share of the cost,
-- rounded to 4 decimals; what the customer bears (part) is rounded to coins.  The
-- differences sum to 0 over the customers, so one entry can take them all: it is
-- the largest, the only one for which part is given.
CREATE FUNCTION crmcost._flow_part(r0 numeric, r1 numeric, q0 numeric,
                                   q1 numeric, q numeric, part numeric,
                                   cost numeric)
  RETURNS numeric
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN pg_catalog.round(r1 * q1 / q, 4) - pg_catalog.round(r0 * q1 / q, 4)
       - pg_catalog.round(r1 * q0 / q, 4) + pg_catalog.round(r0 * q0 / q, 4)
       + CASE WHEN part IS NULL THEN 0
           ELSE part - pg_catalog.round(cost * q1 / q, 4)
                + pg_catalog.round(cost * q0 / q, 4)
         END;

COMMENT ON FUNCTION crmcost._flow_part(numeric, numeric, numeric, numeric, numeric, numeric, numeric) IS
  'Part of a cost entry that a customer bears, so that the parts sum exactly over customers and over entries.';

-- What a time-driven group does not use is split over its pools as cost_flow
-- splits it over their entries: along the running sum of cost, and what is left
-- of coins to the largest pool.
CREATE FUNCTION crmcost._write_cost_pool(ledger name, open_month date)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  WITH pool AS (
    SELECT p.month_start, p.bucket, p.rule_id, p.service_category, p.driver,
           p.driver_key, p.cost, g.driver_quantity, p.capacity,
           coalesce(g.customers, 0) AS customers,
           coalesce(g.customers, 0) > 0 OR p.capacity IS NOT NULL
             AS allocated,
           CASE WHEN g.unused_cost <> 0 OR p.capacity IS NOT NULL THEN
             crmcost._flow_part(
               sum(p.cost) OVER along - p.cost, sum(p.cost) OVER along,
               coalesce(g.driver_quantity, 0),
               greatest(p.capacity, coalesce(g.driver_quantity, 0)),
               greatest(p.capacity, coalesce(g.driver_quantity, 0)),
               CASE WHEN row_number() OVER largest = 1 THEN g.unused_cost END,
               g.cost)
             ELSE 0
           END AS unused_cost
    FROM pg_temp.refresh_pool p
    LEFT JOIN pg_temp.refresh_group g USING (group_id)
    WINDOW
      along AS (PARTITION BY p.group_id
                ORDER BY p.rule_id, p.service_category),
      largest AS (PARTITION BY p.group_id
                  ORDER BY abs(p.cost) DESC, p.rule_id, p.service_category)
  ),
  computed AS (
    SELECT month_start, bucket, rule_id, service_category, driver, driver_key,
           cost, driver_quantity, capacity, customers, unused_cost,
           CASE WHEN allocated THEN cost - unused_cost ELSE 0 END
             AS allocated_cost,
           CASE
             WHEN allocated THEN NULL
             WHEN rule_id = 0 THEN 'no rule'
             ELSE 'no driver in the month'
           END AS unallocated_because
    FROM pool
  ),
  difference AS (
    SELECT month_start, bucket, rule_id, service_category, new.driver,
           new.driver_key, new.cost, new.driver_quantity, new.capacity,
           new.customers, new.allocated_cost, new.unused_cost,
           new.unallocated_because, new.cost IS NULL AS gone
    FROM computed new
    FULL JOIN (SELECT * FROM cost_pool
               WHERE open_month IS NULL OR month_start >= open_month) old
      USING (month_start, bucket, rule_id, service_category)
    WHERE (old.driver, old.driver_key, old.cost, old.driver_quantity,
           old.capacity, old.customers, old.allocated_cost, old.unused_cost,
           old.unallocated_because)
          IS DISTINCT FROM
          (new.driver, new.driver_key, new.cost, new.driver_quantity,
           new.capacity, new.customers, new.allocated_cost, new.unused_cost,
           new.unallocated_because)
  ),
  written AS (
    INSERT INTO cost_pool
      (month_start, bucket, rule_id, service_category, driver, driver_key,
       cost, driver_quantity, capacity, customers, allocated_cost,
       unused_cost, unallocated_because)
    SELECT month_start, bucket, rule_id, service_category, driver, driver_key,
           cost, driver_quantity, capacity, customers, allocated_cost,
           unused_cost, unallocated_because
    FROM difference
    WHERE NOT gone
    ON CONFLICT (month_start, bucket, rule_id, service_category) DO UPDATE SET
      driver = excluded.driver,
      driver_key = excluded.driver_key,
      cost = excluded.cost,
      driver_quantity = excluded.driver_quantity,
      capacity = excluded.capacity,
      customers = excluded.customers,
      allocated_cost = excluded.allocated_cost,
      unused_cost = excluded.unused_cost,
      unallocated_because = excluded.unallocated_because
    RETURNING 1
  ),
  vanished AS (
    DELETE FROM cost_pool old
    USING difference d
    WHERE d.gone AND old.month_start = d.month_start
          AND old.bucket = d.bucket AND old.rule_id = d.rule_id
          AND old.service_category = d.service_category
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM written) + (SELECT count(*) FROM vanished)
    INTO changed;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._write_cost_pool(name, date) IS
  'Writes the open months of cost_pool; returns the rows changed.';

REVOKE EXECUTE ON ROUTINE
  crmcost._refresh_cost(name, timestamptz, date),
  crmcost._drop_cost_tables(),
  crmcost._find_cost_parts(name, date, date),
  crmcost._find_late_parts(name, date, date),
  crmcost._find_rules(name),
  crmcost._form_cost_pools(name),
  crmcost._forget_cost_months(name, date, date, date),
  crmcost._write_customer_cost(name, date, date),
  crmcost._write_posted_cost(name, date),
  crmcost._write_cost_pool(name, date)
FROM PUBLIC;

GRANT EXECUTE ON ROUTINE
  crmcost._refresh_cost(name, timestamptz, date),
  crmcost._drop_cost_tables(),
  crmcost._find_cost_parts(name, date, date),
  crmcost._find_late_parts(name, date, date),
  crmcost._find_rules(name),
  crmcost._form_cost_pools(name),
  crmcost._forget_cost_months(name, date, date, date),
  crmcost._write_customer_cost(name, date, date),
  crmcost._write_posted_cost(name, date),
  crmcost._write_cost_pool(name, date)
TO @extowner@ WITH GRANT OPTION;
