-- Step 2 of refresh, continued: drivers of allocation rules.
--
-- Drivers that customer_month does not hold: those of limited rules count what
-- happened in the channel, campaign or product; tier_weight takes the tier that
-- held when the month began, so that it does not depend on what comes out of it;
-- equal is 1 for all who were customers by the end of the month.
CREATE FUNCTION crmcost._write_customer_driver(ledger name, upto timestamptz,
                                               open_month date)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  month date;
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  INSERT INTO pg_temp.refresh_wanted
    SELECT DISTINCT p.month_start, p.driver_key, r.driver, r.scope
    FROM pg_temp.refresh_pool p JOIN allocation_rule r USING (rule_id)
    WHERE r.scope <> '' OR r.driver IN ('tier_weight', 'equal');
  FOR month IN
    SELECT DISTINCT w.month_start FROM pg_temp.refresh_wanted w ORDER BY 1
  LOOP
    PERFORM crmcost._find_drivers(ledger, upto, month);
  END LOOP;

  WITH difference AS (
    SELECT month_start, driver_key, customer_id, new.quantity,
           new.quantity IS NULL AS gone
    FROM pg_temp.refresh_driver new
    FULL JOIN (SELECT * FROM customer_driver
               WHERE open_month IS NULL OR month_start >= open_month) old
      USING (month_start, driver_key, customer_id)
    WHERE old.quantity IS DISTINCT FROM new.quantity
  ),
  written AS (
    INSERT INTO customer_driver (month_start, driver_key, customer_id, quantity)
    SELECT month_start, driver_key, customer_id, quantity
    FROM difference
    WHERE NOT gone
    ORDER BY month_start, driver_key, customer_id
    ON CONFLICT (month_start, driver_key, customer_id) DO UPDATE SET
      quantity = excluded.quantity
    RETURNING 1
  ),
  vanished AS (
    DELETE FROM customer_driver old
    USING difference d
    WHERE d.gone AND old.month_start = d.month_start
          AND old.driver_key = d.driver_key
          AND old.customer_id = d.customer_id
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM written) + (SELECT count(*) FROM vanished)
    INTO changed;
  DROP TABLE pg_temp.refresh_driver, pg_temp.refresh_wanted;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._write_customer_driver(name, timestamptz, date) IS
  'Writes the open months of customer_driver; returns the rows changed.';

