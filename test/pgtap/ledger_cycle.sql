-- The life cycle: stages set by hand, who came, stayed and went, why, for how long and with how much money, who may be
-- about to
-- leave, who came back, and who is not worth the effort.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();
CREATE FUNCTION pg_temp.differing() RETURNS text LANGUAGE sql AS $$
  SELECT crmcost._make_work_tables('crm');
  SELECT string_agg(format('%s: %s', target, rows_differ), ', ') FROM crmcost._verify('crm')$$;
CREATE FUNCTION pg_temp.hint(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE hint text;
BEGIN
  EXECUTE statement;
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
  RETURN hint;
END $$;
CREATE FUNCTION pg_temp.finding(what text) RETURNS text LANGUAGE sql AS $$
  SELECT rows || coalesce(' ' || example, '') FROM crm.data_quality WHERE check_name = what$$;
UPDATE setting SET value = 'none' WHERE key = 'clv_model';
SAVEPOINT fresh;

-- what is computed anew begins later than what was there
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at) VALUES (1, 'c1', '2024-01-10', '2024-01-10');
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, amount, currency)
  VALUES (1, 'a', 1, '2024-01-10', 10, 'EUR');
CALL crmcost.refresh('crm', '2024-04-01');
SELECT results_eq('SELECT (SELECT min(as_of) FROM stage_day), (SELECT min(month_start) FROM churn_month)',
  $$ VALUES (date '2024-01-31', date '2024-01-01') $$, 'a life begins in January');
UPDATE customer SET first_seen_at = '2024-03-05', acquired_at = '2024-03-05';
UPDATE sale SET sold_at = '2024-03-05';
CALL crmcost.refresh('crm', '2024-04-01', true);
SELECT results_eq('SELECT (SELECT min(as_of) FROM stage_day), (SELECT min(month_start) FROM churn_month)',
  $$ VALUES (date '2024-03-31', date '2024-03-01') $$, 'it began in March: a full refresh leaves nothing of before');
ROLLBACK TO fresh;

-- an order of the very day on which the pause reached its length finds that stage, at the first instant of it, too,
-- as dates without a time are loaded
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at)
  SELECT i, 'c' || i, '2024-01-10', '2024-01-10' FROM generate_series(1, 4) i;
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency)
  SELECT i, 'a' || i, '2024-01-10', 10, 'EUR' FROM generate_series(1, 4) i
  UNION ALL SELECT i, 'b' || i, timestamptz '2024-01-10' + CASE WHEN i <= 2 THEN 180 ELSE 90 END * interval '1 day'
    + CASE WHEN i IN (2, 4) THEN interval '10 hours' ELSE '0' END, 10, 'EUR' FROM generate_series(1, 4) i;
CALL crmcost.refresh('crm', '2024-07-09');
SELECT results_eq($$SELECT stage_from, stage_to, transitions::int, is_legal FROM stage_flow
  WHERE month_start > '2024-01-01' ORDER BY month_start, stage_from, stage_to$$, $$ VALUES ('active', 'at_risk', 4, true), ('at_risk', 'active', 2, true),
  ('active', 'at_risk', 2, true), ('at_risk', 'churned', 2, true), ('churned', 'won_back', 2, true) $$,
  'F5: an order at midnight is no other step than one at ten');
SELECT is(pg_temp.finding('illegal_stage_step'), '0', 'F5: all of them legal');
SELECT results_eq($$SELECT went::int, returned::int, end_customers::int FROM churn_rate
  WHERE channel_code = '(all)' AND month_start = '2024-07-01'$$, $$ VALUES (2, 2, 4) $$, 'both went and came back');
SELECT is(pg_temp.differing(), NULL, 'and a full computation says the same');
ROLLBACK TO fresh;

-- stages by hand
INSERT INTO customer (customer_id, source, source_key, first_seen_at, acquired_at) VALUES
  (1, 'shop', 'c1', '2024-01-01', NULL), (2, 'shop', 'c2', '2024-01-01', '2024-01-05'),
    (3, 'anon', 'c3', '2024-01-01', NULL), (4, 'shop', 'c4', '2024-01-01', NULL);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT throws_ok($$CALL crmcost.set_stage('crm', 1, 'won_back', NULL, '2024-01-10')$$, '22023',
  'stage must be a legal step from lead, not won_back', 'F5: nobody is won back who was never there');
SELECT is(pg_temp.hint($$CALL crmcost.set_stage('crm', 1, 'won_back', NULL, '2024-01-10')$$),
  'From lead the legal steps are to active.', 'F5: the hint has the legal steps');
SELECT is(pg_temp.hint($$CALL crmcost.set_stage('crm', 2, 'churned', NULL, '2024-01-10')$$),
  'From active the legal steps are to at_risk.', 'from each stage its own');
SELECT throws_ok($$CALL crmcost.set_stage('crm', 1, 'gone', NULL, '2024-01-10')$$, '22023',
  'stage must be one of table stage, not gone', 'an unknown stage is refused');
SELECT is(pg_temp.hint($$CALL crmcost.set_stage('crm', 1, NULL)$$),
  'Stages are lead, active, at_risk, churned, won_back.', 'so is NULL, and the hint has them all');
SELECT throws_ok($$CALL crmcost.set_stage('crm', 2, 'at_risk', 'churn.boredom', '2024-01-10')$$, '22023',
  'reason_code must be one of table reason, not churn.boredom', 'an unknown reason is refused');
SELECT throws_ok($$CALL crmcost.set_stage('crm', 2, 'churned', 'lost_deal.price', '2024-01-10')$$, '22023',
  'reason_code must be one of table reason, domain churn, not lost_deal.price', 'a churn has a reason of churn');
SELECT throws_like($$CALL crmcost.set_stage('crm', 2, 'at_risk', NULL, now() + interval '1 minute')$$,
  'at must be a finite instant that is over, not %', 'nothing has happened tomorrow');
SELECT throws_ok($$CALL crmcost.set_stage('crm', 2, 'at_risk', NULL, '-infinity')$$, '22023',
  'at must be a finite instant that is over, not -infinity', 'nor ever');
SELECT throws_ok($$CALL crmcost.set_stage('crm', 2, 'at_risk', NULL, NULL)$$, '22023',
  'at must be a finite instant that is over, not null', 'nor at no time');
