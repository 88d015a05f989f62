-- Lifetime value: models, predictions, potential, stages, hold-out.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();

CREATE FUNCTION pg_temp.sell(customer bigint, at timestamptz, amount numeric, cogs numeric DEFAULT 0,
  kind text DEFAULT 'sale')
  RETURNS void LANGUAGE sql AS $$
  INSERT INTO crm.customer (customer_id, source_key, first_seen_at)
  VALUES (customer, 'c' || customer, '2023-01-01') ON CONFLICT DO NOTHING;
  INSERT INTO crm.sale (customer_id, kind, sold_at, amount, cogs, currency)
  VALUES (customer, kind, at, amount, cogs, 'EUR')$$;
CREATE FUNCTION pg_temp.differing() RETURNS text LANGUAGE sql AS $$
  SELECT crmcost._make_work_tables('crm');
  SELECT string_agg(format('%s: %s', target, rows_differ), ', ') FROM crmcost._verify('crm')$$;
-- the closed form, month by month
CREATE FUNCTION pg_temp.by_months(margin numeric, retention numeric, discount numeric, months int) RETURNS numeric
  LANGUAGE sql AS $$
  SELECT round(sum(margin / 12 * power(retention / (1 + discount), n / 12.0)), 4) FROM generate_series(1, months) n$$;

