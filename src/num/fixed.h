/*
 * fixed.h
 *	  Exact integers of 128 and 256 bits, for decimals at a power of ten.
 *
 * Pure C: no PostgreSQL here.  A 128-bit value holds any decimal of 38 digits,
 * a 256-bit sum any of 76: ten to the power 15 rows of a 38-digit amount and
 * room to spare.  Functions that can overflow say so by returning false and
 * then leave their result undefined.
 */
#ifndef NUM_FIXED_H
#define NUM_FIXED_H

#include <stdbool.h>
#include <stdint.h>

/* aligned like a word, since that is how PostgreSQL's allocator aligns */
__extension__ typedef __int128 num_i128 __attribute__((aligned(8)));
__extension__ typedef unsigned __int128 num_u128 __attribute__((aligned(8)));

#define NUM_I128_MAX ((num_i128) (~(num_u128) 0 >> 1))
#define NUM_I128_MIN (-NUM_I128_MAX - 1)

/*
 * Two's complement, least significant word first.  The lowest number, which
 * has no opposite, is never the result of a sum: it counts as overflow.
 */
typedef struct num_i256
{
	uint64_t	w[4];
} num_i256;

/* the powers of ten that fit: 0 to 19 and 0 to 38 */
#define NUM_POW10_64_MAX 19
#define NUM_POW10_128_MAX 38
extern const uint64_t num_pow10_64[NUM_POW10_64_MAX + 1];
extern num_u128 num_pow10_128(int exponent);

/* a decimal of this many digits always fits in a num_i256 */
#define NUM_I256_DIGITS 76

extern bool num_i128_mul_pow10(num_i128 value, int exponent, num_i128 *result);
extern void num_u128_mul_div(num_u128 a, num_u128 b, num_u128 divisor,
							 num_u128 *quotient, num_u128 *remainder);

extern bool num_i256_mul_pow10(num_i256 *value, int exponent);
extern bool num_i256_mul_add(num_i256 *sum, num_i128 value, int64_t factor);
extern num_i256 num_i256_abs(const num_i256 *value);
extern num_i256 num_i256_negate(const num_i256 *value);
extern bool num_i256_to_i128(const num_i256 *value, num_i128 *result);
extern double num_i256_to_double(const num_i256 *value);
extern uint64_t num_u256_div_small(num_i256 *value, uint64_t divisor);
extern bool num_u256_mul_small_add(num_i256 *value, uint64_t factor,
								   uint64_t addend);

/* As two words, least significant first, and back. */
static inline void
num_i128_split(num_i128 value, uint64_t *word)
{
	word[0] = (uint64_t) value;
	word[1] = (uint64_t) ((num_u128) value >> 64);
}

static inline num_i128
num_i128_join(const uint64_t *word)
{
	return (num_i128) ((num_u128) word[1] << 64 | word[0]);
}

static inline bool
num_i256_is_negative(const num_i256 *value)
{
	return (value->w[3] >> 63) != 0;
}

static inline bool
num_i256_is_zero(const num_i256 *value)
{
	return (value->w[0] | value->w[1] | value->w[2] | value->w[3]) == 0;
}

static inline num_i256
num_i256_from_i128(num_i128 value)
{
	num_i256	result;

	num_i128_split(value, result.w);
	result.w[2] = result.w[3] = value < 0 ? ~UINT64_C(0) : 0;
	return result;
}

/* -2^255, which has no opposite */
static inline bool
num_i256_is_lowest(const num_i256 *value)
{
	return value->w[3] == UINT64_C(1) << 63 &&
		(value->w[0] | value->w[1] | value->w[2]) == 0;
}

/* *sum += *value */
static inline bool
num_i256_add(num_i256 *sum, const num_i256 *value)
{
	bool		negative = num_i256_is_negative(sum);
	bool		same_sign = num_i256_is_negative(value) == negative;
	num_u128	carry = 0;

	for (int i = 0; i < 4; i++)
	{
		carry += (num_u128) sum->w[i] + value->w[i];
		sum->w[i] = (uint64_t) carry;
		carry >>= 64;
	}
	return (!same_sign || num_i256_is_negative(sum) == negative) &&
		!num_i256_is_lowest(sum);
}

static inline num_u128
num_u128_abs(num_i128 value)
{
	return value < 0 ? -(num_u128) value : (num_u128) value;
}

/* The integer of a magnitude and a sign, the lowest one included. */
static inline num_i128
num_i128_signed(num_u128 magnitude, bool negative)
{
	return (num_i128) (negative ? -magnitude : magnitude);
}

#endif							/* NUM_FIXED_H */
