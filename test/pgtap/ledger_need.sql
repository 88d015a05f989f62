-- What customers want: the next product, carts, needs, where demand goes, and what the models expect of groups.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();
CREATE FUNCTION pg_temp.differing() RETURNS text LANGUAGE sql AS $$
  SELECT crmcost._make_work_tables('crm');
  SELECT string_agg(format('%s: %s', target, rows_differ), ', ') FROM crmcost._verify('crm')$$;
CREATE FUNCTION pg_temp.buy(who bigint, at timestamptz, product text, price numeric, n numeric DEFAULT 1) RETURNS void
  LANGUAGE sql AS $$
  INSERT INTO crm.sale (customer_id, source, order_ref, line_no, sold_at, product_code, quantity, amount, cogs,
    currency)
    SELECT who, 's', who || ' ' || at, (SELECT count(*) + 1 FROM crm.sale WHERE order_ref = who || ' ' || at), at,
      product, n, price, price / 2, 'EUR'$$;

-- 100 orders: 40 hold A, 30 hold B, 24 both
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at) SELECT i, 'c' || i, '2024-01-01',
  '2024-01-02' FROM generate_series(1, 130) i;
SELECT pg_temp.buy(i, '2024-01-10', p.code, p.price)
FROM generate_series(1, 100) i CROSS JOIN LATERAL (
  SELECT 'A' AS code, 20 AS price WHERE i <= 40
  UNION ALL SELECT 'B', 10 WHERE i <= 24 OR i BETWEEN 41 AND 46
  UNION ALL SELECT 'C', 5 WHERE i > 46) p;
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT product_code, basis, orders_together, confidence, lift FROM next_product WHERE customer_id = 30',
  $$ VALUES ('B', 'affinity', 24::bigint, 0.6, 2.0) $$,
  'D13: who bought A is offered B: confidence 24 of 40, lift 2');
SELECT results_eq('SELECT product_code, confidence, lift FROM next_product WHERE customer_id = 41',
  $$ VALUES ('A', 0.8, 2.0) $$, 'D13: who bought B is offered A: 24 of 30');
SELECT results_eq('SELECT product_code, basis, confidence FROM next_product WHERE customer_id IN (1, 50) ORDER BY customer_id',
  $$ VALUES ('A', 'repeat', NULL::numeric), ('C', 'repeat', NULL) $$,
  'D13: who has what goes with the favourite, or nothing goes, is offered the favourite again');
SELECT results_eq('SELECT count(*), count(DISTINCT customer_id) FROM next_product',
  'VALUES (100::bigint, 100::bigint)', 'G20: one offer a customer who bought');
INSERT INTO product (code, owned_once, name, name_zh) VALUES ('A', true, 'Apple', '苹果'), ('B', true, 'Bed', NULL),
  ('C', false, 'Coffee', NULL);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT is_empty('SELECT FROM next_product WHERE customer_id = 1',
  'D13: of products of which one is enough nobody is offered a second');
SELECT is_empty($$ SELECT n.customer_id FROM next_product n JOIN product p ON p.code = n.product_code
  JOIN sale s ON s.customer_id = n.customer_id AND s.product_code = n.product_code WHERE p.owned_once $$,
  'D13: none at all, by the facts');
SELECT results_eq('SELECT count(*) FROM next_product', 'VALUES (76::bigint)', 'and all others have their offer');
SELECT results_eq('SELECT product_name, favourite_product_name FROM next_product WHERE customer_id = 30',
  $$ VALUES ('Bed', 'Apple') $$, 'by name');
SAVEPOINT known;
UPDATE sale SET amount = 0, cogs = 0 WHERE customer_id = 30;
CALL crmcost.refresh('crm', '2024-02-01');
SELECT is_empty('SELECT FROM next_product WHERE customer_id = 30', 'what was taken back was not bought');
SELECT is(pg_temp.differing(), NULL, 'G19: a full computation says the same');

