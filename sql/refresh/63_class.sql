-- Step class: what holds for each customer on the report day: of each dimension
-- the last row of its history.  It is found anew for those whose history changed.
CREATE FUNCTION crmcost._refresh_class(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  from_at CONSTANT timestamptz :=
    crmcost._midnight(crmcost._first_tier_month(run), run.zone);
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  INSERT INTO pg_temp.refresh_class_customer
    SELECT c.customer_id FROM pg_temp.refresh_stage_customer c
    UNION SELECT r.customer_id FROM pg_temp.refresh_tier_row r
    UNION SELECT n.customer_id FROM crmcost._news(run) n
          WHERE n.relation = 'classification' AND n.customer_id IS NOT NULL
    UNION SELECT c.customer_id FROM customer_class c
          WHERE c.entered_at > from_at
    UNION SELECT k.customer_id FROM classification k
          WHERE NOT k.by_rule
                AND k.entered_at > least(run.upto, run.upto_before)
                AND k.entered_at <= greatest(run.upto, run.upto_before);
  ANALYZE pg_temp.refresh_class_customer;
  IF NOT run.whole THEN
    INSERT INTO pg_temp.refresh_class_before
      SELECT c.customer_id, c.dimension, c.code
      FROM customer_class c
      JOIN pg_temp.refresh_class_customer USING (customer_id)
      WHERE c.dimension NOT IN ('stage', 'invalid');
  END IF;
  RETURN crmcost._write_difference(run.ledger, 'customer_class', format($query$
      SELECT DISTINCT ON (customer_id, dimension)
             customer_id, dimension, code,
             max(CASE WHEN code IS DISTINCT FROM code_before
                   THEN entered_at END)
               OVER (PARTITION BY customer_id, dimension) AS since,
             entered_at, by_rule
      FROM (
        SELECT coalesce(p.party_id, k.customer_id) AS customer_id,
               k.dimension, k.entered_at, k.code, k.by_rule,
               lag(k.code) OVER (PARTITION BY coalesce(p.party_id,
                                                       k.customer_id),
                                              k.dimension
                                 ORDER BY k.entered_at) AS code_before
        FROM classification k
        LEFT JOIN pg_temp.refresh_party p ON p.customer_id = k.customer_id
        WHERE k.entered_at <= %1$L
              AND (%2$L OR coalesce(p.party_id, k.customer_id) IN
                   (SELECT c.customer_id FROM pg_temp.refresh_class_customer c))
      ) change
      ORDER BY customer_id, dimension, entered_at DESC
    $query$, run.upto, run.whole),
    CASE WHEN run.whole THEN 'true'
      ELSE 'old.customer_id IN (SELECT c.customer_id FROM pg_temp.refresh_class_customer c)'
    END);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_class(crmcost._run) IS
  'Step of refresh: customer_class; returns the rows changed.';
