-- refresh: again, as of other days, with late facts; stages and rows by hand.
\ir ledger_setup.psql
SELECT no_plan();

INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at, acquisition_channel)
SELECT i, 'c' || i, '2024-01-01', '2024-01-01'::date + i, 'web' FROM generate_series(1, 40) i;
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, amount, cogs, currency, product_code)
SELECT 1 + floor(random() * 40), 'o' || i / 2, i,
  '2024-01-05 10:00Z'::timestamptz + floor(random() * 300) * interval '1 day',
       round((random() * 80)::numeric, 2), round((random() * 40)::numeric, 2), 'EUR', 'p' || floor(random() * 9)
FROM generate_series(1, 600) i;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id)
SELECT 'svc.support', '2024-01-01'::date + i, 10 + i, 'EUR', nullif(i % 41, 0) FROM generate_series(1, 300) i;
INSERT INTO allocation_rule (category_code, driver) VALUES ('svc', 'active_customers');
-- a copy of all that is computed
CREATE FUNCTION pg_temp.computed() RETURNS TABLE (content text) LANGUAGE sql AS $$
  SELECT 'm' || to_jsonb(t)::text FROM crm.customer_month t UNION ALL
  SELECT 'c' || to_jsonb(t)::text FROM crm.customer_cost t UNION ALL
  SELECT 'p' || to_jsonb(t)::text FROM crm.cost_pool t UNION ALL
  SELECT 't' || to_jsonb(t)::text FROM crm.tier_threshold t UNION ALL
  SELECT 'v' || to_jsonb(t)::text FROM crm.clv_model t UNION ALL
  SELECT 's' || to_jsonb(t)::text FROM crm.customer_snapshot t UNION ALL
  SELECT 'k' || to_jsonb(t)::text FROM crm.classification t$$;
SAVEPOINT fresh;

-- B18
CALL crmcost.refresh('crm', '2024-08-31 20:00Z');
SELECT cmp_ok((SELECT rows_changed FROM last_refresh), '>', 100::bigint, 'the first refresh writes rows');
CREATE TEMPORARY TABLE first AS SELECT * FROM pg_temp.computed();
CREATE TEMPORARY TABLE versions AS
SELECT 's' || ctid::text AS version FROM customer_value UNION ALL SELECT 'm' || ctid::text FROM customer_month;
CALL crmcost.refresh('crm', '2024-08-31 20:00Z');
SELECT is((SELECT rows_changed FROM last_refresh), 0::bigint, 'B18: the second refresh changes 0 rows');
SELECT bag_eq('SELECT * FROM pg_temp.computed()', 'SELECT * FROM first', 'B18: and leaves everything as it was');
SELECT set_eq($$SELECT 's' || ctid::text FROM customer_value UNION ALL SELECT 'm' || ctid::text FROM customer_month$$,
              'SELECT * FROM versions', 'B18: down to the row versions');
CALL crmcost.refresh('crm', '2024-08-31 23:59Z');
SELECT is((SELECT sum(rows_changed) FROM refresh_run WHERE run_id = (SELECT max(run_id) FROM refresh_run)
             AND step IN ('cost')), 0::numeric, 'later on the same day cost is as it was');
SELECT results_eq('SELECT step, as_of FROM refresh_run WHERE run_id = 1 ORDER BY started_at',
  $$SELECT step, '2024-08-31'::date FROM unnest(crmcost._refresh_steps()) WITH ORDINALITY s (step, i) ORDER BY i$$,
    'the log has a row a step');
SELECT is_empty($$SELECT FROM refresh_run WHERE finished_at < started_at$$, 'with its times');
SELECT is((SELECT count(*) FROM pg_class WHERE relname LIKE 'refresh\_%' AND relpersistence = 't'), 0::bigint,
          'no temporary table is left');
SELECT is((SELECT count(*) FROM last_refresh), 1::bigint, 'last_refresh is one row');

-- many customers are summarised one by one, with the same result
CREATE OR REPLACE FUNCTION crmcost._rfm_group_limit() RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 39;
CALL crmcost.refresh('crm', '2024-08-31 23:59Z');
SELECT is((SELECT rows_changed FROM last_refresh), 0::bigint, 'GROUP BY and rfm give what rfm_group gives');

-- nothing depends on settings of the session, on cached plans, on parallel workers
CREATE FUNCTION pg_temp.again(VARIADIC settings text[]) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. cardinality(settings) BY 2 LOOP
    PERFORM set_config(settings[i], settings[i + 1], true);
  END LOOP;
  CALL crmcost.refresh('crm', '2024-08-31 23:59Z');
  FOR i IN 1 .. cardinality(settings) BY 2 LOOP
    EXECUTE format('SET LOCAL %I TO DEFAULT', settings[i]);
  END LOOP;
  RETURN (SELECT rows_changed FROM crm.last_refresh);
