/*
 * attribution_state.c
 *	  Paths of channels as an aggregate has gathered them: counted, not kept.
 *
 * SQL, in file order: channel_paths_combine, type channel_paths
 * (channel_paths_in, _out, _recv, _send).
 *
 * The layout is in attribution_state.h.  All sums are exact, and a state is
 * read in order of its channels' names, so that the result depends neither on
 * the order of the rows nor on how they were split.
 */
#include "crmcost.h"

#include "attribution/attribution_state.h"
#include "common/hashfn.h"
#include "mb/pg_wchar.h"

#define TYPE_NAME PATHS_TYPE

/* an entry on the wire: key, scale and sum */
#define ENTRY_WIRE_SIZE (sizeof(uint64) + sizeof(int16) + sizeof(num_i256))

#define LIMIT_HINT \
	"Merge rare channels into one, for example (other), or lower markov_order."

SQL_FUNCTION(channel_paths_combine);
SQL_FUNCTION(channel_paths_in);
SQL_FUNCTION(channel_paths_out);
SQL_FUNCTION(channel_paths_recv);
SQL_FUNCTION(channel_paths_send);

/* where the parts of a state are */
static inline PathEntry *
Entries(const PathState *state)
{
	return (PathEntry *) (state + 1);
}

static inline PathName *
Names(const PathState *state)
{
	return (PathName *) (Entries(state) + state->room);
}

static inline char *
NameBytes(const PathState *state)
{
	return (char *) (Names(state) + state->channel_room);
}

static inline uint32 *
EntryIndex(const PathState *state)
{
	return (uint32 *) (NameBytes(state) + state->name_room);
}

static inline uint32 *
ChannelIndex(const PathState *state)
{
	return EntryIndex(state) + 2 * state->room;
}

static Size
StateSize(int64 room, int64 channel_room, int64 name_room, bool indexed)
{
	Size		size = sizeof(PathState) + room * sizeof(PathEntry) +
	channel_room * sizeof(PathName) + name_room;

	return indexed ? size + 2 * (room + channel_room) * sizeof(uint32) : size;
}

static void
AssertCheckState(const PathState *state)
{
	Assert(state->growing.head.version == STATE_VERSION);
	Assert(state->count <= state->room);
	Assert(state->channels <= state->channel_room);
	Assert(state->name_bytes <= state->name_room);
	Assert(state->growing.used ==
		   (int64) StateSize(state->room, state->channel_room,
							 state->name_room, state->indexed != 0));
}

/* the finalizer of MurmurHash3 (Appleby) */
static inline uint64
KeyHash(uint64 key)
{
	key = (key ^ key >> 33) * UINT64CONST(0xff51afd7ed558ccd);
	key = (key ^ key >> 33) * UINT64CONST(0xc4ceb9fe1a85ec53);
	return key ^ key >> 33;
}

static inline uint32
NameHash(const char *name, int length)
{
	return hash_bytes((const unsigned char *) name, length);
}

/* The index slot of a key: of its entry, or the free one where it would be. */
static inline uint32 *
FindKey(const PathState *state, uint64 key)
{
	uint32	   *slots = EntryIndex(state);
	Size		mask = 2 * state->room - 1;
	Size		i = KeyHash(key) & mask;

	while (slots[i] != 0 && Entries(state)[slots[i] - 1].key != key)
		i = (i + 1) & mask;
	return &slots[i];
}

static inline uint32 *
FindName(const PathState *state, const char *name, int length)
{
	uint32	   *slots = ChannelIndex(state);
	Size		mask = 2 * (Size) state->channel_room - 1;
	Size		i = NameHash(name, length) & mask;

	for (; slots[i] != 0; i = (i + 1) & mask)
	{
		const PathName *own = &Names(state)[slots[i] - 1];

		if (own->length == (uint32) length &&
			memcmp(NameBytes(state) + own->offset, name, length) == 0)
			break;
	}
	return &slots[i];
}

static void
BuildIndexes(PathState *state)
{
	for (int64 i = 0; i < state->count; i++)
	{
		*FindKey(state, Entries(state)[i].key) = i + 1;
		POLL_AT(i);
	}
	for (int i = 0; i < state->channels; i++)
	{
		const PathName *own = &Names(state)[i];

		*FindName(state, NameBytes(state) + own->offset, own->length) = i + 1;
	}
}

