-- After news touches are read from before the news on, as far back as anything can depend on them; of older ones the
-- sums alone.  What a refresh says is what a full one does.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();
CREATE FUNCTION pg_temp.differs() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM crmcost._make_work_tables('crm');
  RETURN QUERY SELECT target || ' ' || rows_differ FROM crmcost._verify('crm');
END$$;
UPDATE setting SET value = '30' WHERE key = 'touch_window_days';
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at)
  SELECT i, 'c' || i, '2024-01-01', CASE WHEN i <> 5 THEN timestamptz '2024-01-05' END FROM generate_series(1, 7) i;
INSERT INTO customer (customer_id, source, source_key, first_seen_at) VALUES (9, 'anon', 'search', '2024-01-01');
INSERT INTO sale (customer_id, source, order_ref, sold_at, amount, currency) VALUES
  (1, 's', 'a', '2024-01-05', 10, 'EUR'), (2, 's', 'b', '2024-01-06', 20, 'EUR'),
  (2, 's', 'c', '2024-05-10', 30, 'EUR'), (3, 's', 'd', '2024-01-07', 40, 'EUR'),
  (4, 's', 'e', '2024-01-08', 50, 'EUR'), (4, 's', 'f', '2024-02-25', 60, 'EUR');
-- each a touch a month: of no agent but in March, by a machine in April, a need of customer 6 in February
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code, n, handle_seconds, agent_code, automated,
  attributes)
  SELECT c, make_timestamptz(2024, m, 20, 0, 0, 0), 'touch', 'search', c + m, 10 * m,
    CASE WHEN m = 3 THEN 'anna' END, m = 4, CASE WHEN m = 2 AND c = 6 THEN '{"needs": "sleep"}' ELSE '{}' END::jsonb
  FROM generate_series(1, 9) c, generate_series(1, 5) m WHERE c NOT IN (7, 8);
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code) VALUES (1, '2024-01-15', 'care', 'phone');
INSERT INTO allocation_rule (category_code, driver, channel_code) VALUES ('svc', 'interactions', 'search');
INSERT INTO cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc', '2024-02-10', 45, 'EUR');
CALL crmcost.refresh('crm', '2024-06-01');

-- a touch of June, in the middle of what else is new: a cost and a contact of February, and an order that goes
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code)
  SELECT c, '2024-06-10', 'touch', 'email' FROM generate_series(1, 9) c WHERE c NOT IN (4, 7, 8);
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code) VALUES (7, '2024-02-11', 'touch', 'search');
INSERT INTO cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc', '2024-02-12', 1, 'EUR');
SAVEPOINT news;
SELECT crmcost._make_work_tables('crm');
SELECT crmcost._compute('crm', '2024-06-15', false);
SELECT results_eq($$SELECT customer_id::int, count(*)::int FROM pg_temp.refresh_contact
    WHERE month_start <> '2024-02-01' GROUP BY 1 ORDER BY 1$$,
  'VALUES (1, 3), (2, 2), (3, 2), (5, 5), (6, 5), (9, 2)',
  'touches of May on and all other contacts; all of a lead, and of who said what he needs');
SELECT results_eq($$SELECT customer_id::int, sum(n)::int FROM pg_temp.refresh_contact
    WHERE month_start = '2024-02-01' GROUP BY 1 ORDER BY 1$$,
  'VALUES (1, 3), (2, 4), (3, 5), (4, 6), (5, 7), (6, 8), (7, 1), (9, 11)',
  'February is there of all, each contact once');
ROLLBACK TO news;

CALL crmcost.refresh('crm', '2024-06-15');
SELECT is_empty('SELECT pg_temp.differs()', 'a full refresh says the same');
SELECT results_eq($$SELECT agent_code, interactions, automated, handle_seconds FROM customer_agent
    WHERE customer_id = 1 ORDER BY 1$$,
  $$VALUES ('(unknown)' COLLATE "C", 1::bigint, 0::bigint, 120::bigint), ('anna', 4, 0, 30)$$,
  'touches that were not read are counted: those of anna; of the others, which name no agent, the working time');
SELECT is((SELECT concat_ws(' ', interactions, handle_seconds, last_contact_at::date, last_contact_channel)
    FROM customer_value WHERE customer_id = 1), '22 150 2024-06-10 email', 'and so in all, with the last one');
SELECT results_eq($$SELECT mentions, last_mentioned_on FROM need_tag WHERE customer_id = 6 AND need = 'sleep'$$,
  $$VALUES (8::bigint, date '2024-02-20')$$, 'a need counts however old it is');
SELECT results_eq($$SELECT touches FROM lead_feature WHERE customer_id = 1$$, 'VALUES (0::bigint)',
  'no touch in the first 14 days');

