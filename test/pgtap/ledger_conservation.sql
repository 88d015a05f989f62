-- Nothing is lost and nothing is made: random ledgers with two currencies,
-- accruals, refunds, corrections, limited rules, pools that serve pools, capacity
-- and closed months.  What must come out is added up from the tables, without
-- any view of ours.
\ir ledger_setup.psql
SELECT no_plan();

CREATE FUNCTION pg_temp.pick(VARIADIC list text[]) RETURNS text LANGUAGE sql VOLATILE
  AS $$SELECT list[1 + floor(random() * cardinality(list))::int]$$;
CREATE FUNCTION pg_temp.a_day() RETURNS date LANGUAGE sql VOLATILE
  AS $$SELECT '2024-01-01'::date + floor(random() * 150)::int$$;

CREATE PROCEDURE pg_temp.book(n int) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO crm.sale (customer_id, order_ref, line_no, kind, sold_at, amount, discount, cogs, currency, channel_code,
    campaign_code, product_code)
  SELECT 1 + floor(random() * 30)::int, 'o' || i / 2, n + i, CASE WHEN i % 9 = 0 THEN 'refund' ELSE 'sale' END,
         pg_temp.a_day() + random() * interval '1 day',
         (CASE WHEN i % 9 = 0 THEN -1 ELSE 1 END) * round((random() * 100)::numeric, 2), round(random()::numeric, 2),
         round((random() * 60)::numeric, 2), pg_temp.pick('EUR', 'USD'), pg_temp.pick('web', 'store', NULL),
         pg_temp.pick('spring', NULL, NULL), pg_temp.pick('p1', 'p2', NULL)
  FROM generate_series(1, n) i;
  INSERT INTO crm.interaction (customer_id, occurred_at, kind, n, handle_seconds, channel_code)
  SELECT 1 + floor(random() * 30)::int, pg_temp.a_day(), pg_temp.pick('ticket', 'care'), 1 + floor(random() * 3)::int,
         CASE WHEN random() < 0.7 THEN floor(random() * 900)::int END, pg_temp.pick('web', 'phone', NULL)
  FROM generate_series(1, n / 4) i;
  INSERT INTO crm.cost_entry (category_code, incurred_on, amount, currency, fx, customer_id, covers, channel_code,
    campaign_code, product_code)
  SELECT pg_temp.pick(VARIADIC (SELECT array_agg(code) FROM crm.cost_category)), day,
         round((random() * 1000 - 150)::numeric, floor(random() * 5)::int), pg_temp.pick('EUR', 'USD'),
         CASE WHEN random() < 0.1 THEN round(random()::numeric + 0.1, 9) END,
         CASE WHEN random() < 0.2 THEN 1 + floor(random() * 30)::int END,
         CASE WHEN random() < 0.1 THEN daterange(day - 40, day + 70)
              WHEN random() < 0.1 THEN '[2024-02-01,2024-05-01)' END,
         pg_temp.pick('web', 'phone', NULL, NULL), pg_temp.pick('spring', NULL, NULL), pg_temp.pick('p1', NULL, NULL)
  FROM (SELECT pg_temp.a_day() AS day FROM generate_series(1, n)) d;
END
$$;