/* The smallest power of two, from "least" on, that is not below the number. */
static int64
PowerOfTwo(int64 number, int64 least)
{
	while (least < number)
		least *= 2;
	return least;
}

/* Moves a state's contents to one that has more room, and is empty. */
static void
MoveContents(PathState *to, const PathState *from)
{
	memcpy(Entries(to), Entries(from), from->count * sizeof(PathEntry));
	memcpy(Names(to), Names(from), from->channels * sizeof(PathName));
	memcpy(NameBytes(to), NameBytes(from), from->name_bytes);
	to->count = from->count;
	to->channels = from->channels;
	to->name_bytes = from->name_bytes;
	BuildIndexes(to);
}

/*
 * A state of this kind (of a null pointer: an empty one) with indexes, and
 * room for so many more entries, channels, and bytes of their names.
 */
Datum
PathMakeRoom(Datum datum, int kind, int64 entries, int64 channels, Size bytes,
			 MemoryContext aggcontext)
{
	PathState  *state;
	PathState	old = {.count = 0};
	PathState  *copy = &old;
	Size		capacity;
	Size		size;

	if (DatumGetPointer(datum) != NULL)
	{
		state = (PathState *) StateView(datum, &capacity);
		old = *state;
		if (likely(old.indexed && old.count + entries <= old.room &&
				   old.channels + channels <= old.channel_room &&
				   old.name_bytes + bytes <= (Size) old.name_room))
			return datum;
		copy = MemoryContextAllocHuge(CurrentMemoryContext, old.growing.used);
		memcpy(copy, state, old.growing.used);
	}
	old.room = PowerOfTwo(old.count + entries, 16);
	old.channel_room = PowerOfTwo(old.channels + channels, 8);
	old.name_room = PowerOfTwo(old.name_bytes + bytes, 64);
	size = StateSize(old.room, old.channel_room, old.name_room, true);
	if (size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("aggregate state must be at most %zu MB",
						(Size) MaxAllocSize / (1024 * 1024)),
				 errhint(LIMIT_HINT)));

	datum = StateResize(datum, sizeof(GrowingState), size, aggcontext);
	state = (PathState *) StateView(datum, &capacity);
	memset((char *) state + sizeof(StateHeader), 0,
		   size - sizeof(StateHeader));
	state->growing.head.version = STATE_VERSION;
	state->growing.head.flags = kind;
	state->growing.used = size;
	state->room = old.room;
	state->channel_room = old.channel_room;
	state->name_room = old.name_room;
	state->indexed = 1;
	if (copy != &old)
	{
		MoveContents(state, copy);
		pfree(copy);
	}
	AssertCheckState(state);
	return datum;
}

/* The number of a channel, which is new if there is none; there is room. */
int
PathChannel(PathState *state, const char *name, int length)
{
	uint32	   *slot = FindName(state, name, length);
	int			most = state->growing.head.flags == RATE_GAME ?
	NUM_SHAPLEY_PLAYERS : MAX_CHANNEL;
	PathName   *own;

	if (likely(*slot != 0))
		return *slot;
	if (state->channels == most)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("paths must have at most %d different channels%s, not \"%s\" as well",
						most, most == MAX_CHANNEL ? "" :
						" for a game of rates",
						pnstrdup(name, pg_mbcliplen(name, length, 40))),
				 errhint("Merge rare channels into one, for example (other).")));
	own = &Names(state)[state->channels++];
	own->offset = state->name_bytes;
	own->length = length;
	memcpy(NameBytes(state) + own->offset, name, length);
	state->name_bytes += length;
	return *slot = state->channels;
}

/* Adds to the sum of a key; there is room. */
void
PathAdd(PathState *state, uint64 key, const ExactSum *sum,
		const char *argument)
{
	uint32	   *slot = FindKey(state, key);
	PathEntry  *entry;
	ExactSum	own;

	if (unlikely(*slot == 0))
	{
		entry = &Entries(state)[state->count++];
		entry->key = key;
		entry->sum = sum->value;
		entry->scale = sum->scale;
		*slot = state->count;
		return;
	}
	entry = &Entries(state)[*slot - 1];
	if (likely(entry->scale == sum->scale))
	{
		if (unlikely(!num_i256_add(&entry->sum, &sum->value)))
			RefuseSum(argument);
		return;
	}
	own = ExactSumOf(&entry->sum, (int) entry->scale);
	ExactSumCombine(&own, sum, argument);
	entry->sum = own.value;
	entry->scale = own.scale;
}