-- the last order goes: what is open began after the one before
DELETE FROM sale WHERE order_ref = 'c';
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code) VALUES (2, '2024-06-11', 'touch', 'social');
CALL crmcost.refresh('crm', '2024-06-16');
SELECT is_empty('SELECT pg_temp.differs()', 'without the order of May a full refresh says the same');
SELECT is((SELECT path::text FROM open_journey WHERE entity_id = 2 AND conversion_kind = 'order'),
  '{search,email,social}', 'its touch of May is one of the 30 days before the last');

-- the last touch goes, and what led to the one before is 30 days from it
DELETE FROM interaction WHERE customer_id = 3 AND occurred_at >= '2024-04-01';
CALL crmcost.refresh('crm', '2024-06-17');
SELECT is_empty('SELECT pg_temp.differs()', 'without the last touches a full refresh says the same');
SELECT is((SELECT concat_ws(' ', last_touched_at::date, path) FROM open_journey
    WHERE entity_id = 3 AND conversion_kind = 'order'), '2024-03-20 {search,search}', 'it is that of March');
SELECT is((SELECT last_contact_at FROM customer_value WHERE customer_id = 3), '2024-03-20', 'as in his value');

-- what corrects an order of February is news of February
INSERT INTO sale (customer_id, source, order_ref, line_no, sold_at, amount, currency)
  VALUES (4, 's', 'f', 2, '2024-06-12', -5, 'EUR');
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code) VALUES (4, '2024-06-12', 'touch', 'email');
CALL crmcost.refresh('crm', '2024-06-17');
SELECT is_empty('SELECT pg_temp.differs()', 'with a corrected order a full refresh says the same');
SELECT is((SELECT concat_ws(' ', value::int, path::text) FROM conversion WHERE order_ref = 'f'), '55 {search}',
  'its touch of February leads to what is left of it');

-- the first order is another; who was merged; an acquisition that is earlier than all touches
UPDATE sale SET sold_at = '2024-06-12' WHERE order_ref = 'd';
UPDATE customer SET merged_into = 1 WHERE customer_id = 6;
UPDATE customer SET acquired_at = '2024-03-01' WHERE customer_id = 5;
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code)
  SELECT c, '2024-06-14', 'touch', 'email' FROM generate_series(1, 6) c;
CALL crmcost.refresh('crm', '2024-06-18');
SELECT is_empty('SELECT pg_temp.differs()',
  'with another first order, a merger and an acquisition a full refresh says the same');

-- what comes late for a closed month counts in the open one
DO $$BEGIN
  FOR m IN 1 .. 5 LOOP
    CALL crmcost.close_period('crm', make_date(2024, m, 1));
  END LOOP;
END$$;
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code, n) VALUES
  (2, '2024-02-03', 'touch', 'search', 100), (2, '2024-06-15', 'touch', 'email', 1),
  (6, '2024-06-15', 'touch', 'email', 1);
CALL crmcost.refresh('crm', '2024-06-19');
SELECT is_empty('SELECT pg_temp.differs()',
  'with a late touch, and one of who was merged, a full refresh says the same');
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code) VALUES (2, '2024-06-16', 'touch', 'email');
CALL crmcost.refresh('crm', '2024-06-20');
SELECT is_empty('SELECT pg_temp.differs()', 'and with the next news, too');
SELECT is((SELECT interactions FROM customer_month WHERE customer_id = 2 AND month_start = '2024-06-01'), 105::bigint,
  'it counts in June, with the 5 of that month');

INSERT INTO sale (customer_id, source, order_ref, sold_at, amount, currency)
  VALUES (2, 's', 'h', '2024-06-17', 70, 'EUR');
CALL crmcost.refresh('crm', '2024-07-01');
INSERT INTO sale (customer_id, source, order_ref, line_no, sold_at, amount, currency)
  VALUES (2, 's', 'h', 2, '2024-07-03', -7, 'EUR');
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code) VALUES (2, '2024-07-04', 'touch', 'email');
CALL crmcost.refresh('crm', '2024-07-05');
SELECT is_empty('SELECT pg_temp.differs()', 'and when June is news by what corrects its order, and by nothing else');

-- back to where the touches of June were not there
CALL crmcost.refresh('crm', '2024-06-05');
SELECT is_empty('SELECT pg_temp.differs()', 'as of an earlier day a full refresh says the same');

-- a funnel counts all touches
INSERT INTO funnel_step (funnel, position, kind, name) VALUES ('f', 1, 'touch', 'Touched');
CALL crmcost.refresh('crm', '2024-06-20');
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code) VALUES (3, '2024-06-19', 'touch', 'email');
CALL crmcost.refresh('crm', '2024-06-21');
SELECT is_empty('SELECT pg_temp.differs()', 'with a funnel of touches a full refresh says the same');

SELECT * FROM finish();
ROLLBACK;
