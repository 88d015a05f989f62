-- What changed since the last refresh.  Statement triggers on every table that
-- refresh reads write to table touched, and to late_fact what came after its
-- month was closed.  The same triggers stand on each partition, for statements
-- that name it: of a statement only those of the table that it names fire.
--
-- Customers are written one by one, with the months concerned; where many came
-- at once, the months alone.  Whose facts went must be known by number.  A single
-- customer that is there already, of this epoch, is not written again, so that
-- many small transactions leave few rows (_forget_news says when they may go).

-- A partition belongs to the ledger of its table; one that was detached belongs to
-- none, and its triggers do nothing.  The search path is the caller's, which pins
-- it; then the ledger is first in it.
CREATE FUNCTION crmcost._enter_ledger(relation oid) RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  ledger CONSTANT name := (
    SELECT n.nspname
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class s
      ON s.relnamespace = n.oid AND s.relname = 'refresh_state'
    WHERE c.oid = coalesce((SELECT i.inhparent FROM pg_inherits i
                            WHERE i.inhrelid = relation), relation));
BEGIN
  IF ledger IS NULL THEN
    RETURN false;
  END IF;
  PERFORM crmcost._ledger_path(ledger);     -- whoever loads runs nobody's code
  PERFORM set_config('search_path', quote_ident(ledger) || ', pg_temp', true);
  RETURN true;
END
$$;

COMMENT ON FUNCTION crmcost._enter_ledger(oid) IS
  'Puts the ledger that a table, or a partition of one, belongs to before the search path; false for none.';

-- Months name whoever has facts in them, and to compute a customer anew takes a
-- hundred times as long as to note him: so they are for what is news of nearly all.
-- The search path is the caller's, with the ledger first.
CREATE FUNCTION crmcost._touch_limit() RETURNS bigint
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN greatest(10000, (SELECT c.reltuples * 0.75 FROM pg_class c
                          WHERE c.oid = 'customer'::regclass));
END
$$;

COMMENT ON FUNCTION crmcost._touch_limit() IS
  'Customers up to which a statement is noted customer by customer: three quarters of them, at least 10,000.';

-- The search path is the caller's, with the ledger first.
CREATE FUNCTION crmcost._touch(relation text, went boolean,
                               customers bigint[], from_on date[],
                               to_on date[])
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
#variable_conflict use_variable
DECLARE
  now_epoch CONSTANT bigint := (SELECT s.epoch FROM refresh_state s);
  rows_here CONSTANT integer := cardinality(customers);
BEGIN
  IF rows_here > crmcost._touch_limit() AND NOT went THEN
    INSERT INTO touched (relation, customer_id, from_on, before_on, epoch)
      SELECT relation, NULL, crmcost._month_of(min(u.f)),
             (crmcost._month_of(max(u.t)) + interval '1 month')::date, now_epoch
      FROM unnest(from_on, to_on) AS u (f, t);
  ELSE
    INSERT INTO touched (relation, customer_id, from_on, before_on, epoch)
      SELECT relation, u.c, crmcost._month_of(u.f),
             (crmcost._month_of(u.t) + interval '1 month')::date, now_epoch
      FROM unnest(customers, from_on, to_on) AS u (c, f, t)
      -- who may see an older epoch writes in any case
      WHERE rows_here > 1
            OR current_setting('transaction_isolation') <> 'read committed'
            OR NOT EXISTS (
                 SELECT FROM touched was
                 WHERE was.relation = relation AND was.epoch = now_epoch
                       AND (was.customer_id = u.c
                            OR was.customer_id IS NULL AND u.c IS NULL)
                       AND was.from_on <= u.f AND was.before_on > u.t);
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._touch(text, boolean, bigint[], date[], date[]) IS
  'Notes in table touched that facts of customers changed between two days each.';

-- A snapshot that is older than a closing does not see it.
CREATE FUNCTION crmcost._newest(query text) RETURNS text
  LANGUAGE c STABLE STRICT PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'transaction__newest';

COMMENT ON FUNCTION crmcost._newest(text) IS
  'What a query returns in one column of one row, with all that is committed by now, whatever the snapshot of the transaction; NULL for no row.';

