/*
 * allocate.c
 *	  An integer split by weights, by largest remainder.
 *
 * Magnitudes are split, without a sign: that of the lowest integer is one more
 * than the highest one.
 */
#include "num/allocate.h"

#include "num/sort.h"

/* Gives the missing units to the largest remainders, the first of equals. */
static void
distribute_units(num_u128 *part, const num_u128 *remainder, size_t count,
				 size_t units, num_u128 *scratch, num_poll poll)
{
	num_u128	threshold;

	if (units == 0)
		return;
	threshold = num_upper_threshold(remainder, count, NUM_COUNT, units,
									scratch, poll);
	for (size_t i = 0; i < count; i++)
	{
		if (remainder[i] > threshold)
		{
			part[i]++;
			units--;
		}
		if (i % NUM_POLL_EVERY == 0)
			poll();
	}
	for (size_t i = 0; units > 0; i++)
	{
		if (remainder[i] == threshold)
		{
			part[i]++;
			units--;
		}
		if (i % NUM_POLL_EVERY == 0)
			poll();
	}
}

/* Replaces weights, none negative and of sum total > 0, by the parts. */
void
num_allocate(num_i128 amount, num_i128 *value, size_t count, num_i128 total,
			 num_u128 *scratch, num_poll poll)
{
	num_u128   *part = scratch;
	num_u128   *remainder = part + count;
	num_u128	missing = num_u128_abs(amount);

	for (size_t i = 0; i < count; i++)
	{
		num_u128_mul_div(num_u128_abs(amount), (num_u128) value[i],
						 (num_u128) total, &part[i], &remainder[i]);
		missing -= part[i];
		if (i % NUM_POLL_EVERY == 0)
			poll();
	}
	/* each part lacks less than a unit */
	distribute_units(part, remainder, count, (size_t) missing,
					 remainder + count, poll);
	for (size_t i = 0; i < count; i++)
	{
		value[i] = num_i128_signed(part[i], amount < 0);
		if (i % NUM_POLL_EVERY == 0)
			poll();
	}
}
