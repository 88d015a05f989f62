-- Computed by refresh; nothing else writes it.
CREATE TABLE customer_stage (
  customer_id bigint NOT NULL,
  stage_before text COLLATE "C" NOT NULL,
  stage_after text COLLATE "C" NOT NULL,
  orders bigint NOT NULL,
  revenue numeric(38,4) NOT NULL,
  margin numeric(38,4) NOT NULL,
  PRIMARY KEY (customer_id, stage_before, stage_after)
);

COMMENT ON TABLE customer_stage IS
'What a customer brought by the stage before and after the order, one row each, as of the last refresh.';
COMMENT ON COLUMN customer_stage.customer_id IS 'Customer.';
COMMENT ON COLUMN customer_stage.stage_before IS 'Stage at the beginning of the day of the order; (unknown) for technical customers and for refunds without an order.';
COMMENT ON COLUMN customer_stage.stage_after IS 'Stage that the order left the customer in; (unknown) likewise.';
COMMENT ON COLUMN customer_stage.orders IS 'Orders.';
COMMENT ON COLUMN customer_stage.revenue IS 'Net revenue, refunds and corrections taken off, in base currency.';
COMMENT ON COLUMN customer_stage.margin IS 'Revenue less cost of goods, in base currency.';
