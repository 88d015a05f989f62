-- Plans, budgets and the programme's own return: planned beside actual, total
-- cost, return of investment, the page of outcome.
\set partitioned false
\ir ledger_setup.psql
CALL crmcost.ensure_partitions('crm', '2021-05-01', '2022-12-01');
SELECT no_plan();

CREATE FUNCTION pg_temp.spend(category text, day date, amount numeric,
                              customer bigint DEFAULT NULL, channel text DEFAULT NULL)
  RETURNS void LANGUAGE sql
  AS $$INSERT INTO crm.cost_entry (category_code, incurred_on, amount, currency, customer_id, channel_code)
       VALUES (category, day, amount, 'EUR', customer, channel)$$;
CREATE FUNCTION pg_temp.sell(customer bigint, ref text, at timestamptz, amount numeric, cogs numeric DEFAULT 0,
  channel text DEFAULT NULL)
  RETURNS void LANGUAGE sql AS $$
  INSERT INTO crm.customer (customer_id, source_key, first_seen_at, acquired_at, acquisition_channel)
  VALUES (customer, 'c' || customer, at, at, channel) ON CONFLICT DO NOTHING;
  INSERT INTO crm.sale (customer_id, order_ref, sold_at, amount, cogs, currency, channel_code)
  VALUES (customer, ref, at, amount, cogs, 'EUR', channel)$$;
-- a plan row: the year, month or day that the text names
CREATE FUNCTION pg_temp.plan(kind text, measure text, period daterange, amount numeric, scenario text DEFAULT 'default',
                             aspect text DEFAULT NULL, category text DEFAULT NULL, channel text DEFAULT NULL,
                               currency text DEFAULT NULL)
  RETURNS void LANGUAGE sql
  AS $$INSERT INTO crm.plan (kind, measure, period, amount, scenario, aspect, category_code, channel_code, currency)
       VALUES (kind, measure, period, amount, scenario, aspect, category, channel, currency)$$;
SAVEPOINT fresh;

-- G1, G2
SELECT pg_temp.spend(c, '2024-01-15', a) FROM (VALUES
  ('prg.tech.hw', 100000), ('prg.tech.sw', 200000), ('prg.people.education', 30000), ('prg.people.training', 50000),
  ('prg.process.change', 40000), ('prg.process.knowledge', 20000)) v (c, a);
SELECT pg_temp.spend('svc.support', '2024-01-15', 999);
CALL crmcost.refresh('crm', '2025-01-01');
SELECT results_eq($$
  SELECT parent_code, sum(cost) FROM programme_tco WHERE scenario = 'actual' GROUP BY ROLLUP (parent_code) ORDER BY 1
$$, $$ VALUES ('prg.people', 80000.0), ('prg.process', 60000.0), ('prg.tech', 300000.0), (NULL, 440000.0) $$,
  'G1: 300k of technology, 80k of people and 60k of process are 440k');
SELECT is((SELECT count(*) FROM programme_tco), 6::bigint, 'G2: from six leaves, and no cost of anything else');
SELECT is((SELECT sum(cost_share) FROM programme_tco), 1.0, 'G2: whose shares sum to 1');

-- G9
SELECT pg_temp.plan('budget', 'cost', '[2024-01-01,2025-01-01)', 450000, category => 'prg');
SELECT results_eq('SELECT budget, actual, variance, within_budget, currency FROM budget_variance',
  $$ VALUES (450000.0, 440000.0, -10000.0, true, 'EUR') $$, 'G9: 440 is within 450');
SELECT pg_temp.spend('prg.tech.sw', '2024-12-31', 10001);
CALL crmcost.refresh('crm', '2025-01-01');
SELECT results_eq('SELECT variance, within_budget, variance_rate FROM budget_variance',
  $$ VALUES (1.0, false, 0.000002) $$, 'G9: and 450,001 is not');
ROLLBACK TO fresh;

-- G3
SELECT pg_temp.plan('forecast', 'cost', '[2024-01-01,2025-01-01)', a, 'A', aspect)
FROM (VALUES ('sales', 100), ('marketing', 80), ('service', 70), ('support', 50)) v (aspect, a);
SELECT results_eq($$ SELECT aspect, sum(cost) FROM programme_tco WHERE scenario = 'A' GROUP BY ROLLUP (aspect)
  ORDER BY 1 $$,
  $$ VALUES ('marketing', 80.0), ('sales', 100.0), ('service', 70.0), ('support', 50.0), (NULL, 300.0) $$,
  'G3: four aspects and their sum');
ROLLBACK TO fresh;

-- G6, G8, G9
SELECT pg_temp.plan('forecast', m, '[2024-01-01,2025-01-01)', a, s, aspect)
FROM (VALUES ('A', 'sales', 'cost', 100), ('A', 'sales', 'revenue_gain', 150), ('A', 'marketing', 'cost', 200),
             ('A', 'marketing', 'revenue_gain', 160), ('A', 'marketing', 'cost_saving', 100),
             ('A', 'service', 'cost', 50), ('A', 'service', 'cost_saving', 90),
             ('B', NULL, 'cost', 400), ('B', NULL, 'cost_saving', 300), ('B', NULL, 'revenue_gain', 240)) v (s, aspect,
               m, a);
SELECT pg_temp.plan('budget', 'cost', '[2024-01-01,2025-01-01)', 380, category => 'prg');
SELECT results_eq($$ SELECT aspect, round(100 * roi, 2) FROM programme_roi WHERE scenario = 'A' ORDER BY cost $$,
  $$ VALUES ('service', 80.0), ('sales', 50.0), ('marketing', 30.0), ('(all)', 42.86) $$,
  'G6: 50, 30 and 80 % are combined 42.86 %, not their mean');
