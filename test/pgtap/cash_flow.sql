-- npv, irr and their kin: published examples, flows made from their own rates,
-- the sums by hand, and what must hold for every aggregate.
\ir setup.psql
\ir properties.psql
SELECT no_plan();

-- few periods and days: the frames are worked out thousands of times; irr_roots
-- and payback share all but the final function with irr, discounted_payback with
-- npv
ALTER TABLE purchase ADD flow numeric, ADD period int, ADD paid_on date;
UPDATE purchase SET flow = CASE customers WHEN 0 THEN -value - 1 ELSE value END, period = customers,
  paid_on = date '2024-01-01' + 200 * customers::int;
ANALYZE purchase;
SELECT pg_temp.aggregate_holds(aggregate, arguments, nulls) FROM (VALUES
  ('npv', '{0.05,flow,period}'::text[], '{2,3}'::int[]), ('xnpv', '{0.05,flow,paid_on}', '{2,3}'),
    ('irr', '{flow,period}', '{1,2}'), ('xirr', '{flow,paid_on}', '{1,2}'),
  ('mirr', '{flow,period,0.08,0.055}', '{1,2}')) v (aggregate, arguments, nulls);

-- published examples; period 0 is the first flow
CREATE TABLE example AS SELECT row_number() OVER () AS id, * FROM (VALUES
  ('numpy-financial, tests', '{-100,39,59,55,20}'::numeric[], 0.280948421159962::float8),
  ('numpy-financial, tests', '{-100,0,0,74}', -0.095495830348973),
    ('numpy-financial, tests', '{-100,100,0,-7}', -0.083299666184932),
  ('numpy-financial, tests', '{-5,10.5,1,-8,1}', 0.088598338527755),
    ('numpy-financial, tests', '{-150000,15000,25000,35000,45000,60000}', 0.052432888859),
  ('Microsoft, IRR', '{-70000,12000,15000,18000,21000,26000}', 0.0866309480365316),
    ('Microsoft, IRR after four years', '{-70000,12000,15000,18000,21000}', -0.0212448482734399),
  ('pyxirr, tests', '{-161445.03,2113.73,7626.73,8619.84,8612.92}', -0.43658134635),
  ('pyxirr issue 24: a loan of 480 months', ARRAY[-172545.848122807] || array_fill(787.735232517999, '{480}'),
    0.0038401048125825),
  ('numpy-financial issue 15: flows from 10^3 to 10^-313',
    '{-3000.0,2.3926932267015667e-07,4.1672087103345505e-16,5.3965110036378706e-25,5.1962551071806174e-34,3.7202955645436402e-43,1.9804961711632469e-52,7.8393517651814181e-62,2.3072565113911438e-71,5.0491839233308912e-81,8.2159177668499263e-91,9.9403244366963527e-101,8.942410813633967e-111,5.9816122646481191e-121,2.9750309031844241e-131,1.1002067043497954e-141,3.0252876563518021e-152,6.1854121948207909e-163,9.4032980015353301e-174,1.0629218520017728e-184,8.9337141847171845e-196,5.5830607698467935e-207,2.5943122036622652e-218,8.9635842466507006e-230,2.3027710094332358e-241,4.3987510596745562e-253,6.2476630372575209e-265,6.598046841695288e-277,5.1811095266842017e-289,3.0250999925830644e-301,1.3133070599585015e-313}',
    -0.9999999990596069),
  ('numpy-financial issue 44', '{-1678.87,771.96,1814.05,3520.30,3552.95,3584.99,4789.91,-1}', 1.004269848720558),
    ('numpy-financial, tests', '{-100,100,0,7}', 0.062058485629929),
  ('G7: the programme', '{-440,150,200,250}', 0.1576), ('doubled in one period', '{-1,2}', 1),
    ('all lost but a half', '{-1,0.5}', -0.5),
  ('a loan taken', '{100,-39,-59,-55,-20}', 0.280948421159962), ('no sign change', '{1,2,3}', NULL),
    ('no sign change', '{-1,-2,-3}', NULL),
  ('nothing at all', '{0,0,0}', NULL), ('one flow', '{-100}', NULL),
    ('zeros before, between and after', '{0,-100,0,110,0}', NULL)) v (source, flows, rate);
