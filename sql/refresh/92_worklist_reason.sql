-- The reasons of the worklist, one function each: crmcost._worklist_ and the code
-- in table worklist_reason.  It is told the last day on which what it finds may be
-- due, and returns a query with one row a customer at most, and these columns:
--
--   customer_id
--   due_on        the day of what is told: it stays while that does
--   channel_code  channel of the last contact, NULL for none
--   product_code  what to offer, NULL for none
--   value         money at stake in base currency; below 0 counts as 0
--   evidence      jsonb, the facts behind it
--
-- The list asks for all customers without the last four columns but value, and
-- then for some customers with all of them: so columns may cost, rows may not.
-- Who is not a customer of the list (technical, erased), when a row is due, and
-- how long it stays, is no concern of a reason.
--
-- What most of them ask is in refresh_worklist_base, one row a customer who bought.
-- Value still to come is potential: that of the models, else of the closed form.

-- Between two contacts, what a tier promises (tier.contact_every), the earliest
-- where several do; who churned is another reason's.
CREATE FUNCTION crmcost._worklist_overdue_contact(run crmcost._run, until date)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT p.customer_id, d.due_on::date AS due_on,
         b.last_contact_channel AS channel_code, NULL::text AS product_code,
         b.potential AS value,
         jsonb_build_object(
           'tiers', (SELECT string_agg(format('%%s %%s', t.scheme, t.code), ', '
                                       ORDER BY t.scheme)
                     FROM customer_class k
                     JOIN tier t
                       ON t.scheme COLLATE "C" = k.dimension
                          AND t.code COLLATE "C" = k.code
                     WHERE k.customer_id = p.customer_id
                           AND t.contact_every IS NOT NULL),
           'last_contact_on',
           (b.last_contact_at AT TIME ZONE %1$L)::date) AS evidence
  FROM (
    SELECT k.customer_id, min(t.contact_every) AS contact_every,
           min((k.since AT TIME ZONE %1$L) + t.contact_every) AS first_due_at
    FROM tier t
    JOIN customer_class k
      ON k.dimension = t.scheme COLLATE "C" AND k.code = t.code COLLATE "C"
    WHERE t.contact_every IS NOT NULL
    GROUP BY k.customer_id
  ) p
  JOIN pg_temp.refresh_worklist_base b USING (customer_id)
  CROSS JOIN LATERAL (
    VALUES (coalesce((b.last_contact_at AT TIME ZONE %1$L) + p.contact_every,
                     p.first_due_at))
  ) AS d (due_on)
  WHERE d.due_on < %2$L::date + 1 AND b.stage IS DISTINCT FROM 'churned'
$query$, run.zone, until);

COMMENT ON FUNCTION crmcost._worklist_overdue_contact(crmcost._run, date) IS
  'Reason of the worklist: longer without contact than a tier promises.';

-- Who is at risk, and what tells, is said by view at_risk: a customer who has not
-- bought yet may be.  Due since the first day of the silence, else of what else tells.
-- At stake is the part of the value still to come that is in doubt.
CREATE FUNCTION crmcost._worklist_at_risk(run crmcost._run, until date)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  -- by the view, so that who is asked for is looked up there
  SELECT r.customer_id,
         CASE WHEN r.silent
             THEN b.last_ordered_on + 1
                  + floor(%L::numeric * (b.last_ordered_on
                                         - b.first_ordered_on)
                          / (b.order_days - 1))::integer
           WHEN r.bad_voice THEN r.bad_voice_on
           WHEN r.falling THEN date_trunc('month', r.as_of::timestamp)::date
           ELSE b.last_ordered_on + 1 END AS due_on,
         v.last_contact_channel AS channel_code, f.product_code,
         b.potential * (1 - coalesce(b.p_alive, 0)::numeric) AS value,
         jsonb_build_object('last_ordered_on', b.last_ordered_on,
                            'order_days', b.order_days,
                            'usual_gap_days', round(r.rhythm_days, 1),
                            'p_alive', round(b.p_alive::numeric, 4),
                            'signs', array_remove(ARRAY[
                              CASE WHEN r.silent THEN 'silent' END,
                              CASE WHEN r.bad_voice THEN 'bad_voice' END,
                              CASE WHEN r.falling THEN 'falling' END,
                              CASE WHEN r.low_p_alive THEN 'low_p_alive' END],
                              NULL)) AS evidence
  FROM at_risk r
  LEFT JOIN pg_temp.refresh_worklist_base b USING (customer_id)
  LEFT JOIN customer_value v USING (customer_id)
  LEFT JOIN customer_favourite f USING (customer_id)
