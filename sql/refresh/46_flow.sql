-- Step flow: running sums along the customers of a month, from which cost_flow
-- finds what a customer bears of an entry.  They stand in the order of the hashes of
-- their numbers: so those of a shard of a distributed ledger stand together, and its
-- worker needs no more than the sums of the shards before.
CREATE FUNCTION crmcost._refresh_flow(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF NOT run.whole
     AND NOT EXISTS (SELECT FROM pg_temp.refresh_cost_month) THEN
    RETURN 0;
  END IF;
  IF crmcost._is_distributed(run.ledger) THEN
    PERFORM crmcost._call_parts(run, 'SELECT crmcost._sum_flow($1)');
    PERFORM crmcost._bring_table(run.ledger, 'refresh_flow', 'true');
    PERFORM crmcost._tell_table(run.ledger, 'refresh_flow');
    RETURN crmcost._write_on_workers(run, 'driver_before',
                                     'SELECT crmcost._write_flow($1, true)');
  END IF;
  RETURN crmcost._write_flow(run, false);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_flow(crmcost._run) IS
  'Step of refresh: driver_before of the months of refresh_cost_month; returns the rows changed.';

-- On a worker, refresh_flow has the sums of all shards.
CREATE FUNCTION crmcost._write_flow(run crmcost._run, by_shard boolean)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  scope CONSTANT text := format(
    'old.month_start >= %L AND (old.month_start IN (SELECT c.month_start FROM pg_temp.refresh_cost_month c) OR %L)',
    run.open_month, run.whole);
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'driver_before',
    CASE WHEN by_shard THEN format($query$
        SELECT r.customer_id, r.month_start, %1$s
        FROM (%2$s) r
        JOIN (SELECT month_start, shard, %3$s
              FROM pg_temp.refresh_flow
              WINDOW before AS (PARTITION BY month_start ORDER BY shard
                                ROWS BETWEEN UNBOUNDED PRECEDING
                                         AND 1 PRECEDING)) b
          USING (month_start, shard)
      $query$,
      (SELECT string_agg(format('r.%1$I + b.%1$I AS %1$I', d.name), ', '
                         ORDER BY d.place)
       FROM crmcost._flow_drivers() d),
      crmcost._flow_query(run.open_month, crmcost._shard_term()),
      (SELECT string_agg(format('coalesce(sum(%1$I) OVER before, 0) AS %1$I',
                                d.name), ', ' ORDER BY d.place)
       FROM crmcost._flow_drivers() d))
    ELSE crmcost._flow_query(run.open_month, NULL) END, scope, false,
    ordered => run.whole);
END
$$;

COMMENT ON FUNCTION crmcost._write_flow(crmcost._run, boolean) IS
  'Writes driver_before; returns the rows changed.';

CREATE FUNCTION crmcost._flow_drivers(OUT place integer, OUT name text,
                                      OUT quantity text, OUT type text)
  RETURNS SETOF record
  LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 7
BEGIN ATOMIC
  SELECT d.place, d.name, d.quantity, d.type
  FROM (VALUES (1, 'new_customers'::text, 'old.acquired::integer'::text,
                'bigint'::text),
               (2, 'active_customers', '(old.sale_lines > 0)::integer',
                'bigint'),
               (3, 'revenue', 'greatest(old.revenue, 0)', 'numeric'),
               (4, 'margin', 'greatest(old.margin, 0)', 'numeric'),
               (5, 'orders', 'greatest(old.orders, 0)', 'bigint'),
               (6, 'interactions', 'greatest(old.interactions, 0)', 'bigint'),
               (7, 'handle_time',
                'greatest(old.handle_seconds + 60 * old.standard_minutes, 0)',
                'numeric'))
    AS d (place, name, quantity, type);
END;

COMMENT ON FUNCTION crmcost._flow_drivers() IS
  'Drivers that driver_before sums up, with the quantity of each in a row old of customer_month, and the type of its sums.';

-- Month by month: to sort by months first would compare these in vain.  Shards
-- are ranges of hashes, so their customers come together.
CREATE FUNCTION crmcost._flow_query(open_month date, shard text) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN format('SELECT r.* FROM crmcost._sums_before(%L, %s, %s) AS r (customer_id bigint, month_start date%s, %s)',
    format($query$
      SELECT r.*
      FROM (SELECT DISTINCT m.month_start FROM pg_temp.%4$I m
            WHERE m.month_start >= %5$L) c
      CROSS JOIN LATERAL (
        SELECT old.customer_id, old.month_start %2$s, %1$s
        FROM %3$s old
        WHERE old.month_start = c.month_start
        ORDER BY hashint8(old.customer_id), old.customer_id
      ) r
    $query$,
      (SELECT string_agg(format('(%s)::%s', d.quantity, d.type), ', '
                         ORDER BY d.place)
       FROM crmcost._flow_drivers() d),
      ', ' || shard || ' AS shard', crmcost._own_rows('customer_month'),
      CASE WHEN shard IS NULL THEN 'refresh_cost_month' ELSE 'refresh_flow' END,
      open_month),
    CASE WHEN shard IS NULL THEN 2 ELSE 3 END,
    CASE WHEN shard IS NULL THEN 1 ELSE 2 END,
    CASE WHEN shard IS NULL THEN '' ELSE ', shard integer' END,
    (SELECT string_agg(format('%I %s', d.name, d.type), ', '
                       ORDER BY d.place)
     FROM crmcost._flow_drivers() d));
END
$$;

COMMENT ON FUNCTION crmcost._flow_query(date, text) IS
  'Query of driver_before for the months of refresh_cost_month from a first one on, or of those of refresh_flow of sums in a shard whose term is given.';

-- The number of a shard on a worker, counted in the order of hashes.
CREATE FUNCTION crmcost._shard_term() RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN (
    SELECT format('(%L::integer[])[width_bucket(hashint8(old.customer_id), %L::integer[])]',
                  array_agg(s.from_hash ORDER BY s.from_hash),
                  array_agg(s.from_hash ORDER BY s.from_hash))
    FROM refresh_shard s
    WHERE s.relation = 'customer_month');
END
$$;

COMMENT ON FUNCTION crmcost._shard_term() IS
  'Expression of the first hash of the shard that has a row old on a worker.';

-- On a worker.
CREATE FUNCTION crmcost._sum_flow(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  TRUNCATE pg_temp.refresh_flow;
  EXECUTE (
    SELECT format('INSERT INTO pg_temp.refresh_flow (month_start, shard, %s)
        SELECT old.month_start, %s, %s FROM %s old WHERE old.month_start >= %L GROUP BY 1, 2',
                  string_agg(quote_ident(d.name), ', ' ORDER BY d.place),
                  crmcost._shard_term(),
                  string_agg(format('sum(%s)', d.quantity), ', '
                             ORDER BY d.place),
                  crmcost._own_rows('customer_month'), run.open_month)
    FROM crmcost._flow_drivers() d);
END
$$;

COMMENT ON FUNCTION crmcost._sum_flow(crmcost._run) IS
  'Fills refresh_flow with the sums of each shard of a worker by month.';
