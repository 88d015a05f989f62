-- allocate, both forms: against largest remainders in numeric.
\ir setup.psql
\ir properties.psql
SELECT no_plan();

-- By definition: floor(|A| w / W) units of 10^-scale, the missing units to the
-- largest remainders, of equal ones the first; a negative amount mirrors.
CREATE FUNCTION pg_temp.by_definition(amount numeric, weights numeric[], scale int) RETURNS numeric[]
LANGUAGE sql AS $$
  WITH part AS (
    SELECT i, div(units * w, total) AS floor, units * w - div(units * w, total) * total AS remainder, units
    FROM (SELECT i, coalesce(w, 0) AS w, sum(w) OVER () AS total, abs(amount) * ('1e' || scale)::numeric AS units
          FROM pg_catalog.unnest(weights) WITH ORDINALITY u (w, i)) s WHERE total > 0),
  ranked AS (
    SELECT *, row_number() OVER (ORDER BY remainder DESC, i) AS rank, units - sum(floor) OVER () AS missing FROM part)
  SELECT coalesce(array_agg(round(sign(amount) * (floor + (rank <= missing)::int) * ('1e-' || scale)::numeric, scale)
    ORDER BY i),
                  array_fill(NULL::numeric, array[cardinality(weights)]))
  FROM ranked
$$;

-- published and worked cases
SELECT is(allocate(amount, weights)::text, want, what) FROM (VALUES
  ('100 in thirds', 100, '{1,1,1}'::numeric[], '{33.34,33.33,33.33}'),
  ('182.25 at 98 and 2 (odoo#214736, which posts 182.26)', 182.25, '{98,2}', '{178.61,3.64}'),
  ('33.34 in quarters (stackoverflow 1823529)', 33.34, '{0.25,0.25,0.25,0.25}', '{8.34,8.34,8.33,8.33}'),
  ('100 at 60 and 40 (erpnext test_cost_center_allocation)', 100, '{60,40}', '{60.00,40.00}'),
  ('145.65 in halves must balance (erpnext#48901)', 145.65, '{50,50}', '{72.83,72.82}'),
  ('a negative amount mirrors', -100, '{1,1,1}', '{-33.34,-33.33,-33.33}'),
  ('a zero amount', 0, '{1,2}', '{0.00,0.00}'),
  ('one part', 12.34, '{0.001}', '{12.34}'),
  ('a NULL or zero weight gets 0', 10, '{NULL,1,0,1}', '{0.00,5.00,0.00,5.00}'),
  ('fewer units than parts', 0.02, '{1,1,1}', '{0.01,0.01,0.00}'),
  ('all weights zero: unallocated', 10, '{0,0.00,NULL}', '{NULL,NULL,NULL}'),
  ('all weights NULL: unallocated', 10, '{NULL}', '{NULL}'),
  ('zeros beyond the scale are no digits', 10.5000, '{1,1}', '{5.25,5.25}'),
  ('tiny weights', 1, '{1e-30,2e-30}', '{0.33,0.67}'),
  ('tiny beside huge', 1, '{1e-300,1e300}', '{0.00,1.00}'),
  ('10^30', 1000000000000000000000000000000, '{1,1,1}',
    '{333333333333333333333333333333.34,333333333333333333333333333333.33,333333333333333333333333333333.33}'),
  ('tenths that floats get wrong', 0.30, '{0.1,0.2}', '{0.10,0.20}')) v (what, amount, weights, want);
SELECT is(allocate(100, '{1,1,1}'::numeric[], 0)::text, '{34,33,33}', 'scale 0');
SELECT is(allocate(1, '{1,1,1}'::numeric[], 10)::text, '{0.3333333334,0.3333333333,0.3333333333}', 'scale 10');
SELECT is(allocate(1, '{1,1,1}'::numeric[], 1000)::text, '{' || '0.' || repeat('3', 999) || '4,0.' || repeat('3', 1000)
  || ',0.' || repeat('3', 1000) || '}', 'scale 1000');
