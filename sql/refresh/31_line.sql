-- Step line: the sale lines that the steps after it look at, in base currency, and
-- the contacts, read once.  A line without a rate is in no figure, neither in its money nor in
-- its quantity: both are NULL here, so that it says only that an order was placed.
--
-- First the lines of the customers with news, of most since that (_read_lines), and
-- their contacts (_read_contacts); then those of other customers in the months that
-- are to be summed anew.
CREATE FUNCTION crmcost._refresh_line(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF run.whole THEN
    PERFORM crmcost._add_lines(run, 'true', NULL, NULL);
    PERFORM crmcost._add_contacts(run, 'true', NULL, NULL);
    PERFORM crmcost._sum_contacts();
  ELSE
    PERFORM crmcost._read_lines(run);
  END IF;
  PERFORM crmcost._analyze_table('pg_temp.refresh_line'::regclass);
  RETURN 0;
END
$$;

COMMENT ON FUNCTION crmcost._refresh_line(crmcost._run) IS
  'Second step of refresh: the sale lines, in base currency, and in a full one the contacts.';

-- Orders are computed of all of their lines: who has one here that began before is
-- read from the beginning.
CREATE FUNCTION crmcost._read_lines(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  stretch record;
  begun bigint[];
BEGIN
  FOR stretch IN
    SELECT c.lines_from, array_agg(c.customer_id) AS customers,
           CASE WHEN isfinite(c.lines_from)
             THEN crmcost._midnight(c.lines_from, run.zone)
             ELSE '-infinity' END AS from_at
    FROM (SELECT r.customer_id, r.lines_from FROM pg_temp.refresh_customer r
          UNION ALL
          SELECT m.customer_id, '-infinity'
          FROM pg_temp.refresh_party m
          JOIN pg_temp.refresh_customer r ON r.customer_id = m.party_id) c
    WHERE c.lines_from < 'infinity'
    GROUP BY c.lines_from
    ORDER BY c.lines_from DESC
  LOOP
    PERFORM crmcost._add_lines_of(run, stretch.customers, stretch.from_at,
                                  'infinity');
    CONTINUE WHEN NOT isfinite(stretch.lines_from);
    begun := crmcost._order_begun(stretch.lines_from, stretch.from_at);
    UPDATE pg_temp.refresh_customer c SET lines_from = '-infinity'
      WHERE c.customer_id = ANY (begun);
    PERFORM crmcost._add_lines_of(run, begun, '-infinity', stretch.from_at);
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._read_lines(crmcost._run) IS
  'Fills refresh_line with the lines of the customers with news.';

CREATE FUNCTION crmcost._add_lines_of(run crmcost._run, customers bigint[],
                                      from_at timestamptz,
                                      before_at timestamptz)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  PERFORM crmcost._add_lines(run, format(
    's.customer_id = ANY (%L::bigint[]) AND s.sold_at >= $2 AND s.sold_at < $3',
    customers), from_at, before_at);
END
$$;

COMMENT ON FUNCTION crmcost._add_lines_of(crmcost._run, bigint[], timestamptz, timestamptz) IS
  'Adds the lines of some customers in a stretch of time to refresh_line.';

-- An order that is not in the store is of the news as a whole.
CREATE FUNCTION crmcost._order_begun(lines_from date, from_at timestamptz)
  RETURNS bigint[]
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
#variable_conflict use_variable
BEGIN
  RETURN ARRAY(
    SELECT DISTINCT o.customer_id
    FROM (SELECT DISTINCT l.customer_id, l.source, l.order_ref
          FROM pg_temp.refresh_line l
          JOIN pg_temp.refresh_customer c USING (customer_id)
          WHERE c.lines_from = lines_from AND l.own_id = 0) o
    -- by their indexes, whatever the planner thinks
    WHERE (SELECT true FROM customer_order was
           WHERE was.customer_id = o.customer_id AND was.source = o.source
                 AND was.order_ref = o.order_ref LIMIT 1)
          AND (SELECT true FROM sale s
               WHERE s.source = o.source COLLATE "default"
                     AND s.order_ref = o.order_ref COLLATE "default"
                     AND s.customer_id = o.customer_id AND s.sold_at < from_at
               LIMIT 1));
END
$$;

COMMENT ON FUNCTION crmcost._order_begun(date, timestamptz) IS
  'Customers read from a day on who have an order that began before.';

-- Months begin where stretches of a customer's lines do.
CREATE FUNCTION crmcost._of_others(fact text, month date) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format(
  'coalesce(p.party_id, %s.customer_id) NOT IN (SELECT c.customer_id FROM pg_temp.refresh_customer c WHERE c.lines_from <= %L)',
  fact, month);

COMMENT ON FUNCTION crmcost._of_others(text, date) IS
  'Condition that a fact of a month, by its name in the query, is of a customer whose lines of the month were not read.';

CREATE FUNCTION crmcost._add_lines(run crmcost._run, condition text,
                                   from_at timestamptz,
                                   before_at timestamptz)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_line
      SELECT coalesce(p.party_id, s.customer_id), s.month_start, s.sold_on,
             s.sold_at, s.sale_id, s.source, coalesce(s.order_ref, ''),
             CASE WHEN s.order_ref IS NULL THEN s.sale_id ELSE 0 END,
             s.kind = 'refund', s.kind = 'sale' AND s.amount >= 0,
             s.product_code, coalesce(s.channel_code, k.channel_code,
                                      '(unknown)'),
             coalesce(s.campaign_code, '(unknown)'), s.currency, s.amount,
             CASE WHEN s.rate IS NOT NULL THEN s.quantity END,
             s.base_amount, s.base_margin, s.base_discount, s.base_cogs
      FROM sale_base s
      LEFT JOIN campaign k ON k.code = s.campaign_code
      LEFT JOIN pg_temp.refresh_party p ON p.customer_id = s.customer_id
      WHERE s.sold_at < $1 AND (%s)
    $query$, condition) USING run.upto, from_at, before_at;
END
$$;

COMMENT ON FUNCTION crmcost._add_lines(crmcost._run, text, timestamptz, timestamptz) IS
  'Adds the sale lines that a condition on s names to refresh_line.';

-- An empty tag is none.
CREATE FUNCTION crmcost._tags_match(
  source_pattern text, medium_pattern text, campaign_pattern text,
  source text, medium text, campaign text) RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce((source_pattern IS NULL
                 OR nullif(source, '') ILIKE source_pattern)
                AND (medium_pattern IS NULL
                     OR nullif(medium, '') ILIKE medium_pattern)
                AND (campaign_pattern IS NULL
                     OR nullif(campaign, '') ILIKE campaign_pattern), false);

COMMENT ON FUNCTION crmcost._tags_match(text, text, text, text, text, text) IS
  'Whether the tags of a contact match the patterns of a channel rule.';

-- The one place where a channel follows from tags.
CREATE FUNCTION crmcost._tagged_channel() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $query$
  (SELECT r.channel_code FROM channel_rule r
   WHERE i.attributes <> '{}' AND r.scenario IS NULL
         AND crmcost._tags_match(r.source, r.medium, r.campaign,
                                 i.attributes ->> 'utm_source',
                                 i.attributes ->> 'utm_medium',
                                 i.attributes ->> 'utm_campaign')
   ORDER BY r.priority LIMIT 1)
$query$;

COMMENT ON FUNCTION crmcost._tagged_channel() IS
  'Expression of the channel that the tags of an interaction i mean by the rules that hold.';

-- Standard minutes are for what was not measured and no machine did.  Sorted, the
-- contacts of a customer are together, for what sums them and for journeys.
CREATE FUNCTION crmcost._add_contacts(run crmcost._run, condition text,
                                      from_at timestamptz,
                                      before_at timestamptz)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  minutes CONSTANT text := CASE WHEN EXISTS (SELECT FROM activity_time)
    THEN 'CASE WHEN i.handle_seconds IS NULL AND NOT i.automated
        THEN i.n * (SELECT t.minutes FROM activity_time t WHERE t.kind = i.kind
        AND t.subtype IN (i.subtype, '''') AND t.valid @> i.occurred_on
        ORDER BY t.subtype DESC LIMIT 1) END'
    ELSE 'NULL::numeric' END;
  tagged CONSTANT text := CASE
    WHEN EXISTS (SELECT FROM channel_rule WHERE scenario IS NULL)
    THEN crmcost._tagged_channel() ELSE 'NULL' END;
BEGIN
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_contact
      SELECT coalesce(p.party_id, i.customer_id),
             CASE
               WHEN i.occurred_on >= $5 OR late.fact_id IS NULL
                 THEN date_trunc('month', i.occurred_on::timestamp)::date
               ELSE coalesce(late.month_start, $5)
             END,
             i.occurred_on, i.occurred_at, i.interaction_id, i.kind,
             i.subtype, coalesce(i.channel_code, k.channel_code, %s, '(unknown)'),
             coalesce(i.campaign_code, '(unknown)'), i.product_code,
             i.agent_code, i.automated, i.n, i.handle_seconds, %s,
             i.score, t.customer_id IS NOT NULL,
             CASE WHEN i.channel_code IS NULL AND k.channel_code IS NULL
                       AND i.attributes <> '{}' THEN i.attributes END,
             CASE WHEN i.attributes ? 'needs' THEN i.attributes END,
             i.phase, i.source, i.case_ref,
             CASE WHEN i.first_response_at < $1 THEN i.first_response_at END,
             CASE WHEN i.resolved_at < $1 THEN i.resolved_at END, i.due_at,
             coalesce(nullif(i.attributes ->> 'team', ''), '(unknown)'),
             coalesce(nullif(i.attributes ->> 'service_level', ''), '(unknown)'),
             i.reason_code
      FROM (SELECT a.customer_id, a.interaction_id, a.occurred_at,
                   (a.occurred_at AT TIME ZONE $4)::date AS occurred_on,
                   a.kind, a.subtype, a.channel_code, a.campaign_code,
                   a.product_code, a.agent_code, a.automated, a.n,
                   a.handle_seconds, a.resolved_at, a.score, a.attributes,
                   a.phase, a.source, a.case_ref, a.first_response_at,
                   a.due_at, a.reason_code
            FROM interaction a) i
      LEFT JOIN late_fact late
        ON late.relation = 'interaction' AND late.fact_id = i.interaction_id
           AND late.booked_on = i.occurred_on
      LEFT JOIN campaign k ON k.code = i.campaign_code
      LEFT JOIN pg_temp.refresh_party p ON p.customer_id = i.customer_id
      LEFT JOIN (SELECT customer_id FROM customer WHERE source = 'anon') t
        ON t.customer_id = i.customer_id
      WHERE i.occurred_at < $1 AND (%s)
      ORDER BY 1
    $query$, tagged, minutes, condition)
    USING run.upto, from_at, before_at, run.zone, run.open_month;
END
$$;

COMMENT ON FUNCTION crmcost._add_contacts(crmcost._run, text, timestamptz, timestamptz) IS
  'Adds the interactions that a condition on i names to refresh_contact.';

-- Touches are most of all contacts, and what follows from those before the news of a
-- customer is known but for their sums: so of those that nothing can depend on, the
-- sums alone are read.  All are of who has no touch since his news, for the last one
-- and what led to it; of who was won since; of who said what he needs; of merged
-- customers; and where any came late, because it counts in another month than its own.
CREATE FUNCTION crmcost._read_contacts(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  -- 14 days are what leads are told by
  reach CONSTANT interval :=
    greatest(crmcost._touch_window(run.ledger), 14 * '24:00:00'::interval)
    + '24:00:00'::interval;
BEGIN
  INSERT INTO pg_temp.refresh_read
    SELECT c.customer_id, '-infinity'::timestamptz
    FROM pg_temp.refresh_customer c
    UNION
    SELECT p.customer_id, '-infinity'
    FROM pg_temp.refresh_party p
    JOIN pg_temp.refresh_customer c ON c.customer_id = p.party_id;
  IF NOT EXISTS (SELECT FROM funnel_step s WHERE s.kind = 'touch') THEN
    UPDATE pg_temp.refresh_read r
      SET touches_from = crmcost._midnight(j.since, run.zone) - reach
      FROM pg_temp.refresh_entity j
      WHERE j.customer_id = r.customer_id AND isfinite(j.since)
            AND (j.is_nobody OR NOT j.is_early)
            -- by the index, whatever the planner thinks
            AND (SELECT true FROM interaction i
                 WHERE i.customer_id = j.customer_id AND i.kind = 'touch'
                       AND i.occurred_at >= crmcost._midnight(j.since, run.zone)
                       AND i.occurred_at < run.upto
                 LIMIT 1)
            AND NOT EXISTS (SELECT FROM pg_temp.refresh_party p
                            WHERE j.customer_id IN (p.customer_id, p.party_id))
            AND NOT EXISTS (SELECT FROM need_tag n
                            WHERE n.customer_id = j.customer_id
                                  AND n.mentions > 0)
            AND NOT EXISTS (SELECT FROM late_fact f
                            JOIN interaction i ON i.interaction_id = f.fact_id
                            WHERE f.relation = 'interaction'
                                  AND i.customer_id = j.customer_id);
  END IF;
  ANALYZE pg_temp.refresh_read;
  PERFORM crmcost._add_contacts(run, crmcost._is_read(), NULL, NULL);
  PERFORM crmcost._analyze_table('pg_temp.refresh_contact'::regclass);
  PERFORM crmcost._sum_contacts();
END
$$;

COMMENT ON FUNCTION crmcost._read_contacts(crmcost._run) IS
  'Fills refresh_read, refresh_contact and refresh_contact_agent: the contacts of the customers with news, after the orders that differ are known.';

CREATE FUNCTION crmcost._is_read() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $query$
  EXISTS (SELECT FROM pg_temp.refresh_read r
          WHERE r.customer_id = i.customer_id
                AND (i.occurred_at >= r.touches_from OR i.kind <> 'touch'))
$query$;

COMMENT ON FUNCTION crmcost._is_read() IS
  'Condition that an interaction i is in refresh_contact as one of a customer with news.';

-- Visits, answers and recommendations are what a customer does; advertising and
-- mailings nobody handled.
CREATE FUNCTION crmcost._is_contact(kind text, agent_code text) RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN kind IN ('sales', 'care', 'ticket', 'complaint', 'return')
       OR kind = 'touch' AND agent_code IS NOT NULL;

COMMENT ON FUNCTION crmcost._is_contact(text, text) IS
  'Whether an interaction is a contact that somebody of ours, or a machine, handled.';

-- Contacts are many: they are summed once, before anything is joined to them.
CREATE FUNCTION crmcost._sum_contacts() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  last_from CONSTANT timestamptz :=
    (SELECT max(r.touches_from) FROM pg_temp.refresh_read r);
BEGIN
  INSERT INTO pg_temp.refresh_contact_agent
    SELECT c.customer_id, c.agent_code, sum(c.n),
           coalesce(sum(c.n) FILTER (WHERE c.is_contact), 0),
           coalesce(sum(c.n) FILTER (WHERE c.is_contact AND c.automated), 0),
           coalesce(sum(c.handle_seconds), 0),
           max(c.occurred_at) FILTER (WHERE c.kind IN ('touch', 'sales', 'care'))
    FROM (SELECT r.*, crmcost._is_contact(r.kind, r.agent_code) AS is_contact
          FROM pg_temp.refresh_contact r) c
    GROUP BY c.customer_id, c.agent_code;
  IF isfinite(last_from) THEN
    INSERT INTO pg_temp.refresh_contact_agent
      SELECT i.customer_id, i.agent_code, sum(i.n),
             coalesce(sum(i.n) FILTER (WHERE i.is_contact), 0),
             coalesce(sum(i.n) FILTER (WHERE i.is_contact AND i.automated), 0),
             coalesce(sum(i.handle_seconds), 0), NULL
      FROM (SELECT t.*, crmcost._is_contact(t.kind, t.agent_code) AS is_contact
            FROM interaction t) i
      JOIN pg_temp.refresh_read r USING (customer_id)
      WHERE i.occurred_at < r.touches_from AND i.occurred_at < last_from
            AND i.kind = 'touch'
      GROUP BY i.customer_id, i.agent_code;
  END IF;
  ANALYZE pg_temp.refresh_contact_agent;
END
$$;

COMMENT ON FUNCTION crmcost._sum_contacts() IS
  'Fills refresh_contact_agent from refresh_contact, and from the touches of the same customers that are not there.';

-- What customers without news did in months that are summed anew, and the touches of
-- the others that were not read.  The first open month takes the late facts of closed
-- ones as well.
CREATE FUNCTION crmcost._complete_months(run crmcost._run, months date[])
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  others CONSTANT text := 'NOT ' || crmcost._is_read();
  stretch record;
BEGIN
  FOR stretch IN
    SELECT m.month_start, i.from_at, i.before_at
    FROM unnest(months) AS m (month_start)
    CROSS JOIN LATERAL crmcost._month_instants(m.month_start, run.zone) i
  LOOP
    PERFORM crmcost._add_lines(run, format(
      's.sold_at >= $2 AND s.sold_at < $3 AND s.booked_month = %L AND s.month_start = s.booked_month AND %s',
      stretch.month_start,
      crmcost._of_others('s', stretch.month_start)),
      stretch.from_at, stretch.before_at);
    PERFORM crmcost._add_contacts(run, format(
      'i.occurred_at >= $2 AND i.occurred_at < $3 AND date_trunc(''month'', i.occurred_on::timestamp) = %L AND %s',
      stretch.month_start, others), stretch.from_at, stretch.before_at);
  END LOOP;
  IF run.open_month = ANY (months) THEN
    PERFORM crmcost._add_lines(run, format(
      's.sale_id = ANY (ARRAY(SELECT fact_id FROM late_fact WHERE relation = ''sale''
       AND month_start IS NULL)) AND s.month_start > s.booked_month AND s.month_start = %L
       AND %s',
      run.open_month, crmcost._of_others('s', 'infinity')), NULL, NULL);
    PERFORM crmcost._add_contacts(run, format(
      'i.interaction_id = ANY (ARRAY(SELECT fact_id FROM late_fact
       WHERE relation = ''interaction'' AND month_start IS NULL))
       AND late.fact_id IS NOT NULL AND i.occurred_on < $5 AND %s',
      others), NULL, NULL);
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._complete_months(crmcost._run, date[]) IS
  'Adds to refresh_line and refresh_contact what they do not have yet of months.';
