-- Value: orders, RFM, profit, tiers.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();

-- an order of n lines of one customer
CREATE FUNCTION pg_temp.sell(customer bigint, ref text, at timestamptz,
                             amounts numeric[], products text[] DEFAULT '{p}',
                             cogs numeric DEFAULT 0)
  RETURNS void LANGUAGE sql AS $$
  INSERT INTO crm.customer (customer_id, source_key, first_seen_at, acquired_at)
  VALUES (customer, 'c' || customer, '2023-01-01', '2023-01-01') ON CONFLICT DO NOTHING;
  INSERT INTO crm.sale (customer_id, order_ref, line_no, sold_at, amount, currency, product_code, cogs)
  SELECT customer, ref, i, at, amounts[i], 'EUR', products[1 + (i - 1) % cardinality(products)], cogs
  FROM generate_subscripts(amounts, 1) i$$;

SAVEPOINT fresh;

-- D1
SELECT pg_temp.sell(1, 'o' || i, '2024-01-01'::timestamptz + i * interval '5 days',
                    '{120,80}', ARRAY['sku' || i % 3, 'sku3'])
FROM generate_series(1, 6) i;
CALL crmcost.refresh('crm', '2024-03-02');
SELECT results_eq('SELECT orders, revenue, products FROM customer_profit',
  $$ VALUES (6::bigint, 1200.0, 4::bigint) $$, 'D1: 6 orders, 1,200, 4 products');
SELECT results_eq('SELECT frequency, monetary, recency_days FROM customer_rfm',
  $$ VALUES (6::bigint, 1200.0, 30) $$, 'D1: and so says RFM');
ROLLBACK TO fresh;

-- D2, D3, D4
SELECT pg_temp.sell(1, 'a', '2024-01-05', '{1000}', '{p}', 900);
SELECT pg_temp.sell(2, 'b', '2024-01-05', '{400}', '{p}', 200);
CALL crmcost.refresh('crm', '2024-03-02');
SELECT results_eq('SELECT customer_id::int, margin, profit_rank FROM customer_profit ORDER BY 1',
  $$ VALUES (1, 100.0, 2::bigint), (2, 200.0, 1) $$,
  'D2: 400 at 50 % before 1,000 at 10 %');
ROLLBACK TO fresh;
SELECT pg_temp.sell(1, 'a', '2024-01-05', '{500}', '{p}', 120);
SELECT pg_temp.sell(2, 'b', '2024-01-05', '{2610}');
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id)
VALUES ('svc.support', '2024-01-06', 60, 'EUR', 1), ('ret.contact', '2024-02-06', 30, 'EUR', 1);
CALL crmcost.refresh('crm', '2024-03-02');
SELECT results_eq($$
  SELECT revenue, margin, total_cost, profit, contribution_share
  FROM customer_profit WHERE customer_id = 1
$$, $$ VALUES (500.0, 380.0, 90.0, 290.0, 0.1) $$,
  'D3 and D4: 500 - 120 - 60 - 30 = 290, a tenth of 2,900');
ROLLBACK TO fresh;

-- D5
SELECT pg_temp.sell(i, 'o' || i, '2024-01-05', ARRAY[p])
FROM (VALUES (1, 500), (2, 300), (3, 200), (4, 50), (5, 0)) v (i, p);
SELECT pg_temp.sell(i, 'o' || i, '2024-01-05', '{10}', '{p}', 10 + p)
FROM (VALUES (6, 30), (7, 70), (8, 150)) v (i, p);
CALL crmcost.refresh('crm', '2024-03-02');
SELECT results_eq('SELECT profit, cumulative_profit, cumulative_share FROM whale_curve ORDER BY profit_rank', $$
  VALUES (500.0, 500.0, 0.625), (300.0, 800.0, 1.0), (200.0, 1000.0, 1.25), (50.0, 1050.0, 1.3125),
         (0.0, 1050.0, 1.3125), (-30.0, 1020.0, 1.275), (-70.0, 950.0, 1.1875), (-150.0, 800.0, 1.0)
$$, 'D5: the whale curve peaks at 131.25 % and ends at 100 %');
SELECT results_eq('SELECT profit_rank, customer_id FROM whale_curve ORDER BY 1',
  'SELECT profit_rank, customer_id FROM customer_profit ORDER BY 1', 'the two rank alike');
