-- Step case: cases of the customers whose contacts changed, and the work on them; and
-- the care of all with news, which orders follow.
--
-- A contact (ticket, complaint, return) opens its case, or opens it again if it was
-- resolved before and nobody came since.  A step (kind care with the case_ref) does
-- neither.  What has its month in a closed one stays there; what was said of a
-- closed month later counts in the first open one.
CREATE FUNCTION crmcost._refresh_case(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  scope CONSTANT text := crmcost._rows_of_contacts(run);
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  PERFORM crmcost._find_cases(run);
  PERFORM crmcost._time_cases(run);
  PERFORM crmcost._find_work(run);
  EXECUTE 'INSERT INTO pg_temp.refresh_care ' || crmcost._care_query(run);
  PERFORM crmcost._find_case_months(run);
  RETURN crmcost._write_difference(run.ledger, 'service_case',
           'SELECT * FROM pg_temp.refresh_case', scope)
         + crmcost._write_difference(run.ledger, 'service_contact',
           'SELECT * FROM pg_temp.refresh_service_work',
           crmcost._in_open_months(run, scope))
         + crmcost._write_difference(run.ledger, 'customer_care',
           'SELECT * FROM pg_temp.refresh_care',
           crmcost._in_open_months(run, crmcost._rows_of_news(run)));
END
$$;

COMMENT ON FUNCTION crmcost._refresh_case(crmcost._run) IS
  'Step of refresh: service_case, service_contact and customer_care; returns the rows changed.';

CREATE FUNCTION crmcost._in_open_months(run crmcost._run, scope text)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format('%s AND old.month_start >= %L', scope, run.open_month);

COMMENT ON FUNCTION crmcost._in_open_months(crmcost._run, text) IS
  'Condition on old that a row is among those that another names, and of an open month.';

CREATE FUNCTION crmcost._counted_month(at timestamptz, before date, zone text,
                                       open_month date)
  RETURNS date
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
  WHEN crmcost._month_of((at AT TIME ZONE zone)::date) >= open_month
    THEN crmcost._month_of((at AT TIME ZONE zone)::date)
  WHEN at IS NOT NULL
    THEN CASE WHEN before < open_month THEN before ELSE open_month END END;

COMMENT ON FUNCTION crmcost._counted_month(timestamptz, date, text, date) IS
  'Month in which counts what happened at an instant, given where the store has it; NULL for no instant.';

-- What was done in a closed month and told of later made the next contact one that
-- opens the case again, be that of the closed month itself: it counts beside what was
-- done, in the first open one.
CREATE FUNCTION crmcost._reopened_months(months date[], before date[],
                                         open_month date)
  RETURNS date[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN months = '{}'::date[] THEN months
         ELSE (SELECT pg_catalog.array_agg(
                        CASE WHEN u.month >= open_month THEN u.month
                          WHEN before[u.n] < open_month THEN before[u.n]
                          ELSE open_month END ORDER BY u.n)
               FROM pg_catalog.unnest(months)
                      WITH ORDINALITY AS u (month, n)) END;

COMMENT ON FUNCTION crmcost._reopened_months(date[], date[], date) IS
  'Months in which the reopenings of a case count, given those of its contacts and where the store has them.';

-- Rows of cases; own_id is the number of a row that is a case of its own, else 0.
CREATE FUNCTION crmcost._case_rows() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $query$
  SELECT c.*, coalesce(c.case_ref, '') AS ref,
         CASE WHEN c.case_ref IS NULL THEN c.interaction_id ELSE 0 END
           AS own_id,
         c.kind <> 'care' OR c.case_ref IS NULL AS is_contact,
         coalesce(c.handle_seconds, 60 * c.minutes, 0) AS seconds
  FROM pg_temp.refresh_contact c
  JOIN pg_temp.refresh_customer n
    ON n.customer_id = c.customer_id AND n.of_contacts
  WHERE c.kind IN ('ticket', 'complaint', 'return')
        OR c.kind = 'care'
           AND (c.case_ref IS NOT NULL OR c.due_at IS NOT NULL)
$query$;

COMMENT ON FUNCTION crmcost._case_rows() IS
  'Query of the rows of refresh_contact that belong to cases of the customers whose contacts changed.';

-- What the store has of them, under the number of the party.
CREATE FUNCTION crmcost._cases_before(open_month date) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT DISTINCT ON (1, 2, 3, 4)
         coalesce(p.party_id, o.customer_id) AS customer_id, o.source,
         o.case_ref AS ref, o.interaction_id AS own_id, o.opened_month,
         o.responded_month, o.due_month, o.closing_months,
         o.reopening_months
  FROM service_case o
  LEFT JOIN pg_temp.refresh_party p ON p.customer_id = o.customer_id
  WHERE %L
        AND coalesce(p.party_id, o.customer_id)
            IN (SELECT r.customer_id FROM pg_temp.refresh_customer r
                WHERE r.of_contacts)
  ORDER BY 1, 2, 3, 4, o.opened_at
$query$, pg_catalog.isfinite(open_month));

COMMENT ON FUNCTION crmcost._cases_before(date) IS
  'Query of the months in which the cases of the customers with news count so far, where any month is closed.';

-- Most cases are resolved once, if at all.  A case is opened once: what a closed month
-- has as opened stays there, also when who came before that is told of later.
CREATE FUNCTION crmcost._find_cases(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_case
        (customer_id, source, case_ref, interaction_id, opened_at,
         opened_month, kind, subtype, phase, channel_code, product_code, team,
         service_level, agent_code, automated, cases, contacts, steps,
         handle_seconds, first_response_at, responded_month, response_seconds,
         response_open_seconds, due_at, due_month, due_met, closed_at,
         closed_month, resolution_seconds, resolution_open_seconds, reopenings,
         closing_months, reopening_months, response_met, resolution_met)
      WITH again AS (%s), one AS (%s)
      SELECT o.customer_id, o.source, o.ref, o.own_id, o.opened_at,
             CASE WHEN b.opened_month < $2 THEN b.opened_month
               ELSE o.opened_month END, o.kind, o.subtype, o.phase, o.channel_code,
             o.product_code, o.team, o.service_level, o.agent_code,
             o.automated, o.cases, o.contacts, o.steps, o.seconds,
             o.responded_at,
             crmcost._counted_month(o.responded_at, b.responded_month, $1, $2),
             t.response, t.response, o.due_at, d.month,
             CASE WHEN d.month IS NOT NULL
               THEN coalesce(o.closed_at <= o.due_at, false) END,
             o.closed_at, CASE WHEN o.closed_at IS NOT NULL
               THEN k.months[cardinality(k.months)] END,
             t.resolution, t.resolution, cardinality(o.reopening_months),
             k.months, crmcost._reopened_months(o.reopening_months, b.reopening_months, $2), %s
      FROM (SELECT o.*, coalesce(a.closings, '{}') AS closings,
                   coalesce(a.reopening_months, '{}') AS reopening_months
            FROM one o
            LEFT JOIN again a USING (customer_id, source, ref, own_id)) o
      LEFT JOIN (%s) b USING (customer_id, source, ref, own_id)
      CROSS JOIN LATERAL (
        VALUES (extract(epoch FROM o.responded_at - o.opened_at),
                extract(epoch FROM o.closed_at - o.opened_at)))
        AS t (response, resolution)
      CROSS JOIN LATERAL (
        VALUES (CASE WHEN o.due_at < $3 THEN
                  crmcost._counted_month(o.due_at, b.due_month, $1, $2) END))
        AS d (month)
      CROSS JOIN LATERAL (
        VALUES (CASE WHEN o.closings = '{}' AND o.closed_at IS NULL THEN '{}'
          WHEN o.closings = '{}'
            THEN ARRAY[crmcost._counted_month(o.closed_at,
                                              b.closing_months[1], $1, $2)]
          ELSE (
            SELECT array_agg(crmcost._counted_month(
                     u.at, b.closing_months[u.n], $1, $2) ORDER BY u.n)
            FROM unnest(o.closings || CASE WHEN o.closed_at IS NOT NULL
                          THEN ARRAY[o.closed_at] ELSE '{}' END)
                   WITH ORDINALITY AS u (at, n)) END)) AS k (months)
    $query$, crmcost._case_reopenings(), crmcost._case_sums(),
    format(crmcost._case_verdicts(run.ledger), 't.response', 't.resolution',
           'o.closed_at', 'o.due_at'),
    crmcost._cases_before(run.open_month))
    USING run.zone, run.open_month, run.upto;
  ANALYZE pg_temp.refresh_case;
END
$$;

COMMENT ON FUNCTION crmcost._find_cases(crmcost._run) IS
  'Fills refresh_case: the cases of the customers with news, with their times by the clock of all days.';

-- Who comes when the last thing that happened was a resolution opens the case again.
-- An earlier contact that is resolved only after that takes none of it back.  Of
-- resolutions without a contact between them the first one is meant: what was done
-- at the end of a month stays so, whatever is resolved later.
CREATE FUNCTION crmcost._case_reopenings() RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT e.customer_id, e.source, e.ref, e.own_id,
         (array_agg(e.at ORDER BY e.at) FILTER (WHERE e.resolves))
           [:count(*) FILTER (WHERE NOT e.resolves)] AS closings,
         array_agg(e.month_start ORDER BY e.at, e.interaction_id)
           FILTER (WHERE NOT e.resolves) AS reopening_months
  FROM (SELECT v.*, lag(v.resolves) OVER along AS resolved_before
        FROM (SELECT l.customer_id, l.source, l.ref, l.own_id, l.month_start,
                     l.interaction_id, u.at, u.resolves
              FROM (%s) l
              CROSS JOIN LATERAL (VALUES (l.occurred_at, false),
                                         (l.resolved_at, true))
                AS u (at, resolves)
              WHERE l.is_contact AND l.own_id = 0 AND u.at IS NOT NULL) v
        WINDOW along AS (PARTITION BY v.customer_id, v.source, v.ref
                         ORDER BY v.at, v.resolves, v.interaction_id)) e
  WHERE e.resolved_before <> e.resolves
  GROUP BY e.customer_id, e.source, e.ref, e.own_id
  HAVING count(*) FILTER (WHERE NOT e.resolves) > 0
$query$, crmcost._case_rows());

