-- Loyalty: what became of points, what they cost, and what the loyal are worth.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();
CREATE FUNCTION pg_temp.differing() RETURNS text LANGUAGE sql AS $$
  SELECT crmcost._make_work_tables('crm');
  SELECT string_agg(format('%s: %s', target, rows_differ), ', ') FROM crmcost._verify('crm')$$;
CREATE FUNCTION pg_temp.customers(from_id int, to_id int, acquired timestamptz DEFAULT '2024-01-01') RETURNS void
  LANGUAGE sql AS
  $$INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at) SELECT i, 'c' || i, acquired, acquired
    FROM generate_series(from_id, to_id) i$$;
CREATE FUNCTION pg_temp.points(customer bigint, at timestamptz, kind text, points numeric,
  expires timestamptz DEFAULT NULL, available timestamptz DEFAULT NULL, lot text DEFAULT NULL,
  order_ref text DEFAULT NULL, program text DEFAULT 'points')
RETURNS void LANGUAGE sql AS $$INSERT INTO loyalty_entry (customer_id, program_code, occurred_at, kind, points,
  expires_at, available_at, lot, order_ref)
  VALUES (customer, program, at, kind, points, expires, available, lot, order_ref)$$;
CREATE FUNCTION pg_temp.findings() RETURNS text LANGUAGE sql AS
  $$SELECT string_agg(check_name || ' ' || rows, ', ' ORDER BY check_name) FROM data_quality
    WHERE check_name ~ '^points_' AND rows > 0$$;
CREATE FUNCTION pg_temp.account(customer bigint, program text DEFAULT 'points') RETURNS text LANGUAGE sql AS
  $$SELECT format('earned %s, balance %s, pending %s, redeemed %s, expired %s, owed %s', earned::float8,
    balance::float8, pending::float8, redeemed::float8, expired::float8, owed::float8)
    FROM loyalty_balance WHERE customer_id = customer AND program_code = program$$;
INSERT INTO loyalty_program (code, currency, earn_per_unit, point_cost, breakage, name, burn)
  VALUES ('miles', 'EUR', 2, 0.005, 0.1, 'Miles', 'first_earned');
SAVEPOINT fresh;

-- F1: as the acceptance says
SELECT pg_temp.customers(1, 9);
SELECT pg_temp.points(1, '2024-01-01', 'earn', 100, '2024-01-31'), pg_temp.points(1, '2024-01-02', 'earn', 50),
  pg_temp.points(1, '2024-01-10', 'redeem', -70);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT is(pg_temp.account(1), 'earned 150, balance 50, pending 0, redeemed 70, expired 30, owed 0',
  'F1: 30 of 100 expired, 50 are left');
-- the day moves without an entry: as_of is the first instant that does not count
SELECT pg_temp.points(2, '2024-02-01', 'earn', 40, '2024-02-10'),
  pg_temp.points(2, '2024-02-01', 'earn', 25, '2024-03-10', '2024-02-20'),
  pg_temp.points(2, '2024-02-01', 'earn', 10, '2024-03-10');
CALL crmcost.refresh('crm', '2024-02-05');
SELECT is(pg_temp.account(2), 'earned 75, balance 50, pending 25, redeemed 0, expired 0, owed 0',
  'F1: points that are not available are pending');
SELECT results_eq('SELECT expires_on, days_left, points FROM loyalty_expiry WHERE customer_id = 2 ORDER BY expires_at',
  $$ VALUES (date '2024-02-10', 6, 40.0), ('2024-03-10', 35, 35.0) $$, 'F1: the whole schedule');
CALL crmcost.refresh('crm', '2024-02-10');
SELECT is(pg_temp.account(2), 'earned 75, balance 10, pending 25, redeemed 0, expired 40, owed 0',
  'F1: a refresh a week later finds what expired, without any entry');
CALL crmcost.refresh('crm', '2024-02-20');
SELECT is(pg_temp.account(2), 'earned 75, balance 35, pending 0, redeemed 0, expired 40, owed 0',
  'F1: and what became available');
SELECT is(pg_temp.differing(), NULL, 'as a full one would');
CALL crmcost.refresh('crm', '2024-02-05');
SELECT is(pg_temp.account(2), 'earned 75, balance 50, pending 25, redeemed 0, expired 0, owed 0',
  'F1: a refresh that goes back takes it back');
-- several programmes a customer; burn says which are spent first
SELECT pg_temp.points(3, '2024-01-01', 'earn', 10, '2024-12-01', program => p),
  pg_temp.points(3, '2024-01-02', 'earn', 10, '2024-06-01', program => p),
  pg_temp.points(3, '2024-01-03', 'redeem', -10, program => p) FROM unnest('{points,miles}'::text[]) p;
CALL crmcost.refresh('crm', '2024-02-06');
SELECT results_eq('SELECT program_code, program_name, next_expiry_at, balance FROM loyalty_balance WHERE customer_id = 3 ORDER BY 1',
  $$ VALUES ('miles', 'Miles', timestamptz '2024-06-01', 10.0), ('points', 'Points', '2024-12-01', 10.0) $$,
  'F1: two programmes of a customer, first earned and first expiring');
UPDATE loyalty_program SET burn = 'first_expiring' WHERE code = 'miles';
CALL crmcost.refresh('crm', '2024-02-06');
SELECT results_eq('SELECT next_expiry_at FROM loyalty_balance WHERE customer_id = 3',
  $$ VALUES (timestamptz '2024-12-01'), ('2024-12-01') $$,
  'F1: a programme that changes its order is gone through again');
ROLLBACK TO fresh;

-- F2
SELECT pg_temp.customers(1, 1000, '2022-01-01');
SELECT pg_temp.points(i, CASE WHEN i <= 300 THEN timestamptz '2024-01-05' ELSE '2023-01-31' END, 'earn', 50)
  FROM generate_series(1, 1000) i;
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT balance, liability, members, active_members, active_rate, member_share, observed_breakage, currency FROM loyalty_liability',
  $$ VALUES (50000.0, 400.0, 1000::bigint, 300::bigint, 0.3, 1.0, NULL::numeric, 'EUR') $$,
  'F2: 50,000 points at 0.01 less 20 % are 400; 300 of 1,000 took part within twelve months');
