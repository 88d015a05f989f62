-- What each step of a refresh of bench_ledger takes, for what includes shop.sql: CPU
-- from the row of the step before to its own.
CREATE TABLE IF NOT EXISTS bench.step_time (run_id bigint, step text, upto numeric);
TRUNCATE bench.step_time;
CREATE OR REPLACE FUNCTION bench.note_step() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO bench.step_time VALUES (NEW.run_id, NEW.step, bench.fine_ms());
  RETURN NULL;
END;
$$;
CREATE TRIGGER bench_note_step AFTER INSERT ON refresh_run
  FOR EACH ROW EXECUTE FUNCTION bench.note_step();

-- of the first refresh, a full one, and of the second, after news
CREATE OR REPLACE VIEW bench.step AS
  SELECT step, sum(ms) FILTER (WHERE run_id = 1) AS full_ms,
         sum(ms) FILTER (WHERE run_id = 2) AS news_ms
  FROM (SELECT run_id, step,
               upto - lag(upto) OVER (PARTITION BY run_id ORDER BY upto) AS ms
        FROM bench.step_time) AS t
  WHERE ms IS NOT NULL
  GROUP BY step;