ROLLBACK TO fresh;
-- equal profits stand together, and a total of nothing has no shares
SELECT pg_temp.sell(1, 'a', '2024-01-05', '{10}');
SELECT pg_temp.sell(2, 'b', '2024-01-05', '{10}');
SELECT pg_temp.sell(3, 'c', '2024-01-05', '{1}', '{p}', 21);
CALL crmcost.refresh('crm', '2024-03-02');
SELECT results_eq('SELECT profit_rank::int, cumulative_profit, cumulative_share FROM whale_curve ORDER BY 1',
  $$ VALUES (1, 20.0, NULL::numeric), (2, 20.0, NULL), (3, 0.0, NULL) $$,
  'equals stand together; nothing is no share of nothing');
SELECT is((SELECT count(contribution_share) FROM customer_profit), 0::bigint, 'here neither');
-- when all together lose, a loss is no positive share of it
SELECT pg_temp.sell(3, 'd', '2024-01-06', '{1}', '{p}', 31);
CALL crmcost.refresh('crm', '2024-03-02');
SELECT results_eq('SELECT customer_id::int, profit, contribution_share, loss FROM customer_profit ORDER BY 1',
  $$ VALUES (1, 10.0, NULL::numeric, 0.0), (2, 10.0, NULL, 0.0), (3, -50.0, NULL, 50.0) $$,
    'a loss of all has no shares, and is a column of its own');
SELECT results_eq($$SELECT profit, contribution_share, loss FROM profit_by_channel$$,
  $$ VALUES (-30.0, NULL::numeric, 30.0) $$, 'so it is in every cut');
ROLLBACK TO fresh;

-- what an order is
SELECT pg_temp.sell(1, 'a', '2024-01-05', '{10,20}');
SELECT pg_temp.sell(1, 'a', '2024-01-07', '{5}');             -- the rest of it, later
SELECT pg_temp.sell(1, NULL, '2024-01-09', '{1,1}');          -- no reference: two orders
SELECT pg_temp.sell(1, 'free', '2024-01-10', '{0}');          -- a present is an order
SELECT pg_temp.sell(1, 'gone', '2024-02-20', '{30}');         -- undone by corrections
SELECT pg_temp.sell(1, 'gone', '2024-02-21', '{-20,-10}');
SELECT pg_temp.sell(1, 'less', '2024-01-20', '{30}');         -- reduced by one
SELECT pg_temp.sell(1, 'less', '2024-01-25', '{-10}');
SELECT pg_temp.sell(1, 'only', '2024-02-25', '{-3}');         -- nothing but a correction
SELECT pg_temp.sell(2, 'a', '2024-01-06', '{7}');             -- somebody else's a
INSERT INTO sale (customer_id, order_ref, line_no, kind, sold_at, amount, currency)
VALUES (1, 'a', 9, 'refund', '2024-02-26', -20, 'EUR'), (1, 'r', 1, 'refund', '2024-02-27', -1, 'EUR');
CALL crmcost.refresh('crm', '2024-03-02');
SELECT results_eq($$
  SELECT customer_id::int, frequency, monetary, recency_days FROM customer_rfm ORDER BY 1
$$, $$ VALUES (1, 5::bigint, 33.0, 41), (2, 1, 7.0, 55) $$,
  'orders: lines of a reference together, corrections and refunds are none, net revenue counts all');
SELECT results_eq($$
  SELECT month_start, orders, sale_lines, revenue, refund FROM customer_month
    WHERE customer_id = 1 AND orders + sale_lines > 0 ORDER BY 1
$$, $$ VALUES ('2024-01-01'::date, 5::bigint, 7::bigint, 57.0, 0.0),
              ('2024-02-01', 0, 1, -24.0, -21.0) $$, 'by month as well');
SELECT results_eq($$
  SELECT first_order_on, last_order_on FROM customer_snapshot WHERE customer_id = 1
$$, $$ VALUES ('2024-01-07'::date, '2024-01-20'::date) $$, 'an order is of the day of its last sale line');
ROLLBACK TO fresh;

