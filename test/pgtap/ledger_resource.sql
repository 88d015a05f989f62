-- What cost is driven by, and whether resources follow value: drivers of cost,
-- resources and profit by tier, the mix of customers, price sensitivity.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();

CREATE FUNCTION pg_temp.spend(category text, day date, amount numeric, quantity numeric DEFAULT NULL,
  channel text DEFAULT NULL, customer bigint DEFAULT NULL)
  RETURNS void LANGUAGE sql
  AS $$INSERT INTO crm.cost_entry (category_code, incurred_on, amount, currency, quantity, unit, channel_code,
    customer_id)
       VALUES (category, day, amount, 'EUR', quantity, CASE WHEN quantity IS NOT NULL THEN 'call' END, channel,
         customer)$$;
CREATE FUNCTION pg_temp.sell(customer bigint, ref text, at timestamptz, amount numeric, cogs numeric DEFAULT 0,
  quantity numeric DEFAULT 1,
                             product text DEFAULT 'p', discount numeric DEFAULT 0, channel text DEFAULT NULL)
  RETURNS void LANGUAGE sql AS $$
  INSERT INTO crm.customer (customer_id, source_key, first_seen_at, acquired_at, acquisition_channel)
  VALUES (customer, 'c' || customer, '2023-01-01', at, channel) ON CONFLICT DO NOTHING;
  INSERT INTO crm.sale (customer_id, order_ref, sold_at, amount, cogs, currency, quantity, product_code, discount)
  VALUES (customer, ref, at, amount, cogs, 'EUR', quantity, product, discount)$$;
CREATE VIEW pg_temp.driver AS
SELECT month_start, category_code, channel_code, volume_effect, rate_effect, mix_effect, total_change
  FROM crm.cost_driver;
SAVEPOINT fresh;

-- A26
SELECT pg_temp.spend('svc.support', '2024-01-10', 600, 60), pg_temp.spend('svc.support', '2024-01-20', 400, 40),
  pg_temp.spend('svc.support', '2024-02-10', 1080, 120);
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq('SELECT volume_before, volume, volume_effect, rate_effect, mix_effect, total_change FROM cost_driver',
  $$ VALUES (100.0, 120.0, 200.0, -120.0, 0.0, 80.0) $$,
    'A26: 100 at 10, then 120 at 9: +200 by volume, -120 by rate, +80 in all');
-- the month after: nothing booked, and the one after that
SELECT pg_temp.spend('svc.support', '2024-04-10', 50, 5);
CALL crmcost.refresh('crm', '2024-05-01');
SELECT results_eq('SELECT month_start, volume_effect, rate_effect, mix_effect, total_change FROM cost_driver ORDER BY 1',
  $$ VALUES ('2024-02-01'::date, 200.0, -120.0, 0.0, 80.0), ('2024-03-01', -1080.0, 0.0, 0.0, -1080.0),
    ('2024-04-01', 50.0, 0.0, 0.0, 50.0) $$,
  'what ends and what begins is volume');
ROLLBACK TO fresh;
-- calls move from a dear channel to a cheap one at unchanged prices
SELECT pg_temp.spend('svc.support', '2024-01-10', 1000, 100, 'phone'),
  pg_temp.spend('svc.support', '2024-01-10', 100, 100, 'chat'),
       pg_temp.spend('svc.support', '2024-02-10', 500, 50, 'phone'),
         pg_temp.spend('svc.support', '2024-02-10', 150, 150, 'chat');
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq('SELECT channel_code, volume_effect, rate_effect, mix_effect, total_change FROM pg_temp.driver ORDER BY 1',
  $$ VALUES ('chat', 0.0, 0.0, 50.0, 50.0), ('phone', 0.0, 0.0, -500.0, -500.0) $$,
    'A26: a shift to the cheaper channel is mix');
-- a channel that is new is mix as well; a unit that was counted in neither month is rate
SELECT pg_temp.spend('svc.support', '2024-02-10', 40, 10, 'email'), pg_temp.spend('ret.contact', '2024-01-01', 10),
  pg_temp.spend('ret.contact', '2024-02-01', 15);
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq($$SELECT category_code, channel_code, volume_effect, rate_effect, mix_effect FROM pg_temp.driver
  WHERE channel_code = 'email' OR category_code = 'ret.contact' ORDER BY 1$$,
  $$ VALUES ('ret.contact', '(unknown)', 0.0, 5.0, 0.0), ('svc.support', 'email', 0.0, 0.0, 40.0) $$,
    'a new channel is mix, cost without any volume is rate');
