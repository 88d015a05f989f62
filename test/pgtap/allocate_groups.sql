-- _allocate_groups: against allocate(), which allocation.sql proves by
-- definition, group by group and added up in SQL.
\ir setup.psql
\ir properties.psql
SELECT no_plan();

CREATE FUNCTION pg_temp.by_allocate(quantities numeric[], group_driver int[], group_bucket int[], group_cost numeric[],
  group_scale int[], group_left numeric[])
RETURNS TABLE (place int, parts numeric[], unused numeric)
LANGUAGE sql AS $$
  WITH size AS MATERIALIZED (SELECT coalesce(array_length(quantities, 2), 0) AS n),
  split AS (
    SELECT g, b, scale,
      allocate(cost, ARRAY(SELECT q FROM pg_catalog.unnest(quantities[d:d]) WITH ORDINALITY u (q, i) ORDER BY i)
        || CASE WHEN l IS NULL THEN '{}' ELSE ARRAY[l] END, scale) AS p
    FROM unnest(group_driver, group_bucket, group_cost, group_scale, group_left)
      WITH ORDINALITY u (d, b, cost, scale, l, g)),
  total AS (
    SELECT i, ARRAY[sum(part) FILTER (WHERE b = 1), sum(part) FILTER (WHERE b = 2), sum(part) FILTER (WHERE b = 3),
      sum(part) FILTER (WHERE b = 4),
                    sum(part) FILTER (WHERE b = 5), sum(part) FILTER (WHERE b = 6),
                      sum(part) FILTER (WHERE b = 7)] AS sums
    FROM split, pg_catalog.unnest(p) WITH ORDINALITY u (part, i)
    WHERE i <= (SELECT n FROM size) GROUP BY i)
  SELECT -g::int, NULL::numeric[], CASE WHEN p[1] IS NOT NULL THEN coalesce(p[n + 1], round(0, scale)) END
    FROM split, size
  UNION ALL
  SELECT i::int, ARRAY(SELECT round(coalesce(part, 0), 4) FROM pg_catalog.unnest(sums) WITH ORDINALITY u (part, n)
    ORDER BY n), NULL
  FROM total WHERE 0 <> ANY (sums)
$$;

-- worked cases
SELECT is((SELECT string_agg(u::text, ' ' ORDER BY n)
  FROM _allocate_groups('{{1,1,1},{0,NULL,5}}', '{1,2,1,2}', '{1,2,7,2}', '{100,-3.5,0.01,9}', '{2,1,4,0}',
  '{NULL,5,NULL,0}') WITH ORDINALITY u (place, parts, unused, n)),
  '(-1,,0.00,1) (-2,,-1.7,2) (-3,,0.0000,3) (-4,,0,4)'
  ' (1,"{33.3400,0.0000,0.0000,0.0000,0.0000,0.0000,0.0034}",,5) (2,"{33.3300,0.0000,0.0000,0.0000,0.0000,0.0000,0.0033}",,6)'
  ' (3,"{33.3300,7.2000,0.0000,0.0000,0.0000,0.0000,0.0033}",,7)',
  'thirds, ties to the first; -35 tenths in halves; nothing left over; groups first, then customers, in order');
SELECT is((SELECT string_agg(coalesce(unused::text, 'NULL'), ' ' ORDER BY position DESC)
  FROM _allocate_groups('{}', '{1,2,9,4}', '{1,2,7,1}', '{100,-3.5,8,5}', '{2,1,0,0}', '{NULL,5,1e-60,0}')),
  'NULL -3.5 8 NULL',
  'no customers: what is left over takes all, else nothing is allocated');
SELECT is((SELECT count(*)::int FROM _allocate_groups('{}', '{}', '{}', '{}', '{}', '{}')), 0,
  'nothing at all gives no row');
SELECT is((SELECT count(*)::int FROM _allocate_groups('{{1,2}}', '{}', '{}', '{}', '{}', '{}')), 0,
  'no groups give no row');
