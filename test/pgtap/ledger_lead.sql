-- Open leads scored by a model that learns from those whose end is known.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();
CREATE FUNCTION pg_temp.differing() RETURNS text LANGUAGE sql AS $$
  SELECT crmcost._make_work_tables('crm');
  SELECT string_agg(format('%s: %s', target, rows_differ), ', ') FROM crmcost._verify('crm')$$;
-- a number from 0 to 1 that looks like chance
CREATE FUNCTION pg_temp.chance(i int, salt text) RETURNS float8 LANGUAGE sql IMMUTABLE AS
  $$SELECT ('x' || left(md5(i || salt), 6))::bit(24)::int / 16777216.0::float8$$;

-- leads of January with a planted signal: visits and being referred help
CREATE TEMPORARY TABLE planted AS
  SELECT i, floor(8 * pg_temp.chance(i, 'visits'))::int AS visits, pg_temp.chance(i, 'ref') < 0.3 AS referred,
    pg_temp.chance(i, 'org') < 0.5 AS org,
         ('{search,seo,email,expo,telesales}'::text[])[1 + floor(5 * pg_temp.chance(i, 'channel'))::int] AS channel
  FROM generate_series(2, 1501) i;
ALTER TABLE planted ADD won boolean;
UPDATE planted SET won = pg_temp.chance(i, 'won') < 1 / (1 + exp(-(-5 + 2.5 * ln(1 + visits) + 2 * referred::int)));
INSERT INTO customer (customer_id, source_key, first_seen_at) VALUES (1, 'first', '2023-06-01');
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at, acquisition_channel, referred_by, kind)
  SELECT i, 'c' || i, '2024-01-01', CASE WHEN won THEN timestamptz '2024-02-10' END, channel, CASE WHEN referred THEN 1
    END, CASE WHEN org THEN 'org' ELSE 'person' END FROM planted;
INSERT INTO interaction (customer_id, occurred_at, kind)
  SELECT i, timestamptz '2024-01-02' + n * interval '90 minutes', CASE WHEN n % 2 = 0 THEN 'touch' ELSE 'behavior' END
    FROM planted, generate_series(1, visits) n
  -- too late to be known on the fourteenth day
  UNION ALL SELECT i, '2024-01-15', 'sales' FROM planted WHERE won;
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq('SELECT status COLLATE "default", leads FROM lead_model', $$ VALUES ('not_fitted', 1::bigint) $$,
  'of whom the ninety days are not over nothing can be learnt');
SELECT is_empty('SELECT FROM lead_score', 'and nobody is scored');

-- open leads of May
INSERT INTO customer (customer_id, source_key, first_seen_at, acquisition_channel, referred_by) VALUES
  (2001, 'n1', '2024-05-01', 'search', 1), (2002, 'n2', '2024-05-01', 'search', NULL),
    (2003, 'n3', '2024-05-25', 'search', NULL), (2004, 'n4', '2024-05-25', 'search', NULL);
INSERT INTO interaction (customer_id, occurred_at, kind, n) VALUES (2001, '2024-05-02', 'touch', 5),
  (2002, '2024-05-02', 'touch', 5);
INSERT INTO customer (customer_id, source, source_key, first_seen_at) VALUES (3001, 'anon', 'traffic', '2024-05-01');
CALL crmcost.refresh('crm', '2024-06-01');
SELECT results_eq($$ SELECT m.status COLLATE "default", m.message, m.leads, m.conversions, m.holdout_leads,
  m.holdout_conversions FROM lead_model m $$,
  $$ SELECT 'fitted', NULL::text, count(*) FILTER (WHERE NOT held), count(*) FILTER (WHERE NOT held AND won),
    count(*) FILTER (WHERE held), count(*) FILTER (WHERE held AND won)
     FROM (SELECT ('x' || left(md5(i::text), 4))::bit(16)::int % 5 = 0 AS held, won
       FROM (SELECT i, won FROM planted UNION ALL SELECT 1, false) p) h $$,
  'B8: the model learns from four in five');
