-- Step 5 of refresh: what the rules say about each customer, appended where it
-- is new.
--
-- A person's row is respected.  In a tier scheme it stands until the answer of
-- the rule changes; a stage set by hand counts like an activity of that day
-- (see _classify_stage).  To tell a change, the rule's first answer about a
-- customer who is there by hand is dated just before that row.
--
-- Who has left a scheme gets the code none: the last order was taken back, or
-- the tier went.  Schemes by hand and unsound ones stay as they are.
CREATE FUNCTION crmcost._refresh_classification(ledger name,
                                                upto timestamptz, day date)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  left_alone text[];
  scheme text;
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  left_alone := crmcost._unsound_schemes(ledger);
  FOREACH scheme IN ARRAY left_alone LOOP
    RAISE WARNING 'tier scheme "%" cannot be applied: its tiers stay as they were',
                  scheme
      USING HINT = 'View data_quality names what is wrong: tier_bounds_out_of_order or tiers_of_mixed_basis.';
  END LOOP;
  left_alone := left_alone || '{stage,owner,invalid}'::text[]
                || ARRAY(SELECT t.scheme FROM tier t WHERE t.basis = 'manual');
  PERFORM crmcost._classify_share(ledger, day);
  PERFORM crmcost._classify_value(ledger, day);
  PERFORM crmcost._classify_rfm(ledger, day);
  PERFORM crmcost._classify_stage(ledger, upto, day);
  ANALYZE pg_temp.refresh_class;

  INSERT INTO classification AS old
    (customer_id, dimension, entered_at, code, evidence, by_rule)
  SELECT customer_id, dimension,
         CASE WHEN ruled.code IS NULL AND valid.code <> new.code
                   AND new.dimension <> 'stage'
           THEN valid.entered_at - interval '1 microsecond' ELSE upto END,
         coalesce(new.code, 'none'), new.evidence, true
  FROM pg_temp.refresh_class new
  FULL JOIN (
    SELECT DISTINCT ON (customer_id, dimension) customer_id, dimension, code
    FROM classification
    WHERE entered_at <= upto AND by_rule
    ORDER BY customer_id, dimension, entered_at DESC
  ) ruled USING (customer_id, dimension)
  LEFT JOIN (
    SELECT DISTINCT ON (customer_id, dimension)
           customer_id, dimension, code, entered_at, by_rule
    FROM classification
    WHERE entered_at <= upto
    ORDER BY customer_id, dimension, entered_at DESC
  ) valid USING (customer_id, dimension)
  WHERE (new.code IS NOT NULL OR dimension <> ALL (left_alone))
        AND CASE WHEN valid.by_rule IS NOT FALSE OR dimension = 'stage'
              THEN valid.code IS DISTINCT FROM coalesce(new.code, 'none')
              ELSE ruled.code IS DISTINCT FROM coalesce(new.code, 'none') END
  ORDER BY customer_id, dimension
  -- facts that came late may change what the same instant was told before
  ON CONFLICT (customer_id, dimension, entered_at) DO UPDATE SET
    code = excluded.code,
    evidence = excluded.evidence
    WHERE old.by_rule;
  GET DIAGNOSTICS changed = ROW_COUNT;
  IF changed > 1000 THEN
    ANALYZE classification;
  END IF;
  RETURN changed + crmcost._write_tier_threshold(ledger);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_classification(name, timestamptz, date) IS
  'Last step of refresh: appends changed stages and tiers to classification; returns the rows changed.';

-- The same that data_quality calls tier_bounds_out_of_order and
-- tiers_of_mixed_basis.
CREATE FUNCTION crmcost._unsound_schemes(ledger name) RETURNS text[]
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  schemes text[];
BEGIN
  PERFORM crmcost._ledger_path(ledger);
  EXECUTE format($query$
    SELECT ARRAY(
      SELECT t.scheme
      FROM (SELECT scheme, basis, bound,
                   lag(bound) OVER (PARTITION BY scheme, basis ORDER BY rank)
                     AS bound_before
            FROM %I.tier) t
      GROUP BY t.scheme
      HAVING count(DISTINCT t.basis) > 1
             OR bool_or(t.basis = 'cum_share' AND t.bound <= t.bound_before
                        OR t.basis = 'min_value' AND t.bound >= t.bound_before)
      ORDER BY t.scheme)
  $query$, ledger) INTO schemes;
  RETURN schemes;
