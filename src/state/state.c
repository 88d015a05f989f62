/*
 * state.c
 *	  Aggregate states as SQL types: growth, text form.
 *
 * The text form of every state is a row-like literal, (version,field,...),
 * the same under any setting of the session: instants are ISO 8601 in UTC.
 */
#include "crmcost.h"

#include "datatype/timestamp.h"
#include "mb/pg_wchar.h"
#include "state/huge_array.h"
#include "state/state.h"
#include "utils/datetime.h"

static Size ExpandedFlatSize(ExpandedObjectHeader *eoh);
static void ExpandedFlatten(ExpandedObjectHeader *eoh, void *result,
							Size allocated_size);

static const ExpandedObjectMethods expanded_methods = {
	ExpandedFlatSize,
	ExpandedFlatten
};

/* The context that holds an aggregate's states; refuses a call outside one. */
MemoryContext
AggregateContext(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("aggregate support function called outside an aggregate")));
	return context;
}

static void
FlushState(ExpandedState *expanded)
{
	if (expanded->flush != NULL)
		expanded->flush(expanded->state);
}

static Size
ExpandedFlatSize(ExpandedObjectHeader *eoh)
{
	ExpandedState *expanded = (ExpandedState *) eoh;

	FlushState(expanded);
	return expanded->state->used;
}

static void
ExpandedFlatten(ExpandedObjectHeader *eoh, void *result, Size allocated_size)
{
	GrowingState *state = ((ExpandedState *) eoh)->state;

	Assert(allocated_size == (Size) state->used);
	memcpy(result, state, allocated_size);
	SET_VARSIZE(result, allocated_size);
}

static ExpandedState *
GetExpandedState(Datum datum)
{
	ExpandedState *expanded = (ExpandedState *) DatumGetEOHP(datum);

	if (expanded->eoh.eoh_methods != &expanded_methods)
		elog(ERROR, "expanded object is not an aggregate state");
	return expanded;
}

/*
 * The flat form of a growing state and its room in bytes: for a transition
 * function, which may change it within that room.
 */
GrowingState *
StateView(Datum datum, Size *capacity)
{
	struct varlena *flat;

	if (StateIsExpanded(datum))
	{
		ExpandedState *expanded = GetExpandedState(datum);

		*capacity = expanded->capacity;
		return expanded->state;
	}
	flat = PG_DETOAST_DATUM(datum);
	*capacity = VARSIZE(flat);
	return (GrowingState *) flat;
}

/* The flat form of a growing state, complete, for reading. */
GrowingState *
StateRead(Datum datum)
{
	Size		capacity;

	if (StateIsExpanded(datum))
		FlushState(GetExpandedState(datum));
	return StateView(datum, &capacity);
}

/* Gives an expanded state new room, with nothing in it. */
static void
SetRoom(ExpandedState *expanded, Size size)
{
	expanded->allocation = HugeAlloc(expanded->eoh.eoh_context,
									 size + PG_CACHE_LINE_SIZE);
	expanded->state = (GrowingState *) CACHELINEALIGN(expanded->allocation);
	expanded->capacity = size;
}

/*
 * A state of "size" bytes that begins with the "used" bytes of the given one
 * (a null pointer: zeros).  Bytes beyond are zero only in a small state.
 */
