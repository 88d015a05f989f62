-- data_quality finds what it is for, and only that.
\ir ledger_setup.psql
SELECT no_plan();

INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at, acquisition_channel)
VALUES (1, 'c1', '2024-01-01', '2024-01-01', 'web'), (2, 'c2', '2024-01-01', NULL, 'web');
INSERT INTO sale (sale_id, customer_id, order_ref, sold_at, amount, cogs, currency)
VALUES (1, 1, 'o1', '2024-01-05', 10, 5, 'EUR');
INSERT INTO cost_entry (cost_id, category_code, incurred_on, amount, currency, customer_id)
VALUES (1, 'svc.support', '2024-01-05', 1, 'EUR', 1);
-- one customer is nothing to fit a model to
UPDATE setting SET value = 'none' WHERE key = 'clv_model';
UPDATE setting SET value = '0.8' WHERE key = 'clv_retention';
CALL crmcost.refresh('crm', '2024-02-01');
SELECT is_empty('SELECT * FROM data_quality WHERE rows <> 0 OR example IS NOT NULL OR amount IS NOT NULL',
  'sound data have no findings');
SELECT is(count(*), count(DISTINCT check_name), 'one row a check') FROM data_quality;
SELECT lives_ok('SELECT * FROM data_quality ORDER BY severity, check_name, example', 'which can be ordered');

-- spoil one thing, refresh if asked, and see exactly one check speak; without a refresh, that the
-- store is behind is said as well
CREATE FUNCTION pg_temp.finds(statement text, again boolean, checks text, example text)
  RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  names text;
  words text;
  untold text;
BEGIN
  BEGIN
    EXECUTE statement;
    IF again THEN
      CALL crmcost.refresh('crm', '2024-02-01');
    END IF;
    SELECT string_agg(check_name || ' ' || rows, ', ' ORDER BY check_name), min(q.example)
      INTO names, words FROM crm.data_quality q
      WHERE rows > 0 AND (again OR checks ~ 'not_refreshed' OR check_name !~ 'not_refreshed');
    -- no sentence of a finding is left in English but those that refresh had to write
    UPDATE crm.setting SET value = 'zh' WHERE key = 'language';
    SELECT string_agg(q.example, ', ') INTO untold FROM crm.data_quality q
      WHERE rows > 0 AND q.example !~ '[\u4e00-\u9fff]' AND check_name <> 'retention_not_observed'
        AND checks IS NOT NULL;
    RAISE EXCEPTION 'undo' USING ERRCODE = 'UNDO1';
  EXCEPTION WHEN SQLSTATE 'UNDO1' THEN
    NULL;
  END;
  RETURN NEXT is(names, checks, checks);
  RETURN NEXT is(words, finds.example, 'for example ' || finds.example);
  RETURN NEXT is(untold, NULL, 'in Chinese: ' || checks);
