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
                 format($query$
                   SELECT o.customer_id, o.product_code,
                          count(*) FILTER (WHERE o.is_order) AS orders,
                          sum(o.quantity) AS quantity, sum(o.amount) AS revenue,
                          max(o.ordered_on) FILTER (WHERE o.is_order)
                            AS last_ordered_on
                   FROM (SELECT o.customer_id, o.is_order, o.ordered_on,
                                unnest(o.product_codes) AS product_code,
                                unnest(o.quantities) AS quantity,
                                unnest(o.amounts) AS amount
                         FROM pg_temp.refresh_order o WHERE %s
                         ORDER BY o.customer_id, product_code) o
                   GROUP BY o.customer_id, o.product_code
                 $query$, format(news, 'o')), format(news, 'old'));
  IF NOT run.whole THEN
    PERFORM crmcost._complete_months(run, ARRAY(
      SELECT m.month_start FROM pg_temp.refresh_month m));
  END IF;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._refresh_order(crmcost._run) IS
  'Third step of refresh: customer_order and customer_product; returns the rows changed.';

-- What an order holds of a product is what corrections and refunds leave of its
-- amount, if that is positive.
CREATE FUNCTION crmcost._sum_orders(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_placed
    WITH product AS (
      SELECT customer_id, source, order_ref, own_id, product_code,
             max(sold_at) FILTER (WHERE is_purchase) AS ordered_at,
             max(sold_at) AS last_at,
             max(counted) FILTER (WHERE is_purchase
                                        AND counted < run.open_month)
               AS counted,
             max(month_start) AS last_month,
             count(*) FILTER (WHERE is_purchase) AS sale_lines,
             bool_and(is_purchase OR is_refund) AS uncorrected,
             bool_or(base_amount IS NULL AND NOT is_refund) AS unrated,
             sum(base_amount) FILTER (WHERE NOT is_refund) AS sold,
             sum(base_amount) FILTER (WHERE is_refund) AS refund,
             sum(base_amount) AS amount, sum(base_margin) AS margin,
             sum(base_discount) AS discount, sum(quantity) AS quantity,
             product_code IS NOT NULL AND sum(base_amount) > 0 AS is_held,
             min(channel_code) AS channel_code,
             max(channel_code) AS last_channel,
             min(campaign_code) AS campaign_code,
             max(campaign_code) AS last_campaign
      -- sorted once, for the groups and for the order of products in arrays
      FROM (SELECT l.customer_id, l.source, l.order_ref, l.own_id,
                   l.product_code, l.sold_at, l.month_start, l.is_purchase,
                   l.is_refund, l.base_amount, l.base_margin,
                   l.base_discount, l.quantity, l.channel_code,
                   l.campaign_code,
                   coalesce(f.placed_in, l.month_start) AS counted
            FROM pg_temp.refresh_line l
            LEFT JOIN late_fact f
              ON f.relation = 'sale' AND f.fact_id = l.sale_id
                 AND f.placed_in IS NOT NULL
            ORDER BY l.customer_id, l.source, l.order_ref, l.own_id,
                     l.product_code) line
      GROUP BY customer_id, source, order_ref, own_id, product_code
      ORDER BY customer_id, source, order_ref, own_id, product_code
    )
    SELECT customer_id, source, order_ref, own_id, max(ordered_at),
           max(last_at), max(counted), max(last_month),
           sum(sale_lines)::integer, bool_and(uncorrected), bool_or(unrated),
           sum(sold), coalesce(sum(amount), 0), coalesce(sum(margin), 0),
           coalesce(sum(discount), 0), coalesce(sum(refund), 0),
           min(channel_code), min(campaign_code),
           min(channel_code) <> max(last_channel)
             OR min(campaign_code) <> max(last_campaign),
           array_agg(product_code) FILTER (WHERE is_held),
           array_agg(quantity) FILTER (WHERE is_held),
           array_agg(amount) FILTER (WHERE is_held)
    FROM product
    GROUP BY customer_id, source, order_ref, own_id;
END
$$;

COMMENT ON FUNCTION crmcost._sum_orders(crmcost._run) IS
  'Fills refresh_placed from refresh_line.';

-- Once counted in a month that is closed, an order stays there.
CREATE FUNCTION crmcost._find_orders(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_order
    -- of lines that differ, the one that dates the order
    WITH dated AS (
      SELECT DISTINCT ON (l.customer_id, l.source, l.order_ref, l.own_id)
             l.customer_id, l.source, l.order_ref, l.own_id, l.channel_code,
             l.campaign_code
      FROM pg_temp.refresh_placed p
      JOIN pg_temp.refresh_line l USING (customer_id, source, order_ref, own_id)
      WHERE p.mixed
      ORDER BY l.customer_id, l.source, l.order_ref, l.own_id,
               l.is_purchase DESC, l.sold_at DESC, l.sale_id DESC
    ),
    -- with a rate missing, each currency by itself
    kept AS (
      SELECT DISTINCT customer_id, source, order_ref, own_id
      FROM (SELECT l.customer_id, l.source, l.order_ref, l.own_id
            FROM pg_temp.refresh_placed p
            JOIN pg_temp.refresh_line l
              USING (customer_id, source, order_ref, own_id)
            WHERE p.unrated AND NOT p.uncorrected AND NOT l.is_refund
            GROUP BY l.customer_id, l.source, l.order_ref, l.own_id, l.currency
            HAVING sum(l.amount) > 0) rest
    )
    SELECT customer_id, source, order_ref, own_id,
           o.is_order, o.at, (o.at AT TIME ZONE run.zone)::date,
           CASE
             WHEN p.ordered_at IS NULL THEN p.last_month
             ELSE coalesce(p.counted, greatest(crmcost._month_of(
                    (o.at AT TIME ZONE run.zone)::date), run.open_month))
           END,
           p.sale_lines, p.revenue, p.margin, p.discount, p.refund,
           coalesce(d.channel_code, p.channel_code),
           coalesce(d.campaign_code, p.campaign_code),
           coalesce(p.product_codes, '{}'), coalesce(p.quantities, '{}'),
           coalesce(p.amounts, '{}')
    FROM pg_temp.refresh_placed p
    LEFT JOIN dated d USING (customer_id, source, order_ref, own_id)
    LEFT JOIN kept k USING (customer_id, source, order_ref, own_id)
    CROSS JOIN LATERAL (
      SELECT coalesce(p.ordered_at, p.last_at) AS at,
             p.ordered_at IS NOT NULL
             AND (p.uncorrected
                  OR CASE WHEN p.unrated THEN k.customer_id IS NOT NULL
                       ELSE p.sold > 0 END) AS is_order
    ) o;
  ANALYZE pg_temp.refresh_order;
  TRUNCATE pg_temp.refresh_placed;
END
$$;

COMMENT ON FUNCTION crmcost._find_orders(crmcost._run) IS
  'Fills refresh_order from refresh_placed and its lines.';

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
