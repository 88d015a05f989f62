-- Step score: ranks, RFM scores and predictions, of every customer each time: they
-- depend on all the others and on the day.
CREATE FUNCTION crmcost._refresh_score(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  bins CONSTANT integer := crmcost._setting(run.ledger, 'rfm_bins');
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF NOT run.whole THEN
    INSERT INTO pg_temp.refresh_segment_before
      SELECT s.customer_id, s.segment FROM customer_score s;
  END IF;
  RETURN crmcost._write_difference(run.ledger, 'customer_score', format($query$
    WITH ranked AS (
      SELECT customer_id, profit,
             row_number() OVER (ORDER BY profit DESC, customer_id)
               AS profit_rank,
             sum(profit) OVER (ORDER BY profit DESC) AS cumulative_profit,
             sum(profit) OVER () AS total
      FROM customer_value
      WHERE is_customer
    ),
    scored AS (
      SELECT customer_id,
             crmcost.rfm_score((%1$L::date - last_ordered_on)::float8,
                               orders::float8, revenue::float8, %2$s) OVER ()
               AS score
      FROM customer_value
      WHERE orders > 0 AND NOT is_technical
    )
    SELECT customer_id, r.profit_rank, r.cumulative_profit,
           CASE WHEN r.total > 0 THEN round(r.profit / r.total, 6) END
             AS contribution_share,
           CASE WHEN r.total > 0
             THEN round(r.cumulative_profit / r.total, 6) END
             AS cumulative_share,
           s.score / 100 AS r, s.score / 10 %% 10 AS f, s.score %% 10 AS m,
           CASE WHEN %2$s = 5 THEN crmcost.rfm_segment(s.score) END AS segment,
           c.p_alive, c.expected_purchases, c.expected_value, c.clv_formula,
           c.clv_predictive
    FROM ranked r
    LEFT JOIN scored s USING (customer_id)
    LEFT JOIN pg_temp.refresh_clv c USING (customer_id)
  $query$, run.day, bins), 'true');
END
$$;

COMMENT ON FUNCTION crmcost._refresh_score(crmcost._run) IS
  'Step of refresh: customer_score; returns the rows changed.';
