-- Is the programme worth it, which aspect pays, which vendor is best, and does
-- it come true?  Forecasts of cost (as in programme_tco), cost_saving and
-- revenue_gain; the total is of the sums, never means of rates.  What another
-- row of the scenario contains is in that row and not counted again, and a
-- fact counts once, however many rows name it.  What has no rate is in no sum:
-- where there is such a row, nobody knows what the whole brings.
--
-- For present value and rate of return time is in years from the month in
-- which the scenario begins.  A year's cost counts at its beginning and a
-- year's benefit at its end; what covers several months is spread over them.
CREATE VIEW programme_roi WITH (security_invoker = true) AS
WITH param AS (
  SELECT s.value::integer AS scale, d.value::numeric AS discount,
         p.value AS plan_scenario
  FROM setting s CROSS JOIN setting d CROSS JOIN setting p
  WHERE s.key = 'money_scale' AND d.key = 'discount_rate'
        AND p.key = 'plan_scenario'
),
programme AS (
  SELECT p.plan_id, p.kind, p.scenario, p.aspect, p.measure,
         p.category_code, p.channel_code, p.campaign_code, p.period_from,
         p.period_to, p.planned, p.planned_to_date, p.actual, p.as_of,
         (p.aspect, p.category_code, p.channel_code, p.campaign_code,
          p.tier_code)
         = ('(all)', '(all)', '(all)', '(all)', '(all)') AS of_all,
         p.container_id IS NULL
         OR p.actual IS NOT NULL AND o.actual IS NULL AS has_actual_alone,
         p.container_id IS NULL AS counts, p.tier_code
  FROM plan_actual p
  LEFT JOIN cost_category c ON c.code = p.category_code
  LEFT JOIN plan_actual o ON o.plan_id = p.container_id
  WHERE p.kind = 'forecast' AND p.measure IN ('cost_saving', 'revenue_gain')
        OR p.kind IN ('forecast', 'budget') AND p.measure = 'cost'
           AND (p.aspect <> '(all)' OR c.bucket = 'program'
                OR p.kind = 'forecast' AND p.category_code = '(all)')
),
forecast AS (
  SELECT * FROM programme WHERE kind = 'forecast'
),
-- a forecast of cost without any subject is about the programme as a whole
booked AS (
  SELECT f.scenario, f.aspect, d.day, d.category_code, d.channel_code,
         d.campaign_code, d.cost
  FROM forecast f
  JOIN cost_day d
    ON d.day BETWEEN f.period_from AND least(f.period_to, f.as_of)
       AND f.campaign_code IN ('(all)', d.campaign_code)
  JOIN cost_category c ON c.code = d.category_code
  JOIN code_below k
    ON k.kind = 'category' AND k.code = d.category_code
       AND k.ancestor = f.category_code
  JOIN code_below h
    ON h.kind = 'channel' AND h.code = d.channel_code
       AND h.ancestor = f.channel_code
  WHERE f.measure = 'cost' AND f.tier_code = '(all)'
        AND (f.actual IS NOT NULL AND NOT f.of_all
             OR f.of_all AND c.bucket = 'program')
),
booked_once AS (
  SELECT scenario, total.aspect, sum(cost) AS cost
  FROM (SELECT DISTINCT b.scenario, v.aspect, b.day, b.category_code,
               b.channel_code, b.campaign_code, b.cost
        FROM booked b
        CROSS JOIN LATERAL (VALUES (b.aspect), ('(all)')) AS v (aspect)) total
  GROUP BY scenario, total.aspect
),
summed AS (
  SELECT f.scenario, v.aspect,
         coalesce(sum(planned) FILTER (WHERE measure = 'cost' AND counts),
                  CASE WHEN count(*) FILTER (WHERE measure = 'cost'
                                                   AND counts) = 0
                    THEN 0 END) AS cost,
         coalesce(sum(planned) FILTER (WHERE measure = 'cost_saving' AND counts),
                  CASE WHEN count(*) FILTER (WHERE measure = 'cost_saving'
                                                   AND counts) = 0
                    THEN 0 END) AS saving,
         coalesce(sum(planned) FILTER (WHERE measure = 'revenue_gain' AND counts),
                  CASE WHEN count(*) FILTER (WHERE measure = 'revenue_gain'
                                                   AND counts) = 0
                    THEN 0 END) AS gain,
         sum(planned_to_date) FILTER (WHERE measure = 'cost' AND counts)
           AS cost_to_date,
         sum(planned_to_date) FILTER (WHERE measure = 'cost_saving'
                                            AND counts) AS saving_to_date,
         sum(planned_to_date) FILTER (WHERE measure = 'revenue_gain'
                                            AND counts) AS gain_to_date,
         -- what no category tells: for tiers
         sum(actual) FILTER (WHERE measure = 'cost' AND tier_code <> '(all)'
                                   AND has_actual_alone) AS tier_cost,
         bool_or(measure = 'cost' AND actual IS NOT NULL) AS cost_is_known,
         sum(actual) FILTER (WHERE measure = 'cost_saving'
                                   AND has_actual_alone) AS actual_saving,
         sum(actual) FILTER (WHERE measure = 'revenue_gain'
                                   AND has_actual_alone) AS actual_gain,
         count(*) FILTER (WHERE actual IS NULL) AS rows_without_actual,
         bool_or(counts AND planned IS NULL) AS is_partly_known,
         bool_or(counts AND planned IS NULL AND measure = 'cost')
           AS cost_is_partly_known
  FROM forecast f
  CROSS JOIN LATERAL (
    SELECT f.aspect UNION SELECT '(all)'
  ) AS v (aspect)
  GROUP BY f.scenario, v.aspect
),
flow AS (
  SELECT f.scenario, v.aspect,
         CASE f.measure WHEN 'cost' THEN -s.part ELSE s.part END AS amount,
         (12 * (extract(year FROM s.month_start) - extract(year FROM b.begins))
          + extract(month FROM s.month_start) - extract(month FROM b.begins)
         )::integer / 12
         + CASE f.measure WHEN 'cost' THEN 0 ELSE 1 END AS year
  FROM forecast f
  JOIN (SELECT scenario, min(period_from) AS begins
        FROM forecast GROUP BY scenario) b USING (scenario)
  CROSS JOIN param p
  CROSS JOIN LATERAL crmcost.spread(
    f.planned, daterange(f.period_from, f.period_to, '[]'),
    greatest(p.scale, min_scale(f.planned))) s
  CROSS JOIN LATERAL (
    SELECT f.aspect UNION SELECT '(all)'
  ) AS v (aspect)
  WHERE f.counts
),
appraised AS (
  SELECT f.scenario, f.aspect,
         round(crmcost.npv(p.discount, f.amount, f.year), 4) AS npv,
         round(crmcost.irr(f.amount, f.year)::numeric, 6) AS irr,
         round(crmcost.payback(f.amount, f.year), 6) AS payback_years,
         round(crmcost.discounted_payback(p.discount, f.amount, f.year), 6)
           AS discounted_payback_years
  FROM flow f CROSS JOIN param p
  GROUP BY f.scenario, f.aspect
),
-- a scenario without a budget of its own has that of plan_scenario
allowed AS (
  SELECT f.scenario, v.aspect, sum(f.planned) AS budget
  FROM programme f
  CROSS JOIN LATERAL (
    SELECT f.aspect UNION SELECT '(all)'
  ) AS v (aspect)
  WHERE f.kind = 'budget' AND f.counts
  GROUP BY f.scenario, v.aspect
),
result AS (
  SELECT s.*,
         CASE WHEN s.cost_is_known
           THEN coalesce(b.cost, 0) + coalesce(s.tier_cost, 0) END
           AS actual_cost,
         CASE WHEN NOT s.is_partly_known
           THEN round((s.saving + s.gain) / nullif(s.cost, 0) - 1, 6) END
           AS roi,
         a.npv, a.irr, a.payback_years, a.discounted_payback_years,
         coalesce(o.budget, d.budget) AS budget
  FROM summed s
  CROSS JOIN param p
  LEFT JOIN booked_once b
    ON b.scenario = s.scenario AND b.aspect = s.aspect
  LEFT JOIN appraised a
    ON a.scenario = s.scenario AND a.aspect = s.aspect
       AND NOT s.is_partly_known
  LEFT JOIN allowed o ON o.scenario = s.scenario AND o.aspect = s.aspect
  LEFT JOIN allowed d ON d.scenario = p.plan_scenario AND d.aspect = s.aspect
)
SELECT
  s.scenario, s.aspect, s.cost, s.saving, s.gain,
  s.saving + s.gain AS benefit, s.roi, s.npv, s.irr, s.payback_years,
  s.discounted_payback_years,
  rank() OVER (PARTITION BY s.aspect ORDER BY s.roi DESC NULLS LAST)
    AS roi_rank,
  rank() OVER (PARTITION BY s.aspect ORDER BY s.npv DESC NULLS LAST)
    AS npv_rank,
  s.budget,
  CASE WHEN s.cost > s.budget OR NOT s.cost_is_partly_known
    THEN s.cost <= s.budget END AS within_budget,
  s.cost_to_date,
  s.saving_to_date, s.gain_to_date, s.actual_cost, s.actual_saving,
  s.actual_gain,
  CASE WHEN num_nonnulls(s.actual_saving, s.actual_gain) > 0
    THEN round((coalesce(s.actual_saving, 0) + coalesce(s.actual_gain, 0))
               / nullif(s.actual_cost, 0) - 1, 6)
  END AS actual_roi,
  s.rows_without_actual,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM result s;