SELECT is((SELECT sum(liability) FROM loyalty_balance), 400.0, 'F2: and so by customer');
SELECT pg_temp.points(1, '2024-02-10', 'earn', 30, '2024-02-20'), pg_temp.points(2, '2024-02-11', 'redeem', -10);
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq('SELECT balance, observed_breakage, liability, observed_liability FROM loyalty_liability',
  $$ VALUES (49990.0, 0.75, 399.92, 124.975) $$,
  'F2: of 40 points that ended 30 expired: breakage as observed beside as assumed');
ROLLBACK TO fresh;

-- A14
SELECT pg_temp.customers(1, 2);
SELECT pg_temp.points(1, '2024-01-05', 'earn', 9000),
  pg_temp.points(1, '2024-01-20', 'redeem', -4000, order_ref => 'o-1'),
  pg_temp.points(1, '2024-01-25', 'redeem', -3000);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$SELECT month_start, category_code, cost FROM cost_by_month WHERE cost <> 0$$,
  $$ VALUES (date '2024-01-01', 'ret.loyalty.redemption', 70.0) $$,
  'A14: 7,000 points redeemed at 0.01 are 70.00, booked by refresh, and not when earned');
SELECT is((SELECT direct_cost FROM customer_cost WHERE customer_id = 1 AND bucket = 'retention'), 70.0,
  'A14: as cost of the customer');
CALL crmcost.refresh('crm', '2024-02-02');
CALL crmcost.refresh('crm', '2024-02-02', "full" => true);
SELECT results_eq('SELECT count(*), sum(amount) FROM cost_entry', $$ VALUES (2::bigint, 70.0) $$, 'A14: once');
UPDATE loyalty_program SET point_cost = 0.02 WHERE code = 'points';
SELECT pg_temp.points(1, '2024-02-10', 'redeem', -1000),
  pg_temp.points(1, '2024-02-11', 'adjust', 1000, order_ref => 'o-1');
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq($$SELECT month_start, cost FROM cost_by_month WHERE category_code = 'ret.loyalty.redemption'
  AND cost <> 0 ORDER BY 1$$, $$ VALUES (date '2024-01-01', 70.0), ('2024-02-01', 10.0) $$,
  'A14: another cost of a point is for what is redeemed later; points given back take back what was booked of them: 20.00 - 10.00');
SELECT is(pg_temp.account(1), 'earned 9000, balance 2000, pending 0, redeemed 7000, expired 0, owed 0',
  'A14: and are redeemed no more');
SELECT is(pg_temp.differing(), NULL, 'A14: a full refresh says the same');
-- a booking of one's own, by the number of the entry, is the booking
SELECT pg_temp.points(1, '2024-03-10', 'redeem', -100);
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id, source, source_ref)
  SELECT 'ret.loyalty.redemption', '2024-03-11', 3, 'EUR', 1, 'loyalty', max(entry_id) FROM loyalty_entry;
CALL crmcost.refresh('crm', '2024-04-01');
SELECT is((SELECT sum(cost) FROM cost_by_month WHERE month_start = '2024-03-01'), 3.0,
  'A14: what somebody else booked is not booked again');
-- who is erased: booked before, once, and the books stay
SELECT pg_temp.points(1, '2024-04-05', 'redeem', -100);
SELECT crmcost.erase_customer('crm', 1);
SELECT crmcost.erase_customer('crm', 1);
CALL crmcost.refresh('crm', '2024-05-01');
CALL crmcost.refresh('crm', '2024-05-01', "full" => true);
SELECT is((SELECT sum(cost) FROM cost_by_month WHERE month_start = '2024-04-01'), 2.0,
  'A14: an erased customer''s redemption is booked, once');
SELECT is(pg_temp.account(1), 'earned 9000, balance 1800, pending 0, redeemed 7200, expired 0, owed 0',
  'A14: and the points stay');
SELECT is((SELECT count(*) FROM loyalty_entry WHERE order_ref = 'o-1'), 0::bigint, 'but not the orders that they name');
-- a programme that books its redemptions elsewhere
UPDATE loyalty_program SET cost_category = NULL WHERE code = 'points';
SELECT pg_temp.points(2, '2024-05-01', 'earn', 500), pg_temp.points(2, '2024-05-02', 'redeem', -500);
CALL crmcost.refresh('crm', '2024-06-01');
SELECT is((SELECT sum(cost) FROM cost_by_month WHERE month_start = '2024-05-01'), NULL,
  'A14: nor is what is booked elsewhere');
ROLLBACK TO fresh;

-- A14: a month that is closed keeps its cost, and what is loaded later counts later
SELECT pg_temp.customers(1, 2);
SELECT pg_temp.points(1, '2024-01-05', 'earn', 9000);
CALL crmcost.refresh('crm', '2024-02-10');
SELECT pg_temp.points(1, '2024-01-20', 'redeem', -4000);
CALL crmcost.close_period('crm', '2024-01-01');
SELECT is((SELECT sum(cost) FROM cost_by_month WHERE month_start = '2024-01-01'), 40.0,
  'A14: what is there when the month is closed counts in it');
SELECT pg_temp.points(1, '2024-01-21', 'redeem', -3000);
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq('SELECT month_start, sum(cost) FROM cost_by_month WHERE cost <> 0 GROUP BY 1 ORDER BY 1',
  $$ VALUES (date '2024-01-01', 40.0), ('2024-02-01', 30.0) $$, 'A14: what comes late in the first open one');
SELECT is(pg_temp.account(1), 'earned 9000, balance 2000, pending 0, redeemed 7000, expired 0, owed 0',
  'points know no closed months');
ROLLBACK TO fresh;