SELECT results_eq($$
  SELECT scenario, cost, benefit, round(100 * roi, 1), roi_rank::int, budget, within_budget FROM programme_roi
    WHERE aspect = '(all)' ORDER BY roi_rank
$$, $$ VALUES ('A', 350.0, 500.0, 42.9, 1, 380.0, true), ('B', 400.0, 540.0, 35.0, 2, 380.0, false) $$,
  'G8 and G9: vendor A returns 42.9 %, B 35.0 %, and A alone is within the budget');
SELECT is((SELECT count(*) FROM programme_roi WHERE scenario = 'B'), 1::bigint,
  'what names no aspect is in the figures for all only');
SELECT pg_temp.plan('budget', 'cost', '[2024-01-01,2025-01-01)', 420, 'B', category => 'prg.tech');
SELECT is((SELECT within_budget FROM programme_roi WHERE scenario = 'B'), true,
  'a scenario may have a budget of its own');
ROLLBACK TO fresh;

-- G7, and the costs and benefits of a year by month
SELECT pg_temp.plan('forecast', 'cost', '[2023-01-01,2024-01-01)', 440, 'A', category => 'prg');
SELECT pg_temp.plan('forecast', 'revenue_gain', p, a, 'A')
FROM (VALUES ('[2023-01-01,2024-01-01)'::daterange, 150), ('[2024-01-01,2025-01-01)', 200),
  ('[2025-01-01,2026-01-01)', 250)) v (p, a);
SELECT pg_temp.plan('forecast', 'cost', '[2023-01-01,2023-02-01)', 440, 'B', category => 'prg');
SELECT pg_temp.plan('forecast', 'cost_saving', daterange((m)::date, (m + interval '1 month')::date),
                    CASE extract(year FROM m) WHEN 2023 THEN 12.5 WHEN 2024 THEN 16.67 ELSE 20.83 END
                    - CASE WHEN extract(month FROM m) <= 4 AND extract(year FROM m) = 2024 THEN 0.01
                           WHEN extract(month FROM m) <= 4 AND extract(year FROM m) = 2025 THEN -0.01 ELSE 0 END, 'B')
FROM generate_series('2023-01-01'::timestamp, '2025-12-01', '1 month') m;
SELECT results_eq($$
  SELECT scenario, cost, benefit, round(npv, 2), round(100 * irr::numeric, 2), round(payback_years, 2),
    round(discounted_payback_years, 2) FROM programme_roi ORDER BY 1
$$, $$ VALUES ('A', 440.0, 600.0, 49.48, 15.76, 2.36, 2.74), ('B', 440.0, 600.0, 49.48, 15.76, 2.36, 2.74) $$,
  'G7: -440, 150, 200, 250 at 10 % are worth 49.48 and return 15.76 %, planned by year or by month');
UPDATE setting SET value = '0.20' WHERE key = 'discount_rate';
SELECT results_eq($$ SELECT scenario, round(npv, 2), discounted_payback_years FROM programme_roi ORDER BY 1 $$,
  $$ VALUES ('A', round(-440 + 150/1.2 + 200/1.44 + 250/1.728, 2), NULL::numeric), ('B', -31.44, NULL) $$,
    'at the rate of the setting, and never paid back');
DELETE FROM plan WHERE measure = 'cost';
SELECT results_eq($$ SELECT scenario, cost, roi, irr, payback_years FROM programme_roi ORDER BY 1 $$,
  $$ VALUES ('A', 0.0, NULL::numeric, NULL::numeric, 0.0), ('B', 0.0, NULL, NULL, 0.0) $$,
    'without cost there is no rate, and no division');
ROLLBACK TO fresh;

-- G5, G15: forecast against what came
SELECT pg_temp.plan('baseline', 'cost', '[2024-01-01,2025-01-01)', 6000, category => 'svc');
SELECT pg_temp.plan('baseline', 'revenue', '[2024-01-01,2025-01-01)', 40000);
SELECT pg_temp.plan('forecast', 'cost', '[2024-01-01,2025-01-01)', 10000, 'A');
SELECT pg_temp.plan('forecast', 'cost_saving', '[2024-01-01,2025-01-01)', 3000, 'A', 'service', 'svc');
SELECT pg_temp.plan('forecast', 'revenue_gain', '[2024-01-01,2025-01-01)', 15000, 'A');
SELECT pg_temp.plan('forecast', 'revenue_gain', '[2026-01-01,2027-01-01)', 20000, 'A');
SELECT pg_temp.spend('svc.support', '2024-05-05', 2700);
SELECT pg_temp.spend('prg.tech.sw', '2024-05-05', 9000);
SELECT pg_temp.sell(1, 'a', '2024-05-05', 52000);
CALL crmcost.refresh('crm', '2025-01-01');
SELECT results_eq($$
  SELECT aspect, actual_cost, actual_saving, actual_gain, round(actual_roi, 4), rows_without_actual::int
    FROM programme_roi ORDER BY aspect
$$, $$ VALUES ('(all)', 9000.0, 3300.0, 12000.0, 0.7, 1), ('service', NULL, 3300.0, NULL, NULL, 0) $$,
  'G5: 3,300 saved and 12,000 gained are 15,300, beside the 33,000 forecast');
SELECT results_eq($$
  SELECT measure, planned, actual, variance FROM plan_actual WHERE kind = 'forecast' AND measure <> 'cost'
    AND period_from = '2024-01-01' ORDER BY 1
$$, $$ VALUES ('cost_saving', 3000.0, 3300.0, 300.0), ('revenue_gain', 15000.0, 12000.0, -3000.0) $$,
  'G15: the variance is signed');
SELECT is((SELECT actual_roi FROM programme_roi WHERE aspect = 'service'), NULL, 'a benefit alone is no return');
SELECT is((SELECT actual FROM plan_actual WHERE period_from = '2026-01-01'), NULL,
  'a period that has not begun has no actual');