END
$$;
SELECT is(pg_temp.again('timezone', 'Asia/Tokyo', 'datestyle', 'German', 'intervalstyle', 'sql_standard',
  'extra_float_digits', '-5'),
          0::bigint, 'session settings change nothing');
SELECT is(pg_temp.again('plan_cache_mode', 'force_generic_plan'), 0::bigint, 'nor do generic plans');
SELECT is(pg_temp.again('parallel_setup_cost', '0', 'parallel_tuple_cost', '0', 'min_parallel_table_scan_size', '0',
  'min_parallel_index_scan_size', '0'),
          0::bigint, 'nor do parallel plans');
SELECT is(pg_temp.again('work_mem', '64kB', 'maintenance_work_mem', '1MB'), 0::bigint, 'nor does a lack of memory');
SELECT is(pg_temp.again('enable_hashjoin', 'off', 'enable_hashagg', 'off', 'enable_nestloop', 'off'), 0::bigint,
  'nor do other plans');
SET LOCAL jit = off;

-- facts after as_of
SELECT is((SELECT sum(revenue) FROM customer_profit),
          (SELECT sum(amount) FROM sale WHERE sold_at < '2024-08-31 23:59Z'), 'facts after as_of are not in it');
SELECT is((SELECT sum(total_cost) FROM customer_profit),
          (SELECT sum(amount) FROM cost_entry WHERE incurred_on <= '2024-08-31'), 'nor is cost');
SELECT results_eq($$SELECT check_name, rows FROM data_quality
  WHERE check_name IN ('cost_after_as_of', 'sale_after_as_of') ORDER BY 1$$,
  $$SELECT 'cost_after_as_of', count(*) FROM cost_entry WHERE incurred_on > '2024-08-31' UNION ALL
    SELECT 'sale_after_as_of', count(*) FROM sale WHERE sold_at >= '2024-08-31 23:59Z'$$, 'data_quality counts them');

-- an earlier day, and the later one again
CREATE TEMPORARY TABLE late AS SELECT * FROM customer_profit;
CREATE TEMPORARY TABLE late_tier AS SELECT customer_id, scheme, tier FROM customer_tier;
CREATE TEMPORARY TABLE late_stage AS SELECT customer_id, code FROM customer_classification WHERE dimension = 'stage';
CALL crmcost.refresh('crm', '2024-03-31 20:00Z');
SELECT is((SELECT DISTINCT as_of FROM customer_profit), '2024-03-31'::date, 'reports go back to an earlier day');
SELECT is((SELECT max(month_start) FROM customer_month), '2024-03-01'::date, 'months after it are gone');
SELECT is((SELECT sum(revenue) FROM customer_profit),
  (SELECT sum(amount) FROM sale WHERE sold_at < '2024-03-31 20:00Z'),
          'with the revenue of that day');
SELECT is((SELECT sum(total_cost) FROM customer_cost),
  (SELECT sum(amount) FROM cost_entry WHERE incurred_on <= '2024-03-31'),
          'and its cost');
SELECT is((SELECT max(since) FROM customer_tier), '2024-03-31 20:00Z'::timestamptz, 'tiers are those of that day');
SELECT results_eq('SELECT DISTINCT as_of FROM customer_snapshot ORDER BY 1',
  $$ VALUES ('2024-03-31'::date), ('2024-08-31') $$, 'snapshots of both days stay');
SELECT is_empty($$SELECT check_name FROM data_quality WHERE check_name LIKE '%not_refreshed' AND rows > 0$$,
  'nothing is behind');
CALL crmcost.refresh('crm', '2024-03-31 20:00Z');
SELECT is((SELECT rows_changed FROM last_refresh), 0::bigint, 'again without change');
CALL crmcost.refresh('crm', '2024-08-31 23:59Z');
SELECT bag_eq('SELECT * FROM customer_profit', 'SELECT * FROM late', 'and the later day is as it was');
SELECT bag_eq('SELECT customer_id, scheme, tier FROM customer_tier', 'SELECT * FROM late_tier', 'with its tiers');
SELECT bag_eq($$SELECT customer_id, code FROM customer_classification WHERE dimension = 'stage'$$,
  'SELECT * FROM late_stage', 'and stages');
ROLLBACK TO fresh;

-- facts that come late, are corrected or vanish
CALL crmcost.refresh('crm', '2024-08-31 20:00Z');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) VALUES (1, 'late', '2024-02-02', 5000, 'EUR');
SELECT is((SELECT rows FROM data_quality WHERE check_name = 'sale_not_refreshed'), 1::bigint, 'a late fact is noticed');
CALL crmcost.refresh('crm', '2024-08-31 20:00Z');
SELECT is((SELECT sum(revenue) FROM customer_month),
  (SELECT sum(amount) FROM sale WHERE sold_at < '2024-08-31 20:00Z'), 'and taken in');