END
$$;

COMMENT ON FUNCTION crmcost._unsound_schemes(name) IS
  'Tier schemes whose tiers contradict each other, so that refresh leaves them alone.';

CREATE FUNCTION crmcost._write_tier_threshold(ledger name) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  measure CONSTANT text := crmcost._setting(ledger, 'abc_measure');
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  WITH computed AS (
    SELECT t.scheme, t.code, t.bound AS value
    FROM tier t
    WHERE t.basis = 'min_value'
    UNION ALL
    SELECT t.scheme, t.code, min((c.evidence ->> measure)::numeric)
    FROM tier t
    JOIN pg_temp.refresh_class c
      ON c.dimension = t.scheme AND c.code = t.code
    WHERE t.basis = 'cum_share'
    GROUP BY t.scheme, t.code
  ),
  difference AS (
    SELECT scheme, code, new.value, new.value IS NULL AS gone
    FROM computed new
    FULL JOIN tier_threshold old USING (scheme, code)
    WHERE old.value IS DISTINCT FROM new.value
  ),
  written AS (
    INSERT INTO tier_threshold (scheme, code, value)
    SELECT scheme, code, value FROM difference WHERE NOT gone
    ON CONFLICT (scheme, code) DO UPDATE SET value = excluded.value
    RETURNING 1
  ),
  vanished AS (
    DELETE FROM tier_threshold old
    USING difference d
    WHERE d.gone AND old.scheme = d.scheme AND old.code = d.code
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM written) + (SELECT count(*) FROM vanished)
    INTO changed;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._write_tier_threshold(name) IS
  'Writes tier_threshold from the tiers of a refresh; returns the rows changed.';

-- Tiers by share.  abc_tier settles two bounds in one pass: A is the first tier
-- of the pair, B the second, and C goes on to the next pair; the last tier takes
-- what is left.  An ABC scheme is one pass.
CREATE FUNCTION crmcost._classify_share(ledger name, day date) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  measure CONSTANT text := crmcost._setting(ledger, 'abc_measure');
  scheme record;
  n integer;
  first_bound numeric;
  second_bound numeric;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  FOR scheme IN
    SELECT t.scheme AS name, array_agg(t.code ORDER BY t.rank) AS code,
           array_agg(t.bound ORDER BY t.rank) AS bound
    FROM tier t
    WHERE t.basis = 'cum_share'
          AND t.scheme <> ALL (crmcost._unsound_schemes(ledger))
    GROUP BY t.scheme
    ORDER BY t.scheme
  LOOP
    n := cardinality(scheme.code);
    FOR k IN 1 .. greatest(n - 1, 1) BY 2 LOOP
      first_bound := scheme.bound[k];
      second_bound := scheme.bound[least(k + 1, greatest(n - 1, 1))];
      INSERT INTO pg_temp.refresh_class
      SELECT v.customer_id, scheme.name,
             CASE v.abc
               WHEN 'A' THEN scheme.code[k]
               WHEN 'B' THEN scheme.code[k + 1]
               ELSE scheme.code[n]
             END,
             jsonb_build_object(measure, v.value)
      FROM (
        SELECT customer_id, value,
               crmcost.abc_tier(value, first_bound, second_bound) OVER ()
                 AS abc
        FROM (SELECT customer_id,
                     CASE measure WHEN 'revenue' THEN revenue
                       WHEN 'margin' THEN margin ELSE profit END AS value
              FROM customer_snapshot
              WHERE as_of = day AND frequency > 0) measured
      ) v
      WHERE (v.abc < 'C' OR k + 1 >= n - 1)
            AND (k = 1 OR NOT EXISTS (
                   SELECT FROM pg_temp.refresh_class c
                   WHERE c.customer_id = v.customer_id
                         AND c.dimension = scheme.name));
    END LOOP;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._classify_share(name, date) IS
  'What schemes of basis cum_share say about each customer with an order.';

