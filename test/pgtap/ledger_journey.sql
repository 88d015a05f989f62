-- Journeys: which touches led to whom, by every model, and acquisition cost that follows them to the coin (B1, B2, B6,
-- B7).
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();
CREATE FUNCTION pg_temp.balanced() RETURNS boolean LANGUAGE sql AS $$
  SELECT bool_and(month.cost = coalesce(borne.cost, 0) + month.nobody)
  FROM (SELECT month_start, sum(spend) AS cost, sum(unconverted_cost + unallocated_cost + unused_cost) AS nobody
        FROM crm.acquisition_spend GROUP BY 1) month
  LEFT JOIN (SELECT month_start, sum(acquisition_direct_cost + acquisition_allocated_cost) AS cost
    FROM crm.customer_month GROUP BY 1) borne
    USING (month_start)
$$;
CREATE FUNCTION pg_temp.differs() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM crmcost._make_work_tables('crm');
  RETURN QUERY SELECT target || ' ' || rows_differ FROM crmcost._verify('crm');
END$$;
-- pools and customers whose touches do not have what they cost
CREATE FUNCTION pg_temp.uncredited() RETURNS TABLE (customer_id bigint, month_start date, driver text, lacks numeric)
  LANGUAGE sql AS $$
  SELECT b.customer_id, b.month_start, b.driver, sum(b.cost)
  FROM (SELECT NULL::bigint AS customer_id, month_start, driver_key AS driver, sum(cost) AS cost FROM crm.cost_pool
    WHERE driver = 'attributed' AND unallocated_because IS NULL GROUP BY 2, 3
        UNION ALL SELECT NULL, month_start, driver, - sum(spend) FROM crm.touch_spend GROUP BY 2, 3
        UNION ALL SELECT customer_id, month_start, driver, sum(cost) FROM crm.cost_flow
          WHERE via = 'allocated' AND driver LIKE 'attributed%' GROUP BY 1, 2, 3
        UNION ALL SELECT customer_id, month_start, driver, - sum(spend) FROM crm.touch_spend GROUP BY 1, 2, 3) b
  GROUP BY 1, 2, 3 HAVING sum(b.cost) <> 0
$$;
INSERT INTO campaign (code, channel_code, purpose, period, name)
  VALUES ('spring', 'search', 'acquisition', '[2024-01-01,2025-01-01)', 'Spring');
INSERT INTO customer (customer_id, source, source_key, first_seen_at, acquired_at, acquisition_channel) VALUES
  (1, 's', 'tv', '2024-01-05', '2024-01-20 12:00', 'tv'),
    (2, 's', 'search', '2024-01-10', '2024-03-05 12:00', 'search'),
  (3, 's', 'lead', '2024-01-10', NULL, NULL);
INSERT INTO customer (customer_id, source, source_key, first_seen_at) VALUES (9, 'anon', 'search', '2024-01-01');
INSERT INTO interaction (interaction_id, customer_id, occurred_at, kind, channel_code, n) VALUES
  (1, 2, '2024-01-10 10:00', 'touch', 'search', 1), (2, 2, '2024-02-10 10:00', 'behavior', 'search', 1),
  (3, 3, '2024-01-11', 'touch', 'search', 1), (4, 2, '2024-03-06', 'touch', 'social', 1),
    (5, 9, '2024-01-31', 'touch', 'tv', 5000),
  (6, 2, '2024-02-11', 'care', 'phone', 1);
INSERT INTO cost_entry (cost_id, category_code, incurred_on, amount, currency, channel_code) VALUES
  (1, 'acq.ads.web', '2024-01-15', 1000, 'EUR', 'search'), (2, 'acq.ads.tv', '2024-01-15', 500, 'EUR', 'tv'),
  (3, 'acq.ads.web', '2024-02-15', 77, 'EUR', 'search'), (4, 'acq.ads.web', '2024-01-15', 60, 'EUR', 'social');
INSERT INTO allocation_rule (category_code, driver) VALUES ('acq', 'attributed');
INSERT INTO sale (customer_id, sold_at, source, order_ref, line_no, amount, cogs, currency) VALUES
  (1, '2024-01-20 12:00', 'shop', 'o1', 1, 100, 60, 'EUR'), (2, '2024-03-05 12:00', 'shop', 'o2', 1, 200, 120, 'EUR');

