-- What a load must not get in, and by which constraint a person sees why.
\ir ledger_setup.psql
SELECT no_plan();

-- throws_ok with the name of the constraint
CREATE FUNCTION pg_temp.refused(statement text, constraint_name text, why text)
  RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  hit text;
BEGIN
  BEGIN
    EXECUTE statement;
  EXCEPTION WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS hit = CONSTRAINT_NAME;
  END;
  RETURN is(hit, constraint_name, why);
END
$$;

INSERT INTO customer (customer_id, source, source_key, first_seen_at, acquired_at)
VALUES (1, 'shop', 'c1', '2024-01-01', '2024-01-05'),
       (2, 'shop', 'c2', '2024-01-01', NULL);

-- sales
SELECT pg_temp.refused(
  format('INSERT INTO sale (customer_id, sold_at, amount, currency, %s) VALUES (%s)',
         v.columns, v.vals), v.constraint_name, v.why)
FROM (VALUES
  ('kind', $$1, '2024-01-05', 5, 'EUR', 'refund'$$, 'refund_amount_not_positive', 'a refund of positive amount'),
  ('kind', $$1, '2024-01-05', 5, 'EUR', 'gift'$$, 'kind_is_known', 'an unknown kind of sale'),
  ('fx', $$1, '2024-01-05', 'NaN', 'EUR', NULL$$, 'amount_is_a_number', 'an amount that is NaN'),
  ('cogs', $$1, '2024-01-05', 5, 'EUR', 'NaN'$$, 'cogs_is_a_number', 'a cost of goods that is NaN'),
  ('discount', $$1, '2024-01-05', 5, 'EUR', 'NaN'$$, 'discount_is_a_number', 'a discount that is NaN'),
  ('quantity', $$1, '2024-01-05', 5, 'EUR', 'NaN'$$, 'quantity_is_a_number', 'a quantity that is NaN'),
  ('fx', $$1, '2024-01-05', 5, 'EUR', 'NaN'$$, 'fx_is_a_positive_number', 'a rate that is NaN'),
  ('fx', $$1, '2024-01-05', 5, 'EUR', 0$$, 'fx_is_a_positive_number', 'a rate of zero'),
  ('fx', $$1, '2024-01-05', 5, 'eur', NULL$$, 'currency_is_three_capital_letters', 'a currency in small letters'),
  ('fx', $$1, '2024-01-05', 5, '€', NULL$$, 'currency_is_three_capital_letters', 'a currency sign'),
  ('fx', $$1, '2024-01-05', 5, 'EURO', NULL$$, 'currency_is_three_capital_letters', 'a currency of four letters'),
  ('source', $$1, '2024-01-05', 5, 'EUR', ''$$, 'source_not_empty', 'an empty source'),
  ('fx', $$99, '2024-01-05', 5, 'EUR', NULL$$, 'customer_is_known', 'an unknown customer'),
  ('channel_code', $$1, '2024-01-05', 5, 'EUR', 'tvv'$$, 'channel_is_known', 'an unknown channel'),
  ('campaign_code', $$1, '2024-01-05', 5, 'EUR', 'none'$$, 'campaign_is_known', 'an unknown campaign')
) AS v (columns, vals, constraint_name, why);
SELECT throws_ok($$INSERT INTO sale (customer_id, sold_at, amount, currency)
  VALUES (1, '2024-01-05', 'Infinity', 'EUR')$$,
                 '22003', NULL, 'an infinite amount');
SELECT throws_ok($$INSERT INTO sale (customer_id, sold_at, amount, currency) VALUES (1, '2024-01-05', 1e17, 'EUR')$$,
                 '22003', NULL, 'an amount beyond numeric(20,4)');
SELECT throws_ok($$INSERT INTO sale (customer_id, sold_at, amount, currency) VALUES (1, 'infinity', 1, 'EUR')$$,
                 '23514', NULL, 'a sale at the end of time');
SELECT throws_ok($$INSERT INTO sale (customer_id, sold_at, amount) VALUES (1, '2024-01-05', 1)$$,
                 '23502', NULL, 'a sale without a currency');
SELECT throws_ok($$INSERT INTO sale (customer_id, sold_at, amount, currency) VALUES (NULL, '2024-01-05', 1, 'EUR')$$,
                 '23502', NULL, 'a sale to nobody');

