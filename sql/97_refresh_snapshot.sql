-- Step 4 of refresh: who is worth what on that day.

-- rfm_group holds every customer in memory, some 100 bytes each.
CREATE FUNCTION crmcost._rfm_group_limit() RETURNS bigint
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 5000000;

COMMENT ON FUNCTION crmcost._rfm_group_limit() IS
  'Customers up to which refresh summarises all of them at once.';

CREATE FUNCTION crmcost._refresh_snapshot(ledger name, upto timestamptz,
                                          day date)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  zone CONSTANT text := crmcost._setting(ledger, 'timezone');
  bins CONSTANT integer := crmcost._setting(ledger, 'rfm_bins');
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);

  -- What they spent is in customer_month, with refunds of no order.
  IF (SELECT count(*) FROM customer) <= crmcost._rfm_group_limit() THEN
    INSERT INTO pg_temp.refresh_rfm
      SELECT r.customer_id, r.first_at, r.last_at, r.frequency
      FROM crmcost.unnest((
             SELECT crmcost.rfm_group(customer_id, ordered_at, 0)
             FROM pg_temp.refresh_order)) AS r;
  ELSE
    INSERT INTO pg_temp.refresh_rfm
      SELECT customer_id, crmcost.first_at(summary), crmcost.last_at(summary),
             crmcost.frequency(summary)
      FROM (SELECT customer_id,
                   crmcost.rfm(ordered_at, 0) AS summary
            FROM pg_temp.refresh_order
            GROUP BY customer_id) grouped;
  END IF;
  ANALYZE pg_temp.refresh_rfm;

  WITH month AS (
    SELECT customer_id, sum(revenue) AS revenue, sum(margin) AS margin,
           -- interactions alone make nobody a customer
           bool_or(acquired OR sale_lines > 0 OR revenue <> 0 OR margin <> 0)
             AS counts
    FROM customer_month
    GROUP BY customer_id
  ),
  cost AS (
    SELECT customer_id, sum(direct_cost + allocated_cost) AS total_cost
    FROM customer_month_cost
    GROUP BY customer_id
  ),
  product AS (
    SELECT customer_id, count(*) AS products
    FROM (SELECT DISTINCT customer_id, product_code
          FROM (SELECT customer_id, product_code
                FROM sale
                WHERE kind = 'sale' AND product_code IS NOT NULL
                      AND sold_at <= upto
                GROUP BY customer_id, product_code, currency
                HAVING bool_and(amount >= 0) OR sum(amount) > 0) kept) bought
    GROUP BY customer_id
  ),
  -- a technical customer is many people: its rank would say nothing
  score AS (
    SELECT r.customer_id, r.frequency AS orders,
           CASE WHEN a.customer_id IS NULL THEN r.frequency END AS frequency,
           (r.first_at AT TIME ZONE zone)::date AS first_order_on,
           (r.last_at AT TIME ZONE zone)::date AS last_order_on,
           day - (r.last_at AT TIME ZONE zone)::date AS recency_days,
           crmcost.rfm_score(
             (day - (r.last_at AT TIME ZONE zone)::date)::float8,
             CASE WHEN a.customer_id IS NULL THEN r.frequency END::float8,
             m.revenue::float8, bins) OVER () AS rfm_score
    FROM pg_temp.refresh_rfm r
    JOIN month m USING (customer_id)
    LEFT JOIN (SELECT customer_id FROM customer WHERE source = 'anon') a
      USING (customer_id)
  ),
  computed AS (
    SELECT customer_id, s.first_order_on, s.last_order_on,
           s.recency_days, coalesce(s.frequency, 0) AS frequency,
           coalesce(m.revenue, 0) AS monetary, s.rfm_score,
           CASE WHEN bins = 5 THEN crmcost.rfm_segment(s.rfm_score) END
             AS segment,
           coalesce(s.orders, 0) AS orders,
           coalesce(p.products, 0) AS products,
           coalesce(m.revenue, 0) AS revenue,
           coalesce(m.margin, 0) AS margin,
           coalesce(c.total_cost, 0) AS total_cost,
           coalesce(m.margin, 0) - coalesce(c.total_cost, 0) AS profit,
           v.p_alive, v.expected_purchases, v.expected_value, v.clv_formula,
           v.clv_predictive
    FROM month m
    FULL JOIN cost c USING (customer_id)
    LEFT JOIN score s USING (customer_id)
    LEFT JOIN product p USING (customer_id)
    LEFT JOIN pg_temp.refresh_clv v USING (customer_id)
    WHERE m.counts OR c.total_cost IS NOT NULL
  ),
  difference AS (
    SELECT customer_id, new.first_order_on, new.last_order_on,
           new.recency_days, new.frequency, new.monetary, new.rfm_score,
           new.segment, new.orders, new.products, new.revenue, new.margin,
           new.total_cost, new.profit, new.p_alive, new.expected_purchases,
           new.expected_value, new.clv_formula, new.clv_predictive,
           new.orders IS NULL AS gone
    FROM computed new
    FULL JOIN (SELECT * FROM customer_snapshot WHERE as_of = day) old
      USING (customer_id)
    WHERE (old.first_order_on, old.last_order_on, old.recency_days,
           old.frequency, old.monetary, old.rfm_score, old.segment, old.orders,
           old.products, old.revenue, old.margin, old.total_cost, old.profit,
           old.p_alive, old.expected_purchases, old.expected_value,
           old.clv_formula, old.clv_predictive)
          IS DISTINCT FROM
          (new.first_order_on, new.last_order_on, new.recency_days,
           new.frequency, new.monetary, new.rfm_score, new.segment, new.orders,
           new.products, new.revenue, new.margin, new.total_cost, new.profit,
           new.p_alive, new.expected_purchases, new.expected_value,
           new.clv_formula, new.clv_predictive)
  ),
  written AS (
    INSERT INTO customer_snapshot
      (customer_id, as_of, first_order_on, last_order_on, recency_days,
       frequency, monetary, rfm_score, segment, orders, products, revenue,
       margin, total_cost, profit, p_alive, expected_purchases,
       expected_value, clv_formula, clv_predictive)
    SELECT customer_id, day, first_order_on, last_order_on, recency_days,
           frequency, monetary, rfm_score, segment, orders, products, revenue,
           margin, total_cost, profit, p_alive, expected_purchases,
           expected_value, clv_formula, clv_predictive
    FROM difference
    WHERE NOT gone
    ORDER BY customer_id
    ON CONFLICT (customer_id, as_of) DO UPDATE SET
      first_order_on = excluded.first_order_on,
      last_order_on = excluded.last_order_on,
      recency_days = excluded.recency_days,
      frequency = excluded.frequency,
      monetary = excluded.monetary,
      rfm_score = excluded.rfm_score,
      segment = excluded.segment,
      orders = excluded.orders,
      products = excluded.products,
      revenue = excluded.revenue,
      margin = excluded.margin,
      total_cost = excluded.total_cost,
      profit = excluded.profit,
      p_alive = excluded.p_alive,
      expected_purchases = excluded.expected_purchases,
      expected_value = excluded.expected_value,
      clv_formula = excluded.clv_formula,
      clv_predictive = excluded.clv_predictive
    RETURNING 1
  ),
  vanished AS (
    DELETE FROM customer_snapshot old
    USING difference d
    WHERE d.gone AND old.customer_id = d.customer_id AND old.as_of = day
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM written) + (SELECT count(*) FROM vanished)
    INTO changed;
  IF changed > 1000 THEN
    ANALYZE customer_snapshot;
  END IF;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._refresh_snapshot(name, timestamptz, date) IS
  'Fourth step of refresh: customer_snapshot of the day; returns the rows changed.';
