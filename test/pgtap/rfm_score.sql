-- rfm_cuts, rfm_score in three forms, rfm_segment: against percentile_disc.
\ir setup.psql
\ir properties.psql
SELECT no_plan();

SELECT pg_temp.aggregate_holds('rfm_cuts', '{recency_days,frequency,monetary}', '{1,2,3}');
SELECT pg_temp.aggregate_holds('rfm_cuts', '{recency_days,frequency,monetary,7}', '{1,2,3}');

-- populations: many ties, few values, all equal, one customer, extremes, NULLs
CREATE TABLE customer AS
  SELECT 'many' AS p, i AS id, (i * 7919 % 1009)::float8 AS r, (i * 31 % 13)::float8 AS f,
    (i * 104729 % 10007)::float8 / 100 - 20 AS m FROM generate_series(1, 2000) i
  UNION ALL SELECT 'few', i, (i % 3)::float8, (i % 2)::float8, (i % 4)::float8 FROM generate_series(1, 17) i
  UNION ALL SELECT 'equal', i, 30, 1, 9.99 FROM generate_series(1, 10) i
  UNION ALL SELECT 'one', 1, 30, 1, 9.99
  UNION ALL SELECT 'none', i, NULL, 1, 1 FROM generate_series(1, 3) i
  UNION ALL SELECT 'two', i, i, i, i FROM generate_series(1, 2) i
  UNION ALL SELECT 'holes', i, CASE WHEN i % 5 = 0 THEN NULL ELSE i % 40 END, CASE WHEN i % 7 = 0 THEN NULL ELSE i % 9
    END, CASE WHEN i % 11 = 0 THEN NULL ELSE i % 50 END FROM generate_series(1, 500) i
  UNION ALL SELECT 'extremes', i, CASE i % 4 WHEN 0 THEN 0 WHEN 1 THEN 4.9406564584124654e-324 WHEN 2 THEN 1e308
    ELSE 1.7976931348623157e308 END,
      CASE i % 3 WHEN 0 THEN 0 WHEN 1 THEN 2.2250738585072014e-308 ELSE 1e300 END,
      CASE i % 7 WHEN 0 THEN -1.7976931348623157e308 WHEN 1 THEN -4.9406564584124654e-324 WHEN 2 THEN '-0'::float8
        WHEN 3 THEN 0 WHEN 4 THEN 4.9406564584124654e-324 WHEN 5 THEN 1e308 ELSE 1.7976931348623157e308 END
    FROM generate_series(1, 84) i
  UNION ALL SELECT 'large', i, (i::bigint * 6700417 % 100003)::float8, floor(exp((i % 1000) / 250.0)),
    (i::bigint * 611953 % 1000003)::float8 / 100 FROM generate_series(1, 6000) i;
ANALYZE customer;

-- PostgreSQL's own percentile_disc is the oracle: 1 + the cuts strictly below
CREATE FUNCTION pg_temp.by_percentile_disc(bins int) RETURNS text
LANGUAGE sql AS $$
  SELECT format('SELECT p, id, ' ||
    '(100 * (1 + (SELECT count(*) FROM pg_catalog.unnest(cr) c WHERE c < -r)) + 10 * (1 + (SELECT count(*) FROM pg_catalog.unnest(cf) c WHERE c < f)) + (1 + (SELECT count(*) FROM pg_catalog.unnest(cm) c WHERE c < m)))::int ' ||
    'FROM customer JOIN (SELECT p, percentile_disc(%1$L::float8[]) WITHIN GROUP (ORDER BY -r) AS cr, percentile_disc(%1$L::float8[]) WITHIN GROUP (ORDER BY f) AS cf, percentile_disc(%1$L::float8[]) WITHIN GROUP (ORDER BY m) AS cm ' ||
    'FROM customer WHERE r IS NOT NULL AND f IS NOT NULL AND m IS NOT NULL GROUP BY p) c USING (p) WHERE r IS NOT NULL AND f IS NOT NULL AND m IS NOT NULL',
    array(SELECT k::float8 / bins FROM generate_series(1, bins - 1) k))