END
$$;
SELECT pg_temp.finds(statement, again, checks, example) FROM (VALUES
  ($$INSERT INTO sale (customer_id, sold_at, amount, cogs, currency) VALUES (1, '2024-01-06', 1, 0, 'USD')$$, true,
   'sale_without_rate 1', 'no rate for USD on 2024-01-06'),
  ($$INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id)
    VALUES ('svc', '2024-01-06', 1, 'USD', 1)$$, true,
   'cost_without_rate 1', 'category svc in 2024-01'),
  ($$INSERT INTO plan (kind, measure, period, amount, currency)
    VALUES ('baseline', 'cost', '[2024-01-01,2024-02-01)', 1, 'USD')$$, false,
   'plan_without_rate 1', 'no rate for USD on 2024-01-01'),
  ($$INSERT INTO cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc', '2024-01-06', 1, 'EUR')$$,
    true,
   'unallocated_cost 1', 'service in 2024-01: no rule'),
  ($$INSERT INTO sale (customer_id, sold_at, amount, cogs, currency) VALUES (1, '2024-01-06', 1, 0, 'EUR')$$, false,
   'sale_not_refreshed 1', 'sale of customer 1 changed from 2024-01-01 on'),
  ($$INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id)
    VALUES ('svc', '2024-01-06', 2, 'EUR', 1)$$, false,
   'cost_not_refreshed 1', 'cost_entry changed from 2024-01-01 on'),
  ($$INSERT INTO sale (customer_id, sold_at, amount, cogs, currency) VALUES (1, '2024-02-01 00:00:00Z', 1, 0, 'EUR')$$,
    true,
   'sale_after_as_of 1', 'sold on 2024-02-01, reports are as of 2024-01-31'),
  ($$INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id)
    VALUES ('svc', '2024-02-01', 2, 'EUR', 1)$$, true,
   'cost_after_as_of 1', 'incurred on 2024-02-01, reports are as of 2024-01-31'),
  ($$INSERT INTO sale (customer_id, sold_at, amount, currency, product_code) VALUES (1, '2024-01-06', 1, 'EUR', 'p7'),
    (1, '2024-01-06', 0, 'EUR', 'gift')$$, true,
   'sale_without_cogs 2', 'product gift'),
  ($$INSERT INTO sale (customer_id, sold_at, amount, quantity, currency) VALUES (1, '2024-01-06', 0, 0, 'EUR')$$, true,
    NULL, NULL),
  ($$INSERT INTO sale (sale_id, customer_id, sold_at, amount, cogs, currency, fx)
    VALUES (7, 1, '2024-01-06', 1, 0, 'EUR', 1.1)$$, true,
   'fx_on_base_currency 1', 'sale 7 of 1.0000 counts as 1.1000'),
  ($$INSERT INTO cost_entry (cost_id, category_code, incurred_on, amount, currency, customer_id, fx)
    VALUES (8, 'svc', '2024-01-06', 1, 'EUR', 1, 1.1)$$, true,
   'fx_on_base_currency 1', 'cost 8 at rate 1.100000000000'),
  ($$INSERT INTO sale (customer_id, sold_at, amount, cogs, currency) VALUES (2, '2024-01-06', 1, 0, 'EUR')$$, true,
   'buyer_not_acquired 1', 'customer 2'),
  ($$INSERT INTO sale (customer_id, sold_at, amount, cogs, currency) VALUES (1, '2023-12-31', 1, 0, 'EUR')$$, true,
   'sale_before_first_seen 1', 'customer 1 sold to on 2023-12-31'),
  ($$INSERT INTO sale (customer_id, sold_at, amount, cogs, currency) VALUES (1, '2023-12-31', 1, 0, 'EUR'),
    (1, '2023-12-01', 1, 0, 'EUR');
     INSERT INTO customer (customer_id, source_key, first_seen_at) VALUES (90, 'the same', '2023-12-31');
     SELECT crmcost.merge_customer('crm', 90, 1)$$, true,
   'sale_before_first_seen 1', 'customer 1 sold to on 2023-12-01'),
  ($$INSERT INTO sale (customer_id, kind, sold_at, amount, quantity, cogs, currency)
    VALUES (1, 'refund', '2024-01-06', -11, -1, 0, 'EUR')$$, true,
   'refunds_exceed_sales 1', 'customer 1: -1.0000'),
  ($$INSERT INTO sale (sale_id, customer_id, kind, sold_at, amount, quantity, cogs, currency) VALUES
       (7, 1, 'refund', '2024-01-06', -2, 1, 0, 'EUR'), (8, 1, 'sale', '2024-01-06', 1, -1, 0, 'EUR'),
         (9, 1, 'sale', '2024-01-06', -1, 0, 0, 'EUR'),
       (10, 1, 'sale', '2024-01-06', -1, -1, 0, 'EUR'), (11, 1, 'sale', '2024-01-06', 0, 1, 0, 'EUR')$$, true,
   'quantity_against_amount 2', 'sale 7: quantity 1.000000, amount -2.0000'),
  ($$UPDATE customer SET acquisition_channel = NULL$$, true, 'customer_without_channel 1', 'customer 1'),
  ($$UPDATE cost_entry SET category_code = 'acq.research'$$, true,
   'acquisition_cost_without_channel 1', 'category acq.research in 2024-01'),
  ($$UPDATE customer SET attributes = '{"contact": "ann@example.org"}' WHERE customer_id = 2$$, false,
   'attributes_with_personal_data 1', 'customer 2'),
  ($$INSERT INTO allocation_share VALUES ('data', 'acq', 0.7, '[2024-01-01,2024-06-01)'),
    ('data', 'ret', 0.6, '[2024-03-01,2024-04-01)')$$, false,
   'service_shares_exceed_1 1', 'data passes on 1.30000000 in 2024-03'),
  ($$INSERT INTO capacity VALUES ('svc', '[2024-01-01,2024-02-01)', 1000);
    INSERT INTO allocation_rule (category_code, driver) VALUES ('svc', 'orders')$$, false,
   'capacity_without_rule 1', 'svc in [2024-01-01,2024-02-01)'),
  ($$INSERT INTO capacity VALUES ('svc', '[2024-01-01,2024-02-01)', 10);
     INSERT INTO allocation_rule (category_code, driver) VALUES ('svc', 'handle_time');
     INSERT INTO interaction (customer_id, occurred_at, kind, handle_seconds) VALUES (1, '2024-01-06', 'ticket', 240);
     INSERT INTO cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc', '2024-01-06', 100, 'EUR')$$,
       true,
   'unused_capacity 1', 'service in 2024-01: 360 s of 600 s'),
  ($$INSERT INTO capacity VALUES ('svc', '[2024-01-01,2024-02-01)', 1);
     INSERT INTO allocation_rule (category_code, driver) VALUES ('svc', 'handle_time');
     INSERT INTO interaction (customer_id, occurred_at, kind, handle_seconds) VALUES (1, '2024-01-06', 'ticket', 240);
     INSERT INTO cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc', '2024-01-06', 100, 'EUR')$$,
       true,
   'capacity_exceeded 1', 'service in 2024-01: 240 s worked of 60 s'),
  ($$INSERT INTO plan (plan_id, kind, measure, period, amount)
    VALUES (1, 'baseline', 'cost', '[2024-01-01,2024-02-02)', 1),
    (2, 'baseline', 'cost', '[2024-02-01,2024-03-01)', 1), (3, 'baseline', 'revenue', '[2024-02-01,2024-03-01)', 1)$$,
    false,
   'overlapping_baselines 1', 'baseline of cost in scenario default twice on 2024-02-01: rows 1 and 2'),
  ($$UPDATE channel SET parent_code = CASE code WHEN 'web' THEN 'app' ELSE 'web' END WHERE code IN ('web', 'app')$$,
    true,
   'tree_has_a_cycle 2', 'channel app'),
  ($$UPDATE cost_category SET bucket = 'service' WHERE code = 'ret.care'$$, false,
   'bucket_differs_from_parent 4', 'ret.care is service, its parent ret is retention'),
  ($$INSERT INTO tier (scheme, code, rank, basis, bound, name) VALUES ('abc', 'D', 4, 'min_value', 1, 'x')$$, false,
   'tiers_of_mixed_basis 1', 'abc'),
  ($$UPDATE tier SET bound = 0.97 WHERE scheme = 'abc' AND code = 'A'$$, false,
   'tier_bounds_out_of_order 1', 'abc: A and B'),
  ($$UPDATE tier SET bound = 10000 WHERE scheme = 'loyalty' AND code = 'silver'$$, false,
   'tier_bounds_out_of_order 1', 'loyalty: gold and silver'),
  ($$INSERT INTO classification (customer_id, dimension, entered_at, code) VALUES (1, 'abc', '2024-01-01', 'D');
    UPDATE classification SET code = 'E' WHERE dimension = 'abc' AND NOT by_rule$$, true,
   'unknown_tier 1', 'customer 1 has abc E'),
  ($$INSERT INTO classification (customer_id, dimension, entered_at, code)
    VALUES (1, 'loyality', '2024-01-01', 'gold')$$, true,
   'unknown_tier 1', 'customer 1 has loyality gold'),
  ($$UPDATE tier SET m = '[2,3]' WHERE scheme = 'value'$$, true,
   'tier_rule_gap 75, unmatched_rfm_score 1, untiered_customer 1', 'customer 1 has no tier in value'),
  ($$UPDATE setting SET value = 'bgnbd' WHERE key = 'clv_model'$$, true,
   'clv_not_fitted 3', 'bgnbd: bgnbd_fit must have at least 3 different customers, not 1; used instead: closed_form'),
  ($$UPDATE setting SET value = 'observed' WHERE key = 'clv_retention'$$, true,
   'retention_not_observed 1', 'retention needs two years of orders'),
  ($$DELETE FROM setting WHERE key = 'clv_horizon'$$, false, 'missing_setting 1', 'clv_horizon'),
  ($$INSERT INTO setting VALUES ('time_zone', 'UTC')$$, false, 'unknown_setting 1', 'time_zone'),
  ($$UPDATE setting SET value = '180' WHERE key = 'at_risk_after_days'$$, false,
   'at_risk_not_before_churn 1', 'at_risk_after_days 180, churn_after_days 180'),
  -- what the store does not know yet, each by its name
  ($$INSERT INTO interaction (customer_id, occurred_at, kind) VALUES (1, '2024-01-06', 'ticket')$$, false,
   'interaction_not_refreshed 1', 'interaction of customer 1 changed from 2024-01-01 on'),
  ($$UPDATE customer SET acquired_at = '2024-01-02' WHERE customer_id = 2$$, false,
   'customer_not_refreshed 1', 'customer of customer 2 changed from 2024-01-01 on'),
  ($$INSERT INTO driver (code, name) VALUES ('parcel', 'Parcels')$$, false, 'driver_not_refreshed 1', 'driver changed'),
  ($$INSERT INTO fx_rate VALUES ('USD', '2024-01-01', 0.9)$$, false, 'rate_not_refreshed 1',
    'fx_rate changed from 2024-01-01 on'),
  ($$INSERT INTO allocation_rule (category_code, driver) VALUES ('svc', 'orders')$$, false, 'rule_not_refreshed 1',
    'allocation_rule changed'),
  ($$INSERT INTO channel (code, kind, name) VALUES ('fair', 'offline', 'Fair')$$, false,
    'configuration_not_refreshed 1', 'channel changed'),
  ($$ALTER TABLE sale DISABLE TRIGGER crmcost_insert$$, false,
   'storage_changed 1', 'partitions or triggers are not those of the last refresh; the next one computes everything'),
  -- rules
  ($$ALTER TABLE allocation_rule DROP CONSTRAINT one_rule_a_pool_and_day;
     INSERT INTO allocation_rule (rule_id, category_code, driver, valid) VALUES (1, 'svc', 'orders', '[2024-01-01,)'),
       (2, 'svc', 'revenue', '(,2024-02-01)')$$, false,
   'overlapping_rules 1', 'rules 1 and 2 of svc'),
  ($$INSERT INTO driver (code, kind, name) VALUES ('mix', 'blend', 'Mix')$$, false, 'blend_without_parts 1',
    'driver mix'),
  -- a circle that some cost leaves is what reciprocal is for, but step_down cuts it
  ($$INSERT INTO allocation_share VALUES ('data', 'trn', 0.5), ('trn', 'data', 0.5)$$, false, NULL, NULL),
  ($$INSERT INTO allocation_share VALUES ('data', 'trn', 1), ('trn', 'data', 1)$$, false, 'service_share_loop 2',
    'data serves itself by way of trn'),
  ($$INSERT INTO allocation_share VALUES ('data', 'trn', 1, '(,2024-02-01)'), ('trn', 'data', 1, '[2024-02-01,)')$$,
    false, NULL, NULL),
  ($$UPDATE setting SET value = 'step_down' WHERE key = 'service_pool_method';
     INSERT INTO allocation_share VALUES ('data', 'trn', 0.5), ('trn', 'data.storage', 0.5)$$, false,
   'service_share_loop 2', 'data serves itself by way of trn'),
  -- half by orders, half by contacts, of which there are none
  ($$INSERT INTO driver (code, kind, name) VALUES ('mix', 'blend', 'Mix');
     INSERT INTO driver_blend VALUES ('mix', 'orders', 1), ('mix', 'interactions', 1);
     INSERT INTO allocation_rule (category_code, driver) VALUES ('svc', 'mix');
     INSERT INTO cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc', '2024-01-06', 100, 'EUR')$$,
       true,
   'blend_part_without_quantity 1', 'mix in 2024-01: nobody has any interactions')
) AS v (statement, again, checks, example);
SELECT is(currency, 'EUR', 'money has its currency') FROM data_quality WHERE amount IS NOT NULL
UNION ALL SELECT is(count(*), 0::bigint, 'and there is none without findings') FROM data_quality
  WHERE amount IS NOT NULL;

