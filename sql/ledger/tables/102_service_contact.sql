-- Computed by refresh; nothing else writes it.
CREATE TABLE service_contact (
  customer_id bigint NOT NULL,
  month_start date NOT NULL,
  kind text COLLATE "C" NOT NULL,
  channel_code text COLLATE "C" NOT NULL,
  product_code text COLLATE "C" NOT NULL,
  team text COLLATE "C" NOT NULL,
  service_level text COLLATE "C" NOT NULL,
  agent_code text COLLATE "C" NOT NULL,
  automated boolean NOT NULL,
  contacts bigint NOT NULL,
  handle_seconds numeric(38,4) NOT NULL,
  PRIMARY KEY (customer_id, month_start, kind, channel_code, product_code, team, service_level, agent_code, automated)
);

CREATE INDEX service_contact_month_start ON service_contact (month_start);

COMMENT ON TABLE service_contact IS
'Work on the cases of a customer in a month, one row a customer, month, kind, channel, product, team, service level, agent and whether a machine did it; as of the last refresh.';
COMMENT ON COLUMN service_contact.customer_id IS 'Customer; of merged customers the one that stays.';
COMMENT ON COLUMN service_contact.month_start IS 'First day of the month in which it counts.';
COMMENT ON COLUMN service_contact.kind IS 'ticket, complaint or return; care for steps of a case and for promises.';
COMMENT ON COLUMN service_contact.channel_code IS 'Channel, else that of the campaign; (unknown) for none.';
COMMENT ON COLUMN service_contact.product_code IS 'Product; (unknown) for none.';
COMMENT ON COLUMN service_contact.team IS 'Tag team; (unknown) for none.';
COMMENT ON COLUMN service_contact.service_level IS 'Tag service_level; (unknown) for none.';
COMMENT ON COLUMN service_contact.agent_code IS 'Agent; (unknown) for none.';
COMMENT ON COLUMN service_contact.automated IS 'Whether a machine did it.';
COMMENT ON COLUMN service_contact.contacts IS 'Tickets, complaints and returns, those behind a count included; steps of kind care are none.';
COMMENT ON COLUMN service_contact.handle_seconds IS 'Working time as measured, else by standard times.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE customer_care (
  customer_id bigint NOT NULL,
  month_start date NOT NULL,
  phase text COLLATE "C" NOT NULL,
  contacts bigint NOT NULL,
  handle_seconds numeric(38,4) NOT NULL,
  converted bigint NOT NULL,
  repeated bigint NOT NULL,
  PRIMARY KEY (customer_id, month_start, phase)
);

CREATE INDEX customer_care_month_start ON customer_care (month_start);

COMMENT ON TABLE customer_care IS
'Contacts of kind care with a customer in a month, one row a customer, month and phase; as of the last refresh.';
COMMENT ON COLUMN customer_care.customer_id IS 'Customer; of merged customers the one that stays.';
COMMENT ON COLUMN customer_care.month_start IS 'First day of the month in which it counts.';
COMMENT ON COLUMN customer_care.phase IS 'pre, during or post; (unknown) for none.';
COMMENT ON COLUMN customer_care.contacts IS 'Contacts of kind care, those behind a count included.';
COMMENT ON COLUMN customer_care.handle_seconds IS 'Working time as measured, else by standard times.';
COMMENT ON COLUMN customer_care.converted IS 'Those of them after which the customer placed his first order within response_window_days.';
COMMENT ON COLUMN customer_care.repeated IS 'Those of them after which the customer ordered once more within response_window_days.';