SELECT throws_ok($$CALL crmcost.set_stage('crm', 99, 'active')$$, 'P0002',
  'customer_id must be a customer of ledger "crm", not 99', 'an unknown customer is refused');
SELECT throws_ok($$CALL crmcost.set_stage('crm', NULL, 'active')$$, 'P0002',
  'customer_id must be a customer of ledger "crm", not null', 'and none');
SELECT throws_ok($$CALL crmcost.set_stage('crm', 3, 'active')$$, '22023',
  'customer_id must be a party with a life of its own, not 3', 'traffic has no life');
SELECT lives_ok($$CALL crmcost.set_stage('crm', 1, 'active', NULL, '2024-01-10 12:00')$$, 'F5: a legal step is taken');
SELECT lives_ok($$CALL crmcost.set_stage('crm', 2, 'at_risk', NULL, '2024-01-20')$$, 'by customers too');
SELECT lives_ok($$CALL crmcost.set_stage('crm', 2, 'churned', 'churn.moved', '2024-01-25')$$,
  'and the next one, before any refresh');
SELECT throws_ok($$CALL crmcost.set_stage('crm', 2, 'churned', 'churn.price', '2024-01-25')$$, '23505', NULL,
  'twice at one instant is refused');
SELECT throws_ok($$CALL crmcost.set_stage('crm', 2, 'active', NULL, '2024-01-22')$$, '22023',
  'stage must be one that churned of 2024-01-25 00:00:00+00 may follow, not active',
  'what a person set later must still be legal');
SELECT lives_ok($$CALL crmcost.set_stage('crm', 2, 'churned', 'churn.price', '2024-01-26')$$,
  'the same stage again gives another reason');
SELECT lives_ok($$CALL crmcost.set_stage('crm', 2, 'active', NULL, '2024-01-05')$$,
  'a row by rule of the same instant gives way');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$SELECT entered_on, stage, stage_before, days_before, by_rule, reason_code, reason_inferred
  FROM stage_spell WHERE customer_id IN (1, 2) ORDER BY customer_id, entered_at$$,
  $$ VALUES ('2024-01-01'::date, 'lead'::text COLLATE "C", '(new)'::text COLLATE "C", NULL::int, true,
    NULL::text COLLATE "C", NULL::boolean), ('2024-01-10', 'active', 'lead', 9, false, NULL, NULL),
            ('2024-01-01', 'lead', '(new)', NULL, true, NULL, NULL),
              ('2024-01-05', 'active', 'lead', 4, false, NULL, NULL),
              ('2024-01-20', 'at_risk', 'active', 15, false, NULL, NULL),
              ('2024-01-25', 'churned', 'at_risk', 5, false, 'churn.price', false) $$,
  'F5: the times spent in stages; rows of the same stage are one, with the last reason');
SELECT is(pg_temp.finding('illegal_stage_step'), '0', 'nothing illegal');
SELECT crmcost.merge_customer('crm', 4, 1);
SELECT throws_ok($$CALL crmcost.set_stage('crm', 4, 'active')$$, '22023',
  'customer_id must be a party with a life of its own, not 4', 'a merged customer lives with the other');
-- the same by INSERT
INSERT INTO classification (customer_id, dimension, entered_at, code) VALUES (4, 'stage', '2024-01-02', 'won_back'),
  (1, 'stage', '2030-01-01', 'at_risk');
CALL crmcost.refresh('crm', '2024-02-02');
SELECT is(pg_temp.finding('illegal_stage_step'), '1 from lead to won_back in 2024-01',
  'F5: an illegal row by INSERT is a finding, for the party too');
SELECT is(pg_temp.finding('stage_after_as_of'), '1 stage on 2030-01-01, reports are as of 2024-02-01',
  'so is one of the future');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
INSERT INTO stage_step VALUES ('lead', 'won_back'), ('won_back', 'lead');
SELECT is(pg_temp.finding('illegal_stage_step'), '0', 'steps can be made legal');
DELETE FROM stage_step;
DELETE FROM stage WHERE code = 'lead';
SELECT is(pg_temp.finding('stage_without_action'), '1 stage lead is not in table stage',
  'F6: a stage without an action is a finding');
SELECT throws_ok($$INSERT INTO stage (code, position, action, name) VALUES ('asleep', 6, 'Wake', 'Asleep')$$, '23514',
  NULL, 'an action for a stage that refresh does not know is refused');
SELECT throws_ok($$INSERT INTO stage (code, position, action, name) VALUES ('lead', 1, '', 'Lead')$$, '23514', NULL,
  'and so is a stage without one');
SELECT throws_ok($$INSERT INTO stage_step VALUES ('active', 'active')$$, '23514', NULL, 'nobody steps where he is');
ROLLBACK TO fresh;

-- 200 at the start of July, 30 new in it, 40 whose pause reaches 180 days in it
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at, acquisition_channel)
  SELECT i, 'c' || i, CASE WHEN i <= 200 THEN timestamptz '2024-01-01' ELSE '2024-07-01' END, CASE WHEN i <= 200
    THEN timestamptz '2024-01-10 10:00' ELSE '2024-07-11' END,
         CASE WHEN i % 2 = 0 THEN 'search' ELSE 'expo' END FROM generate_series(1, 230) i;
INSERT INTO sale (customer_id, order_ref, sold_at, amount, cogs, currency)
  SELECT i, 'a' || i, timestamptz '2024-01-10 10:00', 100, 40, 'EUR' FROM generate_series(1, 200) i
  UNION ALL SELECT i, 'b' || i, '2024-05-10', 100, 40, 'EUR' FROM generate_series(41, 200) i;
INSERT INTO interaction (customer_id, occurred_at, kind, reason_code)
  SELECT i, timestamptz '2024-02-01', 'complaint', 'complaint.quality' FROM generate_series(17, 30) i
  UNION ALL SELECT i, '2024-01-20', 'complaint', 'complaint.billing' FROM generate_series(17, 30) i
  UNION ALL SELECT i, '2024-07-20', 'complaint', 'complaint.delivery' FROM generate_series(1, 40) i;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency)
  VALUES ('ret.contact', '2024-07-15', 16000, 'EUR');
