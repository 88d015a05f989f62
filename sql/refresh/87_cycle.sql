-- Step cycle: the stages of customers as times spent in them, and what that
-- makes by month: who came, stayed and went, from where to where, and why.
--
-- The step stage has told the times of whose stages may have changed.  A month counts
-- anew when a step in it changed; what counts customers at a day, from the
-- first such month on.  When a stage was left is when the next was entered.
CREATE FUNCTION crmcost._customers_cycle(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  scope CONSTANT text := crmcost._rows_of_stage_news(run, 'old');
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  ANALYZE pg_temp.refresh_spell;
  PERFORM crmcost._find_reasons(run);
  PERFORM crmcost._infer_reasons(run);
  PERFORM crmcost._note_months(run, 'stage_spell', 'refresh_spell', scope,
                               'left_on');
  RETURN crmcost._write_difference(run.ledger, 'stage_spell',
    'SELECT customer_id, entered_at, month_start, entered_on, left_on, stage, stage_before, days_before, by_rule, reason_code, reason_inferred, channel_code
     FROM pg_temp.refresh_spell',
    scope, ordered => true);
END
$$;

COMMENT ON FUNCTION crmcost._customers_cycle(crmcost._run) IS
  'Writes stage_spell; returns the rows changed.';

CREATE FUNCTION crmcost._groups_cycle(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  in_months CONSTANT text := crmcost._noted_months(run, 'stage_spell');
  first_month date := run.open_month;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF NOT run.whole THEN
    first_month := greatest(first_month, least(
      crmcost._month_of(run.day),
      crmcost._month_of(crmcost._report_day(run.upto_before, run.zone)),
      (SELECT min(d.month_start) FROM pg_temp.refresh_differing d
       WHERE d.target = 'stage_spell')));
  ELSIF NOT isfinite(first_month) THEN
    EXECUTE format('SELECT coalesce(min(s.month_start), $1) FROM %s s',
                   crmcost._of_parts(run, 'refresh_part_first',
                     'SELECT min(s.month_start) AS month_start FROM stage_spell s'))
      INTO first_month USING crmcost._month_of(run.day);
  END IF;
  PERFORM crmcost._find_stage_changes(run, first_month);
  RETURN crmcost._write_difference(run.ledger, 'stage_flow_month', $query$
      SELECT month_start, stage_before AS stage_from, stage AS stage_to,
             sum(customers)::bigint AS transitions,
             round(crmcost._counted_median(
                     array_agg(days_before ORDER BY days_before),
                     array_agg(customers ORDER BY days_before))::numeric, 6)
               AS median_days
      FROM pg_temp.refresh_stage_change old
      WHERE kind = 'moved' AND $query$ || in_months || $query$
      GROUP BY month_start, stage_before, stage
    $query$, in_months)
    + crmcost._write_difference(run.ledger, 'churn_reason_month', $query$
      SELECT month_start, coalesce(reason_code, '(unknown)') AS reason_code,
             coalesce(reason_inferred, false) AS inferred,
             sum(customers)::bigint AS customers
      FROM pg_temp.refresh_stage_change old
      WHERE kind = 'told' AND stage = 'churned' AND $query$ || in_months || $query$
      GROUP BY 1, 2, 3
    $query$, in_months)
    + crmcost._write_stage_day(run, first_month)
    + crmcost._write_churn_month(run, first_month);
END
$$;

COMMENT ON FUNCTION crmcost._groups_cycle(crmcost._run) IS
  'Writes stage_day, stage_flow_month, churn_month and churn_reason_month; returns the rows changed.';

CREATE FUNCTION crmcost._refresh_cycle(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._customers_cycle(run) + crmcost._groups_cycle(run);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_cycle(crmcost._run) IS
  'Step of refresh: stage_spell, stage_day, stage_flow_month, churn_month and churn_reason_month; returns the rows changed.';

-- What percentile_cont(0.5) says of values each of which is there as often as counts
-- says; NULLs are none of them.
CREATE FUNCTION crmcost._counted_median(ordered integer[], counts bigint[])
  RETURNS float8
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
  SELECT (pg_catalog.min(u.value)
            FILTER (WHERE 2 * u.upto >= u.times)
          + pg_catalog.min(u.value)
              FILTER (WHERE 2 * u.upto >= u.times + 2 - u.times % 2)) / 2::float8
  FROM (
    SELECT u.value, pg_catalog.sum(u.n) OVER (ORDER BY u.place) AS upto,
           pg_catalog.sum(u.n) OVER () AS times
    FROM ROWS FROM (pg_catalog.unnest(ordered), pg_catalog.unnest(counts))
           WITH ORDINALITY AS u (value, n, place)
    WHERE u.value IS NOT NULL
  ) u);

COMMENT ON FUNCTION crmcost._counted_median(integer[], bigint[]) IS
  'Median of values in order, each counted as often as counts says; NULL without any.';

-- Of two rows of merged customers at one instant that by hand counts.  A row that
-- says what the one before says begins nothing.
CREATE FUNCTION crmcost._marked_query(run crmcost._run, customers bigint[])
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT h.*, lag(h.code) OVER life IS DISTINCT FROM h.code AS begins
  FROM (
    SELECT DISTINCT ON (customer_id, entered_at) *
    FROM (
      SELECT k.customer_id, k.entered_at, k.code, k.reason_code, k.by_rule
      FROM classification k
      WHERE k.dimension = 'stage' AND k.entered_at < %1$L
            AND k.customer_id = ANY (%2$L::bigint[])
            AND k.customer_id NOT IN (SELECT p.customer_id
                                      FROM pg_temp.refresh_party p)
      UNION ALL
      SELECT p.party_id, k.entered_at, k.code, k.reason_code, k.by_rule
      FROM pg_temp.refresh_party p
      JOIN classification k ON k.customer_id = p.customer_id
      WHERE k.dimension = 'stage' AND k.entered_at < %1$L
            AND p.party_id = ANY (%2$L::bigint[])
    ) k
    ORDER BY customer_id, entered_at, by_rule, code
  ) h
  WINDOW life AS (PARTITION BY customer_id ORDER BY entered_at)
$query$, run.upto, customers);

COMMENT ON FUNCTION crmcost._marked_query(crmcost._run, bigint[]) IS
  'Query of the rows of classification that tell the stages of some customers, and whether a stage begins there.';

-- Times in a stage have the last reason that somebody gave in them.  Few customers
-- have one: their histories are read again.
CREATE FUNCTION crmcost._find_reasons(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  customers bigint[];
BEGIN
  EXECUTE format($query$
    SELECT array_agg(DISTINCT customer_id)
    FROM (
      SELECT k.customer_id
      FROM classification k
      WHERE k.dimension = 'stage' AND k.reason_code IS NOT NULL AND %s
      UNION ALL
      SELECT p.party_id
      FROM pg_temp.refresh_party p
      JOIN pg_temp.refresh_stage_customer c ON c.customer_id = p.party_id
      JOIN classification k ON k.customer_id = p.customer_id
      WHERE k.dimension = 'stage' AND k.reason_code IS NOT NULL
    ) told
    $query$, crmcost._rows_of_stage_news(run, 'k')) INTO customers;
  IF customers IS NULL THEN
    RETURN;
  END IF;
  EXECUTE format($query$
    UPDATE pg_temp.refresh_spell s
      SET reason_code = told.reason_code, reason_inferred = false
      FROM (
        SELECT DISTINCT ON (customer_id, began_at) customer_id, began_at,
               reason_code
        FROM (SELECT m.*, max(m.entered_at) FILTER (WHERE m.begins) OVER life
                       AS began_at
              FROM (%s) m
              WINDOW life AS (PARTITION BY customer_id ORDER BY entered_at)) m
        WHERE reason_code IS NOT NULL
        ORDER BY customer_id, began_at, entered_at DESC
      ) told
      WHERE s.customer_id = told.customer_id AND s.entered_at = told.began_at
    $query$, crmcost._marked_query(run, customers));
END
$$;

COMMENT ON FUNCTION crmcost._find_reasons(crmcost._run) IS
  'Gives the times of refresh_spell the reasons that somebody gave.';

CREATE FUNCTION crmcost._infer_reasons(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  EXECUTE format($query$
    UPDATE pg_temp.refresh_spell s
      SET reason_code = last.reason_code, reason_inferred = true
      FROM (
        SELECT DISTINCT ON (s.customer_id, s.entered_at)
               s.customer_id, s.entered_at, i.reason_code
        FROM (SELECT coalesce(p.party_id, i.customer_id) AS customer_id,
                     i.occurred_at, i.interaction_id, i.reason_code
              FROM interaction i
              LEFT JOIN pg_temp.refresh_party p USING (customer_id)
              WHERE i.kind = 'complaint' AND i.reason_code IS NOT NULL
                    AND i.occurred_at < $1 AND %s) i
        JOIN pg_temp.refresh_spell s
          ON s.customer_id = i.customer_id AND i.occurred_at < s.entered_at
             AND i.occurred_at >= s.entered_at - $2
        WHERE s.stage = 'churned' AND s.reason_code IS NULL
        ORDER BY s.customer_id, s.entered_at, i.occurred_at DESC,
                 i.interaction_id DESC
      ) last
      WHERE s.customer_id = last.customer_id
            AND s.entered_at = last.entered_at
    $query$,
    CASE WHEN run.whole THEN 'true'
      ELSE 'i.customer_id = ANY (ARRAY(SELECT s.customer_id FROM pg_temp.refresh_spell s
          WHERE s.stage = ''churned'' AND s.reason_code IS NULL UNION SELECT p.customer_id
          FROM pg_temp.refresh_party p JOIN pg_temp.refresh_spell s
          ON s.customer_id = p.party_id WHERE s.stage = ''churned''
          AND s.reason_code IS NULL))'
    END)
    USING run.upto, crmcost._setting(run.ledger, 'churn_reason_days')::integer
                    * interval '24 hours';
END
$$;

COMMENT ON FUNCTION crmcost._infer_reasons(crmcost._run) IS
  'Gives the churns of refresh_spell that nobody said why the reason of the last complaint before.';

-- The days of kept_snapshot, from index entry to index entry: a day has as
-- many rows as there are customers.
CREATE FUNCTION crmcost._kept_days(from_on date, upto_on date) RETURNS date[]
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
#variable_conflict use_variable
DECLARE
  days date[] := '{}';
  day date := from_on - 1;
BEGIN
  LOOP
    SELECT min(k.as_of) INTO day FROM kept_snapshot k
      WHERE k.as_of > day AND k.as_of <= upto_on;
    EXIT WHEN day IS NULL;
    days := days || day;
  END LOOP;
  RETURN days;
END
$$;

COMMENT ON FUNCTION crmcost._kept_days(date, date) IS
  'Days from one to another that kept_snapshot has, or the part of a worker.';

CREATE FUNCTION crmcost._all_kept_days(run crmcost._run, from_on date)
  RETURNS date[]
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  days date[];
BEGIN
  EXECUTE 'SELECT array_agg(DISTINCT k.day) FROM '
          || crmcost._of_parts(run, 'refresh_part_kept', format(
               'SELECT u.day FROM unnest(crmcost._kept_days(%L, %L)) AS u (day)',
               from_on, run.day)) || ' k'
    INTO days;
  RETURN days;
END
$$;

COMMENT ON FUNCTION crmcost._all_kept_days(crmcost._run, date) IS
  'Days from one to the report day that kept_snapshot has.';

-- Whether somebody was a customer when the month began is asked of who is none at its
-- end; mostly it is the stage before.
CREATE FUNCTION crmcost._change_query(first_month date) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT s.stage, s.channel_code,
         CASE WHEN s.left_on >= %1$L OR s.left_on IS NULL
           THEN greatest(s.entered_on, %1$L::date - 1) END AS came_on,
         CASE WHEN s.left_on >= %1$L THEN s.left_on END AS went_on,
         CASE WHEN s.month_start >= %1$L THEN s.month_start END AS month_start,
         s.stage_before, s.days_before, s.reason_code, s.reason_inferred,
         s.month_start >= %1$L AND s.stage <> ALL (%2$L::text[])
           AND (s.left_on < s.month_start + interval '1 month') IS NOT TRUE
           AND CASE WHEN s.entered_on - s.days_before < s.month_start
                 THEN s.stage_before
                 ELSE (SELECT b.stage FROM stage_spell b
                       WHERE b.customer_id = s.customer_id
                             AND b.entered_at < s.entered_at
                             AND b.entered_on < s.month_start
                       ORDER BY b.entered_at DESC LIMIT 1)
               END = ANY (%2$L::text[]) AS is_lost,
         1::bigint AS customers,
         (s.entered_on - date '2000-01-01')::bigint AS age
  FROM stage_spell s
$query$, first_month, crmcost._customer_stages());

