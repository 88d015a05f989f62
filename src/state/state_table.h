/*
 * state_table.h
 *	  A growing state that is a table: dense entries, and an index over them.
 *
 *	  TableState		head
 *	  entries			dense; a key of whole words first, then what is kept
 *						about it; in order of arrival
 *	  uint32[slots]		open addressing: entry number + 1 and 8 hash bits
 *	  queue				rows, each a hash, a key, and what the row adds
 *
 * Index and queue exist only while an aggregate fills the table: a state that
 * is stored or sent ends with its entries.
 *
 * The queue hides the memory's latency: its rows go to their entries at once,
 * so that their cache misses overlap.  A small table is in the cache anyway:
 * its rows do not wait.
 */
#ifndef STATE_TABLE_H
#define STATE_TABLE_H

#include "state/state.h"

typedef struct TableState
{
	GrowingState growing;
	int64		count;			/* entries */
	int32		room;			/* entries that fit: 0 or a power of two */
	int32		pending;		/* rows in the queue */
	uint64		unused;			/* 0 */
	uint64		parameter[3];	/* of the state type */
} TableState;

/* the words of a key and of what a row adds, at most */
#define TABLE_ROW_WORDS 4

typedef struct TableRow
{
	uint64		hash;
	uint64		word[TABLE_ROW_WORDS];	/* key, then what is added */
} TableRow;

/*
 * What a state type's table is like.  Constant and known where it is used, so
 * that all of it is compiled in place.
 */
typedef struct TableKind
{
	Size		entry_size;
	int			key_words;
	void		(*add) (void *entry, const uint64 *row);	/* a row's words */
	StateFlush	flush;			/* TableFlush() of this kind */
	const char *entries;		/* what entries are, and what to do ... */
	const char *hint;			/* ... when there are too many */
} TableKind;

/* an index slot: 24 bits of entry number + 1, 8 bits of hash; 0 is free */
#define SLOT_ENTRY_BITS 24
#define SLOT_ENTRY(slot) ((slot) & ((1U << SLOT_ENTRY_BITS) - 1))
#define SLOT_TAG(hash) ((uint32) ((hash) >> 56) << SLOT_ENTRY_BITS)
#define TABLE_SLOTS(room) ((Size) (room) * 2)

#define TABLE_QUEUE_ROWS 64

#define TABLE_SIZE(kind, count) \
	(sizeof(TableState) + (Size) (count) * (kind)->entry_size)
#define TABLE_INDEXED_SIZE(kind, room) \
	(TABLE_SIZE(kind, room) + TABLE_SLOTS(room) * sizeof(uint32))

/* a table of at most so many bytes, index included, stays in the cache */
#define TABLE_CACHED (256 * 1024)

/* a finished state is one varlena, and an entry number has 24 bits */
#define TABLE_MAX_ENTRIES(kind) \
	((int64) Min((MaxAllocSize - sizeof(TableState)) / (kind)->entry_size, \
				 (1U << SLOT_ENTRY_BITS) - 1))

extern void TableRefuseEntry(const TableKind *kind) pg_attribute_noreturn();
extern Datum TableMakeRoom(const TableKind *kind, Datum datum, int64 more,
						   MemoryContext aggcontext);
extern TableState *TableCreateFinished(const TableKind *kind, int64 count);

static inline void
AssertCheckTable(const TableKind *kind, const TableState *state)
{
	Assert(state->growing.head.version == STATE_VERSION);
	Assert(state->growing.used == (int64) TABLE_SIZE(kind, state->count));
	Assert(state->room == 0 || state->count <= state->room);
}

static inline void *
TableEntry(const TableKind *kind, const TableState *state, int64 number)
{
	return (char *) state + TABLE_SIZE(kind, number);
}

static inline uint32 *
TableIndex(const TableKind *kind, const TableState *state)
{
	return (uint32 *) TableEntry(kind, state, state->room);
}

static inline TableRow *
TableQueue(const TableKind *kind, const TableState *state)
{
	return (TableRow *) ((char *) state +
						 TABLE_INDEXED_SIZE(kind, state->room));
}

