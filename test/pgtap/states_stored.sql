-- The state types in tables, in aggregates of a user's own, and in many groups.
\ir setup.psql
\ir properties.psql
SELECT no_plan();
\ir state_values.psql

-- storage: tables, composites, arrays, compressed and out of line, updated
CREATE TYPE pair AS (r rfm, g rfm_group, d repeat_purchases);
CREATE TABLE stored (id int PRIMARY KEY, r rfm, g rfm_group, d repeat_purchases, rs rfm[], gs rfm_group[], p pair);
INSERT INTO stored
  SELECT g, rfm(purchased_at, amount), rfm_group(customer_id, purchased_at, amount),
    repeat_purchases(purchased_on, amount),
    array_agg(day_rfm ORDER BY id), array_agg(day_group ORDER BY id),
      row(rfm(purchased_at, amount), rfm_group(customer_id, purchased_at, amount),
      repeat_purchases(purchased_on, amount))::pair
  FROM purchase GROUP BY g;
UPDATE stored SET id = id + 1000;
SELECT pg_temp.is_same('SELECT id - 1000, r::text, g::text, d::text, (p).r::text, (p).g::text, (p).d::text FROM stored',
  'SELECT g, rfm(purchased_at, amount)::text, rfm_group(customer_id, purchased_at, amount)::text, repeat_purchases(purchased_on, amount)::text, rfm(purchased_at, amount)::text, rfm_group(customer_id, purchased_at, amount)::text, repeat_purchases(purchased_on, amount)::text FROM purchase GROUP BY g',
  'columns and composites');
SELECT pg_temp.is_same('SELECT id - 1000, (SELECT rfm_merge(u)::text FROM pg_catalog.unnest(rs) u), (SELECT sum(m.monetary) FROM (SELECT rfm_group_merge(u) AS g FROM pg_catalog.unnest(gs) u) s, unnest(s.g) m), (SELECT sum(monetary) FROM unnest((p).g)) FROM stored',
  'SELECT g, rfm(purchased_at, amount)::text, sum(amount), sum(amount) FROM purchase GROUP BY g',
    'arrays of states merge');
SELECT is((SELECT string_agg(DISTINCT pg_column_compression(g), ' ') FROM stored), 'pglz',
  'large states are compressed');
SELECT pg_temp.is_same('SELECT array[r::text, g::text] FROM (SELECT r, g FROM stored ORDER BY id OFFSET 0) s',
  'SELECT array[r::text, g::text] FROM stored', 'through a sort');
SET LOCAL work_mem = '64kB';
SELECT pg_temp.is_same('SELECT a.id, count(b.r), sum(frequency(b.r)) FROM stored a JOIN stored b ON a.id % 5 = b.id % 5 GROUP BY a.id',
  'SELECT a.id, count(*), sum(frequency(b.r)) FROM stored a, stored b WHERE a.id % 5 = b.id % 5 GROUP BY a.id',
  'through a hash join with little memory');
RESET work_mem;
DO $$
DECLARE
  r rfm; g rfm_group; d repeat_purchases;
BEGIN
  SELECT rfm(purchased_at, amount), rfm_group(customer_id, purchased_at, amount),
    repeat_purchases(purchased_on, amount) INTO r, g, d FROM purchase;
  FOR i IN 1 .. 3 LOOP
    SELECT rfm_merge(u), rfm_group_merge(v), repeat_purchases_merge(w) INTO r, g, d
      FROM (VALUES (r, g, d), (r, g, d)) x (u, v, w);
  END LOOP;
  IF frequency(r) <> 96000 OR (SELECT sum(frequency) FROM unnest(g)) <> 96000 OR frequency(d) <> 374 THEN
    RAISE 'wrong: % % %', frequency(r), (SELECT sum(frequency) FROM unnest(g)), frequency(d);
  END IF;
END $$;
SELECT pass('variables of plpgsql hold states and merge them');