int
PathKind(Datum datum)
{
	Size		capacity;

	return StateView(datum, &capacity)->head.flags;
}

/* A key with the channels' numbers replaced by others. */
static uint64
Renumber(int kind, uint64 key, const int *number)
{
	int			step = KEY_PART(key);
	uint64		result = step <= MAX_CHANNEL ? number[step] : step;

	if (kind == RATE_GAME)
	{
		for (int i = 0; i < NUM_SHAPLEY_PLAYERS; i++)
			if (key >> (KEY_BITS + i) & 1)
				result |= UINT64CONST(1) << (KEY_BITS + number[i + 1] - 1);
		return result;
	}
	if (kind == SUM_GAME)
		return (key & UINT64CONST(0x0000FFFFFFFFFFFF)) |
			(uint64) number[KEY_PART(key >> 48)] << 48;
	for (int shift = KEY_BITS; shift < 64; shift += KEY_BITS)
		result |= (uint64) number[KEY_PART(key >> shift)] << shift;
	return result;
}

Datum
channel_paths_combine(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = AggregateContext(fcinfo);
	Datum		datum = StateArgument(fcinfo);
	const PathState *other;
	PathState  *state;
	Size		capacity;
	int		   *number;
	int			kind;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return StateOtherSide(fcinfo);
	other = (PathState *) StateRead(PG_GETARG_DATUM(1));
	kind = PathKind(datum);
	if (kind != other->growing.head.flags)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("states of different games or orders cannot be combined")));
	datum = PathMakeRoom(datum, kind, other->count, other->channels,
						 other->name_bytes, aggcontext);
	state = (PathState *) StateView(datum, &capacity);
	number = palloc0((other->channels + 1) * sizeof(int));
	for (int i = 0; i < other->channels; i++)
		number[i + 1] = PathChannel(state,
									NameBytes(other) + Names(other)[i].offset,
									Names(other)[i].length);
	for (int64 i = 0; i < other->count; i++)
	{
		const PathEntry *entry = &Entries(other)[i];
		ExactSum	sum = ExactSumOf(&entry->sum, (int) entry->scale);

		PathAdd(state, Renumber(kind, entry->key, number), &sum,
				PathStepArgument(KEY_PART(entry->key)));
		POLL_AT(i);
	}
	pfree(number);
	AssertCheckState(state);
	PG_RETURN_DATUM(datum);
}

/* for sorting the numbers of a state's channels, from 1, by name */
static int
CompareChannels(const void *a, const void *b, void *arg)
{
	const PathState *state = arg;
	const PathName *left = &Names(state)[*(const int *) a - 1];
	const PathName *right = &Names(state)[*(const int *) b - 1];

	return PathCompareNames(NameBytes(state) + left->offset, left->length,
							NameBytes(state) + right->offset, right->length);
}

#define ST_SORT SortEntries
#define ST_ELEMENT_TYPE PathEntry
#define ST_COMPARE(a, b) ((a)->key < (b)->key ? -1 : (a)->key > (b)->key)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* A state in order; its names stay where they are. */
Paths
PathsRead(Datum datum)
{
	PathState  *state = (PathState *) StateRead(datum);
	int			channels = state->channels;
	int		   *order = palloc(Max(channels, 1) * sizeof(int));
	int		   *number = palloc0((channels + 1) * sizeof(int));
	Paths		paths = {.kind = state->growing.head.flags};

	for (int i = 0; i < channels; i++)
		order[i] = i + 1;
	qsort_interruptible(order, channels, sizeof(int), CompareChannels, state);
	paths.channels = channels;
	paths.name = palloc((channels + 1) * sizeof(char *));
	paths.length = palloc((channels + 1) * sizeof(int));
	for (int i = 0; i < channels; i++)
	{
		const PathName *own = &Names(state)[order[i] - 1];

		number[order[i]] = i + 1;
		paths.name[i + 1] = NameBytes(state) + own->offset;
		paths.length[i + 1] = own->length;
	}
	paths.count = state->count;
	paths.entry = MemoryContextAllocHuge(CurrentMemoryContext,
										 Max(state->count, 1) *
										 sizeof(PathEntry));
	for (int64 i = 0; i < state->count; i++)
	{
		paths.entry[i] = Entries(state)[i];
		paths.entry[i].key = Renumber(paths.kind, paths.entry[i].key, number);
		POLL_AT(i);
	}
	SortEntries(paths.entry, paths.count);
	return paths;
}

