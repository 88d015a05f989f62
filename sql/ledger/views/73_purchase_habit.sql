-- When and how a customer buys.  Orders are those of the other reports: with a
-- sale line, and not brought to nothing by corrections; each counts at the time
-- of its last line, in the ledger's time zone.
CREATE VIEW purchase_habit WITH (security_invoker = true) AS
WITH placed AS (
  SELECT s.customer_id,
         max(s.sold_at) FILTER (WHERE s.amount >= 0)
           AT TIME ZONE (SELECT value FROM setting WHERE key = 'timezone')
           AS ordered_at,
         count(DISTINCT s.product_code) AS products,
         sum(s.base_amount) AS revenue
  FROM sale_base s
  WHERE s.kind = 'sale'
        AND s.sold_at <= coalesce((SELECT as_of_at FROM last_refresh),
                                  'infinity')
  GROUP BY s.customer_id, s.source, s.order_ref,
           CASE WHEN s.order_ref IS NULL THEN s.sale_id END
  HAVING bool_and(s.amount >= 0) OR sum(s.amount) > 0
),
followed AS (
  SELECT p.*,
         -- two orders of a day are one visit
         nullif(p.ordered_at::date - lag(p.ordered_at::date) OVER (
                  PARTITION BY p.customer_id ORDER BY p.ordered_at), 0)
           AS gap_days
  FROM placed p
)
SELECT
  customer_id, count(*) AS orders,
  (percentile_cont(0.5) WITHIN GROUP (ORDER BY gap_days))::numeric
    AS median_gap_days,
  mode() WITHIN GROUP (ORDER BY extract(isodow FROM ordered_at)::int)
    AS weekday,
  mode() WITHIN GROUP (ORDER BY extract(hour FROM ordered_at)::int) AS hour,
  sum(products) / count(*) AS products_per_order,
  sum(revenue) / count(*) AS revenue_per_order,
  max(ordered_at)::date AS last_ordered_on
FROM followed
GROUP BY customer_id;

COMMENT ON VIEW purchase_habit IS
'When and how each customer buys, up to the last refresh, one row a customer with an order.';
COMMENT ON COLUMN purchase_habit.customer_id IS
'Customer.';
COMMENT ON COLUMN purchase_habit.orders IS
'Number of orders.';
COMMENT ON COLUMN purchase_habit.median_gap_days IS
'Median of the days from one day with an order to the next; NULL with a single such day.';
COMMENT ON COLUMN purchase_habit.weekday IS
'Day of the week with most orders, from 1 for Monday to 7; the first of equals.';
COMMENT ON COLUMN purchase_habit.hour IS
'Hour of the day with most orders, 0 to 23; the first of equals.';
COMMENT ON COLUMN purchase_habit.products_per_order IS
'Different products in an order, on average.';
COMMENT ON COLUMN purchase_habit.revenue_per_order IS
'Revenue of an order before refunds, on average, in base currency; NULL without a rate.';
COMMENT ON COLUMN purchase_habit.last_ordered_on IS
'Day of the last order.';
