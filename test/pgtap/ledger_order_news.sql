-- After news the lines of a customer are read since then, and those of an order that began before from its beginning:
-- what that could miss.
\ir ledger_setup.psql
SELECT no_plan();

INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at, acquisition_channel)
SELECT i, 'c' || i, '2024-01-01', '2024-01-02', 'web' FROM generate_series(1, 9) i;
-- an order a month of each, of two products
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, product_code, amount, discount, cogs, currency)
SELECT c, format('o%s.%s', c, m), l, format('2024-0%s-10 12:00Z', m)::timestamptz, 'p' || l, 10 * l, 2 * l, 1, 'EUR'
FROM generate_series(1, 9) c, generate_series(3, 7) m, generate_series(1, 2) l;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc.support', '2024-08-01', 90, 'EUR');
INSERT INTO allocation_rule (category_code, driver) VALUES ('svc', 'orders');
CALL crmcost.refresh('crm', '2024-08-11');

-- what a refresh has read of a customer
CREATE FUNCTION pg_temp.read_of(customer bigint, as_of timestamptz) RETURNS TABLE (first date, lines bigint)
LANGUAGE plpgsql AS $$
BEGIN
  BEGIN
    PERFORM crmcost._make_work_tables('crm');
    PERFORM crmcost._compute('crm', as_of, false);
    SELECT min(l.sold_on), count(*) INTO first, lines FROM pg_temp.refresh_line l WHERE l.customer_id = customer;
    RAISE EXCEPTION 'read' USING ERRCODE = 'P9999';
  EXCEPTION WHEN SQLSTATE 'P9999' THEN
    RETURN NEXT;
  END;
END$$;
CREATE FUNCTION pg_temp.is_right(what text, as_of timestamptz DEFAULT '2024-08-11') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  CALL crmcost.refresh('crm', as_of);
  RETURN lives_ok($q$CALL crmcost.verify('crm')$q$, what);
END$$;
SAVEPOINT fresh;

-- as a sum by hand
INSERT INTO sale (customer_id, order_ref, sold_at, product_code, amount, discount, cogs, currency)
  VALUES (1, 'new', '2024-08-05', 'p2', 30, 10, 5, 'EUR');
SELECT results_eq($$SELECT * FROM pg_temp.read_of(1, '2024-08-11')$$, $$VALUES ('2024-08-05'::date, 1::bigint)$$,
  'of a new order nothing else of the customer is read');
SELECT pg_temp.is_right('a new order');
SELECT results_eq($$SELECT orders, quantity, revenue, last_ordered_on FROM customer_product
    WHERE customer_id = 1 AND product_code = 'p2'$$, $$VALUES (6::bigint, 6.0, 130.0, '2024-08-05'::date)$$,
  'what he bought of the product holds the orders before');
SELECT is((SELECT buyers FROM product_total WHERE product_code = 'p2'), 9::bigint, 'and he is one buyer');
SELECT is((SELECT count(*) FROM discount_line WHERE customer_id = 1), 11::bigint, 'older discounts stay');
ROLLBACK TO fresh;

-- what is left of the order since the news is what it was before
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, product_code, amount, discount, cogs, currency)
  VALUES (2, 'long', 1, '2024-06-05', 'p1', 7, 1, 2, 'EUR'), (2, 'long', 2, '2024-08-05', 'p1', 7, 1, 2, 'EUR');
CALL crmcost.refresh('crm', '2024-08-11');
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, product_code, amount, discount, cogs, currency)
  VALUES (2, 'long', 3, '2024-08-05', 'p1', 7, 1, 2, 'EUR');
SELECT is((SELECT lines FROM pg_temp.read_of(2, '2024-08-11')), 13::bigint,
  'of an order that began before the news all of the customer is read');
SELECT pg_temp.is_right('a third line, of an order that had one before the news and one after it');
SELECT results_eq($$SELECT sale_lines, revenue FROM customer_order WHERE customer_id = 2 AND order_ref = 'long'$$,
  'VALUES (3, 21.0)', 'it has three');
