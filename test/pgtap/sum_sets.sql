-- How refresh sums: what GROUPING SETS and sum would say.
\ir setup.psql
SELECT no_plan();

-- sums by several sets of keys at once
CREATE TEMPORARY TABLE fact AS
  SELECT CASE WHEN random() < 0.9 THEN date '2025-01-01' + (random() * 5)::int END AS day,
    'k' || (random() * 90)::int AS k,
    CASE WHEN random() < 0.8 THEN (random() * 3)::int END AS j, CASE WHEN random() < 0.7
      THEN (random() * 1e15)::bigint - 4e14::bigint END AS n,
    CASE WHEN random() < 0.8 THEN round((random() * 2e10 - 1e10)::numeric, (random() * 6)::int) END AS money,
    9999999999999999999999999999999999.9999 AS most
  FROM generate_series(1, 4000);
SELECT bag_eq($$SELECT * FROM crmcost._sum_sets('SELECT day, k, j, n, money, most FROM fact', 3, '{1,2,0,3,0,0,3,1}')
      AS (set int, day date, k text, j int, n bigint, money numeric, most numeric)$$,
  $$SELECT CASE grouping(day, k, j) WHEN 1 THEN 1 WHEN 6 THEN 2 WHEN 7 THEN 3 ELSE 4 END AS set, day, k, j,
    sum(n)::bigint AS n, sum(money) AS money, sum(most) AS most
    FROM fact GROUP BY GROUPING SETS ((day, k), (j), (), (j, day))$$, 'GROUPING SETS say the same');
SELECT set_eq($$SELECT scale(money) FROM crmcost._sum_sets('SELECT k, money FROM fact', 1, '{1}') AS (set int,
  k text, money numeric)$$,
  'SELECT scale(sum(money)) FROM fact GROUP BY k', 'and show as many decimals');
SELECT is_empty($$SELECT * FROM crmcost._sum_sets('SELECT k, n FROM fact WHERE false', 1, '{1,0}') AS (set int,
  k text, n bigint)$$,
  'of no rows there is no group');
