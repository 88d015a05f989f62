-- What it takes to win customers, and which ones: funnels, exposure, claims, agents, cohorts, referrals.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();

CREATE FUNCTION pg_temp.lead(ids int4range, channel text, seen timestamptz, won timestamptz DEFAULT NULL,
  referrer bigint DEFAULT NULL)
  RETURNS void LANGUAGE sql AS $$
  INSERT INTO crm.customer (customer_id, source_key, first_seen_at, acquired_at, acquisition_channel, referred_by)
  SELECT i, 'c' || i, seen, won, channel, referrer FROM generate_series(lower(ids), upper(ids) - 1) i$$;
-- one event for each customer of a range
CREATE FUNCTION pg_temp.event(ids int4range, kind text, subtype text, at timestamptz, channel text DEFAULT NULL,
  agent text DEFAULT NULL,
                              n int DEFAULT 1, campaign text DEFAULT NULL)
  RETURNS void LANGUAGE sql AS $$
  INSERT INTO crm.interaction (customer_id, occurred_at, kind, subtype, channel_code, agent_code, n, campaign_code)
  SELECT i, at, kind, subtype, channel, agent, n, campaign FROM generate_series(lower(ids), upper(ids) - 1) i$$;
CREATE FUNCTION pg_temp.differing() RETURNS text LANGUAGE sql AS $$
  SELECT crmcost._make_work_tables('crm');
  SELECT string_agg(format('%s: %s', target, rows_differ), ', ') FROM crmcost._verify('crm')$$;
SAVEPOINT fresh;

-- B5: leads and customers of two channels
INSERT INTO funnel_step (funnel, position, kind, name, name_zh) VALUES ('sales', 1, 'lead', 'Lead', '线索'),
  ('sales', 2, 'acquisition', 'Won', '成交');
SELECT pg_temp.lead('[1,241)', 'search', '2024-01-02', '2024-01-12'),
  pg_temp.lead('[241,1201)', 'search', '2024-01-02'),
       pg_temp.lead('[1201,1291)', 'social', '2024-01-05', '2024-01-25'),
         pg_temp.lead('[1291,2101)', 'social', '2024-01-05');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT channel_code, entered, passed, pass_rate, drop_off_rate, median_days FROM channel_funnel
    WHERE step_position = 1 AND month_start = '2024-01-01' ORDER BY channel_code COLLATE "C" $$,
  $$ VALUES ('(all)', 2100::bigint, 330::bigint, 0.157143, 0.842857, 10.0),
            ('search', 1200, 240, 0.2, 0.8, 10.0), ('social', 900, 90, 0.1, 0.9, 20.0) $$,
  'B5: 240 of 1200 are 20 %, 90 of 900 are 10 %');
SELECT results_eq($$ SELECT channel_code, entered, passed, pass_rate, is_last, step_name FROM channel_funnel
  WHERE step_position = 2 ORDER BY channel_code COLLATE "C" $$,
  $$ VALUES ('(all)', 330::bigint, NULL::bigint, NULL::numeric, true, 'Won'), ('search', 240, NULL, NULL, true, 'Won'),
    ('social', 90, NULL, NULL, true, 'Won') $$,
  'B5: nobody goes on from the last step');
SELECT results_eq($$ SELECT channel_code, conversion_rate FROM channel_cac ORDER BY 1 $$,
  $$ VALUES ('search', 0.2), ('social', 0.1) $$,
  'B5: as channel_cac says');
UPDATE setting SET value = 'zh' WHERE key = 'language';
SELECT is((SELECT string_agg(DISTINCT step_name, ' ') FROM channel_funnel), '成交 线索', 'names in the other language');
ROLLBACK TO fresh;

-- B14: where orders are given up
INSERT INTO funnel_step VALUES ('checkout', 10, 'behavior', 'cart', 'Cart'),
  ('checkout', 20, 'behavior', 'pay_method', 'Payment'),
  ('checkout', 25, 'behavior', 'express', 'Express'), ('checkout', 30, 'behavior', 'paid', 'Paid');
SELECT pg_temp.lead('[1,501)', 'web', '2024-01-02');
SELECT pg_temp.event('[1,501)', 'behavior', 'cart', '2024-01-31 12:00', 'app'),
       pg_temp.event('[1,401)', 'behavior', 'pay_method', '2024-02-01 12:00'),
       pg_temp.event('[1,301)', 'behavior', 'paid', '2024-02-03 12:00', 'web'),
       -- a second visit is no second customer
       pg_temp.event('[1,101)', 'behavior', 'cart', '2024-02-05 12:00', 'web');
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq($$ SELECT month_start, step_name, entered, passed, pass_rate, median_days, is_missing
  FROM channel_funnel
    WHERE channel_code = '(all)' AND (entered > 0 OR is_missing AND month_start = '2024-02-01')
      ORDER BY step_position $$,
  $$ VALUES ('2024-01-01'::date, 'Cart', 500::bigint, 400::bigint, 0.8, 1.0, false),
    ('2024-02-01', 'Payment', 400, 300, 0.75, 2.0, false),
            ('2024-02-01', 'Express', 0, 0, NULL, NULL, true), ('2024-02-01', 'Paid', 300, NULL, NULL, NULL, false) $$,
  'B14: cart 500, payment 400, paid 300 are 80 % and 75 %; a step that nobody has is there');
SELECT results_eq($$ SELECT DISTINCT channel_code FROM channel_funnel WHERE entered > 0 ORDER BY 1 $$,
  $$ VALUES ('(all)'), ('app') $$,
  'B14: under the channel that took them into the funnel');
