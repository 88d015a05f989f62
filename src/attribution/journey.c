/*
 * journey.c
 *	  The touches that led to each conversion.
 *
 * SQL, in file order: _walk_journeys.
 *
 * Touches of one entity are put in order of time and laid out in columns.
 * Those that led to a conversion are a stretch of it, and its arrays copies
 * of stretches: so each touch is read once, however many conversions it led
 * to.  The query orders by entity alone: so few touches as one entity has are
 * sorted faster here than by the server among all.
 */
#include "crmcost.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "state/huge_array.h"
#include "state/query_reader.h"
#include "state/sql_array.h"
#include "utils/array.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

SQL_FUNCTION(journey__walk_journeys);

/* the columns of the touches */
enum
{
	TOUCH_ENTITY, TOUCH_AT, TOUCH_ID, TOUCH_CUSTOMER, TOUCH_ON, TOUCH_MONTH,
	TOUCH_CHANNEL, TOUCH_CAMPAIGN, TOUCH_COLUMNS
};

static const QueryColumn touch_column[TOUCH_COLUMNS] = {
	{"entity", INT8OID},
	{"instant", TIMESTAMPTZOID},
	{"interaction", INT8OID},
	{"customer", INT8OID},
	{"day", DATEOID},
	{"month", DATEOID},
	{"channel", TEXTOID},
	{"campaign", TEXTOID}
};

/* the first columns of the ends; the others are handed through */
enum
{
	END_ENTITY, END_AFTER, END_UNTIL, END_COLUMNS
};

static const QueryColumn end_column[END_COLUMNS] = {
	{"entity", INT8OID},
	{"instant after which touches count", TIMESTAMPTZOID},
	{"instant until which they do", TIMESTAMPTZOID}
};

/* what is appended to the columns of an end */
enum
{
	WAY_COUNT, WAY_CHANNELS, WAY_CAMPAIGNS, WAY_IDS, WAY_CUSTOMERS,
	WAY_INSTANTS, WAY_DAYS, WAY_MONTHS, WAY_COLUMNS
};

static const Oid way_type[WAY_COLUMNS] = {
	INT4OID, TEXTARRAYOID, TEXTARRAYOID, INT8ARRAYOID, INT8ARRAYOID,
	TIMESTAMPTZARRAYOID, DATEARRAYOID, DATEARRAYOID
};

/* texts one after the other, as an array has them */
typedef struct TextPool
{
	char	   *data;
	Size		used;
	Size		room;
} TextPool;

/* a column of texts; start[i] is where the i-th begins */
typedef struct TextColumn
{
	TextPool	pool;
	Size	   *start;
} TextColumn;

/* a touch as it was read, and where in the pool its texts begin */
typedef struct ReadTouch
{
	TimestampTz at;
	int64		id;
	int64		customer;
	DateADT		on;
	DateADT		month;
	Size		channel;
	Size		campaign;
} ReadTouch;

#define ST_SORT SortTouches
#define ST_ELEMENT_TYPE ReadTouch
#define ST_COMPARE(a, b) \
	((a)->at != (b)->at ? ((a)->at < (b)->at ? -1 : 1) : \
	 (a)->id < (b)->id ? -1 : (a)->id > (b)->id)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* the touches of one entity: as they were read, and in order, as columns */
typedef struct Way
{
	int			count;
	int			room;
	ReadTouch  *read;
	TextPool	texts;
	int64	   *id;
	int64	   *customer;
	TimestampTz *at;
	DateADT    *on;
	DateADT    *month;
	TextColumn	channel;
	TextColumn	campaign;
} Way;

#define FIRST_TOUCHES 1024

/* any instant less so many is none that 64 bits cannot hold */
#define MOST_SECONDS INT64CONST(9000000000000)

/* MaxAllocSize bounds an array, and so the touches of an entity */
#define MOST_TOUCHES ((int) (MaxAllocSize / sizeof(int64)))

static void
WayResize(Way *way, int room)
{
	way->read = HugeResize(way->read, room * sizeof(ReadTouch));
	way->id = HugeResize(way->id, room * sizeof(int64));
	way->customer = HugeResize(way->customer, room * sizeof(int64));
	way->at = HugeResize(way->at, room * sizeof(TimestampTz));
	way->on = HugeResize(way->on, room * sizeof(DateADT));
	way->month = HugeResize(way->month, room * sizeof(DateADT));
	way->channel.start = HugeResize(way->channel.start,
									(room + 1) * sizeof(Size));
	way->campaign.start = HugeResize(way->campaign.start,
									 (room + 1) * sizeof(Size));
	way->room = room;
}

static void
TextPoolInit(TextPool *pool)
{
	pool->room = FIRST_TOUCHES;
	pool->data = HugeAlloc(CurrentMemoryContext, pool->room);
	pool->used = 0;
}

static void
TextColumnInit(TextColumn *column)
{
	TextPoolInit(&column->pool);
	column->start = HugeArray(CurrentMemoryContext, FIRST_TOUCHES + 1,
							  sizeof(Size));
	column->start[0] = 0;
}

