-- Step journey: which touches led to which conversion, and what each has of it.
--
-- A conversion is a customer acquired or an order.  Its path are the touches (kinds
-- touch, behavior, sales and referral, of known parties) up to it, within setting
-- touch_window_days.  Where touches share the cost of acquisition (driver
-- attributed), a path that changed changes the months of its touches.
--
-- What grows with conversions times touches is done in one pass over the touches in
-- order of time, and kept as arrays (_walk_journeys); credits follow from these
-- (_touch_credits) and are summed without rows of their own (_credit_sums).
CREATE FUNCTION crmcost._customers_journey(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  before CONSTANT text := crmcost._converted_before(run);
  of_early CONSTANT text := CASE WHEN run.whole THEN 'true'
    ELSE crmcost._of_entities('WHERE j.is_early') END;
  of_entities CONSTANT text := CASE WHEN run.whole THEN 'true'
    ELSE crmcost._of_entities('') END;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF run.whole THEN
    PERFORM crmcost._find_entities(run);
  END IF;
  PERFORM crmcost._find_paths(run);
  IF NOT run.whole THEN
    PERFORM crmcost._find_journey_news(of_entities);
    PERFORM crmcost._find_touched_months(run, of_early);
  END IF;
  RETURN crmcost._write_difference(run.ledger, 'customer_touch',
      crmcost._early_touches(), of_early)
    + crmcost._write_difference(run.ledger, 'open_journey',
        crmcost._open_paths(), of_entities)
    + crmcost._write_difference(run.ledger, 'conversion', format(
        'SELECT p.* FROM %s p WHERE p.way = %L',
        -- of everybody they are many, and nothing else reads them
        CASE WHEN run.whole
          THEN crmcost._walked_ends(run, crmcost._conversion_ends(run))
          ELSE 'pg_temp.refresh_path' END, 'conversion'), before,
        ordered => true);
END
$$;

COMMENT ON FUNCTION crmcost._customers_journey(crmcost._run) IS
  'Writes conversion, open_journey and customer_touch; returns the rows changed.';

CREATE FUNCTION crmcost._groups_journey(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  RETURN crmcost._write_credit_month(run);
END
$$;

COMMENT ON FUNCTION crmcost._groups_journey(crmcost._run) IS
  'Writes credit_month; returns the rows changed.';

CREATE FUNCTION crmcost._refresh_journey(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._customers_journey(run) + crmcost._groups_journey(run);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_journey(crmcost._run) IS
  'Step of refresh: conversion, open_journey, customer_touch and credit_month; returns the rows changed.';

-- A customer who joins an account, or leaves it, loses rows of his own number, or has
-- them again.
CREATE FUNCTION crmcost._of_entities(condition text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format(
  'old.entity_id IN (SELECT unnest(ARRAY[j.entity_id, j.customer_id]) FROM pg_temp.refresh_entity j %s)',
  condition);

COMMENT ON FUNCTION crmcost._of_entities(text) IS
  'Condition on old that a row is of an entity of refresh_entity, or of a customer there.';

-- Whose touches count for whom, and since which month his touches and conversions
-- may be others than the store has: all where the first order, which is the value
-- of the acquisition, may be another.  A customer who leaves an account is in
-- refresh_customer with all who are or were of it (_find_account_members).
--
-- Of an entity: when it was won, when it last ordered, and whether touches before
-- it was won may be others.
CREATE FUNCTION crmcost._find_entities(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  by_account CONSTANT boolean := crmcost._converts_accounts(run.ledger);
BEGIN
  INSERT INTO pg_temp.refresh_entity
    SELECT e.customer_id, e.entity_id, e.acquired_at, e.is_nobody, e.since,
           e.won_at, e.ordered_at,
           coalesce((e.won_at AT TIME ZONE run.zone)::date >= e.since, true),
           coalesce(e.revenue, 0), coalesce(e.margin, 0)
    FROM (
      SELECT k.*,
             min(k.acquired_at) FILTER (WHERE k.acquired_at < run.upto
                                              AND NOT k.is_nobody) OVER entity
               AS won_at,
             max(k.last_at) FILTER (WHERE NOT k.is_nobody) OVER entity
               AS ordered_at
      FROM (
        SELECT j.customer_id,
               CASE WHEN by_account
                 THEN coalesce(a.party_id, c.account_id, j.customer_id)
                 ELSE j.customer_id END AS entity_id,
               c.acquired_at,
               c.source IS NULL OR c.source = 'anon'
                 OR c.merged_into IS NOT NULL AS is_nobody,
               CASE WHEN n.changed_on <= coalesce(o.first_on, 'infinity')
                 THEN '-infinity' ELSE j.since END AS since,
               o.last_at, o.revenue, o.margin
        FROM pg_temp.refresh_customer j
        LEFT JOIN customer c USING (customer_id)
        LEFT JOIN crmcost._first_orders(run) o USING (customer_id)
        LEFT JOIN (SELECT p.customer_id,
                          min(least(p.was_on, p.ordered_on)) AS changed_on
                   FROM pg_temp.refresh_order_news p
                   GROUP BY p.customer_id) n USING (customer_id)
        LEFT JOIN pg_temp.refresh_party a ON a.customer_id = c.account_id
        WHERE j.since < 'infinity'
      ) k
      WINDOW entity AS (PARTITION BY k.entity_id)
    ) e;
  ANALYZE pg_temp.refresh_entity;
  INSERT INTO pg_temp.refresh_converted
    SELECT v.customer_id, v.conversion_kind, v.source, v.order_ref, v.sale_id
    FROM pg_temp.refresh_entity j
    CROSS JOIN LATERAL (SELECT * FROM conversion c
                        WHERE c.customer_id = j.customer_id
                              AND c.converted_on >= j.since
                        OFFSET 0) v         -- by the index
    WHERE NOT run.whole;
  ANALYZE pg_temp.refresh_converted;
END
$$;

COMMENT ON FUNCTION crmcost._find_entities(crmcost._run) IS
  'Fills refresh_entity: for the customers with news, whose touches count and since when they may be others; and refresh_converted: the conversions that the store has since then.';

CREATE FUNCTION crmcost._converted_before(run crmcost._run) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN run.whole THEN 'true'
         ELSE '(old.customer_id, old.conversion_kind, old.source, old.order_ref, old.sale_id) IN (SELECT c.customer_id, c.conversion_kind, c.source, c.order_ref, c.sale_id
             FROM pg_temp.refresh_converted c)'
       END;

COMMENT ON FUNCTION crmcost._converted_before(crmcost._run) IS
  'Condition on old that a row is of a conversion of refresh_converted.';

CREATE FUNCTION crmcost._converts_accounts(ledger name) RETURNS boolean
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN crmcost._setting(ledger, 'converting_entity') = 'account';

COMMENT ON FUNCTION crmcost._converts_accounts(name) IS
  'Whether the touches of all customers of an account count for each of them.';

-- What one customer of an account does is news to all of it, and to those whom his
-- touches led to: the account that he left, of which the store has some.  An account
-- that was merged away is the one that stays; a customer who was is no member: his
-- facts would be read here as of the one who stays, and once more as of others.
CREATE FUNCTION crmcost._find_account_members(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  IF NOT crmcost._converts_accounts(run.ledger) THEN
    RETURN;
  END IF;
  INSERT INTO pg_temp.refresh_customer
    WITH news AS (
      SELECT j.customer_id,
             coalesce(a.party_id, c.account_id, j.customer_id) AS entity_id
      FROM pg_temp.refresh_customer j
      JOIN customer c USING (customer_id)
      LEFT JOIN pg_temp.refresh_party a ON a.customer_id = c.account_id
      UNION
      SELECT v.customer_id, v.entity_id
      FROM conversion v
      JOIN pg_temp.refresh_customer j USING (customer_id)
    ),
    touched_by AS (
      SELECT v.entity_id, v.touched_customer_ids FROM conversion v
      UNION ALL
      SELECT o.entity_id, o.touched_customer_ids FROM open_journey o
      UNION ALL
      SELECT t.entity_id, t.touched_customer_ids FROM customer_touch t
    ),
    entity AS (
      SELECT n.entity_id FROM news n
      UNION
      SELECT t.entity_id
      FROM touched_by t
      WHERE t.entity_id NOT IN (SELECT n.entity_id FROM news n)
            AND EXISTS (SELECT FROM unnest(t.touched_customer_ids) AS u (id)
                        WHERE u.id <> t.entity_id
                              AND u.id IN (SELECT n.customer_id FROM news n))
    )
    SELECT DISTINCT member.customer_id
    FROM entity n
    CROSS JOIN LATERAL (
      SELECT c.customer_id FROM customer c
      WHERE c.account_id = n.entity_id OR c.customer_id = n.entity_id
      UNION
      SELECT c.customer_id
      FROM pg_temp.refresh_party a
      JOIN customer c ON c.account_id = a.customer_id
      WHERE a.party_id = n.entity_id
      UNION
      SELECT v.customer_id FROM conversion v WHERE v.entity_id = n.entity_id
    ) member
    WHERE member.customer_id NOT IN (SELECT p.customer_id
                                     FROM pg_temp.refresh_party p)
    ON CONFLICT (customer_id) DO NOTHING;
END
$$;

COMMENT ON FUNCTION crmcost._find_account_members(crmcost._run) IS
  'Adds all customers of the accounts with news to refresh_customer, where accounts convert as one.';

-- Of first orders at one instant the larger counts, whatever their references:
-- erasing changes those.
CREATE FUNCTION crmcost._first_orders(run crmcost._run)
  RETURNS TABLE (customer_id bigint, first_on date, last_at timestamptz,
                 revenue numeric, margin numeric)
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN QUERY EXECUTE format($query$
    WITH ordered AS (
      SELECT p.customer_id, p.ordered_on, p.ordered_at,
             ARRAY[p.revenue, p.margin] AS money
      FROM %s p
      WHERE p.is_order
    ),
    span AS (
      SELECT o.customer_id, min(o.ordered_on) AS first_on,
             min(o.ordered_at) AS first_at, max(o.ordered_at) AS last_at
      FROM ordered o
      GROUP BY o.customer_id
    )
    SELECT s.customer_id, s.first_on, s.last_at, f.money[1], f.money[2]
    FROM span s
    JOIN (SELECT o.customer_id, max(o.money) AS money
          FROM ordered o
          JOIN span s ON s.customer_id = o.customer_id
                         AND s.first_at = o.ordered_at
          GROUP BY o.customer_id) f USING (customer_id)
    $query$, CASE WHEN run.whole THEN 'pg_temp.refresh_order'
               -- by the index
               ELSE '(SELECT o.* FROM pg_temp.refresh_customer c CROSS JOIN LATERAL (SELECT * FROM customer_order w WHERE w.customer_id = c.customer_id OFFSET 0) o)'
             END);
END
$$;

COMMENT ON FUNCTION crmcost._first_orders(crmcost._run) IS
  'When the customers with news ordered first and last, and for what first.';

-- Of an account the first customer acquired is its acquisition.
CREATE FUNCTION crmcost._conversion_query(run crmcost._run) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
    SELECT customer_id, conversion_kind, source, order_ref, sale_id,
           entity_id, converted_at, converted_on, month_start, channel_code,
           campaign_code, value, margin
    FROM (
      SELECT DISTINCT ON (j.entity_id)
             j.customer_id, 'acquisition' AS conversion_kind, '' AS source,
             '' AS order_ref, 0 AS sale_id, j.entity_id,
             j.acquired_at AS converted_at, e.happened_on AS converted_on,
             e.month_start, e.channel_code, e.campaign_code,
             j.value, j.margin
      FROM crmcost._party_events(%L, %L, %L, %L, %L) e
      JOIN pg_temp.refresh_entity j USING (customer_id)
      WHERE e.is_acquisition AND e.happened_on >= j.since
      ORDER BY j.entity_id, j.acquired_at, j.customer_id
    ) acquisition
    UNION ALL
    SELECT o.customer_id, 'order', o.source, o.order_ref, o.sale_id,
           j.entity_id, o.ordered_at, o.ordered_on, o.month_start,
           o.channel_code, o.campaign_code, o.revenue, o.margin
    FROM pg_temp.refresh_order o
    JOIN pg_temp.refresh_entity j USING (customer_id)
    WHERE o.is_order AND NOT j.is_nobody AND o.ordered_on >= j.since
$query$, run.ledger, run.upto, run.zone, run.open_month, NOT run.whole);

COMMENT ON FUNCTION crmcost._conversion_query(crmcost._run) IS
  'Query of the conversions of the customers with news since these may be others, without paths.';

CREATE FUNCTION crmcost._touch_window(ledger name) RETURNS interval
  LANGUAGE sql STABLE PARALLEL SAFE
-- not days, which are as long as the session's clocks make them
RETURN crmcost._setting(ledger, 'touch_window_days')::integer
       * '24:00:00'::interval;

COMMENT ON FUNCTION crmcost._touch_window(name) IS
  'How long before a conversion touches count.';

-- What can lead to something: contacts of known parties.  Touches of who is none lead
-- to no end, and are passed over; without accounts nothing else is known of him here.
CREATE FUNCTION crmcost._touch_query(run crmcost._run) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT %1$s, c.occurred_at, c.interaction_id, c.customer_id,
         c.occurred_on, c.month_start, c.channel_code, c.campaign_code
  FROM pg_temp.refresh_contact c
  %2$s
  WHERE c.kind IN ('touch', 'behavior', 'sales', 'referral')
        AND NOT c.is_technical
  ORDER BY 1
$query$,
  CASE WHEN crmcost._converts_accounts(run.ledger) THEN 'j.entity_id'
    ELSE 'c.customer_id' END,
  CASE WHEN crmcost._converts_accounts(run.ledger)
    THEN 'JOIN pg_temp.refresh_entity j ON j.customer_id = c.customer_id AND NOT j.is_nobody'
    ELSE '' END);

COMMENT ON FUNCTION crmcost._touch_query(crmcost._run) IS
  'Query of the touches of the customers with news that anything may follow from.';

-- Where touches lead to, as _walk_journeys asks for it: conversions.
CREATE FUNCTION crmcost._conversion_ends(run crmcost._run) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT v.entity_id, v.converted_at - %L::interval AS after_at,
         v.converted_at AS until_at, 'conversion' AS way, v.customer_id,
         v.conversion_kind, v.source, v.order_ref, v.sale_id, v.entity_id,
         v.converted_at, v.converted_on, v.month_start, v.channel_code,
         v.campaign_code, v.value, v.margin
  FROM (%s) v
  ORDER BY 1
  $query$, crmcost._touch_window(run.ledger), crmcost._conversion_query(run));

COMMENT ON FUNCTION crmcost._conversion_ends(crmcost._run) IS
  'Query of the conversions that touches of the customers with news lead to.';

-- And what is open, since the last order, or of who was never acquired; and all touches
-- before the acquisition.
CREATE FUNCTION crmcost._open_ends() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $query$
  SELECT e.entity_id, w.after_at, w.until_at, w.way, NULL::bigint,
         w.conversion_kind, NULL::text, NULL::text, NULL::bigint, e.entity_id,
         NULL::timestamptz, NULL::date, NULL::date, NULL::text, NULL::text,
         NULL::numeric, NULL::numeric
  FROM (SELECT DISTINCT j.entity_id, j.won_at, j.ordered_at, j.is_early
        FROM pg_temp.refresh_entity j
        WHERE NOT j.is_nobody) e
  CROSS JOIN LATERAL (
    VALUES ('open', 'order', coalesce(e.ordered_at, '-infinity'),
            NULL::timestamptz, true),
           ('open', 'acquisition', '-infinity', NULL, e.won_at IS NULL),
           ('early', NULL, '-infinity', coalesce(e.won_at, 'infinity'),
            e.is_early)
  ) AS w (way, conversion_kind, after_at, until_at, is_wanted)
  WHERE w.is_wanted
  ORDER BY 1
$query$;

COMMENT ON FUNCTION crmcost._open_ends() IS
  'Query of what else touches of the customers with news lead to: open journeys and all of before the acquisition.';

CREATE FUNCTION crmcost._walk_journeys(touches text, ends text,
                                       reach_seconds bigint)
  RETURNS SETOF record
  LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE ROWS 100000
  AS 'MODULE_PATHNAME', 'journey__walk_journeys';

COMMENT ON FUNCTION crmcost._walk_journeys(text, text, bigint) IS
  'Rows of a query of ends (entity, after which instant, until which or NULL for the last touch, then any columns), with the touches of each as arrays, of a query of touches; both in order of entity.';

CREATE FUNCTION crmcost._walked_ends(run crmcost._run, ends text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  (SELECT p.*, %s AS half_life_days
   FROM crmcost._walk_journeys(%L, %L, %s)
     AS p (way text, customer_id bigint, conversion_kind text, source text,
           order_ref text, sale_id bigint, entity_id bigint,
           converted_at timestamptz, converted_on date, month_start date,
           channel_code text, campaign_code text, value numeric,
           margin numeric, touches integer, path text[],
           campaign_codes text[], interaction_ids bigint[],
           touched_customer_ids bigint[], touched_ats timestamptz[],
           touched_ons date[], touch_months date[]))
$query$, crmcost._setting(run.ledger, 'decay_half_life'),
  crmcost._touch_query(run), ends,
  extract(epoch FROM crmcost._touch_window(run.ledger))::bigint);

COMMENT ON FUNCTION crmcost._walked_ends(crmcost._run, text) IS
  'Relation of what a query of ends says, with the touches of each, as refresh_path has it.';

-- Long arrays are compressed once: what the tables get of them stays as it is.
-- Where many touches lead to many conversions, that would be nearly all of the time
-- with the server's own method.
CREATE FUNCTION crmcost._find_paths(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  ends text;
BEGIN
  PERFORM set_config('default_toast_compression', 'lz4', true)
    FROM pg_settings s
    WHERE s.name = 'default_toast_compression' AND 'lz4' = ANY (s.enumvals);
  FOREACH ends IN ARRAY ARRAY[crmcost._open_ends()]
                        || CASE WHEN NOT run.whole
                             THEN ARRAY[crmcost._conversion_ends(run)]
                             ELSE '{}' END LOOP
    EXECUTE format('INSERT INTO pg_temp.refresh_path (%s, way) SELECT %s, p.way FROM %s p',
                   crmcost._column_list('conversion'),
                   crmcost._column_list('conversion', 'p'),
                   crmcost._walked_ends(run, ends));
  END LOOP;
  ANALYZE pg_temp.refresh_path (way, customer_id, entity_id, month_start);
END
$$;

COMMENT ON FUNCTION crmcost._find_paths(crmcost._run) IS
  'Fills refresh_path: what touches of the customers with news lead to, with these touches; where everything is computed, without conversions.';

CREATE FUNCTION crmcost._early_touches() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $query$
  SELECT p.entity_id,
         (SELECT max(m.month_start)
          FROM unnest(p.touch_months) AS m (month_start)) AS last_month,
         p.touch_months, p.path AS channel_codes, p.campaign_codes,
         p.touched_customer_ids
  FROM pg_temp.refresh_path p
  WHERE p.way = 'early' AND p.touches > 0
  $query$;

COMMENT ON FUNCTION crmcost._early_touches() IS
  'Query of the rows of customer_touch in refresh_path.';

CREATE FUNCTION crmcost._open_paths() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $query$
  SELECT p.entity_id, p.conversion_kind,
         p.touched_ats[p.touches] AS last_touched_at,
         p.touch_months[p.touches] AS month_start, p.path,
         p.touched_customer_ids
  FROM pg_temp.refresh_path p
  WHERE p.way = 'open'
  $query$;

COMMENT ON FUNCTION crmcost._open_paths() IS
  'Query of the rows of open_journey in refresh_path.';

-- Months whose credits are summed anew: those of conversions that differ from what
-- the store has.  Where open journeys alone differ, Markov chains do.
CREATE FUNCTION crmcost._find_journey_news(of_entities text)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_conversion_news
      SELECT conversion_kind, ARRAY[old.month_start, new.month_start],
             CASE WHEN (old.touched_ats, old.path, old.campaign_codes,
                        old.touch_months, old.interaction_ids)
                       IS DISTINCT FROM
                       (new.touched_ats, new.path, new.campaign_codes,
                        new.touch_months, new.interaction_ids)
               THEN old.touch_months || new.touch_months END
      FROM (SELECT p.* FROM pg_temp.refresh_path p
            WHERE p.way = 'conversion') new
      FULL JOIN (SELECT o.* FROM pg_temp.refresh_converted
                 JOIN conversion o USING (customer_id, conversion_kind, source,
                                          order_ref, sale_id)) old
        USING (customer_id, conversion_kind, source, order_ref, sale_id)
      WHERE (%s) IS DISTINCT FROM (%s)
    $query$, crmcost._column_list('conversion', 'old'),
    crmcost._column_list('conversion', 'new'));
  INSERT INTO pg_temp.refresh_credit_month
    SELECT DISTINCT m.month_start, n.conversion_kind, true
    FROM pg_temp.refresh_conversion_news n
    CROSS JOIN LATERAL unnest(n.months) AS m (month_start)
    WHERE m.month_start IS NOT NULL;
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_credit_month
      WITH old AS (
        SELECT old.entity_id, old.conversion_kind, old.last_touched_at,
               old.month_start, old.path, old.touched_customer_ids
        FROM open_journey old WHERE %s
      ),
      new AS (%s)
      SELECT DISTINCT d.month_start, d.conversion_kind, false
      FROM ((SELECT * FROM old EXCEPT SELECT * FROM new)
            UNION ALL
            (SELECT * FROM new EXCEPT SELECT * FROM old)) d
      ON CONFLICT (month_start, conversion_kind) DO NOTHING
    $query$, of_entities, crmcost._open_paths());
  ANALYZE pg_temp.refresh_credit_month;
END
$$;

COMMENT ON FUNCTION crmcost._find_journey_news(text) IS
  'Fills refresh_conversion_news and refresh_credit_month: the conversions that differ from the store, and the months of these.';

-- Where touches share cost, that of the months whose touches have other credits, or
-- are others.  What closed months are owed for is in the first open one
-- (43_claim.sql).
CREATE FUNCTION crmcost._find_touched_months(run crmcost._run, of_early text)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  IF NOT crmcost._follows_touches() THEN
    RETURN;
  END IF;
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_cost_month
      WITH early AS (
        SELECT false AS is_new, old.entity_id, old.last_month,
               old.touch_months, old.channel_codes, old.campaign_codes,
               old.touched_customer_ids
        FROM customer_touch old WHERE %s
        UNION ALL
        SELECT true, new.* FROM (%s) new
      )
      SELECT DISTINCT greatest(m.month_start, $1)
      FROM (
        SELECT unnest(n.touch_months)
        FROM pg_temp.refresh_conversion_news n
        WHERE n.conversion_kind = 'acquisition'
        UNION
        SELECT t.month_start
        FROM early d
        CROSS JOIN LATERAL unnest(d.touch_months, d.channel_codes,
                                  d.campaign_codes)
          AS t (month_start, channel_code, campaign_code)
        GROUP BY d.entity_id, t.month_start, t.channel_code, t.campaign_code
        HAVING count(*) FILTER (WHERE d.is_new)
               <> count(*) FILTER (WHERE NOT d.is_new)
      ) AS m (month_start)
      ON CONFLICT (month_start) DO NOTHING
    $query$, of_early, crmcost._early_touches())
    USING run.open_month;