SELECT results_eq($$ SELECT rows, severity, example FROM data_quality WHERE check_name = 'funnel_step_never_entered' $$,
  $$ VALUES (1::bigint, 'warning', 'funnel checkout, step 25: nobody has a behavior express') $$,
    'B14: and the step is a finding');
SELECT is(pg_temp.differing(), NULL, 'B14: a full computation says the same');
SAVEPOINT carts;

-- as_of in the middle of a month, forward and back
CALL crmcost.refresh('crm', '2024-02-03 12:00');
SELECT results_eq($$ SELECT step_position, entered, passed FROM channel_funnel
  WHERE channel_code = '(all)' AND entered > 0 ORDER BY 1 $$,
  $$ VALUES (10, 500::bigint, 400::bigint), (20, 400, 0) $$, 'what is paid at the instant of the report is not in it');
SELECT is(pg_temp.differing(), NULL, 'also when as_of went back');
CALL crmcost.refresh('crm', '2024-02-03 12:00:00.000001');
SELECT results_eq($$ SELECT step_position, entered, passed FROM channel_funnel
  WHERE channel_code = '(all)' AND entered > 0 ORDER BY 1 $$,
  $$ VALUES (10, 500::bigint, 400::bigint), (20, 400, 300), (30, 300, NULL) $$, 'and a moment later it is');
ROLLBACK TO carts;

-- a late fact of an open month, a correction, a merger, a changed funnel
SELECT pg_temp.event('[401,411)', 'behavior', 'paid', '2024-02-28 12:00', 'web');
DELETE FROM interaction WHERE customer_id = 1 AND subtype = 'paid';
UPDATE interaction SET subtype = 'pay_method' WHERE customer_id = 2 AND subtype = 'paid';
SELECT crmcost.merge_customer('crm', 500, 499);
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq($$ SELECT step_position, entered, passed FROM channel_funnel
  WHERE channel_code = '(all)' AND entered > 0 ORDER BY 1 $$,
  $$ VALUES (10, 499::bigint, 410::bigint), (20, 400, 298), (30, 308, NULL) $$,
  'ten more paid without a step between, two less, two customers are one');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
UPDATE funnel_step SET subtype = 'pay_method' WHERE position = 25;
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq($$ SELECT step_position, sum(entered)::int, sum(passed)::int FROM channel_funnel
  WHERE channel_code = '(all)' GROUP BY 1 ORDER BY 1 $$,
  $$ VALUES (10, 499, 410), (20, 400, 400), (25, 400, 298), (30, 308, NULL) $$,
    'a funnel that was changed is counted anew');
DELETE FROM funnel_step;
CALL crmcost.refresh('crm', '2024-03-01');
SELECT is_empty('SELECT FROM channel_funnel', 'and one that is gone is no more');
SELECT is_empty('SELECT FROM customer_funnel', 'nor are its customers');
ROLLBACK TO carts;

-- closed months
CALL crmcost.refresh('crm', '2024-02-01');
CALL crmcost.close_period('crm', '2024-01-01');
SELECT pg_temp.lead('[501,503)', 'web', '2024-01-05'),
  pg_temp.event('[501,503)', 'behavior', 'cart', '2024-01-20', 'app'),
       -- comes late for who is counted already
       pg_temp.event('[3,4)', 'behavior', 'cart', '2024-01-20', 'app');
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq($$ SELECT month_start, step_position, entered, passed FROM channel_funnel
  WHERE channel_code = '(all)' AND entered > 0 ORDER BY 1, 2 $$,
  $$ VALUES ('2024-01-01'::date, 10, 500::bigint, 0::bigint), ('2024-02-01', 10, 2, 0), ('2024-02-01', 20, 400, 300),
    ('2024-02-01', 30, 300, NULL) $$,
  'a closed month stays as it was; who comes late for it enters in the first open one, once');
SELECT is(pg_temp.differing(), NULL, 'with a closed month, too');
ROLLBACK TO carts;

-- another zone: noon of the last of January is the first of February
UPDATE setting SET value = 'Pacific/Auckland' WHERE key = 'timezone';
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq($$ SELECT month_start, step_position, entered FROM channel_funnel
  WHERE channel_code = '(all)' AND entered > 0 ORDER BY 2 $$,
  $$ VALUES ('2024-02-01'::date, 10, 500::bigint), ('2024-02-01', 20, 400), ('2024-02-01', 30, 300) $$,
    'months are those of the ledger''s zone');
ROLLBACK TO fresh;

-- orders as a step, anonymous traffic, one instant, a step backwards
INSERT INTO funnel_step (funnel, position, kind, name) VALUES ('f', 1, 'touch', 'Touch'), ('f', 2, 'order', 'Order'),
  ('g', 1, 'order', 'Order');
SELECT pg_temp.lead('[1,4)', NULL, '2024-01-02');
INSERT INTO customer (customer_id, source, source_key, first_seen_at) VALUES (9, 'anon', 'web', '2024-01-01');
SELECT pg_temp.event('[1,2)', 'touch', 'click', '2024-01-03 10:00', 'search'),
  pg_temp.event('[2,3)', 'touch', 'click', '2024-01-08 10:00', 'search'),
       pg_temp.event('[9,10)', 'touch', 'click', '2024-01-03 10:00', 'search', n => 5000);
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency, channel_code) VALUES
  (1, 'a', '2024-01-03 10:00', 10, 'EUR', 'web'), (2, 'b', '2024-01-05 10:00', 10, 'EUR', 'web'),
    (3, 'c', '2024-01-05 10:00', 10, 'EUR', NULL),
  (9, 'd', '2024-01-05 10:00', 10, 'EUR', 'web');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT channel_code, step_position, entered, passed, median_days FROM channel_funnel
  WHERE funnel = 'f' AND entered > 0 ORDER BY channel_code COLLATE "C", 2 $$,
  $$ VALUES ('(all)', 1, 2::bigint, 1::bigint, 0.0), ('(all)', 2, 3, NULL, NULL), ('(unknown)', 2, 1, NULL, NULL),
    ('search', 1, 1, 1, 0), ('search', 2, 1, NULL, NULL), ('web', 1, 1, 0, NULL), ('web', 2, 1, NULL, NULL) $$,
  'an order of the same instant is a step on, one before is none; visitors nobody knows are no customers');