-- a baseline of another length counts for the days that both cover
SELECT pg_temp.plan('forecast', 'cost_saving', '[2024-05-01,2024-06-01)', 0, 'C', category => 'svc');
SELECT is((SELECT actual FROM plan_actual WHERE scenario = 'C'), round(6000 * 31 / 366.0, 4) - 2700,
  'a saving of a month against a baseline of a year');
DELETE FROM plan WHERE kind = 'baseline';
SELECT is((SELECT count(actual) FROM plan_actual WHERE measure IN ('cost_saving', 'revenue_gain')), 0::bigint,
  'without a baseline nothing is saved or gained');
ROLLBACK TO fresh;

-- G13: every measure against its fact
INSERT INTO campaign (code, channel_code, purpose, period, name)
  VALUES ('k', 'email', 'retention', '[2024-01-01,2025-01-01)', 'K');
INSERT INTO channel (code, parent_code, kind, name) VALUES ('email.news', 'email', 'owned', 'Newsletter');
SELECT pg_temp.sell(1, 'a', '2024-02-05', 100, channel => 'email');
SELECT pg_temp.sell(2, 'b', '2024-02-06', 200, channel => 'email.news');
SELECT pg_temp.sell(3, 'c', '2024-02-07', 400, channel => 'web');
SELECT pg_temp.sell(3, 'd', '2024-03-01', 1000, channel => 'web');
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, channel_code, campaign_code, n, score,
  handle_seconds) VALUES
  (1, '2024-02-08', 'survey', 'csat', 'email', NULL, 1, 4, NULL),
    (2, '2024-02-09', 'survey', NULL, 'phone', NULL, 3, 5, NULL),
  (3, '2024-02-09', 'survey', 'nps', 'phone', NULL, 1, 10, NULL),
    (1, '2024-02-10', 'ticket', NULL, 'phone', NULL, 1, NULL, 5400),
  (1, '2024-02-10', 'care', NULL, NULL, 'k', 1, NULL, 1800);
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, quantity, unit, channel_code, campaign_code)
  VALUES
  ('trn.course.service', '2024-02-11', 900, 'EUR', 60, 'hour', NULL, NULL),
    ('trn.trainer', '2024-02-11', 90, 'EUR', 5, 'day', NULL, NULL),
  ('acq.ads.web', '2024-02-11', 30, 'EUR', NULL, NULL, 'email.news', NULL),
    ('acq.ads.web', '2024-02-11', 7, 'EUR', NULL, NULL, NULL, 'k');
INSERT INTO plan (plan_id, kind, measure, period, amount, category_code, channel_code, campaign_code, aspect)
SELECT row_number() OVER (), 'target', m, '[2024-02-01,2024-03-01)', 50, c, h, k, a FROM (VALUES
  ('revenue', NULL, NULL, NULL, NULL), ('revenue', NULL, 'email', NULL, NULL), ('revenue', NULL, NULL, 'k', NULL),
  ('customers', NULL, NULL, NULL, NULL), ('customers', NULL, 'email', NULL, NULL), ('score', NULL, NULL, NULL, NULL),
  ('score', NULL, NULL, NULL, 'nps'), ('score', NULL, 'email', NULL, NULL), ('hours', NULL, NULL, NULL, NULL),
  ('hours', NULL, 'email', NULL, NULL), ('hours', 'trn', NULL, NULL, NULL), ('cost', NULL, NULL, NULL, NULL),
  ('cost', 'acq', 'email', NULL, NULL), ('cost', 'trn', NULL, NULL, NULL), ('cost', NULL, NULL, 'k', NULL),
  ('cost', NULL, NULL, NULL, 'sales'), ('cost', 'svc', NULL, NULL, NULL)) v (m, c, h, k, a);
CALL crmcost.refresh('crm', '2024-04-01');
SELECT results_eq('SELECT plan_id::int, actual FROM plan_actual ORDER BY 1', $$ VALUES
  (1, 700.0), (2, 300.0), (3, 0.0), (4, 3.0), (5, 2.0), (6, 4.75), (7, 100.0), (8, 4.0), (9, 2.0), (10, 0.5),
    (11, 60.0), (12, 1027.0),
  (13, 37.0), (14, 990.0), (15, 7.0), (16, NULL), (17, 0.0) $$,
  'G13: actual by measure, category and channel with what is below, and campaign; an aspect alone cannot be answered');
SELECT results_eq($$SELECT variance, variance_rate FROM plan_actual WHERE plan_id IN (1, 13) ORDER BY plan_id$$,
  $$ VALUES (650.0, 13.0), (-13.0, -0.26) $$, 'G13: and the gap to the target');
-- by tier: who was in it at the end of each month, by bucket; customer 3 rises to silver in March
INSERT INTO allocation_rule (category_code, driver) VALUES ('trn', 'revenue');
SELECT pg_temp.spend('svc.support', '2024-02-12', 11, 1);
CALL crmcost.refresh('crm', '2024-04-01');
INSERT INTO plan (plan_id, kind, measure, period, amount, category_code, tier_scheme, tier_code, channel_code)
SELECT 100 + row_number() OVER (), 'budget', m, CASE t WHEN 'silver' THEN '[2024-02-01,2024-04-01)'
  ELSE '[2024-02-01,2024-03-01)' END::daterange,
       50, c, 'loyalty', t, h FROM (VALUES
  ('cost', NULL, 'regular', NULL), ('cost', 'trn', 'regular', NULL), ('cost', NULL, 'silver', NULL),
    ('cost', 'svc.support', 'regular', NULL),
  ('revenue', NULL, 'silver', NULL), ('revenue', NULL, 'regular', 'email.news'), ('hours', NULL, 'regular', NULL),
    ('customers', NULL, 'regular', NULL),
  ('score', NULL, 'regular', NULL)) v (m, c, t, h);