static void
WayInit(Way *way)
{
	MemoryContext context = CurrentMemoryContext;

	way->count = 0;
	way->room = FIRST_TOUCHES;
	way->read = HugeArray(context, way->room, sizeof(ReadTouch));
	TextPoolInit(&way->texts);
	way->id = HugeArray(context, way->room, sizeof(int64));
	way->customer = HugeArray(context, way->room, sizeof(int64));
	way->at = HugeArray(context, way->room, sizeof(TimestampTz));
	way->on = HugeArray(context, way->room, sizeof(DateADT));
	way->month = HugeArray(context, way->room, sizeof(DateADT));
	TextColumnInit(&way->channel);
	TextColumnInit(&way->campaign);
}

/* Room for one more text; where it begins. */
static char *
TextPoolAdd(TextPool *pool, Size size)
{
	if (pool->used + size > pool->room)
	{
		pool->room = 2 * (pool->used + size);
		pool->data = HugeResize(pool->data, pool->room);
	}
	pool->used += size;
	return pool->data + pool->used - size;
}

/*
 * Elements of arrays have long headers, and end where an int may begin.
 * Returns where in the pool the text begins.
 */
static Size
TextPoolAppend(TextPool *pool, Datum datum)
{
	struct varlena *text = PG_DETOAST_DATUM_PACKED(datum);
	Size		length = VARSIZE_ANY_EXHDR(text);
	Size		size = INTALIGN(VARHDRSZ + length);
	char	   *place = TextPoolAdd(pool, size);

	memset(place + size - sizeof(int), 0, sizeof(int));
	SET_VARSIZE(place, VARHDRSZ + length);
	memcpy(VARDATA(place), VARDATA_ANY(text), length);
	if (PointerGetDatum(text) != datum)
		pfree(text);
	return place - pool->data;
}

/* The text of a pool becomes that of a row. */
static void
TextColumnSet(TextColumn *column, int row, const char *text)
{
	Size		size = INTALIGN(VARSIZE(text));

	memcpy(TextPoolAdd(&column->pool, size), text, size);
	column->start[row + 1] = column->pool.used;
}

static void
WayClear(Way *way)
{
	way->count = 0;
	way->texts.used = way->channel.pool.used = way->campaign.pool.used = 0;
}

static void
WayAppend(Way *way, const QueryReader *touches)
{
	const Datum *value = touches->values;
	ReadTouch  *touch;

	if (way->count == way->room)
	{
		if (way->room == MOST_TOUCHES)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("touches of one customer or account must be at most %d",
							MOST_TOUCHES)));
		WayResize(way, Min(2 * way->room, MOST_TOUCHES));
	}
	touch = &way->read[way->count++];
	touch->at = DatumGetTimestampTz(value[TOUCH_AT]);
	touch->id = DatumGetInt64(value[TOUCH_ID]);
	touch->customer = DatumGetInt64(value[TOUCH_CUSTOMER]);
	touch->on = DatumGetDateADT(value[TOUCH_ON]);
	touch->month = DatumGetDateADT(value[TOUCH_MONTH]);
	touch->channel = TextPoolAppend(&way->texts, value[TOUCH_CHANNEL]);
	touch->campaign = TextPoolAppend(&way->texts, value[TOUCH_CAMPAIGN]);
}

/* What was read, in order of time, and of interactions of one instant. */
static void
WayLayOut(Way *way)
{
	SortTouches(way->read, way->count);
	for (int row = 0; row < way->count; row++)
	{
		const ReadTouch *touch = &way->read[row];

		way->at[row] = touch->at;
		way->id[row] = touch->id;
		way->customer[row] = touch->customer;
		way->on[row] = touch->on;
		way->month[row] = touch->month;
		TextColumnSet(&way->channel, row, way->texts.data + touch->channel);
		TextColumnSet(&way->campaign, row, way->texts.data + touch->campaign);
		POLL_AT(row);
	}
}

