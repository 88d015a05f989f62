/*
 * fixed.c
 *	  Tests of src/num/fixed.c against decimal arithmetic on paper.
 *
 * The oracle shares nothing with the code: numbers are arrays of decimal
 * digits, added, subtracted, multiplied and divided as one learns at school,
 * and a two's complement value becomes one by Horner's rule.
 */
#include "num/fixed.h"
#include "tap.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* in groups of four decimals, as numbers are written in some places */
#define BASE 10000
#define BASE_DECIMALS 4
#define DIGITS 48

/* sign and magnitude; digit[0] is the last group */
struct decimal
{
	bool		negative;
	int			digit[DIGITS];
};

static struct decimal
decimal_zero(void)
{
	struct decimal zero;

	memset(&zero, 0, sizeof(zero));
	return zero;
}

static int
compare_magnitude(const struct decimal *a, const struct decimal *b)
{
	for (int i = DIGITS - 1; i >= 0; i--)
		if (a->digit[i] != b->digit[i])
			return a->digit[i] > b->digit[i] ? 1 : -1;
	return 0;
}

static bool
is_zero(const struct decimal *a)
{
	struct decimal zero = decimal_zero();

	return compare_magnitude(a, &zero) == 0;
}

static int
compare(const struct decimal *a, const struct decimal *b)
{
	if (is_zero(a) && is_zero(b))
		return 0;
	if (a->negative != b->negative)
		return a->negative ? -1 : 1;
	return a->negative ? -compare_magnitude(a, b) : compare_magnitude(a, b);
}

static struct decimal
add_magnitude(const struct decimal *a, const struct decimal *b)
{
	struct decimal sum = decimal_zero();
	int			carry = 0;

	for (int i = 0; i < DIGITS; i++)
	{
		carry += a->digit[i] + b->digit[i];
		sum.digit[i] = carry % BASE;
		carry /= BASE;
	}
	return sum;
}

/* the larger comes first */
static struct decimal
subtract_magnitude(const struct decimal *a, const struct decimal *b)
{
	struct decimal difference = decimal_zero();
	int			borrow = 0;

	for (int i = 0; i < DIGITS; i++)
	{
		int			d = a->digit[i] - b->digit[i] - borrow;

		borrow = d < 0;
		difference.digit[i] = d + BASE * borrow;
	}
	return difference;
}

static struct decimal
add(const struct decimal *a, const struct decimal *b)
{
	struct decimal sum;

	if (a->negative == b->negative)
	{
		sum = add_magnitude(a, b);
		sum.negative = a->negative;
	}
	else if (compare_magnitude(a, b) >= 0)
	{
		sum = subtract_magnitude(a, b);
		sum.negative = a->negative;
	}
	else
	{
		sum = subtract_magnitude(b, a);
		sum.negative = b->negative;
	}
	return sum;
}

static struct decimal
multiply(const struct decimal *a, const struct decimal *b)
{
	struct decimal product = decimal_zero();

	for (int i = 0; i < DIGITS / 2; i++)
	{
		int			carry = 0;

		for (int j = 0; j < DIGITS / 2; j++)
		{
			carry += product.digit[i + j] + a->digit[i] * b->digit[j];
			product.	digit[i + j] = carry % BASE;

			carry /= BASE;
		}
		product.	digit[i + DIGITS / 2] += carry;
	}
	product.	negative = a->negative != b->negative;
	return product;
}

static struct decimal
power10(int exponent)
{
	struct decimal result = decimal_zero();

	result.digit[exponent / BASE_DECIMALS] = 1;
	for (int i = 0; i < exponent % BASE_DECIMALS; i++)
		result.digit[exponent / BASE_DECIMALS] *= 10;
	return result;
}

/* magnitude * 2^16 + word */
static void
shift_in(struct decimal *a, int word)
{
	int64_t		carry = word;

	for (int i = 0; i < DIGITS; i++)
	{
		carry += (int64_t) a->digit[i] << 16;
		a->digit[i] = (int) (carry % BASE);
		carry /= BASE;
	}
}

static struct decimal
from_u128(num_u128 value)
{
	struct decimal result = decimal_zero();

	for (int bit = 112; bit >= 0; bit -= 16)
		shift_in(&result, (int) (value >> bit & 0xffff));
	return result;
}

static struct decimal
from_u64(uint64_t value)
{
	return from_u128(value);
}

/* by doubling, once */
static struct decimal
power2(int exponent)
{
	static struct decimal power[257];
	static bool known = false;

	if (!known)
	{
		power[0] = power10(0);
		for (int i = 1; i <= 256; i++)
			power[i] = add(&power[i - 1], &power[i - 1]);
		known = true;
	}
	return power[exponent];
}