CALL crmcost.refresh('crm', '2024-07-15');
CALL crmcost.refresh('crm', '2024-08-01');
SELECT results_eq($$SELECT start_customers, new_customers, went, end_customers, retained, churned, retention_rate,
  churn_rate, retention_cost, cost_per_retained, is_complete FROM churn_rate
  WHERE month_start = '2024-07-01' AND channel_code = '(all)'$$,
  $$ VALUES (200::bigint, 30::bigint, 40::bigint, 190::bigint, 160::bigint, 40::bigint, 0.8, 0.2, 16000.0, 100.0,
    true) $$, 'F7: 200 at the start, 30 new, 190 at the end: 80 % stay, 20 % churn; D7: 16,000 for 160 are 100 each');
SELECT results_eq($$SELECT channel_code, start_customers, churned FROM churn_rate WHERE month_start = '2024-07-01'
  ORDER BY 1$$, $$ VALUES ('(all)'::text, 200::bigint, 40::bigint), ('expo', 100, 20), ('search', 100, 20) $$,
  'F7: by channel');
SELECT is_empty($$SELECT * FROM churn_rate WHERE end_customers <> start_customers + new_customers + returned - went$$,
  'who is there is who was, and came, less who went');
SELECT is_empty($$SELECT * FROM churn_rate a JOIN churn_rate b ON b.channel_code = a.channel_code
  AND b.month_start = a.month_start + interval '1 month' WHERE a.end_customers <> b.start_customers$$,
  'the end of a month is the start of the next');
SELECT matches(min(definition), 'retained / start') FROM churn_rate;
DO $$BEGIN
  FOR i IN 1..16 LOOP CALL crmcost.set_stage('crm', i, 'churned', 'churn.price', '2024-07-25'); END LOOP;
  FOR i IN 31..40 LOOP CALL crmcost.set_stage('crm', i, 'churned', 'churn.other', '2024-07-25'); END LOOP;
END$$;
CALL crmcost.refresh('crm', '2024-08-01');
SELECT results_eq($$SELECT reason_code, reason_name, inferred, customers, customer_share FROM churn_reason
  WHERE month_start = '2024-07-01' ORDER BY customers DESC$$,
  $$ VALUES ('churn.price'::text, 'Price too high'::text, false, 16::bigint, 0.4),
    ('complaint.quality', 'Product is faulty', true, 14, 0.35),
    ('churn.other', 'Other reason to leave', false, 10, 0.25) $$,
  'F8: 40 % price, 35 % quality by the last complaint before, 25 % other');
UPDATE setting SET value = '100' WHERE key = 'churn_reason_days';
CALL crmcost.refresh('crm', '2024-08-01');
SELECT results_eq($$SELECT reason_code, customers, known_share FROM churn_reason WHERE month_start = '2024-07-01'
  ORDER BY 1$$, $$ VALUES ('(unknown)'::text, 14::bigint, NULL::numeric), ('churn.other', 10, 0.384615),
  ('churn.price', 16, 0.615385) $$,
  'F8: an old complaint is no reason');
SELECT results_eq($$SELECT as_of, stage, customers, entered, "left", median_days, action IS NOT NULL
  FROM lifecycle_stage WHERE as_of IN ('2024-06-30', '2024-07-31') ORDER BY as_of, position$$,
  $$ VALUES ('2024-06-30'::date, 'lead'::text, 0::bigint, 0::bigint, 0::bigint, NULL::numeric, true),
    ('2024-06-30', 'active', 160, 0, 0, NULL, true), ('2024-06-30', 'at_risk', 40, 0, 0, NULL, true),
     ('2024-07-31', 'lead', 0, 30, 30, 10, true), ('2024-07-31', 'active', 190, 30, 0, NULL, true),
       ('2024-07-31', 'at_risk', 0, 0, 40, 90, true), ('2024-07-31', 'churned', 40, 40, 0, NULL, true) $$,
  'F5, G18: stages as of any month end, who came and went, and how long they had been there');
SELECT results_eq($$SELECT stage_from, stage_to, transitions, median_days FROM stage_flow
  WHERE month_start = '2024-07-01' ORDER BY 1, 2$$,
  $$ VALUES ('(new)'::text, 'lead'::text, 30::bigint, NULL::numeric), ('at_risk', 'churned', 40, 90),
    ('lead', 'active', 30, 10) $$, 'F5: from where to where');
SELECT results_eq($$SELECT customers_before, customers_now, start_revenue, new_revenue, end_revenue, net_retention_rate
  FROM revenue_retention WHERE month_start = '2024-05-01' AND cohort = '(all)'$$,
  $$ VALUES (0::bigint, 160::bigint, 0.0, 16000.0, 16000.0, NULL::numeric) $$, 'a year before nobody was there');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
CALL crmcost.refresh('crm', '2024-07-10');
SELECT is(pg_temp.differing(), NULL, 'as of an earlier day too');
SELECT results_eq($$SELECT start_customers, churned FROM churn_rate
  WHERE month_start = '2024-07-01' AND channel_code = '(all)'$$, $$ VALUES (200::bigint, 40::bigint) $$,
  'the running month counts up to the report day');
-- days kept besides month ends
UPDATE setting SET value = 'every' WHERE key = 'snapshot_keep';
CALL crmcost.refresh('crm', '2024-07-13');
CALL crmcost.refresh('crm', '2024-08-01');
SELECT results_eq($$SELECT stage, customers, "left" FROM lifecycle_stage WHERE as_of = '2024-07-12'
  ORDER BY position$$, $$ VALUES ('lead'::text, 0::bigint, 30::bigint), ('active', 190, 0), ('at_risk', 0, 40),
  ('churned', 40, 0) $$, 'F5: as of a kept day');
ROLLBACK TO fresh;

-- 60 who had churned, 9 of whom came back
INSERT INTO campaign (code, channel_code, purpose, period, name)
  VALUES ('back', 'email', 'winback', '[2024-01-01,2024-03-01)', 'Come back');
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at) SELECT i, 'c' || i,
  timestamptz '2023-05-01', timestamptz '2023-06-01' FROM generate_series(1, 70) i;