-- People who differ in how often they buy, how soon they leave and what they
-- spend, as the models have it.  The same ones each time: dice are hashes.
CREATE FUNCTION pg_temp.dice(VARIADIC words text[]) RETURNS float8 LANGUAGE sql IMMUTABLE
RETURN ((hashtextextended(array_to_string(words, ' '), 1997) & 4294967295) + 0.5) / 4294967296.0;
CREATE FUNCTION pg_temp.populate(people int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  pause float8; leaves float8; basket float8; share float8; day float8; n int;
BEGIN
  FOR i IN 1 .. people LOOP
    pause := 25 / -ln(pg_temp.dice('rate', i::text));
    leaves := 1 - pg_temp.dice('leaves', i::text) ^ 0.3;
    basket := 12 / -ln(pg_temp.dice('basket', i::text));
    share := 0.2 + 0.6 * pg_temp.dice('cogs', i::text);
    day := 60 * pg_temp.dice('first', i::text);
    n := 0;
    WHILE day < 540 LOOP
      PERFORM pg_temp.sell(i, '2023-03-01 09:00Z'::timestamptz + floor(day) * interval '1 day',
                           spent, round(spent * share::numeric, 2))
      FROM (SELECT round((1 + basket * (0.5 + pg_temp.dice('spent', i::text, n::text)))::numeric, 2) AS spent) s;
      n := n + 1;
      EXIT WHEN pg_temp.dice('stays', i::text, n::text) < leaves;
      day := day - pause * ln(pg_temp.dice('pause', i::text, n::text));
    END LOOP;
  END LOOP;
END $$;
-- the models' sample in plain SQL
CREATE FUNCTION pg_temp.sample(upto date)
  RETURNS TABLE (customer_id bigint, frequency float8, recency float8, age float8, monetary_value float8) LANGUAGE sql
    AS $$
  SELECT customer_id, count(*) - 1, (max(day) - min(day)) / 7.0, (upto - min(day)) / 7.0,
    avg(spent) FILTER (WHERE day > first)
  FROM (SELECT customer_id, sold_at::date AS day, sum(amount) AS spent, min(sold_at::date)
    OVER (PARTITION BY customer_id) AS first
        FROM crm.sale JOIN crm.customer c USING (customer_id)
        WHERE sold_at < upto + 1 AND c.source <> 'anon' GROUP BY 1, 2) d
  GROUP BY customer_id$$;
SAVEPOINT fresh;
SELECT pg_temp.populate(400);
-- anonymous traffic, twice a day: nobody to fit a model to
INSERT INTO customer (customer_id, source, source_key, first_seen_at) VALUES (900, 'anon', 'web', '2023-01-01');
SELECT pg_temp.sell(900, '2023-03-01 12:00Z'::timestamptz + i * interval '12 hours', 1) FROM generate_series(1, 500) i;
SELECT cmp_ok((SELECT count(*) FROM pg_temp.sample('2024-02-29') WHERE frequency > 0), '>', 200::bigint,
  'most people come again');
CREATE TEMPORARY TABLE sample AS SELECT * FROM pg_temp.sample('2024-02-29');
SAVEPOINT populated;

-- D9: published values
SELECT is(round(crmcost.expected_purchases(m, 39, 2, 30.43, 38.86)::numeric, 5), 1.22603,
  'D9: 1.22603 purchases in the next 39 weeks')
FROM crmcost.bgnbd(0.243, 4.414, 0.793, 2.426) m;
SELECT is(round(crmcost.p_alive(m, 2, 30.43, 38.86)::numeric, 5), 0.72658, 'D9: P(alive)')
FROM crmcost.bgnbd(0.243, 4.414, 0.793, 2.426) m;
SELECT is(round(crmcost.expected_value(crmcost.gamma_gamma(6.25, 3.74, 15.44), 2, 22.35)::numeric, 3), 24.664,
  'D9: 24.664 a purchase');

-- D9: the ledger does what the functions do over plain SQL
SELECT is((SELECT count(*) FROM customer_clv), 0::bigint, 'no row before the first refresh');
CALL crmcost.refresh('crm', '2024-02-29 23:00Z');
CREATE TEMPORARY TABLE model AS
SELECT crmcost.bgnbd_fit(frequency, recency, age) AS purchase,
       crmcost.gamma_gamma_fit(frequency, monetary_value) FILTER (WHERE frequency > 0) AS spend FROM sample;
SELECT is((SELECT string_agg(model || ' ' || status, ', ' ORDER BY model) FROM clv_model),
          'bgnbd fitted, closed_form not_fitted, gamma_gamma fitted', 'D9: a row a model');
SELECT ok(abs(f.r / (purchase).r - 1) < 1e-9 AND abs(f.alpha / (purchase).alpha - 1) < 1e-9
  AND abs(f.a / (purchase).a - 1) < 1e-9
          AND abs(f.b / (purchase).b - 1) < 1e-9 AND abs(f.log_likelihood / (purchase).log_likelihood - 1) < 1e-12
          AND abs(f.b_std_error / (purchase).std_error[4] - 1) < 1e-6 AND f.customers = 400,
            'D9: BG/NBD of those sales')
FROM clv_model f, model WHERE f.model = 'bgnbd';
SELECT ok(abs(f.p / (spend).p - 1) < 1e-9 AND abs(f.q / (spend).q - 1) < 1e-9 AND abs(f.v / (spend).v - 1) < 1e-9
          AND f.customers = (SELECT count(*) FROM sample WHERE frequency > 0), 'D9: and gamma-gamma')
FROM clv_model f, model WHERE f.model = 'gamma_gamma';
SELECT results_eq($$SELECT DISTINCT as_of, first_order_on, last_order_on, horizon_months, discount_rate
  FROM clv_model$$,
  $$SELECT '2024-02-29'::date, min(sold_at)::date, max(sold_at)::date, 36, 0.10 FROM sale
    JOIN customer c USING (customer_id)
    WHERE sold_at < '2024-03-01' AND c.source <> 'anon'$$, 'D9: with the window of its data');
CREATE TEMPORARY TABLE expected AS
SELECT customer_id, margin,
       crmcost.p_alive(purchase, frequency, recency, age) AS p_alive,
       crmcost.expected_purchases(purchase, 36 * 365.25 / 84, frequency, recency, age) AS purchases,
       crmcost.expected_value(spend, frequency, coalesce(monetary_value, 0)) AS value,
       crmcost.clv(purchase, spend, frequency, recency, age, coalesce(monetary_value, 0), 36, 1.1 ^ (1 / 12.0) - 1,
                   365.25 / 84, (margin / revenue)::float8) AS clv
FROM sample CROSS JOIN model
JOIN (SELECT customer_id, sum(amount) AS revenue, sum(amount - cogs) AS margin FROM sale WHERE sold_at < '2024-03-01'
  GROUP BY 1) s
  USING (customer_id);
SELECT is_empty($$
  SELECT c.*, e.* FROM customer_clv c FULL JOIN expected e USING (customer_id)
  WHERE customer_id <> 900
        AND NOT coalesce(abs(c.p_alive - e.p_alive) < 1e-9
          AND abs(c.expected_purchases - e.purchases) < 1e-8 * (1 + e.purchases)
                         AND abs(c.expected_value - e.value) < 1e-4
                           AND abs(c.clv_predictive - e.clv) < 1e-4 + 1e-8 * e.clv
                         AND c.historic = e.margin AND c.as_of = '2024-02-29', false)
$$, 'D9: each prediction is that of the functions, at the customer''s own margin');
SELECT cmp_ok((SELECT max(margin / revenue) - min(margin / revenue) FROM customer_profit WHERE customer_id <> 900),
  '>', 0.5, 'and these margins differ');
SELECT results_eq('SELECT historic, p_alive, clv_predictive, potential FROM customer_clv WHERE customer_id = 900',
  $$ VALUES (500.0, NULL::float8, NULL::numeric, NULL::numeric) $$, 'D9: anonymous traffic is nobody''s future');
SELECT results_eq('SELECT customer_id, p_alive, expected_purchases, expected_value, clv_formula, clv_predictive FROM customer_clv ORDER BY 1',
  'SELECT customer_id, p_alive, expected_purchases, expected_value, clv_formula, clv_predictive FROM customer_snapshot ORDER BY 1',
  'the view reads what refresh has stored');

-- C9
SELECT is_empty('SELECT FROM customer_clv JOIN expected e USING (customer_id) WHERE potential <> clv_predictive OR total_value <> clv_predictive + e.margin',
                'C9: potential is what is still to come, total value that and what was');
SAVEPOINT store;
UPDATE customer_value SET margin = 200 WHERE customer_id = 7;
UPDATE customer_score SET clv_predictive = 400, clv_formula = 300 WHERE customer_id = 7;
SELECT results_eq('SELECT potential, total_value FROM customer_clv WHERE customer_id = 7', $$ VALUES (400.0, 600.0) $$,
  'C9: so far 200, 400 to come: potential 400, total 600');
UPDATE customer_score SET clv_predictive = NULL WHERE customer_id = 7;
SELECT results_eq('SELECT potential, total_value FROM customer_clv WHERE customer_id = 7', $$ VALUES (300.0, 500.0) $$,
  'C9: by the closed form where the models say nothing');
ROLLBACK TO store;

-- B18
CALL crmcost.refresh('crm', '2024-02-29 23:00Z');
CREATE TEMPORARY TABLE version AS
SELECT 's' || ctid::text AS v FROM customer_score UNION ALL SELECT 'm' || ctid::text FROM clv_model;
CREATE FUNCTION pg_temp.again(VARIADIC settings text[]) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. cardinality(settings) BY 2 LOOP
    PERFORM set_config(settings[i], settings[i + 1], true);
  END LOOP;
  CALL crmcost.refresh('crm', '2024-02-29 23:00Z', "full" => true);
  FOR i IN 1 .. cardinality(settings) BY 2 LOOP
    EXECUTE format('SET LOCAL %I TO DEFAULT', settings[i]);
  END LOOP;
  RETURN (SELECT rows_changed FROM crm.last_refresh);
END $$;
SELECT is(pg_temp.again('jit', 'off'), 0::bigint, 'B18: a second refresh fits the same models');
SELECT is(pg_temp.again('parallel_setup_cost', '0', 'parallel_tuple_cost', '0', 'min_parallel_table_scan_size', '0'),
  0::bigint,
          'B18: with parallel plans');
SELECT is(pg_temp.again('work_mem', '64kB', 'maintenance_work_mem', '1MB'), 0::bigint, 'B18: with little memory');
SELECT is(pg_temp.again('enable_hashagg', 'off', 'enable_hashjoin', 'off', 'enable_nestloop', 'off'), 0::bigint,
  'B18: with other plans');
SELECT is(pg_temp.again('timezone', 'Asia/Tokyo', 'extra_float_digits', '-5'), 0::bigint,
  'B18: with other settings of the session');
SELECT set_eq($$SELECT 's' || ctid::text FROM customer_score UNION ALL SELECT 'm' || ctid::text FROM clv_model$$,
              'SELECT v FROM version', 'B18: down to the row versions');
SET LOCAL jit = off;
UPDATE setting SET value = '24' WHERE key = 'clv_horizon';
CALL crmcost.refresh('crm', '2024-02-29 23:00Z');
SELECT cmp_ok((SELECT rows_changed FROM last_refresh), '>', 400::bigint, 'another horizon is other values');
SELECT is_empty('SELECT FROM customer_clv JOIN expected e USING (customer_id) WHERE expected_purchases >= e.purchases',
                'fewer purchases in fewer months');
ROLLBACK TO populated;

-- the other models, and none
CREATE FUNCTION pg_temp.differs(model text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE worst float8;
BEGIN
  UPDATE crm.setting SET value = model WHERE key = 'clv_model';
  CALL crmcost.refresh('crm', '2024-02-29 23:00Z');
  EXECUTE format($q$
    SELECT max(abs(c.p_alive - crmcost.p_alive(f, s.frequency, s.recency, s.age))
               + abs(c.expected_purchases / crmcost.expected_purchases(f, 36 * 365.25 / 84, s.frequency, s.recency,
                 s.age) - 1))
    FROM sample s JOIN crm.customer_clv c USING (customer_id)
    CROSS JOIN (SELECT crmcost.%1$I(frequency, recency, age) AS f FROM sample) m
    WHERE c.purchase_model = %2$L$q$, model || '_fit', model) INTO worst;
  RETURN worst;
END $$;
SELECT cmp_ok(pg_temp.differs(m), '<', 1e-8::float8, 'D9: ' || m || ' as well')
  FROM unnest('{mbgnbd,pareto_nbd,bgnbd}'::text[]) m;
SELECT set_eq('SELECT model FROM clv_model', '{bgnbd,gamma_gamma,closed_form}'::text[],
  'the models of the last refresh of a day are in its place');
UPDATE setting SET value = 'none' WHERE key = 'clv_model';
CALL crmcost.refresh('crm', '2024-02-29 23:00Z');
SELECT set_eq('SELECT model FROM clv_model', '{closed_form}'::text[], 'none is fitted where none is wanted');
SELECT results_eq('SELECT count(p_alive) + count(clv_predictive) + count(potential), count(*), count(purchase_model) FROM customer_clv',
  $$ VALUES (0::bigint, 401::bigint, 0::bigint) $$, 'then nothing is predicted');
SELECT is((SELECT rows FROM data_quality WHERE check_name = 'clv_not_fitted'), 0::bigint, 'and nothing is amiss');
UPDATE setting SET value = 'bgnbd' WHERE key = 'clv_model';
CALL crmcost.refresh('crm', '2023-12-31 23:00Z');
CREATE TEMPORARY TABLE december AS SELECT * FROM clv_model;
CALL crmcost.refresh('crm', '2024-02-29 23:00Z');
SELECT bag_eq($$SELECT * FROM clv_model WHERE as_of = '2023-12-31'$$,
  $$SELECT * FROM december WHERE as_of = '2023-12-31'$$,
              'models of other days stay');
SELECT is((SELECT DISTINCT as_of FROM customer_clv), '2024-02-29'::date, 'the view shows the last');

-- hold-out: against plain SQL
UPDATE setting SET value = 'bgnbd' WHERE key = 'clv_model';
CALL crmcost.refresh('crm', '2024-08-15');
CREATE FUNCTION pg_temp.holdout(model text, first_end date, second_end date)
  RETURNS TABLE (class text, customers bigint, actual float8, predicted float8, mae float8) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE format($q$
    WITH s AS MATERIALIZED (SELECT * FROM pg_temp.sample($1)), m AS (SELECT crmcost.%I(frequency, recency, age) AS f
      FROM s),
    p AS (SELECT CASE WHEN frequency >= 7 THEN '7+' ELSE frequency::text END AS class,
                 crmcost.expected_purchases(f, ($2 - $1) / 7.0, frequency, recency, age) AS predicted,
                 (SELECT count(DISTINCT sold_at::date) FROM crm.sale
                  WHERE customer_id = s.customer_id AND sold_at::date > $1 AND sold_at::date <= $2)::float8 AS actual
          FROM s, m)
    SELECT class, count(*), avg(actual), avg(predicted), avg(abs(actual - predicted)) FROM p GROUP BY 1
    UNION ALL SELECT 'all', count(*), avg(actual), avg(predicted), avg(abs(actual - predicted)) FROM p
  $q$, model || '_fit') USING first_end, second_end;
END $$;
SELECT is_empty(format($$
  SELECT h.*, e.* FROM crmcost.clv_holdout('crm', '2023-11-30', '2024-07-31', %1$L) h
  FULL JOIN pg_temp.holdout(%2$L, '2023-11-30', '2024-07-31') e ON e.class = h.frequency_class
  WHERE NOT coalesce(h.customers = e.customers AND abs(h.actual_purchases - e.actual) < 1e-9
                     AND abs(h.predicted_purchases - e.predicted) < 1e-8 AND abs(h.mean_absolute_error - e.mae) < 1e-8,
                       false)
$$, given, used), 'hold-out of ' || coalesce(given, 'the model in the setting'))
FROM (VALUES (NULL, 'bgnbd'), ('mbgnbd', 'mbgnbd'), ('pareto_nbd', 'pareto_nbd')) v (given, used);
SELECT results_eq($$SELECT frequency_class FROM crmcost.clv_holdout('crm', '2023-11-30', '2024-07-31')$$,
  $$ VALUES ('0'), ('1'), ('2'), ('3'), ('4'), ('5'), ('6'), ('7+'), ('all') $$, 'classes in order, then all');
SELECT ok(abs(predicted_purchases / actual_purchases - 1) < 0.15,
  format('a model that fits predicts the whole well: %s, and %s came', predicted_purchases, actual_purchases))
FROM crmcost.clv_holdout('crm', '2023-11-30', '2024-07-31', 'mbgnbd') WHERE frequency_class = 'all';
SELECT throws_ok(format('SELECT * FROM crmcost.clv_holdout(%s)', arguments), code, message, message) FROM (VALUES
  ($$'crm', NULL, '2024-07-31'$$, '22004', 'calibration_end must not be null'),
  ($$'crm', '2024-07-31', NULL$$, '22004', 'holdout_end must not be null'),
  ($$'crm', '2024-07-31', '2024-07-31'$$, '22023',
    'calibration_end must be before holdout_end, both finite, not 2024-07-31 and 2024-07-31'),
  ($$'crm', '-infinity', '2024-07-31'$$, '22023',
    'calibration_end must be before holdout_end, both finite, not -infinity and 2024-07-31'),
  ($$'crm', '2024-01-31', '2024-07-31', 'sbg'$$, '22023', 'model must be bgnbd, mbgnbd or pareto_nbd, not sbg'),
  ($$'nowhere', '2024-01-31', '2024-07-31'$$, '3F000', NULL)) v (arguments, code, message);
CALL crmcost.refresh('crm', '2024-08-15');
SELECT is_empty($$
  SELECT c.*, h.* FROM clv_calibration c
  FULL JOIN (SELECT * FROM crmcost.clv_holdout('crm', '2024-01-31', '2024-07-31') WHERE frequency_class <> 'all') h
    USING (frequency_class)
  WHERE NOT coalesce(c.customers = h.customers AND abs(c.actual_purchases - h.actual_purchases) < 1e-6
                     AND abs(c.predicted_purchases - h.predicted_purchases) < 1e-6
                       AND abs(c.mean_absolute_error - h.mean_absolute_error) < 1e-6
                     AND model = 'bgnbd' AND calibration_end = '2024-01-31' AND holdout_end = '2024-07-31', false)
$$, 'clv_calibration is the hold-out of the six months before the last complete one ended');
SELECT ok(t.customers = h.customers AND abs(t.predicted_purchases - h.predicted_purchases) < 1e-6
  AND abs(t.actual_purchases - h.actual_purchases) < 1e-6
          AND abs(t.bias_rate - (h.predicted_purchases / h.actual_purchases - 1)) < 1e-5, 'with its total apart')
FROM clv_calibration_total t, crmcost.clv_holdout('crm', '2024-01-31', '2024-07-31') h WHERE h.frequency_class = 'all';
-- an order of the hold-out that came late is in it, one of the running month changes nothing
CREATE TEMPORARY TABLE calibrated AS SELECT * FROM model_calibration;
SELECT pg_temp.sell(5, '2024-08-14 10:00Z', 10);
CALL crmcost.refresh('crm', '2024-08-16');
SELECT bag_eq('SELECT * FROM model_calibration', 'SELECT * FROM calibrated',
  'the hold-out stands until a month is over');
SELECT pg_temp.sell(5, '2024-07-14 10:00Z', 10);
CALL crmcost.refresh('crm', '2024-08-16');
SELECT is((SELECT sum(actual_purchases) FROM model_calibration), (SELECT sum(actual_purchases) + 1 FROM calibrated),
  'or an order in it comes late');
SELECT is(pg_temp.differing(), NULL, 'then the model stands');
-- of two orders of a day one goes: the day stays; the other goes with the first of a customer who only comes in;
-- one moves to another day, one appears
DELETE FROM crm.sale WHERE customer_id = 5 AND sold_at = '2024-07-14 10:00Z';
SELECT pg_temp.sell(c, '2024-07-20 10:00Z', 10) FROM unnest('{6,6,7,3001}'::int[]) c;
UPDATE crm.sale SET sold_at = sold_at + interval '1 day' WHERE customer_id = 8 AND sold_at >= '2024-02-01';
CALL crmcost.refresh('crm', '2024-08-17');
SELECT is(pg_temp.differing(), NULL, 'whatever came and went of the hold-out');
DELETE FROM crm.sale WHERE sale_id IN (
  SELECT min(sale_id) FROM crm.sale WHERE sold_at = '2024-07-20 10:00Z' AND customer_id IN (6, 7) GROUP BY customer_id);
CALL crmcost.refresh('crm', '2024-08-17');
SELECT is(pg_temp.differing(), NULL, 'also of the same day');
-- but not where the orders before it are others
SELECT pg_temp.sell(5, '2024-01-14 10:00Z', 10), pg_temp.sell(5, '2024-07-15 10:00Z', 10);
CALL crmcost.refresh('crm', '2024-08-17');
SELECT is(pg_temp.differing(), NULL, 'nor does it where orders before are others');
-- margins of a year are those of before as long as it is the same year; a refund of the year comes with it
CALL crmcost.refresh('crm', '2024-07-30');
SELECT is(pg_temp.differing(), NULL, 'a report day of the month before has another year');
SELECT pg_temp.sell(5, '2023-08-02 10:00Z', -3, kind => 'refund');
CALL crmcost.refresh('crm', '2024-07-31');
SELECT is(pg_temp.differing(), NULL, 'news of the same year is of who has it');
CALL crmcost.refresh('crm', '2024-08-01');
SELECT is(pg_temp.differing(), NULL, 'the last day of a month begins another year');
UPDATE setting SET value = 'none' WHERE key = 'clv_model';
SELECT throws_ok($$SELECT * FROM crmcost.clv_holdout('crm', '2023-11-30', '2024-07-31')$$, '22023',
                 'model must be bgnbd, mbgnbd or pareto_nbd, not none', 'no model to try');
SELECT is((SELECT count(*) FROM crmcost.clv_holdout('crm', '2023-11-30', '2024-07-31', 'bgnbd')), 9::bigint,
  'unless it is named');
SELECT is((SELECT count(*) FROM crmcost.clv_holdout('crm', '2020-01-31', '2024-07-31', 'bgnbd')), 0::bigint,
  'before the first order is nothing');
ROLLBACK TO fresh;

-- what cannot be fitted says why, what stands in for it says for what, and refresh goes on
CREATE FUNCTION pg_temp.refreshed_twice() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  CALL crmcost.refresh('crm', '2024-03-02');
  CALL crmcost.refresh('crm', '2024-03-02');
  RETURN (SELECT rows_changed FROM crm.last_refresh);
END $$;
-- the models' figures by the functions over plain SQL, or else the closed form at the given rate: the share of those
-- who came again
CREATE FUNCTION pg_temp.expected(model text, rate numeric)
  RETURNS TABLE (customer_id bigint, p_alive float8, purchases float8, clv numeric) LANGUAGE plpgsql AS $$
DECLARE fits CONSTANT boolean := model = 'pareto_nbd';
BEGIN
  RETURN QUERY
    WITH s AS MATERIALIZED (SELECT * FROM pg_temp.sample('2024-03-01')),
    m AS (SELECT crmcost.pareto_nbd_fit(frequency, recency, age) AS purchase,
      crmcost.gamma_gamma_fit(frequency, monetary_value) FILTER (WHERE frequency > 0 AND rate IS NULL) AS spend
          FROM s WHERE fits)
    SELECT s.customer_id, crmcost.p_alive(purchase, frequency, recency, age),
           crmcost.expected_purchases(purchase, 36 * 365.25 / 84, frequency, recency, age),
           CASE WHEN rate IS NOT NULL THEN pg_temp.by_months(e.last_year, rate, 0.1, 36)
             ELSE crmcost.clv(purchase, spend, frequency, recency, age, coalesce(monetary_value, 0), 36,
               1.1 ^ (1 / 12.0) - 1, 365.25 / 84,
                              (e.margin / e.revenue)::float8)::numeric END
    FROM s CROSS JOIN m
    JOIN (SELECT f.customer_id, sum(amount) AS revenue, sum(amount - cogs) AS margin,
                 coalesce(sum(amount - cogs) FILTER (WHERE sold_at > '2023-03-01'), 0) AS last_year FROM crm.sale f
                   GROUP BY 1) e USING (customer_id);
END $$;
CREATE FUNCTION pg_temp.unfitted(why text[], used text[], purchase_model text, rate numeric) RETURNS SETOF text
  LANGUAGE plpgsql AS $$
BEGIN
  RETURN NEXT is(pg_temp.refreshed_twice(), 0::bigint,
    'without a fit refresh goes on, and the second one changes nothing');
  RETURN NEXT set_eq($q$SELECT left(model || ': ' || message, 58) FROM crm.clv_model
    WHERE status = 'not_fitted' AND model <> 'closed_form'$q$,
                     ARRAY(SELECT left(w, 58) FROM unnest(why) w), 'why not: ' || why[1]);
  RETURN NEXT is((SELECT count(coalesce(r, p, log_likelihood, customers)) FROM crm.clv_model
    WHERE status = 'not_fitted'), 0::bigint, 'no figure is left of it');
  RETURN NEXT set_eq('SELECT model FROM crm.clv_model WHERE used', used,
    'used instead: ' || coalesce(array_to_string(used, ', '), 'nothing'));
  RETURN NEXT is((SELECT string_agg(message, '') FROM crm.clv_model c
    WHERE c.used AND model NOT IN ('gamma_gamma', 'closed_form')),
                 CASE WHEN purchase_model <> 'closed_form' THEN 'in place of bgnbd' END,
                   'a model says in place of what');
  RETURN NEXT is((SELECT split_part(message, ';', 1) || ' ' || status FROM crm.clv_model c
    WHERE c.used AND model = 'closed_form'),
                 CASE WHEN 'closed_form' = ANY (used) THEN 'in place of '
                   || (SELECT string_agg(split_part(w, ':', 1), ', ' ORDER BY w) FROM unnest(why) w) || ' assumed' END,
                 'and so does the closed form');
  RETURN NEXT is_empty(format($q$
    SELECT c.*, e.* FROM (SELECT * FROM crm.customer_clv WHERE historic <> 0) c FULL
      JOIN pg_temp.expected(%1$L, %2$L) e USING (customer_id)
    WHERE c.purchase_model IS DISTINCT
      FROM %1$L OR coalesce(abs(c.p_alive - e.p_alive), (c.p_alive IS DISTINCT FROM e.p_alive)::int) > 1e-9
          OR coalesce(abs(c.expected_purchases - e.purchases),
            (c.expected_purchases IS DISTINCT FROM e.purchases)::int) > 1e-6
          OR coalesce(abs(c.clv_predictive - e.clv) > 0.0002, true) OR c.potential IS DISTINCT FROM c.clv_predictive
  $q$, purchase_model, rate), 'every customer with an order has the value of it');
  RETURN NEXT results_eq($q$SELECT rows, left(example, 58), substring(example FROM '[^.]; used instead: (.*)')
    FROM crm.data_quality WHERE check_name = 'clv_not_fitted'$q$,
                         format('VALUES (%s::bigint, left(%L, 58), %L)', cardinality(why),
                           (SELECT min(w) FROM unnest(why) w),
                                (SELECT string_agg(u, ', ' ORDER BY u) FROM unnest(used) u WHERE u <> 'gamma_gamma')),
                                  'data_quality says so');
END $$;
-- sparse data: one customer in thirty comes again, some of them twice
CREATE FUNCTION pg_temp.sparse(seed text, spends boolean) RETURNS void LANGUAGE sql AS $$
  SELECT pg_temp.sell(i, '2024-03-01'::timestamptz - (age - day) * interval '1 day',
    (10 + i % 7 + CASE WHEN spends THEN i * day ELSE 0 END)::numeric, 4)
  FROM (SELECT i, floor(1 + pg_temp.dice(seed, 'age', i::text) * 364) AS age,
    floor(pg_temp.dice(seed, 'again', i::text) * 9) AS n FROM generate_series(1, 300) i) c,
       LATERAL (SELECT 0 AS day UNION SELECT floor(age * pg_temp.dice(seed, 'day', i::text, j::text))
         FROM generate_series(1, 1 + (n > 7)::int) j WHERE i % 30 = 0) d$$;
SAVEPOINT taught;
SELECT pg_temp.unfitted('{bgnbd: no customer has an order,gamma_gamma: no customer came again}', '{}', NULL, NULL);
SELECT pg_temp.sell(1, '2024-01-05', 10, 5);
SELECT pg_temp.unfitted('{"bgnbd: bgnbd_fit must have at least 3 different customers, not 1",
                          "pareto_nbd: pareto_nbd_fit must have at least 3 different customers, not 1",gamma_gamma: no customer came again}',
                            '{closed_form}', 'closed_form', 0);
SELECT pg_temp.sell(i, '2024-01-05'::timestamptz + i * interval '1 day', 10, 5) FROM generate_series(2, 30) i;
SELECT pg_temp.unfitted('{bgnbd: bgnbd_fit must have a customer with frequency above 0,
                          pareto_nbd: pareto_nbd_fit must have a customer with frequency above 0,gamma_gamma: no customer came again}',
                            '{closed_form}', 'closed_form', 0);
