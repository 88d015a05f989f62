-- Who may do what: a database owner who is no superuser creates the extension
-- and the ledger, a BI role reads, everybody else stays outside.
\set ON_ERROR_STOP 1
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off
SET client_min_messages = warning;
SET jit = off;
-- refresh wants one snapshot
BEGIN ISOLATION LEVEL REPEATABLE READ;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE ROLE crm_dba;
CREATE ROLE crm_reader;
CREATE ROLE crm_stranger;
CREATE ROLE "crm Reader's \ friend";
DO $$BEGIN EXECUTE format('GRANT CREATE, TEMPORARY ON DATABASE %I TO crm_dba', current_database()); END$$;
SELECT no_plan();

SET LOCAL ROLE crm_dba;
SELECT lives_ok('CREATE EXTENSION crmcost', 'a role with CREATE on the database creates the extension');
SELECT lives_ok($$CALL crmcost.install('crm', true)$$, 'and a ledger');
CALL crmcost.ensure_partitions('crm', '2024-01-01', '2024-12-01');
INSERT INTO crm.customer (customer_id, source_key, first_seen_at, acquired_at, acquisition_channel)
SELECT i, 'c' || i, '2024-01-01', '2024-01-02', 'web' FROM generate_series(1, 20) i;
INSERT INTO crm.sale (customer_id, order_ref, sold_at, amount, currency)
SELECT i, 'o' || i, '2024-01-05', 10 * i, 'EUR' FROM generate_series(1, 20) i;
INSERT INTO crm.cost_entry (category_code, incurred_on, amount, currency, customer_id)
SELECT 'svc', '2024-01-06', 1, 'EUR', i FROM generate_series(1, 20) i;
INSERT INTO crm.interaction (customer_id, occurred_at, kind)
SELECT i, '2024-01-06', 'care' FROM generate_series(1, 20) i;
SELECT lives_ok($$CALL crmcost.refresh('crm', '2024-02-01')$$, 'and refreshes it');
SELECT lives_ok($$SELECT crmcost.grant_read('crm', 'crm_reader')$$, 'and lets a role read');
SELECT lives_ok($$SELECT crmcost.grant_read('crm', 'crm_reader')$$, 'twice if need be');
SELECT lives_ok($$SELECT crmcost.grant_read('crm', 'crm Reader''s \ friend')$$, 'whatever its name');
SELECT throws_ok($$SELECT crmcost.grant_read('crm', 'nobody')$$, '42704', 'role must be an existing role, not nobody',
  'but no role that is not there');
SELECT throws_ok($$SELECT crmcost.grant_read('crm', NULL)$$, '42704', 'role must be an existing role, not null',
  'nor none');
SELECT throws_ok($$SELECT crmcost.grant_read('pg_catalog', 'crm_reader')$$, '3F000', NULL,
  'nor a schema that is no ledger');
SELECT is((SELECT array_agg(DISTINCT relowner::regrole::text) FROM pg_class
  WHERE relnamespace IN ('crm'::regnamespace, 'crm_partition'::regnamespace)),
          '{crm_dba}', 'the ledger is theirs');
RESET ROLE;

-- functions: what computes is open, what writes is not
CREATE FUNCTION pg_temp.may(role name, p oid) RETURNS boolean LANGUAGE sql
  AS $$SELECT has_function_privilege(role, p, 'EXECUTE')$$;
CREATE TEMPORARY VIEW member AS
SELECT p.* FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'crmcost';
SELECT set_eq($$SELECT oid::regprocedure::text FROM member WHERE NOT pg_temp.may('crm_stranger', oid)$$,
  $$SELECT oid::regprocedure::text FROM member
    WHERE (prokind = 'p' OR prokind = 'f' AND provolatile = 'v' OR prokind = 'f' AND proname ~ '^_'
    AND proconfig IS NULL AND prosqlbody IS NULL AND probin IS NULL)
    AND proname NOT IN ('_enter_ledger', '_touch', '_touch_limit', '_late_before', '_seen_late_before',
    'worklist_done', 'worklist_snooze', 'worklist_reopen')$$,
  'what writes is closed to PUBLIC, and nothing else');
SELECT set_eq($$SELECT DISTINCT proname FROM member WHERE proname !~ '^_' AND NOT pg_temp.may('crm_stranger', oid)$$,
  $$ VALUES
  ('install'), ('upgrade'), ('ensure_partitions'), ('load_facts'), ('refresh'), ('verify'), ('backfill'),
    ('close_period'), ('reopen_period'),
  ('compare_rules'), ('validate_rules'), ('merge_customer'), ('set_stage'), ('unmerge_customer'), ('transfer_points'),
    ('erase_customer'), ('grant_read'), ('grant_worklist'), ('distribute'), ('undistribute') $$, 'which are these');
