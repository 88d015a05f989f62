-- Monthly partitions: which there are, in which schema, what a row without one
-- is told, and what a dump, a rename, DROP and upgrade find.
\ir ledger_setup.psql
SELECT no_plan();
CREATE FUNCTION pg_temp.this_month() RETURNS date LANGUAGE sql AS $$
  SELECT date_trunc('month', now() AT TIME ZONE 'UTC')::date$$;
CREATE FUNCTION pg_temp.partitions(ledger text, place text) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
  WHERE c.relkind = 'r' AND p.relnamespace = ledger::regnamespace AND c.relnamespace = place::regnamespace$$;
CREATE FUNCTION pg_temp.told(statement text, OUT code text, OUT message text, OUT hint text, OUT "constraint" text)
  LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT,
    "constraint" = CONSTRAINT_NAME;
END
$$;
CREATE TEMPORARY VIEW awaited AS
SELECT format('%s_%s', t, suffix) AS name
FROM unnest('{sale,cost_entry,interaction,loyalty_entry}'::text[]) t,
     LATERAL (SELECT to_char(pg_temp.this_month() + n * interval '1 month', 'YYYY_MM') AS suffix
       FROM generate_series(0, 2) n
              UNION ALL SELECT 'refused') s;

-- the default is none
CALL crmcost.install('by_default');
SELECT is((SELECT count(*) FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
           WHERE c.relnamespace = 'by_default'::regnamespace), 0::bigint,
             'a ledger has no partitions unless they are wanted');
SELECT hasnt_schema('by_default_partition', 'and no schema for them');

-- on request, for months that await rows, out of sight
CALL crmcost.install('fresh', true);
SELECT set_eq($$SELECT pg_temp.partitions('fresh', 'fresh_partition')$$, 'SELECT name FROM awaited',
              'a new ledger has partitions of this month and the next two, and those that refuse the rest');
SELECT is_empty($$SELECT table_name FROM information_schema.tables
  WHERE table_schema = 'crm' AND table_name ~ '_(\d{4}_\d\d|refused)$'$$,
                'a schema browser finds no partition in the ledger');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'crm'::regnamespace
  AND c.relispartition$$,
                'nor anything else that belongs to one');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'crm_partition'::regnamespace
  AND c.relkind = 'r'
                    AND (c.reltuples <> 0 OR obj_description(c.oid, 'pg_class') IS NULL)$$,
                      'each is analysed and has a comment');
SELECT isnt(obj_description('crm_partition'::regnamespace, 'pg_namespace'), NULL, 'the schema has one, too');

-- ensure_partitions
SELECT lives_ok($$CALL crmcost.ensure_partitions('crm', '2023-05-17', '2024-02-29')$$,
  'ensure_partitions of months that are there');
SELECT is((SELECT count(*) FROM pg_temp.partitions('crm', 'crm_partition') p WHERE p ~ '^sale_2023'), 12::bigint,
  'makes none of them twice');
SELECT lives_ok($$CALL crmcost.ensure_partitions('crm', '1999-12-31', '2000-02-01')$$,
  'ensure_partitions of earlier months');
SELECT set_eq($$SELECT p FROM pg_temp.partitions('crm', 'crm_partition') p
  WHERE p ~ '^cost_entry_' AND p < 'cost_entry_2001'$$,
  $$ VALUES ('cost_entry_1999_12'), ('cost_entry_2000_01'), ('cost_entry_2000_02') $$,
    'makes both ends and what is between');
INSERT INTO customer (source_key, first_seen_at) VALUES ('c', '1999-12-01');
INSERT INTO sale (customer_id, sold_at, amount, currency)
SELECT customer_id, at::timestamptz, 1, 'EUR'
FROM customer, unnest('{1999-12-01 00:00Z,1999-12-31 23:59:59.999999Z,2000-02-29 12:00Z}'::text[]) AS at;
SELECT is((SELECT count(*) FROM sale WHERE sold_at < '2001-01-01'), 3::bigint,
  'and rows go there, to the last microsecond');
SAVEPOINT bounds;
SET LOCAL DateStyle = 'SQL, DMY';
SET LOCAL timezone = 'America/Havana';
SELECT lives_ok($$CALL crmcost.ensure_partitions('crm', make_date(1998, 1, 1), make_date(1998, 12, 1))$$,
                'bounds do not depend on DateStyle and TimeZone');
SELECT lives_ok($$CALL crmcost.ensure_partitions('crm', make_date(1998, 12, 1), make_date(1999, 1, 1))$$,
  'nor does what is found');
