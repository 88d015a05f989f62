-- repeat_purchases, repeat_purchases_merge and their accessors: against days
-- grouped in plain SQL.
\ir setup.psql
\ir properties.psql
SELECT no_plan();

SELECT pg_temp.aggregate_holds('repeat_purchases', '{purchased_on,amount}', '{1,2}');
SELECT pg_temp.aggregate_holds('repeat_purchases_merge', '{day_repeat}', '{1}', false);

-- values: x, t_x, T and m of Fader, Hardie and Lee (2005), by day
CREATE VIEW by_definition AS
  WITH day AS (
    SELECT customer_id, purchased_on, sum(amount::numeric(20,4)) AS total,
      min(purchased_on) OVER (PARTITION BY customer_id) AS first_on
    FROM purchase GROUP BY customer_id, purchased_on)
  SELECT customer_id, count(*) - 1 AS x, max(purchased_on) - min(purchased_on) AS t_x,
    date '2025-06-30' - min(purchased_on) AS t,
    (avg(total) FILTER (WHERE purchased_on > first_on))::text AS m
  FROM day GROUP BY customer_id;
SELECT pg_temp.is_same(
  'SELECT customer_id, frequency(r), recency(r), age(r, ''2025-06-30''), monetary_value(r)::text
   FROM (SELECT customer_id, repeat_purchases(purchased_on, amount::numeric(20,4)) AS r FROM purchase GROUP BY 1) s',
  'SELECT * FROM by_definition', 'every customer: x, t_x, T and the mean of the days after the first');
SELECT pg_temp.is_same(
  format('SELECT customer_id, frequency(r), recency(r), age(r, ''2025-06-30''), monetary_value(r)::text
   FROM (SELECT customer_id, repeat_purchases(purchased_on, amount::numeric(20,4) ORDER BY %s) AS r FROM purchase GROUP BY 1) s',
     sorting),
  'SELECT * FROM by_definition', 'the same with the days in order of ' || sorting)
  FROM (VALUES ('purchased_on'), ('purchased_on DESC'), ('md5(id::text)')) v (sorting);
SELECT is(repeat_purchases(d, a)::text, '(1,8.00,18.25,2024-02-28,2024-02-29,2024-03-01)',
          'purchases of one day are one, over a leap day; the first total is that of the first day')
  FROM (VALUES (date '2024-03-01', 4), ('2024-02-28', 3), ('2024-02-29', 6.25), ('2024-02-28', 5.00)) v (d, a);
SELECT is(array[frequency(r)::text, recency(r)::text, age(r, '2024-02-29')::text, monetary_value(r)::text],
          '{0,0,0,NULL}', 'one day: frequency 0, recency 0, age 0 on that day, no mean')
  FROM (SELECT repeat_purchases('2024-02-29', 10) AS r FROM generate_series(1, 3)) s;
SELECT is(array[frequency(r)::text, recency(r)::text, age(r, '2024-03-31')::text,
  monetary_value(r)::numeric(10,3)::text],
          '{2,20,31,22.345}', 'the mean of the repeats, not of the first day')
  FROM (SELECT repeat_purchases(d, a) AS r
    FROM (VALUES (date '2024-02-29', 100), ('2024-03-10', 14.96), ('2024-03-20', 29.73)) v (d, a)) s;
SELECT is(monetary_value(repeat_purchases(d, a))::text, avg(a) FILTER (WHERE d > '2024-01-01')::text,
          'refunds count: a day may be negative')
  FROM (VALUES (date '2024-01-01', 7.00), ('2024-01-05', -3.00), ('2024-01-09', 1.00)) v (d, a);
SELECT is(recency(r), (date '5874897-12-31' - date '4713-01-01 BC'), 'from the first to the last date there is')
  FROM (SELECT repeat_purchases(d, 1) AS r FROM (VALUES (date '4713-01-01 BC'), ('5874897-12-31')) v (d)) s;

-- growth: repeated days cost nothing, many days become an expanded object
SELECT is((SELECT pg_column_size(repeat_purchases(date '2024-01-01' + i % 3, 1)) FROM generate_series(1, 10000) i),
          (SELECT pg_column_size(repeat_purchases(date '2024-01-01' + i, 1)) FROM generate_series(1, 3) i),
          'ten thousand purchases on three days take the room of three');
