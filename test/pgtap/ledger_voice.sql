-- What customers say: surveys and their scales, askings and answers, reasons, what follows a bad answer.
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
CREATE FUNCTION pg_temp.answer(customer bigint, at timestamptz, survey text, score numeric, n int DEFAULT 1,
  channel text DEFAULT NULL, product text DEFAULT NULL, reason text DEFAULT NULL, agent text DEFAULT NULL)
  RETURNS void LANGUAGE sql AS $$
  INSERT INTO crm.interaction (customer_id, occurred_at, kind, subtype, score, n, channel_code, product_code,
    reason_code, agent_code) VALUES (customer, at, 'survey', survey, score, n, channel, product, reason, agent)$$;
CREATE FUNCTION pg_temp.complain(customer bigint, at timestamptz, n int DEFAULT 1, product text DEFAULT NULL,
  reason text DEFAULT NULL, kind text DEFAULT 'complaint') RETURNS void LANGUAGE sql AS $$
  INSERT INTO crm.interaction (customer_id, occurred_at, kind, n, product_code, reason_code)
    VALUES (customer, at, kind, n, product, reason)$$;
CREATE FUNCTION pg_temp.sell(customer bigint, at timestamptz, amount numeric) RETURNS void LANGUAGE sql AS $$
  INSERT INTO crm.sale (customer_id, order_ref, sold_at, amount, cogs, currency)
    VALUES (customer, 'o' || customer || at, at, amount, 0, 'EUR')$$;
SAVEPOINT fresh;

-- E5: 84 of 100 are satisfied; 50 promoters, 20 neither, 30 detractors; 40 of 1,000 answered
SELECT pg_temp.customers(1, 1000);
SELECT pg_temp.answer(i, '2024-02-05', 'csat', CASE WHEN i <= 84 THEN 4 + i % 2 ELSE 1 + i % 3 END),
  pg_temp.answer(i, '2024-02-06', 'nps', CASE WHEN i <= 50 THEN 9 + i % 2 WHEN i <= 70 THEN 7 + i % 2 ELSE i % 7 END)
FROM generate_series(1, 100) i;
SELECT pg_temp.answer(i, '2024-02-07', 'ces', CASE WHEN i <= 40 THEN 5 END) FROM generate_series(1, 1000) i;
CALL crmcost.refresh('crm', '2024-03-01');
PREPARE total AS SELECT survey, asked, answers, csat_rate, csat_mean, nps, response_rate FROM customer_voice
  WHERE (scheme, channel_code, product_code) = ('(all)', '(all)', '(all)') ORDER BY survey;
SELECT results_eq('EXECUTE total', $$ VALUES
  ('ces', 1000::bigint, 40::bigint, 1.0, 5.0, NULL::numeric, 0.04),
  ('csat', 100, 100, 0.84, (SELECT round(avg(CASE WHEN i <= 84 THEN 4 + i % 2 ELSE 1 + i % 3 END), 4)
    FROM generate_series(1, 100) i), NULL, 1.0),
  ('nps', 100, 100, NULL, NULL, 20.0, 1.0) $$, 'E5: 84 of 100 are satisfied, NPS +20, 40 of 1,000 answered');
-- Wilson 1927 by hand: (p + z2/2n -+ z sqrt(p q / n + z2 / 4n2)) / (1 + z2/n); NPS by its variance
SELECT results_eq($$ SELECT csat_low, csat_high FROM customer_voice
  WHERE survey = 'csat' AND (scheme, channel_code, product_code) = ('(all)', '(all)', '(all)') $$,
  $$ SELECT round(((p + z * z / 2 / n - w) / (1 + z * z / n))::numeric, 6),
    round(((p + z * z / 2 / n + w) / (1 + z * z / n))::numeric, 6)
     FROM (SELECT 0.84::float8 AS p, 100::float8 AS n, 1.959963984540054 AS z,
       1.959963984540054 * sqrt(0.84 * 0.16 / 100 + 1.959963984540054 ^ 2 / 40000) AS w) s $$,
       'E5: with the interval of Wilson');
