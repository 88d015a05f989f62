/*
 * sort.c
 *	  Tests of src/num/sort.c against qsort() and counting by hand.
 *
 * Scratch memory is allocated to the byte that the header asks for, so that
 * the address sanitizer sees a write beyond it.
 */
#include "num/sort.h"
#include "tap.h"

#include <float.h>
#include <math.h>
#include <string.h>

static long polls = 0;

static void
count_poll(void)
{
	polls++;
}

/* Memory at a multiple of 8 that is none of 16, as PostgreSQL may give it. */
static void *
allocate(size_t size, void **block)
{
	*block = malloc(size + 8);
	return (char *) *block + 8;
}

static double
double_from_bits(uint64_t bits)
{
	double		value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static void
test_keys(void)
{
	static const double ascending[] = {
		-INFINITY, -DBL_MAX, -1e308, -1.0000000000000002, -1, -DBL_MIN,
		-DBL_MIN / 2, -4.9406564584124654e-324, 0, 4.9406564584124654e-324, DBL_MIN / 2, DBL_MIN, 1,
		1.0000000000000002, 1e308, DBL_MAX, INFINITY
	};
	size_t		n = sizeof(ascending) / sizeof(ascending[0]);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			check((num_key_from_double(ascending[i]) <
				   num_key_from_double(ascending[j])) == (i < j),
				  "%g before %g", ascending[i], ascending[j]);
	check(num_key_from_double(-0.0) == num_key_from_double(0.0), "-0 and 0");
	done("keys of doubles ascend, denormals and infinities included");

	for (size_t i = 0; i < n; i++)
		check(num_double_from_key(num_key_from_double(ascending[i])) ==
			  ascending[i], "%g does not come back", ascending[i]);
	check(!signbit(num_double_from_key(num_key_from_double(-0.0))),
		  "-0 comes back as -0");
	for (int i = 0; i < 100000; i++)
	{
		double		a = double_from_bits(random_word());
		double		b = double_from_bits(random_word());

		if (isnan(a) || isnan(b))
			continue;
		check(num_double_from_key(num_key_from_double(a)) == a,
			  "%g does not come back", a);
		check((num_key_from_double(a) < num_key_from_double(b)) == (a < b),
			  "%g and %g", a, b);
		check(num_key_from_double(a) != 0 && num_key_from_double(b) != 0,
			  "%g or %g has key 0", a, b);
	}
	done("keys of random doubles sort like them and come back");
}

/* inputs that sorts have trouble with */
enum
{
	RANDOM, EQUAL, FEW, ASCENDING, DESCENDING, HIGH_BITS, LOW_BITS, ORGAN,
	PATTERNS
};

static const char *const pattern_name[PATTERNS] = {
	"random", "equal", "few values", "ascending", "descending",
	"high bits only", "low bits only", "up and down"
};

static uint64_t
pattern_word(int pattern, size_t i, size_t count)
{
	switch (pattern)
	{
		case EQUAL:
			return UINT64_C(0x123456789abcdef0);
		case FEW:
			return random_below(3) * UINT64_C(0x0101010101010101);
		case ASCENDING:
			return i * 1000003;
		case DESCENDING:
			return (count - i) * 1000003;
		case HIGH_BITS:
			return random_word() << 48;
		case LOW_BITS:
			return UINT64_C(0xabcdef0123450000) | random_below(1000);
		case ORGAN:
			return i < count / 2 ? i : count - i;
		default:
			return random_word();
	}
}

static const size_t sizes[] = {0, 1, 2, 3, 10, 1000, 4096, 4097, 70000};

#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* the oracle of the radix sort: qsort by the sorted bits, then by place */
struct placed
{
	num_u128	key;
	size_t		place;
};

static int	first_bit;

static int
compare_placed(const void *a, const void *b)
{
	const struct placed *left = a;
	const struct placed *right = b;
	num_u128	l = left->key >> first_bit;
	num_u128	r = right->key >> first_bit;

	if (l != r)
		return l > r ? 1 : -1;
	return (left->place > right->place) - (left->place < right->place);
}

static void
check_radix_sort(size_t count, int pattern)
{
	void	   *block[2];
	num_u128   *keys = allocate(count * sizeof(num_u128), &block[0]);
	num_u128   *scratch = allocate(count * sizeof(num_u128), &block[1]);
	struct placed *oracle = malloc(count * sizeof(struct placed) + 1);

	for (size_t i = 0; i < count; i++)
	{
		/* what is below first_bit must neither matter nor change */
		keys[i] = (num_u128) pattern_word(pattern, i, count) << 64 |
			pattern_word(pattern, i, count);
		if (first_bit > 0)
			keys[i] = keys[i] >> first_bit << first_bit |
				(random_word() & (((num_u128) 1 << first_bit) - 1));
		oracle[i].key = keys[i];
		oracle[i].place = i;
	}
	qsort(oracle, count, sizeof(struct placed), compare_placed);
	num_radix_sort(keys, scratch, count, first_bit, count_poll);
	for (size_t i = 0; i < count; i++)
		check(keys[i] == oracle[i].key, "%zu keys, %s, from bit %d: place %zu",
			  count, pattern_name[pattern], first_bit, i);
	free(block[0]);
	free(block[1]);
	free(oracle);
}

static void
test_radix_sort(void)
{
	static const int bits[] = {0, 1, 32, 63, 64, 96, 127};

	for (size_t b = 0; b < sizeof(bits) / sizeof(bits[0]); b++)
		for (int pattern = 0; pattern < PATTERNS; pattern++)
			for (size_t s = 0; s < SIZES; s++)
			{
				first_bit = bits[b];
				if (sizes[s] <= 4097 || pattern == RANDOM)
					check_radix_sort(sizes[s], pattern);
			}
	done("num_radix_sort sorts, stably, and carries the low bits along");

	polls = 0;
	first_bit = 0;
	check_radix_sort(NUM_POLL_EVERY * 3, RANDOM);
	check(polls >= 3 * 11, "%ld polls", polls);
	done("num_radix_sort polls at least once in NUM_POLL_EVERY elements of a pass");
}

static int
compare_words(const void *a, const void *b)
{
	uint64_t	left = *(const uint64_t *) a;
	uint64_t	right = *(const uint64_t *) b;

	return (left > right) - (left < right);
}

static void
check_select(size_t count, int pattern, int nranks)
{
	uint64_t   *keys = malloc(count * sizeof(uint64_t));
	uint64_t   *sorted = malloc(count * sizeof(uint64_t));
	uint64_t   *scratch = malloc(NUM_SELECT_SCRATCH(count) * sizeof(uint64_t));
	uint64_t	ranks64[NUM_SELECT_RANKS] = {0};
	size_t		ranks[NUM_SELECT_RANKS];
	uint64_t	selected[NUM_SELECT_RANKS];

	for (size_t i = 0; i < count; i++)
		sorted[i] = keys[i] = pattern_word(pattern, i, count);
	qsort(sorted, count, sizeof(uint64_t), compare_words);

	/* ranks ascend, some repeat, the ends are among them */
	for (int r = 0; r < nranks; r++)
		ranks64[r] = r == 0 ? 0 : r == 1 ? count - 1 : random_below(count);
	if (nranks > 3)
		ranks64[3] = ranks64[2];
	qsort(ranks64, nranks, sizeof(uint64_t), compare_words);
	for (int r = 0; r < nranks; r++)
		ranks[r] = ranks64[r];

	num_select_ranks(keys, count, ranks, nranks, selected, scratch, count_poll);
	for (int r = 0; r < nranks; r++)
		check(selected[r] == sorted[ranks[r]], "%zu keys, %s: rank %zu of %d",
			  count, pattern_name[pattern], ranks[r], nranks);
	free(keys);
	free(sorted);
	free(scratch);
}

static void
test_select(void)
{
	for (int pattern = 0; pattern < PATTERNS; pattern++)
		for (size_t s = 1; s < SIZES; s++)
			for (int nranks = 1; nranks <= NUM_SELECT_RANKS; nranks++)
				check_select(sizes[s], pattern, nranks);
	done("num_select_ranks finds every rank that qsort finds");

	polls = 0;
	check_select(100000, RANDOM, NUM_SELECT_RANKS);
	check(polls > 0, "no poll");
	done("num_select_ranks polls");
}

static int
compare_descending(const void *a, const void *b)
{
	num_u128	left = *(const num_u128 *) a;
	num_u128	right = *(const num_u128 *) b;

	return (left < right) - (left > right);
}

/* as the header says it: from the smallest value up, the first that passes */
static num_u128
threshold_by_hand(const num_u128 *descending, size_t count,
				  num_measure measure, num_u128 limit)
{
	num_u128	larger = 0;		/* what strictly larger values add up to */
	num_u128	threshold = descending[0];

	for (size_t i = 0, next; i < count; i = next)
	{
		if (larger >= limit)
			break;
		threshold = descending[i];
		for (next = i; next < count && descending[next] == descending[i]; next++)
			larger += measure == NUM_SUM ? descending[next] : 1;
	}
	return threshold;
}

static void
check_threshold(const num_u128 *values, size_t count)
{
	void	   *block;
	num_u128   *scratch = allocate(count * sizeof(num_u128), &block);
	num_u128   *descending = malloc(count * sizeof(num_u128));
	num_u128	total = 0;

	memcpy(descending, values, count * sizeof(num_u128));
	qsort(descending, count, sizeof(num_u128), compare_descending);
	for (size_t i = 0; i < count; i++)
		total += values[i];
	for (int measure = NUM_COUNT; measure <= NUM_SUM; measure++)
	{
		num_u128	whole = measure == NUM_SUM ? total : count;
		num_u128	limit[12] = {
			1, 2, whole, whole + (whole < ~(num_u128) 0), whole / 2,
			whole / 5 * 4, whole / 100 * 95, descending[0], descending[0] + 1,
			descending[0] + (count > 1 ? descending[1] : 0), whole - 1,
			random_word() % (whole == 0 ? 1 : whole)
		};

		for (int i = 0; i < 12; i++)
		{
			if (limit[i] < 1)
				continue;
			check(num_upper_threshold(values, count, measure, limit[i],
									  scratch, count_poll) ==
				  threshold_by_hand(descending, count, measure, limit[i]),
				  "%zu values, %s, limit number %d", count,
				  measure == NUM_SUM ? "sum" : "count", i);
		}
	}
	free(descending);
	free(block);
}

static void
test_threshold(void)
{
	for (int i = 0; i < 2000; i++)
	{
		size_t		count = 1 + random_below(12);
		num_u128	values[12];

		for (size_t j = 0; j < count; j++)
			values[j] = random_below(2) ? random_below(5) :
				((num_u128) random_word() << 64 | random_word()) >>
				(4 + random_below(124));
		check_threshold(values, count);
	}
	done("num_upper_threshold: small sets, up to 124 bits");

	for (int pattern = 0; pattern < PATTERNS; pattern++)
		for (size_t s = 1; s < SIZES; s++)
		{
			void	   *block;
			num_u128   *values = allocate(sizes[s] * sizeof(num_u128), &block);

			for (size_t i = 0; i < sizes[s]; i++)
				values[i] = pattern_word(pattern, i, sizes[s]);
			check_threshold(values, sizes[s]);
			free(block);
		}
	done("num_upper_threshold: patterns");

	{
		num_u128	largest = ~(num_u128) 0;

		check_threshold(&largest, 1);
		/* no sum of such is asked for, their number is */
		for (num_u128 limit = 1; limit <= 3; limit++)
		{
			num_u128	values[3] = {largest, largest - 1, largest};
			num_u128	scratch[3];

			check(num_upper_threshold(values, 3, NUM_COUNT, limit, scratch,
									  count_poll) ==
				  (limit < 3 ? largest : largest - 1), "limit %d", (int) limit);
		}
		done("num_upper_threshold: the largest values of all");
	}
}

int
main(void)
{
	test_keys();
	test_radix_sort();
	test_select();
	test_threshold();
	return finish();
}
