-- nps, csat and their intervals: published figures, the definition written in SQL,
-- and what must hold for every aggregate.
\ir setup.psql
\ir properties.psql
SELECT no_plan();

ALTER TABLE purchase ADD score int, ADD confidence float8, ADD satisfied_from numeric;
UPDATE purchase SET score = id % 11, confidence = 0.9, satisfied_from = id % 3 * 40;
ANALYZE purchase;
SELECT pg_temp.aggregate_holds('nps', '{score}', '{1}');
SELECT pg_temp.aggregate_holds('nps_interval', '{score}', '{1}');
SELECT pg_temp.aggregate_holds('nps_interval', '{score,confidence}', '{1,2}');
SELECT pg_temp.aggregate_holds('csat', '{value,satisfied_from}', '{1,2}');
SELECT pg_temp.aggregate_holds('csat_interval', '{value,satisfied_from}', '{1,2}');
SELECT pg_temp.aggregate_holds('csat_interval', '{value,satisfied_from,confidence}', '{1,2,3}');

-- so many answers of each kind
CREATE FUNCTION pg_temp.answers(promoters int, passives int, detractors int) RETURNS SETOF int LANGUAGE sql AS
  'SELECT 9 + i % 2 FROM generate_series(1, promoters) i UNION ALL SELECT 7 + i % 2 FROM generate_series(1, passives) i UNION ALL SELECT i % 7 FROM generate_series(1, detractors) i';
CREATE FUNCTION pg_temp.satisfied(satisfied int, answers int) RETURNS SETOF numeric LANGUAGE sql AS
  'SELECT CASE WHEN i <= satisfied THEN 4 + i % 2 ELSE i % 4 END::numeric FROM generate_series(1, answers) i';

SELECT is((SELECT nps(s) FROM pg_temp.answers(50, 30, 20) s), 30.0000000000000000,
  '50 promoters, 30 passives, 20 detractors: +30');
SELECT is((SELECT csat(s, 4) FROM pg_temp.satisfied(84, 100) s), 0.84000000000000000000, '84 of 100 are satisfied');
-- exact variance: 5/9 an answer (Cross Validated, p = 1/2, 1/3, 1/6); margins of
-- error of cybaea.net (2016), which are z sqrt(var / n)
SELECT ok(abs(n - nps) < 1e-9 AND abs(upper(i) - n - margin) < 1e-9 AND abs(n - lower(i) - margin) < 1e-9
  AND lower_inc(i) AND upper_inc(i), format('%s, %s, %s: %s +- %s', p, q, d, nps, round(margin, 4)))
  FROM (VALUES (162, 108, 54, 33.3333333333, 8.115949449783162), (60, 25, 15, 45, 14.50240912514205),
    (600, 250, 150, 45, 4.586064439505876)) v (p, q, d, nps, margin),
  LATERAL (SELECT nps(s) AS n, nps_interval(s) AS i FROM pg_temp.answers(p, q, d) s) a;
-- Wilson's interval as prop.test(correct = FALSE) of R gives it; of nobody and of
-- all, z^2 / (n + z^2) by hand
SELECT ok(abs(lower(i) - lo) < 1e-9 AND abs(upper(i) - hi) < 1e-9, format('%s of %s: %s to %s', k, n, lo, hi))
  FROM (VALUES (80, 100, 0.7111708344068411, 0.8666330666689676), (4, 5, 0.3755346297625253, 0.9637758913675698),
  (0, 10, 0, 0.277532799862889), (10, 10, 0.722467200137111, 1)) v (k, n, lo, hi),
  LATERAL (SELECT csat_interval(s, 4) AS i FROM pg_temp.satisfied(k, n) s) a;
SELECT ok(bool_and(abs(lower(i)::float8 - crmcost._wilson_lower(k, n, 0.95)) < 1e-12
  AND abs(upper(i)::float8 - 1 + crmcost._wilson_lower(n - k, n, 0.95)) < 1e-12), 'from counts the same interval')
FROM (VALUES (0, 5), (1, 3), (7, 40), (5, 5)) w (k, n),
  LATERAL (SELECT csat_interval(s, 4) AS i FROM pg_temp.satisfied(k, n) s) a;
SELECT throws_ok('SELECT crmcost._wilson_lower(1, 0, 0.95)', '22023', 'answers must be greater than 0, not 0',
  'an interval of nothing');
SELECT throws_ok('SELECT crmcost._wilson_lower(3, 2, 0.95)', '22023', 'good must be from 0 to answers, 2, not 3',
  'more good ones than answers');
SELECT throws_ok('SELECT crmcost._wilson_lower(1, 2, ''NaN'')', '22023',
  'confidence must be greater than 0 and less than 1, not NaN', 'no confidence');
SELECT ok(bool_and(abs(upper(i)::float8 - least(net + e, 100)) < 1e-9
  AND abs(lower(i)::float8 - greatest(net - e, -100)) < 1e-9),
  'from counts the same interval of the net promoter score')
FROM (VALUES (50, 20, 100), (0, 5, 5), (3, 0, 3), (0, 0, 4), (1, 1, 2), (9, 0, 10)) w (good, bad, n),
     LATERAL (SELECT nps_interval(CASE WHEN k <= good THEN 9 WHEN k <= good + bad THEN 0 ELSE 7 END) AS i
       FROM generate_series(1, n) k) a,
       LATERAL (SELECT 100.0 * (good - bad) / n AS net, crmcost._nps_error(good, bad, n, 0.95) AS e) b;