UPDATE example SET rate = sqrt(1.1) - 1 WHERE source LIKE 'zeros%';
CREATE VIEW flow AS SELECT id, amount, (n - 1)::int AS period FROM example, pg_catalog.unnest(flows)
  WITH ORDINALITY u (amount, n);
SELECT ok(irr IS NOT DISTINCT FROM rate OR abs(irr - rate) <= CASE WHEN source LIKE 'G7%' THEN 5e-5 ELSE 1e-11 END,
  format('irr of %s: %s', left(flows::text, 60), source))
  FROM example JOIN (SELECT id, irr(amount, period) FROM flow GROUP BY id) s USING (id) ORDER BY id;
SELECT is(abs(irr - 0.0866309480365316) < 1e-11, true,
  'irr of flows in no order, split and with gaps filled by nothing')
  FROM (SELECT irr(amount, period)
    FROM (VALUES (21000, 4), (-60000, 0), (12000, 1), (26000, 5), (15000, 2), (-10000, 0), (18000, 3), (NULL, 3),
    (7, NULL)) v (amount, period)) s;
SELECT is(irr, 0.1::float8, 'a gap is a time without a flow: 121 after two periods')
  FROM (SELECT round(irr(amount, period)::numeric, 12)::float8 AS irr
  FROM (VALUES (-100, 0), (121, 2)) v (amount, period)) s;
SELECT is(irr, 0.1::float8, 'and periods need not begin at 0')
  FROM (SELECT round(irr(amount, period)::numeric, 12)::float8 AS irr
  FROM (VALUES (-100, 2030), (121, 2032)) v (amount, period)) s;

-- npv: numpy-financial, LibreOffice and pyxirr begin at 0 or 1; Microsoft at 1
SELECT is(round(npv(rate, amount, n::int - first), 8), round(want, 8), source) FROM (VALUES
  ('npv of numpy-financial', 0.05, '{-15000,1500,2500,3500,4500,6000}'::numeric[], 1, 122.89485495093959),
    ('the same as LibreOffice counts', 0.05, '{-15000,1500,2500,3500,4500,6000}', 0, 117.042719000896),
  ('npv of pyxirr', 0.08, '{-40000,5000,8000,12000,30000}', 1, 3065.222668179),
    ('the same from 1', 0.08, '{-40000,5000,8000,12000,30000}', 0, 2838.169137203),
  ('at rate 0 the sum', 0, '{-15000,1500,2500,3500,4500,6000}', 1, 3000), ('at a negative rate', -0.5, '{1,1,1}', 1, 7),
  ('nothing now, nothing later', 0.1, '{0,0}', 1, 0)) v (source, rate, flows, first, want), pg_catalog.unnest(flows)
    WITH ORDINALITY u (amount, n) GROUP BY source, rate, flows, first, want;
SELECT is(round(npv(0.10, amount, period), 2), 49.48, 'G7: worth 49.48') FROM flow JOIN example USING (id)
  WHERE source LIKE 'G7%';
-- against the sum that defines it, in numeric
SELECT is((SELECT count(*)::int FROM (
  SELECT g, npv(rate, amount, period) AS have, round(sum(amount / power(1 + rate, period::numeric)), 16) AS want
  FROM (SELECT g, amount, (id % 60)::int AS period,
    (ARRAY[0.01, 0.1, 0.5, -0.2, 0, 3])[1 + g % 6]::numeric(10,4) AS rate FROM purchase) p GROUP BY g, rate) s
  WHERE abs(have - want) > 1e-9 * greatest(1, abs(want))), 0, 'npv is the sum of the discounted flows');
