-- What service costs and how soon it acts: cases, business hours, complaints, care.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();
CREATE FUNCTION pg_temp.differing() RETURNS text LANGUAGE sql AS $$
  SELECT crmcost._make_work_tables('crm');
  SELECT string_agg(format('%s: %s', target, rows_differ), ', ') FROM crmcost._verify('crm')$$;
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at) SELECT i, 'c' || i, '2024-01-01',
  '2024-01-01' FROM generate_series(1, 20) i;
SAVEPOINT empty;

CALL crmcost.refresh('crm', '2024-02-01');
SELECT is_empty('SELECT FROM service_cost UNION ALL SELECT FROM service_level UNION ALL SELECT FROM service_backlog UNION ALL SELECT FROM product_complaint UNION ALL SELECT FROM care_phase
  UNION ALL SELECT FROM agent_service UNION ALL SELECT FROM channel_consistency UNION ALL SELECT FROM open_case',
    'without contacts there is nothing to report, and no error');

-- E2, E13: complaints and returns by product, and what they cost
INSERT INTO sale (customer_id, order_ref, sold_at, product_code, quantity, amount, currency) VALUES
  (1, 'o1', '2024-01-03', 'P1', 1000, 10000, 'EUR'), (2, 'o2', '2024-01-03', 'P2', 1500, 15000, 'EUR'),
    (3, 'o3', '2024-01-03', 'P3', 2000, 20000, 'EUR');
INSERT INTO sale (customer_id, order_ref, kind, sold_at, product_code, quantity, amount, currency)
  VALUES (1, 'o1', 'refund', '2024-01-20', 'P1', -80, -800, 'EUR');
INSERT INTO interaction (customer_id, occurred_at, kind, product_code, n, handle_seconds) VALUES
  (1, '2024-01-10', 'complaint', 'P1', 120, 120 * 6 * 60), (2, '2024-01-10', 'complaint', 'P2', 15, NULL),
    (3, '2024-01-10', 'complaint', 'P3', 10, NULL),
  (1, '2024-01-12', 'return', 'P1', 80, 80 * 25 * 60);
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, product_code)
  VALUES ('svc.aftersales', '2024-01-31', 2720, 'EUR', 'P1');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT product_code, sold::int, complaints, complaints_per_100, complaint_rank,
  round(complaint_share, 3), round(cumulative_share, 3), refund::int FROM product_complaint ORDER BY 1 $$,
  $$ VALUES ('P1', 1000, 120::bigint, 12.000000, 1::bigint, 0.828, 0.828, -800),
    ('P2', 1500, 15, 1.000000, 2, 0.103, 0.931, 0), ('P3', 2000, 10, 0.500000, 3, 0.069, 1.000, 0) $$,
  'E2: complaints for 100 sold, and their share: P1 has 82.8 %');
SELECT results_eq($$ SELECT returns, return_cost, complaint_cost, poor_quality_cost, poor_quality_cost_per_sold
  FROM product_complaint WHERE product_code = 'P1' $$,
  $$ VALUES (80::bigint, 2000.0000, 720.0000, 2720.0000, 2.7200) $$,
    'E13: 80 returns at 25 and 120 complaints at 6 are 2,720');
SELECT is((SELECT sum(cost) FROM service_cost WHERE dimension = '(product)'), 2720.0000,
  'by product it is all of the cost');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
ROLLBACK TO empty;

-- E4: the first answer
INSERT INTO interaction (customer_id, occurred_at, kind, first_response_at) SELECT i, '2024-01-10 08:00Z', 'ticket',
  timestamptz '2024-01-10 08:00Z' + i * interval '1 hour' FROM generate_series(1, 10) i;
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT responded, response_p50_hours, response_p90_hours, response_p95_hours, response_sla_rate,
  resolved, backlog FROM service_level WHERE dimension = '(all)' $$,
  $$ VALUES (10::bigint, 5.000000, 9.000000, 10.000000, 0.400000, 0::bigint, 10::bigint) $$,
    'E4: nine in ten within 9 hours, 40 % within 4');
