-- Who serves customers best: the one place that says who the best agents are, those
-- whose mean score no more than a quarter of the agents exceed.  Equal scores are
-- treated alike.
CREATE VIEW agent_rank WITH (security_invoker = true) AS
SELECT
  agent_code COLLATE "default" AS agent_code, answers AS survey_answers,
  round(score / answers, 4) AS csat_mean,
  rank() OVER (ORDER BY score / answers DESC) AS score_rank,
  rank() OVER (ORDER BY score / answers DESC)
    <= ceil(count(*) OVER () / 4.0) AS is_best,
  (SELECT as_of FROM last_refresh) AS as_of
FROM agent_score
WHERE agent_code <> '(unknown)' AND answers > 0;

COMMENT ON VIEW agent_rank IS
'Agents by what customers answered about them in survey csat, as of the last refresh, one row an agent with any answer.';
COMMENT ON COLUMN agent_rank.agent_code IS 'Agent.';
COMMENT ON COLUMN agent_rank.survey_answers IS 'Answers to survey csat.';
COMMENT ON COLUMN agent_rank.csat_mean IS 'Mean of their scores, 4 decimals.';
COMMENT ON COLUMN agent_rank.score_rank IS 'Place by that mean, 1 the best; equal ones share it.';
COMMENT ON COLUMN agent_rank.is_best IS 'Whether no more than a quarter of the agents have a better mean.';
COMMENT ON COLUMN agent_rank.as_of IS 'Report day of the last refresh.';
