/*
 * logrank_state.h
 *	  Durations by group as logrank has gathered them.
 *
 *	  LogrankState		head
 *	  GroupName[]		the groups in order of their names, by their bytes
 *	  names				their bytes
 *	  LogrankRow[]		the rows, in order of arrival
 *
 * A group keeps the number that it got on arrival, so that rows need not
 * change when another one comes.
 */
#ifndef LOGRANK_STATE_H
#define LOGRANK_STATE_H

#include "state/state.h"

#define LOGRANK_GROUPS 1000

typedef struct LogrankState
{
	GrowingState growing;
	int64		rows;
	int32		groups;
	int32		group_room;
	int32		name_bytes;
	int32		name_room;		/* a multiple of 8 */
} LogrankState;

typedef struct GroupName
{
	uint32		offset;
	uint32		length;
	uint32		number;			/* from 0, in order of arrival */
	uint32		unused;			/* 0 */
} GroupName;

typedef struct LogrankRow
{
	uint64		duration;		/* the bits of a double >= 0 */
	uint64		group_event;	/* number of the group, then a bit */
} LogrankRow;

static inline GroupName *
LogrankNames(const LogrankState *state)
{
	return (GroupName *) (state + 1);
}

static inline char *
LogrankNameBytes(const LogrankState *state)
{
	return (char *) (LogrankNames(state) + state->group_room);
}

static inline LogrankRow *
LogrankRows(const LogrankState *state)
{
	return (LogrankRow *) (LogrankNameBytes(state) + state->name_room);
}

extern Datum LogrankMakeRoom(Datum datum, int64 rows, int groups, Size bytes,
							 MemoryContext aggcontext);
extern int	LogrankGroup(Datum *datum, const char *name, int length,
						 MemoryContext aggcontext);
extern LogrankRow *LogrankSortedRows(const LogrankState *state);

static inline void
LogrankAppend(LogrankState *state, uint64 duration, int group, bool event)
{
	LogrankRow *row = &LogrankRows(state)[state->rows++];

	row->duration = duration;
	row->group_event = (uint64) group << 1 | (event ? 1 : 0);
	state->growing.used += sizeof(LogrankRow);
}

#endif							/* LOGRANK_STATE_H */
