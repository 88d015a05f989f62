-- Step service, too: what cases cost.
--
-- Cost of service is that of bucket service but of orders (svc.order and below), and
-- that of ret.care.  What was booked with a channel or a product is borne by the
-- work there, the rest by all work, by the time it took; where no time is known, by
-- the number of contacts.  Where nobody came, it is idle.

CREATE FUNCTION crmcost._find_service_pools(months text, place text)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_service_pool
      SELECT m.month_start, m.channel_code, m.product_code, sum(m.cost)
      FROM cost_month m
      WHERE %1$s
            AND (m.bucket = 'service'
                 AND m.category_code NOT IN (
                       SELECT l.code FROM category_lineage l
                       WHERE l.ancestor = 'svc.order')
                 OR m.category_code IN (SELECT l.code FROM category_lineage l
                                        WHERE l.ancestor = 'ret.care'))
      GROUP BY m.month_start, m.channel_code, m.product_code
      HAVING sum(m.cost) <> 0
    $query$, format(months, 'm.month_start'));
  EXECUTE format($query$
    UPDATE pg_temp.refresh_service_pool p
      SET seconds = b.seconds, contacts = b.contacts
      FROM (SELECT q.month_start, q.channel_code, q.product_code,
                   sum(k.seconds) AS seconds, sum(k.contacts) AS contacts
            FROM pg_temp.refresh_service_pool q
            JOIN %s k
              ON k.month_start = q.month_start
                 AND q.channel_code IN (k.channel_code, '(unknown)')
                 AND q.product_code IN (k.product_code, '(unknown)')
            GROUP BY q.month_start, q.channel_code, q.product_code) b
      WHERE (p.month_start, p.channel_code, p.product_code)
            = (b.month_start, b.channel_code, b.product_code)
    $query$, place);
END
$$;

COMMENT ON FUNCTION crmcost._find_service_pools(text, text) IS
  'Fills refresh_service_pool: cost of service by what it was booked with, and the work of a relation that bears it, in the months that a condition names.';

CREATE FUNCTION crmcost._find_service_rates(run crmcost._run, months text)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  place CONSTANT text := crmcost._of_parts(run, 'refresh_part_place', format($query$
    SELECT c.month_start, c.channel_code, c.product_code,
           sum(c.handle_seconds) AS seconds, sum(c.contacts) AS contacts
    FROM service_contact c
    WHERE %s
    GROUP BY c.month_start, c.channel_code, c.product_code
    $query$, format(months, 'c.month_start')));
BEGIN
  PERFORM crmcost._find_service_pools(months, place);
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_service_rate
      SELECT k.month_start, k.channel_code, k.product_code,
             coalesce(sum(p.cost / p.seconds) FILTER (WHERE p.seconds > 0), 0),
             coalesce(sum(p.cost / p.contacts)
                        FILTER (WHERE p.seconds = 0 AND p.contacts > 0), 0)
      FROM (SELECT DISTINCT c.month_start, c.channel_code, c.product_code
            FROM %s c) k
      LEFT JOIN pg_temp.refresh_service_pool p
        ON p.month_start = k.month_start
           AND p.channel_code IN (k.channel_code, '(unknown)')
           AND p.product_code IN (k.product_code, '(unknown)')
      GROUP BY k.month_start, k.channel_code, k.product_code
    $query$, place);
  ANALYZE pg_temp.refresh_service_rate;
  IF crmcost._is_distributed(run.ledger) THEN
    PERFORM crmcost._tell_table(run.ledger, 'refresh_service_rate');
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._find_service_rates(crmcost._run, text) IS
  'Fills refresh_service_pool, and refresh_service_rate: what a second and a contact bear, by channel and product, in the months that a condition names.';

