-- Members of campaigns and of their control groups: responses, uplift with its confidence interval, what it brought.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();
INSERT INTO campaign (code, channel_code, purpose, period, name)
  VALUES ('k', 'email', 'conversion', '[2024-01-01,2024-03-01)', 'K'), ('j', NULL, 'winback', '[2024-01-01,)', 'J');
CREATE FUNCTION pg_temp.members(ids int4range, campaign text, role text,
  at timestamptz DEFAULT '2024-01-10') RETURNS void LANGUAGE sql AS $$
  INSERT INTO crm.customer (customer_id, source_key, first_seen_at) SELECT i, 'c' || i, '2024-01-01'
    FROM generate_series(lower(ids), upper(ids) - 1) i ON CONFLICT DO NOTHING;
  INSERT INTO crm.campaign_member SELECT i, campaign, role, at FROM generate_series(lower(ids), upper(ids) - 1) i$$;
CREATE FUNCTION pg_temp.order_of(ids int4range, at timestamptz, amount numeric) RETURNS void LANGUAGE sql AS $$
  INSERT INTO crm.sale (customer_id, order_ref, sold_at, amount, cogs, currency) SELECT i, 'o' || i || at, at, amount,
    0, 'EUR' FROM generate_series(lower(ids), upper(ids) - 1) i$$;
CREATE FUNCTION pg_temp.visit(ids int4range, at timestamptz, kind text DEFAULT 'behavior') RETURNS void LANGUAGE sql
  AS $$
  INSERT INTO crm.interaction (customer_id, occurred_at, kind) SELECT i, at, kind
    FROM generate_series(lower(ids), upper(ids) - 1) i$$;
CREATE FUNCTION pg_temp.differing() RETURNS text LANGUAGE sql AS $$
  SELECT crmcost._make_work_tables('crm');
  SELECT string_agg(format('%s: %s', target, rows_differ), ', ') FROM crmcost._verify('crm')$$;
SAVEPOINT fresh;

-- B10: a response rate without a control group
SELECT pg_temp.members('[1,1001)', 'k', 'target'), pg_temp.visit('[1,41)', '2024-01-12'),
  pg_temp.visit('[1,21)', '2024-01-13'), pg_temp.visit('[100,200)', '2024-01-12', 'ticket');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT targeted, control, target_responses, target_rate, control_rate, uplift, uplift_low,
  incremental_responses, cost_per_incremental_response FROM campaign_response WHERE response = 'behavior' $$,
  $$ VALUES (1000::bigint, 0::bigint, 40::bigint, 0.04, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric,
    NULL::numeric) $$,
  'B10: 40 of 1000 are 4 %; without a control group nobody knows what came of it');
UPDATE campaign_member SET role = 'control';
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT targeted, control, target_rate, control_rate, uplift, incremental_responses,
  incremental_revenue, cost_per_incremental_response FROM campaign_response WHERE response = 'order' $$,
  $$ VALUES (0::bigint, 1000::bigint, NULL::numeric, 0.0, NULL::numeric, NULL::numeric, NULL::numeric,
    NULL::numeric) $$,
  'nor where nobody got it');
ROLLBACK TO fresh;

-- the intervals in the examples of Newcombe (1998), table II, method 10
CREATE FUNCTION pg_temp.interval_of(x1 int, n1 int, x2 int, n2 int, low numeric, high numeric) RETURNS boolean
  LANGUAGE plpgsql AS $$
DECLARE found boolean;
BEGIN
  DELETE FROM crm.campaign_result;
  INSERT INTO crm.campaign_result VALUES ('k', 'target', '2024-01-10', n1, 0, x1, 0, 0),
    ('k', 'control', '2024-01-10', n2, 0, x2, 0, 0);
  SELECT abs(uplift_low - low) < 0.00006 AND abs(uplift_high - high) < 0.00006 INTO found FROM crm.campaign_response
    WHERE response = 'order';
  RETURN found;
