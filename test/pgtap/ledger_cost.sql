-- Cost: taxonomy, base currency, months, acquisition cost by channel.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();

-- helpers: a cost in EUR, and n customers won through a channel
CREATE FUNCTION pg_temp.spend(category text, day date, amount numeric,
                              channel text DEFAULT NULL)
  RETURNS void LANGUAGE sql
  AS $$INSERT INTO crm.cost_entry (category_code, incurred_on, amount, currency, channel_code)
       VALUES (category, day, amount, 'EUR', channel)$$;
CREATE FUNCTION pg_temp.leads(n int, won int, channel text, seen date)
  RETURNS void LANGUAGE sql
  AS $$INSERT INTO crm.customer (source, source_key, first_seen_at, acquired_at, acquisition_channel)
       SELECT 'leads', concat_ws('-', channel, seen, i), seen,
              CASE WHEN i <= won THEN seen + interval '3 days' END, channel
       FROM generate_series(1, n) i$$;

-- A3
-- the reports of all that was loaded, up to the end of the year
CREATE FUNCTION pg_temp.report(day date DEFAULT '2024-12-31') RETURNS void LANGUAGE plpgsql
  AS $$BEGIN CALL crmcost.refresh('crm', day + 1); END$$;
SAVEPOINT fresh;
SELECT pg_temp.spend('acq.ads.web', '2024-01-05', 180000);
SELECT pg_temp.spend('ret.contact', '2024-02-05', 54000);
SELECT pg_temp.spend('svc.support', '2024-03-05', 26000);
SELECT pg_temp.report();
SELECT results_eq($$
  SELECT bucket, round(100 * sum(cost) / sum(sum(cost)) OVER (), 1)
  FROM cost_by_month GROUP BY bucket ORDER BY bucket
$$, $$ VALUES ('acquisition', 69.2), ('retention', 20.8), ('service', 10.0) $$,
  'A3: acquisition, retention and service are 69.2, 20.8 and 10.0 %');

-- A2
INSERT INTO cost_category (code, parent_code, bucket, resource, name)
VALUES ('acq.ads.podcast', 'acq.ads', 'acquisition', 'financial', 'Podcasts');
SELECT pg_temp.spend('acq.ads.podcast', '2024-01-06', 1000);
SELECT pg_temp.report();
SELECT is((SELECT sum(cost) FROM cost_by_month WHERE bucket = 'acquisition'), 181000.0,
          'A2: a new category rolls up into its bucket');
ROLLBACK TO fresh;

-- A5, A8 to A10
SELECT pg_temp.spend(c, '2024-01-05', a)
FROM (VALUES ('acq.ads.tv', 100.10), ('acq.ads.radio', 50.20),
             ('acq.ads.web', 70.30), ('acq.ads.social', 30.40),
             ('acq.sales.tools', 10), ('acq.sales.support', 20),
             ('acq.research', 30)) v (c, a);
SELECT pg_temp.report();
SELECT results_eq($$
  SELECT category_code, sum(cost) FROM cost_by_month
  WHERE category_code LIKE 'acq.ads.%'
  GROUP BY ROLLUP (category_code) ORDER BY 1
$$, $$ VALUES ('acq.ads.radio', 50.20), ('acq.ads.social', 30.40),
              ('acq.ads.tv', 100.10), ('acq.ads.web', 70.30), (NULL, 251.00) $$,
  'A5: four media and their exact subtotal');
SELECT results_eq($$
  SELECT resource, sum(cost) FROM cost_by_month
  WHERE category_code NOT LIKE 'acq.ads.%'
  GROUP BY ROLLUP (resource) ORDER BY 1
$$, $$ VALUES ('human', 20.0), ('process', 30.0), ('technical', 10.0), (NULL, 60.0) $$,
  'A8 to A10: sales tools are technical, and the leaves add up');
