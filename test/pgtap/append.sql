-- How refresh writes many rows: as an INSERT would.
\ir setup.psql
SELECT no_plan();

-- a table with all that an INSERT looks after, and its twin
CREATE TEMPORARY TABLE shop (code text PRIMARY KEY);
INSERT INTO shop SELECT 's' || i FROM generate_series(0, 20) i;
CREATE TEMPORARY TABLE buyer (id bigint, zone int, PRIMARY KEY (id, zone));
INSERT INTO buyer SELECT i, i % 3 FROM generate_series(1, 500) i;
CREATE TEMPORARY TABLE bill (
  gone int, id bigint, no int, zone int, shop text CONSTRAINT shop_is_known REFERENCES shop,
  amount numeric(38, 4) NOT NULL CONSTRAINT amount_is_small CHECK (amount < 1000000), words text,
  twice numeric(38, 4) GENERATED ALWAYS AS (2 * amount) STORED, note text DEFAULT 'noted',
    n int GENERATED ALWAYS AS IDENTITY,
  PRIMARY KEY (id, no), CONSTRAINT buyer_is_known FOREIGN KEY (id, zone) REFERENCES buyer
);
ALTER TABLE bill DROP COLUMN gone;
CREATE INDEX ON bill (shop, amount);
CREATE INDEX ON bill (left(lower(words), 20)) WHERE amount > 5000;
CREATE TEMPORARY TABLE given AS
  SELECT 1 + i / 9 AS id, i % 9 AS no, (1 + i / 9) % 3 AS zone, CASE WHEN i % 7 > 1 THEN 's' || i / 4 % 21 END AS shop,
    (random() * 9999)::numeric(38, 4) AS amount,
    CASE WHEN i % 500 = 3 THEN (SELECT string_agg(md5(i::text || j), '') FROM generate_series(1, 400) j)
      WHEN i % 5 > 0 THEN 'word ' || i END AS words
  FROM generate_series(0, 4400) i;
CREATE TEMPORARY TABLE twin (LIKE bill INCLUDING ALL);
CREATE FUNCTION pg_temp.append(rows text) RETURNS bigint LANGUAGE sql AS $$
  SELECT crmcost._append_rows('bill', '{id,no,zone,shop,amount,words}',
    'SELECT id::bigint, no, zone, shop, amount, words FROM ' || rows || ' ORDER BY id, no')
$$;
SELECT is(pg_temp.append('given'), 4401::bigint, 'says how many rows it appended');
INSERT INTO twin (id, no, zone, shop, amount, words) SELECT id, no, zone, shop, amount, words FROM given ORDER BY id,
  no;
SELECT set_eq('TABLE bill', 'TABLE twin', 'an INSERT makes the same rows: generated columns, defaults, long values');
SET LOCAL enable_seqscan = off;
SELECT set_eq('SELECT id, no FROM bill WHERE shop = ''s7'' AND amount > 17', 'SELECT id, no
  FROM given WHERE shop = ''s7'' AND amount > 17',
  'they are in the indexes');
