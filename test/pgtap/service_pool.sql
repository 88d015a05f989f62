-- step_down and reciprocal: textbook examples, closed forms, conservation to the
-- last digit over random pools, bad input.
\ir setup.psql
\ir properties.psql
SELECT no_plan();

-- textbooks; rows are service departments first
SELECT is(step_down(own, share, scale), down, 'step_down: ' || source) || E'\n'
  || is(reciprocal(own, share, scale), mutual, 'reciprocal: ' || source) FROM (VALUES
  -- one service department alone: both are the direct method
  ('one that serves two', '{100,10,20}'::numeric[], '{{0,0.25,0.75},{0,0,0},{0,0,0}}'::numeric[], 2,
    '{0,35,95}'::numeric[], '{0,35,95}'::numeric[]),
  ('nothing to pass on', '{0,10,20}', '{{0,0.25,0.75},{0,0,0},{0,0,0}}', 2, '{0,10,20}', '{0,10,20}'),
  ('final receivers only', '{10,20}', '{{0,0},{0,0}}', 2, '{10,20}', '{10,20}'),
  ('a chain', '{100,50,25,0}', '{{0,1,0,0},{0,0,1,0},{0,0,0,1},{0,0,0,0}}', 2, '{0,0,0,175}', '{0,0,0,175}'),
  ('thirds to the cent', '{100,0,0,0}', '{{0,0.3333333333,0.3333333333,0.3333333334},{0,0,0,0},{0,0,0,0},{0,0,0,0}}',
    2, '{0,33.33,33.33,33.34}', '{0,33.33,33.33,33.34}'),
  ('a credit note', '{-100,0,0}', '{{0,0.5,0.5},{0,0,0},{0,0,0}}', 2, '{0,-50,-50}', '{0,-50,-50}'),
  ('a credit note of three thirds', '{-1,0,0,0}',
    '{{0,0.33333333,0.33333333,0.33333334},{0,0,0,0},{0,0,0,0},{0,0,0,0}}', 1, '{0,-0.3,-0.3,-0.4}',
    '{0,-0.3,-0.3,-0.4}'),
  ('a credit note and its tie', '{-0.5,0,0}', '{{0,0.5,0.5},{0,0,0},{0,0,0}}', 1, '{0,-0.3,-0.2}', '{0,-0.3,-0.2}'),
  ('whole units', '{100,0,0}', '{{0,0.333,0.667},{0,0,0},{0,0,0}}', 0, '{0,33,67}', '{0,33,67}'),
  ('four decimals', '{100.0001,0,0}', '{{0,0.5,0.5},{0,0,0},{0,0,0}}', 4, '{0,50.0001,50.0000}',
    '{0,50.0001,50.0000}')) v (source, own, share, scale, down, mutual);
-- myessayhelp.xyz: Y = 7260 + 0.3 Z, Z = 4000 + 0.2 Y
SELECT is(reciprocal('{7260,4000,0,0}', share), '{0,0,6240,5020}',
  'reciprocal: Y = 9000 and Z = 5800 (published), of which 0.5 and 0.3 go to the first, 0.3 and 0.4 to the second')
  || E'\n' || is(step_down('{7260,4000,0,0}', share), '{0,0,5966.57,5293.43}',
  'step_down: 7260 goes 20:50:30, then 5452 goes 3:4 (5966.571 and 5293.429)')
  FROM (SELECT '{{0,0.2,0.5,0.3},{0.3,0,0.3,0.4},{0,0,0,0},{0,0,0,0}}'::numeric[] AS share) s;
-- two pools that pass all but a part e to each other: of the first one's cost c
-- its receiver gets c (1 - p) / (1 - p q), the other's c p (1 - q) / (1 - p q)
SELECT is(reciprocal(ARRAY[c, 0, 0, 0], ARRAY[[0, p, 1 - p, 0], [q, 0, 0, 1 - q], [0, 0, 0, 0], [0, 0, 0, 0]], 6),
          ARRAY[0, 0, round(c * (1 - p) / (1 - p * q), 6), c - round(c * (1 - p) / (1 - p * q), 6)],
            format('reciprocal: a loop of %s and %s', p, q))
  FROM (VALUES (1000::numeric, 0.5, 0.5), (1000, 0.9, 0.9), (1000, 0.99, 0.999), (1000, 0.000001, 0.999999),
    (123456789012.34, 0.3, 0.7)) v (c, p, q);
