-- Credits of whole paths against the window functions that define them, their sums against plain sums, and stretches of
-- touches against a join.
\ir setup.psql
SELECT no_plan();
DO $$BEGIN PERFORM setseed(0.11); END$$;

-- paths of 1 to 60 touches and one of 3,000; instants are often equal, some channels direct, half lives from a day
-- (weights far below what fifteen decimals hold) to a year
CREATE TEMPORARY TABLE touch AS
  SELECT v AS conversion, n, (1 + v * 7919 % 365)::int AS half_life,
         timestamptz '2025-06-01' - floor(random() * 400) * interval '6 hours' AS at,
         (ARRAY['direct', 'search', 'a rather long name of a channel', '', '直接', 'direct '])[1 + floor(random() * CASE
           WHEN v % 7 = 0 THEN 1 ELSE 6 END)::int] AS channel,
         CASE WHEN random() < 0.5 THEN '(unknown)' ELSE 'K' || floor(random() * 5) END AS campaign
  FROM generate_series(1, 400) AS v,
       LATERAL generate_series(1, CASE v WHEN 400 THEN 3000 ELSE 1 + v % 60 END) AS n;
UPDATE touch SET half_life = 1 WHERE conversion % 5 = 0;
CREATE TEMPORARY TABLE conversion AS
  SELECT conversion, date '2025-01-01' + conversion % 3 * 31 AS month_start,
    (ARRAY['order', 'acquisition'])[1 + conversion % 2] AS kind, half_life,
         round((random() * 1000 - 100)::numeric, 4) AS value, round((random() * 100)::numeric, 4) AS margin,
         array_agg(n::bigint ORDER BY at, n) AS ids, array_agg(conversion::bigint ORDER BY at, n) AS customers,
         array_agg(at ORDER BY at, n) AS ats, array_agg(at::date ORDER BY at, n) AS ons,
         array_agg(date_trunc('month', at)::date ORDER BY at, n) AS months, array_agg(channel ORDER BY at, n) AS path,
         array_agg(campaign ORDER BY at, n) AS campaigns
  FROM touch GROUP BY conversion, half_life;
CREATE TEMPORARY TABLE expected AS
  SELECT conversion, n, at, channel, campaign, first, last, last_non_direct,
         crmcost.allocate(1, linear::numeric, 8) OVER path AS linear, crmcost.allocate(1, position::numeric, 8)
           OVER path AS position,
         crmcost.allocate(1, decay::numeric, 8) OVER path AS decay
  FROM (SELECT t.*, crmcost.attribution_weight('first', at, '2025-06-01') OVER path AS first,
    crmcost.attribution_weight('last', at, '2025-06-01') OVER path AS last,
               crmcost.attribution_weight('last_non_direct', at, '2025-06-01', '7 days', channel)
                 OVER path AS last_non_direct,
               crmcost.attribution_weight('linear', at, '2025-06-01') OVER path AS linear,
                 crmcost.attribution_weight('position', at, '2025-06-01') OVER path AS position,
               crmcost.attribution_weight('time_decay', at, '2025-06-01', make_interval(days => half_life))
                 OVER path AS decay
        FROM touch t WINDOW path AS (PARTITION BY conversion ORDER BY at, n)) w
  WINDOW path AS (PARTITION BY conversion ORDER BY at, n);
CREATE TEMPORARY TABLE credit AS
  SELECT v.conversion, t.* FROM conversion v
  CROSS JOIN LATERAL crmcost._touch_credits(v.ids, v.customers, v.ats, v.ons, v.months, v.path, v.campaigns,
    v.half_life) t;

SELECT is_empty($$SELECT conversion, n, at, channel, campaign, first::numeric, last::numeric, last_non_direct::numeric,
  linear, position, decay FROM expected
  EXCEPT SELECT conversion, interaction_id, touched_at, channel_code, campaign_code, first_credit, last_credit,
    last_non_direct_credit, linear_credit, position_credit, time_decay_credit FROM credit$$,
  'credits are those of attribution_weight and allocate, to the last digit');
SELECT is((SELECT count(*) FROM credit), (SELECT count(*) FROM touch), 'one row a touch');
SELECT is_empty('SELECT FROM credit WHERE touched_customer_id <> conversion OR touched_on <> touched_at::date OR month_start <> date_trunc($$month$$, touched_at)',
  'with its own customer, day and month');