-- Work with what it bears, and pools that nobody bears.  What rounding leaves of the
-- cost of a month goes to the greatest row.
CREATE FUNCTION crmcost._service_cost_query(run crmcost._run) RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  measures CONSTANT text := 'contacts bigint, automated_contacts bigint, handle_seconds numeric, cost numeric, automated_cost numeric, idle_cost numeric';
BEGIN
  RETURN format($query$
    WITH summed AS (
      SELECT month_start, dimension, code, sum(contacts)::bigint AS contacts,
             sum(automated_contacts)::bigint AS automated_contacts,
             sum(handle_seconds) AS handle_seconds,
             round(sum(cost), 4) AS cost,
             round(sum(automated_cost), 4) AS automated_cost,
             sum(idle_cost) AS idle_cost
      FROM (SELECT b.month_start, b.dimension, b.code, b.contacts,
                   b.automated_contacts, b.handle_seconds, b.cost,
                   b.automated_cost, b.idle_cost
            FROM %s b UNION ALL %s) part
      GROUP BY month_start, dimension, code
    )
    SELECT s.month_start, s.dimension, s.code, s.contacts,
           s.automated_contacts, s.handle_seconds,
           CASE row_number() OVER (PARTITION BY s.month_start, s.dimension
                                   ORDER BY abs(s.cost) DESC, s.code)
             WHEN 1 THEN s.cost + coalesce(t.cost, 0)
                         - sum(s.cost) OVER (PARTITION BY s.month_start,
                                                          s.dimension)
             ELSE s.cost END AS cost,
           s.automated_cost, s.idle_cost
    FROM summed s
    LEFT JOIN (SELECT month_start, sum(cost) AS cost
               FROM pg_temp.refresh_service_pool GROUP BY month_start) t
      ON t.month_start = s.month_start
  $query$,
  crmcost._of_parts(run, 'refresh_part_borne', crmcost._by_dimension(run, true,
    measures,
    format('c.contacts, CASE WHEN c.automated THEN c.contacts END, c.handle_seconds, %1$s, CASE WHEN c.automated THEN %1$s END, NULL::numeric',
           'c.handle_seconds * r.second_rate + c.contacts * r.contact_rate'),
    'service_contact c JOIN pg_temp.refresh_service_rate r USING (month_start, channel_code, product_code)')),
  crmcost._by_dimension(run, true, measures,
    '0::bigint, 0::bigint, 0::numeric, c.cost, 0::numeric, c.cost',
    $idle$(SELECT p.month_start, p.channel_code, p.product_code, p.cost,
                  '(unknown)' AS team, '(unknown)' AS service_level,
                  '(unknown)' AS kind, '(unknown)' AS agent_code,
                  NULL::bigint AS customer_id
           FROM pg_temp.refresh_service_pool p
           WHERE coalesce(p.seconds, 0) = 0
                 AND coalesce(p.contacts, 0) = 0) c$idle$));
END
$$;

COMMENT ON FUNCTION crmcost._service_cost_query(crmcost._run) IS
  'Query of service_cost_month: work on cases and its cost, in the months of refresh_service_rate and refresh_service_pool.';

CREATE FUNCTION crmcost._product_case_query(run crmcost._run, months text)
  RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN format($query$
  SELECT month_start, product_code, sum(complaints)::bigint AS complaints,
         sum(returns)::bigint AS returns,
         round(coalesce(sum(complaint_cost), 0), 4) AS complaint_cost,
         round(coalesce(sum(return_cost), 0), 4) AS return_cost
  FROM %s k
  GROUP BY month_start, product_code
  $query$, crmcost._of_parts(run, 'refresh_part_returned', format($query$
  SELECT c.month_start, c.product_code,
         coalesce(sum(c.contacts) FILTER (WHERE c.kind = 'complaint'), 0)
           AS complaints,
         coalesce(sum(c.contacts) FILTER (WHERE c.kind = 'return'), 0)
           AS returns,
         sum(k.cost) FILTER (WHERE c.kind = 'complaint') AS complaint_cost,
         sum(k.cost) FILTER (WHERE c.kind = 'return') AS return_cost
  FROM service_contact c
  JOIN pg_temp.refresh_service_rate r
    USING (month_start, channel_code, product_code)
  CROSS JOIN LATERAL (
    VALUES (c.handle_seconds * r.second_rate + c.contacts * r.contact_rate)
  ) AS k (cost)
  WHERE c.kind IN ('complaint', 'return') AND %s
  GROUP BY c.month_start, c.product_code
  $query$, format(months, 'c.month_start'))));