-- cost
SELECT pg_temp.refused(
  format('INSERT INTO cost_entry (category_code, incurred_on, amount, currency, %s) VALUES (%s)',
         v.columns, v.vals), v.constraint_name, v.why)
FROM (VALUES
  ('fx', $$'acq.ads.billboard', '2024-01-05', 5, 'EUR', NULL$$, 'category_is_known', 'an unknown category'),
  ('fx', $$'acq', '2024-01-05', 'NaN', 'EUR', NULL$$, 'amount_is_a_number', 'a cost that is NaN'),
  ('fx', $$'acq', '2024-01-05', 5, 'E', NULL$$, 'currency_is_three_capital_letters', 'a currency of one letter'),
  ('fx', $$'acq', '2024-01-05', 5, 'USD', -1$$, 'fx_is_a_positive_number', 'a negative rate'),
  ('covers', $$'acq', '2024-01-05', 5, 'EUR', 'empty'$$, 'covers_not_empty', 'an accrual over no day'),
  ('covers', $$'acq', '2024-01-05', 5, 'EUR', '[2024-01-01,)'$$, 'covers_has_both_ends', 'an accrual without end'),
  ('covers', $$'acq', '2024-01-05', 5, 'EUR', '[2024-01-01,infinity)'$$, 'covers_has_both_ends',
    'an accrual to infinity'),
  ('customer_id', $$'acq', '2024-01-05', 5, 'EUR', 99$$, 'customer_is_known', 'an unknown customer'),
  ('quantity', $$'acq', '2024-01-05', 5, 'EUR', 'NaN'$$, 'quantity_is_a_number', 'a quantity that is NaN')
) AS v (columns, vals, constraint_name, why);
SELECT throws_ok($$INSERT INTO cost_entry (category_code, incurred_on, amount, currency)
  VALUES ('acq', '2024-02-30', 1, 'EUR')$$,
                 '22008', NULL, 'the thirtieth of February');

-- customers
SELECT pg_temp.refused(v.statement, v.constraint_name, v.why)
FROM (VALUES
  ($$INSERT INTO customer (customer_id, source, source_key, first_seen_at) VALUES (3, 'shop', 'c1', now())$$,
    'customer_loaded_once', 'a customer twice'),
  ($$INSERT INTO customer (source_key, first_seen_at) VALUES ('ann@example.org', now())$$,
    'source_key_is_no_mail_address', 'a mail address as key'),
  ($$INSERT INTO customer (source_key, first_seen_at) VALUES ('', now())$$, 'source_key_not_empty', 'an empty key'),
  ($$INSERT INTO customer (customer_id, source_key, first_seen_at, account_id) VALUES (9, 'x', now(), 9)$$,
    'account_is_another_customer', 'an account of its own'),
  ($$INSERT INTO customer (source_key, first_seen_at, acquired_at) VALUES ('x', '2024-01-02', '2024-01-01')$$,
    'acquired_not_before_first_seen', 'acquired before first seen'),
  ($$INSERT INTO customer (source_key, first_seen_at, kind) VALUES ('x', now(), 'robot')$$, 'kind_is_known',
    'an unknown kind of customer'),
  ($$INSERT INTO customer (first_seen_at) VALUES (now())$$, 'source_key_unless_erased', 'no key'),
  ($$INSERT INTO customer (source_key, first_seen_at, erased_at) VALUES ('x', now(), now())$$,
    'source_key_unless_erased', 'erased, with a key'),
  ($$UPDATE customer SET referred_by = 1 WHERE customer_id = 1$$, 'referrer_is_another_customer',
    'referred by themselves'),
  ($$INSERT INTO customer (source_key, first_seen_at, attributes) VALUES ('x', now(), '["tag"]')$$,
    'attributes_is_an_object', 'attributes that are an array'),
  ($$INSERT INTO customer (source_key, first_seen_at) VALUES ('x', '-infinity')$$, 'first_seen_at_is_finite',
    'seen since ever'),
  ($$INSERT INTO customer (source_key, first_seen_at, acquisition_channel) VALUES ('x', now(), 'tvv')$$,
    'channel_is_known', 'an unknown channel')
) AS v (statement, constraint_name, why);

-- interactions and points
SELECT pg_temp.refused(
  format('INSERT INTO interaction (customer_id, occurred_at, kind, %s) VALUES (1, %s)',
         v.columns, v.vals), v.constraint_name, v.why)
