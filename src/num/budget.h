/*
 * budget.h
 *	  The best split of a budget over channels whose response saturates.
 */
#ifndef NUM_BUDGET_H
#define NUM_BUDGET_H

#include <stddef.h>

#include "num/poll.h"

/* a channel's response is capacity * x / (half + x) for low <= x <= high */
typedef struct num_channel
{
	double		capacity;
	double		half;
	double		low;
	double		high;
} num_channel;

extern void num_budget(const num_channel *channel, size_t count, double total,
					   double *spend, num_poll poll);

#endif							/* NUM_BUDGET_H */