/* two's complement: what the top bit counts is negative */
static struct decimal
from_words(const uint64_t *word, int words)
{
	struct decimal value = decimal_zero();
	struct decimal wrap = power2(words * 64);

	for (int i = words - 1; i >= 0; i--)
		for (int bit = 48; bit >= 0; bit -= 16)
			shift_in(&value, (int) (word[i] >> bit & 0xffff));
	wrap.negative = true;
	return word[words - 1] >> 63 ? add(&value, &wrap) : value;
}

static struct decimal
from_i128(num_i128 value)
{
	uint64_t	word[2] = {(uint64_t) value,
	(uint64_t) ((num_u128) value >> 64)};

	return from_words(word, 2);
}

static struct decimal
from_i256(const num_i256 *value)
{
	return from_words(value->w, 4);
}

static bool
equal(const struct decimal *a, const struct decimal *b)
{
	return compare(a, b) == 0;
}

/* does a two's complement integer of so many bits hold it? */
static bool
fits(const struct decimal *a, int bits)
{
	struct decimal limit = power2(bits - 1);

	return a->negative ? compare_magnitude(a, &limit) <= 0 :
		compare_magnitude(a, &limit) < 0;
}

static const char *
text(const struct decimal *a)
{
	static char buffer[4][DIGITS * BASE_DECIMALS + 2];
	static int	turn = 0;
	char	   *out = buffer[turn = (turn + 1) % 4];
	int			top = DIGITS - 1;

	while (top > 0 && a->digit[top] == 0)
		top--;
	out += sprintf(out, "%s%d", a->negative ? "-" : "", a->digit[top]);
	for (int i = top - 1; i >= 0; i--)
		out += sprintf(out, "%04d", a->digit[i]);
	return buffer[turn];
}

/* a random number of random length, so that small ones are as frequent */
static num_u128
random_u128(void)
{
	num_u128	value = (num_u128) random_word() << 64 | random_word();

	return value >> random_below(128);
}

static num_i128
random_i128(void)
{
	num_u128	value = random_u128();

	return (num_i128) (random_below(2) ? value : -value);
}

static num_i256
random_i256(void)
{
	num_i256	value;
	int			words = (int) random_below(4);
	uint64_t	fill = random_below(2) ? ~UINT64_C(0) : 0;

	for (int i = 0; i < 4; i++)
		value.w[i] = i <= words ? random_word() : fill;
	if (words < 3 && random_below(2))
		value.w[words] >>= random_below(64);
	return value;
}

/* where carries and signs go wrong */
static const uint64_t edge_word[] = {
	0, 1, 2, UINT64_C(0x7fffffffffffffff), UINT64_C(0x8000000000000000),
	UINT64_C(0xfffffffffffffffe), UINT64_C(0xffffffffffffffff)
};

#define EDGES (sizeof(edge_word) / sizeof(edge_word[0]))

static num_u128
edge_u128(size_t i)
{
	return (num_u128) edge_word[i / EDGES] << 64 | edge_word[i % EDGES];
}

static num_i256
edge_i256(size_t i)
{
	num_i256	value;

	for (int word = 3; word >= 0; word--, i /= EDGES)
		value.w[word] = edge_word[i % EDGES];
	return value;
}

#define EDGES_128 (EDGES * EDGES)
#define EDGES_256 (EDGES_128 * EDGES_128)

static void
test_powers(void)
{
	for (int e = 0; e <= NUM_POW10_64_MAX; e++)
	{
		struct decimal expected = power10(e);
		struct decimal actual = from_u64(num_pow10_64[e]);

		check(equal(&actual, &expected), "10^%d is %s", e, text (&actual));
	}
	done("num_pow10_64 holds the powers of ten");

	for (int e = 0; e <= NUM_POW10_128_MAX; e++)
	{
		struct decimal expected = power10(e);
		struct decimal actual = from_u128(num_pow10_128(e));

		check(equal(&actual, &expected), "10^%d is %s", e, text (&actual));
	}
	done("num_pow10_128 gives the powers of ten");
}

static void
check_i128_mul_pow10(num_i128 value, int exponent)
{
	num_i128	result;
	bool		held = num_i128_mul_pow10(value, exponent, &result);
	struct decimal a = from_i128(value);
	struct decimal b = power10(exponent);
	struct decimal expected = multiply(&a, &b);
	struct decimal actual;

	check(held == fits(&expected, 128), "%s * 10^%d: overflow is %s",
		  text (&a), exponent, held ? "not seen" : "imagined");
	if (!held)
		return;
	actual = from_i128(result);
	check(equal(&actual, &expected), "%s * 10^%d is %s", text (&a), exponent,
		  text (&actual));
}

