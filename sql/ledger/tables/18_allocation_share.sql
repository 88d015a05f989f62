-- Service pools that work for other pools before they work for customers.  What
-- the shares of a category leave of 1 stays with it and follows its own rule.
-- Pools are passed on by the month, so shares hold for whole months.
CREATE TABLE allocation_share (
  from_category text NOT NULL
    CONSTRAINT from_category_is_known REFERENCES cost_category (code),
  to_category text NOT NULL
    CONSTRAINT to_category_is_known REFERENCES cost_category (code),
  share numeric(9,8) NOT NULL CONSTRAINT share_above_0_up_to_1
    CHECK (share > 0 AND share <= 1),
  valid daterange NOT NULL DEFAULT '(,)'
    CONSTRAINT valid_not_empty CHECK (NOT isempty(valid))
    CONSTRAINT valid_is_whole_months
      CHECK ((lower(valid) IS NULL OR NOT isfinite(lower(valid))
              OR extract(day FROM lower(valid)) = 1)
             AND (upper(valid) IS NULL OR NOT isfinite(upper(valid))
                  OR extract(day FROM upper(valid)) = 1)),
  PRIMARY KEY (from_category, to_category, valid),
  CONSTRAINT serves_another_category CHECK (from_category <> to_category),
  CONSTRAINT one_share_a_pair_and_month
    EXCLUDE USING gist (code_range(from_category, from_category, '[]') WITH &&,
                        code_range(to_category, to_category, '[]') WITH &&,
                        valid WITH &&)
);

CREATE INDEX allocation_share_to_category ON allocation_share (to_category);

COMMENT ON TABLE allocation_share IS
'What part of one category''s cost another one uses, one row a pair and period.';
COMMENT ON COLUMN allocation_share.from_category IS
'Category that serves, with all below it that serves nobody by itself.';
COMMENT ON COLUMN allocation_share.to_category IS
'Category that is served.';
COMMENT ON COLUMN allocation_share.share IS
'Part of the serving category''s cost that the served one uses, above 0 up to 1.';
COMMENT ON COLUMN allocation_share.valid IS
'Whole months for which the share holds; by default all.';
