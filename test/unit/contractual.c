/*
 * contractual.c
 *	  Tests of src/num/contractual.c against mpmath (clv_reference.h).
 */
#include "num/contractual.h"
#include "tap.h"

#include <math.h>

#include "clv_reference.h"

#define ROWS(table) (sizeof(table) / sizeof(table[0]))

static void
no_poll(void)
{
}

/* What is below the least double's size is as good as 0. */
static bool
near(double have, double want, double tolerance)
{
	return fabs(have - want) <= tolerance * fabs(want) + 1e-300;
}

static void
test_retention(void)
{
	for (size_t i = 0; i < ROWS(retention_table); i++)
	{
		num_contractual m = {retention_table[i].alpha, retention_table[i].beta,
		retention_table[i].c};
		double		have = num_contractual_retention(&m, retention_table[i].t);
		double		want = retention_table[i].rate;

		/* a rate near 0 is e to a large power, of as many digits less */
		check(near(have, want, 1e-14 * (1 - log(fmax(want, 1e-300)))),
			  "alpha %g beta %g c %g t %.0f: %.17g, not %.17g", m.alpha, m.beta,
			  m.c, retention_table[i].t, have, want);
	}
	done("retention rates equal those of mpmath, at any parameters");

	for (int exponent = -300; exponent <= 300; exponent += 10)
	{
		double		share = pow(10, exponent);
		num_contractual m = {share, share, 1};

		check(num_contractual_retention(&m, 1) == 0.5, "sbg of twice %g", share);
		m.c = 1.7;
		check(num_contractual_retention(&m, 1) == 0.5, "bdw of twice %g", share);
	}
	done("half of the customers renew first where alpha is beta");
}

static void
test_residual(void)
{
	for (size_t i = 0; i < ROWS(residual_table); i++)
	{
		num_contractual m = {residual_table[i].alpha, residual_table[i].beta, 1};
		double		have;

		have = num_contractual_residual(&m, residual_table[i].t,
										residual_table[i].discount, no_poll);
		check(near(have, residual_table[i].periods, 1e-11),
			  "alpha %g beta %g t %.0f discount %g: %.17g, not %.17g", m.alpha,
			  m.beta, residual_table[i].t, residual_table[i].discount, have,
			  residual_table[i].periods);
	}
	done("residual lifetimes equal those of mpmath, from the first period to the last");
}

/* The lifetime from t on is a renewal, and the lifetime from t + 1 on. */
static void
test_recursion(void)
{
	for (int i = 0; i < 300; i++)
	{
		num_contractual m = {pow(10, (int) random_below(14) - 7),
		pow(10, (int) random_below(14) - 7), 0.3 + random_below(20) * 0.1};
		double		t = 1 + random_below(i % 2 ? 10 : 2147483646);
		double		discount = pow(10, -1 - (int) random_below(4));
		double		here = num_contractual_residual(&m, t, discount, no_poll);
		double		next = num_contractual_residual(&m, t + 1, discount, no_poll);
		double		renews = num_contractual_retention(&m, t);

		check(near(here, renews * (1 + next / (1 + discount)), 1e-10),
			  "alpha %g beta %g c %g t %.0f discount %g: %.17g, not %.17g",
			  m.alpha, m.beta, m.c, t, discount, here,
			  renews * (1 + next / (1 + discount)));
	}
	done("the lifetime is a renewal and the lifetime after it, of bdw too");
}

int
main(void)
{
	test_retention();
	test_residual();
	test_recursion();
	return finish();
}
