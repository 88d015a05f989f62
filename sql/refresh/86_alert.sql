-- Step alert: what is beyond the thresholds of the settings, and since when.
CREATE FUNCTION crmcost._refresh_alert(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  -- one that is over is told on that day
  RETURN crmcost._write_difference(run.ledger, 'alert_state', format($query$
    SELECT n.alert, n.subject, n.value, n.threshold, n.crossed,
           coalesce(was.since_on, %1$L::date) AS since_on,
           coalesce(was.since_run, (SELECT max(r.run_id) FROM refresh_run r))
             AS since_run
    FROM (
      SELECT substr(s.key, 7) AS alert, v.subject, round(v.value, 6) AS value,
             s.value::numeric AS threshold,
             CASE WHEN v.is_high THEN round(v.value, 6) > s.value::numeric
               ELSE round(v.value, 6) < s.value::numeric END AS crossed
      FROM (%2$s) v
      JOIN setting s ON s.key = v.setting AND s.value <> ''
    ) n
    -- a report of an earlier day does not know what came later
    LEFT JOIN alert_state was
      ON was.alert = n.alert AND was.subject = n.subject
         AND was.crossed = n.crossed AND was.since_on <= %1$L
    WHERE n.crossed OR was.since_on = %1$L
          OR EXISTS (SELECT FROM alert_state o
                     WHERE o.alert = n.alert AND o.subject = n.subject
                           AND o.crossed)
  $query$, run.day, crmcost._watched_query(run)), 'true');
END
$$;

COMMENT ON FUNCTION crmcost._refresh_alert(crmcost._run) IS
  'Step of refresh: alert_state; returns the rows changed.';

-- The running month and the one before it; complaints for what was sold before
-- refunds, as product_complaint has them: what all came back counts as sold.  Cost
-- by the last complete month against the mean of up to twelve before it, three at
-- least.
CREATE FUNCTION crmcost._watched_query(run crmcost._run) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT 'alert_complaint_rate' AS setting, coalesce(product_code, '(all)') AS subject,
         coalesce(sum(complaints), 0) / sum(quantity) AS value,
         true AS is_high
  FROM (SELECT product_code, quantity, 0 AS complaints
        FROM product_sold_month
        WHERE month_start >= %1$L
        UNION ALL
        SELECT product_code, 0, interactions
        FROM reason_month
        WHERE month_start >= %1$L AND kind = 'complaint') part
  GROUP BY ROLLUP (product_code)
  HAVING sum(quantity) > 0 AND product_code IS DISTINCT FROM '(unknown)'
  UNION ALL
  SELECT m.setting, v.survey, m.value, false
  FROM (SELECT survey, sum(asked) AS asked, sum(answers) AS answers,
               sum(good) AS good, sum(bad) AS bad
        FROM voice_month
        WHERE month_start >= %1$L
              AND (scheme, channel_code, product_code)
                  = ('(all)', '(all)', '(all)')
        GROUP BY survey) v
  JOIN survey s ON s.code = v.survey
  CROSS JOIN LATERAL (VALUES
    ('alert_csat_rate', CASE WHEN s.metric <> 'nps'
                    THEN v.good / nullif(v.answers, 0) END),
    ('alert_nps', CASE WHEN s.metric = 'nps'
              THEN 100 * (v.good - v.bad) / nullif(v.answers, 0) END),
    ('alert_response_rate', v.answers / nullif(v.asked, 0))
  ) AS m (setting, value)
  WHERE m.value IS NOT NULL
  UNION ALL
  SELECT 'alert_cost_rise', bucket, max(cost) FILTER (WHERE is_last) / avg(cost)
           FILTER (WHERE NOT is_last) - 1, true
  FROM (SELECT bucket, month_start = %2$L AS is_last, sum(cost) AS cost
        FROM cost_month
        WHERE month_start BETWEEN %2$L::date - interval '1 year' AND %2$L
        GROUP BY bucket, month_start
        -- a month of which no cost has a rate is not one without cost
        HAVING sum(cost) <> 0 OR sum(unrated_parts) = 0) monthly
  GROUP BY bucket
  HAVING count(*) FILTER (WHERE is_last) = 1
         AND count(*) FILTER (WHERE NOT is_last) >= 3
         AND avg(cost) FILTER (WHERE NOT is_last) > 0
$query$, (crmcost._month_of(run.day) - '1 mon'::interval)::date,
         crmcost._last_complete_month(run.day));

COMMENT ON FUNCTION crmcost._watched_query(crmcost._run) IS
  'Query of what alerts watch: setting with the threshold, subject, value, and whether a high one is beyond it.';