/* the finalizer of MurmurHash3 (Appleby), a bijection of 64 bits, chained */
static inline uint64
TableHash(const TableKind *kind, const uint64 *key)
{
	uint64		hash = 0;

	for (int i = 0; i < kind->key_words; i++)
	{
		hash ^= key[i];
		hash = (hash ^ hash >> 33) * UINT64CONST(0xff51afd7ed558ccd);
		hash = (hash ^ hash >> 33) * UINT64CONST(0xc4ceb9fe1a85ec53);
		hash ^= hash >> 33;
	}
	return hash;
}

static inline bool
TableSameKey(const TableKind *kind, const uint64 *a, const uint64 *b)
{
	for (int i = 0; i < kind->key_words; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

/* The index slot where the search for a hash begins. */
static inline uint32 *
TableFirstSlot(const TableKind *kind, const TableState *state, uint64 hash)
{
	return &TableIndex(kind, state)[hash & (TABLE_SLOTS(state->room) - 1)];
}

/*
 * The key's entry, added with zeros after the key if it is new; the caller has
 * made room.
 */
static inline void *
TableFind(const TableKind *kind, TableState *state, const uint64 *key,
		  uint64 hash)
{
	uint32	   *slots = TableIndex(kind, state);
	Size		mask = TABLE_SLOTS(state->room) - 1;
	void	   *entry;

	for (Size i = hash & mask;; i = (i + 1) & mask)
	{
		if (slots[i] == 0)
		{
			if (unlikely(state->count == TABLE_MAX_ENTRIES(kind)))
				TableRefuseEntry(kind);
			slots[i] = SLOT_TAG(hash) | (uint32) (state->count + 1);
			entry = TableEntry(kind, state, state->count++);
			state->growing.used += kind->entry_size;
			memset(entry, 0, kind->entry_size);
			memcpy(entry, key, kind->key_words * sizeof(uint64));
			return entry;
		}
		if ((slots[i] ^ SLOT_TAG(hash)) >> SLOT_ENTRY_BITS == 0)
		{
			entry = TableEntry(kind, state, SLOT_ENTRY(slots[i]) - 1);
			if (TableSameKey(kind, entry, key))
				return entry;
		}
	}
}

/* A row goes to its entry. */
static inline void
TableApply(const TableKind *kind, TableState *state, const TableRow *row)
{
	kind->add(TableFind(kind, state, row->word, row->hash), row->word);
}

/*
 * Empties the queue; the body of each kind's flush function.  Three passes,
 * each of which misses the cache for many rows at a time: index slots, then
 * entries are asked for; then both are there.
 */
static inline void
TableFlush(const TableKind *kind, TableState *state)
{
	const TableRow *queue = TableQueue(kind, state);

	for (int i = 0; i < state->pending; i++)
		__builtin_prefetch(TableFirstSlot(kind, state, queue[i].hash));
	for (int i = 0; i < state->pending; i++)
	{
		uint32		slot = *TableFirstSlot(kind, state, queue[i].hash);

		if (slot != 0)
			__builtin_prefetch(TableEntry(kind, state, SLOT_ENTRY(slot) - 1),
							   1);
	}
	for (int i = 0; i < state->pending; i++)
		TableApply(kind, state, &queue[i]);
	state->pending = 0;
	AssertCheckTable(kind, state);
}

/*
 * Adds a row, whose hash is not yet set, to a table (a null pointer: an empty
 * one).
 */
static inline Datum
TableAdd(const TableKind *kind, Datum datum, TableRow *row,
		 MemoryContext aggcontext)
{
	TableState *state;
	Size		capacity;

	row->hash = TableHash(kind, row->word);
	if (likely(DatumGetPointer(datum) != NULL && StateIsExpanded(datum)))
	{
		state = (TableState *) StateView(datum, &capacity);
		if (unlikely(state->count + TABLE_QUEUE_ROWS >= state->room))
		{
			datum = TableMakeRoom(kind, datum, TABLE_QUEUE_ROWS + 1,
								  aggcontext);
			state = (TableState *) StateView(datum, &capacity);
		}
		if (TABLE_INDEXED_SIZE(kind, state->room) <= TABLE_CACHED)
		{
			TableApply(kind, state, row);
			return datum;
		}
		TableQueue(kind, state)[state->pending++] = *row;
		if (state->pending == TABLE_QUEUE_ROWS)
			TableFlush(kind, state);
		return datum;
	}
	datum = TableMakeRoom(kind, datum, 1, aggcontext);
	TableApply(kind, (TableState *) StateView(datum, &capacity), row);
	return datum;
}

#endif							/* STATE_TABLE_H */
