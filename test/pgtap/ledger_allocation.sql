-- Cost to customers: direct, by rule, or to nobody; nothing is ever lost.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();

CREATE FUNCTION pg_temp.buyers(n int, day date, amount numeric DEFAULT 10)
  RETURNS void LANGUAGE sql AS $$
  INSERT INTO crm.customer (customer_id, source_key, first_seen_at, acquired_at)
  SELECT i, 'c' || i, '2024-01-01', day FROM generate_series(1, n) i
  ON CONFLICT DO NOTHING;
  INSERT INTO crm.sale (customer_id, order_ref, sold_at, amount, currency)
  SELECT i, 'o' || i || day, day, amount, 'EUR' FROM generate_series(1, n) i$$;
CREATE FUNCTION pg_temp.spend(category text, day date, amount numeric,
                              customer bigint DEFAULT NULL)
  RETURNS void LANGUAGE sql
  AS $$INSERT INTO crm.cost_entry (category_code, incurred_on, amount, currency, customer_id)
       VALUES (category, day, amount, 'EUR', customer)$$;

-- A24
SAVEPOINT fresh;
SELECT pg_temp.buyers(3, '2024-03-10');
SELECT pg_temp.spend('svc.support', '2024-03-31', 100);
SELECT pg_temp.spend('svc.support', '2024-03-31', 5, 2);
INSERT INTO allocation_rule (category_code, driver) VALUES ('svc', 'active_customers');
CALL crmcost.refresh('crm', '2024-03-31 12:00Z');
SELECT results_eq('SELECT customer_id, month_start, bucket, direct_cost, allocated_cost, total_cost FROM customer_cost ORDER BY 1',
  $$
  VALUES (1::bigint, '2024-03-01'::date, 'service', 0.0, 33.34, 33.34),
         (2, '2024-03-01', 'service', 5.0, 33.33, 38.33),
         (3, '2024-03-01', 'service', 0.0, 33.33, 33.33)
$$, 'A24: 100.00 over three equal customers is 33.34, 33.33, 33.33, beside direct cost');
SELECT results_eq($$
  SELECT driver, cost, driver_quantity, customers, allocated_cost, unallocated_cost, unallocated_because
  FROM cost_pool
$$, $$ VALUES ('active_customers', 100.0, 3.0, 3::bigint, 100.0, 0.0, NULL::text) $$,
  'A24: the pool says what was spread by what');

-- whole coins, unless the pool itself is finer
SELECT pg_temp.spend('svc.support', '2024-03-31', 0.0050);
CALL crmcost.refresh('crm', '2024-03-31 12:00Z');
SELECT results_eq('SELECT allocated_cost FROM customer_cost ORDER BY customer_id',
  $$ VALUES (33.335), (33.335), (33.335) $$, 'a pool finer than a coin is spread as fine');
UPDATE setting SET value = '0' WHERE key = 'money_scale';
SELECT pg_temp.spend('svc.support', '2024-03-31', -0.0050);
CALL crmcost.refresh('crm', '2024-03-31 12:00Z');
SELECT results_eq('SELECT allocated_cost FROM customer_cost ORDER BY customer_id',
  $$ VALUES (34.0), (33.0), (33.0) $$, 'coins without decimals');
ROLLBACK TO fresh;

-- each driver, on numbers done by hand
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at)
VALUES (1, 'a', '2024-01-01', '2024-03-02'), (2, 'b', '2024-01-01', '2024-02-02'),
       (3, 'c', '2024-01-01', '2024-03-31'), (4, 'd', '2024-01-01', NULL);
INSERT INTO sale (customer_id, order_ref, line_no, kind, sold_at, amount, cogs, currency)
VALUES (1, 'o1', 1, 'sale', '2024-03-05', 60, 20, 'EUR'),
       (1, 'o1', 2, 'sale', '2024-03-05', 40, 40, 'EUR'),
       (1, 'o2', 1, 'sale', '2024-03-06', 100, 0, 'EUR'),
       (2, 'o3', 1, 'sale', '2024-03-07', 100, 80, 'EUR'),
       (3, 'o4', 1, 'refund', '2024-03-08', -50, 0, 'EUR');
INSERT INTO interaction (customer_id, occurred_at, kind, n, handle_seconds)
VALUES (1, '2024-03-05', 'ticket', 3, 3600), (4, '2024-03-06', 'ticket', 1, 1800);
SELECT pg_temp.spend(c, '2024-03-31', a)
FROM (VALUES ('acq', 30), ('ret', 30), ('svc', 90), ('data', 28), ('trn', 30), ('prg', 40), ('chn', 8)) v (c, a);
INSERT INTO allocation_rule (category_code, driver)
VALUES ('acq', 'new_customers'), ('ret', 'active_customers'), ('svc', 'handle_time'),
       ('data', 'revenue'), ('trn', 'orders'), ('prg', 'margin'), ('chn', 'interactions');
