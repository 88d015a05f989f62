-- What the measurements share: bench.compare() runs two statements in turn and
-- keeps their times; bench.growth() runs one at three sizes.

\set ON_ERROR_STOP 1
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS bench CASCADE;
CREATE SCHEMA bench;

CREATE TABLE bench.result (
  id int GENERATED ALWAYS AS IDENTITY,
  work text NOT NULL,
  against text NOT NULL,
  ours_ms numeric,
  theirs_ms numeric,
  at_most numeric
);

-- Milliseconds of CPU, user and system, that this backend has used: other work
-- on the machine does not count.  Linux counts them in steps of ten.
CREATE FUNCTION bench.cpu_ms() RETURNS numeric
LANGUAGE sql AS $$
  SELECT (field[12]::numeric + field[13]::numeric) * 10
  FROM regexp_split_to_array(
         substring(pg_read_file('/proc/self/stat') FROM '.*\) (.*)'), ' ') AS field
$$;

-- Milliseconds of CPU that a statement takes.
CREATE FUNCTION bench.time_of(statement text) RETURNS numeric
LANGUAGE plpgsql AS $$
DECLARE
  before numeric := bench.cpu_ms();
BEGIN
  EXECUTE statement;
  RETURN bench.cpu_ms() - before;
END;
$$;

-- Runs ours and theirs in turn, so that a machine whose speed drifts treats
-- both alike, and prints the medians.
CREATE PROCEDURE bench.compare(
  work text, against text, at_most numeric, ours text, theirs text,
  runs int DEFAULT 5
)
LANGUAGE plpgsql AS $$
DECLARE
  our_times numeric[];
  their_times numeric[];
  our_median numeric;
  their_median numeric;
BEGIN
  PERFORM bench.time_of(ours);
  FOR i IN 1 .. runs LOOP
    our_times := our_times || bench.time_of(ours);
    their_times := their_times || bench.time_of(theirs);
  END LOOP;
  SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY t) INTO our_median
    FROM unnest(our_times) AS t;
  SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY t) INTO their_median
    FROM unnest(their_times) AS t;
  INSERT INTO bench.result (work, against, ours_ms, theirs_ms, at_most)
    VALUES (work, against, our_median, their_median, at_most);
  RAISE WARNING '% ms against % ms, ratio % (at most %): %',
    round(our_median), round(their_median),
    round(our_median / their_median, 3), at_most, work;
END;
$$;

-- Ours, the median of five runs, against a time that is known.
CREATE PROCEDURE bench.against(
  work text, against text, theirs_ms numeric, at_most numeric, ours text,
  times int DEFAULT 1
)
LANGUAGE plpgsql AS $$
DECLARE
  our_times numeric[];
  ours_ms numeric;
BEGIN
  FOR i IN 1 .. 5 LOOP
    our_times := our_times || bench.time_of(ours) / times;
  END LOOP;
  SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY t) INTO ours_ms
    FROM unnest(our_times) AS t;
  INSERT INTO bench.result (work, against, ours_ms, theirs_ms, at_most)
    VALUES (work, against, ours_ms, theirs_ms, at_most);
  RAISE WARNING '% ms against % ms, ratio % (at most %): %',
    round(ours_ms), round(theirs_ms), round(ours_ms / theirs_ms, 3), at_most,
    work;
END;
$$;

-- The time of a statement with %s replaced by 1, 3 and 10, for the tables of so
-- many million rows: from size to size it may grow by the size and a tenth.
CREATE PROCEDURE bench.growth(work text, statement text, runs int DEFAULT 3)
LANGUAGE plpgsql AS $$
DECLARE
  sizes int[] := ARRAY[1, 3, 10];
  time_of_size numeric[];
  times numeric[];
BEGIN
  FOR s IN 1 .. 3 LOOP
    times := NULL;
    FOR i IN 1 .. runs LOOP
      times := times || bench.time_of(format(statement, sizes[s]));
    END LOOP;
    time_of_size[s] := (SELECT min(t) FROM unnest(times) AS t);
  END LOOP;
  FOR s IN 2 .. 3 LOOP
    INSERT INTO bench.result (work, against, ours_ms, theirs_ms, at_most)
      VALUES (format('%s: %s M rows', work, sizes[s]),
              format('%s times 1 M rows', sizes[s]),
              time_of_size[s], time_of_size[1] * sizes[s], 1.1);
    RAISE WARNING '% ms at % M rows, % of linear (at most 1.1): %',
      round(time_of_size[s]), sizes[s],
      round(time_of_size[s] / (time_of_size[1] * sizes[s]), 3), work;
  END LOOP;
END;
$$;
