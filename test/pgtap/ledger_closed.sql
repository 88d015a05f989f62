-- A closed month stands.  Of random ledgers months are closed; then everything happens to them that can happen: facts
-- come late,
-- change and go, customers change their channel, are merged, unmerged and erased, campaigns, tiers, categories,
-- products, rates,
-- rules, shares and settings are others.  Every view with a month says of the closed ones what it said at their
-- closing; which
-- views those are, the catalog says.  What may move is named below, with the reason.
--
-- psql -v first=N -v ledgers=M asks M ledgers from seed N on.
\set partitioned false
\ir ledger_setup.psql
\ir random.psql
\ir ledger_events.psql
SELECT no_plan();
\if :{?ledgers}
\else
\set ledgers 2
\endif
\if :{?first}
\else
\set first 1
\endif
CREATE FUNCTION pg_temp.differing() RETURNS text LANGUAGE plpgsql AS $$
DECLARE found text;
BEGIN
  -- what the exception takes back is the work tables
  BEGIN
    PERFORM crmcost._make_work_tables('crm');
    SELECT string_agg(v.target || ' ' || v.rows_differ, ', ') INTO found FROM crmcost._verify('crm') v;
    RAISE EXCEPTION 'verified' USING ERRCODE = 'P9999';
  EXCEPTION WHEN SQLSTATE 'P9999' THEN
    RETURN found;
  END;
END$$;
SAVEPOINT empty;

-- Who is elsewhere now was where he was.
INSERT INTO campaign (code, channel_code, purpose, period, name)
  VALUES ('k1', 'search', 'acquisition', '[2024-01-01,)', 'K1');
INSERT INTO customer (source, source_key, first_seen_at, acquired_at, acquisition_channel, acquisition_campaign)
  VALUES ('s', '1', '2025-01-02', '2025-01-02', NULL, 'k1'), ('s', '2', '2025-01-03', '2025-01-03', 'search', NULL),
    ('s', '3', '2025-01-04', '2025-01-04', 'social', NULL);
INSERT INTO sale (customer_id, source, order_ref, line_no, sold_at, quantity, amount, cogs, currency)
  SELECT c.customer_id, 's', 'o' || c.customer_id, 1, timestamptz '2025-01-10' + c.customer_id * interval '1 day', 1,
    a.amount, 0, 'EUR'
  FROM customer c JOIN (VALUES ('1', 600), ('2', 50), ('3', 350)) AS a (source_key, amount) USING (source_key);
INSERT INTO cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc.support', '2025-01-31', 70, 'EUR'),
  ('ret.loyalty.coupon', '2025-01-31', 30, 'EUR');
INSERT INTO funnel_step (funnel, position, kind, name) VALUES ('f', 1, 'lead', 'Seen'), ('f', 2, 'order', 'Bought');
CALL crmcost.refresh('crm', '2025-02-01');
CREATE TEMPORARY TABLE told AS
  SELECT 'channel' AS by, channel_code AS code, revenue, customers FROM profit_by_channel_month
    WHERE month_start = '2025-01-01'
  UNION ALL SELECT scheme, tier, revenue, customers FROM profit_by_tier_month WHERE month_start = '2025-01-01'
  UNION ALL SELECT 'segment', segment, revenue, customers FROM profit_by_segment_month WHERE month_start = '2025-01-01';
SELECT results_eq($$SELECT code, revenue, customers FROM told WHERE by = 'channel' ORDER BY 1$$,
  $$VALUES ('search', 650.0000, 2::bigint), ('social', 350.0000, 1)$$,
  'before: two customers of search, one of social');
SELECT ok((SELECT count(DISTINCT code) > 1 FROM told WHERE by = 'abc') AND (SELECT count(DISTINCT code) > 1 FROM told
  WHERE by = 'segment'), 'in several tiers and segments');
CALL crmcost.close_period('crm', '2025-01-01');
SELECT is(pg_temp.differing(), NULL, 'right after a closing a full computation says the same');
PREPARE said AS
  SELECT 'channel' AS by, channel_code AS code, revenue, customers FROM profit_by_channel_month
    WHERE month_start = '2025-01-01'
  UNION ALL SELECT scheme, tier, revenue, customers FROM profit_by_tier_month WHERE month_start = '2025-01-01'
  UNION ALL SELECT 'segment', segment, revenue, customers FROM profit_by_segment_month WHERE month_start = '2025-01-01';
SELECT bag_eq('said', 'SELECT * FROM told', 'a closing moves nothing');
UPDATE campaign SET channel_code = 'social' WHERE code = 'k1';
UPDATE customer SET merged_into = (SELECT customer_id FROM customer WHERE source_key = '3') WHERE source_key = '2';
UPDATE tier SET bound = bound / 2 WHERE scheme IN ('abc', 'value', 'loyalty') AND bound > 0
  AND (scheme <> 'abc' OR rank < (SELECT max(rank) FROM tier WHERE scheme = 'abc'));
INSERT INTO sale (customer_id, source, order_ref, line_no, sold_at, quantity, amount, cogs, currency)
  SELECT customer_id, 's', 'late', 1, '2025-01-20', 1, 5000, 0, 'EUR' FROM customer WHERE source_key = '3';
