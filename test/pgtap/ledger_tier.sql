-- The history of tiers: who leaves a scheme, rows by hand, technical customers,
-- schemes that cannot be applied.  That rules decide as they should is tested in
-- ledger_value.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();

INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at)
SELECT i, 'c' || i, '2024-01-01', '2024-01-01' FROM generate_series(1, 6) i;
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency)
SELECT i, 'o' || i, '2024-05-20', 100 * i, 'EUR' FROM generate_series(1, 3) i;
CREATE FUNCTION pg_temp.tiers(customer bigint) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(scheme || ' ' || tier, ', ' ORDER BY scheme) FROM crm.customer_tier WHERE customer_id = customer$$;
CREATE FUNCTION pg_temp.history(customer bigint, scheme text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(concat_ws(' ', entered_at::date, code, CASE WHEN NOT by_rule THEN 'by hand' END), ', '
    ORDER BY entered_at)
  FROM crm.classification WHERE customer_id = customer AND dimension = scheme$$;
SAVEPOINT fresh;

-- an order that is taken back
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, amount, currency)
  VALUES (4, 'big', 1, '2024-05-21', 100000, 'EUR');
CALL crmcost.refresh('crm', '2024-06-04');
SELECT is(pg_temp.tiers(4), 'abc A, loyalty gold, value low', 'a customer with a large order has tiers');
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, amount, currency)
  VALUES (4, 'big', 2, '2024-06-05', -100000, 'EUR');
CALL crmcost.refresh('crm', '2024-07-04');
SELECT is(pg_temp.tiers(4), NULL, 'and none once it was taken back');
SELECT results_eq('SELECT abc_tier, loyalty_tier, value_tier FROM customer_360 WHERE customer_id = 4',
  $$ VALUES (NULL::text, NULL::text, NULL::text) $$, 'nor in customer_360');
SELECT is(pg_temp.history(4, 'abc'), NULL, 'nor in the past: the history follows from the facts');
SELECT is(pg_temp.history(3, 'abc'), '2024-06-01 A', 'and has the ends of the months');
SELECT is_empty($$SELECT tier FROM customer_mix WHERE tier = 'none'$$, 'none is no tier that a report counts');
SELECT is_empty($$SELECT check_name, example FROM data_quality
  WHERE check_name IN ('unknown_tier', 'untiered_customer') AND rows > 0$$,
                'data_quality has nothing to say');
CALL crmcost.refresh('crm', '2024-07-04');
SELECT is((SELECT rows_changed FROM last_refresh), 0::bigint, 'once');
CALL crmcost.refresh('crm', '2024-07-05');
SELECT is(pg_temp.history(3, 'abc'), '2024-06-01 A', 'and not again on other days');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) VALUES (4, 'small', '2024-07-06', 1, 'EUR');
CALL crmcost.refresh('crm', '2024-07-07');
SELECT is(pg_temp.history(4, 'loyalty'), '2024-07-07 regular',
  'the next order brings a tier again, as of the report day');
ROLLBACK TO fresh;

-- a tier and a scheme that are taken away
CALL crmcost.refresh('crm', '2024-06-04');
SELECT is(pg_temp.tiers(3), 'abc A, loyalty regular, value low', 'the best of three is in A');
DELETE FROM sale WHERE customer_id = 3;
UPDATE tier SET code = 'AA' WHERE scheme = 'abc' AND code = 'A';
DELETE FROM tier WHERE scheme = 'value';
CALL crmcost.refresh('crm', '2024-06-05');
SELECT is(pg_temp.history(3, 'abc'), NULL, 'who never bought was never in a tier');
SELECT is(pg_temp.history(2, 'abc'), '2024-06-01 AA', 'a tier of another name is that for the whole past');
SELECT is((SELECT value_tier FROM customer_360 WHERE customer_id = 2), NULL,
  'a scheme that is not there any more is left');
SELECT is_empty($$SELECT check_name, example FROM data_quality
  WHERE check_name IN ('unknown_tier', 'untiered_customer') AND rows > 0$$,
                'without an error');
