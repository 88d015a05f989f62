/*
 * sort.c
 *	  Sorting and selection of integer keys without comparisons.
 */
#include "num/sort.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DIGIT_BITS 11
#define DIGIT_VALUES (1 << DIGIT_BITS)
#define DIGIT(key, shift) ((size_t) ((key) >> (shift)) & (DIGIT_VALUES - 1))

/* one stable pass by the digit at "shift" */
static void
distribute(const num_u128 *from, num_u128 *to, size_t count, int shift,
		   num_poll poll)
{
	size_t		start[DIGIT_VALUES];
	size_t		position = 0;

	memset(start, 0, sizeof(start));
	for (size_t i = 0; i < count; i++)
	{
		start[DIGIT(from[i], shift)]++;
		if (i % NUM_POLL_EVERY == 0)
			poll();
	}
	for (size_t digit = 0; digit < DIGIT_VALUES; digit++)
	{
		size_t		size = start[digit];

		start[digit] = position;
		position += size;
	}
	for (size_t i = 0; i < count; i++)
	{
		to[start[DIGIT(from[i], shift)]++] = from[i];
		if (i % NUM_POLL_EVERY == 0)
			poll();
	}
}

/*
 * Sorts keys ascending by their bits from first_bit up; lower bits are carried
 * along as payload.  Least significant digit first; digits in which all keys
 * agree cost nothing, so subtract a common minimum beforehand.
 */
void
num_radix_sort(num_u128 *keys, num_u128 *scratch, size_t count, int first_bit,
			   num_poll poll)
{
	num_u128	varying = 0;
	num_u128   *from = keys;
	num_u128   *to = scratch;

	for (size_t i = 1; i < count; i++)
	{
		varying |= keys[i] ^ keys[0];
		if (i % NUM_POLL_EVERY == 0)
			poll();
	}
	for (int shift = first_bit; shift < 128; shift += DIGIT_BITS)
	{
		num_u128   *swap = from;

		if (DIGIT(varying, shift) == 0)
			continue;
		distribute(from, to, count, shift, poll);
		from = to;
		to = swap;
	}
	for (size_t i = 0; from != keys && i < count; i++)
	{
		keys[i] = from[i];
		if (i % NUM_POLL_EVERY == 0)
			poll();
	}
}

/*
 * Selection: a histogram of the leading digit finds the bucket of each rank;
 * only such buckets are looked into further.
 */
#define SELECT_BITS (64 / NUM_SELECT_LEVELS)
#define SELECT_DIGIT(key, shift) ((key) >> (shift) & ((1 << SELECT_BITS) - 1))

static int
compare_keys(const void *a, const void *b)
{
	uint64_t	left = *(const uint64_t *) a;
	uint64_t	right = *(const uint64_t *) b;

	return (left > right) - (left < right);
}

/*
 * The keys of given ranks (0 for the smallest; ranks ascending) of keys that
 * agree above bit shift + SELECT_BITS.
 */
static void
select_in(const uint64_t *keys, size_t count, int shift,
		  const size_t *ranks, int nranks, uint64_t *selected,
		  uint64_t *scratch, num_poll poll)
{
	uint32_t   *histogram = (uint32_t *) scratch;
	uint64_t   *aside = scratch + NUM_SELECT_HISTOGRAM;
	size_t		below = 0;
	size_t		bucket = 0;

	if (count <= NUM_SELECT_SMALL)
	{
		memcpy(scratch, keys, count * sizeof(uint64_t));
		qsort(scratch, count, sizeof(uint64_t), compare_keys);
		for (int i = 0; i < nranks; i++)
			selected[i] = scratch[ranks[i]];
		return;
	}

	memset(histogram, 0, NUM_SELECT_HISTOGRAM * sizeof(uint64_t));
	for (size_t i = 0; i < count; i++)
	{
		histogram[SELECT_DIGIT(keys[i], shift)]++;
		if (i % NUM_POLL_EVERY == 0)
			poll();
	}

	for (int first = 0, last; first < nranks; first = last)
	{
		size_t		inner[NUM_SELECT_RANKS];
		size_t		size = 0;

		while (below + histogram[bucket] <= ranks[first])
			below += histogram[bucket++];
		for (last = first;
			 last < nranks && ranks[last] < below + histogram[bucket]; last++)
			inner[last - first] = ranks[last] - below;

		for (size_t i = 0; i < count; i++)
		{
			if (SELECT_DIGIT(keys[i], shift) == bucket)
				aside[size++] = keys[i];
			if (i % NUM_POLL_EVERY == 0)
				poll();
		}
		if (shift == 0)
		{
			for (int i = first; i < last; i++)
				selected[i] = aside[0];
		}
		else
			select_in(aside, size, shift - SELECT_BITS, inner, last - first,
					  selected + first, aside + size, poll);
	}
}

