-- Which steps of a refresh run on the workers of a distributed ledger, each with what
-- lies there (86_part.sql), and what becomes of what they say.
--
-- A step that looks at customers one by one is called there as it is.  What it writes of a table by
-- customer it writes there; rows of a table of the coordinator are sums over the
-- customers of a worker, and are summed up here.  Where a step has one part for customers
-- and one for what only all of them together say, the first is _customers_STEP and the
-- second _groups_STEP.
CREATE FUNCTION crmcost._runs_on_workers(run crmcost._run, step text)
  RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN step = ANY ('{line,order,day,activity,case,journey,value,stage,class,
                       cycle,stay,signal,group,detail,funnel,exposure,
                       acquisition,campaign,lead,tier_month,voice,coverage,
                       year,need,snapshot,loyalty}'::text[])
         AND crmcost._is_distributed(run.ledger)
         -- customers of an account may lie on several
         AND (step <> 'journey' OR NOT crmcost._converts_accounts(run.ledger));
END
$$;

COMMENT ON FUNCTION crmcost._runs_on_workers(crmcost._run, text) IS
  'Whether a step of a refresh runs on the workers of a distributed ledger.';

-- What becomes of the rows of the workers: sum adds up the columns beside the key (of
-- days and instants it is the last one); of sparse ones a row in which all are 0 is none.
-- Of columns a worker writes nothing: what it reads of
-- them is told (_tell_reasons), or their types alone.
CREATE FUNCTION crmcost._summed_tables(OUT target text, OUT kind text)
  RETURNS SETOF record
  LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 20
BEGIN ATOMIC
  SELECT s.target, s.kind
  FROM (VALUES ('agent_month'::text, 'sum'::text), ('cohort_quality', 'sum'),
               ('contact_month', 'sum'), ('coverage_month', 'columns'),
               ('customer_year', 'sum'),
               ('day_total', 'sparse'), ('exposure_month', 'sum'),
               ('group_forecast', 'columns'), ('group_month', 'sum'),
               ('product_next', 'columns'),
               ('product_total', 'columns'), ('reason_month', 'sum'),
               ('refresh_run', 'columns'), ('sale_month', 'sum'),
               ('stage', 'columns'), ('strategy_total', 'columns'), ('survey_day', 'sum'),
               ('survey_due', 'sum'), ('tag_month', 'sum'),
               ('term', 'columns'), ('tier_month', 'sum'),
               ('tier_threshold', 'columns'),
               ('voice_month', 'sum'), ('winback_total', 'sum')) AS s (target, kind);
END;

COMMENT ON FUNCTION crmcost._summed_tables() IS
  'Tables of the coordinator whose rows are made of what each worker says, and how.';

-- Views of the ledger that such steps read, each after those that it reads.
CREATE FUNCTION crmcost._part_views() RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{open_month,sale_base,last_refresh,customer_today,at_risk,invalid_customer,next_product,tier_gap}'::text[];

COMMENT ON FUNCTION crmcost._part_views() IS
  'Views that steps on workers read.';

-- Work tables that steps of the coordinator read after one on workers: they are
-- brought here, as far as the condition on them says.  Lines, contacts and orders are read by
-- journeys of accounts alone.
CREATE FUNCTION crmcost._brought_tables(run crmcost._run, step text)
  RETURNS TABLE (name text, condition text)
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY EXECUTE $query$
    SELECT b.name, coalesce(b.condition, 'true')
    FROM (VALUES
      ('line', 'refresh_line', NULL, $1), ('line', 'refresh_contact', NULL, $1),
      ('order', 'refresh_buyer', NULL, true),
      ('order', 'refresh_order', NULL, $1),
      ('stage', 'refresh_stage_sum', NULL, true),
      ('detail', 'refresh_tier_agent', NULL, true),
      ('detail', 'refresh_tier_contact', NULL, true),
      ('detail', 'refresh_tier_breach', NULL, true),
      ('detail', 'refresh_agent_score', NULL, true),
      ('campaign', 'refresh_campaign_sum', NULL, true),
      ('coverage', 'refresh_coverage', NULL, true),
      ('tier_month', 'refresh_tier_sum', NULL, true)) AS b (step, name, condition, is_wanted)
    WHERE b.step = $2 AND b.is_wanted
    GROUP BY 1, 2
    $query$
    USING crmcost._converts_accounts(run.ledger), step;
END
$$;

COMMENT ON FUNCTION crmcost._brought_tables(crmcost._run, text) IS
  'Work tables of a step on workers that steps of the coordinator read afterwards, and which of their rows.';