-- the order: step_down depends on it, reciprocal does not
SELECT is(reciprocal('{4000,7260,0,0}', '{{0,0.3,0.3,0.4},{0.2,0,0.5,0.3},{0,0,0,0},{0,0,0,0}}'), '{0,0,6240,5020}',
  'reciprocal: the order of the pools changes nothing');
SELECT is(step_down('{4000,7260,0,0}', '{{0,0.3,0.3,0.4},{0.2,0,0.5,0.3},{0,0,0,0},{0,0,0,0}}'),
  ARRAY[0, 0, round(1200 + 8460 * 0.625, 2), round(1600 + 8460 * 0.375, 2)],
  'step_down: 4000 goes 30:30:40, then 8460 goes 5:3');
SELECT is(reciprocal('{0,0,7260,4000}', '{{0,0,0,0},{0,0,0,0},{0.5,0.3,0,0.2},{0.3,0.4,0.3,0}}'), '{6240,5020,0,0}',
  'reciprocal: final receivers may come first');
-- a scale, and a share, of more decimals than doubles have powers of ten
SELECT is(reciprocal(ARRAY[0, own, 0, 0], share, 400), ARRAY[0, 0, own * 0.6, own * 0.4],
  format('reciprocal: %s at scale 400', own))
  FROM (VALUES ('{{0,0.5,0,0.5},{0,0,0.6,0.4},{0,0,0,0},{0,0,0,0}}'::numeric[])) s (share),
    (VALUES (0), (1e-390)) v (own);
SELECT is(reciprocal('{100,10,0}', ARRAY[[0, tiny, 1], [0.2, 0, 0.8], [0, 0, 0]]),
  reciprocal('{100,10,0}', '{{0,0,1},{0.2,0,0.8},{0,0,0}}'),
  format('reciprocal: a share of %s is as good as none', tiny))
  FROM (VALUES (1e-300), (1e-309), (1e-400)) v (tiny);

-- random pools: nothing is lost, and the simultaneous equations hold
SELECT setseed(0.31);
CREATE TABLE pools AS
SELECT id, n, services, (SELECT array_agg(round((random() * 20000 - 2000 * (id % 3))::numeric, 2) ORDER BY i)
  FROM generate_series(1, n) i WHERE id > 0) AS own,
  (SELECT array_agg(pg_temp_row ORDER BY i) FROM (
     SELECT i, (SELECT array_agg(CASE WHEN i > services THEN 0 WHEN i = j THEN 0 ELSE part END ORDER BY j)
                FROM (SELECT j,
                  allocate(1, CASE WHEN i = j THEN 0 WHEN j > services THEN 1 + floor(random() * 9)
                  ELSE floor(random() * 9) END::numeric, 6) OVER (ORDER BY j) AS part
                  FROM generate_series(1, n) j) p) AS pg_temp_row
     FROM generate_series(1, n) i WHERE id > 0) r) AS share
FROM (SELECT id, 3 + id % 18 AS n, 1 + id % (1 + (id % 18)) AS services FROM generate_series(1, 120) id) s;
CREATE TABLE passed AS SELECT p.*, step_down(own, share) AS down, reciprocal(own, share) AS mutual FROM pools p;
SELECT is((SELECT count(*)::int FROM passed
  WHERE (SELECT sum(x) FROM pg_catalog.unnest(own) x) <> (SELECT sum(x) FROM pg_catalog.unnest(down) x)), 0,
  'step_down conserves to the cent');
SELECT is((SELECT count(*)::int FROM passed
  WHERE (SELECT sum(x) FROM pg_catalog.unnest(own) x) <> (SELECT sum(x) FROM pg_catalog.unnest(mutual) x)), 0,
  'reciprocal conserves to the cent');
SELECT is((SELECT count(*)::int
  FROM (SELECT down, mutual, step_down(minus, share) AS minus_down, reciprocal(minus, share) AS minus_mutual, n
  FROM passed, LATERAL (SELECT array_agg(-x ORDER BY o) AS minus
  FROM pg_catalog.unnest(own) WITH ORDINALITY u (x, o)) m) s, generate_series(1, n) i
  WHERE down[i] <> -minus_down[i] OR mutual[i] <> -minus_mutual[i]), 0,
    'cost given back is passed on as it was passed on before');
