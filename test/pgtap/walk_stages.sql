-- How refresh finds stages in one walk: what windows over points say of them.
\ir setup.psql
SELECT no_plan();
SET LOCAL timezone = 'UTC';
\set zone '''America/Sao_Paulo'''
\set upto '''2018-12-01 02:00Z'''

-- clocks skip midnight there on 2017-10-15 and 2018-11-04; instants are few, so that many are the same
CREATE FUNCTION pg_temp.instant() RETURNS timestamptz LANGUAGE sql VOLATILE
RETURN timestamptz '2017-08-01 03:00Z' + (random() ^ 1.5 * 160)::int * interval '3 days'
  + (random() * 2)::int * interval '10 hours';
CREATE TEMPORARY TABLE party AS
  SELECT i::bigint AS id, i % 40 = 0 AS technical, (ARRAY['web', 'shop', repeat('long', 30)])[1 + i % 3] AS channel,
    CASE WHEN i % 11 > 0 THEN pg_temp.instant() END AS seen, CASE WHEN i % 3 > 0 THEN pg_temp.instant() END AS acquired
  FROM generate_series(1, 400) AS i;
CREATE TEMPORARY TABLE placed AS
  SELECT o.*, (o.at AT TIME ZONE :zone)::date AS day
  FROM (SELECT 1 + (random() ^ 2 * 420)::bigint AS id, random() < 0.93 AS is_order, pg_temp.instant() AS at,
      round((random() * 100)::numeric, (random() * 4)::int) AS revenue, (random() * 1e20)::numeric AS margin
    FROM generate_series(1, 2500)) o
  WHERE o.at < :upto;
INSERT INTO placed SELECT id, true, acquired, 5, 1, (acquired AT TIME ZONE :zone)::date
  FROM party WHERE id % 7 = 0 AND acquired < :upto;
INSERT INTO placed VALUES (0, false, '2018-01-01', 0, 0, '2018-01-01');
INSERT INTO party VALUES (0, false, 'web', NULL, NULL);
CREATE TEMPORARY TABLE hand AS
  SELECT DISTINCT ON (h.id, h.at, h.own) h.*
  FROM (SELECT 1 + (random() * 420)::bigint AS id, pg_temp.instant() AS at,
      (ARRAY['active', 'at_risk', 'churned', 'lead', 'won_back'])[1 + (random() * 4)::int] AS code,
      random() < 0.7 AS own
    FROM generate_series(1, 200)) h
  WHERE h.at < :upto;
INSERT INTO hand SELECT DISTINCT ON (o.id) o.id, o.at, 'churned', true FROM placed o
  WHERE o.id % 9 = 0 AND NOT EXISTS (SELECT FROM hand h WHERE h.id = o.id AND h.own);

CREATE TEMPORARY TABLE told (id bigint, at timestamptz, code text, evidence jsonb);
CREATE TEMPORARY TABLE pair (id bigint, found text, left_in text, orders bigint, revenue numeric, margin numeric);
CREATE TEMPORARY TABLE spell (id bigint, at timestamptz, month date, entered_on date, left_on date, stage text,
  before text, days_before int, by_rule boolean, reason text, inferred boolean, channel text);
CREATE TEMPORARY TABLE life (id bigint, began_on date, churned_on date, channel text);
CREATE FUNCTION pg_temp.walk(rows text, set text) RETURNS void LANGUAGE sql AS $$
  SELECT crmcost._walk_stages(rows, set, 'America/Sao_Paulo', '2018-11-30', '2018-12-01 02:00Z', 30, 60, 'told',
    'pair', 'spell', 'life');
$$;
CREATE TEMPORARY VIEW ordering AS
  SELECT p.id, p.technical, p.channel, p.seen, p.acquired, o.is_order, o.at, o.day, o.revenue, o.margin
  FROM party p LEFT JOIN placed o USING (id);
\set lives '''SELECT * FROM ordering ORDER BY id'''

