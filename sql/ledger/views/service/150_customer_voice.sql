-- Are they satisfied?  Each survey by itself, so that no scales are mixed.  Who is
-- overdue is told of the month of the report day, for which rows stand that nobody
-- was asked in.
CREATE VIEW customer_voice WITH (security_invoker = true) AS
WITH overdue AS (
  SELECT crmcost._month_of(r.as_of) AS month_start, d.survey, d.scheme, d.tier,
         coalesce(sum(d.customers)
           FILTER (WHERE d.since_on + s.ask_every_days <= r.as_of), 0)::bigint
           AS overdue
  FROM survey_due d
  JOIN survey s ON s.code = d.survey
  CROSS JOIN last_refresh r
  GROUP BY r.as_of, d.survey, d.scheme, d.tier
),
counted AS (
  SELECT coalesce(v.month_start, o.month_start) AS month_start,
         coalesce(v.survey, o.survey) AS survey,
         coalesce(v.scheme, o.scheme) AS scheme,
         coalesce(v.tier, o.tier) AS tier,
         coalesce(v.channel_code, '(all)') AS channel_code,
         coalesce(v.product_code, '(all)') AS product_code,
         coalesce(v.asked, 0) AS asked, coalesce(v.answers, 0) AS answers,
         v.score, v.good, v.bad, v.complained, o.overdue
  FROM voice_month v
  FULL JOIN overdue o
    ON o.month_start = v.month_start AND o.survey = v.survey
       AND o.scheme = v.scheme AND o.tier = v.tier
       AND v.channel_code = '(all)' AND v.product_code = '(all)'
),
rated AS (
  SELECT c.*, s.metric, s.name, s.name_zh,
         CASE WHEN s.metric <> 'nps' THEN nullif(c.answers, 0) END
           AS judged,
         CASE WHEN s.metric = 'nps' THEN nullif(c.answers, 0) END AS promoted
  FROM counted c
  LEFT JOIN survey s ON s.code = c.survey
),
scored AS (
  SELECT c.*, 100.0 * (c.good - c.bad) / c.promoted AS nps,
         crmcost._nps_error(c.good, c.bad, c.promoted, 0.95)::numeric AS error
  FROM rated c
)
SELECT
  c.month_start, c.survey COLLATE "default" AS survey, c.metric,
  c.scheme COLLATE "default" AS scheme, c.tier COLLATE "default" AS tier,
  c.channel_code COLLATE "default" AS channel_code,
  c.product_code COLLATE "default" AS product_code,
  c.asked, c.answers,
  round(c.answers::numeric / nullif(c.asked, 0), 6) AS response_rate,
  round(c.good::numeric / c.judged, 6) AS csat_rate,
  round(crmcost._wilson_lower(c.good, c.judged, 0.95)::numeric, 6) AS csat_low,
  round(1 - crmcost._wilson_lower(c.judged - c.good, c.judged, 0.95)::numeric, 6)
    AS csat_high,
  round(c.score / c.judged, 4) AS csat_mean, round(c.nps, 6) AS nps,
  CASE WHEN c.nps IS NOT NULL
    THEN round(greatest(c.nps - c.error, -100), 6) END AS nps_low,
  CASE WHEN c.nps IS NOT NULL
    THEN round(least(c.nps + c.error, 100), 6) END AS nps_high,
  coalesce(c.good, 0) AS good_answers, coalesce(c.bad, 0) AS bad_answers,
  coalesce(c.complained, 0) AS complained,
  c.overdue,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 c.name, c.name_zh,
                 c.survey COLLATE "default") AS survey_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 t.name, t.name_zh,
                 c.tier COLLATE "default") AS tier_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh,
                 c.channel_code COLLATE "default") AS channel_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 p.name, p.name_zh,
                 c.product_code COLLATE "default") AS product_name,
  r.as_of,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 m.name, m.name_zh, c.metric)
    AS metric_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 sn.name, sn.name_zh, c.scheme COLLATE "default")
    AS scheme_name