$query$, crmcost._setting(run.ledger, 'silence_factor'));

COMMENT ON FUNCTION crmcost._worklist_at_risk(crmcost._run, date) IS
  'Reason of the worklist: something tells that the customer may leave.';

-- At stake is the margin of one order such as those before.
CREATE FUNCTION crmcost._worklist_win_back(run crmcost._run, until date)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT b.customer_id, (b.stage_since AT TIME ZONE %1$L)::date AS due_on,
         b.last_contact_channel AS channel_code, f.product_code,
         b.margin / b.orders AS value,
         jsonb_build_object('last_ordered_on', b.last_ordered_on,
                            'orders', b.orders, 'margin', b.margin) AS evidence
  FROM pg_temp.refresh_worklist_base b
  LEFT JOIN customer_favourite f USING (customer_id)
  WHERE b.stage = 'churned'
$query$, run.zone);

COMMENT ON FUNCTION crmcost._worklist_win_back(crmcost._run, date) IS
  'Reason of the worklist: a customer who churned.';

-- At stake is the margin of what is in the cart, at what it brought on average.
CREATE FUNCTION crmcost._worklist_abandoned_cart(run crmcost._run, until date)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT i.customer_id, (i.abandoned_at AT TIME ZONE %1$L)::date AS due_on,
         v.last_contact_channel AS channel_code,
         nullif(i.product_code, '(unknown)') AS product_code,
         coalesce(i.value, v.margin / nullif(v.orders, 0)) AS value,
         jsonb_build_object(
           'last_at', to_char(i.last_at AT TIME ZONE %1$L, 'YYYY-MM-DD HH24:MI'),
           'items', i.items) AS evidence
  FROM (
    SELECT i.customer_id, max(i.last_at) AS last_at,
           max(i.last_at) + %2$L::integer * interval '1 hour' AS abandoned_at,
           sum(i.quantity)::bigint AS items,
           (array_agg(i.product_code ORDER BY i.last_at DESC,
                                              i.product_code))[1]
             AS product_code,
           sum(i.quantity * t.margin / t.quantity) AS value
    FROM cart_item i
    LEFT JOIN product_total t
      ON t.product_code = i.product_code AND t.quantity > 0
         AND i.product_code <> '(unknown)'
    GROUP BY i.customer_id
  ) i
  LEFT JOIN customer_value v USING (customer_id)
  WHERE i.abandoned_at <= %3$L
$query$, run.zone, crmcost._setting(run.ledger, 'cart_after_hours'), run.upto);

COMMENT ON FUNCTION crmcost._worklist_abandoned_cart(crmcost._run, date) IS
  'Reason of the worklist: a cart without an order since.';

CREATE FUNCTION crmcost._worklist_month_day(run crmcost._run, until date)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT o.customer_id, d.due_on, v.last_contact_channel AS channel_code,
         f.product_code, coalesce(s.clv_predictive, s.clv_formula) AS value,
         jsonb_build_object('month_day', o.month_day) AS evidence
  FROM (
    SELECT m.month_day, crmcost._last_occasion(m.month_day, %1$L) AS due_on
    FROM (SELECT to_char(y.day, 'MM-DD') AS month_day
          FROM generate_series(timestamp '2000-01-01', '2000-12-31', '1 day')
            AS y (day)) m
    OFFSET 0
  ) d
  JOIN customer_occasion o ON o.month_day = d.month_day COLLATE "C"
  LEFT JOIN customer_value v USING (customer_id)
  LEFT JOIN customer_score s USING (customer_id)
  LEFT JOIN customer_favourite f USING (customer_id)
$query$, until);

COMMENT ON FUNCTION crmcost._worklist_month_day(crmcost._run, date) IS
  'Reason of the worklist: a day of the year that the customer told us.';

