-- Computed by refresh; nothing else writes it.  Of a customer, survey and day the last answer
-- counts, and no answer after the report day.
CREATE TABLE survey_day (
  day date NOT NULL,
  survey text COLLATE "C" NOT NULL,
  channel_code text COLLATE "C" NOT NULL,
  campaign_code text COLLATE "C" NOT NULL,
  answers bigint NOT NULL,
  score numeric(38,4) NOT NULL,
  satisfied bigint NOT NULL,
  promoters bigint NOT NULL,
  detractors bigint NOT NULL,
  PRIMARY KEY (day, survey, channel_code, campaign_code)
);

COMMENT ON TABLE survey_day IS
'Answers to surveys, one row a day, survey (subtype), channel and campaign, as of the last refresh.';
COMMENT ON COLUMN survey_day.day IS 'Day in the time zone of the ledger.';
COMMENT ON COLUMN survey_day.survey IS 'Survey: the subtype of the interaction; csat where it has none.';
COMMENT ON COLUMN survey_day.channel_code IS 'Channel of the answer; (unknown) where it is not known.';
COMMENT ON COLUMN survey_day.campaign_code IS 'Campaign; (unknown) for none.';
COMMENT ON COLUMN survey_day.answers IS 'Answers with a score; of nps those from 0 to 10.';
COMMENT ON COLUMN survey_day.score IS 'Sum of the scores.';
COMMENT ON COLUMN survey_day.satisfied IS 'Answers of at least setting csat_satisfied_from; 0 for nps.';
COMMENT ON COLUMN survey_day.promoters IS 'Answers of nps from 9; 0 for other surveys.';
COMMENT ON COLUMN survey_day.detractors IS 'Answers of nps up to 6; 0 for other surveys.';
