-- optimal_budget: the closed form, and that no other split is better.
\ir setup.psql
SELECT no_plan();

CREATE FUNCTION pg_temp.response(spend numeric[], capacity float8[], half float8[]) RETURNS float8 LANGUAGE sql AS $$
  SELECT sum(c * s::float8 / (h + s::float8)) FROM unnest(spend, capacity, half) u (s, c, h)
$$;
-- equal marginal response, by hand: 46.776695296636895 and 53.223304703363105 (100 x / (5 + x) and 50 x / (20 + x))
SELECT is(optimal_budget(100, '{100,50}', '{5,20}'), '{46.78,53.22}', 'two channels');
SELECT is(optimal_budget(100, '{100,50}', '{5,20}', scale => 12), '{46.776695296637,53.223304703363}',
  'to 12 decimals');
SELECT ok(abs(pg_temp.response(optimal_budget(100, '{100,50}', '{5,20}', scale => 12), '{100,50}',
  '{5,20}') - 126.68629150101523) < 1e-10, 'its response');
SELECT is(optimal_budget(total, capacity, half, minimum, maximum, scale), want, what) FROM (VALUES
  (100, '{100,50}'::float8[], '{5,20}'::float8[], NULL::numeric[], '{20,NULL}'::numeric[], 2,
    '{20.00,80.00}'::numeric[], 'an upper bound'),
  (100, '{100,50}', '{5,20}', '{NULL,70}', NULL, 2, '{30.00,70.00}', 'a lower bound'),
    (100, '{100,50}', '{5,20}', '{46.78,0}', '{46.78,100}', 2, '{46.78,53.22}', 'bounds that are met'),
  (100, '{100,50}', '{5,20}', '{60,40}', NULL, 2, '{60.00,40.00}', 'bounds that leave nothing to choose'),
    (0, '{100,50}', '{5,20}', NULL, NULL, 2, '{0.00,0.00}', 'nothing to spend'),
  (1, '{7,7,7}', '{5,5,5}', NULL, NULL, 2, '{0.34,0.33,0.33}', 'equal channels: the odd cent goes to the first'),
    (3, '{1,100}', '{50,1}', NULL, NULL, 0, '{0,3}', 'a channel that is not worth the first coin'),
  (77.7, '{5}', '{3}', NULL, NULL, 1, '{77.7}', 'one channel'),
    (1e30, '{9,9}', '{1,1}', NULL, NULL, 0, '{5e29,5e29}', '31 digits'),
  (10, '{1e-300,1e-300}', '{1e300,1e300}', NULL, NULL, 1, '{5.0,5.0}', 'very small marginal responses'),
    (90, '{1,1}', '{1,1}', NULL, '{1e500,1e500}', 0, '{45,45}', 'bounds far above the total')) v (total, capacity,
    half, minimum, maximum, scale, want, what);
SELECT is(optimal_budget(100, '{}', '{}'), NULL, 'no channel: NULL');
-- a coin so small that a double just holds it
SELECT is(optimal_budget(10 * coin, '{1,1}', '{1e-300,1e-300}', scale => 308), ARRAY[5 * coin, 5 * coin],
  'coins of 1e-308') FROM (VALUES (1e-308)) v (coin);

-- random channels: the sum, the bounds, and what moving a part from one channel to another gains
SELECT setseed(0.7);
CREATE TABLE plan AS
  SELECT id, total, capacity, half, low, high, optimal_budget(total, capacity, half, low, high) AS spend FROM (
    SELECT id, array_agg(c ORDER BY n) AS capacity, array_agg(h ORDER BY n) AS half, array_agg(l ORDER BY n) AS low,
      array_agg(CASE WHEN n % 3 = 0 THEN l + m END ORDER BY n) AS high,
      round(sum(l) + (1000 * random())::numeric, 2) AS total
    FROM (SELECT id, n, exp(6 * random()) AS c, exp(6 * random()) AS h, CASE WHEN n % 2 = 0
      THEN round((50 * random())::numeric, 2) ELSE 0 END AS l, round((100 * random())::numeric, 2) AS m
      FROM generate_series(1, 300) id, generate_series(1, 1 + id % 7) n) s GROUP BY id) t;
SELECT is((SELECT count(*)::int FROM plan p WHERE (SELECT sum(s) FROM pg_catalog.unnest(spend) s) <> total), 0,
  'parts sum to the total');
