-- What the steps of a refresh hand on, in the order of the flow.  All of it is
-- temporary, and goes with the transaction; nothing else is shared but the run.
--
-- What a refresh is about, the first argument of every step.
CREATE TYPE crmcost._run AS (
  ledger name,
  upto timestamptz,         -- facts before it count
  day date,                 -- the report day
  zone text,
  open_month date,          -- first month after the closed ones, or -infinity
  scenario text,            -- set of allocation rules, NULL for the books
  plan text,                -- scenario of plans in place of what was booked
  whole boolean,            -- compute everything, or what changed
  upto_before timestamptz   -- the same of the refresh before, NULL without
);

COMMENT ON TYPE crmcost._run IS
  'What a refresh is about, handed to each of its steps.';

-- It may run before what is of the ledger's owner may (see _run_as_owner): so it
-- reads the catalog, and no relation of the ledger.
CREATE FUNCTION crmcost._make_work_tables(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM crmcost._drop_temporary(crmcost._work_tables());
  PERFORM crmcost._make_fact_tables();
  PERFORM crmcost._make_order_tables();
  PERFORM crmcost._make_journey_tables();
  PERFORM crmcost._make_cost_tables();
  PERFORM crmcost._make_month_tables();
  PERFORM crmcost._make_value_tables();
  PERFORM crmcost._make_model_tables();
  PERFORM crmcost._make_stage_tables();
  PERFORM crmcost._make_life_tables();
  PERFORM crmcost._make_class_tables();
  PERFORM crmcost._make_group_tables();
  PERFORM crmcost._make_figure_tables();
  PERFORM crmcost._make_detail_tables();
  PERFORM crmcost._make_acquisition_tables();
  PERFORM crmcost._make_service_tables();
  PERFORM crmcost._make_loyalty_tables();
  PERFORM crmcost._make_worklist_tables();
  PERFORM crmcost._make_new_tables(ledger);
END
$$;

COMMENT ON FUNCTION crmcost._make_work_tables(name) IS
  'Makes the temporary tables that the steps of a refresh share.';

CREATE FUNCTION crmcost._make_fact_tables() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- what was written
  CREATE TEMPORARY TABLE refresh_written (
    target text, rows_changed bigint
  ) ON COMMIT DROP;

  -- news: whom and which months it is about, since when, and from which day on all of
  -- his lines are read; parties that a merger took away
  CREATE TEMPORARY TABLE refresh_party (
    customer_id bigint PRIMARY KEY, party_id bigint NOT NULL
  ) ON COMMIT DROP;
  CREATE INDEX ON refresh_party (party_id);
  CREATE TEMPORARY TABLE refresh_customer (
    customer_id bigint PRIMARY KEY, of_contacts boolean NOT NULL DEFAULT false,
    since date NOT NULL DEFAULT '-infinity',
    lines_from date NOT NULL DEFAULT '-infinity'
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_month (
    month_start date PRIMARY KEY
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_cost_month (
    month_start date PRIMARY KEY
  ) ON COMMIT DROP;
  -- months in which tables by customer differ from what they were
  CREATE TEMPORARY TABLE refresh_differing (
    target name, month_start date
  ) ON COMMIT DROP;

  -- line: sale lines of these customers and months; own_id is the number of a
  -- line that is an order of its own, else 0
  CREATE TEMPORARY TABLE refresh_line (
    customer_id bigint, month_start date, sold_on date, sold_at timestamptz,
    sale_id bigint, source text COLLATE "C", order_ref text COLLATE "C",
    own_id bigint, is_refund boolean, is_purchase boolean,
    product_code text COLLATE "C", channel_code text COLLATE "C",
    campaign_code text COLLATE "C", currency text, amount numeric,
    quantity numeric, base_amount numeric, base_margin numeric, base_discount numeric,
    base_cogs numeric
  ) ON COMMIT DROP;

  -- line, too, after news order: the contacts of these customers and months; minutes
  -- are standard time, where it was not measured; tags those that may say the channel,
  -- need_tags those that say what a customer needs
  CREATE TEMPORARY TABLE refresh_contact (
    customer_id bigint, month_start date, occurred_on date,
    occurred_at timestamptz, interaction_id bigint, kind text, subtype text,
    channel_code text, campaign_code text, product_code text, agent_code text,
    automated boolean, n bigint, handle_seconds bigint, minutes numeric,
    score numeric, is_technical boolean, tags jsonb, need_tags jsonb,
    phase text, source text, case_ref text, first_response_at timestamptz,
    resolved_at timestamptz, due_at timestamptz, team text, service_level text,
    reason_code text
  ) ON COMMIT DROP;
END
$$;

COMMENT ON FUNCTION crmcost._make_fact_tables() IS
  'Makes the work tables of facts: news, lines and contacts.';

CREATE FUNCTION crmcost._make_journey_tables() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- journey: whose touches count for the customers with news, and since when, with
  -- what is of all his entity, and what his first order was worth; conversions that
  -- the store has since then; ends of journeys with their touches, in the columns of
  -- conversion; conversions that differ, with their months and those
  -- of touches that do; months whose conversions, or else open journeys alone, are
  -- credited anew
  CREATE TEMPORARY TABLE refresh_entity (
    customer_id bigint PRIMARY KEY, entity_id bigint NOT NULL,
    acquired_at timestamptz, is_nobody boolean NOT NULL, since date NOT NULL,
    won_at timestamptz, ordered_at timestamptz, is_early boolean NOT NULL,
    value numeric NOT NULL, margin numeric NOT NULL
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_converted (
    customer_id bigint, conversion_kind text COLLATE "C",
    source text COLLATE "C", order_ref text COLLATE "C", sale_id bigint
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_conversion_news (
    conversion_kind text COLLATE "C", months date[], touch_months date[]
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_credit_month (
    month_start date, conversion_kind text COLLATE "C",
    of_conversions boolean NOT NULL, PRIMARY KEY (month_start, conversion_kind)
  ) ON COMMIT DROP;
END
$$;

COMMENT ON FUNCTION crmcost._make_journey_tables() IS
  'Makes the work tables of journeys.';

CREATE FUNCTION crmcost._make_cost_tables() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- cost: parts of entries; those that nobody caused alone, in pools, as
  -- posted_cost has them; pools; groups of pools, which one driver allocates at
  -- once
  CREATE TEMPORARY TABLE refresh_part (
    month_start date, cost_id bigint, incurred_on date, booked_month date,
    cost_on date, until_on date, category_code text, bucket text,
    resource text, channel_code text, campaign_code text, product_code text,
    unit text, customer_id bigint, quantity numeric, amount numeric,
    is_first boolean, agent_code text
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_lineage (
    code text, ancestor text, distance integer
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_post (
    month_start date, cost_id bigint, incurred_on date, booked_month date,
    category_code text, bucket text, rule_id bigint, service_category text,
    amount numeric, driver text, scope text, pool_key text NOT NULL DEFAULT '',
    spend_month date
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_home (
    month_start date, category_code text, service_category text
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_share (
    from_category text, to_category text, to_service boolean, share numeric
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_served (
    month_start date, cost_id bigint, incurred_on date, booked_month date,
    category_code text, bucket text, rule_id bigint, service_category text,
    amount numeric
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_service (
    month_start date, service_category text, to_category text,
    proportion numeric
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_pool (
    month_start date, bucket text, rule_id bigint, service_category text,
    driver text, driver_key text, cost numeric, capacity numeric,
    group_id integer, scope text, pool_key text, spend_month date
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_group (
    group_id integer, month_start date, bucket text, driver_key text,
    capacity numeric, cost numeric, scale integer, driver_quantity numeric,
    customers bigint, unused_cost numeric, total numeric,
    after_remainder numeric, after_customer bigint, upto_remainder numeric,
    upto_customer bigint, is_found boolean
  ) ON COMMIT DROP;

  CREATE TEMPORARY TABLE refresh_outcome (
    month_start date, cost_id bigint, incurred_on date, booked_month date,
    category_code text, bucket text, rule_id bigint, service_category text,
    amount numeric, cost_before numeric, allocated boolean,
    unused_cost numeric, pool_key text, spend_month date, unconverted boolean
  ) ON COMMIT DROP;
END
$$;

COMMENT ON FUNCTION crmcost._make_cost_tables() IS
  'Makes the work tables of cost: parts, pools and groups.';

CREATE FUNCTION crmcost._make_month_tables() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- month: one month of customers; what each bears of its groups; drivers that
  -- the month of a customer does not hold, sums of the parts of blends, and what
  -- happened in the limits of the rules; and up to each month's end, what tiers
  -- follow; in a distributed ledger quantities of months, blocks of remainders, and
  -- sums of drivers by shard
  CREATE TEMPORARY TABLE refresh_now (
    customer_id bigint, month_start date, acquired boolean,
    orders bigint, sale_lines bigint, revenue numeric, margin numeric,
    discount numeric, refund numeric, interactions bigint,
    handle_seconds bigint, standard_minutes numeric
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_borne (
    customer_id bigint, group_id integer, parts numeric[], unused numeric
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_wanted (
    driver_key text, driver text, scope text, kind text, spend_month date
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_driver (
    driver_key text, customer_id bigint, quantity numeric
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_blend_part (
    driver_key text, quantity numeric
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_limited (
    customer_id bigint, scope text, revenue numeric, margin numeric,
    orders bigint, active integer, contacts numeric, seconds numeric,
    acquired integer
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_cumulated (
    customer_id bigint, orders bigint, revenue numeric, value numeric,
    last_ordered_on date, answers text[]
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_quantity (
    month_start date, keys text[], customers bigint[], quantities numeric[],
    totals numeric[], counts bigint[]
  ) ON COMMIT DROP;
  -- to compress them takes longer than what they are read for
  ALTER TABLE pg_temp.refresh_quantity ALTER customers SET STORAGE EXTERNAL,
    ALTER quantities SET STORAGE EXTERNAL;
  CREATE TEMPORARY TABLE refresh_block (
    month_start date, group_id integer, given numeric, ahead bigint,
    slack integer, remainder numeric, customer_id bigint, participants integer
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_driver_sum (
    month_start date, driver_key text, shard integer, quantity numeric
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_flow (
    month_start date, shard integer, new_customers numeric,
    active_customers numeric, revenue numeric, margin numeric, orders numeric,
    interactions numeric, handle_time numeric
  ) ON COMMIT DROP;
END
$$;

COMMENT ON FUNCTION crmcost._make_month_tables() IS
  'Makes the work tables of a month of customers.';

CREATE FUNCTION crmcost._make_value_tables() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- cost, of customers without news: what they cost in months before these are
  -- written
  CREATE TEMPORARY TABLE refresh_cost_before (
    customer_id bigint, acquisition_cost numeric, retention_cost numeric,
    service_cost numeric, churn_cost numeric, data_cost numeric,
    training_cost numeric, program_cost numeric,
    acquisition_direct_cost numeric, direct_cost numeric,
    allocated_cost numeric
  ) ON COMMIT DROP;

  -- value: by how much that changed, of how many more months; whose sums are made
  -- anew, and the contacts of these customers, by who handled them and in all
  CREATE TEMPORARY TABLE refresh_cost_change (
    customer_id bigint, months bigint, acquisition_cost numeric,
    retention_cost numeric, service_cost numeric, churn_cost numeric,
    data_cost numeric, training_cost numeric, program_cost numeric,
    acquisition_direct_cost numeric, direct_cost numeric,
    allocated_cost numeric
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_contact_agent (
    customer_id bigint, agent_code text, interactions bigint, contacts bigint,
    automated bigint, handle_seconds bigint, last_contact_at timestamptz
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_contact_sum (
    customer_id bigint PRIMARY KEY, interactions bigint,
    handle_seconds bigint, open_cases bigint, last_contact_at timestamptz,
    last_contact_kind text, last_contact_channel text, survey_answers bigint,
    survey_score numeric, survey_satisfied bigint
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_changed (
    customer_id bigint PRIMARY KEY
  ) ON COMMIT DROP;
  -- value, too: what was asked and answered in refresh_contact, whoever reads it
  CREATE TEMPORARY TABLE refresh_reply (
    customer_id bigint, survey text, occurred_on date, own_id bigint,
    month_start date, occurred_at timestamptz, channel_code text,
    campaign_code text, product_code text, agent_code text, reason_code text,
    n bigint, score numeric, verdict text, is_csat boolean,
    answer_within integer
  ) ON COMMIT DROP;
END
$$;

COMMENT ON FUNCTION crmcost._make_value_tables() IS
  'Makes the work tables of customers: values and contacts.';

CREATE FUNCTION crmcost._make_model_tables() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- clv: days with an order, as the models take them (time in weeks); what the
  -- model of purchases expects of who is alive; and what the models say
  CREATE TEMPORARY TABLE refresh_purchase (
    customer_id bigint, frequency float8, recency float8, age float8,
    monetary_value numeric, revenue numeric, margin numeric,
    last_ordered_on date
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_alive (
    frequency float8, age float8, purchases float8, discounted float8
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_clv (
    customer_id bigint, p_alive float8, expected_purchases float8,
    expected_value numeric, clv_formula numeric, clv_predictive numeric,
    year_margin numeric
  ) ON COMMIT DROP;

  -- calibration: what customers ordered before a hold-out, and in it
  CREATE TEMPORARY TABLE refresh_calibrated (
    customer_id bigint, class integer, frequency float8, recency float8,
    age float8, actual float8
  ) ON COMMIT DROP;

  -- score, member: ranks by profit on a worker, which come from all
  CREATE TEMPORARY TABLE refresh_ranking (
    customer_id bigint, profit_rank bigint, cumulative_profit numeric,
    twice_rank bigint, twice_rank_of_members bigint,
    twice_rank_of_leads bigint
  ) ON COMMIT DROP;

  -- statistics: what came and went; the most ordered products, before and now
  CREATE TEMPORARY TABLE refresh_pair (
    product_code text COLLATE "C", other_product_code text COLLATE "C",
    orders bigint
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_top (
    product_code text COLLATE "C" PRIMARY KEY, was boolean, is_now boolean
  ) ON COMMIT DROP;
  -- statistics, too: what was bought at which prices, by product and tiers
  CREATE TEMPORARY TABLE refresh_price (
    product_code text COLLATE "C", tiers text[], quantity numeric,
    amount numeric, lowest_price numeric, highest_price numeric,
    prices float8[], quantities float8[]
  ) ON COMMIT DROP;
  CREATE INDEX ON refresh_price (product_code);
END
$$;

COMMENT ON FUNCTION crmcost._make_model_tables() IS
  'Makes the work tables of models and statistics.';

CREATE FUNCTION crmcost._make_stage_tables() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- stage: whose stages may have changed, the stages that the rule gives, what was
  -- ordered by the stages that orders found and left, the times in a stage, and from
  -- when to when somebody was a customer
  CREATE TEMPORARY TABLE refresh_stage_customer (
    customer_id bigint PRIMARY KEY
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_stage (
    customer_id bigint, entered_at timestamptz, code text, evidence jsonb
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_stage_pair (
    customer_id bigint, stage_before text COLLATE "C",
    stage_after text COLLATE "C", orders bigint, revenue numeric,
    margin numeric
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_spell (
    customer_id bigint, entered_at timestamptz, month_start date,
    entered_on date, left_on date, stage text COLLATE "C",
    stage_before text COLLATE "C", days_before integer, by_rule boolean,
    reason_code text COLLATE "C", reason_inferred boolean,
    channel_code text COLLATE "C"
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_life (
    customer_id bigint, began_on date, churned_on date,
    channel_code text COLLATE "C"
  ) ON COMMIT DROP;
END
$$;

COMMENT ON FUNCTION crmcost._make_stage_tables() IS
  'Makes the work tables of stages: lives and what follows from them.';

CREATE FUNCTION crmcost._make_life_tables() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- cycle: who came into which stage, and went (less than none), by channel and
  -- day; who moved from stage to stage in which month, the same by channel (stepped),
  -- for which reason (told), and who was no customer any more at its end (lost)
  CREATE TEMPORARY TABLE refresh_stage_change (
    kind text, stage text COLLATE "C", channel_code text COLLATE "C", day date,
    month_start date, stage_before text COLLATE "C", days_before integer,
    reason_code text COLLATE "C", reason_inferred boolean, customers bigint,
    age bigint
  ) ON COMMIT DROP;
  -- stay: curves and tests
  CREATE TEMPORARY TABLE refresh_survival (
    dimension text COLLATE "C", code text COLLATE "C", customers bigint,
    churned bigint, points crmcost.survival_point[]
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_logrank (
    dimension text COLLATE "C", groups bigint, customers bigint,
    churned bigint, test crmcost.logrank_test, parts crmcost.logrank_group[]
  ) ON COMMIT DROP;
  -- signal: whose signals may have changed
  CREATE TEMPORARY TABLE refresh_signal_customer (
    customer_id bigint PRIMARY KEY
  ) ON COMMIT DROP;
END
$$;

COMMENT ON FUNCTION crmcost._make_life_tables() IS
  'Makes the work tables of lives and signals.';

CREATE FUNCTION crmcost._make_class_tables() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- tier: months that are done; new rows, with the answer before; of the last
  -- month the least values by tier; what becomes refresh_cumulated; and how many
  -- customers have values in a range, where bounds are found first, and which ones
  CREATE TEMPORARY TABLE refresh_tier_month (
    month_start date PRIMARY KEY
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_class_customer (
    customer_id bigint, dimension text, PRIMARY KEY (customer_id, dimension)
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_tier_row (
    customer_id bigint, dimension text, entered_at timestamptz, code text,
    evidence jsonb, before text
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_tier_least (
    scheme text, code text, value numeric
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_tier_total (
    customer_id bigint, orders bigint, revenue numeric, value numeric,
    last_ordered_on date, answers text[]
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_tier_range (
    measure text, lower numeric, upper numeric, customers bigint,
    amount numeric
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_tier_bound (
    name text, measure text, part float8, share numeric
  ) ON COMMIT DROP;
END
$$;

COMMENT ON FUNCTION crmcost._make_class_tables() IS
  'Makes the work tables of tiers.';

CREATE FUNCTION crmcost._make_group_tables() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- tier_month: which tier held at the end of which months, and where it began in the
  -- first of these, the one before; who left for none has a row for no month; sums
  -- of the tiers and what they had of the drivers
  CREATE TEMPORARY TABLE refresh_held (
    customer_id bigint, scheme text, tier text, from_month date,
    before_month date, tier_before text
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_tier_sum (
    month_start date, scheme text, tier text, active_customers bigint,
    acquired bigint, orders bigint, revenue numeric, margin numeric,
    discount numeric, interactions bigint, handle_seconds bigint,
    acquisition_cost numeric, retention_cost numeric, service_cost numeric,
    churn_cost numeric, data_cost numeric, training_cost numeric,
    program_cost numeric, driver_revenue numeric, driver_margin numeric,
    driver_orders numeric, driver_interactions numeric,
    driver_handle_time numeric
  ) ON COMMIT DROP;

  -- group: in which groups customers were before the steps value, score and
  -- class, as far as these may change it; who went from one to another
  CREATE TEMPORARY TABLE refresh_value_before (
    customer_id bigint PRIMARY KEY, channel_code text, acquired_on date,
    first_ordered_on date, is_technical boolean, last_contact_at timestamptz
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_segment_before (
    customer_id bigint PRIMARY KEY, segment text
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_class_before (
    customer_id bigint, dimension text, code text, since timestamptz,
    PRIMARY KEY (customer_id, dimension)
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_moved (
    customer_id bigint, dimension text, code_before text, cohort_before date,
    code text, cohort_month date
  ) ON COMMIT DROP;

  -- total: what buyers of products, and orders between stages, came and went
  CREATE TEMPORARY TABLE refresh_buyer (
    product_code text COLLATE "C", buyers bigint
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_stage_sum (
    stage_before text COLLATE "C", stage_after text COLLATE "C",
    customers bigint, orders bigint, revenue numeric, margin numeric
  ) ON COMMIT DROP;
END
$$;

COMMENT ON FUNCTION crmcost._make_group_tables() IS
  'Makes the work tables of groups.';

CREATE FUNCTION crmcost._make_detail_tables() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- detail: whose contacts, discounts, tiers or owners may have changed; tier and
  -- owner before (-1) and now (1); what came and went of the sums by tier
  CREATE TEMPORARY TABLE refresh_member_customer (
    customer_id bigint PRIMARY KEY
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_member (
    sign integer, customer_id bigint, scheme text COLLATE "C",
    tier text COLLATE "C", owner text COLLATE "C", since timestamptz
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_tier_agent (
    scheme text COLLATE "C", tier text COLLATE "C",
    agent_code text COLLATE "C", customers bigint, interactions bigint,
    automated bigint, handle_seconds bigint
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_tier_contact (
    scheme text COLLATE "C", tier text COLLATE "C", contacted_on date,
    customers bigint
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_tier_breach (
    scheme text COLLATE "C", tier text COLLATE "C", discount_limit numeric,
    customers bigint, discounts bigint, sale_lines bigint
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_agent_score (
    agent_code text COLLATE "C", answers bigint, score numeric
  ) ON COMMIT DROP;
END
$$;

COMMENT ON FUNCTION crmcost._make_detail_tables() IS
  'Makes the work tables of contacts and discounts by tier.';

CREATE FUNCTION crmcost._make_acquisition_tables() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- funnel: what takes the customers with news into steps of funnels
  CREATE TEMPORARY TABLE refresh_funnel_event (
    customer_id bigint, funnel text COLLATE "C", position integer,
    month_start date, at timestamptz, channel_code text COLLATE "C"
  ) ON COMMIT DROP;

  -- acquisition: whose tiers are looked at; who was recommended by whom, 2 to the
  -- round steps away
  CREATE TEMPORARY TABLE refresh_best_customer (
    customer_id bigint, party_id bigint
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_referral (
    customer_id bigint, referrer_id bigint, round integer
  ) ON COMMIT DROP;

  -- campaign: the campaigns of the customers with news; what came and went of the
  -- sums
  CREATE TEMPORARY TABLE refresh_campaign_member (
    customer_id bigint, campaign_code text COLLATE "C", role text COLLATE "C",
    assigned_at timestamptz, before_at timestamptz
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_campaign_sum (
    campaign_code text COLLATE "C", role text COLLATE "C", assigned_on date,
    members bigint, acted bigint, ordered bigint, acquired bigint,
    revenue numeric
  ) ON COMMIT DROP;

  -- lead: leads whose end is known, and the model that learns from them
  CREATE TEMPORARY TABLE refresh_lead (
    customer_id bigint, won boolean, held_out boolean, features float8[]
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_lead_model (
    one boolean, status text COLLATE "C", message text, leads bigint,
    conversions bigint, holdout_leads bigint, holdout_conversions bigint,
    holdout_auc numeric, model crmcost.logit
  ) ON COMMIT DROP;
END
$$;

COMMENT ON FUNCTION crmcost._make_acquisition_tables() IS
  'Makes the work tables of funnels, acquisitions and campaigns.';

CREATE FUNCTION crmcost._make_service_tables() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- case: business hours of teams with the open seconds before each stretch;
  -- months of cases and work that differ from the store.  refresh_case and
  -- refresh_service_work are as the tables are.
  CREATE TEMPORARY TABLE refresh_hours (
    team text COLLATE "C", opens_at timestamptz, closes_at timestamptz,
    seconds_before numeric, PRIMARY KEY (team, opens_at)
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_case_month (
    month_start date PRIMARY KEY
  ) ON COMMIT DROP;

  -- service: what happened with cases in the months to be summed up; cost by what
  -- it was booked with, and what a second and a contact bear of it
  CREATE TEMPORARY TABLE refresh_service_event (
    customer_id bigint, month_start date, opened bigint, responded bigint,
    response_told bigint, response_met bigint, response_seconds numeric,
    closed bigint, resolution_told bigint, resolution_met bigint,
    first_contact bigint, resolutions bigint, reopened bigint, due bigint,
    due_met bigint, seconds numeric, open_seconds numeric,
    channel_code text COLLATE "C", product_code text COLLATE "C",
    team text COLLATE "C", service_level text COLLATE "C",
    kind text COLLATE "C", agent_code text COLLATE "C", phase text COLLATE "C"
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_service_pool (
    month_start date, channel_code text COLLATE "C",
    product_code text COLLATE "C", cost numeric, seconds numeric,
    contacts numeric
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_service_rate (
    month_start date, channel_code text COLLATE "C",
    product_code text COLLATE "C", second_rate numeric, contact_rate numeric,
    PRIMARY KEY (month_start, channel_code, product_code)
  ) ON COMMIT DROP;
END
$$;

COMMENT ON FUNCTION crmcost._make_service_tables() IS
  'Makes the work tables of cases and what they cost.';

CREATE FUNCTION crmcost._make_loyalty_tables() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- loyalty: whose points are gone through; their entries, with the name of the lot
  -- that they are, or are taken back of; what became of the points
  CREATE TEMPORARY TABLE refresh_loyalty_customer (
    customer_id bigint PRIMARY KEY
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_points (
    customer_id bigint, program_code text COLLATE "C", occurred_at timestamptz,
    kind text, points numeric, expires_at timestamptz,
    available_at timestamptz, lot text COLLATE "C",
    order_ref text COLLATE "C", gives_back boolean, lot_order text COLLATE "C",
    name text COLLATE "C" GENERATED ALWAYS AS (
      crmcost._lot_name(kind, lot, order_ref, lot_order)) STORED
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_account (
    customer_id bigint, program_code text COLLATE "C", entries bigint,
    first_entry_on date, last_active_on date, earned numeric,
    adjusted numeric, redeemed numeric, reversed numeric, nameless bigint,
    account crmcost._points_account, schedule crmcost.points_expiry[]
  ) ON COMMIT DROP;
END
$$;

COMMENT ON FUNCTION crmcost._make_loyalty_tables() IS
  'Makes the work tables of points.';

CREATE FUNCTION crmcost._make_worklist_tables() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- worklist: what reasons ask of customers; when they were dealt with; rows that
  -- are looked at, and what is found of them; what is known of who is on the list;
  -- who may come onto it.  refresh_worklist is as the table is, and so is refresh_told,
  -- what comes onto it.
  CREATE TEMPORARY TABLE refresh_worklist_base (
    customer_id bigint, first_ordered_on date, last_ordered_on date,
    order_days bigint, orders bigint, margin numeric, profit numeric,
    last_contact_at timestamptz, last_contact_channel text COLLATE "C",
    stage text COLLATE "C", stage_since timestamptz, potential numeric,
    p_alive float8
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_worklist_past (
    customer_id bigint, reason text COLLATE "C", last_due_on date,
    ended_on date
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_worklist_live (
    worklist_id bigint, customer_id bigint, reason text COLLATE "C"
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_worklist_found (
    worklist_id bigint, due_on date, action text,
    channel_code text, product_code text, priority smallint, value numeric,
    expected_value numeric, evidence jsonb
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_worklist_customer (
    customer_id bigint PRIMARY KEY, priorities smallint[], is_held boolean,
    is_nobody boolean
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_candidate (
    customer_id bigint, reason text COLLATE "C", due_on date,
    priority smallint, expected_value numeric, is_held boolean
  ) ON COMMIT DROP;
END
$$;

COMMENT ON FUNCTION crmcost._make_worklist_tables() IS
  'Makes the work tables of the worklist.';