SELECT is(array[frequency(r), recency(r)], '{29999,29999}', 'thirty thousand days: ' || what)
  FROM (SELECT 'forwards', repeat_purchases(date '1950-01-01' + i, i) FROM generate_series(0, 29999) i
        UNION ALL SELECT 'backwards', repeat_purchases(date '1950-01-01' - i, i) FROM generate_series(0, 29999) i
        UNION ALL SELECT 'mixed', repeat_purchases(date '1950-01-01' + i * 7919 % 30000, i)
          FROM generate_series(0, 59999) i) s (what, r);
SELECT is(repeat_purchases_merge(r)::text, (SELECT repeat_purchases(date '1950-01-01' + i % 30000, i)
  FROM generate_series(0, 59999) i)::text,
          'merging many large states')
  FROM (SELECT repeat_purchases(date '1950-01-01' + i % 30000, i) AS r FROM generate_series(0, 59999) i
    GROUP BY i % 7) s;
SELECT pg_temp.is_same(
  'SELECT DISTINCT n, frequency(r), recency(r) FROM (SELECT i / 5000 AS n, repeat_purchases(date ''1950-01-01'' + i * 7919 % 20011, 1) OVER (ORDER BY i / 5000) AS r FROM generate_series(0, 19999) i) s',
  'SELECT n, (n + 1) * 5000::bigint - 1, (SELECT max(j::bigint * 7919 % 20011) - min(j::bigint * 7919 % 20011) FROM generate_series(0, n * 5000 + 4999) j)::int FROM generate_series(0, 3) n',
  'a large state in a growing frame is read and grows on');

-- the widest amounts
SELECT pg_temp.is_same(
  'SELECT customer_id, (monetary_value(repeat_purchases(purchased_on, amount * 1e45)) / 1e45)::numeric(40,8)::text FROM purchase GROUP BY 1',
  'SELECT customer_id, m::numeric(40,8)::text FROM by_definition', 'amounts beyond 128 bits');
SELECT is(monetary_value(repeat_purchases(d, a))::text, avg(a) FILTER (WHERE d > '2024-01-01')::text,
  'amounts of 10^30')
  FROM (VALUES (date '2024-01-01', 1e30), ('2024-01-02', 123456789012345678901234567890.12),
    ('2024-01-03', 0.01)) v (d, a);

-- stored states
CREATE TABLE by_month AS
  SELECT customer_id, date_trunc('month', purchased_on) AS month, repeat_purchases(purchased_on, amount) AS r
    FROM purchase GROUP BY 1, 2;
SELECT pg_temp.is_same('SELECT customer_id, repeat_purchases_merge(r)::text FROM by_month GROUP BY 1',
  'SELECT customer_id, repeat_purchases(purchased_on, amount)::text FROM purchase GROUP BY 1',
  'months merged equal the direct aggregate');
SELECT pg_temp.is_same('SELECT repeat_purchases_merge(r)::text FROM (SELECT r FROM by_month UNION ALL SELECT NULL) s',
  'SELECT repeat_purchases(purchased_on, amount)::text FROM purchase', 'all months of all merged, with a NULL');
CREATE TABLE large (n int, r repeat_purchases);
INSERT INTO large SELECT 1, repeat_purchases(date '1950-01-01' + i * 3, i) FROM generate_series(0, 9999) i;
INSERT INTO large SELECT 2, repeat_purchases(date '1950-01-01' + i * 5, 0.25) FROM generate_series(0, 9999) i;
SELECT pg_temp.is_same(format('SELECT repeat_purchases_merge(r ORDER BY %s)::text FROM large', sorting),
  'SELECT repeat_purchases(d, a)::text FROM (SELECT date ''1950-01-01'' + i * 3 AS d, i::numeric AS a FROM generate_series(0, 9999) i
   UNION ALL SELECT date ''1950-01-01'' + i * 5, 0.25 FROM generate_series(0, 9999) i) s',
  'merging compressed states of different decimals, in order ' || sorting)
  FROM (VALUES ('n'), ('n DESC')) v (sorting);
SELECT is(frequency(NULL::repeat_purchases), NULL, 'frequency of NULL is NULL');
SELECT is(recency(NULL::repeat_purchases), NULL, 'recency of NULL is NULL');
SELECT is(age(NULL::repeat_purchases, '2024-01-01'), NULL, 'age of NULL is NULL');
SELECT is(age(repeat_purchases('2024-01-01', 1), NULL), NULL, 'age at NULL is NULL');
SELECT is(monetary_value(NULL::repeat_purchases), NULL, 'monetary_value of NULL is NULL');

