-- top_share, gini, gini_signed: against ranks and sums in numeric.
\ir setup.psql
\ir properties.psql
SELECT no_plan();

SELECT pg_temp.aggregate_holds('top_share', '{amount,0.2}', '{1}');
SELECT pg_temp.aggregate_holds('gini', '{value}', '{1}');
SELECT pg_temp.aggregate_holds('gini_signed', '{amount}', '{1}');

-- values by definition, in numeric: share of the ceil(fraction n) largest;
-- sum (2i - n - 1) x over n sum x, or over n sum |x|
CREATE TABLE value AS
  SELECT 'many' AS p, i AS id, CASE WHEN i % 50 = 0 THEN NULL
    ELSE round(exp((i * 7919 % 1009) / 150.0)::numeric, i % 4) END AS v FROM generate_series(1, 5000) i
  UNION ALL SELECT 'ties', i, (i % 7)::numeric FROM generate_series(1, 500) i
  UNION ALL SELECT 'equal', i, 12.50 FROM generate_series(1, 20) i
  UNION ALL SELECT 'one', 1, 0.01
  UNION ALL SELECT 'two', i, i FROM generate_series(1, 2) i
  UNION ALL SELECT 'one of ten', i, CASE WHEN i = 4 THEN 0.001 ELSE 0 END FROM generate_series(1, 10) i
  UNION ALL SELECT 'losses', i, -i / 4.0 FROM generate_series(1, 30) i
  UNION ALL SELECT 'both', i, (i - 7)::numeric / 2 FROM generate_series(1, 40) i
  UNION ALL SELECT 'zeros', i, 0.00 FROM generate_series(1, 10) i
  UNION ALL SELECT 'cancelling', i, (i - 6)::numeric FROM generate_series(1, 11) i
  UNION ALL SELECT 'holes', i, NULL FROM generate_series(1, 5) i;

SELECT pg_temp.is_same(
  format('SELECT p, round(top_share(%s, %s), 14) FROM value GROUP BY p', value, fraction),
  format('SELECT p, round(sum(v) FILTER (WHERE i <= ceil(%s * n)) / nullif(sum(v), 0), 14) FROM (
            SELECT p, v, row_number() OVER (PARTITION BY p ORDER BY v DESC) AS i,
                   count(*) OVER (PARTITION BY p) AS n
            FROM value WHERE v IS NOT NULL) s GROUP BY p
          UNION ALL SELECT ''holes'', NULL', fraction),
  format('top_share(%s, %s) by definition', value, fraction))
  FROM (VALUES ('0.2'), ('1'), ('0.000001'), ('0.5'), ('0.333'), ('0.9999')) f (fraction),
    (VALUES ('v::numeric(20,6)'), ('v::numeric(60,40)')) w (value);
SELECT ok((SELECT abs(top_share(v, 0.2) - top_share(v * scale, 0.2)) FROM value WHERE p = population) < 1e-15,
          format('top_share of %s is the same times %s', population, scale))
  FROM (VALUES (1e40), (1e-40), (1e20), (1e500)) s (scale),
    (VALUES ('many'), ('ties'), ('losses'), ('both')) w (population);
SELECT is(top_share(v, 0), 0::numeric, 'top_share of nobody is 0') FROM value WHERE p = 'many';
SELECT is(top_share(v, 0.2), NULL, 'top_share of a zero total is NULL: ' || p) FROM value
  WHERE p IN ('zeros', 'cancelling') GROUP BY p;

CREATE VIEW gini_by_definition AS
  SELECT p, (sum((2 * i - n - 1) * v) / (max(n) * nullif(sum(v), 0)))::float8 AS gini,
    (sum((2 * i - n - 1) * v) / (max(n) * nullif(sum(abs(v)), 0)))::float8 AS gini_signed, max(n) AS n
  FROM (SELECT p, v, row_number() OVER (PARTITION BY p ORDER BY v) AS i, count(*) OVER (PARTITION BY p) AS n FROM value
    WHERE v IS NOT NULL) s GROUP BY p;
