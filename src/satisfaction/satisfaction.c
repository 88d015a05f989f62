/*
 * satisfaction.c
 *	  What customers say: net promoter score, share of satisfied answers.
 *
 * SQL, in file order: type answer_counts (answer_counts_in, _out, _recv,
 * _send), aggregates nps(score), nps_interval(score [, confidence]),
 * csat(score, satisfied_from), csat_interval(score, satisfied_from [,
 * confidence]); wilson_lower(good, answers, confidence);
 * nps_error(good, bad, answers, confidence).
 *
 *	  nps: 100 (p - d), p the share of promoters (9 and 10), d of detractors
 *	  (0 to 6); a single answer is 1, 0 or -1 and has the variance
 *	  p + d - (p - d)^2
 *	  csat_interval: Wilson 1927, Journal of the American Statistical
 *	  Association 22, p. 210: where |share - P| <= z sqrt(P (1 - P) / n)
 */
#include "crmcost.h"

#include "catalog/pg_type.h"
#include "common/int.h"
#include "common/shortest_dec.h"
#include "num/distribution.h"
#include "state/decimal.h"
#include "state/state.h"
#include "utils/rangetypes.h"
#include "utils/typcache.h"

#define TYPE_NAME "answer_counts"
#define DEFAULT_CONFIDENCE 0.95

#define LOWEST_SCORE 0
#define MOST_OF_DETRACTORS 6
#define LEAST_OF_PROMOTERS 9
#define HIGHEST_SCORE 10

/* answers, of them promoters or satisfied ones, and detractors */
typedef struct AnswerState
{
	StateHeader head;
	int64		answers;
	int64		good;
	int64		bad;
	double		confidence;		/* of an interval, else 0 */
} AnswerState;

#define PG_GETARG_ANSWERS(n) ((AnswerState *) PG_GETARG_VARLENA_P(n))

SQL_FUNCTION(answer_counts_in);
SQL_FUNCTION(answer_counts_out);
SQL_FUNCTION(answer_counts_recv);
SQL_FUNCTION(answer_counts_send);
SQL_FUNCTION(answer_counts_combine);
SQL_FUNCTION(nps_trans);
SQL_FUNCTION(nps_interval_trans);
SQL_FUNCTION(csat_trans);
SQL_FUNCTION(csat_interval_trans);
SQL_FUNCTION(nps_final);
SQL_FUNCTION(nps_interval_final);
SQL_FUNCTION(csat_final);
SQL_FUNCTION(csat_interval_final);
SQL_FUNCTION(satisfaction__wilson_lower);
SQL_FUNCTION(satisfaction__nps_error);

static AnswerState *
CreateState(double confidence)
{
	AnswerState *state = palloc0(sizeof(AnswerState));

	SET_VARSIZE(state, sizeof(AnswerState));
	state->head.version = STATE_VERSION;
	state->confidence = confidence;
	return state;
}

/* Refuses what no aggregation can have made. */
static AnswerState *
CheckedState(AnswerState *state)
{
	if (state->good < 0 || state->bad < 0 || state->answers < 1 ||
		state->good > state->answers ||
		state->bad > state->answers - state->good)
		RefuseState(TYPE_NAME, "good and bad must be parts of the answers");
	if (!(state->confidence >= 0 && state->confidence < 1))
		RefuseState(TYPE_NAME, "confidence out of range");
	state->confidence += 0.0;	/* -0 is 0 */
	return state;
}

/* (1,confidence or 0,answers,good,bad) */
Datum
answer_counts_in(PG_FUNCTION_ARGS)
{
	char	   *cursor = PG_GETARG_CSTRING(0);
	AnswerState *state;

	StateTextVersion(&cursor, TYPE_NAME);
	StateTextSkip(&cursor, ',', TYPE_NAME);
	state = CreateState(StateTextDouble(&cursor, ",", TYPE_NAME));
	StateTextSkip(&cursor, ',', TYPE_NAME);
	state->answers = StateTextInt64(&cursor, ",", TYPE_NAME);
	StateTextSkip(&cursor, ',', TYPE_NAME);
	state->good = StateTextInt64(&cursor, ",", TYPE_NAME);
	StateTextSkip(&cursor, ',', TYPE_NAME);
	state->bad = StateTextInt64(&cursor, ")", TYPE_NAME);
	StateTextEnd(cursor, TYPE_NAME);
	PG_RETURN_POINTER(CheckedState(state));
}

Datum
answer_counts_out(PG_FUNCTION_ARGS)
{
	AnswerState *state = PG_GETARG_ANSWERS(0);
	char		number[DOUBLE_SHORTEST_DECIMAL_LEN];

	double_to_shortest_decimal_buf(state->confidence, number);
	PG_RETURN_CSTRING(psprintf("(%d,%s,%lld,%lld,%lld)", state->head.version,
							   number, (long long) state->answers,
							   (long long) state->good,
							   (long long) state->bad));
}