-- the favourite group: twice X of one, three products of another
SELECT pg_temp.buy(101, '2024-01-05', 'X', 100), pg_temp.buy(101, '2024-01-06', 'X', 100),
  pg_temp.buy(101, '2024-01-07', 'Y1', 1), pg_temp.buy(101, '2024-01-08', 'Y2', 3),
       pg_temp.buy(101, '2024-01-09', 'Y3', 2);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT favourite_product_code, favourite_group_code FROM next_product WHERE customer_id = 101',
  $$ VALUES ('X', 'X') $$, 'without a tree each product is its group');
INSERT INTO product (code, name) VALUES ('Y', 'Yarn');
INSERT INTO product (code, parent_code, name) SELECT 'Y' || i, 'Y', 'Yarn ' || i FROM generate_series(1, 3) i;
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT favourite_product_code, favourite_group_code, favourite_group_name, in_favourite_group FROM next_product WHERE customer_id = 101',
  $$ VALUES ('Y2', 'Y', 'Yarn', true) $$,
  'F3: the favourite is the best of the group in most orders');
SELECT is(pg_temp.differing(), NULL, 'another tree of products is noticed');
-- a basket of three kinds of yarn is one order with yarn, of which X has two
SELECT pg_temp.buy(102, '2024-01-05', 'X', 1), pg_temp.buy(102, '2024-01-06', 'X', 1);
SELECT pg_temp.buy(102, '2024-01-07', 'Y' || i, 50) FROM generate_series(1, 3) i;
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT f.favourite_product_code, f.favourite_group_code, c.group_orders FROM next_product f
  JOIN customer_favourite c USING (customer_id) WHERE customer_id IN (101, 102) ORDER BY customer_id',
  $$ VALUES ('Y2', 'Y', 3::bigint), ('X', 'X', 2) $$, 'F3: an order counts once for a group, however much of it it holds');
SELECT pg_temp.buy(102, '2024-01-08', 'Y1', 1), pg_temp.buy(102, '2024-01-09', 'Y3', 1);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT f.favourite_product_code, f.favourite_group_code, c.group_orders FROM next_product f
  JOIN customer_favourite c USING (customer_id) WHERE customer_id = 102',
  $$ VALUES ('Y1', 'Y', 3::bigint) $$, 'F3: three orders with yarn are more than two with X');
SELECT is(pg_temp.differing(), NULL, 'so does a full computation');
DELETE FROM sale WHERE customer_id = 102;
CALL crmcost.refresh('crm', '2024-02-01');
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq('SELECT reason, p.parent_code COLLATE "default" FROM worklist_open w JOIN product p ON p.code = w.product_code WHERE customer_id = 101',
  $$ VALUES ('at_risk', 'Y') $$, 'F3: and what the worklist offers is of it');

-- carts
ROLLBACK TO known;
INSERT INTO customer (customer_id, source, source_key, first_seen_at) VALUES (201, 'manual', 'lead', '2024-03-01'),
  (202, 'anon', 'traffic', '2024-03-01');
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, product_code, n) VALUES
  (40, '2024-03-10 10:00Z', 'behavior', 'cart', 'A', 1), (40, '2024-03-10 11:00Z', 'behavior', 'cart', 'B', 2),
    (201, '2024-03-10 12:00Z', 'behavior', 'cart', NULL, 1),
  (202, '2024-03-10 12:00Z', 'behavior', 'cart', 'A', 1), (41, '2024-03-10 12:00Z', 'touch', 'cart', 'A', 1),
    (42, '2024-03-10 12:00Z', 'behavior', 'click', 'A', 1);
CALL crmcost.refresh('crm', '2024-03-11 10:59Z');
SELECT is_empty('SELECT FROM abandoned_cart', 'D14: after less than 24 hours a cart is not abandoned');
CALL crmcost.refresh('crm', '2024-03-11 11:00Z');
SELECT results_eq('SELECT customer_id, opened_at, last_at, items, products, product_names, value, products_without_price FROM abandoned_cart',
  $$ VALUES (40::bigint, timestamptz '2024-03-10 10:00Z', timestamptz '2024-03-10 11:00Z', 3::bigint, 2::bigint,
    'Apple, Bed', 40.0000, 0::bigint) $$, 'D14: after 24 hours it is one row, at what the products cost');