SELECT is((SELECT string_agg(u::text, ' ')
  FROM _allocate_groups('{{1,2},{0,NULL}}', '{1,2,2}', '{1,2,3}', '{0,7,7}', '{2,2,2}', '{NULL,NULL,0}') u),
  '(-1,,0.00) (-2,,) (-3,,)',
  'a cost of 0 is allocated, as nothing; a driver without quantity allocates nothing');
SELECT is((SELECT string_agg(u::text, ' ')
  FROM _allocate_groups('{{1,2}}', '{1,1}', '{4,4}', '{7.77,-7.77}', '{2,2}', '{NULL,NULL}') u),
  '(-1,,0.00) (-2,,0.00)', 'whose parts add up to 0 has no row');
SELECT is((SELECT string_agg(u::text, ' ')
  FROM _allocate_groups('{{1,2}}', '{1,1}', '{4,4}', '{7e40,-7e40}', '{2,2}', '{NULL,NULL}') u),
  '(-1,,0.00) (-2,,0.00)', 'beyond 128 bits neither');
SELECT is((SELECT string_agg(coalesce(parts::text, unused::text), ' ')
  FROM _allocate_groups('[0:0][5:6]={{1,3}}', '[3:3]={1}', '{1}', '{8}', '{0}', '{4}')),
  '4 {1.0000,0.0000,0.0000,0.0000,0.0000,0.0000,0.0000} {3.0000,0.0000,0.0000,0.0000,0.0000,0.0000,0.0000}',
  'customers are counted from 1, whatever the bounds of the arrays');
SELECT is((SELECT string_agg(parts[1]::text, ' ')
  FROM _allocate_groups('{{1,1}}', array_fill(1, '{3}'), array_fill(1, '{3}'),
  array_fill(17014118346046923173168730371588410.5727, '{3}'), array_fill(4, '{3}'), array_fill(NULL::numeric, '{3}'))),
  '25521177519070384759753095557382615.8592 25521177519070384759753095557382615.8589',
    'three costs of 2^127 - 1 units: the sums leave 128 bits');

-- random months of 1 to 40 customers, 1 to 5 drivers, 1 to 12 groups
SELECT setseed(0.57);
CREATE FUNCTION pg_temp.random_quantity(kind int) RETURNS numeric
LANGUAGE sql VOLATILE AS $$
  SELECT CASE WHEN random() < 0.15 THEN NULL WHEN random() < 0.15 THEN 0
    WHEN kind = 0 THEN 1 + floor(random() * 3)::numeric                                   -- ties
    WHEN kind = 1 THEN round((random() * 1000)::numeric, (random() * 3)::int)
    WHEN kind = 2 THEN trunc(random()::numeric * 1e9) * 1e40                              -- beyond 128 bits
    WHEN kind = 3 THEN trunc(random()::numeric * 1e9) * 1e-50
    WHEN kind = 4 THEN 0
    ELSE trunc(random()::numeric * 1e9) * 1e28
      END                                       -- fits, its sum or product does not
$$;
CREATE FUNCTION pg_temp.random_cost(kind int, scale int) RETURNS numeric
LANGUAGE sql VOLATILE AS $$
  SELECT round(sign(random() - 0.4)::numeric * CASE WHEN random() < 0.05 THEN 0 WHEN kind <= 3
    THEN (random() * 10 ^ (kind * 3))::numeric
    WHEN kind = 4 THEN trunc(random()::numeric * 1.7e17) * 1e17 + trunc(random()::numeric * 1e12) / 1e4
       -- up to 2^127 units of 0.0001
    ELSE trunc(random()::numeric * 1e15) * 1e30 + round(random()::numeric, 4) END, scale)