-- RFM of random customers against percentile_disc
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at)
SELECT i, 'c' || i, '2023-01-01', '2023-06-01' FROM generate_series(1, 300) i;
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, amount, currency, product_code)
SELECT 1 + floor(random() * random() * 300), 'o' || i / 2, i,
  '2023-07-01'::timestamptz + random() * interval '400 days',
       round((random() * 80)::numeric, 2), 'EUR', 'p' || floor(random() * 20)
FROM generate_series(1, 2000) i;
UPDATE setting SET value = 'Pacific/Auckland' WHERE key = 'timezone';
CALL crmcost.refresh('crm', '2024-06-30 11:30Z');       -- 23:30 there
CREATE TEMPORARY TABLE expected AS
WITH orders AS (
  SELECT customer_id, order_ref, max(sold_at) AS at FROM sale WHERE sold_at < '2024-06-30 11:30Z' GROUP BY 1, 2),
value AS (
  SELECT customer_id, '2024-06-30'::date - max((at AT TIME ZONE 'Pacific/Auckland')::date) AS r, count(*) AS f
  FROM orders GROUP BY 1),
rfm AS (
  SELECT v.*, (SELECT sum(amount) FROM sale s WHERE s.customer_id = v.customer_id
    AND sold_at < '2024-06-30 11:30Z') AS m,
         (SELECT count(DISTINCT product_code) FROM sale s WHERE s.customer_id = v.customer_id AND amount > 0
           AND sold_at < '2024-06-30 11:30Z') AS products
  FROM value v),
cut AS (
  SELECT percentile_disc('{0.2,0.4,0.6,0.8}'::float8[]) WITHIN GROUP (ORDER BY -r) AS r,
         percentile_disc('{0.2,0.4,0.6,0.8}'::float8[]) WITHIN GROUP (ORDER BY f) AS f,
         percentile_disc('{0.2,0.4,0.6,0.8}'::float8[]) WITHIN GROUP (ORDER BY m) AS m
  FROM rfm)
SELECT customer_id, rfm.r, rfm.f, rfm.m, products,
       ((1 + (SELECT count(*) FROM unnest(cut.r) c WHERE c < -rfm.r)) * 100
        + (1 + (SELECT count(*) FROM unnest(cut.f) c WHERE c < rfm.f)) * 10
        + 1 + (SELECT count(*) FROM unnest(cut.m) c WHERE c < rfm.m))::int AS score
FROM rfm, cut;
SELECT results_eq($$
  SELECT customer_id, recency_days, frequency, monetary, rfm_score, segment FROM customer_rfm ORDER BY 1
$$, $$ SELECT customer_id, r, f, m, score, crmcost.rfm_segment(score) FROM expected ORDER BY 1 $$,
  'C3: recency, frequency, monetary, score and segment are those of plain SQL');
SELECT results_eq('SELECT customer_id, r, f, m FROM customer_rfm ORDER BY 1',
  'SELECT customer_id, score / 100, score / 10 % 10, score % 10 FROM expected ORDER BY 1', 'with the digits apart');
SELECT results_eq($$
  SELECT r, f, customers, customer_share, orders, revenue, revenue_share, mean_m FROM rfm_grid ORDER BY 1, 2
$$, $$
  SELECT r.r, f.f, count(e.customer_id), round(count(e.customer_id) / 1.0 / (SELECT count(*) FROM expected), 6),
    coalesce(sum(e.f), 0)::bigint,
         coalesce(sum(e.m), 0), round(coalesce(sum(e.m), 0) / (SELECT sum(m) FROM expected), 6),
           round(avg(score % 10), 4)
  FROM generate_series(1, 5) r (r) CROSS JOIN generate_series(1, 5) f (f)
  LEFT JOIN expected e ON score / 100 = r.r AND score / 10 % 10 = f.f
  GROUP BY 1, 2 ORDER BY 1, 2
$$, 'rfm_grid has all 25 cells');
SELECT results_eq($$ SELECT customer_id, revenue, orders, products FROM customer_profit WHERE orders > 0 ORDER BY 1 $$,
  $$ SELECT customer_id, m, f, products FROM expected ORDER BY 1 $$, 'and so is customer_profit');