FROM (VALUES
  ('n', $$'2024-01-05', 'chat', 1$$, 'kind_is_known', 'an unknown kind of interaction'),
  ('n', $$'2024-01-05', 'touch', 0$$, 'n_is_positive', 'a count of zero'),
  ('phase', $$'2024-01-05', 'care', 'later'$$, 'phase_is_known', 'an unknown phase'),
  ('handle_seconds', $$'2024-01-05', 'care', -1$$, 'handle_seconds_not_negative', 'negative working time'),
  ('resolved_at', $$'2024-01-05', 'ticket', '2024-01-04'$$, 'resolved_not_before_it_occurred',
    'solved before it was raised'),
  ('reason_code', $$'2024-01-05', 'complaint', 'no.reason'$$, 'reason_is_known', 'an unknown reason'),
  ('score', $$'2024-01-05', 'survey', 'NaN'$$, 'score_is_a_number', 'a score that is NaN')
) AS v (columns, vals, constraint_name, why);
SELECT pg_temp.refused(
  format('INSERT INTO loyalty_entry (customer_id, program_code, occurred_at, kind, points, expires_at) VALUES (1, %s)',
         v.vals), v.constraint_name, v.why)
FROM (VALUES
  ($$'miles', '2024-01-05', 'earn', 1, NULL$$, 'program_is_known', 'an unknown programme'),
  ($$'points', '2024-01-05', 'earn', -1, NULL$$, 'sign_of_points_suits_kind', 'negative earning'),
  ($$'points', '2024-01-05', 'redeem', 1, NULL$$, 'sign_of_points_suits_kind', 'positive redemption'),
  ($$'points', '2024-01-05', 'reverse', 1, NULL$$, 'sign_of_points_suits_kind', 'positive reversal'),
  ($$'points', '2024-01-05', 'adjust', 0, NULL$$, 'sign_of_points_suits_kind', 'adjusting by nothing'),
  ($$'points', '2024-01-05', 'earn', 'NaN', NULL$$, 'points_is_a_number', 'points that are NaN'),
  ($$'points', '2024-01-05', 'earn', 1, '2024-01-05'$$, 'expires_after_it_was_earned', 'expired at once'),
  ($$'points', '2024-01-05', 'redeem', -1, '2024-02-05'$$, 'only_points_gained_expire', 'spent points that expire')
) AS v (vals, constraint_name, why);