SELECT results_eq($$
  SELECT category_code, parent_code, level, own_cost, cost, cost_share FROM cost_tree
  WHERE category_code IN ('acq', 'acq.ads', 'acq.ads.tv', 'svc') ORDER BY 1
$$, $$ VALUES ('acq', NULL, 1, 0.0, 311.0, 1.0), ('acq.ads', 'acq', 2, 0.0, 251.0, 0.807074),
              ('acq.ads.tv', 'acq.ads', 3, 100.1, 100.1, 0.321865), ('svc', NULL, 1, 0.0, 0.0, 0.0) $$,
  'the tree: what is booked on a category, and on it and below; 251 of 311 is 80.7074 %');
SELECT is((SELECT sum(own_cost) FROM cost_tree), 311.0, 'whose own cost is all there is');
SELECT is((SELECT cost FROM cost_tree_month WHERE month_start = '2024-01-01' AND category_code = 'acq'), 311.0,
  'by month as well');
UPDATE setting SET value = 'zh' WHERE key = 'language';
SELECT results_eq($$ SELECT DISTINCT category_name, bucket_name, resource_name FROM cost_by_month
  WHERE category_code = 'acq.ads.tv' $$,
  $$ SELECT k.name_zh, t.name_zh, u.name_zh FROM cost_category k, term t, term u
     WHERE k.code = 'acq.ads.tv' AND (t.kind, t.code) = ('bucket', 'acquisition')
       AND (u.kind, u.code) = ('resource', 'financial') $$,
  'names are in the language of the reports');
UPDATE cost_category SET name_zh = NULL WHERE code = 'acq.ads.tv';
SELECT is((SELECT category_name FROM cost_tree WHERE category_code = 'acq.ads.tv'), 'Television advertising',
  'or in English where there is none');
ROLLBACK TO fresh;

-- A6
SELECT pg_temp.spend('acq.event.expo', '2024-05-10', 40000, 'expo');
SELECT pg_temp.leads(80, 50, 'expo', '2024-05-10');
SELECT pg_temp.report();
SELECT is((SELECT cac FROM channel_cac), 800.0, 'A6: an exhibition of 40,000 for 50 customers is 800 each');

-- A7
ROLLBACK TO fresh;
SELECT pg_temp.spend('acq.ads.web', '2024-05-10', 60000, 'search');
SELECT pg_temp.spend('acq.sales.salary', '2024-05-31', 20000);
SELECT pg_temp.spend('acq.sales.commission', '2024-05-31', 6000);
SELECT pg_temp.spend('acq.sales.travel', '2024-05-31', 4000);
SELECT pg_temp.leads(1000, 300, 'search', '2024-05-10');
SELECT pg_temp.report();
SELECT results_eq($$
  SELECT channel_code, media_cost, acquisition_cost, leads, customers, cost_per_lead,
         media_cac, cac, conversion_rate
  FROM channel_cac
$$, $$ VALUES ('search', 60000.0, 90000.0, 1000::bigint, 300::bigint, 60.0,
               200.0, 300.0, 0.3) $$,
  'A7: media alone 200, with the sales force 300');
SELECT is((SELECT DISTINCT resource FROM cost WHERE category_code LIKE 'acq.sales.%'),
          'human', 'A7: the sales force is human');
ROLLBACK TO fresh;

-- B3, B4, B5
SELECT pg_temp.spend('acq.ads.web', '2024-05-10', 60000, 'search');
SELECT pg_temp.spend('acq.ads.social', '2024-05-10', 30000, 'social');
SELECT pg_temp.spend('acq.ads.tv', '2024-05-10', 90000, 'tv');
SELECT pg_temp.leads(1200, 240, 'search', '2024-05-01');
SELECT pg_temp.leads(600, 150, 'social', '2024-05-01');
SELECT pg_temp.leads(900, 90, 'tv', '2024-05-01');
SELECT pg_temp.report();
SELECT results_eq($$
  SELECT channel_code, cac FROM channel_cac ORDER BY channel_code
$$, $$ VALUES ('search', 250.0), ('social', 200.0), ('tv', 1000.0) $$,
  'B3: acquisition cost by channel');
