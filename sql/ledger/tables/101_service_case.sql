-- Computed by refresh; nothing else writes it.  A case is all tickets, complaints and
-- returns of a customer with one source and case_ref; a row without case_ref is a
-- case of its own, also one of kind care for which something was promised (due_at).
CREATE TABLE service_case (
  customer_id bigint NOT NULL,
  source text COLLATE "C" NOT NULL,
  case_ref text COLLATE "C" NOT NULL,
  interaction_id bigint NOT NULL,
  opened_at timestamptz NOT NULL,
  opened_month date NOT NULL,
  kind text COLLATE "C" NOT NULL,
  subtype text,
  phase text COLLATE "C" NOT NULL,
  channel_code text COLLATE "C" NOT NULL,
  product_code text COLLATE "C" NOT NULL,
  team text COLLATE "C" NOT NULL,
  service_level text COLLATE "C" NOT NULL,
  agent_code text COLLATE "C" NOT NULL,
  automated boolean NOT NULL,
  cases bigint NOT NULL,
  contacts bigint NOT NULL,
  steps bigint NOT NULL,
  handle_seconds numeric(38,4) NOT NULL,
  first_response_at timestamptz,
  responded_month date,
  response_seconds numeric(20,6),
  response_open_seconds numeric(20,6),
  response_met boolean,
  due_at timestamptz,
  due_month date,
  due_met boolean,
  closed_at timestamptz,
  closed_month date,
  resolution_seconds numeric(20,6),
  resolution_open_seconds numeric(20,6),
  resolution_met boolean,
  reopenings integer NOT NULL,
  closing_months date[] NOT NULL,
  reopening_months date[] NOT NULL,
  PRIMARY KEY (customer_id, source, case_ref, interaction_id)
);

CREATE INDEX service_case_opened_month ON service_case (opened_month);
CREATE INDEX service_case_responded_month ON service_case (responded_month);
CREATE INDEX service_case_closed_month ON service_case (closed_month);
CREATE INDEX service_case_due_month ON service_case (due_month)
  WHERE due_month IS NOT NULL;
CREATE INDEX service_case_open ON service_case (opened_at)
  WHERE closed_at IS NULL;
CREATE INDEX service_case_reopened ON service_case (reopenings)
  WHERE reopenings > 0;

COMMENT ON TABLE service_case IS
'Cases of service, one row each, as of the last refresh.';
COMMENT ON COLUMN service_case.customer_id IS 'Customer; of merged customers the one that stays.';
COMMENT ON COLUMN service_case.source IS 'System that its rows came from.';
COMMENT ON COLUMN service_case.case_ref IS 'Case in the numbers of its source; empty for a row that is a case of its own.';
COMMENT ON COLUMN service_case.interaction_id IS 'The row that is a case of its own; 0 where case_ref tells.';
COMMENT ON COLUMN service_case.opened_at IS 'When the first of its contacts came.';
COMMENT ON COLUMN service_case.opened_month IS 'First day of the month in which the case counts as opened.';
COMMENT ON COLUMN service_case.kind IS 'Kind of its first contact: ticket, complaint, return, or care for a promise.';
COMMENT ON COLUMN service_case.subtype IS 'Subtype of its first contact; NULL for none.';
COMMENT ON COLUMN service_case.phase IS 'Phase of its first contact; (unknown) for none.';
COMMENT ON COLUMN service_case.channel_code IS 'Channel of its first contact.';
COMMENT ON COLUMN service_case.product_code IS 'Product of its first contact, else of any; (unknown) for none.';
COMMENT ON COLUMN service_case.team IS 'Tag team of its first contact; (unknown) for none.';
COMMENT ON COLUMN service_case.service_level IS 'Tag service_level of its first contact; (unknown) for none.';
COMMENT ON COLUMN service_case.agent_code IS 'Agent of the last row of the case that names one; (unknown) where none does.';
COMMENT ON COLUMN service_case.automated IS 'Whether a machine handled all of it.';
COMMENT ON COLUMN service_case.cases IS 'Cases that the row stands for: 1, or n of a row that is a case of its own.';
COMMENT ON COLUMN service_case.contacts IS 'Tickets, complaints and returns that belong to it.';
COMMENT ON COLUMN service_case.steps IS 'All its rows, those of kind care with its case_ref included.';
COMMENT ON COLUMN service_case.handle_seconds IS 'Working time of all its rows, as measured, else by standard times.';
COMMENT ON COLUMN service_case.first_response_at IS 'When it was first answered, at the latest when it was first resolved; NULL while it was not.';
COMMENT ON COLUMN service_case.responded_month IS 'First day of the month in which the answer counts; NULL without.';
COMMENT ON COLUMN service_case.response_seconds IS 'Seconds from opened_at to the answer; NULL without.';
COMMENT ON COLUMN service_case.response_open_seconds IS 'Those of them in business hours of its team; NULL without an answer, and where the team is never open.';
COMMENT ON COLUMN service_case.response_met IS 'Whether that was within sla_first_response_hours by sla_clock; NULL where it cannot be told.';
COMMENT ON COLUMN service_case.due_at IS 'When it was promised to be done, the last promise counting; NULL without one.';
COMMENT ON COLUMN service_case.due_month IS 'First day of the month in which a promise that is due counts; NULL before.';
COMMENT ON COLUMN service_case.due_met IS 'Whether a promise that is due was kept: the case was closed by then; NULL before.';
COMMENT ON COLUMN service_case.closed_at IS 'When it was resolved and not opened again; NULL while it is open.';
COMMENT ON COLUMN service_case.closed_month IS 'First day of the month in which this counts; NULL while it is open.';
COMMENT ON COLUMN service_case.resolution_seconds IS 'Seconds from opened_at to closed_at; NULL while it is open.';
COMMENT ON COLUMN service_case.resolution_open_seconds IS 'Those of them in business hours of its team; NULL while it is open, and where the team is never open.';
COMMENT ON COLUMN service_case.resolution_met IS 'Whether it was closed by due_at, without one within sla_resolution_hours by sla_clock; NULL while it is open, and where it cannot be told.';
COMMENT ON COLUMN service_case.reopenings IS 'How often it was opened again after it had been resolved.';
COMMENT ON COLUMN service_case.closing_months IS 'First days of the months in which its resolutions count, in their order.';
COMMENT ON COLUMN service_case.reopening_months IS 'First days of the months in which its reopenings count, in their order.';