SELECT is((SELECT sum(entered) FROM channel_funnel WHERE funnel = 'g' AND channel_code = '(all)'), 3::numeric,
  'a customer may be in several funnels');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) VALUES (3, 'c', '2024-01-06 10:00', -10, 'EUR');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT is((SELECT sum(entered) FROM channel_funnel WHERE funnel = 'g' AND channel_code = '(all)'), 2::numeric,
  'an order that was taken back is no step');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
SELECT throws_ok($$INSERT INTO funnel_step VALUES ('f', 0, 'touch', NULL, 'x')$$, '23514', NULL,
  'no step before the first');
SELECT throws_ok($$INSERT INTO funnel_step VALUES ('f', 5, 'visit', NULL, 'x')$$, '23514', NULL,
  'nor of an unknown kind');
SELECT throws_ok($$INSERT INTO funnel_step VALUES ('f', 5, 'order', 'web', 'x')$$, '23514', NULL,
  'nor a subtype of what has none');
ROLLBACK TO fresh;

-- B13: exposure; B12: cost without clicks
INSERT INTO campaign (code, channel_code, purpose, period, name)
  VALUES ('spring', 'display', 'acquisition', '[2024-01-01,)', 'Spring');
INSERT INTO customer (customer_id, source, source_key, first_seen_at) VALUES (1, 'anon', 'traffic', '2024-01-01');
SELECT pg_temp.event('[1,2)', 'touch', 'impression', '2024-01-10', 'display', n => 120000),
  pg_temp.event('[1,2)', 'touch', 'impression', '2024-01-31 23:00', NULL, n => 80000, campaign => 'spring'),
       pg_temp.event('[1,2)', 'behavior', 'click', '2024-01-10', 'display', n => 5000),
         pg_temp.event('[1,2)', 'touch', 'follow', '2024-01-10', 'social_organic', n => 70),
       pg_temp.event('[1,2)', 'ticket', 'click', '2024-01-10', 'display', n => 9);
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, channel_code, campaign_code) VALUES
  ('acq.ads.web', '2024-01-05', 700, 'EUR', 'display', NULL), ('acq.ads.web', '2024-01-06', 300, 'EUR', NULL, 'spring'),
  ('acq.content.seo', '2024-01-07', 450, 'EUR', 'seo', NULL), ('svc.support', '2024-01-07', 99, 'EUR', 'display', NULL);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT channel_code, campaign_code, impressions, clicks, follows, media_cost, booked_cost,
  click_through_rate, cost_per_mille, cost_per_click, loaded_cost_per_click
    FROM channel_exposure ORDER BY channel_code COLLATE "C", campaign_code COLLATE "C" $$, $$ VALUES
    ('(all)', '(all)', 200000::bigint, 5000::bigint, 70::bigint, 1000.0, 1450.0, 0.025, 5.0, 0.2, 0.29),
    ('display', '(all)', 200000, 5000, 0, 1000, 1000, 0.025, 5, 0.2, 0.2),
      ('display', '(unknown)', 120000, 5000, 0, 700, 700, 0.041667, 5.8333, 0.14, 0.14),
    ('display', 'spring', 80000, 0, 0, 300, 300, 0, 3.75, NULL, NULL),
      ('seo', '(all)', 0, 0, 0, 0, 450, NULL, NULL, NULL, NULL),
    ('seo', '(unknown)', 0, 0, 0, 0, 450, NULL, NULL, NULL, NULL),
      ('social_organic', '(all)', 0, 0, 70, 0, 0, NULL, NULL, NULL, NULL),
    ('social_organic', '(unknown)', 0, 0, 70, 0, 0, NULL, NULL, NULL, NULL) $$,
  'B13: 5,000 clicks of 200,000 are 2.5 %, a thousand cost 5; B12: an earned channel with cost and no clicks is there');
SAVEPOINT shown;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, channel_code)
  VALUES ('acq.ads.web', '2024-01-05', 5, 'XTS', 'display');
-- late, a correction, and what has not happened yet
SELECT pg_temp.event('[1,2)', 'touch', 'click', '2024-01-20', 'seo', n => 30),
  pg_temp.event('[1,2)', 'touch', 'click', '2024-02-10', 'seo', n => 40),
       pg_temp.event('[1,2)', 'touch', 'click', '2024-02-11', 'seo', n => 1000);
UPDATE interaction SET n = 4000 WHERE subtype = 'click' AND kind = 'behavior';
CALL crmcost.refresh('crm', '2024-02-11');
SELECT results_eq($$ SELECT month_start, channel_code, clicks, cost_per_click, loaded_cost_per_click, unrated_entries
  FROM channel_exposure
    WHERE campaign_code = '(all)' AND channel_code IN ('display', 'seo') ORDER BY 1, 2 $$, $$ VALUES
    ('2024-01-01'::date, 'display', 4000::bigint, NULL::numeric, NULL::numeric, 1::bigint),
      ('2024-01-01', 'seo', 30, 0, 15, 0), ('2024-02-01', 'seo', 40, 0, 0, 0) $$,
      'a click costs nothing that can be told where cost has no rate; nothing after the report day counts');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
