-- A column that a user adds to a computed table is his: whatever a refresh does to the rows of the table, what he wrote
-- there stays, also where the rows come by way of a work table with all columns.
\set partitioned false
\ir ledger_setup.psql
\ir random.psql
SELECT no_plan();
\ir ledger_events.psql

SELECT is_empty($$
  SELECT t.target, a.attname FROM unnest(crmcost._written_tables()) AS t (target)
  JOIN pg_attribute a ON a.attrelid = format('crm.%I', t.target)::regclass AND a.attnum > 0 AND NOT a.attisdropped
  WHERE a.attname <> ALL (crmcost._shipped_columns(t.target))$$, 'all columns of computed tables are known as ours');
SELECT is_empty($$
  SELECT t.target, c.name FROM unnest(crmcost._written_tables()) AS t (target)
  CROSS JOIN unnest(crmcost._shipped_columns(t.target)) AS c (name)
  EXCEPT SELECT t.target, a.attname FROM unnest(crmcost._written_tables()) AS t (target)
  JOIN pg_attribute a ON a.attrelid = format('crm.%I', t.target)::regclass AND NOT a.attisdropped$$,
  'and no other');

CREATE PROCEDURE pg_temp.happen_all() LANGUAGE plpgsql AS $$
DECLARE e event;
BEGIN
  FOR e IN SELECT * FROM event WHERE name !~ '^(setting|survey|attribution|erasure|rate|split|tier|capacity)' ORDER BY name LOOP
    EXECUTE e.statement;
  END LOOP;
END$$;

SELECT setseed(0.5);
CALL pg_temp.begin_sequence('UTC');
UPDATE setting SET value = 'every' WHERE key = 'snapshot_keep';
UPDATE survey SET ask_every_days = 20, answer_within_days = 5;
-- enough of them for the models, and some who were never won
INSERT INTO customer (source, source_key, first_seen_at, acquired_at, acquisition_channel)
  SELECT 'm', i, d, CASE WHEN i % 3 > 0 THEN d + interval '5 days' END, pg_temp.pick('{search,social}')
  FROM (SELECT i, timestamptz '2024-01-10' + i * interval '2 days' AS d FROM generate_series(1, 150) i) x;
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, channel_code, n, product_code)
  SELECT c.customer_id, c.first_seen_at + t * interval '4 days', pg_temp.pick('{touch,touch,behavior}'), 'cart',
    pg_temp.pick('{search,social}'), 1 + pg_temp.r(4), pg_temp.pick('{p1,p2}')
  FROM customer c CROSS JOIN generate_series(0, 8) t WHERE c.source = 'm' AND pg_temp.chance(0.6);
INSERT INTO sale (customer_id, order_ref, line_no, sold_at, product_code, quantity, amount, cogs, currency)
  SELECT c.customer_id, 'm' || c.customer_id || '-' || o, nextval('pg_temp.line'), c.acquired_at + o * o * interval '9 days', p, 1,
    20 + pg_temp.r(80), 10, 'EUR'
  FROM customer c CROSS JOIN generate_series(0, 6) o CROSS JOIN unnest('{p1,p2,p3,p4}'::text[]) p
  WHERE c.source = 'm' AND c.acquired_at IS NOT NULL AND pg_temp.chance(0.4);
INSERT INTO campaign_member (customer_id, campaign_code, role, assigned_at)
  SELECT customer_id, 'k2', CASE WHEN customer_id % 4 = 0 THEN 'control' ELSE 'target' END, '2025-01-05' FROM customer
  WHERE source = 'm';
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, channel_code)
  SELECT 'acq.ads.web', m, 50 + pg_temp.r(100), 'EUR', 'search'
  FROM generate_series(timestamp '2024-01-15', '2025-03-15', '1 month') m;
DO $$
BEGIN
  FOR i IN 1 .. 12 LOOP
    CALL pg_temp.happen_all();
  END LOOP;