-- The search path is the caller's, with the ledger first, here and below.
CREATE FUNCTION crmcost._late_before() RETURNS date
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  IF current_setting('transaction_isolation') = 'read committed' THEN
    RETURN crmcost._seen_late_before();
  END IF;
  RETURN crmcost._newest('SELECT crmcost._seen_late_before()')::date;
END
$$;

COMMENT ON FUNCTION crmcost._late_before() IS
  'First day of the first month that is not closed, nor about to be; NULL when none is closed.';

CREATE FUNCTION crmcost._seen_late_before() RETURNS date
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN (SELECT greatest((SELECT max(p.month_start) + interval '1 month'
                           FROM closed_period p)::date, s.closing_before)
          FROM refresh_state s);
END
$$;

COMMENT ON FUNCTION crmcost._seen_late_before() IS
  'The same as the snapshot sees it.';

CREATE FUNCTION crmcost._capture_sale() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  zone text;
  open_month date;
BEGIN
  IF NOT crmcost._enter_ledger(TG_RELID) THEN
    RETURN NULL;
  END IF;
  SELECT s.value INTO zone FROM setting s WHERE s.key = 'timezone';
  -- an order that loses a line may be of an earlier day than that
  IF TG_OP <> 'INSERT' THEN
    PERFORM crmcost._touch(k.relation, true, array_agg(r.c), array_agg(r.f),
                           array_agg(r.t))
      FROM (SELECT customer_id, (min(sold_at) AT TIME ZONE zone)::date,
                   (max(sold_at) AT TIME ZONE zone)::date
            FROM old_row GROUP BY customer_id) AS r (c, f, t)
      CROSS JOIN (VALUES ('sale'), ('order')) AS k (relation)
      GROUP BY k.relation;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    PERFORM crmcost._touch('sale', false, array_agg(r.c), array_agg(r.f),
                           array_agg(r.t))
      FROM (SELECT customer_id, (min(sold_at) AT TIME ZONE zone)::date,
                   (max(sold_at) AT TIME ZONE zone)::date
            FROM new_row GROUP BY customer_id) AS r (c, f, t)
      HAVING count(*) > 0;
  END IF;
  IF TG_OP = 'INSERT' THEN
    open_month := crmcost._late_before();
    IF open_month IS NOT NULL THEN
      INSERT INTO late_fact (relation, fact_id, booked_on)
        SELECT 'sale', r.sale_id, (r.sold_at AT TIME ZONE zone)::date
        FROM new_row r
        WHERE (r.sold_at AT TIME ZONE zone)::date < open_month
        ON CONFLICT (relation, fact_id, booked_on) DO NOTHING;
    END IF;
  END IF;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION crmcost._capture_sale() IS
  'Statement trigger of sale: notes whose sales changed, and late ones.';

-- An answer to a survey that is not in table survey has no scale.
CREATE FUNCTION crmcost._is_answer(metric text, scale_from numeric,
                                   scale_to numeric, score numeric)
  RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN score IS NULL OR metric IS NULL
       OR score >= scale_from AND score <= scale_to
          AND (metric <> 'nps' OR score = pg_catalog.trunc(score));

COMMENT ON FUNCTION crmcost._is_answer(text, numeric, numeric, numeric) IS
  'Whether a score is within the scale of its survey: no score is, and one without a survey.';

CREATE FUNCTION crmcost._capture_interaction() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  zone text;
  open_month date;
  refused record;