UPDATE cost_category SET parent_code = 'svc.order', bucket = 'retention' WHERE code = 'svc.support';
UPDATE cost_category SET parent_code = 'acq' WHERE code = 'ret.loyalty.coupon';
DELETE FROM funnel_step WHERE position = 2;
CALL crmcost.refresh('crm', '2025-03-01');
SELECT bag_eq('said', 'SELECT * FROM told',
  'nor do another channel of a campaign, a merger, other tiers and a late sale');
SELECT results_eq($$SELECT channel_code, revenue FROM profit_by_channel$$, $$VALUES ('social', 6000.0000)$$,
  'all months of who is in a channel now are those of social');
SELECT results_eq($$SELECT channel_code, revenue FROM profit_by_channel_month WHERE month_start > '2025-01-01'$$,
  $$VALUES ('social', 5000.0000)$$, 'where the late sale counts');
SELECT results_eq($$SELECT sum(c.revenue), sum(c.profit), sum(c.customers)::bigint FROM profit_by_channel_month c
  GROUP BY month_start ORDER BY month_start$$,
  $$SELECT revenue, profit, customers FROM profit_by_month ORDER BY month_start$$,
  'the channels of a month are all of it');
SELECT is((SELECT customers FROM profit_by_month WHERE month_start = '2025-01-01'), 3::bigint,
  'three customers bought in the closed month, though two of them are one now');
SELECT results_eq($$SELECT category_code, parent_code, bucket, cost FROM cost_tree_month
  WHERE month_start = '2025-01-01' ORDER BY 1$$,
  $$VALUES ('ret', NULL, 'retention', 30.0000), ('ret.loyalty', 'ret', 'retention', 30.0000),
    ('ret.loyalty.coupon', 'ret.loyalty', 'retention', 30.0000),
           ('svc', NULL, 'service', 70.0000), ('svc.support', 'svc', 'service', 70.0000)$$,
             'the tree of its cost is that of its closing');
SELECT results_eq($$SELECT category_code, cost FROM cost_tree WHERE cost <> 0 ORDER BY 1$$,
  $$VALUES ('acq', 30.0000), ('ret.loyalty.coupon', 30.0000), ('svc', 70.0000), ('svc.order', 70.0000),
    ('svc.support', 70.0000)$$, 'and that of all months the one of now');
SELECT results_eq($$SELECT step_position, kind, entered, passed FROM channel_funnel
  WHERE month_start = '2025-01-01' AND channel_code = '(all)' ORDER BY 1$$,
  $$VALUES (1, 'lead', 3::bigint, 3::bigint), (2, 'order', 3, NULL)$$, 'so are the steps of its funnels');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
CALL crmcost.reopen_period('crm', '2025-01-01');
CALL crmcost.refresh('crm', '2025-03-01');
SELECT results_eq($$SELECT month_start, channel_code, revenue FROM profit_by_channel_month$$,
  $$VALUES (date '2025-01-01', 'social', 6000.0000)$$, 'a month that is open again is that of now');
SELECT is((SELECT count(*) FROM closed_group) + (SELECT count(*) FROM closed_category) + (SELECT count(*)
  FROM closed_funnel) + (SELECT count(*) FROM closed_touch), 0::bigint,
  'and nothing is kept of it');
ROLLBACK TO empty;

-- What is split in whole coins was split by those of then.
INSERT INTO customer (source, source_key, first_seen_at, acquired_at, acquisition_channel)
  SELECT 's', channel, '2025-01-02', '2025-01-02', channel FROM unnest('{email,search,social}'::text[]) AS channel;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency) VALUES ('acq', '2025-01-31', 100, 'EUR'),
  ('acq', '2025-02-03', 100, 'EUR');
CALL crmcost.refresh('crm', '2025-02-01');
CALL crmcost.close_period('crm', '2025-01-01');
UPDATE setting SET value = '0' WHERE key = 'money_scale';
CALL crmcost.refresh('crm', '2025-02-10');
SELECT results_eq($$SELECT channel_code, acquisition_cost FROM channel_cac
  WHERE month_start = '2025-01-01' AND customers > 0 ORDER BY 1$$,
  $$VALUES ('email', 33.3400), ('search', 33.3300), ('social', 33.3300)$$,
    'cost of no channel is shared by the channels of a closed month in its own coins');
ROLLBACK TO empty;

-- What has no rate counts once, also where all months up to the report day are closed.
INSERT INTO campaign (code, channel_code, purpose, period, name)
  VALUES ('k1', 'search', 'winback', '[2024-01-01,)', 'K1');
INSERT INTO customer (source, source_key, first_seen_at, acquired_at, acquisition_channel)
  VALUES ('s', '1', '2025-01-01', '2025-01-03', 'search');
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, channel_code, campaign_code)
  VALUES ('acq.ads.web', '2025-01-10', 100, 'XTS', 'search', 'k1'),
    ('acq.ads.web', '2025-01-10', 100, 'EUR', 'search', 'k1');
INSERT INTO sale (customer_id, source, order_ref, line_no, sold_at, quantity, amount, currency)
  SELECT customer_id, 's', c.currency, 1, '2025-01-12', 1, 50, c.currency FROM customer CROSS
    JOIN (VALUES ('EUR'), ('XTS')) AS c (currency);
