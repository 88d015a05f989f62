/*
 * allocate.c
 *	  An integer split by weights, by largest remainder.
 *
 * Magnitudes are split, without a sign: that of the lowest integer is one more
 * than the highest one.
 */
#include "num/allocate.h"

#include "num/sort.h"

/* Whole units, and what they leave of each; returns the units missing. */
num_u128
num_allocate_floors(num_u128 amount, const num_i128 *weight, size_t count,
					num_i128 total, num_u128 *part, num_u128 *remainder,
					num_poll poll)
{
	num_u128	missing = amount;

	for (size_t i = 0; i < count; i++)
	{
		num_u128_mul_div(amount, (num_u128) weight[i], (num_u128) total,
						 &part[i], &remainder[i]);
		missing -= part[i];
		if (i % NUM_POLL_EVERY == 0)
			poll();
	}
	return missing;
}

/* The missing units go to the largest remainders, the first of equals. */
static num_cut
find_cut(const num_u128 *remainder, size_t count, size_t units,
		 num_u128 *scratch, num_poll poll)
{
	num_cut		cut = NUM_CUT_NONE;

	if (units == 0)
		return cut;
	cut.remainder = num_upper_threshold(remainder, count, NUM_COUNT, units,
										scratch, poll);
	for (size_t i = 0; i < count; i++)
	{
		units -= remainder[i] > cut.remainder;
		if (i % NUM_POLL_EVERY == 0)
			poll();
	}
	for (; units > 0; cut.first++)
	{
		units -= remainder[cut.first] == cut.remainder;
		if (cut.first % NUM_POLL_EVERY == 0)
			poll();
	}
	return cut;
}

/*
 * Replaces weights, none negative, by the parts.  All of them, wherever they
 * are, are of sum total > 0, and cut says who of these gets a unit more; NULL
 * if all are here.
 */
void
num_allocate(num_i128 amount, num_i128 *value, size_t count, num_i128 total,
			 const num_cut *cut, num_u128 *scratch, num_poll poll)
{
	num_u128   *part = scratch;
	num_u128   *remainder = part + count;
	num_u128	missing = num_allocate_floors(num_u128_abs(amount), value,
											  count, total, part, remainder,
											  poll);
	num_cut		found;

	if (cut == NULL)
	{
		/* each part lacks less than a unit */
		found = find_cut(remainder, count, (size_t) missing,
						 remainder + count, poll);
		cut = &found;
	}
	for (size_t i = 0; i < count; i++)
	{
		part[i] += remainder[i] > cut->remainder ||
			(i < cut->first && remainder[i] == cut->remainder);
		value[i] = num_i128_signed(part[i], amount < 0);
		if (i % NUM_POLL_EVERY == 0)
			poll();
	}
}
