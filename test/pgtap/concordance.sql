-- One meaning for every figure: over random ledgers, every view that has a figure says the same of it as every other view
-- and as a plain recomputation from the facts, to the last digit.  concordance_list.psql says who is asked what: a new view
-- joins by adding its rows there.  psql -v seed=N asks about one ledger.
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
    BEGIN
      EXECUTE format($q$
        INSERT INTO said SELECT $1, $2, a.key::text, f.key, f.value::numeric
        FROM pg_temp.answer_%s a CROSS JOIN LATERAL jsonb_each_text(to_jsonb(a) - 'key') f WHERE f.value::numeric <> 0$q$, a.id)
        USING a.id, a.grain;
    END;
  END LOOP;
END$$;

CREATE FUNCTION pg_temp.disagreements() RETURNS SETOF text LANGUAGE sql STABLE AS $$
  WITH fact AS (
    SELECT s.grain, s.figure, s.key, s.value FROM said s JOIN voice USING (id, grain, figure) WHERE view = 'facts'),
  key AS (SELECT DISTINCT grain, figure, key FROM said)
  SELECT format('%s of %s %s: %s says %s, the facts %s', v.figure, v.grain, k.key, v.view, coalesce(s.value, 0), coalesce(f.value, 0))
  FROM voice v JOIN key k USING (grain, figure)
  LEFT JOIN said s ON (s.id, s.figure, s.key) = (v.id, v.figure, k.key)
  LEFT JOIN fact f ON (f.grain, f.figure, f.key) = (v.grain, v.figure, k.key)
  WHERE coalesce(s.value, 0) <> coalesce(f.value, 0)
  ORDER BY v.grain, v.figure, v.view, k.key
$$;

CREATE TEMPORARY TABLE outcome (seed int, ledger text, disagreements text[], spoken text[]);
CREATE PROCEDURE pg_temp.try(seed int) LANGUAGE plpgsql AS $$
DECLARE
  ledger text;
  found text[];
  spoken text[];
  t0 timestamptz := clock_timestamp(); t1 timestamptz; t2 timestamptz; t3 timestamptz;
BEGIN
  -- what the exception takes back is the ledger
  BEGIN
    CALL pg_temp.make_ledger(seed);
    t1 := clock_timestamp();
    CALL pg_temp.recompute();
    t2 := clock_timestamp();
    CALL pg_temp.ask();
    SELECT format('seed %s, %s, as of %s%s', seed, zone, day, ', closed to ' || (closed_day)) INTO ledger FROM report;
    found := ARRAY(SELECT pg_temp.disagreements());
    spoken := ARRAY(SELECT DISTINCT grain || ': ' || figure FROM said);
    t3 := clock_timestamp(); RAISE WARNING '%', (SELECT string_agg(step||' '||round(extract(epoch from sum)::numeric,2), ', ') FROM (SELECT step, sum(finished_at-started_at) FROM refresh_run GROUP BY 1 ORDER BY 2 DESC) x); RAISE WARNING '% make % recompute % ask %', seed, t1-t0, t2-t1, t3-t2;
    RAISE EXCEPTION 'tried' USING ERRCODE = 'P9999';
  EXCEPTION WHEN SQLSTATE 'P9999' THEN
    INSERT INTO outcome VALUES (seed, ledger, found, spoken);
  END;
END$$;
SELECT set_config('test.seed', :'seed', true) AS seed \gset
DO $$
BEGIN
  FOR seed IN 1 .. 50 LOOP
    IF current_setting('test.seed') IN ('0', seed::text) THEN CALL pg_temp.try(seed); END IF;
  END LOOP;
END$$;

SELECT ok(disagreements = '{}', 'one answer: ' || ledger) || CASE WHEN disagreements <> '{}' THEN E'\n' ||
  diag(cardinality(disagreements) || ' disagree' || E'\n' || array_to_string(disagreements[1:400], E'\n')) ELSE '' END
FROM outcome ORDER BY seed;
SELECT is_empty($$ SELECT DISTINCT grain, figure FROM voice EXCEPT SELECT grain, figure FROM voice WHERE view = 'facts' $$, 'every figure is recomputed');
SELECT is_empty($$ SELECT DISTINCT grain, figure FROM voice EXCEPT SELECT grain, figure FROM voice WHERE view <> 'facts' $$, 'and asked of a view');
\ir finish.psql
