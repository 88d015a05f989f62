/*
 * kaplan_meier.c
 *	  How long customers stay: survival by the product-limit estimate.
 *
 * SQL, in file order: type survival_counts (survival_counts_in, _out, _recv,
 * _send), aggregate kaplan_meier(duration, event).  The mathematics is in
 * product_limit.c.
 *
 * The state is a table (see state_table.h) of durations: how many customers
 * were observed for so long, and how many of them had the event then.  As
 * durations are not negative, their bits are in the order of their values.
 */
#include "crmcost.h"

#include "catalog/pg_type.h"
#include "common/int.h"
#include "common/shortest_dec.h"
#include "num/product_limit.h"
#include "num/sort.h"
#include "state/huge_array.h"
#include "state/row_type.h"
#include "state/state_table.h"

#define TYPE_NAME "survival_counts"

typedef struct DurationEntry
{
	double		duration;
	int64		customers;
	int64		events;
} DurationEntry;

/* the words of a row: a double, and 1 for an event */
enum
{
	DURATION, EVENT
};

/* the columns of survival_point */
enum
{
	T, AT_RISK, EVENTS, SURVIVAL, STD_ERROR, LOWER, UPPER, POINT_COLUMNS
};

static const RowColumn point_columns[POINT_COLUMNS] = {
	{"t", FLOAT8OID},
	{"at_risk", INT8OID},
	{"events", INT8OID},
	{"survival", FLOAT8OID},
	{"std_error", FLOAT8OID},
	{"lower", FLOAT8OID},
	{"upper", FLOAT8OID}
};

static const RowType point_type = {
	"survival_point", POINT_COLUMNS, point_columns
};

SQL_FUNCTION(survival_counts_in);
SQL_FUNCTION(survival_counts_out);
SQL_FUNCTION(survival_counts_recv);
SQL_FUNCTION(survival_counts_send);
SQL_FUNCTION(kaplan_meier_trans);
SQL_FUNCTION(kaplan_meier_combine);
SQL_FUNCTION(kaplan_meier_final);

static int64
AddCounts(int64 a, int64 b)
{
	int64		sum;

	if (unlikely(pg_add_s64_overflow(a, b, &sum)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("number of customers out of range")));
	return sum;
}

static inline void
AddRow(void *entry, const uint64 *word)
{
	DurationEntry *own = entry;

	own->customers = AddCounts(own->customers, 1);
	own->events += (int64) word[EVENT];
}

static void FlushDurations(GrowingState *state);

static const TableKind durations = {
	sizeof(DurationEntry),
	1,
	AddRow,
	FlushDurations,
	"different durations",
	"Round the durations, for example to days."
};

static void
FlushDurations(GrowingState *state)
{
	TableFlush(&durations, (TableState *) state);
}

static inline DurationEntry *
GetEntry(const TableState *state, int64 number)
{
	return TableEntry(&durations, state, number);
}

static inline uint64
DurationBits(double duration)
{
	uint64		bits;

	memcpy(&bits, &duration, sizeof(bits));
	return bits;
}

/* The entries of a state in order of duration. */
static DurationEntry *
SortedEntries(const TableState *state)
{
	int64		count = state->count;
	DurationEntry *sorted = HugeArray(CurrentMemoryContext, count,
									  sizeof(DurationEntry));
	num_u128   *keys = HugeArray(CurrentMemoryContext, 2 * count,
								 sizeof(num_u128));

	/* key: the duration, payload: entry number */
	for (int64 i = 0; i < count; i++)
	{
		keys[i] = (num_u128) DurationBits(GetEntry(state, i)->duration) << 32 |
			(uint32) i;
		POLL_AT(i);
	}
	num_radix_sort(keys, keys + count, count, 32, PollInterrupts);
	for (int64 i = 0; i < count; i++)
	{
		sorted[i] = *GetEntry(state, (uint32) keys[i]);
		POLL_AT(i);
	}
	pfree(keys);
	return sorted;
}

static TableState *
FinishedState(int64 count)
{
	if (count < 1 || count > TABLE_MAX_ENTRIES(&durations))
		RefuseState(TYPE_NAME, "number of durations out of range");
	return TableCreateFinished(&durations, count);
}

/* Refuses what no aggregation can have made, as the entry of this number. */
static void
CheckEntry(const TableState *state, int64 number)
{
	const DurationEntry *entry = GetEntry(state, number);

	if (!(entry->duration >= 0) || isinf(entry->duration) ||
		signbit(entry->duration))
		RefuseState(TYPE_NAME, "durations must be finite and not negative");
	if (entry->customers < 1 || entry->events < 0 ||
		entry->events > entry->customers)
		RefuseState(TYPE_NAME, "events must be at most as many as customers");
	if (number > 0 && !(entry->duration > (entry - 1)->duration))
		RefuseState(TYPE_NAME, "durations must be in ascending order");
}

/* (1,{duration,customers,events},...) */
Datum
survival_counts_in(PG_FUNCTION_ARGS)
{
	char	   *cursor = PG_GETARG_CSTRING(0);
	int64		count = StateTextCount(cursor);
	TableState *state;

	StateTextVersion(&cursor, TYPE_NAME);
	state = FinishedState(count);
	for (int64 i = 0; i < count; i++)
	{
		DurationEntry *entry = GetEntry(state, i);

		StateTextSkip(&cursor, ',', TYPE_NAME);
		StateTextSkip(&cursor, '{', TYPE_NAME);
		entry->duration = StateTextDouble(&cursor, ",", TYPE_NAME);
		StateTextSkip(&cursor, ',', TYPE_NAME);
		entry->customers = StateTextInt64(&cursor, ",", TYPE_NAME);
		StateTextSkip(&cursor, ',', TYPE_NAME);
		entry->events = StateTextInt64(&cursor, "}", TYPE_NAME);
		StateTextSkip(&cursor, '}', TYPE_NAME);
		CheckEntry(state, i);
		CHECK_FOR_INTERRUPTS();
	}
	StateTextEnd(cursor, TYPE_NAME);
	PG_RETURN_POINTER(state);
}