-- each once a week to the day: nobody differs from anybody
SELECT pg_temp.sell(i, '2024-01-05'::timestamptz + i * interval '1 day' - j * interval '7 days', 10, 5)
FROM generate_series(1, 30) i, generate_series(1, 4) j;
SELECT pg_temp.unfitted('{"bgnbd: likelihood of bgnbd has no maximum inside its range", "pareto_nbd: likelihood of pareto_nbd has no maximum inside its range",
                          "gamma_gamma: gamma_gamma_fit must have at least 3 different customers, not 2"}',
                            '{closed_form}', 'closed_form', 1);
-- spend so wild that it has no mean
UPDATE sale SET cogs = 0, amount = round(10 * (30.5 / customer_id) ^ (1 / 0.6) * -ln(0.02 + sale_id * 37 % 101 /
  106.0), 2);
SELECT pg_temp.unfitted('{"bgnbd: likelihood of bgnbd has no maximum inside its range", "pareto_nbd: likelihood of pareto_nbd has no maximum inside its range",
                          "gamma_gamma: q must exceed 1 for a mean spend to exist, not "}', '{closed_form}',
                            'closed_form', 1);
ROLLBACK TO taught;

SELECT pg_temp.sparse('c', false);
SELECT is((SELECT count(DISTINCT customer_id)::int FROM pg_temp.sample('2024-03-01') WHERE frequency > 0), 10,
  'sparse: ten of 300 came again');
