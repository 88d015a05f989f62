-- An erased customer leaves no trace of who it was, moves no total, and does not come back.
\ir ledger_setup.psql
SELECT no_plan();

-- whoever is ann says so everywhere that a load can say anything; bob is there to stay
CREATE FUNCTION pg_temp.load_customer(ledger text, who text, id bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE loaded bigint;
BEGIN
  EXECUTE format($q$
    INSERT INTO %I.customer (customer_id, source, source_key, first_seen_at, acquired_at, attributes)
    VALUES (%L, 'shop', %L || '-key', '2024-01-01', '2024-01-02',
      jsonb_build_object('tag', %2$L || '-tag', %2$L || '-name', 1))
    ON CONFLICT (source, source_key) DO NOTHING $q$, ledger, id, who);
  GET DIAGNOSTICS loaded = ROW_COUNT;
  RETURN loaded;
END $$;
CREATE FUNCTION pg_temp.load_facts(ledger text, who text, id text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE loaded bigint; n bigint;
BEGIN
  EXECUTE format($q$
    INSERT INTO %I.sale (customer_id, source, order_ref, line_no, kind, sold_at, product_code, amount, cogs, currency)
    SELECT %s, 'shop', %L || '-order-' || o, l, CASE l WHEN 3 THEN 'refund' ELSE 'sale' END,
      make_timestamptz(2024, o, l, 0, 0, 0, 'UTC'),
           'P' || l, CASE l WHEN 3 THEN -5 ELSE 10 * o + l END, 1, 'EUR' FROM generate_series(1, 3) o,
             generate_series(1, 3) l
    ON CONFLICT (source, order_ref, line_no, sold_at) DO NOTHING $q$, ledger, id, who);
  GET DIAGNOSTICS loaded = ROW_COUNT;
  EXECUTE format($q$
    INSERT INTO %I.cost_entry (category_code, incurred_on, amount, currency, customer_id, source, source_ref)
    VALUES ('svc.support', '2024-02-10', 7, 'EUR', %s, 'erp', %L || '-voucher')
      ON CONFLICT (source, source_ref, incurred_on) DO NOTHING $q$, ledger, id, who);
  GET DIAGNOSTICS n = ROW_COUNT;
  loaded := loaded + n;
  EXECUTE format($q$
    INSERT INTO %I.interaction (customer_id, occurred_at, kind, source, source_ref)
    VALUES (%s, '2024-02-11', 'ticket', 'desk', %L || '-ticket')
      ON CONFLICT (source, source_ref, occurred_at) DO NOTHING $q$, ledger, id, who);
  GET DIAGNOSTICS n = ROW_COUNT;
  loaded := loaded + n;
  EXECUTE format($q$
    INSERT INTO %I.loyalty_entry (customer_id, program_code, occurred_at, kind, points, source, source_ref)
    VALUES (%s, 'points', '2024-02-12', 'earn', 5, 'shop', %L || '-points')
      ON CONFLICT (source, source_ref, occurred_at) DO NOTHING $q$, ledger, id, who);
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN loaded + n;
END $$;
CREATE FUNCTION pg_temp.by_key(ledger text, who text) RETURNS text LANGUAGE sql AS $$
  SELECT format('(SELECT customer_id FROM %I.customer WHERE source = ''shop'' AND source_key = %L)', ledger,
    who || '-key')$$;
-- relations of a ledger, partitions and views as well, that have the word in some column of some row
CREATE FUNCTION pg_temp.traces(ledger name, word text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE relation record; n bigint;
BEGIN
  FOR relation IN SELECT c.oid::regclass AS name, c.relname FROM pg_class c
                  WHERE c.relkind IN ('r', 'p', 'v', 'm')
                        AND (c.relnamespace = ledger::regnamespace
                             OR c.oid IN (SELECT t.relid FROM pg_class p, pg_partition_tree(p.oid) t
                               WHERE p.relnamespace = ledger::regnamespace AND p.relkind = 'p'))
  LOOP
    EXECUTE format('SELECT count(*) FROM %s t WHERE t::text LIKE %L', relation.name, '%' || word || '%') INTO n;
    IF n > 0 THEN
      RETURN NEXT relation.relname;
    END IF;
  END LOOP;
END $$;

CREATE TEMPORARY TABLE person AS SELECT * FROM (VALUES ('ann', 1), ('bob', 2)) p (who, id);
INSERT INTO tier (scheme, code, rank, basis, name) VALUES ('care', 'calls', 1, 'manual', 'Calls');
INSERT INTO allocation_rule (category_code, driver) VALUES ('svc', 'orders');
INSERT INTO cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc', '2024-02-20', 30, 'EUR');
SELECT is(sum(pg_temp.load_customer('crm', who, id)), 2::numeric, 'two customers are loaded') FROM person;
SELECT is(sum(pg_temp.load_facts('crm', who, pg_temp.by_key('crm', who))), 24::numeric, 'and what they did')
  FROM person;
INSERT INTO classification (customer_id, dimension, entered_at, code, evidence)
SELECT id, d.dimension, d.entered_at, coalesce(d.code, who || '-' || d.dimension),
  jsonb_build_object('said', who || '-said')
FROM person, (VALUES ('owner', '2024-01-05'::timestamptz, NULL), ('owner', '2024-02-05', NULL),
  ('invalid', '2024-01-06', NULL),
                     ('care', '2024-01-07', 'calls'), ('stage', '2024-01-08', 'lead'),
                       ('loyalty', '2024-01-09', 'none')) d (dimension, entered_at, code);
SELECT is(sum(pg_temp.load_customer('crm', who, id) + pg_temp.load_facts('crm', who, pg_temp.by_key('crm', who))),
  0::numeric, 'the same file again loads nothing') FROM person;
CALL crmcost.refresh('crm', '2024-03-01');
CALL crmcost.close_period('crm', '2024-01-01');
CALL crmcost.refresh('crm', '2024-05-01');
SELECT set_has($$SELECT pg_temp.traces('crm', 'ann-')$$,
  $$SELECT
    unnest('{customer,sale,cost_entry,interaction,loyalty_entry,classification,customer_360,sale_base}'::text[])$$,
  'ann is in every table of facts, and in views');

-- figures: everything but the references, and that facts were written
CREATE FUNCTION pg_temp.figures() RETURNS SETOF text LANGUAGE sql AS $$
  SELECT to_jsonb(t)::text FROM crm.customer_snapshot t UNION ALL SELECT to_jsonb(t)::text FROM crm.customer_month t
  UNION ALL SELECT to_jsonb(t)::text FROM crm.customer_cost t UNION ALL SELECT to_jsonb(t)::text FROM crm.posted_cost t
  UNION ALL SELECT to_jsonb(t)::text FROM crm.customer_profit t UNION ALL SELECT to_jsonb(t)::text
    FROM crm.purchase_habit t
  UNION ALL SELECT to_jsonb(t)::text FROM crm.customer_preference t UNION ALL SELECT to_jsonb(t)::text
    FROM crm.product_affinity t
  UNION ALL SELECT to_jsonb(t)::text FROM crm.profit_by_tier t UNION ALL SELECT to_jsonb(t)::text
    FROM crm.customer_clv t
  UNION ALL SELECT to_jsonb(t)::text FROM crm.cost_flow t UNION ALL SELECT (to_jsonb(t) - 'order_ref')::text
    FROM crm.sale_base t
  UNION ALL SELECT to_jsonb(t)::text FROM crm.data_quality t WHERE check_name !~ 'not_refreshed'$$;
CREATE TEMPORARY TABLE before AS SELECT pg_temp.figures() AS figure;
CREATE TEMPORARY TABLE bob AS
SELECT to_jsonb(t)::text AS fact FROM customer t WHERE customer_id = 2 UNION ALL SELECT to_jsonb(t)::text FROM sale t
  WHERE customer_id = 2
UNION ALL SELECT to_jsonb(t)::text FROM classification t WHERE customer_id = 2;

SELECT ok(crmcost.erase_customer('crm', 1), 'ann is erased');
SELECT is_empty($$SELECT pg_temp.traces('crm', 'ann-')$$,
  'no column of any table, partition, snapshot or view has a trace of her');
ANALYZE customer, sale, cost_entry, interaction, loyalty_entry, classification, customer_order, conversion,
  customer_class, tier_agent;
SELECT is_empty($$SELECT tablename, attname FROM pg_stats s WHERE s::text LIKE '%ann-%'$$,
  'nor have statistics, once analysed');
SELECT isnt_empty($$SELECT tablename, attname FROM pg_stats s WHERE s::text LIKE '%bob-%'$$, 'which have bob');
SELECT bag_eq($$
  SELECT to_jsonb(t)::text AS fact FROM customer t WHERE customer_id = 2 UNION ALL SELECT to_jsonb(t)::text FROM sale t
    WHERE customer_id = 2
  UNION ALL SELECT to_jsonb(t)::text FROM classification t WHERE customer_id = 2$$, 'SELECT fact FROM bob',
    'bob is as he was');
SELECT bag_eq('SELECT pg_temp.figures()', 'SELECT figure FROM before', 'no figure moves');
CALL crmcost.refresh('crm', '2024-05-01');
SELECT is((SELECT rows_changed FROM last_refresh), 0::bigint, 'the next refresh has nothing to do');
SELECT bag_eq('SELECT pg_temp.figures()', 'SELECT figure FROM before', 'and moves nothing');
SELECT results_eq($$SELECT dimension, code FROM classification WHERE customer_id = 1 AND NOT by_rule
  ORDER BY entered_at$$,
  $$ VALUES ('owner', 'erased'), ('invalid', 'erased'), ('care', 'calls'), ('stage', 'lead'), ('loyalty', 'none'),
    ('owner', 'erased') $$,
  'what a person said in words of their own is erased, what reports read stays');
SELECT is((SELECT count(evidence) FROM classification WHERE customer_id = 1 AND NOT by_rule), 0::bigint,
  'without what they said for it');
SELECT results_eq('SELECT count(DISTINCT order_ref), count(*) FROM sale WHERE customer_id = 1',
  'VALUES (3::bigint, 9::bigint)', 'her orders still are orders');

-- who is erased does not come back
SELECT throws_ok($$SELECT pg_temp.load_customer('crm', 'ann', 11)$$, '23505',
  'a customer of source "shop" is erased, and must not be loaded again',
                 'the same file again is refused, with the key');
SELECT throws_ok($$SELECT pg_temp.load_customer('crm', 'ann', 1)$$, '23505', NULL, 'and with the number');
SELECT throws_ok($$SELECT pg_temp.load_facts('crm', 'ann', pg_temp.by_key('crm', 'ann'))$$, '23502', NULL,
  'facts by key find nobody, and are refused');
SELECT throws_ok($$SELECT pg_temp.load_facts('crm', 'ann', '1')$$, '23514',
  'customer 1 is erased, and takes no new facts', 'and by number');
SELECT throws_ok(format('INSERT INTO %s', fact), '23514', 'customer 1 is erased, and takes no new facts',
  'no fact at all: ' || fact) FROM unnest('{
  "sale (customer_id, sold_at, amount, currency) VALUES (2, ''2024-01-05'', 1, ''EUR''), (1, ''2024-01-05'', 1, ''EUR'')",
  "cost_entry (customer_id, category_code, incurred_on, amount, currency) VALUES (NULL, ''svc'', ''2024-01-05'', 1, ''EUR''), (1, ''svc'', ''2024-01-05'', 1, ''EUR'')",
  "interaction (customer_id, occurred_at, kind) VALUES (1, ''2024-01-05'', ''care'')",
  "loyalty_entry (customer_id, program_code, occurred_at, kind, points) VALUES (1, ''points'', ''2024-01-05'', ''earn'', 1)"}'::text[]) fact;
SELECT bag_eq('SELECT pg_temp.figures()', 'SELECT figure FROM before', 'of all this nothing stays');
SELECT is(pg_temp.load_customer('crm', 'bob', 2) + pg_temp.load_facts('crm', 'bob', pg_temp.by_key('crm', 'bob')),
  0::bigint, 'bob''s file is loaded as ever');
SELECT is(pg_temp.load_customer('crm', 'cid', 3) + pg_temp.load_facts('crm', 'cid', pg_temp.by_key('crm', 'cid')),
  13::bigint, 'and a new one');
SELECT lives_ok($$INSERT INTO customer (customer_id, source, source_key, first_seen_at)
  VALUES (31, 'other shop', 'ann-key', '2024-01-01')$$, 'the key of another source is another person''s');
SELECT results_eq($$
  SELECT client FROM unnest('{ann-key,bob-key,dan-key}'::text[]) client
  WHERE NOT EXISTS (SELECT FROM erased_key WHERE key_hash = crmcost.key_hash('crm', 'shop', client))$$,
    $$ VALUES ('bob-key'), ('dan-key') $$, 'a load can leave out who is erased');

-- again, and others
CREATE TEMPORARY TABLE random_ref AS SELECT order_ref FROM sale WHERE customer_id = 1 AND line_no <> 2;
UPDATE sale SET order_ref = 'ann-late' WHERE customer_id = 1 AND line_no = 2;
SELECT ok(NOT crmcost.erase_customer('crm', 1), 'a second time there is nobody to erase');
SELECT is_empty($$SELECT pg_temp.traces('crm', 'ann-late')$$, 'but what was left is cleared');
SELECT bag_eq('SELECT order_ref FROM sale WHERE customer_id = 1 AND line_no <> 2', 'SELECT order_ref FROM random_ref',
  'and references that are random already stay');
SELECT ok(crmcost.erase_customer('crm', 2), 'bob is erased as well');
SELECT is((SELECT count(*) FROM erased_key), 2::bigint, 'and not mixed up with ann');
SELECT is_empty($$SELECT pg_temp.traces('crm', 'bob-')$$, 'without a trace');

-- a key cannot be read or looked up from what is kept
CALL crmcost.install('twin', false);
SELECT count(*) FROM (SELECT pg_temp.load_customer('twin', 'ann', 1), pg_temp.load_facts('twin', 'ann', '1'),
  crmcost.erase_customer('twin', 1)) x;
SELECT is((SELECT count(*) FROM crm.erased_key JOIN twin.erased_key USING (key_hash)), 0::bigint,
  'the same key is another hash in another ledger');
SELECT is((SELECT count(*) FROM crm.sale a JOIN twin.sale b USING (order_ref)), 0::bigint,
  'and the same order has other references: they are no hash of it');
SELECT isnt((SELECT secret FROM crm.erasure_secret), (SELECT secret FROM twin.erasure_secret),
  'each ledger has its own secret');
SELECT is((SELECT count(*) FROM information_schema.columns WHERE table_schema = 'crm' AND table_name = 'erased_key'),
  1::bigint, 'which customer it was is not kept');
CREATE ROLE crm_erasure_reader;
SELECT crmcost.grant_read('crm', 'crm_erasure_reader');
SET LOCAL ROLE crm_erasure_reader;
SELECT results_eq('SELECT (SELECT count(*) FROM crm.erased_key), (SELECT count(*) FROM crm.erasure_secret), crmcost.key_hash(''crm'', ''shop'', ''ann-key'')',
  'VALUES (0::bigint, 0::bigint, NULL::bytea)', 'a reader cannot even try a key');
RESET ROLE;

-- a loader that may not see it is told so, and not let past
CREATE ROLE crm_erasure_loader;
GRANT USAGE ON SCHEMA crm TO crm_erasure_loader;
GRANT SELECT, INSERT ON crm.customer, crm.touched, crm.late_fact TO crm_erasure_loader;
GRANT SELECT ON crm.setting, crm.closed_period, crm.refresh_state TO crm_erasure_loader;
SET LOCAL ROLE crm_erasure_loader;
SELECT throws_ok($$SELECT pg_temp.load_customer('crm', 'eve', 21)$$, '42501', NULL,
  'a loader without the right to the secret is refused');
RESET ROLE;
GRANT SELECT ON crm.erased_key, crm.erasure_secret TO crm_erasure_loader;
SET LOCAL ROLE crm_erasure_loader;
SELECT throws_ok($$SELECT pg_temp.load_customer('crm', 'eve', 21)$$, '42501',
  'role "crm_erasure_loader" cannot see whether a customer is erased', 'one without a policy, too');
RESET ROLE;
CREATE POLICY loader ON crm.erased_key FOR SELECT TO crm_erasure_loader USING (true);
CREATE POLICY loader ON crm.erasure_secret FOR SELECT TO crm_erasure_loader USING (true);
SET LOCAL ROLE crm_erasure_loader;
SELECT is(pg_temp.load_customer('crm', 'eve', 21), 1::bigint, 'with both it loads');
SELECT throws_ok($$SELECT pg_temp.load_customer('crm', 'ann', 22)$$, '23505',
  'a customer of source "shop" is erased, and must not be loaded again', 'whoever is not erased');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