SELECT results_eq($$ SELECT nps_low, nps_high FROM customer_voice
  WHERE survey = 'nps' AND (scheme, channel_code, product_code) = ('(all)', '(all)', '(all)') $$,
  $$ SELECT round((20 - 100 * d)::numeric, 6), round((20 + 100 * d)::numeric, 6)
    FROM (SELECT 1.959963984540054 * sqrt((0.8 - 0.04) / 100) AS d) s $$, 'E5: and that of the net promoter score');
SELECT results_eq($$ SELECT metric, value FROM kpi WHERE family = 'satisfaction' AND metric IN ('csat_rate', 'nps')
  ORDER BY 1 $$, $$ VALUES ('csat_rate', 0.84), ('nps', 20.0) $$, 'E5: the page of outcome says the same');
SELECT results_eq('SELECT sum(survey_answers), sum(csat_rate * survey_answers) FROM customer_360',
  $$ VALUES (100::numeric, 84.0) $$, 'so do the pages of customers');
SELECT is_empty($$ SELECT * FROM data_quality WHERE check_name LIKE 'answer%' AND rows > 0 $$, 'and all is well');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
ROLLBACK TO fresh;
-- 50 of 100, 30, 20 of the documents
SELECT pg_temp.customers(1, 1);
SELECT pg_temp.answer(1, '2024-02-05', 'nps', s, n) FROM (VALUES (10, 50)) v (s, n);
SELECT pg_temp.answer(1, '2024-02-06', 'nps', 8, 30), pg_temp.answer(1, '2024-02-07', 'nps', 3, 20);
CALL crmcost.refresh('crm', '2024-03-01');
SELECT is((SELECT nps FROM customer_voice WHERE (scheme, channel_code, product_code) = ('(all)', '(all)', '(all)')),
  30.0, 'F4: 50, 30 and 20 of a hundred are +30');
ROLLBACK TO fresh;

-- scales: what is outside is refused, whichever way it comes
SELECT pg_temp.customers(1, 3);
SELECT throws_ok($$SELECT pg_temp.answer(1, '2024-02-05', 'csat', 6)$$, '23514',
  'score must be from 1 to 5, the scale of survey "csat", not 6', 'an answer above the scale is refused');
SELECT throws_ok($$SELECT pg_temp.answer(1, '2024-02-05', NULL, 0)$$, '23514',
  'score must be from 1 to 5, the scale of survey "csat", not 0',
  'or below it, of the survey that is meant without a subtype');
SELECT throws_ok($$SELECT pg_temp.answer(1, '2024-02-05', 'nps', 86)$$, '23514',
  'score must be a whole number from 0 to 10, the scale of survey "nps", not 86', 'or of two scales in one survey');
SELECT throws_ok($$SELECT pg_temp.answer(1, '2024-02-05', 'nps', 8.5)$$, '23514',
  'score must be a whole number from 0 to 10, the scale of survey "nps", not 8.5', 'halves of nps are refused');
SELECT lives_ok(format('SELECT pg_temp.answer(1, %L, %L, %s)', '2024-02-05', s, x), format('%s of %s is within', x, s))
  FROM (VALUES ('csat', 1), ('csat', 5), ('csat', 4.5), ('nps', 0), ('nps', 10), ('ces', 7), ('own', 1234)) v (s, x);
SELECT throws_ok($$UPDATE interaction SET score = 11 WHERE subtype = 'nps'$$, '23514',
  'score must be a whole number from 0 to 10, the scale of survey "nps", not 11', 'a change is checked, too');
SELECT lives_ok($$INSERT INTO interaction (customer_id, occurred_at, kind, subtype, score)
  VALUES (1, '2024-02-05', 'behavior', 'csat', 700)$$, 'what is no survey has no scale');
CREATE TEMPORARY TABLE staged AS SELECT 2 AS customer_id, timestamptz '2024-02-06' AS occurred_at, 'survey' AS kind,
  'csat' AS subtype, s::numeric AS score FROM generate_series(1, 5) s;