END$$;
SELECT ok(pg_temp.interval_of(x1, n1, x2, n2, low, high),
  format('Newcombe: %s/%s - %s/%s from %s to %s', x1, n1, x2, n2, low, high)) FROM (VALUES
  (56, 70, 48, 80, 0.0524, 0.3339), (9, 10, 3, 10, 0.1705, 0.8090), (6, 7, 2, 7, 0.0582, 0.8062),
    (5, 56, 0, 29, -0.0381, 0.1926),
  (0, 10, 0, 20, -0.1611, 0.2775), (0, 10, 0, 10, -0.2775, 0.2775), (10, 10, 0, 20, 0.6791, 1.0000),
    (10, 10, 0, 10, 0.6075, 1.0000))
  AS v (x1, n1, x2, n2, low, high);
ROLLBACK TO fresh;

-- what came of it: 30 of 100 against 5 of 50; 25 more would have come from 100 of whom 10 had come anyway
INSERT INTO fx_rate (currency, valid_from, to_base) VALUES ('USD', '2024-01-01', 0.5);
SELECT pg_temp.members('[1,101)', 'k', 'target'), pg_temp.members('[101,151)', 'k', 'control'),
  pg_temp.order_of('[1,31)', '2024-01-12', 20), pg_temp.order_of('[1,2)', '2024-01-20', 20),
       pg_temp.order_of('[101,106)', '2024-01-23 23:59:59.999999', 30),
       -- before, and at the end of the window
       pg_temp.order_of('[40,50)', '2024-01-09 23:59', 99), pg_temp.order_of('[110,120)', '2024-01-24', 99),
         pg_temp.visit('[50,52)', '2024-01-10');
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, campaign_code)
  VALUES ('ret.contact', '2024-01-10', 80, 'EUR', 'k'), ('acq.ads.web', '2024-01-10', 40, 'USD', 'k'),
  ('acq.ads.web', '2024-01-10', 9, 'EUR', NULL);
UPDATE customer SET acquired_at = CASE WHEN customer_id < 5 THEN '2024-01-11' ELSE '2024-01-25' END::timestamptz
  WHERE customer_id < 20;
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT response, targeted, control, target_responses, control_responses, target_rate,
  control_rate, uplift, incremental_responses, target_revenue, control_revenue, incremental_revenue,
      cost, cost_per_incremental_response, complete FROM campaign_response ORDER BY 1 $$, $$ VALUES
    ('acquisition', 100::bigint, 50::bigint, 4::bigint, 0::bigint, 0.04, 0.0, 0.04, 4.0, NULL::numeric, NULL::numeric,
      NULL::numeric, 100.0, 25.0, true),
    ('behavior', 100, 50, 2, 0, 0.02, 0, 0.02, 2, NULL, NULL, NULL, 100, 50, true),
    ('order', 100, 50, 30, 5, 0.3, 0.1, 0.2, 20, 620, 150, 320, 100, 5, true) $$,
  '30 % against 10 %: 20 orders and 320 of revenue at 5 each that would not have been');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
SAVEPOINT sent;

-- as_of inside of the window, and before the assignment
CALL crmcost.refresh('crm', '2024-01-12 00:00');
SELECT results_eq($$ SELECT response, targeted, target_responses, complete FROM campaign_response ORDER BY 1 $$,
  $$ VALUES ('acquisition', 100::bigint, 4::bigint, false), ('behavior', 100, 2, false), ('order', 100, 0, false) $$,
    'nothing after the report day');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
CALL crmcost.refresh('crm', '2024-01-10');
SELECT is_empty('SELECT FROM campaign_response', 'who is not assigned yet is no member');
CALL crmcost.refresh('crm', '2024-01-24');
SELECT is((SELECT complete FROM campaign_response WHERE response = 'order'), false,
  'a window that ends tomorrow is not over');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
ROLLBACK TO sent;

-- late facts, corrections, members who come, go and change sides, mergers, a changed window
SELECT pg_temp.order_of('[31,33)', '2024-01-13', 10), pg_temp.members('[151,161)', 'k', 'control', '2024-01-11'),
  pg_temp.members('[1,11)', 'j', 'target', '2024-01-15');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) SELECT 30, order_ref, '2024-01-30', -20, 'EUR'
  FROM sale WHERE customer_id = 30;
