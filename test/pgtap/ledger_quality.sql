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
SELECT is_empty('SELECT * FROM data_quality WHERE rows <> 0 OR example IS NOT NULL', 'sound data have no findings');

-- spoil one thing, refresh if asked, and see exactly one check speak
CREATE FUNCTION pg_temp.finds(statement text, again boolean, checks text, example text)
  RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  names text;
  words text;
BEGIN
  BEGIN
    EXECUTE statement;
    IF again THEN
      CALL crmcost.refresh('crm', '2024-02-01');
    END IF;
    SELECT string_agg(check_name || ' ' || rows, ', ' ORDER BY check_name), min(q.example)
      INTO names, words FROM crm.data_quality q WHERE rows > 0;
    RAISE EXCEPTION 'undo' USING ERRCODE = 'UNDO1';
  EXCEPTION WHEN SQLSTATE 'UNDO1' THEN
    NULL;
  END;
  RETURN NEXT is(names, checks, checks);
  RETURN NEXT is(words, finds.example, 'for example ' || finds.example);
END
$$;
SELECT pg_temp.finds(statement, again, checks, example) FROM (VALUES
  ($$INSERT INTO sale (customer_id, sold_at, amount, cogs, currency) VALUES (1, '2024-01-06', 1, 0, 'USD')$$, true,
   'sale_without_rate 1', 'no rate for USD on 2024-01-06'),
  ($$INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id) VALUES ('svc', '2024-01-06', 1, 'USD', 1)$$, true,
   'cost_without_rate 1', 'no rate for USD on 2024-01-06'),
  ($$INSERT INTO plan (kind, measure, period, amount, currency) VALUES ('baseline', 'cost', '[2024-01-01,2024-02-01)', 1, 'USD')$$, false,
   'plan_without_rate 1', 'no rate for USD on 2024-01-01'),
  ($$INSERT INTO cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc', '2024-01-06', 1, 'EUR')$$, true,
   'unallocated_cost 1', '1.0000 in all; in 2024-01 service: no rule'),
  ($$INSERT INTO sale (customer_id, sold_at, amount, cogs, currency) VALUES (1, '2024-01-06', 1, 0, 'EUR')$$, false,
   'sale_not_refreshed 1', '2024-01-01: 11.0000 sold, 10.0000 in the reports'),
  ($$INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id) VALUES ('svc', '2024-01-06', 2, 'EUR', 1)$$, false,
   'cost_not_refreshed 1', '2024-01-01: 3.0000 booked, 1.0000 in the reports'),
  ($$INSERT INTO sale (customer_id, sold_at, amount, cogs, currency) VALUES (1, '2024-02-01 00:00:01Z', 1, 0, 'EUR')$$, false,
   'sale_after_as_of 1', 'sold on 2024-02-01, reports are as of 2024-02-01'),
  ($$INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id) VALUES ('svc', '2024-02-02', 2, 'EUR', 1)$$, false,
   'cost_after_as_of 1', 'incurred on 2024-02-02, reports are as of 2024-02-01'),
  ($$INSERT INTO sale (customer_id, sold_at, amount, currency, product_code) VALUES (1, '2024-01-06', 1, 'EUR', 'p7'), (1, '2024-01-06', 0, 'EUR', 'gift')$$, true,
   'sale_without_cogs 1', 'product p7'),
  ($$INSERT INTO sale (sale_id, customer_id, sold_at, amount, cogs, currency, fx) VALUES (7, 1, '2024-01-06', 1, 0, 'EUR', 1.1)$$, true,
   'fx_on_base_currency 1', 'sale 7 at rate 1.100000000000'),
  ($$INSERT INTO cost_entry (cost_id, category_code, incurred_on, amount, currency, customer_id, fx) VALUES (8, 'svc', '2024-01-06', 1, 'EUR', 1, 1.1)$$, true,
   'fx_on_base_currency 1', 'cost 8 at rate 1.100000000000'),
  ($$INSERT INTO sale (customer_id, sold_at, amount, cogs, currency) VALUES (2, '2024-01-06', 1, 0, 'EUR')$$, true,
   'buyer_not_acquired 1', 'customer 2'),
  ($$INSERT INTO sale (customer_id, sold_at, amount, cogs, currency) VALUES (1, '2023-12-31', 1, 0, 'EUR')$$, true,
   'sale_before_first_seen 1', 'customer 1 sold to on 2023-12-31'),
  ($$INSERT INTO sale (customer_id, kind, sold_at, amount, cogs, currency) VALUES (1, 'refund', '2024-01-06', -11, 0, 'EUR')$$, true,
   'refunds_exceed_sales 1', 'customer 1: -1.0000'),
  ($$UPDATE customer SET acquisition_channel = NULL$$, false, 'customer_without_channel 1', 'customer 1'),
  ($$UPDATE cost_entry SET category_code = 'acq.research'$$, true,
   'acquisition_cost_without_channel 1', 'acq.research on 2024-01-05'),
  ($$UPDATE customer SET attributes = '{"contact": "ann@example.org"}' WHERE customer_id = 2$$, false,
   'attributes_with_personal_data 1', 'customer 2'),
  ($$INSERT INTO allocation_share VALUES ('data', 'acq', 0.7, '[2024-01-01,2024-06-01)'), ('data', 'ret', 0.6, '[2024-03-01,2024-04-01)')$$, false,
   'service_shares_exceed_1 1', 'data passes on 1.30000000 in 2024-03'),
  ($$INSERT INTO capacity VALUES ('svc', '[2024-01-01,2024-02-01)', 1000); INSERT INTO allocation_rule (category_code, driver) VALUES ('svc', 'orders')$$, false,
   'capacity_without_rule 1', 'svc in [2024-01-01,2024-02-01)'),
  ($$INSERT INTO capacity VALUES ('svc', '[2024-01-01,2024-02-01)', 10);
     INSERT INTO allocation_rule (category_code, driver) VALUES ('svc', 'handle_time');
     INSERT INTO interaction (customer_id, occurred_at, kind, handle_seconds) VALUES (1, '2024-01-06', 'ticket', 240);
     INSERT INTO cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc', '2024-01-06', 100, 'EUR')$$, true,
   'unused_capacity 1', 'in 2024-01 360.0000 of 600.0000 s: 60.0000'),
  ($$INSERT INTO capacity VALUES ('svc', '[2024-01-01,2024-02-01)', 1);
     INSERT INTO allocation_rule (category_code, driver) VALUES ('svc', 'handle_time');
     INSERT INTO interaction (customer_id, occurred_at, kind, handle_seconds) VALUES (1, '2024-01-06', 'ticket', 240);
     INSERT INTO cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc', '2024-01-06', 100, 'EUR')$$, true,
   'capacity_exceeded 1', 'in 2024-01 240.0000 s worked of 60.0000'),
  ($$INSERT INTO plan (plan_id, kind, measure, period, amount) VALUES (1, 'baseline', 'cost', '[2024-01-01,2024-02-02)', 1), (2, 'baseline', 'cost', '[2024-02-01,2024-03-01)', 1), (3, 'baseline', 'revenue', '[2024-02-01,2024-03-01)', 1)$$, false,
   'overlapping_baselines 1', 'all categories: plans 1 and 2'),
  ($$UPDATE channel SET parent_code = CASE code WHEN 'web' THEN 'app' ELSE 'web' END WHERE code IN ('web', 'app')$$, false,
   'tree_has_a_cycle 2', 'channel app'),
  ($$UPDATE cost_category SET bucket = 'service' WHERE code = 'ret.care'$$, false,
   'bucket_differs_from_parent 4', 'ret.care is service, its parent ret is retention'),
  ($$INSERT INTO tier (scheme, code, rank, basis, bound, name) VALUES ('abc', 'D', 4, 'min_value', 1, 'x')$$, false,
   'tiers_of_mixed_basis 1', 'abc'),
  ($$UPDATE tier SET bound = 0.97 WHERE scheme = 'abc' AND code = 'A'$$, false,
   'tier_bounds_out_of_order 1', 'abc: A and B'),
  ($$UPDATE tier SET bound = 10000 WHERE scheme = 'loyalty' AND code = 'silver'$$, false,
   'tier_bounds_out_of_order 1', 'loyalty: gold and silver'),
  ($$INSERT INTO classification (customer_id, dimension, entered_at, code) VALUES (1, 'abc', '2024-01-01', 'D'); UPDATE classification SET code = 'E' WHERE dimension = 'abc'$$, false,
   'unknown_tier 1', 'customer 1 has abc E'),
  ($$INSERT INTO classification (customer_id, dimension, entered_at, code) VALUES (1, 'loyality', '2024-01-01', 'gold')$$, false,
   'unknown_tier 1', 'customer 1 has loyality gold'),
  ($$DELETE FROM classification WHERE dimension = 'loyalty'$$, false,
   'untiered_customer 1', 'customer 1 with RFM score 111 has no tier in loyalty'),
  ($$UPDATE tier SET m = '[2,3]' WHERE scheme = 'value'$$, false, 'unmatched_rfm_score 1', 'no tier of value matches score 111'),
  ($$UPDATE setting SET value = 'bgnbd' WHERE key = 'clv_model'$$, true,
   'clv_not_fitted 3', 'bgnbd: bgnbd_fit must have at least 3 different customers, not 1; used instead: closed_form'),
  ($$UPDATE setting SET value = 'observed' WHERE key = 'clv_retention'$$, true,
   'retention_not_observed 1', 'retention needs two years of orders'),
  ($$DELETE FROM setting WHERE key = 'clv_horizon'$$, false, 'missing_setting 1', 'clv_horizon'),
  ($$INSERT INTO setting VALUES ('time_zone', 'UTC')$$, false, 'unknown_setting 1', 'time_zone'),
  ($$UPDATE setting SET value = '180' WHERE key = 'at_risk_after_days'$$, false,
   'at_risk_not_before_churn 1', 'at_risk_after_days 180, churn_after_days 180')
) AS v (statement, again, checks, example);

-- the last partition
SELECT is((SELECT rows FROM data_quality WHERE check_name = 'partitions_end_soon'), 0::bigint, 'there are partitions ahead');
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

SELECT * FROM finish();
ROLLBACK;
