-- Step order: orders, and what customers bought of each product.
--
-- An order is all lines of one customer with one source and order_ref, two
-- columns; a line without order_ref is an order of its own.  Its day is that of
-- the last sale line that is no correction.  It exists while what corrections
-- leave of it is positive in base currency; where a rate is missing, in any of
-- its currencies.  Without corrections it exists, also for nothing.
CREATE FUNCTION crmcost._refresh_order(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  PERFORM crmcost._find_orders(run);
  IF NOT run.whole THEN
    PERFORM crmcost._find_order_news(run);
  END IF;
  PERFORM crmcost._note_buyers(run, -1);
  changed := crmcost._write_orders(run);
  PERFORM crmcost._note_buyers(run, 1);
  IF NOT run.whole THEN
    PERFORM crmcost._find_order_since();
    PERFORM crmcost._find_entities(run);
    PERFORM crmcost._read_contacts(run);
    PERFORM crmcost._complete_months(run, ARRAY(
      SELECT m.month_start FROM pg_temp.refresh_month m));
  END IF;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._refresh_order(crmcost._run) IS
  'Third step of refresh: customer_order and customer_product, and after news the contacts; returns the rows changed.';

-- What a customer bought of a product in an order that changed is summed up of all
-- orders that the store has now.
CREATE FUNCTION crmcost._write_orders(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  orders CONSTANT text := CASE WHEN run.whole THEN 'true'
    ELSE '(%1$s.customer_id, %1$s.source, %1$s.order_ref, %1$s.sale_id) IN
      (SELECT n.customer_id, n.source, n.order_ref, n.sale_id FROM pg_temp.refresh_order_news n)'
    END;
  products CONSTANT text := CASE WHEN run.whole THEN 'true'
    ELSE crmcost._products_of_news('old') END;
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'customer_order',
           'SELECT * FROM pg_temp.refresh_order o WHERE '
           || format(orders, 'o'), format(orders, 'old'), ordered => true)
         + crmcost._write_difference(run.ledger, 'customer_product',
             CASE WHEN run.whole THEN 'SELECT * FROM pg_temp.refresh_bought'
               ELSE $query$
                 SELECT b.customer_id, b.product_code,
                        count(*) FILTER (WHERE b.is_order) AS orders,
                        sum(b.quantity) AS quantity, sum(b.amount) AS revenue,
                        max(b.ordered_on) FILTER (WHERE b.is_order)
                          AS last_ordered_on
                 FROM (SELECT o.customer_id, o.is_order, o.ordered_on, p.*
                       FROM (SELECT DISTINCT n.customer_id
                             FROM pg_temp.refresh_order_news n) n
                       CROSS JOIN LATERAL (SELECT * FROM customer_order o
                                           WHERE o.customer_id = n.customer_id
                                           OFFSET 0) o     -- by the index
                       CROSS JOIN LATERAL unnest(o.product_codes, o.quantities,
                                                 o.amounts)
                         AS p (product_code, quantity, amount)
                       OFFSET 0) b          -- each order once
                 WHERE (b.customer_id, b.product_code) IN (
                         SELECT n.customer_id,
                                unnest(n.was_codes || n.product_codes)
                         FROM pg_temp.refresh_order_news n)
                 GROUP BY b.customer_id, b.product_code
                 $query$ END,
             products, ordered => run.whole);
END
$$;

COMMENT ON FUNCTION crmcost._write_orders(crmcost._run) IS
  'Writes customer_order and customer_product; returns the rows changed.';

-- By their places, which the index of the key has.
CREATE FUNCTION crmcost._products_of_news(alias text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  %I.ctid = ANY (ARRAY(
    SELECT p.place
    FROM (SELECT DISTINCT n.customer_id,
                 unnest(n.was_codes || n.product_codes) AS product_code
          FROM pg_temp.refresh_order_news n) n
    CROSS JOIN LATERAL (SELECT b.ctid AS place FROM customer_product b
                        WHERE b.customer_id = n.customer_id
                              AND b.product_code = n.product_code
                        OFFSET 0) p))
$query$, alias);

COMMENT ON FUNCTION crmcost._products_of_news(text) IS
  'Condition that a row of customer_product is of a product in an order that changed.';

CREATE FUNCTION crmcost._find_orders(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  PERFORM crmcost._walk_orders(crmcost._ordered_lines(), run.open_month,
                               'pg_temp.refresh_order',
                               'pg_temp.refresh_bought',
                               'pg_temp.refresh_sold');
  PERFORM crmcost._analyze_table('pg_temp.refresh_order'::regclass);
END
$$;

COMMENT ON FUNCTION crmcost._find_orders(crmcost._run) IS
  'Fills refresh_order, refresh_bought and refresh_sold from refresh_line.';

-- What an order holds of a product is what corrections and refunds leave of its
-- amount, if that is positive.  Of lines that differ in channel or campaign the last
-- purchase counts.  With a rate missing, each currency is looked at by itself.
--
-- Once counted in a month that is closed, an order stays there.  What closed months
-- had taken back did not count there: should it come to life again, that is news of
-- an open month.
CREATE FUNCTION crmcost._walk_orders(query text, open_month date,
                                     orders regclass, bought regclass,
                                     sold regclass)
  RETURNS void
  LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'order_walk__walk_orders';

COMMENT ON FUNCTION crmcost._walk_orders(text, date, regclass, regclass, regclass) IS
  'Writes the orders of a query of lines, what customers bought of each product and what was sold to them by month to three work tables.';

-- Lines in order, with the month in which each counts for its order, and whether
-- that was placed before; and whether its month counts the line.
CREATE FUNCTION crmcost._ordered_lines() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $query$
  SELECT l.customer_id, l.source, l.order_ref, l.own_id, l.sold_at,
         l.sold_on, l.month_start,
         coalesce(b.placed_in, f.placed_in, l.month_start) AS counted,
         l.is_purchase, l.is_refund,
         f.placed_in IS NOT NULL
         OR coalesce(b.placed_in < 'infinity', false) AS is_placed,
         l.is_purchase AND l.sale_id NOT IN (
           SELECT g.fact_id FROM late_fact g
           WHERE g.relation = 'sale' AND g.placed_in IS NOT NULL) AS is_new,
         l.sale_id, l.channel_code, l.campaign_code, l.currency, l.amount,
         l.product_code, l.base_amount, l.base_margin, l.base_discount,
         l.quantity
  FROM pg_temp.refresh_line l
  -- by its day, too: one that was corrected since is another
  LEFT JOIN late_fact f ON f.relation = 'sale' AND f.fact_id = l.sale_id
                           AND f.booked_on = l.sold_on
                           AND f.placed_in IS NOT NULL
  LEFT JOIN late_fact b ON b.relation = 'order' AND b.fact_id = l.sale_id
                           AND b.booked_on = l.sold_on
  ORDER BY l.customer_id, l.source, l.order_ref, l.own_id, l.product_code
$query$;

COMMENT ON FUNCTION crmcost._ordered_lines() IS
  'Query of the lines of refresh_line, as _walk_orders wants them.';

-- Orders that came, went or changed, of the customers with news, from when on their
-- lines were read.  Where one moved, both of its months are summed anew.
CREATE FUNCTION crmcost._find_order_news(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_order_news
    SELECT customer_id, source, order_ref, sale_id,
           old.is_order, old.ordered_on, old.month_start, old.product_codes, new.is_order, new.ordered_on, new.month_start,
           new.product_codes,
           (old.channel_code, old.campaign_code)
             IS DISTINCT FROM (new.channel_code, new.campaign_code)
    FROM pg_temp.refresh_order new
    FULL JOIN (SELECT o.*
               FROM pg_temp.refresh_customer c
               CROSS JOIN LATERAL (SELECT * FROM customer_order w
                                   WHERE w.customer_id = c.customer_id
                                         AND w.ordered_on >= c.lines_from
                                   OFFSET 0) o) old        -- by the index
      USING (customer_id, source, order_ref, sale_id)
    WHERE (old.is_order, old.ordered_at, old.month_start, old.sale_lines,
           old.revenue, old.margin, old.discount, old.refund,
           old.channel_code, old.campaign_code, old.product_codes,
           old.quantities, old.amounts)
          IS DISTINCT FROM
          (new.is_order, new.ordered_at, new.month_start, new.sale_lines,
           new.revenue, new.margin, new.discount, new.refund,
           new.channel_code, new.campaign_code, new.product_codes,
           new.quantities, new.amounts);
  ANALYZE pg_temp.refresh_order_news;
  INSERT INTO pg_temp.refresh_month
    SELECT DISTINCT m.month_start
    FROM pg_temp.refresh_order_news n
    CROSS JOIN LATERAL (VALUES (n.was_month), (n.month_start))
      AS m (month_start)
    WHERE (n.went_elsewhere
           OR (n.was_order, n.was_on, n.was_month)
              IS DISTINCT FROM (n.is_order, n.ordered_on, n.month_start))
          AND m.month_start >= run.open_month
    ON CONFLICT (month_start) DO NOTHING;
END
$$;

COMMENT ON FUNCTION crmcost._find_order_news(crmcost._run) IS
  'Fills refresh_order_news, and adds the months of orders that came, went or moved to refresh_month.';

CREATE FUNCTION crmcost._first_order_change() RETURNS date
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN (SELECT min(least(n.was_on, n.ordered_on, n.was_month,
                           n.month_start))
          FROM pg_temp.refresh_order_news n
          WHERE (n.was_order, n.was_on, n.was_month)
                IS DISTINCT FROM (n.is_order, n.ordered_on, n.month_start));
END
$$;

COMMENT ON FUNCTION crmcost._first_order_change() IS
  'First day or month with an order that came, went or moved; NULL without.';
