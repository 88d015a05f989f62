-- cost_flow, service pools, capacity, limited rules: every way of a cost, and
-- that nothing is lost on it.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();

CREATE FUNCTION pg_temp.spend(category text, day date, amount numeric, VARIADIC more text[] DEFAULT '{}')
  RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- more: column, value, column, value
  EXECUTE format('INSERT INTO crm.cost_entry (category_code, incurred_on, amount, currency %s) VALUES (%L, %L, %s, %L %s)',
    (SELECT string_agg(', ' || more[i], '') FROM generate_series(1, cardinality(more), 2) i), category, day, amount,
      'EUR',
    (SELECT string_agg(', ' || quote_literal(more[i + 1]), '') FROM generate_series(1, cardinality(more), 2) i));
END
$$;
CREATE FUNCTION pg_temp.buyers(n int, day date) RETURNS void LANGUAGE sql AS $$
  INSERT INTO crm.customer (customer_id, source_key, first_seen_at, acquired_at)
  SELECT i, 'c' || i, '2024-01-01', day FROM generate_series(1, n) i;
  INSERT INTO crm.sale (customer_id, order_ref, sold_at, amount, cogs, currency)
  SELECT i, 'o' || i, day, 10, 4, 'EUR' FROM generate_series(1, n) i
$$;
SAVEPOINT fresh;

-- A24: the way of 100.00 to three customers, and back
SELECT pg_temp.buyers(3, '2024-03-10');
INSERT INTO cost_entry (cost_id, category_code, incurred_on, amount, currency, customer_id)
VALUES (1, 'svc.support', '2024-03-05', 60, 'EUR', NULL), (2, 'svc.repair', '2024-03-31', 40, 'EUR', NULL),
       (3, 'svc.repair', '2024-03-31', 5, 'EUR', 2), (4, 'ret.contact', '2024-03-31', 7, 'EUR', NULL);
INSERT INTO allocation_rule (rule_id, category_code, driver) VALUES (9, 'svc', 'orders');
CALL crmcost.refresh('crm', '2024-03-31 12:00Z');
SELECT results_eq($$
  SELECT via, cost_id::int, category_code, entry_cost, rule_id::int, driver, driver_quantity, driver_total, cost
  FROM cost_flow WHERE month_start = '2024-03-01' AND customer_id = 2 ORDER BY 1, 2
$$, $$ VALUES
  ('allocated', 1, 'svc.support', 60.0, 9, 'orders', 1.0, 3.0, 20.0),
  ('allocated', 2, 'svc.repair', 40.0, 9, 'orders', 1.0, 3.0, 13.3333),
  ('direct', 3, 'svc.repair', 5.0, NULL, NULL, NULL, NULL, 5.0),
  ('rounding', NULL, NULL, NULL, NULL, NULL, NULL, NULL, -0.0033) $$,
  'A24: what customer 2 bears of which entry, by which rule, with how much of which driver');
-- 13.3333 up to the first, 26.6667 up to the second, by the hashes of their numbers
SELECT results_eq($$
  SELECT cost FROM cost_flow WHERE cost_id = 2 ORDER BY hashint8(customer_id)
$$, $$ VALUES (13.3333), (13.3334), (13.3333) $$, 'A24: and where an entry went');
SELECT results_eq($$
  SELECT customer_id, cost_id::int, cost, unallocated_because FROM cost_flow WHERE via = 'unallocated'
$$, $$ VALUES (NULL::bigint, 4, 7.0, 'no rule') $$, 'cost without a rule stays in sight');
SELECT results_eq($$
  SELECT customer_id::int, sum(cost) FROM cost_flow WHERE customer_id IS NOT NULL GROUP BY 1 ORDER BY 1
$$, $$ VALUES (1, 33.34), (2, 38.33), (3, 33.33) $$, 'A24: the flow of a customer is the cost of the customer');
-- a year of many customers is not computed for one month of one
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text;
  result text := '';
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
    result := result || line || E'\n';
  END LOOP;
  RETURN result;
