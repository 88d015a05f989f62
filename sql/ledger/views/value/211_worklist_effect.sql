-- Whether the list earns its keep: what became of rows that were done against
-- those that were held back, within worklist_effect_days.  The clock of a row that
-- was done starts then, that of one that was held back with the end of the day for
-- which it would have been told.
--
-- The interval of the difference of two means is Welch's (Biometrika 34, 1947,
-- 28-35), with the degrees of freedom rounded down.
CREATE VIEW worklist_effect WITH (security_invoker = true) AS
WITH frame AS (
  SELECT r.as_of, r.as_of_at, z.value AS zone, s.value::integer AS days
  FROM last_refresh r
  JOIN setting z ON z.key = 'timezone'
  JOIN setting s ON s.key = 'worklist_effect_days'
),
listed AS (
  SELECT w.customer_id, w.reason, w.status, w.value, f.as_of_at,
         t.start_at, t.start_at + f.days * interval '24 hours' AS end_at
  FROM worklist w
  CROSS JOIN frame f
  CROSS JOIN LATERAL (
    VALUES (CASE w.status WHEN 'done' THEN w.status_at
              ELSE crmcost._midnight(w.told_on + 1, f.zone) END)
  ) AS t (start_at)
  WHERE w.status IN ('done', 'held')
),
outcome AS (
  SELECT l.reason, l.status, l.value, l.end_at <= l.as_of_at AS complete,
         o.orders, o.revenue, o.margin
  FROM listed l
  CROSS JOIN LATERAL (
    SELECT count(*) AS orders, coalesce(sum(b.revenue), 0) AS revenue,
           coalesce(sum(b.margin), 0) AS margin
    FROM customer_order b
    WHERE b.customer_id = l.customer_id AND b.is_order
          AND b.ordered_at >= l.start_at AND b.ordered_at < l.end_at
  ) o
),
result AS (
  SELECT coalesce(reason, '(all)') AS reason,
         count(*) FILTER (WHERE NOT complete) AS running,
         count(*) FILTER (WHERE complete AND status = 'done') AS done,
         count(*) FILTER (WHERE complete AND status = 'held') AS held,
         count(*) FILTER (WHERE complete AND status = 'done' AND orders > 0)
           AS done_ordered,
         count(*) FILTER (WHERE complete AND status = 'held' AND orders > 0)
           AS held_ordered,
         coalesce(sum(orders) FILTER (WHERE complete AND status = 'done'), 0)
           ::bigint AS done_orders,
         coalesce(sum(orders) FILTER (WHERE complete AND status = 'held'), 0)
           ::bigint AS held_orders,
         avg(value) FILTER (WHERE complete AND status = 'done') AS value,
         avg(margin) FILTER (WHERE complete AND status = 'done') AS m1,
         avg(margin) FILTER (WHERE complete AND status = 'held') AS m2,
         var_samp(margin) FILTER (WHERE complete AND status = 'done')
           / nullif(count(*) FILTER (WHERE complete AND status = 'done'), 0)
           AS v1,
         var_samp(margin) FILTER (WHERE complete AND status = 'held')
           / nullif(count(*) FILTER (WHERE complete AND status = 'held'), 0)
           AS v2
  FROM outcome
  GROUP BY GROUPING SETS ((reason), ())
),
bounded AS (
  SELECT r.*, i.lower, i.upper,
         -- without any spread there is no freedom to count, and none needed
         -- products and one division are exact, powers are not: a whole number is
         -- not to be rounded below itself
         sqrt(v1 + v2)::float8 * crmcost._student_quantile(coalesce(
           floor((v1 + v2) * (v1 + v2) * (done - 1) * (held - 1)
                 / nullif(v1 * v1 * (held - 1) + v2 * v2 * (done - 1),
                          0))::integer, 1)) AS half
  FROM result r
  CROSS JOIN LATERAL crmcost._uplift_interval(r.done_ordered, r.done,
                                              r.held_ordered, r.held) AS i
)
SELECT
  b.reason COLLATE "default" AS reason, f.days AS window_days, b.done, b.held,
  b.running, b.done_orders, b.held_orders,
  round(b.done_ordered::numeric / nullif(b.done, 0), 6) AS done_order_rate,
  round(b.held_ordered::numeric / nullif(b.held, 0), 6) AS held_order_rate,
  round(b.done_ordered::numeric / nullif(b.done, 0)
        - b.held_ordered::numeric / nullif(b.held, 0), 6) AS uplift,
  round(b.lower::numeric, 6) AS uplift_low,
  round(b.upper::numeric, 6) AS uplift_high,
  round(m1, 4) AS done_margin, round(m2, 4) AS held_margin,
  round(m1 - m2, 4) AS margin_gain,
  round(((m1 - m2)::float8 - half)::numeric, 4) AS margin_gain_low,
  round(((m1 - m2)::float8 + half)::numeric, 4) AS margin_gain_high,
  round((m1 - m2) * b.done, 4) AS total_gain,
  n.effect AS assumed_effect,
  round((m1 - m2) / nullif(b.value, 0), 6) AS measured_effect,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 n.name, n.name_zh, b.reason COLLATE "default")
    AS reason_name,
  f.as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM bounded b
