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
    changed := crmcost._write_difference(run.ledger, 'group_size',
                                         crmcost._size_query(run.ledger),
                                         'true');
  END IF;
  IF crmcost._was_written(run, '{customer_score,customer_value}') THEN
    changed := changed
      + crmcost._write_difference(run.ledger, 'rfm_cell', $query$
          SELECT s.r, s.f, count(*) AS customers,
                 sum(v.orders)::bigint AS orders, sum(v.revenue) AS revenue,
                 sum(v.profit) AS profit, sum(s.m) AS m
          FROM customer_score s
          JOIN customer_value v ON v.customer_id = s.customer_id
          WHERE s.r IS NOT NULL
          GROUP BY s.r, s.f
        $query$, 'true')
      + crmcost._write_difference(run.ledger, 'whale_point', $query$
          SELECT s.profit_rank, a.customers, s.cumulative_profit,
                 s.cumulative_share, s.profit_rank = p.profit_rank AS is_peak
          FROM customer_score s
          CROSS JOIN (SELECT count(*) AS customers FROM customer_score) a
          CROSS JOIN (
            SELECT profit_rank FROM customer_score
            ORDER BY cumulative_profit DESC, profit_rank
            LIMIT 1
          ) p
          WHERE s.profit_rank * 200 / a.customers
                  > (s.profit_rank - 1) * 200 / a.customers
                OR s.profit_rank = p.profit_rank
        $query$, 'true');
  END IF;
  IF crmcost._was_written(run, '{customer_stage}') THEN
    changed := changed
      + crmcost._write_difference(run.ledger, 'stage_total', $query$
          SELECT stage_before, stage_after, count(*) AS customers,
                 sum(orders)::bigint AS orders, sum(revenue) AS revenue,
                 sum(margin) AS margin
          FROM customer_stage
          GROUP BY stage_before, stage_after
        $query$, 'true');
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
  'Step of refresh: group_size, rfm_cell, whale_point, stage_total, product_total and cost_trend; returns the rows changed.';

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
CREATE FUNCTION crmcost._size_query(ledger name) RETURNS text
  LANGUAGE sql STABLE PARALLEL UNSAFE
RETURN pg_catalog.format($query$
  WITH customer AS (
    SELECT v.customer_id, v.channel_code,
           coalesce(crmcost._month_of(v.acquired_on), '-infinity')
             AS acquired_month,
           coalesce(crmcost._month_of(v.first_ordered_on), '-infinity')
             AS first_month,
           coalesce(s.segment, '(unknown)') AS segment,
           coalesce(s.clv_predictive, s.clv_formula, 0) AS expected_margin
    FROM customer_value v
    JOIN customer_score s ON s.customer_id = v.customer_id
  ),
  tiered AS (
    SELECT t.scheme, t.code, count(*) AS customers,
           sum(c.expected_margin) AS expected_margin
    FROM customer_class k
    JOIN tier t ON t.scheme = k.dimension AND t.code = k.code
    JOIN customer c ON c.customer_id = k.customer_id
    GROUP BY t.scheme, t.code
  )
  SELECT '(segment)' AS dimension, segment AS code,
         '-infinity'::date AS cohort_month, count(*) AS customers,
         sum(expected_margin) AS expected_margin
  FROM customer GROUP BY segment
  UNION ALL
  SELECT '(acquisition)', channel_code, acquired_month, count(*),
         sum(expected_margin)
  FROM customer GROUP BY channel_code, acquired_month
  UNION ALL
  SELECT '(cohort)', '(all)', first_month, count(*), sum(expected_margin)
  FROM customer GROUP BY first_month
  UNION ALL
  SELECT scheme, code, '-infinity', customers, expected_margin FROM tiered
  UNION ALL
  SELECT u.scheme, '(unknown)', '-infinity',
         (a.customers - coalesce(sum(t.customers), 0))::bigint,
         a.expected_margin - coalesce(sum(t.expected_margin), 0)
  FROM unnest(%L::text[]) AS u (scheme)
  LEFT JOIN tiered t ON t.scheme = u.scheme
  CROSS JOIN (SELECT count(*) AS customers,
                     coalesce(sum(expected_margin), 0) AS expected_margin
              FROM customer) a
  GROUP BY u.scheme, a.customers, a.expected_margin
  HAVING a.customers > coalesce(sum(t.customers), 0)
$query$, crmcost._tier_schemes(ledger));

COMMENT ON FUNCTION crmcost._size_query(name) IS
  'Query of group_size.';

-- Buyers are no sum over months.  Of the customers with news the step order notes
-- what they were buyers of before (-1), this one what they are now.
CREATE FUNCTION crmcost._note_buyers(run crmcost._run, sign integer)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  IF run.whole AND sign < 0 THEN
    RETURN;
  END IF;
  INSERT INTO pg_temp.refresh_buyer
    SELECT p.product_code, sign * count(*)
    FROM customer_product p
    WHERE p.orders > 0
          AND (run.whole
               OR p.customer_id IN (SELECT c.customer_id
                                    FROM pg_temp.refresh_customer c))
    GROUP BY p.product_code;
END
$$;

COMMENT ON FUNCTION crmcost._note_buyers(crmcost._run, integer) IS
  'Notes in refresh_buyer how many of the customers with news are buyers of each product.';

CREATE FUNCTION crmcost._write_product_total(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  PERFORM crmcost._note_buyers(run, 1);
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
