-- The page of the boss: outcome in four families, readiness, coverage of the data, alerts; and the page of a customer.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();
CREATE FUNCTION pg_temp.differing() RETURNS text LANGUAGE sql AS $$
  SELECT crmcost._make_work_tables('crm');
  SELECT string_agg(format('%s: %s', target, rows_differ), ', ') FROM crmcost._verify('crm')$$;
CREATE FUNCTION pg_temp.customers(from_id int, to_id int, acquired timestamptz DEFAULT '2024-01-01') RETURNS void
  LANGUAGE sql AS $$
  INSERT INTO crm.customer (customer_id, source_key, first_seen_at, acquired_at, acquisition_channel) SELECT i,
    'c' || i, acquired, acquired, 'search' FROM generate_series(from_id, to_id) i$$;
CREATE FUNCTION pg_temp.behave(customer bigint, at timestamptz, kind text, subtype text DEFAULT NULL,
  score numeric DEFAULT NULL, n int DEFAULT 1, product text DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
  INSERT INTO crm.interaction (customer_id, occurred_at, kind, subtype, score, n, product_code)
    VALUES (customer, at, kind, subtype, score, n, product)$$;
CREATE FUNCTION pg_temp.sell(customer bigint, at timestamptz, amount numeric, product text DEFAULT 'P1',
  quantity numeric DEFAULT 1, cogs numeric DEFAULT 0) RETURNS void LANGUAGE sql AS $$
  INSERT INTO crm.sale (customer_id, order_ref, sold_at, amount, cogs, currency, product_code, quantity)
    VALUES (customer, 'o' || customer || at, at, amount, cogs, 'EUR', product, quantity)$$;
CREATE FUNCTION pg_temp.spend(category text, day date, amount numeric) RETURNS void LANGUAGE sql AS $$
  INSERT INTO crm.cost_entry (category_code, incurred_on, amount, currency) VALUES (category, day, amount, 'EUR')$$;
SAVEPOINT fresh;

-- F19: satisfaction 78 to 86 %, repeat customers 30 to 40 %, sales +20 %; 4 complaints for 130 orders
SELECT pg_temp.customers(1, 100, '2023-01-01');
SELECT pg_temp.sell(i, '2023-02-01', 10), CASE WHEN i <= 30 THEN pg_temp.sell(i, '2023-03-01', 0) END,
  pg_temp.sell(i, '2024-02-01', 12), CASE WHEN i <= 40 THEN pg_temp.sell(i, '2024-03-01', 0) END,
       pg_temp.behave(i, '2023-06-01', 'survey', 'csat', CASE WHEN i <= 78 THEN 4 ELSE 3 END),
         pg_temp.behave(i, '2024-06-01', 'survey', 'csat', CASE WHEN i <= 86 THEN 5 ELSE 2 END),
       pg_temp.behave(i, '2024-07-01', 'survey', 'nps') FROM generate_series(1, 100) i;
SELECT pg_temp.behave(1, '2024-05-01', 'complaint', n => 7);
INSERT INTO plan (kind, measure, aspect, period, amount)
  VALUES ('target', 'score', 'csat_rate', '[2024-01-01,2025-01-01)', 0.85),
  ('target', 'score', 'complaint_rate', '[2024-01-01,2025-01-01)', 0.03),
  ('baseline', 'score', 'orders_per_customer', '[2024-01-01,2025-01-01)', 1.5);
SELECT is_empty('SELECT FROM kpi_goal', 'no twelve months, and so no goals, before the first refresh');
CALL crmcost.refresh('crm', '2025-01-01');
SELECT results_eq($$ SELECT metric, years_before, period_from, period_to, baseline, target FROM kpi_goal
  WHERE num_nonnulls(baseline, target, market) > 0 ORDER BY 1, 2 $$, $$ SELECT metric, n, make_date(2024 - n, 1, 1),
    make_date(2024 - n, 12, 31), baseline, target FROM generate_series(0, 1) n, (VALUES ('complaint_rate', NULL, 0.03),
      ('csat_rate', NULL, 0.85), ('orders_per_customer', 1.5, NULL)) v (metric, baseline, target) ORDER BY 1, 2 $$,
  'kpi_goal: what plan says, which counts as a whole for twelve months of which it has no part');
SAVEPOINT goal;
INSERT INTO plan (kind, measure, period, amount, scenario) VALUES
  ('target', 'revenue', '[2024-01-01,2024-07-01)', 700, DEFAULT), ('market', 'revenue', '[2024-01-01,2025-01-01)', 4800,
    DEFAULT), ('target', 'cost', '[2024-01-01,2025-01-01)', 1, 'other');
SELECT results_eq($$ SELECT metric, target, market FROM kpi_goal
  WHERE years_before = 0 AND metric IN ('revenue', 'cost', 'market_share') ORDER BY 1 $$, $$ VALUES
    ('cost', NULL::numeric, NULL::numeric), ('market_share', NULL, 4800), ('revenue', 1400, NULL) $$,
  '... money of half a year is brought to twelve months, another scenario does not count');
SELECT is((SELECT value FROM kpi WHERE metric = 'market_share'), 0.25, '... and 1200 of 4800 is a share of a quarter');
UPDATE plan SET period = '[2022-01-01,2025-01-01)' WHERE kind = 'market';
SELECT results_eq($$ SELECT market::text FROM kpi_goal WHERE metric = 'market_share' $$,
  $$ VALUES ('1600.000000'), ('1600.000000') $$, '... a market of three years is a third of it a year, to six decimals');
ROLLBACK TO goal;
SELECT results_eq($$ SELECT metric, value, baseline, target, round(delta_rate, 4), status FROM kpi
  WHERE metric IN ('csat_rate', 'repeat_rate', 'revenue', 'complaint_rate', 'response_rate', 'orders_per_customer')
  ORDER BY 1 $$, $$ VALUES
  ('complaint_rate', 0.05, 0.0, 0.03, NULL, 'not reached'), ('csat_rate', 0.86, 0.78, 0.85, 0.1026, 'reached'),
    ('orders_per_customer', 1.4, 1.5, NULL, -0.0667, 'worse'),
  ('repeat_rate', 0.4, 0.3, NULL, 0.3333, 'better'), ('response_rate', 0.5, 1.0, NULL, -0.5, 'worse'),
    ('revenue', 1200.0, 1000.0, NULL, 0.2, 'better') $$,
  'F19: satisfaction from 78 to 86 %, repeat customers from 30 to 40 %, D17: sales +20 %');
SELECT results_eq($$ SELECT family, count(*)::int, bool_and(definition <> ''), count(DISTINCT family_name)::int
  FROM kpi GROUP BY 1 ORDER BY 1 $$,
  $$ VALUES ('loyalty', 3, true, 1), ('profit', 6, true, 1), ('satisfaction', 5, true, 1), ('share', 2, true, 1) $$,
    'G21: four families, each metric with its definition');
SELECT is((SELECT rows FROM data_quality WHERE check_name = 'plan_unknown_aspect'), 0::bigint,
  'the new metrics are aspects of plan');
-- of late orders and of a stage that a person set, those of the last twelve months leave the twelve before as they are
SELECT pg_temp.sell(c, '2024-05-01', 5) FROM generate_series(41, 45) c;
CALL crmcost.refresh('crm', '2025-01-02');
SELECT is(pg_temp.differing(), NULL, 'the twelve months before stand where news is of later ones');
SELECT pg_temp.sell(c, '2024-06-01', 5), pg_temp.sell(c, '2023-05-01', 5) FROM generate_series(46, 49) c;
CALL crmcost.refresh('crm', '2025-01-02');
SELECT is(pg_temp.differing(), NULL, 'but not where it is of them, too');
INSERT INTO classification (customer_id, dimension, code, entered_at, by_rule) VALUES
  (50, 'stage', 'churned', '2023-11-15', false), (51, 'stage', 'churned', '2024-11-15', false);
CALL crmcost.refresh('crm', '2025-01-02');
SELECT is(pg_temp.differing(), NULL, 'nor where somebody is said to have gone then');
UPDATE setting SET value = 'zh' WHERE key = 'language';
SELECT is_empty($$ SELECT metric FROM kpi WHERE metric_name !~ '[一-龥]' OR family_name !~ '[一-龥]' $$,
  'G21: with names in Chinese');
SELECT is_empty($$ SELECT check_name FROM readiness WHERE check_title !~ '[一-龥]' $$, 'G10: likewise');
ROLLBACK TO fresh;

-- D18: market share
SELECT pg_temp.customers(1, 1, '2023-01-01'), pg_temp.sell(1, '2023-05-01', 12e6),
  pg_temp.sell(1, '2024-05-01', 15.4e6);
INSERT INTO plan (kind, measure, period, amount, currency)
  VALUES ('market', 'revenue', '[2023-01-01,2024-01-01)', 100e6, 'EUR'),
  ('market', 'revenue', '[2024-01-01,2025-01-01)', 110e6, 'EUR');
CALL crmcost.refresh('crm', '2025-01-01');
SELECT results_eq($$ SELECT value, baseline FROM kpi WHERE metric = 'market_share' $$, $$ VALUES (0.14, 0.12) $$,
  'D18: from 12 to 14 % of the market');
ROLLBACK TO fresh;

-- who comes again: anonymous traffic is no customer who does, and two rows of one party are one, whatever month is
-- closed
SELECT pg_temp.customers(1, 4, '2023-01-01');
INSERT INTO customer (customer_id, source, source_key, first_seen_at, acquired_at)
  VALUES (9, 'anon', 'a', '2023-01-01', '2023-01-01');
SELECT pg_temp.sell(9, '2024-02-01'::timestamptz + i * interval '1 day', 10) FROM generate_series(1, 50) i;
SELECT pg_temp.sell(1, '2024-02-01', 10), pg_temp.sell(1, '2024-03-01', 10), pg_temp.sell(2, '2024-02-01', 10),
  pg_temp.sell(3, '2024-02-02', 10), pg_temp.sell(4, '2024-02-03', 10);
CALL crmcost.refresh('crm', '2025-01-01');
PREPARE again AS SELECT metric, value FROM kpi WHERE metric IN ('repeat_rate', 'orders_per_customer')
  UNION ALL SELECT 'of loyalty_rate', repeat_rate FROM loyalty_rate ORDER BY 1;
SELECT results_eq('EXECUTE again',
  $$ VALUES ('of loyalty_rate', 0.25), ('orders_per_customer', 1.25), ('repeat_rate', 0.25) $$,
  'one of four buyers comes again, with five orders in all');
SELECT is((SELECT value FROM kpi WHERE metric = 'revenue'), 550.0, 'the revenue is that of all');
CALL crmcost.close_period('crm', '2024-12-01');
SELECT crmcost.merge_customer('crm', 4, 3);
CALL crmcost.refresh('crm', '2025-01-01');
SELECT results_eq('EXECUTE again', $$ VALUES ('of loyalty_rate', 0.666667), ('orders_per_customer', 1.666667),
  ('repeat_rate', 0.666667) $$, 'merged, two of three');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
DEALLOCATE again;
ROLLBACK TO fresh;

-- G14: purchases, behaviour and feedback of 92 of 100
SELECT pg_temp.customers(1, 100);
INSERT INTO customer (customer_id, source_key, first_seen_at) VALUES (101, 'lead', '2024-01-01');
INSERT INTO customer (customer_id, source, source_key, first_seen_at, acquired_at)
  VALUES (102, 'anon', 'a', '2024-01-01', '2024-01-01');
SELECT pg_temp.sell(i, '2024-01-05', 10), CASE WHEN i <= 95 THEN pg_temp.behave(i, '2024-01-06', 'behavior', 'view')
  END, CASE WHEN i > 3 THEN pg_temp.behave(i, '2024-02-07', 'survey', 'csat', 3) END FROM generate_series(1, 100) i;
SELECT pg_temp.behave(c, '2024-01-06', k) FROM unnest('{101,102}'::int[]) c, unnest('{behavior,complaint}'::text[]) k;
SELECT pg_temp.behave(1, '2024-01-07', 'survey', 'csat');                              -- asked, and not answered
CALL crmcost.refresh('crm', '2024-02-07 12:00Z');
PREPARE covered AS SELECT month_start, customers, with_purchases, with_behavior, with_feedback, with_all,
  coverage_share FROM coverage ORDER BY 1;
SELECT results_eq('EXECUTE covered',
  $$ VALUES ('2024-01-01'::date, 100::bigint, 100::bigint, 95::bigint, 0::bigint, 0::bigint, 0.0),
  ('2024-02-01', 100, 100, 95, 97, 92, 0.92) $$, 'G14: all three of 92 of 100 customers');
SELECT is((SELECT count(*) FILTER (WHERE data_complete) || ' of ' || count(*) FROM customer_360
  JOIN customer_value USING (customer_id) WHERE is_customer AND NOT is_technical), '92 of 100',
  'G14: customer by customer');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
-- one more, one less
SELECT pg_temp.behave(2, '2024-03-07', 'complaint'), pg_temp.customers(103, 103, '2024-03-01');
DELETE FROM interaction WHERE customer_id = 50 AND kind = 'behavior';
CALL crmcost.refresh('crm', '2024-05-01');
SELECT results_eq('EXECUTE covered',
  $$ VALUES ('2024-01-01'::date, 100::bigint, 100::bigint, 94::bigint, 0::bigint, 0::bigint, 0.0),
  ('2024-02-01', 100, 100, 94, 97, 91, 0.91), ('2024-03-01', 101, 100, 94, 98, 92, round(92 / 101.0, 6)),
  ('2024-04-01', 101, 100, 94, 98, 92, round(92 / 101.0, 6)) $$,
  'news and corrections are noticed, and a month without any has its row');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
SELECT crmcost.merge_customer('crm', 3, 4);
UPDATE customer SET first_seen_at = '2024-02-01', acquired_at = '2024-02-01' WHERE customer_id = 103;
CALL crmcost.refresh('crm', '2024-05-01');
SELECT is(pg_temp.differing(), NULL, 'after a merger, too');
CALL crmcost.close_period('crm', '2024-03-01');
DELETE FROM interaction WHERE customer_id = 2 AND kind = 'complaint';
CALL crmcost.refresh('crm', '2024-05-01');
SELECT is((SELECT with_all FROM coverage ORDER BY month_start DESC LIMIT 1), 91::bigint,
  'what is no longer known is not, whatever month was closed');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
ROLLBACK TO fresh;
-- F20: completeness from 72 to 95 %
SELECT pg_temp.customers(1, 100, '2023-01-01');
SELECT pg_temp.sell(i, '2023-01-05', 10), pg_temp.behave(i, '2023-01-06', 'behavior'), CASE WHEN i <= 95
  THEN pg_temp.behave(i, CASE WHEN i <= 72 THEN timestamptz '2023-06-01' ELSE '2024-06-01' END, 'survey', 'csat', 4)
  END FROM generate_series(1, 100) i;
CALL crmcost.refresh('crm', '2025-01-01');
SELECT results_eq($$ SELECT coverage_share FROM coverage WHERE month_start IN ('2023-12-01', '2024-12-01')
  ORDER BY month_start $$, $$ VALUES (0.72), (0.95) $$, 'F20: completeness from 72 to 95 %');
ROLLBACK TO fresh;

-- G10: eight checks, each passed or not, with a count
SELECT results_eq('SELECT check_number, check_name, passed, rows, example FROM readiness', $$ VALUES
  (1, 'facts', false, 4::bigint, 'no contacts'),
    (2, 'up_to_date', false, 1, (SELECT example FROM data_quality WHERE check_name = 'not_refreshed')),
    (3, 'rates', true, 0, NULL), (4, 'margins', true, 0, NULL), (5, 'allocation', true, 0, NULL),
  (6, 'customers', true, 0, NULL), (7, 'grading', true, 0, NULL), (8, 'goals', false, 4, 'no target of loyalty') $$,
    'G10: a ledger without facts is not ready');
SELECT pg_temp.customers(1, 3), pg_temp.sell(1, '2024-01-05', 10), pg_temp.spend('svc.support', '2024-01-05', 10),
  pg_temp.behave(1, '2024-01-05', 'care');
INSERT INTO sale (customer_id, sold_at, amount, currency) VALUES (2, '2024-01-06', 5, 'USD'),
  (2, '2024-01-07', 5, 'EUR');
INSERT INTO plan (kind, measure, aspect, period, amount) SELECT 'target', 'score', a, '[2024-01-01,2025-01-01)', 1
  FROM unnest('{nps,repeat_rate,market_share,ltv_cac}'::text[]) a;
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT check_name, passed, rows FROM readiness',
  $$ VALUES ('facts', true, 0::bigint), ('up_to_date', true, 0), ('rates', false, 1), ('margins', false, 1),
  ('allocation', false, 1), ('customers', true, 0), ('grading', true, 0), ('goals', true, 0) $$,
  'G10: a sale without a rate, one without cost of goods, cost without a rule');
