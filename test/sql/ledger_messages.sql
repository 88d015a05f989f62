-- What the ledger says to people: notices, errors, hints.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS crmcost;
RESET client_min_messages;
SET jit = off;
SET timezone = 'UTC';

CALL crmcost.install();
CALL crmcost.install();
CALL crmcost.install('public');
CALL crmcost.install('pg_mine');
CALL crmcost.install(partitioned => true, ledger => 'months');
BEGIN;
SET LOCAL jit = on;
CALL crmcost.install('plain');
CALL crmcost.install('compiled', true);
ROLLBACK;
CALL crmcost.install('plain');
CALL crmcost.ensure_partitions('months', '2001-01-01', '2001-12-01');
CALL crmcost.ensure_partitions('months', '2001-01-01', '2001-12-01');
CALL crmcost.ensure_partitions('plain', '2001-01-01', '2001-12-01');
CALL crmcost.ensure_partitions('crm', '2001-12-01', '2001-01-01');
CALL crmcost.ensure_partitions('crn', '2001-01-01', '2001-12-01');
CALL crmcost.upgrade('crm');
SELECT crmcost.erase_customer('crm', 1);
SELECT crmcost.grant_read('crm', 'no such role');

CREATE ROLE regress_crm_user;
SET ROLE regress_crm_user;
CALL crmcost.install('mine');
SELECT crmcost.grant_read('crm', 'regress_crm_user');
RESET ROLE;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA crmcost TO regress_crm_user;
SET ROLE regress_crm_user;
CALL crmcost.install('mine');
CALL crmcost.refresh('crm');
RESET ROLE;

-- bad rows say what is wrong with them
INSERT INTO plain.customer (customer_id, source_key, first_seen_at) VALUES (1, 'c1', '2024-01-01');
INSERT INTO plain.sale (customer_id, kind, sold_at, amount, currency) VALUES (1, 'refund', '2024-01-05', 5, 'EUR');
INSERT INTO plain.sale (customer_id, sold_at, amount, currency) VALUES (1, '2024-01-05', 'NaN', 'EUR');
INSERT INTO plain.cost_entry (category_code, incurred_on, amount, currency) VALUES ('acq.billboard', '2024-01-05', 5, 'EUR');
INSERT INTO plain.cost_entry (category_code, incurred_on, amount, currency) VALUES ('acq', '2024-01-05', 5, 'Euro');
INSERT INTO plain.customer (customer_id, source_key, first_seen_at) VALUES (2, 'c1', '2024-01-01');
INSERT INTO months.sale (customer_id, sold_at, amount, currency) VALUES (1, '1980-01-05', 5, 'EUR');
SELECT check_name, severity, example FROM plain.data_quality WHERE rows > 0;
UPDATE plain.setting SET value = 'Mars' WHERE key = 'timezone';
UPDATE plain.setting SET value = '11' WHERE key = 'rfm_bins';

-- refresh reports each step (times are hidden)
SET client_min_messages = warning;
DO $$
DECLARE
  step record;
BEGIN
  INSERT INTO plain.sale (customer_id, sold_at, amount, currency) VALUES (1, '2024-01-05', 5, 'EUR');
  CALL crmcost.refresh('plain', '2024-02-01 10:00Z');
  FOR step IN SELECT * FROM plain.refresh_run ORDER BY started_at LOOP
    RAISE WARNING '% as of %: % rows', step.step, step.as_of, step.rows_changed;
  END LOOP;
END
$$;
-- a day of the session is none of the ledger: what to say for the same day
SET timezone = 'Europe/Berlin';
CALL crmcost.refresh('plain', '2024-02-01');
SET timezone = 'America/New_York';
CALL crmcost.refresh('plain', '2024-02-01');
SET timezone = 'UTC';
RESET client_min_messages;
UPDATE plain.setting SET value = '3' WHERE key = 'schema_version';
CALL crmcost.upgrade('plain');
UPDATE plain.setting SET value = '2' WHERE key = 'schema_version';
DELETE FROM plain.setting WHERE key = 'rfm_bins';
SET client_min_messages = warning;
CALL crmcost.refresh('plain', '2024-02-01 10:00Z');

DROP SCHEMA crm CASCADE;
DROP SCHEMA plain CASCADE;
DROP SCHEMA months, months_partition CASCADE;
DROP OWNED BY regress_crm_user;
DROP ROLE regress_crm_user;
DROP EXTENSION crmcost;
