-- Step flow: running sums along the customers of a month, from which cost_flow
-- finds what a customer bears of an entry.
CREATE FUNCTION crmcost._refresh_flow(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  scope CONSTANT text := format(
    'old.month_start >= %L AND (old.month_start IN (SELECT c.month_start FROM pg_temp.refresh_cost_month c) OR %L)',
    run.open_month, run.whole);
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF NOT run.whole
     AND NOT EXISTS (SELECT FROM pg_temp.refresh_cost_month) THEN
    RETURN 0;
  END IF;
  RETURN crmcost._write_difference(run.ledger, 'driver_before', format($query$
    SELECT old.customer_id, old.month_start,
           count(*) FILTER (WHERE old.acquired) OVER before AS new_customers,
           count(*) FILTER (WHERE old.sale_lines > 0) OVER before
             AS active_customers,
           coalesce(sum(greatest(old.revenue, 0)) OVER before, 0) AS revenue,
           coalesce(sum(greatest(old.margin, 0)) OVER before, 0) AS margin,
           coalesce(sum(greatest(old.orders, 0)) OVER before, 0)::bigint
             AS orders,
           coalesce(sum(greatest(old.interactions, 0)) OVER before, 0)::bigint
             AS interactions,
           coalesce(sum(greatest(old.handle_seconds
                                 + 60 * old.standard_minutes, 0))
                      OVER before, 0) AS handle_time
    FROM customer_month old
    WHERE %s
    WINDOW before AS (PARTITION BY old.month_start ORDER BY old.customer_id
                      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
  $query$, scope), scope);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_flow(crmcost._run) IS
  'Step of refresh: driver_before of the months of refresh_cost_month; returns the rows changed.';