-- reversals
SELECT pg_temp.customers(1, 9);
SELECT pg_temp.points(1, '2024-01-05', 'earn', 100, '2024-03-10', lot => 'l-1', order_ref => 'o-1'),
  pg_temp.points(1, '2024-01-05', 'earn', 50, '2024-02-10', lot => 'l-2', order_ref => 'o-1'),
  pg_temp.points(1, '2024-01-25', 'reverse', -150, order_ref => 'o-1'),
  pg_temp.points(2, '2024-01-05', 'earn', 100, lot => 'l-1', order_ref => 'o-2'),
    pg_temp.points(2, '2024-01-06', 'earn', 60, lot => 'l-2', order_ref => 'o-2'),
    pg_temp.points(2, '2024-01-25', 'reverse', -60, lot => 'l-2'),
  pg_temp.points(3, '2024-01-05', 'earn', 100, order_ref => 'o-3'), pg_temp.points(3, '2024-01-10', 'redeem', -80),
    pg_temp.points(3, '2024-01-25', 'reverse', -100, order_ref => 'o-3');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT is(pg_temp.account(1), 'earned 150, balance 0, pending 0, redeemed 0, expired 0, owed 0',
  'an order that is taken back takes back all lots of it');
SELECT is(pg_temp.account(2), 'earned 160, balance 100, pending 0, redeemed 0, expired 0, owed 0',
  'a lot that is, that lot');
SELECT is(pg_temp.account(3), 'earned 100, balance 0, pending 0, redeemed 80, expired 0, owed 80',
  'a lot already spent is owed');
SELECT is(pg_temp.findings(), 'points_owed 1', 'and said');
-- an adjustment of a lot stays one of it where its order is taken back; else it would take the points that expire first
SELECT pg_temp.points(8, '2024-01-05', 'earn', 50, '2024-02-10'),
  pg_temp.points(8, '2024-01-05', 'earn', 100, '2024-03-10', lot => 'l-8', order_ref => 'o-8'),
  pg_temp.points(8, '2024-01-10', 'adjust', -30, lot => 'l-8'),
  pg_temp.points(8, '2024-01-25', 'reverse', -70, order_ref => 'o-8');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT expires_on, points FROM loyalty_expiry WHERE customer_id = 8',
  $$ VALUES (date '2024-02-10', 50.0) $$,
  'of a lot of 100, of which 30 were taken away and 70 taken back, nothing is left');
SELECT is(pg_temp.account(8), 'earned 150, balance 50, pending 0, redeemed 0, expired 0, owed 0',
  'the other lot is whole');
-- a name that two orders share: what is taken back of the one is not taken of the other
SELECT pg_temp.points(c, '2024-01-05', 'earn', 100, '2024-03-10', lot => 'bonus', order_ref => 'o-a'),
  pg_temp.points(c, '2024-01-06', 'earn', 60, '2024-04-10', lot => 'bonus', order_ref => 'o-b'),
  pg_temp.points(c, '2024-01-25', 'reverse', -60, order_ref => 'o-b')
FROM (VALUES (4), (5)) v (c);
SELECT pg_temp.points(5, '2024-01-26', 'reverse', -100, order_ref => 'o-a');
SAVEPOINT shared;
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT expires_on, points FROM loyalty_expiry WHERE customer_id = 4',
  $$ VALUES (date '2024-03-10', 100.0) $$,
  'a name that two orders share: the points of the one that is not taken back are there');
SELECT is(pg_temp.account(5), 'earned 160, balance 0, pending 0, redeemed 0, expired 0, owed 0',
  'or both are taken back');
SELECT is(pg_temp.findings(), 'points_owed 1', 'and nothing is taken back that was not earned');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
SELECT crmcost.transfer_points('crm', 'points', 4, 9, 100, '2024-02-01');
CALL crmcost.refresh('crm', '2024-02-02');
SELECT results_eq('SELECT customer_id, expires_on, points FROM loyalty_expiry WHERE customer_id IN (4, 9)',
  $$ VALUES (9::bigint, date '2024-03-10', 100.0) $$, 'a transfer moves the same');
ROLLBACK TO shared;
DELETE FROM loyalty_entry WHERE customer_id IN (4, 5);
SAVEPOINT whole;
SELECT crmcost.transfer_points('crm', 'points', 8, 9, 50, '2024-02-01');
SELECT results_eq($$SELECT points, expires_at FROM loyalty_entry WHERE customer_id = 9$$,
  $$ VALUES (50.0, timestamptz '2024-02-10') $$, 'and goes as such');
ROLLBACK TO whole;
-- what does not add up stops no refresh
SELECT pg_temp.points(4, '2024-01-05', 'earn', 100), pg_temp.points(4, '2024-01-10', 'redeem', -130),
  pg_temp.points(5, '2024-01-05', 'earn', 100, available => '2024-01-20'),
    pg_temp.points(5, '2024-01-10', 'redeem', -50),
  pg_temp.points(6, '2024-01-05', 'earn', 100), pg_temp.points(6, '2024-01-10', 'reverse', -20, lot => 'l-1'),
  pg_temp.points(7, '2024-01-05', 'earn', 100), pg_temp.points(7, '2024-01-10', 'reverse', -20);
CALL crmcost.refresh('crm', '2024-02-02');
SELECT is(pg_temp.findings(),
  'points_overdrawn 2, points_owed 1, points_reversed_unearned 1, points_reversed_without_lot 1',
  'overdrawn accounts, reversals of another customer''s lot and of none are findings');
SELECT results_eq('SELECT customer_id, balance, overdrawn, unmatched FROM loyalty_balance WHERE customer_id BETWEEN 4 AND 7 ORDER BY 1',
  $$ VALUES (4::bigint, 0.0, 30.0, 0.0), (5, 100.0, 50.0, 0.0), (6, 100.0, 0.0, 20.0), (7, 80.0, 0.0, 0.0) $$,
  'beyond the balance, before available_at, of another customer''s lot, of no lot');
SELECT is((SELECT example FROM data_quality WHERE check_name = 'points_overdrawn'),
  'customer 4, program points: 30 points beyond what was live', 'with whose');