SELECT set_eq('SELECT id, no FROM bill WHERE left(lower(words), 20) > ''word 3'' AND amount > 5000',
  'SELECT id, no FROM given WHERE words > ''word 3'' AND amount > 5000', 'in one of an expression and a condition,
    too');
RESET enable_seqscan;
SELECT is(pg_temp.append('given WHERE false'), 0::bigint, 'no rows');
SELECT is(pg_temp.append('(SELECT 500 AS id, (10 * id + no + 9000)::int AS no, 2 AS zone, shop, amount,
  words FROM bill WHERE id < 20) b'), 171::bigint,
  'of the table itself what was there before');

-- every row is checked, wherever it stands
CREATE TEMPORARY TABLE fresh AS SELECT 500 AS id, 2000 + i AS no, 2 AS zone, 's1' AS shop, 1::numeric(38,
  4) AS amount, ''::text AS words
  FROM generate_series(1, 2500) i;
CREATE FUNCTION pg_temp.spoilt(what text, value text, place int) RETURNS text LANGUAGE sql AS $$
  SELECT format('SELECT pg_temp.append(%L)', format('(SELECT %s FROM fresh) f', (SELECT string_agg(
    CASE WHEN c = what THEN format('CASE WHEN no = %s THEN %s ELSE %I END AS %I', 2000 + place, value, c,
      c) ELSE quote_ident(c) END, ', ')
    FROM unnest('{id,no,zone,shop,amount,words}'::text[]) c)))
$$;
SELECT throws_ok(pg_temp.spoilt(what, value, place), code, NULL::text, format('%s in row %s', code, place))
  FROM (VALUES ('shop', quote_literal('nowhere'), '23503'), ('zone', '1', '23503'), ('amount', '1000001::numeric(38,
    4)', '23514'),
               ('amount', 'NULL::numeric(38, 4)', '23502')) v (what, value, code)
  CROSS JOIN unnest('{1,2,999,1000,1001,1777,2500}'::int[]) place;
SELECT throws_ok(pg_temp.spoilt('no', '2001', place), '23505', NULL::text, format('the key again in row %s', place))
  FROM unnest('{2,1000,1001,2500}'::int[]) place;
SELECT lives_ok(pg_temp.spoilt('shop', 'NULL', 1234), 'a reference to nothing');
SELECT is((SELECT count(*) FROM bill), 4401 + 171 + 2500::bigint, 'of a row that is refused none of them stays');

-- of many rows into a table that had none the indexes are built after the last one
CREATE TEMPORARY TABLE many (id bigint PRIMARY KEY, no int, shop text REFERENCES shop);
CREATE INDEX ON many (no) WHERE no > 10;
CREATE TEMPORARY TABLE tree (id bigint PRIMARY KEY, parent bigint REFERENCES tree);
CREATE FUNCTION pg_temp.files(relation regclass) RETURNS SETOF oid LANGUAGE sql AS $$
  SELECT pg_relation_filenode(indexrelid) FROM pg_index WHERE indrelid = relation
$$;
SELECT throws_ok($$SELECT crmcost._append_rows('many', '{id,no,shop}',
  'SELECT greatest(i, 3)::bigint, (i % 100)::int, ''s1'' FROM generate_series(1, 30000) i ORDER BY i DESC')$$, '23505',
  NULL::text, 'a key twice among them');
TRUNCATE many;
CREATE TEMPORARY TABLE file AS SELECT f FROM pg_temp.files('many') f;
SELECT is(crmcost._append_rows('many', '{id,no,shop}',
  'SELECT i::bigint, (i % 100)::int, ''s1'' FROM generate_series(30000, 1, -1) i'), 30000::bigint, 'all of many rows');
SELECT is_empty('SELECT f FROM file WHERE f IN (SELECT pg_temp.files(''many''))', 'their indexes are new');
SELECT ok(bool_and(indisvalid AND indisready), 'and in use') FROM pg_index WHERE indrelid = 'many'::regclass;
SET LOCAL enable_seqscan = off;
SELECT is((SELECT array_agg(id ORDER BY id) FROM many WHERE no = 77 AND id < 300), '{77,177,277}',
  'with the rows in them');
SELECT is((SELECT count(*) FROM generate_series(1, 30000) i JOIN LATERAL (SELECT FROM many WHERE id = i OFFSET 0) m
  ON true), 30000::bigint, 'every one');
RESET enable_seqscan;
TRUNCATE file;
INSERT INTO file SELECT pg_temp.files('many');
SELECT is(crmcost._append_rows('many', '{id,no,shop}',
  'SELECT 30000 + i::bigint, 1, NULL::text FROM generate_series(1, 20000) i'), 20000::bigint, 'as many again');
SELECT set_eq('SELECT pg_temp.files(''many'')', 'TABLE file', 'of a table that has rows the indexes stay');
SELECT throws_ok($$INSERT INTO many VALUES (50000, 1, NULL)$$, '23505', NULL::text, 'and know all rows');
INSERT INTO file SELECT pg_temp.files('tree');
SELECT is(crmcost._append_rows('tree', '{id,parent}',
  'SELECT i::bigint, nullif(i - 1, 0)::bigint FROM generate_series(1, 15000) i'), 15000::bigint,
  'rows that refer to others of them');
SELECT ok(f IN (SELECT * FROM file), 'are found while they come') FROM pg_temp.files('tree') f;

-- what cannot be is refused
SELECT throws_ok(format('SELECT crmcost._append_rows(%L, %L, %L)', 'bill', names, query), code, NULL::text,
  query) FROM (VALUES
  ('{id}', 'SELECT 1', '42804'), ('{id,amount}', 'SELECT 1::bigint, 1.0', '42804'), ('{twice}',
    'SELECT 1::numeric(38, 4)', '42804'),
  ('{nothing}', 'SELECT 1', '42804'), ('{id,no}', 'SELECT 1::bigint', '42804'), ('{NULL}', 'SELECT 1', '42804'),
  ('{ctid}', 'SELECT ''(0,1)''::tid', '42804'),
  ('{id}', 'DELETE FROM bill', '42601'), ('{id}', 'SELECT 1::bigint; SELECT 2', '42601')) v (names, query, code);
CREATE TEMPORARY VIEW bills AS TABLE bill;
SELECT throws_ok($$SELECT crmcost._append_rows('bills', '{id}', 'SELECT 1::bigint')$$, '0A000', NULL::text, 'a view');
ALTER TABLE twin ENABLE ROW LEVEL SECURITY;
SELECT throws_ok($$SELECT crmcost._append_rows('twin', '{id}', 'SELECT 1::bigint')$$, '0A000', NULL::text, 'policies');
SELECT throws_ok($$SELECT crmcost._append_rows('pg_database', '{oid}', 'SELECT 1::oid')$$, '0A000', NULL::text,
  'a catalog');
CREATE ROLE crmcost_clerk;
GRANT ALL ON bill TO crmcost_clerk;
GRANT USAGE ON SCHEMA crmcost TO crmcost_clerk;
GRANT EXECUTE ON FUNCTION crmcost._append_rows(regclass, name[], text) TO crmcost_clerk;
SET LOCAL ROLE crmcost_clerk;
SELECT throws_ok($$SELECT crmcost._append_rows('bill', '{id}', 'SELECT 1::bigint')$$, '42501', NULL::text,
  'who may insert, but could not drop what is gone past');
RESET ROLE;
\ir finish.psql
