-- Drivers that customer_month does not hold, of one month: those of limited rules
-- count what happened in the channel, campaign or product; tier_weight takes the
-- tier that held when the month began, so that it does not depend on what comes
-- out of it; equal is 1 for all who were customers by the end of the month; own
-- ones are in driver_entry; blended ones are made of the others.
CREATE FUNCTION crmcost._find_drivers(run crmcost._run, month date,
                                      schemes text[])
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  DELETE FROM pg_temp.refresh_driver;
  DELETE FROM pg_temp.refresh_blend_part;
  PERFORM crmcost._find_wanted(month);
  IF NOT EXISTS (SELECT FROM pg_temp.refresh_wanted) THEN
    RETURN;
  END IF;
  TRUNCATE pg_temp.refresh_now;
  EXECUTE 'INSERT INTO pg_temp.refresh_now '
          || crmcost._happened_query(run, month);
  PERFORM crmcost._find_limited_drivers(run, month, schemes);
  PERFORM crmcost._find_party_drivers(run, month, schemes);
  PERFORM crmcost._find_own_drivers(run, month);
  PERFORM crmcost._find_attributed_drivers(run, month);
  INSERT INTO pg_temp.refresh_blend_part
    SELECT d.driver_key, sum(greatest(d.quantity, 0))
    FROM pg_temp.refresh_driver d
    JOIN pg_temp.refresh_wanted w USING (driver_key)
    WHERE w.kind = 'part'
    GROUP BY d.driver_key;
  ANALYZE pg_temp.refresh_driver;
END
$$;

COMMENT ON FUNCTION crmcost._find_drivers(crmcost._run, date, text[]) IS
  'Fills refresh_driver for a month, but for blends, and refresh_blend_part, which these are made of; given the schemes whose tiers are found, where they weigh.';

CREATE FUNCTION crmcost._find_wanted(month date) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  DELETE FROM pg_temp.refresh_wanted;
  INSERT INTO pg_temp.refresh_wanted
    SELECT DISTINCT p.driver_key, p.driver, p.scope, d.kind, p.spend_month
    FROM pg_temp.refresh_pool p
    JOIN driver d ON d.code = p.driver
    WHERE p.month_start = month AND p.driver_key IS NOT NULL
          AND (p.scope <> '' OR d.kind <> 'ledger'
               OR p.driver IN ('tier_weight', 'equal', 'attributed'));
  -- the parts of a blend, with the limit of the whole
  INSERT INTO pg_temp.refresh_wanted
    SELECT DISTINCT 'part ' || b.part || coalesce(' of ' || nullif(w.scope, ''),
                                                  ''),
           b.part, w.scope, 'part', NULL::date
    FROM pg_temp.refresh_wanted w
    JOIN driver_blend b ON b.driver = w.driver
    WHERE w.kind = 'blend';
END
$$;

COMMENT ON FUNCTION crmcost._find_wanted(date) IS
  'Fills refresh_wanted: the drivers of the pools of a month that customer_month does not hold, and the parts of blends.';

-- As customer_driver has them.
CREATE FUNCTION crmcost._month_drivers()
  RETURNS TABLE (driver_key text, customer_id bigint, quantity numeric)
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT d.driver_key, d.customer_id, d.quantity::numeric(38,12)
    FROM pg_temp.refresh_driver d
    JOIN pg_temp.refresh_wanted w USING (driver_key)
    WHERE w.kind <> 'part' AND d.quantity > 0;
END
$$;

COMMENT ON FUNCTION crmcost._month_drivers() IS
  'What customers have of the drivers of refresh_wanted.';

