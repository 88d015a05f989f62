-- Made-up data with a fixed seed, in tables of 1, 3 and 10 million rows:
-- purchases of 500,000 customers, customers, members of pools.

\set ON_ERROR_STOP 1
SELECT setseed(0.20261122);

CREATE UNLOGGED TABLE bench.purchase_10 AS
  SELECT (random() * 499999)::bigint AS customer_id,
         timestamptz '2025-01-01' + random() * interval '365 days' AS purchased_at,
         (random() * 1000)::numeric(12,2) AS amount
  FROM generate_series(1, 10000000);

-- Days, orders and money as a shop has them: many equal days and orders.
CREATE UNLOGGED TABLE bench.customer_10 AS
  SELECT id, floor(random() * 700)::float8 AS recency_days,
         floor(-8 * ln(1 - random()))::float8 AS frequency,
         (random() * 1000)::numeric(12,2)::float8 AS monetary,
         (random() * 100000)::numeric(12,2) AS value
  FROM generate_series(1, 10000000) AS id;

CREATE UNLOGGED TABLE bench.pool_member_10 AS
  SELECT id, (id % 100)::int AS pool,
         (1000000 + (id % 100) * 1000.37)::numeric(14,2) AS amount,
         (random() * 1000)::numeric(10,2) AS weight
  FROM generate_series(1, 10000000) AS id;

CREATE UNLOGGED TABLE bench.purchase_3 AS
  SELECT * FROM bench.purchase_10 LIMIT 3000000;
CREATE UNLOGGED TABLE bench.purchase_1 AS
  SELECT * FROM bench.purchase_10 LIMIT 1000000;
CREATE UNLOGGED TABLE bench.customer_3 AS
  SELECT * FROM bench.customer_10 WHERE id <= 3000000;
CREATE UNLOGGED TABLE bench.customer_1 AS
  SELECT * FROM bench.customer_10 WHERE id <= 1000000;
CREATE UNLOGGED TABLE bench.pool_member_3 AS
  SELECT * FROM bench.pool_member_10 WHERE id <= 3000000;
CREATE UNLOGGED TABLE bench.pool_member_1 AS
  SELECT * FROM bench.pool_member_10 WHERE id <= 1000000;

VACUUM (ANALYZE) bench.purchase_1, bench.purchase_3, bench.purchase_10,
  bench.customer_1, bench.customer_3, bench.customer_10,
  bench.pool_member_1, bench.pool_member_3, bench.pool_member_10;
