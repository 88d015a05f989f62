/*
 * points_state.c
 *	  Points earned and spent as points_balance has gathered them.
 *
 * SQL, in file order: points_balance_combine, type points_entries
 * (points_entries_in, _out, _recv, _send).  The layout is in points_state.h.
 */
#include "crmcost.h"

#include "loyalty/points_state.h"
#include "mb/pg_wchar.h"
#include "state/huge_array.h"

#define TYPE_NAME "points_entries"

/* a customer's first rows fit in 256 bytes, and then in twice as many */
#define FIRST_SIZE 256

SQL_FUNCTION(points_balance_combine);
SQL_FUNCTION(points_entries_in);
SQL_FUNCTION(points_entries_out);
SQL_FUNCTION(points_entries_recv);
SQL_FUNCTION(points_entries_send);

static const char *const burn_name[] = {"first_expiring", "first_earned"};

static inline bool
HasLots(const PointsState *state)
{
	return (state->growing.head.flags & POINTS_LOTS) != 0;
}

static void
AssertCheckPoints(const PointsState *state)
{
	Assert(state->growing.head.version == STATE_VERSION);
	Assert(state->growing.used >=
		   (int64) (sizeof(PointsState) + state->rows * sizeof(PointsEntry)));
}

/* What a row takes. */
static inline Size
RowSize(const PointsState *state, const PointsLot *lot)
{
	if (!HasLots(state))
		return sizeof(PointsEntry);
	return sizeof(PointsEntry) + sizeof(PointsLot) +
		MAXALIGN(Max(lot->length, 0));
}

/* Reads the row at a position, and steps to the next one. */
static inline void
ReadRow(const PointsState *state, const char **position, PointsRow *row)
{
	const char *from = *position;

	memcpy(&row->entry, from, sizeof(PointsEntry));
	row->lot = POINTS_NO_LOT;
	row->name = "";
	if (HasLots(state))
	{
		memcpy(&row->lot, from + sizeof(PointsEntry), sizeof(PointsLot));
		row->name = from + sizeof(PointsEntry) + sizeof(PointsLot);
	}
	*position = from + RowSize(state, &row->lot);
}

static inline const char *
FirstRow(const PointsState *state)
{
	return (const char *) (state + 1);
}

/* All rows of a state; names stay where they are. */
PointsRow *
PointsRead(const PointsState *state)
{
	PointsRow  *row = HugeArray(CurrentMemoryContext, state->rows,
								sizeof(PointsRow));
	const char *position = FirstRow(state);

	for (int64 i = 0; i < state->rows; i++)
	{
		ReadRow(state, &position, &row[i]);
		POLL_AT(i);
	}
	return row;
}

void
PointsRefuseSize(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("points must have, and sum to, at most 38 digits"),
			 errhint("Round the points to the decimals that matter.")));
}

/* Brings the points of all rows to a larger scale. */
static void
RaiseScale(PointsState *state, int scale)
{
	int			more = scale - state->growing.head.scale;
	char	   *position = (char *) FirstRow(state);

	for (int64 i = 0; i < state->rows; i++)
	{
		PointsEntry *entry = (PointsEntry *) position;
		const PointsLot *lot = (const PointsLot *) (entry + 1);

		if (!num_i128_mul_pow10(entry->points, more, &entry->points))
			PointsRefuseSize();
		position += RowSize(state, lot);
		POLL_AT(i);
	}
	state->growing.head.scale = scale;
}

/* A state without rows. */
Datum
PointsCreate(int flags, TimestampTz as_of, MemoryContext aggcontext)
{
	Datum		datum = StateGrow(PointerGetDatum(NULL), 0, FIRST_SIZE,
								  MaxAllocSize, "", aggcontext);
	Size		capacity;
	PointsState *state = (PointsState *) StateView(datum, &capacity);

	state->growing.head.version = STATE_VERSION;
	state->growing.head.flags = flags;
	state->growing.used = sizeof(PointsState);
	state->as_of = as_of;
	return datum;
}

