-- What customers say: net promoter score, share of satisfied answers.

CREATE TYPE crmcost.answer_counts;

CREATE FUNCTION crmcost.answer_counts_in(
  text cstring
) RETURNS crmcost.answer_counts
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'answer_counts_in';
COMMENT ON FUNCTION crmcost.answer_counts_in(cstring) IS
  'Input function of type answer_counts: (version,confidence or 0,answers,good,bad).';

CREATE FUNCTION crmcost.answer_counts_out(
  counts crmcost.answer_counts
) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'answer_counts_out';
COMMENT ON FUNCTION crmcost.answer_counts_out(crmcost.answer_counts) IS
  'Output function of type answer_counts.';

CREATE FUNCTION crmcost.answer_counts_recv(
  buffer internal
) RETURNS crmcost.answer_counts
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'answer_counts_recv';
COMMENT ON FUNCTION crmcost.answer_counts_recv(internal) IS
  'Binary input function of type answer_counts.';

CREATE FUNCTION crmcost.answer_counts_send(
  counts crmcost.answer_counts
) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'answer_counts_send';
COMMENT ON FUNCTION crmcost.answer_counts_send(crmcost.answer_counts) IS
  'Binary output function of type answer_counts.';

CREATE TYPE crmcost.answer_counts (
  INPUT = crmcost.answer_counts_in,
  OUTPUT = crmcost.answer_counts_out,
  RECEIVE = crmcost.answer_counts_recv,
  SEND = crmcost.answer_counts_send,
  INTERNALLENGTH = VARIABLE,
  ALIGNMENT = double,
  STORAGE = plain
);
COMMENT ON TYPE crmcost.answer_counts IS
  'State of nps, csat and their intervals: answers, good ones (promoters, satisfied) and bad ones (detractors), 40 bytes.';

CREATE FUNCTION crmcost.answer_counts_combine(
  state crmcost.answer_counts, other crmcost.answer_counts
) RETURNS crmcost.answer_counts
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'answer_counts_combine';
COMMENT ON FUNCTION crmcost.answer_counts_combine(crmcost.answer_counts, crmcost.answer_counts) IS
  'Combine function of nps, csat and their intervals.';

CREATE FUNCTION crmcost.nps_trans(
  state crmcost.answer_counts, score int
) RETURNS crmcost.answer_counts
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'nps_trans';
COMMENT ON FUNCTION crmcost.nps_trans(crmcost.answer_counts, int) IS
  'Transition function of nps.';

CREATE FUNCTION crmcost.nps_interval_trans(
  state crmcost.answer_counts, score int
) RETURNS crmcost.answer_counts
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'nps_interval_trans';
COMMENT ON FUNCTION crmcost.nps_interval_trans(crmcost.answer_counts, int) IS
  'Transition function of nps_interval.';

CREATE FUNCTION crmcost.nps_interval_trans(
  state crmcost.answer_counts, score int, confidence float8
) RETURNS crmcost.answer_counts
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'nps_interval_trans';
COMMENT ON FUNCTION crmcost.nps_interval_trans(crmcost.answer_counts, int, float8) IS
  'Transition function of nps_interval with a confidence.';

CREATE FUNCTION crmcost.csat_trans(
  state crmcost.answer_counts, score numeric, satisfied_from numeric
) RETURNS crmcost.answer_counts
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'csat_trans';
COMMENT ON FUNCTION crmcost.csat_trans(crmcost.answer_counts, numeric, numeric) IS
  'Transition function of csat.';

CREATE FUNCTION crmcost.csat_interval_trans(
  state crmcost.answer_counts, score numeric, satisfied_from numeric
) RETURNS crmcost.answer_counts
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'csat_interval_trans';
COMMENT ON FUNCTION crmcost.csat_interval_trans(crmcost.answer_counts, numeric, numeric) IS
  'Transition function of csat_interval.';

CREATE FUNCTION crmcost.csat_interval_trans(
  state crmcost.answer_counts, score numeric, satisfied_from numeric,
  confidence float8
) RETURNS crmcost.answer_counts
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'csat_interval_trans';
COMMENT ON FUNCTION crmcost.csat_interval_trans(crmcost.answer_counts, numeric, numeric, float8) IS
  'Transition function of csat_interval with a confidence.';

CREATE FUNCTION crmcost.nps_final(
  state crmcost.answer_counts
) RETURNS numeric
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'nps_final';
COMMENT ON FUNCTION crmcost.nps_final(crmcost.answer_counts) IS
  'Final function of nps.';

CREATE FUNCTION crmcost.nps_interval_final(
  state crmcost.answer_counts
) RETURNS numrange
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'nps_interval_final';
COMMENT ON FUNCTION crmcost.nps_interval_final(crmcost.answer_counts) IS
  'Final function of nps_interval.';

CREATE FUNCTION crmcost.csat_final(
  state crmcost.answer_counts
) RETURNS numeric
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'csat_final';
COMMENT ON FUNCTION crmcost.csat_final(crmcost.answer_counts) IS
  'Final function of csat.';

CREATE FUNCTION crmcost.csat_interval_final(
  state crmcost.answer_counts
) RETURNS numrange
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'csat_interval_final';
COMMENT ON FUNCTION crmcost.csat_interval_final(crmcost.answer_counts) IS
  'Final function of csat_interval.';