-- the same by statements, one thing after the other
CREATE TEMPORARY VIEW point AS
  SELECT p.*, max(p.day) FILTER (WHERE p.is_order) OVER life AS ordered_on, lag(p.day) OVER life AS day_before,
    lag(p.code) OVER life AS code_before, lead(p.day) OVER life AS day_after, row_number() OVER life AS n
  FROM (SELECT id, min(at) AS at, day, true AS is_order, NULL AS code, count(*) AS orders, sum(revenue) AS revenue,
      sum(margin) AS margin FROM placed WHERE is_order GROUP BY id, day
    UNION ALL
    SELECT id, acquired, (acquired AT TIME ZONE 'America/Sao_Paulo')::date, false, NULL, NULL, NULL, NULL FROM party p
    WHERE acquired < '2018-12-01 02:00Z'
      AND NOT EXISTS (SELECT FROM placed o WHERE o.id = p.id AND o.is_order AND o.at < p.acquired)
    UNION ALL
    SELECT id, at, (at AT TIME ZONE 'America/Sao_Paulo')::date, false, code, NULL, NULL, NULL FROM hand) p
  WHERE id IN (SELECT id FROM party WHERE NOT technical)
  WINDOW life AS (PARTITION BY p.id ORDER BY p.at, p.code NULLS FIRST, p.is_order DESC);
CREATE TEMPORARY VIEW staged AS
  SELECT p.*, coalesce(p.code, CASE p.before WHEN 'churned' THEN 'won_back' ELSE 'active' END) AS stage,
    coalesce(p.day_after, '2018-11-30') - p.day AS pause
  FROM (SELECT p.*, CASE WHEN day_before IS NULL THEN 'lead' WHEN code_before IN ('lead', 'churned') THEN code_before
      WHEN day - day_before >= 60 THEN 'churned' WHEN day - day_before >= 30 OR code_before = 'at_risk' THEN 'at_risk'
      ELSE 'active' END AS before FROM point p) p;
CREATE TEMPORARY VIEW found AS
  SELECT s.*, l.stage AS stage_before, CASE WHEN a.day = s.day THEN
      CASE WHEN a.before = 'active' AND a.code_before = 'won_back' THEN 'won_back' ELSE a.before END
    WHEN s.before = 'active' AND l.stage = 'won_back' THEN 'won_back' ELSE s.before END AS found
  FROM staged s
  LEFT JOIN staged l ON l.id = s.id AND l.n = s.n - 1
  LEFT JOIN staged a ON a.id = s.id AND a.n < s.n AND NOT a.is_order AND a.code IS NULL;
CREATE TEMPORARY VIEW paused AS
  SELECT s.id, s.n, (s.day + p.days)::timestamp AT TIME ZONE 'America/Sao_Paulo' AS at, p.code, s.ordered_on, p.days
  FROM staged s JOIN (VALUES (30, 'at_risk'), (60, 'churned')) AS p (days, code)
    ON s.pause >= p.days AND s.stage NOT IN ('lead', 'churned', p.code);
-- whom the day had taken to another stage is in that first
CREATE TEMPORARY TABLE wanted AS
  SELECT DISTINCT ON (id, at) id, at, code, jsonb_strip_nulls(jsonb_build_object('last_order_on', ordered_on,
    'idle_days', idle)) AS evidence
  FROM (SELECT f.id, coalesce((SELECT max(p.at) + interval '1 microsecond' FROM paused p WHERE p.id = f.id
        AND p.n < f.n AND p.at >= f.at), f.at) AS at, stage AS code, ordered_on, day - ordered_on AS idle, 2 AS n
    FROM found f WHERE code IS NULL AND (before <> 'active' OR stage_before <> stage)
    UNION ALL SELECT id, at, code, ordered_on, days, 1 FROM paused
    UNION ALL SELECT p.id, p.seen, 'lead', NULL, NULL, 0 FROM party p LEFT JOIN staged s ON s.id = p.id AND s.n = 1
    WHERE NOT p.technical AND p.seen < least('2018-12-01 02:00Z', s.at)) e
  ORDER BY id, at, n DESC, code DESC;
CREATE TEMPORARY TABLE lived AS
  SELECT s.*, lead(entered_on) OVER life AS left_on, lag(code) OVER life AS before,
    lag(entered_on) OVER life AS on_before
  FROM (SELECT s.*, (at AT TIME ZONE 'America/Sao_Paulo')::date AS entered_on, lag(code) OVER life AS last_code
    FROM (SELECT DISTINCT ON (id, at) * FROM (SELECT id, at, code, true AS by_rule FROM wanted
        UNION ALL SELECT id, at, code, false FROM hand WHERE id IN (SELECT id FROM party WHERE NOT technical)) s
      ORDER BY id, at, by_rule, code) s
    WINDOW life AS (PARTITION BY id ORDER BY at)) s
  WHERE last_code IS DISTINCT FROM code
  WINDOW life AS (PARTITION BY id ORDER BY at);