Datum
answer_counts_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	AnswerState *state;

	StateReceiveVersion(buffer, TYPE_NAME);
	state = CreateState(pq_getmsgfloat8(buffer));
	state->answers = pq_getmsgint64(buffer);
	state->good = pq_getmsgint64(buffer);
	state->bad = pq_getmsgint64(buffer);
	PG_RETURN_POINTER(CheckedState(state));
}

Datum
answer_counts_send(PG_FUNCTION_ARGS)
{
	AnswerState *state = PG_GETARG_ANSWERS(0);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint8(&buffer, state->head.version);
	pq_sendfloat8(&buffer, state->confidence);
	pq_sendint64(&buffer, state->answers);
	pq_sendint64(&buffer, state->good);
	pq_sendint64(&buffer, state->bad);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

static void
CheckSameConfidence(double first, double other)
{
	if (unlikely(first != other))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("confidence must be the same for all rows, not %g and %g",
						Min(first, other), Max(first, other))));
}

/* good and bad are parts of the answers, and cannot overflow before them. */
static void
AddAnswers(AnswerState *state, int64 answers, int64 good, int64 bad)
{
	if (unlikely(pg_add_s64_overflow(state->answers, answers,
									 &state->answers)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("number of answers out of range")));
	state->good += good;
	state->bad += bad;
}

Datum
answer_counts_combine(PG_FUNCTION_ARGS)
{
	AnswerState *state;
	AnswerState *other;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return StateOtherSide(fcinfo);
	other = PG_GETARG_ANSWERS(1);
	state = (AnswerState *) DatumGetPointer(StateArgument(fcinfo));
	CheckSameConfidence(state->confidence, other->confidence);
	AddAnswers(state, other->answers, other->good, other->bad);
	PG_RETURN_POINTER(state);
}

/* The confidence that argument n gives, or its default where there is none. */
static double
ReadConfidence(FunctionCallInfo fcinfo, int n)
{
	double		confidence = DEFAULT_CONFIDENCE;

	if (PG_NARGS() > n)
		confidence = PG_GETARG_FLOAT8(n);
	if (unlikely(!(confidence > 0 && confidence < 1)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("confidence must be greater than 0 and less than 1, not %g",
						confidence),
				 confidence > 1 ? errhint("Write 95 %% as 0.95.") : 0));
	return confidence;
}

static Datum
AddAnswer(FunctionCallInfo fcinfo, double confidence, bool good, bool bad)
{
	AnswerState *state;

	state = (AnswerState *) DatumGetPointer(StateArgument(fcinfo));
	if (state == NULL)
		state = CreateState(confidence);
	CheckSameConfidence(state->confidence, confidence);
	AddAnswers(state, 1, good ? 1 : 0, bad ? 1 : 0);
	PG_RETURN_POINTER(state);
}

static Datum
AddScore(FunctionCallInfo fcinfo, double confidence)
{
	int			score = PG_GETARG_INT32(1);

	CheckIntegerRange(score, LOWEST_SCORE, HIGHEST_SCORE, "score");
	return AddAnswer(fcinfo, confidence, score >= LEAST_OF_PROMOTERS,
					 score <= MOST_OF_DETRACTORS);
}

static Datum
AddSatisfaction(FunctionCallInfo fcinfo, double confidence)
{
	Datum		score = PG_GETARG_DATUM(1);
	Datum		satisfied_from = PG_GETARG_DATUM(2);

	CheckFiniteNumeric(score, "score");
	CheckFiniteNumeric(satisfied_from, "satisfied_from");
	return AddAnswer(fcinfo, confidence,
					 NumericCompare(score, satisfied_from) >= 0, false);
}

/* nps_trans(answer_counts, score int): a row with a NULL is skipped. */
Datum
nps_trans(PG_FUNCTION_ARGS)
{
	AggregateContext(fcinfo);
	if (StateRowHasNull(fcinfo))
		return StateUnchanged(fcinfo);
	return AddScore(fcinfo, 0);
}

/* nps_interval_trans(answer_counts, score int [, confidence float8]) */
Datum
nps_interval_trans(PG_FUNCTION_ARGS)
{
	AggregateContext(fcinfo);
	if (StateRowHasNull(fcinfo))
		return StateUnchanged(fcinfo);
	return AddScore(fcinfo, ReadConfidence(fcinfo, 2));
}

/* csat_trans(answer_counts, score numeric, satisfied_from numeric) */
Datum
csat_trans(PG_FUNCTION_ARGS)
{
	AggregateContext(fcinfo);
	if (StateRowHasNull(fcinfo))
		return StateUnchanged(fcinfo);
	return AddSatisfaction(fcinfo, 0);
}

/*
 * csat_interval_trans(answer_counts, score numeric, satisfied_from numeric
 * [, confidence float8])
 */
Datum
csat_interval_trans(PG_FUNCTION_ARGS)
{
	AggregateContext(fcinfo);
	if (StateRowHasNull(fcinfo))
		return StateUnchanged(fcinfo);
	return AddSatisfaction(fcinfo, ReadConfidence(fcinfo, 3));
}

static Datum
Share(int64 part, int64 whole, int times)
{
	return NumericDivide(NumericMultiply(NumericFromInt64(part),
										 NumericFromInt64(times)),
						 NumericFromInt64(whole));
}