BEGIN
  IF NOT crmcost._enter_ledger(TG_RELID) THEN
    RETURN NULL;
  END IF;
  SELECT s.value INTO zone FROM setting s WHERE s.key = 'timezone';
  IF TG_OP <> 'INSERT' THEN
    PERFORM crmcost._touch('interaction', true, array_agg(r.c),
                           array_agg(r.f), array_agg(r.t))
      FROM (SELECT customer_id, (min(occurred_at) AT TIME ZONE zone)::date,
                   (max(occurred_at) AT TIME ZONE zone)::date
            FROM old_row GROUP BY customer_id) AS r (c, f, t)
      HAVING count(*) > 0;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    SELECT r.score, s.* INTO refused
      FROM new_row r
      JOIN survey s ON s.code = coalesce(r.subtype, 'csat')
      WHERE r.kind = 'survey'
            AND NOT crmcost._is_answer(s.metric, s.scale_from, s.scale_to,
                                       r.score)
      LIMIT 1;
    IF FOUND THEN
      RAISE EXCEPTION 'score must be %from % to %, the scale of survey "%", not %',
                      CASE refused.metric WHEN 'nps' THEN 'a whole number ' ELSE '' END,
                      trim_scale(refused.scale_from),
                      trim_scale(refused.scale_to), refused.code,
                      trim_scale(refused.score)
        USING ERRCODE = 'check_violation',
              HINT = 'Table survey has the scales; the subtype of an interaction names its survey.';
    END IF;
    PERFORM crmcost._touch('interaction', false, array_agg(r.c),
                           array_agg(r.f), array_agg(r.t))
      FROM (SELECT customer_id, (min(occurred_at) AT TIME ZONE zone)::date,
                   (max(occurred_at) AT TIME ZONE zone)::date
            FROM new_row GROUP BY customer_id) AS r (c, f, t)
      HAVING count(*) > 0;
  END IF;
  IF TG_OP = 'INSERT' THEN
    open_month := crmcost._late_before();
    IF open_month IS NOT NULL THEN
      INSERT INTO late_fact (relation, fact_id, booked_on)
        SELECT 'interaction', r.interaction_id,
               (r.occurred_at AT TIME ZONE zone)::date
        FROM new_row r
        WHERE (r.occurred_at AT TIME ZONE zone)::date < open_month
        ON CONFLICT (relation, fact_id, booked_on) DO NOTHING;
    END IF;
  END IF;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION crmcost._capture_interaction() IS
  'Statement trigger of interaction: notes whose contacts changed, and late ones, and refuses answers outside of the scale of their survey.';

-- A month of cost is computed as a whole, so that months are enough.
CREATE FUNCTION crmcost._capture_cost_entry() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  open_month date;
BEGIN
  IF NOT crmcost._enter_ledger(TG_RELID) THEN
    RETURN NULL;
  END IF;
  IF TG_OP <> 'INSERT' THEN
    PERFORM crmcost._touch('cost_entry', true, array_agg(NULL::bigint),
                           array_agg(r.f), array_agg(r.t))
      FROM (SELECT DISTINCT
                   crmcost._month_of(coalesce(lower(covers), incurred_on)),
                   crmcost._month_of(coalesce(upper(covers) - 1, incurred_on))
            FROM old_row) AS r (f, t)
      HAVING count(*) > 0;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    PERFORM crmcost._touch('cost_entry', true, array_agg(NULL::bigint),
                           array_agg(r.f), array_agg(r.t))
      FROM (SELECT DISTINCT
                   crmcost._month_of(coalesce(lower(covers), incurred_on)),
                   crmcost._month_of(coalesce(upper(covers) - 1, incurred_on))
            FROM new_row) AS r (f, t)
      HAVING count(*) > 0;
  END IF;
  IF TG_OP = 'INSERT' THEN
    open_month := crmcost._late_before();
    IF open_month IS NOT NULL THEN
      INSERT INTO late_fact (relation, fact_id, booked_on)
        SELECT 'cost_entry', r.cost_id, r.incurred_on
        FROM new_row r
        WHERE least(lower(r.covers), r.incurred_on) < open_month
        ON CONFLICT (relation, fact_id, booked_on) DO NOTHING;
    END IF;
  END IF;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION crmcost._capture_cost_entry() IS
  'Statement trigger of cost_entry: notes the months whose cost changed, and late entries.';

