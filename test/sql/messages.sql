-- What a user reads when something is wrong: message and hint, word by word.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS crmcost;
SET search_path = crmcost, public;
SET timezone = 'UTC';
-- a value that is none
SELECT rfm('2024-01-01', 'NaN');
SELECT rfm('infinity', 1);
SELECT rfm_score('NaN', 1, 1, '{30}', '{2}', '{50}');
SELECT clv(100, 0.8, 'Infinity');
-- a value out of range
SELECT clv(100, 1.2, 0.1);
SELECT clv(100, 0.8, -1);
SELECT clv(100, 1, 0);
SELECT rfm_score(1, 1, 1, 10) OVER ();
SELECT rfm_score(-1, 1, 1) OVER ();
SELECT rfm_segment(600);
SELECT abc_tier(1, 0.95, 0.80) OVER ();
SELECT top_share(1, 20);
SELECT allocate(100, -1) OVER ();
SELECT cac(100, -3);
-- impossible data
SELECT recency_days(rfm('2024-03-01', 1), '2024-02-01');
SELECT age(repeat_purchases('2024-03-01', 1), '2024-02-01');
SELECT gini(v) FROM (VALUES (3), (-0.50)) s (v);
SELECT gini(0);
SELECT rfm_score(1, 1, 1, '{90,30}', '{2,3}', '{50,60}');
SELECT rfm_score(1, 1, 1, '{30,90}', '{2}', '{50,60}');
-- attribution, budget, leads
SELECT attribution_weight('u_shape', now(), now()) OVER ();
SELECT attribution_weight('first', now(), '2025-01-01', '0') OVER ();
SELECT attribution_weight('first', now(), d) OVER () FROM (VALUES (timestamptz '2025-01-01'), ('2025-01-02')) s (d);
SELECT markov_attribution('{}', 1, 1, 1);
SELECT markov_attribution('{A,NULL}', 1, 1, 1);
SELECT markov_attribution('{A}', -1, 1, 1);
SELECT shapley_attribution(ARRAY['c' || i], 1, 1, 1) FROM generate_series(1, 21) i;
SELECT optimal_budget(100, '{1,1}', '{1,1}', '{60,60}');
SELECT optimal_budget(100, '{1,1}', '{1,1}', NULL, '{40,50}');
SELECT logit_fit(i > 4, ARRAY[i % 3, i]) FROM generate_series(1, 9) i;
SELECT logit_fit(i % 3 = 0, ARRAY[i, i % 5, 2 * i - i % 5]) FROM generate_series(1, 90) i;
SELECT logit_fit(true, ARRAY[i]) FROM generate_series(1, 9) i;
SELECT logit_fit(true, '{1,NULL}');
-- survival, answers, points
SELECT kaplan_meier(-1, true);
SELECT logrank('NaN', true, 'a');
SELECT nps(11);
SELECT nps_interval(9, 95);
SELECT csat('Infinity', 4);
SELECT points_balance(10, '2025-01-02', '2025-01-01', '2025-06-01');
SELECT points_balance(p, '2025-01-02', NULL, '2025-06-01') FROM (VALUES (10), (-11)) s (p);
SELECT points_balance(p, '2025-01-02', NULL, '2025-01-05', 'o-1', '2025-06-01') FROM (VALUES (10), (-4)) s (p);
SELECT points_balance(-4, '2025-01-02', NULL, NULL, 'o-1', '2025-06-01');
SELECT points_balance(1, '2025-01-02', NULL, '2025-06-01', 'lifo');
-- amounts
SELECT allocate(10.005, 1) OVER ();
SELECT allocate(a, 1) OVER () FROM (VALUES (10), (20)) s (a);
SELECT allocate(10, 1, s) OVER () FROM (VALUES (2), (3)) s (s);
SELECT rfm('2024-01-01', 1e80);
-- a parameter that is missing
SELECT abc_tier(1, NULL) OVER ();
-- forged values
SELECT '(1,2024-01-02T00:00:00+00:00,2024-01-01T00:00:00+00:00,1,1)'::rfm;
SELECT '(1,now,now,1,1)'::rfm;
SELECT '(2,1,1,2024-01-01)'::repeat_purchases;
SELECT '(1)'::rfm_group;
-- calls out of place
SELECT rfm_trans(NULL, now(), 1);
SELECT abc_tier(1);
