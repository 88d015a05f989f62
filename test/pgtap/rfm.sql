-- rfm, rfm_merge and their accessors: against min, max, count, sum and avg.
\ir setup.psql
\ir properties.psql
SELECT no_plan();

SELECT pg_temp.aggregate_holds('rfm', '{purchased_at,amount}', '{1,2}');
SELECT pg_temp.aggregate_holds('rfm_merge', '{day_rfm}', '{1}', false);

-- values, to the digit: PostgreSQL's own aggregates are the oracle
SELECT pg_temp.is_same(
  'SELECT customer_id, first_at(r), last_at(r), frequency(r), monetary(r)::text, average_order(r)::text
   FROM (SELECT customer_id, rfm(purchased_at, amount) AS r FROM purchase GROUP BY 1) s',
  'SELECT customer_id, min(purchased_at), max(purchased_at), count(*), sum(amount)::text, avg(amount)::text
   FROM purchase GROUP BY 1',
  'every customer: first, last, number, sum and mean equal min, max, count, sum, avg, decimals included');
SELECT pg_temp.is_same(
  'SELECT customer_id, recency_days(rfm(purchased_at, amount), ''2025-06-01 12:34:56.789+00'')
   FROM purchase GROUP BY 1',
  'SELECT customer_id, (extract(epoch FROM timestamptz ''2025-06-01 12:34:56.789+00'' - max(purchased_at)) * 1000000)::float8 / 86400000000
   FROM purchase GROUP BY 1',
  'recency_days is the days, with fractions, since the last purchase');
SELECT is(recency_days(rfm(at, 1), at), 0::float8, 'recency of today''s purchase is 0')
  FROM (VALUES (timestamptz '2024-02-29 23:59:59.999999+00')) v (at) GROUP BY at;
SELECT is(r::text, '(1,2024-02-29T10:00:00+00:00,2024-02-29T10:00:00+00:00,1,-5.00)',
          'one row: first is last, a refund alone is a negative sum')
  FROM (SELECT rfm('2024-02-29 10:00:00+00', -5.00) AS r) s;
SELECT is((SELECT max(pg_column_size(r))
  FROM (SELECT rfm(purchased_at, amount) AS r FROM purchase GROUP BY customer_id) s),
          64, 'a state has 64 bytes, whatever the customer bought');
SELECT is((SELECT pg_column_size(rfm(purchased_at, amount * 1e60)) FROM purchase), 64,
          'a state of huge sums has 64 bytes too');
SELECT is(monetary(rfm(at, amount))::text, '0.00', 'refunds may cancel out')
  FROM (VALUES (timestamptz '2024-01-01', 10.50), ('2024-01-02', -10.50)) v (at, amount);

SELECT is(array[first_at(r), last_at(r)],
  array['2024-02-29 10:00:00.000001+00', '2024-02-29 10:00:00.000003+00']::timestamptz[],
  'instants to the microsecond, ' || what)
  FROM (SELECT 'ascending', rfm(at, 1 ORDER BY at)
    FROM (VALUES (timestamptz '2024-02-29 10:00:00.000001+00'), ('2024-02-29 10:00:00.000002+00'),
    ('2024-02-29 10:00:00.000003+00')) v (at)
    UNION ALL SELECT 'descending', rfm(at, 1 ORDER BY at DESC)
      FROM (VALUES (timestamptz '2024-02-29 10:00:00.000001+00'), ('2024-02-29 10:00:00.000002+00'),
      ('2024-02-29 10:00:00.000003+00')) v (at)) s (what, r);

-- the widest inputs
SELECT is(monetary(rfm('2024-01-01', amount))::text, sum(amount)::text, what)
  FROM (VALUES
    ('sums of 10^30', 1e30), ('sums of 10^30', 1e30), ('sums of 10^30', 0.01),
    ('at the edge of 64 bits', 9223372036854775807), ('at the edge of 64 bits', 9223372036854775807),
    ('at the edge of 64 bits', -1), ('at the edge of 64 bits', 18446744073709551616),
    ('at the edge of 128 bits', 170141183460469231731687303715884105727),
    ('at the edge of 128 bits', 170141183460469231731687303715884105727),
    ('at the edge of 128 bits', -170141183460469231731687303715884105728),
    ('36 digits', 999999999999999999999999999999999999), ('36 digits', 0.000000000000000000000000000000000001),
    ('37 digits', 9999999999999999999999999999999999999), ('37 digits', 9999999999999999999999999999999999999.9),
    ('40 digits, whole', 9999999999999999999999999999999999999999),
      ('40 digits, whole', 9999999999999999999999999999999999999998),
      ('40 digits, whole', 1111222233334444555566667777888899991111),
    ('40 digits', 9999999999999999999999999999999999999999),
      ('40 digits', -1234567890123456789012345678901234567890.12),
      ('40 digits', 1111222233334444555566667777888899991111), ('40 digits', 9999999999999999999999999999999999999999),
    ('75 digits', 1e74), ('75 digits', 9e74), ('75 digits', -1),
    ('76 decimals', 1e-76), ('76 decimals', -3e-76), ('76 decimals', 0),
    ('trailing zeros', 5.000000), ('trailing zeros', 5.0), ('trailing zeros', 1e20),
    ('negative zero does not exist', -0.00), ('negative zero does not exist', 0)) v (what, amount)
  GROUP BY what ORDER BY what;
