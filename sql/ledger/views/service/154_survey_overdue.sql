-- Whom to ask again: those who were not asked for longer than the survey allows.
CREATE VIEW survey_overdue WITH (security_invoker = true) AS
SELECT
  d.customer_id, d.survey, d.since_on, d.last_asked_on, d.last_answered_on,
  d.last_score, d.since_on + d.ask_every_days AS due_on,
  r.as_of - d.since_on - d.ask_every_days AS days_overdue,
  stage.code COLLATE "default" AS stage,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 d.name, d.name_zh, d.survey) AS survey_name,
  r.as_of,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 n.name, n.name_zh, stage.code COLLATE "default")
    AS stage_name
FROM (
  SELECT v.customer_id, s.code AS survey, s.ask_every_days, s.name, s.name_zh,
         l.last_asked_on, l.last_answered_on, l.last_score,
         coalesce(l.last_asked_on, least(v.acquired_on, v.first_ordered_on))
           AS since_on
  FROM customer_value v
  CROSS JOIN survey s
  LEFT JOIN customer_survey l
    ON l.customer_id = v.customer_id AND l.survey = s.code
  WHERE num_nonnulls(v.acquired_on, v.first_ordered_on) > 0
        AND NOT v.is_technical
) d
CROSS JOIN last_refresh r
LEFT JOIN customer_class stage
  ON stage.customer_id = d.customer_id AND stage.dimension = 'stage'
LEFT JOIN stage n ON n.code = stage.code
WHERE d.since_on + d.ask_every_days <= r.as_of;

COMMENT ON VIEW survey_overdue IS
'Customers who are to be asked again, as of the last refresh, one row a customer and survey with ask_every_days that is due.';
COMMENT ON COLUMN survey_overdue.customer_id IS 'Customer.';
COMMENT ON COLUMN survey_overdue.survey IS 'Survey.';
COMMENT ON COLUMN survey_overdue.since_on IS 'Day of the last asking or answer; where there was none, of the acquisition or first order.';
COMMENT ON COLUMN survey_overdue.last_asked_on IS 'Day of the last asking or answer; NULL for none.';
COMMENT ON COLUMN survey_overdue.last_answered_on IS 'Day of the last answer; NULL for none.';
COMMENT ON COLUMN survey_overdue.last_score IS 'That answer.';
COMMENT ON COLUMN survey_overdue.due_on IS 'Day from which the customer is to be asked: ask_every_days of the survey later.';
COMMENT ON COLUMN survey_overdue.days_overdue IS 'Days since then, 0 on the day itself.';
COMMENT ON COLUMN survey_overdue.stage IS 'Stage of the customer: one who has churned need not be asked.';
COMMENT ON COLUMN survey_overdue.survey_name IS 'Name of the survey.';
COMMENT ON COLUMN survey_overdue.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN survey_overdue.stage_name IS 'Name of the stage.';
