-- Surveys, and what an answer to them says.  An interaction of kind survey is about
-- the survey that its subtype names, csat where it names none.  The triggers that
-- note changes of interaction refuse an answer outside of the scale; where the scale
-- changes later, answers outside of it count nowhere, and data_quality says so.
CREATE TABLE survey (
  code text PRIMARY KEY
    CONSTRAINT code_is_a_name CHECK (code <> '' AND code NOT LIKE '(%'),
  metric text NOT NULL CONSTRAINT metric_is_known
    CHECK (metric IN ('csat', 'nps', 'ces')),
  scale_from numeric(20,4) NOT NULL
    CONSTRAINT scale_from_is_a_number CHECK (scale_from <> 'NaN'),
  scale_to numeric(20,4) NOT NULL
    CONSTRAINT scale_to_is_a_number CHECK (scale_to <> 'NaN'),
  satisfied_from numeric(20,4) NOT NULL
    CONSTRAINT satisfied_within_the_scale
      CHECK (satisfied_from > scale_from AND satisfied_from <= scale_to),
  dissatisfied_to numeric(20,4)
    CONSTRAINT dissatisfied_below_satisfied
      CHECK (dissatisfied_to >= scale_from
             AND dissatisfied_to < satisfied_from),
  answer_within_days integer NOT NULL DEFAULT 30
    CONSTRAINT answer_within_days_from_0_to_9999
      CHECK (answer_within_days BETWEEN 0 AND 9999),
  ask_every_days integer
    CONSTRAINT ask_every_days_from_1_to_9999
      CHECK (ask_every_days BETWEEN 1 AND 9999),
  name text,
  name_zh text,
  CONSTRAINT nps_is_from_0_to_10
    CHECK (metric <> 'nps'
           OR (scale_from, scale_to, satisfied_from,
               coalesce(dissatisfied_to, 6)) = (0, 10, 9, 6))
);

COMMENT ON TABLE survey IS
'Surveys, one row each; the codes csat and nps are those of which kpi and the reports about agents and tiers speak.';
COMMENT ON COLUMN survey.code IS
'Survey: the subtype of its interactions; those without one are of csat.';
COMMENT ON COLUMN survey.metric IS
'What it measures: csat (satisfaction), nps (net promoter score) or ces (effort).';
COMMENT ON COLUMN survey.scale_from IS
'Lowest answer, the worst one.';
COMMENT ON COLUMN survey.scale_to IS
'Highest answer, the best one.';
COMMENT ON COLUMN survey.satisfied_from IS
'Answers from it on are good: satisfied ones, promoters.';
COMMENT ON COLUMN survey.dissatisfied_to IS
'Answers up to it are bad: dissatisfied ones, detractors; NULL for 6 in an nps, and where no answer is to count as bad.';
COMMENT ON COLUMN survey.answer_within_days IS
'Days within which an answer belongs to the asking before it, which then was answered.';
COMMENT ON COLUMN survey.ask_every_days IS
'Days after which a customer is to be asked again; NULL where there is no such rule.';
COMMENT ON COLUMN survey.name IS
'English name; NULL where the code stands for it.';
COMMENT ON COLUMN survey.name_zh IS
'Chinese name; NULL where there is none.';