SELECT pg_temp.unfitted('{"bgnbd: likelihood of bgnbd has no maximum inside its range", "pareto_nbd: likelihood of pareto_nbd has no maximum inside its range"}',
                        '{closed_form}', 'closed_form', 0.0333333333);
UPDATE setting SET value = '0.8' WHERE key = 'clv_retention';
CALL crmcost.refresh('crm', '2024-03-02');
SELECT results_eq($$SELECT status, used, retention_rate, message FROM clv_model WHERE model = 'closed_form'$$,
  $$ VALUES ('given', true, 0.8, 'in place of bgnbd, pareto_nbd') $$, 'a rate that is given is the one used');
SELECT is_empty('SELECT FROM customer_clv WHERE clv_predictive IS DISTINCT FROM clv_formula',
  'the value is that of the closed form');
UPDATE setting SET value = 'mbgnbd' WHERE key = 'clv_model';
CALL crmcost.refresh('crm', '2024-03-02');
SELECT is((SELECT message FROM clv_model WHERE model = 'closed_form'), 'in place of mbgnbd, pareto_nbd',
  'mbgnbd falls back by the same way');
UPDATE setting SET value = 'pareto_nbd' WHERE key = 'clv_model';
CALL crmcost.refresh('crm', '2024-03-02');
SELECT is((SELECT message FROM clv_model WHERE model = 'closed_form'), 'in place of pareto_nbd',
  'and pareto_nbd straight to the closed form');
