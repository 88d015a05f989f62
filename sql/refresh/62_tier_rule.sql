-- What holds before the first month that is looked at: of each customer and scheme
-- the last row, and the last answer of the rule.  Mostly that is what the store
-- says of the last refresh; where a later row stands there, history tells.  Before
-- the first month of all there is only what persons have set.
CREATE FUNCTION crmcost._find_tier_state(run crmcost._run, schemes text[],
                                         from_at timestamptz)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  IF run.whole THEN
    PERFORM crmcost._add_set_tiers(schemes, from_at);
    RETURN;
  END IF;
  INSERT INTO pg_temp.refresh_tier_state
    SELECT c.customer_id, c.dimension, last.code, last.entered_at,
           last.by_rule,
           CASE WHEN last.by_rule THEN last.code ELSE ruled.code END
    FROM customer_class c
    CROSS JOIN LATERAL (
      SELECT k.code, k.entered_at, k.by_rule
      FROM (SELECT c.code, c.entered_at, c.by_rule
            WHERE c.entered_at <= from_at
            UNION ALL
            (SELECT h.code, h.entered_at, h.by_rule
             FROM classification h
             WHERE c.entered_at > from_at AND h.customer_id = c.customer_id
                   AND h.dimension = c.dimension AND h.entered_at <= from_at
             ORDER BY h.entered_at DESC LIMIT 1)) k
    ) last
    LEFT JOIN LATERAL (
      SELECT h.code
      FROM classification h
      WHERE NOT last.by_rule AND h.customer_id = c.customer_id
            AND h.dimension = c.dimension AND h.by_rule
            AND h.entered_at <= from_at
      ORDER BY h.entered_at DESC LIMIT 1
    ) ruled ON true
    WHERE c.dimension = ANY (schemes);
  ANALYZE pg_temp.refresh_tier_state;
END
$$;

COMMENT ON FUNCTION crmcost._find_tier_state(crmcost._run, text[], timestamptz) IS
  'Fills refresh_tier_state: the tiers that held at an instant.';

CREATE FUNCTION crmcost._add_set_tiers(schemes text[], at timestamptz)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_tier_state AS s
    SELECT DISTINCT ON (k.customer_id, k.dimension)
           k.customer_id, k.dimension, k.code, k.entered_at, false, NULL
    FROM classification k
    WHERE NOT k.by_rule AND k.dimension = ANY (schemes) AND k.entered_at <= at
    ORDER BY k.customer_id, k.dimension, k.entered_at DESC
    ON CONFLICT (customer_id, dimension) DO UPDATE SET
      code = excluded.code,
      entered_at = excluded.entered_at,
      by_rule = false
      WHERE excluded.entered_at > s.entered_at;
END
$$;

COMMENT ON FUNCTION crmcost._add_set_tiers(text[], timestamptz) IS
  'Brings what persons have set up to an instant into refresh_tier_state.';

-- The rule's answers of one instant, in refresh_class, become rows where they are
-- new.
CREATE FUNCTION crmcost._append_tiers(schemes text[], at timestamptz)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  PERFORM crmcost._add_set_tiers(schemes, at);
  DELETE FROM pg_temp.refresh_tier_new;
  INSERT INTO pg_temp.refresh_tier_new
    SELECT customer_id, dimension, coalesce(n.code, 'none'), n.evidence,
           -- at the same instant a person has the last word
           CASE WHEN s.ruled IS NULL AND s.code <> coalesce(n.code, 'none')
                     OR NOT s.by_rule AND s.entered_at = at
             THEN s.entered_at - interval '1 microsecond' ELSE at END
    FROM pg_temp.refresh_class n
    FULL JOIN pg_temp.refresh_tier_state s USING (customer_id, dimension)
    WHERE CASE WHEN s.by_rule IS NOT FALSE
            THEN s.code IS DISTINCT FROM coalesce(n.code, 'none')
            -- no answer yet, as about a lead, is none that could change
            ELSE s.ruled IS DISTINCT FROM coalesce(n.code, 'none')
                 AND num_nonnulls(s.ruled, n.code) > 0 END;
  INSERT INTO pg_temp.refresh_tier_row
    SELECT n.customer_id, n.dimension, n.entered_at, n.code, n.evidence
    FROM pg_temp.refresh_tier_new n;
  INSERT INTO pg_temp.refresh_tier_state AS s
    SELECT n.customer_id, n.dimension, n.code, n.entered_at, true, n.code
    FROM pg_temp.refresh_tier_new n
    ON CONFLICT (customer_id, dimension) DO UPDATE SET
      code = CASE WHEN excluded.entered_at > s.entered_at THEN excluded.code
               ELSE s.code END,
      by_rule = excluded.entered_at > s.entered_at,
      entered_at = greatest(excluded.entered_at, s.entered_at),
      ruled = excluded.ruled;
