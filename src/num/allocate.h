/*
 * allocate.h
 *	  An integer split by weights, by largest remainder.
 */
#ifndef NUM_ALLOCATE_H
#define NUM_ALLOCATE_H

#include <stddef.h>

#include "num/fixed.h"
#include "num/poll.h"

/* how many numbers num_allocate() needs to work with */
#define NUM_ALLOCATE_SCRATCH(count) (3 * (count))

/* who gets a unit more: larger remainders, and the first of this one */
typedef struct num_cut
{
	num_u128	remainder;
	size_t		first;
} num_cut;

#define NUM_CUT_NONE {~(num_u128) 0, 0}

extern num_u128 num_allocate_floors(num_u128 amount, const num_i128 *weight,
									size_t count, num_i128 total,
									num_u128 *part, num_u128 *remainder,
									num_poll poll);
extern void num_allocate(num_i128 amount, num_i128 *value, size_t count,
						 num_i128 total, const num_cut *cut,
						 num_u128 *scratch, num_poll poll);

#endif							/* NUM_ALLOCATE_H */
