-- What is one order, one product and one month: sources, corrections in several
-- currencies, clocks set back, dates of long ago.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();

INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at)
SELECT i, 'c' || i, '2024-01-01', '2024-01-01' FROM generate_series(1, 5) i;
SAVEPOINT fresh;

-- two sources number their orders alike
INSERT INTO sale (customer_id, source, order_ref, sold_at, amount, currency) VALUES
  (1, 'shop', '1', '2025-03-01', 10, 'EUR'), (1, 'till', '1', '2025-05-01', 20, 'EUR');
CALL crmcost.refresh('crm', '2025-06-01');
SELECT results_eq('SELECT orders, first_order_on, last_order_on FROM customer_snapshot WHERE customer_id = 1',
  $$ VALUES (2::bigint, '2025-03-01'::date, '2025-05-01'::date) $$,
    'orders of two sources are two, whatever their numbers');
ROLLBACK TO fresh;

-- an order in several currencies: 50 EUR - 300 JPY at 0.006 = 48.20 EUR are left
INSERT INTO fx_rate (currency, valid_from, to_base) VALUES ('JPY', '2024-01-01', 0.006), ('USD', '2024-01-01', 0.9),
  ('USD', '2024-02-02', 0.8);
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, amount, currency)
SELECT customer, ref, line, at::timestamptz, amount, currency
FROM (VALUES
  (1, 'left over', 1, '2024-02-01', 50, 'EUR'), (1, 'left over', 2, '2024-02-01', 0, 'JPY'),
    (1, 'left over', 3, '2024-02-01', -300, 'JPY'),
  (2, 'nothing left', 1, '2024-02-01', 1, 'EUR'), (2, 'nothing left', 2, '2024-02-01', 100, 'JPY'),
    (2, 'nothing left', 3, '2024-02-01', -1.6, 'EUR'),
  -- cancelled in its own currency, at 0.9 and 0.8: 10 EUR are left
  (3, 'cancelled', 1, '2024-02-01', 100, 'USD'), (3, 'cancelled', 2, '2024-02-03', -100, 'USD'),
  -- without a rate no sum can be told: what is left in one currency counts
  (4, 'left in one', 1, '2024-02-01', 1, 'EUR'), (4, 'left in one', 2, '2024-02-01', -1000, 'QQQ'),
  (5, 'left in none', 1, '2024-02-01', 1, 'EUR'), (5, 'left in none', 2, '2024-02-01', -1, 'EUR'),
    (5, 'left in none', 3, '2024-02-01', 0, 'QQQ')
) v (customer, ref, line, at, amount, currency);
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq('SELECT customer_id::int, orders::int FROM customer_snapshot ORDER BY 1',
  $$ VALUES (1, 1), (2, 0), (3, 1), (4, 1), (5, 0) $$, 'an order counts when its sum is above 0 in base currency');
CALL crmcost.refresh('crm', '2024-03-01');
SELECT is((SELECT rows_changed FROM last_refresh), 0::bigint, 'again without change');
ROLLBACK TO fresh;

-- a product that was corrected away was not bought, nor one for nothing
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, product_code, amount, currency) VALUES
  (1, 'o', 1, '2024-02-01', 'P1', 10, 'EUR'), (1, 'o', 2, '2024-02-01', 'P2', 10, 'EUR'),
    (1, 'o', 3, '2024-02-01', 'P2', -10, 'EUR'),
  (2, 'o2', 1, '2024-02-01', 'P1', 10, 'EUR'), (2, 'o2', 2, '2024-02-01', 'gift', 0, 'EUR'),
    (2, 'o2', 3, '2024-02-01', NULL, 5, 'EUR');
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq('SELECT customer_id::int, products::int FROM customer_snapshot WHERE orders > 0 ORDER BY 1',
  $$ VALUES (1, 1), (2, 1) $$, 'products corrected away are not counted');
ROLLBACK TO fresh;

-- clocks that go back over midnight of the 1st: 31 October comes once more
UPDATE setting SET value = 'America/St_Johns' WHERE key = 'timezone';
CALL crmcost.ensure_partitions('crm', '2009-09-01', '2009-12-01');
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at)
SELECT 100 + i, 'night ' || i, '2009-01-01', '2009-11-01 02:00Z'::timestamptz + i * interval '15 minutes'
  FROM generate_series(0, 8) i;
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency)
SELECT customer_id, 'night', acquired_at, 1, 'EUR' FROM customer WHERE customer_id >= 100;
INSERT INTO interaction (customer_id, occurred_at, kind)
SELECT customer_id, acquired_at, 'care' FROM customer WHERE customer_id >= 100;
INSERT INTO cost_category (code, bucket, resource, name) VALUES ('night', 'service', 'human', 'Night');
INSERT INTO allocation_rule (category_code, driver, channel_code) VALUES ('night', 'revenue', 'web');
UPDATE sale SET channel_code = 'web';
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, channel_code)
VALUES ('night', '2009-10-31', 10, 'EUR', 'web'), ('night', '2009-11-30', 10, 'EUR', 'web');
CALL crmcost.refresh('crm', '2010-01-01');
SELECT results_eq($$
  SELECT date_trunc('month', sold_on)::date, count(*), count(*), count(*), count(*) FROM sale_base GROUP BY 1 ORDER BY 1
$$, $$
  SELECT month_start, sum(revenue)::bigint, sum(orders)::bigint, sum(interactions)::bigint,
    count(*) FILTER (WHERE acquired)
  FROM customer_month GROUP BY 1 ORDER BY 1
$$, 'every fact is in the month of its local day, and in no other');
SELECT results_eq($$SELECT date_trunc('month', sold_on)::date, count(*)::numeric FROM sale_base GROUP BY 1 ORDER BY 1$$,
  $$SELECT month_start, sum(quantity) FROM customer_driver WHERE driver_key LIKE 'revenue of%' GROUP BY 1 ORDER BY 1$$,
  'and so are drivers of limited rules');
