-- Can the numbers be trusted?  Every check is one row of the view, also when it
-- finds nothing, so that a dashboard shows green too.  What takes looking at facts
-- or at all customers was found by refresh (quality_finding, plan_finding reads the
-- store); what configuration and table touched tell is told at once.
-- error: a report is wrong or incomplete; warning: it may mislead; info: to know.
--
-- A check says what it found by the code of a sentence (table term, kind finding) and
-- the words for its places; the sentence is made once, of the one that is shown.
CREATE VIEW data_quality WITH (security_invoker = true) AS
WITH known_setting (key) AS (
  VALUES ('base_currency'), ('timezone'), ('money_scale'), ('rfm_bins'),
         ('service_pool_method'), ('tier_weight_scheme'),
         ('abc_measure'), ('at_risk_after_days'), ('churn_after_days'),
         ('churn_reason_days'), ('retention_months'), ('p_alive_below'),
         ('bad_voice_score'), ('bad_voice_days'), ('silence_factor'),
         ('falling_below'), ('winback_days'), ('second_life_days'),
         ('invalid_window_days'), ('invalid_max_orders'),
         ('invalid_max_amount'), ('invalid_max_products'), ('discount_rate'),
         ('stale_after_days'),
         ('clv_horizon'), ('clv_model'), ('clv_retention'),
         ('followup_days'), ('alert_complaint_rate'),
         ('alert_csat_rate'), ('alert_nps'), ('alert_response_rate'),
         ('alert_cost_rise'), ('affinity_products'), ('snapshot_keep'),
         ('plan_scenario'),
         ('quality_months'), ('response_window_days'),
         ('sla_first_response_hours'), ('sla_resolution_hours'),
         ('sla_clock'), ('sla_open_days'), ('spread_csat'),
         ('spread_response_hours'), ('spread_price'),
         ('fiscal_year_start'), ('language'), ('attribute_columns'),
         ('attribution_model'), ('touch_window_days'), ('decay_half_life'),
         ('converting_entity'), ('target_marginal_cac'),
         ('lead_attributes'),
         ('cart_after_hours'), ('trend_months'), ('worklist_per_day'),
         ('worklist_per_customer'), ('worklist_pause_days'),
         ('worklist_holdout'), ('worklist_effect_days'),
         ('schema_version')
),
this_ledger (name) AS (
  SELECT n.nspname
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = 'refresh_run'::regclass
),
-- bounds of the partitions of facts; what has none is not partitioned
bound AS (
  SELECT c.relname COLLATE "default" AS relation,
         lower(range.span) AS from_at, upper(range.span) AS before_at
  FROM pg_partitioned_table p
  JOIN pg_class c ON c.oid = p.partrelid
  LEFT JOIN pg_inherits i ON i.inhparent = p.partrelid
  LEFT JOIN LATERAL (
    SELECT crmcost._partition_range(i.inhrelid) AS span
  ) range ON true
  WHERE p.partrelid IN ('sale'::regclass, 'cost_entry'::regclass,
                        'interaction'::regclass, 'loyalty_entry'::regclass)
),
-- every score of RFM that there can be, by a list whose length the planner knows
bin (bin) AS (
  VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9)
),
score AS (
  SELECT r.bin AS r, f.bin AS f, m.bin AS m
  FROM (SELECT value::integer AS bins FROM setting WHERE key = 'rfm_bins') b
  JOIN bin r ON r.bin <= b.bins
  JOIN bin f ON f.bin <= b.bins
  JOIN bin m ON m.bin <= b.bins
),
finding AS (

-- reports that are not there yet, or behind the facts
SELECT 'not_refreshed' AS check_name, 'error' AS severity, count(*) AS rows,
       NULL::numeric AS amount,
       crmcost._first_words(ARRAY['not_refreshed', quote_literal(name) COLLATE "default"])
         AS words
FROM this_ledger
WHERE NOT EXISTS (SELECT 1 FROM refresh_run)
UNION ALL
SELECT k.check_name, 'error',
       count(DISTINCT (t.relation, t.customer_id, t.from_on))
         FILTER (WHERE t.relation IS NOT NULL),
       NULL,
       crmcost._first_words(ARRAY[concat('touched',
                        CASE WHEN t.customer_id IS NOT NULL
                          THEN '_customer' END,
                        CASE WHEN isfinite(t.from_on) THEN '_from' END),
                 t.relation]
           || CASE WHEN t.customer_id IS NOT NULL
                THEN ARRAY[t.customer_id::text] END
           || CASE WHEN isfinite(t.from_on)
                THEN ARRAY[t.from_on::text] END)
         FILTER (WHERE t.relation IS NOT NULL)
FROM (VALUES
  ('sale_not_refreshed', '{sale}'::text[]),
  ('cost_not_refreshed', '{cost_entry}'),
  ('interaction_not_refreshed', '{interaction}'),
  ('customer_not_refreshed', '{customer,classification,campaign_member}'),
  ('loyalty_not_refreshed', '{loyalty_entry,loyalty_program}'),
  ('driver_not_refreshed', '{driver_entry,driver,driver_blend}'),
  ('rate_not_refreshed', '{fx_rate}'),
  ('rule_not_refreshed',
   '{allocation_rule,allocation_share,activity_time,capacity}'),
  ('configuration_not_refreshed',
   '{setting,cost_category,channel,campaign,tier,funnel_step,channel_rule,calendar,survey}')
) AS k (check_name, relations)
-- what the last refresh has seen may stay in touched for a while
LEFT JOIN (SELECT t.* FROM touched t
           WHERE EXISTS (SELECT 1 FROM refresh_run)
                 AND NOT pg_visible_in_snapshot(
                       t.written_by, (SELECT coalesce(s.seen, '1:1:')
                                      FROM refresh_state s))) t
  ON t.relation = ANY (k.relations)
GROUP BY k.check_name
UNION ALL
-- a partition that was attached, detached or dropped tells nobody
SELECT 'storage_changed', 'info', count(*), NULL,
       crmcost._first_words(ARRAY['storage_changed'])
FROM refresh_state s, this_ledger l
WHERE s.storage <> crmcost._storage(l.name)
UNION ALL
-- a load beyond the last partition is refused, or into a gap between two
SELECT 'partitions_end_soon', 'warning', count(*), NULL,
       crmcost._first_words(ARRAY['partitions_end_soon', relation, last_bound::text])
FROM (SELECT relation, coalesce(max(before_at), '-infinity') AS last_bound
      FROM bound GROUP BY relation) partition
JOIN last_refresh r ON partition.last_bound < r.as_of_at + interval '1 month'
UNION ALL
SELECT 'partition_missing', 'warning', count(*), NULL,
       crmcost._first_words(ARRAY['partition_missing', relation, last_bound::text,
                 from_at::text])
FROM (SELECT relation, from_at,
             lag(before_at) OVER (PARTITION BY relation ORDER BY from_at)
               AS last_bound
      FROM bound) gap
JOIN last_refresh r ON last_bound < r.as_of_at
WHERE from_at > last_bound
UNION ALL

-- what refresh found, by the name of the finding
SELECT k.check_name, k.severity, coalesce(sum(f.rows), 0)::bigint,
       sum(f.amount),
       (array_agg(f.words::text ORDER BY f.month_start, f.words))[1]::text[]
FROM (VALUES
  ('sale_without_rate', 'error', '{sale_without_rate}'::text[]),
  ('cost_without_rate', 'error', '{cost_without_rate}'),
  ('sale_without_cogs', 'warning', '{sale_without_cogs}'),
  ('quantity_against_amount', 'info', '{quantity_against_amount}'),
  ('unallocated_cost', 'warning', '{unallocated_cost}'),
  ('sale_after_as_of', 'info', '{sale_after_as_of}'),
  ('cost_after_as_of', 'info', '{cost_after_as_of}'),
  ('stage_after_as_of', 'warning', '{stage_after_as_of}'),
  ('fx_on_base_currency', 'warning',
   '{sale_fx_on_base_currency,cost_fx_on_base_currency}'),
  ('closed_sale_changed', 'error', '{closed_sale_changed}'),
  ('closed_cost_changed', 'error', '{closed_cost_changed}'),
  ('closed_interaction_changed', 'error', '{closed_interaction_changed}'),
  ('buyer_not_acquired', 'warning', '{buyer_not_acquired}'),
  ('sale_before_first_seen', 'warning', '{sale_before_first_seen}'),
  ('refunds_exceed_sales', 'warning', '{refunds_exceed_sales}'),
  ('customer_without_channel', 'warning', '{customer_without_channel}'),
  ('stale_customer', 'info', '{stale_customer}'),
  ('referral_cycle', 'warning', '{referral_cycle}'),
  ('acquisition_cost_without_channel', 'info',
   '{acquisition_cost_without_channel}'),
  ('unused_capacity', 'info', '{unused_capacity}'),
  ('capacity_exceeded', 'warning', '{capacity_exceeded}'),
  ('blend_part_without_quantity', 'warning', '{blend_part_without_quantity}'),
  ('points_overdrawn', 'error', '{points_overdrawn}'),
  ('points_reversed_without_lot', 'warning', '{points_reversed_without_lot}'),
  ('points_reversed_unearned', 'error', '{points_reversed_unearned}'),
  ('points_owed', 'info', '{points_owed}'),
  ('unknown_tier', 'error', '{unknown_tier}'),
  ('untiered_customer', 'error', '{untiered_customer}'),
  ('unmatched_rfm_score', 'error', '{unmatched_rfm_score}'),
  ('answer_outside_scale', 'error', '{answer_outside_scale}'),
  ('answer_without_survey', 'warning', '{answer_without_survey}')
) AS k (check_name, severity, findings)
LEFT JOIN quality_finding f ON f.check_name = ANY (k.findings)
GROUP BY k.check_name, k.severity
UNION ALL
SELECT p.check_name, p.severity, p.rows, NULL,
       CASE WHEN p.example IS NOT NULL THEN ARRAY['as_it_is', p.example] END
FROM plan_finding p
UNION ALL
SELECT 'attributes_with_personal_data', 'error', count(*), NULL,
       crmcost._first_words(ARRAY['customer', customer_id::text])
FROM customer WHERE attributes <> '{}' AND attributes::text ~ '@'
UNION ALL

-- rules that do not fit together
SELECT 'overlapping_rules', 'error', count(*), NULL,
       crmcost._first_words(ARRAY['rules_overlap', a.rule_id::text, b.rule_id::text,
                 a.category_code])
FROM allocation_rule a
JOIN allocation_rule b
  ON b.category_code = a.category_code AND b.scope = a.scope
     AND b.scenario IS NOT DISTINCT FROM a.scenario
     AND b.rule_id > a.rule_id AND b.valid && a.valid
UNION ALL
SELECT 'service_shares_exceed_1', 'error', count(*), NULL,
       crmcost._first_words(ARRAY['shares_passed_on', from_category, share::text,
                 to_char(month_start, 'YYYY-MM')])
FROM (
  -- shares change on the first day of one of them
  SELECT a.from_category, m.month_start, sum(a.share) AS share
  FROM allocation_share a
  JOIN (SELECT DISTINCT from_category,
               coalesce(lower(valid), '-infinity') AS month_start
        FROM allocation_share) m
    ON m.from_category = a.from_category AND a.valid @> m.month_start
  GROUP BY a.from_category, m.month_start
  HAVING sum(a.share) > 1.000001
) beyond
UNION ALL
-- in which reciprocal finds no end, and of which step_down cuts one share off
SELECT 'service_share_loop', 'error', count(*), NULL,
       crmcost._first_words(ARRAY['share_loop', s.category_code, s.through])
FROM this_ledger l
CROSS JOIN LATERAL crmcost._share_loops(l.name) s
JOIN setting m ON m.key = 'service_pool_method'
WHERE s.closed OR m.value = 'step_down'
UNION ALL
SELECT 'capacity_without_rule', 'warning', count(*), NULL,
       crmcost._first_words(ARRAY['capacity_without_rule', c.category_code, c.period::text])
FROM capacity c
WHERE NOT EXISTS (SELECT 1 FROM allocation_rule r
                  WHERE r.category_code = c.category_code
                        AND r.scenario IS NULL
                        AND r.driver = 'handle_time' AND r.valid && c.period
                        AND r.scope = coalesce('channel '
                              || nullif(c.channel_code, ''), ''))
UNION ALL
SELECT 'blend_without_parts', 'error', count(*), NULL,
       crmcost._first_words(ARRAY['driver', d.code])
FROM driver d
WHERE d.kind = 'blend'
      AND NOT EXISTS (SELECT 1 FROM driver_blend b WHERE b.driver = d.code)
UNION ALL
SELECT 'tree_has_a_cycle', 'error', count(*), NULL,
       crmcost._first_words(ARRAY[kind, code])
FROM (
  SELECT DISTINCT 'category' AS kind, a.code COLLATE "default" AS code
  FROM category_lineage a
  JOIN category_lineage b ON b.code = a.ancestor AND b.ancestor = a.code
  WHERE a.distance > 0
  UNION
  SELECT DISTINCT 'channel', a.code
  FROM channel_lineage a
  JOIN channel_lineage b ON b.code = a.ancestor AND b.ancestor = a.code
  WHERE a.distance > 0
) below_itself
UNION ALL
SELECT 'contact_without_rule', 'warning', coalesce(sum(interactions), 0)::bigint,
       NULL, crmcost._first_words(ARRAY['tags', source, medium, campaign])
FROM tag_month
WHERE channel_code = '(unknown)'
UNION ALL
SELECT 'member_of_both_groups', 'warning', coalesce(sum(r.members), 0)::bigint,
       NULL, crmcost._first_words(ARRAY['campaign', r.campaign_code COLLATE "default"])
FROM campaign_result r
WHERE r.role = 'both'
UNION ALL
SELECT 'winback_without_member', 'warning', count(*), NULL,
       crmcost._first_words(ARRAY['campaign', k.code])
FROM campaign k
WHERE k.purpose = 'winback'
      AND NOT EXISTS (SELECT 1 FROM campaign_result m
                      WHERE m.campaign_code = k.code)
      AND (EXISTS (SELECT 1 FROM cost_month c WHERE c.campaign_code = k.code)
           OR EXISTS (SELECT 1 FROM day_total d
                      WHERE d.campaign_code = k.code AND d.interactions > 0))
UNION ALL
SELECT 'funnel_step_never_entered', 'warning', count(*), NULL,
       crmcost._first_words(ARRAY['funnel_step_never_entered', s.funnel, s.position::text,
                 concat_ws(' ', s.kind, s.subtype)])
FROM funnel_step s
WHERE EXISTS (SELECT 1 FROM refresh_run)
      AND NOT EXISTS (SELECT 1 FROM funnel_month m
                      WHERE m.funnel = s.funnel AND m.position = s.position)
UNION ALL
SELECT 'bucket_differs_from_parent', 'warning', count(*), NULL,
       crmcost._first_words(ARRAY['bucket_differs', c.code, c.bucket, p.code, p.bucket])
FROM cost_category c JOIN cost_category p ON p.code = c.parent_code
WHERE c.bucket <> p.bucket
UNION ALL
SELECT 'tiers_of_mixed_basis', 'error', count(*), NULL,
       crmcost._first_words(ARRAY['scheme', scheme])
FROM (SELECT scheme FROM tier GROUP BY scheme
      HAVING count(DISTINCT basis) > 1) mixed
UNION ALL
SELECT 'tier_bounds_out_of_order', 'error', count(*), NULL,
       crmcost._first_words(ARRAY['bounds_out_of_order', scheme, code_before, code])
FROM (
  SELECT scheme, code, basis, bound,
         lag(code) OVER by_rank AS code_before,
         lag(bound) OVER by_rank AS bound_before
  FROM tier
  WINDOW by_rank AS (PARTITION BY scheme, basis ORDER BY rank)
) neighbours
WHERE basis = 'cum_share' AND bound <= bound_before
      OR basis = 'min_value' AND bound >= bound_before
UNION ALL
-- bounds and ranges leave no value without a tier, and none to two: the best counts.
-- So a gap is a score that no tier takes, and a tier is swallowed that better ones
-- leave nothing to
SELECT 'tier_rule_gap', 'error', count(*), NULL,
       crmcost._first_words(ARRAY['tier_rule_gap', scheme, concat(r, f, m)])
FROM (SELECT DISTINCT t.scheme, s.r, s.f, s.m
      FROM (SELECT DISTINCT scheme FROM tier WHERE basis = 'rfm') t
      CROSS JOIN score s
      WHERE NOT EXISTS (SELECT 1 FROM tier k
                        WHERE k.scheme = t.scheme AND k.basis = 'rfm'
                              AND k.r @> s.r AND k.f @> s.f AND k.m @> s.m)
     ) gap
UNION ALL
SELECT 'tier_rule_overlap', 'error', count(*), NULL,
       crmcost._first_words(ARRAY['tier_rule_overlap', t.scheme, t.code])
FROM tier t
WHERE t.basis = 'rfm'
      AND NOT EXISTS (
        SELECT 1 FROM score s
        WHERE t.r @> s.r AND t.f @> s.f AND t.m @> s.m
              AND NOT EXISTS (
                SELECT 1 FROM tier k
                WHERE k.scheme = t.scheme AND k.rank < t.rank
                      AND k.basis = 'rfm' AND k.r @> s.r AND k.f @> s.f
                      AND k.m @> s.m))
UNION ALL
SELECT 'tier_below_last_bound', 'warning', count(*), NULL,
       crmcost._first_words(ARRAY['tier_below_last_bound', t.scheme, trim_scale(t.bound)::text,
                 t.code])
FROM tier t
WHERE t.basis = 'min_value' AND t.bound > 0
      AND NOT EXISTS (SELECT 1 FROM tier k
                      WHERE k.scheme = t.scheme
                            AND (k.rank > t.rank OR k.basis <> t.basis))
UNION ALL
SELECT 'tier_above_last_bound', 'warning', count(*), NULL,
       crmcost._first_words(ARRAY['tier_above_last_bound', t.scheme, trim_scale(t.bound)::text,
                 t.code])
FROM tier t
WHERE t.basis = 'cum_share' AND t.bound < 1
      AND NOT EXISTS (SELECT 1 FROM tier k
                      WHERE k.scheme = t.scheme
                            AND (k.rank > t.rank OR k.basis <> t.basis))
UNION ALL

-- steps that nobody may take: a person's row, for refresh writes none
SELECT 'illegal_stage_step', 'warning',
       coalesce(sum(f.transitions), 0)::bigint, NULL,
       crmcost._first_words(ARRAY['stage_step', f.stage_from COLLATE "default",
                 f.stage_to COLLATE "default",
                 to_char(f.month_start, 'YYYY-MM')])
FROM stage_flow_month f
LEFT JOIN stage_step p
  ON p.from_stage = f.stage_from AND p.to_stage = f.stage_to
LEFT JOIN stage s ON s.code = f.stage_to
WHERE p.from_stage IS NULL
      AND NOT (f.stage_from = '(new)' AND coalesce(s.may_begin, false))
UNION ALL
SELECT 'stage_without_action', 'warning', count(*), NULL,
       crmcost._first_words(ARRAY['stage_unknown', d.stage COLLATE "default"])
FROM (SELECT DISTINCT stage FROM stage_day) d
LEFT JOIN stage s ON s.code = d.stage
WHERE s.code IS NULL
UNION ALL

-- lifetime values that are missing, or come from another model than wanted
SELECT 'clv_not_fitted', 'warning', count(*), NULL,
       crmcost._first_words(ARRAY[CASE WHEN i.models IS NULL THEN 'model_not_fitted'
                   ELSE 'model_replaced' END, m.model, m.message, i.models])
FROM clv_model m
CROSS JOIN (SELECT string_agg(u.model, ', ' ORDER BY u.model) AS models
            FROM clv_model u
            WHERE u.as_of = (SELECT as_of FROM last_refresh) AND u.used
                  AND u.message IS NOT NULL) i
WHERE m.as_of = (SELECT as_of FROM last_refresh) AND m.status = 'not_fitted'
      AND m.model <> 'closed_form'
UNION ALL
SELECT 'lead_model_not_fitted', 'info', count(*), NULL,
       crmcost._first_words(ARRAY['as_it_is', message])
FROM lead_model
WHERE status = 'not_fitted' AND leads > 0
UNION ALL
SELECT 'retention_not_observed', 'info', count(*), NULL,
       crmcost._first_words(ARRAY['as_it_is',
                 regexp_replace(message, '^in place of [^;]*; ', '')])
FROM clv_model
WHERE as_of = (SELECT as_of FROM last_refresh)
      AND status IN ('not_fitted', 'assumed') AND model = 'closed_form'
UNION ALL

-- teams that have no business hours
SELECT 'calendar_never_open', 'error', count(*), NULL,
       crmcost._first_words(ARRAY['calendar_never_open', team])
FROM (SELECT DISTINCT k.team FROM calendar k) t
WHERE NOT EXISTS (SELECT 1 FROM calendar k
                  WHERE k.team IN (t.team, '') AND k.opens_at IS NOT NULL)
UNION ALL

-- settings
SELECT 'missing_setting', 'error', count(*), NULL,
       crmcost._first_words(ARRAY['setting', k.key])
FROM known_setting k LEFT JOIN setting s USING (key)
WHERE s.key IS NULL
UNION ALL
SELECT 'unknown_setting', 'warning', count(*), NULL,
       crmcost._first_words(ARRAY['setting', s.key])
FROM setting s LEFT JOIN known_setting k USING (key)
WHERE k.key IS NULL
UNION ALL
SELECT 'at_risk_not_before_churn', 'error', count(*), NULL,
       crmcost._first_words(ARRAY['at_risk_not_before_churn', r.value, c.value])
FROM setting r, setting c
WHERE r.key = 'at_risk_after_days' AND c.key = 'churn_after_days'
      AND r.value::int >= c.value::int

)
SELECT f.check_name, f.severity, f.rows,
       crmcost._told(l.value, w.name, w.name_zh, f.words) COLLATE "default"
         AS example,
       f.amount,
       CASE WHEN f.amount IS NOT NULL
         THEN (SELECT value FROM setting WHERE key = 'base_currency')
       END AS currency,
       crmcost._named(l.value, t.name, t.name_zh, f.check_name) AS check_title,
       crmcost._named(l.value, s.name, s.name_zh, f.severity) AS severity_name
