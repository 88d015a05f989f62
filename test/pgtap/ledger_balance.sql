-- What customers cost to win against what they are worth: acquisition_balance.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();
-- n customers of a channel, won and buying on a day
CREATE FUNCTION pg_temp.win(n int, channel text, day date, amount numeric, cogs numeric) RETURNS void LANGUAGE sql AS $$
  WITH won AS (
    INSERT INTO crm.customer (source, source_key, first_seen_at, acquired_at, acquisition_channel)
    SELECT channel, day || ' ' || i, day, day, channel FROM generate_series(1, n) i RETURNING customer_id)
  INSERT INTO crm.sale (customer_id, order_ref, sold_at, amount, cogs, currency)
  SELECT customer_id, 'first ' || customer_id, day, amount, cogs, 'EUR' FROM won$$;
CREATE FUNCTION pg_temp.month(n int) RETURNS date LANGUAGE sql
  AS $$SELECT ('2023-01-01'::date + n * interval '1 month')::date$$;
SAVEPOINT fresh;

-- everybody buys once, for a margin of 10, while the base grows by 15 % a month
SELECT pg_temp.win(round(10 * 1.15 ^ m)::int, 'web', pg_temp.month(m) + 9, 30, 20) FROM generate_series(0, 17) m;
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq('SELECT channel_code, customers::int, contribution, round(ltv / 10, 1) FROM acquisition_balance ORDER BY 1',
  $$ SELECT c, (SELECT count(*)::int FROM customer), 10.0, 1.0 FROM unnest('{(all),web}'::text[]) c $$,
    'a growing shop of one-time buyers: 10 a customer');
SELECT ok(abs(ltv - 10) <= 0.2, 'within 2 %: ' || ltv) FROM acquisition_balance;
CREATE TEMPORARY TABLE once AS SELECT * FROM acquisition_balance;
ROLLBACK TO fresh;
SELECT pg_temp.win(round(10 * 1.15 ^ m)::int, 'web', pg_temp.month(m) + 9, 30, 20) FROM generate_series(0, 17) m;
DO $$BEGIN FOR m IN 1 .. 6 LOOP CALL crmcost.refresh('crm', pg_temp.month(3 * m)); END LOOP; END$$;
SELECT ok(abs(ltv - 10) <= 0.2, 'whatever the number of refreshes: ' || ltv) FROM acquisition_balance;
ROLLBACK TO fresh;
-- two years and more, so that a retention can be observed: nobody stays
SELECT pg_temp.win(round(4 * 1.15 ^ m)::int, 'web', pg_temp.month(m) + 9, 30, 20) FROM generate_series(0, 26) m;
CALL crmcost.refresh('crm', '2025-04-01');
SELECT is((SELECT retention_rate FROM clv_model WHERE model = 'closed_form'), 0.0, 'over two years nobody comes back');
SELECT ok(abs(ltv - 10) <= 0.2, 'so that 10 it is again: ' || ltv) FROM acquisition_balance;
ROLLBACK TO fresh;

-- who was a customer long before he counted as acquired: of the last twelve months 250 of 400 are left, whatever an
-- older month cost
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at, acquisition_channel)
  VALUES (1, 'old', '2022-01-01', '2023-06-15', 'web');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, cogs, currency) SELECT 1, d, d::timestamptz, 300, 100, 'EUR'
  FROM unnest('{2022-03-10,2022-12-31,2023-01-01,2023-12-31}'::text[]) d;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id) VALUES
  ('svc', '2022-03-11', 5000, 'EUR', 1), ('svc', '2022-12-31', 7, 'EUR', 1), ('svc', '2023-01-01', 50, 'EUR', 1),
  ('ret', '2023-12-31', 100, 'EUR', 1), ('acq.ads.web', '2023-05-01', 33, 'EUR', 1);
UPDATE setting SET value = CASE key WHEN 'clv_model' THEN 'none' ELSE '0.5' END
  WHERE key IN ('clv_model', 'clv_retention');
