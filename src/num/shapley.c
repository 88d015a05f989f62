/*
 * shapley.c
 *	  Shapley values of a game whose worth is a rate.
 *
 * A set of players is a number whose bits they are.  The worth v of set S is
 * gain[S] / base[S], and 0 where nobody is.  The value of player c among n is
 * (Shapley 1953)
 *
 *	  sum over S without c of |S|! (n - 1 - |S|)! / n! (v(S + c) - v(S))
 */
#include "num/shapley.h"

/* Adds to the number of each set those of all sets within it. */
void
num_subset_sums(int players, double *sum, num_poll poll)
{
	size_t		sets = (size_t) 1 << players;

	for (size_t bit = 1; bit < sets; bit <<= 1)
	{
		poll();
		for (size_t first = bit; first < sets; first += 2 * bit)
			for (size_t set = first; set < first + bit; set++)
				sum[set] += sum[set - bit];
	}
}

/*
 * The values of all players, from gain and base of all sets; the gains are
 * replaced by the sets' worth.
 */
void
num_shapley_rate(int players, double *gain, const double *base,
				 double *shapley, num_poll poll)
{
	size_t		sets = (size_t) 1 << players;
	double		weight[NUM_SHAPLEY_PLAYERS];	/* by the size of the set */
	double	   *worth = gain;

	for (size_t set = 0; set < sets; set++)
	{
		worth[set] = base[set] > 0 ? gain[set] / base[set] : 0;
		if (set % NUM_POLL_EVERY == 0)
			poll();
	}
	/* 1 / n, then times s / (n - s) for each member more */
	weight[0] = 1.0 / players;
	for (int s = 1; s < players; s++)
		weight[s] = weight[s - 1] * s / (players - s);
	for (int c = 0; c < players; c++)
	{
		size_t		bit = (size_t) 1 << c;
		double		sum[NUM_SHAPLEY_PLAYERS] = {0};

		for (size_t first = 0; first < sets; first += 2 * bit)
			for (size_t set = first; set < first + bit; set++)
				sum[__builtin_popcountl(set)] += worth[set + bit] - worth[set];
		poll();
		shapley[c] = 0;
		for (int s = 0; s < players; s++)
			shapley[c] += weight[s] * sum[s];
	}
}
