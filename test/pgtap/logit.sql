-- logit_fit and logit_score: closed forms, a published fit, the conditions of a
-- maximum, and what must hold for every aggregate.
\ir setup.psql
\ir properties.psql
SELECT no_plan();

-- the state: groups of one label only have no fit
CREATE AGGREGATE sample(boolean, float8[]) (SFUNC = logit_fit_trans, STYPE = logit_sample, SSPACE = 65536,
  COMBINEFUNC = logit_fit_combine, PARALLEL = SAFE);
ALTER TABLE purchase ADD features float8[];
UPDATE purchase SET features = ARRAY[monetary, recency_days, frequency];
ANALYZE purchase;
SELECT pg_temp.aggregate_holds('sample', '{acquired,features}', '{1,2}');
-- the fit: not a bit depends on order or split
SELECT pg_temp.parallel_on();
SELECT matches(pg_temp.plan_of('SELECT logit_fit(acquired, features) FROM purchase'), 'Partial Aggregate',
  'the plan is parallel');
CREATE TABLE fit AS SELECT logit_fit(acquired, features)::text AS m, logit_fit(acquired, features, 2)::text AS r
  FROM purchase;
SELECT pg_temp.parallel_off();
SELECT pg_temp.is_same('SELECT logit_fit(acquired, features)::text, logit_fit(acquired, features, 2)::text FROM (SELECT * FROM purchase ORDER BY ' || o || ' OFFSET 0) p',
  'SELECT m, r FROM fit', 'rows in the order of ' || o || ', not in parallel')
  FROM (VALUES ('id'), ('md5(id::text)'), ('acquired, frequency')) v (o);
SELECT pg_temp.is_same('SELECT logit_fit(acquired, features)::text FROM purchase WHERE id % 5 > 0',
  'SELECT logit_fit(CASE WHEN id % 5 > 0 THEN acquired END, features)::text FROM purchase',
  'a NULL label skips the row');
SELECT pg_temp.is_same('SELECT logit_fit(acquired, features, 1)::text FROM purchase WHERE id % 5 > 0',
  'SELECT logit_fit(acquired, features, CASE WHEN id % 5 > 0 THEN 1 END)::text FROM purchase', 'a NULL ridge too');
SELECT is(logit_fit(true, '{1}') IS NULL, true, 'no rows: NULL') FROM purchase WHERE false;

-- a table of two by two: odds, their ratio, Woolf's standard error
CREATE TABLE odds AS SELECT x, y
  FROM (VALUES (0, false, 55), (0, true, 20), (1, false, 12), (1, true, 33)) v (x, y, n), generate_series(1, n);
SELECT pg_catalog.unnest(ARRAY[ok(abs(m.coefficient[1] - ln(20 / 55.0)) < 1e-12
  AND abs(m.coefficient[2] - ln(33 / 12.0 / (20 / 55.0))) < 1e-12, 'coefficients are log odds'),
  ok(abs(m.std_error[1] - sqrt(1 / 20.0 + 1 / 55.0)) < 1e-8
    AND abs(m.std_error[2] - sqrt(1 / 20.0 + 1 / 55.0 + 1 / 12.0 + 1 / 33.0)) < 1e-8, 'standard errors are Woolf''s'),
  ok(abs(m.log_likelihood - (20 * ln(20 / 75.0) + 55 * ln(55 / 75.0) + 12 * ln(12 / 45.0) + 33 * ln(33 / 45.0))) <
    1e-10, 'the log-likelihood'),
  ok(abs(m.auc - (33 * 55 + (20 * 55 + 33 * 12) / 2.0) / (53 * 67)) < 1e-15, 'the area under the curve'),
    is(m.customers, 120::bigint, 'customers')])
  FROM (SELECT (logit_fit(y, ARRAY[x]::float8[])).* FROM odds) m;

-- published: Finney's data of vasoconstriction (1947), volume and rate of air; Pregibon (1981) prints, for their
-- logarithms, -2.875, 5.179 and 4.562 with standard errors 1.321, 1.865 and 1.838, and a deviance of 29.23
CREATE TABLE finney (y boolean, volume float8, rate float8);
INSERT INTO finney VALUES (true, 3.7, 0.825), (true, 3.5, 1.09), (true, 1.25, 2.5), (true, 0.75, 1.5),
  (true, 0.8, 3.2), (true, 0.7, 3.5), (false, 0.6, 0.75), (false, 1.1, 1.7), (false, 0.9, 0.75), (false, 0.9, 0.45),
  (false, 0.8, 0.57), (false, 0.55, 2.75), (false, 0.6, 3.0), (true, 1.4, 2.33), (true, 0.75, 3.75), (true, 2.3, 1.64),
    (true, 3.2, 1.6), (true, 0.85, 1.415), (false, 1.7, 1.06), (true, 1.8, 1.8), (false, 0.4, 2.0), (false, 0.95, 1.36),
  (false, 1.35, 1.35), (false, 1.5, 1.36), (true, 1.6, 1.78), (false, 0.6, 1.5), (true, 1.8, 1.5), (false, 0.95, 1.9),
    (true, 1.9, 0.95), (false, 1.6, 0.4), (true, 2.7, 0.75), (false, 2.35, 0.03), (false, 1.1, 1.83), (true, 1.1, 2.2),
    (true, 1.2, 2.0), (true, 0.8, 3.33), (false, 0.95, 1.9), (false, 0.75, 1.9), (true, 1.3, 1.625);
