-- Who may be about to leave, and what tells: each reason is a column.
CREATE VIEW at_risk WITH (security_invoker = true) AS
WITH wanted AS (
  SELECT max(value) FILTER (WHERE key = 'p_alive_below')::float8
           AS p_alive_below,
         max(value) FILTER (WHERE key = 'bad_voice_days')::integer
           AS bad_voice_days,
         max(value) FILTER (WHERE key = 'silence_factor')::numeric
           AS silence_factor,
         max(value) FILTER (WHERE key = 'falling_below')::numeric
           AS falling_below
  FROM setting
  WHERE key IN ('p_alive_below', 'bad_voice_days', 'silence_factor',
                'falling_below')
),
judged AS (
  SELECT v.customer_id, r.as_of, k.code AS stage, v.revenue, v.margin,
         v.profit, v.last_contact_at, s.p_alive,
         coalesce(s.clv_predictive, s.clv_formula) AS potential,
         r.as_of - v.last_ordered_on AS recency_days,
         CASE WHEN v.order_days > 2
           THEN (v.last_ordered_on - v.first_ordered_on)::numeric
                / (v.order_days - 1) END AS rhythm_days,
         g.bad_voice_on, g.bad_score,
         coalesce(g.revenue_lately, 0) AS revenue_lately,
         coalesce(g.revenue_before, 0) AS revenue_before,
         coalesce(s.p_alive < w.p_alive_below, false) AS low_p_alive,
         coalesce(g.bad_voice_on > r.as_of - w.bad_voice_days, false)
           AS bad_voice,
         coalesce(g.revenue_before > 0
                  AND g.revenue_lately < w.falling_below * g.revenue_before,
                  false) AS falling,
         w.silence_factor
  FROM customer_value v
  CROSS JOIN last_refresh r
  CROSS JOIN wanted w
  JOIN customer_class k ON k.customer_id = v.customer_id
                           AND k.dimension = 'stage'
                           AND k.code = ANY (crmcost._customer_stages())
  LEFT JOIN customer_score s ON s.customer_id = v.customer_id
  LEFT JOIN customer_signal g ON g.customer_id = v.customer_id
  WHERE NOT v.is_technical
)
SELECT
  j.customer_id, j.as_of, j.stage COLLATE "default" AS stage,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 n.name, n.name_zh,
                 j.stage COLLATE "default") AS stage_name,
  j.low_p_alive, j.bad_voice, j.silent, j.falling,
  j.low_p_alive::integer + j.bad_voice::integer + j.silent::integer
    + j.falling::integer AS reasons,
  j.p_alive, j.bad_voice_on, j.bad_score, j.recency_days,
  round(j.rhythm_days, 6) AS rhythm_days, j.revenue_lately,
  j.revenue_before, j.potential, j.revenue, j.margin, j.profit,
  j.last_contact_at, o.code COLLATE "default" AS owner,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM (SELECT j.*, coalesce(j.recency_days > j.silence_factor * j.rhythm_days,
                           false) AS silent
      FROM judged j) j
LEFT JOIN customer_class o
  ON o.customer_id = j.customer_id AND o.dimension = 'owner'
     AND o.code <> 'none'
LEFT JOIN stage n ON n.code = j.stage
WHERE j.low_p_alive OR j.bad_voice OR j.silent OR j.falling;

COMMENT ON VIEW at_risk IS
'Customers who may be about to leave, one row each for whom at least one reason holds; leads and who has churned are left out.';
COMMENT ON COLUMN at_risk.customer_id IS
'Customer.';
COMMENT ON COLUMN at_risk.as_of IS
'Report day.';
COMMENT ON COLUMN at_risk.stage IS
'Stage: active, at_risk or won_back.';
COMMENT ON COLUMN at_risk.stage_name IS
'Its name in the language of the ledger.';
COMMENT ON COLUMN at_risk.low_p_alive IS
'Whether the probability of being alive is below setting p_alive_below.';
COMMENT ON COLUMN at_risk.bad_voice IS
'Whether an answer to csat in the last bad_voice_days was at most bad_voice_score.';
COMMENT ON COLUMN at_risk.silent IS
'Whether the time since the last order is longer than silence_factor times the own rhythm.';
COMMENT ON COLUMN at_risk.falling IS
'Whether the revenue of the last three complete months is below the part falling_below of that of the three before.';
COMMENT ON COLUMN at_risk.reasons IS
'Number of these reasons.';
COMMENT ON COLUMN at_risk.p_alive IS
'Probability that the customer is still one; NULL without an order or a fitted model.';
COMMENT ON COLUMN at_risk.bad_voice_on IS
'Day of the last bad answer, however long ago; NULL for none.';
COMMENT ON COLUMN at_risk.bad_score IS
'Its score.';
COMMENT ON COLUMN at_risk.recency_days IS
'Days since the last order; NULL without one.';
COMMENT ON COLUMN at_risk.rhythm_days IS
'Mean days between two days with an order; NULL for fewer than three.';
COMMENT ON COLUMN at_risk.revenue_lately IS
'Net revenue of the last three complete months.';
COMMENT ON COLUMN at_risk.revenue_before IS
'Net revenue of the three before.';
COMMENT ON COLUMN at_risk.potential IS
'Value still to come; NULL where no model tells.';
COMMENT ON COLUMN at_risk.revenue IS
'Net revenue so far.';
COMMENT ON COLUMN at_risk.margin IS
'Margin so far.';
COMMENT ON COLUMN at_risk.profit IS
'Profit so far.';
COMMENT ON COLUMN at_risk.last_contact_at IS
'Last contact by us; NULL for none.';
COMMENT ON COLUMN at_risk.owner IS
'Account manager; NULL for none.';
COMMENT ON COLUMN at_risk.currency IS
'Base currency, in which all amounts are.';
