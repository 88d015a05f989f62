-- What a case is, business hours, and that news, closed months, mergers and erasures are dealt with.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();
CREATE FUNCTION pg_temp.differing() RETURNS text LANGUAGE sql AS $$
  SELECT crmcost._make_work_tables('crm');
  SELECT string_agg(format('%s: %s', target, rows_differ), ', ') FROM crmcost._verify('crm')$$;
-- a number from 0 to 1 that looks like chance
CREATE FUNCTION pg_temp.chance(i int, salt text) RETURNS float8 LANGUAGE sql IMMUTABLE AS
  $$SELECT ('x' || left(md5(i || salt), 6))::bit(24)::int / 16777216.0::float8$$;
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at) SELECT i, 'c' || i, '2024-01-01',
  '2024-01-01' FROM generate_series(1, 20) i;

-- what is refused
SELECT throws_ok($$ INSERT INTO calendar (weekday, opens_at, closes_at) VALUES (1, '09:00', '09:00') $$, '23514', NULL,
  'hours that are never open are refused');
SELECT throws_ok($$ INSERT INTO calendar (weekday, opens_at, closes_at) VALUES (1, '17:00', '09:00') $$, '23514', NULL,
  'so are hours that end before they begin');
SELECT throws_ok($$ INSERT INTO calendar (weekday, opens_at, closes_at) VALUES (8, '09:00', '17:00') $$, '23514', NULL,
  'and an eighth day of the week');
SELECT throws_ok($$ INSERT INTO calendar (weekday) VALUES (1) $$, '23514', NULL, 'and a weekday without hours');
SELECT throws_ok($$ INSERT INTO calendar (opens_at, closes_at) VALUES ('09:00', '17:00') $$, '23514', NULL,
  'and hours of no day');
SELECT throws_ok($$ INSERT INTO calendar (weekday, opens_at, closes_at) VALUES (1, '09:00', '12:00'),
  (1, '11:00', '17:00') $$, '23P01', NULL, 'and hours that overlap');
SELECT throws_ok($$ INSERT INTO calendar (on_day) VALUES ('infinity') $$, '23514', NULL, 'and no day at all');
SELECT throws_ok($$ INSERT INTO interaction (customer_id, occurred_at, kind, first_response_at)
  VALUES (1, '2024-01-02', 'ticket', '2024-01-01') $$, '23514', NULL, 'an answer before the question is refused');
SELECT throws_ok($$ INSERT INTO interaction (customer_id, occurred_at, kind, resolved_at)
  VALUES (1, '2024-01-02', 'ticket', '2024-01-01') $$, '23514', NULL, 'so is a resolution');
SELECT throws_ok($$ INSERT INTO interaction (customer_id, occurred_at, kind, due_at)
  VALUES (1, '2024-01-02', 'ticket', 'infinity') $$, '23514', NULL, 'and a promise for ever');
SELECT throws_ok($$ INSERT INTO interaction (customer_id, occurred_at, kind, first_response_at)
  VALUES (1, '2024-01-02', 'ticket', 'infinity') $$, '23514', NULL, 'and an answer at no time');
SELECT throws_ok($$ INSERT INTO interaction (customer_id, occurred_at, kind, case_ref)
  VALUES (1, '2024-01-02', 'ticket', '') $$, '23514', NULL, 'and an empty case');
SELECT throws_ok($$ INSERT INTO interaction (customer_id, occurred_at, kind, case_ref)
  VALUES (1, '2024-01-02', 'ticket', 'me@example.org') $$, '23514', NULL, 'and a mail address as a case');
SELECT throws_ok($$ INSERT INTO interaction (customer_id, occurred_at, kind, handle_seconds)
  VALUES (1, '2024-01-02', 'ticket', -1) $$, '23514', NULL, 'and negative work');
SELECT throws_ok(format('UPDATE setting SET value = %L WHERE key = %L', v, k), '23514', NULL,
  format('%s is not %s', k, v))
  FROM (VALUES ('sla_first_response_hours', '0'), ('sla_first_response_hours', '-1'), ('sla_resolution_hours', 'NaN'),
    ('sla_resolution_hours', '0.0'), ('sla_clock', 'lunar'),
               ('sla_open_days', '0'), ('spread_csat', '-1'), ('spread_price', 'Infinity'),
                 ('spread_response_hours', '')) AS b (k, v);