SELECT lives_ok($$CALL crmcost.load_facts('crm', 'interaction', 'staged')$$, 'load_facts loads answers');
UPDATE staged SET score = 9 WHERE score = 5;
SELECT throws_ok($$CALL crmcost.load_facts('crm', 'interaction', 'staged')$$, '23514',
  'score must be from 1 to 5, the scale of survey "csat", not 9', 'and refuses what is none');
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq($$ SELECT survey, answers, csat_rate, csat_mean, nps FROM customer_voice
  WHERE (scheme, channel_code, product_code) = ('(all)', '(all)', '(all)') AND survey = 'own' $$,
  $$ VALUES ('own', 1::bigint, NULL::numeric, NULL::numeric, NULL::numeric) $$,
    'of a survey without a scale answers are counted, and no more');
SELECT results_eq($$ SELECT check_name, severity, rows, example FROM data_quality WHERE check_name LIKE 'answer%'
  ORDER BY 1 $$,
  $$ VALUES ('answer_outside_scale', 'error', 0::bigint, NULL),
    ('answer_without_survey', 'warning', 1, 'survey own') $$, 'which is told');
-- a scale that the answers contradict
UPDATE survey SET scale_to = 4 WHERE code = 'csat';
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq($$ SELECT rows, example FROM data_quality WHERE check_name = 'answer_outside_scale' $$,
  $$ VALUES (3::bigint, 'survey csat: 4.5 of customer 1 is not from 1 to 4') $$,
  'a scale that answers contradict is an error of the data');
SELECT results_eq($$ SELECT answers, csat_mean FROM customer_voice
  WHERE (scheme, channel_code, product_code) = ('(all)', '(all)', '(all)') AND survey = 'csat' $$,
  $$ VALUES (2::bigint, 2.5) $$, 'and they count nowhere: of each customer and day the last within it');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
INSERT INTO survey (code, metric, scale_from, scale_to, satisfied_from, dissatisfied_to, name)
  VALUES ('own', 'csat', 0, 2000, 1000, 500, 'Own');
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq($$ SELECT metric, csat_rate, survey_name FROM customer_voice
  WHERE (scheme, channel_code, product_code) = ('(all)', '(all)', '(all)') AND survey = 'own' $$,
  $$ VALUES ('csat', 1.0, 'Own') $$, 'with a scale they are');
DELETE FROM survey WHERE code = 'csat';
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq($$ SELECT value FROM kpi WHERE metric IN ('csat_rate', 'csat_mean') $$,
  $$ VALUES (NULL::numeric), (NULL) $$, 'without the survey csat there is no satisfaction, and not none of it');
-- no more than what an answer may be, and which are good
ROLLBACK TO fresh;
SELECT pg_temp.customers(1, 4);
INSERT INTO survey (code, metric, scale_from, scale_to, satisfied_from) VALUES ('ten', 'csat', 1, 10, 8),
  ('again', 'nps', 0, 10, 9);
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, score) VALUES (1, '2024-01-10', 'survey', 'ten', 1),
  (2, '2024-01-10', 'survey', 'ten', 8),
  (1, '2024-01-11', 'survey', 'again', 6), (2, '2024-01-11', 'survey', 'again', 9),
    (3, '2024-01-11', 'survey', 'again', 7), (4, '2024-01-11', 'survey', 'again', 0);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT survey, survey_name, answers, good_answers, bad_answers, csat_rate, nps FROM customer_voice
  WHERE (scheme, channel_code, product_code) = ('(all)', '(all)', '(all)') AND survey IN ('ten', 'again') ORDER BY 1 $$,
  $$ VALUES ('again', 'again', 4::bigint, 1::bigint, 2::bigint, NULL::numeric, -25.0),
    ('ten', 'ten', 2, 1, 0, 0.5, NULL) $$,
    'without a name the code is it; without dissatisfied_to no answer is bad, but those up to 6 of an nps');
-- bad surveys
SELECT throws_ok(format('INSERT INTO survey (code, metric, scale_from, scale_to, satisfied_from, dissatisfied_to, name) VALUES (%s, ''x'')',
  v), '23514', NULL, 'refused: ' || v)