-- January as it looks at its end
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$SELECT channel_code, spend, allocated_cost, unconverted_cost, unallocated_cost
  FROM acquisition_spend ORDER BY 1$$,
  $$ VALUES ('search', 1000.0, 0.0, 1000.0, 0.0), ('social', 60.0, 60.0, 0.0, 0.0), ('tv', 500.0, 500.0, 0.0, 0.0) $$,
  'B2: search waits for its customers; TV without touches is of the customers it brought; social without either of all new ones');
SELECT results_eq($$SELECT customer_id::int, touches, first_touch_channel, cac FROM customer_cac$$,
  $$ VALUES (1, 0, NULL::text, 560.0) $$,
  'nothing of search is with the customer of TV');
SELECT is(pg_temp.balanced(), true, 'all acquisition cost of the month is there');

CALL crmcost.refresh('crm', '2024-04-01');
SELECT results_eq($$SELECT customer_id::int, touches, first_touch_channel, last_touch_channel, direct_cost,
  allocated_cost, cac FROM customer_cac ORDER BY 1$$,
  $$ VALUES (1, 0, NULL::text, NULL, 0.0, 560.0, 560.0), (2, 2, 'search', 'search', 0.0, 1077.0, 1077.0) $$,
  'B2: the search spend of January and February reaches the customer won in March');
SELECT results_eq($$SELECT month_start, acquisition_cost FROM customer_profit_by_month WHERE customer_id = 2
  ORDER BY 1$$,
  $$ VALUES ('2024-01-01'::date, 1000.0), ('2024-02-01', 77.0), ('2024-03-01', 0.0) $$, 'by month of spend');
SELECT is(pg_temp.balanced(), true, 'all of it, in every month');
SELECT is((SELECT sum(cac) FROM customer_cac), (SELECT sum(amount) FROM cost_entry), 'to the coin');
SELECT is((SELECT sum(total_cost) FROM customer_cost WHERE bucket = 'acquisition'),
  (SELECT sum(cac) FROM customer_cac), 'customer_cost says the same');
SELECT is((SELECT sum(acquisition_cost) FROM customer_profit), (SELECT sum(cac) FROM customer_cac),
  'and customer_profit');
SELECT results_eq($$SELECT month_start, channel_code, customers, aligned_cac FROM channel_cac_aligned ORDER BY 1$$,
  $$ VALUES ('2024-01-01'::date, 'tv', 1::bigint, 560.0), ('2024-03-01', 'search', 1, 1077.0) $$,
    'aligned with the month of acquisition');
SELECT results_eq($$SELECT interaction_id::int, touch_number::int, days_before, linear_credit, last_credit FROM journey
  WHERE customer_id = 2 AND conversion_kind = 'acquisition' ORDER BY touch_number$$,
  $$ VALUES (1, 1, 55.083333, 0.5, 0.0), (2, 2, 24.083333, 0.5, 1.0) $$,
    'B1: the journey; care is no touch, and what comes after leads to nothing');
SELECT results_eq('SELECT customer_id::int, month_start, touch_month, driver, interaction_id::int, channel_code, credit, spend FROM touch_spend ORDER BY 2',
  $$ VALUES (2, '2024-01-01'::date, '2024-01-01'::date, 'attributed of channel search', 1, 'search', 0.5, 1000.0),
    (2, '2024-02-01', '2024-02-01', 'attributed of channel search', 2, 'search', 0.5, 77.0) $$,
  'B2: each touch has the spend of its month');
SELECT results_eq($$SELECT conversion_kind, touch_number::int, interaction_id::int, linear_credit, spend
  FROM crmcost.journey('crm', 2)$$,
  $$ VALUES ('acquisition', 1, 1, 0.5, 1000.0), ('acquisition', 2, 2, 0.5, 77.0), ('order', 1, 1, 0.5, NULL),
    ('order', 2, 2, 0.5, NULL) $$, 'B1: journey() tells the way of a customer, with its credits and what it cost');