CREATE FUNCTION pg_temp.differences() RETURNS TABLE (target text, rows_differ bigint) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM crmcost._make_work_tables('crm');
  RETURN QUERY SELECT * FROM crmcost._verify('crm');
END
$$;

-- the finding about a blend goes with its rule
SAVEPOINT sound;
INSERT INTO driver (code, kind, name) VALUES ('mix', 'blend', 'Mix');
INSERT INTO driver_blend VALUES ('mix', 'orders', 1), ('mix', 'interactions', 1);
INSERT INTO allocation_rule (category_code, driver) VALUES ('svc', 'mix');
INSERT INTO cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc', '2024-01-06', 100, 'EUR');
CALL crmcost.refresh('crm', '2024-02-01');
DELETE FROM allocation_rule;
INSERT INTO allocation_rule (category_code, driver) VALUES ('svc', 'orders');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT is_empty('SELECT * FROM data_quality WHERE rows > 0', 'a blend that no rule follows has no finding');
SELECT is_empty($$SELECT * FROM pg_temp.differences()$$, 'as in a full refresh');
ROLLBACK TO sound;

-- facts of a closed month: the month stands, and it is said by how much
INSERT INTO sale (sale_id, customer_id, order_ref, sold_at, amount, cogs, currency, quantity)
VALUES (2, 1, 'o2', '2024-01-20', 100, 40, 'EUR', 3);
INSERT INTO interaction (interaction_id, customer_id, occurred_at, kind, n, handle_seconds)
  VALUES (1, 1, '2024-01-06', 'ticket', 2, 60);
