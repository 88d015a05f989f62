/*
 * num_purchases.c
 *	  Tests of src/num_bgnbd.c and src/num_pareto_nbd.c: what must hold for any
 *	  parameters and any customer.
 */
#include "num_purchases.h"
#include "num_special.h"
#include "tap.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))

static const num_purchase_model *const models[] = {
	&num_bgnbd, &num_mbgnbd, &num_pareto_nbd
};

static void
no_poll(void)
{
}

static double
random_between(double low, double high)
{
	return low + (high - low) * (random_word() >> 11) * 0x1p-53;
}

static double
random_power(double low, double high)
{
	return pow(10, random_between(low, high));
}

/* Parameters between 10^low and 10^high; some equal, some exactly 1. */
static void
random_parameters(double low, double high, double *p)
{
	for (int i = 0; i < 4; i++)
		p[i] = random_below(8) == 0 ? 1 : random_power(low, high);
	if (random_below(8) == 0)
		p[3] = p[1];
	if (random_below(8) == 0)
		p[3] = 1 - fmin(p[2], 0.999);
}

static num_customer
random_customer(double longest)
{
	static const double frequency[] = {0, 0, 1, 1, 2, 3, 7, 30, 300, 5000};
	num_customer c = {frequency[random_below(COUNT(frequency))], 0, 0};

	c.T = random_power(-2, longest);
	if (c.x > 0)
		c.t_x = c.T * (random_below(4) == 0 ? 1 :
					   random_below(3) == 0 ? random_power(-6, 0) :
					   random_between(0, 1));
	return c;
}

#define CASE "%s(%.17g, %.17g, %.17g, %.17g) of %g, %.17g, %.17g: "
#define CASE_VALUES(model, p, c) \
	(model)->name, (p)[0], (p)[1], (p)[2], (p)[3], (c).x, (c).t_x, (c).T

static void
log_likelihood(const num_purchase_model *model, const double *p,
			   num_customer c, num_jet *jet)
{
	num_observation row = {{c.x, c.t_x, c.T}, 1, 0};
	num_sample	sample = {&row, 1, NULL, 0, no_poll};

	memset(jet, 0, sizeof(*jet));
	model->log_likelihood(&sample, p, jet);
}

/* Whatever the parameters and the customer, nothing is NaN or infinite. */
static void
test_domain(const num_purchase_model *model, double low, double high)
{
	static const double horizon[] = {0, 1e-3, 0.1, 1, 30, 1e3, 1e4, 1e6};
	char		description[80];

	for (int i = 0; i < 3000; i++)
	{
		double		p[4];
		num_customer c = random_customer(4.5);
		num_jet		jet;
		double		alive;
		double		before = 0;

		random_parameters(low, high, p);
		alive = model->p_alive(p, &c);
		check(alive >= 0 && alive <= 1, CASE "p_alive %g",
			  CASE_VALUES(model, p, c), alive);
		for (int k = 0; k < COUNT(horizon); k++)
		{
			double		expected = model->expected(p, horizon[k], &c);

			check(isfinite(expected) && expected >= 0, CASE "%g in %g",
				  CASE_VALUES(model, p, c), expected, horizon[k]);
			check(expected >= before * (1 - 1e-10), CASE "%g in %g, %g before",
				  CASE_VALUES(model, p, c), expected, horizon[k], before);
			before = expected;
		}
		log_likelihood(model, p, c, &jet);
		check(isfinite(jet.value), CASE "log-likelihood %g",
			  CASE_VALUES(model, p, c), jet.value);
		for (int j = 0; j < 4; j++)
		{
			check(isfinite(jet.gradient[j]), CASE "gradient %d is %g",
				  CASE_VALUES(model, p, c), j, jet.gradient[j]);
			for (int k = 0; k <= j; k++)
				check(isfinite(jet.hessian[j][k]), CASE "hessian %d %d is %g",
					  CASE_VALUES(model, p, c), j, k, jet.hessian[j][k]);
		}
	}
	snprintf(description, sizeof(description),
			 "%s: finite for parameters of 10^%g to 10^%g", model->name, low,
			 high);
	done(description);
}

static void
test_residual(const num_purchase_model *model)
{
	char		description[80];

	for (int i = 0; i < 400; i++)
	{
		double		p[4];
		num_customer c = random_customer(4.5);
		double		discount = random_power(-6, 1);
		double		value;
		double		later;

		random_parameters(-2, 3, p);
		value = model->residual(p, discount, &c);
		check(isfinite(value) && value >= 0, CASE "residual %g at %g",
			  CASE_VALUES(model, p, c), value, discount);
		later = model->residual(p, discount * 2, &c);
		check(later <= value * (1 + 1e-10), CASE "residual %g at %g, %g at half",
			  CASE_VALUES(model, p, c), later, discount * 2, value);
	}
	snprintf(description, sizeof(description),
			 "%s: residual purchases fall with the discount", model->name);
	done(description);
}

static void
test_probability(const num_purchase_model *model)
{
	static const double horizon[] = {0, 0.01, 1, 39, 1000};
	char		description[80];

	for (int i = 0; i < 60; i++)
	{
		double		p[4];
		double		t = horizon[random_below(COUNT(horizon))];
		double		sum = 0;

		random_parameters(-1, 1.5, p);
		p[1] = fmax(p[1], t / 40);	/* so that the sum need not be long */
		for (double n = 0; n < 3000 && sum < 1 - 1e-13; n++)
		{
			double		one = model->probability(p, n, t);

			check(one >= 0 && one <= 1, "%s: P(%g) = %g", model->name, n, one);
			sum += one;
			if (n > 20 && one < 1e-17)
				break;
		}
		check(fabs(sum - 1) < 1e-9,
			  "%s(%.17g, %.17g, %.17g, %.17g) in %g: the sum is %.15g",
			  model->name, p[0], p[1], p[2], p[3], t, sum);
	}
	snprintf(description, sizeof(description),
			 "%s: probabilities add up to 1", model->name);
	done(description);
}

int
main(void)
{
	for (int i = 0; i < COUNT(models); i++)
	{
		test_domain(models[i], -1, 2);
		test_domain(models[i], -3, 4);
		test_residual(models[i]);
		test_probability(models[i]);
	}
	return finish();
}
