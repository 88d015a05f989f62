-- load_facts: what is loaded, and that keys, indexes and comments are what they
-- were before.
\ir ledger_setup.psql
SELECT no_plan();
INSERT INTO customer (customer_id, source, source_key, first_seen_at)
SELECT i, 'shop', 'C-' || i, '2024-01-01' FROM generate_series(1, 20) AS i;
CREATE TEMPORARY TABLE staged AS
SELECT 1 + i % 20 AS customer_id, 'shop' AS source, 'O-' || i / 3 AS order_ref, 1 + i % 3 AS line_no,
       timestamptz '2024-01-05' + i * interval '17 hours' AS sold_at, 'P' || i % 7 AS product_code,
       (i % 50 + 0.25)::numeric AS amount, 'EUR' AS currency, 'search' AS channel_code
FROM generate_series(1, 600) AS i;
-- the owner's own
CREATE INDEX of_product ON sale (product_code) WHERE amount > 10;
COMMENT ON INDEX of_product IS 'by product; '' and ON ONLY crm.sale';
COMMENT ON CONSTRAINT customer_is_known ON sale IS 'whose it is';

CREATE FUNCTION pg_temp.keys() RETURNS SETOF text LANGUAGE sql AS $$
  SELECT concat_ws(' ', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid), c.convalidated,
                   obj_description(c.oid, 'pg_constraint'))
  FROM pg_constraint c
  WHERE c.conrelid IN (SELECT 'crm.sale'::regclass UNION SELECT inhrelid FROM pg_inherits
                       WHERE inhparent = 'crm.sale'::regclass)
  UNION ALL
  SELECT concat_ws(' ', i.indrelid::regclass, pg_get_indexdef(i.indexrelid), i.indisvalid,
                   obj_description(i.indexrelid, 'pg_class'))
  FROM pg_index i
  WHERE i.indrelid IN (SELECT 'crm.sale'::regclass UNION SELECT inhrelid FROM pg_inherits
                       WHERE inhparent = 'crm.sale'::regclass)
$$;
CREATE TEMPORARY TABLE before AS SELECT * FROM pg_temp.keys() AS k (key);
SELECT cmp_ok((SELECT count(*) FROM before), '>', 8::bigint, 'there are keys and indexes');

-- refused, and nothing lost
SAVEPOINT fresh;
SELECT throws_ok($$CALL crmcost.load_facts('crm', NULL, 'staged')$$, '22004', 'fact must not be null', 'no fact');
SELECT throws_ok($$CALL crmcost.load_facts('crm', 'sale', NULL)$$, '22004', 'source must not be null', 'no source');
SELECT throws_ok($$CALL crmcost.load_facts('crm', 'customer_value', 'staged')$$, '22023',
  'fact must be sale, cost_entry, interaction, loyalty_entry or driver_entry, not customer_value', 'not a fact');
CREATE TEMPORARY VIEW misspelt AS SELECT customer_id, amount AS amuont FROM staged;
SELECT throws_ok($$CALL crmcost.load_facts('crm', 'sale', 'misspelt')$$, '42703',
  'source must have columns of crm.sale alone, not "amuont"', 'a column that is not there');
CREATE TEMPORARY VIEW stranger AS SELECT s.* FROM staged s
UNION ALL SELECT 99, 'shop', 'X', 1, '2024-02-01', 'P1', 1, 'EUR', 'search';
SELECT throws_ok($$CALL crmcost.load_facts('crm', 'sale', 'stranger')$$, '23503', NULL, 'a customer who is not known');
CREATE TEMPORARY VIEW twice AS SELECT * FROM staged UNION ALL SELECT * FROM staged;
SELECT throws_ok($$CALL crmcost.load_facts('crm', 'sale', 'twice')$$, '23505', NULL, 'a line that is there twice');
CREATE TEMPORARY VIEW no_number AS SELECT s.customer_id, s.source, s.sold_at, s.currency, 'NaN'::numeric AS amount
FROM staged s LIMIT 1;
SELECT throws_ok($$CALL crmcost.load_facts('crm', 'sale', 'no_number')$$, '23514', NULL, 'an amount that is no number');
SELECT is_empty('SELECT FROM sale', 'nothing was loaded');
SELECT set_eq('SELECT * FROM pg_temp.keys()', 'SELECT key FROM before', 'keys after errors');

