-- Beside the ledger crm of test/report/shop.sql: one with partitions, one that was
-- never refreshed, a role bi that reads all three, and one, half, that may not
-- read what customers answered.  Schema doubled has views like those of a ledger
-- whose rows come twice.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CALL crmcost.install('empty');
CALL crmcost.install('months', true);
CALL crmcost.ensure_partitions('months', '2024-01-01', '2024-12-01');
INSERT INTO months.customer (source_key, first_seen_at, acquired_at)
SELECT 'C-' || i, '2024-01-02', '2024-01-05' FROM generate_series(1, 20) i;
INSERT INTO months.sale (customer_id, order_ref, sold_at, amount, cogs, currency)
SELECT customer_id, 'O-' || customer_id || '-' || m, make_timestamptz(2024, m, 5, 12, 0, 0, 'UTC'), 10 * customer_id, 5, 'EUR'
FROM months.customer, generate_series(1, 12) m WHERE customer_id % m = 0;
CALL crmcost.refresh('months', '2025-01-01 00:00+00');
CREATE ROLE bi LOGIN PASSWORD :'password';
CREATE ROLE half LOGIN PASSWORD :'password';
SELECT crmcost.grant_read(ledger, role)
FROM unnest('{crm,months,empty}'::text[]) ledger, unnest('{bi,half}'::text[]) role;
REVOKE SELECT ON crm.voice_month FROM half;
CREATE SCHEMA doubled;
GRANT USAGE ON SCHEMA doubled TO bi;
CREATE VIEW doubled.customer_profit AS SELECT * FROM crm.customer_profit UNION ALL SELECT * FROM crm.customer_profit;
CREATE VIEW doubled.cost_by_month AS SELECT * FROM crm.cost_by_month UNION ALL SELECT * FROM crm.cost_by_month;
CREATE VIEW doubled.profit_by_month AS SELECT * FROM crm.profit_by_month;
CREATE VIEW doubled.profit_by_channel AS SELECT * FROM crm.profit_by_channel;
GRANT SELECT ON ALL TABLES IN SCHEMA doubled TO bi;
-- No view over its time limit: the server ends what takes longer.  Each takes a small
-- part of it, but for a machine that does much else.
ALTER ROLE bi SET statement_timeout = '10s';