-- but to whom the lot belongs once they are one
SELECT crmcost.merge_customer('crm', 6, 2);
CALL crmcost.refresh('crm', '2024-02-02');
SELECT is(pg_temp.account(2), 'earned 260, balance 180, pending 0, redeemed 0, expired 0, owed 0',
  'merged customers have one account');
SELECT is_empty('SELECT FROM loyalty_account WHERE customer_id = 6', 'of the one that stays');
SELECT is(pg_temp.differing(), NULL, 'as a full refresh has it');
SELECT crmcost.unmerge_customer('crm', 6);
CALL crmcost.refresh('crm', '2024-02-02');
SELECT is((SELECT unmatched FROM loyalty_balance WHERE customer_id = 6), 20.0, 'and two again');
DELETE FROM loyalty_entry WHERE customer_id = 6;
CALL crmcost.refresh('crm', '2024-02-02');
SELECT is_empty('SELECT FROM loyalty_account WHERE customer_id = 6', 'without entries there is no account');
SELECT is(pg_temp.differing(), NULL, 'as a full refresh has it');
ROLLBACK TO fresh;

-- bad input
SELECT pg_temp.customers(1, 3);
SELECT throws_ok(format('SELECT pg_temp.points(1, ''2024-01-05'', %s)', v.vals), '23514',
  format('new row for relation "loyalty_entry" violates check constraint "%s"', v.rule), v.why)
FROM (VALUES
  ($$'earn', 5, '2024-01-05'$$, 'expires_after_it_was_earned', 'a lot that expires before it is earned'),
  ($$'earn', 5, '2024-02-05', '2024-02-05'$$, 'expires_after_it_is_available', 'or before it is available'),
  ($$'earn', 5, NULL, '2024-01-04'$$, 'available_not_before_it_was_earned', 'available before it is earned'),
  ($$'earn', 5, NULL, 'infinity'$$, 'available_at_is_finite', 'never available'),
  ($$'redeem', -5, NULL, '2024-01-06'$$, 'only_points_gained_wait', 'a redemption that waits'),
  ($$'redeem', -5, lot => 'x'$$, 'redemption_names_no_lot', 'a redemption of a lot'),
  ($$'earn', 5, lot => ''$$, 'lot_not_empty', 'a lot without a name'),
  ($$'earn', 5, lot => 'a@b'$$, 'lot_is_no_mail_address', 'a mail address for a lot'),
  ($$'earn', 5, order_ref => 'a@b'$$, 'order_ref_is_no_mail_address', 'or for an order'),
  ($$'earn', 5, order_ref => ''$$, 'order_ref_not_empty', 'an order without a number')) AS v (vals, rule, why);
SELECT throws_ok($$SELECT pg_temp.points(1, '2024-01-05', 'earn', 5, program => 'stamps')$$, '23503', NULL,
  'an unknown programme');
SELECT throws_ok($$UPDATE loyalty_program SET burn = 'last_earned'$$, '23514', NULL, 'an unknown order of burning');
SELECT throws_ok($$UPDATE loyalty_program SET point_value = 'NaN'$$, '23514', NULL, 'a value that is NaN');
SELECT throws_ok($$UPDATE loyalty_program SET cost_category = 'gifts'$$, '23503', NULL, 'an unknown category');
-- nothing, one entry, all equal, huge
CALL crmcost.refresh('crm', '2024-02-01');
SELECT is_empty('SELECT FROM loyalty_balance', 'without entries there is no account');
SELECT is((SELECT count(*) FROM loyalty_liability) + (SELECT count(*) FROM deferred_revenue) + (SELECT count(*)
  FROM loyalty_profit), 0::bigint, 'nor a liability');
SELECT pg_temp.points(1, '2024-01-05', 'earn', 9999999999999999.9999, 'infinity'),
  pg_temp.points(1, '2024-01-05', 'earn', 9999999999999999.9999), pg_temp.points(2, '2024-01-05', 'redeem', -1),
  pg_temp.points(3, '2024-01-05', 'adjust', 0.0001);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT customer_id, balance, overdrawn, next_expiry_at FROM loyalty_balance ORDER BY 1',
  $$ VALUES (1::bigint, 19999999999999999.9998, 0.0, NULL::timestamptz), (2, 0.0, 1.0, NULL),
  (3, 0.0001, 0.0, NULL) $$, 'huge ones, which never expire; one redemption alone; the least');
ROLLBACK TO fresh;

-- a transfer keeps the expiry of its lots
SELECT pg_temp.customers(1, 3);
SELECT pg_temp.points(1, '2024-01-05', 'earn', 30, '2024-03-01'),
  pg_temp.points(1, '2024-01-05', 'earn', 50, '2024-06-01'), pg_temp.points(1, '2024-01-05', 'earn', 40),
  pg_temp.points(1, '2024-01-05', 'earn', 70, '2024-02-25', '2024-02-20'),
  pg_temp.points(1, '2024-01-10', 'redeem', -10);
SELECT crmcost.transfer_points('crm', 'points', 1, 2, 85, '2024-02-01');
SELECT results_eq($$SELECT customer_id, points, expires_at FROM loyalty_entry WHERE source = 'transfer'
  ORDER BY 1, 3$$, $$ VALUES (1::bigint, -85.0, NULL::timestamptz), (2, 20, '2024-03-01'), (2, 50, '2024-06-01'),
  (2, 15, NULL) $$, 'F1: a transfer of 85 points is of three lots');
CALL crmcost.refresh('crm', '2024-02-02');
SELECT results_eq('SELECT customer_id, balance, pending, adjusted, redeemed FROM loyalty_balance ORDER BY 1',
  $$ VALUES (1::bigint, 25.0, 70.0, -85.0, 10.0), (2, 85.0, 0.0, 85.0, 0.0) $$,
  'F1: what one has less the other has more');
SELECT results_eq('SELECT customer_id, expires_on, points FROM loyalty_expiry ORDER BY 1, 2',
  $$ VALUES (1::bigint, date '2024-02-25', 70.0), (2, '2024-03-01', 20.0), (2, '2024-06-01', 50.0) $$,
  'F1: and they expire when they would have');
