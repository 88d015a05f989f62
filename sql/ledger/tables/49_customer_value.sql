-- Computed by refresh; nothing else writes it.  The row of every customer of the
-- running month changes each day: room in the pages keeps that in its place.
CREATE TABLE customer_value (
  customer_id bigint NOT NULL PRIMARY KEY,
  is_customer boolean NOT NULL,
  is_technical boolean NOT NULL,
  channel_code text COLLATE "C" NOT NULL,
  acquired_on date,
  first_ordered_on date,
  last_ordered_on date,
  order_days bigint NOT NULL,
  orders bigint NOT NULL,
  products bigint NOT NULL,
  spend_per_day numeric,
  revenue numeric(38,4) NOT NULL,
  margin numeric(38,4) NOT NULL,
  discount numeric(38,4) NOT NULL,
  refund numeric(38,4) NOT NULL,
  acquisition_cost numeric(38,4) NOT NULL,
  acquisition_direct_cost numeric(38,4) NOT NULL,
  retention_cost numeric(38,4) NOT NULL,
  service_cost numeric(38,4) NOT NULL,
  churn_cost numeric(38,4) NOT NULL,
  data_cost numeric(38,4) NOT NULL,
  training_cost numeric(38,4) NOT NULL,
  program_cost numeric(38,4) NOT NULL,
  direct_cost numeric(38,4) NOT NULL,
  allocated_cost numeric(38,4) NOT NULL,
  total_cost numeric(38,4) NOT NULL,
  profit numeric(38,4) NOT NULL,
  interactions bigint NOT NULL,
  handle_seconds bigint NOT NULL,
  last_contact_at timestamptz,
  last_contact_kind text COLLATE "C",
  last_contact_channel text COLLATE "C",
  open_cases bigint NOT NULL,
  survey_answers bigint NOT NULL,
  survey_score numeric(38,4) NOT NULL,
  survey_satisfied bigint NOT NULL
) WITH (fillfactor = 70);

COMMENT ON TABLE customer_value IS
'What a customer brought and cost so far, one row a customer or lead with any fact, as of the last refresh.';
COMMENT ON COLUMN customer_value.customer_id IS 'Customer; of merged customers the one that stays.';
COMMENT ON COLUMN customer_value.is_customer IS 'Whether the party counts as a customer: acquired, bought, or bears cost; leads do not.';
COMMENT ON COLUMN customer_value.is_technical IS 'Whether it stands for anonymous traffic (source anon).';
COMMENT ON COLUMN customer_value.channel_code IS 'Channel that brought the party, else that of its campaign; (unknown) where neither tells.';
COMMENT ON COLUMN customer_value.acquired_on IS 'Day of the acquisition; NULL for who has not been acquired by the report day, and for technical customers.';
COMMENT ON COLUMN customer_value.first_ordered_on IS 'Day of the first order; NULL without one.';
COMMENT ON COLUMN customer_value.last_ordered_on IS 'Day of the last order; NULL without one.';
COMMENT ON COLUMN customer_value.order_days IS 'Different days with an order.';
COMMENT ON COLUMN customer_value.orders IS 'Orders.';
COMMENT ON COLUMN customer_value.products IS 'Different products bought.';
COMMENT ON COLUMN customer_value.spend_per_day IS 'Mean revenue of a day with an order after the first; NULL without one.';
COMMENT ON COLUMN customer_value.revenue IS 'Net revenue in base currency.';
COMMENT ON COLUMN customer_value.margin IS 'Revenue less cost of goods, in base currency.';
COMMENT ON COLUMN customer_value.discount IS 'Discounts given, in base currency.';
COMMENT ON COLUMN customer_value.refund IS 'Refunds, zero or negative, in base currency.';
COMMENT ON COLUMN customer_value.acquisition_cost IS 'Direct and allocated cost of bucket acquisition, in base currency.';
COMMENT ON COLUMN customer_value.acquisition_direct_cost IS 'That part of it that is booked on the customer.';
COMMENT ON COLUMN customer_value.retention_cost IS 'Direct and allocated cost of bucket retention, in base currency.';
COMMENT ON COLUMN customer_value.service_cost IS 'Direct and allocated cost of bucket service, in base currency.';
COMMENT ON COLUMN customer_value.churn_cost IS 'Direct and allocated cost of bucket churn, in base currency.';
COMMENT ON COLUMN customer_value.data_cost IS 'Direct and allocated cost of bucket data, in base currency.';
COMMENT ON COLUMN customer_value.training_cost IS 'Direct and allocated cost of bucket training, in base currency.';
COMMENT ON COLUMN customer_value.program_cost IS 'Direct and allocated cost of bucket program, in base currency.';
COMMENT ON COLUMN customer_value.direct_cost IS 'Cost booked on the customer, in base currency.';
COMMENT ON COLUMN customer_value.allocated_cost IS 'Cost that the allocation rules gave the customer, in base currency.';
COMMENT ON COLUMN customer_value.total_cost IS 'Direct and allocated cost, in base currency.';
COMMENT ON COLUMN customer_value.profit IS 'Margin less total cost, in base currency.';
COMMENT ON COLUMN customer_value.interactions IS 'Interactions, those behind a count included.';
COMMENT ON COLUMN customer_value.handle_seconds IS 'Working time of the interactions as measured, in seconds.';
COMMENT ON COLUMN customer_value.last_contact_at IS 'Last contact by us (touch, sales, care); NULL for none.';
COMMENT ON COLUMN customer_value.last_contact_kind IS 'Kind of that contact; NULL for none.';
COMMENT ON COLUMN customer_value.last_contact_channel IS 'Channel of that contact; NULL for none.';
COMMENT ON COLUMN customer_value.open_cases IS 'Cases (tickets, complaints, returns, promises) that are not resolved.';
COMMENT ON COLUMN customer_value.survey_answers IS 'Answers to the survey of satisfaction, csat: scales are not mixed.';
COMMENT ON COLUMN customer_value.survey_score IS 'Sum of their scores.';
COMMENT ON COLUMN customer_value.survey_satisfied IS 'Those of at least satisfied_from of the survey.';
