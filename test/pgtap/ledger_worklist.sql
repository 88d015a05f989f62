-- The worklist: who comes onto it and when, what is told and what is not told again, what users mark, and whether it
-- helps.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();
CREATE FUNCTION pg_temp.differing() RETURNS text LANGUAGE sql AS $$
  SELECT crmcost._make_work_tables('crm');
  SELECT string_agg(format('%s: %s', target, rows_differ), ', ') FROM crmcost._verify('crm')$$;
CREATE FUNCTION pg_temp.buy(who bigint, at timestamptz, price numeric, product text DEFAULT 'P') RETURNS void
  LANGUAGE sql AS $$
  INSERT INTO crm.sale (customer_id, source, order_ref, line_no, sold_at, product_code, quantity, amount, cogs,
    currency)
    VALUES (who, 's', who || ' ' || at, 1, at, product, 1, price, price / 2, 'EUR')$$;
CREATE FUNCTION pg_temp.only(VARIADIC reasons text[]) RETURNS void
  LANGUAGE sql AS 'UPDATE crm.worklist_reason SET is_active = code = ANY (reasons)';
CREATE FUNCTION pg_temp.row_of(who bigint) RETURNS bigint
  LANGUAGE sql AS 'SELECT max(worklist_id) FROM crm.worklist WHERE customer_id = who';

-- a rhythm of 30 days: 1 January, 31 January, 1 March; customer i spends 10 i a time
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at) SELECT i, 'c' || i, '2023-12-01',
  '2023-12-02' FROM generate_series(1, 8) i;
SELECT pg_temp.buy(i, d, 10 * i) FROM generate_series(1, 8) i,
  unnest('{2024-01-01,2024-01-31,2024-03-01}'::timestamptz[]) d;
SELECT pg_temp.buy(i, d, 10 * i) FROM generate_series(2, 8) i, unnest('{2024-03-31,2024-04-30}'::timestamptz[]) d;
SELECT pg_temp.only('at_risk');
SAVEPOINT base;

CALL crmcost.refresh('crm', '2024-05-01');
SELECT is_empty('SELECT FROM worklist', 'B9: 60 days of silence with a cycle of 30 are not over twice the rhythm');
CALL crmcost.refresh('crm', '2024-05-02');
SELECT results_eq('SELECT customer_id, reason COLLATE "default", due_on, told_on, action, channel_code COLLATE "default", product_code COLLATE "default", priority, status COLLATE "default", status_at, snoozed_until FROM worklist',
  $$ VALUES (1::bigint, 'at_risk', date '2024-05-01', date '2024-05-01', 'Call, and offer what the customer likes',
    '(unknown)', 'P', 2::smallint, 'open', NULL::timestamptz, NULL::date) $$,
  'B9: lapsed 61 days with a cycle of 30 is exactly one row');
SELECT results_eq('SELECT value, expected_value, evidence FROM worklist',
  $$ SELECT round(potential * (1 - coalesce(p_alive, 0)::numeric), 4),
  round(round(potential * (1 - coalesce(p_alive, 0)::numeric), 4) * 0.10, 4),
  jsonb_build_object('last_ordered_on', '2024-03-01', 'order_days', 3, 'usual_gap_days', 30.0, 'p_alive',
    round(p_alive::numeric, 4), 'signs', '{silent}'::text[]) FROM customer_clv WHERE customer_id = 1 $$,
    'with its value by the formula, and the evidence');
SELECT results_eq('SELECT customer_id, next_reason, next_action, next_action_due_on, stage_action FROM customer_360 WHERE next_reason IS NOT NULL',
  $$ SELECT w.customer_id, 'at_risk', w.action, w.due_on, s.action FROM worklist w, stage s WHERE s.code = 'active' $$,
  'it is the next action of the customer, beside that of his stage');
CREATE TEMPORARY TABLE told AS SELECT * FROM worklist;
SELECT pg_temp.buy(2, '2024-05-01 12:00Z', 5);
CALL crmcost.refresh('crm', '2024-05-02');
SELECT results_eq('SELECT worklist_id, told_on FROM worklist', 'SELECT worklist_id, told_on FROM told',
  'two refreshes a day: no row twice');
CALL crmcost.refresh('crm', '2024-05-03');
SELECT results_eq('SELECT worklist_id, told_on, is_new, days_overdue FROM worklist_open',
  'SELECT worklist_id, told_on, false, 1 FROM told', 'what was told yesterday is not told again');
CALL crmcost.refresh('crm', '2024-05-03', true);
SELECT results_eq('SELECT worklist_id, told_on FROM worklist', 'SELECT worklist_id, told_on FROM told',
  'nor by a full refresh');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
CALL crmcost.refresh('crm', '2024-03-15');
SELECT results_eq('SELECT worklist_id FROM worklist', 'SELECT worklist_id FROM told',
  'a refresh of an earlier day leaves the list alone');
