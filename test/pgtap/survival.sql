-- kaplan_meier, median_survival, mean_survival, logrank and logrank_groups:
-- published data, a recomputation in SQL, and what must hold for every aggregate.
\ir setup.psql
\ir properties.psql
SELECT no_plan();

ALTER TABLE purchase ADD grp text, ADD event boolean;
UPDATE purchase SET grp = 'g' || id % 7, event = id % 3 = 0;
ANALYZE purchase;
SELECT pg_temp.aggregate_holds('kaplan_meier', '{recency_days,event}', '{1,2}');
SELECT pg_temp.aggregate_holds('logrank', '{recency_days,event,grp}', '{1,2,3}');
SELECT pg_temp.aggregate_holds('logrank_groups', '{frequency,event,grp}', '{1,2,3}');

-- a worked case: three events, three customers who are still there
SELECT pg_temp.is_same($$SELECT t, at_risk, events, round(survival::numeric, 4), round(std_error::numeric, 4)
  FROM pg_catalog.unnest((SELECT kaplan_meier(d, e)
  FROM (VALUES (3, true), (5, true), (5, false), (8, true), (12, false), (12, false)) v (d, e))) p$$,
  'VALUES (3::float8, 6::bigint, 1::bigint, 0.8333, 0.1521), (5, 5, 1, 0.6667, 0.1925), (8, 3, 1, 0.4444, 0.2222)',
    'F10: S(8) = 5/6 4/5 2/3 = 0.4444');

-- acute myelogenous leukaemia (Miller 1997), as R survival 3.5-3 gives it
CREATE TABLE aml AS SELECT grp, t, e = 1 AS e
  FROM (VALUES ('Maintained', '{9,13,13,18,23,28,31,34,45,48,161}'::float8[], '{1,1,0,1,1,0,1,1,0,1,0}'::int[]),
  ('Nonmaintained', '{5,5,8,8,12,16,23,27,30,33,43,45}', '{1,1,1,1,1,0,1,1,1,1,1,1}')) v (grp, ts, es),
  unnest(ts, es) u (t, e);
CREATE TABLE r AS SELECT * FROM unnest('{9,13,18,23,31,34,48}'::float8[], '{11,10,8,7,5,4,2}'::int[],
  '{0.90909090909,0.81818181818,0.71590909091,0.61363636364,0.49090909091,0.36818181818,0.18409090909}'::float8[],
  '{0.0866784172,0.11629129983,0.13966497056,0.15263233103,0.16419326722,0.16266888583,0.15349274579}'::float8[],
    '{0.75413384508,0.6192489874,0.48842628742,0.3768670595,0.2548599512,0.1548771179,0.03591789849}'::float8[]) u (t,
    at_risk, survival, std_error, lower);
SELECT is((SELECT count(*)::int FROM r
  JOIN pg_catalog.unnest((SELECT kaplan_meier(t, e) FROM aml WHERE grp = 'Maintained')) p USING (t, at_risk)
             WHERE abs(p.survival - r.survival) < 1e-10 AND abs(p.std_error - r.std_error) < 1e-10
               AND abs(p.lower - r.lower) < 1e-10), 7,
               'survival::aml, maintained: time, n.risk, surv, std.err, lower 95 % CI');
SELECT is((SELECT median_survival(kaplan_meier(t, e))::text FROM aml WHERE grp = g), want,
  g || ': median and its interval') FROM (VALUES ('Maintained', '(31,18,)'), ('Nonmaintained', '(23,8,)')) v (g, want);
SELECT is((SELECT round(mean_survival(kaplan_meier(t, e), 161)::numeric, 8) FROM aml WHERE grp = 'Maintained'),
  52.64545455, 'its restricted mean');
SELECT is((SELECT array_agg(round(x::numeric, 5))
  FROM (SELECT logrank(t, e, grp) AS l, logrank_groups(t, e, grp) AS g FROM aml) s,
  unnest(ARRAY[(l).chi_square, (l).df, (l).p, (g[1]).expected, (g[2]).expected, (g[1]).observed, (g[2]).observed]) x),
  '{3.39639,1.00000,0.06534,10.68934,7.31066,7.00000,11.00000}', 'survdiff: chisq, df, p, expected, observed');

