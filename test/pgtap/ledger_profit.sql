-- Who makes and who loses money: profit and loss of customers, by month, tier,
-- segment, channel and product, and the whale curve.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();

-- D1, D3, D4: 500 - 120 - 60 - 30 = 290, of 2,900 in all
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at, acquisition_channel)
VALUES (1, 'a', '2024-01-01', '2024-01-01', 'web'), (2, 'b', '2024-01-01', '2024-01-01', 'store');
SAVEPOINT fresh;
INSERT INTO sale (customer_id, order_ref, sold_at, product_code, amount, discount, cogs, currency)
SELECT 1, 'o' || i, '2024-01-10'::date + 9 * i, 'p' || i % 4, 200, 10, CASE i WHEN 1 THEN 200 ELSE 100 END, 'EUR'
FROM generate_series(1, 6) i;
INSERT INTO sale (customer_id, order_ref, kind, sold_at, product_code, amount, cogs, currency)
VALUES (1, 'o1', 'refund', '2024-02-20', 'p1', -50, -50, 'EUR'), (2, 'x', 'sale', '2024-02-10', 'p9', 2620, 0, 'EUR'),
       (1, 'o9', 'sale', '2024-03-30', 'p1', 50, 50, 'EUR'), (1, 'o9', 'refund', '2024-03-31', 'p1', -50, -50, 'EUR');
DELETE FROM sale WHERE order_ref = 'o9';
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id, product_code)
VALUES ('acq.ads.web', '2024-01-05', 120, 'EUR', 1, NULL), ('ret.contact', '2024-02-05', 60, 'EUR', 1, 'p1'),
       ('svc.support', '2024-02-05', 40, 'EUR', NULL, NULL);
INSERT INTO allocation_rule (category_code, driver) VALUES ('svc', 'orders');
CALL crmcost.refresh('crm', '2024-04-01');
SELECT results_eq($$
  SELECT revenue, discount, refund, cogs, margin, acquisition_cost, retention_cost, service_cost,
         direct_cost, allocated_cost, total_cost, direct_profit, profit, orders, products
  FROM customer_profit WHERE customer_id = 1
$$, $$ VALUES (1150.0, 60.0, -50.0, 650.0, 500.0, 120.0, 60.0, 30.0, 180.0, 30.0, 210.0, 320.0, 290.0, 6::bigint,
  4::bigint) $$,
  'D1, D3: 500 - 120 - 60 - 30 = 290, with 6 orders of 4 products; direct cost alone leaves 320');
SELECT results_eq('SELECT customer_id::int, profit, contribution_share, profit_rank::int FROM customer_profit ORDER BY 1',
  $$ VALUES (1, 290.0, 0.1, 2), (2, 2610.0, 0.9, 1) $$, 'D4: 290 of 2,900 is 10 %');
SELECT results_eq($$
  SELECT month_start, revenue, refund, margin, acquisition_cost, retention_cost, service_cost, direct_profit, profit
  FROM customer_profit_by_month WHERE customer_id = 1 ORDER BY 1
$$, $$ VALUES
  ('2024-01-01'::date, 400.0, 0.0, 100.0, 120.0, 0.0, 0.0, -20.0, -20.0),
  ('2024-02-01', 550.0, -50.0, 300.0, 0.0, 60.0, 30.0, 240.0, 210.0),
  ('2024-03-01', 200.0, 0.0, 100.0, 0.0, 0.0, 0.0, 100.0, 100.0) $$,
  'D3: by month, the refund where it happened');
SELECT results_eq('SELECT channel_code, customers::int, margin, profit, contribution_share FROM profit_by_channel ORDER BY 1',
  $$ VALUES ('store', 1, 2620.0, 2610.0, 0.9), ('web', 1, 500.0, 290.0, 0.1) $$, 'by channel');
