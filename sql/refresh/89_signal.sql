-- Step signal: what customers said and did lately, and who came back after a
-- campaign to win them back.
CREATE FUNCTION crmcost._refresh_signal(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  scope CONSTANT text := CASE WHEN run.whole THEN 'true'
    ELSE 'old.customer_id IN (SELECT c.customer_id FROM pg_temp.refresh_signal_customer c)'
    END;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  PERFORM crmcost._find_signal_customers(run);
  RETURN crmcost._write_difference(run.ledger, 'customer_signal',
                                   crmcost._signal_query(run), scope)
         + crmcost._write_winback(run)
         + crmcost._write_winback_total(run);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_signal(crmcost._run) IS
  'Step of refresh: customer_signal, customer_winback and winback_total; returns the rows changed.';

CREATE FUNCTION crmcost._window_start(run crmcost._run) RETURNS date
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN run.day + 1
         - crmcost._setting(run.ledger, 'invalid_window_days')::integer;
END
$$;

COMMENT ON FUNCTION crmcost._window_start(crmcost._run) IS
  'First of the last invalid_window_days up to the report day.';

-- Whose facts changed, of whom an order left the window, and when a month is
-- over who bought in the months that are compared.  An earlier report day
-- takes orders into the window that were before it: then everybody.
CREATE FUNCTION crmcost._find_signal_customers(run crmcost._run)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
#variable_conflict use_variable
DECLARE
  day_before CONSTANT date := crmcost._report_day(run.upto_before, run.zone);
  last_month CONSTANT date := crmcost._last_complete_month(run.day);
  month_before CONSTANT date := crmcost._last_complete_month(day_before);
  window_start CONSTANT date := crmcost._window_start(run);
BEGIN
  IF run.whole OR run.day < day_before THEN
    INSERT INTO pg_temp.refresh_signal_customer
      SELECT v.customer_id FROM customer_value v
      UNION SELECT s.customer_id FROM customer_signal s;
  ELSE
    INSERT INTO pg_temp.refresh_signal_customer
      SELECT c.customer_id FROM pg_temp.refresh_customer c
      UNION
      SELECT s.customer_id FROM customer_signal s
      WHERE s.oldest_on < window_start
      UNION
      SELECT coalesce(p.party_id, m.customer_id)
      FROM customer_month m
      LEFT JOIN pg_temp.refresh_party p USING (customer_id)
      WHERE last_month <> month_before
            AND m.month_start > month_before - interval '6 months'
            AND m.month_start <= last_month AND m.revenue <> 0;
  END IF;
  ANALYZE pg_temp.refresh_signal_customer;
END
$$;

COMMENT ON FUNCTION crmcost._find_signal_customers(crmcost._run) IS
  'Fills refresh_signal_customer: whose row of customer_signal may have changed.';

-- Contacts were read of customers with news alone: the others keep what they
-- said.
CREATE FUNCTION crmcost._signal_query(run crmcost._run) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN format($query$
    WITH voice AS (
      SELECT DISTINCT ON (a.customer_id) a.customer_id,
             a.occurred_on AS bad_voice_on, a.score AS bad_score
      FROM pg_temp.refresh_reply a
      JOIN pg_temp.refresh_customer USING (customer_id)
      WHERE a.survey = 'csat' AND a.score <= %1$L
      ORDER BY a.customer_id, a.occurred_on DESC
    ),
    said AS (
      SELECT v.customer_id, v.bad_voice_on, v.bad_score FROM voice v
      UNION ALL
      SELECT s.customer_id, s.bad_voice_on, s.bad_score
      FROM customer_signal s
      JOIN pg_temp.refresh_signal_customer USING (customer_id)
      WHERE NOT %2$L
            AND NOT EXISTS (SELECT FROM pg_temp.refresh_customer c
                            WHERE c.customer_id = s.customer_id)
    ),
    bought AS (%3$s),
    month AS (%4$s)
    SELECT customer_id, s.bad_voice_on, s.bad_score,
           coalesce(b.orders, 0) AS window_orders,
           coalesce(b.products, 0) AS window_products,
           coalesce(b.revenue, 0) AS window_revenue, b.oldest_on,
           coalesce(m.lately, 0) AS revenue_lately,
           coalesce(m.before, 0) AS revenue_before
    FROM pg_temp.refresh_signal_customer
    LEFT JOIN said s USING (customer_id)
    LEFT JOIN bought b USING (customer_id)
    LEFT JOIN month m USING (customer_id)
    WHERE num_nonnulls(s.bad_voice_on, b.orders, m.lately) > 0
  $query$, crmcost._setting(run.ledger, 'bad_voice_score')::numeric,
  run.whole, crmcost._window_query(crmcost._window_start(run)),
  crmcost._trend_query(crmcost._last_complete_month(run.day)));
END
$$;

COMMENT ON FUNCTION crmcost._signal_query(crmcost._run) IS
  'Query of customer_signal for the customers of refresh_signal_customer.';

CREATE FUNCTION crmcost._window_query(from_on date) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT s.customer_id, o.*
  FROM pg_temp.refresh_signal_customer s
  CROSS JOIN LATERAL (
    -- an order is counted with its first product, or with none
    SELECT count(*) FILTER (WHERE f.is_first) AS orders,
           sum(o.revenue) FILTER (WHERE f.is_first) AS revenue,
           min(o.ordered_on) AS oldest_on, count(DISTINCT p.code) AS products
    FROM customer_order o
    LEFT JOIN LATERAL unnest(o.product_codes) WITH ORDINALITY
      AS p (code, place) ON true
    CROSS JOIN LATERAL (VALUES (coalesce(p.place, 1) = 1)) AS f (is_first)
    WHERE o.customer_id = s.customer_id AND o.is_order
          AND o.ordered_on >= %1$L
  ) o
  WHERE o.orders > 0
$query$, from_on);