SELECT is_empty($$SELECT oid::regprocedure FROM member WHERE NOT pg_temp.may('crm_dba', oid)$$,
                'who created the extension may call everything');
SELECT is_empty('SELECT oid::regprocedure FROM member WHERE prosecdef', 'nothing runs with its owner''s rights');
SET LOCAL ROLE crm_dba;
SELECT lives_ok('GRANT EXECUTE ON PROCEDURE crmcost.refresh(name, timestamptz, boolean) TO crm_stranger',
  'and may pass it on');
REVOKE EXECUTE ON PROCEDURE crmcost.refresh(name, timestamptz, boolean) FROM crm_stranger;
RESET ROLE;

-- the reader reads everything and does nothing
SET LOCAL ROLE crm_reader;
SELECT lives_ok(format('SELECT count(*) FROM crm.%I', relname), format('A28: a reader reads %s', relname))
FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'crm') AND relkind IN ('r', 'p', 'v')
  AND NOT relispartition;
SELECT is((SELECT count(*) FROM crm.customer_360), 20::bigint, 'with all rows');
SELECT throws_ok('SELECT 1 FROM crm_partition.sale_2024_01', '42501', 'permission denied for schema crm_partition',
  'but no partition past its parent');
SELECT throws_ok(call, '42501', NULL, call) FROM unnest(ARRAY[
  $$CALL crmcost.refresh('crm')$$, $$CALL crmcost.install('mine')$$, $$CALL crmcost.upgrade('crm')$$,
  $$CALL crmcost.ensure_partitions('crm', '2024-01-01', '2024-01-01')$$, $$SELECT crmcost.erase_customer('crm', 1)$$,
  $$SELECT crmcost.grant_read('crm', 'crm_stranger')$$, 'CREATE TABLE crm.mine ()', 'DELETE FROM crm.sale']) AS call;
RESET ROLE;
SELECT is_empty($$
  SELECT c.oid::regclass, a.privilege_type, a.is_grantable FROM pg_class c, aclexplode(c.relacl) a
  WHERE c.relnamespace = 'crm'::regnamespace AND a.grantee = 'crm_reader'::regrole
        AND (a.privilege_type <> 'SELECT' OR a.is_grantable)
$$, 'a reader has SELECT and no other privilege');
SELECT ok(has_schema_privilege('crm_reader', 'crm', 'USAGE')
  AND NOT has_schema_privilege('crm_reader', 'crm', 'CREATE'),
          'and USAGE of the schema');
SET LOCAL ROLE crm_stranger;
SELECT throws_ok('SELECT * FROM crm.customer_profit', '42501', NULL, 'a stranger reads nothing');
SELECT lives_ok($$SELECT crmcost.allocate(10, ARRAY[1, 2])$$, 'but calculates');
RESET ROLE;
CREATE ROLE crm_trusted;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA crmcost TO crm_trusted;
SET LOCAL ROLE crm_trusted;
SELECT throws_ok($$CALL crmcost.install('mine')$$, '42501',
  format('permission denied to create a schema in database "%s"', current_database()),
                 'who may call install but not create a schema is told so');
RESET ROLE;
GRANT USAGE ON SCHEMA crm TO crm_trusted;
GRANT ALL ON ALL TABLES IN SCHEMA crm TO crm_trusted;
SET LOCAL ROLE crm_trusted;
SELECT throws_ok(call, '42501', 'must be owner of ledger "crm"', 'who is not the owner is told so: ' || call)
  FROM unnest(ARRAY[
  $$SELECT crmcost.grant_read('crm', 'crm_reader')$$, $$CALL crmcost.upgrade('crm')$$,
    $$CALL crmcost.ensure_partitions('crm', '1998-01-01', '1998-01-01')$$]) AS call;
SELECT lives_ok($$CALL crmcost.refresh('crm', '2024-02-01')$$, 'but refreshes, with the rights on the tables');
RESET ROLE;

-- who loads needs no right on the partitions, but notes what changed; and is told what to call
CREATE ROLE crm_loader;
GRANT USAGE ON SCHEMA crm TO crm_loader;
GRANT SELECT ON crm.customer TO crm_loader;
GRANT SELECT, INSERT ON crm.sale TO crm_loader;
GRANT SELECT ON crm.setting, crm.closed_period, crm.refresh_state TO crm_loader;
GRANT SELECT, INSERT ON crm.touched, crm.late_fact TO crm_loader;
SET LOCAL ROLE crm_loader;
SELECT lives_ok($$INSERT INTO crm.sale (customer_id, order_ref, sold_at, amount, currency)
  VALUES (1, 'loaded', '2024-12-31', 0, 'EUR')$$, 'a loader loads');