-- every rate that irr finds makes the flows worth nothing (near -1 few digits of
-- 1 + rate are left)
SELECT is((SELECT count(*)::int FROM example WHERE rate IS NOT NULL), 17, 'examples with a rate');
SELECT is((SELECT count(*)::int FROM (SELECT npv(irr::numeric, amount, period) AS worth, sum(abs(amount)) AS size
  FROM flow JOIN (SELECT id, irr(amount, period) FROM flow GROUP BY id) r USING (id)
   WHERE irr > -0.999 GROUP BY id) s WHERE abs(worth) > 1e-9 * size), 0,
     'at the rate of return the flows are worth nothing');

-- all rates: flows made from them, as the polynomial of 1 / (1 + rate) that has
-- these zeros and no other above -1
CREATE FUNCTION pg_temp.flows_of(rates numeric[]) RETURNS numeric[] LANGUAGE plpgsql AS $$
DECLARE
  result numeric[] := '{1}';
  r numeric;
BEGIN
  FOREACH r IN ARRAY rates LOOP
    result := (SELECT array_agg(coalesce(a, 0) * -1 + coalesce(b, 0) * (1 + r) ORDER BY n)
               FROM (SELECT n, result[n] AS a, result[n - 1] AS b
                 FROM generate_series(1, cardinality(result) + 1) n) s);
  END LOOP;
  RETURN result;
END $$;
SELECT setseed(0.4);
CREATE TABLE made AS
SELECT i AS id, ARRAY(SELECT round((CASE WHEN random() < 0.3 THEN -0.9 + 0.85 * random() ELSE 3 * random()
  END)::numeric, 2) FROM generate_series(1, 1 + i % 6)) AS rates FROM generate_series(1, 300) i;
-- a rate that comes twice touches zero without crossing it
DELETE FROM made WHERE EXISTS (SELECT FROM pg_catalog.unnest(rates) r GROUP BY r HAVING count(*) > 1);
CREATE TABLE found AS
SELECT id, rates, irr_roots(amount, n::int) AS roots, irr(amount, n::int)
  FROM made, pg_catalog.unnest(pg_temp.flows_of(rates)) WITH ORDINALITY u (amount, n) GROUP BY id, rates;
SELECT cmp_ok((SELECT count(*)::int FROM found), '>', 200, 'flows were made');
SELECT is((SELECT string_agg(format('%s: %s', rates, roots), '; ') FROM found
  WHERE cardinality(roots) <> cardinality(rates)), NULL, 'irr_roots finds as many rates as there are');
SELECT is((SELECT count(*)::int
  FROM found, LATERAL (SELECT array_agg(r ORDER BY r) AS rates FROM pg_catalog.unnest(found.rates) r) s,
  generate_subscripts(roots, 1) i WHERE NOT abs(roots[i] - s.rates[i]) <= 1e-6), 0, 'and these, ascending');
SELECT is((SELECT count(*)::int FROM found
  WHERE abs(irr - (SELECT coalesce(min(r) FILTER (WHERE r >= 0), max(r)) FROM pg_catalog.unnest(rates) r)) > 1e-6), 0,
  'irr is the smallest that is not negative, else the negative one nearest zero');
SELECT is((SELECT array_agg(round(r::numeric, 12) ORDER BY r) FROM pg_catalog.unnest(irr_roots) r),
  '{-0.870201247485,0.088598338528,0.709559527686}', 'the three rates of pyxirr''s example')
  FROM (SELECT irr_roots(amount, period) FROM flow WHERE id = 4) s;
SELECT is(irr_roots(amount, period), '{}', 'no rate: an empty array')
  FROM (VALUES (100, 0), (-200, 1), (150, 2)) v (amount, period);
SELECT is(irr(amount, period), NULL, 'two sign changes and no rate: NULL')
  FROM (VALUES (100, 0), (-200, 1), (150, 2)) v (amount, period);
