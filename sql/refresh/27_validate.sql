-- Rules before they run: what refresh would refuse, and what it would give to
-- nobody, with the money concerned.
CREATE FUNCTION crmcost.validate_rules(ledger name, scenario text DEFAULT NULL)
  RETURNS TABLE (check_name text, severity text, category_code text,
                 driver text, month_from date, month_to date, amount numeric,
                 currency text, message text)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  findings jsonb := crmcost._ask_as_owner(
                      ledger, 'crmcost._make_work_tables(pg_catalog.name)',
                      'crmcost._validate_rules(name,text)', ledger,
                      validate_rules.scenario);
BEGIN
  IF findings IS NULL THEN
    PERFORM crmcost._make_work_tables(ledger);
    findings := crmcost._validate_rules(ledger, validate_rules.scenario);
  END IF;
  RETURN QUERY
    SELECT f.*
    FROM jsonb_to_recordset(findings) AS f (
      check_name text, severity text, category_code text, driver text,
      month_from date, month_to date, amount numeric, currency text,
      message text)
    ORDER BY f.severity, f.check_name, f.category_code, f.driver,
             f.month_from;
END
$$;

COMMENT ON FUNCTION crmcost.validate_rules(name, text) IS
  'What is wrong with the allocation rules of the books or of a scenario, one row a finding, with the money concerned in base currency; no refresh is needed, and nothing is written.';

CREATE FUNCTION crmcost._validate_rules(ledger name, scenario text)
  RETURNS jsonb
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
AS $$
#variable_conflict use_variable
DECLARE
  language CONSTANT text := crmcost._setting(ledger, 'language');
  base CONSTANT text := crmcost._setting(ledger, 'base_currency');
  findings jsonb;
  refused text;
BEGIN
  PERFORM crmcost._check_version(ledger);
  PERFORM crmcost._check_owner(ledger);
  PERFORM crmcost._hold_ledger(ledger);
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  IF scenario IS NOT NULL
     AND NOT EXISTS (SELECT FROM allocation_rule r
                     WHERE r.scenario = scenario) THEN
    RAISE EXCEPTION 'scenario must be one of allocation_rule, not %',
                    quote_literal(scenario)
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  BEGIN
    SELECT d.findings INTO findings
      FROM crmcost._dry_run(ledger, now(), scenario, NULL) d;
  EXCEPTION WHEN data_exception THEN
    refused := SQLERRM;
  END;
  SELECT coalesce(jsonb_agg(to_jsonb(a)), '[]') INTO findings
    FROM (
      SELECT f.check_name, f.severity, f.category_code, f.driver,
             f.month_from, f.month_to, f.amount, base AS currency,
             crmcost._say(language, f.words) AS message
      FROM crmcost._rule_findings(scenario) f
      UNION ALL
      SELECT 'rules_refused', 'error', NULL, NULL, NULL, NULL, NULL, base,
             refused
      WHERE refused IS NOT NULL
      UNION ALL
      SELECT u.check_name, 'warning', u.category_code, u.driver, u.month_from,
             u.month_to, u.amount, base,
             crmcost._say(language, CASE u.check_name
               WHEN 'category_without_rule'
                 THEN ARRAY['category_uncovered', u.category_code]
               ELSE ARRAY['category_without_driver', u.driver, u.category_code]
             END)
      FROM jsonb_to_recordset(findings) AS u (
        check_name text, category_code text, driver text, month_from date,
        month_to date, amount numeric)
    ) a;
  PERFORM crmcost._drop_temporary(crmcost._work_tables());
  RETURN findings;
END
$$;

COMMENT ON FUNCTION crmcost._validate_rules(name, text) IS
  'What validate_rules tells, as who owns the ledger.';

-- The search path is the caller's, with the ledger first.
CREATE FUNCTION crmcost._rule_findings(scenario text)
  RETURNS TABLE (check_name text, severity text, category_code text,
                 driver text, month_from date, month_to date, amount numeric,
                 words text[])
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT 'overlapping_rules', 'error', a.category_code, a.driver,
           lower(a.valid * b.valid), upper(a.valid * b.valid),
           NULL::numeric,
           ARRAY['rules_of_same_days', a.rule_id::text, b.rule_id::text]
    FROM allocation_rule a
    JOIN allocation_rule b
      ON b.category_code = a.category_code AND b.scope = a.scope
         AND b.rule_id > a.rule_id AND b.valid && a.valid
         AND b.scenario IS NOT DISTINCT FROM a.scenario
    WHERE a.scenario IS NOT DISTINCT FROM _rule_findings.scenario
    UNION ALL
    SELECT 'blend_without_parts', 'error', r.category_code, r.driver,
           NULL, NULL, NULL,
           ARRAY['blend_without_parts', r.driver]
    FROM allocation_rule r
    JOIN driver d ON d.code = r.driver AND d.kind = 'blend'
    WHERE r.scenario IS NOT DISTINCT FROM _rule_findings.scenario
          AND NOT EXISTS (SELECT FROM driver_blend b WHERE b.driver = d.code)
    UNION ALL
    SELECT 'shares_over_1', 'error', s.from_category, NULL, s.month_start,
           s.month_start, c.amount,
           ARRAY['shares_given', s.from_category, s.share::text]
    FROM (SELECT x.from_category, m.month_start, sum(x.share) AS share
          FROM allocation_share x
          JOIN (SELECT DISTINCT crmcost._month_of(coalesce(
                         lower(y.valid), '1900-01-01')) AS month_start
                FROM allocation_share y) m ON x.valid @> m.month_start
          GROUP BY x.from_category, m.month_start
          HAVING sum(x.share) > 1.000001) s
    LEFT JOIN LATERAL (
      SELECT sum(k.base_amount) AS amount FROM cost k
      WHERE k.category_code = s.from_category AND k.customer_id IS NULL) c
      ON true;
END
$$;

COMMENT ON FUNCTION crmcost._rule_findings(text) IS
  'Findings of validate_rules that configuration alone tells.';
