-- One meaning for every figure: over random ledgers, every view that has a figure says the same of it as every other
-- view
-- and as a plain recomputation from the facts, to the last digit.  concordance_list.psql says who is asked what: a new
-- view
-- joins by adding its rows there.  psql -v seed=N asks about one ledger, -v ledgers=N about that many.
\set partitioned false
\ir ledger_setup.psql
\ir random.psql
\ir concordance_ledger.psql
\ir concordance_facts.psql
\ir concordance_list.psql
SELECT no_plan();
\if :{?seed}
\else
\set seed 0
\endif
\if :{?ledgers}
\else
\set ledgers 50
\endif

-- each row of the list as a view
CREATE TEMPORARY TABLE voice (id int, view text, grain text, figure text);
CREATE FUNCTION pg_temp.words(list text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE w record;
BEGIN
  WHILE list ~ '\{[a-z ]+\}' LOOP
    FOR w IN SELECT * FROM word LOOP list := replace(list, w.word, w.means); END LOOP;
  END LOOP;
  RETURN list;
END$$;
ALTER TABLE answer_of ADD id int GENERATED ALWAYS AS IDENTITY;
DO $$
DECLARE a record;
BEGIN
  FOR a IN SELECT * FROM answer_of LOOP
    EXECUTE format('CREATE VIEW pg_temp.answer_%s AS SELECT %s AS key, %s FROM %s GROUP BY 1', a.id, a.key,
                   pg_temp.words(a.figures), coalesce(a.source, a.view));
    INSERT INTO voice SELECT a.id, a.view, a.grain, attname FROM pg_attribute
      WHERE attrelid = format('pg_temp.answer_%s', a.id)::regclass AND attnum > 1;
  END LOOP;
END$$;

CREATE TEMPORARY TABLE said (id int, grain text, key text, figure text, value numeric);
CREATE PROCEDURE pg_temp.ask() LANGUAGE plpgsql AS $$
DECLARE a record;
BEGIN
  FOR a IN SELECT * FROM answer_of LOOP
    EXECUTE format($q$
      INSERT INTO said SELECT $1, $2, a.key::text, f.key, f.value::numeric
      FROM pg_temp.answer_%s a CROSS JOIN LATERAL jsonb_each_text(to_jsonb(a) - 'key') f
        WHERE f.value::numeric <> 0$q$, a.id)
      USING a.id, a.grain;
  END LOOP;
END$$;

CREATE FUNCTION pg_temp.disagreements() RETURNS SETOF text LANGUAGE sql STABLE AS $$
  WITH fact AS (
    SELECT s.grain, s.figure, s.key, s.value FROM said s JOIN voice USING (id, grain, figure) WHERE view = 'facts'),
  key AS (SELECT DISTINCT grain, figure, key FROM said)
  SELECT format('%s of %s %s: %s says %s, the facts %s', v.figure, v.grain, k.key, v.view, coalesce(s.value, 0),
    coalesce(f.value, 0))
  FROM voice v JOIN key k USING (grain, figure)
  LEFT JOIN said s ON (s.id, s.figure, s.key) = (v.id, v.figure, k.key)
  LEFT JOIN fact f ON (f.grain, f.figure, f.key) = (v.grain, v.figure, k.key)
  WHERE coalesce(s.value, 0) <> coalesce(f.value, 0)
  ORDER BY v.grain, v.figure, v.view, k.key
$$;

CREATE TEMPORARY TABLE outcome (seed int, ledger text, disagreements text[]);
CREATE PROCEDURE pg_temp.try(seed int) LANGUAGE plpgsql AS $$
DECLARE
  ledger text;
  found text[];
BEGIN
  -- what the exception takes back is the ledger
  BEGIN
    CALL pg_temp.make_ledger(seed);
    CALL pg_temp.recompute();
    CALL pg_temp.ask();
    ANALYZE pg_temp.said;
    SELECT format('seed %s, %s, as of %s%s', seed, zone, day, ', closed to ' || (closed_day)) INTO ledger FROM report;
    found := ARRAY(SELECT pg_temp.disagreements());
    RAISE EXCEPTION 'tried' USING ERRCODE = 'P9999';
  EXCEPTION WHEN SQLSTATE 'P9999' THEN
    INSERT INTO outcome VALUES (seed, ledger, found);
  END;
END$$;
SELECT set_config('test.seed', :'seed', true) AS seed, set_config('test.ledgers', :'ledgers', true) AS ledgers \gset
DO $$
BEGIN
  FOR seed IN 1 .. greatest(current_setting('test.ledgers')::int, current_setting('test.seed')::int) LOOP
    IF current_setting('test.seed') IN ('0', seed::text) THEN CALL pg_temp.try(seed); END IF;
  END LOOP;
END$$;

SELECT ok(disagreements = '{}', 'one answer: ' || ledger) || CASE WHEN disagreements <> '{}' THEN E'\n' ||
  diag(cardinality(disagreements) || ' disagree' || E'\n' || array_to_string(disagreements[1:20], E'\n')) ELSE '' END
FROM outcome ORDER BY seed;
SELECT is_empty($$ SELECT DISTINCT grain, figure FROM voice EXCEPT SELECT grain, figure FROM voice
  WHERE view = 'facts' $$, 'every figure is recomputed');
SELECT is_empty($$ SELECT DISTINCT grain, figure FROM voice EXCEPT SELECT grain, figure FROM voice
  WHERE view <> 'facts' $$, 'and asked of a view');
-- Every column of money is in some row.
PREPARE unasked AS
  SELECT c.relname || '.' || a.attname
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
  WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind = 'v' AND a.atttypid = 'numeric'::regtype
        AND a.attname ~
          '(^|_)(cost|revenue|margin|profit|amount|discount|refund|cogs|spend|budget|loss|contribution|monetary|planned|actual|historic|potential|saving|gain|benefit)$'
        AND NOT EXISTS (
          SELECT FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid JOIN pg_class v ON v.oid = w.ev_class
          WHERE d.classid = 'pg_rewrite'::regclass AND v.relnamespace = pg_my_temp_schema()
            AND v.relname LIKE 'answer\_%'
                AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.refobjsubid = a.attnum)
        AND NOT EXISTS (SELECT FROM excepted e WHERE c.relname ~ e.view AND a.attname ~ e.figure)
  ORDER BY 1;
SELECT is_empty('unasked', 'every column of money is asked, or excepted with a reason');
\ir finish.psql