CREATE FUNCTION crmcost._capture_campaign_member() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  zone text;
BEGIN
  IF NOT crmcost._enter_ledger(TG_RELID) THEN
    RETURN NULL;
  END IF;
  SELECT s.value INTO zone FROM setting s WHERE s.key = 'timezone';
  IF TG_OP <> 'INSERT' THEN
    PERFORM crmcost._touch('campaign_member', true, array_agg(r.c),
                           array_agg(r.f), array_agg(r.f))
      FROM (SELECT customer_id, (assigned_at AT TIME ZONE zone)::date
            FROM old_row) AS r (c, f)
      HAVING count(*) > 0;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    PERFORM crmcost._touch('campaign_member', false, array_agg(r.c),
                           array_agg(r.f), array_agg(r.f))
      FROM (SELECT customer_id, (assigned_at AT TIME ZONE zone)::date
            FROM new_row) AS r (c, f)
      HAVING count(*) > 0;
  END IF;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION crmcost._capture_campaign_member() IS
  'Statement trigger of campaign_member: notes whose campaigns changed.';

CREATE FUNCTION crmcost._capture_loyalty_entry() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  zone text;
BEGIN
  IF NOT crmcost._enter_ledger(TG_RELID) THEN
    RETURN NULL;
  END IF;
  SELECT s.value INTO zone FROM setting s WHERE s.key = 'timezone';
  IF TG_OP <> 'INSERT' THEN
    PERFORM crmcost._touch('loyalty_entry', true, array_agg(r.c),
                           array_agg(r.f), array_agg(r.t))
      FROM (SELECT customer_id, (min(occurred_at) AT TIME ZONE zone)::date,
                   (max(occurred_at) AT TIME ZONE zone)::date
            FROM old_row GROUP BY customer_id) AS r (c, f, t)
      HAVING count(*) > 0;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    PERFORM crmcost._touch('loyalty_entry', false, array_agg(r.c),
                           array_agg(r.f), array_agg(r.t))
      FROM (SELECT customer_id, (min(occurred_at) AT TIME ZONE zone)::date,
                   (max(occurred_at) AT TIME ZONE zone)::date
            FROM new_row GROUP BY customer_id) AS r (c, f, t)
      HAVING count(*) > 0;
  END IF;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION crmcost._capture_loyalty_entry() IS
  'Statement trigger of loyalty_entry: notes whose points changed.';

-- When a customer came and went.
CREATE FUNCTION crmcost._capture_customer() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  zone text;
BEGIN
  IF NOT crmcost._enter_ledger(TG_RELID) THEN
    RETURN NULL;
  END IF;
  SELECT s.value INTO zone FROM setting s WHERE s.key = 'timezone';
  IF TG_OP = 'DELETE' THEN
    PERFORM crmcost._touch('customer', true, array_agg(r.c), array_agg(r.f),
                           array_agg(r.f))
      FROM (SELECT customer_id, (d.at AT TIME ZONE zone)::date
            FROM old_row
            CROSS JOIN LATERAL (VALUES (first_seen_at), (acquired_at)) d (at)
            WHERE d.at IS NOT NULL) AS r (c, f)
      HAVING count(*) > 0;
    RETURN NULL;
  END IF;
  PERFORM crmcost._touch('customer', false, array_agg(r.c), array_agg(r.f),
                         array_agg(r.f))
    FROM (SELECT customer_id, (d.at AT TIME ZONE zone)::date
          FROM new_row
          CROSS JOIN LATERAL (VALUES (first_seen_at), (acquired_at)) d (at)
          WHERE d.at IS NOT NULL) AS r (c, f)
    HAVING count(*) > 0;
  INSERT INTO late_fact (relation, fact_id, booked_on)
    SELECT k.relation, r.customer_id, k.booked_on
    FROM new_row r
    CROSS JOIN LATERAL (
      VALUES ('lead', (r.first_seen_at AT TIME ZONE zone)::date),
             ('customer', (r.acquired_at AT TIME ZONE zone)::date)
    ) AS k (relation, booked_on)
    WHERE k.booked_on < crmcost._late_before()
    ON CONFLICT (relation, fact_id, booked_on) DO NOTHING;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION crmcost._capture_customer() IS
  'Statement trigger of customer: notes who came and went, and late acquisitions.';

-- Of tags those matter that the step need reads; they are of no month.  A merger
-- concerns both parties, always.
CREATE FUNCTION crmcost._capture_customer_change() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  of_no_report CONSTANT text[] :=       -- or seen to below
    '{source_key,attributes,erased_at,merged_into}'::text[];
  zone text;
  watched text[];
