-- upgrade() renews views: grants stay, views of the user stay, and what the
-- extension took along with DROP ... CASCADE comes back.
\ir ledger_setup.psql
SELECT no_plan();
CREATE ROLE crm_reader;
CREATE ROLE crm_owner;
SELECT crmcost.grant_read('crm', 'crm_reader');
INSERT INTO customer (customer_id, source_key, first_seen_at) VALUES (1, 'c', '2024-01-01');
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) VALUES (1, 'o', '2024-01-05', 10, 'EUR');
CALL crmcost.refresh('crm', '2024-02-01');
CREATE TEMPORARY TABLE profit AS SELECT * FROM customer_profit;
CREATE FUNCTION pg_temp.readable() RETURNS bigint LANGUAGE sql AS $$
  SELECT count(*) FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind = 'v'
                                      AND has_table_privilege('crm_reader', oid, 'SELECT')$$;
CREATE TEMPORARY TABLE views AS SELECT pg_temp.readable() AS n;
SAVEPOINT fresh;

CREATE VIEW public.mine AS SELECT customer_id, profit FROM customer_profit;
DROP VIEW whale_curve;
SELECT lives_ok($$CALL crmcost.upgrade('crm')$$, 'upgrade with a view of the user on top');
SELECT is((SELECT count(*) FROM whale_curve), 1::bigint, 'a view that was dropped is back');
SELECT is((SELECT count(*) FROM public.mine), 1::bigint, 'the user''s view works');
SELECT is(pg_temp.readable(), (SELECT n - 1 FROM views), 'grants stay, on all but the dropped one');
SELECT is((SELECT value FROM setting WHERE key = 'schema_version'), crmcost._schema_version()::text,
  'the version is the extension''s');
ROLLBACK TO fresh;

-- a view of another shape, as from another version
DROP VIEW customer_rfm;
CREATE VIEW customer_rfm AS SELECT 'old'::text AS customer_id, 1 AS score;
GRANT SELECT ON customer_rfm TO crm_reader WITH GRANT OPTION;
GRANT SELECT ON customer_rfm TO PUBLIC;
SELECT lives_ok($$CALL crmcost.upgrade('crm')$$, 'upgrade of a view of another shape');
SELECT has_column('crm', 'customer_rfm', 'recency_days', 'it has the new shape');
SELECT is(pg_temp.readable(), (SELECT n FROM views), 'grants stay on all views');
SELECT ok(has_table_privilege('crm_reader', 'crm.customer_rfm', 'SELECT WITH GRANT OPTION'), 'with grant option');
SELECT ok(has_table_privilege('crm_owner', 'crm.customer_rfm', 'SELECT'), 'and to PUBLIC');
SELECT isnt_empty($$SELECT FROM pg_class WHERE oid = 'crm.customer_rfm'::regclass
  AND reloptions @> '{security_invoker=true}'$$, 'it runs with the rights of the reader');
ROLLBACK TO fresh;
DROP VIEW customer_rfm;
CREATE VIEW customer_rfm AS SELECT 'old'::text AS customer_id, 1 AS score;
CREATE VIEW public.mine AS SELECT * FROM customer_rfm;
SELECT throws_ok($$CALL crmcost.upgrade('crm')$$, '2BP01',
  'views of ledger "crm" cannot be renewed: others depend on them',
                 'a user''s view on it stands in the way');
SELECT has_column('crm', 'customer_rfm', 'score', 'and nothing was changed');
ROLLBACK TO fresh;

-- a ledger of a newer version
UPDATE setting SET value = (value::int + 1)::text WHERE key = 'schema_version';
SELECT throws_ok($$CALL crmcost.upgrade('crm')$$, '55000',
                 format('ledger "crm" has schema version %s, and this crmcost knows only %s',
                   crmcost._schema_version() + 1, crmcost._schema_version()),
                 'a newer ledger is refused');
ROLLBACK TO fresh;
DELETE FROM setting WHERE key = 'schema_version';
SELECT throws_ok($$CALL crmcost.upgrade('crm')$$, 'P0002', 'ledger "crm" has no setting "schema_version"',
  'one without a version, too');
ROLLBACK TO fresh;

-- without the extension
SELECT throws_ok('DROP EXTENSION crmcost', '2BP01', NULL, 'DROP EXTENSION sees the views');
DROP EXTENSION crmcost CASCADE;
SELECT hasnt_view('crm', 'customer_profit', 'CASCADE takes the views that use its functions');
SELECT is((SELECT count(*) FROM sale), 1::bigint, 'rows stay');
SELECT is((SELECT sum(profit) FROM whale_curve), 10.0, 'and so do views that use none');
CREATE EXTENSION crmcost;
SELECT throws_ok($$CALL crmcost.refresh('crm', '2024-02-01')$$, '55000',
  'ledger "crm" must have its views: they went with the extension', 'without them refresh says what is missing');