CALL crmcost.refresh('crm', '2025-02-01');
CREATE VIEW pg_temp.unrated AS
  SELECT ARRAY[(SELECT unrated_entries FROM channel_cac_total WHERE channel_code = '(all)'),
    (SELECT unrated_entries FROM channel_cac_year WHERE channel_code = '(all)'),
               (SELECT unrated_entries FROM channel_cac_quarter WHERE channel_code = '(all)'),
                 (SELECT unrated_entries FROM winback_campaign),
               (SELECT rows FROM data_quality WHERE check_name = 'cost_without_rate'),
                 (SELECT rows FROM data_quality WHERE check_name = 'sale_without_rate')] AS rows;
SELECT is(rows, '{1,1,1,1,1,1}', 'a line and an entry without a rate') FROM pg_temp.unrated;
CALL crmcost.close_period('crm', '2025-01-01');
SELECT is(rows, '{1,1,1,1,1,1}', 'they count once when their month is closed') FROM pg_temp.unrated;
SELECT is(pg_temp.differing(), NULL, 'of which a full computation says the same');
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, channel_code, campaign_code)
  VALUES ('acq.ads.web', '2025-01-11', 100, 'XTS', 'search', 'k1'),
    ('acq.ads.web', '2025-01-11', 100, 'EUR', 'search', 'k1');
INSERT INTO sale (customer_id, source, order_ref, line_no, sold_at, quantity, amount, currency) SELECT customer_id,
  's', 'late', 1, '2025-01-13', 1, 50, 'XTS' FROM customer;
CALL crmcost.refresh('crm', '2025-02-01');
SELECT is(rows, '{2,2,2,2,2,2}', 'and so do what comes late, before the open month begins') FROM pg_temp.unrated;
SELECT results_eq($$SELECT acquisition_cost FROM channel_cac_quarter WHERE channel_code = '(all)'
  UNION ALL SELECT acquisition_cost FROM channel_cac_year WHERE channel_code = '(all)'
    UNION ALL SELECT acquisition_cost FROM channel_cac_total WHERE channel_code = '(all)'$$,
      $$VALUES (200.0000), (200.0000), (200.0000)$$, 'quarter and year have the late money that all months have');
SELECT is((SELECT value FROM kpi WHERE metric = 'cac'), NULL,
  'the cac of twelve months with cost that has no rate is not known');
CALL crmcost.refresh('crm', '2025-02-02');
SELECT is(rows, '{2,2,2,2,2,2}', 'nor more often once it has begun') FROM pg_temp.unrated;
INSERT INTO fx_rate (currency, valid_from, to_base) VALUES ('XTS', '2024-01-01', 2);
CALL crmcost.refresh('crm', '2025-02-02');
SELECT is(rows, '{0,0,0,0,0,0}', 'with a rate nothing is without one') FROM pg_temp.unrated;
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
ROLLBACK TO empty;

-- What became of the orders of a closed month is more or less orders in the first open one, for all who speak of
-- orders.
INSERT INTO customer (source, source_key, first_seen_at, acquired_at, acquisition_channel)
  VALUES ('s', '1', '2025-01-01', '2025-01-02', 'search'), ('s', '2', '2025-01-01', NULL, 'search');
INSERT INTO funnel_step (funnel, position, kind, name) VALUES ('f', 1, 'order', 'Bought');
PREPARE line (text, integer, timestamptz, numeric) AS
  INSERT INTO sale (customer_id, source, order_ref, line_no, sold_at, quantity, amount, cogs, currency)
    SELECT customer_id, 's', $1, $2, $3, sign($4), $4, 0, 'EUR' FROM customer WHERE source_key = CASE WHEN $1 < 'p'
      THEN '1' ELSE '2' END;
EXECUTE line ('o1', 1, '2025-01-05', 100);
EXECUTE line ('o2', 1, '2025-01-06', 60);
EXECUTE line ('o3', 1, '2025-01-07', 40);
EXECUTE line ('o3', 2, '2025-01-08', -40);
EXECUTE line ('o4', 1, '2025-01-07', 40);
EXECUTE line ('o4', 2, '2025-01-08', -40);
EXECUTE line ('p1', 1, '2025-01-07', 40);
EXECUTE line ('p1', 2, '2025-01-08', -40);
EXECUTE line ('o5', 1, '2025-02-05', 10);
EXECUTE line ('o6', 1, '2025-02-06', 10);
EXECUTE line ('o7', 1, '2025-02-07', 10);
INSERT INTO cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc.order', '2025-01-31', 30, 'EUR'),
  ('svc.order', '2025-02-28', 30, 'EUR');
INSERT INTO interaction (customer_id, occurred_at, kind, n) SELECT customer_id, '2025-02-10', 'complaint', 3
  FROM customer WHERE source_key = '1';
CALL crmcost.refresh('crm', '2025-04-01');
CALL crmcost.close_period('crm', '2025-01-01');
CREATE VIEW pg_temp.ordered AS
  SELECT (SELECT array_agg(orders ORDER BY month_start)
    FROM (SELECT month_start, sum(orders)::bigint AS orders FROM customer_profit_by_month GROUP BY month_start) m
    WHERE orders <> 0) AS placed,
         (SELECT array_agg(unit_cost ORDER BY month_start) FROM unit_cost WHERE measure = 'order') AS unit_cost,
         (SELECT value FROM kpi WHERE metric = 'complaint_rate') AS complaint_rate;
