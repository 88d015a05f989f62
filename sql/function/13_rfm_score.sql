-- RFM scores by the cut points of a population, and segment names.

CREATE TYPE crmcost.rfm_cuts AS (
  bins int,
  recency float8[],
  frequency float8[],
  monetary float8[],
  customers bigint
);
COMMENT ON TYPE crmcost.rfm_cuts IS
  'Cut points of a population for RFM scores, made by rfm_cuts(recency_days, frequency, monetary).';
COMMENT ON COLUMN crmcost.rfm_cuts.bins IS
  'Number of scores of each measure, 2 to 9.';
COMMENT ON COLUMN crmcost.rfm_cuts.recency IS
  'The bins - 1 ascending cuts of recency in negated days, as it is scored: -30 is thirty days.';
COMMENT ON COLUMN crmcost.rfm_cuts.frequency IS
  'The bins - 1 ascending cuts of frequency.';
COMMENT ON COLUMN crmcost.rfm_cuts.monetary IS
  'The bins - 1 ascending cuts of monetary.';
COMMENT ON COLUMN crmcost.rfm_cuts.customers IS
  'Number of customers in the population.';

CREATE TYPE crmcost.rfm_population;

CREATE FUNCTION crmcost.rfm_population_in(text cstring)
  RETURNS crmcost.rfm_population
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_population_in';
COMMENT ON FUNCTION crmcost.rfm_population_in(cstring) IS
  'Input function of type rfm_population: (version,bins,{-recency_days,frequency,monetary},...).';

CREATE FUNCTION crmcost.rfm_population_out(
  population crmcost.rfm_population
) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_population_out';
COMMENT ON FUNCTION crmcost.rfm_population_out(crmcost.rfm_population) IS
  'Output function of type rfm_population.';

CREATE FUNCTION crmcost.rfm_population_recv(buffer internal)
  RETURNS crmcost.rfm_population
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_population_recv';
COMMENT ON FUNCTION crmcost.rfm_population_recv(internal) IS
  'Binary input function of type rfm_population.';

CREATE FUNCTION crmcost.rfm_population_send(
  population crmcost.rfm_population
) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_population_send';
COMMENT ON FUNCTION crmcost.rfm_population_send(crmcost.rfm_population) IS
  'Binary output function of type rfm_population.';

CREATE TYPE crmcost.rfm_population (
  INPUT = crmcost.rfm_population_in,
  OUTPUT = crmcost.rfm_population_out,
  RECEIVE = crmcost.rfm_population_recv,
  SEND = crmcost.rfm_population_send,
  INTERNALLENGTH = VARIABLE,
  ALIGNMENT = double,
  STORAGE = extended
);
COMMENT ON TYPE crmcost.rfm_population IS
  'State of the aggregate rfm_cuts: recency, frequency and monetary of each customer, 24 bytes.';

CREATE FUNCTION crmcost.rfm_cuts_trans(
  state crmcost.rfm_population, recency_days float8, frequency float8,
  monetary float8
) RETURNS crmcost.rfm_population
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_cuts_trans';
COMMENT ON FUNCTION crmcost.rfm_cuts_trans(crmcost.rfm_population, float8, float8, float8) IS
  'Transition function of rfm_cuts with 5 bins.';

CREATE FUNCTION crmcost.rfm_cuts_trans(
  state crmcost.rfm_population, recency_days float8, frequency float8,
  monetary float8, bins int
) RETURNS crmcost.rfm_population
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_cuts_trans';
COMMENT ON FUNCTION crmcost.rfm_cuts_trans(crmcost.rfm_population, float8, float8, float8, int) IS
  'Transition function of rfm_cuts.';

CREATE FUNCTION crmcost.rfm_cuts_combine(
  state crmcost.rfm_population, other crmcost.rfm_population
) RETURNS crmcost.rfm_population
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_cuts_combine';
COMMENT ON FUNCTION crmcost.rfm_cuts_combine(crmcost.rfm_population, crmcost.rfm_population) IS
  'Combine function of rfm_cuts.';

CREATE FUNCTION crmcost.rfm_cuts_final(state crmcost.rfm_population)
  RETURNS crmcost.rfm_cuts
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_cuts_final';
COMMENT ON FUNCTION crmcost.rfm_cuts_final(crmcost.rfm_population) IS
  'Final function of rfm_cuts.';

CREATE AGGREGATE crmcost.rfm_cuts(
  recency_days float8, frequency float8, monetary float8
) (
  SFUNC = crmcost.rfm_cuts_trans,
  STYPE = crmcost.rfm_population,
  SSPACE = 65536,
  FINALFUNC = crmcost.rfm_cuts_final,
  COMBINEFUNC = crmcost.rfm_cuts_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.rfm_cuts(float8, float8, float8) IS
  'The cut points of a population for scores of 1 to 5, to store and to score others with; customers with a NULL are skipped.';

CREATE AGGREGATE crmcost.rfm_cuts(
  recency_days float8, frequency float8, monetary float8, bins int
) (
  SFUNC = crmcost.rfm_cuts_trans,
  STYPE = crmcost.rfm_population,
  SSPACE = 65536,
  FINALFUNC = crmcost.rfm_cuts_final,
  COMBINEFUNC = crmcost.rfm_cuts_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.rfm_cuts(float8, float8, float8, int) IS
  'The cut points of a population for scores of 1 to bins (2 to 9); customers with a NULL are skipped.';

CREATE FUNCTION crmcost.rfm_score(
  recency_days float8, frequency float8, monetary float8,
  cuts crmcost.rfm_cuts
) RETURNS int
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_score';
COMMENT ON FUNCTION crmcost.rfm_score(float8, float8, float8, crmcost.rfm_cuts) IS
  'Score of a customer, digits R, F and M, against stored cuts; 555 is the best of 5 bins; NULL gives NULL.';

CREATE FUNCTION crmcost.rfm_score(
  recency_days float8, frequency float8, monetary float8,
  recency_cuts float8[], frequency_cuts float8[], monetary_cuts float8[]
) RETURNS int
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'thresholds_rfm_score';
COMMENT ON FUNCTION crmcost.rfm_score(float8, float8, float8, float8[], float8[], float8[]) IS
  'Score of a customer against fixed thresholds, ascending; recency in days ({30,90}) or negated ({-90,-30}); NULL gives NULL.';

CREATE FUNCTION crmcost.rfm_score(
  recency_days float8, frequency float8, monetary float8, bins int DEFAULT 5
) RETURNS int
  LANGUAGE c IMMUTABLE WINDOW PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'window_rfm_score';
COMMENT ON FUNCTION crmcost.rfm_score(float8, float8, float8, int) IS
  'Window function: score of each customer against the cuts of its partition; NULL gives NULL and does not count.';

CREATE FUNCTION crmcost.rfm_segment(score int) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rfm_segment';
COMMENT ON FUNCTION crmcost.rfm_segment(int) IS
  'Segment name of a score of 5 bins, by R and the mean of F and M rounded up: Champions for 555, Lost for 111.';
