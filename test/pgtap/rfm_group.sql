-- rfm_group, rfm_group_merge, unnest: against rfm and GROUP BY.
\ir setup.psql
\ir properties.psql
SELECT no_plan();

SELECT pg_temp.aggregate_holds('rfm_group', '{customer_id,purchased_at,amount}', '{1,2,3}');
SELECT pg_temp.aggregate_holds('rfm_group_merge', '{day_group}', '{1}', false);

-- values
SELECT pg_temp.is_same(
  'SELECT u.* FROM (SELECT rfm_group(customer_id, purchased_at, amount) AS g FROM purchase) s, unnest(g) u',
  'SELECT customer_id, min(purchased_at), max(purchased_at), count(*), sum(amount::numeric(20,4)), rfm(purchased_at, amount::numeric(20,4)) FROM purchase GROUP BY 1',
  'unnest gives every customer''s row, and a summary equal to rfm''s at the scale of all');
SELECT is((SELECT array_agg(customer_id)
  FROM (SELECT rfm_group(customer_id, purchased_at, amount) AS g FROM purchase) s, unnest(g)),
          (SELECT array_agg(customer_id ORDER BY customer_id) FROM (SELECT DISTINCT customer_id FROM purchase) s),
          'unnest is in order of customer_id, negative ones first');
SELECT pg_temp.is_same(
  'SELECT (unnest(g)).* FROM (SELECT rfm_group(customer_id, purchased_at, amount) AS g FROM purchase WHERE id < 100) s',
  'SELECT u.* FROM (SELECT rfm_group(customer_id, purchased_at, amount) AS g FROM purchase WHERE id < 100) s, unnest(g) u',
  'unnest in the select list equals unnest in FROM');
SELECT is((SELECT count(*)::int FROM (SELECT rfm_group(1, '2024-01-01', 1) AS g) s, unnest(g) LIMIT 1), 1, 'one row');
SELECT pg_temp.is_same(
  'SELECT customer_id FROM (SELECT rfm_group(customer_id, purchased_at, amount) AS g FROM purchase) s, unnest(g) LIMIT 3',
  'SELECT DISTINCT customer_id FROM purchase ORDER BY 1 LIMIT 3', 'reading may stop early');
SELECT is((SELECT count(*)::int FROM unnest(NULL::rfm_group)), 0, 'unnest of NULL gives no row');
SELECT pg_temp.is_same(
  'SELECT customer_id, first_at, last_at FROM (SELECT rfm_group(c, timestamptz ''2024-02-29 10:00:00+00'' + make_interval(secs => n / 1e6), 1 ORDER BY n * c) AS g FROM generate_series(1, 2) n, (VALUES (1), (-1)) v (c)) s, unnest(g)',
  'SELECT c::bigint, timestamptz ''2024-02-29 10:00:00.000001+00'', timestamptz ''2024-02-29 10:00:00.000002+00'' FROM (VALUES (1), (-1)) v (c)',
  'instants to the microsecond, in either order');
SELECT pg_temp.is_same(
  'SELECT * FROM generate_series(1, 5) i LEFT JOIN LATERAL (SELECT customer_id, trim_scale(monetary) FROM (SELECT rfm_group(customer_id, purchased_at, amount) AS g FROM purchase WHERE purchase.g = i AND id < 200) s, unnest(s.g)) u ON true',
  'SELECT i, customer_id, trim_scale(sum(amount)) FROM generate_series(1, 5) i JOIN purchase ON g = i AND id < 200 GROUP BY 1, 2',
  'unnest beside a lateral reference');
SELECT is((SELECT string_agg(customer_id || ' ' || monetary, ', ') FROM (SELECT rfm_group(c, '2024-01-01', 2) AS g
             FROM (VALUES (0), (-1), (9223372036854775807), (-9223372036854775808), (1)) v (c)) s, unnest(g)),
          '-9223372036854775808 2, -1 2, 0 2, 1 2, 9223372036854775807 2', 'the ends of bigint are customers as well');

-- many customers, so that the state becomes an expanded object with a queue
CREATE TABLE sale AS
  SELECT i::bigint * 7368787 % 50021 - 25000 AS customer_id,
    timestamptz '2024-01-01' + make_interval(secs => i::bigint * 611953 % 31536000) AS purchased_at,
    CASE WHEN i % 50000 = 777 THEN 0.125 WHEN i % 7 = 0 THEN -(i % 100)::numeric
      ELSE round((i % 9973)::numeric / 100, 2) END AS amount
  FROM generate_series(1, 150000) i;