-- Running sums go along the hashes of numbers, as those of driver_before do (46_flow.sql).
-- Where the customers of a shard do not begin them, refresh_driver_sum has what comes before.
CREATE FUNCTION crmcost._write_month_drivers(run crmcost._run, month date)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  shard text;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_temp.refresh_wanted)
     AND NOT EXISTS (SELECT FROM customer_driver d
                     WHERE d.month_start = month) THEN
    RETURN 0;
  END IF;
  IF EXISTS (SELECT FROM pg_temp.refresh_driver_sum) THEN
    shard := crmcost._shard_term();
  END IF;
  RETURN crmcost._write_difference(run.ledger, 'customer_driver', format($query$
    SELECT %1$L::date AS month_start, d.driver_key, d.customer_id, d.quantity,
           coalesce(b.quantity, 0) + sum(d.quantity) OVER along - d.quantity
             AS quantity_before
    FROM (SELECT old.*, %2$s AS shard FROM crmcost._month_drivers() old) d
    LEFT JOIN (
      SELECT s.driver_key, s.shard, sum(s.quantity) OVER before AS quantity
      FROM pg_temp.refresh_driver_sum s WHERE s.month_start = %1$L
      WINDOW before AS (PARTITION BY s.driver_key ORDER BY s.shard
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) b
      ON b.driver_key = d.driver_key AND b.shard = d.shard
    WINDOW along AS (PARTITION BY d.driver_key, d.shard
                     ORDER BY hashint8(d.customer_id), d.customer_id)
  $query$, month, coalesce(shard, 'NULL::integer')),
  format('old.month_start = %L', month));
END
$$;

COMMENT ON FUNCTION crmcost._write_month_drivers(crmcost._run, date) IS
  'Writes a month of customer_driver; returns the rows changed.';

-- Orders are those of customer_order: of a channel or campaign by the order, of a
-- product those that hold it.
CREATE FUNCTION crmcost._sum_limited(run crmcost._run, month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_limited
    SELECT f.customer_id, f.scope, sum(f.revenue), sum(f.margin),
           sum(f.orders), max(f.active), sum(f.contacts), sum(f.seconds),
           max(f.acquired)
    FROM (
      SELECT l.customer_id, v.scope, l.base_amount AS revenue,
             l.base_margin AS margin, 0 AS orders,
             l.is_purchase::integer AS active, 0 AS contacts, 0 AS seconds,
             0 AS acquired
      FROM pg_temp.refresh_line l
      CROSS JOIN LATERAL (VALUES ('channel ' || l.channel_code),
                                 ('campaign ' || l.campaign_code),
                                 ('product ' || l.product_code)) v (scope)
      WHERE l.month_start = month
      UNION ALL
      SELECT o.customer_id, v.scope, 0, 0, 1, 0, 0, 0, 0
      FROM customer_order o
      CROSS JOIN LATERAL (
        SELECT 'channel ' || o.channel_code
        UNION ALL SELECT 'campaign ' || o.campaign_code
        UNION ALL SELECT 'product ' || p.code
                  FROM unnest(o.product_codes) AS p (code)
      ) AS v (scope)
      WHERE o.month_start = month AND o.is_order
      UNION ALL
      SELECT c.customer_id, v.scope, 0, 0, 0, 0, c.n,
             coalesce(c.handle_seconds, 60 * c.minutes, 0), 0
      FROM pg_temp.refresh_contact c
      CROSS JOIN LATERAL (VALUES ('channel ' || c.channel_code),
                                 ('campaign ' || c.campaign_code),
                                 ('product ' || c.product_code)) v (scope)
      WHERE c.month_start = month
      UNION ALL
      SELECT e.customer_id, v.scope, 0, 0, 0, 0, 0, 0, 1
      FROM crmcost._party_events(run.ledger, run.upto, run.zone,
                                 run.open_month) e
      CROSS JOIN LATERAL (VALUES ('channel ' || e.channel_code),
                                 ('campaign ' || e.campaign_code)) v (scope)
      WHERE e.is_acquisition AND e.month_start = month
    ) f
    WHERE f.scope IN (SELECT w.scope FROM pg_temp.refresh_wanted w)
    GROUP BY f.customer_id, f.scope;
END
$$;

COMMENT ON FUNCTION crmcost._sum_limited(crmcost._run, date) IS
  'Fills refresh_limited: what happened in a month in the limits of the rules.';

CREATE FUNCTION crmcost._find_limited_drivers(run crmcost._run, month date,
                                              schemes text[])
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_temp.refresh_wanted w
                 WHERE w.scope <> '' AND w.driver <> 'attributed') THEN
    RETURN;
  END IF;
  PERFORM crmcost._sum_limited(run, month);
  INSERT INTO pg_temp.refresh_driver
    SELECT w.driver_key, h.customer_id,
           CASE w.driver
             WHEN 'revenue' THEN h.revenue
             WHEN 'margin' THEN h.margin
             WHEN 'orders' THEN h.orders
             WHEN 'active_customers' THEN h.active
             WHEN 'interactions' THEN h.contacts
             WHEN 'handle_time' THEN h.seconds
             -- of a product: acquired in the month, and bought it
             WHEN 'new_customers' THEN
               CASE WHEN w.scope NOT LIKE 'product %' THEN h.acquired
                    WHEN h.active > 0 AND n.acquired THEN 1 END
             WHEN 'equal' THEN 1
             WHEN 'tier_weight' THEN t.weight
             ELSE q.quantity
           END
    FROM pg_temp.refresh_limited h
    JOIN pg_temp.refresh_wanted w USING (scope)
    LEFT JOIN pg_temp.refresh_now n ON n.customer_id = h.customer_id
    LEFT JOIN crmcost._tier_weights(run, schemes) t
      ON t.customer_id = h.customer_id AND w.driver = 'tier_weight'
    -- an own driver counts for who was met there
    LEFT JOIN (SELECT e.driver, coalesce(p.party_id, e.customer_id)
                        AS customer_id, sum(e.quantity) AS quantity
               FROM driver_entry e
               LEFT JOIN pg_temp.refresh_party p USING (customer_id)
               WHERE e.measured_on >= month AND e.measured_on <= run.day
                     AND e.measured_on < month + interval '1 month'
               GROUP BY 1, 2) q
      ON q.driver = w.driver AND q.customer_id = h.customer_id
    WHERE w.kind <> 'blend' AND w.scope <> '' AND w.driver <> 'attributed';
  TRUNCATE pg_temp.refresh_limited;
END
$$;

COMMENT ON FUNCTION crmcost._find_limited_drivers(crmcost._run, date, text[]) IS
  'Adds a month of drivers with a limit to refresh_driver.';

-- The tiers that held when the month began, see _write_months: what a person has
-- set, unless the rule has answered since, or else the rule's answer.
CREATE FUNCTION crmcost._tier_weights(run crmcost._run, schemes text[])
  RETURNS TABLE (customer_id bigint, weight numeric)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
#variable_conflict use_column
DECLARE
  wanted CONSTANT text := crmcost._setting(run.ledger, 'tier_weight_scheme');
  place CONSTANT integer := array_position(schemes, wanted);
  first_month date;
  last_month date;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_temp.refresh_wanted w
                 WHERE w.driver = 'tier_weight') THEN
    RETURN;
  END IF;
  -- the first row is of the month before
  SELECT min(m.month_start) + interval '1 month',
         max(m.month_start) + interval '1 month'
    INTO first_month, last_month FROM pg_temp.refresh_tier_month m;
  RETURN QUERY EXECUTE format($query$
    SELECT customer_id, t.resource_weight::numeric AS weight
    FROM (SELECT c.customer_id, c.answers[%3$L::integer] AS code
          FROM pg_temp.refresh_cumulated c
          WHERE c.answers[%3$L::integer] IS NOT NULL) c
    FULL JOIN (
      SELECT s.customer_id, s.code
      FROM (SELECT DISTINCT ON (k.customer_id) k.customer_id, k.code,
                   k.entered_at
            FROM %1$s k
            WHERE NOT k.by_rule AND k.dimension = %2$L AND k.entered_at <= $2
                  AND %3$L::integer IS NOT NULL
            ORDER BY k.customer_id, k.entered_at DESC) s
      WHERE NOT EXISTS (SELECT FROM pg_temp.refresh_tier_row r
                        WHERE r.customer_id = s.customer_id
                              AND r.dimension = %2$L
                              AND r.entered_at > s.entered_at)
            AND NOT EXISTS (SELECT FROM %1$s k
                            WHERE k.customer_id = s.customer_id
                                  AND k.dimension = %2$L AND k.by_rule
                                  AND k.entered_at > s.entered_at
                                  AND k.entered_at <= $1)
    ) s USING (customer_id)
    JOIN tier t ON t.scheme = %2$L AND t.code = coalesce(s.code, c.code)
    WHERE t.resource_weight > 0
    $query$, crmcost._own_rows('classification'), wanted, place)
    -- in a full refresh what the store says is found anew
    USING CASE WHEN NOT run.whole
            THEN crmcost._midnight(first_month, run.zone) END,
          crmcost._midnight(last_month, run.zone);
