-- What one piece of work costs.  Some measures are counted by the ledger: an order
-- bears the cost of its fulfilment (svc.order and below), a ticket all other
-- cost of bucket service, a contact of care that of regular communication
-- (ret.contact and below), an answer that of surveys (ret.survey and below), a case
-- the cost of service as in service_cost, an hour of training all of bucket training.
-- Cases of the three months before a month with training stand with that month, those
-- after it with the last of them: so the months of a row are over with its own.  The
-- others are what was bought by the piece, the hour or another unit.
CREATE VIEW unit_cost WITH (security_invoker = true) AS
WITH counted AS (
  SELECT month_start, 'ticket' AS measure,
         sum(interactions) FILTER (WHERE kind = 'ticket') AS quantity
  FROM contact_month
  GROUP BY month_start
  UNION ALL
  SELECT month_start, 'contact',
         sum(interactions) FILTER (WHERE kind = 'care')
  FROM contact_month
  GROUP BY month_start
  UNION ALL
  SELECT date_trunc('month', day::timestamp)::date, 'answer', sum(answers)
  FROM survey_day
  WHERE answers > 0
  GROUP BY 1
  UNION ALL
  -- also what became of those of closed months
  SELECT month_start, 'order', orders
  FROM tier_month
  WHERE scheme = '(all)' AND orders <> 0
),
spent AS (
  SELECT c.month_start,
         coalesce(m.measure, 'ticket') AS measure, sum(c.cost) AS cost
  FROM cost_month c
  LEFT JOIN (counted_category l
             JOIN (VALUES ('svc.order', 'order'), ('ret.contact', 'contact'),
                          ('ret.survey', 'answer')) AS m (ancestor, measure)
               ON m.ancestor = l.ancestor)
    ON l.month_start = c.month_start AND l.code = c.category_code
  WHERE m.measure IS NOT NULL OR c.bucket = 'service'
  GROUP BY c.month_start, coalesce(m.measure, 'ticket')
),
served AS (
  SELECT c.month_start, coalesce(m.opened, 0) AS cases, c.cost,
         c.handle_seconds / 60 AS minutes
  FROM service_cost_month c
  LEFT JOIN service_month m
    ON m.month_start = c.month_start AND m.dimension = '(all)'
  WHERE c.dimension = '(all)'
),
trained AS (
  SELECT month_start,
         coalesce(sum(quantity) FILTER (WHERE unit = 'hour'), 0) AS hours,
         sum(cost) AS cost
  FROM cost_month
  WHERE bucket = 'training'
  GROUP BY month_start
),
-- the complete months around training, and the months of their cases
around AS (
  SELECT t.month_start, 'case_before_training' AS measure,
         (t.month_start - interval '3 months')::date AS from_month,
         (t.month_start - interval '1 month')::date AS to_month
  FROM trained t
  WHERE t.hours > 0
  UNION ALL
  SELECT m.month_start, 'case_after_training',
         (min(t.month_start) + interval '1 month')::date, m.month_start
  FROM trained t
  CROSS JOIN generate_series(1, 3) AS months
  CROSS JOIN LATERAL (
    VALUES ((t.month_start + months * interval '1 month')::date)
  ) AS m (month_start)
  JOIN last_refresh r ON m.month_start + interval '1 month' <= r.as_of + 1
  WHERE t.hours > 0
  GROUP BY m.month_start
),
unit AS (
  SELECT month_start, 'case' AS measure, '(all)' AS category_code,
         cases AS quantity, cost, minutes
  FROM served
  UNION ALL
  SELECT month_start, 'training_hour', '(all)', hours, cost, NULL
  FROM trained
  WHERE hours <> 0 OR cost <> 0
  UNION ALL
  SELECT a.month_start, a.measure, '(all)', sum(s.cases), sum(s.cost),
         sum(s.minutes)
  FROM around a
  JOIN served s ON s.month_start BETWEEN a.from_month AND a.to_month
  GROUP BY a.month_start, a.measure
  UNION ALL
  SELECT month_start, measure, '(all)',
         coalesce(quantity, 0), coalesce(cost, 0), NULL
  FROM counted
  FULL JOIN spent USING (month_start, measure)
  -- orders alone are no news
  WHERE quantity > 0 AND measure <> 'order' OR cost <> 0
  UNION ALL
  SELECT month_start, unit, category_code, sum(quantity), sum(cost), NULL
  FROM cost_month
  WHERE unit <> ''
  GROUP BY month_start, unit, category_code
)
SELECT
  u.month_start, u.measure COLLATE "default" AS measure,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh,
                 u.measure COLLATE "default") AS measure_name,
  u.category_code COLLATE "default" AS category_code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 k.name, k.name_zh,
                 u.category_code COLLATE "default") AS category_name,
  u.quantity, u.cost,
  CASE WHEN u.measure <> 'order' OR u.quantity > 0
    THEN round(u.cost / nullif(u.quantity, 0), 4) END AS unit_cost,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  round(u.minutes / nullif(u.quantity, 0), 6) AS unit_minutes
FROM unit u
LEFT JOIN term w ON w.kind = 'measure' AND w.code = u.measure
LEFT JOIN cost_category k ON k.code = u.category_code;

COMMENT ON VIEW unit_cost IS
'What an order, a case, a ticket, a contact, an answer, an hour or another unit costs, one row a month and measure, for what was bought by the unit also a cost category.';
COMMENT ON COLUMN unit_cost.month_start IS 'First day of the month.';
COMMENT ON COLUMN unit_cost.measure IS 'order, case, ticket, contact, answer, training_hour, case_before_training (the three months before a month with training, with that month), case_after_training (the months after it up to this one, at most three), or the unit in which something was bought, such as hour.';
COMMENT ON COLUMN unit_cost.measure_name IS 'Its name.';
COMMENT ON COLUMN unit_cost.category_code IS 'Cost category that it was bought for; (all) for what the ledger counts.';
COMMENT ON COLUMN unit_cost.category_name IS 'Its name.';
COMMENT ON COLUMN unit_cost.quantity IS 'How many there were; of orders less those of closed months that were taken back since, which may be negative.';
COMMENT ON COLUMN unit_cost.cost IS 'What they cost.';
COMMENT ON COLUMN unit_cost.unit_cost IS 'Cost for one of them, 4 decimals; NULL where there was none.';
COMMENT ON COLUMN unit_cost.currency IS 'Base currency, which all money here is in.';
COMMENT ON COLUMN unit_cost.unit_minutes IS 'Working time for one of them, in minutes, 6 decimals; NULL but for cases, and without any.';