END $$;
SELECT unalike(pg_temp.plan_of($$SELECT * FROM cost_flow WHERE customer_id = 2 AND month_start = '2024-03-01'$$),
  '%CTE Scan%',
              'a condition on the month reaches the tables');
ROLLBACK TO fresh;

-- limited rules come before unlimited ones; the campaign before the product
INSERT INTO campaign (code, channel_code, purpose, period, name)
VALUES ('spring', 'social', 'acquisition', '[2024-03-01,2024-06-01)', 'Spring');
SELECT pg_temp.buyers(4, '2024-03-10');
UPDATE sale SET channel_code = 'store', product_code = 'p1' WHERE customer_id IN (1, 2);
UPDATE sale SET campaign_code = 'spring', product_code = 'p1' WHERE customer_id = 3;
INSERT INTO allocation_rule (rule_id, category_code, driver, channel_code, campaign_code, product_code)
VALUES (1, 'acq', 'equal', NULL, NULL, NULL), (2, 'acq', 'orders', 'store', NULL, NULL),
       (3, 'acq', 'orders', NULL, 'spring', NULL), (4, 'acq', 'revenue', NULL, NULL, 'p1'),
       (5, 'acq.sales', 'orders', NULL, NULL, NULL), (6, 'acq', 'orders', 'tv', NULL, NULL);
SELECT pg_temp.spend('acq.ads.web', '2024-03-11', 8);
SELECT pg_temp.spend('acq.ads.web', '2024-03-11', 80, 'channel_code', 'store');
SELECT pg_temp.spend('acq.ads.web', '2024-03-11', 800, 'campaign_code', 'spring', 'product_code', 'p1');
SELECT pg_temp.spend('acq.ads.web', '2024-03-11', 9000, 'product_code', 'p1');
SELECT pg_temp.spend('acq.sales.salary', '2024-03-11', 40000, 'product_code', 'p1');
SELECT pg_temp.spend('acq.ads.tv', '2024-03-11', 500000, 'channel_code', 'tv');
CALL crmcost.refresh('crm', '2024-03-31 12:00Z');
SELECT results_eq($$
  SELECT rule_id::int, driver, customer_id::int, cost FROM cost_flow WHERE via <> 'rounding' ORDER BY 1, 3
$$, $$ VALUES
  (1, 'equal', 1, 2.0), (1, 'equal', 2, 2.0), (1, 'equal', 3, 2.0), (1, 'equal', 4, 2.0),
  (2, 'orders of channel store', 1, 40.0), (2, 'orders of channel store', 2, 40.0),
  (3, 'orders of campaign spring', 3, 800.0),
  (4, 'revenue of product p1', 1, 3000.0), (4, 'revenue of product p1', 2, 3000.0),
    (4, 'revenue of product p1', 3, 3000.0),
  (5, 'orders', 1, 10000.0), (5, 'orders', 2, 10000.0), (5, 'orders', 3, 10000.0), (5, 'orders', 4, 10000.0),
  (6, 'orders of channel tv', NULL, 500000.0) $$,
  'a rule of a channel, campaign or product counts its driver there; the nearest category has the say');
SELECT is((SELECT unallocated_because FROM cost_flow WHERE rule_id = 6), 'no driver in the month',
          'a rule without its driver''s data leaves the cost in sight');
ROLLBACK TO fresh;

-- tier_weight: the tier that held when the month began
SELECT pg_temp.buyers(4, '2024-03-10');
INSERT INTO classification (customer_id, dimension, entered_at, code, by_rule)
VALUES (1, 'abc', '2024-02-05', 'A', false), (1, 'abc', '2024-03-05', 'C', false), (2, 'abc', '2024-02-05', 'B', false),
       (3, 'abc', '2024-03-05', 'A', false);
UPDATE tier SET resource_weight = CASE code WHEN 'A' THEN 5 WHEN 'B' THEN 3 ELSE 1 END WHERE scheme = 'abc';
INSERT INTO allocation_rule (category_code, driver) VALUES ('ret', 'tier_weight');
SELECT pg_temp.spend('ret.contact', '2024-03-11', 80);
CALL crmcost.refresh('crm', '2024-03-31 12:00Z');
SELECT results_eq('SELECT customer_id::int, allocated_cost FROM customer_cost ORDER BY 1',
                  $$ VALUES (1, 50.0), (2, 30.0) $$, 'tier_weight 5 to 3, as the tiers stood when the month began');
