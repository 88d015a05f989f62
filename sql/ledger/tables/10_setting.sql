-- What the ledger is told about the business.  Every report reads it from here.
--
-- The checks are table constraints, not triggers: they survive DROP EXTENSION
-- and a dump, and their name is the first thing that a failed UPDATE prints.
CREATE TABLE setting (
  key text PRIMARY KEY,
  value text NOT NULL,
  note text,
  note_zh text,
  CONSTRAINT base_currency_is_three_capital_letters
    CHECK (key <> 'base_currency' OR value ~ '^[A-Z]{3}$'),
  -- Fails with: time zone "Mars/Olympus" not recognized
  CONSTRAINT timezone_is_known
    CHECK (CASE WHEN key = 'timezone'
             THEN timestamptz '2000-01-01 00:00Z' AT TIME ZONE value IS NOT NULL
             ELSE true END),
  -- base amounts carry four decimals, so a coin cannot be smaller
  CONSTRAINT money_scale_from_0_to_4
    CHECK (key <> 'money_scale' OR value ~ '^[0-4]$'),
  CONSTRAINT service_pool_method_is_known
    CHECK (key <> 'service_pool_method'
           OR value IN ('reciprocal', 'step_down')),
  CONSTRAINT rfm_bins_from_2_to_9
    CHECK (key <> 'rfm_bins' OR value ~ '^[2-9]$'),
  CONSTRAINT abc_measure_is_revenue_margin_or_profit
    CHECK (key <> 'abc_measure' OR value IN ('revenue', 'margin', 'profit')),
  CONSTRAINT number_of_days_is_a_positive_integer
    CHECK (key NOT IN ('churn_after_days', 'at_risk_after_days',
                       'invalid_window_days', 'touch_window_days',
                       'decay_half_life', 'clv_horizon')
           OR value ~ '^[1-9][0-9]{0,5}$'),
  CONSTRAINT invalid_limit_is_a_number_from_0
    CHECK (key NOT IN ('invalid_max_orders', 'invalid_max_amount',
                       'invalid_max_products')
           OR value ~ '^[0-9]{1,15}([.][0-9]{1,4})?$'),
  CONSTRAINT clv_model_is_known
    CHECK (key <> 'clv_model'
           OR value IN ('bgnbd', 'mbgnbd', 'pareto_nbd', 'none')),
  CONSTRAINT clv_retention_is_observed_or_from_0_to_1
    CHECK (key <> 'clv_retention' OR value IN ('observed', '0', '1')
           OR value ~ '^0?[.][0-9]{1,10}$'),
  CONSTRAINT discount_rate_from_0_below_1
    CHECK (key <> 'discount_rate' OR value ~ '^0?[.][0-9]+$' OR value = '0'),
  CONSTRAINT attribution_model_is_known
    CHECK (key <> 'attribution_model'
           OR value IN ('first', 'last', 'last_non_direct', 'linear',
                        'position', 'time_decay')),
  CONSTRAINT converting_entity_is_customer_or_account
    CHECK (key <> 'converting_entity' OR value IN ('customer', 'account')),
  CONSTRAINT followup_days_from_1_to_9999
    CHECK (key <> 'followup_days' OR value ~ '^[1-9][0-9]{0,3}$'),
  CONSTRAINT alert_threshold_is_a_number_or_empty
    CHECK (key NOT LIKE 'alert\_%' OR value = ''
           OR value ~ '^-?[0-9]{1,6}([.][0-9]{1,6})?$'),
  CONSTRAINT affinity_products_from_2_to_10000
    CHECK (key <> 'affinity_products'
           OR value ~ '^([2-9]|[1-9][0-9]{1,3}|10000)$'),
  CONSTRAINT snapshot_keep_is_known
    CHECK (key <> 'snapshot_keep' OR value IN ('month_end', 'every', 'none')),
  CONSTRAINT target_marginal_cac_is_a_positive_number
    CHECK (key <> 'target_marginal_cac'
           OR value ~ '^([0-9]{1,12}([.][0-9]{1,4})?)?$'
              AND value !~ '^0+([.]0+)?$'),
  CONSTRAINT plan_scenario_is_a_name
    CHECK (key <> 'plan_scenario' OR value NOT IN ('', 'actual')),
  CONSTRAINT fiscal_year_start_from_1_to_12
    CHECK (key <> 'fiscal_year_start' OR value ~ '^([1-9]|1[0-2])$'),
  CONSTRAINT language_is_en_or_zh
    CHECK (key <> 'language' OR value IN ('en', 'zh')),
  CONSTRAINT quality_months_from_1_to_999
    CHECK (key <> 'quality_months' OR value ~ '^[1-9][0-9]{0,2}$'),
  CONSTRAINT stale_after_days_from_1_to_99999
    CHECK (key <> 'stale_after_days' OR value ~ '^[1-9][0-9]{0,4}$'),
  CONSTRAINT response_window_days_from_1_to_9999
    CHECK (key <> 'response_window_days' OR value ~ '^[1-9][0-9]{0,3}$'),
  CONSTRAINT sla_hours_are_a_positive_number
    CHECK (key NOT IN ('sla_first_response_hours', 'sla_resolution_hours')
           OR value ~ '^[0-9]{1,6}([.][0-9]{1,4})?$' AND value ~ '[1-9]'),
  CONSTRAINT sla_clock_is_calendar_or_business
    CHECK (key <> 'sla_clock' OR value IN ('calendar', 'business')),
  CONSTRAINT sla_open_days_from_1_to_9999
    CHECK (key <> 'sla_open_days' OR value ~ '^[1-9][0-9]{0,3}$'),
  CONSTRAINT spread_is_a_number_from_0
    CHECK (key NOT IN ('spread_csat', 'spread_response_hours',
                       'spread_price')
           OR value ~ '^[0-9]{1,6}([.][0-9]{1,4})?$'),
  CONSTRAINT stretch_of_days_is_a_positive_integer
    CHECK (key NOT IN ('churn_reason_days', 'winback_days',
                       'second_life_days', 'bad_voice_days')
           OR value ~ '^[1-9][0-9]{0,4}$'),
  CONSTRAINT p_alive_below_from_0_to_1
    CHECK (key <> 'p_alive_below' OR value IN ('0', '1')
           OR value ~ '^0?[.][0-9]{1,10}$'),
  CONSTRAINT falling_below_from_0_to_1
    CHECK (key <> 'falling_below' OR value IN ('0', '1')
           OR value ~ '^0?[.][0-9]{1,10}$'),
  CONSTRAINT silence_factor_from_1_to_99
    CHECK (key <> 'silence_factor'
           OR value ~ '^[1-9][0-9]?([.][0-9]{1,4})?$'),
  CONSTRAINT bad_voice_score_is_a_number
    CHECK (key <> 'bad_voice_score'
           OR value ~ '^[0-9]{1,6}([.][0-9]{1,4})?$'),
  CONSTRAINT retention_months_from_1_to_24
    CHECK (key <> 'retention_months' OR value ~ '^([1-9]|1[0-9]|2[0-4])$'),
  CONSTRAINT worklist_limit_from_1_to_999999
    CHECK (key NOT IN ('cart_after_hours', 'trend_months', 'worklist_per_day',
                       'worklist_per_customer', 'worklist_pause_days',
                       'worklist_effect_days')
           OR value ~ '^[1-9][0-9]{0,5}$'),
  CONSTRAINT worklist_holdout_from_0_below_1
    CHECK (key <> 'worklist_holdout' OR value ~ '^0?[.][0-9]+$'
           OR value = '0'),
  CONSTRAINT schema_version_is_a_positive_integer
    CHECK (key <> 'schema_version' OR value ~ '^[1-9][0-9]{0,5}$')
);

COMMENT ON TABLE setting IS
'Settings of this ledger, one row a key; change the value, keep the key.';
COMMENT ON COLUMN setting.key IS
'Name of the setting.';
COMMENT ON COLUMN setting.value IS
'Value as text; refused when it does not suit the key.';
COMMENT ON COLUMN setting.note IS
'What the setting does, with its unit; NULL for none.';
COMMENT ON COLUMN setting.note_zh IS
'What it does, in Chinese; NULL where that is not written.';