SELECT throws_ok(format('SELECT * FROM crmcost._sum_sets(%L, %s, %L) AS (set int, k text, n bigint)', query, keys,
  sets), code, NULL::text, query)
  FROM (VALUES ('SELECT k, n FROM fact', 1, '{2}', '22023'), ('SELECT k, n FROM fact', 1, '{-1}', '22023'),
    ('SELECT k, n FROM fact', 1, '{NULL}', '22023'), ('SELECT k, n FROM fact', 0, '{1}', '22023'), ('SELECT k,
      n FROM fact', 3, '{1}', '42804'),
    ('SELECT k, j FROM fact', 1, '{1}', '42804'), ('SELECT k FROM fact', 1, '{1}', '42804'), ('DELETE FROM fact', 1,
      '{1}', '42601'),
    ('SELECT ''k'', 9223372036854775807 FROM generate_series(1, 2)', 1, '{1}', '22003')) v (query, keys, sets, code);
SELECT throws_ok($$SELECT * FROM crmcost._sum_sets('SELECT 1, m FROM unnest(''{1,NaN}''::numeric[]) m', 1,
  '{1}') AS (set int, k int, m numeric)$$,
  '22023', NULL::text, 'what is no amount');

SELECT bag_eq($$SELECT * FROM crmcost._sum_sets('SELECT day, k, j, n, money FROM fact ORDER BY day', 3,
    '{1,2,0,3,1,0,1}', true) AS (set int, day date, k text, j int, n bigint, money numeric)$$,
  $$SELECT CASE grouping(k, j) WHEN 1 THEN 1 WHEN 2 THEN 2 ELSE 3 END AS set, day, k, j,
    sum(n)::bigint AS n, sum(money) AS money
    FROM fact GROUP BY GROUPING SETS ((day, k), (day, j), (day))$$, 'of rows in the order of the first key, too');
SELECT throws_ok($$SELECT * FROM crmcost._sum_sets('SELECT day, k, n FROM fact ORDER BY day', 2, '{1,0,2}',
  true) AS (set int, day date, k text, n bigint)$$, '22023', NULL::text, 'which each set must have then');

-- values at shares of the rows
CREATE TEMPORARY TABLE timed AS
  SELECT day, k, j, 1 + (random() * 3)::bigint AS times, round(money, 2) AS took FROM fact;
SELECT bag_eq($$SELECT * FROM crmcost._percentile_sets('SELECT day, k, j, times, took FROM timed ORDER BY day, took', 3,
    '{1,2,0,3,1,0,1}', '{1,50,90,100}') AS (set int, day date, k text, j int, took numeric[])$$,
  $$SELECT CASE grouping(k, j) WHEN 1 THEN 1 WHEN 2 THEN 2 ELSE 3 END AS set, day, k, j,
    percentile_disc('{0.01,0.5,0.9,1}'::float8[]) WITHIN GROUP (ORDER BY took) AS took
    FROM timed, generate_series(1, times) WHERE took IS NOT NULL GROUP BY GROUPING SETS ((day, k), (day, j), (day))$$,
  'percentile_disc says the same of rows that stand there as often as they count');
SELECT is_empty($$SELECT * FROM crmcost._percentile_sets('SELECT day, times, took FROM timed WHERE took IS NULL', 1,
  '{1}', '{50}') AS (set int, day date, took numeric[])$$, 'without a value there is no group');
SELECT results_eq($$SELECT took FROM crmcost._percentile_sets('SELECT 1, 1::bigint, n::numeric
  FROM generate_series(1, 20) n', 1, '{1}', '{5,90,95}') AS (set int, k int, took numeric[])$$, $$VALUES
  ('{1,18,19}'::numeric[])$$, 'a share is a whole number of rows, not nearly one');
SELECT throws_ok(format('SELECT * FROM crmcost._percentile_sets(%L, %s, %L, %L) AS (set int, k text, took numeric[])',
  query, keys, sets, percents), code, NULL::text, format('%s, %s, %s, %s', query, keys, sets, percents))
  FROM (VALUES ('SELECT k, times, took FROM timed ORDER BY 1, 3', 1, '{2}', '{50}', '22023'),
    ('SELECT k, times, took FROM timed ORDER BY 1, 3', 1, '{1,0}', '{50}', '22023'),
    ('SELECT k, times, took FROM timed ORDER BY 1, 3', 0, '{1}', '{50}', '22023'),
    ('SELECT k, times, took FROM timed ORDER BY 1, 3', 1, '{1}', '{0}', '22023'),
    ('SELECT k, times, took FROM timed ORDER BY 1, 3', 1, '{1}', '{101}', '22023'),
    ('SELECT k, times, took FROM timed ORDER BY 1, 3', 1, '{1}', '{90,50}', '22023'),
    ('SELECT k, times, took FROM timed ORDER BY 1, 3', 1, '{1}', '{50,NULL}', '22023'),
    ('SELECT k, times, took FROM timed ORDER BY 1, 3 DESC', 1, '{1}', '{50}', '22023'),
    ('SELECT k, 0::bigint, took FROM timed ORDER BY 1, 3', 1, '{1}', '{50}', '22023'),
    ('SELECT k, NULL::bigint, took FROM timed ORDER BY 1, 3', 1, '{1}', '{50}', '22023'),
    ('SELECT k, 9223372036854775807, took FROM timed ORDER BY 1, 3', 1, '{1}', '{50}', '22003'),
    ('SELECT k, times FROM timed', 1, '{1}', '{50}', '42804'), ('SELECT k, n, n FROM fact', 1, '{1}', '{50}', '42804'),
    ('DELETE FROM fact', 1, '{1}', '{50}', '42601')) v (query, keys, sets, percents, code);

-- sums of the rows before
CREATE TEMPORARY TABLE walk AS SELECT row_number() OVER () AS i, * FROM fact;
SELECT bag_eq(format($$SELECT * FROM crmcost._sums_before('SELECT i, k, j, day, n, money, most
    FROM walk ORDER BY j, day, i', 4, %s) AS (i bigint, k text, j int, day date, n bigint, money numeric, most numeric)$$, groups),
  format($$SELECT i, k, j, day, coalesce(sum(n) OVER before, 0)::bigint AS n,
    coalesce(sum(money) OVER before, 0) AS money, coalesce(sum(most) OVER before, 0) AS most
    FROM walk WINDOW before AS (PARTITION BY %s ORDER BY j, day, i ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)$$,
    parts), 'a window says the same of ' || parts)
  FROM (VALUES (0, 'true'), (1, 'day, j'), (2, 'j, day')) v (groups, parts);
SELECT is_empty($$SELECT * FROM crmcost._sums_before('SELECT k, n FROM fact WHERE false', 1, 0) AS (k text, n bigint)$$,
  'of no rows there is none');
SELECT throws_ok(format('SELECT * FROM crmcost._sums_before(%L, %s, %s) AS (k text, n bigint)', query, keys, groups),
  code, NULL::text, query)
  FROM (VALUES ('SELECT k, n FROM fact', -1, 0, '22023'), ('SELECT k, n FROM fact', 1, 2, '22023'),
    ('SELECT k, n FROM fact', 1, -1, '22023'), ('SELECT k, n FROM fact', 1, 1, '42804'),
    ('SELECT k, n FROM fact', 0, 0, '42804'), ('SELECT k, j FROM fact', 1, 0, '42804'),
    ('SELECT k FROM fact', 1, 0, '42804'), ('DELETE FROM fact', 1, 0, '42601'),
    ('SELECT ''k'', 9223372036854775807 FROM generate_series(1, 3)', 1, 0, '22003')) v (query, keys, groups, code);
SELECT throws_ok($$SELECT * FROM crmcost._sums_before('SELECT 1, m FROM unnest(''{1,NaN}''::numeric[]) m', 1,
  0) AS (k int, m numeric)$$, '22023', NULL::text, 'what is no amount has no sum');

-- sums of few rows
SELECT bag_eq('SELECT k, j, crmcost._sum_few(money) AS sum, scale(crmcost._sum_few(money)) AS scale
  FROM fact GROUP BY k, j',
  'SELECT k, j, sum(money) AS sum, scale(sum(money)) AS scale FROM fact GROUP BY k, j', '_sum_few says what sum says');
SELECT is((SELECT crmcost._sum_few(money) FROM fact WHERE false), NULL, 'nothing of nothing');
\ir finish.psql
