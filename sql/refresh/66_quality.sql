-- Step quality: what is wrong with facts, by the month in which they count, and with
-- customers.  What only configuration can tell is asked by view data_quality itself.
CREATE FUNCTION crmcost._refresh_quality(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  sale_checks CONSTANT text[] := '{sale_without_rate,sale_without_cogs,sale_fx_on_base_currency,sale_before_first_seen}';
  cost_checks CONSTANT text[] := '{cost_without_rate,acquisition_cost_without_channel}';
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  RETURN
    crmcost._write_difference(run.ledger, 'quality_finding',
      crmcost._sale_findings(run), format(
        'old.check_name = ANY (%L::text[]) AND old.month_start >= %L AND (%L OR old.month_start IN (SELECT m.month_start FROM pg_temp.refresh_month m))',
        sale_checks, run.open_month, run.whole))
    + crmcost._write_difference(run.ledger, 'quality_finding', $query$
        SELECT 'cost_without_rate' AS check_name, month_start,
               'error' AS severity, sum(entries_without_rate)::bigint AS rows,
               NULL::numeric AS amount,
               min(format('category %s', category_code)) AS example
        FROM cost_month
        WHERE entries_without_rate > 0
        GROUP BY month_start
        UNION ALL
        SELECT 'acquisition_cost_without_channel', month_start, 'info',
               sum(entries)::bigint, sum(cost),
               min(format('category %s', category_code))
        FROM cost_month
        WHERE bucket = 'acquisition' AND channel_code = '(unknown)'
              AND entries > 0
        GROUP BY month_start
        UNION ALL
        SELECT 'unallocated_cost', month_start, 'warning', count(*),
               sum(unallocated_cost),
               min(format('%s: %s', bucket, unallocated_because))
        FROM cost_pool WHERE unallocated_cost <> 0
        GROUP BY month_start
      $query$, format('old.check_name = ANY (%L::text[])',
                      cost_checks || 'unallocated_cost'::text))
    + crmcost._write_difference(run.ledger, 'quality_finding',
        crmcost._customer_findings(),
        'old.month_start = ''-infinity'' AND old.check_name = ANY (''{buyer_not_acquired,refunds_exceed_sales,customer_without_channel,untiered_customer}''::text[])');
END
$$;

COMMENT ON FUNCTION crmcost._refresh_quality(crmcost._run) IS
  'Step of refresh: quality_finding; returns the rows changed.';

CREATE FUNCTION crmcost._sale_findings(run crmcost._run) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT f.check_name, l.month_start, f.severity, count(*) AS rows,
         sum(l.base_amount) AS amount, min(f.example) AS example
  FROM pg_temp.refresh_line l
  JOIN customer c ON c.customer_id = l.customer_id
  CROSS JOIN (SELECT value AS currency FROM setting
              WHERE key = 'base_currency') base
  CROSS JOIN LATERAL (
    SELECT 'sale_without_rate' AS check_name, 'error' AS severity,
           format('no rate for %%s on %%s', l.currency, l.sold_on) AS example
    WHERE l.base_amount IS NULL
    UNION ALL
    SELECT 'sale_without_cogs', 'warning',
           format('product %%s', coalesce(l.product_code, 'not known'))
    WHERE l.base_cogs IS NULL AND l.base_amount <> 0
    UNION ALL
    SELECT 'sale_fx_on_base_currency', 'warning',
           format('sale %%s', l.sale_id)
    WHERE l.currency = base.currency AND l.base_amount <> l.amount
    UNION ALL
    SELECT 'sale_before_first_seen', 'warning',
           format('customer %%s sold to on %%s', l.customer_id, l.sold_on)
    WHERE l.sold_at < c.first_seen_at
  ) f
  WHERE l.month_start >= %L
        AND (%L OR l.month_start IN (SELECT m.month_start
                                     FROM pg_temp.refresh_month m))
  GROUP BY f.check_name, l.month_start, f.severity
$query$, run.open_month, run.whole);

COMMENT ON FUNCTION crmcost._sale_findings(crmcost._run) IS
  'Query of the findings in the sale lines of refresh_line.';

CREATE FUNCTION crmcost._customer_findings() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $query$
  SELECT f.check_name, '-infinity'::date AS month_start, f.severity,
         count(*) AS rows, sum(f.amount) AS amount,
         min(format('customer %s', v.customer_id)) AS example
  FROM customer_value v
  CROSS JOIN LATERAL (
    SELECT 'buyer_not_acquired' AS check_name, 'warning' AS severity,
           v.revenue AS amount
    WHERE v.acquired_on IS NULL AND v.orders > 0 AND NOT v.is_technical
    UNION ALL
    SELECT 'refunds_exceed_sales', 'warning', v.revenue
    WHERE v.revenue < 0
    UNION ALL
    SELECT 'customer_without_channel', 'warning', NULL
    WHERE v.acquired_on IS NOT NULL AND v.channel_code = '(unknown)'
          AND NOT v.is_technical
    UNION ALL
    SELECT 'untiered_customer', 'error', NULL
    FROM (SELECT DISTINCT scheme FROM tier WHERE basis <> 'manual') t
    WHERE v.orders > 0 AND NOT v.is_technical
          AND NOT EXISTS (SELECT FROM customer_class k
                          WHERE k.customer_id = v.customer_id
                                AND k.dimension = t.scheme
                                AND NOT (k.code = 'none' AND k.by_rule))
  ) f
  GROUP BY f.check_name, f.severity
$query$;

COMMENT ON FUNCTION crmcost._customer_findings() IS
  'Query of the findings about customers in customer_value.';