ROLLBACK TO shown;
CALL crmcost.close_period('crm', '2024-01-01');
SELECT pg_temp.event('[1,2)', 'touch', 'click', '2024-01-20', 'seo', n => 30);
DELETE FROM interaction WHERE subtype = 'impression' AND campaign_code = 'spring';
CALL crmcost.refresh('crm', '2024-02-11');
SELECT results_eq($$ SELECT month_start, channel_code, impressions, clicks FROM channel_exposure
  WHERE campaign_code = '(all)' AND impressions + clicks > 0 ORDER BY 1, channel_code COLLATE "C" $$,
  $$ VALUES ('2024-01-01'::date, '(all)', 200000::bigint, 5000::bigint), ('2024-01-01', 'display', 200000, 5000),
    ('2024-02-01', '(all)', 0, 30), ('2024-02-01', 'seo', 0, 30) $$,
  'a closed month stays, what is late for it counts in the first open one');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
ROLLBACK TO shown;
UPDATE setting SET value = 'Asia/Shanghai' WHERE key = 'timezone';
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq($$ SELECT month_start, impressions FROM channel_exposure
  WHERE campaign_code = 'spring' AND impressions > 0 $$, $$ VALUES ('2024-02-01'::date, 80000::bigint) $$,
  'in Shanghai it was February');
ROLLBACK TO shown;

-- what platforms claim
SELECT pg_temp.lead('[11,111)', 'search', '2024-01-05', '2024-01-10'),
  pg_temp.lead('[111,161)', 'social', '2024-01-05', '2024-01-10'),
  pg_temp.lead('[161,211)', NULL, '2024-01-05', '2024-01-10');
SELECT pg_temp.event('[1,2)', 'touch', 'claim', '2024-01-31', 'search', n => 130),
  pg_temp.event('[1,2)', 'touch', 'claim', '2024-01-31', 'social', n => 120),
  pg_temp.event('[1,2)', 'touch', 'claim', '2024-01-31', 'display', n => 10);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT channel_code, claims, customers, over_claimed, over_claim_factor FROM claim_check
  ORDER BY channel_code COLLATE "C" $$,
  $$ VALUES ('(all)', 260::bigint, 200::bigint, 60::bigint, 1.3), ('display', 10, 0, 10, NULL),
    ('search', 130, 100, 30, 1.3), ('social', 120, 50, 70, 2.4) $$,
  'together they claim 260 of 200 customers, one 2.4 times what it won');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
ROLLBACK TO fresh;

-- B16: who sells at what cost
SELECT pg_temp.lead('[1,61)', 'field_sales', '2024-01-02', '2024-01-20 15:00'),
  pg_temp.lead('[61,101)', 'field_sales', '2024-01-02', '2024-01-21 15:00'),
       pg_temp.lead('[101,104)', 'web', '2024-01-02', '2024-01-21 15:00');
SELECT pg_temp.event('[1,61)', 'sales', 'call', '2024-01-10', agent => 'B'),
  pg_temp.event('[1,61)', 'sales', 'call', '2024-01-20 17:00', agent => 'A'),
       pg_temp.event('[1,61)', 'sales', 'upsell', '2024-01-21', agent => 'B'),
         pg_temp.event('[1,61)', 'ticket', NULL, '2024-01-20', agent => 'C'),
       pg_temp.event('[61,101)', 'sales', 'call', '2024-01-10', agent => 'B'),
         pg_temp.event('[101,102)', 'sales', 'call', '2024-01-10');
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, covers, agent_code) VALUES
  ('acq.sales.salary', '2024-01-31', 30000, 'EUR', NULL, 'A'),
    ('acq.sales.salary', '2024-01-01', 50000, 'EUR', '[2024-01-01,2024-03-01)', 'B'),
  ('acq.sales.commission', '2024-01-31', 5000, 'EUR', NULL, 'B'), ('svc.support', '2024-01-31', 700, 'EUR', NULL, 'B'),
    ('acq.ads.web', '2024-01-31', 999, 'EUR', NULL, NULL);
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, score, agent_code) VALUES
  (1, '2024-01-25 10:00', 'survey', 'csat', 1, 'A'), (1, '2024-01-25 11:00', 'survey', 'csat', 5, 'A'),
    (2, '2024-01-25', 'survey', 'csat', 2, 'A'), (61, '2024-01-25', 'survey', 'nps', 9, 'B');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT agent_code, won, cost, acquisition_cost, cac, csat_mean, csat_rate, survey_answers,
  median_cycle_days FROM agent_performance ORDER BY agent_code COLLATE "C" $$,
  $$ VALUES ('(unknown)', 3::bigint, 0.0, 0.0, NULL::numeric, NULL::numeric, NULL::numeric, 0::bigint, 19.625),
    ('A', 60, 30000, 30000, 500, 3.5, 0.5, 2, 18.625),
            ('B', 40, 30700, 30000, 750, NULL, NULL, 0, 19.625), ('C', 0, 0, 0, NULL, NULL, NULL, 0, NULL) $$,
  'B16: A wins at 30,000 / 60 = 500, B at 30,000 / 40 = 750: the last sales contact up to the day counts, half of a salary of two months');
SELECT results_eq($$ SELECT agent_code, interactions FROM agent_performance WHERE agent_code <> '(unknown)'
  ORDER BY agent_code COLLATE "C" $$, $$ VALUES ('A', 60::bigint), ('B', 60 + 60 + 40), ('C', 60) $$,
  'B16: what customers answer about an agent is no contact of his');