SELECT pg_catalog.unnest(ARRAY[is(ARRAY[round(coefficient[1]::numeric, 3), round(coefficient[2]::numeric, 3),
  round(coefficient[3]::numeric, 3)], '{-2.875,5.179,4.562}', 'Finney''s data, the coefficients that Pregibon prints'),
  ok(abs(std_error[1] - 1.321) < 6e-4 AND abs(std_error[2] - 1.865) < 6e-4 AND abs(std_error[3] - 1.838) < 6e-4,
    'and the standard errors'), is(round((-2 * log_likelihood)::numeric, 2), 29.23, 'and the deviance')])
  FROM (SELECT (logit_fit(y, ARRAY[ln(volume), ln(rate)])).* FROM finney) m;

-- rows in several places, one of which has none: the same to the last bit, also where the search begins
-- with a part of many rows, and where equal rows leave it none
CREATE TABLE many AS SELECT sin(i::float8 * i) + (i % 7) / 9.0 > 0.6 AS y,
    ARRAY[sin(i), i % 7, ln(1 + i % 11)] AS x, i
  FROM generate_series(1, 70000) i;
CREATE TABLE equal_rows AS SELECT i % 3 = 0 OR i % 5 = 0 AS y, ARRAY[i % 2]::float8[] AS x, i
  FROM generate_series(1, 40000) i;
CREATE FUNCTION pg_temp.in_places(source text, ridge float8) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  rows bigint;
  features int;
  result text;
BEGIN
  EXECUTE format('SELECT count(*), max(cardinality(x)) FROM %s s', source) INTO rows, features;
  DROP TABLE IF EXISTS place;
  EXECUTE format($q$CREATE TEMPORARY TABLE place AS
    SELECT k, (SELECT logit_fit_partial(y, x, $1) FROM %s s WHERE i %% 5 IN (k, k + 1)) AS sample
    FROM unnest('{0,2,4,7}'::int[]) k$q$, source) USING ridge;
  SELECT row(f.coefficient, f.std_error, f.log_likelihood, f.customers, f.auc IS NULL)::text INTO result
    FROM _logit_fit_of('SELECT _logit_answer(sample, $1) FROM place', rows, features, ridge) f;
  RETURN result;