INSERT INTO sale (customer_id, order_ref, sold_at, amount, cogs, currency)
  SELECT i, 'a' || i, CASE WHEN i = 70 THEN timestamptz '2023-12-01' ELSE '2023-06-01' END, 100, 40, 'EUR'
    FROM generate_series(1, 70) i
  UNION ALL SELECT i, 'b' || i, '2024-02-01', 500, 150, 'EUR' FROM generate_series(1, 9) i
  -- too late, held out, had not churned
  UNION ALL SELECT 10, 'late', '2024-06-01', 500, 150, 'EUR' UNION ALL SELECT 61, 'held', '2024-02-01', 500, 150, 'EUR'
    UNION ALL SELECT 70, 'there', '2024-02-01', 500, 150, 'EUR'
  -- within the second life, and after it
  UNION ALL SELECT 1, 'c', '2025-01-30', 10, 0, 'EUR' UNION ALL SELECT 1, 'd', '2025-01-31', 10, 0, 'EUR';
-- nobody says yet whom it was for
SAVEPOINT unlisted;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, campaign_code)
  VALUES ('chn.reactivate.marketing', '2024-01-14', 1800, 'EUR', 'back');
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq('SELECT targeted, cost, roi FROM winback_campaign', $$ VALUES (0::bigint, 1800.0, NULL::numeric) $$,
  'F9: what a campaign without members brought is not known');
SELECT results_eq($$ SELECT rows, severity, example FROM data_quality WHERE check_name = 'winback_without_member' $$,
  $$ VALUES (1::bigint, 'warning', 'campaign back') $$, 'which is a finding');
INSERT INTO campaign_member SELECT i, 'back', 'target', '2024-01-15' FROM generate_series(70, 70) i;
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq('SELECT targeted, cost, roi FROM winback_campaign', $$ VALUES (0::bigint, 1800.0, -1.0) $$,
  'of one whose members had not churned it is: nothing');
SELECT is((SELECT rows FROM data_quality WHERE check_name = 'winback_without_member'), 0::bigint, 'and no finding');
ROLLBACK TO unlisted;
INSERT INTO campaign_member SELECT i, 'back', CASE WHEN i BETWEEN 61 AND 69 THEN 'control' ELSE 'target' END,
  '2024-01-15' FROM generate_series(1, 70) i;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, campaign_code)
  VALUES ('chn.reactivate.marketing', '2024-01-20', 1800, 'EUR', 'back');
CALL crmcost.refresh('crm', '2024-01-20');
SELECT results_eq('SELECT targeted, won, win_rate, cost_per_win, roi, is_complete FROM winback_campaign',
  $$ VALUES (60::bigint, 0::bigint, 0.0, NULL::numeric, NULL::numeric, false) $$, 'before anybody is back');
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq('SELECT targeted, won, win_rate, control, control_won, cost, cost_per_win, second_margin, roi, is_complete FROM winback_campaign',
  $$ VALUES (60::bigint, 9::bigint, 0.15, 9::bigint, 1::bigint, 1800.0, 200.0, 3150.0, 0.75, false) $$,
    'F9: 9 of 60 are 15 %, 1,800 are 200 each, 9 times 350 are an ROI of 75 %');
SAVEPOINT won;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, campaign_code)
  VALUES ('chn.reactivate.marketing', '2024-01-21', 9, 'XTS', 'back');
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq('SELECT cost, cost_per_win, roi, unrated_entries FROM winback_campaign',
  $$ VALUES (1800.0, NULL::numeric, NULL::numeric, 1::bigint) $$,
  'with cost that has no rate it is not known what one costs, nor whether it pays');
ROLLBACK TO won;
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
CALL crmcost.refresh('crm', '2025-02-01');
SELECT results_eq('SELECT second_margin, is_complete FROM winback_campaign', $$ VALUES (3160.0, true) $$,
  'F9: the second life has an end');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
SELECT crmcost.merge_customer('crm', 61, 1);
CALL crmcost.refresh('crm', '2025-02-01');
SELECT results_eq('SELECT targeted, won, control FROM winback_campaign',
  $$ VALUES (59::bigint, 8::bigint, 8::bigint) $$, 'who was in both groups is in none');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
ROLLBACK TO fresh;

-- churn events after 3, 5 and 8 days, others observed for 5, 12 and 12
UPDATE setting SET value = '1' WHERE key = 'at_risk_after_days';
UPDATE setting SET value = '2' WHERE key = 'churn_after_days';
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at, acquisition_channel)
  SELECT i, 'c' || i, day, day, CASE WHEN i % 2 = 0 THEN 'search' ELSE 'expo' END
  FROM unnest('{2024-03-01,2024-03-01,2024-03-01,2024-03-26,2024-03-19,2024-03-19}'::timestamptz[])
    WITH ORDINALITY AS u (day, i);
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency)
  SELECT i, format('%s/%s', i, d), first + d * interval '1 day', 10, 'EUR'
  FROM (VALUES (1, timestamptz '2024-03-01', 1), (2, '2024-03-01', 3), (3, '2024-03-01', 6), (4, '2024-03-26', 5),
    (5, '2024-03-19', 12), (6, '2024-03-19', 12)) AS v (i, first, days), generate_series(0, days) d;
CALL crmcost.refresh('crm', '2024-04-01');
SELECT results_eq($$SELECT days, at_risk, churned, survival FROM customer_survival WHERE dimension = '(all)'
  ORDER BY 1$$,
  $$ VALUES (3, 6::bigint, 1::bigint, 0.833333333), (5, 5, 1, 0.666666667), (8, 3, 1, 0.444444444) $$,
    'F10: S(8) = .4444');
SELECT results_eq($$SELECT customers, churned, median_days FROM survival_median WHERE dimension = '(all)'$$,
  $$ VALUES (6::bigint, 3::bigint, 8) $$, 'F10: half are left after 8 days');
-- the test by hand: expo has events at 3 and 8 and is observed for 12, search has 5, and is observed for 5 and 12.
-- Expected in expo 3/6 + 2/5 + 2/3, variance 1/4 + 6/25 + 2/9
SELECT results_eq($$SELECT groups, df, round(chi_square, 6), differ FROM survival_test WHERE dimension = '(channel)'$$,
  $$ SELECT 2::bigint, 1, round((2 - (3 / 6.0 + 2 / 5.0 + 2 / 3.0)) ^ 2 / (1 / 4.0 + 6 / 25.0 + 2 / 9.0), 6), false $$,
    'F10: the log-rank test between channels');