COMMENT ON VIEW programme_roi IS
'Return of the programme as forecast and as it came up to the last refresh, one row a scenario and aspect, and one a scenario for all.';
COMMENT ON COLUMN programme_roi.scenario IS
'Version or vendor; figures of two are never added.';
COMMENT ON COLUMN programme_roi.aspect IS
'Aspect of the business; (all) for all of them, with what names no aspect.';
COMMENT ON COLUMN programme_roi.cost IS
'Forecast cost, in base currency; NULL where no row of it has a rate.';
COMMENT ON COLUMN programme_roi.saving IS
'Forecast cost saved, in base currency; NULL likewise.';
COMMENT ON COLUMN programme_roi.gain IS
'Forecast revenue gained, in base currency; NULL likewise.';
COMMENT ON COLUMN programme_roi.benefit IS
'Saving and gain; NULL where one of them is not known.';
COMMENT ON COLUMN programme_roi.roi IS
'Benefit in relation to cost, less 1: 0.5 for 50 %; NULL without cost, and where a row has no rate.';
COMMENT ON COLUMN programme_roi.npv IS
'Net present value at discount_rate a year, in base currency; NULL where a row has no rate.';
COMMENT ON COLUMN programme_roi.irr IS
'Internal rate of return a year; NULL when the flows have no sign change or no such rate, and where a row has no rate to base currency.';
COMMENT ON COLUMN programme_roi.payback_years IS
'Years until the benefits have paid for the cost; NULL when never, and where a row has no rate.';
COMMENT ON COLUMN programme_roi.discounted_payback_years IS
'The same with discounted flows; NULL likewise.';
COMMENT ON COLUMN programme_roi.roi_rank IS
'Place of the scenario by roi within the aspect, 1 the best.';
COMMENT ON COLUMN programme_roi.npv_rank IS
'Place of the scenario by npv within the aspect, 1 the best.';
COMMENT ON COLUMN programme_roi.budget IS
'Budget for the programme, of the scenario or else of scenario plan_scenario, in base currency; NULL without one.';
COMMENT ON COLUMN programme_roi.within_budget IS
'Whether the forecast cost is at most the budget; NULL without one, and where the cost of a row is not known and that of the others is within it.';
COMMENT ON COLUMN programme_roi.cost_to_date IS
'Forecast cost for the days up to the report day; NULL without any and before the first refresh.';
COMMENT ON COLUMN programme_roi.saving_to_date IS
'Forecast saving for the days up to the report day; NULL likewise.';
COMMENT ON COLUMN programme_roi.gain_to_date IS
'Forecast gain for the days up to the report day; NULL likewise.';
COMMENT ON COLUMN programme_roi.actual_cost IS
'Cost booked so far for what was forecast, each fact once, for a forecast without any subject that of bucket program; NULL when not known.';
COMMENT ON COLUMN programme_roi.actual_saving IS
'Cost saved so far: baselines to date less cost to date; NULL when not known.';
COMMENT ON COLUMN programme_roi.actual_gain IS
'Revenue gained so far: revenue to date less baselines to date; NULL when not known.';
COMMENT ON COLUMN programme_roi.actual_roi IS
'Actual saving and gain in relation to actual cost, less 1; NULL when one side is not known.';
COMMENT ON COLUMN programme_roi.rows_without_actual IS
'Forecast rows that have not begun or that the facts cannot answer.';
COMMENT ON COLUMN programme_roi.currency IS
'Base currency.';