SELECT is((SELECT count(*) FROM customer_profit), 300::bigint, 'which also has who was acquired and never bought');
SELECT results_eq($$
  SELECT customer_id, month_start, revenue, sale_lines FROM customer_month WHERE sale_lines > 0 ORDER BY 1, 2
$$, $$
  SELECT customer_id, date_trunc('month', sold_at AT TIME ZONE 'Pacific/Auckland')::date, sum(amount), count(*)
  FROM sale WHERE sold_at < '2024-06-30 11:30Z' GROUP BY 1, 2 ORDER BY 1, 2
$$, 'months are those of the ledger''s time zone');
-- C1
SELECT is_empty($$
  SELECT r.customer_id, s.scheme, count(t.tier)
  FROM customer_rfm r CROSS JOIN (SELECT DISTINCT scheme FROM tier) s
  LEFT JOIN customer_tier t USING (customer_id, scheme)
  GROUP BY 1, 2 HAVING count(t.tier) <> 1
$$, 'C1: every customer with an order has exactly one tier in each scheme');
SELECT cmp_ok((SELECT count(DISTINCT tier) FROM customer_tier WHERE scheme = 'value'), '=', 3::bigint,
  'C4: in three value groups');
-- as many customers score alike under other numbers of bins
UPDATE setting SET value = '3' WHERE key = 'rfm_bins';
CALL crmcost.refresh('crm', '2024-06-30 11:31Z');
SELECT is((SELECT max(rfm_score) FROM customer_rfm), 333, 'three bins score to 333');
SELECT is((SELECT count(segment) FROM customer_rfm), 0::bigint, 'and the named segments need five');
ROLLBACK TO fresh;

-- C2, C5, C6
UPDATE setting SET value = 'revenue' WHERE key = 'abc_measure';
SELECT pg_temp.sell(i, 'o' || i, '2024-01-05', ARRAY[v])
FROM unnest('{400,200,120,80,60,50,40,25,15,10}'::numeric[]) WITH ORDINALITY u (v, i);
CALL crmcost.refresh('crm', '2024-03-02');
SELECT results_eq($$
  SELECT t.tier, p.service_level, count(*)::int FROM customer_tier t
  JOIN tier p ON p.scheme = t.scheme AND p.code = t.tier
  WHERE t.scheme = 'abc' GROUP BY 1, 2 ORDER BY 1
$$, $$ VALUES ('A', 'vip', 4), ('B', 'standard', 3), ('C', 'basic', 3) $$,
  'C2 and C5: four A, three B, three C, served as vip, standard and basic');
SELECT is((SELECT string_agg(scheme || ' ' || tier, ', ' ORDER BY scheme) FROM customer_tier WHERE customer_id = 1),
          'abc A, loyalty regular, value low', 'C6: schemes stand side by side');
SELECT results_eq($$
  SELECT customer_id::int, gap_to_next FROM customer_tier WHERE scheme = 'abc' ORDER BY 1
$$, $$ VALUES (1, NULL::numeric), (2, NULL), (3, NULL), (4, NULL), (5, 20.0), (6, 30.0), (7, 40.0), (8, 15.0),
  (9, 25.0), (10, 30.0) $$,
  'what is missing to the least customer of the next tier');
-- schemes by share of two, four and one tier
INSERT INTO tier (scheme, code, rank, basis, bound, name) VALUES
  ('two', 'top', 1, 'cum_share', 0.40, 'x'), ('two', 'rest', 2, 'cum_share', 1, 'x'),
  ('four', 'a', 1, 'cum_share', 0.40, 'x'), ('four', 'b', 3, 'cum_share', 0.60, 'x'),
  ('four', 'c', 5, 'cum_share', 0.95, 'x'), ('four', 'd', 7, 'cum_share', 1, 'x'),
  ('one', 'all', 1, 'cum_share', 1, 'x'),
  ('hand', 'x', 1, 'manual', NULL, 'x');