ROLLBACK TO fresh;
-- without quantities: customers acquired, by channel, or active customers
SELECT pg_temp.sell(i, 'o' || i, '2024-01-10', 10, channel => 'search') FROM generate_series(1, 10) i;
SELECT pg_temp.sell(i, 'o' || i, '2024-02-10', 10, channel => 'search') FROM generate_series(11, 22) i;
SELECT pg_temp.spend('acq.ads.web', '2024-01-10', 1000, channel => 'search'),
  pg_temp.spend('acq.ads.web', '2024-02-10', 1080, channel => 'search'),
       pg_temp.spend('ret.contact', '2024-01-10', 1000, channel => 'email'),
         pg_temp.spend('ret.contact', '2024-02-10', 1080, channel => 'email');
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq('SELECT category_code, unit, volume_before, volume, volume_effect, rate_effect, mix_effect FROM cost_driver ORDER BY 1',
  $$ VALUES ('acq.ads.web', 'new customer', 10.0, 12.0, 200.0, -120.0, 0.0),
    ('ret.contact', 'active customer', 10.0, 12.0, 200.0, -120.0, 0.0) $$,
  'A26: volume is customers acquired or active where nothing was counted');
ROLLBACK TO fresh;
-- each customer counts once: cost of no known channel is for all 20 and then 24, beside that of search, whose 10 stay
-- 10
SELECT pg_temp.sell(i, 'o' || i, '2024-01-10', 10, channel => CASE WHEN i <= 10 THEN 'search' ELSE 'social' END)
  FROM generate_series(1, 20) i;
SELECT pg_temp.sell(i, 'o' || i, '2024-02-10', 10, channel => CASE WHEN i <= 30 THEN 'search' ELSE 'social' END)
  FROM generate_series(21, 44) i;
SELECT pg_temp.spend('acq.ads.web', d, 1000, channel => h) FROM unnest('{2024-01-10,2024-02-10}'::date[]) d,
  unnest('{search,NULL}'::text[]) h;
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq('SELECT channel_code, volume_before, volume, volume_effect, rate_effect, mix_effect, total_change FROM cost_driver ORDER BY 1',
  $$ VALUES ('(unknown)', 20.0, 24.0, 200.0, -200.0, 0.0, 0.0), ('search', 10.0, 10.0, 0.0, 0.0, 0.0, 0.0) $$,
    'four customers more for the same money are +200 by volume and -200 by rate');
-- a month that is not over is compared with nothing
CALL crmcost.refresh('crm', '2024-02-29');
SELECT is((SELECT count(*) FROM cost_driver), 0::bigint, 'a month that is not over is compared with nothing');
ROLLBACK TO fresh;
-- random cost: the effects sum to the change, and the changes to what was booked
SELECT pg_temp.spend(c, '2024-01-01'::date + (random() * 180)::int, round((random() * 100 - 10)::numeric, 2),
  CASE WHEN random() < 0.7 THEN floor(random() * 10)::numeric END, h)
FROM generate_series(1, 400),
  LATERAL (SELECT (ARRAY['svc.support', 'svc.repair', 'acq.ads.web'])[1 + floor(random() * 3)] AS c,
  (ARRAY['phone', 'chat', NULL])[1 + floor(random() * 3)] AS h) v;
CALL crmcost.refresh('crm', '2024-07-01');
SELECT is((SELECT count(*) FROM cost_driver WHERE volume_effect + rate_effect + mix_effect <> total_change), 0::bigint,
  'the effects sum to the change');
SELECT results_eq('SELECT month_start, sum(total_change) FROM cost_driver GROUP BY 1 ORDER BY 1',
  $$ SELECT m, sum(c) - lag(sum(c)) OVER (ORDER BY m)
    FROM (SELECT date_trunc('month', incurred_on::timestamp)::date AS m, amount AS c FROM cost_entry) e GROUP BY m
    ORDER BY m OFFSET 1 $$,
  'and the changes to those of all cost');
ROLLBACK TO fresh;

-- A27
SELECT pg_temp.spend('acq.ads.web', m, a, channel => 'search')
  FROM (VALUES ('2024-01-15'::date, 10), ('2024-02-15', 10), ('2024-03-15', 10), ('2024-04-15', 16),
  ('2024-05-15', 10.5)) v (m, a);
-- not known, and so no month of 0
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, channel_code)
  VALUES ('acq.ads.web', '2023-12-15', 9, 'USD', 'search');