$$;
CREATE TABLE month AS
  SELECT seed, customers,
    (SELECT array_agg(ARRAY(SELECT pg_temp.random_quantity((seed / 6 + d) % 6)
      FROM generate_series(1, customers + 0 * d)) ORDER BY d) FROM generate_series(1, drivers) d) AS quantities,
    g.*
  FROM (SELECT seed, 1 + (random() * 39)::int AS customers, 1 + (random() * 4)::int AS drivers,
    1 + (random() * 11)::int AS groups FROM generate_series(1, 400) seed) m,
    LATERAL (SELECT array_agg(d) AS group_driver, array_agg(b) AS group_bucket,
      array_agg(pg_temp.random_cost(kind, s)) AS group_cost, array_agg(s) AS group_scale, array_agg(l) AS group_left
             FROM (SELECT seed % 6 AS kind, 1 + floor(random() * drivers)::int AS d, 1 + floor(random() * 7)::int AS b,
               floor(random() * 5)::int AS s,
                     CASE WHEN random() < 0.4 THEN coalesce(pg_temp.random_quantity(seed / 6 % 6), 0) END AS l
                       FROM generate_series(1, groups)) r) g;
CREATE TABLE result AS
  SELECT m.seed, u.* FROM month m, _allocate_groups(quantities, group_driver, group_bucket, group_cost, group_scale,
    group_left) u;
SELECT cmp_ok((SELECT count(*)::int FROM month m, pg_catalog.unnest(group_cost) cost WHERE abs(cost) > 1.8e34), '>',
  100, 'costs beyond 128 bits are among them');
SELECT cmp_ok((SELECT count(*)::int
  FROM (SELECT sum(abs(cost)) AS sum, max(abs(cost)) AS max FROM month m, pg_catalog.unnest(group_cost) cost
  GROUP BY seed) s WHERE max < 1.7e34 AND sum > 1.8e34), '>', 20, 'and costs whose sum only is');
SELECT cmp_ok((SELECT count(*)::int FROM result WHERE position < 0 AND unused IS NULL), '>', 100,
  'and groups without any quantity');
SELECT cmp_ok((SELECT count(*)::int FROM result WHERE unused < 0), '>', 100,
  'and negative costs with something left over');
SELECT cmp_ok((SELECT count(DISTINCT seed)::int FROM month, pg_catalog.unnest(group_scale) s WHERE s = scale), '>',
  100, 'and scale ' || scale) FROM generate_series(0, 4) scale;
SELECT pg_temp.is_same(
  'SELECT seed, position, parts::text, unused::text FROM result',
  'SELECT seed, place, parts::text, unused::text FROM month m, pg_temp.by_allocate(quantities, group_driver, group_bucket, group_cost, group_scale, group_left) u',
  'four hundred random months equal allocate() group by group, decimals included');
SELECT is((SELECT string_agg(seed::text, ' ') FROM month m
             WHERE (SELECT coalesce(sum(cost), 0) FROM pg_catalog.unnest(group_cost) WITH ORDINALITY u (cost, g)
               JOIN result r ON r.seed = m.seed AND r.position = -g AND r.unused IS NOT NULL)
               <> (SELECT coalesce(sum(part), 0) FROM result r, pg_catalog.unnest(parts) part
                 WHERE r.seed = m.seed) + (SELECT coalesce(sum(unused), 0) FROM result r WHERE r.seed = m.seed)),
          NULL, 'parts and unused sum to the costs of the groups that were allocated, exactly');
SELECT is((SELECT string_agg(m.seed::text, ' ')
  FROM month m, LATERAL (SELECT array_agg(position ORDER BY n) AS have,
  array_agg(position ORDER BY position > 0, abs(position)) AS want
             FROM _allocate_groups(quantities, group_driver, group_bucket, group_cost, group_scale, group_left)
               WITH ORDINALITY u (position, parts, unused, n)) u WHERE have <> want),
          NULL, 'groups come first, then customers, each in order');
SELECT is((SELECT count(*)::int FROM result, pg_catalog.unnest(parts) part WHERE scale(part) <> 4), 0,
  'parts have four decimals');
SELECT is((SELECT count(*)::int FROM result
  WHERE position > 0 AND (cardinality(parts) <> 7 OR unused IS NOT NULL OR '{0,0,0,0,0,0,0}' = parts) OR position < 0
  AND parts IS NOT NULL OR position = 0), 0, 'a customer has seven parts, not all 0; a group has none');