SELECT ok(abs(gini(v) - max(d.gini)) <= 1e-15, 'gini by definition: ' || p) FROM value
  JOIN gini_by_definition d USING (p)
  WHERE p NOT IN ('losses', 'both', 'zeros', 'cancelling', 'holes') GROUP BY p;
SELECT ok(abs(gini_signed(v) - max(d.gini_signed)) <= 1e-15, 'gini_signed by definition: ' || p) FROM value
  JOIN gini_by_definition d USING (p)
  WHERE p NOT IN ('zeros', 'holes') GROUP BY p;
SELECT ok(abs(gini(v * scale) - gini(v)) <= 4e-16, format('gini of %s is the same times %s', p, scale))
  FROM value, (VALUES (1e40), (1e-40), (1e20), (1e36), (1e500), (1e-500), (3)) s (scale)
    WHERE p IN ('many', 'ties', 'one of ten') GROUP BY p, scale;
SELECT ok(abs(gini_signed(v * scale) - gini_signed(v)) <= 4e-16,
  format('gini_signed of %s is the same times %s', p, scale))
  FROM value, (VALUES (1e40), (1e-40), (1e36), (1e500), (1e-500), (-1)) s (scale) WHERE p IN ('losses', 'both', 'many')
    GROUP BY p, scale;

-- published and worked cases
SELECT ok(abs(gini(v) - want) <= 1e-12, what) FROM (VALUES
    ('Gini of 1 to 5', '{1,2,3,4,5}'::numeric[], 0.26666666666666666::float8),
      ('Gini of one holder among four', '{0,0,0,10}', 0.75),
    ('Gini where all have the same', '{7,7,7}', 0),
      ('Gini of ABC''s example', '{400,200,120,80,60,50,40,25,15,10}', 0.541),
    ('Gini of one', '{5}', 0), ('Gini at 10^30', '{1000000000000000000000000000000,3000000000000000000000000000000}',
      0.25)) w (what, vals, want),
  pg_catalog.unnest(vals) v GROUP BY what, want;
SELECT is(round(top_share(v, 0.2), 4), 0.6, 'a fifth of ten customers holds 60 %')
  FROM pg_catalog.unnest('{400,200,120,80,60,50,40,25,15,10}'::numeric[]) v;
SELECT is(round(top_share(v, 0.2), 4), 1.1364, 'with losses the best fifth may hold more than all: the whale')
  FROM pg_catalog.unnest('{500,300,200,50,0,-30,-70,-150,-48,-48}'::numeric[]) v;
SELECT is(round(top_share(v, 0.3), 4), 0.3333, 'share of a negative total')
  FROM pg_catalog.unnest('{-1,-1,-1}'::numeric[]) v;
-- Raffinetti, Siletti and Vernizzi (2015), table 3, ten people: their G_P is
-- over (n - 1), so that the most polarised population has 1 for any n; ours is
-- over n like gini and like Gini_RSV of their R package GiniWegNeg
SELECT is(round((gini_signed(v) * 10 / 9)::numeric, 4), want, 'Raffinetti, Siletti, Vernizzi, table 3: ' || want)
  FROM (VALUES
    ('{-5,-5,-5,-5,-5,-5,-5,-5,-5,45.01}'::numeric[], 0.5556), ('{-45,0,0,0,0,0,0,0,0,45.01}', 1.0000),
      ('{-15,-10,-8,-7,-5,0,0,0,0,45.01}', 0.8346)) w (vals, want),
  pg_catalog.unnest(vals) v GROUP BY want;
SELECT ok(gini_signed(v) <= 1, 'a population whose raw Gini is 10 (Chen, Tsaur, Rhai 1982) stays within 1')
  FROM pg_catalog.unnest('{10,-5,-4}'::numeric[]) v;
SELECT is(gini_signed(v), gini(v), 'gini_signed is gini where there is no loss') FROM value WHERE p = 'many';
SELECT is((SELECT gini(v) FROM value WHERE p = 'holes'), NULL, 'only NULLs: gini is NULL');

-- sums and counts of any size
SELECT is(gini(v), 0::float8, 'a million equal values of 36 digits')
  FROM (SELECT 999999999999999999999999999999999999 AS v FROM generate_series(1, 1000000)) s;