SELECT results_eq($$SELECT code, code_name, churned, expected_churned FROM survival_median
  WHERE dimension = '(channel)' ORDER BY 1$$,
  $$ SELECT c.code, c.name, v.churned, v.expected
    FROM (VALUES ('expo', 2::bigint, 1.566667), ('search', 1, 1.433333)) AS v (code, churned, expected)
    JOIN channel c USING (code) ORDER BY 1 $$, 'F10: observed and expected by channel');
SELECT results_eq($$SELECT code, customers FROM survival_median WHERE dimension = '(cohort)'$$,
  $$ VALUES ('2024-Q1'::text, 6::bigint) $$, 'F10: by cohort');
SELECT results_eq($$SELECT groups, chi_square, df, p, differ FROM survival_test WHERE dimension = '(cohort)'$$,
  $$ VALUES (1::bigint, NULL::numeric, NULL::int, NULL::float8, NULL::boolean) $$, 'one group cannot differ');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
-- the test grows with the square of its groups
SAVEPOINT few;
INSERT INTO channel (code, kind, name) SELECT 'one of ' || i, 'owned', 'One of ' || i FROM generate_series(1, 199) AS i;
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at, acquisition_channel)
  SELECT 1000 + i, 'of ' || i, '2024-03-20', '2024-03-20', 'one of ' || i FROM generate_series(1, 198) AS i;
CALL crmcost.refresh('crm', '2024-04-01');
SELECT results_eq($$SELECT groups, df > 1, p IS NOT NULL FROM survival_test WHERE dimension = '(channel)'$$,
  $$ VALUES (200::bigint, true, true) $$, 'of 200 channels there is a test');
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at, acquisition_channel)
  VALUES (2000, 'of 199', '2024-03-20', '2024-03-20', 'one of 199');
CALL crmcost.refresh('crm', '2024-04-01');
SELECT results_eq($$SELECT groups, customers, churned, chi_square, df, p, differ FROM survival_test
  WHERE dimension = '(channel)'$$,
  $$ VALUES (201::bigint, 205::bigint, 3 + 199::bigint, NULL::numeric, NULL::int, NULL::float8, NULL::boolean) $$,
    'of more there is none');
SELECT is((SELECT count(*) || ' ' || count(expected_churned) FROM survival_median WHERE dimension = '(channel)'),
  '201 0', 'nor an expectation');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same of them');
ROLLBACK TO few;
DELETE FROM sale WHERE customer_id <= 3;
UPDATE customer SET acquired_at = NULL WHERE customer_id <= 3;
CALL crmcost.refresh('crm', '2024-04-01');
SELECT is_empty('SELECT FROM customer_survival', 'all censored: no point');
SELECT results_eq($$SELECT customers, churned, median_days FROM survival_median WHERE dimension = '(all)'$$,
  $$ VALUES (3::bigint, 0::bigint, NULL::int) $$, 'but they are there');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
ROLLBACK TO fresh;

-- revenue: 2 brings more, 3 less, 4 nothing, 5 is new, 6 is back, 7 has a refund
UPDATE setting SET value = '1' WHERE key = 'retention_months';
INSERT INTO customer (customer_id, source_key, first_seen_at) SELECT i, 'c' || i, '2024-01-01'
  FROM generate_series(1, 8) i;
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, amount, currency, kind)
  SELECT customer_id, customer_id || ref, n, at, amount, currency, kind
    FROM (VALUES (1, 'a', 1, timestamptz '2024-02-05', 100, 'EUR', 'sale'),
    (1, 'b', 1, '2024-03-05', 100, 'EUR', 'sale'), (2, 'a', 1, '2024-02-05', 100, 'EUR', 'sale'),
    (2, 'b', 1, '2024-03-05', 130, 'EUR', 'sale'),
    (3, 'a', 1, '2024-02-05', 100, 'EUR', 'sale'), (3, 'b', 1, '2024-03-05', 60, 'EUR', 'sale'),
      (4, 'a', 1, '2024-02-05', 100, 'EUR', 'sale'), (5, 'b', 1, '2024-03-05', 70, 'EUR', 'sale'),
    (6, 'z', 1, '2024-01-05', 10, 'EUR', 'sale'), (6, 'b', 1, '2024-03-05', 20, 'EUR', 'sale'),
      (7, 'z', 1, '2024-01-05', 50, 'EUR', 'sale'), (7, 'z', 2, '2024-03-05', -5, 'EUR', 'refund')) v (customer_id,
      ref, n, at, amount, currency, kind);
CALL crmcost.refresh('crm', '2024-03-10');
CALL crmcost.refresh('crm', '2024-04-01');
SELECT results_eq($$SELECT customers_before, customers_kept, customers_now, start_revenue, expansion, contraction,
  lost, new_revenue, returned_revenue, other_revenue, end_revenue, net_retention_rate, gross_retention_rate
  FROM revenue_retention WHERE month_start = '2024-03-01' AND cohort = '(all)'$$,
  $$ VALUES (4::bigint, 3::bigint, 5::bigint, 400.0, 30.0, 40.0, 100.0, 70.0, 20.0, -5.0, 375.0, 0.725, 0.65) $$,
    'net and gross retention in money');
SELECT is_empty($$SELECT * FROM revenue_retention
  WHERE end_revenue <> start_revenue + expansion - contraction - lost + new_revenue + returned_revenue +
  other_revenue$$, 'what is there is what was, and what came and went');
SELECT results_eq($$SELECT cohort, start_revenue, end_revenue FROM revenue_retention WHERE month_start = '2024-03-01'
  ORDER BY 1$$,
  $$ VALUES ('(all)'::text, 400.0, 375.0), ('2024-01', 0.0, 15.0), ('2024-02', 400.0, 290.0),
    ('2024-03', 0.0, 70.0) $$, 'by cohort');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) VALUES (5, 'late', '2024-01-20', 1, 'EUR');