-- bad input
SELECT pg_temp.errors(query, code, message) FROM (VALUES
  ($$SELECT repeat_purchases('2024-01-01', 'NaN')$$, '22023', 'amount must be finite, not NaN'),
  ($$SELECT repeat_purchases('2024-01-01', 'Infinity')$$, '22023', 'amount must be finite, not Infinity'),
  ($$SELECT repeat_purchases('2024-01-01', '-Infinity')$$, '22023', 'amount must be finite, not -Infinity'),
  ($$SELECT repeat_purchases('2024-01-01', a) FROM (VALUES (1), ('NaN'::numeric)) v (a)$$, '22023',
    'amount must be finite, not NaN'),
  ($$SELECT repeat_purchases('infinity', 1)$$, '22023', 'purchased_on must be finite, not infinity'),
  ($$SELECT repeat_purchases('-infinity', 1)$$, '22023', 'purchased_on must be finite, not -infinity'),
  ($$SELECT repeat_purchases('2024-01-01', 1e77)$$, '22003', 'amount must sum to at most 76 digits'),
  ($$SELECT repeat_purchases('2024-01-01', 1e-77)$$, '22003', 'amount must sum to at most 76 digits'),
  ($$SELECT repeat_purchases('2024-01-01', 5e76) FROM generate_series(1, 2)$$, '22003',
    'amount must sum to at most 76 digits'),
  ($$SELECT repeat_purchases('2024-01-01', a) FROM (VALUES (1e70), (1e-70)) v (a)$$, '22003',
    'amount must sum to at most 76 digits'),
  ($$SELECT age(repeat_purchases('2024-01-02', 1), '2024-01-01')$$, '22023',
    'as_of must not be before the last purchase on 2024-01-02, not 2024-01-01'),
  ($$SELECT age(repeat_purchases(d, 1), '2024-01-04') FROM (VALUES (date '2024-01-02'), ('2024-01-05')) v (d)$$,
    '22023', 'as_of must not be before the last purchase on 2024-01-05, not 2024-01-04'),
  ($$SELECT age(repeat_purchases('2024-01-02', 1), 'infinity')$$, '22023', 'as_of must be finite, not infinity'),
  ($$SELECT age(repeat_purchases('2024-01-02', 1), '-infinity')$$, '22023', 'as_of must be finite, not -infinity')
) v (query, code, message);

-- real data: CDNOW, calibration period of 39 weeks until 1997-09-30
\set rows `cat "${CRMCOST_DATA:-../shared/data}/CDNOW_master.txt" 2> /dev/null || true`
SELECT :'rows' <> '' AS present \gset
\if :present
CREATE TEMP TABLE cdnow AS
  SELECT f[1]::bigint AS customer_id, f[2]::date AS day, f[4]::numeric AS amount
  FROM regexp_split_to_table(:'rows', E'\r?\n') l (line), regexp_split_to_array(trim(line), ' +') f
    WHERE f[2] ~ '^\d{8}$';
SELECT is((SELECT count(*) FILTER (WHERE frequency(r) > 0) || ' of ' || count(*)
  FROM (SELECT repeat_purchases(day, amount) AS r FROM cdnow GROUP BY customer_id) s),
          '11516 of 23570', 'CDNOW: customers with two days of purchases, of all (the data''s own notes)');
SELECT is((SELECT array_agg(format('%s %s %s', frequency(r), round(recency(r) / 7.0, 2),
  round(age(r, '1997-09-30') / 7.0, 2)) ORDER BY customer_id)
             FROM (SELECT customer_id, repeat_purchases(day, amount) AS r FROM cdnow
               WHERE day <= '1997-09-30' AND customer_id IN (4, 21, 50) GROUP BY 1) s),
          '{2 30.43 38.86,1 1.71 38.86,0 0.00 38.86}',
            'CDNOW: the first three customers of Hardie''s worksheet, x, t_x and T in weeks');
SELECT pg_temp.is_same(
  'SELECT customer_id, frequency(r), recency(r), monetary_value(r)::numeric(20,10) FROM (SELECT customer_id, repeat_purchases(day, amount) AS r FROM cdnow GROUP BY 1) s',
  'SELECT customer_id, count(*) - 1, max(day) - min(day), avg(total) FILTER (WHERE day > first_on)::numeric(20,10)
   FROM (SELECT customer_id, day, sum(amount) AS total, min(day) OVER (PARTITION BY customer_id) AS first_on FROM cdnow GROUP BY 1, 2) s GROUP BY 1',
  'CDNOW: every customer');
\else
SELECT skip('CDNOW_master.txt is not in CRMCOST_DATA', 3);
\endif
\ir finish.psql