CALL crmcost.refresh('crm', '2024-03-03');
SELECT results_eq($$
  SELECT scheme, tier, string_agg(customer_id::text, ',' ORDER BY customer_id) FROM customer_tier
  WHERE scheme NOT IN ('abc', 'loyalty', 'value') GROUP BY 1, 2 ORDER BY 1, 2
$$, $$ VALUES ('four', 'a', '1'), ('four', 'b', '2'), ('four', 'c', '3,4,5,6,7'), ('four', 'd', '8,9,10'),
       ('one', 'all', '1,2,3,4,5,6,7,8,9,10'), ('two', 'rest', '2,3,4,5,6,7,8,9,10'), ('two', 'top', '1') $$,
  'schemes by share have as many tiers as they like');
ROLLBACK TO fresh;

-- C8, and customers below every bound
SELECT pg_temp.sell(1, 'a', '2024-01-05', '{8200}');
SELECT pg_temp.sell(2, 'b', '2024-01-05', '{10000}');
SELECT pg_temp.sell(3, 'c', '2024-01-05', '{999.99}');
SELECT pg_temp.sell(4, 'd', '2024-01-05', '{1000}');
SELECT pg_temp.sell(5, 'e', '2024-01-05', '{10}');
INSERT INTO sale (customer_id, order_ref, kind, sold_at, amount, currency)
  VALUES (5, 'x', 'refund', '2024-02-05', -30, 'EUR');
CALL crmcost.refresh('crm', '2024-03-02');
SELECT results_eq($$
  SELECT customer_id::int, tier, gap_to_next FROM customer_tier WHERE scheme = 'loyalty' ORDER BY 1
$$, $$ VALUES (1, 'silver', 1800.0), (2, 'gold', NULL), (3, 'regular', 0.01), (4, 'silver', 9000.0),
  (5, 'regular', 1020.0) $$,
  'C8: 8,200 with gold at 10,000 is 1,800 short; below every bound is the lowest tier');
SELECT is((SELECT evidence::jsonb->>'revenue' FROM customer_classification
  WHERE customer_id = 1 AND dimension = 'loyalty'),
          '8200.0000', 'the evidence is the revenue');
SELECT results_eq($$SELECT rows, example FROM data_quality WHERE check_name = 'refunds_exceed_sales'$$,
  $$ VALUES (1::bigint, 'customer 5: -20.0000') $$, 'who gave back more than they bought is reported');
ROLLBACK TO fresh;

-- C4
SELECT pg_temp.sell(i, 'o' || i || '-' || j, '2024-01-01'::timestamptz + i * interval '1 day', ARRAY[i * 10])
FROM generate_series(1, 10) i, generate_series(1, i) j;
CALL crmcost.refresh('crm', '2024-03-02');
SELECT results_eq($$
  SELECT r.rfm_score, t.tier, c.evidence::jsonb FROM customer_rfm r
  JOIN customer_tier t ON t.customer_id = r.customer_id AND t.scheme = 'value'
  JOIN customer_classification c ON c.customer_id = r.customer_id AND c.dimension = 'value'
  WHERE r.customer_id = 10
$$, $$ VALUES (555, 'high', '{"r": 5, "f": 5, "m": 5}'::jsonb) $$,
  'C4: 5-5-5 is of high value, with the scores as evidence');
UPDATE tier SET r = '[2,2]' WHERE scheme = 'value' AND code = 'low';
DELETE FROM classification WHERE dimension = 'value';
CALL crmcost.refresh('crm', '2024-03-02');
SELECT results_eq($$
  SELECT check_name, severity, rows, example FROM data_quality
    WHERE check_name IN ('unmatched_rfm_score', 'untiered_customer') ORDER BY 1
$$, $$ VALUES ('unmatched_rfm_score', 'error', 1::bigint, 'no tier of value matches score 111'),
              ('untiered_customer', 'error', 2, 'customer 1 has no tier in value') $$,
  'C4: a score that no tier matches is an error in data_quality');
ROLLBACK TO fresh;