CALL crmcost.refresh('crm', '2024-06-01');
SELECT results_eq('SELECT month_start, mom_rate, z_score, unusual FROM cost_by_month WHERE month_start BETWEEN $$2024-01-01$$ AND $$2024-04-01$$ ORDER BY 1',
  $$ VALUES ('2024-01-01'::date, NULL::numeric, NULL::numeric, NULL::boolean), ('2024-02-01', 0.0, NULL, NULL),
    ('2024-03-01', 0.0, NULL, NULL), ('2024-04-01', 0.6, NULL, true) $$,
  'A27: 10, 10, 10, 16 is 60 % more than the month before, and flagged');
-- mean 11.5, standard deviation 3
SELECT results_eq('SELECT round(z_score, 6), unusual FROM cost_by_month WHERE month_start = $$2024-05-01$$',
  $$ VALUES (round(-1 / 3.0, 6), false) $$, 'A27: 10.5 after 10, 10, 10, 16 is a third of a standard deviation less');
ROLLBACK TO fresh;

-- time-driven costing: 560,000 for 700,000 practical minutes (Kaplan and Anderson, Time-Driven Activity-Based Costing)
SELECT pg_temp.sell(i, 'o' || i, '2024-01-10', 100) FROM generate_series(1, 3) i;
INSERT INTO activity_time (kind, subtype, minutes) VALUES ('sales', 'order', 40), ('complaint', '', 220),
  ('ticket', 'credit check', 250);
INSERT INTO capacity (category_code, period, minutes) VALUES ('svc.support', '[2024-01-01,2024-02-01)', 700000);
INSERT INTO allocation_rule (category_code, driver) VALUES ('svc.support', 'handle_time');
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, n) VALUES (1, '2024-01-10', 'sales', 'order', 9800),
  (2, '2024-01-11', 'complaint', NULL, 280), (3, '2024-01-12', 'ticket', 'credit check', 500);
SELECT pg_temp.spend('svc.support', '2024-01-31', 560000);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT customer_id::int, allocated_cost FROM customer_cost WHERE allocated_cost <> 0 ORDER BY 1',
  $$ VALUES (1, 313600.0), (2, 49280.0), (3, 100000.0) $$,
  'A24: 0.80 a minute makes 32 an order, 176 a complaint, 200 a credit check');
SELECT results_eq('SELECT allocated_cost, unused_cost, unallocated_cost FROM cost_pool',
  $$ VALUES (462880.0, 97120.0, 0.0) $$, 'A24: 121,400 minutes that nobody used cost 97,120');
ROLLBACK TO fresh;

-- C11, C12, C14, C17: two customers in A and C
INSERT INTO tier (scheme, code, rank, basis, name, account_manager, discount_rate)
  VALUES ('hand', 'A', 1, 'manual', 'A', true, 0.15), ('hand', 'B', 2, 'manual', 'B', true, NULL),
  ('hand', 'C', 3, 'manual', 'C', false, 0.05);
SELECT pg_temp.sell(1, 'a', '2024-01-10', 880, 0, discount => 120), pg_temp.sell(2, 'b', '2024-01-10', 290),
  pg_temp.sell(2, 'c', '2024-01-11', 94, discount => 6), pg_temp.sell(2, 'e', '2024-01-12', 95, discount => 5);
INSERT INTO classification (customer_id, dimension, entered_at, code) VALUES (1, 'hand', '2024-01-10', 'A'),
  (2, 'hand', '2024-01-10', 'C'), (1, 'owner', '2024-01-10', 'best');
SELECT pg_temp.spend('svc.support', '2024-01-20', 80, customer => 1),
  pg_temp.spend('svc.support', '2024-01-20', 429, customer => 2);
INSERT INTO plan (kind, measure, period, amount, tier_scheme, tier_code)
  VALUES ('budget', 'cost', '[2024-01-01,2024-02-01)', 100, 'hand', 'A');
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, agent_code, score, handle_seconds, automated, n)
  VALUES
  (1, '2024-01-15', 'ticket', NULL, 'best', NULL, 400 * 3600, false, 10),
    (2, '2024-01-15', 'ticket', NULL, 'other', NULL, 200 * 3600, false, 1),
    (2, '2024-01-15', 'ticket', NULL, NULL, NULL, NULL, true, 3),
  (1, '2024-01-16', 'survey', 'csat', 'best', 5, NULL, false, 1),
    (2, '2024-01-16', 'survey', 'csat', 'other', 3, NULL, true, 1);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT tier, customers::int, hours, profit, profit_per_hour FROM tier_resource
  WHERE scheme = 'hand' ORDER BY 1 $$,
  $$ VALUES ('A', 1, 400.0, 800.0, 2.0), ('B', 0, 0.0, 0.0, NULL), ('C', 1, 200.0, 50.0, 0.25) $$,
    'C17: 800 from 400 hours are 2.0 an hour, 50 from 200 are 0.25');
