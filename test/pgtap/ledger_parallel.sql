-- Functions of a ledger that are PARALLEL SAFE, in a worker: under the setting
-- that sends every query there which may go.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at) SELECT i, 'c' || i, '2024-01-01',
  '2024-01-02' FROM generate_series(1, 9) i;
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) SELECT i, 'o' || i, '2024-01-05', 10 * i, 'EUR'
  FROM generate_series(1, 9) i;
CALL crmcost.refresh('crm', '2024-03-01');
CALL crmcost.close_period('crm', '2024-01-01');
CREATE TEMPORARY TABLE safe AS
SELECT p.oid::regprocedure::text AS routine,
       format('FROM crmcost.%I(%s)', p.proname,
              (SELECT string_agg(CASE n WHEN 1 THEN $$'crm'$$ ELSE
                        CASE t::regtype::text WHEN 'date' THEN format('date %L', date '2024-01-20' + n::integer)
                          WHEN 'timestamp with time zone' THEN $$timestamptz '2024-02-01'$$
                          WHEN 'text' THEN CASE p.proargnames[n] WHEN 'zone' THEN $$'UTC'$$ WHEN 'key'
                            THEN $$'timezone'$$ WHEN 'model' THEN $$'bgnbd'$$ ELSE 'NULL::text' END ELSE 'NULL::'
                            || t::regtype END END, ', ' ORDER BY n)
               FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY a (t, n))) AS called
FROM pg_proc p
WHERE p.pronamespace = 'crmcost'::regnamespace AND p.proargnames[1] = 'ledger' AND p.proparallel = 's';
SELECT cmp_ok((SELECT count(*) FROM safe), '>', 5::bigint, 'functions of a ledger are PARALLEL SAFE');

-- what each says without workers, then with
CREATE FUNCTION pg_temp.answer(called text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  EXECUTE 'CREATE TEMPORARY TABLE answer ON COMMIT DROP AS SELECT f::text AS line ' || called || ' AS f';
  SELECT string_agg(line, E'\n' ORDER BY line) INTO result FROM answer;
  DROP TABLE answer;
  RETURN coalesce(result, 'nothing');
EXCEPTION WHEN OTHERS THEN
  RETURN sqlerrm;
END
$$;
CREATE TEMPORARY TABLE alone AS SELECT routine, called, pg_temp.answer(called) AS answer FROM safe;
SELECT set_config(name, 'on', true) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query') \gset
CREATE FUNCTION pg_temp.plan(query text) RETURNS SETOF text LANGUAGE plpgsql
  AS $$BEGIN RETURN QUERY EXECUTE 'EXPLAIN ' || query; END$$;
SELECT isnt_empty(format($$SELECT FROM pg_temp.plan(%L) line WHERE line LIKE '%%Single Copy: true%%'$$,
  'SELECT f ' || called || ' AS f'), 'a worker is planned for: ' || routine) FROM alone;
SELECT is(pg_temp.answer(called), answer, 'and answers the same: ' || routine) FROM alone;
SELECT is(pg_temp.answer($$FROM crmcost._setting('crm', 'timezone')$$), 'UTC', 'a setting');
SELECT is(pg_temp.answer($$FROM crmcost._open_month('crm')$$), '2024-02-01', 'the first open month');
CALL crmcost.refresh('crm', '2024-03-01');
SELECT is((SELECT rows_changed FROM last_refresh), 0::bigint, 'a refresh finds what it had written without workers');
SELECT lives_ok($$CALL crmcost.close_period('crm', '2024-02-01')$$, 'a month is closed');
SELECT lives_ok($$CALL crmcost.reopen_period('crm', '2024-02-01')$$, 'and opened');
SELECT lives_ok($$CALL crmcost.upgrade('crm')$$, 'the ledger is upgraded');

SELECT * FROM finish();
ROLLBACK;