-- flows that sum to nothing have rate 0 to the last bit; it is the first choice
SELECT is((min(irr), max(irr), count(*)::int, (count(*) FILTER (WHERE 0 = ANY (roots)))::int)::text, '(0,0,200,200)',
  'rate 0 is never a negative one, whatever rates there are beside it') FROM (
  SELECT irr(amount, n::int), irr_roots(amount, n::int) AS roots FROM generate_series(1, 200) i, LATERAL (
    SELECT pg_temp.flows_of(ARRAY[0]
      || ARRAY(SELECT round((CASE WHEN random() < 0.3 THEN -0.9 ELSE 0.1 END + 0.8 * random())::numeric, 2)
      FROM generate_series(1, 1 + i % 5))) AS flows) f, pg_catalog.unnest(flows) WITH ORDINALITY u (amount, n)
      GROUP BY i) s;
SELECT is((irr(amount, n::int), irr_roots(amount, n::int))::text, '(0,{0})', 'rate 0 that comes ' || source)
  FROM (VALUES ('twice', '{1,-2,1}'::numeric[]), ('three times', '{1,-3,3,-1}')) v (source, flows),
  pg_catalog.unnest(flows) WITH ORDINALITY u (amount, n) GROUP BY source;
SELECT is(round(irr(amount, period)::numeric, 6), 0.2, 'a rate that comes twice')
  FROM (VALUES (1, 0), (-2.4, 1), (1.44, 2)) v (amount, period);

-- dated flows: Microsoft's example, closed forms of two flows
SELECT is(abs(xirr - want) < 1e-12, true, source) FROM (SELECT source, want, xirr(amount, paid_on) FROM (VALUES
  ('Microsoft, XIRR', 0.373362533518832, '{2008-01-01,2008-03-01,2008-10-30,2009-02-15,2009-04-01}'::date[],
    '{-10000,2750,4250,3250,2750}'::numeric[]),
  ('pyxirr, 99.9 % lost', power(40.86 / 134.09, 365 / 63.0) - 1, '{2021-06-09,2021-08-11}', '{-134.09,40.86}'),
  ('PhpSpreadsheet issue 2469', power(51094.83 / 55600, 365 / 30.0) - 1, '{2021-11-24,2021-12-24}',
    '{55600,-51094.83}'),
  ('one day', power(1.001, 365) - 1, '{2024-02-28,2024-02-29}', '{-1000,1001}'),
    ('a hundred years', power(50, 365 / 36523.0) - 1, '{1900-01-01,1999-12-31}', '{-1,50}')) v (source, want, days,
    flows),
  LATERAL (SELECT days[i] AS paid_on, flows[i] AS amount FROM generate_subscripts(days, 1) i) u
    GROUP BY source, want) s;
SELECT is(round(xnpv(0.09, amount, paid_on), 6), 2086.647602, 'Microsoft, XNPV')
  FROM (VALUES (-10000, '2008-01-01'::date), (2750, '2008-03-01'), (4250, '2008-10-30'), (3250, '2009-02-15'),
  (2750, '2009-04-01')) v (amount, paid_on);
SELECT is(round(xnpv(0.1, amount, paid_on), 10), round(-100 + 121 / 1.1, 10), '365 days are a year')
  FROM (VALUES (-100, '2023-01-01'::date), (121, '2024-01-01')) v (amount, paid_on);
SELECT is(xirr(1, '2024-01-01'::date), NULL, 'one dated flow has no rate');
SELECT is(xirr(amount, '2024-01-01'::date), NULL, 'flows of one day have no rate') FROM (VALUES (-1), (2)) v (amount);

-- mirr: numpy-financial
SELECT is(round(mirr(amount, n::int - 1, finance, reinvest)::numeric, 11), round(want, 11), 'mirr of ' || flows::text)
  FROM (VALUES
  ('{-4500,-800,800,800,600,600,800,800,700,3000}'::numeric[], 0.08, 0.055, 0.066597175031554),
    ('{-120000,39000,30000,21000,37000,46000}', 0.10, 0.12, 0.126094130365905),
  ('{100,200,-50,300,-200}', 0.05, 0.06, 0.342823387842182), ('{39000,30000,21000,37000,46000}', 0.10, 0.12, NULL),
    ('{-1,-2}', 0.1, 0.1, NULL)) v (flows, finance, reinvest, want),
  pg_catalog.unnest(flows) WITH ORDINALITY u (amount, n) GROUP BY flows, finance, reinvest, want;
