-- How many customers are in which stage of their life, on each kept day, and
-- what is to be done for them.
CREATE VIEW lifecycle_stage WITH (security_invoker = true) AS
SELECT
  d.as_of, d.stage COLLATE "default" AS stage,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 s.name, s.name_zh,
                 d.stage COLLATE "default") AS stage_name,
  s.position, d.customers,
  round(d.customers / nullif(sum(d.customers) OVER day, 0), 6)
    AS customer_share,
  d.entered, d.left_customers AS "left", d.median_days, d.mean_age_days,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 s.action, s.action_zh, NULL) AS action
FROM stage_day d
LEFT JOIN stage s ON s.code = d.stage
WINDOW day AS (PARTITION BY d.as_of);

COMMENT ON VIEW lifecycle_stage IS
'Customers by stage of their life, one row a day and stage: on the report day, the month ends before it and the other days of customer_snapshot.';
COMMENT ON COLUMN lifecycle_stage.as_of IS
'Day, at whose end they are counted.';
COMMENT ON COLUMN lifecycle_stage.stage IS
'Stage: lead, active, at_risk, churned or won_back.';
COMMENT ON COLUMN lifecycle_stage.stage_name IS
'Its name in the language of the ledger.';
COMMENT ON COLUMN lifecycle_stage.position IS
'Place of the stage.';
COMMENT ON COLUMN lifecycle_stage.customers IS
'Customers in it.';
COMMENT ON COLUMN lifecycle_stage.customer_share IS
'Part of all customers and leads.';
COMMENT ON COLUMN lifecycle_stage.entered IS
'Times that one came into it, from the first of the month to the day.';
COMMENT ON COLUMN lifecycle_stage.left IS
'Times that one left it in these days.';
COMMENT ON COLUMN lifecycle_stage.median_days IS
'Median of the days that those had spent in it who left; NULL for none.';
COMMENT ON COLUMN lifecycle_stage.mean_age_days IS
'Mean of the days that those in it have been there; NULL for none.';
COMMENT ON COLUMN lifecycle_stage.action IS
'What to do for customers in this stage, from table stage.';