SELECT throws_ok($$INSERT INTO tier (scheme, code, rank, basis, name) VALUES ('abc', 'none', 9, 'manual', 'None')$$,
  '23514',
  'new row for relation "tier" violates check constraint "code_not_reserved"', 'no tier may be called none');
-- a scheme that people take over stays as it is
UPDATE tier SET basis = 'manual', bound = NULL WHERE scheme = 'loyalty';
DELETE FROM sale WHERE customer_id = 2;
CALL crmcost.refresh('crm', '2024-06-06');
SELECT is((SELECT count(*) FROM customer_tier WHERE scheme = 'loyalty'), 2::bigint, 'a scheme by hand is left alone');
ROLLBACK TO fresh;

-- a customer whose score no tier matches has none, and that is an error
CALL crmcost.refresh('crm', '2024-06-04');
DELETE FROM tier WHERE scheme = 'value' AND code = 'low';
CALL crmcost.refresh('crm', '2024-06-05');
SELECT ok(rows > 0, check_name || ' is reported') FROM data_quality
  WHERE check_name IN ('unmatched_rfm_score', 'untiered_customer');
ROLLBACK TO fresh;

-- by hand before the first refresh: for a customer and for a lead
INSERT INTO classification (customer_id, dimension, entered_at, code, reason_code) VALUES
  (1, 'loyalty', '2024-06-01', 'gold', 'tier.exception'), (2, 'loyalty', '2024-06-02', 'gold', 'tier.exception'),
    (3, 'loyalty', '2024-06-02', 'regular', 'tier.exception'),
  (5, 'loyalty', '2024-06-02', 'gold', 'tier.exception');
SELECT is((SELECT count(*) FROM customer_tier), 0::bigint, 'before the first refresh nothing is reported');
CALL crmcost.refresh('crm', '2024-07-01');
CREATE FUNCTION pg_temp.loyalty() RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(concat_ws(' ', customer_id, tier, since::date), ', ' ORDER BY customer_id) FROM crm.customer_tier
  WHERE scheme = 'loyalty' AND customer_id IN (1, 2, 3, 5)$$;
SELECT is(pg_temp.loyalty(), '1 gold 2024-06-01, 2 gold 2024-06-02, 3 regular 2024-06-01, 5 gold 2024-06-02',
  'the first refresh respects exceptions, also one of the very instant at which a month ends');
SELECT is_empty($$SELECT tier FROM customer_mix WHERE scheme = 'loyalty' AND month_start < '2024-05-01'$$,
                'and has no tier for months before the orders');
CALL crmcost.refresh('crm', '2024-07-01');
SELECT is((SELECT rows_changed FROM last_refresh), 0::bigint, 'B18: again without change');
CALL crmcost.refresh('crm', '2024-07-02');
SELECT is(pg_temp.loyalty(), '1 gold 2024-06-01, 2 gold 2024-06-02, 3 regular 2024-06-01, 5 gold 2024-06-02',
  'so does the next');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency)
  VALUES (5, 'first', '2024-07-02 12:00Z', 10, 'EUR');
CALL crmcost.refresh('crm', '2024-07-03');
SELECT is(pg_temp.loyalty(), '1 gold 2024-06-01, 2 gold 2024-06-02, 3 regular 2024-06-01, 5 gold 2024-06-02',
  'and the first answer about a lead');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency)
SELECT i, 'more ' || i, '2024-07-03 12:00Z', 1000, 'EUR' FROM unnest('{2,3,5}'::int[]) i;
CALL crmcost.refresh('crm', '2024-07-04');
SELECT is(pg_temp.loyalty(), '1 gold 2024-06-01, 2 silver 2024-07-04, 3 silver 2024-07-04, 5 gold 2024-06-02',
  'until the rule''s answer changes, to which a day within the month does not count');
CALL crmcost.refresh('crm', '2024-08-05');
SELECT is(pg_temp.loyalty(), '1 gold 2024-06-01, 2 silver 2024-08-01, 3 silver 2024-08-01, 5 gold 2024-06-02',
  'dated by the end of the month once it is over');
ROLLBACK TO fresh;