SELECT results_eq($$SELECT tier FROM customer_tier WHERE customer_id = 1 AND scheme = 'abc'$$, $$ VALUES ('A') $$,
  'up to the tier of the same instant');
SELECT is_empty($$SELECT * FROM (SELECT code, lag(code) OVER (ORDER BY entered_at) AS before FROM classification
    WHERE customer_id = 1 AND dimension = 'abc') k WHERE code = before$$, 'which is not told twice');
INSERT INTO customer (customer_id, source_key, first_seen_at) VALUES (99, 'c99', '2024-08-01');
INSERT INTO sale (sale_id, customer_id, order_ref, sold_at, amount, currency)
  VALUES (990099, 99, 'wrong', '2024-08-05', 1, 'EUR');
INSERT INTO cost_entry (cost_id, category_code, incurred_on, amount, currency, customer_id)
  VALUES (990099, 'svc', '2023-12-31', 1, 'EUR', 99);
CALL crmcost.refresh('crm', '2024-08-31 20:00Z');
SELECT is((SELECT count(*) FROM customer_snapshot WHERE customer_id = 99), 1::bigint, 'a customer comes');
DELETE FROM sale WHERE sale_id = 990099;
DELETE FROM cost_entry WHERE cost_id = 990099;
CALL crmcost.refresh('crm', '2024-08-31 20:00Z');
SELECT is((SELECT count(*) FROM (SELECT customer_id FROM customer_snapshot UNION ALL SELECT customer_id
  FROM customer_month
                                 UNION ALL SELECT customer_id FROM customer_order) t WHERE customer_id = 99), 0::bigint,
          'and goes without a trace in the computed tables');
SELECT is((SELECT count(*) FROM customer_month WHERE month_start = '2023-12-01') + (SELECT count(*) FROM cost_month
  WHERE month_start = '2023-12-01')
          + (SELECT count(*) FROM cost_day WHERE day < '2024-01-01'), 0::bigint, 'with the month that only they had');
DELETE FROM sale;
DELETE FROM cost_entry;
UPDATE customer SET acquired_at = NULL;
CALL crmcost.refresh('crm', '2024-08-31 20:00Z');
SELECT is((SELECT count(*) FROM customer_month) + (SELECT count(*) FROM cost_month)
          + (SELECT count(*) FROM cost_pool) + (SELECT count(*) FROM customer_snapshot), 0::bigint,
            'without facts nothing is left');
ROLLBACK TO fresh;

-- erasing keeps the facts, and which of orders at one instant came first
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency)
SELECT i, format('first %s of %s', n, i), '2024-01-02 10:00Z', 10 * n, 'EUR' FROM generate_series(4, 30) i,
  generate_series(1, 3) n;
CALL crmcost.refresh('crm', '2024-08-31 20:00Z');
UPDATE customer SET attributes = '{"region": "north"}' WHERE customer_id = 3;
CREATE TEMPORARY TABLE before AS SELECT * FROM customer_profit;
SELECT ok(crmcost.erase_customer('crm', 3), 'a customer is erased');
SELECT ok(NOT crmcost.erase_customer('crm', 3), 'once');
SELECT ok(bool_and(crmcost.erase_customer('crm', i)), 'and more') FROM generate_series(4, 30) i;
SELECT results_eq('SELECT source_key, attributes, erased_at IS NOT NULL FROM customer WHERE customer_id = 3',
  $$ VALUES (NULL::text, '{}'::jsonb, true) $$, 'the key and the attributes are gone');
SELECT throws_ok($$SELECT crmcost.erase_customer('crm', 4711)$$, 'P0002',
  'customer_id must be a customer of ledger "crm", not 4711', 'an unknown customer');
SELECT throws_ok($$SELECT crmcost.erase_customer('crm', NULL)$$, 'P0002',
  'customer_id must be a customer of ledger "crm", not null', 'a null customer');
CALL crmcost.refresh('crm', '2024-08-31 20:00Z');
SELECT is((SELECT rows_changed FROM last_refresh), 0::bigint, 'and no figure moves');
SELECT bag_eq('SELECT * FROM customer_profit', 'SELECT * FROM before', 'none at all');
ROLLBACK TO fresh;

-- a database without some setting says so
DELETE FROM setting WHERE key = 'timezone';
SELECT throws_ok($$CALL crmcost.refresh('crm', '2024-08-31')$$, 'P0002', 'ledger "crm" has no setting "timezone"',
  'a missing setting is named');