SELECT lives_ok(format('SELECT pg_temp.walk(%L, %L)', :lives, 'SELECT id, at, code, own FROM hand'),
  'customers with all that there is');
SELECT bag_eq('SELECT * FROM told', $$SELECT * FROM wanted w WHERE NOT EXISTS (SELECT FROM hand h
  WHERE h.id = w.id AND h.at = w.at AND h.own)$$, 'stages of the rule, but where a person set one');
SELECT bag_eq('SELECT * FROM pair', $$SELECT id, found, stage, sum(orders)::bigint, sum(revenue) AS revenue,
    sum(margin) AS margin
  FROM (SELECT id, found, stage, orders, revenue, margin FROM found WHERE is_order
    UNION ALL SELECT id, '(unknown)', '(unknown)', is_order::int, revenue, margin FROM placed JOIN party USING (id)
    WHERE NOT is_order OR technical) o
  GROUP BY 1, 2, 3 HAVING sum(orders) > 0 OR sum(revenue) <> 0 OR sum(margin) <> 0$$,
  'orders by what they found and left');
SELECT bag_eq('SELECT * FROM spell', $$SELECT id, at, date_trunc('month', entered_on::timestamp)::date, entered_on,
  left_on, code, coalesce(before, '(new)'), entered_on - on_before, by_rule, NULL::text AS reason,
  NULL::boolean AS inferred, channel
  FROM lived JOIN party USING (id)$$, 'times in a stage');
SELECT bag_eq('SELECT * FROM life', $$SELECT b.id, b.began_on, (SELECT min(c.entered_on) FROM lived c WHERE c.id = b.id
    AND c.code = 'churned' AND c.at > b.at), p.channel
  FROM (SELECT id, min(at) AS at, min(entered_on) AS began_on FROM lived WHERE code NOT IN ('lead', 'churned')
    GROUP BY id) b JOIN party p USING (id)$$, 'lives');
SELECT results_eq('SELECT id, at FROM told', 'SELECT id, at FROM told ORDER BY id, at',
  'stages are in the order of keys');
SELECT results_eq('SELECT id, found, left_in FROM pair',
  'SELECT id, found, left_in FROM pair ORDER BY id, found COLLATE "C", left_in COLLATE "C"', 'and so are the pairs');
SELECT results_eq('SELECT id, at FROM spell', 'SELECT id, at FROM spell ORDER BY id, at', 'and the times');
SELECT isnt_empty($$SELECT 1 FROM wanted WHERE (at AT TIME ZONE 'America/Sao_Paulo')::time = '01:00'
  AND code IN ('at_risk', 'churned')$$, 'a day that began at one o''clock is among them');
TRUNCATE told, pair, spell, life;
SELECT lives_ok(format('SELECT pg_temp.walk(%L, %L)', 'SELECT * FROM (' || :lives || ') l WHERE false',
  'SELECT id, at, code, own FROM hand'), 'no customers');
SELECT is_empty('SELECT FROM told UNION ALL SELECT FROM pair UNION ALL SELECT FROM spell UNION ALL SELECT FROM life',
  'have no stages');

-- what it refuses
SELECT throws_ok(format('SELECT pg_temp.walk(%L, %L)', rows, set), code, NULL::text, what)
  FROM (VALUES (:lives || ' DESC', 'SELECT id, at, code, own FROM hand', '22023', 'customers in another order'),
    (:lives, 'SELECT id, at, ''gone''::text, own FROM hand', '22000', 'what is no stage'),
    (:lives, 'SELECT id, at, NULL::text, own FROM hand', '22004', 'no stage'),
    (:lives, 'SELECT id, at, code FROM hand', '42804', 'a column less'),
    ('SELECT id, technical, NULL::text, seen, acquired, NULL::boolean, seen, NULL::date, 1.0, 1.0 FROM party',
      'SELECT id, at, code, own FROM hand', '22004', 'a customer without a channel'),
    ('SELECT id, technical, channel, seen, acquired, true, at, day, NULL::numeric, margin FROM party JOIN placed
      USING (id) ORDER BY id', 'SELECT id, at, code, own FROM hand', '22004', 'an order without revenue'),
    ('SELECT 1', 'SELECT id, at, code, own FROM hand', '42804', 'other columns'))
    v (rows, set, code, what);
\ir finish.psql