Datum
survival_counts_out(PG_FUNCTION_ARGS)
{
	TableState *state = (TableState *) StateRead(PG_GETARG_DATUM(0));
	DurationEntry *entry = SortedEntries(state);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "(%d", STATE_VERSION);
	for (int64 i = 0; i < state->count; i++)
	{
		char		number[DOUBLE_SHORTEST_DECIMAL_LEN];

		double_to_shortest_decimal_buf(entry[i].duration, number);
		appendStringInfo(&out, ",{%s,%lld,%lld}", number,
						 (long long) entry[i].customers,
						 (long long) entry[i].events);
		CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoChar(&out, ')');
	PG_RETURN_CSTRING(out.data);
}

Datum
survival_counts_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	TableState *state;

	StateReceiveVersion(buffer, TYPE_NAME);
	state = FinishedState((buffer->len - buffer->cursor) /
						  (int) sizeof(DurationEntry));
	for (int64 i = 0; i < state->count; i++)
	{
		DurationEntry *entry = GetEntry(state, i);

		entry->duration = pq_getmsgfloat8(buffer);
		entry->customers = pq_getmsgint64(buffer);
		entry->events = pq_getmsgint64(buffer);
		CheckEntry(state, i);
		POLL_AT(i);
	}
	PG_RETURN_POINTER(state);
}

Datum
survival_counts_send(PG_FUNCTION_ARGS)
{
	TableState *state = (TableState *) StateRead(PG_GETARG_DATUM(0));
	DurationEntry *entry = SortedEntries(state);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint8(&buffer, STATE_VERSION);
	for (int64 i = 0; i < state->count; i++)
	{
		pq_sendfloat8(&buffer, entry[i].duration);
		pq_sendint64(&buffer, entry[i].customers);
		pq_sendint64(&buffer, entry[i].events);
		POLL_AT(i);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * kaplan_meier_trans(survival_counts, duration float8, event boolean): a row
 * with a NULL is skipped.
 */
Datum
kaplan_meier_trans(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = AggregateContext(fcinfo);
	Datum		datum = StateArgument(fcinfo);
	double		duration;
	TableRow	row;

	if (StateRowHasNull(fcinfo))
		return StateUnchanged(fcinfo);
	duration = PG_GETARG_FLOAT8(1);
	CheckNotNegative(duration, "duration");
	row.word[DURATION] = DurationBits(duration + 0.0);	/* -0 is 0 */
	row.word[EVENT] = PG_GETARG_BOOL(2) ? 1 : 0;
	PG_RETURN_DATUM(TableAdd(&durations, datum, &row, aggcontext));
}

Datum
kaplan_meier_combine(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = AggregateContext(fcinfo);
	Datum		datum = StateArgument(fcinfo);
	TableState *state;
	TableState *other;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return StateOtherSide(fcinfo);
	other = (TableState *) StateRead(PG_GETARG_DATUM(1));
	state = (TableState *) StateRead(datum);
	for (int64 i = 0; i < other->count; i++)
	{
		const DurationEntry *from = GetEntry(other, i);
		uint64		key = DurationBits(from->duration);
		DurationEntry *to;

		datum = TableMakeRoom(&durations, datum, 1, aggcontext);
		state = (TableState *) StateRead(datum);
		to = TableFind(&durations, state, &key, TableHash(&durations, &key));
		to->customers = AddCounts(to->customers, from->customers);
		to->events += from->events;
		POLL_AT(i);
	}
	AssertCheckTable(&durations, state);
	PG_RETURN_DATUM(datum);
}

static void
AddPoint(RowArray *points, const DurationEntry *entry, int64 at_risk,
		 const num_survival *now)
{
	Datum		values[POINT_COLUMNS];
	bool		nulls[POINT_COLUMNS] = {false};

	values[T] = Float8GetDatum(entry->duration);
	values[AT_RISK] = Int64GetDatum(at_risk);
	values[EVENTS] = Int64GetDatum(entry->events);
	values[SURVIVAL] = Float8GetDatum(now->survival);
	values[STD_ERROR] = Float8GetDatum(now->std_error);
	values[LOWER] = Float8GetDatum(now->lower);
	values[UPPER] = Float8GetDatum(now->upper);
	nulls[STD_ERROR] = nulls[LOWER] = nulls[UPPER] = !now->has_error;
	RowArrayAdd(points, values, nulls);
}

/* One point for each duration with an event, in order. */
Datum
kaplan_meier_final(PG_FUNCTION_ARGS)
{
	TableState *state;
	DurationEntry *entry;
	num_product_limit estimate;
	RowArray	points;
	int64		at_risk = 0;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (TableState *) StateRead(PG_GETARG_DATUM(0));
	points = RowArrayBegin(fcinfo, &point_type);
	entry = SortedEntries(state);
	for (int64 i = 0; i < state->count; i++)
		at_risk = AddCounts(at_risk, entry[i].customers);
	num_product_limit_begin(&estimate);
	for (int64 i = 0; i < state->count; i++)
	{
		if (entry[i].events > 0)
		{
			num_survival now = num_product_limit_step(&estimate, at_risk,
													  entry[i].events);

			AddPoint(&points, &entry[i], at_risk, &now);
		}
		at_risk -= entry[i].customers;
		POLL_AT(i);
	}
	pfree(entry);
	PG_RETURN_DATUM(RowArrayEnd(&points));
}