/* Adds a row, whose points have this scale. */
Datum
PointsAdd(Datum datum, const PointsRow *row, int scale,
		  MemoryContext aggcontext)
{
	Size		capacity;
	PointsState *state = (PointsState *) StateView(datum, &capacity);
	Size		used = state->growing.used;
	Size		size = RowSize(state, &row->lot);
	PointsEntry *entry;

	if (unlikely(used + size > capacity))
	{
		datum = StateExtend(datum, used, used + size, MaxAllocSize,
							"Group the points by customer.", aggcontext);
		state = (PointsState *) StateView(datum, &capacity);
	}
	if (unlikely(scale > state->growing.head.scale))
		RaiseScale(state, scale);
	entry = (PointsEntry *) ((char *) state + used);
	*entry = row->entry;
	if (!num_i128_mul_pow10(row->entry.points,
							state->growing.head.scale - scale,
							&entry->points))
		PointsRefuseSize();
	if (HasLots(state))
	{
		PointsLot  *lot = (PointsLot *) (entry + 1);
		int			length = Max(row->lot.length, 0);

		*lot = row->lot;
		memset((char *) (lot + 1), 0, MAXALIGN(length));
		memcpy(lot + 1, row->name, length);
	}
	state->rows++;
	state->growing.used += size;
	AssertCheckPoints(state);
	return datum;
}

/* The parameters are those of all rows. */
void
PointsCheckSame(const PointsState *state, int flags, TimestampTz as_of)
{
	if (unlikely(state->as_of != as_of))
	{
		/* the text of an instant is in memory that the next one uses */
		TimestampTz least = Min(state->as_of, as_of);
		char	   *first = pstrdup(timestamptz_to_str(least));

		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as_of must be the same for all rows, not %s and %s",
						first, timestamptz_to_str(Max(state->as_of, as_of)))));
	}
	if (unlikely((state->growing.head.flags ^ flags) & POINTS_FIRST_EARNED))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("burn must be the same for all rows, not %s and %s",
						burn_name[1], burn_name[0])));
	if (unlikely(state->growing.head.flags != flags))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("states with lots and states without cannot be combined")));
}

Datum
points_balance_combine(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = AggregateContext(fcinfo);
	Datum		datum = StateArgument(fcinfo);
	const PointsState *other;
	const char *position;
	Size		capacity;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return StateOtherSide(fcinfo);
	other = (PointsState *) StateRead(PG_GETARG_DATUM(1));
	PointsCheckSame((PointsState *) StateView(datum, &capacity),
					other->growing.head.flags, other->as_of);
	position = FirstRow(other);
	for (int64 i = 0; i < other->rows; i++)
	{
		PointsRow	row;

		ReadRow(other, &position, &row);
		datum = PointsAdd(datum, &row, other->growing.head.scale, aggcontext);
		POLL_AT(i);
	}
	PG_RETURN_DATUM(datum);
}

/* for sorting rows by all that they hold */
static int
CompareRows(const void *a, const void *b, void *arg)
{
	const PointsRow *left = a;
	const PointsRow *right = b;

#define BY(field) \
	if (left->field != right->field) \
		return left->field < right->field ? -1 : 1
	BY(entry.booked_at);
	BY(entry.points);
	BY(entry.expires_at);
	BY(lot.available_at);
#undef BY
	return PointsCompareNames(left, right);
}

static PointsRow *
SortedRows(const PointsState *state)
{
	PointsRow  *row = PointsRead(state);

	qsort_interruptible(row, state->rows, sizeof(PointsRow), CompareRows,
						NULL);
	return row;
}

/* Refuses what no aggregation can have made. */
static void
CheckRow(const PointsState *state, const PointsRow *row, const PointsRow *last)
{
	const PointsEntry *entry = &row->entry;
	bool		expires = entry->expires_at != DT_NOEND;
	bool		waits = row->lot.available_at != DT_NOBEGIN;

	if (!IS_VALID_TIMESTAMP(entry->booked_at) ||
		(expires && !IS_VALID_TIMESTAMP(entry->expires_at)) ||
		(waits && !IS_VALID_TIMESTAMP(row->lot.available_at)))
		RefuseState(TYPE_NAME, "instants must be finite");
	if (expires && (entry->expires_at <= entry->booked_at ||
					entry->expires_at <= row->lot.available_at))
		RefuseState(TYPE_NAME, "points must expire after they are earned and available");
	if (entry->points <= 0 && (expires || waits))
		RefuseState(TYPE_NAME, "only points earned expire or wait");
	if (!HasLots(state) && (waits || row->lot.length >= 0))
		RefuseState(TYPE_NAME, "lots in a state without");
	if (last != NULL && CompareRows(last, row, NULL) > 0)
		RefuseState(TYPE_NAME, "rows must be in order of their values");
}

