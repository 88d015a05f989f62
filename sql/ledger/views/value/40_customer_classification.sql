-- What holds for a customer on the report day: a refresh as of an earlier day
-- takes the report back to that day.  since is the day of the last change; the
-- row itself may have come later and confirm it.
CREATE VIEW customer_classification WITH (security_invoker = true) AS
SELECT
  c.customer_id, c.dimension COLLATE "default" AS dimension,
  c.code COLLATE "default" AS code, c.since, k.reason_code, k.campaign_code,
  k.evidence::text AS evidence, c.by_rule,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 n.name, n.name_zh,
                 c.code COLLATE "default") AS code_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 r.name, r.name_zh,
                 k.reason_code COLLATE "default") AS reason_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 d.name, d.name_zh, c.dimension COLLATE "default")
    AS dimension_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 m.name, NULL, k.campaign_code COLLATE "default")
    AS campaign_name
FROM customer_class c
LEFT JOIN classification k
  ON k.customer_id = c.customer_id AND k.dimension = c.dimension
     AND k.entered_at = c.entered_at
LEFT JOIN (
  SELECT scheme COLLATE "C" AS dimension, code COLLATE "C" AS code, name,
         name_zh
  FROM tier
  UNION ALL
  SELECT 'stage', code, name, name_zh FROM stage
) n ON n.dimension = c.dimension AND n.code = c.code
LEFT JOIN reason r ON r.code = k.reason_code
LEFT JOIN term d ON d.kind = 'dimension' AND d.code = c.dimension
LEFT JOIN campaign m ON m.code = k.campaign_code;

COMMENT ON VIEW customer_classification IS
'What holds for each customer on the report day, one row a customer and dimension.';
COMMENT ON COLUMN customer_classification.customer_id IS 'Customer.';
COMMENT ON COLUMN customer_classification.dimension IS 'stage, owner, invalid, or the name of a tier scheme.';
COMMENT ON COLUMN customer_classification.code IS 'What holds: a stage, a tier, an owner; none for a customer who has left the scheme.';
COMMENT ON COLUMN customer_classification.since IS 'From when it holds without a change of the code.';
COMMENT ON COLUMN customer_classification.reason_code IS 'Reason of the row; NULL for none.';
COMMENT ON COLUMN customer_classification.campaign_code IS 'Campaign that brought the change; NULL for none.';
COMMENT ON COLUMN customer_classification.evidence IS 'What the decision was based on, as a JSON object in text; NULL for none, and where a merged customer brought it.';
COMMENT ON COLUMN customer_classification.by_rule IS 'true when refresh decided, false when a person did.';
COMMENT ON COLUMN customer_classification.code_name IS 'Name of the stage or tier; else the code.';
COMMENT ON COLUMN customer_classification.reason_name IS 'Name of the reason; NULL for none.';
COMMENT ON COLUMN customer_classification.dimension_name IS 'Name of the dimension.';
COMMENT ON COLUMN customer_classification.campaign_name IS 'Name of the campaign.';