SELECT is(monetary(rfm('2024-01-01', 123456789012345678901234567890.12))::text,
          sum(123456789012345678901234567890.12)::text, 'a million amounts of 10^30 sum exactly')
  FROM generate_series(1, 1000000);
SELECT pg_temp.is_same(
  'SELECT customer_id, (monetary(rfm(purchased_at, amount * 1e50)) / 1e50)::numeric(40,4)::text FROM purchase GROUP BY 1',
  'SELECT customer_id, (monetary(rfm(purchased_at, amount)))::numeric(40,4)::text FROM purchase GROUP BY 1',
  'sums of 128-bit amounts equal those of wider ones');
SELECT pg_temp.is_same(
  'SELECT customer_id, monetary(rfm(purchased_at, amount::numeric(75,50)))::text FROM purchase GROUP BY 1',
  'SELECT customer_id, sum(amount::numeric(75,50))::text FROM purchase GROUP BY 1',
  'amounts of 50 decimals');
SELECT is(first_at(r)::text || ' ' || last_at(r), '4714-11-24 00:00:00+00 BC 294276-12-31 23:59:59.999999+00',
          'the first and last instants there are')
  FROM (SELECT rfm(at, 1) AS r
    FROM (VALUES (timestamptz '4714-11-24 00:00:00+00 BC'), ('294276-12-31 23:59:59.999999+00')) v (at)) s;
SELECT is(recency_days(rfm('4714-11-24 00:00:00+00 BC', 1), '294276-12-31 00:00:00+00'),
          (date '294276-12-31' - date '4714-11-24 BC')::float8,
          'recency over the whole range of instants');

-- stored states
CREATE TABLE by_day AS
  SELECT customer_id, purchased_at::date AS day, rfm(purchased_at, amount) AS r FROM purchase GROUP BY 1, 2;
CREATE TABLE by_month AS
  SELECT customer_id, date_trunc('month', day) AS month, rfm_merge(r) AS r FROM by_day GROUP BY 1, 2;
SELECT pg_temp.is_same(
  'SELECT customer_id, rfm_merge(r)::text FROM by_month GROUP BY 1',
  'SELECT customer_id, rfm(purchased_at, amount)::text FROM purchase GROUP BY 1',
  'day to month to customer equals the direct aggregate');
SELECT pg_temp.is_same(
  'SELECT rfm_merge(r)::text FROM (SELECT * FROM by_day UNION ALL SELECT customer_id, NULL, NULL FROM by_day) s',
  'SELECT rfm(purchased_at, amount)::text FROM purchase', 'NULL states are skipped');
SELECT is((SELECT rfm_merge(r)::text FROM (SELECT rfm(purchased_at, amount) AS r FROM purchase) s),
          (SELECT rfm(purchased_at, amount)::text FROM purchase), 'the merge of one state is that state');
SELECT is((SELECT count(*)::int
  FROM (SELECT r, rfm_merge(r) OVER (ORDER BY day, customer_id) AS m, row_number() OVER (ORDER BY day, customer_id) AS n
             FROM by_day) s WHERE frequency(m) < n), 0, 'merging does not change the stored state');
SELECT is(first_at(NULL::rfm), NULL, 'first_at of NULL is NULL');
SELECT is(last_at(NULL::rfm), NULL, 'last_at of NULL is NULL');
SELECT is(frequency(NULL::rfm), NULL, 'frequency of NULL is NULL');
SELECT is(monetary(NULL::rfm), NULL, 'monetary of NULL is NULL');
SELECT is(average_order(NULL::rfm), NULL, 'average_order of NULL is NULL');
SELECT is(recency_days(NULL, now()), NULL, 'recency_days of NULL is NULL');
SELECT is(recency_days(rfm(now(), 1), NULL), NULL, 'recency_days at NULL is NULL');
SELECT is(recency_days(summary => rfm('2024-01-01', 1), as_of => '2024-01-31'), 30::float8,
          'arguments can be named');

