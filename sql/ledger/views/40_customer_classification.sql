-- What holds for a customer now: the last row of each dimension.  Rule rows of
-- a later day than the last refresh is for are left out, so that a refresh as of
-- an earlier day takes every report back to that day.
CREATE VIEW customer_classification WITH (security_invoker = true) AS
SELECT DISTINCT ON (customer_id, dimension)
  customer_id, dimension, code, entered_at AS since, reason_code,
  campaign_code, evidence, by_rule
FROM (
  SELECT k.*,
         lag(k.code) OVER (PARTITION BY k.customer_id, k.dimension
                           ORDER BY k.entered_at) AS code_before
  FROM classification k
  WHERE NOT k.by_rule
        OR k.entered_at <= (SELECT as_of_at FROM last_refresh)
) change
WHERE code IS DISTINCT FROM code_before
ORDER BY customer_id, dimension, entered_at DESC;

COMMENT ON VIEW customer_classification IS
'Stage, tiers, owner and flags that hold, one row a customer and dimension.';
COMMENT ON COLUMN customer_classification.customer_id IS
'Customer.';
COMMENT ON COLUMN customer_classification.dimension IS
'stage, owner, invalid, or the name of a tier scheme.';
COMMENT ON COLUMN customer_classification.code IS
'What holds.';
COMMENT ON COLUMN customer_classification.since IS
'Since when, without a break.';
COMMENT ON COLUMN customer_classification.reason_code IS
'Reason of the change; NULL for none.';
COMMENT ON COLUMN customer_classification.campaign_code IS
'Campaign that brought the change; NULL for none.';
COMMENT ON COLUMN customer_classification.evidence IS
'What the decision was based on; NULL for none.';
COMMENT ON COLUMN customer_classification.by_rule IS
'true when refresh decided, false when a person did.';
