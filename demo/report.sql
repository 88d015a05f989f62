-- The answers, as tables that a manager reads.  Everything comes from the views
-- of the ledger crm; every query here can be pasted into psql.

\set ON_ERROR_STOP on
\pset footer off
\pset border 1
\pset null ''
\pset linestyle ascii
SET search_path = crm, crmcost, public;

\qecho
\qecho '== The data'
SELECT regexp_replace(words, '(.{1,79})( |$)', E'\\1\n', 'g') AS words
FROM demo.origin WHERE chapter = 'journey' \gset
\qecho :words
\qecho
\qecho '== Assumed, not in the data (demo/assumptions.sql)'
SELECT name, value, meaning FROM demo.assumption ORDER BY name;
\qecho 'Gross margin by department, before discounts, of the shelf price:'
SELECT regexp_replace(string_agg(initcap(department) || ' ' || margin, ', ' ORDER BY department),
                      '(.{1,79})( |$)', E'\\1\n', 'g') AS margins
FROM demo.department_margin \gset
\qecho :margins
SELECT 'reports as of ' || as_of AS as_of FROM customer_profit LIMIT 1 \gset
\qecho '== From the shelf price to the profit,' :as_of
\qecho 'The loyalty-card discount and the coupon match are booked as cost of the household, so'
\qecho 'revenue is at shelf price; revenue less the two is what the store received (sales_value).'
WITH sold AS (
  SELECT sum(revenue) AS revenue, sum(margin) AS margin, sum(profit) AS profit,
         sum(total_cost) AS cost, sum(revenue) - sum(margin) AS goods
  FROM customer_profit
), given AS (
  SELECT sum(base_amount) FILTER (WHERE category_code = 'ret.loyalty.discount') AS card,
         sum(base_amount) FILTER (WHERE category_code = 'ret.loyalty.coupon') AS coupon
  FROM cost
)
SELECT line AS " ", to_char(amount, '99,999,990.00') AS usd,
       to_char(100 * amount / revenue, '990.0') || ' %' AS "of revenue"
FROM sold, given, LATERAL (VALUES
  (1, 'Revenue at shelf price', revenue),
  (2, '- goods (assumed margin)', -goods),
  (3, '= margin before discounts', margin),
  (4, '- loyalty-card discounts', -card),
  (5, '- store''s match of coupons', -coupon),
  (6, '- mailings, staff, service, data (assumed)', -(cost - card - coupon)),
  (7, '= profit', profit),
  (8, 'Received by the store (sales_value)', revenue - card - coupon)
) AS l (n, line, amount)
ORDER BY n;

\qecho '== What customers cost, by category'
SELECT repeat('  ', level - 1) || category_name AS category, bucket,
       to_char(cost, '99,999,990.00') AS cost_usd,
       to_char(100 * cost_share, '990.0') || ' %' AS share
FROM cost_tree
WHERE cost <> 0
ORDER BY max(cost) FILTER (WHERE level = 1) OVER (PARTITION BY bucket) DESC, bucket, category_code;

\qecho '== Profit in steps, by quarter'
SELECT b.step_name AS step,
       to_char(sum(b.amount) FILTER (WHERE q.fiscal_quarter = 1), '9,999,990') AS q1,
       to_char(sum(b.amount) FILTER (WHERE q.fiscal_quarter = 2), '9,999,990') AS q2,
       to_char(sum(b.amount) FILTER (WHERE q.fiscal_quarter = 3), '9,999,990') AS q3,
       to_char(sum(b.amount) FILTER (WHERE q.fiscal_quarter = 4), '9,999,990') AS q4,
       to_char(sum(b.amount), '99,999,990') AS year
FROM profit_bridge AS b
JOIN fiscal_month AS q USING (month_start)
GROUP BY b.step_order, b.step_name
HAVING bool_or(b.amount <> 0)
ORDER BY b.step_order;