ROLLBACK TO fresh;

-- A29, E6: time-driven; standard times where nothing was measured, none for
-- what a machine did; capacity that nobody used is nobody's
SELECT pg_temp.buyers(3, '2024-03-10');
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, automated, n, handle_seconds)
VALUES (1, '2024-03-05', 'ticket', 'call', false, 1, 3600), (2, '2024-03-06', 'ticket', 'chat', false, 3, NULL),
       (3, '2024-03-06', 'ticket', 'chat', true, 600, NULL);
INSERT INTO activity_time VALUES ('ticket', '', 99, '(,2024-03-01)'), ('ticket', 'chat', 10, '(,)'),
  ('ticket', '', 12, '[2024-03-01,)');
INSERT INTO allocation_rule (category_code, driver) VALUES ('svc', 'handle_time');
SELECT pg_temp.spend('svc.support', '2024-03-31', 90);
CALL crmcost.refresh('crm', '2024-03-31 12:00Z');
SELECT results_eq('SELECT customer_id::int, allocated_cost FROM customer_cost ORDER BY 1',
                  $$ VALUES (1, 60.0), (2, 30.0) $$,
                    'A29: 60 and 30 minutes share 90.00 as 60.00 and 30.00; what a machine did costs no time');
INSERT INTO capacity VALUES ('svc', '[2024-01-01,2024-07-01)', 1080);
CALL crmcost.refresh('crm', '2024-03-31 12:00Z');
SELECT results_eq('SELECT customer_id::int, allocated_cost FROM customer_cost ORDER BY 1',
                  $$ VALUES (1, 30.0), (2, 15.0) $$,
                    'E6: 180 minutes a month cost 0.50 each: customers bear what they used');
SELECT results_eq($$
  SELECT customer_id, driver_quantity, driver_total, cost FROM cost_flow WHERE via = 'unused capacity'
$$, $$ VALUES (NULL::bigint, 5400.0, 10800.0, 45.0) $$, 'E6: unused capacity is reported, never spread');
SELECT results_eq('SELECT cost, allocated_cost, unused_cost, unallocated_cost, capacity FROM cost_pool',
                  $$ VALUES (90.0, 45.0, 45.0, 0.0, 10800.0) $$, 'E6: and so says the pool');
UPDATE capacity SET minutes = 270;
CALL crmcost.refresh('crm', '2024-03-31 12:00Z');
SELECT results_eq('SELECT customer_id::int, allocated_cost FROM customer_cost ORDER BY 1',
                  $$ VALUES (1, 60.0), (2, 30.0) $$, 'who works more than the capacity bears the whole cost, not more');
DELETE FROM interaction;
CALL crmcost.refresh('crm', '2024-03-31 12:00Z');
SELECT results_eq('SELECT allocated_cost, unused_cost, unallocated_cost FROM cost_pool',
                  $$ VALUES (0.0, 90.0, 0.0) $$, 'a pool that nobody used is unused capacity');
ROLLBACK TO fresh;

-- E6: a bot takes 600 of 1,000 tickets at 0.50, people 400 at 12 minutes of 0.50
SELECT pg_temp.buyers(2, '2024-03-10');
INSERT INTO channel (code, kind, name) VALUES ('bot', 'service', 'Bot');
INSERT INTO interaction (customer_id, occurred_at, kind, automated, n, channel_code)
VALUES (1, '2024-03-05', 'ticket', true, 600, 'bot'), (1, '2024-03-06', 'ticket', false, 100, 'phone'),
       (2, '2024-03-06', 'ticket', false, 300, 'phone');
INSERT INTO activity_time (kind, minutes) VALUES ('ticket', 12);
INSERT INTO allocation_rule (category_code, driver, channel_code) VALUES ('svc.support', 'handle_time', NULL),
  ('svc.support', 'interactions', 'bot');