SELECT is((SELECT sum(media_cost) / sum(customers) FROM channel_cac), 375.0,
          'B3: blended is the ratio of the sums');
SELECT is((SELECT crmcost.cac(media_cost, customers) FROM channel_cac), 375.0,
          'B3: as the aggregate says');
SELECT results_eq($$
  SELECT channel_code, conversion_rate FROM channel_cac
  WHERE channel_code <> 'social' ORDER BY 1
$$, $$ VALUES ('search', 0.2), ('tv', 0.1) $$, 'B5: conversion by channel');
-- two months more, and a year that begins in July
SELECT pg_temp.spend('acq.ads.tv', '2024-06-10', 10000, 'tv');
SELECT pg_temp.spend('acq.ads.tv', '2024-07-10', 30000, 'tv');
SELECT pg_temp.leads(20, 10, 'tv', '2024-06-01');
SELECT pg_temp.leads(30, 10, 'tv', '2024-07-01');
SELECT pg_temp.report();
SELECT results_eq($$ SELECT channel_code, customers, cac, conversion_rate FROM channel_cac_total ORDER BY 1 $$,
  $$ VALUES
  ('(all)', 500::bigint, 440.0, 0.181818), ('search', 240, 250.0, 0.2), ('social', 150, 200.0, 0.25),
    ('tv', 110, 1181.8182, 0.115789) $$,
  'totals are ratios of sums: 220,000 for 500 customers, and 130,000 for 110 by television');
CREATE FUNCTION pg_temp.periods() RETURNS SETOF text LANGUAGE sql AS $$
  SELECT concat_ws(' ', 'Q' || fiscal_quarter, fiscal_year, quarter_start, round(cac, 2)) FROM crm.channel_cac_quarter
    WHERE channel_code = 'tv'
  UNION ALL SELECT concat_ws(' ', 'Y', fiscal_year, year_start, round(cac, 2)) FROM crm.channel_cac_year
    WHERE channel_code = 'tv' ORDER BY 1$$;
SELECT results_eq('SELECT * FROM pg_temp.periods()', $$ VALUES
  ('Q2 2024 2024-04-01 1000.00'), ('Q3 2024 2024-07-01 3000.00'), ('Y 2024 2024-01-01 1181.82') $$,
    'by quarter and year');
UPDATE setting SET value = '7' WHERE key = 'fiscal_year_start';
SELECT results_eq('SELECT * FROM pg_temp.periods()', $$ VALUES
  ('Q1 2025 2024-07-01 3000.00'), ('Q4 2024 2024-04-01 1000.00'), ('Y 2024 2023-07-01 1000.00'),
    ('Y 2025 2024-07-01 3000.00') $$,
  'a fiscal year that begins in July has the number of the year in which it ends');
SELECT results_eq($$ SELECT channel_code, cac FROM channel_cac_year WHERE fiscal_year = 2024 ORDER BY 1 $$,
  $$ VALUES ('(all)', 387.7551), ('search', 250.0), ('social', 200.0), ('tv', 1000.0) $$,
    'with all channels together: 190,000 for 490');
ROLLBACK TO fresh;

-- cost without a rate is not known, so what a customer cost is not either
SELECT pg_temp.spend('acq.ads.web', '2024-05-10', 100, 'search');
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, channel_code, covers)
VALUES ('acq.ads.social', '2024-05-10', 100, 'SEK', 'social', '[2024-05-01,2024-07-01)');
SELECT pg_temp.leads(2, 2, c, m) FROM unnest('{search,social}'::text[]) c,
  unnest('{2024-05-01,2024-06-01,2024-07-01}'::date[]) m;
SELECT pg_temp.report();
SELECT results_eq($$ SELECT month_start, channel_code, cac, media_cac, cost_per_lead FROM channel_cac
  WHERE channel_code = 'social' ORDER BY 1 $$, $$ VALUES
  ('2024-05-01'::date, 'social', NULL::numeric, NULL::numeric, NULL::numeric),
    ('2024-06-01', 'social', NULL, NULL, NULL), ('2024-07-01', 'social', 0, 0, 0) $$,
  'a channel whose cost has no rate has no cac, in each month that it is for');
