-- A year of a million cost entries in 200 pools, allocated to 200,000 customers
-- by seven drivers: the cost step of a first refresh, against joining the same
-- entries with the same drivers, and summing and keeping the same rows, without
-- allocation: no shares, no coins, no service pools, no comparison with what is
-- there.

SET client_min_messages = error;
DROP SCHEMA IF EXISTS bench_ledger CASCADE;
CALL crmcost.install('bench_ledger', false);
SET search_path = bench_ledger, public;
SELECT setseed(0.20261122);

INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at)
  SELECT i, i, '2024-12-01', timestamptz '2025-01-01' + random() * interval '360 days'
  FROM generate_series(1, 200000) AS i;

-- what the month step computes: some 30 % of the customers buy in a month
INSERT INTO customer_month
  (customer_id, month_start, orders, sale_lines, revenue, margin, discount,
   refund, interactions, handle_seconds, acquired, standard_minutes)
  SELECT i, m::date, 1 + floor(random() * 3), 4, (random() * 300)::numeric(12,2),
         (random() * 100)::numeric(12,2), 0, 0, floor(random() * 3),
         floor(random() * 600), random() < 0.2, 0
  FROM generate_series('2025-01-01'::timestamp, '2025-12-01', '1 month') AS m,
       generate_series(1, 200000) AS i
  WHERE random() < 0.3;

-- 200 pools: a category each, with a rule each
INSERT INTO cost_category (code, parent_code, bucket, resource, name)
  SELECT 'bench.' || i, NULL, b[1 + i % 7], 'process', 'Pool ' || i
  FROM generate_series(1, 200) AS i,
       (VALUES ('{acquisition,retention,service,churn,data,training,program}'::text[])) AS v (b);
INSERT INTO allocation_rule (category_code, driver)
  SELECT 'bench.' || i, d[1 + i / 7 % 7]
  FROM generate_series(1, 200) AS i,
       (VALUES ('{orders,revenue,margin,interactions,handle_time,active_customers,new_customers}'::text[])) AS v (d);
INSERT INTO cost_entry (category_code, incurred_on, amount, currency)
  SELECT 'bench.' || 1 + i % 200, date '2025-01-01' + floor(random() * 365)::int,
         (random() * 100)::numeric(12,2), 'EUR'
  FROM generate_series(1, 1000000) AS i;

CREATE UNLOGGED TABLE bench.posted (LIKE posted_cost INCLUDING ALL);
CREATE UNLOGGED TABLE bench.borne (LIKE customer_month_cost INCLUDING ALL);
VACUUM (ANALYZE) customer, customer_month, cost_entry, cost_category,
  allocation_rule;

CALL bench.compare(
  'allocate 1 M cost entries in 200 pools to 200 k customers',
  'join, sum and keep the same rows, without allocation', 3,
  $$TRUNCATE customer_month_cost, posted_cost, cost_pool;
    SELECT crmcost._refresh_cost('bench_ledger', '2026-01-01', '2025-12-31')$$,
  $$TRUNCATE bench.posted, bench.borne;
    INSERT INTO bench.posted
      SELECT date_trunc('month', c.incurred_on::timestamp), c.cost_id,
             c.incurred_on, date_trunc('month', c.incurred_on::timestamp),
             c.category_code, c.bucket, r.rule_id, '', NULL, c.base_amount
      FROM cost AS c JOIN allocation_rule AS r USING (category_code);
    INSERT INTO bench.borne
      SELECT d.customer_id, month_start, p.bucket, 0, sum(p.cost)
      FROM (SELECT month_start, bucket, r.driver, sum(amount) AS cost
            FROM bench.posted AS e JOIN allocation_rule AS r USING (rule_id)
            GROUP BY month_start, bucket, r.driver) AS p
      JOIN driver_quantity AS d USING (month_start)
      WHERE d.driver_key = p.driver
      GROUP BY d.customer_id, month_start, p.bucket$$,
  runs => 1);

SELECT 'rows kept: ' || (SELECT count(*) FROM bench_ledger.posted_cost) || ' and '
       || (SELECT count(*) FROM bench_ledger.customer_month_cost);
DROP SCHEMA bench_ledger CASCADE;