SELECT results_eq($$ SELECT customer_id, due_on, product_code COLLATE "default", value FROM worklist
  WHERE reason = 'abandoned_cart' $$, $$ VALUES (40::bigint, date '2024-03-11', 'B', 20.0000) $$,
  'D14: and one on the worklist, worth its margin');
SELECT pg_temp.buy(40, '2024-03-11 11:30Z', 'C', 5);
CALL crmcost.refresh('crm', '2024-03-13');
SELECT results_eq('SELECT customer_id, product_names, value, products_without_price FROM abandoned_cart',
  $$ VALUES (201::bigint, '(unknown)', NULL::numeric, 1::bigint) $$,
  'D14: a sale clears it; leads have carts, traffic has none');
SELECT results_eq($$ SELECT customer_id, value FROM worklist WHERE reason = 'abandoned_cart' $$,
  $$ VALUES (201::bigint, 0.0000) $$, 'D14: also on the worklist');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
UPDATE setting SET value = '48' WHERE key = 'cart_after_hours';
CALL crmcost.refresh('crm', '2024-03-12');
SELECT is_empty('SELECT FROM abandoned_cart', 'cart_after_hours says after how long');
SELECT crmcost.merge_customer('crm', 201, 44);
CALL crmcost.refresh('crm', '2024-03-14');
SELECT results_eq('SELECT customer_id FROM abandoned_cart', 'VALUES (44::bigint)', 'a cart follows a merger');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');

-- needs
ROLLBACK TO known;
INSERT INTO customer (customer_id, source, source_key, first_seen_at) VALUES (202, 'anon', 'traffic', '2024-03-01');
UPDATE customer SET attributes = jsonb_build_object('region', 'north', 'needs', v.needs)
  FROM (VALUES (1, '["fast", "cheap", "fast", " fast "]'::jsonb), (2, '"cheap"'), (3, '[]'), (4, '7'),
    (5, '{"a": "fast"}'), (6, '["", 3, null, ["cheap"], {"x": 1}]'), (7, 'null')) v (id, needs)
    WHERE customer_id = v.id;
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, channel_code, score, n, attributes) VALUES
  (2, '2024-03-05', 'survey', 'csat', 'email', 4, 1, '{"needs": ["cheap", "quiet"]}'),
    (2, '2024-03-06', 'survey', 'csat', NULL, 4, 3, '{"needs": "quiet", "utm_source": "x"}'),
  (8, '2024-03-06', 'survey', 'nps', 'email', 9, 1, '{"needs": ["fast"]}'),
    (202, '2024-03-06', 'survey', 'nps', 'email', 9, 1, '{"needs": ["fast"]}'),
    (9, '2024-03-20', 'survey', 'nps', 'email', 9, 1, '{"needs": ["late"]}');
CALL crmcost.refresh('crm', '2024-03-14');
SELECT results_eq('SELECT customer_id, need, in_attributes, mentions, last_mentioned_on FROM customer_need ORDER BY 1, 2',
  $$ VALUES
  (1::bigint, 'cheap', true, 0::bigint, NULL::date), (1, 'fast', true, 0, NULL), (2, 'cheap', true, 1, '2024-03-05'),
    (2, 'quiet', false, 4, '2024-03-06'), (8, 'fast', false, 1, '2024-03-06') $$,
  'D19: needs of attributes and answers, each once; what is none is none');
SELECT results_eq('SELECT need, customers, in_attributes, mentions FROM need_count ORDER BY 1',
  $$ VALUES ('cheap', 2::bigint, 2::bigint, 1::bigint), ('fast', 2, 1, 1), ('quiet', 1, 0, 4) $$, 'D19: counted');
