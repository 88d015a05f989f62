/*
 * state.h
 *	  Aggregate states as SQL types: creation, growth, version byte, wire form.
 *
 * A state is a varlena that begins with a StateHeader.  It lives in three
 * places: as an aggregate's transition value, changed in place; on the wire
 * between workers; and stored in a user's table, where its layout is frozen
 * for ever: the version byte names it.
 *
 * States of fixed size are plain varlenas.  A state that grows is a plain
 * varlena with spare room while it is small, so that many groups cost no
 * memory context each.  Past STATE_EXPANDED bytes it becomes an expanded
 * object whose buffer is that same varlena, so that the executor does not
 * copy it whenever it grows; the buffer begins on a cache line.  Code that
 * works on the state sees the flat form in both cases.
 */
#ifndef STATE_H
#define STATE_H

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "num/fixed.h"
#include "utils/expandeddatum.h"
#include "utils/memutils.h"

#define STATE_VERSION 1

/* from this size on a growing state is an expanded object */
#define STATE_EXPANDED (64 * 1024)

typedef struct StateHeader
{
	int32		vl_len_;		/* varlena header; capacity while growing */
	uint8		version;
	uint8		flags;			/* of the state type */
	int16		scale;			/* of the state type: decimals of its sums */
} StateHeader;

/* the head of every state that grows */
typedef struct GrowingState
{
	StateHeader head;
	int64		used;			/* bytes, this head included */
} GrowingState;

/* Brings a state that buffers its input up to date before it is read. */
typedef void (*StateFlush) (GrowingState *state);

/* a growing state's expanded form */
typedef struct ExpandedState
{
	ExpandedObjectHeader eoh;
	char	   *allocation;		/* in eoh.eoh_context */
	GrowingState *state;		/* in the allocation, on a cache line */
	Size		capacity;		/* bytes from state on */
	StateFlush	flush;			/* or NULL */
} ExpandedState;

extern MemoryContext AggregateContext(FunctionCallInfo fcinfo);

extern GrowingState *StateView(Datum datum, Size *capacity);
extern GrowingState *StateRead(Datum datum);
extern Datum StateResize(Datum datum, Size used, Size size,
						 MemoryContext aggcontext);
extern Datum StateGrow(Datum datum, Size used, Size needed, Size limit,
					   const char *hint, MemoryContext aggcontext);

extern Datum StateExtend(Datum datum, Size used, Size needed, Size limit,
						 const char *hint, MemoryContext aggcontext);

extern void StateTextSkip(char **cursor, char expected, const char *type);
extern char *StateTextField(char **cursor, const char *stops,
							const char *type);
extern int64 StateTextInt64(char **cursor, const char *stops,
							const char *type);
extern double StateTextDouble(char **cursor, const char *stops,
							  const char *type);
extern int64 StateTextCount(const char *text);
extern bool StateTextIsDate(const char *field);
extern void StateTextVersion(char **cursor, const char *type);
extern void StateTextEnd(char *cursor, const char *type);
extern TimestampTz StateTextTimestamp(char **cursor, const char *stops,
									  const char *type);
extern char *StateTextQuoted(char **cursor, const char *type);
extern void StateAppendQuoted(StringInfo out, const char *name, int length);
extern void StateAppendTimestamp(StringInfo out, TimestampTz value);
extern void RefuseState(const char *type, const char *problem)
			pg_attribute_noreturn();
extern void RefuseOtherState(const char *wanted, const char *own)
			pg_attribute_noreturn();

/* The start of every receive function: the version byte. */
static inline void
StateReceiveVersion(StringInfo buffer, const char *type)
{
	int			version = pq_getmsgbyte(buffer);

	if (version != STATE_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("version of type %s must be %d, not %d", type,
						STATE_VERSION, version)));
}

static inline void
StateSendI256(StringInfo buffer, const num_i256 *value)
{
	for (int i = 0; i < 4; i++)
		pq_sendint64(buffer, value->w[i]);
}

static inline num_i256
StateReceiveI256(StringInfo buffer)
{
	num_i256	value;

	for (int i = 0; i < 4; i++)
		value.w[i] = pq_getmsgint64(buffer);
	if (num_i256_is_lowest(&value))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("a sum must be above -2^255")));
	return value;
}

static inline bool
StateIsExpanded(Datum datum)
{
	return VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(datum));
}

/*
 * The state that a transition or combine function changes in place, a null
 * pointer if it is NULL.  Ours are expanded or plain; but an inverse function
 * of the user's own aggregate may bring one from a table, with a short header
 * or toasted, of which each look would make another copy.
 */
static inline Datum
StateArgument(FunctionCallInfo fcinfo)
{
	Datum		datum = PG_GETARG_DATUM(0);

	if (PG_ARGISNULL(0))
		return PointerGetDatum(NULL);
	if (StateIsExpanded(datum))
		return datum;
	return PointerGetDatum(PG_DETOAST_DATUM(datum));
}

/* Is an argument of the row NULL?  Aggregates skip such rows. */
static inline bool
StateRowHasNull(FunctionCallInfo fcinfo)
{
	for (int i = 1; i < PG_NARGS(); i++)
		if (PG_ARGISNULL(i))
			return true;
	return false;
}

/* What a transition function returns for a row that it skips. */
static inline Datum
StateUnchanged(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/*
 * What a combine function returns when a side is NULL, as that of a worker
 * without rows is.  The other becomes the transition value, which is changed
 * in place: it must not stay compressed or with a short header.
 */
static inline Datum
StateOtherSide(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(1))
		return StateUnchanged(fcinfo);
	PG_RETURN_POINTER(PG_GETARG_VARLENA_P(1));
}

#endif							/* STATE_H */
