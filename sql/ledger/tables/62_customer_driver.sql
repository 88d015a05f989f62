-- Computed by refresh for its as_of; nothing else writes it.  Drivers that are
-- not in customer_month: those of limited rules, tier_weight and equal, own and
-- blended ones.
CREATE TABLE customer_driver (
  customer_id bigint NOT NULL,
  month_start date NOT NULL,
  driver_key text NOT NULL,
  quantity numeric(38,12) NOT NULL,
  quantity_before numeric(38,12) NOT NULL,
  PRIMARY KEY (month_start, driver_key, customer_id)
);

COMMENT ON TABLE customer_driver IS
'What a customer had of a driver that customer_month does not hold, as of the last refresh, one row a month, driver and customer.';
COMMENT ON COLUMN customer_driver.month_start IS
'First day of the month.';
COMMENT ON COLUMN customer_driver.driver_key IS
'Driver with its limit, such as orders of channel store.';
COMMENT ON COLUMN customer_driver.customer_id IS
'Customer.';
COMMENT ON COLUMN customer_driver.quantity IS
'How much of it, above 0.';
COMMENT ON COLUMN customer_driver.quantity_before IS
'What the customers before, in order of the hashes of their numbers, had of it in the month.';
