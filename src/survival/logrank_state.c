/*
 * logrank_state.c
 *	  Durations by group as logrank has gathered them.
 *
 * SQL, in file order: logrank_combine, type logrank_sample (logrank_sample_in,
 * _out, _recv, _send).  The layout is in logrank_state.h.
 */
#include "crmcost.h"

#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "num/sort.h"
#include "state/huge_array.h"
#include "survival/logrank_state.h"

#define TYPE_NAME "logrank_sample"

SQL_FUNCTION(logrank_combine);
SQL_FUNCTION(logrank_sample_in);
SQL_FUNCTION(logrank_sample_out);
SQL_FUNCTION(logrank_sample_recv);
SQL_FUNCTION(logrank_sample_send);

static Size
StateSize(int64 rows, int64 group_room, Size name_room)
{
	return sizeof(LogrankState) + group_room * sizeof(GroupName) + name_room +
		rows * sizeof(LogrankRow);
}

static void
AssertCheckState(const LogrankState *state)
{
	Assert(state->growing.head.version == STATE_VERSION);
	Assert(state->groups <= state->group_room);
	Assert(state->name_bytes <= state->name_room);
	Assert(state->growing.used ==
		   (int64) StateSize(state->rows, state->group_room,
							 state->name_room));
}

/* The smallest power of two, from "least" on, that is not below the number. */
static int64
PowerOfTwo(int64 number, int64 least)
{
	while (least < number)
		least *= 2;
	return least;
}

/* Moves names and rows, the last first, to where the new room puts them. */
static void
SpreadState(LogrankState *state, int group_room, int name_room)
{
	LogrankState old = *state;
	Size		size = old.rows * sizeof(LogrankRow);
	const char *names = LogrankNameBytes(state);
	const LogrankRow *rows = LogrankRows(state);

	state->group_room = group_room;
	state->name_room = name_room;
	memmove(LogrankRows(state), rows, size);
	memmove(LogrankNameBytes(state), names, old.name_bytes);
	memset(LogrankNames(state) + old.groups, 0,
		   (group_room - old.groups) * sizeof(GroupName));
	memset(LogrankNameBytes(state) + old.name_bytes, 0,
		   name_room - old.name_bytes);
	state->growing.used = StateSize(old.rows, group_room, name_room);
}

/*
 * A state (of a null pointer: an empty one) with room for so many more rows,
 * groups, and bytes of their names.
 */
Datum
LogrankMakeRoom(Datum datum, int64 rows, int groups, Size bytes,
				MemoryContext aggcontext)
{
	LogrankState old = {.rows = 0};
	LogrankState *state;
	Size		capacity = 0;
	int64		group_room;
	int64		name_room;
	Size		used = sizeof(LogrankState);
	Size		needed;
	bool		is_new = DatumGetPointer(datum) == NULL;

	if (!is_new)
	{
		old = *(LogrankState *) StateView(datum, &capacity);
		used = old.growing.used;
	}
	group_room = old.group_room;
	if (old.groups + groups > group_room)
		group_room = PowerOfTwo(old.groups + groups, 2);
	name_room = old.name_room;
	if (old.name_bytes + bytes > (Size) name_room)
		name_room = PowerOfTwo(old.name_bytes + bytes, 16);
	needed = StateSize(old.rows + rows, group_room, name_room);
	if (likely(!is_new && group_room == old.group_room &&
			   name_room == old.name_room && needed <= capacity))
		return datum;
	datum = StateExtend(datum, used, needed, MaxAllocSize,
						"Test a sample of the rows.", aggcontext);
	state = (LogrankState *) StateView(datum, &capacity);
	if (is_new)
	{
		memset((char *) state + sizeof(StateHeader), 0,
			   sizeof(LogrankState) - sizeof(StateHeader));
		state->growing.head.version = STATE_VERSION;
		state->growing.used = used;
	}
	if (group_room != old.group_room || name_room != old.name_room)
		SpreadState(state, group_room, name_room);
	AssertCheckState(state);
	return datum;
}

