/*
 * survival.c
 *	  Tests of src/num/distribution.c, product_limit.c and log_rank.c.
 */
#include "num/distribution.h"
#include "num/log_rank.h"
#include "num/product_limit.h"
#include "tap.h"

#include <math.h>
#include <string.h>

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))

static void
no_poll(void)
{
}

static bool
near(double have, double want, double tolerance)
{
	return fabs(have - want) <= tolerance * fabs(want);
}

/* quantiles by mpmath 1.3.0, erfinv with 40 digits */
static void
test_normal(void)
{
	static const double table[][2] = {
		{0.5, 0.0},
		{0.4, 0.253347103135799741},
		{0.25, 0.674489750196081743},
		{0.1, 1.28155156554460044},
		{0.05, 1.64485362695147269},
		{0.025, 1.95996398454005421},
		{0.005, 2.57582930354890075},
		{0.0005, 3.29052673149189479},
		{1e-06, 4.75342430882289896},
		{1e-10, 6.3613409024040562},
		{5.551115123125783e-17, 8.29236107581359554}
	};

	for (int i = 0; i < COUNT(table); i++)
	{
		double		have = num_normal_upper_quantile(table[i][0]);

		check(fabs(have - table[i][1]) <= 4e-16 * fmax(1, table[i][1]),
			  "z(%g) = %.17g, not %.17g", table[i][0], have, table[i][1]);
	}
	done("quantiles of the normal distribution");
}

/* tails by mpmath 1.3.0, gammainc with 40 digits */
static void
test_chi_square(void)
{
	static const double table[][3] = {
		{16.79, 1, 0.0000417527513891978954},
		{3.39639, 1, 0.0653392704975245281},
		{0.01, 1, 0.920344325445942036},
		{3.841458820694124, 1, 0.0500000000000000574},
		{5.991464547107979, 2, 0.0500000000000000736},
		{1e-08, 2, 0.999999995000000012},
		{7.5, 3, 0.057558451972636407},
		{40.0, 4, 4.32842260712097144e-8},
		{12.25, 9, 0.199579632610923287},
		{100.0, 10, 5.44970198292052934e-17},
		{1400.0, 1, 2.1010145162642175e-306},
		{1600.0, 1500, 0.0360264467040266169},
		{950.0, 999, 0.864268182286396926},
		{2000.0, 999, 2.92492314930519634e-69}
	};

	for (int i = 0; i < COUNT(table); i++)
	{
		double		have = num_chi_square_tail(table[i][0], (int) table[i][1]);

		/* the logarithm of a term has a thousand units of the last digit */
		check(near(have, table[i][2], table[i][1] < 100 ? 2e-13 : 2e-11),
			  "Q(%g, %g) = %.17g, not %.17g",
			  table[i][0], table[i][1], have, table[i][2]);
	}
	check(num_chi_square_tail(0, 1) == 1 && num_chi_square_tail(0, 4) == 1,
		  "nothing is below 0");
	check(num_chi_square_tail(1e300, 1) == 0, "nothing is above 1e300");
	done("tails of the chi-square distribution");
}

/*
 * Quantiles by Gauss and Legendre's quadrature of the density, 64 pieces of 20
 * points, and Newton's method; 1 is tan(0.475 pi).
 */
static void
test_student(void)
{
	static const double table[][2] = {
		{1, 12.706204736174696},
		{2, 4.302652729749463},
		{3, 3.182446305283703},
		{10, 2.2281388519862624},
		{30, 2.04227245630129},
		{100, 1.9839715185237725},
		{400, 1.9659123432294883},
		{401, 1.9658974653370986}
	};

	for (int i = 0; i < COUNT(table); i++)
	{
		double		have = num_student_upper_quantile(0.025,
													  (int) table[i][0]);

		check(near(have, table[i][1], table[i][0] > 400 ? 1e-10 : 1e-11),
			  "t(%g) = %.17g, not %.17g",
			  table[i][0], have, table[i][1]);
	}
	check(near(num_student_upper_quantile(0.025, 1000000000),
			   NUM_NORMAL_975, 1e-8), "the limit is the normal distribution");
	check(num_student_upper_quantile(0.5, 3) < 1e-15, "the median is 0");
	done("quantiles of Student's distribution");
}

/* Without censoring, the estimate is the part that is left. */
static void
test_product_limit(void)
{
	for (int n = 1; n <= 3000; n = n * 3 / 2 + 1)
	{
		num_product_limit estimate;
		int			left = n;

		num_product_limit_begin(&estimate);
		while (left > 0)
		{
			int			events = 1 + (int) random_below(left < 5 ? left : 5);
			num_survival now = num_product_limit_step(&estimate, left, events);
			double		part;

			left -= events;
			part = (double) left / n;
			check(now.survival == part, "%d of %d: %.17g", left, n,
				  now.survival);
			check(now.has_error == (left > 0), "%d of %d has an error", left,
				  n);
			/* Greenwood's variance is then the binomial one */
			if (left > 0)
				check(near(now.std_error,
						   sqrt((double) left * (n - left) / n) / n, 1e-15),
					  "%d of %d: error %.17g", left, n, now.std_error);
		}
	}
	done("product-limit estimate without censoring, exactly");
}

/* With two groups the statistic is (O - E)^2 / V of either. */
static void
test_log_rank(void)
{
	for (int turn = 0; turn < 300; turn++)
	{
		num_double2 expected[2] = {{0, 0}, {0, 0}};
		num_double2 covariance[4] = {{0, 0}, {0, 0}, {0, 0}, {0, 0}};
		num_log_rank test = {2, expected, covariance};
		double		work[NUM_LOG_RANK_WORK(2)];
		int64_t		at_risk[2] = {1 + random_below(40), 1 + random_below(40)};
		int64_t		observed[2] = {0, 0};
		long double difference = 0;
		long double variance = 0;
		double		have;
		int			df;

		while (at_risk[0] + at_risk[1] > 0)
		{
			long double n = at_risk[0] + at_risk[1];
			int64_t		d[2];
			long double all;

			d[0] = random_below(at_risk[0] < 3 ? at_risk[0] + 1 : 3);
			d[1] = random_below(at_risk[1] < 3 ? at_risk[1] + 1 : 3);
			all = d[0] + d[1];
			if (all > 0)
			{
				num_log_rank_add(&test, at_risk, d[0] + d[1], no_poll);
				difference += d[0] - all * at_risk[0] / n;
				if (n > 1)
					variance += all * (n - all) / (n - 1) * at_risk[0] / n *
						at_risk[1] / n;
			}
			for (int i = 0; i < 2; i++)
			{
				observed[i] += d[i];
				at_risk[i] -= d[i];
				if (at_risk[i] > 0)
					at_risk[i] -= random_below(2);	/* censored */
			}
		}
		have = num_log_rank_statistic(&test, observed, work, &df, no_poll);
		check(df == (variance > 0 ? 1 : 0), "df %d", df);
		if (variance > 0)
			check(near(have, difference * difference / variance, 1e-12) ||
				  fabs(have) < 1e-25, "%.17g", have);
	}
	done("log-rank statistic of two groups");
}

int
main(void)
{
	test_normal();
	test_chi_square();
	test_student();
	test_product_limit();
	test_log_rank();
	return finish();
}
