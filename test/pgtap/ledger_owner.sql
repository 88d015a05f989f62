-- Whose a ledger is: nobody else creates in its schema, no function or operator
-- is in it, triggers run its owner's code, and work is done as the owner.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();
CREATE ROLE crm_owner;
CREATE ROLE crm_member IN ROLE crm_owner;
CREATE ROLE crm_stranger;
DO $$BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO crm_owner', current_database()); END$$;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA crmcost TO crm_owner, crm_stranger;
SET LOCAL ROLE crm_owner;
CALL crmcost.install('theirs', false);
CALL crmcost.refresh('theirs', '2024-01-01');
RESET ROLE;
GRANT USAGE ON SCHEMA theirs TO crm_stranger;

-- every routine that takes a ledger, with a value of its type for each argument
CREATE TEMPORARY TABLE call AS
SELECT p.oid::regprocedure::text AS routine,
       format('%s crmcost.%I(%s)', CASE p.prokind WHEN 'p' THEN 'CALL' ELSE 'SELECT' END, p.proname,
              (SELECT string_agg(CASE n WHEN 1 THEN quote_literal('theirs') ELSE
                        CASE t::regtype::text WHEN 'date' THEN $$date '2024-01-01'$$ WHEN 'timestamp with time zone'
                          THEN $$timestamptz '2024-01-01'$$
                          WHEN 'bigint' THEN '1::bigint' WHEN 'name' THEN $$name 'crm_member'$$ WHEN 'boolean'
                            THEN 'false' ELSE 'NULL::' || t::regtype END END, ', ' ORDER BY n)
               FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY a (t, n))) AS statement
FROM pg_proc p
WHERE p.pronamespace = 'crmcost'::regnamespace AND p.proargnames[1] = 'ledger' AND p.proname NOT LIKE '\_%'
      AND p.proname <> 'install';
