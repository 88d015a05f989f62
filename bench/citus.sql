-- One refresh of everything where nothing differs, and one after 1 % of news: of a ledger
-- of the coordinator alone, and of the same, distributed.  citus.sh has begun the nodes
-- below :base.  The limits are for 20,000 customers: each step has a part that does not grow.
\ir shop.sql

-- A process may end while it is read.
CREATE FUNCTION bench.read_process(process text, name text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
  RETURN pg_read_file(format('/proc/%s/%s', process, name), 0, 1000, true);
EXCEPTION WHEN internal_error OR io_error OR undefined_file THEN
  RETURN NULL;
END;
$$;
-- CPU of all processes of a node, in milliseconds: of the children of its server
CREATE FUNCTION bench.node_ms(base text, node text) RETURNS numeric
LANGUAGE sql AS $$
  SELECT sum(split_part(bench.read_process(p, 'schedstat'), ' ', 1)::numeric)
           / 1e6
  FROM (SELECT split_part(pg_read_file(base || '/' || node
                                        || '/data/postmaster.pid'), E'\n', 1)
          AS server) n
  CROSS JOIN regexp_split_to_table(
    trim(bench.read_process(n.server, format('task/%s/children', n.server))),
    ' ') AS p
$$;
CREATE FUNCTION bench.workers_ms(base text) RETURNS numeric
LANGUAGE sql AS $$
  SELECT bench.node_ms(base, 'worker_1') + bench.node_ms(base, 'worker_2')
$$;

CREATE TABLE bench.step_time (run_id bigint, step text, here numeric,
                              workers numeric);
CREATE FUNCTION bench.note_step() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO bench.step_time
    VALUES (NEW.run_id, NEW.step, bench.fine_ms(), bench.workers_ms(TG_ARGV[0]));
  RETURN NULL;
END;
$$;
SELECT format('CREATE TRIGGER bench_note_step AFTER INSERT ON refresh_run FOR EACH ROW EXECUTE FUNCTION bench.note_step(%L)',
              :'base') \gexec

-- Rows that workers tell the coordinator, and those that go from one to the other: the log of
-- a worker has a line for each query that it was asked.
CREATE TABLE bench.told (kind text, goes_to text, rows bigint, query text);
CREATE PROCEDURE bench.count_told()
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM run_command_on_workers(format(
    'DO %L', 'BEGIN SET LOCAL citus.enable_ddl_propagation = off; EXECUTE ' || quote_literal(
      regexp_replace(replace(pg_get_functiondef('crmcost._part_rows'::regproc),
          'names text;', 'names text; told bigint;'),
        'END\s*\$function\$', $log$
        GET DIAGNOSTICS told = ROW_COUNT;
        RAISE LOG 'crmcost told % % %.', CASE WHEN current_query() ~ 'worker_partition_query_result' THEN 'worker' ELSE 'coordinator' END,
          told, regexp_replace(left(query, 2000), '\s+', ' ', 'g');
        END $function$
        $log$)) || '; END'));
END;
$$;
CREATE FUNCTION bench.log_ends(base text) RETURNS bigint[]
LANGUAGE sql AS $$
  SELECT array_agg((pg_stat_file(format('%s/worker_%s/server.log', base, w))).size ORDER BY w)
  FROM generate_series(1, 2) AS w
$$;
CREATE FUNCTION bench.told_since(base text, ends bigint[])
RETURNS TABLE (goes_to text, rows bigint, query text)
LANGUAGE sql AS $$
  SELECT m[1], m[2]::bigint, m[3]
  FROM unnest(ends) WITH ORDINALITY AS e (upto, w)
  CROSS JOIN LATERAL pg_read_binary_file(format('%s/worker_%s/server.log', base, w), upto, 1000000000) AS log (line)
  CROSS JOIN LATERAL regexp_matches(convert_from(log.line, 'UTF8'), 'crmcost told (\w+) (\d+) ([^\n]*)', 'g') AS m
$$;

-- a refresh of a kind, and what the coordinator and the workers worked for it
CREATE TABLE bench.run (kind text, run_id bigint, here numeric, workers numeric);
CREATE PROCEDURE bench.refresh(kind text, base text, as_of timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
  here CONSTANT numeric := bench.fine_ms();
  workers CONSTANT numeric := bench.workers_ms(base);
  ends CONSTANT bigint[] := bench.log_ends(base);
BEGIN
  -- what comes before the first step is counted with it
  INSERT INTO bench.step_time
    SELECT max(r.run_id) + 1, '(begin)', here, workers FROM refresh_run r;
  CALL crmcost.refresh('bench_ledger', as_of, "full" => true);
  INSERT INTO bench.run
    SELECT kind, max(r.run_id), bench.fine_ms() - here,
           bench.workers_ms(base) - workers
    FROM refresh_run r;
  INSERT INTO bench.told SELECT kind, t.* FROM bench.told_since(base, ends) t;
END;
$$;

CALL crmcost.refresh('bench_ledger', '2026-01-01');
CALL bench.add_facts('B', :customers / 20, :customers, '2025-12-01', '30 days');
CALL bench.refresh('plain, news', :'base', '2026-01-01');
CALL bench.refresh('plain', :'base', '2026-01-01');
SET citus.enable_ddl_propagation = on;
CALL crmcost.distribute('bench_ledger');
SET citus.enable_ddl_propagation = off;
CALL bench.count_told();
-- the first one makes what workers compute with, where the plain ledger had its first above
CALL bench.refresh('spread, first', :'base', '2026-01-01');
CALL bench.refresh('spread', :'base', '2026-01-01');
CALL bench.add_facts('C', :customers / 20, :customers, '2025-12-01', '30 days');
CALL bench.refresh('spread, news', :'base', '2026-01-01');
-- Each customer twice, in the shard where he is: sums of groups have as many rows as before,
-- and what has more comes by customer.
CREATE TEMPORARY TABLE twin AS
  SELECT c.customer_id, f.customer_id AS twin_id
  FROM (SELECT customer_id, shard, row_number() OVER (PARTITION BY shard ORDER BY customer_id) AS n
        FROM (SELECT i AS customer_id, get_shard_id_for_distribution_column('customer', i::bigint) AS shard
              FROM generate_series(1, :customers) AS i) c) c
  JOIN (SELECT customer_id, shard, row_number() OVER (PARTITION BY shard ORDER BY customer_id) AS n
        FROM (SELECT i AS customer_id, get_shard_id_for_distribution_column('customer', i::bigint) AS shard
              FROM generate_series(:customers + 1, 4 * :customers) AS i) c) f USING (shard, n);
ANALYZE twin;
CREATE TEMPORARY TABLE old_customer AS
  SELECT customer_id, source, source_key, first_seen_at, acquired_at, acquisition_channel FROM customer;
CREATE TEMPORARY TABLE old_sale AS
  SELECT customer_id, source, order_ref, line_no, kind, sold_at, product_code, quantity, amount, discount, cogs, currency, channel_code FROM sale;
CREATE TEMPORARY TABLE old_interaction AS
  SELECT customer_id, occurred_at, kind, channel_code, handle_seconds, source, source_ref FROM interaction;
CREATE TEMPORARY TABLE old_cost AS
  SELECT category_code, incurred_on, amount, currency, customer_id, source, source_ref FROM cost_entry WHERE customer_id IS NOT NULL;
INSERT INTO customer (customer_id, source, source_key, first_seen_at, acquired_at, acquisition_channel)
  SELECT t.twin_id, source, source_key || '''', first_seen_at, acquired_at, acquisition_channel FROM old_customer JOIN twin t USING (customer_id);
INSERT INTO sale (customer_id, source, order_ref, line_no, kind, sold_at, product_code, quantity, amount, discount, cogs, currency, channel_code)
  SELECT t.twin_id, source, order_ref || '''', line_no, kind, sold_at, product_code, quantity, amount, discount, cogs, currency, channel_code FROM old_sale JOIN twin t USING (customer_id);
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code, handle_seconds, source, source_ref)
  SELECT t.twin_id, occurred_at, kind, channel_code, handle_seconds, source, source_ref || '''' FROM old_interaction JOIN twin t USING (customer_id);
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id, source, source_ref)
  SELECT category_code, incurred_on, amount, currency, t.twin_id, source, source_ref || '''' FROM old_cost JOIN twin t USING (customer_id);
CALL bench.refresh('spread, twice', :'base', '2026-01-01');

-- What the coordinator copies of each table in a refresh, as EXPLAIN counts it.
CREATE TABLE bench.read (relation text, rows bigint, bytes numeric);
CREATE PROCEDURE bench.read_table(relation text, names text, origin regclass)
LANGUAGE plpgsql AS $$
DECLARE
  line text;
  bytes numeric := 0;
  found bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM %s', origin) INTO found;
  FOR line IN EXECUTE format('EXPLAIN (ANALYZE, TIMING OFF) SELECT %s FROM %s',
                             names, origin) LOOP
    IF line ~ '^ *Tuple data received from nodes: ' THEN
      bytes := bytes + pg_size_bytes(substring(line FROM ': (.*)'));
    END IF;
  END LOOP;
  INSERT INTO bench.read VALUES (relation, found, bytes);
END;
$$;
CREATE TABLE bench.part AS
  SELECT c.* FROM crmcost._copies('bench_ledger') c
  WHERE c.placement = 'distributed'
        AND c.relation <> ALL (crmcost._left_tables('bench_ledger'));
DO $$
DECLARE
  part record;
BEGIN
  FOR part IN SELECT p.* FROM bench.part p LOOP
    CALL bench.read_table(part.relation, part.names, part.origin);
  END LOOP;
END;
$$;

\echo one refresh, ms of CPU
SELECT kind, round(here) AS coordinator, round(workers) AS workers FROM bench.run;
\echo its steps, ms of CPU: on one node, and distributed, on the coordinator and on the workers
CREATE TABLE bench.step AS
  SELECT r.kind, t.step, t.here - t.here_before AS here,
         t.workers - t.workers_before AS workers
  FROM (SELECT *, lag(here) OVER run AS here_before,
               lag(workers) OVER run AS workers_before
        FROM bench.step_time
        WINDOW run AS (PARTITION BY run_id ORDER BY here)) AS t
  JOIN bench.run r USING (run_id)
  WHERE t.here_before IS NOT NULL;
SELECT step, round(p.here) AS one_node, round(s.here) AS coordinator,
       round(s.workers) AS workers, round(s.here / p.here, 2) AS ratio
  FROM bench.step p JOIN bench.step s USING (step)
  WHERE p.kind = 'plain' AND s.kind = 'spread' AND greatest(p.here, s.here, s.workers) > 20
  ORDER BY s.here DESC;
\echo what the coordinator copies of tables in it
SELECT relation, rows, round(bytes / 1e6, 1) AS mb, round(bytes / rows) AS bytes_a_row
  FROM bench.read WHERE rows > 0 ORDER BY bytes DESC;

\echo what workers tell the coordinator, and each other, in rows: of so many customers, and of twice as many in the same groups
CREATE TABLE bench.growth AS
  SELECT left(regexp_replace(query, '\d+', '0', 'g'), 100) AS query, goes_to,
         -- for the last who gets a coin and the bounds of tiers: their rounds grow by a logarithm
         query ~ '_tell_blocks\(|AS measure, \d+ AS number' AS is_search,
         coalesce(sum(rows) FILTER (WHERE kind = 'spread, news'), 0) AS rows,
         coalesce(sum(rows) FILTER (WHERE kind = 'spread, twice'), 0) AS twice
  FROM bench.told WHERE kind IN ('spread, news', 'spread, twice')
  GROUP BY 1, 2, 3;
SELECT * FROM bench.growth WHERE greatest(rows, twice) > :customers / 100.0 OR abs(twice - rows) > 9 ORDER BY goes_to, twice DESC;
SELECT goes_to, is_search, sum(rows) AS rows, sum(twice) AS twice, round(sum(twice - rows) / :customers, 4) AS by_customer
  FROM bench.growth GROUP BY 1, 2;

SELECT here AS plain FROM bench.run WHERE kind = 'plain' \gset
SELECT here AS news FROM bench.run WHERE kind = 'plain, news' \gset
SELECT here AS spread, here + workers AS all_nodes FROM bench.run WHERE kind = 'spread' \gset
SELECT here AS spread_news FROM bench.run WHERE kind = 'spread, news' \gset
SELECT coalesce(sum(bytes), 0) / 1e3 AS kb FROM bench.read \gset
SELECT sum(twice - rows) + (SELECT coalesce(sum(r.rows), 0) FROM bench.read r) AS by_customer
  FROM bench.growth WHERE goes_to = 'coordinator' AND NOT is_search \gset
SELECT sum(p.here) AS plain_order, sum(s.here) AS spread_order
  FROM bench.step p JOIN bench.step s USING (step)
  WHERE p.kind = 'plain' AND s.kind = 'spread' AND step IN ('line', 'order') \gset
CALL bench.note('refresh on a cluster, CPU of the coordinator', 0.35, :spread, 'the ledger on one node', :plain);
CALL bench.note('refresh on a cluster, CPU of all nodes', 1.6, :all_nodes, 'the ledger on one node', :plain);
CALL bench.note('refresh on a cluster after 1 % of news, coordinator', 0.6, :spread_news, 'the ledger on one node, everything', :news);
CALL bench.note('steps line and order on a cluster, CPU of the coordinator', 0.02, :spread_order, 'the ledger on one node', :plain_order);
SELECT p.here AS plain_value, s.here AS spread_value
  FROM bench.step p JOIN bench.step s USING (step)
  WHERE p.kind = 'plain' AND s.kind = 'spread' AND step = 'value' \gset
CALL bench.note('step value on a cluster, CPU of the coordinator', 0.02, :spread_value, 'the ledger on one node', :plain_value);
CALL bench.note('kB that the coordinator copies, not ms', 0.3, :kb, 'a customer, of 10 lines and 2 contacts', :customers);
CALL bench.note('rows that come to the coordinator by customer, not ms', 0.01, greatest(:by_customer, 0), 'those customers', :customers);
