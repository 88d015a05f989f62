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
  -- customers of whom any order changed
  news CONSTANT text := CASE WHEN run.whole THEN 'true'
    ELSE '%s.customer_id IN (SELECT n.customer_id FROM pg_temp.refresh_order_news n)'
    END;
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  PERFORM crmcost._sum_orders(run);
  PERFORM crmcost._find_orders(run);
  IF NOT run.whole THEN
    PERFORM crmcost._find_order_news(run);
  END IF;
  PERFORM crmcost._note_buyers(run, -1);
  changed := crmcost._write_difference(run.ledger, 'customer_order',
                 'SELECT * FROM pg_temp.refresh_order o WHERE '
                 || format(news, 'o'), format(news, 'old'))
             + crmcost._write_difference(run.ledger, 'customer_product',
                 crmcost._bought_query('pg_temp.refresh_order o WHERE '
                                       || format(news, 'o')),
                 format(news, 'old'));
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

CREATE FUNCTION crmcost._sum_orders(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  EXECUTE 'INSERT INTO pg_temp.refresh_placed '
          || crmcost._placed_query(run, 'pg_temp.refresh_line', 'late_fact');
END
$$;

COMMENT ON FUNCTION crmcost._sum_orders(crmcost._run) IS
  'Fills refresh_placed from refresh_line.';

CREATE FUNCTION crmcost._find_orders(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  EXECUTE 'INSERT INTO pg_temp.refresh_order '
          || crmcost._order_query(run, 'pg_temp.refresh_line',
                                  'pg_temp.refresh_placed');
  PERFORM crmcost._analyze_table('pg_temp.refresh_order'::regclass);
  TRUNCATE pg_temp.refresh_placed;
END
$$;

COMMENT ON FUNCTION crmcost._find_orders(crmcost._run) IS
  'Fills refresh_order from refresh_placed and its lines.';

-- Lines with the month in which each counts for its order.
CREATE FUNCTION crmcost._counted_query(lines text, late text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT l.customer_id, l.source, l.order_ref, l.own_id, l.product_code,
         l.sold_at, l.month_start, l.is_purchase, l.is_refund, l.base_amount,
         l.base_margin, l.base_discount, l.quantity, l.channel_code,
         l.campaign_code,
         f.placed_in IS NOT NULL
         OR coalesce(b.placed_in < 'infinity', false) AS is_placed,
         coalesce(b.placed_in, f.placed_in, l.month_start) AS counted
  FROM %1$s l
  -- by its day, too: one that was corrected since is another
  LEFT JOIN %2$s f ON f.relation = 'sale' AND f.fact_id = l.sale_id
                      AND f.booked_on = l.sold_on AND f.placed_in IS NOT NULL
  LEFT JOIN %2$s b ON b.relation = 'order' AND b.fact_id = l.sale_id
                      AND b.booked_on = l.sold_on
$query$, lines, late);

COMMENT ON FUNCTION crmcost._counted_query(text, text) IS
  'Query of the lines of orders, given the relations of the lines and of late facts, of which it calls the first l.';

-- What an order holds of a product is what corrections and refunds leave of its
-- amount, if that is positive.  What closed months had taken back did not count
-- there: should it come to life again, that is news of an open month.
CREATE FUNCTION crmcost._placed_query(run crmcost._run, lines text, late text)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
    WITH product AS (
      SELECT customer_id, source, order_ref, own_id, product_code,
             max(sold_at) FILTER (WHERE is_purchase) AS ordered_at,
             max(sold_at) AS last_at,
             max(counted) FILTER (WHERE is_purchase AND counted < %2$L)
               AS counted,
             max(month_start) AS last_month,
             bool_and(is_purchase OR is_refund)
               FILTER (WHERE month_start < %2$L) AS closed_uncorrected,
             sum(base_amount)
               FILTER (WHERE NOT is_refund AND month_start < %2$L)
               AS closed_sold,
             bool_or(is_placed) AS placed,
             count(*) FILTER (WHERE is_purchase) AS sale_lines,
             bool_and(is_purchase OR is_refund) AS uncorrected,
             bool_or(base_amount IS NULL AND NOT is_refund) AS unrated,
             sum(base_amount) FILTER (WHERE NOT is_refund) AS sold,
             sum(base_amount) FILTER (WHERE is_refund) AS refund,
             crmcost._sum_few(base_amount) AS amount,
             crmcost._sum_few(base_margin) AS margin,
             crmcost._sum_few(base_discount) AS discount,
             crmcost._sum_few(quantity) AS quantity,
             product_code IS NOT NULL AND crmcost._sum_few(base_amount) > 0
               AS is_held,
             min(channel_code) AS channel_code, max(channel_code) AS last_channel,
             min(campaign_code) AS campaign_code,
             max(campaign_code) AS last_campaign
      -- sorted once, for the groups and for the order of products in arrays
      FROM (%1$s
            ORDER BY l.customer_id, l.source, l.order_ref, l.own_id,
                     l.product_code) line
      GROUP BY customer_id, source, order_ref, own_id, product_code
      ORDER BY customer_id, source, order_ref, own_id, product_code
    )
    SELECT customer_id, source, order_ref, own_id,
           max(ordered_at) AS ordered_at, max(last_at) AS last_at,
           CASE WHEN bool_or(unrated OR placed) OR sum(closed_sold) > 0
                     OR bool_and(closed_uncorrected) THEN max(counted) END
             AS counted,
           max(last_month) AS last_month,
           sum(sale_lines)::integer AS sale_lines,
           bool_and(uncorrected) AS uncorrected, bool_or(unrated) AS unrated,
           sum(sold) AS sold, coalesce(crmcost._sum_few(amount), 0) AS revenue,
           coalesce(crmcost._sum_few(margin), 0) AS margin,
           coalesce(crmcost._sum_few(discount), 0) AS discount,
           coalesce(crmcost._sum_few(refund), 0) AS refund,
           min(channel_code) AS channel_code,
           min(campaign_code) AS campaign_code,
           min(channel_code) <> max(last_channel)
             OR min(campaign_code) <> max(last_campaign) AS mixed,
           array_agg(product_code) FILTER (WHERE is_held) AS product_codes,
           array_agg(quantity) FILTER (WHERE is_held) AS quantities,
           array_agg(amount) FILTER (WHERE is_held) AS amounts
    FROM product
    GROUP BY customer_id, source, order_ref, own_id
  $query$, crmcost._counted_query(lines, late), run.open_month);

COMMENT ON FUNCTION crmcost._placed_query(crmcost._run, text, text) IS
  'Query of the sums of the lines of each order, given the relations of the lines and of late facts.';

-- Once counted in a month that is closed, an order stays there.
CREATE FUNCTION crmcost._order_query(run crmcost._run, lines text, placed text)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
    -- of lines that differ, the one that dates the order
    WITH dated AS (
      SELECT DISTINCT ON (l.customer_id, l.source, l.order_ref, l.own_id)
             l.customer_id, l.source, l.order_ref, l.own_id, l.channel_code,
             l.campaign_code
      FROM %2$s p
      JOIN %1$s l USING (customer_id, source, order_ref, own_id)
      WHERE p.mixed
      ORDER BY l.customer_id, l.source, l.order_ref, l.own_id,
               l.is_purchase DESC, l.sold_at DESC, l.sale_id DESC
    ),
    -- with a rate missing, each currency by itself
    kept AS (
      SELECT DISTINCT customer_id, source, order_ref, own_id
      FROM (SELECT l.customer_id, l.source, l.order_ref, l.own_id
            FROM %2$s p
            JOIN %1$s l USING (customer_id, source, order_ref, own_id)
            WHERE p.unrated AND NOT p.uncorrected AND NOT l.is_refund
            GROUP BY l.customer_id, l.source, l.order_ref, l.own_id, l.currency
            HAVING sum(l.amount) > 0) rest
    )
    SELECT customer_id, source, order_ref, own_id AS sale_id,
           o.is_order, o.at AS ordered_at,
           (o.at AT TIME ZONE %3$L)::date AS ordered_on,
           CASE
             WHEN o.ordered_at IS NULL THEN o.last_month
             WHEN NOT o.is_order
               THEN crmcost._month_of((o.at AT TIME ZONE %3$L)::date)
             ELSE coalesce(o.counted, greatest(crmcost._month_of(
                    (o.at AT TIME ZONE %3$L)::date), %4$L))
           END AS month_start,
           o.sale_lines, o.revenue, o.margin, o.discount, o.refund,
           o.channel_code, o.campaign_code,
           coalesce(o.product_codes, '{}') AS product_codes,
           coalesce(o.quantities, '{}') AS quantities,
           coalesce(o.amounts, '{}') AS amounts
    FROM (
      SELECT customer_id, source, order_ref, own_id, p.ordered_at,
             p.last_month, p.counted, p.sale_lines, p.revenue, p.margin,
             p.discount, p.refund, p.product_codes, p.quantities, p.amounts,
             coalesce(d.channel_code, p.channel_code) AS channel_code,
             coalesce(d.campaign_code, p.campaign_code) AS campaign_code,
             coalesce(p.ordered_at, p.last_at) AS at,
             p.ordered_at IS NOT NULL
             AND (p.uncorrected
                  OR CASE WHEN p.unrated THEN k.customer_id IS NOT NULL
                       ELSE p.sold > 0 END) AS is_order
      FROM %2$s p
      LEFT JOIN dated d USING (customer_id, source, order_ref, own_id)
      LEFT JOIN kept k USING (customer_id, source, order_ref, own_id)
    ) o
  $query$, lines, placed, run.zone, run.open_month);

