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

\qecho '== What customers cost, by bucket'
WITH part AS (
  SELECT grouping(m.bucket) AS of_all, m.bucket, c.name, sum(m.cost) AS cost
  FROM cost_by_month AS m
  JOIN cost_category AS c ON c.code = m.category_code
  GROUP BY ROLLUP (m.bucket, c.name)
)
SELECT coalesce(bucket, 'all') AS bucket, coalesce(name, '= total') AS category,
       to_char(cost, '99,999,990.00') AS cost_usd,
       to_char(100 * cost / max(cost) FILTER (WHERE of_all = 1) OVER (), '990.0') || ' %' AS share
FROM part
ORDER BY of_all, max(cost) OVER (PARTITION BY bucket) DESC, bucket, name IS NULL, cost DESC;

\qecho '== Tiers: how many households make how much of the profit'
SELECT 'abc: by share of the profit, A up to ' || round(100 * max(bound) FILTER (WHERE code = 'A'))
       || ' %, B up to ' || round(100 * max(bound) FILTER (WHERE code = 'B')) || ' %'
       || E'\nloyalty: by revenue, gold from ' || to_char(max(bound) FILTER (WHERE code = 'gold'), 'FM99,990')
       || ', silver from ' || to_char(max(bound) FILTER (WHERE code = 'silver'), 'FM99,990')
       || E'\nvalue: by the scores of recency, frequency and monetary value' AS schemes
FROM tier \gset
\qecho :schemes
SELECT t.scheme, t.tier, count(*) AS households,
       to_char(100.0 * count(*) / sum(count(*)) OVER w, '990.0') || ' %' AS of_households,
       to_char(sum(p.revenue), '99,999,990') AS revenue,
       to_char(sum(p.total_cost), '99,999,990') AS cost,
       to_char(sum(p.profit), '99,999,990') AS profit,
       to_char(100 * sum(p.profit) / sum(sum(p.profit)) OVER w, '990.0') || ' %' AS of_profit
FROM customer_tier AS t
JOIN customer_profit AS p USING (customer_id)
LEFT JOIN tier AS d ON d.scheme = t.scheme AND d.code = t.tier
GROUP BY t.scheme, t.tier, d.rank
WINDOW w AS (PARTITION BY t.scheme)
ORDER BY t.scheme, d.rank;

\qecho '== RFM segments'
SELECT r.segment, count(*) AS households,
       round(avg(r.recency_days)) AS days_since_last,
       round(avg(r.frequency)) AS baskets,
       to_char(avg(r.monetary), '99,999,990') AS revenue_each,
       to_char(avg(p.profit), '99,999,990') AS profit_each,
       to_char(100 * sum(p.profit) / sum(sum(p.profit)) OVER (), '990.0') || ' %' AS of_profit
FROM customer_rfm AS r
JOIN customer_profit AS p USING (customer_id)
GROUP BY r.segment
ORDER BY sum(p.profit) DESC;

\qecho '== The whale curve: profit added up, best household first'
WITH curve AS (
  SELECT *, ntile(10) OVER (ORDER BY profit_rank, customer_id) AS tenth FROM whale_curve
)
SELECT tenth * 10 || ' %' AS households,
       to_char(max(cumulative_profit) FILTER (WHERE last), '99,999,990') AS profit_so_far,
       to_char(100 * max(cumulative_share) FILTER (WHERE last), '990.0') || ' %' AS of_profit,
       repeat('#', (max(cumulative_share) FILTER (WHERE last) * 40)::int) AS curve
FROM (SELECT *, row_number() OVER (PARTITION BY tenth ORDER BY profit_rank DESC, customer_id DESC) = 1 AS last
      FROM curve) AS c
GROUP BY tenth
ORDER BY tenth;

WITH peak AS (
  SELECT max(cumulative_profit) AS top, max(cumulative_share) AS share FROM whale_curve
), losers AS (
  SELECT count(*) FILTER (WHERE profit < 0) AS n, count(*) AS of,
         sum(profit) FILTER (WHERE profit < 0) AS lost
  FROM customer_profit
)
SELECT to_char(100 * share, 'FM990.0') || ' % of the profit' AS "peak of the curve",
       to_char(top, 'FM99,999,990') AS "profit at the peak",
       n || ' of ' || of AS "households that lose money",
       to_char(coalesce(lost, 0), 'FM99,999,990') AS "what they lose"
FROM peak, losers;

\qecho '== The ten costliest households'
WITH by_bucket AS (
  SELECT customer_id,
         sum(total_cost) FILTER (WHERE bucket = 'retention') AS retention,
         sum(total_cost) FILTER (WHERE bucket = 'service') AS service,
         sum(total_cost) FILTER (WHERE bucket = 'data') AS data
  FROM customer_cost
  GROUP BY customer_id
)
SELECT c.source_key AS household, p.orders AS baskets,
       to_char(p.revenue, '999,990') AS revenue,
       to_char(p.margin, '999,990') AS margin,
       to_char(b.retention, '999,990') AS retention,
       to_char(b.service, '999,990') AS service,
       to_char(b.data, '999,990') AS data,
       to_char(p.total_cost, '999,990') AS total_cost,
       to_char(p.profit, '999,990') AS profit,
       p.profit_rank
FROM customer_profit AS p
JOIN customer AS c USING (customer_id)
LEFT JOIN by_bucket AS b USING (customer_id)
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
SELECT stage_before, stage_after, customers AS households, to_char(margin, '99,999,990') AS margin,
       to_char(100 * margin_share, '990.0') || ' %' AS of_margin
FROM clv_by_stage
ORDER BY clv_by_stage.margin DESC;

\qecho '== Campaigns: households mailed, and households that used a coupon of it'
SELECT g.name AS campaign, lower(g.period) AS starts,
       count(DISTINCT i.customer_id) FILTER (WHERE i.subtype = 'mailing') AS mailed,
       count(DISTINCT i.customer_id) FILTER (WHERE i.subtype = 'coupon_redemption') AS redeemers,
       to_char(100.0 * count(DISTINCT i.customer_id) FILTER (WHERE i.subtype = 'coupon_redemption')
               / nullif(count(DISTINCT i.customer_id) FILTER (WHERE i.subtype = 'mailing'), 0),
               '990.0') || ' %' AS response,
       count(*) FILTER (WHERE i.subtype = 'coupon_redemption') AS coupons,
       to_char(max(k.cost), '99,999,990') AS mailing_cost,
       to_char(max(k.cost) / nullif(count(DISTINCT i.customer_id)
               FILTER (WHERE i.subtype = 'coupon_redemption'), 0), '99,990.00') AS cost_per_redeemer
FROM campaign AS g
LEFT JOIN interaction AS i ON i.campaign_code = g.code
LEFT JOIN (SELECT campaign_code, sum(base_amount) AS cost FROM cost GROUP BY campaign_code) AS k
  ON k.campaign_code = g.code
GROUP BY g.code, g.name, g.period
ORDER BY lower(g.period), g.code;

\qecho '== Can the numbers be trusted?  (view data_quality)'
CREATE TEMPORARY TABLE quality AS TABLE data_quality;
SELECT count(*) AS checks, count(*) FILTER (WHERE rows = 0) AS "without findings" FROM quality;
SELECT check_name, severity, rows, example FROM quality WHERE rows > 0
ORDER BY array_position('{error,warning,info}', severity), check_name;
