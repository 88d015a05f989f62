-- What changes slowly about a customer, as a history: a row says what holds
-- from entered_at until the next row of the same dimension.  Nothing is ever
-- updated, so every report can be asked as of any day.
CREATE TABLE classification (
  customer_id bigint NOT NULL
    CONSTRAINT customer_is_known REFERENCES customer (customer_id),
  dimension text NOT NULL
    CONSTRAINT dimension_not_empty CHECK (dimension <> ''),
  entered_at timestamptz NOT NULL
    CONSTRAINT entered_at_is_finite CHECK (isfinite(entered_at)),
  code text NOT NULL CONSTRAINT code_not_empty CHECK (code <> ''),
  reason_code text
    CONSTRAINT reason_is_known REFERENCES reason (code),
  campaign_code text
    CONSTRAINT campaign_is_known REFERENCES campaign (code),
  evidence jsonb,
  by_rule boolean NOT NULL DEFAULT false,
  PRIMARY KEY (customer_id, dimension, entered_at),
  CONSTRAINT stage_is_known
    CHECK (dimension <> 'stage'
           OR code IN ('lead', 'active', 'at_risk', 'churned', 'won_back'))
);

-- what persons set is little, and asked for by itself
CREATE INDEX classification_by_hand ON classification (entered_at)
  WHERE NOT by_rule;

COMMENT ON TABLE classification IS
'History of stages, tiers, owners and flags, one row a customer, dimension and change.';
COMMENT ON COLUMN classification.customer_id IS
'Customer.';
COMMENT ON COLUMN classification.dimension IS
'stage, owner, invalid, or the name of a tier scheme.';
COMMENT ON COLUMN classification.entered_at IS
'From when the code holds, until the next row of the dimension; the rule''s first answer about who is there by hand is dated just before that row.';
COMMENT ON COLUMN classification.code IS
'What holds: a stage (lead, active, at_risk, churned, won_back), a tier, an owner; none for a customer who has left the scheme, erased for what could say who an erased customer was.';
COMMENT ON COLUMN classification.reason_code IS
'Reason; NULL for none.';
COMMENT ON COLUMN classification.campaign_code IS
'Campaign that brought the change; NULL for none.';
COMMENT ON COLUMN classification.evidence IS
'What the decision was based on, such as {"r": 5, "f": 4, "m": 5}, with answered_at, in UTC, where the answer is dated before it was given; NULL for none, and once the customer is erased.';
COMMENT ON COLUMN classification.by_rule IS
'true when refresh decided, false when a person did.';
