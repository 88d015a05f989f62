-- Is a customer treated alike, whatever way he comes?  The twelve months up to that
-- of the report day.  A price index compares what was paid on a channel with what
-- the same products cost over all channels.
CREATE VIEW channel_consistency WITH (security_invoker = true) AS
WITH span AS (
  SELECT (date_trunc('month', as_of::timestamp) - interval '11 months')::date
           AS from_month
  FROM last_refresh
),
opinion AS (
  SELECT channel_code, sum(answers) AS answers, sum(score) AS score,
         sum(satisfied) AS satisfied
  FROM survey_day, span
  WHERE survey = 'csat' AND day >= from_month
  GROUP BY channel_code
  HAVING sum(answers) > 0
),
answered AS (
  SELECT code AS channel_code, sum(responded) AS responded,
         sum(response_seconds) AS seconds
  FROM service_month, span
  WHERE dimension = '(channel)' AND month_start >= from_month
  GROUP BY code
  HAVING sum(responded) > 0
),
sold AS (
  SELECT channel_code, product_code, sum(quantity) AS quantity,
         sum(revenue) AS revenue
  FROM sale_month, span
  WHERE month_start >= from_month
  GROUP BY channel_code, product_code
),
paid AS (
  SELECT s.channel_code, sum(s.revenue) AS revenue,
         sum(s.quantity * a.price) AS usual
  FROM sold s
  JOIN (SELECT product_code, sum(revenue) / sum(quantity) AS price
        FROM sold WHERE product_code <> '(unknown)'
        GROUP BY product_code HAVING sum(quantity) > 0) a
    ON a.product_code = s.product_code
  GROUP BY s.channel_code
  HAVING sum(s.quantity * a.price) > 0
),
part AS (
  SELECT channel_code, coalesce(o.answers, 0)::bigint AS answers,
         o.score / o.answers AS csat_mean,
         o.satisfied / o.answers AS csat_rate,
         coalesce(a.responded, 0)::bigint AS responded,
         a.seconds / a.responded / 3600 AS response_hours,
         p.revenue / p.usual AS price_index
  FROM opinion o
  FULL JOIN answered a USING (channel_code)
  FULL JOIN paid p USING (channel_code)
  WHERE channel_code <> '(unknown)'
),
spread AS (
  SELECT max(csat_mean) - min(csat_mean) AS csat,
         max(response_hours) - min(response_hours) AS response_hours,
         max(price_index) - min(price_index) AS price
  FROM part
)
SELECT
  p.channel_code COLLATE "default" AS channel_code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh, p.channel_code COLLATE "default")
    AS channel_name,
  p.answers AS survey_answers, round(p.csat_mean, 4) AS csat_mean,
  round(p.csat_rate, 6) AS csat_rate, round(s.csat, 4) AS csat_spread,
  s.csat > (SELECT value::numeric FROM setting WHERE key = 'spread_csat')
    AS csat_differs,
  p.responded, round(p.response_hours, 6) AS response_hours,
  round(s.response_hours, 6) AS response_spread_hours,
  s.response_hours > (SELECT value::numeric FROM setting
                      WHERE key = 'spread_response_hours')
    AS response_differs,
  round(p.price_index, 6) AS price_index, round(s.price, 6) AS price_spread,
  s.price > (SELECT value::numeric FROM setting WHERE key = 'spread_price')
    AS price_differs,
  (SELECT from_month FROM span) AS period_from,
  (SELECT as_of FROM last_refresh) AS period_to
FROM part p
CROSS JOIN spread s
LEFT JOIN channel h ON h.code = p.channel_code;

COMMENT ON VIEW channel_consistency IS
'Satisfaction, first response and price by channel in the twelve months up to that of the report day, and how far channels lie apart, one row a channel with any of it.';
COMMENT ON COLUMN channel_consistency.channel_code IS 'Channel.';
COMMENT ON COLUMN channel_consistency.channel_name IS 'Its name.';
COMMENT ON COLUMN channel_consistency.survey_answers IS 'Answers to survey csat.';
COMMENT ON COLUMN channel_consistency.csat_mean IS 'Mean of their scores, 4 decimals; NULL without answers.';
COMMENT ON COLUMN channel_consistency.csat_rate IS 'Share of satisfied ones, 0..1, 6 decimals; NULL without answers.';
COMMENT ON COLUMN channel_consistency.csat_spread IS 'Greatest mean of a channel less the least, 4 decimals, the same in all rows; NULL without answers.';
COMMENT ON COLUMN channel_consistency.csat_differs IS 'Whether that is more than spread_csat; NULL without answers.';
COMMENT ON COLUMN channel_consistency.responded IS 'Cases first answered.';
COMMENT ON COLUMN channel_consistency.response_hours IS 'Mean hours to the answer, 6 decimals; NULL without any.';
COMMENT ON COLUMN channel_consistency.response_spread_hours IS 'Greatest mean of a channel less the least, 6 decimals, the same in all rows; NULL without any.';
COMMENT ON COLUMN channel_consistency.response_differs IS 'Whether that is more than spread_response_hours; NULL without any.';
COMMENT ON COLUMN channel_consistency.price_index IS 'Net revenue in relation to what the same quantities bring at the mean price of each product over all channels, 1 for the same, 6 decimals; NULL without sales of known products.';
COMMENT ON COLUMN channel_consistency.price_spread IS 'Greatest index less the least, 6 decimals, the same in all rows; NULL without any.';
COMMENT ON COLUMN channel_consistency.price_differs IS 'Whether that is more than spread_price; NULL without any.';
COMMENT ON COLUMN channel_consistency.period_from IS 'First day of the twelve months.';
COMMENT ON COLUMN channel_consistency.period_to IS 'Report day of the last refresh.';