-- the whole picture of a customer
SELECT pg_temp.sell(1, 'a', '2024-01-05', '{100}', '{p}', 40);
INSERT INTO customer (customer_id, source_key, first_seen_at) VALUES (2, 'lead', '2024-01-05');
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, channel_code, n, score, resolved_at) VALUES
  (1, '2024-01-06', 'survey', 'csat', 'email', 1, 4, NULL), (1, '2024-01-07', 'survey', 'csat', 'email', 3, 5, NULL),
  (1, '2024-01-08', 'survey', 'nps', 'email', 1, 10, NULL), (1, '2024-01-09', 'ticket', NULL, 'phone', 1, NULL, NULL),
  (1, '2024-01-08', 'complaint', NULL, 'chat', 1, NULL, '2024-01-09');
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code)
VALUES (1, '2024-01-02', 'care', 'phone'), (1, '2024-01-03', 'touch', 'email'), (1, '2024-03-05', 'care', 'phone');
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, channel_code, score)
  VALUES (1, '2024-01-07 12:00Z', 'survey', 'ces', 'email', 7);
INSERT INTO classification (customer_id, dimension, entered_at, code) VALUES (1, 'owner', '2024-02-01', 'agent-7');
CALL crmcost.refresh('crm', '2024-03-02');
SELECT results_eq($$
  SELECT customer_id::int, stage, owner, abc_tier, loyalty_tier, orders, revenue, profit, last_touch_at,
    last_touch_kind,
         last_touch_channel, interactions, open_cases, csat_mean, csat_rate, survey_answers
  FROM customer_360 ORDER BY 1
$$, $$ VALUES (1, 'won_back', 'agent-7', 'A', 'regular', 1::bigint, 100.0, 60.0, '2024-01-03'::timestamptz, 'touch',
  'email', 10::bigint, 1::bigint, 4.75, 1.0, 4::bigint),
              (2, 'lead', NULL, NULL, NULL, 0, 0, 0, NULL, NULL, NULL, 0, 0, NULL, NULL, 0) $$,
  'E15: customer_360 has value, stage, owner, tiers, satisfaction, the last contact by us up to the report day, and leads as well');
SELECT results_eq('SELECT stage_name, abc_tier_name, segment_name, last_touch_channel_name FROM customer_360 WHERE customer_id = 1',
  $$ SELECT 'Won back', 'A customers', t.name, h.name FROM term t, customer_360 c, channel h
     WHERE c.customer_id = 1 AND t.kind = 'segment' AND t.code = c.segment AND h.code = 'email' $$, 'with names');
SELECT is((SELECT count(*) FROM customer_360 WHERE customer_id = 1), 1::bigint, 'one row a customer');


-- attributes as columns
UPDATE customer SET attributes = '{"region": "north", "size": 3}' WHERE customer_id = 1;
UPDATE setting SET value = 'region, size' WHERE key = 'attribute_columns';
CALL crmcost.refresh('crm', '2024-03-02');
SELECT results_eq('SELECT customer_id::int, region, size FROM customer_attribute ORDER BY 1',
  $$ VALUES (1, 'north', '3'), (2, NULL, NULL) $$,
  'customer_attribute has the attributes that the setting names');
CREATE VIEW pg_temp.dependent AS SELECT region FROM customer_attribute;
UPDATE setting SET value = 'region,size,it''s "odd"' WHERE key = 'attribute_columns';
CALL crmcost.refresh('crm', '2024-03-02');
SELECT results_eq($$SELECT region, size, "it's ""odd""" FROM customer_attribute WHERE customer_id = 1$$,
  $$ VALUES ('north', '3', NULL) $$,
  'more of them leave what stands on the view alone');
SET LOCAL client_min_messages = error;
UPDATE setting SET value = 'size,customer_id,,size' WHERE key = 'attribute_columns';
SELECT lives_ok($$CALL crmcost.refresh('crm', '2024-03-02')$$, 'a view in the way does not stop refresh');
SELECT has_column('crm', 'customer_attribute', 'region', 'but keeps the columns');
DROP VIEW pg_temp.dependent;
GRANT SELECT ON customer_attribute TO pg_monitor;
CALL crmcost.refresh('crm', '2024-03-03');
SET LOCAL client_min_messages = warning;
SELECT columns_are('crm', 'customer_attribute', '{customer_id,size}', 'until it is gone; a name counts once');
SELECT ok(has_table_privilege('pg_monitor', 'crm.customer_attribute', 'SELECT'), 'with the grants that there were');
SELECT is(col_description('crm.customer_attribute'::regclass, 2), 'Attribute size; NULL where the customer has none.',
  'and a comment');