SELECT throws_ok(format('SELECT crmcost.transfer_points(''crm'', %s)', v.arguments), v.code, v.message, v.message)
FROM (VALUES
  ($$'points', 1, 2, 26, '2024-02-02'$$, '22023',
    'points must be at most 25, what customer 1 can spend at 2024-02-02 00:00:00+00, not 26'),
  ($$'points', 3, 2, 1, '2024-02-02'$$, '22023',
    'points must be at most 0, what customer 3 can spend at 2024-02-02 00:00:00+00, not 1'),
  ($$'points', 1, 1, 1, '2024-02-02'$$, '22023', 'to_customer must be another customer than from_customer, not 1'),
  ($$'points', 1, 9, 1, '2024-02-02'$$, 'P0002', 'to_customer must be a customer of ledger "crm", not 9'),
  ($$'points', NULL, 2, 1, '2024-02-02'$$, 'P0002', 'from_customer must be a customer of ledger "crm", not null'),
  ($$'stamps', 1, 2, 1, '2024-02-02'$$, '22023', 'program_code must be a loyalty programme, not "stamps"'),
  ($$'points', 1, 2, 0, '2024-02-02'$$, '22023', 'points must be a positive number of at most 4 decimals, not 0'),
  ($$'points', 1, 2, 'NaN', '2024-02-02'$$, '22023', 'points must be a positive number of at most 4 decimals, not NaN'),
  ($$'points', 1, 2, 'Infinity', '2024-02-02'$$, '22023',
    'points must be a positive number of at most 4 decimals, not Infinity'),
  ($$'points', 1, 2, 0.00001, '2024-02-02'$$, '22023',
    'points must be a positive number of at most 4 decimals, not 0.00001'),
  ($$'points', 1, 2, 1, 'infinity'$$, '22023', 'at must be a finite instant, not infinity'),
  ($$'points', 1, 2, NULL, '2024-02-02'$$, '22023',
    'points must be a positive number of at most 4 decimals, not null')) AS v (arguments, code, message);
ROLLBACK TO fresh;

-- F4, F17
SELECT pg_temp.customers(1, 100, '2024-06-01');
UPDATE customer SET referred_by = 1 WHERE customer_id BETWEEN 2 AND 26;
-- sixty with one order, thirty-nine with five and one with five: 60 + 200 = 260
INSERT INTO sale (customer_id, order_ref, sold_at, amount, cogs, currency) SELECT i, i || '-' || n,
  timestamptz '2024-06-01' + n * interval '5 days', 10, 4, 'EUR' FROM generate_series(1, 100) i,
  generate_series(0, CASE WHEN i <= 60 THEN 0 ELSE 4 END) n;
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, score) SELECT i, '2024-06-20', 'survey', 'nps',
  CASE WHEN i <= 50 THEN 9 WHEN i <= 80 THEN 8 ELSE 3 END FROM generate_series(1, 100) i;
SELECT pg_temp.points(i, '2024-06-02', 'earn', 10) FROM generate_series(61, 100) i;
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq($$SELECT customers, repeat_rate, orders_per_customer, referral_rate, nps, active_share
  FROM loyalty_rate WHERE program_code = '(all)'$$, $$ VALUES (100::bigint, 0.4, 2.6, 0.25, 30.0, 1.0) $$,
  'F4: 40 of 100 came again, 260 orders of 100 are 2.6, 25 of 100 were brought, NPS is +30');
SELECT results_eq($$SELECT customers, repeat_rate, orders_per_customer, nps FROM loyalty_rate
  WHERE program_code = 'points'$$, $$ VALUES (40::bigint, 1.0, 5.0, NULL::numeric) $$,
  'F4: and those of the programme');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) SELECT i, i || '-6', '2024-06-30', 10, 'EUR'
  FROM generate_series(61, 100) i;
CALL crmcost.refresh('crm', '2024-07-01');
SELECT is((SELECT order_day_rate FROM loyalty_rate WHERE program_code = 'points'), 0.2,
  'F17: six days of thirty are 20 %');
SELECT is(pg_temp.differing(), NULL, 'as a full refresh has it');
-- a lead who costs something, and has points, is no customer yet
INSERT INTO customer (customer_id, source_key, first_seen_at) VALUES (101, 'c101', '2024-06-01');
SELECT pg_temp.points(101, '2024-06-02', 'earn', 10);
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id)
  VALUES ('acq.ads.web', '2024-06-01', 5, 'EUR', 101);
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq('SELECT customers, active_share FROM loyalty_rate ORDER BY customers',
  $$ VALUES (40::bigint, 1.0), (100, 1.0) $$, 'leads are left out, also where they bear cost');
-- members beside others, whose last order is too long ago by then
CALL crmcost.refresh('crm', '2024-12-15');
SELECT results_eq($$SELECT kind, code, members, member_rate, others, other_rate, uplift, revenue_per_member,
  revenue_per_other FROM member_uplift$$,
  $$ VALUES ('program', 'points', 40::bigint, 1.0, 60::bigint, 0.0, 1.0, 60.0, 10.0) $$,
  'F16: members beside all others');
ROLLBACK TO fresh;

-- F16: 12 % against 8 %; the interval by statsmodels' confint_proportions_2indep(12, 100, 8, 100, method='newcomb')
SELECT pg_temp.customers(1, 200);
INSERT INTO campaign (code, purpose, period, name) VALUES ('party', 'loyalty', '[2024-02-01,2024-03-01)', 'Party'),
  ('other', 'winback', '[2024-02-01,2024-03-01)', 'Other');
INSERT INTO campaign_member (campaign_code, customer_id, role, assigned_at) SELECT 'party', i, CASE WHEN i <= 100
  THEN 'target' ELSE 'control' END, timestamptz '2024-02-01' FROM generate_series(1, 200) i UNION ALL SELECT 'other',
  1, 'target', '2024-02-01';
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) SELECT i, 'o' || i, '2024-02-05', 10, 'EUR'
  FROM generate_series(1, 200) i WHERE i <= 12 OR i > 192;