END
$$;

COMMENT ON FUNCTION crmcost._append_tiers(text[], timestamptz) IS
  'Adds the answers in refresh_class that are new at an instant to refresh_tier_row.';

-- An order that counted in a month that is closed stays there, though a line of a
-- later day has been added to it since.
CREATE FUNCTION crmcost._day_in(month date, day date) RETURNS date
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN least(day, (month + '1 mon'::interval)::date - 1);

COMMENT ON FUNCTION crmcost._day_in(date, date) IS
  'A day, but no later than the last one of a month.';

-- Sums of each customer up to the month before the first; on the report day they
-- are those of customer_value.
CREATE FUNCTION crmcost._start_cumulating(run crmcost._run, first_month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  IF first_month < crmcost._month_of(run.day) THEN
    INSERT INTO pg_temp.refresh_cumulated
      SELECT m.customer_id, sum(m.orders), o.last_ordered_on, sum(m.revenue),
             sum(m.margin), sum(m.margin - m.direct_cost - m.allocated_cost)
      FROM customer_month m
      LEFT JOIN (SELECT customer_id, max(crmcost._day_in(month_start,
                                                         ordered_on))
                          AS last_ordered_on
                 FROM customer_order
                 WHERE is_order AND month_start < first_month
                 GROUP BY customer_id) o USING (customer_id)
      WHERE m.month_start < first_month
      GROUP BY m.customer_id, o.last_ordered_on;
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._start_cumulating(crmcost._run, date) IS
  'Fills refresh_cumulated with the sums of each customer before a month.';

CREATE FUNCTION crmcost._cumulate_month(run crmcost._run, month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  IF month = crmcost._month_of(run.day) THEN
    TRUNCATE pg_temp.refresh_cumulated;
    INSERT INTO pg_temp.refresh_cumulated
      SELECT v.customer_id, v.orders, v.last_ordered_on, v.revenue, v.margin,
             v.profit
      FROM customer_value v
      WHERE v.orders > 0;
  ELSE
    INSERT INTO pg_temp.refresh_cumulated AS c
      SELECT m.customer_id, m.orders, o.last_ordered_on, m.revenue, m.margin,
             m.margin - m.direct_cost - m.allocated_cost
      FROM customer_month m
      LEFT JOIN (SELECT customer_id, max(crmcost._day_in(month, ordered_on))
                          AS last_ordered_on
                 FROM customer_order
                 WHERE is_order AND month_start = month
                 GROUP BY customer_id) o USING (customer_id)
      WHERE m.month_start = month
      ON CONFLICT (customer_id) DO UPDATE SET
        orders = c.orders + excluded.orders,
        last_ordered_on = greatest(c.last_ordered_on,
                                   excluded.last_ordered_on),
        revenue = c.revenue + excluded.revenue,
        margin = c.margin + excluded.margin,
        profit = c.profit + excluded.profit;
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._cumulate_month(crmcost._run, date) IS
  'Adds a month to refresh_cumulated.';

-- What the schemes say of each customer with an order.  A technical customer is
-- many people: its tier would say nothing.
CREATE FUNCTION crmcost._classify(run crmcost._run, schemes text[], day date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  measure CONSTANT text := crmcost._setting(run.ledger, 'abc_measure');
  bins CONSTANT integer := crmcost._setting(run.ledger, 'rfm_bins');
BEGIN
  DELETE FROM pg_temp.refresh_class;
  DELETE FROM pg_temp.refresh_member;
  INSERT INTO pg_temp.refresh_member
    SELECT c.customer_id,
           CASE measure WHEN 'revenue' THEN c.revenue
             WHEN 'margin' THEN c.margin ELSE c.profit END,
           c.revenue,
           crmcost.rfm_score((day - c.last_ordered_on)::float8,
                             c.orders::float8, c.revenue::float8, bins) OVER ()
    FROM pg_temp.refresh_cumulated c
    WHERE c.orders > 0 AND c.last_ordered_on IS NOT NULL
          AND NOT EXISTS (SELECT FROM customer t
                          WHERE t.customer_id = c.customer_id
                                AND t.source = 'anon');
  PERFORM crmcost._classify_share(schemes, measure);
  PERFORM crmcost._classify_value(schemes);
  PERFORM crmcost._classify_rfm(schemes);
  ANALYZE pg_temp.refresh_class;
END
$$;

COMMENT ON FUNCTION crmcost._classify(crmcost._run, text[], date) IS
  'Fills refresh_class: what the tier schemes say of refresh_cumulated.';

-- Tiers by share.  abc_tier settles two bounds in one pass: A is the first tier
-- of the pair, B the second, and C goes on to the next pair; the last tier takes
-- what is left.  An ABC scheme is one pass.
CREATE FUNCTION crmcost._classify_share(schemes text[], measure text)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  scheme record;
  n integer;
  first_bound numeric;
  second_bound numeric;
BEGIN
  FOR scheme IN
    SELECT t.scheme AS name, array_agg(t.code ORDER BY t.rank) AS code,
           array_agg(t.bound ORDER BY t.rank) AS bound
    FROM tier t
    WHERE t.basis = 'cum_share' AND t.scheme = ANY (schemes)
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
        FROM pg_temp.refresh_member
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

COMMENT ON FUNCTION crmcost._classify_share(text[], text) IS
  'Adds what schemes of basis cum_share say to refresh_class.';

-- Tiers by net revenue: the best one whose bound is reached, else the last.
CREATE FUNCTION crmcost._classify_value(schemes text[]) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_class
    SELECT m.customer_id, s.name,
           coalesce(s.codes[array_length(s.bounds, 1) + 1
                            - width_bucket(m.revenue, s.ascending)],
                    s.codes[array_length(s.codes, 1)]),
           jsonb_build_object('revenue', m.revenue)
    FROM pg_temp.refresh_member m
    CROSS JOIN (
      SELECT t.scheme AS name, array_agg(t.code ORDER BY t.rank) AS codes,
             array_agg(t.bound ORDER BY t.rank) AS bounds,
             array_agg(t.bound ORDER BY t.rank DESC) AS ascending
      FROM tier t
      WHERE t.basis = 'min_value' AND t.scheme = ANY (schemes)
      GROUP BY t.scheme
    ) s;
END
$$;

COMMENT ON FUNCTION crmcost._classify_value(text[]) IS
  'Adds what schemes of basis min_value say to refresh_class.';

-- Tiers by RFM: the first one by rank that matches.  A score that none matches
-- is left without, and data_quality says so.
CREATE FUNCTION crmcost._classify_rfm(schemes text[]) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_class
    SELECT m.customer_id, first_match.scheme, first_match.code,
           jsonb_build_object('r', m.score / 100, 'f', m.score / 10 % 10,
                              'm', m.score % 10)
    FROM pg_temp.refresh_member m
    JOIN (
      SELECT DISTINCT ON (t.scheme, score.rfm) t.scheme, t.code, score.rfm
      FROM (SELECT DISTINCT score AS rfm FROM pg_temp.refresh_member) score
      JOIN tier t
        ON t.basis = 'rfm' AND t.r @> score.rfm / 100
           AND t.f @> score.rfm / 10 % 10 AND t.m @> score.rfm % 10
           AND t.scheme = ANY (schemes)
      ORDER BY t.scheme, score.rfm, t.rank
    ) first_match ON first_match.rfm = m.score;
END
$$;

COMMENT ON FUNCTION crmcost._classify_rfm(text[]) IS
  'Adds what schemes of basis rfm say to refresh_class.';

-- Of the report day, whose answers are the last in refresh_class.
CREATE FUNCTION crmcost._write_tier_threshold(run crmcost._run)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'tier_threshold', format($query$
    SELECT t.scheme, t.code, t.bound AS value
    FROM tier t
    WHERE t.basis = 'min_value'
    UNION ALL
    SELECT t.scheme, t.code, min((c.evidence ->> %L)::numeric)
    FROM tier t
    JOIN pg_temp.refresh_class c
      ON c.dimension = t.scheme AND c.code = t.code
    WHERE t.basis = 'cum_share'
    GROUP BY t.scheme, t.code
  $query$, crmcost._setting(run.ledger, 'abc_measure')), 'true');
END
$$;

COMMENT ON FUNCTION crmcost._write_tier_threshold(crmcost._run) IS
  'Writes tier_threshold from the tiers of the report day; returns the rows changed.';
