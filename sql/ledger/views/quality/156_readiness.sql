-- Are we ready to steer by these figures?  Eight questions; what each of them counts
-- is told row by row by data_quality, where it is not counted here.
CREATE VIEW readiness WITH (security_invoker = true) AS
WITH question (check_number, check_name, checks) AS (
  VALUES
  (1, 'facts', NULL::text[]),
  (2, 'up_to_date',
   '{not_refreshed,sale_not_refreshed,cost_not_refreshed,interaction_not_refreshed,customer_not_refreshed,driver_not_refreshed,rate_not_refreshed,rule_not_refreshed,configuration_not_refreshed}'),
  (3, 'rates', '{sale_without_rate,cost_without_rate,fx_on_base_currency}'),
  (4, 'margins', '{sale_without_cogs,refunds_exceed_sales}'),
  (5, 'allocation',
   '{unallocated_cost,overlapping_rules,service_shares_exceed_1,service_share_loop,blend_without_parts,blend_part_without_quantity,tree_has_a_cycle}'),
  (6, 'customers',
   '{buyer_not_acquired,sale_before_first_seen,customer_without_channel,attributes_with_personal_data}'),
  (7, 'grading',
   '{untiered_customer,unknown_tier,unmatched_rfm_score,tiers_of_mixed_basis,tier_bounds_out_of_order}'),
  (8, 'goals', NULL)
),
counted AS (
  SELECT q.check_number, d.rows, d.example
  FROM question q
  CROSS JOIN LATERAL unnest(q.checks) AS u (check_name)
  JOIN data_quality d ON d.check_name = u.check_name
  UNION ALL
  SELECT 1, 1, crmcost._told(l.value, t.name, t.name_zh, ARRAY[k.finding])
  FROM (VALUES ('no_customers', EXISTS (SELECT 1 FROM customer_value
                                        WHERE NOT is_technical)),
               ('no_sales', EXISTS (SELECT 1 FROM sale_month)),
               ('no_cost', EXISTS (SELECT 1 FROM cost_month)),
               ('no_contacts', EXISTS (SELECT 1 FROM contact_month)))
    AS k (finding, present)
  LEFT JOIN setting l ON l.key = 'language'
  LEFT JOIN term t ON t.kind = 'finding' AND t.code = k.finding
  WHERE NOT k.present
  UNION ALL
  SELECT 8, 1, crmcost._told(l.value, t.name, t.name_zh,
                             ARRAY['no_target_of_' || family])
  FROM (VALUES ('satisfaction'), ('loyalty'), ('share'), ('profit'))
    AS f (family)
  LEFT JOIN (SELECT family, count(target) AS targets FROM kpi_goal
             WHERE years_before = 0 GROUP BY family) k
    USING (family)
  LEFT JOIN setting l ON l.key = 'language'
  LEFT JOIN term t
    ON t.kind = 'finding' AND t.code = 'no_target_of_' || family
  WHERE coalesce(k.targets, 0) = 0
),
summed AS (
  SELECT check_number, sum(rows)::bigint AS rows,
         (array_agg(example ORDER BY rows DESC, example)
            FILTER (WHERE rows > 0))[1] AS example
  FROM counted
  GROUP BY check_number
)
SELECT
  q.check_number, q.check_name, coalesce(c.rows, 0) = 0 AS passed,
  coalesce(c.rows, 0) AS rows, c.example,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 t.definition, t.definition_zh, q.check_name) AS definition,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 t.name, t.name_zh, q.check_name) AS check_title
FROM question q
LEFT JOIN summed c ON c.check_number = q.check_number
LEFT JOIN term t ON t.kind = 'readiness' AND t.code = q.check_name
ORDER BY q.check_number;

COMMENT ON VIEW readiness IS
'Whether the ledger is ready to steer by, one row a check, eight of them, whatever there is in it.';
COMMENT ON COLUMN readiness.check_number IS 'Number of the check, 1 to 8.';
COMMENT ON COLUMN readiness.check_name IS 'Name of the check.';
COMMENT ON COLUMN readiness.passed IS 'Whether nothing is wrong.';
COMMENT ON COLUMN readiness.rows IS 'How much is wrong: rows of the checks of data_quality behind it; kinds of facts, or families of goals, that are missing.';
COMMENT ON COLUMN readiness.example IS 'One of them, in words; NULL when it passed.';
COMMENT ON COLUMN readiness.definition IS 'What the check asks for, in the language of the ledger.';
COMMENT ON COLUMN readiness.check_title IS 'Name of the check in the language of the setting.';