$$;
SELECT pg_temp.is_same(
  format('SELECT * FROM (SELECT p, id, rfm_score(r, f, m, %s) OVER (PARTITION BY p) AS score FROM customer) s WHERE score IS NOT NULL',
    bins),
  pg_temp.by_percentile_disc(bins), format('window form with %s bins equals percentile_disc, in every population',
    bins))
  FROM generate_series(2, 9) bins;
SELECT pg_temp.is_same(
  format('SELECT p, id, rfm_score(r, f, m, cuts) FROM customer JOIN (SELECT p, rfm_cuts(r, f, m, %s) AS cuts FROM customer GROUP BY p) c USING (p) WHERE rfm_score(r, f, m, cuts) IS NOT NULL',
    bins),
  pg_temp.by_percentile_disc(bins), format('stored cuts of %s bins equal percentile_disc', bins))
  FROM generate_series(2, 9) bins;
SELECT pg_temp.is_same(
  format('SELECT p, id, rfm_score(r, f, m, (cuts).recency, (cuts).frequency, (cuts).monetary) FROM customer JOIN (SELECT p, rfm_cuts(r, f, m, %s) AS cuts FROM customer GROUP BY p) c USING (p) WHERE r IS NOT NULL AND f IS NOT NULL AND m IS NOT NULL AND p <> ''extremes''',
    bins),
  pg_temp.by_percentile_disc(bins) || ' AND p <> ''extremes''', format('the same cuts as arrays, %s bins', bins))
  FROM generate_series(2, 9) bins;
SELECT pg_temp.is_same('SELECT id, rfm_score(r, f, m) OVER () FROM customer WHERE p = ''many''',
  'SELECT id, rfm_score(r, f, m, 5) OVER () FROM customer WHERE p = ''many''',
    'the window form has five bins by default');
SELECT is((SELECT rfm_cuts(r, f, m)::text FROM customer WHERE p = 'many'),
  (SELECT rfm_cuts(r, f, m, 5)::text FROM customer WHERE p = 'many'),
          'so has the aggregate');
SELECT pg_temp.is_same(
  'SELECT (c).bins, (c).recency, (c).frequency, (c).monetary, (c).customers FROM (SELECT rfm_cuts(r, f, m, 4) AS c FROM customer WHERE p = ''holes'') s',
  'SELECT 4, percentile_disc(''{.25,.5,.75}''::float8[]) WITHIN GROUP (ORDER BY -r), percentile_disc(''{.25,.5,.75}''::float8[]) WITHIN GROUP (ORDER BY f),
     percentile_disc(''{.25,.5,.75}''::float8[]) WITHIN GROUP (ORDER BY m), count(*) FROM customer WHERE p = ''holes'' AND r IS NOT NULL AND f IS NOT NULL AND m IS NOT NULL',
  'the fields of the cuts');
SELECT is((SELECT count(*)::int
  FROM (SELECT rfm_score(r, f, m) OVER (PARTITION BY p) AS s, r IS NULL OR f IS NULL OR m IS NULL AS hole
  FROM customer) s WHERE (s IS NULL) <> hole),
          0, 'a NULL measure gives NULL, and only that');

-- hand-made cases
SELECT is((SELECT (rfm_cuts(0, f, 0)).frequency FROM (VALUES (1), (1), (1), (1), (1), (1), (2), (3), (5), (9)) v (f)),
          '{1,1,1,3}', 'C3: frequency 1 x 6, 2, 3, 5, 9 has cuts 1, 1, 1, 3');
SELECT is((SELECT array_agg(s % 100 / 10 ORDER BY f)
  FROM (SELECT f, rfm_score(0, f, 0) OVER () AS s
  FROM (VALUES (1), (1), (1), (1), (1), (1), (2), (3), (5), (9)) v (f)) s),
          '{1,1,1,1,1,1,4,4,5,5}',
            'and scores 1 x 6, 4, 4, 5, 5: equal customers score alike, where ntile gives 1, 1, 2, 2, 3, 3');