SELECT ok(abs(gini(i::numeric) - 1 / 3.0) < 2e-6, 'a large state: 1 to 300000 approaches 1/3')
  FROM generate_series(1, 300000) i;
SELECT is(round(top_share(i::numeric, 0.1), 10), round((300000.0 + 270001) * 30000 / ((300000.0 + 1) * 300000), 10),
  'a large state: the upper tenth of 1 to 300000') FROM generate_series(1, 300000) i;
SELECT is(gini(v), (1 - 1.0 / 3)::float8, 'a range of the whole of 128 bits')
  FROM (VALUES (0), (0), (170141183460469231731687303715884105727)) w (v);
SELECT ok(abs(gini_signed(v) - 0.5) < 1e-15, 'from the least to the most of 128 bits')
  FROM (VALUES (-170141183460469231731687303715884105728), (170141183460469231731687303715884105727)) w (v);
SELECT is(round(top_share(v, 0.5), 30), 2.0, 'top_share from the least to the most of 128 bits')
  FROM (VALUES (-85070591730234615865843651857942052864), (170141183460469231731687303715884105728)) w (v);
SELECT ok(abs(gini(v) - 0.25) <= 1e-16, 'late decimals: 1 and 3 among numbers of 30 decimals')
  FROM (VALUES (1), (3), (3.000000000000000000000000000000), (1.000000000000000000000000000000)) w (v);
SELECT ok(abs(gini(v) - 0.25) <= 1e-16, 'late decimals that no longer fit 128 bits')
  FROM (VALUES (1e30), (3e30), (3000000000000000000000000000000.000000000000000000000000000000), (1e30)) w (v);

SELECT is(gini(v), 0::float8, 'a difference of which no double knows') FROM (VALUES (1e400), (1e400 + 1)) w (v);
SELECT is(gini_signed(v), 0::float8, 'nor with a sign') FROM (VALUES (-1e400), (-1e400 - 1)) w (v);
SELECT is(round(top_share(v, fraction), 10), want, format('top_share of 1 to 3, fraction %s', fraction))
  FROM pg_catalog.unnest('{1,2,3}'::numeric[]) v,
    (VALUES ('0.' || repeat('3', 37), 0.5), ('0.' || repeat('3', 36) || '4', 0.8333333333),
    ('0.5' || repeat('0', 50), 0.8333333333), ('1.' || repeat('0', 60), 1), ('1e-37', 0.5)) f (text, want),
    LATERAL (SELECT text::numeric AS fraction) n GROUP BY fraction, want;

-- random populations
SELECT setseed(0.77);
CREATE TABLE random_value AS
  SELECT q, i AS id, round((random() ^ 3 * 10 ^ (q % 12) * CASE WHEN q % 2 = 0 AND random() < 0.2 THEN -1 ELSE 1
    END)::numeric, q % 5) AS v, round(random()::numeric, 1 + q % 9) AS f
  FROM generate_series(1, 400) q, generate_series(1, 1 + q * 7 % 40) i;
UPDATE random_value r SET f = s.f FROM random_value s WHERE s.q = r.q AND s.id = 1;
SELECT is((SELECT count(*)::int FROM (
    SELECT q, top_share(v, f) AS have, sum(v) FILTER (WHERE i <= ceil(f * n)) / nullif(sum(v), 0) AS want, min(f) AS f
      FROM (
      SELECT q, v, f, row_number() OVER (PARTITION BY q ORDER BY v DESC) AS i, count(*) OVER (PARTITION BY q) AS n
        FROM random_value) s GROUP BY q) t
  WHERE abs(have - coalesce(want, 0)) > 1e-15 * abs(want) AND f > 0), 0,
    'top_share of four hundred random populations, with random fractions');
