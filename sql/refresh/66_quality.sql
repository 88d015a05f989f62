-- Step quality: what is wrong with facts, by the month in which they count, and with
-- customers.  What only configuration can tell is asked by view data_quality itself;
-- the parts of blends without quantity are found where months are (44_driver.sql).
CREATE FUNCTION crmcost._refresh_quality(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  RETURN
    crmcost._write_findings(run, '{sale_without_rate,sale_without_cogs,quantity_against_amount,sale_fx_on_base_currency,sale_before_first_seen}',
      crmcost._sum_of_parts(run, 'quality_finding',
                            crmcost._sale_findings(run)), format(
        'old.month_start >= %1$L AND (%2$L OR old.month_start IN (SELECT m.month_start
         FROM pg_temp.refresh_month m)) OR old.check_name = ''sale_without_rate''
         AND old.month_start < %1$L',
        run.open_month, run.whole))
    + crmcost._write_findings(run, '{cost_fx_on_base_currency}',
        crmcost._rate_findings(run), format(
          'old.month_start >= %L AND (%L OR old.month_start IN (SELECT m.month_start FROM pg_temp.refresh_cost_month m))',
          run.open_month, run.whole))
    + crmcost._write_findings(run, '{cost_without_rate,acquisition_cost_without_channel,unallocated_cost,unused_capacity,capacity_exceeded}',
        crmcost._cost_findings(run), 'true')
    -- of rules that are gone
    + crmcost._write_findings(run, '{blend_part_without_quantity}', $query$
        SELECT f.* FROM quality_finding f
        WHERE f.check_name = 'blend_part_without_quantity'
              AND EXISTS (SELECT FROM cost_pool p
                          JOIN driver d ON d.code = p.driver
                          WHERE p.month_start = f.month_start
                                AND d.kind = 'blend')
      $query$, 'true')
    + crmcost._write_findings(run, '{buyer_not_acquired,refunds_exceed_sales,customer_without_channel,stale_customer}',
        crmcost._customer_findings(run), 'true')
    + crmcost._write_findings(run, '{unknown_tier,untiered_customer,unmatched_rfm_score}',
        crmcost._tier_findings(run), 'true')
    + crmcost._write_findings(run, '{sale_after_as_of,cost_after_as_of,stage_after_as_of}',
        crmcost._later_findings(run), 'true')
    + crmcost._write_closed_findings(run);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_quality(crmcost._run) IS
  'Step of refresh: quality_finding; returns the rows changed.';

CREATE FUNCTION crmcost._write_findings(run crmcost._run, checks text[],
                                        source text, months text)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'quality_finding', source,
    format('old.check_name = ANY (%L::text[]) AND (%s)', checks, months));
END
$$;

COMMENT ON FUNCTION crmcost._write_findings(crmcost._run, text[], text, text) IS
  'Writes the findings of some checks in the months that a condition on old names; returns the rows changed.';