CALL crmcost.refresh('crm', '2024-04-01');
SELECT results_eq($$
  SELECT bucket, customer_id::int, allocated_cost FROM customer_cost ORDER BY 1, 2
$$, $$ VALUES
  ('acquisition', 1, 15.0), ('acquisition', 3, 15.0),
  ('churn', 1, 6.0), ('churn', 4, 2.0),
  ('data', 1, 18.67), ('data', 2, 9.33),
  ('program', 1, 35.0), ('program', 2, 5.0),
  ('retention', 1, 15.0), ('retention', 2, 15.0),
  ('service', 1, 60.0), ('service', 4, 30.0),
  ('training', 1, 20.0), ('training', 2, 10.0) $$,
  'A29 and every driver: new and active customers, revenue, margin, orders, interactions, handle time');
ROLLBACK TO fresh;

-- the nearest rule, on the day
SELECT pg_temp.buyers(2, '2024-03-10');
SELECT pg_temp.buyers(2, '2024-04-10');
SELECT pg_temp.spend('ret.loyalty.discount', '2024-03-15', 10);
SELECT pg_temp.spend('ret.loyalty.event', '2024-03-15', 20);
SELECT pg_temp.spend('ret.contact', '2024-03-15', 40);
SELECT pg_temp.spend('ret.contact', '2024-04-15', 80);
SELECT pg_temp.spend('svc.repair', '2024-03-15', 160);
INSERT INTO allocation_rule (rule_id, category_code, driver, valid)
VALUES (1, 'ret', 'active_customers', '[2024-01-01,2024-03-31]'),
       (2, 'ret', 'orders', '[2024-04-01,)'),
       (3, 'ret.loyalty', 'revenue', '(,)'),
       (4, 'ret.loyalty.discount', 'orders', '[2024-03-16,)');
CALL crmcost.refresh('crm', '2024-05-01');
SELECT results_eq($$
  SELECT month_start, bucket, rule_id::int, cost, allocated_cost, unallocated_because
  FROM cost_pool ORDER BY 1, 2, 3
$$, $$ VALUES
  ('2024-03-01'::date, 'retention', 1, 40.0, 40.0, NULL::text),
  ('2024-03-01', 'retention', 3, 30.0, 30.0, NULL),
  ('2024-03-01', 'service', 0, 160.0, 0.0, 'no rule'),
  ('2024-04-01', 'retention', 2, 80.0, 80.0, NULL) $$,
  'the rule of the nearest category that holds on the day');
SELECT results_eq($$
  SELECT rows, amount, example FROM data_quality WHERE check_name = 'unallocated_cost'
$$, $$ VALUES (1::bigint, 160.0, 'service in 2024-03: no rule') $$,
  'cost without a rule is reported with its sum');

-- drivers that nobody had leave the cost in sight
UPDATE allocation_rule SET driver = 'tier_weight' WHERE rule_id = 3;
UPDATE allocation_rule SET driver = 'handle_time' WHERE rule_id = 1;
CALL crmcost.refresh('crm', '2024-05-01');
SELECT results_eq($$
  SELECT rule_id::int, unallocated_cost, unallocated_because FROM cost_pool
  WHERE unallocated_cost <> 0 ORDER BY 1
$$, $$ VALUES (0, 160.0, 'no rule'), (1, 40.0, 'no driver in the month'), (3, 30.0, 'no driver in the month') $$,
  'unallocated cost says why');
SELECT is_empty($$SELECT FROM data_quality WHERE check_name = 'cost_not_refreshed' AND rows > 0$$,
                'and is in the books');
-- a cycle in the tree is no endless loop
UPDATE cost_category SET parent_code = 'ret.loyalty.event' WHERE code = 'ret';
CALL crmcost.refresh('crm', '2024-05-01');
SELECT is((SELECT rows > 0 FROM data_quality WHERE check_name = 'tree_has_a_cycle'), true,
          'a cycle in the tree is reported, not followed');
ROLLBACK TO fresh;

-- conservation: random sales, interactions and cost, every driver, three
-- currencies one of which has no rate in spring, bookings of both signs
INSERT INTO fx_rate VALUES ('USD', '2024-01-01', 0.913), ('CNY', '2024-06-01', 0.1279);
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at)
SELECT i, 'c' || i, '2024-01-01', '2024-01-01'::date + i FROM generate_series(1, 60) i;
INSERT INTO sale (customer_id, order_ref, line_no, kind, sold_at, amount, cogs, currency)
SELECT 1 + (random() * 59)::int, 'o' || i / 3, i, CASE WHEN i % 20 = 0 THEN 'refund' ELSE 'sale' END,
       '2024-01-01'::timestamptz + random() * interval '300 days',
       (CASE WHEN i % 20 = 0 THEN -1 ELSE 1 END) * round((random() * 100)::numeric, 2),
       round((random() * 60)::numeric, 2), (ARRAY['EUR', 'USD', 'CNY'])[1 + i % 3]