INSERT INTO fx_rate VALUES ('USD', '2024-01-01', 0.9);
INSERT INTO allocation_rule (category_code, driver) VALUES ('svc', 'orders');
SELECT is((SELECT passed FROM readiness WHERE check_name = 'up_to_date'), false,
  'G10: what changed since the refresh is told at once');
UPDATE sale SET cogs = 1 WHERE cogs IS NULL;
CALL crmcost.refresh('crm', '2024-02-01');
SELECT is((SELECT count(*) FILTER (WHERE passed) || ' of ' || count(*) FROM readiness), '8 of 8',
  'G10: all eight pass');
SELECT is_empty($$ SELECT c FROM (SELECT unnest(regexp_matches(pg_get_viewdef('readiness'), '\{([a-z_,]+)\}',
  'g')) AS l) d, unnest(string_to_array(l, ',')) c WHERE c NOT IN (SELECT check_name FROM data_quality) $$,
  'each check that it asks for is one of data_quality');
ROLLBACK TO fresh;

-- E16: more than 5 complaints for 100 sold are told on the same day
SELECT pg_temp.customers(1, 2, '2023-01-01'), pg_temp.sell(1, '2024-02-05', 100, 'P1', 100),
  pg_temp.sell(1, '2024-02-06', 100, 'P2', 100);
