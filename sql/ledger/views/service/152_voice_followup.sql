-- What came after a bad answer: the complaint, the cost, the churn.  Cost is that to
-- serve, all but acquisition and program, of the month of the answer and the two
-- after it.
CREATE VIEW voice_followup WITH (security_invoker = true) AS
SELECT
  a.customer_id, a.survey COLLATE "default" AS survey,
  a.day AS answered_on, a.score, a.answers,
  a.reason_code COLLATE "default" AS reason_code,
  a.product_code COLLATE "default" AS product_code,
  a.channel_code COLLATE "default" AS channel_code,
  nullif(a.agent_code, '(unknown)') COLLATE "default" AS agent_code,
  a.complaints, a.complained_on,
  a.complained_on - a.day AS days_to_complaint,
  c.cost AS cost_after, c.margin AS margin_after,
  (k.entered_at AT TIME ZONE z.value)::date AS churned_on,
  (k.entered_at AT TIME ZONE z.value)::date - a.day AS days_to_churn,
  stage.code COLLATE "default" AS stage,
  l.last_score,
  a.day + f.value::integer <= r.as_of
    AND (a.month_start + interval '3 months')::date - 1 <= r.as_of AS complete,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 s.name, s.name_zh,
                 a.survey COLLATE "default") AS survey_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 n.name, n.name_zh,
                 a.reason_code COLLATE "default") AS reason_name,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency, r.as_of,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 p.name, p.name_zh, a.product_code COLLATE "default")
    AS product_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh, a.channel_code COLLATE "default")
    AS channel_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 g.name, g.name_zh, stage.code COLLATE "default")
    AS stage_name
FROM survey_answer a
CROSS JOIN last_refresh r
JOIN setting z ON z.key = 'timezone'
JOIN setting f ON f.key = 'followup_days'
CROSS JOIN LATERAL (
  SELECT coalesce(sum(m.direct_cost + m.allocated_cost
                      - m.acquisition_direct_cost
                      - m.acquisition_allocated_cost - m.program_direct_cost
                      - m.program_allocated_cost), 0) AS cost,
         coalesce(sum(m.margin), 0) AS margin
  FROM customer_month m
  WHERE m.customer_id = a.customer_id AND m.month_start >= a.month_start
        AND m.month_start < a.month_start + interval '3 months') c
LEFT JOIN LATERAL (
  SELECT min(h.entered_at) AS entered_at
  FROM classification h
  WHERE h.customer_id = a.customer_id AND h.dimension = 'stage'
        AND h.code = 'churned' AND h.entered_at > a.asked_at
        AND h.entered_at <= r.as_of_at) k ON true
LEFT JOIN customer_class stage
  ON stage.customer_id = a.customer_id AND stage.dimension = 'stage'
LEFT JOIN customer_survey l
  ON l.customer_id = a.customer_id AND l.survey = a.survey
LEFT JOIN survey s ON s.code = a.survey
LEFT JOIN reason n ON n.code = a.reason_code
LEFT JOIN product p ON p.code = a.product_code
LEFT JOIN channel h ON h.code = a.channel_code
LEFT JOIN stage g ON g.code = stage.code
WHERE a.verdict = 'bad' AND a.own_id = 0;

COMMENT ON VIEW voice_followup IS
'What came after each bad answer to a survey, as of the last refresh, one row a customer, survey and day with one; technical customers have none.';
COMMENT ON COLUMN voice_followup.customer_id IS 'Customer.';
COMMENT ON COLUMN voice_followup.survey IS 'Survey.';
COMMENT ON COLUMN voice_followup.answered_on IS 'Day of the answer.';
COMMENT ON COLUMN voice_followup.score IS 'Answer, in the scale of the survey.';
COMMENT ON COLUMN voice_followup.answers IS 'Like answers that the row stands for.';
COMMENT ON COLUMN voice_followup.reason_code IS 'Reason given; (unknown) for none.';
COMMENT ON COLUMN voice_followup.product_code IS 'Product that it was about; (unknown) for none.';
COMMENT ON COLUMN voice_followup.channel_code IS 'Channel of the answer; (unknown) where it is not known.';
COMMENT ON COLUMN voice_followup.agent_code IS 'Agent that it was about; NULL for none.';
COMMENT ON COLUMN voice_followup.complaints IS 'Complaints after the answer, within setting followup_days.';
COMMENT ON COLUMN voice_followup.complained_on IS 'Day of the first of them; NULL for none.';
COMMENT ON COLUMN voice_followup.days_to_complaint IS 'Days from the answer to it.';
COMMENT ON COLUMN voice_followup.cost_after IS 'Cost to serve (all but acquisition and program) of the month of the answer and the two after it.';
COMMENT ON COLUMN voice_followup.margin_after IS 'Margin of these months.';
COMMENT ON COLUMN voice_followup.churned_on IS 'Day on which the customer churned after the answer, the first time; NULL when he has not.';
COMMENT ON COLUMN voice_followup.days_to_churn IS 'Days from the answer to it.';
COMMENT ON COLUMN voice_followup.stage IS 'Stage of the customer now.';
COMMENT ON COLUMN voice_followup.last_score IS 'His last answer to the survey, up to now.';
COMMENT ON COLUMN voice_followup.complete IS 'Whether the days of complaints and the months of cost are over.';
COMMENT ON COLUMN voice_followup.survey_name IS 'Name of the survey.';
COMMENT ON COLUMN voice_followup.reason_name IS 'Name of the reason.';
COMMENT ON COLUMN voice_followup.currency IS 'Base currency, which all money here is in.';
COMMENT ON COLUMN voice_followup.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN voice_followup.product_name IS 'Name of the product.';
COMMENT ON COLUMN voice_followup.channel_name IS 'Name of the channel.';
COMMENT ON COLUMN voice_followup.stage_name IS 'Name of the stage.';
