/*
 * cuts.c
 *	  The cut points of a population's recency, frequency and monetary value.
 *
 * SQL, in file order: type rfm_population (rfm_population_in, _out, _recv,
 * _send), aggregate rfm_cuts(recency_days, frequency, monetary [, bins]); what
 * reads cuts again, for score.c, comes last.
 *
 * Cut k of n bins is percentile_disc(k/n) of the population.  The larger value
 * is the better one; recency therefore has its negative taken, and a recency
 * cut of -30 means thirty days.
 */
#include "crmcost.h"

#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "num/sort.h"
#include "rfm/cuts.h"
#include "state/huge_array.h"
#include "state/row_type.h"
#include "state/state.h"

#define TYPE_NAME "rfm_population"
#define DEFAULT_BINS 5

const char *const rfm_measure_names[MEASURES] = {
	"recency_days", "frequency", "monetary"
};
static const char *const cut_names[MEASURES] = {
	"recency_cuts", "frequency_cuts", "monetary_cuts"
};

/* the row type rfm_cuts */
enum
{
	BINS, FIRST_CUTS, CUSTOMERS = FIRST_CUTS + MEASURES, CUT_COLUMNS
};
static const RowColumn cut_columns[CUT_COLUMNS] = {
	{"bins", INT4OID},
	{"recency", FLOAT8ARRAYOID},
	{"frequency", FLOAT8ARRAYOID},
	{"monetary", FLOAT8ARRAYOID},
	{"customers", INT8OID}
};
static const RowType cut_type = {"rfm_cuts", CUT_COLUMNS, cut_columns};

/* state of rfm_cuts: the population itself */
typedef struct RfmPopulation
{
	GrowingState growing;
	int64		customers;
	int64		bins;
	double		values[FLEXIBLE_ARRAY_MEMBER][MEASURES];
} RfmPopulation;

#define POPULATION_SIZE(n) \
	(offsetof(RfmPopulation, values) + (Size) (n) * MEASURES * sizeof(double))
#define FIRST_ROOM 8

SQL_FUNCTION(rfm_population_in);
SQL_FUNCTION(rfm_population_out);
SQL_FUNCTION(rfm_population_recv);
SQL_FUNCTION(rfm_population_send);
SQL_FUNCTION(rfm_cuts_trans);
SQL_FUNCTION(rfm_cuts_combine);
SQL_FUNCTION(rfm_cuts_final);

/* state of rfm_cuts */
static inline void
AssertCheckPopulation(const RfmPopulation *state)
{
	Assert(state->growing.head.version == STATE_VERSION);
	Assert(state->growing.used == (int64) POPULATION_SIZE(state->customers));
	Assert(state->bins >= MIN_BINS && state->bins <= MAX_BINS);
}

static RfmPopulation *
CreatePopulation(int64 customers, int64 bins)
{
	RfmPopulation *state;

	if (bins < MIN_BINS || bins > MAX_BINS)
		RefuseState(TYPE_NAME, "bins out of range");
	if (customers < 1 ||
		customers > (int64) ((MaxAllocSize - POPULATION_SIZE(0)) /
							 sizeof(state->values[0])))
		RefuseState(TYPE_NAME, "number of customers out of range");
	state = palloc0(POPULATION_SIZE(customers));
	SET_VARSIZE(state, POPULATION_SIZE(customers));
	state->growing.head.version = STATE_VERSION;
	state->growing.used = POPULATION_SIZE(customers);
	state->bins = bins;
	state->customers = customers;
	return state;
}

/* Refuses what no transition can have stored: recency is negated. */
static void
CheckCustomer(const double *value)
{
	for (int m = 0; m < MEASURES; m++)
		CheckFinite(value[m], rfm_measure_names[m]);
	if (value[RECENCY] > 0 || value[FREQUENCY] < 0)
		RefuseState(TYPE_NAME, "recency must be negated, frequency not negative");
}

/* (1,bins,customers,{recency frequency monetary},...) with recency negative */
Datum
rfm_population_in(PG_FUNCTION_ARGS)
{
	char	   *cursor = PG_GETARG_CSTRING(0);
	int64		bins;
	int64		customers = StateTextCount(cursor);
	RfmPopulation *state;

	StateTextVersion(&cursor, TYPE_NAME);
	StateTextSkip(&cursor, ',', TYPE_NAME);
	bins = StateTextInt64(&cursor, ",)", TYPE_NAME);
	state = CreatePopulation(customers, bins);
	for (int64 i = 0; i < customers; i++)
	{
		StateTextSkip(&cursor, ',', TYPE_NAME);
		StateTextSkip(&cursor, '{', TYPE_NAME);
		for (int m = 0; m < MEASURES; m++)
		{
			const char *stops = m < MEASURES - 1 ? "," : "}";

			state->values[i][m] = StateTextDouble(&cursor, stops, TYPE_NAME);
			StateTextSkip(&cursor, *stops, TYPE_NAME);
		}
		CheckCustomer(state->values[i]);
		CHECK_FOR_INTERRUPTS();
	}
	StateTextEnd(cursor, TYPE_NAME);
	PG_RETURN_POINTER(state);
}