SELECT is(allocate(1e-1000, '{1,1,1}'::numeric[], 1000)::text, '{' || round(1e-1000, 1000) || ',' || round(0, 1000)
  || ',' || round(0, 1000) || '}', 'one unit of scale 1000');
SELECT is(allocate(1e1000, '{1,1,1}'::numeric[], 0), array[div(1e1000, 3) + 1, div(1e1000, 3), div(1e1000, 3)],
  'a thousand digits');
SELECT is(allocate(100, '{}'::numeric[]), NULL, 'no weights: NULL');
SELECT is(allocate(NULL, '{1}'::numeric[]), NULL, 'no amount: NULL');
SELECT is(allocate(1, NULL::numeric[]), NULL, 'NULL weights: NULL');
SELECT is(allocate(1, '{1}'::numeric[], NULL), NULL, 'NULL scale: NULL');
SELECT is(allocate(amount => 10, weights => '{1,1}'::numeric[], scale => 1)::text, '{5.0,5.0}',
  'arguments can be named');
SELECT is(array_lower(allocate(10, '[5:6]={1,1}'::numeric[]), 1), 1, 'the parts are numbered from 1');
SELECT is(allocate(2 * 170141183460469231731687303715884105727.00, '{1,1}'::numeric[])::text,
  '{170141183460469231731687303715884105727.00,170141183460469231731687303715884105727.00}',
  'an amount beyond 128 bits');
SELECT is(pg_catalog.array_agg(part ORDER BY n)::text, '{-170141183460469231731687303715884105728}',
  'the least amount of 128 bits goes to one row')
  FROM (SELECT n, allocate((-170141183460469231731687303715884105728)::numeric, 1, 0) OVER () AS part
    FROM generate_series(1, 1) n) s;
SELECT is(allocate(-170141183460469231731687303715884105728, '{1,2}'::numeric[], 0)::text,
  '{-56713727820156410577229101238628035243,-113427455640312821154458202477256070485}', 'or is split');
SELECT is(allocate(10,
  '{170141183460469231731687303715884105727,170141183460469231731687303715884105727}'::numeric[])::text, '{5.00,5.00}',
  'weights whose sum is beyond 128 bits');
SELECT is(allocate(170141183460469231731687303715884105727, '{1,170141183460469231731687303715884105726}'::numeric[],
  0)::text, '{1,170141183460469231731687303715884105726}', 'a product beyond 128 bits, even');
SELECT is(allocate(170141183460469231731687303715884105727,
  array_fill(100000000000000000000000000000000000::numeric, '{7}'), 0),
          pg_temp.by_definition(170141183460469231731687303715884105727, array_fill(1::numeric, '{7}'), 0),
            'a product beyond 128 bits, uneven');

-- random pools: amounts of either sign, scales 0 to 6, weights with zeros,
-- NULLs, ties and decimals
SELECT setseed(0.31);
CREATE TABLE pool AS
  SELECT q, q % 7 AS scale, round(((random() - 0.4) * 10 ^ (q % 9))::numeric, q % 7) AS amount
    FROM generate_series(1, 600) q;
CREATE TABLE line AS
  SELECT q, scale, amount, i AS id, CASE WHEN random() < 0.08 THEN NULL WHEN random() < 0.1 THEN 0 WHEN q % 3 = 0
    THEN 1 + i % 3 ELSE round((random() * 10 ^ (q % 5))::numeric, q % 6) END AS weight
  FROM pool, generate_series(1, 1 + q * 11 % 30) i;
ANALYZE line;
CREATE TABLE part AS
  SELECT q, i AS id, part FROM (SELECT q, pg_temp.by_definition(amount, array_agg(weight ORDER BY id), scale) AS parts
    FROM line GROUP BY q, amount, scale) s,
    pg_catalog.unnest(parts) WITH ORDINALITY u (part, i);
SELECT pg_temp.is_same(
  'SELECT q, id, allocate(amount, weight, scale) OVER (PARTITION BY q ORDER BY id)::text FROM line',
    'SELECT q, id, part::text FROM part',
  'window form: six hundred random pools by definition, decimals included');
