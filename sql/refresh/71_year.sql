-- Step year: who stayed and who came again in the last twelve complete months,
-- and in the twelve before.  Only a new month, or news of an old one, changes
-- that; the twelve before stand where there is news of later months alone.
CREATE FUNCTION crmcost._refresh_year(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  last_month CONSTANT date := crmcost._last_complete_month(run.day);
  year_before CONSTANT date := last_month - interval '1 year';
  after_month timestamp := year_before - interval '1 year';
  scope text := 'true';
  first_month date;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF NOT run.whole
     AND last_month IS NOT DISTINCT FROM (SELECT max(y.month_start)
                                          FROM customer_year y)
     -- rows of closed months are those of one party then
     AND NOT crmcost._parties_changed() THEN
    SELECT min(m.month_start) INTO first_month
      FROM (SELECT r.month_start FROM pg_temp.refresh_month r
            UNION ALL
            SELECT crmcost._month_of(n.from_on) FROM crmcost._news(run) n
            WHERE n.relation = 'classification'
            UNION ALL
            SELECT d.month_start FROM pg_temp.refresh_differing d
            WHERE d.target = 'stage_spell') m;
    IF coalesce(first_month, 'infinity') > last_month THEN
      RETURN 0;
    END IF;
    IF first_month > year_before THEN
      after_month := year_before;
      scope := format('old.month_start > %L', year_before);
    END IF;
  END IF;
  RETURN crmcost._write_difference(run.ledger, 'customer_year',
    crmcost._year_query(last_month, after_month), scope);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_year(crmcost._run) IS
  'Step of refresh: customer_year; returns the rows changed.';

-- Who had a stage of customers before the twelve months, and who still has one at
-- their end: both spans in one pass, the second begins where the first ends.  Who
-- stands for many people, a technical customer, neither stays nor comes again.
CREATE FUNCTION crmcost._year_query(last_month date, after_month timestamp)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT pg_catalog.format($query$
  WITH held AS (
    SELECT bool_or(at_start) AS at_start, bool_or(at_turn) AS at_turn,
           bool_or(at_end) AS at_end
    FROM stage_spell s
    CROSS JOIN LATERAL (
      VALUES (s.entered_on < %3$L AND (s.left_on < %3$L) IS NOT TRUE,
              s.entered_on < %4$L AND (s.left_on < %4$L) IS NOT TRUE,
              s.entered_on < %5$L AND (s.left_on < %5$L) IS NOT TRUE)
    ) AS h (at_start, at_turn, at_end)
    WHERE s.stage = ANY (%6$L::text[]) AND (at_start AND %7$L OR at_turn OR at_end)
    GROUP BY s.customer_id
  ),
  buyer AS (
    -- integers: sums of larger ones take memory for each customer
    SELECT sum(m.orders::integer) FILTER (WHERE m.month_start <= %2$L)
             AS before,
           sum(m.orders::integer) FILTER (WHERE m.month_start > %2$L) AS now
    FROM customer_month m
    LEFT JOIN pg_temp.refresh_party p ON p.customer_id = m.customer_id
    WHERE m.month_start > %8$L
          AND m.month_start <= %1$L AND m.orders > 0
          AND m.customer_id NOT IN (SELECT v.customer_id FROM customer_value v
                                    WHERE v.is_technical)
    GROUP BY coalesce(p.party_id, m.customer_id)
  )
  SELECT s.month_start, s.customers_at_start, s.customers_kept, s.buyers,
         s.repeat_buyers, s.orders
  FROM (SELECT count(*) FILTER (WHERE at_start) AS at_start,
               count(*) FILTER (WHERE at_start AND at_turn) AS kept_before,
               count(*) FILTER (WHERE at_turn) AS at_turn,
               count(*) FILTER (WHERE at_turn AND at_end) AS kept
        FROM held) h
  CROSS JOIN (SELECT count(before) AS before,
                     count(*) FILTER (WHERE before > 1) AS again_before,
                     coalesce(sum(before), 0)::bigint AS orders_before,
                     count(now) AS now,
                     count(*) FILTER (WHERE now > 1) AS again,
                     coalesce(sum(now), 0)::bigint AS orders
              FROM buyer) b
  CROSS JOIN LATERAL (
    VALUES (%1$L::date, h.at_turn, h.kept, b.now, b.again, b.orders),
           (%2$L, h.at_start, h.kept_before, b.before, b.again_before,
            b.orders_before)
  ) AS s (month_start, customers_at_start, customers_kept, buyers,
          repeat_buyers, orders)
  WHERE s.month_start > %8$L
$query$, last_month, year_before, (year_before - interval '11 months')::date,
  (year_before + interval '1 month')::date,
  (last_month + interval '1 month')::date, crmcost._customer_stages(),
  after_month < year_before, after_month)
  FROM (SELECT (last_month - interval '1 year')::date AS year_before) v;
END;

COMMENT ON FUNCTION crmcost._year_query(date, timestamp) IS
  'Query of customer_year: the twelve months up to one, and the twelve before, as far as they are after a month.';