SELECT ok(holdout_auc > 0.8, format('B8: and tells the others apart: AUC %s', holdout_auc)) FROM lead_model;

-- the same by the data that were planted, without the ledger
CREATE TEMPORARY TABLE known AS
  SELECT i, won, ('x' || left(md5(i::text), 4))::bit(16)::int % 5 = 0 AS held,
         ARRAY[ln(1 + visits), 0, 0, CASE WHEN visits > 0 THEN 1 ELSE 0 END, referred::int, org::int,
           (channel = 'search')::int, (channel = 'email')::int, (channel = 'seo')::int,
           (channel = 'expo')::int]::float8[] AS x
  FROM planted UNION ALL SELECT 1, false, ('x' || left(md5('1'), 4))::bit(16)::int % 5 = 0,
    array_fill(0::float8, '{10}');
CREATE TEMPORARY TABLE fit AS SELECT crmcost.logit_fit(won, x, 1.0) AS m FROM known WHERE NOT held;
SELECT results_eq('SELECT coefficient FROM lead_coefficient ORDER BY position',
  'SELECT round(c::numeric, 9) FROM fit, unnest((m).coefficient) WITH ORDINALITY u (c, n) ORDER BY n',
  'B8: coefficients are those of the planted data');
SELECT results_eq('SELECT feature COLLATE "default" FROM lead_coefficient ORDER BY position',
  $$ VALUES ('intercept'), ('ln_touches'), ('ln_sales_contacts'), ('ln_other_contacts'), ('contact_days'),
  ('referred'), ('is_org'), ('paid'), ('owned'), ('earned'), ('offline') $$,
  'by name');
SELECT results_eq('SELECT holdout_auc FROM lead_model', $$
  SELECT round(avg(CASE WHEN a.s > b.s THEN 1 WHEN a.s = b.s THEN 0.5 ELSE 0 END), 6)
  FROM (SELECT won, crmcost.logit_score(m, x) AS s FROM known, fit WHERE held) a
    JOIN (SELECT won, crmcost.logit_score(m, x) AS s FROM known, fit WHERE held) b ON a.won AND NOT b.won $$,
  'B8: the AUC is the share of pairs in order');
SELECT results_eq($$ SELECT customer_id, score_rank, observed, score > 0.5 FROM lead_score ORDER BY 2, 1 $$,
  $$ VALUES (2001::bigint, 1::bigint, true, true), (2002, 2, true, false), (2003, 3, false, false),
    (2004, 3, false, false) $$, 'B8: the referred one first, equal ones alike; who is not open is not scored');
SELECT results_eq($$ SELECT score FROM lead_score WHERE customer_id = 2001 $$,
  $$ SELECT round(crmcost.logit_score(m, ARRAY[ln(6), 0, 0, 1, 1, 0, 1, 0, 0, 0]::float8[])::numeric, 6) FROM fit $$,
  'by the model');
SELECT results_eq($$ SELECT customer_id, due_on, evidence ->> 'touches' FROM worklist WHERE reason = 'lead_to_call'
  ORDER BY 1 $$, $$ VALUES (2001::bigint, date '2024-05-15', '5'), (2002, '2024-05-15', '5') $$,
  'B8: open leads are on the worklist from their 14th day on');
SELECT is((SELECT rows FROM data_quality WHERE check_name = 'lead_model_not_fitted'), 0::bigint, 'nothing is missing');
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');

-- attributes that are numbers: one that tells, one that is no number for most, none for others
UPDATE customer c SET attributes = jsonb_build_object('size', CASE WHEN p.won THEN 3 + pg_temp.chance(p.i, 'size')
  ELSE 2 * pg_temp.chance(p.i, 'size') END, 'kind', 'x', 'huge', 1e300::numeric)
  FROM planted p WHERE p.i = c.customer_id AND p.i % 7 <> 0;
UPDATE setting SET value = ' size , kind,huge, size' WHERE key = 'lead_attributes';
CALL crmcost.refresh('crm', '2024-06-01');
SELECT results_eq('SELECT feature COLLATE "default" FROM lead_coefficient WHERE position > 10 ORDER BY position',
  $$ VALUES ('attributes.size'), ('attributes.kind'), ('attributes.huge') $$,
  'attributes are features, by name, each once');