SELECT results_eq($$ SELECT response_p90_hours FROM service_level WHERE dimension = '(all)' $$,
  $$ SELECT round(percentile_disc(0.9)
    WITHIN GROUP (ORDER BY extract(epoch FROM first_response_at - occurred_at)) / 3600, 6) FROM interaction $$,
    'as percentile_disc says');
CALL crmcost.refresh('crm', '2024-01-10 13:00Z');
SELECT results_eq($$ SELECT responded, response_p90_hours FROM service_level WHERE dimension = '(all)' $$,
  $$ VALUES (4::bigint, 4.000000) $$, 'what comes after the report is not known yet');
SELECT results_eq($$ SELECT open_cases, unanswered, to_1_day FROM service_backlog WHERE dimension = '(all)' $$,
  $$ VALUES (10::bigint, 6::bigint, 10::bigint) $$, 'nor in the backlog');
SELECT is(pg_temp.differing(), NULL, 'an earlier report is what a full computation says');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT is((SELECT responded FROM service_level WHERE dimension = '(all)'), 10::bigint, 'and it comes with its day');
UPDATE setting SET value = '9.5' WHERE key = 'sla_first_response_hours';
CALL crmcost.refresh('crm', '2024-02-01');
SELECT is((SELECT response_sla_rate FROM service_level WHERE dimension = '(all)'), 0.900000, 'the target is a setting');
ROLLBACK TO empty;

-- E6, A12, B11: what bots save
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code, automated, n, handle_seconds) VALUES
  (1, '2024-01-10', 'ticket', 'chatbot', true, 600, NULL),
    (2, '2024-01-10', 'ticket', 'phone', false, 400, 400 * 12 * 60);
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, channel_code)
  VALUES ('svc.support', '2024-01-31', 300, 'EUR', 'chatbot'), ('svc.support', '2024-01-31', 2400, 'EUR', NULL);
INSERT INTO cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc.order', '2024-01-31', 77, 'EUR'),
  ('ret.contact', '2024-01-31', 500, 'EUR'), ('ret.survey', '2024-01-31', 3000, 'EUR');
INSERT INTO interaction (customer_id, occurred_at, kind, n) VALUES (3, '2024-01-11', 'care', 250);
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, score) SELECT 4,
  timestamptz '2024-01-01' + i * interval '1 day', 'survey', 'csat', 4 FROM generate_series(0, 29) i;
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT contacts, automated_share, cost, cost_per_contact, automated_cost, human_cost_per_contact,
  saved, saved_share, minutes_per_contact FROM service_cost WHERE dimension = '(all)' $$,
  $$ VALUES (1000::bigint, 0.600000, 2700.0000, 2.7000, 300.0000, 6.0000, 3300.0000, 0.550000, 4.800000) $$,
    'E6: 2,700 in place of 6,000: machines save 55 %');
SELECT results_eq($$ SELECT code, code_name, contacts, cost, cost_per_contact, cost_share, contact_share
  FROM service_cost WHERE dimension = '(channel)' ORDER BY 1 $$,
  $$ VALUES ('chatbot', 'Chatbot', 600::bigint, 300.0000, 0.5000, 0.111111, 0.600000),
    ('phone', 'Service by telephone', 400, 2400.0000, 6.0000, 0.888889, 0.400000) $$, 'E6: by channel');
SELECT results_eq($$ SELECT measure, quantity::int, unit_cost FROM unit_cost
  WHERE measure IN ('case', 'ticket', 'contact') ORDER BY 1 $$,
  $$ VALUES ('case', 1000, 2.7000), ('contact', 250, 2.0000), ('ticket', 1000, 2.7000) $$,
    'A12: a ticket costs 2.70; A13: a contact 2');
SELECT results_eq($$ SELECT quantity::int, cost::int, unit_cost FROM unit_cost WHERE measure = 'answer' $$,
  $$ VALUES (30, 3000, 100.0000) $$, 'A15: an answer is the cost of surveys over the answers');
-- a channel nobody came by
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, channel_code)
  VALUES ('svc.support', '2024-01-31', 100, 'EUR', 'chat');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT cost, idle_cost, human_cost FROM service_cost WHERE dimension = '(all)' $$,
  $$ VALUES (2800.0000, 100.0000, 2400.0000) $$, 'cost that no contact bears is told apart');