SELECT is((SELECT count(*)::int FROM passed, generate_series(1, services) i WHERE down[i] <> 0 OR mutual[i] <> 0), 0,
  'service pools keep nothing');
SELECT is((SELECT count(*)::int FROM passed, generate_series(1, n) i WHERE down[i] <> round(down[i], 2)
  OR mutual[i] <> round(mutual[i], 2)), 0, 'in whole cents');
-- reciprocal by repeated distribution: what arrives is what the loops converge to
CREATE FUNCTION pg_temp.distributed(own numeric[], share numeric[], services int) RETURNS float8[] LANGUAGE plpgsql
  AS $$
DECLARE
  n int := cardinality(own);
  cost float8[] := own::float8[];
  moved float8;
BEGIN
  FOR step IN 1 .. 400 LOOP
    moved := 0;
    FOR i IN 1 .. services LOOP
      FOR j IN 1 .. n LOOP
        cost[j] := cost[j] + CASE WHEN j = i THEN 0 ELSE cost[i] * share[i][j] END;
      END LOOP;
      moved := moved + abs(cost[i]);
      cost[i] := 0;
    END LOOP;
    EXIT WHEN moved < 1e-9;
  END LOOP;
  RETURN cost;
END $$;
SELECT is((SELECT count(*)::int FROM passed, LATERAL (SELECT pg_temp.distributed(own, share, services) AS want) d,
  generate_series(1, n) i WHERE id <= 40 AND NOT abs(mutual[i] - want[i]) <= 0.0100001), 0,
  'reciprocal is what repeated distribution comes to');
-- step_down by its rule, one service row after the other
CREATE FUNCTION pg_temp.stepped(own numeric[], share numeric[], services int) RETURNS float8[] LANGUAGE plpgsql AS $$
DECLARE
  n int := cardinality(own);
  cost float8[] := own::float8[];
  later float8;
BEGIN
  FOR i IN 1 .. services LOOP
    later := (SELECT sum(share[i][j]) FROM generate_series(i + 1, n) j);
    FOR j IN i + 1 .. n LOOP
      cost[j] := cost[j] + cost[i] * share[i][j] / later;
    END LOOP;
    cost[i] := 0;
  END LOOP;
  RETURN cost;
END $$;
SELECT is((SELECT count(*)::int FROM passed, LATERAL (SELECT pg_temp.stepped(own, share, services) AS want) d,
  generate_series(1, n) i WHERE NOT abs(down[i] - want[i]) <= 0.01 * (1 + services)), 0,
  'step_down is its own rule, up to the cents of each step');

-- many pools, in time
SELECT is((SELECT sum(x) FROM pg_catalog.unnest(reciprocal(own, share)) x), 20000.00,
  'two hundred pools: nothing lost') FROM (
  SELECT array_fill(100.00, '{200}') AS own,
    (SELECT array_agg(r ORDER BY i)
    FROM (SELECT i, array_agg(CASE WHEN i > 150 OR i = j THEN 0 ELSE 1 END / CASE WHEN i > 150 THEN 1 ELSE 199.0 END
    ORDER BY j) AS r FROM generate_series(1, 200) i, generate_series(1, 200) j GROUP BY i) s) AS share) p;
SELECT is((reciprocal(own, share))[300], 30000.00, 'a chain of three hundred pools: all of it ends with the last')
  FROM (
  SELECT array_fill(100.00, '{300}') AS own,
    (SELECT array_agg(r ORDER BY i)
    FROM (SELECT i, array_agg((j = i + 1)::int::numeric ORDER BY j) AS r FROM generate_series(1, 300) i,
    generate_series(1, 300) j GROUP BY i) s) AS share) p;
SELECT is((step_down(NULL, '{{0}}'), step_down('{1}', NULL), reciprocal(NULL, '{{0}}'),
  reciprocal('{1}', '{{0}}', NULL))::text, '(,,,)', 'NULL gives NULL');