SELECT results_eq('SELECT plan_id::int, actual FROM plan_actual WHERE plan_id > 100 ORDER BY 1', $$ VALUES
  (101, 1001.0), (102, 990.0), (103, 0.0), (104, NULL), (105, 1000.0), (106, NULL), (107, 2.0), (108, 3.0),
    (109, NULL) $$,
  'a tier has what its customers bear, by bucket, and what they bought; by channel or category, and of answers, it is not known');
SELECT results_eq($$ SELECT rows, example FROM plan_finding WHERE check_name = 'plan_without_facts' $$,
  $$ VALUES (3::bigint, 'row 104 asks for cost by tier and category') $$, 'which is reported');
-- a part of a month of a tier counts by its days
UPDATE plan SET period = '[2024-02-15,2024-03-01)' WHERE plan_id IN (101, 107);
SELECT results_eq('SELECT plan_id::int, round(actual, 4) FROM plan_actual WHERE plan_id IN (101, 107) ORDER BY 1',
  $$ VALUES (101, round(1001 * 15 / 29.0, 4)), (107, round(2 * 15 / 29.0, 4)) $$,
    'half a month of a tier is 15 of its 29 days');
ROLLBACK TO fresh;

-- C13
SELECT pg_temp.plan('budget', 'cost', '[2024-01-01,2025-01-01)', 100000, category => 'ret.loyalty');
SELECT results_eq($$ SELECT tier, budget FROM tier_budget WHERE scheme = 'abc' ORDER BY tier $$,
  $$ VALUES ('A', 55555.56), ('B', 33333.33), ('C', 11111.11) $$, 'C13: 100,000 at 5:3:1');
SELECT results_eq($$ SELECT scheme, sum(budget), sum(budget_by_customers) FROM tier_budget GROUP BY 1 ORDER BY 1 $$,
  $$ VALUES ('abc', 100000.0, NULL::numeric), ('loyalty', 100000.0, NULL), ('value', 100000.0, NULL) $$,
    'C13: exactly, in every scheme, and nothing to customers who are not there');
SELECT pg_temp.sell(1, 'a', '2024-02-05', 20000), pg_temp.sell(2, 'b', '2024-02-05', 10),
  pg_temp.sell(3, 'c', '2024-02-05', 10);
CALL crmcost.refresh('crm', '2024-04-01');
SELECT results_eq($$ SELECT tier, budget_by_customers FROM tier_budget WHERE scheme = 'loyalty' ORDER BY tier $$,
  $$ VALUES ('gold', 71428.57), ('regular', 28571.43), ('silver', 0.0) $$,
    'C13: or by the weights of the customers, one of 5 and two of 1');
UPDATE tier SET resource_weight = CASE WHEN scheme = 'abc' THEN 0 END WHERE scheme IN ('abc', 'value');
SELECT results_eq($$ SELECT scheme, count(budget)::int FROM tier_budget GROUP BY 1 ORDER BY 1 $$,
  $$ VALUES ('abc', 0), ('loyalty', 3) $$, 'weights of 0 leave it unallocated, tiers without a weight take no part');
ROLLBACK TO fresh;

-- D17, D18, G4, G21
SELECT pg_temp.sell(1, 'a', '2023-05-05', 1000000, 800000), pg_temp.sell(1, 'b', '2024-05-05', 1100000, 900000),
  pg_temp.sell(2, 'c', '2024-06-05', 100000, 50000),
       pg_temp.sell(1, 'd', '2024-12-31', 0.01);
UPDATE customer SET acquired_at = '2023-05-01', first_seen_at = '2023-05-01' WHERE customer_id = 1;
SELECT pg_temp.spend('ret.contact', '2023-05-05', 60), pg_temp.spend('ret.contact', '2024-05-05', 35),
  pg_temp.spend('acq.ads.web', '2024-05-05', 500);
SELECT pg_temp.plan('market', 'revenue', '[2023-01-01,2024-01-01)', 10000000),
  pg_temp.plan('market', 'revenue', '[2024-01-01,2025-01-01)', 8000000);
SELECT pg_temp.plan('target', 'revenue', '[2024-01-01,2025-01-01)', 1250000),
  pg_temp.plan('target', 'score', '[2024-01-01,2025-01-01)', 0.15, aspect => 'market_share'),
       pg_temp.plan('target', 'score', '[2024-01-01,2025-01-01)', 80, aspect => 'csat'),
         pg_temp.plan('target', 'score', '[2024-01-01,2025-01-01)', 0.4, aspect => 'repeat_rate'),
       pg_temp.plan('baseline', 'score', '[2023-07-01,2024-01-01)', 78),
         pg_temp.plan('baseline', 'cost', '[2024-01-01,2024-07-01)', 30);
UPDATE survey SET scale_to = 100, satisfied_from = 80, dissatisfied_to = 50 WHERE code = 'csat';
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, score, n) VALUES
  (1, '2024-07-01', 'survey', 'csat', 86, 2), (2, '2023-07-01', 'survey', 'csat', 10, 1),
    (1, '2024-07-02', 'survey', 'nps', 10, 50), (1, '2024-07-03', 'survey', 'nps', 7, 30),
    (2, '2024-07-02', 'survey', 'nps', 6, 20);
DELETE FROM sale WHERE order_ref = 'd';
SELECT pg_temp.sell(1, 'd', '2024-12-30', 0);
CALL crmcost.refresh('crm', '2024-12-31 23:59Z');
SELECT results_eq($$
  SELECT metric, value, baseline, target, delta, round(delta_rate, 3), status FROM kpi
    WHERE metric IN ('csat_mean', 'market_share', 'repeat_rate', 'revenue') ORDER BY family COLLATE "C", metric
$$, $$ VALUES
  ('repeat_rate', 0.5, 0.0, 0.4, 0.5, NULL, 'reached'),
    ('revenue', 1200000.0, 1000000.0, 1250000.0, 200000.0, 0.2, 'not reached'),
  ('csat_mean', 86.0, 78.0, 80.0, 8.0, 0.103, 'reached'), ('market_share', 0.15, 0.1, 0.15, 0.05, 0.5, 'reached') $$,
  'G21: four families, each with now, baseline and target; D17: 1.0m to 1.2m is +20 %; D18: share of the market');