-- business time: without a calendar it is all time
SELECT is(crmcost.business_seconds('crm', 'x', '2024-01-01 00:00Z', '2024-01-02 00:00:00.25Z'), 86400.25,
  'without a calendar a team is always open');
SELECT is(crmcost.business_seconds('crm', NULL, '2024-01-01', '2024-01-02'), NULL, 'of nobody nothing is known');
SELECT throws_ok($$ SELECT crmcost.business_seconds('crm', '', '2024-01-02', '2024-01-01') $$, '22023', NULL,
  'a time that ends before it begins is refused');
SELECT throws_ok($$ SELECT crmcost.business_seconds('crm', '', '-infinity', '2024-01-01') $$, '22023', NULL,
  'so is one without a beginning');
SELECT throws_ok($$ SELECT crmcost.business_seconds('crm', '', '2024-01-01', 'infinity') $$, '22023', NULL,
  'or an end');
INSERT INTO calendar (team, on_day) VALUES ('idle', '2024-01-01');
SELECT is(crmcost.business_seconds('crm', 'idle', '2024-01-01', '2024-02-01'), NULL,
  'a team with days off alone is never open');
SELECT is(crmcost.business_seconds('crm', 'x', '2024-01-01', '2024-01-02'), 86400.000000,
  'which says nothing of others');
INSERT INTO calendar (weekday, opens_at, closes_at) SELECT d, '09:00', '17:30' FROM generate_series(1, 5) d;
INSERT INTO calendar (team, weekday, opens_at, closes_at) SELECT 'night', d, h.o::time, h.c::time
  FROM generate_series(1, 7) d, (VALUES ('00:00', '04:00'), ('12:15', '13:00'), ('20:00', '24:00')) h (o, c);
INSERT INTO calendar (team, on_day, opens_at, closes_at, name) VALUES ('', '2024-03-29', NULL, NULL, 'Good Friday'),
  ('', '2024-10-28', '10:00', '11:00', 'Stocktaking'), ('night', '2024-03-29', '00:00', '01:00', NULL);
SELECT is(crmcost.business_seconds('crm', 'x', '2024-01-05 16:00Z', '2024-01-08 10:00:00.5Z'), 3600 * 1.5 + 3600.5,
  'over a weekend: Friday afternoon and Monday morning');
SELECT is(crmcost.business_seconds('crm', '', '2024-03-29 00:00Z', '2024-03-30 00:00Z'), 0.0,
  'nobody works on a holiday');
SELECT is(crmcost.business_seconds('crm', 'night', '2024-03-29 00:00Z', '2024-03-30 00:00Z'), 3600.000000,
  'but a team that says so');
SELECT is(crmcost.business_seconds('crm', 'x', '2024-10-28 00:00Z', '2024-10-29 00:00Z'), 3600.000000,
  'and some days are shorter');

-- against counting minutes, in zones whose clocks go forth and back, at midnight too
CREATE FUNCTION pg_temp.minutes(team text, zone text, f timestamptz, t timestamptz) RETURNS bigint LANGUAGE sql AS $$
  SELECT count(*) FROM generate_series(f, t - interval '1 minute', '1 minute') m (at)
  CROSS JOIN LATERAL (SELECT (m.at AT TIME ZONE zone)::date AS day, (m.at AT TIME ZONE zone)::time AS clock) l
  WHERE EXISTS (SELECT FROM calendar k WHERE l.clock >= k.opens_at AND l.clock < k.closes_at
                  AND CASE WHEN EXISTS (SELECT FROM calendar d WHERE d.team = $1 AND d.on_day = l.day) THEN k.team = $1
                    AND k.on_day = l.day
                           WHEN EXISTS (SELECT FROM calendar d WHERE d.team = '' AND d.on_day = l.day) THEN k.team = ''
                             AND k.on_day = l.day
                           ELSE k.weekday = extract(isodow FROM l.day) AND k.team = CASE WHEN $1 = 'night' THEN 'night'
                             ELSE '' END END)$$;
