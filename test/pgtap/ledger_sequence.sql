-- A refresh does work for what changed, and the store is then what a full one would have made of it.  Random sequences
-- of
-- loads, late facts, corrections, updates, deletes, changed configuration, mergers, closings, reopenings and refreshes
-- whose
-- as_of moves forward and back; after each refresh every computed table is compared row for row with that of a full
-- computation.  At the end the facts are copied into a second ledger, for which one full refresh is all that ever
-- happened:
-- where no month was closed, every computed table is the same there.
--
-- psql -v first=N -v sequences=M runs M of them from seed N on, 4 of them if nothing is said; "make check-sequences"
-- runs 200.
\set partitioned false
\ir ledger_setup.psql
\ir random.psql
SELECT no_plan();
CALL crmcost.install('other', false);
SET LOCAL search_path = crm, public;
\if :{?sequences}
\else
\set sequences 4
\endif
\if :{?first}
\else
\set first 1
\endif
\ir ledger_events.psql

-- something of it, by weight
CREATE PROCEDURE pg_temp.happen(OUT what text) LANGUAGE plpgsql AS $$
DECLARE e event;
BEGIN
  SELECT event.* INTO e FROM event ORDER BY -ln(1 - random()) / weight LIMIT 1;
  what := e.name;
  EXECUTE e.statement;
END$$;

CREATE PROCEDURE pg_temp.close_or_reopen(INOUT what text) LANGUAGE plpgsql AS $$
DECLARE
  closed CONSTANT date := (SELECT max(month_start) FROM closed_period);
  complete CONSTANT date := (SELECT (date_trunc('month', (as_of + 1)::timestamp) - interval '1 month')::date
    FROM last_refresh);
  month CONSTANT date := coalesce(closed + interval '1 month', '2024-12-01');
BEGIN
  IF closed IS NOT NULL AND pg_temp.chance(0.3) THEN
    CALL crmcost.reopen_period('crm', closed);
    what := what || ', reopens ' || to_char(closed, 'YYYY-MM');
  ELSIF month <= complete AND month <= '2025-02-01' THEN
    CALL crmcost.close_period('crm', month);
    what := what || ', closes ' || to_char(month, 'YYYY-MM');
  END IF;
END$$;

-- The facts and the configuration, under their numbers, in a ledger that knows nothing else.
CREATE PROCEDURE pg_temp.copy_ledger() LANGUAGE plpgsql AS $$
DECLARE
  relation text;
  names text;
BEGIN
  FOREACH relation IN ARRAY
    '{setting,reason,term,stage,stage_step,channel,campaign,cost_category,tier,driver,driver_blend,loyalty_program,product,allocation_rule,allocation_share,activity_time,funnel_step,channel_rule,calendar,survey,worklist_reason,capacity,fx_rate,plan,customer,sale,cost_entry,interaction,loyalty_entry,driver_entry,campaign_member,classification}'::text[] LOOP
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO names FROM pg_attribute
      WHERE attrelid = format('crm.%I', relation)::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
    EXECUTE format('ALTER TABLE other.%I DISABLE TRIGGER ALL', relation);
    EXECUTE format('DELETE FROM other.%I', relation);
    EXECUTE format('INSERT INTO other.%I (%s) SELECT %s FROM crm.%I %s', relation, names, names, relation,
                   CASE relation WHEN 'classification' THEN 'WHERE NOT by_rule' ELSE '' END);
    EXECUTE format('ALTER TABLE other.%I ENABLE TRIGGER ALL', relation);
  END LOOP;
END$$;

-- All tables but those of facts and configuration, of runs and of closed months; and the worklist, which knows what was
-- told when.  Of what is kept of earlier report days
-- a fresh ledger knows nothing.
CREATE TEMPORARY TABLE computed AS
  SELECT c.relname AS target, CASE WHEN c.relname IN ('kept_snapshot', 'clv_model')
    THEN 'as_of = (SELECT as_of FROM crm.last_refresh)'
                                WHEN c.relname = 'classification' THEN 'by_rule' ELSE 'true' END AS rows
  FROM pg_class c
  WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> ALL (
    '{setting,reason,term,stage,stage_step,channel,campaign,cost_category,tier,driver,driver_blend,loyalty_program,product,allocation_rule,allocation_share,activity_time,funnel_step,channel_rule,calendar,survey,worklist_reason,capacity,fx_rate,plan,customer,sale,cost_entry,interaction,loyalty_entry,driver_entry,campaign_member,erasure_secret,erased_key,touched,late_fact,closed_period,refresh_run,refresh_state,alert_state,worklist}');
