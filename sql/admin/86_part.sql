-- What the workers of a distributed ledger compute with, in three schemas.
--
-- LEDGER_part is on each worker what of the ledger lies there, as a ledger of its own:
-- views over its shards under the names of the tables, and the work tables of a refresh.
-- LEDGER_step has the functions of the steps, made of those of the extension by
-- putting these schemas in their text: so a step that looks at customers one by one
-- runs there by the same text as on one node.  LEDGER_spread are tables of Citus, by
-- which both are told of the rest: what customers who were merged into one of another
-- worker did, and the small tables that lie on the coordinator.
--
-- No temporary table may take part in what several nodes commit together: so the
-- work tables of LEDGER_part are unlogged ones, empty between refreshes.

-- Tables of which a party has the rows of those who were merged into it.
CREATE FUNCTION crmcost._moved_tables() RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{campaign_member,classification,customer,customer_month,driver_entry,interaction,loyalty_entry,sale,worklist}'::text[];

COMMENT ON FUNCTION crmcost._moved_tables() IS
  'Tables whose rows of merged customers are brought to the worker of the party.';

-- Tables of the coordinator that steps on workers read; of touched there is nothing
-- to tell, as a distributed ledger notes no news.
CREATE FUNCTION crmcost._shared_tables() RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{activity_time,calendar,closed_period,late_fact,touched}'::text[];

COMMENT ON FUNCTION crmcost._shared_tables() IS
  'Tables of the coordinator that each worker gets a copy of.';

-- A figure such as a median needs every row of its group: rows go to the worker that the
-- number of their group names.
CREATE FUNCTION crmcost._dealt_tables(OUT name text, OUT columns text)
  RETURNS SETOF record
  LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 8
BEGIN ATOMIC
  SELECT d.name, d.columns
  FROM (VALUES
    ('dealt_won'::text, 'month_start date, channel_code text, agent_code text, referred boolean, cycle_days numeric'::text),
    ('dealt_entry', 'month_start date, funnel text, channel_code text, position integer, passed_days numeric'),
    ('dealt_loyal', 'measure text, loyalty numeric, customers bigint, orders numeric, revenue numeric, total_cost numeric, profit numeric, rank_sum numeric, rank_squares numeric'),
    ('dealt_sample', 'state crmcost.clv_sample'),
    ('dealt_path', 'month_start date, conversion_kind text, path text[], n bigint, value numeric, open bigint'),
    ('dealt_event', 'month_start date, what text, cases bigint, seconds numeric, open_seconds numeric, channel_code text, product_code text, team text, service_level text, kind text, agent_code text, phase text, tiers text[]'),
    ('dealt_price', 'product_code text, tiers text[], quantity numeric, amount numeric, lowest_price numeric, highest_price numeric, prices float8[], quantities float8[]')
  ) AS d (name, columns);
END;

COMMENT ON FUNCTION crmcost._dealt_tables() IS
  'Tables by which rows go to the worker of their group, and their columns beside the number of the group.';