Datum
rfm_population_out(PG_FUNCTION_ARGS)
{
	RfmPopulation *state = (RfmPopulation *) StateRead(PG_GETARG_DATUM(0));
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "(%d,%d", state->growing.head.version,
					 (int) state->bins);
	for (int64 i = 0; i < state->customers; i++)
	{
		for (int m = 0; m < MEASURES; m++)
		{
			char text[	DOUBLE_SHORTEST_DECIMAL_LEN];

			double_to_shortest_decimal_buf(state->values[i][m], text);
			appendStringInfo(&out, "%s%s", m == 0 ? ",{" : ",", text);
		}
		appendStringInfoChar(&out, '}');
		CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoChar(&out, ')');
	PG_RETURN_CSTRING(out.data);
}

Datum
rfm_population_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	int			bins;
	int64		customers;
	RfmPopulation *state;

	StateReceiveVersion(buffer, TYPE_NAME);
	bins = pq_getmsgbyte(buffer);
	customers = (buffer->len - buffer->cursor) / sizeof(state->values[0]);
	state = CreatePopulation(customers, bins);
	for (int64 i = 0; i < customers; i++)
	{
		for (int m = 0; m < MEASURES; m++)
			state->values[i][m] = pq_getmsgfloat8(buffer);
		CheckCustomer(state->values[i]);
		POLL_AT(i);
	}
	PG_RETURN_POINTER(state);
}

Datum
rfm_population_send(PG_FUNCTION_ARGS)
{
	RfmPopulation *state = (RfmPopulation *) StateRead(PG_GETARG_DATUM(0));
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint8(&buffer, state->growing.head.version);
	pq_sendint8(&buffer, state->bins);
	for (int64 i = 0; i < state->customers; i++)
	{
		for (int m = 0; m < MEASURES; m++)
			pq_sendfloat8(&buffer, state->values[i][m]);
		POLL_AT(i);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

static void
CheckSameBins(int64 bins, const RfmPopulation *state)
{
	if (bins != state->bins)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("bins must be the same for all rows, not %lld and %lld",
						(long long) state->bins, (long long) bins)));
}

/* A state with room for "more" customers. */
static Datum
MakeRoom(Datum datum, int64 customers, int64 more, MemoryContext aggcontext)
{
	return StateGrow(datum, POPULATION_SIZE(customers),
					 POPULATION_SIZE(Max(customers + more, FIRST_ROOM)),
					 MaxAllocSize,
					 "Take the cuts of a sample of the customers.", aggcontext);
}

/*
 * rfm_cuts_trans(rfm_population, recency_days, frequency, monetary [, bins]):
 * a row with a NULL is skipped.
 */
Datum
rfm_cuts_trans(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = AggregateContext(fcinfo);
	Datum		datum = StateArgument(fcinfo);
	RfmPopulation *state;
	Size		capacity;
	int			bins = DEFAULT_BINS;
	double		value[MEASURES];

	if (StateRowHasNull(fcinfo))
		return StateUnchanged(fcinfo);
	if (PG_NARGS() > 4)
	{
		bins = PG_GETARG_INT32(4);
		CheckIntegerRange(bins, MIN_BINS, MAX_BINS, "bins");
	}
	for (int m = 0; m < MEASURES; m++)
		value[m] = RfmCheckMeasure(m, PG_GETARG_FLOAT8(m + 1));

	if (PG_ARGISNULL(0))
	{
		datum = MakeRoom(datum, 0, 1, aggcontext);
		state = (RfmPopulation *) StateView(datum, &capacity);
		state->growing.head.version = STATE_VERSION;
		state->growing.used = POPULATION_SIZE(0);
		state->bins = bins;
	}
	state = (RfmPopulation *) StateView(datum, &capacity);
	CheckSameBins(bins, state);
	if (POPULATION_SIZE(state->customers + 1) > capacity)
	{
		datum = MakeRoom(datum, state->customers, 1, aggcontext);
		state = (RfmPopulation *) StateView(datum, &capacity);
	}
	memcpy(state->values[state->customers++], value, sizeof(value));
	state->growing.used += sizeof(value);
	AssertCheckPopulation(state);
	PG_RETURN_DATUM(datum);
}

