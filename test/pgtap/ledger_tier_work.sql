-- Tiers at work: who moves, what is not kept, what is missing to the next tier, value against potential, a score of
-- several factors.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();
CREATE FUNCTION pg_temp.differing() RETURNS text LANGUAGE sql AS $$
  SELECT crmcost._make_work_tables('crm');
  SELECT string_agg(format('%s: %s', target, rows_differ), ', ') FROM crmcost._verify('crm')$$;
CREATE FUNCTION pg_temp.finding(what text) RETURNS text LANGUAGE sql AS $$
  SELECT rows || coalesce(' ' || example, '') FROM crm.data_quality WHERE check_name = what$$;
UPDATE setting SET value = 'none' WHERE key = 'clv_model';
SAVEPOINT fresh;

-- a score of several factors
SELECT is(crmcost.composite_score('{80,60,40,50,100}', '{.3,.25,.2,.15,.1}'), 64.5,
  'C20: the mean of five factors by their weights');
SELECT is(crmcost.composite_score('{80,60}', '{3,1}'), 75.0,
  'C20: weights that do not add up to 1 are parts of their sum');
SELECT is(crmcost.composite_score('{7}', '{0.001}'), 7.0, 'one factor is the score');
SELECT is(crmcost.composite_score('{1e30,1}', '{0.5,0.5}'), 500000000000000000000000000000.5,
  'exact to the last digit');
SELECT is(crmcost.composite_score('{80,NULL}', '{.5,.5}'), NULL, 'an unknown factor makes the score unknown');
SELECT is(crmcost.composite_score(NULL, '{1}'), NULL, 'and so does none');
SELECT throws_ok($$SELECT crmcost.composite_score('{1,2}', '{1}')$$, '22023',
  'weights must have one element for each of scores, not 1 for 2', 'each value has a weight');
SELECT throws_ok($$SELECT crmcost.composite_score('{}', '{}')$$, '22023',
  'weights must have one element for each of scores, not 0 for 0', 'and there are some');
SELECT throws_ok($$SELECT crmcost.composite_score('{{1,2},{3,4}}', '{1,1,1,1}')$$, '22023', NULL, 'a table is refused');
SELECT throws_ok($$SELECT crmcost.composite_score('{1,NaN}', '{1,1}')$$, '22023', 'scores must be finite, not NaN',
  'NaN is refused');
SELECT throws_ok($$SELECT crmcost.composite_score('{1,2}', '{1,-1}')$$, '22023',
  'weights must be finite and not negative, not -1', 'a negative weight too');
SELECT throws_ok($$SELECT crmcost.composite_score('{1,2}', '{1,Infinity}')$$, '22023',
  'weights must be finite and not negative, not Infinity', 'an infinite one');
SELECT throws_ok($$SELECT crmcost.composite_score('{1,2}', '{1,NaN}')$$, '22023',
  'weights must be finite and not negative, not NaN', 'and NaN');
SELECT throws_ok($$SELECT crmcost.composite_score('{1,2}', '{0,0}')$$, '22023', 'weights must not all be 0',
  'somebody has to count');

-- 100 silver: 12 rise, 8 fall
DELETE FROM tier WHERE scheme IN ('abc', 'value');
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at) SELECT i, 'c' || i, '2024-04-01',
  '2024-05-01' FROM generate_series(1, 103) i;
INSERT INTO sale (customer_id, order_ref, line_no, kind, sold_at, amount, cogs, currency)
  SELECT i, 'a' || i, 1, 'sale', timestamptz '2024-05-10', CASE i WHEN 101 THEN 20000 WHEN 100 THEN 8200 ELSE 5000 END,
    CASE i WHEN 100 THEN 4920 ELSE 2000 END, 'EUR' FROM generate_series(1, 101) i
  UNION ALL SELECT i, 'b' || i, 1, 'sale', '2024-06-10', 6000, 2000, 'EUR' FROM generate_series(1, 12) i
  UNION ALL SELECT i, 'a' || i, 2, 'refund', '2024-06-10', -4500, -1800, 'EUR' FROM generate_series(13, 20) i
  UNION ALL SELECT 102, 'x', 1, 'sale', '2024-06-11', 50, 10, 'EUR';
CALL crmcost.refresh('crm', '2024-06-05');
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq($$SELECT tier_from, tier_to, direction, customers, customer_share FROM tier_migration
  WHERE month_start = '2024-06-01' ORDER BY 1, 2$$,
  $$ VALUES ('(none)'::text, 'regular'::text, 'new'::text, 1::bigint, NULL::numeric), ('gold', 'gold', 'stay', 1, 1),
    ('silver', 'gold', 'up', 12, 0.12), ('silver', 'regular', 'down', 8, 0.08),
    ('silver', 'silver', 'stay', 80, 0.8) $$,
  'C19: of 100 silver 12 rise, 8 fall, 80 stay');