COMMENT ON FUNCTION crmcost._change_query(date) IS
  'Query of the times in a stage with the day of each end and the month of its beginning, where these are from a month on, and whether a customer was lost in that month.';

-- Who came (as of the day before the first month, who had come before that) and who
-- went, by channel and day, with the sum of the days on which they had come: of those
-- who were not gone before the first month.  A stage that nobody is in any more has a
-- row with 0.  Who went from stage to stage a month, after how many days; the same by
-- channel, and for which reason; and who was a customer when a month began and is none
-- at its end, by channel.  All are sums of one pass.
CREATE FUNCTION crmcost._stage_change_query(first_month date) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT ('{came,went,moved,stepped,told,lost}'::text[])[c.set] AS kind,
         c.stage, c.channel_code, coalesce(c.came_on, c.went_on) AS day,
         c.month_start, c.stage_before, c.days_before, c.reason_code,
         c.reason_inferred,
         CASE c.set WHEN 2 THEN -c.customers ELSE c.customers END AS customers,
         CASE c.set WHEN 1 THEN c.age WHEN 2 THEN -c.age ELSE 0 END AS age
  FROM crmcost._sum_sets(%3$L, 10,
         '{1,2,3,0,1,2,4,0,5,1,6,7,0,5,2,1,6,0,5,1,8,9,0,5,2,1,10}')
    AS c (set integer, stage text, channel_code text, came_on date,
          went_on date, month_start date, stage_before text,
          days_before integer, reason_code text, reason_inferred boolean,
          is_lost boolean, customers bigint, age bigint)
  WHERE CASE c.set
          WHEN 1 THEN c.came_on IS NOT NULL WHEN 2 THEN c.went_on IS NOT NULL
          WHEN 5 THEN c.month_start IS NOT NULL AND c.stage = 'churned'
          WHEN 6 THEN c.is_lost ELSE c.month_start IS NOT NULL
        END
  UNION ALL
  SELECT 'came', k, '(unknown)', %1$L::date - 1, NULL, NULL, NULL, NULL, NULL,
         0, 0
  FROM unnest(%2$L::text[]) AS k
  WHERE EXISTS (SELECT FROM stage_spell s
                WHERE s.stage = k AND s.month_start < %1$L)
