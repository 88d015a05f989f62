/*
 * score.c
 *	  RFM scores by the cut points of a population; segment names.
 *
 * SQL, in file order: type rfm_population (rfm_population_in, _out, _recv,
 * _send), aggregate rfm_cuts(recency_days, frequency, monetary [, bins]),
 * rfm_score in three forms (stored cuts, given cuts, window), rfm_segment.
 *
 * A score has three decimal digits, R, F and M, each 1 + the number of cuts
 * strictly below the value, so that equal customers always score alike.  Cut k
 * of n bins is percentile_disc(k/n) of the population.  The larger value is
 * the better one; recency is therefore scored by its negative, and a recency
 * cut of -30 means thirty days.
 */
#include "crmcost.h"

#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "num/sort.h"
#include "state/huge_array.h"
#include "state/row_type.h"
#include "state/state.h"
#include "state/window.h"
#include "utils/array.h"

#define TYPE_NAME "rfm_population"

#define MIN_BINS 2
#define MAX_BINS 9
#define DEFAULT_BINS 5

enum
{
	RECENCY, FREQUENCY, MONETARY, MEASURES
};

static const char *const measure_names[MEASURES] = {
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

/* the cut points of one population, on the scale of scores */
typedef struct RfmCuts
{
	int			bins;
	double		cut[MEASURES][MAX_BINS - 1];
} RfmCuts;

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
SQL_FUNCTION(rfm_score);
SQL_FUNCTION(thresholds_rfm_score);
SQL_FUNCTION(window_rfm_score);
SQL_FUNCTION(rfm_segment);

/* Checks a customer's measure and turns it so that larger is better. */
static inline double
CheckMeasure(int measure, double value)
{
	if (measure == MONETARY)
		CheckFinite(value, measure_names[measure]);
	else
		CheckNotNegative(value, measure_names[measure]);
	return measure == RECENCY ? -value : value;
}

/* The score, digit by digit. */
static inline int
Score(const RfmCuts *cuts, const double *value)
{
	int			score = 0;

	for (int m = 0; m < MEASURES; m++)
	{
		int			digit = 1;

		for (int k = 0; k < cuts->bins - 1; k++)
			digit += cuts->cut[m][k] < value[m];
		score = score * 10 + digit;
	}
	return score;
}

/*
 * The cuts of one measure, as sort keys.  Cut k is the value of rank
 * ceil(k/bins * n), computed in floating point exactly as percentile_disc
 * (k::float8 / bins) does.
 */
static void
SelectCuts(uint64 *cuts, int bins, const uint64 *keys, Size count,
		   uint64 *scratch)
{
	Size		ranks[MAX_BINS - 1] = {0};

	StaticAssertStmt(MAX_BINS - 1 <= NUM_SELECT_RANKS, "too many bins");
	for (int k = 1; k < bins; k++)
		ranks[k - 1] = Max(ceil((double) k / bins * count), 1) - 1;
	num_select_ranks(keys, count, ranks, bins - 1, cuts, scratch,
					 PollInterrupts);
}

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
		CheckFinite(value[m], measure_names[m]);
	if (value[RECENCY] > 0 || value[FREQUENCY] < 0)
		RefuseState(TYPE_NAME, "recency must be negated, frequency not negative");
}

/* (1,bins,customers,{recency frequency monetary},...) with recency negative */
Datum
rfm_population_in(PG_FUNCTION_ARGS)
{
	char	   *cursor = PG_GETARG_CSTRING(0);
	int64		bins;
	int64		customers = 0;
	RfmPopulation *state;

	for (char *c = cursor; *c != '\0'; c++)
		customers += *c == '{';
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
			char	   *field = StateTextField(&cursor, stops, TYPE_NAME);
			Datum		value = DirectFunctionCall1(float8in,
													CStringGetDatum(field));

			state->values[i][m] = DatumGetFloat8(value);
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
		for (int m = 0; m < MEASURES; m++)
			pq_sendfloat8(&buffer, state->values[i][m]);
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
		value[m] = CheckMeasure(m, PG_GETARG_FLOAT8(m + 1));

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
		SelectCuts(cuts, state->bins, keys, state->customers,
				   keys + state->customers);
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
static void
ReadCutArray(ArrayType *array, int measure, RfmCuts *cuts)
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
static void
ReadCutRow(HeapTupleHeader row, RfmCuts *cuts)
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
		ReadCutArray(DatumGetArrayTypeP(values[FIRST_CUTS + m]), m, cuts);
	}
	if (nulls[BINS] || DatumGetInt32(values[BINS]) != cuts->bins)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("bins of the cuts must be %d like its arrays, not %s",
						cuts->bins, nulls[BINS] ? "NULL" :
						psprintf("%d", DatumGetInt32(values[BINS])))));
}