INSERT INTO calendar (team, weekday, opens_at, closes_at) SELECT 'gap', 7, h.o::time, h.c::time
  FROM (VALUES ('00:15', '02:00'), ('02:00', '02:20'), ('02:30', '02:45'), ('02:45', '05:00')) h (o, c);
CREATE FUNCTION pg_temp.unlike(zone text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  UPDATE setting SET value = zone WHERE key = 'timezone';
  RETURN (SELECT count(*) FROM (VALUES ('x'), ('night')) t (team),
    (VALUES (timestamptz '2024-03-28 07:13Z', timestamptz '2024-04-02 21:44Z'),
      ('2024-10-25 22:59Z', '2024-10-29 03:00Z'), ('2018-11-03 00:00Z', '2018-11-05 12:00Z'),
      ('2018-02-17 00:00Z', '2018-02-19 01:30Z')) v (f, t)
    WHERE crmcost.business_seconds('crm', team, f, t) IS DISTINCT FROM 60.0 * pg_temp.minutes(team, zone, f, t));
END$$;
SELECT is(pg_temp.unlike(z), 0::bigint, format('business time in %s is what counting minutes says', z))
  FROM unnest('{UTC,Europe/Rome,America/New_York,America/Sao_Paulo,Asia/Kathmandu,Australia/Lord_Howe}'::text[]) z;
UPDATE setting SET value = 'Europe/Rome' WHERE key = 'timezone';
SELECT is(crmcost.business_seconds('crm', 'gap', '2024-03-31 00:00+01', '2024-03-31 12:00+02'), 3600 * 3.75,
  'hours that clocks pass over are none: 00:15 to 02:00 and 03:00 to 05:00');
SELECT is(crmcost.business_seconds('crm', 'gap', '2024-10-27 00:00+02', '2024-10-27 12:00+01'),
  60 * (105.0 + 60 + 20 + 150), 'an hour that comes twice is open once more where it is open all through');
UPDATE setting SET value = 'UTC' WHERE key = 'timezone';
DELETE FROM calendar;
SAVEPOINT empty;

-- the life of a case
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, case_ref, resolved_at, first_response_at,
  channel_code, agent_code, product_code) VALUES
  (1, '2024-01-05 08:00Z', 'ticket', 'first', 'K', '2024-01-06 08:00Z', '2024-01-05 09:00Z', 'phone', 'anna', NULL),
  (1, '2024-01-05 20:00Z', 'care', 'step', 'K', NULL, NULL, 'chat', 'ben', 'P'),
  (1, '2024-01-10 08:00Z', 'complaint', 'again', 'K', NULL, NULL, 'chat', 'carl', NULL),
  (1, '2024-01-11 08:00Z', 'ticket', 'and again', 'K', '2024-02-03 08:00Z', NULL, 'chat', NULL, NULL),
  (2, '2024-01-05 08:00Z', 'ticket', NULL, 'K', '2024-01-05 10:00Z', NULL, NULL, NULL, NULL),
  (3, '2024-01-05 08:00Z', 'care', NULL, 'L', NULL, NULL, NULL, NULL, NULL);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT customer_id, kind, subtype, channel_code, agent_code, product_code, contacts, reopenings, first_response_at FROM open_case',
  $$ VALUES (1::bigint, 'ticket', 'first', 'phone', 'carl', 'P', 3::bigint, 1, timestamptz '2024-01-05 09:00Z') $$,
    'a case is of one customer, is what its first contact says, and is open again when somebody comes after it was resolved');
SELECT results_eq($$ SELECT opened, resolved, first_contact, resolutions, reopened, reopening_rate, backlog, responded,
  response_p50_hours FROM service_level WHERE dimension = '(all)' $$,
  $$ VALUES (2::bigint, 1::bigint, 1::bigint, 2::bigint, 1::bigint, 0.500000, 1::bigint, 2::bigint, 1.000000) $$,
    'there are more resolutions than resolved cases then; a resolution is an answer at the latest');
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq($$ SELECT month_start, resolved, resolutions, reopened, backlog, resolution_p50_hours
  FROM service_level WHERE dimension = '(all)' ORDER BY 1 $$,
  $$ VALUES (date '2024-01-01', 1::bigint, 2::bigint, 1::bigint, 1::bigint, 2.000000),
    ('2024-02-01', 1, 1, 0, 0, 696.000000) $$, 'it took from the first contact to the last resolution');