UPDATE setting SET value = 'none' WHERE key = 'clv_model';
CALL crmcost.refresh('crm', '2024-03-02');
SELECT results_eq('SELECT bool_or(used), count(message) FROM clv_model', 'VALUES (false, 0::bigint)',
  'where no model is wanted, none is stood in for');
ROLLBACK TO taught;
SELECT pg_temp.sparse('d', false);
SELECT pg_temp.unfitted('{"bgnbd: likelihood of bgnbd has no maximum inside its range", "gamma_gamma: likelihood of gamma_gamma has no maximum inside its range"}',
                        '{pareto_nbd,closed_form}', 'pareto_nbd', 0.03);
ROLLBACK TO taught;
SELECT pg_temp.sparse('d', true);
SELECT pg_temp.unfitted('{"bgnbd: likelihood of bgnbd has no maximum inside its range"}', '{pareto_nbd,gamma_gamma}',
  'pareto_nbd', NULL);
ROLLBACK TO fresh;

-- D8: a margin of 100 a year, 0.8 stay, 0.1 discount
SELECT is(round(crmcost.clv(100, 0.8, 0.1), 2), 266.67, 'D8: the margin of the first year still to come: 266.67');
SELECT is(round(crmcost.clv(100, 0.8, 0.1) + 100, 2), 366.67, 'D8: and with it: 366.67');
SELECT is(round(crmcost.clv(100, 0.8, 0.1, 36) + 100, 2), 366.66, 'D8: 36 periods: 366.66');
UPDATE setting SET value = '0.8' WHERE key = 'clv_retention';
SELECT pg_temp.sell(1, '2023-12-15', 90, 30);
SELECT pg_temp.sell(1, '2024-01-10', 40, 0);
SELECT pg_temp.sell(1, '2023-01-05', 1000, 0);               -- more than a year ago
SELECT pg_temp.sell(2, '2023-01-05', 1000, 0);
SELECT pg_temp.sell(3, '2024-01-05', 10, 60);
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at) VALUES (4, 'c4', '2024-01-01', '2024-01-01');
CALL crmcost.refresh('crm', '2024-03-02');
SELECT results_eq('SELECT customer_id::int, clv_formula, historic FROM customer_clv ORDER BY 1', $$
  VALUES (1, pg_temp.by_months(100, 0.8, 0.1, 36), 1100.0), (2, 0, 1000),
    (3, pg_temp.by_months(-50, 0.8, 0.1, 36), -50), (4, NULL, 0)
$$, 'D8: the last year''s margin, month by month, over 36 months');
SELECT results_eq($$SELECT status, retention_rate FROM clv_model WHERE model = 'closed_form'$$,
  $$ VALUES ('given', 0.8) $$, 'D8: at the rate given');
