-- Step stay: how long customers stay, and how much of their money does.
CREATE FUNCTION crmcost._customers_stay(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  RETURN crmcost._write_lives(run);
END
$$;

COMMENT ON FUNCTION crmcost._customers_stay(crmcost._run) IS
  'Writes customer_life; returns the rows changed.';

CREATE FUNCTION crmcost._groups_stay(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  RETURN crmcost._write_survival(run) + crmcost._write_retention_month(run);
END
$$;

COMMENT ON FUNCTION crmcost._groups_stay(crmcost._run) IS
  'Writes survival_curve, survival_group, survival_comparison and retention_month; returns the rows changed.';

CREATE FUNCTION crmcost._refresh_stay(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._customers_stay(run) + crmcost._groups_stay(run);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_stay(crmcost._run) IS
  'Step of refresh: customer_life, survival_curve, survival_group, survival_comparison and retention_month; returns the rows changed.';

CREATE FUNCTION crmcost._write_lives(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'customer_life',
    'SELECT * FROM pg_temp.refresh_life',
    crmcost._rows_of_stage_news(run, 'old'), ordered => true);
END
$$;

COMMENT ON FUNCTION crmcost._write_lives(crmcost._run) IS
  'Writes customer_life from refresh_life; returns the rows changed.';

-- Who has not churned by the report day was observed until then.  All are those of
-- all channels.
CREATE FUNCTION crmcost._life_query(run crmcost._run) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT dimension, code, count(*) AS customers,
         count(*) FILTER (WHERE churned) AS churned,
         crmcost.kaplan_meier_partial(days, churned) AS lives,
         crmcost.logrank_partial(days, churned, code) AS sample
  FROM (
    SELECT '(channel)' AS dimension, l.channel_code AS code, %1$s
    FROM customer_life l
    UNION ALL
    SELECT '(cohort)', to_char(l.began_on, 'YYYY"-Q"Q'), %1$s
    FROM customer_life l
    UNION ALL
    SELECT k.dimension, k.code, %1$s
    FROM customer_life l
    JOIN customer_class k USING (customer_id)
    -- few, and yet those of nearly all rows, which the planner knows of no join
    WHERE (k.dimension, k.code) IN (SELECT t.scheme, t.code FROM tier t OFFSET 0)
  ) life
  GROUP BY dimension, code
$query$, pg_catalog.format(
  '(coalesce(l.churned_on, %L) - l.began_on)::float8 AS days, l.churned_on IS NOT NULL AS churned',
  run.day));

COMMENT ON FUNCTION crmcost._life_query(crmcost._run) IS
  'Query of how many customers of each group stayed how long, with the states of the aggregates of survival.';

-- Work and memory of the log-rank test grow with the square of its groups, and of
-- hundreds of channels it says nothing that anybody could act upon.
CREATE FUNCTION crmcost._write_survival(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  old_sort CONSTANT text := current_setting('enable_sort');
BEGIN
  -- groups are few, however many the planner expects
  PERFORM set_config('enable_sort', 'off', true);
  EXECUTE format($query$
    WITH part AS (SELECT p.* FROM %s p),
    survival AS (
      INSERT INTO pg_temp.refresh_survival
        SELECT dimension, code, sum(customers), sum(churned),
               crmcost.kaplan_meier_merge(lives)
        FROM (SELECT p.dimension, p.code, p.customers, p.churned, p.lives
              FROM part p
              UNION ALL
              SELECT '(all)', '(all)', p.customers, p.churned, p.lives
              FROM part p WHERE p.dimension = '(channel)') of_part
        GROUP BY dimension, code
    ),
    compared AS (
      SELECT p.*, p.dimension <> '(channel)' OR c.channels <= 200 AS tested,
             c.channels
      FROM part p
      CROSS JOIN (SELECT count(DISTINCT code) AS channels FROM part
                  WHERE dimension = '(channel)') c
    )
    -- both in one pass: they have one state
    INSERT INTO pg_temp.refresh_logrank
      SELECT dimension,
             coalesce(cardinality(crmcost.logrank_groups_merge(sample)
                                    FILTER (WHERE tested)), min(channels)),
             sum(customers), sum(churned),
             crmcost.logrank_merge(sample) FILTER (WHERE tested),
             crmcost.logrank_groups_merge(sample) FILTER (WHERE tested)
      FROM compared
      GROUP BY dimension
    $query$, crmcost._of_parts(run, 'refresh_part_life',
                               crmcost._life_query(run)));
  PERFORM set_config('enable_sort', old_sort, true);
  RETURN crmcost._write_survival_tables(run);
END
$$;

COMMENT ON FUNCTION crmcost._write_survival(crmcost._run) IS
  'Writes survival_curve, survival_group and survival_comparison; returns the rows changed.';

CREATE FUNCTION crmcost._write_survival_tables(run crmcost._run)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'survival_curve', $query$
    SELECT s.dimension, s.code, p.t::integer AS days, p.at_risk,
           p.events AS churned, round(p.survival::numeric, 9) AS survival,
           round(p.std_error::numeric, 9) AS std_error,
           round(p.lower::numeric, 9) AS lower,
           round(p.upper::numeric, 9) AS upper
    FROM pg_temp.refresh_survival s
    CROSS JOIN LATERAL unnest(s.points) AS p
  $query$, 'true')
  + crmcost._write_difference(run.ledger, 'survival_group', $query$
    SELECT s.dimension, s.code, s.customers, s.churned,
           round(e.expected::numeric, 6) AS expected,
           (m.median).median::integer AS median_days,
           (m.median).lower::integer AS median_low,
           (m.median).upper::integer AS median_high
    FROM pg_temp.refresh_survival s
    CROSS JOIN LATERAL (VALUES (crmcost.median_survival(s.points)))
      AS m (median)
    LEFT JOIN (
      SELECT d.dimension, g.grp AS code, g.expected
      FROM pg_temp.refresh_logrank d
      CROSS JOIN LATERAL unnest(d.parts) AS g
    ) e ON e.dimension = s.dimension AND e.code COLLATE "C" = s.code
  $query$, 'true')
  + crmcost._write_difference(run.ledger, 'survival_comparison', $query$
    SELECT dimension, groups, customers, churned,
           round((test).chi_square::numeric, 9) AS chi_square,
           (test).df AS df, (test).p AS p
    FROM pg_temp.refresh_logrank
  $query$, 'true');
END
$$;

COMMENT ON FUNCTION crmcost._write_survival_tables(crmcost._run) IS
  'Writes the tables of survival from the work tables; returns the rows changed.';

-- A month is compared with the one retention_months before: it counts anew when
-- either was written.  Who went from one cohort to another counts anew in both, in
-- all months.
CREATE FUNCTION crmcost._write_retention_month(run crmcost._run)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
#variable_conflict use_variable
DECLARE
  apart CONSTANT interval := make_interval(
    months => crmcost._setting(run.ledger, 'retention_months')::integer);
  months date[];
  moved_months date[];
  cohorts date[];
BEGIN
  SELECT array_agg(DISTINCT m.month_start), array_agg(DISTINCT c.cohort_month)
    INTO moved_months, cohorts
    FROM pg_temp.refresh_value_before b
    JOIN customer_value v USING (customer_id)
    JOIN customer_month m USING (customer_id)
    CROSS JOIN LATERAL (VALUES (v.first_ordered_on), (b.first_ordered_on))
      AS f (day)
    CROSS JOIN LATERAL (
      VALUES (coalesce(crmcost._month_of(f.day), '-infinity')))
      AS c (cohort_month)
    WHERE NOT run.whole AND m.revenue <> 0
          AND crmcost._month_of(v.first_ordered_on)
              IS DISTINCT FROM crmcost._month_of(b.first_ordered_on);
  months := ARRAY(
    SELECT c.month_start FROM pg_temp.refresh_cost_month c
    UNION
    SELECT (c.month_start + apart)::date FROM pg_temp.refresh_cost_month c
    UNION
    -- the month of the report day may have nothing yet, or be gone again
    SELECT crmcost._month_of(d.day)
    FROM (VALUES (run.day), (crmcost._report_day(run.upto_before, run.zone)))
      AS d (day)
    UNION
    SELECT x.month_start FROM retention_month x WHERE run.whole);
  moved_months := ARRAY(
    SELECT m.month_start FROM unnest(moved_months) AS m (month_start)
    UNION
    SELECT (m.month_start + apart)::date
    FROM unnest(moved_months) AS m (month_start)
    EXCEPT SELECT unnest(months));
  RETURN crmcost._write_difference(run.ledger, 'retention_month',
    crmcost._sum_of_parts(run, 'retention_month',
      crmcost._retention_query(months, moved_months, cohorts, run, apart)),
    format('old.month_start >= %L AND (old.month_start = ANY (%L::date[]) OR old.month_start = ANY (%L::date[]) AND old.cohort_month = ANY (%L::date[]))',
           run.open_month, months, moved_months, cohorts));
END
$$;

COMMENT ON FUNCTION crmcost._write_retention_month(crmcost._run) IS
  'Writes retention_month of the months and cohorts that may have changed; returns the rows changed.';

-- Merged customers may have several rows of a closed month.
CREATE FUNCTION crmcost._two_months_query(months date[], moved_months date[],
                                          cohorts date[], run crmcost._run,
                                          apart interval)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  WITH wanted AS (
    SELECT m AS month_start, (m - %3$L::interval)::date AS month_before,
           m = ANY (%1$L::date[]) AS is_whole
    FROM unnest(%1$L::date[] || %4$L::date[]) AS m
    WHERE m <= %2$L AND m >= %6$L
  ),
  sold AS (
    SELECT k.customer_id, k.month_start, k.revenue, v.first_ordered_on
    FROM (
      SELECT m.customer_id, m.month_start, m.revenue
      FROM customer_month m
      WHERE m.revenue <> 0
            AND m.month_start = ANY (ARRAY(
                  SELECT unnest(ARRAY[w.month_start, w.month_before])
                  FROM wanted w))
            AND m.customer_id NOT IN (
                  SELECT unnest(ARRAY[p.customer_id, p.party_id])
                  FROM pg_temp.refresh_party p)
      UNION ALL
      SELECT p.party_id, m.month_start, sum(m.revenue)
      FROM (SELECT p.customer_id, p.party_id FROM pg_temp.refresh_party p
            UNION SELECT p.party_id, p.party_id FROM pg_temp.refresh_party p) p
      JOIN customer_month m ON m.customer_id = p.customer_id
      WHERE m.revenue <> 0
      GROUP BY p.party_id, m.month_start
    ) k
    LEFT JOIN customer_value v ON v.customer_id = k.customer_id
    WHERE k.month_start IN (SELECT unnest(ARRAY[w.month_start, w.month_before])
                            FROM wanted w WHERE w.is_whole)
          OR coalesce(crmcost._month_of(v.first_ordered_on), '-infinity')
             = ANY (%5$L::date[])
  )
  SELECT month_start, crmcost._month_of(k.first_ordered_on) AS cohort_month,
         sign(k.before) AS had, sign(k.now) AS has,
         sign(k.now - k.before) AS grew,
         k.first_ordered_on < w.month_before + interval '1 month'
           AS came_before, 1::bigint AS n, k.before, k.now
  FROM (
    SELECT customer_id, month_start, coalesce(b.revenue, 0) AS before,
           coalesce(n.revenue, 0) AS now,
           coalesce(n.first_ordered_on, b.first_ordered_on)
             AS first_ordered_on
    FROM (SELECT s.* FROM sold s JOIN wanted w USING (month_start)) n
    FULL JOIN (SELECT s.customer_id, w.month_start, s.revenue,
                      s.first_ordered_on
               FROM sold s
               JOIN wanted w ON w.month_before = s.month_start) b
      USING (customer_id, month_start)
  ) k
  JOIN wanted w USING (month_start)
  WHERE w.is_whole
        OR coalesce(crmcost._month_of(k.first_ordered_on), '-infinity')
           = ANY (%5$L::date[])
$query$, months, run.day, apart, moved_months, cohorts, run.open_month);

COMMENT ON FUNCTION crmcost._two_months_query(date[], date[], date[], crmcost._run, interval) IS
  'Query of what customers bought in some months and the month so long before each, and for some cohorts in others.';

-- Which of two months a customer bought in, in which for more, and whether the first
-- order was over by then, says which figures his revenue is in: so that is summed up
-- first, and the figures are made of few sums.
CREATE FUNCTION crmcost._retention_query(months date[], moved_months date[],
                                         cohorts date[], run crmcost._run,
                                         apart interval)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT s.month_start, coalesce(s.cohort_month, '-infinity') AS cohort_month,
         (s.month_start - %2$L::interval)::date AS compared_month,
         coalesce(sum(s.n) FILTER (WHERE s.had > 0), 0)::bigint
           AS customers_before,
         coalesce(sum(s.n) FILTER (WHERE s.had > 0 AND s.has > 0), 0)::bigint
           AS customers_kept,
         coalesce(sum(s.n) FILTER (WHERE s.has > 0), 0)::bigint
           AS customers_now,
         coalesce(sum(s.before) FILTER (WHERE s.had > 0), 0) AS start_revenue,
         coalesce(sum(s.now - s.before) FILTER (
           WHERE s.had > 0 AND s.grew > 0), 0) AS expansion,
         coalesce(sum(s.before - s.now) FILTER (
           WHERE s.has > 0 AND s.grew < 0), 0) AS contraction,
         coalesce(sum(s.before - s.now) FILTER (
           WHERE s.had > 0 AND s.has <= 0), 0) AS lost,
         coalesce(sum(s.now) FILTER (
           WHERE s.had <= 0 AND s.has > 0 AND s.came_before IS NOT TRUE), 0)
           AS new_revenue,
         coalesce(sum(s.now) FILTER (
           WHERE s.had <= 0 AND s.has > 0 AND s.came_before), 0)
           AS returned_revenue,
         coalesce(sum(s.now) FILTER (WHERE s.had <= 0 AND s.has <= 0), 0)
           AS other_revenue,
         sum(s.now) AS end_revenue
  FROM crmcost._sum_sets(%1$L, 6, '{1,2,3,4,5,6}')
    AS s (set integer, month_start date, cohort_month date, had numeric,
          has numeric, grew numeric, came_before boolean, n bigint,
          before numeric, now numeric)
  GROUP BY 1, 2, 3
$query$, crmcost._two_months_query(months, moved_months, cohorts, run, apart),
  apart);

COMMENT ON FUNCTION crmcost._retention_query(date[], date[], date[], crmcost._run, interval) IS
  'Query of retention_month for some months, and for some cohorts of others, each against the month so long before.';