static void
test_i128_mul_pow10(void)
{
	for (size_t i = 0; i < EDGES_128; i++)
		for (int e = 0; e <= 40; e++)
			check_i128_mul_pow10((num_i128) edge_u128(i), e);
	for (int i = 0; i < 8000; i++)
		check_i128_mul_pow10(random_i128(), (int) random_below(45));
	done("num_i128_mul_pow10 is exact and sees every overflow");
}

/* high 2^64 + low is the number, as its bits without a sign */
static void
check_words(num_i128 value)
{
	uint64_t	word[2];
	struct decimal low,
				high,
				two_64 = from_u128((num_u128) 1 << 64),
				expected = from_u128((num_u128) value),
				actual;

	num_i128_split(value, word);
	low = from_u64(word[0]);
	high = from_u64(word[1]);
	actual = multiply(&high, &two_64);
	actual = add(&actual, &low);
	check(equal(&actual, &expected), "the words of %s are those of %s",
		  text (&expected), text (&actual));
	check(num_i128_join(word) == value, "%s is not joined again",
		  text (&expected));
}

static void
test_words(void)
{
	for (size_t i = 0; i < EDGES_128; i++)
		check_words((num_i128) edge_u128(i));
	for (int i = 0; i < 1000; i++)
		check_words(random_i128());
	done("num_i128_split and _join: two words, the lower one first");
}

/* a * b = q * d + r with r < d, in decimal */
static void
check_mul_div(num_u128 a, num_u128 b, num_u128 divisor)
{
	num_u128	quotient;
	num_u128	remainder;
	struct decimal x = from_u128(a),
				y = from_u128(b),
				d = from_u128(divisor),
				q,
				r,
	product = multiply(&x, &y),
				back;

	num_u128_mul_div(a, b, divisor, &quotient, &remainder);
	q = from_u128(quotient);
	r = from_u128(remainder);
	back = multiply(&q, &d);
	back = add(&back, &r);
	check(remainder < divisor && equal(&back, &product),
		  "%s * %s / %s is %s", text (&x), text (&y), text (&d), text (&q));
}

static void
test_mul_div(void)
{
	for (size_t i = 0; i < EDGES_128; i++)
		for (size_t j = 0; j < EDGES_128; j++)
			for (size_t k = 0; k < EDGES_128; k++)
			{
				num_u128	a = edge_u128(i),
							b = edge_u128(j),
							d = edge_u128(k);

				if (d > 0 && (a <= d || b <= d))
					check_mul_div(a, b, d);
			}
	done("num_u128_mul_div: a b = q d + r at the edges of words");

	for (int i = 0; i < 15000; i++)
	{
		num_u128	a = random_u128();
		num_u128	d = random_u128() | 1;
		num_u128	b = random_u128() % d;

		if (random_below(4) == 0)
			b = d;
		if (random_below(2))
			check_mul_div(a, b, d);
		else
			check_mul_div(b, a, d);
	}
	done("num_u128_mul_div: a b = q d + r for random numbers");
}

static void
check_i256_add(const num_i256 *a, const num_i256 *b)
{
	num_i256	sum = *a;
	bool		held = num_i256_add(&sum, b);
	struct decimal x = from_i256(a);
	struct decimal y = from_i256(b);
	struct decimal expected = add(&x, &y);
	struct decimal lowest = power2(255);
	struct decimal actual;

	lowest.negative = true;
	check(held == (fits(&expected, 256) && !equal(&expected, &lowest)), "%s + %s: overflow is %s", text (&x),
		  text (&y), held ? "not seen" : "imagined");
	if (!held)
		return;
	actual = from_i256(&sum);
	check(equal(&actual, &expected), "%s + %s is %s", text (&x), text (&y),
		  text (&actual));
}

static void
test_i256_add(void)
{
	for (size_t i = 0; i < EDGES_256; i += 3)
	{
		num_i256	a = edge_i256(i);
		num_i256	b = edge_i256((i * 1361 + 7) % EDGES_256);

		check_i256_add(&a, &b);
		check_i256_add(&a, &a);
	}
	for (int i = 0; i < 8000; i++)
	{
		num_i256	a = random_i256();
		num_i256	b = random_i256();

		check_i256_add(&a, &b);
	}
	done("num_i256_add is exact and sees every overflow");
}

