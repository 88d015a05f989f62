-- What if: customers under the rules of a scenario, or with the cost that a
-- scenario plans, beside the books.
CREATE FUNCTION crmcost._compare_rules(ledger name, scenario text)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  last record;
  tried record;
  kind CONSTANT text := crmcost._scenario_kind(ledger, scenario);
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  SELECT r.as_of, r.as_of_at INTO last FROM last_refresh r;
  IF last.as_of IS NULL THEN
    RAISE EXCEPTION 'ledger "%" was not refreshed yet', ledger
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = format('CALL crmcost.refresh(%L);', ledger);
  END IF;
  SELECT * INTO tried
    FROM crmcost._dry_run(ledger, last.as_of_at,
                          CASE kind WHEN 'rules' THEN scenario END,
                          CASE kind WHEN 'plan' THEN scenario END);
  DELETE FROM scenario_profit p WHERE p.scenario = scenario;
  INSERT INTO scenario_profit (customer_id, scenario, kind, as_of, total_cost,
                               profit, scenario_total_cost, scenario_profit)
    SELECT coalesce(b.customer_id, t.customer_id), scenario, kind, last.as_of,
           coalesce(b.total_cost, 0), coalesce(b.profit, 0),
           coalesce(t.cost, 0), coalesce(t.profit, 0)
    FROM (SELECT v.customer_id, v.total_cost, v.profit FROM customer_value v
          WHERE v.total_cost <> 0 OR v.profit <> 0 OFFSET 0) b
    FULL JOIN unnest(tried.customers, tried.costs, tried.profits)
                AS t (customer_id, cost, profit)
      ON t.customer_id = b.customer_id
    WHERE b.customer_id IS NOT NULL OR t.cost <> 0 OR t.profit <> 0;
  ANALYZE scenario_profit;
  RAISE NOTICE 'view rule_comparison of ledger "%" has % scenario "%", as of %',
    ledger, kind, scenario, last.as_of;
END
$$;

COMMENT ON FUNCTION crmcost._compare_rules(name, text) IS
  'Writes scenario_profit of a scenario.';

CREATE FUNCTION crmcost._scenario_kind(ledger name, scenario text)
  RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  known text;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  IF EXISTS (SELECT FROM allocation_rule r WHERE r.scenario = scenario) THEN
    RETURN 'rules';
  ELSIF crmcost._planned_kind(scenario) IS NOT NULL THEN
    RETURN 'plan';
  END IF;
  SELECT string_agg(DISTINCT s.name, ', ' ORDER BY s.name) INTO known
    FROM (SELECT r.scenario FROM allocation_rule r
          UNION
          SELECT p.scenario FROM plan p
          WHERE crmcost._planned_kind(p.scenario) IS NOT NULL) AS s (name);
  RAISE EXCEPTION 'scenario must be one of allocation_rule or of planned cost in plan, not %',
                  coalesce(quote_literal(scenario), 'null')
    USING ERRCODE = 'invalid_parameter_value',
          HINT = coalesce('There are: ' || known || '.',
                          'INSERT INTO allocation_rule (scenario, category_code, driver) makes one.');
END
$$;

COMMENT ON FUNCTION crmcost._scenario_kind(name, text) IS
  'Whether a scenario is one of rules or of plans; an error when it is neither.';

CREATE PROCEDURE crmcost.compare_rules(ledger name, scenario text)
  LANGUAGE plpgsql
AS $$
BEGIN
  CALL crmcost._take_ledger(ledger);
  IF crmcost._run_as_owner(
       ledger, 'crmcost._make_work_tables(pg_catalog.name)',
       'crmcost._compare_rules(pg_catalog.name,pg_catalog.text)', ledger,
       scenario) THEN
    RETURN;
  END IF;
  PERFORM crmcost._make_work_tables(ledger);
  PERFORM crmcost._compare_rules(ledger, scenario);
  PERFORM crmcost._drop_temporary(crmcost._work_tables());
END
$$;

COMMENT ON PROCEDURE crmcost.compare_rules(name, text) IS
  'Computes what customers would cost under the allocation rules of a scenario, or with the cost that a scenario of plans foresees, for view rule_comparison; the books stay as they are.';
