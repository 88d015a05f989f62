-- Plans: the aggregates take part in parallel query, an accessor in an index.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS crmcost;
SET search_path = crmcost, public;
CREATE TABLE sale AS
  SELECT i::bigint AS customer_id, i % 5 AS branch, timestamptz '2024-01-01' + make_interval(mins => i) AS at, i::numeric AS amount FROM generate_series(1, 10000) i;
ANALYZE sale;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT rfm(at, amount) FROM sale;
EXPLAIN (COSTS OFF) SELECT branch, rfm(at, amount), gini(amount), cac(amount, 1) FROM sale GROUP BY branch;
EXPLAIN (COSTS OFF) SELECT rfm_group(customer_id, at, amount) FROM sale;
EXPLAIN (COSTS OFF) SELECT branch, markov_attribution(ARRAY[branch::text], 1, amount, 1), logit_fit(customer_id % 3 = 0, ARRAY[amount]) FROM sale GROUP BY branch;
EXPLAIN (COSTS OFF) SELECT branch, kaplan_meier(amount, true), logrank(amount, true, 'a'), nps(branch), csat_interval(amount, 5), points_balance(amount, at, NULL, '2025-01-01') FROM sale GROUP BY branch;
-- one state for two readers of the same call
EXPLAIN (VERBOSE, COSTS OFF) SELECT frequency(rfm(at, amount)), monetary(rfm(at, amount)) FROM sale;
SET max_parallel_workers_per_gather = 0;
RESET enable_sort;
-- an accessor may be indexed
CREATE TABLE customer AS SELECT customer_id % 100 AS id, rfm(at, amount) AS r FROM sale GROUP BY 1;
CREATE INDEX ON customer (monetary(r));
ANALYZE customer;
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM customer WHERE monetary(r) > 505000;
RESET enable_seqscan;
DROP TABLE sale, customer;
