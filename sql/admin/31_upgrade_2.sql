-- From schema version 1 to 2: the store.  Facts and configuration gain columns,
-- the tables that refresh computes are others.  What cannot be computed again is
-- kept: the figures of closed months, snapshots, models, the log of refresh, and
-- classification.  All else is computed as of the last refresh, so that reports
-- are there when the upgrade is done (sql/refresh/80_upgrade.sql).
CREATE FUNCTION crmcost._upgrade_to_2(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  views CONSTANT text[] := '{accrued_cost,acquisition_balance,budget_variance,channel_cac,
                             clv_by_stage,cost,cost_by_month,cost_driver,cost_flow,
                             customer_360,customer_classification,customer_clv,
                             customer_cost,customer_mix,customer_preference,
                             customer_profit,customer_profit_by_month,customer_rfm,
                             customer_tier,data_quality,driver_quantity,kpi,last_refresh,
                             plan_actual,plan_base,price_floor,price_sensitivity,
                             product_affinity,profit_by_channel,profit_by_month,
                             profit_by_product,profit_by_segment,profit_by_tier,
                             programme_roi,programme_tco,purchase_habit,sale_base,
                             tier_budget,tier_cost,tier_resource,whale_curve}';
  present text[];
  granted text[];
  detail text;
  message text;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  UPDATE setting SET value = 2 WHERE key = 'schema_version';
  present := ARRAY(SELECT c.relname FROM pg_class c
                   WHERE c.relnamespace = format('%I', ledger)::regnamespace
                         AND c.relkind IN ('r', 'p', 'v')
                         AND c.relname <> 'customer_snapshot');
  granted := crmcost._granted(ledger, views || 'customer_snapshot'::text);
  PERFORM crmcost._drop_views(ledger, views);
  -- so that a lock that is not to be had is missed before the work, not in its midst
  PERFORM crmcost._lock_all_tables(ledger);
  BEGIN
    PERFORM crmcost._add_translations(ledger);
    PERFORM crmcost._make_missing_tables(ledger);
    PERFORM crmcost._alter_tables_to_2(ledger);
    PERFORM crmcost._add_fact_columns(ledger);
    PERFORM crmcost._widen_customer_month(ledger);
    PERFORM crmcost._renew_comments(ledger);
  EXCEPTION WHEN dependent_objects_still_exist OR feature_not_supported THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL,
                            message = MESSAGE_TEXT;
    RAISE EXCEPTION 'tables of ledger "%" cannot be changed: others depend on them',
                    ledger
      USING ERRCODE = 'dependent_objects_still_exist',
            DETAIL = coalesce(nullif(detail, ''), message),
            HINT = 'Drop what depends on them, upgrade, and make it again.';
  END;
  PERFORM crmcost._renew_partitions(ledger);
  PERFORM crmcost._add_capture(ledger);
  PERFORM crmcost._renew_views(ledger);
  PERFORM crmcost._grant_again(ledger, granted);
  PERFORM crmcost._grant_new(ledger, present);
END
$$;

COMMENT ON FUNCTION crmcost._upgrade_to_2(name) IS
  'Brings a ledger of schema version 1 to version 2.';

-- The statements of the sources, each with the table that it is about; those
-- about something else are left out.
CREATE FUNCTION crmcost._statements(part text)
  RETURNS TABLE (relation text, statement text)
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
    SELECT (regexp_match(
              s.statement,
              '^(?:CREATE TABLE|CREATE INDEX \w+\s+ON|INSERT INTO|COMMENT ON TABLE|COMMENT ON COLUMN) (\w+)'))[1],
           s.statement
    FROM regexp_split_to_table(
           ltrim(regexp_replace(crmcost._ledger_source(part), '^ *--.*$', '',
                                'gn'), E'\n'),
           ';\s*\n\s*') WITH ORDINALITY AS s (statement, n)
    WHERE s.statement ~ '^(CREATE TABLE|CREATE INDEX|INSERT INTO|COMMENT ON TABLE|COMMENT ON COLUMN) '
    ORDER BY s.n;
END
$$;

