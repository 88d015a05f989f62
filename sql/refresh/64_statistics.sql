-- Step statistics: what is bought together, and at which prices.
--
-- Both are sums over orders, so that they follow the change: what the orders and
-- tiers of the customers concerned gave before goes, what they give now comes.
-- The steps before call _note_statistics(-1) as long as the old rows are there.
CREATE FUNCTION crmcost._refresh_statistics(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  RETURN crmcost._write_difference(run.ledger, 'product_pair', $query$
      SELECT a.product_code, b.product_code AS other_product_code,
             count(*) AS orders
      FROM customer_order o
      CROSS JOIN LATERAL unnest(o.product_codes) AS a (product_code)
      CROSS JOIN LATERAL unnest(o.product_codes) AS b (product_code)
      WHERE o.is_order
      GROUP BY 1, 2
      UNION ALL
      SELECT '(all)', '(all)', count(*)
      FROM customer_order o
      WHERE o.is_order AND o.product_codes <> '{}'
      HAVING count(*) > 0
    $query$, 'true')
    + crmcost._write_difference(run.ledger, 'price_point', $query$
      SELECT product_code, scheme, tier, price, sum(quantity) AS quantity,
             sum(amount) AS amount
      FROM (
        SELECT o.customer_id, u.product_code,
               round(u.amount / u.quantity, 4) AS price, u.quantity, u.amount
        FROM customer_order o
        CROSS JOIN LATERAL unnest(o.product_codes, o.quantities, o.amounts)
          AS u (product_code, quantity, amount)
        WHERE o.is_order AND u.quantity > 0
      ) line
      CROSS JOIN LATERAL (
        SELECT '(all)' AS scheme, '(all)' AS tier
        UNION ALL
        SELECT c.dimension, c.code FROM customer_class c
        WHERE c.customer_id = line.customer_id AND c.code <> 'none'
              AND c.dimension NOT IN ('stage', 'owner', 'invalid')
      ) member
      WHERE price > 0
      GROUP BY product_code, scheme, tier, price
    $query$, 'true');
END
$$;

COMMENT ON FUNCTION crmcost._refresh_statistics(crmcost._run) IS
  'Step of refresh: product_pair and price_point; returns the rows changed.';
