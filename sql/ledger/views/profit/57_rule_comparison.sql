-- What if: customers by the books and by a scenario.
CREATE VIEW rule_comparison WITH (security_invoker = true) AS
SELECT p.scenario COLLATE "default" AS scenario,
       p.kind COLLATE "default" AS kind, p.as_of, p.customer_id,
       p.total_cost, p.scenario_total_cost, p.profit, p.scenario_profit,
       p.scenario_profit - p.profit AS difference,
       (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 k.name, k.name_zh, p.kind COLLATE "default")
    AS kind_name
FROM scenario_profit p
LEFT JOIN term k ON k.kind = 'comparison' AND k.code = p.kind;

COMMENT ON VIEW rule_comparison IS
'Profit of a customer by the books and by a scenario, one row each, as of the refresh that crmcost.compare_rules was called after.';
COMMENT ON COLUMN rule_comparison.scenario IS
'Scenario of allocation rules or of plans.';
COMMENT ON COLUMN rule_comparison.kind IS
'rules (those of the scenario in place of the books'') or plan (planned cost under the rules of the books).';
COMMENT ON COLUMN rule_comparison.as_of IS
'Report day.';
COMMENT ON COLUMN rule_comparison.customer_id IS
'Customer.';
COMMENT ON COLUMN rule_comparison.total_cost IS
'Cost by the books.';
COMMENT ON COLUMN rule_comparison.scenario_total_cost IS
'Cost by the scenario.';
COMMENT ON COLUMN rule_comparison.profit IS
'Profit by the books.';
COMMENT ON COLUMN rule_comparison.scenario_profit IS
'Profit by the scenario.';
COMMENT ON COLUMN rule_comparison.difference IS
'What the scenario adds to the profit.';
COMMENT ON COLUMN rule_comparison.currency IS
'Base currency, in which all amounts are.';
COMMENT ON COLUMN rule_comparison.kind_name IS 'Name of the kind.';
