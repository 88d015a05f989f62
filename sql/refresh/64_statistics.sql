-- Step statistics: what is bought together, and at which prices.
--
-- Both are sums over orders, so that they follow the change: what orders and tiers
-- of the customers concerned gave goes, what they give now comes.  The steps order
-- and class note the one before they write (-1), this one the other.
CREATE FUNCTION crmcost._refresh_statistics(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  PERFORM crmcost._note_statistics(run, 1, CASE WHEN run.whole THEN 'true'
    ELSE 'o.customer_id IN (SELECT c.customer_id FROM pg_temp.refresh_customer c UNION SELECT c.customer_id FROM pg_temp.refresh_class_customer c)'
    END);
  ANALYZE pg_temp.refresh_pair, pg_temp.refresh_price;
  RETURN crmcost._write_difference(run.ledger, 'product_pair', format($query$
      SELECT product_code, other_product_code, sum(orders)::bigint AS orders
      FROM (SELECT product_code, other_product_code, orders
            FROM pg_temp.refresh_pair
            UNION ALL
            SELECT product_code, other_product_code, orders
            FROM product_pair
            WHERE NOT %1$L AND (product_code, other_product_code) IN
                  (SELECT p.product_code, p.other_product_code
                   FROM pg_temp.refresh_pair p)) part
      GROUP BY product_code, other_product_code
      HAVING sum(orders) > 0
    $query$, run.whole), CASE WHEN run.whole THEN 'true'
      ELSE '(old.product_code, old.other_product_code) IN (SELECT p.product_code, p.other_product_code FROM pg_temp.refresh_pair p)'
    END)
    + crmcost._write_difference(run.ledger, 'price_point', format($query$
      SELECT product_code, scheme, tier, price, sum(orders)::bigint AS orders,
             sum(quantity) AS quantity, sum(amount) AS amount
      FROM (SELECT product_code, scheme, tier, price, orders, quantity, amount
            FROM pg_temp.refresh_price
            UNION ALL
            SELECT product_code, scheme, tier, price, orders, quantity, amount
            FROM price_point
            WHERE NOT %1$L AND (product_code, scheme, tier, price) IN
                  (SELECT p.product_code, p.scheme, p.tier, p.price
                   FROM pg_temp.refresh_price p)) part
      GROUP BY product_code, scheme, tier, price
      HAVING sum(orders) > 0
    $query$, run.whole), CASE WHEN run.whole THEN 'true'
      ELSE '(old.product_code, old.scheme, old.tier, old.price) IN (SELECT p.product_code, p.scheme, p.tier, p.price FROM pg_temp.refresh_price p)'
    END);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_statistics(crmcost._run) IS
  'Step of refresh: product_pair and price_point; returns the rows changed.';

-- With the orders and tiers that the store has now.  All of a ledger is summed from
-- nothing, so there is nothing to take away.
CREATE FUNCTION crmcost._note_statistics(run crmcost._run, sign integer,
                                         condition text)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF run.whole AND sign < 0 THEN
    RETURN;
  END IF;
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_pair
      SELECT a.product_code, b.product_code, $1 * count(*)
      FROM customer_order o
      CROSS JOIN LATERAL unnest(o.product_codes) AS a (product_code)
      CROSS JOIN LATERAL unnest(o.product_codes) AS b (product_code)
      WHERE o.is_order AND (%s)
      GROUP BY 1, 2
      UNION ALL
      SELECT '(all)', '(all)', $1 * count(*)
      FROM customer_order o
      WHERE o.is_order AND o.product_codes <> '{}' AND (%s)
      HAVING count(*) > 0
    $query$, condition, condition) USING sign;
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_price
      SELECT line.product_code, member.scheme, member.tier, line.price,
             $1 * count(*), $1 * sum(line.quantity), $1 * sum(line.amount)
      FROM (
        SELECT o.customer_id, u.product_code,
               round(u.amount / u.quantity, 4) AS price, u.quantity, u.amount
        FROM customer_order o
        CROSS JOIN LATERAL unnest(o.product_codes, o.quantities, o.amounts)
          AS u (product_code, quantity, amount)
        WHERE o.is_order AND u.quantity > 0 AND (%s)
      ) line
      JOIN (
        SELECT v.customer_id, '(all)' AS scheme, '(all)' AS tier
        FROM (SELECT DISTINCT o.customer_id FROM customer_order o
              WHERE %s) v
        UNION ALL
        SELECT o.customer_id, o.dimension, o.code
        FROM customer_class o
        WHERE o.code <> 'none'
              AND o.dimension NOT IN ('stage', 'owner', 'invalid') AND (%s)
      ) member ON member.customer_id = line.customer_id
      WHERE line.price > 0
      GROUP BY 1, 2, 3, 4
    $query$, condition, condition, condition) USING sign;
END
$$;

COMMENT ON FUNCTION crmcost._note_statistics(crmcost._run, integer, text) IS
  'Notes in refresh_pair and refresh_price what the orders of the customers that a condition on o names give.';