SET LOCAL DateStyle = 'ISO';
SET LOCAL timezone = 'UTC';
SELECT is((SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE oid = 'crm_partition.sale_1998_11'::regclass),
          $$FOR VALUES FROM ('1998-11-01 00:00:00+00') TO ('1998-12-01 00:00:00+00')$$, 'they are months in UTC');
ROLLBACK TO bounds;
SELECT throws_ok(call, code, message, call)
FROM (VALUES
  ($$CALL crmcost.ensure_partitions('crm', '2024-02-01', '2024-01-31')$$, '22023',
   'from_month must not be after to_month, not 2024-02-01 and 2024-01-31'),
  ($$CALL crmcost.ensure_partitions('crm', '1950-01-01', '2050-01-01')$$, '54000',
   'from_month to to_month must be at most 1200 months, not 1201'),
  ($$CALL crmcost.ensure_partitions('crm', NULL, '2024-01-31')$$, '22004', 'from_month must not be null'),
  ($$CALL crmcost.ensure_partitions('crm', '2024-01-31', NULL)$$, '22004', 'to_month must not be null'),
  ($$CALL crmcost.ensure_partitions('crm', '2024-01-01', 'infinity')$$, '22023',
   'from_month and to_month must lie between 1900 and 9999, not 2024-01-01 and infinity'),
  ($$CALL crmcost.ensure_partitions('crm', 'infinity', '2024-01-01')$$, '22023',
   'from_month and to_month must lie between 1900 and 9999, not infinity and 2024-01-01'),
  ($$CALL crmcost.ensure_partitions('crm', 'infinity', 'infinity')$$, '22023',
   'from_month and to_month must lie between 1900 and 9999, not infinity and infinity'),
  ($$CALL crmcost.ensure_partitions('crm', '2024-01-01', '-infinity')$$, '22023',
   'from_month and to_month must lie between 1900 and 9999, not 2024-01-01 and -infinity')
) AS v (call, code, message);
-- partitions that the owner has made
CREATE TABLE sale_nineties (LIKE sale INCLUDING ALL EXCLUDING IDENTITY);
ALTER TABLE sale ATTACH PARTITION sale_nineties FOR VALUES FROM (MINVALUE) TO ('1999-01-01 00:00Z');
SELECT lives_ok($$CALL crmcost.ensure_partitions('crm', '1998-11-01', '1999-02-01')$$,
  'months inside a longer partition are there');
SELECT set_eq($$SELECT p FROM pg_temp.partitions('crm', 'crm_partition') p WHERE p ~ '_199[89]_(11|01|02)'$$,
  $$ VALUES ('sale_1999_01'), ('sale_1999_02'), ('cost_entry_1998_11'), ('cost_entry_1999_01'), ('cost_entry_1999_02'),
            ('interaction_1998_11'), ('interaction_1999_01'), ('interaction_1999_02'),
            ('loyalty_entry_1998_11'), ('loyalty_entry_1999_01'), ('loyalty_entry_1999_02') $$,
              'and only the others are made');
ROLLBACK TO bounds;

-- a row without a partition
SELECT results_eq(format('SELECT code, message, hint FROM pg_temp.told(%L)', statement),
  format($$ VALUES ('23514', %L, %L) $$, message, format(
    'CALL crmcost.ensure_partitions(%L, %2$L, %2$L) makes it; give the first and the last month of the load.', 'crm',
      month)), statement)
FROM (VALUES
  ($$INSERT INTO sale (customer_id, sold_at, amount, currency) SELECT customer_id, '1999-11-30 23:59:59Z', 1, 'EUR'
    FROM customer$$,
   'sold_at must be in a month that sale has a partition for, not in 1999-11', '1999-11-01'),
  ($$INSERT INTO cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc', '2000-03-01', 1, 'EUR')$$,
   'incurred_on must be in a month that cost_entry has a partition for, not in 2000-03', '2000-03-01'),
  ($$INSERT INTO interaction (customer_id, occurred_at, kind) SELECT customer_id, '1900-01-01 00:00Z', 'care'
    FROM customer$$,
   'occurred_at must be in a month that interaction has a partition for, not in 1900-01', '1900-01-01'),
  ($$INSERT INTO loyalty_entry (customer_id, program_code, occurred_at, kind, points)
     SELECT customer_id, 'points', '9999-12-31 23:59Z', 'earn', 1 FROM customer$$,
   'occurred_at must be in a month that loyalty_entry has a partition for, not in 9999-12', '9999-12-01'),
  ($$UPDATE sale SET sold_at = '1999-11-30 23:59:59Z' WHERE sold_at < '1999-12-02'$$,
   'sold_at must be in a month that sale has a partition for, not in 1999-11', '1999-11-01')
) AS v (statement, message, month);
SET LOCAL DateStyle = 'SQL, DMY';
SET LOCAL timezone = 'Pacific/Guam';
SELECT is((SELECT message FROM pg_temp.told($$INSERT INTO sale (customer_id, sold_at, amount, currency)
             SELECT customer_id, '01/04/2000 09:59', 1, 'EUR' FROM customer$$)),
          'sold_at must be in a month that sale has a partition for, not in 2000-03',
            'the month is that in UTC, whatever the session''s zone');