ANALYZE sale;
SELECT pg_temp.is_same(
  'SELECT customer_id, first_at, last_at, frequency, monetary FROM (SELECT rfm_group(customer_id, purchased_at, amount) AS g FROM sale) s, unnest(g)',
  'SELECT customer_id, min(purchased_at), max(purchased_at), count(*), sum(amount)::numeric(20,3) FROM sale GROUP BY 1',
  'fifty thousand customers');
SELECT pg_temp.parallel_on();
SELECT matches(pg_temp.plan_of('SELECT rfm_group(customer_id, purchased_at, amount) FROM sale'), 'Partial Aggregate',
  'large states: Partial Aggregate');
CREATE TEMP TABLE parallel_group AS SELECT rfm_group(customer_id, purchased_at, amount) AS g FROM sale;
SELECT pg_temp.parallel_off();
CREATE TEMP TABLE serial_group AS SELECT rfm_group(customer_id, purchased_at, amount) AS g FROM sale;
SELECT ok((SELECT g::text FROM parallel_group) = (SELECT g::text FROM serial_group),
  'large states: parts combined equal the whole');
SELECT ok((SELECT rfm_group_send(g) FROM parallel_group) = (SELECT rfm_group_send(g) FROM serial_group),
  'large states: the same bytes');
SELECT ok((SELECT rfm_group(customer_id, purchased_at, amount)::text
  FROM (SELECT * FROM sale ORDER BY customer_id OFFSET 0) s)
          = (SELECT g::text FROM serial_group), 'large states: rows in order of customer');
SELECT ok((SELECT rfm_group(customer_id, purchased_at, amount)::text
  FROM (SELECT * FROM sale ORDER BY amount DESC, purchased_at OFFSET 0) s)
          = (SELECT g::text FROM serial_group), 'large states: rows in order of amount, so that decimals come late');
SELECT is((SELECT count(*)::int FROM (SELECT customer_id % 10 AS p, rfm_group(customer_id, purchased_at, amount) AS g
  FROM sale GROUP BY 1) s, unnest(g)),
          (SELECT count(DISTINCT customer_id)::int FROM sale), 'several large states side by side');
SELECT pg_temp.is_same(
  'SELECT p, (unnest(g)).monetary FROM (SELECT id % 3 AS p, rfm_group(customer_id, purchased_at, amount * 1e40) AS g FROM purchase GROUP BY 1) s',
  'SELECT id % 3, sum(amount::numeric(30,4) * 1e40) FROM purchase GROUP BY 1, customer_id',
  'amounts beyond 128 bits');
SELECT is((SELECT count(*)::int FROM (SELECT rfm_group(customer_id, purchased_at,
               CASE WHEN customer_id % 100 = 0 THEN amount * 1e40 ELSE amount END) AS g FROM sale) s, unnest(g) u
             JOIN (SELECT customer_id, sum(CASE WHEN customer_id % 100 = 0 THEN amount * 1e40 ELSE amount END) AS t
               FROM sale GROUP BY 1) t USING (customer_id)
             WHERE u.monetary = t.t),
          (SELECT count(DISTINCT customer_id)::int FROM sale),
            'some amounts beyond 128 bits between the others, in a large state');
SELECT pg_temp.is_same(
  'SELECT n, (SELECT sum(frequency) FROM unnest(g)) FROM (SELECT row_number() OVER w AS n, rfm_group(customer_id, purchased_at, amount) OVER w AS g
     FROM (SELECT * FROM sale LIMIT 6000) p WINDOW w AS (ORDER BY purchased_at, customer_id)) s WHERE n % 499 = 0',
  'SELECT i::bigint, i::numeric FROM generate_series(499, 6000, 499) i',
  'a large state in a growing frame is read again and again');
SELECT pg_temp.is_same(
  'SELECT n, (SELECT sum(frequency) FROM unnest(g)) FROM (SELECT row_number() OVER (ORDER BY purchased_at, customer_id) AS n,
     rfm_group(customer_id, purchased_at, amount) OVER (ORDER BY purchased_at, customer_id ROWS 1999 PRECEDING) AS g
     FROM (SELECT * FROM sale LIMIT 2100) p) s WHERE n % 300 = 0',
  'SELECT i::bigint, least(i, 2000)::numeric FROM generate_series(300, 2100, 300) i',
  'a large state in a moving frame');