SELECT results_eq($$ SELECT channel_code, cac FROM channel_cac_total ORDER BY 1 $$,
  $$ VALUES ('(all)', NULL::numeric), ('search', 16.6667), ('social', NULL) $$, 'nor has all of it together');
ROLLBACK TO fresh;

-- B12, and the reverse
SELECT pg_temp.spend('acq.content.seo', '2024-05-10', 500, 'seo');
SELECT pg_temp.leads(4, 0, 'referral', '2024-05-01');
INSERT INTO customer (source, source_key, first_seen_at, acquisition_channel)
VALUES ('anon', 'web', '2024-05-01', 'web');
SELECT pg_temp.report();
SELECT results_eq($$
  SELECT channel_code, media_cost, acquisition_cost, leads, customers, media_cac,
         cac, cost_per_lead, conversion_rate
  FROM channel_cac ORDER BY 1
$$, $$ VALUES
  ('referral', 0.0, 0.0, 4::bigint, 0::bigint, NULL::numeric, NULL::numeric, 0.0, 0.0),
  ('seo', 0.0, 500.0, 0, 0, NULL, NULL, NULL, NULL) $$,
  'B12: a channel with cost and no lead is a row, one with leads and no cost too, and anonymous traffic is no lead');
ROLLBACK TO fresh;

-- cost without a channel: shared by customers acquired, or left in sight
INSERT INTO campaign (code, channel_code, purpose, period, name)
VALUES ('spring', 'social', 'acquisition', '[2024-03-01,2024-06-01)', 'Spring');
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, campaign_code)
VALUES ('acq.ads.social', '2024-05-03', 60, 'EUR', 'spring');
SELECT pg_temp.spend('acq.research', '2024-05-31', 100);
SELECT pg_temp.spend('acq.research', '2024-06-30', 70);
SELECT pg_temp.leads(1, 1, ch, '2024-05-01') FROM unnest('{social,search,tv}'::text[]) ch;
SELECT pg_temp.report();
SELECT results_eq($$
  SELECT month_start, channel_code, media_cost, acquisition_cost
  FROM channel_cac ORDER BY 1, 2
$$, $$ VALUES
  ('2024-05-01'::date, 'search', 0.0, 33.34),
  ('2024-05-01', 'social', 60.0, 93.33),
  ('2024-05-01', 'tv', 0.0, 33.33),
  ('2024-06-01', '(unknown)', 0.0, 70.0) $$,
  'cost of a campaign counts on its channel, of no channel by customers, of a month without customers on none');
SELECT is((SELECT sum(acquisition_cost) FROM channel_cac),
          (SELECT sum(amount) FROM cost_entry), 'and nothing is lost');
-- a customer of a campaign alone, and one of nothing known
INSERT INTO customer (source_key, first_seen_at, acquired_at, acquisition_campaign)
VALUES ('by campaign', '2024-06-01', '2024-06-02', 'spring'), ('unknown', '2024-06-01', '2024-06-02', NULL);
SELECT pg_temp.report();
SELECT results_eq($$ SELECT channel_code, customers, acquisition_cost FROM channel_cac WHERE month_start = '2024-06-01'
  ORDER BY 1 $$,
  $$ VALUES ('(unknown)', 1::bigint, 35.0), ('social', 1, 35.0) $$,
    'a customer is of the channel of the campaign, else unknown');
ROLLBACK TO fresh;