SELECT pg_temp.is_same(
  'SELECT m.seed, u.position, ARRAY(SELECT -p FROM pg_catalog.unnest(u.parts) WITH ORDINALITY x (p, n) ORDER BY n)::text, -unused FROM month m, _allocate_groups(quantities, group_driver, group_bucket, ARRAY(SELECT -c FROM pg_catalog.unnest(group_cost) WITH ORDINALITY x (c, n) ORDER BY n), group_scale, group_left) u WHERE position > 0',
  'SELECT seed, position, parts::text, unused FROM result WHERE position > 0', 'negative costs mirror');
SELECT pg_temp.is_same(
  'SELECT m.seed, u.position, u.parts::text FROM month m, LATERAL (SELECT array_agg(d ORDER BY n DESC) AS d, array_agg(b ORDER BY n DESC) AS b, array_agg(c ORDER BY n DESC) AS c, array_agg(s ORDER BY n DESC) AS s, array_agg(l ORDER BY n DESC) AS l
     FROM unnest(group_driver, group_bucket, group_cost, group_scale, group_left) WITH ORDINALITY x (d, b, c, s, l, n)) g, _allocate_groups(quantities, d, b, c, s, l) u WHERE position > 0',
  'SELECT seed, position, parts::text FROM result WHERE position > 0', 'the order of groups changes nothing');
SELECT pg_temp.is_same(
  format('SELECT m.seed, u.position, u.parts::text, u.unused::text FROM month m, LATERAL (SELECT array_agg(q ORDER BY d) AS q FROM (SELECT d, ARRAY(SELECT %s FROM pg_catalog.unnest(quantities[d:d]) WITH ORDINALITY x (q, n) ORDER BY n) AS q FROM generate_series(1, array_length(quantities, 1)) d) s) s,
     _allocate_groups(q, group_driver, group_bucket, group_cost, group_scale, ARRAY(SELECT %s FROM pg_catalog.unnest(group_left) WITH ORDINALITY x (l, n) ORDER BY n)) u',
       change, change_left),
  'SELECT seed, position, parts::text, unused::text FROM result', what)
  FROM (VALUES ('coalesce(q, 0)', 'l', 'a NULL quantity is 0'),
    ('q * 1e45', 'l * 1e45', 'the path of numeric equals that of 128 bits: quantities times 1e45'),
    ('q * 1e-70', 'l * 1e-70', 'the same: times 1e-70')) v (change, change_left, what);
-- from an array that a variable of plpgsql keeps in pieces
CREATE FUNCTION pg_temp.by_variables(m month) RETURNS TABLE (place int, parts numeric[], unused numeric)
LANGUAGE plpgsql AS $$
DECLARE
  quantities numeric[] := m.quantities;
  costs numeric[] := m.group_cost;
BEGIN
  quantities[1][1] := m.quantities[1][1];
  FOR i IN 1 .. cardinality(costs) LOOP costs[i] := m.group_cost[i]; END LOOP;
  RETURN QUERY SELECT * FROM _allocate_groups(quantities, m.group_driver, m.group_bucket, costs, m.group_scale,
    m.group_left);
END $$;
SELECT pg_temp.is_same('SELECT seed, u.place, u.parts::text, u.unused::text FROM month m, pg_temp.by_variables(m) u WHERE seed <= 100',
  'SELECT seed, position, parts::text, unused::text FROM result WHERE seed <= 100', 'from variables of plpgsql');
SELECT pg_temp.is_same('SELECT seed, (u).position, (u).parts::text, (u).unused::text FROM (SELECT seed, _allocate_groups(quantities, group_driver, group_bucket, group_cost, group_scale, group_left) AS u FROM month WHERE seed <= 100 OFFSET 0) s',
  'SELECT seed, position, parts::text, unused::text FROM result WHERE seed <= 100', 'in the select list');