SELECT pg_temp.behave(1, '2024-02-07', 'complaint', n => 5, product => 'P1'),
  pg_temp.behave(1, '2024-02-07', 'complaint', n => 2, product => 'P2');
INSERT INTO product (code, name, name_zh) VALUES ('P1', 'Kettle', '水壶');
PREPARE told AS SELECT alert, subject, value, threshold, status, since_on FROM alert ORDER BY 1, 2;
CALL crmcost.refresh('crm', '2024-02-08');
SELECT is_empty('EXECUTE told', 'E16: 5 of 100 are not more than 5 %');
SELECT pg_temp.behave(2, '2024-02-08 10:00', 'complaint', product => 'P1');
CALL crmcost.refresh('crm', '2024-02-08 12:00');
SELECT results_eq('EXECUTE told', $$ VALUES ('complaint_rate', 'P1', 0.06, 0.05, 'new', '2024-02-08'::date) $$,
  'E16: 6 are, on the same day');
SELECT results_eq('SELECT alert_name, subject_name, setting FROM alert',
  $$ VALUES ('Complaints', 'Kettle', 'alert_complaint_rate') $$, 'E16: by name');
-- what all came back is the worst of all, and not nothing sold
SAVEPOINT told;
INSERT INTO sale (customer_id, order_ref, line_no, kind, sold_at, amount, cogs, currency, product_code, quantity)
  VALUES (1, 'back', 1, 'refund', '2024-02-08 11:00', -100, 0, 'EUR', 'P1', -100);