SELECT is(mirr(amount, 0, 0.1, 0.1), NULL, 'mirr within one period is none') FROM (VALUES (-1), (2)) v (amount);
-- spent (1 + f)^-n, earned 1, over 2 n periods: the root of 1 + f
SELECT is(round(mirr(amount, period, rate, 0.2)::numeric, 9), round((sqrt(1 + rate) - 1)::numeric, 9),
  'mirr over two thousand million periods, at a finance rate of ' || rate)
  FROM (VALUES (-1, 1000000000), (1, 2000000000)) v (amount, period), (VALUES (0.1), (-0.99), (0)) r (rate)
  GROUP BY rate;

-- payback
SELECT is(payback(amount, n::int - 1), want, 'payback of ' || flows::text) FROM (VALUES
  ('{-440,150,200,250}'::numeric[], 2.36), ('{-100,50,50}', 2), ('{-100,50,49.99}', NULL), ('{-100,0,0,200}', 2.5),
    ('{5,-1}', 0), ('{-100,50,-50,100}', 3), ('{0}', 0), ('{-1}', NULL), ('{0,-100,200}', 1.5), ('{0,0,5}', 0),
    ('{0,-1}', NULL)) v (flows, want),
  pg_catalog.unnest(flows) WITH ORDINALITY u (amount, n) GROUP BY flows, want;
SELECT is(round(discounted_payback(0.1, amount, n::int - 1), 10), round(want, 10), 'discounted payback of '
  || flows::text) FROM (VALUES
  ('{-440,150,200,250}'::numeric[], 2 + (440 - 150 / 1.1 - 200 / 1.21) / (250 / 1.331)), ('{-100,110}', 1),
    ('{-100,109.99}', NULL), ('{-100,0,242}', 1.5)) v (flows, want),
  pg_catalog.unnest(flows) WITH ORDINALITY u (amount, n) GROUP BY flows, want;
SELECT is(payback(amount, period), 4.5, 'a gap: the last flow pays within its own period')
  FROM (VALUES (-100, 0), (200, 5)) v (amount, period);

-- nothing in, nothing out
SELECT is((npv(0.1, NULL, 1), xnpv(0.1, NULL, current_date), irr(NULL, 1), irr_roots(NULL, 1),
  xirr(NULL, current_date), mirr(NULL, 1, 0.1, 0.1), payback(NULL, 1), discounted_payback(0.1, NULL, 1))::text,
  '(,,,,,,,)', 'rows of NULL give NULL')
  FROM generate_series(1, 3);

SELECT is((npv(NULL, 1, 1), xnpv(NULL, 1, current_date), mirr(v, 1 + v, NULL, 0.1), mirr(v, 1 + v, 0.1, NULL),
  discounted_payback(NULL, v, 1))::text, '(,,,,)', 'rows without a rate give NULL')
  FROM (VALUES (-1), (1)) w (v);
SELECT is(npv(rate, amount, period), 10.0, 'a row without a rate is skipped')
  FROM (VALUES (0.1, 11, 1), (NULL, 100, 0)) v (rate, amount, period);

-- the widest
SELECT is(round(npv(0.1, amount, period), 10), 90909090909090909090909090909.1009090909,
  '10^30 and a cent: an eleventh of it, and the cent')
  FROM (VALUES (1e30, 0), (-1e30, 1), (0.01, 0)) v (amount, period);
SELECT is(round(irr(amount, period)::numeric, 10), 1e10 - 1, 'a very high rate')
  FROM (VALUES (-1e-10, 0), (1, 1)) v (amount, period);
-- 1 / 0.7^360 and 10^60 / 1.07^30 by Python's fractions
SELECT is(npv(rate, amount, period), want, 'npv is exact to the digits shown: ' || want)
  FROM (VALUES (-0.3, 1::numeric, 360, 58170874786962006693365498296834230737084241626894090950.7754649214324899),
  (0.07, 1e60, 30, 131367117154589830629389345548085875761984624736308607269843.1561377127240967)) v (rate, amount,
    period, want) GROUP BY want;