COMMENT ON FUNCTION crmcost._case_reopenings() IS
  'Query of the cases of _case_rows that were opened again: the resolutions before that, and the months in which it counts.';

-- Steps without a contact are of a case that is not known.  All windows are in the
-- order of the cases: that is sorted once.
CREATE FUNCTION crmcost._case_sums() RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT l.customer_id, l.source, l.ref, l.own_id,
         min(l.occurred_at) FILTER (WHERE l.is_contact) AS opened_at,
         min(l.month_start) FILTER (WHERE f) AS opened_month,
         min(l.kind) FILTER (WHERE f) AS kind,
         min(l.subtype) FILTER (WHERE f) AS subtype,
         coalesce(min(l.phase) FILTER (WHERE f), '(unknown)') AS phase,
         min(l.channel_code) FILTER (WHERE f) AS channel_code,
         coalesce(min(l.product_code) FILTER (WHERE f), min(l.product_code),
                  '(unknown)') AS product_code,
         min(l.team) FILTER (WHERE f) AS team,
         min(l.service_level) FILTER (WHERE f) AS service_level,
         coalesce(min(l.agent_code) FILTER (WHERE l.place = l.agent_place),
                  '(unknown)') AS agent_code,
         bool_and(l.automated) AS automated,
         CASE l.own_id WHEN 0 THEN 1 ELSE min(l.n) END AS cases,
         count(*) FILTER (WHERE l.is_contact) AS contacts,
         count(*) AS steps, sum(l.seconds) AS seconds,
         least(min(l.first_response_at)
                 FILTER (WHERE l.first_response_at >= l.began_at),
               min(l.resolved_at) FILTER (WHERE l.is_contact)) AS responded_at,
         max(l.due_at) AS due_at,
         min(l.resolved_at) FILTER (WHERE l.is_contact
                                          AND l.resolved_at >= l.came_last)
           AS closed_at
  FROM (SELECT l.*, l.is_contact AND l.came = 1 AS f,
               min(l.occurred_at) FILTER (WHERE l.is_contact) OVER of_case
                 AS began_at,
               max(l.occurred_at) FILTER (WHERE l.is_contact) OVER of_case
                 AS came_last,
               max(l.place) FILTER (WHERE l.agent_code IS NOT NULL) OVER of_case
                 AS agent_place
        FROM (SELECT l.*, row_number() OVER along AS place,
                     count(*) FILTER (WHERE l.is_contact) OVER (
                       along ROWS UNBOUNDED PRECEDING) AS came
              FROM (%s) l
              WINDOW along AS (PARTITION BY l.customer_id, l.source, l.ref,
                                            l.own_id
                               ORDER BY l.occurred_at, l.interaction_id)) l
        WINDOW of_case AS (PARTITION BY l.customer_id, l.source, l.ref,
                                        l.own_id)) l
  WHERE l.began_at IS NOT NULL
  GROUP BY l.customer_id, l.source, l.ref, l.own_id