SELECT is_empty('SELECT FROM open_case', 'and then nothing is open');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');

-- closed months
CALL crmcost.close_period('crm', '2024-01-01');
UPDATE interaction SET first_response_at = '2024-01-05 08:30Z' WHERE subtype = 'first';
INSERT INTO interaction (customer_id, occurred_at, kind, case_ref) VALUES (2, '2024-02-20 08:00Z', 'ticket', 'K');
INSERT INTO interaction (customer_id, occurred_at, kind, resolved_at, due_at)
  VALUES (4, '2024-01-20 08:00Z', 'ticket', '2024-01-21 08:00Z', '2024-01-21 00:00Z');
CREATE TEMPORARY TABLE closed AS SELECT * FROM service_level WHERE month_start = '2024-01-01';
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq($$ SELECT * FROM service_level WHERE month_start = '2024-01-01' ORDER BY dimension, code $$,
  'SELECT * FROM closed ORDER BY dimension, code', 'a closed month stays as it was');
SELECT results_eq($$ SELECT opened, responded, resolved, resolutions, reopened, promised, promises_kept, backlog
  FROM service_level WHERE month_start = '2024-02-01' AND dimension = '(all)' $$,
  $$ VALUES (1::bigint, 1::bigint, 2::bigint, 2::bigint, 1::bigint, 1::bigint, 0::bigint, 1::bigint) $$,
    'what comes late for it counts in the first open one');
SELECT is((SELECT count(*) FROM open_case), 1::bigint, 'and what is open is what the months leave');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
CALL crmcost.reopen_period('crm', '2024-01-01');
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq($$ SELECT month_start, opened, resolutions FROM service_level WHERE dimension = '(all)'
  ORDER BY 1 $$, $$ VALUES (date '2024-01-01', 3::bigint, 3::bigint), ('2024-02-01', 0, 1) $$,
  'once opened, it has what is its own');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');

-- mergers and erasures
SELECT crmcost.merge_customer('crm', 2, 1);
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq($$ SELECT opened, backlog FROM service_level WHERE dimension = '(all)' ORDER BY month_start $$,
  $$ VALUES (2::bigint, 1::bigint), (0, 1) $$, 'one customer has one case of a number');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
UPDATE interaction SET attributes = '{"team": "blue", "service_level": "gold", "mood": "bad"}' WHERE customer_id = 1;
CALL crmcost.refresh('crm', '2024-03-01');
CREATE TEMPORARY TABLE before AS SELECT * FROM service_level;
SELECT results_eq($$ SELECT code FROM before WHERE dimension IN ('(team)', '(service_level)')
  AND month_start = '2024-01-01' ORDER BY 1 $$, $$ VALUES ('(unknown)'), ('(unknown)'), ('blue'), ('gold') $$,
  'tags say team and service level');
SELECT crmcost.erase_customer('crm', 1);
SELECT results_eq('SELECT count(*) FROM interaction WHERE case_ref = ''K'' AND customer_id = 1 UNION ALL SELECT count(*) FROM service_case WHERE customer_id = 1 AND case_ref = ''K''',
  'VALUES (0::bigint), (0)', 'an erased customer has no case numbers');
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq('SELECT * FROM service_level ORDER BY 1, 2, 3', 'SELECT * FROM before ORDER BY 1, 2, 3',
  'and no figure moves');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
ROLLBACK TO empty;

-- an earlier contact that is resolved last takes no resolution and no reopening back
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, case_ref, resolved_at) VALUES
  (1, '2024-01-05 08:00Z', 'ticket', 'slow', 'K', NULL),
    (1, '2024-01-06 08:00Z', 'ticket', 'quick', 'K', '2024-01-07 08:00Z'),
    (1, '2024-01-10 08:00Z', 'ticket', 'again', 'K', NULL);
PREPARE life AS SELECT month_start, opened, resolutions, reopened, resolved, backlog FROM service_level
  WHERE dimension = '(all)' ORDER BY 1;
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('EXECUTE life',
  $$ VALUES (date '2024-01-01', 1::bigint, 1::bigint, 1::bigint, 0::bigint, 1::bigint) $$,
  'resolved on the 7th, opened again on the 10th');