SELECT is_empty('SELECT FROM worklist_open', 'though that day knows nothing of it');
SELECT is(pg_temp.differing(), NULL, 'as a full computation does');
SELECT pg_temp.buy(1, '2024-05-03 12:00Z', 10);
CALL crmcost.refresh('crm', '2024-05-04');
SELECT is_empty('SELECT FROM worklist', 'an order ends it');
SELECT pg_temp.only('win_back');
UPDATE worklist_reason SET days_after = NULL;
CALL crmcost.refresh('crm', (now() + interval '3 years')::date);
SELECT isnt_empty('SELECT FROM worklist', 'a day that is still to come has its list');
CALL crmcost.refresh('crm', '2024-05-04');
SELECT is_empty('SELECT FROM worklist', 'which nobody was told');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');

-- points that expire in four weeks, a case that is late, a tier within reach
ROLLBACK TO base;
INSERT INTO loyalty_entry (customer_id, program_code, occurred_at, kind, points, expires_at)
  VALUES (3, 'points', '2024-04-01', 'earn', 70, '2024-05-29'), (3, 'points', '2024-04-01', 'earn', 5, '2024-06-29'),
  (4, 'points', '2024-04-01', 'earn', 9, '2024-05-30');
SELECT pg_temp.only('points_expiring');
CALL crmcost.refresh('crm', '2024-05-02');
SELECT results_eq('SELECT customer_id, due_on, value, evidence FROM worklist',
  $$ VALUES (3::bigint, date '2024-05-29', 15.0000,
  '{"program": "points", "points": 70.0000, "expires_on": "2024-05-29"}'::jsonb) $$,
  'points are told four weeks before they expire, at the margin of an order: 30 / 2');
CALL crmcost.refresh('crm', '2024-05-03');
SELECT results_eq('SELECT customer_id FROM worklist ORDER BY 1', 'VALUES (3::bigint), (4)', 'each in its time');
SELECT results_eq('SELECT customer_id, points FROM customer_360 WHERE points IS NOT NULL ORDER BY 1',
  'VALUES (3::bigint, 75.0), (4, 9.0)', 'points that can be spent are on the page of the customer');
INSERT INTO loyalty_entry (customer_id, program_code, occurred_at, kind, points)
  VALUES (3, 'points', '2024-05-03 12:00Z', 'redeem', -72);
CALL crmcost.refresh('crm', '2024-05-04');
SELECT results_eq('SELECT customer_id FROM worklist ORDER BY 1', 'VALUES (4::bigint)',
  'who spends them leaves the list; what expires later is not due yet');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
ROLLBACK TO base;
INSERT INTO interaction (customer_id, occurred_at, kind, case_ref, due_at, resolved_at)
  VALUES (3, '2024-04-25 10:00Z', 'ticket', 'a', NULL, NULL),
  (3, '2024-04-29', 'ticket', 'b', '2024-04-30 12:00Z', NULL), (4, '2024-04-25', 'ticket', 'c', '2024-06-01', NULL),
  (5, '2024-04-25', 'ticket', 'd', NULL, '2024-04-26');
SELECT pg_temp.only('open_case');
CALL crmcost.refresh('crm', '2024-05-02');
SELECT results_eq($$SELECT customer_id, due_on, evidence ->> 'case_ref' FROM worklist$$,
  $$ VALUES (3::bigint, date '2024-04-28', 'a') $$,
  'E10: of the open cases that are late the oldest: 72 hours, where nothing was promised');
UPDATE interaction SET resolved_at = '2024-05-02 09:00Z' WHERE case_ref = 'a';
CALL crmcost.refresh('crm', '2024-05-03');
SELECT results_eq($$SELECT customer_id, due_on, evidence ->> 'case_ref' FROM worklist$$,
  $$ VALUES (3::bigint, date '2024-04-30', 'b') $$, 'then the one that was promised');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
ROLLBACK TO base;
DELETE FROM tier WHERE scheme IN ('abc', 'value');
INSERT INTO tier (scheme, code, rank, basis, bound, name) VALUES ('metal', 'gold', 1, 'min_value', 210, 'Gold'),
  ('metal', 'silver', 2, 'min_value', 100, 'Silver'), ('metal', 'normal', 3, 'min_value', 0, 'Normal');
SELECT pg_temp.only('tier_gap');
CALL crmcost.refresh('crm', '2024-05-02');
SELECT results_eq($$SELECT customer_id, evidence ->> 'next_tier', (evidence ->> 'gap')::numeric, value FROM worklist$$,
  $$ VALUES (4::bigint, 'gold', 10.0, 5.0) $$,
  'C8: 200 spent, 40 an order, gold at 210: ten are missing, at a margin of a half');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');

-- caps, and who is held back
ROLLBACK TO base;
UPDATE setting SET value = '2' WHERE key = 'worklist_per_day';
INSERT INTO campaign (code, channel_code, purpose, period, name)
  VALUES ('spring', 'email', 'retention', '[2024-06-01,2024-09-01)', 'Spring'),
  ('past', 'email', 'retention', '[2023-01-01,2023-02-01)', 'Past');