-- entries by the months they are for, by calendar days: exact shares, not rounded; of the
-- month that is not over the days up to 20 May
CREATE VIEW pg_temp.share_of AS
SELECT e.cost_id, e.currency, e.customer_id, k.bucket, m.month_start::date AS month_start,
       round(e.amount * coalesce(e.fx, CASE e.currency WHEN 'EUR' THEN 1 ELSE 0.913 END), 4) AS cost,
       CASE WHEN e.covers IS NULL THEN 1::numeric
            WHEN extract(day FROM lower(e.covers)) = 1 AND extract(day FROM upper(e.covers)) = 1
              THEN 1.0 / (SELECT count(*) FROM generate_series(lower(e.covers), upper(e.covers) - 1, '1 month'))
            ELSE (SELECT count(*)::numeric FROM generate_series(lower(e.covers), upper(e.covers) - 1, '1 day') d
                  WHERE date_trunc('month', d) = m.month_start) / (upper(e.covers) - lower(e.covers))
       END * (SELECT count(*) FILTER (WHERE d <= '2024-05-20')::numeric / count(*)
              FROM generate_series(coalesce(lower(e.covers), e.incurred_on),
                coalesce(upper(e.covers) - 1, e.incurred_on), '1 day') d
              WHERE date_trunc('month', d) = m.month_start) AS share,
       coalesce(upper(e.covers) - 1 > '2024-05-20', false) AS is_cut
FROM crm.cost_entry e JOIN crm.cost_category k ON k.code = e.category_code
CROSS JOIN LATERAL generate_series(
  date_trunc('month', coalesce(lower(e.covers), e.incurred_on)::timestamp),
  coalesce(upper(e.covers) - 1, e.incurred_on)::timestamp, '1 month') m (month_start)
WHERE e.incurred_on <= '2024-05-20' AND m.month_start <= '2024-05-20';

-- what of these properties does not hold
CREATE FUNCTION pg_temp.breaches() RETURNS SETOF text LANGUAGE sql AS $$
  -- each part of an entry arrives once, and within a coin of its share
  WITH flow AS (
    SELECT cost_id, booked_month AS month_start, bucket, sum(cost) AS cost FROM crm.cost_flow
    WHERE via <> 'rounding' GROUP BY 1, 2, 3)
  SELECT format('entry %s in %s: %s of %s', cost_id, month_start, f.cost, s.cost * s.share)
  FROM pg_temp.share_of s FULL JOIN flow f USING (cost_id, month_start, bucket)
  -- what is cut to the day is rounded once more
  WHERE abs(coalesce(f.cost, 0) - coalesce(s.cost * s.share, 0)) >= CASE s.share WHEN 1 THEN 0.0000001
    ELSE (1 + coalesce(is_cut, false)::int) * (SELECT 10.0 ^ -value::int FROM crm.setting WHERE key = 'money_scale') END
  UNION ALL
  -- whole accruals are whole
  SELECT format('entry %s: %s of %s', cost_id, f.cost, s.cost)
  FROM (SELECT cost_id, min(cost) AS cost FROM pg_temp.share_of GROUP BY 1 HAVING sum(share) > 0.999999) s
  LEFT JOIN (SELECT cost_id, sum(cost) AS cost FROM crm.cost_flow GROUP BY 1) f USING (cost_id)
  WHERE s.cost <> coalesce(f.cost, 0)
  UNION ALL
  -- flow = customers + unused + unallocated, by month, bucket and customer
  SELECT format('%s %s customer %s: flow %s, reports %s', month_start, bucket, customer, flow, reports)
  FROM (SELECT month_start, bucket, coalesce(customer_id, 0) AS customer, sum(cost) AS flow FROM crm.cost_flow
    GROUP BY 1, 2, 3) f
  FULL JOIN (
    SELECT month_start, bucket, customer_id AS customer, sum(direct_cost + allocated_cost) AS reports
    FROM crm.customer_cost GROUP BY 1, 2, 3
    UNION ALL
    SELECT month_start, bucket, 0, sum(unused_cost + unallocated_cost) FROM crm.cost_pool GROUP BY 1, 2) r
    USING (month_start, bucket, customer)
  WHERE coalesce(flow, 0) <> coalesce(reports, 0)
  UNION ALL
  SELECT format('rounding of %s %s: %s', month_start, bucket, sum(cost)) FROM crm.cost_flow
  WHERE via = 'rounding' GROUP BY month_start, bucket HAVING sum(cost) <> 0
  UNION ALL
  SELECT format('part of nothing: %s', f) FROM crm.cost_flow f
  WHERE via = 'allocated' AND (driver_quantity <= 0 OR driver_total < driver_quantity)
  UNION ALL
  -- profit is margin less cost
  SELECT format('profit %s, margin %s, cost %s', p.profit, s.margin, c.cost)
  FROM (SELECT sum(profit) AS profit FROM crm.customer_profit) p,
       (SELECT sum(round(amount * r, 4) - round(cogs * r, 4)) AS margin
        FROM (SELECT *, CASE currency WHEN 'EUR' THEN 1 ELSE 0.913 END AS r FROM crm.sale
              WHERE sold_at < '2024-05-20 12:00Z') s) s,
       (SELECT sum(direct_cost + allocated_cost) AS cost FROM crm.customer_cost) c
  WHERE p.profit IS DISTINCT FROM s.margin - c.cost
  UNION ALL
  SELECT format('%s: %s', check_name, example) FROM crm.data_quality
  WHERE rows > 0 AND check_name ~ '_not_refreshed|_without_rate'
