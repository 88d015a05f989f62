-- Cost that touches share: driver attributed.
--
-- Spend of a campaign follows the credits of its touches of the month, to whom they
-- led, whenever that was.  Where it touched nobody who could be won, it follows the
-- customers of the month whose campaign it is; else spend is that of the channel,
-- and goes the same way, and at last to all new customers.  What is of no channel
-- follows all touches.
CREATE FUNCTION crmcost._find_spend_scopes(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  touched text;
  won text;
BEGIN
  IF NOT crmcost._follows_touches() THEN
    RETURN;
  END IF;
  won := crmcost._of_parts(run, 'refresh_part_winning', format($query$
    SELECT DISTINCT e.month_start, e.channel_code, e.campaign_code
    FROM crmcost._party_events(current_schema(), %L, %L, %L) e
    WHERE e.is_acquisition
    $query$, run.upto, run.zone, run.open_month));
  touched := crmcost._of_parts(run, 'refresh_part_touched', (
    SELECT format($query$
      SELECT DISTINCT t.month_start, t.channel_code, t.campaign_code
      FROM customer_touch c
      CROSS JOIN unnest(c.touch_months, c.channel_codes, c.campaign_codes)
        AS t (month_start, channel_code, campaign_code)
      WHERE c.last_month >= %L AND t.month_start = ANY (%L::date[])
      $query$, min(p.month_start), array_agg(DISTINCT p.month_start))
    FROM pg_temp.refresh_part p WHERE p.customer_id IS NULL));
  UPDATE pg_temp.refresh_post p
    SET driver = s.driver, scope = s.scope,
        pool_key = s.driver || coalesce(' of ' || nullif(s.scope, ''), '')
    FROM allocation_rule r,
         (SELECT DISTINCT ON (month_start, cost_id, incurred_on, booked_month)
                 month_start, cost_id, incurred_on, booked_month,
                 channel_code, campaign_code
          FROM pg_temp.refresh_part
          WHERE customer_id IS NULL
          ORDER BY month_start, cost_id, incurred_on, booked_month) part,
         crmcost._spend_scopes(touched, won) s
    WHERE r.rule_id = p.rule_id AND r.driver = 'attributed'
          AND (part.month_start, part.cost_id, part.incurred_on,
               part.booked_month)
              = (p.month_start, p.cost_id, p.incurred_on, p.booked_month)
          AND (s.month_start, s.channel_code, s.campaign_code)
              = (part.month_start, part.channel_code, part.campaign_code);
  PERFORM crmcost._find_claims(run);
END
$$;

COMMENT ON FUNCTION crmcost._find_spend_scopes(crmcost._run) IS
  'Fills driver, scope and pool_key of the lines of refresh_post that follow touches.';

CREATE FUNCTION crmcost._spend_scopes(touched text, won text)
  RETURNS TABLE (month_start date, channel_code text, campaign_code text,
                 driver text, scope text)
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  ROWS 1000
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY EXECUTE format($query$
    WITH spend AS (
      SELECT DISTINCT month_start, channel_code, campaign_code
      FROM pg_temp.refresh_part WHERE customer_id IS NULL
    ),
    touched AS (
      SELECT DISTINCT t.month_start, t.channel_code, t.campaign_code
      FROM %s t
    ),
    won AS (
      SELECT DISTINCT w.month_start, w.channel_code, w.campaign_code
      FROM %s w
    )
    SELECT s.month_start, s.channel_code, s.campaign_code,
           coalesce(f.driver, 'new_customers'), coalesce(f.scope, '')
    FROM spend s
    LEFT JOIN LATERAL (
      SELECT 'attributed' AS driver, 'campaign ' || s.campaign_code AS scope,
             1 AS turn
      FROM touched t
      WHERE t.month_start = s.month_start AND s.campaign_code <> '(unknown)'
            AND t.campaign_code = s.campaign_code
      UNION ALL
      SELECT 'new_customers', 'campaign ' || s.campaign_code, 2
      FROM won w
      WHERE w.month_start = s.month_start AND s.campaign_code <> '(unknown)'
            AND w.campaign_code = s.campaign_code
      UNION ALL
      SELECT 'attributed', 'channel ' || s.channel_code, 3
      FROM touched t
      WHERE t.month_start = s.month_start AND s.channel_code <> '(unknown)'
            AND t.channel_code = s.channel_code
      UNION ALL
      SELECT 'new_customers', 'channel ' || s.channel_code, 4
      FROM won w
      WHERE w.month_start = s.month_start AND s.channel_code <> '(unknown)'
            AND w.channel_code = s.channel_code
      UNION ALL
      SELECT 'attributed', '', 5
      FROM touched t
      WHERE t.month_start = s.month_start AND s.channel_code = '(unknown)'
            AND s.campaign_code = '(unknown)'
      ORDER BY turn LIMIT 1
    ) f ON true
  $query$, touched, won);
END
$$;

COMMENT ON FUNCTION crmcost._spend_scopes(text, text) IS
  'Given the relations of the touches and of those who were won, which touches or customers share the spend of a channel and campaign in each month of refresh_part.';

-- A closed month stands: what it had not given to anybody, and who was won since
-- claims, goes to him in the first open month, where it is taken from what is not
-- converted yet.  So the cost of that month stays what it is.
CREATE FUNCTION crmcost._find_claims(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  IF NOT isfinite(run.open_month) OR run.scenario IS NOT NULL
     OR run.plan IS NOT NULL
     OR NOT run.whole
        AND NOT EXISTS (SELECT FROM pg_temp.refresh_cost_month m
                        WHERE m.month_start = run.open_month) THEN
    RETURN;
  END IF;
  INSERT INTO pg_temp.refresh_post
    SELECT run.open_month, l.cost_id, l.incurred_on, l.booked_month,
           l.category_code, l.bucket, l.rule_id, l.service_category,
           s.sign * l.amount, 'attributed',
           CASE s.sign WHEN 1
             THEN substr(l.pool_key, 1 + length('attributed of ')) END,
           CASE s.sign WHEN -1 THEN 'taken from ' ELSE '' END || l.pool_key
             || ' in ' || to_char(l.month_start, 'YYYY-MM'),
           l.month_start
    FROM crmcost._claimed_pools(run) p
    JOIN posted_cost l USING (month_start, bucket, rule_id, service_category,
                              pool_key)
    CROSS JOIN (VALUES (1), (-1)) AS s (sign);
  IF NOT FOUND THEN
    RETURN;
  END IF;
  INSERT INTO pg_temp.refresh_cost_month VALUES (run.open_month)
    ON CONFLICT (month_start) DO NOTHING;
  -- cost_month needs to know where the entry was booked
  INSERT INTO pg_temp.refresh_part
    SELECT DISTINCT ON (p.cost_id, p.incurred_on, p.booked_month)
           p.month_start, p.cost_id, p.incurred_on, p.booked_month,
           p.incurred_on, p.incurred_on, p.category_code, p.bucket,
           c.resource, coalesce(e.channel_code, k.channel_code, '(unknown)'),
           coalesce(e.campaign_code, '(unknown)'),
           coalesce(e.product_code, '(unknown)'),
           CASE WHEN e.quantity IS NULL THEN ''
             ELSE coalesce(e.unit, 'piece') END,
           NULL::bigint, 0, 0, false
    FROM pg_temp.refresh_post p
    JOIN cost_category c ON c.code = p.category_code
    LEFT JOIN cost_entry e USING (cost_id, incurred_on)
    LEFT JOIN campaign k ON k.code = e.campaign_code
    WHERE p.spend_month IS NOT NULL;
END
$$;

COMMENT ON FUNCTION crmcost._find_claims(crmcost._run) IS
  'Adds to refresh_post what customers won since claim of the spend of closed months.';

CREATE FUNCTION crmcost._claimed_pools(run crmcost._run)
  RETURNS TABLE (month_start date, bucket text, rule_id bigint,
                 service_category text, pool_key text)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY EXECUTE format($query$
    SELECT p.month_start, p.bucket, p.rule_id, p.service_category, p.pool_key
    FROM cost_pool p
    WHERE p.month_start < $1 AND p.spend_month IS NULL
          AND p.unallocated_because = 'not yet converted' AND p.cost <> 0
          AND (p.month_start, p.pool_key) IN (
                SELECT t.month_start, k.pool_key
                FROM %s t
                CROSS JOIN LATERAL (
                  VALUES ('attributed'),
                         ('attributed of channel ' || t.channel_code),
                         ('attributed of campaign ' || t.campaign_code))
                  AS k (pool_key))
          -- in a month that is closed as well, somebody has claimed it
          AND NOT EXISTS (
            SELECT FROM cost_pool c
            WHERE c.month_start < $1 AND c.spend_month = p.month_start
                  AND (c.bucket, c.rule_id, c.service_category, c.pool_key)
                      = (p.bucket, p.rule_id, p.service_category,
                         p.pool_key || ' in '
                           || to_char(p.month_start, 'YYYY-MM')))
    $query$, crmcost._of_parts(run, 'refresh_part_touch', format(
      'SELECT * FROM crmcost._credited_touches(%L, %L)',
      ARRAY(SELECT DISTINCT p.month_start FROM cost_pool p
            WHERE p.month_start < run.open_month AND p.spend_month IS NULL
                  AND p.unallocated_because = 'not yet converted'),
      crmcost._credit_column(run.ledger)))) USING run.open_month;
END
$$;

COMMENT ON FUNCTION crmcost._claimed_pools(crmcost._run) IS
  'Pools of closed months that nobody bears, and whose touches have led to customers since.';

CREATE FUNCTION crmcost._credited_touches(months date[], credit name)
  RETURNS TABLE (month_start date, channel_code text, campaign_code text)
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN QUERY EXECUTE format($query$
    SELECT DISTINCT m.month_start, t.channel_code::text, t.campaign_code::text
    FROM unnest($1) AS m (month_start)
    CROSS JOIN LATERAL (%s) t
    WHERE t.%I > 0
    $query$, crmcost._acquiring_touches('m.month_start'), credit) USING months;
END
$$;

COMMENT ON FUNCTION crmcost._credited_touches(date[], name) IS
  'Channels and campaigns whose touches of some months led to acquisitions.';

-- Rows of touch_credit, found by an index that no condition on that view can use.
CREATE FUNCTION crmcost._acquiring_touches(month text) RETURNS text
  LANGUAGE sql STABLE PARALLEL UNSAFE
RETURN pg_catalog.format($query$
  SELECT v.customer_id, t.*
  FROM %2$s v
  CROSS JOIN LATERAL crmcost._touch_credits(
    v.interaction_ids, v.touched_customer_ids, v.touched_ats, v.touched_ons,
    v.touch_months, v.path, v.campaign_codes, v.half_life_days) t
  WHERE v.conversion_kind = 'acquisition'
        AND v.touch_months @> ARRAY[%1$s] AND t.month_start = %1$s
  $query$, month, crmcost._own_rows('conversion'));

COMMENT ON FUNCTION crmcost._acquiring_touches(text) IS
  'Query of the touches of a month that led to acquisitions, with their credits.';

CREATE FUNCTION crmcost._credit_column(ledger name) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN crmcost._setting(ledger, 'attribution_model') || '_credit';

COMMENT ON FUNCTION crmcost._credit_column(name) IS
  'Column of touch_credit with the credits of setting attribution_model.';

-- Credits of the touches of a month: that of the pool, or the closed one whose spend
-- it takes over.
CREATE FUNCTION crmcost._find_attributed_drivers(run crmcost._run, month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_driver
      SELECT w.driver_key, t.customer_id, sum(t.%I)
      FROM (SELECT DISTINCT coalesce(spend_month, $1) AS month_start
            FROM pg_temp.refresh_wanted
            WHERE driver = 'attributed') m
      CROSS JOIN LATERAL (%s) t
      CROSS JOIN LATERAL (VALUES (''), ('channel ' || t.channel_code),
                                 ('campaign ' || t.campaign_code))
        AS s (scope)
      JOIN pg_temp.refresh_wanted w
        ON w.driver = 'attributed' AND w.scope = s.scope
           AND coalesce(w.spend_month, $1) = m.month_start
      GROUP BY w.driver_key, t.customer_id
    $query$, crmcost._credit_column(run.ledger),
    crmcost._acquiring_touches('m.month_start')) USING month;
END
$$;

COMMENT ON FUNCTION crmcost._find_attributed_drivers(crmcost._run, date) IS
  'Adds the credits of the touches of a month to refresh_driver.';