CALL crmcost.upgrade('crm');
SELECT is((SELECT sum(profit) FROM whale_curve), 10.0, 'the extension and upgrade bring everything back');
SELECT bag_eq('SELECT * FROM customer_profit', 'SELECT * FROM profit', 'as it was');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT is((SELECT rows_changed FROM last_refresh), 0::bigint, 'with nothing to refresh');
SELECT isnt((SELECT storage FROM refresh_state), NULL, 'and the next refresh looks at what is new');
SELECT crmcost.grant_read('crm', 'crm_reader');
SELECT is(pg_temp.readable(), (SELECT n FROM views), 'grants are given again');
ROLLBACK TO fresh;

-- what comes while the extension is away is noted by nobody
DROP EXTENSION crmcost CASCADE;
INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) VALUES (1, 'p', '2024-01-06', 5, 'EUR');
CREATE EXTENSION crmcost;
CALL crmcost.upgrade('crm');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT is((SELECT sum(profit) FROM whale_curve), 15.0, 'the first refresh finds what came without the extension');
ROLLBACK TO fresh;

-- a ledger of before it told more than names in its language
CALL crmcost.install('before', false, 'zh');
CALL crmcost.install('today', false, 'zh');
SELECT crmcost._drop_views('before', crmcost._ledger_relations('VIEW'));
ALTER TABLE before.setting DROP note_zh;
ALTER TABLE before.tier DROP action_zh;
ALTER TABLE before.stage DROP action_zh;
ALTER TABLE before.worklist_reason DROP action_zh;
ALTER TABLE before.driver DROP unit_zh;
ALTER TABLE before.term DROP CONSTRAINT places_of_a_finding_are_1_to_9, DROP CONSTRAINT kind_is_known, DROP definition,
  DROP definition_zh;
DELETE FROM before.term WHERE kind NOT IN ('bucket', 'resource', 'segment', 'step', 'measure', 'contact', 'phase',
  'family', 'metric', 'readiness', 'alert', 'check', 'severity')
  OR kind = 'measure' AND code IN ('cost', 'cost_saving', 'customers', 'hours', 'margin', 'piece', 'profit',
    'quantity', 'revenue', 'revenue_gain', 'score')
  OR kind = 'metric' AND code IN ('ces', 'csat');
ALTER TABLE before.term ADD CONSTRAINT kind_is_known CHECK (kind IN ('bucket', 'resource', 'segment', 'step',
  'measure', 'contact', 'phase',
  'family', 'metric', 'readiness', 'alert', 'check', 'severity'));
ALTER TABLE before.quality_finding DROP words, ADD example text;
INSERT INTO before.quality_finding VALUES ('sale_without_rate', '2024-01-01', 'error', 1, NULL, '100 %s of sales'),
  ('unused_capacity', '2024-01-01', 'info', 1, 1, NULL);
CREATE VIEW before.data_quality AS
  SELECT check_name COLLATE "default" AS check_name, severity COLLATE "default" AS severity, rows, example,
    amount::numeric AS amount, '' AS currency, '' AS check_title, '' AS severity_name
  FROM before.quality_finding;
CREATE VIEW public.mine AS SELECT check_name, example FROM before.data_quality;
UPDATE before.tier SET action = 'Call them' WHERE scheme = 'abc' AND code = 'A';
UPDATE before.setting SET note = 'Ours.' WHERE key = 'timezone';
DELETE FROM before.term WHERE kind = 'metric' AND code = 'nps';
CALL crmcost.upgrade('before');
CREATE FUNCTION pg_temp.catalog(ledger text) RETURNS TABLE (line text) LANGUAGE sql AS $$
  SELECT concat_ws(' ', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, k.collname,
    d.description)
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped LEFT
    JOIN pg_collation k ON k.oid = a.attcollation
  LEFT JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = c.oid AND d.objsubid = a.attnum
  WHERE c.relnamespace = ledger::regnamespace AND c.relkind IN ('r', 'v')
  UNION ALL
  SELECT concat_ws(' ', c.relname, n.conname, pg_get_constraintdef(n.oid)) FROM pg_class c
    JOIN pg_constraint n ON n.conrelid = c.oid
  WHERE c.relnamespace = ledger::regnamespace AND n.contype = 'c'
$$;
SELECT bag_eq($$SELECT * FROM pg_temp.catalog('before')$$, $$SELECT * FROM pg_temp.catalog('today')$$,
  'gets the columns, checks and comments of one of today');
SELECT is_empty(format('(TABLE before.%1$s EXCEPT TABLE today.%1$s) UNION ALL (TABLE today.%1$s EXCEPT TABLE before.%1$s)',
  t), 'and the rows: ' || t)
FROM (VALUES ('stage'), ('worklist_reason'), ('driver')) AS v (t);
SELECT bag_eq('SELECT * FROM before.tier', $$SELECT * FROM today.tier WHERE (scheme, code) <> ('abc', 'A') UNION ALL
  SELECT (jsonb_populate_record(t, '{"action": "Call them", "action_zh": null}')).* FROM today.tier t
    WHERE (scheme, code) = ('abc', 'A')$$,
  'an action of the owner has no words of ours beside it');
SELECT bag_eq('SELECT * FROM before.setting', $$SELECT key, value, CASE key WHEN 'timezone' THEN 'Ours.' ELSE note END,
  CASE WHEN key <> 'timezone' THEN note_zh END FROM today.setting$$,
  'nor has a note');