CREATE FUNCTION pg_temp.unequal() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  c computed;
  names text;
  n bigint;
  example text;
BEGIN
  FOR c IN SELECT * FROM computed ORDER BY target LOOP
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO names FROM pg_attribute
      WHERE attrelid = format('crm.%I', c.target)::regclass AND attnum > 0 AND NOT attisdropped;
    EXECUTE format($q$
      SELECT count(*), min(d::text) FROM (
        SELECT 'only here', h.* FROM (SELECT %1$s FROM crm.%2$I WHERE %3$s EXCEPT ALL SELECT %1$s FROM other.%2$I
          WHERE %3$s) h
        UNION ALL
        SELECT 'only there', h.* FROM (SELECT %1$s FROM other.%2$I WHERE %3$s EXCEPT ALL SELECT %1$s FROM crm.%2$I
          WHERE %3$s) h) d$q$,
      names, c.target, c.rows) INTO n, example;
    IF n > 0 THEN
      RETURN NEXT format('%s is not that of a fresh ledger in %s rows, such as %s', c.target, n, example);
    END IF;
  END LOOP;
END$$;

CREATE FUNCTION pg_temp.next_as_of(zone text) RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
  SELECT greatest(CASE WHEN pg_temp.chance(0.4)
    THEN ('2025-01-01'::timestamp + pg_temp.r(4) * interval '1 month') AT TIME ZONE zone
                    ELSE pg_temp.moment('2024-12-15', '2025-04-25') END,
                  (SELECT (max(month_start) + interval '1 month') AT TIME ZONE zone FROM crm.closed_period))
$$;

CREATE TEMPORARY TABLE outcome (seed int, rounds int, found text[]);
CREATE PROCEDURE pg_temp.run_sequence(seed int) LANGUAGE plpgsql AS $$
DECLARE
  zone CONSTANT text := ('{UTC,Asia/Shanghai,America/New_York}'::text[])[1 + seed % 3];
  closes CONSTANT boolean := seed % 2 = 0;
  at timestamptz;
  what text;
  story text := '';
  found text[] := '{}';
  round int := 0;
BEGIN
  -- what the exception takes back is the ledgers
  BEGIN
    PERFORM setseed(seed / 1000.0);
    PERFORM set_config('timezone', ('{Pacific/Auckland,UTC,America/New_York}'::text[])[1 + seed / 3 % 3], true);
    CALL pg_temp.begin_sequence(zone);
    WHILE round < 6 AND found = '{}' LOOP
      round := round + 1;
      FOR i IN 1 .. 1 + pg_temp.r(4) LOOP
        CALL pg_temp.happen(what);
        story := story || what || ', ';
      END LOOP;
      at := pg_temp.next_as_of(zone);
      story := format('%srefresh as of %s', story, at);
      CALL crmcost.refresh('crm', at);
      -- what the exception takes back is the locks of the work tables
      BEGIN
        PERFORM crmcost._make_work_tables('crm');
        found := ARRAY(SELECT format('%s is not that of a full refresh in %s rows after %s', v.target, v.rows_differ,
          story)
                       FROM crmcost._verify('crm') v);
        RAISE EXCEPTION 'verified' USING ERRCODE = 'P9999';
      EXCEPTION WHEN SQLSTATE 'P9999' THEN
        NULL;
      END;
      IF closes AND pg_temp.chance(0.6) THEN
        CALL pg_temp.close_or_reopen(story);
      END IF;
      story := story || '; ';
    END LOOP;
    IF found = '{}' AND NOT EXISTS (SELECT FROM closed_period) AND NOT closes THEN
      CALL pg_temp.copy_ledger();
      CALL crmcost.refresh('other', at);
      found := ARRAY(SELECT u || ' after ' || story FROM pg_temp.unequal() u);
    END IF;
    RAISE EXCEPTION 'done' USING ERRCODE = 'P9999';
  EXCEPTION WHEN SQLSTATE 'P9999' THEN
    INSERT INTO outcome VALUES (seed, round, found);
  END;
END$$;

SELECT set_config('test.first', :'first', true) AS first,
  set_config('test.sequences', :'sequences', true) AS sequences \gset
DO $$
BEGIN
  FOR n IN 0 .. current_setting('test.sequences')::int - 1 LOOP
    CALL pg_temp.run_sequence(current_setting('test.first')::int + n);
  END LOOP;
END$$;
SELECT ok(found = '{}', format('sequence of seed %s, %s refreshes', seed, rounds))
       || CASE WHEN found <> '{}' THEN E'\n' || diag(array_to_string(found[1:9], E'\n')) ELSE '' END
FROM outcome ORDER BY seed;
\ir finish.psql
