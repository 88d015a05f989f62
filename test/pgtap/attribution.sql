-- markov_attribution and shapley_attribution: published credits, the chain and
-- the games worked out in SQL, and what must hold for every aggregate.
\ir setup.psql
\ir properties.psql
SELECT no_plan();

-- paths of one to five touches of seven channels
ALTER TABLE purchase ADD path text[], ADD conv numeric, ADD worth numeric, ADD lost numeric;
UPDATE purchase SET path = (SELECT array_agg('channel ' || chr(65 + (id * 31 + k * k * id % 11) % 7) ORDER BY k)
  FROM generate_series(1, 1 + id % 5) k),
  conv = CASE id % 4 WHEN 0 THEN 0 ELSE round(id % 9 / 4.0, 2) END, worth = CASE WHEN id % 4 = 0 OR id % 9 = 0 THEN 0
    ELSE value END, lost = id % 6;
ANALYZE purchase;
SELECT pg_temp.aggregate_holds('markov_attribution', '{path,conv,worth,lost}', '{1,2,3,4}');
SELECT pg_temp.aggregate_holds('markov_attribution', '{path,conv,worth,lost,2}', '{1,2,3,4}');
SELECT pg_temp.aggregate_holds('shapley_attribution', '{path,conv,worth}', '{1,2,3}');
SELECT pg_temp.aggregate_holds('shapley_attribution', '{path,conv,worth,lost}', '{1,2,3,4}');
SELECT pg_temp.is_same('SELECT markov_attribution(path, conv, worth, lost, CASE WHEN id % 3 > 0 THEN 3 END)::text FROM purchase',
  'SELECT markov_attribution(path, conv, worth, lost, 3)::text FROM purchase WHERE id % 3 > 0',
  'a NULL order skips the row');

-- published: the six paths of which ChannelAttribution 2.0.7 finds these by simulation, exact by linear solve
CREATE TABLE six (path text[], c numeric, v numeric, n numeric);
INSERT INTO six VALUES ('{A,B,C}', 3, 30, 2), ('{A,B}', 2, 20, 5), ('{B}', 1, 10, 4), ('{C,A}', 1, 15, 1),
  ('{A,A,B}', 2, 20, 0), ('{C}', 0, 0, 6);
CREATE FUNCTION pg_temp.near(have channel_credit[], channels text[], want numeric[], tolerance numeric) RETURNS boolean
  LANGUAGE sql AS $$
  SELECT array_agg(h.channel ORDER BY n) = channels AND bool_and(abs(h.conversions - want[n]) <= tolerance)
    FROM pg_catalog.unnest(have) WITH ORDINALITY h (channel, conversions, value, removal_effect, n)
$$;
SELECT ok(pg_temp.near(markov_attribution(path, c, v, n), '{A,B,C}', '{3.250891795482,3.642984542212,2.106123662307}',
  1e-11), 'Markov of order 1, six paths') FROM six;
SELECT ok(pg_temp.near(markov_attribution(path, c, v, n, 2), '{A,B,C}', '{3.6,3.6,1.8}', 1e-12),
  'Markov of order 2, six paths') FROM six;
SELECT is((SELECT array_agg(round(removal_effect::numeric, 12)) FROM pg_catalog.unnest(m)),
  '{0.614934772830,0.689102564103,0.398391812865}', 'and the removal effects')
  FROM (SELECT markov_attribution(path, c, v, n) AS m FROM six) s;
SELECT ok(pg_temp.near(shapley_attribution(path, c, 0), '{F,L,O}', '{0.455,0.34,0.205}', 1e-12),
  'Shapley values of a published table of worth, as a sum of paths (tomgorb)')
  FROM (VALUES ('{F}'::text[], 0.2), ('{O}', 0.1), ('{L}', 0.17), ('{F,O}', 0.17), ('{L,F}', 0.3),
    ('{F,L,O}', 0.06)) w (path, c);

-- at an order that no path exceeds, a channel's effect is the share of converting paths that contain it
SELECT is((SELECT array_agg(round(removal_effect::numeric, 12)) FROM pg_catalog.unnest(m)),
  '{0.888888888889,0.888888888889,0.444444444444}', 'Markov of order 3: shares of converting paths')
  FROM (SELECT markov_attribution(path, c, v, n, 3) AS m FROM six) s;

