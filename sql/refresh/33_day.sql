-- Step day: what was sold by month, product and channel, and what happened on a
-- day.  What counts in a later month than that of its day stands on the first of
-- that month; an order that got a line since its month was closed, on the last.
CREATE FUNCTION crmcost._refresh_day(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  months CONSTANT text := CASE WHEN run.whole
    THEN format('month_start >= %L', run.open_month)
    -- by an array, they are looked up in the key
    ELSE 'month_start = ANY (ARRAY(SELECT r.month_start FROM pg_temp.refresh_month r))'
    END;
  days CONSTANT text := CASE WHEN run.whole
    THEN format('old.day >= %L', run.open_month)
    ELSE 'crmcost._month_of(old.day) IN (SELECT r.month_start FROM pg_temp.refresh_month r)'
    END;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  PERFORM crmcost._sum_lines(months);
  RETURN crmcost._write_difference(run.ledger, 'sale_month',
           crmcost._sale_month_query(), 'old.' || months)
         + crmcost._write_difference(run.ledger, 'day_total',
           crmcost._day_query(run, months, crmcost._midnight(
             (SELECT min(r.month_start) FROM pg_temp.refresh_month r
              WHERE NOT run.whole), run.zone)), days)
         + crmcost._write_difference(run.ledger, 'contact_month',
           crmcost._contact_month_query(months), 'old.' || months);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_day(crmcost._run) IS
  'Step of refresh: sale_month, day_total and contact_month; returns the rows changed.';

-- Both sums of the lines, in one pass.  Month by month few groups are open at a
-- time.
CREATE FUNCTION crmcost._sum_lines(months text) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  TRUNCATE pg_temp.refresh_sale_sum;      -- an upgrade has closed months first
  INSERT INTO pg_temp.refresh_sale_sum
    SELECT s.*
    FROM crmcost._sum_sets(format($query$
      SELECT month_start, coalesce(product_code, '(unknown)'), channel_code,
             campaign_code, greatest(sold_on, month_start),
             is_purchase::integer::bigint, quantity, base_amount, base_margin,
             base_discount, CASE WHEN is_refund THEN base_amount END,
             CASE WHEN base_cogs IS NOT NULL THEN quantity END, base_cogs
      FROM pg_temp.refresh_line
      WHERE %s
      ORDER BY month_start
    $query$, months), 5, '{1,2,3,4,0,1,3,4,5}', true)
      AS s (set integer, month_start date, product_code text,
            channel_code text, campaign_code text, day date,
            sale_lines bigint, quantity numeric, revenue numeric,
            margin numeric, discount numeric, refund numeric,
            costed_quantity numeric, costed_cogs numeric);
END
$$;

COMMENT ON FUNCTION crmcost._sum_lines(text) IS
  'Fills refresh_sale_sum with the lines of refresh_line in the months that a condition names.';

CREATE FUNCTION crmcost._sale_month_query() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $query$
  SELECT month_start, product_code, channel_code, campaign_code, sale_lines,
         coalesce(quantity, 0) AS quantity, coalesce(revenue, 0) AS revenue,
         coalesce(margin, 0) AS margin, coalesce(discount, 0) AS discount,
         coalesce(refund, 0) AS refund,
         coalesce(costed_quantity, 0) AS costed_quantity,
         coalesce(costed_cogs, 0) AS costed_cogs
  FROM pg_temp.refresh_sale_sum
  WHERE set = 1
$query$;

COMMENT ON FUNCTION crmcost._sale_month_query() IS
  'Query of sale_month, from refresh_sale_sum.';

CREATE FUNCTION crmcost._day_query(run crmcost._run, months text,
                                   from_at timestamptz)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT day, channel_code, campaign_code, sum(revenue) AS revenue,
         sum(margin) AS margin, sum(discount) AS discount,
         sum(refund) AS refund, sum(orders)::bigint AS orders,
         sum(leads)::bigint AS leads,
         sum(converted_leads)::bigint AS converted_leads,
         sum(acquired)::bigint AS acquired,
         sum(interactions)::bigint AS interactions,
         sum(handle_seconds)::bigint AS handle_seconds
  FROM (
    SELECT day, channel_code, campaign_code, coalesce(revenue, 0) AS revenue,
           coalesce(margin, 0) AS margin, coalesce(discount, 0) AS discount,
           coalesce(refund, 0) AS refund,
           0 AS orders, 0 AS leads, 0 AS converted_leads, 0 AS acquired,
           0 AS interactions, 0 AS handle_seconds
    FROM pg_temp.refresh_sale_sum WHERE set = 2
    UNION ALL
    SELECT least(greatest(ordered_on, month_start),
                 (month_start + interval '1 month')::date - 1),
           channel_code, campaign_code,
           0, 0, 0, 0, count(*), 0, 0, 0, 0, 0
    FROM customer_order WHERE is_order AND %1$s
    GROUP BY 1, 2, 3
    UNION ALL
    SELECT greatest(occurred_on, month_start), channel_code, campaign_code,
           0, 0, 0, 0, 0, 0, 0, 0, sum(n), coalesce(sum(handle_seconds), 0)
    FROM pg_temp.refresh_contact WHERE %1$s
    GROUP BY 1, 2, 3
    UNION ALL
    SELECT greatest(happened_on, month_start), channel_code, campaign_code,
           0, 0, 0, 0, 0, sum((NOT is_acquisition)::integer),
           sum((NOT is_acquisition AND converted)::integer),
           sum(is_acquisition::integer), 0, 0
    FROM crmcost._party_events(%2$L, %3$L, %4$L, %5$L, false, %6$L) e
    WHERE %1$s
    GROUP BY 1, 2, 3
  ) part
  GROUP BY 1, 2, 3
  HAVING sum(revenue) <> 0 OR sum(margin) <> 0 OR sum(discount) <> 0
         OR sum(refund) <> 0 OR sum(orders) <> 0 OR sum(leads) <> 0
         OR sum(acquired) <> 0 OR sum(interactions) <> 0
$query$, months, run.ledger, run.upto, run.zone, run.open_month, from_at);