-- a large month: 12,001 customers, 7 drivers and buckets, 49 groups
CREATE TABLE large AS
  SELECT (SELECT array_agg(q ORDER BY d)
    FROM (SELECT d, array_agg(CASE WHEN random() < 0.5 THEN round((random() * 10 ^ (d % 4))::numeric, d % 3) END
    ORDER BY i) AS q FROM generate_series(1, 7) d, generate_series(1, 12001) i GROUP BY d) s) AS quantities, g.*
  FROM (SELECT array_agg(d ORDER BY d, b) AS group_driver, array_agg(b ORDER BY d, b) AS group_bucket,
    array_agg(round((random() * 100000 - 20000)::numeric, 2) ORDER BY d, b) AS group_cost,
    array_agg(2 ORDER BY d, b) AS group_scale,
          array_agg(CASE WHEN d = 7 THEN 1000 END ORDER BY d, b)::numeric[] AS group_left FROM generate_series(1, 7) d,
            generate_series(1, 7) b) g;
CREATE TABLE large_want AS SELECT u.*
  FROM large, pg_temp.by_allocate(quantities, group_driver, group_bucket, group_cost, group_scale, group_left) u;
CREATE TABLE large_have AS SELECT u.*
  FROM large, _allocate_groups(quantities, group_driver, group_bucket, group_cost, group_scale, group_left) u;
SELECT cmp_ok((SELECT count(*)::int FROM large_want), '>', 10000, 'a large month has many rows');
SELECT is((SELECT count(*)::int
  FROM ((TABLE large_have EXCEPT ALL TABLE large_want) UNION ALL (TABLE large_want EXCEPT ALL TABLE large_have)) s), 0,
  'and they are those of allocate()');

-- customers in three places, as workers of a cluster have them: a row of refresh_quantity is a place
SELECT crmcost._make_cost_tables(), crmcost._make_month_tables() \gset
CREATE FUNCTION pg_temp.no_null(numbers numeric[]) RETURNS numeric[]
LANGUAGE sql AS 'SELECT ARRAY(SELECT coalesce(u.q, 0) FROM pg_catalog.unnest($1) WITH ORDINALITY u (q, n) ORDER BY n)';
CREATE VIEW spread AS
  SELECT seed, date '2000-01-01' + seed AS month_start, quantities, group_driver, group_bucket, group_cost,
    group_scale, pg_temp.no_null(group_left) AS group_left FROM month
  UNION ALL
  SELECT 1000, '2002-09-27', quantities, group_driver, group_bucket, group_cost, group_scale,
    pg_temp.no_null(group_left) FROM large
  UNION ALL     -- all remainders are equal: three in a hundred get a unit
  SELECT 1001, '2002-09-28', ARRAY[array_fill(1::numeric, '{10000}')], '{1,1}', '{1,2}', '{3.00,-3.00}', '{2,2}',
    '{0,1}';
CREATE FUNCTION pg_temp.at_place(quantities numeric[], place int) RETURNS numeric[]
LANGUAGE sql AS $$
  SELECT coalesce(array_agg(ARRAY(
      SELECT q FROM pg_catalog.unnest(quantities[d:d]) WITH ORDINALITY u (q, i)
      WHERE i * 7 / 5 % 3 = place ORDER BY i) ORDER BY d), '{}')
  FROM generate_series(1, array_length(quantities, 1)) d
  WHERE array_length(quantities, 2) >= CASE place WHEN 0 THEN 7 ELSE place END
$$;
INSERT INTO pg_temp.refresh_quantity (month_start, keys, customers, quantities)
  SELECT m.month_start,
    ARRAY(SELECT d::text FROM generate_series(1, array_length(quantities, 1)) d ORDER BY d),
    ARRAY(SELECT i FROM generate_series(1, array_length(quantities, 2)) i WHERE i * 7 / 5 % 3 = place ORDER BY i),
    pg_temp.at_place(quantities, place)
  FROM spread m, generate_series(0, 2) place;