SELECT results_eq($$ SELECT cost, contacts, cost_per_contact FROM service_cost
  WHERE dimension = '(channel)' AND code = 'chat' $$, $$ VALUES (100.0000, 0::bigint, NULL::numeric) $$,
  'and stands with its channel');
SELECT is(pg_temp.differing(), NULL, 'cost alone is news as well');
ROLLBACK TO empty;

-- E7, G12: one contact is enough, and takes less time after training
INSERT INTO interaction (customer_id, occurred_at, resolved_at, kind, case_ref, handle_seconds, agent_code)
  SELECT 1 + i % 20, timestamptz '2024-01-02' + i * interval '1 hour',
    timestamptz '2024-01-02' + (i + 2) * interval '1 hour', 'ticket', 'k' || i, 12 * 60, 'anna'
    FROM generate_series(1, 100) i;
INSERT INTO interaction (customer_id, occurred_at, resolved_at, kind, case_ref, handle_seconds, agent_code)
  SELECT 1 + i % 20, timestamptz '2024-01-02' + (i + 1) * interval '1 hour', NULL, 'ticket', 'k' || i, 0, 'ben'
    FROM generate_series(1, 30) i;
INSERT INTO interaction (customer_id, occurred_at, resolved_at, kind, handle_seconds, agent_code)
  SELECT 1 + i % 20, timestamptz '2024-03-02' + i * interval '1 hour',
    timestamptz '2024-03-02' + (i + 2) * interval '1 hour', 'ticket', 9 * 60, 'anna' FROM generate_series(1, 100) i;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency)
  VALUES ('svc.support', '2024-01-31', 1200, 'EUR'), ('svc.support', '2024-03-31', 900, 'EUR');
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, quantity, unit)
  VALUES ('trn.course.service', '2024-02-10', 9000, 'EUR', 60, 'hour');
CALL crmcost.refresh('crm', '2024-04-01');
SELECT results_eq($$ SELECT month_start, resolved, first_contact, first_contact_rate FROM service_level
  WHERE dimension = '(all)' ORDER BY 1 $$,
  $$ VALUES (date '2024-01-01', 100::bigint, 70::bigint, 0.700000), ('2024-03-01', 100, 100, 1.000000) $$,
    'E7: 70 of 100 are resolved by the first contact');
SELECT results_eq($$ SELECT a.unit_minutes / b.unit_minutes - 1, a.unit_cost / b.unit_cost - 1, b.unit_minutes,
  a.unit_minutes FROM unit_cost b, unit_cost a
    WHERE b.measure = 'case_before_training' AND a.measure = 'case_after_training'
      AND (b.month_start, a.month_start) = ('2024-02-01', '2024-03-01') $$,
  $$ VALUES (-0.25, -0.25, 12.000000, 9.000000) $$,
    'E7, G12: after 60 hours of training a case takes 9 minutes in place of 12, and costs 25 % less');
SELECT results_eq($$ SELECT quantity::int, unit_cost, measure_name FROM unit_cost WHERE measure = 'training_hour' $$,
  $$ VALUES (60, 150.0000, 'Hour of training') $$, 'A23, G12: an hour of training costs 150');
SELECT results_eq($$ SELECT agent_code, contacts, minutes_per_contact, resolved, first_contact_rate, cost
  FROM agent_service WHERE month_start = '2024-01-01' ORDER BY 1 $$,
  $$ VALUES ('anna', 100::bigint, 12.000000, 70::bigint, 1.000000, 1200.0000),
    ('ben', 30, 0.000000, 30, 0.000000, 0.0000) $$, 'E7: by agent; a case is that of who worked on it last');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
ROLLBACK TO empty;

-- E8: care has one phase each
INSERT INTO interaction (customer_id, occurred_at, kind, phase, n) VALUES (1, '2024-01-05', 'care', 'pre', 1),
  (2, '2024-01-05', 'care', 'pre', 3), (3, '2024-01-05', 'care', 'during', 2), (4, '2024-01-05', 'care', 'post', 4),
  (5, '2024-01-05', 'care', NULL, 1);
INSERT INTO sale (customer_id, order_ref, sold_at, product_code, amount, currency)
  VALUES (1, 'a', '2024-01-10', 'P', 10, 'EUR'), (2, 'b', '2024-02-10', 'P', 10, 'EUR'),
  (4, 'c', '2024-01-01', 'P', 10, 'EUR'), (4, 'd', '2024-01-19 00:00Z', 'P', 10, 'EUR');
