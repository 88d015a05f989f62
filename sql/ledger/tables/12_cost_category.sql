-- What money is spent on: a tree that the user extends by inserting rows.
CREATE TABLE cost_category (
  code text PRIMARY KEY CONSTRAINT code_not_empty CHECK (code <> '')
    -- what reports call no category, and all of them
    CONSTRAINT code_not_reserved CHECK (code NOT IN ('(unknown)', '(all)')),
  parent_code text
    CONSTRAINT parent_is_known REFERENCES cost_category (code)
    CONSTRAINT parent_is_another_category CHECK (parent_code <> code),
  bucket text NOT NULL CONSTRAINT bucket_is_known
    CHECK (bucket IN ('acquisition', 'retention', 'service', 'churn', 'data',
                      'training', 'program')),
  resource text NOT NULL CONSTRAINT resource_is_known
    CHECK (resource IN ('human', 'financial', 'technical', 'process')),
  name text NOT NULL,
  name_zh text
);

CREATE INDEX cost_category_parent_code ON cost_category (parent_code);

COMMENT ON TABLE cost_category IS
'Cost taxonomy, one row a category; cost may be booked on any of them, leaf or not.';
COMMENT ON COLUMN cost_category.code IS
'Code that cost entries refer to; the seeded ones are dotted paths such as acq.ads.web.';
COMMENT ON COLUMN cost_category.parent_code IS
'Category that this one is part of; NULL for a root. Allocation rules are inherited along it.';
COMMENT ON COLUMN cost_category.bucket IS
'Kind of customer cost: acquisition, retention, service, churn, data, training or program.';
COMMENT ON COLUMN cost_category.resource IS
'What is used up: human, financial, technical or process. Acquisition cost of resource financial is media cost.';
COMMENT ON COLUMN cost_category.name IS
'English name.';
COMMENT ON COLUMN cost_category.name_zh IS
'Chinese name; NULL where there is none.';