Datum
StateResize(Datum datum, Size used, Size size, MemoryContext aggcontext)
{
	Size		capacity;
	GrowingState *state = NULL;
	MemoryContext context;
	ExpandedState *expanded;

	if (DatumGetPointer(datum) != NULL)
		state = StateView(datum, &capacity);

	if (size < STATE_EXPANDED)
	{
		/* the executor copies this into the aggregate's context */
		GrowingState *grown = palloc0(size);

		if (state != NULL)
			memcpy(grown, state, used);
		SET_VARSIZE(grown, size);
		return PointerGetDatum(grown);
	}
	if (state != NULL &&
		VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(datum)))
	{
		char	   *old;

		/* not by repalloc: memory that has moved has lost its huge pages */
		expanded = GetExpandedState(datum);
		old = expanded->allocation;
		SetRoom(expanded, size);
		memcpy(expanded->state, state, used);
		pfree(old);
		return datum;
	}

	context = AllocSetContextCreate(aggcontext, "crmcost state",
									ALLOCSET_START_SMALL_SIZES);
	expanded = MemoryContextAllocZero(context, sizeof(ExpandedState));
	EOH_init_header(&expanded->eoh, &expanded_methods, context);
	SetRoom(expanded, size);
	if (state != NULL)
		memcpy(expanded->state, state, used);
	else
		memset(expanded->state, 0, sizeof(GrowingState));
	return EOHPGetRWDatum(&expanded->eoh);
}

static void
CheckStateSize(Size needed, Size limit, const char *hint)
{
	if (needed > limit)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("aggregate state must be at most %zu MB",
						limit / (1024 * 1024)),
				 errhint("%s", hint)));
}

/*
 * The state itself if it has room for "needed" bytes, else one of twice the
 * room, so that appending is cheap; over "limit" bytes is refused.
 */
Datum
StateGrow(Datum datum, Size used, Size needed, Size limit, const char *hint,
		  MemoryContext aggcontext)
{
	Size		capacity = 0;

	if (DatumGetPointer(datum) != NULL)
		(void) StateView(datum, &capacity);
	if (capacity >= needed)
		return datum;
	CheckStateSize(needed, limit, hint);
	return StateResize(datum, used, Min(Max(needed, capacity * 2), limit),
					   aggcontext);
}

/*
 * The same for a state that is filled and read from its front to its end: a
 * large one moves without being copied, though its huge pages may be lost.
 */
Datum
StateExtend(Datum datum, Size used, Size needed, Size limit, const char *hint,
			MemoryContext aggcontext)
{
	ExpandedState *expanded;
	Size		size;
	Size		offset;

	if (DatumGetPointer(datum) == NULL ||
		!VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(datum)))
		return StateGrow(datum, used, needed, limit, hint, aggcontext);
	expanded = GetExpandedState(datum);
	if (expanded->capacity >= needed)
		return datum;
	CheckStateSize(needed, limit, hint);
	size = Min(Max(needed, expanded->capacity * 2), limit);
	offset = (char *) expanded->state - expanded->allocation;
	expanded->allocation = HugeResize(expanded->allocation,
									  size + PG_CACHE_LINE_SIZE);
	expanded->state = (GrowingState *) CACHELINEALIGN(expanded->allocation);
	if ((char *) expanded->state != expanded->allocation + offset)
		memmove(expanded->state, expanded->allocation + offset, used);
	expanded->capacity = size;
	return datum;
}

void
RefuseState(const char *type, const char *problem)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid value for type %s: %s", type, problem)));
}

/*
 * Refuses a state of the right type that another aggregate has gathered, as
 * when the second level of one is given the first of another.
 */
void
RefuseOtherState(const char *wanted, const char *own)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("state must be that of %s, not of %s", wanted, own)));
}

/* The beginning of a text, cut between characters. */
static char *
Clipped(const char *text)
{
	return pnstrdup(text, pg_mbcliplen(text, strlen(text), 20));
}

/* Whether a text begins like year-month-day, which no DateStyle turns. */
bool
StateTextIsDate(const char *field)
{
	Size		digits = strspn(field, "0123456789");

	return digits >= 4 && field[digits] == '-';
}

/* The text form: (version,field,field,...) */
void
StateTextSkip(char **cursor, char expected, const char *type)
{
	if (**cursor != expected)
		RefuseState(type, psprintf("\"%c\" expected at \"%s\"",
								   expected, Clipped(*cursor)));
	(*cursor)++;
}