CALL crmcost.refresh('crm', '2024-02-01');
CALL crmcost.close_period('crm', '2024-01-01');
CREATE VIEW pg_temp.closed AS SELECT check_name, rows, amount, example FROM crm.data_quality
  WHERE check_name LIKE 'closed%' AND rows > 0 ORDER BY 1;
INSERT INTO sale (customer_id, order_ref, sold_at, amount, cogs, currency)
  VALUES (1, 'late', '2024-01-25', 7, 0, 'EUR');
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id)
  VALUES ('svc.support', '2024-01-25', 9, 'EUR', 1);
CALL crmcost.refresh('crm', '2024-03-01');
SELECT is_empty('SELECT * FROM pg_temp.closed', 'late facts count later, and are no finding');
UPDATE sale SET amount = 90 WHERE sale_id = 2;
DELETE FROM cost_entry WHERE cost_id = 1;
UPDATE interaction SET n = 1 WHERE interaction_id = 1;
CALL crmcost.refresh('crm', '2024-03-01');
-- lines of 10 and 100 with 1 and 3 pieces, at 5 and 40
PREPARE closed AS VALUES
  ('closed_cost_changed', 1::bigint, -1.0, '2024-01: cost of 1.0000 counted, facts of 0.0000'),
  ('closed_interaction_changed', 1, NULL, '2024-01: 2 interactions and 60 s counted, facts of 1 and 60 s'),
  ('closed_sale_changed', 1, -10.0,
    '2024-01: revenue 110.0000, margin 65.0000 and quantity 4 counted, facts of 100.0000, 55.0000 and 4');