SELECT is((SELECT example FROM data_quality WHERE check_name = 'missing_setting'), 'timezone', 'by data_quality, too');
ROLLBACK TO fresh;

-- where clocks are set back at midnight of the first day of a month
UPDATE setting SET value = 'America/Havana' WHERE key = 'timezone';
CALL crmcost.ensure_partitions('crm', '2020-10-01', '2020-11-01');
INSERT INTO customer (customer_id, source_key, first_seen_at) VALUES (99, 'c99', '2020-01-01');
INSERT INTO sale (customer_id, sold_at, amount, currency)
SELECT 99, '2020-11-01 03:30Z'::timestamptz + i * interval '30 minutes', 10 ^ i, 'EUR' FROM generate_series(0, 4) i;
SELECT set_eq($$SELECT sold_on FROM sale_base WHERE customer_id = 99 AND amount > 1$$,
  $$ VALUES ('2020-11-01'::date) $$,
              'this day has an hour twice');
CALL crmcost.refresh('crm', '2024-08-31');
SELECT results_eq('SELECT month_start, revenue FROM customer_month WHERE customer_id = 99 ORDER BY 1',
  $$ VALUES ('2020-10-01'::date, 1.0), ('2020-11-01', 11110.0) $$, 'and is in one month');
ROLLBACK TO fresh;

-- stages: days since the last order or the acquisition, and pauses
DELETE FROM sale;
DELETE FROM cost_entry;
DELETE FROM customer;
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at) VALUES
  (1, 'lead', '2024-01-05', NULL), (2, 'buyer', '2023-01-01', '2023-01-01'), (3, 'signed', '2024-01-05', '2024-02-01'),
  (4, 'back', '2023-01-01', '2023-01-01'), (5, 'unknown yet', '2024-12-01', NULL),
    (6, 'buys unacquired', '2023-01-01', NULL);
INSERT INTO customer (customer_id, source, source_key, first_seen_at) VALUES (7, 'anon', 'web', '2023-01-01');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) VALUES
  (2, 'a', '2024-01-01 10:00Z', 10, 'EUR'), (4, 'b', '2023-03-01', 10, 'EUR'), (4, 'c', '2024-01-10 08:00Z', 10, 'EUR'),
  (4, 'd', '2024-01-10 09:00Z', 10, 'EUR'), (6, 'e', '2024-03-01', 10, 'EUR');
CREATE FUNCTION pg_temp.stages(at timestamptz) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  CALL crmcost.refresh('crm', at);
  RETURN (SELECT string_agg(concat_ws(' ', customer_id, code), ', ' ORDER BY customer_id)
          FROM crm.customer_classification WHERE dimension = 'stage');
END
$$;
SELECT is(pg_temp.stages('2024-01-31'), '1 lead, 2 won_back, 3 lead, 4 won_back, 6 lead',
  'B1: leads, and who was away for a year won back');
SELECT is(pg_temp.stages('2024-03-31 23:00Z'), '1 lead, 2 at_risk, 3 active, 4 won_back, 6 active',
  'at risk after 90 days');
SELECT is(pg_temp.stages('2024-06-29'), '1 lead, 2 at_risk, 3 at_risk, 4 at_risk, 6 at_risk', 'on day 179');
SELECT is(pg_temp.stages('2024-06-30'), '1 lead, 2 churned, 3 at_risk, 4 at_risk, 6 at_risk', 'churned after 180');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) VALUES (2, 'f', '2024-06-30', 10, 'EUR'),
  (3, 'g', '2024-06-30', 10, 'EUR');
SELECT is(pg_temp.stages('2024-07-01'), '1 lead, 2 won_back, 3 active, 4 at_risk, 6 at_risk',
  'an order after the pause wins back, after none it does not');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) VALUES (2, 'h', '2024-07-05', 10, 'EUR');
SELECT is(pg_temp.stages('2024-07-06'), '1 lead, 2 active, 3 active, 4 at_risk, 6 at_risk',
  'the next order makes active');
SELECT is(pg_temp.stages('2024-12-02'), '1 lead, 2 at_risk, 3 at_risk, 4 churned, 5 lead, 6 churned',
  'a lead is known from its first day');
SELECT results_eq($$SELECT code, entered_at::date FROM classification WHERE customer_id = 2 AND dimension = 'stage'
  ORDER BY entered_at$$, $$
  VALUES ('active', '2023-01-01'::date), ('at_risk', '2023-04-01'), ('churned', '2023-06-30'),
    ('won_back', '2024-01-01'),
         ('at_risk', '2024-03-31'), ('churned', '2024-06-29'), ('won_back', '2024-06-30'), ('active', '2024-07-05'),
           ('at_risk', '2024-10-03') $$, 'B1: the history has each change once');