/* the last arguments read, so that reading them again costs a comparison */
typedef struct CutsCache
{
	RfmCuts		cuts;
	Size		size;
	char		bytes[FLEXIBLE_ARRAY_MEMBER];
} CutsCache;

static CutsCache *
StoreCuts(FunctionCallInfo fcinfo, const RfmCuts *cuts, Size size)
{
	CutsCache  *cache = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt,
										   offsetof(CutsCache, bytes) + size);

	if (fcinfo->flinfo->fn_extra != NULL)
		pfree(fcinfo->flinfo->fn_extra);
	cache->cuts = *cuts;
	cache->size = size;
	fcinfo->flinfo->fn_extra = cache;
	return cache;
}

static inline int
ScoreArguments(FunctionCallInfo fcinfo, const RfmCuts *cuts)
{
	double		value[MEASURES];

	for (int m = 0; m < MEASURES; m++)
		value[m] = CheckMeasure(m, PG_GETARG_FLOAT8(m));
	return Score(cuts, value);
}

/* rfm_score(recency_days, frequency, monetary, cuts rfm_cuts) */
Datum
rfm_score(PG_FUNCTION_ARGS)
{
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(3);
	Size		size = HeapTupleHeaderGetDatumLength(row);
	CutsCache  *cache = fcinfo->flinfo->fn_extra;

	if (cache == NULL || cache->size != size ||
		memcmp(cache->bytes, row, size) != 0)
	{
		RfmCuts		cuts;

		ReadCutRow(row, &cuts);
		cache = StoreCuts(fcinfo, &cuts, size);
		memcpy(cache->bytes, row, size);
	}
	PG_RETURN_INT32(ScoreArguments(fcinfo, &cache->cuts));
}

/*
 * rfm_score(recency_days, frequency, monetary, recency_cuts float8[],
 * frequency_cuts float8[], monetary_cuts float8[])
 */
Datum
thresholds_rfm_score(PG_FUNCTION_ARGS)
{
	CutsCache  *cache = fcinfo->flinfo->fn_extra;
	ArrayType  *array[MEASURES];
	Size		size = 0;
	bool		same;

	for (int m = 0; m < MEASURES; m++)
	{
		array[m] = PG_GETARG_ARRAYTYPE_P(MEASURES + m);
		size += VARSIZE(array[m]);
	}
	same = cache != NULL && cache->size == size;
	for (Size m = 0, offset = 0; same && m < MEASURES; m++)
	{
		same = memcmp(cache->bytes + offset, array[m], VARSIZE(array[m])) == 0;
		offset += VARSIZE(array[m]);
	}
	if (!same)
	{
		RfmCuts		cuts = {0};

		for (int m = 0; m < MEASURES; m++)
			ReadCutArray(array[m], m, &cuts);
		cache = StoreCuts(fcinfo, &cuts, size);
		for (Size m = 0, offset = 0; m < MEASURES; m++)
		{
			memcpy(cache->bytes + offset, array[m], VARSIZE(array[m]));
			offset += VARSIZE(array[m]);
		}
	}
	PG_RETURN_INT32(ScoreArguments(fcinfo, &cache->cuts));
}

/* no finite measure has this key */
#define MISSING_KEY UINT64CONST(0)

/*
 * Reads the measures of a partition as sort keys.  Column by column: the
 * executor reads a partition much faster in order than it goes back to a row
 * for a second argument.
 */
