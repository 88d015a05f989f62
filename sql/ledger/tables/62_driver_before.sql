-- Computed by refresh; nothing else writes it.  Rows of a closed month stay as
-- they were.
CREATE TABLE driver_before (
  customer_id bigint NOT NULL,
  month_start date NOT NULL,
  new_customers bigint NOT NULL,
  active_customers bigint NOT NULL,
  revenue numeric(38,4) NOT NULL,
  margin numeric(38,4) NOT NULL,
  orders bigint NOT NULL,
  interactions bigint NOT NULL,
  handle_time numeric(38,4) NOT NULL,
  PRIMARY KEY (customer_id, month_start)
);

COMMENT ON TABLE driver_before IS
'What the customers before one, in order of the hashes of their numbers, had of the drivers in customer_month, one row a customer and month; as of the last refresh.';
COMMENT ON COLUMN driver_before.customer_id IS 'Customer.';
COMMENT ON COLUMN driver_before.month_start IS 'First day of the month.';
COMMENT ON COLUMN driver_before.new_customers IS 'Customers before who were acquired in the month.';
COMMENT ON COLUMN driver_before.active_customers IS 'Customers before with a sale line in it.';
COMMENT ON COLUMN driver_before.revenue IS 'Revenue of the customers before, where it is above 0, in base currency.';
COMMENT ON COLUMN driver_before.margin IS 'Margin of the customers before, where it is above 0, in base currency.';
COMMENT ON COLUMN driver_before.orders IS 'Orders of the customers before.';
COMMENT ON COLUMN driver_before.interactions IS 'Interactions of the customers before.';
COMMENT ON COLUMN driver_before.handle_time IS 'Working time of these, measured or standard, in seconds.';