INSERT INTO capacity VALUES ('svc.support', '[2024-03-01,2024-04-01)', 12000);
SELECT pg_temp.spend('svc.support', '2024-03-31', 6000);
SELECT pg_temp.spend('svc.support', '2024-03-31', 300, 'channel_code', 'bot');
CALL crmcost.refresh('crm', '2024-03-31 12:00Z');
SELECT results_eq('SELECT customer_id::int, allocated_cost FROM customer_cost ORDER BY 1',
                  $$ VALUES (1, 300 + 600.0), (2, 1800.0) $$, 'E6: 600 by a bot and 400 by people cost 2,700');
SELECT is((SELECT round(100 * (sum(allocated_cost) / (1000 * 12 * 0.50) - 1)) FROM cost_pool), -55.0,
          'B11, E6: 55 % less than 6,000 by people alone');
SELECT is((SELECT sum(unused_cost) FROM cost_pool), 3600.0, 'E6: the people freed are unused capacity');
ROLLBACK TO fresh;

-- pools that serve pools: cleaning and computing serve each other, and two that
-- work for customers; a textbook pair, solved by hand:
--   s1 = 600 + 0.5 s2, s2 = 300 + 0.2 s1  =>  s1 = 750/0.9, s2 = 420/0.9
SELECT pg_temp.buyers(1, '2024-03-10');
INSERT INTO cost_category (code, parent_code, bucket, resource, name)
VALUES ('s1', NULL, 'program', 'human', 'S1'), ('s1.a', 's1', 'program', 'human', 'S1 A'),
  ('s2', NULL, 'data', 'technical', 'S2');
INSERT INTO allocation_share VALUES ('s1', 's2', 0.2), ('s1', 'svc', 0.5), ('s1', 'ret', 0.3), ('s2', 's1', 0.5),
  ('s2', 'svc', 0.5);
INSERT INTO allocation_rule (rule_id, category_code, driver) VALUES (1, 'svc', 'orders'),
  (2, 'ret', 'active_customers');
SELECT pg_temp.spend('s1', '2024-03-05', 500);
SELECT pg_temp.spend('s1.a', '2024-03-05', 100);
SELECT pg_temp.spend('s2', '2024-03-05', 300);
SELECT pg_temp.spend('svc.support', '2024-03-05', 50);
CALL crmcost.refresh('crm', '2024-03-31 12:00Z');
SELECT results_eq($$
  SELECT rule_id::int, round(sum(cost), 2) FROM cost_flow GROUP BY 1 HAVING sum(cost) <> 0 ORDER BY 1
$$, $$ VALUES (1, round(50 + 0.5 * 750 / 0.9 + 0.5 * 420 / 0.9, 2)), (2, round(0.3 * 750 / 0.9, 2)) $$,
  'reciprocal: what 750/0.9 and 420/0.9 pass on by their shares');
SELECT results_eq($$
  SELECT bucket, sum(cost) FROM cost_flow GROUP BY 1 ORDER BY 1
$$, $$ VALUES ('data', 300.0), ('program', 600.0), ('service', 50.0) $$, 'cost keeps its bucket on the way');
SELECT results_eq($$
  SELECT DISTINCT service_category FROM cost_flow WHERE via = 'allocated' ORDER BY 1
$$, $$ VALUES ('s1'), ('s2'), (NULL) $$, 'and the flow names the pool it came through');
UPDATE setting SET value = 'step_down' WHERE key = 'service_pool_method';
CALL crmcost.refresh('crm', '2024-03-31 12:00Z');
-- s1 and s2 serve one other each, s1 first by name: s2 = 300 + 120, and its
-- share back to s1 falls away
SELECT results_eq($$
  SELECT rule_id::int, sum(cost) FROM cost_flow GROUP BY 1 HAVING sum(cost) <> 0 ORDER BY 1
$$, $$ VALUES (1, 50 + 300 + 420.0), (2, 180.0) $$, 'step_down: each pool once, in order');
-- what the shares leave stays
UPDATE allocation_share SET share = 0.1 WHERE from_category = 's2' AND to_category = 'svc';
DELETE FROM allocation_share WHERE to_category IN ('s1', 's2');
CALL crmcost.refresh('crm', '2024-03-31 12:00Z');
SELECT results_eq($$
  SELECT bucket, via, coalesce(service_category, '-'), sum(cost) FROM cost_flow WHERE bucket <> 'service'
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
$$, $$ VALUES ('data', 'allocated', 's2', 30.0), ('data', 'unallocated', '-', 270.0),
              ('program', 'allocated', 's1', 480.0), ('program', 'unallocated', '-', 120.0) $$,
  'what shares leave of 1 stays with the pool');
