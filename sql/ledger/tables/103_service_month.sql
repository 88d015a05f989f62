-- Computed by refresh; nothing else writes it.  Rows of a closed month stay as they were.
-- dimension is (all), (channel), (product), (team), (service_level), (kind), (agent),
-- (phase), or a tier scheme: then code is the tier at the end of the month.
CREATE TABLE service_month (
  month_start date NOT NULL,
  dimension text COLLATE "C" NOT NULL,
  code text COLLATE "C" NOT NULL,
  opened bigint NOT NULL,
  responded bigint NOT NULL,
  response_told bigint NOT NULL,
  response_met bigint NOT NULL,
  response_seconds numeric(38,6) NOT NULL,
  response_p50 numeric(20,6),
  response_p90 numeric(20,6),
  response_p95 numeric(20,6),
  response_open_p50 numeric(20,6),
  response_open_p90 numeric(20,6),
  response_open_p95 numeric(20,6),
  closed bigint NOT NULL,
  resolution_told bigint NOT NULL,
  resolution_met bigint NOT NULL,
  resolution_p50 numeric(20,6),
  resolution_p90 numeric(20,6),
  resolution_p95 numeric(20,6),
  resolution_open_p50 numeric(20,6),
  resolution_open_p90 numeric(20,6),
  resolution_open_p95 numeric(20,6),
  first_contact bigint NOT NULL,
  resolutions bigint NOT NULL,
  reopened bigint NOT NULL,
  due bigint NOT NULL,
  due_met bigint NOT NULL,
  PRIMARY KEY (month_start, dimension, code)
);

COMMENT ON TABLE service_month IS
'What became of cases in a month, one row a month, dimension and code, as of the last refresh.';
COMMENT ON COLUMN service_month.month_start IS 'First day of the month in which it counts.';
COMMENT ON COLUMN service_month.dimension IS '(all), (channel), (product), (team), (service_level), (kind), (agent), (phase), or a tier scheme.';
COMMENT ON COLUMN service_month.code IS 'Channel, product and so on of the case; (all) for dimension (all), (unknown) for none.';
COMMENT ON COLUMN service_month.opened IS 'Cases opened.';
COMMENT ON COLUMN service_month.responded IS 'Cases first answered.';
COMMENT ON COLUMN service_month.response_told IS 'Those of them of which it can be told whether that was in time.';
COMMENT ON COLUMN service_month.response_met IS 'Those of them that were answered in time.';
COMMENT ON COLUMN service_month.response_seconds IS 'Sum of their seconds to the answer.';
COMMENT ON COLUMN service_month.response_p50 IS 'Seconds to the answer that half of them took at most; NULL without any.';
COMMENT ON COLUMN service_month.response_p90 IS 'The same for nine in ten.';
COMMENT ON COLUMN service_month.response_p95 IS 'The same for 19 in 20.';
COMMENT ON COLUMN service_month.response_open_p50 IS 'response_p50 in business hours; NULL where no team is ever open.';
COMMENT ON COLUMN service_month.response_open_p90 IS 'The same for nine in ten.';
COMMENT ON COLUMN service_month.response_open_p95 IS 'The same for 19 in 20.';
COMMENT ON COLUMN service_month.closed IS 'Cases resolved that were not opened again.';
COMMENT ON COLUMN service_month.resolution_told IS 'Those of them of which it can be told whether that was in time.';
COMMENT ON COLUMN service_month.resolution_met IS 'Those of them that were resolved in time.';
COMMENT ON COLUMN service_month.resolution_p50 IS 'Seconds from the opening to the resolution that half of them took at most; NULL without any.';
COMMENT ON COLUMN service_month.resolution_p90 IS 'The same for nine in ten.';
COMMENT ON COLUMN service_month.resolution_p95 IS 'The same for 19 in 20.';
COMMENT ON COLUMN service_month.resolution_open_p50 IS 'resolution_p50 in business hours; NULL where no team is ever open.';
COMMENT ON COLUMN service_month.resolution_open_p90 IS 'The same for nine in ten.';
COMMENT ON COLUMN service_month.resolution_open_p95 IS 'The same for 19 in 20.';
COMMENT ON COLUMN service_month.first_contact IS 'Cases of closed with one contact alone.';
COMMENT ON COLUMN service_month.resolutions IS 'All resolutions, those after which a case was opened again included.';
COMMENT ON COLUMN service_month.reopened IS 'Reopenings.';
COMMENT ON COLUMN service_month.due IS 'Cases for which something was promised that was due in the month.';
COMMENT ON COLUMN service_month.due_met IS 'Those of them that were closed by then.';

