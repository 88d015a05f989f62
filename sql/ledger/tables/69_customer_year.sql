-- Computed by refresh; nothing else writes it.
CREATE TABLE customer_year (
  month_start date NOT NULL PRIMARY KEY,
  customers_at_start bigint NOT NULL,
  customers_kept bigint NOT NULL,
  buyers bigint NOT NULL,
  repeat_buyers bigint NOT NULL,
  orders bigint NOT NULL
);

COMMENT ON TABLE customer_year IS
'Who stayed and who came again in twelve months, one row for the last twelve complete months and one for the twelve before, as of the last refresh.';
COMMENT ON COLUMN customer_year.month_start IS 'First day of the last of the twelve months.';
COMMENT ON COLUMN customer_year.customers_at_start IS 'Customers when they began: in stage active, at_risk or won_back.';
COMMENT ON COLUMN customer_year.customers_kept IS 'Those of them who still were when they ended.';
COMMENT ON COLUMN customer_year.buyers IS 'Customers with an order in them, without technical ones.';
COMMENT ON COLUMN customer_year.repeat_buyers IS 'Those with two orders or more.';
COMMENT ON COLUMN customer_year.orders IS 'Orders of the buyers.';