SELECT results_eq($$SELECT tier_from, tier_to, direction, customers
  FROM crmcost.tier_migration('crm', '2024-05-31', '2024-06-30') ORDER BY 1, 2$$,
  $$SELECT tier_from, tier_to, direction, customers FROM tier_migration WHERE month_start = '2024-06-01'
    ORDER BY 1, 2$$, 'C19: between any two days as well');
SELECT results_eq($$SELECT sum(customers) FROM crmcost.tier_migration('crm', '2024-04-30', '2024-06-30')
  WHERE direction = 'new'$$, 'VALUES (102::numeric)', 'C19: over several months');
SELECT is_empty($$SELECT * FROM crmcost.tier_migration('crm', '2023-01-01', '2023-06-30')$$,
  'before anybody was there nobody moves');
SELECT throws_like($$SELECT * FROM crmcost.tier_migration('crm', '2024-06-30', '2024-06-30')$$,
  'from_day must be a finite date before to_day%', 'a day is not compared with itself');
SELECT throws_like($$SELECT * FROM crmcost.tier_migration('crm', '2024-06-30', '2024-07-01')$$,
  'from_day must be a finite date before to_day, and that not after the last refresh, as of 2024-06-30%',
  'nor with one that is not reported yet');
SELECT throws_like($$SELECT * FROM crmcost.tier_migration('crm', NULL, '2024-06-30')$$, 'from_day must%',
  'nor NULL with any');
SELECT throws_like($$SELECT * FROM crmcost.tier_migration('crm', '-infinity', '2024-06-30')$$, 'from_day must%',
  'nor the beginning of all days');
SELECT results_eq('SELECT scheme, tier, next_tier, value, needed, gap, gap_share, worth FROM tier_gap WHERE customer_id = 100',
  $$ VALUES ('loyalty'::text, 'silver'::text, 'gold'::text, 8200.0, 10000.0, 1800.0, 0.18, 720.0) $$,
    'C8: 8,200 for a gold of 10,000: 1,800 are missing, worth 720 at a margin of 40 %');
SELECT is_empty('SELECT FROM tier_gap WHERE customer_id = 101', 'nothing is above gold');
SELECT results_eq('SELECT gap FROM tier_gap JOIN customer_tier USING (customer_id, scheme) WHERE gap IS DISTINCT FROM gap_to_next',
  'SELECT 0.0 WHERE false', 'as in customer_tier');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
-- by hand, and a customer who left
INSERT INTO classification (customer_id, dimension, entered_at, code) VALUES (50, 'loyalty', '2024-06-20', 'gold');
DELETE FROM sale WHERE customer_id = 102;
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq($$SELECT tier_from, tier_to, customers FROM tier_migration WHERE month_start = '2024-06-01'
  ORDER BY 1, 2$$,
  $$ VALUES ('gold'::text, 'gold'::text, 1::bigint), ('silver', 'gold', 13), ('silver', 'regular', 8),
    ('silver', 'silver', 79) $$, 'C19: a move by hand is one');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
CALL crmcost.refresh('crm', '2024-08-01');
SELECT results_eq($$SELECT tier_from, tier_to, customers FROM tier_migration WHERE month_start = '2024-07-01'
  ORDER BY 1, 2$$, $$ VALUES ('gold'::text, 'gold'::text, 14::bigint), ('regular', 'regular', 8),
  ('silver', 'silver', 79) $$, 'and then they stay');
SELECT crmcost.merge_customer('crm', 50, 51);
CALL crmcost.refresh('crm', '2024-08-01');
SELECT is(pg_temp.differing(), NULL, 'merged customers as a full computation says');
ROLLBACK TO fresh;

-- what the rule has told in the last two months is not all that happened to who was set by hand or merged
DELETE FROM tier WHERE scheme IN ('abc', 'value');
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at) SELECT i, 'c' || i, '2024-04-01',
  '2024-05-01' FROM generate_series(1, 9) i;
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency)
  SELECT i, 'a' || i, timestamptz '2024-05-10', CASE WHEN i IN (7, 9) THEN 500 ELSE 5000 END, 'EUR'
  FROM generate_series(1, 9) i;
CALL crmcost.refresh('crm', '2024-06-15');
-- the rule says regular of 9 then, and silver of 8, whose party is going to be 7
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) VALUES (9, 'b9', '2024-06-20', 600, 'EUR');
INSERT INTO classification (customer_id, dimension, entered_at, code)
  VALUES (1, 'loyalty', '2024-06-20', 'gold'), (2, 'loyalty', '2024-05-20', 'regular');