-- support functions outside an aggregate
SELECT pg_temp.errors(format('SELECT %s', call), '0A000', 'aggregate support function called outside an aggregate')
  FROM (VALUES
  ($$rfm_trans(NULL, now(), 1)$$),
    ($$rfm_trans('(1,2024-01-01T00:00:00+00:00,2024-01-01T00:00:00+00:00,1,1)', now(), 1)$$),
    ($$rfm_combine(NULL, NULL)$$),
  ($$rfm_group_trans(NULL, 1, now(), 1)$$), ($$rfm_group_combine(NULL, NULL)$$), ($$rfm_group_final(NULL)$$),
  ($$repeat_purchases_trans(NULL, '2024-01-01', 1)$$), ($$repeat_purchases_combine(NULL, NULL)$$),
    ($$repeat_purchases_final('(1,1,1,2024-01-01)')$$),
  ($$rfm_cuts_trans(NULL, 1, 1, 1)$$), ($$rfm_cuts_trans(NULL, 1, 1, 1, 5)$$),
    ($$rfm_cuts_combine('(1,5,{-1,1,1})', '(1,5,{-1,1,1})')$$), ($$rfm_cuts_final('(1,5,{-1,1,1})')$$),
  ($$value_bag_trans(NULL, 1)$$), ($$value_bag_trans(NULL, 1, 0.5)$$), ($$value_bag_combine('(1,-,1)', '(1,-,1)')$$),
    ($$top_share_final('(1,0.5,1)')$$), ($$gini_final('(1,-,1)')$$), ($$gini_signed_final('(1,-,1)')$$),
  ($$purchases_fit_trans(NULL, 1, 1, 2)$$), ($$gamma_gamma_fit_trans(NULL, 1, 2)$$),
    ($$contractual_fit_trans(NULL, 1, true)$$), ($$clv_sample_combine('(1,{0,0,4.5,1})', NULL)$$),
    ($$bgnbd_fit_final('(1,{0,0,4.5,1})')$$), ($$sbg_fit_final(NULL)$$), ($$gamma_gamma_fit_final(NULL)$$),
  ($$cac_trans(NULL, 1, 1)$$), ($$cac_trans(NULL, 1, true)$$), ($$cac_combine(NULL, NULL)$$), ($$cac_final(NULL)$$),
  ($$markov_attribution_trans(NULL, '{a}', 1, 1, 1)$$), ($$markov_attribution_trans(NULL, '{a}', 1, 1, 1, 2)$$),
    ($$shapley_sum_trans(NULL, '{a}', 1, 1)$$), ($$shapley_rate_trans(NULL, '{a}', 1, 1, 1)$$),
    ($$channel_paths_combine('(1,sum,"a")', NULL)$$), ($$markov_attribution_final('(1,markov1,"a")')$$),
    ($$shapley_sum_final('(1,sum,"a")')$$), ($$shapley_rate_final(NULL)$$),
  ($$logit_fit_trans(NULL, true, '{1}')$$), ($$logit_fit_trans(NULL, true, '{1}', 0)$$),
    ($$logit_fit_combine(NULL, '(1,0,1,{0,1})')$$), ($$logit_fit_final('(1,0,1,{0,1})')$$),
  ($$kaplan_meier_trans(NULL, 1, true)$$), ($$kaplan_meier_combine(NULL, '(1,{1,1,1})')$$),
    ($$kaplan_meier_final('(1,{1,1,1})')$$), ($$logrank_trans(NULL, 1, true, 'a')$$),
    ($$logrank_combine('(1,"a",{1,1,1})', NULL)$$), ($$logrank_final(NULL)$$),
    ($$logrank_groups_final('(1,"a",{1,1,1})')$$),
  ($$nps_trans(NULL, 1)$$), ($$nps_interval_trans(NULL, 1)$$), ($$nps_interval_trans(NULL, 1, 0.9)$$),
    ($$csat_trans(NULL, 1, 1)$$), ($$csat_interval_trans(NULL, 1, 1)$$), ($$csat_interval_trans(NULL, 1, 1, 0.9)$$),
    ($$answer_counts_combine(NULL, NULL)$$), ($$nps_final('(1,0,1,1,0)')$$), ($$nps_interval_final('(1,0.9,1,1,0)')$$),
    ($$csat_final(NULL)$$), ($$csat_interval_final('(1,0.9,1,1,0)')$$),
  ($$points_balance_trans(NULL, 1, now(), NULL, now())$$),
    ($$points_balance_trans(NULL, 1, now(), NULL, now(), 'first_earned')$$),
    ($$points_balance_trans(NULL, 1, now(), NULL, NULL, 'a', now())$$),
    ($$points_balance_trans(NULL, 1, now(), NULL, NULL, 'a', now(), 'first_earned')$$),
    ($$points_balance_combine(NULL, NULL)$$), ($$points_balance_final(NULL)$$), ($$points_expiry_final(NULL)$$),
  ($$period_flows_trans(NULL, 1, 1)$$), ($$dated_flows_trans(NULL, 1, '2024-01-01')$$),
    ($$rate_period_flows_trans(NULL, 0.1, 1, 1)$$), ($$rate_dated_flows_trans(NULL, 0.1, 1, '2024-01-01')$$),
    ($$mirr_trans(NULL, 1, 1, 0.1, 0.1)$$), ($$cash_flows_combine('(1,-,{0,1})', NULL)$$),
  ($$npv_final('(1,0.1,{0,1})')$$), ($$xnpv_final('(1,0.1,{0,1})')$$), ($$irr_final(NULL)$$),
    ($$xirr_final('(1,-,{0,1})')$$), ($$irr_roots_final('(1,-,{0,1})')$$), ($$mirr_final('(1,0/0,{0,1})')$$),
    ($$payback_final('(1,-,{0,1})')$$), ($$discounted_payback_final('(1,0.1,{0,1})')$$)) v (call);