CALL crmcost.refresh('crm', '2024-04-01');
SELECT results_eq('SELECT kind, code, name, member_rate, other_rate, uplift FROM member_uplift',
  $$ VALUES ('campaign', 'party', 'Party', 0.12, 0.08, 0.04) $$,
  'F16: 12 % of those who took part against 8 % are 4 points more');
SELECT ok(abs(u.uplift_low - r.uplift_low) + abs(u.uplift_high - r.uplift_high) < 0.0000005,
  'F16: with the interval of campaign_response') FROM member_uplift u
  JOIN campaign_response r ON r.campaign_code = u.code AND r.response = 'order';
ROLLBACK TO fresh;

-- F18: ranks 1 to 5
SELECT pg_temp.customers(1, 5);
INSERT INTO sale (customer_id, order_ref, sold_at, amount, cogs, currency) SELECT i, i || '-' || n,
  timestamptz '2024-01-02' + n * interval '1 day', 10, 0, 'EUR' FROM generate_series(1, 5) i, generate_series(1, i) n;
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$SELECT DISTINCT measure, spearman FROM loyalty_profit ORDER BY 1$$,
  $$ VALUES ('orders', 1.0), ('tenure_days', 1.0) $$, 'F18: who buys more often brings more: 1');
SELECT results_eq($$SELECT decile, mean_loyalty, profit FROM loyalty_profit WHERE measure = 'orders' ORDER BY 1$$,
  $$ SELECT 2 * i - 1, (6 - i)::numeric, 10.0 * (6 - i) FROM generate_series(1, 5) i $$,
  'F18: by tenths, the most loyal first; of five customers each is two of them');
SELECT results_eq($$SELECT decile, profit_share FROM loyalty_profit WHERE measure = 'orders' ORDER BY 1$$,
  $$ SELECT 2 * i - 1, round((6 - i) / 15.0, 6) FROM generate_series(1, 5) i $$, 'F18: each with its part of 150');
SAVEPOINT all_gain;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id) VALUES ('svc', '2024-01-20', 180,
  'EUR', 1);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$SELECT decile, profit, profit_share FROM loyalty_profit WHERE measure = 'orders' ORDER BY 1$$,
  $$ VALUES (1, 50.0, NULL::numeric), (3, 40.0, NULL), (5, 30.0, NULL), (7, 20.0, NULL), (9, -170.0, NULL) $$,
  'F18: where all together lose 30 nobody has a part of a profit');
ROLLBACK TO all_gain;
-- ties: by the plain formula, ranks by counting
SELECT pg_temp.customers(6, 40);
INSERT INTO sale (customer_id, order_ref, sold_at, amount, cogs, currency) SELECT i, i || '-' || n,
  timestamptz '2024-01-02' + n * interval '1 day', 10 + i % 4, i % 3 * 5, 'EUR' FROM generate_series(6, 40) i,
  generate_series(1, 1 + i * 7 % 5) n;
SELECT pg_temp.points(i, '2024-01-05', 'earn', 1 + i % 6) FROM generate_series(1, 40, 2) i;
CALL crmcost.refresh('crm', '2024-02-01');
CREATE TEMPORARY VIEW rated AS
  SELECT m.measure, m.x, v.profit AS y FROM customer_profit v
    CROSS JOIN LATERAL (VALUES ('orders', v.orders::numeric),
      ('points', (SELECT sum(b.earned) FROM loyalty_balance b WHERE b.customer_id = v.customer_id))) AS m (measure, x)
  WHERE m.x IS NOT NULL;
CREATE TEMPORARY VIEW rank_of AS
  SELECT a.measure, (SELECT count(*) FILTER (WHERE b.x < a.x) + (count(*) FILTER (WHERE b.x = a.x) + 1) / 2.0
    FROM rated b WHERE b.measure = a.measure) AS rx,
    (SELECT count(*) FILTER (WHERE b.y < a.y) + (count(*) FILTER (WHERE b.y = a.y) + 1) / 2.0 FROM rated b
      WHERE b.measure = a.measure) AS ry
  FROM rated a;
SELECT results_eq($$SELECT DISTINCT measure, spearman FROM loyalty_profit WHERE measure <> 'tenure_days' ORDER BY 1$$,
  $$SELECT measure, round((count(*) * sum(rx * ry) - sum(rx) * sum(ry)) / sqrt((count(*) * sum(rx * rx) - sum(rx) ^ 2)
    * (count(*) * sum(ry * ry) - sum(ry) ^ 2)), 6) FROM rank_of GROUP BY 1 ORDER BY 1$$, 'F18: with ties, by counting');
SELECT is((SELECT sum(profit) FROM loyalty_profit WHERE measure = 'orders'), (SELECT sum(profit) FROM customer_profit),
  'F18: the tenths are all of it');
SELECT results_eq($$SELECT mean_loyalty, customers, decile FROM loyalty_profit WHERE measure = 'orders' ORDER BY 3$$,
  $$SELECT orders::numeric, count(*), 1 + 10 * (SELECT count(*) FROM customer_profit b
    WHERE b.orders > a.orders)::integer / 40 AS decile FROM customer_profit a GROUP BY orders ORDER BY 3$$,
    'F18: of the same measure is of the same tenth, by counting');
SELECT is(pg_temp.differing(), NULL, 'as a full refresh has it');
ROLLBACK TO fresh;

-- IFRS 15, example 52: 100,000 of sales earn 10,000 points, 9,500 of which are expected to be redeemed at 1 each; 4,500
-- are by the end of the first year
UPDATE loyalty_program SET earn_per_unit = 0.1, point_cost = 0.3, point_value = 1, breakage = 0.05
  WHERE code = 'points';