-- Nearly all lines are as they should be: they are passed over by one condition.
CREATE FUNCTION crmcost._sale_findings(run crmcost._run) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT f.check_name, l.month_start, f.severity, count(*) AS rows,
         sum(l.base_amount) AS amount, crmcost._first_words(f.words) AS words
  FROM (
    SELECT s.customer_id, s.month_start, s.sold_on, s.sold_at, s.sale_id,
           s.product_code, s.currency, s.amount, s.quantity, s.base_amount,
           s.base_amount IS NULL AS lacks_rate,
           -- what is given away has cost of goods, too
           s.base_cogs IS NULL AND (s.base_amount <> 0 OR s.quantity <> 0)
             AS lacks_cogs,
           -- a refund that adds to what was sold
           s.amount < 0 AND s.quantity > 0 OR s.amount > 0 AND s.quantity < 0
             AS is_against,
           s.currency = base.currency AND s.base_amount <> s.amount
             AS is_rated,
           s.sold_at < c.first_seen_at AS is_before
    FROM pg_temp.refresh_line s
    JOIN customer c ON c.customer_id = s.customer_id
    CROSS JOIN (SELECT value AS currency FROM setting
                WHERE key = 'base_currency') base
    WHERE s.month_start >= %L
          AND (%L OR s.month_start IN (SELECT m.month_start
                                       FROM pg_temp.refresh_month m))
  ) l
  CROSS JOIN LATERAL (
    SELECT 'sale_without_rate' AS check_name, 'error' AS severity,
           ARRAY['without_rate', l.currency, l.sold_on::text] AS words
    WHERE l.lacks_rate
    UNION ALL
    SELECT 'sale_without_cogs', 'warning',
           CASE WHEN l.product_code IS NULL THEN ARRAY['product_unknown']
             ELSE ARRAY['product', l.product_code] END
    WHERE l.lacks_cogs
    UNION ALL
    SELECT 'quantity_against_amount', 'info',
           ARRAY['quantity_of_sale', l.sale_id::text, l.quantity::text,
                 l.amount::text]
    WHERE l.is_against
    UNION ALL
    SELECT 'sale_fx_on_base_currency', 'warning',
           ARRAY['sale_rated', l.sale_id::text, l.amount::text,
                 l.base_amount::text]
    WHERE l.is_rated
    UNION ALL
    SELECT 'sale_before_first_seen', 'warning',
           ARRAY['sold_before_seen', l.customer_id::text, l.sold_on::text]
    -- none of those who are one party now had been seen
    WHERE l.is_before
          AND NOT EXISTS (SELECT FROM pg_temp.refresh_party p
                          JOIN customer m ON m.customer_id = p.customer_id
                          WHERE p.party_id = l.customer_id
                                AND m.first_seen_at <= l.sold_at)
  ) f
  WHERE l.lacks_rate OR l.lacks_cogs OR l.is_against OR l.is_rated
        OR l.is_before
  GROUP BY f.check_name, l.month_start, f.severity
$query$, run.open_month, run.whole);

COMMENT ON FUNCTION crmcost._sale_findings(crmcost._run) IS
  'Query of the findings in the sale lines of refresh_line.';

-- A rate booked on base currency that is not 1 is rare, and so looked for first.
CREATE FUNCTION crmcost._rate_findings(run crmcost._run) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN format($query$
    SELECT 'cost_fx_on_base_currency' AS check_name, p.month_start,
           'warning' AS severity, count(*) AS rows, NULL::numeric AS amount,
           crmcost._first_words(ARRAY['cost_rated', e.cost_id::text, e.fx::text]) AS words
    FROM cost_entry e
    JOIN pg_temp.refresh_part p
      ON p.cost_id = e.cost_id AND p.incurred_on = e.incurred_on
    JOIN pg_temp.refresh_cost_month m ON m.month_start = p.month_start
    WHERE e.fx <> 1 AND e.currency = %L AND p.is_first
          AND e.incurred_on BETWEEN %L AND %L
    GROUP BY p.month_start
    $query$, crmcost._setting(run.ledger, 'base_currency'),
    (SELECT min(p.incurred_on) FROM pg_temp.refresh_part p),
    (SELECT max(p.incurred_on) FROM pg_temp.refresh_part p));
END
$$;

COMMENT ON FUNCTION crmcost._rate_findings(crmcost._run) IS
  'Query of the entries of refresh_part in base currency with a rate of their own.';