\qecho '== Tiers: how many households make how much of the profit'
SELECT 'abc: by share of the profit, A up to ' || round(100 * max(bound) FILTER (WHERE code = 'A'))
       || ' %, B up to ' || round(100 * max(bound) FILTER (WHERE code = 'B')) || ' %'
       || E'\nloyalty: by revenue, gold from ' || to_char(max(bound) FILTER (WHERE code = 'gold'), 'FM99,990')
       || ', silver from ' || to_char(max(bound) FILTER (WHERE code = 'silver'), 'FM99,990')
       || E'\nvalue: by the scores of recency, frequency and monetary value' AS schemes
FROM tier \gset
\qecho :schemes
SELECT scheme, tier, tier_name AS name, customers AS households,
       to_char(100.0 * customers / sum(customers) OVER (PARTITION BY scheme), '990.0') || ' %' AS of_households,
       to_char(revenue, '99,999,990') AS revenue,
       to_char(total_cost, '99,999,990') AS cost,
       to_char(profit, '99,999,990') AS profit,
       to_char(100 * contribution_share, '990.0') || ' %' AS of_profit
FROM profit_by_tier
ORDER BY scheme, tier_rank;

\qecho 'The last three months of those who are in a tier now:'
SELECT m.month_start, m.tier, m.customers AS shopped, to_char(m.revenue, '9,999,990') AS revenue,
       to_char(m.total_cost, '9,999,990') AS cost, to_char(m.profit, '9,999,990') AS profit,
       to_char(m.profit - b.profit, 'S9,999,990') AS change
FROM profit_by_tier_month AS m
LEFT JOIN profit_by_tier_month AS b
  ON b.scheme = m.scheme AND b.tier = m.tier AND b.month_start = m.month_start - interval '1 month'
WHERE m.scheme = 'abc' AND m.month_start > (SELECT as_of FROM last_refresh) - interval '3 months'
ORDER BY m.month_start, m.tier_rank;

\qecho '== RFM segments'
SELECT r.segment_name AS segment, count(*) AS households,
       round(avg(r.recency_days)) AS days_since_last,
       round(avg(r.frequency)) AS baskets,
       to_char(avg(r.monetary), '99,999,990') AS revenue_each,
       to_char(avg(p.profit), '99,999,990') AS profit_each,
       to_char(100 * sum(p.contribution_share), '990.0') || ' %' AS of_profit
FROM customer_rfm AS r
JOIN customer_profit AS p USING (customer_id)
GROUP BY r.segment_name
ORDER BY sum(p.profit) DESC;

\qecho 'Households by recency (down, 5 the most recent) and frequency (across, 5 the most often):'
SELECT r, max(customers) FILTER (WHERE f = 1) AS f1, max(customers) FILTER (WHERE f = 2) AS f2,
       max(customers) FILTER (WHERE f = 3) AS f3, max(customers) FILTER (WHERE f = 4) AS f4,
       max(customers) FILTER (WHERE f = 5) AS f5, to_char(sum(profit), '9,999,990') AS profit
FROM rfm_grid
GROUP BY r
ORDER BY r DESC;

\qecho '== Cohorts: households by the month of their first purchase'
\qecho 'Part of them that shopped again so many months later, and what one contributed in all:'
SELECT cohort_month, max(customers) AS households,
       to_char(100 * max(active_share) FILTER (WHERE age = 1), '990') || ' %' AS month_1,
       to_char(100 * max(active_share) FILTER (WHERE age = 2), '990') || ' %' AS month_2,
       to_char(100 * max(active_share) FILTER (WHERE age = 3), '990') || ' %' AS month_3,
       to_char(100 * max(active_share) FILTER (WHERE age = 6), '990') || ' %' AS month_6,
       to_char(100 * max(active_share) FILTER (WHERE age = 11), '990') || ' %' AS month_11,
       to_char((array_agg(cumulative_contribution ORDER BY age DESC) FILTER (WHERE complete))[1]
               / max(customers), '99,990.00') AS contributed_each
FROM cohort
GROUP BY cohort_month
ORDER BY cohort_month;

