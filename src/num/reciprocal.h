/*
 * reciprocal.h
 *	  Cost of pools that serve each other, by simultaneous equations.
 */
#ifndef NUM_RECIPROCAL_H
#define NUM_RECIPROCAL_H

#include <stdbool.h>
#include <stddef.h>

#include "num/double2.h"
#include "num/poll.h"

/* doubles that num_reciprocal() needs to work with */
#define NUM_RECIPROCAL_WORK(count) ((count) * ((count) + 2))

extern bool num_reciprocal(size_t count, const num_double2 *own,
						   const num_double2 *share, const bool *serves,
						   num_double2 *cost, double *work, num_poll poll);

#endif							/* NUM_RECIPROCAL_H */
