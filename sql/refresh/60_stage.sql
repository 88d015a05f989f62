-- Step stage: the life of each customer as a row of stages, dated by what happened,
-- for the whole past, however late it was loaded.
--
-- Points of a life are the days with an order, the acquisition, and what a person
-- set.  Before the first point stands lead, from the first sight on.  After each
-- point the customer is active, or won back where the pause before it was one of
-- churn; after at_risk_after_days without another point at risk, after
-- churn_after_days churned, each on the day on which the pause reached its length.
--
-- A stage that a person set stands until the next order.  Until then lead and
-- churned stay; the others age as if they had been an activity of their day.
CREATE FUNCTION crmcost._refresh_stage(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  churn_after CONSTANT integer :=
    crmcost._setting(run.ledger, 'churn_after_days');
  -- nobody is churned who was not at risk before
  at_risk_after CONSTANT integer :=
    least(crmcost._setting(run.ledger, 'at_risk_after_days')::integer,
          churn_after - 1);
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  PERFORM crmcost._find_stage_customers(run, at_risk_after, churn_after);
  PERFORM crmcost._stage_points(run, at_risk_after, churn_after);
  PERFORM crmcost._find_stages(run, at_risk_after, churn_after);
  PERFORM crmcost._note_stages(run, -1);
  changed := crmcost._write_customer_stage(run)
    + crmcost._write_difference(run.ledger, 'classification', $query$
      SELECT s.customer_id, 'stage'::text AS dimension, s.entered_at, s.code,
             CASE WHEN s.last_ordered_on IS NOT NULL
                    THEN jsonb_build_object('last_order_on', s.last_ordered_on,
                                            'idle_days', s.idle_days)
                  WHEN s.idle_days IS NOT NULL
                    THEN jsonb_build_object('idle_days', s.idle_days)
                  ELSE '{}' END AS evidence, true AS by_rule
      FROM pg_temp.refresh_stage s
      WHERE NOT EXISTS (SELECT FROM classification k
                        WHERE k.customer_id = s.customer_id
                              AND k.dimension = 'stage' AND NOT k.by_rule
                              AND k.entered_at = s.entered_at)
    $query$,
    CASE WHEN run.whole THEN 'old.dimension = ''stage'' AND old.by_rule'
      ELSE 'old.dimension = ''stage'' AND old.by_rule AND old.customer_id = ANY (ARRAY(SELECT c.customer_id FROM pg_temp.refresh_stage_customer c))'
    END);
  PERFORM crmcost._note_stages(run, 1);
  -- the steps that follow join all of it, for the first time; on workers it is a view
  IF run.whole AND changed > 0
     AND (SELECT c.relkind = 'r' FROM pg_class c
          WHERE c.oid = 'classification'::regclass) THEN
    PERFORM crmcost._analyze_table('classification'::regclass);
  END IF;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._refresh_stage(crmcost._run) IS
  'Step of refresh: stages in classification, and customer_stage; returns the rows changed.';

-- A stage set by hand has a pause of its own.
CREATE FUNCTION crmcost._find_stage_customers(run crmcost._run,
                                              at_risk_after integer,
                                              churn_after integer)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  day_before CONSTANT date := crmcost._report_day(run.upto_before, run.zone);
  from_on CONSTANT date := least(run.day, day_before);
  to_on CONSTANT date := greatest(run.day, day_before);
BEGIN
  IF run.whole THEN
    INSERT INTO pg_temp.refresh_stage_customer
      SELECT c.customer_id FROM customer c;
  ELSE
    PERFORM crmcost._find_stage_news(run);
    INSERT INTO pg_temp.refresh_stage_customer
      SELECT last.customer_id
      FROM (SELECT v.customer_id,
                   coalesce(v.last_ordered_on, v.acquired_on) AS active_on
            FROM customer_value v) last
      WHERE from_on < to_on
            AND (last.active_on + at_risk_after > from_on
                 AND last.active_on + at_risk_after <= to_on
                 OR last.active_on + churn_after > from_on
                    AND last.active_on + churn_after <= to_on)
      UNION
      SELECT coalesce(p.party_id, k.customer_id)
      FROM classification k
      LEFT JOIN pg_temp.refresh_party p USING (customer_id)
      WHERE from_on < to_on AND k.dimension = 'stage' AND NOT k.by_rule
      ON CONFLICT (customer_id) DO NOTHING;
  END IF;
  ANALYZE pg_temp.refresh_stage_customer;
END
$$;

COMMENT ON FUNCTION crmcost._find_stage_customers(crmcost._run, integer, integer) IS
  'Fills refresh_stage_customer: whose stages may have changed, and whose pause reached a length between the two report days.';

-- Contacts matter as far as a complaint says why somebody went; that a customer takes
-- part in a campaign, for who was won back.
CREATE FUNCTION crmcost._find_stage_news(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_stage_customer
    WITH news AS (
      SELECT n.customer_id, n.relation,
             crmcost._midnight(n.from_on, run.zone) AS from_at,
             crmcost._midnight(n.before_on, run.zone) AS before_at
      FROM crmcost._news(run) n
      WHERE n.relation NOT IN ('sale', 'interaction')
    ),
    person AS (
      SELECT r.customer_id
      FROM pg_temp.refresh_customer r
      WHERE r.customer_id IN (SELECT n.customer_id FROM news n)
      UNION
      SELECT c.customer_id
      FROM news n
      JOIN customer c ON c.first_seen_at >= n.from_at
                         AND c.first_seen_at < n.before_at
                         OR c.acquired_at >= n.from_at
                            AND c.acquired_at < n.before_at
      WHERE n.customer_id IS NULL AND n.relation = 'customer'
      UNION
      SELECT m.customer_id
      FROM news n
      JOIN campaign_member m ON m.assigned_at >= n.from_at
                                AND m.assigned_at < n.before_at
      WHERE n.customer_id IS NULL AND n.relation = 'campaign_member'
    )
    SELECT customer_id FROM person
    UNION
    SELECT p.party_id FROM pg_temp.refresh_party p JOIN person USING (customer_id)
    UNION
    SELECT o.customer_id FROM pg_temp.refresh_order_news o
    UNION
    SELECT r.customer_id FROM pg_temp.refresh_customer r
    WHERE r.of_contacts
          AND (EXISTS (SELECT FROM pg_temp.refresh_contact i
                       WHERE i.customer_id = r.customer_id
                             AND i.kind = 'complaint'
                             AND i.reason_code IS NOT NULL)
               -- OFFSET 0 looks these up: few have any
               OR EXISTS (SELECT FROM stage_spell s
                          WHERE s.customer_id = r.customer_id
                                AND s.reason_inferred
                          OFFSET 0));
END
$$;

COMMENT ON FUNCTION crmcost._find_stage_news(crmcost._run) IS
  'Adds to refresh_stage_customer the customers whose orders changed, or who they are, or why they went.';

-- In which stages one is a customer: not as a lead, and not once churned.
CREATE FUNCTION crmcost._customer_stages() RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{active,at_risk,won_back}'::text[];

COMMENT ON FUNCTION crmcost._customer_stages() IS
  'Stages in which a party is a customer.';

CREATE FUNCTION crmcost._stages() RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN crmcost._customer_stages() || '{lead,churned}'::text[];

COMMENT ON FUNCTION crmcost._stages() IS
  'All stages of a life.';

-- Rows of a table by customer that follow the stages, of a table alias.
CREATE FUNCTION crmcost._rows_of_stage_news(run crmcost._run, alias text)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN run.whole THEN 'true'
  ELSE pg_catalog.format('%I.customer_id = ANY (ARRAY(SELECT c.customer_id FROM pg_temp.refresh_stage_customer c))', alias)
  END;

COMMENT ON FUNCTION crmcost._rows_of_stage_news(crmcost._run, text) IS
  'Condition on an alias that a row is of a customer whose stages may have changed.';

-- Several orders of a day are one point, at the time of the first.  Who was acquired
-- after an order had been active before: the acquisition is no point then.
CREATE FUNCTION crmcost._point_query(run crmcost._run) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT o.customer_id, min(o.ordered_at) AS at, o.ordered_on AS day,
         true AS is_order, NULL::text AS by_hand, count(*)::integer AS orders,
         crmcost._sum_few(o.revenue) AS revenue,
         crmcost._sum_few(o.margin) AS margin
  FROM customer_order o
  WHERE o.is_order AND %3$s
  GROUP BY o.customer_id, o.ordered_on
  UNION ALL
  SELECT c.customer_id, c.acquired_at, (c.acquired_at AT TIME ZONE %2$L)::date,
         false, NULL, NULL, NULL, NULL
  FROM customer c
  WHERE c.acquired_at < %1$L AND c.source <> 'anon' AND c.merged_into IS NULL
        AND %4$s
        AND NOT EXISTS (SELECT FROM customer_order o
                        WHERE o.customer_id = c.customer_id AND o.is_order
                              AND o.ordered_at < c.acquired_at)
  UNION ALL
  SELECT coalesce(p.party_id, k.customer_id), k.entered_at,
         (k.entered_at AT TIME ZONE %2$L)::date, false, k.code, NULL, NULL,
         NULL
  FROM classification k
  LEFT JOIN pg_temp.refresh_party p USING (customer_id)
  JOIN pg_temp.refresh_stage_customer s
    ON s.customer_id = coalesce(p.party_id, k.customer_id)
  WHERE k.dimension = 'stage' AND NOT k.by_rule AND k.entered_at < %1$L
$query$, run.upto, run.zone, crmcost._rows_of_stage_news(run, 'o'),
  crmcost._rows_of_stage_news(run, 'c'));

COMMENT ON FUNCTION crmcost._point_query(crmcost._run) IS
  'Query of the points of the lives of refresh_stage_customer, and what was ordered then.';

-- What the pause before a point had made of the customer, and what the point makes.
-- What an order found is what held before the acquisition, where that is of its day
-- and before it.  All windows are in one order: a life is sorted once.
CREATE FUNCTION crmcost._stage_points(run crmcost._run, at_risk_after integer,
                                      churn_after integer)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_staged
      SELECT l.customer_id, l.at, l.day, l.is_order, l.by_hand,
             l.last_ordered_on, l.before, l.stage, l.stage_before,
             CASE WHEN l.acquired_on = l.day THEN l.acquired_from
               WHEN l.before = 'active' AND l.stage_before = 'won_back'
                 THEN 'won_back' ELSE l.before END,
             coalesce(l.day_after, %2$L) - l.day, l.day_before IS NULL,
             l.orders, l.revenue, l.margin
      FROM (
        SELECT p.*, lag(p.stage) OVER life AS stage_before,
               max(CASE WHEN p.is_acquisition THEN p.day END) OVER life
                 AS acquired_on,
               max(CASE
                     WHEN p.is_acquisition AND p.before = 'active'
                          AND p.by_hand_before = 'won_back' THEN 'won_back'
                     WHEN p.is_acquisition THEN p.before
                   END) OVER life AS acquired_from
        FROM (
          SELECT p.*, NOT p.is_order AND p.by_hand IS NULL AS is_acquisition,
                 CASE WHEN p.by_hand IS NOT NULL THEN p.by_hand
                   WHEN p.before = 'churned' THEN 'won_back' ELSE 'active'
                 END AS stage
          FROM (
            SELECT p.*,
                   CASE
                     WHEN p.day_before IS NULL THEN 'lead'
                     WHEN p.by_hand_before IN ('lead', 'churned')
                       THEN p.by_hand_before
                     WHEN p.day - p.day_before >= %4$s THEN 'churned'
                     WHEN p.day - p.day_before >= %3$s
                          OR p.by_hand_before = 'at_risk' THEN 'at_risk'
                     ELSE 'active'
                   END AS before
            FROM (
              SELECT p.*, max(CASE WHEN p.is_order THEN p.day END) OVER life
                       AS last_ordered_on,
                     lag(p.day) OVER life AS day_before,
                     lag(p.by_hand) OVER life AS by_hand_before,
                     lead(p.day) OVER life AS day_after
              FROM (%1$s) p
              WINDOW life AS (
                PARTITION BY p.customer_id
                ORDER BY p.at, p.by_hand NULLS FIRST, p.is_order DESC)
            ) p
          ) p
        ) p
        WINDOW life AS (PARTITION BY p.customer_id
                        ORDER BY p.at, p.by_hand NULLS FIRST, p.is_order DESC)
      ) l
    $query$, crmcost._point_query(run), run.day, at_risk_after, churn_after);