SELECT results_eq($$ SELECT tier, budget, spend, round(spend_share, 4), round(profit_share, 4), profit_per_cost
  FROM tier_resource WHERE scheme = 'hand' AND customers > 0 ORDER BY 1 $$,
  $$ VALUES ('A', 100.0, 80.0, round(80 / 509.0, 4), round(800 / 850.0, 4), 10.0),
    ('C', NULL, 429.0, round(429 / 509.0, 4), round(50 / 850.0, 4), round(50 / 429.0, 6)) $$,
    'C17: budget beside spend, share of cost beside share of profit');
SELECT results_eq($$ SELECT spend, spend_share, profit_share FROM tier_resource WHERE scheme = 'hand' AND tier = 'B' $$,
  'VALUES (0.0, 0.0, 0.0)', 'C17: a tier without customers has no part of either');
SELECT results_eq($$ SELECT tier, agent_score, without_owner::int, best_agent_share, automated_share FROM tier_resource
  WHERE scheme = 'hand' ORDER BY 1 $$,
  $$ VALUES ('A', 5.0, 0, 1.0, 0.0), ('B', NULL, 0, NULL, NULL), ('C', 3.0, NULL, 0.0, 0.75) $$,
    'C11 and C12: the best agents and an owner for A, automation for C');
SELECT results_eq($$ SELECT tier, discount, round(discount_rate, 4), discount_limit, breaches::int FROM tier_resource
  WHERE scheme = 'hand' ORDER BY 1 $$,
  $$ VALUES ('A', 120.0, 0.12, 0.15, 0), ('B', 0.0, NULL, NULL, 0), ('C', 11.0, round(11 / 490.0, 4), 0.05, 1) $$,
    'C14: 12 % is allowed to A, 6 % to C is a breach and 5 % is not');
SELECT results_eq($$ SELECT tier, budget, budget_to_date, budget_actual FROM tier_resource
  WHERE scheme = 'hand' AND tier = 'A' $$, $$ VALUES ('A', 100.0, 100.0, 80.0) $$,
  'C17: the budget of the tier and what came of it');
-- a contact is what somebody, or a machine, of ours handled: not what a customer does or answers, nor advertising
SAVEPOINT worked;
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, agent_code, score, automated, n) VALUES
  (1, '2024-01-17', 'behavior', 'visit', NULL, NULL, true, 900), (1, '2024-01-17', 'touch', 'newsletter', NULL, NULL, true, 50),
  (1, '2024-01-17', 'referral', NULL, NULL, NULL, true, 7), (2, '2024-01-17', 'touch', 'impression', NULL, NULL, false, 200000),
  (2, '2024-01-17', 'survey', 'nps', 'other', 9, true, 30), (2, '2024-01-17', 'behavior', 'cart', 'best', NULL, false, 40);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT tier, agent_score, automated_share FROM tier_resource
  WHERE scheme = 'hand' AND customers > 0 ORDER BY 1 $$, $$ VALUES ('A', 5.0, 0.0), ('C', 3.0, 0.75) $$,
    'C12: visits, answers, recommendations and advertising are no contacts');
SELECT results_eq($$ SELECT agent_code, interactions FROM agent_performance WHERE agent_code <> '(unknown)' ORDER BY 1 $$,
  $$ VALUES ('best', 10::bigint), ('other', 1) $$, 'nor of an agent');
SELECT is((SELECT sum(interactions) FROM customer_360), 10 + 1 + 3 + 2 + 900 + 50 + 7 + 200000 + 30 + 40.0,
  'all that happened is counted where interactions are');
INSERT INTO interaction (customer_id, occurred_at, kind, agent_code, n) VALUES (2, '2024-01-18', 'touch', 'other', 4),
  (2, '2024-01-18', 'sales', 'best', 2), (2, '2024-01-18', 'care', 'best', 1), (2, '2024-01-18', 'complaint', 'best', 3),
  (2, '2024-01-18', 'return', 'best', 6);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT agent_score, automated_share FROM tier_resource WHERE scheme = 'hand' AND tier = 'C' $$,
  'VALUES (round((5 * 3 + 12 * 5) / 17.0, 6), 0.15)',
    'C12: letters and calls of an agent are, and care, offers, complaints and returns; 3 of 20 by a machine');