$query$, first_month, crmcost._stages(), crmcost._change_query(first_month));

COMMENT ON FUNCTION crmcost._stage_change_query(date) IS
  'Query of how many came into a stage and went on which day, and from stage to stage in which month, from a month on.';

CREATE FUNCTION crmcost._find_stage_changes(run crmcost._run, first_month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  TRUNCATE pg_temp.refresh_stage_change;
  EXECUTE 'INSERT INTO pg_temp.refresh_stage_change SELECT c.* FROM '
          || crmcost._of_parts(run, 'refresh_part_stage',
               crmcost._stage_change_query(first_month)) || ' c';
END
$$;

COMMENT ON FUNCTION crmcost._find_stage_changes(crmcost._run, date) IS
  'Fills refresh_stage_change, from a month on.';

-- Up to the last day of a month all that is in it counts: refresh_stage_change has
-- that.
CREATE FUNCTION crmcost._stage_move_query(days text, first_month date,
                                          last_day date)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT d.as_of, s.stage, s.stage_before, s.days_before,
         count(*) AS customers
  FROM (%1$s) d
  JOIN stage_spell s ON s.month_start = d.from_on AND s.entered_on <= d.as_of
  WHERE s.month_start >= %2$L
        AND d.as_of < least((d.from_on + interval '1 month')::date - 1, %3$L)
  GROUP BY d.as_of, s.stage, s.stage_before, s.days_before
$query$, days, first_month, last_day);