BEGIN
  IF NOT crmcost._enter_ledger(TG_RELID) THEN
    RETURN NULL;
  END IF;
  SELECT s.value INTO zone FROM setting s WHERE s.key = 'timezone';
  SELECT crmcost._listed_names(s.value) INTO watched
    FROM setting s WHERE s.key = 'lead_attributes';
  PERFORM crmcost._touch('customer', true, array_agg(r.c), array_agg(r.f),
                         array_agg(r.t))
    FROM (
      SELECT customer_id, (d.at AT TIME ZONE zone)::date,
             (d.at AT TIME ZONE zone)::date
      FROM old_row o JOIN new_row n USING (customer_id)
      CROSS JOIN LATERAL (VALUES (o.first_seen_at), (o.acquired_at),
                                 (n.first_seen_at), (n.acquired_at)) AS d (at)
      WHERE d.at IS NOT NULL
            AND (to_jsonb(o) - of_no_report IS DISTINCT FROM
                 to_jsonb(n) - of_no_report
                 OR EXISTS (SELECT FROM unnest(watched) AS w (name)
                            WHERE o.attributes -> w.name
                                  IS DISTINCT FROM n.attributes -> w.name))
      UNION ALL
      SELECT party.customer_id, '-infinity', 'infinity'
      FROM old_row o JOIN new_row n USING (customer_id)
      CROSS JOIN LATERAL (
        VALUES (customer_id), (o.merged_into), (n.merged_into)
      ) AS party (customer_id)
      WHERE o.merged_into IS DISTINCT FROM n.merged_into
            AND party.customer_id IS NOT NULL
    ) AS r (c, f, t)
    HAVING count(*) > 0;
  PERFORM crmcost._touch('customer_tag', true, array_agg(customer_id),
                         array_agg(date '-infinity'), array_agg(date 'infinity'))
    FROM old_row o JOIN new_row n USING (customer_id)
    WHERE (o.attributes -> 'needs', o.attributes ->> 'month_day', o.erased_at)
          IS DISTINCT FROM
          (n.attributes -> 'needs', n.attributes ->> 'month_day', n.erased_at)
    HAVING count(*) > 0;
  INSERT INTO late_fact (relation, fact_id, booked_on)
    SELECT 'customer', customer_id, (n.acquired_at AT TIME ZONE zone)::date
    FROM old_row o JOIN new_row n USING (customer_id)
    CROSS JOIN (SELECT crmcost._late_before() AS month_start) open
    WHERE (n.acquired_at AT TIME ZONE zone)::date < open.month_start
          AND (o.acquired_at IS NULL
               OR (o.acquired_at AT TIME ZONE zone)::date
                  >= open.month_start)
    ON CONFLICT (relation, fact_id, booked_on) DO NOTHING;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION crmcost._capture_customer_change() IS
  'Statement trigger of customer: notes whose dates, channel, account, referrer, kind, party, needs or attributes of setting lead_attributes changed, and late acquisitions.';

-- Refresh writes its own rows, which are no news.  What is set at midnight holds at the
-- end of the day before, in tier_month too.
CREATE FUNCTION crmcost._capture_classification() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  zone text;
BEGIN
  IF NOT crmcost._enter_ledger(TG_RELID) THEN
    RETURN NULL;
  END IF;
  SELECT s.value INTO zone FROM setting s WHERE s.key = 'timezone';
  IF TG_OP <> 'INSERT' THEN
    PERFORM crmcost._touch('classification', true, array_agg(r.c),
                           array_agg(r.f), array_agg(r.t))
      FROM (SELECT DISTINCT customer_id, crmcost._report_day(entered_at, zone),
                   'infinity'::date
            FROM old_row WHERE NOT by_rule) AS r (c, f, t)
      HAVING count(*) > 0;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    PERFORM crmcost._touch('classification', true, array_agg(r.c),
                           array_agg(r.f), array_agg(r.t))
      FROM (SELECT DISTINCT customer_id, crmcost._report_day(entered_at, zone),
                   'infinity'::date
            FROM new_row WHERE NOT by_rule) AS r (c, f, t)
      HAVING count(*) > 0;
  END IF;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION crmcost._capture_classification() IS
  'Statement trigger of classification: notes for whom a person set something.';

