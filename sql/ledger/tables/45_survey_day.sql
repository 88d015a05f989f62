-- Computed by refresh from survey_answer; nothing else writes it.
CREATE TABLE survey_day (
  day date NOT NULL,
  survey text COLLATE "C" NOT NULL,
  channel_code text COLLATE "C" NOT NULL,
  campaign_code text COLLATE "C" NOT NULL,
  asked bigint NOT NULL,
  answers bigint NOT NULL,
  score numeric(38,4) NOT NULL,
  satisfied bigint NOT NULL,
  promoters bigint NOT NULL,
  detractors bigint NOT NULL,
  PRIMARY KEY (day, survey, channel_code, campaign_code)
);

COMMENT ON TABLE survey_day IS
'Answers to surveys summed up, one row a day, survey (subtype), channel and campaign, as of the last refresh.';
COMMENT ON COLUMN survey_day.day IS 'Day in the time zone of the ledger.';
COMMENT ON COLUMN survey_day.survey IS 'Survey: the subtype of the interaction; csat where it has none.';
COMMENT ON COLUMN survey_day.channel_code IS 'Channel of the answer; (unknown) where it is not known.';
COMMENT ON COLUMN survey_day.campaign_code IS 'Campaign; (unknown) for none.';
COMMENT ON COLUMN survey_day.asked IS 'Askings, answered or not.';
COMMENT ON COLUMN survey_day.answers IS 'Answers.';
COMMENT ON COLUMN survey_day.score IS 'Sum of the scores.';
COMMENT ON COLUMN survey_day.satisfied IS 'Good answers: of at least satisfied_from of the survey; 0 for those of metric nps, and without a row in survey.';
COMMENT ON COLUMN survey_day.promoters IS 'Answers from 9 to surveys of metric nps; 0 for others.';
COMMENT ON COLUMN survey_day.detractors IS 'Answers up to 6 to surveys of metric nps; 0 for others.';
