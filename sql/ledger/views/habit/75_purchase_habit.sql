-- When and how a customer buys.  Each order counts at the time of its last
-- line, in the ledger's time zone.
CREATE VIEW purchase_habit WITH (security_invoker = true) AS
SELECT
  customer_id, count(*) AS orders,
  round((percentile_cont(0.5) WITHIN GROUP (ORDER BY gap_days))::numeric, 6)
    AS median_gap_days,
  mode() WITHIN GROUP (ORDER BY extract(isodow FROM ordered_on)::integer)
    AS weekday,
  mode() WITHIN GROUP (ORDER BY extract(hour FROM ordered_at)::integer)
    AS hour,
  round(sum(products)::numeric / count(*), 6) AS products_per_order,
  round(sum(revenue) / count(*), 4) AS revenue_per_order,
  max(ordered_on) AS last_ordered_on,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM (
  SELECT o.customer_id, o.ordered_on,
         o.ordered_at AT TIME ZONE (SELECT value FROM setting
                                    WHERE key = 'timezone') AS ordered_at,
         cardinality(o.product_codes) AS products,
         o.revenue - o.refund AS revenue,
         -- two orders of a day are one visit
         nullif(o.ordered_on - lag(o.ordered_on) OVER (
                  PARTITION BY o.customer_id ORDER BY o.ordered_on), 0)
           AS gap_days
  FROM customer_order o
  WHERE o.is_order
) placed
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
'Different products in an order, on average; those that came back or were taken back left out.';
COMMENT ON COLUMN purchase_habit.revenue_per_order IS
'Revenue of an order before refunds, on average, in base currency; what has no rate counts as 0.';
COMMENT ON COLUMN purchase_habit.last_ordered_on IS
'Day of the last order.';
COMMENT ON COLUMN purchase_habit.currency IS
'Base currency.';