DELETE FROM campaign_member WHERE customer_id = 29 AND campaign_code = 'k';
UPDATE campaign_member SET role = 'control' WHERE customer_id = 28 AND campaign_code = 'k';
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT campaign_code, targeted, control, target_responses, control_responses, target_revenue,
  control_revenue FROM campaign_response WHERE response = 'order' ORDER BY 1 $$,
  $$ VALUES ('j', 10::bigint, 0::bigint, 1::bigint, 0::bigint, 20.0, 0.0), ('k', 98, 61, 29, 6, 580, 170) $$,
  'two more, one taken back, one gone, one on the other side, ten held out later');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
SELECT crmcost.merge_customer('crm', 2, 1), crmcost.merge_customer('crm', 101, 3);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT targeted, control, target_responses, control_responses FROM campaign_response
  WHERE response = 'order' AND campaign_code = 'k' $$,
  $$ VALUES (96::bigint, 60::bigint, 27::bigint, 5::bigint) $$,
    'two who are one count once; who is on both sides on none');
SELECT results_eq($$ SELECT rows, severity, example FROM data_quality WHERE check_name = 'member_of_both_groups' $$,
  $$ VALUES (1::bigint, 'warning', 'campaign k') $$, 'which is a finding');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
UPDATE setting SET value = '15' WHERE key = 'response_window_days';
CALL crmcost.refresh('crm', '2024-02-01');
SELECT is((SELECT control_responses FROM campaign_response WHERE response = 'order' AND campaign_code = 'k'),
  15::bigint, 'a day more has ten more orders');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, campaign_code)
  VALUES ('ret.contact', '2024-01-10', 80, 'XTS', 'k');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT is((SELECT cost_per_incremental_response FROM campaign_response
  WHERE response = 'order' AND campaign_code = 'k'), NULL, 'cost without a rate gives no price');
TRUNCATE campaign_member;
CALL crmcost.refresh('crm', '2024-02-01');
SELECT is_empty('SELECT FROM campaign_response', 'without members there is nothing');
SELECT is_empty('SELECT FROM customer_response', 'of any customer');
ROLLBACK TO sent;

-- what happens after a month was closed is still a response; more members than are noted one by one
CALL crmcost.close_period('crm', '2024-01-01');
INSERT INTO customer (customer_id, source_key, first_seen_at) SELECT i, 'c' || i, '2024-02-01'
  FROM generate_series(1000, 11999) i;
SELECT pg_temp.order_of('[60,61)', '2024-01-13', 10),
  pg_temp.members('[1000,12000)', 'j', 'control', '2024-01-31 23:00');
CALL crmcost.refresh('crm', '2024-02-20');
SELECT results_eq($$ SELECT campaign_code, targeted, control, target_responses, uplift FROM campaign_response
  WHERE response = 'order' ORDER BY 1 $$,
  $$ VALUES ('j', 0::bigint, 11000::bigint, 0::bigint, NULL::numeric), ('k', 100, 50, 31, 0.21) $$,
    'with a closed month, and many members at once');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
UPDATE setting SET value = 'Asia/Tokyo' WHERE key = 'timezone';
CALL crmcost.refresh('crm', '2024-02-20');
SELECT is((SELECT assigned_on FROM campaign_result WHERE campaign_code = 'j'), '2024-02-01',
  'in Tokyo it was February');
ROLLBACK TO sent;

-- what is refused
SELECT throws_ok($$INSERT INTO campaign_member VALUES (1, 'k', 'control', '2024-01-11')$$, '23505',
  'duplicate key value violates unique constraint "one_role_a_customer_and_campaign"',
    'a customer who is target and control');
SELECT throws_ok($$INSERT INTO campaign_member VALUES (1, 'nope', 'control', '2024-01-11')$$, '23503', NULL,
  'a campaign that is not there');
SELECT throws_ok($$INSERT INTO campaign_member VALUES (99999, 'k', 'control', '2024-01-11')$$, '23503', NULL,
  'a customer who is not there');
SELECT throws_ok($$INSERT INTO campaign_member VALUES (1, 'j', 'both', '2024-01-11')$$, '23514', NULL, 'another role');
SELECT throws_ok($$INSERT INTO campaign_member VALUES (1, 'j', 'target', 'infinity')$$, '23514', NULL, 'no time');
SELECT throws_ok($$UPDATE setting SET value = '-1' WHERE key = 'response_window_days'$$, '23514', NULL, 'no window');

SELECT * FROM finish();
ROLLBACK;