SELECT results_eq('TABLE pg_temp.ordered', $$VALUES ('{2,3}'::bigint[], '{15.0000,10.0000}'::numeric[], 0.6)$$,
  'two orders in a closed month, three in the open one; three were taken back before');
EXECUTE line ('o1', 2, '2025-02-20', -100);
EXECUTE line ('o2', 2, '2025-03-05', -60);
CALL crmcost.refresh('crm', '2025-04-01');
SELECT results_eq('TABLE pg_temp.ordered', $$VALUES ('{2,1}'::bigint[], '{15.0000,30.0000}'::numeric[], 1.0)$$,
  'those that are taken back later are less in the open month, also by a line of the month after it');
EXECUTE line ('o3', 3, '2025-01-09', 40);
EXECUTE line ('o4', 3, '2025-01-09', 40);
EXECUTE line ('p1', 3, '2025-03-09', 40);
EXECUTE line ('o8', 1, '2025-02-09', 40);
CALL crmcost.refresh('crm', '2025-04-01');
SELECT results_eq('TABLE pg_temp.ordered', $$VALUES ('{2,4,1}'::bigint[], '{15.0000,7.5000}'::numeric[], 0.428571)$$,
  'what comes to life again is an order more there, or where its new line is');
SELECT results_eq('SELECT order_ref COLLATE "default", month_start FROM customer_order WHERE is_order ORDER BY 1',
  $$VALUES ('o3', date '2025-02-01'), ('o4', '2025-02-01'), ('o5', '2025-02-01'), ('o6', '2025-02-01'),
    ('o7', '2025-02-01'), ('o8', '2025-02-01'), ('p1', '2025-03-01')$$,
  'that is the month in which the order counts');
SELECT results_eq($$SELECT month_start FROM customer_funnel JOIN customer USING (customer_id) WHERE source_key = '2'$$,
  $$VALUES (date '2025-03-01')$$,
  'and in which a funnel has who had no order before');
SELECT results_eq($$SELECT month_start FROM customer_funnel JOIN customer USING (customer_id) WHERE source_key = '1'$$,
  $$VALUES (date '2025-01-01')$$,
  'but who was in one when the month was closed, stays there, though his orders of that month are taken back');
SELECT results_eq($$SELECT month_start, entered FROM channel_funnel WHERE channel_code = '(all)' ORDER BY 1$$,
  $$VALUES (date '2025-01-01', 1::bigint), ('2025-03-01', 1)$$, 'so that nobody enters a step twice');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
CALL crmcost.close_period('crm', '2025-02-01');
SELECT is(pg_temp.differing(), NULL, 'also when the next month is closed');
EXECUTE line ('o1', 3, '2025-03-06', 60);
CALL crmcost.refresh('crm', '2025-04-01');
SELECT results_eq('TABLE pg_temp.ordered', $$VALUES ('{2,4,2}'::bigint[], '{15.0000,7.5000}'::numeric[], 0.375)$$,
  'nor does what was taken back there and comes again count in the first');
SELECT is((SELECT month_start FROM customer_order WHERE order_ref = 'o1'), '2025-03-01', 'but in the open one');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
DEALLOCATE line;
ROLLBACK TO empty;

-- who was in a funnel when the month was closed, is in it for ever, also under the number of another; his order is
-- taken back, before or after that or never
INSERT INTO funnel_step (funnel, position, kind, name) VALUES ('f', 1, 'order', 'Bought');
INSERT INTO customer (customer_id, source, source_key, first_seen_at)
  SELECT i, 's', i, '2025-01-01' FROM generate_series(1, 8) i;
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency)
  SELECT i, 'o' || i, '2025-01-05', 10, 'EUR' FROM unnest('{1,3,5,7}'::int[]) i;
CALL crmcost.refresh('crm', '2025-02-01');
CALL crmcost.close_period('crm', '2025-01-01');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency)
  SELECT i, 'p' || i, '2025-02-05', 10, 'EUR' FROM unnest('{2,4,6,8}'::int[]) i;
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, amount, currency)
  VALUES (1, 'o1', 2, '2025-02-02', -10, 'EUR');
SELECT crmcost.merge_customer('crm', 5, 6);
CALL crmcost.refresh('crm', '2025-03-01');
SELECT results_eq($$SELECT month_start, entered FROM channel_funnel WHERE channel_code = '(all)' ORDER BY 1$$,
  $$VALUES (date '2025-01-01', 4::bigint), ('2025-02-01', 3)$$, 'four bought in January, three others in February');
SELECT crmcost.merge_customer('crm', 1, 2), crmcost.merge_customer('crm', 3, 4);
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, amount, currency)
  SELECT i, 'o' || i, 2, '2025-02-03', -10, 'EUR' FROM unnest('{3,5}'::int[]) i;
CALL crmcost.refresh('crm', '2025-03-01');
SELECT results_eq($$SELECT month_start, entered FROM channel_funnel WHERE channel_code = '(all)' ORDER BY 1$$,
  $$VALUES (date '2025-01-01', 4::bigint), ('2025-02-01', 1)$$, 'three of whom were in it already');
