-- Step journey: which touches led to which conversion, and what each has of it.
--
-- A conversion is a customer acquired or an order.  Its path are the touches (kinds
-- touch, behavior, sales and referral, of known parties) up to it, within setting
-- touch_window_days.  Where touches share the cost of acquisition (driver
-- attributed), a credit that changed changes the month of its touch.
CREATE FUNCTION crmcost._customers_journey(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  before CONSTANT text := crmcost._converted_before(run);
  touched CONSTANT text := CASE WHEN run.whole THEN 'true'
    ELSE 'EXISTS (SELECT FROM pg_temp.refresh_entity j WHERE j.customer_id = old.customer_id AND old.month_start >= j.since)'
    END;
  of_entities CONSTANT text := CASE WHEN run.whole THEN 'true'
    ELSE 'old.entity_id IN (SELECT j.entity_id FROM pg_temp.refresh_entity j)'
    END;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  PERFORM crmcost._find_entities(run);
  PERFORM crmcost._find_touches(run);
  PERFORM crmcost._find_conversions(run);
  PERFORM crmcost._find_credits(run);
  PERFORM crmcost._find_paths(run);
  IF NOT run.whole THEN
    PERFORM crmcost._find_journey_news(of_entities);
    PERFORM crmcost._find_touched_months(run, touched);
  END IF;
  RETURN crmcost._write_difference(run.ledger, 'customer_touch',
      'SELECT * FROM pg_temp.refresh_customer_touch', touched)
    + crmcost._write_difference(run.ledger, 'touch_credit',
        'SELECT c.* FROM pg_temp.refresh_credit c', before)
    + crmcost._write_difference(run.ledger, 'open_journey',
        'SELECT * FROM pg_temp.refresh_open_journey', of_entities)
    + crmcost._write_difference(run.ledger, 'conversion',
        'SELECT c.* FROM pg_temp.refresh_conversion c', before);
END
$$;

COMMENT ON FUNCTION crmcost._customers_journey(crmcost._run) IS
  'Writes conversion, touch_credit, open_journey and customer_touch; returns the rows changed.';

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
  'Step of refresh: conversion, touch_credit, open_journey, customer_touch and credit_month; returns the rows changed.';

-- Whose touches count for whom, and since which month his touches and conversions
-- may be others than the store has: all where the first order, which is the value
-- of the acquisition, may be another.  A customer who leaves an account is in
-- refresh_customer with all who are or were of it (_find_account_members).
CREATE FUNCTION crmcost._find_entities(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  by_account CONSTANT boolean := crmcost._converts_accounts(run.ledger);
BEGIN
  INSERT INTO pg_temp.refresh_entity
    SELECT j.customer_id,
           CASE WHEN by_account THEN coalesce(c.account_id, j.customer_id)
             ELSE j.customer_id END,
           c.acquired_at,
           c.source IS NULL OR c.source = 'anon' OR c.merged_into IS NOT NULL,
           CASE WHEN n.changed_on <= coalesce(o.first_on, 'infinity')
             THEN '-infinity' ELSE j.since END,
           o.last_at
    FROM pg_temp.refresh_customer j
    LEFT JOIN customer c USING (customer_id)
    LEFT JOIN (SELECT p.customer_id, min(p.ordered_on) AS first_on,
                      max(p.ordered_at) AS last_at
               FROM pg_temp.refresh_order p
               WHERE p.is_order
               GROUP BY p.customer_id) o USING (customer_id)
    LEFT JOIN (SELECT p.customer_id,
                      min(least(p.was_on, p.ordered_on)) AS changed_on
               FROM pg_temp.refresh_order_news p
               GROUP BY p.customer_id) n USING (customer_id)
    WHERE j.since < 'infinity';
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
         ELSE '(old.customer_id, old.conversion_kind, old.source, old.order_ref, old.sale_id) IN (SELECT c.customer_id, c.conversion_kind, c.source, c.order_ref, c.sale_id FROM pg_temp.refresh_converted c)'
       END;

COMMENT ON FUNCTION crmcost._converted_before(crmcost._run) IS
  'Condition on old that a row is of a conversion of refresh_converted.';

CREATE FUNCTION crmcost._converts_accounts(ledger name) RETURNS boolean
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN crmcost._setting(ledger, 'converting_entity') = 'account';

COMMENT ON FUNCTION crmcost._converts_accounts(name) IS
  'Whether the touches of all customers of an account count for each of them.';

-- What one customer of an account does is news to all of it, and to those whom
-- his touches, or theirs whose touches led to him, are credited.
CREATE FUNCTION crmcost._find_account_members(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  IF NOT crmcost._converts_accounts(run.ledger) THEN
    RETURN;
  END IF;
  INSERT INTO pg_temp.refresh_customer
    WITH news AS (
      SELECT j.customer_id, coalesce(c.account_id, j.customer_id) AS entity_id
      FROM pg_temp.refresh_customer j
      JOIN customer c USING (customer_id)
      UNION
      SELECT v.customer_id, v.entity_id
      FROM conversion v
      JOIN pg_temp.refresh_customer j USING (customer_id)
      UNION
      SELECT t.touched_customer_id, v.entity_id
      FROM touch_credit t
      JOIN pg_temp.refresh_customer j
        ON j.customer_id = t.touched_customer_id
      JOIN conversion v
        ON (v.customer_id, v.conversion_kind, v.source, v.order_ref, v.sale_id)
           = (t.customer_id, t.conversion_kind, t.source, t.order_ref,
              t.sale_id)
    )
    SELECT DISTINCT member.customer_id
    FROM news n
    CROSS JOIN LATERAL (
      SELECT c.customer_id FROM customer c
      WHERE c.account_id = n.entity_id OR c.customer_id = n.entity_id
      UNION
      SELECT v.customer_id FROM conversion v WHERE v.entity_id = n.entity_id
    ) member
    ON CONFLICT (customer_id) DO NOTHING;
END
$$;

COMMENT ON FUNCTION crmcost._find_account_members(crmcost._run) IS
  'Adds all customers of the accounts with news to refresh_customer, where accounts convert as one.';

-- Of an account the first customer acquired is its acquisition.  Of first orders at
-- one instant the larger counts, whatever their references: erasing changes those.
CREATE FUNCTION crmcost._find_conversions(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_conversion
    SELECT customer_id, conversion_kind, source, order_ref, sale_id,
           entity_id, converted_at, converted_on, month_start, channel_code,
           campaign_code, value, margin, 0, '{}'::text[]
    FROM (
      SELECT DISTINCT ON (j.entity_id)
             j.customer_id, 'acquisition' AS conversion_kind, '' AS source,
             '' AS order_ref, 0 AS sale_id, j.entity_id,
             j.acquired_at AS converted_at, e.happened_on AS converted_on,
             e.month_start, e.channel_code, e.campaign_code,
             coalesce(o.revenue, 0) AS value, coalesce(o.margin, 0) AS margin
      FROM crmcost._party_events(run.ledger, run.upto, run.zone,
                                 run.open_month, NOT run.whole) e
      JOIN pg_temp.refresh_entity j USING (customer_id)
      LEFT JOIN (
        SELECT DISTINCT ON (customer_id) customer_id, revenue, margin
        FROM pg_temp.refresh_order
        WHERE is_order
        ORDER BY customer_id, ordered_at, revenue DESC, margin DESC
      ) o USING (customer_id)
      WHERE e.is_acquisition AND e.happened_on >= j.since
      ORDER BY j.entity_id, j.acquired_at, j.customer_id
    ) acquisition
    UNION ALL
    SELECT o.customer_id, 'order', o.source, o.order_ref, o.sale_id,
           j.entity_id, o.ordered_at, o.ordered_on, o.month_start,
           o.channel_code, o.campaign_code, o.revenue, o.margin, 0, '{}'::text[]
    FROM pg_temp.refresh_order o
    JOIN pg_temp.refresh_entity j USING (customer_id)
    WHERE o.is_order AND NOT j.is_nobody AND o.ordered_on >= j.since;
  ANALYZE pg_temp.refresh_conversion;
END
$$;

COMMENT ON FUNCTION crmcost._find_conversions(crmcost._run) IS
  'Fills refresh_conversion of the customers with news since it may be another, without paths.';

-- What can lead to something: contacts of known parties.  Of these what conversions
-- that may be others, and what is open, can come from.
CREATE FUNCTION crmcost._find_touches(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  reach CONSTANT interval := crmcost._touch_window(run.ledger)
                             + interval '1 day';
BEGIN
  INSERT INTO pg_temp.refresh_touch
    SELECT j.entity_id, c.customer_id, c.interaction_id, c.occurred_at,
           c.occurred_on, c.month_start, c.channel_code, c.campaign_code
    FROM pg_temp.refresh_contact c
    JOIN pg_temp.refresh_entity j USING (customer_id)
    WHERE c.kind IN ('touch', 'behavior', 'sales', 'referral')
          AND NOT c.is_technical AND NOT j.is_nobody
          AND (c.occurred_on > j.since - reach
               OR c.month_start >= j.since
               OR c.occurred_at > j.last_at OR j.last_at IS NULL
               OR j.acquired_at IS NULL OR j.acquired_at >= run.upto);
  ANALYZE pg_temp.refresh_touch;
END
$$;

COMMENT ON FUNCTION crmcost._find_touches(crmcost._run) IS
  'Fills refresh_touch: the touches of the customers with news that anything may follow from.';

CREATE FUNCTION crmcost._find_credits(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  reach CONSTANT interval := crmcost._touch_window(run.ledger);
  half_life CONSTANT interval := make_interval(
    days => crmcost._setting(run.ledger, 'decay_half_life')::integer);
BEGIN
  INSERT INTO pg_temp.refresh_credit
    SELECT customer_id, conversion_kind, source, order_ref, sale_id,
           interaction_id, touched_customer_id, touched_at, touched_on,
           month_start, channel_code, campaign_code, first_weight,
           last_weight, last_non_direct_weight,
           crmcost.allocate(1, linear_weight::numeric, 8) OVER path,
           crmcost.allocate(1, position_weight::numeric, 8) OVER path,
           crmcost.allocate(1, time_decay_weight::numeric, 8) OVER path
    FROM (
      SELECT v.n, v.customer_id, v.conversion_kind, v.source, v.order_ref,
             v.sale_id, t.interaction_id, t.customer_id AS touched_customer_id,
             t.occurred_at AS touched_at, t.occurred_on AS touched_on,
             t.month_start, t.channel_code, t.campaign_code,
             crmcost.attribution_weight('first', t.occurred_at,
                                        v.converted_at) OVER path
               AS first_weight,
             crmcost.attribution_weight('last', t.occurred_at,
                                        v.converted_at) OVER path
               AS last_weight,
             crmcost.attribution_weight('last_non_direct', t.occurred_at,
                                        v.converted_at, half_life,
                                        t.channel_code) OVER path
               AS last_non_direct_weight,
             crmcost.attribution_weight('linear', t.occurred_at,
                                        v.converted_at) OVER path
               AS linear_weight,
             crmcost.attribution_weight('position', t.occurred_at,
                                        v.converted_at) OVER path
               AS position_weight,
             crmcost.attribution_weight('time_decay', t.occurred_at,
                                        v.converted_at, half_life) OVER path
               AS time_decay_weight
      -- a number sorts faster than a key
      FROM (SELECT row_number() OVER () AS n, c.*
            FROM pg_temp.refresh_conversion c) v
      JOIN pg_temp.refresh_touch t
        ON t.entity_id = v.entity_id AND t.occurred_at <= v.converted_at
           AND t.occurred_at > v.converted_at - reach
      WINDOW path AS (PARTITION BY v.n
                      ORDER BY t.occurred_at, t.interaction_id)
    ) weighed
    WINDOW path AS (PARTITION BY n ORDER BY touched_at, interaction_id);
  ANALYZE pg_temp.refresh_credit;
END
$$;

COMMENT ON FUNCTION crmcost._find_credits(crmcost._run) IS
  'Fills refresh_credit.';

CREATE FUNCTION crmcost._touch_window(ledger name) RETURNS interval
  LANGUAGE sql STABLE PARALLEL SAFE
-- not days, which are as long as the session's clocks make them
RETURN crmcost._setting(ledger, 'touch_window_days')::integer
       * '24:00:00'::interval;

COMMENT ON FUNCTION crmcost._touch_window(name) IS
  'How long before a conversion touches count.';

CREATE FUNCTION crmcost._find_paths(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  reach CONSTANT interval := crmcost._touch_window(run.ledger);
BEGIN
  UPDATE pg_temp.refresh_conversion v SET touches = p.touches, path = p.path
    FROM (SELECT customer_id, conversion_kind, source, order_ref, sale_id,
                 count(*) AS touches,
                 array_agg(channel_code ORDER BY touched_at, interaction_id)
                   AS path
          FROM pg_temp.refresh_credit
          GROUP BY customer_id, conversion_kind, source, order_ref,
                   sale_id) p
    WHERE (v.customer_id, v.conversion_kind, v.source, v.order_ref, v.sale_id)
          = (p.customer_id, p.conversion_kind, p.source, p.order_ref,
             p.sale_id);
  INSERT INTO pg_temp.refresh_customer_touch
    SELECT t.customer_id, t.month_start, t.channel_code, t.campaign_code,
           count(*)
    FROM pg_temp.refresh_touch t
    JOIN pg_temp.refresh_entity j USING (customer_id)
    LEFT JOIN (SELECT k.entity_id, min(k.acquired_at) AS at
               FROM pg_temp.refresh_entity k
               WHERE k.acquired_at < run.upto AND NOT k.is_nobody
               GROUP BY k.entity_id) v ON v.entity_id = t.entity_id
    WHERE t.month_start >= j.since
          AND (v.at IS NULL OR t.occurred_at <= v.at)
    GROUP BY t.customer_id, t.month_start, t.channel_code, t.campaign_code;
  -- since the last order, or of who was never acquired
  INSERT INTO pg_temp.refresh_open_journey
    SELECT entity_id, conversion_kind, last_at,
           (array_agg(month_start
                      ORDER BY occurred_at DESC, interaction_id DESC))[1],
           array_agg(channel_code ORDER BY occurred_at, interaction_id)
    FROM (
      SELECT t.*, k.conversion_kind,
             max(t.occurred_at) OVER (PARTITION BY t.entity_id,
                                                   k.conversion_kind)
               AS last_at
      FROM pg_temp.refresh_touch t
      JOIN (SELECT j.entity_id, max(j.last_at) AS ordered_at,
                   min(j.acquired_at) < run.upto AS is_won
            FROM pg_temp.refresh_entity j
            WHERE NOT j.is_nobody
            GROUP BY j.entity_id) v USING (entity_id)
      CROSS JOIN (VALUES ('acquisition'), ('order')) AS k (conversion_kind)
      WHERE CASE k.conversion_kind WHEN 'acquisition' THEN v.is_won IS NOT TRUE
              ELSE coalesce(t.occurred_at > v.ordered_at, true) END
    ) touch
    WHERE occurred_at > last_at - reach
    GROUP BY entity_id, conversion_kind, last_at;
END
$$;

COMMENT ON FUNCTION crmcost._find_paths(crmcost._run) IS
  'Fills the paths of refresh_conversion, refresh_customer_touch and refresh_open_journey.';

-- Months whose credits are summed anew: those of conversions that differ from what
-- the store has, or that have other credits.  Where open journeys alone differ,
-- Markov chains do.
CREATE FUNCTION crmcost._find_journey_news(of_entities text)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_credit_news
    WITH old AS (
      SELECT o.* FROM pg_temp.refresh_converted
      JOIN touch_credit o USING (customer_id, conversion_kind, source,
                                 order_ref, sale_id)
    )
    SELECT d.customer_id, d.conversion_kind, d.source, d.order_ref, d.sale_id,
           d.month_start
    FROM ((SELECT * FROM old EXCEPT SELECT * FROM pg_temp.refresh_credit)
          UNION ALL
          (SELECT * FROM pg_temp.refresh_credit EXCEPT SELECT * FROM old)) d;
  INSERT INTO pg_temp.refresh_credit_month
    WITH old AS (
      SELECT o.* FROM pg_temp.refresh_converted
      JOIN conversion o USING (customer_id, conversion_kind, source,
                               order_ref, sale_id)
    )
    SELECT d.month_start, d.conversion_kind, true
    FROM ((SELECT * FROM old EXCEPT SELECT * FROM pg_temp.refresh_conversion)
          UNION ALL
          (SELECT * FROM pg_temp.refresh_conversion EXCEPT SELECT * FROM old)) d
    UNION
    SELECT v.month_start, v.conversion_kind, true
    FROM pg_temp.refresh_credit_news n
    JOIN pg_temp.refresh_conversion v
      USING (customer_id, conversion_kind, source, order_ref, sale_id);
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_credit_month
      WITH old AS (SELECT old.* FROM open_journey old WHERE %s)
      SELECT DISTINCT d.month_start, d.conversion_kind, false
      FROM ((SELECT * FROM old EXCEPT SELECT * FROM pg_temp.refresh_open_journey)
            UNION ALL
            (SELECT * FROM pg_temp.refresh_open_journey
             EXCEPT SELECT * FROM old)) d
      ON CONFLICT (month_start, conversion_kind) DO NOTHING
    $query$, of_entities);
  ANALYZE pg_temp.refresh_credit_month;
END
$$;

COMMENT ON FUNCTION crmcost._find_journey_news(text) IS
  'Fills refresh_credit_news and refresh_credit_month: the credits and the months of conversions that differ from the store.';

-- Where touches share cost, that of the months whose touches have other credits, or
-- are others.  What closed months are owed for is in the first open one
-- (43_claim.sql).
CREATE FUNCTION crmcost._find_touched_months(run crmcost._run, touched text)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  IF NOT crmcost._follows_touches() THEN
    RETURN;
  END IF;
  INSERT INTO pg_temp.refresh_cost_month
    SELECT greatest(m.month_start, run.open_month)
    FROM (SELECT n.month_start FROM pg_temp.refresh_credit_news n
          WHERE n.conversion_kind = 'acquisition'
          UNION
          SELECT unnest(crmcost._months_that_differ(
            'customer_touch', 'refresh_customer_touch', touched))) m
    GROUP BY 1
    ON CONFLICT (month_start) DO NOTHING;
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

CREATE FUNCTION crmcost._attribution_models() RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{first,last,last_non_direct,linear,position,time_decay}'::text[];

COMMENT ON FUNCTION crmcost._attribution_models() IS
  'Models of attribution by rule, in the order of the columns of touch_credit.';

CREATE FUNCTION crmcost._credit_sums(months text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT pg_catalog.format($query$
    SELECT old.month_start, old.conversion_kind, t.channel_code,
           t.campaign_code, %1$s
    FROM conversion old
    JOIN touch_credit t USING (customer_id, conversion_kind, source, order_ref,
                               sale_id)
    WHERE old.touches > 0 AND %3$s
    GROUP BY 1, 2, 3, 4
    UNION ALL
    SELECT month_start, conversion_kind, channel_code, campaign_code, %2$s
    FROM (SELECT old.month_start, old.conversion_kind, old.channel_code,
                 old.campaign_code, count(*) AS n, sum(old.value) AS v,
                 sum(old.margin) AS m
          FROM conversion old
          WHERE old.touches = 0 AND %3$s
          GROUP BY 1, 2, 3, 4) untouched
    $query$,
    pg_catalog.string_agg(pg_catalog.format(
      'sum(t.%1$s_credit) AS n%2$s, sum(t.%1$s_credit * old.value) AS v%2$s, sum(t.%1$s_credit * old.margin) AS m%2$s',
      m.model, m.i), ', '::text ORDER BY m.i),
    pg_catalog.string_agg('n, v, m'::text, ', '::text), months)
  FROM pg_catalog.unnest(crmcost._attribution_models())
    WITH ORDINALITY AS m (model, i);
END;

COMMENT ON FUNCTION crmcost._credit_sums(text) IS
  'Query of the credits of the conversions that a condition on old names, summed by month, kind, channel and campaign, three columns a model.';

CREATE FUNCTION crmcost._walked_paths(months text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT old.month_start, old.conversion_kind, old.path, count(*) AS n,
         sum(greatest(old.value, 0)) AS value
  FROM conversion old WHERE old.touches > 0 AND %1$s
  GROUP BY old.month_start, old.conversion_kind, old.path
  UNION ALL
  SELECT old.month_start, old.conversion_kind, ARRAY[old.channel_code::text],
         count(*), sum(greatest(old.value, 0))
  FROM conversion old WHERE old.touches = 0 AND %1$s
  GROUP BY old.month_start, old.conversion_kind, old.channel_code
$query$, months);

COMMENT ON FUNCTION crmcost._walked_paths(text) IS
  'Query of the paths of the months that a condition on old names, with conversions and value.';

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
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'credit_month', format($query$
    SELECT month_start, conversion_kind, m.model, channel_code, campaign_code,
           sum(m.conversions) AS conversions, sum(m.value) AS value,
           sum(m.margin) AS margin
    FROM %1$s credit
    CROSS JOIN LATERAL (
      VALUES ('first', n1, v1, m1), ('last', n2, v2, m2),
             ('last_non_direct', n3, v3, m3), ('linear', n4, v4, m4),
             ('position', n5, v5, m5), ('time_decay', n6, v6, m6)
    ) AS m (model, conversions, value, margin)
    GROUP BY month_start, conversion_kind, m.model, channel_code, campaign_code
    HAVING sum(m.conversions) <> 0
    UNION ALL
    SELECT month_start, conversion_kind, m.model, c.channel, '(all)',
           c.conversions, c.value, NULL
    FROM (
      SELECT month_start, conversion_kind,
             crmcost.markov_attribution(path, n, value, open) AS markov,
             crmcost.shapley_attribution(path, n, value)
               FILTER (WHERE %3$s) AS shapley
      FROM (SELECT month_start, conversion_kind, path, n, value, 0 AS open
            FROM %2$s path
            UNION ALL
            SELECT old.month_start, old.conversion_kind, old.path, 0, 0,
                   count(*)
            FROM open_journey old WHERE %4$s
            GROUP BY old.month_start, old.conversion_kind, old.path) old
      GROUP BY month_start, conversion_kind
    ) credits
    CROSS JOIN LATERAL (VALUES ('markov', markov), ('shapley', shapley))
      AS m (model, credits)
    CROSS JOIN LATERAL unnest(m.credits) c
    WHERE c.conversions <> 0
  $query$, crmcost._of_parts(run, 'refresh_part_credit',
                             crmcost._credit_sums(months)),
    crmcost._of_parts(run, 'refresh_part_path', crmcost._walked_paths(walked)),
    months, walked), format('%s OR old.model = ''markov'' AND %s', months, walked));
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