\qecho '== The whale curve: profit added up, best household first'
SELECT floor(10 * customer_share) * 10 || ' %' AS households,
       to_char(cumulative_profit, '99,999,990') AS profit_so_far,
       to_char(100 * cumulative_share, '990.0') || ' %' AS of_profit,
       repeat('#', (cumulative_share * 40)::int) AS curve
FROM (SELECT DISTINCT ON (floor(10 * customer_share)) *
      FROM whale_curve_point
      WHERE customer_share >= 0.1
      ORDER BY floor(10 * customer_share), profit_rank) AS tenth
ORDER BY profit_rank;

WITH peak AS (
  SELECT cumulative_profit AS top, cumulative_share AS share FROM whale_curve_point WHERE is_peak
), losers AS (
  SELECT count(*) FILTER (WHERE profit < 0) AS n, count(*) AS of, -sum(loss) AS lost
  FROM customer_profit
)
SELECT to_char(100 * share, 'FM990.0') || ' % of the profit' AS "peak of the curve",
       to_char(top, 'FM99,999,990') AS "profit at the peak",
       n || ' of ' || of AS "households that lose money",
       to_char(coalesce(lost, 0), 'FM99,999,990') AS "what they lose"
FROM peak, losers;

\qecho '== The ten costliest households'
SELECT c.source_key AS household, p.orders AS baskets,
       to_char(p.revenue, '999,990') AS revenue,
       to_char(p.margin, '999,990') AS margin,
       to_char(p.retention_cost, '999,990') AS retention,
       to_char(p.service_cost, '999,990') AS service,
       to_char(p.data_cost, '999,990') AS data,
       to_char(p.total_cost, '999,990') AS total_cost,
       to_char(p.profit, '999,990') AS profit,
       p.profit_rank
FROM customer_profit AS p
JOIN customer AS c USING (customer_id)
ORDER BY p.total_cost DESC, p.customer_id
LIMIT 10;

-- The household that loses most, and the month in which it cost most.
SELECT p.customer_id, c.source_key AS household, m.month_start
FROM customer_profit AS p
JOIN customer AS c USING (customer_id)
JOIN LATERAL (SELECT month_start FROM customer_profit_by_month AS m
              WHERE m.customer_id = p.customer_id
              ORDER BY total_cost DESC, month_start LIMIT 1) AS m ON true
ORDER BY p.profit_rank DESC LIMIT 1 \gset
\qecho '== Profit and loss of household' :household', which loses most, and of its costliest month'
SELECT line AS " ", to_char(whole_year, '99,990.00') AS year,
       to_char(one_month, '99,990.00') AS :"month_start"
FROM customer_profit AS y
JOIN customer_profit_by_month AS m USING (customer_id)
CROSS JOIN LATERAL (VALUES
  (1, 'Revenue', y.revenue, m.revenue),
  (2, '- goods', -y.cogs, -m.cogs),
  (3, '= margin', y.margin, m.margin),
  (4, '- acquisition', -y.acquisition_cost, -m.acquisition_cost),
  (5, '- retention', -y.retention_cost, -m.retention_cost),
  (6, '- service', -y.service_cost, -m.service_cost),
  (7, '- churn', -y.churn_cost, -m.churn_cost),
  (8, '- data', -y.data_cost, -m.data_cost),
  (9, '= profit at full cost', y.profit, m.profit),
  (10, 'Profit at direct cost alone', y.direct_profit, m.direct_profit)
) AS l (n, line, whole_year, one_month)
WHERE y.customer_id = :customer_id AND m.month_start = :'month_start'
      AND (whole_year <> 0 OR n IN (1, 3, 9))
ORDER BY n;

\qecho '== Where its cost of that month comes from: from the ledger lines, by rule and driver'
SELECT coalesce(f.category_code, '(to coins)') AS category, f.via, f.driver,
       to_char(f.driver_quantity, 'FM99990') || ' of ' || to_char(f.driver_total, 'FM999990') AS "driver value",
       count(f.cost_id) AS entries, to_char(sum(f.entry_cost), '999,990.00') AS entered,
       to_char(sum(f.cost), '9,990.0000') AS borne
