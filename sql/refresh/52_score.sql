-- Step score: ranks, RFM scores and predictions, of every customer each time: they
-- depend on all the others and on the day.
CREATE FUNCTION crmcost._refresh_score(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  bought CONSTANT text :=
    'SELECT v.last_ordered_on, v.orders, v.revenue FROM customer_value v WHERE v.orders > 0 AND NOT v.is_technical';
  total numeric;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF NOT run.whole THEN
    INSERT INTO pg_temp.refresh_segment_before
      SELECT s.customer_id, s.segment FROM customer_score s;
  END IF;
  IF NOT crmcost._is_distributed(run.ledger) THEN
    RETURN crmcost._write_scores(run, NULL, NULL);
  END IF;
  -- step member asks for ranks of buyers
  PERFORM crmcost._rank_parts(run, 'profit_rank, cumulative_profit, twice_rank',
    concat(crmcost._profit_ranks(), ', ', crmcost._twice_rank('is_in')), format(
      'SELECT v.customer_id, v.profit, v.orders > 0 AND NOT v.is_technical AS is_in FROM %I.customer_value v WHERE v.is_customer',
      run.ledger));
  EXECUTE 'SELECT sum(v.profit) FROM '
          || crmcost._of_parts(run, 'refresh_part_profit',
               'SELECT sum(v.profit) AS profit FROM customer_value v WHERE v.is_customer')
          || ' v' INTO total;
  TRUNCATE pg_temp.refresh_tier_bound;
  INSERT INTO pg_temp.refresh_tier_bound
    SELECT b.name, b.measure, b.part, b.share
    FROM crmcost._wanted_bounds(run, '{}') b;
  RETURN crmcost._write_on_workers(run, 'customer_score', format(
    'SELECT crmcost._write_scores($1, %L, %L)', coalesce(total, 0),
    crmcost._bounds_found(crmcost._find_bounds(run, bought, run.day)) ->> 'cuts'));
END
$$;

COMMENT ON FUNCTION crmcost._refresh_score(crmcost._run) IS
  'Step of refresh: customer_score; returns the rows changed.';

CREATE FUNCTION crmcost._profit_ranks() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 'row_number() OVER (%1$s ORDER BY profit DESC, customer_id)%2$s AS profit_rank,
        sum(profit) OVER (%1$s ORDER BY profit DESC)%3$s AS cumulative_profit';

COMMENT ON FUNCTION crmcost._profit_ranks() IS
  'Format, for _ranks_of_all and _rank_parts, of the place of a customer by profit, and of what is earned up to there.';

-- Of all there are, or on a worker, where places are found already, by what all earn
-- and the cuts of RFM.
CREATE FUNCTION crmcost._write_scores(run crmcost._run, total numeric,
                                      cuts text)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  bins CONSTANT integer := crmcost._setting(run.ledger, 'rfm_bins');
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  RETURN crmcost._write_difference(run.ledger, 'customer_score', format($query$
    WITH ranked AS (%3$s),
    scored AS (
      SELECT customer_id,
             crmcost.rfm_score((%1$L::date - last_ordered_on)::float8,
                               orders::float8, revenue::float8, %4$s) %5$s
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
           c.clv_predictive, c.year_margin
    FROM ranked r
    LEFT JOIN scored s USING (customer_id)
    LEFT JOIN pg_temp.refresh_clv c USING (customer_id)
  $query$, run.day, bins,
  CASE WHEN total IS NULL THEN format(
      'SELECT customer_id, profit, %s, sum(profit) OVER () AS total FROM customer_value WHERE is_customer',
      crmcost._ranks_of_all(crmcost._profit_ranks()))
    ELSE format(
      'SELECT customer_id, v.profit, k.profit_rank, k.cumulative_profit, %L::numeric AS total FROM customer_value v JOIN pg_temp.refresh_ranking k USING (customer_id) WHERE k.profit_rank IS NOT NULL',
      total) END,
  CASE WHEN total IS NULL THEN bins::text
    ELSE format('%L::crmcost.rfm_cuts', cuts) END,
  CASE WHEN total IS NULL THEN 'OVER ()' END), 'true');
END
$$;

COMMENT ON FUNCTION crmcost._write_scores(crmcost._run, numeric, text) IS
  'Writes customer_score; returns the rows changed.';