CALL crmcost.refresh('crm', '2024-07-01');
SELECT crmcost.merge_customer('crm', 8, 7);
CALL crmcost.refresh('crm', '2024-07-01');
SELECT is(pg_temp.differing(), NULL, 'by hand and merged, as a full computation says');
INSERT INTO sale (customer_id, order_ref, line_no, kind, sold_at, amount, currency)
  VALUES (1, 'a1', 2, 'refund', '2024-07-10', -4500, 'EUR'), (3, 'b3', 1, 'sale', '2024-07-10', 6000, 'EUR'),
    (7, 'b7', 1, 'sale', '2024-07-10', 6000, 'EUR');
CALL crmcost.refresh('crm', '2024-07-20');
SELECT results_eq($$SELECT tier_from, tier_to, customers FROM tier_migration WHERE month_start = '2024-07-01'
  ORDER BY 1, 2$$,
  $$ VALUES ('gold'::text, 'regular'::text, 1::bigint), ('regular', 'regular', 1), ('silver', 'gold', 2),
    ('silver', 'silver', 4) $$, 'of 1 it was the hand that said gold, of 2 that he is regular');
SELECT results_eq($$SELECT tier_from, tier_to, customers FROM tier_migration WHERE month_start = '2024-06-01'
  ORDER BY 1, 2$$,
  $$ VALUES ('regular'::text, 'regular'::text, 1::bigint), ('regular', 'silver', 1), ('silver', 'gold', 1),
    ('silver', 'silver', 5) $$, 'and in the month before');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
ROLLBACK TO fresh;

-- what is not kept
DELETE FROM tier WHERE scheme IN ('abc', 'value');
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at) SELECT i, 'c' || i, '2024-01-01',
  '2024-01-01' FROM generate_series(1, 60) i;
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, product_code, amount, discount, currency)
  SELECT i, 'a' || i, 1, timestamptz '2024-02-10', 'P', CASE WHEN i <= 8 THEN 20000 WHEN i <= 58 THEN 2000 ELSE 90 END,
    0, 'EUR' FROM generate_series(1, 60) i
  -- 10 % of 100 where 5 % is allowed, and 5 %
  UNION ALL SELECT 59, 'd59', 1, '2024-02-12', 'Q', 90, 10, 'EUR' UNION ALL SELECT 60, 'd60', 1, '2024-02-12', 'Q', 95,
    5, 'EUR'
  -- 20 % that were taken back
  UNION ALL SELECT 60, 'e60', 1, '2024-02-12', 'Q', 80, 20, 'EUR' UNION ALL SELECT 60, 'e60', 2, '2024-02-13', 'Q',
    -80, -20, 'EUR';
-- 45 of 50 silver were contacted in the last 30 days
INSERT INTO interaction (customer_id, occurred_at, kind) SELECT i, CASE WHEN i <= 53 THEN timestamptz '2024-06-15'
  WHEN i = 54 THEN '2024-05-31 01:00' ELSE '2024-05-30 23:00' END, 'care' FROM generate_series(1, 57) i;
-- four agents, of whom the best one has six of the eight gold, another one has one, and one is without
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, score, agent_code) SELECT i, '2024-06-16', 'survey',
  'csat', 1 + i % 4, 'agent' || i % 4 FROM generate_series(9, 48) i;
INSERT INTO classification (customer_id, dimension, entered_at, code) SELECT i, 'owner', '2024-03-01', CASE WHEN i = 7
  THEN 'agent0' ELSE 'agent3' END FROM generate_series(1, 7) i;
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq($$SELECT customer_id, tier, happened_on, product_code, actual, allowed, amount, currency
  FROM tier_compliance WHERE rule = 'discount'$$,
  $$ VALUES (59::bigint, 'regular'::text, '2024-02-12'::date, 'Q'::text, 0.1, 0.05, 5.0, 'EUR'::text) $$,
    'C14: the line with 10 % where 5 % is allowed, 5 too much');
SELECT is((SELECT sale_id FROM tier_compliance WHERE rule = 'discount'),
  (SELECT sale_id FROM sale WHERE order_ref = 'd59'), 'C14: it is named');
SELECT results_eq($$SELECT customer_id, happened_on, actual, allowed FROM tier_compliance
  WHERE rule = 'contact' AND tier = 'silver' ORDER BY 1$$,
  $$ VALUES (55::bigint, '2024-06-29'::date, 31.0, 30.0), (56, '2024-06-29', 31, 30), (57, '2024-06-29', 31, 30),
    (58, '2024-03-31', 121, 30) $$,
    'C8, E12: overdue after 31 days where 30 are promised, and who was never contacted') ;