CALL crmcost.refresh('crm', '2024-01-01');
SELECT results_eq($$ SELECT b.contribution, b.expected_contribution FROM acquisition_balance b
  WHERE b.channel_code = 'web' $$,
  'SELECT 4 * 200.0 - 5157, round(potential * 250 / 400, 4) FROM customer_clv',
  'still expected is by the contribution of the last twelve months alone');
SELECT ok(potential > 0, 'of which there is some') FROM customer_clv;
ROLLBACK TO fresh;

-- a margin of 25 and service for 40 a month, over twelve months
SELECT pg_temp.win(5, 'web', '2023-01-10', 75, 50);
INSERT INTO sale (customer_id, order_ref, sold_at, amount, cogs, currency)
SELECT customer_id, 'month ' || m || ' ' || customer_id, pg_temp.month(m) + 9, 75, 50, 'EUR'
  FROM customer, generate_series(1, 11) m;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id)
SELECT 'svc.support', pg_temp.month(m) + 14, 40, 'EUR', customer_id FROM customer, generate_series(0, 11) m;
CALL crmcost.refresh('crm', '2024-01-01');
SELECT results_eq('SELECT channel_code, cac, contribution, expected_contribution, ltv, loses_money FROM acquisition_balance ORDER BY 1',
  $$ VALUES ('(all)', 0.0, -180.0, 0.0, -180.0, true), ('web', 0.0, -180.0, 0.0, -180.0, true) $$,
  'who costs 40 and brings 25 a month loses money, and is not expected to do better');
ROLLBACK TO fresh;

-- payback: 30 to win, 20 of the margin of 24 a month left after service
SELECT pg_temp.win(2, 'web', pg_temp.month(m) + 9, 24, 0) FROM generate_series(0, 2) m;
SELECT pg_temp.win(1, 'tv', '2023-03-10', 24, 0);
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency)
SELECT customer_id, 'month ' || m || ' ' || customer_id, pg_temp.month(m) + 9, 24, 'EUR'
FROM customer, generate_series(1, 5) m WHERE pg_temp.month(m) > acquired_at;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id)
SELECT 'svc.support', pg_temp.month(m) + 14, 4, 'EUR', customer_id FROM customer, generate_series(0, 5) m
  WHERE pg_temp.month(m + 1) > acquired_at;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, channel_code)
VALUES ('acq.ads.web', '2023-01-05', 180, 'EUR', 'web'), ('acq.ads.tv', '2023-03-05', 500, 'EUR', 'tv');
CALL crmcost.refresh('crm', '2023-06-15');
SELECT results_eq('SELECT channel_code, customers::int, acquisition_cost, cac, payback_months, loses_money FROM acquisition_balance ORDER BY 1',
  $$ VALUES
  ('(all)', 7, 680.0, 97.1429, 4, false), ('tv', 1, 500.0, 500.0, NULL, true), ('web', 6, 180.0, 30.0, 1, false) $$,
  'after the month of the acquisition 20, after the next 40: 30 are paid back at age 1, 97.14 at age 4, 500 not yet');
SELECT results_eq('SELECT channel_code, contribution FROM acquisition_balance ORDER BY 1', $$ VALUES
  ('(all)', 101.1429), ('tv', 84.0), ('web', 104.0) $$,
    'contribution so far: six, five and four months of 24, all but the last with service for 4: 124, 104, 84');
SELECT bag_eq($$SELECT channel_code, cac FROM acquisition_balance$$, 'SELECT channel_code, cac FROM channel_cac_total',
  'cac is that of channel_cac');