SELECT results_eq($$SELECT conversion_kind, touch_number, channel_code, first_credit, spend
  FROM crmcost.journey('crm', 1)$$, $$ VALUES ('acquisition', NULL::bigint, 'tv', 1::numeric, NULL::numeric),
  ('order', NULL, '(unknown)', 1, NULL) $$, 'B1: without touches, his own channel');
SELECT is_empty($$SELECT * FROM crmcost.journey('crm', 3)$$, 'B1: a lead has arrived nowhere');
SELECT throws_ok($$SELECT * FROM crmcost.journey('crm', 77)$$, 'P0002',
  'customer_id must be a customer of ledger "crm", not 77', 'a customer who is not there');
SELECT throws_ok($$SELECT * FROM crmcost.journey('crm', NULL)$$, 'P0002',
  'customer_id must be a customer of ledger "crm", not null', 'or nobody');
SELECT is_empty('SELECT * FROM pg_temp.uncredited()', 'the touches have all that was spent, to the last digit');
SELECT is_empty('SELECT * FROM pg_temp.differs()', 'a full refresh says the same');
SELECT is((SELECT count(*) FROM open_journey WHERE conversion_kind = 'acquisition'), 1::bigint,
  'the lead is on his way');
SELECT is((SELECT array_to_string(path, ' ') FROM open_journey WHERE entity_id = 2), 'social',
  'a customer is on the way to the next order');

-- models
SELECT results_eq($$SELECT month_start, channel_code, conversions, value, margin, cost, return_on_spend, roi
  FROM channel_credit
  WHERE conversion_kind = 'acquisition' AND model = 'linear' ORDER BY 1, 2$$,
  $$ VALUES ('2024-01-01'::date, 'search', 0::numeric, 0::numeric, 0::numeric, 1000::numeric, 0::numeric, -1::numeric),
    ('2024-01-01', 'social', 0, 0, 0, 60, 0, -1),
            ('2024-01-01', 'tv', 1, 100, 40, 500, 0.2, -0.92), ('2024-02-01', 'search', 0, 0, 0, 77, 0, -1),
              ('2024-03-01', 'search', 1, 200, 80, 0, NULL, NULL) $$,
  'a channel with spend and no credit is there, and has lost what it cost');
SELECT results_eq($$SELECT channel_code, cost, cost_per_conversion FROM channel_credit
  WHERE conversion_kind = 'acquisition' AND model = 'linear' AND month_start >= '2024-02-01' ORDER BY month_start$$,
  $$ VALUES ('search', 77::numeric, NULL::numeric), ('search', 0, 0) $$,
  'without a conversion none has a cost; one without any cost has cost nothing, as in channel_cac');
SELECT results_eq($$SELECT DISTINCT model, margin, return_on_spend, roi FROM channel_credit
  WHERE conversion_kind = 'acquisition' AND channel_code = 'social' AND model IN ('markov', 'shapley') ORDER BY 1$$,
  $$ VALUES ('markov', NULL::numeric, 0::numeric, NULL::numeric), ('shapley', NULL, 0, NULL) $$,
    'also by models that split revenue, as far as they say anything of it');
SAVEPOINT rated;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, channel_code, campaign_code)
  VALUES ('acq.ads.tv', '2024-01-16', 9, 'XTS', 'tv', 'spring');
INSERT INTO interaction (customer_id, occurred_at, kind, campaign_code, channel_code)
  VALUES (1, '2024-01-19', 'touch', 'spring', 'tv');
CALL crmcost.refresh('crm', '2024-04-01');
SELECT results_eq($$SELECT conversions, cost, cost_per_conversion, return_on_spend, roi FROM channel_credit
  WHERE conversion_kind = 'acquisition' AND channel_code = 'tv' AND model = 'linear'$$,
  $$ VALUES (1::numeric, 500::numeric, NULL::numeric, NULL::numeric, NULL::numeric) $$,
    'where cost has no rate, no figure pretends that it was nothing');
SELECT results_eq($$SELECT cost, acquisitions, cost_per_acquisition, roi FROM campaign_roi
  WHERE campaign_code = 'spring' AND is_chosen$$,
  $$ VALUES (0::numeric, 1::numeric, NULL::numeric, NULL::numeric) $$, 'nor of a campaign');