INSERT INTO pg_temp.refresh_group (group_id, month_start, bucket, driver_key, capacity, cost, scale, driver_quantity,
    total, is_found)
  SELECT g, m.month_start, (crmcost._buckets())[b], d, l + q, cost, scale, q, q + l, q + l = 0
  FROM spread m, LATERAL unnest(group_driver, group_bucket, group_cost, group_scale, group_left)
    WITH ORDINALITY u (d, b, cost, scale, l, g),
  LATERAL (SELECT coalesce(sum(q), 0) FROM pg_catalog.unnest(quantities[d:d]) x (q)) s (q);
CREATE TABLE round (n int, month_start date, groups int, rows int);
DO $$
BEGIN
  FOR i IN 1 .. 30 LOOP
    EXIT WHEN NOT EXISTS (SELECT FROM pg_temp.refresh_group WHERE NOT is_found);
    TRUNCATE pg_temp.refresh_block;
    INSERT INTO pg_temp.refresh_block SELECT * FROM crmcost._tell_blocks();
    INSERT INTO round SELECT i, month_start, count(DISTINCT group_id), count(*)
      FROM pg_temp.refresh_block GROUP BY month_start;
    PERFORM crmcost._narrow_marks();
  END LOOP;
END $$;
SELECT is((SELECT count(*)::int FROM pg_temp.refresh_group WHERE NOT coalesce(is_found, false)), 0,
  'who gets the last unit is found in all groups');
SELECT cmp_ok((SELECT max(n) FROM round WHERE month_start < '2002-09-27'), '<=', 2,
  'in two rounds of at most 40 customers');
SELECT cmp_ok((SELECT max(n) FROM round), '<=', 5, 'and five of 12,001');
SELECT cmp_ok((SELECT max(rows::float8 / groups) FROM round), '<=', 3 * (2 * crmcost._block_count() + 1)::float8,
  'a place says as much of twelve thousand as of forty');
CREATE TABLE spread_result (seed int, position int, parts numeric[], unused numeric);
DO $$
DECLARE
  m spread;
  place record;
BEGIN
  FOR m IN SELECT * FROM spread LOOP
    FOR place IN SELECT * FROM pg_temp.refresh_quantity q WHERE q.month_start = m.month_start LOOP
      PERFORM crmcost._bear(m.month_start, place.keys, place.customers, place.quantities);
    END LOOP;
    INSERT INTO spread_result
      SELECT m.seed, customer_id, parts, NULL FROM pg_temp.refresh_borne WHERE customer_id IS NOT NULL;
    TRUNCATE pg_temp.refresh_borne;
    -- where no customer is: what is left over
    PERFORM crmcost._bear(m.month_start, place.keys, '{}', '{}');
    INSERT INTO spread_result SELECT m.seed, -group_id, NULL, unused FROM pg_temp.refresh_borne;
    TRUNCATE pg_temp.refresh_borne;
  END LOOP;
END $$;
SELECT pg_temp.is_same('SELECT seed, position, parts::text, unused FROM spread_result',
  'SELECT seed, u.position, u.parts::text, u.unused FROM spread, _allocate_groups(quantities, group_driver, group_bucket, group_cost, group_scale, group_left) u',
  'three places split every cost as one does: ties, negative ones, beyond 128 bits, with something left over');
SELECT is((SELECT string_agg(format('%s: %s from %s to %s', parts, n, lowest, highest), ' ' ORDER BY parts)
  FROM (SELECT parts[1:2]::text AS parts, count(*) AS n, min(position) AS lowest, max(position) AS highest
        FROM spread_result WHERE seed = 1001 AND position > 0 GROUP BY 1) s), '{0.0100,-0.0100}: 300 from 1 to 300',
  'of equal remainders the first three hundred customers get a unit, wherever they are');

