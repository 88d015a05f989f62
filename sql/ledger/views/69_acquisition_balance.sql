-- Does a channel bring customers who are worth what they cost to win?  Value
-- is what a customer brings a month, as long as he stays: m is margin a month
-- of being a customer, r the share of customers who stay from one month to the
-- next, and value = m + m r/(1+d) + m r^2/(1+d)^2 ... over the months of
-- clv_horizon, d being the discount rate a month.
CREATE VIEW acquisition_balance WITH (security_invoker = true) AS
WITH param AS (
  SELECT z.value AS zone, r.as_of, h.value::int AS horizon,
         power(1 + d.value::numeric, 1 / 12.0) - 1 AS discount
  FROM last_refresh r, setting z, setting h, setting d
  WHERE z.key = 'timezone' AND h.key = 'clv_horizon'
        AND d.key = 'discount_rate'
),
member AS (
  SELECT c.customer_id,
         coalesce(c.acquisition_channel, k.channel_code) AS channel_code,
         s.code IS NOT DISTINCT FROM 'churned' AS churned,
         (c.acquired_at AT TIME ZONE p.zone)::date AS from_day,
         CASE WHEN s.code = 'churned'
           THEN least((s.since AT TIME ZONE p.zone)::date, p.as_of)
           ELSE p.as_of
         END AS to_day
  FROM customer c
  CROSS JOIN param p
  LEFT JOIN campaign k ON k.code = c.acquisition_campaign
  LEFT JOIN customer_classification s
    ON s.customer_id = c.customer_id AND s.dimension = 'stage'
  WHERE c.source <> 'anon' AND (c.acquired_at AT TIME ZONE p.zone)::date
                               <= p.as_of
),
won AS (
  SELECT m.channel_code, count(*) AS customers,
         count(*) FILTER (WHERE m.churned) AS churned,
         -- calendar months begun, the first one counted
         sum(12 * (extract(year FROM m.to_day) - extract(year FROM m.from_day))
             + extract(month FROM m.to_day) - extract(month FROM m.from_day)
             + 1) AS customer_months,
         coalesce(sum(b.margin), 0) AS margin
  FROM member m
  LEFT JOIN (SELECT customer_id, sum(margin) AS margin
             FROM customer_month GROUP BY customer_id) b USING (customer_id)
  GROUP BY m.channel_code
),
paid AS (
  SELECT channel_code, sum(loaded_cost) AS cost
  FROM channel_cac
  WHERE month_start <= (SELECT as_of FROM param)
  GROUP BY channel_code
),
balance AS (
  SELECT channel_code, coalesce(w.customers, 0) AS customers,
         coalesce(p.cost, 0) AS acquisition_cost,
         p.cost / nullif(w.customers, 0) AS cac,
         w.margin, w.margin / nullif(w.customer_months, 0) AS monthly_margin,
         1 - w.churned / nullif(w.customer_months, 0)
           AS monthly_retention_rate
  FROM (SELECT channel_code FROM won UNION SELECT channel_code FROM paid) c
  LEFT JOIN won w USING (channel_code)
  LEFT JOIN paid p USING (channel_code)
  WHERE channel_code IS NOT NULL
  UNION ALL
  SELECT NULL, coalesce(sum(w.customers), 0), coalesce(sum(p.cost), 0),
         sum(p.cost) / nullif(sum(w.customers), 0), sum(w.margin),
         sum(w.margin) / nullif(sum(w.customer_months), 0),
         1 - sum(w.churned) / nullif(sum(w.customer_months), 0)
  FROM won w FULL JOIN paid p ON p.channel_code = w.channel_code
)
SELECT
  b.channel_code, b.customers, b.acquisition_cost, b.cac, b.margin,
  b.monthly_margin, b.monthly_retention_rate, v.ltv,
  v.ltv / nullif(b.cac, 0) AS ltv_cac,
  CASE WHEN b.monthly_margin > 0 THEN b.cac / b.monthly_margin END
    AS payback_months,
  v.ltv < b.cac AS loses_money
FROM balance b
CROSS JOIN param p
CROSS JOIN LATERAL (
  SELECT b.monthly_margin
         + crmcost.clv(b.monthly_margin, b.monthly_retention_rate, p.discount,
                       p.horizon - 1) AS ltv
) v;

COMMENT ON VIEW acquisition_balance IS
'What customers cost to win against what they are worth, up to the last refresh, one row a channel, and one without a channel for all.';
COMMENT ON COLUMN acquisition_balance.channel_code IS
'Channel that won the customer; NULL for all channels, none included.';
COMMENT ON COLUMN acquisition_balance.customers IS
'Customers acquired.';
COMMENT ON COLUMN acquisition_balance.acquisition_cost IS
'Loaded acquisition cost, as in channel_cac, in base currency.';
COMMENT ON COLUMN acquisition_balance.cac IS
'Acquisition cost for one customer; NULL without customers or cost.';
COMMENT ON COLUMN acquisition_balance.margin IS
'Margin that these customers have brought, in base currency; NULL without customers.';
COMMENT ON COLUMN acquisition_balance.monthly_margin IS
'Margin for a month of being a customer, until churn or the last refresh; NULL without customers.';
COMMENT ON COLUMN acquisition_balance.monthly_retention_rate IS
'Share of customers who stay from one month to the next, 0..1; NULL without customers.';
COMMENT ON COLUMN acquisition_balance.ltv IS
'Value of a new customer over the months of clv_horizon, discounted, in base currency; NULL without customers.';
COMMENT ON COLUMN acquisition_balance.ltv_cac IS
'Value in relation to the cost of winning; NULL without one of them.';
COMMENT ON COLUMN acquisition_balance.payback_months IS
'Months until the margin has paid for the cost of winning; NULL without margin.';
COMMENT ON COLUMN acquisition_balance.loses_money IS
'Whether a customer is worth less than he costs to win; NULL when one is not known.';