SELECT results_eq($$ SELECT family, count(*)::int FROM kpi GROUP BY 1 ORDER BY 1 $$,
  $$ VALUES ('loyalty', 3), ('profit', 6), ('satisfaction', 5), ('share', 2) $$,
    'G21: all on one page, with or without data');
SELECT results_eq($$ SELECT metric, value, baseline, status FROM kpi
  WHERE metric IN ('cost', 'profit', 'nps', 'customers', 'retention_rate') ORDER BY 1 $$,
  $$ VALUES ('cost', 535.0, 60.0, 'worse'), ('customers', 1.0, 1.0, 'unchanged'), ('nps', 30.0, NULL, NULL),
    ('profit', 249465.0, 199940.0, 'better'), ('retention_rate', NULL, NULL, NULL) $$,
  'a baseline of half a year is brought to twelve months, without one it is the year before');
DELETE FROM cost_entry WHERE category_code = 'acq.ads.web';
CALL crmcost.refresh('crm', '2024-12-31 23:59Z');
UPDATE plan SET amount = 60, period = '[2024-01-01,2025-01-01)' WHERE kind = 'baseline' AND measure = 'cost';
SELECT is((SELECT round(100 * delta_rate, 1) FROM kpi WHERE metric = 'cost'), -41.7,
  'G4: from 60 to 35 is 41.7 % less');
SELECT is((SELECT status FROM kpi WHERE metric = 'cost'), 'better', 'G4: which is better');
SELECT is((SELECT round(100 * variance_rate, 1) FROM plan_actual WHERE kind = 'baseline' AND measure = 'cost'), -41.7,
  'G4: and so says plan_actual');
ROLLBACK TO fresh;
SELECT is((SELECT count(*) FROM kpi), 0::bigint, 'no page before the first refresh');
CALL crmcost.refresh('crm', '2024-12-31');
SELECT is((SELECT count(value) FROM kpi), 0::bigint, 'an empty ledger divides by nothing');

-- G22: a customer who is worth less than he costs to win
SELECT pg_temp.sell(1, 'a', '2024-01-10', 100, channel => 'search'),
  pg_temp.spend('acq.ads.web', '2024-01-05', 3000, channel => 'search');
CALL crmcost.refresh('crm', '2024-02-10');
SELECT is((SELECT value FROM kpi WHERE metric = 'ltv_cac'),
  (SELECT ltv_cac FROM acquisition_balance WHERE channel_code = '(all)'),
  'G22: the page of outcome says what acquisition_balance says');
SELECT is((SELECT status FROM kpi WHERE metric = 'ltv_cac'), 'alert', 'G22: and has an alert');
ROLLBACK TO fresh;

-- bad input
SELECT throws_ok($$ SELECT pg_temp.plan('budget', 'cost', '[2024-01-01,2024-01-01)', 1) $$, '23514', NULL,
  'an empty period is refused');
SELECT throws_ok($$ SELECT pg_temp.plan('budget', 'cost', '[2024-01-01,)', 1) $$, '23514', NULL,
  'an endless period is refused');
SELECT throws_ok($$ SELECT pg_temp.plan('hope', 'cost', '[2024-01-01,2024-02-01)', 1) $$, '23514', NULL,
  'an unknown kind is refused');
SELECT throws_ok($$ SELECT pg_temp.plan('budget', 'cost', '[2024-01-01,2024-02-01)', 1, category => 'nothing') $$,
  '23503', NULL, 'an unknown category is refused');
SELECT throws_ok($$ SELECT pg_temp.plan('budget', 'cost', '[2024-01-01,2024-02-01)', 1, currency => 'euro') $$,
  '23514', NULL, 'a currency of no three capital letters is refused');
SELECT throws_ok($$ SELECT pg_temp.plan('forecast', 'cost', '[2024-01-01,2024-02-01)', 1, 'actual') $$, '23514', NULL,
  'actual is no scenario: it is what was booked');
-- a currency without a rate: no figure rather than a wrong one
SELECT pg_temp.plan('budget', 'cost', '[2024-01-01,2024-02-01)', 10, category => 'svc', currency => 'SEK');
SELECT pg_temp.plan('forecast', 'cost', '[2024-01-01,2024-02-01)', 10, 'A', category => 'prg', currency => 'SEK');
SELECT pg_temp.plan('forecast', 'cost', '[2024-01-01,2024-02-01)', 10, 'A', category => 'prg', currency => 'USD');
INSERT INTO fx_rate VALUES ('USD', '2023-01-01', 0.5), ('USD', '2024-01-15', 9);
SELECT results_eq($$ SELECT currency, rate, base_amount FROM plan_base ORDER BY plan_id $$,
  $$ VALUES ('SEK', NULL::numeric, NULL::numeric), ('SEK', NULL, NULL), ('USD', 0.5, 5.0) $$,
    'the rate of the first day, or none');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT budget, actual, variance, within_budget FROM budget_variance',
  $$ VALUES (NULL::numeric, 0.0, NULL::numeric, NULL::boolean) $$, 'no budget without a rate');
SELECT is((SELECT cost FROM programme_roi), 5.0, 'and in no sum');
SELECT results_eq($$ SELECT severity, rows, example FROM plan_finding WHERE check_name = 'plan_without_rate' $$,
  $$ VALUES ('error', 2::bigint, 'no rate for SEK on 2024-01-01') $$, 'but reported');
-- the cost of A is 5 and another one: whatever comes of 20, nobody knows what it returns, or whether it fits in 6; in 4
-- it does not.  B has no known cost at all
SELECT pg_temp.plan('forecast', 'cost_saving', '[2024-01-01,2024-02-01)', 20, s, category => 'svc')
  FROM unnest('{A,B}'::text[]) s;