SELECT pg_temp.is_same(
  'SELECT q, allocate(amount, array_agg(weight ORDER BY id), scale)::text FROM line GROUP BY q, amount, scale',
    'SELECT q, array_agg(part ORDER BY id)::text FROM part GROUP BY q',
  'array form: the same');
SELECT pg_temp.is_same(
  format('SELECT q, id, allocate(amount, weight * %s, scale) OVER (PARTITION BY q ORDER BY id)::text FROM line',
    factor), 'SELECT q, id, part::text FROM part',
  'the path of numeric equals that of 128 bits: weights times ' || factor)
  FROM (VALUES ('1e40'), ('1e25'), ('1e33'), ('1e-40'), ('1e-20'), ('1e900'), ('1e-900'),
    ('(1 + 0::numeric(45,40))')) v (factor);
SELECT is((SELECT count(*)::int FROM (SELECT q, min(amount) AS amount, sum(part) AS sum, count(part) AS n
  FROM (SELECT q, amount, allocate(amount, weight, scale) OVER (PARTITION BY q ORDER BY id) AS part FROM line) s
  GROUP BY q) t
             WHERE n > 0 AND sum <> amount), 0, 'the parts sum to the amount');
SELECT is((SELECT count(*)::int
  FROM (SELECT q, allocate(amount, weight, scale) OVER (PARTITION BY q ORDER BY id) AS part,
  amount * coalesce(weight, 0) / nullif(sum(weight) OVER (PARTITION BY q), 0) AS quota, scale FROM line) s
             WHERE abs(part - quota) >= ('1e-' || scale)::numeric), 0, 'each part is within one unit of its quota');
SELECT is((SELECT count(*)::int
  FROM (SELECT q, allocate(amount, weight, scale) OVER (PARTITION BY q ORDER BY id) AS a,
  allocate(-amount, weight, scale) OVER (PARTITION BY q ORDER BY id) AS b FROM line) s WHERE a <> -b), 0,
  'a negative amount mirrors');
SELECT is((SELECT count(*)::int
  FROM (SELECT allocate(amount, weight, scale) OVER (PARTITION BY q ORDER BY id) AS part, weight FROM line) s
  WHERE coalesce(weight, 0) = 0 AND part <> 0), 0, 'no weight, no part');
SELECT pg_temp.is_same(
  'SELECT q, id, allocate(amount * 1e40, weight, scale) OVER (PARTITION BY q ORDER BY id) FROM line WHERE q <= 60',
  'SELECT q, i, part FROM (SELECT q, pg_temp.by_definition(amount * 1e40, array_agg(weight ORDER BY id), scale) AS parts FROM line WHERE q <= 60 GROUP BY q, amount, scale) s, pg_catalog.unnest(parts) WITH ORDINALITY u (part, i)',
  'amounts of 40 digits more');
SELECT pg_temp.is_same(
  'SELECT q, id, allocate(amount, weight, 45) OVER (PARTITION BY q ORDER BY id) FROM line WHERE q <= 60',
  'SELECT q, i, part FROM (SELECT q, pg_temp.by_definition(amount, array_agg(weight ORDER BY id), 45) AS parts FROM line WHERE q <= 60 GROUP BY q, amount, scale) s, pg_catalog.unnest(parts) WITH ORDINALITY u (part, i)',
  '45 decimals');

-- windows
SELECT pg_temp.is_same('SELECT id, allocate(100, 1) OVER (ORDER BY id DESC) FROM generate_series(1, 3) id',
  'VALUES (3, 33.34), (2, 33.33), (1, 33.33)', 'ties go to the first rows of the window''s order');
SELECT is((SELECT string_agg(part::text, ' ' ORDER BY id)
  FROM (SELECT id, allocate(amount, 1, 1) OVER (PARTITION BY amount) AS part
  FROM (VALUES (1, 1.0), (2, 1.00), (3, 5)) v (id, amount)) s), '0.5 0.5 5.0',
          'one amount may be written with different zeros');
SELECT is((SELECT count(part)::int FROM (SELECT allocate(NULL, i) OVER () AS part FROM generate_series(1, 5) i) s), 0,
  'a NULL amount gives NULLs');