-- 6-mercaptopurine against placebo (Freireich and others 1963): the table and the
-- test as in Kalbfleisch and Prentice (2002), chapter 1, and Kleinbaum and Klein (2012), chapter 2
CREATE TABLE freireich AS SELECT t, e, '6-MP' AS grp
  FROM unnest('{6,6,6,6,7,9,10,10,11,13,16,17,19,20,22,23,25,32,32,34,35}'::float8[],
  '{t,t,t,f,t,f,t,f,f,t,t,f,f,f,t,t,f,f,f,f,f}'::boolean[]) u (t, e)
  UNION ALL SELECT t, true, 'placebo'
    FROM pg_catalog.unnest('{1,1,2,2,3,4,4,5,5,8,8,8,8,11,11,12,12,15,17,22,23}'::float8[]) t;
SELECT pg_temp.is_same($$SELECT t::int, at_risk, events, round(survival::numeric, 3), round(std_error::numeric, 4)
  FROM pg_catalog.unnest((SELECT kaplan_meier(t, e) FROM freireich WHERE grp = '6-MP')) p$$,
  'VALUES (6, 21::bigint, 3::bigint, 0.857, 0.0764), (7, 17, 1, 0.807, 0.0869), (10, 15, 1, 0.753, 0.0963), (13, 12, 1, 0.690, 0.1068), (16, 11, 1, 0.627, 0.1141), (22, 7, 1, 0.538, 0.1282), (23, 6, 1, 0.448, 0.1346)',
    'remission on 6-MP');
SELECT is((SELECT (median_survival(kaplan_meier(t, e))).median FROM freireich WHERE grp = g), want, g || ': median')
  FROM (VALUES ('6-MP', 23::float8), ('placebo', 8)) v (g, want);
SELECT is((SELECT round((logrank(t, e, grp)).chi_square::numeric, 2) FROM freireich), 16.79,
  'log-rank chi-square 16.79');
SELECT is((SELECT array_agg(round((g).expected::numeric, 2))
  FROM (SELECT pg_catalog.unnest(logrank_groups(t, e, grp)) AS g FROM freireich) s), '{19.25,10.75}',
  'expected 19.25 and 10.75');

-- cancer of the larynx by stage (Klein and Moeschberger 2003), as lifelines 0.30.3
CREATE TABLE larynx AS SELECT stage, t, e = 1 AS e FROM (VALUES
  ('I', '{0.6,1.3,2.4,2.5,3.2,3.2,3.3,3.3,3.5,3.5,4,4,4.3,4.5,4.5,5.3,5.5,5.9,5.9,6,6.1,6.2,6.4,6.5,6.5,6.7,7,7.4,7.4,8.1,8.1,9.6,10.7}'::float8[],
    '{1,1,1,0,1,0,1,0,1,1,1,1,1,0,0,1,0,0,0,1,0,0,1,1,0,0,0,1,0,0,0,0,0}'::int[]),
  ('II', '{0.2,1.8,2,2.2,2.6,3.3,3.6,3.6,4,4.3,4.3,5,6.2,7,7.5,7.6,9.3}', '{1,1,1,0,0,0,1,0,1,0,0,0,1,1,0,0,0}'),
  ('III', '{0.3,0.3,0.5,0.7,0.8,1,1.3,1.6,1.8,1.9,1.9,3.2,3.5,3.7,4.5,4.8,4.8,5,5,5.1,6.3,6.4,6.5,7.8,8,9.3,10.1}',
    '{1,1,1,1,1,1,1,1,1,1,1,1,1,0,0,0,0,1,0,0,1,1,0,1,0,0,0}'),
  ('IV', '{0.1,0.3,0.4,0.8,0.8,1,1.5,2,2.3,2.9,3.6,3.8,4.3}', '{1,1,1,1,1,1,1,1,1,0,1,1,0}')) v (stage, ts, es),
    unnest(ts, es) u (t, e);
