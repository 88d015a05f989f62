-- What is doubtful in plan: the checks of data_quality about it, told at once.
--
-- Two rows of one scenario, kind and measure overlap where subject and period
-- meet.  If one contains the other a total counts the outer one; if neither
-- does, what both are about counts twice.  The same subject and period twice
-- is doubtful as well, though the later row holds.
CREATE VIEW plan_finding WITH (security_invoker = true) AS
WITH subject AS (
  SELECT p.*,
         CASE WHEN p.channel_code = '(all)'
           THEN coalesce(k.channel_code, '(all)') ELSE p.channel_code
         END AS of_channel
  FROM plan_base p LEFT JOIN campaign k ON k.code = p.campaign_code
),
-- codes of which one is below the other
related AS (
  SELECT kind, code, ancestor AS other FROM code_below
  UNION
  SELECT kind, ancestor, code FROM code_below
),
pair AS (
  SELECT a.kind, a.measure, a.scenario, a.plan_id, b.plan_id AS other_id,
         b.base_amount AS amount,
         greatest(a.period_from, b.period_from) AS day,
         (a.aspect, a.category_code, a.channel_code, a.campaign_code,
          a.tier_code, a.period_from, a.period_to)
         = (b.aspect, b.category_code, b.channel_code, b.campaign_code,
            b.tier_code, b.period_from, b.period_to) AS same
  FROM subject a
  JOIN subject b
    ON b.scenario = a.scenario AND b.kind = a.kind
       AND b.measure = a.measure AND b.plan_id > a.plan_id
       AND b.period_from <= a.period_to AND b.period_to >= a.period_from
       AND (a.aspect = b.aspect
            -- of scores and markets each aspect is a figure of its own
            OR '(all)' IN (a.aspect, b.aspect)
               AND a.measure <> 'score' AND a.kind <> 'market')
       AND (a.campaign_code = b.campaign_code
            OR '(all)' IN (a.campaign_code, b.campaign_code))
       AND ((a.tier_scheme, a.tier_code) = (b.tier_scheme, b.tier_code)
            OR '(all)' IN (a.tier_code, b.tier_code))
  JOIN related c
    ON c.kind = 'category' AND c.code = a.category_code
       AND c.other = b.category_code
  JOIN related h
    ON h.kind = 'channel' AND h.code = a.of_channel
       AND h.other = b.of_channel
),
overlap AS (
  SELECT p.kind, p.plan_id, p.amount,
         ARRAY['plans_overlap', p.kind, p.measure, p.scenario, p.day::text,
               p.plan_id::text, p.other_id::text] AS words
  FROM pair p
  LEFT JOIN plan_nesting i
    ON i.plan_id = p.plan_id AND i.container_id = p.other_id
  LEFT JOIN plan_nesting o
    ON o.plan_id = p.other_id AND o.container_id = p.plan_id
  WHERE p.same OR i.plan_id IS NULL AND o.plan_id IS NULL
),
-- what can be an aspect of a figure without a subject, and of a score
known_aspect AS (
  SELECT metric AS aspect
  FROM (VALUES ('(all)'), ('csat'), ('csat_rate'), ('csat_mean'), ('nps'),
               ('response_rate'), ('complaint_rate'), ('repeat_rate'),
               ('retention_rate'), ('orders_per_customer'), ('market_share'),
               ('customers'), ('revenue'), ('margin'), ('cost'), ('profit'),
               ('cac'), ('ltv_cac')) AS v (metric)
  UNION
  SELECT survey FROM survey_day WHERE answers > 0
),
-- units in which the category was bought, in the period
bought AS (
  SELECT p.plan_id, p.category_code, p.base_amount,
         min(c.unit) FILTER (WHERE c.unit <> '') COLLATE "default" AS unit,
         bool_or(c.unit = 'hour') AS by_the_hour
  FROM plan_base p
  JOIN category_lineage l ON l.ancestor = p.category_code
  JOIN cost_month c
    ON c.category_code = l.code
       AND c.month_start BETWEEN date_trunc('month',
                                            p.period_from::timestamp)
                             AND p.period_to
  WHERE p.measure = 'hours' AND p.category_code <> '(all)'
  GROUP BY p.plan_id, p.category_code, p.base_amount
),
finding AS (
  SELECT 'plan_without_rate' AS check_name, p.plan_id, NULL::numeric AS amount,
         ARRAY['without_rate', p.currency, p.period_from::text] AS words
  FROM plan_base p
  WHERE p.rate IS NULL
  UNION ALL
  SELECT CASE kind WHEN 'baseline' THEN 'overlapping_baselines'
           ELSE 'overlapping_plans' END, plan_id, amount, words
  FROM overlap
  UNION ALL
  SELECT 'plan_unknown_aspect', p.plan_id, NULL,
         ARRAY['plan_unknown_aspect', p.kind, p.aspect, p.plan_id::text]
  FROM plan_base p
  WHERE p.aspect NOT IN (SELECT aspect FROM known_aspect)
        AND p.kind <> 'market'
        AND (p.measure = 'score'
             OR p.kind IN ('baseline', 'target')
                AND (p.category_code, p.channel_code, p.campaign_code,
                     p.tier_code) = ('(all)', '(all)', '(all)', '(all)'))
  UNION ALL
  SELECT 'plan_unknown_unit', b.plan_id, b.base_amount,
         ARRAY['plan_unknown_unit', b.category_code, b.plan_id::text, b.unit]
  FROM bought b
  WHERE b.unit IS NOT NULL AND NOT b.by_the_hour
  UNION ALL
  SELECT 'plan_without_facts', p.plan_id, p.base_amount,
         ARRAY['plan_by_' || CASE
                 WHEN p.tier_code = '(all)' THEN 'category'
                 WHEN p.measure = 'score' THEN 'tier'
                 WHEN (p.channel_code, p.campaign_code) <> ('(all)', '(all)')
                   THEN 'tier_and_channel'
                 ELSE 'tier_and_category' END, p.plan_id::text, p.measure]
  FROM plan_base p
  LEFT JOIN cost_category c ON c.code = p.category_code
  WHERE p.kind <> 'market'
        AND (p.category_code <> '(all)'
             AND p.measure IN ('revenue', 'revenue_gain', 'customers', 'score')
             OR p.tier_code <> '(all)'
                AND (p.measure = 'score'
                     OR (p.channel_code, p.campaign_code)
                        <> ('(all)', '(all)')
                     OR c.parent_code IS NOT NULL
                     OR p.measure = 'hours' AND p.category_code <> '(all)'))
)
SELECT
  c.check_name, c.severity, c.rows, c.amount,
  crmcost._told((SELECT value FROM setting WHERE key = 'language'), t.name,
                t.name_zh, c.words) COLLATE "default" AS example,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 k.name, k.name_zh, c.check_name)
    AS check_title,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 s.name, s.name_zh, c.severity)
    AS severity_name