-- A12, A13, A15, A23: unit costs
SELECT pg_temp.spend('svc.support', '2024-01-31', 2700);
SELECT pg_temp.spend('ret.contact', '2024-01-31', 500);
SELECT pg_temp.leads(1, 1, 'web', '2024-01-01');
INSERT INTO interaction (customer_id, occurred_at, kind, n)
SELECT customer_id, '2024-01-15', v.kind, v.n
FROM customer, (VALUES ('ticket', 1000), ('care', 250)) v (kind, n);
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, quantity, unit)
VALUES ('trn.course.service', '2024-01-31', 9000, 'EUR', 60, 'hour');
SELECT pg_temp.spend(c, '2024-01-31', 1000)
  FROM unnest('{ret.survey.design,ret.survey.analysis,ret.survey.staff}'::text[]) c;
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, score, n)
SELECT customer_id, '2024-01-16', 'survey', 'csat', 4, 600 FROM customer;
SELECT pg_temp.report();
SELECT results_eq('SELECT month_start, measure, category_code, quantity, cost, unit_cost FROM unit_cost ORDER BY 2',
  $$ VALUES
  ('2024-01-01'::date, 'answer', '(all)', 600::numeric, 3000.0, 5.0),
    ('2024-01-01', 'case', '(all)', 1000, 2700.0, 2.7), ('2024-01-01', 'contact', '(all)', 250, 500.0, 2.0),
  ('2024-01-01', 'hour', 'trn.course.service', 60, 9000.0, 150.0), ('2024-01-01', 'ticket', '(all)', 1000, 2700.0, 2.7),
  ('2024-01-01', 'training_hour', '(all)', 60, 9000.0, 150.0) $$,
  'A12, A13, A15, A23: 2.70 a ticket, 2 a contact, 5 an answer, 150 an hour of training');
-- what orders cost is no cost of tickets
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) SELECT min(customer_id), 'o' || i, '2024-01-20',
  10, 'EUR' FROM customer, generate_series(1, 40) i GROUP BY i;
SELECT pg_temp.spend(c, '2024-01-31', v)
  FROM (VALUES ('svc.order.delivery', 100), ('svc.order.payment', 20), ('svc.order.marketplace', 40)) AS spent (c, v);
SELECT pg_temp.report();
SELECT results_eq($$ SELECT measure, measure_name, category_code, quantity, cost, unit_cost FROM unit_cost
  WHERE measure IN ('order', 'ticket') ORDER BY 1 $$,
  $$ VALUES ('order', 'Order', '(all)', 40::numeric, 160.0, 4.0), ('ticket', 'Ticket', '(all)', 1000, 2700.0, 2.7) $$,
    'an order bears delivery, payment and marketplace fees: 4 each');
ROLLBACK TO fresh;

-- base currency: booked rate, else 1, else the dated rate, else NULL
INSERT INTO fx_rate VALUES ('CNY', '2024-01-01', 0.125), ('CNY', '2024-02-10', 7.2),
                           ('CNY', '2024-02-11', 8);
INSERT INTO cost_entry (cost_id, category_code, incurred_on, amount, currency, fx)
VALUES (1, 'acq', '2024-02-09', 100, 'CNY', NULL), (2, 'acq', '2024-02-10', 100, 'CNY', NULL),
       (3, 'acq', '2024-12-31', 100, 'CNY', NULL), (4, 'acq', '2023-12-31', 100, 'CNY', NULL),
       (5, 'acq', '2024-02-10', 100, 'CNY', 0.3), (6, 'acq', '2024-02-10', 100, 'EUR', NULL),
       (7, 'acq', '2024-02-10', 0.0333, 'CNY', 0.5), (8, 'acq', '2024-02-10', -0.0333, 'CNY', 0.5),
       (9, 'acq', '2024-02-10', 1, 'SEK', NULL);
SELECT results_eq($$ SELECT cost_id::int, base_amount FROM cost ORDER BY 1 $$, $$
  VALUES (1, 12.5), (2, 720.0), (3, 800.0), (4, NULL), (5, 30.0), (6, 100.0),
         (7, 0.0167), (8, -0.0167), (9, NULL) $$,
  'the rate of the day, the booked one before it, and none where there is none');
SELECT pg_temp.report();
SELECT results_eq($$
  SELECT rows, example FROM data_quality WHERE check_name = 'cost_without_rate'
$$, $$ VALUES (2::bigint, 'category acq in 2023-12') $$,
  'cost without a rate is reported');