SELECT pg_temp.plan('forecast', 'cost', '[2024-02-01,2024-03-01)', 7, s, category => 'prg', currency => 'SEK')
  FROM unnest('{A,B}'::text[]) s;
SELECT pg_temp.plan('budget', 'cost', '[2024-01-01,2024-02-01)', 6, category => 'prg');
PREPARE returns AS SELECT scenario, cost, benefit, roi, npv, irr::numeric, payback_years, discounted_payback_years,
  within_budget FROM programme_roi ORDER BY 1;
SELECT results_eq('returns', $$ VALUES ('A', 5.0, 20.0, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric,
  NULL::numeric, NULL::boolean), ('B', NULL, 20.0, NULL, NULL, NULL, NULL, NULL, NULL) $$,
  'what a scenario returns is not known where a rate is missing');
SELECT results_eq('SELECT scenario, cost FROM programme_roi ORDER BY 1',
  'SELECT scenario, sum(cost) FROM programme_tco WHERE scenario <> ''actual'' GROUP BY 1 ORDER BY 1',
  'its cost is that of programme_tco');
UPDATE plan SET amount = 4 WHERE kind = 'budget' AND category_code = 'prg';
SELECT results_eq('SELECT scenario, within_budget FROM programme_roi ORDER BY 1',
  $$ VALUES ('A', false), ('B', NULL) $$, 'a known part that is over the budget is enough');
SELECT results_eq('SELECT max(roi_rank), max(npv_rank) FROM programme_roi', 'VALUES (1::bigint, 1::bigint)',
  'and none of them is before the other');
DELETE FROM plan WHERE kind = 'forecast' AND currency = 'SEK';
SELECT results_eq('SELECT scenario, roi, npv, within_budget FROM programme_roi ORDER BY 1',
  $$ VALUES ('A', 3.0, round(20 / 1.1 - 5, 4), false), ('B', NULL, round(20 / 1.1, 4), true) $$,
  'without such a row all of it is');
ROLLBACK TO fresh;
-- plans that overlap, and the same period twice
SELECT pg_temp.plan('budget', 'cost', '[2024-01-01,2024-07-01)', 10, category => 'svc'),
  pg_temp.plan('budget', 'cost', '[2024-06-01,2025-01-01)', 10, category => 'svc'),
       pg_temp.plan('budget', 'cost', '[2024-06-01,2025-01-01)', 10, 'B', category => 'svc'),
         pg_temp.plan('budget', 'hours', '[2024-06-01,2025-01-01)', 10, category => 'svc'),
       pg_temp.plan('target', 'cost', '[2024-06-01,2025-01-01)', 10, category => 'svc'),
         pg_temp.plan('target', 'cost', '[2024-06-01,2025-01-01)', 10, category => 'svc');
SELECT results_eq($$ SELECT severity, rows FROM plan_finding WHERE check_name = 'overlapping_plans' $$,
  $$ VALUES ('warning', 2::bigint) $$, 'two budgets and two targets of the same are reported');
SELECT is((SELECT rows FROM plan_finding WHERE check_name = 'overlapping_baselines'), 0::bigint,
  'which are no baselines');
-- a gap between periods: nothing is planned there, and nothing is compared
DELETE FROM plan;
SELECT pg_temp.plan('budget', 'cost', '[2024-01-01,2024-02-01)', 10, category => 'svc'),
  pg_temp.plan('budget', 'cost', '[2024-03-01,2024-04-01)', 10, category => 'svc');
SELECT pg_temp.spend('svc', d, 7) FROM unnest('{2024-01-31,2024-02-15,2024-03-01,2024-04-01}'::date[]) d;
CALL crmcost.refresh('crm', '2024-05-01');
SELECT results_eq('SELECT period_from, actual FROM budget_variance ORDER BY 1',
  $$ VALUES ('2024-01-01'::date, 7.0), ('2024-03-01', 7.0) $$, 'what lies between two periods is in neither');
-- an accrual counts in the months that it covers
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, covers)
  VALUES ('svc', '2023-12-15', 1200, 'EUR', '[2024-01-01,2025-01-01)');
CALL crmcost.refresh('crm', '2024-05-01');
SELECT results_eq('SELECT period_from, actual FROM budget_variance ORDER BY 1',
  $$ VALUES ('2024-01-01'::date, 107.0), ('2024-03-01', 107.0) $$, 'a cost that covers a year counts by month');
CALL crmcost.refresh('crm', '2024-01-17');
SELECT results_eq('SELECT period_from, budget_to_date, actual, budget_left FROM budget_variance ORDER BY 1',
  $$ VALUES ('2024-01-01'::date, round(10 * 16 / 31.0, 4), round(100 * 16 / 31.0, 2), 10 - round(100 * 16 / 31.0, 2)),
    ('2024-03-01', 0.0, NULL, 10.0) $$,
  'half of January''s budget and of what accrues in it by the 16th');
ROLLBACK TO fresh;

-- a year that runs: a baseline of 10 a day and 10 a day of cost save nothing, 30 more than 10 a day of revenue are a
-- gain of 30
SELECT pg_temp.plan('baseline', m, '[2023-01-01,2024-01-01)', 3650) FROM unnest('{cost,revenue}'::text[]) m;
SELECT pg_temp.plan('forecast', m, '[2023-01-01,2024-01-01)', 3650, 'A')
  FROM unnest('{cost_saving,revenue_gain}'::text[]) m;
SELECT pg_temp.spend('svc', d::date, 10),
  pg_temp.sell(1, 'o' || d, d, CASE WHEN d::date = '2023-02-01' THEN 40 ELSE 10 END)
