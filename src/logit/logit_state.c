/*
 * logit_state.c
 *	  The rows that logit_fit has gathered.
 *
 * SQL, in file order: logit_fit_combine, type logit_sample (logit_sample_in,
 * _out, _recv, _send).
 */
#include "crmcost.h"

#include "common/shortest_dec.h"
#include "logit/logit_state.h"
#include "state/huge_array.h"

#define TYPE_NAME "logit_sample"

SQL_FUNCTION(logit_fit_combine);
SQL_FUNCTION(logit_sample_in);
SQL_FUNCTION(logit_sample_out);
SQL_FUNCTION(logit_sample_recv);
SQL_FUNCTION(logit_sample_send);

static void
AssertCheckLogit(const LogitState *state)
{
	Assert(state->growing.head.version == STATE_VERSION);
	Assert(state->growing.used ==
		   (int64) LOGIT_SIZE(state->rows, state->features));
}

void
CheckFeatures(int64 features)
{
	if (features < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("features must have at least one element")));
	if (features > NUM_LOGIT_FEATURES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("features must have at most %d elements, not %lld",
						NUM_LOGIT_FEATURES, (long long) features)));
}

void
RefuseOtherFeatures(int64 first, int64 other)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("features must have the same number of elements on all rows, not %lld and %lld",
					(long long) Min(first, other),
					(long long) Max(first, other))));
}

void
RefuseOtherRidge(double first, double other)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("ridge must be the same for all rows, not %g and %g",
					Min(first, other), Max(first, other))));
}

/* The state with room for so many more rows. */
Datum
LogitRoom(Datum datum, int64 rows, MemoryContext aggcontext)
{
	Size		capacity;
	LogitState *state = (LogitState *) StateView(datum, &capacity);
	Size		used = state->growing.used;
	Size		needed = LOGIT_SIZE(state->rows + rows, state->features);

	if (likely(needed <= capacity))
		return datum;
	return StateExtend(datum, used, needed, MaxAllocSize,
					   "Fit a sample of the rows, or fewer features.",
					   aggcontext);
}

/* A state without rows, but with room for one. */
Datum
LogitCreate(int features, double ridge, MemoryContext aggcontext)
{
	Datum		datum = StateGrow(PointerGetDatum(NULL), 0,
								  LOGIT_SIZE(1, features), MaxAllocSize, "",
								  aggcontext);
	Size		capacity;
	LogitState *state = (LogitState *) StateView(datum, &capacity);

	memset((char *) state + sizeof(StateHeader), 0,
		   offsetof(LogitState, value) - sizeof(StateHeader));
	state->growing.head.version = STATE_VERSION;
	state->growing.used = LOGIT_SIZE(0, features);
	state->features = features;
	state->ridge = ridge;
	return datum;
}

Datum
logit_fit_combine(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = AggregateContext(fcinfo);
	Datum		datum = StateArgument(fcinfo);
	const LogitState *other;
	LogitState *state;
	Size		capacity;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return StateOtherSide(fcinfo);
	other = (LogitState *) StateRead(PG_GETARG_DATUM(1));
	state = (LogitState *) StateView(datum, &capacity);
	if (state->features != other->features)
		RefuseOtherFeatures(state->features, other->features);
	if (state->ridge != other->ridge)
		RefuseOtherRidge(state->ridge, other->ridge);
	datum = LogitRoom(datum, other->rows, aggcontext);
	state = (LogitState *) StateView(datum, &capacity);
	memcpy((char *) state + state->growing.used, other->value,
		   other->growing.used - offsetof(LogitState, value));
	state->rows += other->rows;
	state->growing.used = LOGIT_SIZE(state->rows, state->features);
	AssertCheckLogit(state);
	PG_RETURN_DATUM(datum);
}

/* A state for so many rows, to be filled in. */
static LogitState *
FinishedState(int64 rows, int64 features, double ridge)
{
	Size		size;
	LogitState *state;

	if (features < 1 || features > NUM_LOGIT_FEATURES)
		RefuseState(TYPE_NAME, "number of features out of range");
	if (!(ridge >= 0) || isinf(ridge))
		RefuseState(TYPE_NAME, "ridge must be finite and not negative");
	if (rows < 1 || rows > (int64) (MaxAllocSize / sizeof(double)) ||
		LOGIT_SIZE(rows, features) > MaxAllocSize)
		RefuseState(TYPE_NAME, "number of rows out of range");
	size = LOGIT_SIZE(rows, features);
	state = palloc0(size);
	SET_VARSIZE(state, size);
	state->growing.head.version = STATE_VERSION;
	state->growing.used = size;
	state->rows = rows;
	state->features = features;
	state->ridge = ridge;
	return state;
}

/* Refuses what no aggregation can have made; 0 has no sign. */
static void
CheckRow(const LogitState *state, double *row)
{
	for (int64 j = 0; j < state->features; j++)
	{
		if (!isfinite(row[j]))
			RefuseState(TYPE_NAME, "features must be finite");
		row[j] += 0.0;
	}
	if (row[state->features] != 0 && row[state->features] != 1)
		RefuseState(TYPE_NAME, "label must be 0 or 1");
	row[state->features] += 0.0;
}

