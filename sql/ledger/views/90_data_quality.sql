-- Can the numbers be trusted?  Every check is one SELECT below and one row of
-- the view, also when it finds nothing, so that a dashboard shows green too.
-- error: a report is wrong or incomplete; warning: it may mislead; info: to know.
CREATE VIEW data_quality WITH (security_invoker = true) AS
WITH RECURSIVE
-- a category or channel below itself would make totals by tree run in circles
lineage (kind, code, ancestor) AS (
  SELECT 'cost category', code, parent_code FROM cost_category
  WHERE parent_code IS NOT NULL
  UNION
  SELECT 'channel', code, parent_code FROM channel
  WHERE parent_code IS NOT NULL
  UNION
  SELECT l.kind, l.code, up.parent_code
  FROM lineage l
  JOIN (SELECT 'cost category' AS kind, code, parent_code FROM cost_category
        UNION ALL
        SELECT 'channel', code, parent_code FROM channel) up
    ON up.kind = l.kind AND up.code = l.ancestor
  WHERE up.parent_code IS NOT NULL
),
held AS (
  SELECT customer_id, dimension, code, by_rule FROM customer_classification
),
known_setting (key) AS (
  VALUES ('base_currency'), ('timezone'), ('money_scale'), ('rfm_bins'),
         ('service_pool_method'), ('tier_weight_scheme'),
         ('abc_measure'), ('at_risk_after_days'), ('churn_after_days'),
         ('invalid_window_days'), ('invalid_max_orders'),
         ('invalid_max_amount'), ('invalid_max_products'), ('discount_rate'),
         ('clv_horizon'), ('clv_model'), ('clv_retention'),
         ('attribution_model'), ('touch_window_days'),
         ('decay_half_life'), ('schema_version')
),
-- what is for a closed month and came later is in the first open one, so all of
-- them are one month here
open_month (month_start) AS (
  SELECT max(month_start + interval '1 month')::date FROM closed_period
),
-- one pass over the sale lines, and one over the cost, for all checks of them
sale_month AS (
  SELECT greatest(date_trunc('month', s.sold_on::timestamp)::date,
                  (SELECT month_start FROM open_month)) AS month_start,
         sum(s.base_amount) FILTER (WHERE s.sold_at <= r.as_of_at) AS amount,
         count(*) FILTER (WHERE s.rate IS NULL) AS no_rate,
         min(format('no rate for %s on %s', s.currency, s.sold_on))
           FILTER (WHERE s.rate IS NULL) AS no_rate_example,
         count(*) FILTER (WHERE s.cogs IS NULL AND s.amount <> 0) AS no_cogs,
         min(format('product %s', coalesce(s.product_code, 'not known')))
           FILTER (WHERE s.cogs IS NULL AND s.amount <> 0) AS no_cogs_example,
         count(*) FILTER (WHERE s.rate <> 1 AND s.currency = b.value) AS odd_fx,
         min(format('sale %s at rate %s', s.sale_id, s.rate))
           FILTER (WHERE s.rate <> 1 AND s.currency = b.value)
           AS odd_fx_example,
         count(*) FILTER (WHERE s.sold_at < c.first_seen_at) AS too_early,
         min(format('customer %s sold to on %s', s.customer_id, s.sold_on))
           FILTER (WHERE s.sold_at < c.first_seen_at) AS too_early_example,
         count(*) FILTER (WHERE s.sold_at > r.as_of_at) AS too_late,
         min(format('sold on %s, reports are as of %s', s.sold_on, r.as_of))
           FILTER (WHERE s.sold_at > r.as_of_at) AS too_late_example
  FROM sale_base s
  JOIN customer c USING (customer_id)
  LEFT JOIN setting b ON b.key = 'base_currency'
  LEFT JOIN last_refresh r ON true
  GROUP BY 1
),
cost_month AS (
  SELECT greatest(e.month_start, (SELECT month_start FROM open_month))
           AS month_start,
         sum(e.base_amount)
           FILTER (WHERE e.incurred_on <= r.as_of AND e.month_start <= r.as_of)
           AS amount,
         count(*) FILTER (WHERE e.rate IS NULL AND e.is_first) AS no_rate,
         min(format('no rate for %s on %s', e.currency, e.incurred_on))
           FILTER (WHERE e.rate IS NULL) AS no_rate_example,
         count(*) FILTER (WHERE e.rate <> 1 AND e.currency = b.value
                                AND e.is_first) AS odd_fx,
         min(format('cost %s at rate %s', e.cost_id, e.rate))
           FILTER (WHERE e.rate <> 1 AND e.currency = b.value)
           AS odd_fx_example,
         count(*) FILTER (WHERE e.bucket = 'acquisition' AND e.is_first
                                AND coalesce(e.channel_code, k.channel_code)
                                    IS NULL) AS no_channel,
         min(format('%s on %s', e.category_code, e.incurred_on))
           FILTER (WHERE e.bucket = 'acquisition'
                         AND coalesce(e.channel_code, k.channel_code) IS NULL)
           AS no_channel_example,
         count(*) FILTER (WHERE e.incurred_on > r.as_of AND e.is_first)
           AS too_late,
         min(format('incurred on %s, reports are as of %s', e.incurred_on,
                    r.as_of))
           FILTER (WHERE e.incurred_on > r.as_of) AS too_late_example
  FROM accrued_cost e
  LEFT JOIN campaign k ON k.code = e.campaign_code
  LEFT JOIN setting b ON b.key = 'base_currency'
  LEFT JOIN last_refresh r ON true
  GROUP BY 1
)

