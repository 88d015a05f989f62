-- abc_tier and cumulative_share: against running sums in numeric.
\ir setup.psql
\ir properties.psql
SELECT no_plan();

-- p: populations of every kind; v: values of mixed decimals, ties, losses, NULLs
CREATE TABLE value AS
  SELECT 'many' AS p, i AS id, CASE WHEN i % 50 = 0 THEN NULL WHEN i % 9 = 0 THEN -(i % 77)::numeric / 4
    ELSE round(exp((i * 7919 % 1009) / 150.0)::numeric, i % 4) END AS v FROM generate_series(1, 6000) i
  UNION ALL SELECT 'ties', i, (i % 7)::numeric FROM generate_series(1, 500) i
  UNION ALL SELECT 'equal', i, 12.50 FROM generate_series(1, 20) i
  UNION ALL SELECT 'one', 1, 0.01
  UNION ALL SELECT 'holes', i, NULL FROM generate_series(1, 5) i
  UNION ALL SELECT 'hole first', i, CASE WHEN i > 2 THEN i END FROM generate_series(1, 9) i
  UNION ALL SELECT 'losses', i, -i FROM generate_series(1, 10) i
  UNION ALL SELECT 'zeros', i, 0.00 FROM generate_series(1, 10) i
  UNION ALL SELECT 'cancelling', i, (i - 6)::numeric FROM generate_series(1, 11) i
  UNION ALL SELECT 'small', i % 12, round((i * 104729 % 10007)::numeric / 7, i % 3) FROM generate_series(1, 12) i;
ANALYZE value;

CREATE FUNCTION pg_temp.tiers(value text, a text, b text) RETURNS text
LANGUAGE sql AS $$
  SELECT format('SELECT p, id, abc_tier(%s, %s, %s) OVER (PARTITION BY p) FROM value', value, a, b)
$$;
-- by definition: what strictly larger values hold of the positive total
CREATE FUNCTION pg_temp.tiers_by_sum(value text, a text, b text) RETURNS text
LANGUAGE sql AS $$
  SELECT format('SELECT p, id, CASE WHEN larger < (%2$s) * total THEN ''A'' WHEN larger < (%3$s) * total THEN ''B'' ELSE ''C'' END FROM (' ||
    'SELECT p, id, coalesce(sum(%1$s) OVER (PARTITION BY p ORDER BY %1$s DESC GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS larger, sum(%1$s) OVER (PARTITION BY p) AS total ' ||
    'FROM value WHERE v > 0) s UNION ALL SELECT p, id, CASE WHEN v <= 0 THEN ''C'' END FROM value WHERE v > 0 IS NOT TRUE',
      value, a, b)
$$;
SELECT pg_temp.is_same(pg_temp.tiers('v', a, b), pg_temp.tiers_by_sum('v', a, b),
  format('abc_tier with %s and %s equals running sums', a, b))
  FROM (VALUES ('0.80', '0.95'), ('0', '0'), ('0', '1'), ('1', '1'), ('0.5', '0.5'), ('0.7', '0.9'),
    ('0.000001', '0.999999'),
    ('1::numeric / 3', '2::numeric / 3'), ('1e-40', '1 - 1e-40'), ('0.8 + 1e-900', '0.95 - 1e-900')) v (a, b);
SELECT pg_temp.is_same('SELECT p, id, abc_tier(v) OVER (PARTITION BY p) FROM value',
  pg_temp.tiers_by_sum('v', '0.80', '0.95'), 'the shares are 0.80 and 0.95 by default');
SELECT pg_temp.is_same(pg_temp.tiers(value, '0.80', '0.95'), pg_temp.tiers_by_sum('v', '0.80', '0.95'),
  'the tiers stay with ' || value)
  FROM (VALUES ('v * 1e40'), ('v * 1e25'), ('v * 1e33'), ('v * 1e-20'), ('v::numeric(60,40)'), ('v::numeric(60,33)'),
    ('v / 1e300'), ('v * 1e900'),
    ('CASE WHEN id % 2 = 0 THEN v ELSE v::numeric(90,70) END')) w (value);