CALL crmcost.verify('crm');
ROLLBACK TO worked;
-- budgets of another scenario are not added
INSERT INTO plan (scenario, kind, measure, period, amount, tier_scheme, tier_code)
  VALUES ('B', 'budget', 'cost', '[2024-01-01,2024-02-01)', 999, 'hand', 'A');
SELECT is((SELECT budget FROM tier_resource WHERE scheme = 'hand' AND tier = 'A'), 100.0,
  'of the scenario of plan_scenario');
UPDATE setting SET value = 'B' WHERE key = 'plan_scenario';
SELECT is((SELECT budget FROM tier_resource WHERE scheme = 'hand' AND tier = 'A'), 999.0, 'whichever that is');
-- what a correction takes back is no breach: a line of 20 %, and one of two
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, amount, discount, quantity, currency, product_code) VALUES
  (2, 'm', 1, '2024-01-13', 80, 20, 1, 'EUR', 'p'), (2, 'm', 2, '2024-01-13', -80, -20, -1, 'EUR', 'p'),
  (2, 'n', 1, '2024-01-13', 80, 20, 1, 'EUR', 'p'), (2, 'n', 2, '2024-01-13', 80, 20, 1, 'EUR', 'p'),
    (2, 'n', 3, '2024-01-14', -80, -20, -1, 'EUR', 'p');
INSERT INTO sale (customer_id, order_ref, line_no, kind, sold_at, amount, discount, quantity, currency, product_code)
  VALUES (2, 'n', 4, 'refund', '2024-01-15', -80, 0, -1, 'EUR', 'p');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT tier, breaches::int FROM tier_resource WHERE scheme = 'hand' ORDER BY 1 $$,
  $$ VALUES ('A', 0), ('B', 0), ('C', 2) $$, 'C14: a correction takes the breach back, a refund does not');
SELECT results_eq($$ SELECT discount, discount_rate FROM tier_resource WHERE scheme = 'hand' AND tier = 'C' $$,
  $$ VALUES (31.0, round(31 / 590.0, 6)) $$,
    'C14: 6, 5 and 20 off 290, 100, 100 and 100; what is given back was no discount');
-- five agents with scores of 5, 5, 5, 3, 3: the three are equally good, and nobody is left out by his name
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, agent_code, score) SELECT 1, d::date + 13, 'survey',
  'csat', a, s FROM (VALUES ('2024-01-01', 'x', 5), ('2024-01-02', 'y', 5), ('2024-01-05', 'z', 3)) v (d, a, s);
INSERT INTO classification (customer_id, dimension, entered_at, code) SELECT 2, 'owner', '2024-01-20', 'y';
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT tier, best_agent_share FROM tier_resource WHERE scheme = 'hand' ORDER BY 1 $$,
  $$ VALUES ('A', 1.0), ('B', NULL), ('C', 1.0) $$, 'C11: equal scores are treated alike');
SELECT lives_ok('CALL crmcost.verify($$crm$$)', 'computed step by step as at once');
ROLLBACK TO fresh;

-- C16: technical cost booked on a customer, by a driver, and by nobody
INSERT INTO tier (scheme, code, rank, basis, name) VALUES ('hand', 'A', 1, 'manual', 'A'),
  ('hand', 'B', 2, 'manual', 'B');
SELECT pg_temp.sell(i, 'o' || i, '2024-01-10', 100 * i) FROM generate_series(1, 3) i;
INSERT INTO classification (customer_id, dimension, entered_at, code) VALUES (1, 'hand', '2024-01-10', 'A'),
  (2, 'hand', '2024-01-10', 'B'), (3, 'hand', '2024-01-10', 'B');
INSERT INTO allocation_rule (category_code, driver) VALUES ('ret', 'revenue');
SELECT pg_temp.spend('ret.care.tools', '2024-01-20', 600), pg_temp.spend('ret.care.salary', '2024-01-20', 60),
  pg_temp.spend('svc.repair', '2024-01-20', 50, customer => 1), pg_temp.spend('svc.repair', '2024-01-20', 999);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT tier, resource, cost, cost_share FROM tier_cost WHERE scheme = 'hand' ORDER BY 1, 2 $$,
  $$ VALUES ('A', 'human', 10.0, 0.166667), ('A', 'technical', 150.0, 0.230769), ('B', 'human', 50.0, 0.833333),
    ('B', 'technical', 500.0, 0.769231) $$, 'C16: technical cost by tier, booked or allocated');
