-- Names of codes that have no table of their own: those that a CHECK fixes, and
-- those that reports use for themselves.  Views show them beside the codes.  What
-- a check found is told by its sentence, of kind finding: places in it are numbered,
-- for other languages have another order.
CREATE TABLE term (
  kind text COLLATE "C" NOT NULL CONSTRAINT kind_is_known
    CHECK (kind IN ('bucket', 'resource', 'segment', 'step', 'measure', 'contact', 'phase', 'family', 'metric', 'readiness', 'alert', 'check', 'severity', 'finding', 'because', 'unit', 'status', 'rate',
                    'basis', 'bridge', 'comparison', 'conversion', 'dimension', 'direction', 'domain', 'entry', 'half', 'membership', 'model', 'party', 'plan', 'purpose', 'quadrant', 'response', 'rule', 'service_level', 'strategy', 'trend', 'verdict', 'via')),
  code text COLLATE "C" NOT NULL CONSTRAINT code_not_empty CHECK (code <> ''),
  name text NOT NULL,
  name_zh text,
  definition text,
  definition_zh text,
  PRIMARY KEY (kind, code),
  -- so that no wording makes a view fail
  CONSTRAINT places_of_a_finding_are_1_to_9
    CHECK (kind <> 'finding'
           OR regexp_replace(name || coalesce(name_zh, ''),
                             '%([1-9][$]s|%)', '', 'g') !~ '%')
);

COMMENT ON TABLE term IS
'Names of codes that have no table of their own, one row a kind and code; change the names, keep the codes.';
COMMENT ON COLUMN term.kind IS
'bucket, resource, segment (of RFM), step (of profit_bridge), measure (of unit_cost), contact (kind of it) or phase (of a purchase), family and metric (of kpi), readiness, alert, check, severity and finding (of data_quality), because (of cost_flow and budget_whatif), unit (of cost_driver), status (of kpi and alert), rate (churn_rate), bridge (kind of a step of profit_bridge), comparison (kind of rule_comparison), entry (into a funnel but by a contact), half (of tier_potential), membership (kind of member_uplift), party (kind of customer), or what a column of the same name has: basis, conversion, dimension (tier schemes too), direction, domain (of reasons), model (of credits and purchases), plan (kind of it), purpose, quadrant, response, rule, service_level, strategy, trend, verdict, via (of cost_flow).';
COMMENT ON COLUMN term.code IS
'Code as it stands in tables and views.';
COMMENT ON COLUMN term.name IS
'English name; of a finding a sentence, with %1$s for the first of what it is about.';
COMMENT ON COLUMN term.name_zh IS
'Chinese name; NULL where there is none.';
COMMENT ON COLUMN term.definition IS
'What it is, in English; NULL where the name says it.';
COMMENT ON COLUMN term.definition_zh IS
'What it is, in Chinese; NULL where that is not written.';