-- the chain in SQL: states and steps by window, conversion without a channel step by step
CREATE TABLE walk (path_id int, path text[], c numeric, v numeric, n numeric);
INSERT INTO walk SELECT i, (SELECT array_agg(chr(97 + (hashint4(i * 100 + k) & 2147483647) % 4) ORDER BY k)
  FROM generate_series(1, 1 + i * 7 % 6) k), i % 3, CASE WHEN i % 3 > 0 THEN round(i * 1.25, 2) ELSE 0 END,
  i % 5 + CASE WHEN i % 3 = 0 THEN 1 ELSE 0 END FROM generate_series(1, 60) i;
ANALYZE walk;
CREATE FUNCTION pg_temp.left_without(channel text, ord int, OUT conversion float8, OUT worth float8) LANGUAGE plpgsql
  AS $$
DECLARE
  mass float8[];
BEGIN
  DROP TABLE IF EXISTS step, state, link;
  CREATE TEMP TABLE step AS
  WITH gram AS (
    SELECT path_id, k, path[k:k + ord - 1] AS gram, c, v, n, cardinality(path) AS length
      FROM walk, generate_series(1, greatest(1, cardinality(path) - ord + 1)) k
  ), move AS (
    SELECT '{}'::text[] AS origin, gram AS target, c + n AS weight, 0::numeric AS v FROM gram WHERE k = 1
    UNION ALL SELECT a.gram, b.gram, a.c + a.n, 0 FROM gram a JOIN gram b ON b.path_id = a.path_id AND b.k = a.k + 1
      WHERE a.gram <> b.gram
    UNION ALL SELECT gram, '{+}', c, v FROM gram WHERE k = greatest(1, length - ord + 1)
    UNION ALL SELECT gram, '{-}', n, 0 FROM gram WHERE k = greatest(1, length - ord + 1)
  )
  SELECT origin, target, (sum(weight) / sum(sum(weight)) OVER w)::float8 AS p,
    (sum(v) / sum(sum(weight)) OVER w)::float8 AS reward FROM move GROUP BY 1, 2 HAVING sum(weight) > 0
    WINDOW w AS (PARTITION BY origin);
  CREATE TEMP TABLE state AS SELECT origin AS gram, row_number() OVER (ORDER BY origin) AS n
    FROM (SELECT DISTINCT origin FROM step) s;
  CREATE TEMP TABLE link AS
  SELECT o.n AS origin, t.n AS target, target = '{+}' AS converts, p, reward
  FROM step JOIN state o ON origin = o.gram LEFT JOIN state t ON target = t.gram
    WHERE target <> '{-}' AND NOT channel = ANY (target);
  ANALYZE state, link;
  mass := ARRAY(SELECT (gram = '{}')::int FROM state ORDER BY n);
  conversion := 0;
  worth := 0;
  FOR i IN 1 .. 120 LOOP
    SELECT conversion + coalesce(sum(mass[origin] * p), 0),
      worth + coalesce(sum(mass[origin] * reward), 0) INTO conversion, worth FROM link WHERE converts;
    mass := ARRAY(SELECT coalesce(sum(mass[origin] * p), 0) FROM state LEFT JOIN link ON target = n GROUP BY n
      ORDER BY n);
    EXIT WHEN (SELECT sum(m) < 1e-30 FROM pg_catalog.unnest(mass) m);
  END LOOP;
END $$;
CREATE TABLE removed AS
  SELECT ord, ch, 1 - l.conversion / a.conversion AS effect, 1 - l.worth / a.worth AS value_effect
  FROM generate_series(1, 3) ord, pg_temp.left_without('', ord) a, pg_catalog.unnest('{a,b,c,d}'::text[]) ch,
    pg_temp.left_without(ch, ord) l;
