-- Step acquisition: how customers were won, by month, channel and agent, and what
-- agents did and cost.
CREATE FUNCTION crmcost._customers_acquisition(run crmcost._run)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  PERFORM crmcost._find_acquisitions(run);
  PERFORM crmcost._note_months(run, 'customer_acquisition',
                               'refresh_acquisition',
                               crmcost._rows_of_news(run));
  RETURN crmcost._write_difference(run.ledger, 'customer_acquisition',
           'SELECT * FROM pg_temp.refresh_acquisition',
           crmcost._rows_of_news(run))
         + crmcost._write_agents(run)
         + crmcost._write_cohort_quality(run);
END
$$;

COMMENT ON FUNCTION crmcost._customers_acquisition(crmcost._run) IS
  'Writes customer_acquisition, agent_month, customer_quality and cohort_quality; returns the rows changed.';

CREATE FUNCTION crmcost._groups_acquisition(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  RETURN crmcost._write_acquisition_month(run)
         + crmcost._write_agent_cost(run)
         + crmcost._write_referral_cycles(run);
END
$$;

COMMENT ON FUNCTION crmcost._groups_acquisition(crmcost._run) IS
  'Writes acquisition_month, agent_cost_month and the finding referral_cycle; returns the rows changed.';

CREATE FUNCTION crmcost._refresh_acquisition(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._customers_acquisition(run) + crmcost._groups_acquisition(run);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_acquisition(crmcost._run) IS
  'Step of refresh: customer_acquisition, acquisition_month, agent_month, agent_cost_month, customer_quality, cohort_quality and the finding referral_cycle; returns the rows changed.';

-- An agent's last word is taken by the day: acquisitions are often known by their
-- day alone.  Who was recommended by himself, after a merger, was not.
CREATE FUNCTION crmcost._find_acquisitions(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_acquisition
    WITH won AS (
      SELECT e.customer_id, e.month_start, e.channel_code, e.happened_on,
             round(extract(epoch FROM c.acquired_at - c.first_seen_at)
                   / 86400, 6) AS cycle_days,
             coalesce(coalesce(p.party_id, c.referred_by) <> c.customer_id,
                      false) AS referred
      FROM crmcost._party_events(run.ledger, run.upto, run.zone,
                                 run.open_month, NOT run.whole) e
      JOIN pg_temp.refresh_customer USING (customer_id)
      JOIN customer c USING (customer_id)
      LEFT JOIN pg_temp.refresh_party p ON p.customer_id = c.referred_by
      WHERE e.is_acquisition
    )
    SELECT w.customer_id, w.month_start, w.channel_code,
           coalesce(s.agent_code, '(unknown)'), w.cycle_days, w.referred
    FROM won w
    LEFT JOIN (
      SELECT DISTINCT ON (w.customer_id) w.customer_id, i.agent_code
      FROM won w
      JOIN pg_temp.refresh_contact i
        ON i.customer_id = w.customer_id AND i.kind = 'sales'
           AND i.occurred_on <= w.happened_on
      ORDER BY w.customer_id, i.occurred_at DESC, i.interaction_id DESC
    ) s ON s.customer_id = w.customer_id;
END
$$;

COMMENT ON FUNCTION crmcost._find_acquisitions(crmcost._run) IS
  'Fills refresh_acquisition: how the customers with news were won.';

CREATE FUNCTION crmcost._write_acquisition_month(run crmcost._run)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  months CONSTANT text :=
    crmcost._noted_months(run, 'customer_acquisition');
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'acquisition_month',
    'SELECT * FROM ' || crmcost._of_groups(run, 'dealt_won',
    'q.month_start - date ''epoch''', format(
      'SELECT old.month_start, old.channel_code, old.agent_code, old.referred, old.cycle_days FROM customer_acquisition old WHERE %s',
      months), $query$
      SELECT month_start,
             CASE grouping(channel_code, agent_code)
               WHEN 1 THEN '(channel)' WHEN 2 THEN '(agent)' ELSE '(all)'
             END AS dimension,
             coalesce(channel_code, agent_code, '(all)') AS code,
             count(*) AS customers,
             count(*) FILTER (WHERE referred) AS referred,
             round((percentile_cont(0.5) WITHIN GROUP
                      (ORDER BY cycle_days::float8))::numeric, 6)
               AS median_cycle_days
      FROM %s old
      GROUP BY GROUPING SETS ((month_start, channel_code),
                              (month_start, agent_code), (month_start))
    $query$) || ' won', months);
END
$$;

COMMENT ON FUNCTION crmcost._write_acquisition_month(crmcost._run) IS
  'Writes acquisition_month of the months in which customer_acquisition differed; returns the rows changed.';

CREATE FUNCTION crmcost._write_agents(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  months CONSTANT text := crmcost._months_of_news(run);
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'agent_month',
           format($query$
             SELECT month_start, agent_code,
                    sum(interactions)::bigint AS interactions,
                    sum(handle_seconds)::bigint AS handle_seconds,
                    sum(answers)::bigint AS answers,
                    sum(score) AS score, sum(satisfied)::bigint AS satisfied
             FROM (
               SELECT month_start, agent_code,
                      CASE WHEN crmcost._is_contact(kind, agent_code) THEN n
                        ELSE 0 END AS interactions,
                      coalesce(handle_seconds, 0) AS handle_seconds,
                      0 AS answers, 0 AS score, 0 AS satisfied
               FROM pg_temp.refresh_contact
               UNION ALL
               SELECT month_start, agent_code, 0, 0, n, score * n,
                      CASE verdict WHEN 'good' THEN n ELSE 0 END
               FROM pg_temp.refresh_reply
               WHERE is_csat
             ) old
             WHERE agent_code IS NOT NULL AND %1$s
             GROUP BY month_start, agent_code
             HAVING sum(interactions) > 0 OR sum(handle_seconds) > 0
                    OR sum(answers) > 0
           $query$, months), months);
END
$$;

COMMENT ON FUNCTION crmcost._write_agents(crmcost._run) IS
  'Writes agent_month of the months with news; returns the rows changed.';

CREATE FUNCTION crmcost._write_agent_cost(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  cost_months CONSTANT text := CASE WHEN run.whole
    THEN crmcost._months_of_news(run)
    ELSE format('old.month_start >= %L AND old.month_start IN (SELECT r.month_start FROM pg_temp.refresh_cost_month r)',
                run.open_month) END;
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'agent_cost_month',
           format($query$
             SELECT month_start, agent_code,
                    coalesce(sum(amount), 0) AS cost,
                    coalesce(sum(amount)
                               FILTER (WHERE bucket = 'acquisition'), 0)
                      AS acquisition_cost,
                    count(*) FILTER (WHERE bucket = 'acquisition'
                                           AND amount IS NULL)
                      AS unrated_parts
             FROM pg_temp.refresh_part old
             WHERE agent_code IS NOT NULL AND %s
             GROUP BY month_start, agent_code
           $query$, cost_months), cost_months);
END
$$;

COMMENT ON FUNCTION crmcost._write_agent_cost(crmcost._run) IS
  'Writes agent_cost_month of the months with news; returns the rows changed.';