SELECT is((SELECT sum(cost) FROM cost_by_month), 1662.5, 'and in no total');
-- the day of a sale is that of the ledger's time zone
UPDATE setting SET value = 'Asia/Shanghai' WHERE key = 'timezone';
SELECT pg_temp.leads(1, 0, 'web', '2024-01-01');
INSERT INTO sale (customer_id, sold_at, amount, discount, cogs, currency)
SELECT customer_id, at::timestamptz, 100, 10, 60, 'CNY'
FROM customer, unnest('{2024-02-09 15:59:59Z,2024-02-09 16:00:00Z,2024-02-10 16:00Z}'::text[]) at;
SELECT results_eq($$
  SELECT sold_on, rate, base_amount, base_margin, base_discount
  FROM sale_base ORDER BY sold_at
$$, $$ VALUES ('2024-02-09'::date, 0.125, 12.5, 5.0, 1.25),
              ('2024-02-10', 7.2, 720.0, 288.0, 72.0),
              ('2024-02-11', 8.0, 800.0, 320.0, 80.0) $$,
  'sales at the rate of the day in the ledger''s time zone');
SELECT is((SELECT count(*) FROM pg_timezone_names WHERE name = current_setting('timezone')
           AND current_setting('timezone') = 'UTC'), 1::bigint, 'which is not that of the session');
ROLLBACK TO fresh;

-- days that a cost is for
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, covers)
VALUES ('data.storage.service', '2024-01-05', 12000, 'EUR', '[2024-01-01,2025-01-01)');
SELECT results_eq('SELECT covers_from, covers_to FROM cost',
                  $$ VALUES ('2024-01-01'::date, '2024-12-31'::date) $$, 'first and last day covered');
ROLLBACK TO fresh;

-- A27: month on month, year on year, against a baseline
SELECT pg_temp.spend('acq.ads.web', m, a, 'search')
FROM (VALUES ('2023-04-15'::date, 8), ('2024-01-15', 10), ('2024-02-15', 10),
             ('2024-03-15', 10), ('2024-04-15', 16)) v (m, a);
INSERT INTO plan (kind, measure, category_code, channel_code, period, amount, currency)
VALUES ('baseline', 'cost', 'acq.ads.web', 'search', '[2024-01-01,2024-07-01)', 60, NULL),
       ('budget', 'cost', 'acq.ads.web', 'search', '[2024-01-01,2024-07-01)', 999, NULL);
SELECT pg_temp.report();
SELECT results_eq($$
  SELECT month_start, cost, mom_rate, yoy_rate, baseline_cost, vs_baseline_rate
  FROM cost_by_month ORDER BY 1
$$, $$ VALUES
  ('2023-04-01'::date, 8.0, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric),
  ('2024-01-01', 10.0, NULL, NULL, 10.0, 0.0),
  ('2024-02-01', 10.0, 0.0, NULL, 10.0, 0.0),
  ('2024-03-01', 10.0, 0.0, NULL, 10.0, 0.0),
  ('2024-04-01', 16.0, 0.6, 1.0, 10.0, 0.6) $$,
  'A27: 10, 10, 10, 16 is 60 % more than the month before');
SELECT pg_temp.report('2024-04-15');
SELECT results_eq($$ SELECT cost, mom_rate, yoy_rate, baseline_cost, vs_baseline_rate, unusual, complete
  FROM cost_by_month WHERE month_start = '2024-04-01' $$,
  $$ VALUES (16.0, NULL::numeric, NULL::numeric, 5.0, 2.2, NULL::boolean, false) $$,
  'a month that is not over is compared with its baseline to date alone: 15 of 30 days of 10');
SELECT pg_temp.report('2024-04-30');
SELECT results_eq($$ SELECT mom_rate, baseline_cost, complete FROM cost_by_month WHERE month_start = '2024-04-01' $$,
  $$ VALUES (0.6, 10.0, true) $$, 'on its last day it is over');
