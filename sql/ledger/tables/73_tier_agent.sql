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
COMMENT ON COLUMN tier_agent.interactions IS 'Interactions with customers of the tier that the agent had, those behind a count included.';
COMMENT ON COLUMN tier_agent.automated IS 'Those of them that a machine handled.';
COMMENT ON COLUMN tier_agent.handle_seconds IS 'Their working time as measured, in seconds.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE tier_breach (
  scheme text COLLATE "C" NOT NULL,
  tier text COLLATE "C" NOT NULL,
  sale_lines bigint NOT NULL,
  PRIMARY KEY (scheme, tier)
);

COMMENT ON TABLE tier_breach IS
'Sale lines of the customers of a tier with a greater discount than it allows, one row a scheme and tier of the report day with any; as of the last refresh.';
COMMENT ON COLUMN tier_breach.scheme IS 'Tier scheme.';
COMMENT ON COLUMN tier_breach.tier IS 'Tier that the customers have now.';
COMMENT ON COLUMN tier_breach.sale_lines IS 'Sale lines, as in customer_discount, above discount_rate of the tier.';

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