INSERT INTO campaign_member (customer_id, campaign_code, role, assigned_at)
  VALUES (7, 'spring', 'control', '2024-06-01'), (6, 'spring', 'target', '2024-06-01'),
  (5, 'past', 'control', '2023-01-01'), (2, 'spring', 'control', '2024-06-01');
CALL crmcost.refresh('crm', '2024-07-02');
SELECT results_eq('SELECT customer_id, status COLLATE "default" FROM worklist ORDER BY worklist_id',
  $$ SELECT * FROM (VALUES (8::bigint, 'open'), (7, 'held'), (6, 'open')) v $$,
  'the best two are told, and who is of a running control group is held back where he would have been told');
SELECT results_eq('SELECT customer_id, place FROM worklist_open ORDER BY place',
  'VALUES (8::bigint, 1::bigint), (6, 2)', 'nobody works on who is held back');
SELECT results_eq('SELECT customer_id FROM worklist_open WHERE segment = (SELECT segment FROM customer_rfm WHERE customer_id = 8) ORDER BY 1',
  'SELECT customer_id FROM customer_rfm WHERE customer_id IN (6, 8) AND segment = (SELECT segment FROM customer_rfm WHERE customer_id = 8) ORDER BY 1',
    'B15: of a segment, only its rows');
CALL crmcost.refresh('crm', '2024-07-02');
SELECT is(pg_temp.differing(), NULL, 'and the day is full');
CALL crmcost.refresh('crm', '2024-07-03');
SELECT results_eq($$ SELECT customer_id, status COLLATE "default" FROM worklist WHERE told_on = '2024-07-02'
  ORDER BY worklist_id $$, $$ VALUES (5::bigint, 'open'), (4, 'open') $$, 'the next day tells the next two');
SELECT throws_ok($$ SELECT crmcost.worklist_done('crm', pg_temp.row_of(7)) $$, '55000',
  format('row %s of the worklist is held back for comparison', pg_temp.row_of(7)), 'who is held back is left alone');
UPDATE setting SET value = '100' WHERE key = 'worklist_per_day';
CALL crmcost.refresh('crm', '2024-07-04');
SELECT results_eq($$ SELECT customer_id, status COLLATE "default" FROM worklist WHERE told_on = '2024-07-03'
  ORDER BY worklist_id $$, $$ VALUES (3::bigint, 'open'), (2, 'held'), (1, 'open') $$, 'with room enough all others');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
UPDATE setting SET value = '.5' WHERE key = 'worklist_holdout';
DELETE FROM worklist;
CALL crmcost.refresh('crm', '2024-07-04', true);
SELECT results_eq('SELECT customer_id, status COLLATE "default" FROM worklist ORDER BY customer_id',
  $$ SELECT i::bigint, CASE WHEN i IN (2, 7) OR ('x' || left(md5('worklist ' || i), 6))::bit(24)::int < 8388608
  THEN 'held' ELSE 'open' END FROM generate_series(1, 8) i $$,
  'worklist_holdout holds a share back by chance');

-- F11: who was acquired and is dissatisfied is at risk before his first order, and of no known value
ROLLBACK TO base;
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at) VALUES (9, 'c9', '2024-04-01', '2024-04-02');
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, channel_code, score) VALUES
  (9, '2024-04-20 12:00Z', 'care', NULL, 'phone', NULL), (9, '2024-04-25 12:00Z', 'survey', 'csat', NULL, 1);
CALL crmcost.refresh('crm', '2024-05-01');
SELECT results_eq('SELECT customer_id FROM at_risk', 'VALUES (9::bigint)', 'F11: a bad answer before the first order tells');
SELECT results_eq('SELECT customer_id, due_on, value, channel_code COLLATE "default", evidence FROM worklist',
  $$ VALUES (9::bigint, date '2024-04-25', 0.0000, 'phone', '{"last_ordered_on": null, "order_days": null,
    "usual_gap_days": null, "p_alive": null, "signs": ["bad_voice"]}'::jsonb) $$,
  'B9: who is in view at_risk comes onto the list, such a customer too');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');

-- several reasons, one customer
ROLLBACK TO base;
SELECT pg_temp.only('at_risk', 'overdue_contact', 'abandoned_cart');
CALL crmcost.refresh('crm', '2024-05-06');
SELECT ok(count(*) > 3 AND count(*) = count(DISTINCT customer_id), 'one row a customer at a time') FROM worklist;
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, product_code)
  VALUES (1, '2024-05-06 01:00Z', 'behavior', 'cart', 'P');
CALL crmcost.refresh('crm', '2024-05-08');
SELECT results_eq('SELECT reason COLLATE "default" FROM worklist WHERE customer_id = 1 ORDER BY priority',
  $$ VALUES ('abandoned_cart'), ('at_risk') $$, 'but what is more urgent comes all the same');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