-- At stake is what a customer brings and will bring, times the chance.
CREATE FUNCTION crmcost._worklist_lead_to_call(run crmcost._run, until date)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT c.customer_id,
         (f.seen_at AT TIME ZONE %1$L)::date + 14 AS due_on,
         v.last_contact_channel AS channel_code, NULL::text AS product_code,
         c.score * (SELECT (coalesce(sum(f.expected_margin), 0)
                            + (SELECT coalesce(sum(g.margin), 0)
                               FROM group_month g
                               WHERE g.dimension = '(segment)'))
                           / nullif(sum(f.customers), 0)
                    FROM group_forecast f
                    WHERE f.dimension = '(segment)') AS value,
         jsonb_build_object('score', c.score, 'touches', f.touches,
                            'sales_contacts', f.sales_contacts) AS evidence
  FROM lead_chance c
  JOIN lead_feature f USING (customer_id)
  LEFT JOIN customer_value v USING (customer_id)
$query$, run.zone);

COMMENT ON FUNCTION crmcost._worklist_lead_to_call(crmcost._run, date) IS
  'Reason of the worklist: an open lead with a score.';

-- When the next order is due by the own rhythm.  At stake is what the offer brings
-- on average, times the share of orders with the favourite that have it too; of the
-- favourite again, the margin of one order.
CREATE FUNCTION crmcost._worklist_next_product(run crmcost._run, until date)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN $query$
  SELECT b.customer_id, d.due_on, b.last_contact_channel AS channel_code,
         n.product_code,
         CASE WHEN n.basis = 'affinity'
           THEN n.confidence * t.margin / nullif(t.quantity, 0)
           ELSE b.margin / b.orders END AS value,
         jsonb_build_object('favourite', n.favourite_product_code,
                            'basis', n.basis, 'confidence', n.confidence,
                            'last_ordered_on', b.last_ordered_on) AS evidence
  FROM pg_temp.refresh_worklist_base b
  CROSS JOIN LATERAL (
    -- the mean, rounded to whole days
    VALUES (b.last_ordered_on
            + ((2 * (b.last_ordered_on - b.first_ordered_on) + b.order_days - 1)
               / (2 * nullif(b.order_days - 1, 0)))::integer)
  ) AS d (due_on)
  -- asked of those alone whose order is due
  CROSS JOIN LATERAL (SELECT o.product_code, o.basis, o.confidence,
                             o.favourite_product_code
                      FROM next_product o
                      WHERE o.customer_id = b.customer_id
                      OFFSET 0) n
  LEFT JOIN product_total t ON t.product_code = n.product_code COLLATE "C"
  WHERE b.order_days > 1 AND b.stage IN ('active', 'won_back')
$query$;

COMMENT ON FUNCTION crmcost._worklist_next_product(crmcost._run, date) IS
  'Reason of the worklist: the next order is due, with a product to offer.';

-- One order such as those before would close the gap.  At stake is what that is
-- worth.
CREATE FUNCTION crmcost._worklist_tier_gap(run crmcost._run, until date)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT DISTINCT ON (b.customer_id)
         b.customer_id, (k.since AT TIME ZONE %L)::date AS due_on,
         b.last_contact_channel AS channel_code, f.product_code,
         g.worth AS value,
         jsonb_build_object('scheme', g.scheme, 'tier', g.tier,
                            'next_tier', g.next_tier, 'measure', g.measure,
                            'gap', g.gap) AS evidence
  FROM tier_gap g
  JOIN pg_temp.refresh_worklist_base b ON b.customer_id = g.customer_id
  JOIN customer_class k
    ON k.customer_id = g.customer_id AND k.dimension = g.scheme COLLATE "C"
  LEFT JOIN customer_favourite f ON f.customer_id = g.customer_id
  WHERE b.stage IN ('active', 'won_back')
        AND g.gap <= g.value / b.orders
  ORDER BY b.customer_id, g.worth DESC, g.scheme COLLATE "C"
$query$, run.zone);

COMMENT ON FUNCTION crmcost._worklist_tier_gap(crmcost._run, date) IS
  'Reason of the worklist: one usual order from the next better tier.';

