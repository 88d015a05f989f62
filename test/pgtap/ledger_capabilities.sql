-- Capabilities that take several views together, with the figures that are asked of them
-- (doc/capabilities.md): what has a test of its own is there.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();

CREATE FUNCTION pg_temp.customers(first int, last int, acquired timestamptz DEFAULT '2023-01-01') RETURNS void
  LANGUAGE sql
  AS $$INSERT INTO crm.customer (customer_id, source_key, first_seen_at, acquired_at) SELECT i, 'c' || i, '2023-01-01',
    acquired FROM generate_series(first, last) i$$;
CREATE FUNCTION pg_temp.sell(first int, last int, at timestamptz, amount numeric,
  product text DEFAULT 'p') RETURNS void LANGUAGE sql
  AS $$INSERT INTO crm.sale (customer_id, order_ref, sold_at, product_code, amount, cogs, currency)
       SELECT i, concat_ws(' ', i, at, product), at, product, amount, 0, 'EUR' FROM generate_series(first, last) i$$;
CREATE FUNCTION pg_temp.contact(first int, last int, at timestamptz, kind text, subtype text DEFAULT NULL,
  score numeric DEFAULT NULL) RETURNS void LANGUAGE sql
  AS $$INSERT INTO crm.interaction (customer_id, occurred_at, kind, subtype, score) SELECT i, at, kind, subtype, score
    FROM generate_series(first, last) i$$;
SAVEPOINT fresh;

-- A22: 365 days before 31 December 2024 is 1 January; ten ordered before, ten were called before, ten did neither
UPDATE setting SET value = '365' WHERE key = 'stale_after_days';
SELECT pg_temp.customers(1, 1000), pg_temp.customers(1001, 1001, NULL);
INSERT INTO customer (customer_id, source, source_key, first_seen_at) VALUES (1002, 'anon', 'web', '2023-01-01');
SELECT pg_temp.sell(1, 10, '2023-12-31 12:00Z', 10), pg_temp.contact(11, 20, '2023-12-31 23:30Z', 'care'),
  pg_temp.contact(11, 25, '2024-06-01', 'ticket'),
       pg_temp.sell(31, 500, '2024-01-01 00:00Z', 10), pg_temp.contact(501, 1000, '2024-01-01 00:00Z', 'touch'),
         pg_temp.contact(1002, 1002, '2023-02-01', 'touch'),
       pg_temp.contact(1, 30, '2025-01-01', 'touch');
CALL crmcost.refresh('crm', '2025-01-01');
SELECT results_eq($$ SELECT severity, rows, example, round(rows / (SELECT count(*) FROM customer_profit)::numeric, 4)
  FROM data_quality WHERE check_name = 'stale_customer' $$,
  $$ VALUES ('info', 30::bigint, 'customer 1', 0.03) $$,
    'A22: 30 of 1,000 records are stale, 3 %: a lead and anonymous traffic are none, what customers ask of us is no care of ours');
UPDATE setting SET value = 'Asia/Shanghai' WHERE key = 'timezone';
SET LOCAL timezone = 'Asia/Shanghai';
CALL crmcost.refresh('crm', '2025-01-01');
SELECT is((SELECT rows FROM data_quality WHERE check_name = 'stale_customer'), 20::bigint,
  'A22: days are those of the ledger: there the calls were on 1 January');
SELECT throws_ok(format('UPDATE setting SET value = %L WHERE key = $$stale_after_days$$', v), '23514', NULL,
  format('A22: not after %s days', v)) FROM unnest('{0,-1,1.5,NaN,100000,""}'::text[]) v;
DELETE FROM setting WHERE key = 'stale_after_days';
CALL crmcost.refresh('crm', '2025-01-01');
SELECT results_eq($$ SELECT check_name, rows FROM data_quality
  WHERE check_name IN ('stale_customer', 'missing_setting', 'buyer_not_acquired') ORDER BY 1 $$,
  $$ VALUES ('buyer_not_acquired', 0::bigint), ('missing_setting', 1), ('stale_customer', 0) $$,
    'A22: without the setting nothing is stale, and that is an error');
ROLLBACK TO fresh;
SELECT pg_temp.customers(1, 1, NULL), pg_temp.sell(1, 1, '2024-01-05', 10);
DELETE FROM setting WHERE key = 'stale_after_days';
CALL crmcost.refresh('crm', '2025-01-01');
SELECT is((SELECT rows FROM data_quality WHERE check_name = 'buyer_not_acquired'), 1::bigint,
  'what else is wrong with customers is found all the same');
ROLLBACK TO fresh;

-- C10: recency, frequency and monetary value grow with the number of the customer, so that a fifth of them is a score
SELECT pg_temp.customers(1, 1000);
INSERT INTO sale (customer_id, order_ref, sold_at, amount, cogs, currency)
SELECT i, i || '-' || n, '2023-06-01'::timestamptz + (i - 1) / 5 * interval '1 day', i, 0, 'EUR'
  FROM generate_series(1, 1000) i, generate_series(0, (i - 1) / 100) n;
