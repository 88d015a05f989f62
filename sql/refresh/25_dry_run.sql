-- Cost under other rules, or planned cost under those of the books: the steps up to
-- cost are run for everything, what they say is read, and all of it is taken back.
-- Closed months are computed as if they were open.
CREATE FUNCTION crmcost._dry_run(ledger name, as_of timestamptz, scenario text,
                                 plan text, OUT customers bigint[],
                                 OUT costs numeric[], OUT profits numeric[],
                                 OUT findings jsonb)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
  SET datestyle = iso
  SET standard_conforming_strings = on
  SET extra_float_digits = 1
  SET jit = off
  SET client_min_messages = error
  SET crmcost.gather = off      -- until here ends: _gather sets it
AS $$
#variable_conflict use_variable
DECLARE
  run crmcost._run;
  step text;
BEGIN
  BEGIN
    PERFORM crmcost._gather(ledger);
    PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
    run := crmcost._begin_run(ledger, as_of, true);
    run.open_month := '-infinity';
    run.scenario := scenario;
    run.plan := plan;
    FOREACH step IN ARRAY '{news,lineage,line,order,activity,journey,cost}'::text[] LOOP
      PERFORM crmcost._run_step(run, step);
    END LOOP;
    EXECUTE 'SELECT array_agg(m.customer_id), array_agg(m.cost), array_agg(m.profit) FROM '
            || crmcost._of_parts(run, 'refresh_part_borne', $query$
                 SELECT customer_id, sum(direct_cost + allocated_cost) AS cost,
                        sum(margin - direct_cost - allocated_cost) AS profit
                 FROM customer_month GROUP BY customer_id
                 $query$) || ' m'
      INTO customers, costs, profits;
    findings := crmcost._unallocated_findings();
    RAISE EXCEPTION 'all of it is taken back' USING ERRCODE = 'P9999';
  EXCEPTION WHEN SQLSTATE 'P9999' THEN
    NULL;
  END;
END
$$;

COMMENT ON FUNCTION crmcost._dry_run(name, timestamptz, text, text) IS
  'What customers cost and bring under the rules of a scenario, or with planned cost; nothing is written.';

-- The search path is the caller's, with the ledger first.
CREATE FUNCTION crmcost._unallocated_findings() RETURNS jsonb
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN (
    SELECT jsonb_agg(to_jsonb(f))
    FROM (
      SELECT CASE o.rule_id WHEN 0 THEN 'category_without_rule'
               ELSE 'driver_without_quantity' END AS check_name,
             coalesce(r.category_code, o.category_code) AS category_code,
             r.driver, min(o.month_start) AS month_from,
             max(o.month_start) AS month_to, sum(o.amount) AS amount
      FROM pg_temp.refresh_outcome o
      LEFT JOIN allocation_rule r USING (rule_id)
      WHERE NOT o.allocated
      GROUP BY 1, 2, 3
    ) f);
END
$$;

COMMENT ON FUNCTION crmcost._unallocated_findings() IS
  'Cost that no rule or no driver has given to customers, from refresh_outcome.';

-- A budget on a category contains those below it: what these leave of it is
-- planned on the category itself, so that a total is that of the outer rows.
CREATE FUNCTION crmcost._add_planned_parts(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  coin_scale CONSTANT integer := crmcost._setting(run.ledger, 'money_scale');
BEGIN
  INSERT INTO pg_temp.refresh_part
    WITH planned AS (
      SELECT p.*, c.bucket, c.resource, m.month_start, m.part
      FROM plan_base p
      JOIN cost_category c ON c.code = p.category_code
      CROSS JOIN LATERAL crmcost.spread(
        p.base_amount, daterange(p.period_from, p.period_to, '[]'),
        greatest(coin_scale, min_scale(p.base_amount))) m
      WHERE p.scenario = run.plan AND p.measure = 'cost'
            AND p.kind = crmcost._planned_kind(run.plan)
            AND p.base_amount IS NOT NULL
    ),
    inner_part AS (
      SELECT DISTINCT ON (n.plan_id, i.month_start) n.container_id,
             i.month_start, i.part
      FROM plan_nesting n
      JOIN planned i ON i.plan_id = n.plan_id
      JOIN planned o ON o.plan_id = n.container_id
      JOIN category_lineage l
        ON l.code = i.category_code AND l.ancestor = o.category_code
      -- the nearest one that contains it
      ORDER BY n.plan_id, i.month_start, l.distance,
               o.period_to - o.period_from, n.container_id DESC
    )
    SELECT p.month_start, p.plan_id, p.period_from, p.month_start,
           greatest(p.month_start, p.period_from),
           least((p.month_start + interval '1 month')::date - 1, p.period_to),
           p.category_code, p.bucket, p.resource,
           coalesce(nullif(p.channel_code, '(all)'), k.channel_code,
                    '(unknown)'),
           coalesce(nullif(p.campaign_code, '(all)'), '(unknown)'),
           '(unknown)', '', NULL, 0,
           p.part - coalesce((SELECT sum(i.part) FROM inner_part i
                              WHERE i.container_id = p.plan_id
                                    AND i.month_start = p.month_start), 0),
           true
    FROM planned p
    LEFT JOIN campaign k ON k.code = p.campaign_code
    WHERE greatest(p.month_start, p.period_from) <= run.day;
END
$$;

COMMENT ON FUNCTION crmcost._add_planned_parts(crmcost._run) IS
  'Fills refresh_part with the planned cost of a scenario, in the months up to the report day.';

CREATE FUNCTION crmcost._planned_kind(scenario text) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
#variable_conflict use_variable
BEGIN
  RETURN (SELECT p.kind FROM plan p
          WHERE p.scenario = scenario AND p.measure = 'cost'
                AND p.kind IN ('budget', 'forecast', 'target')
                AND p.category_code IS NOT NULL
          ORDER BY p.kind LIMIT 1);
END
$$;

COMMENT ON FUNCTION crmcost._planned_kind(text) IS
  'Kind of the plan rows that say what a scenario costs: budget, else forecast, else target; NULL for none.';