static void
test_i256_sign(void)
{
	for (size_t i = 0; i < EDGES_256 + 5000; i++)
	{
		num_i256	value = i < EDGES_256 ? edge_i256(i) : random_i256();
		num_i256	negated = num_i256_negate(&value);
		num_i256	absolute = num_i256_abs(&value);
		num_i256	back = num_i256_negate(&negated);
		struct decimal a = from_i256(&value);
		struct decimal n = from_i256(&negated);
		struct decimal m = from_i256(&absolute);
		struct decimal sum = add(&a, &n);

		check(num_i256_is_negative(&value) == (a.negative && !is_zero(&a)),
			  "the sign of %s", text (&a));
		check(num_i256_is_zero(&value) == is_zero(&a), "is %s zero",
			  text (&a));
		check(memcmp(&back, &value, sizeof(value)) == 0, "-(-(%s))", text (&a));
		/* the smallest has no opposite: it stays itself */
		if (!fits(&a, 255) && num_i256_is_negative(&negated) &&
			num_i256_is_negative(&value))
			continue;
		check(is_zero(&sum), "%s + %s is not 0", text (&a), text (&n));
		check(compare_magnitude(&m, &a) == 0 && !num_i256_is_negative(&absolute),
			  "|%s| is %s", text (&a), text (&m));
	}
	done("num_i256: sign, zero, negate, abs");
}

static void
test_i128_i256(void)
{
	for (size_t i = 0; i < EDGES_128 + 5000; i++)
	{
		num_i128	value = i < EDGES_128 ? (num_i128) edge_u128(i) : random_i128();
		num_i256	wide = num_i256_from_i128(value);
		num_i128	back;
		struct decimal a = from_i128(value);
		struct decimal b = from_i256(&wide);
		struct decimal m = from_u128(num_u128_abs(value));

		check(equal(&a, &b), "%s widened is %s", text (&a), text (&b));
		check(compare_magnitude(&a, &m) == 0, "num_u128_abs(%s) is %s",
			  text (&a), text (&m));
		check(num_i256_to_i128(&wide, &back) && back == value,
			  "%s does not come back", text (&a));
		check(num_i128_signed(num_u128_abs(value), value < 0) == value,
			  "%s does not come back from sign and magnitude", text (&a));
	}
	for (size_t i = 0; i < EDGES_256 + 5000; i++)
	{
		num_i256	wide = i < EDGES_256 ? edge_i256(i) : random_i256();
		num_i128	narrow;
		struct decimal a = from_i256(&wide);

		check(num_i256_to_i128(&wide, &narrow) == fits(&a, 128),
			  "does %s fit 128 bits", text (&a));
	}
	done("num_i256_from_i128 and num_i256_to_i128");
}

static void
test_i256_mul_pow10(void)
{
	for (int i = 0; i < 8000; i++)
	{
		num_i256	value = i < (int) EDGES_256 ? edge_i256(i) : random_i256();
		int			exponent = (int) random_below(81);
		num_i256	result = value;
		bool		held;
		struct decimal a = from_i256(&value);
		struct decimal b = power10(exponent);
		struct decimal expected = multiply(&a, &b);
		struct decimal actual;
		struct decimal smallest = power2(255);

		/* the smallest number of all is beyond every sum: not asked for */
		if (compare_magnitude(&a, &smallest) == 0)
			continue;
		held = num_i256_mul_pow10(&result, exponent);
		smallest.negative = true;
		check(held == (fits(&expected, 256) && !equal(&expected, &smallest)),
			  "%s * 10^%d: overflow is %s", text (&a), exponent,
			  held ? "not seen" : "imagined");
		if (!held)
			continue;
		actual = from_i256(&result);
		check(equal(&actual, &expected), "%s * 10^%d is %s", text (&a),
			  exponent, text (&actual));
	}
	done("num_i256_mul_pow10 is exact and sees every overflow");
}

static void
check_i256_mul_add(const num_i256 *start, num_i128 value, int64_t factor)
{
	num_i256	sum = *start;
	bool		held = num_i256_mul_add(&sum, value, factor);
	struct decimal a = from_i256(start);
	struct decimal b = from_i128(value);
	struct decimal c = from_i128(factor);
	struct decimal expected = multiply(&b, &c);
	struct decimal actual;

	expected = add(&expected, &a);
	check(held == fits(&expected, 256), "%s + %s * %s: overflow is %s",
		  text (&a), text (&b), text (&c), held ? "not seen" : "imagined");
	if (!held)
		return;
	actual = from_i256(&sum);
	check(equal(&actual, &expected), "%s + %s * %s is %s", text (&a), text (&b),
		  text (&c), text (&actual));
}