-- aggregates of a user's own, over our functions, from a given state
CREATE AGGREGATE from_state(timestamptz, numeric) (SFUNC = rfm_trans, STYPE = rfm,
  INITCOND = '(1,2000-01-01T00:00:00+00:00,2000-01-01T00:00:00+00:00,5,0.5)');
CREATE AGGREGATE from_group(bigint, timestamptz, numeric) (SFUNC = rfm_group_trans, STYPE = rfm_group,
  FINALFUNC = rfm_group_final, INITCOND = '(1,{1,2000-01-01T00:00:00+00:00,2000-01-01T00:00:00+00:00,5,0.5})');
CREATE AGGREGATE from_bag(numeric) (SFUNC = value_bag_trans, STYPE = value_bag, FINALFUNC = gini_final,
  INITCOND = '(1,-,1)');
CREATE AGGREGATE merge_bags(value_bag) (SFUNC = value_bag_combine, STYPE = value_bag, FINALFUNC = gini_final);
SELECT is((SELECT string_agg(r::text, ' ' ORDER BY g)
  FROM (SELECT g, from_state('2024-01-01 00:00:00+00', g) AS r FROM generate_series(1, 2) g GROUP BY g) s),
          '(1,2000-01-01T00:00:00+00:00,2024-01-01T00:00:00+00:00,6,1.5) (1,2000-01-01T00:00:00+00:00,2024-01-01T00:00:00+00:00,6,2.5)',
            'the initial state of a user''s aggregate is not changed by its groups');
SELECT is((SELECT string_agg(r::text, ' ' ORDER BY g)
  FROM (SELECT g, from_group(g, '2024-01-01 00:00:00+00', g) AS r FROM generate_series(1, 2) g GROUP BY g) s),
          '(1,{1,2000-01-01T00:00:00+00:00,2024-01-01T00:00:00+00:00,6,1.5}) (1,{1,2000-01-01T00:00:00+00:00,2000-01-01T00:00:00+00:00,5,0.5},{2,2024-01-01T00:00:00+00:00,2024-01-01T00:00:00+00:00,1,2.0})',
            'nor is an initial group');