SELECT results_eq($$SELECT customers, breached_customers, compliance_rate FROM tier_compliance_rate
  WHERE rule = 'contact' AND tier = 'silver'$$, $$ VALUES (50::bigint, 4::bigint, 0.92) $$, 'E12: the part on time');
SELECT results_eq($$SELECT customer_id, tier FROM tier_compliance WHERE rule = 'owner'$$,
  $$ VALUES (8::bigint, 'gold'::text) $$, 'C7: gold without an owner');
SELECT results_eq($$SELECT customer_id, agent_code FROM tier_compliance WHERE rule = 'best_agent'$$,
  $$ VALUES (7::bigint, 'agent0'::text) $$, 'C11: gold with another than the best');
SELECT results_eq($$SELECT rule, customers, breaches, compliance_rate FROM tier_compliance_rate
  WHERE tier = 'gold' AND rule <> 'contact' ORDER BY 1$$,
  $$ VALUES ('best_agent'::text, 8::bigint, 1::bigint, 0.875), ('discount', 8, 0, 1), ('owner', 8, 1, 0.875) $$,
    'in parts');
SELECT is_empty($$SELECT b.scheme, b.tier FROM tier_resource b LEFT
  JOIN (SELECT scheme, tier, count(*) AS n FROM tier_compliance WHERE rule = 'discount' GROUP BY 1, 2) c
  USING (scheme, tier) WHERE b.breaches <> coalesce(c.n, 0)$$, 'C14: tier_resource counts them');
SELECT is((SELECT sum(discount) FROM discount_line), 15.0, 'all discounts are kept');
-- what the rate counts are the rows, at any moment
CREATE FUNCTION pg_temp.miscounted() RETURNS SETOF text LANGUAGE sql AS $$
  SELECT format('%s of %s: %s rows of %s customers, not %s of %s', r.rule, r.tier, coalesce(c.breaches, 0),
    coalesce(c.customers, 0), r.breaches, r.breached_customers)
  FROM tier_compliance_rate r
  LEFT JOIN (SELECT rule, scheme, tier, count(*) AS breaches, count(DISTINCT customer_id) AS customers
    FROM tier_compliance GROUP BY 1, 2, 3) c USING (rule, scheme, tier)
  WHERE (r.breaches, r.breached_customers) IS DISTINCT FROM (coalesce(c.breaches, 0), coalesce(c.customers, 0))
  UNION ALL
  SELECT format('%s of %s is not counted', c.rule, c.tier)
  FROM tier_compliance c WHERE NOT EXISTS (SELECT FROM tier_compliance_rate r
    WHERE (r.rule, r.scheme, r.tier) = (c.rule, c.scheme, c.tier))
$$;
SELECT is_empty('SELECT * FROM pg_temp.miscounted()', 'E12: tier_compliance_rate counts the rows of tier_compliance');
UPDATE tier SET discount_rate = 0.1, contact_every = '10 days', account_manager = true WHERE code = 'regular';
SELECT is_empty('SELECT * FROM pg_temp.miscounted()', 'of the rules as they were, or as they are, in both');
CALL crmcost.refresh('crm', '2024-06-30');
SELECT is_empty($$SELECT FROM tier_compliance WHERE rule = 'discount'$$,
  'a limit that changes holds with the next refresh');
SELECT is_empty('SELECT * FROM pg_temp.miscounted()', 'E12: and so it counts');
INSERT INTO interaction (customer_id, occurred_at, kind) VALUES (58, '2024-06-28', 'care'), (9, '2024-06-29', 'touch');
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, product_code, amount, discount, currency)
  VALUES (1, 'late', 1, '2024-06-20', 'P', 50, 50, 'EUR');
SELECT crmcost.erase_customer('crm', 59);
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq($$SELECT customer_id, actual FROM tier_compliance WHERE rule = 'discount'$$,
  $$ VALUES (1::bigint, 0.5) $$, 'news too, with the next refresh');
SELECT is_empty('SELECT * FROM pg_temp.miscounted()', 'E12: and so does what follows the news');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
ROLLBACK TO fresh;

-- value against potential, and a customer in no tier
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at) SELECT i, 'c' || i, '2024-01-01',
  '2024-01-01' FROM generate_series(1, 41) i;
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) SELECT i, format('%s/%s', i, n),
  timestamptz '2024-01-10' + n * 20 * interval '1 day', 40 * i, 'EUR' FROM generate_series(1, 40) i,
  generate_series(1, 1 + i % 5) n;