UPDATE setting SET value = '12' WHERE key = 'clv_horizon';
UPDATE setting SET value = '0' WHERE key = 'discount_rate';
UPDATE setting SET value = '1' WHERE key = 'clv_retention';
CALL crmcost.refresh('crm', '2024-03-02');
SELECT is((SELECT clv_formula FROM customer_clv WHERE customer_id = 1), 100.0,
  'D8: all stay for a year without discount: the same 100 again');
ROLLBACK TO fresh;

-- D8: retention as observed: ten customers bought in the year before the last, eight of them again
UPDATE setting SET value = 'none' WHERE key = 'clv_model';
SELECT pg_temp.sell(i, '2023-03-05', 10) FROM generate_series(1, 10) i;
SELECT pg_temp.sell(i, '2024-04-05', 10) FROM generate_series(3, 20) i;
INSERT INTO customer (customer_id, source, source_key, first_seen_at) VALUES (900, 'anon', 'web', '2023-01-01');
SELECT pg_temp.sell(900, '2023-03-06', 10);
CALL crmcost.refresh('crm', '2025-03-05');
SELECT results_eq($$SELECT status, message, customers FROM clv_model WHERE model = 'closed_form'$$,
  $$ VALUES ('not_fitted', 'retention needs two years of orders', NULL::bigint) $$, 'D8: two years are needed');
