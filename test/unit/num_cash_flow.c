/*
 * num_cash_flow.c
 *	  Tests of src/num_cash_flow.c with flows made from their own rates.
 *
 * The flows are the coefficients of a product of (1 - v * (1 + rate)), v being
 * 1 / (1 + rate), so that they are worth nothing at these rates and no other.
 * Scratch memory is allocated to the byte that the header asks for, so that
 * the address sanitizer sees a write beyond it.
 */
#include "num_cash_flow.h"
#include "tap.h"

#include <math.h>
#include <stdint.h>

#define MOST_FLOWS 400
#define MANY_FLOWS 100

static long polls = 0;

static void
count_poll(void)
{
	polls++;
}

/* A number from 0 to below 1, the same on every machine. */
static double
chance(void)
{
	static uint64_t state = 20261122;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (double) (state >> 11) / 9007199254740992.0;
}

static size_t
find(const double *amount, const double *time, size_t count, double *root)
{
	double	   *work = malloc(NUM_IRR_WORK(count) * sizeof(double));
	double	   *found = malloc(count * sizeof(double));
	size_t		roots = num_irr_roots(amount, time, count, found, work,
									  count_poll);

	for (size_t i = 0; i < roots; i++)
		root[i] = found[i];
	free(found);
	free(work);
	return roots;
}

static void
test_made_flows(void)
{
	for (int trial = 0; trial < 2000; trial++)
	{
		double		rate[6];
		double		amount[7] = {1};
		double		time[7];
		double		root[7];
		size_t		rates = 1 + trial % 6;
		size_t		roots;

		/* ascending, and no two nearer than a tenth */
		for (size_t i = 0; i < rates; i++)
			rate[i] = (i == 0 ? -0.8 : rate[i - 1]) + 0.1 + chance() * 0.5;
		for (size_t i = 0; i < rates; i++)
		{
			amount[i + 1] = 0;
			for (size_t j = i + 1; j > 0; j--)
				amount[j] -= amount[j - 1] * (1 + rate[i]);
		}
		for (size_t i = 0; i <= rates; i++)
			time[i] = i;
		roots = find(amount, time, rates + 1, root);
		check(roots == rates, "%d rates, %d found", (int) rates, (int) roots);
		for (size_t i = 0; i < roots && i < rates; i++)
			check(fabs(root[i] - rate[i]) < 1e-7, "%.12g found for %.12g",
				  root[i], rate[i]);
	}
	done("num_irr_roots: every rate of flows made from them, ascending");
}

static void
test_two_flows(void)
{
	for (int i = 0; i < 1000; i++)
	{
		double		amount[2] = {-exp(10 * chance()), exp(10 * chance())};
		double		time[2] = {0, 0.01 + 50 * chance()};
		double		want = pow(-amount[1] / amount[0], 1 / time[1]) - 1;
		double		root[2];
		size_t		roots = find(amount, time, 2, root);

		/* a rate too large to be a number is none */
		if (!isfinite(want) || want > 1e100)
			continue;
		check(roots == 1 && fabs(root[0] - want) <= 1e-9 * (1 + fabs(want)),
			  "%d rates, %.12g for %.12g", (int) roots, root[0], want);
	}
	done("num_irr_roots: two flows at any distance have a closed form");
}

static void
test_loan(void)
{
	double		amount[MOST_FLOWS];
	double		time[MOST_FLOWS];
	double		root[MOST_FLOWS];

	/* the payment that repays 1 at a rate over n periods */
	for (int i = 1; i <= 60; i++)
	{
		double		rate = i * 0.002;
		size_t		count = 2 + (i * 6) % (MOST_FLOWS - 2);

		amount[0] = -1;
		for (size_t j = 1; j < count; j++)
			amount[j] = rate / (1 - pow(1 + rate, -(double) (count - 1)));
		for (size_t j = 0; j < count; j++)
			time[j] = j;
		check(find(amount, time, count, root) == 1 &&
			  fabs(root[0] - rate) < 1e-12, "%.15g for %.15g", root[0], rate);
	}
	done("num_irr_roots: loans repaid by equal payments");
}

/* More sign changes than are followed exactly. */
static void
test_many_changes(void)
{
	double		amount[MANY_FLOWS];
	double		time[MANY_FLOWS];
	double		root[MANY_FLOWS];

	for (int trial = 0; trial < 30; trial++)
	{
		size_t		roots;

		for (size_t i = 0; i < MANY_FLOWS; i++)
		{
			amount[i] = chance() * 2 - 1;
			time[i] = i;
		}
		roots = find(amount, time, MANY_FLOWS, root);
		check(roots < MANY_FLOWS, "%d rates", (int) roots);
		for (size_t i = 0; i < roots; i++)
		{
			long double worth = 0;
			long double size = 0;

			for (size_t j = 0; j < MANY_FLOWS; j++)
			{
				long double part = amount[j] * powl(1 + root[i], -time[j]);

				worth += part;
				size += fabsl(part);
			}
			check(fabsl(worth) <= 1e-9 * size, "worth %g of %g at %.12g",
				  (double) worth, (double) size, root[i]);
			if (i > 0)
				check(root[i] > root[i - 1], "%.12g after %.12g", root[i],
					  root[i - 1]);
		}
	}
	check(polls > 0, "never polled");
	done("num_irr_roots: at every rate found the flows are worth nothing");
}

/* A rate far from all others: -1 + 10^n v - v^2 + v^3 - ... has one zero. */
static void
test_far_rate(void)
{
	double		amount[MANY_FLOWS];
	double		time[MANY_FLOWS];
	double		root[MANY_FLOWS];

	for (int n = 3; n <= 30; n++)
		for (int turned = 0; turned < 2; turned++)
		{
			double		far = pow(10, n);
			double		want = turned ? 1 / far - 1 : far - 1;

			for (int i = 0; i < MANY_FLOWS; i++)
			{
				amount[turned ? MANY_FLOWS - 1 - i : i] = i % 2 ? 1 : -1;
				time[i] = i;
			}
			amount[turned ? MANY_FLOWS - 2 : 1] = far;
			check(find(amount, time, MANY_FLOWS, root) == 1 &&
				  fabs(root[0] - want) <= 2.0 / far + 1e-9 * fabs(want),
				  "%.12g for %.12g", root[0], want);
		}
	done("num_irr_roots: rates as far out as 10^30 and its inverse");
}

static void
test_sign_changes(void)
{
	static const double amount[] = {-1, -2, 3, -4, 5, 6};

	check(num_sign_changes(amount, 6) == 3, "of six");
	check(num_sign_changes(amount, 2) == 0, "of two alike");
	check(num_sign_changes(amount, 1) == 0, "of one");
	done("num_sign_changes");
}

int
main(void)
{
	test_sign_changes();
	test_made_flows();
	test_two_flows();
	test_loan();
	test_many_changes();
	test_far_rate();
	return finish();
}