ROLLBACK TO rated;
SELECT is_empty($$SELECT conversion_kind, month_start FROM channel_credit
  GROUP BY 1, 2, model HAVING sum(conversions) NOT IN (0, 1)$$,
  'of each model all conversions');

-- January is closed while its spend waits
SAVEPOINT open_books;
CALL crmcost.refresh('crm', '2024-02-15');
CALL crmcost.close_period('crm', '2024-01-01');
CREATE TEMPORARY TABLE january AS SELECT * FROM acquisition_spend WHERE month_start = '2024-01-01';
CALL crmcost.refresh('crm', '2024-04-01');
SELECT bag_eq($$SELECT * FROM acquisition_spend WHERE month_start = '2024-01-01'$$, 'SELECT * FROM january',
  'a closed month stands');
SELECT results_eq($$SELECT month_start, spend, allocated_cost, unconverted_cost FROM acquisition_spend
  WHERE channel_code = 'search' ORDER BY 1$$,
  $$ VALUES ('2024-01-01'::date, 1000.0, 0.0, 1000.0), ('2024-02-01', 77.0, 1077.0, -1000.0) $$,
    'and the claim is in the first open one, where it adds no cost');
SELECT is((SELECT cac FROM customer_cac WHERE customer_id = 2), 1077.0, 'the customer bears it');
SELECT is(pg_temp.balanced(), true, 'every month balances');
SELECT results_eq('SELECT month_start, touch_month, driver, interaction_id::int, spend FROM touch_spend ORDER BY touch_month',
  $$ VALUES ('2024-02-01'::date, '2024-01-01'::date, 'attributed of channel search in 2024-01', 1, 1000.0),
    ('2024-02-01', '2024-02-01', 'attributed of channel search', 2, 77.0) $$,
    'the touch of January has what is claimed in February');
SELECT is_empty('SELECT * FROM pg_temp.uncredited()', 'all of it');
SELECT is_empty('SELECT * FROM pg_temp.differs()', 'a full refresh says the same');
SELECT results_eq($$SELECT customer_id::int, cost, booked_month FROM cost_flow
  WHERE month_start = '2024-02-01' AND cost_id = 1 AND via <> 'rounding' ORDER BY cost$$,
  $$ VALUES (NULL, -1000.0, '2024-01-01'::date), (2, 1000.0, '2024-01-01') $$, 'cost_flow shows the way');
SELECT is((SELECT sum(cost) FROM cost_by_month), (SELECT sum(amount) FROM cost_entry), 'no cost is counted twice');
CALL crmcost.close_period('crm', '2024-02-01');
CALL crmcost.refresh('crm', '2024-04-01');
UPDATE customer SET acquired_at = '2024-03-20' WHERE customer_id = 3;
CALL crmcost.refresh('crm', '2024-04-01');
SELECT is((SELECT cac FROM customer_cac WHERE customer_id = 3), 0.0,
  'what was claimed in a closed month is claimed once');
SELECT is((SELECT cac FROM customer_cac WHERE customer_id = 2), 1077.0, 'and stays with who claimed it');
SELECT is(pg_temp.balanced(), true, 'every month balances again');
SELECT is_empty('SELECT * FROM pg_temp.uncredited()', 'and the touches have what the closed months gave them');
SAVEPOINT two_closed;
DELETE FROM interaction WHERE interaction_id = 1;
CALL crmcost.refresh('crm', '2024-04-01');
SELECT results_eq('SELECT interaction_id::int, spend FROM touch_spend ORDER BY touch_month',
  'VALUES (1, 1000.0), (2, 77.0)', 'a touch that is no more keeps its spend in the closed month');
SELECT is_empty('SELECT * FROM pg_temp.uncredited()', 'which nobody loses');
ROLLBACK TO two_closed;
SELECT is_empty('SELECT * FROM pg_temp.differs()', 'and a full refresh says the same');
ROLLBACK TO open_books;