FROM cost_flow AS f
WHERE f.customer_id = :customer_id AND f.month_start = :'month_start'
GROUP BY f.category_code, f.via, f.driver, f.driver_quantity, f.driver_total
ORDER BY f.via, f.category_code;

SELECT max(horizon_months) AS horizon, round(100 * max(discount_rate), 1) AS percent
FROM customer_clv \gset
\qecho '== Lifetime value: margin until now, and in the' :horizon 'months to come'
\qecho 'To come is by the models and in money of today, discounted at' :percent '% a year.  What a'
\qecho 'household costs is not taken off, not its discounts either: nobody knows what it will be.'
SELECT t.tier AS abc_tier, count(*) AS households,
       to_char(sum(c.historic), '99,999,990') AS margin_so_far,
       to_char(sum(c.clv_predictive), '99,999,990') AS margin_to_come,
       to_char(avg(c.p_alive), '0.00') AS p_alive,
       to_char(avg(c.expected_purchases), '9,990.0') AS shopping_days_each,
       to_char(avg(c.expected_value), '9,990.00') AS revenue_a_day
FROM customer_clv AS c
JOIN customer_tier AS t ON t.customer_id = c.customer_id AND t.scheme = 'abc'
GROUP BY t.tier
ORDER BY t.tier;
\qecho 'Margin by the stage of the household before and after it bought:'
SELECT stage_before_name AS before, stage_after_name AS after, customers AS households, orders AS baskets,
       to_char(margin, '99,999,990') AS margin,
       to_char(100 * margin_share, '990.0') || ' %' AS of_margin
FROM clv_by_stage
ORDER BY clv_by_stage.margin DESC;

\qecho '== Campaigns: households mailed, households that used a coupon of it, and what came of it'
\qecho 'Revenue and margin are credited: the touches of a basket (mailings, coupons) share it evenly.'
SELECT g.campaign_name AS campaign, i.mailed, i.redeemers,
       to_char(100.0 * i.redeemers / nullif(i.mailed, 0), '990.0') || ' %' AS response,
       to_char(g.cost, '99,999,990') AS mailing_cost,
       round(g.orders, 1) AS baskets, to_char(g.margin, '99,999,990') AS margin,
       to_char(100 * g.roi, '999,990') || ' %' AS roi
FROM campaign_roi AS g
LEFT JOIN (SELECT campaign_code,
                  count(DISTINCT customer_id) FILTER (WHERE subtype = 'mailing') AS mailed,
                  count(DISTINCT customer_id) FILTER (WHERE subtype = 'coupon_redemption') AS redeemers
           FROM interaction GROUP BY campaign_code) AS i USING (campaign_code)
WHERE g.is_chosen
ORDER BY g.roi DESC NULLS LAST, g.campaign_code;

\qecho '== Loyalty: what discounts and coupons cost, who comes again, and whether the loyal pay'
SELECT line AS " ", value
FROM loyalty_rate AS r
CROSS JOIN (SELECT sum(base_amount) AS card FROM cost WHERE category_code = 'ret.loyalty.discount') AS d
CROSS JOIN (SELECT sum(redemptions) AS coupons, sum(cost) AS matched,
                   sum(cost) / nullif(sum(redemptions), 0) AS a_coupon
            FROM coupon_cost WHERE campaign_code = '(all)') AS c
