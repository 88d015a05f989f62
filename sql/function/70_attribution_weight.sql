-- What each touch of a conversion gets by a rule.

CREATE FUNCTION crmcost.attribution_weight(
  model text, touched_at timestamptz, converted_at timestamptz,
  half_life interval DEFAULT '7 days', channel text DEFAULT NULL,
  direct_channel text DEFAULT 'direct'
) RETURNS float8
  LANGUAGE c IMMUTABLE WINDOW PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'attribution_weight';
COMMENT ON FUNCTION crmcost.attribution_weight(text, timestamptz, timestamptz, interval, text, text) IS
  'Window function: share of the conversion, the partition, that the touch gets by model first, last, last_non_direct, linear, position (40/20/40) or time_decay (2^(-age / half_life)); sums to 1, touches after the conversion get 0; NULL where touched_at or converted_at is.';