-- the lead is won by the same month's touches: half each; the setting decides by which model
UPDATE customer SET acquired_at = '2024-03-20' WHERE customer_id = 3;
CALL crmcost.refresh('crm', '2024-04-01');
SELECT results_eq($$SELECT customer_id::int, cac FROM customer_cac ORDER BY 1$$,
  $$ VALUES (1, 560.0), (2, 410.33), (3, 666.67) $$,
  'January by credits 0.5 and 1: 333.33 and 666.67');
SELECT results_eq('SELECT customer_id::int, interaction_id::int, spend FROM touch_spend ORDER BY 2',
  'VALUES (2, 1, 333.3333), (2, 2, 77.0), (3, 3, 666.6667)', 'and so by touch, before coins');
SELECT is_empty('SELECT * FROM pg_temp.uncredited()', 'to the last digit');
UPDATE setting SET value = 'first' WHERE key = 'attribution_model';
CALL crmcost.refresh('crm', '2024-04-01');
SELECT results_eq($$SELECT customer_id::int, cac FROM customer_cac ORDER BY 1$$,
  $$ VALUES (1, 560.0), (2, 500.0), (3, 500.0) $$,
  'by first touch the two share January; February led to nobody');
SELECT is((SELECT sum(unconverted_cost) FROM acquisition_spend), 77.0, 'which is said');
UPDATE setting SET value = '30' WHERE key = 'touch_window_days';
CALL crmcost.refresh('crm', '2024-04-01');
SELECT is((SELECT sum(cac) FROM customer_cac WHERE customer_id = 2), 77.0, 'touches before the window lead to nothing');
SELECT is_empty('SELECT * FROM pg_temp.differs()', 'a full refresh says the same');
DELETE FROM interaction WHERE interaction_id = 2;
CALL crmcost.refresh('crm', '2024-04-01');
SELECT is((SELECT driver_key FROM cost_pool WHERE month_start = '2024-02-01'), 'new_customers',
  'without the touch February has nobody to follow');
SELECT is_empty('SELECT * FROM pg_temp.differs()', 'and a full refresh says so');
ROLLBACK TO open_books;

-- B6: four touches, 21, 7, 1 and 0 days before
INSERT INTO customer (customer_id, source, source_key, first_seen_at, acquired_at)
  VALUES (4, 's', 'four', '2024-05-01', '2024-05-30 12:00');
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code) VALUES
  (4, '2024-05-09 12:00', 'touch', 'search'), (4, '2024-05-23 12:00', 'touch', 'social'),
    (4, '2024-05-29 12:00', 'sales', 'direct'), (4, '2024-05-30 12:00', 'referral', NULL);
CALL crmcost.refresh('crm', '2024-06-01');
SELECT results_eq($$SELECT channel_code, first_credit, last_credit, last_non_direct_credit, linear_credit,
  position_credit, round(time_decay_credit, 4)
  FROM journey WHERE customer_id = 4 ORDER BY touch_number$$,
  $$ VALUES ('search', 1.0, 0.0, 0.0, 0.25, 0.4, 0.0494), ('social', 0.0, 0.0, 0.0, 0.25, 0.1, 0.1976),
    ('direct', 0.0, 0.0, 0.0, 0.25, 0.1, 0.3579),
            ('(unknown)', 0.0, 1.0, 1.0, 0.25, 0.4, 0.3951) $$,
              'B6: linear, position and decay, a touch without channel among them');
SELECT results_eq($$SELECT sum(time_decay_credit), sum(linear_credit), sum(position_credit) FROM touch_credit
  WHERE customer_id = 4$$, $$ VALUES (1.0, 1.0, 1.0) $$, 'credits sum to 1');

-- B7: cost 1000, three won at 500: ROI +50 %, not the -50 % of a cost that is joined to each order
INSERT INTO customer (customer_id, source, source_key, first_seen_at, acquired_at, acquisition_campaign)
  SELECT 10 + i, 's', 'b7 ' || i, '2024-06-01', '2024-06-10', 'spring' FROM generate_series(1, 3) i;