-- from 10 of January to -5 of February is no rate, nor is from there to March
SELECT pg_temp.spend('acq.ads.web', '2024-02-20', -15, 'search');
SELECT pg_temp.report();
SELECT results_eq($$ SELECT mom_rate FROM cost_by_month WHERE month_start IN ('2024-02-01', '2024-03-01')
  ORDER BY month_start $$,
  $$ VALUES (-1.5), (NULL::numeric) $$, 'a change against what is not positive is NULL');
INSERT INTO plan (kind, measure, category_code, channel_code, period, amount)
VALUES ('baseline', 'cost', 'acq.ads.web', 'search', '[2024-06-01,2024-08-01)', 60);
SELECT is((SELECT rows FROM data_quality WHERE check_name = 'overlapping_baselines'), 1::bigint,
          'two baselines of a month are reported');
ROLLBACK TO fresh;
-- a baseline is compared as a whole: 90 by phone and 10 on no channel are 100
SELECT pg_temp.spend('svc.support', '2024-01-15', 90, 'phone');
SELECT pg_temp.spend('svc.support', '2024-01-15', 10);
SELECT pg_temp.spend('svc.repair', '2024-01-15', 50);
SELECT pg_temp.spend('ret.contact', '2024-01-15', 30, 'phone');
INSERT INTO plan (kind, measure, category_code, channel_code, period, amount, scenario)
VALUES ('baseline', 'cost', 'svc.support', NULL, '[2024-01-01,2024-02-01)', 80, 'default'),
       ('baseline', 'cost', 'svc.support', NULL, '[2024-01-01,2024-02-01)', 900, 'vendor A'),
       ('baseline', 'cost', 'svc', NULL, '[2024-01-01,2024-02-01)', 300, 'default'),
       ('baseline', 'cost', NULL, NULL, '[2024-01-01,2024-02-01)', 360, 'default');
INSERT INTO plan (kind, measure, campaign_code, aspect, period, amount)
VALUES ('baseline', 'cost', NULL, 'sales', '[2024-01-01,2024-02-01)', 7);
SELECT pg_temp.report();
CREATE FUNCTION pg_temp.against_baseline() RETURNS SETOF text LANGUAGE sql AS $$
  SELECT concat_ws(' ', category_code, replace(channel_code, '(unknown)', '-'), cost::int, baseline_cost::int,
    round(100 * vs_baseline_rate))
  FROM crm.cost_by_month ORDER BY 1$$;
SELECT results_eq('SELECT * FROM pg_temp.against_baseline()', $$ VALUES
  ('ret.contact phone 30 360 -50'), ('svc.repair - 50 300 -50'), ('svc.support - 10 80 25'),
    ('svc.support phone 90 80 25') $$,
  'against the nearest baseline, each for all that it is about');
INSERT INTO plan (kind, measure, channel_code, period, amount)
  VALUES ('baseline', 'cost', 'phone', '[2024-01-01,2024-02-01)', 60);
SELECT results_eq('SELECT * FROM pg_temp.against_baseline()', $$ VALUES
  ('ret.contact phone 30 60 100'), ('svc.repair - 50 300 -50'), ('svc.support - 10 80 25'),
    ('svc.support phone 90 80 25') $$,
  'a channel is nearer than all, a category nearer than a channel');
-- the channel and the aspect each cross both categories, and one another
SELECT is((SELECT rows FROM data_quality WHERE check_name = 'overlapping_baselines'), 5::bigint,
  'what cannot be nested overlaps, scenarios do not');
ROLLBACK TO fresh;
-- G4: baseline 60, now 35, in another currency
INSERT INTO fx_rate VALUES ('USD', '2024-01-01', 0.5);
SELECT pg_temp.spend('ret.contact', '2024-01-15', 35);
INSERT INTO plan (kind, measure, category_code, period, amount, currency)
VALUES ('baseline', 'cost', 'ret.contact', '[2024-01-01,2024-02-01)', 120, 'USD');
SELECT pg_temp.report();
SELECT is((SELECT round(100 * vs_baseline_rate, 1) FROM cost_by_month), -41.7,
          'G4: from 60 to 35 is 41.7 % less');