END
$$;

COMMENT ON FUNCTION crmcost._stage_points(crmcost._run, integer, integer) IS
  'Fills refresh_staged: the stage before and after each point of a life.';

CREATE FUNCTION crmcost._find_stages(run crmcost._run, at_risk_after integer,
                                     churn_after integer)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_stage
    WITH event AS (
      -- won back is over with the next point
      SELECT s.customer_id, s.at AS entered_at, s.stage AS code,
             s.last_ordered_on, s.day - s.last_ordered_on AS idle_days, 2 AS n
      FROM pg_temp.refresh_staged s
      WHERE s.by_hand IS NULL
            AND (s.before <> 'active' OR s.stage_before <> s.stage)
      UNION ALL
      SELECT s.customer_id, crmcost._midnight(s.day + at_risk_after, run.zone),
             'at_risk', s.last_ordered_on, at_risk_after, 1
      FROM pg_temp.refresh_staged s
      WHERE s.pause >= at_risk_after
            AND s.stage NOT IN ('lead', 'churned', 'at_risk')
      UNION ALL
      SELECT s.customer_id, crmcost._midnight(s.day + churn_after, run.zone),
             'churned', s.last_ordered_on, churn_after, 1
      FROM pg_temp.refresh_staged s
      WHERE s.pause >= churn_after AND s.stage NOT IN ('lead', 'churned')
      UNION ALL
      SELECT c.customer_id, c.first_seen_at, 'lead', NULL, NULL, 0
      FROM customer c
      JOIN pg_temp.refresh_stage_customer USING (customer_id)
      LEFT JOIN pg_temp.refresh_staged first
        ON first.customer_id = c.customer_id AND first.is_first
      WHERE c.source <> 'anon' AND c.merged_into IS NULL
            AND c.first_seen_at < least(run.upto,
                                        coalesce(first.at, 'infinity'))
    )
    -- of what happened at the same instant, the last; an order that wins a
    -- customer back may be of the instant of the acquisition, which is no step
    SELECT DISTINCT ON (e.customer_id, e.entered_at)
           e.customer_id, e.entered_at, e.code, e.last_ordered_on, e.idle_days
    FROM event e
    JOIN customer c USING (customer_id)
    WHERE c.source <> 'anon'
    ORDER BY e.customer_id, e.entered_at, e.n DESC, e.code DESC;