SET LOCAL DateStyle = 'ISO';
SET LOCAL timezone = 'UTC';
SELECT is((SELECT "constraint" FROM pg_temp.told(format(
             'INSERT INTO sale (customer_id, sold_at, amount, currency) SELECT customer_id, %L, 1, %L FROM customer',
               day, 'EUR'))),
          expected, format('a sale at %s is told by a constraint of the column', coalesce(day, 'no time')))
FROM (VALUES ('infinity', 'sold_at_is_finite'), ('-infinity', 'sold_at_is_finite'),
  ('1899-12-31 23:59:59Z', 'sold_at_not_before_1900'),
             (NULL, '')) v (day, expected);
SELECT is((SELECT code FROM
  pg_temp.told('INSERT INTO sale (customer_id, amount, currency) SELECT customer_id, 1, ''EUR'' FROM customer')),
          '23502', 'and one without a time, as well');
SELECT is((SELECT count(*) FROM crm_partition.sale_refused), 0::bigint, 'nothing gets in');
SELECT is(obj_description('crm_partition.sale_refused'::regclass, 'pg_class'),
  'No row ever: refuses those of months without a partition.', 'as its comment says');
SELECT is(obj_description('crm_partition.sale_2024_01'::regclass, 'pg_class'), 'Rows of sale of 2024-01, in UTC.',
  'that of another says of which month it has rows');
-- neither where triggers of other kinds do not fire, nor without them
SET LOCAL session_replication_role = replica;
SELECT is((SELECT message FROM pg_temp.told($$INSERT INTO sale (customer_id, sold_at, amount, currency)
  VALUES (1, '1999-11-30', 1, 'EUR')$$)),
          'sold_at must be in a month that sale has a partition for, not in 1999-11', 'nor from a publisher');
SET LOCAL session_replication_role = origin;
ALTER TABLE crm_partition.sale_refused DISABLE TRIGGER ALL;
SELECT is((SELECT "constraint"
  FROM pg_temp.told($$INSERT INTO sale (customer_id, sold_at, amount, currency) VALUES (1, '1999-11-30', 1, 'EUR')$$)),
          'wants_a_partition_of_its_month', 'nor past the trigger');
SELECT is((SELECT "constraint"
  FROM pg_temp.told($$INSERT INTO crm_partition.sale_refused (sale_id, customer_id, sold_at, amount, currency)
             VALUES (1, 1, '1999-11-30', 1, 'EUR')$$)), 'wants_a_partition_of_its_month', 'nor past the table');
ROLLBACK TO bounds;
-- the words of the hint work
DO $$BEGIN EXECUTE substring((SELECT hint
  FROM pg_temp.told($q$INSERT INTO cost_entry (category_code, incurred_on, amount, currency)
                                VALUES ('svc', '2000-03-31', 1, 'EUR')$q$)) FROM '^CALL [^)]*[)]'); END$$;
SELECT lives_ok($$INSERT INTO cost_entry (category_code, incurred_on, amount, currency)
  VALUES ('svc', '2000-03-31', 1, 'EUR')$$,
                'what the hint says to call lets the row in');

-- refresh makes what is missing of the months to come
SELECT pg_temp.this_month() + interval '2 months' AS third \gset
SELECT to_char(:'third'::date, 'YYYY_MM') AS suffix \gset
DROP TABLE crm_partition.sale_:suffix, crm_partition.cost_entry_:suffix;
SAVEPOINT dropped;
CALL crmcost.refresh('crm', '2024-02-01');
SELECT set_eq($$SELECT p FROM pg_temp.partitions('crm', 'crm_partition') p JOIN awaited a ON a.name = p$$,
  'SELECT name FROM awaited',
              'refresh makes the partitions of the months to come');
ROLLBACK TO dropped;
CREATE ROLE crm_clerk;
GRANT USAGE ON SCHEMA crm, crmcost TO crm_clerk;
GRANT ALL ON ALL TABLES IN SCHEMA crm TO crm_clerk;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA crmcost TO crm_clerk;
SET LOCAL ROLE crm_clerk;
SELECT lives_ok($$CALL crmcost.refresh('crm', '2024-02-01')$$, 'who is not the owner refreshes');
RESET ROLE;
SELECT is((SELECT count(*) FROM pg_temp.partitions('crm', 'crm_partition') p JOIN awaited a ON a.name = p), 14::bigint,
  'and makes none');