/* A state that has been read keeps no room for more. */
static Datum
Finished(Datum datum)
{
	Size		capacity;
	PointsState *state = (PointsState *) StateView(datum, &capacity);

	if (state->rows == 0)
		RefuseState(TYPE_NAME, "at least one row expected");
	if (!StateIsExpanded(datum))
		SET_VARSIZE(state, state->growing.used);
	return datum;
}

static int
ReadBurn(const char *text)
{
	for (int i = 0; i < 2; i++)
		if (strcmp(text, burn_name[i]) == 0)
			return i == 1 ? POINTS_FIRST_EARNED : 0;
	RefuseState(TYPE_NAME, "burn must be first_expiring or first_earned");
}

static TimestampTz
ReadInstant(char **cursor, TimestampTz absent)
{
	StateTextSkip(cursor, ',', TYPE_NAME);
	if (**cursor == '-')
	{
		(*cursor)++;
		return absent;
	}
	return StateTextTimestamp(cursor, ",}", TYPE_NAME);
}

/* {points,booked_at,expires_at or -[,available_at or -[,"lot"]]} */
static void
ReadRowText(const PointsState *state, char **cursor, PointsRow *row,
			int *scale)
{
	char	   *field;

	StateTextSkip(cursor, '{', TYPE_NAME);
	field = StateTextField(cursor, ",", TYPE_NAME);
	if (!DecimalRead(NumericFromText(field), &row->entry.points, scale))
		RefuseState(TYPE_NAME, "points must be finite, of at most 38 digits");
	StateTextSkip(cursor, ',', TYPE_NAME);
	row->entry.booked_at = StateTextTimestamp(cursor, ",", TYPE_NAME);
	row->entry.expires_at = ReadInstant(cursor, DT_NOEND);
	row->lot = POINTS_NO_LOT;
	row->name = "";
	if (HasLots(state))
		row->lot.available_at = ReadInstant(cursor, DT_NOBEGIN);
	if (HasLots(state) && **cursor == ',')
	{
		(*cursor)++;
		row->name = StateTextQuoted(cursor, TYPE_NAME);
		row->lot.length = strlen(row->name);
	}
	StateTextSkip(cursor, '}', TYPE_NAME);
}

/* Adds a row that comes after another; all have the same decimals. */
static Datum
AddChecked(Datum datum, const PointsRow *row, int scale, PointsRow *last)
{
	Size		capacity;
	PointsState *state = (PointsState *) StateView(datum, &capacity);

	CheckRow(state, row, state->rows > 0 ? last : NULL);
	if (scale < 0 || scale > NUM_POW10_128_MAX)
		RefuseState(TYPE_NAME, "scale out of range");
	if (state->rows > 0 && scale != state->growing.head.scale)
		RefuseState(TYPE_NAME, "points must have the same number of decimals");
	*last = *row;
	CHECK_FOR_INTERRUPTS();
	return PointsAdd(datum, row, scale, CurrentMemoryContext);
}

/* (1,burn[,lots],as_of,{...},...) with the rows as ReadRowText() has them */
Datum
points_entries_in(PG_FUNCTION_ARGS)
{
	char	   *cursor = PG_GETARG_CSTRING(0);
	PointsRow	last = {.name = ""};
	TimestampTz as_of;
	Datum		datum;
	Size		capacity;
	int			flags;

	StateTextVersion(&cursor, TYPE_NAME);
	StateTextSkip(&cursor, ',', TYPE_NAME);
	flags = ReadBurn(StateTextField(&cursor, ",)", TYPE_NAME));
	if (strncmp(cursor, ",lots,", 6) == 0)
	{
		flags |= POINTS_LOTS;
		cursor += 5;
	}
	StateTextSkip(&cursor, ',', TYPE_NAME);
	as_of = StateTextTimestamp(&cursor, ",)", TYPE_NAME);
	datum = PointsCreate(flags, as_of, CurrentMemoryContext);
	while (*cursor == ',')
	{
		PointsRow	row;
		int			scale;

		cursor++;
		ReadRowText((PointsState *) StateView(datum, &capacity), &cursor, &row,
					&scale);
		datum = AddChecked(datum, &row, scale, &last);
	}
	StateTextEnd(cursor, TYPE_NAME);
	PG_RETURN_DATUM(Finished(datum));
}

static void
AppendInstant(StringInfo out, TimestampTz instant)
{
	appendStringInfoChar(out, ',');
	if (TIMESTAMP_NOT_FINITE(instant))
		appendStringInfoChar(out, '-');
	else
		StateAppendTimestamp(out, instant);
}