CREATE FUNCTION crmcost._cost_findings(run crmcost._run) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT 'cost_without_rate' AS check_name, month_start, 'error' AS severity,
         sum(entries_without_rate)::bigint AS rows, NULL::numeric AS amount,
         crmcost._first_words(ARRAY['category_in', category_code,
                   to_char(month_start, 'YYYY-MM')]) AS words
  FROM cost_month
  WHERE entries_without_rate > 0
        AND month_start >= %L::date
  GROUP BY month_start
  UNION ALL
  SELECT 'acquisition_cost_without_channel', month_start, 'info',
         sum(entries)::bigint, sum(cost),
         crmcost._first_words(ARRAY['category_in', category_code,
                   to_char(month_start, 'YYYY-MM')])
  FROM cost_month
  WHERE bucket = 'acquisition' AND channel_code = '(unknown)' AND entries > 0
  GROUP BY month_start
  UNION ALL
  SELECT f.check_name, p.month_start, f.severity, count(*), sum(f.amount),
         crmcost._first_words(ARRAY[f.sentence, p.bucket, to_char(p.month_start, 'YYYY-MM'),
                   trim_scale(f.seconds)::text,
                   trim_scale(p.capacity)::text])
  FROM cost_pool p
  CROSS JOIN LATERAL (
    SELECT 'unallocated_cost' AS check_name, 'warning' AS severity,
           p.unallocated_cost AS amount,
           CASE p.unallocated_because
             WHEN 'no rule' THEN 'pool_without_rule'
             WHEN 'not yet converted' THEN 'pool_not_converted'
             ELSE 'pool_without_driver' END AS sentence,
           NULL::numeric AS seconds
    WHERE p.unallocated_cost <> 0
    UNION ALL
    SELECT 'unused_capacity', 'info', p.unused_cost, 'unused_capacity',
           p.capacity - coalesce(p.driver_quantity, 0)
    WHERE p.unused_cost <> 0
    UNION ALL
    SELECT 'capacity_exceeded', 'warning', NULL, 'capacity_exceeded',
           p.driver_quantity
    WHERE p.driver_quantity > p.capacity
  ) f
  GROUP BY f.check_name, p.month_start, f.severity
$query$, run.open_month);

COMMENT ON FUNCTION crmcost._cost_findings(crmcost._run) IS
  'Query of the findings in cost_month and cost_pool.';

CREATE FUNCTION crmcost._customer_findings(run crmcost._run) RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN format($query$
  SELECT f.check_name, '-infinity'::date AS month_start, f.severity, f.rows,
         f.amount, f.words
  FROM (
    SELECT sum(p.buyers)::bigint AS buyers,
           sum(p.buyers_revenue) AS buyers_revenue, min(p.buyer) AS buyer,
           sum(p.losses)::bigint AS losses, sum(p.loss) AS loss,
           crmcost._first_words(p.loser) AS loser,
           sum(p.strays)::bigint AS strays, min(p.stray) AS stray,
           sum(p.stale)::bigint AS stale, min(p.stale_one) AS stale_one
    FROM %s p
  ) v
  CROSS JOIN LATERAL (VALUES
    ('buyer_not_acquired', 'warning', v.buyers, v.buyers_revenue,
     ARRAY['customer', v.buyer::text]),
    ('refunds_exceed_sales', 'warning', v.losses, v.loss, v.loser),
    ('customer_without_channel', 'warning', v.strays, NULL,
     ARRAY['customer', v.stray::text]),
    ('stale_customer', 'info', v.stale, NULL,
     ARRAY['customer', v.stale_one::text])
  ) AS f (check_name, severity, rows, amount, words)
  WHERE f.rows > 0
  $query$, crmcost._of_parts(run, 'refresh_part_finding', format($query$
    SELECT count(*) FILTER (WHERE is_buyer) AS buyers,
           sum(revenue) FILTER (WHERE is_buyer) AS buyers_revenue,
           min(customer_id) FILTER (WHERE is_buyer) AS buyer,
           count(*) FILTER (WHERE revenue < 0) AS losses,
           sum(revenue) FILTER (WHERE revenue < 0) AS loss,
           crmcost._first_words(ARRAY['refunded', customer_id::text, revenue::text])
             FILTER (WHERE revenue < 0) AS loser,
           count(*) FILTER (WHERE is_stray) AS strays,
           min(customer_id) FILTER (WHERE is_stray) AS stray,
           count(*) FILTER (WHERE is_stale) AS stale,
           min(customer_id) FILTER (WHERE is_stale) AS stale_one
    FROM customer_value
    CROSS JOIN (SELECT %L::date - min(value::integer) AS heard_from
                FROM setting WHERE key = 'stale_after_days') due
    CROSS JOIN LATERAL (
      SELECT acquired_on IS NULL AND orders > 0 AND NOT is_technical
               AS is_buyer,
             acquired_on IS NOT NULL AND channel_code = '(unknown)'
               AND NOT is_technical AS is_stray,
             is_customer AND NOT is_technical
               AND greatest(acquired_on, last_ordered_on,
                            (last_contact_at AT TIME ZONE %L)::date)
                   < due.heard_from AS is_stale
    ) what
  $query$, run.day, run.zone)));
