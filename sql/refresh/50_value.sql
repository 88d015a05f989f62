-- Step value: what each customer brought and cost so far.  Sums are those of
-- customer_month, so that no figure of a customer can differ from that of the
-- months; what has no month (orders, products, contacts) is that of its own table.
CREATE FUNCTION crmcost._refresh_value(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  wanted CONSTANT text := CASE WHEN run.whole THEN 'true'
    ELSE 'x.customer_id IN (SELECT c.customer_id FROM pg_temp.refresh_changed c)'
    END;
  scope CONSTANT text := CASE WHEN run.whole THEN 'true'
    ELSE 'old.customer_id IN (SELECT c.customer_id FROM pg_temp.refresh_changed c)'
    END;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  INSERT INTO pg_temp.refresh_changed
    SELECT c.customer_id FROM pg_temp.refresh_customer c;
  IF NOT run.whole THEN
    PERFORM crmcost._find_cost_changes(run);
  END IF;
  ANALYZE pg_temp.refresh_changed;
  PERFORM crmcost._find_contact_sums(run);
  IF NOT run.whole THEN
    INSERT INTO pg_temp.refresh_value_before
      SELECT v.customer_id, v.channel_code, v.acquired_on, v.first_ordered_on,
             v.is_technical, v.last_contact_at
      FROM customer_value v
      JOIN pg_temp.refresh_customer USING (customer_id);
  END IF;
  RETURN crmcost._write_difference(run.ledger, 'customer_value',
                                   crmcost._value_query(run, wanted), scope)
         + CASE WHEN run.whole THEN 0 ELSE crmcost._add_cost_changes(run) END;
END
$$;

COMMENT ON FUNCTION crmcost._refresh_value(crmcost._run) IS
  'Step of refresh: customer_value; returns the rows changed.';

-- Nearly everybody who is active in a month bears a little more or less of it when
-- anything happens there.  Who has no news has the sums of before, and the
-- difference.
CREATE FUNCTION crmcost._cost_terms(term text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  SELECT pg_catalog.string_agg(pg_catalog.format(term, c.name), ', '::text
                               ORDER BY c.i)
  FROM pg_catalog.unnest(ARRAY(
         SELECT b || '_cost'::text FROM pg_catalog.unnest(crmcost._buckets()) AS b)
       || '{acquisition_direct_cost,direct_cost,allocated_cost}'::text[])
    WITH ORDINALITY AS c (name, i));

COMMENT ON FUNCTION crmcost._cost_terms(text) IS
  'A term for each column of refresh_cost_before but the first.';

CREATE FUNCTION crmcost._month_cost_query(months date[]) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT m.customer_id, %s, m.acquisition_direct_cost, m.direct_cost,
         m.allocated_cost
  FROM customer_month m
  WHERE m.month_start = ANY (%L::date[])
        AND NOT EXISTS (SELECT FROM pg_temp.refresh_customer c
                        WHERE c.customer_id = m.customer_id)
$query$, (SELECT pg_catalog.string_agg(pg_catalog.format(
            'm.%1$s_direct_cost + m.%1$s_allocated_cost AS %1$s_cost', b.name),
            ', '::text ORDER BY b.i)
          FROM pg_catalog.unnest(crmcost._buckets())
            WITH ORDINALITY AS b (name, i)), months);

COMMENT ON FUNCTION crmcost._month_cost_query(date[]) IS
  'Query of what the customers without news cost in some months.';

CREATE FUNCTION crmcost._note_cost(run crmcost._run, months date[])
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  IF NOT run.whole THEN
    EXECUTE 'INSERT INTO pg_temp.refresh_cost_before '
            || crmcost._month_cost_query(months);
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._note_cost(crmcost._run, date[]) IS
  'Fills refresh_cost_before, before these months are written.';