CALL crmcost.refresh('crm', '2024-03-01');
-- two hours for who is served as vip, one, and a quarter
INSERT INTO interaction (customer_id, occurred_at, kind, handle_seconds)
SELECT c.customer_id, '2024-02-01', 'ticket', CASE t.service_level WHEN 'vip' THEN 7200 WHEN 'standard' THEN 3600
  ELSE 900 END
FROM customer_tier c JOIN tier t ON t.scheme = c.scheme AND t.code = c.tier WHERE c.scheme = 'value';
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq($$ SELECT tier, service_level, customers::int, hours_per_customer FROM tier_resource
  WHERE scheme = 'value' ORDER BY tier_rank $$,
  $$ VALUES ('high', 'vip', 400, 2.0), ('mid', 'standard', 200, 1.0), ('low', 'basic', 400, 0.25) $$,
  'C10: a thousand customers in three groups, with hours by their service level');
SELECT is((SELECT string_agg(customer_id || ' ' || rfm_score, ', ' ORDER BY customer_id) FROM customer_rfm
  WHERE customer_id IN (200, 201, 600, 601, 1000)),
  '200 111, 201 222, 600 333, 601 444, 1000 555', 'C10: by their scores');
-- B15: a segment and a channel, from the page of a customer to the members of a campaign
UPDATE customer SET acquisition_channel = CASE WHEN customer_id % 2 = 0 THEN 'email' ELSE 'search' END;
INSERT INTO campaign (code, purpose, period, name) VALUES ('best', 'loyalty', '[2024-03-01,2024-04-01)', 'Best');
CALL crmcost.refresh('crm', '2024-03-01');
INSERT INTO campaign_member (customer_id, campaign_code, role, assigned_at)
SELECT customer_id, 'best', 'target', '2024-03-01' FROM customer_360 WHERE segment = crmcost.rfm_segment(555)
  AND acquisition_channel = 'email';
SELECT results_eq('SELECT customer_id::int FROM campaign_member ORDER BY 1',
  'SELECT i FROM generate_series(802, 1000, 2) i', 'B15: the target list has the segment and nobody else');
SELECT ok(count(DISTINCT segment) > 1
  AND bool_and(segment = crmcost.rfm_segment(111 * (1 + (customer_id - 1) / 200)::int)),
  'B15: and of the worklist each segment is a list of its own') FROM worklist_open;
ROLLBACK TO fresh;

-- C11: eight agents, the two best of whom own nine of ten customers in A
SELECT pg_temp.customers(1, 12), pg_temp.sell(1, 12, '2024-01-05', 100);
INSERT INTO tier (scheme, code, rank, basis, name, account_manager) VALUES ('hand', 'A', 1, 'manual', 'A', true),
  ('hand', 'B', 2, 'manual', 'B', false);
INSERT INTO classification (customer_id, dimension, entered_at, code) SELECT i, 'hand', '2024-01-05'::timestamptz,
  CASE WHEN i <= 10 THEN 'A' ELSE 'B' END FROM generate_series(1, 12) i;
INSERT INTO classification (customer_id, dimension, entered_at, code) SELECT i, 'owner', '2024-01-05'::timestamptz,
  CASE WHEN i <= 5 THEN 'a1' WHEN i <= 9 THEN 'a2' ELSE 'a5' END FROM generate_series(1, 11) i;
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, agent_code, score)
SELECT a, '2024-01-10', 'survey', 'csat', 'a' || a, s FROM unnest('{5,5,4,4,3,3,2,2}'::int[]) WITH ORDINALITY u (s, a);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT tier, best_agent_share, without_owner::int FROM tier_resource WHERE scheme = 'hand'
  ORDER BY 1 $$,
  $$ VALUES ('A', 0.9, 0), ('B', 0.0, NULL) $$,
    'C11: the best quarter of the agents looks after 90 % of A, and none is without an owner');
INSERT INTO classification (customer_id, dimension, entered_at, code) VALUES (12, 'hand', '2024-01-15', 'A');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$ SELECT best_agent_share, without_owner::int FROM tier_resource
  WHERE scheme = 'hand' AND tier = 'A' $$,
  $$ VALUES (round(9 / 11.0, 6), 1) $$, 'C11: who comes to A without one is seen');
ROLLBACK TO fresh;

-- E3: what the care of 900 customers costs in the month before and the month after
SELECT pg_temp.customers(1, 900), pg_temp.sell(1, 900, '2024-01-05', 10), pg_temp.sell(1, 900, '2024-02-05', 10);
INSERT INTO allocation_rule (category_code, driver) VALUES ('ret', 'active_customers');
INSERT INTO cost_entry (category_code, incurred_on, amount, currency)
  VALUES ('ret.care.salary', '2024-01-31', 54000, 'EUR'), ('ret.care.salary', '2024-02-29', 31500, 'EUR');
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq($$ SELECT month_start, retention_cost / customers,
  round(100 * (retention_cost / customers / lag(retention_cost / customers) OVER (ORDER BY month_start) - 1), 1)
  FROM profit_by_month ORDER BY 1 $$,
  $$ VALUES ('2024-01-01'::date, 60.0, NULL::numeric), ('2024-02-01', 35.0, -41.7) $$,
    'E3: 54,000 for 900 customers are 60 each, then 31,500 are 35, 41.7 % less');