SELECT results_eq($$ SELECT scheme, round(sum(cost_share), 5) FROM tier_cost WHERE resource = 'technical' GROUP BY 1
  ORDER BY 1 $$,
  $$ VALUES ('abc', 1.0), ('hand', 1.0), ('loyalty', 1.0), ('value', 1.0) $$, 'C16: the shares sum to 100 %');
ROLLBACK TO fresh;

-- C15
SELECT pg_temp.sell(1, 'a', '2024-01-10', 10), pg_temp.spend('ret.loyalty.coupon', '2024-01-10', 2000);
INSERT INTO campaign (code, purpose, period, name) VALUES ('coupons', 'loyalty', '[2024-01-01,2024-02-01)', 'Coupons');
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, campaign_code, n)
  VALUES (1, '2024-01-11', 'touch', 'redeemed', 'coupons', 300), (1, '2024-01-12', 'touch', 'redeemed', 'coupons', 100);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT is((SELECT sum(cost) FROM cost_by_month WHERE category_code = 'ret.loyalty.coupon') / (SELECT sum(n)
  FROM interaction WHERE subtype = 'redeemed'), 5.0, 'C15: 2,000 for 400 coupons redeemed is 5 each');
ROLLBACK TO fresh;

-- C18
SELECT results_eq($$ SELECT crmcost.top_share(v, 0.2), round(crmcost.gini(v)::numeric, 3)
  FROM unnest('{400,200,120,80,60,50,40,25,15,10}'::numeric[]) v $$,
  $$ VALUES (0.6, 0.541) $$, 'C18: the best 20 % hold 60.0 %, Gini 0.541');

-- C22: a hundred customers, 12 in A, then 15
SELECT pg_temp.sell(i, 'o' || i, '2024-01-10', 100) FROM generate_series(1, 100) i;
SELECT pg_temp.sell(i, 'p' || i, '2024-02-10', 10) FROM generate_series(1, 100) i;
INSERT INTO tier (scheme, code, rank, basis, name) VALUES ('hand', 'A', 1, 'manual', 'A'),
  ('hand', 'B', 2, 'manual', 'B');
INSERT INTO classification (customer_id, dimension, entered_at, code)
SELECT i, 'hand', '2024-01-31 23:59Z'::timestamptz, CASE WHEN i <= 12 THEN 'A' ELSE 'B' END
  FROM generate_series(1, 100) i UNION ALL
SELECT i, 'hand', '2024-02-15', 'A' FROM generate_series(13, 15) i UNION ALL
-- back within the month that it was entered: what counts is its end
SELECT 16, 'hand', d, c FROM (VALUES ('2024-02-16'::timestamptz, 'A'), ('2024-02-17', 'B')) v (d, c);
SELECT pg_temp.spend('svc.support', '2024-02-20', 500, customer => 1);
CALL crmcost.refresh('crm', '2024-04-01');
SELECT results_eq($$ SELECT month_start, tier, customers::int, customer_share, customer_share_change, profit
  FROM customer_mix WHERE scheme = 'hand' ORDER BY 1, 2 $$,
  $$ VALUES ('2024-01-01'::date, 'A', 12, 0.12, NULL::numeric, 1200.0), ('2024-01-01', 'B', 88, 0.88, NULL, 8800.0),
    ('2024-02-01', 'A', 15, 0.15, 0.03, -350.0), ('2024-02-01', 'B', 85, 0.85, -0.03, 850.0),
            ('2024-03-01', 'A', 15, 0.15, 0.0, 0.0), ('2024-03-01', 'B', 85, 0.85, 0.0, 0.0) $$,
  'C22: from 12 to 15 % in A is +3 percentage points');
SELECT results_eq($$ SELECT month_start, tier, profit_share FROM customer_mix
  WHERE scheme = 'hand' AND month_start <= '2024-03-01' ORDER BY 1, 2 $$,
  $$ VALUES ('2024-01-01'::date, 'A', 0.12), ('2024-01-01', 'B', 0.88), ('2024-02-01', 'A', -0.7),
    ('2024-02-01', 'B', 1.7), ('2024-03-01', 'A', NULL), ('2024-03-01', 'B', NULL) $$,
  'C22: with the share of profit, negative for a loss and NULL without profit');
SELECT is((SELECT count(*) FROM (SELECT FROM customer_mix
  GROUP BY month_start, scheme HAVING sum(customer_share) <> 1) odd), 0::bigint,
  'shares sum to 1 in every month and scheme');
