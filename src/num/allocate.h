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

extern void num_allocate(num_i128 amount, num_i128 *value, size_t count,
						 num_i128 total, num_u128 *scratch, num_poll poll);

#endif							/* NUM_ALLOCATE_H */