COMMENT ON FUNCTION crmcost._day_query(crmcost._run, text, timestamptz) IS
  'Query of day_total for the months that a condition names, of which an instant is the first one; NULL for all.';

CREATE FUNCTION crmcost._contact_month_query(months text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT month_start, kind, channel_code, automated,
         sum(n)::bigint AS interactions,
         coalesce(sum(handle_seconds), 0)::bigint AS handle_seconds,
         coalesce(sum(minutes), 0) AS standard_minutes
  FROM pg_temp.refresh_contact
  WHERE %1$s
  GROUP BY 1, 2, 3, 4
$query$, months);

COMMENT ON FUNCTION crmcost._contact_month_query(text) IS
  'Query of contact_month for the months that a condition names.';

-- When parties were first seen and acquired, and in which month that counts.
-- Technical customers stand for anonymous traffic: they are neither.
CREATE FUNCTION crmcost._party_events(ledger name, upto timestamptz, zone text,
                                      open_month date,
                                      of_news boolean DEFAULT false,
                                      from_at timestamptz DEFAULT NULL)
  RETURNS TABLE (customer_id bigint, is_acquisition boolean, happened_on date,
                 month_start date, converted boolean, channel_code text,
                 campaign_code text)
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  -- an upgrade writes closed months too: the caller's is before all months then
  late_month CONSTANT date := coalesce(crmcost._open_month(ledger), open_month);
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  RETURN QUERY
    SELECT c.customer_id, e.is_acquisition, e.day,
           CASE WHEN e.day >= late_month OR late.fact_id IS NULL
                  THEN crmcost._month_of(e.day)
                ELSE coalesce(late.month_start, late_month) END,
           coalesce(c.acquired_at < upto, false),
           coalesce(c.acquisition_channel, k.channel_code, '(unknown)'),
           coalesce(c.acquisition_campaign, '(unknown)')
    -- one of the two, also where the plan is one for both
    FROM (SELECT a.customer_id, a.source, a.first_seen_at, a.acquired_at,
                 a.acquisition_channel, a.acquisition_campaign, a.merged_into
          FROM customer a
          WHERE NOT of_news
                AND (from_at IS NULL OR a.first_seen_at >= from_at
                     OR a.acquired_at >= from_at
                     OR a.customer_id IN (
                          SELECT f.fact_id FROM late_fact f
                          WHERE f.relation IN ('lead', 'customer')))
          UNION ALL
          SELECT a.customer_id, a.source, a.first_seen_at, a.acquired_at,
                 a.acquisition_channel, a.acquisition_campaign, a.merged_into
          FROM customer a
          JOIN pg_temp.refresh_customer USING (customer_id)
          WHERE of_news) c
    CROSS JOIN LATERAL (
      VALUES (false, c.first_seen_at, (c.first_seen_at AT TIME ZONE zone)::date),
             (true, c.acquired_at, (c.acquired_at AT TIME ZONE zone)::date)
    ) AS e (is_acquisition, at, day)
    LEFT JOIN campaign k ON k.code = c.acquisition_campaign
    LEFT JOIN late_fact late
      ON late.relation = CASE WHEN e.is_acquisition THEN 'customer'
                           ELSE 'lead' END
         AND late.fact_id = c.customer_id AND late.booked_on = e.day
    WHERE e.at < upto AND c.source <> 'anon' AND c.merged_into IS NULL;
END
$$;

COMMENT ON FUNCTION crmcost._party_events(name, timestamptz, text, date, boolean, timestamptz) IS
  'First sight and acquisition of every party of a ledger before an instant, or of those with news, with the month in which it counts; parties of whom neither is from another instant on, or counts late, may be left out.';