SELECT is((SELECT sale_lines FROM discount_line WHERE customer_id = 2 AND sold_on = '2024-08-05'), 3::bigint, 'and three discounts');
ROLLBACK TO fresh;

-- a correction, which takes back an order of before; then that goes, is another's, or is of another day
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, product_code, quantity, amount, discount, currency)
  VALUES (3, 'o3.5', 3, '2024-08-05', 'p1', -1, -10, -2, 'EUR'), (3, 'o3.5', 4, '2024-08-05', 'p2', -1, -20, -4, 'EUR');
SELECT pg_temp.is_right('an order is taken back');
SELECT is((SELECT is_order FROM customer_order WHERE order_ref = 'o3.5'), false, 'it is none');
SELECT results_eq($$SELECT orders FROM customer_product WHERE customer_id = 3 ORDER BY product_code$$,
  'VALUES (4::bigint), (4)', 'and its products were bought once less');
SAVEPOINT corrected;
DELETE FROM sale WHERE order_ref = 'o3.5' AND line_no > 2;
SELECT pg_temp.is_right('the corrections go');
SELECT is((SELECT is_order FROM customer_order WHERE order_ref = 'o3.5'), true, 'it is one again');
ROLLBACK TO corrected;
UPDATE sale SET customer_id = 4 WHERE order_ref = 'o3.5' AND line_no > 2;
SELECT pg_temp.is_right('the corrections are another customer''s');
SELECT is((SELECT is_order FROM customer_order WHERE customer_id = 3 AND order_ref = 'o3.5'), true, 'it is one again');
ROLLBACK TO corrected;
UPDATE sale SET sold_at = '2024-08-12' WHERE order_ref = 'o3.5' AND line_no > 2;
SELECT pg_temp.is_right('the corrections are of a later day');
SELECT is((SELECT is_order FROM customer_order WHERE order_ref = 'o3.5'), true, 'it is one again');
ROLLBACK TO corrected;
SELECT pg_temp.is_right('as_of goes back before the corrections', '2024-08-02');
SELECT is((SELECT is_order FROM customer_order WHERE order_ref = 'o3.5'), true, 'it is one again');
ROLLBACK TO fresh;

-- lines without order_ref are orders of their own, also for what was given off
INSERT INTO sale (customer_id, sold_at, product_code, amount, discount, currency)
  VALUES (5, '2024-06-05', 'p9', 9, 1, 'EUR'), (5, '2024-06-05', 'p9', 9, 1, 'EUR'), (5, '2024-08-03', 'p9', 9, 1, 'EUR');
CALL crmcost.refresh('crm', '2024-08-11');
SELECT results_eq($$SELECT sold_on, sale_lines, price FROM discount_line WHERE product_code = 'p9' ORDER BY sale_id$$,
  $$VALUES ('2024-06-05'::date, 1::bigint, 10.0), ('2024-06-05', 1, 10.0), ('2024-08-03', 1, 10.0)$$,
  'each line without order_ref has its own discount');
INSERT INTO sale (customer_id, sold_at, product_code, amount, discount, currency)
  VALUES (5, '2024-08-04', 'p9', 9, 1, 'EUR');
SELECT pg_temp.is_right('one more');
ROLLBACK TO fresh;

-- a rate that comes later
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, product_code, amount, currency)
  VALUES (6, 'abroad', 1, '2024-08-01', 'p1', 8, 'XTS'), (6, 'abroad', 2, '2024-07-01', 'p1', 8, 'EUR');
CALL crmcost.refresh('crm', '2024-08-11');
INSERT INTO fx_rate (currency, valid_from, to_base) VALUES ('XTS', '2024-08-01', 2);
SELECT pg_temp.is_right('a rate for one line of an order');
SELECT is((SELECT revenue FROM customer_order WHERE order_ref = 'abroad'), 24.0, 'the order is of both lines');
ROLLBACK TO fresh;

-- who is merged has orders of both
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, product_code, amount, currency)
  VALUES (7, 'both', 1, '2024-08-01', 'p1', 8, 'EUR'), (8, 'both', 2, '2024-04-01', 'p1', 8, 'EUR');