-- money that is in no report
SELECT 'sale_without_rate' AS check_name, 'error' AS severity,
       coalesce(sum(no_rate), 0)::bigint AS rows,
       min(no_rate_example) AS example
FROM sale_month
UNION ALL
SELECT 'cost_without_rate', 'error', coalesce(sum(no_rate), 0)::bigint,
       min(no_rate_example)
FROM cost_month
UNION ALL
SELECT 'plan_without_rate', 'error', count(*),
       min(format('no rate for %s on %s', p.currency, lower(p.period)))
FROM plan p
WHERE p.currency <> (SELECT value FROM setting WHERE key = 'base_currency')
      AND NOT EXISTS (SELECT FROM fx_rate r
                      WHERE r.currency = p.currency
                            AND r.valid_from <= lower(p.period))
UNION ALL
SELECT 'unallocated_cost', 'warning', count(*),
       CASE WHEN count(*) > 0 THEN
         format('%s in all; %s', sum(unallocated_cost),
                min(format('in %s %s: %s', to_char(month_start, 'YYYY-MM'),
                           bucket, unallocated_because)))
       END
FROM cost_pool WHERE unallocated_cost <> 0
UNION ALL

-- reports that are behind the facts, or not there yet
SELECT 'not_refreshed', 'error', count(*),
       min(format('not refreshed yet: CALL crmcost.refresh(%L)',
                  n.nspname COLLATE "default"))
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = 'refresh_run'::regclass
      AND NOT EXISTS (SELECT FROM refresh_run)
UNION ALL
-- reports that are behind the facts, for a reader who sees all of both: what a
-- policy leaves of the one side is not what it leaves of the other
SELECT 'sale_not_refreshed', 'error', count(*),
       min(format('%s: %s sold, %s in the reports', month_start, sold,
                  reported))
FROM (SELECT month_start, coalesce(s.amount, 0) AS sold,
             coalesce(m.revenue, 0) AS reported
      FROM sale_month s
      FULL JOIN (SELECT greatest(month_start,
                                 (SELECT month_start FROM open_month))
                          AS month_start, sum(revenue) AS revenue
                 FROM customer_month GROUP BY 1) m
        USING (month_start)) both_sides