SELECT is(pg_temp.differing(), NULL, 'B16: a full computation says the same');
SAVEPOINT sold;
UPDATE interaction SET agent_code = 'B' WHERE customer_id <= 10 AND agent_code = 'A' AND kind = 'sales';
DELETE FROM interaction WHERE customer_id = 61 AND kind = 'sales';
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, agent_code)
  VALUES ('acq.sales.travel', '2024-01-31', 1, 'XTS', 'A');
SELECT crmcost.merge_customer('crm', 100, 99);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT agent_code, won, cac, unrated_entries FROM agent_performance
  ORDER BY agent_code COLLATE "C" $$,
  $$ VALUES ('(unknown)', 4::bigint, NULL::numeric, 0::bigint), ('A', 50, NULL, 1), ('B', 48, 625, 0),
    ('C', 0, NULL, 0) $$, 'corrections are noticed; cost without a rate gives no cac');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
ROLLBACK TO sold;
CALL crmcost.close_period('crm', '2024-01-01');
SELECT pg_temp.lead('[201,203)', 'web', '2024-01-05', '2024-01-15'),
  pg_temp.event('[201,203)', 'sales', NULL, '2024-01-14', agent => 'A');
UPDATE interaction SET agent_code = 'B' WHERE customer_id <= 10 AND agent_code = 'A' AND kind = 'sales';
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, agent_code)
  VALUES ('acq.sales.travel', '2024-01-31', 80, 'EUR', 'A');
CALL crmcost.refresh('crm', '2024-02-11');
SELECT results_eq($$ SELECT month_start, agent_code, won, acquisition_cost, interactions FROM agent_performance
  WHERE agent_code IN ('A', 'B') ORDER BY 1, 2 $$,
  $$ VALUES ('2024-01-01'::date, 'A', 60::bigint, 30000.0, 60::bigint), ('2024-01-01', 'B', 40, 30000, 160),
    ('2024-02-01', 'A', 2, 80, 2), ('2024-02-01', 'B', 0, 8620.69, 0) $$,
  'a closed month stays; late customers, contacts and cost count in the first open one, of a salary the days that are over');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
ROLLBACK TO fresh;

-- what has no rate when its month is closed is of the first open month, whatever is news
SELECT pg_temp.lead('[1,3)', 'web', '2024-01-02', '2024-01-12');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) VALUES (1, 'x', '2024-01-10', 10, 'XTS');
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, agent_code)
  VALUES ('acq.sales.salary', '2024-01-10', 7, 'XTS', 'A');
CALL crmcost.refresh('crm', '2024-03-01');
CALL crmcost.close_period('crm', '2024-01-01');
INSERT INTO classification (customer_id, dimension, entered_at, code) VALUES (2, 'owner', '2024-02-05', 'anna');
CALL crmcost.refresh('crm', '2024-03-01');
SELECT is(pg_temp.differing(), NULL, 'closing a month with unrated facts is news of the next one');
ROLLBACK TO fresh;

-- A6, A7
SELECT pg_temp.lead('[1,51)', 'expo', '2024-01-02', '2024-01-12');
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, channel_code)
  VALUES ('acq.event.expo', '2024-01-31', 40000, 'EUR', 'expo');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT channel_code, cac FROM channel_cac', $$ VALUES ('expo', 800.0) $$,
  'A6: an exhibition of 40,000 that wins 50 customers has a cac of 800');
ROLLBACK TO fresh;
SELECT pg_temp.lead('[1,301)', 'field_sales', '2024-01-02', '2024-01-12');
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, channel_code)
  VALUES ('acq.ads.web', '2024-01-31', 60000, 'EUR', 'field_sales'),
  ('acq.sales.salary', '2024-01-31', 20000, 'EUR', 'field_sales'),
    ('acq.sales.commission', '2024-01-31', 6000, 'EUR', 'field_sales'),
    ('acq.sales.travel', '2024-01-31', 4000, 'EUR', 'field_sales');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT cac, media_cac FROM channel_cac', $$ VALUES (300.0, 200.0) $$,
  'A7: 60,000 of advertising and 30,000 of sales for 300 customers are 300 each, 200 of it media');
ROLLBACK TO fresh;

-- B19, G18: referrals and sales cycles
SELECT pg_temp.lead('[1,2)', 'web', '2023-12-01', '2023-12-02'),
  pg_temp.lead('[2,20)', 'referral', '2024-01-01', '2024-01-16', 1),
  pg_temp.lead('[20,72)', 'web', '2024-01-01', '2024-01-16'),
       pg_temp.lead('[72,92)', 'web', '2024-01-01', '2024-01-06'),
         pg_temp.lead('[92,122)', 'web', '2024-01-01', '2024-01-31 12:00');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT channel_code, customers, referred, referral_share FROM referral_share
  WHERE month_start = '2024-01-01' ORDER BY channel_code COLLATE "C" $$,
  $$ VALUES ('(all)', 120::bigint, 18::bigint, 0.15), ('referral', 18, 18, 1), ('web', 102, 0, 0) $$,
    'B19: 18 of 120 new customers were referred, 15 %');
SELECT results_eq($$ SELECT channel_code, customers, median_cycle_days FROM sales_cycle
  WHERE month_start = '2024-01-01' ORDER BY channel_code COLLATE "C" $$,
  $$ VALUES ('(all)', 120::bigint, 15.0), ('referral', 18, 15.0), ('web', 102, 15.0) $$,
    'G18: from lead to won it takes 15 days');