INSERT INTO sale (customer_id, sold_at, source, order_ref, line_no, amount, currency, campaign_code)
  SELECT 10 + i, '2024-06-10', 'shop', 'b7 ' || i, 1, 500, 'EUR', 'spring' FROM generate_series(1, 3) i;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, campaign_code)
  VALUES ('acq.ads.web', '2024-06-01', 400, 'EUR', 'spring'), ('acq.ads.web', '2024-06-02', 600, 'EUR', 'spring');
INSERT INTO plan (scenario, kind, measure, campaign_code, period, amount, currency) VALUES
  ('default', 'budget', 'cost', 'spring', '[2024-06-01,2024-07-01)', 800, 'EUR'),
    ('default', 'forecast', 'revenue', 'spring', '[2024-06-01,2024-07-01)', 1600, 'EUR');
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq($$SELECT cost, acquisitions, orders, revenue, margin, roi, cost_per_acquisition, expected_roi,
  roi_delta FROM campaign_roi WHERE campaign_code = 'spring' AND is_chosen$$,
  $$ VALUES (1000.0, 3::numeric, 3::numeric, 1500::numeric, 1500::numeric, 0.5, 333.3333, 1.0, -0.5) $$,
    'B7: 1,000 wins three customers of 500: +50 %, not the -50 % of a cost joined to each order');
SELECT is((SELECT count(*) FROM campaign_roi), 6::bigint, 'one row a model');
SELECT is((SELECT incremental_revenue FROM campaign_roi WHERE is_chosen), NULL,
  'no control group, nothing incremental');
INSERT INTO campaign_member (campaign_code, customer_id, role, assigned_at) VALUES
  ('spring', 11, 'target', '2024-06-02'), ('spring', 12, 'target', '2024-06-02'),
    ('spring', 13, 'control', '2024-06-02'), ('spring', 3, 'control', '2024-06-02');
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq($$SELECT incremental_buyers, incremental_revenue, revenue FROM campaign_roi WHERE is_chosen$$,
  $$ VALUES (1.0, 500.0, 1500::numeric) $$,
  'attributed 1500 beside incremental 500: of two targeted two bought, of two held out one');
SELECT results_eq($$SELECT customer_id::int, cac FROM customer_cac WHERE customer_id > 10 ORDER BY 1$$,
  $$ VALUES (11, 333.34), (12, 333.33), (13, 333.33) $$,
  'a campaign without touches is of those whose channel is its own');

-- a channel that changes, and nothing else
UPDATE customer SET acquisition_channel = 'social' WHERE customer_id = 1;
CALL crmcost.refresh('crm', '2024-07-01');
SELECT is((SELECT string_agg(driver_key, ', ' ORDER BY driver_key) FROM cost_pool WHERE month_start = '2024-01-01'),
  'attributed of channel search, new_customers, new_customers of channel social',
    'spend follows the channel of the customers as it is now');
SELECT is_empty('SELECT * FROM pg_temp.differs()', 'and a full refresh says the same');

-- spend of a month in which nobody was touched or won
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, channel_code)
  VALUES ('acq.ads.web', '2024-04-15', 30, 'EUR', 'search');
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq($$SELECT driver, unallocated_cost, unallocated_because FROM cost_pool
  WHERE month_start = '2024-04-01'$$,
  $$ VALUES ('new_customers', 30.0, 'no driver in the month') $$,
    'spend without customers is with nobody, and waits for none');
SELECT is(pg_temp.balanced(), true, 'and is not lost');

-- months before the news stay as they are; but the value of an acquisition is the first order, whenever that was, and
-- who was
-- never acquired is under way since the first touch
INSERT INTO customer (customer_id, source, source_key, first_seen_at, acquired_at) VALUES
  (21, 's', 'early', '2024-01-02', '2024-01-03 12:00'), (22, 's', 'buyer', '2024-01-02', NULL);
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code) VALUES
  (21, '2024-01-02 10:00', 'touch', 'social'), (22, '2024-01-04 10:00', 'touch', 'social');