SELECT is((SELECT array_agg(s ORDER BY customer)
  FROM (SELECT customer, rfm_score(date '2025-03-17' - last, f, spend) OVER () AS s
             FROM (VALUES (1, 100, date '2025-03-01', 1), (2, 200, '2025-02-15', 1), (3, 150, '2025-01-30', 1),
               (4, 300, '2025-03-10', 1), (5, 250, '2025-02-20', 1)) v (customer, spend, last, f)) s),
          '{411,213,112,515,314}', 'R and M of openretailscience''s test (there from 0), but one F for one frequency');
SELECT is((SELECT array_agg(DISTINCT s)
  FROM (SELECT rfm_score(r, f, m) OVER () AS s FROM customer WHERE p = 'equal') s), '{111}',
  'all equal: all in the lowest bin');
SELECT is((SELECT rfm_score(r, f, m) OVER () FROM customer WHERE p = 'one'), 111, 'one customer');
SELECT is((SELECT array_agg(s ORDER BY m)
  FROM (SELECT m, rfm_score(0, 0, m) OVER () AS s FROM (VALUES ('-0'::float8), (0), ('-0'), (0), (1)) v (m)) s),
          '{111,111,111,111,115}', '-0 and 0 are the same value');
SELECT is((SELECT count(*)::int FROM (SELECT rfm_score(r, f, m) OVER () FROM customer WHERE false) s), 0,
  'no rows give no rows');
SELECT is((SELECT rfm_cuts(r, f, m) FROM customer WHERE p = 'none'), NULL, 'no customer without a NULL: no cuts');

-- fixed thresholds, in days or negated days; a value on a cut is below it
SELECT is(rfm_score(r, f, m, '{30,90,180,365}', '{1,2,3,4}', '{10,50,100,500}'), score,
  format('thresholds: %s days, %s orders, %s money', r, f, m))
  FROM (VALUES (0, 10, 1000, 555), (29.9, 5, 500.01, 555), (30, 4, 500, 444), (89, 3, 100, 433), (90, 2, 50, 322),
    (180, 1, 10, 211), (364.9, 2, 10.01, 222), (365, 0, 0, 111),
    (1e308, 0, -1e308, 111), (0, 1e308, 1e308, 555), (0, 0, -1e308, 511)) v (r, f, m, score);
SELECT is((SELECT count(*)::int FROM generate_series(0, 400) r
             WHERE rfm_score(r, r % 6, r, '{30,90,180,365}', '{1,2,3,4}', '{10,50,100,500}') <> rfm_score(r, r % 6, r,
               '{-365,-180,-90,-30}', '{1,2,3,4}', '{10,50,100,500}')),
          0, 'thresholds in days equal the same in negated days');
SELECT is((SELECT count(*)::int FROM customer c, (SELECT rfm_cuts(r, f, m) AS cuts FROM customer WHERE p = 'many') s
             WHERE c.p = 'large' AND rfm_score(r, f, m, cuts) IS NULL), 0,
               'customers beyond the ends of stored cuts have a score');
SELECT is(rfm_score(10, 1, 1, '{20}', '{0}', '{5}'), 221, 'two bins');
SELECT is(rfm_score(0, 99, 99, '{0,1,2,3,4,5,6,7}', '{1,2,3,4,5,6,7,8}', '{1,2,3,4,5,6,7,8}'), 899,
  'nine bins; a cut of 0 days lets nobody above');
SELECT is(rfm_score(5, 5, 5, '{3,3,7}', '{3,3,7}', '{3,3,7}'), 233, 'cuts may repeat');
SELECT is(rfm_score(NULL, 1, 1, '{1}', '{1}', '{1}'), NULL, 'NULL recency_days');
SELECT is(rfm_score(1, NULL, 1, '{1}', '{1}', '{1}'), NULL, 'NULL frequency');
SELECT is(rfm_score(1, 1, NULL, '{1}', '{1}', '{1}'), NULL, 'NULL monetary');
SELECT is(rfm_score(1, 1, 1, NULL, '{1}', '{1}'), NULL, 'NULL recency_cuts');
SELECT is(rfm_score(1, 1, 1, '{1}', NULL, '{1}'), NULL, 'NULL frequency_cuts');
SELECT is(rfm_score(1, 1, 1, '{1}', '{1}', NULL::float8[]), NULL, 'NULL monetary_cuts');
SELECT is(rfm_score(1, 1, 1, NULL::rfm_cuts), NULL, 'NULL cuts');
SELECT is(rfm_score(recency_days => 10, frequency => 3, monetary => 5,
  cuts => row(2, '{-20}', '{2}', '{7}', 100)::rfm_cuts), 221, 'arguments can be named');