/*
 * The keys of the given ranks, 0 being the smallest; ranks ascend, at most
 * NUM_SELECT_RANKS of them.  Scratch has NUM_SELECT_SCRATCH(count) words.
 */
void
num_select_ranks(const uint64_t *keys, size_t count,
				 const size_t *ranks, int nranks, uint64_t *selected,
				 uint64_t *scratch, num_poll poll)
{
	select_in(keys, count, 64 - SELECT_BITS, ranks, nranks, selected, scratch,
			  poll);
}

/*
 * The bins - 1 cuts of at least one key, bins at most NUM_SELECT_RANKS + 1.
 * Cut k is the key of rank ceil(k/bins * n), computed in floating point
 * exactly as percentile_disc(k::float8 / bins) does.
 */
void
num_select_cuts(const uint64_t *keys, size_t count, int bins, uint64_t *cuts,
				uint64_t *scratch, num_poll poll)
{
	size_t		ranks[NUM_SELECT_RANKS] = {0};

	for (int k = 1; k < bins; k++)
	{
		double		rank = ceil((double) k / bins * count);

		ranks[k - 1] = (size_t) (rank > 1 ? rank : 1) - 1;
	}
	num_select_ranks(keys, count, ranks, bins - 1, cuts, scratch, poll);
}

/* so few values are compared each with each */
#define THRESHOLD_FEW 32

static inline num_u128
weight_of(num_u128 value, num_measure measure)
{
	return measure == NUM_SUM ? value : 1;
}

/*
 * num_upper_threshold() of a few values, where what is larger than all of them
 * adds up to "larger".
 */
static num_u128
threshold_of_few(const num_u128 *values, size_t count, num_measure measure,
				 num_u128 limit, num_u128 larger)
{
	num_u128	threshold = ~(num_u128) 0;

	for (size_t i = 0; i < count; i++)
	{
		num_u128	above = larger;

		for (size_t j = 0; j < count; j++)
			if (values[j] > values[i])
				above += weight_of(values[j], measure);
		if (above < limit && values[i] < threshold)
			threshold = values[i];
	}
	return threshold;
}

/*
 * The digit of num_upper_threshold()'s value, of values that agree above it:
 * the lowest one that occurs and has less than the limit above it.  Adds what
 * is above it to *larger.
 */
static size_t
threshold_digit(const num_u128 *values, size_t count, int shift,
				num_measure measure, num_u128 limit, num_u128 *larger,
				num_poll poll)
{
	num_u128	weight[DIGIT_VALUES];
	bool		present[DIGIT_VALUES];
	size_t		digit = DIGIT_VALUES;

	memset(weight, 0, sizeof(weight));
	memset(present, 0, sizeof(present));
	for (size_t i = 0; i < count; i++)
	{
		size_t		own = DIGIT(values[i], shift);

		weight[own] += weight_of(values[i], measure);
		present[own] = true;
		if (i % NUM_POLL_EVERY == 0)
			poll();
	}
	for (size_t candidate = DIGIT_VALUES; candidate-- > 0;)
	{
		if (!present[candidate])
			continue;
		if (digit < DIGIT_VALUES)
		{
			if (*larger + weight[digit] >= limit)
				break;
			*larger += weight[digit];
		}
		digit = candidate;
	}
	return digit;
}

/*
 * The smallest value t such that what strictly larger values add up to is
 * below the limit, where each counts 1 or its own value.  By count, that is
 * the limit-th largest; by sum, the last value inside a share of the total.
 *
 * Values need not be sorted; at least one, limit at least 1, and their sum
 * fits 128 bits.  Scratch has room for count values.
 */
num_u128
num_upper_threshold(const num_u128 *values, size_t count, num_measure measure,
					num_u128 limit, num_u128 *scratch, num_poll poll)
{
	num_u128	larger = 0;
	num_u128	all = 0;
	int			shift = 0;

	for (size_t i = 0; i < count; i++)
	{
		all |= values[i];
		if (i % NUM_POLL_EVERY == 0)
			poll();
	}
	while (shift + DIGIT_BITS < 128 && all >> (shift + DIGIT_BITS) != 0)
		shift += DIGIT_BITS;

	for (; count > THRESHOLD_FEW && shift >= 0; shift -= DIGIT_BITS)
	{
		size_t		size = 0;
		size_t		digit;

		digit = threshold_digit(values, count, shift, measure, limit,
								&larger, poll);
		for (size_t i = 0; i < count; i++)
		{
			if (DIGIT(values[i], shift) == digit)
				scratch[size++] = values[i];
			if (i % NUM_POLL_EVERY == 0)
				poll();
		}
		values = scratch;
		count = size;
	}
	/* few are left, or all that are left are equal */
	return shift < 0 ? values[0] :
		threshold_of_few(values, count, measure, limit, larger);
}