SELECT is((SELECT count(*)::int FROM pg_catalog.unnest(m) u JOIN removed r ON r.ord = o.ord AND r.ch = u.channel
  WHERE abs(u.removal_effect - r.effect) < 1e-12
    AND abs(u.conversions - t.c * r.effect / (SELECT sum(effect) FROM removed WHERE ord = o.ord)) < 1e-9
      AND abs(u.value - t.v * r.value_effect / (SELECT sum(value_effect) FROM removed WHERE ord = o.ord)) < 1e-8), 4,
    format('Markov of order %s is what is left without each channel, step by step', o.ord))
  FROM generate_series(1, 3) o (ord), LATERAL (SELECT markov_attribution(path, c, v, n, o.ord) AS m FROM walk) s,
    (SELECT sum(c)::float8 AS c, sum(v)::float8 AS v FROM walk) t;

-- the games in SQL, by sets
CREATE TABLE game AS SELECT set, coalesce(sum(c) FILTER (WHERE inside), 0) AS c,
  coalesce(sum(v) FILTER (WHERE inside), 0) AS v, coalesce(sum(c + n) FILTER (WHERE inside), 0) AS base
  FROM (SELECT set, c, v, n, path <@ (SELECT coalesce(array_agg(chr(97 + b)), '{}') FROM generate_series(0, 3) b
    WHERE set >> b & 1 = 1) AS inside FROM generate_series(0, 15) set, walk) s GROUP BY set;
CREATE FUNCTION pg_temp.value_of(rate boolean, worth boolean, player int) RETURNS numeric LANGUAGE sql AS $$
  WITH value AS (SELECT set, CASE WHEN worth THEN v ELSE c END / CASE WHEN NOT rate THEN 1 WHEN base = 0 THEN 1
    ELSE base END AS x, length(replace(set::bit(4)::text, '0', '')) AS size FROM game)
  SELECT sum((b.x - a.x) * (CASE a.size WHEN 0 THEN 6 WHEN 3 THEN 6 ELSE 2 END) / 24) FROM value a
    JOIN value b ON b.set = a.set + (1 << player) WHERE a.set >> player & 1 = 0
$$;
SELECT is((SELECT count(*)::int FROM pg_catalog.unnest(m) u
  WHERE abs(u.conversions - pg_temp.value_of(false, false, ascii(channel) - 97)) < 1e-11
  AND abs(u.value - pg_temp.value_of(false, true, ascii(channel) - 97)) < 1e-11 AND removal_effect IS NULL), 4,
  'Shapley of the sum game, by sets')
  FROM (SELECT shapley_attribution(path, c, v) AS m FROM walk) s;
SELECT is((SELECT count(*)::int FROM pg_catalog.unnest(m) u
  WHERE abs(u.conversions - t.base * pg_temp.value_of(true, false, ascii(channel) - 97)) < 1e-9
  AND abs(u.value - t.base * pg_temp.value_of(true, true, ascii(channel) - 97)) < 1e-9), 4,
  'Shapley of the rate game, by sets')
  FROM (SELECT shapley_attribution(path, c, v, n) AS m, sum(c + n) AS base FROM walk) t;
-- 90 of 100 convert by A alone, 50 of 100 by A and B: B lowers the rate
SELECT is((SELECT array_agg(round(conversions, 6)) FROM pg_catalog.unnest(shapley_attribution(path, c, 0, n))),
  '{160.000000,-20.000000}', 'a channel that lowers the rate has a negative credit')
  FROM (VALUES ('{A}'::text[], 90, 10), ('{A,B}', 50, 50)) w (path, c, n);
-- worked out in fractions of the total: with signs that differ, sums on the way have more than 128 bits
CREATE TABLE opposed AS SELECT c.*
  FROM (SELECT shapley_attribution(path, c, 0, n) AS m
  FROM (VALUES ('{a}'::text[], 4.5e36, 0), ('{b}', 4.5e36, 0), ('{c}', 0, 225e36), ('{d}', 0, 225e36)) w (path, c,
  n)) s, pg_catalog.unnest(m) c;
SELECT is((SELECT array_agg(round(conversions / 9e36, 9) ORDER BY channel) FROM opposed),
  ARRAY[round(p, 9), round(p, 9), round(n, 9), round(n, 9)], 'credits far beyond the total')
  FROM (VALUES (69551 / 5252.0, -66925 / 5252.0)) f (p, n);
