/*
 * digits.c
 *	  A double as the decimal of fifteen digits that is nearest to it.
 *
 * That is what "%.15g" prints, and what PostgreSQL's cast of a float8 to
 * numeric reads; here without text.  A double is an integer of 53 bits over a
 * power of two, so times 10^scale it is an integer of 128 bits over that
 * power, which is rounded to the nearest, and halves to the even one, as the C
 * library does.
 */
#include "num/digits.h"

#include <float.h>
#include <math.h>

/* digits before 10^-scale; the scale of the least values taken */
#define DIGITS 15
#define MAX_SCALE NUM_POW10_64_MAX

/*
 * digits * 10^-scale is value, rounded to fifteen digits, of values from 1e-5
 * to 1; false for others.
 */
bool
num_digits15(double value, uint64_t *digits, int *scale)
{
	static const double power[] = {1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5};
	num_u128	exact;
	num_u128	whole;
	num_u128	rest;
	num_u128	half;
	int			exponent;

	if (!(value <= 1))
		return false;
	/* what a double misses a power of ten by is rounded away */
	for (*scale = DIGITS - 1; value < power[*scale - (DIGITS - 1)]; ++*scale)
		if (*scale == MAX_SCALE)
			return false;
	exact = (num_u128) (uint64_t) ldexp(frexp(value, &exponent), DBL_MANT_DIG);
	exact *= num_pow10_64[*scale];
	exponent = DBL_MANT_DIG - exponent;
	half = (num_u128) 1 << (exponent - 1);
	whole = exact >> exponent;
	rest = exact & (2 * half - 1);
	if (rest > half || (rest == half && whole % 2 == 1))
		whole++;
	*digits = (uint64_t) whole;
	return true;
}
