/*
 * fixed.c
 *	  Exact integers of 128 and 256 bits, for decimals at a power of ten.
 *
 * Schoolbook arithmetic on 64-bit words; the compiler's 128-bit integers carry
 * the partial products.
 */
#include "num/fixed.h"

#define WORD 18446744073709551616.0 /* 2^64 */

const uint64_t num_pow10_64[NUM_POW10_64_MAX + 1] = {
	UINT64_C(1),
	UINT64_C(10),
	UINT64_C(100),
	UINT64_C(1000),
	UINT64_C(10000),
	UINT64_C(100000),
	UINT64_C(1000000),
	UINT64_C(10000000),
	UINT64_C(100000000),
	UINT64_C(1000000000),
	UINT64_C(10000000000),
	UINT64_C(100000000000),
	UINT64_C(1000000000000),
	UINT64_C(10000000000000),
	UINT64_C(100000000000000),
	UINT64_C(1000000000000000),
	UINT64_C(10000000000000000),
	UINT64_C(100000000000000000),
	UINT64_C(1000000000000000000),
	UINT64_C(10000000000000000000)
};

/* 10^exponent, for 0 <= exponent <= 38 */
num_u128
num_pow10_128(int exponent)
{
	if (exponent <= NUM_POW10_64_MAX)
		return num_pow10_64[exponent];
	return (num_u128) num_pow10_64[NUM_POW10_64_MAX] *
		num_pow10_64[exponent - NUM_POW10_64_MAX];
}

/* value * 10^exponent */
bool
num_i128_mul_pow10(num_i128 value, int exponent, num_i128 *result)
{
	if (value == 0)
	{
		*result = 0;
		return true;
	}
	if (exponent > NUM_POW10_128_MAX)
		return false;
	return !__builtin_mul_overflow(value, (num_i128) num_pow10_128(exponent),
								   result);
}

/* the 256-bit product of two 128-bit numbers */
static num_i256
multiply_u128(num_u128 a, num_u128 b)
{
	uint64_t	a0 = (uint64_t) a,
				a1 = (uint64_t) (a >> 64);
	uint64_t	b0 = (uint64_t) b,
				b1 = (uint64_t) (b >> 64);
	num_u128	low = (num_u128) a0 * b0;
	num_u128	cross1 = (num_u128) a1 * b0 + (uint64_t) (low >> 64);
	num_u128	cross2 = (num_u128) a0 * b1 + (uint64_t) cross1;
	num_u128	carry = (cross1 >> 64) + (cross2 >> 64);
	num_u128	high = (num_u128) a1 * b1 + carry;
	num_i256	result = {{(uint64_t) low, (uint64_t) cross2,
	(uint64_t) high, (uint64_t) (high >> 64)}};

	return result;
}

/*
 * floor(a * b / divisor) and what remains, exactly.
 *
 * The divisor is positive, and one of a and b is at most the divisor, so the
 * quotient fits.
 */
void
num_u128_mul_div(num_u128 a, num_u128 b, num_u128 divisor,
				 num_u128 *quotient, num_u128 *remainder)
{
	num_u128 product;
	num_i256	wide;
	num_u128	rest = 0;
	num_u128	result = 0;

	if (!__builtin_mul_overflow(a, b, &product))
	{
		if ((divisor >> 64) == 0 && (product >>64) == 0)
		{
			*quotient = (uint64_t) product /(uint64_t) divisor;
			*remainder = (uint64_t) product %(uint64_t) divisor;
		}
		else
		{
			*quotient = product /divisor;
			*remainder = product %divisor;
		}
		return;
	}

	/* long division, bit by bit: only for amounts beyond any real ledger */
	wide = multiply_u128(a, b);
	for (int bit = 255; bit >= 0; bit--)
	{
		bool		carry = (rest >> 127) != 0;

		rest = rest << 1 | ((wide.w[bit / 64] >> (bit % 64)) & 1);
		result <<= 1;
		if (carry || rest >= divisor)
		{
			rest -= divisor;
			result |= 1;
		}
	}
	*quotient = result;
	*remainder = rest;
}

num_i256
num_i256_negate(const num_i256 *value)
{
	num_i256	result;
	num_u128	carry = 1;

	for (int i = 0; i < 4; i++)
	{
		carry += (uint64_t) ~value->w[i];
		result.w[i] = (uint64_t) carry;
		carry >>= 64;
	}
	return result;
}

num_i256
num_i256_abs(const num_i256 *value)
{
	return num_i256_is_negative(value) ? num_i256_negate(value) : *value;
}

/* *value = *value * factor + addend, for a value that is not negative */
bool
num_u256_mul_small_add(num_i256 *value, uint64_t factor, uint64_t addend)
{
	num_u128	carry = addend;

	for (int i = 0; i < 4; i++)
	{
		carry += (num_u128) value->w[i] * factor;
		value->w[i] = (uint64_t) carry;
		carry >>= 64;
	}
	return carry == 0 && !num_i256_is_negative(value);
}

/* *value *= 10^exponent */
bool
num_i256_mul_pow10(num_i256 *value, int exponent)
{
	bool		negative = num_i256_is_negative(value);
	num_i256	magnitude = num_i256_abs(value);

	if (num_i256_is_zero(value))
		return true;
	if (exponent > NUM_I256_DIGITS)
		return false;
	while (exponent > 0)
	{
		int			step = NUM_POW10_64_MAX;

		if (exponent < step)
			step = exponent;
		if (!num_u256_mul_small_add(&magnitude, num_pow10_64[step], 0))
			return false;
		exponent -= step;
	}
	*value = negative ? num_i256_negate(&magnitude) : magnitude;
	return true;
}

/* *sum += value * factor */
bool
num_i256_mul_add(num_i256 *sum, num_i128 value, int64_t factor)
{
	bool		negative = (value < 0) != (factor < 0);
	num_i256 product = multiply_u128(num_u128_abs(value),
									 num_u128_abs(factor));

	if (negative)
		product = num_i256_negate(&product);

	return num_i256_add(sum, &product);
}

bool
num_i256_to_i128(const num_i256 *value, num_i128 *result)
{
	num_i256	back;

	*result = (num_i128) ((num_u128) value->w[1] << 64 | value->w[0]);
	back = num_i256_from_i128(*result);
	return back.w[2] == value->w[2] && back.w[3] == value->w[3];
}

/* within two units in the last place */
double
num_i256_to_double(const num_i256 *value)
{
	num_i256	magnitude = num_i256_abs(value);
	double		result = 0;

	for (int i = 3; i >= 0; i--)
		result = result * WORD + (double) magnitude.w[i];
	return num_i256_is_negative(value) ? -result : result;
}

/* *value /= divisor, for a value not negative; returns the remainder */
uint64_t
num_u256_div_small(num_i256 *value, uint64_t divisor)
{
	num_u128	rest = 0;

	for (int i = 3; i >= 0; i--)
	{
		rest = rest << 64 | value->w[i];
		value->w[i] = (uint64_t) (rest / divisor);
		rest %= divisor;
	}
	return (uint64_t) rest;
}