-- And those that the step on workers reads, of a step of the coordinator.
CREATE FUNCTION crmcost._told_tables(step text) RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE step WHEN 'tier_month' THEN '{refresh_tier_month}'
         ELSE '{}' END::text[];

COMMENT ON FUNCTION crmcost._told_tables(text) IS
  'Work tables of the coordinator that a step on workers reads.';

-- Tables by customer that the coordinator has no copy of in a refresh: only workers
-- read them, unless accounts convert as one.
CREATE FUNCTION crmcost._left_tables(ledger name) RETURNS text[]
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  result text[] := '{campaign_member,cart_item,classification,customer_acquisition,customer_agent,customer_care,
                     customer_class,customer_coverage,customer_driver,customer_favourite,
                     customer_funnel,customer_life,customer_month,customer_occasion,
                     customer_product,customer_quality,customer_response,customer_score,
                     customer_signal,customer_stage,customer_survey,customer_value,
                     customer_winback,discount_line,driver_before,driver_entry,
                     interaction,kept_snapshot,lead_chance,lead_feature,
                     loyalty_account,loyalty_entry,loyalty_schedule,need_tag,sale,
                     scenario_profit,service_case,service_contact,stage_spell,survey_answer,worklist}';
BEGIN
  IF NOT crmcost._converts_accounts(ledger) THEN
    result := result || '{conversion,customer,customer_order,customer_touch,open_journey}'::text[];
  END IF;
  RETURN result;
END
$$;

COMMENT ON FUNCTION crmcost._left_tables(name) IS
  'Tables by customer that no step on the coordinator reads.';

-- Some rows of these are copied all the same: who is merged or erased, and points that cost
-- something when they are redeemed.
CREATE FUNCTION crmcost._copied_rows(OUT relation text, OUT condition text)
  RETURNS SETOF record
  LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 2
BEGIN ATOMIC
  SELECT c.relation, c.condition
  FROM (VALUES
    ('customer'::text, 'old.merged_into IS NOT NULL OR old.erased_at IS NOT NULL'::text),
    ('loyalty_entry', 'old.kind = ''redeem'' OR old.kind = ''adjust'' AND old.points > 0')
  ) AS c (relation, condition);
END;

COMMENT ON FUNCTION crmcost._copied_rows() IS
  'Of which of _left_tables rows old are copied in a refresh, by a condition.';

-- Others are copied when a step on workers has written them, and read here only then.
CREATE FUNCTION crmcost._later_tables(ledger name) RETURNS text[]
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN '{customer_order}'::text[]
       || CASE WHEN crmcost._converts_accounts(ledger) THEN '{}'
            ELSE '{conversion}' END::text[];
END
$$;

COMMENT ON FUNCTION crmcost._later_tables(name) IS
  'Tables by customer that are copied to the coordinator after a step on workers has written them.';

CREATE FUNCTION crmcost._run_step(run crmcost._run, step text) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  changed bigint := 0;
  more bigint;
  routine text := '_refresh_' || step;
BEGIN
  IF crmcost._runs_on_workers(run, step) THEN
    changed := crmcost._run_on_workers(run, step);
    routine := '_groups_' || step;
    IF to_regproc('crmcost.' || routine) IS NULL THEN
      RETURN changed;
    END IF;
  END IF;
  EXECUTE format('SELECT crmcost.%I($1)', routine) INTO more USING run;
  IF step IN ('news', 'cost', 'tier')
     AND crmcost._is_distributed(run.ledger) THEN
    CASE step
      WHEN 'news' THEN PERFORM crmcost._begin_parts(run);
      -- what these have written
      WHEN 'cost' THEN
        PERFORM crmcost._move_table(run.ledger, 'customer_month');
      ELSE PERFORM crmcost._move_table(run.ledger, 'classification');
    END CASE;
  END IF;
  RETURN changed + more;
END
$$;

COMMENT ON FUNCTION crmcost._run_step(crmcost._run, text) IS
  'Runs a step of a refresh, where it belongs; returns the rows changed.';

