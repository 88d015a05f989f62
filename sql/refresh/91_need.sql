-- Step need: what customers want, of those with news: carts, favourites, needs
-- and days they named; which products go together best; what the models expect of
-- groups; and how demand moves.
--
-- Nothing of it is of technical or erased customers.
CREATE FUNCTION crmcost._customers_need(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  scope CONSTANT text := crmcost._rows_of_news(run);
  -- another tree of products; else favourites follow orders, as stages do
  regrouped boolean;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  regrouped := run.whole
               OR EXISTS (SELECT FROM touched t WHERE t.relation = 'product');
  RETURN crmcost._write_difference(run.ledger, 'cart_item',
           crmcost._cart_query(), scope)
    + crmcost._write_difference(run.ledger, 'need_tag',
        crmcost._need_query(), scope)
    + crmcost._write_difference(run.ledger, 'customer_occasion',
        crmcost._occasion_query(), scope)
    + crmcost._write_difference(run.ledger, 'customer_favourite',
        crmcost._favourite_query(CASE WHEN regrouped THEN 'true'
          ELSE crmcost._rows_of_stage_news(run, 'o') END),
        CASE WHEN regrouped THEN 'true'
          ELSE crmcost._rows_of_stage_news(run, 'old') END);
END
$$;

COMMENT ON FUNCTION crmcost._customers_need(crmcost._run) IS
  'Writes cart_item, need_tag, customer_occasion and customer_favourite; returns the rows changed.';

CREATE FUNCTION crmcost._groups_need(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  last_month CONSTANT date := crmcost._last_complete_month(run.day);
  changed bigint := 0;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF crmcost._was_written(run, '{product_pair}') THEN
    changed := changed
      + crmcost._write_difference(run.ledger, 'product_next',
          crmcost._next_query(), 'true');
  END IF;
  IF crmcost._was_written(run, '{need_tag}')
     -- an erasure takes rows at once
     OR EXISTS (SELECT FROM touched t WHERE t.relation = 'customer_tag') THEN
    changed := changed
      + crmcost._write_difference(run.ledger, 'need_total',
          crmcost._sum_of_parts(run, 'need_total', $query$
          SELECT need, count(*) AS customers,
                 count(*) FILTER (WHERE in_attributes) AS in_attributes,
                 sum(mentions)::bigint AS mentions,
                 max(last_mentioned_on) AS last_mentioned_on
          FROM need_tag
          GROUP BY need
        $query$), 'true');
  END IF;
  IF crmcost._was_written(run, '{customer_score,customer_class}') THEN
    PERFORM crmcost._find_figures(run);
    changed := changed
      + crmcost._write_difference(run.ledger, 'group_forecast',
          crmcost._forecast_query(), 'true');
  END IF;
  IF crmcost._was_written(run, '{sale_month,group_month}')
     OR last_month <> crmcost._last_complete_month(
          crmcost._report_day(run.upto_before, run.zone)) THEN
    changed := changed
      + crmcost._write_difference(run.ledger, 'demand_line',
          crmcost._line_query(last_month, crmcost._setting(
            run.ledger, 'trend_months')::integer), 'true');
  END IF;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._groups_need(crmcost._run) IS
  'Writes need_total, product_next, group_forecast and demand_line; returns the rows changed.';

CREATE FUNCTION crmcost._refresh_need(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._customers_need(run) + crmcost._groups_need(run);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_need(crmcost._run) IS
  'Step of refresh: cart_item, need_tag, need_total, customer_occasion, customer_favourite, product_next, group_forecast and demand_line; returns the rows changed.';

-- What was sold of a product or to a group in each month up to a last one: n pieces or
-- orders, and revenue.  Months are counted from year 0, 12 a year.
CREATE FUNCTION crmcost._demand_query(last_month date) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT d.dimension, d.code, d.n, d.revenue,
         12 * date_part('year', d.month_start)::integer
           + date_part('month', d.month_start)::integer AS k
  FROM (
    SELECT '(product)' AS dimension, p.product_code AS code, p.month_start,
           crmcost._sum_few(p.quantity) AS n,
           crmcost._sum_few(p.revenue) AS revenue
    FROM sale_month p
    WHERE p.month_start <= %1$L
    GROUP BY p.product_code, p.month_start
    HAVING crmcost._sum_few(p.quantity) <> 0
           OR crmcost._sum_few(p.revenue) <> 0
    UNION ALL
    SELECT g.dimension, g.code, g.month_start, g.orders, g.revenue
    FROM group_month g
    WHERE g.dimension NOT IN ('(acquisition)', '(cohort)')
          AND g.month_start <= %1$L
          AND (g.active_customers > 0 OR g.orders <> 0 OR g.revenue <> 0)
  ) d
$query$, last_month);

COMMENT ON FUNCTION crmcost._demand_query(date) IS
  'Query of the figures of the lines of demand, by month, up to a last month.';

-- Where demand goes: a straight line through the complete months of the window, a
-- month without anything being 0, for what sold anything in it.  What was first sold
-- within the window has no months before (of a group, months of cost or contacts
-- alone sold nothing; what has no rate is in no figure).  With k the number of a month and
-- y its figure,
--
--   slope (sum(k y) - mean(k) sum(y)) / sum((k - mean(k))^2), and for n months
--   k in a row the divisor is n (n^2 - 1) / 12
--
-- and the interval of the slope is that of least squares, by Student's
-- distribution with n - 2 degrees of freedom.
CREATE FUNCTION crmcost._line_query(last_month date, months integer)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT pg_catalog.format($query$
  WITH line AS (
    SELECT s.*, (s.ky - s.mean_k * s.y) * 12
                  / nullif(s.n * (s.n * s.n - 1.0), 0) AS slope
    FROM (
      SELECT d.dimension, d.code, v.measure, %3$s - d.first_k + 1 AS n,
             (d.first_k + %3$s) / 2.0 AS mean_k, v.y, v.yy, v.ky, v.last_y
      FROM (
        SELECT m.dimension, m.code,
               greatest(min(m.k), %3$s - %2$s + 1) AS first_k, %5$s
        FROM (%4$s) m
        GROUP BY m.dimension, m.code
        HAVING max(m.k) > %3$s - %2$s
      ) d
      CROSS JOIN LATERAL (
        VALUES (CASE d.dimension WHEN '(product)' THEN 'quantity'
                  ELSE 'orders' END, d.n_y, d.n_yy, d.n_ky, d.n_last),
               ('revenue', d.revenue_y, d.revenue_yy, d.revenue_ky,
                d.revenue_last)
      ) AS v (measure, y, yy, ky, last_y)
    ) s
  )
  SELECT f.dimension, f.code, f.measure, %1$L::date AS last_month,
         f.n AS months, round(f.y / f.n, 6) AS mean_value,
         round(f.last_y, 6) AS last_value, round(f.slope, 6) AS slope,
         round((f.slope::float8 - f.half)::numeric, 6) AS slope_low,
         round((f.slope::float8 + f.half)::numeric, 6) AS slope_high,
         CASE WHEN f.half IS NULL THEN '(unknown)'
              WHEN f.slope::float8 - f.half > 0 THEN 'rising'
              WHEN f.slope::float8 + f.half < 0 THEN 'falling'
              ELSE 'steady' END AS trend,
         round(f.y / f.n + f.slope * (%3$s + 1 - f.mean_k), 6) AS next_value
  FROM (
    SELECT l.*, sqrt(greatest(l.yy - l.y * l.y / l.n
                              - l.slope * (l.ky - l.mean_k * l.y), 0)
                     / nullif(l.n - 2, 0) * 12
                     / nullif(l.n * (l.n * l.n - 1.0), 0))::float8
                  * crmcost._student_quantile(greatest(l.n - 2, 1)) AS half
    FROM line l OFFSET 0    -- or each column would find the root again
  ) f
$query$, last_month, months, last.k, crmcost._demand_query(last_month),
  pg_catalog.string_agg(pg_catalog.format($sums$
               sum(m.%1$s) FILTER (WHERE m.k > %2$s) AS %1$s_y,
               sum(m.%1$s * m.%1$s) FILTER (WHERE m.k > %2$s) AS %1$s_yy,
               sum(m.k * m.%1$s) FILTER (WHERE m.k > %2$s) AS %1$s_ky,
               coalesce(sum(m.%1$s) FILTER (WHERE m.k = %3$s), 0) AS %1$s_last
               $sums$, y.name, last.k - months, last.k), ', '::text))
  FROM (VALUES ('n'::text), ('revenue')) AS y (name)
  CROSS JOIN (SELECT 12 * pg_catalog.date_part('year', last_month)::integer
                     + pg_catalog.date_part('month', last_month)::integer
                       AS k) last
  GROUP BY last.k);

COMMENT ON FUNCTION crmcost._line_query(date, integer) IS
  'Query of what goes into demand_line, for a last month and a number of months.';

CREATE FUNCTION crmcost._cart_query() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $query$
  SELECT i.customer_id, coalesce(i.product_code, '(unknown)') AS product_code,
         sum(i.n)::bigint AS quantity, min(i.occurred_at) AS first_at,
         max(i.occurred_at) AS last_at
  FROM pg_temp.refresh_contact i
  JOIN pg_temp.refresh_customer USING (customer_id)
  JOIN customer c USING (customer_id)
  LEFT JOIN (SELECT o.customer_id, max(o.ordered_at) AS ordered_at
             FROM customer_order o
             JOIN pg_temp.refresh_customer USING (customer_id)
             WHERE o.is_order
             GROUP BY o.customer_id) o USING (customer_id)
  WHERE i.kind = 'behavior' AND i.subtype = 'cart'
        AND (o.ordered_at IS NULL OR i.occurred_at > o.ordered_at)
        AND c.source <> 'anon' AND c.erased_at IS NULL
  GROUP BY 1, 2
$query$;

COMMENT ON FUNCTION crmcost._cart_query() IS
  'Query of cart_item for the customers with news.';

-- A text, or an array of texts; anything else is no need.
CREATE FUNCTION crmcost._needs(attributes jsonb) RETURNS SETOF text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 3
BEGIN ATOMIC
  -- of what is no array, lax takes it for one with itself
  SELECT DISTINCT pg_catalog.btrim(e.value #>> '{}'::text[])
  FROM pg_catalog.jsonb_path_query(attributes, 'lax $.needs[*]'::jsonpath)
    AS e (value)
  WHERE pg_catalog.jsonb_typeof(e.value) = 'string'::text
        AND pg_catalog.btrim(e.value #>> '{}'::text[]) <> ''::text;
END;

COMMENT ON FUNCTION crmcost._needs(jsonb) IS
  'Needs that attributes name under the key needs, each once.';

CREATE FUNCTION crmcost._need_query() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $query$
  SELECT n.customer_id, n.need, bool_or(n.in_attributes) AS in_attributes,
         sum(n.mentions)::bigint AS mentions,
         max(n.mentioned_on) AS last_mentioned_on
  FROM (
    SELECT coalesce(p.party_id, c.customer_id) AS customer_id,
           u.need COLLATE "C" AS need, true AS in_attributes, 0 AS mentions,
           NULL::date AS mentioned_on
    FROM customer c
    LEFT JOIN pg_temp.refresh_party p USING (customer_id)
    CROSS JOIN LATERAL crmcost._needs(c.attributes) AS u (need)
    WHERE c.attributes ? 'needs'
    UNION ALL
    SELECT i.customer_id, u.need COLLATE "C", false, i.n, i.occurred_on
    FROM pg_temp.refresh_contact i
    CROSS JOIN LATERAL crmcost._needs(i.need_tags) AS u (need)
    WHERE i.need_tags IS NOT NULL
  ) n
  JOIN pg_temp.refresh_customer USING (customer_id)
  JOIN customer c USING (customer_id)
  WHERE c.source <> 'anon' AND c.erased_at IS NULL
  GROUP BY n.customer_id, n.need
$query$;

COMMENT ON FUNCTION crmcost._need_query() IS
  'Query of need_tag for the customers with news.';

-- Of merged customers their own day goes before that of another.
CREATE FUNCTION crmcost._occasion_query() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $query$
  SELECT DISTINCT ON (s.customer_id) s.customer_id,
         c.attributes ->> 'month_day' AS month_day
  FROM customer c
  LEFT JOIN pg_temp.refresh_party p USING (customer_id)
  JOIN customer s ON s.customer_id = coalesce(p.party_id, c.customer_id)
  JOIN pg_temp.refresh_customer r ON r.customer_id = s.customer_id
  WHERE c.attributes ? 'month_day' AND s.source <> 'anon'
        AND s.erased_at IS NULL
        AND crmcost._is_month_day(c.attributes ->> 'month_day')
  ORDER BY s.customer_id, p.party_id IS NULL DESC, c.customer_id
$query$;

COMMENT ON FUNCTION crmcost._occasion_query() IS
  'Query of customer_occasion for the customers with news.';

CREATE FUNCTION crmcost._is_month_day(month_day text) RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN month_day ~ '^((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))$'::text;

COMMENT ON FUNCTION crmcost._is_month_day(text) IS
  'Whether a text is a month and day, such as 02-29; NULL for NULL.';

-- In a year that has no 29 February it is the day before March.
CREATE FUNCTION crmcost._last_occasion(month_day text, day date) RETURNS date
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
  SELECT pg_catalog.max(o.occasion)
  FROM (
    SELECT (pg_catalog.make_date(
              pg_catalog.date_part('year'::text, day)::integer - back.years,
              pg_catalog.substr(month_day, 1, 2)::integer, 1)
            + least(
                pg_catalog.substr(month_day, 4, 2)::integer,
                pg_catalog.date_part('day'::text,
                  pg_catalog.make_date(
                    pg_catalog.date_part('year'::text, day)::integer
                    - back.years,
                    pg_catalog.substr(month_day, 1, 2)::integer, 1)
                  + interval '1 month' - interval '1 day')::integer)
            - 1) AS occasion
    FROM (VALUES (0), (1)) AS back (years)
    WHERE crmcost._is_month_day(month_day)
  ) o
  WHERE o.occasion <= day);

COMMENT ON FUNCTION crmcost._last_occasion(text, date) IS
  'Last day up to a given one on which a month and day, such as 02-29, comes; NULL for what is none.';

-- An order counts once for a group, however many of its products it holds.  Whether
-- the customer may be looked at is asked once, not of each product.
CREATE FUNCTION crmcost._favourite_query(wanted text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT f.customer_id, f.group_code, f.group_orders, f.product_code, f.orders
  FROM (
    SELECT DISTINCT ON (customer_id) customer_id, group_code,
           coalesce(h.group_orders, b.orders) AS group_orders, product_code,
           orders
    FROM (
      SELECT o.customer_id, o.product_code, o.orders, o.revenue,
             coalesce(n.parent_code, o.product_code) AS group_code,
             sum(o.revenue) OVER grouped AS group_revenue
      FROM customer_product o
      LEFT JOIN product n ON n.code = o.product_code
      WHERE o.orders > 0 AND %1$s
      WINDOW grouped AS (PARTITION BY o.customer_id,
                                      coalesce(n.parent_code, o.product_code))
    ) b
    LEFT JOIN (
      SELECT customer_id, group_code, count(*) AS group_orders
      FROM (SELECT DISTINCT o.customer_id, o.source, o.order_ref, o.sale_id,
                   n.parent_code AS group_code
            FROM customer_order o
            CROSS JOIN LATERAL unnest(o.product_codes) AS p (code)
            JOIN product n ON n.code = p.code
            WHERE o.is_order AND n.parent_code IS NOT NULL AND %1$s) held
      GROUP BY customer_id, group_code
    ) h USING (customer_id, group_code)
    ORDER BY customer_id, group_orders DESC, group_revenue DESC, group_code,
             orders DESC, revenue DESC, product_code
  ) f
  JOIN customer c ON c.customer_id = f.customer_id
  WHERE c.source <> 'anon' AND c.erased_at IS NULL
$query$, wanted);

COMMENT ON FUNCTION crmcost._favourite_query(text) IS
  'Query of customer_favourite for the customers that a condition on o names.';

-- Of one product, confidence goes by the orders with both.  The planner takes
-- products for fewer than they are, and would pair all of them first.
CREATE FUNCTION crmcost._next_query() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $query$
  SELECT product_code, place::integer AS place, other_product_code,
         orders_together,
         round(orders_together::numeric / orders, 6) AS confidence,
         round(orders_together::numeric * all_orders
               / (orders::numeric * other_orders), 6) AS lift
  FROM (
    SELECT p.product_code, p.other_product_code, p.orders_together, p.orders,
           b.orders AS other_orders, t.orders AS all_orders,
           row_number() OVER (PARTITION BY p.product_code
                              ORDER BY p.orders_together DESC, b.orders,
                                       p.other_product_code) AS place
    FROM (SELECT p.product_code, p.other_product_code,
                 p.orders AS orders_together, a.orders
          FROM product_pair p
          JOIN product_pair a
            ON a.product_code = p.product_code
               AND a.other_product_code = a.product_code
          WHERE p.product_code <> p.other_product_code
          OFFSET 0) p
    JOIN product_pair b
      ON b.product_code = p.other_product_code
         AND b.other_product_code = b.product_code
    JOIN product_pair t
      ON t.product_code = '(all)' AND t.other_product_code = '(all)'
    WHERE p.orders_together::float8 * t.orders > p.orders::float8 * b.orders
  ) pair
  WHERE place <= 5
$query$;

COMMENT ON FUNCTION crmcost._next_query() IS
  'Query of product_next.';

CREATE FUNCTION crmcost._forecast_query() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $query$
  SELECT f.dimension, coalesce(f.code, '(unknown)') AS code,
         sum(f.buyers)::bigint AS customers,
         sum(f.predicted)::bigint AS predicted_customers,
         sum(f.alive) AS expected_alive,
         sum(f.purchases) AS expected_purchases,
         sum(f.spend) AS expected_revenue,
         sum(f.predicted_margin) AS expected_margin
  FROM pg_temp.refresh_figure f
  WHERE f.dimension NOT IN ('(acquisition)', '(cohort)', '(rfm)')
        AND (f.dimension = '(segment)' OR f.code IS NOT NULL)
  GROUP BY f.dimension, coalesce(f.code, '(unknown)')
  HAVING sum(f.buyers) > 0
$query$;

COMMENT ON FUNCTION crmcost._forecast_query() IS
  'Query of group_forecast.';