END$$;
-- of these no event may take the rule or the last fact
INSERT INTO allocation_rule (category_code, driver) VALUES ('chn', 'orders');
INSERT INTO cost_entry (category_code, incurred_on, amount, currency) VALUES ('chn', '2025-03-05', 90, 'EUR');
INSERT INTO interaction (customer_id, occurred_at, kind, case_ref, product_code, subtype)
  SELECT customer_id, '2025-03-07', k.kind, 'left', 'p3', k.subtype
  FROM customer CROSS JOIN (VALUES ('ticket', NULL), ('behavior', 'cart')) AS k (kind, subtype)
  WHERE source = 'm' AND customer_id % 5 = 0;
INSERT INTO driver_entry (customer_id, driver, measured_on, quantity)
  SELECT customer_id, 'own1', '2025-03-05', 2 FROM customer WHERE source = 'm';
CALL crmcost.refresh('crm', '2025-03-10');

-- what each row is told apart by is noted in it
CREATE TEMPORARY TABLE held (target text, key text);
CREATE FUNCTION pg_temp.key_of(target text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT 'concat_ws(''|'', ' || string_agg(format('%I', c.attname), ', ' ORDER BY c.attnum) || ')'
  FROM crmcost._columns_of(format('crm.%I', target)::regclass) c WHERE c.is_key
$$;
CREATE PROCEDURE pg_temp.note_rows() LANGUAGE plpgsql AS $$
DECLARE target text;
BEGIN
  TRUNCATE held;
  FOREACH target IN ARRAY crmcost._written_tables() LOOP
    EXECUTE format('ALTER TABLE %I ADD COLUMN IF NOT EXISTS own_note text DEFAULT ''mine''', target);
    EXECUTE format('UPDATE %I SET own_note = %s', target, pg_temp.key_of(target));
    EXECUTE format('INSERT INTO held SELECT %L, own_note FROM %I', target, target);
  END LOOP;
END$$;
CREATE FUNCTION pg_temp.lost() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  target text;
  n bigint;
BEGIN
  FOREACH target IN ARRAY crmcost._written_tables() LOOP
    EXECUTE format('SELECT count(*) FROM (SELECT own_note, %1$s AS key FROM %2$I) r LEFT JOIN held h ON h.target = %2$L AND h.key = r.key WHERE own_note IS DISTINCT FROM coalesce(h.key, ''mine'')',
                   pg_temp.key_of(target), target) INTO n;
    IF n > 0 THEN
      RETURN NEXT target || ': ' || n;
    END IF;
  END LOOP;
END$$;
CALL pg_temp.note_rows();
-- names that refresh has for columns of its own
ALTER TABLE conversion ADD COLUMN way text DEFAULT 'mine';
ALTER TABLE service_contact ADD COLUMN cost text DEFAULT 'mine';
ALTER TABLE survey_answer ADD COLUMN sign integer DEFAULT 7;
ALTER TABLE clv_model ADD COLUMN why text DEFAULT 'mine', ADD COLUMN instead_of text DEFAULT 'mine';
ALTER TABLE group_month ADD COLUMN "Select" text DEFAULT 'mine', ADD COLUMN refresh_row text DEFAULT 'mine';
SELECT set_eq('SELECT unnest(crmcost._written_tables()) EXCEPT SELECT target FROM held',
  '{lead_chance,lead_coefficient,model_calibration,product_next}'::text[],
  'all tables have rows, but for some that need more customers');
CALL pg_temp.happen_all();
CALL crmcost.refresh('crm', '2025-03-20');
SELECT is_empty('SELECT pg_temp.lost()', 'after news what a user wrote in a column of his stays');
CALL pg_temp.note_rows();
CALL pg_temp.happen_all();
UPDATE setting SET value = '60' WHERE key = 'churn_after_days';
CALL crmcost.refresh('crm', '2025-03-25');
SELECT is_empty('SELECT pg_temp.lost()', 'also where everything is computed');
\ir finish.psql