/* A copy of the text up to one of the stop characters. */
char *
StateTextField(char **cursor, const char *stops, const char *type)
{
	Size		length = strcspn(*cursor, stops);
	char	   *field;

	if ((*cursor)[length] == '\0' || length == 0)
		RefuseState(type, psprintf("field expected at \"%s\"",
								   Clipped(*cursor)));
	field = pnstrdup(*cursor, length);
	*cursor += length;
	return field;
}

int64
StateTextInt64(char **cursor, const char *stops, const char *type)
{
	return pg_strtoint64(StateTextField(cursor, stops, type));
}

double
StateTextDouble(char **cursor, const char *stops, const char *type)
{
	char	   *field = StateTextField(cursor, stops, type);
	Datum		value = DirectFunctionCall1(float8in, CStringGetDatum(field));

	return DatumGetFloat8(value);
}

/* How many entries, {...}, a text has. */
int64
StateTextCount(const char *text)
{
	int64		count = 0;

	for (; *text !='\0'; text ++)
		count += *text == '{';
	return count;
}

void
StateTextVersion(char **cursor, const char *type)
{
	int64		version;

	StateTextSkip(cursor, '(', type);
	version = StateTextInt64(cursor, ",)", type);
	if (version != STATE_VERSION)
		RefuseState(type, psprintf("version must be %d, not %lld",
								   STATE_VERSION, (long long) version));
}

void
StateTextEnd(char *cursor, const char *type)
{
	StateTextSkip(&cursor, ')', type);
	if (*cursor != '\0')
		RefuseState(type, "text after the closing parenthesis");
}

/* A name in double quotes, in which \ stands before \ and ". */
char *
StateTextQuoted(char **cursor, const char *type)
{
	StringInfoData name;

	initStringInfo(&name);
	StateTextSkip(cursor, '"', type);
	for (; **cursor != '"'; (*cursor)++)
	{
		if (**cursor == '\\')
			(*cursor)++;
		if (**cursor == '\0')
			RefuseState(type, "name without an end");
		appendStringInfoChar(&name, **cursor);
	}
	(*cursor)++;
	pg_verifymbstr(name.data, name.len, false);
	return name.data;
}

void
StateAppendQuoted(StringInfo out, const char *name, int length)
{
	appendStringInfoChar(out, '"');
	for (int i = 0; i < length; i++)
	{
		if (name[i] == '"' || name[i] == '\\')
			appendStringInfoChar(out, '\\');
		appendStringInfoChar(out, name[i]);
	}
	appendStringInfoChar(out, '"');
}

TimestampTz
StateTextTimestamp(char **cursor, const char *stops, const char *type)
{
	char	   *field = StateTextField(cursor, stops, type);
	Datum		parsed;
	TimestampTz value;

	/* no "now", no session's zone: the text alone says which instant it is */
	if (!StateTextIsDate(field) ||
		field[strspn(field, "0123456789-T:.+ BC")] != '\0' ||
		strstr(field, "+00") == NULL)
		RefuseState(type, psprintf("\"%s\" is not an instant", field));
	parsed = DirectFunctionCall3(timestamptz_in, CStringGetDatum(field),
								 ObjectIdGetDatum(InvalidOid),
								 Int32GetDatum(-1));
	value = DatumGetTimestampTz(parsed);
	if (TIMESTAMP_NOT_FINITE(value))
		RefuseState(type, psprintf("\"%s\" is not an instant", field));
	return value;
}

void
StateAppendTimestamp(StringInfo out, TimestampTz value)
{
	struct pg_tm tm;
	fsec_t		fsec;
	char text[	MAXDATELEN + 1];

	if (timestamp2tm(value, NULL, &tm, &fsec, NULL, NULL) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	tm.tm_isdst = 0;			/* the zone below is valid: UTC */
	EncodeDateTime(&tm, fsec, true, 0, NULL, USE_XSD_DATES, text);
	appendStringInfoString(out, text);
}