/* The range from one number to another, both included. */
static Datum
NumericRange(Datum lower, Datum upper)
{
	TypeCacheEntry *type = lookup_type_cache(NUMRANGEOID,
											 TYPECACHE_RANGE_INFO);
	RangeBound	from = {lower, false, true, true};
	RangeBound	to = {upper, false, true, false};

	return RangeTypePGetDatum(MakeRange(type, &from, &to));
}

static Datum
NumericFromDouble(double value)
{
	return DirectFunctionCall1(float8_numeric, Float8GetDatum(value));
}

Datum
nps_final(PG_FUNCTION_ARGS)
{
	AnswerState *state;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = PG_GETARG_ANSWERS(0);
	PG_RETURN_DATUM(Share(state->good - state->bad, state->answers, 100));
}

/* Those of an interval have a confidence, others 0. */
static AnswerState *
IntervalArgument(FunctionCallInfo fcinfo, const char *interval,
				 const char *point)
{
	AnswerState *state = PG_GETARG_ANSWERS(0);

	if (state->confidence == 0)
		RefuseOtherState(interval, point);
	return state;
}

/* Half the normal interval of a share of good less bad ones. */
static double
NetError(double good, double bad, double n, double confidence)
{
	double		net = (good - bad) / n;
	double		variance = (good + bad) / n - net * net;

	return num_normal_upper_quantile((1 - confidence) / 2) *
		sqrt(variance / n);
}

/* The normal interval, within -100 and 100; a point if all answer alike. */
Datum
nps_interval_final(PG_FUNCTION_ARGS)
{
	AnswerState *state;
	Datum		score;
	double		net;
	double		error;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = IntervalArgument(fcinfo, "nps_interval", "nps");
	score = Share(state->good - state->bad, state->answers, 100);
	if (state->good == state->answers || state->bad == state->answers ||
		state->good + state->bad == 0)
		return NumericRange(score, score);
	net = (state->good - state->bad) / (double) state->answers;
	error = NetError(state->good, state->bad, state->answers,
					 state->confidence);
	return NumericRange(NumericFromDouble(100 * Max(net - error, -1)),
						NumericFromDouble(100 * Min(net + error, 1)));
}

Datum
csat_final(PG_FUNCTION_ARGS)
{
	AnswerState *state;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = PG_GETARG_ANSWERS(0);
	PG_RETURN_DATUM(Share(state->good, state->answers, 1));
}

/*
 * The end of Wilson's interval below a share; what is above it is below the
 * share of the others.  The product of both ends is share^2 / (1 + z^2 / n):
 * taken so, a small one keeps its digits.
 */
static double
WilsonLower(double share, double n, double z)
{
	double		more = z * z / n;
	double		half = z * sqrt((share * (1 - share) + more / 4) / n);

	return share * share / (share + more / 2 + half);
}

Datum
csat_interval_final(PG_FUNCTION_ARGS)
{
	AnswerState *state;
	double		n;
	double		z;
	double		lower;
	double		upper;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = IntervalArgument(fcinfo, "csat_interval", "csat");
	n = state->answers;
	z = num_normal_upper_quantile((1 - state->confidence) / 2);
	lower = WilsonLower(state->good / n, n, z);
	upper = 1 - WilsonLower((state->answers - state->good) / n, n, z);
	return NumericRange(NumericFromDouble(lower), NumericFromDouble(upper));
}

static void
CheckAnswers(int64 answers)
{
	if (answers <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("answers must be greater than 0, not " INT64_FORMAT,
						answers)));
}

static void
CheckPart(const char *name, int64 part, int64 answers)
{
	if (part < 0 || part > answers)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be from 0 to answers, " INT64_FORMAT
						", not " INT64_FORMAT, name, answers, part)));
}

/* wilson_lower(good bigint, answers bigint, confidence float8) */
Datum
satisfaction__wilson_lower(PG_FUNCTION_ARGS)
{
	int64		good = PG_GETARG_INT64(0);
	int64		answers = PG_GETARG_INT64(1);
	double		confidence = ReadConfidence(fcinfo, 2);

	CheckAnswers(answers);
	CheckPart("good", good, answers);
	PG_RETURN_FLOAT8(WilsonLower((double) good / answers, answers,
								 num_normal_upper_quantile((1 - confidence) /
														   2)));
}

/* nps_error(good bigint, bad bigint, answers bigint, confidence float8) */
Datum
satisfaction__nps_error(PG_FUNCTION_ARGS)
{
	int64		good = PG_GETARG_INT64(0);
	int64		bad = PG_GETARG_INT64(1);
	int64		answers = PG_GETARG_INT64(2);
	double		confidence = ReadConfidence(fcinfo, 3);

	CheckAnswers(answers);
	CheckPart("good", good, answers);
	CheckPart("bad", bad, answers - good);
	if (good == answers || bad == answers || good + bad == 0)
		PG_RETURN_FLOAT8(0);
	PG_RETURN_FLOAT8(100 * NetError(good, bad, answers, confidence));
}