CROSS JOIN frame f
LEFT JOIN worklist_reason n ON n.code = b.reason
WHERE b.done + b.held + b.running > 0;

COMMENT ON VIEW worklist_effect IS
'What became of rows of the worklist that were done, against those that were held back, as of the last refresh, one row a reason and one for (all).';
COMMENT ON COLUMN worklist_effect.reason IS 'Reason; (all) for all together.';
COMMENT ON COLUMN worklist_effect.window_days IS 'Setting worklist_effect_days: days of 24 hours from when a row was done, or from the end of the day for which it would have been told.';
COMMENT ON COLUMN worklist_effect.done IS 'Rows that were done and whose window is over; only these count.';
COMMENT ON COLUMN worklist_effect.held IS 'Rows that were held back and whose window is over; only these count.';
COMMENT ON COLUMN worklist_effect.running IS 'Rows of both whose window is not over.';
COMMENT ON COLUMN worklist_effect.done_orders IS 'Orders within the window after what was done.';
COMMENT ON COLUMN worklist_effect.held_orders IS 'Orders within the window of what was held back.';
COMMENT ON COLUMN worklist_effect.done_order_rate IS 'Share of rows that were done with an order, 0..1, 6 decimals; NULL without any.';
COMMENT ON COLUMN worklist_effect.held_order_rate IS 'Likewise of rows that were held back.';
COMMENT ON COLUMN worklist_effect.uplift IS 'Difference of the two rates, 6 decimals; NULL without one of the groups.';
COMMENT ON COLUMN worklist_effect.uplift_low IS 'Lower end of its 95 % confidence interval (Newcombe 1998, method 10); NULL likewise.';
COMMENT ON COLUMN worklist_effect.uplift_high IS 'Upper end likewise.';
COMMENT ON COLUMN worklist_effect.done_margin IS 'Mean margin of the orders of a row that was done, 4 decimals; NULL without any row.';
COMMENT ON COLUMN worklist_effect.held_margin IS 'Likewise of a row that was held back.';
COMMENT ON COLUMN worklist_effect.margin_gain IS 'Difference of the two means, 4 decimals; NULL without one of the groups.';
COMMENT ON COLUMN worklist_effect.margin_gain_low IS 'Lower end of its 95 % confidence interval (Welch 1947); NULL unless both have two rows.';
COMMENT ON COLUMN worklist_effect.margin_gain_high IS 'Upper end likewise.';
COMMENT ON COLUMN worklist_effect.total_gain IS 'margin_gain times the rows that were done: what the list brought.';
COMMENT ON COLUMN worklist_effect.assumed_effect IS 'effect in worklist_reason; NULL for (all).';
COMMENT ON COLUMN worklist_effect.measured_effect IS 'margin_gain as a part of the mean value at stake of what was done, 6 decimals: what effect should be; NULL where nothing is at stake.';
COMMENT ON COLUMN worklist_effect.reason_name IS 'Name of the reason.';
COMMENT ON COLUMN worklist_effect.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN worklist_effect.currency IS 'Base currency, which all money here is in.';
