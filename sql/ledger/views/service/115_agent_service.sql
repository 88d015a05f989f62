-- What service people do, how well, and what it costs.
CREATE VIEW agent_service WITH (security_invoker = true) AS
SELECT
  month_start, agent_code COLLATE "default" AS agent_code,
  coalesce(c.contacts, 0) AS contacts,
  round(coalesce(c.handle_seconds, 0) / 3600, 6) AS handle_hours,
  round(c.handle_seconds / 60 / nullif(c.contacts, 0), 6)
    AS minutes_per_contact,
  coalesce(c.cost, 0) AS cost,
  round(c.cost / nullif(c.contacts, 0), 4) AS cost_per_contact,
  coalesce(m.responded, 0) AS responded,
  round(m.response_p50 / 3600, 6) AS response_p50_hours,
  round(m.response_p90 / 3600, 6) AS response_p90_hours,
  round(m.response_met::numeric / nullif(m.response_told, 0), 6)
    AS response_sla_rate,
  coalesce(m.closed, 0) AS resolved,
  round(m.resolution_p50 / 3600, 6) AS resolution_p50_hours,
  round(m.resolution_p90 / 3600, 6) AS resolution_p90_hours,
  round(m.resolution_met::numeric / nullif(m.resolution_told, 0), 6)
    AS resolution_sla_rate,
  round(m.first_contact::numeric / nullif(m.closed, 0), 6)
    AS first_contact_rate,
  coalesce(m.reopened, 0) AS reopened,
  coalesce(s.answers, 0) AS survey_answers,
  round(s.score / nullif(s.answers, 0), 4) AS csat_mean,
  round(s.satisfied::numeric / nullif(s.answers, 0), 6) AS csat_rate,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM (SELECT code AS agent_code, k.* FROM service_month k
      WHERE k.dimension = '(agent)') m
FULL JOIN (SELECT code AS agent_code, k.* FROM service_cost_month k
           WHERE k.dimension = '(agent)') c USING (month_start, agent_code)
LEFT JOIN agent_month s USING (month_start, agent_code);

COMMENT ON VIEW agent_service IS
'Work of agents on cases, as of the last refresh, one row a month and agent with any.';
COMMENT ON COLUMN agent_service.month_start IS 'First day of the month in which it counts.';
COMMENT ON COLUMN agent_service.agent_code IS 'Agent; (unknown) for none. Of a case it is the last one who worked on it.';
COMMENT ON COLUMN agent_service.contacts IS 'Tickets, complaints and returns that the agent handled, those behind a count included.';
COMMENT ON COLUMN agent_service.handle_hours IS 'Working time as measured, else by standard times, in hours, 6 decimals.';
COMMENT ON COLUMN agent_service.minutes_per_contact IS 'Working time for one contact, in minutes, 6 decimals; NULL without contacts.';
COMMENT ON COLUMN agent_service.cost IS 'Cost of service that this work bears, as in service_cost.';
COMMENT ON COLUMN agent_service.cost_per_contact IS 'That for one contact, 4 decimals; NULL without contacts.';
COMMENT ON COLUMN agent_service.responded IS 'Cases first answered in the month.';
COMMENT ON COLUMN agent_service.response_p50_hours IS 'Hours to the answer that half of them took at most, 6 decimals; NULL without any.';
COMMENT ON COLUMN agent_service.response_p90_hours IS 'The same for nine in ten.';
COMMENT ON COLUMN agent_service.response_sla_rate IS 'Share of them that were answered in time, 0..1, 6 decimals; NULL without any.';
COMMENT ON COLUMN agent_service.resolved IS 'Cases resolved in the month that were not opened again.';
COMMENT ON COLUMN agent_service.resolution_p50_hours IS 'Hours to the resolution that half of them took at most, 6 decimals; NULL without any.';
COMMENT ON COLUMN agent_service.resolution_p90_hours IS 'The same for nine in ten.';
COMMENT ON COLUMN agent_service.resolution_sla_rate IS 'Share of them that were resolved in time, 0..1, 6 decimals; NULL without any.';
COMMENT ON COLUMN agent_service.first_contact_rate IS 'Share of them that took one contact alone, 0..1, 6 decimals; NULL without any.';
COMMENT ON COLUMN agent_service.reopened IS 'Cases opened again in the month.';
COMMENT ON COLUMN agent_service.survey_answers IS 'Answers to survey csat about the agent; of a customer and day the last.';
COMMENT ON COLUMN agent_service.csat_mean IS 'Mean of their scores, 4 decimals; NULL without answers.';
COMMENT ON COLUMN agent_service.csat_rate IS 'Share of satisfied ones, 0..1, 6 decimals; NULL without answers.';
COMMENT ON COLUMN agent_service.currency IS 'Base currency, which all money here is in.';