SELECT is((SELECT code FROM classification WHERE customer_id = 3 AND dimension = 'stage' AND entered_at <= '2024-01-31'
  ORDER BY entered_at DESC LIMIT 1),
          'lead', 'B1: as of 31 January a lead');
-- by hand
INSERT INTO classification (customer_id, dimension, entered_at, code, reason_code) VALUES
  (2, 'stage', '2024-07-10', 'churned', 'churn.price'), (3, 'stage', '2024-07-10', 'active', NULL),
  (4, 'stage', '2024-07-10', 'active', NULL), (6, 'stage', '2024-07-10', 'at_risk', NULL),
    (1, 'stage', '2024-07-10', 'churned', 'churn.other');
SELECT is(pg_temp.stages('2024-07-20'), '1 churned, 2 churned, 3 active, 4 active, 6 at_risk',
  'stages set by hand stand');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) VALUES (2, 'i', '2024-07-25', 10, 'EUR');
SELECT is(pg_temp.stages('2024-07-26'), '1 churned, 2 won_back, 3 active, 4 active, 6 at_risk',
  'until an order comes: churned by hand is won back');
SELECT is(pg_temp.stages('2024-07-26'), '1 churned, 2 won_back, 3 active, 4 active, 6 at_risk', 'and stays so');
SELECT is((SELECT rows_changed FROM last_refresh), 0::bigint, 'without a change');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) VALUES (2, 'j', '2024-07-28', 10, 'EUR');
SELECT is(pg_temp.stages('2024-07-29'), '1 churned, 2 active, 3 active, 4 active, 6 at_risk', 'then active');
SAVEPOINT acquired;
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at)
  VALUES (8, 'acquired after the order', '2023-01-01', '2024-05-01');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) VALUES (8, 'k', '2023-03-01', 10, 'EUR');
CALL crmcost.refresh('crm', '2024-10-28');
CALL crmcost.refresh('crm', '2024-10-29');
SELECT results_eq($$SELECT code, entered_at::date FROM classification WHERE customer_id = 8 AND dimension = 'stage'
  ORDER BY entered_at$$,
  $$ VALUES ('lead', '2023-01-01'::date), ('active', '2023-03-01'), ('at_risk', '2023-05-30'),
    ('churned', '2023-08-28') $$,
  'nobody is won back by an acquisition after an order, which is no order');
ROLLBACK TO acquired;
SELECT is(pg_temp.stages('2024-10-09'), '1 churned, 2 active, 3 at_risk, 4 at_risk, 6 at_risk',
  'or until the days have passed');
SELECT is(pg_temp.stages('2025-01-07'), '1 churned, 2 at_risk, 3 churned, 4 churned, 5 lead, 6 churned',
  'but left is left');
ROLLBACK TO fresh;

-- tiers by hand stand until the rule's own answer changes
CALL crmcost.refresh('crm', '2024-08-01');
INSERT INTO classification (customer_id, dimension, entered_at, code, reason_code)
SELECT customer_id, 'loyalty', '2024-08-02', 'gold', 'tier.exception' FROM customer_tier
WHERE scheme = 'loyalty' AND tier = 'regular' ORDER BY customer_id LIMIT 1;
CREATE TEMPORARY TABLE chosen AS SELECT customer_id FROM classification WHERE reason_code = 'tier.exception';
CALL crmcost.refresh('crm', '2024-08-03');
SELECT results_eq($$SELECT tier, since FROM customer_tier JOIN chosen USING (customer_id) WHERE scheme = 'loyalty'$$,
  $$ VALUES ('gold', '2024-08-02'::timestamptz) $$, 'an exception stands');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) SELECT customer_id, 'big', '2024-08-03 01:00Z',
  3000, 'EUR' FROM chosen;
CALL crmcost.refresh('crm', '2024-08-04');
SELECT results_eq($$SELECT tier FROM customer_tier JOIN chosen USING (customer_id) WHERE scheme = 'loyalty'$$,
  $$ VALUES ('silver') $$,
                  'until the rule has something new to say');
SELECT results_eq($$SELECT code, by_rule FROM classification JOIN chosen USING (customer_id)
  WHERE dimension = 'loyalty' ORDER BY entered_at$$,
  $$ VALUES ('regular', true), ('gold', false), ('silver', true) $$, 'and the history has it all');
INSERT INTO tier (scheme, code, rank, basis, name) VALUES ('club', 'member', 1, 'manual', 'Member');
INSERT INTO classification (customer_id, dimension, entered_at, code) VALUES (1, 'club', '2024-08-04', 'member'),
  (2, 'club', '2024-08-04', 'nobody');
CALL crmcost.refresh('crm', '2024-08-05');
SELECT results_eq($$SELECT customer_id::int, tier, gap_to_next FROM customer_tier WHERE scheme = 'club'$$,
  $$ VALUES (1, 'member', NULL::numeric) $$,
                  'a scheme by hand is left alone');