CREATE FUNCTION crmcost._wilson_lower(
  good bigint, answers bigint, confidence float8
) RETURNS float8
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'satisfaction__wilson_lower';
COMMENT ON FUNCTION crmcost._wilson_lower(bigint, bigint, float8) IS
  'Lower end of the interval of csat_interval, from counts; the upper end is 1 less that of the other answers.';

-- Newcombe (Statistics in Medicine 17, 1998, 873-890, method 10), from the intervals
-- of Wilson of each: it holds near 0 and 1 and for small groups, too.
CREATE FUNCTION crmcost._uplift_interval(
  target_responses bigint, targeted bigint, control_responses bigint,
  control bigint, OUT lower float8, OUT upper float8
)
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT b.p1 - b.p2 - pg_catalog.sqrt((b.p1 - b.low1) ^ 2::float8
                                       + (b.high2 - b.p2) ^ 2::float8),
         b.p1 - b.p2 + pg_catalog.sqrt((b.high1 - b.p1) ^ 2::float8
                                       + (b.p2 - b.low2) ^ 2::float8)
  FROM (SELECT target_responses::float8 / nullif(targeted, 0)::float8 AS p1,
               control_responses::float8 / nullif(control, 0)::float8 AS p2,
               crmcost._wilson_lower(target_responses, nullif(targeted, 0),
                                     0.95::float8) AS low1,
               1::float8 - crmcost._wilson_lower(targeted - target_responses,
                                                 nullif(targeted, 0),
                                                 0.95::float8) AS high1,
               crmcost._wilson_lower(control_responses, nullif(control, 0),
                                     0.95::float8) AS low2,
               1::float8 - crmcost._wilson_lower(control - control_responses,
                                                 nullif(control, 0),
                                                 0.95::float8) AS high2) b;
END;
COMMENT ON FUNCTION crmcost._uplift_interval(bigint, bigint, bigint, bigint) IS
  'Interval at 95 % of the difference of two response rates, from counts; NULL without one of the groups.';

CREATE FUNCTION crmcost._nps_error(
  good bigint, bad bigint, answers bigint, confidence float8
) RETURNS float8
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'satisfaction__nps_error';
COMMENT ON FUNCTION crmcost._nps_error(bigint, bigint, bigint, float8) IS
  'Half the interval of nps_interval before it is kept within -100 and 100, from counts.';

CREATE AGGREGATE crmcost.nps(score int) (
  SFUNC = crmcost.nps_trans,
  STYPE = crmcost.answer_counts,
  SSPACE = 48,
  FINALFUNC = crmcost.nps_final,
  COMBINEFUNC = crmcost.answer_counts_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.nps(int) IS
  'Net promoter score, -100 to 100: percentage of promoters (9 and 10) less that of detractors (0 to 6); scores are 0 to 10, NULL is no answer.';

CREATE AGGREGATE crmcost.nps_interval(score int) (
  SFUNC = crmcost.nps_interval_trans,
  STYPE = crmcost.answer_counts,
  SSPACE = 48,
  FINALFUNC = crmcost.nps_interval_final,
  COMBINEFUNC = crmcost.answer_counts_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.nps_interval(int) IS
  'Interval of the net promoter score at 95 %, by the normal distribution, within -100 and 100; a point where all are promoters, all detractors, or all neither.';

CREATE AGGREGATE crmcost.nps_interval(score int, confidence float8) (
  SFUNC = crmcost.nps_interval_trans,
  STYPE = crmcost.answer_counts,
  SSPACE = 48,
  FINALFUNC = crmcost.nps_interval_final,
  COMBINEFUNC = crmcost.answer_counts_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.nps_interval(int, float8) IS
  'Interval of the net promoter score at a confidence between 0 and 1; rows with a NULL are skipped.';

CREATE AGGREGATE crmcost.csat(score numeric, satisfied_from numeric) (
  SFUNC = crmcost.csat_trans,
  STYPE = crmcost.answer_counts,
  SSPACE = 48,
  FINALFUNC = crmcost.csat_final,
  COMBINEFUNC = crmcost.answer_counts_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.csat(numeric, numeric) IS
  'Share of the answers whose score is at least satisfied_from, 0 to 1; rows with a NULL are skipped.';

CREATE AGGREGATE crmcost.csat_interval(score numeric, satisfied_from numeric) (
  SFUNC = crmcost.csat_interval_trans,
  STYPE = crmcost.answer_counts,
  SSPACE = 48,
  FINALFUNC = crmcost.csat_interval_final,
  COMBINEFUNC = crmcost.answer_counts_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.csat_interval(numeric, numeric) IS
  'Interval of the share of satisfied answers at 95 %, by Wilson; rows with a NULL are skipped.';

CREATE AGGREGATE crmcost.csat_interval(
  score numeric, satisfied_from numeric, confidence float8
) (
  SFUNC = crmcost.csat_interval_trans,
  STYPE = crmcost.answer_counts,
  SSPACE = 48,
  FINALFUNC = crmcost.csat_interval_final,
  COMBINEFUNC = crmcost.answer_counts_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.csat_interval(numeric, numeric, float8) IS
  'Interval of the share of satisfied answers at a confidence between 0 and 1, by Wilson; rows with a NULL are skipped.';