UPDATE setting SET value = '3' WHERE key = 'worklist_per_customer';
CALL crmcost.refresh('crm', '2024-05-08');
SELECT results_eq('SELECT reason COLLATE "default" FROM worklist WHERE customer_id = 8 ORDER BY 1',
  $$ VALUES ('overdue_contact') $$, 'up to worklist_per_customer, as far as there are reasons');

-- contacts, days of the year, win-back, next product
ROLLBACK TO base;
UPDATE setting SET value = '9' WHERE key = 'worklist_per_customer';
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code)
  VALUES (8, '2024-04-01 22:00Z', 'care', 'phone'), (8, '2024-04-20', 'ticket', 'email');
UPDATE customer SET attributes = '{"month_day": "05-02"}' WHERE customer_id = 5;
UPDATE customer SET attributes = '{"month_day": "05-32"}' WHERE customer_id = 6;
SELECT pg_temp.only('overdue_contact', 'month_day');
CALL crmcost.refresh('crm', '2024-05-01');
SELECT is_empty('SELECT FROM worklist WHERE customer_id = 8', 'C8: 29 days after the last contact nobody is overdue');
SELECT is_empty('SELECT FROM worklist WHERE customer_id = 5 AND reason = ''month_day''',
  'E11: nor is a day of the year before it comes');
CALL crmcost.refresh('crm', '2024-05-03');
SELECT results_eq('SELECT reason COLLATE "default", due_on, channel_code COLLATE "default", value, evidence FROM worklist WHERE customer_id = 8',
  $$ SELECT 'overdue_contact', date '2024-05-01', 'phone', potential,
    '{"tiers": "abc A", "last_contact_on": "2024-04-01"}'::jsonb FROM customer_clv WHERE customer_id = 8 $$,
    'C8, E12: 31 days after it, with 30 promised, is overdue');
SELECT results_eq($$ SELECT customer_id, due_on FROM worklist WHERE reason = 'month_day' $$,
  $$ VALUES (5::bigint, date '2024-05-02') $$, 'E11: who told us a day is due on it, once; what is no day is none');
CALL crmcost.refresh('crm', '2024-05-07');
SELECT is_empty($$ SELECT FROM worklist WHERE reason = 'month_day' $$, 'E11: three days after it, no more');
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code) VALUES (8, '2024-05-06', 'sales', 'email');
CALL crmcost.refresh('crm', '2024-05-07');
SELECT is_empty('SELECT FROM worklist WHERE customer_id = 8', 'E12: a contact ends it');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
SELECT pg_temp.only('win_back', 'next_product');
CALL crmcost.refresh('crm', '2024-05-30');
SELECT is_empty('SELECT FROM worklist', 'D13: with the rhythm of 30 days nothing is due 29 days after the last order');
CALL crmcost.refresh('crm', '2024-05-31');
SELECT results_eq('SELECT customer_id, reason COLLATE "default", due_on, product_code COLLATE "default", value FROM worklist ORDER BY 1',
  $$ SELECT i::bigint, 'next_product', date '2024-05-30', 'P', 5.0 * i FROM generate_series(2, 8) i $$,
  'F3: when the next order is due, with what the customer likes, worth its margin');
CALL crmcost.refresh('crm', '2024-08-30');
SELECT results_eq('SELECT customer_id, reason COLLATE "default", due_on, value, expected_value FROM worklist',
  $$ VALUES (1::bigint, 'win_back', date '2024-08-28', 5.0000, 0.2500) $$,
  'F9: 180 days after the last order it is to be won back, worth an order');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');

-- what users mark
ROLLBACK TO base;
CALL crmcost.refresh('crm', '2024-05-02');
SELECT throws_ok($$ SELECT crmcost.worklist_snooze('crm', pg_temp.row_of(1), '2024-05-01') $$, '22023',
  'until must be after 2024-05-01, the day of the last refresh, not 2024-05-01', 'snoozing into the past');
SELECT throws_ok($$ SELECT crmcost.worklist_snooze('crm', pg_temp.row_of(1), 'infinity') $$, '22023',
  'until must be after 2024-05-01, the day of the last refresh, not infinity', 'for ever');
SELECT throws_ok($$ SELECT crmcost.worklist_snooze('crm', pg_temp.row_of(1), NULL) $$, '22023',
  'until must be after 2024-05-01, the day of the last refresh, not null', 'or no day');
SELECT throws_ok($$ SELECT crmcost.worklist_done('crm', pg_temp.row_of(1), now() + interval '1 day') $$, '22023', NULL,
  'done tomorrow');
SELECT throws_ok($$ SELECT crmcost.worklist_done('crm', pg_temp.row_of(1), '-infinity') $$, '22023',
  'done_at must be a time that is over, not -infinity', 'or always');