$query$, crmcost._case_rows());

COMMENT ON FUNCTION crmcost._case_sums() IS
  'Query of cases, of the rows of _case_rows.';

-- Whether a case was answered and resolved in time, as a format: how long that took,
-- when it was resolved, and until when it was to be.
CREATE FUNCTION crmcost._case_verdicts(ledger name) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($terms$
  %%1$s <= %1$s,
  CASE WHEN %%3$s IS NULL THEN NULL
    WHEN %%4$s IS NOT NULL THEN %%3$s <= %%4$s ELSE %%2$s <= %2$s END
$terms$,
  3600 * crmcost._setting(ledger, 'sla_first_response_hours')::numeric,
  3600 * crmcost._setting(ledger, 'sla_resolution_hours')::numeric);

COMMENT ON FUNCTION crmcost._case_verdicts(name) IS
  'Format of the terms of response_met and resolution_met of a case.';

-- Where calendar says nothing, business time is all time.
CREATE FUNCTION crmcost._time_cases(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM calendar) THEN
    RETURN;
  END IF;
  PERFORM crmcost._find_hours(run);
  PERFORM crmcost._count_open_seconds(run.ledger);
  IF crmcost._setting(run.ledger, 'sla_clock') = 'business' THEN
    EXECUTE format('UPDATE pg_temp.refresh_case SET (response_met, resolution_met) = ROW(%s)',
                   format(crmcost._case_verdicts(run.ledger),
                          'response_open_seconds', 'resolution_open_seconds',
                          'closed_at', 'due_at'));
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._time_cases(crmcost._run) IS
  'Fills in what of the times of the cases of refresh_case is time of business, and whether that was in time.';