SELECT is((SELECT example FROM data_quality WHERE check_name = 'unknown_tier'), 'customer 2 has club nobody',
  'and an unknown tier is reported');
ROLLBACK TO fresh;

-- columns that the owner adds do not disturb, whatever their names
ALTER TABLE customer ADD COLUMN zone text, ADD COLUMN day date, ADD COLUMN upto int;
ALTER TABLE customer_month ADD COLUMN month date, ADD COLUMN changed int;
ALTER TABLE customer_value ADD COLUMN bins int, ADD COLUMN note text;
ALTER TABLE sale ADD COLUMN month date, ADD COLUMN zone text, ADD COLUMN from_at int;
ALTER TABLE cost_entry ADD COLUMN day date;
SELECT lives_ok($$CALL crmcost.refresh('crm', '2024-08-31')$$, 'columns of the owner do not disturb');
CALL crmcost.refresh('crm', '2024-08-31');
SELECT is((SELECT rows_changed FROM last_refresh), 0::bigint, 'nor make changes');
ROLLBACK TO fresh;

-- and what they hold stays
CALL crmcost.refresh('crm', '2024-08-05');
ALTER TABLE conversion ADD COLUMN own_note text DEFAULT 'mine';
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency)
  SELECT customer_id, 'noted ' || customer_id, '2024-08-04', 10, 'EUR' FROM customer;
CALL crmcost.refresh('crm', '2024-08-31');
SELECT isnt_empty($$SELECT FROM conversion WHERE order_ref LIKE 'noted %'$$, 'new conversions');
SELECT is_empty('SELECT FROM conversion WHERE own_note IS NULL', 'what a column of the owner holds stays after news');
CALL crmcost.refresh('crm', '2024-08-31', full => true);
SELECT is_empty('SELECT FROM conversion WHERE own_note IS NULL', 'and when everything is computed');
ROLLBACK TO fresh;

-- a month whose closing was announced and did not come: what was loaded meanwhile counts once
INSERT INTO interaction (customer_id, occurred_at, kind) SELECT min(customer_id), '2024-01-05', 'return' FROM customer;
CALL crmcost.refresh('crm', '2024-02-20');
CALL crmcost.close_period('crm', '2024-01-01');
UPDATE refresh_state SET closing_before = '2024-03-01';
INSERT INTO interaction (customer_id, occurred_at, kind) SELECT min(customer_id), '2024-02-05', 'return' FROM customer;
SELECT is((SELECT count(*) FROM late_fact WHERE booked_on >= '2024-02-01'), 1::bigint,
  'known as late in a month that is open');
CALL crmcost.refresh('crm', '2024-02-21');
INSERT INTO interaction (customer_id, occurred_at, kind) SELECT max(customer_id), '2024-02-06', 'return' FROM customer;
CALL crmcost.refresh('crm', '2024-02-21');
SELECT results_eq($$SELECT month_start, sum(interactions)::int FROM contact_month
  WHERE kind = 'return' AND month_start <= '2024-02-01' GROUP BY 1 ORDER BY 1$$,
  $$SELECT date_trunc('month', occurred_at)::date, sum(n)::int FROM interaction
    WHERE kind = 'return' AND occurred_at < '2024-02-21' GROUP BY 1 ORDER BY 1$$,
  'and counted once, also when another customer has news');
SELECT lives_ok($$CALL crmcost.verify('crm')$$, 'as in a full refresh');

ROLLBACK TO fresh;

-- an order is where it counted when months were closed: with lines on both sides of a closing in the open month, and
-- there once that is closed, in every report
CREATE FUNCTION pg_temp.orders_of() RETURNS SETOF text LANGUAGE sql AS $$
  SELECT DISTINCT string_agg(to_char(month_start, 'FMMonth'), ' ' ORDER BY month_start) FROM (
    SELECT 'order', month_start FROM crm.customer_order WHERE is_order
    UNION ALL SELECT 'month', month_start FROM crm.customer_month WHERE orders <> 0
    UNION ALL SELECT 'day', date_trunc('month', day::timestamp)::date FROM crm.day_total WHERE orders <> 0
    UNION ALL SELECT 'credit', month_start FROM crm.channel_credit
      WHERE conversion_kind = 'order' AND model = 'linear' AND conversions > 0
    UNION ALL SELECT 'tier', month_start FROM crm.tier_month WHERE scheme = '(all)' AND orders <> 0)
    AS said (report, month_start)
  GROUP BY report$$;
