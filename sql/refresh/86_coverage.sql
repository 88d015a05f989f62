-- Step coverage: of which customers which data are there.  The sums follow the
-- change: what the customers with news gave before goes, what they give now comes.
-- What changes of closed months counts in the first open one, which has what there is
-- by its end less what they say.
CREATE FUNCTION crmcost._customers_coverage(run crmcost._run)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF NOT run.whole THEN
    PERFORM crmcost._note_coverage(run, -1);
  END IF;
  changed := crmcost._write_difference(run.ledger, 'customer_coverage',
    crmcost._coverage_query(run), crmcost._rows_of_news(run));
  PERFORM crmcost._note_coverage(run, 1);
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._customers_coverage(crmcost._run) IS
  'Writes customer_coverage, and notes its sums; returns the rows changed.';

CREATE FUNCTION crmcost._groups_coverage(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  RETURN crmcost._write_difference(run.ledger, 'coverage_month', format($query$
        SELECT month_start, sum(customers)::bigint AS customers,
               sum(with_purchases)::bigint AS with_purchases,
               sum(with_behavior)::bigint AS with_behavior,
               sum(with_feedback)::bigint AS with_feedback,
               sum(with_all)::bigint AS with_all
        FROM (SELECT month_start, customers, with_purchases, with_behavior,
                     with_feedback, with_all
              FROM pg_temp.refresh_coverage
              UNION ALL
              SELECT m.month_start, m.customers, m.with_purchases,
                     m.with_behavior, m.with_feedback, m.with_all
              FROM coverage_month m
              WHERE NOT %1$L
                    AND m.month_start IN (SELECT c.month_start
                                          FROM pg_temp.refresh_coverage c)
              UNION ALL
              SELECT %2$L, -m.customers, -m.with_purchases, -m.with_behavior,
                     -m.with_feedback, -m.with_all
              FROM coverage_month m
              WHERE %1$L AND m.month_start < %2$L
             ) part
        GROUP BY month_start
        HAVING (sum(customers), sum(with_purchases), sum(with_behavior),
                sum(with_feedback), sum(with_all)) <> (0, 0, 0, 0, 0)
      $query$, run.whole, run.open_month),
      CASE WHEN run.whole
        THEN format('old.month_start >= %L', run.open_month)
        ELSE 'old.month_start IN (SELECT c.month_start FROM pg_temp.refresh_coverage c)'
      END);
END
$$;

COMMENT ON FUNCTION crmcost._groups_coverage(crmcost._run) IS
  'Writes coverage_month; returns the rows changed.';

CREATE FUNCTION crmcost._refresh_coverage(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._customers_coverage(run) + crmcost._groups_coverage(run);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_coverage(crmcost._run) IS
  'Step of refresh: customer_coverage and coverage_month; returns the rows changed.';

-- A source of data counts from the month on in which there is both the customer
-- and the source.
CREATE FUNCTION crmcost._note_coverage(run crmcost._run, sign integer)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_coverage
    SELECT greatest(k.month_start, run.open_month), sign * sum(k.customers), sign * sum(k.purchases),
           sign * sum(k.behavior), sign * sum(k.feedback), sign * sum(k.complete)
    FROM customer_coverage c
    CROSS JOIN LATERAL (VALUES
      (c.customer_month, 1, 0, 0, 0, 0),
      (greatest(c.customer_month, c.purchase_month), 0,
       num_nonnulls(c.purchase_month), 0, 0, 0),
      (greatest(c.customer_month, c.behavior_month), 0, 0,
       num_nonnulls(c.behavior_month), 0, 0),
      (greatest(c.customer_month, c.feedback_month), 0, 0, 0,
       num_nonnulls(c.feedback_month), 0),
      (greatest(c.customer_month, c.purchase_month, c.behavior_month,
                c.feedback_month), 0, 0, 0, 0,
       (num_nulls(c.purchase_month, c.behavior_month, c.feedback_month) = 0)
         ::integer)
    ) AS k (month_start, customers, purchases, behavior, feedback, complete)
    WHERE run.whole
          OR c.customer_id IN (SELECT n.customer_id
                               FROM pg_temp.refresh_customer n)
    GROUP BY 1;
END
$$;

COMMENT ON FUNCTION crmcost._note_coverage(crmcost._run, integer) IS
  'Adds to refresh_coverage what the customers with news give, with a sign.';

CREATE FUNCTION crmcost._coverage_query(run crmcost._run) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT customer_id,
         crmcost._month_of(least(v.acquired_on, v.first_ordered_on))
           AS customer_month,
         o.purchase_month, b.behavior_month,
         least(b.complaint_month, a.answer_month) AS feedback_month
  FROM customer_value v
  JOIN pg_temp.refresh_customer USING (customer_id)
  LEFT JOIN (SELECT customer_id, min(month_start) AS purchase_month
             FROM customer_order old
             WHERE is_order AND %1$s
             GROUP BY customer_id) o USING (customer_id)
  LEFT JOIN (SELECT customer_id,
                    min(month_start) FILTER (WHERE kind = 'behavior')
                      AS behavior_month,
                    min(month_start) FILTER (WHERE kind = 'complaint')
                      AS complaint_month
             FROM pg_temp.refresh_contact
             JOIN pg_temp.refresh_customer USING (customer_id)
             WHERE kind IN ('behavior', 'complaint')
             GROUP BY customer_id) b USING (customer_id)
  LEFT JOIN (SELECT customer_id, min(month_start) AS answer_month
             FROM survey_answer old
             WHERE score IS NOT NULL AND %1$s
             GROUP BY customer_id) a USING (customer_id)
  WHERE NOT v.is_technical
        AND num_nonnulls(v.acquired_on, v.first_ordered_on) > 0
$query$, crmcost._rows_of_news(run));

COMMENT ON FUNCTION crmcost._coverage_query(crmcost._run) IS
  'Query of customer_coverage for the customers with news.';
