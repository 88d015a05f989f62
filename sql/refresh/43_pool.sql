-- Pools, and groups of pools that one driver allocates.  A rule with driver
-- handle_time whose category and channel have capacity in the month is
-- time-driven.
CREATE FUNCTION crmcost._form_pools(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  coin_scale CONSTANT integer := crmcost._setting(run.ledger, 'money_scale');
BEGIN
  INSERT INTO pg_temp.refresh_pool
    WITH pool AS (
      SELECT month_start, bucket, rule_id, service_category, driver, scope,
             pool_key, spend_month, sum(amount) AS cost
      FROM pg_temp.refresh_post
      GROUP BY month_start, bucket, rule_id, service_category, driver, scope,
               pool_key, spend_month
    ),
    available AS (
      SELECT c.category_code, c.channel_code, m.month_start,
             60 * sum(m.part) AS capacity
      FROM capacity c
      CROSS JOIN LATERAL crmcost.spread(c.minutes, c.period, 4) m
      GROUP BY c.category_code, c.channel_code, m.month_start
      HAVING sum(m.part) > 0
    )
    SELECT p.month_start, p.bucket, p.rule_id, p.service_category,
           coalesce(p.driver, r.driver),
           CASE
             -- what is taken from spend that was not converted has no driver
             WHEN p.driver IS NOT NULL AND p.scope IS NULL THEN NULL
             WHEN p.driver IS NOT NULL THEN p.pool_key
             WHEN r.scope = '' THEN r.driver
             ELSE r.driver || ' of ' || r.scope
           END,
           p.cost, a.capacity, 0, coalesce(p.scope, r.scope), p.pool_key,
           p.spend_month
    FROM pool p
    LEFT JOIN allocation_rule r USING (rule_id)
    LEFT JOIN available a
      ON r.driver = 'handle_time' AND a.month_start = p.month_start
         AND a.category_code = r.category_code
         AND r.scope = coalesce('channel ' || nullif(a.channel_code, ''), '');

  INSERT INTO pg_temp.refresh_group
    SELECT row_number() OVER (PARTITION BY month_start
                              ORDER BY bucket, driver_key, capacity)::integer,
           month_start, bucket, driver_key, capacity, sum(cost),
           greatest(coin_scale, min_scale(sum(cost))), NULL, 0, 0
    FROM pg_temp.refresh_pool
    WHERE driver_key IS NOT NULL
    GROUP BY month_start, bucket, driver_key, capacity;
  UPDATE pg_temp.refresh_pool p
    SET group_id = g.group_id
    FROM pg_temp.refresh_group g
    WHERE (g.month_start, g.bucket, g.driver_key)
            = (p.month_start, p.bucket, p.driver_key)
          AND g.capacity IS NOT DISTINCT FROM p.capacity;
  ANALYZE pg_temp.refresh_pool, pg_temp.refresh_group;
END
$$;

COMMENT ON FUNCTION crmcost._form_pools(crmcost._run) IS
  'Fills refresh_pool and refresh_group from refresh_post.';

-- What a time-driven group does not use is split over its lines along the running
-- sum of cost, as cost_flow splits it; what is left of coins goes to the largest.
CREATE FUNCTION crmcost._find_outcomes() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_outcome
    SELECT l.month_start, l.cost_id, l.incurred_on, l.booked_month,
           l.category_code, l.bucket, l.rule_id, l.service_category, l.amount,
           CASE WHEN p.allocated THEN sum(l.amount) OVER along - l.amount
             ELSE 0 END,
           p.allocated,
           CASE WHEN p.unused_cost <> 0 OR p.capacity IS NOT NULL THEN
             crmcost._flow_part(
               sum(l.amount) OVER along - l.amount, sum(l.amount) OVER along,
               coalesce(p.driver_quantity, 0), p.whole, p.whole,
               CASE WHEN row_number() OVER largest = 1 THEN p.unused_cost END,
               p.group_cost)
             ELSE 0
           END,
           l.pool_key, l.spend_month, p.driver = 'attributed' AND NOT p.allocated
    FROM pg_temp.refresh_post l
    JOIN (
      SELECT p.month_start, p.bucket, p.rule_id, p.service_category,
             p.pool_key, p.driver, p.group_id, p.capacity, g.driver_quantity, g.unused_cost,
             g.cost AS group_cost,
             greatest(p.capacity, coalesce(g.driver_quantity, 0)) AS whole,
             coalesce(g.customers, 0) > 0 OR p.capacity IS NOT NULL
               AS allocated
      FROM pg_temp.refresh_pool p
      LEFT JOIN pg_temp.refresh_group g
        ON g.month_start = p.month_start AND g.group_id = p.group_id
    ) p USING (month_start, bucket, rule_id, service_category, pool_key)
    WINDOW
      along AS (PARTITION BY l.month_start, p.group_id
                ORDER BY l.rule_id, l.service_category, l.incurred_on,
                         l.cost_id, l.booked_month, l.pool_key),
      largest AS (PARTITION BY l.month_start, p.group_id
                  ORDER BY abs(l.amount) DESC, l.rule_id, l.service_category,
                           l.incurred_on, l.cost_id, l.booked_month,
                           l.pool_key);
  ANALYZE pg_temp.refresh_outcome;
END
$$;

COMMENT ON FUNCTION crmcost._find_outcomes() IS
  'Fills refresh_outcome: what became of each line of refresh_post.';

CREATE FUNCTION crmcost._write_pools(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  scope CONSTANT text := format(
    'old.month_start >= %L AND (old.month_start IN (SELECT m.month_start FROM pg_temp.refresh_cost_month m) OR %L)',
    run.open_month, run.whole);
BEGIN
  PERFORM crmcost._find_outcomes();
  RETURN crmcost._write_difference(run.ledger, 'cost_pool', $query$
      SELECT p.month_start, p.bucket, p.rule_id, p.service_category,
             p.pool_key, p.spend_month, p.driver, p.driver_key, p.cost,
             g.driver_quantity, p.capacity,
             coalesce(g.customers, 0) AS customers,
             o.allocated_cost, o.unused_cost,
             CASE
               WHEN o.allocated THEN NULL
               WHEN p.rule_id = 0 THEN 'no rule'
               WHEN p.driver = 'attributed' THEN 'not yet converted'
               ELSE 'no driver in the month'
             END AS unallocated_because
      FROM pg_temp.refresh_pool p
      LEFT JOIN pg_temp.refresh_group g
        ON g.month_start = p.month_start AND g.group_id = p.group_id
      JOIN (SELECT month_start, bucket, rule_id, service_category, pool_key,
                   bool_or(allocated) AS allocated,
                   sum(unused_cost) AS unused_cost,
                   coalesce(sum(amount - unused_cost)
                              FILTER (WHERE allocated), 0) AS allocated_cost
            FROM pg_temp.refresh_outcome
            GROUP BY month_start, bucket, rule_id, service_category,
                     pool_key) o
        ON (o.month_start, o.bucket, o.rule_id, o.service_category, o.pool_key)
           = (p.month_start, p.bucket, p.rule_id, p.service_category,
              p.pool_key)
    $query$, scope)
    + crmcost._write_difference(run.ledger, 'posted_cost', $query$
      SELECT month_start, cost_id, incurred_on, booked_month, category_code,
             bucket, rule_id, service_category, pool_key, spend_month,
             NULL::bigint AS customer_id, amount, cost_before
      FROM pg_temp.refresh_outcome
      UNION ALL
      SELECT month_start, cost_id, incurred_on, booked_month, category_code,
             bucket, 0, '', '', NULL, customer_id, amount, 0
      FROM pg_temp.refresh_part
      WHERE customer_id IS NOT NULL AND booked_month < month_start
            AND amount <> 0
    $query$, scope);
END
$$;

COMMENT ON FUNCTION crmcost._write_pools(crmcost._run) IS
  'Writes cost_pool and posted_cost of the months of refresh_cost_month; returns the rows changed.';

-- Cost by what it was booked on.  Entries without a rate are counted, no more.
CREATE FUNCTION crmcost._cost_month_query() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $query$
  WITH outcome AS (
    SELECT month_start, cost_id, incurred_on, booked_month,
           coalesce(sum(amount - unused_cost) FILTER (WHERE allocated), 0)
             AS allocated_cost,
           sum(unused_cost) AS unused_cost,
           coalesce(sum(amount) FILTER (WHERE NOT allocated), 0)
             AS unallocated_cost,
           coalesce(sum(amount) FILTER (WHERE unconverted), 0) AS unconverted_cost
    FROM pg_temp.refresh_outcome
    GROUP BY month_start, cost_id, incurred_on, booked_month
  )
  SELECT month_start, p.category_code, p.channel_code, p.campaign_code,
         p.product_code, p.unit, p.bucket, p.resource,
         count(*) FILTER (WHERE p.is_first AND p.amount IS NOT NULL)
           AS entries,
         count(*) FILTER (WHERE p.is_first AND p.amount IS NULL)
           AS entries_without_rate,
         count(*) FILTER (WHERE p.amount IS NULL) AS unrated_parts,
         coalesce(sum(p.quantity) FILTER (WHERE p.amount IS NOT NULL), 0)
           AS quantity,
         coalesce(sum(p.amount), 0) AS cost,
         coalesce(sum(p.amount) FILTER (WHERE p.customer_id IS NOT NULL),
                  0) AS direct_cost,
         coalesce(sum(o.allocated_cost), 0) AS allocated_cost,
         coalesce(sum(o.unused_cost), 0) AS unused_cost,
         coalesce(sum(o.unallocated_cost), 0) AS unallocated_cost,
         coalesce(sum(o.unconverted_cost), 0) AS unconverted_cost
  FROM pg_temp.refresh_part p
  LEFT JOIN outcome o USING (month_start, cost_id, incurred_on,
                             booked_month)
  GROUP BY month_start, p.category_code, p.channel_code, p.campaign_code,
           p.product_code, p.unit, p.bucket, p.resource
$query$;

COMMENT ON FUNCTION crmcost._cost_month_query() IS
  'Query of cost_month, from refresh_part and refresh_outcome.';

-- Cost of several days is spread over them; of a closed month it is of the first
-- day of the month that takes it.
CREATE FUNCTION crmcost._cost_day_query() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $query$
  SELECT day, category_code, channel_code, campaign_code,
         sum(cost) AS cost, sum(hours) AS hours
  FROM (
    SELECT greatest(cost_on, month_start) AS day, category_code,
           channel_code, campaign_code, amount AS cost,
           CASE unit WHEN 'hour' THEN quantity ELSE 0 END AS hours
    FROM pg_temp.refresh_part
    WHERE amount IS NOT NULL
          AND (cost_on = until_on OR booked_month < month_start)
    UNION ALL
    SELECT cost_on + d.n, category_code, channel_code, campaign_code,
           round(amount * (d.n + 1) / days, 4)
           - round(amount * d.n / days, 4),
           CASE unit WHEN 'hour' THEN round(quantity * (d.n + 1) / days, 6)
                                      - round(quantity * d.n / days, 6)
             ELSE 0 END
    FROM (SELECT *, until_on - cost_on + 1 AS days
          FROM pg_temp.refresh_part
          WHERE amount IS NOT NULL AND cost_on < until_on
                AND booked_month = month_start) spread
    CROSS JOIN LATERAL generate_series(0, days - 1) AS d (n)
  ) line
  GROUP BY day, category_code, channel_code, campaign_code
  HAVING sum(cost) <> 0 OR sum(hours) <> 0
$query$;

COMMENT ON FUNCTION crmcost._cost_day_query() IS
  'Query of cost_day, from refresh_part.';

CREATE FUNCTION crmcost._write_cost(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  months CONSTANT text := format(
    '>= %L AND (%L OR %%s IN (SELECT m.month_start FROM pg_temp.refresh_cost_month m))',
    run.open_month, run.whole);
BEGIN
  RETURN crmcost._write_difference(
           run.ledger, 'cost_month', crmcost._cost_month_query(),
           'old.month_start ' || format(months, 'old.month_start'))
         + crmcost._write_difference(
             run.ledger, 'cost_day', crmcost._cost_day_query(),
             'old.day ' || format(months, 'crmcost._month_of(old.day)'));
END
$$;

COMMENT ON FUNCTION crmcost._write_cost(crmcost._run) IS
  'Writes cost_month and cost_day of the months of refresh_cost_month; returns the rows changed.';