CALL crmcost.refresh('crm', '2024-02-08 12:00');
SELECT is((SELECT value FROM alert), (SELECT complaints_per_100 / 100 FROM product_complaint
  WHERE product_code = 'P1'), 'E16: of what was sold before refunds, as product_complaint says');
SELECT is((SELECT value FROM alert), 0.06, 'E16: 6 of 100, though all 100 came back');
ROLLBACK TO told;
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
CALL crmcost.refresh('crm', '2024-02-08 12:00');
SELECT results_eq('EXECUTE told', $$ VALUES ('complaint_rate', 'P1', 0.06, 0.05, 'standing', '2024-02-08'::date) $$,
  'it is new once, also without other news');
CALL crmcost.refresh('crm', '2024-02-10');
SELECT results_eq('EXECUTE told', $$ VALUES ('complaint_rate', 'P1', 0.06, 0.05, 'standing', '2024-02-08'::date) $$,
  'and stands since');
SELECT pg_temp.sell(2, '2024-02-10', 100, 'P1', 100);
CALL crmcost.refresh('crm', '2024-02-11');
SELECT results_eq('EXECUTE told', $$ VALUES ('complaint_rate', 'P1', 0.03, 0.05, 'over', '2024-02-10'::date) $$,
  'until it is over');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
CALL crmcost.refresh('crm', '2024-02-11 10:00');
SELECT is_empty('EXECUTE told', 'which the day after is past');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
UPDATE setting SET value = '0.025' WHERE key = 'alert_complaint_rate';
CALL crmcost.refresh('crm', '2024-02-12');
SELECT results_eq('EXECUTE told',
  $$ VALUES ('complaint_rate', '(all)', round(8 / 300.0, 6), 0.025, 'new', '2024-02-11'::date),
  ('complaint_rate', 'P1', 0.03, 0.025, 'new', '2024-02-11') $$, 'E16: the threshold is that of the setting');
