-- The stages of a customer's life, what to do in each, and which may follow
-- which. Refresh knows these stages and no others, so their codes are fixed;
-- steps may be added and taken away.
CREATE TABLE stage (
  code text PRIMARY KEY CONSTRAINT code_is_known
    CHECK (code IN ('lead', 'active', 'at_risk', 'churned', 'won_back')),
  position smallint NOT NULL UNIQUE
    CONSTRAINT position_from_1 CHECK (position >= 1),
  may_begin boolean NOT NULL DEFAULT false,
  action text NOT NULL CONSTRAINT action_not_empty CHECK (action <> ''),
  name text NOT NULL,
  name_zh text,
  action_zh text
);

COMMENT ON TABLE stage IS
'Stages of a customer''s life, one row each; change action and names, keep the codes.';
COMMENT ON COLUMN stage.code IS
'Code as classification has it.';
COMMENT ON COLUMN stage.position IS
'Place in reports, from 1.';
COMMENT ON COLUMN stage.may_begin IS
'Whether a life may begin with it.';
COMMENT ON COLUMN stage.action IS
'What to do for customers in this stage.';
COMMENT ON COLUMN stage.name IS
'English name.';
COMMENT ON COLUMN stage.name_zh IS
'Chinese name; NULL where there is none.';
COMMENT ON COLUMN stage.action_zh IS
'What to do, in Chinese; NULL where that is not written.';

CREATE TABLE stage_step (
  from_stage text NOT NULL
    CONSTRAINT from_stage_is_known REFERENCES stage (code),
  to_stage text NOT NULL
    CONSTRAINT to_stage_is_known REFERENCES stage (code),
  PRIMARY KEY (from_stage, to_stage),
  CONSTRAINT step_goes_elsewhere CHECK (from_stage <> to_stage)
);

COMMENT ON TABLE stage_step IS
'Legal steps from stage to stage, one row each; those that refresh writes are among the seeded ones.';
COMMENT ON COLUMN stage_step.from_stage IS
'Stage before.';
COMMENT ON COLUMN stage_step.to_stage IS
'Stage that may follow it.';
