-- Who sells how much at what cost.  Won are the customers whose last contact of
-- kind sales before they were acquired was the agent's.
CREATE VIEW agent_performance WITH (security_invoker = true) AS
SELECT
  month_start, agent_code COLLATE "default" AS agent_code,
  coalesce(w.customers, 0) AS won, coalesce(c.cost, 0) AS cost,
  coalesce(c.acquisition_cost, 0) AS acquisition_cost,
  CASE WHEN coalesce(c.unrated_parts, 0) = 0 AND agent_code <> '(unknown)'
    THEN round(coalesce(c.acquisition_cost, 0) / nullif(w.customers, 0), 4)
  END AS cac,
  w.median_cycle_days, coalesce(m.interactions, 0) AS interactions,
  coalesce(m.handle_seconds, 0) AS handle_seconds,
  coalesce(m.answers, 0) AS survey_answers,
  round(m.score / nullif(m.answers, 0), 4) AS csat_mean,
  round(m.satisfied::numeric / nullif(m.answers, 0), 6) AS csat_rate,
  coalesce(c.unrated_parts, 0) AS unrated_entries,
  (SELECT as_of FROM last_refresh) AS as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM (
  SELECT month_start, code AS agent_code, customers, median_cycle_days
  FROM acquisition_month
  WHERE dimension = '(agent)'
) w
FULL JOIN agent_cost_month c USING (month_start, agent_code)
FULL JOIN agent_month m USING (month_start, agent_code);

COMMENT ON VIEW agent_performance IS
'What each agent won, cost and was told, as of the last refresh, one row a month and agent with any of it.';
COMMENT ON COLUMN agent_performance.month_start IS 'First day of the month in which it counts.';
COMMENT ON COLUMN agent_performance.agent_code IS 'Agent; (unknown) for customers whom no agent is known to have won.';
COMMENT ON COLUMN agent_performance.won IS 'Customers acquired whose last interaction of kind sales, up to the day of the acquisition, was by the agent.';
COMMENT ON COLUMN agent_performance.cost IS 'All cost booked with the agent (agent_code of the entries).';
COMMENT ON COLUMN agent_performance.acquisition_cost IS 'That of bucket acquisition among it.';
COMMENT ON COLUMN agent_performance.cac IS 'Acquisition cost booked with the agent for one customer won, 4 decimals; NULL without customers, with cost that has no rate, and for (unknown).';
COMMENT ON COLUMN agent_performance.median_cycle_days IS 'Median of the days from the first sight of these customers to their acquisition; NULL without any.';
COMMENT ON COLUMN agent_performance.interactions IS 'Contacts that the agent handled (sales, care, tickets, complaints, returns, touches), those behind a count included.';
COMMENT ON COLUMN agent_performance.handle_seconds IS 'Working time as measured, in seconds, that of other interactions included.';
COMMENT ON COLUMN agent_performance.survey_answers IS 'Answers to survey csat about the agent; of a customer and day the last.';
COMMENT ON COLUMN agent_performance.csat_mean IS 'Mean of their scores, 4 decimals; NULL without answers.';
COMMENT ON COLUMN agent_performance.csat_rate IS 'Share of satisfied ones, of at least satisfied_from of the survey, 0..1, 6 decimals; NULL without answers.';
COMMENT ON COLUMN agent_performance.unrated_entries IS 'Acquisition cost entries with the agent that are left out for want of a rate, those of several months once a month.';
COMMENT ON COLUMN agent_performance.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN agent_performance.currency IS 'Base currency, which all money here is in.';