SELECT is((SELECT string_agg(DISTINCT total_cost::float8::text, ', ') FROM customer_cost), '35, 60',
  'E3: each of them');
ROLLBACK TO fresh;

-- D18: 12 of 100 million, then 15.4 of 110
SELECT pg_temp.customers(1, 1), pg_temp.sell(1, 1, '2023-05-05', 12000000), pg_temp.sell(1, 1, '2024-05-05', 15400000);
INSERT INTO plan (kind, measure, period, amount) VALUES ('market', 'revenue', '[2023-01-01,2024-01-01)', 100000000),
  ('market', 'revenue', '[2024-01-01,2025-01-01)', 110000000);
CALL crmcost.refresh('crm', '2025-01-01');
SELECT results_eq($$ SELECT value, baseline, delta, status FROM kpi WHERE metric = 'market_share' $$,
  $$ VALUES (0.14, 0.12, 0.02, 'better') $$,
  'D18: 12m of 100m is 12 %, 15.4m of 110m is 14 %');
ROLLBACK TO fresh;

-- F3: 70 of tea in two kinds, 60 of cups, 15 of what table product does not know
INSERT INTO product (code, parent_code, name, name_zh) VALUES ('tea', NULL, 'Tea', '茶'),
  ('green', 'tea', 'Green tea', NULL), ('black', 'tea', 'Black tea', NULL), ('cup', NULL, 'Cup', NULL);
SELECT pg_temp.customers(1, 2), pg_temp.sell(1, 1, '2024-01-05', 30, 'green'),
  pg_temp.sell(1, 1, '2024-01-06', 45, 'black'), pg_temp.sell(1, 1, '2024-01-07', 60, 'cup'),
       pg_temp.sell(1, 1, '2024-01-08', 15, 'odd'), pg_temp.sell(2, 2, '2024-01-08', 1, 'odd');
INSERT INTO sale (customer_id, order_ref, line_no, kind, sold_at, product_code, amount, currency)
  VALUES (1, '1 2024-01-06 00:00:00+00 black', 2, 'refund', '2024-01-09', 'black', -5, 'EUR');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT group_code, products::int, revenue, revenue_share, preference_rank::int, last_sold_on, group_name FROM product_group_preference WHERE customer_id = 1 ORDER BY preference_rank',
  $$ VALUES ('tea', 2, 70.0, round(70 / 145.0, 6), 1, '2024-01-06'::date, 'Tea'),
    ('cup', 1, 60.0, round(60 / 145.0, 6), 2, '2024-01-07', 'Cup'),
    ('odd', 1, 15.0, round(15 / 145.0, 6), 3, '2024-01-08', 'odd') $$,
  'F3: the group of products that a customer likes best comes first');
SELECT is((SELECT product_code FROM customer_preference WHERE customer_id = 1 AND preference_rank = 1), 'cup',
  'F3: where a single product of another is ahead');
UPDATE setting SET value = 'zh' WHERE key = 'language';
SELECT results_eq('SELECT customer_id::int, group_name FROM product_group_preference WHERE preference_rank = 1 ORDER BY 1',
  $$ VALUES (1, '茶'), (2, 'odd') $$, 'F3: with names in the language of the setting');
ROLLBACK TO fresh;

-- F19: a hundred customers a year answer and buy; 30 of them twice, and 40
SELECT pg_temp.customers(1, 100);
SELECT pg_temp.contact(1, 78, '2023-07-01', 'survey', 'csat', 5),
  pg_temp.contact(79, 100, '2023-07-01', 'survey', 'csat', 3),
       pg_temp.contact(1, 86, '2024-07-01', 'survey', 'csat', 4),
         pg_temp.contact(87, 100, '2024-07-01', 'survey', 'csat', 1),
       pg_temp.sell(1, 100, '2023-03-01', 7000), pg_temp.sell(1, 30, '2023-09-01', 10000),
         pg_temp.sell(1, 100, '2024-03-01', 8000), pg_temp.sell(1, 40, '2024-09-01', 10000);
CALL crmcost.refresh('crm', '2025-01-01');
SELECT results_eq($$ SELECT metric, value, baseline, delta, delta_rate FROM kpi
  WHERE metric IN ('csat_rate', 'repeat_rate', 'revenue') ORDER BY 1 $$,
  $$ VALUES ('csat_rate', 0.86, 0.78, 0.08, round(8 / 78.0, 6)), ('repeat_rate', 0.4, 0.3, 0.1, round(1 / 3.0, 6)),
    ('revenue', 1200000.0, 1000000.0, 200000.0, 0.2) $$,
  'F19: satisfaction from 78 to 86, repeat purchases from 30 to 40 %, sales +20 %');

SELECT * FROM finish();
ROLLBACK;
