/*
 * state_table.h
 *	  A growing state that is a table: dense entries, and an index over them.
 *
 *	  TableState		head
 *	  entries			dense; a key of whole words first, then what is kept
 *						about it; in order of arrival
 *	  uint32[slots]		open addressing: entry number + 1 and 8 hash bits
 *	  extra				room for what the state type queues
 *
 * The index and what follows exist only while an aggregate fills the table:
 * a state that is stored or sent ends with its entries.
 */
#ifndef STATE_TABLE_H
#define STATE_TABLE_H

#include "state.h"

typedef struct TableState
{
	GrowingState growing;
	int64		count;			/* entries */
	int32		room;			/* entries that fit: 0 or a power of two */
	int32		pending;		/* rows in the state type's queue */
	uint32		next;			/* rows that ever entered it */
	char		unused[28];		/* zeros; entries begin on a cache line */
} TableState;

/* what a state type's table is like; constant, so that it costs nothing */
typedef struct TableKind
{
	Size		entry_size;
	int			key_words;
	Size		extra;			/* bytes after the index of a large table */
	StateFlush	flush;			/* empties the queue, or NULL */
	const char *entries;		/* what entries are, and what to do ... */
	const char *hint;			/* ... when there are too many */
} TableKind;

/* an index slot: 24 bits of entry number + 1, 8 bits of hash; 0 is free */
#define SLOT_ENTRY_BITS 24
#define SLOT_ENTRY(slot) ((slot) & ((1U << SLOT_ENTRY_BITS) - 1))
#define SLOT_TAG(hash) ((uint32) ((hash) >> 56) << SLOT_ENTRY_BITS)
#define TABLE_SLOTS(room) ((Size) (room) * 2)

#define TABLE_SIZE(kind, count) \
	(sizeof(TableState) + (Size) (count) * (kind)->entry_size)
#define TABLE_INDEXED_SIZE(kind, room) \
	(TABLE_SIZE(kind, room) + TABLE_SLOTS(room) * sizeof(uint32))

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

/* What the state type queues, after the index of a large table. */
static inline void *
TableExtra(const TableKind *kind, const TableState *state)
{
	return (char *) state + TABLE_INDEXED_SIZE(kind, state->room);
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

#endif							/* STATE_TABLE_H */
