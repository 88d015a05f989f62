/*
 * paths.h
 *	  Paths of channels, as they are read from the state of an aggregate: exact
 *	  sums, each of a key, and the names of the channels.
 *
 * What a key is depends on what is computed from it:
 *
 *	  Markov chain		the last 1 to 3 channels, 16 bits each, and the next
 *						step: a channel, or a STEP
 *	  sum game			a channel, the number of channels of its paths, STEP
 *	  rate game			a set of channels as bits, STEP
 */
#ifndef PATHS_H
#define PATHS_H

#include "num/shapley.h"
#include "state/decimal.h"

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

extern const char *PathStepArgument(int step);
extern int	PathCompareNames(const char *left, Size left_length,
							 const char *right, Size right_length);
extern void PathsCheck(const Paths *paths);
extern bool PathsTotal(const Paths *paths, int step, ExactSum *total);
extern int64 PathsGrams(const Paths *paths, uint64 **gram);
extern int64 GramNumber(const uint64 *gram, int64 count, uint64 wanted);
extern uint64 GramAfter(int order, uint64 gram, int channel);

#endif							/* PATHS_H */