SELECT is((SELECT count(part)::int
  FROM (SELECT allocate(a, i) OVER () AS part FROM generate_series(1, 5) i, (SELECT NULL::numeric) s (a)) t), 0,
  'a NULL amount in a column too');
SELECT is((SELECT count(part)::int FROM (SELECT allocate(10, 0) OVER () AS part FROM generate_series(1, 5) i) s), 0,
  'all weights zero: NULLs');
SELECT is((SELECT count(part)::int FROM (SELECT allocate(10, NULL) OVER () AS part FROM generate_series(1, 5) i) s), 0,
  'all weights NULL: NULLs');
SELECT is((SELECT count(*)::int FROM (SELECT allocate(10, 1) OVER () FROM line WHERE false) s), 0,
  'no rows give no rows');
SELECT is((SELECT allocate(12.34, 0.5) OVER ())::text, '12.34', 'one row gets all');
SELECT pg_temp.is_same(
  format('SELECT q, id, allocate(amount, weight, scale) OVER (PARTITION BY q ORDER BY id %s)::text FROM line', clause),
    'SELECT q, id, part::text FROM part', 'frames change nothing: ' || clause)
  FROM (VALUES ('ROWS 1 PRECEDING'), ('GROUPS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING')) v (clause);
SELECT pg_temp.is_same(
  'SELECT q, id, allocate(amount, weight, scale) OVER w::text, allocate(amount * 2, weight, scale) OVER w::text FROM line WINDOW w AS (PARTITION BY q ORDER BY id)',
  'SELECT q, id, a.part::text, b.part::text FROM part a JOIN (SELECT q, id, allocate(amount * 2, weight, scale) OVER (PARTITION BY q ORDER BY id) AS part FROM line) b USING (q, id)',
    'two allocations in one query');
SELECT pg_temp.is_same(
  'SELECT p.q, l.id, part::text FROM pool p, LATERAL (SELECT id, allocate(amount, weight, scale) OVER (ORDER BY id) AS part FROM line WHERE line.q = p.q) l WHERE p.q <= 40',
  'SELECT q, id, part::text FROM part WHERE q <= 40', 'a window that is scanned again');
SELECT is((SELECT count(*) || ' ' || sum(part) || ' ' || max(part) - min(part)
  FROM (SELECT allocate(1000000.01, 1) OVER (ORDER BY i) AS part FROM generate_series(1, 99999) i) s),
  '99999 1000000.01 0.01', 'a hundred thousand equal parts');
SELECT is((SELECT count(*)::int FROM (SELECT i, allocate(123456.78, i % 1000) OVER (ORDER BY i) AS part
  FROM generate_series(1, 20000) i) s
             JOIN (SELECT i, div(12345678.0 * (i % 1000), total) AS floor, row_number()
               OVER (ORDER BY 12345678.0 * (i % 1000) - div(12345678.0 * (i % 1000), total) * total DESC, i) AS rank,
                     12345678 - sum(div(12345678.0 * (i % 1000), total)) OVER () AS missing
                       FROM (SELECT i, sum((i % 1000)::numeric) OVER () AS total FROM generate_series(1, 20000) i) t) u
                       USING (i)
             WHERE part <> (floor + (rank <= missing)::int) / 100), 0, 'twenty thousand parts by definition');