CALL crmcost.refresh('crm', '2024-02-09');
SELECT results_eq('EXECUTE told', $$ VALUES ('complaint_rate', '(all)', 0.04, 0.025, 'new', '2024-02-08'::date),
  ('complaint_rate', 'P1', 0.06, 0.025, 'new', '2024-02-08') $$,
  'a report of an earlier day knows nothing of later ones');
CALL crmcost.refresh('crm', '2024-05-01');
SELECT is_empty('EXECUTE told', 'complaints of two months ago are none of now');
UPDATE setting SET value = '' WHERE key = 'alert_complaint_rate';
CALL crmcost.refresh('crm', '2024-02-12');
SELECT is_empty('EXECUTE told', 'E16: an empty threshold watches nothing');
SELECT throws_ok(format('UPDATE setting SET value = %L WHERE key = ''alert_nps''', v), '23514', NULL,
  v || ' is no threshold') FROM unnest('{x,NaN,1e5,Infinity}'::text[]) v;
ROLLBACK TO fresh;
-- the others, each below or above its threshold
SELECT pg_temp.customers(1, 100, '2023-01-01');
SELECT pg_temp.behave(i, '2024-05-07', 'survey', 'csat', CASE WHEN i <= 9 THEN CASE WHEN i <= 6 THEN 5 ELSE 3 END END),
  pg_temp.behave(i, '2024-05-08', 'survey', 'nps', CASE WHEN i <= 40 THEN 9 ELSE 5 END) FROM generate_series(1, 100) i;
