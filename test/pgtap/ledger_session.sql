-- What is computed does not depend on how the session is set: computed again under other
-- settings, a ledger with every complication is what it was, and its views answer.
\set partitioned false
\ir ledger_setup.psql
\ir random.psql
\ir concordance_ledger.psql
SELECT no_plan();
CALL pg_temp.make_ledger(3);
INSERT INTO crm.sale (customer_id, sold_at, amount, currency) SELECT customer_id, first_seen_at - interval '3 days', 1,
  'QQQ' FROM crm.customer WHERE erased_at IS NULL LIMIT 3;
SELECT as_of_at FROM crm.last_refresh \gset
CALL crmcost.refresh('crm', :'as_of_at', "full" => true);
SELECT cmp_ok((SELECT count(*) FROM crm.quality_finding WHERE words::text ~ '\d{4}-\d\d-\d\d'), '>', 0::bigint,
  'findings tell days');
CREATE FUNCTION pg_temp.written() RETURNS SETOF text LANGUAGE sql AS $$
  SELECT format('%s: %s', step, rows_changed) FROM crm.refresh_run
    WHERE run_id = (SELECT max(run_id) FROM crm.refresh_run) AND rows_changed > 0 ORDER BY step $$;
CALL crmcost.refresh('crm', :'as_of_at', "full" => true);
SELECT is_empty('SELECT * FROM pg_temp.written()', 'computed again it is the same');

CREATE FUNCTION pg_temp.ask_all() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  view name;
  n bigint;
  total bigint := 0;
BEGIN
  FOR view IN SELECT relname FROM pg_catalog.pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind = 'v'
    ORDER BY 1 LOOP
    EXECUTE pg_catalog.format('SELECT count(v::text) FROM crm.%I v', view) INTO n;
    total := total + n;
  END LOOP;
  RETURN total;
END $$;
CREATE TEMPORARY TABLE answered AS SELECT pg_temp.ask_all() AS n;

CREATE PROCEDURE pg_temp.try(settings text[], INOUT changed text, INOUT rows bigint) LANGUAGE plpgsql AS $$
DECLARE
  setting text;
BEGIN
  FOREACH setting IN ARRAY settings LOOP
    PERFORM set_config(split_part(setting, ' = ', 1), split_part(setting, ' = ', 2), true);
  END LOOP;
  CALL crmcost.refresh('crm', current_setting('test.as_of')::timestamptz, "full" => true);
  rows := pg_temp.ask_all();
  changed := (SELECT pg_catalog.string_agg(w, ', ') FROM pg_temp.written() w);
END $$;
CREATE TEMPORARY TABLE tried (settings text, changed text, rows bigint);
SELECT set_config('test.as_of', to_char(:'as_of_at'::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US"Z"'),
  true) AS it \gset
DO $$
DECLARE
  settings text;
  changed text;
  rows bigint;
BEGIN
  FOREACH settings IN ARRAY ARRAY[
    '{"datestyle = german, dmy"}', '{"datestyle = sql, mdy"}',
      '{"datestyle = postgres, dmy","timezone = Asia/Kolkata"}', '{"intervalstyle = sql_standard"}',
      '{"extra_float_digits = -15"}',
    '{"standard_conforming_strings = off","escape_string_warning = off"}', '{"bytea_output = escape"}',
      '{"timezone = Pacific/Auckland"}', '{"timezone = America/St_Johns"}',
    '{"quote_all_identifiers = on"}', '{"transform_null_equals = on"}',
      '{"work_mem = 64kB","maintenance_work_mem = 1MB"}', '{"search_path = "}', '{"search_path = crm"}',
    '{"plan_cache_mode = force_generic_plan"}',
      '{"enable_hashagg = off","enable_hashjoin = off","enable_mergejoin = off"}',
    '{"enable_nestloop = off","enable_sort = off","enable_indexscan = off","enable_bitmapscan = off","enable_material = off"}',
    '{"join_collapse_limit = 1","from_collapse_limit = 1","geqo_threshold = 2"}',
      '{"session_replication_role = replica"}', '{"plpgsql.variable_conflict = use_variable"}']
  LOOP
    BEGIN
      CALL pg_temp.try(settings::text[], changed, rows);
      RAISE EXCEPTION 'tried' USING ERRCODE = 'P9999';
    EXCEPTION WHEN SQLSTATE 'P9999' THEN
      INSERT INTO tried VALUES (settings, changed, rows);
    END;
  END LOOP;
END $$;
SELECT is(changed, NULL, 'computed the same with ' || settings) FROM tried;
SELECT is(rows, n, 'and read with ' || settings) FROM tried, answered;
SELECT is((SELECT count(*) FROM tried), 20::bigint, 'each was tried');
\ir finish.psql
