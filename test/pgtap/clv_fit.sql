-- Fits of lifetime value models: the truth behind simulated customers,
-- published contracts, properties of the state, bad input.  The published fits
-- of CDNOW are in test/t/clv_cdnow.pl, derivatives and 200 simulated samples of
-- each model in test/unit/likelihood.c.
\ir setup.psql
\ir properties.psql
\ir clv_data.psql
SELECT no_plan();

CREATE TABLE fit (name text, call text, truth float8[]);
INSERT INTO fit VALUES
  ('bgnbd', 'bgnbd_fit(b_frequency, b_recency, age', '{1, 6, 1, 2.5}'),
  ('mbgnbd', 'mbgnbd_fit(m_frequency, m_recency, age', '{1, 6, 1, 2.5}'),
  ('pareto_nbd', 'pareto_nbd_fit(p_frequency, p_recency, age', '{1, 6, 1, 20}'),
  ('gamma_gamma', 'gamma_gamma_fit(b_frequency, spend', '{2, 4, 60}'),
  ('sbg', 'sbg_fit(s_periods, s_churned', '{1, 2.5}'),
  ('bdw', 'bdw_fit(d_periods, d_churned', '{1, 2.5, 1.5}');

-- a model as numbers: parameters, log-likelihood, customers, standard errors
CREATE FUNCTION pg_temp.numbers(query text) RETURNS float8[]
LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  EXECUTE query INTO STRICT result;
  RETURN ('{' || translate(result, '(){}"', '') || '}')::float8[];