-- configuration
SELECT pg_temp.refused(v.statement, v.constraint_name, v.why)
FROM (VALUES
  ($$INSERT INTO cost_category (code, parent_code, bucket, resource, name) VALUES ('x', 'x', 'data', 'human', 'x')$$,
    'parent_is_another_category', 'a category below itself'),
  ($$INSERT INTO cost_category (code, parent_code, bucket, resource, name) VALUES ('x', 'y', 'data', 'human', 'x')$$,
    'parent_is_known', 'a category below an unknown one'),
  ($$INSERT INTO cost_category (code, bucket, resource, name) VALUES ('x', 'data', 'money', 'x')$$,
    'resource_is_known', 'an unknown resource'),
  ($$INSERT INTO channel (code, kind, name) VALUES ('x', 'free', 'x')$$, 'kind_is_known', 'an unknown kind of channel'),
  ($$INSERT INTO campaign (code, purpose, period, name) VALUES ('x', 'loyalty', 'empty', 'x')$$, 'period_not_empty',
    'a campaign without a day'),
  ($$INSERT INTO reason (code, domain, name) VALUES ('x', 'mood', 'x')$$, 'domain_is_known', 'an unknown domain'),
  ($$INSERT INTO tier (scheme, code, rank, basis, bound, name) VALUES ('abc', 'D', 3, 'cum_share', 1, 'x')$$,
    'one_tier_a_rank', 'two tiers of a rank'),
  ($$INSERT INTO tier (scheme, code, rank, basis, bound, name) VALUES ('x', 'D', 1, 'cum_share', 1.5, 'x')$$,
    'bound_suits_basis', 'a share above 1'),
  ($$INSERT INTO tier (scheme, code, rank, basis, name) VALUES ('x', 'D', 1, 'min_value', 'x')$$, 'bound_suits_basis',
    'no bound'),
  ($$INSERT INTO tier (scheme, code, rank, basis, r, f, m, name)
    VALUES ('x', 'D', 1, 'rfm', '[4,5]', '[4,5]', NULL, 'x')$$, 'ranges_suit_basis', 'a missing range'),
  ($$INSERT INTO tier (scheme, code, rank, basis, r, f, m, name)
    VALUES ('x', 'D', 1, 'rfm', '[4,5]', '[4,5]', 'empty', 'x')$$, 'ranges_suit_basis', 'an empty range'),
  ($$INSERT INTO tier (scheme, code, rank, basis, name) VALUES ('stage', 'D', 1, 'manual', 'x')$$,
    'scheme_not_reserved', 'a scheme called stage'),
  ($$INSERT INTO tier (scheme, code, rank, basis, name) VALUES ('(channel)', 'D', 1, 'manual', 'x')$$,
    'scheme_not_of_reports', 'a scheme called as reports call channels'),
  ($$INSERT INTO tier (scheme, code, rank, basis, name) VALUES ('x', '(unknown)', 1, 'manual', 'x')$$,
    'code_not_of_reports', 'a tier called as reports call none'),
  ($$INSERT INTO channel (code, kind, name) VALUES ('(all)', 'paid', 'x')$$, 'code_not_reserved',
    'a channel called as reports call all of them'),
  ($$INSERT INTO campaign (code, purpose, period, name) VALUES ('(unknown)', 'loyalty', '[2024-01-01,)', 'x')$$,
    'code_not_reserved', 'a campaign called as reports call none'),
  ($$INSERT INTO cost_category (code, bucket, resource, name) VALUES ('(all)', 'data', 'human', 'x')$$,
    'code_not_reserved', 'a category called as reports call all of them'),
  ($$INSERT INTO loyalty_program (code, currency, earn_per_unit, point_cost) VALUES ('(all)', 'EUR', 1, 0)$$,
    'code_not_reserved', 'a programme called as reports call all of them'),
  ($$UPDATE tier SET discount_rate = 1.5$$, 'discount_rate_from_0_to_1', 'a discount above 1'),
  ($$UPDATE tier SET resource_weight = 'NaN'$$, 'resource_weight_not_negative', 'a weight that is NaN'),
  ($$INSERT INTO allocation_rule (category_code, driver) VALUES ('acq', 'headcount')$$, 'driver_is_known',
    'an unknown driver'),
  ($$INSERT INTO allocation_rule (category_code, driver, valid) VALUES ('acq', 'orders', '[2024-01-01,2024-01-01)')$$,
    'valid_not_empty', 'a rule for no day'),
  ($$INSERT INTO allocation_rule (category_code, driver, valid) VALUES ('acq', 'orders', '(,2024-02-01]'),
    ('acq', 'revenue', '[2024-02-01,)')$$, 'one_rule_a_pool_and_day', 'two rules of a category for one day'),
  ($$INSERT INTO allocation_rule (category_code, driver, product_code) VALUES ('acq', 'orders', 'p1'),
    ('acq', 'revenue', 'p1')$$, 'one_rule_a_pool_and_day', 'two rules of a category and product for one day'),
  ($$INSERT INTO allocation_rule (category_code, driver, channel_code, product_code)
    VALUES ('acq', 'orders', 'web', 'p1')$$, 'one_channel_campaign_or_product', 'a rule limited twice'),
  ($$INSERT INTO allocation_rule (category_code, driver, channel_code) VALUES ('acq', 'orders', 'wep')$$,
    'channel_is_known', 'a rule for an unknown channel'),
  ($$INSERT INTO allocation_rule (category_code, driver) VALUES ('acq.ads.billboard', 'orders')$$, 'category_is_known',
    'a rule for an unknown category'),
  ($$INSERT INTO capacity VALUES ('svc', '[2024-01-01,2024-02-01)', 0)$$, 'minutes_is_positive', 'a capacity of zero'),
  ($$INSERT INTO capacity VALUES ('svc', '[2024-01-01,2024-02-01)', -1)$$, 'minutes_is_positive',
    'a capacity below zero'),
  ($$INSERT INTO capacity VALUES ('svc', '[2024-01-01,)', 5)$$, 'period_has_both_ends', 'a capacity without end'),
  ($$INSERT INTO capacity VALUES ('svc', '[2024-01-01,2024-02-01)', 5), ('svc', '[2024-01-31,2024-03-01)', 5)$$,
    'one_capacity_a_pool_and_day', 'two capacities of a category for one day'),
  ($$INSERT INTO activity_time (kind, minutes) VALUES ('ticket', 5), ('ticket', 6)$$, 'activity_time_pkey',
    'two standard times for one kind'),
  ($$INSERT INTO activity_time (kind, minutes, valid) VALUES ('ticket', 5, '(,2024-01-01]'),
    ('ticket', 6, '[2024-01-01,)')$$, 'one_time_a_subtype_and_day', 'two standard times for one day'),
  ($$INSERT INTO allocation_share VALUES ('acq', 'ret', -0.1)$$, 'share_above_0_up_to_1', 'a share below 0'),
  ($$INSERT INTO allocation_share VALUES ('acq', 'ret', 0.1, '[2024-01-15,)')$$, 'valid_is_whole_months',
    'a share that begins within a month'),
  ($$INSERT INTO allocation_share VALUES ('acq', 'ret', 0.1, '[2024-01-01,2024-04-01)'),
    ('acq', 'ret', 0.2, '[2024-03-01,)')$$, 'one_share_a_pair_and_month', 'two shares of a pair for one month'),
  ($$INSERT INTO cost_entry (category_code, incurred_on, amount, currency, covers)
    VALUES ('acq', '2024-01-05', 5, 'EUR', '[1900-01-01,2024-01-01)')$$, 'covers_is_100_years_at_most',
    'an accrual over more than a century'),
  ($$INSERT INTO setting VALUES ('service_pool_method', 'direct') ON CONFLICT (key) DO UPDATE
    SET value = excluded.value$$, 'service_pool_method_is_known', 'an unknown way of service pools'),
  ($$INSERT INTO allocation_share VALUES ('acq', 'acq', 0.5)$$, 'serves_another_category',
    'a category that serves itself'),
  ($$INSERT INTO allocation_share VALUES ('acq', 'ret', 1.5)$$, 'share_above_0_up_to_1', 'a share above 1'),
  ($$INSERT INTO fx_rate VALUES ('USD', '2024-01-01', 0)$$, 'to_base_is_a_positive_number', 'a rate of zero'),
  ($$INSERT INTO fx_rate VALUES ('USD', '2024-01-01', 'NaN')$$, 'to_base_is_a_positive_number', 'a rate that is NaN'),
  ($$INSERT INTO plan (kind, measure, period, amount) VALUES ('budget', 'cost', '[2024-01-01,)', 1)$$,
    'period_has_both_ends', 'a plan without end'),
  ($$INSERT INTO plan (kind, measure, period, amount) VALUES ('wish', 'cost', '[2024-01-01,2024-02-01)', 1)$$,
    'kind_is_known', 'an unknown kind of plan'),
  ($$INSERT INTO plan (kind, measure, period, amount, tier_scheme)
    VALUES ('budget', 'cost', '[2024-01-01,2024-02-01)', 1, 'abc')$$, 'tier_is_known', 'half a tier'),
  ($$INSERT INTO classification (customer_id, dimension, entered_at, code) VALUES (1, 'stage', now(), 'asleep')$$,
    'stage_is_known', 'an unknown stage'),
  ($$INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency)
    VALUES (1, 'ann@example.org', '2024-01-05', 5, 'EUR')$$, 'order_ref_is_no_mail_address', 'a mail address as order'),
  ($$INSERT INTO cost_entry (category_code, source_ref, incurred_on, amount, currency)
    VALUES ('acq', 'ann@example.org', '2024-01-05', 5, 'EUR')$$, 'source_ref_is_no_mail_address', 'as voucher'),
  ($$INSERT INTO interaction (customer_id, source_ref, occurred_at, kind)
    VALUES (1, 'ann@example.org', '2024-01-05', 'care')$$, 'source_ref_is_no_mail_address', 'as ticket'),
  ($$INSERT INTO loyalty_entry (customer_id, source_ref, program_code, occurred_at, kind, points)
    VALUES (1, 'ann@example.org', 'points', '2024-01-05', 'earn', 1)$$, 'source_ref_is_no_mail_address',
    'as movement of points'),
  ($$INSERT INTO closed_period VALUES ('2024-01-01', NULL, now(), '2024-06-01'),
    ('2024-03-01', NULL, now(), '2024-06-01')$$, 'closed_months_begin_once', 'closed months that begin twice'),
  ($$INSERT INTO closed_period VALUES ('2024-01-01', NULL, now(), '2024-06-01'),
    ('2024-03-01', '2024-02-01', now(), '2024-06-01')$$, 'closed_months_have_no_gap',
    'a closed month after an open one'),
  ($$INSERT INTO closed_period VALUES ('2024-01-01', NULL, now(), '2024-06-01'),
    ('2024-03-01', '2024-01-01', now(), '2024-06-01')$$, 'follows_the_month_before',
    'a closed month that follows another than the one before'),
  ($$INSERT INTO closed_period VALUES ('2024-01-01', NULL, now(), '2024-06-01'),
    ('2024-02-01', '2024-01-01', now(), '2024-06-01'),
       ('2024-03-01', '2024-02-01', now(), '2024-06-01'); DELETE FROM closed_period WHERE month_start = '2024-02-01'$$,
         'closed_months_have_no_gap', 'to open one between two closed ones'),
  ($$UPDATE setting SET value = 'Euro' WHERE key = 'base_currency'$$, 'base_currency_is_three_capital_letters',
    'a base currency in words'),
  ($$UPDATE setting SET value = '6' WHERE key = 'money_scale'$$, 'money_scale_from_0_to_4',
    'coins smaller than the ledger holds'),
  ($$UPDATE setting SET value = '10' WHERE key = 'rfm_bins'$$, 'rfm_bins_from_2_to_9', 'ten bins'),
  ($$UPDATE setting SET value = '0' WHERE key = 'churn_after_days'$$, 'number_of_days_is_a_positive_integer',
    'churn after no day'),
  ($$UPDATE setting SET value = 'ninety' WHERE key = 'at_risk_after_days'$$, 'number_of_days_is_a_positive_integer',
    'days in words'),
  ($$UPDATE setting SET value = 'turnover' WHERE key = 'abc_measure'$$, 'abc_measure_is_revenue_margin_or_profit',
    'an unknown measure'),
  ($$UPDATE setting SET value = '1' WHERE key = 'discount_rate'$$, 'discount_rate_from_0_below_1',
    'a discount rate of 100 %'),
  ($$UPDATE setting SET value = 'best' WHERE key = 'attribution_model'$$, 'attribution_model_is_known',
    'an unknown model'),
  ($$UPDATE setting SET value = 'none' WHERE key = 'schema_version'$$, 'schema_version_is_a_positive_integer',
    'no version')
) AS v (statement, constraint_name, why);
SELECT throws_ok($$UPDATE setting SET value = 'Mars/Olympus' WHERE key = 'timezone'$$,
                 '22023', 'time zone "Mars/Olympus" not recognized', 'a time zone on another planet');