SELECT lives_ok($$CALL crmcost.ensure_partitions('crm', '2024-01-01', '2024-01-01')$$,
  'neither does ensure_partitions forget them');
SELECT set_eq($$SELECT p FROM pg_temp.partitions('crm', 'crm_partition') p JOIN awaited a ON a.name = p$$,
  'SELECT name FROM awaited', 'all are there');
ROLLBACK TO dropped;
-- without any partition but those that refuse
DO $$BEGIN EXECUTE (SELECT 'DROP TABLE ' || string_agg('crm_partition.' || p, ', ')
  FROM pg_temp.partitions('crm', 'crm_partition') p
                    WHERE p ~ '^loyalty' AND p !~ 'refused'); END$$;
INSERT INTO refresh_run VALUES (1, 'month', '2024-01-31', '2024-02-01', now(), now(), 0);
SELECT is((SELECT example FROM data_quality WHERE check_name = 'partitions_end_soon'),
  'loyalty_entry ends at -infinity',
          'a table with no partition of a month is found');
SET LOCAL search_path = public;
SELECT is((SELECT example FROM crm.data_quality WHERE check_name = 'partitions_end_soon'),
  'loyalty_entry ends at -infinity',
          'and named as the ledger names it, whatever the search path of who asks');
ROLLBACK TO bounds;

-- the name of the schema
CREATE SCHEMA taken_partition;
CALL crmcost.install('taken', true);
SELECT set_eq($$SELECT pg_temp.partitions('taken', 'taken_partition_2')$$, 'SELECT name FROM awaited',
  'a name that is taken gets a number');
CALL crmcost.ensure_partitions('taken', '2024-01-01', '2024-01-01');
SELECT is((SELECT count(*) FROM pg_temp.partitions('taken', 'taken_partition_2')), 20::bigint, 'and is found again');
SELECT repeat('ä', 30) || '1' AS long1, repeat('ä', 30) || '2' AS long2 \gset
CALL crmcost.install(:'long1', true);
CALL crmcost.install(:'long2', true);
SELECT set_eq(format('SELECT pg_temp.partitions(quote_ident(%L), quote_ident(%L))', ledger, place),
  'SELECT name FROM awaited',
              format('a name of %s bytes is cut between two letters', octet_length(ledger)))
FROM (VALUES (:'long1', repeat('ä', 26) || '_partition'), (:'long2', repeat('ä', 25) || '_partition_2')) v (ledger,
  place);
ROLLBACK TO bounds;

-- a ledger and its schema of partitions may be renamed
ALTER SCHEMA crm RENAME TO "Our customers";
CALL crmcost.ensure_partitions('Our customers', '2001-01-01', '2001-01-01');
ALTER SCHEMA crm_partition RENAME TO "their months";
CALL crmcost.ensure_partitions('Our customers', '2001-02-01', '2001-02-01');
SELECT set_eq($$SELECT p FROM pg_temp.partitions('"Our customers"', '"their months"') p WHERE p ~ '_2001_'$$,
  $$SELECT t || m FROM unnest('{sale,cost_entry,interaction,loyalty_entry}'::text[]) t,
    unnest('{_2001_01,_2001_02}'::text[]) m$$,
  'renamed, they know each other');
SELECT is((SELECT hint FROM pg_temp.told($$INSERT INTO "Our customers".cost_entry (category_code, incurred_on, amount,
  currency)
             VALUES ('svc', '2001-03-31', 1, 'EUR')$$)),
  $$CALL crmcost.ensure_partitions('Our customers', '2001-03-01', '2001-03-01') makes it; give the first and the last month of the load.$$,
  'and the hint says the new name');
SELECT is((SELECT example FROM "Our customers".data_quality WHERE check_name = 'not_refreshed'),
          'not refreshed yet: CALL crmcost.refresh(''Our customers'')', 'as data_quality does');
CALL crmcost.upgrade('Our customers');
SELECT is((SELECT count(*) FROM pg_namespace WHERE nspname ~ 'partition|months'), 2::bigint,
  'no other schema was made');
ROLLBACK TO bounds;

-- DROP SCHEMA takes the partitions along; the schema they were in is used again
DROP SCHEMA crm CASCADE;
SELECT is_empty($$SELECT FROM pg_class WHERE relnamespace = 'crm_partition'::regnamespace$$,
  'a dropped ledger leaves no partition');