FROM generate_series(1, 3000) i;
INSERT INTO interaction (customer_id, occurred_at, kind, n, handle_seconds)
SELECT 1 + (random() * 59)::int, '2024-01-01'::timestamptz + random() * interval '300 days',
       'ticket', 1 + (random() * 3)::int, (random() * 900)::int
FROM generate_series(1, 500) i;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id)
SELECT c.code, '2024-01-01'::date + (random() * 300)::int, round((random() * 1000 - 100)::numeric, 2 + i % 3),
       (ARRAY['EUR', 'USD', 'CNY'])[1 + i % 3],
       CASE WHEN random() < 0.2 THEN 1 + (random() * 59)::int END
FROM generate_series(1, 20) i, cost_category c;
INSERT INTO allocation_rule (category_code, driver, valid)
SELECT v.code, v.driver, daterange(v.from_on, v.before_on)
FROM (VALUES ('acq', 'new_customers', NULL::date, NULL::date), ('acq.sales', 'revenue', NULL, NULL),
             ('ret', 'active_customers', NULL, '2024-07-01'), ('ret', 'orders', '2024-07-15', NULL),
             ('svc', 'handle_time', NULL, NULL), ('svc.repair', 'interactions', NULL, NULL),
             ('chn', 'margin', NULL, NULL), ('data', 'tier_weight', NULL, NULL)) v (code, driver, from_on, before_on);
CALL crmcost.refresh('crm', '2024-09-20 08:00Z');
CREATE TEMPORARY TABLE booked AS
SELECT date_trunc('month', e.incurred_on::timestamp)::date AS month_start, k.bucket,
       sum(round(e.amount * CASE e.currency WHEN 'EUR' THEN 1 WHEN 'USD' THEN 0.913
                   ELSE 0.1279 END, 4)) AS cost
FROM cost_entry e JOIN cost_category k ON k.code = e.category_code
WHERE e.incurred_on <= '2024-09-20' AND (e.currency <> 'CNY' OR e.incurred_on >= '2024-06-01')
GROUP BY 1, 2;
SELECT results_eq($$
  SELECT month_start, bucket, sum(cost)
  FROM (SELECT month_start, bucket, direct_cost + allocated_cost FROM customer_cost
        UNION ALL
        SELECT month_start, bucket, unallocated_cost FROM cost_pool) v (month_start, bucket, cost)
  GROUP BY 1, 2 ORDER BY 1, 2
$$, 'SELECT * FROM booked ORDER BY 1, 2',
  'A24: booked = direct + allocated + unallocated, by month and bucket, to the last digit');
SELECT is((SELECT sum(total_cost) FROM customer_profit),
          (SELECT sum(total_cost) FROM customer_cost), 'and the profit of customers bears what they cost');
SELECT cmp_ok((SELECT count(*) FROM cost_pool WHERE allocated_cost <> 0), '>', 30::bigint, 'many pools were spread');
SELECT cmp_ok((SELECT count(DISTINCT driver) FROM cost_pool WHERE allocated_cost <> 0), '=', 8::bigint,
  'by every driver');
-- each share is within a coin of its exact value; weights of tiers are no column of customer_month
SELECT is_empty($$
  WITH weight AS (
    SELECT p.month_start, p.bucket, p.rule_id, p.cost, m.customer_id,
           CASE p.driver WHEN 'revenue' THEN greatest(m.revenue, 0) WHEN 'margin' THEN greatest(m.margin, 0)
             WHEN 'orders' THEN m.orders WHEN 'interactions' THEN m.interactions
             WHEN 'handle_time' THEN m.handle_seconds
             WHEN 'active_customers' THEN (m.sale_lines > 0)::int ELSE m.acquired::int END AS w
    FROM cost_pool p JOIN customer_month m USING (month_start)
    WHERE p.allocated_cost <> 0 AND p.driver <> 'tier_weight'),
  exact AS (
    SELECT customer_id, month_start, bucket,
           sum(cost * w / total) AS cost, count(*) AS pools
    FROM (SELECT *, sum(w) OVER (PARTITION BY month_start, bucket, rule_id) AS total FROM weight) t
    GROUP BY 1, 2, 3)
  SELECT * FROM exact JOIN customer_cost c USING (customer_id, month_start, bucket)
  WHERE abs(c.allocated_cost - exact.cost) > 0.01 * pools
$$, 'and nobody bears more than a coin beside the exact share');
SELECT is_empty($$SELECT check_name FROM data_quality WHERE check_name ~ '_not_refreshed' AND rows > 0$$,
                'the reports are level with the facts');
SELECT is((SELECT rows FROM data_quality WHERE check_name = 'cost_without_rate'),
          (SELECT count(*) FROM cost_entry WHERE currency = 'CNY' AND incurred_on < '2024-06-01'),
          'what has no rate is counted');

SELECT * FROM finish();
ROLLBACK;