-- what a person set stays, whatever becomes of the last order
CALL crmcost.refresh('crm', '2024-06-04');
INSERT INTO classification (customer_id, dimension, entered_at, code) VALUES (1, 'loyalty', '2024-06-05', 'gold');
CALL crmcost.refresh('crm', '2024-06-06');
SELECT is(pg_temp.history(1, 'loyalty'), '2024-06-01 regular, 2024-06-05 gold by hand', 'an exception stands');
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, amount, currency)
  VALUES (1, 'o1', 2, '2024-06-06', -100, 'EUR');
CALL crmcost.refresh('crm', '2024-06-07');
SELECT is(pg_temp.history(1, 'loyalty'), '2024-06-05 gold by hand', 'also when the order is taken back');
ROLLBACK TO fresh;

-- a row by hand that says what the rule says, too: since the change, by the last
CALL crmcost.refresh('crm', '2024-06-04');
INSERT INTO classification (customer_id, dimension, entered_at, code, reason_code)
VALUES (1, 'loyalty', '2024-06-05', 'regular', 'tier.exception');
CALL crmcost.refresh('crm', '2024-06-06');
SELECT results_eq($$SELECT code, since, reason_code, by_rule FROM customer_classification
  WHERE customer_id = 1 AND dimension = 'loyalty'$$,
  $$ VALUES ('regular', '2024-06-01'::timestamptz, 'tier.exception', false) $$,
    'a row that confirms is seen, and the day is that of the change');
-- rows of a later day than the reports
INSERT INTO classification (customer_id, dimension, entered_at, code)
VALUES (1, 'loyalty', '2024-06-10', 'gold'), (6, 'owner', '2024-06-10', 'ann');
SELECT is((SELECT loyalty_tier FROM customer_360 WHERE customer_id = 1), 'regular',
  'a row by hand counts from its day');
SELECT is((SELECT owner FROM customer_360 WHERE customer_id = 6), NULL, 'also that of an owner');
CALL crmcost.refresh('crm', '2024-06-11');
SELECT results_eq('SELECT loyalty_tier, owner FROM customer_360 WHERE customer_id IN (1, 6) ORDER BY customer_id',
  $$ VALUES ('gold', NULL), (NULL, 'ann') $$, 'once a report is for it');
CALL crmcost.refresh('crm', '2024-06-06');
SELECT is((SELECT loyalty_tier FROM customer_360 WHERE customer_id = 1), 'regular', 'and not when reports go back');
ROLLBACK TO fresh;

-- one technical customer for all guests: its revenue counts, its rank does not
CALL crmcost.refresh('crm', '2024-06-04');
CREATE TEMPORARY TABLE without_guests AS SELECT customer_id, rfm_score FROM customer_rfm;
CREATE TEMPORARY TABLE tier_without AS SELECT customer_id, scheme, tier FROM customer_tier;
INSERT INTO customer (customer_id, source, source_key, first_seen_at) VALUES (99, 'anon', 'checkout', '2024-01-01');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency)
SELECT 99, 'guest ' || i, '2024-06-02', 1000, 'EUR' FROM generate_series(1, 50) i;
CALL crmcost.refresh('crm', '2024-06-04');
SELECT results_eq('SELECT orders, revenue, profit FROM customer_profit WHERE customer_id = 99',
  $$ VALUES (50::bigint, 50000.0, 50000.0) $$,
                  'guests are in the profit');
SELECT bag_eq('SELECT customer_id, rfm_score FROM customer_rfm', 'SELECT * FROM without_guests',
  'but in no RFM, and move no score');
SELECT bag_eq('SELECT customer_id, scheme, tier FROM customer_tier', 'SELECT * FROM tier_without',
  'nor in a tier, and move no bound');
SELECT is((SELECT rows FROM data_quality WHERE check_name = 'untiered_customer'), 0::bigint, 'which is no error');
ROLLBACK TO fresh;