-- a baseline that does not begin on the first is taken by days: 10 of 20 days in January
INSERT INTO plan (kind, measure, category_code, period, amount)
VALUES ('baseline', 'cost', 'svc', '[2024-01-22,2024-02-11)', 80);
SELECT pg_temp.spend('svc.support', '2024-01-25', 60);
SELECT pg_temp.report();
SELECT results_eq($$ SELECT baseline_cost, vs_baseline_rate FROM cost_by_month WHERE bucket = 'service' $$,
  $$ VALUES (40.0, 0.5) $$, 'a baseline goes by days unless it is of whole months');
UPDATE plan SET scenario = 'plan B' WHERE category_code = 'svc';
SELECT is((SELECT baseline_cost FROM cost_by_month WHERE bucket = 'service'), NULL, 'another scenario is not compared');
UPDATE setting SET value = 'plan B' WHERE key = 'plan_scenario';
SELECT is((SELECT baseline_cost FROM cost_by_month WHERE bucket = 'service'), 40.0, 'unless the setting names it');
ROLLBACK TO fresh;

-- A1, A22: random cost in three currencies against plain SQL
INSERT INTO fx_rate
SELECT c, d::date, round((0.1 + random())::numeric, 6)
FROM unnest('{USD,CNY}'::text[]) c, generate_series('2024-01-10'::date, '2024-12-31', '7 days') d;
SELECT pg_temp.leads(20, 20, 'web', '2024-01-01');
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, fx, customer_id)
SELECT (SELECT code FROM cost_category WHERE i IS NOT NULL ORDER BY random() LIMIT 1),
       '2024-01-01'::date + (random() * 365)::int, round((random() * 100 - 20)::numeric, 4),
       (ARRAY['EUR', 'USD', 'CNY'])[1 + floor(random() * 3)],
       CASE WHEN random() < 0.1 THEN round(random()::numeric + 0.01, 12) END,
       CASE WHEN random() < 0.3 THEN (SELECT max(customer_id) FROM customer) END
FROM generate_series(1, 2000) i;
CREATE TEMPORARY TABLE expected AS
SELECT date_trunc('month', incurred_on::timestamp)::date AS month_start,
       sum(round(amount * coalesce(fx, CASE e.currency WHEN 'EUR' THEN 1 ELSE f.to_base END), 4)) AS cost
FROM cost_entry e
LEFT JOIN (SELECT *, lead(valid_from, 1, 'infinity') OVER (PARTITION BY currency ORDER BY valid_from) AS valid_before
           FROM fx_rate) f
  ON f.currency = e.currency AND e.incurred_on >= f.valid_from AND e.incurred_on < f.valid_before
GROUP BY 1;
SELECT pg_temp.report();
SELECT results_eq($$
  SELECT date_trunc('month', incurred_on::timestamp)::date, sum(base_amount) FROM cost GROUP BY 1 ORDER BY 1
$$, 'SELECT * FROM expected ORDER BY 1', 'A1: the cost of each month is that of the ledger');
SELECT results_eq($$
  SELECT month_start, sum(cost) FROM cost_by_month GROUP BY 1 ORDER BY 1
$$, 'SELECT * FROM expected ORDER BY 1', 'A1: and so is cost_by_month');
SELECT is((SELECT count(*) FROM cost WHERE rate IS NULL),
          (SELECT count(*) FROM cost_entry WHERE fx IS NULL AND currency <> 'EUR' AND incurred_on < '2024-01-10'),
          'only what is older than the rates has none');
SELECT ok(crmcost.erase_customer('crm', max(customer_id)), 'A22: a customer is erased') FROM customer;
SELECT pg_temp.report();
SELECT results_eq($$
  SELECT month_start, sum(cost) FROM cost_by_month GROUP BY 1 ORDER BY 1
$$, 'SELECT * FROM expected ORDER BY 1', 'A22: and no total moves');

SELECT * FROM finish();
ROLLBACK;
