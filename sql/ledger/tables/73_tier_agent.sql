-- Computed by refresh; nothing else writes it.
CREATE TABLE tier_agent (
  scheme text COLLATE "C" NOT NULL,
  tier text COLLATE "C" NOT NULL,
  agent_code text COLLATE "C" NOT NULL,
  customers bigint NOT NULL,
  interactions bigint NOT NULL,
  automated bigint NOT NULL,
  handle_seconds bigint NOT NULL,
  PRIMARY KEY (scheme, tier, agent_code)
);

COMMENT ON TABLE tier_agent IS
'Who looks after the customers of a tier, one row a scheme, tier of the report day and agent; as of the last refresh.';
COMMENT ON COLUMN tier_agent.scheme IS 'Tier scheme.';
COMMENT ON COLUMN tier_agent.tier IS 'Tier that the customers have now.';
COMMENT ON COLUMN tier_agent.agent_code IS 'Agent; (unknown) for none.';
COMMENT ON COLUMN tier_agent.customers IS 'Customers of whom the agent is the owner.';
COMMENT ON COLUMN tier_agent.interactions IS 'Contacts with customers of the tier that the agent handled (sales, care, tickets, complaints and returns, and touches that name an agent), those behind a count included.';
COMMENT ON COLUMN tier_agent.automated IS 'Those of them that a machine handled.';
COMMENT ON COLUMN tier_agent.handle_seconds IS 'Working time as measured, in seconds, that of other interactions included.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE tier_contact (
  scheme text COLLATE "C" NOT NULL,
  tier text COLLATE "C" NOT NULL,
  contacted_on date NOT NULL,
  customers bigint NOT NULL,
  PRIMARY KEY (scheme, tier, contacted_on)
);

COMMENT ON TABLE tier_contact IS
'When we were last in touch with the customers of a tier, one row a scheme, tier of the report day and day; as of the last refresh.';
COMMENT ON COLUMN tier_contact.scheme IS 'Tier scheme.';
COMMENT ON COLUMN tier_contact.tier IS 'Tier that the customers have now.';
COMMENT ON COLUMN tier_contact.contacted_on IS 'Day of the last contact; of who never had one, since when the tier holds.';
COMMENT ON COLUMN tier_contact.customers IS 'Customers of whom that is the day.';

-- Computed by refresh; nothing else writes it.  A limit that changes holds with the
-- next refresh.
CREATE TABLE tier_breach (
  scheme text COLLATE "C" NOT NULL,
  tier text COLLATE "C" NOT NULL,
  discount_limit numeric(5,4) NOT NULL,
  customers bigint NOT NULL,
  discounts bigint NOT NULL,
  sale_lines bigint NOT NULL,
  PRIMARY KEY (scheme, tier, discount_limit)
);

COMMENT ON TABLE tier_breach IS
'Discounts of the customers of a tier that are greater than it allows, one row a scheme and tier of the report day with any; as of the last refresh.';
COMMENT ON COLUMN tier_breach.scheme IS 'Tier scheme.';
COMMENT ON COLUMN tier_breach.tier IS 'Tier that the customers have now.';
COMMENT ON COLUMN tier_breach.discount_limit IS 'Greatest rate that the tier allowed when it was refreshed.';
COMMENT ON COLUMN tier_breach.customers IS 'Customers who were given more.';
COMMENT ON COLUMN tier_breach.discounts IS 'Rows of discount_line above it.';
COMMENT ON COLUMN tier_breach.sale_lines IS 'Sale lines of these.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE agent_score (
  agent_code text COLLATE "C" NOT NULL PRIMARY KEY,
  answers bigint NOT NULL,
  score numeric(38,4) NOT NULL
);

COMMENT ON TABLE agent_score IS
'What customers answered about an agent in survey csat, one row an agent with any answer; as of the last refresh.';
COMMENT ON COLUMN agent_score.agent_code IS 'Agent; (unknown) for none.';
COMMENT ON COLUMN agent_score.answers IS 'Answers.';
COMMENT ON COLUMN agent_score.score IS 'Sum of their scores.';
