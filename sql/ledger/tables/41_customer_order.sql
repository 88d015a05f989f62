-- Computed by refresh; nothing else writes it.  An order is all lines of a customer with one
-- source and order_ref; a line without order_ref is an order of its own.  What
-- an order holds are its own lines, with corrections and refunds that carry its
-- order_ref, without lines that have no rate.
CREATE TABLE customer_order (
  customer_id bigint NOT NULL,
  source text COLLATE "C" NOT NULL,
  order_ref text COLLATE "C" NOT NULL,
  sale_id bigint NOT NULL,
  is_order boolean NOT NULL,
  ordered_at timestamptz NOT NULL,
  ordered_on date NOT NULL,
  month_start date NOT NULL,
  sale_lines integer NOT NULL,
  revenue numeric(38,4) NOT NULL,
  margin numeric(38,4) NOT NULL,
  discount numeric(38,4) NOT NULL,
  refund numeric(38,4) NOT NULL,
  channel_code text COLLATE "C" NOT NULL,
  campaign_code text COLLATE "C" NOT NULL,
  product_codes text[] NOT NULL,
  quantities numeric[] NOT NULL,
  amounts numeric[] NOT NULL,
  PRIMARY KEY (customer_id, source, order_ref, sale_id)
);

CREATE INDEX customer_order_month_start ON customer_order (month_start);

COMMENT ON TABLE customer_order IS
'Orders, one row each, as of the last refresh; refunds without an order are rows too, that are no order.';
COMMENT ON COLUMN customer_order.customer_id IS 'Customer who bought; of merged customers the one that stays.';
COMMENT ON COLUMN customer_order.source IS 'System that the lines came from.';
COMMENT ON COLUMN customer_order.order_ref IS 'Order in the numbers of its source; empty for a line that is an order of its own.';
COMMENT ON COLUMN customer_order.sale_id IS 'The line that is an order of its own; 0 where order_ref tells.';
COMMENT ON COLUMN customer_order.is_order IS 'Whether the order exists: it has a sale line, and its corrections leave something of it in base currency; without a rate, in any of its currencies.';
COMMENT ON COLUMN customer_order.ordered_at IS 'Instant of the last sale line that is no correction; without one that of the last line.';
COMMENT ON COLUMN customer_order.ordered_on IS 'Day of ordered_at in the time zone of the ledger.';
COMMENT ON COLUMN customer_order.month_start IS 'First day of the month in which the order counts; of what is no order, that of its day.';
COMMENT ON COLUMN customer_order.sale_lines IS 'Sale lines that are no corrections.';
COMMENT ON COLUMN customer_order.revenue IS 'Net revenue, refunds and corrections taken off, in base currency.';
COMMENT ON COLUMN customer_order.margin IS 'Revenue less cost of goods, in base currency.';
COMMENT ON COLUMN customer_order.discount IS 'Discounts given, already taken off the revenue, in base currency.';
COMMENT ON COLUMN customer_order.refund IS 'Refunds, zero or negative, already in the revenue, in base currency.';
COMMENT ON COLUMN customer_order.channel_code IS 'Channel that sold: of the line that dates the order, else of its campaign; (unknown) where neither tells.';
COMMENT ON COLUMN customer_order.campaign_code IS 'Campaign of the line that dates the order; (unknown) for none.';
COMMENT ON COLUMN customer_order.product_codes IS 'Products that corrections and refunds leave in the order, in the order of their codes.';
COMMENT ON COLUMN customer_order.quantities IS 'Quantity left of each of them.';
COMMENT ON COLUMN customer_order.amounts IS 'What is left of its amount in base currency, above 0.';
