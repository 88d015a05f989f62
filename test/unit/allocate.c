/*
 * allocate.c
 *	  Tests of src/num/allocate.c: small numbers against the definition, the
 *	  edges of 128 bits against what every allocation must be.
 *
 * Compiled without -fwrapv, so that the sanitizer sees a signed overflow.
 */
#include "num/allocate.h"
#include "tap.h"

#include <string.h>

#define MOST_ROWS 40

static void
no_poll(void)
{
}

static void
allocate(num_i128 amount, const num_i128 *weight, num_i128 *part,
		 size_t count)
{
	num_u128   *scratch = malloc(NUM_ALLOCATE_SCRATCH(count) *
								 sizeof(num_u128));
	num_i128	total = 0;

	for (size_t i = 0; i < count; i++)
		total += part[i] = weight[i];
	num_allocate(amount, part, count, total, NULL, scratch, no_poll);
	free(scratch);
}

/* One unit at a time to the largest remainder, the first of equal ones. */
static void
by_definition(long amount, const num_i128 *weight, long *part, size_t count)
{
	long		size = amount < 0 ? -amount : amount;
	long		total = 0;
	long		missing = size;
	long		rest[MOST_ROWS];

	for (size_t i = 0; i < count; i++)
		total += (long) weight[i];
	for (size_t i = 0; i < count; i++)
	{
		part[i] = size * (long) weight[i] / total;
		rest[i] = size * (long) weight[i] % total;
		missing -= part[i];
	}
	for (; missing > 0; missing--)
	{
		size_t		largest = 0;

		for (size_t i = 1; i < count; i++)
			if (rest[i] > rest[largest])
				largest = i;
		part[largest]++;
		rest[largest] = -1;
	}
	for (size_t i = 0; i < count && amount < 0; i++)
		part[i] = -part[i];
}

static void
test_small(void)
{
	for (int round = 0; round < 4000; round++)
	{
		size_t		count = 1 + random_below(MOST_ROWS);
		long		amount = (long) random_below(2001) - 1000;
		num_i128	weight[MOST_ROWS];
		num_i128	part[MOST_ROWS];
		long		expected[MOST_ROWS];

		for (size_t i = 0; i < count; i++)
			weight[i] = (num_i128) random_below(round % 2 ? 4 : 1000);
		weight[random_below(count)] += 1;
		allocate(amount, weight, part, count);
		by_definition(amount, weight, expected, count);
		for (size_t i = 0; i < count; i++)
			check(part[i] == expected[i], "%ld over %zu rows: part %zu is %ld, not %ld",
				  amount, count, i, (long) part[i], expected[i]);
	}
	done("small amounts are split as defined");
}

/* a * b in 32-bit limbs, the least first */
static void
multiply(num_u128 a, num_u128 b, uint32_t *limb)
{
	memset(limb, 0, 8 * sizeof(*limb));
	for (int i = 0; i < 4; i++)
	{
		uint64_t	carry = 0;

		for (int j = 0; j < 4; j++)
		{
			carry += (uint64_t) (uint32_t) (a >> (32 * i)) *
				(uint32_t) (b >> (32 * j)) + limb[i + j];
			limb[i + j] = (uint32_t) carry;
			carry >>= 32;
		}
		limb[i + 4] = (uint32_t) carry;
	}
}

/* Is a * b < c * d? */
static bool
product_less(num_u128 a, num_u128 b, num_u128 c, num_u128 d)
{
	uint32_t	left[8];
	uint32_t	right[8];

	multiply(a, b, left);
	multiply(c, d, right);
	for (int i = 7; i >= 0; i--)
		if (left[i] != right[i])
			return left[i] < right[i];
	return false;
}

/* Each part is less than a unit from its share, and all sum to the amount. */
static void
check_parts(num_i128 amount, const num_i128 *weight, size_t count)
{
	num_i128	part[MOST_ROWS];
	num_u128	size = num_u128_abs(amount);
	num_u128	total = 0;
	num_u128	sum = 0;

	allocate(amount, weight, part, count);
	for (size_t i = 0; i < count; i++)
		total += (num_u128) weight[i];
	for (size_t i = 0; i < count; i++)
	{
		num_u128	own = num_u128_abs(part[i]);

		check(part[i] == 0 || (part[i] < 0) == (amount < 0), "sign of part %zu of %zu", i, count);
		check(own == 0 || product_less(own - 1, total, size, (num_u128) weight[i]),
			  "part %zu of %zu is too large", i, count);
		check(product_less(size, (num_u128) weight[i], own + 1, total),
			  "part %zu of %zu is too small", i, count);
		sum += own;
	}
	check(sum == size, "sum of %zu parts", count);
}