INSERT INTO cost_entry (category_code, incurred_on, amount, currency) VALUES ('ret.contact', '2024-01-31', 100, 'EUR');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT phase, contacts, customers, cost, cost_per_contact, converted, conversion_rate, repeated,
  repeat_rate, cost_per_order FROM care_phase ORDER BY 1 $$,
  $$ VALUES ('(unknown)', 1::bigint, 1::bigint, 9.0909, 9.0909, 0::bigint, 0.000000, 0::bigint, 0.000000,
    NULL::numeric), ('during', 2, 1, 18.1818, 9.0909, 0, 0.000000, 0, 0.000000, NULL),
            ('post', 4, 1, 36.3637, 9.0909, 0, 0.000000, 4, 1.000000, 9.0909),
              ('pre', 4, 2, 36.3636, 9.0909, 1, 0.250000, 0, 0.000000, 36.3636) $$,
  'E8: care by phase, with what it costs and what follows in 14 days');
SELECT results_eq('SELECT sum(contacts)::bigint, sum(cost) FROM care_phase',
  $$ SELECT sum(n), 100.0000 FROM interaction WHERE kind = 'care' $$, 'E8: phases sum to all care, and to its cost');
-- an order comes to be known later
INSERT INTO sale (customer_id, order_ref, sold_at, product_code, amount, currency)
  VALUES (3, 'e', '2024-01-06', 'P', 10, 'EUR');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT is((SELECT converted FROM care_phase WHERE phase = 'during'), 2::bigint, 'E8: an order loaded later is noticed');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
ROLLBACK TO empty;

-- E9: promises
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, phase, due_at, resolved_at)
  SELECT 1 + i % 20, '2024-01-05', 'care', 'delivery', 'during', '2024-01-08', CASE WHEN i <= 95
    THEN timestamptz '2024-01-08' WHEN i < 99 THEN '2024-01-09' END FROM generate_series(1, 100) i;
INSERT INTO interaction (customer_id, occurred_at, kind, phase, due_at)
  VALUES (1, '2024-01-05', 'care', 'during', '2024-02-08');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT promised, promises_kept, promise_rate, code_name FROM service_level
  WHERE dimension = '(phase)' AND code = 'during' $$,
  $$ VALUES (100::bigint, 95::bigint, 0.950000, 'During the purchase') $$,
    'E9: 95 of 100 orders as promised; what is not due yet is no promise broken');
SELECT results_eq($$ SELECT open_cases, overdue FROM service_backlog WHERE dimension = '(all)' $$,
  $$ VALUES (3::bigint, 2::bigint) $$, 'E9: and what is overdue still');
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq($$ SELECT month_start, promised, promises_kept FROM service_level
  WHERE dimension = '(phase)' AND promised > 0 ORDER BY 1 $$,
  $$ VALUES (date '2024-01-01', 100::bigint, 95::bigint), ('2024-02-01', 1, 0) $$, 'E9: it is due one day');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
ROLLBACK TO empty;

-- E10: what is open
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, resolved_at, agent_code, product_code) VALUES
  (1, '2024-01-20', 'ticket', 'repair', NULL, 'anna', 'P1'), (2, '2024-01-24', 'ticket', 'followup', NULL, NULL, NULL),
    (3, '2024-01-26', 'complaint', NULL, NULL, NULL, NULL),
  (4, '2024-01-02', 'return', NULL, '2024-01-30', NULL, NULL),
    (5, '2024-01-03', 'return', NULL, '2024-02-03', NULL, NULL);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT customer_id, kind_name, subtype, age_days, is_old FROM open_case ORDER BY opened_at',
  $$ VALUES (5::bigint, 'Return', NULL, 29.000000, true),
  (1, 'Ticket', 'repair', 12.000000, true), (2, 'Ticket', 'followup', 8.000000, true),
    (3, 'Complaint', NULL, 6.000000, false) $$, 'E10: what is open, the oldest first, and for more than 7 days');