COMMENT ON FUNCTION crmcost._statements(text) IS
  'The statements of the sources of a ledger that are about a table, in their order.';

-- Their rows too, and the settings and categories that are new.
CREATE FUNCTION crmcost._make_missing_tables(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  missing text[];
  codes text[];
  statement text;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  ALTER TABLE customer_snapshot RENAME TO kept_snapshot;
  ALTER INDEX customer_snapshot_pkey RENAME TO kept_snapshot_pkey;
  ALTER INDEX customer_snapshot_as_of RENAME TO kept_snapshot_as_of;
  missing := ARRAY(SELECT t.name
                   FROM unnest(crmcost._ledger_relations('TABLE')) AS t (name)
                   WHERE to_regclass(t.name) IS NULL);
  SELECT array_agg(c.code) INTO codes FROM cost_category c;
  FOR statement IN
    SELECT s.statement FROM crmcost._statements('tables') s
    WHERE s.relation = ANY (missing)
    UNION ALL
    SELECT s.statement || CASE s.relation
                            WHEN 'setting' THEN ' ON CONFLICT (key) DO NOTHING'
                            WHEN 'cost_category'
                              THEN ' ON CONFLICT (code) DO NOTHING'
                            ELSE '' END
    FROM crmcost._statements('seed') s
    WHERE s.relation = ANY (missing || '{setting,cost_category}'::text[])
  LOOP
    EXECUTE statement;
  END LOOP;
  -- categories that the owner had done away with do not come back
  DELETE FROM cost_category c
    WHERE c.code <> ALL (codes)
          AND NOT (c.code LIKE 'svc.order%' AND 'svc' = ANY (codes));
END
$$;

COMMENT ON FUNCTION crmcost._make_missing_tables(name) IS
  'Makes the tables that a ledger of version 1 lacks, with their rows, and the settings and categories it lacks.';

-- The search path is the caller's, with the ledger first.
CREATE FUNCTION crmcost._alter_cost_tables_to_2() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  ALTER TABLE cost_pool
    ALTER COLUMN driver_quantity TYPE numeric(38,12),
    ADD COLUMN pool_key text NOT NULL DEFAULT '',
    ADD COLUMN spend_month date,
    DROP CONSTRAINT cost_pool_pkey,
    ADD PRIMARY KEY (month_start, bucket, rule_id, service_category, pool_key);
  ALTER TABLE customer_driver ALTER COLUMN quantity TYPE numeric(38,12);
  -- 0 until the closed months are filled (sql/refresh/80_upgrade.sql)
  ALTER TABLE posted_cost
    ADD COLUMN pool_key text NOT NULL DEFAULT '',
    ADD COLUMN spend_month date,
    DROP CONSTRAINT posted_cost_pkey,
    ADD PRIMARY KEY (month_start, cost_id, incurred_on, booked_month, rule_id,
                     service_category, pool_key),
    ADD COLUMN cost_before numeric(38,4) NOT NULL DEFAULT 0;
  ALTER TABLE posted_cost ALTER COLUMN cost_before DROP DEFAULT;
  ALTER TABLE customer_driver
    ADD COLUMN quantity_before numeric(38,12) NOT NULL DEFAULT 0;
  ALTER TABLE customer_driver ALTER COLUMN quantity_before DROP DEFAULT;
  ALTER TABLE closed_period ADD COLUMN money_scale integer;
END
$$;

COMMENT ON FUNCTION crmcost._alter_cost_tables_to_2() IS
  'Gives the tables of pools, drivers and closed months of version 1 the columns of version 2.';

-- The checks are those of a table made from the source today: no temporary one,
-- which may not be made as the owner of somebody else's ledger.  The search path is
-- the caller's, with the ledger first.
CREATE FUNCTION crmcost._add_checks(relation text) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  statement text;
BEGIN
  -- a key has an index, whose name is taken
  SELECT regexp_replace(
           replace(s.statement, 'CREATE TABLE ', 'CREATE TABLE crmcost_'),
           'CONSTRAINT \w+ UNIQUE', 'UNIQUE', 'g')
    INTO STRICT statement
    FROM crmcost._statements('tables') s
    WHERE s.statement LIKE format('CREATE TABLE %s %%', _add_checks.relation);
  EXECUTE statement;
  FOR statement IN
    SELECT format('ALTER TABLE %I ADD CONSTRAINT %I %s', relation, n.conname,
                  pg_get_constraintdef(n.oid))
    FROM pg_constraint n
    WHERE n.conrelid = to_regclass('crmcost_' || relation)
          AND n.contype = 'c'
          AND NOT EXISTS (SELECT FROM pg_constraint o
                          WHERE o.conrelid = to_regclass(relation)
                                AND o.conname = n.conname)
    ORDER BY n.conname
  LOOP
    EXECUTE statement;
  END LOOP;
  EXECUTE format('DROP TABLE %I', 'crmcost_' || relation);
END
$$;

COMMENT ON FUNCTION crmcost._add_checks(text) IS
  'Gives a table of a ledger the checks that it lacks.';

CREATE FUNCTION crmcost._alter_tables_to_2(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  PERFORM crmcost._add_checks(k.relation)
    FROM unnest('{setting,cost_category,channel,campaign,tier}'::text[])
      AS k (relation);
  ALTER TABLE customer
    ADD COLUMN merged_into bigint
      CONSTRAINT survivor_is_known REFERENCES customer (customer_id)
      CONSTRAINT survivor_is_another_customer
        CHECK (merged_into <> customer_id);
  ALTER TABLE plan
    ADD COLUMN at_least numeric(20,4)
      CONSTRAINT at_least_from_0_to_the_amount
        CHECK (at_least BETWEEN 0 AND amount),
    ADD COLUMN at_most numeric(20,4)
      CONSTRAINT at_most_not_below_the_amount
        CHECK (at_most >= amount AND at_most <> 'NaN'),
    ADD CONSTRAINT only_a_budget_has_bounds
      CHECK (kind = 'budget' OR num_nonnulls(at_least, at_most) = 0);
  ALTER TABLE allocation_rule
    DROP CONSTRAINT driver_is_known,
    DROP CONSTRAINT one_rule_a_pool_and_day,
    ADD COLUMN scenario text
      CONSTRAINT scenario_not_empty CHECK (scenario <> '');
  ALTER TABLE allocation_rule
    ADD CONSTRAINT driver_is_known FOREIGN KEY (driver)
      REFERENCES driver (code),
    ADD CONSTRAINT one_rule_a_pool_and_day
      EXCLUDE USING gist (
        code_range(category_code, category_code, '[]') WITH &&,
        code_range(scope, scope, '[]') WITH &&,
        code_range(coalesce(scenario, ''), coalesce(scenario, ''), '[]')
          WITH &&,
        valid WITH &&);
  PERFORM crmcost._alter_cost_tables_to_2();
END
$$;

COMMENT ON FUNCTION crmcost._alter_tables_to_2(name) IS
  'Gives tables of version 1 the columns and constraints of version 2.';

CREATE FUNCTION crmcost._add_fact_columns(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  ALTER TABLE cost_entry ADD COLUMN agent_code text;
  ALTER TABLE interaction
    ADD COLUMN attributes jsonb NOT NULL DEFAULT '{}'
      CONSTRAINT attributes_is_an_object
        CHECK (jsonb_typeof(attributes) = 'object')
      CONSTRAINT attributes_have_no_mail_address
        CHECK (strpos(attributes::text, '@') = 0),
    ADD COLUMN case_ref text
      CONSTRAINT case_ref_not_empty CHECK (case_ref <> '')
      CONSTRAINT case_ref_is_no_mail_address CHECK (strpos(case_ref, '@') = 0),
    ADD COLUMN first_response_at timestamptz
      CONSTRAINT first_response_at_is_finite
        CHECK (isfinite(first_response_at)),
    ADD COLUMN due_at timestamptz
      CONSTRAINT due_at_is_finite CHECK (isfinite(due_at)),
    ADD CONSTRAINT first_response_not_before_it_occurred
      CHECK (first_response_at >= occurred_at);
  ALTER TABLE loyalty_entry
    ADD COLUMN lot text CONSTRAINT lot_not_empty CHECK (lot <> '')
      CONSTRAINT lot_is_no_mail_address CHECK (strpos(lot, '@') = 0),
    ADD COLUMN order_ref text
      CONSTRAINT order_ref_not_empty CHECK (order_ref <> '')
      CONSTRAINT order_ref_is_no_mail_address
        CHECK (strpos(order_ref, '@') = 0),
    ADD COLUMN available_at timestamptz
      CONSTRAINT available_at_is_finite CHECK (isfinite(available_at)),
    ADD CONSTRAINT available_not_before_it_was_earned
      CHECK (available_at >= occurred_at),
    ADD CONSTRAINT expires_after_it_is_available
      CHECK (expires_at > available_at),
    ADD CONSTRAINT only_points_gained_wait
      CHECK (available_at IS NULL OR points > 0),
    ADD CONSTRAINT redemption_names_no_lot
      CHECK (kind <> 'redeem' OR lot IS NULL);
  -- programmes that are there keep booking their redemptions as they did
  ALTER TABLE loyalty_program
    ADD COLUMN burn text NOT NULL DEFAULT 'first_expiring'
      CONSTRAINT burn_is_known
        CHECK (burn IN ('first_expiring', 'first_earned')),
    ADD COLUMN point_value numeric(20,8) CONSTRAINT point_value_not_negative
      CHECK (point_value >= 0 AND point_value <> 'NaN'),
    ADD COLUMN cost_category text
      CONSTRAINT cost_category_is_known REFERENCES cost_category (code);
  ALTER TABLE loyalty_program
    ALTER COLUMN cost_category SET DEFAULT 'ret.loyalty.redemption',
    ALTER COLUMN name DROP NOT NULL;
  PERFORM crmcost._add_checks('loyalty_program');
END
$$;

COMMENT ON FUNCTION crmcost._add_fact_columns(name) IS
  'Gives facts and programmes of version 1 the columns that are new in version 2.';

-- Cost goes from a row a bucket to columns.  Open months are computed anew, so
-- only closed ones are kept, here and in the tables they were made from.
CREATE FUNCTION crmcost._widen_customer_month(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  kinds CONSTANT text[] := '{direct,allocated}';
  buckets CONSTANT text[] :=
    '{acquisition,retention,service,churn,data,training,program}';
  open_month CONSTANT date := coalesce(crmcost._open_month(ledger),
                                       '-infinity');
  relation text;
  kind text;
  column_names text[];
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  FOREACH relation IN ARRAY
    '{customer_month,customer_month_cost,cost_pool,posted_cost,customer_driver}'
    ::text[]
  LOOP
    EXECUTE format('DELETE FROM %I WHERE month_start >= $1', relation)
      USING open_month;
  END LOOP;
  -- a customer may have had cost in a month in which nothing else happened
  INSERT INTO customer_month
      (customer_id, month_start, orders, sale_lines, revenue, margin, discount,
       refund, interactions, handle_seconds, acquired, standard_minutes)
    SELECT DISTINCT customer_id, month_start, 0, 0, 0, 0, 0, 0, 0, 0, false, 0
    FROM customer_month_cost
    ON CONFLICT (customer_id, month_start) DO NOTHING;
  FOREACH kind IN ARRAY kinds LOOP
    column_names := ARRAY(SELECT b.name || '_' || kind || '_cost'
                          FROM unnest(buckets) AS b (name));
    EXECUTE (SELECT 'ALTER TABLE customer_month '
               || string_agg(format('ADD COLUMN %I numeric(38,4) NOT NULL DEFAULT 0', n), ', ')
             FROM unnest(column_names) n);
    EXECUTE (SELECT format(
        'UPDATE customer_month m SET (%s) = (SELECT %s FROM customer_month_cost c
         WHERE c.customer_id = m.customer_id AND c.month_start = m.month_start)',
        string_agg(format('%I', u.n), ', '),
        string_agg(format('coalesce(sum(c.%I) FILTER (WHERE c.bucket = %L), 0)',
                          kind || '_cost', u.bucket), ', '))
      FROM unnest(column_names, buckets) AS u (n, bucket));
    EXECUTE (SELECT format(
        'ALTER TABLE customer_month %s, ADD COLUMN %I numeric(38,4) NOT NULL GENERATED ALWAYS AS (%s) STORED',
        string_agg(format('ALTER COLUMN %I DROP DEFAULT', n), ', '),
        kind || '_cost', string_agg(format('%I', n), ' + '))
      FROM unnest(column_names) n);
  END LOOP;
  DROP TABLE customer_month_cost;
END
$$;

COMMENT ON FUNCTION crmcost._widen_customer_month(name) IS
  'Gives customer_month of version 1 the cost of each bucket in columns, of closed months.';

-- An index of version 1 that is not there any more was dropped by the owner.
CREATE FUNCTION crmcost._renew_comments(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  indexes CONSTANT text[] := '{classification_by_hand,customer_merged_into,
                               customer_with_personal_data,cost_entry_covers,
                               interaction_resolved_at,
                               interaction_first_response_at,
                               interaction_due_at,
                               posted_cost_cost_id}';
  statement text;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  FOR statement IN
    SELECT s.statement FROM crmcost._statements('tables') s
    WHERE s.statement ~ '^COMMENT ON'
          OR (regexp_match(s.statement, '^CREATE INDEX (\w+)'))[1]
             = ANY (indexes)
  LOOP
    EXECUTE statement;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._renew_comments(name) IS
  'Gives the tables of version 1 the indexes and comments of version 2.';

-- New tables and views may be read by whom customer_month may be; but where policies
-- hold rows back, somebody has to say first what they are on new tables.
CREATE FUNCTION crmcost._grant_new(ledger name, present text[]) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  reader text;
  relation text;
BEGIN
  FOR reader IN
    SELECT substr(g, strpos(g, ' TO ') + 4)
    FROM unnest(crmcost._granted(ledger, '{customer_month}')) AS g
    WHERE g LIKE 'customer\_month GRANT SELECT ON %'
  LOOP
    IF EXISTS (SELECT FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
               WHERE c.relnamespace = format('%I', ledger)::regnamespace
                     AND c.relname NOT IN ('erased_key', 'erasure_secret')) THEN
      RAISE WARNING 'ledger "%" has policies: new tables are not granted to %',
                    ledger, reader
        USING HINT = format('Make policies on those with customers, then SELECT crmcost.grant_read(%L, ROLE).',
                            ledger);
      CONTINUE;
    END IF;
    FOREACH relation IN ARRAY
      crmcost._ledger_relations('TABLE') || crmcost._ledger_relations('VIEW')
    LOOP
      CONTINUE WHEN relation = ANY (present);
      EXECUTE format('GRANT SELECT ON %I.%I TO %s', ledger, relation, reader);
    END LOOP;
  END LOOP;
  PERFORM crmcost._grant_capture(ledger);
END
$$;

COMMENT ON FUNCTION crmcost._grant_new(name, text[]) IS
  'Gives those who read and load a ledger of version 1 the rights on what is new.';

-- The triggers of facts work with the rights of who loads.
CREATE FUNCTION crmcost._grant_capture(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  loader text;
BEGIN
  FOR loader IN
    SELECT DISTINCT CASE g.grantee WHEN 0 THEN 'PUBLIC'
             ELSE g.grantee::regrole::text END
    FROM crmcost._captured_tables(ledger) t
    JOIN pg_class c ON c.oid = t.relation, aclexplode(c.relacl) g
    WHERE g.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
          AND g.grantee <> c.relowner
  LOOP
    EXECUTE format('GRANT SELECT, INSERT ON %1$I.touched, %1$I.late_fact TO %2$s',
                   ledger, loader);
    EXECUTE format('GRANT SELECT ON %1$I.setting, %1$I.refresh_state, %1$I.closed_period, %1$I.fx_rate, %1$I.survey TO %2$s',
                   ledger, loader);
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._grant_capture(name) IS
  'Gives those who load facts the rights that the triggers of facts need.';