Datum
rfm_cuts_combine(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = AggregateContext(fcinfo);
	Datum		datum = StateArgument(fcinfo);
	RfmPopulation *state;
	RfmPopulation *other;
	Size		capacity;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return StateOtherSide(fcinfo);
	other = (RfmPopulation *) StateRead(PG_GETARG_DATUM(1));
	state = (RfmPopulation *) StateView(datum, &capacity);
	CheckSameBins(other->bins, state);
	datum = MakeRoom(datum, state->customers, other->customers, aggcontext);
	state = (RfmPopulation *) StateView(datum, &capacity);
	memcpy(state->values[state->customers], other->values,
		   other->customers * sizeof(state->values[0]));
	state->customers += other->customers;
	state->growing.used = POPULATION_SIZE(state->customers);
	AssertCheckPopulation(state);
	PG_RETURN_DATUM(datum);
}

/* The row (bins, recency, frequency, monetary, customers). */
Datum
rfm_cuts_final(PG_FUNCTION_ARGS)
{
	RfmPopulation *state;
	uint64	   *keys;
	TupleDesc	tupdesc;
	Datum		values[CUT_COLUMNS];
	bool		nulls[CUT_COLUMNS] = {false};

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (RfmPopulation *) StateRead(PG_GETARG_DATUM(0));
	tupdesc = RowResultType(fcinfo, &cut_type);

	keys = HugeArray(CurrentMemoryContext,
					 state->customers + NUM_SELECT_SCRATCH(state->customers),
					 sizeof(uint64));
	values[BINS] = Int32GetDatum((int) state->bins);
	for (int m = 0; m < MEASURES; m++)
	{
		uint64		cuts[MAX_BINS - 1];
		Datum		elements[MAX_BINS - 1];
		ArrayType  *array;

		for (int64 i = 0; i < state->customers; i++)
		{
			keys[i] = num_key_from_double(state->values[i][m]);
			POLL_AT(i);
		}
		num_select_cuts(keys, state->customers, state->bins, cuts,
						keys + state->customers, PollInterrupts);
		for (int k = 0; k < state->bins - 1; k++)
			elements[k] = Float8GetDatum(num_double_from_key(cuts[k]));
		array = construct_array(elements, state->bins - 1, FLOAT8OID,
								sizeof(float8), FLOAT8PASSBYVAL,
								TYPALIGN_DOUBLE);
		values[FIRST_CUTS + m] = PointerGetDatum(array);
	}
	values[CUSTOMERS] = Int64GetDatum(state->customers);
	pfree(keys);
	PG_RETURN_DATUM(RowForm(tupdesc, values, nulls));
}

/*
 * Reads and checks one measure's cuts.  Recency cuts may be given in days,
 * {30,90,180}, or as the aggregate stores them, {-180,-90,-30}.
 */
void
RfmReadCutArray(ArrayType *array, int measure, RfmCuts *cuts)
{
	const char *name = cut_names[measure];
	int			count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	const double *value = (const double *) ARR_DATA_PTR(array);
	bool		days;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must have one dimension, not %d", name,
						ARR_NDIM(array))));
	if (count < MIN_BINS - 1 || count > MAX_BINS - 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must have %d to %d values, not %d", name,
						MIN_BINS - 1, MAX_BINS - 1, count)));
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not contain NULL", name)));
	if (cuts->bins != 0 && cuts->bins != count + 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must have as many values as %s, %d, not %d", name,
						cut_names[RECENCY], cuts->bins - 1, count)));
	for (int k = 0; k < count; k++)
	{
		CheckFinite(value[k], name);
		if (k > 0 && value[k] < value[k - 1])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s must ascend, not %g before %g", name,
							value[k - 1], value[k])));
	}
	days = measure == RECENCY && value[count - 1] > 0;
	if (days && value[0] < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be all days or all negated days, not %g and %g",
						name, value[0], value[count - 1])));
	cuts->bins = count + 1;
	for (int k = 0; k < count; k++)
		cuts->cut[measure][k] = days ? -value[count - 1 - k] : value[k];
}

/* Reads the row type rfm_cuts. */
void
RfmReadCutRow(HeapTupleHeader row, RfmCuts *cuts)
{
	Datum		values[CUT_COLUMNS];
	bool		nulls[CUT_COLUMNS];

	RowRead(row, &cut_type, values, nulls);
	cuts->bins = 0;
	for (int m = 0; m < MEASURES; m++)
	{
		if (nulls[FIRST_CUTS + m])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("cuts must not have a NULL field")));
		RfmReadCutArray(DatumGetArrayTypeP(values[FIRST_CUTS + m]), m, cuts);
	}
	if (nulls[BINS] || DatumGetInt32(values[BINS]) != cuts->bins)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("bins of the cuts must be %d like its arrays, not %s",
						cuts->bins, nulls[BINS] ? "NULL" :
						psprintf("%d", DatumGetInt32(values[BINS])))));
}