-- bad input
SELECT pg_temp.errors(format('SELECT * FROM _allocate_groups(%s)', arguments), code, message) FROM (VALUES
  ($$NULL, '{1}', '{1}', '{1}', '{1}', '{1}'$$, '22004', 'quantities must not be NULL'),
  ($$'{{1}}', NULL, '{1}', '{1}', '{1}', '{1}'$$, '22004', 'group_driver must not be NULL'),
  ($$'{{1}}', '{1}', NULL, '{1}', '{1}', '{1}'$$, '22004', 'group_bucket must not be NULL'),
  ($$'{{1}}', '{1}', '{1}', NULL, '{1}', '{1}'$$, '22004', 'group_cost must not be NULL'),
  ($$'{{1}}', '{1}', '{1}', '{1}', NULL, '{1}'$$, '22004', 'group_scale must not be NULL'),
  ($$'{{1}}', '{1}', '{1}', '{1}', '{1}', NULL$$, '22004', 'group_left must not be NULL'),
  ($$'{{1}}', '{1,NULL}', '{1,1}', '{1,1}', '{1,1}', '{1,1}'$$, '22004', 'group_driver must not contain NULL'),
  ($$'{{1}}', '{1,1}', '{1,NULL}', '{1,1}', '{1,1}', '{1,1}'$$, '22004', 'group_bucket must not contain NULL'),
  ($$'{{1}}', '{1,1}', '{1,1}', '{1,NULL}', '{1,1}', '{1,1}'$$, '22004', 'group_cost must not contain NULL'),
  ($$'{{1}}', '{1,1}', '{1,1}', '{1,1}', '{1,NULL}', '{1,1}'$$, '22004', 'group_scale must not contain NULL'),
  ($$'{1}', '{1}', '{1}', '{1}', '{1}', '{1}'$$, '2202E', 'quantities must have two dimensions, not 1'),
  ($$'{{{1}}}', '{1}', '{1}', '{1}', '{1}', '{1}'$$, '2202E', 'quantities must have two dimensions, not 3'),
  ($$'{{1}}', '{{1}}', '{1}', '{1}', '{1}', '{1}'$$, '2202E', 'group_driver must have one dimension, not 2'),
  ($$'{{1}}', '{1}', '{1}', '{{1}}', '{1}', '{1}'$$, '2202E', 'group_cost must have one dimension, not 2'),
  ($$'{{1}}', '{1}', '{1,2}', '{1}', '{1}', '{1}'$$, '2202E',
    'group_bucket must have 1 elements, as group_driver has, not 2'),
  ($$'{{1}}', '{1}', '{1}', '{}', '{1}', '{1}'$$, '2202E',
    'group_cost must have 1 elements, as group_driver has, not 0'),
  ($$'{{1}}', '{1,1}', '{1,2}', '{1,2}', '{1}', '{1,2}'$$, '2202E',
    'group_scale must have 2 elements, as group_driver has, not 1'),
  ($$'{{1}}', '{}', '{}', '{}', '{}', '{1}'$$, '2202E', 'group_left must have 0 elements, as group_driver has, not 1'),
  ($$'{{1},{1}}', '{3}', '{1}', '{1}', '{1}', '{1}'$$, '22023', 'group_driver must be between 1 and 2, not 3'),
  ($$'{{1},{1}}', '{0}', '{1}', '{1}', '{1}', '{1}'$$, '22023', 'group_driver must be between 1 and 2, not 0'),
  ($$'{}', '{0}', '{1}', '{1}', '{1}', '{1}'$$, '22023', 'group_driver must be between 1 and 2147483647, not 0'),
  ($$'{{1}}', '{1}', '{0}', '{1}', '{1}', '{1}'$$, '22023', 'group_bucket must be between 1 and 7, not 0'),
  ($$'{{1}}', '{1}', '{8}', '{1}', '{1}', '{1}'$$, '22023', 'group_bucket must be between 1 and 7, not 8'),
  ($$'{{1}}', '{1}', '{1}', '{1}', '{-1}', '{1}'$$, '22023', 'group_scale must be between 0 and 4, not -1'),
  ($$'{{1}}', '{1}', '{1}', '{1}', '{5}', '{1}'$$, '22023', 'group_scale must be between 0 and 4, not 5'),
  ($$'{{1}}', '{1}', '{1}', '{1.005}', '{2}', '{1}'$$, '22023',
    'group_cost must have no digit beyond scale 2, not 1.005'),
  ($$'{{1}}', '{1}', '{1}', '{NaN}', '{2}', '{1}'$$, '22023', 'group_cost must be finite, not NaN'),
  ($$'{{1}}', '{1}', '{1}', '{Infinity}', '{2}', '{1}'$$, '22023', 'group_cost must be finite, not Infinity'),
  ($$'{{1}}', '{1}', '{1}', '{-Infinity}', '{2}', '{1}'$$, '22023', 'group_cost must be finite, not -Infinity'),
  ($$'{{1,NaN}}', '{1}', '{1}', '{1}', '{2}', '{1}'$$, '22023', 'quantities must be finite, not NaN'),
  ($$'{{1e60,Infinity}}', '{1}', '{1}', '{1}', '{2}', '{1}'$$, '22023', 'quantities must be finite, not Infinity'),
  ($$'{{1},{-0.5}}', '{1}', '{1}', '{1}', '{2}', '{1}'$$, '22023', 'quantities must not be negative, not -0.5'),
  ($$'{{1e60,-2}}', '{1}', '{1}', '{1}', '{2}', '{1}'$$, '22023', 'quantities must not be negative, not -2'),
  ($$'{{1}}', '{1}', '{1}', '{1}', '{2}', '{-3}'$$, '22023', 'group_left must not be negative, not -3'),
  ($$'{{1e60}}', '{1}', '{1}', '{1}', '{2}', '{-3}'$$, '22023', 'group_left must not be negative, not -3'),
  ($$'{{1}}', '{1}', '{1}', '{1}', '{2}', '{NaN}'$$, '22023', 'group_left must be finite, not NaN'),
  ($$'{{1}}', '{1}', '{1}', '{1}', '{2}', '{Infinity}'$$, '22023', 'group_left must be finite, not Infinity'),
  ($$array_fill(NULL::numeric, '{1,19173962}'), '{1}', '{1}', '{1}', '{2}', '{1}'$$, '54000',
    'quantities must be of at most 19173961 customers, not 19173962')) v (arguments, code, message);