-- cost without a rate, and a channel that costs and brings nobody
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, channel_code)
VALUES ('acq.ads.tv', '2023-03-05', 500, 'SEK', 'tv'), ('acq.ads.radio', '2023-03-05', 70, 'EUR', 'radio');
CALL crmcost.refresh('crm', '2023-06-15');
SELECT results_eq($$SELECT channel_code, customers::int, acquisition_cost, cac, ltv, loses_money
  FROM acquisition_balance WHERE channel_code IN ('radio', 'tv') ORDER BY 1$$,
  $$ VALUES ('radio', 0, 70.0, NULL::numeric, NULL::numeric, NULL::boolean),
    ('tv', 1, 500.0, NULL, (SELECT ltv FROM acquisition_balance WHERE channel_code = 'tv'), NULL) $$,
  'without a rate a cac is not known, nor is the balance; without customers there is none');

-- what has no rate when its month is closed is of the first open month: counted once, and known when it gets a rate
ROLLBACK TO fresh;
SELECT pg_temp.win(2, 'web', '2024-01-10', 30, 20), pg_temp.win(2, 'web', '2024-02-10', 30, 20);
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency)
SELECT min(customer_id), 'abroad', '2024-01-20', 10, 'SEK' FROM customer;
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, channel_code)
VALUES ('acq.ads.web', '2024-01-15', 100, 'EUR', 'web'), ('acq.ads.web', '2024-01-15', 50, 'SEK', 'web');
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq($$ SELECT c.cac, k.value FROM channel_cac_total c, kpi k
  WHERE c.channel_code = '(all)' AND k.metric = 'cac' $$,
  $$ VALUES (NULL::numeric, NULL::numeric) $$,
    'the page of outcome knows no cac where channel_cac knows none: a part of the cost has no rate');
CREATE FUNCTION pg_temp.unrated() RETURNS SETOF text LANGUAGE sql AS $$
  SELECT concat_ws(' ', check_name, rows) FROM crm.data_quality
    WHERE check_name IN ('sale_without_rate', 'cost_without_rate')
  UNION ALL SELECT concat_ws(' ', 'of channels', unrated_entries) FROM crm.channel_cac_total
    WHERE channel_code = '(all)' ORDER BY 1$$;
SELECT results_eq('SELECT * FROM pg_temp.unrated()',
  $$ VALUES ('cost_without_rate 1'), ('of channels 1'), ('sale_without_rate 1') $$,
  'one cost and one sale without a rate');
CALL crmcost.close_period('crm', '2024-01-01');
SELECT results_eq('SELECT * FROM pg_temp.unrated()',
  $$ VALUES ('cost_without_rate 1'), ('of channels 1'), ('sale_without_rate 1') $$,
  'and still one each once the month is closed');
SELECT results_eq($$ SELECT month_start, cac, unrated_entries FROM channel_cac ORDER BY 1 $$,
  $$ VALUES ('2024-01-01'::date, NULL::numeric, 1::bigint), ('2024-02-01', NULL, 1) $$,
    'the closed month stands, the first open one has it');
SELECT lives_ok($$CALL crmcost.verify('crm')$$, 'a full computation says the same');
INSERT INTO fx_rate (currency, valid_from, to_base) VALUES ('SEK', '2024-01-01', 0.5);
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq('SELECT * FROM pg_temp.unrated()',
  $$ VALUES ('cost_without_rate 0'), ('of channels 0'), ('sale_without_rate 0') $$,
  'with a rate nothing is left without one');
SELECT results_eq($$ SELECT month_start, cac FROM channel_cac UNION ALL SELECT NULL, cac FROM channel_cac_total
  WHERE channel_code = '(all)' ORDER BY 1 $$,
  $$ VALUES ('2024-01-01'::date, NULL), ('2024-02-01', 12.5), (NULL, 31.25) $$,
    'the closed month stands, its cost of 25 comes late, and 125 for four customers is known');
SELECT results_eq($$ SELECT cac FROM channel_cac_quarter UNION ALL SELECT cac FROM channel_cac_year $$,
  $$ SELECT 31.25 FROM generate_series(1, 4) $$, 'also of the quarter and the year that both months are in');
