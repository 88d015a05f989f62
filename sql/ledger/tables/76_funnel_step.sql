-- The ways that prospects are to go, as steps of what the ledger sees: kinds and
-- subtypes of interactions, and the points of a customer's life that are none.
CREATE TABLE funnel_step (
  funnel text NOT NULL CONSTRAINT funnel_not_empty CHECK (funnel <> ''),
  position integer NOT NULL CONSTRAINT position_from_1 CHECK (position >= 1),
  kind text NOT NULL CONSTRAINT kind_is_known
    CHECK (kind IN ('touch', 'behavior', 'sales', 'care', 'ticket',
                    'complaint', 'return', 'survey', 'referral', 'lead',
                    'acquisition', 'order')),
  subtype text,
  name text NOT NULL,
  name_zh text,
  PRIMARY KEY (funnel, position),
  CONSTRAINT subtype_is_of_an_interaction
    CHECK (subtype IS NULL OR kind NOT IN ('lead', 'acquisition', 'order'))
);

COMMENT ON TABLE funnel_step IS
'Steps of funnels, one row each; a new ledger has none. Kinds lead and acquisition, one after the other, tell how many leads become customers.';
COMMENT ON COLUMN funnel_step.funnel IS
'Funnel, by a name of the user''s own.';
COMMENT ON COLUMN funnel_step.position IS
'Place of the step in the funnel, from 1; gaps are allowed.';
COMMENT ON COLUMN funnel_step.kind IS
'What takes a customer into the step: a kind of interaction, lead (first seen), acquisition or order.';
COMMENT ON COLUMN funnel_step.subtype IS
'Subtype of the interaction; NULL for any, and for what is no interaction.';
COMMENT ON COLUMN funnel_step.name IS
'English name.';
COMMENT ON COLUMN funnel_step.name_zh IS
'Chinese name; NULL where there is none.';