END
$$;
SELECT pg_temp.is_same(format('SELECT pg_temp.in_places(%L, %L)', source, ridge),
  format('SELECT row(f.coefficient, f.std_error, f.log_likelihood, f.customers, true)::text
    FROM (SELECT (logit_fit(y, x, %L::float8)).* FROM %s s) f', ridge, source),
  format('rows of %s in places, ridge %s', source, ridge))
  FROM (VALUES ('(SELECT y, ARRAY[ln(volume), ln(rate)] AS x, row_number() OVER () AS i FROM finney)'), ('many'),
    ('equal_rows')) v (source), (VALUES (0), (1)) r (ridge);
SELECT pg_temp.errors('SELECT ' || call, code, message)
  FROM (VALUES ($$pg_temp.in_places('(SELECT * FROM many WHERE y AND i < 1000)', 0)$$, '22000',
    'label must be both true and false, not only true'),
  ($$pg_temp.in_places('(SELECT y, x || x AS x, i FROM many WHERE i < 1000)', 0)$$, '22000',
    'feature 4 must not follow from those before it'),
  ('_logit_fit_of(''SELECT 1'', 1, 1, 0)', '42804', 'query must return arrays of double precision'),
  ('_logit_fit_of(''SELECT ARRAY[1::float8]'', 1, 1, 0)', '2202E', 'answer must have 4 elements, not 1'),
  ('_logit_fit_of(''SELECT 1'', 1, 0, 0)', '22023', 'features must have at least one element')) v (call, code, message);
SELECT pg_temp.errors(format('SELECT _logit_answer(logit_fit_partial(y, x), %L) FROM many WHERE i < 1000', question),
  '22023', 'question must be one of _logit_fit_of about rows like these')
  FROM (VALUES ('{}'), ('{0}'), ('{0,5}'), ('{9,70000}'), ('{NaN,70000}'), ('{-1,70000}'), ('{3,70000,1}'),
    ('{0,Infinity}')) v (question);

-- at the maximum the gradient is nothing, or what the ridge takes; the intercept has no ridge
CREATE TABLE shape AS SELECT ridge, factor, offset_by,
  logit_fit(acquired, ARRAY[monetary * factor, recency_days + offset_by, frequency], ridge) AS m
  FROM purchase, (VALUES (0::float8, 1::float8, 0::float8), (0, 1e9, 1e6), (5, 1, 0), (5, 1e-6, -3000),
    (1e6, 1, 0)) v (ridge, factor, offset_by) GROUP BY 1, 2, 3;
SELECT ok(max(abs(gradient)) < 1e-6 * scale, format('ridge %s, factor %s, offset %s: the gradient is nothing', ridge,
  factor, offset_by)) FROM (
  SELECT ridge, factor, offset_by, j,
    sum((acquired::int - logit_score(m, f)) * CASE WHEN j = 0 THEN 1 ELSE f[j] END) - CASE WHEN j = 0 THEN 0
    ELSE ridge * (m).coefficient[j + 1] END AS gradient, max(CASE WHEN j = 0 THEN 1 ELSE abs(f[j]) END) AS scale
  FROM shape, purchase, LATERAL (SELECT ARRAY[monetary * factor, recency_days + offset_by, frequency] AS f) a,
    generate_series(0, 3) j GROUP BY 1, 2, 3, 4, m) s GROUP BY ridge, factor, offset_by, scale;
SELECT ok(abs((a.m).coefficient[2] / 1e-9 - (b.m).coefficient[2] / 1e-9 * 1e9) < 1e-4
  AND abs((a.m).log_likelihood - (b.m).log_likelihood) < 1e-6,
  'units and offsets of features change nothing but their coefficients') FROM shape a, shape b
  WHERE a.ridge = 0 AND b.ridge = 0 AND a.factor = 1 AND b.factor = 1e9;
SELECT is((SELECT count(*)::int
  FROM (SELECT acquired, logit_score(logit_fit(acquired, features) OVER (), features) AS s FROM purchase
  WHERE id <= 400) p), 400, 'as a window function');
CREATE TABLE scored AS SELECT acquired AS y,
  logit_score((SELECT logit_fit(acquired, features) FROM purchase WHERE id <= 900), features) AS s FROM purchase
  WHERE id <= 900;
SELECT ok(abs((SELECT (logit_fit(acquired, features)).auc FROM purchase
  WHERE id <= 900) - (SELECT avg(CASE WHEN a.s > b.s THEN 1 WHEN a.s = b.s THEN 0.5 ELSE 0 END)::float8
  FROM scored a, scored b WHERE a.y AND NOT b.y)) < 1e-12, 'the area under the curve is the part of pairs in order');
SELECT ok(abs((SELECT sum(s) FROM scored) - (SELECT count(*) FROM scored WHERE y)) < 1e-6,
  'scores sum to the number of true labels');
-- many rows begin with a part of them
SELECT pg_temp.is_same('SELECT logit_fit(i % 7 < 3 + hashint4(i) % 3, ARRAY[i % 101, i * 17 % 1009 / 7.0])::text FROM generate_series(1, 60000) i',
  'SELECT logit_fit(i % 7 < 3 + hashint4(i) % 3, ARRAY[i % 101, i * 17 % 1009 / 7.0])::text FROM (SELECT i FROM generate_series(1, 60000) i ORDER BY md5(i::text) OFFSET 0) s',
  'a large sample in another order');

-- scores
SELECT is(logit_score(ROW('{0,1,-2}', NULL, NULL, NULL, NULL)::logit, '{2,1}'), 0.5::float8, 'a sum of 0 is one half');
SELECT ok(abs(logit_score(ROW('{-1,0.5}', NULL, NULL, NULL, NULL)::logit,
  '{6}') - 1 / (1 + exp(-2.0::float8))) < 1e-15, 'any sum');
SELECT is(logit_score(ROW('{0,1}', NULL, NULL, NULL, NULL)::logit, ARRAY[x]), want, 'a sum of ' || x)
  FROM (VALUES (1e6::float8, 1::float8), (-1e6, 0)) v (x, want);
SELECT is((SELECT string_agg(round(logit_score(m, '{1}')::numeric, 3)::text, ' ' ORDER BY n)
  FROM (VALUES (1, ROW('{0,1}', NULL, NULL, NULL, NULL)::logit), (2, ROW('{0,-1}', NULL, NULL, NULL, NULL)::logit),
  (3, ROW('{0,1}', NULL, NULL, NULL, NULL)::logit)) v (n, m)), '0.731 0.269 0.731', 'models from row to row');

SELECT pg_temp.errors('SELECT ' || call, code, message) FROM (VALUES
  ('logit_fit(true, ARRAY[i]) FROM generate_series(1, 9) i', '22000',
    'label must be both true and false, not only true'),
    ('logit_fit(false, ARRAY[i]) FROM generate_series(1, 9) i', '22000',
    'label must be both true and false, not only false'),
  ('logit_fit(i > 4, ARRAY[1.5, i]) FROM generate_series(1, 9) i', '22000',
    'feature 1 must not be the same on all rows, 1.5'),
  ('logit_fit(i > 4, ARRAY[i * 7 % 5, i]) FROM generate_series(1, 90) i', '22000',
    'label must not be separated by the features, as feature 2 does'),
  ('logit_fit(i % 3 = 0 OR i > 60, ARRAY[i % 5, (i > 60)::int]) FROM generate_series(1, 90) i', '22000',
    'label must not be separated by the features, as feature 2 does'),
  ('logit_fit(a + b > 0.3, ARRAY[a, b / 100.0]) FROM (SELECT i % 11 - 5 AS a, i % 13 - 6 AS b FROM generate_series(1, 400) i) s',
    '22000', 'label must not be separated by the features, as feature 2 does'),
  ('logit_fit(i % 3 = 0, ARRAY[i, i % 5, 2 * i - i % 5]) FROM generate_series(1, 90) i', '22000',
    'feature 3 must not follow from those before it'),
  ('logit_fit(i % 3 = 0, ARRAY[i, NULL]) FROM generate_series(1, 90) i', '22004', 'features must not contain NULL'),
    ('logit_fit(true, ''{}'')', '22023', 'features must have at least one element'),
  ('logit_fit(true, ''{{1},{2}}'')', '2202E', 'features must have one dimension, not 2'),
    ('logit_fit(true, ''{NaN}'')', '22023', 'features must be finite, not NaN'),
    ('logit_fit(true, ''{1,-Infinity}'')', '22023', 'features must be finite, not -Infinity'),
  ('logit_fit(true, array_fill(1::float8, ARRAY[257]))', '54000', 'features must have at most 256 elements, not 257'),
    ('logit_fit(true, array_fill(1::float8, ARRAY[i])) FROM generate_series(1, 2) i', '22023',
    'features must have the same number of elements on all rows, not 1 and 2'),
  ('logit_fit(true, ''{1}'', -1)', '22023', 'ridge must not be negative, not -1'),
    ('logit_fit(true, ''{1}'', ''NaN'')', '22023', 'ridge must be finite, not NaN'),
    ('logit_fit(true, ''{1}'', i) FROM generate_series(1, 2) i', '22023',
    'ridge must be the same for all rows, not 1 and 2'),
  ('logit_fit(i > 2, ARRAY[x]) FROM (VALUES (1, -1e308), (2, 1e308), (3, -1e308), (4, 1e308)) v (i, x)', '22003',
    'feature 1 must have a range that doubles hold, not -1e+308 to 1e+308'),
  ('logit_score(ROW(''{0,1}'', NULL, NULL, NULL, NULL)::logit, ''{1,2}'')', '22023',
    'features must have 1 elements, as those of the model, not 2'),
    ('logit_score(ROW(NULL, NULL, NULL, NULL, NULL)::logit, ''{1}'')', '22004',
    'coefficient of the model must not be NULL'),
  ('logit_score(ROW(''{1}'', NULL, NULL, NULL, NULL)::logit, ''{}'')', '22023',
    'coefficient of the model must have at least 2 elements, not 1'),
    ('logit_score(ROW(''{0,Infinity}'', NULL, NULL, NULL, NULL)::logit, ''{1}'')', '22023',
    'coefficient of the model must be finite, not Infinity'),
  ('logit_score(ROW(''{0,1e300,-1e300}'', NULL, NULL, NULL, NULL)::logit, ''{1e300,1e300}'')', '22003',
    'score is out of range of double precision'),
    ('logit_score(ROW(''{0,1}'', NULL, NULL, NULL, NULL)::logit, ''{NaN}'')', '22023',
    'features must be finite, not NaN')) v (call, code, message);
SELECT lives_ok('SELECT ' || call, 'a ridge holds ' || what)
  FROM (VALUES ('logit_fit(i > 4, ARRAY[i * 7 % 5, i], 0.1) FROM generate_series(1, 90) i',
  'labels that are separated'), ('logit_fit(i % 3 = 0, ARRAY[1.5, i], 0.1) FROM generate_series(1, 9) i',
  'a feature that is the same on all rows'),
  ('logit_fit(i % 3 = 0, ARRAY[i, i % 5, 2 * i - i % 5], 1e-3) FROM generate_series(1, 90) i',
    'a feature that follows from others')) v (call, what);
\ir finish.psql
