-- Computed by refresh; nothing else writes it.
CREATE TABLE customer_agent (
  customer_id bigint NOT NULL,
  agent_code text COLLATE "C" NOT NULL,
  interactions bigint NOT NULL,
  automated bigint NOT NULL,
  handle_seconds bigint NOT NULL,
  answers bigint NOT NULL,
  score numeric(38,4) NOT NULL,
  PRIMARY KEY (customer_id, agent_code)
);

COMMENT ON TABLE customer_agent IS
'Who handled the contacts of a customer, one row a customer and agent, as of the last refresh.';
COMMENT ON COLUMN customer_agent.customer_id IS 'Customer.';
COMMENT ON COLUMN customer_agent.agent_code IS 'Agent; (unknown) where the contact names none.';
COMMENT ON COLUMN customer_agent.interactions IS 'Contacts: sales, care, tickets, complaints and returns, and touches that name an agent; those behind a count included.';
COMMENT ON COLUMN customer_agent.automated IS 'Those of them that a machine handled.';
COMMENT ON COLUMN customer_agent.handle_seconds IS 'Working time as measured, in seconds, that of other interactions included.';
COMMENT ON COLUMN customer_agent.answers IS 'Answers to survey csat; of a customer and day the last.';
COMMENT ON COLUMN customer_agent.score IS 'Sum of their scores.';