SELECT throws_ok($$INSERT INTO crm.sale (customer_id, sold_at, amount, currency) VALUES (1, '2021-12-31', 1, 'EUR')$$,
  '23514',
                 'sold_at must be in a month that sale has a partition for, not in 2021-12',
                   'and is told of a missing month');
RESET ROLE;

-- row-level security: the views run with the rights of the reader
SET LOCAL ROLE crm_dba;
CREATE FUNCTION pg_temp.protect(relation text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE crm.%I ENABLE ROW LEVEL SECURITY', relation);
  EXECUTE format('CREATE POLICY own ON crm.%I FOR SELECT TO crm_reader USING (customer_id <= 5)', relation);
END
$$;
SELECT pg_temp.protect(t) FROM
  unnest('{customer,sale,cost_entry,interaction,classification,customer_month,customer_value,customer_score,customer_class,customer_order,kept_snapshot}'::text[]) t;
SET LOCAL ROLE crm_reader;
SELECT results_eq(format('SELECT count(DISTINCT customer_id) FROM crm.%I', v), $$ VALUES (5::bigint) $$,
  format('RLS: %s shows its five customers', v))
FROM unnest('{sale_base,cost,customer_cost,customer_profit,whale_curve,customer_rfm,customer_tier,customer_classification,customer_360,customer_clv}'::text[]) v;
SELECT is((SELECT sum(customers) FROM crm.clv_by_stage), 20::numeric,
  'RLS: totals that are stored are of everybody: clv_by_stage');
SELECT throws_ok($$SELECT * FROM crmcost.clv_holdout('crm', '2024-01-05', '2024-01-10')$$, '22000', NULL,
  'RLS: clv_holdout sees five customers, all alike');
SELECT is((SELECT sum(cost) FROM crm.cost_by_month), 20.0, 'RLS: cost_by_month');
SELECT is((SELECT sum(customers) FROM crm.channel_cac), 20::numeric, 'RLS: channel_cac');
-- 9, 19, 29, 39 and 49 of 2,080, each to six decimals
SELECT is((SELECT sum(contribution_share) FROM crm.customer_profit), 0.069712, 'RLS: and shares are of everybody''s');
SET LOCAL ROLE crm_dba;
SELECT is((SELECT count(*) FROM crm.customer_360), 20::bigint, 'RLS: the owner sees all');
-- whether the reports are behind the facts is for those to say who see all of both
SAVEPOINT apart;
INSERT INTO crm.allocation_rule (category_code, driver) VALUES ('svc', 'orders');
INSERT INTO crm.cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc', '2024-01-07', 100, 'EUR'),
  ('acq', '2024-01-07', 10, 'EUR');
CALL crmcost.refresh('crm', '2024-02-01');
CREATE FUNCTION pg_temp.behind() RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(check_name || ' ' || rows, ', ' ORDER BY check_name) FROM crm.data_quality
    WHERE check_name LIKE '%_not_refreshed' AND rows > 0$$;
SELECT is(pg_temp.behind(), NULL, 'RLS: after a refresh no report is behind the facts');
SET LOCAL ROLE crm_reader;
SELECT is(pg_temp.behind(), NULL, 'RLS: nor for a reader of a part of them');
SET LOCAL ROLE crm_dba;
DROP POLICY own ON crm.cost_entry;
ALTER TABLE crm.cost_entry DISABLE ROW LEVEL SECURITY;
DROP POLICY own ON crm.sale;
ALTER TABLE crm.sale DISABLE ROW LEVEL SECURITY;
SET LOCAL ROLE crm_reader;
SELECT is(pg_temp.behind(), NULL, 'RLS: or of all facts and a part of the reports');
SET LOCAL ROLE crm_dba;
INSERT INTO crm.cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc', '2024-01-08', 1, 'EUR');
INSERT INTO crm.sale (customer_id, sold_at, amount, currency) VALUES (1, '2024-01-08', 1, 'EUR');
SELECT is(pg_temp.behind(), 'cost_not_refreshed 1, sale_not_refreshed 1', 'RLS: the owner is told when they are');
ROLLBACK TO apart;
RESET ROLE;

-- what computes or writes for everybody does so for all rows, or not at all
CREATE ROLE crm_operator;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA crmcost TO crm_operator;
GRANT USAGE ON SCHEMA crm TO crm_operator;
GRANT ALL ON ALL TABLES IN SCHEMA crm TO crm_operator;
CREATE POLICY operator ON crm.sale TO crm_operator USING (customer_id = 1);
CREATE POLICY operator ON crm.customer FOR SELECT TO crm_operator USING (true);
CREATE TEMPORARY TABLE month_before AS SELECT * FROM crm.customer_month;
SET LOCAL ROLE crm_operator;
SELECT throws_ok(call, '42501', message, 'RLS: a role that sees a part is refused ' || call)
FROM (VALUES ($$CALL crmcost.refresh('crm', '2024-02-01', full => true)$$, NULL),
             ($$CALL crmcost.close_period('crm', '2024-01-01')$$, NULL),
             ($$SELECT crmcost.erase_customer('crm', 1)$$,
               'query would be affected by row-level security policy for table "customer"')) c (call, message);
RESET ROLE;
SELECT bag_eq('SELECT * FROM crm.customer_month', 'SELECT * FROM month_before', 'RLS: and nothing has changed');
DROP OWNED BY crm_operator;

-- a search_path made by an enemy
CREATE SCHEMA hostile AUTHORIZATION crm_stranger;
GRANT USAGE ON SCHEMA hostile TO PUBLIC;
SET LOCAL ROLE crm_stranger;
CREATE FUNCTION hostile.trap() RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'caught %', current_user;
  END$$;
CREATE FUNCTION hostile.equal(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT hostile.trap()';
CREATE OPERATOR hostile.= (LEFTARG = text, RIGHTARG = text, FUNCTION = hostile.equal);
CREATE FUNCTION hostile.equal(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT hostile.trap()';
CREATE OPERATOR hostile.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = hostile.equal);
CREATE FUNCTION hostile.less(timestamptz, timestamptz) RETURNS boolean LANGUAGE sql AS 'SELECT hostile.trap()';
CREATE OPERATOR hostile.<= (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = hostile.less);
CREATE FUNCTION hostile.format(text, VARIADIC text[]) RETURNS text LANGUAGE sql AS $$SELECT 'x' WHERE hostile.trap()$$;
CREATE FUNCTION hostile.round(numeric, int) RETURNS numeric LANGUAGE sql AS 'SELECT 1 WHERE hostile.trap()';
CREATE FUNCTION hostile.date_trunc(text, timestamp) RETURNS timestamp LANGUAGE sql AS 'SELECT $2 WHERE hostile.trap()';
CREATE FUNCTION hostile.quote_ident(text) RETURNS text LANGUAGE sql AS 'SELECT $1 WHERE hostile.trap()';
CREATE FUNCTION hostile.to_regclass(text) RETURNS regclass LANGUAGE sql AS 'SELECT NULL::regclass WHERE hostile.trap()';
CREATE FUNCTION hostile.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS 'SELECT $1 WHERE hostile.trap()';
CREATE TABLE hostile.setting (key text, value text);
CREATE TABLE hostile.sale (customer_id bigint);
CREATE TABLE hostile.refresh_run (run_id bigint);
CREATE TABLE hostile.pg_class (relname name);
RESET ROLE;
GRANT ALL ON ALL TABLES IN SCHEMA hostile TO PUBLIC;
-- with the sale that the loader has loaded, for a day to come
CALL crmcost.refresh('crm', '2024-02-01');
CREATE TEMPORARY TABLE before AS SELECT * FROM crm.customer_profit;
CREATE TEMPORARY TABLE setting AS SELECT * FROM hostile.setting;
CREATE TEMPORARY TABLE sale AS SELECT * FROM hostile.sale;
CREATE TEMPORARY TABLE refresh_order (trap int);
GRANT ALL ON setting, sale, refresh_order, before TO PUBLIC;
DROP TABLE refresh_order;
SET LOCAL ROLE crm_dba;
SET LOCAL search_path = hostile, pg_temp, pg_catalog, public;
CALL crmcost.install('second', false);
CALL crmcost.refresh('crm', '2024-02-01');
CALL crmcost.upgrade('crm');
CALL crmcost.ensure_partitions('crm', '2022-01-01', '2022-02-01');
INSERT INTO second.customer SELECT * FROM crm.customer;
INSERT INTO second.sale SELECT * FROM crm.sale;
INSERT INTO second.cost_entry SELECT * FROM crm.cost_entry;
CALL crmcost.refresh('second', '2024-02-01');
SELECT crmcost.grant_read('second', 'crm_reader');
SELECT crmcost.erase_customer('second', 1);
CREATE TEMPORARY TABLE after AS SELECT * FROM second.customer_profit;
SET LOCAL search_path = public;
SELECT bag_eq('SELECT * FROM after', 'SELECT * FROM before', 'a hostile search_path changes nothing');
SELECT is((SELECT rows_changed FROM crm.last_refresh), 0::bigint, 'neither does one for refresh');
SELECT is_empty($$SELECT * FROM second.data_quality WHERE severity = 'error' AND rows > 0
  AND check_name !~ 'not_refreshed'$$, 'nor for the views');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