-- Tiers by net revenue: the best one whose bound is reached, else the last.
CREATE FUNCTION crmcost._classify_value(ledger name, day date) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  INSERT INTO pg_temp.refresh_class
  SELECT s.customer_id, scheme.name, best.code,
         jsonb_build_object('revenue', s.revenue)
  FROM customer_snapshot s
  CROSS JOIN (SELECT DISTINCT t.scheme AS name FROM tier t
              WHERE t.basis = 'min_value'
                    AND t.scheme <> ALL (crmcost._unsound_schemes(ledger))
             ) scheme
  CROSS JOIN LATERAL (
    SELECT t.code
    FROM tier t
    WHERE t.scheme = scheme.name
    ORDER BY s.revenue >= t.bound DESC,
             CASE WHEN s.revenue >= t.bound THEN t.rank ELSE -t.rank END
    LIMIT 1
  ) best
  WHERE s.as_of = day AND s.frequency > 0;
END
$$;

COMMENT ON FUNCTION crmcost._classify_value(name, date) IS
  'What schemes of basis min_value say about each customer with an order.';

-- Tiers by RFM: the first one by rank that matches.  A score that none matches
-- is left without, and data_quality says so.
CREATE FUNCTION crmcost._classify_rfm(ledger name, day date) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  INSERT INTO pg_temp.refresh_class
  SELECT s.customer_id, first_match.scheme, first_match.code,
         jsonb_build_object('r', s.rfm_score / 100, 'f', s.rfm_score / 10 % 10,
                            'm', s.rfm_score % 10)
  FROM customer_snapshot s
  JOIN (
    SELECT DISTINCT ON (t.scheme, score.rfm)
           t.scheme, t.code, score.rfm
    FROM (SELECT DISTINCT rfm_score AS rfm FROM customer_snapshot
          WHERE as_of = day) score
    JOIN tier t
      ON t.basis = 'rfm' AND t.r @> score.rfm / 100
         AND t.f @> score.rfm / 10 % 10 AND t.m @> score.rfm % 10
         AND t.scheme <> ALL (crmcost._unsound_schemes(ledger))
    ORDER BY t.scheme, score.rfm, t.rank
  ) first_match ON first_match.rfm = s.rfm_score
  WHERE s.as_of = day;
END
$$;

COMMENT ON FUNCTION crmcost._classify_rfm(name, date) IS
  'What schemes of basis rfm say about each customer with an order.';