SELECT throws_ok(format('SELECT crmcost._nps_error(%s)', c), '22023', m, m)
  FROM (VALUES ('1, 0, 0, 0.95', 'answers must be greater than 0, not 0'),
  ('3, 0, 2, 0.95', 'good must be from 0 to answers, 2, not 3'),
  ('1, 2, 2, 0.95', 'bad must be from 0 to answers, 1, not 2'),
  ('-1, 0, 2, 0.95', 'good must be from 0 to answers, 2, not -1'),
    ('1, 0, 2, ''NaN''', 'confidence must be greater than 0 and less than 1, not NaN'),
    ('1, 0, 2, 1', 'confidence must be greater than 0 and less than 1, not 1')) v (c, m);
SELECT is((SELECT array_agg(lower(i) = 0 ORDER BY k) || array_agg(upper(i) = 1 ORDER BY k)
  FROM (VALUES (0), (10)) v (k), LATERAL (SELECT csat_interval(s, 4) AS i FROM pg_temp.satisfied(k, 10) s) a),
  '{t,f,f,t}', 'ends of nobody and of all are exact');
-- the definition: at its ends, the share is z standard errors of the end away
SELECT ok(bool_and(abs(abs(k / n::float8 - p) - z * sqrt(p * (1 - p) / n)) < 1e-12),
  format('Wilson: ends solve the equation at %s', c))
  FROM (VALUES (0.5, 0.6744897501960817), (0.9, 1.6448536269514722), (0.95, 1.959963984540054),
  (0.99, 2.5758293035489004)) v (c, z),
  (VALUES (1, 3), (7, 40), (399, 400), (200, 400)) w (k, n),
    LATERAL (SELECT csat_interval(s, 4, c) AS i FROM pg_temp.satisfied(k, n) s) a,
    unnest(ARRAY[lower(i), upper(i)]::float8[]) p GROUP BY c;
SELECT ok(abs(upper(i) - 45 - 14.50240912514205 * z / 1.959963984540054) < 1e-9, format('nps: the margin at %s', c))
  FROM (VALUES (0.5, 0.6744897501960817), (0.9, 1.6448536269514722), (0.99, 2.5758293035489004)) v (c, z),
  LATERAL (SELECT nps_interval(s, c) AS i FROM pg_temp.answers(60, 25, 15) s) a;

-- edges
SELECT is((SELECT nps_interval(s)::text FROM pg_temp.answers(p, q, d) s), want,
  format('%s, %s, %s: %s', p, q, d, want))
  FROM (VALUES (5, 0, 0, '[100.0000000000000000,100.0000000000000000]'),
  (0, 5, 0, '[0.00000000000000000000,0.00000000000000000000]'),
  (0, 0, 5, '[-100.0000000000000000,-100.0000000000000000]'), (1, 0, 1, '[-100,100]')) v (p, q, d, want);
SELECT is((SELECT array_agg(n ORDER BY s)
  FROM (SELECT s, nps(s)::int AS n FROM generate_series(0, 10) s GROUP BY s) a),
  '{-100,-100,-100,-100,-100,-100,-100,0,0,100,100}', 'what each score is');
SELECT is((SELECT csat(s, t)::text FROM (VALUES (4, 4), (3.9999, 4), (8, 7.5), (NULL, 1), (1, NULL)) v (s, t)),
  '0.66666666666666666667', 'each answer by the threshold of its survey; who did not answer is not counted');
SELECT is((SELECT csat(-1e300, -1e300)::int), 1, 'scores of any size');
SELECT ok(upper(nps_interval(s, 1e-300)) - lower(nps_interval(s, 1e-300)) < 1e-9
  AND round(lower(csat_interval(s, 9, 0.9999999999999999)), 3) = 0.244, 'confidences near 0 and 1: z is 8.29')
  FROM pg_temp.answers(60, 25, 15) s;

SELECT pg_temp.errors('SELECT ' || call, code, message) FROM (VALUES
  ('nps(11)', '22023', 'score must be between 0 and 10, not 11'),
    ('nps(-1)', '22023', 'score must be between 0 and 10, not -1'),
    ('nps_interval(2147483647)', '22023', 'score must be between 0 and 10, not 2147483647'),
  ('nps_interval(5, 0)', '22023', 'confidence must be greater than 0 and less than 1, not 0'),
    ('nps_interval(5, 95)', '22023', 'confidence must be greater than 0 and less than 1, not 95'),
    ('nps_interval(5, ''NaN'')', '22023', 'confidence must be greater than 0 and less than 1, not NaN'),
  ('csat_interval(5, 4, 1)', '22023', 'confidence must be greater than 0 and less than 1, not 1'),
    ('csat_interval(5, 4, -0.1)', '22023', 'confidence must be greater than 0 and less than 1, not -0.1'),
  ('nps_interval(5, c) FROM (VALUES (0.9), (0.95)) v (c)', '22023',
    'confidence must be the same for all rows, not 0.9 and 0.95'),
    ('csat_interval(5, 4, c) FROM (VALUES (0.9), (0.8)) v (c)', '22023',
    'confidence must be the same for all rows, not 0.8 and 0.9'),
  ('csat(''NaN'', 4)', '22023', 'score must be finite, not NaN'),
    ('csat(4, ''Infinity'')', '22023', 'satisfied_from must be finite, not Infinity'),
    ('csat_interval(''-Infinity'', 4)', '22023', 'score must be finite, not -Infinity')) v (call, code, message);
\ir finish.psql