-- The tables are logged and have an identity of rows, or no shard beside them could be
-- moved.  What is there already stays: upgrade adds the rest.
CREATE FUNCTION crmcost._make_spread(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  spread CONSTANT name := ledger || '_spread';
  statement text;
  part record;
BEGIN
  FOREACH statement IN ARRAY ARRAY[
    'CREATE SCHEMA IF NOT EXISTS %1$I',
    'CREATE SCHEMA IF NOT EXISTS %3$I',
    'CREATE SCHEMA IF NOT EXISTS %4$I',
    'COMMENT ON SCHEMA %1$I IS ''What the workers of a distributed ledger are told for a refresh, made by crmcost.distribute.''',
    'COMMENT ON SCHEMA %3$I IS ''Where each worker of a distributed ledger computes with what lies there, made by crmcost.distribute.''',
    'COMMENT ON SCHEMA %4$I IS ''Steps of a refresh on the workers of a distributed ledger, made by crmcost.distribute.''',
    'CREATE TABLE IF NOT EXISTS %1$I.party (customer_id bigint NOT NULL, party_id bigint NOT NULL)',
    'CREATE TABLE IF NOT EXISTS %1$I.site (customer_id bigint NOT NULL)',
    'CREATE TABLE IF NOT EXISTS %1$I.asked (customer_id bigint NOT NULL, asked_by bigint)',
    'CREATE TABLE IF NOT EXISTS %1$I.referral (customer_id bigint NOT NULL, referrer_id bigint, round integer)',
    'CREATE TABLE IF NOT EXISTS %1$I.direct_part (customer_id bigint NOT NULL, month_start date, bucket text, resource text, amount numeric)',
    'CREATE TABLE IF NOT EXISTS %1$I.ranked (part bigint NOT NULL, place integer, customer_id bigint, profit numeric, is_in boolean)',
    'CREATE TABLE IF NOT EXISTS %1$I.ranking (customer_id bigint NOT NULL, profit_rank bigint, cumulative_profit numeric, twice_rank bigint, twice_rank_of_members bigint)',
    'ALTER TABLE %1$I.ranking ADD COLUMN IF NOT EXISTS twice_rank_of_leads bigint']
    || ARRAY(SELECT format('CREATE TABLE IF NOT EXISTS %%1$I.%I (part bigint NOT NULL, %s)',
                           d.name, d.columns)
             FROM crmcost._dealt_tables() d)
    || ARRAY(SELECT format('CREATE TABLE IF NOT EXISTS %%1$I.%I (LIKE %%2$I.%1$I)', t.name)
             FROM unnest(crmcost._shared_tables()) AS t (name))
    || ARRAY(SELECT format('CREATE TABLE IF NOT EXISTS %%1$I.%I (party_id bigint NOT NULL, LIKE %%2$I.%I)',
                           'moved_' || t.name, t.name)
             FROM unnest(crmcost._moved_tables()) AS t (name))
  LOOP
    EXECUTE format(statement, spread, ledger, ledger || '_part',
                   ledger || '_step');
  END LOOP;
  FOR part IN
    SELECT c.oid::regclass AS relation,
           CASE WHEN c.relname IN ('site', 'asked', 'referral', 'direct_part',
                                 'ranking') THEN 'customer_id'
             WHEN c.relname = 'ranked' OR c.relname LIKE 'dealt\_%' THEN 'part'
             WHEN c.relname LIKE 'moved\_%' THEN 'party_id' END AS by_column
    FROM pg_class c
    WHERE c.relnamespace = format('%I', spread)::regnamespace
          AND c.relkind = 'r'
    ORDER BY c.oid
  LOOP
    CONTINUE WHEN crmcost._is_placed(part.relation);
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL', part.relation);
    EXECUTE format('COMMENT ON TABLE %s IS ''Work table of a refresh; empty otherwise.''',
                   part.relation);
    IF part.by_column IS NULL THEN
      EXECUTE 'SELECT create_reference_table($1)' USING part.relation;
    ELSE
      EXECUTE 'SELECT create_distributed_table($1, $2, colocate_with => $3)'
        USING part.relation, part.by_column, format('%I.customer', ledger);
    END IF;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._make_spread(name) IS
  'Makes the schemas in which the workers compute for a distributed ledger, or what of them is missing.';

CREATE FUNCTION crmcost._is_placed(relation regclass) RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  result boolean;
BEGIN
  EXECUTE 'SELECT EXISTS (SELECT FROM pg_dist_partition d WHERE d.logicalrelid = $1)'
    INTO result USING relation;
  RETURN result;
END
$$;

COMMENT ON FUNCTION crmcost._is_placed(regclass) IS
  'Whether a table is one of a Citus cluster, distributed or copied.';

-- What a worker cannot know of itself: the views that steps read, and the columns of
-- the tables of the coordinator whose rows are sums over customers.
CREATE FUNCTION crmcost._part_plan(ledger name) RETURNS jsonb
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  names CONSTANT text := (SELECT string_agg(c.relname, '|')
                          FROM pg_class c
                          WHERE c.relnamespace = format('%I', ledger)::regnamespace
                                AND c.relkind IN ('r', 'p', 'v'));
BEGIN
  RETURN jsonb_build_object(
    'merged', EXISTS (SELECT FROM pg_temp.refresh_party),
    'views', (
      SELECT jsonb_agg(ARRAY[v.name, regexp_replace(
               pg_get_viewdef(format('%I.%I', ledger || '_gather',
                                     v.name)::regclass),
               format('\m(%s|%s)\.(%s)\M', quote_ident(ledger),
                      quote_ident(ledger || '_gather'), names),
               format('%I.\2', ledger || '_part'), 'g')] ORDER BY v.i)
      FROM unnest(crmcost._part_views()) WITH ORDINALITY AS v (name, i)),
    'sums', (
      SELECT jsonb_object_agg(s.target, crmcost._columns_text(
               format('%I.%I', ledger, s.target)::regclass))
      FROM crmcost._summed_tables() s));
END
$$;

COMMENT ON FUNCTION crmcost._part_plan(name) IS
  'What each worker is told to make its part of a distributed ledger.';

-- On a worker from here on.  What it makes stands until something that it was made
-- of has changed: functions, columns, which shards lie here, or that there are mergers.
CREATE FUNCTION crmcost._make_part(ledger name, plan jsonb) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET check_function_bodies = off
AS $$
DECLARE
  part CONSTANT name := ledger || '_part';
  stamp text;
  found text;
  names text;
BEGIN
  stamp := md5(concat(plan,
    (SELECT string_agg(concat(p.oid, p.xmin), ' ' ORDER BY p.oid)
     FROM pg_proc p WHERE p.pronamespace = 'crmcost'::regnamespace),
    (SELECT string_agg(concat(s.shard, ' ', s.names), ' ' ORDER BY s.shard)
     FROM crmcost._local_shards(ledger) s)));
  IF to_regclass(format('%I.refresh_made', part)) IS NOT NULL THEN
    EXECUTE format('SELECT m.stamp FROM %I.refresh_made m', part) INTO found;
  END IF;
  IF found IS DISTINCT FROM stamp THEN
    PERFORM crmcost._keep_local();
    PERFORM crmcost._empty_schema(part);
    PERFORM crmcost._empty_schema(ledger || '_step');
    SELECT string_agg(f.name, '|') INTO names FROM crmcost._part_functions() f;
    PERFORM crmcost._make_part_views(ledger, plan);
    PERFORM crmcost._make_part_steps(ledger, names);
    PERFORM crmcost._make_part_tables(ledger, plan);
    EXECUTE format('CREATE TABLE %I.refresh_made AS SELECT %L::text AS stamp, %L::text AS names',
                   part, stamp, names);
    PERFORM crmcost._keep_local(false);
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._make_part(name, jsonb) IS
  'Makes on a worker what it computes its part of a distributed ledger with, unless it is there.';

CREATE FUNCTION crmcost._empty_schema(wanted name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = error
AS $$
DECLARE
  statement text;
BEGIN
  -- all are named before the first takes others with it; a shard that has gone to
  -- another worker takes its views with it at any time
  FOREACH statement IN ARRAY ARRAY(
    SELECT format('DROP %s IF EXISTS %I.%I CASCADE',
                  CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END,
                  wanted, c.relname)
    FROM pg_class c
    WHERE c.relnamespace = format('%I', wanted)::regnamespace
          AND c.relkind IN ('r', 'v')
    UNION ALL
    SELECT format('DROP FUNCTION %s', p.oid::regprocedure) FROM pg_proc p
    WHERE p.pronamespace = format('%I', wanted)::regnamespace)
  LOOP
    EXECUTE statement;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._empty_schema(name) IS
  'Drops the tables, views and functions of a schema.';

-- Of a table with a copy on every node the one here.
CREATE FUNCTION crmcost._local_shards(ledger name)
  RETURNS TABLE (space text, relation text, shard text, number bigint,
                 from_hash integer, upto_hash integer, names text)
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY EXECUTE $query$
    SELECT CASE n.nspname WHEN $1 THEN 'ledger' ELSE 'spread' END,
           c.relname::text,
           format('%I.%I', n.nspname, format('%s_%s', c.relname, s.shardid)),
           s.shardid, s.shardminvalue::integer, s.shardmaxvalue::integer,
           (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
            FROM pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum > 0
                  AND NOT a.attisdropped)
    FROM pg_namespace n
    JOIN pg_class c ON c.relnamespace = n.oid AND NOT c.relispartition
    JOIN pg_dist_shard s ON s.logicalrelid = c.oid
    JOIN pg_dist_placement p USING (shardid)
    JOIN pg_dist_local_group g USING (groupid)
    WHERE n.nspname = ANY (ARRAY[$1, $2])
    ORDER BY c.relname, s.shardid
  $query$ USING ledger, (ledger || '_spread')::name;
END
$$;

COMMENT ON FUNCTION crmcost._local_shards(name) IS
  'Shards of a distributed ledger that this node has.';

-- Rows of a merged customer are those of the party's worker, and of no other.  What looks
-- at each customer for himself finds them where they lie, in refresh_own_ and the name.
CREATE FUNCTION crmcost._make_part_views(ledger name, plan jsonb)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  part CONSTANT name := ledger || '_part';
  merged CONSTANT boolean := (plan ->> 'merged')::boolean;
  made record;
BEGIN
  EXECUTE format('CREATE TABLE %I.refresh_shard AS SELECT * FROM crmcost._local_shards(%L) s WHERE s.from_hash IS NOT NULL AND s.space = ''ledger''',
                 part, ledger);
  FOR made IN
    SELECT s.relation AS name, string_agg(
             format('SELECT %s FROM %s r', s.names, s.shard)
             || CASE WHEN merged AND s.from_hash IS NOT NULL THEN coalesce(
                       ' WHERE NOT EXISTS (SELECT FROM ' || p.shard
                       || ' p WHERE p.customer_id = r.'
                       || crmcost._customer_column(s.shard::regclass) || ')', '')
                  ELSE '' END
             || CASE WHEN merged AND m.shard IS NOT NULL THEN format(
                       ' UNION ALL SELECT %s FROM %s r', s.names, m.shard)
                  ELSE '' END, ' UNION ALL ' ORDER BY s.number) AS query
    FROM crmcost._local_shards(ledger) s
    LEFT JOIN crmcost._local_shards(ledger) m
      ON m.space = 'spread' AND m.relation = 'moved_' || s.relation
         AND m.from_hash = s.from_hash
    LEFT JOIN crmcost._local_shards(ledger) p
      ON p.space = 'spread' AND p.relation = 'party'
    WHERE s.space = 'ledger' OR s.from_hash IS NULL
          OR s.relation IN ('asked', 'direct_part') OR s.relation LIKE 'dealt\_%'
    GROUP BY s.relation
    UNION ALL
    SELECT 'refresh_own_' || s.relation, string_agg(
             format('SELECT %s FROM %s r', s.names, s.shard), ' UNION ALL ' ORDER BY s.number)
    FROM crmcost._local_shards(ledger) s
    WHERE merged AND s.space = 'ledger'
          AND s.relation = ANY (crmcost._moved_tables() || '{conversion}')
    GROUP BY s.relation
  LOOP
    EXECUTE format('CREATE VIEW %I.%I AS %s', part, made.name, made.query);
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._make_part_views(name, jsonb) IS
  'Makes on a worker the views of the tables of a distributed ledger, over what lies there.';

-- The search path begins with the ledger, or the part of a worker.
CREATE FUNCTION crmcost._own_rows(relation text) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN CASE WHEN to_regclass(quote_ident('refresh_own_' || relation)) IS NULL
           THEN quote_ident(relation)
           ELSE quote_ident('refresh_own_' || relation) END;
END
$$;

COMMENT ON FUNCTION crmcost._own_rows(text) IS
  'Relation with the rows of a table where each customer is for himself, merged or not.';

-- Those that name a work table or write by the difference, and those that call them.
CREATE FUNCTION crmcost._make_part_steps(ledger name, names text)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET check_function_bodies = off
AS $$
DECLARE
  part CONSTANT text := quote_ident(ledger || '_part') || '.';
  made record;
BEGIN
  FOR made IN
    SELECT pg_get_functiondef(p.oid) AS whole, pg_get_function_sqlbody(p.oid)
             AS body
    FROM pg_proc p
    WHERE p.pronamespace = 'crmcost'::regnamespace AND p.prokind = 'f'
          AND p.proname = ANY (string_to_array(names, '|'))
  LOOP
    EXECUTE crmcost._part_text(ledger, names,
      replace(replace(replace(replace(
        -- one of text needs none of the others to be there yet; a setting that is of the coordinator
        -- alone, only a superuser may give a function
        CASE WHEN made.body IS NULL
            THEN regexp_replace(made.whole, '^ SET "?crmcost[.].*$', '', 'gn')
          ELSE concat(left(made.whole, strpos(made.whole, made.body) - 1),
                      'AS $part$', regexp_replace(regexp_replace(made.body,
                        '^BEGIN ATOMIC(.*)END$', '\1'), '^RETURN ', 'SELECT '),
                      '$part$') END,
        'crmcost._write_difference(', 'crmcost._write_part('),
        'CREATE TEMPORARY TABLE ', 'CREATE UNLOGGED TABLE ' || part),
        ' ON COMMIT DROP', ''),
        'CREATE INDEX ON refresh_', 'CREATE INDEX ON ' || part || 'refresh_'));
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._make_part_steps(name, text) IS
  'Makes on a worker the functions of the steps of a refresh, given their names, which compute with what lies there.';

CREATE FUNCTION crmcost._part_text(ledger name, names text, text text)
  RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN pg_catalog.regexp_replace(
  pg_catalog.replace(text, 'pg_temp.'::text,
                     pg_catalog.quote_ident(ledger || '_part') || '.'),
  '\mcrmcost\.(' || names || ')\M',
  pg_catalog.quote_ident(ledger || '_step') || '.\1', 'g'::text);

COMMENT ON FUNCTION crmcost._part_text(name, text, text) IS
  'Text of SQL with the schemas of a worker in place of those of the work tables, and of the functions that are named.';

CREATE FUNCTION crmcost._part_functions() RETURNS TABLE (name name)
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  WITH RECURSIVE body AS MATERIALIZED (
    SELECT p.proname, coalesce(pg_catalog.pg_get_function_sqlbody(p.oid),
                               p.prosrc) AS text
    FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    WHERE p.pronamespace = 'crmcost'::regnamespace AND p.prokind = 'f'
          AND l.lanname IN ('sql', 'plpgsql')
          AND p.proname NOT IN ('_write_difference', '_write_part',
                                '_write_by_table')
  ),
  call AS MATERIALIZED (
    SELECT b.proname AS caller, m.name[1] AS called
    FROM body b
    CROSS JOIN LATERAL pg_catalog.regexp_matches(
      b.text, 'crmcost\.(_\w+)\(', 'g') AS m (name)
    GROUP BY 1, 2
  ),
  wanted AS (
    SELECT b.proname FROM body b
    WHERE b.text ~ 'pg_temp\.|_write_difference|CREATE TEMPORARY'
    UNION
    SELECT c.caller FROM call c JOIN wanted w ON c.called = w.proname
  )
  SELECT w.proname FROM wanted w;
END;

COMMENT ON FUNCTION crmcost._part_functions() IS
  'Functions whose text names a work table or what is written by its difference, and those that call them.';

-- For what differs from a table, as _write_part finds it, and for rows that are parts of
-- sums.
CREATE FUNCTION crmcost._make_part_tables(ledger name, plan jsonb)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = error
AS $$
DECLARE
  part CONSTANT name := ledger || '_part';
  target text;
  columns text;
BEGIN
  -- work tables have the columns of some of these, and refresh_run makes the schema a ledger
  FOR target, columns IN SELECT s.key, s.value
                         FROM jsonb_each_text(plan -> 'sums') s
  LOOP
    EXECUTE format('CREATE UNLOGGED TABLE %I.%I (%s)', part,
                   'refresh_sum_' || target, columns);
    EXECUTE format('CREATE UNLOGGED TABLE %I.%I (%s)', part, target, columns);
  END LOOP;
  -- of shards and of these
  EXECUTE (SELECT string_agg(format('CREATE VIEW %I.%I AS %s', part, v.view ->> 0,
                                    rtrim(v.view ->> 1, ';')), '; ' ORDER BY v.i)
           FROM jsonb_array_elements(plan -> 'views') WITH ORDINALITY AS v (view, i));
  EXECUTE format('SELECT %I._make_work_tables(%L)', ledger || '_step', part);
  EXECUTE format('CREATE UNLOGGED TABLE %I.refresh_scope (target text, scope text)',
                 part);
  -- ranks come from other workers
  EXECUTE format('DROP TABLE %I.refresh_ranking', part);
  EXECUTE (SELECT format('CREATE VIEW %I.refresh_ranking AS %s', part,
                         string_agg(format('SELECT * FROM %s', s.shard),
                                    ' UNION ALL ' ORDER BY s.number))
           FROM crmcost._local_shards(ledger) s
           WHERE s.space = 'spread' AND s.relation = 'ranking');
  FOR target IN EXECUTE format(
    'SELECT DISTINCT s.relation FROM %I.refresh_shard s WHERE s.relation = ANY ($1)',
    part) USING crmcost._written_tables()
  LOOP
    EXECUTE format('DROP TABLE IF EXISTS %I.%I', part, 'refresh_new_' || target);
    EXECUTE format('CREATE UNLOGGED TABLE %1$I.%2$I AS
        SELECT NULL::tid AS refresh_row, NULL::boolean AS refresh_gone, NULL::bigint AS refresh_number, r.*
        FROM %1$I.%3$I r WITH NO DATA',
                   part, 'refresh_new_' || target, target);
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._make_part_tables(name, jsonb) IS
  'Makes on a worker the work tables of a refresh, and the views that steps read.';