END
$$;

COMMENT ON FUNCTION crmcost._find_touched_months(crmcost._run, text) IS
  'Adds the months whose cost other touches share than before to refresh_cost_month.';

CREATE FUNCTION crmcost._follows_touches() RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN EXISTS (SELECT FROM allocation_rule r WHERE r.driver = 'attributed')
         OR EXISTS (SELECT FROM driver_blend b WHERE b.part = 'attributed');
END
$$;

COMMENT ON FUNCTION crmcost._follows_touches() IS
  'Whether any allocation rule follows the touches that led to customers.';

CREATE FUNCTION crmcost._credit_sums(conversions text)
  RETURNS TABLE (month_start date, conversion_kind text, model text,
                 channel_code text, campaign_code text, conversions numeric,
                 value numeric, margin numeric)
  LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'touch_credit__credit_sums';

COMMENT ON FUNCTION crmcost._credit_sums(text) IS
  'Credits of the conversions of a query, by the models that are rules, summed by month, kind, channel and campaign.';

CREATE FUNCTION crmcost._credited_conversions(months text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT old.month_start, old.conversion_kind, old.channel_code,
         old.campaign_code, old.value, old.margin, old.path,
         old.campaign_codes, old.touched_ats, old.half_life_days
  FROM conversion old WHERE %s
$query$, months);