SELECT is_empty($$SELECT conversion FROM credit
  GROUP BY 1 HAVING (sum(first_credit), sum(last_credit), sum(last_non_direct_credit), sum(linear_credit),
  sum(position_credit), sum(time_decay_credit))
  <> (1, 1, 1, 1, 1, 1)$$, 'they sum to 1');
SELECT cmp_ok((SELECT count(*) FROM expected WHERE decay = 0), '>', 100::bigint,
  'some touches are so old that nothing is left for them');
SELECT is_empty($$SELECT * FROM crmcost._touch_credits('{}', '{}', '{}', '{}', '{}', '{}', '{}', 7)$$,
  'no touch, no row');

-- sums, by the definition: each credit times the value
INSERT INTO conversion SELECT 1000 + i, '2025-01-01', 'order', 7, 10 * i, i, '{}', '{}', '{}', '{}', '{}', '{}', '{}'
  FROM generate_series(1, 3) i;
CREATE TEMPORARY TABLE summed AS
  SELECT v.month_start, v.kind, m.model, c.channel_code, c.campaign_code, sum(m.credit) AS conversions,
    sum(m.credit * v.value) AS value, sum(m.credit * v.margin) AS margin
  FROM conversion v JOIN (SELECT * FROM credit UNION ALL SELECT conversion, 0, 0, NULL, NULL, NULL, 'own', 'way', 1, 1,
    1, 1, 1, 1 FROM conversion WHERE ids = '{}') c USING (conversion)
  CROSS JOIN LATERAL (VALUES ('first', first_credit), ('last', last_credit),
    ('last_non_direct', last_non_direct_credit), ('linear', linear_credit), ('position', position_credit),
                             ('time_decay', time_decay_credit)) AS m (model, credit)
  GROUP BY 1, 2, 3, 4, 5 HAVING sum(m.credit) <> 0;
SELECT bag_eq($$SELECT * FROM
  crmcost._credit_sums('SELECT month_start, kind, ''own''::text, ''way''::text, value, margin, path, campaigns, ats, half_life FROM conversion')$$,
  'SELECT * FROM summed', 'sums of credits, their value and margin are exact');
SELECT results_eq($$SELECT DISTINCT value, margin
  FROM crmcost._credit_sums('SELECT date ''2025-01-01'', ''order''::text, ''a''::text, ''b''::text, 9999999999999999999999999999999999.9999, -9999999999999999999999999999999999.9999, ''{}''::text[], ''{}''::text[], ''{}''::timestamptz[], 7 FROM generate_series(1, 100)')$$,
  $$VALUES (999999999999999999999999999999999999.9900, -999999999999999999999999999999999999.9900)$$,
    'of the largest amounts that a conversion can have, too');

-- stretches: for each end what a join says
CREATE TEMPORARY TABLE goal AS
  SELECT g, 1 + g % 45 AS entity, timestamptz '2025-01-01' + random() * interval '150 days' AS until,
    10 * floor(random() * 12) * interval '24:00:00' AS reach
  FROM generate_series(1, 900) AS g;
UPDATE goal SET until = NULL, reach = NULL WHERE g % 10 = 0;
CREATE TEMPORARY TABLE walked AS
  SELECT * FROM
    crmcost._walk_journeys('SELECT conversion::bigint, at, n::bigint, conversion::bigint, at::date, date_trunc(''month'', at)::date, channel, campaign FROM touch t WHERE conversion > 3 ORDER BY conversion, md5(n::text)',
    'SELECT entity::bigint, coalesce(until - reach, ''2025-04-01''), until, g FROM goal ORDER BY entity', 20 * 86400)
  AS w (g int, touches int, path text[], campaigns text[], ids bigint[], customers bigint[], ats timestamptz[],
    ons date[], months date[]);
