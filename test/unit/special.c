/*
 * special.c
 *	  Tests of src/num/special.c against mpmath (clv_reference.h).
 */
#include "num/special.h"

#include <float.h>
#include <math.h>

#include "clv_reference.h"
#include "simulate.h"

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

static void
test_gamma(void)
{
	for (int i = 0; i < COUNT(gamma_derivatives_table); i++)
	{
		double		x = gamma_derivatives_table[i].x;
		double		want = gamma_derivatives_table[i].digamma;
		double		have = num_digamma(x);

		/* near its zero at 1.46 in absolute terms */
		check(fabs(have - want) <= 2e-15 * fmax(1, fabs(want)),
			  "digamma(%.17g) = %.17g, not %.17g", x, have, want);
		want = gamma_derivatives_table[i].trigamma;
		have = num_trigamma(x);
		check(near(have, want, 2e-14), "trigamma(%.17g) = %.17g, not %.17g",
			  x, have, want);
	}
	done("digamma and trigamma from 1e-9 to 1e15");

	for (int i = 0; i < COUNT(gamma_ratio_table); i++)
	{
		double		x = gamma_ratio_table[i].x;
		double		d = gamma_ratio_table[i].d;
		double		want = gamma_ratio_table[i].logarithm;
		double		have = num_log_gamma_ratio(x, d);

		/* the terms of small differences are of the size of d */
		check(fabs(have - want) <=
			  2e-15 * (fabs(want) + fmin(d, 1)) + 1e-17,
			  "ln G(%.17g + %.17g) / G = %.17g, not %.17g", x, d, have, want);
	}
	done("ratios of gamma functions, without loss of digits");

	for (int i = 0; i < 10000; i++)
	{
		double		x = random_power(-5, 5);

		check(fabs(num_digamma(x + 1) - num_digamma(x) - 1 / x) <=
			  1e-14 * fmax(fabs(num_digamma(x)), 1 / x),
			  "digamma(%.17g + 1)", x);
		check(fabs(num_trigamma(x) - num_trigamma(x + 1) - 1 / (x * x)) <=
			  1e-14 * num_trigamma(x), "trigamma(%.17g + 1)", x);
	}
	done("digamma and trigamma keep their recurrences");
}

static void
test_exp_integral(void)
{
	for (int i = 0; i < COUNT(exp_integral_table); i++)
	{
		double		have = num_scaled_exp_integral(exp_integral_table[i].order,
												   exp_integral_table[i].x);

		check(near(have, exp_integral_table[i].value, 2e-13),
			  "order %.17g at %g: %.17g, not %.17g",
			  exp_integral_table[i].order, exp_integral_table[i].x, have,
			  exp_integral_table[i].value);
	}
	done("exponential integrals of order 0 to 5001 at 1e-10 to 1e6");

	/* across the borders between the ways to compute it */
	for (int i = 0; i < 20000; i++)
	{
		double		order = i % 2 ? random_power(-3, 3.7) :
		random_between(0, 12);
		double		x = i % 3 ? random_between(0.9, 1.1) : random_power(-9, 6);
		double		here = num_scaled_exp_integral(order, x);
		double		next = num_scaled_exp_integral(order + 1, x);

		/* 5.1.14, and 5.1.19: 1 / (x + n) < e^x E_n(x) <= 1 / (x + n - 1) */
		check(fabs(order * next + x * here - 1) <= 1e-12,
			  "recurrence at order %.17g, %.17g: %.17g, %.17g", order, x,
			  here, next);
		check(here * (x + order) >= 1 - 1e-13 &&
			  (x + order <= 1 || here * (x + order - 1) <= 1 + 1e-13),
			  "order %.17g at %.17g: %.17g", order, x, here);
	}
	done("exponential integrals keep recurrence and bounds");
}

static void
test_negative_binomial(void)
{
	for (int i = 0; i < COUNT(negative_binomial_table); i++)
	{
		double		n = negative_binomial_table[i].n;
		double		r = negative_binomial_table[i].r;
		double		alpha = negative_binomial_table[i].alpha;
		double		t = negative_binomial_table[i].t;
		double		want = negative_binomial_table[i].logarithm;
		double		have = num_log_negative_binomial(n, r, alpha, t);

		check(fabs(have - want) <= 1e-12 * fmax(1, fabs(want)),
			  "ln P(%g) for %g, %g, %g: %.17g, not %.17g", n, r, alpha, t,
			  have, want);
		want = negative_binomial_table[i].tail;
		have = num_negative_binomial_tail(n, r, alpha, t, no_poll);
		check(fabs(have - want) <= 1e-11 * want + 1e-15,
			  "P(>= %g) for %g, %g, %g: %.17g, not %.17g", n, r, alpha, t,
			  have, want);
	}
	done("negative binomial probabilities and tails");

	/* 1 - z^r (1 - z)^n / (r B(r, n)) 2F1(r + n, 1; r + 1; z) by mpmath */
	check(fabs(num_negative_binomial_tail(2147483647, 0.243, 4.414, 1e12, no_poll) -
			   0.6455749069897327) < 1e-14, "2147483647 of 5.5e10");
	check(fabs(num_negative_binomial_tail(1e9, 500, 1, 2e6, no_poll) -
			   0.4940528582888053) < 1e-11, "1e9 of 1e9");
	done("tails of a thousand million events, without as many terms");

	/* the same by mpmath, with 50 digits */
	check(near(num_negative_binomial_tail(500, 1e-9, 1e-4, 1e6, no_poll),
			   1.6235027418983339e-8, 1e-12), "500 of next to nobody");
	check(near(num_negative_binomial_tail(5, 1e-6, 1e-6, 1e6, no_poll),
			   2.5547362154990752e-5, 1e-12), "5 of a few with no limit");
	check(near(num_negative_binomial_tail(3, 1e-4, 1e-6, 1e4, no_poll),
			   0.0021502761794029143, 1e-12), "3 of a few");
	done("tails of a small r keep their digits");

	check(num_log_negative_binomial(0, 1, 1, 0) == 0, "P(0) at time 0");
	check(num_log_negative_binomial(1, 1, 1, 0) == -INFINITY,
		  "P(1) at time 0");
	check(num_negative_binomial_tail(0, 1, 1, 0, no_poll) == 1, "P(>= 0) at time 0");
	check(num_negative_binomial_tail(1, 1, 1, 0, no_poll) == 0, "P(>= 1) at time 0");
	done("at time 0 nothing has happened");
}