DELETE FROM sale WHERE customer_id = 6 AND order_ref = '6z';
CALL crmcost.refresh('crm', '2024-04-01');
SELECT is(pg_temp.differing(), NULL, 'also when customers go to another cohort');
CALL crmcost.refresh('crm', '2024-05-01');
SELECT results_eq($$SELECT start_revenue, lost, end_revenue, net_retention_rate FROM revenue_retention
  WHERE month_start = '2024-04-01' AND cohort = '(all)'$$, $$ VALUES (380.0, 380.0, 0.0, 0.0) $$,
  'a month without anything has lost all');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
SAVEPOINT withdrawn;
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, amount, currency)
  VALUES (8, '8b', 1, '2024-03-06', 40, 'EUR'), (8, '8b', 2, '2024-04-02', -40, 'EUR');
CALL crmcost.refresh('crm', '2024-05-01');
SELECT results_eq($$SELECT new_revenue, returned_revenue, end_revenue FROM revenue_retention
  WHERE month_start = '2024-03-01' AND cohort = '(unknown)'$$, $$ VALUES (40.0, 0.0, 40.0) $$,
  'who never had an order that stood has not returned');
ROLLBACK TO withdrawn;
CALL crmcost.close_period('crm', '2024-03-01');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) VALUES (8, 'late', '2024-02-20', 9, 'EUR');
CREATE TEMPORARY TABLE closed AS SELECT * FROM revenue_retention WHERE month_start < '2024-04-01';
CREATE TEMPORARY TABLE closed_flow AS SELECT * FROM stage_flow WHERE month_start < '2024-04-01';
CREATE TEMPORARY TABLE closed_churn AS SELECT * FROM churn_rate WHERE month_start < '2024-04-01';
CREATE TEMPORARY TABLE closed_stage AS SELECT * FROM lifecycle_stage WHERE as_of < '2024-04-01';
CALL crmcost.refresh('crm', '2024-05-01');
SELECT results_eq($$SELECT * FROM revenue_retention WHERE month_start < '2024-04-01' ORDER BY 1, 3$$,
  'SELECT * FROM closed ORDER BY 1, 3', 'a closed month stays');
SELECT results_eq($$SELECT * FROM stage_flow WHERE month_start < '2024-04-01' ORDER BY 1, 2, 4$$,
  'SELECT * FROM closed_flow ORDER BY 1, 2, 4', 'in its steps');
SELECT results_eq($$SELECT * FROM churn_rate WHERE month_start < '2024-04-01' ORDER BY 1, 2$$,
  'SELECT * FROM closed_churn ORDER BY 1, 2', 'in who went');
SELECT results_eq($$SELECT * FROM lifecycle_stage WHERE as_of < '2024-04-01' ORDER BY 1, 2$$,
  'SELECT * FROM closed_stage ORDER BY 1, 2', 'and in who was there');
SELECT is(pg_temp.differing(), NULL, 'and a full computation says the same');
ROLLBACK TO fresh;

-- who may be about to leave
INSERT INTO customer (customer_id, source_key, first_seen_at) SELECT i, 'c' || i, '2024-01-01'
  FROM generate_series(1, 8) i;
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency)
  -- 1 every ten days up to 20 June, 2 likewise up to 9 June, 3 falls from 300 to 140, 4 to 160, 5 has two orders only
  SELECT 1, '1/' || d, timestamptz '2024-06-20' - d * interval '10 days', 10, 'EUR' FROM generate_series(0, 15) d
  UNION ALL SELECT 2, '2/' || d, timestamptz '2024-06-09' - d * interval '10 days', 10, 'EUR'
    FROM generate_series(0, 14) d
  UNION ALL SELECT * FROM (VALUES (3, '3/1', timestamptz '2024-01-10', 300, 'EUR'),
    (3, '3/2', '2024-06-10', 140, 'EUR'), (4, '4/1', '2024-01-10', 300, 'EUR'), (4, '4/2', '2024-06-10', 160, 'EUR'),
    (5, '5/1', '2024-05-28', 10, 'EUR'), (5, '5/2', '2024-06-01', 10, 'EUR'), (6, '6/1', '2024-06-20', 10, 'EUR'),
      (7, '7/1', '2024-06-20', 10, 'EUR'), (8, '8/1', '2024-01-02', 10, 'EUR')) v;
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, score)
  VALUES (6, '2024-06-02 23:00', 'survey', 'csat', 2), (6, '2024-06-20', 'survey', 'csat', 5),
  (7, '2024-05-30', 'survey', 'csat', 1), (5, '2024-06-20', 'survey', 'csat', 3),
  (5, '2024-06-20', 'survey', 'nps', 0), (8, '2024-06-20', 'survey', 'csat', 1);
CALL crmcost.refresh('crm', '2024-07-02');
SELECT results_eq('SELECT customer_id, low_p_alive, bad_voice, silent, falling, reasons FROM at_risk ORDER BY 1',
  $$ VALUES (2::bigint, false, false, true, false, 1), (3, false, false, false, true, 1),
    (6, false, true, false, false, 1) $$,
    'F11: an answer of at most 2 in 30 days, silence over twice the own rhythm, half the revenue; who has churned is gone already');
SELECT results_eq('SELECT recency_days, rhythm_days FROM at_risk WHERE customer_id = 2', $$ VALUES (22, 10.0) $$,
  'the rhythm is told');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
CALL crmcost.refresh('crm', '2024-07-03');
SELECT results_eq('SELECT customer_id FROM at_risk ORDER BY 1', $$ VALUES (2::bigint), (3) $$,
  'F11: the answer is 30 days old');
UPDATE setting SET value = '31' WHERE key = 'bad_voice_days';
UPDATE setting SET value = '2.3' WHERE key = 'silence_factor';
UPDATE setting SET value = '0.4' WHERE key = 'falling_below';
SELECT results_eq('SELECT customer_id FROM at_risk ORDER BY 1', $$ VALUES (6::bigint) $$, 'settings hold at once');
SELECT throws_ok($$UPDATE setting SET value = '1.5' WHERE key = 'p_alive_below'$$, '23514', NULL,
  'a probability is at most 1');
SELECT throws_ok($$UPDATE setting SET value = '0.5' WHERE key = 'silence_factor'$$, '23514', NULL,
  'who is in his rhythm is not silent');