SELECT throws_ok($$ SELECT crmcost.worklist_done('crm', -1) $$, 'P0002',
  'worklist_id must be a row of the worklist of ledger "crm", not -1', 'no row');
SELECT throws_ok($$ SELECT crmcost.worklist_done('crm', NULL) $$, 'P0002',
  'worklist_id must be a row of the worklist of ledger "crm", not null', 'no number');
SELECT throws_ok($$ UPDATE worklist SET status = 'snoozed' $$, '23514', NULL, 'snoozed without a day');
SELECT throws_ok($$ UPDATE worklist SET status = 'done' $$, '23514', NULL, 'done without a time');
SELECT throws_ok($$ UPDATE worklist SET status = 'later' $$, '23514', NULL, 'another status');
SELECT ok(crmcost.worklist_snooze('crm', pg_temp.row_of(1), '2024-05-04'), 'a row is snoozed');
SELECT ok(NOT crmcost.worklist_snooze('crm', pg_temp.row_of(1), '2024-05-04'), 'once');
CALL crmcost.refresh('crm', '2024-05-04');
SELECT is_empty('SELECT FROM worklist_open', 'a snoozed row is not on the list');
SELECT is(pg_temp.differing(), NULL, 'nor in a full computation');
CALL crmcost.refresh('crm', '2024-05-05', true);
SELECT results_eq('SELECT due_on, told_on, is_new FROM worklist_open',
  $$ VALUES (date '2024-05-01', date '2024-05-04', true) $$, 'and told again on its day');
SELECT is(pg_temp.differing(), NULL, 'once');
SELECT ok(crmcost.worklist_done('crm', pg_temp.row_of(1), '2024-05-05 10:00Z'), 'a row is done');
SELECT ok(NOT crmcost.worklist_done('crm', pg_temp.row_of(1)), 'once');
SELECT throws_ok($$ SELECT crmcost.worklist_snooze('crm', pg_temp.row_of(1), '2024-06-01') $$, '55000', NULL,
  'what is done is not snoozed');
SELECT is(pg_temp.differing(), NULL, 'what is done is no difference');
CALL crmcost.refresh('crm', '2024-06-04', true);
SELECT results_eq('SELECT status COLLATE "default", told_on, status_at FROM worklist',
  $$ VALUES ('done', date '2024-05-04', timestamptz '2024-05-05 10:00Z') $$,
  'done rows stay, and bring nobody again for again_after_days');
CALL crmcost.refresh('crm', '2024-06-05');
SELECT results_eq('SELECT status COLLATE "default", due_on, told_on FROM worklist WHERE customer_id = 1 ORDER BY due_on',
  $$ VALUES ('done', date '2024-05-01', date '2024-05-04'), ('open', '2024-06-04', '2024-06-04') $$,
  'after which the reason, if it still holds, is due again');
CALL crmcost.refresh('crm', '2024-06-06');
SELECT results_eq('SELECT count(*) FROM worklist WHERE customer_id = 1', 'VALUES (2::bigint)', 'once');
SELECT ok(crmcost.worklist_reopen('crm', min(worklist_id)), 'a mistake is taken back') FROM worklist
  WHERE status = 'done';
SELECT is((SELECT count(*) FROM worklist WHERE status = 'open' AND customer_id = 1), 2::bigint, 'with two rows open');
CALL crmcost.refresh('crm', '2024-06-06');
SELECT is((SELECT count(*) FROM worklist WHERE status = 'open' AND customer_id = 1), 1::bigint,
  'of which the next refresh leaves one, also of the same day: a mark is news');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
UPDATE worklist SET status = 'snoozed', snoozed_until = '2024-06-01' WHERE customer_id = 1 AND status = 'open';
CALL crmcost.refresh('crm', '2024-06-06');
SELECT results_eq('SELECT status COLLATE "default", told_on FROM worklist WHERE customer_id = 1',
  $$ VALUES ('open', date '2024-06-05') $$, 'a day that is over, by UPDATE, brings the row back at once, and tells it');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');

-- mergers, erasure
ROLLBACK TO base;
INSERT INTO customer (customer_id, source_key, first_seen_at) VALUES (20, 'c20', '2024-04-01');
CALL crmcost.refresh('crm', '2024-05-02');
CREATE TEMPORARY TABLE before AS SELECT worklist_id, told_on FROM worklist;
SELECT crmcost.merge_customer('crm', 1, 20);
CALL crmcost.refresh('crm', '2024-05-03');
SELECT results_eq('SELECT customer_id, worklist_id, told_on FROM worklist',
  'SELECT 20::bigint, worklist_id, told_on FROM before', 'a row follows a merger, and stays told');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
