-- cac in both forms: against sum over sum.
\ir setup.psql
\ir properties.psql
SELECT no_plan();

SELECT pg_temp.aggregate_holds('cac', '{amount,customers}');
SELECT pg_temp.aggregate_holds('cac', '{amount,acquired}');

SELECT pg_temp.is_same(format('SELECT g %% 7, cac(amount, customers)::text, cac(amount, acquired)::text FROM purchase WHERE %s GROUP BY 1',
  condition),
  format('SELECT g %% 7, (sum(amount) / nullif(sum(customers), 0))::text, (sum(amount) / nullif(count(*) FILTER (WHERE acquired), 0))::text FROM purchase WHERE %s GROUP BY 1',
    condition),
  'sum of cost over customers, to the digit, where ' || condition)
  FROM (VALUES ('true'), ('id % 13 = 0'), ('customers = 0'), ('NOT acquired'), ('id < 30')) v (condition);
SELECT pg_temp.is_same(
  'SELECT g, cac(CASE WHEN id % 3 > 0 THEN amount END, CASE WHEN id % 7 > 0 THEN customers END)::text, cac(CASE WHEN id % 3 > 0 THEN amount END, CASE WHEN id % 7 > 0 THEN acquired END)::text FROM purchase GROUP BY g',
  'SELECT g, (sum(amount) FILTER (WHERE id % 3 > 0) / nullif(sum(customers) FILTER (WHERE id % 7 > 0), 0))::text, (sum(amount) FILTER (WHERE id % 3 > 0) / nullif(count(*) FILTER (WHERE id % 7 > 0 AND acquired), 0))::text FROM purchase GROUP BY g',
  'a NULL adds nothing to its own sum, and takes nothing from the other');

-- published and worked cases
SELECT is(round(cac(cost, customers), 2), want, what) FROM (VALUES
  ('search', 50000.00, 200::bigint, 250.00), ('social', 40000, 200, 200.00), ('TV', 60000, 60, 1000.00),
    ('nobody came', 500, 0, NULL),
  ('paid CAC of metrickittools.com', 70000, 120, 583.33),
    ('fully loaded CAC of metrickittools.com', 155000, 120, 1291.67)) v (what, cost, customers, want)
    GROUP BY what, want;
SELECT is(cac(cost, customers)::numeric(10,2), 326.09, 'blended: the ratio of sums, not the mean 483.33 of the ratios')
  FROM (VALUES (50000, 200::bigint), (40000, 200), (60000, 60)) v (cost, customers);
SELECT is(cac(cost, acquired)::numeric(10,2), 7.50, 'cost of all contacts over those who became customers')
  FROM (VALUES (5, true), (5, false), (5, NULL), (NULL, true)) v (cost, acquired);
SELECT is(cac(NULL, NULL::bigint), NULL, 'NULLs give NULL');
SELECT is(cac(NULL, NULL::boolean), NULL, 'NULLs give NULL, second form');
SELECT is(cac(NULL, 5), 0::numeric, 'customers at no cost');
SELECT is(cac(NULL, true), 0::numeric, 'customers at no cost, second form');
SELECT is(cac(100, NULL::bigint), NULL, 'cost without customers');
SELECT is(cac(100, false), NULL, 'cost without customers, second form');
SELECT is(cac(-10.00, 4), -2.5, 'a credit note may exceed the cost');

-- the widest amounts
SELECT is(cac(cost, customers)::text, (sum(cost) / sum(customers))::text, what) FROM (VALUES
  ('10^30', 1e30, 3::bigint), ('10^30', 0.01, 0), ('beyond 128 bits', 170141183460469231731687303715884105727, 1),
    ('beyond 128 bits', 170141183460469231731687303715884105727, 2),
  ('75 digits', 9e74, 7), ('75 digits', -1e74, 0), ('70 decimals', 1e-70, 3), ('70 decimals', 5, 1),
  ('customers at the edge of 64 bits', 1, 9223372036854775807)) v (what, cost, customers) GROUP BY what;
SELECT pg_temp.is_same('SELECT g, (cac(amount * 1e45, customers) / 1e45)::numeric(40,16)::text FROM purchase GROUP BY g',
  'SELECT g, cac(amount, customers)::numeric(40,16)::text FROM purchase GROUP BY g',
  'the path of numeric equals that of 128 bits');

-- bad input
SELECT pg_temp.errors(query, code, message) FROM (VALUES
  ($$SELECT cac('NaN', 1)$$, '22023', 'cost must be finite, not NaN'),
  ($$SELECT cac('Infinity', 1)$$, '22023', 'cost must be finite, not Infinity'),
  ($$SELECT cac('-Infinity', 1)$$, '22023', 'cost must be finite, not -Infinity'),
  ($$SELECT cac('NaN', true)$$, '22023', 'cost must be finite, not NaN'),
  ($$SELECT cac('Infinity', true)$$, '22023', 'cost must be finite, not Infinity'),
  ($$SELECT cac('-Infinity', false)$$, '22023', 'cost must be finite, not -Infinity'),
  ($$SELECT cac(c, 1) FROM (VALUES (1), ('NaN'::numeric)) v (c)$$, '22023', 'cost must be finite, not NaN'),
  ($$SELECT cac(1, -1)$$, '22023', 'customers must be between 0 and 9223372036854775807, not -1'),
  ($$SELECT cac(1, '-9223372036854775808'::bigint)$$, '22023',
    'customers must be between 0 and 9223372036854775807, not -9223372036854775808'),
  ($$SELECT cac(1, 9223372036854775807) FROM generate_series(1, 2)$$, '22003', 'customers out of range'),
  ($$SELECT cac(1e77, 1)$$, '22003', 'cost must sum to at most 76 digits'),
  ($$SELECT cac(1e-77, true)$$, '22003', 'cost must sum to at most 76 digits'),
  ($$SELECT cac(5e76, 1) FROM generate_series(1, 2)$$, '22003', 'cost must sum to at most 76 digits'),
  ($$SELECT cac(c, 1) FROM (VALUES (1e70), (1e-70)) v (c)$$, '22003', 'cost must sum to at most 76 digits')
) v (query, code, message);
-- in the parts of a parallel plan
CREATE TABLE huge AS SELECT i, 5e76 AS cost, 9223372036854775807 AS customers FROM generate_series(1, 2000) i;
ALTER TABLE huge SET (parallel_workers = 2);
SELECT pg_temp.parallel_on();
SELECT pg_temp.errors('SELECT cac(cost, 1) FROM huge', '22003', 'cost must sum to at most 76 digits');
SELECT pg_temp.errors('SELECT cac(1, customers) FROM huge', '22003', 'customers out of range');
CREATE AGGREGATE pg_temp.combined(cac_sums) (SFUNC = cac_combine, STYPE = cac_sums, FINALFUNC = cac_final);
SELECT is(pg_temp.combined(s), 2.5, 'parts are combined')
  FROM (VALUES ('(1,2.50,1)'::cac_sums), (NULL), ('(1,5,2)')) v (s);
SELECT pg_temp.errors($$SELECT pg_temp.combined(s) FROM (VALUES ('(1,5e76,1)'::cac_sums), ('(1,5e76,1)')) v (s)$$,
  '22003', 'cost must sum to at most 76 digits');
\ir finish.psql
