/*
 * shapley.h
 *	  Shapley values of a game whose worth is a rate.
 */
#ifndef NUM_SHAPLEY_H
#define NUM_SHAPLEY_H

#include <stddef.h>

#include "num/poll.h"

/* players at most: all their sets are looked at */
#define NUM_SHAPLEY_PLAYERS 20

extern void num_subset_sums(int players, double *sum, num_poll poll);
extern void num_shapley_rate(int players, double *gain, const double *base,
							 double *shapley, num_poll poll);

#endif							/* NUM_SHAPLEY_H */