CALL crmcost.refresh('crm', '2024-07-01');
INSERT INTO sale (customer_id, sold_at, source, order_ref, line_no, amount, cogs, currency) VALUES
  (21, '2024-05-05 12:00', 'shop', 'o21', 1, 70, 20, 'EUR'), (22, '2024-06-05 12:00', 'shop', 'o22', 1, 50, 10, 'EUR');
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq($$SELECT value, margin, touches FROM conversion
  WHERE customer_id = 21 AND conversion_kind = 'acquisition'$$,
  $$ VALUES (70.0, 50.0, 1) $$, 'an acquisition of January has the value of the first order, in May');
SELECT is((SELECT string_agg(conversion_kind || ' ' || path::text, ', ' ORDER BY conversion_kind) FROM open_journey
  WHERE entity_id = 22),
  'acquisition {social}', 'an order of June ends no journey to an acquisition that began in January');
SELECT is_empty('SELECT * FROM pg_temp.differs()', 'a full refresh says the same');
DELETE FROM sale WHERE customer_id = 21;
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code)
  VALUES (22, '2024-06-06 10:00', 'touch', 'search');
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq($$SELECT value, margin, touches FROM conversion WHERE customer_id = 21$$,
  $$ VALUES (0.0, 0.0, 1) $$, 'without it none');
SELECT is((SELECT string_agg(conversion_kind || ' ' || path::text, ', ' ORDER BY conversion_kind) FROM open_journey
  WHERE entity_id = 22),
  'acquisition {search}, order {search}', 'a touch after the window begins another');
SELECT is_empty('SELECT * FROM pg_temp.differs()', 'and a full refresh says the same');

-- an account converts as one
UPDATE setting SET value = 'account' WHERE key = 'converting_entity';
UPDATE customer SET account_id = 3 WHERE customer_id = 2;
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq($$SELECT customer_id::int, touched_customer_id::int, linear_credit FROM journey
  WHERE customer_id IN (2, 3) AND conversion_kind = 'acquisition' ORDER BY touch_number$$,
  $$ VALUES (2, 2, 0.33333334), (2, 3, 0.33333333), (2, 2, 0.33333333) $$, 'the touch of the colleague has its part');
SELECT is_empty('SELECT * FROM pg_temp.differs()', 'a full refresh says the same');
UPDATE customer SET account_id = NULL WHERE customer_id = 2;
CALL crmcost.refresh('crm', '2024-07-01');
SELECT is((SELECT touches FROM customer_cac WHERE customer_id = 2), 2, 'who leaves the account is alone again');
SELECT is_empty('SELECT * FROM pg_temp.differs()', 'and a full refresh says the same');

-- of who was never won the store has his touches alone: they tell which account he left, and which number he had
INSERT INTO customer (customer_id, source, source_key, first_seen_at) VALUES
  (41, 's', 'account', '2024-02-01'), (42, 's', 'mover', '2024-02-01'), (43, 's', 'stayer', '2024-02-01'),
    (44, 's', 'other account', '2024-02-01');
UPDATE customer SET account_id = 41 WHERE customer_id = 43;
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code) VALUES
  (42, '2024-05-01 10:00', 'touch', 'tv'), (43, '2024-05-02 10:00', 'touch', 'email'),
    (42, '2024-05-03 10:00', 'touch', 'social');
CALL crmcost.refresh('crm', '2024-07-01');
PREPARE ways AS SELECT entity_id::int, path::text COLLATE "default" FROM open_journey
  WHERE entity_id IN (41, 42, 43, 44) AND conversion_kind = 'acquisition' ORDER BY 1;
SELECT results_eq('EXECUTE ways', $$ VALUES (41, '{email}'), (42, '{tv,social}') $$,
  'leads of an account and without one');
UPDATE customer SET account_id = 41 WHERE customer_id = 42;
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq('EXECUTE ways', $$ VALUES (41, '{tv,email,social}') $$,
  'a lead who joins an account has no way of his own');
SELECT is_empty('SELECT * FROM pg_temp.differs()', 'a full refresh says the same');
UPDATE customer SET account_id = 44 WHERE customer_id = 42;
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq('EXECUTE ways', $$ VALUES (41, '{email}'), (44, '{tv,social}') $$,
  'and takes his touches with him to another');
SELECT is_empty('SELECT * FROM pg_temp.differs()', 'and a full refresh says the same');