SELECT pg_temp.errors(format('SELECT * FROM _remainder_blocks(%s)', arguments), code, message) FROM (VALUES
  ($$NULL, '{1}', '{1}', '{0}', '{1}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', 8$$, '22004',
    'quantities must not be NULL'),
  ($$'{{1}}', '{1}', '{1}', '{0}', NULL, '{NULL}', '{NULL}', '{NULL}', '{NULL}', 8$$, '22004',
    'group_total must not be NULL'),
  ($$'{{1}}', '{1}', '{1}', '{0}', '{1}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', NULL$$, '22004',
    'blocks must not be NULL'),
  ($$'{{1}}', '{1}', '{1}', '{0}', '{1}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', 7$$, '22023',
    'blocks must be between 8 and 2147483647, not 7'),
  ($$'{{1}}', '{1}', '{1}', '{0}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', 8$$, '22004',
    'group_total must not contain NULL'),
  ($$'{{1}}', '{1}', '{1}', '{0}', '{0}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', 8$$, '22023',
    'group_total must be above 0, not 0'),
  ($$'{{1}}', '{2}', '{1}', '{0}', '{1}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', 8$$, '22023',
    'group_driver must be between 1 and 1, not 2'),
  ($$'{{1}}', '{1}', '{0.5}', '{0}', '{1}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', 8$$, '22023',
    'group_cost must have no digit beyond scale 0, not 0.5'),
  ($$'{{1}}', '{1}', '{1}', '{0}', '{1}', '{NULL}', '{}', '{NULL}', '{NULL}', 8$$, '2202E',
    'after_first must have 1 elements, as group_driver has, not 0'),
  ($$'{{-1}}', '{1}', '{1}', '{0}', '{1}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', 8$$, '22023',
    'quantities must not be negative, not -1')) v (arguments, code, message);
\ir finish.psql