END
$$;

COMMENT ON FUNCTION crmcost._find_stages(crmcost._run, integer, integer) IS
  'Fills refresh_stage from refresh_staged: the stages that the rule gives.';

-- Orders by what they found and left behind.  What is no order (refunds alone) is of
-- no stage, like technical customers.
CREATE FUNCTION crmcost._write_customer_stage(run crmcost._run)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'customer_stage', format($query$
      SELECT o.customer_id,
             CASE WHEN v.is_technical THEN '(unknown)' ELSE o.found END
               AS stage_before,
             CASE WHEN v.is_technical THEN '(unknown)' ELSE o.stage END
               AS stage_after,
             sum(o.orders) AS orders, crmcost._sum_few(o.revenue) AS revenue,
             crmcost._sum_few(o.margin) AS margin
      FROM (SELECT s.customer_id, s.found, s.stage, s.orders, s.revenue,
                   s.margin
            FROM pg_temp.refresh_staged s
            WHERE s.is_order
            UNION ALL
            SELECT o.customer_id, '(unknown)', '(unknown)', 0, o.revenue,
                   o.margin
            FROM customer_order o
            WHERE NOT o.is_order AND %s) o
      JOIN customer_value v ON v.customer_id = o.customer_id
      GROUP BY 1, 2, 3
      HAVING sum(o.orders) > 0 OR crmcost._sum_few(o.revenue) <> 0
             OR crmcost._sum_few(o.margin) <> 0
    $query$, crmcost._rows_of_stage_news(run, 'o')),
    crmcost._rows_of_stage_news(run, 'old'));
END
$$;

COMMENT ON FUNCTION crmcost._write_customer_stage(crmcost._run) IS
  'Writes customer_stage; returns the rows changed.';