CREATE FUNCTION pg_temp.shares(value text) RETURNS text
LANGUAGE sql AS $$
  SELECT format('SELECT p, id, cumulative_share(%s) OVER (PARTITION BY p)::text FROM value', value)
$$;
CREATE FUNCTION pg_temp.shares_by_sum(value text) RETURNS text
LANGUAGE sql AS $$
  SELECT format('SELECT p, id, CASE WHEN v IS NOT NULL THEN sum(%1$s) OVER (PARTITION BY p ORDER BY v DESC NULLS LAST) / nullif(sum(%1$s) OVER (PARTITION BY p), 0) END::text FROM value',
    value)
$$;
SELECT pg_temp.is_same(pg_temp.shares(value), pg_temp.shares_by_sum(value), 'cumulative_share of ' || value
  || ' equals running sums, to the digit')
  FROM (VALUES ('v::numeric(20,6)'), ('v::numeric(60,40)'), ('v::numeric(20,6) * 1e40'),
    ('v::numeric(20,6) * 1e20')) w (value);
SELECT is((SELECT max(abs(h - w)) FROM (SELECT p, id, cumulative_share(v) OVER (PARTITION BY p) AS h,
              sum(v) OVER (PARTITION BY p ORDER BY v DESC NULLS LAST) / nullif(sum(v) OVER (PARTITION BY p), 0) AS w
                FROM value WHERE v IS NOT NULL) s), 0::numeric,
          'and of mixed decimals');
SELECT is((SELECT count(*)::int FROM (SELECT v IS NULL AS hole, p, cumulative_share(v) OVER (PARTITION BY p) AS s
  FROM value) s
             WHERE (s IS NULL) <> (hole OR p IN ('zeros', 'cancelling'))), 0,
               'NULL for a NULL, and where the total is zero');

-- published and worked cases
SELECT is((SELECT array_agg(t || ' ' || s::numeric(6,4) ORDER BY v DESC)
  FROM (SELECT v, abc_tier(v) OVER () AS t, cumulative_share(v) OVER () AS s FROM pg_catalog.unnest(vals) v) s), want,
  what)
  FROM (VALUES
    ('the edge of 0.8 is exact: A x 4, B x 3, C x 3', '{400,200,120,80,60,50,40,25,15,10}'::numeric[],
     '{A 0.4000,A 0.6000,A 0.7200,A 0.8000,B 0.8600,B 0.9100,B 0.9500,C 0.9750,C 0.9900,C 1.0000}'::text[]),
    ('the same edges in numeric',
      (SELECT array_agg(v * 1e40) FROM pg_catalog.unnest('{400,200,120,80,60,50,40,25,15,10}'::numeric[]) v),
     '{A 0.4000,A 0.6000,A 0.7200,A 0.8000,B 0.8600,B 0.9100,B 0.9500,C 0.9750,C 0.9900,C 1.0000}'),
    ('the customer that crosses the line is inside', '{60,25,10,5}', '{A 0.6000,A 0.8500,B 0.9500,C 1.0000}'),
    ('a dominant customer is A, where a rule of cumulated <= 0.8 leaves no A', '{90,10}', '{A 0.9000,B 1.0000}'),
    ('the whale curve passes 1: peak 1.3125, end 1', '{500,300,200,50,0,-30,-70,-150}',
      '{A 0.6250,A 1.0000,A 1.2500,C 1.3125,C 1.3125,C 1.2750,C 1.1875,C 1.0000}'),
    ('the whale curve of controlling-wiki.com: peak 1.15 at five customers', '{500,300,200,100,50,-50,-100}',
      '{A 0.5000,A 0.8000,A 1.0000,B 1.1000,C 1.1500,C 1.1000,C 1.0000}'),
    ('one holder', '{0,0,10,0}', '{A 1.0000,C 1.0000,C 1.0000,C 1.0000}'),
    ('losses alone: shares of a negative total', '{-1,-3}', '{C 0.2500,C 1.0000}')) w (what, vals, want);