COMMENT ON FUNCTION crmcost._stage_move_query(text, date, date) IS
  'Query of how many went from stage to stage after how many days, from the first of the month of a day on, given the query of the days, from a month on; of days that are the last of their month, or of all, nothing.';

CREATE FUNCTION crmcost._stage_day_list(run crmcost._run, first_month date)
  RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN format($query$
    SELECT d.as_of, date_trunc('month', d.as_of::timestamp)::date AS from_on
    FROM (SELECT least((m + interval '1 month')::date - 1, %3$L) AS as_of
          FROM generate_series(%1$L::timestamp, %3$L::timestamp, '1 month')
            AS m
          UNION SELECT k FROM unnest(%2$L::date[]) AS k) d
    $query$, first_month, crmcost._all_kept_days(run, first_month), run.day);
END
$$;

COMMENT ON FUNCTION crmcost._stage_day_list(crmcost._run, date) IS
  'Query of the days of stage_day from a month on, with the first of their months.';

-- Who is in a stage at a day is who came less who went until then; the sum of
-- the days on which those in it came gives their mean age.  A full refresh replaces
-- rows of months before the first one, too.
CREATE FUNCTION crmcost._write_stage_day(run crmcost._run, first_month date)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  days CONSTANT text := crmcost._stage_day_list(run, first_month);
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'stage_day', format($query$
    WITH day AS (%1$s),
    change AS (
      SELECT stage, day, sum(customers) AS customers, sum(age) AS age
      FROM pg_temp.refresh_stage_change
      WHERE kind IN ('came', 'went')
      GROUP BY stage, day
    ),
    moved AS (
      SELECT least((c.month_start + interval '1 month')::date - 1, %3$L)
               AS as_of, c.stage, c.stage_before, c.days_before, c.customers
      FROM pg_temp.refresh_stage_change c WHERE c.kind = 'moved'
      UNION ALL
      SELECT m.as_of, m.stage, m.stage_before, m.days_before, m.customers
      FROM %2$s m
    ),
    held AS (
      SELECT d.as_of, c.stage, sum(c.customers) AS customers, sum(c.age) AS age
      FROM day d JOIN change c ON c.day <= d.as_of
      GROUP BY d.as_of, c.stage
    ),
    came AS (
      SELECT as_of, stage, sum(customers)::bigint AS entered
      FROM moved GROUP BY as_of, stage
    ),
    went AS (
      SELECT as_of, stage_before AS stage,
             sum(customers)::bigint AS left_customers,
             crmcost._counted_median(
               array_agg(days_before ORDER BY days_before),
               array_agg(customers ORDER BY days_before)) AS median_days
      FROM moved
      WHERE stage_before <> '(new)'
      GROUP BY as_of, stage_before
    )
    SELECT as_of, stage, h.customers::bigint AS customers,
           coalesce(c.entered, 0) AS entered,
           coalesce(w.left_customers, 0) AS left_customers,
           round(w.median_days::numeric, 6) AS median_days,
           round(as_of - date '2000-01-01' - h.age / nullif(h.customers, 0), 6)
             AS mean_age_days
    FROM held h
    LEFT JOIN came c USING (as_of, stage)
    LEFT JOIN went w USING (as_of, stage)
  $query$, days,
  crmcost._of_parts(run, 'refresh_part_moved',
    crmcost._stage_move_query(days, first_month, run.day)), run.day),
  format('old.as_of >= %L', CASE WHEN run.whole THEN run.open_month
                              ELSE first_month END));