SELECT crmcost.erase_customer('crm', 20);
SELECT is_empty('SELECT FROM worklist', 'a customer who is erased while on the list leaves it at once');
CALL crmcost.refresh('crm', '2024-05-03');
SELECT is_empty('SELECT FROM worklist WHERE customer_id = 20', 'and does not come back');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
SELECT pg_temp.buy(2, '2024-01-02', 1);
CALL crmcost.refresh('crm', '2024-07-02');
SELECT crmcost.worklist_done('crm', pg_temp.row_of(2), '2024-07-02');
SELECT crmcost.erase_customer('crm', 2);
SELECT results_eq('SELECT status COLLATE "default", evidence FROM worklist WHERE customer_id = 2',
  $$ VALUES ('done', '{}'::jsonb) $$, 'what was done for one stays to be counted, without its evidence');
UPDATE customer SET source = 'anon' WHERE customer_id = 8;
CALL crmcost.refresh('crm', '2024-07-02');
SELECT is_empty('SELECT FROM worklist WHERE customer_id = 8', 'traffic is nobody');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');

-- who may
ROLLBACK TO base;
CALL crmcost.refresh('crm', '2024-05-02');
CREATE ROLE crm_seller;
CREATE ROLE crm_onlooker;
GRANT USAGE ON SCHEMA public TO crm_seller, crm_onlooker;
SELECT crmcost.grant_worklist('crm', 'crm_seller');
SELECT crmcost.grant_read('crm', 'crm_onlooker');
SET LOCAL ROLE crm_seller;
SELECT ok(crmcost.worklist_snooze('crm', worklist_id, '2024-06-01'), 'whom grant_worklist lets marks rows')
  FROM worklist_open;
SELECT ok(crmcost.worklist_done('crm', worklist_id), 'and more') FROM worklist;
SELECT lives_ok($$ UPDATE worklist SET status = 'open', status_at = NULL $$, 'also by UPDATE');
SELECT throws_ok('UPDATE worklist SET expected_value = 1', '42501', NULL, 'but changes nothing else');
SELECT throws_ok('DELETE FROM worklist', '42501', NULL, 'and takes nothing away');
SELECT throws_ok($$ CALL crmcost.refresh('crm') $$, '42501', NULL, 'nor refreshes');
SET LOCAL ROLE crm_onlooker;
SELECT throws_ok('SELECT crmcost.worklist_done(''crm'', worklist_id) FROM worklist', '42501', NULL,
  'who only reads marks nothing');
RESET ROLE;
CALL crmcost.refresh('crm', '2024-05-02');
SELECT is(pg_temp.differing(), NULL, 'what somebody else marked is news, too');

-- what the list brings: two done, two held, of whom one each buys again
ROLLBACK TO base;
INSERT INTO campaign (code, channel_code, purpose, period, name)
  VALUES ('spring', 'email', 'retention', '[2024-06-01,2024-09-01)', 'Spring');
INSERT INTO campaign_member (customer_id, campaign_code, role, assigned_at) SELECT i, 'spring', 'control', '2024-06-01'
  FROM generate_series(6, 7) i;
CALL crmcost.refresh('crm', '2024-07-02');
SELECT crmcost.worklist_done('crm', pg_temp.row_of(i), '2024-07-03 12:00Z') FROM unnest('{4,5}'::bigint[]) i;
-- before the window, in it, on its last instant, after it
SELECT pg_temp.buy(4, '2024-07-03 11:00Z', 1000), pg_temp.buy(4, '2024-07-05', 100),
  pg_temp.buy(4, '2024-08-02 11:59Z', 40), pg_temp.buy(4, '2024-08-02 12:00Z', 1000), pg_temp.buy(5, '2024-07-10', 60),
       pg_temp.buy(6, '2024-07-01 23:00Z', 1000), pg_temp.buy(6, '2024-07-02', 20), pg_temp.buy(6, '2024-08-01', 1000);
CALL crmcost.refresh('crm', '2024-08-02 12:00Z');
SELECT results_eq('SELECT reason, window_days, done, held, running, done_orders, held_orders, done_order_rate, held_order_rate, uplift, done_margin, held_margin, margin_gain, total_gain, assumed_effect FROM worklist_effect ORDER BY reason',
  $$ SELECT r, 30, 2::bigint, 2::bigint, 1::bigint, 3::bigint, 1::bigint, 1.0, 0.5, 0.5, 50.0, 5.0, 45.0, 90.0, e
    FROM (VALUES ('(all)', NULL::numeric), ('at_risk', 0.10)) v (r, e) $$,
  'B9: done (margins 70 and 30) against held (10 and 0), within thirty days; what is held anew has them before it');