SELECT bag_eq($$SELECT g, touches, path, campaigns, ids, customers, ats, ons, months FROM walked$$,
  $$SELECT g, count(t.n)::int, coalesce(array_agg(channel ORDER BY at, n) FILTER (WHERE n > 0), '{}') AS path,
    coalesce(array_agg(campaign ORDER BY at, n) FILTER (WHERE n > 0), '{}') AS campaigns,
      coalesce(array_agg(n::bigint ORDER BY at, n) FILTER (WHERE n > 0), '{}') AS ids,
        coalesce(array_agg(conversion::bigint ORDER BY at, n) FILTER (WHERE n > 0), '{}') AS customers,
      coalesce(array_agg(at ORDER BY at, n) FILTER (WHERE n > 0), '{}') AS ats,
        coalesce(array_agg(at::date ORDER BY at, n) FILTER (WHERE n > 0), '{}') AS ons,
      coalesce(array_agg(date_trunc('month', at)::date ORDER BY at, n) FILTER (WHERE n > 0), '{}') AS months
    FROM (SELECT g.*, (SELECT max(at) FROM touch WHERE conversion = g.entity) AS last_at FROM goal g) g
    LEFT JOIN touch t ON t.conversion = g.entity AND t.conversion > 3 AND at <= coalesce(until, 'infinity')
                         AND at > coalesce(until - reach, greatest('2025-04-01', last_at - interval '480 hours'))
    GROUP BY g, until HAVING until IS NOT NULL OR count(t.n) > 0$$,
      'each end has the touches that a join would find, open ones those near the last');
SELECT cmp_ok((SELECT count(*) FROM walked WHERE touches > 1), '>', 300::bigint, 'of which many have some');

-- what cannot be is refused
PREPARE credits (timestamptz[], text[], int) AS SELECT *
  FROM crmcost._touch_credits('{1,2}', '{1,1}', $1, '{2025-01-01,2025-01-02}', '{2025-01-01,2025-01-01}', $2, '{a,b}',
  $3);
SELECT throws_ok($$EXECUTE credits ('{2025-01-02,2025-01-01}', '{a,b}', 7)$$, '22023',
  'touched_ats must be in order of time', 'instants out of order');
SELECT throws_ok($$EXECUTE credits ('{2025-01-02,infinity}', '{a,b}', 7)$$, '22023',
  'touched_ats must be finite, not infinity', 'an instant that never comes');
SELECT throws_ok($$EXECUTE credits ('{2025-01-01,2025-01-02}', '{a}', 7)$$, '2202E',
  'path must have an element for each of 2 touches, not 1', 'columns of different length');
SELECT throws_ok($$EXECUTE credits ('{2025-01-01,2025-01-02}', '{a,NULL}', 7)$$, '2202E',
  'path must have one dimension and no NULL', 'a NULL');
SELECT throws_ok($$EXECUTE credits ('{2025-01-01,2025-01-02}', '{a,b}', 0)$$, '22023',
  'half_life_days must be between 1 and 2147483647, not 0', 'no half life');
SELECT throws_ok($$SELECT * FROM crmcost._credit_sums('SELECT 1')$$, '42804',
  'column 1 of conversions must be the month, of type date', 'another query');
SELECT throws_ok($$SELECT * FROM
  crmcost._credit_sums('SELECT date ''2025-01-01'', ''order''::text, ''a''::text, ''b''::text, 1.00001, 1.0, ''{}''::text[], ''{}''::text[], ''{}''::timestamptz[], 7')$$,
  '22003', 'value must have at most 4 decimals and 34 digits before them, not 1.00001', 'more decimals than money has');
SELECT throws_ok($$SELECT * FROM
  crmcost._walk_journeys('SELECT e, now(), 1::bigint, 1::bigint, current_date, current_date, ''a''::text, ''b''::text FROM (VALUES (2::bigint), (1)) v (e)',
  'SELECT 3::bigint, now(), now()', 0) AS w (touches int, path text[], campaigns text[], ids bigint[],
    customers bigint[], ats timestamptz[], ons date[], months date[])$$,
  '22023', 'touches must be in order of entity', 'touches out of order');
SELECT throws_ok($$SELECT * FROM
  crmcost._walk_journeys('SELECT 1::bigint, now(), 1::bigint, 1::bigint, current_date, current_date, ''a''::text, ''b''::text',
  'SELECT 3::bigint, now(), now()', 0) AS w (touches int)$$,
  '42804', 'the columns of the result must be those of ends from the 4th on, and 8 of the touches', 'another result');
SELECT * FROM finish();
ROLLBACK;