FROM unnest(ARRAY[$$'', 'csat', 1, 5, 4, 2$$, $$'(all)', 'csat', 1, 5, 4, 2$$, $$'x', 'mood', 1, 5, 4, 2$$,
  $$'x', 'csat', 5, 1, 4, 2$$, $$'x', 'csat', 1, 5, 6, 2$$, $$'x', 'csat', 1, 5, 1, 1$$, $$'x', 'csat', 1, 5, 4, 4$$,
  $$'x', 'csat', 1, 5, 4, 0$$, $$'x', 'nps', 1, 10, 9, 6$$, $$'x', 'nps', 1, 10, 9, NULL$$,
    $$'x', 'nps', 0, 10, 9, 5$$, $$'x', 'nps', 0, 10, 8, 6$$, $$'x', 'csat', 1, 'NaN', 4, 2$$,
    $$'x', 'csat', 'NaN', 5, 4, 2$$]) v;
SELECT throws_ok($$UPDATE survey SET ask_every_days = 0 WHERE code = 'nps'$$, '23514', NULL,
  'an interval of no days is refused');
SELECT throws_ok($$UPDATE survey SET scale_to = 'Infinity' WHERE code = 'ces'$$, '22003', NULL,
  'and a scale without end');
ROLLBACK TO fresh;

-- askings: one a customer, survey and day; who answers in time was asked once
SELECT pg_temp.customers(1, 6);
SELECT pg_temp.answer(1, '2024-01-10 09:00', 'csat', NULL), pg_temp.answer(1, '2024-01-10 10:00', 'csat', 5),
  pg_temp.answer(1, '2024-01-10 11:00', 'csat', 2), pg_temp.answer(1, '2024-01-10 12:00', 'csat', NULL),
   -- one answer, 2
       pg_temp.answer(2, '2024-01-20', 'csat', NULL), pg_temp.answer(2, '2024-02-19', 'csat', 4),
                                  -- within 30 days: of February
       pg_temp.answer(3, '2024-01-20', 'csat', NULL), pg_temp.answer(3, '2024-02-20', 'csat', 4),
                                  -- after 31: not answered in January
       pg_temp.answer(4, '2024-01-20', 'csat', NULL), pg_temp.answer(4, '2024-01-21', 'csat', NULL),
                               -- asked twice
       pg_temp.answer(5, '2024-01-20', 'csat', NULL), pg_temp.answer(5, '2024-01-21', 'nps', 9);
                                   -- another survey is no answer
PREPARE asked AS SELECT month_start, survey, asked, answers, response_rate, csat_mean FROM customer_voice
  WHERE (scheme, channel_code, product_code) = ('(all)', '(all)', '(all)') ORDER BY 1, 2;
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('EXECUTE asked', $$ VALUES ('2024-01-01'::date, 'csat', 6::bigint, 1::bigint, 0.166667, 2.0),
  ('2024-01-01', 'nps', 1, 1, 1.0, NULL) $$,
  'E5: the last answer of a day counts, and who was asked and did not answer');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq('EXECUTE asked', $$ VALUES ('2024-01-01'::date, 'csat', 5::bigint, 1::bigint, 0.2, 2.0),
  ('2024-01-01', 'nps', 1, 1, 1.0, NULL), ('2024-02-01', 'csat', 2, 2, 1.0, 4.0) $$,
  'E5: an asking of January that was answered in February within 30 days is that of the answer');
SELECT is(pg_temp.differing(), NULL, 'which the refresh by news has found');
SELECT results_eq($$ SELECT sum(asked), sum(answers), sum(score), sum(satisfied) FROM survey_day
  WHERE survey = 'csat' $$, $$ VALUES (7::numeric, 3::numeric, 10.0, 2::numeric) $$, 'the days add up to the months');
UPDATE interaction SET score = 5 WHERE customer_id = 1 AND score = 2;
DELETE FROM interaction WHERE customer_id = 4 AND occurred_at = '2024-01-21';
SELECT crmcost.merge_customer('crm', 2, 3);
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq('EXECUTE asked', $$ VALUES ('2024-01-01'::date, 'csat', 3::bigint, 1::bigint, 0.333333, 5.0),
  ('2024-01-01', 'nps', 1, 1, 1.0, NULL), ('2024-02-01', 'csat', 2, 2, 1.0, 4.0) $$,
  'corrections and mergers are noticed');
