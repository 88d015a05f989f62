-- Survival of 5 M customers against windows over the counts of each day, which
-- is the best that plain SQL can do, and against lifelines, which survival.sh
-- has run.

CREATE VIEW bench.windows AS
SELECT t, at_risk, events, s AS survival, s * sqrt(v) AS std_error,
  s * exp(-1.959963984540054 * sqrt(v)) AS lower,
  least(1, s * exp(1.959963984540054 * sqrt(v))) AS upper
FROM (SELECT t, at_risk, events, exp(sum(ln(1 - events::float8 / at_risk)) OVER w) AS s,
        sum(events::float8 / (at_risk * (at_risk - events))) OVER w AS v
      FROM (SELECT days AS t, count(*) FILTER (WHERE gone) AS events,
              sum(count(*)) OVER (ORDER BY days DESC) AS at_risk
            FROM bench.stay GROUP BY days) AS day
      WHERE events > 0 AND events < at_risk
      WINDOW w AS (ORDER BY t)) AS point;

CALL bench.compare(
  'kaplan_meier, 5 M customers', 'windows over GROUP BY', 0.5,
  'SELECT crmcost.kaplan_meier(days, gone) FROM bench.stay',
  'SELECT * FROM bench.windows');

-- lifelines has numpy sort and count arrays in memory; to read so many rows takes
-- as long as it does
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY work_ms) AS lifelines FROM bench.lifelines WHERE unit = 'days' \gset
CALL bench.against(
  'kaplan_meier, 5 M customers', 'lifelines', :lifelines, 2.5,
  'SELECT crmcost.kaplan_meier(days, gone) FROM bench.stay');

-- the same with durations of which few are equal
CREATE UNLOGGED TABLE bench.exact_stay AS
SELECT days + n * 7919 % 86400 / 86400.0::float8 AS days, gone
FROM (SELECT days, gone, row_number() OVER () AS n FROM bench.stay) AS numbered WHERE n <= 2000000;
VACUUM ANALYZE bench.exact_stay;
CALL bench.compare(
  'kaplan_meier, 2 M customers to the second', 'windows over GROUP BY', 0.5,
  'SELECT crmcost.kaplan_meier(days, gone) FROM bench.exact_stay',
  'SELECT t, at_risk, events, exp(sum(ln(1 - events::float8 / at_risk)) OVER (ORDER BY t))
   FROM (SELECT days AS t, count(*) FILTER (WHERE gone) AS events,
           sum(count(*)) OVER (ORDER BY days DESC) AS at_risk
         FROM bench.exact_stay GROUP BY days) AS s WHERE events > 0 AND events < at_risk', 3);
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY work_ms) AS lifelines FROM bench.lifelines WHERE unit = 'seconds' \gset
CALL bench.against(
  'kaplan_meier, 2 M customers to the second', 'lifelines', :lifelines, 1,
  'SELECT crmcost.kaplan_meier(days, gone) FROM bench.exact_stay');

\t on
\a
SELECT format('largest difference of survival: %s from windows, %s from lifelines', max(abs(w.survival - p.survival)), max(abs(l.survival - p.survival)))
FROM unnest((SELECT crmcost.kaplan_meier(days, gone) FROM bench.stay)) WITH ORDINALITY AS p (t, at_risk, events, survival, std_error, lower, upper, n)
  JOIN bench.windows AS w USING (t)
  JOIN (SELECT n, s FROM (SELECT survival FROM bench.lifelines WHERE unit = 'days' LIMIT 1) AS one,
          unnest(one.survival) WITH ORDINALITY AS u (s, n)) AS l (n, survival) USING (n);
\a
\t off