CREATE FUNCTION crmcost._count_open_seconds(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  open_before CONSTANT text := $query$
    coalesce((SELECT h.seconds_before
                     + extract(epoch FROM least(h.closes_at, c.%1$I)
                                          - h.opens_at)
              FROM pg_temp.refresh_hours h
              WHERE h.team = c.team AND h.opens_at <= c.%1$I
              ORDER BY h.opens_at DESC LIMIT 1), 0)
  $query$;
  teams record;
BEGIN
  SELECT coalesce(array_agg(t.team) FILTER (WHERE t.has_hours), '{}') AS open,
         coalesce(array_agg(t.team) FILTER (WHERE NOT t.has_hours), '{}')
           AS never_open
    INTO teams
    FROM (SELECT k.team, crmcost._has_hours(ledger, k.team) AS has_hours
          FROM (SELECT DISTINCT c.team FROM pg_temp.refresh_case c) k) t;
  UPDATE pg_temp.refresh_case c SET
    response_open_seconds = NULL,
    resolution_open_seconds = NULL
    WHERE c.team = ANY (teams.never_open);
  EXECUTE format($query$
    UPDATE pg_temp.refresh_case c SET
      response_open_seconds = CASE WHEN c.first_response_at IS NOT NULL
                                THEN %2$s - %1$s END,
      resolution_open_seconds = CASE WHEN c.closed_at IS NOT NULL
                                  THEN %3$s - %1$s END
      WHERE c.team = ANY ($1)
            AND num_nonnulls(c.first_response_at, c.closed_at) > 0
    $query$, format(open_before, 'opened_at'),
    format(open_before, 'first_response_at'), format(open_before, 'closed_at'))
    USING teams.open;
END
$$;

COMMENT ON FUNCTION crmcost._count_open_seconds(name) IS
  'Fills in how much of the time of the cases of refresh_case lies in business hours.';

CREATE FUNCTION crmcost._find_work(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_service_work
      SELECT customer_id, month_start, kind, channel_code,
             coalesce(product_code, '(unknown)'), team, service_level,
             coalesce(agent_code, '(unknown)'), automated,
             coalesce(sum(n) FILTER (WHERE kind <> 'care'), 0)::bigint,
             sum(seconds)
      FROM (%s) l
      WHERE month_start >= $1
      GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
    $query$, crmcost._case_rows()) USING run.open_month;
  ANALYZE pg_temp.refresh_service_work;
END
$$;

COMMENT ON FUNCTION crmcost._find_work(crmcost._run) IS
  'Fills refresh_service_work: the work on cases of the customers with news in the open months.';

-- What followed: an order within response_window_days after the contact.
CREATE FUNCTION crmcost._care_query(run crmcost._run) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT c.customer_id, c.month_start, coalesce(c.phase, '(unknown)') AS phase,
         sum(c.n)::bigint AS contacts,
         sum(coalesce(c.handle_seconds, 60 * c.minutes, 0)) AS handle_seconds,
         coalesce(sum(c.n) FILTER (WHERE o.follows AND NOT o.knew), 0)::bigint
           AS converted,
         coalesce(sum(c.n) FILTER (WHERE o.follows AND o.knew), 0)::bigint
           AS repeated
  FROM pg_temp.refresh_contact c
  JOIN pg_temp.refresh_customer USING (customer_id)
  CROSS JOIN LATERAL (
    SELECT coalesce(bool_or(o.ordered_at <= c.occurred_at), false) AS knew,
           coalesce(bool_or(o.ordered_at > c.occurred_at
                            AND o.ordered_at <= c.occurred_at
                                + %s * interval '24 hours'), false) AS follows
    FROM customer_order o
    WHERE o.customer_id = c.customer_id AND o.is_order
  ) o
  WHERE c.kind = 'care' AND c.month_start >= %L
  GROUP BY 1, 2, 3
$query$, crmcost._setting(run.ledger, 'response_window_days'), run.open_month);

