-- Step statistics: what is bought together, and at which prices.
--
-- Pairs are sums over orders, so that they follow the change: what the orders that
-- changed gave goes, what they give now comes.  An order of n products has n times
-- n pairs, so pairs are kept among the most ordered products only (setting
-- affinity_products); where one comes in, its pairs are counted in all orders.
--
-- What follows prices is no sum: it is found anew when any order or tier has
-- changed.
CREATE FUNCTION crmcost._refresh_statistics(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  PERFORM crmcost._find_pairs(run);
  changed := crmcost._write_pairs(run);
  IF crmcost._was_written(run, '{customer_order,customer_class}') THEN
    changed := changed + crmcost._write_prices(run);
  END IF;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._refresh_statistics(crmcost._run) IS
  'Step of refresh: product_pair and product_price; returns the rows changed.';

CREATE FUNCTION crmcost._find_pairs(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  was CONSTANT text := '(SELECT n.was_order AS is_order, n.was_codes AS product_codes FROM pg_temp.refresh_order_news n)';
BEGIN
  IF run.whole THEN
    PERFORM crmcost._note_orders(run, 1, 'customer_order');
    PERFORM crmcost._find_top_products(run, true);
    IF crmcost._is_distributed(run.ledger) THEN
      PERFORM crmcost._tell_table(run.ledger, 'refresh_top');
    END IF;
    PERFORM crmcost._note_pairs(run, 1, 'customer_order',
                                'a.is_now AND b.is_now');
  ELSE
    PERFORM crmcost._find_top_products(run, false);
    PERFORM crmcost._note_orders(run, -1, was);
    PERFORM crmcost._note_pairs(run, -1, was, 'a.was AND b.was');
    PERFORM crmcost._note_orders(run, 1, 'pg_temp.refresh_order_news');
    PERFORM crmcost._find_top_products(run, true);
    PERFORM crmcost._note_pairs(run, 1, 'pg_temp.refresh_order_news',
      'a.was AND a.is_now AND b.was AND b.is_now');
    IF EXISTS (SELECT FROM pg_temp.refresh_top t
               WHERE t.is_now AND NOT t.was) THEN
      PERFORM crmcost._note_pairs(run, 1,
        '(SELECT c.is_order, c.product_codes FROM customer_order c
         WHERE c.product_codes && ARRAY(SELECT t.product_code FROM pg_temp.refresh_top t
         WHERE t.is_now AND NOT t.was))',
        'a.is_now AND b.is_now AND NOT (a.was AND b.was)');
    END IF;
  END IF;
  ANALYZE pg_temp.refresh_pair, pg_temp.refresh_top;
END
$$;

COMMENT ON FUNCTION crmcost._find_pairs(crmcost._run) IS
  'Notes in refresh_pair what orders gave that changed, and what they give now.';

-- The products among which pairs are kept, as product_pair has them, or as it will
-- with what refresh_pair notes.
CREATE FUNCTION crmcost._find_top_products(run crmcost._run, is_now boolean)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
#variable_conflict use_variable
BEGIN
  INSERT INTO pg_temp.refresh_top AS t (product_code, was, is_now)
    SELECT p.product_code, NOT is_now, is_now
    FROM (SELECT s.product_code, s.orders FROM product_pair s
          WHERE s.product_code = s.other_product_code AND NOT run.whole
          UNION ALL
          SELECT n.product_code, n.orders FROM pg_temp.refresh_pair n
          WHERE n.product_code = n.other_product_code AND is_now) p
    WHERE p.product_code <> '(all)'
    GROUP BY p.product_code
    HAVING sum(p.orders) > 0
    ORDER BY sum(p.orders) DESC, p.product_code
    LIMIT crmcost._setting(run.ledger, 'affinity_products')::integer
    ON CONFLICT (product_code) DO UPDATE SET is_now = t.is_now OR is_now;
  ANALYZE pg_temp.refresh_top;
END
$$;

COMMENT ON FUNCTION crmcost._find_top_products(crmcost._run, boolean) IS
  'Notes in refresh_top the most ordered products: those of before, or of now.';

CREATE FUNCTION crmcost._note_orders(run crmcost._run, sign integer,
                                     orders text)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  EXECUTE 'INSERT INTO pg_temp.refresh_pair SELECT p.* FROM '
          || crmcost._of_parts(run, 'refresh_part_ordering', format($query$
    SELECT u.product_code, u.product_code AS other_product_code,
           %2$s * count(*) AS orders
    FROM (SELECT unnest(o.product_codes) AS product_code
          FROM %1$s o
          WHERE o.is_order) u
    GROUP BY u.product_code
    UNION ALL
    SELECT '(all)', '(all)', %2$s * count(*)
    FROM %1$s o
    WHERE o.is_order AND o.product_codes <> '{}'
    HAVING count(*) > 0
    $query$, orders, sign)) || ' p';
END
$$;

COMMENT ON FUNCTION crmcost._note_orders(crmcost._run, integer, text) IS
  'Notes in refresh_pair the orders of each product, and of any, of a table or query of orders.';

CREATE FUNCTION crmcost._note_pairs(run crmcost._run, sign integer,
                                    orders text, which text)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  EXECUTE 'INSERT INTO pg_temp.refresh_pair SELECT p.* FROM '
          || crmcost._of_parts(run, 'refresh_part_pair', format($query$
    WITH line AS MATERIALIZED (
      SELECT b.n, t.product_code, t.was, t.is_now
      FROM (SELECT b.n, unnest(b.product_codes) AS product_code
            FROM (SELECT row_number() OVER () AS n, o.product_codes
                  FROM %1$s o
                  WHERE o.is_order AND cardinality(o.product_codes) > 1) b) b
      JOIN pg_temp.refresh_top t ON t.product_code = b.product_code
    ),
    -- both ways are the same orders
    pair AS MATERIALIZED (
      SELECT a.product_code, b.product_code AS other_product_code,
             %3$s * count(*) AS orders
      FROM line a
      JOIN line b ON b.n = a.n AND b.product_code > a.product_code
      WHERE %2$s
      GROUP BY a.product_code, b.product_code
    )
    SELECT p.product_code, p.other_product_code, p.orders FROM pair p
    UNION ALL
    SELECT p.other_product_code, p.product_code, p.orders FROM pair p
    $query$, orders, which, sign)) || ' p';
END
$$;

COMMENT ON FUNCTION crmcost._note_pairs(crmcost._run, integer, text, text) IS
  'Notes in refresh_pair the pairs of products in a table or query of orders, as far as a condition on a and b of refresh_top allows, in which both are alike.';

CREATE FUNCTION crmcost._write_pairs(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  noted CONSTANT text := '(%1$s.product_code, %1$s.other_product_code) IN (SELECT p.product_code, p.other_product_code FROM pg_temp.refresh_pair p)';
  gone CONSTANT text := '(SELECT t.product_code FROM pg_temp.refresh_top t WHERE NOT t.is_now)';
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'product_pair',
    format($query$
      SELECT part.product_code, part.other_product_code,
             sum(part.orders)::bigint AS orders
      FROM (SELECT product_code, other_product_code, orders
            FROM pg_temp.refresh_pair
            UNION ALL
            SELECT o.product_code, o.other_product_code, o.orders
            FROM product_pair o
            WHERE NOT %1$L AND %2$s) part
      WHERE part.product_code = part.other_product_code
            OR part.product_code NOT IN %3$s
               AND part.other_product_code NOT IN %3$s
      GROUP BY part.product_code, part.other_product_code
      HAVING sum(part.orders) > 0
    $query$, run.whole, format(noted, 'o'), gone),
    CASE WHEN run.whole THEN 'true'
      ELSE format('%s OR old.product_code <> old.other_product_code AND (old.product_code IN %2$s OR old.other_product_code IN %2$s)',
                  format(noted, 'old'), gone)
    END);
END
$$;

COMMENT ON FUNCTION crmcost._write_pairs(crmcost._run) IS
  'Writes product_pair by what refresh_pair notes; returns the rows changed.';

CREATE FUNCTION crmcost._orders_at_once() RETURNS bigint
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 1000000;

COMMENT ON FUNCTION crmcost._orders_at_once() IS
  'About how many orders'' prices are held in memory at a time.';

-- A product is fitted at a time: in a distributed ledger by the worker to which all its
-- prices go.
CREATE FUNCTION crmcost._write_prices(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  schemes text[];
BEGIN
  EXECUTE 'SELECT coalesce(array_agg(DISTINCT k.dimension), ''{}'') FROM '
          || crmcost._of_parts(run, 'refresh_part_scheme', $query$
               SELECT DISTINCT k.dimension FROM customer_class k
               WHERE k.dimension NOT IN ('stage', 'owner', 'invalid')
               $query$) || ' k' INTO schemes;
  PERFORM crmcost._do_parts(run, format('SELECT crmcost._find_prices(%L)',
                                        schemes));
  IF crmcost._is_distributed(run.ledger) THEN
    PERFORM crmcost._deal_parts(run, 'dealt_price',
      'hashtextextended(q.product_code, 0)',
      'SELECT p.* FROM pg_temp.refresh_price p');
    PERFORM crmcost._call_parts(run, 'SELECT crmcost._take_prices()');
    PERFORM crmcost._end_deal(run, 'dealt_price');
  END IF;
  RETURN crmcost._write_difference(run.ledger, 'product_price',
    'SELECT p.* FROM ' || crmcost._of_parts(run, 'refresh_part_priced',
                                            crmcost._price_query(schemes))
    || ' p', 'true');
END
$$;

COMMENT ON FUNCTION crmcost._write_prices(crmcost._run) IS
  'Writes product_price; returns the rows changed.';

-- The planner takes codes from arrays for as many as there are lines, and would
-- rather sort; they are few.  All prices at once would take memory that grows with
-- the ledger: so orders are read some at a time.
CREATE FUNCTION crmcost._find_prices(schemes text[]) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  old_sort CONSTANT text := current_setting('enable_sort');
  after_id bigint;
  last_id bigint;
BEGIN
  PERFORM set_config('enable_sort', 'off', true);
  FOR after_id, last_id IN
    SELECT lag(s.last_id) OVER (ORDER BY s.last_id),
           CASE WHEN lead(s.last_id) OVER (ORDER BY s.last_id) IS NOT NULL
             THEN s.last_id END
    FROM (SELECT max(v.customer_id) AS last_id
          FROM (SELECT customer_id,
                       sum(orders) OVER (ORDER BY customer_id) AS orders
                FROM customer_value) v
          GROUP BY div(v.orders, crmcost._orders_at_once())) s
  LOOP
    EXECUTE 'INSERT INTO pg_temp.refresh_price '
            || crmcost._cell_query(schemes, concat_ws(' AND ', 'true',
                 'customer_id > ' || after_id, 'customer_id <= ' || last_id));
  END LOOP;
  PERFORM set_config('enable_sort', old_sort, true);
  ANALYZE pg_temp.refresh_price (product_code);
END
$$;

COMMENT ON FUNCTION crmcost._find_prices(text[]) IS
  'Fills refresh_price with the prices in orders, with the tiers of these schemes of who bought.';

-- On a worker.
CREATE FUNCTION crmcost._take_prices() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  TRUNCATE pg_temp.refresh_price;
  INSERT INTO pg_temp.refresh_price
    SELECT p.product_code, p.tiers, p.quantity, p.amount, p.lowest_price,
           p.highest_price, p.prices, p.quantities
    FROM dealt_price p;
  ANALYZE pg_temp.refresh_price (product_code);
END
$$;

COMMENT ON FUNCTION crmcost._take_prices() IS
  'Fills refresh_price with the prices that were dealt to a worker.';

CREATE FUNCTION crmcost._price_cells(orders text, tiers text, schemes text[])
  RETURNS TABLE (product_code text, tiers text[], quantity numeric,
                 amount numeric, lowest_price numeric, highest_price numeric,
                 prices float8[], quantities float8[])
  LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'price_cells__price_cells';

COMMENT ON FUNCTION crmcost._price_cells(text, text, text[]) IS
  'Of the orders of a query (customer, products, quantities, amounts) the prices to four decimals, one row a product and the tiers of the schemes that its buyers have by another (customer, scheme, tier); what has no positive quantity and price is left out.';

-- One pass over the orders, to cells of a product and the tiers of its buyers.
CREATE FUNCTION crmcost._cell_query(schemes text[], which text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format(
  'SELECT cell.* FROM crmcost._price_cells(%L, %L, %L) cell',
  'SELECT customer_id, product_codes, quantities, amounts FROM customer_order WHERE is_order AND '
    || which,
  'SELECT customer_id, dimension, code FROM customer_class WHERE code <> ''none'' AND '
    || which, schemes);

COMMENT ON FUNCTION crmcost._cell_query(text[], text) IS
  'Query of the prices in the orders of the customers that a condition on customer_id names, one row a product and the tiers of its buyers.';

-- All customers and the tiers of each scheme from cells of a product and the tiers of
-- its buyers.
CREATE FUNCTION crmcost._price_query(schemes text[]) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT product_code, coalesce(scheme, '(all)') AS scheme,
         coalesce(tier, '(all)') AS tier, prices, quantity, amount,
         lowest_price, highest_price, round(elasticity::numeric, 6) AS elasticity,
         round(fit::numeric, 6) AS fit
  FROM crmcost._price_fits(
    'SELECT * FROM pg_temp.refresh_price ORDER BY product_code', %L)
$query$, schemes);

COMMENT ON FUNCTION crmcost._price_query(text[]) IS
  'Query of product_price from refresh_price, whose tiers are of these schemes.';
