-- The owner's tools: verify, backfill, merge_customer, validate_rules, compare_rules.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();
INSERT INTO customer (source, source_key, first_seen_at, acquired_at)
  VALUES ('shop', 'one', '2024-12-01', '2024-12-01'), ('shop', 'two', '2024-12-01', '2024-12-01');
CREATE FUNCTION pg_temp.id(key text) RETURNS bigint
  LANGUAGE sql AS 'SELECT customer_id FROM crm.customer WHERE source_key = key';
INSERT INTO sale (customer_id, order_ref, sold_at, amount, cogs, currency)
  VALUES (pg_temp.id('one'), 'a', '2025-01-10', 100, 40, 'EUR'),
    (pg_temp.id('two'), 'b', '2025-01-11', 300, 100, 'EUR');
INSERT INTO cost_entry (category_code, incurred_on, amount, currency)
  VALUES ('svc', '2025-01-20', 40, 'EUR'), ('data', '2025-01-20', 8, 'EUR');
INSERT INTO allocation_rule (category_code, driver) VALUES ('svc', 'revenue');
SAVEPOINT facts;

-- before any refresh: 8 for which there is no rule, and after one, an own driver that nobody has any of
SELECT results_eq($$SELECT check_name, severity, category_code, driver, month_from, month_to, amount, currency
    FROM crmcost.validate_rules('crm')$$,
  $$VALUES ('category_without_rule', 'warning', 'data', NULL::text, date '2025-01-01', date '2025-01-01', 8.0, 'EUR')$$,
  'cost that no rule covers');
INSERT INTO driver (code, name, unit) VALUES ('parcels', 'Parcels', 'parcel');
INSERT INTO allocation_rule (category_code, driver) VALUES ('data', 'parcels');
SELECT results_eq($$SELECT check_name, category_code, driver, amount FROM crmcost.validate_rules('crm')$$,
  $$VALUES ('driver_without_quantity', 'data', 'parcels', 8.0)$$, 'a driver without quantities');
INSERT INTO driver_entry (driver, customer_id, measured_on, quantity)
  VALUES ('parcels', pg_temp.id('one'), '2025-01-05', 3);
SELECT is_empty($$SELECT * FROM crmcost.validate_rules('crm')$$, 'all cost goes to somebody');
INSERT INTO driver (code, kind, name) VALUES ('mix', 'blend', 'Mix');
INSERT INTO allocation_rule (category_code, driver) VALUES ('ret', 'mix');
SELECT results_eq($$SELECT check_name, severity, category_code, driver FROM crmcost.validate_rules('crm')$$,
  $$VALUES ('blend_without_parts', 'error', 'ret', 'mix')$$, 'a blend of nothing');
SELECT throws_ok($$INSERT INTO driver_blend VALUES ('mix', 'mix', 1)$$, '23514', NULL, 'a blend of itself is refused');
SELECT throws_ok($$INSERT INTO driver_blend VALUES ('mix', 'orders', 0)$$, '23514', NULL, 'so is a weight of 0');
INSERT INTO driver (code, kind, name) VALUES ('mixed', 'blend', 'Mixed');
SELECT throws_ok($$INSERT INTO driver_blend VALUES ('mix', 'orders', 1), ('mix', 'mixed', 1)$$, '23514',
  'part must be no blend itself, not "mixed"', 'and a blend of blends, which could be one of itself');
SELECT throws_ok($$INSERT INTO driver_blend VALUES ('parcels', 'orders', 1)$$, '23514',
  'driver must be one of kind blend, not "parcels", of kind own', 'parts are of blends');
SELECT throws_ok($$INSERT INTO driver_entry (driver, customer_id, measured_on, quantity)
    VALUES ('parcels', pg_temp.id('one'), '2025-01-06', 1), ('orders', pg_temp.id('one'), '2025-01-06', 1)$$, '23514',
  'driver must be one of kind own, not "orders", of kind ledger', 'what the ledger counts itself is not loaded');
SELECT throws_ok($$UPDATE driver_entry SET driver = 'mix'$$, '23514', 'driver must be one of kind own, not "mix", of kind blend',
  'nor is a blend');
INSERT INTO driver_blend VALUES ('mix', 'parcels', 1);
UPDATE driver_blend SET weight = 2;
UPDATE driver SET name = name || '.', unit = 'each';
SELECT throws_ok($$UPDATE driver SET kind = 'own' WHERE code = 'mix'$$, '23514',
  'kind of driver "mix", which has parts, must be blend, not own', 'a blend that has parts stays one');
SELECT throws_ok($$UPDATE driver SET kind = 'blend' WHERE code IN ('mixed', 'parcels')$$, '23514',
  'kind of driver "parcels", which has quantities, must be own, not blend', 'and what has quantities');
SELECT throws_ok($$UPDATE driver SET kind = 'ledger' WHERE code = 'parcels'$$, '23514',
  'kind of driver "parcels", which has quantities, must be own, not ledger', 'which the ledger does not count');
