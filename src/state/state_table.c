/*
 * state_table.c
 *	  A growing state that is a table: dense entries, and an index over them.
 */
#include "crmcost.h"

#include "num/sort.h"
#include "state/state_table.h"

void
TableRefuseEntry(const TableKind *kind)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("aggregate state must hold at most %lld %s",
					(long long) TABLE_MAX_ENTRIES(kind), kind->entries),
			 errhint("%s", kind->hint)));
}

static void
BuildIndex(const TableKind *kind, TableState *state)
{
	uint32	   *slots = TableIndex(kind, state);
	Size		mask = TABLE_SLOTS(state->room) - 1;

	memset(slots, 0, TABLE_SLOTS(state->room) * sizeof(uint32));
	for (int64 entry = 0; entry < state->count; entry++)
	{
		uint64		hash = TableHash(kind, TableEntry(kind, state, entry));
		Size		i = hash & mask;

		while (slots[i] != 0)
			i = (i + 1) & mask;
		slots[i] = SLOT_TAG(hash) | (uint32) (entry + 1);
		POLL_AT(entry);
	}
}

/*
 * A state with index in which "more" entries can be added (a null pointer: an
 * empty one).
 */
Datum
TableMakeRoom(const TableKind *kind, Datum datum, int64 more,
			  MemoryContext aggcontext)
{
	TableState *state;
	Size		capacity;
	int64		count = 0;
	int64		room = 8;
	Size		size;

	if (DatumGetPointer(datum) != NULL)
	{
		state = (TableState *) StateView(datum, &capacity);
		if (state->room > 0 &&
			capacity >= TABLE_INDEXED_SIZE(kind, state->room) &&
			state->count + more <= state->room)
			return datum;
		kind->flush(&state->growing);
		count = state->count;
	}
	while (room < count + more && room <= TABLE_MAX_ENTRIES(kind))
		room *= 2;

	size = TABLE_INDEXED_SIZE(kind, room);
	if (size >= STATE_EXPANDED)
		size += TABLE_QUEUE_ROWS * sizeof(TableRow);
	datum = StateResize(datum, TABLE_SIZE(kind, count), size, aggcontext);
	state = (TableState *) StateView(datum, &capacity);
	if (count == 0)
		memset((char *) state + sizeof(GrowingState), 0,
			   sizeof(TableState) - sizeof(GrowingState));
	state->growing.head.version = STATE_VERSION;
	state->growing.used = TABLE_SIZE(kind, count);
	state->room = room;
	BuildIndex(kind, state);
	if (StateIsExpanded(datum))
		((ExpandedState *) DatumGetEOHP(datum))->flush = kind->flush;
	return datum;
}

/* A state without index for "count" entries, to be filled in. */
TableState *
TableCreateFinished(const TableKind *kind, int64 count)
{
	TableState *state = palloc0(TABLE_SIZE(kind, count));

	SET_VARSIZE(state, TABLE_SIZE(kind, count));
	state->growing.head.version = STATE_VERSION;
	state->growing.used = TABLE_SIZE(kind, count);
	state->count = count;
	return state;
}