$$;

-- by month, bucket and currency: booked = arrived, exactly
CREATE FUNCTION pg_temp.unequal() RETURNS SETOF text LANGUAGE sql AS $$
  SELECT format('%s %s %s: %s booked, %s in the flow', month_start, bucket, currency, booked, flow)
  FROM (SELECT month_start, bucket, currency,
               sum(CASE WHEN until_on <= '2024-05-20' THEN base_amount
                        ELSE round(base_amount * ('2024-05-20' - cost_on + 1) / (until_on - cost_on + 1),
                          greatest(min_scale(base_amount),
                          (SELECT value::int FROM crm.setting WHERE key = 'money_scale'))) END) AS booked
        FROM crm.accrued_cost
        WHERE incurred_on <= '2024-05-20' AND month_start <= '2024-05-20' GROUP BY 1, 2, 3) b
  FULL JOIN (SELECT f.booked_month AS month_start, f.bucket, e.currency, sum(f.cost) AS flow
             FROM crm.cost_flow f JOIN crm.cost_entry e USING (cost_id) GROUP BY 1, 2, 3) f
    USING (month_start, bucket, currency)
  WHERE coalesce(booked, 0) <> coalesce(flow, 0)
$$;

INSERT INTO fx_rate VALUES ('USD', '2023-01-01', 0.913);
INSERT INTO campaign (code, channel_code, purpose, period, name)
VALUES ('spring', 'social', 'acquisition', '[2024-01-01,2025-01-01)', 'Spring');
INSERT INTO activity_time VALUES ('ticket', '', 7), ('care', '', 3.5);

CREATE PROCEDURE pg_temp.try(seed float8) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM setseed(seed);
  INSERT INTO crm.customer (customer_id, source_key, first_seen_at, acquired_at, acquisition_channel)
  SELECT i, 'c' || i, '2023-12-01', '2024-01-01'::date + floor(random() * 150)::int, pg_temp.pick('web', 'store', NULL)
  FROM generate_series(1, 30) i;
  -- some categories have a rule, some a limited one besides
  INSERT INTO crm.allocation_rule (category_code, driver, channel_code, product_code)
  SELECT code, pg_temp.pick('new_customers', 'active_customers', 'revenue', 'margin', 'orders', 'interactions',
                            'handle_time', 'tier_weight', 'equal'), l.c, l.p
  FROM crm.cost_category, (VALUES (NULL, NULL), ('web', NULL), (NULL, 'p1')) l (c, p)
  WHERE random() < 0.35;
  INSERT INTO crm.allocation_rule (category_code, driver, valid)
  SELECT code, 'handle_time', '[2024-02-01,)' FROM (VALUES ('svc'), ('ret.care')) c (code)
  ON CONFLICT DO NOTHING;
  INSERT INTO crm.capacity VALUES ('svc', '[2024-01-01,2025-01-01)', 6000), ('ret.care', '[2024-03-10,2024-04-20)', 3);
  -- a pool serves the next three in the order of a random list
  INSERT INTO crm.allocation_share
  SELECT a.code, b.code, round((random() / 3.5)::numeric, 8) + 0.00000001, '[2024-02-01,)'
  FROM (SELECT code, row_number() OVER (ORDER BY random()) AS i FROM crm.cost_category) a
  JOIN (SELECT code, row_number() OVER (ORDER BY random()) AS i FROM crm.cost_category) b
    ON b.i - a.i IN (1, 2, 3) AND a.code <> b.code
  WHERE a.i <= 12;
  UPDATE crm.setting SET value = CASE WHEN seed > 0.5 THEN 'step_down' ELSE 'reciprocal' END
    WHERE key = 'service_pool_method';
  UPDATE crm.setting SET value = pg_temp.pick('0', '2', '4') WHERE key = 'money_scale';
  CALL pg_temp.book(300);
  CALL crmcost.refresh('crm', '2024-05-20 12:00Z');