WHERE sold <> reported
      AND NOT (row_security_active('sale'::regclass)
               OR row_security_active('customer'::regclass)
               OR row_security_active('customer_month'::regclass))
UNION ALL
SELECT 'cost_not_refreshed', 'error', count(*),
       min(format('%s: %s booked, %s in the reports', month_start, booked,
                  reported))
FROM (SELECT month_start, coalesce(e.amount, 0) AS booked,
             coalesce(c.cost, 0) + coalesce(p.cost, 0) AS reported
      FROM cost_month e
      FULL JOIN (SELECT greatest(month_start,
                                 (SELECT month_start FROM open_month))
                          AS month_start,
                        sum(direct_cost + allocated_cost) AS cost
                 FROM customer_month_cost GROUP BY 1) c
        USING (month_start)
      FULL JOIN (SELECT greatest(month_start,
                                 (SELECT month_start FROM open_month))
                          AS month_start,
                        sum(unallocated_cost + unused_cost) AS cost
                 FROM cost_pool GROUP BY 1) p
        USING (month_start)) both_sides
WHERE booked <> reported
      AND NOT (row_security_active('cost_entry'::regclass)
               OR row_security_active('customer_month_cost'::regclass)
               OR row_security_active('cost_pool'::regclass))
UNION ALL
SELECT 'sale_after_as_of', 'info', coalesce(sum(too_late), 0)::bigint,
       min(too_late_example)
FROM sale_month
UNION ALL
SELECT 'cost_after_as_of', 'info', coalesce(sum(too_late), 0)::bigint,
       min(too_late_example)
FROM cost_month
UNION ALL
-- a load beyond the last partition is refused
SELECT 'partitions_end_soon', 'warning', count(*),
       min(format('%s ends at %s', relation, last_bound))
FROM (
  SELECT p.partrelid::regclass AS relation,
         coalesce(max(upper(crmcost._partition_range(i.inhrelid))),
                  '-infinity') AS last_bound
  FROM pg_partitioned_table p
  LEFT JOIN pg_inherits i ON i.inhparent = p.partrelid
  WHERE p.partrelid IN ('sale'::regclass, 'cost_entry'::regclass,
                        'interaction'::regclass, 'loyalty_entry'::regclass)
  GROUP BY p.partrelid
) partition
JOIN last_refresh r ON partition.last_bound < r.as_of_at + interval '1 month'
UNION ALL

-- facts that do not fit together
SELECT 'sale_without_cogs', 'warning', coalesce(sum(no_cogs), 0)::bigint,
       min(no_cogs_example)
FROM sale_month
UNION ALL
SELECT 'fx_on_base_currency', 'warning', coalesce(sum(odd_fx), 0)::bigint, min(example)
FROM (SELECT odd_fx, odd_fx_example AS example FROM sale_month
      UNION ALL
      SELECT odd_fx, odd_fx_example FROM cost_month) line
UNION ALL
SELECT 'buyer_not_acquired', 'warning', count(*),
       min(format('customer %s', c.customer_id))
FROM customer c
WHERE c.acquired_at IS NULL
      AND EXISTS (SELECT FROM customer_month m
                  WHERE m.customer_id = c.customer_id AND m.sale_lines > 0)
UNION ALL
SELECT 'sale_before_first_seen', 'warning', coalesce(sum(too_early), 0)::bigint,
       min(too_early_example)
FROM sale_month
UNION ALL
SELECT 'refunds_exceed_sales', 'warning', count(*),
       min(format('customer %s: %s', customer_id, revenue))
FROM customer_snapshot
WHERE as_of = (SELECT as_of FROM last_refresh) AND revenue < 0
UNION ALL
SELECT 'customer_without_channel', 'warning', count(*),
       min(format('customer %s', customer_id))
FROM customer
WHERE acquired_at IS NOT NULL AND acquisition_channel IS NULL
      AND source <> 'anon'
UNION ALL
SELECT 'acquisition_cost_without_channel', 'info',
       coalesce(sum(no_channel), 0)::bigint, min(no_channel_example)