SELECT results_eq('SELECT customer_id, month_start FROM customer_funnel ORDER BY 1',
  $$VALUES (2::bigint, date '2025-01-01'), (4, '2025-01-01'), (6, '2025-01-01'), (7, '2025-01-01'), (8, '2025-02-01')$$,
  'under the number that stays');
SELECT throws_ok($$CALL crmcost.backfill('crm', '2024-12-01', '2025-02-01')$$, '22023',
  'from_month must not be before the last closed month, 2025-01, not 2024-12', 'a closed month is not computed again');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
ROLLBACK TO empty;

-- A month that was closed and is open again is what it was before, with what had come late for an order of the month
-- before.
INSERT INTO customer (source, source_key, first_seen_at, acquired_at) VALUES ('s', '1', '2025-01-01', '2025-01-02');
INSERT INTO sale (customer_id, source, order_ref, line_no, sold_at, amount, currency) SELECT customer_id, 's', 'o1', 1,
  '2025-01-10', 100, 'EUR' FROM customer;
CALL crmcost.refresh('crm', '2025-03-01');
CALL crmcost.close_period('crm', '2025-01-01');
INSERT INTO sale (customer_id, source, order_ref, line_no, sold_at, amount, currency) SELECT customer_id, 's', 'o1', 2,
  '2025-01-12', 20, 'EUR' FROM customer;
CALL crmcost.refresh('crm', '2025-03-01');
CREATE VIEW pg_temp.bought AS SELECT month_start, active, orders, revenue FROM customer_profit_by_month;
SELECT results_eq('SELECT * FROM pg_temp.bought ORDER BY 1',
  $$VALUES (date '2025-01-01', true, 1::bigint, 100.0), ('2025-02-01', true, 0, 20.0)$$,
  'a late line of an order counts as bought in the open month');
CALL crmcost.close_period('crm', '2025-02-01');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same when that is closed');
CALL crmcost.reopen_period('crm', '2025-02-01');
CALL crmcost.refresh('crm', '2025-03-01');
SELECT results_eq('SELECT * FROM pg_temp.bought ORDER BY 1',
  $$VALUES (date '2025-01-01', true, 1::bigint, 100.0), ('2025-02-01', true, 0, 20.0)$$,
  'and again when it is open again');
SELECT results_eq('SELECT relation, month_start, placed_in FROM late_fact',
  $$VALUES ('sale', NULL::date, NULL::date)$$, 'nothing is left of the closing');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
ROLLBACK TO empty;

-- Whose order it is, who was merged more than once tells as well.
INSERT INTO customer (customer_id, source, source_key, first_seen_at, acquired_at) SELECT i, 's', 'chain ' || i,
  '2025-01-01', '2025-01-02' FROM generate_series(1, 3) i;
INSERT INTO sale (customer_id, source, order_ref, line_no, sold_at, amount, currency)
  VALUES (1, 's', 'o1', 1, '2025-01-10', 100, 'EUR');
UPDATE customer SET merged_into = customer_id + 1 WHERE customer_id < 3;
CALL crmcost.refresh('crm', '2025-03-01');
CALL crmcost.close_period('crm', '2025-01-01');
INSERT INTO sale (customer_id, source, order_ref, line_no, sold_at, amount, currency)
  VALUES (1, 's', 'o1', 2, '2025-01-12', 20, 'EUR');
CALL crmcost.refresh('crm', '2025-03-01');
CALL crmcost.close_period('crm', '2025-02-01');
SELECT results_eq('SELECT customer_id, month_start FROM customer_order', $$VALUES (3::bigint, date '2025-01-01')$$,
  'an order stays in the month in which it counted');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
ROLLBACK TO empty;

-- What became known late is known from the first open month on.
INSERT INTO customer (source, source_key, first_seen_at, acquired_at) SELECT 's', g, '2025-01-02', '2025-01-02'
  FROM generate_series(1, 4) g;
CALL crmcost.refresh('crm', '2025-02-01');
CALL crmcost.close_period('crm', '2025-01-01');
INSERT INTO customer (source, source_key, first_seen_at, acquired_at) VALUES ('s', '5', '2025-01-02', '2025-01-02');
INSERT INTO sale (customer_id, source, order_ref, line_no, sold_at, quantity, amount, currency) SELECT customer_id,
  's', 'o', 1, '2025-01-20', 1, 9, 'EUR' FROM customer WHERE source_key = '1';
UPDATE customer SET merged_into = (SELECT customer_id FROM customer WHERE source_key = '1')
  WHERE source_key IN ('2', '3');
CALL crmcost.refresh('crm', '2025-02-10');
SELECT results_eq('SELECT month_start, customers, with_purchases FROM coverage ORDER BY 1',
  $$VALUES (date '2025-01-01', 4::bigint, 0::bigint), (date '2025-02-01', 3, 1)$$,
  'coverage of a closed month is what was known; one who came late, and two merged away, count from the open one on');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
CALL crmcost.refresh('crm', '2025-03-01');
CALL crmcost.close_period('crm', '2025-02-01');
UPDATE customer SET merged_into = NULL;
CALL crmcost.refresh('crm', '2025-03-10');
SELECT results_eq('SELECT month_start, customers, with_purchases FROM coverage ORDER BY 1',
  $$VALUES (date '2025-01-01', 4::bigint, 0::bigint), (date '2025-02-01', 3, 1), (date '2025-03-01', 5, 1)$$,
  'so again in the next month');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