SELECT is(pg_temp.differing(), NULL, 'D19: and counted again, the counts are the same');
UPDATE customer SET attributes = '{"needs": ["quiet"]}' WHERE customer_id = 1;
DELETE FROM interaction WHERE customer_id = 8 AND kind = 'survey';
SELECT crmcost.merge_customer('crm', 2, 3);
CALL crmcost.refresh('crm', '2024-03-14');
SELECT results_eq('SELECT customer_id, need FROM customer_need ORDER BY 1, 2',
  $$ VALUES (1::bigint, 'quiet'), (3, 'cheap'), (3, 'quiet') $$, 'changes and mergers are noticed');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
SELECT crmcost.erase_customer('crm', 1), crmcost.erase_customer('crm', 2);
SELECT is_empty('SELECT need FROM customer_need UNION ALL SELECT need FROM need_count',
  'an erased customer names nothing any more, at once');
CALL crmcost.refresh('crm', '2024-03-14');
SELECT is_empty('SELECT FROM customer_need', 'and not later');
SELECT is_empty('SELECT FROM customer_favourite WHERE customer_id = 1', 'nor is offered anything');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
CALL crmcost.refresh('crm', '2024-04-01');
SELECT results_eq('SELECT customer_id, need FROM customer_need', $$ VALUES (9::bigint, 'late') $$,
  'an answer counts from its day on');

-- where demand goes
ROLLBACK TO known;
SELECT pg_temp.buy(120, m + interval '3 days', 'T', 1, q)
FROM (VALUES (timestamptz '2024-01-01', 10), ('2024-02-01', 12), ('2024-03-01', 14), ('2024-04-01', 999)) v (m, q);
SELECT pg_temp.buy(121, m + interval '3 days', 'U', 3 * q, q)
FROM (VALUES (timestamptz '2023-12-01', 10), ('2024-01-01', 12), ('2024-02-01', 14), ('2024-03-01', 13)) v (m, q);
SELECT pg_temp.buy(122, '2024-03-05', 'V', 1, 5), pg_temp.buy(122, '2024-01-05', 'W', 1, 6);
CALL crmcost.refresh('crm', '2024-04-05');
SELECT results_eq($$ SELECT from_month, to_month, months, slope, slope_low, slope_high, trend, next_value, last_value,
  currency FROM demand_trend WHERE dimension = 'product' AND code = 'T' AND measure = 'quantity' $$,
  $$ VALUES (date '2024-01-01', date '2024-03-01', 3, 2.0, 2.0, 2.0, 'rising', 16.0, 14.0, NULL::text) $$,
    'C24: the slope of 10, 12, 14 is 2 a month; the running month does not count');
-- by PostgreSQL's own regression; Student's quantile for 2 degrees of freedom is 0.95 sqrt(2 / (1 - 0.95^2))
SELECT results_eq($$ SELECT months, slope, slope_low, slope_high, trend FROM demand_trend
  WHERE dimension = 'product' AND code = 'U' AND measure = 'quantity' $$,
  $$ SELECT 4, round(regr_slope(y, x)::numeric, 6), round((regr_slope(y, x) - h)::numeric, 6),
    round((regr_slope(y, x) + h)::numeric, 6), 'steady'
     FROM (VALUES (1, 10), (2, 12), (3, 14), (4, 13)) v (x, y),
       LATERAL (SELECT 0.95 * sqrt(2 / (1 - 0.95 ^ 2)) * sqrt((regr_syy(b, a) - regr_sxy(b, a) ^ 2 / regr_sxx(b,
         a)) / 2 / regr_sxx(b, a)) AS h FROM (VALUES (1, 10), (2, 12), (3, 14), (4, 13)) w (a, b)) i GROUP BY h $$,
  'C24: with its interval');
SELECT results_eq($$ SELECT round(slope / 3, 6) FROM demand_trend WHERE dimension = 'product' AND code = 'U'
  AND measure = 'revenue' $$, $$ SELECT slope FROM demand_trend WHERE dimension = 'product' AND code = 'U'
  AND measure = 'quantity' $$, 'of revenue as of quantity');