SELECT results_eq($$ SELECT open_cases, to_1_day, to_7_days, to_30_days, over_30_days, old_cases FROM service_backlog
  WHERE dimension = '(all)' $$, $$ VALUES (4::bigint, 0::bigint, 1::bigint, 3::bigint, 0::bigint, 3::bigint) $$,
  'E10: by age');
SELECT is((SELECT sum(open_cases) FROM customer_360), 4::numeric, 'E10: customer_360 has as many');
CALL crmcost.refresh('crm', '2024-02-10');
SELECT results_eq('SELECT count(*), bool_and(is_old) FROM open_case', 'VALUES (3::bigint, true)',
  'E10: days go by, and one is resolved');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
ROLLBACK TO empty;

-- E14: channels compared
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, channel_code, score) SELECT i, '2024-01-10',
  'survey', 'csat', CASE WHEN i <= 2 THEN 'store' WHEN i <= 12 THEN 'app' ELSE 'phone' END,
  CASE WHEN i <= 2 THEN 3 + i ELSE CASE WHEN i <= 12 THEN 4 + (i <= 5)::int ELSE 4 - (i = 13)::int END END
    FROM generate_series(1, 20) i;
UPDATE interaction SET score = 3.9 WHERE channel_code = 'phone';
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code, first_response_at)
  VALUES (1, '2024-01-10', 'ticket', 'store', '2024-01-10 01:00Z'),
  (2, '2024-01-10', 'ticket', 'app', '2024-01-10 02:00Z');
INSERT INTO sale (customer_id, order_ref, sold_at, product_code, quantity, amount, currency, channel_code) VALUES
  (1, 'a', '2024-01-10', 'P', 1, 90, 'EUR', 'app'), (2, 'b', '2024-01-10', 'P', 1, 110, 'EUR', 'store'),
    (2, 'c', '2024-01-10', 'Q', 10, 30, 'EUR', 'store');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT channel_code, csat_mean, csat_spread, csat_differs, response_hours, response_spread_hours, response_differs, price_index, price_spread, price_differs FROM channel_consistency ORDER BY 1',
  $$ VALUES
  ('app', 4.3000, 0.6000, true, 2.000000, 1.000000, false, 0.900000, 0.176923, true),
    ('phone', 3.9000, 0.6000, true, NULL, 1.000000, false, NULL, 0.176923, true),
    ('store', 4.5000, 0.6000, true, 1.000000, 1.000000, false, 1.076923, 0.176923, true) $$,
  'E14: scores of 4.5, 4.3 and 3.9 lie 0.6 apart, which is told; so are answers and prices of the same products');
ROLLBACK TO empty;

-- tiers: share of cost against share of profit
INSERT INTO classification (customer_id, dimension, entered_at, code) VALUES (1, 'abc', '2024-01-01', 'A'),
  (2, 'abc', '2024-01-01', 'C');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, cogs, currency)
  VALUES (1, 'a', '2024-01-10', 900, 0, 'EUR'), (2, 'b', '2024-01-10', 100, 0, 'EUR');
INSERT INTO interaction (customer_id, occurred_at, kind, handle_seconds) VALUES (1, '2024-01-10', 'ticket', 600),
  (2, '2024-01-10', 'ticket', 600), (2, '2024-01-11', 'ticket', 1200);
INSERT INTO cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc.support', '2024-01-31', 40, 'EUR');
INSERT INTO allocation_rule (category_code, driver) VALUES ('svc', 'handle_time');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT code, contacts, cases, cost, cost_share, profit, profit_share FROM service_cost
  WHERE dimension = 'abc' ORDER BY 1 $$,
  $$ VALUES ('A', 1::bigint, 1::bigint, 10.0000, 0.250000, 890.0000, 0.927083),
    ('C', 2, 2, 30.0000, 0.750000, 70.0000, 0.072917) $$,
    'A third of the contacts and a quarter of the cost for 93 % of the profit, by tier');
UPDATE classification SET code = 'B' WHERE customer_id = 2 AND NOT by_rule;
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT code, cost FROM service_cost WHERE dimension = 'abc' ORDER BY 1 $$,
  $$ VALUES ('A', 10.0000), ('B', 30.0000) $$, 'another tier is noticed');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');

SELECT * FROM finish();
ROLLBACK;
