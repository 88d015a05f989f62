/*
 * double2.c
 *	  Numbers of twice double precision: unevaluated sums of two doubles
 *	  (Dekker 1971; Hida, Li and Bailey 2001, "Algorithms for quad-double
 *	  precision floating point arithmetic").
 */
#include "num/double2.h"

#include <math.h>

/* a + b exactly, as sum and error (Knuth) */
static num_double2
two_sum(double a, double b)
{
	double		sum = a + b;
	double		other = sum - a;
	num_double2 result = {sum, (a - (sum - other)) + (b - other)};

	return result;
}

num_double2
num_double2_add(num_double2 a, num_double2 b)
{
	num_double2 high = two_sum(a.high, b.high);
	num_double2 low = two_sum(a.low, b.low);
	num_double2 sum = two_sum(high.high, high.low + low.high);

	return two_sum(sum.high, sum.low + low.low);
}

num_double2
num_double2_multiply(num_double2 a, num_double2 b)
{
	double product = a.high * b.high;
	double		error = fma(a.high, b.high, -product);

	return two_sum(product, error + (a.high * b.low + a.low * b.high));
}

num_double2
num_double2_divide(num_double2 a, num_double2 b)
{
	num_double2 quotient = {a.high / b.high, 0};

	/* two steps of long division, each with what is left */
	for (int i = 0; i < 2; i++)
	{
		num_double2 back = num_double2_multiply(quotient, b);
		num_double2 rest;
		num_double2 digit;

		back.high = -back.high;
		back.low = -back.low;
		rest = num_double2_add(a, back);
		digit.high = rest.high / b.high;
		digit.low = 0;
		quotient = num_double2_add(quotient, digit);
	}
	return quotient;
}

num_double2
num_double2_from_i128(num_i128 value)
{
	double		high = (double) value;

	/* 2^127, which the highest integers round to, is no integer */
	num_u128	rounded = high < 0 ? -(num_u128) -high : (num_u128) high;

	return two_sum(high, (double) (num_i128) ((num_u128) value - rounded));
}

/*
 * The largest integer not above the value, which is within plus and minus
 * 10^38, and how far it is below.
 */
num_i128
num_double2_floor(num_double2 value, double *fraction)
{
	double		high = floor(value.high);
	num_double2 rest = two_sum(value.high - high, value.low);
	double		low = floor(rest.high);

	*fraction = (rest.high - low) + rest.low;
	if (*fraction < 0)
	{
		*fraction += 1;
		low -= 1;
	}
	return (num_i128) high + (num_i128) low;
}

/* with a relative error of 2^-105 */
num_double2
num_double2_from_i256(const num_i256 *value)
{
	num_i256	magnitude = num_i256_abs(value);
	num_double2 result = {0, 0};

	for (int i = 7; i >= 0; i--)
	{
		uint32_t	half = (uint32_t) (magnitude.w[i / 2] >> (i % 2 * 32));

		result.high = ldexp(result.high, 32);
		result.low = ldexp(result.low, 32);
		result = num_double2_add(result, num_double2_of(half));
	}
	return num_i256_is_negative(value) ? num_double2_negate(result) : result;
}

/*
 * e^x: of what is left of x below the nearest power of 2, the 256th part by
 * its series, and that squared eight times.
 */
num_double2
num_double2_exp(num_double2 x)
{
	static const num_double2 minus_ln2 = {
		-0.69314718055994530942, -2.3190468138462996e-17
	};
	double		power = rint(x.high / M_LN2);
	num_double2 rest;
	num_double2 term;
	num_double2 sum;			/* of e^rest - 1 */

	if (!(x.high > -745))
		return num_double2_of(0);
	rest = num_double2_add(x, num_double2_multiply(num_double2_of(power),
												   minus_ln2));
	rest.high /= 256;
	rest.low /= 256;
	sum = term = rest;
	for (int i = 2; i <= 10; i++)
	{
		term = num_double2_divide(num_double2_multiply(term, rest),
								  num_double2_of(i));
		sum = num_double2_add(sum, term);
	}
	for (int i = 0; i < 8; i++)
	{
		num_double2 square = num_double2_multiply(sum, sum);

		sum.high *= 2;
		sum.low *= 2;
		sum = num_double2_add(sum, square);
	}
	sum = num_double2_add(sum, num_double2_of(1));
	sum.high = ldexp(sum.high, (int) power);
	sum.low = ldexp(sum.low, (int) power);
	return sum;
}