-- schemes that cannot be applied stay as they are, the others do not wait
SET LOCAL client_min_messages = error;
CALL crmcost.refresh('crm', '2024-06-04');
CREATE TEMPORARY TABLE sound AS SELECT customer_id, scheme, tier FROM customer_tier WHERE scheme <> 'value';
UPDATE tier SET bound = 0.5 WHERE scheme = 'abc' AND code = 'B';
UPDATE tier SET bound = 100000 WHERE scheme = 'loyalty' AND code = 'silver';
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) VALUES (1, 'more', '2024-06-05', 5000, 'EUR');
SELECT lives_ok($$CALL crmcost.refresh('crm', '2024-06-06')$$, 'bounds out of order do not stop refresh');
SELECT bag_eq($$SELECT customer_id, scheme, tier FROM customer_tier WHERE scheme <> 'value'$$, 'SELECT * FROM sound',
  'the tiers stay as they were');
SELECT is((SELECT rows FROM data_quality WHERE check_name = 'tier_bounds_out_of_order'), 2::bigint, 'and are reported');
UPDATE tier SET bound = 0.95 WHERE scheme = 'abc' AND code = 'B';
CALL crmcost.refresh('crm', '2024-06-06');
SELECT is((SELECT abc_tier FROM customer_360 WHERE customer_id = 1), 'A', 'until the bounds are put in order');
ROLLBACK TO fresh;

-- an order of a closed month gets a line later
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, amount, currency)
  VALUES (1, 'long', 1, '2024-06-10', 10, 'EUR');
CALL crmcost.refresh('crm', '2024-07-01');
CALL crmcost.close_period('crm', '2024-06-01');
CREATE TEMPORARY TABLE in_june AS SELECT scheme, tier, customers FROM tier_month WHERE month_start = '2024-06-01';
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, amount, currency)
  VALUES (1, 'long', 2, '2024-07-10', 10, 'EUR');
SELECT lives_ok($$CALL crmcost.refresh('crm', '2024-08-01', true)$$,
  'a line of July for an order that counted in June');
SELECT bag_eq($$SELECT scheme, tier, customers FROM tier_month WHERE month_start = '2024-06-01'$$,
  'SELECT * FROM in_june', 'June stands');
ROLLBACK TO fresh;

-- what a person sets as a month begins holds at the end of the month before, and no more once it is taken back
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) VALUES (1, 'a', '2024-03-10', 10, 'EUR');
CALL crmcost.refresh('crm', '2024-06-10');
INSERT INTO classification (customer_id, dimension, entered_at, code) VALUES (1, 'loyalty', '2024-05-01', 'gold');
CALL crmcost.refresh('crm', '2024-06-11');
SELECT bag_eq($$SELECT tier, customers FROM tier_month WHERE month_start = '2024-04-01' AND scheme = 'loyalty'$$,
  $$ VALUES ('gold', 1::bigint) $$,
  'set at midnight of 1 May, it holds at the end of April');
DELETE FROM classification WHERE NOT by_rule;
CALL crmcost.refresh('crm', '2024-06-12');
SELECT bag_eq($$SELECT tier, customers FROM tier_month WHERE month_start = '2024-04-01' AND scheme = 'loyalty'$$,
  $$ VALUES ('regular', 1::bigint) $$,
  'and taken back, it never did');
ROLLBACK TO fresh;

-- news of one month: no other is computed, whoever had booked cost and did nothing in March
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id)
  VALUES ('svc', '2024-03-10', 7, 'EUR', 1);
CALL crmcost.refresh('crm', '2024-06-10');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) VALUES (1, 'june', '2024-06-05', 10, 'EUR');
SELECT crmcost._make_work_tables('crm');
SELECT crmcost._compute('crm', '2024-06-11', false);
SELECT bag_eq('SELECT month_start FROM pg_temp.refresh_cost_month', $$ VALUES ('2024-06-01'::date) $$,
  'cost of the month with news alone is spread anew');
SELECT is((SELECT min(month_start) FROM pg_temp.refresh_tier_month), '2024-05-01',
  'and tiers are found anew from its begin on');
SELECT crmcost._make_work_tables('crm');
SELECT is_empty($$SELECT * FROM crmcost._verify('crm') v WHERE v.rows_differ > 0$$, 'which is all that differs');

SELECT * FROM finish();
ROLLBACK;
