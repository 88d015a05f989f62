-- clv(margin, retention, discount, periods): against the sum itself.
\ir setup.psql
\ir properties.psql
SELECT no_plan();

-- published and worked cases: margin 100, retention 0.8, discount 0.1
SELECT is(round(clv(100, 0.8, 0.1), 2), 266.67, 'without an end: 100 * 0.8 / 0.3');
SELECT is(round(clv(100, 0.8, 0.1) + 100, 2), 366.67, 'with the margin of period 0: 366.67');
SELECT is(round(clv(100, 0.8, 0.1, 36) + 100, 2), 366.66, '36 periods, with period 0: 366.66');
SELECT is(clv(100, 0.8, 0.1, 1)::numeric(20,14), (100 * 0.8 / 1.1)::numeric(20,14), 'one period');
SELECT is(clv(100, 0.8, 0.1, 0), 0::numeric, 'no period');
SELECT is(clv(100, 1, 0, 12), 1200::numeric, 'nobody leaves, no discount');
SELECT is(clv(100, 0.5, 0, 3), 87.5, 'no discount: 50 + 25 + 12.5');
SELECT is(clv(100, 0, 0.1, 12), 0::numeric, 'nobody stays');
SELECT is(clv(100, 0, 0.1), 0::numeric, 'nobody stays, without an end');
SELECT is(clv(0, 0.8, 0.1), 0::numeric, 'no margin');
SELECT is(clv(-100, 0.8, 0.1), -clv(100, 0.8, 0.1), 'a loss');
SELECT is(clv(100, 1, 0.1), 1000::numeric, 'a perpetuity');
SELECT is(clv(100, 0.5, -0.4, 2)::numeric(20,12), (100 * (0.5 / 0.6 + 0.25 / 0.36))::numeric(20,12),
  'a negative discount');
SELECT is(clv(100, 0.9, -0.5, 3)::numeric(20,12), (100 * (1.8 + 1.8 ^ 2 + 1.8 ^ 3))::numeric(20,12),
  'growth: retention beyond 1 + discount, for some periods');
SELECT is(clv(NULL, 0.8, 0.1, 1), NULL, 'NULL margin');
SELECT is(clv(1, NULL, 0.1, 1), NULL, 'NULL retention');
SELECT is(clv(1, 0.8, NULL, 1), NULL, 'NULL discount');
SELECT is(clv(margin => 100, retention => 0.8, discount => 0.1, periods => NULL), clv(100, 0.8, 0.1),
  'arguments can be named; NULL periods is the limit');

-- the sum term by term, in numeric of 80 decimals or more
CREATE FUNCTION pg_temp.term_by_term(margin numeric, retention numeric, discount numeric, periods int,
  scale int DEFAULT 80) RETURNS numeric
LANGUAGE plpgsql AS $$
DECLARE
  q numeric := round(retention / round(1 + discount, scale), scale);
  power numeric := 1;
  result numeric := 0;
BEGIN
  FOR t IN 1 .. periods LOOP
    power := round(power * q, scale);
    result := result + power;
  END LOOP;
  RETURN margin * result;
END $$;
SELECT ok(abs(clv(margin, retention, discount, periods) - want) <= 1e-16 + abs(want) * 1e-30,
  format('clv(%s, %s, %s, %s) term by term', margin, retention, discount, periods))
  FROM (VALUES (100), (1e30), (0.01), (-7.77)) m (margin),
    (VALUES (0.8), (0.999999), (1), (0.000001), (0.3333333333)) r (retention),
    (VALUES (0.1), (0.000001), (0), (9), (-0.1)) d (discount),
    (VALUES (1), (2), (7), (120), (1000)) n (periods), pg_temp.term_by_term(margin, retention, discount, periods) want
  WHERE periods < 1000 OR margin = 100;
SELECT ok(abs(clv(100, 1, discount, 10) - want) <= 1e-10, 'a ratio of 1 less ' || discount || ' costs no digit')
  FROM (VALUES (1e-10), (1e-20), (1e-30), (1e-40), (1.23456e-50), (1.23456e-57), (1e-60), (7e-61), (1e-300), (-1e-30),
    (-1.23456e-57)) d (discount), pg_temp.term_by_term(100, 1, discount, 10) want;
