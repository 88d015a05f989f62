-- attribution_weight: published shares, the rules written as plain SQL windows.
\ir setup.psql
\ir properties.psql
SELECT no_plan();

CREATE FUNCTION pg_temp.shares(model text, days float8[], half_life interval DEFAULT '7 days') RETURNS numeric[]
  LANGUAGE sql AS $$
  SELECT array_agg(round(w::numeric, 9) ORDER BY n)
    FROM (SELECT n, attribution_weight(model, timestamptz '2025-01-31' - d * interval '1 day', '2025-01-31', half_life)
    OVER (ORDER BY n) AS w FROM pg_catalog.unnest(days) WITH ORDINALITY u (d, n)) s
$$;
SELECT is(pg_temp.shares(model, days, half_life), want::numeric(10,9)[], what) FROM (VALUES
  ('time_decay', '{28,14,7,0}'::float8[], interval '7 days',
    '{0.034482758621,0.137931034483,0.275862068966,0.551724137931}'::numeric[],
    'decay by half in 7 days: 1, 4, 8 and 16 of 29'),
  ('time_decay', '{12,7,2,0}', '168 hours', '{0.116092613,0.190469749,0.312498139,0.380939499}',
    'decay is continuous, not by whole weeks (DP6 floors)'),
  ('time_decay', '{30,0}', '1 month', '{0.333333333333,0.666666666667}', 'a month has 30 days'),
  ('time_decay', '{5}', '1 second', '{1}', 'one touch has all'),
  ('time_decay', '{36500,36499}', '1 day', '{0.333333333333,0.666666666667}', 'an old journey does not underflow'),
  ('position', '{3}', '7 days', '{1}', 'position: one touch'),
    ('position', '{3,1}', '7 days', '{0.5,0.5}', 'position: two touches, 1.5 each of 3 (DP6, tests)'),
  ('position', '{3,2,1}', '7 days', '{0.4,0.2,0.4}', 'position: three'),
    ('position', '{9,7,5,3,1}', '7 days', '{0.4,0.066666666667,0.066666666667,0.066666666667,0.4}', 'position: five'),
  ('linear', '{3,2,1}', '7 days', '{0.333333333333,0.333333333333,0.333333333333}', 'linear'),
    ('first', '{3,2,1}', '7 days', '{1,0,0}', 'first'), ('last', '{3,2,1}', '7 days', '{0,0,1}', 'last'),
  ('last', '{3,2,0,-1}', '7 days', '{0,0,1,0}', 'a touch at the conversion counts, one after it gets 0'),
    ('position', '{3,-1,-2}', '7 days', '{1,0,0}', 'touches after it do not change the others'),
  ('linear', '{-1,-2}', '7 days', '{0,0}', 'a conversion before the first touch: nobody gets it'),
    ('last_non_direct', '{3,2}', '7 days', '{0,1}', 'without channels none is direct'),
  ('first', '{2,5,3}', '7 days', '{0,1,0}', 'the first by time, whatever the order of the window')) v (model, days,
    half_life, want, what);

-- conversions of 0 to 9 touches and of 200, some after it, some without a time; times may be equal
CREATE TABLE touch AS
  SELECT c AS conversion, c * 1000 + t AS id, CASE WHEN (c + t) % 13 > 0
    THEN timestamptz '2025-03-01' - make_interval(hours => (c * 7 + t * 31) % 400 - 20) END AS touched_at,
    timestamptz '2025-03-01' AS converted_at,
      (ARRAY['direct', 'search', 'email', 'direct', NULL])[1 + (c + t * t) % 5] AS channel
  FROM generate_series(1, 300) c, generate_series(1, CASE c WHEN 300 THEN 200 ELSE c % 10 END) t
    ORDER BY md5((c * 1000 + t)::text);
CREATE TABLE rule AS
  WITH counted AS (
    SELECT *, row_number() OVER w AS n, count(*) OVER (PARTITION BY conversion) AS total FROM touch
      WHERE touched_at <= converted_at WINDOW w AS (PARTITION BY conversion ORDER BY touched_at, id)
  ), weighed AS (
    SELECT *, coalesce(max(n) FILTER (WHERE channel IS DISTINCT FROM 'direct') OVER (PARTITION BY conversion),
      total) AS chosen, power(2::float8, -extract(epoch FROM converted_at - touched_at)::float8 / 259200) AS p
      FROM counted
  )
  SELECT id, (n = 1)::int::float8 AS first, (n = total)::int::float8 AS last,
    (n = chosen)::int::float8 AS last_non_direct, 1::float8 / total AS linear,
    CASE WHEN total = 1 THEN 1 WHEN total = 2 THEN 0.5 WHEN n IN (1, total) THEN 0.4 ELSE 0.2::float8 / (total - 2)
      END AS position, p / sum(p) OVER (PARTITION BY conversion) AS time_decay FROM weighed;
SELECT is((SELECT count(*)::int
  FROM (SELECT id, touched_at, converted_at, attribution_weight(model, touched_at, converted_at, '3 days', channel)
  OVER (PARTITION BY conversion ORDER BY touched_at, id) AS w FROM touch) s LEFT JOIN rule r USING (id)
    WHERE abs(w - coalesce((to_jsonb(r) ->> model)::float8, CASE WHEN touched_at > converted_at THEN 0 END)) < 1e-13
      OR (touched_at IS NULL AND w IS NULL)), (SELECT count(*)::int FROM touch), model || ' equals plain SQL')
  FROM pg_catalog.unnest('{first,last,last_non_direct,linear,position,time_decay}'::text[]) model;
