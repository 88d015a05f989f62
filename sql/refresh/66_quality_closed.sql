-- Facts of closed months that were changed or dropped since.  The month stands; the
-- finding says what its facts sum to now.  Looked at are the closed months in
-- which table touched has something, or all in a refresh of everything.

CREATE FUNCTION crmcost._closed_months(run crmcost._run, relations text[])
  RETURNS date[]
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN ARRAY(
    SELECT c.month_start FROM closed_period c
    WHERE run.whole
          OR EXISTS (SELECT FROM touched t
                     WHERE t.relation = ANY (relations)
                           AND t.from_on < c.month_start + interval '1 month'
                           AND t.before_on > c.month_start)
          -- the rate is that of the day of the entry, which may be for earlier days
          OR 'cost_entry' = ANY (relations)
             AND EXISTS (
               SELECT FROM touched t
               JOIN cost_entry e
                 ON e.incurred_on >= t.from_on AND e.incurred_on < t.before_on
               WHERE t.relation = 'fx_rate'
                     AND lower(e.covers) < c.month_start + interval '1 month'
                     AND upper(e.covers) > c.month_start)
    ORDER BY 1);
END
$$;

COMMENT ON FUNCTION crmcost._closed_months(crmcost._run, text[]) IS
  'Closed months in which facts of some tables, or their rates, may have changed.';

-- From the first day of which a fact may count in one of these months: what came
-- late for an earlier one is in late_fact.
CREATE FUNCTION crmcost._first_booked(relation text, months date[])
  RETURNS date
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
#variable_conflict use_variable
BEGIN
  RETURN least(months[1], (SELECT min(l.booked_on) FROM late_fact l
                           WHERE l.relation = relation
                                 AND (l.month_start = ANY (months)
                                      OR relation = 'cost_entry')));
END
$$;

COMMENT ON FUNCTION crmcost._first_booked(text, date[]) IS
  'First day of a fact of a table that may count in one of these closed months.';

CREATE FUNCTION crmcost._write_closed_findings(run crmcost._run)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  part record;
  changed bigint := 0;
BEGIN
  FOR part IN
    SELECT k.check_name, crmcost._closed_months(run, k.relations) AS months
    FROM (VALUES ('closed_sale_changed', '{sale,fx_rate}'::text[]),
                 ('closed_cost_changed', '{cost_entry,fx_rate}'),
                 ('closed_interaction_changed', '{interaction}'))
      AS k (check_name, relations)
  LOOP
    -- what is reopened is no finding
    IF part.months = '{}'
       AND NOT EXISTS (SELECT FROM quality_finding f
                       WHERE f.check_name = part.check_name
                             AND f.month_start >= run.open_month) THEN
      CONTINUE;
    END IF;
    changed := changed + crmcost._write_findings(run, ARRAY[part.check_name],
      format('SELECT %L AS check_name, q.month_start, ''error'' AS severity, 1::bigint AS rows, q.amount, q.words FROM (%s) q',
             part.check_name,
             CASE part.check_name
               WHEN 'closed_sale_changed'
                 THEN crmcost._closed_sales(run, part.months)
               WHEN 'closed_cost_changed'
                 THEN crmcost._closed_cost(run, part.months)
               ELSE crmcost._closed_interactions(run, part.months) END),
      format('%L OR old.month_start = ANY (%L::date[]) OR old.month_start >= %L',
             run.whole, part.months, run.open_month));
  END LOOP;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._write_closed_findings(crmcost._run) IS
  'Writes the findings about facts of closed months; returns the rows changed.';

CREATE FUNCTION crmcost._closed_sales(run crmcost._run, months date[])
  RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN format($query$
    SELECT month_start, f.revenue - c.revenue AS amount,
           ARRAY['closed_sale', to_char(month_start, 'YYYY-MM'),
                 c.revenue::text, c.margin::text, trim_scale(c.quantity)::text,
                 f.revenue::text, f.margin::text,
                 trim_scale(f.quantity)::text] AS words
    FROM (SELECT u.month_start, coalesce(sum(m.revenue), 0.0000) AS revenue,
                 coalesce(sum(m.margin), 0.0000) AS margin,
                 coalesce(sum(m.quantity), 0) AS quantity
          FROM unnest(%1$L::date[]) AS u (month_start)
          LEFT JOIN sale_month m USING (month_start)
          GROUP BY u.month_start) c
    JOIN (SELECT u.month_start,
                 round(coalesce(sum(s.base_amount), 0), 4) AS revenue,
                 round(coalesce(sum(s.base_margin), 0), 4) AS margin,
                 coalesce(sum(s.quantity), 0) AS quantity
          FROM unnest(%1$L::date[]) AS u (month_start)
          LEFT JOIN %2$s s USING (month_start)
          GROUP BY u.month_start) f USING (month_start)
    WHERE (c.revenue, c.margin, c.quantity)
          <> (f.revenue, f.margin, f.quantity)
    $query$, months,
    CASE WHEN run.whole THEN
      crmcost._of_parts(run, 'refresh_part_closed', 'SELECT l.month_start, sum(l.base_amount) AS base_amount, sum(l.base_margin) AS base_margin, sum(l.quantity) AS quantity
          FROM pg_temp.refresh_line l GROUP BY l.month_start')
    ELSE format(
      '(SELECT month_start, base_amount, base_margin, CASE WHEN rate IS NOT NULL
       THEN quantity END AS quantity FROM sale_base WHERE sold_at >= %L AND sold_at < %L)',
      crmcost._midnight(crmcost._first_booked('sale', months), run.zone),
      least(run.upto, crmcost._midnight(run.open_month, run.zone)))
    END);