SAVEPOINT slow;
UPDATE interaction SET resolved_at = '2024-02-03 08:00Z' WHERE subtype = 'slow';
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq('EXECUTE life', $$ VALUES (date '2024-01-01', 1::bigint, 1::bigint, 1::bigint, 0::bigint, 1::bigint),
  ('2024-02-01', 0, 1, 0, 1, 0) $$, 'so it was, whenever the first contact is resolved');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
ROLLBACK TO slow;
CALL crmcost.close_period('crm', '2024-01-01');
UPDATE interaction SET resolved_at = '2024-02-03 08:00Z' WHERE subtype = 'slow';
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq('EXECUTE life', $$ VALUES (date '2024-01-01', 1::bigint, 1::bigint, 1::bigint, 0::bigint, 1::bigint),
  ('2024-02-01', 0, 1, 0, 1, 0) $$, 'also after January was closed');
SELECT is_empty('SELECT FROM open_case', 'and nothing is left open');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
ROLLBACK TO empty;

-- nor does it open a month again in which the case was done
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, case_ref, resolved_at) VALUES
  (1, '2024-01-05 08:00Z', 'ticket', 'slow', 'K', NULL),
    (1, '2024-01-06 08:00Z', 'ticket', 'quick', 'K', '2024-01-07 08:00Z');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('EXECUTE life', $$ VALUES (date '2024-01-01', 1::bigint, 1::bigint, 0::bigint, 1::bigint, 0::bigint) $$,
  'resolved on the 7th, when the last who came was served');
UPDATE interaction SET resolved_at = '2024-02-03 08:00Z' WHERE subtype = 'slow';
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq('EXECUTE life', $$ VALUES (date '2024-01-01', 1::bigint, 1::bigint, 0::bigint, 1::bigint, 0::bigint) $$,
  'and so it was when the one before is resolved later');
SELECT results_eq('SELECT closed_at, closing_months FROM service_case',
  $$ VALUES (timestamptz '2024-01-07 08:00Z', '{2024-01-01}'::date[]) $$, 'there is one resolution, the first');
INSERT INTO interaction (customer_id, occurred_at, kind, case_ref) VALUES (1, '2024-02-10 08:00Z', 'complaint', 'K');
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq('EXECUTE life', $$ VALUES (date '2024-01-01', 1::bigint, 1::bigint, 0::bigint, 0::bigint, 0::bigint),
  ('2024-02-01', 0, 0, 1, 0, 1) $$, 'and when it is opened again after that');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
DEALLOCATE life;
ROLLBACK TO empty;

-- a case of a closed month is opened once, also when an earlier contact is told of later; what that makes of a contact
-- of the closed month counts in the first open one
INSERT INTO interaction (customer_id, occurred_at, kind, case_ref) VALUES (1, '2024-01-15 08:00Z', 'ticket', 'K'),
  (2, '2024-01-15 08:00Z', 'ticket', 'K'), (3, '2024-01-15 08:00Z', 'ticket', 'K'), (3, '2024-01-20 08:00Z', 'ticket', 'K');
CALL crmcost.refresh('crm', '2024-03-01');
CALL crmcost.close_period('crm', '2024-01-01');
INSERT INTO interaction (customer_id, occurred_at, kind, case_ref, resolved_at) VALUES
  (1, '2024-01-05 08:00Z', 'ticket', 'K', NULL), (2, '2024-01-05 08:00Z', 'ticket', 'K', '2024-01-06 08:00Z');
UPDATE interaction SET resolved_at = '2024-01-16 08:00Z' WHERE customer_id = 3 AND occurred_at < '2024-01-16';
CALL crmcost.refresh('crm', '2024-03-01');
PREPARE life AS SELECT month_start, opened, resolutions, reopened, resolved, backlog FROM service_level
  WHERE dimension = '(all)' ORDER BY 1;
SELECT results_eq('EXECUTE life', $$ VALUES (date '2024-01-01', 3::bigint, 0::bigint, 0::bigint, 0::bigint, 3::bigint),
  ('2024-02-01', 0, 2, 2, 0, 3) $$, 'three cases were opened, and two of them done and opened again');