CREATE FUNCTION crmcost._find_drivers(ledger name, upto timestamptz,
                                      month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  zone CONSTANT text := crmcost._setting(ledger, 'timezone');
  weight_scheme CONSTANT text :=
    crmcost._setting(ledger, 'tier_weight_scheme');
  next_month CONSTANT date := month + interval '1 month';
  from_at timestamptz;
  before_at timestamptz;
  exact boolean;
  limited CONSTANT boolean :=
    EXISTS (SELECT FROM pg_temp.refresh_wanted w
            WHERE w.month_start = month AND w.scope <> '');
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  SELECT i.from_at, i.before_at, i.exact INTO from_at, before_at, exact
    FROM crmcost._month_instants(month, zone) i;
  INSERT INTO pg_temp.refresh_driver
  WITH wanted AS (
    SELECT w.driver_key, w.driver, w.scope FROM pg_temp.refresh_wanted w
    WHERE w.month_start = month
  ),
  weight AS (
    SELECT held.customer_id, t.resource_weight
    FROM (
      SELECT DISTINCT ON (k.customer_id) k.customer_id, k.code
      FROM classification k
      WHERE k.dimension = weight_scheme
            AND k.entered_at < month::timestamp AT TIME ZONE zone
            AND EXISTS (SELECT FROM wanted w WHERE w.driver = 'tier_weight')
      ORDER BY k.customer_id, k.entered_at DESC
    ) held
    JOIN tier t ON t.scheme = weight_scheme AND t.code = held.code
    WHERE t.resource_weight > 0
  ),
  party AS (
    SELECT c.customer_id,
           c.acquired_at >= from_at AND (exact OR local.acquired_on >= month)
             AS is_new,
           ARRAY['channel ' || c.acquisition_channel,
                 'campaign ' || c.acquisition_campaign] AS scopes
    FROM customer c
    CROSS JOIN LATERAL (
      SELECT (c.acquired_at AT TIME ZONE zone)::date AS acquired_on
    ) local
    WHERE c.acquired_at < before_at AND c.acquired_at <= upto
          AND (exact OR local.acquired_on < next_month)
          AND c.source <> 'anon'
  ),
  -- all that happened in the limits of the rules: one row a customer and limit
  happened AS MATERIALIZED (
    SELECT customer_id, scope, sum(revenue) AS revenue, sum(margin) AS margin,
           sum(orders) AS orders, max(active) AS active,
           sum(interactions) AS interactions, sum(seconds) AS seconds,
           max(acquired) AS acquired
    FROM (
      SELECT s.customer_id, v.scope, sum(s.base_amount) AS revenue,
             sum(s.base_margin) AS margin,
             count(DISTINCT coalesce(s.source || ' ' || s.order_ref,
                                     s.sale_id::text))
               FILTER (WHERE s.kind = 'sale' AND s.amount >= 0) AS orders,
             max((s.kind = 'sale' AND s.amount >= 0)::int) AS active,
             0 AS interactions, 0 AS seconds, 0 AS acquired
      FROM sale_base s
      CROSS JOIN LATERAL (VALUES ('channel ' || s.channel_code),
                                 ('campaign ' || s.campaign_code),
                                 ('product ' || s.product_code)) v (scope)
      WHERE limited AND s.sold_at >= from_at AND s.sold_at < before_at
            AND s.sold_at <= upto
            AND (exact OR s.sold_on >= month AND s.sold_on < next_month)
            AND v.scope IN (SELECT w.scope FROM wanted w)
      GROUP BY s.customer_id, v.scope
      UNION ALL
      SELECT i.customer_id, v.scope, 0, 0, 0, 0, sum(i.n),
             sum(coalesce(i.handle_seconds, 60 * i.n * CASE
               WHEN NOT i.automated THEN
                 (SELECT t.minutes FROM activity_time t
                  WHERE t.kind = i.kind AND t.subtype IN (i.subtype, '')
                        AND t.valid @> local.occurred_on
                  ORDER BY t.subtype DESC LIMIT 1)
             END)), 0
      FROM interaction i
      CROSS JOIN LATERAL (
        SELECT (i.occurred_at AT TIME ZONE zone)::date AS occurred_on
      ) local
      CROSS JOIN LATERAL (VALUES ('channel ' || i.channel_code),
                                 ('campaign ' || i.campaign_code),
                                 ('product ' || i.product_code)) v (scope)
      WHERE limited AND i.occurred_at >= from_at AND i.occurred_at < before_at
            AND i.occurred_at <= upto
            AND (exact OR local.occurred_on >= month
                          AND local.occurred_on < next_month)
            AND v.scope IN (SELECT w.scope FROM wanted w)
      GROUP BY i.customer_id, v.scope
      UNION ALL
      SELECT p.customer_id, v.scope, 0, 0, 0, 0, 0, 0, 1
      FROM party p CROSS JOIN LATERAL unnest(p.scopes) AS v (scope)
      WHERE limited AND p.is_new
            AND v.scope IN (SELECT w.scope FROM wanted w)
    ) fact
    GROUP BY customer_id, scope
  ),
  measured AS (
    SELECT w.driver_key, h.customer_id,
           CASE w.driver
             WHEN 'revenue' THEN h.revenue
             WHEN 'margin' THEN h.margin
             WHEN 'orders' THEN h.orders
             WHEN 'active_customers' THEN h.active
             WHEN 'interactions' THEN h.interactions
             WHEN 'handle_time' THEN h.seconds
             -- of a product: acquired in the month, and bought it
             WHEN 'new_customers' THEN
               CASE WHEN w.scope NOT LIKE 'product %' THEN h.acquired
                    WHEN h.active > 0 AND p.customer_id IS NOT NULL THEN 1
               END
             WHEN 'equal' THEN 1
             WHEN 'tier_weight' THEN t.resource_weight
           END AS quantity
    FROM happened h
    JOIN wanted w USING (scope)
    LEFT JOIN weight t
      ON t.customer_id = h.customer_id AND w.driver = 'tier_weight'
    LEFT JOIN party p
      ON p.customer_id = h.customer_id AND p.is_new
         AND w.driver = 'new_customers'
    UNION ALL
    SELECT w.driver_key, t.customer_id, t.resource_weight
    FROM wanted w CROSS JOIN weight t
    WHERE w.driver = 'tier_weight' AND w.scope = ''
    UNION ALL
    SELECT w.driver_key, p.customer_id, 1
    FROM wanted w
    CROSS JOIN (SELECT party.customer_id FROM party
                UNION
                SELECT m.customer_id FROM customer_month m
                WHERE m.month_start = month AND m.sale_lines > 0) p
    WHERE w.driver = 'equal' AND w.scope = ''
  )
  SELECT month, driver_key, customer_id, quantity
  FROM measured
  WHERE quantity > 0;
END
$$;

COMMENT ON FUNCTION crmcost._find_drivers(name, timestamptz, date) IS
  'Adds a month of drivers that customer_month does not hold to refresh_driver.';

REVOKE EXECUTE ON ROUTINE
  crmcost._write_customer_driver(name, timestamptz, date),
  crmcost._find_drivers(name, timestamptz, date)
FROM PUBLIC;

GRANT EXECUTE ON ROUTINE
  crmcost._write_customer_driver(name, timestamptz, date),
  crmcost._find_drivers(name, timestamptz, date)
TO @extowner@ WITH GRANT OPTION;