END
$$;

SAVEPOINT fresh;
CALL pg_temp.try(0.11);
SELECT is_empty('SELECT * FROM pg_temp.breaches()', 'a random ledger, reciprocal: nothing is lost');
SELECT is_empty('SELECT * FROM pg_temp.unequal()',
  'by month, bucket and currency: allocated and unallocated are what was booked');
SELECT cmp_ok((SELECT count(DISTINCT via) FROM cost_flow), '=', 5::bigint, 'with every way that cost can go');
SELECT cmp_ok((SELECT count(DISTINCT driver) FROM cost_pool WHERE allocated_cost <> 0), '>=', 8::bigint,
  'and by nearly every driver');
SELECT cmp_ok((SELECT count(DISTINCT service_category) FROM cost_pool), '>', 5::bigint, 'through many service pools');
CALL crmcost.refresh('crm', '2024-05-20 12:00Z');
SELECT is((SELECT rows_changed FROM last_refresh), 0::bigint, 'B18: a second refresh changes nothing');
SELECT crmcost.erase_customer('crm', 5);
CALL crmcost.refresh('crm', '2024-05-20 12:00Z');
SELECT is((SELECT rows_changed FROM last_refresh), 0::bigint, 'nor does one after a customer was erased');
ROLLBACK TO fresh;
CALL pg_temp.try(0.83);
SELECT is_empty('SELECT * FROM pg_temp.breaches()', 'a random ledger, step_down: nothing is lost');
SELECT is_empty('SELECT * FROM pg_temp.unequal()', 'by month, bucket and currency');
ROLLBACK TO fresh;

-- closed months
CALL pg_temp.try(0.27);
CALL crmcost.close_period('crm', '2024-02-01');
CREATE TEMPORARY TABLE closed AS
SELECT 'cost' AS what, to_jsonb(c) AS line FROM customer_cost c WHERE month_start <= '2024-02-01'
UNION ALL SELECT 'month', to_jsonb(m) FROM customer_month m WHERE month_start <= '2024-02-01'
UNION ALL SELECT 'pool', to_jsonb(p) FROM cost_pool p WHERE month_start <= '2024-02-01'
UNION ALL SELECT 'driver', to_jsonb(d) FROM customer_driver d WHERE month_start <= '2024-02-01'
UNION ALL SELECT 'flow', to_jsonb(f) FROM cost_flow f WHERE month_start <= '2024-02-01';
CREATE FUNCTION pg_temp.moved() RETURNS TABLE (what text, line jsonb) LANGUAGE sql AS $$
  WITH now AS (
    SELECT 'cost' AS what, to_jsonb(c) AS line FROM crm.customer_cost c WHERE month_start <= '2024-02-01'
    UNION ALL SELECT 'month', to_jsonb(m) FROM crm.customer_month m WHERE month_start <= '2024-02-01'
    UNION ALL SELECT 'pool', to_jsonb(p) FROM crm.cost_pool p WHERE month_start <= '2024-02-01'
    UNION ALL SELECT 'driver', to_jsonb(d) FROM crm.customer_driver d WHERE month_start <= '2024-02-01'
    UNION ALL SELECT 'flow', to_jsonb(f) FROM crm.cost_flow f WHERE month_start <= '2024-02-01')
  (SELECT * FROM pg_temp.closed EXCEPT ALL SELECT * FROM now)
  UNION ALL (SELECT * FROM now EXCEPT ALL SELECT * FROM pg_temp.closed)