SELECT pg_temp.is_same(
  'SELECT id, rfm_score(r, f, m, CASE id % 3 WHEN 0 THEN ''{10,20}'' WHEN 1 THEN ''{100,200}'' ELSE ''{20,20}'' END::float8[], CASE id % 2 WHEN 0 THEN ''{1,2}'' ELSE ''{5,6}'' END::float8[], ''{1,2}'') FROM customer WHERE p = ''many''',
  'SELECT id, 100 * (1 + (r < CASE id % 3 WHEN 0 THEN 20 WHEN 1 THEN 200 ELSE 20 END)::int + (r < CASE id % 3 WHEN 0 THEN 10 WHEN 1 THEN 100 ELSE 20 END)::int)
     + 10 * (1 + (f > CASE id % 2 WHEN 0 THEN 1 ELSE 5 END)::int + (f > CASE id % 2 WHEN 0 THEN 2 ELSE 6 END)::int) + 1 + (m > 1)::int + (m > 2)::int FROM customer WHERE p = ''many''',
  'thresholds may change from row to row');

-- stored cuts
CREATE TABLE cuts AS SELECT p, rfm_cuts(r, f, m) AS c FROM customer GROUP BY p;
SELECT pg_temp.is_same('SELECT p, id, rfm_score(r, f, m, c) FROM customer JOIN cuts USING (p) ORDER BY md5(p || id)',
  'SELECT p, id, rfm_score(r, f, m) OVER (PARTITION BY p) FROM customer',
    'cuts stored in a table, changing from row to row');
SELECT pg_temp.is_same('SELECT id, rfm_score(r, f, m, (SELECT c::text::rfm_cuts FROM cuts WHERE p = ''many'')) FROM customer WHERE p = ''many''',
  'SELECT id, rfm_score(r, f, m) OVER () FROM customer WHERE p = ''many''', 'cuts that were text in between');

-- windows
SELECT pg_temp.is_same(
  format('SELECT p, id, rfm_score(r, f, m) OVER (PARTITION BY p %s) FROM customer', clause),
  'SELECT p, id, rfm_score(r, f, m) OVER (PARTITION BY p) FROM customer', 'ORDER BY and frames change nothing: '
    || clause)
  FROM (VALUES ('ORDER BY id'), ('ORDER BY m DESC, id'),
    ('ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW')) v (clause);
SELECT pg_temp.is_same(
  'SELECT p, id, rfm_score(r, f, m) OVER (PARTITION BY p), rfm_score(r, f, m, 3) OVER (PARTITION BY p), rfm_score(r, f, m) OVER (PARTITION BY id % 5) FROM customer',
  'SELECT p, id, a, b, c FROM (SELECT p, id, rfm_score(r, f, m) OVER (PARTITION BY p) AS a FROM customer) x JOIN (SELECT p, id, rfm_score(r, f, m, 3) OVER (PARTITION BY p) AS b FROM customer) y USING (p, id)
     JOIN (SELECT p, id, rfm_score(r, f, m) OVER (PARTITION BY id % 5) AS c FROM customer) z USING (p, id)',
  'three scores in one query');
SELECT is((SELECT count(*)::int
  FROM (SELECT id / 3 AS g, r, f, m, rfm_score(r, f, m) OVER (PARTITION BY id / 3) AS score FROM customer
  WHERE p = 'large') s
             JOIN (SELECT id / 3 AS g, rfm_cuts(r, f, m) AS c FROM customer WHERE p = 'large' GROUP BY 1) t USING (g)
               WHERE score = rfm_score(r, f, m, c)),
          6000, 'two thousand small partitions');
SELECT pg_temp.is_same(
  'SELECT q, id, s FROM generate_series(1, 3) q, LATERAL (SELECT id, rfm_score(r + q, f, m * q) OVER () AS s FROM customer WHERE p = ''few'') x',
  'SELECT q, id, rfm_score(r, f, m) OVER (PARTITION BY q) FROM generate_series(1, 3) q, customer WHERE p = ''few''',
    'a window that is scanned again');