SELECT pg_temp.spend('svc.support', (date '2024-01-01' + i * interval '1 month')::date, CASE i WHEN 4 THEN 126 ELSE 100
  END), pg_temp.spend('ret.contact', (date '2024-01-01' + i * interval '1 month')::date, 100),
  pg_temp.spend('trn.trainer', '2024-05-01', 1000) FROM generate_series(0, 4) i;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc.support', '2023-12-05', 500, 'USD');
    -- not known, and so no month of 0
CALL crmcost.refresh('crm', '2024-06-01');
SELECT results_eq('EXECUTE told', $$ VALUES ('cost_rise', 'service', 0.26, 0.25, 'new', '2024-05-31'::date),
  ('csat_rate', 'csat', 0.666667, 0.7, 'new', '2024-05-31'), ('nps', 'nps', -20.0, 0.0, 'new', '2024-05-31'),
  ('response_rate', 'csat', 0.09, 0.1, 'new', '2024-05-31') $$,
  'satisfaction, recommendation, response and cost are watched, each against its setting');
UPDATE setting SET value = CASE key WHEN 'alert_cost_rise' THEN '0.26' WHEN 'alert_csat_rate' THEN '0.66'
  WHEN 'alert_nps' THEN '-20' ELSE '0.09' END WHERE key LIKE 'alert\_%';