END $$;
CREATE FUNCTION pg_temp.near(have text, want text, tolerance float8, what text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  a float8[] := pg_temp.numbers(have);
  b float8[] := pg_temp.numbers(want);
  worst float8;
BEGIN
  SELECT max(abs(x - y) / abs(y)) INTO worst FROM unnest(a, b) u (x, y);
  RETURN ok(cardinality(a) = cardinality(b) AND worst <= tolerance, what)
    || CASE WHEN worst <= tolerance THEN '' ELSE E'\n' || diag(format('%s instead of %s', a, b)) END;
END $$;

CREATE TABLE fitted AS
  SELECT *, cardinality(truth) AS n, pg_temp.numbers(format('SELECT %s) FROM shopper', call)) AS numbers FROM fit;
SELECT cmp_ok(abs(numbers[i] - truth[i]), '<', 4 * numbers[n + 2 + i],
  format('%s: parameter %s is within four standard errors of the truth', name, i))
  FROM fitted, generate_series(1, n) i;
SELECT cmp_ok(numbers[n + 2 + i], '<', truth[i] / 2, format('%s: and determined, parameter %s', name, i))
  FROM fitted, generate_series(1, n) i;
SELECT is(numbers[n + 2], CASE name WHEN 'gamma_gamma' THEN (SELECT count(*) FROM shopper WHERE b_frequency > 0)
  ELSE 2000 END::float8, name || ': customers') FROM fitted;

-- published contracts: customers still there of 1,000, year by year
CREATE TABLE cohort AS
SELECT name, coalesce(n, 7) AS periods, n IS NOT NULL AS churned, CASE WHEN n IS NULL THEN there[8]
  ELSE there[n] - there[n + 1] END::float8 AS customers
FROM (VALUES ('Regular', '{1000,631,468,382,326,289,262,241}'::int[]),
  ('High End', '{1000,869,743,653,593,551,517,491}')) v (name, there),
  unnest('{1,2,3,4,5,6,7,null}'::int[]) n;
SELECT ok((SELECT bool_and(abs(x - y) <= tolerance * abs(y))
  FROM unnest(pg_temp.numbers(format('SELECT (%s_fit(periods, churned, customers)).* FROM cohort WHERE name = %L',
  model, cohort)), numbers) u (x, y) WHERE y IS NOT NULL),
          format('%s of %s: %s (%s)', model, cohort, numbers, source))
  FROM (SELECT model, cohort, numbers::float8[], tolerance, source FROM (VALUES
    ('sbg', 'Regular', '{0.704, 1.182}', 5e-4, 'Fader and Hardie 2007'),
      ('sbg', 'High End', '{0.668, 3.806}', 5e-4, 'Fader and Hardie 2007'),
    ('sbg', 'Regular', '{0.704077, 1.182043, -1680.265}', 1e-6, 'scipy, BFGS'),
      ('sbg', 'High End', '{0.668088, 3.806095, -1611.158}', 1e-6, 'scipy, BFGS'),
    ('bdw', 'Regular', '{0.455614, 0.779325, 1.283451, -1679.6028}', 2e-6, 'scipy, BFGS'),
      ('bdw', 'High End', '{0.214253, 1.426575, 1.723565, -1605.3142}', 2e-6, 'scipy, BFGS')
  ) v (model, cohort, numbers, tolerance, source)) w;

-- neither order nor workers nor grouping change anything
SELECT pg_temp.parallel_on();
SELECT matches(pg_temp.plan_of(format('SELECT %s) FROM shopper', call)), 'Partial Aggregate',
  name || ': parallel plan shows Partial Aggregate') FROM fit;
SELECT matches(pg_temp.plan_of(format('SELECT %s) FROM shopper', call), 'ANALYZE, COSTS OFF, TIMING OFF'),
  'Workers Launched: [12]', name || ': workers run') FROM fit;
CREATE TABLE in_parallel AS SELECT name, pg_temp.numbers(format('SELECT %s) FROM shopper', call)) AS numbers FROM fit;
SELECT pg_temp.parallel_off();
SELECT ok((SELECT bool_and(abs(x - y) <= 1e-9 * abs(y)) FROM unnest(p.numbers, f.numbers) u (x, y)),
  name || ': workers change nothing') FROM in_parallel p JOIN fitted f USING (name);
SELECT pg_temp.near(format('SELECT %s) FROM (SELECT * FROM shopper ORDER BY id) s', call),
  format('SELECT %s) FROM shopper', call), 1e-9, name || ': order changes nothing') FROM fit;
SELECT pg_temp.near(format('SELECT %s, 0.5) FROM shopper, generate_series(1, 2)', call),
  format('SELECT %s) FROM shopper', call), 1e-9, name || ': two halves are one') FROM fit;
SELECT pg_temp.near(format('SELECT %s, CASE WHEN id > 100 THEN 1 ELSE 0 END) FROM shopper', call),
  format('SELECT %s) FROM shopper WHERE id > 100', call), 1e-9, name || ': a weight of 0 is no row') FROM fit;
SELECT pg_temp.near(format('SELECT %s, CASE WHEN id > 100 THEN 1 END) FROM shopper', call),
  format('SELECT %s) FROM shopper WHERE id > 100', call), 1e-9, name || ': a NULL weight skips the row') FROM fit;
-- parameters of a thousand million times as many customers are the same, errors are smaller by the root
SELECT ok((SELECT bool_and(abs(x / y / CASE WHEN i <= n THEN 1 WHEN i <= n + 2 THEN 1e9 ELSE 1e-4 / sqrt(10)
  END - 1) <= 1e-6) FROM unnest(pg_temp.numbers(format('SELECT %s, 1e9) FROM shopper', call)), numbers)
  WITH ORDINALITY u (x, y, i)),
          name || ': weights of 10^9') FROM fitted;
-- the unit of time is the user's
SELECT ok((SELECT bool_and(abs(x / y / CASE WHEN i IN (2, 8) OR name = 'pareto_nbd' AND i IN (4, 10) THEN 7 WHEN i = 5
  THEN x / y ELSE 1 END - 1) <= 1e-6)
             FROM unnest(pg_temp.numbers(format('SELECT %s_fit(%s_frequency, %2$s_recency * 7, age * 7) FROM shopper',
               name, left(name, 1))), numbers) WITH ORDINALITY u (x, y, i)), name || ': in days as in weeks')
  FROM fitted WHERE name ~ 'nbd';

-- the state, as an aggregate of its own that shows it
CREATE AGGREGATE sample(float8, float8, float8) (SFUNC = purchases_fit_trans, STYPE = clv_sample, SSPACE = 65536,
  COMBINEFUNC = clv_sample_combine, PARALLEL = SAFE);
CREATE AGGREGATE sample(float8, float8, float8, float8) (SFUNC = purchases_fit_trans, STYPE = clv_sample,
  SSPACE = 65536, COMBINEFUNC = clv_sample_combine, PARALLEL = SAFE);
CREATE AGGREGATE sample(float8, float8) (SFUNC = gamma_gamma_fit_trans, STYPE = clv_sample, SSPACE = 65536,
  COMBINEFUNC = clv_sample_combine, PARALLEL = SAFE);
CREATE AGGREGATE sample(int, boolean) (SFUNC = contractual_fit_trans, STYPE = clv_sample, SSPACE = 65536,
  COMBINEFUNC = clv_sample_combine, PARALLEL = SAFE);
ALTER TABLE purchase ADD recency float8 GENERATED ALWAYS AS (CASE WHEN frequency > 0 THEN recency_days ELSE 0
  END) STORED,
  ADD age float8 GENERATED ALWAYS AS (recency_days + g) STORED,
    ADD weight float8 GENERATED ALWAYS AS (customers + 1) STORED,
  ADD spend float8 GENERATED ALWAYS AS (monetary + 21) STORED,
    ADD periods int GENERATED ALWAYS AS (customers + 1) STORED;
ANALYZE purchase;
SELECT pg_temp.aggregate_holds('sample', '{frequency,recency,age,weight}', '{1,2,3,4}');
SELECT pg_temp.aggregate_holds('sample', '{frequency,spend}', '{1,2}');
SELECT pg_temp.aggregate_holds('sample', '{periods,acquired}', '{1,2}');
SELECT pg_temp.is_same('SELECT sample(frequency, recency, age)::text FROM purchase',
  'SELECT sample(frequency, recency, age, 1)::text FROM purchase', 'without weights each row counts once');

-- no rows and NULLs
SELECT pg_temp.is_same(format('SELECT %s) IS NULL, %1$s, 1) IS NULL FROM shopper WHERE id < 0', call),
  'SELECT true, true', name || ': no rows give NULL') FROM fit;
SELECT is(bgnbd_fit(NULL, 1, 2), NULL, 'a row of NULLs alone gives NULL');
SELECT is(bgnbd_fit(1, 1, 2, 0), NULL, 'weights of 0 alone give NULL');
SELECT is(gamma_gamma_fit(0, 5), NULL, 'customers of frequency 0 alone have no spend: NULL');
SELECT is(sbg_fit(NULL, true), NULL, 'sbg_fit of a NULL');

-- bad input
CREATE TABLE bad (x float8, t float8, age float8);
INSERT INTO bad VALUES (1, 5, 10), (2, 6, 12), (0, 0, 20), (3, 8, 9);
SELECT pg_temp.errors(format('SELECT %s_fit(x, t, age) FROM (SELECT * FROM bad UNION ALL SELECT %s) s', model, row),
  '22023', message)
  FROM (VALUES ('bgnbd'), ('mbgnbd'), ('pareto_nbd')) m (model), (VALUES
  ('1, 11, 10', 'recency must not exceed age, not 11 and 10'),
    ('0, 3, 10', 'recency must be 0 exactly when frequency is, not 3 and 0'),
    ('2, 0, 10', 'recency must be 0 exactly when frequency is, not 0 and 2'),
  ('1.5, 3, 10', 'frequency must be a whole number, not 1.5'),
  ('-1, 3, 10', 'frequency must not be negative, not -1'), ('1, -3, 10', 'recency must not be negative, not -3'),
    ('0, 0, -10', 'age must not be negative, not -10'),
  ($$'NaN', 3, 10$$, 'frequency must be finite, not NaN'), ($$1, 'NaN', 10$$, 'recency must be finite, not NaN'),
    ($$1, 3, 'NaN'$$, 'age must be finite, not NaN'),
  ($$'Infinity', 3, 10$$, 'frequency must be finite, not Infinity'),
    ($$1, 'Infinity', 10$$, 'recency must be finite, not Infinity'),
    ($$1, 3, '-Infinity'$$, 'age must be finite, not -Infinity')) v (row, message);
SELECT pg_temp.errors(format('SELECT %s(x, t, age, %s) FROM bad', fit, weight), '22023', message)
  FROM (VALUES ('bgnbd_fit'), ('pareto_nbd_fit')) f (fit),
  (VALUES ('-1', 'weight must not be negative, not -1'), ($$'NaN'$$, 'weight must be finite, not NaN'),
    ($$'Infinity'$$, 'weight must be finite, not Infinity')) v (weight, message);
SELECT pg_temp.errors(format('SELECT %s_fit(0, 0, age) FROM bad', model), '22000',
  model || '_fit must have a customer with frequency above 0')
  FROM (VALUES ('bgnbd'), ('mbgnbd'), ('pareto_nbd')) m (model);
SELECT pg_temp.errors(format('SELECT %s_fit(1, 2, 3) FROM bad', model), '22000',
  model || '_fit must have at least 3 different customers, not 1')
  FROM (VALUES ('bgnbd'), ('mbgnbd'), ('pareto_nbd')) m (model);
SELECT pg_temp.errors(format('SELECT %s_fit(x, t, age) FROM bad WHERE x < 2', model), '22000',
  model || '_fit must have at least 3 different customers, not 2')
  FROM (VALUES ('bgnbd'), ('mbgnbd'), ('pareto_nbd')) m (model);
SELECT pg_temp.errors('SELECT gamma_gamma_fit(x, m) FROM (SELECT x, t AS m FROM bad WHERE x > 0 UNION ALL SELECT 1, '
  || m || ') s', '22023', 'monetary_value ' || message) FROM (VALUES
  ('0', 'must be positive, not 0'), ('-3', 'must be positive, not -3'), ($$'NaN'$$, 'must be finite, not NaN'),
    ($$'Infinity'$$, 'must be finite, not Infinity')) v (m, message);
SELECT pg_temp.errors('SELECT gamma_gamma_fit(1, 20) FROM bad', '22000',
  'gamma_gamma_fit must have at least 3 different customers, not 1');
SELECT pg_temp.errors('SELECT gamma_gamma_fit(-1, 20)', '22023', 'frequency must not be negative, not -1');
SELECT pg_temp.errors(format('SELECT %s_fit(%s)', model, row), '22023', message)
  FROM (VALUES ('sbg'), ('bdw')) m (model),
  (VALUES ('0, true', 'periods must be between 1 and 2147483647, not 0'),
    ('-1, false', 'periods must be between 0 and 2147483647, not -1'),
    ($$1, true, 'NaN'$$, 'weight must be finite, not NaN')) v (row, message);
SELECT pg_temp.errors('SELECT sbg_fit(3, true)', '22000', 'sbg_fit must have at least 3 different customers, not 1');

-- beyond double precision: an error that comes at once
SELECT pg_temp.errors(format('SELECT %s_fit(x, t, age, 1e308) FROM bad, generate_series(1, 3)', model), '22003',
  'weights must sum to a finite number') FROM (VALUES ('bgnbd'), ('mbgnbd'), ('pareto_nbd')) m (model);
-- beyond the domain of the models
SELECT pg_temp.errors(format('SELECT %s_fit(x, t, age) FROM (SELECT * FROM bad UNION ALL SELECT %s) s', model, row),
  '22023', message)
  FROM (VALUES ('bgnbd'), ('mbgnbd'), ('pareto_nbd')) m (model),
    (VALUES ('1e300, 5, 10', 'frequency must be at most 1e+09, not 1e+300'),
    ('1e30, 5, 10', 'frequency must be at most 1e+09, not 1e+30'),
    ('1, 1e300, 2e300', 'age must be at most 1e+18, not 2e+300')) v (row, message);
SELECT pg_temp.errors('SELECT gamma_gamma_fit(x, m) FROM (VALUES (1e300, 1.0), (1, 2), (2, 2), (3, 5)) v (x, m)',
  '22023', 'frequency must be at most 1e+09, not 1e+300');
SELECT pg_temp.errors(call, '22023', 'frequency must be at most 1e+09, not 1e+308')
  FROM (VALUES ('SELECT p_alive(pareto_nbd(1, 2, 3, 4), 1e308, 1, 2)'),
  ('SELECT expected_value(gamma_gamma(1, 2, 3), 1e308, 4)')) v (call);
-- the unit is the user's as far as the domain goes
SELECT pg_temp.near(format('SELECT (%s_fit(%s_frequency, %2$s_recency * 1e15, age * 1e15)).r FROM shopper', name,
  left(name, 1)), format('SELECT (%s_fit(%s_frequency, %2$s_recency, age)).r FROM shopper', name, left(name, 1)), 1e-6,
  name || ': in units of which a week has 10^15')
  FROM fitted WHERE name ~ 'nbd';
-- mpmath: one of 10^9 purchases in 30 of 38.86 weeks is gone, one of the same to the last day is not
SELECT is(p_alive(pareto_nbd(0.55, 10.58, 0.6, 11.67), 1e9, 30, 38.86), 0.0::float8, '10^9 purchases, and then none');
SELECT ok(abs(expected_purchases(bgnbd(0.243, 4.414, 0.793, 2.426), 5, 1e9, 30,
  30) / 137580288.99927948586 - 1) < 1e-13, '10^9 purchases to the end: mpmath');

-- a likelihood without a maximum says so, with what was last tried
CREATE FUNCTION pg_temp.detail_of(query text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  text text;
BEGIN
  EXECUTE query;
  RETURN NULL;
EXCEPTION WHEN data_exception THEN
  GET STACKED DIAGNOSTICS text = PG_EXCEPTION_DETAIL;
  RETURN text;
END $$;
CREATE TABLE border (name text, query text);
INSERT INTO border VALUES
  -- all alike but for their ages: no heterogeneity
  ('bgnbd', 'SELECT bgnbd_fit(10, 9.9, 10 + i / 1000.0) FROM generate_series(1, 100) i'),
  ('mbgnbd', 'SELECT mbgnbd_fit(10, 9.9, 10 + i / 1000.0) FROM generate_series(1, 100) i'),
  ('pareto_nbd', 'SELECT pareto_nbd_fit(10, 9.9, 10 + i / 1000.0) FROM generate_series(1, 100) i'),
  -- nobody differs in spend by more than chance would have it
  ('gamma_gamma', 'SELECT gamma_gamma_fit(100, 20 + i / 1000.0) FROM generate_series(1, 100) i'),
  -- nobody leaves; the same number leaves in each period
  ('sbg', 'SELECT sbg_fit(i, false) FROM generate_series(1, 10) i'),
  ('bdw', 'SELECT bdw_fit(i, false) FROM generate_series(1, 10) i');
SELECT pg_temp.errors(query, '22000', format('likelihood of %s has no maximum inside its range', name)) FROM border;
SELECT matches(pg_temp.detail_of(query),
  '^Last tried: (\w+ = [0-9.e+-]+, )+\w+ = [0-9.e+-]+ with log-likelihood [0-9.e+-]+ after \d+ evaluations\.$',
  name || ': the last values in the detail') FROM border;

-- predictions: what is impossible, and models that are none
SELECT pg_temp.errors(format('SELECT %s', replace(call, 'model', model)), '22023', message)
  FROM (VALUES ('bgnbd(0.2, 4, 0.8, 2)'), ('mbgnbd(0.2, 4, 0.8, 2)'), ('pareto_nbd(0.2, 4, 0.8, 2)')) m (model), (VALUES
  ('p_alive(model, 2, 11, 10)', 'recency must not exceed age, not 11 and 10'),
    ('p_alive(model, 0, 1, 10)', 'recency must be 0 exactly when frequency is, not 1 and 0'),
    ($$p_alive(model, 'NaN', 1, 10)$$, 'frequency must be finite, not NaN'),
  ('expected_purchases(model, -1, 2, 3, 4)', 'horizon must not be negative, not -1'),
    ($$expected_purchases(model, 'NaN', 2, 3, 4)$$, 'horizon must be finite, not NaN'),
    ($$expected_purchases(model, 'Infinity')$$, 'horizon must be finite, not Infinity'),
  ('purchase_probability(model, -1, 3)', 'n must be between 0 and 2147483647, not -1'),
    ('purchase_probability(model, 1, -3)', 'horizon must not be negative, not -3'),
  ('residual_purchases(model, 0, 2, 3, 4)', 'discount must be positive, not 0'),
    ('residual_purchases(model, -0.1, 2, 3, 4)', 'discount must be positive, not -0.1'),
    ($$residual_purchases(model, 'NaN', 2, 3, 4)$$, 'discount must be finite, not NaN'),
  ('clv(model, gamma_gamma(6, 4, 15), 2, 3, 4, 0, 12, 0.01)', 'monetary_value must be positive, not 0'),
    ('clv(model, gamma_gamma(6, 1, 15), 2, 3, 4, 20, 12, 0.01)',
    'q of the model must exceed 1 for a mean to exist, not 1'),
  ('clv(model, gamma_gamma(6, 4, 15), 2, 3, 4, 20, -1, 0.01)', 'periods must be between 0 and 2147483647, not -1'),
    ('clv(model, gamma_gamma(6, 4, 15), 2, 3, 4, 20, 12, -1)', 'discount must be greater than -1, not -1'),
  ('clv(model, gamma_gamma(6, 4, 15), 2, 3, 4, 20, 12, 0.01, -1)', 'period_length must not be negative, not -1'),
    ($$clv(model, gamma_gamma(6, 4, 15), 2, 3, 4, 20, 12, 0.01, 1, 'NaN')$$,
    'margin must be finite, not NaN')) v (call, message);
SELECT pg_temp.errors(format('SELECT %s', call), '22023', message) FROM (VALUES
  ('expected_value(gamma_gamma(6, 0.9, 15), 2, 20)', 'q of the model must exceed 1 for a mean to exist, not 0.9'),
    ('expected_value(gamma_gamma(6, 4, 15), 2, 0)', 'monetary_value must be positive, not 0'),
    ('expected_value(gamma_gamma(6, 4, 15), -2, 20)', 'frequency must not be negative, not -2'),
  ('survival(sbg(1, 2), -1)', 't must not be negative, not -1'),
    ($$survival(bdw(1, 2, 3), 'NaN')$$, 't must be finite, not NaN'),
    ('retention_rate(sbg(1, 2), 0)', 't must be between 1 and 2147483647, not 0'),
    ('residual_lifetime(bdw(1, 2, 3), 1, 0)', 'discount must be positive, not 0'),
  ('bgnbd(0, 4, 0.8, 2)', 'r must be positive, not 0'), ('mbgnbd(0.2, -4, 0.8, 2)', 'alpha must be positive, not -4'),
    ($$pareto_nbd(0.2, 4, 'NaN', 2)$$, 's must be finite, not NaN'),
    ($$gamma_gamma(6, 4, 'Infinity')$$, 'v must be finite, not Infinity'),
    ('sbg(1, -2)', 'beta must be positive, not -2'), ('bdw(1, 2, 0)', 'c must be positive, not 0'),
  ('p_alive(row(0.2, 4, -0.8, 2, NULL, NULL, NULL)::bgnbd, 2, 3, 4)', 'a must be positive, not -0.8'),
    ($$p_alive(row(0.2, 4, 0.8, 'NaN', NULL, NULL, NULL)::pareto_nbd, 2, 3, 4)$$,
    'beta must be finite, not NaN')) v (call, message);
SELECT pg_temp.errors('SELECT p_alive(row(0.2, NULL, 0.8, 2, NULL, NULL, NULL)::bgnbd, 2, 3, 4)', '22004',
  'alpha of the model must not be NULL');
SELECT is(expected_value(gamma_gamma(6, 4, 15), 0, NULL), expected_value(gamma_gamma(6, 4, 15), 0, 99),
  'without purchases the monetary value does not matter');
SELECT is(expected_value(gamma_gamma(6, 4, 15), 2, NULL), NULL, 'with purchases it does');
SELECT is(clv(bgnbd(0.2, 4, 0.8, 2), gamma_gamma(6, 4, 15), 0, 0, 30, NULL, 12, 0.01),
  clv(bgnbd(0.2, 4, 0.8, 2), gamma_gamma(6, 4, 15), 0, 0, 30, 99, 12, 0.01),
  'clv without purchases needs no monetary value');
SELECT is(clv(bgnbd(0.2, 4, 0.8, 2), gamma_gamma(6, 4, 15), 2, 3, 30, 20, 0, 0.01), 0::float8, 'clv of no period');
-- a sum that has converged ends; here it is written out, beyond that
SET statement_timeout = '5s';
SELECT ok(abs(clv(model, spend, 2, 30, 38, 35, 2147483647, 0.01) / sum - 1) < 1e-14, format('clv of all periods of %s', model))
FROM (VALUES (gamma_gamma(6, 4, 15))) AS g (spend), (VALUES (bgnbd(0.2, 4, 0.8, 2))) AS m (model),
  LATERAL (SELECT expected_value(spend, 2, 35)
    * sum((expected_purchases(model, i, 2, 30, 38) - expected_purchases(model, i - 1, 2, 30, 38)) * 1.01::float8 ^ -i)
    FROM generate_series(1, 6000) AS i) AS s (sum)
UNION ALL
SELECT ok(abs(clv(model, spend, 2, 30, 38, 35, 2147483647, 0.01) / sum - 1) < 1e-14, format('clv of all periods of %s', model))
FROM (VALUES (gamma_gamma(6, 4, 15))) AS g (spend), (VALUES (pareto_nbd(0.5, 10, 0.6, 12))) AS m (model),
  LATERAL (SELECT expected_value(spend, 2, 35)
    * sum((expected_purchases(model, i, 2, 30, 38) - expected_purchases(model, i - 1, 2, 30, 38)) * 1.01::float8 ^ -i)
    FROM generate_series(1, 6000) AS i) AS s (sum);
SELECT is(clv(bgnbd(0.2, 4, 0.8, 2), gamma_gamma(6, 4, 15), 2, 30, 38, 35, 2147483647, 0),
  expected_purchases(bgnbd(0.2, 4, 0.8, 2), 2147483647, 2, 30, 38) * expected_value(gamma_gamma(6, 4, 15), 2, 35),
  'without a discount it is what is expected of all of them together');
SELECT throws_ok('SELECT clv(bgnbd(0.2, 4, 0.8, 2), gamma_gamma(6, 4, 15), 2, 30, 38, 35, 2147483647, -0.1)', '22003', NULL,
  'one that grows out of range ends, too');
RESET statement_timeout;
SELECT is(clv(pareto_nbd(0.2, 4, 0.8, 2), gamma_gamma(6, 4, 15), 2, 3, 30, 20, 1, 0),
  expected_purchases(pareto_nbd(0.2, 4, 0.8, 2), 1, 2, 3, 30) * expected_value(gamma_gamma(6, 4, 15), 2, 20),
  'clv of one period without discount is purchases times spend');

-- parameters that no fit gives: an error, never NaN or infinity
SELECT pg_temp.errors(format('SELECT %s', call), '22003', 'prediction is out of range of double precision') FROM (VALUES
  ('expected_purchases(bgnbd(1e41, 3e-38, 3e32, 3e79), 2e-35, 31, 0.03, 0.032)'),
    ('residual_purchases(mbgnbd(1e300, 1e-300, 0.8, 2), 1e-9, 0, 0, 0)'),
  ('expected_value(gamma_gamma(1e300, 2, 1e300), 0, NULL)'),
    ('clv(bgnbd(0.2, 4, 0.8, 2), gamma_gamma(1e300, 2, 1e300), 0, 0, 1, NULL, 12, 0.01)')) v (call);

-- one call reads another model in each row
SELECT is(array_agg(p_alive(m, 2, 3, 4) ORDER BY n), array_agg(p_alive(bgnbd(n, 4, 0.8, 2), 2, 3, 4) ORDER BY n),
  'models of several rows')
  FROM (SELECT n, bgnbd(n, 4, 0.8, 2) AS m FROM (VALUES (1), (2), (1), (3)) v (n) OFFSET 0) s;
-- a model is a row: stored, read by field, turned to text and back
CREATE TABLE stored AS SELECT bgnbd_fit(b_frequency, b_recency, age) AS m, gamma_gamma_fit(b_frequency, spend) AS g,
  bdw_fit(d_periods, d_churned) AS d FROM shopper;
SELECT is((m::text)::bgnbd, m, 'a model reads its own text') FROM stored;
SELECT is(array[(m).r, (m).alpha, (m).a, (m).b] || (m).std_error, numbers[1:4] || numbers[7:10], 'fields of a model')
  FROM stored, fitted WHERE name = 'bgnbd';
SELECT is(p_alive(m, 2, 3, 4), p_alive(bgnbd((m).r, (m).alpha, (m).a, (m).b), 2, 3, 4),
  'a fitted model predicts as one of its parameters') FROM stored;
\ir finish.psql