SELECT results_eq('SELECT sum(cases) FROM open_case', 'VALUES (3::numeric)', 'three are open');
CALL crmcost.refresh('crm', '2024-03-01', true);
SELECT results_eq('EXECUTE life', $$ VALUES (date '2024-01-01', 3::bigint, 0::bigint, 0::bigint, 0::bigint, 3::bigint),
  ('2024-02-01', 0, 2, 2, 0, 3) $$, 'a full refresh says the same');
SELECT is(pg_temp.differing(), NULL, 'as a full computation does');
DEALLOCATE life;
ROLLBACK TO empty;

-- many cases against a walk through their rows, in business hours of two teams
INSERT INTO calendar (team, weekday, opens_at, closes_at) SELECT t, d, CASE t WHEN '' THEN '09:00' ELSE '13:20'
  END::time, '18:00' FROM unnest('{"",blue}'::text[]) t, generate_series(1, 6) d;
INSERT INTO calendar (on_day) VALUES ('2024-02-14');
INSERT INTO interaction (interaction_id, customer_id, occurred_at, kind, case_ref, resolved_at, first_response_at,
  due_at, agent_code, product_code, handle_seconds, n, attributes)
  SELECT i, 1 + i % 7, at, ('{ticket,ticket,complaint,return,care}'::text[])[1 + floor(5 * pg_temp.chance(i,
    'kind'))::int],
         CASE WHEN pg_temp.chance(i, 'ref') < 0.8 THEN 'k' || floor(40 * pg_temp.chance(i, 'which'))::int END,
         CASE WHEN pg_temp.chance(i, 'res') < 0.7
           THEN at + floor(20000 * pg_temp.chance(i, 'long'))::int * interval '1 minute' END,
         CASE WHEN pg_temp.chance(i, 'ans') < 0.6
           THEN at + floor(3000 * pg_temp.chance(i, 'soon'))::int * interval '1 minute' END,
         CASE WHEN pg_temp.chance(i, 'due') < 0.3 THEN at + interval '6 days' END,
           ('{anna,ben,NULL}'::text[])[1 + i % 3], 'P' || i % 4, i % 500,
         1 + (pg_temp.chance(i, 'n') < 0.1)::int, CASE WHEN i % 2 = 0 THEN '{"team": "blue"}'::jsonb ELSE '{}' END
  FROM (SELECT i, timestamptz '2024-01-03 10:07Z' + floor(120000 * pg_temp.chance(i,
    'at'))::int * interval '1 minute' AS at FROM generate_series(1, 700) i) r;
CREATE FUNCTION pg_temp.walk(upto timestamptz) RETURNS TABLE (customer_id bigint, ref text, own bigint,
  opened_at timestamptz, closed_at timestamptz, resolutions int, reopenings int, contacts bigint, steps bigint,
  responded_at timestamptz, team text)
LANGUAGE plpgsql AS $$
DECLARE
  k record;
  r record;
  came_last timestamptz;