$$;
SELECT is_empty('SELECT * FROM pg_temp.breaches()', 'to close a month loses nothing');
CALL crmcost.refresh('crm', '2024-05-20 12:00Z');
SELECT is((SELECT rows_changed FROM last_refresh), 0::bigint, 'B18: nor does a refresh after it change anything');
-- late and changed facts of every month
CALL pg_temp.book(100);
CREATE VIEW pg_temp.open_entry AS
SELECT cost_id FROM crm.cost_entry WHERE least(lower(covers), incurred_on) >= '2024-03-01'
UNION SELECT fact_id FROM crm.late_fact WHERE relation = 'cost_entry';
UPDATE cost_entry SET amount = amount + 7.77
  WHERE cost_id % 37 = 0 AND cost_id IN (SELECT cost_id FROM pg_temp.open_entry);
DELETE FROM cost_entry WHERE cost_id % 41 = 0 AND cost_id IN (SELECT cost_id FROM pg_temp.open_entry);
UPDATE allocation_rule SET driver = 'equal' WHERE rule_id % 3 = 0;
DELETE FROM capacity;
UPDATE allocation_share SET share = share / 2;
CALL crmcost.refresh('crm', '2024-05-20 12:00Z');
SELECT is_empty('SELECT * FROM pg_temp.moved()',
  'a closed month stays as it was, whatever is loaded or changed after it');
SELECT is_empty('SELECT * FROM pg_temp.breaches()', 'what came late counts in the first open month: nothing is lost');
SELECT cmp_ok((SELECT count(*) FROM cost_flow WHERE booked_month < month_start), '>', 50::bigint, 'and some did');
SELECT results_eq($$SELECT DISTINCT month_start FROM cost_flow WHERE booked_month < month_start$$,
  $$ VALUES ('2024-03-01'::date) $$, 'there and nowhere else');
CALL crmcost.refresh('crm', '2024-05-20 12:00Z');
SELECT is((SELECT rows_changed FROM last_refresh), 0::bigint, 'B18: and again nothing changes');
-- what is changed in the closed months is a finding, by how much, and nothing else
SAVEPOINT unchanged;
CREATE TEMPORARY TABLE taken AS
SELECT coalesce(sum(cost), 0) AS cost FROM pg_temp.share_of
WHERE cost_id IN (SELECT cost_id FROM cost_entry WHERE covers IS NULL AND incurred_on < '2024-03-01' EXCEPT
  SELECT cost_id FROM pg_temp.open_entry);
DELETE FROM cost_entry WHERE covers IS NULL AND incurred_on < '2024-03-01'
  AND cost_id NOT IN (SELECT cost_id FROM pg_temp.open_entry);
CALL crmcost.refresh('crm', '2024-05-20 12:00Z');
SELECT is_empty($$SELECT * FROM pg_temp.moved() WHERE what <> 'flow'$$,
  'what is deleted from a closed month leaves it as it was');