DELETE FROM driver_entry;
SELECT throws_ok($$UPDATE driver SET kind = 'blend' WHERE code = 'parcels'$$, '23514',
  'kind of driver "parcels", which is a part of "mix", must be own or ledger, not blend', 'a part becomes no blend');
DELETE FROM driver_blend;
UPDATE driver SET kind = 'blend' WHERE code = 'parcels';
UPDATE driver SET kind = 'own' WHERE code = 'parcels';
INSERT INTO driver_entry (driver, customer_id, measured_on, quantity)
  VALUES ('parcels', pg_temp.id('one'), '2025-01-05', 3);
INSERT INTO driver_entry (driver, customer_id, measured_on, quantity)
  VALUES ('parcels', pg_temp.id('one'), '2025-01-06', -3);
SELECT is((SELECT driver FROM crmcost.validate_rules('crm') WHERE check_name = 'driver_without_quantity'), 'parcels',
  'a negative quantity takes back what was counted');
INSERT INTO allocation_share VALUES ('data', 'svc', 0.7), ('data', 'acq', 0.6);
SELECT results_eq($$SELECT check_name, severity, category_code, amount FROM crmcost.validate_rules('crm')
    WHERE check_name = 'shares_over_1'$$,
  $$VALUES ('shares_over_1', 'error', 'data', 8.0)$$, 'shares of more than the whole, with the money');
SELECT is((SELECT message FROM crmcost.validate_rules('crm') WHERE check_name = 'rules_refused'),
  'shares of data in 2025-01 must sum to 1 at most, not 1.30000000', 'and what refresh would say');
SELECT is_empty('SELECT * FROM customer_value', 'nothing was written');
SELECT throws_ok($$SELECT * FROM crmcost.validate_rules('crm', 'none')$$, '22023', NULL,
  'a scenario that is not there');
ROLLBACK TO facts;

SELECT throws_ok($$CALL crmcost.compare_rules('crm', 'even')$$, '22023',
  $$scenario must be one of allocation_rule or of planned cost in plan, not 'even'$$, 'no such scenario');
INSERT INTO allocation_rule (category_code, driver, scenario) VALUES ('svc', 'equal', 'even');
SELECT throws_ok($$CALL crmcost.compare_rules('crm', 'even')$$, '55000', 'ledger "crm" was not refreshed yet',
  'nothing to compare with');
CALL crmcost.refresh('crm', '2025-02-01');
CALL crmcost.compare_rules('crm', 'even');
SELECT results_eq($$SELECT source_key, total_cost, scenario_total_cost, profit, scenario_profit, difference
    FROM rule_comparison JOIN customer USING (customer_id) ORDER BY 1$$,
  $$VALUES ('one', 10.0, 20.0, 50.0, 40.0, -10.0), ('two', 30.0, 20.0, 170.0, 180.0, 10.0)$$,
    'service by heads instead of by revenue');
SELECT results_eq('SELECT customer_id, profit FROM customer_profit ORDER BY 1',
  'SELECT customer_id, profit FROM rule_comparison ORDER BY 1', 'the books are as they were');
CALL crmcost.close_period('crm', '2025-01-01');
CALL crmcost.compare_rules('crm', 'even');
SELECT results_eq('SELECT difference FROM rule_comparison ORDER BY 1', 'VALUES (-10.0), (10.0)',
  'a closed month is compared as well');
SELECT is((SELECT count(*)::int FROM closed_period WHERE month_start = '2025-01-01'), 1, 'and stays closed');
-- a budget of 100 a month, half of it for support, under the rules of the books
INSERT INTO plan (scenario, kind, measure, category_code, period, amount)
  VALUES ('b25', 'budget', 'cost', 'svc', '[2025-01-01,2026-01-01)', 1200),
         ('b25', 'budget', 'cost', 'svc.support', '[2025-01-01,2026-01-01)', 600);
CALL crmcost.compare_rules('crm', 'b25');
SELECT results_eq($$SELECT rule_comparison.kind, source_key, scenario_total_cost, scenario_profit
    FROM rule_comparison JOIN customer USING (customer_id) WHERE scenario = 'b25' ORDER BY 2$$,
  $$VALUES ('plan', 'one', 25.0, 35.0), ('plan', 'two', 75.0, 125.0)$$,
  'planned cost goes through the rules of the books, and the inner budget counts once');
SELECT is((SELECT count(DISTINCT scenario)::int FROM rule_comparison), 2, 'one scenario beside the other');
ROLLBACK TO facts;

-- what the store says is what the facts say, or verify tells
CALL crmcost.refresh('crm', '2025-02-01');
SELECT lives_ok($$CALL crmcost.verify('crm')$$, 'nothing differs');
UPDATE customer_value SET revenue = revenue + 1 WHERE customer_id = pg_temp.id('one');
SELECT throws_ok($$CALL crmcost.verify('crm')$$, 'XX001', 'the store of ledger "crm" differs from its facts in 1 rows',
  'a figure that somebody changed');