-- who was merged away is no member of his account: what he did is another's, and is there once
INSERT INTO customer (customer_id, source, source_key, first_seen_at, account_id) VALUES
  (45, 's', 'double', '2024-02-01', 41), (46, 's', 'stays', '2024-02-01', NULL);
INSERT INTO sale (customer_id, source, order_ref, line_no, sold_at, product_code, quantity, amount, currency)
  VALUES (45, 'shop', 'double', 1, '2024-05-01 12:00', 'D', 3, 90, 'EUR');
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code, handle_seconds)
  VALUES (45, '2024-05-04 10:00', 'touch', 'radio', 60);
SELECT crmcost.merge_customer('crm', 45, 46);
CALL crmcost.refresh('crm', '2024-07-01');
PREPARE once AS SELECT lines, quantity, (SELECT sum(interactions) FROM contact_month WHERE channel_code = 'radio')
  FROM (SELECT sum(sale_lines) AS lines, sum(quantity) AS quantity FROM sale_month WHERE product_code = 'D') d;
SELECT results_eq('EXECUTE once', $$ VALUES (1::numeric, 3::numeric, 1::numeric) $$, 'one line, one contact');
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code) VALUES (43, '2024-05-05 10:00', 'touch', 'email');
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq('EXECUTE once', $$ VALUES (1::numeric, 3::numeric, 1::numeric) $$,
  'nor more when there is news of his account');
DEALLOCATE once;
SELECT is_empty('SELECT * FROM pg_temp.differs()', 'a full refresh says so, too');
-- an account that was merged away is the one that stays
SELECT crmcost.merge_customer('crm', 41, 44);
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq('EXECUTE ways', $$ VALUES (44, '{tv,email,social,email}') $$,
  'the members of an account that turns out to be another one are of that');
SELECT is_empty('SELECT * FROM pg_temp.differs()', 'and so by a full refresh');
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code) VALUES (44, '2024-05-06 10:00', 'touch', 'seo');
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq('EXECUTE ways', $$ VALUES (44, '{tv,email,social,email,seo}') $$, 'what that does is news to them');
SELECT is_empty('SELECT * FROM pg_temp.differs()', 'and so by a full refresh then');
SELECT crmcost.unmerge_customer('crm', 41);
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq('EXECUTE ways', $$ VALUES (41, '{email,email}'), (44, '{tv,social,seo}') $$, 'a merger is taken back');
SELECT is_empty('SELECT * FROM pg_temp.differs()', 'which a full refresh says');
DEALLOCATE ways;

-- days of a window have 24 hours, whatever clocks do in the session that refreshes: 90 days before 30 May are 1 March,
-- 00:00
UPDATE setting SET value = 'customer' WHERE key = 'converting_entity';
INSERT INTO customer (customer_id, source, source_key, first_seen_at, acquired_at)
  VALUES (31, 's', 'clock', '2024-02-01', '2024-05-30 00:00Z');
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code) VALUES (31, '2024-02-29 23:30Z', 'touch', 'tv'),
  (31, '2024-03-01 00:30Z', 'touch', 'search');
SET LOCAL timezone = 'Europe/Berlin';
CALL crmcost.refresh('crm', '2024-07-01 00:00Z');
SELECT is((SELECT path::text FROM conversion WHERE customer_id = 31), '{search}', 'in a session of Berlin');
SELECT results_eq($$SELECT customer_id::int, touches FROM customer_cac WHERE customer_id = 31$$, $$ VALUES (31, 1) $$,
  'and of its cost');
SET LOCAL timezone = 'UTC';
SELECT is_empty('SELECT * FROM pg_temp.differs()', 'a full computation in a session of UTC says the same');

-- bad input
SELECT throws_ok($$UPDATE setting SET value = 'household' WHERE key = 'converting_entity'$$, '23514', NULL,
  'an unknown converting entity');
SELECT throws_ok($$UPDATE setting SET value = '0' WHERE key = 'touch_window_days'$$, '23514', NULL, 'no window');
SELECT throws_ok($$UPDATE setting SET value = 'best' WHERE key = 'attribution_model'$$, '23514', NULL,
  'an unknown model');
\ir finish.psql