-- exact to the digits shown: half a unit of the 16th decimal
SELECT is(clv(margin, retention, discount, periods),
  round(pg_temp.term_by_term(margin, retention, discount, periods, 400), 16),
  format('clv(%s, %s, %s, %s) is exact', margin, retention, discount, periods))
  FROM (VALUES (100, 0.8, 0.1, 36), (123456789.1234, 0.999999, 0.000001, 1200), (1e30, 1, -1e-21, 120),
    (100, 1, 1.23456e-50, 10), (-100, 1, -1e-45, 1000), (100, 1 - 1e-57, 0, 7),
    (-55.5, 0.12345678901234567890123456789, -0.999, 40), (100, 0.7, -0.999, 100), (0.01, 0.9, -0.3, 60)) v (margin,
      retention, discount, periods);
SELECT is(clv(100, 1 - 1e-70, 0), 100 * (1e70 - 1), 'without an end, at 70 decimals');
SELECT is(round(clv(100, 0.8, 0.1, 2147483647), 14), round(clv(100, 0.8, 0.1), 14), 'all periods there are');
SELECT is(round(clv(100, 1, 0.000000001, 2147483647), 4),
  round(100 * (1 - exp(-2147483647 * ln(1.000000001::numeric(60,50)))) / 0.000000001, 4),
  'two thousand million periods of a ratio near 1');
SELECT is(clv(100, 1, 0, 2147483647), 214748364700::numeric, 'two thousand million periods of a ratio of 1');
SELECT is(round(clv(1e-15, 0.8, 0.1), 15), 3e-15, 'a tiny margin');
SELECT is(round(clv(1e100, 0.8, 0.1) / 1e100, 14), round(0.8 / 0.3, 14), 'a huge margin');
SELECT is(clv(3e1000, 1, 0.5), 6e1000, 'a margin of a thousand digits');
SELECT is(round(clv(100, 0.8 + 1e-900, 0.1), 14), round(clv(100, 0.8, 0.1), 14), 'a retention of 900 decimals');
SELECT is(round(clv(100, 0.8, 0.1 + 1e-900, 10), 14), round(clv(100, 0.8, 0.1, 10), 14), 'a discount of 900 decimals');

-- bad input
SELECT pg_temp.errors(query, code, message) FROM (VALUES
  ($$SELECT clv('NaN', 0.8, 0.1)$$, '22023', 'margin must be finite, not NaN'),
  ($$SELECT clv('Infinity', 0.8, 0.1)$$, '22023', 'margin must be finite, not Infinity'),
  ($$SELECT clv('-Infinity', 0.8, 0.1, 3)$$, '22023', 'margin must be finite, not -Infinity'),
  ($$SELECT clv(100, 'NaN', 0.1)$$, '22023', 'retention must be finite, not NaN'),
  ($$SELECT clv(100, 'Infinity', 0.1)$$, '22023', 'retention must be finite, not Infinity'),
  ($$SELECT clv(100, '-Infinity', 0.1)$$, '22023', 'retention must be finite, not -Infinity'),
  ($$SELECT clv(100, 0.8, 'NaN')$$, '22023', 'discount must be finite, not NaN'),
  ($$SELECT clv(100, 0.8, 'Infinity')$$, '22023', 'discount must be finite, not Infinity'),
  ($$SELECT clv(100, 0.8, '-Infinity')$$, '22023', 'discount must be finite, not -Infinity'),
  ($$SELECT clv(100, -0.1, 0.1)$$, '22023', 'retention must be between 0 and 1, not -0.1'),
  ($$SELECT clv(100, 80, 0.1)$$, '22023', 'retention must be between 0 and 1, not 80'),
  ($$SELECT clv(100, 1.0001, 0.1, 5)$$, '22023', 'retention must be between 0 and 1, not 1.0001'),
  ($$SELECT clv(100, 0.8, -1)$$, '22023', 'discount must be greater than -1, not -1'),
  ($$SELECT clv(100, 0.8, -1.5, 5)$$, '22023', 'discount must be greater than -1, not -1.5'),
  ($$SELECT clv(100, 0.8, 0.1, -1)$$, '22023', 'periods must be between 0 and 2147483647, not -1'),
  ($$SELECT clv(100, 1, 0)$$, '22023',
    'retention must be below 1 + discount for a value without end, not 1 with discount 0'),
  ($$SELECT clv(100, 0.9, -0.1)$$, '22023',
    'retention must be below 1 + discount for a value without end, not 0.9 with discount -0.1'),
  ($$SELECT clv(100, 1, -0.99, 2147483647)$$, '22003', 'value of 2147483647 periods is out of range'),
  ($$SELECT clv(100, 1, -0.99, 100000)$$, '22003', 'value of 100000 periods is out of range')
) v (query, code, message);
SELECT pg_temp.errors($$SELECT clv(100, 1, -1 + 1e-500, 5)$$, '22003', 'value of 5 periods is out of range');
\ir finish.psql
