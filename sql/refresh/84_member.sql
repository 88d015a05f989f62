-- Step member: points by programme, how members buy beside all customers, and
-- whether the loyal are the profitable ones.  Who is active, and who is in which
-- tenth, depends on the day and on all others: so all of it is summed, unless the
-- day and the customers are those of before.
CREATE FUNCTION crmcost._refresh_member(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF NOT run.whole AND run.upto = run.upto_before
     AND NOT EXISTS (SELECT FROM pg_temp.refresh_written w
                     WHERE w.rows_changed > 0
                           AND w.target IN ('customer_value',
                                            'customer_acquisition',
                                            'loyalty_account')) THEN
    RETURN 0;
  END IF;
  IF crmcost._is_distributed(run.ledger) THEN
    PERFORM crmcost._rank_parts(run, 'twice_rank_of_members',
      crmcost._twice_rank('is_in'), format($query$
        SELECT v.customer_id, v.profit, true AS is_in
        FROM %1$I.customer_value v
        JOIN (SELECT customer_id FROM %1$I.loyalty_account
              GROUP BY customer_id) p ON p.customer_id = v.customer_id
        WHERE v.orders > 0 AND NOT v.is_technical
        $query$, run.ledger));
  END IF;
  RETURN crmcost._write_difference(run.ledger, 'loyalty_total',
        crmcost._sum_of_parts(run, 'loyalty_total',
                              crmcost._loyalty_total_query(run)), 'true')
    + crmcost._write_difference(run.ledger, 'loyalty_member',
        crmcost._sum_of_parts(run, 'loyalty_member',
                              crmcost._loyalty_member_query(run)), 'true')
    + crmcost._write_difference(run.ledger, 'loyalty_decile',
        'SELECT d.* FROM ' || crmcost._of_groups(run, 'dealt_loyal',
          'hashtext(q.measure)', crmcost._equally_loyal_query(
            crmcost._is_distributed(run.ledger)),
          crmcost._loyalty_decile_query('%1$s')) || ' d', 'true');
END
$$;

COMMENT ON FUNCTION crmcost._refresh_member(crmcost._run) IS
  'Step of refresh: loyalty_total, loyalty_member and loyalty_decile; returns the rows changed.';

CREATE FUNCTION crmcost._loyalty_total_query(run crmcost._run) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT program_code, count(*) AS members,
         count(*) FILTER (WHERE last_active_on > %L) AS active_members,
         sum(earned) AS earned, sum(adjusted) AS adjusted,
         sum(redeemed) AS redeemed, sum(reversed) AS reversed,
         sum(expired) AS expired, sum(balance) AS balance,
         sum(pending) AS pending, sum(owed) AS owed,
         sum(overdrawn) AS overdrawn, sum(unmatched) AS unmatched
  FROM loyalty_account
  GROUP BY program_code
$query$, (run.day - '1 year'::interval)::date);

COMMENT ON FUNCTION crmcost._loyalty_total_query(crmcost._run) IS
  'Query of loyalty_total.';

CREATE FUNCTION crmcost._loyalty_member_query(run crmcost._run) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT coalesce(m.program_code, '(all)') AS program_code,
         count(*) AS customers,
         count(*) FILTER (WHERE v.last_ordered_on >= %1$L) AS active_customers,
         count(*) FILTER (WHERE v.acquired_on IS NOT NULL) AS acquired,
         count(*) FILTER (WHERE v.acquired_on IS NOT NULL AND q.referred)
           AS referred,
         count(*) FILTER (WHERE v.orders > 0) AS buyers,
         count(*) FILTER (WHERE v.orders > 1) AS repeat_buyers,
         sum(v.orders)::bigint AS orders, sum(v.order_days)::bigint AS order_days,
         coalesce(sum(%2$L - v.first_ordered_on + 1), 0)::bigint AS days,
         sum(v.revenue) AS revenue, sum(v.total_cost) AS total_cost,
         sum(v.profit) AS profit
  FROM (SELECT customer_id, NULL AS program_code FROM customer_value
        UNION ALL
        SELECT customer_id, program_code FROM loyalty_account) m
  JOIN customer_value v USING (customer_id)
  LEFT JOIN customer_acquisition q USING (customer_id)
  -- a lead is none, also one who bears cost
  WHERE num_nonnulls(v.acquired_on, v.first_ordered_on) > 0
        AND NOT v.is_technical
  GROUP BY m.program_code
$query$, run.day - crmcost._setting(run.ledger, 'churn_after_days')::integer,
  run.day);