FROM scored c
CROSS JOIN last_refresh r
LEFT JOIN tier t ON t.scheme = c.scheme AND t.code = c.tier
LEFT JOIN channel h ON h.code = c.channel_code
LEFT JOIN product p ON p.code = c.product_code
LEFT JOIN term m ON m.kind = 'metric' AND m.code = c.metric
LEFT JOIN term sn ON sn.kind = 'dimension' AND sn.code = c.scheme;

COMMENT ON VIEW customer_voice IS
'What customers answered to surveys, as of the last refresh, one row a month, survey, tier scheme and tier, channel and product, each of these also as (all).';
COMMENT ON COLUMN customer_voice.month_start IS 'First day of the month in which the answers count.';
COMMENT ON COLUMN customer_voice.survey IS 'Survey.';
COMMENT ON COLUMN customer_voice.metric IS 'What it measures: csat, nps or ces; NULL without a row in survey.';
COMMENT ON COLUMN customer_voice.scheme IS 'Tier scheme; (all) for all customers.';
COMMENT ON COLUMN customer_voice.tier IS 'Tier that held at the end of the month, or on the report day; (unknown) for none, (all) for all customers.';
COMMENT ON COLUMN customer_voice.channel_code IS 'Channel of the answer; (unknown) where it is not known, (all) for all.';
COMMENT ON COLUMN customer_voice.product_code IS 'Product that it was about; (unknown) for none, (all) for all.';
COMMENT ON COLUMN customer_voice.asked IS 'Askings, answered or not; of a customer and day one.';
COMMENT ON COLUMN customer_voice.answers IS 'Answers; of a customer and day the last.';
COMMENT ON COLUMN customer_voice.response_rate IS 'Answers for an asking, 0..1, 6 decimals; NULL where nobody was asked.';
COMMENT ON COLUMN customer_voice.csat_rate IS 'Share of the answers that are good (satisfied_from of the survey and better), 0..1, 6 decimals; NULL for nps, and without answers.';
COMMENT ON COLUMN customer_voice.csat_low IS 'Lower end of its interval at 95 %, by Wilson, 6 decimals; NULL likewise.';
COMMENT ON COLUMN customer_voice.csat_high IS 'Upper end likewise.';
COMMENT ON COLUMN customer_voice.csat_mean IS 'Mean answer in the scale of the survey, 4 decimals; NULL for nps, and without answers or a row in survey.';
COMMENT ON COLUMN customer_voice.nps IS 'Net promoter score, -100..100, 6 decimals; NULL for other metrics, and without answers.';
COMMENT ON COLUMN customer_voice.nps_low IS 'Lower end of its interval at 95 %, by the normal distribution, 6 decimals; NULL likewise.';
COMMENT ON COLUMN customer_voice.nps_high IS 'Upper end likewise.';
COMMENT ON COLUMN customer_voice.good_answers IS 'Good answers: satisfied ones, promoters.';
COMMENT ON COLUMN customer_voice.bad_answers IS 'Bad answers (dissatisfied_to of the survey and worse): dissatisfied ones, detractors.';
COMMENT ON COLUMN customer_voice.complained IS 'Bad answers after which the customer complained within setting followup_days.';
COMMENT ON COLUMN customer_voice.overdue IS 'Customers of the tier who were not asked for ask_every_days of the survey, on the report day; NULL for earlier months, channels and products, and where the survey has no such rule.';
COMMENT ON COLUMN customer_voice.survey_name IS 'Name of the survey.';
COMMENT ON COLUMN customer_voice.tier_name IS 'Name of the tier.';
COMMENT ON COLUMN customer_voice.channel_name IS 'Name of the channel.';
COMMENT ON COLUMN customer_voice.product_name IS 'Name of the product.';
COMMENT ON COLUMN customer_voice.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN customer_voice.metric_name IS 'Name of the metric.';
COMMENT ON COLUMN customer_voice.scheme_name IS 'Name of the scheme.';