DELETE FROM sale;
INSERT INTO sale (customer_id, source, order_ref, line_no, sold_at, amount, currency) VALUES
  (1, 'shop', 'long', 1, '2024-01-21', 10, 'EUR'), (1, 'shop', 'long', 2, '2024-01-22', 10, 'XTS'),
  (1, 'shop', 'long', 3, '2024-02-01', 20, 'EUR');
CALL crmcost.refresh('crm', '2024-02-20');
SELECT results_eq('SELECT * FROM pg_temp.orders_of()', $$VALUES ('February')$$, 'an order is of the day of its last line');
CALL crmcost.close_period('crm', '2024-01-01');
SELECT results_eq('SELECT * FROM pg_temp.orders_of()', $$VALUES ('February')$$, 'also where the month of another is closed');
SELECT lives_ok($$CALL crmcost.verify('crm')$$, 'as in a full refresh');
INSERT INTO sale (customer_id, source, order_ref, line_no, sold_at, amount, currency) VALUES
  (1, 'shop', 'long', 4, '2024-01-25', 10, 'EUR'), (1, 'shop', 'long', 5, '2024-03-02', 10, 'EUR');
CALL crmcost.refresh('crm', '2024-04-20');
SELECT results_eq('SELECT * FROM pg_temp.orders_of()', $$VALUES ('March')$$, 'it follows its last line from one open month to another');
CALL crmcost.close_period('crm', '2024-02-01');
SELECT results_eq('SELECT * FROM pg_temp.orders_of()', $$VALUES ('March')$$, 'and stays there when the former is closed');
CALL crmcost.close_period('crm', '2024-03-01');
INSERT INTO sale (customer_id, source, order_ref, line_no, sold_at, amount, currency) VALUES
  (1, 'shop', 'long', 6, '2024-04-02', 10, 'EUR');
CALL crmcost.refresh('crm', '2024-04-20');
SELECT results_eq('SELECT * FROM pg_temp.orders_of()', $$VALUES ('March')$$, 'but does not leave a month that is closed');
SELECT lives_ok($$CALL crmcost.verify('crm')$$, 'as in a full refresh');
CALL crmcost.reopen_period('crm', '2024-02-01');
CALL crmcost.refresh('crm', '2024-04-20');
SELECT results_eq('SELECT * FROM pg_temp.orders_of()', $$VALUES ('April')$$, 'with these open again it does, and is not in January');
CALL crmcost.reopen_period('crm', '2024-01-01');
CALL crmcost.refresh('crm', '2024-04-20');
SELECT results_eq('SELECT * FROM pg_temp.orders_of()', $$VALUES ('April')$$, 'with all open again it is there, too');
SELECT is_empty($$SELECT FROM late_fact$$, 'and nothing is left of the closings');
SELECT is((SELECT sum(revenue) FROM customer_month), 60::numeric, 'with all its money');
ROLLBACK TO fresh;

-- an order whose last line comes after its month was closed is of the closed month
DELETE FROM sale;
INSERT INTO sale (customer_id, source, order_ref, line_no, sold_at, amount, currency) VALUES
  (1, 'shop', 'long', 1, '2024-01-21', 10, 'EUR');
CALL crmcost.refresh('crm', '2024-02-20');
CALL crmcost.close_period('crm', '2024-01-01');
INSERT INTO sale (customer_id, source, order_ref, line_no, sold_at, amount, currency) VALUES
  (1, 'shop', 'long', 2, '2024-02-01', 20, 'EUR');
CALL crmcost.refresh('crm', '2024-02-20');
SELECT is((SELECT month_start FROM customer_order), '2024-01-01'::date, 'where it counted, it stays');
SELECT is((SELECT sum(orders) FROM customer_month), 1::numeric, 'and is counted once');
SELECT lives_ok($$CALL crmcost.verify('crm')$$, 'as in a full refresh');
-- nor does it follow a later line when that month is closed as well, of one party too
INSERT INTO sale (customer_id, source, order_ref, line_no, sold_at, amount, currency) VALUES
  (1, 'shop', 'long', 3, '2024-03-02', 40, 'EUR'), (1, 'shop', 'long', 4, '2024-04-02', 40, 'XTS');
CALL crmcost.refresh('crm', '2024-05-20');
CALL crmcost.close_period('crm', '2024-04-01');
SELECT is((SELECT month_start FROM customer_order), '2024-01-01'::date,
  'nor does it follow a later line into a month that is closed then');