CREATE TEMPORARY TABLE more AS SELECT k.i, k.won, k.held,
  k.x || ARRAY[coalesce(round((c.attributes ->> 'size')::numeric, 9), 0), 0, 0]::float8[] AS x FROM known k
  JOIN customer c ON c.customer_id = k.i;
SELECT results_eq('SELECT coefficient FROM lead_coefficient ORDER BY position',
  $$ SELECT round(c::numeric, 9) FROM (SELECT crmcost.logit_fit(won, x, 1.0) AS m FROM more WHERE NOT held) f,
  unnest((m).coefficient) WITH ORDINALITY u (c, n) ORDER BY n $$,
  'B8: with the attribute, coefficients are those of the data');
SELECT ok(holdout_auc > 0.9, format('and it helps: AUC %s', holdout_auc)) FROM lead_model;
SELECT is(pg_temp.differing(), NULL, 'a full computation says the same');
UPDATE customer SET attributes = '{"size": 3.5}' WHERE customer_id = 2004;
CALL crmcost.refresh('crm', '2024-06-01');
SELECT is((SELECT score_rank FROM lead_score WHERE customer_id = 2004),
  (SELECT 1 + count(*) FROM lead_score o WHERE o.score > (SELECT score FROM lead_score WHERE customer_id = 2004)),
  'an attribute that changes');
SELECT ok(a.score > b.score, 'changes the score') FROM lead_score a, lead_score b
  WHERE a.customer_id = 2004 AND b.customer_id = 2003;
SELECT is(pg_temp.differing(), NULL, 'in both ways of computing');
UPDATE setting SET value = '' WHERE key = 'lead_attributes';
UPDATE customer SET attributes = '{}' WHERE attributes <> '{}';
CALL crmcost.refresh('crm', '2024-06-01');
SAVEPOINT fitted;

-- news, corrections, mergers; nothing after the report day
INSERT INTO interaction (customer_id, occurred_at, kind) VALUES (2003, '2024-05-27', 'sales'),
  (2004, '2024-06-02', 'sales');
UPDATE customer SET acquired_at = '2024-05-20' WHERE customer_id = 2002;
UPDATE customer SET kind = 'org' WHERE customer_id = 2001;
SELECT crmcost.merge_customer('crm', 3, 4);
CALL crmcost.refresh('crm', '2024-06-01');
SELECT results_eq('SELECT customer_id, sales_contacts FROM lead_score ORDER BY 1',
  $$ VALUES (2001::bigint, 0::bigint), (2003, 1), (2004, 0) $$, 'news of leads is noticed, also that one was won');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');
UPDATE channel SET kind = 'owned' WHERE code = 'search';
CALL crmcost.refresh('crm', '2024-06-01');
SELECT is(pg_temp.differing(), NULL, 'so is a channel of another kind');
CALL crmcost.refresh('crm', '2024-05-26');
SELECT is(pg_temp.differing(), NULL, 'and an earlier report day');
ROLLBACK TO fitted;

-- too few, and one class
UPDATE customer SET acquired_at = NULL WHERE customer_id > 100;
CALL crmcost.refresh('crm', '2024-06-01');
SELECT results_eq('SELECT status COLLATE "default", message ~ ''^\d\d? conversions and \d+ other leads, of each at least 100 are needed$'', holdout_auc FROM lead_model',
  $$ VALUES ('not_fitted', true, NULL::numeric) $$, 'with too few conversions there is no model, and it says so');
SELECT is_empty('SELECT FROM lead_score', 'and no score');
SELECT is_empty('SELECT FROM lead_coefficient', 'nor coefficients');
SELECT results_eq($$ SELECT rows, severity FROM data_quality WHERE check_name = 'lead_model_not_fitted' $$,
  $$ VALUES (1::bigint, 'info') $$, 'which is told');
SELECT is(pg_temp.differing(), NULL, 'as a full computation says');

SELECT * FROM finish();
ROLLBACK;