SELECT results_eq($$
  SELECT month_start, sum(cost) FROM cost_flow GROUP BY 1
$$, $$ VALUES ('2024-03-01'::date, 950.0) $$, 'nothing is lost');
-- bad shares
INSERT INTO allocation_share VALUES ('s2', 'ret', 0.95);
SELECT throws_ok($$CALL crmcost.refresh('crm', '2024-03-31 12:00Z')$$, '22000',
  'shares of s2 in 2024-03 must sum to 1 at most, not 1.05000000', 'shares over 1 are refused');
DELETE FROM allocation_share;
INSERT INTO allocation_share VALUES ('s1', 's2', 1), ('s2', 's1', 1);
UPDATE setting SET value = 'reciprocal' WHERE key = 'service_pool_method';
SELECT throws_like($$CALL crmcost.refresh('crm', '2024-03-31 12:00Z')$$,
  'service pools of 2024-03 cannot be solved: %', 'a closed loop among pools is refused');
ROLLBACK TO fresh;

-- A19 to A21: accruals
SELECT pg_temp.spend('data.storage.service', '2024-01-05', 12000, 'covers', '[2024-01-01,2025-01-01)', 'quantity',
  '12', 'unit', 'month');
SELECT pg_temp.spend('data.collect.tools', '2024-01-20', 100, 'covers', '[2024-01-30,2024-02-03)');
SELECT pg_temp.spend('data.analysis.staff', '2024-01-20', 100.01, 'covers', '[2024-01-01,2024-04-01)');
CALL crmcost.refresh('crm', '2025-01-01');
SELECT results_eq($$
  SELECT month_start, cost FROM cost_by_month WHERE category_code = 'data.storage.service' ORDER BY 1
$$, $$ SELECT m::date, 1000.0 FROM generate_series('2024-01-01'::timestamp, '2024-12-01', '1 month') m $$,
  'A19: a licence of 12,000 over 12 months is 1,000 a month, exactly');
SELECT results_eq($$
  SELECT month_start, base_amount, quantity FROM accrued_cost WHERE unit = 'month' ORDER BY 1 LIMIT 2
$$, $$ VALUES ('2024-01-01'::date, 1000.0, 1.0), ('2024-02-01', 1000.0, 1.0) $$, 'A19: and its quantity with it');
SELECT results_eq($$
  SELECT month_start, cost FROM cost_by_month WHERE category_code = 'data.collect.tools' ORDER BY 1
$$, $$ VALUES ('2024-01-01'::date, 50.0), ('2024-02-01', 50.0) $$, 'A20: two days of January and two of February');
SELECT results_eq($$
  SELECT month_start, cost FROM cost_by_month WHERE category_code = 'data.analysis.staff' ORDER BY 1
$$, $$ VALUES ('2024-01-01'::date, 33.34), ('2024-02-01', 33.34), ('2024-03-01', 33.33) $$, 'A21: to the cent');
SELECT is((SELECT sum(cost) FROM cost_by_month WHERE bucket = 'data'), 12200.01,
  'A19 to A21: all of it rolls up into data');
CALL crmcost.refresh('crm', '2024-02-15');
-- 14 of 29 days: 482.76 of 1,000 and 16.10 of 33.34; both days of February at 50 are over
SELECT results_eq('SELECT month_start, cost FROM cost_pool ORDER BY 1',
  $$ VALUES ('2024-01-01'::date, 1083.34), ('2024-02-01', 482.76 + 50 + 16.10) $$,
    'days to come are not in the reports yet');

SELECT * FROM finish();
ROLLBACK;
