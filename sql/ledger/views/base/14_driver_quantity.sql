-- What each customer had of each driver.  Drivers of unlimited rules come from
-- customer_month, the others from customer_driver.
CREATE VIEW driver_quantity WITH (security_invoker = true) AS
SELECT month_start, driver_key, customer_id, quantity
FROM (
  SELECT customer_id, month_start, 'new_customers' AS driver_key,
         1::numeric AS quantity
  FROM customer_month WHERE acquired
  UNION ALL
  SELECT customer_id, month_start, 'active_customers', 1
  FROM customer_month WHERE sale_lines > 0
  UNION ALL
  SELECT customer_id, month_start, 'revenue', revenue
  FROM customer_month WHERE revenue > 0
  UNION ALL
  SELECT customer_id, month_start, 'margin', margin
  FROM customer_month WHERE margin > 0
  UNION ALL
  SELECT customer_id, month_start, 'orders', orders
  FROM customer_month WHERE orders > 0
  UNION ALL
  SELECT customer_id, month_start, 'interactions', interactions
  FROM customer_month WHERE interactions > 0
  UNION ALL
  SELECT customer_id, month_start, 'handle_time',
         handle_seconds + 60 * standard_minutes
  FROM customer_month WHERE handle_seconds + 60 * standard_minutes > 0
  UNION ALL
  SELECT customer_id, month_start, driver_key, quantity
  FROM customer_driver
) driven;

COMMENT ON VIEW driver_quantity IS
'What a customer had of an allocation driver, as of the last refresh, one row a month, driver and customer with any.';
COMMENT ON COLUMN driver_quantity.month_start IS
'First day of the month.';
COMMENT ON COLUMN driver_quantity.driver_key IS
'Driver, with its limit where the rule has one, such as orders of channel store.';
COMMENT ON COLUMN driver_quantity.customer_id IS
'Customer.';
COMMENT ON COLUMN driver_quantity.quantity IS
'How much of it, above 0: customers, base currency, orders, interactions or seconds; for tier_weight the weight.';