-- Welch: variances 800 / 2 and 50 / 2, degrees of freedom 425^2 / (400^2 + 25^2) = 1.12, of which 1; Newcombe from
-- Wilson's intervals of 2 of 2 and 1 of 2
SELECT results_eq($$ SELECT margin_gain_low, margin_gain_high, uplift_low, uplift_high FROM worklist_effect
  WHERE reason = 'at_risk' $$, $$
  SELECT round((45 - h)::numeric, 4), round((45 + h)::numeric, 4),
    round((0.5 - sqrt((1 - l2) ^ 2 + (u1 - 0.5) ^ 2))::numeric, 6), round((0.5 + sqrt((0.5 - l1) ^ 2))::numeric, 6)
  FROM (SELECT sqrt(425) * tan(0.475 * pi()) AS h, 2 / (2 + z) AS l2,
    (0.5 + z / 4 + sqrt(z * (0.25 / 2 + z / 16))) / (1 + z / 2) AS u1,
    (0.5 + z / 4 - sqrt(z * (0.25 / 2 + z / 16))) / (1 + z / 2) AS l1
        FROM (SELECT 1.959963984540054 ^ 2 AS z) q) w $$, 'with intervals');
SELECT results_eq($$ SELECT measured_effect FROM worklist_effect WHERE reason = 'at_risk' $$,
  $$ SELECT round(45 / avg(value), 6) FROM worklist WHERE status = 'done' $$,
  'and what effect it has, of what was at stake');
CALL crmcost.refresh('crm', '2024-08-02 11:59:59Z');
SELECT results_eq('SELECT done, held, running, uplift, margin_gain_low FROM worklist_effect WHERE reason = ''(all)''',
  'VALUES (0::bigint, 2::bigint, 3::bigint, NULL::numeric, NULL::numeric)', 'what is not over is not counted yet');

-- bad input
SELECT throws_ok($$ UPDATE worklist_reason SET effect = 1.5 $$, '23514', NULL, 'an effect above 1');
SELECT throws_ok($$ UPDATE worklist_reason SET effect = 'NaN' $$, '23514', NULL, 'or none');
SELECT throws_ok($$ UPDATE worklist_reason SET action_cost = 'NaN' $$, '23514', NULL, 'a cost that is no number');
SELECT throws_ok($$ UPDATE worklist_reason SET action_cost = -1 $$, '23514', NULL, 'or negative');
SELECT throws_ok($$ UPDATE worklist_reason SET again_after_days = 0 $$, '23514', NULL, 'again at once');
SELECT throws_ok($$ UPDATE worklist_reason SET channel_code = 'nope' $$, '23503', NULL, 'a channel that is not there');
SELECT throws_ok($$ UPDATE setting SET value = '1' WHERE key = 'worklist_holdout' $$, '23514', NULL,
  'everybody held back');
SELECT throws_ok($$ UPDATE setting SET value = '0' WHERE key = 'worklist_per_day' $$, '23514', NULL,
  'a day of no rows');
INSERT INTO worklist_reason (code, action, effect, name) VALUES ('own_reason', 'x', 0.1, 'Own');
UPDATE worklist_reason SET action_cost = 1000000, channel_code = 'email' WHERE code = 'at_risk';
CALL crmcost.refresh('crm', '2024-07-04');
SELECT is_empty($$ SELECT FROM worklist WHERE status = 'open' AND told_on = '2024-07-03' $$,
  'a reason that no function knows brings nobody, and what costs more than it brings is not told');
TRUNCATE worklist_reason;
CALL crmcost.refresh('crm', '2024-08-03');
SELECT results_eq('SELECT DISTINCT status COLLATE "default" FROM worklist ORDER BY 1', $$ VALUES ('done'), ('held') $$,
  'without reasons no row is open');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');

-- Welch where nobody of those held back buys: the variance is 73 / 3 of the three done, whose freedom of 2 is not to be
-- rounded to 1
ROLLBACK TO base;
INSERT INTO campaign (code, channel_code, purpose, period, name)
  VALUES ('spring', 'email', 'retention', '[2024-06-01,2024-09-01)', 'Spring');
INSERT INTO campaign_member (customer_id, campaign_code, role, assigned_at) SELECT i, 'spring', 'control', '2024-06-01'
  FROM generate_series(6, 7) i;
CALL crmcost.refresh('crm', '2024-07-02');
SELECT crmcost.worklist_done('crm', pg_temp.row_of(i), '2024-07-03 12:00Z') FROM unnest('{3,4,5}'::bigint[]) i;
SELECT pg_temp.buy(3, '2024-07-05', 10), pg_temp.buy(4, '2024-07-05', 24), pg_temp.buy(5, '2024-07-05', 44);
CALL crmcost.refresh('crm', '2024-08-03');
SELECT results_eq($$ SELECT done, held, margin_gain, margin_gain_low, margin_gain_high FROM worklist_effect
  WHERE reason = 'at_risk' $$, $$
  SELECT 3::bigint, 2::bigint, 13.0, round((13 - h)::numeric, 4), round((13 + h)::numeric, 4)
    FROM (SELECT sqrt(73 / 3.0) * 0.95 * sqrt(2 / (1 - 0.95 ^ 2)) AS h) q $$,
  'B9: margins of 5, 12 and 22 against none, with the quantile of two degrees of freedom');