SELECT is((SELECT sum(conversions) FROM opposed), 9e36, 'and they sum to it');

-- sums
SELECT is(ARRAY[sum(conversions), sum(value)], ARRAY[c, v], 'credits sum to the totals: ' || what)
  FROM (SELECT 'order ' || ord AS what, markov_attribution(path, c, v, n, ord) AS m, sum(c) AS c, sum(v) AS v
    FROM walk, generate_series(1, 3) ord GROUP BY ord
    UNION ALL SELECT 'sum game', shapley_attribution(path, c, v), sum(c), sum(v) FROM walk
    UNION ALL SELECT 'sum game of refunds', shapley_attribution(path, c, -v), sum(c), sum(-v) FROM walk
    UNION ALL SELECT 'rate game', shapley_attribution(path, c, v, n), sum(c), sum(v) FROM walk
    UNION ALL SELECT 'many decimals', markov_attribution(path, c / 7, v / 3, n), sum(c / 7), sum(v / 3) FROM walk
    UNION ALL SELECT '36 digits', markov_attribution(path, c, v * 1e31, n), sum(c), sum(v * 1e31) FROM walk
    UNION ALL SELECT 'thirds', shapley_attribution('{x,y,z}', 1, 10), 1, 10) s, pg_catalog.unnest(m)
      GROUP BY what, c, v;
SELECT is(shapley_attribution('{z,x,y,x}', 1, 10)::text,
  '{"(x,0.333333333334,3.333333333334,)","(y,0.333333333333,3.333333333333,)","(z,0.333333333333,3.333333333333,)"}',
  'what rounding leaves goes to the first channels');

-- weights are repeats
SELECT pg_temp.is_same(format('SELECT %s::text FROM walk, generate_series(1, 3)', replace(call, '* k', '* 1')),
  format('SELECT %s::text FROM walk', replace(call, '* k', '* 3')),
  call || ': a row with three times the numbers is three rows')
  FROM (VALUES ('markov_attribution(path, c * k, v * k, n * k)'), ('markov_attribution(path, c * k, v * k, n * k, 3)'),
    ('shapley_attribution(path, c * k, v * k)'), ('shapley_attribution(path, c * k, v * k, n * k)')) w (call);
-- many channels, and names of every kind; the order is that of the bytes
SELECT is((SELECT array_agg(channel) FROM pg_catalog.unnest(markov_attribution(path, 1, 1, 1))), '{"",B,a,é,你}',
  'channels in order of their bytes') FROM (VALUES ('{é,a,"",B,你}'::text[])) w (path);
SELECT is((SELECT count(*)::int || ' ' || sum(conversions) FROM pg_catalog.unnest(m)), '1500 ' || c || '.000000000000',
  '1,500 channels: ' || ord) FROM
  (SELECT ord, sum(c) AS c, markov_attribution(ARRAY['c' || i % 1500, 'c' || i * 7 % 1500, 'c' || i * i % 1500], c, c,
    2, ord) AS m FROM (SELECT i, i % 3 AS c FROM generate_series(1, 6000) i) s, generate_series(1, 2) ord
    GROUP BY ord) t;
SELECT is((SELECT sum(conversions) FROM pg_catalog.unnest(shapley_attribution(path, 1, 5))), 1.000000000000,
  'a path of 100,000 touches') FROM (SELECT array_agg('c' || i % 300) AS path FROM generate_series(1, 100000) i) s;
-- states of many channels become one
SELECT pg_temp.is_same('SELECT markov_attribution(ARRAY[''x'' || i % 700, ''y'' || i * i % 650], i % 2, i % 2, 1)::text FROM generate_series(1, 3000) i',
  'SELECT markov_attribution(ARRAY[''x'' || i % 700, ''y'' || i * i % 650], i % 2, i % 2, 1)::text FROM (SELECT i FROM generate_series(1, 3000) i ORDER BY md5(i::text) OFFSET 0) s',
  '1,350 channels in another order');

