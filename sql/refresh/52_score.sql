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

CREATE FUNCTION crmcost._rank_customers(
  query text, bins integer, OUT customer_id bigint, OUT profit_rank bigint,
  OUT cumulative_profit numeric, OUT contribution_share numeric,
  OUT cumulative_share numeric, OUT r integer, OUT f integer, OUT m integer)
  RETURNS SETOF record
  LANGUAGE c STABLE STRICT PARALLEL UNSAFE ROWS 1000000
  AS 'MODULE_PATHNAME', 'rank__rank_customers';

COMMENT ON FUNCTION crmcost._rank_customers(text, integer) IS
  'Of the customers of a query of number, profit, days since the last order, orders and revenue, the last three NULL without a score, in the order of their numbers: the place by profit, the profit of all down to there, equal ones together, both as parts of all profit, and the scores.';

-- On a worker places are found already: by what all earn and the cuts of RFM.
CREATE FUNCTION crmcost._ranked_query(day date, bins integer, total numeric,
                                      cuts text)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN total IS NULL THEN pg_catalog.format(
    'crmcost._rank_customers(%L, %s)', pg_catalog.format($query$
      SELECT v.customer_id, v.profit,
             CASE WHEN v.orders > 0 AND NOT v.is_technical
               THEN %L::date - v.last_ordered_on END, v.orders, v.revenue
      FROM customer_value v
      WHERE v.is_customer
      $query$, day), bins)
  ELSE pg_catalog.format($query$(
    SELECT s.customer_id, s.profit_rank, s.cumulative_profit,
           CASE WHEN %1$L::numeric > 0
             THEN round(s.profit / %1$L::numeric, 6) END AS contribution_share,
           CASE WHEN %1$L::numeric > 0
             THEN round(s.cumulative_profit / %1$L::numeric, 6) END
             AS cumulative_share,
           s.score / 100 AS r, s.score / 10 %% 10 AS f, s.score %% 10 AS m
    FROM (
      SELECT customer_id, v.profit, k.profit_rank, k.cumulative_profit,
             CASE WHEN v.orders > 0 AND NOT v.is_technical
               THEN crmcost.rfm_score((%2$L::date - v.last_ordered_on)::float8,
                                      v.orders::float8, v.revenue::float8,
                                      %3$L::crmcost.rfm_cuts) END AS score
      FROM customer_value v
      JOIN pg_temp.refresh_ranking k USING (customer_id)
      WHERE k.profit_rank IS NOT NULL
      OFFSET 0
    ) s)$query$, total, day, cuts)
END;

COMMENT ON FUNCTION crmcost._ranked_query(date, integer, numeric, text) IS
  'Relation of the places and scores of customers on a day: of all there are, or where these are on workers, given what all earn and the cuts of RFM, which are NULL elsewhere.';

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
    SELECT customer_id, k.profit_rank, k.cumulative_profit,
           k.contribution_share, k.cumulative_share, k.r, k.f, k.m,
           CASE WHEN %s = 5
             THEN crmcost.rfm_segment(k.r * 100 + k.f * 10 + k.m) END
             AS segment,
           c.p_alive, c.expected_purchases, c.expected_value, c.clv_formula,
           c.clv_predictive, c.year_margin
    FROM %s k
    LEFT JOIN pg_temp.refresh_clv c USING (customer_id)
  $query$, bins, crmcost._ranked_query(run.day, bins, total, cuts)), 'true');
END
$$;

COMMENT ON FUNCTION crmcost._write_scores(crmcost._run, numeric, text) IS
  'Writes customer_score, of all there are or on a worker; returns the rows changed.';