SELECT pg_temp.answer(6, '2024-01-20', 'csat', NULL), pg_temp.answer(6, '2024-01-27', 'csat', NULL),
  pg_temp.answer(6, '2024-02-02', 'csat', 4);   -- reminded
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq('EXECUTE asked', $$ VALUES ('2024-01-01'::date, 'csat', 3::bigint, 1::bigint, 0.333333, 5.0),
  ('2024-01-01', 'nps', 1, 1, 1.0, NULL), ('2024-02-01', 'csat', 3, 3, 1.0, 4.0) $$,
  'E5: who was reminded and answers in time was asked once');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
DELETE FROM interaction WHERE customer_id = 6;
CALL crmcost.refresh('crm', '2024-03-01');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
-- a month that is closed stays as it was
CALL crmcost.close_period('crm', '2024-02-01');
SELECT pg_temp.answer(6, '2024-02-10', 'csat', 1);
CALL crmcost.refresh('crm', '2024-04-01');
SELECT results_eq('EXECUTE asked', $$ VALUES ('2024-01-01'::date, 'csat', 3::bigint, 1::bigint, 0.333333, 5.0),
  ('2024-01-01', 'nps', 1, 1, 1.0, NULL), ('2024-02-01', 'csat', 2, 2, 1.0, 4.0),
  ('2024-03-01', 'csat', 1, 1, 1.0, 1.0) $$, 'a late answer counts in the first open month');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
ROLLBACK TO fresh;

