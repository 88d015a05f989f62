-- Computed by refresh; nothing else writes it.  What is wrong with facts of a month
-- stands with the month, so that news costs the months that it is about.
CREATE TABLE quality_finding (
  check_name text COLLATE "C" NOT NULL,
  month_start date NOT NULL,
  severity text COLLATE "C" NOT NULL,
  rows bigint NOT NULL,
  amount numeric(38,4),
  words text[],
  PRIMARY KEY (check_name, month_start)
);

COMMENT ON TABLE quality_finding IS
'What refresh found wrong or doubtful in facts and rules, one row a check that found something and month, as of the last refresh.';
COMMENT ON COLUMN quality_finding.check_name IS 'Name of the check.';
COMMENT ON COLUMN quality_finding.month_start IS 'First day of the month of the facts; -infinity for what has no month.';
COMMENT ON COLUMN quality_finding.severity IS 'error (a report is wrong or incomplete), warning (it may mislead) or info.';
COMMENT ON COLUMN quality_finding.rows IS 'How many rows it concerns.';
COMMENT ON COLUMN quality_finding.amount IS 'Money concerned, in base currency; NULL where none is.';
COMMENT ON COLUMN quality_finding.words IS 'One of them: the code of its sentence (table term, kind finding) and the words for its places; data_quality has it in words.';