SELECT lives_ok($$CALL crmcost.verify('crm')$$, 'as in a full refresh');
SELECT is((SELECT sum(orders) FROM customer_month), 1::numeric, 'and is counted once');
SELECT is((SELECT sum(revenue) FROM customer_month), 70::numeric, 'with all its money');
INSERT INTO fx_rate (currency, valid_from, to_base) VALUES ('XTS', '2024-01-01', 0.5);
CALL crmcost.refresh('crm', '2024-05-20');
SELECT is((SELECT sum(revenue) FROM customer_month), 90::numeric, 'a rate that comes later included');
SELECT is((SELECT month_start FROM customer_order), '2024-01-01'::date, 'it stays where it is');
SELECT lives_ok($$CALL crmcost.verify('crm')$$, 'as in a full refresh');
CALL crmcost.reopen_period('crm', '2024-03-01');
CALL crmcost.refresh('crm', '2024-05-20');
SELECT is((SELECT month_start FROM customer_order), '2024-01-01'::date, 'when that is opened again too');
CALL crmcost.reopen_period('crm', '2024-01-01');
CALL crmcost.refresh('crm', '2024-05-20');
SELECT is((SELECT month_start FROM customer_order), '2024-04-01'::date,
  'and with all open it is of the day of its last line');
ROLLBACK TO fresh;

-- who has nothing in the open months, and in the closed one a line without a rate that dates no order
DELETE FROM sale;
INSERT INTO sale (customer_id, source, order_ref, line_no, kind, sold_at, amount, currency) VALUES
  (1, 'shop', NULL, 1, 'refund', '2024-01-21', -10, 'XTS'), (2, 'shop', 'o2', 1, 'sale', '2024-01-05', 20, 'EUR');
CALL crmcost.refresh('crm', '2024-02-20');
SELECT is((SELECT month_start FROM customer_order WHERE customer_id = 1), '2024-01-01'::date,
  'a refund without a rate is of its month');
CALL crmcost.close_period('crm', '2024-01-01');
SELECT is((SELECT month_start FROM customer_order WHERE customer_id = 1), '2024-02-01'::date,
  'once that is closed it comes late, in the first open one');
SELECT lives_ok($$CALL crmcost.verify('crm')$$, 'as in a full refresh');
ROLLBACK TO fresh;

-- a rate is of the day on which cost is booked, which may be for months before it
DELETE FROM cost_entry;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, covers, customer_id) VALUES
  ('svc.support', '2024-02-10', 60, 'XTS', '[2024-01-01,2024-03-01)', 1);
INSERT INTO fx_rate (currency, valid_from, to_base) VALUES ('XTS', '2024-02-01', 0.5);
CALL crmcost.refresh('crm', '2024-03-05');
SELECT results_eq('SELECT month_start, cost FROM cost_month ORDER BY 1',
  $$ VALUES (date '2024-01-01', 15::numeric), ('2024-02-01', 15) $$, 'in equal parts of both months');
DELETE FROM fx_rate;
CALL crmcost.refresh('crm', '2024-03-05');
SELECT results_eq('SELECT sum(cost), sum(entries_without_rate) FROM cost_month', 'VALUES (0::numeric, 1::numeric)',
  'a rate that goes is noticed in both');
SELECT lives_ok($$CALL crmcost.verify('crm')$$, 'as in a full refresh');
INSERT INTO fx_rate (currency, valid_from, to_base) VALUES ('XTS', '2024-02-05', 1);
CALL crmcost.refresh('crm', '2024-03-05');
SELECT results_eq('SELECT month_start, cost FROM cost_month ORDER BY 1',
  $$ VALUES (date '2024-01-01', 30::numeric), ('2024-02-01', 30) $$, 'and one that comes');
SELECT lives_ok($$CALL crmcost.verify('crm')$$, 'as in a full refresh');
ROLLBACK TO fresh;

-- a statement about many customers notes months; how many are many follows the ledger
INSERT INTO customer (customer_id, source_key, first_seen_at) SELECT i, 'c' || i, '2024-01-01'
  FROM generate_series(41, 10041) i;
CREATE FUNCTION pg_temp.noted(customers_known int) RETURNS TABLE (months_alone bool, n bigint) LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM touched;
  UPDATE pg_class SET reltuples = customers_known WHERE oid = 'crm.customer'::regclass;
  INSERT INTO sale (customer_id, sold_at, amount, currency) SELECT i, '2024-03-05', 1, 'EUR'
    FROM generate_series(41, 10041) i;
  RETURN QUERY SELECT t.customer_id IS NULL, count(*) FROM touched t GROUP BY 1;
END $$;
SELECT results_eq('SELECT * FROM pg_temp.noted(-1)', 'VALUES (true, 1::bigint)',
  '10,001 are many where nobody knows how many there are');
SELECT results_eq('SELECT * FROM pg_temp.noted(13333)', 'VALUES (true, 1::bigint)',
  'and where they are more than three quarters');
SELECT results_eq('SELECT * FROM pg_temp.noted(13336)', 'VALUES (false, 10001::bigint)',
  'and are noted one by one where they are not');

SELECT * FROM finish();
ROLLBACK;