SELECT is((SELECT array_agg(r ORDER BY g) FROM (SELECT g, from_bag(3) AS r FROM generate_series(1, 2) g GROUP BY g) s),
  '{0.25,0.25}', 'nor is an initial bag');
CREATE AGGREGATE merge_paths(channel_paths) (SFUNC = channel_paths_combine, STYPE = channel_paths,
  FINALFUNC = shapley_rate_final);
SELECT pg_temp.errors('SELECT merge_paths(p) FROM (VALUES (channel_paths ''(1,sum,"a")''), (''(1,rate,"a")'')) v (p)',
  '22023', 'states of different games or orders cannot be combined');
SELECT pg_temp.errors('SELECT merge_paths(p) FROM (SELECT (''(1,rate,"'' || chr(96 + i) || ''")'')::channel_paths AS p FROM generate_series(1, 21) i) v',
  '54000', 'paths must have at most 20 different channels for a game of rates, not "u" as well');
CREATE AGGREGATE merge_rows(logit_sample) (SFUNC = logit_fit_combine, STYPE = logit_sample,
  FINALFUNC = logit_fit_final);
SELECT pg_temp.errors('SELECT merge_rows(p) FROM (VALUES (logit_sample ''(1,0,1,{0,1})''), (''(1,1,1,{0,1})'')) v (p)',
  '22023', 'ridge must be the same for all rows, not 0 and 1');
SELECT pg_temp.errors('SELECT merge_rows(p) FROM (VALUES (logit_sample ''(1,0,2,{0,0,1})''), (''(1,0,1,{0,1})'')) v (p)',
  '22023', 'features must have the same number of elements on all rows, not 1 and 2');
CREATE AGGREGATE merge_counts(survival_counts) (SFUNC = kaplan_meier_combine, STYPE = survival_counts,
  FINALFUNC = kaplan_meier_final);
SELECT is((SELECT merge_counts(p)::text
  FROM (VALUES (survival_counts '(1,{1,2,1},{3,1,1})'), ('(1,{2,1,0},{3,1,0})')) v (p)),
  (SELECT kaplan_meier(t, e)::text FROM (VALUES (1, true), (1, false), (2, false), (3, true), (3, false)) v (t, e)),
  'stored counts merge');
SELECT pg_temp.errors('SELECT merge_counts(p) FROM (VALUES (survival_counts ''(1,{1,9223372036854775807,1})''), (''(1,{1,1,1})'')) v (p)',
  '22003', 'number of customers out of range');
SELECT pg_temp.errors('SELECT merge_counts(p) FROM (VALUES (survival_counts ''(1,{1,9223372036854775807,1})''), (''(1,{2,1,1})'')) v (p)',
  '22003', 'number of customers out of range');
CREATE AGGREGATE merge_groups(logrank_sample) (SFUNC = logrank_combine, STYPE = logrank_sample,
  FINALFUNC = logrank_groups_final);
SELECT pg_temp.errors('SELECT merge_groups(p) FROM (SELECT (''(1,"'' || i || ''",{1,1,1})'')::logrank_sample AS p FROM generate_series(1, 1001) i) v',
  '54000', 'grp must have at most 1000 different values');
CREATE AGGREGATE merge_answers(answer_counts) (SFUNC = answer_counts_combine, STYPE = answer_counts,
  FINALFUNC = nps_interval_final);
SELECT pg_temp.errors('SELECT merge_answers(p) FROM (VALUES (answer_counts ''(1,0.9,1,1,0)''), (''(1,0.95,1,1,0)'')) v (p)',
  '22023', 'confidence must be the same for all rows, not 0.9 and 0.95');
SELECT pg_temp.errors('SELECT merge_answers(p) FROM (VALUES (answer_counts ''(1,0,9223372036854775807,1,0)''), (''(1,0,1,1,0)'')) v (p)',
  '22003', 'number of answers out of range');
