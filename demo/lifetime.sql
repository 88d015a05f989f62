-- Lifetime value on CDNOW: models fitted to the first half of the time, and what
-- they say about the second half beside what came.

\set ON_ERROR_STOP on
\pset footer off
SET search_path = cdnow, crmcost, public;

\qecho
\qecho '== Lifetime value: half of the time known, half predicted (ledger cdnow)'
SELECT regexp_replace(words, '(.{1,79})( |$)', E'\\1\n', 'g') AS words
FROM demo.origin WHERE chapter = 'cdnow' \gset
\qecho :words
SELECT as_of AS half, as_of + (last_day - as_of) / 3 AS third,
       as_of + 2 * (last_day - as_of) / 3 AS two_thirds, last_day
FROM (SELECT min(as_of) AS as_of FROM customer_snapshot) AS s,
     (SELECT max(purchased_on) AS last_day FROM demo.cdnow) AS d \gset
\qecho 'The models, as refresh has fitted them to the days until' :half
SELECT model, customers, round(log_likelihood::numeric, 1) AS log_likelihood, parameter,
       round(estimate::numeric, 4) AS estimate, round(std_error::numeric, 4) AS std_error
FROM clv_model
CROSS JOIN LATERAL (VALUES
  (1, 'r', r, r_std_error), (2, 'alpha', alpha, alpha_std_error), (3, 'a', a, a_std_error),
  (4, 'b', b, b_std_error), (5, 'p', p, p_std_error), (6, 'q', q, q_std_error),
  (7, 'v', v, v_std_error)) AS e (n, parameter, estimate, std_error)
WHERE as_of = :'half' AND status = 'fitted' AND estimate IS NOT NULL
ORDER BY n;

-- The second half comes in.  What was known and predicted at the end of the first
-- one stays, as the snapshot of that day.
SET client_min_messages = warning;
CALL crmcost.refresh('cdnow', (date :'last_day' + 1)::timestamp AT TIME ZONE 'America/New_York');
RESET client_min_messages;

\qecho 'Days with a purchase in the second half, a customer, until' :last_day
\qecho 'by days with a purchase after the first one in the first half:'
SELECT frequency_class AS days_before, b.customers,
       to_char(b.actual_purchases, '990.000') AS actual,
       to_char(b.predicted_purchases, '990.000') AS bgnbd,
       to_char(b.mean_absolute_error, '990.000') AS bgnbd_error,
       to_char(p.predicted_purchases, '990.000') AS pareto_nbd,
       to_char(p.mean_absolute_error, '990.000') AS pareto_nbd_error
FROM clv_holdout('cdnow', :'half', :'last_day', 'bgnbd') AS b
JOIN clv_holdout('cdnow', :'half', :'last_day', 'pareto_nbd') AS p USING (frequency_class)
ORDER BY frequency_class;

\qecho 'The same of all customers together, as the second half goes on (BG/NBD):'
SELECT last_day AS until, to_char(customers * actual_purchases, '999,990') AS actual,
       to_char(customers * predicted_purchases, '999,990') AS predicted,
       to_char(100 * (predicted_purchases / actual_purchases - 1), 'S990.0') || ' %' AS off_by
FROM (VALUES (:'third'::date), (:'two_thirds'), (:'last_day')) AS d (last_day)
CROSS JOIN LATERAL clv_holdout('cdnow', :'half', last_day, 'bgnbd')
WHERE frequency_class = 'all'
ORDER BY 1;

\qecho 'Margin of the next nine months, customers in ten groups by what was predicted:'
WITH ranked AS (
  SELECT customer_id, margin AS historic, clv_predictive, p_alive, expected_purchases,
         ntile(10) OVER (ORDER BY clv_predictive DESC, customer_id) AS best
  FROM customer_snapshot WHERE as_of = :'half'
), came AS (
  SELECT customer_id, sum(base_margin) AS margin
  FROM sale_base
  WHERE sold_on > :'half' AND sold_on <= date :'half' + interval '9 months'
  GROUP BY customer_id
)
SELECT coalesce(10 * best - 9 || '-' || 10 * best || ' %', 'all') AS customers,
       to_char(sum(historic), '999,990') AS so_far,
       to_char(sum(clv_predictive), '999,990') AS predicted,
       to_char(sum(margin), '999,990') AS came,
       to_char(avg(p_alive), '0.00') AS p_alive,
       to_char(sum(expected_purchases), '999,990') AS purchases_predicted
FROM ranked LEFT JOIN came USING (customer_id)
GROUP BY ROLLUP (best)
ORDER BY best;

\qecho 'The five with the best future:'
SELECT source_key AS customer, margin AS margin_so_far, round(p_alive::numeric, 3) AS p_alive,
       round(expected_purchases::numeric, 1) AS purchases, round(expected_value, 2) AS each_worth,
       round(clv_predictive, 2) AS margin_to_come, round(margin + clv_predictive, 2) AS total_value
FROM customer_snapshot JOIN customer USING (customer_id)
WHERE as_of = :'half'
ORDER BY clv_predictive DESC, customer_id
LIMIT 5;