-- a late fact of February: that month and all after it are found anew
SELECT pg_temp.spend('svc.support', '2024-02-21', 50, customer => 13);
CALL crmcost.refresh('crm', '2024-04-02');
SELECT results_eq($$ SELECT month_start, tier, profit, is_complete FROM customer_mix
  WHERE scheme = 'hand' AND month_start >= '2024-02-01' ORDER BY 1, 2 $$,
  $$ VALUES ('2024-02-01'::date, 'A', -400.0, true), ('2024-02-01', 'B', 850.0, true), ('2024-03-01', 'A', 0.0, true),
    ('2024-03-01', 'B', 0.0, true), ('2024-04-01', 'A', 0.0, false), ('2024-04-01', 'B', 0.0, false) $$,
    'C22: a late cost counts in its month');
SELECT lives_ok('CALL crmcost.verify($$crm$$)', 'computed step by step as at once');
-- a closed month stays, whoever is in a tier later
CALL crmcost.close_period('crm', '2024-02-01');
INSERT INTO classification (customer_id, dimension, entered_at, code) VALUES (20, 'hand', '2024-02-20', 'A'),
  (21, 'hand', '2024-03-20', 'A');
CALL crmcost.refresh('crm', '2024-04-02');
SELECT results_eq($$ SELECT month_start, customers::int FROM customer_mix WHERE scheme = 'hand' AND tier = 'A'
  ORDER BY 1 $$, $$ VALUES ('2024-01-01'::date, 12), ('2024-02-01', 15), ('2024-03-01', 17), ('2024-04-01', 17) $$,
  'closed months stay as they were');
ROLLBACK TO fresh;

-- C22: nobody in A, then 2 of 10 who bring half of the profit: both shares were 0
SELECT pg_temp.sell(i, 'o' || i, '2024-01-10', 100) FROM generate_series(1, 10) i;
SELECT pg_temp.sell(i, 'p' || i, '2024-02-10', CASE WHEN i <= 2 THEN 40 ELSE 10 END) FROM generate_series(1, 10) i;
INSERT INTO tier (scheme, code, rank, basis, name) VALUES ('hand', 'A', 1, 'manual', 'A'),
  ('hand', 'B', 2, 'manual', 'B');
INSERT INTO classification (customer_id, dimension, entered_at, code) SELECT i, 'hand', '2024-01-15'::timestamptz, 'B'
  FROM generate_series(1, 10) i UNION ALL SELECT i, 'hand', '2024-02-15', 'A' FROM generate_series(1, 2) i;
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq($$ SELECT month_start, tier, customer_share, customer_share_change, profit_share, profit_share_change
  FROM customer_mix WHERE scheme = 'hand' ORDER BY 1, 2 $$,
  $$ VALUES ('2024-01-01'::date, 'B', 1.0, NULL::numeric, 1.0, NULL::numeric), ('2024-02-01', 'A', 0.2, 0.2, 0.5, 0.5),
    ('2024-02-01', 'B', 0.8, -0.2, 0.5, -0.5) $$,
  'C22: a tier that had nobody the month before comes from 0');
ROLLBACK TO fresh;

-- D16, read a customer or two at a time
CREATE OR REPLACE FUNCTION crmcost._orders_at_once() RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 2;
SELECT pg_temp.sell(i, 'o' || p, '2024-01-10', p * q, quantity => q, product => 'P')
  FROM (VALUES (1, 1, 1000), (2, 2, 250), (3, 4, 62.5), (4, 5, 40)) v (i, p, q);
SELECT pg_temp.sell(5, 'x', '2024-01-10', 10, quantity => 2, product => 'Q'),
  pg_temp.sell(5, 'y', '2024-01-10', 0, product => 'free'), pg_temp.sell(5, 'z', '2024-01-11', 10, product => NULL);
INSERT INTO sale (customer_id, sold_at, kind, amount, quantity, currency, product_code)
  VALUES (2, '2024-01-11', 'refund', -5, -1, 'EUR', 'P');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT product_code, prices::int, quantity, round(elasticity::numeric, 3), round(fit::numeric, 3),
  lowest_price, highest_price FROM price_sensitivity WHERE scheme = '(all)' ORDER BY 1 $$,
  $$ VALUES ('P', 4, 1352.5, -2.0, 1.0, 1.0, 5.0), ('Q', 1, 2.0, NULL, NULL, 5.0, 5.0) $$,
    'D16: 1,000, 250, 62.5 and 40 at 1, 2, 4 and 5 are an elasticity of -2.000');