-- A rate holds from its day to that of the next one.
CREATE FUNCTION crmcost._capture_fx_rate() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT crmcost._enter_ledger(TG_RELID) THEN
    RETURN NULL;
  END IF;
  IF TG_OP <> 'INSERT' THEN
    INSERT INTO touched (relation, customer_id, from_on, before_on, epoch)
      SELECT 'fx_rate', NULL, r.valid_from, 'infinity', s.epoch
      FROM old_row r, refresh_state s;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO touched (relation, customer_id, from_on, before_on, epoch)
      SELECT 'fx_rate', NULL, r.valid_from,
             coalesce((SELECT min(later.valid_from) FROM fx_rate later
                       WHERE later.currency = r.currency
                             AND later.valid_from > r.valid_from),
                      'infinity'), s.epoch
      FROM new_row r, refresh_state s;
  END IF;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION crmcost._capture_fx_rate() IS
  'Statement trigger of fx_rate: notes for which days rates changed.';

-- Configuration, and whatever a TRUNCATE takes away.
CREATE FUNCTION crmcost._capture_all() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  root CONSTANT name := (
    SELECT c.relname FROM pg_class c
    WHERE c.oid = coalesce((SELECT i.inhparent FROM pg_inherits i
                            WHERE i.inhrelid = TG_RELID), TG_RELID));
BEGIN
  IF NOT crmcost._enter_ledger(TG_RELID) THEN
    RETURN NULL;
  END IF;
  INSERT INTO touched (relation, customer_id, from_on, before_on, epoch)
    SELECT root, NULL, '-infinity', 'infinity', s.epoch FROM refresh_state s;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION crmcost._capture_all() IS
  'Statement trigger of configuration, and of TRUNCATE: notes that a table changed.';

-- What refresh reads besides its own tables, and the function of its triggers.
CREATE FUNCTION crmcost._captured(OUT relation name, OUT capture name)
  RETURNS SETOF record
  LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 28
BEGIN ATOMIC
  SELECT c.relation, c.capture
  FROM (VALUES
    ('sale'::name, '_capture_sale'::name),
    ('interaction', '_capture_interaction'),
    ('cost_entry', '_capture_cost_entry'),
    ('customer', '_capture_customer'),
    ('classification', '_capture_classification'),
    ('fx_rate', '_capture_fx_rate'),
    ('driver_entry', '_capture_driver_entry'),
    ('campaign_member', '_capture_campaign_member'),
    ('loyalty_entry', '_capture_loyalty_entry'),
    ('loyalty_program', '_capture_all'),
    ('driver', '_capture_driver'),
    ('driver_blend', '_capture_driver_blend'),
    ('setting', '_capture_all'),
    ('cost_category', '_capture_all'),
    ('channel', '_capture_all'),
    ('campaign', '_capture_all'),
    ('tier', '_capture_all'),
    ('allocation_rule', '_capture_all'),
    ('allocation_share', '_capture_all'),
    ('activity_time', '_capture_all'),
    ('funnel_step', '_capture_all'),
    ('channel_rule', '_capture_all'),
    ('calendar', '_capture_all'),
    ('survey', '_capture_all'),
    ('product', '_capture_all'),
    ('worklist_reason', '_capture_all'),
    ('worklist', '_capture_all'),
    ('capacity', '_capture_all')) AS c (relation, capture);
END;

COMMENT ON FUNCTION crmcost._captured() IS
  'Tables of a ledger whose changes refresh must know of, with the function of their triggers.';

