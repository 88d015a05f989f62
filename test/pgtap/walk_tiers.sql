-- How refresh finds tiers month after month: what the window functions say of all customers.
\ir setup.psql
SELECT no_plan();

-- sums that a month adds, of few and of many digits; who has a day has an order
CREATE TEMPORARY TABLE part AS
  SELECT m AS month, i::bigint AS customer, (random() * 2 + i * 0)::bigint AS orders,
    round((random() * 300 - 50)::numeric, (random() * 4 + i * 0)::int) AS revenue,
    CASE WHEN i = 7 AND m = 3 THEN 1e30 ELSE round((random() * 200 - 80)::numeric, 2) END AS value,
    CASE WHEN random() < 0.6 THEN date '2025-01-01' + 30 * m - (random() * 29)::int END AS last_on
  FROM generate_series(1, 6) m CROSS JOIN generate_series(1, 400) i WHERE random() < 0.5;
CREATE TEMPORARY TABLE scheme (i int, name text, basis text, codes text[], bounds numeric[], numbers smallint[]);
INSERT INTO scheme VALUES
  (1, 'abc', 'cum_share', '{A,B,C}', '{0.5,0.9}', '{}'), (2, 'five', 'cum_share', '{a,b,c,d,e}', '{0.2,0.4,0.6,0.8}', '{}'),
  (3, 'one', 'cum_share', '{all}', '{1}', '{}'), (4, 'money', 'min_value', '{gold,silver,rest}', '{500,100.50,0}', '{}'),
  (5, 'rfm', 'rfm', '{best,good}', '{}', ARRAY(SELECT CASE WHEN s / 100 = 3 THEN 1 WHEN s % 10 > 1 THEN 2 END::smallint
    FROM generate_series(111, 333) s ORDER BY s)), (6, 'gone', 'none', '{}', '{}', '{}');
CREATE TEMPORARY TABLE answer (customer bigint, scheme text, code text);
INSERT INTO answer VALUES (1, 'abc', 'B'), (2, 'gone', 'old'), (9999, 'money', 'gold'), (3, 'other', 'x');
CREATE TEMPORARY TABLE told (customer bigint, scheme text, at timestamptz, code text, evidence jsonb, before text);
CREATE TEMPORARY TABLE lowest (scheme text, code text, value numeric);
CREATE TEMPORARY TABLE total (customer bigint, orders bigint, revenue numeric, value numeric, last_on date,
  answers text[]);
CREATE FUNCTION pg_temp.walk(months text, cuts float8[] DEFAULT '{}', keep boolean DEFAULT false,
  answers text DEFAULT 'SELECT customer, scheme, code FROM answer',
  schemes text DEFAULT 'SELECT name, basis, codes, bounds, numbers FROM scheme ORDER BY i', bins int DEFAULT 3)
  RETURNS void LANGUAGE sql AS $$
  SELECT crmcost._walk_tiers(schemes, answers, months, 'profit', bins, cuts, 'told', 'lowest', 'total', keep);
$$;
CREATE FUNCTION pg_temp.months(first int, last int) RETURNS text LANGUAGE sql AS $$
  SELECT 'VALUES ' || string_agg(format('(timestamptz %L, date %L, false, %L)', date '2025-01-01' + 30 * m,
    date '2025-01-01' + 30 * m, 'SELECT customer, orders, revenue, value, last_on FROM part WHERE month = ' || m), ', '
    ORDER BY m) FROM generate_series(first, last) m;
$$;

