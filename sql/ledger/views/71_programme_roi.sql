-- Is the programme worth it, which aspect pays, which vendor is best, and does
-- it come true?  Forecasts of cost (as in programme_tco), cost_saving and
-- revenue_gain; the combined figures are of the sums, never means of rates.
--
-- For present value and rate of return time is in years from the month in
-- which the scenario begins.  A year's cost counts at its beginning and a
-- year's benefit at its end; what covers several months is spread over them.
CREATE VIEW programme_roi WITH (security_invoker = true) AS
WITH param AS (
  SELECT s.value::int AS scale, d.value::numeric AS discount
  FROM setting s, setting d
  WHERE s.key = 'money_scale' AND d.key = 'discount_rate'
),
programme AS (
  SELECT p.plan_id, p.kind, p.scenario, p.aspect, p.measure, p.period_from,
         p.period_to, p.base_amount AS planned, p.category_code,
         num_nonnulls(p.aspect, p.category_code, p.channel_code,
                      p.campaign_code, p.tier_code) = 0 AS of_all
  FROM plan_base p
  LEFT JOIN cost_category c ON c.code = p.category_code
  WHERE p.kind = 'forecast' AND p.measure IN ('cost_saving', 'revenue_gain')
        OR p.kind = 'forecast' AND p.measure = 'cost'
           AND (p.aspect IS NOT NULL
                OR coalesce(c.bucket, 'program') = 'program')
        OR p.kind = 'budget' AND p.measure = 'cost'
           AND (p.aspect IS NOT NULL OR c.bucket = 'program')
),
-- a forecast of cost without any subject is about the programme as a whole
forecast AS (
  SELECT p.*,
         CASE WHEN p.measure = 'cost' AND p.of_all
           THEN (SELECT coalesce(sum(c.base_amount), 0)
                 FROM accrued_cost c
                 WHERE c.bucket = 'program'
                       AND c.cost_on BETWEEN p.period_from AND p.period_to
                       AND p.period_from
                           <= coalesce((SELECT as_of FROM last_refresh),
                                       'infinity'))
           ELSE a.actual
         END AS actual
  FROM programme p
  LEFT JOIN plan_actual a USING (plan_id)
  WHERE p.kind = 'forecast'
),
summed AS (
  SELECT scenario, CASE WHEN grouping(aspect) = 1 THEN 'combined'
                     ELSE aspect END AS aspect,
         coalesce(sum(planned) FILTER (WHERE measure = 'cost'), 0) AS cost,
         coalesce(sum(planned) FILTER (WHERE measure = 'cost_saving'), 0)
           AS saving,
         coalesce(sum(planned) FILTER (WHERE measure = 'revenue_gain'), 0)
           AS gain,
         sum(actual) FILTER (WHERE measure = 'cost') AS actual_cost,
         sum(actual) FILTER (WHERE measure = 'cost_saving') AS actual_saving,
         sum(actual) FILTER (WHERE measure = 'revenue_gain') AS actual_gain,
         count(*) FILTER (WHERE actual IS NULL) AS rows_without_actual
  FROM forecast
  GROUP BY GROUPING SETS ((scenario, aspect), (scenario))
  HAVING grouping(aspect) = 1 OR aspect IS NOT NULL
),
flow AS (
  SELECT f.scenario, f.aspect,
         CASE f.measure WHEN 'cost' THEN -s.part ELSE s.part END AS amount,
         (12 * (extract(year FROM s.month_start) - extract(year FROM b.begins))
          + extract(month FROM s.month_start) - extract(month FROM b.begins)
         )::int / 12
         + CASE f.measure WHEN 'cost' THEN 0 ELSE 1 END AS year
  FROM forecast f
  JOIN (SELECT scenario, min(period_from) AS begins
        FROM forecast GROUP BY scenario) b USING (scenario)
  CROSS JOIN param p
  CROSS JOIN LATERAL crmcost.spread(
    f.planned, daterange(f.period_from, f.period_to, '[]'),
    greatest(p.scale, min_scale(f.planned))) s
),
appraised AS (
  SELECT f.scenario, CASE WHEN grouping(f.aspect) = 1 THEN 'combined'
                       ELSE f.aspect END AS aspect,
         crmcost.npv(p.discount, f.amount, f.year) AS npv,
         crmcost.irr(f.amount, f.year) AS irr,
         crmcost.payback(f.amount, f.year) AS payback_years,
         crmcost.discounted_payback(p.discount, f.amount, f.year)
           AS discounted_payback_years
  FROM flow f CROSS JOIN param p
  GROUP BY GROUPING SETS ((f.scenario, f.aspect), (f.scenario))
  HAVING grouping(f.aspect) = 1 OR f.aspect IS NOT NULL
),
-- a scenario without a budget of its own has that of scenario default
allowed AS (
  SELECT scenario, CASE WHEN grouping(aspect) = 1 THEN 'combined'
                     ELSE aspect END AS aspect,
         sum(planned) AS budget
  FROM programme
  WHERE kind = 'budget'
  GROUP BY GROUPING SETS ((scenario, aspect), (scenario))
  HAVING grouping(aspect) = 1 OR aspect IS NOT NULL
)
SELECT
  s.scenario, s.aspect, s.cost, s.saving, s.gain,
  s.saving + s.gain AS benefit,
  (s.saving + s.gain) / nullif(s.cost, 0) - 1 AS roi,
  a.npv, a.irr, a.payback_years, a.discounted_payback_years,
  rank() OVER (PARTITION BY s.aspect
               ORDER BY (s.saving + s.gain) / nullif(s.cost, 0) DESC
                        NULLS LAST) AS roi_rank,
  rank() OVER (PARTITION BY s.aspect ORDER BY a.npv DESC NULLS LAST)
    AS npv_rank,
  coalesce(o.budget, d.budget) AS budget,
  s.cost <= coalesce(o.budget, d.budget) AS within_budget,
  s.actual_cost, s.actual_saving, s.actual_gain,
  CASE WHEN num_nonnulls(s.actual_saving, s.actual_gain) > 0
    THEN (coalesce(s.actual_saving, 0) + coalesce(s.actual_gain, 0))
         / nullif(s.actual_cost, 0) - 1
  END AS actual_roi,
  s.rows_without_actual
