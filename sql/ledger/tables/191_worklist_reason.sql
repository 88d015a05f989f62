-- Why a customer comes onto the worklist, and what is to be done then.  The
-- customers of a reason are found by crmcost._worklist_ and its code
-- (sql/refresh/92_worklist_reason.sql).
--
-- effect is an assumption: view worklist_effect tells what it really is.
CREATE TABLE worklist_reason (
  code text COLLATE "C" PRIMARY KEY
    CONSTRAINT code_is_a_word CHECK (code ~ '^[a-z][a-z_]{0,40}$'),
  is_active boolean NOT NULL DEFAULT true,
  priority smallint NOT NULL DEFAULT 2 CONSTRAINT priority_from_1_to_9
    CHECK (priority >= 1 AND priority <= 9),
  action text NOT NULL,
  channel_code text
    CONSTRAINT channel_is_known REFERENCES channel (code),
  effect numeric(7,6) NOT NULL CONSTRAINT effect_from_0_to_1
    CHECK (effect >= 0 AND effect <= 1),
  action_cost numeric(20,4) NOT NULL DEFAULT 0
    CONSTRAINT action_cost_not_negative
    CHECK (action_cost >= 0 AND action_cost <> 'NaN'),
  days_ahead integer NOT NULL DEFAULT 0 CONSTRAINT days_ahead_from_0_to_366
    CHECK (days_ahead >= 0 AND days_ahead <= 366),
  days_after integer CONSTRAINT days_after_from_0_to_9999
    CHECK (days_after >= 0 AND days_after <= 9999),
  again_after_days integer NOT NULL DEFAULT 30
    CONSTRAINT again_after_days_from_1_to_9999
    CHECK (again_after_days >= 1 AND again_after_days <= 9999),
  name text NOT NULL,
  name_zh text,
  action_zh text
);

COMMENT ON TABLE worklist_reason IS
'Reasons why customers come onto the worklist, one row a code; change what is to be done and whether it is used, keep the code.';
COMMENT ON COLUMN worklist_reason.code IS
'Code that worklist has as reason.';
COMMENT ON COLUMN worklist_reason.is_active IS
'Whether it is used.';
COMMENT ON COLUMN worklist_reason.priority IS
'How urgent it is, 1 to 9: of the reasons of a customer the smaller number goes first, and the list is worked through by it.';
COMMENT ON COLUMN worklist_reason.action IS
'What is to be done.';
COMMENT ON COLUMN worklist_reason.channel_code IS
'Channel to do it by; NULL for that of the last contact with the customer.';
COMMENT ON COLUMN worklist_reason.effect IS
'Part of the value at stake that the action is expected to bring, 0..1: an assumption.';
COMMENT ON COLUMN worklist_reason.action_cost IS
'What the action costs, in base currency; a row that brings less is not told.';
COMMENT ON COLUMN worklist_reason.days_ahead IS
'Days before the due day on which a row is told.';
COMMENT ON COLUMN worklist_reason.days_after IS
'Days after the due day until which it stays; NULL for as long as the reason holds.';
COMMENT ON COLUMN worklist_reason.again_after_days IS
'Days after a row was done, or held back, before the reason may bring the customer again.';
COMMENT ON COLUMN worklist_reason.name IS
'English name.';
COMMENT ON COLUMN worklist_reason.name_zh IS
'Chinese name; NULL where there is none.';
COMMENT ON COLUMN worklist_reason.action_zh IS
'What is to be done, in Chinese; NULL where that is not written.';