SELECT throws_ok($$UPDATE setting SET value = '0' WHERE key = 'winback_days'$$, '23514', NULL, 'a window has a day');
SELECT throws_ok($$UPDATE setting SET value = 'NaN' WHERE key = 'bad_voice_score'$$, '23514', NULL, 'NaN is no score');
SELECT throws_ok($$UPDATE setting SET value = '25' WHERE key = 'retention_months'$$, '23514', NULL,
  'two years are the limit');
CALL crmcost.refresh('crm', '2024-08-01');
SELECT is(pg_temp.differing(), NULL, 'the month turns as a full computation says');
CALL crmcost.refresh('crm', '2024-06-15');
SELECT is(pg_temp.differing(), NULL, 'and back');
-- the probability of being alive, of whatever model
UPDATE customer_score SET p_alive = CASE customer_id WHEN 1 THEN 0.49 WHEN 4 THEN 0.5 END;
SELECT results_eq('SELECT customer_id, p_alive FROM at_risk WHERE low_p_alive', $$ VALUES (1::bigint, 0.49::float8) $$,
  'P(alive) below the setting');
ROLLBACK TO fresh;

-- 10 customers, of whom 3 bought at most once, for less than 100, and one product
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at) SELECT i, 'c' || i, '2023-01-01',
  '2023-01-02' FROM generate_series(1, 10) i;
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, product_code, amount, cogs, currency)
  SELECT customer_id, customer_id || ref, n, at, product, amount, cogs, currency
    FROM (VALUES (1, 'a', 1, timestamptz '2024-03-01', 'P', 99.99, 0, 'EUR'),
    (2, 'a', 1, '2023-03-01', 'P', 9000, 0, 'EUR'), (3, 'a', 1, '2023-07-01', 'P', 5, 0, 'EUR'),
    (3, 'b', 1, '2023-02-01', 'Q', 5, 0, 'EUR'),
    (4, 'a', 1, '2024-03-01', 'P', 100, 0, 'EUR'), (5, 'a', 1, '2024-03-01', 'P', 10, 0, 'EUR'),
      (5, 'a', 2, '2024-03-01', 'Q', 10, 0, 'EUR'), (6, 'a', 1, '2024-03-01', 'P', 10, 0, 'EUR'),
      (6, 'b', 1, '2024-03-02', 'P', 10, 0, 'EUR')) v (customer_id, ref, n, at, product, amount, cogs, currency)
  UNION ALL SELECT i, 'x' || i, 1, '2024-03-01', 'P', 1000, 0, 'EUR' FROM generate_series(7, 10) i;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id) SELECT 'svc.support',
  date '2024-03-01', 150, 'EUR', i FROM generate_series(1, 3) i
  UNION ALL SELECT 'svc.support', '2024-03-01', 2550 / 7.0, 'EUR', i FROM generate_series(4, 9) i
    UNION ALL SELECT 'svc.support', '2024-03-01', 2550 - 6 * round(2550 / 7.0, 4), 'EUR', 10;
CALL crmcost.refresh('crm', '2024-06-30');
SELECT results_eq('SELECT customer_id, orders, revenue, products, strategy, by_rule, by_hand FROM invalid_customer ORDER BY 1',
  $$ VALUES (1::bigint, 1::bigint, 99.99, 1::bigint, 'optimise'::text, true, false),
    (2, 0, 0, 0, 'win_back', true, false), (3, 1, 5, 1, 'let_go', true, false) $$,
    'F12, F14: 3 of 10, each with exactly one strategy');
SELECT results_eq('SELECT customers, customer_share, total_cost, cost_share FROM invalid_customer_total WHERE strategy = ''(all)''',
  $$ VALUES (3::bigint, 0.3, 450.0, 0.15) $$, 'F13: 450 of 3,000 are 15 %');
SELECT results_eq('SELECT sum(cost_share) FROM invalid_customer', 'VALUES (0.15)', 'F13: in the rows as well');
SELECT is_empty('SELECT customer_id FROM invalid_customer GROUP BY 1 HAVING count(*) <> 1 OR count(strategy) <> 1',
  'F14: one row each');
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq('SELECT customer_id, orders FROM invalid_customer WHERE customer_id = 3',
  $$ VALUES (3::bigint, 0::bigint) $$, 'the window moves with the day') ;
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
CALL crmcost.refresh('crm', '2024-06-30');
SELECT results_eq('SELECT customer_id, orders FROM invalid_customer WHERE customer_id = 3',
  $$ VALUES (3::bigint, 1::bigint) $$, 'and back');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
INSERT INTO classification (customer_id, dimension, entered_at, code, reason_code)
  VALUES (1, 'invalid', '2024-06-01', 'valid', NULL), (10, 'invalid', '2024-06-01', 'test', 'invalid.test');
CALL crmcost.refresh('crm', '2024-06-30');
SELECT results_eq('SELECT customer_id, by_rule, by_hand FROM invalid_customer ORDER BY 1',
  $$ VALUES (2::bigint, true, false), (3, true, false), (10, false, true) $$, 'what a person says counts');
UPDATE setting SET value = '100.01' WHERE key = 'invalid_max_amount';
SELECT results_eq('SELECT customer_id FROM invalid_customer ORDER BY 1', $$ VALUES (2::bigint), (3), (4), (10) $$,
  'F12: the limits are settings');
SELECT crmcost.erase_customer('crm', 3);
CALL crmcost.refresh('crm', '2024-06-30');
SELECT is(pg_temp.differing(), NULL, 'an erased customer counts on');
ROLLBACK TO fresh;
RELEASE fresh;

-- random lives, with rows by hand that make sense and some that make none: whatever lies between two refreshes
SELECT setseed(0.42);
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at, acquisition_channel)
  SELECT i, 'c' || i, day, CASE WHEN random() < 0.7 THEN day + random() * interval '200 days' END,
    ('{search,expo,seo}'::text[])[1 + floor(3 * random())::int]
  FROM (SELECT i, timestamptz '2023-01-01' + random() * interval '300 days' AS day FROM generate_series(1, 120) i) c;
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency)
  SELECT 1 + floor(120 * random()), 'o' || n, timestamptz '2023-01-01' + random() * interval '700 days',
    round((100 * random())::numeric, 2), 'EUR' FROM generate_series(1, 500) n;
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, score, reason_code)
  SELECT 1 + floor(120 * random()), timestamptz '2023-01-01' + random() * interval '700 days', k,
    CASE WHEN k = 'survey' THEN 'csat' END, CASE WHEN k = 'survey' THEN 1 + floor(5 * random()) END,
    CASE WHEN k = 'complaint' THEN 'complaint.other' END
  FROM (SELECT CASE WHEN random() < 0.5 THEN 'survey' ELSE 'complaint' END AS k FROM generate_series(1, 200)) i;
