-- Step year: who stayed and who came again in the last twelve complete months,
-- and in the twelve before.  Only a new month, or news of an old one, changes
-- that.
CREATE FUNCTION crmcost._refresh_year(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  last_month CONSTANT date := crmcost._last_complete_month(run.day);
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF NOT run.whole
     AND last_month IS NOT DISTINCT FROM (SELECT max(y.month_start)
                                          FROM customer_year y)
     AND NOT EXISTS (SELECT FROM pg_temp.refresh_month m
                     WHERE m.month_start <= last_month)
     AND NOT EXISTS (SELECT FROM crmcost._news(run) n
                     WHERE n.relation = 'classification'
                           AND crmcost._month_of(n.from_on) <= last_month)
  THEN
    RETURN 0;
  END IF;
  RETURN crmcost._write_difference(run.ledger, 'customer_year',
                                   crmcost._year_query(last_month, run.zone),
                                   'true');
END
$$;

COMMENT ON FUNCTION crmcost._refresh_year(crmcost._run) IS
  'Step of refresh: customer_year; returns the rows changed.';

-- Who had a stage of customers before the span, and who still has one at its end.
CREATE FUNCTION crmcost._year_query(last_month date, zone text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  WITH span AS (
    SELECT month_start, (month_start - interval '11 months')::date
             AS from_month
    FROM (VALUES (%1$L::date), ((%1$L::date - interval '1 year')::date))
      AS v (month_start)
  ),
  stage AS (
    SELECT s.month_start, coalesce(p.party_id, k.customer_id)
             AS customer_id, k.entered_at, k.code,
           k.entered_at < crmcost._midnight(s.from_month, %2$L)
             AS before_start
    FROM span s
    JOIN classification k
      ON k.dimension = 'stage' AND k.entered_at < crmcost._midnight(
           (s.month_start + interval '1 month')::date, %2$L)
    LEFT JOIN pg_temp.refresh_party p ON p.customer_id = k.customer_id
  ),
  stock AS (
    SELECT month_start, customer_id,
           (array_agg(code ORDER BY entered_at DESC)
              FILTER (WHERE before_start))[1] AS code_at_start,
           (array_agg(code ORDER BY entered_at DESC))[1] AS code_at_end
    FROM stage
    WHERE customer_id NOT IN (SELECT v.customer_id FROM customer_value v
                              WHERE v.is_technical)
    GROUP BY month_start, customer_id
  )
  SELECT month_start,
         (SELECT count(*) FROM stock k
          WHERE k.month_start = s.month_start
                AND k.code_at_start IN ('active', 'at_risk', 'won_back'))
           AS customers_at_start,
         (SELECT count(*) FROM stock k
          WHERE k.month_start = s.month_start
                AND k.code_at_start IN ('active', 'at_risk', 'won_back')
                AND k.code_at_end IN ('active', 'at_risk', 'won_back'))
           AS customers_kept,
         b.buyers, b.repeat_buyers
  FROM span s
  CROSS JOIN LATERAL (
    SELECT count(*) AS buyers,
           count(*) FILTER (WHERE orders > 1) AS repeat_buyers
    FROM (SELECT sum(m.orders) AS orders
          FROM customer_month m
          WHERE m.month_start BETWEEN s.from_month AND s.month_start
                AND m.orders > 0
          GROUP BY m.customer_id) buyer
  ) b
$query$, last_month, zone);

COMMENT ON FUNCTION crmcost._year_query(date, text) IS
  'Query of customer_year: the twelve months up to one, and the twelve before.';
