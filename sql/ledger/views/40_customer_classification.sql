-- What holds for a customer: the last row of each dimension up to the instant
-- that the last refresh is for, so that a refresh as of an earlier day takes the
-- report back to that day.  Before the first refresh it is now.  since is the day
-- of the last change; the row itself may have come later and confirm it.
CREATE VIEW customer_classification WITH (security_invoker = true) AS
SELECT DISTINCT ON (customer_id, dimension)
  customer_id, dimension, code,
  max(CASE WHEN code IS DISTINCT FROM code_before THEN entered_at END)
    OVER (PARTITION BY customer_id, dimension) AS since,
  reason_code, campaign_code, evidence, by_rule
FROM (
  SELECT customer_id, dimension, entered_at, code, reason_code, campaign_code,
         evidence, by_rule,
         lag(code) OVER (PARTITION BY customer_id, dimension
                         ORDER BY entered_at) AS code_before
  FROM classification
  WHERE entered_at <= coalesce((SELECT as_of_at FROM last_refresh), now())
) change
ORDER BY customer_id, dimension, entered_at DESC;

COMMENT ON VIEW customer_classification IS
'Stage, tiers, owner and flags that hold, one row a customer and dimension.';
COMMENT ON COLUMN customer_classification.customer_id IS
'Customer.';
COMMENT ON COLUMN customer_classification.dimension IS
'stage, owner, invalid, or the name of a tier scheme.';
COMMENT ON COLUMN customer_classification.code IS
'What holds; none for a customer who has left the scheme.';
COMMENT ON COLUMN customer_classification.since IS
'Since when, without a break.';
COMMENT ON COLUMN customer_classification.reason_code IS
'Reason of the last row; NULL for none.';
COMMENT ON COLUMN customer_classification.campaign_code IS
'Campaign of the last row; NULL for none.';
COMMENT ON COLUMN customer_classification.evidence IS
'What the decision was based on; NULL for none.';
COMMENT ON COLUMN customer_classification.by_rule IS
'true when refresh wrote the last row, false when a person did.';