SELECT results_eq($$
  SELECT product_code, customers::int, quantity::int, revenue, refund, margin, total_cost, profit
    FROM profit_by_product ORDER BY product_code = '(unknown)', 1
$$, $$ VALUES
  ('p0', 1, 1, 200.0, 0.0, 100.0, 0.0, 100.0), ('p1', 1, 3, 350.0, -50.0, 100.0, 60.0, 40.0),
  ('p2', 1, 2, 400.0, 0.0, 200.0, 0.0, 200.0), ('p3', 1, 1, 200.0, 0.0, 100.0, 0.0, 100.0),
  ('p9', 1, 1, 2620.0, 0.0, 2620.0, 0.0, 2620.0), ('(unknown)', NULL, 0, 0.0, 0.0, 0.0, 160.0, -160.0) $$,
  'by product, a refund with what came back, and cost of no product apart');
SELECT is((SELECT sum(profit) FROM profit_by_tier WHERE scheme = 'abc'), 2900.0, 'by tier');
SELECT is((SELECT sum(profit) FROM profit_by_segment), 2900.0, 'C21: by segment');
SELECT is((SELECT sum(profit) FROM profit_by_month), 2900.0, 'by month');
ROLLBACK TO fresh;

-- D2: revenue 1000 at 10 % is less than 400 at 50 %
INSERT INTO sale (customer_id, order_ref, sold_at, amount, cogs, currency)
VALUES (1, 'a', '2024-01-05', 1000, 900, 'EUR'), (2, 'b', '2024-01-05', 400, 200, 'EUR');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT customer_id::int, revenue, margin, profit_rank::int FROM customer_profit ORDER BY profit_rank',
  $$ VALUES (2, 400.0, 200.0, 1), (1, 1000.0, 100.0, 2) $$, 'D2: the ranks by revenue and by profit invert');
ROLLBACK TO fresh;

-- D5, D11: peak 131.25 %, end 100 %; without two loss makers 1,020
INSERT INTO customer (customer_id, source_key, first_seen_at) SELECT i, 'c' || i, '2024-01-01'
  FROM generate_series(3, 8) i;
INSERT INTO sale (customer_id, order_ref, sold_at, amount, cogs, currency)
SELECT i, 'o' || i, '2024-01-05', v, 0, 'EUR'
FROM unnest('{500,300,200,50,0,0,0,0}'::numeric[]) WITH ORDINALITY u (v, i);
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id)
VALUES ('svc.support', '2024-01-05', 30, 'EUR', 6), ('svc.support', '2024-01-05', 70, 'EUR', 7),
  ('svc.support', '2024-01-05', 150, 'EUR', 8);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT customer_id::int, profit, cumulative_profit, cumulative_share FROM whale_curve ORDER BY profit_rank',
  $$
  VALUES (1, 500.0, 500.0, 0.625), (2, 300.0, 800.0, 1.0), (3, 200.0, 1000.0, 1.25), (4, 50.0, 1050.0, 1.3125),
         (5, 0.0, 1050.0, 1.3125), (6, -30.0, 1020.0, 1.275), (7, -70.0, 950.0, 1.1875), (8, -150.0, 800.0, 1.0)
$$, 'D5: the whale curve rises to 131.25 % and ends at 100 %');
SELECT is((SELECT sum(profit) FROM whale_curve WHERE profit_rank <= 6), 1020.0,
  'D11: without the two worst, 1,020 instead of 800');
ROLLBACK TO fresh;

-- every cut sums to the same; leads, unallocated and unused cost included
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at, acquisition_channel)
SELECT i, 'c' || i, '2024-01-01', CASE WHEN i % 7 > 0 THEN '2024-01-01'::date + i END,
  (ARRAY['web', 'social', NULL])[1 + i % 3]