CALL crmcost.refresh('crm', '2024-06-01');
SELECT results_eq('SELECT DISTINCT status FROM alert', $$ VALUES ('over') $$, 'on the threshold nothing is crossed');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
ROLLBACK TO fresh;

-- the page of a customer
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at, attributes)
  VALUES (1, 'a', '2024-01-01', '2024-01-02', '{"needs": ["speed", "price"]}'),
  (2, 'b', '2024-01-01', '2024-01-02', '{"needs": "price"}'), (3, 'c', '2024-01-01', '2024-01-02', '{"needs": 7}'),
  (4, 'd', '2024-01-01', '2024-01-02', '{"needs": []}');
SELECT pg_temp.behave(1, '2024-02-01', 'survey', 'csat', 2), pg_temp.behave(1, '2024-02-03', 'survey', 'csat', 5),
  pg_temp.behave(1, '2024-02-05', 'survey', 'csat'), pg_temp.behave(1, '2024-02-05', 'survey', 'nps', 7),
  pg_temp.behave(1, '2024-02-06', 'ticket');
SELECT pg_temp.behave(1, '2024-02-06', 'behavior'), pg_temp.behave(1, '2024-02-07', 'care'),
  pg_temp.sell(1, '2024-02-06', 10);
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq('SELECT customer_id, needs, csat_asked_on, csat_answered_on, csat_last_score, nps_last_score, open_cases, data_complete FROM customer_360 ORDER BY 1',
  $$ VALUES
  (1::bigint, 'price, speed', '2024-02-05'::date, '2024-02-03'::date, 5.0, 7.0, 1::bigint, true),
    (2, 'price', NULL, NULL, NULL, NULL, 0, false), (3, NULL, NULL, NULL, NULL, NULL, 0, false),
    (4, NULL, NULL, NULL, NULL, NULL, 0, false) $$,
  'D19: needs, answers and open cases on the page of a customer');
SELECT results_eq('SELECT customer_id, unnest(string_to_array(needs, $$, $$)) AS need FROM customer_360 ORDER BY 1, 2',
  'SELECT customer_id, need FROM customer_need ORDER BY 1, 2', 'D19: and customer_need says the same');
SELECT ok(c.needs IS NOT NULL AND c.last_touch_at IS NOT NULL AND c.last_order_on IS NOT NULL
  AND c.csat_last_score IS NOT NULL AND c.open_cases > 0,
  'E15: needs, contacts, transactions and service of a complete customer')
FROM customer_360 c WHERE customer_id = 1;
SELECT * FROM finish();
ROLLBACK;