SELECT results_eq($$SELECT rows, example FROM data_quality WHERE check_name = 'retention_not_observed'$$,
  $$ VALUES (1::bigint, 'retention needs two years of orders') $$, 'D8: as data_quality says');
SELECT is((SELECT count(clv_formula) FROM customer_clv), 0::bigint, 'D8: without a rate there is no value');
SELECT pg_temp.sell(20, '2023-03-04', 10);
CALL crmcost.refresh('crm', '2025-03-05');
SELECT results_eq($$SELECT status, customers, retention_rate FROM clv_model WHERE model = 'closed_form'$$,
  $$ VALUES ('fitted', 10::bigint, 0.8) $$, 'D8: eight of ten came again');
SELECT is((SELECT clv_formula FROM customer_clv WHERE customer_id = 20), pg_temp.by_months(10, 0.8, 0.1, 36),
  'D8: and that is the rate used');
CALL crmcost.refresh('crm', '2025-03-06');
SELECT results_eq($$SELECT as_of, status, message FROM clv_model WHERE model = 'closed_form'
  ORDER BY as_of DESC LIMIT 1$$,
  $$ VALUES ('2025-03-05'::date, 'not_fitted', 'no customer has an order in the year before the last') $$,
  'D8: two years ago to the second is no longer in the year before the last');
ROLLBACK TO fresh;