CROSS JOIN LATERAL (VALUES
  (1, 'Households that came again', to_char(100 * r.repeat_rate, '999,990.0') || ' %'),
  (2, 'Baskets a household', to_char(r.orders_per_customer, '999,990.0')),
  (3, 'Of their days, those with a basket', to_char(100 * r.order_day_rate, '999,990.0') || ' %'),
  (4, 'Loyalty-card discount a household', to_char(d.card / r.buyers, '999,990.00')),
  (5, 'Coupons handed in', to_char(c.coupons, '9,999,990')),
  (6, 'Store''s match for each of them', to_char(c.a_coupon, '999,990.00'))
) AS l (n, line, value)
WHERE r.program_code = '(all)'
ORDER BY n;
SELECT 'Tenths of the households by their baskets; rank correlation with profit ' || max(spearman) AS words
FROM loyalty_profit WHERE measure = 'orders' \gset
\qecho :words
SELECT decile, customers AS households, to_char(mean_loyalty, '9,990.0') AS baskets_each,
       to_char(mean_profit, '99,990.00') AS profit_each,
       to_char(100 * profit_share, '990.0') || ' %' AS of_profit
FROM loyalty_profit
WHERE measure = 'orders'
ORDER BY decile;

SELECT c.customer_id AS touched, c.source_key AS touched_household
FROM conversion AS v
JOIN customer AS c USING (customer_id)
WHERE v.conversion_kind = 'order'
ORDER BY v.touches DESC, v.value DESC, c.customer_id
LIMIT 1 \gset
\qecho '== The journey of household' :touched_household 'to the basket with the most touches before it'
SELECT j.touch_number AS touch, j.touched_at::date AS day, j.channel_name AS channel,
       j.campaign_name AS campaign, round(j.days_before, 1) AS days_before,
       round(j.linear_credit, 3) AS linear, round(j.position_credit, 3) AS position,
       round(j.time_decay_credit, 3) AS time_decay,
       round(j.linear_credit * j.conversion_value, 2) AS of_basket
FROM journey AS j
JOIN (SELECT customer_id, source, order_ref, sale_id FROM conversion
      WHERE customer_id = :touched AND conversion_kind = 'order'
      ORDER BY touches DESC, value DESC, converted_at LIMIT 1) AS v
  ON v.customer_id = j.customer_id AND v.source = j.source
     AND v.order_ref = coalesce(j.order_ref, '') AND v.sale_id = coalesce(j.sale_id, 0)
WHERE j.conversion_kind = 'order'
ORDER BY j.touch_number;

\qecho '== The worklist: what to do for whom, the two of each reason that bring most, of' :as_of
SELECT w.place, c.source_key AS household, w.reason_name AS reason, w.due_on,
       left(w.product_name, 24) AS offer, to_char(w.value, '999,990.00') AS at_stake,
       to_char(w.expected_value, '9,990.00') AS expected, w.segment_name AS segment
FROM (SELECT *, row_number() OVER (PARTITION BY reason ORDER BY place) AS n FROM worklist_open) AS w
JOIN customer AS c USING (customer_id)
WHERE w.n <= 2
ORDER BY w.place
LIMIT 10;
SELECT reason_name AS reason, count(*) AS told, to_char(sum(expected_value), '999,990.00') AS expected
FROM worklist_open
GROUP BY reason_name
ORDER BY sum(expected_value) DESC;

\qecho '== One page of outcome: the last twelve complete months (view kpi)'
SELECT family_name AS family, metric_name AS metric, to_char(value, '99,999,990.00') AS value, definition
FROM kpi
WHERE value IS NOT NULL;

\qecho '== Ready to steer by?  (views readiness, coverage and alert)'
SELECT check_number AS no, check_title AS check, passed, rows, left(example, 60) AS example FROM readiness ORDER BY 1;
SELECT customers, with_purchases, with_behavior, with_feedback, with_all, coverage_share
FROM coverage ORDER BY month_start DESC LIMIT 1;
SELECT alert_name, subject_name, round(value, 3) AS value, round(threshold, 3) AS threshold, status, since_on
FROM alert ORDER BY alert, value DESC LIMIT 10;

\qecho '== Can the numbers be trusted?  (view data_quality)'
CREATE TEMPORARY TABLE quality AS TABLE data_quality;
SELECT count(*) AS checks, count(*) FILTER (WHERE rows = 0) AS "without findings" FROM quality;
SELECT check_title AS check, severity, rows, example FROM quality WHERE rows > 0
ORDER BY array_position('{error,warning,info}', severity), check_name;