ROLLBACK TO empty;

-- Cases after a training stand with the months that they are of.
INSERT INTO customer (source, source_key, first_seen_at) VALUES ('s', '1', '2025-01-01');
INSERT INTO interaction (customer_id, occurred_at, resolved_at, kind, handle_seconds)
  SELECT customer_id, m + interval '3 days', m + interval '4 days', 'ticket', 600 FROM customer CROSS
    JOIN generate_series(timestamptz '2024-10-01', '2025-05-01', '1 month') m;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency) SELECT 'svc.support', m + interval '3 days',
  10 * extract(month FROM m), 'EUR' FROM generate_series(timestamp '2024-10-01', '2025-05-01', '1 month') m;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, quantity, unit)
  VALUES ('trn.course.service', '2025-01-10', 100, 'EUR', 2, 'hour');
CALL crmcost.refresh('crm', '2025-02-01');
PREPARE trained AS SELECT month_start, measure, quantity::int, cost FROM unit_cost WHERE measure LIKE 'case\_%'
  ORDER BY 1, 2;
SELECT results_eq('trained', $$VALUES (date '2025-01-01', 'case_before_training', 3, 330.0000)$$,
  'with a month of training stand the three before it');
CALL crmcost.close_period('crm', '2025-01-01');
CALL crmcost.refresh('crm', '2025-03-10');
SELECT results_eq('trained', $$VALUES (date '2025-01-01', 'case_before_training', 3, 330.0000),
  ('2025-02-01', 'case_after_training', 1, 20.0000)$$, 'one month after it stands with itself');
CALL crmcost.refresh('crm', '2025-06-01');
SELECT results_eq('trained', $$VALUES (date '2025-01-01', 'case_before_training', 3, 330.0000),
  ('2025-02-01', 'case_after_training', 1, 20.0000), ('2025-03-01', 'case_after_training', 2, 50.0000),
  ('2025-04-01', 'case_after_training', 3, 90.0000)$$, 'the three after it with the last of them');
ROLLBACK TO empty;

INSERT INTO event VALUES
('bucket', 0, $$UPDATE cost_category SET bucket = 'retention', resource = 'process'
  WHERE code IN ('svc.support', 'acq.ads.tv', 'trn')$$),
('channels', 0, $$INSERT INTO channel (code, kind, name) VALUES ('both', 'paid', 'Both') ON CONFLICT DO NOTHING;
  UPDATE channel SET parent_code = 'both', kind = 'owned' WHERE code IN ('search', 'social')$$),
('won elsewhere', 0, $$UPDATE customer SET acquisition_channel = pg_temp.pick('{search,social,email,-}'),
  acquisition_campaign = pg_temp.pick('{k1,k2,-}')$$),
('campaigns', 0, $$UPDATE campaign SET channel_code = CASE code WHEN 'k1' THEN 'social' ELSE 'email' END,
  purpose = 'retention'$$),
('tiers', 0, $$UPDATE tier SET bound = CASE WHEN basis = 'min_value' THEN bound * 3 WHEN bound < 1 THEN bound * 0.6
  ELSE bound END WHERE basis IN ('cum_share', 'min_value')$$),
('agents', 0, $$UPDATE interaction SET agent_code = pg_temp.pick('{a1,a3,-}'), attributes = attributes
  || '{"team": "t3"}' WHERE pg_temp.chance(0.5)$$),
('contacts change', 0, $$UPDATE interaction SET channel_code = pg_temp.pick('{search,social,email,-}'),
  kind = pg_temp.pick('{touch,care,ticket,complaint}'),
  product_code = pg_temp.pick('{p1,p2,-}'), reason_code = NULL WHERE pg_temp.chance(0.3)$$),
('parents', 0, $$UPDATE product SET parent_code = CASE WHEN parent_code IS NULL THEN 'g' END WHERE code <> 'g'$$),
('coin', 0, $$UPDATE setting SET value = CASE value WHEN '2' THEN '0' ELSE '2' END WHERE key = 'money_scale'$$),
('model', 0, $$UPDATE setting SET value = CASE value WHEN 'first' THEN 'last' ELSE 'first' END
  WHERE key = 'attribution_model'$$),
('limits', 0, $$UPDATE setting SET value = '1'
  WHERE key IN ('sla_first_response_hours', 'sla_resolution_hours', 'sla_open_days', 'churn_reason_days',
  'decay_half_life', 'bad_voice_days')$$),
('tree', 0, $$UPDATE cost_category SET parent_code = CASE code WHEN 'svc.support' THEN 'svc.order' WHEN 'ret.survey'
  THEN 'svc' ELSE 'ret.contact' END
  WHERE code IN ('svc.support', 'ret.survey', 'ret.care', 'ret.loyalty.coupon')$$),
('baseline', 0, $$INSERT INTO plan (scenario, kind, measure, category_code, period, amount, currency)
  VALUES ('default', 'baseline', 'cost', 'acq', '[2024-11-01,2025-05-01)', 1000, 'EUR')$$),
