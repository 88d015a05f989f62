-- Names of codes that have no table of their own: those that a CHECK fixes, and
-- those that reports use for themselves.  Views show them beside the codes.
CREATE TABLE term (
  kind text COLLATE "C" NOT NULL CONSTRAINT kind_is_known
    CHECK (kind IN ('bucket', 'resource', 'segment', 'step', 'measure', 'contact', 'phase', 'family', 'metric', 'readiness', 'alert', 'check', 'severity')),
  code text COLLATE "C" NOT NULL CONSTRAINT code_not_empty CHECK (code <> ''),
  name text NOT NULL,
  name_zh text,
  PRIMARY KEY (kind, code)
);

COMMENT ON TABLE term IS
'Names of codes that have no table of their own, one row a kind and code; change the names, keep the codes.';
COMMENT ON COLUMN term.kind IS
'bucket, resource, segment (of RFM), step (of profit_bridge), measure (of unit_cost), contact (kind of it) or phase (of a purchase), family and metric (of kpi), readiness, alert, check or severity (of data_quality).';
COMMENT ON COLUMN term.code IS
'Code as it stands in tables and views.';
COMMENT ON COLUMN term.name IS
'English name.';
COMMENT ON COLUMN term.name_zh IS
'Chinese name; NULL where there is none.';
