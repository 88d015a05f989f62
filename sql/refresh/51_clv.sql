-- Lifetime value in a ledger: a step of refresh, and how good its predictions
-- would have been.
--
-- Time is in weeks, as in the papers: parameters compare with published ones.  A
-- month is a twelfth of 365.25 days.  Technical customers, which stand for
-- anonymous traffic, are in no model.

-- Step clv: the models into clv_model, what they say about each customer into
-- refresh_clv, for the step score.  Days with an order are in customer_value.
CREATE FUNCTION crmcost._refresh_clv(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  wanted CONSTANT text := crmcost._setting(run.ledger, 'clv_model');
  purchase_model text;
  closed_form boolean;
  customers bigint;
  again bigint;
  revenue numeric;
  margin numeric;
  fitted record;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  PERFORM crmcost._do_parts(run, 'SELECT crmcost._find_purchases($1)');
  EXECUTE 'SELECT sum(b.customers), sum(b.again), sum(b.revenue), sum(b.margin) FROM '
          || crmcost._of_parts(run, 'refresh_part_bought', $query$
               SELECT count(*) AS customers,
                      count(*) FILTER (WHERE frequency > 0) AS again,
                      sum(revenue) AS revenue, sum(margin) AS margin
               FROM pg_temp.refresh_purchase
               $query$) || ' b' INTO customers, again, revenue, margin;
  IF wanted <> 'none' THEN
    purchase_model := crmcost._fit_purchases(run, wanted, customers > 0);
    PERFORM crmcost._fit_clv(run, 'gamma_gamma');
  END IF;
  PERFORM crmcost._observe_retention(run);
  closed_form := crmcost._choose_clv(wanted, purchase_model, customers, again);
  PERFORM crmcost._report_clv(run.ledger, run.day);
  SELECT max(ARRAY[f.r, f.alpha, coalesce(f.a, f.s), coalesce(f.b, f.beta)])
           FILTER (WHERE f.model = purchase_model) AS purchase,
         max(ARRAY[f.p, f.q, f.v]) FILTER (WHERE f.model = 'gamma_gamma')
           AS spend,
         max(f.retention_rate) FILTER (WHERE f.model = 'closed_form')
           AS retention
    INTO fitted FROM pg_temp.refresh_model f;
  PERFORM crmcost._do_parts(run, format(
    'SELECT crmcost._predict_clv($1, %L, %L, %L, %L, %L, %L)',
    coalesce(purchase_model, 'bgnbd'), fitted.purchase, fitted.spend,
    fitted.retention, closed_form,
    margin / nullif(greatest(revenue, 0), 0)));
  RETURN crmcost._write_clv_model(run);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_clv(crmcost._run) IS
  'Step of refresh: clv_model, and lifetime values for customer_score; returns the rows changed of clv_model.';

CREATE FUNCTION crmcost._find_purchases(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  INSERT INTO pg_temp.refresh_purchase
    SELECT v.customer_id, (v.order_days - 1)::float8,
           (v.last_ordered_on - v.first_ordered_on) / 7.0::float8,
           (run.day - v.first_ordered_on) / 7.0::float8, v.spend_per_day,
           v.revenue, v.margin, v.last_ordered_on
    FROM customer_value v
    WHERE v.orders > 0 AND NOT v.is_technical;
END
$$;

COMMENT ON FUNCTION crmcost._find_purchases(crmcost._run) IS
  'Fills refresh_purchase: what the models are told of the customers who bought.';

-- Where few customers come again, BG/NBD and MBG/NBD have no maximum: nobody is
-- seen to leave after a second purchase.  Pareto/NBD has one more often.
CREATE FUNCTION crmcost._fit_purchases(run crmcost._run, wanted text,
                                       anybody boolean)
  RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  candidate text;
BEGIN
  FOREACH candidate IN ARRAY CASE wanted
      WHEN 'pareto_nbd' THEN '{pareto_nbd}'
      ELSE ARRAY[wanted, 'pareto_nbd']
    END::text[]
  LOOP
    PERFORM crmcost._fit_clv(run, candidate);
    IF EXISTS (SELECT FROM pg_temp.refresh_model f
               WHERE f.model = candidate AND f.status = 'fitted') THEN
      RETURN candidate;
    END IF;
    EXIT WHEN NOT anybody;
  END LOOP;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION crmcost._fit_purchases(crmcost._run, text, boolean) IS
  'Fits the wanted model of purchases, else, if anybody bought, the one that stands in for it; returns the model that was fitted, or NULL.';

-- Predictions need a model of purchases and one of spend; where one is missing,
-- the closed form gives the value.  It needs a retention rate: where two years
-- of orders are not there to observe one, the share of customers who came again
-- stands for it.
CREATE FUNCTION crmcost._choose_clv(wanted text, purchase_model text,
                                    customers bigint, again bigint)
  RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  missing CONSTANT text := (
    SELECT string_agg(f.model, ', ' ORDER BY f.model)
    FROM pg_temp.refresh_model f
    WHERE f.status = 'not_fitted' AND f.model <> 'closed_form');
  closed_form boolean;
BEGIN
  UPDATE pg_temp.refresh_model f
    SET used = f.status = 'fitted' AND purchase_model IS NOT NULL
               AND f.model <> 'closed_form',
        instead_of = CASE WHEN f.model = purchase_model
                               AND f.model <> wanted THEN wanted END;
  closed_form := wanted <> 'none' AND _choose_clv.customers > 0
                 AND (SELECT count(*) < 2 FROM pg_temp.refresh_model f
                      WHERE f.used);
  IF closed_form THEN
    UPDATE pg_temp.refresh_model f
      SET used = true,
          status = CASE f.status WHEN 'not_fitted' THEN 'assumed'
                     ELSE f.status END,
          instead_of = missing,
          customers = coalesce(f.customers, _choose_clv.customers),
          retention_rate = coalesce(f.retention_rate,
            round(again::numeric / _choose_clv.customers, 10))
      WHERE f.model = 'closed_form';
  END IF;
  RETURN closed_form;
END
$$;

COMMENT ON FUNCTION crmcost._choose_clv(text, text, bigint, bigint) IS
  'Marks the models of a refresh that predict, and says in place of what, given how many customers bought and how many of them again; true where values are those of the closed form.';

CREATE FUNCTION crmcost._report_clv(ledger name, day date) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  found record;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  FOR found IN
    SELECT f.model, f.status, f.retention_rate,
           crmcost._clv_message('en', f.why, f.instead_of) AS message
    FROM pg_temp.refresh_model f
    WHERE num_nonnulls(f.why, f.instead_of) > 0
          AND (f.used OR f.model <> 'closed_form')
    ORDER BY f.used, f.model
  LOOP
    RAISE NOTICE 'refresh of "%" as of %: % %', ledger, day, found.model,
      CASE
        WHEN found.status = 'not_fitted'
          THEN 'was not fitted: ' || found.message
        WHEN found.model = 'closed_form'
          THEN format('is used at a retention rate of %s, %s',
                      found.retention_rate, found.message)
        ELSE 'is used, ' || found.message
      END;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._report_clv(name, date) IS
  'Says which models a refresh could not fit, and what it uses instead.';

-- In English for the log, in the language of the ledger for its readers.
CREATE FUNCTION crmcost._clv_message(language text, why text[],
                                     instead_of text)
  RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
DECLARE
  reason CONSTANT text := crmcost._say(language, why);
BEGIN
  RETURN CASE
    WHEN instead_of IS NULL THEN reason
    WHEN reason IS NULL
      THEN crmcost._say(language, ARRAY['model_in_place', instead_of])
    ELSE crmcost._say(language,
                      ARRAY['retention_assumed', instead_of, reason])
  END;
END
$$;

COMMENT ON FUNCTION crmcost._clv_message(text, text[], text) IS
  'Why a model could not be fitted, or what it is used in place of; NULL for neither.';

-- What goes wrong on a worker must not end its transaction: it is told.
CREATE FUNCTION crmcost._try_fit(model text, states text, OUT fitted text,
                                 OUT why_not text, OUT detail text,
                                 OUT code text)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  PERFORM set_config('extra_float_digits', '1', true);    -- of a worker
  EXECUTE format('SELECT crmcost.%I(s.state) FROM %s s HAVING count(s.state) > 0',
                 model || '_fit_merge', states) INTO fitted;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
  GET STACKED DIAGNOSTICS why_not = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
                          code = RETURNED_SQLSTATE;
END
$$;

COMMENT ON FUNCTION crmcost._try_fit(text, text) IS
  'The model fitted to the states of a relation as text, NULL for none, or the error that says why it cannot be.';

-- States of a fit, which have the different customers that the model sees, go to one
-- worker of a distributed ledger, which fits as one node does.
CREATE FUNCTION crmcost._fit_of(run crmcost._run, model text, states text,
                                OUT fitted text, OUT why_not text,
                                OUT detail text, OUT code text)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  EXECUTE 'SELECT f.fitted, f.why_not, f.detail, f.code FROM '
          || crmcost._of_groups(run, 'dealt_sample', '0', states, format(
               'SELECT t.* FROM crmcost._try_fit(%L, %%1$L) t', model))
          || ' f WHERE concat(f.fitted, f.why_not) <> '''''
    INTO fitted, why_not, detail, code;
END
$$;

COMMENT ON FUNCTION crmcost._fit_of(crmcost._run, text, text) IS
  'The model fitted to the states of a query as text, NULL for none, or the error that says why it cannot be.';

CREATE FUNCTION crmcost._fit_states(model text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format(
  'SELECT crmcost.%I(%s) AS state FROM pg_temp.refresh_purchase%s',
  model || '_fit_partial'::text,
  CASE model WHEN 'gamma_gamma'::text THEN 'frequency, monetary_value::float8'
    ELSE 'frequency, recency, age' END,
  -- whose repeat purchases bring nothing is in no spend
  CASE model WHEN 'gamma_gamma'::text THEN ' WHERE monetary_value > 0' ELSE '' END);

COMMENT ON FUNCTION crmcost._fit_states(text) IS
  'Query of the state of the fit of a model to refresh_purchase.';

CREATE FUNCTION crmcost._fit_query(model text, fitted text) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  parameter CONSTANT text[] := CASE model
      WHEN 'gamma_gamma' THEN '{p,q,v}'
      WHEN 'pareto_nbd' THEN '{r,alpha,s,beta}'
      ELSE '{r,alpha,a,b}'
    END;
BEGIN
  RETURN (
    SELECT format($query$
             INSERT INTO pg_temp.refresh_model
               (model, status, customers, log_likelihood, %s, %s)
             SELECT %L, 'fitted', (fitted).customers,
                    (fitted).log_likelihood, %s, %s
             FROM (SELECT %L::crmcost.%I AS fitted) fit
             WHERE (fitted).customers > 0
           $query$,
           string_agg(format('%I', k.name), ', ' ORDER BY k.i),
           string_agg(format('%I', k.name || '_std_error'), ', '
                      ORDER BY k.i),
           model,
           string_agg(format('(fitted).%I', k.name), ', ' ORDER BY k.i),
           string_agg(format('(fitted).std_error[%s]', k.i), ', '
                      ORDER BY k.i),
           fitted, model)
    FROM unnest(parameter) WITH ORDINALITY AS k (name, i));
END
$$;

COMMENT ON FUNCTION crmcost._fit_query(text, text) IS
  'Statement that adds a fitted model, given as text, to refresh_model, if any customer is in it.';

-- An impossible fit is a row that says why, not the end of the refresh: too few
-- customers or purchases, no maximum, more customers than a sample may hold.
CREATE FUNCTION crmcost._fit_clv(run crmcost._run, model text) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  fit CONSTANT record := crmcost._fit_of(run, model, crmcost._fit_states(model));
  why_not text;
  why text[];
  detail text;
  unbounded float8;
BEGIN
  BEGIN
    IF fit.why_not IS NOT NULL THEN
      RAISE EXCEPTION USING MESSAGE = fit.why_not, DETAIL = fit.detail,
                            ERRCODE = fit.code;
    END IF;
    EXECUTE crmcost._fit_query(model, fit.fitted);
    SELECT f.q INTO unbounded
      FROM pg_temp.refresh_model f WHERE f.model = 'gamma_gamma' AND f.q <= 1;
    IF FOUND THEN
      RAISE EXCEPTION 'q must exceed 1 for a mean spend to exist, not %',
                      unbounded
        USING ERRCODE = 'data_exception';
    END IF;
  EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
    GET STACKED DIAGNOSTICS why_not = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    why := CASE
      WHEN why_not ~ 'must have at least \d+ different customers'
        THEN 'fit_of_few'::text || ARRAY[why_not]
             || regexp_match(why_not, '(\d+) different customers, not (\d+)')
      WHEN why_not ~ 'has no maximum' THEN ARRAY['fit_without_maximum', why_not]
      WHEN why_not ~ 'did not converge' THEN ARRAY['fit_not_converged', why_not]
      WHEN why_not ~ 'with frequency above 0' THEN ARRAY['fit_without_return', why_not]
      WHEN unbounded IS NOT NULL
        THEN ARRAY['fit_without_mean', why_not, unbounded::text]
      ELSE ARRAY['fit_refused', why_not]
    END;
    why[2] := why[2] || coalesce(': ' || nullif(rtrim(detail, '.'), ''), '');
  END;
  INSERT INTO pg_temp.refresh_model (model, status, why)
  SELECT _fit_clv.model, 'not_fitted',
         coalesce(why, CASE _fit_clv.model
                         WHEN 'gamma_gamma' THEN '{fit_of_no_return}'
                         ELSE '{fit_of_no_orders}'
                       END::text[])
  WHERE NOT EXISTS (SELECT FROM pg_temp.refresh_model f
                    WHERE f.model = _fit_clv.model);
END
$$;

COMMENT ON FUNCTION crmcost._fit_clv(crmcost._run, text) IS
  'Fits a model to the customers of a refresh; writes a row of refresh_model.';

-- Of the customers with an order in the year before the last, the share with
-- an order in the last year; years end on the report day.
CREATE FUNCTION crmcost._observe_retention(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  given CONSTANT text := crmcost._setting(run.ledger, 'clv_retention');
  one_year_ago CONSTANT date := run.day - interval '1 year';
  two_years_ago CONSTANT date := run.day - interval '2 years';
  customers bigint;
  again bigint;
  first_on date;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF given <> 'observed' THEN
    INSERT INTO pg_temp.refresh_model (model, status, retention_rate)
      VALUES ('closed_form', 'given', given::numeric);
    RETURN;
  END IF;
  EXECUTE 'SELECT sum(p.customers), sum(p.again), min(p.first_on) FROM '
          || crmcost._of_parts(run, 'refresh_part_stayed', format($query$
    SELECT count(*) AS customers,
           count(*) FILTER (WHERE v.last_ordered_on > %1$L) AS again,
           (SELECT min(v.first_ordered_on) FROM customer_value v) AS first_on
    FROM customer_value v
    WHERE v.orders > 0 AND NOT v.is_technical
          AND v.first_ordered_on <= %1$L AND v.last_ordered_on > %2$L
          -- the first or the last order is of that year, or else another one, which
          -- OFFSET 0 looks up: it would read all orders
          AND (v.first_ordered_on > %2$L OR v.last_ordered_on <= %1$L
               OR EXISTS (SELECT FROM customer_order o
                          WHERE o.customer_id = v.customer_id AND o.is_order
                                AND o.ordered_on > %2$L AND o.ordered_on <= %1$L
                          OFFSET 0))
    $query$, one_year_ago, two_years_ago)) || ' p'
    INTO customers, again, first_on;
  IF first_on <= two_years_ago AND customers > 0 THEN
    INSERT INTO pg_temp.refresh_model
      (model, status, customers, retention_rate)
      VALUES ('closed_form', 'fitted', customers,
              round(again::numeric / customers, 10));
  ELSE
    INSERT INTO pg_temp.refresh_model (model, status, why)
      VALUES ('closed_form', 'not_fitted',
              CASE WHEN first_on <= two_years_ago
                THEN '{retention_of_nobody}'
                ELSE '{retention_too_short}' END::text[]);
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._observe_retention(crmcost._run) IS
  'Finds the yearly retention rate of a ledger; writes a row of refresh_model.';

-- Once a customer is alive, frequency and age are all that counts; recency tells
-- how probable that is.  So the sums over months are needed once a frequency and
-- age, at any recency: here, with a purchase just now.
CREATE FUNCTION crmcost._predict_alive(purchase_model text, purchase float8[],
                                       horizon integer, month_weeks float8,
                                       discount float8)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_alive
    SELECT frequency, age,
           crmcost.expected_purchases(purchase, $2 * $3, frequency, recency,
                                      age) / nullif(p_alive, 0),
           crmcost.clv(purchase, one_each, frequency, recency, age, 1, $2, $4,
                       $3) / nullif(p_alive, 0)
    FROM (
      SELECT crmcost.%I($1[1], $1[2], $1[3], $1[4]) AS purchase,
             -- whose expected value is 1 where that of the past is
             crmcost.gamma_gamma(1, 2, 1) AS one_each
    ) model
    CROSS JOIN (SELECT DISTINCT frequency, age,
                       CASE WHEN frequency > 0 THEN age ELSE 0 END AS recency
                FROM pg_temp.refresh_purchase) o
    CROSS JOIN LATERAL (
      SELECT crmcost.p_alive(purchase, frequency, recency, age) AS p_alive
      OFFSET 0
    ) p
  $query$, purchase_model)
  USING purchase, horizon, month_weeks, discount;
END
$$;

COMMENT ON FUNCTION crmcost._predict_alive(text, float8[], integer, float8, float8) IS
  'Fills refresh_alive: what a model of purchases expects of customers who are alive.';

-- The year is the one whose margin the closed form takes.  Parameters: $1 those of
-- purchases, $2 those of spend, $3 how much of a month's margin the closed form makes,
-- $4 whether values are those of it, $5 the margin of all customers as a part of their
-- revenue.
CREATE FUNCTION crmcost._clv_query(purchase_model text, last_year text)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  INSERT INTO pg_temp.refresh_clv
  WITH last_year AS (SELECT customer_id, margin FROM %2$s y),
  model AS (
    SELECT crmcost.%1$I($1[1], $1[2], $1[3], $1[4]) AS purchase,
           crmcost.gamma_gamma($2[1], $2[2], $2[3]) AS spend
  ),
  predicted AS (
    SELECT o.customer_id, p.p_alive,
           p.p_alive * coalesce(a.purchases, 0) AS purchases,
           p.p_alive * coalesce(a.discounted, 0) AS discounted,
           -- the model of spend knows positive spend only
           crmcost.expected_value(m.spend, o.frequency,
             greatest(o.monetary_value, 0.0001)::float8) AS spend,
           CASE WHEN o.revenue > 0 THEN o.margin / o.revenue ELSE $5 END
             AS margin_rate,
           coalesce(y.margin, 0) AS year_margin
    FROM pg_temp.refresh_purchase o
    JOIN pg_temp.refresh_alive a USING (frequency, age)
    CROSS JOIN model m
    LEFT JOIN last_year y USING (customer_id)
    CROSS JOIN LATERAL (
      SELECT crmcost.p_alive(m.purchase, o.frequency, o.recency, o.age)
               AS p_alive
      OFFSET 0
    ) p
  )
  SELECT customer_id, p_alive, purchases, round(spend::numeric, 4),
         v.closed_form,
         CASE WHEN $4 THEN v.closed_form ELSE
           round((discounted * spend
                  -- where nearly all was returned, next to nothing is left
                  -- to divide by
                  * CASE WHEN abs(margin_rate) < 1 THEN margin_rate
                         ELSE sign(margin_rate) END::float8)::numeric, 4)
         END, year_margin
  FROM predicted
  CROSS JOIN LATERAL (SELECT round(year_margin / 12 * $3, 4) AS closed_form) v
$query$, purchase_model, last_year);

COMMENT ON FUNCTION crmcost._clv_query(text, text) IS
  'Statement that fills refresh_clv by a model of purchases, from refresh_alive and the relation of margins of a year.';

-- Margins of the last twelve complete months: as long as these are the same, those of
-- customers without news are in customer_score.
CREATE FUNCTION crmcost._year_margin_query(run crmcost._run) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT pg_catalog.format($query$
    SELECT m.customer_id, crmcost._sum_few(m.margin) AS margin
    FROM customer_month m
    WHERE m.month_start >= %L AND m.month_start < %L %s
    $query$, (month - interval '1 year')::date, month, CASE WHEN as_before
      THEN 'AND m.customer_id = ANY (ARRAY(SELECT c.customer_id FROM pg_temp.refresh_customer c))
        GROUP BY m.customer_id
        UNION ALL
        SELECT s.customer_id, s.year_margin FROM customer_score s
        WHERE s.customer_id NOT IN (SELECT c.customer_id FROM pg_temp.refresh_customer c)'
      ELSE 'GROUP BY m.customer_id' END)
  FROM (SELECT crmcost._month_of(run.day + 1) AS month,
               NOT run.whole AND crmcost._month_of(run.day + 1)
                 = crmcost._month_of(crmcost._report_day(run.upto_before,
                                                         run.zone) + 1)
                 AS as_before) m;
END;

COMMENT ON FUNCTION crmcost._year_margin_query(crmcost._run) IS
  'Query of what customers brought in the last twelve complete months.';

-- A model that was not fitted is NULL, and so is all that follows from it, but
-- the value where the closed form gives it.
CREATE FUNCTION crmcost._predict_clv(run crmcost._run, model text,
                                     purchase float8[], spend float8[],
                                     retention numeric, closed_form boolean,
                                     margin_rate numeric)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  month_weeks CONSTANT float8 := 365.25 / 12 / 7;
  horizon CONSTANT integer := crmcost._setting(run.ledger, 'clv_horizon');
  discount CONSTANT numeric :=
    power(1 + crmcost._setting(run.ledger, 'discount_rate')::numeric, 1.0 / 12)
    - 1;
  old_merge CONSTANT text := current_setting('enable_mergejoin');
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  PERFORM crmcost._predict_alive(model, purchase, horizon, month_weeks,
                                 discount::float8);
  -- frequencies and ages are few
  PERFORM set_config('enable_mergejoin', 'off', true);
  EXECUTE crmcost._clv_query(model, format('(%s)',
                                           crmcost._year_margin_query(run)))
    USING purchase, spend,
          crmcost.clv(1, power(retention, 1.0 / 12), discount, horizon),
          closed_form, margin_rate;
  PERFORM set_config('enable_mergejoin', old_merge, true);
END
$$;

COMMENT ON FUNCTION crmcost._predict_clv(crmcost._run, text, float8[], float8[], numeric, boolean, numeric) IS
  'What models say about each customer, given the model of purchases and its parameters, those of spend, the retention rate, whether values are those of the closed form, and the margin of all as a part of their revenue; fills refresh_clv.';

CREATE FUNCTION crmcost._write_clv_model(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  first_on date;
  last_on date;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  EXECUTE 'SELECT min(b.first_on), max(b.last_on) FROM '
          || crmcost._of_parts(run, 'refresh_part_bought', $query$
               SELECT min(v.first_ordered_on) AS first_on,
                      max(v.last_ordered_on) AS last_on
               FROM customer_value v WHERE NOT v.is_technical
               $query$) || ' b' INTO first_on, last_on;
  UPDATE pg_temp.refresh_model
    SET first_order_on = first_on, last_order_on = last_on,
        horizon_months = crmcost._setting(run.ledger, 'clv_horizon')::integer,
        discount_rate = crmcost._setting(run.ledger, 'discount_rate')::numeric;
  UPDATE pg_temp.refresh_model f
    SET as_of = run.day,
        message = crmcost._clv_message(
                    crmcost._setting(run.ledger, 'language'), f.why,
                    f.instead_of);
  RETURN crmcost._write_difference(run.ledger, 'clv_model',
    'SELECT as_of, model, status, used, message, customers, log_likelihood, r, r_std_error, alpha, alpha_std_error, a, a_std_error, b, b_std_error, s, s_std_error, beta, beta_std_error, p, p_std_error, q, q_std_error, v, v_std_error, retention_rate, first_order_on, last_order_on, horizon_months, discount_rate
     FROM pg_temp.refresh_model',
    format('old.as_of = %L', run.day));
END
$$;

COMMENT ON FUNCTION crmcost._write_clv_model(crmcost._run) IS
  'Writes clv_model from refresh_model; returns the rows changed.';