-- The triggers of one table or partition.
CREATE FUNCTION crmcost._add_triggers(relation regclass, capture name)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  event text;
BEGIN
  FOREACH event IN ARRAY '{insert,update,delete,truncate}'::text[] LOOP
    IF EXISTS (SELECT FROM pg_trigger g
               WHERE g.tgrelid = relation AND g.tgname = 'crmcost_' || event) THEN
      EXECUTE format('DROP TRIGGER crmcost_%s ON %s', event, relation);
    END IF;
    EXECUTE format(
      'CREATE TRIGGER crmcost_%s AFTER %s ON %s %s EXECUTE FUNCTION crmcost.%I()',
      event, upper(event), relation,
      CASE
        WHEN capture = '_capture_all' THEN ''
        WHEN event = 'insert' THEN 'REFERENCING NEW TABLE AS new_row'
        WHEN event = 'update'
          THEN 'REFERENCING OLD TABLE AS old_row NEW TABLE AS new_row'
        WHEN event = 'delete' THEN 'REFERENCING OLD TABLE AS old_row'
        ELSE ''
      END,
      CASE
        WHEN event = 'truncate' THEN '_capture_all'
        WHEN event = 'update' AND capture = '_capture_customer'
          THEN '_capture_customer_change'
        ELSE capture
      END);
    -- whatever role a session replicates in
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER crmcost_%s', relation,
                   event);
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._add_triggers(regclass, name) IS
  'Puts the triggers that note changes on a table or partition, in place of those that are there.';

CREATE FUNCTION crmcost._captured_tables(ledger name)
  RETURNS TABLE (relation oid, capture name)
  LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
  SELECT c.oid, k.capture
  FROM crmcost._captured() k
  JOIN pg_catalog.pg_namespace n ON n.nspname = ledger
  JOIN pg_catalog.pg_class p
    ON p.relnamespace = n.oid AND p.relname = k.relation
  JOIN LATERAL (SELECT p.oid
                UNION ALL
                SELECT i.inhrelid FROM pg_catalog.pg_inherits i
                WHERE i.inhparent = p.oid) c ON true;
END;

COMMENT ON FUNCTION crmcost._captured_tables(name) IS
  'Tables and partitions of a ledger that carry triggers, with the function of these.';

CREATE FUNCTION crmcost._captured_triggers(ledger name)
  RETURNS TABLE (relation oid, capture name, triggers bigint)
  LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
  SELECT t.relation, t.capture,
         pg_catalog.count(*) FILTER (
           WHERE n.nspname = 'crmcost'
                 AND f.proname IN (t.capture, t.capture || '_change',
                                   '_capture_all'))
  FROM crmcost._captured_tables(ledger) t
  LEFT JOIN pg_catalog.pg_trigger g
    ON g.tgrelid = t.relation AND g.tgenabled = 'A' AND g.tgqual IS NULL
       AND g.tgattr = ''::pg_catalog.int2vector
  LEFT JOIN pg_catalog.pg_proc f ON f.oid = g.tgfoid
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = f.pronamespace
  GROUP BY t.relation, t.capture;
END;

COMMENT ON FUNCTION crmcost._captured_triggers(name) IS
  'Tables and partitions of a ledger that carry triggers, and how many of those that note changes they have: all of which are four.';

-- Distributed tables bear none: the next refresh computes everything.
CREATE FUNCTION crmcost._add_capture(ledger name) RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF crmcost._is_distributed(ledger) THEN
    RETURN true;
  END IF;
  PERFORM crmcost._add_triggers(t.relation::regclass, t.capture)
    FROM crmcost._captured_triggers(ledger) t
    WHERE t.triggers < 4;
  RETURN FOUND;
END
$$;

COMMENT ON FUNCTION crmcost._add_capture(name) IS
  'Puts the triggers that note changes on the tables and partitions of a ledger that have lost one; whether there were any.';

-- A table that was attached, detached, dropped or written anew fires nothing,
-- and a trigger may be lost or switched off: all of that shows here.
CREATE FUNCTION crmcost._storage(ledger name) RETURNS text
  LANGUAGE sql STABLE PARALLEL UNSAFE
RETURN (
  SELECT pg_catalog.md5(pg_catalog.string_agg(
           pg_catalog.concat_ws(' '::text, t.relation,
                                pg_catalog.pg_relation_filenode(t.relation),
                                t.triggers),
           ','::text ORDER BY t.relation))
  FROM crmcost._captured_triggers(ledger) t);

COMMENT ON FUNCTION crmcost._storage(name) IS
  'Fingerprint of the captured tables of a ledger, their files and their triggers.';
