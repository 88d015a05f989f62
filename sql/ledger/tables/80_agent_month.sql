-- Computed by refresh; nothing else writes it.
CREATE TABLE agent_month (
  month_start date NOT NULL,
  agent_code text COLLATE "C" NOT NULL,
  interactions bigint NOT NULL,
  handle_seconds bigint NOT NULL,
  answers bigint NOT NULL,
  score numeric(38,4) NOT NULL,
  satisfied bigint NOT NULL,
  PRIMARY KEY (month_start, agent_code)
);

COMMENT ON TABLE agent_month IS
'What an agent did in a month, and what customers said about it in survey csat, one row a month and agent, as of the last refresh.';
COMMENT ON COLUMN agent_month.month_start IS 'First day of the month in which it counts.';
COMMENT ON COLUMN agent_month.agent_code IS 'Agent.';
COMMENT ON COLUMN agent_month.interactions IS 'Contacts (sales, care, tickets, complaints, returns, touches), those behind a count included.';
COMMENT ON COLUMN agent_month.handle_seconds IS 'Working time as measured, in seconds, that of other interactions included.';
COMMENT ON COLUMN agent_month.answers IS 'Answers to survey csat; of a customer and day the last.';
COMMENT ON COLUMN agent_month.score IS 'Sum of their scores.';
COMMENT ON COLUMN agent_month.satisfied IS 'Those of at least satisfied_from of the survey.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE agent_cost_month (
  month_start date NOT NULL,
  agent_code text COLLATE "C" NOT NULL,
  cost numeric(38,4) NOT NULL,
  acquisition_cost numeric(38,4) NOT NULL,
  unrated_parts bigint NOT NULL,
  PRIMARY KEY (month_start, agent_code)
);

COMMENT ON TABLE agent_cost_month IS
'What agents cost in a month, one row a month and agent that cost entries name, as of the last refresh.';
COMMENT ON COLUMN agent_cost_month.month_start IS 'First day of the month in which it counts.';
COMMENT ON COLUMN agent_cost_month.agent_code IS 'Agent of the cost entries.';
COMMENT ON COLUMN agent_cost_month.cost IS 'Their cost, in base currency; entries without a rate are left out.';
COMMENT ON COLUMN agent_cost_month.acquisition_cost IS 'That of bucket acquisition among it.';
COMMENT ON COLUMN agent_cost_month.unrated_parts IS 'Entries of bucket acquisition that are left out for want of a rate, those of several months once a month.';