CALL crmcost.upgrade('crm');
SELECT columns_are('crm', 'customer_attribute', '{customer_id,size}', 'upgrade keeps them');
SELECT ok(crmcost.erase_customer('crm', 1), 'who is erased');
SELECT is((SELECT size FROM customer_attribute WHERE customer_id = 1), NULL, 'has none');
INSERT INTO customer (customer_id, source, source_key, first_seen_at, attributes) VALUES
  (8, 'anon', 'web', '2024-01-01', '{"size": 9}'), (9, 's', 'again', '2024-01-01', '{"size": 9}');
SELECT crmcost.merge_customer('crm', 9, 2);
CALL crmcost.refresh('crm', '2024-03-02');
SELECT results_eq('SELECT customer_id FROM customer_attribute ORDER BY 1', 'SELECT customer_id FROM customer_360 ORDER BY 1',
  'customer_attribute has the rows of customer_360, without who was merged');
ROLLBACK TO fresh;

-- accounts: 1 is the company of 2 and 3, 4 is nobody's
SELECT pg_temp.sell(i, 'o' || i, '2024-01-05', ARRAY[10 * i], '{p}', i) FROM generate_series(1, 4) i;
INSERT INTO customer (customer_id, source_key, first_seen_at, account_id) VALUES (5, 'lead', '2024-01-05', 1);
UPDATE customer SET account_id = 1 WHERE customer_id IN (2, 3);
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id)
  VALUES ('svc.support', '2024-01-06', 4, 'EUR', 3);
CALL crmcost.refresh('crm', '2024-03-02');
SELECT results_eq('SELECT account_id::int, account_key, members::int, customers::int, orders::int, revenue, margin, total_cost, profit FROM account_value',
  $$ VALUES (1, 'c1', 4, 3, 3, 60.0, 54.0, 4.0, 50.0) $$,
    'an account has what its customers brought, itself and leads counted');
-- the company turns out to be 4, by way of 6; 7 turns out to be 2, and had a company that nobody else has
INSERT INTO customer (customer_id, source_key, first_seen_at) VALUES (6, 'c6', '2024-01-05'), (8, 'c8', '2024-01-05');
INSERT INTO customer (customer_id, source_key, first_seen_at, account_id) VALUES (7, 'c7', '2024-01-05', 8);
SELECT crmcost.merge_customer('crm', 1, 6), crmcost.merge_customer('crm', 6, 4), crmcost.merge_customer('crm', 7, 2);
SELECT results_eq('SELECT account_id::int, account_key, revenue FROM account_value WHERE revenue > 0',
  $$ VALUES (4, 'c4', 100.0) $$, 'a merged account is the one that stays, with the values of the last refresh');
CALL crmcost.refresh('crm', '2024-03-02');
SELECT results_eq('SELECT account_id::int, account_key, members::int, customers::int, orders::int, revenue, margin, total_cost, profit FROM account_value',
  $$ VALUES (4, 'c4', 4, 3, 4, 100.0, 90.0, 4.0, 86.0) $$, 'and after the next one with what was the merged one''s');
UPDATE customer SET account_id = 1 WHERE customer_id = 4;
CALL crmcost.refresh('crm', '2024-03-02');
SELECT is((SELECT members FROM account_value), 4::bigint, 'who names itself by an old number is counted once');
ROLLBACK TO fresh;

-- cohorts of a published table: customers by month (openretailscience, tests/analysis/test_cohort.py)
INSERT INTO customer (customer_id, source_key, first_seen_at) SELECT i, 'c' || i, '2023-01-01'
  FROM generate_series(1, 5) i;
