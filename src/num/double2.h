/*
 * double2.h
 *	  Numbers of twice double precision.
 */
#ifndef NUM_DOUBLE2_H
#define NUM_DOUBLE2_H

#include "num/fixed.h"

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
extern num_double2 num_double2_from_i256(const num_i256 *value);
extern num_double2 num_double2_exp(num_double2 x);

static inline num_double2
num_double2_of(double value)
{
	num_double2 result = {value, 0};

	return result;
}

static inline num_double2
num_double2_negate(num_double2 a)
{
	num_double2 result = {-a.high, -a.low};

	return result;
}

#endif							/* NUM_DOUBLE2_H */