/* How many touches there are until an instant. */
static int
TouchesUntil(const Way *way, TimestampTz until)
{
	int			low = 0;
	int			high = way->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (way->at[middle] <= until)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static Datum
ArrayOf(Oid element, const void *data, Size size, int count)
{
	return SqlArray(element, data, size, count, "touches of one conversion");
}

static Datum
TextArrayOf(const TextColumn *column, int first, int end)
{
	return ArrayOf(TEXTOID, column->pool.data + column->start[first],
				   column->start[end] - column->start[first], end - first);
}

/* The touches from first to before end, as columns of a row. */
static void
FillWay(const Way *way, int first, int end, Datum *values)
{
	Size		count = end - first;

	values[WAY_COUNT] = Int32GetDatum((int32) count);
	values[WAY_CHANNELS] = TextArrayOf(&way->channel, first, end);
	values[WAY_CAMPAIGNS] = TextArrayOf(&way->campaign, first, end);
	values[WAY_IDS] = ArrayOf(INT8OID, way->id + first,
							  count * sizeof(int64), count);
	values[WAY_CUSTOMERS] = ArrayOf(INT8OID, way->customer + first,
									count * sizeof(int64), count);
	values[WAY_INSTANTS] = ArrayOf(TIMESTAMPTZOID, way->at + first,
								   count * sizeof(TimestampTz), count);
	values[WAY_DAYS] = ArrayOf(DATEOID, way->on + first,
							   count * sizeof(DateADT), count);
	values[WAY_MONTHS] = ArrayOf(DATEOID, way->month + first,
								 count * sizeof(DateADT), count);
}

/*
 * The stretch of touches that an end has: after one instant, and until
 * another.  Where there is no other, until the last, and in reach of it.
 */
static void
FindStretch(const Way *way, const QueryReader *ends, TimestampTz reach,
			int *first, int *end)
{
	TimestampTz after = DatumGetTimestampTz(ends->values[END_AFTER]);

	*end = way->count;
	if (!ends->nulls[END_UNTIL])
		*end = TouchesUntil(way,
							DatumGetTimestampTz(ends->values[END_UNTIL]));
	else if (way->count > 0)
		after = Max(after, way->at[way->count - 1] - reach);
	*first = Min(TouchesUntil(way, after), *end);
}

/* The columns of the result must be those of the ends and of the touches. */
static void
CheckResult(TupleDesc result, TupleDesc ends)
{
	int			handed = ends->natts - END_COLUMNS;
	bool		right = result->natts == handed + WAY_COLUMNS;

	for (int i = 0; right && i < result->natts; i++)
		right = TupleDescAttr(result, i)->atttypid ==
			(i < handed ? TupleDescAttr(ends, END_COLUMNS + i)->atttypid :
			 way_type[i - handed]);
	if (!right)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the columns of the result must be those of ends from the %dth on, and %d of the touches",
						END_COLUMNS + 1, WAY_COLUMNS)));
}

/* Reads the touches of an entity; those of entities before led to nothing. */
static bool
ReadWay(Way *way, QueryReader *touches, bool more, int64 entity)
{
	int64		last = PG_INT64_MIN;

	WayClear(way);
	for (; more; more = QueryReaderNext(touches))
	{
		int64		own;

		QueryRefuseNulls("touches", touches->nulls, TOUCH_COLUMNS,
						 touch_column);
		own = DatumGetInt64(touches->values[TOUCH_ENTITY]);
		if (own < last)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("touches must be in order of entity")));
		last = own;
		if (own > entity)
			break;
		if (own == entity)
			WayAppend(way, touches);
	}
	WayLayOut(way);
	return more;
}

static void
WalkJourneys(ReturnSetInfo *result, QueryReader *touches, QueryReader *ends,
			 TimestampTz reach)
{
	int			handed = QueryReaderColumns(ends)->natts - END_COLUMNS;
	Datum	   *values = palloc((handed + WAY_COLUMNS) * sizeof(Datum));
	bool	   *nulls = palloc0((handed + WAY_COLUMNS) * sizeof(bool));
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext,
											   "arrays of touches",
											   ALLOCSET_DEFAULT_SIZES);
	int64		entity = PG_INT64_MIN;
	bool		more = QueryReaderNext(touches);
	Way			way;

	WayInit(&way);
	while (QueryReaderNext(ends))
	{
		int64		own = DatumGetInt64(ends->values[END_ENTITY]);
		MemoryContext caller;
		int			first;
		int			end;

		if (ends->nulls[END_ENTITY] || ends->nulls[END_AFTER] || own < entity)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("ends must be in order of entity, and say after which instant")));
		if (own != entity)
			more = ReadWay(&way, touches, more, own);
		entity = own;
		FindStretch(&way, ends, reach, &first, &end);
		if (first == end && ends->nulls[END_UNTIL])
			continue;
		memcpy(values, ends->values + END_COLUMNS, handed * sizeof(Datum));
		memcpy(nulls, ends->nulls + END_COLUMNS, handed * sizeof(bool));
		caller = MemoryContextSwitchTo(work);
		FillWay(&way, first, end, values + handed);
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(work);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * _walk_journeys(touches text, ends text, reach_seconds bigint): the columns
 * of each row of the query ends from the fourth on, and what it has of the
 * touches of its entity: their number, channels, campaigns, interactions,
 * customers, instants, days and months.  Ends without an instant and without
 * touches are left out.
 */
Datum
journey__walk_journeys(PG_FUNCTION_ARGS)
{
	char	   *touch_query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *end_query = text_to_cstring(PG_GETARG_TEXT_PP(1));
	int64		seconds = PG_GETARG_INT64(2);
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	QueryReader touches;
	QueryReader ends;

	CheckIntegerRange(seconds, 0, MOST_SECONDS, "reach_seconds");
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	SPI_connect();
	QueryReaderBegin(&touches, "touches", touch_query, TOUCH_COLUMNS,
					 touch_column);
	QueryReaderBegin(&ends, "ends", end_query, END_COLUMNS, end_column);
	CheckResult(result->setDesc, QueryReaderColumns(&ends));
	WalkJourneys(result, &touches, &ends, seconds * USECS_PER_SEC);
	QueryReaderEnd(&ends);
	QueryReaderEnd(&touches);
	SPI_finish();
	return (Datum) 0;
}