END
$$;

COMMENT ON FUNCTION crmcost._closed_sales(crmcost._run, date[]) IS
  'Query of closed months whose sales differ from what was counted.';

-- What is booked after the report day of the closing does not count there, so that
-- the report day of this refresh, which may be an earlier one, does not matter.
CREATE FUNCTION crmcost._closed_cost(run crmcost._run, months date[])
  RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN format($query$
    SELECT month_start, f.cost - c.cost AS amount,
           ARRAY['closed_cost', to_char(month_start, 'YYYY-MM'),
                 c.cost::text, f.cost::text] AS words
    FROM (SELECT u.month_start, coalesce(sum(m.cost), 0) AS cost
          FROM unnest(%1$L::date[]) AS u (month_start)
          LEFT JOIN cost_month m USING (month_start)
          GROUP BY u.month_start) c
    JOIN (SELECT u.month_start, round(coalesce(sum(e.base_amount), 0), 4)
                                  AS cost
          FROM unnest(%1$L::date[]) AS u (month_start)
          LEFT JOIN (SELECT * FROM accrued_cost
                     WHERE accrued OR incurred_on >= %2$L) e
            USING (month_start)
          GROUP BY u.month_start) f USING (month_start)
    WHERE c.cost <> f.cost
    $query$, months, crmcost._first_booked('cost_entry', months));
END
$$;

COMMENT ON FUNCTION crmcost._closed_cost(crmcost._run, date[]) IS
  'Query of closed months whose cost differs from what was counted.';

CREATE FUNCTION crmcost._closed_interactions(run crmcost._run, months date[])
  RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN format($query$
    SELECT month_start, NULL::numeric AS amount,
           ARRAY['closed_interaction', to_char(month_start, 'YYYY-MM'),
                 c.n::text, c.seconds::text, f.n::text, f.seconds::text]
             AS words
    FROM (SELECT u.month_start, coalesce(sum(m.interactions), 0) AS n,
                 coalesce(sum(m.handle_seconds), 0) AS seconds
          FROM unnest(%1$L::date[]) AS u (month_start)
          LEFT JOIN contact_month m USING (month_start)
          GROUP BY u.month_start) c
    JOIN (SELECT u.month_start, coalesce(sum(i.n), 0) AS n,
                 coalesce(sum(i.handle_seconds), 0) AS seconds
          FROM unnest(%1$L::date[]) AS u (month_start)
          LEFT JOIN %2$s i USING (month_start)
          GROUP BY u.month_start) f USING (month_start)
    WHERE (c.n, c.seconds) <> (f.n, f.seconds)
    $query$, months,
    CASE WHEN run.whole THEN
      crmcost._of_parts(run, 'refresh_part_contacts', 'SELECT c.month_start, sum(c.n) AS n, sum(c.handle_seconds) AS handle_seconds
          FROM pg_temp.refresh_contact c GROUP BY c.month_start')
    ELSE format('(%s)', crmcost._closed_contacts(run, months)) END);
END
$$;

COMMENT ON FUNCTION crmcost._closed_interactions(crmcost._run, date[]) IS
  'Query of closed months whose interactions differ from what was counted.';

CREATE FUNCTION crmcost._closed_contacts(run crmcost._run, months date[])
  RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN format($query$
    SELECT i.n, i.handle_seconds,
           CASE WHEN late.fact_id IS NULL
             THEN date_trunc('month', i.day::timestamp)::date
             ELSE late.month_start END AS month_start
    FROM (SELECT a.interaction_id, a.occurred_at, a.n, a.handle_seconds,
                 (a.occurred_at AT TIME ZONE %L)::date AS day
          FROM interaction a) i
    LEFT JOIN late_fact late
      ON late.relation = 'interaction' AND late.fact_id = i.interaction_id
         AND late.booked_on = i.day
    WHERE i.occurred_at >= %L AND i.occurred_at < %L
    $query$, run.zone,
    crmcost._midnight(crmcost._first_booked('interaction', months), run.zone),
    least(run.upto, crmcost._midnight(run.open_month, run.zone)));
END
$$;

COMMENT ON FUNCTION crmcost._closed_contacts(crmcost._run, date[]) IS
  'Query of the interactions that may count in some closed months.';