('settings', 0, $$UPDATE setting s SET value = v.value
  FROM (VALUES ('retention_months', '2'), ('response_window_days', '30'), ('abc_measure', 'revenue'),
    ('rfm_bins', '3'), ('service_pool_method', 'step_down'), ('sla_clock', 'business'), ('clv_model', 'none'),
      ('followup_days', '5'), ('winback_days', '9'),
    ('second_life_days', '9'), ('plan_scenario', 'other'), ('quality_months', '1'), ('trend_months', '3'),
      ('worklist_pause_days', '1')) AS v (key, value) WHERE s.key = v.key$$),
('scheme', 0, $$UPDATE setting SET value = 'loyalty' WHERE key = 'tier_weight_scheme'$$);

-- the columns that say which month a row is of
CREATE TEMPORARY TABLE month_column AS
  SELECT c.relname::text AS view, a.attname::text AS name
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
  WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind = 'v' AND a.atttypid = 'date'::regtype
    AND a.attname ~ '^(month_start|cohort_month|quarter_start|year_start)$'
        AND (c.relname, a.attname) NOT IN (('fiscal_month', 'quarter_start'), ('fiscal_month', 'year_start'),
          ('open_month', 'month_start'));

-- columns that are no figures of the month, and whole views that show facts
CREATE TEMPORARY TABLE excepted (view text, name text, because text);
INSERT INTO excepted VALUES
  ('', '^as_of$', 'the report day'),
  ('', '^(channel|campaign|product|tier|category|bucket|reason|step|survey|segment|program|measure)_name$',
    'a label: what a code is called now'),
  ('', '^tier_rank$', 'the place of a tier now'),
  ('^cost_by_month$', 'baseline', 'what somebody planned, as the plan is now'),
  ('^channel_credit$', '^is_chosen$', 'what setting attribution_model names now');
-- views that show something else than what counted in a month
CREATE TEMPORARY TABLE excepted_view (view text, because text);
INSERT INTO excepted_view VALUES
  ('sale_base', 'facts as they are booked'), ('accrued_cost', 'facts as they are booked'),
  ('channel_rule_change', 'what the rules of a scenario would make of contacts'),
  ('cohort', 'the month is that of customers, of whom it says what came of them so far'),
  ('acquisition_cohort', 'the same'), ('channel_cac_aligned', 'the same'),
  ('touch_credit', 'the month is that of touches, of which it says what they led to so far');

CREATE TEMPORARY TABLE stood (view text, said jsonb);
CREATE FUNCTION pg_temp.said(view text, from_on date, before date) RETURNS SETOF jsonb LANGUAGE plpgsql AS $$
DECLARE
  month CONSTANT text := (SELECT name FROM month_column c WHERE c.view = said.view);
BEGIN
  RETURN QUERY EXECUTE format('SELECT to_jsonb(v) - $3 FROM crm.%I v WHERE %I >= $1 AND %s < $2', view, month,
    CASE month WHEN 'quarter_start' THEN 'quarter_start + interval ''2 months''' WHEN 'year_start'
      THEN 'year_start + interval ''11 months''' ELSE month END)
    USING from_on, before, ARRAY(SELECT a.attname::text FROM pg_attribute a JOIN excepted x ON said.view ~ x.view
      AND a.attname ~ x.name
                                 WHERE a.attrelid = ('crm.' || said.view)::regclass);
END$$;
CREATE PROCEDURE pg_temp.note(from_on date, before date) LANGUAGE sql AS $$
  INSERT INTO stood SELECT c.view, s.said FROM month_column c CROSS
    JOIN LATERAL pg_temp.said(c.view, from_on, before) AS s (said)
$$;
CREATE FUNCTION pg_temp.moved(before date) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  m record;
  was text;
  says text;
BEGIN
  FOR m IN SELECT view FROM month_column EXCEPT SELECT view FROM excepted_view ORDER BY 1 LOOP
    SELECT count(*) || ' such as ' || min(d.said::text) INTO was
      FROM (SELECT s.said FROM stood s WHERE s.view = m.view EXCEPT ALL SELECT *
        FROM pg_temp.said(m.view, '-infinity', before)) d HAVING count(*) > 0;
    SELECT count(*) || ' such as ' || min(d.said::text) INTO says
      FROM (SELECT * FROM pg_temp.said(m.view, '-infinity', before) AS s (said) EXCEPT ALL SELECT s.said FROM stood s
        WHERE s.view = m.view) d HAVING count(*) > 0;
    IF num_nonnulls(was, says) > 0 THEN
      RETURN NEXT format(E'%s: was %s\n   is %s', m.view, was, says);
    END IF;
  END LOOP;
END$$;

