-- A ledger in units of one read of its facts, counted and summed by customer and
-- month: what a refresh takes, in full, without news and after news, and what its
-- views take.  With CRMCOST_BENCH_CUSTOMERS=100000 it takes several minutes.
\ir shop.sql

-- loading: the lines in random order of time, into a table without anything and
-- into a ledger with partitions, by INSERT and as a first load
CREATE TABLE bench.line AS
  SELECT customer_id, source, order_ref, line_no, kind, sold_at, product_code,
         quantity, amount, discount, cogs, currency, channel_code
  FROM sale ORDER BY random();
CREATE TABLE bench.plain (LIKE bench.line);
DROP SCHEMA IF EXISTS bench_load CASCADE;
CALL crmcost.install('bench_load', true);
CALL crmcost.ensure_partitions('bench_load', '2024-01-01', '2026-01-01');
INSERT INTO bench_load.channel SELECT * FROM channel
  ON CONFLICT (code) DO NOTHING;
INSERT INTO bench_load.customer SELECT * FROM customer;
ANALYZE bench_load.customer, bench_load.channel, bench.line;
SELECT bench.fine_time_of('INSERT INTO bench.plain SELECT * FROM bench.line')
         AS plain,
       bench.fine_time_of($$CALL crmcost.load_facts('bench_load', 'sale',
                                                    'bench.line')$$)
         AS first_load \gset
TRUNCATE bench_load.sale;
SELECT bench.fine_time_of($$
         INSERT INTO bench_load.sale
             (customer_id, source, order_ref, line_no, kind, sold_at,
              product_code, quantity, amount, discount, cogs, currency,
              channel_code)
           SELECT * FROM bench.line
       $$) AS load \gset
CALL bench.note('first load of sale lines, by load_facts', 16, :first_load,
                'a plain table', :plain);
CALL bench.note('load of sale lines, by INSERT', 16, :load, 'a plain table',
                :plain);
DROP TABLE bench.line, bench.plain;
DROP SCHEMA bench_load CASCADE;

-- the unit: the middle one of five reads
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY bench.fine_time_of($$
         SELECT count(*), sum(n), sum(total) FROM (
           SELECT customer_id, date_trunc('month', sold_at) AS month_start,
                  count(*) AS n, sum(amount) AS total
           FROM sale GROUP BY 1, 2
           UNION ALL
           SELECT customer_id, date_trunc('month', incurred_on::timestamp),
                  count(*), sum(amount)
           FROM cost_entry GROUP BY 1, 2
           UNION ALL
           SELECT customer_id, date_trunc('month', occurred_at), count(*),
                  sum(handle_seconds)
           FROM interaction GROUP BY 1, 2) AS part
       $$)::float8)::numeric AS unit
  FROM generate_series(1, 5) \gset
\set against 'one read of the facts, by customer and month'

SELECT bench.fine_ms() AS before \gset
CALL crmcost.refresh('bench_ledger', '2026-01-01');
SELECT bench.fine_ms() - :before AS ours \gset
CALL bench.note('refresh of everything', 30, :ours, :'against', :unit);

SELECT bench.fine_ms() AS before \gset
CALL crmcost.refresh('bench_ledger', '2026-01-01');
SELECT bench.fine_ms() - :before AS ours \gset
CALL bench.note('refresh without news', 0.3, :ours, :'against', :unit);

CALL bench.add_facts('B', :customers / 20, :customers, '2025-12-01',
                     '30 days');
SELECT bench.fine_ms() AS before \gset
CALL crmcost.refresh('bench_ledger', '2026-01-02');
SELECT bench.fine_ms() - :before AS ours \gset
CALL bench.note('refresh after 1 % news in one month, on the next day', 3.5,
                :ours, :'against', :unit);

SELECT bench.fine_ms() AS before \gset
CALL crmcost.refresh('bench_ledger', '2026-01-02', "full" => true);
SELECT bench.fine_ms() - :before AS ours \gset
CALL bench.note('refresh of everything, where nothing differs', 30, :ours,
                :'against', :unit);

-- Views, with the settings that a server comes with: all rows counted, and what
-- somebody would ask, for a customer, a month, or the first hundred rows; of
-- cost_flow, which has a row an entry and customer, for a customer and month.
SET jit = on;
CREATE TABLE bench.view_time AS
  SELECT c.relname AS name,
         bench.fine_time_of(format(
           'SELECT count(*) FROM (SELECT * FROM %I OFFSET 0) AS v',
           c.relname)) AS counted,
         bench.fine_time_of(format('SELECT * FROM %I %s', c.relname,
           CASE
             WHEN c.relname = 'cost_flow'
               THEN 'WHERE customer_id = 17 AND month_start = ''2025-12-01'''
             WHEN 'customer_id' = ANY (a.names) THEN 'WHERE customer_id = 17'
             WHEN 'month_start' = ANY (a.names)
               THEN 'WHERE month_start = ''2025-12-01'''
             ELSE 'ORDER BY 1 LIMIT 100'
           END)) AS natural_query
  FROM pg_class AS c
  CROSS JOIN LATERAL (SELECT array_agg(attname::text) AS names
                      FROM pg_attribute WHERE attrelid = c.oid) AS a
  WHERE c.relnamespace = 'bench_ledger'::regnamespace AND c.relkind = 'v';
SELECT name AS slowest, counted FROM bench.view_time
  ORDER BY counted DESC LIMIT 1 \gset
CALL bench.note('the slowest view, all rows counted: ' || :'slowest', 1.4,
                :counted, :'against', :unit);
SELECT name AS slowest, natural_query FROM bench.view_time
  ORDER BY natural_query DESC LIMIT 1 \gset
CALL bench.note('the slowest natural query of a view: ' || :'slowest', 1,
                :natural_query, '50 ms', 50);
SELECT name AS "slowest views", round(counted, 1) AS "all rows, ms",
       round(natural_query, 1) AS "natural query, ms"
  FROM bench.view_time
  ORDER BY greatest(counted / 20, natural_query) DESC LIMIT 12;

DROP TABLE bench.view_time;
DROP SCHEMA bench_ledger CASCADE;