SELECT is((SELECT string_agg(t, '' ORDER BY v DESC)
  FROM (SELECT v, abc_tier(v, a, b) OVER () AS t
  FROM pg_catalog.unnest('{0.1,0.1,0.1,0.1,0.1,0.1,0.1,0.1,0.1,0.1001}'::numeric[]) v, (VALUES (0.1, 0.9)) w (a, b)) s),
          'ABBBBBBBBB', 'equal values share a tier: all that follow the first hold less than b');
SELECT is((SELECT string_agg(t, '' ORDER BY v DESC)
  FROM (SELECT v, abc_tier(v, 0.8, 0.95) OVER () AS t FROM generate_series(1, 10) i,
  LATERAL (SELECT 0.1 * (11 - i)) w (v)) s),
          'AAAAAABBBC', 'tenths, whose sums float8 gets wrong');
SELECT is((SELECT array_agg(t ORDER BY v DESC)
  FROM (SELECT v, abc_tier(v, 0.8, 0.95) OVER () AS t FROM (VALUES (1e30), (1e30 - 1), (0.01)) w (v)) s), '{A,A,C}',
  '10^30');
SELECT is((SELECT array_agg(t ORDER BY v DESC) FROM (SELECT v, abc_tier(v, 0.5, 1) OVER () AS t FROM (VALUES
             (170141183460469231731687303715884105727), (170141183460469231731687303715884105726), (1)) w (v)) s),
               '{A,B,B}', 'a total beyond 128 bits');
SELECT is((SELECT array_agg(s ORDER BY v DESC) FROM (SELECT v, cumulative_share(v) OVER () AS s FROM (VALUES
             (170141183460469231731687303715884105727), (-170141183460469231731687303715884105727), (1)) w (v)) s),
          array[170141183460469231731687303715884105727, 170141183460469231731687303715884105728, 1]::numeric[],
            'a range beyond 128 bits');
SELECT is((SELECT array_agg(round(s, 30) ORDER BY v DESC)
  FROM (SELECT v, cumulative_share(v) OVER () AS s FROM (VALUES (3e60), (1e60), (0.5)) w (v)) s),
          array[round(3e60 / 4000000000000000000000000000000000000000000000000000000000000.5, 30), 1, 1]::numeric[],
            'numbers of 61 digits');
SELECT is((SELECT array_agg(t ORDER BY v DESC)
  FROM (SELECT v, abc_tier(v) OVER () AS t
  FROM (VALUES (123456789012345678.00000000000000000000), (0.00000000000000000001)) w (v)) s), '{A,C}',
          'a total of 38 digits that are no zeros');
SELECT is((SELECT string_agg(t, '' ORDER BY i)
  FROM (SELECT i, abc_tier(999999999999999999999999999999999999 - i) OVER () AS t FROM generate_series(1, 100) i) s),
  repeat('A', 80) || repeat('B', 15) || 'CCCCC',
          'a hundred values of 36 digits');
SELECT is((SELECT abc_tier(v) OVER () FROM (VALUES (1e1000)) w (v)), 'A', 'a number of a thousand digits');
SELECT is((SELECT array_agg(t || ' ' || round(s, 2) ORDER BY v DESC)
  FROM (SELECT v, abc_tier(v) OVER () AS t, cumulative_share(v) OVER () AS s
  FROM (VALUES (8e-1000), (2e-1000)) w (v)) s), '{"A 0.80","B 1.00"}',
          'numbers of a thousand decimals');