END
$$;

COMMENT ON FUNCTION crmcost._customer_findings(crmcost._run) IS
  'Query of the findings about customers in customer_value.';

-- Where a scheme has a basis, a rule gives every buyer a tier or none.
CREATE FUNCTION crmcost._tier_findings(run crmcost._run) RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN format($query$
  SELECT f.check_name, '-infinity'::date AS month_start, 'error' AS severity,
         sum(f.rows)::bigint AS rows, NULL::numeric AS amount,
         crmcost._first_words(f.words) AS words
  FROM (
    SELECT f.check_name, f.rows, f.words FROM %s f
    UNION ALL
    SELECT 'unmatched_rfm_score', count(*),
           crmcost._first_words(ARRAY['score_unmatched', u.scheme, concat(u.r, u.f, u.m)])
    FROM (SELECT DISTINCT t.scheme, s.r, s.f, s.m
          FROM %s s
          CROSS JOIN (SELECT DISTINCT scheme FROM tier WHERE basis = 'rfm') t) u
    WHERE NOT EXISTS (SELECT FROM tier t
                      WHERE t.scheme = u.scheme AND t.basis = 'rfm'
                            AND t.r @> u.r AND t.f @> u.f AND t.m @> u.m)
  ) f
  GROUP BY f.check_name
  HAVING sum(f.rows) > 0
  $query$, crmcost._of_parts(run, 'refresh_part_tiered', $query$
    SELECT 'unknown_tier' AS check_name, count(*) AS rows,
           crmcost._first_words(ARRAY['tier_unknown', k.customer_id::text, k.dimension,
                     k.code]) AS words
    FROM customer_class k
    WHERE k.dimension NOT IN ('stage', 'owner', 'invalid')
          AND k.code <> 'none'
          AND (k.dimension, k.code) NOT IN (SELECT t.scheme, t.code FROM tier t)
    UNION ALL
    SELECT 'untiered_customer', count(*),
           crmcost._first_words(ARRAY['tier_missing', v.customer_id::text, s.scheme])
    FROM customer_value v
    CROSS JOIN (SELECT DISTINCT scheme FROM tier WHERE basis <> 'manual') s
    LEFT JOIN (SELECT k.customer_id, array_agg(k.dimension) AS schemes
               FROM customer_class k
               WHERE NOT (k.code = 'none' AND k.by_rule)
               GROUP BY k.customer_id) k USING (customer_id)
    WHERE v.orders > 0 AND NOT v.is_technical
          AND (s.scheme = ANY (k.schemes)) IS NOT TRUE
  $query$), crmcost._of_parts(run, 'refresh_part_matched',
              'SELECT DISTINCT r, f, m FROM customer_score WHERE r IS NOT NULL'));
END
$$;

COMMENT ON FUNCTION crmcost._tier_findings(crmcost._run) IS
  'Query of the findings about tiers in customer_class and customer_score.';

CREATE FUNCTION crmcost._later_findings(run crmcost._run) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT f.check_name, '-infinity'::date AS month_start, 'info' AS severity,
         f.rows, NULL::numeric AS amount,
         ARRAY[f.what || '_later', f.day::text, %2$L] AS words
  FROM (SELECT 'sale_after_as_of' AS check_name, 'sold' AS what,
               count(*) AS rows, (min(sold_at) AT TIME ZONE %3$L)::date AS day
        FROM %4$I.sale WHERE sold_at >= %1$L
        UNION ALL
        SELECT 'cost_after_as_of', 'incurred', count(*), min(incurred_on)
        FROM cost_entry WHERE incurred_on > %2$L
        UNION ALL
        SELECT 'stage_after_as_of', 'stage', count(*),
               (min(entered_at) AT TIME ZONE %3$L)::date
        FROM %4$I.classification
        WHERE NOT by_rule AND dimension = 'stage' AND entered_at >= %1$L) f
  WHERE f.rows > 0
$query$, run.upto, run.day, run.zone, run.ledger);

COMMENT ON FUNCTION crmcost._later_findings(crmcost._run) IS
  'Query of the sales and cost that are later than what the refresh is about.';