-- by tier (of the month's end), channel and product: the parts add up
SELECT pg_temp.customers(1, 4);
INSERT INTO classification (customer_id, dimension, code, entered_at) VALUES (1, 'hand', 'A', '2024-01-01'),
  (2, 'hand', 'B', '2024-01-01'), (2, 'hand', 'A', '2024-02-15'), (3, 'hand', 'A', '2024-03-01 00:00'),
  (3, 'hand', 'none', '2024-03-10');
INSERT INTO tier (scheme, code, rank, basis, service_level, name) VALUES ('hand', 'A', 1, 'manual', 'vip', 'First'),
  ('hand', 'B', 2, 'manual', 'basic', 'Second');
INSERT INTO product (code, name) VALUES ('P1', 'One');
SELECT pg_temp.answer(c, d, 'csat', s, 1, h, p)
  FROM (VALUES (1, '2024-01-05'::timestamptz, 5, 'email', 'P1'), (2, '2024-01-05', 1, 'phone', 'P1'),
  (2, '2024-02-05', 2, 'phone', NULL), (3, '2024-02-05', 5, NULL, 'P2'), (4, '2024-02-05', 4, 'email', NULL),
  (3, '2024-03-05', 4, 'email', NULL)) v (c, d, s, h, p);
CALL crmcost.refresh('crm', '2024-03-08');
SELECT results_eq($$ SELECT month_start, tier, answers, csat_mean, tier_name FROM customer_voice
  WHERE scheme = 'hand' AND (channel_code, product_code) = ('(all)', '(all)') ORDER BY 1, 2 $$, $$ VALUES
  ('2024-01-01'::date, 'A', 1::bigint, 5.0, 'First'), ('2024-01-01', 'B', 1, 1.0, 'Second'),
    ('2024-02-01', '(unknown)', 1, 4.0, '(unknown)'), ('2024-02-01', 'A', 2, 3.5, 'First'),
    ('2024-03-01', 'A', 1, 4.0, 'First') $$,
  'E5: an answer is that of the tier at the end of its month');
SELECT results_eq($$ SELECT channel_code, product_code, answers, channel_name, product_name FROM customer_voice
  WHERE scheme = '(all)' AND month_start = '2024-01-01' ORDER BY 1, 2 $$, $$ VALUES
  ('(all)', '(all)', 2::bigint, '(all)', '(all)'), ('(all)', 'P1', 2, '(all)', 'One'),
    ('email', '(all)', 1, (SELECT name FROM channel WHERE code = 'email'), '(all)'),
    ('email', 'P1', 1, (SELECT name FROM channel WHERE code = 'email'), 'One'),
  ('phone', '(all)', 1, (SELECT name FROM channel WHERE code = 'phone'), '(all)'),
    ('phone', 'P1', 1, (SELECT name FROM channel WHERE code = 'phone'), 'One') $$, 'E5: by channel and product');
SELECT is_empty($$
  SELECT scheme, month_start FROM customer_voice WHERE (tier <> '(all)' OR scheme = '(all)')
    AND (channel_code = '(all)') = (product_code = '(all)')
  GROUP BY 1, 2 HAVING sum(answers) FILTER (WHERE channel_code = '(all)') IS DISTINCT
    FROM sum(answers) FILTER (WHERE channel_code <> '(all)') $$, 'cells of channel and product add up to their total');
SELECT is_empty($$
  SELECT month_start, scheme FROM voice_month WHERE (channel_code, product_code) = ('(all)', '(all)') GROUP BY 1, 2
  HAVING sum(answers) <> (SELECT sum(t.answers) FROM voice_month t WHERE t.month_start = voice_month.month_start
    AND t.scheme = '(all)' AND (t.channel_code, t.product_code) = ('(all)', '(all)')) $$, 'and so do tiers');
CALL crmcost.refresh('crm', '2024-03-12');
SELECT results_eq($$ SELECT tier, answers FROM customer_voice WHERE scheme = 'hand' AND month_start = '2024-03-01'
  AND (channel_code, product_code) = ('(all)', '(all)') $$, $$ VALUES ('(unknown)', 1::bigint) $$,
  'the running month has the tier of the report day');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
INSERT INTO classification (customer_id, dimension, code, entered_at) VALUES (1, 'hand', 'B', '2024-01-20');
CALL crmcost.refresh('crm', '2024-03-12');
SELECT results_eq($$ SELECT tier, answers FROM customer_voice WHERE scheme = 'hand' AND month_start = '2024-01-01'
  AND (channel_code, product_code) = ('(all)', '(all)') $$, $$ VALUES ('B', 2::bigint) $$,
  'a tier that was set for the past is noticed');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
UPDATE setting SET value = 'zh' WHERE key = 'language';
CALL crmcost.refresh('crm', '2024-03-12');
SELECT is((SELECT DISTINCT survey_name FROM customer_voice), '客户满意度', 'in the language of the setting');
ROLLBACK TO fresh;

-- overdue: asked every 90 days
SELECT pg_temp.customers(1, 3), pg_temp.customers(4, 4, '2024-05-01');
INSERT INTO customer (customer_id, source_key, first_seen_at) VALUES (5, 'lead', '2024-01-01');
INSERT INTO customer (customer_id, source, source_key, first_seen_at, acquired_at)
  VALUES (6, 'anon', 'a', '2024-01-01', '2024-01-01');
INSERT INTO tier (scheme, code, rank, basis, service_level, name) VALUES ('hand', 'A', 1, 'manual', 'vip', 'First'),
  ('hand', 'B', 2, 'manual', 'basic', 'Second');
INSERT INTO classification (customer_id, dimension, code, entered_at) VALUES (1, 'hand', 'A', '2024-01-01'),
  (2, 'hand', 'A', '2024-01-01'), (3, 'hand', 'B', '2024-01-01');
UPDATE survey SET ask_every_days = 90 WHERE code = 'csat';
SELECT pg_temp.answer(1, '2024-03-01', 'csat', 5), pg_temp.answer(2, '2024-05-01', 'csat', NULL),
  pg_temp.answer(6, '2024-01-01', 'csat', 3);
PREPARE overdue AS SELECT scheme, tier, overdue FROM customer_voice WHERE overdue IS NOT NULL ORDER BY 1, 2;
CALL crmcost.refresh('crm', '2024-05-30');
SELECT results_eq('EXECUTE overdue', $$ VALUES ('(all)', '(all)', 1::bigint), ('hand', 'A', 0), ('hand', 'B', 1) $$,
  'E5: who was never asked is overdue 90 days after he became a customer');
CALL crmcost.refresh('crm', '2024-05-31');
SELECT results_eq('EXECUTE overdue', $$ VALUES ('(all)', '(all)', 2::bigint), ('hand', 'A', 1), ('hand', 'B', 1) $$,
  'E5: who was asked on 1 March is from 30 May on');
SELECT results_eq('SELECT customer_id, last_asked_on, due_on, days_overdue FROM survey_overdue ORDER BY 1',
  $$ VALUES (1::bigint, '2024-03-01'::date, '2024-05-30'::date, 0), (3, NULL, '2024-03-31', 60) $$, 'E5: by name');
SELECT pg_temp.answer(3, '2024-05-31 10:00', 'csat', NULL);
INSERT INTO classification (customer_id, dimension, code, entered_at) VALUES (1, 'hand', 'B', '2024-05-31 10:00');
CALL crmcost.refresh('crm', '2024-06-01');
SELECT results_eq('EXECUTE overdue', $$ VALUES ('(all)', '(all)', 1::bigint), ('hand', 'A', 0), ('hand', 'B', 1) $$,
  'E5: who is asked is not, and who changes the tier is in the other');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
SELECT crmcost.merge_customer('crm', 1, 2);
CALL crmcost.refresh('crm', '2024-06-01');
SELECT is(pg_temp.differing(), NULL, 'after a merger, too');
DELETE FROM tier WHERE scheme = 'hand' AND code = 'B';
CALL crmcost.refresh('crm', '2024-06-01');
SELECT is(pg_temp.differing(), NULL, 'and when a tier goes');
ROLLBACK TO fresh;

-- E1: reasons, with their share
SELECT pg_temp.customers(1, 3);
INSERT INTO reason (code, domain, name, name_zh) VALUES ('late', 'complaint', 'Late', '迟到'),
  ('broken', 'complaint', 'Broken', '损坏');
SELECT pg_temp.complain(1, '2024-02-05', 6, 'P1', 'broken'), pg_temp.complain(2, '2024-02-06', 3, 'P1', 'late'),
  pg_temp.complain(3, '2024-02-06', 1, 'P2', NULL), pg_temp.complain(3, '2024-02-06', 2, 'P2', 'broken', 'return'),
       pg_temp.answer(1, '2024-02-07', 'csat', 1, reason => 'late'),
         pg_temp.answer(2, '2024-02-07', 'csat', 5, reason => 'late'),
         pg_temp.answer(1, '2024-02-07 01:00', 'nps', 6, reason => 'late');
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq($$ SELECT reason_code, interactions, share, reason_rank FROM voice_reason
  WHERE kind = 'complaint' AND product_code = '(all)' ORDER BY reason_rank, 1 $$,
  $$ VALUES ('broken', 6::bigint, 0.6, 1::bigint), ('late', 3, 0.3, 2), ('(unknown)', 1, 0.1, 3) $$,
    'E1: the top reason by count, with its share');
SELECT results_eq($$ SELECT kind, reason_code, interactions FROM voice_reason
  WHERE product_code = '(all)' AND reason_rank = 1 ORDER BY 1 $$,
  $$ VALUES ('(all)', 'broken', 8::bigint), ('complaint', 'broken', 6), ('return', 'broken', 2),
    ('survey', 'late', 2) $$, 'E1: of returns and bad answers, too');
SELECT results_eq($$ SELECT product_code, reason_code, share FROM voice_reason
  WHERE kind = 'complaint' AND product_code IN ('P1', 'P2') ORDER BY 1, 2 $$,
  $$ VALUES ('P1', 'broken', 0.666667), ('P1', 'late', 0.333333), ('P2', '(unknown)', 1.0) $$, 'E1: by product');
DELETE FROM interaction WHERE kind = 'return';
UPDATE interaction SET score = 4 WHERE subtype = 'csat' AND score = 1;
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq($$ SELECT kind, sum(interactions) FROM voice_reason WHERE product_code = '(all)' GROUP BY 1
  ORDER BY 1 $$, $$ VALUES ('(all)', 11::numeric), ('complaint', 10), ('survey', 1) $$, 'corrections are noticed');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
ROLLBACK TO fresh;

-- F8: from a bad answer to the complaint, the cost and the churn
SELECT pg_temp.customers(1, 4);
SELECT pg_temp.sell(i, '2024-01-10', 100) FROM generate_series(1, 4) i;
SELECT pg_temp.answer(1, '2024-02-05', 'csat', 2,
  reason => (SELECT min(code) FROM crm.reason WHERE domain = 'complaint')), pg_temp.answer(2, '2024-02-05', 'csat', 5),
  pg_temp.answer(3, '2024-02-05', 'csat', 1), pg_temp.answer(4, '2024-02-05', 'csat', 3);
SELECT pg_temp.complain(1, '2024-02-04'), pg_temp.complain(1, '2024-02-15'), pg_temp.complain(1, '2024-05-05'),
  pg_temp.complain(1, '2024-05-06'), pg_temp.complain(2, '2024-02-15');
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id)
  VALUES ('svc.support', '2024-02-20', 30, 'EUR', 1), ('svc.support', '2024-04-20', 12, 'EUR', 1),
  ('svc.support', '2024-05-20', 500, 'EUR', 1), ('acq.ads.web', '2024-03-20', 70, 'EUR', 1);
