/*
 * sample.c
 *	  The sample that a lifetime value model is fitted to.
 *
 * SQL: type clv_sample (clv_sample_in, _out, _recv, _send) and
 * clv_sample_combine, for all aggregates that fit a model.
 *
 * Equal customers are one row with a weight, as they arrive: a million
 * customers whose days are whole are some hundred thousand rows of 32 bytes.
 */
#include "crmcost.h"

#include "clv/sample.h"
#include "common/shortest_dec.h"
#include "state/huge_array.h"

#define TYPE_NAME "clv_sample"

/* the words of a row: the values, then the weight, as doubles */
static inline void
AddRow(void *entry, const uint64 *word)
{
	double		weight;

	memcpy(&weight, &word[SAMPLE_VALUES], sizeof(weight));
	weight += ((SampleEntry *) entry)->weight;
	if (isinf(weight))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("weights must sum to a finite number")));
	((SampleEntry *) entry)->weight = weight;
}

static void FlushSample(GrowingState *state);

static const TableKind sample_table = {
	sizeof(SampleEntry),
	SAMPLE_VALUES,
	AddRow,
	FlushSample,
	"different customers",
	"Round frequency, recency and age, for example to days or weeks, or fit a sample of the customers."
};

static void
FlushSample(GrowingState *state)
{
	TableFlush(&sample_table, (TableState *) state);
}

SQL_FUNCTION(clv_sample_in);
SQL_FUNCTION(clv_sample_out);
SQL_FUNCTION(clv_sample_recv);
SQL_FUNCTION(clv_sample_send);
SQL_FUNCTION(clv_sample_combine);

static inline SampleEntry *
GetEntry(const TableState *state, int64 number)
{
	return TableEntry(&sample_table, state, number);
}

/*
 * Adds a customer to a sample (a null pointer: the first one); values are
 * finite, and no weight adds nothing.
 */
Datum
SampleAdd(FunctionCallInfo fcinfo, Datum datum, const double *value,
		  double weight)
{
	double		own[SAMPLE_VALUES + 1];
	TableRow	row;

	StaticAssertStmt(SAMPLE_VALUES < TABLE_ROW_WORDS, "row is too short");
	if (weight == 0)
		return datum;
	for (int i = 0; i < SAMPLE_VALUES; i++)
		own[i] = value[i] + 0.0;	/* -0 is 0 */
	own[SAMPLE_VALUES] = weight;
	memcpy(row.word, own, sizeof(own));
	return TableAdd(&sample_table, datum, &row, AggregateContext(fcinfo));
}

/* An aggregate's optional last argument; NULL skips the row, as 0 does. */
double
SampleWeight(FunctionCallInfo fcinfo, int argument)
{
	double		weight;

	if (PG_NARGS() <= argument)
		return 1;
	if (PG_ARGISNULL(argument))
		return 0;
	weight = PG_GETARG_FLOAT8(argument);
	CheckNotNegative(weight, "weight");
	return weight;
}

static inline int
CompareValues(const double *left, const double *right)
{
	for (int i = 0; i < SAMPLE_VALUES; i++)
		if (left[i] != right[i])
			return left[i] < right[i] ? -1 : 1;
	return 0;
}

#define ST_SORT SortRows
#define ST_ELEMENT_TYPE num_observation
#define ST_COMPARE(a, b) CompareValues((a)->value, (b)->value)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT SortDoubles
#define ST_ELEMENT_TYPE double
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

static int
CompareDoubles(const void *a, const void *b)
{
	double		left = *(const double *) a;
	double		right = *(const double *) b;

	return (left > right) - (left < right);
}

/* more different ages than this are not worth keeping anything for */
#define MAX_KEPT 4096

/* Numbers the different value[2] of the rows, if there are not too many. */
static void
NumberAges(num_observation *row, num_sample *sample)
{
	double	   *age = HugeArray(CurrentMemoryContext, sample->count,
								sizeof(double));
	int			ages = 0;

	for (Size i = 0; i < sample->count; i++)
		age[i] = row[i].value[2];
	SortDoubles(age, sample->count);
	for (Size i = 0; i < sample->count && ages <= MAX_KEPT; i++)
		if (ages == 0 || age[i] != age[ages - 1])
			age[ages++] = age[i];
	if (ages <= MAX_KEPT)
	{
		for (Size i = 0; i < sample->count; i++)
		{
			double	   *found = bsearch(&row[i].value[2], age, ages,
										sizeof(double), CompareDoubles);

			row[i].kept = found - age;
			POLL_AT(i);
		}
		sample->kept = palloc0(ages * sizeof(num_kept));
		sample->kept_count = ages;
	}
	pfree(age);
}

static num_observation *
ReadRows(Datum datum, Size *count)
{
	TableState *state = (TableState *) StateRead(datum);
	num_observation *row = HugeArray(CurrentMemoryContext, state->count,
									 sizeof(num_observation));

	for (int64 i = 0; i < state->count; i++)
	{
		const SampleEntry *entry = GetEntry(state, i);

		memcpy(row[i].value, entry->value, sizeof(row[i].value));
		row[i].weight = entry->weight;
		row[i].kept = 0;
		POLL_AT(i);
	}
	*count = state->count;
	return row;
}

/* a search begins on every 16th row, or on enough of them */
#define PART_STRIDE 16
#define MIN_PART 512
#define MIN_STRIDE 4

static void
TakePart(const num_observation *row, num_sample *sample)
{
	num_observation *part;
	Size		stride = Min(PART_STRIDE, sample->count / MIN_PART);

	sample->part_count = sample->count / stride;
	part = palloc(sample->part_count * sizeof(num_observation));
	for (Size i = 0; i < sample->part_count; i++)
		part[i] = row[i * stride + stride / 2];
	sample->part = part;
}