END
$$;

COMMENT ON FUNCTION crmcost._tier_weights(crmcost._run, text[]) IS
  'Resource weights of the customers with a tier in the scheme of setting tier_weight_scheme.';

-- Drivers that need no fact of the month.  Technical customers are none.
CREATE FUNCTION crmcost._find_party_drivers(run crmcost._run, month date,
                                            schemes text[])
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  month_end CONSTANT timestamptz :=
    crmcost._midnight((month + interval '1 month')::date, run.zone);
BEGIN
  INSERT INTO pg_temp.refresh_driver
    SELECT w.driver_key, t.customer_id, t.weight
    FROM pg_temp.refresh_wanted w
    CROSS JOIN crmcost._tier_weights(run, schemes) t
    WHERE w.driver = 'tier_weight' AND w.scope = ''
    UNION ALL
    SELECT w.driver_key, c.customer_id, 1
    FROM pg_temp.refresh_wanted w
    CROSS JOIN (
      SELECT customer_id FROM customer
      WHERE acquired_at < least(month_end, run.upto) AND source <> 'anon'
            AND merged_into IS NULL
      UNION
      SELECT customer_id FROM pg_temp.refresh_now WHERE sale_lines > 0
    ) c
    WHERE w.driver = 'equal' AND w.scope = ''
    UNION ALL
    SELECT w.driver_key, n.customer_id,
           CASE w.driver
             WHEN 'revenue' THEN n.revenue
             WHEN 'margin' THEN n.margin
             WHEN 'orders' THEN n.orders
             WHEN 'active_customers' THEN (n.sale_lines > 0)::integer
             WHEN 'interactions' THEN n.interactions
             WHEN 'handle_time' THEN n.handle_seconds
                                     + 60 * n.standard_minutes
             WHEN 'new_customers' THEN n.acquired::integer
           END
    FROM pg_temp.refresh_wanted w
    CROSS JOIN pg_temp.refresh_now n
    WHERE w.kind = 'part' AND w.scope = ''
          AND w.driver IN ('revenue', 'margin', 'orders', 'active_customers',
                           'interactions', 'handle_time', 'new_customers');