-- a row without bins is skipped, as one without a measure is
SELECT is((SELECT rfm_cuts(v, v, v, NULL) IS NULL FROM generate_series(1, 3) AS v), true,
          'no bins: no cuts');
SELECT is((SELECT (rfm_cuts(v, v, v, b)).customers FROM (VALUES (1, 2), (2, 2), (9, NULL)) w (v, b)), 2::bigint,
          'rfm_cuts skips a row without bins');

-- segments: every score has one of ten names
SELECT is((SELECT array_agg(DISTINCT rfm_segment(100 * r + 10 * f + m) ORDER BY rfm_segment(100 * r + 10 * f + m))
             FROM generate_series(1, 5) r, generate_series(1, 5) f, generate_series(1, 5) m),
          array['About To Sleep', 'At Risk', 'Can''t Lose Them', 'Champions', 'Lost', 'Loyal Customers',
            'Need Attention', 'New Customers', 'Potential Loyalist', 'Promising'],
          'the ten names');
SELECT is((SELECT count(rfm_segment(100 * r + 10 * f + m))::int FROM generate_series(1, 5) r, generate_series(1, 5) f,
  generate_series(1, 5) m), 125,
          'all of the 125 scores have a name');
SELECT is(rfm_segment(score), segment, format('%s is %s', score, segment))
  FROM (VALUES (555, 'Champions'), (111, 'Lost'), (511, 'New Customers'), (155, 'Can''t Lose Them')) v (score, segment);
SELECT is(rfm_segment(NULL), NULL, 'NULL has no segment');

