/*
 * num_reciprocal.h
 *	  Cost of pools that serve each other, by simultaneous equations.
 */
#ifndef NUM_RECIPROCAL_H
#define NUM_RECIPROCAL_H

#include <stdbool.h>
#include <stddef.h>

#include "num_sort.h"

/* the unevaluated sum of two doubles: 106 bits */
typedef struct num_double2
{
	double		high;
	double		low;
} num_double2;

extern num_double2 num_double2_add(num_double2 a, num_double2 b);
extern num_double2 num_double2_multiply(num_double2 a, num_double2 b);
extern num_double2 num_double2_divide(num_double2 a, num_double2 b);
extern num_double2 num_double2_from_i128(num_i128 value);
extern num_i128 num_double2_floor(num_double2 value, double *fraction);

/* doubles that num_reciprocal() needs to work with */
#define NUM_RECIPROCAL_WORK(count) ((count) * ((count) + 2))

extern bool num_reciprocal(size_t count, const num_double2 *own,
						   const num_double2 *share, const bool *serves,
						   num_double2 *cost, double *work, num_poll poll);

#endif							/* NUM_RECIPROCAL_H */