static void
test_small(void)
{
	check(num_log_sum_exp(-INFINITY, -INFINITY) == -INFINITY, "no branch");
	check(num_log_sum_exp(-INFINITY, 3) == 3, "one branch");
	check(num_log_sum_exp(3, -INFINITY) == 3, "the other branch");
	check(near(num_log_sum_exp(1000, 1000), 1000 + log(2), 1e-15), "1000");
	check(near(num_log_sum_exp(-1000, -1000), -1000 + log(2), 1e-15),
		  "-1000");
	check(num_log_sum_exp(0, -800) == 0, "one of 0 and -800 alone");
	done("ln(e^a + e^b)");

	for (int i = 0; i < 1000; i++)
	{
		double		log_ratio = -random_power(-8, 2);
		double		power = random_between(-3, 3) * 1e-9;

		check(near(num_box_cox(power, log_ratio), -log_ratio *
				   (1 + power * log_ratio / 2), 1e-13),
			  "power %g of %g", power, log_ratio);
	}
	check(num_box_cox(0, -2) == 2, "power 0");
	done("(1 - e^(power * log_ratio)) / power through power 0");
}

/* the density of a beta distribution, whose integral is 1 */
static double
beta_density(double log_x, double log_rest, void *arg, double *factor)
{
	const double *a = arg;

	factor[1] = exp(log_x);		/* its mean */
	factor[2] = -log_rest;		/* psi(a + b) - psi(b) */
	return a[0] * log_x + a[1] * log_rest - a[2];
}

static double
beta_density_alone(double log_x, double log_rest, void *arg, double *factor)
{
	double		ignored[3];

	(void) factor;
	return beta_density(log_x, log_rest, arg, ignored);
}

static void
test_quadrature(void)
{
	for (int i = 0; i < 3000; i++)
	{
		double		a = random_power(-8, 4);
		double		b = random_power(-8, 4);
		double		arg[3] = {a, b, lgamma(a) + lgamma(b) - lgamma(a + b)};
		double		width = fmin(3, sqrt(1 / a + 1 / b));
		double		result[3];
		double		want = num_digamma(a + b) - num_digamma(b);

		num_integrate_all(beta_density, arg, log(a / b), width, 3, result, no_poll);
		check(near(result[0], 1, 1e-9), "beta(%.17g, %.17g): %.17g, not 1",
			  a, b, result[0]);
		check(near(result[1], a / (a + b), 1e-9),
			  "beta(%.17g, %.17g): mean %.17g, not %.17g", a, b, result[1],
			  a / (a + b));
		/* of a small difference of two of psi no more is known */
		check(fabs(result[2] - want) <=
			  1e-8 * want + 4e-15 * fmax(1, fabs(num_digamma(b))),
			  "beta(%.17g, %.17g): %.17g, not %.17g", a, b, result[2], want);
		/* not told where the peak is */
		if (a < 30 && b < 30)
		{
			result[0] = num_integrate_unit(beta_density_alone, arg, 0, 10, no_poll);
			check(near(result[0], 1, 1e-9),
				  "beta(%.17g, %.17g) from afar: %.17g", a, b, result[0]);
		}
	}
	done("integrals of beta densities with parameters of 1e-8 to 1e4");
}

static long terms = 0;			/* since the last poll */
static long most_terms = 0;

static void
count_terms(void)
{
	most_terms = terms > most_terms ? terms : most_terms;
	terms = 0;
}

/* Nothing that a rule of ten or of a million points would agree on. */
static double
noise(double log_x, double log_rest, void *arg, double *factor)
{
	(void) log_x, (void) log_rest, (void) factor;
	terms++;
	return *(double *) arg * (double) random_below(1000);
}

static void
test_polls(void)
{
	double		strength[] = {1, 1e300, NAN, INFINITY, -INFINITY};

	for (int i = 0; i < 5; i++)
	{
		terms = 0;
		(void) num_integrate_unit(noise, &strength[i], 0, 10, count_terms);
		count_terms();
		check(most_terms <= 2048, "%ld terms of noise of %g without a poll",
			  most_terms, strength[i]);
	}
	check(most_terms > 100, "not a poll was counted");
	done("num_integrate_all polls, whatever the integrand");
}

int
main(void)
{
	test_gamma();
	test_exp_integral();
	test_negative_binomial();
	test_small();
	test_quadrature();
	test_polls();
	return finish();
}