static const num_i128 edge_amount[] = {
	NUM_I128_MIN, NUM_I128_MIN + 1, NUM_I128_MIN / 3, -1, 0, 1,
	NUM_I128_MAX / 7, NUM_I128_MAX - 1, NUM_I128_MAX
};

static const num_i128 edge_weight[][4] = {
	{1, 0, 0, 0}, {0, 0, 1, 0}, {1, 1, 1, 0}, {1, 1, 1, 1}, {3, 2, 2, 0},
	{NUM_I128_MAX, 0, 0, 0}, {0, 1, NUM_I128_MAX - 1, 0},
	{NUM_I128_MAX - 3, 1, 1, 1}, {NUM_I128_MAX / 2, NUM_I128_MAX / 2, 1, 0},
	{NUM_I128_MAX / 4, NUM_I128_MAX / 4, NUM_I128_MAX / 4, NUM_I128_MAX / 4}
};

static void
test_edges(void)
{
	num_i128	lone[1] = {5};

	for (size_t i = 0; i < sizeof(edge_amount) / sizeof(num_i128); i++)
	{
		for (size_t j = 0; j < sizeof(edge_weight) / sizeof(edge_weight[0]); j++)
			check_parts(edge_amount[i], edge_weight[j], 4);
		check_parts(edge_amount[i], lone, 1);
	}
	done("amounts and weights at the edges of 128 bits");

	for (int round = 0; round < 2000; round++)
	{
		size_t		count = 1 + random_below(MOST_ROWS);
		num_i128	weight[MOST_ROWS];
		num_u128	amount = (num_u128) random_word() << 64 | random_word();

		for (size_t i = 0; i < count; i++)
		{
			num_u128	any = (num_u128) random_word() << 64 | random_word();

			weight[i] = (num_i128) (any >> (7 + random_below(120)));
		}
		weight[0]++;
		check_parts((num_i128) (amount >> random_below(128)), weight, count);
		check_parts(num_i128_signed(amount >> (1 + random_below(127)), true), weight, count);
	}
	done("random amounts and weights of any length");
}

/* Those of some places are given what they get when all are in one. */
static void
test_places(void)
{
	num_u128	scratch[NUM_ALLOCATE_SCRATCH(MOST_ROWS)];

	for (int round = 0; round < 4000; round++)
	{
		size_t		count = 1 + random_below(MOST_ROWS);
		size_t		border = random_below(count + 1);
		num_i128	amount = (num_i128) random_below(2001) - 1000;
		num_i128	total = 0;
		num_i128	weight[MOST_ROWS];
		num_i128	whole[MOST_ROWS];
		num_u128	part[MOST_ROWS];
		num_u128	rest[MOST_ROWS];
		num_u128	missing;
		num_cut		cut = NUM_CUT_NONE;

		for (size_t i = 0; i < count; i++)
			weight[i] = (num_i128) random_below(round % 2 ? 4 : 1000);
		weight[random_below(count)] += 1;
		for (size_t i = 0; i < count; i++)
			total += weight[i];
		allocate(amount, weight, whole, count);
		missing = num_allocate_floors(num_u128_abs(amount), weight, count,
									  total, part, rest, no_poll);
		for (; missing > 0; missing--)
		{
			size_t		largest = 0;

			for (size_t i = 1; i < count; i++)
				if (rest[i] > rest[largest])
					largest = i;
			cut.remainder = rest[largest];
			cut.first = largest + 1;
			rest[largest] = 0;
		}
		num_allocate(amount, weight, border, total, &cut, scratch, no_poll);
		cut.first = cut.first > border ? cut.first - border : 0;
		num_allocate(amount, weight + border, count - border, total, &cut,
					 scratch, no_poll);
		for (size_t i = 0; i < count; i++)
			check(weight[i] == whole[i], "part %zu of %zu, in two places from %zu on", i, count, border);
	}
	done("two places that are told who gets a unit more split as one does");
}

int
main(void)
{
	test_small();
	test_places();
	test_edges();
	return finish();
}
