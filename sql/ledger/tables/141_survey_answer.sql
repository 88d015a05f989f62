-- Computed by refresh; nothing else writes it.  Of a customer, survey and day the last
-- answer counts, and no answer after the report day.  An asking is not here once the
-- customer has answered within survey.answer_within_days.
CREATE TABLE survey_answer (
  customer_id bigint NOT NULL,
  survey text COLLATE "C" NOT NULL,
  day date NOT NULL,
  own_id bigint NOT NULL,
  month_start date NOT NULL,
  asked_at timestamptz NOT NULL,
  channel_code text COLLATE "C" NOT NULL,
  campaign_code text COLLATE "C" NOT NULL,
  product_code text COLLATE "C" NOT NULL,
  agent_code text COLLATE "C" NOT NULL,
  reason_code text COLLATE "C" NOT NULL,
  answers bigint NOT NULL,
  score numeric(20,4),
  verdict text COLLATE "C",
  complaints bigint NOT NULL,
  complained_on date,
  PRIMARY KEY (customer_id, survey, day, own_id)
);

CREATE INDEX survey_answer_month_start ON survey_answer (month_start);
CREATE INDEX survey_answer_bad ON survey_answer (day) WHERE verdict = 'bad';

COMMENT ON TABLE survey_answer IS
'Customers who were asked, and what they answered, one row a customer, survey and day, as of the last refresh; of technical customers one an interaction.';
COMMENT ON COLUMN survey_answer.customer_id IS 'Customer; of merged ones the one that stays.';
COMMENT ON COLUMN survey_answer.survey IS 'Survey: the subtype of the interaction; csat where it has none.';
COMMENT ON COLUMN survey_answer.day IS 'Day of the answer, or of the asking, in the time zone of the ledger.';
COMMENT ON COLUMN survey_answer.own_id IS 'The interaction, of a technical customer; else 0.';
COMMENT ON COLUMN survey_answer.month_start IS 'First day of the month in which it counts.';
COMMENT ON COLUMN survey_answer.asked_at IS 'Instant of the interaction.';
COMMENT ON COLUMN survey_answer.channel_code IS 'Channel; (unknown) where it is not known.';
COMMENT ON COLUMN survey_answer.campaign_code IS 'Campaign; (unknown) for none.';
COMMENT ON COLUMN survey_answer.product_code IS 'Product that it was about; (unknown) for none.';
COMMENT ON COLUMN survey_answer.agent_code IS 'Agent that it was about; (unknown) for none.';
COMMENT ON COLUMN survey_answer.reason_code IS 'Reason given; (unknown) for none.';
COMMENT ON COLUMN survey_answer.answers IS 'Like answers, or askings, that the row stands for: n of the interaction.';
COMMENT ON COLUMN survey_answer.score IS 'Answer, in the scale of the survey; NULL where there was none.';
COMMENT ON COLUMN survey_answer.verdict IS 'good (satisfied_from of the survey and better), bad (dissatisfied_to and worse) or neutral; NULL without an answer, or a row in survey.';
COMMENT ON COLUMN survey_answer.complaints IS 'Complaints of the customer after the answer, within setting followup_days.';
COMMENT ON COLUMN survey_answer.complained_on IS 'Day of the first of them; NULL for none.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE customer_survey (
  customer_id bigint NOT NULL,
  survey text COLLATE "C" NOT NULL,
  last_asked_on date NOT NULL,
  last_answered_on date,
  last_score numeric(20,4),
  last_verdict text COLLATE "C",
  PRIMARY KEY (customer_id, survey)
);

COMMENT ON TABLE customer_survey IS
'When customers were last asked, and what they said, one row a customer and survey, as of the last refresh; technical customers have none.';
COMMENT ON COLUMN customer_survey.customer_id IS 'Customer; of merged ones the one that stays.';
COMMENT ON COLUMN customer_survey.survey IS 'Survey.';
COMMENT ON COLUMN customer_survey.last_asked_on IS 'Day of the last asking or answer.';
COMMENT ON COLUMN customer_survey.last_answered_on IS 'Day of the last answer; NULL for none.';
COMMENT ON COLUMN customer_survey.last_score IS 'That answer.';
COMMENT ON COLUMN customer_survey.last_verdict IS 'good, bad or neutral; NULL without an answer, or a row in survey.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE survey_due (
  survey text COLLATE "C" NOT NULL,
  scheme text COLLATE "C" NOT NULL,
  tier text COLLATE "C" NOT NULL,
  since_on date NOT NULL,
  customers bigint NOT NULL,
  PRIMARY KEY (survey, scheme, tier, since_on)
);

COMMENT ON TABLE survey_due IS
'For how long customers were not asked, one row a survey with ask_every_days, scheme, tier that holds now and day, as of the last refresh.';
COMMENT ON COLUMN survey_due.survey IS 'Survey.';
COMMENT ON COLUMN survey_due.scheme IS 'Tier scheme; (all) for all customers.';
COMMENT ON COLUMN survey_due.tier IS 'Tier; (all) for all customers.';
COMMENT ON COLUMN survey_due.since_on IS 'Day of the last asking or answer; where there was none, of the acquisition or first order.';
COMMENT ON COLUMN survey_due.customers IS 'Customers of whom it is that day.';