/* A state without indexes of what has been checked. */
static PathState *
FinishedState(const Paths *paths)
{
	Size		bytes = 0;
	PathState  *state;
	Size		size;

	for (int i = 1; i <= paths->channels; i++)
		bytes += paths->length[i];
	size = StateSize(paths->count, paths->channels, MAXALIGN(bytes), false);
	state = palloc0(size);
	SET_VARSIZE(state, size);
	state->growing.head.version = STATE_VERSION;
	state->growing.head.flags = paths->kind;
	state->growing.used = size;
	state->count = state->room = paths->count;
	state->channels = state->channel_room = paths->channels;
	state->name_room = MAXALIGN(bytes);
	memcpy(Entries(state), paths->entry, paths->count * sizeof(PathEntry));
	for (int i = 1; i <= paths->channels; i++)
	{
		PathName   *own = &Names(state)[i - 1];

		own->offset = state->name_bytes;
		own->length = paths->length[i];
		memcpy(NameBytes(state) + own->offset, paths->name[i], own->length);
		state->name_bytes += own->length;
	}
	AssertCheckState(state);
	return state;
}

/* the kinds of states, as text */
static const char *const kind_name[] = {
	NULL, "markov1", "markov2", "markov3", "sum", "rate"
};

/* Appends a channel to those read so far of "room". */
static void
AppendName(Paths *paths, int *room, const char *name, int length)
{
	if (paths->channels + 1 >= *room)
	{
		*room = Max(64, *room * 2);
		paths->name = paths->name == NULL ?
			palloc(*room * sizeof(char *)) :
			repalloc(paths->name, *room * sizeof(char *));
		paths->length = paths->length == NULL ?
			palloc(*room * sizeof(int)) :
			repalloc(paths->length, *room * sizeof(int));
	}
	if (paths->channels == MAX_CHANNEL)
		RefuseState(TYPE_NAME, "number of channels out of range");
	paths->channels++;
	paths->name[paths->channels] = name;
	paths->length[paths->channels] = length;
}

static void
ReadEntry(char **cursor, PathEntry *entry)
{
	char	   *field;
	ExactSum	sum;

	StateTextSkip(cursor, '{', TYPE_NAME);
	field = StateTextField(cursor, ",", TYPE_NAME);
	if (strlen(field) != 16 || strspn(field, "0123456789abcdef") != 16)
		RefuseState(TYPE_NAME, "key must have 16 hexadecimal digits");
	entry->key = strtoull(field, NULL, 16);
	StateTextSkip(cursor, ',', TYPE_NAME);
	field = StateTextField(cursor, "}", TYPE_NAME);
	ExactSumRead(&sum, NumericFromText(field),
				 PathStepArgument(KEY_PART(entry->key)));
	StateTextSkip(cursor, '}', TYPE_NAME);
	entry->sum = sum.value;
	entry->scale = sum.scale;
}