SELECT results_eq('SELECT * FROM pg_temp.closed', 'closed', 'facts of a closed month that changed are findings');
SELECT is((SELECT sum(revenue) FROM customer_month WHERE month_start = '2024-01-01'), 110.0, 'and the month stands');
SELECT is_empty($$SELECT * FROM pg_temp.differences()$$, 'a full refresh finds the same');
UPDATE sale SET amount = 100 WHERE sale_id = 2;
UPDATE interaction SET n = 2 WHERE interaction_id = 1;
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq('SELECT check_name FROM pg_temp.closed', $$ VALUES ('closed_cost_changed') $$,
  'what is put right is none any more');
CALL crmcost.reopen_period('crm', '2024-01-01');
CALL crmcost.refresh('crm', '2024-03-01');
SELECT is_empty('SELECT * FROM pg_temp.closed', 'nor is an open month');
ROLLBACK TO sound;

CREATE FUNCTION pg_temp.without_march() RETURNS TABLE (rows bigint, example text) LANGUAGE plpgsql
  SET timezone = 'UTC' SET datestyle = 'ISO' AS $$
DECLARE
  march regclass;
BEGIN
  SELECT inhrelid INTO march FROM pg_inherits WHERE inhparent = 'crm.sale'::regclass
    AND inhrelid::regclass::text ~ '2024_03$';
  EXECUTE format('DROP TABLE %s', march);
  CALL crmcost.refresh('crm', '2024-05-01');
  RETURN QUERY SELECT q.rows, q.example FROM crm.data_quality q WHERE check_name = 'partition_missing';
