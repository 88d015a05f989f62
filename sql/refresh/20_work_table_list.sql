-- The tables that refresh writes and the work tables, by their names: how those that
-- have columns of the ledger's are made, and how all are emptied and dropped.

-- Work tables with the columns of a table of the ledger, but for those that a user has
-- added, and nothing else of it:
-- refresh_new_ and its name for what differs, as _write_difference finds it, where
-- something reads it or, in a distributed ledger, rows have to go to the workers.
CREATE FUNCTION crmcost._make_new_tables(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  wanted record;
BEGIN
  FOR wanted IN
    SELECT w.work_table,
           string_agg(format('%I %s%s', a.attname,
                             format_type(a.atttypid, a.atttypmod),
                             CASE WHEN a.attcollation <> t.typcollation
                               THEN format(' COLLATE %I.%I', n.nspname,
                                           l.collname)
                               ELSE '' END), ', ' ORDER BY a.attnum)
             || w.place AS columns
    FROM (SELECT u.name AS target, 'refresh_new_' || u.name AS work_table,
                 ', refresh_row tid, refresh_gone boolean' AS place
          FROM (SELECT 'classification' UNION
                SELECT c.relname
                FROM crmcost._placement(ledger) p
                JOIN pg_class c ON c.oid = p.relation
                WHERE crmcost._is_distributed(ledger)
                      AND p.placement = 'distributed'
                      AND c.relname = ANY (crmcost._written_tables())) AS u (name)
          UNION ALL
          VALUES ('group_month', 'refresh_delta', ''),
                 -- as codes and words, of which its message is made
                 ('clv_model', 'refresh_model',
                  ', why text[], instead_of text'),
                 ('customer_acquisition', 'refresh_acquisition', ''),
                 ('customer_funnel', 'refresh_funnel', ''),
                 ('conversion', 'refresh_path', ', way text'),
                 ('service_case', 'refresh_case', ''),
                 ('service_contact', 'refresh_service_work', ''),
                 ('customer_care', 'refresh_care', ''),
                 ('survey_answer', 'refresh_answer', ''),
                 ('survey_answer', 'refresh_answer_change', ', sign integer'),
                 ('survey_day', 'refresh_survey_day', ''),
                 ('voice_month', 'refresh_voice_month', ''), ('survey_due', 'refresh_due', ''),
                 ('coverage_month', 'refresh_coverage', ''),
                 ('worklist', 'refresh_worklist', ''), ('worklist', 'refresh_told', '')) w
    CROSS JOIN unnest(crmcost._shipped_columns(w.target)) AS s (name)
    -- as it is now: the snapshot may have one, too, that somebody has dropped since
    JOIN pg_attribute a
      ON a.attrelid = to_regclass(format('%I.%I', ledger, w.target))
         AND a.attname = s.name AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    LEFT JOIN pg_namespace n ON n.oid = l.collnamespace
    GROUP BY w.work_table, w.place
  LOOP
    EXECUTE format('CREATE TEMPORARY TABLE %I (%s) ON COMMIT DROP',
                   wanted.work_table, wanted.columns);
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._make_new_tables(name) IS
  'Makes the temporary tables that have the columns of tables that refresh writes.';

CREATE FUNCTION crmcost._written_tables() RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{acquisition_month, agent_cost_month, agent_month,
         agent_score, alert_state, campaign_result, care_month,
         cart_item, case_backlog, category_lineage, channel_lineage,
         churn_month, churn_reason_month, classification, clv_model,
         cohort_quality, contact_month, conversion, cost_day,
         cost_month, cost_pool, cost_trend, coverage_month,
         credit_month, customer_acquisition, customer_agent,
         customer_care, customer_class, customer_coverage,
         customer_driver, customer_favourite, customer_funnel,
         customer_life, customer_month, customer_occasion,
         customer_order, customer_product, customer_quality,
         customer_response, customer_score, customer_signal,
         customer_stage, customer_survey, customer_touch,
         customer_value, customer_winback, customer_year, day_total,
         demand_line, discount_line, driver_before, exposure_month,
         funnel_month, group_forecast, group_month, group_size,
         kept_snapshot, lead_chance, lead_coefficient, lead_feature,
         lead_model, loyalty_account, loyalty_decile, loyalty_member,
         loyalty_schedule, loyalty_total, model_calibration, need_tag,
         need_total, open_journey, posted_cost, potential_cell,
         product_case_month, product_next, product_pair,
         product_price, product_sold_month, product_total,
         quality_finding, reason_month, response_curve,
         retention_month, rfm_cell, sale_month, service_case,
         service_contact, service_cost_month, service_month,
         stage_day, stage_flow_month, stage_spell, stage_total,
         strategy_total, survey_answer, survey_day, survey_due,
         survival_comparison, survival_curve, survival_group,
         tag_month, tier_agent, tier_breach, tier_contact,
         tier_cost_month, tier_month, tier_move, tier_threshold,
         verdict_total, voice_month, whale_point,
         winback_total, worklist}'::text[];

COMMENT ON FUNCTION crmcost._written_tables() IS
  'Names of the tables that refresh writes by their difference.';

CREATE FUNCTION crmcost._work_tables() RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{refresh_written, refresh_party, refresh_customer,
         refresh_month, refresh_cost_month, refresh_differing, refresh_line,
         refresh_read, refresh_contact, refresh_order, refresh_bought,
         refresh_sold, refresh_sale_sum, refresh_order_news,
         refresh_activity, refresh_entity,
         refresh_converted, refresh_path,
         refresh_conversion_news, refresh_credit_month, refresh_part,
         refresh_lineage,
         refresh_post, refresh_home, refresh_share, refresh_served,
         refresh_service, refresh_pool, refresh_group,
         refresh_outcome, refresh_now, refresh_borne, refresh_wanted,
         refresh_driver, refresh_blend_part, refresh_limited,
         refresh_cumulated, refresh_quantity, refresh_block,
         refresh_driver_sum, refresh_flow,
         refresh_contact_agent, refresh_cost_before, refresh_cost_change,
         refresh_contact_sum, refresh_changed,
         refresh_reply, refresh_purchase,
         refresh_alive, refresh_clv, refresh_calibrated, refresh_ranking,
         refresh_pair, refresh_top, refresh_price,
         refresh_stage_customer, refresh_stage,
         refresh_stage_pair, refresh_life, refresh_tier_month, refresh_class_customer,
         refresh_tier_row, refresh_tier_least, refresh_tier_total,
         refresh_tier_range,
         refresh_tier_bound,
         refresh_held, refresh_tier_sum,
         refresh_value_before, refresh_segment_before,
         refresh_class_before, refresh_moved, refresh_tiered,
         refresh_figure, refresh_buyer,
         refresh_stage_sum, refresh_member_customer, refresh_member,
         refresh_tier_agent, refresh_tier_contact,
         refresh_tier_breach, refresh_agent_score,
         refresh_funnel_event, refresh_funnel, refresh_acquisition,
         refresh_best_customer, refresh_referral,
         refresh_campaign_member, refresh_campaign_sum, refresh_lead,
         refresh_lead_model, refresh_case, refresh_case_month,
         refresh_hours, refresh_service_event, refresh_service_work,
         refresh_service_pool, refresh_service_rate, refresh_care,
         refresh_answer, refresh_answer_change, refresh_survey_day,
         refresh_voice_month, refresh_due, refresh_coverage,
         refresh_loyalty_customer, refresh_points, refresh_account,
         refresh_spell, refresh_stage_change, refresh_survival,
         refresh_logrank, refresh_signal_customer, refresh_worklist, refresh_told,
         refresh_worklist_base, refresh_worklist_past,
         refresh_worklist_live, refresh_worklist_found,
         refresh_worklist_customer, refresh_candidate,
         refresh_delta, refresh_model}'::text[];

COMMENT ON FUNCTION crmcost._work_tables() IS
  'Names of the temporary tables of a refresh.';

-- Of one computation after another in a transaction, the second finds them empty.
CREATE FUNCTION crmcost._clear_work_tables() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE (SELECT 'TRUNCATE ' || string_agg(format('pg_temp.%I', c.relname), ', ')
           FROM pg_class c
           WHERE c.relnamespace = pg_my_temp_schema() AND c.relkind = 'r'
                 AND c.relname = ANY (crmcost._work_tables()));
END
$$;

COMMENT ON FUNCTION crmcost._clear_work_tables() IS
  'Empties the temporary tables of a refresh.';

-- Each relation that goes is told to each plan of the session, of which a refresh
-- has made some thousands: that takes a seventh of the time of one of a small
-- ledger, and none where plans are made anew.
CREATE FUNCTION crmcost._forget_plans() RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'memory__forget_plans';

COMMENT ON FUNCTION crmcost._forget_plans() IS
  'Has the plans that this session keeps made anew when they are used again.';

-- The names are those of refresh, but a session may have used one for a view.
CREATE FUNCTION crmcost._drop_temporary(names text[]) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  statement text;
BEGIN
  FOR statement IN
    SELECT format('DROP %s %s', f.kind, string_agg(f.relation::text, ', '))
    FROM (SELECT c.oid::regclass AS relation,
                 CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE'
                   WHEN 'i' THEN 'INDEX' WHEN 'c' THEN 'TYPE' ELSE 'TABLE'
                 END AS kind
          FROM pg_class c
          WHERE c.relnamespace = pg_my_temp_schema()
                AND (c.relname = ANY (names)
                     OR c.relname LIKE 'refresh\_new\_%')) f
    GROUP BY f.kind
  LOOP
    PERFORM crmcost._forget_plans();
    EXECUTE statement;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._drop_temporary(text[]) IS
  'Drops the temporary relations of these names, where there are any.';