/* (1,kind,"channel",...,{key,sum},...) */
Datum
channel_paths_in(PG_FUNCTION_ARGS)
{
	char	   *cursor = PG_GETARG_CSTRING(0);
	Paths		paths = {0};
	int64		entries = 0;
	int			room = 0;
	char	   *kind;

	for (char *c = cursor; *c != '\0'; c++)
		entries += *c == '{';
	paths.entry = MemoryContextAllocHuge(CurrentMemoryContext,
										 Max(entries, 1) * sizeof(PathEntry));
	StateTextVersion(&cursor, TYPE_NAME);
	StateTextSkip(&cursor, ',', TYPE_NAME);
	kind = StateTextField(&cursor, ",)", TYPE_NAME);
	for (int i = 1; i <= RATE_GAME; i++)
		if (strcmp(kind, kind_name[i]) == 0)
			paths.kind = i;
	if (paths.kind == 0)
		RefuseState(TYPE_NAME, "kind must be markov1, markov2, markov3, sum or rate");
	while (cursor[0] == ',' && cursor[1] == '"')
	{
		char	   *name;

		cursor++;
		name = StateTextQuoted(&cursor, TYPE_NAME);
		AppendName(&paths, &room, name, strlen(name));
		CHECK_FOR_INTERRUPTS();
	}
	while (*cursor == ',')
	{
		cursor++;
		ReadEntry(&cursor, &paths.entry[paths.count]);
		paths.count++;
		CHECK_FOR_INTERRUPTS();
	}
	StateTextEnd(cursor, TYPE_NAME);
	PathsCheck(&paths);
	PG_RETURN_POINTER(FinishedState(&paths));
}

Datum
channel_paths_out(PG_FUNCTION_ARGS)
{
	Paths		paths = PathsRead(PG_GETARG_DATUM(0));
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "(%d,%s", STATE_VERSION, kind_name[paths.kind]);
	for (int i = 1; i <= paths.channels; i++)
	{
		appendStringInfoChar(&out, ',');
		StateAppendQuoted(&out, paths.name[i], paths.length[i]);
		CHECK_FOR_INTERRUPTS();
	}
	for (int64 i = 0; i < paths.count; i++)
	{
		ExactSum	sum = ExactSumOf(&paths.entry[i].sum,
									 (int) paths.entry[i].scale);

		appendStringInfo(&out, ",{%016llx,%s}",
						 (unsigned long long) paths.entry[i].key,
						 NumericText(ExactSumNumeric(&sum)));
		CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoChar(&out, ')');
	PG_RETURN_CSTRING(out.data);
}

/*
 * On the wire: version, kind, number of channels, names, number of sums, then
 * each of them.
 */
Datum
channel_paths_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	Paths		paths = {0};
	int			channels;
	int			room = 0;

	StateReceiveVersion(buffer, TYPE_NAME);
	paths.kind = pq_getmsgbyte(buffer);
	if (paths.kind < 1 || paths.kind > RATE_GAME)
		RefuseState(TYPE_NAME, "kind out of range");
	channels = pq_getmsgint(buffer, 4);
	if (channels < 1 || channels > MAX_CHANNEL)
		RefuseState(TYPE_NAME, "number of channels out of range");
	for (int i = 0; i < channels; i++)
	{
		char	   *name = pstrdup(pq_getmsgstring(buffer));

		AppendName(&paths, &room, name, strlen(name));
		CHECK_FOR_INTERRUPTS();
	}
	paths.count = pq_getmsgint64(buffer);
	if (paths.count < 0 ||
		paths.count != (int64) ((buffer->len - buffer->cursor) /
								ENTRY_WIRE_SIZE))
		RefuseState(TYPE_NAME, "number of sums out of range");
	paths.entry = MemoryContextAllocHuge(CurrentMemoryContext,
										 Max(paths.count, 1) *
										 sizeof(PathEntry));
	for (int64 i = 0; i < paths.count; i++)
	{
		paths.entry[i].key = pq_getmsgint64(buffer);
		paths.entry[i].scale = pq_getmsgint(buffer, 2);
		paths.entry[i].sum = StateReceiveI256(buffer);
		POLL_AT(i);
	}
	PathsCheck(&paths);
	PG_RETURN_POINTER(FinishedState(&paths));
}

Datum
channel_paths_send(PG_FUNCTION_ARGS)
{
	Paths		paths = PathsRead(PG_GETARG_DATUM(0));
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint8(&buffer, STATE_VERSION);
	pq_sendint8(&buffer, paths.kind);
	pq_sendint32(&buffer, paths.channels);
	for (int i = 1; i <= paths.channels; i++)
		pq_sendstring(&buffer, pnstrdup(paths.name[i], paths.length[i]));
	pq_sendint64(&buffer, paths.count);
	for (int64 i = 0; i < paths.count; i++)
	{
		pq_sendint64(&buffer, paths.entry[i].key);
		pq_sendint16(&buffer, paths.entry[i].scale);
		StateSendI256(&buffer, &paths.entry[i].sum);
		POLL_AT(i);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