/* for sorting rows by what they hold */
static int
CompareRows(const void *a, const void *b, void *arg)
{
	const LogitState *state = arg;
	const double *left = *(const double *const *) a;
	const double *right = *(const double *const *) b;

	for (Size j = 0; j < LOGIT_WIDTH(state); j++)
		if (left[j] != right[j])
			return left[j] < right[j] ? -1 : 1;
	return 0;
}

static const double **
SortedRows(LogitState *state)
{
	const double **row = HugeArray(CurrentMemoryContext, state->rows,
								   sizeof(double *));

	for (int64 i = 0; i < state->rows; i++)
		row[i] = state->value + i * LOGIT_WIDTH(state);
	qsort_interruptible(row, state->rows, sizeof(double *), CompareRows,
						state);
	return row;
}

static double
ReadDouble(char **cursor, const char *stops)
{
	char	   *field = StateTextField(cursor, stops, TYPE_NAME);

	return DatumGetFloat8(DirectFunctionCall1(float8in,
											  CStringGetDatum(field)));
}

/* (1,ridge,features,{feature,...,label},...) */
Datum
logit_sample_in(PG_FUNCTION_ARGS)
{
	char	   *cursor = PG_GETARG_CSTRING(0);
	int64		rows = 0;
	int64		features;
	double		ridge;
	LogitState *state;

	for (char *c = cursor; *c != '\0'; c++)
		rows += *c == '{';
	StateTextVersion(&cursor, TYPE_NAME);
	StateTextSkip(&cursor, ',', TYPE_NAME);
	ridge = ReadDouble(&cursor, ",");
	StateTextSkip(&cursor, ',', TYPE_NAME);
	features = StateTextInt64(&cursor, ",)", TYPE_NAME);
	state = FinishedState(rows, features, ridge);
	for (int64 i = 0; i < rows; i++)
	{
		double	   *row = state->value + i * LOGIT_WIDTH(state);

		StateTextSkip(&cursor, ',', TYPE_NAME);
		for (int64 j = 0; j <= features; j++)
		{
			StateTextSkip(&cursor, j == 0 ? '{' : ',', TYPE_NAME);
			row[j] = ReadDouble(&cursor, j < features ? "," : "}");
		}
		StateTextSkip(&cursor, '}', TYPE_NAME);
		CheckRow(state, row);
		CHECK_FOR_INTERRUPTS();
	}
	StateTextEnd(cursor, TYPE_NAME);
	PG_RETURN_POINTER(state);
}

Datum
logit_sample_out(PG_FUNCTION_ARGS)
{
	LogitState *state = (LogitState *) StateRead(PG_GETARG_DATUM(0));
	const double **row = SortedRows(state);
	StringInfoData out;
	char		number[DOUBLE_SHORTEST_DECIMAL_LEN];

	initStringInfo(&out);
	double_to_shortest_decimal_buf(state->ridge, number);
	appendStringInfo(&out, "(%d,%s,%lld", STATE_VERSION, number,
					 (long long) state->features);
	for (int64 i = 0; i < state->rows; i++)
	{
		for (Size j = 0; j < LOGIT_WIDTH(state); j++)
		{
			double_to_shortest_decimal_buf(row[i][j], number);
			appendStringInfo(&out, "%s%s", j == 0 ? ",{" : ",", number);
		}
		appendStringInfoChar(&out, '}');
		CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoChar(&out, ')');
	PG_RETURN_CSTRING(out.data);
}

/* On the wire: version, ridge, number of features, then row by row. */
Datum
logit_sample_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	double		ridge;
	int			features;
	LogitState *state;

	StateReceiveVersion(buffer, TYPE_NAME);
	ridge = pq_getmsgfloat8(buffer);
	features = pq_getmsgint(buffer, 2);
	state = FinishedState((buffer->len - buffer->cursor) /
						  ((features + 1) * (int) sizeof(double)),
						  features, ridge);
	for (int64 i = 0; i < state->rows; i++)
	{
		double	   *row = state->value + i * LOGIT_WIDTH(state);

		for (int j = 0; j <= features; j++)
			row[j] = pq_getmsgfloat8(buffer);
		CheckRow(state, row);
		CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_POINTER(state);
}

Datum
logit_sample_send(PG_FUNCTION_ARGS)
{
	LogitState *state = (LogitState *) StateRead(PG_GETARG_DATUM(0));
	const double **row = SortedRows(state);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint8(&buffer, STATE_VERSION);
	pq_sendfloat8(&buffer, state->ridge);
	pq_sendint16(&buffer, state->features);
	for (int64 i = 0; i < state->rows; i++)
	{
		for (Size j = 0; j < LOGIT_WIDTH(state); j++)
			pq_sendfloat8(&buffer, row[i][j]);
		CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