CALL crmcost.load_facts('crm', 'sale', 'staged');
SELECT set_eq('SELECT customer_id, source, order_ref, line_no, sold_at, product_code, amount, currency, channel_code FROM sale',
  'SELECT * FROM staged', 'the rows');
SELECT is((SELECT count(DISTINCT sale_id) FROM sale), 600::bigint, 'each with its number');
SELECT set_eq('SELECT * FROM pg_temp.keys()', 'SELECT key FROM before', 'keys after the load');
SELECT throws_ok($$INSERT INTO sale (customer_id, source, sold_at, amount, currency)
  VALUES (99, 'shop', '2024-02-01', 1, 'EUR')$$, '23503', NULL, 'foreign keys hold');
CALL crmcost.load_facts('crm', 'sale', 'staged');
SELECT is((SELECT count(*) FROM sale), 600::bigint, 'B18: the same file again adds nothing, and is no error');
CREATE TEMPORARY VIEW more AS SELECT s.customer_id, s.source, 'late ' || s.order_ref AS order_ref, s.line_no, s.sold_at,
  s.amount, s.currency FROM staged s LIMIT 5;
CREATE TEMPORARY VIEW longer AS SELECT s.customer_id, s.source, s.order_ref, s.line_no, s.sold_at, 7777.00 AS amount,
  s.currency FROM staged s
UNION ALL SELECT * FROM more;
CALL crmcost.load_facts('crm', 'sale', 'longer');
SELECT is((SELECT count(*) FROM sale), 605::bigint, 'a longer file adds what is new');
SELECT is_empty('SELECT FROM sale WHERE amount = 7777', 'and what is there stays what it is');
SELECT throws_ok($$CALL crmcost.load_facts('crm', 'sale', 'stranger')$$, '23503', NULL,
  'a customer who is not known, beside lines that are there');
CREATE TEMPORARY VIEW taken AS SELECT min(s.sale_id) AS sale_id, max(s.sold_at) AS sold_at, 1 AS customer_id,
  'new' AS order_ref, 1 AS amount, 'EUR' AS currency FROM sale s WHERE s.sold_at = (SELECT min(sold_at) FROM sale);
SELECT throws_ok($$CALL crmcost.load_facts('crm', 'sale', 'taken')$$, '23505', NULL,
  'another line of a number that is taken is an error');
CREATE TEMPORARY VIEW nameless AS SELECT 1 AS customer_id, timestamptz '2024-01-05 12:00Z' AS sold_at, 0 AS amount,
  'EUR' AS currency;
CALL crmcost.load_facts('crm', 'sale', 'nameless');
CALL crmcost.load_facts('crm', 'sale', 'nameless');
SELECT is((SELECT count(*) FROM sale WHERE order_ref IS NULL), 2::bigint, 'without a reference a line is always new');
DELETE FROM sale WHERE order_ref IS NULL;
SELECT set_eq('SELECT * FROM pg_temp.keys()', 'SELECT key FROM before', 'keys after that');

-- refresh knows of it
CALL crmcost.refresh('crm', '2025-12-01');
SELECT is((SELECT sum(revenue) FROM customer_month),
  (SELECT sum(amount) FROM (SELECT amount FROM staged UNION ALL SELECT amount FROM more) s), 'refresh counts them');

-- what was loaded by hand, which no ANALYZE has seen, has statistics then
ROLLBACK TO fresh;
INSERT INTO sale (customer_id, source, order_ref, sold_at, amount, currency)
SELECT 1 + i % 20, 'shop', 'many ' || i, timestamptz '2024-03-01 12:00Z' + i * interval '1 hour', 10, 'EUR'
FROM generate_series(1, 5000) AS i;
CALL crmcost.refresh('crm', '2025-12-01');
SELECT is((SELECT reltuples::bigint FROM pg_class WHERE oid = 'crm.sale'::regclass), 5000::bigint,
  'rows that the planner knows of');
