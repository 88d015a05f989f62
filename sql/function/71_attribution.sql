-- What each channel of the paths to conversions gets of them.

CREATE TYPE crmcost.channel_credit AS (
  channel text,
  conversions numeric,
  value numeric,
  removal_effect float8
);
COMMENT ON TYPE crmcost.channel_credit IS
  'What a channel gets of conversions and their value; made by markov_attribution and shapley_attribution.';
COMMENT ON COLUMN crmcost.channel_credit.channel IS
  'Channel, as the paths name it.';
COMMENT ON COLUMN crmcost.channel_credit.conversions IS
  'Conversions credited to the channel, with 12 decimals; those of all channels sum to the total exactly.';
COMMENT ON COLUMN crmcost.channel_credit.value IS
  'Value credited to the channel, with 12 decimals; those of all channels sum to the total exactly.';
COMMENT ON COLUMN crmcost.channel_credit.removal_effect IS
  'Part of the conversions that is lost without the channel; NULL where nothing converted, and for shapley_attribution.';

CREATE TYPE crmcost.channel_paths;

CREATE FUNCTION crmcost.channel_paths_in(
  text cstring
) RETURNS crmcost.channel_paths
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'channel_paths_in';
COMMENT ON FUNCTION crmcost.channel_paths_in(cstring) IS
  'Input function of type channel_paths: (version,kind,"channel",...,{key,sum},...).';

CREATE FUNCTION crmcost.channel_paths_out(
  paths crmcost.channel_paths
) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'channel_paths_out';
COMMENT ON FUNCTION crmcost.channel_paths_out(crmcost.channel_paths) IS
  'Output function of type channel_paths, channels in order of their bytes.';

CREATE FUNCTION crmcost.channel_paths_recv(
  buffer internal
) RETURNS crmcost.channel_paths
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'channel_paths_recv';
COMMENT ON FUNCTION crmcost.channel_paths_recv(internal) IS
  'Binary input function of type channel_paths.';

CREATE FUNCTION crmcost.channel_paths_send(
  paths crmcost.channel_paths
) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'channel_paths_send';
COMMENT ON FUNCTION crmcost.channel_paths_send(crmcost.channel_paths) IS
  'Binary output function of type channel_paths.';

CREATE TYPE crmcost.channel_paths (
  INPUT = crmcost.channel_paths_in,
  OUTPUT = crmcost.channel_paths_out,
  RECEIVE = crmcost.channel_paths_recv,
  SEND = crmcost.channel_paths_send,
  INTERNALLENGTH = VARIABLE,
  ALIGNMENT = double,
  STORAGE = extended
);
COMMENT ON TYPE crmcost.channel_paths IS
  'State of markov_attribution and shapley_attribution: exact counts of steps or of sets of channels, not the paths.';

CREATE FUNCTION crmcost.channel_paths_combine(
  state crmcost.channel_paths, other crmcost.channel_paths
) RETURNS crmcost.channel_paths
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'channel_paths_combine';
COMMENT ON FUNCTION crmcost.channel_paths_combine(crmcost.channel_paths, crmcost.channel_paths) IS
  'Combine function of markov_attribution and shapley_attribution.';

CREATE FUNCTION crmcost.markov_attribution_trans(
  state crmcost.channel_paths, path text[], conversions numeric,
  value numeric, non_conversions numeric
) RETURNS crmcost.channel_paths
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'markov_attribution_trans';
COMMENT ON FUNCTION crmcost.markov_attribution_trans(crmcost.channel_paths, text[], numeric, numeric, numeric) IS
  'Transition function of markov_attribution.';

CREATE FUNCTION crmcost.markov_attribution_trans(
  state crmcost.channel_paths, path text[], conversions numeric,
  value numeric, non_conversions numeric, markov_order int
) RETURNS crmcost.channel_paths
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'markov_attribution_trans';
COMMENT ON FUNCTION crmcost.markov_attribution_trans(crmcost.channel_paths, text[], numeric, numeric, numeric, int) IS
  'Transition function of markov_attribution with an order.';