SELECT is((SELECT count(*)::int FROM plan, unnest(spend, low, high) u (s, l, h) WHERE s < l OR s > h), 0,
  'parts are within the bounds');
SELECT is((SELECT count(*)::int FROM plan, generate_subscripts(spend, 1) i, generate_subscripts(spend, 1) j,
  (VALUES (0.01), (0.5), (7), (60)) m (move)
   WHERE i <> j AND spend[i] + move <= coalesce(high[i], 1e9) AND spend[j] - move >= low[j]
     AND capacity[i] * (spend[i] + move)::float8 / (half[i] + (spend[i] + move)::float8) + capacity[j] * (spend[j] -
       move)::float8 / (half[j] + (spend[j] - move)::float8)
       - capacity[i] * spend[i]::float8 / (half[i] + spend[i]::float8) - capacity[j] * spend[j]::float8 / (half[j] +
         spend[j]::float8) > 2e-4 * (SELECT max(c / h) FROM unnest(capacity, half) u (c, h)) * 0.01 + 1e-9), 0,
         'no part is better elsewhere, by more than a cent may bring');
-- never worse than the start, here an equal split
SELECT is((SELECT count(*)::int FROM plan WHERE high[3] IS NULL AND low[2] IS NULL
  AND pg_temp.response(spend, capacity,
  half) < pg_temp.response(array_fill(total / cardinality(spend), ARRAY[cardinality(spend)]), capacity, half) - 1e-9),
  0, 'never worse than an equal split');

SELECT throws_ok('SELECT ' || call, code, message) FROM (VALUES
  ('optimal_budget(100, ''{1,1}'', ''{1,1}'', ''{60,60}'')', '22023', 'minimum must sum to at most total, 100, not 120'),
  ('optimal_budget(100, ''{1,1}'', ''{1,1}'', NULL, ''{40,50}'')', '22023',
    'maximum must sum to at least total, 100, not 90.00'),
  ('optimal_budget(100, ''{1,1}'', ''{1,1}'', ''{5,0}'', ''{4,NULL}'')', '22023',
    'maximum[1] must not be less than minimum[1], not 4'),
  ('optimal_budget(-1, ''{1}'', ''{1}'')', '22023', 'total must not be negative, not -1'),
    ('optimal_budget(''NaN'', ''{1}'', ''{1}'')', '22023', 'total must be finite, not NaN'),
  ('optimal_budget(1.005, ''{1}'', ''{1}'')', '22023', 'total must have no digit beyond scale 2, not 1.005'),
    ('optimal_budget(1, ''{1}'', ''{1}'', ''{0.005}'')', '22023',
    'minimum must have no digit beyond scale 2, not 0.005'),
  ('optimal_budget(1, ''{0}'', ''{1}'')', '22023', 'capacity must be positive, not 0'),
    ('optimal_budget(1, ''{1}'', ''{-1}'')', '22023', 'half_saturation must be positive, not -1'),
  ('optimal_budget(1, ''{NaN}'', ''{1}'')', '22023', 'capacity must be finite, not NaN'),
    ('optimal_budget(1, ''{1,NULL}'', ''{1,1}'')', '22004', 'capacity must not contain NULL'),
  ('optimal_budget(1, ''{1}'', ''{1,1}'')', '2202E',
    'half_saturation must have as many elements as capacity, 1, not 2'),
    ('optimal_budget(1, ''{1}'', ''{1}'', ''{0,0}'')', '2202E',
    'minimum must have as many elements as capacity, 1, not 2'),
  ('optimal_budget(1, ''{{1}}'', ''{1}'')', '2202E', 'capacity must have one dimension, not 2'),
    ('optimal_budget(1, ''{1}'', ''{1}'', ''{-1}'')', '22023', 'minimum must not be negative, not -1'),
  ('optimal_budget(1, ''{1}'', ''{1}'', scale => -1)', '22023', 'scale must be between 0 and 308, not -1'),
  ('optimal_budget(1, ''{1}'', ''{1}'', scale => 309)', '22023', 'scale must be between 0 and 308, not 309'),
    ('optimal_budget(1e37, ''{1}'', ''{1}'')', '22003',
    'total must have at most 37 digits at scale 2, not 10000000000000000000000000000000000000')) v (call, code,
    message);
\ir finish.psql