-- Whoever got or lost a month, and whose cost may be all that makes him a customer,
-- is looked at as a whole.
CREATE FUNCTION crmcost._find_cost_changes(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_cost_change
      SELECT customer_id, sum(n), %2$s
      FROM (SELECT customer_id, 1 AS n, %5$s FROM (%1$s) m
            UNION ALL
            SELECT customer_id, -1, %3$s FROM pg_temp.refresh_cost_before) part
      GROUP BY customer_id
      HAVING (sum(n), %2$s) <> (0, %4$s)
    $query$, crmcost._month_cost_query(ARRAY(
      SELECT c.month_start FROM pg_temp.refresh_cost_month c
      WHERE c.month_start >= run.open_month)),
    crmcost._cost_terms('crmcost._sum_few(%I)'), crmcost._cost_terms('-%I'),
    crmcost._cost_terms('0'), crmcost._cost_terms('%I'));
  INSERT INTO pg_temp.refresh_changed
    SELECT c.customer_id
    FROM pg_temp.refresh_cost_change c
    LEFT JOIN customer_value v USING (customer_id)
    WHERE c.months <> 0
          OR v.acquired_on IS NULL AND coalesce(v.orders, 0) = 0;
  DELETE FROM pg_temp.refresh_cost_change c
    USING pg_temp.refresh_changed r
    WHERE r.customer_id = c.customer_id;
  ANALYZE pg_temp.refresh_cost_change;
END
$$;

COMMENT ON FUNCTION crmcost._find_cost_changes(crmcost._run) IS
  'Fills refresh_cost_change, and adds to refresh_changed those of whom the difference does not tell all.';