-- windows
SELECT pg_temp.is_same(format('SELECT p, id, abc_tier(v) OVER (PARTITION BY p %s), cumulative_share(v::numeric(20,6)) OVER (PARTITION BY p %1$s)::text FROM value',
  clause),
  format('SELECT * FROM (%s) x (p, id, t) JOIN (%s) y (p, id, s) USING (p, id)',
    pg_temp.tiers_by_sum('v', '0.80', '0.95'), pg_temp.shares_by_sum('v::numeric(20,6)')),
  'ORDER BY and frames change nothing: ' || clause)
  FROM (VALUES ('ORDER BY id'), ('ORDER BY v DESC'), ('ORDER BY md5(id::text)'),
    ('ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW')) w (clause);
SELECT pg_temp.is_same(
  'SELECT id, abc_tier(v) OVER (PARTITION BY id % 1999), cumulative_share(v) OVER (PARTITION BY id % 1999)::text, abc_tier(v, 0.5, 0.6) OVER (PARTITION BY id % 7) FROM value WHERE p = ''many''',
  'SELECT id, x, y::text, z FROM (SELECT id, abc_tier(v) OVER (PARTITION BY id % 1999) AS x FROM value WHERE p = ''many'') a JOIN (SELECT id, cumulative_share(v) OVER (PARTITION BY id % 1999) AS y FROM value WHERE p = ''many'') b USING (id)
     JOIN (SELECT id, abc_tier(v, 0.5, 0.6) OVER (PARTITION BY id % 7) AS z FROM value WHERE p = ''many'') c USING (id)',
  'several calls, two thousand small partitions');
SELECT pg_temp.is_same(
  'SELECT q, id, t, s::text FROM generate_series(1, 3) q, LATERAL (SELECT id, abc_tier(v * q) OVER () AS t, cumulative_share(v * q) OVER () AS s FROM value WHERE p = ''ties'') x',
  'SELECT q, id, abc_tier(v) OVER (PARTITION BY q), cumulative_share(v) OVER (PARTITION BY q)::text FROM generate_series(1, 3) q, value WHERE p = ''ties''',
    'a window that is scanned again');
SELECT is((SELECT count(*)::int FROM (SELECT abc_tier(v) OVER (), cumulative_share(v) OVER () FROM value
  WHERE false) s), 0, 'no rows give no rows');
SELECT pg_temp.is_same('SELECT id, t FROM (SELECT id, abc_tier(v) OVER () AS t FROM value WHERE p = ''many'') s WHERE t = ''A'' ORDER BY id LIMIT 10',
  'SELECT id, t FROM (SELECT id, t FROM (SELECT id, abc_tier(v) OVER () AS t FROM value WHERE p = ''many'' OFFSET 0) s WHERE t = ''A'') s ORDER BY id LIMIT 10',
    'a condition above the window');
SELECT is((SELECT string_agg(abc_tier, '' ORDER BY v DESC)
  FROM (SELECT v, abc_tier(value => v, b => 0.9, a => 0.5) OVER () FROM (VALUES (6), (3), (1)) w (v)) s), 'ABC',
  'arguments can be named');
SELECT pg_temp.is_same('SELECT p, id, abc_tier(v, s.a, s.b) OVER (PARTITION BY p) FROM value, (VALUES (0.80, 0.95)) s (a, b)',
  pg_temp.tiers_by_sum('v', '0.80', '0.95'), 'shares may be columns that are the same in a partition');
SELECT pg_temp.is_same('SELECT p, id, abc_tier(v, CASE p WHEN ''many'' THEN 0.5 ELSE 0.80 END, 0.95) OVER (PARTITION BY p) FROM value',
  format('SELECT * FROM (%s) x (p) WHERE p = ''many'' UNION ALL SELECT * FROM (%s) x (p) WHERE p <> ''many''',
    pg_temp.tiers_by_sum('v', '0.5', '0.95'), pg_temp.tiers_by_sum('v', '0.80', '0.95')),
    'and differ between partitions');