SELECT results_eq($$SELECT s.attname FROM pg_stats s WHERE s.schemaname = 'crm' AND s.tablename = 'sale'
    AND s.attname IN ('customer_id', 'order_ref', 'sold_at', 'amount') ORDER BY 1$$,
  $$VALUES ('customer_id'::name), ('order_ref'), ('sold_at')$$, 'of its keys and days, not of its measures');

-- what replication goes by, and what others refer to, stays
ROLLBACK TO fresh;
ALTER TABLE sale REPLICA IDENTITY USING INDEX sale_pkey;
SELECT ok(NOT drops::text LIKE '%sale_pkey%', 'the identity of rows is kept')
FROM crmcost._keys_of('crm.sale');
CALL crmcost.load_facts('crm', 'sale', 'staged');
SELECT ok((SELECT indisreplident FROM pg_index WHERE indexrelid = 'crm.sale_pkey'::regclass), 'and is what it was');
ROLLBACK TO fresh;
CREATE TABLE note (sale_id bigint, sold_at timestamptz, FOREIGN KEY (sale_id, sold_at) REFERENCES sale);
CALL crmcost.load_facts('crm', 'sale', 'staged');
SELECT set_eq('SELECT * FROM pg_temp.keys()', 'SELECT key FROM before', 'keys where another table refers to it');
ROLLBACK TO fresh;

-- the other facts
CREATE TEMPORARY TABLE contacts AS SELECT 1 AS customer_id,
  timestamptz '2024-03-01' + i * interval '1 hour' AS occurred_at,
  'ticket' AS kind FROM generate_series(1, 5) AS i;
CALL crmcost.load_facts('crm', 'interaction', 'contacts');
CREATE TEMPORARY TABLE costs AS SELECT 'acq' AS category_code, date '2024-03-01' + i AS incurred_on, 10.5 AS amount,
  'EUR' AS currency FROM generate_series(1, 5) AS i;
CALL crmcost.load_facts('crm', 'cost_entry', 'costs');
CREATE FUNCTION pg_temp.twice(fact name, source regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  before bigint; after bigint;
BEGIN
  CALL crmcost.load_facts('crm', fact, source);
  EXECUTE format('SELECT count(*) FROM crm.%I', fact) INTO before;
  CALL crmcost.load_facts('crm', fact, source);
  EXECUTE format('SELECT count(*) FROM crm.%I', fact) INTO after;
  RETURN format('%s %s', fact, after - before);
END $$;
CREATE TEMPORARY TABLE ref_contacts AS SELECT c.*, 'r' || row_number() OVER () AS source_ref FROM contacts c;
CREATE TEMPORARY TABLE ref_costs AS SELECT c.*, 'r' || row_number() OVER () AS source_ref FROM costs c;
CREATE TEMPORARY TABLE ref_points AS SELECT 1 AS customer_id, 'points' AS program_code,
  timestamptz '2024-03-01' AS occurred_at, 'earn' AS kind, i AS points, 'r' || i AS source_ref
  FROM generate_series(1, 5) AS i;
INSERT INTO driver (code, kind, unit, name) VALUES ('parcels', 'own', 'parcel', 'Parcels');
CREATE TEMPORARY TABLE ref_parcels AS SELECT 1 AS customer_id, 'parcels' AS driver, date '2024-03-01' AS measured_on,
  i AS quantity, 'r' || i AS source_ref FROM generate_series(1, 5) AS i;
SELECT is(pg_temp.twice(fact, source), fact || ' 0', 'B18: loaded twice, once there: ' || fact)
  FROM (VALUES ('interaction', 'ref_contacts'::regclass), ('cost_entry', 'ref_costs'), ('loyalty_entry', 'ref_points'),
    ('driver_entry', 'ref_parcels')) v (fact, source);
DELETE FROM interaction WHERE source_ref IS NOT NULL;
DELETE FROM cost_entry WHERE source_ref IS NOT NULL;
SELECT is((SELECT count(*) FROM interaction) + (SELECT count(*) FROM cost_entry), 10::bigint, 'interactions and costs');
\ir finish.psql