COMMENT ON FUNCTION crmcost._window_query(date) IS
  'Query of the orders from a day on of the customers of refresh_signal_customer.';

CREATE FUNCTION crmcost._trend_query(last_month date) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT w.party_id AS customer_id,
         coalesce(sum(m.revenue) FILTER (
           WHERE m.month_start > %1$L::date - interval '3 months'), 0)
           AS lately,
         coalesce(sum(m.revenue) FILTER (
           WHERE m.month_start <= %1$L::date - interval '3 months'), 0)
           AS before
  FROM (SELECT s.customer_id, coalesce(p.party_id, s.customer_id) AS party_id
        FROM pg_temp.refresh_signal_customer s
        LEFT JOIN pg_temp.refresh_party p USING (customer_id)
        UNION
        SELECT p.customer_id, p.party_id
        FROM pg_temp.refresh_party p
        JOIN pg_temp.refresh_signal_customer s ON s.customer_id = p.party_id) w
  JOIN customer_month m USING (customer_id)
  WHERE m.month_start <= %1$L
        AND m.month_start > %1$L::date - interval '6 months'
        AND m.revenue <> 0
  GROUP BY w.party_id
$query$, last_month);

COMMENT ON FUNCTION crmcost._trend_query(date) IS
  'Query of the revenue of the customers of refresh_signal_customer in the three months up to one, and in the three before.';

-- Who had not churned when he was assigned has nothing to come back from.  He
-- is back with the first time in a stage of customers after that.
CREATE FUNCTION crmcost._write_winback(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM campaign k WHERE k.purpose = 'winback')
     AND NOT EXISTS (SELECT FROM customer_winback) THEN
    RETURN 0;
  END IF;
  RETURN crmcost._write_difference(run.ledger, 'customer_winback',
    format($query$
      WITH member AS (
        SELECT coalesce(p.party_id, m.customer_id) AS customer_id,
               m.campaign_code,
               CASE WHEN min(m.role) = max(m.role) THEN min(m.role)
                 ELSE 'both' END AS role,
               min(m.assigned_at) AS assigned_at
        FROM campaign_member m
        JOIN campaign k ON k.code = m.campaign_code AND k.purpose = 'winback'
        LEFT JOIN pg_temp.refresh_party p ON p.customer_id = m.customer_id
        WHERE m.assigned_at < %1$L
        GROUP BY 1, 2
      ),
      won AS (
        SELECT m.customer_id, m.campaign_code, m.role,
               (m.assigned_at AT TIME ZONE %2$L)::date AS assigned_on,
               (SELECT min(b.entered_on) FROM stage_spell b
                WHERE b.customer_id = m.customer_id
                      AND b.entered_at >= m.assigned_at
                      AND b.entered_at < m.assigned_at
                                         + %3$s * interval '24 hours'
                      AND b.stage = ANY (crmcost._customer_stages()))
                 AS won_on
        FROM member m
        WHERE %5$s
              AND (SELECT b.stage FROM stage_spell b
                   WHERE b.customer_id = m.customer_id
                         AND b.entered_at <= m.assigned_at
                   ORDER BY b.entered_at DESC LIMIT 1) = 'churned'
      )
      SELECT w.customer_id, w.campaign_code, w.role, w.assigned_on, w.won_on,
             coalesce(sum(o.revenue), 0) AS second_revenue,
             coalesce(sum(o.margin), 0) AS second_margin
      FROM won w
      LEFT JOIN customer_order o
        ON o.customer_id = w.customer_id AND o.is_order
           AND o.ordered_on >= w.won_on AND o.ordered_on < w.won_on + %4$s
      GROUP BY w.customer_id, w.campaign_code, w.role, w.assigned_on, w.won_on
    $query$, run.upto, run.zone,
    crmcost._setting(run.ledger, 'winback_days')::integer,
    crmcost._setting(run.ledger, 'second_life_days')::integer,
    crmcost._rows_of_stage_news(run, 'm')),
    crmcost._rows_of_stage_news(run, 'old'));
END
$$;

COMMENT ON FUNCTION crmcost._write_winback(crmcost._run) IS
  'Writes customer_winback; returns the rows changed.';

CREATE FUNCTION crmcost._write_winback_total(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  IF NOT crmcost._was_written(run, '{customer_winback}') THEN
    RETURN 0;
  END IF;
  RETURN crmcost._write_difference(run.ledger, 'winback_total', $query$
    SELECT campaign_code, role, count(*) AS customers, count(won_on) AS won,
           sum(second_revenue) AS second_revenue,
           sum(second_margin) AS second_margin,
           max(assigned_on) AS last_assigned_on, max(won_on) AS last_won_on
    FROM customer_winback
    GROUP BY campaign_code, role
  $query$, 'true');
END
$$;

COMMENT ON FUNCTION crmcost._write_winback_total(crmcost._run) IS
  'Writes winback_total; returns the rows changed.';
