/*
 * attribution_state.h
 *	  Paths of channels as an aggregate has gathered them: counted, not kept.
 *
 *	  PathState			head
 *	  PathEntry[room]	the first "count" are exact sums, each of a key (paths.h)
 *	  PathName[]		the channels, numbered from 1 in order of arrival
 *	  names				their bytes
 *	  uint32[]			two indexes, open addressing: of keys, of channels
 *
 * The indexes exist only while an aggregate adds to the state.
 */
#ifndef ATTRIBUTION_STATE_H
#define ATTRIBUTION_STATE_H

#include "attribution/paths.h"
#include "state/state.h"

typedef struct PathName
{
	uint32		offset;			/* of its bytes among the names */
	uint32		length;
} PathName;

typedef struct PathState
{
	GrowingState growing;		/* head.flags: what it is gathered for */
	int64		count;			/* entries */
	int64		room;
	int32		channels;
	int32		channel_room;
	int64		name_bytes;
	int64		name_room;
	int64		indexed;		/* 1: the rooms are powers of two, and both
								 * indexes are there */
} PathState;

extern Datum PathMakeRoom(Datum datum, int kind, int64 entries,
						  int64 channels, Size bytes,
						  MemoryContext aggcontext);
extern int	PathChannel(PathState *state, const char *name, int length);
extern void PathAdd(PathState *state, uint64 key, const ExactSum *sum,
					const char *argument);
extern int	PathKind(Datum datum);
extern Paths PathsRead(Datum datum);

#endif							/* ATTRIBUTION_STATE_H */
