-- Checks the body of every plpgsql function with plpgsql_check, in a ledger and
-- with the work tables of a refresh, and prints what it finds.
--
--   psql -X -A -t -v ledger=crm -f test/lint/bodies.sql

SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS plpgsql_check;
BEGIN;
SELECT set_config('search_path', crmcost._ledger_path(:'ledger'), true) AS path \gset
SELECT crmcost._make_work_tables(:'ledger') AS made \gset

-- the ledger stands for the path that each of them sets
DO $$
DECLARE
  routine regprocedure;
BEGIN
  FOR routine IN
    SELECT p.oid FROM pg_proc AS p
    WHERE p.pronamespace = 'crmcost'::regnamespace AND p.prokind IN ('f', 'p')
          AND p.proconfig IS NOT NULL
  LOOP
    EXECUTE format('ALTER ROUTINE %s RESET search_path', routine);
  END LOOP;
END
$$;

SELECT p.oid::regprocedure || ', line ' || f.lineno || ': ' || f.message
FROM pg_proc AS p
JOIN pg_language AS l ON l.oid = p.prolang AND l.lanname = 'plpgsql'
CROSS JOIN LATERAL public.plpgsql_check_function_tb(
  p.oid, other_warnings => true, extra_warnings => false,
  performance_warnings => false, security_warnings => false,
  fatal_errors => false) AS f
WHERE p.pronamespace = 'crmcost'::regnamespace
      AND p.prorettype <> 'trigger'::regtype
      -- it reads the table of a former version
      AND p.proname <> '_widen_customer_month'
      -- they name what only a cluster and a distributed ledger have
      AND p.proname <> ALL ('{_check_cluster, _check_keys, _find_late_facts,
                              _give_keys_back, _give_rules_back, _is_placed,
                              _is_sharded, _keep_circles, _keep_sums, _local_shards,
                              _make_spread, _part_call, _part_rows,
                              _place_tables, _rank_parts, _shard_keys,
                              _shard_term, _take_prices, _take_tables_back,
                              _tell_distribution, _write_part,
                              _write_shards}'::name[])
      -- a setting is text, and what it becomes is checked when it is read
      AND f.message <> 'target type is different type than source type'
ORDER BY 1;

-- triggers, each on a table that has it
SELECT DISTINCT p.oid::regprocedure || ', line ' || f.lineno || ': ' || f.message
FROM pg_trigger AS g
JOIN pg_class AS c ON c.oid = g.tgrelid
JOIN pg_proc AS p ON p.oid = g.tgfoid
CROSS JOIN LATERAL public.plpgsql_check_function_tb(
  p.oid, g.tgrelid, oldtable => 'old_row', newtable => 'new_row',
  fatal_errors => false) AS f
WHERE c.relnamespace = :'ledger'::regnamespace
      AND p.pronamespace = 'crmcost'::regnamespace
ORDER BY 1;
ROLLBACK;