-- once the day is full, a reason is asked of those alone who may bring as much: that gives the list of asking everybody
ROLLBACK TO base;
SELECT setseed(0.7);
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at) SELECT i, 'c' || i, '2023-12-01',
  '2023-12-02' FROM generate_series(9, 300) i;
SELECT pg_temp.buy(9 + floor(292 * random() ^ 1.5)::int,
  '2023-12-05'::timestamptz + floor(149 * 1440 * random()) * interval '1 minute',
  round((200 * random() ^ 3 + 1)::numeric, 2), 'P' || floor(9 * random())) FROM generate_series(1, 1500) i;
INSERT INTO sale (customer_id, source, order_ref, line_no, kind, sold_at, product_code, quantity, amount, currency)
  SELECT i, 's', 'r' || i, 1, 'refund', '2024-04-20', 'P0', 1, -i, 'EUR' FROM generate_series(5, 300, 37) i;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id) SELECT 'svc', '2024-04-10',
  60 * random() - 30, 'EUR', i FROM generate_series(1, 300, 3) i;
INSERT INTO interaction (customer_id, occurred_at, kind, case_ref) SELECT i,
  '2024-04-01'::timestamptz + i * interval '1 hour', 'ticket', 't' || i FROM generate_series(1, 300, 7) i;
INSERT INTO loyalty_entry (customer_id, program_code, occurred_at, kind, points, expires_at) SELECT i, 'points',
  '2024-04-01', 'earn', i, '2024-05-10' FROM generate_series(1, 300, 5) i;
UPDATE tier SET contact_every = '10 days' WHERE scheme = 'abc' AND code <> 'C';
UPDATE worklist_reason SET is_active = true, effect = CASE code WHEN 'overdue_contact' THEN 0.01 WHEN 'open_case'
  THEN 0.02 WHEN 'at_risk' THEN 0.012 WHEN 'tier_gap' THEN 0.4 ELSE 0.25 END, action_cost = CASE
  WHEN code IN ('win_back', 'tier_gap') THEN 0.5 ELSE 0 END;
UPDATE setting SET value = CASE key WHEN 'worklist_per_day' THEN '15' ELSE '60' END
  WHERE key IN ('worklist_per_day', 'churn_after_days');
CREATE TEMPORARY TABLE listed (bounded bool, reason text, customer_id bigint, due_on date, expected_value numeric);
CALL crmcost.refresh('crm', '2024-05-02');
INSERT INTO listed SELECT true, w.reason, w.customer_id, w.due_on, w.expected_value FROM worklist w;
-- of which rows of which reasons value exceeds the bound
CREATE FUNCTION pg_temp.beyond() RETURNS TABLE (reason text, rows bigint, too_much bigint) LANGUAGE plpgsql AS $$
DECLARE
  run crmcost._run;
  code text;
  path CONSTANT text := current_setting('search_path');
BEGIN
  PERFORM crmcost._make_work_tables('crm');
  run := crmcost._begin_run('crm', '2024-05-02', false);
  PERFORM set_config('search_path', crmcost._ledger_path('crm'), true), crmcost._load_worklist_base();
  FOR code IN SELECT w FROM crmcost._worklist_reasons() w WHERE crmcost._worklist_bounds(w) IS NOT NULL LOOP
    RETURN QUERY EXECUTE
      format('SELECT %L, count(*), count(*) FILTER (WHERE q.value > coalesce(greatest(round(least(%s), 4), 0), 0)) FROM (%s) q LEFT JOIN pg_temp.refresh_worklist_base b USING (customer_id)',
      code, array_to_string(crmcost._worklist_bounds(code), ', '), crmcost._worklist_query(run, code, 'true'));
  END LOOP;
  PERFORM set_config('search_path', path, true);
END $$;
SAVEPOINT told;
SELECT results_eq('SELECT reason, rows > 0, too_much FROM pg_temp.beyond() ORDER BY 1',
  $$ SELECT code, true, 0::bigint
  FROM unnest('{at_risk,next_product,open_case,overdue_contact,points_expiring,tier_gap,win_back}'::text[]) code $$,
  'the bounds hold');
ROLLBACK TO told;
CREATE OR REPLACE FUNCTION crmcost._worklist_bounds(code text) RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN NULL::text[];
DELETE FROM worklist;
CALL crmcost.refresh('crm', '2024-05-02');
INSERT INTO listed SELECT false, w.reason, w.customer_id, w.due_on, w.expected_value FROM worklist w;
SELECT is((SELECT count(*) || ' of ' || (count(DISTINCT reason) > 4) FROM listed), '30 of true',
  'the list is full, of more than four reasons');
SELECT results_eq('SELECT reason, customer_id, due_on, expected_value FROM listed WHERE bounded ORDER BY 1, 2',
  'SELECT reason, customer_id, due_on, expected_value FROM listed WHERE NOT bounded ORDER BY 1, 2', 'the same list');

SELECT * FROM finish();
ROLLBACK;