static void
ReadMeasures(WindowObject window, uint64 *keys[MEASURES])
{
	for (int m = 0; m < MEASURES; m++)
	{
		PartitionScan scan;

		PartitionScanBegin(&scan, window);
		while (PartitionScanNext(&scan))
		{
			bool		isnull;
			Datum		value = PartitionScanArgument(&scan, m, &isnull);

			keys[m][scan.row] = isnull ? MISSING_KEY :
				num_key_from_double(CheckMeasure(m, DatumGetFloat8(value)));
		}
		PartitionScanEnd(&scan);
	}
}

/*
 * The scores of a partition's rows, 0 for one with a NULL measure: such a
 * customer does not belong to the population.
 */
static uint16 *
ScorePartition(WindowObject window, int bins, MemoryContext context)
{
	Size		rows = WinGetPartitionRowCount(window);
	uint16	   *scores = HugeArray(context, rows, sizeof(uint16));
	uint64	   *keys[MEASURES];
	uint64	   *scratch = HugeArray(CurrentMemoryContext,
									NUM_SELECT_SCRATCH(rows), sizeof(uint64));
	uint64	   *present = NULL;
	Size		customers = 0;

	for (int m = 0; m < MEASURES; m++)
		keys[m] = HugeArray(CurrentMemoryContext, rows, sizeof(uint64));
	ReadMeasures(window, keys);
	for (Size row = 0; row < rows; row++)
	{
		scores[row] = keys[RECENCY][row] != MISSING_KEY &&
			keys[FREQUENCY][row] != MISSING_KEY &&
			keys[MONETARY][row] != MISSING_KEY ? 111 : 0;
		customers += scores[row] != 0;
	}
	if (customers < rows)
		present = HugeArray(CurrentMemoryContext, customers, sizeof(uint64));

	for (int m = 0; m < MEASURES && customers > 0; m++)
	{
		uint64		cuts[MAX_BINS - 1];
		int			place = m == RECENCY ? 100 : m == FREQUENCY ? 10 : 1;
		Size		count = 0;

		for (Size row = 0; row < rows && present != NULL; row++)
			if (scores[row] != 0)
				present[count++] = keys[m][row];
		SelectCuts(cuts, bins, present != NULL ? present : keys[m], customers,
				   scratch);
		for (Size row = 0; row < rows; row++)
		{
			int			below = 0;

			for (int k = 0; k < bins - 1; k++)
				below += cuts[k] < keys[m][row];
			if (scores[row] != 0)
				scores[row] += below * place;
		}
		CHECK_FOR_INTERRUPTS();
	}
	return scores;
}

/* rfm_score(recency_days, frequency, monetary, bins int = 5) OVER (...) */
Datum
window_rfm_score(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	int64		row = WinGetCurrentPosition(window);
	uint16	  **scores = (uint16 **) PartitionCache(window);

	if (*scores == NULL)
	{
		int			bins = PartitionInteger(fcinfo, window, MEASURES, "bins");

		CheckIntegerRange(bins, MIN_BINS, MAX_BINS, "bins");
		*scores = ScorePartition(window, bins, PartitionContext(fcinfo));
	}
	PartitionForgetRows(window, row);
	if ((*scores)[row] == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32((*scores)[row]);
}

/*
 * rfm_segment(score): the ten usual names, by recency and by the mean of
 * frequency and monetary, rounded up.
 */
Datum
rfm_segment(PG_FUNCTION_ARGS)
{
	static const char *const segment[5][5] = {
		{"Lost", "Lost", "At Risk", "At Risk", "Can't Lose Them"},
		{"Lost", "Lost", "At Risk", "At Risk", "Can't Lose Them"},
		{"About To Sleep", "About To Sleep", "Need Attention",
		"Loyal Customers", "Loyal Customers"},
		{"Promising", "Potential Loyalist", "Potential Loyalist",
		"Loyal Customers", "Loyal Customers"},
		{"New Customers", "Potential Loyalist", "Potential Loyalist",
		"Champions", "Champions"}
	};
	int			score = PG_GETARG_INT32(0);
	int			r = score / 100;
	int			f = score / 10 % 10;
	int			m = score % 10;

	if (r < 1 || r > 5 || f < 1 || f > 5 || m < 1 || m > 5)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("score must have three digits of 1 to 5, not %d", score)));
	PG_RETURN_TEXT_P(cstring_to_text(segment[r - 1][(f + m + 1) / 2 - 1]));
}