SELECT results_eq($$ SELECT code, months, slope, slope_low, trend, next_value FROM demand_trend
  WHERE dimension = 'product' AND code IN ('V', 'W') AND measure = 'quantity' ORDER BY 1 $$,
  $$ VALUES ('V', 1, NULL::numeric, NULL::numeric, '(unknown)', NULL::numeric),
    ('W', 3, -3.0, -25.007792, 'steady', -4.0) $$,
  'a single month is no trend; months without anything count as 0 (6, 0, 0: slope -3, standard error sqrt(6 / 1 / 2))');
SELECT results_eq($$ SELECT segment, sum(revenue) FROM profit_by_segment_month WHERE month_start BETWEEN '2024-01-01'
  AND '2024-03-01' GROUP BY 1 HAVING sum(revenue) > 0 ORDER BY 1 $$,
  $$ SELECT t.code, round(sum(mean_value * months), 4) FROM demand_trend t
    WHERE dimension = 'segment' AND measure = 'revenue' AND code <> (SELECT segment FROM customer_rfm
    WHERE customer_id = 121) GROUP BY 1
     UNION ALL SELECT segment, sum(revenue) FROM profit_by_segment_month WHERE month_start BETWEEN '2024-01-01'
       AND '2024-03-01' AND segment = (SELECT segment FROM customer_rfm WHERE customer_id = 121) GROUP BY 1
       ORDER BY 1 $$,
  'C24: and of segments, whose months are those of the profit');
-- three months of contacts and cost before the first order of the gold tier: the line is that of 20,000 and 12,000
SAVEPOINT early;
INSERT INTO interaction (customer_id, occurred_at, kind) SELECT 123,
  '2023-11-05'::timestamptz + i * interval '1 month', 'care' FROM generate_series(0, 2) i;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id) SELECT 'svc.support',
  '2023-11-06'::date + 30 * i, 5, 'EUR', 123 FROM generate_series(0, 2) i;
SELECT pg_temp.buy(123, '2024-02-05', 'T', 20000), pg_temp.buy(123, '2024-03-05', 'T', 12000);
CALL crmcost.refresh('crm', '2024-04-05');
SELECT results_eq($$ SELECT measure, from_month, months, mean_value, slope FROM demand_trend
  WHERE dimension = 'loyalty' AND code = 'gold' ORDER BY 1 $$,
  $$ VALUES ('orders', date '2024-02-01', 2, 1.0, 0.0), ('revenue', '2024-02-01', 2, 16000, -8000) $$,
    'C24: a line begins with the first month in which something was sold');
ROLLBACK TO early;
-- what was sold before the window and rests at its beginning has months without anything there; what has no rate is in
-- no figure
UPDATE setting SET value = '3' WHERE key = 'trend_months';
SELECT pg_temp.buy(123, m, 'X', q, q)
  FROM (VALUES (timestamptz '2023-11-05', 6), ('2024-02-05', 6), ('2024-03-05', 12)) v (m, q);
INSERT INTO sale (customer_id, order_ref, sold_at, product_code, quantity, amount, currency)
  VALUES (124, 'y1', '2024-01-05', 'Y', 5, 5, 'XTS'), (124, 'y2', '2024-02-05', 'Y', 5, 5, 'EUR'),
    (124, 'y3', '2024-03-05', 'Y', 5, 5, 'EUR');
CALL crmcost.refresh('crm', '2024-04-05');
SELECT results_eq($$ SELECT code, measure, from_month, months, mean_value, slope FROM demand_trend
  WHERE dimension = 'product' AND code IN ('X', 'Y') ORDER BY 1, 2 $$,
  $$ VALUES ('X', 'quantity', date '2024-01-01', 3, 6.0, 6.0), ('X', 'revenue', '2024-01-01', 3, 6, 6),
    ('Y', 'quantity', '2024-02-01', 2, 5, 0), ('Y', 'revenue', '2024-02-01', 2, 5, 0) $$,
  'C24: 0, 6, 12 where it was sold before; from the first month with a rate');