CREATE FUNCTION crmcost._add_cost_changes(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._write_changes(run.ledger, 'customer_value',
    'pg_temp.refresh_cost_change',
    crmcost._cost_terms('%1$I = old.%1$I + new.%1$I')
    || ', total_cost = old.total_cost + new.direct_cost + new.allocated_cost,
          profit = old.profit - new.direct_cost - new.allocated_cost');
END
$$;

COMMENT ON FUNCTION crmcost._add_cost_changes(crmcost._run) IS
  'Adds refresh_cost_change to customer_value; returns the rows changed.';

-- Of customers with news the contacts are summed already, and their last ones in
-- refresh_contact; of the others what the store has still holds.
CREATE FUNCTION crmcost._find_contact_sums(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  PERFORM crmcost._find_replies();
  ANALYZE pg_temp.refresh_reply;
  INSERT INTO pg_temp.refresh_contact_sum
    WITH contact AS (
      SELECT c.customer_id, sum(c.interactions) AS interactions,
             sum(c.handle_seconds) AS handle_seconds,
             max(c.last_contact_at) AS last_contact_at
      FROM pg_temp.refresh_contact_agent c
      JOIN pg_temp.refresh_customer USING (customer_id)
      GROUP BY c.customer_id
    )
    SELECT customer_id, c.interactions, c.handle_seconds,
           coalesce(o.cases, 0), c.last_contact_at, l.kind, l.channel_code,
           coalesce(a.answers, 0), coalesce(a.score, 0),
           coalesce(a.satisfied, 0)
    FROM contact c
    LEFT JOIN (
      SELECT s.customer_id, sum(s.cases) AS cases
      FROM service_case s
      WHERE s.closed_at IS NULL
            AND s.customer_id IN (SELECT r.customer_id
                                  FROM pg_temp.refresh_customer r)
      GROUP BY s.customer_id
    ) o USING (customer_id)
    LEFT JOIN (
      SELECT DISTINCT ON (t.customer_id) t.customer_id, t.kind, t.channel_code
      FROM pg_temp.refresh_contact t
      JOIN contact last ON last.customer_id = t.customer_id
                           AND last.last_contact_at = t.occurred_at
      WHERE t.kind IN ('touch', 'sales', 'care')
      ORDER BY t.customer_id, t.interaction_id DESC
    ) l USING (customer_id)
    LEFT JOIN (
      SELECT r.customer_id, sum(r.n) AS answers, sum(r.score * r.n) AS score,
             coalesce(sum(r.n) FILTER (WHERE r.verdict = 'good'), 0)
               AS satisfied
      FROM pg_temp.refresh_reply r
      WHERE r.is_csat
      GROUP BY r.customer_id
    ) a USING (customer_id);
  INSERT INTO pg_temp.refresh_contact_sum
    SELECT v.customer_id, v.interactions, v.handle_seconds, v.open_cases,
           v.last_contact_at, v.last_contact_kind, v.last_contact_channel,
           v.survey_answers, v.survey_score, v.survey_satisfied
    FROM customer_value v
    JOIN pg_temp.refresh_changed USING (customer_id)
    WHERE NOT EXISTS (SELECT FROM pg_temp.refresh_customer c
                      WHERE c.customer_id = v.customer_id);
  ANALYZE pg_temp.refresh_contact_sum;
END
$$;

COMMENT ON FUNCTION crmcost._find_contact_sums(crmcost._run) IS
  'Fills refresh_reply and refresh_contact_sum: the contacts of customers so far.';

-- Sums of the months of a customer, merged or not.
CREATE FUNCTION crmcost._value_month_query(wanted text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT pg_catalog.format($query$
    SELECT x.customer_id, sum(x.revenue) AS revenue, sum(x.margin) AS margin,
           sum(x.discount) AS discount, sum(x.refund) AS refund,
           bool_or(x.sale_lines > 0 OR x.revenue <> 0 OR x.margin <> 0)
             AS bought,
           %1$s,
           sum(x.acquisition_direct_cost) AS acquisition_direct_cost,
           sum(x.direct_cost) AS direct_cost,
           sum(x.allocated_cost) AS allocated_cost
    FROM (
      SELECT x.*
      FROM (
        SELECT m.customer_id, %3$s FROM customer_month m
        UNION ALL
        -- closed months still name who was merged since
        SELECT p.party_id, %3$s
        FROM customer_month m
        JOIN pg_temp.refresh_party p ON p.customer_id = m.customer_id
      ) x
      WHERE %2$s
      -- sorted: of many groups the sums take more memory than the rows
      ORDER BY x.customer_id
    ) x
    GROUP BY x.customer_id
  $query$,
  pg_catalog.string_agg(pg_catalog.format(
    'sum(x.%1$s_direct_cost + x.%1$s_allocated_cost) AS %1$s_cost', b.name),
    ', '::text),
  wanted,
  'm.sale_lines, m.revenue, m.margin, m.discount, m.refund, m.direct_cost, m.allocated_cost, '
  || pg_catalog.string_agg(pg_catalog.format(
    'm.%1$s_direct_cost, m.%1$s_allocated_cost', b.name), ', '::text))
  FROM pg_catalog.unnest(crmcost._buckets()) AS b (name);
END;

COMMENT ON FUNCTION crmcost._value_month_query(text) IS
  'Query of what the months of customers add up to, for those that a condition on x names.';

-- Who has a row: parties that the ledger knew before the instant of the report.
CREATE FUNCTION crmcost._value_party_query(run crmcost._run, wanted text)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT x.customer_id, x.source = 'anon' AS is_technical,
         coalesce(x.acquisition_channel, k.channel_code, '(unknown)')
           AS channel_code,
         CASE WHEN x.acquired_at < %2$L AND x.source <> 'anon'
           THEN (x.acquired_at AT TIME ZONE %3$L)::date END AS acquired_on
  FROM customer x
  LEFT JOIN campaign k ON k.code = x.acquisition_campaign
  WHERE %1$s AND x.merged_into IS NULL
        AND (x.first_seen_at < %2$L OR x.acquired_at < %2$L
             OR EXISTS (SELECT FROM customer_month m
                        WHERE m.customer_id = x.customer_id))
$query$, wanted, run.upto, run.zone);

COMMENT ON FUNCTION crmcost._value_party_query(crmcost._run, text) IS
  'Query of the parties with a row in customer_value, for those that a condition on x names.';

-- Without news of their own the orders of a customer are those of before.
CREATE FUNCTION crmcost._value_order_query(run crmcost._run) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT customer_id, o.orders, o.first_ordered_on, o.last_ordered_on,
         o.order_days, o.spend_per_day, coalesce(d.products, 0) AS products
  FROM (
    SELECT x.customer_id, count(*) AS orders,
           min(x.ordered_on) AS first_ordered_on,
           max(x.ordered_on) AS last_ordered_on,
           count(DISTINCT x.ordered_on) AS order_days,
           crmcost.monetary_value(crmcost.repeat_purchases(x.ordered_on,
                                                           x.revenue))
             AS spend_per_day
    FROM customer_order x
    WHERE x.is_order AND %1$s
    GROUP BY x.customer_id
  ) o
  LEFT JOIN (
    SELECT x.customer_id, count(*) AS products
    FROM customer_product x
    WHERE x.orders > 0 AND %1$s
    GROUP BY x.customer_id
  ) d USING (customer_id)
  UNION ALL
  SELECT v.customer_id, v.orders, v.first_ordered_on, v.last_ordered_on,
         v.order_days, v.spend_per_day, v.products
  FROM customer_value v
  WHERE NOT %2$L
        AND v.customer_id = ANY (ARRAY(SELECT c.customer_id
                                       FROM pg_temp.refresh_changed c
                                       EXCEPT
                                       SELECT c.customer_id
                                       FROM pg_temp.refresh_customer c))
$query$,
  CASE WHEN run.whole THEN 'true'
    ELSE 'x.customer_id = ANY (ARRAY(SELECT c.customer_id FROM pg_temp.refresh_customer c))'
  END, run.whole);

COMMENT ON FUNCTION crmcost._value_order_query(crmcost._run) IS
  'Query of what customer_value says of orders, for the customers concerned.';

CREATE FUNCTION crmcost._value_query(run crmcost._run, wanted text)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT pg_catalog.format($query$
    WITH month AS (%2$s),
    party AS (%3$s),
    placed AS (%1$s)
    SELECT customer_id,
           p.acquired_on IS NOT NULL
             OR coalesce(m.bought, false) OR coalesce(o.orders > 0, false)
             OR coalesce(m.direct_cost + m.allocated_cost <> 0, false)
             AS is_customer,
           p.is_technical, p.channel_code, p.acquired_on,
           o.first_ordered_on, o.last_ordered_on,
           coalesce(o.order_days, 0) AS order_days,
           coalesce(o.orders, 0) AS orders,
           coalesce(o.products, 0) AS products, o.spend_per_day,
           coalesce(m.revenue, 0) AS revenue, coalesce(m.margin, 0) AS margin,
           coalesce(m.discount, 0) AS discount,
           coalesce(m.refund, 0) AS refund, %4$s,
           coalesce(m.acquisition_direct_cost, 0) AS acquisition_direct_cost,
           coalesce(m.direct_cost, 0) AS direct_cost,
           coalesce(m.allocated_cost, 0) AS allocated_cost,
           coalesce(m.direct_cost + m.allocated_cost, 0) AS total_cost,
           coalesce(m.margin - m.direct_cost - m.allocated_cost, 0) AS profit,
           coalesce(c.interactions, 0) AS interactions,
           coalesce(c.handle_seconds, 0) AS handle_seconds,
           c.last_contact_at, c.last_contact_kind, c.last_contact_channel,
           coalesce(c.open_cases, 0) AS open_cases,
           coalesce(c.survey_answers, 0) AS survey_answers,
           coalesce(c.survey_score, 0) AS survey_score,
           coalesce(c.survey_satisfied, 0) AS survey_satisfied
    FROM party p
    LEFT JOIN month m USING (customer_id)
    LEFT JOIN placed o USING (customer_id)
    LEFT JOIN pg_temp.refresh_contact_sum c USING (customer_id)
  $query$,
  crmcost._value_order_query(run),
  -- by an array, months are looked up; a join would read those of all
  crmcost._value_month_query(CASE WHEN run.whole THEN wanted
    ELSE 'x.customer_id = ANY (ARRAY(SELECT c.customer_id FROM pg_temp.refresh_changed c))'
    END),
  crmcost._value_party_query(run, wanted),
  pg_catalog.string_agg(pg_catalog.format(
    'coalesce(m.%1$s_cost, 0) AS %1$s_cost', b.name), ', '::text))
  FROM pg_catalog.unnest(crmcost._buckets()) AS b (name);
END;

COMMENT ON FUNCTION crmcost._value_query(crmcost._run, text) IS
  'Query of customer_value for the customers that a condition on x names.';