-- The stage, from facts: days since the last activity, which is an order or the
-- acquisition.  A customer is won back when the last day with an order came
-- after a pause of churn_after_days, or was the first one after somebody set
-- churned by hand; the next one makes the customer active again.
--
-- A stage that was set by hand stands until an order comes after it.  Without
-- one, lead and churned stay; the others age as if the day they were set had
-- been an activity.
CREATE FUNCTION crmcost._classify_stage(ledger name, upto timestamptz,
                                        day date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  zone CONSTANT text := crmcost._setting(ledger, 'timezone');
  at_risk_after CONSTANT integer :=
    crmcost._setting(ledger, 'at_risk_after_days');
  churn_after CONSTANT integer :=
    crmcost._setting(ledger, 'churn_after_days');
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);

  INSERT INTO pg_temp.refresh_class
  WITH by_hand AS (
    SELECT DISTINCT ON (customer_id) customer_id, code, entered_at
    FROM classification
    WHERE dimension = 'stage' AND NOT by_rule AND entered_at <= upto
    ORDER BY customer_id, entered_at DESC
  ),
  bought AS (
    SELECT r.customer_id, r.last_at,
           (r.last_at AT TIME ZONE zone)::date AS last_on,
           before.last_on AS last_on_before, before.last_at AS last_at_before
    FROM pg_temp.refresh_rfm r
    LEFT JOIN (
      SELECT o.customer_id, max(o.ordered_on) AS last_on,
             max(o.ordered_at) AS last_at
      FROM pg_temp.refresh_order o
      JOIN pg_temp.refresh_rfm r USING (customer_id)
      WHERE o.ordered_on < (r.last_at AT TIME ZONE zone)::date
      GROUP BY o.customer_id
    ) before USING (customer_id)
  ),
  party AS (
    SELECT c.customer_id, b.last_on, h.code AS by_hand,
           b.last_at > h.entered_at AS bought_since,
           -- the last day with an order is the first one after the churn
           b.last_on - b.last_on_before >= churn_after
             OR h.code = 'churned' AND b.last_at > h.entered_at
                AND coalesce(b.last_at_before <= h.entered_at, true)
             AS came_back,
           day - greatest(b.last_on,
                          CASE WHEN c.acquired_at <= upto
                            THEN (c.acquired_at AT TIME ZONE zone)::date END,
                          CASE WHEN h.code NOT IN ('lead', 'churned')
                            THEN (h.entered_at AT TIME ZONE zone)::date END)
             AS idle_days
    FROM customer c
    LEFT JOIN bought b USING (customer_id)
    LEFT JOIN by_hand h USING (customer_id)
    WHERE c.source <> 'anon'
          AND (c.first_seen_at <= upto OR b.customer_id IS NOT NULL
               OR h.customer_id IS NOT NULL)
  )
  SELECT customer_id, 'stage',
         CASE
           WHEN by_hand IN ('lead', 'churned') AND bought_since IS NOT TRUE
             THEN by_hand
           WHEN idle_days IS NULL THEN 'lead'
           WHEN idle_days >= churn_after THEN 'churned'
           WHEN by_hand IS NOT NULL AND bought_since IS NOT TRUE
                AND (idle_days < at_risk_after OR by_hand = 'at_risk')
             THEN by_hand
           WHEN idle_days >= at_risk_after THEN 'at_risk'
           WHEN came_back THEN 'won_back'
           ELSE 'active'
         END,
         jsonb_strip_nulls(jsonb_build_object('last_order_on', last_on,
                                              'idle_days', idle_days))
  FROM party;
END
$$;

COMMENT ON FUNCTION crmcost._classify_stage(name, timestamptz, date) IS
  'What stage each customer and lead is in.';

REVOKE EXECUTE ON ROUTINE
  crmcost.refresh(name, timestamptz),
  crmcost._drop_refresh_tables(),
  crmcost._drop_temporary(text[]),
  crmcost._make_work_tables(),
  crmcost._make_cost_tables(),
  crmcost._refresh(name, timestamptz),
  crmcost._refresh_month(name, timestamptz),
  crmcost._write_customer_month(name, timestamptz, date, text, boolean),
  crmcost._refresh_snapshot(name, timestamptz, date),
  crmcost._refresh_classification(name, timestamptz, date),
  crmcost._write_tier_threshold(name),
  crmcost._classify_share(name, date),
  crmcost._classify_value(name, date),
  crmcost._classify_rfm(name, date),
  crmcost._classify_stage(name, timestamptz, date)
FROM PUBLIC;

GRANT EXECUTE ON ROUTINE
  crmcost.refresh(name, timestamptz),
  crmcost._drop_refresh_tables(),
  crmcost._drop_temporary(text[]),
  crmcost._make_work_tables(),
  crmcost._make_cost_tables(),
  crmcost._refresh(name, timestamptz),
  crmcost._refresh_month(name, timestamptz),
  crmcost._write_customer_month(name, timestamptz, date, text, boolean),
  crmcost._refresh_snapshot(name, timestamptz, date),
  crmcost._refresh_classification(name, timestamptz, date),
  crmcost._write_tier_threshold(name),
  crmcost._classify_share(name, date),
  crmcost._classify_value(name, date),
  crmcost._classify_rfm(name, date),
  crmcost._classify_stage(name, timestamptz, date)
TO @extowner@ WITH GRANT OPTION;