FROM summed s
LEFT JOIN appraised a
  ON a.scenario = s.scenario AND a.aspect = s.aspect
LEFT JOIN allowed o ON o.scenario = s.scenario AND o.aspect = s.aspect
LEFT JOIN allowed d ON d.scenario = 'default' AND d.aspect = s.aspect;

COMMENT ON VIEW programme_roi IS
'Return of the programme as forecast and as it came, one row a scenario and aspect, and one a scenario with aspect combined.';
COMMENT ON COLUMN programme_roi.scenario IS
'Version or vendor.';
COMMENT ON COLUMN programme_roi.aspect IS
'Aspect of the business; combined for all of them, with what names no aspect.';
COMMENT ON COLUMN programme_roi.cost IS
'Forecast cost, in base currency.';
COMMENT ON COLUMN programme_roi.saving IS
'Forecast cost saved, in base currency.';
COMMENT ON COLUMN programme_roi.gain IS
'Forecast revenue gained, in base currency.';
COMMENT ON COLUMN programme_roi.benefit IS
'Saving and gain.';
COMMENT ON COLUMN programme_roi.roi IS
'Benefit in relation to cost, less 1: 0.5 for 50 %; NULL without cost.';
COMMENT ON COLUMN programme_roi.npv IS
'Net present value at discount_rate a year, in base currency.';
COMMENT ON COLUMN programme_roi.irr IS
'Internal rate of return a year; NULL when the flows have no sign change or no rate at all.';
COMMENT ON COLUMN programme_roi.payback_years IS
'Years until the benefits have paid for the cost; NULL when never.';
COMMENT ON COLUMN programme_roi.discounted_payback_years IS
'The same with discounted flows; NULL when never.';
COMMENT ON COLUMN programme_roi.roi_rank IS
'Place of the scenario by roi within the aspect, 1 the best.';
COMMENT ON COLUMN programme_roi.npv_rank IS
'Place of the scenario by npv within the aspect, 1 the best.';
COMMENT ON COLUMN programme_roi.budget IS
'Budget for the programme, of the scenario or else of scenario default, in base currency; NULL without one.';
COMMENT ON COLUMN programme_roi.within_budget IS
'Whether the forecast cost is at most the budget; NULL without one.';
COMMENT ON COLUMN programme_roi.actual_cost IS
'Cost booked so far for what was forecast; NULL when not known.';
COMMENT ON COLUMN programme_roi.actual_saving IS
'Cost saved so far against the baselines; NULL when not known.';
COMMENT ON COLUMN programme_roi.actual_gain IS
'Revenue gained so far against the baselines; NULL when not known.';
COMMENT ON COLUMN programme_roi.actual_roi IS
'Actual saving and gain in relation to actual cost, less 1; NULL when one side is not known.';
COMMENT ON COLUMN programme_roi.rows_without_actual IS
'Forecast rows that have not begun or that the facts cannot answer.';