-- bad input
SELECT pg_temp.errors(format(query, f), code, message) FROM (VALUES
  ('SELECT %s(''{1,1}'', ''{{0,1.1},{0,0}}'')', '22023',
    'row 1 of share must sum to 1, or to 0 for a final receiver, not 1.1'),
  ('SELECT %s(''{1,1}'', ''{{0,0.9},{0,0}}'')', '22023',
    'row 1 of share must sum to 1, or to 0 for a final receiver, not 0.9'),
  ('SELECT %s(''{1,1,1}'', ''{{0,1.5,-0.5},{0,0,0},{0,0,0}}'')', '22023', 'share[1][3] must not be negative, not -0.5'),
  ('SELECT %s(''{1,1}'', ''{{0.5,0.5},{0,0}}'')', '22023', 'share[1][1] must be 0, not 0.5: no row serves itself'),
  ('SELECT %s(''{1,1}'', ''{{0,NaN},{0,0}}'')', '22023', 'share must be finite, not NaN'),
  ('SELECT %s(''{1,Infinity}'', ''{{0,1},{0,0}}'')', '22023', 'own must be finite, not Infinity'),
  ('SELECT %s(''{NaN,1}'', ''{{0,1},{0,0}}'')', '22023', 'own must be finite, not NaN'),
  ('SELECT %s(''{1,NULL}'', ''{{0,1},{0,0}}'')', '22004', 'own must not contain NULL'),
  ('SELECT %s(''{1,1}'', ''{{0,NULL},{0,0}}'')', '22004', 'share must not contain NULL'),
  ('SELECT %s(''{1,1}'', ''{{0,1}}'')', '2202E', 'share must have 2 rows of 2, as own has'),
  ('SELECT %s(''{1,1}'', ''{0,1}'')', '2202E', 'share must have 2 rows of 2, as own has'),
  ('SELECT %s(''{{1,1}}'', ''{{0,1},{0,0}}'')', '2202E', 'own must have one dimension, not 2'),
  ('SELECT %s(''{1,1}'', ''{{0,1},{0,0}}'', -1)', '22023', 'scale must be between 0 and 1000, not -1'),
  ('SELECT %s(''{1.005,1}'', ''{{0,1},{0,0}}'')', '22023',
    'own must have no digit beyond scale 2, not 1.005')) v (query, code, message),
    (VALUES ('step_down'), ('reciprocal')) g (f);
SELECT pg_temp.errors(query, '22023', message) FROM (VALUES
  ($$SELECT reciprocal('{1,1}', '{{0,1},{1,0}}')$$, 'rows 1, 2 of share pass their cost in a closed loop'),
  ($$SELECT reciprocal('{1,1,1,1}', '{{0,0,0,1},{0,0,1,0},{0,1,0,0},{0,0,0,0}}')$$,
    'rows 2, 3 of share pass their cost in a closed loop'),
  -- who passes into a loop is lost in it as well
  ($$SELECT reciprocal('{1,1,1,1}', '{{0,1,0,0},{0,0,1,0},{0,1,0,0},{0,0,0,0}}')$$,
    'rows 1, 2, 3 of share pass their cost in a closed loop'),
  ($$SELECT reciprocal('{1,1,1}', '{{0,1,0.00000000000001},{1,0,0},{0,0,0}}')$$,
    'rows of share pass their cost in a loop that is very nearly closed'),
  ($$SELECT step_down('{1,1,1}', '{{0,0,1},{1,0,0},{0,0,0}}')$$,
    'row 2 of share must pass its cost to a later row')) v (query, message);
-- as large as can be solved to the last digit, and beyond
SELECT is(reciprocal('{9999999999999999999999999.99,0,0}', '{{0,0,1},{0,0,0},{0,0,0}}'),
  '{0,0,9999999999999999999999999.99}', 'reciprocal: 27 digits');
SELECT pg_temp.errors(query, '22003', message) FROM (VALUES
  ($$SELECT reciprocal('{1e26,0}', '{{0,1},{0,0}}')$$, 'own must be less than 1e26 in all at scale 2'),
  ($$SELECT reciprocal('{-6e25,-6e25,0}', '{{0,0,1},{0,0,1},{0,0,0}}')$$,
    'own must be less than 1e26 in all at scale 2'),
  ($$SELECT reciprocal('{1e60,0}', '{{0,1},{0,0}}')$$, 'own must be less than 1e26 in all at scale 2'),
  ($$SELECT reciprocal('{1,0}', '{{0,1},{0,0}}', 50)$$, 'own must be less than 1e-22 in all at scale 50')) v (query,
    message);
\ir finish.psql