COMMENT ON FUNCTION crmcost._order_query(crmcost._run, text, text) IS
  'Query of the orders, as customer_order has them, given the relations of the lines and of the sums of the orders.';

CREATE FUNCTION crmcost._bought_query(orders text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT o.customer_id, o.product_code,
         count(*) FILTER (WHERE o.is_order) AS orders,
         crmcost._sum_few(o.quantity) AS quantity,
         crmcost._sum_few(o.amount) AS revenue,
         max(o.ordered_on) FILTER (WHERE o.is_order) AS last_ordered_on
  FROM (SELECT o.customer_id, o.is_order, o.ordered_on,
               unnest(o.product_codes) AS product_code,
               unnest(o.quantities) AS quantity,
               unnest(o.amounts) AS amount
        FROM %s
        ORDER BY o.customer_id, product_code) o
  GROUP BY o.customer_id, o.product_code
$query$, orders);

COMMENT ON FUNCTION crmcost._bought_query(text) IS
  'Query of customer_product, given the relation of orders, which it calls o.';

-- Orders that came, went or changed, of the customers with news.  Where one moved,
-- both of its months are summed anew.
CREATE FUNCTION crmcost._find_order_news(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_order_news
    SELECT customer_id, old.is_order, old.ordered_on, old.month_start,
           old.product_codes, new.is_order, new.ordered_on, new.month_start,
           new.product_codes,
           (old.channel_code, old.campaign_code)
             IS DISTINCT FROM (new.channel_code, new.campaign_code)
    FROM pg_temp.refresh_order new
    FULL JOIN (SELECT o.* FROM customer_order o
               JOIN pg_temp.refresh_customer USING (customer_id)) old
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