-- bad input
SELECT pg_temp.errors(query, code, message) FROM (VALUES
  ($$SELECT rfm_score(r, 1, 1) OVER () FROM (VALUES (1.0::float8), ('NaN')) v (r)$$, '22023',
    'recency_days must be finite, not NaN'),
  ($$SELECT rfm_score(r, 1, 1) OVER () FROM (VALUES (1.0::float8), ('Infinity')) v (r)$$, '22023',
    'recency_days must be finite, not Infinity'),
  ($$SELECT rfm_score(r, 1, 1) OVER () FROM (VALUES (1.0::float8), ('-Infinity')) v (r)$$, '22023',
    'recency_days must be finite, not -Infinity'),
  ($$SELECT rfm_score(-1, 1, 1) OVER ()$$, '22023', 'recency_days must not be negative, not -1'),
  ($$SELECT rfm_score(1, 'NaN', 1) OVER ()$$, '22023', 'frequency must be finite, not NaN'),
  ($$SELECT rfm_score(1, 'Infinity', 1) OVER ()$$, '22023', 'frequency must be finite, not Infinity'),
  ($$SELECT rfm_score(1, '-Infinity', 1) OVER ()$$, '22023', 'frequency must be finite, not -Infinity'),
  ($$SELECT rfm_score(1, -1e-300, 1) OVER ()$$, '22023', 'frequency must not be negative, not -1e-300'),
  ($$SELECT rfm_score(1, 1, 'NaN') OVER ()$$, '22023', 'monetary must be finite, not NaN'),
  ($$SELECT rfm_score(1, 1, 'Infinity') OVER ()$$, '22023', 'monetary must be finite, not Infinity'),
  ($$SELECT rfm_score(1, 1, '-Infinity') OVER ()$$, '22023', 'monetary must be finite, not -Infinity'),
  ($$SELECT rfm_score(1, 1, 1, 0) OVER ()$$, '22023', 'bins must be between 2 and 9, not 0'),
  ($$SELECT rfm_score(1, 1, 1, 1) OVER ()$$, '22023', 'bins must be between 2 and 9, not 1'),
  ($$SELECT rfm_score(1, 1, 1, 10) OVER ()$$, '22023', 'bins must be between 2 and 9, not 10'),
  ($$SELECT rfm_score(1, 1, 1, -5) OVER ()$$, '22023', 'bins must be between 2 and 9, not -5'),
  ($$SELECT rfm_score(1, 1, 1, NULL::int) OVER ()$$, '22004', 'bins must not be NULL'),
  ($$SELECT rfm_score(1, 1, 1, b) OVER () FROM (VALUES (5), (NULL)) v (b)$$, '22004', 'bins must not be NULL'),
  ($$SELECT rfm_score(1, 1, 1, b) OVER () FROM (VALUES (5), (4)) v (b)$$, '22023',
    'bins must be the same on every row of the partition, not 5 and 4'),
  ($$SELECT rfm_cuts('NaN', 1, 1)$$, '22023', 'recency_days must be finite, not NaN'),
  ($$SELECT rfm_cuts('Infinity', 1, 1)$$, '22023', 'recency_days must be finite, not Infinity'),
  ($$SELECT rfm_cuts('-Infinity', 1, 1)$$, '22023', 'recency_days must be finite, not -Infinity'),
  ($$SELECT rfm_cuts(-0.5, 1, 1)$$, '22023', 'recency_days must not be negative, not -0.5'),
  ($$SELECT rfm_cuts(1, 'NaN', 1)$$, '22023', 'frequency must be finite, not NaN'),
  ($$SELECT rfm_cuts(1, 'Infinity', 1)$$, '22023', 'frequency must be finite, not Infinity'),
  ($$SELECT rfm_cuts(1, '-Infinity', 1)$$, '22023', 'frequency must be finite, not -Infinity'),
  ($$SELECT rfm_cuts(1, -1, 1)$$, '22023', 'frequency must not be negative, not -1'),
  ($$SELECT rfm_cuts(1, 1, 'NaN')$$, '22023', 'monetary must be finite, not NaN'),
  ($$SELECT rfm_cuts(1, 1, 'Infinity', 5)$$, '22023', 'monetary must be finite, not Infinity'),
  ($$SELECT rfm_cuts(1, 1, '-Infinity', 5)$$, '22023', 'monetary must be finite, not -Infinity'),
  ($$SELECT rfm_cuts(1, 1, 1, 0)$$, '22023', 'bins must be between 2 and 9, not 0'),
  ($$SELECT rfm_cuts(1, 1, 1, 1)$$, '22023', 'bins must be between 2 and 9, not 1'),
  ($$SELECT rfm_cuts(1, 1, 1, 10)$$, '22023', 'bins must be between 2 and 9, not 10'),
  ($$SELECT rfm_cuts(1, 1, 1, b) FROM (VALUES (5), (4)) v (b)$$, '22023',
    'bins must be the same for all rows, not 5 and 4'),
  ($$SELECT rfm_score('NaN', 1, 1, '{1}', '{1}', '{1}')$$, '22023', 'recency_days must be finite, not NaN'),
  ($$SELECT rfm_score('Infinity', 1, 1, '{1}', '{1}', '{1}')$$, '22023', 'recency_days must be finite, not Infinity'),
  ($$SELECT rfm_score('-Infinity', 1, 1, '{1}', '{1}', '{1}')$$, '22023', 'recency_days must be finite, not -Infinity'),
  ($$SELECT rfm_score(-1, 1, 1, '{1}', '{1}', '{1}')$$, '22023', 'recency_days must not be negative, not -1'),
  ($$SELECT rfm_score(1, 'NaN', 1, '{1}', '{1}', '{1}')$$, '22023', 'frequency must be finite, not NaN'),
  ($$SELECT rfm_score(1, -1, 1, '{1}', '{1}', '{1}')$$, '22023', 'frequency must not be negative, not -1'),
  ($$SELECT rfm_score(1, 1, '-Infinity', '{1}', '{1}', '{1}')$$, '22023', 'monetary must be finite, not -Infinity'),
  ($$SELECT rfm_score(1, 1, 1, '{2,1}', '{1,2}', '{1,2}')$$, '22023', 'recency_cuts must ascend, not 2 before 1'),
  ($$SELECT rfm_score(1, 1, 1, '{1,2}', '{2,1}', '{1,2}')$$, '22023', 'frequency_cuts must ascend, not 2 before 1'),
  ($$SELECT rfm_score(1, 1, 1, '{1,2}', '{1,2}', '{2,1}')$$, '22023', 'monetary_cuts must ascend, not 2 before 1'),
  ($$SELECT rfm_score(1, 1, 1, '{-1,1}', '{1,2}', '{1,2}')$$, '22023',
    'recency_cuts must be all days or all negated days, not -1 and 1'),
  ($$SELECT rfm_score(1, 1, 1, '{}', '{}', '{}')$$, '22023', 'recency_cuts must have 1 to 8 values, not 0'),
  ($$SELECT rfm_score(1, 1, 1, '{1,2,3,4,5,6,7,8,9}', '{1}', '{1}')$$, '22023',
    'recency_cuts must have 1 to 8 values, not 9'),
  ($$SELECT rfm_score(1, 1, 1, '{{1,2},{3,4}}', '{1}', '{1}')$$, '22023',
    'recency_cuts must have one dimension, not 2'),
  ($$SELECT rfm_score(1, 1, 1, '{1,2}', '{1}', '{1,2}')$$, '22023',
    'frequency_cuts must have as many values as recency_cuts, 2, not 1'),
  ($$SELECT rfm_score(1, 1, 1, '{1,2}', '{1,2}', '{1,2,3}')$$, '22023',
    'monetary_cuts must have as many values as recency_cuts, 2, not 3'),
  ($$SELECT rfm_score(1, 1, 1, '{1,NULL}', '{1,2}', '{1,2}')$$, '22004', 'recency_cuts must not contain NULL'),
  ($$SELECT rfm_score(1, 1, 1, '{1,2}', '{NULL,2}', '{1,2}')$$, '22004', 'frequency_cuts must not contain NULL'),
  ($$SELECT rfm_score(1, 1, 1, '{1,NaN}', '{1,2}', '{1,2}')$$, '22023', 'recency_cuts must be finite, not NaN'),
  ($$SELECT rfm_score(1, 1, 1, '{1,2}', '{-Infinity,2}', '{1,2}')$$, '22023',
    'frequency_cuts must be finite, not -Infinity'),
  ($$SELECT rfm_score(1, 1, 1, '{1,2}', '{1,2}', '{1,Infinity}')$$, '22023',
    'monetary_cuts must be finite, not Infinity'),
  ($$SELECT rfm_score(1, 1, 1, row(2, NULL, '{1}', '{1}', 1)::rfm_cuts)$$, '22004', 'cuts must not have a NULL field'),
  ($$SELECT rfm_score(1, 1, 1, row(NULL, '{1}', '{1}', '{1}', 1)::rfm_cuts)$$, '22023',
    'bins of the cuts must be 2 like its arrays, not NULL'),
  ($$SELECT rfm_score(1, 1, 1, row(5, '{1}', '{1}', '{1}', 1)::rfm_cuts)$$, '22023',
    'bins of the cuts must be 2 like its arrays, not 5'),
  ($$SELECT rfm_score(1, 1, 1, row(3, '{2,1}', '{1,2}', '{1,2}', 1)::rfm_cuts)$$, '22023',
    'recency_cuts must ascend, not 2 before 1'),
  ($$SELECT rfm_score(1, 1, 1, row(3, '{1,2}', '{1}', '{1,2}', 1)::rfm_cuts)$$, '22023',
    'frequency_cuts must have as many values as recency_cuts, 2, not 1'),
  ($$SELECT rfm_segment(0)$$, '22023', 'score must have three digits of 1 to 5, not 0'),
  ($$SELECT rfm_segment(55)$$, '22023', 'score must have three digits of 1 to 5, not 55'),
  ($$SELECT rfm_segment(556)$$, '22023', 'score must have three digits of 1 to 5, not 556'),
  ($$SELECT rfm_segment(501)$$, '22023', 'score must have three digits of 1 to 5, not 501'),
  ($$SELECT rfm_segment(5555)$$, '22023', 'score must have three digits of 1 to 5, not 5555'),
  ($$SELECT rfm_segment(-555)$$, '22023', 'score must have three digits of 1 to 5, not -555'),
  ($$SELECT rfm_segment(2147483647)$$, '22023', 'score must have three digits of 1 to 5, not 2147483647'),
  ($$SELECT rfm_segment('-2147483648')$$, '22023', 'score must have three digits of 1 to 5, not -2147483648')
) v (query, code, message);
\ir finish.psql
