-- Computed by crmcost.compare_rules; nothing else writes it.
CREATE TABLE scenario_profit (
  customer_id bigint NOT NULL,
  scenario text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  as_of date NOT NULL,
  total_cost numeric(38,4) NOT NULL,
  profit numeric(38,4) NOT NULL,
  scenario_total_cost numeric(38,4) NOT NULL,
  scenario_profit numeric(38,4) NOT NULL,
  PRIMARY KEY (customer_id, scenario)
);

COMMENT ON TABLE scenario_profit IS
'What a customer costs and brings by the books and by a scenario, one row each, as of the refresh that the comparison was made of.';
COMMENT ON COLUMN scenario_profit.customer_id IS 'Customer; of merged customers the one that stays.';
COMMENT ON COLUMN scenario_profit.scenario IS 'Scenario of allocation rules or of plans.';
COMMENT ON COLUMN scenario_profit.kind IS 'rules (those of the scenario) or plan (the planned cost under the rules of the books).';
COMMENT ON COLUMN scenario_profit.as_of IS 'Report day.';
COMMENT ON COLUMN scenario_profit.total_cost IS 'Cost by the books, in base currency.';
COMMENT ON COLUMN scenario_profit.profit IS 'Profit by the books, in base currency.';
COMMENT ON COLUMN scenario_profit.scenario_total_cost IS 'Cost by the scenario, in base currency.';
COMMENT ON COLUMN scenario_profit.scenario_profit IS 'Profit by the scenario, in base currency.';
