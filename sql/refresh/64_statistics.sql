-- Step statistics: what is bought together, and at which prices.
--
-- Pairs are sums over orders, so that they follow the change: what orders of the
-- customers concerned gave goes, what they give now comes.  The step order notes
-- the one before it writes (-1), this one the other.  What follows prices is no
-- sum: it is found anew when any order or tier may have changed.
CREATE FUNCTION crmcost._refresh_statistics(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  PERFORM crmcost._note_statistics(run, 1, CASE WHEN run.whole THEN 'true'
    ELSE 'o.customer_id IN (SELECT c.customer_id FROM pg_temp.refresh_customer c)'
    END);
  ANALYZE pg_temp.refresh_pair;
  changed := crmcost._write_difference(run.ledger, 'product_pair',
    format($query$
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
    END);
  IF run.whole OR EXISTS (SELECT FROM pg_temp.refresh_customer)
     OR EXISTS (SELECT FROM pg_temp.refresh_class_customer) THEN
    changed := changed
      + crmcost._write_difference(run.ledger, 'product_price',
                                  crmcost._price_query(), 'true');
  END IF;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._refresh_statistics(crmcost._run) IS
  'Step of refresh: product_pair and product_price; returns the rows changed.';

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
END
$$;

COMMENT ON FUNCTION crmcost._note_statistics(crmcost._run, integer, text) IS
  'Notes in refresh_pair what the orders of the customers that a condition on o names give.';

-- One pass over the orders, for all customers and the tiers of each dimension.
CREATE FUNCTION crmcost._price_query() RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN (
    SELECT format($query$
      SELECT product_code, scheme, tier, fit[1]::bigint AS prices, quantity,
             amount, lowest_price, highest_price,
             round(fit[2]::numeric, 6) AS elasticity,
             round(fit[3]::numeric, 6) AS fit
      FROM (
        SELECT product_code, CASE %1$s ELSE '(all)' END AS scheme,
               CASE %2$s ELSE '(all)' END AS tier,
               sum(quantity) AS quantity, sum(amount) AS amount,
               min(price) AS lowest_price, max(price) AS highest_price,
               crmcost._price_fit(array_agg(price::float8),
                                  array_agg(quantity::float8)) AS fit
        FROM (
          SELECT u.product_code, u.quantity, u.amount,
                 round(u.amount / u.quantity, 4) AS price %3$s
          FROM customer_order o
          LEFT JOIN (SELECT k.customer_id %4$s FROM customer_class k
                     WHERE k.code <> 'none'
                     GROUP BY k.customer_id) k USING (customer_id)
          CROSS JOIN LATERAL unnest(o.product_codes, o.quantities, o.amounts)
            AS u (product_code, quantity, amount)
          WHERE o.is_order AND u.quantity > 0
        ) line
        WHERE price > 0
        GROUP BY GROUPING SETS ((product_code) %5$s)
      ) part
      WHERE tier IS NOT NULL
      $query$,
      coalesce(string_agg(format('WHEN grouping(t%s) = 0 THEN %L', d.i,
                                 d.name), ' ' ORDER BY d.i),
               'WHEN false THEN NULL'),
      coalesce(string_agg(format('WHEN grouping(t%1$s) = 0 THEN t%1$s', d.i),
                          ' ' ORDER BY d.i), 'WHEN false THEN NULL'),
      string_agg(format(', k.t%s', d.i), '' ORDER BY d.i),
      string_agg(format(', max(k.code) FILTER (WHERE k.dimension = %L) AS t%s',
                        d.name, d.i), '' ORDER BY d.i),
      string_agg(format(', (product_code, t%s)', d.i), '' ORDER BY d.i))
    FROM (SELECT k.dimension AS name,
                 row_number() OVER (ORDER BY k.dimension) AS i
          FROM customer_class k
          WHERE k.dimension NOT IN ('stage', 'owner', 'invalid')
          GROUP BY k.dimension) d);
END
$$;

COMMENT ON FUNCTION crmcost._price_query() IS
  'Query of product_price.';