CREATE FUNCTION crmcost.shapley_sum_trans(
  state crmcost.channel_paths, path text[], conversions numeric, value numeric
) RETURNS crmcost.channel_paths
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'shapley_sum_trans';
COMMENT ON FUNCTION crmcost.shapley_sum_trans(crmcost.channel_paths, text[], numeric, numeric) IS
  'Transition function of shapley_attribution, sum game.';

CREATE FUNCTION crmcost.shapley_rate_trans(
  state crmcost.channel_paths, path text[], conversions numeric,
  value numeric, non_conversions numeric
) RETURNS crmcost.channel_paths
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'shapley_rate_trans';
COMMENT ON FUNCTION crmcost.shapley_rate_trans(crmcost.channel_paths, text[], numeric, numeric, numeric) IS
  'Transition function of shapley_attribution, rate game.';

CREATE FUNCTION crmcost.markov_attribution_final(
  state crmcost.channel_paths
) RETURNS crmcost.channel_credit[]
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'markov_attribution_final';
COMMENT ON FUNCTION crmcost.markov_attribution_final(crmcost.channel_paths) IS
  'Final function of markov_attribution.';

CREATE FUNCTION crmcost.shapley_sum_final(
  state crmcost.channel_paths
) RETURNS crmcost.channel_credit[]
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'shapley_sum_final';
COMMENT ON FUNCTION crmcost.shapley_sum_final(crmcost.channel_paths) IS
  'Final function of shapley_attribution, sum game.';

CREATE FUNCTION crmcost.shapley_rate_final(
  state crmcost.channel_paths
) RETURNS crmcost.channel_credit[]
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'shapley_rate_final';
COMMENT ON FUNCTION crmcost.shapley_rate_final(crmcost.channel_paths) IS
  'Final function of shapley_attribution, rate game.';

CREATE AGGREGATE crmcost.markov_attribution(
  path text[], conversions numeric, value numeric, non_conversions numeric
) (
  SFUNC = crmcost.markov_attribution_trans,
  STYPE = crmcost.channel_paths,
  SSPACE = 4096,
  FINALFUNC = crmcost.markov_attribution_final,
  COMBINEFUNC = crmcost.channel_paths_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.markov_attribution(text[], numeric, numeric, numeric) IS
  'Credits of channels by removal effects in a Markov chain of order 1, solved exactly; sorted by channel, summing to the totals; rows with a NULL are skipped, empty paths and NULL channels refused.';

CREATE AGGREGATE crmcost.markov_attribution(
  path text[], conversions numeric, value numeric, non_conversions numeric,
  markov_order int
) (
  SFUNC = crmcost.markov_attribution_trans,
  STYPE = crmcost.channel_paths,
  SSPACE = 4096,
  FINALFUNC = crmcost.markov_attribution_final,
  COMBINEFUNC = crmcost.channel_paths_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.markov_attribution(text[], numeric, numeric, numeric, int) IS
  'Credits of channels by removal effects in a Markov chain whose states are the last markov_order channels, 1 to 3, repeats kept; sorted by channel, summing to the totals; rows with a NULL are skipped, empty paths and NULL channels refused.';

CREATE AGGREGATE crmcost.shapley_attribution(
  path text[], conversions numeric, value numeric
) (
  SFUNC = crmcost.shapley_sum_trans,
  STYPE = crmcost.channel_paths,
  SSPACE = 4096,
  FINALFUNC = crmcost.shapley_sum_final,
  COMBINEFUNC = crmcost.channel_paths_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.shapley_attribution(text[], numeric, numeric) IS
  'Shapley values of the game in which a set of channels is worth the conversions of the paths that use no others: equal parts of each path to its different channels; rows with a NULL are skipped.';

CREATE AGGREGATE crmcost.shapley_attribution(
  path text[], conversions numeric, value numeric, non_conversions numeric
) (
  SFUNC = crmcost.shapley_rate_trans,
  STYPE = crmcost.channel_paths,
  SSPACE = 4096,
  FINALFUNC = crmcost.shapley_rate_final,
  COMBINEFUNC = crmcost.channel_paths_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.shapley_attribution(text[], numeric, numeric, numeric) IS
  'Shapley values of the game in which a set of channels is worth the conversion rate of the paths that use no others, scaled to the totals; at most 20 channels; one that lowers the rate has a negative credit; rows with a NULL are skipped.';