-- none and all
SELECT is((markov_attribution('{A,B}', 0, 0, 5))::text,
  '{"(A,0.000000000000,0.000000000000,)","(B,0.000000000000,0.000000000000,)"}',
  'nothing converts: no credits, no removal effect');
SELECT is((markov_attribution(path, 1, 1, 0))::text,
  '{"(A,1.333333333333,1.333333333333,1)","(B,0.666666666667,0.666666666667,0.5)"}',
  'everything converts: a channel on every path has removal effect 1')
  FROM (VALUES ('{A,B}'::text[]), ('{A}')) w (path);
SELECT is((markov_attribution(path, 1, 1, 0))::text,
  '{"(A,1.000000000000,1.000000000000,1)","(B,1.000000000000,1.000000000000,1)"}',
  'a channel behind another is lost with it, and the other way round')
  FROM (VALUES ('{A,B}'::text[]), ('{A,B,B}')) w (path);
SELECT is((SELECT array_agg(channel || ' ' || round(conversions, 1)) FROM pg_catalog.unnest(m)),
  '{"A 0.0","B 1.0","C 0.0"}', 'channels that nobody came to have rows, too')
  FROM (SELECT markov_attribution(path, c, c, 0) AS m
  FROM (VALUES ('{A}'::text[], 0), ('{B}', 1), ('{C}', 0)) w (path, c)) s;
SELECT is((shapley_attribution('{A}', 0, 0, 0))::text, '{"(A,0.000000000000,0.000000000000,)"}',
  'a path that nobody took');

SELECT pg_temp.errors('SELECT ' || call, code, message) FROM (VALUES
  ('markov_attribution(''{}'', 1, 1, 1)', '22023', 'path must have at least one channel'),
  ('shapley_attribution(''{A,NULL}'', 1, 1)', '22004', 'path must not contain NULL'),
  ('shapley_attribution(''{{A},{B}}'', 1, 1)', '2202E', 'path must have one dimension, not 2'),
  ('markov_attribution(''{A}'', -1, 1, 1)', '22023', 'conversions must not be negative, not -1'),
  ('markov_attribution(''{A}'', 1, 1, -0.5)', '22023', 'non_conversions must not be negative, not -0.5'),
  ('markov_attribution(''{A}'', 1, -1, 1)', '22023', 'value must not be negative, not -1'),
  ('shapley_attribution(''{A}'', 1, -1, 1)', '22023', 'value must not be negative, not -1'),
  ('markov_attribution(''{A}'', 0, 3, 1)', '22023', 'value must be 0 where conversions is 0, not 3'),
  ('markov_attribution(''{A}'', ''NaN'', 1, 1)', '22023', 'conversions must be finite, not NaN'),
  ('shapley_attribution(''{A}'', 1, ''Infinity'')', '22023', 'value must be finite, not Infinity'),
  ('markov_attribution(''{A}'', 1, 1, 1, 0)', '22023', 'markov_order must be between 1 and 3, not 0'),
  ('markov_attribution(''{A}'', 1, 1, 1, 4)', '22023', 'markov_order must be between 1 and 3, not 4'),
  ('markov_attribution(''{A}'', 1, 1, 1, i) FROM generate_series(1, 2) i', '22023',
    'markov_order must be the same for all rows, not 1 and 2'),
  ('shapley_attribution(ARRAY[''c'' || i], 1, 1, 1) FROM generate_series(1, 21) i', '54000',
    'paths must have at most 20 different channels for a game of rates, not "c21" as well'),
  ('markov_attribution(ARRAY[''c'' || i], 1, 1, 1) FROM generate_series(1, 65001) i', '54000',
    'paths must have at most 65000 different channels, not "c65001" as well'),
  ('markov_attribution(''{A}'', 1e70, 1e70, 1)', '22003', 'conversions must sum to at most 37 digits'),
  ('markov_attribution(''{A}'', 1e77, 1, 1)', '22003', 'conversions must sum to at most 76 digits')) v (call, code,
    message);
SELECT lives_ok('SELECT shapley_attribution(ARRAY[''c'' || i, ''c1''], 1, 1, 1) FROM generate_series(1, 20) i',
  '20 channels');
\ir finish.psql