SELECT pg_temp.sell(3, '2024-07-01', 40);
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq('SELECT customer_id, complaints, complained_on, cost_after, churned_on, complete FROM voice_followup ORDER BY 1',
  $$ VALUES (1::bigint, 1::bigint, '2024-02-15'::date, 30.0, NULL::date, false), (3, 0, NULL, 0.0, NULL, false) $$,
  'F8: bad answers, with what came of them so far');
CALL crmcost.refresh('crm', '2024-08-01');
SELECT results_eq('SELECT customer_id, score, reason_code, complaints, days_to_complaint, cost_after, margin_after, churned_on, days_to_churn, stage, complete FROM voice_followup ORDER BY 1',
  $$ VALUES (1::bigint, 2.0, (SELECT min(code) FROM reason WHERE domain = 'complaint'), 2::bigint, 10, 42.0, 0.0,
    '2024-07-08'::date, 154, 'churned', true), (3, 1.0, '(unknown)', 0, NULL, 0.0, 0.0, NULL, NULL, 'active', true) $$,
  'F8: complaints within 90 days, cost to serve of three months, churn 180 days after the last order');
SELECT results_eq($$ SELECT verdict, customers, churned, churned_share, profit FROM voice_outcome ORDER BY 1 $$,
  $$ VALUES ('(all)', 4::bigint, 3::bigint, 0.75, -172.0), ('bad', 2, 1, 0.5, -372.0), ('good', 1, 1, 1.0, 100.0),
    ('neutral', 1, 1, 1.0, 100.0) $$, 'F8: customers by what they said last');