FROM generate_series(3, 50) i;
SELECT setseed(0.4);
INSERT INTO sale (customer_id, order_ref, line_no, kind, sold_at, product_code, amount, discount, cogs, currency)
SELECT 1 + floor(random() * 45)::int, 'o' || i / 2, i, CASE WHEN i % 9 = 0 THEN 'refund' ELSE 'sale' END,
  '2024-01-01'::date + i % 120,
       (ARRAY['p1', 'p2', NULL])[1 + i % 3], CASE WHEN i % 9 = 0 THEN -1 ELSE 1
         END * round((random() * 90)::numeric, 2),
       round(random()::numeric, 2), round((random() * 60)::numeric, 2), 'EUR'
FROM generate_series(1, 600) i;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id, product_code)
SELECT code, '2024-01-01'::date + floor(random() * 120)::int, round((random() * 100 - 10)::numeric, 2), 'EUR',
       CASE WHEN random() < 0.3 THEN 1 + floor(random() * 50)::int END,
         (ARRAY['p1', NULL])[1 + floor(random() * 2)::int]
FROM cost_category, generate_series(1, 3);
INSERT INTO interaction (customer_id, occurred_at, kind, handle_seconds)
SELECT 1 + floor(random() * 50)::int, '2024-01-01'::date + i, 'ticket', 600 FROM generate_series(1, 100) i;
INSERT INTO allocation_rule (category_code, driver) VALUES ('acq', 'new_customers'), ('svc', 'handle_time'),
  ('ret', 'revenue');
INSERT INTO capacity VALUES ('svc', '[2024-01-01,2024-07-01)', 6000);
CALL crmcost.refresh('crm', '2024-05-01');
CREATE TEMPORARY TABLE total AS SELECT sum(revenue) AS revenue, sum(margin) AS margin, sum(total_cost) AS total_cost,
  sum(profit) AS profit FROM customer_profit;
SELECT is(profit, margin - total_cost, 'profit is margin less cost') FROM total;
SELECT is((SELECT sum(margin) FROM total), (SELECT sum(amount - cogs) FROM sale), 'margin is that of all sales');
SELECT results_eq(format('SELECT sum(revenue), sum(margin), sum(total_cost), sum(profit) FROM %s', v.what),
  'SELECT * FROM total', v.what)
FROM (VALUES ('customer_profit_by_month'), ('profit_by_month'), ($$profit_by_tier WHERE scheme = 'abc'$$),
  ($$profit_by_tier WHERE scheme = 'value'$$),
             ('profit_by_segment'), ('profit_by_channel')) v (what);
SELECT is((SELECT sum(ledger_profit) FROM profit_by_month), (SELECT sum(profit) FROM profit_by_product),
          'by product and by month all cost is in, borne by customers or not');
SELECT is((SELECT sum(ledger_profit) FROM profit_by_month), (SELECT sum(amount - cogs) FROM sale) - (SELECT sum(amount)
  FROM cost_entry),
          'and that is margin less all that was booked');
SELECT is((SELECT sum(unused_capacity_cost) > 0 AND sum(unallocated_cost) > 0 FROM profit_by_month), true,
  'with some unused, some unallocated');
SELECT is_empty($$
  SELECT FROM customer_profit p
  WHERE total_cost <> acquisition_cost + retention_cost + service_cost + churn_cost + data_cost + training_cost +
    program_cost
     OR total_cost <> direct_cost + allocated_cost OR profit <> margin - total_cost
       OR direct_profit <> margin - direct_cost
     OR cogs <> revenue - margin
$$, 'each line of a profit and loss is the sum of its parts');
SELECT is_empty($$
  SELECT FROM (SELECT customer_id, sum(revenue), sum(discount), sum(refund), sum(cogs), sum(total_cost), sum(profit),
    sum(service_cost)
               FROM customer_profit_by_month GROUP BY 1
               EXCEPT
               SELECT customer_id, revenue, discount, refund, cogs, total_cost, profit, service_cost
                 FROM customer_profit) d
$$, 'the months of a customer sum to the customer');

SELECT * FROM finish();
ROLLBACK;