COMMENT ON FUNCTION crmcost._loyalty_member_query(crmcost._run) IS
  'Query of loyalty_member.';

-- Those of one loyalty are together in all that follows.
CREATE FUNCTION crmcost._equally_loyal_query(ranked boolean) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT m.measure, m.loyalty, count(*) AS customers,
         sum(b.orders) AS orders, sum(b.revenue) AS revenue,
         sum(b.total_cost) AS total_cost, sum(b.profit) AS profit,
         sum(m.twice_rank) / 2 AS rank_sum,
         sum(m.twice_rank * m.twice_rank) / 4 AS rank_squares
  FROM (
    SELECT v.*, %s
    FROM (SELECT customer_id, v.orders, v.revenue, v.total_cost, v.profit,
                 v.last_ordered_on - v.first_ordered_on AS tenure_days,
                 p.points, p.points IS NOT NULL AS has_points
          FROM customer_value v
          LEFT JOIN (SELECT customer_id, sum(earned) AS points
                     FROM loyalty_account GROUP BY customer_id) p
            USING (customer_id)
          WHERE v.orders > 0 AND NOT v.is_technical) v %s
  ) b
  CROSS JOIN LATERAL (
    VALUES ('orders', b.orders::numeric, b.twice_rank),
           ('tenure_days', b.tenure_days, b.twice_rank),
           ('points', b.points, b.twice_rank_of_members)
  ) AS m (measure, loyalty, twice_rank)
  WHERE m.loyalty IS NOT NULL
  GROUP BY m.measure, m.loyalty
$query$, CASE WHEN ranked THEN 'k.twice_rank, k.twice_rank_of_members'
           ELSE pg_catalog.format('%s AS twice_rank, %s AS twice_rank_of_members',
             crmcost._ranks_of_all(crmcost._twice_rank('true')),
             crmcost._ranks_of_all(crmcost._twice_rank('has_points'))) END,
  CASE WHEN ranked
    THEN 'JOIN (SELECT customer_id, max(twice_rank) AS twice_rank, max(twice_rank_of_members) AS twice_rank_of_members
                FROM pg_temp.refresh_ranking GROUP BY customer_id) k USING (customer_id)' END);

COMMENT ON FUNCTION crmcost._equally_loyal_query(boolean) IS
  'Query of buyers by measure and loyalty, with the sums of their ranks by profit, which refresh_ranking has, or which are found here.';

CREATE FUNCTION crmcost._loyalty_decile_query(source text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  WITH ranked AS (
    SELECT e.*, sum(e.customers) OVER measure AS all_customers,
           -- the tenth in which the first of equal ones is has them all
           div(10 * (sum(e.customers) OVER downward - e.customers),
               sum(e.customers) OVER measure)::integer + 1 AS decile,
           sum(e.customers) OVER measure - sum(e.customers) OVER downward
             + (e.customers + 1) / 2.0 AS loyalty_rank
    FROM (SELECT e.measure, e.loyalty, sum(e.customers)::bigint AS customers,
                 sum(e.orders) AS orders, sum(e.revenue) AS revenue,
                 sum(e.total_cost) AS total_cost, sum(e.profit) AS profit,
                 sum(e.rank_sum) AS rank_sum,
                 sum(e.rank_squares) AS rank_squares
          FROM %s e GROUP BY e.measure, e.loyalty) e
    WINDOW measure AS (PARTITION BY e.measure),
           downward AS (PARTITION BY e.measure ORDER BY e.loyalty DESC)
  )
  SELECT d.*, s.spearman
  FROM (
    SELECT measure, decile, sum(customers)::bigint AS customers,
           sum(loyalty * customers) AS loyalty, sum(orders)::bigint AS orders,
           sum(revenue) AS revenue, sum(total_cost) AS total_cost,
           sum(profit) AS profit
    FROM ranked
    GROUP BY measure, decile
  ) d
  JOIN (
    -- correlation of the ranks, whose mean is half of all and one
    SELECT measure,
           round((sum(loyalty_rank * rank_sum) - mean_part)
                 / nullif(sqrt((sum(customers * loyalty_rank * loyalty_rank)
                                - mean_part)
                               * (sum(rank_squares) - mean_part)), 0), 6)
             AS spearman
    FROM (SELECT r.*, all_customers * (all_customers + 1) ^ 2 / 4 AS mean_part
          FROM ranked r) r
    GROUP BY measure, mean_part
  ) s USING (measure)
$query$, source);

COMMENT ON FUNCTION crmcost._loyalty_decile_query(text) IS
  'Query of loyalty_decile, given the relation of buyers by measure and loyalty.';