-- bad input
SELECT pg_temp.errors(query, code, message) FROM (VALUES
  ($$SELECT rfm('2024-01-01', 'NaN')$$, '22023', 'amount must be finite, not NaN'),
  ($$SELECT rfm('2024-01-01', 'Infinity')$$, '22023', 'amount must be finite, not Infinity'),
  ($$SELECT rfm('2024-01-01', '-Infinity')$$, '22023', 'amount must be finite, not -Infinity'),
  ($$SELECT rfm('2024-01-01', a) FROM (VALUES (1), ('NaN'::numeric)) v (a)$$, '22023',
    'amount must be finite, not NaN'),
  ($$SELECT rfm('infinity', 1)$$, '22023', 'purchased_at must be finite, not infinity'),
  ($$SELECT rfm('-infinity', 1)$$, '22023', 'purchased_at must be finite, not -infinity'),
  ($$SELECT rfm(a, 1) FROM (VALUES (timestamptz '2024-01-01'), ('-infinity')) v (a)$$, '22023',
    'purchased_at must be finite, not -infinity'),
  ($$SELECT rfm('2024-01-01', 1e77)$$, '22003', 'amount must sum to at most 76 digits'),
  ($$SELECT rfm('2024-01-01', 1e1000)$$, '22003', 'amount must sum to at most 76 digits'),
  ($$SELECT rfm('2024-01-01', 1e-77)$$, '22003', 'amount must sum to at most 76 digits'),
  ($$SELECT rfm('2024-01-01', 1e-1000)$$, '22003', 'amount must sum to at most 76 digits'),
  ($$SELECT rfm('2024-01-01', a) FROM (VALUES (1e70), (1e-70)) v (a)$$, '22003',
    'amount must sum to at most 76 digits'),
  ($$SELECT rfm('2024-01-01', a) FROM (VALUES (1e-70), (1e70)) v (a)$$, '22003',
    'amount must sum to at most 76 digits'),
  ($$SELECT rfm('2024-01-01', 5e76) FROM generate_series(1, 2)$$, '22003', 'amount must sum to at most 76 digits'),
  ($$SELECT rfm('2024-01-01', -5e76) FROM generate_series(1, 2)$$, '22003', 'amount must sum to at most 76 digits'),
  ($$SELECT rfm_merge(r) FROM (SELECT rfm('2024-01-01', 5e76) AS r FROM generate_series(1, 2) i GROUP BY i) s$$,
    '22003', 'amount must sum to at most 76 digits'),
  ($$SELECT rfm_merge(r::rfm) FROM (VALUES
       ('(1,2024-01-01T00:00:00+00:00,2024-01-01T00:00:00+00:00,9223372036854775807,1)'),
       ('(1,2024-01-01T00:00:00+00:00,2024-01-01T00:00:00+00:00,1,1)')) v (r)$$, '22003', 'frequency out of range'),
  ($$SELECT recency_days(rfm('2024-01-02 00:00:00+00', 1), '2024-01-01 00:00:00+00')$$, '22023',
   'as_of must not be before the last purchase at 2024-01-02 00:00:00+00, not 2024-01-01 00:00:00+00'),
  ($$SELECT recency_days(rfm('2024-01-02', 1), 'infinity')$$, '22023', 'as_of must be finite, not infinity'),
  ($$SELECT recency_days(rfm('2024-01-02', 1), '-infinity')$$, '22023', 'as_of must be finite, not -infinity')
) v (query, code, message);

-- real data: CDNOW, all purchases of 23,570 customers (Fader and Hardie); the
-- directory of the data is in CRMCOST_DATA
\set rows `cat "${CRMCOST_DATA:-../shared/data}/CDNOW_master.txt" 2> /dev/null || true`
SELECT :'rows' <> '' AS present \gset
\if :present
CREATE TEMP TABLE cdnow AS
  SELECT f[1]::bigint AS customer_id, f[2]::date AS day, f[4]::numeric AS amount
  FROM regexp_split_to_table(:'rows', E'\r?\n') WITH ORDINALITY l (line, n),
    regexp_split_to_array(trim(line), ' +') f WHERE f[2] ~ '^\d{8}$';
SELECT is((SELECT count(*) || ' ' || count(DISTINCT customer_id) FROM cdnow), '69659 23570', 'CDNOW is there');
SELECT pg_temp.is_same(
  'SELECT customer_id, first_at(r), last_at(r), frequency(r), monetary(r) FROM (SELECT customer_id, rfm(day, amount) AS r FROM cdnow GROUP BY 1) s',
  'SELECT customer_id, min(day)::timestamptz, max(day)::timestamptz, count(*), sum(amount) FROM cdnow GROUP BY 1',
  'CDNOW: every customer''s summary');
SELECT is((SELECT frequency(rfm(day, amount)) || ' ' || monetary(rfm(day, amount)) FROM cdnow), '69659 2500315.63',
          'CDNOW: number and total of all purchases, as awk sums them');
\else
SELECT skip('CDNOW_master.txt is not in CRMCOST_DATA', 3);
\endif
\ir finish.psql