-- D10: margin by the stage at the time of the sale; at risk after 90 days, churned after 180
UPDATE setting SET value = 'none' WHERE key = 'clv_model';
SELECT pg_temp.sell(1, '2024-01-01', 10, 3);                  -- lead: 7
SELECT pg_temp.sell(1, '2024-01-01 15:00Z', 20, 10);          -- the same day: lead, 10
SELECT pg_temp.sell(1, '2024-03-30', 100, 1);                 -- after 89 days active: 99
SELECT pg_temp.sell(1, '2024-06-28', 200, 2);                 -- after 90 days at risk: 198
SELECT pg_temp.sell(1, '2024-12-25', 400, 4);                 -- after 180 days churned: 396
SELECT pg_temp.sell(1, '2024-12-26', 800, 8);                 -- won back: 792
SELECT pg_temp.sell(1, '2024-12-27', 1600, 16);               -- active again: 1,584
SELECT pg_temp.sell(1, '2024-12-28', -50, -5, 'refund');      -- a refund of the day: -45
SELECT pg_temp.sell(2, '2024-01-01', 5, 1);                   -- another lead: 4
INSERT INTO classification (customer_id, dimension, entered_at, code, by_rule)
  VALUES (2, 'stage', '2024-01-15', 'churned', false);
SELECT pg_temp.sell(2, '2024-01-20', 30, 0);                  -- churned by hand: 30
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at) VALUES (3, 'c3', '2024-01-01', '2024-02-01');
SELECT pg_temp.sell(3, '2024-02-10', 60, 0);                  -- acquired before the first sale: active, 60
INSERT INTO customer (customer_id, source, source_key, first_seen_at) VALUES (900, 'anon', 'web', '2023-01-01');
SELECT pg_temp.sell(900, '2024-03-06', 9, 2);
SELECT pg_temp.sell(1, '2025-03-01', 7777, 0);                -- after as_of
CALL crmcost.refresh('crm', '2025-01-01');
SELECT results_eq('SELECT stage_before, stage_after, customers::int, orders::int, revenue, margin, as_of FROM clv_by_stage ORDER BY 1, 2',
  $$ VALUES
  ('(unknown)', '(unknown)', 2, 1, -41.0, -38.0, '2024-12-31'::date),
    ('active', 'active', 2, 3, 1760, 1743, '2024-12-31'),
  ('at_risk', 'active', 1, 1, 200, 198, '2024-12-31'), ('churned', 'won_back', 2, 2, 430, 426, '2024-12-31'),
  ('lead', 'active', 2, 3, 35, 21, '2024-12-31'), ('won_back', 'active', 1, 1, 800, 792, '2024-12-31')
$$, 'D10: each order by the stage before and after it; refunds without an order and anonymous traffic apart');
SELECT is((SELECT sum(margin) FROM clv_by_stage), (SELECT sum(margin) FROM customer_profit),
  'D10: the stages add up to the margin of all');
SELECT is((SELECT sum(margin) FROM clv_by_stage), 3142.0, 'D10: which is 3,142');
SELECT is((SELECT round(sum(margin_share), 4) FROM clv_by_stage), 1.0, 'D10: shares add up to one');
-- the same from one refresh after the other
UPDATE setting SET value = 'none' WHERE key = 'clv_model';
DO $$BEGIN FOR i IN 1 .. 13 BY 4 LOOP CALL crmcost.refresh('crm', '2023-12-15'::timestamptz + i * interval '1 month');
  END LOOP; END$$;
CREATE TEMPORARY TABLE stepwise AS SELECT * FROM customer_stage;
CALL crmcost.refresh('crm', '2025-01-15', "full" => true);
SELECT bag_eq('SELECT * FROM customer_stage', 'SELECT * FROM stepwise', 'however often refresh runs');
ROLLBACK TO fresh;
-- stages of random sales are those that a refresh just before them found
INSERT INTO customer (customer_id, source_key, first_seen_at) SELECT i, 'c' || i, '2023-01-01'
  FROM generate_series(1, 6) i;
INSERT INTO sale (customer_id, sold_at, amount, cogs, currency)
SELECT 1 + floor(random() * 6), '2024-01-01 09:00Z'::timestamptz + floor(power(random(), 2) * 700) * interval '1 day',
  10 + i, i, 'EUR'
FROM generate_series(1, 10) i;
UPDATE setting SET value = 'none' WHERE key = 'clv_model';
CREATE TEMPORARY TABLE found (stage text, margin numeric);
DO $$
DECLARE day timestamptz;
BEGIN
  SET LOCAL client_min_messages = error;
  FOREACH day IN ARRAY ARRAY(SELECT DISTINCT sold_at FROM crm.sale ORDER BY 1) LOOP
    -- a person's word, each customer's at another day
    INSERT INTO crm.classification (customer_id, dimension, entered_at, code, by_rule)
    SELECT 1 + i, 'stage', '2024-04-01'::date + i * 18, (ARRAY['lead', 'churned', 'at_risk', 'active'])[1 + i % 4],
      false
    FROM generate_series(0, 5) i WHERE '2024-04-01'::date + i * 18 < day
    ON CONFLICT DO NOTHING;
    CALL crmcost.refresh('crm', day - interval '1 second');
    INSERT INTO found
    SELECT coalesce(c.code, 'lead'), s.amount - s.cogs
    FROM crm.sale s LEFT JOIN crm.customer_classification c ON c.customer_id = s.customer_id AND c.dimension = 'stage'
    WHERE s.sold_at = day;
  END LOOP;
  CALL crmcost.refresh('crm', '2025-12-31');
END $$;
SELECT bag_eq('SELECT stage_before, sum(margin) FROM clv_by_stage GROUP BY 1',
  'SELECT stage, sum(margin) FROM found GROUP BY 1',
              'D10: each is the stage that a refresh just before the sale finds');
SELECT is((SELECT sum(margin) FROM clv_by_stage), (SELECT sum(amount - cogs) FROM sale), 'D10: and add up');

SELECT * FROM finish();
ROLLBACK;