DELETE FROM tier WHERE scheme = 'value' AND code = 'low';
CALL crmcost.refresh('crm', '2024-07-01');
SELECT is_empty('SELECT scheme FROM tier_potential GROUP BY 1 HAVING sum(customers) <> 41 OR abs(sum(customer_share) - 1) > 0.00001',
  'C23: the quadrants hold each customer once');
SELECT results_eq($$SELECT quadrant, sum(customers) FROM tier_potential WHERE scheme = 'abc' GROUP BY 1 ORDER BY 1$$,
  $$WITH c AS (SELECT coalesce(clv_predictive, clv_formula, 0) AS potential, a.tier FROM customer_clv FULL
    JOIN (SELECT * FROM customer_tier WHERE scheme = 'abc') a USING (customer_id))
    SELECT CASE WHEN tier IS NOT DISTINCT FROM 'A' THEN CASE WHEN potential > h THEN 'keep' ELSE 'harvest' END
      WHEN potential > h THEN 'develop' ELSE 'automate' END, count(*)::numeric
    FROM c, (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY potential) AS h FROM c) m GROUP BY 1 ORDER BY 1$$,
      'C23: by tier and by the median of the value to come');
SELECT results_eq($$SELECT tier, tier_rank FROM tier_potential WHERE scheme = 'value' AND tier_rank IS NULL
  GROUP BY 1, 2$$, $$ VALUES ('(unknown)'::text, NULL::smallint) $$, 'who is in no tier is there as well');
SELECT matches(pg_temp.finding('untiered_customer'), '^[1-9]\d* customer \d+ has no tier in value$', 'and a finding');
SELECT matches(pg_temp.finding('tier_rule_gap'), '^[1-9]\d* scheme value: no tier takes RFM score 111$',
  'as is the gap in the rules, at once');
INSERT INTO tier (scheme, code, rank, basis, r, f, m, name)
  VALUES ('value', 'rest', 3, 'rfm', '[1,]', '[1,]', '[1,]', 'Rest'),
  ('value', 'never', 4, 'rfm', '[1,2]', '[1,]', '[1,]', 'Never');
SELECT is(pg_temp.finding('tier_rule_gap'), '0', 'the gap is filled');
SELECT is(pg_temp.finding('tier_rule_overlap'), '1 scheme value: better tiers take all that is for never',
  'a tier that others swallow is a finding');
UPDATE tier SET bound = 100 WHERE code = 'regular';
UPDATE tier SET bound = 0.99 WHERE scheme = 'abc' AND code = 'C';
SELECT is(pg_temp.finding('tier_below_last_bound'),
  '1 scheme loyalty: who is below 100 of the last tier, regular, is in it too', 'bounds that leave something below');
SELECT is(pg_temp.finding('tier_above_last_bound'),
  '1 scheme abc: what is above 0.99 of the last tier, C, is in it too', 'or above');
UPDATE tier SET bound = 20000 WHERE code = 'silver';
SELECT is(pg_temp.finding('tier_bounds_out_of_order'), '1 loyalty: gold and silver', 'bounds that overlap');
ROLLBACK TO fresh;

-- a line without order_ref is an order of its own, also for what was given off
INSERT INTO customer (customer_id, source_key, first_seen_at) VALUES (1, 'c1', '2024-01-01');
INSERT INTO sale (customer_id, sold_at, product_code, amount, discount, currency)
  VALUES (1, '2024-02-05', 'P', 9, 1, 'EUR'), (1, '2024-05-05', 'P', 9, 1, 'EUR');
CALL crmcost.refresh('crm', '2024-07-01');
SELECT results_eq('SELECT sold_on, sale_lines, price FROM discount_line ORDER BY 1',
  $$VALUES ('2024-02-05'::date, 1::bigint, 10.0), ('2024-05-05', 1, 10.0)$$,
  'lines without order_ref have a row each');
ROLLBACK TO fresh;

-- nobody there
CALL crmcost.refresh('crm', '2024-07-01');
SELECT is((SELECT count(*) FROM tier_migration) + (SELECT count(*) FROM tier_compliance) + (SELECT count(*)
  FROM tier_compliance_rate) + (SELECT count(*) FROM tier_gap) + (SELECT count(*) FROM tier_potential), 0::bigint,
  'an empty ledger has nothing to say');
SELECT is(pg_temp.finding('tier_rule_gap') || pg_temp.finding('tier_rule_overlap')
  || pg_temp.finding('tier_below_last_bound') || pg_temp.finding('tier_above_last_bound'), '0000',
  'and its tiers are sound');

SELECT * FROM finish();
ROLLBACK;
