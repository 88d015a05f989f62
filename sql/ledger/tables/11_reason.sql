-- Why something happened: a customer left, a lead was lost, a good came back.
CREATE TABLE reason (
  code text PRIMARY KEY CONSTRAINT code_not_empty CHECK (code <> ''),
  domain text NOT NULL CONSTRAINT domain_is_known
    CHECK (domain IN ('churn', 'complaint', 'return', 'winback', 'tier',
                      'lost_deal', 'invalid')),
  name text NOT NULL,
  name_zh text
);

COMMENT ON TABLE reason IS
'Reasons that interactions and classifications may give, one row a code.';
COMMENT ON COLUMN reason.code IS
'Code that facts refer to, by convention domain.word.';
COMMENT ON COLUMN reason.domain IS
'What is being explained: churn, complaint, return, winback, tier, lost_deal or invalid.';
COMMENT ON COLUMN reason.name IS
'English name.';
COMMENT ON COLUMN reason.name_zh IS
'Chinese name; NULL where there is none.';