COMMENT ON FUNCTION crmcost._care_query(crmcost._run) IS
  'Query of customer_care for the customers with news.';

-- Open months of which the sums are to be made anew.
CREATE FUNCTION crmcost._find_case_months(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  scope CONSTANT text := crmcost._rows_of_contacts(run);
BEGIN
  IF run.whole THEN
    RETURN;
  END IF;
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_case_month
      SELECT m.month_start
      FROM ((SELECT %2$s FROM service_case old WHERE %1$s
             EXCEPT SELECT %3$s FROM pg_temp.refresh_case new)
            UNION ALL
            (SELECT %3$s FROM pg_temp.refresh_case new
             EXCEPT SELECT %2$s FROM service_case old WHERE %1$s)) c
      CROSS JOIN LATERAL unnest(
        ARRAY[c.opened_month, c.responded_month, c.due_month, c.closed_month]
        || c.closing_months || c.reopening_months) AS m (month_start)
      WHERE m.month_start >= $1
      UNION SELECT unnest($2)
      UNION SELECT unnest($3)
    $query$, scope, crmcost._column_list('service_case', 'old'),
    crmcost._column_list('service_case', 'new'))
    USING run.open_month,
          crmcost._months_that_differ('service_contact',
            'refresh_service_work', crmcost._in_open_months(run, scope)),
          crmcost._months_that_differ('customer_care', 'refresh_care',
            crmcost._in_open_months(run, crmcost._rows_of_news(run)));
END
$$;

COMMENT ON FUNCTION crmcost._find_case_months(crmcost._run) IS
  'Fills refresh_case_month: the open months in which cases and work on them differ from the store; not where everything is computed.';
