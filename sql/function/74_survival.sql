-- How long customers stay: survival by the product-limit estimate.

CREATE TYPE crmcost.survival_point AS (
  t float8,
  at_risk bigint,
  events bigint,
  survival float8,
  std_error float8,
  lower float8,
  upper float8
);
COMMENT ON TYPE crmcost.survival_point IS
  'Survival from one duration with an event to the next; made by kaplan_meier.';
COMMENT ON COLUMN crmcost.survival_point.t IS
  'Duration at which somebody had the event.';
COMMENT ON COLUMN crmcost.survival_point.at_risk IS
  'Customers who were observed for at least so long.';
COMMENT ON COLUMN crmcost.survival_point.events IS
  'Of these, how many had the event at this duration.';
COMMENT ON COLUMN crmcost.survival_point.survival IS
  'Part that stays longer than t, until the next point.';
COMMENT ON COLUMN crmcost.survival_point.std_error IS
  'Standard error of survival (Greenwood); NULL where survival is 0.';
COMMENT ON COLUMN crmcost.survival_point.lower IS
  'Lower end of the interval of survival at 95 %, by the logarithm; NULL where survival is 0.';
COMMENT ON COLUMN crmcost.survival_point.upper IS
  'Upper end of that interval, at most 1; NULL where survival is 0.';

CREATE TYPE crmcost.median_survival AS (
  median float8,
  lower float8,
  upper float8
);
COMMENT ON TYPE crmcost.median_survival IS
  'Median duration and its interval at 95 %; made by median_survival.';
COMMENT ON COLUMN crmcost.median_survival.median IS
  'First duration at which at most half stay longer; NULL where more do to the end.';
COMMENT ON COLUMN crmcost.median_survival.lower IS
  'First duration at which the lower end of the interval of survival is at most one half; NULL where it never is.';
COMMENT ON COLUMN crmcost.median_survival.upper IS
  'First duration at which the upper end is; NULL where it never is.';

CREATE TYPE crmcost.survival_counts;

CREATE FUNCTION crmcost.survival_counts_in(
  text cstring
) RETURNS crmcost.survival_counts
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'survival_counts_in';
COMMENT ON FUNCTION crmcost.survival_counts_in(cstring) IS
  'Input function of type survival_counts: (version,{duration,customers,events},...).';

CREATE FUNCTION crmcost.survival_counts_out(
  counts crmcost.survival_counts
) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'survival_counts_out';
COMMENT ON FUNCTION crmcost.survival_counts_out(crmcost.survival_counts) IS
  'Output function of type survival_counts, durations in order.';

CREATE FUNCTION crmcost.survival_counts_recv(
  buffer internal
) RETURNS crmcost.survival_counts
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'survival_counts_recv';
COMMENT ON FUNCTION crmcost.survival_counts_recv(internal) IS
  'Binary input function of type survival_counts.';

CREATE FUNCTION crmcost.survival_counts_send(
  counts crmcost.survival_counts
) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'survival_counts_send';
COMMENT ON FUNCTION crmcost.survival_counts_send(crmcost.survival_counts) IS
  'Binary output function of type survival_counts.';

CREATE TYPE crmcost.survival_counts (
  INPUT = crmcost.survival_counts_in,
  OUTPUT = crmcost.survival_counts_out,
  RECEIVE = crmcost.survival_counts_recv,
  SEND = crmcost.survival_counts_send,
  INTERNALLENGTH = VARIABLE,
  ALIGNMENT = double,
  STORAGE = extended
);
COMMENT ON TYPE crmcost.survival_counts IS
  'State of kaplan_meier: the number of customers and of events for each duration, 24 bytes each.';

CREATE FUNCTION crmcost.kaplan_meier_trans(
  state crmcost.survival_counts, duration float8, event boolean
) RETURNS crmcost.survival_counts
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'kaplan_meier_trans';
COMMENT ON FUNCTION crmcost.kaplan_meier_trans(crmcost.survival_counts, float8, boolean) IS
  'Transition function of kaplan_meier.';

CREATE FUNCTION crmcost.kaplan_meier_combine(
  state crmcost.survival_counts, other crmcost.survival_counts
) RETURNS crmcost.survival_counts
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'kaplan_meier_combine';
COMMENT ON FUNCTION crmcost.kaplan_meier_combine(crmcost.survival_counts, crmcost.survival_counts) IS
  'Combine function of kaplan_meier.';

CREATE FUNCTION crmcost.kaplan_meier_final(
  state crmcost.survival_counts
) RETURNS crmcost.survival_point[]
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'kaplan_meier_final';
COMMENT ON FUNCTION crmcost.kaplan_meier_final(crmcost.survival_counts) IS
  'Final function of kaplan_meier.';

CREATE AGGREGATE crmcost.kaplan_meier(duration float8, event boolean) (
  SFUNC = crmcost.kaplan_meier_trans,
  STYPE = crmcost.survival_counts,
  SSPACE = 65536,
  FINALFUNC = crmcost.kaplan_meier_final,
  COMBINEFUNC = crmcost.kaplan_meier_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.kaplan_meier(float8, boolean) IS
  'Survival after each duration with an event, by Kaplan and Meier, in order; event is false for who was only observed so long; rows with a NULL are skipped, without an event there is no point.';

CREATE FUNCTION crmcost.median_survival(points crmcost.survival_point[])
  RETURNS crmcost.median_survival
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT ROW(
    min(p.t) FILTER (WHERE p.survival <= 0.5::float8),
    min(p.t) FILTER (WHERE p.lower <= 0.5::float8),
    min(p.t) FILTER (WHERE p.upper <= 0.5::float8))::crmcost.median_survival
  FROM pg_catalog.unnest(points) AS p);
COMMENT ON FUNCTION crmcost.median_survival(crmcost.survival_point[]) IS
  'Median duration of what kaplan_meier gives, with the interval of Brookmeyer and Crowley; a part that is not reached is NULL.';

CREATE FUNCTION crmcost.mean_survival(
  points crmcost.survival_point[], horizon float8
) RETURNS float8
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT sum(s.survival * (s.until - s.t))
  FROM (SELECT p.t, p.survival,
          lead(p.t, 1, horizon) OVER (ORDER BY p.t) AS until
        FROM (SELECT 0::float8 AS t, 1::float8 AS survival
              UNION ALL
              SELECT q.t, q.survival FROM pg_catalog.unnest(points) AS q
              WHERE q.t < horizon) AS p) AS s
  WHERE horizon >= 0::float8 AND horizon < 'Infinity'::float8);
COMMENT ON FUNCTION crmcost.mean_survival(crmcost.survival_point[], float8) IS
  'Mean duration of which what lies beyond the horizon is cut: the area under what kaplan_meier gives; NULL for a horizon that is negative or not finite.';
