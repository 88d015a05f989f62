-- Standard times for time-driven costing.  They count for interactions whose
-- working time was not measured and that no machine handled.
CREATE TABLE activity_time (
  kind text NOT NULL CONSTRAINT kind_is_known
    CHECK (kind IN ('touch', 'behavior', 'sales', 'care', 'ticket',
                    'complaint', 'return', 'survey', 'referral')),
  subtype text NOT NULL DEFAULT '',
  minutes numeric(12,4) NOT NULL CONSTRAINT minutes_not_negative
    CHECK (minutes >= 0 AND minutes <> 'NaN'),
  valid daterange NOT NULL DEFAULT '(,)'
    CONSTRAINT valid_not_empty CHECK (NOT isempty(valid)),
  PRIMARY KEY (kind, subtype, valid),
  CONSTRAINT one_time_a_subtype_and_day
    EXCLUDE USING gist (code_range(kind, kind, '[]') WITH &&,
                        code_range(subtype, subtype, '[]') WITH &&,
                        valid WITH &&)
);

COMMENT ON TABLE activity_time IS
'Standard time of an interaction, one row a kind, subtype and period.';
COMMENT ON COLUMN activity_time.kind IS
'Kind of interaction.';
COMMENT ON COLUMN activity_time.subtype IS
'Subtype of interaction; empty for every subtype without a row of its own.';
COMMENT ON COLUMN activity_time.minutes IS
'Standard minutes for one.';
COMMENT ON COLUMN activity_time.valid IS
'Days for which the time holds; by default all.';
