-- Step total: sums over customers and months that reports show as they are.  They
-- are read from the store, and only where what they sum up was written.
CREATE FUNCTION crmcost._refresh_total(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  changed bigint := 0;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF crmcost._was_written(run, '{customer_score,customer_value,customer_class}')
     OR EXISTS (SELECT FROM touched WHERE relation = 'tier') THEN
    PERFORM crmcost._find_figures(run);
    changed := crmcost._write_difference(run.ledger, 'group_size',
                                         crmcost._size_query(), 'true');
  END IF;
  IF crmcost._was_written(run, '{customer_score,customer_value}') THEN
    changed := changed + crmcost._write_score_total(run);
  END IF;
  IF crmcost._was_written(run, '{customer_survey,customer_value,customer_class}')
  THEN
    changed := changed + crmcost._write_difference(run.ledger, 'verdict_total',
                           crmcost._sum_of_parts(run, 'verdict_total',
                             crmcost._verdict_query()), 'true');
  END IF;
  IF crmcost._was_written(run, '{customer_signal,customer_value,customer_class}')
  THEN
    changed := changed + crmcost._write_difference(run.ledger, 'strategy_total',
                           crmcost._sum_of_parts(run, 'strategy_total',
                             crmcost._strategy_query()), 'true');
  END IF;
  IF crmcost._was_written(run, '{customer_stage}') THEN
    changed := changed + crmcost._write_stage_total(run);
  END IF;
  IF crmcost._was_written(run, '{sale_month,customer_product}') THEN
    changed := changed + crmcost._write_product_total(run);
  END IF;
  IF crmcost._was_written(run, '{cost_month}') THEN
    changed := changed + crmcost._write_cost_trend(run);
  END IF;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._refresh_total(crmcost._run) IS
  'Step of refresh: group_size, rfm_cell, whale_point, verdict_total, strategy_total, stage_total, product_total and cost_trend; returns the rows changed.';

CREATE FUNCTION crmcost._write_score_total(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  customers bigint;
  points text;
BEGIN
  EXECUTE 'SELECT sum(a.customers) FROM '
          || crmcost._of_parts(run, 'refresh_part_scored',
               'SELECT count(*) AS customers FROM customer_score') || ' a'
    INTO customers;
  -- two hundred of them, and on each worker the highest one
  points := crmcost._of_parts(run, 'refresh_part_point', format($query$
    SELECT s.profit_rank, s.cumulative_profit, s.cumulative_share
    FROM customer_score s
    WHERE s.profit_rank * 200 / %1$s > (s.profit_rank - 1) * 200 / %1$s
    UNION
    SELECT p.profit_rank, p.cumulative_profit, p.cumulative_share
    FROM (SELECT s.profit_rank, s.cumulative_profit, s.cumulative_share
          FROM customer_score s
          ORDER BY s.cumulative_profit DESC, s.profit_rank
          LIMIT 1) p
    $query$, greatest(customers, 1)));
  RETURN crmcost._write_difference(run.ledger, 'rfm_cell',
      $query$
        SELECT f.r, f.f, sum(f.buyers)::bigint AS customers,
               sum(f.orders)::bigint AS orders, sum(f.revenue) AS revenue,
               sum(f.earned) AS profit, sum(f.m)::bigint AS m
        FROM pg_temp.refresh_figure f
        WHERE f.dimension = '(rfm)' AND f.r IS NOT NULL
        GROUP BY f.r, f.f
      $query$, 'true')
    + crmcost._write_difference(run.ledger, 'whale_point', format($query$
        SELECT s.profit_rank, %1$s::bigint AS customers, s.cumulative_profit,
               s.cumulative_share, s.is_peak
        FROM (SELECT s.*, row_number() OVER (
                       ORDER BY s.cumulative_profit DESC, s.profit_rank) = 1
                       AS is_peak
              FROM %2$s s) s
        WHERE s.is_peak OR s.profit_rank * 200 / %1$s
                           > (s.profit_rank - 1) * 200 / %1$s
      $query$, greatest(customers, 1), points), 'true');
END
$$;

COMMENT ON FUNCTION crmcost._write_score_total(crmcost._run) IS
  'Writes rfm_cell and whale_point; returns the rows changed.';

CREATE FUNCTION crmcost._verdict_query() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $query$
  SELECT l.survey, l.last_verdict AS verdict, count(*) AS customers,
         count(*) FILTER (WHERE k.code = 'churned') AS churned,
         count(*) FILTER (WHERE k.code = 'at_risk') AS at_risk,
         sum(v.orders)::bigint AS orders, sum(v.revenue) AS revenue,
         sum(v.total_cost) AS cost, sum(v.profit) AS profit
  FROM customer_survey l
  JOIN customer_value v ON v.customer_id = l.customer_id AND v.is_customer
  LEFT JOIN customer_class k
    ON k.customer_id = l.customer_id AND k.dimension = 'stage'
  WHERE l.last_verdict IS NOT NULL
  GROUP BY l.survey, l.last_verdict
$query$;

COMMENT ON FUNCTION crmcost._verdict_query() IS
  'Query of verdict_total.';

-- Who is invalid, and what to do about him, is said by view invalid_customer; for
-- the others nothing is to be done: they are all there are, less these.
CREATE FUNCTION crmcost._strategy_query() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $query$
  WITH invalid AS (
    SELECT strategy, count(*) AS customers, sum(revenue_so_far) AS revenue,
           sum(total_cost) AS total_cost, sum(profit) AS profit
    FROM invalid_customer
    GROUP BY strategy
  )
  SELECT strategy, customers, revenue, total_cost, profit FROM invalid
  UNION ALL
  SELECT 'none', v.customers - coalesce(i.customers, 0),
         v.revenue - coalesce(i.revenue, 0),
         v.total_cost - coalesce(i.total_cost, 0),
         v.profit - coalesce(i.profit, 0)
  FROM (SELECT count(*) AS rows,
               count(*) FILTER (WHERE NOT is_technical) AS customers,
               sum(revenue) AS revenue, sum(total_cost) AS total_cost,
               sum(profit) AS profit
        FROM customer_value
        WHERE is_customer) v
  CROSS JOIN (SELECT sum(customers)::bigint AS customers,
                     sum(revenue) AS revenue, sum(total_cost) AS total_cost,
                     sum(profit) AS profit
              FROM invalid) i
  WHERE v.rows > coalesce(i.customers, 0)
$query$;

COMMENT ON FUNCTION crmcost._strategy_query() IS
  'Query of strategy_total.';

CREATE FUNCTION crmcost._was_written(run crmcost._run, targets text[])
  RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN run.whole OR EXISTS (SELECT FROM pg_temp.refresh_written w
                              WHERE w.target = ANY (targets)
                                    AND w.rows_changed > 0);
END
$$;

COMMENT ON FUNCTION crmcost._was_written(crmcost._run, text[]) IS
  'Whether a refresh has changed one of these tables, or computes everything.';

-- The groups of group_month.  Who is in no tier of a scheme is the rest.
CREATE FUNCTION crmcost._size_query() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $query$
  SELECT f.dimension,
         CASE f.dimension WHEN '(cohort)' THEN '(all)'
           WHEN '(acquisition)' THEN f.code
           WHEN '(segment)' THEN coalesce(f.code, '(unknown)')
           ELSE coalesce(t.code, '(unknown)') END AS code,
         f.cohort_month, sum(f.customers)::bigint AS customers,
         sum(f.expected_margin)
           FILTER (WHERE f.dimension IN ('(segment)', '(acquisition)',
                                         '(cohort)')) AS expected_margin
  FROM pg_temp.refresh_figure f
  LEFT JOIN tier t ON t.scheme = f.dimension AND t.code = f.code
  WHERE f.customers > 0 AND f.dimension <> '(rfm)'
  GROUP BY 1, 2, 3
$query$;

COMMENT ON FUNCTION crmcost._size_query() IS
  'Query of group_size.';

-- Stages follow the change: the step stage notes what the customers that it looks
-- at gave before (-1), and what they give now.
CREATE FUNCTION crmcost._note_stages(run crmcost._run, sign integer)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  IF run.whole AND sign < 0 THEN
    RETURN;
  END IF;
  INSERT INTO pg_temp.refresh_stage_sum
    SELECT s.stage_before, s.stage_after, sign * count(*),
           sign * sum(s.orders), sign * sum(s.revenue), sign * sum(s.margin)
    FROM customer_stage s
    WHERE run.whole
          OR s.customer_id IN (SELECT c.customer_id
                               FROM pg_temp.refresh_stage_customer c)
    GROUP BY s.stage_before, s.stage_after;
END
$$;

COMMENT ON FUNCTION crmcost._note_stages(crmcost._run, integer) IS
  'Notes in refresh_stage_sum what the customers whose stages are found give to each pair of stages.';

CREATE FUNCTION crmcost._write_stage_total(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'stage_total', format($query$
    SELECT stage_before, stage_after, sum(customers)::bigint AS customers,
           sum(orders)::bigint AS orders, sum(revenue) AS revenue,
           sum(margin) AS margin
    FROM (SELECT stage_before, stage_after, customers, orders, revenue, margin
          FROM pg_temp.refresh_stage_sum
          UNION ALL
          SELECT stage_before, stage_after, customers, orders, revenue, margin
          FROM stage_total
          WHERE NOT %L) part
    GROUP BY stage_before, stage_after
    HAVING sum(customers) > 0
  $query$, run.whole), 'true');
END
$$;

COMMENT ON FUNCTION crmcost._write_stage_total(crmcost._run) IS
  'Writes stage_total from what refresh_stage_sum notes; returns the rows changed.';

-- Buyers are no sum over months.  Of the customers of whom an order changed the
-- step order notes what they were buyers of before (-1), and what they are now.
CREATE FUNCTION crmcost._note_buyers(run crmcost._run, sign integer)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  IF run.whole AND sign < 0 THEN
    RETURN;
  END IF;
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_buyer
      SELECT p.product_code, $1 * count(*)
      FROM customer_product p
      WHERE p.orders > 0 AND (%s)
      GROUP BY p.product_code
    $query$, CASE WHEN run.whole THEN 'true'
               ELSE crmcost._products_of_news('p') END) USING sign;
END
$$;

COMMENT ON FUNCTION crmcost._note_buyers(crmcost._run, integer) IS
  'Notes in refresh_buyer how many customers of whom an order with a product changed are buyers of it.';

CREATE FUNCTION crmcost._write_product_total(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'product_total', format($query$
    SELECT s.product_code, coalesce(b.buyers, 0)::bigint AS buyers,
           s.quantity, s.revenue, s.margin, s.discount, s.refund,
           s.costed_quantity, s.costed_cogs
    FROM (SELECT product_code, sum(quantity) AS quantity,
                 sum(revenue) AS revenue, sum(margin) AS margin,
                 sum(discount) AS discount, sum(refund) AS refund,
                 sum(costed_quantity) AS costed_quantity,
                 sum(costed_cogs) AS costed_cogs
          FROM sale_month
          GROUP BY product_code) s
    LEFT JOIN (SELECT product_code, sum(buyers) AS buyers
               FROM (SELECT product_code, buyers FROM pg_temp.refresh_buyer
                     UNION ALL
                     SELECT product_code, buyers FROM product_total
                     WHERE NOT %L) part
               GROUP BY product_code) b ON b.product_code = s.product_code
  $query$, run.whole), 'true');
END
$$;

COMMENT ON FUNCTION crmcost._write_product_total(crmcost._run) IS
  'Writes product_total from sale_month and what refresh_buyer notes; returns the rows changed.';