SELECT is((SELECT amount FROM data_quality WHERE check_name = 'closed_cost_changed'), -cost, 'and is told') FROM taken;
ROLLBACK TO unchanged;
CALL crmcost.close_period('crm', '2024-03-01');
CALL pg_temp.book(60);
CALL crmcost.refresh('crm', '2024-05-20 12:00Z');
SELECT is_empty('SELECT * FROM pg_temp.breaches()', 'the next month is closed: nothing is lost');
SELECT is_empty('SELECT * FROM pg_temp.moved()', 'and the first ones stay');
SELECT crmcost.erase_customer('crm', 5);
CALL crmcost.refresh('crm', '2024-05-20 12:00Z');
SELECT is((SELECT rows_changed FROM last_refresh), 0::bigint, 'a customer erased after it moves no total');

-- opened again, all is as if it had never been closed
DO $$DECLARE first_month CONSTANT date := min(month_start) FROM crm.closed_period;
BEGIN CALL crmcost.reopen_period('crm', first_month); END$$;
CALL crmcost.refresh('crm', '2024-05-20 12:00Z');
SELECT is_empty('SELECT * FROM pg_temp.unequal()', 'opened again: by month, bucket and currency as booked');
CREATE TEMPORARY TABLE reopened AS
SELECT to_jsonb(c) FROM customer_cost c UNION ALL SELECT to_jsonb(m) FROM customer_month m
UNION ALL SELECT to_jsonb(p) FROM cost_pool p UNION ALL SELECT to_jsonb(d) FROM customer_driver d;
TRUNCATE customer_month, customer_value, customer_score, cost_month, cost_day, cost_pool, customer_driver, posted_cost,
  kept_snapshot;
CALL crmcost.refresh('crm', '2024-05-20 12:00Z', full => true);
SELECT bag_eq('SELECT * FROM pg_temp.reopened', $$
  SELECT to_jsonb(c) FROM customer_cost c UNION ALL SELECT to_jsonb(m) FROM customer_month m
  UNION ALL SELECT to_jsonb(p) FROM cost_pool p UNION ALL SELECT to_jsonb(d) FROM customer_driver d
$$, 'and as a ledger that never closed a month');

-- what close_period and reopen_period refuse
CALL crmcost.close_period('crm', '2024-03-15');
SELECT throws_ok($$CALL crmcost.close_period('crm', '2024-03-31')$$, '55000',
  'month 2024-03 of ledger "crm" is already closed', 'a period already closed');
SELECT throws_ok($$CALL crmcost.close_period('crm', '2024-01-31')$$, '55000',
  'month 2024-01 of ledger "crm" is already closed', 'an earlier one too');
SELECT throws_ok($$CALL crmcost.close_period('crm', '2024-05-01')$$, '22023',
  'month must have ended by the last refresh, as of 2024-05-20, not 2024-05', 'a month that has not ended');
SELECT throws_ok($$CALL crmcost.close_period('crm', NULL)$$, '22023', 'month must be a finite date, not null',
  'no month');
SELECT throws_ok($$CALL crmcost.close_period('crm', 'infinity')$$, '22023',
  'month must be a finite date, not infinity', 'the last of all months');
SELECT throws_ok($$CALL crmcost.close_period('nowhere', '2024-03-01')$$, '3F000', NULL, 'no such ledger');
SELECT throws_ok($$CALL crmcost.reopen_period('crm', '2024-04-01')$$, '55000',
  'month must be a closed month of ledger "crm", not 2024-04', 'to open an open month');
SELECT throws_ok($$CALL crmcost.reopen_period('crm', NULL)$$, '55000',
  'month must be a closed month of ledger "crm", not null', 'to open no month');
SELECT throws_ok($$CALL crmcost.refresh('crm', '2024-03-31')$$, '22023',
  'as_of must not be before 2024-03-31, the last day of the closed months, not 2024-03-30',
    'a refresh as of a day that is closed');
SELECT results_eq('SELECT month_start FROM closed_period ORDER BY 1',
  $$SELECT m::date FROM generate_series('2023-11-01'::timestamp, '2024-03-01', '1 month') m
    WHERE m >= (SELECT min(month_start) FROM customer_cost)$$, 'closed months have no gap');

SELECT * FROM finish();
ROLLBACK;
