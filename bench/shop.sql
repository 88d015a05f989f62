-- A made-up shop in ledger bench_ledger, for what measures refresh:
-- CRMCOST_BENCH_CUSTOMERS is how many customers (20,000 unless it is set), with ten
-- sale lines, one cost entry and two contacts each over 24 months, in 200 pools.

\set customers 20000
\getenv customers CRMCOST_BENCH_CUSTOMERS
SET client_min_messages = warning;
SET timezone = 'UTC';
SET work_mem = '4MB';
DROP SCHEMA IF EXISTS bench_ledger CASCADE;
CALL crmcost.install('bench_ledger', false);
SET search_path = bench_ledger, public;
SELECT setseed(0.20261122);

-- CPU of this backend to the nanosecond; bench.cpu_ms() counts tens of
-- milliseconds, too coarse for a view.
CREATE OR REPLACE FUNCTION bench.fine_ms() RETURNS numeric
LANGUAGE sql AS $$
  SELECT split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::numeric / 1e6
$$;

CREATE OR REPLACE FUNCTION bench.fine_time_of(statement text) RETURNS numeric
LANGUAGE plpgsql AS $$
DECLARE
  before CONSTANT numeric := bench.fine_ms();
BEGIN
  EXECUTE statement;
  RETURN bench.fine_ms() - before;
END;
$$;

CREATE OR REPLACE PROCEDURE bench.note(work text, at_most numeric, ours numeric,
                                       against text, theirs numeric)
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO bench.result (work, against, ours_ms, theirs_ms, at_most)
    VALUES (work, against, ours, theirs, at_most);
  RAISE WARNING '% ms against % ms, ratio % (at most %): %', round(ours),
    round(theirs), round(ours / theirs, 2), at_most, work;
END;
$$;

-- the facts of a made-up shop: a few customers do much, an order has 1 to 3 lines
INSERT INTO channel (code, kind, name)
  SELECT c, 'owned', c
  FROM unnest('{web,search,social,email,store,display,phone,chat}'::text[]) AS c
  ON CONFLICT (code) DO NOTHING;
INSERT INTO fx_rate (currency, valid_from, to_base)
  SELECT 'USD', d::date, 0.9 + 0.05 * sin(extract(doy FROM d) / 58)::numeric
  FROM generate_series('2023-12-01'::timestamp, '2026-01-01', '1 day') AS d;
INSERT INTO cost_category (code, parent_code, bucket, resource, name)
  SELECT 'bench.' || i, NULL, b[1 + i % 7], 'process', 'Pool ' || i
  FROM generate_series(1, 200) AS i,
       (VALUES ('{acquisition,retention,service,churn,data,training,program}'::text[])) AS v (b);
INSERT INTO allocation_rule (category_code, driver)
  SELECT 'bench.' || i, d[1 + i / 7 % 7]
  FROM generate_series(1, 200) AS i,
       (VALUES ('{orders,revenue,margin,interactions,handle_time,active_customers,new_customers}'::text[])) AS v (d);
INSERT INTO customer (customer_id, source, source_key, first_seen_at,
                      acquired_at, acquisition_channel)
  SELECT i, 'shop', 'C-' || i, m.at - interval '1 hour',
         CASE WHEN random() < 0.95 THEN m.at END,
         (ARRAY['search', 'social', 'email', 'store', 'display'])[1 + floor(random() * 5)::int]
  FROM generate_series(1, :customers) AS i
  CROSS JOIN LATERAL (SELECT timestamptz '2024-01-01' + i * interval '0'
                             + random() ^ 1.5 * interval '725 days' AS at) AS m;

-- Facts of a stretch of time; tag keeps their keys apart.
CREATE OR REPLACE PROCEDURE bench.add_facts(tag text, orders int,
                                            customers int,
                                            from_at timestamptz,
                                            span interval)
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO sale (customer_id, source, order_ref, line_no, kind, sold_at,
                    product_code, quantity, amount, discount, cogs, currency,
                    channel_code)
    SELECT o.customer_id, 'shop', tag || o.i, l,
           CASE WHEN o.r < 0.03 THEN 'refund' ELSE 'sale' END, o.at,
           'P' || (1 + floor(1000 * random() ^ 2))::int,
           1 + floor(random() * 4)::numeric,
           (CASE WHEN o.r < 0.03 THEN -1 ELSE 1 END
            * (2 + random() * 120))::numeric(20,2),
           CASE WHEN random() < 0.2
             THEN (random() * 5)::numeric(20,2) ELSE 0 END,
           CASE WHEN random() < 0.98 THEN (random() * 50)::numeric(20,2) END,
           CASE WHEN o.r2 < 0.9 THEN 'EUR' ELSE 'USD' END,
           (ARRAY['web', 'store', 'search', 'email'])[1 + floor(o.r2 * 4)::int]
    FROM (SELECT i, 1 + floor(customers * random() ^ 1.6)::bigint AS customer_id,
                 random() AS r, random() AS r2,
                 from_at + random() * span AS at
          FROM generate_series(1, orders) AS i OFFSET 0) AS o
    CROSS JOIN LATERAL generate_series(1, 1 + o.i % 3) AS l;
  INSERT INTO cost_entry (category_code, incurred_on, amount, currency,
                          customer_id, source, source_ref)
    SELECT 'bench.' || 1 + i % 200, (from_at + random() * span)::date,
           (random() * 100)::numeric(20,2), 'EUR',
           CASE WHEN random() < 0.2
             THEN 1 + floor(customers * random())::bigint END, 'erp', tag || i
    FROM generate_series(1, orders / 5) AS i;
  INSERT INTO interaction (customer_id, occurred_at, kind, channel_code,
                           handle_seconds, source, source_ref)
    SELECT 1 + floor(customers * random() ^ 1.3)::bigint,
           from_at + random() * span,
           (ARRAY['ticket', 'care', 'complaint', 'touch', 'survey'])[1 + floor(random() * 5)::int],
           (ARRAY['email', 'phone', 'chat'])[1 + floor(random() * 3)::int],
           CASE WHEN random() < 0.7 THEN floor(random() * 900)::int END,
           'desk', tag || i
    FROM generate_series(1, orders / 5 * 2) AS i;
END;
$$;
CALL bench.add_facts('A', :customers * 5, :customers, '2024-01-01',
                     '730 days');
VACUUM (ANALYZE) customer, sale, cost_entry, interaction;