END
$$;

COMMENT ON FUNCTION crmcost._write_stage_day(crmcost._run, date) IS
  'Writes stage_day from a month on; returns the rows changed.';

-- Retained is who was a customer when the month began less who was, and is
-- none at its end.
CREATE FUNCTION crmcost._write_churn_month(run crmcost._run, first_month date)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'churn_month', format($query$
    WITH month AS (
      SELECT m::date AS month_start, (m + interval '1 month')::date AS until_on
      FROM generate_series(%1$L::timestamp, %2$L::timestamp, '1 month') AS m
    ),
    change AS (
      SELECT channel_code, day, sum(customers) AS customers
      FROM pg_temp.refresh_stage_change
      WHERE kind IN ('came', 'went') AND stage = ANY (%3$L::text[])
      GROUP BY channel_code, day
    ),
    stock AS (
      SELECT m.month_start, c.channel_code,
             coalesce(sum(c.customers) FILTER (WHERE c.day < m.month_start), 0)
               AS start_customers,
             sum(c.customers) AS end_customers
      FROM month m JOIN change c ON c.day < m.until_on
      GROUP BY m.month_start, c.channel_code
    ),
    step AS (
      SELECT month_start, channel_code,
             coalesce(sum(customers) FILTER (
               WHERE stage = ANY (%3$L::text[])
                     AND kind = 'stepped'
                     AND stage_before IN ('(new)', 'lead')), 0)::bigint AS came,
             coalesce(sum(customers) FILTER (
               WHERE stage = ANY (%3$L::text[])
                     AND kind = 'stepped'
                     AND stage_before = 'churned'), 0)::bigint AS returned,
             coalesce(sum(customers) FILTER (
               WHERE stage <> ALL (%3$L::text[])
                     AND kind = 'stepped'
                     AND stage_before = ANY (%3$L::text[])), 0)::bigint AS went,
             coalesce(sum(customers) FILTER (WHERE kind = 'lost'), 0)::bigint
               AS lost
      FROM pg_temp.refresh_stage_change
      WHERE kind IN ('stepped', 'lost')
      GROUP BY month_start, channel_code
    )
    SELECT month_start, channel_code,
           start_customers::bigint AS start_customers,
           coalesce(p.came, 0) AS new_customers,
           coalesce(p.returned, 0) AS returned, coalesce(p.went, 0) AS went,
           end_customers::bigint AS end_customers,
           (start_customers - coalesce(p.lost, 0))::bigint AS retained
    FROM stock
    LEFT JOIN step p USING (month_start, channel_code)
    WHERE start_customers <> 0 OR end_customers <> 0 OR p.came > 0
          OR p.returned > 0 OR p.went > 0
  $query$, first_month, crmcost._month_of(run.day),
  crmcost._customer_stages()),
  format('old.month_start >= %L', CASE WHEN run.whole THEN run.open_month
                                    ELSE first_month END));
END
$$;

COMMENT ON FUNCTION crmcost._write_churn_month(crmcost._run, date) IS
  'Writes churn_month from a month on; returns the rows changed.';