SELECT is((SELECT revenue FROM customer_value WHERE customer_id = pg_temp.id('one')), 101.0, 'verify repairs nothing');
CALL crmcost.refresh('crm', '2025-02-01', "full" => true);
SELECT lives_ok($$CALL crmcost.verify('crm')$$, 'a full refresh does');
ROLLBACK TO facts;

INSERT INTO sale (customer_id, order_ref, sold_at, amount, cogs, currency)
  VALUES (pg_temp.id('one'), 'c', '2025-02-10', 10, 4, 'EUR');
SELECT throws_ok($$CALL crmcost.backfill('crm', '2024-12-01', '2025-01-01')$$, '22023', NULL, 'no refresh yet');
CALL crmcost.refresh('crm', '2025-03-15');
SELECT throws_ok($$CALL crmcost.backfill('crm', '2025-01-01', '2025-03-01')$$, '22023',
  'to_month must have ended by the last refresh, as of 2025-03-14, not 2025-03', 'a month that is not over');
SELECT throws_ok($$CALL crmcost.backfill('crm', '2025-02-01', '2025-01-01')$$, '22023', NULL, 'months in reverse');
CALL crmcost.backfill('crm', '2024-12-01', '2025-02-01');
SELECT results_eq($$SELECT as_of, source_key, revenue, profit FROM customer_snapshot JOIN customer USING (customer_id)
    WHERE source_key = 'one' AND revenue > 0 ORDER BY 1$$,
  $$VALUES (date '2025-01-31', 'one', 100.0, 50.0), (date '2025-02-28', 'one', 110.0, 56.0),
    (date '2025-03-14', 'one', 110.0, 56.0)$$,
  'the ends of past months');
SELECT is((SELECT as_of FROM last_refresh), date '2025-03-14', 'the reports are those of the last refresh');
SELECT lives_ok($$CALL crmcost.verify('crm')$$, 'to the last row');
ROLLBACK TO facts;

CALL crmcost.refresh('crm', '2025-02-01');
SELECT ok(crmcost.merge_customer('crm', pg_temp.id('two'), pg_temp.id('one')), 'two is one');
SELECT ok(NOT crmcost.merge_customer('crm', pg_temp.id('two'), pg_temp.id('one')), 'as it was');
SELECT throws_ok($$SELECT crmcost.merge_customer('crm', pg_temp.id('one'), pg_temp.id('two'))$$, '22023', NULL,
  'not in a circle');
SELECT throws_ok($$SELECT crmcost.merge_customer('crm', pg_temp.id('one'), pg_temp.id('one'))$$, '22023', NULL,
  'nor into itself');
SELECT throws_ok($$SELECT crmcost.merge_customer('crm', 0, 1)$$, 'P0002',
  'customer_id must be a customer of ledger "crm", not 0', 'nobody');
CALL crmcost.refresh('crm', '2025-02-01');
SELECT results_eq('SELECT source_key, revenue, profit, orders::int FROM customer_profit JOIN customer USING (customer_id)',
  $$VALUES ('one', 400.0, 220.0, 2)$$, 'all counts for the one that stays');
SELECT ok(crmcost.unmerge_customer('crm', pg_temp.id('two')), 'taken back');
SELECT ok(NOT crmcost.unmerge_customer('crm', pg_temp.id('two')), 'there is nothing to take back');
CALL crmcost.refresh('crm', '2025-02-01');
SELECT results_eq('SELECT source_key, revenue, profit FROM customer_profit JOIN customer USING (customer_id) ORDER BY 1',
  $$VALUES ('one', 100.0, 50.0), ('two', 300.0, 170.0)$$, 'and everything is as before');
SELECT lives_ok($$CALL crmcost.verify('crm')$$, 'to the last row, too');

SELECT throws_ok($$CALL crmcost.refresh('crm', '2999-01-01')$$, '22023', NULL, 'as_of far in the future');
SELECT throws_ok($$CALL crmcost.refresh('crm', '1899-01-01')$$, '22023', NULL, 'or before our time');
SELECT lives_ok($$CALL crmcost.refresh('crm', '2000-01-01')$$, 'as_of before the first fact');
SELECT is_empty('SELECT * FROM customer_profit', 'when there was nothing');
CALL crmcost.refresh('crm', '2025-02-01');
SELECT is((SELECT sum(profit) FROM customer_profit), 220.0, 'and back');
UPDATE setting SET value = '1' WHERE key = 'schema_version';
SELECT throws_ok($$CALL crmcost.refresh('crm', '2025-02-01')$$, '55000',
  'ledger "crm" has schema version 1, and this crmcost works with 2', 'an older ledger');
SELECT * FROM finish();
ROLLBACK;