-- Computed by refresh; nothing else writes it.  Rows of a closed month stay as they were.
-- Over the codes of a dimension cost is that of (all).
CREATE TABLE service_cost_month (
  month_start date NOT NULL,
  dimension text COLLATE "C" NOT NULL,
  code text COLLATE "C" NOT NULL,
  contacts bigint NOT NULL,
  automated_contacts bigint NOT NULL,
  handle_seconds numeric(38,4) NOT NULL,
  cost numeric(38,4) NOT NULL,
  automated_cost numeric(38,4) NOT NULL,
  idle_cost numeric(38,4) NOT NULL,
  PRIMARY KEY (month_start, dimension, code)
);

COMMENT ON TABLE service_cost_month IS
'What work on cases cost in a month, one row a month, dimension and code, as of the last refresh.';
COMMENT ON COLUMN service_cost_month.month_start IS 'First day of the month in which it counts.';
COMMENT ON COLUMN service_cost_month.dimension IS '(all), (channel), (product), (team), (service_level), (kind), (agent), or a tier scheme.';
COMMENT ON COLUMN service_cost_month.code IS 'Channel, product and so on of the contact; (all) for dimension (all), (unknown) for none.';
COMMENT ON COLUMN service_cost_month.contacts IS 'Tickets, complaints and returns, those behind a count included.';
COMMENT ON COLUMN service_cost_month.automated_contacts IS 'Those of them that a machine handled.';
COMMENT ON COLUMN service_cost_month.handle_seconds IS 'Working time as measured, else by standard times.';
COMMENT ON COLUMN service_cost_month.cost IS 'Cost of service (bucket service without svc.order, and ret.care), in base currency.';
COMMENT ON COLUMN service_cost_month.automated_cost IS 'That of what a machine handled.';
COMMENT ON COLUMN service_cost_month.idle_cost IS 'That which no contact bears: nobody came by the channel or with the product that it was booked with.';

-- Computed by refresh; nothing else writes it.  Rows of a closed month stay as they were.
CREATE TABLE product_case_month (
  month_start date NOT NULL,
  product_code text COLLATE "C" NOT NULL,
  complaints bigint NOT NULL,
  returns bigint NOT NULL,
  complaint_cost numeric(38,4) NOT NULL,
  return_cost numeric(38,4) NOT NULL,
  PRIMARY KEY (month_start, product_code)
);

COMMENT ON TABLE product_case_month IS
'Complaints about a product and returns of it in a month, one row a month and product, as of the last refresh.';
COMMENT ON COLUMN product_case_month.month_start IS 'First day of the month in which it counts.';
COMMENT ON COLUMN product_case_month.product_code IS 'Product; (unknown) for none.';
COMMENT ON COLUMN product_case_month.complaints IS 'Complaints, those behind a count included.';
COMMENT ON COLUMN product_case_month.returns IS 'Returns, those behind a count included.';
COMMENT ON COLUMN product_case_month.complaint_cost IS 'What work on complaints cost, in base currency.';
COMMENT ON COLUMN product_case_month.return_cost IS 'What work on returns cost, in base currency.';

-- Computed by refresh; nothing else writes it.  Rows of a closed month stay as they were.
CREATE TABLE product_sold_month (
  month_start date NOT NULL,
  product_code text COLLATE "C" NOT NULL,
  quantity numeric(38,6) NOT NULL,
  refund numeric(38,4) NOT NULL,
  PRIMARY KEY (month_start, product_code)
);