ROLLBACK TO early;
UPDATE setting SET value = '2' WHERE key = 'trend_months';
CALL crmcost.refresh('crm', '2024-04-05');
SELECT results_eq($$ SELECT from_month, months, slope, slope_low FROM demand_trend
  WHERE code = 'T' AND measure = 'quantity' $$, $$ VALUES (date '2024-02-01', 2, 2.0, NULL::numeric) $$,
  'trend_months says how far back; two months have no interval');

-- what the models expect of groups
SELECT results_eq($$ SELECT dimension, code, customers, predicted_customers, expected_alive, expected_purchases,
  expected_revenue, expected_margin FROM purchase_forecast ORDER BY 1, 2 $$, $$
  SELECT k.dimension, k.code, count(*), count(s.p_alive), round(sum(round(s.p_alive::numeric, 6)), 4),
    round(sum(round(s.expected_purchases::numeric, 6)), 4),
         round(sum(round(s.expected_purchases::numeric * s.expected_value, 6)), 4), sum(s.potential)
  FROM customer_clv s JOIN (SELECT customer_id, 'segment' AS dimension, segment AS code FROM customer_rfm
    UNION ALL SELECT customer_id, scheme, tier FROM customer_tier) k USING (customer_id)
  GROUP BY 1, 2 ORDER BY 1, 2 $$, 'C24: expectations of the customers of a segment or tier, added up');
SELECT ok(count(*) > 3, 'of which there are some') FROM purchase_forecast;
SELECT is(pg_temp.differing(), NULL, 'G19: a full computation says the same');
-- also of what a person says that is no tier scheme, or no tier of one
INSERT INTO classification (customer_id, dimension, entered_at, code)
  SELECT customer_id, 'region', timestamptz '2024-03-01', CASE customer_id % 2 WHEN 0 THEN 'north' ELSE 'south' END FROM customer
  UNION ALL SELECT min(customer_id), 'abc', '2024-03-01', 'gone' FROM customer_rfm;
CALL crmcost.refresh('crm', '2024-04-05');
SELECT results_eq($$ SELECT dimension COLLATE "default", code COLLATE "default", customers, predicted_customers,
  expected_alive, expected_margin
  FROM group_forecast WHERE dimension = 'region' OR code = 'gone' ORDER BY 1, 2 $$, $$
  SELECT k.dimension, k.code, count(*), count(s.p_alive), sum(round(s.p_alive::numeric, 6))::numeric(38,4),
    sum(s.potential) FROM customer_clv s JOIN customer_rfm r USING (customer_id)
  JOIN classification k USING (customer_id) WHERE k.dimension = 'region' OR k.code = 'gone' GROUP BY 1, 2 ORDER BY 1, 2
  $$, 'any dimension but stage, owner and invalid');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');

-- bad input
SELECT throws_ok($$ UPDATE setting SET value = '0' WHERE key = 'trend_months' $$, '23514', NULL, 'a trend of no month');
SELECT throws_ok($$ UPDATE setting SET value = 'NaN' WHERE key = 'cart_after_hours' $$, '23514', NULL,
  'hours that are no number');
SELECT throws_ok('SELECT crmcost._student_quantile(0)', '22023', 'df must be greater than 0, not 0',
  'no degree of freedom');
SELECT is(crmcost._student_quantile(NULL), NULL, 'none known');
SELECT results_eq($$ SELECT crmcost._last_occasion(m, d::date)
  FROM (VALUES ('02-29', '2024-02-28'), ('02-29', '2024-02-29'), ('02-29', '2023-03-01'), ('12-31', '2024-12-30'),
  ('04-31', '2024-12-30'), ('02-30', '2024-12-30'), ('13-01', '2024-12-30'),
    ('1-1', '2024-12-30'), ('', '2024-12-30'), ('2024-01-01', '2024-12-30'), (NULL, '2024-12-30')) v (m, d) $$,
  $$ VALUES (date '2023-02-28'), ('2024-02-29'), ('2023-02-28'), ('2023-12-31'), (NULL), (NULL), (NULL), (NULL),
    (NULL), (NULL), (NULL) $$, 'the last 29 February; days that are none');

SELECT * FROM finish();
ROLLBACK;