SELECT results_eq($$ SELECT bad_answers, complained FROM customer_voice
  WHERE (scheme, channel_code, product_code) = ('(all)', '(all)', '(all)') $$, $$ VALUES (2::bigint, 1::bigint) $$,
  'F8: one of two bad answers was followed by a complaint');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
-- F11
SELECT results_eq($$ SELECT customer_id FROM voice_followup WHERE score <= 2 AND answered_on > '2024-03-01'::date - 30
  AND answered_on <= '2024-03-01' ORDER BY 1 $$, $$ VALUES (1::bigint), (3) $$,
  'F11: who said 2 or less within 30 days is listed');
UPDATE setting SET value = '10' WHERE key = 'followup_days';
CALL crmcost.refresh('crm', '2024-08-01');
SELECT is((SELECT sum(complaints) FROM voice_followup), 1::numeric, 'the setting followup_days acts');
SELECT throws_ok($$UPDATE setting SET value = '0' WHERE key = 'followup_days'$$, '23514', NULL, 'and is not 0');
SELECT lives_ok($$SELECT crmcost.erase_customer('crm', 1)$$, 'a customer with answers is erased');
CALL crmcost.refresh('crm', '2024-08-01');
SELECT is(pg_temp.differing(), NULL, 'and no figure moves');
ROLLBACK TO fresh;

-- empty, and nobody asked
CALL crmcost.refresh('crm', '2024-03-01');
SELECT is_empty(format('SELECT FROM %I', v), v || ' of an empty ledger is empty')
  FROM unnest('{customer_voice,voice_reason,voice_followup,voice_outcome,survey_overdue}'::text[]) v;
SELECT * FROM finish();
ROLLBACK;
