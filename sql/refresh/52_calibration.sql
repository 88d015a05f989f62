-- How good the model of purchases would have been, by a hold-out of the last months.

-- What customers ordered up to day $1, and from then to day $2; the most frequent ones are
-- one class.
CREATE FUNCTION crmcost._calibrated_query(ledger name,
                                          which text DEFAULT 'true')
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT customer_id, least(c.frequency, 7)::int AS class, c.frequency,
         c.recency, c.age, coalesce(h.purchases, 0)::float8 AS actual
  FROM (
    SELECT customer_id, crmcost.frequency(b.purchases)::float8 AS frequency,
           crmcost.recency(b.purchases) / 7.0::float8 AS recency,
           crmcost.age(b.purchases, $1) / 7.0::float8 AS age
    FROM (SELECT customer_id,
                 crmcost.repeat_purchases(ordered_on, revenue) AS purchases
          FROM %1$I.customer_order
          WHERE is_order AND ordered_on <= $1 AND %2$s
          GROUP BY customer_id) b
    JOIN %1$I.customer x USING (customer_id)
    WHERE x.source <> 'anon'
  ) c
  LEFT JOIN (
    SELECT customer_id, count(DISTINCT ordered_on) AS purchases
    FROM %1$I.customer_order
    WHERE is_order AND ordered_on > $1 AND ordered_on <= $2 AND %2$s
    GROUP BY customer_id
  ) h USING (customer_id)
$query$, ledger, which);

COMMENT ON FUNCTION crmcost._calibrated_query(name, text) IS
  'Query of what each customer of a ledger, as far as a condition on customer_id allows, ordered until a day, as models see it, and in the days of a hold-out.';

CREATE FUNCTION crmcost._expected_query(model text, source text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT c.*,
         crmcost.expected_purchases(%1$s, ($2 - $1) / 7.0::float8, c.frequency,
                                    c.recency, c.age) AS expected
  FROM %2$s
$query$, model, source);

COMMENT ON FUNCTION crmcost._expected_query(text, text) IS
  'Query of what a model, given as an expression, expects in a hold-out of the customers c of what FROM is given, and of what came.';

CREATE FUNCTION crmcost._holdout_query(ledger name, model text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  WITH calibrated AS (%s)
  %s
$query$, crmcost._calibrated_query(ledger), crmcost._expected_query('m.model',
  pg_catalog.format('calibrated c CROSS JOIN (SELECT crmcost.%I(frequency, recency, age) AS model FROM calibrated) m',
                    model || '_fit')));

COMMENT ON FUNCTION crmcost._holdout_query(name, text) IS
  'Query of what a model expects of each customer of a ledger in a hold-out, and of what came.';