-- The site of a worker is a row whose shard it has, so that a query of that table
-- asks each worker once.  The function is given the row: it is not called without.
CREATE FUNCTION crmcost._begin_parts(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  spread CONSTANT name := run.ledger || '_spread';
BEGIN
  -- empty as they are: so a shard moves before or afterwards
  PERFORM crmcost._empty_tables(run.ledger, '_spread');
  EXECUTE format('INSERT INTO %1$I.site SELECT min(k.key) FROM crmcost._shard_keys(%2$L) k GROUP BY k.node',
                 spread, format('%I.site', spread));
  EXECUTE format('INSERT INTO %I.party SELECT p.customer_id, p.party_id FROM pg_temp.refresh_party p',
                 spread);
  PERFORM crmcost._share_table(run.ledger, t.name)
    FROM unnest(crmcost._shared_tables()) AS t (name)
    WHERE t.name <> 'touched';
  PERFORM crmcost._move_table(run.ledger, t.name)
    FROM unnest(crmcost._moved_tables()) AS t (name);
  EXECUTE format('SELECT crmcost._begin_part(%L, %L, %L, %L, %L, s.customer_id) FROM %I.site s',
                 run.ledger, crmcost._part_plan(run.ledger),
                 current_setting('work_mem'), run.day, run.upto, spread);
END
$$;

COMMENT ON FUNCTION crmcost._begin_parts(crmcost._run) IS
  'Tells the workers of a distributed ledger what they need for a refresh, after step news.';

CREATE FUNCTION crmcost._move_table(ledger name, relation name)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF EXISTS (SELECT FROM pg_temp.refresh_party) THEN
    EXECUTE format('DELETE FROM %I.%I', ledger || '_spread',
                   'moved_' || relation);
    EXECUTE (
      SELECT format('INSERT INTO %1$I.%2$I (party_id, %3$s) SELECT p.party_id, %4$s
          FROM %5$I.%6$I r JOIN %1$I.party p ON p.customer_id = r.customer_id',
                    ledger || '_spread', 'moved_' || relation,
                    string_agg(quote_ident(a.attname), ', '
                               ORDER BY a.attnum),
                    string_agg('r.' || quote_ident(a.attname), ', '
                               ORDER BY a.attnum), ledger, relation)
      FROM pg_attribute a
      WHERE a.attrelid = format('%I.%I', ledger, relation)::regclass
            AND a.attnum > 0 AND NOT a.attisdropped);
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._move_table(name, name) IS
  'Brings the rows of merged customers to the worker of the party.';

CREATE FUNCTION crmcost._share_table(ledger name, relation name)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format('INSERT INTO %I.%I SELECT r.* FROM %I.%I r',
                 ledger || '_spread', relation, ledger, relation);
END
$$;

COMMENT ON FUNCTION crmcost._share_table(name, name) IS
  'Copies a table of the coordinator to every node.';

-- On a worker.  Everybody is news, as a distributed ledger computes everything.
CREATE FUNCTION crmcost._begin_part(ledger name, plan jsonb, memory text,
                                    day date, upto timestamptz, site bigint)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET default_statistics_target = 20
AS $$
DECLARE
  part CONSTANT name := ledger || '_part';
BEGIN
  PERFORM set_config('work_mem', memory, true);
  PERFORM crmcost._make_part(ledger, plan);
  PERFORM crmcost._clear_part(ledger);
  -- as _analyze_facts
  PERFORM crmcost._analyze_table(s.shard::regclass)
    FROM crmcost._local_shards(ledger) s
    CROSS JOIN LATERAL (
      SELECT sum(pg_relation_size(c.oid))
               / current_setting('block_size')::integer AS pages,
             sum(greatest(c.relpages, 0)) AS known_pages
      FROM pg_class c
      WHERE c.oid = s.shard::regclass
            OR c.oid IN (SELECT i.inhrelid FROM pg_inherits i
                         WHERE i.inhparent = s.shard::regclass)) k
    WHERE s.space = 'ledger' AND k.pages > 2 * k.known_pages + 8;
  EXECUTE format('INSERT INTO %1$I.refresh_party SELECT p.customer_id, p.party_id FROM %1$I.party p',
                 part);
  EXECUTE format('INSERT INTO %1$I.refresh_customer SELECT c.customer_id, true FROM %1$I.customer c',
                 part);
  EXECUTE format('ANALYZE %1$I.refresh_party, %1$I.refresh_customer', part);
  -- a worker's log has no other runs
  EXECUTE format('INSERT INTO %I.refresh_run (run_id, as_of, as_of_at) VALUES (1, $1, $2)',
                 part) USING day, upto;
END
$$;

COMMENT ON FUNCTION crmcost._begin_part(name, jsonb, text, date, timestamptz, bigint) IS
  'Begins a refresh on a worker.';

CREATE FUNCTION crmcost._clear_part(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  filled text;
BEGIN
  SELECT string_agg(c.oid::regclass::text, ', ') INTO filled
    FROM pg_class c
    WHERE c.relnamespace = format('%I', ledger || '_part')::regnamespace
          AND c.relkind = 'r' AND c.relpersistence = 'u'
          AND pg_relation_size(c.oid) > 0;
  IF filled IS NOT NULL THEN
    EXECUTE 'TRUNCATE ' || filled;
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._clear_part(name) IS
  'Empties the work tables of a refresh on a worker.';

CREATE FUNCTION crmcost._end_part(ledger name, site bigint) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM crmcost._clear_part(ledger);
END
$$;

COMMENT ON FUNCTION crmcost._end_part(name, bigint) IS
  'Ends a refresh on a worker.';

CREATE FUNCTION crmcost._end_parts(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF crmcost._is_distributed(ledger) THEN
    EXECUTE format('SELECT crmcost._end_part(%L, s.customer_id) FROM %I.site s',
                   ledger, ledger || '_spread');
    PERFORM crmcost._empty_tables(ledger, '_spread',
      CASE WHEN EXISTS (SELECT FROM pg_temp.refresh_party) THEN '-'
        ELSE 'moved\_%' END);
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._end_parts(name) IS
  'Empties what the workers of a distributed ledger computed with.';

-- On a worker: what was written of tables by customer, and of which rows of a table of
-- the coordinator the sums have taken the place.
CREATE FUNCTION crmcost._part_step(ledger name, run text, step text, zone text,
                                   site bigint)
  RETURNS TABLE (target text, rows_changed bigint, scope text)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
  SET jit = off
  SET enable_memoize = off
  SET default_statistics_target = 20
AS $$
DECLARE
  part CONSTANT name := ledger || '_part';
  routine text := '_customers_' || step;
BEGIN
  PERFORM set_config('timezone', zone, true);
  EXECUTE format('TRUNCATE %1$I.refresh_written, %1$I.refresh_scope', part);
  IF to_regproc(format('%I.%I', ledger || '_step', routine)) IS NULL THEN
    routine := '_refresh_' || step;
  END IF;
  EXECUTE format('SELECT %I.%I($1)', ledger || '_step', routine)
    USING run::crmcost._run;
  RETURN QUERY EXECUTE format($query$
    SELECT w.target, sum(w.rows_changed)::bigint, NULL
    FROM %1$I.refresh_written w GROUP BY w.target
    UNION ALL
    SELECT s.target, NULL, s.scope FROM %1$I.refresh_scope s
  $query$, part);
END
$$;

COMMENT ON FUNCTION crmcost._part_step(name, text, text, text, bigint) IS
  'Runs a step of a refresh on a worker; returns the rows changed by table, and for tables of sums the condition on old that says which rows they replace.';

-- For a function whose name is put together: on a worker that of the steps.
CREATE FUNCTION crmcost._step_routine(ledger name, routine name) RETURNS regproc
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(
  CASE WHEN ledger ~ '_part$'::text
            AND pg_catalog.to_regclass(
                  pg_catalog.format('%I.refresh_made', ledger)) IS NOT NULL
    THEN pg_catalog.to_regproc(pg_catalog.format(
      '%I.%I', pg_catalog.regexp_replace(ledger, '_part$', '_step'::text),
      routine)) END,
  pg_catalog.to_regproc(pg_catalog.format('crmcost.%I', routine)));

COMMENT ON FUNCTION crmcost._step_routine(name, name) IS
  'Function of a step, given its name, of the ledger or the part of a worker.';

CREATE FUNCTION crmcost._part_rows(ledger name, query text, site bigint)
  RETURNS SETOF record
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
  SET jit = off
AS $$
DECLARE
  names text;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger || '_part'),
                     true);
  SELECT m.names INTO names FROM refresh_made m;
  RETURN QUERY EXECUTE crmcost._part_text(ledger, names, query);
END
$$;

COMMENT ON FUNCTION crmcost._part_rows(name, text, bigint) IS
  'Rows that a query returns on a worker.';

-- A query with $1 for the run, of which each worker gives one number.
CREATE FUNCTION crmcost._part_call(ledger name, run text, query text,
                                   zone text, site bigint)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
  SET jit = off
  SET enable_memoize = off
  SET default_statistics_target = 20
AS $$
DECLARE
  names text;
  result text;
BEGIN
  PERFORM set_config('timezone', zone, true);
  PERFORM set_config('search_path', crmcost._ledger_path(ledger || '_part'),
                     true);
  SELECT m.names INTO names FROM refresh_made m;
  EXECUTE crmcost._part_text(ledger, names, query) INTO result
    USING run::crmcost._run;
  RETURN nullif(result, '')::bigint;
END
$$;

COMMENT ON FUNCTION crmcost._part_call(name, text, text, text, bigint) IS
  'Calls a function of a step on a worker; returns what it returns, if that is a number.';

-- The same function of a step for all customers, where they are.
CREATE FUNCTION crmcost._do_parts(run crmcost._run, query text) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  result text;
BEGIN
  IF crmcost._is_distributed(run.ledger) THEN
    RETURN crmcost._call_parts(run, query);
  END IF;
  EXECUTE query INTO result USING run;
  RETURN nullif(result, '')::bigint;
END
$$;

COMMENT ON FUNCTION crmcost._do_parts(crmcost._run, text) IS
  'Calls a function of a step, with $1 for the run, here or on each worker; returns what they return together.';

CREATE FUNCTION crmcost._call_parts(run crmcost._run, query text)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  there crmcost._run := run;
  result bigint;
BEGIN
  there.ledger := run.ledger || '_part';
  EXECUTE format($query$
    SELECT sum(c.result)
    FROM (SELECT crmcost._part_call(%L, %L, %L, %L, s.customer_id) AS result
          FROM %I.site s OFFSET 0) c
    $query$, run.ledger, there::text, query, current_setting('timezone'),
    run.ledger || '_spread') INTO result;
  RETURN result;
END
$$;

COMMENT ON FUNCTION crmcost._call_parts(crmcost._run, text) IS
  'Calls a function of a step, with $1 for the run, on each worker; returns the sum of what they return.';

CREATE FUNCTION crmcost._gather_written(ledger name, target name)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF target = ANY (crmcost._later_tables(ledger))
     AND target <> ALL (crmcost._left_tables(ledger)) THEN
    PERFORM crmcost._gather_table(ledger, target);
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._gather_written(name, name) IS
  'Copies a table that the workers have written to the coordinator, if a step there reads it.';

CREATE FUNCTION crmcost._write_on_workers(run crmcost._run, target name,
                                          query text)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  changed CONSTANT bigint := crmcost._do_parts(run, query);
BEGIN
  IF crmcost._is_distributed(run.ledger) THEN
    INSERT INTO pg_temp.refresh_written VALUES (target, changed);
    PERFORM crmcost._gather_written(run.ledger, target);
  END IF;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._write_on_workers(crmcost._run, name, text) IS
  'Has a function write a table by customer, on one node or on each worker; returns the rows changed.';

CREATE FUNCTION crmcost._run_on_workers(run crmcost._run, step text)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  there crmcost._run := run;
  told jsonb;
  written record;
  changed bigint := 0;
BEGIN
  there.ledger := run.ledger || '_part';
  PERFORM crmcost._tell_table(run.ledger, t.name)
    FROM unnest(crmcost._told_tables(step)) AS t (name);
  EXECUTE format($query$
    SELECT jsonb_agg(w)
    FROM (SELECT r.target, r.rows_changed, r.scope
          FROM %I.site s
          CROSS JOIN LATERAL crmcost._part_step(%L, %L, %L, %L, s.customer_id) r
          OFFSET 0) w
    $query$, run.ledger || '_spread', run.ledger, there::text, step,
    current_setting('timezone')) INTO told;
  FOR written IN
    SELECT w.target, sum(w.rows_changed)::bigint AS rows_changed,
           string_agg(DISTINCT '(' || w.scope || ')', ' OR ') AS scope
    FROM jsonb_to_recordset(told)
      AS w (target text, rows_changed bigint, scope text)
    GROUP BY w.target ORDER BY w.target
  LOOP
    IF written.scope IS NULL THEN
      changed := changed + written.rows_changed;
      INSERT INTO pg_temp.refresh_written
        VALUES (written.target, written.rows_changed);
      PERFORM crmcost._gather_written(run.ledger, written.target);
    ELSE
      changed := changed + crmcost._write_sums(run.ledger, written.target,
                                               written.scope);
    END IF;
  END LOOP;
  PERFORM crmcost._bring_table(run.ledger, b.name, b.condition)
    FROM crmcost._brought_tables(run, step) b;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._run_on_workers(crmcost._run, text) IS
  'Runs a step of a refresh on the workers, and brings here what the coordinator needs of it; returns the rows changed.';
