/*
 * budget.c
 *	  The best split of a budget over channels whose response saturates.
 *
 * The response c x / (h + x) has the marginal response c h / (h + x)^2.  At
 * the optimum it is the same number lambda for all channels within their
 * bounds, so that x = sqrt(c h / lambda) - h there; one at its upper bound has
 * more, one at its lower bound less (Karush, Kuhn and Tucker).  With the level
 * m = 1 / sqrt(lambda), the split x = sqrt(c h) m - h, cut at the bounds,
 * grows with m: the level at which it sums to the budget is found among all
 * doubles, by halving, and so to the last bit.
 */
#include "num/budget.h"

#include <math.h>

#include "num/sort.h"

static double
SpendAt(const num_channel *channel, double level)
{
	double		spend = sqrt(channel->capacity) * sqrt(channel->half) * level -
	channel->half;

	/* infinity less infinity is no number, and means the upper bound */
	if (!(spend < channel->high))
		return channel->high;
	return spend > channel->low ? spend : channel->low;
}

static double
SumAt(const num_channel *channel, size_t count, double level)
{
	double		sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += SpendAt(&channel[i], level);
	return sum;
}

/* The best split, as exact as doubles are; the bounds allow one. */
void
num_budget(const num_channel *channel, size_t count, double total,
		   double *spend, num_poll poll)
{
	uint64_t	low = num_key_from_double(0);
	uint64_t	high = num_key_from_double(INFINITY);

	while (high - low > 1)
	{
		uint64_t	middle = low + (high - low) / 2;

		if (SumAt(channel, count, num_double_from_key(middle)) <= total)
			low = middle;
		else
			high = middle;
		poll();
	}
	for (size_t i = 0; i < count; i++)
		spend[i] = SpendAt(&channel[i], num_double_from_key(low));
}