SELECT is((SELECT array_agg((median_survival(k)).median ORDER BY stage)
  FROM (SELECT stage, kaplan_meier(t, e) AS k FROM larynx GROUP BY 1) s), '{6.5,7,5,1.5}', 'medians of four stages');
SELECT ok(abs((l).chi_square / chi_square - 1) < 1e-12 AND (l).df = df AND abs((l).p / p - 1) < 1e-10,
  format('log-rank of %s stages', df + 1))
  FROM (VALUES (3, 22.762757064648177, 4.525211220445884e-05), (2, 3.4837424566533715, 0.17519226897181175)) v (df,
  chi_square, p),
  LATERAL (SELECT logrank(t, e, stage) AS l FROM larynx WHERE df = 3 OR stage <> 'IV') s;

-- against plain SQL: ties, censoring, groups that end early
CREATE TABLE life AS SELECT id, id % 4 AS cohort, t::float8, e AND (id % 4 > 0 OR t < 20) AS e
  FROM generate_series(1, 900) id, LATERAL (SELECT 1 + abs(hashint4(id)) % 40 AS t, abs(hashint4(-id)) % 5 < 2 AS e) s
  WHERE id % 4 > 1 OR t < 33
  UNION ALL SELECT 0, c, 99, false FROM generate_series(0, 3) c;
CREATE VIEW step AS SELECT cohort, t, at_risk, d
  FROM (SELECT cohort, t, count(*) FILTER (WHERE e) AS d, sum(count(*))
  OVER (PARTITION BY cohort ORDER BY t DESC) AS at_risk FROM life GROUP BY 1, 2) s WHERE d > 0;
CREATE TABLE want AS SELECT *, s * sqrt(v) AS error, s * exp(-1.959963984540054 * sqrt(v)) AS lower,
  least(1, s * exp(1.959963984540054 * sqrt(v))) AS upper
  FROM (SELECT *, exp(sum(ln(1 - d::float8 / at_risk)) OVER w) AS s, sum(d::float8 / (at_risk * (at_risk - d)))
    OVER w AS v FROM step WINDOW w AS (PARTITION BY cohort ORDER BY t)) s;
SELECT is((SELECT count(*)::int FROM want FULL
  JOIN (SELECT cohort, (pg_catalog.unnest(k)).*
  FROM (SELECT cohort, kaplan_meier(t, e) AS k FROM life GROUP BY 1) s) have USING (cohort, t, at_risk)
    WHERE (abs(survival - s) < 1e-13 AND abs(std_error - error) < 1e-13 AND abs(have.lower - want.lower) < 1e-13
      AND abs(have.upper - want.upper) < 1e-13 AND d = events) IS NOT TRUE), 0, 'points as by windows');
SELECT cmp_ok((SELECT count(*)::int FROM want), '>', 90, 'of four cohorts');
-- every survival is the double next to the exact fraction
CREATE AGGREGATE product(numeric) (SFUNC = numeric_mul, STYPE = numeric, INITCOND = '1');
SELECT is((SELECT count(*)::int
  FROM (SELECT cohort, t, (product(at_risk - d) OVER w / product(at_risk) OVER w)::float8 AS s
  FROM step WINDOW w AS (PARTITION BY cohort ORDER BY t)) want
    JOIN (SELECT cohort, (pg_catalog.unnest(k)).*
      FROM (SELECT cohort, kaplan_meier(t, e) AS k FROM life GROUP BY 1) s) have USING (cohort, t)
      WHERE s <> survival), 0, 'survival is exact to the last bit');
SELECT is((SELECT count(*)::int FROM generate_series(1, 120) n,
  LATERAL (SELECT median_survival(kaplan_meier(i, true)) AS m FROM generate_series(1, 2 * n) i) s
  WHERE (m).median = n), 120, 'a survival of one half is one half: the median of 2n is the n-th');