FROM cost_month
UNION ALL
SELECT 'attributes_with_personal_data', 'error', count(*),
       min(format('customer %s', customer_id))
FROM customer WHERE attributes::text ~ '@'
UNION ALL

-- rules that do not fit together
SELECT 'service_shares_exceed_1', 'error', count(*),
       min(format('%s passes on %s in %s', from_category, share,
                  to_char(month_start, 'YYYY-MM')))
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
SELECT 'capacity_without_rule', 'warning', count(*),
       min(format('%s in %s', c.category_code, c.period))
FROM capacity c
WHERE NOT EXISTS (SELECT FROM allocation_rule r
                  WHERE r.category_code = c.category_code
                        AND r.driver = 'handle_time' AND r.valid && c.period
                        AND r.scope = coalesce('channel '
                              || nullif(c.channel_code, ''), ''))
UNION ALL
SELECT 'unused_capacity', 'info', count(*),
       min(format('in %s %s of %s s: %s', to_char(month_start, 'YYYY-MM'),
                  capacity - coalesce(driver_quantity, 0), capacity,
                  unused_cost))
FROM cost_pool WHERE unused_cost <> 0
UNION ALL
SELECT 'capacity_exceeded', 'warning', count(*),
       min(format('in %s %s s worked of %s', to_char(month_start, 'YYYY-MM'),
                  driver_quantity, capacity))
FROM cost_pool WHERE driver_quantity > capacity
UNION ALL
SELECT 'overlapping_baselines', 'warning', count(*),
       min(format('%s: plans %s and %s',
                  coalesce(a.category_code, 'all categories'), a.plan_id,
                  b.plan_id))
FROM plan a
JOIN plan b
  ON b.plan_id > a.plan_id AND b.measure = a.measure
     AND b.scenario = a.scenario AND b.period && a.period
     AND (a.category_code, a.channel_code, a.campaign_code, a.tier_scheme,
          a.tier_code, a.aspect)
         IS NOT DISTINCT FROM
         (b.category_code, b.channel_code, b.campaign_code, b.tier_scheme,
          b.tier_code, b.aspect)
WHERE a.kind = 'baseline' AND b.kind = 'baseline'
UNION ALL
SELECT 'overlapping_plans', 'warning', count(*),
       min(format('%s %s of %s: plans %s and %s', a.kind, a.measure,
                  a.scenario, a.plan_id, b.plan_id))
FROM plan a
JOIN plan b
  ON b.plan_id > a.plan_id AND b.kind = a.kind AND b.measure = a.measure
     AND b.scenario = a.scenario AND b.period && a.period
     AND (a.category_code, a.channel_code, a.campaign_code, a.tier_scheme,
          a.tier_code, a.aspect)
         IS NOT DISTINCT FROM
         (b.category_code, b.channel_code, b.campaign_code, b.tier_scheme,
          b.tier_code, b.aspect)
WHERE a.kind <> 'baseline'
UNION ALL
SELECT 'tree_has_a_cycle', 'error', count(*),
       min(format('%s %s', kind, code))
FROM lineage WHERE ancestor = code
UNION ALL
SELECT 'bucket_differs_from_parent', 'warning', count(*),
       min(format('%s is %s, its parent %s is %s', c.code, c.bucket, p.code,
                  p.bucket))
FROM cost_category c JOIN cost_category p ON p.code = c.parent_code
WHERE c.bucket <> p.bucket
UNION ALL
SELECT 'tiers_of_mixed_basis', 'error', count(*), min(scheme)
FROM (SELECT scheme FROM tier GROUP BY scheme
      HAVING count(DISTINCT basis) > 1) mixed
UNION ALL
SELECT 'tier_bounds_out_of_order', 'error', count(*),
       min(format('%s: %s and %s', scheme, code_before, code))
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
SELECT 'unknown_tier', 'error', count(*),
       min(format('customer %s has %s %s', c.customer_id, c.dimension, c.code))
