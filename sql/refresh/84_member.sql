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
  RETURN crmcost._write_difference(run.ledger, 'loyalty_total',
                                   crmcost._loyalty_total_query(run), 'true')
    + crmcost._write_difference(run.ledger, 'loyalty_member',
                                crmcost._loyalty_member_query(run), 'true')
    + crmcost._write_difference(run.ledger, 'loyalty_decile',
                                crmcost._loyalty_decile_query(), 'true');
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
  WHERE v.is_customer AND NOT v.is_technical
  GROUP BY m.program_code
$query$, run.day - crmcost._setting(run.ledger, 'churn_after_days')::integer,
  run.day);

COMMENT ON FUNCTION crmcost._loyalty_member_query(crmcost._run) IS
  'Query of loyalty_member.';

CREATE FUNCTION crmcost._loyalty_decile_query() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $query$
  WITH buyer AS MATERIALIZED (
    SELECT v.customer_id, v.orders, v.revenue, v.total_cost, v.profit,
           v.last_ordered_on - v.first_ordered_on AS tenure_days, p.points
    FROM customer_value v
    LEFT JOIN (SELECT customer_id, sum(earned) AS points FROM loyalty_account
               GROUP BY customer_id) p USING (customer_id)
    WHERE v.orders > 0 AND NOT v.is_technical
  ),
  measured AS (
    SELECT m.measure, m.loyalty, b.customer_id, b.orders, b.revenue,
           b.total_cost, b.profit
    FROM buyer b
    CROSS JOIN LATERAL (VALUES ('orders', b.orders::numeric),
                               ('tenure_days', b.tenure_days),
                               ('points', b.points)) AS m (measure, loyalty)
    WHERE m.loyalty IS NOT NULL
  ),
  ranked AS (
    SELECT m.*,
           -- the tenth in which the first of equal ones is has them all
           (10 * (rank() OVER (PARTITION BY measure
                               ORDER BY loyalty DESC) - 1)
            / count(*) OVER (PARTITION BY measure))::integer + 1 AS decile,
           rank() OVER (PARTITION BY measure ORDER BY loyalty)
             + (count(*) OVER (PARTITION BY measure, loyalty) - 1) / 2.0
             AS loyalty_rank,
           rank() OVER (PARTITION BY measure ORDER BY profit)
             + (count(*) OVER (PARTITION BY measure, profit) - 1) / 2.0
             AS profit_rank
    FROM measured m
  )
  SELECT d.*, round(s.spearman::numeric, 6) AS spearman
  FROM (
    SELECT measure, decile, count(*) AS customers, sum(loyalty) AS loyalty,
           sum(orders)::bigint AS orders, sum(revenue) AS revenue,
           sum(total_cost) AS total_cost, sum(profit) AS profit
    FROM ranked
    GROUP BY measure, decile
  ) d
  JOIN (SELECT measure, corr(loyalty_rank, profit_rank) AS spearman
        FROM ranked GROUP BY measure) s USING (measure)
$query$;

COMMENT ON FUNCTION crmcost._loyalty_decile_query() IS
  'Query of loyalty_decile.';