SELECT results_eq($$ SELECT tier, prices::int, round(elasticity::numeric, 3) FROM price_sensitivity
  WHERE scheme = 'loyalty' AND product_code = 'P' ORDER BY 1 $$,
  $$ VALUES ('regular', 3, -2.0), ('silver', 1, NULL) $$, 'D16: and for each group of customers');
-- a line by mistake and its correction are no sale at that price
SELECT pg_temp.sell(4, 'm', '2024-01-10', 5000, quantity => 1000, product => 'P');
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, amount, quantity, currency, product_code)
  VALUES (4, 'm', 2, '2024-01-10', -5000, -1000, 'EUR', 'P');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT is((SELECT round(elasticity, 3) || ' ' || quantity::float8 FROM price_sensitivity
  WHERE scheme = '(all)' AND product_code = 'P'), '-2.000 1352.5', 'D16: a correction takes back what it corrects');
ROLLBACK TO fresh;

-- D15: 10 units at 100 with goods at 70; 60 was spent on the product and 120 on none, half of which is its by revenue.
-- To win customers is not to serve them, nor is the programme.
SELECT pg_temp.sell(1, 'a', '2024-01-10', 1000, 700, 10, 'P'), pg_temp.sell(2, 'b', '2024-01-10', 1000, 990, 5, 'Q');
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, product_code)
  VALUES ('svc.support', '2024-01-10', 60, 'EUR', 'P'), ('svc.support', '2024-01-10', 90, 'EUR', NULL),
  ('ret.contact', '2024-01-10', 30, 'EUR', NULL), ('acq.ads.web', '2024-01-10', 700, 'EUR', NULL),
  ('acq.ads.web', '2024-01-10', 40, 'EUR', 'P'), ('prg.tech.sw', '2024-01-10', 800, 'EUR', NULL);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT product_code, mean_price, unit_cogs, unit_cost_to_serve, floor_price, headroom_rate, below_floor FROM price_floor ORDER BY 1',
  $$ VALUES ('P', 100.0, 70.0, 12.0, 82.0, 0.18, false), ('Q', 200.0, 198.0, 12.0, 210.0, -0.05, true) $$,
    'D15: goods at 70 and 12 to serve make a floor of 82');
-- 2,000 more were sold of nobody knows what, for which half of the 120 was done; all that came back takes none
SAVEPOINT floor;
SELECT pg_temp.sell(1, 'n', '2024-01-11', 2000, 10, 7, NULL), pg_temp.sell(2, 'z', '2024-01-11', -9000, 0, -1, 'Z');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT product_code, unit_cost_to_serve, floor_price FROM price_floor ORDER BY 1',
  $$ VALUES ('P', (60 + 120 / 4.0) / 10, 79.0), ('Q', 120 / 4.0 / 5, 204.0) $$,
    'D15: what was sold without a product bears its part of the cost that names none');
ROLLBACK TO floor;
-- unknown cost of goods is not 0, and a line without a rate is in neither side
SELECT pg_temp.sell(1, 'c', '2024-01-11', 500, NULL, 10, 'P'), pg_temp.sell(1, 'd', '2024-01-11', 100, NULL, 1, 'R');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, cogs, quantity, currency, product_code)
  VALUES (1, 'e', '2024-01-11', 9, 1, 1000, 'SEK', 'P');
UPDATE cost_entry SET product_code = 'P';
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT product_code, quantity, mean_price, unit_cogs, costed_share, floor_price, below_floor FROM price_floor ORDER BY 1',
  $$ VALUES ('P', 20.0, 75.0, 70.0, 0.5, 79.0, true), ('Q', 5.0, 200.0, 198.0, 1.0, 198.0, false),
    ('R', 1.0, 100.0, NULL, 0.0, NULL, NULL) $$,
    'D15: of ten units the cost is known, of the others it is not nothing');
ROLLBACK TO fresh;

-- before any refresh, and on nothing
SELECT is((SELECT count(*) FROM tier_resource WHERE customers > 0 OR spend <> 0), 0::bigint,
  'tiers without customers are there, with nothing');
SELECT is((SELECT count(*) FROM tier_resource), (SELECT count(*) FROM tier), 'one row each');
SELECT is((SELECT count(*) FROM customer_mix) + (SELECT count(*) FROM price_sensitivity) + (SELECT count(*)
  FROM price_floor) + (SELECT count(*) FROM cost_driver), 0::bigint, 'nothing gives nothing');

SELECT * FROM finish();
ROLLBACK;
