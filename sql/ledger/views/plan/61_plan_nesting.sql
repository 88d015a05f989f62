-- Which plan rows are part of another: of the same scenario, kind and measure,
-- for the same subject or one above it, and for a period that contains theirs.
-- Within a scenario a fact counts once, so that in a total the outer row
-- counts and the inner one does not: a budget of 450 with one of 300 inside is
-- 450.  Of two rows for the same subject and period the later one holds.
CREATE VIEW plan_nesting WITH (security_invoker = true) AS
SELECT inner_row.plan_id, outer_row.plan_id AS container_id
FROM plan_base inner_row
LEFT JOIN campaign k ON k.code = inner_row.campaign_code
JOIN plan_base outer_row
  ON outer_row.scenario = inner_row.scenario
     AND outer_row.kind = inner_row.kind
     AND outer_row.measure = inner_row.measure
     AND outer_row.plan_id <> inner_row.plan_id
     AND outer_row.aspect IN ('(all)', inner_row.aspect)
     AND outer_row.campaign_code IN ('(all)', inner_row.campaign_code)
     AND outer_row.tier_scheme IN ('(all)', inner_row.tier_scheme)
     AND outer_row.tier_code IN ('(all)', inner_row.tier_code)
     AND outer_row.period_from <= inner_row.period_from
     AND outer_row.period_to >= inner_row.period_to
JOIN code_below c
  ON c.kind = 'category' AND c.code = inner_row.category_code
     AND c.ancestor = outer_row.category_code
JOIN code_below h
  ON h.kind = 'channel' AND h.code = CASE WHEN inner_row.channel_code = '(all)'
                THEN coalesce(k.channel_code, '(all)')
                ELSE inner_row.channel_code END
     AND h.ancestor = outer_row.channel_code
WHERE inner_row.measure <> 'score' AND inner_row.kind <> 'market'
      AND (outer_row.plan_id > inner_row.plan_id
           OR (outer_row.aspect, outer_row.category_code,
               outer_row.channel_code, outer_row.campaign_code,
               outer_row.tier_scheme, outer_row.tier_code,
               outer_row.period_from, outer_row.period_to)
              <> (inner_row.aspect, inner_row.category_code,
                  inner_row.channel_code, inner_row.campaign_code,
                  inner_row.tier_scheme, inner_row.tier_code,
                  inner_row.period_from, inner_row.period_to));

COMMENT ON VIEW plan_nesting IS
'Plan rows that another one of the same scenario contains, so that totals leave them out, one row a pair.';
COMMENT ON COLUMN plan_nesting.plan_id IS
'Number of the plan row that is part of another.';
COMMENT ON COLUMN plan_nesting.container_id IS
'Number of the plan row that contains it.';