FROM held c
WHERE c.dimension NOT IN ('stage', 'owner', 'invalid') AND c.code <> 'none'
      AND NOT EXISTS (SELECT FROM tier t
                      WHERE t.scheme = c.dimension AND t.code = c.code)
UNION ALL
SELECT 'untiered_customer', 'error', count(*),
       min(format('customer %s with RFM score %s has no tier in %s',
                  s.customer_id, s.rfm_score, t.scheme))
FROM customer_snapshot s
CROSS JOIN (SELECT DISTINCT scheme FROM tier WHERE basis <> 'manual') t
WHERE s.as_of = (SELECT as_of FROM last_refresh) AND s.frequency > 0
      AND NOT EXISTS (SELECT FROM held c
                      WHERE c.customer_id = s.customer_id
                            AND c.dimension = t.scheme
                            AND NOT (c.code = 'none' AND c.by_rule))
UNION ALL
SELECT 'unmatched_rfm_score', 'error', count(*),
       min(format('no tier of %s matches score %s', u.scheme, u.rfm_score))
FROM (
  SELECT DISTINCT t.scheme, s.rfm_score
  FROM customer_snapshot s
  CROSS JOIN (SELECT DISTINCT scheme FROM tier WHERE basis = 'rfm') t
  WHERE s.as_of = (SELECT as_of FROM last_refresh) AND s.rfm_score IS NOT NULL
) u
WHERE NOT EXISTS (SELECT FROM tier t
                  WHERE t.scheme = u.scheme AND t.basis = 'rfm'
                        AND t.r @> u.rfm_score / 100
                        AND t.f @> u.rfm_score / 10 % 10
                        AND t.m @> u.rfm_score % 10)
UNION ALL

-- lifetime values that are missing, or come from another model than wanted
SELECT 'clv_not_fitted', 'warning', count(*),
       min(format('%s: %s%s', model, message, '; used instead: ' || (
         SELECT string_agg(u.model, ', ' ORDER BY u.model)
         FROM clv_model u
         WHERE u.as_of = (SELECT as_of FROM last_refresh) AND u.used
               AND u.message IS NOT NULL)))
FROM clv_model
WHERE as_of = (SELECT as_of FROM last_refresh) AND status = 'not_fitted'
      AND model <> 'closed_form'
UNION ALL
SELECT 'retention_not_observed', 'info', count(*),
       min(regexp_replace(message, '^in place of [^;]*; ', ''))
FROM clv_model
WHERE as_of = (SELECT as_of FROM last_refresh)
      AND status IN ('not_fitted', 'assumed') AND model = 'closed_form'
UNION ALL
SELECT 'missing_setting', 'error', count(*), min(k.key)
FROM known_setting k LEFT JOIN setting s USING (key)
WHERE s.key IS NULL
UNION ALL
SELECT 'unknown_setting', 'warning', count(*), min(s.key)
FROM setting s LEFT JOIN known_setting k USING (key)
WHERE k.key IS NULL
UNION ALL
SELECT 'at_risk_not_before_churn', 'error', count(*),
       min(format('at_risk_after_days %s, churn_after_days %s', r.value,
                  c.value))
FROM setting r, setting c
WHERE r.key = 'at_risk_after_days' AND c.key = 'churn_after_days'
      AND r.value::int >= c.value::int;

COMMENT ON VIEW data_quality IS
'Checks of the data, one row a check, with 0 rows where all is well.';
COMMENT ON COLUMN data_quality.check_name IS
'Name of the check; the documentation lists them.';
COMMENT ON COLUMN data_quality.severity IS
'error when a report is wrong or incomplete, warning when it may mislead, info to know.';
COMMENT ON COLUMN data_quality.rows IS
'Number of findings; 0 when all is well.';
COMMENT ON COLUMN data_quality.example IS
'One finding in words; NULL when there is none.';