-- the same by statements: what holds at the end of each month
CREATE TEMPORARY TABLE held AS
  SELECT m AS month, customer, k.scheme, k.code, t.value
  FROM generate_series(1, 6) m
  CROSS JOIN LATERAL (
    SELECT t.*, crmcost.rfm_score((date '2025-01-01' + 30 * m - last_on)::float8, orders::float8, revenue::float8, 3)
        OVER () AS score, crmcost.abc_tier(value, 0.5, 0.9) OVER () AS abc,
      crmcost.abc_tier(value, 0.2, 0.4) OVER () AS ab, crmcost.abc_tier(value, 0.6, 0.8) OVER () AS cd
    FROM (SELECT customer, sum(orders) AS orders, sum(revenue) AS revenue, sum(value) AS value, max(last_on) AS last_on
      FROM part WHERE month <= m GROUP BY customer HAVING sum(orders) > 0 AND max(last_on) IS NOT NULL) t) t
  CROSS JOIN LATERAL (VALUES ('abc', abc), ('one', 'all'),
    ('five', CASE WHEN ab = 'A' THEN 'a' WHEN ab = 'B' THEN 'b' WHEN cd = 'A' THEN 'c' WHEN cd = 'B' THEN 'd' ELSE 'e' END),
    ('money', CASE WHEN revenue >= 500 THEN 'gold' WHEN revenue >= 100.50 THEN 'silver' ELSE 'rest' END),
    ('rfm', CASE WHEN score / 100 = 3 THEN 'best' WHEN score % 10 > 1 THEN 'good' END)) k (scheme, code)
  WHERE k.code IS NOT NULL;
CREATE INDEX ON held (customer, scheme, month);
ANALYZE part, held;
CREATE TEMPORARY TABLE expected AS
  WITH RECURSIVE pair AS (SELECT customer, name AS scheme FROM (SELECT DISTINCT customer FROM part
      UNION SELECT customer FROM answer) c CROSS JOIN scheme),
    said AS (
      SELECT 0 AS month, customer, scheme, code, NULL::text AS before FROM pair
        LEFT JOIN answer USING (customer, scheme)
      UNION ALL
      SELECT s.month + 1, customer, scheme, coalesce((SELECT h.code FROM held h WHERE h.month = s.month + 1
        AND h.customer = s.customer AND h.scheme = s.scheme), CASE WHEN s.code IS NOT NULL THEN 'none' END), s.code
      FROM said s WHERE s.month < 6)
  SELECT customer, scheme, (date '2025-01-01' + 30 * month)::timestamptz AS at, code, before FROM said
  WHERE month > 0 AND code IS DISTINCT FROM before;

SELECT pg_temp.walk(pg_temp.months(1, 6));
SELECT set_eq('SELECT customer, scheme, at, code, before FROM told', 'SELECT * FROM expected',
  'what is new is what statements say');
SELECT set_eq('SELECT * FROM lowest', $$SELECT scheme, code, min(value) FROM held
  WHERE month = 6 AND scheme IN ('abc', 'one', 'five') GROUP BY scheme, code$$, 'the least values of tiers by share');
SELECT is_empty($$SELECT * FROM told WHERE code = 'none' AND evidence IS NOT NULL$$, 'who left has no evidence');
SELECT set_eq($$SELECT customer, scheme, at, evidence FROM told WHERE scheme IN ('abc', 'money') AND code <> 'none'$$,
  $$SELECT e.customer, e.scheme, e.at, jsonb_build_object(CASE e.scheme WHEN 'abc' THEN 'profit' ELSE 'revenue' END,
      sum(CASE e.scheme WHEN 'abc' THEN p.value ELSE p.revenue END))
    FROM expected e JOIN part p ON p.customer = e.customer AND date '2025-01-01' + 30 * p.month <= e.at
    WHERE e.scheme IN ('abc', 'money') AND e.code <> 'none' GROUP BY 1, 2, 3$$, 'evidence is the sum');
SELECT matches(evidence::text, '^{"f": [1-3], "m": [1-3], "r": [1-3]}$', 'or the score')
  FROM told WHERE scheme = 'rfm' AND code <> 'none' LIMIT 1;

-- what is kept of some months is what the others begin with
CREATE TEMPORARY TABLE once AS SELECT * FROM told;
TRUNCATE told, lowest;
SELECT pg_temp.walk(pg_temp.months(1, 3), '{}', true);
TRUNCATE lowest;
SELECT pg_temp.walk('VALUES (NULL::timestamptz, date ''2025-01-01'', true, ''SELECT customer, orders, revenue, value, last_on
  FROM total''), ' || substr(pg_temp.months(4, 6), 8), '{}', false, 'SELECT customer, s.name, s.code FROM total
  CROSS JOIN LATERAL unnest(ARRAY(SELECT name FROM scheme ORDER BY i), answers) s (name, code) WHERE s.code IS NOT NULL');