-- bad input
SELECT pg_temp.errors(query, code, message) FROM (VALUES
  ($$SELECT allocate('NaN', '{1}'::numeric[])$$, '22023', 'amount must be finite, not NaN'),
  ($$SELECT allocate('Infinity', '{1}'::numeric[])$$, '22023', 'amount must be finite, not Infinity'),
  ($$SELECT allocate('-Infinity', '{1}'::numeric[])$$, '22023', 'amount must be finite, not -Infinity'),
  ($$SELECT allocate(1, '{1,NaN}'::numeric[])$$, '22023', 'weights must be finite, not NaN'),
  ($$SELECT allocate(1, '{1,Infinity}'::numeric[])$$, '22023', 'weights must be finite, not Infinity'),
  ($$SELECT allocate(1, '{1,-Infinity}'::numeric[])$$, '22023', 'weights must be finite, not -Infinity'),
  ($$SELECT allocate(1, '{1,-0.5}'::numeric[])$$, '22023', 'weights must not be negative, not -0.5'),
  ($$SELECT allocate(1, '{1,-1e-60}'::numeric[])$$, '22023', 'weights must not be negative, not ' || -1e-60),
  ($$SELECT allocate(1, '{{1,2},{3,4}}'::numeric[])$$, '2202E', 'weights must have one dimension, not 2'),
  ($$SELECT allocate(1.005, '{1}'::numeric[])$$, '22023', 'amount must have no digit beyond scale 2, not 1.005'),
  ($$SELECT allocate(0.5, '{1}'::numeric[], 0)$$, '22023', 'amount must have no digit beyond scale 0, not 0.5'),
  ($$SELECT allocate(1e-60, '{1}'::numeric[], 59)$$, '22023', 'amount must have no digit beyond scale 59, not '
    || 1e-60),
  ($$SELECT allocate(1, '{1}'::numeric[], -1)$$, '22023', 'scale must be between 0 and 1000, not -1'),
  ($$SELECT allocate(1, '{1}'::numeric[], 1001)$$, '22023', 'scale must be between 0 and 1000, not 1001'),
  ($$SELECT allocate(1, '{1}'::numeric[], 2147483647)$$, '22023', 'scale must be between 0 and 1000, not 2147483647'),
  ($$SELECT allocate('NaN', 1) OVER ()$$, '22023', 'amount must be finite, not NaN'),
  ($$SELECT allocate('Infinity', 1) OVER ()$$, '22023', 'amount must be finite, not Infinity'),
  ($$SELECT allocate('-Infinity', 1) OVER ()$$, '22023', 'amount must be finite, not -Infinity'),
  ($$SELECT allocate(1, w) OVER () FROM (VALUES (1), ('NaN'::numeric)) v (w)$$, '22023',
    'weight must be finite, not NaN'),
  ($$SELECT allocate(1, w) OVER () FROM (VALUES (1e60), ('Infinity')) v (w)$$, '22023',
    'weight must be finite, not Infinity'),
  ($$SELECT allocate(1, '-Infinity') OVER ()$$, '22023', 'weight must be finite, not -Infinity'),
  ($$SELECT allocate(1, w) OVER () FROM (VALUES (1), (-2)) v (w)$$, '22023', 'weight must not be negative, not -2'),
  ($$SELECT allocate(1, w) OVER () FROM (VALUES (1e60), (-2)) v (w)$$, '22023', 'weight must not be negative, not -2'),
  ($$SELECT allocate(1.005, 1) OVER ()$$, '22023', 'amount must have no digit beyond scale 2, not 1.005'),
  ($$SELECT allocate(1, 1, -1) OVER ()$$, '22023', 'scale must be between 0 and 1000, not -1'),
  ($$SELECT allocate(1, 1, 1001) OVER ()$$, '22023', 'scale must be between 0 and 1000, not 1001'),
  ($$SELECT allocate(1, 1, NULL) OVER ()$$, '22004', 'scale must not be NULL'),
  ($$SELECT allocate(1, 1, s) OVER () FROM (VALUES (2), (3)) v (s)$$, '22023',
    'scale must be the same on every row of the partition, not 2 and 3'),
  ($$SELECT allocate(a, 1) OVER () FROM (VALUES (10), (11)) v (a)$$, '22023',
    'amount must be the same on every row of the partition, not 10 and 11'),
  ($$SELECT allocate(a, 1) OVER () FROM (VALUES (10), (NULL)) v (a)$$, '22023',
    'amount must be the same on every row of the partition, not 10 and NULL'),
  ($$SELECT allocate(a, 1) OVER () FROM (VALUES (NULL), (10.5)) v (a)$$, '22023',
    'amount must be the same on every row of the partition, not NULL and 10.5'),
  ($$SELECT allocate(a, 1) OVER () FROM (VALUES (10), ('NaN'::numeric)) v (a)$$, '22023',
    'amount must be the same on every row of the partition, not 10 and NaN')
) v (query, code, message);
\ir finish.psql