-- random populations and shares
SELECT setseed(0.2024);
CREATE TABLE random_value AS
  SELECT q, i AS id, round(((random() ^ 3) * 10 ^ (q % 12) * CASE WHEN random() < 0.1 THEN -1 ELSE 1 END)::numeric,
    q % 5) * CASE q % 4 WHEN 0 THEN 1e30 WHEN 1 THEN 1e-30 ELSE 1 END AS v
  FROM generate_series(1, 300) q, generate_series(1, 1 + q * 7 % 40) i;
CREATE TABLE random_share AS
  SELECT q, round(random()::numeric / 2, 3) AS a, round(0.5 + random()::numeric / 2, 3) AS b
    FROM generate_series(1, 300) q;
SELECT pg_temp.is_same('SELECT q, id, abc_tier(v, a, b) OVER (PARTITION BY q) FROM random_value JOIN random_share USING (q)',
  'SELECT q, id, CASE WHEN larger < a * total THEN ''A'' WHEN larger < b * total THEN ''B'' ELSE ''C'' END FROM (
     SELECT q, id, a, b,
            coalesce(sum(v) OVER (PARTITION BY q ORDER BY v DESC
                                  GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS larger,
            sum(v) OVER (PARTITION BY q) AS total
     FROM random_value JOIN random_share USING (q) WHERE v > 0) s UNION ALL SELECT q, id, ''C'' FROM random_value WHERE v <= 0',
  'three hundred random populations, with random shares');
SELECT is((SELECT count(*)::int
  FROM (SELECT v, cumulative_share(v) OVER (PARTITION BY q) AS h,
  sum(v) OVER (PARTITION BY q ORDER BY v DESC) / nullif(sum(v) OVER (PARTITION BY q), 0) AS w FROM random_value) s
             WHERE abs(h - w) > 1e-16 * abs(w) OR h IS NULL <> (w IS NULL)), 0,
               'cumulative_share of three hundred random populations');
SELECT is((SELECT count(*)::int
  FROM (SELECT abc_tier(v, a, b) OVER (PARTITION BY q) AS n, abc_tier(v * 1e50, a, b) OVER (PARTITION BY q) AS w
  FROM random_value JOIN random_share USING (q)) s WHERE n <> w), 0,
          'the path of 128 bits equals that of numeric');

-- ranges of amounts, by which tiers of a distributed ledger are found
CREATE TABLE amount AS
  SELECT sign * v AS v
  FROM (SELECT round((random() * 10 ^ (random() * 40 - 20))::numeric, i % 25) AS v
        FROM generate_series(1, 20000) i
        UNION ALL SELECT 2::numeric ^ i FROM generate_series(-60, 200) i
        UNION ALL SELECT 10::numeric ^ i + d FROM generate_series(-30, 60) i, unnest('{0,1e-31,-1e-31}'::numeric[]) d
        UNION ALL SELECT 10::numeric ^ i FROM unnest('{-16000,-400,-300,-257,-256,252,256,300,400,100000}'::integer[]) i) x,
       unnest('{1,-1}'::integer[]) AS sign
  UNION ALL SELECT unnest('{0,0.00,NaN,Infinity,-Infinity}'::numeric[]);
SELECT is((SELECT count(*) FROM (SELECT r < lag(r) OVER (ORDER BY v) AS falls
    FROM amount CROSS JOIN LATERAL crmcost._amount_range(v) AS r) x WHERE falls), 0::bigint,
  'ranges stand in the order of amounts');
SELECT is((SELECT count(*) FROM (SELECT min(v) AS low, max(v) AS high FROM amount
    WHERE v > 0 AND v < 'Infinity' GROUP BY crmcost._amount_range(v)) x WHERE high > low * 1.0625), 0::bigint,
  'none is wider than two of 32 parts of an octave');
SELECT ok((SELECT count(DISTINCT crmcost._amount_range(100 + i / 1000.0)) >= 30 FROM generate_series(1, 100000) i),
  'and an octave has some thirty');
SELECT is((SELECT array_agg(DISTINCT crmcost._amount_range(v)) FROM amount WHERE v < 0), '{-1}', 'all below zero is one');
SELECT is((SELECT count(*) FROM amount WHERE (crmcost._amount_range(v) = 0) <> (v = 0)), 0::bigint, 'and zero another');
SELECT is(crmcost._amount_range(v::numeric), crmcost._amount_range(w::numeric), v || ' is where ' || w || ' is')
  FROM (VALUES ('7', '7.000000'), ('0.5', '0.50'), ('10000', '10000.0'), ('12345678.9', '12345678.90')) x (v, w);

-- bad input
SELECT pg_temp.errors(query, code, message) FROM (VALUES
  ($$SELECT abc_tier('NaN') OVER ()$$, '22023', 'value must be finite, not NaN'),
  ($$SELECT abc_tier('Infinity') OVER ()$$, '22023', 'value must be finite, not Infinity'),
  ($$SELECT abc_tier('-Infinity') OVER ()$$, '22023', 'value must be finite, not -Infinity'),
  ($$SELECT abc_tier(v) OVER () FROM (VALUES (1e60), ('NaN')) w (v)$$, '22023', 'value must be finite, not NaN'),
  ($$SELECT abc_tier(1, 'NaN') OVER ()$$, '22023', 'a must be finite, not NaN'),
  ($$SELECT abc_tier(1, '-Infinity') OVER ()$$, '22023', 'a must be finite, not -Infinity'),
  ($$SELECT abc_tier(1, 0.5, 'NaN') OVER ()$$, '22023', 'b must be finite, not NaN'),
  ($$SELECT abc_tier(1, 0.5, 'Infinity') OVER ()$$, '22023', 'b must be finite, not Infinity'),
  ($$SELECT abc_tier(1, -0.1) OVER ()$$, '22023', 'a and b must be shares with 0 <= a <= b <= 1, not -0.1 and 0.95'),
  ($$SELECT abc_tier(1, 80, 95) OVER ()$$, '22023', 'a and b must be shares with 0 <= a <= b <= 1, not 80 and 95'),
  ($$SELECT abc_tier(1, 0.9, 0.8) OVER ()$$, '22023', 'a and b must be shares with 0 <= a <= b <= 1, not 0.9 and 0.8'),
  ($$SELECT abc_tier(1, 0.96) OVER ()$$, '22023', 'a and b must be shares with 0 <= a <= b <= 1, not 0.96 and 0.95'),
  ($$SELECT abc_tier(1, 0.5, 1.000001) OVER ()$$, '22023',
    'a and b must be shares with 0 <= a <= b <= 1, not 0.5 and 1.000001'),
  ($$SELECT abc_tier(1, NULL) OVER ()$$, '22004', 'a must not be NULL'),
  ($$SELECT abc_tier(1, 0.5, NULL) OVER ()$$, '22004', 'b must not be NULL'),
  ($$SELECT abc_tier(1, a) OVER () FROM (VALUES (0.5), (0.6)) w (a)$$, '22023',
    'a must be the same on every row of the partition, not 0.5 and 0.6'),
  ($$SELECT abc_tier(1, 0.5, b) OVER () FROM (VALUES (0.7), (0.6)) w (b)$$, '22023',
    'b must be the same on every row of the partition, not 0.7 and 0.6'),
  ($$SELECT abc_tier(1, a) OVER () FROM (VALUES (0.5), (NULL)) w (a)$$, '22004', 'a must not be NULL'),
  ($$SELECT cumulative_share('NaN') OVER ()$$, '22023', 'value must be finite, not NaN'),
  ($$SELECT cumulative_share('Infinity') OVER ()$$, '22023', 'value must be finite, not Infinity'),
  ($$SELECT cumulative_share('-Infinity') OVER ()$$, '22023', 'value must be finite, not -Infinity'),
  ($$SELECT cumulative_share(v) OVER () FROM (VALUES (1), ('NaN'::numeric)) w (v)$$, '22023',
    'value must be finite, not NaN')
) v (query, code, message);
\ir finish.psql
