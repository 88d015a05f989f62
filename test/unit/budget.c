/*
 * budget.c
 *	  Tests of src/num/budget.c: a published split, the conditions of an
 *	  optimum, and other splits, which must not be better.
 */
#include "num/budget.h"
#include "tap.h"

#include <math.h>
#include <string.h>

#define MOST 12

static void
no_poll(void)
{
}

static double
chance(void)
{
	return (double) (random_word() >> 11) / 9007199254740992.0;
}

static double
response(const num_channel *channel, const double *spend, int count)
{
	double		sum = 0;

	for (int i = 0; i < count; i++)
		sum += channel[i].capacity * spend[i] / (channel[i].half + spend[i]);
	return sum;
}

static void
test_published(void)
{
	/* 100 x / (5 + x) and 50 x / (20 + x), 100 in all: the closed form */
	num_channel channel[2] = {{100, 5, 0, 100}, {50, 20, 0, 100}};
	double		spend[2];

	num_budget(channel, 2, 100, spend, no_poll);
	check(fabs(spend[0] - 46.776695296636895) < 1e-13, "%.17g", spend[0]);
	check(fabs(spend[1] - 53.223304703363105) < 1e-13, "%.17g", spend[1]);
	check(fabs(response(channel, spend, 2) - 126.68629150101523) < 1e-13,
		  "response");
	done("num_budget: two channels");
}

/* What moves from one channel to another gains nothing. */
static void
check_moves(const num_channel *channel, const double *spend, int count)
{
	static const double moves[] = {0.001, 0.05, 0.3, 2, 15, 110};
	double		best = response(channel, spend, count);

	for (int i = 0; i < count; i++)
		for (int j = 0; j < count; j++)
			for (int m = 0; m < 6; m++)
			{
				double		other[MOST];

				memcpy(other, spend, count * sizeof(double));
				other[i] += moves[m];
				other[j] -= moves[m];
				if (i != j && other[i] <= channel[i].high &&
					other[j] >= channel[j].low)
					check(response(channel, other, count) <=
						  best * (1 + 1e-12), "%g to %d is better", moves[m],
						  i);
			}
}

static void
test_optimum(void)
{
	for (int trial = 0; trial < 500; trial++)
	{
		int			count = 1 + (int) random_below(MOST);
		num_channel channel[MOST];
		double		spend[MOST];
		double		low = 0;
		double		high = 0;
		double		sum = 0;
		double		total;

		for (int i = 0; i < count; i++)
		{
			channel[i].capacity = exp(10 * chance() - 3);
			channel[i].half = exp(10 * chance() - 3);
			channel[i].low = random_below(2) ? 50 * chance() : 0;
			channel[i].high = channel[i].low + 200 * chance();
			low += channel[i].low;
			high += channel[i].high;
		}
		total = low + (high - low) * chance();
		num_budget(channel, count, total, spend, no_poll);
		for (int i = 0; i < count; i++)
		{
			sum += spend[i];
			check(spend[i] >= channel[i].low && spend[i] <= channel[i].high,
				  "bounds");
		}
		check(fabs(sum - total) < 1e-10 * (1 + total), "%.17g of %.17g", sum,
			  total);
		check_moves(channel, spend, count);
	}
	done("num_budget: no other split within the bounds is better");
}

int
main(void)
{
	test_published();
	test_optimum();
	return finish();
}