SELECT is((SELECT count(*)::int FROM (
    SELECT q, gini_signed(v) AS have, gini_signed(v * 1e60) AS wide,
      (sum((2 * i - n - 1) * v) / (max(n) * nullif(sum(abs(v)), 0)))::float8 AS want FROM (
      SELECT q, v, row_number() OVER (PARTITION BY q ORDER BY v) AS i, count(*) OVER (PARTITION BY q) AS n
        FROM random_value WHERE q IN (SELECT q FROM random_value WHERE v <> 0)) s GROUP BY q) t
  WHERE abs(have - want) > 1e-15 OR abs(wide - want) > 1e-15), 0,
    'gini_signed of four hundred random populations, in 128 bits and in numeric');

-- a row without a fraction is skipped, as one without a value is
SELECT is((SELECT top_share(v, NULL) FROM generate_series(1, 3) AS v), NULL,
          'no fraction: NULL');
SELECT is((SELECT top_share(v, f) FROM (VALUES (3, 0.5), (1, 0.5), (96, NULL)) w (v, f)), 0.75,
          'top_share skips a row without a fraction');

-- bad input
SELECT pg_temp.errors(query, code, message) FROM (VALUES
  ($$SELECT top_share('NaN', 0.2)$$, '22023', 'value must be finite, not NaN'),
  ($$SELECT top_share('Infinity', 0.2)$$, '22023', 'value must be finite, not Infinity'),
  ($$SELECT top_share('-Infinity', 0.2)$$, '22023', 'value must be finite, not -Infinity'),
  ($$SELECT top_share(v, 0.2) FROM (VALUES (1e60), ('NaN')) w (v)$$, '22023', 'value must be finite, not NaN'),
  ($$SELECT top_share(1, 'NaN')$$, '22023', 'fraction must be finite, not NaN'),
  ($$SELECT top_share(1, 'Infinity')$$, '22023', 'fraction must be finite, not Infinity'),
  ($$SELECT top_share(1, -0.1)$$, '22023', 'fraction must be between 0 and 1 with at most 37 decimals, not -0.1'),
  ($$SELECT top_share(1, 1.1)$$, '22023', 'fraction must be between 0 and 1 with at most 37 decimals, not 1.1'),
  ($$SELECT top_share(1, 20)$$, '22023', 'fraction must be between 0 and 1 with at most 37 decimals, not 20'),
  ($$SELECT top_share(1, 1 - 1e-50)$$, '22023', 'fraction must be between 0 and 1 with at most 37 decimals, not '
    || (1 - 1e-50)),
  ($$SELECT top_share(1, f) FROM (VALUES (0.2), (0.3)) w (f)$$, '22023',
    'fraction must be the same for all rows, not 0.2 and 0.3'),
  ($$SELECT top_share(1, f) FROM (VALUES (0.2), ('NaN')) w (f)$$, '22023',
    'fraction must be the same for all rows, not 0.2 and NaN'),
  ($$SELECT gini('NaN')$$, '22023', 'value must be finite, not NaN'),
  ($$SELECT gini('Infinity')$$, '22023', 'value must be finite, not Infinity'),
  ($$SELECT gini('-Infinity')$$, '22023', 'value must be finite, not -Infinity'),
  ($$SELECT gini(v) FROM (VALUES (1), ('Infinity'::numeric)) w (v)$$, '22023', 'value must be finite, not Infinity'),
  ($$SELECT gini(v) FROM (VALUES (1), (-2.5)) w (v)$$, '22000', 'value must not be negative, not -2.5'),
  ($$SELECT gini(v) FROM (VALUES (1e60), (-2.5), (-7e-60)) w (v)$$, '22000', 'value must not be negative, not -2.5'),
  ($$SELECT gini(v) FROM (VALUES (0), (0.0)) w (v)$$, '22000', 'value must not be 0 in all 2 rows'),
  ($$SELECT gini_signed('NaN')$$, '22023', 'value must be finite, not NaN'),
  ($$SELECT gini_signed('Infinity')$$, '22023', 'value must be finite, not Infinity'),
  ($$SELECT gini_signed('-Infinity')$$, '22023', 'value must be finite, not -Infinity'),
  ($$SELECT gini_signed(v) FROM (VALUES (0), (0.0)) w (v)$$, '22000', 'value must not be 0 in all 2 rows')
) v (query, code, message);
\ir finish.psql