SELECT is((SELECT rows FROM data_quality WHERE check_name = 'referral_cycle'), 0::bigint, 'B19: nobody goes round');
-- 2 -> 1 -> 3 -> 2 is a circle into which 4 to 19 lead, 30 <-> 31 another; 40 -> 41 is none
UPDATE customer SET referred_by = 3 WHERE customer_id = 1;
UPDATE customer SET referred_by = 2 WHERE customer_id = 3;
UPDATE customer SET referred_by = CASE customer_id WHEN 30 THEN 31 WHEN 31 THEN 30 ELSE 41 END
  WHERE customer_id IN (30, 31, 40);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT rows, severity, example FROM data_quality WHERE check_name = 'referral_cycle' $$,
  $$ VALUES (5::bigint, 'warning', 'customer 1 was brought by customer 3, in a circle') $$,
    'who recommended each other in a circle is a finding');
SELECT is((SELECT referred FROM referral_share WHERE month_start = '2024-01-01' AND channel_code = '(all)'),
  21::bigint, 'and each of them is referred');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
-- of two that are one, nobody recommended the other
SELECT crmcost.merge_customer('crm', 31, 30);
UPDATE customer SET referred_by = NULL WHERE customer_id = 1;
CALL crmcost.refresh('crm', '2024-02-01');
SELECT is((SELECT rows FROM data_quality WHERE check_name = 'referral_cycle'), 0::bigint,
  'a circle that was cut, and one within a customer, are none');
SELECT is((SELECT referred FROM referral_share WHERE month_start = '2024-01-01' AND channel_code = '(all)'),
  19::bigint, 'who recommended himself was not referred');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
ROLLBACK TO fresh;

-- F15: which channels bring good customers
SELECT pg_temp.lead('[1,241)', 'search', '2024-01-02', '2024-01-12'),
  pg_temp.lead('[241,331)', 'tv', '2024-01-02', '2024-01-12');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) SELECT i, 'o' || i, timestamptz '2024-06-05',
  10000, 'EUR' FROM generate_series(1, 30) i UNION ALL
  SELECT i, 'o' || i, timestamptz '2024-12-31 12:00', 10000, 'EUR' FROM generate_series(241, 244) i
    UNION ALL SELECT 245, 'o245', '2025-01-20', 10000, 'EUR' UNION ALL SELECT 246, 'o246', '2024-06-05', 9999.99, 'EUR';
CALL crmcost.refresh('crm', '2025-02-01');
SELECT results_eq($$ SELECT channel_code, tier, within_months, customers, reached, quality_rate, mature_customers,
  mature_reached, mature_quality_rate FROM channel_quality
    WHERE scheme = 'loyalty' ORDER BY channel_code COLLATE "C" $$,
      $$ VALUES ('(all)', 'gold', 12, 330::bigint, 34::bigint, 0.103030, 330::bigint, 34::bigint, 0.103030),
    ('search', 'gold', 12, 240, 30, 0.125, 240, 30, 0.125), ('tv', 'gold', 12, 90, 4, 0.044444, 90, 4, 0.044444) $$,
  'F15: 30 of 240 from search were gold within a year, 12.5 %; 4 of 90 from television, 4.4 %; the fifth came too late');
SELECT is((SELECT count(DISTINCT scheme) FROM channel_quality), 3::bigint, 'F15: in every scheme');
SELECT is(pg_temp.differing(), NULL, 'F15: a full computation says the same');
CALL crmcost.refresh('crm', '2024-07-15');
SELECT results_eq($$ SELECT channel_code, customers, reached, mature_customers, mature_quality_rate
  FROM channel_quality WHERE scheme = 'loyalty' AND channel_code <> '(all)' ORDER BY 1 $$,
  $$ VALUES ('search', 240::bigint, 30::bigint, 0::bigint, NULL::numeric), ('tv', 90, 0, 0, NULL) $$,
    'of young customers it is not known yet');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
UPDATE setting SET value = 13 WHERE key = 'quality_months';
CALL crmcost.refresh('crm', '2025-03-01');
SELECT is((SELECT reached FROM channel_quality WHERE scheme = 'loyalty' AND channel_code = 'tv'), 5::bigint,
  'within thirteen months it is five');
UPDATE tier SET bound = 9000 WHERE scheme = 'loyalty' AND code = 'gold';
CALL crmcost.refresh('crm', '2025-03-01');
SELECT is((SELECT reached FROM channel_quality WHERE scheme = 'loyalty' AND channel_code = 'tv'), 6::bigint,
  'a lower bound makes it six');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) VALUES (245, 'o245', '2025-01-21', -10000, 'EUR');
UPDATE tier SET rank = rank + 10 WHERE scheme = 'loyalty' AND code = 'gold';
CALL crmcost.refresh('crm', '2025-03-01');
SELECT results_eq($$ SELECT tier, reached FROM channel_quality WHERE scheme = 'loyalty' AND channel_code = 'tv' $$,
  $$ VALUES ('silver', 0::bigint) $$, 'another best tier, nobody in it');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
SELECT throws_ok($$UPDATE setting SET value = '0' WHERE key = 'quality_months'$$, '23514', NULL,
  'no time at all is none');
ROLLBACK TO fresh;

-- cohorts of acquisition: what comes of them, and when they have paid
INSERT INTO allocation_rule (category_code, driver) VALUES ('acq', 'new_customers'), ('svc', 'active_customers');
SELECT pg_temp.lead('[1,3)', 'search', '2024-01-02', '2024-01-12'),
  pg_temp.lead('[3,4)', 'tv', '2024-01-02', '2024-02-12'), pg_temp.lead('[4,5)', NULL, '2024-01-02');
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, channel_code)
  VALUES ('acq.ads.web', '2024-01-10', 100, 'EUR', 'search'), ('acq.ads.tv', '2024-02-10', 500, 'EUR', 'tv'),
  ('svc.support', '2024-03-10', 30, 'EUR', NULL);