END
$$;

COMMENT ON FUNCTION crmcost._product_case_query(crmcost._run, text) IS
  'Query of product_case_month for the months that a condition names.';

CREATE FUNCTION crmcost._write_products_sold(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  months CONSTANT text := crmcost._months_of_news(run);
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'product_sold_month',
    crmcost._sum_of_parts(run, 'product_sold_month', format($query$
      SELECT old.month_start,
             coalesce(old.product_code, '(unknown)') AS product_code,
             coalesce(sum(old.quantity) FILTER (WHERE NOT old.is_refund), 0)
               AS quantity,
             coalesce(sum(old.base_amount) FILTER (WHERE old.is_refund), 0)
               AS refund
      FROM pg_temp.refresh_line old
      WHERE %s
      GROUP BY 1, 2
    $query$, months)), months);
END
$$;

COMMENT ON FUNCTION crmcost._write_products_sold(crmcost._run) IS
  'Writes product_sold_month of the months with news; returns the rows changed.';

-- Cost of regular communication by the contacts of the month; what rounding leaves
-- goes to the greatest part.  Without contacts it stands under (unknown).
CREATE FUNCTION crmcost._write_care_month(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  months CONSTANT text := crmcost._service_months(run, true);
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'care_month', format($query$
      WITH spent AS (
        SELECT m.month_start, sum(m.cost) AS cost
        FROM cost_month m
        JOIN category_lineage l ON l.code = m.category_code
        WHERE l.ancestor = 'ret.contact' AND %1$s
        GROUP BY m.month_start HAVING sum(m.cost) <> 0
      ), care AS (
        SELECT month_start, phase, sum(customers)::bigint AS customers,
               sum(contacts)::bigint AS contacts,
               sum(handle_seconds) AS handle_seconds,
               sum(converted)::bigint AS converted,
               sum(repeated)::bigint AS repeated
        FROM %2$s care
        GROUP BY month_start, phase
      ), shared AS (
        SELECT month_start, coalesce(c.phase, '(unknown)') AS phase,
               coalesce(c.customers, 0) AS customers,
               coalesce(c.contacts, 0) AS contacts,
               coalesce(c.handle_seconds, 0) AS handle_seconds,
               coalesce(c.converted, 0) AS converted,
               coalesce(c.repeated, 0) AS repeated,
               coalesce(s.cost, 0) AS spent,
               round(coalesce(s.cost, 0) * coalesce(c.contacts, 0)
                     / nullif(sum(c.contacts) OVER (PARTITION BY month_start),
                              0), 4) AS cost
        FROM care c FULL JOIN spent s USING (month_start)
      )
      SELECT month_start, phase, customers, contacts, handle_seconds,
             converted, repeated,
             CASE row_number() OVER (PARTITION BY month_start
                                     ORDER BY contacts DESC, phase)
               WHEN 1 THEN coalesce(cost, 0) + spent
                    - coalesce(sum(cost) OVER (PARTITION BY month_start), 0)
               ELSE cost END AS cost
      FROM shared
    $query$, format(months, 'm.month_start'),
    crmcost._of_parts(run, 'refresh_part_care', format($query$
      SELECT c.month_start, c.phase, count(*) AS customers,
             sum(c.contacts) AS contacts,
             sum(c.handle_seconds) AS handle_seconds,
             sum(c.converted) AS converted, sum(c.repeated) AS repeated
      FROM customer_care c WHERE %s
      GROUP BY c.month_start, c.phase
      $query$, format(months, 'c.month_start')))),
    format(months, 'old.month_start'));
END
$$;

COMMENT ON FUNCTION crmcost._write_care_month(crmcost._run) IS
  'Writes care_month of the months in which care or its cost differ; returns the rows changed.';
