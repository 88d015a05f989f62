-- Step snapshot: what is known on the days that are to be kept, by setting
-- snapshot_keep: month_end, every refreshed day, or none.
CREATE FUNCTION crmcost._refresh_snapshot(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  keep CONSTANT text := crmcost._setting(run.ledger, 'snapshot_keep');
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF keep = 'none' OR keep = 'month_end'
     AND run.day <> (crmcost._month_of(run.day) + interval '1 month')::date - 1
  THEN
    RETURN 0;
  END IF;
  RETURN crmcost._write_difference(run.ledger, 'kept_snapshot',
    'SELECT customer_id, as_of, first_order_on, last_order_on, recency_days, frequency, monetary, rfm_score, segment,
            orders, products, revenue, margin, total_cost, profit, p_alive, expected_purchases, expected_value,
            clv_formula, clv_predictive
     FROM customer_today',
    format('old.as_of = %L', run.day));
END
$$;

COMMENT ON FUNCTION crmcost._refresh_snapshot(crmcost._run) IS
  'Step of refresh: kept_snapshot of the report day, if it is to be kept; returns the rows changed.';