BEGIN
  FOR k IN SELECT DISTINCT i.customer_id AS c, i.case_ref AS ref, CASE WHEN i.case_ref IS NULL THEN i.interaction_id
    END AS own FROM interaction i
    WHERE i.occurred_at < upto AND (i.kind <> 'care' OR i.case_ref IS NULL AND i.due_at IS NOT NULL) LOOP
    customer_id := k.c; ref := k.ref; own := k.own; opened_at := NULL; closed_at := NULL; resolutions := 0;
      reopenings := 0; contacts := 0; team := NULL;
    FOR r IN SELECT i.* FROM interaction i WHERE i.customer_id = k.c AND i.occurred_at < upto
      AND (i.case_ref = k.ref OR i.case_ref IS NULL AND i.interaction_id = k.own)
      AND (i.kind <> 'care' OR i.case_ref IS NULL) ORDER BY i.occurred_at, i.interaction_id LOOP
      contacts := contacts + 1;
      IF opened_at IS NULL THEN
        opened_at := r.occurred_at; team := coalesce(r.attributes ->> 'team', '(unknown)');
      -- it was resolved since the last one came, and somebody comes again
      ELSIF EXISTS (SELECT FROM interaction i WHERE i.customer_id = k.c AND i.case_ref = k.ref AND i.kind <> 'care'
        AND (i.occurred_at, i.interaction_id) < (r.occurred_at, r.interaction_id)
                      AND i.resolved_at >= came_last AND i.resolved_at < r.occurred_at) THEN
        reopenings := reopenings + 1; resolutions := resolutions + 1;
      END IF;
      came_last := r.occurred_at;
    END LOOP;
    -- closed is when the last of all who came is served, whoever is served after that
    closed_at := (SELECT min(i.resolved_at) FROM interaction i
      WHERE i.customer_id = k.c AND i.occurred_at < upto AND i.resolved_at >= came_last AND i.resolved_at < upto
      AND (i.case_ref = k.ref OR i.case_ref IS NULL AND i.interaction_id = k.own)
                    AND (i.kind <> 'care' OR i.case_ref IS NULL));
    IF closed_at IS NOT NULL THEN resolutions := resolutions + 1; END IF;
    steps := (SELECT count(*) FROM interaction i WHERE i.customer_id = k.c AND i.occurred_at < upto
      AND (i.case_ref = k.ref OR i.case_ref IS NULL AND i.interaction_id = k.own));
    responded_at := (SELECT min(a)
      FROM interaction i, LATERAL (VALUES (CASE WHEN i.first_response_at >= opened_at THEN i.first_response_at END),
      (CASE WHEN i.kind <> 'care' OR i.case_ref IS NULL THEN i.resolved_at END)) v (a)
      WHERE i.customer_id = k.c AND i.occurred_at < upto AND a < upto
        AND (i.case_ref = k.ref OR i.case_ref IS NULL AND i.interaction_id = k.own));
    RETURN NEXT;
  END LOOP;
END$$;
CALL crmcost.refresh('crm', '2024-03-10');
SELECT results_eq($$ SELECT customer_id, nullif(case_ref, '') COLLATE "default", nullif(interaction_id, 0), opened_at,
  closed_at, cardinality(closing_months), reopenings, contacts, steps, first_response_at, team COLLATE "default"
  FROM service_case ORDER BY 1, 2, 3 $$,
  $$ SELECT * FROM pg_temp.walk('2024-03-10') ORDER BY 1, 2, 3 $$,
    'cases are those that a walk through their rows finds');
SELECT ok(count(*) FILTER (WHERE reopenings > 0) > 20 AND count(*) FILTER (WHERE closed_at IS NULL) > 20,
  'of which many are opened again, and many are open') FROM service_case;
SELECT results_eq($$ SELECT month_start, backlog FROM service_level WHERE dimension = '(all)' ORDER BY 1 $$,
  $$ SELECT m.from_on, (SELECT sum(coalesce(i.n, 1)) FROM pg_temp.walk(least(m.from_on + interval '1 month', '2024-03-10')
       AT TIME ZONE 'UTC') w LEFT JOIN interaction i ON i.interaction_id = w.own WHERE w.closed_at IS NULL)::bigint
     FROM unnest('{2024-01-01,2024-02-01,2024-03-01}'::date[]) m (from_on) ORDER BY 1 $$,
    'what was open at the end of each month is what a walk up to then finds, whatever was resolved since');
SELECT is((SELECT count(*) FROM service_case WHERE response_open_seconds IS DISTINCT
  FROM crmcost.business_seconds('crm', team, opened_at, first_response_at)
    OR resolution_open_seconds IS DISTINCT FROM crmcost.business_seconds('crm', team, opened_at, closed_at)
      OR response_seconds IS DISTINCT FROM extract(epoch FROM first_response_at - opened_at)), 0::bigint,
      'in business time as business_seconds says');
