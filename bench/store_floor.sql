-- The least that any way of computing it takes: the rows that a first refresh of
-- bench_ledger writes, written once more with their keys and indexes, and nothing
-- computed.  The files that include it call bench.empty_tables() before.
CREATE OR REPLACE FUNCTION bench.empty_tables() RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
  name text;
  filled boolean;
  found text[] := '{}';
BEGIN
  FOR name IN SELECT relname FROM pg_class
              WHERE relnamespace = 'bench_ledger'::regnamespace
                AND relkind IN ('r', 'p') AND NOT relispartition LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM bench_ledger.%I)', name)
      INTO filled;
    IF NOT filled THEN
      found := found || name;
    END IF;
  END LOOP;
  RETURN found;
END;
$$;

-- Copies of these tables and the indexes of each; returns what that took in ms.
CREATE OR REPLACE FUNCTION bench.copy_time(tables text[]) RETURNS numeric
LANGUAGE plpgsql AS $$
DECLARE
  name text;
  statement text;
  before numeric;
BEGIN
  CREATE SCHEMA bench_copy;
  before := bench.fine_ms();
  FOREACH name IN ARRAY tables LOOP
    EXECUTE format('CREATE TABLE bench_copy.%I AS SELECT * FROM bench_ledger.%1$I',
                   name);
    FOR statement IN
      SELECT regexp_replace(pg_get_indexdef(indexrelid),
               ' INDEX \S+ ON (ONLY )?\S+ ', format(' INDEX ON bench_copy.%I ', name))
      FROM pg_index WHERE indrelid = format('bench_ledger.%I', name)::regclass LOOP
      EXECUTE statement;
    END LOOP;
  END LOOP;
  before := bench.fine_ms() - before;
  DROP SCHEMA bench_copy CASCADE;
  RETURN before;
END;
$$;
