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
  PERFORM crmcost._find_stages(run, at_risk_after, churn_after);
  PERFORM crmcost._note_stages(run, -1);
  changed := crmcost._write_difference(run.ledger, 'customer_stage',
      'SELECT * FROM pg_temp.refresh_stage_pair',
      crmcost._rows_of_stage_news(run, 'old'), ordered => true)
    + crmcost._write_difference(run.ledger, 'classification', $query$
      SELECT s.customer_id, 'stage'::text AS dimension, s.entered_at, s.code,
             s.evidence, true AS by_rule
      FROM pg_temp.refresh_stage s
    $query$,
    'old.dimension = ''stage'' AND old.by_rule AND '
    || crmcost._rows_of_stage_news(run, 'old'), ordered => true);
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
-- after an order had been active before: the acquisition is no point then.  What an
-- order found is what held before the acquisition, where that is of its day and
-- before it; what is no order (refunds alone) is of no stage, like technical
-- customers.
--
-- Of what happens at the same instant the last counts; what a person set there
-- stands.  Spells are the times between: a row that says what the one before says
-- begins nothing.
CREATE FUNCTION crmcost._walk_stages(query text, by_hand text, zone text,
                                     day date, upto timestamptz,
                                     at_risk_after integer,
                                     churn_after integer, stages regclass,
                                     pairs regclass, spells regclass,
                                     lives regclass)
  RETURNS void
  LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'stage_walk__walk_stages';

COMMENT ON FUNCTION crmcost._walk_stages(text, text, text, date, timestamptz, integer, integer, regclass, regclass, regclass, regclass) IS
  'Writes the stages that follow from a query of customers with their orders and one of what persons set, the orders by the stage that they found and left, the times in each stage, and from when to when each was a customer, to four work tables.';

CREATE FUNCTION crmcost._find_stages(run crmcost._run, at_risk_after integer,
                                     churn_after integer)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  PERFORM crmcost._walk_stages(format($query$
      SELECT c.customer_id, c.source = 'anon',
             coalesce(v.channel_code, '(unknown)'),
             CASE WHEN c.merged_into IS NULL THEN c.first_seen_at END,
             CASE WHEN c.merged_into IS NULL THEN c.acquired_at END,
             o.is_order, o.ordered_at, o.ordered_on, o.revenue, o.margin
      FROM customer c
      LEFT JOIN customer_value v ON v.customer_id = c.customer_id
      LEFT JOIN customer_order o ON o.customer_id = c.customer_id
      WHERE %s
      ORDER BY c.customer_id
    $query$, crmcost._rows_of_stage_news(run, 'c')), format($query$
      SELECT s.customer_id, k.entered_at, k.code, p.party_id IS NULL
      FROM classification k
      LEFT JOIN pg_temp.refresh_party p USING (customer_id)
      JOIN pg_temp.refresh_stage_customer s
        ON s.customer_id = coalesce(p.party_id, k.customer_id)
      WHERE k.dimension = 'stage' AND NOT k.by_rule AND k.entered_at < %L
    $query$, run.upto), run.zone, run.day, run.upto, at_risk_after,
    churn_after, 'pg_temp.refresh_stage', 'pg_temp.refresh_stage_pair',
    'pg_temp.refresh_spell', 'pg_temp.refresh_life');
END
$$;

COMMENT ON FUNCTION crmcost._find_stages(crmcost._run, integer, integer) IS
  'Fills refresh_stage, refresh_stage_pair, refresh_spell and refresh_life: the stages that the rule gives, and what follows from them and those that persons set.';
