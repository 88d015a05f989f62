/*
 * shapley.c
 *	  Tests of src/num/shapley.c: a published game, and the mean over all
 *	  orders in which players come.
 */
#include "num/shapley.h"
#include "tap.h"

#include <math.h>
#include <string.h>

#define MOST 6

static void
no_poll(void)
{
}

static double
factorial(int n)
{
	return n <= 1 ? 1 : n * factorial(n - 1);
}

/* All orders by recursion: the players before, and what they are worth. */
static void
walk(int players, int left, const double *worth, int set, double *sum)
{
	for (int c = 0; c < players; c++)
		if (!(set >> c & 1))
		{
			int			more = set | 1 << c;

			/* so many orders begin with these players in this order */
			sum[c] += (worth[more] - worth[set]) * factorial(left - 1);
			walk(players, left - 1, worth, more, sum);
		}
}

static void
test_published(void)
{
	/* tomgorb/misc, a notebook's table of worth: F, O, L as bits */
	double		worth[8] = {0, 0.2, 0.1, 0.47, 0.17, 0.67, 0.27, 1.0};
	double		base[8] = {0, 1, 1, 1, 1, 1, 1, 1};
	double		shapley[3];

	num_shapley_rate(3, worth, base, shapley, no_poll);
	check(fabs(shapley[0] - 0.455) < 1e-15, "F %.17g", shapley[0]);
	check(fabs(shapley[1] - 0.205) < 1e-15, "O %.17g", shapley[1]);
	check(fabs(shapley[2] - 0.34) < 1e-15, "L %.17g", shapley[2]);
	done("num_shapley_rate: a published game of three");
}

static void
test_orders(void)
{
	for (int players = 1; players <= MOST; players++)
	{
		double		gain[1 << MOST];
		double		base[1 << MOST];
		double		worth[1 << MOST];
		double		shapley[MOST];
		double		sum[MOST] = {0};

		for (int set = 0; set < 1 << players; set++)
		{
			base[set] = set == 0 ? 0 : (double) random_below(5);
			gain[set] = base[set] == 0 ? 0 : (double) random_below(100);
			worth[set] = base[set] == 0 ? 0 : gain[set] / base[set];
		}
		num_shapley_rate(players, gain, base, shapley, no_poll);
		walk(players, players, worth, 0, sum);
		for (int c = 0; c < players; c++)
			check(fabs(shapley[c] - sum[c] / factorial(players)) <
				  1e-12 * (1 + fabs(shapley[c])), "%d of %d: %.17g for %.17g",
				  c, players, shapley[c], sum[c] / factorial(players));
	}
	done("num_shapley_rate: the mean over all orders");
}

static void
test_subsets(void)
{
	double		sum[1 << MOST];
	double		own[1 << MOST];

	for (int set = 0; set < 1 << MOST; set++)
		sum[set] = own[set] = (double) random_below(1000);
	num_subset_sums(MOST, sum, no_poll);
	for (int set = 0; set < 1 << MOST; set++)
	{
		double		want = 0;

		for (int other = 0; other < 1 << MOST; other++)
			if ((other & set) == other)
				want += own[other];
		check(sum[set] == want, "%d: %g for %g", set, sum[set], want);
	}
	done("num_subset_sums: the sum over subsets");
}

int
main(void)
{
	test_published();
	test_orders();
	test_subsets();
	return finish();
}