COMMENT ON TABLE product_sold_month IS
'What was sold of a product in a month before refunds, one row a month and product, as of the last refresh.';
COMMENT ON COLUMN product_sold_month.month_start IS 'First day of the month in which it counts.';
COMMENT ON COLUMN product_sold_month.product_code IS 'Product; (unknown) for none.';
COMMENT ON COLUMN product_sold_month.quantity IS 'Quantity, corrections taken off, refunds not.';
COMMENT ON COLUMN product_sold_month.refund IS 'Refunds, zero or negative, in base currency.';

-- Computed by refresh; nothing else writes it.  Rows of a closed month stay as they were.
CREATE TABLE care_month (
  month_start date NOT NULL,
  phase text COLLATE "C" NOT NULL,
  customers bigint NOT NULL,
  contacts bigint NOT NULL,
  handle_seconds numeric(38,4) NOT NULL,
  converted bigint NOT NULL,
  repeated bigint NOT NULL,
  cost numeric(38,4) NOT NULL,
  PRIMARY KEY (month_start, phase)
);

COMMENT ON TABLE care_month IS
'Care before, during and after the purchase in a month, one row a month and phase, as of the last refresh.';
COMMENT ON COLUMN care_month.month_start IS 'First day of the month in which it counts.';
COMMENT ON COLUMN care_month.phase IS 'pre, during or post; (unknown) for none.';
COMMENT ON COLUMN care_month.customers IS 'Customers who were cared for.';
COMMENT ON COLUMN care_month.contacts IS 'Contacts of kind care, those behind a count included.';
COMMENT ON COLUMN care_month.handle_seconds IS 'Working time as measured, else by standard times.';
COMMENT ON COLUMN care_month.converted IS 'Those of them after which the customer placed his first order within response_window_days.';
COMMENT ON COLUMN care_month.repeated IS 'Those of them after which the customer ordered once more within response_window_days.';
COMMENT ON COLUMN care_month.cost IS 'Cost of regular communication (ret.contact and below), in base currency, shared by contacts.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE case_backlog (
  dimension text COLLATE "C" NOT NULL,
  code text COLLATE "C" NOT NULL,
  open_cases bigint NOT NULL,
  unanswered bigint NOT NULL,
  overdue bigint NOT NULL,
  to_1_day bigint NOT NULL,
  to_7_days bigint NOT NULL,
  to_30_days bigint NOT NULL,
  over_30_days bigint NOT NULL,
  old_cases bigint NOT NULL,
  oldest_opened_at timestamptz NOT NULL,
  PRIMARY KEY (dimension, code)
);

COMMENT ON TABLE case_backlog IS
'Cases that are open on the report day, by age, one row a dimension and code with any; as of the last refresh.';
COMMENT ON COLUMN case_backlog.dimension IS 'As in service_month, but no phase and no tier scheme.';
COMMENT ON COLUMN case_backlog.code IS 'Channel, product and so on of the case.';
COMMENT ON COLUMN case_backlog.open_cases IS 'Open cases.';
COMMENT ON COLUMN case_backlog.unanswered IS 'Those that nobody has answered.';
COMMENT ON COLUMN case_backlog.overdue IS 'Those for which something was promised that is past.';
COMMENT ON COLUMN case_backlog.to_1_day IS 'Those of at most 24 hours.';
COMMENT ON COLUMN case_backlog.to_7_days IS 'Those of more than that and at most 7 times 24 hours.';
COMMENT ON COLUMN case_backlog.to_30_days IS 'Those of more than that and at most 30 times 24 hours.';
COMMENT ON COLUMN case_backlog.over_30_days IS 'Those of more than that.';
COMMENT ON COLUMN case_backlog.old_cases IS 'Those of more than sla_open_days times 24 hours.';
COMMENT ON COLUMN case_backlog.oldest_opened_at IS 'When the oldest was opened.';