static int
CompareNames(const char *a, int a_length, const char *b, int b_length)
{
	int			order = memcmp(a, b, Min(a_length, b_length));

	return order != 0 ? order : a_length - b_length;
}

/* Where a name is among those in order, or else where it would be. */
static int
FindName(const LogrankState *state, const char *name, int length, bool *found)
{
	int			low = 0;
	int			high = state->groups;

	*found = false;
	while (low < high)
	{
		int			middle = (low + high) / 2;
		const GroupName *own = &LogrankNames(state)[middle];
		int			order = CompareNames(LogrankNameBytes(state) + own->offset,
										 own->length, name, length);

		if (order == 0)
		{
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The number of a group, which is added if it is new. */
int
LogrankGroup(Datum *datum, const char *name, int length,
			 MemoryContext aggcontext)
{
	Size		capacity;
	LogrankState *state = (LogrankState *) StateView(*datum, &capacity);
	bool		found;
	int			place = FindName(state, name, length, &found);
	GroupName  *own;

	if (likely(found))
		return LogrankNames(state)[place].number;
	if (state->groups == LOGRANK_GROUPS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("grp must have at most %d different values",
						LOGRANK_GROUPS),
				 errhint("Merge small groups into one, for example (other).")));
	*datum = LogrankMakeRoom(*datum, 0, 1, length, aggcontext);
	state = (LogrankState *) StateView(*datum, &capacity);
	own = &LogrankNames(state)[place];
	memmove(own + 1, own, (state->groups - place) * sizeof(GroupName));
	own->offset = state->name_bytes;
	own->length = length;
	own->number = state->groups++;
	memcpy(LogrankNameBytes(state) + own->offset, name, length);
	state->name_bytes += length;
	AssertCheckState(state);
	return own->number;
}

Datum
logrank_combine(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = AggregateContext(fcinfo);
	Datum		datum = StateArgument(fcinfo);
	const LogrankState *other;
	const LogrankRow *row;
	LogrankState *state;
	Size		capacity;
	int			number[LOGRANK_GROUPS] = {0};

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return StateOtherSide(fcinfo);
	other = (LogrankState *) StateRead(PG_GETARG_DATUM(1));
	for (int i = 0; i < other->groups; i++)
	{
		const GroupName *own = &LogrankNames(other)[i];
		const char *name = LogrankNameBytes(other) + own->offset;

		number[own->number] = LogrankGroup(&datum, name, own->length,
										   aggcontext);
	}
	datum = LogrankMakeRoom(datum, other->rows, 0, 0, aggcontext);
	state = (LogrankState *) StateView(datum, &capacity);
	row = LogrankRows(other);
	for (int64 i = 0; i < other->rows; i++)
	{
		LogrankAppend(state, row[i].duration, number[row[i].group_event >> 1],
					  row[i].group_event & 1);
		POLL_AT(i);
	}
	AssertCheckState(state);
	PG_RETURN_DATUM(datum);
}

/*
 * The rows in order of duration, then group by name, then event, with the
 * groups numbered by name.
 */
LogrankRow *
LogrankSortedRows(const LogrankState *state)
{
	int64		count = state->rows;
	num_u128   *keys = HugeArray(CurrentMemoryContext, 2 * count,
								 sizeof(num_u128));
	LogrankRow *row = LogrankRows(state);
	int			rank[LOGRANK_GROUPS] = {0};

	for (int i = 0; i < state->groups; i++)
		rank[LogrankNames(state)[i].number] = i;
	for (int64 i = 0; i < count; i++)
	{
		keys[i] = (num_u128) row[i].duration << 64 |
			(uint64) rank[row[i].group_event >> 1] << 1 |
			(row[i].group_event & 1);
		POLL_AT(i);
	}
	num_radix_sort(keys, keys + count, count, 0, PollInterrupts);
	row = (LogrankRow *) (keys + count);
	for (int64 i = 0; i < count; i++)
	{
		row[i].duration = (uint64) (keys[i] >> 64);
		row[i].group_event = (uint64) keys[i];
		POLL_AT(i);
	}
	return row;
}

/* The names of groups, in order, as they are read. */
typedef struct NameList
{
	int			count;
	Size		bytes;
	char	   *name[LOGRANK_GROUPS];
} NameList;

static void
AppendName(NameList *list, char *name)
{
	if (list->count == LOGRANK_GROUPS)
		RefuseState(TYPE_NAME, "number of groups out of range");
	if (list->count > 0 && strcmp(list->name[list->count - 1], name) >= 0)
		RefuseState(TYPE_NAME, "groups must be in order of their names");
	list->name[list->count++] = name;
	list->bytes += strlen(name);
}

/* A state of these groups, for so many rows to be filled in. */
static LogrankState *
FinishedState(const NameList *list, int64 rows)
{
	Size		size;
	LogrankState *state;

	if (list->count == 0)
		RefuseState(TYPE_NAME, "number of groups out of range");
	if (rows < list->count ||
		rows > (int64) (MaxAllocSize / sizeof(LogrankRow)) ||
		StateSize(rows, list->count, MAXALIGN(list->bytes)) > MaxAllocSize)
		RefuseState(TYPE_NAME, "number of rows out of range");
	size = StateSize(rows, list->count, MAXALIGN(list->bytes));
	state = palloc0(size);
	SET_VARSIZE(state, size);
	state->growing.head.version = STATE_VERSION;
	state->growing.used = StateSize(0, list->count, MAXALIGN(list->bytes));
	state->groups = state->group_room = list->count;
	state->name_room = MAXALIGN(list->bytes);
	for (int i = 0; i < list->count; i++)
	{
		GroupName  *own = &LogrankNames(state)[i];

		own->offset = state->name_bytes;
		own->length = strlen(list->name[i]);
		own->number = i;
		memcpy(LogrankNameBytes(state) + own->offset, list->name[i],
			   own->length);
		state->name_bytes += own->length;
	}
	return state;
}

/* Adds a row, which must not be before the last one. */
static void
AddRow(LogrankState *state, bool *seen, double duration, int64 group,
	   int64 event)
{
	const LogrankRow *last = LogrankRows(state) + state->rows - 1;
	uint64		bits;

	if (!(duration >= 0) || isinf(duration) || signbit(duration))
		RefuseState(TYPE_NAME, "durations must be finite and not negative");
	if (group < 1 || group > state->groups)
		RefuseState(TYPE_NAME, "number of a group out of range");
	if (event != 0 && event != 1)
		RefuseState(TYPE_NAME, "event must be 0 or 1");
	memcpy(&bits, &duration, sizeof(bits));
	seen[group - 1] = true;
	if (state->rows > 0 &&
		(last->duration > bits ||
		 (last->duration == bits &&
		  last->group_event > (uint64) ((group - 1) << 1 | event))))
		RefuseState(TYPE_NAME, "rows must be in order of their values");
	LogrankAppend(state, bits, group - 1, event != 0);
}

static void
CheckSeen(const LogrankState *state, const bool *seen)
{
	for (int i = 0; i < state->groups; i++)
		if (!seen[i])
			RefuseState(TYPE_NAME, "each group must have a row");
	AssertCheckState(state);
}

/* (1,"group",...,{duration,number of its group,event},...) */
Datum
logrank_sample_in(PG_FUNCTION_ARGS)
{
	char	   *cursor = PG_GETARG_CSTRING(0);
	NameList	list = {.count = 0};
	bool		seen[LOGRANK_GROUPS] = {false};
	int64		rows;
	LogrankState *state;

	StateTextVersion(&cursor, TYPE_NAME);
	while (cursor[0] == ',' && cursor[1] == '"')
	{
		cursor++;
		AppendName(&list, StateTextQuoted(&cursor, TYPE_NAME));
		CHECK_FOR_INTERRUPTS();
	}
	rows = StateTextCount(cursor);
	state = FinishedState(&list, rows);
	for (int64 i = 0; i < rows; i++)
	{
		double		duration;
		int64		group;

		StateTextSkip(&cursor, ',', TYPE_NAME);
		StateTextSkip(&cursor, '{', TYPE_NAME);
		duration = StateTextDouble(&cursor, ",", TYPE_NAME);
		StateTextSkip(&cursor, ',', TYPE_NAME);
		group = StateTextInt64(&cursor, ",", TYPE_NAME);
		StateTextSkip(&cursor, ',', TYPE_NAME);
		AddRow(state, seen, duration, group,
			   StateTextInt64(&cursor, "}", TYPE_NAME));
		StateTextSkip(&cursor, '}', TYPE_NAME);
		CHECK_FOR_INTERRUPTS();
	}
	StateTextEnd(cursor, TYPE_NAME);
	CheckSeen(state, seen);
	PG_RETURN_POINTER(state);
}

Datum
logrank_sample_out(PG_FUNCTION_ARGS)
{
	LogrankState *state = (LogrankState *) StateRead(PG_GETARG_DATUM(0));
	const LogrankRow *row = LogrankSortedRows(state);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "(%d", STATE_VERSION);
	for (int i = 0; i < state->groups; i++)
	{
		const GroupName *own = &LogrankNames(state)[i];

		appendStringInfoChar(&out, ',');
		StateAppendQuoted(&out, LogrankNameBytes(state) + own->offset,
						  own->length);
	}
	for (int64 i = 0; i < state->rows; i++)
	{
		char		number[DOUBLE_SHORTEST_DECIMAL_LEN];
		double		duration;

		memcpy(&duration, &row[i].duration, sizeof(duration));
		double_to_shortest_decimal_buf(duration, number);
		appendStringInfo(&out, ",{%s,%d,%d}", number,
						 (int) (row[i].group_event >> 1) + 1,
						 (int) (row[i].group_event & 1));
		CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoChar(&out, ')');
	PG_RETURN_CSTRING(out.data);
}

/* a row on the wire: duration, number of the group, event */
#define ROW_WIRE_SIZE (sizeof(double) + sizeof(int16) + 1)

/* On the wire: version, number of groups, their names, then row by row. */
Datum
logrank_sample_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	NameList	list = {.count = 0};
	bool		seen[LOGRANK_GROUPS] = {false};
	LogrankState *state;
	int			groups;
	int64		rows;

	StateReceiveVersion(buffer, TYPE_NAME);
	groups = pq_getmsgint(buffer, 2);
	for (int i = 0; i < groups; i++)
		AppendName(&list, pstrdup(pq_getmsgstring(buffer)));
	rows = (buffer->len - buffer->cursor) / ROW_WIRE_SIZE;
	state = FinishedState(&list, rows);
	for (int64 i = 0; i < rows; i++)
	{
		double		duration = pq_getmsgfloat8(buffer);
		int			group = pq_getmsgint(buffer, 2);

		AddRow(state, seen, duration, group, pq_getmsgbyte(buffer));
		POLL_AT(i);
	}
	CheckSeen(state, seen);
	PG_RETURN_POINTER(state);
}

Datum
logrank_sample_send(PG_FUNCTION_ARGS)
{
	LogrankState *state = (LogrankState *) StateRead(PG_GETARG_DATUM(0));
	const LogrankRow *row = LogrankSortedRows(state);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint8(&buffer, STATE_VERSION);
	pq_sendint16(&buffer, state->groups);
	for (int i = 0; i < state->groups; i++)
	{
		const GroupName *own = &LogrankNames(state)[i];

		pq_sendstring(&buffer, pnstrdup(LogrankNameBytes(state) + own->offset,
										own->length));
	}
	for (int64 i = 0; i < state->rows; i++)
	{
		double		duration;

		memcpy(&duration, &row[i].duration, sizeof(duration));
		pq_sendfloat8(&buffer, duration);
		pq_sendint16(&buffer, (int) (row[i].group_event >> 1) + 1);
		pq_sendint8(&buffer, (int) (row[i].group_event & 1));
		POLL_AT(i);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