SELECT is(npv(0.5, amount, period), -1 + 1e-100, 'a digit a hundred places after the point')
  FROM (VALUES (-1, 0), (1.5e-100, 1)) v (amount, period);
SELECT is(irr(amount, period) BETWEEN 1.8e-9 AND 1.9e-9, true, 'over 2^31 - 1 periods')
  FROM (VALUES (-1, 0), (50, 2147483647)) v (amount, period);

-- two rates next to each other, by mpmath's solution of the quadratic equation
SELECT ok(abs(irr_roots[1] - want[1]) < 1e-14 AND abs(irr_roots[2] - want[2]) < 1e-14 AND cardinality(irr_roots) = 2,
  format('two rates next to each other: %s', want))
  FROM (SELECT irr_roots(amount, period), want
    FROM (VALUES ('{21780033,-66000050,50000000}'::numeric[],
    '{0.51514921947087958958, 0.51515151515151515152}'::float8[]),
    ('{217800.33,-660000.5,500000}', '{0.51514921947087958958, 0.51515151515151515152}'),
    ('{15241578753153483936144,-33531473257135195521938,18442310291532999511396}',
      '{0.099999999994465758401, 0.10000000001849424172}')) v (flows, want),
    unnest(flows) WITH ORDINALITY f (amount, n), LATERAL (SELECT n::int - 1 AS period) p GROUP BY want, flows) s;
SELECT ok(abs(xirr(amount, date '2024-01-01' + days) - 1.134671818934794084) < 1e-14,
  'of xirr too, whose days are no decimals of a year')
  FROM (VALUES (21780033, 0), (-66000050, 200), (50000000, 400)) v (amount, days);
SELECT is(irr_roots(amount, period), want,
  'one double rate, or none where it is missed by a hundred-thousandth of a cent')
  FROM (VALUES ('{-100,220,-121}'::numeric[], '{0.1}'::float8[]), ('{-100,219.9999999,-121}', '{}')) v (flows, want),
    unnest(flows) WITH ORDINALITY f (amount, n), LATERAL (SELECT n::int - 1 AS period) p GROUP BY flows, want;

SELECT is(npv(100, 1, 2000000000), 0::numeric, 'so far away it is worth nothing');
-- Python's decimal, 60 digits
SELECT is((SELECT npv(rate, amount, 1) FROM (VALUES (1000)) a (amount)), want,
  format('a rate of %s digits', length(rate::text))) FROM (VALUES
  (12.345678901234567890123456789012345, 74.9306204203289397),
    (0.12345678901234567890123456789012345678, 890.1098909902185736)) v (rate, want);