COMMENT ON FUNCTION crmcost._credited_conversions(text) IS
  'Query of the conversions that a condition on old names, as _credit_sums wants them.';

CREATE FUNCTION crmcost._walked_paths(months text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT old.month_start, old.conversion_kind,
         CASE WHEN old.touches > 0 THEN old.path
           ELSE ARRAY[old.channel_code::text] END AS path,
         1::bigint AS n, greatest(old.value, 0) AS value
  FROM conversion old WHERE %s
$query$, months);

COMMENT ON FUNCTION crmcost._walked_paths(text) IS
  'Query of the paths of the conversions that a condition on old names, with their number and value.';

CREATE FUNCTION crmcost._sum_paths(paths text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT month_start, conversion_kind, path, sum(n)::bigint AS n,
         sum(value) AS value
  FROM (%s) p GROUP BY month_start, conversion_kind, path
$query$, paths);

COMMENT ON FUNCTION crmcost._sum_paths(text) IS
  'Query of the paths of a query, each once a month and kind.';

CREATE FUNCTION crmcost._credit_months(run crmcost._run,
                                       of_conversions boolean)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format('old.month_start >= %L', run.open_month)
  || CASE WHEN run.whole THEN ''
       ELSE ' AND (old.month_start, old.conversion_kind) IN (SELECT m.month_start, m.conversion_kind FROM pg_temp.refresh_credit_month m'
            || CASE WHEN of_conversions THEN ' WHERE m.of_conversions)'
                 ELSE ')' END
     END;