INSERT INTO classification (customer_id, dimension, entered_at, code)
  SELECT 1 + floor(60 * random()), 'stage', timestamptz '2023-01-01' + random() * interval '700 days',
    ('{lead,active,at_risk,churned,won_back}'::text[])[1 + floor(5 * random())::int] FROM generate_series(1, 60);
CALL crmcost.refresh('crm', '2024-03-15');
CALL crmcost.refresh('crm', '2024-12-20');
SELECT is(pg_temp.differing(), NULL, 'random lives: a full computation says the same');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency)
  SELECT 1 + floor(120 * random()), 'n' || n, timestamptz '2023-01-01' + random() * interval '700 days',
    round((100 * random())::numeric, 2), 'EUR' FROM generate_series(1, 40) n;
DELETE FROM classification WHERE NOT by_rule AND customer_id % 7 = 0;
UPDATE customer SET acquisition_channel = 'expo' WHERE customer_id % 11 = 0;
SELECT crmcost.merge_customer('crm', 5, 6);
CALL crmcost.refresh('crm', '2024-12-21');
SELECT is(pg_temp.differing(), NULL, 'so it does after news');
-- who is where at each month's end, from the history alone
CREATE TEMPORARY TABLE step AS
  SELECT s.*, lead(s.day) OVER w AS until FROM (
    SELECT coalesce(c.merged_into, k.customer_id) AS customer_id, k.entered_at,
      (k.entered_at AT TIME ZONE 'UTC')::date AS day, k.code, lag(k.code)
      OVER (PARTITION BY coalesce(c.merged_into, k.customer_id) ORDER BY k.entered_at) AS before, k.by_rule
    FROM classification k JOIN customer c USING (customer_id)
      WHERE k.dimension = 'stage' AND k.entered_at < '2024-12-21') s
  WINDOW w AS (PARTITION BY s.customer_id ORDER BY s.entered_at);
SELECT is_empty($$SELECT * FROM step
  WHERE by_rule AND before <> code AND (before, code) NOT IN (SELECT from_stage, to_stage FROM stage_step)
  AND customer_id > 60$$, 'F5: refresh writes legal steps alone');
SELECT is_empty($$SELECT s.* FROM step s
  WHERE by_rule AND before <> code AND (before, code) NOT IN (SELECT from_stage, to_stage FROM stage_step)$$,
  'F5: after rows by hand as well');
SELECT results_eq($$SELECT as_of, stage, customers FROM lifecycle_stage WHERE customers > 0 ORDER BY 1, 2$$,
  $$SELECT d, s.code, count(*) FROM (SELECT least((m + interval '1 month')::date - 1, date '2024-12-20') AS d
    FROM generate_series(timestamp '2023-01-01', '2024-12-01', '1 month') m) m
    JOIN step s ON s.day <= d AND (s.until > d OR s.until IS NULL) GROUP BY 1, 2 ORDER BY 1, 2$$,
      'F5: stocks are those of the history');
SELECT results_eq($$SELECT month_start, stage_from, stage_to, transitions FROM stage_flow ORDER BY 1, 2, 3$$,
  $$SELECT date_trunc('month', day::timestamp)::date, coalesce(before, '(new)'), code, count(*) FROM step
    WHERE before IS DISTINCT FROM code GROUP BY 1, 2, 3 ORDER BY 1, 2, 3$$, 'F5: so are the steps');
SELECT results_eq($$SELECT month_start, start_customers, end_customers, retained FROM churn_rate
  WHERE channel_code = '(all)' AND start_customers + end_customers > 0 ORDER BY 1$$,
  $$SELECT m::date, count(*) FILTER (WHERE b), count(*) FILTER (WHERE e), count(*) FILTER (WHERE b AND e)
    FROM generate_series(timestamp '2023-01-01', '2024-12-01', '1 month') m
    CROSS JOIN LATERAL (
      SELECT customer_id, bool_or(day < m AND (until >= m OR until IS NULL)) AS b,
        bool_or(day < m + interval '1 month' AND (until >= m + interval '1 month' OR until IS NULL)) AS e
      FROM step WHERE code IN ('active', 'at_risk', 'won_back') GROUP BY 1) c
    GROUP BY 1 HAVING bool_or(b OR e) ORDER BY 1$$, 'F7: of those at the start of each month, who is there at the end');
SELECT results_eq($$SELECT dimension, code, customers, churned FROM survival_median WHERE dimension = '(all)'$$,
  $$SELECT '(all)', '(all)', count(*), count(gone)
    FROM (SELECT a.customer_id, (SELECT min(entered_at) FROM step c WHERE c.customer_id = a.customer_id
    AND c.code = 'churned' AND c.entered_at > a.at) AS gone
    FROM (SELECT customer_id, min(entered_at) AS at FROM step WHERE code IN ('active', 'at_risk', 'won_back')
      GROUP BY 1) a) l$$, 'F10: lives are those of the history');
SELECT results_eq($$SELECT month_start, start_revenue, net_retention_rate FROM revenue_retention
  WHERE cohort = '(all)' AND start_revenue > 0 ORDER BY 1$$,
  $$WITH m AS (SELECT customer_id, month_start, sum(revenue) AS r FROM customer_profit_by_month GROUP BY 1, 2)
    SELECT (b.month_start + interval '1 year')::date, sum(b.r), round(sum(greatest(n.r, 0)) / sum(b.r), 6) FROM m b
      LEFT JOIN m n ON n.customer_id = b.customer_id AND n.month_start = b.month_start + interval '1 year'
    WHERE b.r > 0 AND b.month_start < '2024-01-01' GROUP BY 1 ORDER BY 1$$,
      'net retention is what those of a year ago bring now') ;

SELECT * FROM finish();
ROLLBACK;