SELECT pg_temp.errors('SELECT merge_answers(p) FROM (VALUES (answer_counts ''(1,0,2,1,0)'')) v (p)', '22023',
  'state must be that of nps_interval, not of nps');
CREATE AGGREGATE merge_points(points_entries) (SFUNC = points_balance_combine, STYPE = points_entries,
  FINALFUNC = points_balance_final);
SELECT pg_temp.errors(format('SELECT merge_points(p) FROM (VALUES (points_entries ''(1,first_earned,2025-01-01T00:00:00+00:00,{1,2024-01-01T00:00:00+00:00,-})''), (%L)) v (p)',
  other), '22023', message) FROM (VALUES
  ('(1,first_expiring,2025-01-01T00:00:00+00:00,{1,2024-01-01T00:00:00+00:00,-})',
    'burn must be the same for all rows, not first_earned and first_expiring'),
  ('(1,first_earned,lots,2025-01-01T00:00:00+00:00,{1,2024-01-01T00:00:00+00:00,-,-})',
    'states with lots and states without cannot be combined'),
  ('(1,first_earned,2025-01-02T00:00:00+00:00,{1,2024-01-01T00:00:00+00:00,-})',
    'as_of must be the same for all rows, not 2025-01-01 00:00:00+00 and 2025-01-02 00:00:00+00')) v (other, message);
CREATE TABLE bag (n int, b value_bag);
INSERT INTO bag SELECT 1, ('(1,-' || repeat(',1,3', 500) || ')')::value_bag
  UNION ALL SELECT 2, ('(1,-' || repeat(',1.50,2.50', 500) || ')')::value_bag;
SELECT ok((SELECT abs(merge_bags(b ORDER BY n) - merge_bags(b ORDER BY n DESC)) < 1e-15 FROM bag),
  'stored bags of different decimals combine in either order');
SELECT is((SELECT merge_bags(b ORDER BY n) FROM bag),
  (SELECT gini(v) FROM generate_series(1, 500), (VALUES (1), (3), (1.50), (2.50)) w (v)),
  'and give the Gini of all values');

-- the second level of one aggregate and the first of another, whose state has the same type
SELECT pg_temp.errors(format('SELECT %s_merge(s) FROM (SELECT %s AS s FROM generate_series(1, 4) i) p', merge,
  partial), '22023', format('state must be that of %s, not of %s', wanted, own)) FROM (VALUES
  ('shapley_attribution_rate', 'shapley_attribution_partial(''{a,b}'', 1, 1)',
    'shapley_attribution with non_conversions', 'shapley_attribution'),
  ('shapley_attribution_rate', 'markov_attribution_partial(''{a,b}'', 1, 1, 1)',
    'shapley_attribution with non_conversions', 'markov_attribution'),
  ('shapley_attribution', 'shapley_attribution_partial(''{a,b}'', 1, 1, 1)', 'shapley_attribution',
    'shapley_attribution with non_conversions'),
  ('shapley_attribution', 'markov_attribution_partial(''{a,b}'', 1, 1, 1, 3)', 'shapley_attribution',
    'markov_attribution'),
  ('markov_attribution', 'shapley_attribution_partial(''{a,b}'', 1, 1)', 'markov_attribution', 'shapley_attribution'),
  ('markov_attribution', 'shapley_attribution_partial(''{a,b}'', 1, 1, 1)', 'markov_attribution',
    'shapley_attribution with non_conversions'),
  ('npv', 'irr_partial(i, i)', 'npv, xnpv or discounted_payback', 'irr or payback'),
    ('xnpv', 'xirr_partial(i, date ''2024-01-01'' + i)', 'npv, xnpv or discounted_payback', 'irr or payback'),
  ('discounted_payback', 'mirr_partial(i, i, 0.1, 0.2)', 'npv, xnpv or discounted_payback', 'mirr'),
    ('mirr', 'npv_partial(0.1, i, i)', 'mirr', 'npv, xnpv or discounted_payback'),
  ('mirr', 'payback_partial(i, i)', 'mirr', 'irr or payback'),
  ('top_share', 'gini_partial(i)', 'top_share', 'gini'), ('nps_interval', 'nps_partial(i)', 'nps_interval', 'nps'),
    ('csat_interval', 'csat_partial(i, 3)', 'csat_interval', 'csat'),
  ('bgnbd_fit', 'sbg_fit_partial(i, i > 2)', 'bgnbd_fit', 'the fit of another model'),
    ('mbgnbd_fit', 'gamma_gamma_fit_partial(i, i)', 'mbgnbd_fit', 'the fit of another model'),
  ('pareto_nbd_fit', 'bdw_fit_partial(i, true)', 'pareto_nbd_fit', 'the fit of another model'),
    ('gamma_gamma_fit', 'bgnbd_fit_partial(i, i, 2 * i)', 'gamma_gamma_fit', 'the fit of another model'),
  ('gamma_gamma_fit', 'sbg_fit_partial(i, i > 2)', 'gamma_gamma_fit', 'the fit of another model'),
    ('sbg_fit', 'bgnbd_fit_partial(i, i, 2 * i)', 'sbg_fit', 'the fit of another model'),
  ('bdw_fit', 'gamma_gamma_fit_partial(i, i)', 'bdw_fit', 'the fit of another model')) v (merge, partial, wanted, own);
