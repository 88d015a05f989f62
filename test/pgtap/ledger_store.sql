-- What holds for every table of the store: changes of what refresh reads are noticed, what it writes has one
-- writer, a key and a place for customer_id.
\ir ledger_setup.psql
SELECT no_plan();
CREATE TEMPORARY TABLE ledger_table AS
  SELECT c.oid, c.relname FROM pg_class c
  WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition;
CREATE TEMPORARY TABLE refresh_code AS
  SELECT p.proname, p.prosrc FROM pg_proc p
  WHERE p.pronamespace = 'crmcost'::regnamespace AND p.prosrc ~ '\m(FROM|JOIN|INTO|UPDATE)\M';
-- what no step of refresh reads: views do, or what keeps house
CREATE TEMPORARY TABLE kept_out (relname, because) AS VALUES
  ('reason', 'names for views'), ('term', 'names for views'),
  ('stage', 'names and actions for views'), ('stage_step', 'what set_stage allows'),
  ('plan', 'plans are compared by views'), ('erased_key', 'erasure'), ('erasure_secret', 'erasure'),
  ('scenario_profit', 'written by compare_rules'),
  ('closed_group', 'kept by close_period'), ('closed_category', 'kept by close_period'),
  ('closed_funnel', 'kept by close_period'), ('closed_touch', 'kept by close_period');
CREATE TEMPORARY TABLE house_keeping (relname, because) AS VALUES
  ('touched', 'the news'), ('late_fact', 'the news'), ('refresh_state', 'what the store was made from'),
  ('refresh_run', 'a record of the steps'), ('closed_period', 'reopen_period makes the next refresh full');

SELECT is_empty($$SELECT relname FROM ledger_table
    EXCEPT (SELECT relation FROM crmcost._captured() UNION ALL SELECT unnest(crmcost._written_tables())
            UNION ALL SELECT relname FROM kept_out UNION ALL SELECT relname FROM house_keeping)$$,
  'each table is captured, or written by refresh, or not read by it');
SELECT is_empty($$SELECT unnest(crmcost._written_tables()) EXCEPT SELECT relname::text FROM ledger_table$$,
  'all that refresh writes is there');
SELECT is_empty($$SELECT relation FROM crmcost._captured() EXCEPT SELECT relname FROM ledger_table$$,
  'and all that is captured');
SELECT is_empty($$SELECT k.relname, c.proname FROM kept_out k
    JOIN refresh_code c ON c.proname ~ '^_(refresh|find|write|add|load|form|complete)'
      AND c.prosrc ~ ('\m(FROM|JOIN)\s+' || k.relname || '\M')
      AND c.prosrc !~ ('\m' || k.relname || ' AS [(]')
    WHERE c.proname NOT IN ('_add_planned_parts', '_add_partitions')$$, 'no step reads what is not captured');
SELECT is_empty($$SELECT t.relname, g.relation::regclass FROM ledger_table t
    JOIN crmcost._captured_triggers('crm') g ON g.relation = t.oid
      OR g.relation IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = t.oid)
    WHERE g.triggers <> 4$$,
      'each captured table and partition has its four triggers');
SELECT ok((SELECT count(*) FROM crmcost._captured_tables('crm')) >= 18, 'of which there are some');

SELECT is_empty($$SELECT relname FROM ledger_table WHERE relname = ANY (crmcost._written_tables())
    AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = ledger_table.oid AND i.indisunique)$$,
  'what is written has a key to be compared by');
SELECT is_empty($$SELECT relname FROM ledger_table t JOIN pg_attribute a ON a.attrelid = t.oid
  AND a.attname = 'customer_id'
    WHERE a.attnum <> 1 AND relname IN (SELECT unnest(crmcost._written_tables()))
      AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisunique AND a.attnum = ANY (i.indkey))$$,
  'a customer is the first column');
SELECT is_empty($$SELECT p.proname FROM refresh_code p CROSS JOIN unnest(crmcost._written_tables()) AS t (name)
    WHERE p.prosrc ~ ('\m(INSERT INTO|UPDATE|DELETE FROM|TRUNCATE)\s+' || t.name || '\M')
      AND NOT p.proname ~
        '^(_(upgrade|migrate|widen|close_period|post_direct|erase|bring|move|take|keep|carry|copy|store)|worklist_)'
        AND p.proname NOT IN
      ('reopen_period', '_set_stage')$$,
  'and nothing but the writer writes it');
SELECT is_empty($$SELECT t.relname FROM ledger_table t WHERE obj_description(t.oid, 'pg_class') IS NULL$$,
  'each has a comment');

-- what a user has made of a table an INSERT respects
CREATE FUNCTION pg_temp.appended() RETURNS text LANGUAGE sql AS
  $$SELECT string_agg(t, ', ') FROM unnest('{classification,customer_month}'::text[]) t WHERE
    crmcost._may_append('crm', t)$$;
SELECT is_empty($$SELECT t FROM unnest(crmcost._written_tables()) t WHERE NOT crmcost._may_append('crm', t)
    AND t <> 'worklist'$$, 'rows that replace none are appended, but where a trigger of ours has to see them');
SELECT is(crmcost._may_append('crm', 'sale'), false, 'but not to facts, whose changes are noted');
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$;
CREATE TRIGGER noted AFTER INSERT ON customer_month REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION
  noted();
SELECT is(pg_temp.appended(), 'classification', 'nor where a user has a trigger');
ALTER TABLE customer_month DISABLE TRIGGER noted;
SELECT is(pg_temp.appended(), 'classification, customer_month', 'which may be disabled');
CREATE RULE noted AS ON DELETE TO customer_month DO ALSO NOTHING;
ALTER TABLE classification ENABLE ROW LEVEL SECURITY;
SELECT is(pg_temp.appended(), NULL, 'nor where there are rules or policies');

SELECT is_empty($$SELECT c.relname, d.refobjid::regclass FROM pg_class c
    JOIN pg_rewrite w ON w.ev_class = c.oid
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
    WHERE c.relnamespace = 'crm'::regnamespace
      AND d.refobjsubid > 0 AND d.refobjid IN ('sale'::regclass, 'cost_entry'::regclass, 'interaction'::regclass)
      AND c.relname NOT IN ('sale_base', 'cost')$$, 'sale_base and cost alone read facts');
-- what a report of groups asks of everybody is summed up by refresh; data_quality looks at what is not in the store
-- yet,
-- accounts are groups of customers, the worklist is short, the first month of anything is found by an index, and
-- readiness asks whether
-- there is anybody
SELECT is_empty($$SELECT v.relname, t.relname FROM pg_class v
    JOIN pg_rewrite w ON w.ev_class = v.oid
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
    JOIN ledger_table t ON t.oid = d.refobjid
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'customer_id'
    WHERE v.relnamespace = 'crm'::regnamespace AND v.relkind = 'v'
      AND NOT EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = v.oid AND o.attname = 'customer_id')
      AND v.relname NOT IN ('account_value', 'data_quality', 'fiscal_month', 'worklist_effect', 'readiness')
    GROUP BY 1, 2$$, 'a view without customers reads no table of customers');
SELECT * FROM finish();
ROLLBACK;
