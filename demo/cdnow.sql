-- RFM over a plain table: no ledger, no refresh, one query a question.

\set ON_ERROR_STOP on
\pset footer off
SET search_path = crmcost, public;

\qecho
\qecho '== RFM straight over a table, without a ledger (demo.cdnow)'
SELECT regexp_replace(words, '(.{1,79})( |$)', E'\\1\n', 'g') AS words
FROM demo.origin WHERE chapter = 'cdnow' \gset
\qecho :words
SELECT count(*) AS purchases, count(DISTINCT customer_id) AS customers,
       min(purchased_on) AS first_day, max(purchased_on) AS last_day, sum(amount) AS revenue
FROM demo.cdnow;

\qecho 'Segments: one aggregate a customer, one window over all of them.'
WITH customer AS (
  SELECT customer_id, rfm(purchased_on::timestamptz, amount) AS rfm
  FROM demo.cdnow
  GROUP BY customer_id
), as_of AS (
  SELECT max(purchased_on) + 1 AS day FROM demo.cdnow
), scored AS (
  SELECT customer_id, monetary(rfm) AS monetary, frequency(rfm) AS frequency,
         recency_days(rfm, day::timestamptz) AS recency_days,
         rfm_score(recency_days(rfm, day::timestamptz), frequency(rfm), monetary(rfm)::float8) OVER () AS score
  FROM customer, as_of
)
SELECT rfm_segment(score) AS segment, count(*) AS customers,
       round(avg(recency_days)) AS days_since_last,
       round(avg(frequency), 1) AS purchases_each,
       to_char(sum(monetary), '99,999,990.00') AS revenue,
       to_char(100 * sum(monetary) / sum(sum(monetary)) OVER (), '990.0') || ' %' AS of_revenue
FROM scored
GROUP BY 1
ORDER BY sum(monetary) DESC;

\qecho 'The five best: every customer at once in one hash table (rfm_group).'
SELECT customer_id, first_at::date AS first_day, last_at::date AS last_day,
       frequency AS purchases, monetary
FROM unnest((SELECT rfm_group(customer_id, purchased_on::timestamptz, amount) FROM demo.cdnow))
ORDER BY monetary DESC, customer_id
LIMIT 5;

\qecho 'How concentrated is revenue?'
SELECT to_char(100 * top_share(monetary, 0.01), 'FM990.0') || ' %' AS "best 1 %",
       to_char(100 * top_share(monetary, 0.10), 'FM990.0') || ' %' AS "best 10 %",
       to_char(100 * top_share(monetary, 0.20), 'FM990.0') || ' %' AS "best 20 %",
       round(gini(monetary)::numeric, 3) AS gini
FROM (SELECT sum(amount) AS monetary FROM demo.cdnow GROUP BY customer_id) AS c;