-- a table of durations grows, through the cache and beyond it
SELECT is((SELECT count(*)::int
  FROM (SELECT n, kaplan_meier(i * 7919 % n, i % 2 = 0) AS k
  FROM unnest('{3,700,1365,2731,5461,10923,30000}'::int[]) n, generate_series(0, 2 * n - 1) i GROUP BY n) s,
  LATERAL (SELECT sum(events) AS events, count(*) AS points, max(at_risk) AS customers FROM pg_catalog.unnest(k)) p
  WHERE points = n - CASE WHEN n % 2 = 0 THEN n / 2 ELSE 0 END AND events = n AND customers = 2 * n), 7,
  'of 3 to 30,000 different durations none is lost');

-- the log-rank test with the whole covariance, solved by hand for two, three, four groups
CREATE FUNCTION pg_temp.chi_square(groups int) RETURNS float8 LANGUAGE sql AS $$
  WITH at AS (SELECT DISTINCT t FROM life WHERE e AND cohort < groups), cell AS (
    SELECT at.t, c AS cohort, count(*) FILTER (WHERE l.cohort = c AND l.t >= at.t)::numeric AS n_j,
      count(*) FILTER (WHERE l.t >= at.t)::numeric AS n,
      count(*) FILTER (WHERE l.cohort = c AND l.t = at.t AND e)::numeric AS d_j,
        count(*) FILTER (WHERE l.t = at.t AND e)::numeric AS d
    FROM at, generate_series(0, groups - 1) c, life l WHERE l.cohort < groups GROUP BY 1, 2),
  u AS (SELECT cohort, sum(d_j - d * n_j / n)::float8 AS u FROM cell GROUP BY 1),
  v AS (SELECT a.cohort AS i, b.cohort AS j,
    sum(a.d * (a.n - a.d) / (a.n - 1) * a.n_j / a.n * ((a.cohort = b.cohort)::int - b.n_j / b.n))::float8 AS v
    FROM cell a JOIN cell b USING (t) WHERE a.n > 1 GROUP BY 1, 2),
  m AS (SELECT array_agg(u ORDER BY cohort) AS u,
    (SELECT array_agg(v ORDER BY i, j) FROM v WHERE i < 3 AND j < 3 AND i < groups - 1 AND j < groups - 1) AS v FROM u
    WHERE cohort < groups - 1),
  s AS (SELECT u[1] AS a, u[2] AS b, u[3] AS c, v[1] AS p, v[2] AS q, v[3] AS r, CASE groups WHEN 3 THEN v[4] ELSE v[5]
    END AS x, v[6] AS y, v[9] AS z FROM m)
  SELECT CASE groups WHEN 2 THEN a * a / p WHEN 3 THEN (a * a * x - 2 * a * b * q + b * b * p) / (p * x - q * q)
    ELSE (a * a * (x * z - y * y) + b * b * (p * z - r * r) + c * c * (p * x - q * q) + 2 * (a * b * (r * y - q * z) +
      a * c * (q * y - r * x) + b * c * (q * r - p * y)))
         / (p * (x * z - y * y) - q * (q * z - y * r) + r * (q * y - x * r)) END FROM s
$$;
SELECT ok(abs((l).chi_square / pg_temp.chi_square(n) - 1) < 1e-11 AND (l).df = n - 1,
  format('%s groups: chi-square %s as by hand', n, (l).chi_square)) FROM generate_series(2, 4) n,
  LATERAL (SELECT logrank(t, e, cohort::text) AS l FROM life WHERE cohort < n) s;
SELECT is((SELECT count(*)::int
  FROM (SELECT logrank(t, e, chr(65 + (cohort * k + k) % 5)) AS l FROM life, generate_series(1, 4) k GROUP BY k) s
  WHERE abs((l).chi_square / pg_temp.chi_square(4) - 1) < 1e-11), 4, 'whatever the groups are called');
-- many groups that are alike: expected events add up, all of them
SELECT ok(abs(sum(expected) - sum(observed)) < 1e-9 AND count(*) = 300 AND sum(customers) = 12000,
  'events expected of 300 groups are those observed')
  FROM pg_catalog.unnest((SELECT logrank_groups(recency_days, acquired, 'g' || id % 300) FROM purchase)) g;
