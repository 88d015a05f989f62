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
    crmcost._own_class_query(run) || ' UNION ALL '
    || crmcost._last_class_query(run, $query$
      SELECT c.customer_id, k.dimension, k.entered_at, k.code, k.by_rule
      FROM pg_temp.refresh_class_customer c
      JOIN (SELECT p.customer_id, p.party_id FROM pg_temp.refresh_party p
            UNION ALL
            SELECT DISTINCT p.party_id, p.party_id
            FROM pg_temp.refresh_party p) p ON p.party_id = c.customer_id
      JOIN classification k
        ON k.customer_id = p.customer_id AND k.dimension = c.dimension
    $query$),
    '(old.customer_id, old.dimension) IN (SELECT c.customer_id, c.dimension FROM pg_temp.refresh_class_customer c)');
END
$$;

COMMENT ON FUNCTION crmcost._refresh_class(crmcost._run) IS
  'Step of refresh: customer_class; returns the rows changed.';

-- Of customers who were changed, merged or classified by hand any dimension may have
-- another row; of the others the stage, and the tiers whose rows the step tier has
-- written, or somebody took away.
CREATE FUNCTION crmcost._find_classes(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  from_at CONSTANT timestamptz :=
    crmcost._midnight(crmcost._first_tier_month(run), run.zone);
BEGIN
  INSERT INTO pg_temp.refresh_class_customer
    WITH wanted AS (
      SELECT n.customer_id FROM crmcost._news(run) n
      WHERE n.relation IN ('customer', 'classification')
            AND n.customer_id IS NOT NULL
    ),
    pair AS (
      SELECT k.customer_id, k.dimension
      FROM customer_class k JOIN wanted USING (customer_id)
      UNION
      SELECT k.customer_id, k.dimension
      FROM classification k JOIN wanted USING (customer_id)
      UNION
      SELECT k.customer_id, k.dimension
      FROM classification k
      WHERE NOT k.by_rule
            AND k.entered_at > least(run.upto, run.upto_before)
            AND k.entered_at <= greatest(run.upto, run.upto_before)
    )
    SELECT customer_id, dimension FROM pair
    UNION SELECT p.party_id, k.dimension
          FROM pair k JOIN pg_temp.refresh_party p USING (customer_id)
    UNION SELECT c.customer_id, 'stage' FROM pg_temp.refresh_stage_customer c
    UNION SELECT n.customer_id, n.dimension
          FROM pg_temp.refresh_new_classification n
    UNION SELECT c.customer_id, c.dimension FROM customer_class c
          WHERE c.entered_at > from_at AND c.dimension <> 'stage'
                -- asked of each by its key: OFFSET 0 keeps it from being a join
                AND NOT EXISTS (
                      SELECT FROM classification k
                      WHERE k.customer_id = c.customer_id
                            AND k.dimension = c.dimension COLLATE "default"
                            AND k.entered_at = c.entered_at
                      OFFSET 0);
  ANALYZE pg_temp.refresh_class_customer;
  INSERT INTO pg_temp.refresh_class_before
    SELECT c.customer_id, c.dimension, c.code, c.since
    FROM customer_class c
    JOIN pg_temp.refresh_class_customer USING (customer_id, dimension)
    WHERE c.dimension NOT IN ('stage', 'invalid');
END
$$;

COMMENT ON FUNCTION crmcost._find_classes(crmcost._run) IS
  'Fills refresh_class_customer and refresh_class_before: dimensions of customers whose history may have changed, and what held.';

-- Of who has no other party's rows the last two tell, but where both say the same.
CREATE FUNCTION crmcost._own_class_query(run crmcost._run) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT c.customer_id, c.dimension, k.codes[1] AS code,
         CASE WHEN k.codes[2] IS DISTINCT FROM k.codes[1] THEN k.entered_ats[1]
           ELSE (SELECT min(h.entered_at) FROM classification h
                 WHERE h.customer_id = c.customer_id
                       AND h.dimension = c.dimension AND h.entered_at <= %1$L
                       AND h.entered_at > coalesce((
                         SELECT max(d.entered_at) FROM classification d
                         WHERE d.customer_id = c.customer_id
                               AND d.dimension = c.dimension
                               AND d.entered_at <= %1$L
                               AND d.code <> k.codes[1]), '-infinity'))
         END AS since, k.entered_ats[1] AS entered_at, k.by_rules[1] AS by_rule
  FROM pg_temp.refresh_class_customer c
  CROSS JOIN LATERAL (
    SELECT array_agg(h.code) AS codes, array_agg(h.entered_at) AS entered_ats,
           array_agg(h.by_rule) AS by_rules
    FROM (SELECT h.code, h.entered_at, h.by_rule FROM classification h
          WHERE h.customer_id = c.customer_id AND h.dimension = c.dimension
                AND h.entered_at <= %1$L
          ORDER BY h.entered_at DESC LIMIT 2) h
  ) k
  WHERE k.codes IS NOT NULL
        AND c.customer_id NOT IN (SELECT p.customer_id FROM pg_temp.refresh_party p
                                  UNION ALL
                                  SELECT p.party_id FROM pg_temp.refresh_party p)
$query$, run.upto);

COMMENT ON FUNCTION crmcost._own_class_query(crmcost._run) IS
  'Query of the last row of each history of refresh_class_customer, and since when its code held, of who is in no merger.';

CREATE FUNCTION crmcost._last_class_query(run crmcost._run, history text)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT customer_id, dimension, max(code) FILTER (WHERE is_last) AS code,
         max(entered_at) FILTER (WHERE code IS DISTINCT FROM code_before)
           AS since,
         max(entered_at) AS entered_at,
         bool_or(by_rule) FILTER (WHERE is_last) AS by_rule
  FROM (
    SELECT k.*, lag(k.code) OVER history AS code_before,
           lead(k.entered_at) OVER history IS NULL AS is_last
    FROM (%s) k
    WHERE k.entered_at <= %L
    WINDOW history AS (PARTITION BY customer_id, dimension
                       ORDER BY entered_at)
  ) change
  GROUP BY customer_id, dimension
$query$, history, run.upto);

COMMENT ON FUNCTION crmcost._last_class_query(crmcost._run, text) IS
  'Query of the last row of each history, and since when its code held, given the query of the histories.';