FROM (
  SELECT
    c.check_name, c.severity, count(f.plan_id) AS rows, sum(f.amount) AS amount,
    (array_agg(f.words::text ORDER BY f.plan_id))[1]::text[] AS words
  FROM (VALUES
    ('plan_without_rate', 'error'), ('overlapping_plans', 'warning'),
    ('overlapping_baselines', 'warning'), ('plan_unknown_aspect', 'warning'),
    ('plan_unknown_unit', 'warning'), ('plan_without_facts', 'warning')
  ) AS c (check_name, severity)
  LEFT JOIN finding f USING (check_name)
  GROUP BY c.check_name, c.severity
) c
LEFT JOIN term t ON t.kind = 'finding' AND t.code = c.words[1] COLLATE "C"
LEFT JOIN term k ON k.kind = 'check' AND k.code = c.check_name
LEFT JOIN term s ON s.kind = 'severity' AND s.code = c.severity;

COMMENT ON VIEW plan_finding IS
'Checks of plan, one row a check.';
COMMENT ON COLUMN plan_finding.check_name IS
'Name of the check.';
COMMENT ON COLUMN plan_finding.severity IS
'error (a report is wrong or incomplete) or warning (it may mislead).';
COMMENT ON COLUMN plan_finding.rows IS
'Plan rows, or pairs of them, that it concerns; 0 for none.';
COMMENT ON COLUMN plan_finding.amount IS
'What is planned in them; of pairs in the later one, in base currency where it is money; NULL where nothing is.';
COMMENT ON COLUMN plan_finding.example IS
'One of them, in words, in the language of the ledger; NULL for none.';
COMMENT ON COLUMN plan_finding.check_title IS 'Name of the check.';
COMMENT ON COLUMN plan_finding.severity_name IS 'Name of the severity.';
