-- From which stage to which, by month.
CREATE VIEW stage_flow WITH (security_invoker = true) AS
SELECT
  f.month_start, f.stage_from COLLATE "default" AS stage_from,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 a.name, a.name_zh,
                 f.stage_from COLLATE "default") AS stage_from_name,
  f.stage_to COLLATE "default" AS stage_to,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 b.name, b.name_zh,
                 f.stage_to COLLATE "default") AS stage_to_name,
  f.transitions,
  round(f.transitions / sum(f.transitions) OVER origin, 6)
    AS transition_share,
  f.median_days,
  CASE WHEN f.stage_from = '(new)' THEN coalesce(b.may_begin, false)
    ELSE p.from_stage IS NOT NULL END AS is_legal
FROM stage_flow_month f
LEFT JOIN stage a ON a.code = f.stage_from
LEFT JOIN stage b ON b.code = f.stage_to
LEFT JOIN stage_step p
  ON p.from_stage = f.stage_from AND p.to_stage = f.stage_to
WINDOW origin AS (PARTITION BY f.month_start, f.stage_from);

COMMENT ON VIEW stage_flow IS
'Steps from stage to stage, one row a month and pair of stages.';
COMMENT ON COLUMN stage_flow.month_start IS
'First day of the month of the step.';
COMMENT ON COLUMN stage_flow.stage_from IS
'Stage before; (new) for the first of a life.';
COMMENT ON COLUMN stage_flow.stage_from_name IS
'Its name in the language of the ledger.';
COMMENT ON COLUMN stage_flow.stage_to IS
'Stage after.';
COMMENT ON COLUMN stage_flow.stage_to_name IS
'Its name in the language of the ledger.';
COMMENT ON COLUMN stage_flow.transitions IS
'Steps.';
COMMENT ON COLUMN stage_flow.transition_share IS
'Part of all steps from the stage in the month.';
COMMENT ON COLUMN stage_flow.median_days IS
'Median of the days in the stage before; NULL for (new).';
COMMENT ON COLUMN stage_flow.is_legal IS
'Whether table stage_step has the step, or the life may begin so.';