SELECT pg_temp.customers(1, 1);
SELECT pg_temp.points(1, '2024-01-05', 'earn', 10000), pg_temp.points(1, '2024-06-05', 'redeem', -4500);
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq('SELECT revenue, points_value, round(revenue_for_goods), round(revenue_for_points), round(recognised), round(deferred) FROM deferred_revenue',
  $$ VALUES (100000.0, 9500.0, 91324.0, 8676.0, 4110.0, 4566.0) $$,
  'F2: the split of IFRS 15, example 52: 91,324 and 8,676, of which 4,110 are revenue and 4,566 deferred');
-- 4,000 of them expire instead, and 1,500 are left: of the 6,000 that can be redeemed at all, as many as the breakage
-- leaves, 4,500 are, which is three quarters; when the last ones are spent nothing is deferred any more
ROLLBACK TO fresh;
UPDATE loyalty_program SET earn_per_unit = 0.1, point_cost = 0.3, point_value = 1, breakage = 0.05
  WHERE code = 'points';
SELECT pg_temp.customers(1, 1);
SELECT pg_temp.points(1, '2024-01-05', 'earn', 4000, '2024-06-10'), pg_temp.points(1, '2024-01-06', 'earn', 6000),
  pg_temp.points(1, '2024-06-20', 'redeem', -4500);
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq('SELECT points_expected, recognised_share, round(recognised), round(deferred) FROM deferred_revenue',
  $$ VALUES (6000.0, 0.75, 6507.0, 2169.0) $$, 'F2: what has expired is expected no more');
SELECT pg_temp.points(1, '2024-07-05', 'redeem', -1500);
CALL crmcost.refresh('crm', '2024-07-10');
SELECT results_eq('SELECT points_expected, recognised_share, deferred FROM deferred_revenue',
  $$ VALUES (6000.0, 1.0, 0.0) $$, 'F2: and at the end nothing is owed');
ROLLBACK TO fresh;

-- money of another currency; none without a rate
SELECT pg_temp.customers(1, 1);
INSERT INTO loyalty_program (code, currency, earn_per_unit, point_cost) VALUES ('stars', 'USD', 1, 0.1);
SELECT pg_temp.points(1, '2024-01-05', 'earn', 100, '2024-05-01', program => 'stars'),
  pg_temp.points(1, '2024-01-06', 'redeem', -10, program => 'stars');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT program_name, balance, liability FROM loyalty_liability',
  $$ VALUES ('stars', 90.0, NULL::numeric) $$,
  'without a rate there is no liability, and without a name the code is it');
SELECT is((SELECT rows FROM data_quality WHERE check_name = 'cost_without_rate'), 1::bigint,
  'and no cost, which is a finding');
INSERT INTO fx_rate VALUES ('USD', '2024-01-01', 0.9), ('USD', '2024-02-01', 0.5);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT l.liability, b.liability, e.redemption_cost FROM loyalty_liability l, loyalty_balance b, loyalty_expiry e',
  $$ VALUES (8.1, 8.1, 8.1) $$, 'by the rate of the report day');
SELECT is((SELECT sum(cost) FROM cost_by_month), 0.9, 'redemptions by that of their own');
ROLLBACK TO fresh;

-- C15
SELECT pg_temp.customers(1, 2);
INSERT INTO campaign (code, purpose, period, name) VALUES ('coupons', 'loyalty', '[2024-01-01,2024-03-01)', 'Coupons');
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, campaign_code)
  VALUES ('ret.loyalty.coupon', '2024-01-10', 1500, 'EUR', 'coupons'),
  ('ret.loyalty.coupon', '2024-01-10', 500, 'EUR', NULL);
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, campaign_code, n)
  VALUES (1, '2024-01-11', 'touch', 'redeemed', 'coupons', 300),
  (1, '2024-01-12', 'behavior', 'coupon_redemption', NULL, 100), (1, '2024-01-12', 'care', 'redeemed', NULL, 7),
  (2, '2024-02-12', 'behavior', 'redeemed', 'coupons', 10);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT month_start, campaign_code, campaign_name, cost, redemptions, cost_per_redemption FROM coupon_cost ORDER BY 2',
  $$ VALUES (date '2024-01-01', '(all)', '(all)', 2000.0, 400::bigint, 5.0),
  ('2024-01-01', '(unknown)', '(unknown)', 500.0, 100, 5.0), ('2024-01-01', 'coupons', 'Coupons', 1500.0, 300, 5.0) $$,
  'C15: 2,000 for 400 coupons redeemed is 5 each');
SELECT is_empty('SELECT FROM channel_exposure WHERE impressions + clicks + follows = 0 AND booked_cost = 0',
  'which are no exposure');
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq($$SELECT redemptions, cost_per_redemption FROM coupon_cost WHERE month_start = '2024-02-01'
  ORDER BY campaign_code$$, $$ VALUES (10::bigint, 0.0), (10, 0.0) $$, 'C15: those of February cost nothing');
ROLLBACK TO fresh;

-- at random: a loop over lots, step by step, against what refresh keeps, in two refreshes and in one
SELECT pg_temp.customers(1, 80);
CREATE TEMPORARY TABLE entry AS
  SELECT row_number() OVER () AS id, c.customer_id, p.program_code,
    timestamptz '2024-01-01' + (random() * 150)::int * interval '1 day' AS at, r.x AS x, random() AS y, random() AS z,
    1 + (random() * 3)::int AS lot, 1 + floor(random() * 60) AS points
  FROM (SELECT setseed(0.31)) s, generate_series(1, 80) c (customer_id),
    unnest('{points,miles}'::text[]) p (program_code), generate_series(1, 14) n,
    LATERAL (SELECT random() + 0 * n + 0 * customer_id AS x) r;
UPDATE entry SET at = at + id * interval '1 second';      -- no two at the same instant
INSERT INTO loyalty_entry (customer_id, program_code, occurred_at, kind, points, expires_at, available_at, lot)
  SELECT customer_id, program_code, at, CASE WHEN x < 0.5 THEN 'earn' WHEN x < 0.85 THEN 'redeem' ELSE 'reverse' END,
    CASE WHEN x < 0.5 THEN points ELSE -points END,
    CASE WHEN x < 0.5 AND y < 0.7 THEN at + (40 + (y * 60)::int) * interval '1 day' END, CASE WHEN x < 0.5 AND z < 0.4
      THEN at + (z * 60)::int * interval '1 day' END, CASE WHEN x NOT BETWEEN 0.5 AND 0.85 THEN 'l' || lot END
  FROM entry;