FROM finding f
LEFT JOIN setting l ON l.key = 'language'
LEFT JOIN term t ON t.kind = 'check' AND t.code = f.check_name
LEFT JOIN term s ON s.kind = 'severity' AND s.code = f.severity
LEFT JOIN term w ON w.kind = 'finding' AND w.code = f.words[1] COLLATE "C";

COMMENT ON VIEW data_quality IS
'Checks of the data, one row a check, with 0 rows where all is well; what takes looking at facts is as of the last refresh.';
COMMENT ON COLUMN data_quality.check_name IS
'Name of the check; the documentation lists them.';
COMMENT ON COLUMN data_quality.severity IS
'error when a report is wrong or incomplete, warning when it may mislead, info to know.';
COMMENT ON COLUMN data_quality.rows IS
'Number of findings; 0 when all is well.';
COMMENT ON COLUMN data_quality.example IS
'One finding in words, in the language of the ledger; NULL when there is none.';
COMMENT ON COLUMN data_quality.amount IS
'Money concerned, in base currency; of closed months what their facts are now less what was counted; NULL where none is or where it cannot be told.';
COMMENT ON COLUMN data_quality.currency IS
'Currency of amount; NULL without one.';
COMMENT ON COLUMN data_quality.check_title IS
'Name of the check in the language of the setting.';
COMMENT ON COLUMN data_quality.severity_name IS
'Name of the severity in the language of the setting.';
