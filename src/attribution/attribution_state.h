/*
 * attribution_state.h
 *	  Paths of channels as an aggregate has gathered them: counted, not kept.
 *
 *	  PathState			head
 *	  PathEntry[room]	the first "count" are exact sums, each of a key
 *	  PathName[]		the channels, numbered from 1 in order of arrival
 *	  names				their bytes
 *	  uint32[]			two indexes, open addressing: of keys, of channels
 *
 * What a key is depends on what is computed from it:
 *
 *	  Markov chain		the last 1 to 3 channels, 16 bits each, and the next
 *						step: a channel, or a STEP
 *	  sum game			a channel, the number of channels of its paths, STEP
 *	  rate game			a set of channels as bits, STEP
 *
 * The indexes exist only while an aggregate adds to the state.
 */
#ifndef ATTRIBUTION_STATE_H
#define ATTRIBUTION_STATE_H

#include "num/shapley.h"
#include "state/decimal.h"
#include "state/state.h"

#define PATHS_TYPE "channel_paths"

/* what a state is gathered for: a Markov chain of this order, or a game */
#define MAX_ORDER 3
#define SUM_GAME 4
#define RATE_GAME 5

#define KEY_BITS 16
#define KEY_PART(key) ((int) ((key) & 0xFFFF))

/* in the place of a next channel */
enum
{
	MAX_CHANNEL = 65000,
	STEP_BEGIN,					/* paths that begin with these channels */
	STEP_CONVERT,				/* conversions */
	STEP_LOSE,					/* paths that do not convert */
	STEP_VALUE,					/* value of the conversions */
	STEP_LAST = STEP_VALUE
};

typedef struct PathEntry
{
	uint64		key;
	num_i256	sum;
	int64		scale;			/* decimals of the sum */
} PathEntry;

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

/* a state for reading: channels sorted by their bytes, entries by key */
typedef struct Paths
{
	int			kind;
	int			channels;
	const char **name;			/* from 1 */
	int		   *length;
	int64		count;
	PathEntry  *entry;
} Paths;

extern Datum PathMakeRoom(Datum datum, int kind, int64 entries,
						  int64 channels, Size bytes,
						  MemoryContext aggcontext);
extern int	PathChannel(PathState *state, const char *name, int length);
extern void PathAdd(PathState *state, uint64 key, const ExactSum *sum,
					const char *argument);
extern int	PathKind(Datum datum);
extern Paths PathsRead(Datum datum);
extern const char *PathStepArgument(int step);

extern int	PathCompareNames(const char *left, Size left_length,
							 const char *right, Size right_length);
extern void PathsCheck(const Paths *paths);
extern bool PathsTotal(const Paths *paths, int step, ExactSum *total);
extern int64 PathsGrams(const Paths *paths, uint64 **gram);
extern int64 GramNumber(const uint64 *gram, int64 count, uint64 wanted);
extern uint64 GramAfter(int order, uint64 gram, int channel);

#endif							/* ATTRIBUTION_STATE_H */