-- At stake is the margin of one order such as those before.
CREATE FUNCTION crmcost._worklist_points_expiring(run crmcost._run, until date)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT DISTINCT ON (b.customer_id)
         b.customer_id, (s.expires_at AT TIME ZONE %1$L)::date AS due_on,
         b.last_contact_channel AS channel_code, f.product_code,
         b.margin / b.orders AS value,
         jsonb_build_object('program', s.program_code, 'points', s.points,
                            'expires_on',
                            (s.expires_at AT TIME ZONE %1$L)::date) AS evidence
  FROM loyalty_schedule s
  JOIN pg_temp.refresh_worklist_base b USING (customer_id)
  LEFT JOIN customer_favourite f USING (customer_id)
  WHERE (s.expires_at AT TIME ZONE %1$L)::date <= %2$L
  ORDER BY b.customer_id, s.expires_at, s.program_code
$query$, run.zone, until);

COMMENT ON FUNCTION crmcost._worklist_points_expiring(crmcost._run, date) IS
  'Reason of the worklist: points are about to expire.';

-- Of a customer's cases the one that is overdue longest, by what was promised, else
-- by setting sla_resolution_hours, which by setting sla_clock may be business hours:
-- then it is due at that time at the earliest.  At stake is the value still to come.
CREATE FUNCTION crmcost._worklist_open_case(run crmcost._run, until date)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT DISTINCT ON (c.customer_id)
         c.customer_id, (d.due_at AT TIME ZONE %1$L)::date AS due_on,
         nullif(c.channel_code, '(unknown)') AS channel_code,
         nullif(c.product_code, '(unknown)') AS product_code,
         coalesce(b.potential, 0) AS value,
         jsonb_build_object('kind', c.kind, 'case_ref', nullif(c.case_ref, ''),
                            'opened_on',
                            (c.opened_at AT TIME ZONE %1$L)::date,
                            'agent', c.agent_code) AS evidence
  FROM service_case c
  CROSS JOIN LATERAL (
    VALUES (coalesce(c.due_at, c.opened_at
                               + %2$L::float8 * interval '1 hour'))
  ) AS d (due_at)
  LEFT JOIN pg_temp.refresh_worklist_base b USING (customer_id)
  WHERE c.closed_at IS NULL AND d.due_at < %3$L
        AND CASE WHEN %4$L AND c.due_at IS NULL
              THEN crmcost.business_seconds(%5$L, c.team, c.opened_at, %3$L)
                   > %2$L::numeric * 3600
              ELSE true END
  ORDER BY c.customer_id, d.due_at, c.source, c.case_ref, c.interaction_id
$query$, run.zone, crmcost._setting(run.ledger, 'sla_resolution_hours'),
run.upto, crmcost._setting(run.ledger, 'sla_clock') = 'business', run.ledger);

COMMENT ON FUNCTION crmcost._worklist_open_case(crmcost._run, date) IS
  'Reason of the worklist: a case that should be closed by now.';

-- A closed gap is worth no more than one order such as those before brings: of who is
-- one from the next tier it is no larger than that.  Values are rounded to four
-- decimals.  What is simple comes first, and tells for most.
CREATE FUNCTION crmcost._worklist_bounds(code text) RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE code
  WHEN 'overdue_contact' THEN ARRAY['b.potential']
  WHEN 'open_case' THEN ARRAY['b.potential']
  WHEN 'at_risk' THEN ARRAY['b.potential',
    'b.potential * (1 - coalesce(b.p_alive, 0)::numeric)']
  WHEN 'win_back' THEN ARRAY['b.margin', 'b.margin / b.orders']
  WHEN 'points_expiring' THEN ARRAY['b.margin', 'b.margin / b.orders']
  WHEN 'tier_gap' THEN ARRAY['greatest(b.margin, b.profit) + 0.0001',
    'greatest(b.margin, b.profit) / b.orders + 0.0001']
  WHEN 'next_product' THEN ARRAY['greatest(b.margin / b.orders, (SELECT max(t.margin / nullif(t.quantity, 0)) FROM product_total t))']
END;

COMMENT ON FUNCTION crmcost._worklist_bounds(text) IS
  'For a reason of the worklist that is worth nothing to who is not in refresh_worklist_base: expressions over its row b, none of which value exceeds where it is above 0; NULL for others.';