SELECT pg_temp.is_same('SELECT ordinality, customer_id FROM (SELECT rfm_group(c, ''2024-01-01'', 1) AS g FROM generate_series(5, 7) c) s, unnest(g) WITH ORDINALITY',
  'VALUES (1::bigint, 5::bigint), (2, 6), (3, 7)', 'WITH ORDINALITY');

-- states pass from one node of a plan to the next without a copy between
-- processes: aggregates of partitions, grouping sets
CREATE TABLE parted (LIKE sale, part int) PARTITION BY LIST (part);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES IN (0);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);
CREATE TABLE parted_3 PARTITION OF parted FOR VALUES IN (3);	-- stays empty
INSERT INTO parted SELECT *, abs(customer_id) % 3 FROM sale;
ANALYZE parted;
SET LOCAL enable_partitionwise_aggregate = on;
SELECT pg_temp.parallel_off();
SELECT matches(pg_temp.plan_of('SELECT rfm_group(customer_id, purchased_at, amount) FROM parted'),
  'Finalize Aggregate.*Append.*Partial Aggregate', 'partitions are aggregated on their own');
SELECT ok((SELECT rfm_group(customer_id, purchased_at, amount)::text FROM parted) = (SELECT g::text FROM serial_group),
  'rfm_group of partitions');
SELECT is((SELECT gini(amount + 1000)::text || top_share(amount, 0.1) || cac(amount, 3)
  || rfm(purchased_at, amount)::text || rfm_cuts(abs(amount)::float8, 1, amount::float8)::text
  || md5(repeat_purchases(purchased_at::date + customer_id::int, amount)::text) FROM parted),
          (SELECT gini(amount + 1000)::text || top_share(amount, 0.1) || cac(amount, 3)
            || rfm(purchased_at, amount)::text || rfm_cuts(abs(amount)::float8, 1, amount::float8)::text
            || md5(repeat_purchases(purchased_at::date + customer_id::int, amount)::text) FROM sale),
          'the other aggregates of partitions');
SET LOCAL enable_partitionwise_aggregate = off;
SELECT is((SELECT array_agg(customers ORDER BY part)
  FROM (SELECT part, (SELECT count(*) FROM unnest(rfm_group(customer_id, purchased_at, amount))) AS customers
  FROM parted GROUP BY ROLLUP (part)) s),
          (SELECT array_agg(n ORDER BY part)
            FROM (SELECT part, count(DISTINCT customer_id) AS n FROM parted GROUP BY ROLLUP (part)) s),
            'large states in grouping sets');

-- stored states, plain, compressed and out of line
CREATE TABLE stored AS
  SELECT date_trunc('month', purchased_at) AS month, rfm_group(customer_id, purchased_at, amount) AS g FROM purchase
    GROUP BY 1;
SELECT ok((SELECT min(pg_column_size(g)) < 8000 AND max(octet_length(rfm_group_send(g))) > 8000 FROM stored),
  'stored states are compressed or out of line');
SELECT pg_temp.is_same('SELECT rfm_group_merge(g)::text FROM stored',
  'SELECT rfm_group(customer_id, purchased_at, amount)::text FROM purchase',
    'merging stored months equals the direct aggregate');
ALTER TABLE stored ALTER g SET STORAGE external;
CREATE TABLE outside (LIKE stored INCLUDING STORAGE);
INSERT INTO outside SELECT * FROM stored;
SELECT pg_temp.is_same('SELECT rfm_group_merge(g)::text FROM outside',
  'SELECT rfm_group(customer_id, purchased_at, amount)::text FROM purchase',
    'merging states stored out of line equals the direct aggregate');