SELECT cmp_ok((SELECT count(*) FROM call), '>', 6::bigint, 'routines of a ledger');
CREATE FUNCTION pg_temp.refused(message text, why text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  c record;
BEGIN
  FOR c IN SELECT * FROM call ORDER BY routine LOOP
    RETURN NEXT throws_ok(c.statement, '55000', message, format('%s: %s', why, c.routine));
  END LOOP;
END
$$;

SAVEPOINT fresh;

-- the schema
GRANT CREATE ON SCHEMA theirs TO crm_stranger;
SELECT pg_temp.refused('only the owner "crm_owner" of ledger "theirs" must be able to create in its schema, not "crm_stranger"',
  'CREATE to somebody');
ROLLBACK TO fresh;
GRANT CREATE ON SCHEMA theirs TO PUBLIC;
SELECT throws_ok($$CALL crmcost.refresh('theirs')$$, '55000',
  'only the owner "crm_owner" of ledger "theirs" must be able to create in its schema, not "PUBLIC"', 'CREATE to all');
ROLLBACK TO fresh;
ALTER SCHEMA theirs OWNER TO crm_stranger;
SELECT throws_ok($$CALL crmcost.refresh('theirs')$$, '55000',
  'only the owner "crm_owner" of ledger "theirs" must be able to create in its schema, not "crm_stranger"',
  'a schema of somebody');
ROLLBACK TO fresh;
GRANT CREATE ON SCHEMA theirs TO crm_member;
SELECT lives_ok($$CALL crmcost.refresh('theirs', '2024-01-01')$$, 'CREATE to a member of the owner');
ROLLBACK TO fresh;

-- what is in it
CREATE FUNCTION theirs.round(integer, integer) RETURNS numeric LANGUAGE sql AS 'SELECT 1';
SELECT pg_temp.refused('schema of ledger "theirs" must hold no function or operator, not function theirs.round(integer,integer)',
  'a function');
ROLLBACK TO fresh;
CREATE AGGREGATE theirs.sum(text) (SFUNC = textcat, STYPE = text);
SELECT throws_ok($$CALL crmcost.refresh('theirs')$$, '55000',
  'schema of ledger "theirs" must hold no function or operator, not function theirs.sum(text)', 'an aggregate');
ROLLBACK TO fresh;
CREATE PROCEDURE theirs.refresh(text) LANGUAGE sql AS '';
SELECT throws_ok($$CALL crmcost.refresh('theirs')$$, '55000',
  'schema of ledger "theirs" must hold no function or operator, not function theirs.refresh(text)', 'a procedure');
ROLLBACK TO fresh;
CREATE OPERATOR theirs.+ (LEFTARG = text, RIGHTARG = text, FUNCTION = textcat);
SELECT throws_ok($$CALL crmcost.refresh('theirs')$$, '55000',
  'schema of ledger "theirs" must hold no function or operator, not operator theirs.+(text,text)', 'an operator');
ROLLBACK TO fresh;
SET LOCAL ROLE crm_owner;
CREATE TYPE theirs.region AS ENUM ('north', 'south');
CREATE TYPE theirs.span AS RANGE (SUBTYPE = integer);
CREATE DOMAIN theirs.percent AS numeric CHECK (VALUE <= 100);
CREATE VIEW theirs.mine AS SELECT * FROM theirs.customer;
CREATE TABLE theirs.note (customer_id bigint REFERENCES theirs.customer);
CREATE FUNCTION theirs.stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.note := current_user; RETURN NEW; END';
ALTER TABLE theirs.refresh_run ADD note text;
CREATE TRIGGER stamp BEFORE INSERT ON theirs.refresh_run FOR EACH ROW EXECUTE FUNCTION theirs.stamp();
RESET ROLE;
SELECT lives_ok(statement, 'types, tables, views and trigger functions of the owner: ' || routine)
FROM call WHERE routine ~ 'refresh|upgrade|grant_read|ensure_partitions';
SELECT is((SELECT array_agg(DISTINCT note) FILTER (WHERE note IS NOT NULL) FROM theirs.refresh_run), '{crm_owner}',
  'a trigger of the owner runs as the owner');
SAVEPOINT owned;
ALTER VIEW theirs.mine OWNER TO crm_stranger;
SELECT pg_temp.refused('what is in the schema of ledger "theirs" must belong to its owner "crm_owner", not view theirs.mine to "crm_stranger"',
  'a view of somebody');
ROLLBACK TO owned;
ALTER TYPE theirs.region OWNER TO crm_stranger;
SELECT throws_ok($$CALL crmcost.refresh('theirs')$$, '55000',
  'what is in the schema of ledger "theirs" must belong to its owner "crm_owner", not type theirs.region to "crm_stranger"',
  'a type of somebody');
ROLLBACK TO owned;
ALTER VIEW theirs.customer_rfm OWNER TO crm_stranger;
SELECT throws_ok($$CALL crmcost.refresh('theirs')$$, '55000',
  'what is in the schema of ledger "theirs" must belong to its owner "crm_owner", not view theirs.customer_rfm to "crm_stranger"',
  'one of our views, made by somebody');
ROLLBACK TO owned;

-- triggers, of the owner's table and of somebody's function
ALTER FUNCTION theirs.stamp() SET SCHEMA public;
ALTER FUNCTION public.stamp() OWNER TO crm_stranger;
SELECT throws_ok(statement, '55000',
  'triggers of ledger "theirs" must run code of its owner "crm_owner", not function public.stamp() of "crm_stranger"',
  'a trigger of somebody: ' || routine)
FROM call WHERE routine !~ 'clv_holdout|key_hash|business_seconds|tier_migration|journey';	-- they write nothing
ROLLBACK TO owned;
ALTER FUNCTION theirs.stamp() OWNER TO crm_member;
SELECT lives_ok($$CALL crmcost.refresh('theirs', '2024-01-01')$$, 'a trigger of a member of the owner');
ROLLBACK TO fresh;
CREATE FUNCTION public.evil_equal(text, name) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE OPERATOR public.~~~~ (LEFTARG = text, RIGHTARG = name, FUNCTION = public.evil_equal);
SET LOCAL ROLE crm_owner;
CREATE TRIGGER conditional BEFORE UPDATE ON theirs.setting FOR EACH ROW
  WHEN (OLD.value OPERATOR(public.~~~~) 'x'::name) EXECUTE FUNCTION suppress_redundant_updates_trigger();
RESET ROLE;
SELECT lives_ok($$CALL crmcost.refresh('theirs', '2024-01-01')$$, 'a condition of a superuser');
ALTER OPERATOR public.~~~~ (text, name) OWNER TO crm_stranger;
SELECT throws_ok($$CALL crmcost.refresh('theirs')$$, '55000',
  'triggers of ledger "theirs" must run code of its owner "crm_owner", not operator public.~~~~(text,name) of "crm_stranger"',
  'an operator of somebody in a condition');
ALTER OPERATOR public.~~~~ (text, name) OWNER TO crm_owner;
ALTER FUNCTION public.evil_equal(text, name) OWNER TO crm_stranger;
SELECT throws_ok($$CALL crmcost.refresh('theirs')$$, '55000',
  'triggers of ledger "theirs" must run code of its owner "crm_owner", not function public.evil_equal(text,name) of "crm_stranger"',
  'and the function behind one');
ROLLBACK TO fresh;

-- whoever has the owner's rights is answered as the owner is
SET LOCAL ROLE crm_owner;
INSERT INTO theirs.customer (customer_id, source_key, first_seen_at, acquired_at)
SELECT i, i, '2024-01-01', '2024-01-01' FROM generate_series(1, 3) i;
INSERT INTO theirs.sale (customer_id, order_ref, sold_at, amount, currency) VALUES (1, '1', '2024-01-02', 10, 'EUR');
INSERT INTO theirs.loyalty_entry (customer_id, program_code, occurred_at, kind, points)
  VALUES (1, 'points', '2024-01-02', 'earn', 10);
CALL crmcost.refresh('theirs', '2024-02-01');
RESET ROLE;
SAVEPOINT filled;
INSERT INTO call VALUES
  ('set_stage in full', $$CALL crmcost.set_stage('theirs', 1, 'at_risk', NULL, '2024-01-20')$$),
  ('transfer_points in full', $$SELECT crmcost.transfer_points('theirs', 'points', 1, 2, 4, '2024-01-20')$$),
  ('merge_customer in full', $$SELECT crmcost.merge_customer('theirs', 2, 3)$$);
GRANT SELECT ON call TO crm_owner;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA crmcost TO crm_member;
CREATE FUNCTION pg_temp.answer(who name, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  message text;
BEGIN
  EXECUTE format('SET LOCAL ROLE %s', who);
  EXECUTE statement;
  RAISE EXCEPTION 'done';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLERRM;
END
$$;
SELECT is(pg_temp.answer(who, statement), pg_temp.answer('crm_owner', statement),
  format('%s: as by the owner: %s', who, routine))
FROM call, unnest('{none,crm_member}'::name[]) who ORDER BY routine, who;
SELECT is(pg_temp.answer('none', statement), 'done', routine) FROM call WHERE routine ~ 'in full';
ROLLBACK TO fresh;

-- _run_as_owner itself
CREATE FUNCTION public.who(ledger name, day date) RETURNS boolean LANGUAGE plpgsql
  AS $$BEGIN RETURN current_user = ledger AND day IS NULL; END$$;
CREATE FUNCTION public.strict_one(name) RETURNS boolean STRICT LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION public.many(name) RETURNS SETOF boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION public.fails(name) RETURNS void LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'as %', current_user; END$$;
SELECT ok(crmcost._run_as_owner('theirs', NULL, 'public.who(name,date)', 'crm_owner'::name, NULL::date),
  'a routine runs as the owner, and says so');
SELECT is(crmcost._run_as_owner('theirs', NULL, 'public.who(name,date)', 'nobody'::name, NULL::date), false,
  'what it returns is returned');
SELECT is(crmcost._run_as_owner('crm', NULL, 'public.who(name,date)', 'crm_owner'::name, NULL::date), NULL,
  'in a ledger of one''s own there is nothing to hand over');
SELECT throws_ok($$SELECT crmcost._run_as_owner('theirs', NULL, 'public.fails(name)', 'x'::name)$$, 'P0001',
  'as crm_owner', 'an error is the routine''s');
SELECT is(current_user::text, session_user::text, 'after which everybody is who they were');
SELECT throws_ok(format('SELECT crmcost._run_as_owner(%s)', arguments), '42804', NULL, 'refused: ' || arguments)
FROM unnest(ARRAY[
  $$'theirs', NULL, 'public.who(name,date)', 'x'::name, 1$$, $$'theirs', NULL, 'public.who(name,date)', 'x'::name$$,
  $$'theirs', NULL, 'public.who(name,date)', 'x'::name, NULL::date, 1$$,
    $$'theirs', NULL, 'public.strict_one(name)', 'x'::name$$,
  $$'theirs', NULL, 'public.many(name)', 'x'::name$$, $$'theirs', NULL, 'pg_catalog.count("any")', 1$$,
    $$'theirs', NULL, 'pg_catalog.row_number()', 1$$,
  $$'theirs', 'pg_catalog.row_number()', 'public.fails(name)', 'x'::name$$,
    $$'theirs', 'pg_catalog.upper(text)', 'public.fails(name)', 'x'::name$$,
  $$'theirs', NULL, 'pg_catalog.upper(text)', 'x'::text$$]) arguments;
SELECT throws_ok($$SELECT crmcost._run_as_owner('theirs', NULL, NULL, 1)$$, '22004', 'routine must not be null',
  'no routine');
SELECT throws_ok($$SELECT crmcost._run_as_owner('theirs', NULL, 0, 1)$$, NULL, NULL, 'one that is not there');
SELECT throws_ok($$SELECT crmcost._run_as_owner(NULL, NULL, 'public.fails(name)', 'x'::name)$$, '22004',
  'ledger must not be null', 'no ledger');
REVOKE EXECUTE ON FUNCTION public.who(name, date) FROM PUBLIC;
SELECT throws_ok($$SELECT crmcost._run_as_owner('theirs', NULL, 'public.who(name,date)', 'x'::name, NULL::date)$$,
  '42501',
                 'permission denied for who(name,date) to the owner "crm_owner" of the ledger',
                   'what the owner may not call');
GRANT EXECUTE ON FUNCTION public.who(name, date) TO crm_owner;
SET LOCAL ROLE crm_stranger;
SELECT throws_ok($$SELECT crmcost._run_as_owner('theirs', NULL, 'public.who(name,date)', 'x'::name, NULL::date)$$,
  '42501',
                 'permission denied for routine who', 'what the caller may not call');
SELECT throws_ok($$SELECT crmcost._run_as_owner('theirs', NULL, 'public.fails(name)', 'x'::name)$$, 'P0001',
  'as crm_stranger',
                 'who has not the rights of the owner does not get them, and is not behind SET ROLE either');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