-- bad input
SELECT pg_temp.errors(query, code, message) FROM (VALUES
  ($$SELECT npv(-1, 1, 1)$$, '22023', 'rate must be greater than -1, not -1'),
    ($$SELECT npv(-1.5, 1, 1)$$, '22023', 'rate must be greater than -1, not -1.5'),
  ($$SELECT npv('NaN', 1, 1)$$, '22023', 'rate must be finite, not NaN'),
    ($$SELECT npv('Infinity', 1, 1)$$, '22023', 'rate must be finite, not Infinity'),
  ($$SELECT npv(r, 1, 1) FROM (VALUES (0.1), (0.2)) v (r)$$, '22023',
    'rate must be the same for all rows, not 0.1 and 0.2'),
  ($$SELECT npv(0.1, 'NaN', 1)$$, '22023', 'amount must be finite, not NaN'),
    ($$SELECT npv(0.1, '-Infinity', 1)$$, '22023', 'amount must be finite, not -Infinity'),
  ($$SELECT npv(0.1, 1, -1)$$, '22023', 'period must be between 0 and 2147483647, not -1'),
    ($$SELECT irr(1, -1)$$, '22023', 'period must be between 0 and 2147483647, not -1'),
  ($$SELECT irr('NaN', 1)$$, '22023', 'amount must be finite, not NaN'),
    ($$SELECT irr_roots('Infinity', 1)$$, '22023', 'amount must be finite, not Infinity'),
  ($$SELECT xirr('NaN', '2024-01-01')$$, '22023', 'amount must be finite, not NaN'),
    ($$SELECT xirr(1, 'infinity')$$, '22023', 'paid_on must be finite, not infinity'),
  ($$SELECT xnpv(0.1, 1, '-infinity')$$, '22023', 'paid_on must be finite, not -infinity'),
    ($$SELECT xnpv(-1, 1, '2024-01-01')$$, '22023', 'rate must be greater than -1, not -1'),
  ($$SELECT mirr(1, 1, -1, 0.1)$$, '22023', 'finance_rate must be greater than -1, not -1'),
    ($$SELECT mirr(1, 1, 0.1, -2)$$, '22023', 'reinvest_rate must be greater than -1, not -2'),
  ($$SELECT mirr(1, 1, 'NaN', 0.1)$$, '22023', 'finance_rate must be finite, not NaN'),
    ($$SELECT mirr(1, 1, f, 0.1) FROM (VALUES (0.1), (0.2)) v (f)$$, '22023',
    'finance_rate must be the same for all rows, not 0.1 and 0.2'),
  ($$SELECT mirr(1, 1, 0.1, r) FROM (VALUES (0.1), (0.2)) v (r)$$, '22023',
    'reinvest_rate must be the same for all rows, not 0.1 and 0.2'),
    ($$SELECT mirr(1, 1, 0.1, 1e309)$$, '22003', 'reinvest_rate must be within the range of double precision, not '
    || 1e309),
  ($$SELECT mirr_merge(s) FROM (SELECT mirr_partial(1, 1, 0.1, 0.1)
    UNION ALL SELECT mirr_partial(1, 1, 0.2, 0.1)) v (s)$$, '22023',
    'finance_rate must be the same for all rows, not 0.1 and 0.2'),
  ($$SELECT npv_merge(s) FROM (SELECT npv_partial(0.1, 1, 1) UNION ALL SELECT npv_partial(0.2, 1, 1)) v (s)$$, '22023',
    'rate must be the same for all rows, not 0.1 and 0.2'),
  ($$SELECT payback('NaN', 1)$$, '22023', 'amount must be finite, not NaN'),
    ($$SELECT discounted_payback(-1, 1, 1)$$, '22023', 'rate must be greater than -1, not -1'),
  ($$SELECT npv(-0.99, 1, 1000000)$$, '22003', 'value at rate -0.99 over 1e+06 periods is out of range'),
  ($$SELECT npv(0.1234567890123456789012345678901234567891, 1, 1)$$, '22003',
    'rate must have at most 38 digits, not 0.1234567890123456789012345678901234567891'),
    ($$SELECT irr(1e77, 1)$$, '22003', 'amount must sum to at most 76 digits')
) v (query, code, message);

-- stored states: without a rate, with one, with two
SELECT is(state::cash_flows::text, state, 'in and out as text: ' || state) || E'\n'
  || is(pg_temp.receive('cash_flows', cash_flows_send(state::cash_flows)), state, 'and in binary')
  FROM (VALUES ('(1,-,{0,-1.00},{7,2.50})'), ('(1,0.10,{0,1})'),
    ('(1,0.1,{0,1},{1,2.5},{2,0.' || repeat('0', 100) || '1})'),
    ('(1,0.08/0.055,{0,170141183460469231731687303715884105728})')) v (state);
SELECT pg_temp.errors(format('SELECT %L::cash_flows', state), code, message) FROM (VALUES
  ('(2,0.1,{0,1})', '22P02', NULL), ('(1,-1,{0,1})', '22023', 'rate must be greater than -1, not -1'),
    ('(1,0.1,{0,NaN})', '22023', 'amount must be finite, not NaN'),
  ('(1,0.1,{1,1},{0,1})', '22P02', 'invalid value for type cash_flows: flows must be in order of time'),
    ('(1,0.1,{0,1},{0,1})', '22P02', 'invalid value for type cash_flows: flows must be in order of time')) v (state,
    code, message);
\ir finish.psql