CREATE TABLE scales (n int, g rfm_group);
INSERT INTO scales SELECT 1, rfm_group(c, '2024-01-01', c) FROM generate_series(1, 300) c;
INSERT INTO scales SELECT 2, rfm_group(c, '2024-02-01', 0.25) FROM generate_series(1, 300) c;
INSERT INTO scales SELECT 3, rfm_group(c, '2024-03-01', 0.0625) FROM generate_series(200, 400) c;
SELECT pg_temp.is_same(
  format('SELECT customer_id, frequency, monetary FROM (SELECT rfm_group_merge(g ORDER BY %s) AS g FROM scales) s, unnest(g)',
    sorting),
  'SELECT c::bigint, (c <= 300)::int * 2 + (c >= 200)::int::bigint, CASE WHEN c <= 300 THEN c + 0.2500 ELSE 0.0000 END + CASE WHEN c >= 200 THEN 0.0625 ELSE 0 END FROM generate_series(1, 400) c',
  'merging stored states of different decimals, in order ' || sorting)
  FROM (VALUES ('n'), ('n DESC'), ('n = 2')) v (sorting);
SELECT pg_temp.is_same(
  'SELECT customer_id, frequency, monetary FROM (SELECT rfm_group_merge(g) AS g FROM (SELECT g FROM scales WHERE n = 3) s) s, unnest(g)',
  'SELECT c::bigint, 1::bigint, 0.0625 FROM generate_series(200, 400) c',
    'the merge of one stored state is that state');
SELECT is((SELECT frequency(rfm_merge(summary)) FROM stored, unnest(g)), 12000::bigint, 'summaries from unnest merge');

-- the planner
SELECT is((SELECT (regexp_match(pg_temp.plan_of(format('SELECT * FROM unnest(%L::rfm_group)', g), 'COSTS ON'),
  'rows=(\d+)'))[1] FROM scales WHERE n = 3),
          '201', 'the planner knows the number of rows of a constant');
SELECT matches(pg_temp.plan_of('SELECT * FROM scales, unnest(g)', 'COSTS ON'), 'Function Scan on unnest .*rows=100000 ',
               'of anything else it expects 100,000');

-- bad input
SELECT pg_temp.errors(query, code, message) FROM (VALUES
  ($$SELECT rfm_group(1, '2024-01-01', 'NaN')$$, '22023', 'amount must be finite, not NaN'),
  ($$SELECT rfm_group(1, '2024-01-01', 'Infinity')$$, '22023', 'amount must be finite, not Infinity'),
  ($$SELECT rfm_group(1, '2024-01-01', '-Infinity')$$, '22023', 'amount must be finite, not -Infinity'),
  ($$SELECT rfm_group(1, '2024-01-01', a) FROM (VALUES (1), ('NaN'::numeric)) v (a)$$, '22023',
    'amount must be finite, not NaN'),
  ($$SELECT rfm_group(customer_id, purchased_at, CASE WHEN customer_id = 7 THEN 'NaN' ELSE amount END) FROM sale$$,
    '22023', 'amount must be finite, not NaN'),
  ($$SELECT rfm_group(1, 'infinity', 1)$$, '22023', 'purchased_at must be finite, not infinity'),
  ($$SELECT rfm_group(1, '-infinity', 1)$$, '22023', 'purchased_at must be finite, not -infinity'),
  ($$SELECT rfm_group(1, '2024-01-01', 1e77)$$, '22003', 'amount must sum to at most 76 digits'),
  ($$SELECT rfm_group(1, '2024-01-01', 1e-77)$$, '22003', 'amount must sum to at most 76 digits'),
  ($$SELECT rfm_group(1, '2024-01-01', 5e76) FROM generate_series(1, 2)$$, '22003',
    'amount must sum to at most 76 digits'),
  ($$SELECT rfm_group(i, '2024-01-01', a) FROM (VALUES (1, 1e70), (2, 1e-70)) v (i, a)$$, '22003',
    'amount must sum to at most 76 digits'),
  ($$SELECT rfm_group(i, '2024-01-01', a) FROM (VALUES (2, 1e-70), (1, 1e70)) v (i, a)$$, '22003',
    'amount must sum to at most 76 digits'),
  ($$SELECT rfm_group_merge(g::rfm_group) FROM (VALUES
       ('(1,{5,2024-01-01T00:00:00+00:00,2024-01-01T00:00:00+00:00,9223372036854775807,1})'),
       ('(1,{5,2024-01-01T00:00:00+00:00,2024-01-01T00:00:00+00:00,1,1})')) v (g)$$, '22003', 'frequency out of range')
) v (query, code, message);
\ir finish.psql