CREATE TEMPORARY TABLE lots (id serial, at timestamptz, expires timestamptz, live_from timestamptz, name text,
  got numeric, spent numeric);
CREATE FUNCTION pg_temp.by_loop(customer bigint, program text, as_of timestamptz, OUT balance numeric,
  OUT pending numeric, OUT expired numeric, OUT owed numeric, OUT overdrawn numeric, OUT unmatched numeric,
  OUT next_expiry_at timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
  e record;
  l record;
  missing numeric;
  burns text := (SELECT burn FROM loyalty_program WHERE code = program);
BEGIN
  owed := 0; overdrawn := 0; unmatched := 0;
  DELETE FROM lots;
  FOR e IN SELECT * FROM loyalty_entry WHERE customer_id = customer AND program_code = program AND occurred_at < as_of
    ORDER BY occurred_at LOOP
    IF e.points > 0 THEN
      INSERT INTO lots (at, expires, live_from, name, got, spent)
        VALUES (e.occurred_at, coalesce(e.expires_at, 'infinity'), coalesce(e.available_at, e.occurred_at), e.lot,
        e.points, 0);
      CONTINUE;
    END IF;
    missing := -e.points;
    IF e.kind = 'redeem' THEN
      FOR l IN SELECT * FROM lots WHERE live_from <= e.occurred_at AND expires > e.occurred_at AND got > 0
        ORDER BY CASE WHEN burns = 'first_earned' THEN at END, expires, at, live_from, name LOOP
        UPDATE lots SET got = got - least(missing, l.got), spent = spent + least(missing, l.got) WHERE id = l.id;
        missing := missing - least(missing, l.got);
      END LOOP;
      overdrawn := overdrawn + missing;
    ELSE
      FOR l IN SELECT * FROM lots WHERE name = e.lot ORDER BY CASE WHEN burns = 'first_earned' THEN at END, expires,
        at, live_from LOOP
        UPDATE lots SET got = got - least(missing, l.got) WHERE id = l.id;
        missing := missing - least(missing, l.got);
      END LOOP;
      FOR l IN SELECT * FROM lots WHERE name = e.lot ORDER BY CASE WHEN burns = 'first_earned' THEN at END, expires,
        at, live_from LOOP
        UPDATE lots SET spent = spent - least(missing, l.spent) WHERE id = l.id;
        owed := owed + least(missing, l.spent);
        missing := missing - least(missing, l.spent);
      END LOOP;
      unmatched := unmatched + missing;
    END IF;
  END LOOP;
  SELECT coalesce(sum(got) FILTER (WHERE live_from <= as_of AND expires > as_of), 0),
    coalesce(sum(got) FILTER (WHERE live_from > as_of AND expires > as_of), 0),
    coalesce(sum(got) FILTER (WHERE expires <= as_of), 0),
    min(expires) FILTER (WHERE got > 0 AND expires > as_of AND isfinite(expires)) INTO balance, pending, expired,
      next_expiry_at FROM lots;
END $$;
CALL crmcost.refresh('crm', '2024-03-05');
CREATE FUNCTION pg_temp.wrong(upto timestamptz) RETURNS bigint LANGUAGE sql AS $$
  SELECT count(*) FROM loyalty_balance b CROSS JOIN LATERAL pg_temp.by_loop(b.customer_id, b.program_code, upto) l
  WHERE (b.balance, b.pending, b.expired, b.owed, b.overdrawn, b.unmatched) <> (l.balance, l.pending, l.expired,
    l.owed, l.overdrawn, l.unmatched) OR b.next_expiry_at IS DISTINCT FROM l.next_expiry_at$$;
SELECT is(pg_temp.wrong('2024-03-05'), 0::bigint,
  format('F1: %s accounts at random are those of a loop over lots', (SELECT count(*) FROM loyalty_balance)));
SELECT ok(count(*) FILTER (WHERE overdrawn > 0) > 10 AND count(*) FILTER (WHERE owed > 0) > 5 AND count(*)
  FILTER (WHERE unmatched > 0) > 5 AND count(*) FILTER (WHERE expired > 0) > 5 AND count(*)
  FILTER (WHERE pending > 0) > 10, 'with all that may happen') FROM loyalty_balance;
SELECT is_empty('SELECT FROM loyalty_account WHERE earned + adjusted + owed + overdrawn + unmatched <> balance + pending + redeemed + reversed + expired',
  'what was gained is what became of it');
SELECT is_empty('SELECT FROM loyalty_account a JOIN (SELECT customer_id, program_code, sum(points) AS points FROM loyalty_schedule GROUP BY 1, 2) s USING (customer_id, program_code) WHERE s.points > a.balance + a.pending',
  'the schedule has no more than there is');
-- one in a hundred has news, and the day moves
SELECT pg_temp.points(i, '2024-02-01', 'earn', 5, '2024-04-01', lot => 'new'),
  pg_temp.points(i, '2024-03-06', 'redeem', -3) FROM generate_series(1, 1) i;
CALL crmcost.refresh('crm', '2024-03-07');
SELECT is(pg_temp.differing(), NULL, 'one in a hundred with news: as a full refresh has it');
CALL crmcost.refresh('crm', '2024-05-20');
SELECT is(pg_temp.wrong('2024-05-20'), 0::bigint, 'F1: after ten weeks, too');
SELECT is(pg_temp.differing(), NULL, 'as a full refresh has it');
SELECT is((SELECT sum(amount) FROM cost_entry), (SELECT round(sum(-e.points * p.point_cost), 4) FROM loyalty_entry e
  JOIN loyalty_program p ON p.code = e.program_code WHERE e.kind = 'redeem' AND occurred_at < '2024-05-20'),
  'A14: each redemption is booked once');
SELECT * FROM finish();
ROLLBACK;