-- a load is all or nothing, and can be repeated
SELECT throws_ok($$
  INSERT INTO sale (customer_id, order_ref, line_no, sold_at, amount, currency)
  VALUES (1, 'o1', 1, '2024-01-05', 5, 'EUR'), (1, 'o1', 2, '2024-01-05', 5, 'EUR'),
         (1, 'o1', 1, '2024-01-05', 5, 'EUR')
$$, '23505', NULL, 'a load with a line twice is refused');
SELECT is((SELECT count(*) FROM sale), 0::bigint, 'and nothing of it stays');
PREPARE load AS
  INSERT INTO sale (customer_id, source, order_ref, line_no, sold_at, amount, currency)
  VALUES (1, 'shop', 'o1', 1, '2024-01-05', 5, 'EUR'), (1, 'shop', 'o1', 2, '2024-01-05', 5, 'EUR')
  ON CONFLICT (source, order_ref, line_no, sold_at) DO NOTHING;
EXECUTE load;
EXECUTE load;
SELECT is((SELECT count(*) FROM sale), 2::bigint, 'B17: the same file loaded twice leaves the row count unchanged');
PREPARE load_cost AS
  INSERT INTO cost_entry (category_code, incurred_on, amount, currency, source, source_ref)
  VALUES ('acq', '2024-01-05', 5, 'EUR', 'erp', 'v1') ON CONFLICT (source, source_ref, incurred_on) DO NOTHING;
EXECUTE load_cost;
EXECUTE load_cost;
SELECT is((SELECT count(*) FROM cost_entry), 1::bigint, 'B17: and so with cost');
SELECT lives_ok($$
  INSERT INTO sale (customer_id, sold_at, amount, currency)
  VALUES (1, '2024-01-05', -5, 'EUR'), (1, '2024-01-05', -5, 'EUR')
$$, 'a correction is a negative row, and without a reference the same one may come twice');

SELECT * FROM finish();
ROLLBACK;