-- and every second level over every value of its type: a result, or an error of the data
CREATE FUNCTION pg_temp.merged(merge regproc, type text, value text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('SELECT (%s(%L::crmcost.%I))::text', merge, value, type);
  RETURN '00000';
EXCEPTION WHEN others THEN
  RETURN sqlstate;
END $$;
CREATE TABLE merging AS
  SELECT p.oid::regproc AS merge, value, pg_temp.merged(p.oid::regproc, type, value) AS outcome
  FROM (SELECT type, value, row_number() OVER (PARTITION BY type ORDER BY length(value), value) AS n FROM state) s
    JOIN pg_proc p ON p.pronamespace = 'crmcost'::regnamespace AND p.proname LIKE '%\_merge'
      AND p.proargtypes[0] = format('crmcost.%I', type)::regtype
  WHERE n <= 20;
SELECT is((SELECT count(DISTINCT merge)::int FROM merging),
  (SELECT count(*)::int FROM pg_proc WHERE pronamespace = 'crmcost'::regnamespace AND proname LIKE '%\_merge'),
  'every second level is tried');
SELECT is((SELECT string_agg(format('%s of %s: %s', merge, value, outcome), '; ') FROM merging
  WHERE outcome !~ '^(00|22|54)'), NULL, 'a second level says what is wrong with a state, and ends no session');

-- states without a final function, as a Citus worker sends them
CREATE AGGREGATE part(timestamptz, numeric) (SFUNC = rfm_trans, STYPE = rfm);
CREATE AGGREGATE part(bigint, timestamptz, numeric) (SFUNC = rfm_group_trans, STYPE = rfm_group);
CREATE AGGREGATE part(date, numeric) (SFUNC = repeat_purchases_trans, STYPE = repeat_purchases);
CREATE AGGREGATE part(float8, float8, float8) (SFUNC = rfm_cuts_trans, STYPE = rfm_population);
CREATE AGGREGATE part_sample(float8, float8, float8) (SFUNC = purchases_fit_trans, STYPE = clv_sample);
CREATE AGGREGATE part(numeric) (SFUNC = value_bag_trans, STYPE = value_bag);
CREATE AGGREGATE part(numeric, bigint) (SFUNC = cac_trans, STYPE = cac_sums);
CREATE AGGREGATE part(numeric, int) (SFUNC = period_flows_trans, STYPE = cash_flows);
CREATE AGGREGATE part(float8, boolean) (SFUNC = kaplan_meier_trans, STYPE = survival_counts);
CREATE AGGREGATE part(float8, boolean, text) (SFUNC = logrank_trans, STYPE = logrank_sample);
CREATE AGGREGATE part(int, float8) (SFUNC = nps_interval_trans, STYPE = answer_counts);
CREATE AGGREGATE part(numeric, timestamptz, timestamptz, timestamptz, text, timestamptz) (SFUNC = points_balance_trans,
  STYPE = points_entries);
CREATE TABLE parts AS
  SELECT g, part(purchased_at, amount) AS rfm, part(customer_id, purchased_at, amount) AS rfm_group,
    part(purchased_on, amount) AS repeat_purchases,
    part((id % 7)::float8, id % 11, id) AS rfm_population,
      part_sample(id % 7 + 1, id % 5 + 1, id % 11 + 6) AS clv_sample, part(amount) AS value_bag,
    part(amount, id::bigint) AS cac_sums, part(amount, id % 31) AS cash_flows,
    part(recency_days, acquired) AS survival_counts, part(recency_days, acquired, 'g' || id % 7) AS logrank_sample,
      part(id % 11, 0.9) AS answer_counts,
    part(amount, purchased_at, purchased_at + interval '90 days', purchased_at + interval '3 days',
      CASE WHEN id % 3 > 0 THEN 'o' || id % 9 END, '2025-01-01') AS points_entries
  FROM (SELECT *, purchase.id % 5 AS part FROM purchase) p GROUP BY g, part;
CREATE TABLE part_state AS SELECT 'rfm' AS type, rfm::text AS value, rfm_send(rfm) AS wire FROM parts
  UNION ALL SELECT 'rfm_group', rfm_group::text, rfm_group_send(rfm_group) FROM parts
  UNION ALL SELECT 'repeat_purchases', repeat_purchases::text, repeat_purchases_send(repeat_purchases) FROM parts
  UNION ALL SELECT 'rfm_population', rfm_population::text, rfm_population_send(rfm_population) FROM parts
  UNION ALL SELECT 'clv_sample', clv_sample::text, clv_sample_send(clv_sample) FROM parts
  UNION ALL SELECT 'value_bag', value_bag::text, value_bag_send(value_bag) FROM parts
  UNION ALL SELECT 'cac_sums', cac_sums::text, cac_sums_send(cac_sums) FROM parts
  UNION ALL SELECT 'cash_flows', cash_flows::text, cash_flows_send(cash_flows) FROM parts
  UNION ALL SELECT 'survival_counts', survival_counts::text, survival_counts_send(survival_counts) FROM parts
  UNION ALL SELECT 'logrank_sample', logrank_sample::text, logrank_sample_send(logrank_sample) FROM parts
  UNION ALL SELECT 'answer_counts', answer_counts::text, answer_counts_send(answer_counts) FROM parts
  UNION ALL SELECT 'points_entries', points_entries::text, points_entries_send(points_entries) FROM parts;
SELECT is((SELECT count(*)::int FROM part_state WHERE type = t AND pg_temp.read_again(type, value) <> value), 0,
  t || ': a state without final function reads its own text')
  FROM (SELECT DISTINCT type AS t FROM part_state) s;
SELECT is((SELECT count(*)::int FROM part_state WHERE type = t AND pg_temp.wire(type, value) <> wire), 0,
  t || ': and is sent as that text says')
  FROM (SELECT DISTINCT type AS t FROM part_state) s;
SELECT is(pg_temp.receive(type, wire), value, type || ': and is received')
  FROM (SELECT DISTINCT ON (type) * FROM part_state ORDER BY type, length(wire)) s;
SELECT pg_temp.is_same('SELECT g, rfm_merge(rfm::text::rfm)::text, rfm_group_merge(rfm_group::text::rfm_group)::text, repeat_purchases_merge(repeat_purchases::text::repeat_purchases)::text FROM parts GROUP BY g',
  'SELECT g, rfm(purchased_at, amount)::text, rfm_group(customer_id, purchased_at, amount)::text, repeat_purchases(purchased_on, amount)::text FROM purchase GROUP BY g',
    'states sent as text merge to the whole');

-- the inverse function of a user's own aggregate puts a toasted state in the
-- place of the one that is changed in place
CREATE TABLE toasted AS SELECT part(date '2000-01-01' + (CASE WHEN i <= 10000 THEN i ELSE i * 7919 % 10000 + 1 END),
  1) AS d FROM generate_series(1, 20000) i;
CREATE FUNCTION from_table(repeat_purchases, repeat_purchases) RETURNS repeat_purchases
  LANGUAGE sql STABLE AS 'SELECT d FROM toasted';
CREATE AGGREGATE moving(repeat_purchases) (SFUNC = repeat_purchases_combine, STYPE = repeat_purchases,
  FINALFUNC = repeat_purchases_final,
  MSFUNC = repeat_purchases_combine, MINVFUNC = from_table, MSTYPE = repeat_purchases,
    MFINALFUNC = repeat_purchases_final);
SELECT is((SELECT array_agg(frequency(m) ORDER BY i) FROM (SELECT i, moving(d) OVER (ORDER BY i ROWS 1 PRECEDING) AS m
             FROM (SELECT repeat_purchases(date '1800-01-01' + i, 1) AS d FROM generate_series(1, 60000) i) s,
               generate_series(1, 4) i) s),
          '{59999,59999,69999,69999}', 'and that is copied before it is changed');

-- many groups: eight times as many take less than 24 times as long (64 times, were it
-- quadratic), in CPU time where the system tells (/proc/self/schedstat, in nanoseconds)
CREATE AGGREGATE clv_sample(float8, float8, float8) (SFUNC = purchases_fit_trans, STYPE = clv_sample, SSPACE = 65536,
  COMBINEFUNC = clv_sample_combine);
CREATE TABLE grouped AS SELECT i AS id, i % 80000 AS wide, i % 10000 AS narrow,
  timestamptz '2024-01-01' + make_interval(mins => i) AS at, date '2024-01-01' + i % 300 AS on_day,
    (i % 1000)::numeric / 4 AS amount, (i % 300)::float8 AS x FROM generate_series(1, 160000) i;
ANALYZE grouped;
SET LOCAL work_mem = '256MB';
SET LOCAL enable_sort = off;
CREATE FUNCTION pg_temp.seconds() RETURNS float8
LANGUAGE sql VOLATILE AS $$
  SELECT coalesce(split_part(pg_read_file('/proc/self/schedstat', 0, 100, true), ' ', 1)::float8 / 1e9,
                  extract(epoch FROM clock_timestamp())::float8)
$$;
CREATE FUNCTION pg_temp.best_of(query text) RETURNS float8
LANGUAGE plpgsql AS $$
DECLARE
  best float8 := 'Infinity';
  started float8;
BEGIN
  FOR i IN 1 .. 5 LOOP
    started := pg_temp.seconds();
    EXECUTE format('SELECT count(s) FROM (%s OFFSET 0) s', query);
    best := least(best, pg_temp.seconds() - started);
  END LOOP;
  RETURN best;
END $$;
SELECT cmp_ok(pg_temp.best_of(format('SELECT wide, %s FROM grouped GROUP BY wide', call)), '<',
    24 * pg_temp.best_of(format('SELECT narrow, %s FROM grouped WHERE id <= 20000 GROUP BY narrow', call)),
      '80,000 groups take less than 24 times as long as 10,000: ' || call)
  FROM (VALUES ('rfm(at, amount)'), ('rfm_group(id, at, amount)'), ('repeat_purchases(on_day, amount)'),
    ('rfm_cuts(x, x, x)'), ('top_share(amount + 1, 0.2)'), ('gini(amount + 1)'), ('cac(amount, 1)'),
    ('clv_sample(x, x, x)'), ('npv(0.1, amount, id % 300)'),
    ('kaplan_meier(x, id % 3 > 0)'), ('logrank(x, id % 3 > 0, (id % 2)::text)'), ('nps(id % 11)'),
      ('points_balance(amount, at, NULL, ''2025-01-01'')')) v (call);
\ir finish.psql