CALL crmcost.close_period('crm', '2009-10-01');
CALL crmcost.refresh('crm', '2010-01-01');
SELECT is((SELECT sum(revenue) FROM customer_month), 9::numeric, 'closing the month takes nothing away');
SELECT is((SELECT sum(revenue) FROM customer_month WHERE month_start = '2009-10-01'),
          (SELECT count(*)::numeric FROM sale_base WHERE sold_on < '2009-11-01'), 'nor moves it');
ROLLBACK TO fresh;

-- dates of long ago are refused, and old ones cost no time
SELECT throws_ok($$INSERT INTO customer (source_key, first_seen_at) VALUES ('old', '0001-01-01')$$, '23514',
  'new row for relation "customer" violates check constraint "first_seen_at_not_before_1900"',
    'a customer of year 1 is refused');
SELECT throws_like($$INSERT INTO cost_entry (category_code, incurred_on, amount, currency, covers)
                     VALUES ('svc', '2024-01-01', 1, 'EUR', '[0001-01-01,0001-02-01]')$$,
  'new row for relation "cost_entry%" violates check constraint "covers_not_before_1900"', 'so is cost for year 1');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) VALUES (1, 'o', '2024-02-01', 1, 'EUR');
UPDATE customer SET first_seen_at = '1900-01-01', acquired_at = '1900-01-01' WHERE customer_id = 5;
CALL crmcost.refresh('crm', '2024-03-01');
SELECT cmp_ok((SELECT finished_at - started_at FROM refresh_run WHERE step = 'cost' ORDER BY run_id DESC LIMIT 1), '<',
  interval '1 second',
              'a customer of 1900 costs no time');
SELECT results_eq('SELECT month_start FROM customer_month WHERE customer_id IN (1, 5) ORDER BY 1',
  $$ VALUES ('1900-01-01'::date), ('2024-01-01'), ('2024-02-01') $$, 'and has a row of the month');
UPDATE customer SET acquired_at = '1950-01-01' WHERE customer_id = 5;
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq('SELECT month_start FROM customer_month WHERE customer_id IN (1, 5) ORDER BY 1',
  $$ VALUES ('1950-01-01'::date), ('2024-01-01'), ('2024-02-01') $$, 'which moves with the date');
ROLLBACK TO fresh;

-- an order of January with a line of February, which was corrected to March: each month is closed, and a line is one
-- line
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, quantity, amount, cogs, currency)
SELECT 1, 'moved', line, at::timestamptz, 1, amount, 1, 'EUR'
FROM (VALUES (1, '2024-01-10', 10), (2, '2024-02-10', 20)) v (line, at, amount);
CALL crmcost.refresh('crm', '2024-05-01');
CALL crmcost.close_period('crm', '2024-01-01');
UPDATE sale SET sold_at = '2024-02-11' WHERE order_ref = 'moved' AND line_no = 2;
CALL crmcost.refresh('crm', '2024-05-01');
CALL crmcost.close_period('crm', '2024-02-01');
UPDATE sale SET sold_at = '2024-03-10' WHERE order_ref = 'moved' AND line_no = 2;
CALL crmcost.refresh('crm', '2024-05-01');
CALL crmcost.close_period('crm', '2024-03-01');
CALL crmcost.refresh('crm', '2024-05-01', true);
SELECT results_eq($$SELECT sale_lines, revenue FROM customer_order WHERE order_ref = 'moved'$$,
  $$ VALUES (2, 30.0000) $$, 'a line whose day was corrected twice is one line');
ROLLBACK TO fresh;

-- whatever temporary relation has a name that refresh uses
CREATE TEMPORARY VIEW refresh_order AS SELECT 1 AS a;
CREATE TEMPORARY SEQUENCE refresh_rfm;
CREATE TEMPORARY VIEW refresh_part AS SELECT 1 AS a;
CREATE TYPE pg_temp.refresh_cumulated AS (a int);
SELECT lives_ok($$CALL crmcost.refresh('crm', '2024-03-01')$$, 'temporary views and sequences do not disturb');

SELECT * FROM finish();
ROLLBACK;