/*
 * The sample in order of its values: what is computed from it does not depend
 * on the order of arrival.
 */
num_sample
SampleRead(Datum datum)
{
	num_sample	sample = {.poll = PollInterrupts};
	num_observation *row = ReadRows(datum, &sample.count);

	SortRows(row, sample.count);
	NumberAges(row, &sample);
	sample.row = row;
	if (sample.count >= MIN_PART * MIN_STRIDE)
		TakePart(row, &sample);
	return sample;
}

/* Refuses rows that the model's aggregate does not gather. */
void
RefuseOtherSample(const char *model)
{
	RefuseOtherState(psprintf("%s_fit", model), "the fit of another model");
}

/* Refuses what no aggregation can have made, as the entry of this number. */
static void
CheckEntry(const TableState *state, int64 number)
{
	const SampleEntry *entry = GetEntry(state, number);
	int			order = -1;

	for (int i = 0; i < SAMPLE_VALUES; i++)
		if (!(entry->value[i] >= 0) || isinf(entry->value[i]) ||
			signbit(entry->value[i]))
			RefuseState(TYPE_NAME, "values must be finite and not negative");
	if (!(entry->weight > 0) || isinf(entry->weight))
		RefuseState(TYPE_NAME, "weight must be finite and positive");
	if (number > 0)
		order = CompareValues(GetEntry(state, number - 1)->value,
							  entry->value);
	if (order >= 0)
		RefuseState(TYPE_NAME, "customers must be in order of their values");
}

/* (1,{value,value,value,weight},...) */
Datum
clv_sample_in(PG_FUNCTION_ARGS)
{
	char	   *cursor = PG_GETARG_CSTRING(0);
	int64		count = StateTextCount(cursor);
	TableState *state;

	if (count == 0 || count > TABLE_MAX_ENTRIES(&sample_table))
		RefuseState(TYPE_NAME, "number of rows out of range");
	StateTextVersion(&cursor, TYPE_NAME);
	state = TableCreateFinished(&sample_table, count);
	for (int64 i = 0; i < count; i++)
	{
		SampleEntry *entry = GetEntry(state, i);

		StateTextSkip(&cursor, ',', TYPE_NAME);
		StateTextSkip(&cursor, '{', TYPE_NAME);
		for (int j = 0; j <= SAMPLE_VALUES; j++)
		{
			const char *stop = j < SAMPLE_VALUES ? "," : "}";
			double		value = StateTextDouble(&cursor, stop, TYPE_NAME);

			StateTextSkip(&cursor, *stop, TYPE_NAME);
			if (j < SAMPLE_VALUES)
				entry->value[j] = value;
			else
				entry->weight = value;
		}
		CheckEntry(state, i);
		CHECK_FOR_INTERRUPTS();
	}
	StateTextEnd(cursor, TYPE_NAME);
	PG_RETURN_POINTER(state);
}

Datum
clv_sample_out(PG_FUNCTION_ARGS)
{
	num_sample	sample = SampleRead(PG_GETARG_DATUM(0));
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "(%d", STATE_VERSION);
	for (Size i = 0; i < sample.count; i++)
	{
		char		number[DOUBLE_SHORTEST_DECIMAL_LEN];

		for (int j = 0; j < SAMPLE_VALUES; j++)
		{
			double_to_shortest_decimal_buf(sample.row[i].value[j], number);
			appendStringInfo(&out, "%s%s", j == 0 ? ",{" : ",", number);
		}
		double_to_shortest_decimal_buf(sample.row[i].weight, number);
		appendStringInfo(&out, ",%s}", number);
		CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoChar(&out, ')');
	PG_RETURN_CSTRING(out.data);
}

Datum
clv_sample_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	int64		count;
	TableState *state;

	StateReceiveVersion(buffer, TYPE_NAME);
	count = (buffer->len - buffer->cursor) / sizeof(SampleEntry);
	if (count < 1 || count > TABLE_MAX_ENTRIES(&sample_table))
		RefuseState(TYPE_NAME, "number of rows out of range");
	state = TableCreateFinished(&sample_table, count);
	for (int64 i = 0; i < count; i++)
	{
		SampleEntry *entry = GetEntry(state, i);

		for (int j = 0; j < SAMPLE_VALUES; j++)
			entry->value[j] = pq_getmsgfloat8(buffer);
		entry->weight = pq_getmsgfloat8(buffer);
		CheckEntry(state, i);
		POLL_AT(i);
	}
	PG_RETURN_POINTER(state);
}

Datum
clv_sample_send(PG_FUNCTION_ARGS)
{
	num_sample	sample = SampleRead(PG_GETARG_DATUM(0));
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint8(&buffer, STATE_VERSION);
	for (Size i = 0; i < sample.count; i++)
	{
		for (int j = 0; j < SAMPLE_VALUES; j++)
			pq_sendfloat8(&buffer, sample.row[i].value[j]);
		pq_sendfloat8(&buffer, sample.row[i].weight);
		POLL_AT(i);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

Datum
clv_sample_combine(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = AggregateContext(fcinfo);
	Datum		datum = StateArgument(fcinfo);
	TableState *other;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return StateOtherSide(fcinfo);
	other = (TableState *) StateRead(PG_GETARG_DATUM(1));
	for (int64 i = 0; i < other->count; i++)
	{
		TableRow	row;

		memcpy(row.word, GetEntry(other, i), sizeof(SampleEntry));
		datum = TableAdd(&sample_table, datum, &row, aggcontext);
		if (i % NUM_POLL_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_DATUM(datum);
}