FROM generate_series('2023-01-01'::timestamp, '2023-02-10', '1 day') d;
CALL crmcost.refresh('crm', '2023-02-06');
SELECT results_eq('SELECT measure, planned, planned_to_date, actual, variance FROM plan_actual WHERE scenario = $$A$$ ORDER BY 1',
  $$ VALUES ('cost_saving', 3650.0, 360.0, 0.0, -360.0), ('revenue_gain', 3650.0, 360.0, 30.0, -330.0) $$,
  'after 36 days nothing is saved and 30 are gained, of a plan of 360 to date and 3,650 in all');
SELECT results_eq('SELECT saving, saving_to_date, actual_saving, gain_to_date, actual_gain FROM programme_roi',
  $$ VALUES (3650.0, 360.0, 0.0, 360.0, 30.0) $$, 'and so for the programme');
-- a period that begins and ends within months goes by days, for every measure
SELECT pg_temp.plan('target', m, '[2023-01-10,2023-02-03)', 24, 'B') FROM unnest('{cost,revenue,customers}'::text[]) m;
SELECT results_eq('SELECT measure, planned_to_date, actual FROM plan_actual WHERE scenario = $$B$$ ORDER BY 1',
  $$ VALUES ('cost', 24.0, 240.0), ('customers', 24.0, 0.0), ('revenue', 24.0, 270.0) $$,
    'the 24 days from 10 January to 2 February');
ROLLBACK TO fresh;

-- scenarios are never added, and within one a fact counts once: a budget on a parent contains those on its children
SELECT pg_temp.plan('budget', 'cost', '[2024-01-01,2025-01-01)', 450, category => 'prg'),
  pg_temp.plan('budget', 'cost', '[2024-02-01,2024-08-01)', 300, category => 'prg.tech'),
       pg_temp.plan('budget', 'cost', '[2024-02-01,2024-08-01)', 100, category => 'prg.tech.sw'),
         pg_temp.plan('budget', 'cost', '[2024-01-01,2025-01-01)', 7, 'B', category => 'prg');
SELECT pg_temp.plan('forecast', 'cost', '[2024-01-01,2025-01-01)', 440, s, category => 'prg'),
  pg_temp.plan('forecast', 'cost', '[2024-01-01,2024-07-01)', 200, s, category => 'prg.tech'),
       pg_temp.plan('forecast', 'revenue_gain', '[2024-01-01,2025-01-01)', 880, s) FROM unnest('{A,B}'::text[]) s;
SELECT pg_temp.spend('prg.tech.sw', '2024-02-05', 100), pg_temp.spend('prg.process', '2024-02-05', 50);
CALL crmcost.refresh('crm', '2025-01-01');
SELECT results_eq('SELECT scenario, cost, roi, budget, within_budget, actual_cost FROM programme_roi ORDER BY 1',
  $$ VALUES ('A', 440.0, 1.0, 450.0, true, 150.0), ('B', 440.0, 1.0, 7.0, false, 150.0) $$,
    'nested budgets are 450, not 850, nested forecasts 440, not 640, and cost that two rows name counts once');
SELECT results_eq('SELECT scenario, sum(cost) FROM programme_tco GROUP BY 1 ORDER BY 1',
  $$ VALUES ('A', 440.0), ('B', 440.0), ('actual', 150.0) $$, 'total cost likewise');
SELECT results_eq($$ SELECT category_code, budget, actual FROM budget_variance
  WHERE scenario = 'default' AND container_id IS NULL $$, $$ VALUES ('prg', 450.0, 150.0) $$,
  'budget_variance names the rows that count in a total');
SELECT is((SELECT count(*) FROM budget_variance), 4::bigint, 'and has them all');
SELECT is((SELECT sum(rows) FROM plan_finding), 0::numeric, 'what is nested is no overlap');
-- what meets and cannot be nested is a finding: a category on all channels, a channel for all categories
SELECT pg_temp.plan('budget', 'cost', '[2024-01-01,2025-01-01)', 10, 'C', category => 'acq'),
  pg_temp.plan('budget', 'cost', '[2024-01-01,2025-01-01)', 20, 'C', channel => 'email');
SELECT results_eq($$ SELECT rows, amount FROM plan_finding WHERE check_name = 'overlapping_plans' $$,
  $$ VALUES (1::bigint, 20.0) $$, 'a category and a channel overlap');
ROLLBACK TO fresh;

-- of two baselines for a day the later row holds, and a baseline of the scenario comes before that of plan_scenario
SELECT pg_temp.plan('baseline', 'cost', '[2023-01-01,2024-01-01)', 3650, category => 'svc'),
  pg_temp.plan('baseline', 'cost', '[2023-01-11,2023-01-21)', 200, category => 'svc'),
       pg_temp.plan('baseline', 'cost', '[2023-01-01,2024-01-01)', 7300, 'B', category => 'svc');
SELECT pg_temp.plan('forecast', 'cost_saving', '[2023-01-01,2023-02-01)', 100, s, category => 'svc')
  FROM unnest('{A,B}'::text[]) s;
SELECT pg_temp.spend('svc', '2023-01-15', 30);
CALL crmcost.refresh('crm', '2023-02-01');
SELECT results_eq($$ SELECT scenario, actual FROM plan_actual WHERE kind = 'forecast' ORDER BY 1 $$,
  $$ VALUES ('A', 21 * 10 + 10 * 20 - 30.0), ('B', 31 * 20 - 30.0) $$,
  'each day has one baseline, and the cost counts once');
SELECT results_eq($$ SELECT rows, amount FROM plan_finding WHERE check_name = 'overlapping_baselines' $$,
  $$ VALUES (0::bigint, NULL::numeric) $$, 'a baseline inside of another is nested');
ROLLBACK TO fresh;

-- names that match nothing
SELECT pg_temp.plan('target', 'score', '[2024-01-01,2025-01-01)', 1, aspect => a)
  FROM unnest('{csat,nps,satisfacton,market_share}'::text[]) a;