SELECT bag_eq('SELECT * FROM before.term', $$SELECT * FROM today.term WHERE (kind, code) <> ('metric', 'nps')$$,
  'a term that the owner took away does not come back');
SELECT results_eq($$SELECT check_name, words FROM before.quality_finding ORDER BY 1$$,
  $$VALUES ('sale_without_rate' COLLATE "C", '{as_it_is,"100 %s of sales"}'::text[]), ('unused_capacity', NULL)$$,
    'what was found stays');
SELECT results_eq($$SELECT example FROM public.mine WHERE check_name = 'sale_without_rate'$$,
  $$VALUES ('100 %s of sales')$$, 'for a view of the user, too');
DELETE FROM before.term WHERE kind = 'status';
UPDATE before.stage SET action_zh = NULL;
CALL crmcost.upgrade('before');
SELECT is_empty($$SELECT FROM before.term WHERE kind = 'status' UNION ALL SELECT FROM before.stage
  WHERE action_zh IS NOT NULL$$, 'a second upgrade gives nothing again');
-- one that knew the sentences, but not yet the kinds that came later
ALTER TABLE before.term DROP CONSTRAINT kind_is_known;
DELETE FROM before.term WHERE kind IN ('half', 'membership', 'service_level', 'via');
ALTER TABLE before.term ADD CONSTRAINT kind_is_known CHECK (kind <> '');
UPDATE before.term SET definition = 'Ours.' WHERE kind = 'metric' AND code = 'ces';
CALL crmcost.upgrade('before');
SELECT bag_eq($$SELECT * FROM before.term$$, $$SELECT kind, code, name, name_zh,
    CASE WHEN kind = 'metric' AND code = 'ces' THEN 'Ours.' ELSE definition END, definition_zh FROM today.term
    WHERE (kind, code) <> ('metric', 'nps')$$, 'kinds that are new, and a definition of the owner stays');
SELECT bag_eq($$SELECT * FROM pg_temp.catalog('before')$$, $$SELECT * FROM pg_temp.catalog('today')$$,
  'with the check of today');
ROLLBACK TO fresh;

-- columns of the user, of names that the code gives to what it computes
ALTER TABLE customer ADD acquired_on text, ADD purchases text, ADD rate text, ADD tier text, ADD stage text,
  ADD zone text;
ALTER TABLE sale ADD sold_on text, ADD rate text, ADD base_amount text;
ALTER TABLE cost_entry ADD bucket text, ADD base_amount text, ADD month_start text;
ALTER TABLE interaction ADD occurred_on text, ADD month text;
ALTER TABLE activity_time ADD occurred_on text;
ALTER TABLE kept_snapshot ADD day text;
INSERT INTO interaction (customer_id, occurred_at, kind) VALUES (1, '2024-01-06', 'care');
INSERT INTO activity_time (kind, minutes) VALUES ('care', 5);
SELECT lives_ok($$CALL crmcost.refresh('crm', '2024-02-01')$$, 'a refresh with columns of the user');
SELECT is((SELECT standard_minutes FROM customer_month), 5.0, 'and what it computes is right');
SELECT bag_eq('SELECT * FROM customer_profit', 'SELECT * FROM profit', 'and unchanged where nothing changed');
SELECT lives_ok($$CALL crmcost.upgrade('crm')$$, 'an upgrade with them');
ROLLBACK TO fresh;

-- a superuser works for the owner
DO $$BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO crm_owner', current_database()); END$$;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA crmcost TO crm_owner;
SET LOCAL ROLE crm_owner;
CALL crmcost.install('theirs', true);
RESET ROLE;
DROP VIEW theirs.customer_rfm;
CALL crmcost.upgrade('theirs');
CALL crmcost.ensure_partitions('theirs', '1999-01-01', '1999-01-01');
CALL crmcost.refresh('theirs', '2024-01-01');
SELECT is_empty($$SELECT oid::regclass FROM pg_class
  WHERE relnamespace IN ('theirs'::regnamespace, 'theirs_partition'::regnamespace)
                    AND relowner <> 'crm_owner'::regrole$$, 'what a superuser adds to a ledger belongs to its owner');
DO $$DECLARE name text;
BEGIN
  FOR name IN SELECT oid::regclass FROM pg_class WHERE relnamespace = 'theirs_partition'::regnamespace
    AND relkind = 'r' LOOP
    IF name ~ '_refused$' THEN EXECUTE 'DROP TABLE ' || name;
      ELSE EXECUTE 'ALTER TABLE ' || name || ' SET SCHEMA theirs'; END IF;
  END LOOP;
END$$;
DROP SCHEMA theirs_partition;
CALL crmcost.upgrade('theirs');
SELECT is((SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'theirs_partition'), 'crm_owner',
  'the schema of its partitions, too');
SELECT is_empty($$SELECT oid::regclass FROM pg_class
  WHERE relnamespace IN ('theirs'::regnamespace, 'theirs_partition'::regnamespace)
                    AND relowner <> 'crm_owner'::regrole$$, 'and all that is in it');

SELECT * FROM finish();
ROLLBACK;