CREATE FUNCTION crmcost._find_calibrated(run crmcost._run, calibration_end date,
                                         holdout_end date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  EXECUTE 'INSERT INTO pg_temp.refresh_calibrated '
          || crmcost._calibrated_query(run.ledger)
    USING calibration_end, holdout_end;
END
$$;

COMMENT ON FUNCTION crmcost._find_calibrated(crmcost._run, date, date) IS
  'Fills refresh_calibrated.';

-- Step calibration: the hold-out of the six months before the last complete one
-- ended, for the reports.  It holds until a month is over, or the orders until
-- then change; where only those of the hold-out did, the model stands.
CREATE FUNCTION crmcost._refresh_calibration(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  model CONSTANT text := crmcost._setting(run.ledger, 'clv_model');
  holdout_end CONSTANT date := crmcost._month_of(run.day + 1) - 1;
  calibration_end CONSTANT date :=
    (holdout_end + 1 - interval '6 months')::date - 1;
  changed_on date;
  fitted text;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF NOT run.whole
     AND crmcost._month_of(run.day + 1)
         = crmcost._month_of(crmcost._report_day(run.upto_before, run.zone) + 1)
     AND NOT EXISTS (SELECT FROM touched t
                     WHERE t.relation = 'customer'
                           AND t.from_on <= holdout_end) THEN
    changed_on := coalesce(crmcost._first_order_change(), 'infinity');
    IF changed_on > holdout_end THEN
      RETURN 0;
    END IF;
    IF changed_on > calibration_end THEN
      fitted := (SELECT min(c.fitted) FROM model_calibration c);
    END IF;
    IF fitted IS NOT NULL THEN
      RETURN crmcost._add_calibration(run, model, fitted, calibration_end,
                                      holdout_end);
    END IF;
  END IF;
  IF model = 'none' THEN
    RETURN crmcost._write_calibration(run, NULL);
  END IF;
  RETURN crmcost._fit_calibration(run, model, calibration_end, holdout_end);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_calibration(crmcost._run) IS
  'Step of refresh: model_calibration; returns the rows changed.';

-- An impossible fit leaves nothing to show; clv_model says why.
CREATE FUNCTION crmcost._fit_calibration(run crmcost._run, model text,
                                         calibration_end date,
                                         holdout_end date)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  fit record;
BEGIN
  PERFORM crmcost._do_parts(run, format('SELECT crmcost._find_calibrated($1, %L, %L)',
                                        calibration_end, holdout_end));
  fit := crmcost._fit_of(run, model, format(
    'SELECT crmcost.%I(frequency, recency, age) AS state FROM pg_temp.refresh_calibrated',
    model || '_fit_partial'));
  IF fit.why_not IS NOT NULL THEN
    RETURN crmcost._write_calibration(run, NULL);
  END IF;
  RETURN crmcost._write_calibration(run, format($query$
    SELECT CASE class WHEN 7 THEN '7+' ELSE class::text END AS frequency_class,
           %1$L::text AS model, %2$L::date AS calibration_end,
           %3$L::date AS holdout_end, sum(customers)::bigint AS customers,
           sum(actual)::bigint AS actual_purchases,
           round(sum(expected)::numeric, 6) AS predicted_purchases,
           sum(error) AS absolute_error, %4$L::text AS fitted
    FROM %5$s predicted
    GROUP BY class
    $query$, model, calibration_end, holdout_end, fit.fitted,
    crmcost._of_parts(run, 'refresh_part_predicted', format($query$
      SELECT class, count(*) AS customers, sum(actual) AS actual,
             sum(expected) AS expected,
             sum(crmcost._distance(expected, actual)) AS error
      FROM (%s) e GROUP BY class
      $query$, crmcost._fitted_query(model, fit.fitted, calibration_end,
        holdout_end, 'pg_temp.refresh_calibrated c')))));
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
  RETURN crmcost._write_calibration(run, NULL);
END
$$;

COMMENT ON FUNCTION crmcost._fit_calibration(crmcost._run, text, date, date) IS
  'Writes model_calibration by a model that is fitted for it; returns the rows changed.';

-- Sums of it are exact, so that one can be taken off again.
CREATE FUNCTION crmcost._distance(expected float8, actual float8)
  RETURNS numeric
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN round(abs(expected - actual)::numeric, 6);

COMMENT ON FUNCTION crmcost._distance(float8, float8) IS
  'How far two numbers are apart, to 6 decimals.';

CREATE FUNCTION crmcost._fitted_query(model text, fitted text,
                                      calibration_end date, holdout_end date,
                                      source text)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.replace(pg_catalog.replace(crmcost._expected_query(
    pg_catalog.format('%L::crmcost.%I', fitted, model), source),
  '$1', pg_catalog.quote_literal(calibration_end) || '::date'::text),
  '$2', pg_catalog.quote_literal(holdout_end) || '::date'::text);

COMMENT ON FUNCTION crmcost._fitted_query(text, text, date, date, text) IS
  'Query of what a model, as it was fitted, expects of customers c in a hold-out, and of what came.';

-- On a day there were as many orders as there are, less those that came, and those
-- that went.
CREATE FUNCTION crmcost._add_calibration(run crmcost._run, model text,
                                         fitted text, calibration_end date,
                                         holdout_end date)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  which CONSTANT text := 'customer_id = ANY (ARRAY(SELECT n.customer_id FROM pg_temp.refresh_order_news n))';
  before CONSTANT text := format($query$
    SELECT customer_id,
           count(*) FILTER (WHERE n > 0)::float8 AS actual_before
    FROM (
      SELECT customer_id, ordered_on, sum(n) AS n
      FROM (SELECT customer_id, ordered_on, 1 AS n FROM customer_order
            WHERE is_order AND %s
            UNION ALL
            SELECT customer_id, ordered_on, -1
            FROM pg_temp.refresh_order_news WHERE is_order
            UNION ALL
            SELECT customer_id, was_on, 1
            FROM pg_temp.refresh_order_news WHERE was_order) part
      WHERE ordered_on > %L AND ordered_on <= %L
      GROUP BY customer_id, ordered_on
    ) day
    GROUP BY customer_id
    $query$, which, calibration_end, holdout_end);
BEGIN
  RETURN crmcost._write_calibration(run, format($query$
    SELECT c.frequency_class, c.model, c.calibration_end, c.holdout_end,
           c.customers,
           c.actual_purchases + coalesce(p.more, 0)::bigint AS actual_purchases,
           c.predicted_purchases,
           c.absolute_error + coalesce(p.farther, 0) AS absolute_error, c.fitted
    FROM model_calibration c
    LEFT JOIN (
      SELECT e.class, sum(e.actual - coalesce(b.actual_before, 0)) AS more,
             sum(crmcost._distance(e.expected, e.actual)
                 - crmcost._distance(e.expected, coalesce(b.actual_before, 0)))
               AS farther
      FROM (%s) e
      LEFT JOIN (%s) b USING (customer_id)
      GROUP BY e.class
    ) p ON p.class = rtrim(c.frequency_class, '+')::integer
    $query$, crmcost._fitted_query(model, fitted, calibration_end, holdout_end,
      format('(%s) c', crmcost._calibrated_query(run.ledger, which))), before));
END
$$;

COMMENT ON FUNCTION crmcost._add_calibration(crmcost._run, text, text, date, date) IS
  'Writes model_calibration by what changed of the orders of the hold-out; returns the rows changed.';

CREATE FUNCTION crmcost._write_calibration(run crmcost._run, source text)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'model_calibration',
    coalesce(source, 'SELECT c.* FROM model_calibration c WHERE false'),
    'true');
END
$$;

COMMENT ON FUNCTION crmcost._write_calibration(crmcost._run, text) IS
  'Writes model_calibration of a query, or nothing for NULL; returns the rows changed.';

-- How good the predictions would have been: a model fitted to the orders until
-- one day, and what the same customers did until a later one.
CREATE FUNCTION crmcost.clv_holdout(ledger name, calibration_end date,
                                    holdout_end date, model text DEFAULT NULL)
  RETURNS TABLE (frequency_class text, customers bigint,
                 actual_purchases float8, predicted_purchases float8,
                 mean_absolute_error float8)
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  fitted text;
  last_day date;
BEGIN
  PERFORM crmcost._ledger_path(ledger);
  IF calibration_end IS NULL OR holdout_end IS NULL THEN
    RAISE EXCEPTION '% must not be null',
                    CASE WHEN calibration_end IS NULL THEN 'calibration_end'
                         ELSE 'holdout_end' END
      USING ERRCODE = 'null_value_not_allowed';
  END IF;
  IF NOT (isfinite(calibration_end) AND isfinite(holdout_end)
          AND calibration_end < holdout_end) THEN
    RAISE EXCEPTION 'calibration_end must be before holdout_end, both finite, not % and %',
                    calibration_end, holdout_end
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  EXECUTE format('SELECT as_of FROM %I.last_refresh', ledger) INTO last_day;
  IF last_day IS NULL OR last_day < holdout_end THEN
    RAISE EXCEPTION 'holdout_end must not be after the last refresh, as of %, not %',
                    coalesce(last_day::text, 'never'), holdout_end
      USING ERRCODE = 'invalid_parameter_value',
            HINT = format('CALL crmcost.refresh(%L) first.', ledger);
  END IF;
  EXECUTE format('SELECT value FROM %I.setting WHERE key = $1', ledger)
    INTO fitted USING 'clv_model';
  fitted := coalesce(clv_holdout.model, fitted);
  IF fitted IS NULL OR fitted NOT IN ('bgnbd', 'mbgnbd', 'pareto_nbd') THEN
    RAISE EXCEPTION 'model must be bgnbd, mbgnbd or pareto_nbd, not %',
                    coalesce(fitted, 'null')
      USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Without the argument it is the one in setting clv_model.';
  END IF;

  RETURN QUERY EXECUTE format($query$
    SELECT CASE WHEN grouping(class) = 1 THEN 'all'
                WHEN class = 7 THEN '7+'
                ELSE class::text
           END,
           count(*), avg(actual), avg(expected), avg(abs(expected - actual))
    FROM (%s) predicted
    GROUP BY ROLLUP (class)
    HAVING count(*) > 0
    ORDER BY class
  $query$, crmcost._holdout_query(ledger, fitted))
  USING calibration_end, holdout_end;
END
$$;

COMMENT ON FUNCTION crmcost.clv_holdout(name, date, date, text) IS
  'Fits a model of purchases to a ledger''s orders until calibration_end and compares what it predicts until holdout_end with what came: days with an order a customer, actual and predicted, and the mean absolute error, by days with an order after the first (0 to 6, 7+) and for all.';
