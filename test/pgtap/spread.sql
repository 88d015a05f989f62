-- spread: an amount over the months of a period.
\ir setup.psql
SELECT no_plan();

SELECT results_eq($$SELECT * FROM spread(12000, '[2024-01-01,2025-01-01)')$$,
  $$SELECT m::date, 1000.0 FROM generate_series(timestamp '2024-01-01', '2024-12-01', '1 month') m$$,
  'whole calendar months get equal parts, whatever their days');
SELECT results_eq($$SELECT * FROM spread(61, '[2024-02-15,2024-04-15)', 0)$$,
  $$VALUES (date '2024-02-01', 15.0), ('2024-03-01', 32.0), ('2024-04-01', 14.0)$$,
  'other periods go by days: 15, 31 and 14 of 60, the coin left to the largest remainder');
SELECT results_eq($$SELECT * FROM spread(-100, '[2024-01-01,2024-04-01)')$$,
  $$VALUES (date '2024-01-01', -33.34), ('2024-02-01', -33.33), ('2024-03-01', -33.33)$$, 'a correction');
SELECT results_eq($$SELECT * FROM spread(5, '[2024-02-29,2024-02-29]')$$, $$VALUES (date '2024-02-01', 5.0)$$,
  'one day');
SELECT results_eq($$SELECT * FROM spread(0, '[2024-01-31,2024-02-02)')$$,
  $$VALUES (date '2024-01-01', 0.0), ('2024-02-01', 0.0)$$, 'nothing is nothing in each month');
SELECT is_empty('SELECT * FROM spread(NULL, daterange(''2024-01-01'', ''2024-02-01''))', 'NULL gives no row');
SELECT is_empty('SELECT * FROM spread(1, NULL)', 'nor does no period');

-- any amount, any period: it sums, and no month is off by a unit
SELECT setseed(0.7);
CREATE TEMPORARY TABLE tried AS
SELECT i, round((random() * 2000000 - 1000000)::numeric, i % 5) AS amount, i % 5 AS scale,
       daterange(from_on, from_on + 1 + floor(random() * CASE WHEN i % 2 = 0 THEN 60 ELSE 3000 END)::int) AS period
FROM (SELECT i, date '1999-12-25' + floor(random() * 9000)::int AS from_on FROM generate_series(1, 500) i) s;
SELECT is_empty($$
  SELECT i FROM tried t CROSS JOIN LATERAL spread(t.amount, t.period, t.scale) s
  GROUP BY i, amount HAVING sum(part) <> amount
$$, 'the parts sum to the amount');
SELECT is_empty($$
  SELECT i, month_start, part
  FROM tried t CROSS JOIN LATERAL spread(t.amount, t.period, t.scale) s
  LEFT JOIN (SELECT i, date_trunc('month', d)::date AS month_start, count(*) AS days
             FROM tried, generate_series(lower(period), upper(period) - 1, '1 day') d GROUP BY 1, 2) m
               USING (i, month_start)
  WHERE NOT (extract(day FROM lower(period)) = 1 AND extract(day FROM upper(period)) = 1)
    AND abs(part - amount * coalesce(days, 0) / (upper(period) - lower(period))) >= 10.0 ^ -scale
$$, 'and each is within a unit of its share by days');

SELECT throws_ok(format('SELECT * FROM spread(%s)', v.arguments), v.code::char(5), v.message, v.message)
FROM (VALUES
  ($$1, 'empty'$$, '22023', 'period must have a first and a last day, not empty'),
  ($$1, '[2024-01-01,)'$$, '22023', 'period must have a first and a last day, not [2024-01-01,)'),
  ($$1, '(,2024-01-01)'$$, '22023', 'period must have a first and a last day, not (,2024-01-01)'),
  ($$1, '[2024-01-01,infinity)'$$, '22023', 'period must have a first and a last day, not [2024-01-01,infinity)'),
  ($$1, '[1900-01-01,2024-01-01)'$$, '54000', 'period must be at most 36600 days, not 45290'),
  ($$0.001, '[2024-01-01,2024-02-01)'$$, '22023', 'amount must have no digit beyond scale 2, not 0.001'),
  ($$'NaN', '[2024-01-01,2024-02-01)'$$, '22023', 'amount must be finite, not NaN')
) AS v (arguments, code, message);

\ir finish.psql