SELECT pg_temp.is_same(format('SELECT id, attribution_weight(%L, touched_at, converted_at, ''3 days'', channel) OVER (PARTITION BY conversion ORDER BY id) FROM touch',
  model),
    format('SELECT id, attribution_weight(%L, touched_at, converted_at, ''3 days'', channel) OVER (PARTITION BY conversion ORDER BY touched_at DESC, id) FROM (SELECT * FROM touch ORDER BY md5(id::text || ''x'') OFFSET 0) t',
      model), model || ': rows shuffled, another order of the window')
  FROM pg_catalog.unnest('{first,last,last_non_direct,linear,position,time_decay}'::text[]) model;
SELECT is((SELECT count(*)::int
  FROM (SELECT sum(w) AS sum, count(*) FILTER (WHERE touched_at <= converted_at) AS touches
  FROM (SELECT *, attribution_weight(model, touched_at, converted_at) OVER (PARTITION BY conversion) AS w FROM touch) s
  GROUP BY conversion) t
    WHERE abs(sum - CASE WHEN touches > 0 THEN 1 ELSE 0 END) > 1e-12), 0, model || ' sums to 1')
      FROM pg_catalog.unnest('{first,last,last_non_direct,linear,position,time_decay}'::text[]) model;
SELECT is((SELECT sum(a) FROM (SELECT allocate(99.99, w::numeric) OVER (ORDER BY id) AS a
  FROM (SELECT id, attribution_weight('time_decay', touched_at, converted_at) OVER () AS w FROM touch
  WHERE conversion = 19) s) t), 99.99, 'with allocate it is money, to the cent');
SELECT is((SELECT array_agg(attribution_weight ORDER BY i)
  FROM (SELECT i, attribution_weight('last_non_direct', timestamptz '2025-01-01' + i * interval '1 day', '2025-02-01',
  '7 days', c, 'none') OVER () FROM (VALUES (1, 'a'), (2, 'direct'), (3, 'none')) v (i, c)) s), '{0,1,0}',
  'which channel is direct may be said');
SELECT is((SELECT count(attribution_weight)
  FROM (SELECT attribution_weight('first', touched_at, NULL) OVER (PARTITION BY conversion) FROM touch) s), 0::bigint,
  'what did not convert has no weights');
SELECT is((SELECT array_agg(round(attribution_weight::numeric, 9))
  FROM (SELECT attribution_weight('time_decay', t, '294276-12-31 00:00:00+00', interval '100000000 days')
  OVER (ORDER BY t) FROM (VALUES (timestamptz '4713-01-01 00:00:00+00 BC'), ('294276-12-31 00:00:00+00')) v (t)) s),
  (SELECT ARRAY[round((w / (1 + w))::numeric, 9), round((1 / (1 + w))::numeric, 9)]
    FROM (SELECT power(2::float8, -extract(epoch FROM timestamptz '294276-12-31 00:00:00+00') / 8.64e12 + extract(epoch
    FROM timestamptz '4713-01-01 00:00:00+00 BC') / 8.64e12) AS w) s), 'the whole range of time');
-- in parallel, below a Gather
SELECT pg_temp.parallel_on();
SELECT pg_temp.is_same('SELECT id, attribution_weight(''linear'', touched_at, converted_at) OVER (PARTITION BY conversion) FROM touch',
  'SELECT id, attribution_weight(''linear'', touched_at, converted_at) OVER (PARTITION BY conversion ORDER BY id) FROM touch',
  'with workers');
SELECT pg_temp.parallel_off();

SELECT pg_temp.errors('SELECT ' || call, code, message) FROM (VALUES
  ('attribution_weight(''u_shape'', now(), now()) OVER ()', '22023',
    'model must be one of first, last, last_non_direct, linear, position, time_decay, not "u_shape"'),
  ('attribution_weight('''', now(), now()) OVER ()', '22023',
    'model must be one of first, last, last_non_direct, linear, position, time_decay, not ""'),
  ('attribution_weight(''first'', now(), now(), ''0'') OVER ()', '22023', 'half_life must be positive, not 00:00:00'),
  ('attribution_weight(''time_decay'', now(), now(), ''-1 day'') OVER ()', '22023',
    'half_life must be positive, not -1 days'),
  ('attribution_weight(NULL, now(), now()) OVER ()', '22004', 'model must not be NULL'),
  ('attribution_weight(''first'', now(), now(), NULL) OVER ()', '22004', 'half_life must not be NULL'),
  ('attribution_weight(''last_non_direct'', now(), now(), ''1 day'', ''a'', NULL) OVER ()', '22004',
    'direct_channel must not be NULL'),
  ('attribution_weight(''first'', ''infinity'', now()) OVER ()', '22023', 'touched_at must be finite, not infinity'),
  ('attribution_weight(''first'', now(), ''-infinity'') OVER ()', '22023',
    'converted_at must be finite, not -infinity'),
  ('attribution_weight(''first'', now(), d) OVER () FROM (VALUES (timestamptz ''2025-01-01''), (''2025-01-02'')) v (d)',
    '22023', 'converted_at must be the same on every row of the partition, not 2025-01-01 00:00:00+00 and 2025-01-02 00:00:00+00'),
  ('attribution_weight(''first'', now(), d) OVER () FROM (VALUES (timestamptz ''2025-01-01''), (NULL)) v (d)', '22023',
    'converted_at must be the same on every row of the partition, not 2025-01-01 00:00:00+00 and NULL'),
  ('attribution_weight(m, now(), now()) OVER () FROM (VALUES (''first''), (''last'')) v (m)', '22023',
    'model must be the same on every row of the partition, not first and last'),
  ('attribution_weight(''first'', now(), now(), h) OVER () FROM (VALUES (interval ''1 s''), (''2 s'')) v (h)', '22023',
    'half_life must be the same on every row of the partition, not 1 s and 2 s')) v (call, code, message);
\ir finish.psql