COMMENT ON FUNCTION crmcost._credit_months(crmcost._run, boolean) IS
  'Condition on old that a row is of an open month of refresh_credit_month, of conversions that differ if that is asked for.';

CREATE FUNCTION crmcost._credit_groups(months text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.replace($query$
  SELECT month_start, conversion_kind, m.model, c.channel AS channel_code,
         '(all)' AS campaign_code, c.conversions, c.value,
         NULL::numeric AS margin
  FROM (
    SELECT month_start, conversion_kind,
           crmcost.markov_attribution(path, n, value, open) AS markov,
           crmcost.shapley_attribution(path, n, value)
             FILTER (WHERE (months)) AS shapley
    FROM %1$s old
    GROUP BY month_start, conversion_kind
  ) credits
  CROSS JOIN LATERAL (VALUES ('markov', markov), ('shapley', shapley))
    AS m (model, credits)
  CROSS JOIN LATERAL unnest(m.credits) c
  WHERE c.conversions <> 0
$query$, '(months)'::text, months);

COMMENT ON FUNCTION crmcost._credit_groups(text) IS
  'Format of a query of the credits that Markov chains and the Shapley value give in paths, the latter in months that a condition names.';

-- A conversion without a touch is of its own channel and campaign.  Markov chains
-- and the Shapley value know channels alone, and no value below 0 (an order with
-- more refunds than sales).
CREATE FUNCTION crmcost._write_credit_month(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  -- months of conversions that differ; and those of Markov chains
  months CONSTANT text := crmcost._credit_months(run, true);
  walked CONSTANT text := crmcost._credit_months(run, false);
  paths text := crmcost._walked_paths(walked);
BEGIN
  IF crmcost._is_distributed(run.ledger) THEN
    paths := crmcost._sum_paths(paths);      -- fewer rows on their way
  END IF;
  RETURN crmcost._write_difference(run.ledger, 'credit_month', format($query$
    SELECT month_start, conversion_kind, model, channel_code, campaign_code,
           sum(conversions) AS conversions, sum(value) AS value,
           sum(margin) AS margin
    FROM %s credit
    GROUP BY month_start, conversion_kind, model, channel_code, campaign_code
    HAVING sum(conversions) <> 0
    UNION ALL
    SELECT month_start, conversion_kind, model, channel_code, campaign_code,
           conversions, value, margin
    FROM %s modelled
  $query$, crmcost._of_parts(run, 'refresh_part_credit', format(
             'SELECT * FROM crmcost._credit_sums(%L)',
             crmcost._credited_conversions(months))),
    crmcost._of_groups(run, 'dealt_path', 'q.month_start - date ''epoch''',
      format($query$
        SELECT p.month_start, p.conversion_kind, p.path, p.n, p.value,
               0::bigint AS open
        FROM (%s) p
        UNION ALL
        SELECT old.month_start, old.conversion_kind, old.path, 0, 0, 1
        FROM open_journey old WHERE %s
      $query$, paths, walked), crmcost._credit_groups(months))),
    format('%s OR old.model = ''markov'' AND %s', months, walked));
END
$$;

COMMENT ON FUNCTION crmcost._write_credit_month(crmcost._run) IS
  'Writes credit_month of the months of refresh_credit_month; returns the rows changed.';

-- One way, in order, with the money that went into it.
CREATE FUNCTION crmcost.journey(ledger name, customer_id bigint)
  RETURNS TABLE (conversion_kind text, converted_at timestamptz, source text,
                 order_ref text, touch_number bigint, interaction_id bigint,
                 touched_at timestamptz, days_before numeric,
                 channel_code text, campaign_code text, first_credit numeric,
                 last_credit numeric, last_non_direct_credit numeric,
                 linear_credit numeric, position_credit numeric,
                 time_decay_credit numeric, conversion_value numeric,
                 spend numeric)
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM crmcost._check_customer(ledger, 'customer_id', journey.customer_id);
  RETURN QUERY EXECUTE format($query$
    SELECT j.conversion_kind, j.converted_at, j.source, j.order_ref,
           j.touch_number, j.interaction_id, j.touched_at, j.days_before,
           j.channel_code, j.campaign_code, j.first_credit, j.last_credit,
           j.last_non_direct_credit, j.linear_credit, j.position_credit,
           j.time_decay_credit, j.conversion_value, s.spend
    FROM %1$I.journey j
    LEFT JOIN (SELECT s.interaction_id, s.touched_at, sum(s.spend) AS spend
               FROM %1$I.touch_spend s
               WHERE s.customer_id = $1
               GROUP BY s.interaction_id, s.touched_at) s
      ON j.conversion_kind = 'acquisition'
         AND s.interaction_id = j.interaction_id
         AND s.touched_at = j.touched_at
    WHERE j.customer_id = $1
    ORDER BY j.converted_at, j.conversion_kind, j.source, j.order_ref,
             j.sale_id, j.touch_number
  $query$, ledger) USING journey.customer_id;
END
$$;

COMMENT ON FUNCTION crmcost.journey(name, bigint) IS
  'Touches of a customer up to each conversion, in order, with their credits as in view journey, and under the acquisition the spend that they have of view touch_spend; NULL for none.';