SELECT is((SELECT (logrank(recency_days, acquired, 'g' || id % 300)).df FROM purchase), 299,
  'and their test has 299 degrees');

-- where the data say nothing
SELECT is((SELECT kaplan_meier(t, false) FROM life), '{}', 'all censored: no point');
SELECT is((SELECT median_survival(kaplan_meier(t, false))::text FROM life), '(,,)', 'nor a median');
SELECT is((SELECT mean_survival(kaplan_meier(t, false), 30) FROM life), 30::float8, 'and all stay to the horizon');
SELECT is((SELECT kaplan_meier(t, e)::text FROM (VALUES (0::float8, true), ('-0', true)) v (t, e)), '{"(0,2,2,0,,,)"}',
  'a duration of 0, after which nobody is left: no interval');
SELECT is((SELECT kaplan_meier(t, e)::text
  FROM (VALUES (1e308::float8, true), (5e-324, true), (1.5, NULL), (NULL, true)) v (t, e)),
  (SELECT kaplan_meier(t, e)::text FROM (VALUES (5e-324::float8, true), (1e308, true)) v (t, e)),
  'a row with a NULL is skipped; durations of every size');
SELECT is((SELECT logrank(t, e, g)::text FROM (VALUES (1, true, 'a'), (2, false, 'a'), (3, true, NULL)) v (t, e, g)),
  NULL, 'one group and an empty one: NULL');
SELECT is((SELECT logrank(t, false, cohort::text) FROM life) IS NULL, true, 'no event: NULL');
SELECT is((SELECT logrank(5, true, cohort::text) FROM life) IS NULL, true, 'all at once: NULL');
SELECT is((SELECT logrank(t, e, g)::text
  FROM (SELECT t, e, 'g' || cohort AS g FROM life UNION ALL VALUES (0, false, 'left at once')) s),
  (SELECT logrank(t, e, 'g' || cohort)::text FROM life), 'a group that nobody of is at risk at an event is no group');
SELECT is((SELECT logrank_groups(t, e, g)::text
  FROM (VALUES (1, true, 'a'), (2, false, ''), (3, true, ' a'), (1, false, 'É')) v (t, e, g)),
  '{"(\"\",1,0,0.25)","(\" a\",1,1,1.25)","(a,1,1,0.25)","(É,1,0,0.25)"}',
  'names as they are, in order of their bytes');
SELECT is((SELECT mean_survival(kaplan_meier(t, e), h) FROM freireich WHERE grp = 'placebo'), want,
  format('mean survival to %s', h))
  FROM (VALUES (0::float8, 0::float8), (1, 1), (2, 1 + 19 / 21::float8), (100, 26 / 3::float8), ('NaN', NULL),
  ('Infinity', NULL), (-1, NULL)) v (h, want);
SELECT is(median_survival(NULL) IS NULL AND mean_survival(NULL, 1) IS NULL, true, 'NULL gives NULL');

SELECT pg_temp.errors('SELECT ' || call, code, message) FROM (VALUES
  ('kaplan_meier(-1, true)', '22023', 'duration must not be negative, not -1'),
    ('kaplan_meier(''NaN'', true)', '22023', 'duration must be finite, not NaN'),
    ('kaplan_meier(''Infinity'', false)', '22023', 'duration must be finite, not Infinity'),
  ('logrank(-0.5, true, ''a'')', '22023', 'duration must not be negative, not -0.5'),
    ('logrank(''NaN'', true, ''a'')', '22023', 'duration must be finite, not NaN'),
    ('logrank_groups(''-Infinity'', true, ''a'')', '22023', 'duration must be finite, not -Infinity'),
  ('logrank(i, true, i::text) FROM generate_series(1, 1001) i', '54000',
    'grp must have at most 1000 different values')) v (call, code, message);
SELECT is((SELECT (logrank(i, true, (i % 1000)::text)).df FROM generate_series(1, 1200) i), 999,
  'a thousand groups are tested');
\ir finish.psql