SELECT is((SELECT value FROM kpi WHERE metric = 'cac'), 31.25, 'on the page of outcome, too');
SELECT lives_ok($$CALL crmcost.verify('crm')$$, 'a full computation says the same then');
CALL crmcost.reopen_period('crm', '2024-01-01');
DELETE FROM fx_rate;
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq($$ SELECT month_start, cac, unrated_entries FROM channel_cac ORDER BY 1 $$,
  $$ VALUES ('2024-01-01'::date, NULL, 1::bigint), ('2024-02-01', 0.0, 0) $$, 'opened again, the month has it again');

-- of what is booked on no channel all who won customers bear a part: without a rate nobody knows how much
ROLLBACK TO fresh;
SELECT pg_temp.win(2, 'web', '2024-01-10', 30, 20), pg_temp.win(2, 'tv', '2024-01-10', 30, 20),
       pg_temp.win(1, 'web', '2024-02-10', 30, 20);
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, channel_code)
VALUES ('acq.ads.web', '2024-01-15', 100, 'EUR', 'web'), ('acq.ads.web', '2024-02-15', 40, 'EUR', 'web'),
       ('acq.ads.radio', '2024-01-15', 7, 'EUR', 'radio'), ('acq.sales.salary', '2024-01-15', 50, 'SEK', NULL);
CREATE FUNCTION pg_temp.cacs() RETURNS SETOF text LANGUAGE sql AS $$
  SELECT concat_ws(' ', 'month', month_start, channel_code, coalesce(cac::text, '-'), media_cac) FROM crm.channel_cac
    WHERE customers > 0
  UNION ALL SELECT concat_ws(' ', 'quarter', channel_code, coalesce(cac::text, '-')) FROM crm.channel_cac_quarter
    WHERE customers > 0
  UNION ALL SELECT concat_ws(' ', 'year', channel_code, coalesce(cac::text, '-')) FROM crm.channel_cac_year
    WHERE customers > 0
  UNION ALL SELECT concat_ws(' ', 'so far', channel_code, coalesce(cac::text, '-')) FROM crm.channel_cac_total
    WHERE customers > 0
  UNION ALL SELECT concat_ws(' ', 'balance', channel_code, coalesce(cac::text, '-')) FROM crm.acquisition_balance
  UNION ALL SELECT DISTINCT concat_ws(' ', 'cohort', cohort_month, channel_code, coalesce(cac::text, '-'))
    FROM crm.acquisition_cohort$$;
CALL crmcost.refresh('crm', '2024-03-01');
SELECT bag_eq('SELECT * FROM pg_temp.cacs()', $$ VALUES
  ('month 2024-01-01 tv - 0.0000'), ('month 2024-01-01 web - 50.0000'), ('month 2024-02-01 web 40.0000 40.0000'),
  ('quarter (all) -'), ('quarter tv -'), ('quarter web -'), ('year (all) -'), ('year tv -'), ('year web -'),
  ('so far (all) -'), ('so far tv -'), ('so far web -'), ('balance (all) -'), ('balance (unknown) -'),
  ('balance radio -'), ('balance tv -'), ('balance web -'), ('cohort 2024-01-01 (all) -'), ('cohort 2024-01-01 tv -'),
  ('cohort 2024-01-01 web -'), ('cohort 2024-02-01 (all) 40.0000'), ('cohort 2024-02-01 web 40.0000') $$,
  'without a rate of the shared cost no channel that bears it has a cac, whatever it costs itself');
INSERT INTO fx_rate (currency, valid_from, to_base) VALUES ('SEK', '2024-01-01', 0.5);
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq($$ SELECT channel_code, cac FROM channel_cac_total ORDER BY 1 $$,
  $$ VALUES ('(all)', 34.4), ('radio', NULL), ('tv', 6.25), ('web', 50.8333) $$,
  'with one tv bears 12.50 for two, and web 140 and 12.50 for three');

SELECT * FROM finish();
ROLLBACK;