INSERT INTO sale (customer_id, order_ref, sold_at, amount, cogs, currency)
  VALUES (1, 'a', '2024-02-10', 100, 40, 'EUR'), (1, 'b', '2024-03-10', 100, 40, 'EUR'),
  (2, 'c', '2024-03-11', 50, 20, 'EUR');
CALL crmcost.refresh('crm', '2024-04-01');
SELECT results_eq($$ SELECT cohort_month, channel_code, age, customers, active_customers, retention, cumulative_margin,
  cumulative_cost, cumulative_contribution, cac, payback_months
    FROM acquisition_cohort WHERE channel_code <> '(all)' ORDER BY 1, 3 $$, $$ VALUES
    ('2024-01-01'::date, 'search', 0, 2::bigint, 0::bigint, 0.0, 0.0, 100.0, 0.0, 50.0, 2),
      ('2024-01-01', 'search', 1, 2, 1, 0.5, 60, 100, 60, 50, 2),
    ('2024-01-01', 'search', 2, 2, 2, 1, 150, 130, 120, 50, 2), ('2024-02-01', 'tv', 0, 1, 0, 0, 0, 500, 0, 500, NULL),
      ('2024-02-01', 'tv', 1, 1, 0, 0, 0, 500, 0, 500, NULL),
    ('2024-02-01', 'tv', 2, 1, NULL, NULL, NULL, NULL, NULL, 500, NULL) $$,
  'the cohort of January has paid its 100 in the second month after; what is not observed is NULL');
SELECT results_eq($$ SELECT cohort_month, age, customers, cumulative_margin, cac FROM acquisition_cohort
  WHERE channel_code = '(all)' AND age = 1 ORDER BY 1 $$,
  $$ VALUES ('2024-01-01'::date, 1, 2::bigint, 60.0, 50.0), ('2024-02-01', 1, 1, 0, 500) $$, 'and over all channels');
SELECT is((SELECT sum(margin) FROM acquisition_cohort WHERE channel_code = '(all)'),
  (SELECT sum(margin) FROM customer_profit), 'nothing is lost');
ROLLBACK TO fresh;
-- who buys for months before the acquisition, and who then buys no more
SELECT pg_temp.lead('[1,3)', 'search', '2024-01-02', '2024-03-12');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, cogs, currency)
  VALUES (1, 'a', '2024-01-10', 100, 40, 'EUR'), (1, 'b', '2024-02-10', 100, 40, 'EUR'),
  (1, 'c', '2024-03-20', 100, 40, 'EUR'),
  (2, 'd', '2024-02-10', 100, 40, 'EUR');
CALL crmcost.refresh('crm', '2024-05-01');
SELECT results_eq($$ SELECT age, customers, active_customers, retention, cumulative_margin FROM acquisition_cohort
  WHERE channel_code = 'search' ORDER BY 1 $$, $$ VALUES
    (0, 2::bigint, 1::bigint, 0.5, 240.0), (1, 2, 0, 0, 240) $$,
      'the margin of before stands at age 0, and a customer counts there once, for the month itself');
ROLLBACK TO fresh;

-- tags: a contact's own channel, that of its campaign, what the rules say, unknown
INSERT INTO campaign (code, channel_code, purpose, period, name)
  VALUES ('k', 'email', 'acquisition', '[2024-01-01,)', 'K');
INSERT INTO customer (customer_id, source, source_key, first_seen_at) VALUES (1, 'anon', 'traffic', '2024-01-01');
SELECT pg_temp.lead('[2,3)', NULL, '2024-01-02');
INSERT INTO channel_rule (priority, source, medium, campaign, channel_code)
  VALUES (10, 'google%', 'cpc', NULL, 'search'), (20, 'google%', NULL, NULL, 'seo'), (30, NULL, NULL, '%\_tv', 'tv');
CREATE FUNCTION pg_temp.tagged(source text, medium text, campaign text, n int, channel text DEFAULT NULL,
  campaign_code text DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
  INSERT INTO crm.interaction (customer_id, occurred_at, kind, subtype, n, channel_code, campaign_code, attributes)
  VALUES (1, '2024-01-10', 'touch', 'click', n, channel, campaign_code,
    jsonb_strip_nulls(jsonb_build_object('utm_source', source, 'utm_medium', medium, 'utm_campaign', campaign)))$$;
SELECT pg_temp.tagged('Google.com', 'CPC', 'x', 1), pg_temp.tagged('google', 'organic', NULL, 10),
  pg_temp.tagged('google', 'cpc', NULL, 100, 'direct'), pg_temp.tagged('google', 'cpc', NULL, 1000, NULL, 'k'),
       pg_temp.tagged('bing', 'cpc', 'spring_tv', 10000), pg_temp.tagged('bing', 'cpc', 'springxtv', 100000),
         pg_temp.tagged(NULL, NULL, NULL, 1000000), pg_temp.tagged('bing', NULL, NULL, 7);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT channel_code, sum(clicks)::int FROM channel_exposure WHERE campaign_code <> '(all)'
  GROUP BY 1 ORDER BY channel_code COLLATE "C" $$,
  $$ VALUES ('(unknown)', 1100007), ('direct', 100), ('email', 1000), ('search', 1), ('seo', 10), ('tv', 10000) $$,
    'the first rule that matches says the channel, where nothing else does');