END
$$;

COMMENT ON FUNCTION crmcost._find_party_drivers(crmcost._run, date, text[]) IS
  'Adds tier_weight, equal and parts of blends of a month to refresh_driver.';

CREATE FUNCTION crmcost._find_own_drivers(run crmcost._run, month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_driver
    SELECT w.driver_key, coalesce(p.party_id, e.customer_id), sum(e.quantity)
    FROM pg_temp.refresh_wanted w
    JOIN driver_entry e ON e.driver = w.driver
    LEFT JOIN pg_temp.refresh_party p ON p.customer_id = e.customer_id
    WHERE w.scope = '' AND e.measured_on >= month AND e.measured_on <= run.day
          AND e.measured_on < month + interval '1 month'
    GROUP BY 1, 2;
END
$$;

COMMENT ON FUNCTION crmcost._find_own_drivers(crmcost._run, date) IS
  'Adds a month of own drivers without a limit to refresh_driver.';

-- A part of a blend gives each customer its share of the whole, by weight.  A
-- part that nobody has is not there, so that its weight is the others'.
CREATE FUNCTION crmcost._find_blends() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_driver
    SELECT w.driver_key, q.customer_id,
           round(sum(b.weight * greatest(q.quantity, 0) / t.quantity), 12)
    FROM pg_temp.refresh_wanted w
    JOIN driver_blend b ON b.driver = w.driver
    JOIN pg_temp.refresh_wanted part
      ON part.kind = 'part' AND part.driver = b.part AND part.scope = w.scope
    JOIN pg_temp.refresh_driver q ON q.driver_key = part.driver_key
    JOIN (SELECT p.driver_key, sum(p.quantity) AS quantity
          FROM pg_temp.refresh_blend_part p
          GROUP BY p.driver_key
          HAVING sum(p.quantity) > 0) t
      ON t.driver_key = part.driver_key
    WHERE w.kind = 'blend'
    GROUP BY w.driver_key, q.customer_id;
END
$$;

COMMENT ON FUNCTION crmcost._find_blends() IS
  'Adds blended drivers to refresh_driver, from their parts there and the sums of these over all customers.';

-- The finding stands until the month is computed again; step quality takes away
-- those of rules that are gone.
CREATE FUNCTION crmcost._write_blend_findings(run crmcost._run, month date)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_temp.refresh_wanted w
                 WHERE w.kind = 'blend') THEN
    RETURN 0;
  END IF;
  RETURN crmcost._write_findings(run, '{blend_part_without_quantity}',
    format($query$
      SELECT 'blend_part_without_quantity' AS check_name,
             %L::date AS month_start, 'warning' AS severity, count(*) AS rows,
             NULL::numeric AS amount,
             crmcost._first_words(ARRAY['part_without_quantity', w.driver_key, %L,
                       b.part]) AS words
      FROM pg_temp.refresh_wanted w
      JOIN driver_blend b ON b.driver = w.driver
      JOIN pg_temp.refresh_wanted part
        ON part.kind = 'part' AND part.driver = b.part
           AND part.scope = w.scope
      WHERE w.kind = 'blend'
            AND NOT EXISTS (SELECT FROM pg_temp.refresh_blend_part q
                            WHERE q.driver_key = part.driver_key
                                  AND q.quantity > 0)
      HAVING count(*) > 0
    $query$, month, to_char(month, 'YYYY-MM')),
    format('old.month_start = %L', month));
END
$$;

COMMENT ON FUNCTION crmcost._write_blend_findings(crmcost._run, date) IS
  'Writes the finding about parts of blends that nobody has any of in a month; returns the rows changed.';