-- what the events alone are too few for
CREATE PROCEDURE pg_temp.begin_ledger() LANGUAGE plpgsql AS $$
DECLARE e event;
BEGIN
  CALL pg_temp.begin_sequence('UTC');
  UPDATE allocation_rule SET driver = 'attributed' WHERE category_code = 'acq';
  FOR e IN SELECT * FROM event
    WHERE weight >= 3 OR name IN ('members', 'hours', 'survey', 'products', 'standard time', 'capacity', 'own driver',
    'tags', 'account')
           ORDER BY name LOOP
    EXECUTE e.statement; EXECUTE e.statement;
  END LOOP;
  INSERT INTO channel_rule (priority, source, channel_code, scenario) VALUES (1, 'g%', 'social', 'other');
  INSERT INTO interaction (customer_id, occurred_at, kind, subtype, channel_code, campaign_code, n)
    SELECT pg_temp.someone(), pg_temp.moment('2024-11-25', '2025-02-20'), kind, subtype,
      pg_temp.pick('{search,social}'), pg_temp.pick('{k1,k2,-}'), 1 + pg_temp.r(9)
    FROM (VALUES ('touch', 'impression'), ('touch', 'claim'), ('behavior', 'redeemed'),
      ('behavior', 'click')) AS k (kind, subtype) CROSS JOIN generate_series(1, 4);
  INSERT INTO interaction (customer_id, occurred_at, kind, channel_code)
    SELECT customer_id, acquired_at - g * interval '2 days', 'touch', pg_temp.pick('{search,social}')
    FROM customer CROSS JOIN generate_series(1, 3) g WHERE acquired_at IS NOT NULL AND source <> 'anon';
  INSERT INTO cost_entry (category_code, incurred_on, amount, currency, channel_code, campaign_code, quantity, unit)
    SELECT k.code, m, 100 + pg_temp.r(50), 'EUR', k.channel, k.campaign, k.quantity, k.unit
    FROM (VALUES ('acq.ads.web', 'search', 'k1', NULL, NULL), ('acq.ads.web', 'social', NULL, NULL, NULL),
      ('trn.course.service', NULL, NULL, 8, 'hour'),
                 ('ret.loyalty.coupon', NULL, 'k1', NULL, NULL), ('svc.order.delivery', NULL, NULL, NULL, NULL),
                   ('ret.contact', NULL, NULL, NULL, NULL),
                 ('svc.support', 'search', NULL, NULL, NULL), ('ret.survey', NULL, NULL, NULL, NULL)) AS k (code,
                   channel, campaign, quantity, unit)
    CROSS JOIN unnest('{2024-12-09,2025-01-14,2025-02-11}'::date[]) AS m;
  INSERT INTO allocation_rule (category_code, driver) VALUES ('ret.survey', 'equal');
  -- what is in whole coins is split into such
  IF pg_temp.chance(0.5) THEN
    UPDATE cost_entry SET amount = ceil(amount), currency = 'EUR', covers = NULL;
  END IF;
END$$;

CREATE TEMPORARY TABLE outcome (seed int, story text, found text[]);
CREATE TEMPORARY TABLE seen (view text);
CREATE PROCEDURE pg_temp.try(seed int) LANGUAGE plpgsql AS $$
DECLARE
  e event;
  story text := '';
  found text[] := '{}';
  open date := '2025-02-01';
  noted text[];
BEGIN
  -- what the exception takes back is the ledger
  BEGIN
    PERFORM setseed(seed / 1000.0);
    CALL pg_temp.begin_ledger();
    CALL crmcost.refresh('crm', '2025-02-04');
    CALL crmcost.close_period('crm', '2025-01-01');
    CALL pg_temp.note('-infinity', open);
    FOR e IN SELECT * FROM event ORDER BY random() LOOP
      EXECUTE e.statement;
      story := story || e.name || ', ';
      IF pg_temp.chance(0.1) THEN
        CALL crmcost.refresh('crm', (open + 2)::timestamptz + random() * interval '40 days');
        found := ARRAY(SELECT pg_temp.moved(open));
        EXIT WHEN found <> '{}';
      END IF;
      IF open = '2025-02-01' AND pg_temp.chance(0.05) THEN
        CALL crmcost.refresh('crm', '2025-03-03');
        CALL crmcost.close_period('crm', '2025-02-01');
        CALL pg_temp.note('2025-02-01', '2025-03-01');
        open := '2025-03-01';
        story := story || 'closing, ';
      END IF;
    END LOOP;
    IF found = '{}' THEN
      CALL crmcost.refresh('crm', '2025-04-10');
      found := ARRAY(SELECT pg_temp.moved(open));
    END IF;
    noted := ARRAY(SELECT DISTINCT view FROM stood);
    RAISE EXCEPTION 'tried' USING ERRCODE = 'P9999';
  EXCEPTION WHEN SQLSTATE 'P9999' THEN
    INSERT INTO outcome VALUES (seed, story, found);
    INSERT INTO seen SELECT unnest(noted);
  END;
END$$;
SELECT set_config('test.first', :'first', true) AS first, set_config('test.ledgers', :'ledgers', true) AS ledgers \gset
DO $$
BEGIN
  FOR n IN 0 .. current_setting('test.ledgers')::int - 1 LOOP
    CALL pg_temp.try(current_setting('test.first')::int + n);
  END LOOP;
END$$;
SELECT ok(found = '{}', format('closed months of the ledger of seed %s stand', seed))
       || CASE WHEN found <> '{}' THEN E'\n' || diag(array_to_string(found, E'\n') || E'\nafter ' || story) ELSE '' END
FROM outcome ORDER BY seed;
SELECT is_empty($$ SELECT view FROM month_column EXCEPT SELECT view FROM seen $$,
  'of every view with a month something was noted');
\ir finish.psql