INSERT INTO sale (customer_id, order_ref, sold_at, amount, cogs, currency)
SELECT c, 'o' || d, d, 10, 4, 'EUR'
FROM unnest('{1,2,3,1,2,3,1,2,3,4,5,4}'::int[],

              '{2023-01-15,2023-01-20,2023-02-05,2023-02-10,2023-03-01,2023-03-15,2023-03-20,2023-04-10,2023-04-25,2023-05-05,2023-05-20,2023-06-10}'::date[]) u (c,
              d);
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id) VALUES
  ('svc.support', '2023-02-15', 5, 'EUR', 1), ('acq.ads.web', '2023-01-15', 7, 'EUR', 1),
    ('svc.support', '2023-04-15', 3, 'EUR', 4);
CALL crmcost.refresh('crm', '2023-07-01');
SELECT results_eq($$
  SELECT cohort_month, array_agg(active_customers::int ORDER BY age) FROM cohort WHERE age < 4 GROUP BY 1 ORDER BY 1
$$, $$ VALUES ('2023-01-01'::date, '{2,1,2,1}'::int[]), ('2023-02-01', '{1,1,1,0}'),
  ('2023-05-01', '{2,1,NULL,NULL}') $$,
  'active customers of each cohort are those of the published table; what is not observed is NULL, what is observed 0');
SELECT results_eq($$
  SELECT age, customers::int, active_share, revenue, margin, cost, contribution, cumulative_contribution FROM cohort
    WHERE cohort_month = '2023-01-01' AND age < 3 ORDER BY 1
$$, $$ VALUES (0, 2, 1.0, 20.0, 12.0, 7.0, 12.0, 12.0), (1, 2, 0.5, 10.0, 6.0, 5.0, 1.0, 13.0),
  (2, 2, 1.0, 20.0, 12.0, 0.0, 12.0, 25.0) $$,
  'contribution is margin less the cost to serve');
SELECT results_eq($$SELECT cost, contribution FROM cohort WHERE cohort_month = '2023-05-01' AND age = 0$$,
  $$ VALUES (3.0, 9.0) $$,
  'what was before the first order stands at age 0');
SELECT is((SELECT sum(revenue) FROM cohort), 120.0, 'cohorts have all revenue of who bought');
ROLLBACK TO fresh;
-- an order of January that is taken back in it, and the one of February that is the first then
INSERT INTO customer (customer_id, source_key, first_seen_at) VALUES (1, 'c1', '2024-01-01'), (2, 'c2', '2024-01-01');
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, amount, currency) VALUES
  (1, 'a', 1, '2024-01-10', 10, 'EUR'), (1, 'a', 2, '2024-01-20', -10, 'EUR'), (1, 'b', 1, '2024-02-05', 10, 'EUR'),
    (2, 'c', 1, '2024-02-06', 10, 'EUR');
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq('SELECT cohort_month, age, customers::int, active_customers::int, active_share, orders::int FROM cohort',
  $$ VALUES ('2024-02-01'::date, 0, 2, 2, 1.0, 2) $$,
    'who bought before the first order that stands is one customer at age 0, not two');
ROLLBACK TO fresh;

-- 1,000 customers with a profit of 902, 901, ... -97
INSERT INTO customer (customer_id, source_key, first_seen_at) SELECT i, 'c' || i, '2023-01-01'
  FROM generate_series(1, 1000) i;
INSERT INTO sale (customer_id, order_ref, sold_at, amount, cogs, currency)
SELECT i, 'o' || i, '2024-01-05', 1000, i + 97, 'EUR' FROM generate_series(1, 1000) i;
CALL crmcost.refresh('crm', '2024-03-02');
SELECT results_eq('SELECT count(*), count(*) FILTER (WHERE is_peak), min(profit_rank), max(profit_rank) FROM whale_curve_point',
  $$ VALUES (201::bigint, 1::bigint, 5::bigint, 1000::bigint) $$, 'whale_curve_point has 200 points and the peak');
SELECT results_eq('SELECT profit_rank::int, customer_share, cumulative_profit FROM whale_curve_point WHERE is_peak',
  $$ VALUES (902, 0.902, 407253.0) $$, 'which is the last customer with a profit: 902 + 901 + ... + 1');
SELECT is_empty('SELECT profit_rank, cumulative_profit, cumulative_share FROM whale_curve_point EXCEPT SELECT profit_rank, cumulative_profit, cumulative_share FROM whale_curve',
  'points are those of the curve');

SELECT * FROM finish();
ROLLBACK;