SAVEPOINT gone;
CALL crmcost.install('crm', true);
SELECT set_eq($$SELECT pg_temp.partitions('crm', 'crm_partition')$$, 'SELECT name FROM awaited',
  'and a new one uses the schema again');
ROLLBACK TO gone;
CREATE ROLE crm_stranger;
CREATE FUNCTION pg_temp.place_of_new() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  CALL crmcost.install('crm', true);
  RETURN (SELECT c.relnamespace::regnamespace FROM pg_class c WHERE c.relname = 'sale_refused' AND c.oid IN
            (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'crm.sale'::regclass));
END
$$;
GRANT CREATE ON SCHEMA crm_partition TO crm_stranger;
SELECT is(pg_temp.place_of_new(), 'crm_partition_2', 'but not one where others may create');
ROLLBACK TO gone;
CREATE ROLE crm_stranger;
ALTER SCHEMA crm_partition OWNER TO crm_stranger;
SELECT lives_ok($$CALL crmcost.install('crm', true)$$, 'nor one of somebody else');
SELECT set_eq($$SELECT pg_temp.partitions('crm', 'crm_partition_2')$$, 'SELECT name FROM awaited',
  'who may have planted it');
ROLLBACK TO gone;
CREATE TABLE crm_partition.mine ();
CALL crmcost.install('crm', true);
SELECT set_eq($$SELECT pg_temp.partitions('crm', 'crm_partition_2')$$, 'SELECT name FROM awaited',
  'nor one with anything in it');
ROLLBACK TO bounds;

-- a ledger as version 0.1.0 made it: partitions in its schema, never analysed,
-- none for the rest
INSERT INTO cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc', '2024-03-31', 1, 'EUR');
CREATE TEMPORARY TABLE had AS SELECT p AS name FROM pg_temp.partitions('crm', 'crm_partition') p;
DO $$
DECLARE
  name text;
BEGIN
  FOR name IN SELECT h.name FROM had h WHERE h.name !~ 'refused' LOOP
    EXECUTE format('ALTER TABLE crm_partition.%I SET SCHEMA crm', name);
  END LOOP;
END
$$;
DROP TABLE crm_partition.sale_refused, crm_partition.cost_entry_refused, crm_partition.interaction_refused,
  crm_partition.loyalty_entry_refused;
DROP SCHEMA crm_partition;
CREATE TABLE sale_1999_11 PARTITION OF sale FOR VALUES FROM ('1999-11-01 00:00Z') TO ('1999-12-01 00:00Z');
CREATE ROLE crm_reader;
SELECT crmcost.grant_read('crm', 'crm_reader');
CALL crmcost.upgrade('crm');
SELECT set_eq($$SELECT pg_temp.partitions('crm', 'crm_partition')$$,
  $$SELECT name FROM had UNION ALL VALUES ('sale_1999_11')$$,
              'upgrade brings partitions to their schema');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'crm'::regnamespace
  AND c.relispartition$$, 'all of them');
SELECT is((SELECT reltuples FROM pg_class WHERE oid = 'crm_partition.sale_1999_11'::regclass), 0::real,
  'and analyses them');
SELECT results_eq('SELECT count(*), (SELECT count(*) FROM sale) FROM cost_entry', $$ VALUES (1::bigint, 3::bigint) $$,
  'every row is there');
SELECT isnt((SELECT hint FROM pg_temp.told($$INSERT INTO cost_entry (category_code, incurred_on, amount, currency)
               VALUES ('svc', '2001-03-31', 1, 'EUR')$$)), '', 'and a row without a partition is told what to call');
SET LOCAL ROLE crm_reader;
SELECT is((SELECT count(*) FROM crm.sale_base), 3::bigint, 'a reader reads on');
RESET ROLE;

-- DROP EXTENSION takes the trigger, not what it guards
DROP EXTENSION crmcost CASCADE;
SELECT is((SELECT "constraint" FROM pg_temp.told($$INSERT INTO cost_entry (category_code, incurred_on, amount, currency)
             VALUES ('svc', '2001-03-31', 1, 'EUR')$$)), 'wants_a_partition_of_its_month',
               'without the extension a row is refused as well');
CREATE EXTENSION crmcost;
CALL crmcost.upgrade('crm');
SELECT is((SELECT message FROM pg_temp.told($$INSERT INTO cost_entry (category_code, incurred_on, amount, currency)
             VALUES ('svc', '2001-03-31', 1, 'EUR')$$)),
          'incurred_on must be in a month that cost_entry has a partition for, not in 2001-03',
            'and with it and upgrade in words');
CALL crmcost.upgrade('crm');

SELECT * FROM finish();
ROLLBACK;