SELECT results_eq($$ SELECT channel_code, sum(interactions)::int FROM contact_month GROUP BY 1 ORDER BY 1 $$,
  $$ SELECT channel_code, sum(clicks)::int FROM exposure_month GROUP BY 1 ORDER BY 1 $$, 'in every report');
SELECT results_eq('SELECT month_start, source, medium, campaign, interactions FROM untagged_touch ORDER BY interactions',
  $$ VALUES ('2024-01-01'::date, 'bing', NULL, NULL, 7::bigint), ('2024-01-01', 'bing', 'cpc', 'springxtv', 100000) $$,
    'what no rule matches is told; who has no tags is not');
SELECT results_eq($$ SELECT rows, example FROM data_quality WHERE check_name = 'contact_without_rule' $$,
  $$ VALUES (100007::bigint, 'bing /  / ') $$, 'as a finding, too');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
INSERT INTO channel_rule (priority, source, medium, campaign, channel_code) VALUES (5, 'bing', NULL, NULL, 'search');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT channel_code, sum(clicks)::int FROM channel_exposure WHERE campaign_code <> '(all)'
  GROUP BY 1 ORDER BY channel_code COLLATE "C" $$,
  $$ VALUES ('(unknown)', 1000000), ('direct', 100), ('email', 1000), ('search', 110008), ('seo', 10) $$,
    'a new rule holds for the past');
SELECT is_empty('SELECT FROM untagged_touch', 'and leaves nothing');
-- rules of a scenario change nothing, and show what they would change: bing of its own, google unknown
INSERT INTO channel_rule (scenario, priority, source, medium, campaign, channel_code)
  VALUES ('try', 105, 'bing', 'cpc', NULL, 'tv'), ('try', 106, 'bing', NULL, NULL, 'search');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT channel_code, sum(clicks)::int FROM channel_exposure WHERE campaign_code <> '(all)'
  GROUP BY 1 ORDER BY channel_code COLLATE "C" $$,
  $$ VALUES ('(unknown)', 1000000), ('direct', 100), ('email', 1000), ('search', 110008), ('seo', 10) $$,
    'rules under trial do not hold');
SELECT results_eq($$ SELECT scenario, source, medium, campaign, interactions, channel_code, channel_name,
  proposed_channel_code FROM channel_rule_change ORDER BY interactions $$,
  $$ VALUES ('try', 'Google.com', 'CPC', 'x', 1::bigint, 'search', 'Paid search', '(unknown)'),
    ('try', 'google', 'organic', NULL, 10, 'seo', 'Organic search', '(unknown)'),
            ('try', 'bing', 'cpc', 'spring_tv', 10000, 'search', 'Paid search', 'tv'),
              ('try', 'bing', 'cpc', 'springxtv', 100000, 'search', 'Paid search', 'tv') $$,
              'but what they would change is told');
CREATE TEMPORARY TABLE told AS SELECT proposed_channel_code AS channel_code, sum(interactions) AS n
  FROM channel_rule_change GROUP BY 1;
DELETE FROM channel_rule WHERE scenario IS NULL;
UPDATE channel_rule SET scenario = NULL;
CALL crmcost.refresh('crm', '2024-02-01');
SELECT is((SELECT sum(clicks)::int FROM channel_exposure WHERE campaign_code <> '(all)' AND channel_code = 'tv'),
  (SELECT n::int FROM told WHERE channel_code = 'tv'), 'and comes true');
SELECT is_empty('SELECT FROM channel_rule_change', 'then nothing is on trial');
SELECT throws_ok($$INSERT INTO channel_rule (priority, source, channel_code) VALUES (105, 'x', 'tv')$$, '23505', NULL,
  'two rules of one place');
-- erased, but not its channel
INSERT INTO interaction (customer_id, occurred_at, kind, attributes)
  VALUES (2, '2024-01-11', 'touch', '{"utm_source": "bing", "who": "ann", "utm_medium": null}');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT crmcost.erase_customer('crm', 2);
SELECT is((SELECT attributes FROM interaction WHERE customer_id = 2), '{"utm_source": "bing"}',
  'an erased customer''s other tags are gone');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT is((SELECT sum(interactions) FROM contact_month WHERE channel_code = 'search'), 8::numeric,
  'and no figure moves');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
SELECT throws_ok($$INSERT INTO channel_rule (priority, source, medium, campaign, channel_code)
  VALUES (6, NULL, NULL, NULL, 'search')$$, '23514', NULL, 'a rule without a pattern');
SELECT throws_ok($$INSERT INTO channel_rule (priority, source, medium, campaign, channel_code)
  VALUES (6, 'a\', NULL, NULL, 'search')$$, '23514', NULL, 'a pattern that ends with an escape');
SELECT lives_ok($$INSERT INTO channel_rule (priority, source, medium, campaign, channel_code)
  VALUES (6, 'a\\', NULL, NULL, 'search')$$, 'but not with an escaped one');
SELECT throws_ok($$INSERT INTO channel_rule (priority, source, medium, campaign, channel_code)
  VALUES (7, 'a', NULL, NULL, 'nope')$$, '23503', NULL, 'a channel that is not there');
SELECT throws_ok($$INSERT INTO interaction (customer_id, occurred_at, kind, attributes)
  VALUES (1, '2024-01-11', 'touch', '{"utm_source": "a@b"}')$$, '23514', NULL, 'a mail address');
SELECT throws_ok($$INSERT INTO interaction (customer_id, occurred_at, kind, attributes)
  VALUES (1, '2024-01-11', 'touch', '[]')$$, '23514', NULL, 'attributes that are none');

SELECT * FROM finish();
ROLLBACK;