static void
test_i256_mul_add(void)
{
	num_i256	zero = {{0, 0, 0, 0}};

	for (size_t i = 0; i < EDGES_128; i++)
		for (size_t j = 0; j < EDGES; j++)
			check_i256_mul_add(&zero, (num_i128) edge_u128(i),
							   (int64_t) edge_word[j]);
	for (int i = 0; i < 8000; i++)
	{
		num_i256	start = random_i256();
		num_i128	value = random_i128();

		check_i256_mul_add(&start, value,
						   (int64_t) (random_word() >> random_below(64)));
	}
	done("num_i256_mul_add is exact and sees every overflow");
}

static void
test_u256_div_small(void)
{
	for (int i = 0; i < 8000; i++)
	{
		num_i256	value = i < (int) EDGES_256 ? edge_i256(i) : random_i256();
		num_i256	quotient;
		uint64_t	divisor = random_word() >> random_below(64);
		uint64_t	remainder;
		struct decimal a,
					q,
					d,
					r,
					back;

		value = num_i256_abs(&value);
		if (num_i256_is_negative(&value))
			continue;
		if (divisor == 0)
			divisor = random_below(2) ? 10000 : UINT64_MAX;
		quotient = value;
		remainder = num_u256_div_small(&quotient, divisor);
		a = from_i256(&value);
		q = from_i256(&quotient);
		d = from_u64(divisor);
		r = from_u64(remainder);
		back = multiply(&q, &d);
		back = add(&back, &r);
		check(remainder < divisor && equal(&back, &a), "%s / %s is %s rest %s",
			  text (&a), text (&d), text (&q), text (&r));
	}
	done("num_u256_div_small: a = q d + r");
}

static void
test_u256_mul_small_add(void)
{
	for (int i = 0; i < 8000; i++)
	{
		num_i256	value = i < (int) EDGES_256 ? edge_i256(i) : random_i256();
		num_i256	result;
		uint64_t	factor = random_word() >> random_below(64);
		uint64_t	addend = random_word() >> random_below(64);
		bool		held;
		struct decimal a,
					b,
					c,
					expected,
					actual;

		value = num_i256_abs(&value);
		if (num_i256_is_negative(&value))
			continue;
		result = value;
		held = num_u256_mul_small_add(&result, factor, addend);
		a = from_i256(&value);
		b = from_u64(factor);
		c = from_u64(addend);
		expected = multiply(&a, &b);
		expected = add(&expected, &c);
		check(held == fits(&expected, 256), "%s * %s + %s: overflow is %s",
			  text (&a), text (&b), text (&c), held ? "not seen" : "imagined");
		if (!held)
			continue;
		actual = from_i256(&result);
		check(equal(&actual, &expected), "%s * %s + %s is %s", text (&a),
			  text (&b), text (&c), text (&actual));
	}
	done("num_u256_mul_small_add is exact and sees every overflow");
}

static void
test_to_double(void)
{
	for (size_t i = 0; i < EDGES_256 + 8000; i++)
	{
		num_i256	value = i < EDGES_256 ? edge_i256(i) : random_i256();
		struct decimal a = from_i256(&value);
		double		expected = strtod(text (&a), NULL);
		double		actual = num_i256_to_double(&value);

		check(fabs(actual - expected) <= 2 * DBL_EPSILON * fabs(expected),
			  "%s is %.17g, not %.17g", text (&a), expected, actual);
	}
	done("num_i256_to_double is within two units in the last place");
}

/* PostgreSQL aligns memory to 8 bytes, and so must these */
static void
test_alignment(void)
{
	char	   *memory = malloc(16 * 5);
	num_i128   *value = (num_i128 *) (memory + ((uintptr_t) memory % 16 == 0 ? 8 : 0));
	num_i128	result;

	check(sizeof(num_i128) == 16 && __alignof__(num_i128) == 8,
		  "num_i128 has size %zu and alignment %zu", sizeof(num_i128),
		  __alignof__(num_i128));
	for (int i = 0; i < 4; i++)
		value[i] = NUM_I128_MAX / 4 * i;
	for (int i = 0; i < 4; i++)
		check(num_i128_mul_pow10(value[i], 0, &result) &&
			  result == NUM_I128_MAX / 4 * i, "element %d", i);
	free(memory);
	done("128-bit integers live at any multiple of 8");
}

int
main(void)
{
	test_powers();
	test_i128_mul_pow10();
	test_words();
	test_mul_div();
	test_i256_add();
	test_i256_sign();
	test_i128_i256();
	test_i256_mul_pow10();
	test_i256_mul_add();
	test_u256_div_small();
	test_u256_mul_small_add();
	test_to_double();
	test_alignment();
	return finish();
}