SELECT results_eq($$ SELECT code, month_start, resolved, resolution_p50_hours, resolution_business_p90_hours,
  resolution_sla_rate FROM service_level WHERE dimension = '(team)' AND resolved > 0 ORDER BY 1, 2 $$, $$
  SELECT c.team COLLATE "default", date_trunc('month', c.closed_at AT TIME ZONE 'UTC')::date, count(*),
    round(percentile_disc(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM c.closed_at - c.opened_at)) / 3600, 6),
         round(percentile_disc(0.9)
           WITHIN GROUP (ORDER BY crmcost.business_seconds('crm', c.team, c.opened_at, c.closed_at)) / 3600, 6),
         round(avg(CASE WHEN c.due_at IS NOT NULL THEN c.closed_at <= c.due_at
           ELSE c.closed_at - c.opened_at <= interval '72 hours' END::int), 6)
  FROM service_case c CROSS JOIN LATERAL generate_series(1, c.cases) WHERE c.closed_at IS NOT NULL GROUP BY 1, 2
    ORDER BY 1, 2 $$, 'percentiles are those of percentile_disc, a case of n counted n times');
SELECT results_eq($$ SELECT DISTINCT ON (dimension, code) dimension, code, backlog FROM service_level
  WHERE dimension IN ('(all)', '(team)', '(channel)') ORDER BY dimension, code, month_start DESC $$,
  $$ SELECT dimension, code, open_cases FROM service_backlog WHERE dimension IN ('(all)', '(team)', '(channel)')
    ORDER BY 1, 2 $$, 'what the months leave open is what is open');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');

-- step by step it comes to the same
UPDATE interaction SET resolved_at = occurred_at + interval '1 day'
  WHERE interaction_id % 9 = 0 AND resolved_at IS NULL;
UPDATE interaction SET first_response_at = occurred_at WHERE interaction_id % 11 = 0;
DELETE FROM interaction WHERE interaction_id % 23 = 0;
CALL crmcost.refresh('crm', '2024-03-10');
SELECT is(pg_temp.differing(), NULL, 'permitted updates are noticed');
CALL crmcost.refresh('crm', '2024-02-17 11:00Z');
SELECT is(pg_temp.differing(), NULL, 'a report of an earlier instant');
CALL crmcost.refresh('crm', '2024-03-25');
SELECT is(pg_temp.differing(), NULL, 'and of a later day');
INSERT INTO calendar (on_day) VALUES ('2024-02-15');
SELECT is((SELECT rows FROM data_quality WHERE check_name = 'configuration_not_refreshed'), 1::bigint,
  'another holiday is news, which is told');
CALL crmcost.refresh('crm', '2024-03-25');
SELECT is((SELECT count(*) FROM service_case WHERE resolution_open_seconds IS DISTINCT
  FROM crmcost.business_seconds('crm', team, opened_at, closed_at)), 0::bigint, 'and counts');
SELECT is((SELECT rows FROM data_quality WHERE check_name = 'calendar_never_open'), 0::bigint, 'all teams work');

-- never open; the clock of the targets
DELETE FROM calendar WHERE weekday IS NOT NULL;
UPDATE setting SET value = 'business' WHERE key = 'sla_clock';
CALL crmcost.refresh('crm', '2024-03-25');
SELECT results_eq($$ SELECT count(resolution_business_p50_hours), count(resolution_p50_hours) > 0,
  count(response_sla_rate) FROM service_level $$, 'VALUES (0::bigint, true, 0::bigint)',
  'who is never open has no business time');
SELECT results_eq($$ SELECT severity, rows, example FROM data_quality WHERE check_name = 'calendar_never_open' $$,
  $$ VALUES ('error', 1::bigint, 'team "" has days of its own, but no hours') $$, 'which is told');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');

-- what names of schemes and tiers hold is no part of any statement
INSERT INTO tier (scheme, code, rank, basis, bound, name) VALUES
  ('a''b%s"$rows$c{},\', 'X''%L', 1, 'cum_share', 0.5, 'X'), ('a''b%s"$rows$c{},\', 'Y%', 2, 'cum_share', 1, 'Y');
INSERT INTO calendar (weekday, opens_at, closes_at) VALUES (1, '09:00', '17:00');
CALL crmcost.refresh('crm', '2024-03-25');
SELECT results_eq($$ SELECT sum(closed), count(resolution_p50) > 0, count(resolution_open_p50) > 0 FROM service_month
  WHERE dimension = 'a''b%s"$rows$c{},\' $$, $$ SELECT sum(closed), true, true FROM service_month
  WHERE dimension = '(all)' $$, 'times are found by schemes of any name');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');

SELECT * FROM finish();
ROLLBACK;