Datum
points_entries_out(PG_FUNCTION_ARGS)
{
	PointsState *state = (PointsState *) StateRead(PG_GETARG_DATUM(0));
	const PointsRow *row = SortedRows(state);
	int			burn = state->growing.head.flags & POINTS_FIRST_EARNED;
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "(%d,%s%s", STATE_VERSION, burn_name[burn],
					 HasLots(state) ? ",lots" : "");
	AppendInstant(&out, state->as_of);
	for (int64 i = 0; i < state->rows; i++)
	{
		Datum		points = DecimalNumeric(row[i].entry.points,
											state->growing.head.scale);

		appendStringInfo(&out, ",{%s", NumericText(points));
		AppendInstant(&out, row[i].entry.booked_at);
		AppendInstant(&out, row[i].entry.expires_at);
		if (HasLots(state))
			AppendInstant(&out, row[i].lot.available_at);
		if (row[i].lot.length >= 0)
		{
			appendStringInfoChar(&out, ',');
			StateAppendQuoted(&out, row[i].name, row[i].lot.length);
		}
		appendStringInfoChar(&out, '}');
		CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoChar(&out, ')');
	PG_RETURN_CSTRING(out.data);
}

static void
ReceiveLot(StringInfo buffer, PointsRow *row)
{
	int			named;

	row->lot.available_at = pq_getmsgint64(buffer);
	named = pq_getmsgbyte(buffer);
	if (named > 1)
		RefuseState(TYPE_NAME, "a lot has a name or none");
	if (named == 0)
		return;
	row->name = pstrdup(pq_getmsgstring(buffer));
	row->lot.length = strlen(row->name);
}

/*
 * On the wire: version, flags, scale, as_of, number of rows, then each row:
 * points, booked_at, expires_at, and with lots available_at, whether there is
 * a name, and that.
 */
Datum
points_entries_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	PointsRow	last = {.name = ""};
	TimestampTz as_of;
	Datum		datum;
	int64		rows;
	int			flags;
	int			scale;

	StateReceiveVersion(buffer, TYPE_NAME);
	flags = pq_getmsgbyte(buffer);
	scale = pq_getmsgint(buffer, 2);
	as_of = pq_getmsgint64(buffer);
	rows = pq_getmsgint64(buffer);
	if ((flags & ~(POINTS_FIRST_EARNED | POINTS_LOTS)) != 0)
		RefuseState(TYPE_NAME, "flags out of range");
	if (!IS_VALID_TIMESTAMP(as_of))
		RefuseState(TYPE_NAME, "instants must be finite");
	datum = PointsCreate(flags, as_of, CurrentMemoryContext);
	for (int64 i = 0; i < rows; i++)
	{
		PointsRow	row = {.lot = POINTS_NO_LOT,.name = ""};
		uint64		low = pq_getmsgint64(buffer);
		uint64		high = pq_getmsgint64(buffer);

		row.entry.points = (num_i128) ((num_u128) high << 64 | low);
		row.entry.booked_at = pq_getmsgint64(buffer);
		row.entry.expires_at = pq_getmsgint64(buffer);
		if ((flags & POINTS_LOTS) != 0)
			ReceiveLot(buffer, &row);
		datum = AddChecked(datum, &row, scale, &last);
	}
	PG_RETURN_DATUM(Finished(datum));
}

Datum
points_entries_send(PG_FUNCTION_ARGS)
{
	PointsState *state = (PointsState *) StateRead(PG_GETARG_DATUM(0));
	const PointsRow *row = SortedRows(state);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint8(&buffer, STATE_VERSION);
	pq_sendint8(&buffer, state->growing.head.flags);
	pq_sendint16(&buffer, state->growing.head.scale);
	pq_sendint64(&buffer, state->as_of);
	pq_sendint64(&buffer, state->rows);
	for (int64 i = 0; i < state->rows; i++)
	{
		num_u128	points = (num_u128) row[i].entry.points;

		pq_sendint64(&buffer, (uint64) points);
		pq_sendint64(&buffer, (uint64) (points >> 64));
		pq_sendint64(&buffer, row[i].entry.booked_at);
		pq_sendint64(&buffer, row[i].entry.expires_at);
		if (HasLots(state))
		{
			pq_sendint64(&buffer, row[i].lot.available_at);
			pq_sendint8(&buffer, row[i].lot.length >= 0 ? 1 : 0);
		}
		if (row[i].lot.length >= 0)
			pq_sendstring(&buffer, pnstrdup(row[i].name, row[i].lot.length));
		POLL_AT(i);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
