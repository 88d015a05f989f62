-- Step class: what holds for each customer on the report day: of each dimension
-- the last row of its history.  It is found anew for those whose history changed.
CREATE FUNCTION crmcost._refresh_class(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF run.whole THEN
    RETURN crmcost._write_difference(run.ledger, 'customer_class',
      crmcost._last_class_query(run, $query$
        SELECT coalesce(p.party_id, k.customer_id) AS customer_id,
               k.dimension, k.entered_at, k.code, k.by_rule
        FROM classification k
        LEFT JOIN pg_temp.refresh_party p ON p.customer_id = k.customer_id
      $query$), 'true');
  END IF;
  PERFORM crmcost._find_classes(run);
  RETURN crmcost._write_difference(run.ledger, 'customer_class',
    crmcost._last_class_query(run, $query$
      SELECT k.customer_id, k.dimension, k.entered_at, k.code, k.by_rule
      FROM pg_temp.refresh_class_customer c
      JOIN classification k USING (customer_id, dimension)
      WHERE NOT EXISTS (SELECT FROM pg_temp.refresh_party p
                        WHERE p.customer_id = k.customer_id)
      UNION ALL
      SELECT p.party_id, k.dimension, k.entered_at, k.code, k.by_rule
      FROM pg_temp.refresh_class_customer c
      JOIN pg_temp.refresh_party p ON p.party_id = c.customer_id
      JOIN classification k
        ON k.customer_id = p.customer_id AND k.dimension = c.dimension
    $query$),
    '(old.customer_id, old.dimension) IN (SELECT c.customer_id, c.dimension FROM pg_temp.refresh_class_customer c)');
END
$$;

COMMENT ON FUNCTION crmcost._refresh_class(crmcost._run) IS
  'Step of refresh: customer_class; returns the rows changed.';

-- Of customers with news any dimension may have changed, the way a merger changes
-- them; of the others a stage or a tier.
CREATE FUNCTION crmcost._find_classes(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  from_at CONSTANT timestamptz :=
    crmcost._midnight(crmcost._first_tier_month(run), run.zone);
BEGIN
  INSERT INTO pg_temp.refresh_class_customer
    SELECT c.customer_id, d.dimension
    FROM pg_temp.refresh_customer c
    CROSS JOIN (SELECT k.dimension FROM customer_class k
                UNION
                SELECT k.dimension FROM classification k
                WHERE NOT k.by_rule) d
    UNION SELECT c.customer_id, 'stage' FROM pg_temp.refresh_stage_customer c
    UNION SELECT r.customer_id, r.dimension FROM pg_temp.refresh_tier_row r
    UNION SELECT c.customer_id, c.dimension FROM customer_class c
          WHERE c.entered_at > from_at
    UNION SELECT k.customer_id, k.dimension FROM classification k
          WHERE NOT k.by_rule
                AND k.entered_at > least(run.upto, run.upto_before)
                AND k.entered_at <= greatest(run.upto, run.upto_before);
  ANALYZE pg_temp.refresh_class_customer;
  INSERT INTO pg_temp.refresh_class_before
    SELECT c.customer_id, c.dimension, c.code
    FROM customer_class c
    JOIN pg_temp.refresh_class_customer USING (customer_id, dimension)
    WHERE c.dimension NOT IN ('stage', 'invalid');
END
$$;

COMMENT ON FUNCTION crmcost._find_classes(crmcost._run) IS
  'Fills refresh_class_customer and refresh_class_before: dimensions of customers whose history may have changed, and what held.';

CREATE FUNCTION crmcost._last_class_query(run crmcost._run, history text)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT customer_id, dimension, code, since, entered_at, by_rule
  FROM (
    SELECT customer_id, dimension, code, entered_at, by_rule,
           max(CASE WHEN code IS DISTINCT FROM code_before
                 THEN entered_at END) OVER history AS since,
           lead(entered_at) OVER history IS NULL AS is_last
    FROM (
      SELECT k.*, lag(k.code) OVER history AS code_before
      FROM (%s) k
      WHERE k.entered_at <= %L
      WINDOW history AS (PARTITION BY customer_id, dimension
                         ORDER BY entered_at)
    ) change
    WINDOW history AS (PARTITION BY customer_id, dimension
                       ORDER BY entered_at)
  ) found
  WHERE is_last
$query$, history, run.upto);

COMMENT ON FUNCTION crmcost._last_class_query(crmcost._run, text) IS
  'Query of the last row of each history, and since when its code held, given the query of the histories.';