END
$$;
-- the last partition
SELECT is((SELECT rows FROM data_quality WHERE check_name = 'partitions_end_soon'), 0::bigint,
  'there are partitions ahead');
DO $$
DECLARE
  last date;
BEGIN
  SELECT max(to_date(right(inhrelid::regclass::text, 7), 'YYYY_MM')) INTO last
    FROM pg_inherits
    WHERE inhparent = 'crm.sale'::regclass AND inhrelid::regclass::text ~ '\d$';
  CALL crmcost.refresh('crm', coalesce(last + 15, '2024-02-01'));
END
$$;
SELECT is((SELECT rows FROM data_quality WHERE check_name = 'partitions_end_soon'),
          CASE WHEN :partitioned THEN 4 ELSE 0 END::bigint, 'in the last month they end soon');
-- ChST is no time zone that could be read back
SET LOCAL datestyle = 'SQL, DMY';
SET LOCAL timezone = 'Pacific/Guam';
SELECT is((SELECT rows FROM data_quality WHERE check_name = 'partitions_end_soon'),
          CASE WHEN :partitioned THEN 4 ELSE 0 END::bigint, 'however the session prints instants');

-- a month without its partition
SELECT CASE WHEN :partitioned THEN results_eq($$
  SELECT rows, example FROM pg_temp.without_march()
$$, $$ VALUES (1::bigint, 'sale has none from 2024-03-01 00:00:00+00 to 2024-04-01 00:00:00+00') $$,
  'a gap between partitions is a finding') END;

-- names beside the codes
SELECT results_eq($$
  SELECT check_name COLLATE "C" FROM data_quality ORDER BY 1
$$, $$
  SELECT code FROM term WHERE kind = 'check' ORDER BY 1
$$, 'every check has a name, and no other');
SELECT is_empty($$
  SELECT check_name FROM data_quality WHERE check_title = check_name OR severity_name = severity
$$, 'and shows it');
UPDATE setting SET value = 'zh' WHERE key = 'language';
SELECT results_eq($$
  SELECT check_title, severity_name FROM data_quality WHERE check_name = 'sale_without_rate'
$$, $$ VALUES ('销售没有汇率', '错误') $$, 'in Chinese too');

SELECT * FROM finish();
ROLLBACK;
