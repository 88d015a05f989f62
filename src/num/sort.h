/*
 * sort.h
 *	  Sorting and selection of integer keys without comparisons.
 */
#ifndef NUM_SORT_H
#define NUM_SORT_H

#include <stddef.h>
#include <stdint.h>

#include "num/fixed.h"
#include "num/poll.h"

extern void num_radix_sort(num_u128 *keys, num_u128 *scratch, size_t count,
						   int first_bit, num_poll poll);

/* Doubles as keys that sort alike; -0 and 0 are one key.  Not for NaN. */
static inline uint64_t
num_key_from_double(double value)
{
	union
	{
		double		value;
		uint64_t	bits;
	}			both;

	both.value = value + 0.0;
	return both.bits >> 63 ? ~both.bits : both.bits | UINT64_C(1) << 63;
}

static inline double
num_double_from_key(uint64_t key)
{
	union
	{
		double		value;
		uint64_t	bits;
	}			both;

	both.bits = key >> 63 ? key & ~(UINT64_C(1) << 63) : ~key;
	return both.value;
}

#define NUM_SELECT_RANKS 8

/* so few keys are sorted, rather than given a histogram */
#define NUM_SELECT_SMALL 4096
/* a level of the selection: its histogram, and the keys it sets aside */
#define NUM_SELECT_LEVELS 4
#define NUM_SELECT_HISTOGRAM (65536 * sizeof(uint32_t) / sizeof(uint64_t))

/* how many words of scratch num_select_ranks() needs */
#define NUM_SELECT_SCRATCH(count) \
	((size_t) (count) <= NUM_SELECT_SMALL ? (size_t) (count) : \
	 NUM_SELECT_LEVELS * ((size_t) (count) + NUM_SELECT_HISTOGRAM))

extern void num_select_ranks(const uint64_t *keys, size_t count,
							 const size_t *ranks, int nranks,
							 uint64_t *selected, uint64_t *scratch,
							 num_poll poll);

extern void num_select_cuts(const uint64_t *keys, size_t count, int bins,
							uint64_t *cuts, uint64_t *scratch, num_poll poll);

/* In which of bins a key is, from 0 on: one that is a cut in the lower one. */
static inline int
num_bin(const uint64_t *cuts, int bins, uint64_t key)
{
	int			bin = 0;

	for (int k = 0; k < bins - 1; k++)
		bin += cuts[k] < key;
	return bin;
}

/* what num_upper_threshold() adds up over the larger values */
typedef enum num_measure
{
	NUM_COUNT,
	NUM_SUM
} num_measure;

extern num_u128 num_upper_threshold(const num_u128 *values, size_t count,
									num_measure measure, num_u128 limit,
									num_u128 *scratch, num_poll poll);

#endif							/* NUM_SORT_H */
