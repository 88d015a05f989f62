-- What each touch of one conversion gets by every rule, given the touches as arrays.

CREATE FUNCTION crmcost._touch_credits(
  interaction_ids bigint[], touched_customer_ids bigint[],
  touched_ats timestamptz[], touched_ons date[], touch_months date[],
  path text[], campaign_codes text[], half_life_days integer
) RETURNS TABLE (
  interaction_id bigint, touched_customer_id bigint, touched_at timestamptz,
  touched_on date, month_start date, channel_code text, campaign_code text,
  first_credit numeric, last_credit numeric, last_non_direct_credit numeric,
  linear_credit numeric, position_credit numeric, time_decay_credit numeric
)
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 10
  AS 'MODULE_PATHNAME', 'touch_credit__touch_credits';
COMMENT ON FUNCTION crmcost._touch_credits(bigint[], bigint[], timestamptz[], date[], date[], text[], text[], integer) IS
  'Touches of a conversion, given in order of time as an array a column, with the credit of each by attribution_weight, 8 decimals.';