SELECT pg_temp.plan('target', 'hours', '[2024-01-01,2025-01-01)', 1, category => c)
  FROM unnest('{trn,svc,ret}'::text[]) c;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, quantity, unit)
  VALUES ('trn.trainer', '2024-03-01', 1, 'EUR', 1, 'h'), ('svc.support', '2024-03-01', 1, 'EUR', 1, 'hour'),
  ('svc.repair', '2024-03-01', 1, 'EUR', 1, 'piece');
CALL crmcost.refresh('crm', '2024-04-01');
SELECT results_eq($$ SELECT check_name, rows FROM plan_finding WHERE rows > 0 ORDER BY 1 $$,
  $$ VALUES ('plan_unknown_aspect', 1::bigint), ('plan_unknown_unit', 1) $$,
  'a survey that nobody answers and no metric is, and hours of what is bought by another unit');
SELECT is((SELECT example FROM plan_finding WHERE check_name = 'plan_unknown_unit') LIKE 'hours of trn % by h', true,
  'with the unit that is there');
ROLLBACK TO fresh;

-- complete months against complete months: 100 a day are the same on every day of the month
SELECT pg_temp.sell(1, 'o' || d, d, 100) FROM generate_series('2021-05-01'::timestamp, '2023-07-01', '1 day') d;
CALL crmcost.refresh('crm', '2023-06-03');
SELECT results_eq($$ SELECT value, baseline, delta_rate, status, period_from, period_to, baseline_from, baseline_to,
  as_of FROM kpi WHERE metric = 'revenue' $$,
  $$ VALUES (36500.0, 36500.0, 0.0, 'unchanged', '2022-06-01'::date, '2023-05-31'::date, '2021-06-01'::date,
    '2022-05-31'::date, '2023-06-02'::date) $$, 'on 2 June sales of 100 a day did not change');
CALL crmcost.refresh('crm', '2023-07-01');
SELECT results_eq($$ SELECT value, period_from, period_to FROM kpi WHERE metric = 'revenue' $$,
  $$ VALUES (36500.0, '2022-07-01'::date, '2023-06-30'::date) $$, 'June is complete on its last day');
CALL crmcost.refresh('crm', '2023-06-30 12:00Z');
SELECT is((SELECT period_to FROM kpi WHERE metric = 'revenue'), '2023-06-30'::date,
  'whose evening is the end of the report');
ROLLBACK TO fresh;

-- who stays: of three customers at the beginning of 2024 one comes again; one is new in the year; churn after 180 days
SELECT pg_temp.sell(1, 'a', '2023-12-01', 10), pg_temp.sell(2, 'b', '2023-12-01', 10),
  pg_temp.sell(3, 'c', '2023-08-01', 10), pg_temp.sell(4, 'd', '2024-10-01', 10),
       pg_temp.sell(1, 'e', '2024-12-01', 10), pg_temp.sell(5, 'f', '2022-01-01', 10),
         pg_temp.sell(4, 'g', '2024-11-01', 10);
CALL crmcost.refresh('crm', '2025-01-01');
SELECT results_eq($$ SELECT metric, value FROM kpi WHERE metric IN ('repeat_rate', 'retention_rate') ORDER BY 1 $$,
  $$ VALUES ('repeat_rate', 0.5), ('retention_rate', round(1 / 3.0, 6)) $$,
  'of three who were customers one still is; of two who bought one did again');
CALL crmcost.refresh('crm', '2025-01-20');
SELECT results_eq($$ SELECT metric, value FROM kpi WHERE metric IN ('repeat_rate', 'retention_rate') ORDER BY 1 $$,
  $$ VALUES ('repeat_rate', 0.5), ('retention_rate', round(1 / 3.0, 6)) $$, 'the same in the days after');
-- a late order changes it, as a full refresh would
SELECT pg_temp.sell(2, 'late', '2024-09-01', 10);
CALL crmcost.refresh('crm', '2025-01-20');
SELECT results_eq($$ SELECT metric, value FROM kpi WHERE metric IN ('repeat_rate', 'retention_rate') ORDER BY 1 $$,
  $$ VALUES ('repeat_rate', round(1 / 3.0, 6)), ('retention_rate', round(2 / 3.0, 6)) $$, 'and follow the news');
ROLLBACK TO fresh;

-- satisfaction: share of satisfied answers, the mean within one survey, the last answer of a day
SELECT pg_temp.sell(1, 'a', '2024-01-10', 10), pg_temp.sell(2, 'b', '2024-01-10', 10);
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, score)
  VALUES (1, '2024-01-11 10:00Z', 'survey', 'csat', 1), (1, '2024-01-11 11:00Z', 'survey', 'csat', 5),
  (2, '2024-01-11', 'survey', 'csat', 3),
  (1, '2024-01-12', 'survey', 'ces', 7), (1, '2024-01-12', 'survey', 'nps', NULL),
    (2, '2024-01-12', 'survey', 'nps', 9);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT metric, value FROM kpi WHERE metric IN ('csat_mean', 'csat_rate', 'nps') ORDER BY 1 $$,
  $$ VALUES ('csat_mean', 4.0), ('csat_rate', 0.5), ('nps', 100.0) $$,
  'one of two is satisfied, at 4 of 5; who did not answer is no detractor');
SELECT pg_temp.plan('target', 'score', '[2024-01-01,2024-02-01)', 1, aspect => a)
  FROM unnest('{csat,csat_rate,csat_mean,nps,ces}'::text[]) a;
SELECT results_eq('SELECT aspect, actual FROM plan_actual ORDER BY 1',
  $$ VALUES ('ces', 7.0), ('csat', 4.0), ('csat_mean', 4.0), ('csat_rate', 0.5), ('nps', 100.0) $$,
  'and plans are compared with the same');

SELECT * FROM finish();
ROLLBACK;