UPDATE customer SET merged_into = 7 WHERE customer_id = 8;
SELECT pg_temp.is_right('a merger');
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, product_code, amount, currency)
  VALUES (8, 'both', 3, '2024-08-02', 'p1', 8, 'EUR');
SELECT pg_temp.is_right('a line of who was merged');
SELECT is((SELECT revenue FROM customer_order WHERE customer_id = 7 AND order_ref = 'both'), 24.0, 'the order has three');
ROLLBACK TO fresh;

-- what is of a closed month, and counts in the open one
CALL crmcost.close_period('crm', '2024-07-01');
INSERT INTO sale (customer_id, order_ref, sold_at, product_code, amount, currency)
  VALUES (1, 'late', '2024-07-20', 'p1', 40, 'EUR');
SELECT pg_temp.is_right('a line that comes late');
INSERT INTO sale (customer_id, order_ref, sold_at, product_code, amount, currency)
  VALUES (1, 'next', '2024-08-09', 'p1', 2, 'EUR');
SELECT pg_temp.is_right('and news after it');
SELECT results_eq($$SELECT orders, revenue FROM customer_month WHERE customer_id = 1 AND month_start = '2024-08-01'$$,
  'VALUES (2::bigint, 42.0)', 'both count in the open month');
ROLLBACK TO fresh;
CALL crmcost.close_period('crm', '2024-07-01');
INSERT INTO sale (customer_id, order_ref, line_no, kind, sold_at, product_code, amount, currency)
  VALUES (1, 'o1.7', 3, 'refund', '2024-07-20', 'p1', -3, 'EUR');
SELECT pg_temp.is_right('a refund that comes late, of an order of a closed month');
INSERT INTO sale (customer_id, order_ref, sold_at, product_code, amount, currency)
  VALUES (1, 'next', '2024-08-09', 'p1', 2, 'EUR');
SELECT pg_temp.is_right('and news after it');
SELECT results_eq($$SELECT orders, revenue, refund FROM customer_month
    WHERE customer_id = 1 AND month_start = '2024-08-01'$$,
  'VALUES (1::bigint, -1.0, -3.0)', 'both count in the open month');
ROLLBACK TO fresh;
CALL crmcost.close_period('crm', '2024-07-01');
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at) VALUES (10, 'c10', '2024-07-05', '2024-07-06');
SELECT pg_temp.is_right('a customer who comes late');
INSERT INTO sale (customer_id, order_ref, sold_at, product_code, amount, currency)
  VALUES (1, 'next', '2024-08-09', 'p1', 2, 'EUR');
SELECT pg_temp.is_right('and news of another one');
SELECT results_eq($$SELECT sum(leads), sum(acquired) FROM day_total WHERE day >= '2024-08-01'$$,
  'VALUES (1::numeric, 1::numeric)', 'he counts in the open month');
ROLLBACK TO fresh;
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, product_code, amount, currency)
  VALUES (2, 'o2.7', 3, '2024-08-02', 'p1', 5, 'EUR');
CALL crmcost.refresh('crm', '2024-08-11');
CALL crmcost.close_period('crm', '2024-07-01');
DELETE FROM sale WHERE order_ref = 'o2.7' AND line_no = 3;
SELECT pg_temp.is_right('an order that the open month has loses its line of that');
SELECT results_eq($$SELECT month_start, ordered_on FROM customer_order WHERE order_ref = 'o2.7'$$,
  $$VALUES ('2024-08-01'::date, '2024-07-10'::date)$$, 'it counts there, of a day of the closed one');
INSERT INTO sale (customer_id, order_ref, sold_at, product_code, amount, currency)
  VALUES (2, 'next', '2024-08-09', 'p1', 2, 'EUR');
SELECT pg_temp.is_right('and news after it');
SELECT is((SELECT orders FROM customer_month WHERE customer_id = 2 AND month_start = '2024-08-01'), 2::bigint,
  'both count there');

SELECT * FROM finish();
ROLLBACK;