SELECT set_eq('SELECT * FROM told', 'SELECT * FROM once', 'two walks say what one says');

-- bounds that are given, as on workers
CREATE TEMPORARY TABLE apart AS SELECT * FROM told WHERE at = '2025-06-30';
SELECT is((SELECT count(*) FROM told WHERE at > '2025-06-29'), (SELECT count(*) FROM apart), 'the last month');
TRUNCATE told;
SELECT pg_temp.walk(replace(pg_temp.months(6, 6), 'month = 6', 'month <= 6'), (SELECT (c).recency || (c).frequency || (c).monetary
    FROM (SELECT crmcost.rfm_cuts((date '2025-06-30' - last_on)::float8, orders::float8, revenue::float8, 3) AS c
      FROM (SELECT customer, sum(orders) AS orders, sum(revenue) AS revenue, max(last_on) AS last_on FROM part
        GROUP BY customer HAVING sum(orders) > 0 AND max(last_on) IS NOT NULL) t) c), false,
  'SELECT customer, scheme, code FROM answer WHERE false', format('SELECT name, CASE basis WHEN ''cum_share'' THEN ''value''
    ELSE basis END, codes, CASE name WHEN ''abc'' THEN %L::numeric[] ELSE bounds END, numbers
    FROM scheme WHERE name IN (''abc'', ''money'', ''rfm'') ORDER BY i',
    (SELECT array_agg(value ORDER BY code) FROM lowest WHERE scheme = 'abc' AND code < 'C')));
SELECT set_eq('SELECT customer, scheme, code FROM told', $$SELECT customer, scheme, code FROM held
  WHERE month = 6 AND scheme IN ('abc', 'money', 'rfm')$$, 'bounds that are given say the same');

SELECT throws_ok(format('SELECT pg_temp.walk(%L, %L, false, %L, %L, %s)', months, cuts, 'SELECT customer, scheme, code FROM answer',
    schemes, bins), code, NULL::text, what)
  FROM (VALUES (pg_temp.months(1, 1), '{1}', 'SELECT name, basis, codes, bounds, numbers FROM scheme', 3, '22023', 'too few cuts'),
    (pg_temp.months(1, 1), '{}', 'SELECT name, basis, codes, bounds, numbers FROM scheme', 99, '22023', 'too many bins'),
    (pg_temp.months(1, 1), '{NULL,1,1,1,1,1}', 'SELECT name, basis, codes, bounds, numbers FROM scheme', 3, '22023', 'no cut'),
    (pg_temp.months(1, 1), '{}', 'SELECT name FROM scheme', 3, '42804', 'other columns'),
    (pg_temp.months(1, 1), '{}', 'SELECT name, ''x'', codes, bounds, numbers FROM scheme', 3, '22023', 'an unknown basis'),
    (pg_temp.months(1, 1), '{}', 'SELECT name, ''rfm'', codes, bounds, ''{9}''::smallint[] FROM scheme', 3, '22023', 'no such tier'),
    (pg_temp.months(1, 1), '{}', 'SELECT name, ''min_value'', ''{}''::text[], bounds, numbers FROM scheme', 3, '22023', 'no tiers'),
    (replace(pg_temp.months(1, 1), '2025-01-31', '2024-01-31'), '{}', 'SELECT name, basis, codes, bounds, numbers FROM scheme',
     3, '22023', 'an order after the day'),
    (replace(pg_temp.months(1, 1), 'revenue, value', 'revenue, ''''NaN''''::numeric'), '{}',
     'SELECT name, basis, codes, bounds, numbers FROM scheme', 3, '22023', 'what is no amount'),
    (pg_temp.months(1, 1), '{}', 'SELECT name, basis, NULL::text[], bounds, numbers FROM scheme', 3, '22004', 'no codes'))
    v (months, cuts, schemes, bins, code, what);
\ir finish.psql
